/* `retention`: whether what is over is deleted, and the word that the clock is right. */
#include "ctl/commands.h"

ctl_exit ctl_retention_check(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "retention.show"), &code);
    if (!reply)
        return code;
    if (json_is_true(json_object_get(reply, "held"))) {
        ctl_note(c, "the clock is far ahead of the time seen last: nothing is deleted; set it right, or say "
                    "retention confirm");
        code = CTL_FOUND;
    } else if (json_is_true(json_object_get(reply, "late"))) {
        ctl_note(c, "no pass has ended for days: see the gateway's log");
        code = CTL_FOUND;
    }
    ctl_print(c, reply);
    return code;
}

ctl_exit ctl_retention_confirm(ctl_call *c)
{
    return ctl_order(c, json_pack("{s:s, s:s, s:s}", "cmd", "retention.confirm", "by", ctl_value(c, "by"),
                                  "reason", ctl_value(c, "reason")));
}
