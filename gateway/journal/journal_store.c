#include "journal/journal_store.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_MAX (8 + sizeof(((tree_tail *)NULL)->hash))

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

/* Hashes of a stored tile of n entries before its nodes of height 2i. */
static size_t tile_before(size_t n, unsigned i)
{
    size_t before = 0;

    for (unsigned k = 0; k < i; k++)
        before += n >> 2 * k;
    return before;
}

void tile_write(buffer *out, const edge_part *p)
{
    buffer_add(out, p->hashes, p->n * HASH_LEN);
    for (unsigned i = 0; i < TILE_INNER; i++)
        buffer_add(out, p->inner[i], (p->n >> 2 * (i + 1)) * HASH_LEN);
}

size_t tile_count(bytes value)
{
    size_t stored = value.n / HASH_LEN, n = stored < TILE_HASHES ? stored : TILE_HASHES;

    while (n && tile_before(n, TILE_INNER + 1) > stored)
        n--;
    return value.n % HASH_LEN == 0 && tile_before(n, TILE_INNER + 1) == stored ? n : 0;
}

/* The root over 2^h entries of a level's tile, from entry begin on. */
static sluis_err node_of_tile(stored_tree *s, unsigned level, uint64_t tile, size_t begin, unsigned h,
                              uint8_t out[static HASH_LEN])
{
    uint8_t key[TILE_KEY_LEN];
    bytes value;

    tile_key(key, level, tile);
    if (s->n == 0 || memcmp(s->key, key, sizeof(key)) != 0) {
        sluis_err err = store_get(s->t, TABLE_TILE, BYTES_OF(key), &value);
        if (err)
            return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
        memcpy(s->key, key, sizeof(key));
        s->at = value.p;
        s->n = tile_count(value);
    }
    if (s->n < begin + ((size_t)1 << h))
        return SLUIS_CORRUPT;
    const uint8_t *node = s->at + (tile_before(s->n, h / 2) + (begin >> h / 2 * 2)) * HASH_LEN;
    merkle_root(TREE_JOURNAL, out, (const uint8_t(*)[HASH_LEN])node, (size_t)1 << h % 2);
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

static sluis_err read_node(stored_tree *s, unsigned height, uint64_t index, uint8_t out[static HASH_LEN])
{
    unsigned level = height / 8, h = height % 8;
    uint64_t tile = index >> (8 - h);

    if (level == 0 && tile == s->size / TILE_HASHES)
        return node_of_leaves(s->t, index << h, (size_t)1 << h, out);
    return node_of_tile(s, level, tile, (size_t)((index << h) & (TILE_HASHES - 1)), h, out);
}

static sluis_err stored_node(void *ctx, unsigned height, uint64_t index, uint8_t out[static HASH_LEN])
{
    stored_tree *s = ctx;

    if (!s->upper || height < UPPER_HEIGHT)
        return read_node(s, height, index, out);
    if (upper_nodes_get(s->upper, height, index, out))
        return SLUIS_OK;
    sluis_err err = read_node(s, height, index, out);
    if (!err)
        upper_nodes_put(s->upper, height, index, out);
    return err;
}

tree_source stored_tree_source(stored_tree *s)
{
    return (tree_source){.node = stored_node, .ctx = s};
}

static size_t tail_encode(uint8_t out[static TAIL_MAX], const tree_tail *tail)
{
    put_u64(out, tail->size);
    memcpy(out + 8, tail->hash, (tail->height + 1) * sizeof(tail->hash[0]));
    return 8 + (tail->height + 1) * sizeof(tail->hash[0]);
}

sluis_err tail_store(store_txn *t, const tree_tail *tail)
{
    uint8_t value[TAIL_MAX];
    size_t n = tail_encode(value, tail);

    return store_put(t, TABLE_META, bytes_str(META_TAIL), BYTES(value, n));
}

sluis_err tail_check(store_txn *t, const tree_tail *tail)
{
    uint8_t value[TAIL_MAX];
    bytes stored;
    size_t n = tail_encode(value, tail);
    sluis_err err = store_get(t, TABLE_META, bytes_str(META_TAIL), &stored);

    if (err)
        return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
    return bytes_equal(stored, BYTES(value, n)) ? SLUIS_OK : SLUIS_CORRUPT;
}

sluis_err tail_at(tree_tail *out, stored_tree *st)
{
    tree_source src = stored_tree_source(st);
    bytes value;
    unsigned height = 0;
    sluis_err err = store_get(st->t, TABLE_META, bytes_str(META_TAIL), &value);

    if (err && err != SLUIS_NOT_FOUND)
        return err;
    while (st->size && (st->size - 1) >> height)
        height++;
    if (err || value.n != 8 + (height + 1) * sizeof(out->hash[0]) || get_u64(value.p) != st->size)
        return tree_tail_of(out, st->size, &src);
    out->size = st->size;
    out->height = height;
    memcpy(out->hash, value.p + 8, value.n - 8);
    return SLUIS_OK;
}

sluis_err journal_size_at(store_txn *t, const row_keys *k, uint64_t *size, uint64_t *origin)
{
    uint8_t raw[LEAF_LEN];
    leaf opened;
    bytes value;
    sluis_err err = store_get(t, TABLE_META, bytes_str(META_TAIL), &value);

    *size = *origin = 0;
    if (err) /* nothing was ever written */
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    if (value.n < 8)
        return SLUIS_CORRUPT;
    *size = get_u64(value.p);
    err = rows_get_bytes(t, k, TABLE_META, bytes_str(META_ORIGIN), &value);
    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (!err && value.n != 8)
        err = SLUIS_CORRUPT;
    if (!err)
        err = leaf_read(t, get_u64(value.p), raw, &opened);
    if (!err)
        *origin = get_u64(opened.commitment);
    return err;
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
