#include "read/own_place.h"

#include <string.h>

#define NAME      "own-data"
#define OWNER_LEN (sizeof(NAME) - 1 + ID_LEN + 4 + 4)
#define PLAIN_LEN (OWN_PLACE_LEN - NONCE_LEN - TAG_LEN)

static bytes owner_of(uint8_t out[static OWNER_LEN], const dossier_question *q)
{
    uint8_t *p = out;
    memcpy(p, NAME, sizeof(NAME) - 1);
    p += sizeof(NAME) - 1;
    memcpy(p, q->case_id.p, ID_LEN);
    put_u32(p + ID_LEN, q->member);
    put_u32(p + ID_LEN + 4, q->viewer);
    return BYTES(out, OWNER_LEN);
}

void own_place_write(uint8_t out[static OWN_PLACE_LEN], const subject *s, const dossier_question *q,
                     const own_place *at)
{
    uint8_t owner[OWNER_LEN], plain[PLAIN_LEN], *p = plain + 5 + ID_LEN;
    plain[0] = (uint8_t)at->stage;
    put_u32(plain + 1, at->attribute);
    memcpy(plain + 5, at->instance.b, ID_LEN);
    put_u64(p, at->root);
    p[8] = at->beside;
    put_u64(p + 9, at->entry);
    put_u32(p + 17, at->item);
    memcpy(p + 21, at->past.name.b, ID_LEN);
    put_u64(p + 21 + ID_LEN, at->past.under);
    put_u64(p + 29 + ID_LEN, at->past.version);
    random_nonce(out);
    ae_seal(out + NONCE_LEN, s->key, out, owner_of(owner, q), BYTES_OF(plain));
}

sluis_err own_place_read(own_place *out, const subject *s, const dossier_question *q, bytes mark)
{
    uint8_t owner[OWNER_LEN], plain[PLAIN_LEN], *p = plain + 5 + ID_LEN;
    *out = (own_place){.stage = OWN_REGISTERED};
    if (!mark.n)
        return SLUIS_OK;
    if (mark.n != OWN_PLACE_LEN ||
        ae_open(plain, s->key, mark.p, owner_of(owner, q), BYTES(mark.p + NONCE_LEN, mark.n - NONCE_LEN)))
        return SLUIS_INVALID;
    out->stage = (own_stage)plain[0];
    out->attribute = get_u32(plain + 1);
    memcpy(out->instance.b, plain + 5, ID_LEN);
    out->root = get_u64(p);
    out->beside = p[8];
    out->entry = get_u64(p + 9);
    out->item = get_u32(p + 17);
    memcpy(out->past.name.b, p + 21, ID_LEN);
    out->past.under = get_u64(p + 21 + ID_LEN);
    out->past.version = get_u64(p + 29 + ID_LEN);
    return SLUIS_OK;
}
