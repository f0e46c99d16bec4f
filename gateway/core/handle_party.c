/* The directory changes: a signed entry, an entry in the journal, a new directory for everyone. */
#include <string.h>

#include "core/clock_guard.h"
#include "core/handlers.h"
#include "parties/parties.h"
#include "wire/prescan.h"

#define WORD(s) ((char *)(uintptr_t)(s))

/* New keys do not undo what was decided about the party or about keys that stay. */
static void keep_decisions(Sluis__PartyEntry *next, const Sluis__PartyEntry *old)
{
    next->suspended = old->suspended;
    for (size_t i = 0; i < next->n_keys; i++)
        for (size_t k = 0; k < old->n_keys; k++)
            if (bytes_equal(BYTES(next->keys[i]->pk.data, next->keys[i]->pk.len),
                            BYTES(old->keys[k]->pk.data, old->keys[k]->pk.len))) {
                next->keys[i]->revoked = old->keys[k]->revoked;
                next->keys[i]->suspended = old->keys[k]->suspended;
            }
}

/* Sealing keys that the party renewed since, said by a signing key it still has: mail is under way to them.
 */
static sluis_err keep_seals(turn *t, Sluis__PartyEntry *next, const Sluis__PartyEntry *old, const oin *who)
{
    size_t n = next->n_keys;
    Sluis__DirectoryKey **keys = arena_alloc(t->arena, (n + old->n_keys) * sizeof(Sluis__DirectoryKey *));
    if (!keys)
        return SLUIS_NOMEM;
    memcpy(keys, next->keys, n * sizeof(Sluis__DirectoryKey *));
    for (size_t i = 0; i < old->n_keys && n < PRESCAN_COUNT; i++) {
        Sluis__DirectoryKey *k = old->keys[i];
        bool keep = k->use == USE_SEAL && k->valid_until > t->now, vouched = false;
        for (size_t s = 0; s < next->n_keys; s++) {
            const Sluis__DirectoryKey *by = next->keys[s];
            keep = keep && !bytes_equal(BYTES(by->pk.data, by->pk.len), BYTES(k->pk.data, k->pk.len));
            vouched = vouched || (by->use == USE_SIGN && by->pk.len == PK_LEN &&
                                  !party_key_verify(k->signature.data, by->pk.data, USE_SEAL, k->pk.data,
                                                    k->valid_from, k->valid_until, who));
        }
        if (keep && vouched)
            keys[n++] = k;
    }
    next->keys = keys;
    next->n_keys = n;
    return SLUIS_OK;
}

static sluis_err load_entry(turn *t, const oin *who, Sluis__PartyEntry **out, sluis_fail *f)
{
    sluis_err e = parties_get(t->t, who, t->p->directory.pk, t->arena, out, f);
    return e == SLUIS_NOT_FOUND
               ? fail_set(f, SLUIS_UNKNOWN_PARTY, who->s, "is not in the directory: see `party list`")
               : e;
}

static sluis_err enrol(turn *t, job *j, Sluis__Record *r, sluis_fail *f)
{
    oin who;
    Sluis__PartyEntry *old = NULL;
    sluis_err e = oin_parse(&who, j->entry->oin, strlen(j->entry->oin));
    if (e)
        return fail_set(f, e, "party.oin", "is not an OIN");
    e = j->replace ? parties_get(t->t, &who, t->p->directory.pk, t->arena, &old, f) : SLUIS_NOT_FOUND;
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    if (old)
        keep_decisions(j->entry, old);
    if (old && keep_seals(t, j->entry, old, &who))
        return fail_set(f, SLUIS_NOMEM, "party", "out of memory");
    r->to = j->entry->oin;
    r->decision = WORD(j->replace ? "replaced" : "enrolled");
    return parties_put(t->t, j->entry, &t->p->directory, j->replace, f);
}

static sluis_err suspend(turn *t, job *j, Sluis__Record *r, sluis_fail *f)
{
    Sluis__PartyEntry *x = NULL;
    bool off = j->change == CHANGE_SUSPEND;
    if (oin_equal(&j->party, &t->p->settings->oin))
        return fail_set(f, SLUIS_INVALID, j->party.s, "is the gateway itself: stop it, or revoke a key");
    sluis_err e = load_entry(t, &j->party, &x, f);
    if (e)
        return e;
    if (!x->suspended == !off)
        return fail_set(f, SLUIS_CONFLICT, j->party.s, off ? "is suspended already" : "is not suspended");
    x->suspended = off;
    r->to = x->oin;
    r->decision = WORD(off ? "suspended" : "resumed");
    return parties_put(t->t, x, &t->p->directory, true, f);
}

sluis_err party_renew_directory(turn *t, sluis_fail *f)
{
    directory *next = NULL;
    if (parties_load(t->t, t->p->directory.pk, &next, f))
        return SLUIS_CORRUPT;
    directory_unref(&t->new_dir); /* of an earlier change in the same turn */
    t->new_dir = next;
    t->dir = next;
    return SLUIS_OK;
}

/* The gateway's own: another current sealing key, or an old one that is about to be destroyed. */
static sluis_err take_seals(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    const keypair *next = seal_ring_current(j->seals);
    bool held = false;
    sluis_err e = SLUIS_OK;
    *changed = !keyid_equal(&next->id, &seal_ring_current(t->seals)->id);
    if (!*changed && (e = clock_guard(t, &held)))
        return e;
    if (held)
        return fail_set(f, SLUIS_CONFLICT, "clock",
                        "it jumped ahead: no key is destroyed until it is confirmed");
    r->to = t->p->settings->oin.s;
    r->decision = WORD(*changed ? "seal-key-renewed" : "seal-key-destroyed");
    e = *changed ? party_put_self(t, next, changed, f) : SLUIS_OK;
    if (e)
        return e;
    seal_ring_unref(&t->new_seals); /* of an earlier change in the same turn */
    t->new_seals = seal_ring_ref(j->seals);
    t->seals = t->new_seals;
    return SLUIS_OK;
}

static sluis_err change(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    switch (j->change) {
    case CHANGE_ENROL:
        return enrol(t, j, r, f);
    case CHANGE_REVOKE:
        return party_revoke(t, j, r, changed, f);
    case CHANGE_SUSPEND_KEY:
    case CHANGE_RESUME_KEY:
        return party_suspend_key(t, j, r, f);
    case CHANGE_SEALS:
        return take_seals(t, j, r, changed, f);
    case CHANGE_AGREEMENT_FILE:
    case CHANGE_AGREEMENT_ACCEPT:
    case CHANGE_AGREEMENT_REVOKE:
        return agreement_change(t, j, r, changed, f);
    case CHANGE_RENEW:
        return party_renew(t, j, r, changed, f);
    default:
        return suspend(t, j, r, f);
    }
}

sluis_err handle_party(turn *t, job *j, sluis_fail *f)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    bool changed = true;
    oin who;
    r.type = SLUIS__RECORD_TYPE__R_PARTY;
    r.from = t->p->settings->oin.s;
    r.employee = WORD(j->by ? j->by : "");
    r.detail = WORD(j->reason ? j->reason : "");
    sluis_err e = change(t, j, &r, &changed, f);
    if (!e && !changed && j->change == CHANGE_RENEW)
        return SLUIS_OK;
    if (!e && changed)
        e = party_renew_directory(t, f);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = turn_event(t, "party-changed", &r, r.decision);
    if (!e && changed)
        e = oin_parse(&who, r.to, strlen(r.to));
    return e || !changed ? e : turn_return_unreadable(t, &who);
}
