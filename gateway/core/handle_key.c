/* A party's key: one person suspends it at once and lets it be used again, two revoke it for good. */
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "core/two_persons.h"
#include "parties/parties.h"

static const party *owner_of(const directory *d, const keyid *id, const party_key **out)
{
    const party *p;
    for (size_t i = 0; (p = directory_at(d, i)); i++)
        for (size_t k = 0; k < p->key_count; k++)
            if (keyid_equal(&p->keys[k].id, id)) {
                *out = &p->keys[k];
                return p;
            }
    return NULL;
}

static sluis_err find_key(const turn *t, const job *j, const party **p, const party_key **k, sluis_fail *f)
{
    char hex[2 * KEYID_LEN + 1];
    hex_encode(hex, j->key.b, KEYID_LEN);
    *p = owner_of(t->dir, &j->key, k);
    if (!*p)
        return fail_set(f, SLUIS_UNKNOWN_KEY, hex, "no party has this key: see `party list --json`");
    if ((*k)->revoked && !(*k)->suspended)
        return fail_set(f, SLUIS_CONFLICT, hex, "is revoked already");
    return SLUIS_OK;
}

/* What became of this key of the party; the other stays as it was. */
static sluis_err put_key(turn *t, const party *p, const party_key *k, uint64_t suspended, uint64_t revoked,
                         sluis_fail *f)
{
    Sluis__PartyEntry *x = NULL;
    sluis_err e = parties_get(t->t, &p->oin, t->p->directory.pk, t->arena, &x, f);
    for (size_t i = 0; !e && i < x->n_keys; i++)
        if (bytes_equal(BYTES(x->keys[i]->pk.data, x->keys[i]->pk.len), BYTES_OF(k->pk))) {
            x->keys[i]->suspended = suspended;
            x->keys[i]->revoked = revoked;
        }
    return e ? e : parties_put(t->t, x, &t->p->directory, true, f);
}

/* Whose key, and which: the record says it, and so does the answer. */
static sluis_err tell(turn *t, job *j, Sluis__Record *r, const party *p, const party_key *k,
                      const char *decision)
{
    char hex[2 * KEYID_LEN + 1], detail[160];
    hex_encode(hex, k->id.b, KEYID_LEN);
    snprintf(detail, sizeof detail, "%s %s %s", key_use_name(k->use), hex, j->reason);
    j->party = p->oin;
    r->to = j->party.s;
    r->decision = (char *)(uintptr_t)decision;
    r->detail = arena_strdup(t->arena, detail);
    return r->detail ? SLUIS_OK : SLUIS_NOMEM;
}

sluis_err party_revoke(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    const party_key *k = NULL;
    const party *p = NULL;
    sluis_err e = find_key(t, j, &p, &k, f);
    if (!e)
        e = two_persons(t, "revoke:", &j->key, j->by, changed, f);
    if (e)
        return e;
    j->outcome = *changed ? "revoked" : "proposed";
    e = tell(t, j, r, p, k, *changed ? "revoked" : "revocation-proposed");
    return e || !*changed ? e : put_key(t, p, k, 0, t->now, f);
}

sluis_err party_suspend_key(turn *t, job *j, Sluis__Record *r, sluis_fail *f)
{
    const bool off = j->change == CHANGE_SUSPEND_KEY;
    const party_key *k = NULL;
    const party *p = NULL;
    sluis_err e = find_key(t, j, &p, &k, f);
    if (e)
        return e;
    if (oin_equal(&p->oin, &t->p->settings->oin))
        return fail_set(f, SLUIS_INVALID, p->oin.s, "is the gateway itself: stop it, or revoke the key");
    if (k->suspended == off)
        return fail_set(f, SLUIS_CONFLICT, p->oin.s, "the key is %s",
                        off ? "suspended already" : "not suspended");
    j->outcome = off ? "suspended" : "resumed";
    e = tell(t, j, r, p, k, off ? "key-suspended" : "key-resumed");
    return e ? e : put_key(t, p, k, off ? t->now : 0, 0, f);
}
