#include "base/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

sluis_err lines_read(const char *path, size_t longest, line_fn each, void *ctx, sluis_fail *f)
{
    char line[LINES_LONGEST], where[512];
    sluis_err e = SLUIS_OK;
    FILE *in = fopen(path, "r");
    if (!in)
        return fail_set(f, SLUIS_IO, path, "cannot be opened: %s", strerror(errno));
    if (longest > sizeof(line))
        longest = sizeof(line);
    for (size_t number = 1; !e && fgets(line, (int)longest, in); number++) {
        line[strcspn(line, "\n")] = '\0';
        if (!line[0] || line[0] == '#')
            continue;
        snprintf(where, sizeof(where), "%s:%zu", path, number);
        e = each(ctx, line, where, f);
    }
    if (!e && ferror(in))
        e = fail_set(f, SLUIS_IO, path, "cannot be read");
    fclose(in);
    return e;
}
