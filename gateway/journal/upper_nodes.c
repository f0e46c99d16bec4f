#include "journal/upper_nodes.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t name; /* 0: none */
    uint8_t hash[HASH_LEN];
} node;

struct upper_nodes {
    node at[UPPER_NODES];
};

upper_nodes *upper_nodes_new(void)
{
    return calloc(1, sizeof(upper_nodes));
}

void upper_nodes_free(upper_nodes **u)
{
    free(*u);
    *u = NULL;
}

/* A journal of 2^64 entries has 2^56 nodes of this height. */
static uint64_t name_of(unsigned height, uint64_t index)
{
    return index << 6 | height;
}

static size_t place_of(uint64_t name)
{
    return (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 48) % UPPER_NODES;
}

bool upper_nodes_get(const upper_nodes *u, unsigned height, uint64_t index, uint8_t out[static HASH_LEN])
{
    const uint64_t name = name_of(height, index);
    const node *n = &u->at[place_of(name)];

    if (n->name != name)
        return false;
    memcpy(out, n->hash, HASH_LEN);
    return true;
}

void upper_nodes_put(upper_nodes *u, unsigned height, uint64_t index, const uint8_t hash[static HASH_LEN])
{
    const uint64_t name = name_of(height, index);
    node *n = &u->at[place_of(name)];

    n->name = name;
    memcpy(n->hash, hash, HASH_LEN);
}
