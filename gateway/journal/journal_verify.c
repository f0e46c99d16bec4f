/* The verifier: a pass over LEAF, with the tree grown beside it and each tile compared at the moment it is
 * complete, while other threads check the records (verify_records.c); then what must not be there. It runs on
 * a copy or an idle store, so that all their snapshots are the same. */
#include "journal/verifier.h"

#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

#define PROGRESS_EVERY 8192

/* ---- checkpoint ---- */

static sluis_err open_checkpoint(verifier *v, const char *name, const pubkeys *log)
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
    if ((err = checkpoint_open(&v->cp, (const char *)note.p, note.n, name, log, v->f)))
        return err;
    if (!origin_number(v->cp.origin, name, &number) || v->cp.size == 0)
        return fail_set(v->f, SLUIS_CORRUPT, "checkpoint", "is of another log: %s", v->cp.origin);
    return SLUIS_OK;
}

/* ---- all of it ---- */

/* The record of an entry of the log's own class, which the order of origins depends on. One that cannot be
 * opened is the other pass's to tell. */
static sluis_err check_own_record(verifier *v, uint64_t index)
{
    uint8_t salt[SALT_LEN];
    Sluis__Record *r;
    bytes raw;

    arena_reset(v->arena);
    return journal_read_record(v->t, v->slots, index, v->arena, &r, salt, &raw)
               ? SLUIS_OK
               : verify_origin_record(v, index, r);
}

static sluis_err check_leaf(verifier *v, uint64_t index)
{
    uint8_t hash[HASH_LEN];
    unsigned touched;
    bytes key, value;
    leaf l;
    sluis_err err = store_cursor_next(v->leaves, &key, &value);

    if (err && err != SLUIS_NOT_FOUND)
        return verifier_bad(v, err, "entry", index, "the store cannot be read");
    if (err || key.n != 8 || get_u64(key.p) != index)
        return verifier_bad_entry(v, index, "its leaf is missing");
    if (value.n != LEAF_LEN || leaf_decode(&l, value.p))
        return verifier_bad_entry(v, index, "its leaf is malformed");
    merkle_leaf(hash, value.p, LEAF_LEN);
    if (l.klass == KLASS_JOURNAL && index > 0 && (err = verify_next_origin(v, index)))
        return err;
    edge_mark(v->edge);
    if ((err = edge_append(v->edge, hash, &touched)))
        return verifier_bad(v, err, "entry", index, "out of memory");
    if (l.klass == KLASS_JOURNAL && v->slots && (err = check_own_record(v, index)))
        return err;
    return verify_tiles(v, index, touched);
}

static sluis_err verifier_open(verifier *v, store *s)
{
    bytes none = {NULL, 0};
    sluis_err err = store_begin_read(s, &v->t);

    buffer_init(&v->tile, 2 * TILE_HASHES * HASH_LEN);
    if (!err)
        err = edge_new(&v->edge);
    if (!err)
        err = store_cursor_open(v->t, TABLE_LEAF, none, none, &v->leaves);
    if (err)
        return fail_set(v->f, err, "journal", "the store cannot be read");
    v->arena = arena_new(RECORD_ARENA);
    return v->arena ? SLUIS_OK : fail_set(v->f, SLUIS_NOMEM, "journal", "out of memory");
}

static void verifier_close(verifier *v)
{
    arena_free(&v->arena);
    buffer_close(&v->tile);
    free(v->gone.at);
    free(v->unnamed.at);
    free(v->named.at);
    store_cursor_close(&v->leaves);
    edge_free(&v->edge);
    store_abort(&v->t);
}

sluis_err journal_verify(store *s, keyslots *slots, const char *name, const pubkeys *log, uint32_t today,
                         journal_progress progress, void *ctx, journal_report *out, sluis_fail *f)
{
    verifier v = {.slots = slots, .today = today, .name = name, .log = log, .origin = 1, .out = out, .f = f};
    verify_pass *records = NULL;
    uint64_t i = 0;
    sluis_err err;

    memset(out, 0, sizeof(*out));
    if ((err = verifier_open(&v, s)) || (err = open_checkpoint(&v, name, log)) || v.cp.size == 0)
        goto done;
    if (slots)
        err = verify_records_start(&records, &v, s);
    for (; !err && i < v.cp.size && !(err = check_leaf(&v, i)); i++) {
        out->entries++;
        if (progress && i % PROGRESS_EVERY == 0)
            progress(ctx, records && verify_records_done(records) < i ? verify_records_done(records) : i,
                     v.cp.size);
    }
    if ((err = verify_records_finish(&records, i, err)) || (err = verify_origin(&v)) ||
        (err = verify_root(&v)))
        goto done;
    if (progress)
        progress(ctx, v.cp.size, v.cp.size);
    err = verify_rest(&v);
done:
    verifier_close(&v);
    return err;
}
