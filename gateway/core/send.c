#include "core/send.h"

#include <string.h>

#include "core/outbox.h"
#include "wire/messages.h"

sluis_err send_check(turn *t, const oin *to, const char *where, const party **out, sluis_fail *f)
{
    const party_key *key = NULL;
    const party *p = oin_equal(to, &t->p->settings->oin) ? NULL : directory_find(t->dir, to);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, where, "deze partij is niet op deze gateway aangesloten");
    if (out)
        *out = p;
    return directory_current(t->dir, p, USE_SEAL, t->now, &key, f);
}

/* What goes to another gateway is for that one alone: what it tells stands in our own dossiers already. */
static size_t recipient_count(Sluis__Kind k)
{
    return k == SLUIS__KIND__CASE_HANDOVER || k == SLUIS__KIND__CASE_HANDOVER_REPLY ? 1 : 2;
}

static sluis_err recipients(turn *t, const party *to, seal_to out[static 2])
{
    const party_key *key = NULL;
    sluis_err e = directory_current(t->dir, to, USE_SEAL, t->now, &key, NULL);
    if (e)
        return e;
    out[0].oin = to->oin;
    memcpy(out[0].seal_pk, key->pk, PK_LEN);
    out[0].seal_id = key->id;
    out[1].oin = t->p->settings->oin;
    memcpy(out[1].seal_pk, seal_ring_current(t->seals)->pk, PK_LEN);
    out[1].seal_id = seal_ring_current(t->seals)->id;
    return SLUIS_OK;
}

static sluis_err seal(turn *t, const Sluis__Core *c, const ProtobufCMessage *body, const seal_to to[static 2],
                      buffer *out, uint8_t mh[static HASH_LEN])
{
    const oin *own = &t->p->settings->oin;
    buffer plain, header, sealed;
    envelope_item item = {.out = out};
    buffer_init(&plain, PLAIN_MAX);
    buffer_init(&header, HEADER_MAX);
    buffer_init(&sealed, ENVELOPE_MAX);
    sluis_err e = wire_pack(&plain, body);
    if (!e)
        e = envelope_seal(c, own, &t->p->sign, t->epoch, to, recipient_count(c->kind), buffer_bytes(&plain),
                          t->now, &header, &sealed, item.mh);
    item.header = buffer_bytes(&header);
    item.body = buffer_bytes(&sealed);
    if (!e)
        e = envelope_sign_batch(own, &t->p->sign, &item, 1);
    memcpy(mh, item.mh, HASH_LEN);
    if (plain.p)
        wipe(plain.p, plain.n);
    buffer_close(&plain);
    buffer_close(&header);
    buffer_close(&sealed);
    return e;
}

sluis_err send_seal(turn *t, Sluis__Core *c, const ProtobufCMessage *body, const party *to, uint64_t life_ms,
                    buffer *out, uint8_t mh[static HASH_LEN])
{
    seal_to seals[2];
    uuid id = uuid_new(t->now);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    c->origin = SLUIS__ORIGIN__API;
    c->created = t->now;
    c->expires = t->now + life_ms;
    sluis_err e = recipients(t, to, seals);
    if (!e)
        e = seal(t, c, body, seals, out, mh);
    c->message_id = (ProtobufCBinaryData){0, NULL};
    return e;
}

sluis_err send_message(turn *t, Sluis__Core *c, const ProtobufCMessage *body, const party *to,
                       uint64_t life_ms, const Sluis__Record *r, uint8_t mh[static HASH_LEN])
{
    Sluis__Record rec = *r;
    buffer whole;
    uint64_t seq = 0;
    buffer_init(&whole, t->p->settings->max_frame);
    sluis_err e = send_seal(t, c, body, to, life_ms, &whole, mh);
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    rec.kind = c->kind;
    rec.transaction = c->transaction;
    rec.message_hash = (ProtobufCBinaryData){HASH_LEN, mh};
    rec.to = (char *)(uintptr_t)to->oin.s;
    if (!e)
        e = turn_journal(t, &rec);
    if (!e)
        e = outbox_put(t, &to->oin, buffer_bytes(&whole), c->expires, &seq);
    if (!e)
        turn_note_news(t, &to->oin);
    buffer_close(&whole);
    return e;
}
