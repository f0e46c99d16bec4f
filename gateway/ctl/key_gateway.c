/* `key rotate` of a gateway, one use at a time, and `key delegate`.
 *
 *  1. `key rotate --use X`            X.new.key; for log and directory also X.pub, all keys there were,
 * oldest first
 *  2. restart of sluisd               sign: it signs with the new one, the old one is valid for key_overlap_s
 * more curve: the directory announces it, adapters keep it beside the old one log: both sign each checkpoint
 *     or, directory: `key delegate` where the root is: delegation.new.bin
 *  3. `key rotate --use X --finish`   it takes the place of X.key; the old private half is written over
 *  4. restart of sluisd               curve: it serves with the new one; log: the new one signs alone
 *                                     directory: every entry and agreement is signed again
 *
 * Each step that was cut off is done again from where it was; in between sluisd runs on the old key or the
 * new. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keydisk.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/key_folder.h"
#include "directory/directory.h"

#define DELEGATION_MAX 4096

typedef struct {
    const char *dir, *name; /* of the use */
    key_use use;
    char key[KEY_PATH_CAP], next[KEY_PATH_CAP], next_pub[KEY_PATH_CAP], history[KEY_PATH_CAP];
    int lock;
} rotation;

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static sluis_err rotation_open(rotation *r, const ctl_call *c, sluis_fail *f)
{
    *r = (rotation){.dir = ctl_value(c, "dir"), .name = ctl_value(c, "use"), .lock = -1};
    if (key_use_parse(&r->use, r->name) || r->use == USE_SEAL || r->use == USE_ROOT || r->use == USE_WITNESS)
        return fail_set(f, SLUIS_INVALID, "--use",
                        "takes sign, curve, log or directory; the sealing keys renew themselves");
    sluis_err e = key_path(r->key, r->dir, r->name, ".key", f);
    if (!e)
        e = key_path(r->next, r->dir, r->name, ".new.key", f);
    if (!e)
        e = key_path(r->next_pub, r->dir, r->name, ".new.key.pub", f);
    if (!e)
        e = key_path(r->history, r->dir, r->name, ".pub", f);
    return e ? e : keydisk_lock(&r->lock, r->dir, false, f);
}

/* log.pub, directory.pub: what is under an old key stays to be verified. */
static bool has_history(const rotation *r)
{
    return r->use == USE_LOG || r->use == USE_DIRECTORY;
}

static bool remembered(const rotation *r)
{
    pubkeys all;
    keyfile_facts next;
    return !has_history(r) ||
           (!keyfile_inspect(&next, r->next, NULL) && !pubfile_read_all(&all, r->history, r->use, NULL) &&
            pubkeys_hold(&all, next.pk));
}

static sluis_err remember(const rotation *r, sluis_fail *f)
{
    pubkeys all = {.n = 0};
    keyfile_facts now, next;
    if (!has_history(r))
        return SLUIS_OK;
    sluis_err e = exists(r->history) ? pubfile_read_all(&all, r->history, r->use, f) : SLUIS_OK;
    if (!e)
        e = keyfile_inspect(&now, r->key, f);
    if (!e)
        e = keyfile_inspect(&next, r->next, f);
    if (!e && (pubkeys_add(&all, now.pk) || pubkeys_add(&all, next.pk)))
        e = fail_set(f, SLUIS_FULL, r->history, "holds %d keys already", PUBFILE_KEYS);
    return e ? e : pubfile_replace(r->history, r->use, &all, f);
}

/* The private half, and the public one beside it. */
static sluis_err make_next(const rotation *r, const ctl_call *c, sluis_fail *f)
{
    passphrase pass = {0};
    keypair fresh = {0}, old = {0};
    const char *from = ctl_value(c, "passphrase-file");
    sluis_err e = from ? passphrase_open(&pass, from, f) : SLUIS_OK;
    if (!e) /* the new one is kept as the old one is: under a passphrase or not */
        e = keyfile_open(&old, r->key, r->use, from ? &pass : NULL, f);
    if (!e)
        e = keypair_generate(&fresh, r->use, clock_ms());
    if (!e)
        e = keyfile_seal(r->next, &fresh, from ? &pass : NULL, f);
    keypair_close(&old);
    keypair_close(&fresh);
    passphrase_close(&pass);
    return e;
}

/* Cut off behind the private half it goes on with that key: sluisd may have been started on it. */
static sluis_err begin(const rotation *r, const ctl_call *c, sluis_fail *f)
{
    keyfile_facts next;
    if (exists(r->next) && exists(r->next_pub) && remembered(r))
        return fail_set(f, SLUIS_EXISTS, r->next, "a rotation is under way: --finish it");
    sluis_err e = exists(r->next) ? SLUIS_OK : make_next(r, c, f);
    if (!e)
        e = keyfile_inspect(&next, r->next, f);
    if (!e && !exists(r->next_pub))
        e = pubfile_write(r->next_pub, r->use, next.pk, f);
    return e ? e : remember(r, f);
}

static const char *begun_note(key_use use)
{
    switch (use) {
    case USE_SIGN:
        return "restart sluisd: it signs with the new key, and the old one is over after "
               "limits.key_overlap_s; then "
               "--finish";
    case USE_CURVE:
        return "restart sluisd: the directory announces the new key to the adapters; --finish when all have "
               "been "
               "connected since";
    case USE_LOG:
        return "restart sluisd: both keys sign the journal; give log.pub to auditors and witnesses, then "
               "--finish";
    default:
        return "have the root sign: sluisctl key delegate --root root.key --key directory.new.key.pub --name "
               "NAME "
               "--out delegation.new.bin; put that into this folder, then --finish";
    }
}

/* Parties and witnesses learn the next key while the old one is in force. */
static sluis_err check_age(const rotation *r, const ctl_call *c, sluis_fail *f)
{
    keyfile_facts next;
    char day[TIME_STR];
    uint64_t overlap = (uint64_t)ctl_number(c, "overlap", 0, 366) * DAY_MS;
    sluis_err e = keyfile_inspect(&next, r->next, f);
    if (e || (r->use != USE_CURVE && r->use != USE_LOG) || clock_ms() >= next.created + overlap)
        return e;
    time_format(day, next.created + overlap);
    return fail_set(
        f, SLUIS_CONFLICT, r->next,
        "the old key stays in force until %s, so that everyone learns the new one; --overlap says otherwise",
        day);
}

static sluis_err check_delegation(const char *path, const char *root, const char *key, sluis_fail *f)
{
    uint8_t root_pk[PK_LEN];
    delegated word;
    keyfile_facts facts;
    char *raw = NULL;
    size_t n = 0;
    sluis_err e = pubfile_read(root_pk, root, USE_ROOT, f);
    if (!e)
        e = ctl_read(&raw, &n, path, f);
    if (!e)
        e = delegation_open(&word, BYTES(raw, n), root_pk, clock_ms(), f);
    if (!e)
        e = keyfile_inspect(&facts, key, f);
    if (!e && memcmp(word.pk, facts.pk, PK_LEN) != 0)
        e = fail_set(f, SLUIS_CONFLICT, path, "is for another key than %s", key);
    free(raw);
    return e;
}

/* The directory key and the root's word for it; without a next key that word alone. */
static sluis_err finish_directory(const rotation *r, sluis_fail *f)
{
    char word[KEY_PATH_CAP], next[KEY_PATH_CAP], root[KEY_PATH_CAP];
    bool other = exists(r->next);
    sluis_err e = key_path(word, r->dir, "delegation", ".bin", f);
    if (!e)
        e = key_path(next, r->dir, "delegation", ".new.bin", f);
    if (!e)
        e = key_path(root, r->dir, "root", ".pub", f);
    if (!e && !exists(next))
        e = other ? fail_set(f, SLUIS_NOT_FOUND, next,
                             "is missing: have the root sign it (`sluisctl key delegate`)")
                  : fail_set(f, SLUIS_NOT_FOUND, r->dir,
                             "no rotation is under way here, and there is no delegation.new.bin");
    if (!e)
        e = check_delegation(next, root, other ? r->next : r->key, f);
    if (!e && other)
        e = remember(r, f);
    if (!e && other)
        e = keyfile_succeed(r->key, r->next, f);
    if (!e && rename(next, word) != 0)
        e = fail_set(f, SLUIS_IO, next, "cannot be renamed: %s", strerror(errno));
    return e ? e : keydisk_sync_folder(word, f);
}

static sluis_err finish(const rotation *r, const ctl_call *c, sluis_fail *f)
{
    if (r->use == USE_DIRECTORY)
        return finish_directory(r, f);
    if (!exists(r->next))
        return fail_set(f, SLUIS_NOT_FOUND, r->next, "no rotation is under way here");
    sluis_err e = check_age(r, c, f);
    if (!e)
        e = remember(r, f);
    return e ? e : keyfile_succeed(r->key, r->next, f);
}

ctl_exit ctl_key_rotate_gateway(ctl_call *c)
{
    rotation r;
    sluis_fail f = {0};
    bool end = ctl_value(c, "finish") != NULL;
    sluis_err e = rotation_open(&r, c, &f);
    if (!e)
        e = end ? finish(&r, c, &f) : begin(&r, c, &f);
    if (r.lock >= 0)
        close(r.lock);
    if (e) {
        fail_set(&f, e, r.dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "folder", r.dir, "key", end ? r.key : r.next));
    ctl_note(c, "%s", end ? "restart sluisd: it goes over to the new key" : begun_note(r.use));
    return CTL_OK;
}

ctl_exit ctl_key_delegate(ctl_call *c)
{
    keypair root = {0};
    passphrase pass = {0};
    uint8_t pk[PK_LEN];
    sluis_fail f = {0};
    buffer word;
    const char *from = ctl_value(c, "passphrase-file"), *out = ctl_value(c, "out");
    uint64_t now = clock_ms(), until = now - now % DAY_MS;
    until += (uint64_t)ctl_number(c, "days", 1, 3660) * DAY_MS;
    buffer_init(&word, DELEGATION_MAX);
    sluis_err e = from ? passphrase_open(&pass, from, &f) : SLUIS_OK;
    if (!e)
        e = pubfile_read(pk, ctl_value(c, "key"), USE_DIRECTORY, &f);
    if (!e)
        e = keyfile_open(&root, ctl_value(c, "root"), USE_ROOT, from ? &pass : NULL, &f);
    if (!e && (e = delegation_sign(&word, ctl_value(c, "name"), pk, now - now % DAY_MS, until, &root)))
        fail_set(&f, e, "--name", "is no name of a gateway: 1 to %d bytes", ORIGIN_NAME_MAX);
    if (!e)
        e = file_write_new(out, word.p, word.n, 0644, &f);
    keypair_close(&root);
    passphrase_close(&pass);
    buffer_close(&word);
    if (e) {
        fail_set(&f, e, out, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    char day[TIME_STR];
    time_format(day, until);
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "delegation", out, "valid_until", day));
    ctl_note(c, "put it into the gateway's key folder as delegation.new.bin; there: sluisctl key rotate "
                "--use directory "
                "--finish");
    return CTL_OK;
}
