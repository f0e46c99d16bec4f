/* Readers: any snapshot, any thread. */
#include "journal/journal_store.h"

#include <string.h>

#include "wire/envelope.h"

static sluis_err day_key_of(keyslots *slots, const leaf *l, uint8_t key[static KEY_LEN])
{
    uint8_t p[HASH_LEN];
    slot_key slot;

    keyslots_period(slots, p, l->klass, l->keep_until);
    sluis_err err = keyslots_find(slots, p, &slot);
    if (!err)
        memcpy(key, slot.key, KEY_LEN);
    wipe(&slot, sizeof(slot));
    return err;
}

/* Leaf and plain (salt | record) of an entry. */
static sluis_err entry_open(store_txn *t, keyslots *slots, uint64_t index, uint8_t raw[static LEAF_LEN],
                            buffer *plain)
{
    uint8_t key[8], day[KEY_LEN];
    bytes stored;
    leaf l;
    sluis_err err = leaf_read(t, index, raw, &l);

    if (err)
        return err;
    put_u64(key, index);
    if ((err = store_get(t, TABLE_RECORD, BYTES_OF(key), &stored)))
        return err;
    if ((err = day_key_of(slots, &l, day)))
        return err;
    err = record_open(plain, day, index, &l, stored);
    wipe(day, sizeof(day));
    return err;
}

static void plain_close(buffer *b)
{
    if (b->p)
        wipe(b->p, b->n);
    buffer_close(b);
}

sluis_err journal_read_record(store_txn *t, keyslots *slots, uint64_t index, arena *a, Sluis__Record **out,
                              uint8_t salt[static SALT_LEN], bytes *raw)
{
    uint8_t leaf_raw[LEAF_LEN];
    ProtobufCMessage *m;
    buffer plain;

    buffer_init(&plain, SALT_LEN + RECORD_MAX);
    sluis_err err = entry_open(t, slots, index, leaf_raw, &plain);
    if (err)
        goto done;
    memcpy(salt, plain.p, SALT_LEN);
    raw->n = plain.n - SALT_LEN;
    raw->p = arena_copy(a, plain.p + SALT_LEN, raw->n);
    if (!raw->p) {
        err = SLUIS_NOMEM;
        goto done;
    }
    if (wire_unpack(&m, &sluis__record__descriptor, a, *raw, NULL))
        err = SLUIS_CORRUPT;
    else
        *out = (Sluis__Record *)m;
done:
    plain_close(&plain);
    return err;
}

/* Path and leaf of an entry in the tree of this size, checked against its root. */
static sluis_err prove_entry(store_txn *t, upper_nodes *upper, uint64_t index, uint64_t size,
                             const uint8_t root[static HASH_LEN], uint8_t raw[static LEAF_LEN],
                             uint8_t (*path)[HASH_LEN], size_t *n)
{
    uint8_t hash[HASH_LEN];
    stored_tree st = {.t = t, .size = size, .upper = upper};
    tree_source src = stored_tree_source(&st);
    tree_tail tail;
    leaf l;
    sluis_err err;

    if (index >= size)
        return SLUIS_NOT_FOUND;
    if ((err = leaf_read(t, index, raw, &l)) || (err = tail_at(&tail, &st)) ||
        (err = tree_path(path, n, &tail, index, &src)))
        return err;
    merkle_leaf(hash, raw, LEAF_LEN);
    return merkle_verify_inclusion(TREE_JOURNAL, hash, index, size, (const uint8_t(*)[HASH_LEN])path, *n,
                                   root)
               ? SLUIS_CORRUPT
               : SLUIS_OK;
}

static sluis_err receipt_of(store_txn *t, keyslots *slots, upper_nodes *upper, uint64_t index, uint64_t size,
                            const uint8_t root[static HASH_LEN], bytes note, buffer *out)
{
    uint8_t raw[LEAF_LEN], path[MERKLE_MAX_PATH][HASH_LEN];
    buffer plain;
    size_t n;
    sluis_err err = prove_entry(t, upper, index, size, root, raw, path, &n);

    buffer_init(&plain, SALT_LEN + RECORD_MAX);
    if (!err && !(err = entry_open(t, slots, index, raw, &plain)))
        err = receipt_pack(out, raw, index, plain.p, BYTES(plain.p + SALT_LEN, plain.n - SALT_LEN),
                           (const uint8_t(*)[HASH_LEN])path, n, note);
    plain_close(&plain);
    return err;
}

sluis_err journal_proof_under(store_txn *t, upper_nodes *upper, uint64_t index, const checkpoint *cp,
                              bytes note, buffer *out)
{
    uint8_t raw[LEAF_LEN], path[MERKLE_MAX_PATH][HASH_LEN];
    size_t n;
    sluis_err err = prove_entry(t, upper, index, cp->size, cp->root, raw, path, &n);

    return err ? err
               : receipt_pack(out, raw, index, NULL, (bytes){NULL, 0}, (const uint8_t(*)[HASH_LEN])path, n,
                              note);
}

/* The snapshot's own checkpoint, as it says of itself; note is its text. */
static sluis_err own_checkpoint(store_txn *t, checkpoint *cp, bytes *note)
{
    sluis_err err = store_get(t, TABLE_META, bytes_str(META_JOURNAL), note);

    if (err)
        return err;
    return checkpoint_read(cp, (const char *)note->p, note->n, NULL) || cp->size == 0 ? SLUIS_CORRUPT
                                                                                      : SLUIS_OK;
}

sluis_err journal_receipt_at(store_txn *t, keyslots *slots, upper_nodes *upper, uint64_t index, buffer *out)
{
    checkpoint cp = {0};
    bytes note;
    sluis_err err = own_checkpoint(t, &cp, &note);

    return err ? err : receipt_of(t, slots, upper, index, cp.size, cp.root, note, out);
}

sluis_err journal_receipt_under(store_txn *t, keyslots *slots, uint64_t index, const checkpoint *cp,
                                bytes note, buffer *out)
{
    checkpoint newest = {0};
    bytes own;
    sluis_err err = own_checkpoint(t, &newest, &own);

    if (err)
        return err;
    return cp->size > newest.size ? SLUIS_CORRUPT
                                  : receipt_of(t, slots, NULL, index, cp->size, cp->root, note, out);
}

sluis_err journal_consistency(store_txn *t, uint64_t old, uint64_t new, uint8_t (*path)[HASH_LEN],
                              size_t *len)
{
    checkpoint cp = {0};
    stored_tree st = {.t = t, .size = new}, st_before = {.t = t, .size = old};
    tree_source src = stored_tree_source(&st), src_before = stored_tree_source(&st_before);
    tree_tail tail, before;
    bytes note;
    sluis_err err = own_checkpoint(t, &cp, &note);

    if (err)
        return err;
    if (old == 0 || old > new || new > cp.size)
        return SLUIS_INVALID;
    if ((err = tree_tail_of(&tail, new, &src)) || (err = tree_consistency(path, len, &tail, old, &src)) ||
        (err = tree_tail_of(&before, old, &src_before)))
        return err;
    const uint8_t *root = new == cp.size ? cp.root : tail.hash[tail.height];
    const uint8_t *from = before.hash[before.height], (*made)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])path;
    return merkle_verify_consistency(old, new, from, root, made, *len) ? SLUIS_CORRUPT : SLUIS_OK;
}

sluis_err journal_prove(store_txn *t, uint64_t old, buffer *out, uint64_t *size)
{
    uint8_t path[CONSISTENCY_MAX][HASH_LEN];
    checkpoint cp = {0};
    char line[4 * ((HASH_LEN + 2) / 3) + 1];
    size_t len = 0;
    bytes note;
    sluis_err err = own_checkpoint(t, &cp, &note);

    if (!err && old)
        err = journal_consistency(t, old, cp.size, path, &len);
    if (err)
        return err;
    *size = cp.size;
    buffer_printf(out, "old %llu\n", (unsigned long long)old);
    for (size_t i = 0; i < len; i++) {
        base64_encode(line, sizeof(line), path[i], HASH_LEN);
        buffer_printf(out, "%s\n", line);
    }
    buffer_add(out, "\n", 1);
    buffer_add(out, note.p, note.n);
    return out->err;
}

sluis_err journal_holds(store_txn *t, const checkpoint *cp)
{
    checkpoint newest = {0};
    stored_tree st = {.t = t, .size = cp->size};
    tree_source src = stored_tree_source(&st);
    tree_tail tail;
    bytes note;
    sluis_err err = own_checkpoint(t, &newest, &note);

    if (err)
        return err;
    if (cp->size > newest.size)
        return SLUIS_NOT_FOUND;
    if (cp->size == 0 || (err = tree_tail_of(&tail, cp->size, &src)))
        return SLUIS_CORRUPT;
    return memcmp(tail.hash[tail.height], cp->root, HASH_LEN) ? SLUIS_CORRUPT : SLUIS_OK;
}

sluis_err journal_bundle(store_txn *t, uint64_t tile, size_t n, uint8_t out[static JOURNAL_BUNDLE])
{
    sluis_err err = SLUIS_OK;
    leaf l;

    for (size_t i = 0; !err && i < n && i < JOURNAL_TILE; i++, out += 2 + LEAF_LEN) {
        put_u16(out, LEAF_LEN);
        err = leaf_read(t, tile * JOURNAL_TILE + i, out + 2, &l);
    }
    return err;
}

sluis_err journal_tile(store_txn *t, uint64_t size, unsigned level, uint64_t tile,
                       uint8_t (*hashes)[HASH_LEN], size_t *n)
{
    uint64_t entries = level < TILE_LEVELS ? size >> (8 * level) : 0;
    stored_tree st = {.t = t, .size = size};
    tree_source src = stored_tree_source(&st);
    sluis_err err = SLUIS_OK;

    if (tile >= entries / TILE_HASHES + (entries % TILE_HASHES != 0))
        return SLUIS_NOT_FOUND;
    uint64_t first = tile * TILE_HASHES;
    *n = entries - first < TILE_HASHES ? (size_t)(entries - first) : TILE_HASHES;
    for (size_t i = 0; !err && i < *n; i++)
        err = src.node(src.ctx, 8 * level, first + i, hashes[i]);
    return err;
}

sluis_err journal_checkpoint_at(store_txn *t, char *note, size_t cap, size_t *n)
{
    bytes value;
    sluis_err err = store_get(t, TABLE_META, bytes_str(META_JOURNAL), &value);

    if (err)
        return err;
    if (value.n > cap)
        return SLUIS_TOO_BIG;
    memcpy(note, value.p, value.n);
    *n = value.n;
    return SLUIS_OK;
}

sluis_err journal_trace(store_txn *t, const uint8_t transaction[static UUID_LEN], uint64_t *out, size_t cap,
                        size_t *n)
{
    bytes prefix = BYTES(transaction, UUID_LEN), key, value;
    store_cursor *c = NULL;
    sluis_err err = store_cursor_open(t, TABLE_TXINDEX, prefix, prefix, &c);

    *n = 0;
    while (!err && *n < cap && !(err = store_cursor_next(c, &key, &value))) {
        if (key.n == TXINDEX_LEN)
            out[(*n)++] = get_u64(key.p + UUID_LEN);
        else
            err = SLUIS_CORRUPT;
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* ---- retention ---- */

sluis_err journal_expire(store_txn *t, keyslots *slots, uint32_t today, uint64_t from, uint64_t max,
                         uint64_t *next, uint64_t *removed)
{
    uint8_t key[8], tx[TXINDEX_LEN];
    uint64_t index = from;
    arena *a = arena_new(RECORD_ARENA);
    sluis_err err = a ? SLUIS_OK : SLUIS_NOMEM;

    *removed = 0;
    for (; !err && index - from < max; index++) {
        uint8_t raw[LEAF_LEN], salt[SALT_LEN];
        Sluis__Record *r;
        bytes packed;
        leaf l;
        if ((err = leaf_read(t, index, raw, &l)))
            break;
        if (l.keep_until >= today || l.keep_until == KEEP_ALWAYS)
            continue;
        arena_reset(a);
        put_u64(key, index);
        err = journal_read_record(t, slots, index, a, &r, salt, &packed);
        if (!err && r->transaction.len == UUID_LEN) {
            txindex_key(tx, r->transaction.data, index);
            err = store_delete(t, TABLE_TXINDEX, BYTES_OF(tx));
        }
        if (!err || err == SLUIS_NOT_FOUND)
            err = store_delete(t, TABLE_RECORD, BYTES_OF(key));
        if (!err)
            ++*removed;
        else if (err == SLUIS_NOT_FOUND)
            err = SLUIS_OK;
        else
            break;
    }
    *next = index;
    arena_free(&a);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err journal_terms(store_txn *t, uint64_t from, uint64_t to, journal_term each, void *ctx,
                        uint64_t *next)
{
    uint8_t raw[LEAF_LEN];
    sluis_err err = SLUIS_OK;
    leaf l;

    for (*next = from; *next < to && !(err = leaf_read(t, *next, raw, &l)); ++*next)
        each(ctx, *next, l.klass, l.keep_until);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}
