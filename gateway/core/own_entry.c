/* The gateway's own entry in the directory. Keys that we hold and that stand in it keep their days; another
 * gets its days from now on. A signing key that has gone over to the next one is cut to
 * settings.key_overlap_s, and stays listed until it is over, so that what it signed still counts. */
#include <string.h>

#include "core/handlers.h"
#include "parties/parties.h"
#include "wire/prescan.h"

#define WORD(s) ((char *)(uintptr_t)(s))
#define SKEW_MS 60000

typedef struct {
    turn *t;
    const Sluis__PartyEntry *old; /* NULL: none */
    Sluis__DirectoryKey *list[PRESCAN_COUNT];
    size_t n;
    bool changed;
} own_entry;

static Sluis__DirectoryKey *listed(const Sluis__PartyEntry *old, const uint8_t *pk)
{
    for (size_t i = 0; old && i < old->n_keys; i++)
        if (bytes_equal(BYTES(old->keys[i]->pk.data, old->keys[i]->pk.len), BYTES(pk, PK_LEN)))
            return old->keys[i];
    return NULL;
}

/* A key that we hold, not beyond a moment. */
static sluis_err add_held(own_entry *o, const keypair *k, uint64_t at_most)
{
    const turn *t = o->t;
    const Sluis__DirectoryKey *known = listed(o->old, k->pk);
    Sluis__DirectoryKey *x = arena_alloc(t->arena, sizeof(*x));
    uint8_t *sig = arena_alloc(t->arena, SIG_LEN);
    if (!x || !sig || o->n == PRESCAN_COUNT)
        return SLUIS_NOMEM;
    sluis__directory_key__init(x);
    x->use = k->use;
    x->pk = (ProtobufCBinaryData){PK_LEN, (uint8_t *)(uintptr_t)k->pk};
    x->valid_from = known ? known->valid_from : t->now - SKEW_MS;
    x->valid_until = known ? known->valid_until : t->now + OWN_KEY_MS;
    x->valid_until = x->valid_until < at_most ? x->valid_until : at_most;
    x->revoked = known ? known->revoked : 0;
    x->signature = (ProtobufCBinaryData){SIG_LEN, sig};
    o->changed = o->changed || !known || known->valid_until != x->valid_until;
    o->list[o->n++] = x;
    return party_key_sign(sig, k->use == USE_SIGN ? k : &t->p->sign, k->use, k->pk, x->valid_from,
                          x->valid_until, &t->p->settings->oin);
}

/* What is listed and we hold no more: signing keys until they are over; nothing else. */
static sluis_err add_earlier(own_entry *o)
{
    size_t held = o->n;
    for (size_t i = 0; o->old && i < o->old->n_keys; i++) {
        Sluis__DirectoryKey *k = o->old->keys[i];
        bool ours = false;
        for (size_t h = 0; h < held; h++)
            ours = ours || memcmp(o->list[h]->pk.data, k->pk.data, PK_LEN) == 0;
        if (ours)
            continue;
        if (k->use == USE_SIGN && k->valid_until > o->t->now && o->n < PRESCAN_COUNT)
            o->list[o->n++] = k;
        else
            o->changed = true;
    }
    return SLUIS_OK;
}

static sluis_err gather(own_entry *o, const keypair *seal)
{
    const parts *p = o->t->p;
    sluis_err e = add_held(o, &p->sign, UINT64_MAX);
    if (!e && p->sign_old.sk)
        e = add_held(o, &p->sign_old, o->t->now + p->settings->key_overlap_s * UINT64_C(1000));
    if (!e)
        e = add_held(o, seal, UINT64_MAX);
    if (!e)
        e = add_held(o, &p->curve, UINT64_MAX);
    if (!e && p->curve_next.sk)
        e = add_held(o, &p->curve_next, UINT64_MAX);
    return e ? e : add_earlier(o);
}

static sluis_err put(own_entry *o, sluis_fail *f)
{
    const turn *t = o->t;
    Sluis__PartyEntry x = SLUIS__PARTY_ENTRY__INIT;
    uint32_t suites[] = {SUITE_1};
    x.oin = WORD(t->p->settings->oin.s);
    x.name = t->p->settings->name;
    x.domain = WORD("gemeente");
    x.keys = o->list;
    x.n_keys = o->n;
    x.valid_from = o->old ? o->old->valid_from : t->now - SKEW_MS;
    x.valid_until = t->now + OWN_KEY_MS;
    x.suites = suites;
    x.n_suites = 1;
    return parties_put(t->t, &x, &t->p->directory, o->old != NULL, f);
}

sluis_err party_put_self(turn *t, const keypair *seal, bool *changed, sluis_fail *f)
{
    own_entry o = {.t = t};
    Sluis__PartyEntry *old = NULL;
    sluis_err e = parties_get(t->t, &t->p->settings->oin, t->p->directory.pk, t->arena, &old, f);
    *changed = false;
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    o.old = e ? NULL : old;
    e = gather(&o, seal);
    if (e)
        return fail_set(f, e, "directory", "our own keys cannot be entered: %s", error_text(e));
    *changed = o.changed;
    return o.changed ? put(&o, f) : SLUIS_OK;
}

sluis_err party_enrol_self(turn *t, sluis_fail *f)
{
    bool known = directory_find(t->dir, &t->p->settings->oin) != NULL, changed;
    Sluis__Record r = SLUIS__RECORD__INIT;
    sluis_err e = party_put_self(t, seal_ring_current(t->seals), &changed, f);
    if (e || !changed)
        return e;
    r.type = SLUIS__RECORD_TYPE__R_PARTY;
    r.from = r.to = t->p->settings->oin.s;
    r.decision = WORD(known ? "replaced" : "enrolled");
    e = party_renew_directory(t, f);
    if (!e)
        e = turn_journal(t, &r);
    return e ? e : turn_event(t, "party-changed", &r, r.decision);
}

sluis_err party_key_renewed(turn *t, const char *decision, const keypair *k)
{
    char hex[2 * KEYID_LEN + 1];
    Sluis__Record r = SLUIS__RECORD__INIT;
    hex_encode(hex, k->id.b, KEYID_LEN);
    r.type = SLUIS__RECORD_TYPE__R_PARTY;
    r.from = r.to = t->p->settings->oin.s;
    r.decision = WORD(decision);
    r.detail = hex;
    sluis_err e = turn_journal(t, &r);
    return e ? e : turn_event(t, "party-changed", &r, r.decision);
}
