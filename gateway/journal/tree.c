#include "journal/tree.h"

#include <string.h>

sluis_err tree_tail_of(tree_tail *out, uint64_t size, const tree_source *src)
{
    uint64_t last = size - 1;
    unsigned h = 0;

    if (size == 0)
        return SLUIS_INVALID;
    out->size = size;
    sluis_err err = src->node(src->ctx, 0, last, out->hash[0]);
    for (; !err && last >> h; h++) {
        uint64_t k = last >> h;
        uint8_t left[HASH_LEN];
        if (k & 1) {
            if (!(err = src->node(src->ctx, h, k - 1, left)))
                merkle_node(TREE_JOURNAL, out->hash[h + 1], left, out->hash[h]);
        } else {
            memcpy(out->hash[h + 1], out->hash[h], HASH_LEN); /* no sibling: lifted as it is */
        }
    }
    out->height = h;
    return err;
}

sluis_err tree_path(uint8_t (*path)[HASH_LEN], size_t *len, const tree_tail *t, uint64_t index,
                    const tree_source *src)
{
    sluis_err err = SLUIS_OK;

    *len = 0;
    if (index >= t->size)
        return SLUIS_INVALID;
    for (unsigned h = 0; !err && h < t->height; h++) {
        uint64_t k = index >> h, last = (t->size - 1) >> h;
        if (k & 1)
            err = src->node(src->ctx, h, k - 1, path[(*len)++]);
        else if (k + 1 < last)
            err = src->node(src->ctx, h, k + 1, path[(*len)++]);
        else if (k + 1 == last)
            memcpy(path[(*len)++], t->hash[h], HASH_LEN);
    }
    return err;
}

/* The root over leaves [begin, end): a perfect node, or what ends the tree. */
static sluis_err range_root(uint8_t out[static HASH_LEN], const tree_tail *t, uint64_t begin, uint64_t end,
                            const tree_source *src)
{
    unsigned h = 0;

    while (h < 63 && UINT64_C(1) << h < end - begin)
        h++;
    if (end < t->size)
        return src->node(src->ctx, h, begin >> h, out);
    memcpy(out, t->hash[h], HASH_LEN);
    return SLUIS_OK;
}

sluis_err tree_consistency(uint8_t (*path)[HASH_LEN], size_t *len, const tree_tail *t, uint64_t old,
                           const tree_source *src)
{
    uint64_t begin = 0, end = t->size, from[MERKLE_MAX_PATH], to[MERKLE_MAX_PATH];
    size_t n = 0;
    sluis_err err = SLUIS_OK;

    *len = 0;
    if (old == 0 || old > t->size)
        return SLUIS_INVALID;
    while (old < end) { /* down to where the old tree ends; what is beside the way, last first */
        uint64_t half = 1;
        while (half < end - begin - half)
            half *= 2;
        bool left = old <= begin + half;
        from[n] = left ? begin + half : begin;
        to[n++] = left ? end : begin + half;
        if (left)
            end = begin + half;
        else
            begin += half;
    }
    if (begin > 0) /* the old tree's own last part, unless it is the old tree */
        err = range_root(path[(*len)++], t, begin, end, src);
    while (!err && n-- > 0)
        err = range_root(path[(*len)++], t, from[n], to[n], src);
    return err;
}
