#include "journal/journal_store.h"

#include <stdlib.h>
#include <string.h>

void tile_key(uint8_t out[static TILE_KEY_LEN], unsigned level, uint64_t tile)
{
    out[0] = (uint8_t)level;
    put_u64(out + 1, tile);
}

void txindex_key(uint8_t out[static TXINDEX_LEN], const uint8_t transaction[static UUID_LEN], uint64_t index)
{
    memcpy(out, transaction, UUID_LEN);
    put_u64(out + UUID_LEN, index);
}

sluis_err leaf_read(store_txn *t, uint64_t index, uint8_t raw[static LEAF_LEN], leaf *out)
{
    uint8_t key[8];
    bytes value;

    put_u64(key, index);
    sluis_err err = store_get(t, TABLE_LEAF, BYTES_OF(key), &value);
    if (err)
        return err;
    if (value.n != LEAF_LEN || leaf_decode(out, value.p))
        return SLUIS_CORRUPT;
    memcpy(raw, value.p, LEAF_LEN);
    return SLUIS_OK;
}

/* The root over 2^h entries of a level's tile, from entry begin on. */
static sluis_err node_of_tile(store_txn *t, unsigned level, uint64_t tile, size_t begin, size_t count,
                              uint8_t out[static HASH_LEN])
{
    uint8_t key[TILE_KEY_LEN];
    bytes value;

    tile_key(key, level, tile);
    sluis_err err = store_get(t, TABLE_TILE, BYTES_OF(key), &value);
    if (err)
        return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
    if (value.n < (begin + count) * HASH_LEN)
        return SLUIS_CORRUPT;
    merkle_root(TREE_JOURNAL, out, (const uint8_t(*)[HASH_LEN])(value.p + begin * HASH_LEN), count);
    return SLUIS_OK;
}

/* The same for the last tile of level 0, which is not stored until it is full. */
static sluis_err node_of_leaves(store_txn *t, uint64_t first, size_t count, uint8_t out[static HASH_LEN])
{
    uint8_t hash[TILE_HASHES][HASH_LEN], key[8];
    bytes value;

    for (size_t i = 0; i < count; i++) {
        put_u64(key, first + i);
        sluis_err err = store_get(t, TABLE_LEAF, BYTES_OF(key), &value);
        if (err)
            return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
        merkle_leaf(hash[i], value.p, value.n);
    }
    merkle_root(TREE_JOURNAL, out, (const uint8_t(*)[HASH_LEN])hash, count);
    return SLUIS_OK;
}

static sluis_err stored_node(void *ctx, unsigned height, uint64_t index, uint8_t out[static HASH_LEN])
{
    stored_tree *s = ctx;
    unsigned level = height / 8, h = height % 8;
    uint64_t tile = index >> (8 - h);
    size_t begin = (size_t)((index << h) & (TILE_HASHES - 1)), count = (size_t)1 << h;

    if (level == 0 && tile == s->size / TILE_HASHES)
        return node_of_leaves(s->t, index << h, count, out);
    return node_of_tile(s->t, level, tile, begin, count, out);
}

tree_source stored_tree_source(stored_tree *s)
{
    return (tree_source){.node = stored_node, .ctx = s};
}

sluis_err record_open(buffer *plain, const uint8_t key[static KEY_LEN], uint64_t index, const leaf *l,
                      bytes stored)
{
    uint8_t ad[8], commitment[HASH_LEN], out[512];
    uint8_t *p = out;

    if (stored.n < NONCE_LEN + TAG_LEN + SALT_LEN || stored.n > NONCE_LEN + TAG_LEN + SALT_LEN + RECORD_MAX)
        return SLUIS_CORRUPT;
    size_t n = stored.n - NONCE_LEN - TAG_LEN;
    if (n > sizeof(out) && !(p = malloc(n)))
        return SLUIS_NOMEM;
    put_u64(ad, index);
    sluis_err err = ae_open(p, key, stored.p, BYTES_OF(ad), BYTES(stored.p + NONCE_LEN, stored.n - NONCE_LEN))
                        ? SLUIS_CORRUPT
                        : SLUIS_OK;
    if (!err) {
        record_commitment(commitment, p, BYTES(p + SALT_LEN, n - SALT_LEN));
        err = secret_equal(commitment, l->commitment, HASH_LEN) ? SLUIS_OK : SLUIS_CORRUPT;
    }
    if (!err) {
        buffer_clear(plain);
        buffer_add(plain, p, n);
        err = plain->err;
    }
    wipe(p, n);
    if (p != out)
        free(p);
    return err;
}

bool origin_number(const char *origin, const char *name, uint64_t *n)
{
    static const char middle[] = "/journal/";
    size_t skip = strlen(name);

    if (strncmp(origin, name, skip) || strncmp(origin + skip, middle, sizeof(middle) - 1))
        return false;
    return note_number(n, bytes_str(origin + skip + sizeof(middle) - 1)) && *n > 0;
}
