#include "wire/batch.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4

/* A level of odd length hands its last node up unchanged: the same shape as RFC 9162's recursion. */
void batch_tree_build(batch_tree *t, size_t n)
{
    size_t at = 0, level = 0;
    t->start[0] = 0;
    t->count[0] = n;
    while (t->count[level] > 1) {
        size_t below = t->count[level], from = at;
        at += below;
        for (size_t i = 0; i + 1 < below; i += 2)
            merkle_node(TREE_BATCH, t->nodes[at + i / 2], t->nodes[from + i], t->nodes[from + i + 1]);
        if (below % 2)
            memcpy(t->nodes[at + below / 2], t->nodes[from + below - 1], HASH_LEN);
        level++;
        t->start[level] = at;
        t->count[level] = (below + 1) / 2;
    }
    t->levels = level;
}

const uint8_t *batch_tree_root(const batch_tree *t)
{
    return t->nodes[t->start[t->levels]];
}

size_t batch_tree_path(const batch_tree *t, size_t i, const uint8_t *path[static BATCH_PATH])
{
    size_t n = 0;
    for (size_t level = 0; level < t->levels; level++, i /= 2) {
        size_t sibling = i ^ 1;
        if (sibling < t->count[level])
            path[n++] = t->nodes[t->start[level] + sibling];
    }
    return n;
}

void batch_statement(uint8_t out[static BATCH_STATEMENT_LEN], uint16_t suite, const oin *sender,
                     const keyid *key, uint32_t n, const uint8_t root[static HASH_LEN])
{
    uint8_t *p = out;
    memcpy(p, "sluis/1 batch\n", 14);
    put_u16(p += 14, suite);
    memcpy(p += 2, sender->s, OIN_LEN);
    memcpy(p += OIN_LEN, key->b, KEYID_LEN);
    put_u32(p += KEYID_LEN, n);
    memcpy(p + 4, root, HASH_LEN);
}

/* Four ways a set, the set chosen by the root's first bytes, the oldest of a set out. Senders choose their
 * roots, so they may crowd a set: that costs a verification, never a wrong answer. */
typedef struct {
    bool used;
    uint8_t statement[BATCH_STATEMENT_LEN], sig[SIG_LEN], pk[PK_LEN];
} verified_root;

typedef struct {
    verified_root way[WAYS];
    unsigned next;
} root_set;

struct root_cache {
    size_t sets;
    root_set set[];
};

sluis_err root_cache_new(root_cache **out, size_t cap)
{
    size_t sets = cap / WAYS ? cap / WAYS : 1;
    *out = NULL;
    if (sets > SIZE_MAX / 2 / sizeof(root_set))
        return SLUIS_TOO_BIG;
    root_cache *c = calloc(1, sizeof *c + sets * sizeof c->set[0]);
    if (!c)
        return SLUIS_NOMEM;
    c->sets = sets;
    *out = c;
    return SLUIS_OK;
}

void root_cache_free(root_cache **c)
{
    if (!c)
        return;
    free(*c);
    *c = NULL;
}

static size_t set_of(const root_cache *c, const uint8_t *statement)
{
    return get_u32(statement + BATCH_STATEMENT_LEN - HASH_LEN) % c->sets;
}

bool root_cache_has(const root_cache *c, const uint8_t statement[static BATCH_STATEMENT_LEN],
                    const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN])
{
    const root_set *s = &c->set[set_of(c, statement)];
    for (size_t i = 0; i < WAYS; i++) {
        const verified_root *v = &s->way[i];
        if (v->used && memcmp(v->statement, statement, BATCH_STATEMENT_LEN) == 0 &&
            memcmp(v->sig, sig, SIG_LEN) == 0 && memcmp(v->pk, pk, PK_LEN) == 0)
            return true;
    }
    return false;
}

void root_cache_put(root_cache *c, const uint8_t statement[static BATCH_STATEMENT_LEN],
                    const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN])
{
    root_set *s = &c->set[set_of(c, statement)];
    verified_root *v = &s->way[s->next++ % WAYS];
    v->used = true;
    memcpy(v->statement, statement, BATCH_STATEMENT_LEN);
    memcpy(v->sig, sig, SIG_LEN);
    memcpy(v->pk, pk, PK_LEN);
}
