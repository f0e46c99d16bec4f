#include "directory/sealing.h"

#include <string.h>

static const party_key *listed(const party *self, const keyid *id)
{
    for (size_t i = 0; i < self->key_count; i++)
        if (self->keys[i].use == USE_SEAL && keyid_equal(&self->keys[i].id, id))
            return &self->keys[i];
    return NULL;
}

static bool is_open(const party_key *k, uint64_t now)
{
    return k->use == USE_SEAL && now < k->valid_until && !(k->revoked && now >= k->revoked);
}

bool sealing_due(const party *self, const seal_ring *r, const sealing_terms *t, uint64_t now)
{
    const party_key *newest = NULL;
    uint64_t replaced;
    for (size_t i = 0; i < self->key_count; i++)
        if (is_open(&self->keys[i], now) && (!newest || self->keys[i].valid_from > newest->valid_from))
            newest = &self->keys[i];
    return !newest || !seal_ring_find(r, &newest->id, &replaced) || now >= newest->valid_from + t->period_ms;
}

const keypair *sealing_unannounced(const party *self, const seal_ring *r, const sealing_terms *t,
                                   uint64_t now)
{
    const keypair *k = seal_ring_current(r);
    return !listed(self, &k->id) && now < k->created + t->period_ms ? k : NULL;
}

static sluis_err say(sealing_statement *out, const keypair *sign, const uint8_t *pk, uint64_t from,
                     uint64_t until, const oin *who)
{
    if (out->n == SEALING_KEYS)
        return SLUIS_FULL;
    Sluis__DirectoryKey *k = &out->keys[out->n];
    uint8_t *own = out->pk[out->n], *sig = out->signature[out->n];
    memcpy(own, pk, PK_LEN);
    sluis_err e = party_key_sign(sig, sign, USE_SEAL, own, from, until, who);
    if (e)
        return e;
    sluis__directory_key__init(k);
    k->use = USE_SEAL;
    k->pk = (ProtobufCBinaryData){PK_LEN, own};
    k->valid_from = from;
    k->valid_until = until;
    k->signature = (ProtobufCBinaryData){SIG_LEN, sig};
    out->list[out->n++] = k;
    return SLUIS_OK;
}

sluis_err sealing_say(sealing_statement *out, const party *self, const keypair *next, const keypair *sign,
                      const sealing_terms *t, uint64_t now)
{
    out->n = 0;
    sluis_err e = say(out, sign, next->pk, now, self->valid_until, &self->oin);
    for (size_t i = 0; !e && i < self->key_count; i++) {
        const party_key *k = &self->keys[i];
        if (is_open(k, now) && k->valid_until > now + t->keep_ms && k->valid_from < now + t->keep_ms &&
            !keyid_equal(&k->id, &next->id))
            e = say(out, sign, k->pk, k->valid_from, now + t->keep_ms, &self->oin);
    }
    return e;
}

const keypair *sealing_over(const party *self, const seal_ring *r, const sealing_terms *t, uint64_t now)
{
    size_t n = seal_ring_count(r);
    for (size_t i = 0; i + 1 < n; i++) { /* oldest first; the newest stays */
        const keypair *k = seal_ring_at(r, i);
        const party_key *said = listed(self, &k->id);
        if (said ? now >= said->valid_until : now >= k->created + t->period_ms + t->keep_ms)
            return k;
    }
    return NULL;
}

sluis_err sealing_check(const directory *d, const party *p, const Sluis__DirectoryKey *k, uint64_t now,
                        sluis_fail *f)
{
    const party_key *by;
    sluis_err e = SLUIS_UNKNOWN_KEY;
    if (k->use != USE_SEAL || k->pk.len != PK_LEN || k->signature.len != SIG_LEN || k->revoked ||
        k->suspended)
        return fail_set(f, SLUIS_INVALID, "renew.keys",
                        "sealing keys alone, each signed, none revoked or suspended");
    for (size_t i = 0; i < p->key_count; i++) {
        if (p->keys[i].use != USE_SIGN || directory_key(d, p, USE_SIGN, &p->keys[i].id, now, &by, NULL))
            continue;
        e = party_key_verify(k->signature.data, by->pk, USE_SEAL, k->pk.data, k->valid_from, k->valid_until,
                             &p->oin);
        if (!e)
            return SLUIS_OK;
    }
    return fail_set(f, e, "renew.keys.signature", "is not by a signing key of this party that is valid now");
}
