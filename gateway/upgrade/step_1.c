/* From version 1 to 2.
 *
 *   named            plus "tail"
 *   tile             plus the roots of its whole groups of 4, 16 and 64
 *   request, dossier SealedRef{sid, sealed}|check became sid|check over it|sealed; what a dossier's seal
 * names, its table's number, changed: sealed anew outbox           OutboxRow|check became journal index
 * u64|envelope|check expiry, dedupexp became items of due, and so did the terms of requests byhash went
 *   intent           P 32 became the slot's sid 16
 *
 * The rest has other numbers at most, which the checks name. Superseded data stay in datum, where they are
 * read as they were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "registry/datum.h"
#include "registry/keyslots.h"
#include "rows_1.pb-c.h"
#include "upgrade/step.h"
#include "wire/envelope.h"

/* clang-format off */
enum { NAMED_1, LEAF_1, RECORD_1, TILE_1, TXINDEX_1, PARTY_1, CASE_1, REQUEST_1, BYHASH_1, APPINDEX_1, EVENT_1, OUTBOX_1,
       EXPIRY_1, DEDUP_1, DEDUPEXP_1, SUBJECT_1, DATUM_1, DOSSIER_1, INTENT_1, ATTEMPT_1, DEAD_1 };
enum { NAMED_2, LEAF_2, RECORD_2, TILE_2, TXINDEX_2, PARTY_2, CASE_2, REQUEST_2, APPINDEX_2, EVENT_2, OUTBOX_2, DEDUP_2,
       DUE_2, SUBJECT_2, DATUM_2, DOSSIER_2, INTENT_2, ATTEMPT_2, DEAD_2 };
static const store_table tables_1[] = {
    {.name = "named"}, {.name = "leaf"}, {.name = "record"}, {.name = "tile"}, {.name = "txindex"}, {.name = "party"},
    {.name = "case"}, {.name = "request"}, {.name = "byhash"}, {.name = "appindex"}, {.name = "event"}, {.name = "outbox"},
    {.name = "expiry"}, {.name = "dedup"}, {.name = "dedupexp"}, {.name = "subject"}, {.name = "datum"}, {.name = "dossier"},
    {.name = "intent"}, {.name = "attempt"}, {.name = "dead"}};
/* clang-format on */

enum { DUE_DELIVERY_2 = 1, DUE_REQUEST_2 = 2, DUE_MESSAGE_2 = 3 }; /* kinds of items */

#define OUTBOX_KEY_1 (OIN_LEN + 8)
#define DEDUP_KEY_1  (OIN_LEN + UUID_LEN)
#define DUE_KEY_2    (8 + 8 + 2)
#define SECOND_MS    1000
#define GROUPS       3 /* of 4, 16, 64 hashes */

typedef struct {
    keyslots *slots;
    arena *arena;
    uint64_t due;    /* rows of due so far: their number stands where later ones have the journal's size */
    uint64_t before; /* leaves before the last one */
    bool any;        /* there is a leaf */
    uint8_t last[HASH_LEN],
        peak[64][HASH_LEN]; /* of the last leaf; of the perfect trees over those before it */
} state;

static sluis_err begin_1(upgrade *u, void **out, sluis_fail *f)
{
    char path[2048];
    const upgrade_options *o = upgrade_given(u);
    state *s = calloc(1, sizeof(*s));
    *out = s;
    if (!s || !(s->arena = arena_new(ROW_MAX)))
        return fail_set(f, SLUIS_NOMEM, o->dir, "out of memory");
    if (snprintf(path, sizeof(path), "%s/keys.slots", o->dir) >= (int)sizeof(path))
        return fail_set(f, SLUIS_TOO_BIG, o->dir, "the path is too long");
    return keyslots_open_readonly(&s->slots, path, o->km, f);
}

/* ---- the tree ---- */

static void add_leaf(state *s, bytes leaf)
{
    uint64_t n = s->before;
    uint8_t node[HASH_LEN];
    unsigned h = 0;
    if (s->any) {
        memcpy(node, s->last, HASH_LEN);
        for (; n >> h & 1; h++)
            merkle_node(TREE_JOURNAL, node, s->peak[h], node);
        memcpy(s->peak[h], node, HASH_LEN);
        s->before++;
    }
    merkle_leaf(s->last, leaf.p, leaf.n);
    s->any = true;
}

/* "tail": the size, and for each height the root over what ends the tree. */
static sluis_err put_tail(upgrade *u, const state *s)
{
    uint8_t node[HASH_LEN], size[8];
    buffer b;
    buffer_init(&b, ROW_MAX);
    put_u64(size, s->before + 1);
    buffer_add(&b, size, sizeof(size));
    memcpy(node, s->last, HASH_LEN);
    buffer_add(&b, node, HASH_LEN);
    for (unsigned h = 0; s->before >> h; h++) {
        if (s->before >> h & 1)
            merkle_node(TREE_JOURNAL, node, s->peak[h], node);
        buffer_add(&b, node, HASH_LEN);
    }
    sluis_err e = b.err ? b.err : upgrade_put(u, NAMED_2, bytes_str("tail"), buffer_bytes(&b));
    buffer_close(&b);
    return e;
}

static sluis_err put_tile(upgrade *u, bytes key, bytes value)
{
    const uint8_t(*hash)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])value.p;
    size_t n = value.n / HASH_LEN;
    buffer b;
    if (value.n % HASH_LEN || n == 0 || n > 256)
        return SLUIS_CORRUPT;
    buffer_init(&b, ROW_MAX);
    buffer_add(&b, value.p, value.n);
    for (unsigned i = 1; i <= GROUPS; i++)
        for (size_t at = 0, group = (size_t)1 << 2 * i; at + group <= n; at += group) {
            uint8_t root[HASH_LEN];
            merkle_root(TREE_JOURNAL, root, hash + at, group);
            buffer_add(&b, root, HASH_LEN);
        }
    sluis_err e = b.err ? b.err : upgrade_put(u, TILE_2, key, buffer_bytes(&b));
    buffer_close(&b);
    return e;
}

/* ---- what is to be done at a time ---- */

static sluis_err put_due(upgrade *u, state *s, uint64_t at_ms, uint8_t kind, bytes key)
{
    uint8_t due_key[DUE_KEY_2] = {0}, item[2 + DEDUP_KEY_1];
    if (key.n > DEDUP_KEY_1)
        return SLUIS_CORRUPT;
    put_u64(due_key, at_ms / SECOND_MS * SECOND_MS + (at_ms % SECOND_MS ? SECOND_MS : 0));
    put_u64(due_key + 8, s->due++);
    item[0] = kind;
    item[1] = (uint8_t)key.n;
    memcpy(item + 2, key.p, key.n);
    return upgrade_put_row(u, DUE_2, BYTES_OF(due_key), BYTES(item, 2 + key.n));
}

/* A row of expiry or dedupexp: time u64|the key of what ends then. */
static sluis_err put_term(upgrade *u, state *s, unsigned table, uint8_t kind, size_t key_len, bytes key,
                          bytes value)
{
    bytes none;
    sluis_err e = upgrade_checked(u, table, key, value, &none);
    if (!e && (key.n != 8 + key_len || none.n))
        e = SLUIS_CORRUPT;
    return e ? e : put_due(u, s, get_u64(key.p), kind, BYTES(key.p + 8, key_len));
}

/* A checked row that is a message; *m is in the arena. */
static sluis_err open_row(upgrade *u, state *s, unsigned table, bytes key, bytes value,
                          const ProtobufCMessageDescriptor *d, ProtobufCMessage **m)
{
    bytes packed;
    sluis_err e = upgrade_checked(u, table, key, value, &packed);
    return e ? e : row_unpack(m, d, s->arena, packed);
}

/* ---- rows about a person ---- */

static sluis_err key_of(upgrade *u, state *s, bytes sid, slot_key *out)
{
    bytes stored, slot;
    sluis_err e = store_get(upgrade_old(u), SUBJECT_1, sid, &stored);
    if (!e)
        e = upgrade_checked(u, SUBJECT_1, sid, stored, &slot);
    if (!e && slot.n != 8)
        e = SLUIS_CORRUPT;
    if (!e)
        e = keyslots_get(s->slots, get_u64(slot.p), out);
    return e == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : e;
}

/* Opens it under the old table's number; *plain is in the arena. */
static sluis_err unseal(state *s, const slot_key *k, unsigned table, bytes key, bytes sealed, bytes *plain)
{
    uint8_t ad[1 + STORE_KEY_MAX] = {(uint8_t)table};
    if (sealed.n < NONCE_LEN + TAG_LEN || key.n > STORE_KEY_MAX)
        return SLUIS_CORRUPT;
    memcpy(ad + 1, key.p, key.n);
    size_t n = sealed.n - NONCE_LEN - TAG_LEN;
    uint8_t *out = arena_alloc(s->arena, n ? n : 1);
    if (!out)
        return SLUIS_NOMEM;
    *plain = BYTES(out, n);
    return ae_open(out, k->key, sealed.p, BYTES(ad, 1 + key.n), BYTES(sealed.p + NONCE_LEN, n + TAG_LEN))
               ? SLUIS_CORRUPT
               : SLUIS_OK;
}

static void seal(buffer *b, const slot_key *k, unsigned table, bytes key, bytes plain)
{
    uint8_t ad[1 + STORE_KEY_MAX] = {(uint8_t)table};
    memcpy(ad + 1, key.p, key.n);
    uint8_t *p = buffer_room(b, NONCE_LEN + plain.n + TAG_LEN);
    if (!p)
        return;
    random_nonce(p);
    ae_seal(p + NONCE_LEN, k->key, p, BYTES(ad, 1 + key.n), plain);
}

/* A request that waits is looked at when it must be answered; every other one finds nothing to do then. */
static sluis_err put_request_term(upgrade *u, state *s, bytes key, bytes plain)
{
    ProtobufCMessage *m;
    sluis_err e = row_unpack(&m, &sluis__request_row__descriptor, s->arena, plain);
    const Sluis__RequestRow *row = (const Sluis__RequestRow *)m;
    return e ? e : put_due(u, s, row->answer_by ? row->answer_by : row->expires, DUE_REQUEST_2, key);
}

static sluis_err put_sealed(upgrade *u, state *s, unsigned table, unsigned table_2, bytes key, bytes value)
{
    ProtobufCMessage *m;
    slot_key k = {0};
    bytes plain = {NULL, 0};
    buffer b;
    sluis_err e = open_row(u, s, table, key, value, &sluis__v1__sealed_ref__descriptor, &m);
    if (e)
        return e;
    const Sluis__V1__SealedRef *ref = (const Sluis__V1__SealedRef *)m;
    bytes sid = BYTES(ref->sid.data, ref->sid.len), sealed = BYTES(ref->sealed.data, ref->sealed.len);
    if (sid.n != ID_LEN)
        return SLUIS_CORRUPT;
    e = key_of(u, s, sid, &k);
    if (!e)
        e = unseal(s, &k, table, key, sealed, &plain);
    if (!e && table == REQUEST_1)
        e = put_request_term(u, s, key, plain);
    buffer_init(&b, ROW_MAX);
    upgrade_wrap(u, &b, table_2, key, sid);
    if (!e)
        seal(&b, &k, table_2, key, plain);
    if (!e)
        e = b.err ? b.err : upgrade_put(u, table_2, key, buffer_bytes(&b));
    buffer_close(&b);
    wipe(&k, sizeof(k));
    return e;
}

/* ---- the rest ---- */

static sluis_err put_outbox(upgrade *u, state *s, bytes key, bytes value)
{
    ProtobufCMessage *m;
    uint8_t index[8];
    buffer b;
    sluis_err e = open_row(u, s, OUTBOX_1, key, value, &sluis__v1__outbox_row__descriptor, &m);
    if (e)
        return e;
    const Sluis__V1__OutboxRow *row = (const Sluis__V1__OutboxRow *)m;
    buffer_init(&b, ROW_MAX);
    put_u64(index, row->journal_index);
    buffer_add(&b, index, sizeof(index));
    buffer_add(&b, row->envelope.data, row->envelope.len);
    e = b.err ? b.err : upgrade_put_row(u, OUTBOX_2, key, buffer_bytes(&b));
    buffer_close(&b);
    return e;
}

/* An erasure that was not finished; without a key in its slot it was. */
static sluis_err put_intent(upgrade *u, state *s, bytes key, bytes value)
{
    bytes p;
    slot_key k = {0};
    sluis_err e = upgrade_checked(u, INTENT_1, key, value, &p);
    if (!e && key.n != 8)
        e = SLUIS_CORRUPT;
    if (!e)
        e = keyslots_get(s->slots, get_u64(key.p), &k);
    if (!e)
        e = upgrade_put_row(u, INTENT_2, key, BYTES(k.sid.b, ID_LEN));
    wipe(&k, sizeof(k));
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err row_1(upgrade *u, void *ctx, unsigned table, bytes key, bytes value)
{
    state *s = ctx;
    arena_reset(s->arena);
    switch (table) {
    case NAMED_1: /* of these rows version 1 has two, the signed checkpoint and a number written twice */
        return upgrade_put(u, NAMED_2, key, value);
    case LEAF_1:
        add_leaf(s, value);
        return upgrade_put(u, LEAF_2, key, value);
    case RECORD_1:
        return upgrade_put(u, RECORD_2, key, value);
    case TILE_1:
        return put_tile(u, key, value);
    case TXINDEX_1:
        return upgrade_put_checked(u, table, TXINDEX_2, key, value);
    case PARTY_1:
        return upgrade_put(u, PARTY_2, key, value);
    case CASE_1:
        return upgrade_put_checked(u, table, CASE_2, key, value);
    case REQUEST_1:
        return put_sealed(u, s, table, REQUEST_2, key, value);
    case BYHASH_1:
        return SLUIS_OK;
    case APPINDEX_1:
        return upgrade_put_checked(u, table, APPINDEX_2, key, value);
    case EVENT_1:
        return upgrade_put_checked(u, table, EVENT_2, key, value);
    case OUTBOX_1:
        return put_outbox(u, s, key, value);
    case EXPIRY_1:
        return put_term(u, s, table, DUE_DELIVERY_2, OUTBOX_KEY_1, key, value);
    case DEDUP_1:
        return upgrade_put_checked(u, table, DEDUP_2, key, value);
    case DEDUPEXP_1:
        return put_term(u, s, table, DUE_MESSAGE_2, DEDUP_KEY_1, key, value);
    case SUBJECT_1:
        return upgrade_put_checked(u, table, SUBJECT_2, key, value);
    case DATUM_1:
        return upgrade_put(u, DATUM_2, key, value);
    case DOSSIER_1:
        return put_sealed(u, s, table, DOSSIER_2, key, value);
    case INTENT_1:
        return put_intent(u, s, key, value);
    case ATTEMPT_1:
        return upgrade_put_checked(u, table, ATTEMPT_2, key, value);
    case DEAD_1:
        return upgrade_put_checked(u, table, DEAD_2, key, value);
    default:
        return SLUIS_INVALID;
    }
}

static sluis_err end_1(upgrade *u, void *ctx)
{
    const state *s = ctx;
    return s->any ? put_tail(u, s) : SLUIS_OK;
}

static void close_1(void *ctx)
{
    state *s = ctx;
    if (!s)
        return;
    keyslots_close(&s->slots);
    arena_free(&s->arena);
    free(s);
}

const upgrade_step upgrade_step_1 = {
    .from = 1,
    .tables = tables_1,
    .table_count = sizeof(tables_1) / sizeof(tables_1[0]),
    .next_tables = upgrade_tables_2,
    .next_count = UPGRADE_TABLES_2,
    .begin = begin_1,
    .row = row_1,
    .end = end_1,
    .close = close_1,
};
