/* What must not be there: rows beyond the checkpoint, tiles of no entry, index rows of no record. */
#include "journal/verifier.h"

#include "wire/envelope.h"

static sluis_err no_more_leaves(verifier *v)
{
    bytes key, value;
    sluis_err err = store_cursor_next(v->leaves, &key, &value);

    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (err)
        return fail_set(v->f, err, "leaf", "the store cannot be read");
    return key.n == 8 ? verifier_bad_entry(v, get_u64(key.p), "lies beyond the checkpoint")
                      : fail_set(v->f, SLUIS_CORRUPT, "leaf", "has a key of %zu bytes", key.n);
}

static sluis_err no_more_records(verifier *v)
{
    uint8_t from[8];
    bytes key, value, none = {NULL, 0};
    store_cursor *c = NULL;

    put_u64(from, v->cp.size);
    sluis_err err = store_cursor_open(v->t, TABLE_RECORD, BYTES_OF(from), none, &c);
    if (!err)
        err = store_cursor_next(c, &key, &value);
    store_cursor_close(&c);
    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (err)
        return fail_set(v->f, err, "record", "the store cannot be read");
    return key.n == 8 ? verifier_bad(v, SLUIS_CORRUPT, "record", get_u64(key.p), "lies beyond the checkpoint")
                      : fail_set(v->f, SLUIS_CORRUPT, "record", "has a key of %zu bytes", key.n);
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
            err = verifier_bad_tile(v, level, tile, "belongs to no entry");
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
        return verifier_bad_entry(v, index, "its row in the transaction index was changed");
    if (index_list_find(&v->gone, index) < v->gone.n)
        return SLUIS_OK;
    ++*rows;
    if (!name)
        return SLUIS_OK;
    arena_reset(v->arena);
    sluis_err err = journal_read_record(v->t, v->slots, index, v->arena, &r, salt, &raw);
    if (err)
        return verifier_bad(v, err, "entry", index, "its record cannot be read again");
    if (!bytes_equal(BYTES(r->transaction.data, r->transaction.len), BYTES(key.p, UUID_LEN)))
        return verifier_bad_entry(v, index, "stands in the index of a transaction that is not its own");
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

sluis_err verify_rest(verifier *v)
{
    sluis_err err = no_more_leaves(v);

    if (!err)
        err = no_more_tiles(v);
    if (err || !v->slots)
        return err;
    if ((err = no_more_records(v)))
        return err;
    if (v->unnamed.n)
        return verifier_bad_entry(
            v, v->unnamed.at[0],
            "its record is missing before its keep-until day, and no later entry says it was forgotten");
    return no_more_txindex(v, false);
}
