/* A key is revoked by two persons. Whoever cannot wait for the second suspends the party. */
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

static sluis_err carry_out(turn *t, const party *p, const party_key *k, sluis_fail *f)
{
    Sluis__PartyEntry *x = NULL;
    sluis_err e = parties_get(t->t, &p->oin, t->p->directory.pk, t->arena, &x, f);
    for (size_t i = 0; !e && i < x->n_keys; i++)
        if (bytes_equal(BYTES(x->keys[i]->pk.data, x->keys[i]->pk.len), BYTES_OF(k->pk)))
            x->keys[i]->revoked = t->now;
    return e ? e : parties_put(t->t, x, &t->p->directory, true, f);
}

sluis_err party_revoke(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    char hex[2 * KEYID_LEN + 1], detail[160];
    const party_key *k = NULL;
    const party *p = owner_of(t->dir, &j->key, &k);
    hex_encode(hex, j->key.b, KEYID_LEN);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_KEY, hex, "no party has this key: see `party list --json`");
    if (k->revoked)
        return fail_set(f, SLUIS_CONFLICT, hex, "is revoked already");
    sluis_err e = two_persons(t, "revoke:", &j->key, j->by, changed, f);
    if (e)
        return e;
    snprintf(detail, sizeof detail, "%s %s %s", key_use_name(k->use), hex, j->reason);
    j->party = p->oin;
    j->outcome = *changed ? "revoked" : "proposed";
    r->to = j->party.s;
    r->decision = (char *)(uintptr_t)(*changed ? "revoked" : "revocation-proposed");
    r->detail = arena_strdup(t->arena, detail);
    if (!r->detail)
        return SLUIS_NOMEM;
    return *changed ? carry_out(t, p, k, f) : SLUIS_OK;
}
