/* `key link`: the gateway's own enrolment at another municipality's gateway. Its signing key is the party's,
 * the transport key is that of the sluis-link that carries its messages, signed by it. Its sealing key is
 * left out: it renews itself, and the link tells the other gateway each one. */
#include <string.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/key_folder.h"

#define DAYS_MAX 3660

static sluis_err write_request(ctl_call *c, const char *dir, passphrase *pass, sluis_fail *f)
{
    char path[KEY_PATH_CAP];
    Sluis__PartyEntry own;
    keypair sign = {0}, carrier = {.use = USE_CURVE};
    oin who;
    uint64_t now = clock_ms(), from = now - now % DAY_MS;
    uint64_t until = from + (uint64_t)ctl_number(c, "days", 1, DAYS_MAX) * DAY_MS;
    const enrolment_key keys[] = {{&sign, from, until}, {&carrier, from, until}};
    arena *a = arena_new(1u << 20);
    sluis_err e = a ? key_enrolment(&own, a, dir, f) : SLUIS_NOMEM;
    if (!e)
        e = oin_parse(&who, own.oin, strlen(own.oin));
    if (!e)
        e = pubfile_read(carrier.pk, ctl_value(c, "curve"), USE_CURVE, f);
    if (!e)
        e = key_path(path, dir, "sign", ".key", f);
    if (!e)
        e = keyfile_open(&sign, path, USE_SIGN, pass->n ? pass : NULL, f);
    if (!e)
        e = enrolment_write_keys(ctl_value(c, "out"), &who, keys, 2, f);
    keypair_close(&sign);
    arena_free(&a);
    return e;
}

ctl_exit ctl_key_link(ctl_call *c)
{
    const char *dir = ctl_value(c, "dir");
    sluis_fail f = {0};
    passphrase pass = {0};
    sluis_err e = SLUIS_OK;
    if (ctl_value(c, "passphrase-file"))
        e = passphrase_open(&pass, ctl_value(c, "passphrase-file"), &f);
    if (!e)
        e = write_request(c, dir, &pass, &f);
    passphrase_close(&pass);
    if (e) {
        fail_set(&f, e, dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s}", "ok", 1, "enrolment", ctl_value(c, "out")));
    ctl_note(
        c,
        "send it to the other municipality: sluisctl party enrol --request %s --domain andere-gemeente ...",
        ctl_value(c, "out"));
    return CTL_OK;
}
