#include <stdlib.h>

#include "ctl/commands.h"

ctl_exit ctl_party_enrol(ctl_call *c)
{
    char *text = NULL;
    size_t n = 0;
    sluis_fail f = {0};
    json_error_t je;
    if (ctl_read(&text, &n, ctl_value(c, "request"), &f))
        return ctl_failed(c, &f);
    json_t *enrolment = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
    free(text);
    if (!enrolment) {
        fail_set(&f, SLUIS_INVALID, ctl_value(c, "request"), "line %d: %s", je.line, je.text);
        return ctl_failed(c, &f);
    }
    json_t *request = json_pack("{s:s,s:o,s:s,s:s,s:s*,s:b,s:s}", "cmd", "party.enrol", "request", enrolment,
                                "name", ctl_value(c, "name"), "domain", ctl_value(c, "domain"), "valid_until",
                                ctl_value(c, "valid-until"), "replace", ctl_value(c, "replace") != NULL, "by",
                                ctl_value(c, "by"));
    return ctl_order(c, request);
}

static ctl_exit change(ctl_call *c, const char *cmd)
{
    return ctl_order(c, json_pack("{s:s,s:s,s:s,s:s}", "cmd", cmd, "oin", c->operand, "reason",
                                  ctl_value(c, "reason"), "by", ctl_value(c, "by")));
}

static ctl_exit change_key(ctl_call *c, const char *cmd)
{
    return ctl_order(c, json_pack("{s:s,s:s,s:s,s:s}", "cmd", cmd, "key", c->operand, "reason",
                                  ctl_value(c, "reason"), "by", ctl_value(c, "by")));
}

ctl_exit ctl_key_revoke(ctl_call *c)
{
    return change_key(c, "key.revoke");
}

ctl_exit ctl_key_suspend(ctl_call *c)
{
    return change_key(c, "key.suspend");
}

ctl_exit ctl_key_resume(ctl_call *c)
{
    return change_key(c, "key.resume");
}

ctl_exit ctl_party_suspend(ctl_call *c)
{
    return change(c, "party.suspend");
}

ctl_exit ctl_party_resume(ctl_call *c)
{
    return change(c, "party.resume");
}

ctl_exit ctl_party_list(ctl_call *c)
{
    static const char *const columns[] = {"oin", "name", "domain", "valid_until", "suspended", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "party.list"), &code);
    if (reply)
        ctl_print_table(c, json_incref(json_object_get(reply, "parties")), columns);
    json_decref(reply);
    return code;
}
