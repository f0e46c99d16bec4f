/* Parties with fixed keys and envelopes between them, for the tests of wire/ and directory/. */
#ifndef SLUIS_TESTS_KIT_H
#define SLUIS_TESTS_KIT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/envelope.h"

#define KIT __attribute__((unused)) static

#define T0        UINT64_C(1795500000000) /* 2026-11-24 */
#define OIN_GEM   "00000099000000001000"
#define OIN_SCHL  "00000099000000002000"
#define OIN_GGD   "00000099000000003000"
#define OIN_OTHER "00000099000000004000"
#define TRACE     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

typedef struct {
    oin oin;
    keypair sign, seal;
    epoch *epoch;
} actor;

KIT void key_make(keypair *k, key_use use, uint8_t n)
{
    uint8_t seed[32];
    memset(seed, n, sizeof seed);
    assert_int_equal(keypair_from_seed(k, use, seed, T0), SLUIS_OK);
}

KIT void actor_init(actor *a, const char *name, uint8_t n)
{
    assert_int_equal(oin_parse(&a->oin, name, OIN_LEN), SLUIS_OK);
    key_make(&a->sign, USE_SIGN, (uint8_t)(2 * n));
    key_make(&a->seal, USE_SEAL, (uint8_t)(2 * n + 1));
    assert_int_equal(epoch_new(&a->epoch), SLUIS_OK);
}

KIT void actor_close(actor *a)
{
    keypair_close(&a->sign);
    keypair_close(&a->seal);
    epoch_free(&a->epoch);
}

KIT seal_to to_actor(const actor *a)
{
    seal_to t = {.oin = a->oin, .seal_id = a->seal.id};
    memcpy(t.seal_pk, a->seal.pk, PK_LEN);
    return t;
}

KIT ProtobufCBinaryData data_of(const void *p, size_t n)
{
    return (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)p};
}

/* A request as it should be; tests change one thing. */
typedef struct {
    Sluis__Core core;
    uuid message_id, transaction;
    id16 case_id;
    uint32_t attributes[3];
} draft;

KIT void draft_init(draft *d)
{
    sluis__core__init(&d->core);
    d->message_id = uuid_new(T0);
    d->transaction = uuid_new(T0);
    d->case_id = id_random();
    d->attributes[0] = 7;
    d->attributes[1] = 300;
    d->attributes[2] = 70000;
    d->core.message_id = data_of(d->message_id.b, UUID_LEN);
    d->core.transaction = data_of(d->transaction.b, UUID_LEN);
    d->core.case_id = data_of(d->case_id.b, ID_LEN);
    d->core.kind = SLUIS__KIND__REQUEST;
    d->core.origin = SLUIS__ORIGIN__BUS;
    d->core.phase = SLUIS__PHASE__RESEARCH;
    d->core.application = (char *)(uintptr_t) "wmo-suite";
    d->core.function = (char *)(uintptr_t) "wmo-consulent";
    d->core.employee = (char *)(uintptr_t) "p-3f9a";
    d->core.legal_basis = (char *)(uintptr_t) "wams-5.4.1";
    d->core.purpose = (char *)(uintptr_t) "onderzoek";
    d->core.traceparent = (char *)(uintptr_t)TRACE;
    d->core.attributes = d->attributes;
    d->core.n_attributes = 3;
    d->core.created = T0;
    d->core.expires = T0 + UINT64_C(86400000);
}

typedef struct {
    buffer header, body, out;
    uint8_t mh[HASH_LEN];
} parcel;

KIT void parcel_init(parcel *p)
{
    buffer_init(&p->header, ENVELOPE_MAX);
    buffer_init(&p->body, ENVELOPE_MAX);
    buffer_init(&p->out, ENVELOPE_MAX);
}

KIT void parcel_close(parcel *p)
{
    buffer_close(&p->header);
    buffer_close(&p->body);
    buffer_close(&p->out);
}

KIT void parcel_seal(parcel *p, const draft *d, const actor *from, const seal_to *to, size_t n,
                     const char *text)
{
    assert_int_equal(envelope_seal(&d->core, &from->oin, &from->sign, from->epoch, to, n, bytes_str(text), T0,
                                   &p->header, &p->body, p->mh),
                     SLUIS_OK);
}

/* Signs the parcel's header and body, whatever they have become, as a batch of one. */
KIT void parcel_sign(parcel *p, const actor *from)
{
    hash_one(p->mh, "sluis1-header", NULL, p->header.p, p->header.n);
    envelope_item item = {.header = buffer_bytes(&p->header), .body = buffer_bytes(&p->body), .out = &p->out};
    memcpy(item.mh, p->mh, HASH_LEN);
    buffer_clear(&p->out);
    assert_int_equal(envelope_sign_batch(&from->oin, &from->sign, &item, 1), SLUIS_OK);
}

KIT envelope *decode_ok(bytes raw)
{
    envelope *e = NULL;
    sluis_fail f = {0};
    sluis_err err = envelope_decode(&e, raw, ENVELOPE_MAX, &f);
    if (err)
        fail_msg("%s at %s: %s", error_token(err), f.where, f.text);
    return e;
}

/* ---- envelopes taken apart and put together again ---- */
typedef struct {
    Sluis__Header *h;
    Sluis__Core *c;
    Sluis__SigBlock *s;
    bytes body;
} pieces;

KIT void add_part(buffer *b, uint8_t tag, bytes part)
{
    size_t n = part.n;
    buffer_u8(b, tag);
    for (; n > 127; n >>= 7)
        buffer_u8(b, (uint8_t)(n | 128));
    buffer_u8(b, (uint8_t)n);
    buffer_add(b, part.p, part.n);
}

KIT void add_envelope(buffer *out, bytes header, bytes sigblock, bytes body)
{
    buffer_clear(out);
    add_part(out, 0x0a, header);
    add_part(out, 0x12, sigblock);
    add_part(out, 0x1a, body);
}

/* Edits the parts of e and packs them canonically; signed anew by signer, or with the old block when NULL. */
KIT void parts_rebuild(buffer *out, envelope *e, void (*edit)(pieces *p, const void *arg), const void *arg,
                       const actor *signer)
{
    pieces p = {.h = e->h, .c = e->core, .s = e->sig, .body = e->body};
    buffer core, sig;
    parcel made;
    parcel_init(&made);
    buffer_init(&core, ENVELOPE_MAX);
    buffer_init(&sig, ENVELOPE_MAX);
    edit(&p, arg);
    assert_int_equal(wire_pack(&core, &p.c->base), SLUIS_OK);
    p.h->core = data_of(core.p, core.n);
    assert_int_equal(wire_pack(&made.header, &p.h->base), SLUIS_OK);
    assert_int_equal(wire_pack(&sig, &p.s->base), SLUIS_OK);
    if (signer) {
        buffer_add(&made.body, p.body.p, p.body.n);
        parcel_sign(&made, signer);
        buffer_clear(out);
        buffer_add(out, made.out.p, made.out.n);
    } else {
        add_envelope(out, buffer_bytes(&made.header), buffer_bytes(&sig), p.body);
    }
    buffer_close(&core);
    buffer_close(&sig);
    parcel_close(&made);
}

#endif
