/* A party renews its sealing keys by itself: its signing key says so, and no person is asked. One new key at
 * a time, not more often than limits.party_renew_s; beside it, keys in the entry may be cut short, never
 * prolonged; those that are over leave the entry. */
#include <string.h>

#include "core/handlers.h"
#include "directory/sealing.h"
#include "parties/parties.h"
#include "wire/prescan.h"

#define SKEW_MS         (2 * 60 * 1000)
#define SUPERSEDED_DAYS 31 /* a day, and the longest life of a message */

static bytes pk_of(const Sluis__DirectoryKey *k)
{
    return BYTES(k->pk.data, k->pk.len);
}

static Sluis__DirectoryKey *find(const Sluis__PartyEntry *x, const Sluis__DirectoryKey *k)
{
    for (size_t i = 0; i < x->n_keys; i++)
        if (bytes_equal(pk_of(x->keys[i]), pk_of(k)))
            return x->keys[i];
    return NULL;
}

/* What is said of a key that is in the entry; *changed when that is news. */
static sluis_err cut(Sluis__DirectoryKey *known, const Sluis__DirectoryKey *k, bool *changed, sluis_fail *f)
{
    if (known->use != USE_SEAL || known->valid_from != k->valid_from || known->valid_until < k->valid_until)
        return fail_set(f, SLUIS_CONFLICT, "renew.keys", "a key in the directory may only be cut short");
    *changed = *changed || known->valid_until != k->valid_until;
    known->valid_until = k->valid_until;
    known->signature = k->signature;
    return SLUIS_OK;
}

static sluis_err check_new(const turn *t, const Sluis__PartyEntry *x, const Sluis__DirectoryKey *k,
                           sluis_fail *f)
{
    uint64_t pause = t->p->settings->party_renew_s * UINT64_C(1000);
    if (k->valid_from > t->now + SKEW_MS || k->valid_until <= t->now)
        return fail_set(f, SLUIS_INVALID, "renew.keys", "a new key is valid from now on: compare the clocks");
    for (size_t i = 0; i < x->n_keys; i++)
        if (x->keys[i]->use == USE_SEAL && t->now < x->keys[i]->valid_from + pause)
            return fail_set(f, SLUIS_NOT_YET, "renew.keys",
                            "a sealing key is renewed at most every %u seconds here",
                            t->p->settings->party_renew_s);
    return SLUIS_OK;
}

/* Nothing that was sealed to it is under way any more: another took its place longer ago than any message
 * lives. (Who cuts its keys short has none such; a gateway's, which a link brings, are valid for years.) */
static bool superseded(const turn *t, const Sluis__PartyEntry *x, const Sluis__DirectoryKey *k)
{
    for (size_t i = 0; i < x->n_keys; i++)
        if (x->keys[i]->use == USE_SEAL && x->keys[i]->valid_from > k->valid_from &&
            x->keys[i]->valid_from + SUPERSEDED_DAYS * DAY_MS < t->now)
            return true;
    return false;
}

/* The entry's keys without those that are over, and with the new one. */
static sluis_err take(turn *t, Sluis__PartyEntry *x, Sluis__DirectoryKey *fresh, sluis_fail *f)
{
    size_t n = 0;
    Sluis__DirectoryKey **keys = arena_alloc(t->arena, (x->n_keys + 1) * sizeof(Sluis__DirectoryKey *));
    if (!keys)
        return fail_set(f, SLUIS_NOMEM, "renew", "out of memory");
    for (size_t i = 0; i < x->n_keys; i++)
        if (x->keys[i]->use != USE_SEAL ||
            (x->keys[i]->valid_until > t->now && !superseded(t, x, x->keys[i])))
            keys[n++] = x->keys[i];
    keys[n++] = fresh;
    x->keys = keys;
    x->n_keys = n;
    return n <= PRESCAN_COUNT
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, "renew.keys", "a party has at most %d keys", PRESCAN_COUNT);
}

static sluis_err read_frame(turn *t, const job *j, const Sluis__Renew **out, sluis_fail *f)
{
    ProtobufCMessage *m;
    sluis_err e = wire_unpack(&m, &sluis__frame__descriptor, t->arena, BYTES(j->raw, j->raw_len), f);
    if (e)
        return e;
    const Sluis__Frame *frame = (const Sluis__Frame *)m;
    if (frame->f_case != SLUIS__FRAME__F_RENEW || frame->renew->n_keys == 0 ||
        frame->renew->n_keys > SEALING_KEYS)
        return fail_set(f, SLUIS_INVALID, "renew.keys", "1 to %d keys", SEALING_KEYS);
    *out = frame->renew;
    return SLUIS_OK;
}

sluis_err party_renew(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    const Sluis__Renew *said = NULL;
    Sluis__PartyEntry *x = NULL;
    Sluis__DirectoryKey *fresh = NULL;
    char hex[2 * KEYID_LEN + 1] = "";
    const party *p = directory_find(t->dir, &j->party);
    *changed = false;
    if (!p || oin_equal(&j->party, &t->p->settings->oin))
        return fail_set(f, SLUIS_UNKNOWN_PARTY, j->party.s, "is no party of this directory");
    if (p->suspended)
        return fail_set(f, SLUIS_SUSPENDED, j->party.s, "%s", error_text(SLUIS_SUSPENDED));
    sluis_err e = read_frame(t, j, &said, f);
    if (!e)
        e = parties_get(t->t, &j->party, t->p->directory.pk, t->arena, &x, f);
    for (size_t i = 0; !e && i < said->n_keys; i++) {
        Sluis__DirectoryKey *k = said->keys[i], *known = find(x, k);
        e = sealing_check(t->dir, p, k, t->now, f);
        if (!e && known) {
            e = cut(known, k, changed, f);
        } else if (!e && fresh) {
            e = fail_set(f, SLUIS_INVALID, "renew.keys", "one new key at a time");
        } else if (!e) {
            e = check_new(t, x, k, f);
            fresh = k;
        }
    }
    if (!e && *changed && !fresh) /* or a millisecond less, again and again, would be a directory each time */
        e = fail_set(f, SLUIS_INVALID, "renew.keys",
                     "keys are cut short beside the new one that succeeds them");
    *changed = !e && fresh;
    if (!*changed)
        return e;
    keyid id = keyid_of(USE_SEAL, fresh->pk.data);
    hex_encode(hex, id.b, KEYID_LEN);
    r->from = r->to = j->party.s;
    r->decision = (char *)(uintptr_t) "seal-key-renewed";
    r->detail = arena_strdup(t->arena, hex);
    e = r->detail ? take(t, x, fresh, f) : fail_set(f, SLUIS_NOMEM, "renew", "out of memory");
    return e ? e : parties_put(t->t, x, &t->p->directory, true, f);
}
