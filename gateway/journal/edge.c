/* A tile's nodes lie by height: 256 of height 0, then 128, 64, ... 1, at offset 512 - (512 >> height). */
#include "journal/edge.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t node[2 * TILE_HASHES - 1][HASH_LEN];
} tile;

/* tiles[0] was the last one at the mark. */
typedef struct {
    tile **tiles;
    size_t n, cap;
    uint64_t first; /* number of tiles[0] */
} level;

struct edge {
    uint64_t size, marked;
    level levels[TILE_LEVELS];
};

static uint8_t *node_at(tile *t, unsigned height, uint64_t i)
{
    return t->node[512u - (512u >> height) + i];
}

sluis_err edge_new(edge **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? SLUIS_OK : SLUIS_NOMEM;
}

void edge_free(edge **e)
{
    if (!*e)
        return;
    for (unsigned l = 0; l < TILE_LEVELS; l++) {
        for (size_t i = 0; i < (*e)->levels[l].n; i++)
            free((*e)->levels[l].tiles[i]);
        free((*e)->levels[l].tiles);
    }
    free(*e);
    *e = NULL;
}

uint64_t edge_size(const edge *e)
{
    return e->size;
}

/* The tile with this number; grown by one when it is the next. NULL: out of memory. */
static tile *tile_for(level *l, uint64_t number)
{
    if (l->n == 0)
        l->first = number;
    if (number < l->first + l->n)
        return l->tiles[number - l->first];
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 2;
        tile **more = realloc(l->tiles, cap * sizeof(tile *));
        if (!more)
            return NULL;
        l->tiles = more;
        l->cap = cap;
    }
    tile *t = malloc(sizeof(*t));
    if (t)
        l->tiles[l->n++] = t;
    return t;
}

/* Puts entry i of a tile and completes the nodes that it completes. */
static void tile_put(tile *t, unsigned i, const uint8_t hash[static HASH_LEN])
{
    memcpy(node_at(t, 0, i), hash, HASH_LEN);
    for (unsigned h = 0; i & 1; h++, i >>= 1)
        merkle_node(TREE_JOURNAL, node_at(t, h + 1, i >> 1), node_at(t, h, i - 1), node_at(t, h, i));
}

sluis_err edge_append(edge *e, const uint8_t hash[static HASH_LEN], unsigned *touched)
{
    *touched = 0;
    for (unsigned l = 0; l < TILE_LEVELS; l++) {
        uint64_t i = e->size >> (8 * l);
        unsigned pos = (unsigned)(i & (TILE_HASHES - 1));
        tile *t = tile_for(&e->levels[l], i / TILE_HASHES);
        if (!t)
            return SLUIS_NOMEM;
        tile_put(t, pos, hash);
        if (l > 0 || pos == TILE_HASHES - 1)
            *touched = l + 1;
        if (pos < TILE_HASHES - 1)
            break;
        hash = node_at(t, 8, 0);
    }
    e->size++;
    return SLUIS_OK;
}

edge_part edge_tile(const edge *e, unsigned l)
{
    uint64_t last = (e->size >> (8 * l)) - 1;
    const level *lv = &e->levels[l];
    tile *t = lv->tiles[last / TILE_HASHES - lv->first];

    return (edge_part){.tile = last / TILE_HASHES,
                       .hashes = node_at(t, 0, 0),
                       .inner = {node_at(t, 2, 0), node_at(t, 4, 0), node_at(t, 6, 0)},
                       .n = (size_t)(last % TILE_HASHES) + 1};
}

void edge_mark(edge *e)
{
    e->marked = e->size;
    for (unsigned l = 0; l < TILE_LEVELS; l++) {
        level *lv = &e->levels[l];
        while (lv->n > 1) { /* the last moves to the front */
            free(lv->tiles[0]);
            memmove(lv->tiles, lv->tiles + 1, (lv->n - 1) * sizeof(tile *));
            lv->n--;
            lv->first++;
        }
    }
}

void edge_back(edge *e)
{
    e->size = e->marked;
    for (unsigned l = 0; l < TILE_LEVELS; l++) {
        level *lv = &e->levels[l];
        uint64_t entries = e->size >> (8 * l);
        size_t keep = entries == 0 ? 0 : 1; /* nodes beyond the size are written again before they are read */
        while (lv->n > keep)
            free(lv->tiles[--lv->n]);
    }
}

sluis_err edge_load(edge *e, uint64_t size)
{
    for (unsigned l = 0; l < TILE_LEVELS && size >> (8 * l); l++)
        if (!tile_for(&e->levels[l], ((size >> (8 * l)) - 1) / TILE_HASHES))
            return SLUIS_NOMEM;
    e->size = e->marked = size;
    return SLUIS_OK;
}

void edge_load_tile(edge *e, unsigned l, const uint8_t *hashes, size_t n)
{
    for (unsigned i = 0; i < n; i++)
        tile_put(e->levels[l].tiles[0], i, hashes + (size_t)i * HASH_LEN);
}

static sluis_err edge_node(void *ctx, unsigned height, uint64_t index, uint8_t out[static HASH_LEN])
{
    edge *e = ctx;
    unsigned l = height / 8, h = height % 8;
    uint64_t number = index >> (8 - h);

    if (l >= TILE_LEVELS || e->levels[l].n == 0 || number < e->levels[l].first ||
        number - e->levels[l].first >= e->levels[l].n)
        return SLUIS_NOT_FOUND;
    memcpy(out, node_at(e->levels[l].tiles[number - e->levels[l].first], h, index & ((256u >> h) - 1)),
           HASH_LEN);
    return SLUIS_OK;
}

tree_source edge_source(edge *e)
{
    return (tree_source){.node = edge_node, .ctx = e};
}
