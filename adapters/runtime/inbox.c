#include "runtime/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

#define ROW_MAX    (4u << 20)
#define WALK_ARENA (2 * ROW_MAX + (64u << 10)) /* a row, sealed no more, and unpacked beside it */
#define SWEEP_MAX  256
#define MAP_FACTOR 2 /* address space a byte of quota: room for the reserve beyond it */
#define READERS    8

enum { TABLE_INBOX, TABLE_BYHASH, TABLE_SENT, TABLE_DISCLOSURE, TABLES };
static const store_table tables[TABLES] = {
    {.name = "inbox"}, {.name = "byhash"}, {.name = "sent"}, {.name = "disclosure"}};

struct inbox {
    store *store;
    const uint8_t *key;
};

sluis_err inbox_open(inbox **out, const inbox_options *o, sluis_fail *f)
{
    const store_options so = {.path = o->path,
                              .tables = tables,
                              .table_count = TABLES,
                              .format = INBOX_STORE_FORMAT,
                              .format_version = INBOX_STORE_VERSION,
                              .map_bytes = MAP_FACTOR * o->quota_bytes,
                              .quota_bytes = o->quota_bytes,
                              .max_readers = READERS};
    inbox *b = calloc(1, sizeof *b);
    *out = NULL;
    if (!b)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    b->key = o->key;
    sluis_err err = o->path ? store_open_lmdb(&b->store, &so, f) : store_open_memory(&b->store, &so, f);
    if (err) {
        free(b);
        return err;
    }
    *out = b;
    return SLUIS_OK;
}

void inbox_close(inbox **b)
{
    if (!*b)
        return;
    store_close(&(*b)->store);
    free(*b);
    *b = NULL;
}

bool inbox_state_is(const Sluis__InboxRow *row, const char *state)
{
    return strcmp(row->state, state) == 0;
}

/* ---- sealed rows ---- */
static size_t associated(uint8_t out[static 64], uint8_t table, bytes key)
{
    out[0] = table;
    memcpy(out + 1, key.p, key.n);
    return 1 + key.n;
}

static sluis_err put_sealed(inbox *b, store_txn *t, uint8_t table, bytes key, const ProtobufCMessage *m)
{
    uint8_t ad[64];
    buffer plain;
    buffer_init(&plain, ROW_MAX);
    sluis_err err = wire_pack(&plain, m);
    uint8_t *sealed = err ? NULL : malloc(NONCE_LEN + plain.n + TAG_LEN);
    if (!err && !sealed)
        err = SLUIS_NOMEM;
    if (!err) {
        random_bytes(sealed, NONCE_LEN);
        ae_seal(sealed + NONCE_LEN, b->key, sealed, BYTES(ad, associated(ad, table, key)),
                buffer_bytes(&plain));
        err = store_put(t, table, key, BYTES(sealed, NONCE_LEN + plain.n + TAG_LEN));
    }
    buffer_close(&plain);
    free(sealed);
    return err;
}

static sluis_err open_sealed(inbox *b, uint8_t table, bytes key, bytes sealed,
                             const ProtobufCMessageDescriptor *d, arena *a, ProtobufCMessage **out)
{
    uint8_t ad[64];
    if (sealed.n < NONCE_LEN + TAG_LEN)
        return SLUIS_CORRUPT;
    size_t n = sealed.n - NONCE_LEN - TAG_LEN;
    uint8_t *plain = arena_alloc(a, n + 1);
    if (!plain)
        return SLUIS_NOMEM;
    if (ae_open(plain, b->key, sealed.p, BYTES(ad, associated(ad, table, key)),
                BYTES(sealed.p + NONCE_LEN, n + TAG_LEN)))
        return SLUIS_CORRUPT;
    return wire_unpack(out, d, a, BYTES(plain, n), NULL) ? SLUIS_CORRUPT : SLUIS_OK;
}

static sluis_err get_row(inbox *b, store_txn *t, bytes key, arena *a, Sluis__InboxRow **row)
{
    bytes sealed;
    sluis_err err = store_get(t, TABLE_INBOX, key, &sealed);
    return err ? err
               : open_sealed(b, TABLE_INBOX, key, sealed, &sluis__inbox_row__descriptor, a,
                             (ProtobufCMessage **)row);
}

/* ---- requests ---- */
static ProtobufCBinaryData binary(bytes b)
{
    return (ProtobufCBinaryData){b.n, (uint8_t *)(uintptr_t)b.p};
}

static sluis_err add_one(inbox *b, store_txn *t, inbox_arrival *v)
{
    char state[] = STATE_NEW;
    bytes have;
    Sluis__InboxRow row = SLUIS__INBOX_ROW__INIT;
    sluis_err err = store_get(t, TABLE_BYHASH, BYTES_OF(v->message_hash), &have);
    if (err != SLUIS_NOT_FOUND) {
        v->result = err ? err : SLUIS_DUPLICATE;
        return err;
    }
    err = store_get(t, TABLE_INBOX, BYTES_OF(v->transaction), &have);
    if (err != SLUIS_NOT_FOUND) {
        v->result = err ? err : SLUIS_CONFLICT;
        return err;
    }
    row.envelope = binary(v->envelope);
    row.body = binary(v->body);
    row.receipt = binary(v->receipt);
    row.message_hash = binary(BYTES_OF(v->message_hash));
    row.received = v->received;
    row.expires = v->expires;
    row.seq = v->seq;
    row.state = state;
    v->result = put_sealed(b, t, TABLE_INBOX, BYTES_OF(v->transaction), &row.base);
    if (!v->result)
        v->result = store_put(t, TABLE_BYHASH, BYTES_OF(v->message_hash), BYTES_OF(v->transaction));
    return v->result;
}

sluis_err inbox_add(inbox *b, inbox_arrival *v, size_t n)
{
    store_txn *t;
    sluis_err err = store_begin_write(b->store, &t, false);
    if (err)
        return err;
    for (size_t i = 0; !err && i < n; i++)
        err = add_one(b, t, &v[i]);
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}

sluis_err inbox_get(inbox *b, const uint8_t transaction[static UUID_LEN], arena *a, Sluis__InboxRow **row)
{
    store_txn *t;
    sluis_err err = store_begin_read(b->store, &t);
    if (err)
        return err;
    err = get_row(b, t, BYTES(transaction, UUID_LEN), a, row);
    store_abort(&t);
    return err;
}

sluis_err inbox_put(inbox *b, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row)
{
    store_txn *t;
    sluis_err err = store_begin_write(b->store, &t, true);
    if (err)
        return err;
    err = put_sealed(b, t, TABLE_INBOX, BYTES(transaction, UUID_LEN), &row->base);
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}

/* ---- answers ---- */
static sluis_err answer_one(inbox *b, store_txn *t, const inbox_answer *v)
{
    uint8_t key[8 + UUID_LEN];
    sluis_err err = put_sealed(b, t, TABLE_INBOX, BYTES_OF(v->transaction), &v->row->base);
    if (!err)
        err = store_put(t, TABLE_SENT, BYTES_OF(v->message_id), BYTES_OF(v->transaction));
    if (err || !v->disclosure)
        return err;
    put_u64(key, v->disclosure->when);
    memcpy(key + 8, v->transaction, UUID_LEN);
    return put_sealed(b, t, TABLE_DISCLOSURE, BYTES_OF(key), &v->disclosure->base);
}

sluis_err inbox_answered(inbox *b, const inbox_answer *v, size_t n)
{
    store_txn *t;
    sluis_err err = store_begin_write(b->store, &t, true);
    if (err)
        return err;
    for (size_t i = 0; !err && i < n; i++)
        err = answer_one(b, t, &v[i]);
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}

sluis_err inbox_told(inbox *b, const uint8_t transaction[static UUID_LEN],
                     const uint8_t message_id[static UUID_LEN], const Sluis__InboxRow *row,
                     const Sluis__DisclosureRow *disclosure)
{
    store_txn *t;
    uint8_t key[8 + UUID_LEN];
    sluis_err err = store_begin_write(b->store, &t, true);
    if (err)
        return err;
    err = put_sealed(b, t, TABLE_INBOX, BYTES(transaction, UUID_LEN), &row->base);
    if (!err)
        err = store_put(t, TABLE_SENT, BYTES(message_id, UUID_LEN), BYTES(transaction, UUID_LEN));
    if (!err && disclosure) {
        put_u64(key, disclosure->when);
        memcpy(key + 8, transaction, UUID_LEN);
        err = put_sealed(b, t, TABLE_DISCLOSURE, BYTES_OF(key), &disclosure->base);
    }
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}

/* A row whose value is a transaction. */
static sluis_err transaction_at(inbox *b, unsigned table, bytes key, uint8_t transaction[static UUID_LEN])
{
    store_txn *t;
    bytes v;
    sluis_err err = store_begin_read(b->store, &t);
    if (err)
        return err;
    err = store_get(t, table, key, &v);
    if (!err && v.n != UUID_LEN)
        err = SLUIS_CORRUPT;
    if (!err)
        memcpy(transaction, v.p, UUID_LEN);
    store_abort(&t);
    return err;
}

sluis_err inbox_sent(inbox *b, const uint8_t message_id[static UUID_LEN],
                     uint8_t transaction[static UUID_LEN])
{
    return transaction_at(b, TABLE_SENT, BYTES(message_id, UUID_LEN), transaction);
}

sluis_err inbox_by_hash(inbox *b, const uint8_t hash[static HASH_LEN], uint8_t transaction[static UUID_LEN])
{
    return transaction_at(b, TABLE_BYHASH, BYTES(hash, HASH_LEN), transaction);
}

sluis_err inbox_settle(inbox *b, const uint8_t message_id[static UUID_LEN],
                       const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row)
{
    store_txn *t;
    sluis_err err = store_begin_write(b->store, &t, true);
    if (err)
        return err;
    err = store_delete(t, TABLE_SENT, BYTES(message_id, UUID_LEN));
    if (!err || err == SLUIS_NOT_FOUND)
        err = put_sealed(b, t, TABLE_INBOX, BYTES(transaction, UUID_LEN), &row->base);
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}

/* ---- walking ---- */
static sluis_err walk_in(inbox *b, store_txn *t, inbox_visit visit, void *ctx)
{
    store_cursor *c;
    bytes key, sealed;
    sluis_err err = store_cursor_open(t, TABLE_INBOX, (bytes){0}, (bytes){0}, &c);
    if (err)
        return err;
    while (!(err = store_cursor_next(c, &key, &sealed))) {
        Sluis__InboxRow *row;
        arena *a = arena_new(WALK_ARENA);
        err = !a ? SLUIS_NOMEM : key.n != UUID_LEN ? SLUIS_CORRUPT : SLUIS_OK;
        if (!err)
            err = open_sealed(b, TABLE_INBOX, key, sealed, &sluis__inbox_row__descriptor, a,
                              (ProtobufCMessage **)&row);
        if (!err)
            err = visit(ctx, key.p, row, a);
        arena_free(&a);
        if (err)
            break;
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err inbox_walk(inbox *b, inbox_visit visit, void *ctx)
{
    store_txn *t;
    sluis_err err = store_begin_read(b->store, &t);
    if (err)
        return err;
    err = walk_in(b, t, visit, ctx);
    store_abort(&t);
    return err;
}

sluis_err inbox_disclosures(inbox *b, disclosure_visit visit, void *ctx)
{
    store_txn *t;
    store_cursor *c;
    bytes key, sealed;
    sluis_err err = store_begin_read(b->store, &t);
    if (err)
        return err;
    err = store_cursor_open(t, TABLE_DISCLOSURE, (bytes){0}, (bytes){0}, &c);
    while (!err && !(err = store_cursor_next(c, &key, &sealed))) {
        Sluis__DisclosureRow *row;
        arena *a = arena_new(ROW_MAX);
        err = !a ? SLUIS_NOMEM : key.n != 8 + UUID_LEN ? SLUIS_CORRUPT : SLUIS_OK;
        if (!err)
            err = open_sealed(b, TABLE_DISCLOSURE, key, sealed, &sluis__disclosure_row__descriptor, a,
                              (ProtobufCMessage **)&row);
        if (!err)
            err = visit(ctx, row);
        arena_free(&a);
    }
    store_cursor_close(&c);
    store_abort(&t);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* ---- sweeping ---- */
typedef struct {
    uint64_t now, before;
    struct {
        uint8_t transaction[UUID_LEN], hash[HASH_LEN];
        bool remove;
    } v[SWEEP_MAX];
    size_t n;
} sweep;

static bool finished(const Sluis__InboxRow *row)
{
    static const char *const done[] = {STATE_SENT, STATE_NACKED, STATE_WITHDRAWN, STATE_RETURNED,
                                       STATE_EXPIRED};
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++) {
        if (inbox_state_is(row, done[i]))
            return true;
    }
    return false;
}

static sluis_err sweep_one(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                           arena *a)
{
    sweep *s = ctx;
    (void)a;
    bool remove = finished(row) && row->received < s->before;
    bool expire =
        (inbox_state_is(row, STATE_HELD) || inbox_state_is(row, STATE_NEW)) && row->expires <= s->now;
    if (s->n == SWEEP_MAX || (!remove && !expire) || row->message_hash.len != HASH_LEN)
        return SLUIS_OK;
    memcpy(s->v[s->n].transaction, transaction, UUID_LEN);
    memcpy(s->v[s->n].hash, row->message_hash.data, HASH_LEN);
    s->v[s->n++].remove = remove;
    return SLUIS_OK;
}

static sluis_err expire(inbox *b, store_txn *t, bytes key)
{
    char state[] = STATE_EXPIRED;
    Sluis__InboxRow *row;
    arena *a = arena_new(WALK_ARENA);
    sluis_err err = a ? get_row(b, t, key, a, &row) : SLUIS_NOMEM;
    if (!err) {
        row->state = state;
        err = put_sealed(b, t, TABLE_INBOX, key, &row->base);
    }
    arena_free(&a);
    return err;
}

sluis_err inbox_sweep(inbox *b, uint64_t now, uint64_t before, size_t *n)
{
    store_txn *t;
    sweep s = {.now = now, .before = before};
    sluis_err err = inbox_walk(b, sweep_one, &s);
    *n = s.n;
    if (err || !s.n)
        return err;
    err = store_begin_write(b->store, &t, true);
    if (err)
        return err;
    for (size_t i = 0; !err && i < s.n; i++) {
        if (!s.v[i].remove) {
            err = expire(b, t, BYTES_OF(s.v[i].transaction));
            continue;
        }
        err = store_delete(t, TABLE_INBOX, BYTES_OF(s.v[i].transaction));
        if (!err)
            err = store_delete(t, TABLE_BYHASH, BYTES_OF(s.v[i].hash));
    }
    if (err) {
        store_abort(&t);
        return err;
    }
    return store_commit(&t);
}
