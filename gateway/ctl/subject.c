#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "crypto/crypto.h"
#include "ctl/commands.h"

/* Who it is comes from a file or stdin, never from the command line, which others can read. */
static json_t *request_of(ctl_call *c, sluis_fail *f)
{
    char *text = NULL;
    size_t n = 0, line;
    json_t *out = NULL;
    if (ctl_read(&text, &n, ctl_value(c, "subject"), f))
        return NULL;
    line = strcspn(text, "\r\n");
    const bool one = line + strspn(text + line, "\r\n") == n;
    text[line] = '\0';
    if (!one || (!bsn_valid(text, line) && !own_name_valid(text)))
        fail_set(f, SLUIS_INVALID, ctl_value(c, "subject"),
                 "one line is needed: nine digits that pass the eleven-test, or the municipality's own name "
                 "(eigenKenmerk) of a person whose number is not known");
    else
        out = json_pack("{s:s, s:s, s:s, s:s}", "cmd", "subject.forget", "person", text, "reason",
                        ctl_value(c, "reason"), "by", ctl_value(c, "by"));
    wipe(text, n);
    free(text);
    return out;
}

ctl_exit ctl_subject_forget(ctl_call *c)
{
    sluis_fail f = {0};
    json_t *request = request_of(c, &f);
    if (!request) {
        fail_set(&f, SLUIS_NOMEM, "subject", "%s", error_text(SLUIS_NOMEM));
        return ctl_failed(c, &f);
    }
    return ctl_order(c, request);
}
