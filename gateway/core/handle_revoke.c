/* A key is revoked by two persons: one proposes, another carries it out. The proposal waits in META:
 *
 *  "revoke:" key id 16   when u64 | by
 *
 * and is void after a week. Whoever cannot wait for a second person suspends the party. */
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "parties/parties.h"

#define PROPOSAL     "revoke:"
#define PROPOSAL_LEN (sizeof PROPOSAL - 1)
#define PROPOSAL_MS  (7 * DAY_MS)

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

/* Who proposed it, in the arena; NULL: nobody, or too long ago. */
static sluis_err read_proposal(turn *t, bytes key, char **by)
{
    bytes v;
    *by = NULL;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_META, key, &v);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (v.n <= 8 || v.n > 8 + NAME_MAX_LEN)
        return SLUIS_CORRUPT;
    if (get_u64(v.p) + PROPOSAL_MS <= t->now)
        return SLUIS_OK;
    *by = arena_alloc(t->arena, v.n - 8 + 1);
    if (!*by)
        return SLUIS_NOMEM;
    memcpy(*by, v.p + 8, v.n - 8);
    (*by)[v.n - 8] = '\0';
    return SLUIS_OK;
}

static sluis_err write_proposal(turn *t, bytes key, const char *by)
{
    uint8_t v[8 + NAME_MAX_LEN];
    size_t n = strlen(by);
    put_u64(v, t->now);
    memcpy(v + 8, by, n);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, key, BYTES(v, 8 + n));
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
    uint8_t name[PROPOSAL_LEN + KEYID_LEN];
    char hex[2 * KEYID_LEN + 1], detail[160], *first = NULL;
    const party_key *k = NULL;
    const party *p = owner_of(t->dir, &j->key, &k);
    hex_encode(hex, j->key.b, KEYID_LEN);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_KEY, hex, "no party has this key: see `party list --json`");
    if (k->revoked)
        return fail_set(f, SLUIS_CONFLICT, hex, "is revoked already");
    memcpy(name, PROPOSAL, PROPOSAL_LEN);
    memcpy(name + PROPOSAL_LEN, j->key.b, KEYID_LEN);
    sluis_err e = read_proposal(t, BYTES_OF(name), &first);
    if (!e && first && strcmp(first, j->by) == 0)
        return fail_set(f, SLUIS_CONFLICT, hex,
                        "the same person proposed it: another carries it out (or suspend the party)");
    snprintf(detail, sizeof detail, "%s %s %s", key_use_name(k->use), hex, j->reason);
    j->party = p->oin;
    *changed = first != NULL;
    j->outcome = first ? "revoked" : "proposed";
    r->to = j->party.s;
    r->decision = (char *)(uintptr_t)(first ? "revoked" : "revocation-proposed");
    r->detail = arena_strdup(t->arena, detail);
    if (!e && !r->detail)
        e = SLUIS_NOMEM;
    if (!e && !first)
        return write_proposal(t, BYTES_OF(name), j->by);
    if (!e)
        e = carry_out(t, p, k, f);
    return e ? e : store_delete(t->t, TABLE_META, BYTES_OF(name));
}
