/* The verifier: one pass over LEAF and RECORD together, the tree grown beside it, and each tile compared at
 * the moment it is complete; then what must not be there. One snapshot: it runs on a copy or an idle store.
 */
#include "journal/journal_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

#define PROGRESS_EVERY 8192

/* Indexes, ascending. */
typedef struct {
    uint64_t *at;
    size_t n, cap;
} index_list;

/* The last day key used: entries come in order of time, so most days are next to each other. */
typedef struct {
    bool known;
    uint8_t klass;
    uint32_t day;
    sluis_err err; /* of looking it up */
    slot_key slot;
} cached_day;

#define DAYS_CACHED 16

typedef struct {
    store_txn *t;
    keyslots *slots;
    uint32_t today;
    checkpoint cp;
    edge *edge;
    store_cursor *leaves, *records;
    bytes record_key, record_value; /* the record the cursor stands on; key.n = 0: none left */
    buffer plain, tile;
    arena *arena;
    cached_day *days;
    index_list gone;    /* entries without a readable record */
    index_list unnamed; /* of these, before their day: a later R_FORGOTTEN must name them */
    uint64_t tx_rows;   /* of entries whose record was read */
    journal_report *out;
    sluis_fail *f;
} verifier;

static sluis_err bad(verifier *v, sluis_err err, const char *what, uint64_t index, const char *text)
{
    char where[64];

    snprintf(where, sizeof(where), "%s %llu", what, (unsigned long long)index);
    return fail_set(v->f, err, where, "%s", text);
}

static sluis_err bad_entry(verifier *v, uint64_t index, const char *text)
{
    return bad(v, SLUIS_CORRUPT, "entry", index, text);
}

static sluis_err bad_tile(verifier *v, unsigned level, uint64_t tile, const char *text)
{
    char where[64];

    snprintf(where, sizeof(where), "tile %u/%llu", level, (unsigned long long)tile);
    return fail_set(v->f, SLUIS_CORRUPT, where, "%s", text);
}

static sluis_err list_add(index_list *l, uint64_t index)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        uint64_t *more = realloc(l->at, cap * sizeof(*more));
        if (!more)
            return SLUIS_NOMEM;
        l->at = more;
        l->cap = cap;
    }
    l->at[l->n++] = index;
    return SLUIS_OK;
}

/* Where index stands in the list, or n. */
static size_t list_find(const index_list *l, uint64_t index)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->at[mid] < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->n && l->at[low] == index ? low : l->n;
}

/* ---- checkpoint ---- */

static sluis_err open_checkpoint(verifier *v, const char *name, const uint8_t *pk)
{
    uint64_t number;
    bytes note;
    sluis_err err = store_get(v->t, TABLE_META, bytes_str(META_JOURNAL), &note);

    if (err == SLUIS_NOT_FOUND) {
        static const gateway_table tables[] = {TABLE_LEAF, TABLE_RECORD, TABLE_TILE, TABLE_TXINDEX};
        uint64_t n = 0, rows = 0;
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
            if ((err = store_count(v->t, tables[i], &n)) && err != SLUIS_NOT_FOUND)
                return fail_set(v->f, err, "checkpoint", "the store cannot be read");
            rows += n;
        }
        return rows ? fail_set(v->f, SLUIS_CORRUPT, "checkpoint", "is missing, and there are entries")
                    : SLUIS_OK;
    }
    if (err)
        return fail_set(v->f, err, "checkpoint", "cannot be read");
    if ((err = checkpoint_open(&v->cp, (const char *)note.p, note.n, name, pk, v->f)))
        return err;
    if (!origin_number(v->cp.origin, name, &number) || v->cp.size == 0)
        return fail_set(v->f, SLUIS_CORRUPT, "checkpoint", "is of another log: %s", v->cp.origin);
    return SLUIS_OK;
}

/* ---- records ---- */

static sluis_err next_record(verifier *v)
{
    sluis_err err = store_cursor_next(v->records, &v->record_key, &v->record_value);

    if (err == SLUIS_NOT_FOUND) {
        v->record_key.n = 0;
        return SLUIS_OK;
    }
    if (err)
        return fail_set(v->f, err, "record", "the store cannot be read");
    if (v->record_key.n != 8)
        return fail_set(v->f, SLUIS_CORRUPT, "record", "has a key of %zu bytes", v->record_key.n);
    return SLUIS_OK;
}

static cached_day *day_of(verifier *v, const leaf *l)
{
    cached_day *d = &v->days[(l->klass + l->keep_until * 7u) % DAYS_CACHED];
    uint8_t p[HASH_LEN];

    if (!d->known || d->klass != l->klass || d->day != l->keep_until) {
        *d = (cached_day){.known = true, .klass = l->klass, .day = l->keep_until};
        keyslots_period(v->slots, p, l->klass, l->keep_until);
        d->err = keyslots_find(v->slots, p, &d->slot);
    }
    return d;
}

static sluis_err missing(verifier *v, uint64_t index, const leaf *l)
{
    sluis_err err = list_add(&v->gone, index);

    v->out->erased++;
    if (!err && (l->keep_until == KEEP_ALWAYS || l->keep_until >= v->today))
        err = list_add(&v->unnamed, index);
    return err ? bad(v, err, "entry", index, "out of memory") : SLUIS_OK;
}

/* A later entry that names what was forgotten. */
static void forgotten(verifier *v, uint64_t index, const Sluis__Record *r)
{
    for (size_t i = 0; i < r->n_forgotten; i++) {
        size_t at = r->forgotten[i] < index ? list_find(&v->unnamed, r->forgotten[i]) : v->unnamed.n;
        if (at < v->unnamed.n) {
            v->unnamed.n--;
            memmove(v->unnamed.at + at, v->unnamed.at + at + 1, (v->unnamed.n - at) * sizeof(uint64_t));
        }
    }
}

static sluis_err check_txindex(verifier *v, uint64_t index, const Sluis__Record *r)
{
    uint8_t key[TXINDEX_LEN];
    bytes value;

    if (r->transaction.len == 0)
        return SLUIS_OK;
    if (r->transaction.len != UUID_LEN)
        return bad_entry(v, index, "its record names a transaction that is not 16 bytes");
    txindex_key(key, r->transaction.data, index);
    sluis_err err = rows_get_bytes(v->t, keyslots_rows(v->slots), TABLE_TXINDEX, BYTES_OF(key), &value);
    if (err == SLUIS_NOT_FOUND)
        return bad_entry(v, index, "is not in the index of its transaction");
    if (err || value.n)
        return bad(v, err ? err : SLUIS_CORRUPT, "entry", index,
                   "its row in the transaction index was changed");
    v->tx_rows++;
    return SLUIS_OK;
}

static sluis_err check_record(verifier *v, uint64_t index, const leaf *l)
{
    ProtobufCMessage *m;
    sluis_err err;

    if (v->record_key.n == 0 || get_u64(v->record_key.p) != index)
        return missing(v, index, l);
    cached_day *d = day_of(v, l);
    if (d->err == SLUIS_NOT_FOUND) {
        err = missing(v, index, l);
    } else if (d->err) {
        err = bad(v, d->err, "entry", index, "the slot of its day key is damaged or cannot be read");
    } else if ((err = record_open(&v->plain, d->slot.key, index, l, v->record_value))) {
        err = bad(v, err, "entry", index,
                  "its record fails its seal or the leaf's commitment: bytes were changed");
    } else {
        arena_reset(v->arena);
        bytes record = BYTES(v->plain.p + SALT_LEN, v->plain.n - SALT_LEN);
        if (wire_unpack(&m, &sluis__record__descriptor, v->arena, record, NULL))
            return bad_entry(v, index, "its record is not of a form that this program knows");
        const Sluis__Record *r = (const Sluis__Record *)m;
        if (r->type == SLUIS__RECORD_TYPE__R_FORGOTTEN)
            forgotten(v, index, r);
        v->out->records++;
        err = check_txindex(v, index, r);
    }
    return err ? err : next_record(v);
}

/* ---- the tree ---- */

static sluis_err check_tile(verifier *v, unsigned level)
{
    uint8_t key[TILE_KEY_LEN];
    bytes value;
    edge_part p = edge_tile(v->edge, level);
    uint64_t tile = p.tile;

    tile_key(key, level, tile);
    sluis_err err = store_get(v->t, TABLE_TILE, BYTES_OF(key), &value);
    if (err == SLUIS_NOT_FOUND)
        return bad_tile(v, level, tile, "is missing");
    if (err)
        return fail_set(v->f, err, "tiles", "the store cannot be read");
    buffer_clear(&v->tile);
    tile_write(&v->tile, &p);
    if (v->tile.err || !bytes_equal(value, buffer_bytes(&v->tile)))
        return bad_tile(v, level, tile, "differs from the entries below it: it, or an entry, was changed");
    v->out->tiles++;
    return SLUIS_OK;
}

static sluis_err check_leaf(verifier *v, uint64_t index)
{
    uint8_t hash[HASH_LEN];
    unsigned touched;
    bytes key, value;
    leaf l;
    sluis_err err = store_cursor_next(v->leaves, &key, &value);

    if (err && err != SLUIS_NOT_FOUND)
        return bad(v, err, "entry", index, "the store cannot be read");
    if (err || key.n != 8 || get_u64(key.p) != index)
        return bad_entry(v, index, "its leaf is missing");
    if (value.n != LEAF_LEN || leaf_decode(&l, value.p))
        return bad_entry(v, index, "its leaf is malformed");
    merkle_leaf(hash, value.p, LEAF_LEN);
    edge_mark(v->edge);
    if ((err = edge_append(v->edge, hash, &touched)))
        return bad(v, err, "entry", index, "out of memory");
    if (v->slots && (err = check_record(v, index, &l)))
        return err;
    /* A tile above level 0 that is not full is overwritten later: only its last state is stored. */
    for (unsigned level = 0; !err && level < touched; level++)
        if (level == 0 || ((index + 1) >> (8 * level)) % TILE_HASHES == 0)
            err = check_tile(v, level);
    return err;
}

static sluis_err check_root(verifier *v)
{
    tree_source src = edge_source(v->edge);
    tree_tail tail;
    sluis_err err = SLUIS_OK;

    for (unsigned level = 1; !err && level < TILE_LEVELS && v->cp.size >> (8 * level); level++)
        if ((v->cp.size >> (8 * level)) % TILE_HASHES)
            err = check_tile(v, level);
    if (err)
        return err;
    if ((err = tree_tail_of(&tail, v->cp.size, &src)))
        return fail_set(v->f, SLUIS_INTERNAL, "checkpoint", "the tree in memory is incomplete");
    memcpy(v->out->root, tail.hash[tail.height], HASH_LEN);
    if (memcmp(v->out->root, v->cp.root, HASH_LEN))
        return fail_set(v->f, SLUIS_CORRUPT, "checkpoint",
                        "its root differs from that of the entries: one of the last %u entries was changed",
                        (unsigned)(v->cp.size % TILE_HASHES));
    if ((err = tail_check(v->t, &tail)))
        return fail_set(v->f, err, "checkpoint",
                        "the stored end of its tree differs from that of the entries");
    return SLUIS_OK;
}

/* ---- what must not be there ---- */

static sluis_err no_more_leaves(verifier *v)
{
    bytes key, value;
    sluis_err err = store_cursor_next(v->leaves, &key, &value);

    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (err)
        return fail_set(v->f, err, "leaf", "the store cannot be read");
    return key.n == 8 ? bad_entry(v, get_u64(key.p), "lies beyond the checkpoint")
                      : fail_set(v->f, SLUIS_CORRUPT, "leaf", "has a key of %zu bytes", key.n);
}

static sluis_err no_more_tiles(verifier *v)
{
    bytes key, value, none = {NULL, 0};
    store_cursor *c = NULL;
    sluis_err err = store_cursor_open(v->t, TABLE_TILE, none, none, &c);

    while (!err && !(err = store_cursor_next(c, &key, &value))) {
        if (key.n != TILE_KEY_LEN) {
            err = fail_set(v->f, SLUIS_CORRUPT, "tiles", "a row has a key of %zu bytes", key.n);
            break;
        }
        unsigned level = key.p[0];
        uint64_t tile = get_u64(key.p + 1);
        uint64_t entries = level < TILE_LEVELS ? v->cp.size >> (8 * level) : 0;
        uint64_t tiles = entries / TILE_HASHES + (level > 0 && entries % TILE_HASHES != 0);
        if (tile >= tiles)
            err = bad_tile(v, level, tile, "belongs to no entry");
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* A row of the transaction index that no record accounts for. name: find it by reading its record. */
static sluis_err txindex_row(verifier *v, bytes key, bytes value, bool name, uint64_t *rows)
{
    uint8_t salt[SALT_LEN];
    Sluis__Record *r;
    bytes raw, inner;

    if (key.n != TXINDEX_LEN || get_u64(key.p + UUID_LEN) >= v->cp.size)
        return fail_set(v->f, SLUIS_CORRUPT, "txindex", "a row belongs to no entry");
    uint64_t index = get_u64(key.p + UUID_LEN);
    if (row_check_open(&inner, keyslots_rows(v->slots), TABLE_TXINDEX, key, value))
        return bad_entry(v, index, "its row in the transaction index was changed");
    if (list_find(&v->gone, index) < v->gone.n)
        return SLUIS_OK;
    ++*rows;
    if (!name)
        return SLUIS_OK;
    arena_reset(v->arena);
    sluis_err err = journal_read_record(v->t, v->slots, index, v->arena, &r, salt, &raw);
    if (err)
        return bad(v, err, "entry", index, "its record cannot be read again");
    if (!bytes_equal(BYTES(r->transaction.data, r->transaction.len), BYTES(key.p, UUID_LEN)))
        return bad_entry(v, index, "stands in the index of a transaction that is not its own");
    return SLUIS_OK;
}

static sluis_err no_more_txindex(verifier *v, bool name)
{
    bytes key, value, none = {NULL, 0};
    store_cursor *c = NULL;
    uint64_t rows = 0;
    sluis_err err = store_cursor_open(v->t, TABLE_TXINDEX, none, none, &c);

    while (!err && !(err = store_cursor_next(c, &key, &value)))
        err = txindex_row(v, key, value, name, &rows);
    store_cursor_close(&c);
    if (err && err != SLUIS_NOT_FOUND)
        return fail_set(v->f, err, "txindex", "the store cannot be read");
    return rows == v->tx_rows || name ? SLUIS_OK : no_more_txindex(v, true);
}

static sluis_err check_rest(verifier *v)
{
    sluis_err err = no_more_leaves(v);

    if (!err)
        err = no_more_tiles(v);
    if (err || !v->slots)
        return err;
    if (v->record_key.n)
        return bad(v, SLUIS_CORRUPT, "record", get_u64(v->record_key.p), "lies beyond the checkpoint");
    if (v->unnamed.n)
        return bad_entry(
            v, v->unnamed.at[0],
            "its record is missing before its keep-until day, and no later entry says it was forgotten");
    return no_more_txindex(v, false);
}

/* ---- all of it ---- */

static sluis_err verifier_open(verifier *v, store *s)
{
    bytes none = {NULL, 0};
    sluis_err err = store_begin_read(s, &v->t);

    buffer_init(&v->plain, SALT_LEN + RECORD_MAX);
    buffer_init(&v->tile, 2 * TILE_HASHES * HASH_LEN);
    if (!err)
        err = edge_new(&v->edge);
    if (!err)
        err = store_cursor_open(v->t, TABLE_LEAF, none, none, &v->leaves);
    if (!err)
        err = store_cursor_open(v->t, TABLE_RECORD, none, none, &v->records);
    if (err)
        return fail_set(v->f, err, "journal", "the store cannot be read");
    v->arena = arena_new(RECORD_ARENA);
    v->days = secret_alloc(DAYS_CACHED * sizeof(cached_day));
    if (!v->arena || !v->days)
        return fail_set(v->f, SLUIS_NOMEM, "journal", "out of memory, or no locked memory left");
    memset(v->days, 0, DAYS_CACHED * sizeof(cached_day));
    return SLUIS_OK;
}

static void verifier_close(verifier *v)
{
    secret_free(v->days);
    arena_free(&v->arena);
    if (v->plain.p)
        wipe(v->plain.p, v->plain.n);
    buffer_close(&v->plain);
    buffer_close(&v->tile);
    free(v->gone.at);
    free(v->unnamed.at);
    store_cursor_close(&v->records);
    store_cursor_close(&v->leaves);
    edge_free(&v->edge);
    store_abort(&v->t);
}

sluis_err journal_verify(store *s, keyslots *slots, const char *name, const uint8_t log_pk[static PK_LEN],
                         uint32_t today, journal_progress progress, void *ctx, journal_report *out,
                         sluis_fail *f)
{
    verifier v = {.slots = slots, .today = today, .out = out, .f = f};
    sluis_err err;

    memset(out, 0, sizeof(*out));
    if ((err = verifier_open(&v, s)) || (err = open_checkpoint(&v, name, log_pk)) || v.cp.size == 0)
        goto done;
    if (slots && (err = next_record(&v)))
        goto done;
    for (uint64_t i = 0; i < v.cp.size; i++) {
        if ((err = check_leaf(&v, i)))
            goto done;
        out->entries++;
        if (progress && i % PROGRESS_EVERY == 0)
            progress(ctx, i, v.cp.size);
    }
    if ((err = check_root(&v)))
        goto done;
    err = check_rest(&v);
done:
    verifier_close(&v);
    return err;
}
