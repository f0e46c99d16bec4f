/* `key new`. A party:    sign.key seal.key curve.key enrolment.json
 * A link:     curve.key; `key link` makes the enrolment
 * A gateway: the same and log.key directory.key master.key, root.pub, delegation.bin (the root's word for the
 * directory key), and offline/root.key, which belongs on a stick in a safe, not on the gateway. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "directory/directory.h"
#include "parties/parties.h"

#define PATH_CAP 1024
#define DAYS_MAX 3660

static const key_use party_keys[] = {USE_SIGN, USE_SEAL, USE_CURVE};
static const key_use gateway_keys[] = {USE_SIGN, USE_SEAL, USE_CURVE, USE_LOG, USE_DIRECTORY};
enum { PARTY_KEYS = 3, GATEWAY_KEYS = 5, DIRECTORY_KEY = 4 };

static sluis_err join(char out[static PATH_CAP], const char *dir, const char *name, const char *suffix,
                      sluis_fail *f)
{
    int n = snprintf(out, PATH_CAP, "%s/%s%s", dir, name, suffix);
    return n > 0 && n < PATH_CAP ? SLUIS_OK
                                 : fail_set(f, SLUIS_TOO_BIG, "", "the path of the folder is too long");
}

static sluis_err make_folder(const char *path, sluis_fail *f)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return SLUIS_OK;
    return fail_set(f, SLUIS_IO, path, "cannot be made: %s", strerror(errno));
}

/* Makes and writes keys[0..n); the ones made are in *made, the caller's to close. */
static sluis_err make_keys(const char *dir, const key_use *uses, size_t n, keypair *keys, uint64_t now,
                           passphrase *pass, sluis_fail *f)
{
    char path[PATH_CAP];
    for (size_t i = 0; i < n; i++) {
        sluis_err e = keypair_generate(&keys[i], uses[i], now);
        if (e)
            return fail_set(f, e, dir, "no key could be made: %s", error_text(e));
        if ((e = join(path, dir, key_use_name(uses[i]), ".key", f)) ||
            (e = keyfile_seal(path, &keys[i], pass, f)))
            return e;
    }
    return SLUIS_OK;
}

/* The root's part: signs the directory key once, then leaves for offline/. */
static sluis_err make_root(const char *dir, const char *name, const keypair *dir_key, uint64_t from,
                           uint64_t until, passphrase *pass, sluis_fail *f)
{
    char offline[PATH_CAP], path[PATH_CAP];
    keypair root = {0};
    buffer word;
    buffer_init(&word, 4096);
    sluis_err e = join(offline, dir, "offline", "", f);
    if (e || (e = make_folder(offline, f)) || (e = keypair_generate(&root, USE_ROOT, from)) ||
        (e = join(path, offline, "root", ".key", f)) || (e = keyfile_seal(path, &root, pass, f)) ||
        (e = delegation_sign(&word, name, dir_key->pk, from, until, &root)) ||
        (e = join(path, dir, "delegation.bin", "", f)) || (e = file_write_new(path, word.p, word.n, 0644, f)))
        goto done;
    if (!(e = join(path, dir, "root.pub", "", f)) && !(e = pubfile_write(path, USE_ROOT, root.pk, f)) &&
        !(e = join(path, dir, "master.key", "", f)))
        e = secretfile_seal(path, pass, f);
done:
    buffer_close(&word);
    keypair_close(&root);
    return e;
}

/* It connects, and no more. */
static ctl_exit new_link(ctl_call *c, const char *dir)
{
    static const key_use uses[] = {USE_CURVE};
    keypair key = {0};
    passphrase pass = {0};
    sluis_fail f = {0};
    sluis_err e = SLUIS_OK;
    if (ctl_value(c, "passphrase-file"))
        e = passphrase_open(&pass, ctl_value(c, "passphrase-file"), &f);
    if (!e)
        e = make_folder(dir, &f);
    if (!e)
        e = make_keys(dir, uses, 1, &key, clock_ms(), pass.n ? &pass : NULL, &f);
    passphrase_close(&pass);
    keypair_close(&key);
    if (e) {
        fail_set(&f, e, dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s}", "ok", 1, "folder", dir));
    return CTL_OK;
}

ctl_exit ctl_key_new(ctl_call *c)
{
    const char *dir = ctl_value(c, "dir"), *who = ctl_value(c, "for"), *name = ctl_value(c, "name");
    bool gateway = strcmp(who, "gateway") == 0;
    if (strcmp(who, "link") == 0)
        return new_link(c, dir);
    if (!gateway && strcmp(who, "party") != 0) {
        ctl_note(c, "sluisctl key new: --for takes party, gateway or link");
        return CTL_USAGE;
    }
    if (gateway && (!name || strlen(name) > ORIGIN_NAME_MAX)) {
        ctl_note(c, "sluisctl key new: a gateway needs --name, at most %d bytes", ORIGIN_NAME_MAX);
        return CTL_USAGE;
    }
    if (!ctl_value(c, "oin")) {
        ctl_note(c, "sluisctl key new: a party and a gateway need --oin");
        return CTL_USAGE;
    }
    uint64_t days = (uint64_t)ctl_number(c, "days", 1, DAYS_MAX), now = clock_ms();
    uint64_t from = now - now % DAY_MS, until = from + days * DAY_MS;
    keypair keys[GATEWAY_KEYS] = {0};
    char path[PATH_CAP];
    sluis_fail f = {0};
    passphrase pass = {0};
    oin who_oin;
    sluis_err e = oin_parse(&who_oin, ctl_value(c, "oin"), strlen(ctl_value(c, "oin")));
    if (e)
        fail_set(&f, e, "--oin", "is not an organisation number of 20 characters");
    if (!e && ctl_value(c, "passphrase-file"))
        e = passphrase_open(&pass, ctl_value(c, "passphrase-file"), &f);
    if (e || (e = make_folder(dir, &f)) ||
        (e = make_keys(dir, gateway ? gateway_keys : party_keys, gateway ? GATEWAY_KEYS : PARTY_KEYS, keys,
                       now, pass.n ? &pass : NULL, &f)) ||
        (gateway &&
         (e = make_root(dir, name, &keys[DIRECTORY_KEY], from, until, pass.n ? &pass : NULL, &f))) ||
        (e = join(path, dir, "enrolment.json", "", &f)))
        goto done;
    e = enrolment_write(path, &who_oin, keys, PARTY_KEYS, from, until, &f);
done:
    passphrase_close(&pass);
    for (size_t i = 0; i < GATEWAY_KEYS; i++)
        keypair_close(&keys[i]);
    if (e) {
        fail_set(&f, e, dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "folder", dir, "enrolment", path));
    if (gateway)
        ctl_note(c, "%s/offline/root.key signs directory keys: keep it away from the gateway", dir);
    return CTL_OK;
}
