#include "flow/fatal.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

_Noreturn void fatal(const char *event, sluis_err e, const char *text)
{
    log_write(LOG_ERROR, event, "code", error_token(e), "text", text, NULL);
    _exit(EX_SOFTWARE);
}
