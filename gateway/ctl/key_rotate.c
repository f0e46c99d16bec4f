/* `key rotate` of a party (a gateway: key_gateway.c): three steps, of which the municipality's is in the
 * middle.
 *
 *  1. `key rotate`           sign.new.key seal.new.key curve.new.key, and rotation.json: all six keys, the
 * old ones until the overlap is over
 *  2. `party enrol --replace --request rotation.json`, by the municipality. The adapter has both sealing
 * keys.
 *  3. `key rotate --finish`  the new ones become sign.key, seal.key, curve.key; seal.old.key stays, for mail
 *                            that is under way; rotation.json becomes enrolment.json. Restart the adapter.
 *
 * A step that was cut off is done again from where it was. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keydisk.h"
#include "ctl/commands.h"
#include "ctl/key_folder.h"
#include "parties/parties.h"

enum { USES = 3 };
static const key_use uses[USES] = {USE_SIGN, USE_SEAL, USE_CURVE};

static bool is_there(const char *dir, const char *name, const char *suffix)
{
    char path[KEY_PATH_CAP];
    return key_path(path, dir, name, suffix, NULL) == SLUIS_OK && access(path, F_OK) == 0;
}

/* Until when the request that is in force lists this key; 0 when it does not. */
static uint64_t listed_until(const Sluis__PartyEntry *e, const uint8_t *pk)
{
    for (size_t i = 0; i < e->n_keys; i++)
        if (memcmp(e->keys[i]->pk.data, pk, PK_LEN) == 0)
            return e->keys[i]->valid_until;
    return 0;
}

/* new_keys[0..3), old_keys[0..3) are the caller's to close. */
static sluis_err make_rotation(const ctl_call *c, const char *dir, const Sluis__PartyEntry *e,
                               keypair *new_keys, keypair *old_keys, passphrase *pass, sluis_fail *f)
{
    char path[KEY_PATH_CAP];
    enrolment_key list[2 * USES];
    oin who;
    uint64_t now = clock_ms(), from = now - now % DAY_MS;
    uint64_t until = from + (uint64_t)ctl_number(c, "days", 1, 3660) * DAY_MS;
    uint64_t overlap = from + (uint64_t)ctl_number(c, "overlap", 1, 366) * DAY_MS;
    sluis_err err = oin_parse(&who, e->oin, strlen(e->oin));
    size_t n = 0;
    for (size_t i = 0; !err && i < USES; i++) {
        const char *name = key_use_name(uses[i]);
        if (uses[i] == USE_SEAL && !is_there(dir, name, ".key"))
            continue; /* the adapter has renewed it since: those keys stay in the directory as they are */
        if ((err = key_path(path, dir, name, ".key", f)) ||
            (err = keyfile_open(&old_keys[i], path, uses[i], pass, f)) ||
            (err = keypair_generate(&new_keys[i], uses[i], now)) ||
            (err = key_path(path, dir, name, ".new.key", f)) ||
            (err = keyfile_seal(path, &new_keys[i], pass->n ? pass : NULL, f)))
            break;
        uint64_t old_until = listed_until(e, old_keys[i].pk);
        list[n++] = (enrolment_key){&new_keys[i], from, until};
        list[n++] = (enrolment_key){&old_keys[i], from - DAY_MS, overlap < old_until ? overlap : old_until};
        if (old_until < from + DAY_MS)
            err = fail_set(f, SLUIS_EXPIRED, path,
                           "the key it replaces is over: make new keys in another folder and enrol them");
    }
    if (!err)
        err = key_path(path, dir, "rotation", ".json", f);
    return err ? err : enrolment_write_keys(path, &who, list, n, f);
}

static ctl_exit begin(ctl_call *c, const char *dir)
{
    keypair new_keys[USES] = {0}, old_keys[USES] = {0};
    char path[KEY_PATH_CAP];
    Sluis__PartyEntry e;
    sluis_fail f = {0};
    arena *a = arena_new(1u << 20);
    passphrase pass = {0};
    sluis_err err = a ? SLUIS_OK : SLUIS_NOMEM;
    if (!err && ctl_value(c, "passphrase-file"))
        err = passphrase_open(&pass, ctl_value(c, "passphrase-file"), &f);
    if (!err && is_there(dir, "rotation", ".json"))
        err = fail_set(&f, SLUIS_EXISTS, dir,
                       "a rotation is under way: have rotation.json accepted, then --finish");
    for (size_t i = 0; !err && i < USES; i++) /* left by a start that was cut off: nobody has seen them */
        if (!(err = key_path(path, dir, key_use_name(uses[i]), ".new.key", &f)))
            err = keyfile_destroy(path, &f);
    if (!err)
        err = key_enrolment(&e, a, dir, &f);
    if (!err)
        err = make_rotation(c, dir, &e, new_keys, old_keys, &pass, &f);
    for (size_t i = 0; i < USES; i++) {
        keypair_close(&new_keys[i]);
        keypair_close(&old_keys[i]);
    }
    passphrase_close(&pass);
    arena_free(&a);
    if (err) {
        fail_set(&f, err, dir, "%s", error_text(err));
        return ctl_failed(c, &f);
    }
    key_path(path, dir, "rotation", ".json", NULL);
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "folder", dir, "enrolment", path));
    ctl_note(c, "send it to the municipality; when it is accepted: sluisctl key rotate --dir %s --finish",
             dir);
    return CTL_OK;
}

static sluis_err move(const char *dir, const char *name, const char *from, const char *to, sluis_fail *f)
{
    char a[KEY_PATH_CAP], b[KEY_PATH_CAP];
    sluis_err err = key_path(a, dir, name, from, f);
    if (!err)
        err = key_path(b, dir, name, to, f);
    if (!err && rename(a, b) && errno != ENOENT)
        err = fail_set(f, SLUIS_IO, a, "cannot be renamed: %s", strerror(errno));
    return err;
}

/* Mail sealed to the key before the old one may be under way until that one's days are over. */
static sluis_err check_older(const char *dir, sluis_fail *f)
{
    char path[KEY_PATH_CAP], day[TIME_STR];
    uint8_t pk[PK_LEN];
    Sluis__PartyEntry e;
    arena *a = arena_new(1u << 20);
    sluis_err err = a ? key_path(path, dir, "seal", ".old.key.pub", f) : SLUIS_NOMEM;
    if (!err && is_there(dir, "seal", ".old.key") && is_there(dir, "seal", ".key") &&
        is_there(dir, "seal", ".new.key")) {
        err = pubfile_read(pk, path, USE_SEAL, f);
        if (!err)
            err = key_enrolment(&e, a, dir, f);
        uint64_t until = err ? 0 : listed_until(&e, pk);
        time_format(day, until);
        if (until > clock_ms())
            err = fail_set(f, SLUIS_CONFLICT, path, "mail sealed to it may come until %s: finish after that",
                           day);
    }
    arena_free(&a);
    return err;
}

/* The private half goes first, both times: once it has, the key before the old one is not asked for again. */
static sluis_err finish_seal(const char *dir, sluis_fail *f)
{
    char older[KEY_PATH_CAP];
    sluis_err err = key_path(older, dir, "seal", ".old.key", f);
    if (!err && is_there(dir, "seal", ".new.key") && is_there(dir, "seal", ".key")) {
        err = keyfile_destroy(older, f);
        if (!err)
            err = move(dir, "seal", ".key", ".old.key", f);
    }
    if (!err && is_there(dir, "seal", ".new.key"))
        err = move(dir, "seal", ".key.pub", ".old.key.pub", f);
    if (!err)
        err = move(dir, "seal", ".new.key", ".key", f);
    return err ? err : move(dir, "seal", ".new.key.pub", ".key.pub", f);
}

/* It takes the place of the old one, whose bytes are written over. */
static sluis_err finish_one(const char *dir, const char *name, sluis_fail *f)
{
    char now[KEY_PATH_CAP], next[KEY_PATH_CAP];
    sluis_err err = key_path(now, dir, name, ".key", f);
    if (!err)
        err = key_path(next, dir, name, ".new.key", f);
    return err || access(next, F_OK) ? err : keyfile_succeed(now, next, f);
}

/* rotation.json becomes enrolment.json: the end, once all else is on disk. */
static sluis_err finish_request(const char *dir, sluis_fail *f)
{
    char from[KEY_PATH_CAP], to[KEY_PATH_CAP];
    sluis_err err = key_path(from, dir, "rotation", ".json", f);
    if (!err)
        err = key_path(to, dir, "enrolment", ".json", f);
    if (!err)
        err = keydisk_sync_folder(to, f);
    if (!err && rename(from, to))
        err = fail_set(f, SLUIS_IO, from, "cannot be renamed: %s", strerror(errno));
    return err ? err : keydisk_sync_folder(to, f);
}

static ctl_exit finish(ctl_call *c, const char *dir)
{
    sluis_fail f = {0};
    sluis_err err = is_there(dir, "rotation", ".json")
                        ? check_older(dir, &f)
                        : fail_set(&f, SLUIS_NOT_FOUND, dir, "no rotation is under way here");
    if (!err)
        err = finish_seal(dir, &f);
    if (!err)
        err = finish_one(dir, key_use_name(USE_SIGN), &f);
    if (!err)
        err = finish_one(dir, key_use_name(USE_CURVE), &f);
    if (!err)
        err = finish_request(dir, &f);
    if (err) {
        fail_set(&f, err, dir, "%s", error_text(err));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s}", "ok", 1, "folder", dir));
    ctl_note(
        c,
        "restart the adapter: it signs and connects with the new keys; a municipality that has not accepted "
        "them yet does so with enrolment.json");
    return CTL_OK;
}

ctl_exit ctl_key_rotate(ctl_call *c)
{
    const char *dir = ctl_value(c, "dir");
    bool gateway = is_there(dir, "directory", ".key");
    if (gateway != (ctl_value(c, "use") != NULL)) {
        ctl_note(c, gateway ? "sluisctl key rotate: a gateway's keys go one at a time: --use sign, curve, "
                              "log or directory"
                            : "sluisctl key rotate: a party's keys go together, without --use");
        return CTL_USAGE;
    }
    if (gateway)
        return ctl_key_rotate_gateway(c);
    return ctl_value(c, "finish") ? finish(c, dir) : begin(c, dir);
}
