#include "flow/fatal.h"

#include <unistd.h>

#include "base/log.h"
#include "base/program.h"

_Noreturn void fatal(const char *event, sluis_err e, const char *text)
{
    log_write(LOG_ERROR, event, "code", error_token(e), "text", text, NULL);
    _exit(EXIT_SOFTWARE);
}

_Noreturn void cannot_start(const char *event, sluis_err e, const sluis_fail *f)
{
    log_write(LOG_ERROR, event, "code", error_token(e), "where", f->where, "text",
              *f->text ? f->text : error_text(e), NULL);
    _exit(EXIT_FAILED);
}
