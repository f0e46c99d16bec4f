#include "base/coredump.h"

#include <sys/resource.h>

/* One byte, not zero: no core fits in it, and a core_pattern that pipes to a program ignores a limit of 0 but
 * not a limit of 1 (Linux, fs/coredump.c). */
void coredump_forbid(void)
{
    const struct rlimit none = {1, 1};
    setrlimit(RLIMIT_CORE, &none);
}
