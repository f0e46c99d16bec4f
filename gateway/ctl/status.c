/* `status`, `trace` and `deadletters`: what the running gateway knows. */
#include "ctl/commands.h"

ctl_exit ctl_status(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "status"), &code);
    if (reply)
        ctl_print(c, reply);
    return code;
}

ctl_exit ctl_trace(ctl_call *c)
{
    static const char *const columns[] = {"index", "when", "type", "kind", "from", "to", "decision", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(
        c, json_pack("{s:s,s:s,s:s}", "cmd", "trace", "transaction", c->operand, "by", ctl_value(c, "by")),
        &code);
    if (!reply)
        return code;
    json_t *entries = json_object_get(reply, "entries");
    if (json_array_size(entries) == 0) {
        ctl_note(c, "no entry of this transaction");
        code = CTL_FOUND;
    }
    ctl_print_table(c, json_incref(entries), columns);
    json_decref(reply);
    return code;
}

ctl_exit ctl_cooperation_list(ctl_call *c)
{
    static const char *const columns[] = {"party", "name",   "domain",  "requests", "refused",
                                          "late",  "failed", "signals", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "cooperation.list"), &code);
    if (reply)
        ctl_print_table(c, json_incref(json_object_get(reply, "parties")), columns);
    json_decref(reply);
    return code;
}

ctl_exit ctl_deadletters_list(ctl_call *c)
{
    static const char *const columns[] = {"when",   "transaction", "kind",     "from", "to",
                                          "reason", "attempts",    "returned", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "deadletters.list"), &code);
    if (!reply)
        return code;
    if (json_is_true(json_object_get(reply, "more")))
        ctl_note(c, "there are more: these are the oldest");
    ctl_print_table(c, json_incref(json_object_get(reply, "deadletters")), columns);
    json_decref(reply);
    return code;
}
