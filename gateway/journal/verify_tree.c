/* The tree: tiles as they fill, the root at the end, and at each restore the root that the log before had. */
#include "journal/verifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sluis_err verifier_bad(verifier *v, sluis_err err, const char *what, uint64_t index, const char *text)
{
    char where[64];

    snprintf(where, sizeof(where), "%s %llu", what, (unsigned long long)index);
    return fail_set(v->f, err, where, "%s", text);
}

sluis_err verifier_bad_entry(verifier *v, uint64_t index, const char *text)
{
    return verifier_bad(v, SLUIS_CORRUPT, "entry", index, text);
}

sluis_err verifier_bad_tile(verifier *v, unsigned level, uint64_t tile, const char *text)
{
    char where[64];

    snprintf(where, sizeof(where), "tile %u/%llu", level, (unsigned long long)tile);
    return fail_set(v->f, SLUIS_CORRUPT, where, "%s", text);
}

sluis_err index_list_add(index_list *l, uint64_t index)
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

size_t index_list_find(const index_list *l, uint64_t index)
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
        return verifier_bad_tile(v, level, tile, "is missing");
    if (err)
        return fail_set(v->f, err, "tiles", "the store cannot be read");
    buffer_clear(&v->tile);
    tile_write(&v->tile, &p);
    if (v->tile.err || !bytes_equal(value, buffer_bytes(&v->tile)))
        return verifier_bad_tile(v, level, tile,
                                 "differs from the entries below it: it, or an entry, was changed");
    v->out->tiles++;
    return SLUIS_OK;
}

sluis_err verify_tiles(verifier *v, uint64_t index, unsigned touched)
{
    sluis_err err = SLUIS_OK;

    /* A tile above level 0 that is not full is overwritten later: only its last state is stored. */
    for (unsigned level = 0; !err && level < touched; level++)
        if (level == 0 || ((index + 1) >> (8 * level)) % TILE_HASHES == 0)
            err = check_tile(v, level);
    return err;
}

sluis_err verify_root(verifier *v)
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

/* ---- origins ---- */

sluis_err verify_next_origin(verifier *v, uint64_t index)
{
    tree_source src = edge_source(v->edge);
    tree_tail tail;

    if (tree_tail_of(&tail, index, &src))
        return verifier_bad(v, SLUIS_INTERNAL, "entry", index, "the tree in memory is incomplete");
    memcpy(v->before, tail.hash[tail.height], HASH_LEN);
    v->out->restores++;
    return SLUIS_OK;
}

/* A checkpoint of this log, before its restore at index. */
static sluis_err open_bound(verifier *v, uint64_t index, const ProtobufCBinaryData *note, checkpoint *cp,
                            uint64_t *number)
{
    sluis_fail why = {0};

    if (checkpoint_open(cp, (const char *)note->data, note->len, v->name, v->log, &why) ||
        !origin_number(cp->origin, v->name, number))
        return verifier_bad_entry(v, index,
                                  "opens an origin, and binds a checkpoint that is none of this log");
    return SLUIS_OK;
}

sluis_err verify_origin_record(verifier *v, uint64_t index, const Sluis__Record *r)
{
    uint64_t next, own, last;
    checkpoint cp;
    sluis_err err;

    if (r->type != SLUIS__RECORD_TYPE__R_ORIGIN || !origin_number(r->detail, v->name, &next))
        return verifier_bad_entry(v, index, "is of the log's own class, and opens no origin of it");
    if (index == 0)
        return next == 1 && r->n_checkpoints == 0
                   ? SLUIS_OK
                   : verifier_bad_entry(v, index, "is not the first entry of a log");
    if (r->n_checkpoints < 1 || r->n_checkpoints > 2)
        return verifier_bad_entry(v, index, "opens an origin without the checkpoint that it goes on from");
    if ((err = open_bound(v, index, &r->checkpoints[0], &cp, &own)))
        return err;
    if (own != v->origin || cp.size != index || memcmp(cp.root, v->before, HASH_LEN))
        return verifier_bad_entry(v, index, "opens an origin that does not go on from the entries before it");
    last = own;
    if (r->n_checkpoints == 2) {
        if ((err = open_bound(v, index, &r->checkpoints[1], &cp, &last)))
            return err;
        if (last < own ||
            (last == own && (cp.size < index || (cp.size == index && memcmp(cp.root, v->before, HASH_LEN)))))
            return verifier_bad_entry(v, index,
                                      "opens an origin, and binds an older checkpoint, or one of a fork");
        v->out->lost += last == own ? cp.size - index : 0;
    }
    if (next <= last)
        return verifier_bad_entry(v, index, "opens an origin whose number was used");
    v->origin = next;
    return SLUIS_OK;
}

sluis_err verify_origin(verifier *v)
{
    uint64_t number = 0;

    origin_number(v->cp.origin, v->name, &number);
    if (v->slots ? number != v->origin : number < 1 + v->out->restores || (number > 1 && !v->out->restores))
        return fail_set(v->f, SLUIS_CORRUPT, "checkpoint", "is of %s, which no entry opens", v->cp.origin);
    return SLUIS_OK;
}
