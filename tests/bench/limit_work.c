#include "bench/limit_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rows.pb-c.h"
#include "sluis.pb-c.h"
#include "wire/arena.h"

#define BUFFER 4096
#define SIZES  8 /* different ones that are opened */
#define VALUES LIMIT_VALUES
#define ARENA  (1u << 20)

struct desk {
    uint8_t key[KEY_LEN], nonce[NONCE_LEN], plain[BUFFER], out[BUFFER];
    struct {
        size_t n;
        uint8_t box[BUFFER];
    } sealed[SIZES];
    size_t packed_n[M_COUNT];
    uint8_t packed[M_COUNT][BUFFER];
    ProtobufCMessage *message[M_COUNT];
    arena *arena;
    uint8_t pk[PK_LEN], sk[SIGN_SK_LEN], sig[SIG_LEN];
};

static ProtobufCBinaryData some(const desk *d, size_t n)
{
    return (ProtobufCBinaryData){n, (uint8_t *)(uintptr_t)d->plain};
}

static void fill_core(const desk *d, Sluis__Core *c)
{
    static Sluis__Recipient to[2], *list[] = {&to[0], &to[1]};
    static uint32_t attributes[VALUES] = {101, 102, 103, 104, 105, 106, 107, 108, 109, 110};
    for (size_t i = 0; i < 2; i++) {
        sluis__recipient__init(&to[i]);
        to[i].oin = "00000099000000004000";
        to[i].sealing_key = some(d, 16);
    }
    sluis__core__init(c);
    c->suite = 1;
    c->message_id = c->transaction = c->signing_key = c->case_id = some(d, 16);
    c->kind = SLUIS__KIND__RESPONSE;
    c->sender = "00000099000000004000";
    c->epoch_pk = c->answers = some(d, 32);
    c->nonce = some(d, 24);
    c->recipients = list;
    c->n_recipients = 2;
    c->application = "bench";
    c->function = "consulent";
    c->legal_basis = "wams-5.4.1";
    c->purpose = "onderzoek-meervoudige-problematiek";
    c->attributes = attributes;
    c->n_attributes = VALUES;
    c->created = c->expires = clock_ms();
}

static void fill_body(Sluis__ResponseBody *b)
{
    static Sluis__Instance in[VALUES], *ins[VALUES];
    static Sluis__AttributeResult results[VALUES], *list[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        sluis__instance__init(&in[i]);
        sluis__attribute_result__init(&results[i]);
        in[i].value =
            "een gemeten waarde van gewone lengte                                    0123456789abcdef";
        ins[i] = &in[i];
        results[i].attribute = 101;
        results[i].outcome = SLUIS__OUTCOME__GIVEN;
        results[i].instances = &ins[i];
        results[i].n_instances = 1;
        list[i] = &results[i];
    }
    sluis__response_body__init(b);
    b->results = list;
    b->n_results = VALUES;
}

static void fill_datum(const desk *d, Sluis__DatumRow *r)
{
    static char *law = "wmo";
    sluis__datum_row__init(r);
    r->value = "een gemeten waarde van gewone lengte                                    0123456789abcdef";
    r->source = "00000099000000004000";
    r->message_hash = some(d, 32);
    r->legal_basis = "wams-5.4.1";
    r->category = 1;
    r->obtained = r->registered = clock_ms();
    r->journal_index = r->previous = 123456;
    r->laws = &law;
    r->n_laws = 1;
}

static void fill_record(const desk *d, const Sluis__Core *c, Sluis__Record *r)
{
    sluis__record__init(r);
    r->type = SLUIS__RECORD_TYPE__R_MESSAGE;
    r->when = c->created;
    r->transaction = r->case_id = r->subject = some(d, 16);
    r->message_hash = r->rules_hash = some(d, 32);
    r->kind = c->kind;
    r->from = r->to = c->sender;
    r->application = c->application;
    r->function = c->function;
    r->legal_basis = c->legal_basis;
    r->purpose = c->purpose;
    r->attributes = c->attributes;
    r->n_attributes = c->n_attributes;
    r->decision = "permit";
}

void limit_check(int bad, const char *what)
{
    if (bad) {
        perror(what);
        exit(1);
    }
}

void desk_sign(desk *d)
{
    sign_detached(d->sig, d->sk, d->plain, 128);
}

void desk_verify(desk *d)
{
    limit_check(SLUIS_OK != sign_verify(d->sig, d->pk, d->plain, 128), "verify");
}

desk *desk_open(void)
{
    static Sluis__Core core;
    static Sluis__ResponseBody body;
    static Sluis__DatumRow datum;
    static Sluis__Record record;
    desk *d = calloc(1, sizeof(*d));
    limit_check(!d, "memory");
    random_bytes(d->key, sizeof(d->key));
    random_bytes(d->plain, sizeof(d->plain));
    sign_keys(d->pk, d->sk, d->key);
    desk_sign(d);
    fill_core(d, &core);
    fill_body(&body);
    fill_datum(d, &datum);
    fill_record(d, &core, &record);
    ProtobufCMessage *all[M_COUNT] = {&core.base, &body.base, &datum.base, &record.base};
    for (size_t i = 0; i < M_COUNT; i++) {
        d->message[i] = all[i];
        d->packed_n[i] = protobuf_c_message_get_packed_size(all[i]);
        limit_check(d->packed_n[i] > BUFFER, "a message");
        protobuf_c_message_pack(all[i], d->packed[i]);
    }
    d->arena = arena_new(ARENA);
    limit_check(!d->arena, "memory");
    return d;
}

/* Boxes of each size are made once. */
static void open_box(desk *d, size_t n)
{
    static const uint8_t nonce[NONCE_LEN];
    size_t i = 0;
    while (i < SIZES && d->sealed[i].n && d->sealed[i].n != n)
        i++;
    if (i == SIZES)
        exit(1); /* more sizes to open than that */
    if (!d->sealed[i].n)
        ae_seal(d->sealed[i].box, d->key, nonce, BYTES(d->plain, 32), BYTES(d->plain, n));
    d->sealed[i].n = n;
    limit_check(SLUIS_OK !=
                    ae_open(d->out, d->key, nonce, BYTES(d->plain, 32), BYTES(d->sealed[i].box, n + TAG_LEN)),
                "open");
}

static void do_step(desk *d, const step *s)
{
    switch (s->op) {
    case HASH:
    case KEYED:
        hash_one(d->out, "sluis1-limit", s->op == KEYED ? d->key : NULL, d->plain, s->n);
        break;
    case SHA:
        sha256(d->out, &BYTES(d->plain, s->n), 1);
        break;
    case SEAL:
        random_nonce(d->nonce);
        ae_seal(d->out, d->key, d->nonce, BYTES(d->plain, 32), BYTES(d->plain, s->n));
        break;
    case OPEN:
        open_box(d, s->n);
        break;
    case PACK:
        protobuf_c_message_pack(d->message[s->n], d->out);
        break;
    case UNPACK:
        limit_check(!protobuf_c_message_unpack(d->message[s->n]->descriptor, arena_allocator(d->arena),
                                               d->packed_n[s->n], d->packed[s->n]),
                    "unpack");
        break;
    }
}

void desk_work(desk *d, const step *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < s[i].times; k++)
            do_step(d, &s[i]);
    arena_reset(d->arena);
}
