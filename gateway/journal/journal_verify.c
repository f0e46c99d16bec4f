/* The verifier: one pass over LEAF and RECORD together, the tree grown beside it, and each tile compared at
 * the moment it is complete; then what must not be there. One snapshot: it runs on a copy or an idle store.
 */
#include "journal/verifier.h"

#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

#define PROGRESS_EVERY 8192

/* ---- checkpoint ---- */

static sluis_err open_checkpoint(verifier *v, const char *name, const uint8_t *pk)
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
    if ((err = checkpoint_open(&v->cp, (const char *)note.p, note.n, name, pk, v->f)))
        return err;
    if (!origin_number(v->cp.origin, name, &number) || v->cp.size == 0)
        return fail_set(v->f, SLUIS_CORRUPT, "checkpoint", "is of another log: %s", v->cp.origin);
    return SLUIS_OK;
}

/* ---- records ---- */

static sluis_err next_record(verifier *v)
{
    sluis_err err = store_cursor_next(v->records, &v->record_key, &v->record_value);

    if (err == SLUIS_NOT_FOUND) {
        v->record_key.n = 0;
        return SLUIS_OK;
    }
    if (err)
        return fail_set(v->f, err, "record", "the store cannot be read");
    if (v->record_key.n != 8)
        return fail_set(v->f, SLUIS_CORRUPT, "record", "has a key of %zu bytes", v->record_key.n);
    return SLUIS_OK;
}

static cached_day *day_of(verifier *v, const leaf *l)
{
    cached_day *d = &v->days[(l->klass + l->keep_until * 7u) % VERIFIER_DAYS];
    uint8_t p[HASH_LEN];

    if (!d->known || d->klass != l->klass || d->day != l->keep_until) {
        *d = (cached_day){.known = true, .klass = l->klass, .day = l->keep_until};
        keyslots_period(v->slots, p, l->klass, l->keep_until);
        d->err = keyslots_find(v->slots, p, &d->slot);
    }
    return d;
}

static sluis_err missing(verifier *v, uint64_t index, const leaf *l)
{
    sluis_err err = index_list_add(&v->gone, index);

    v->out->erased++;
    if (!err && (l->keep_until == KEEP_ALWAYS || l->keep_until >= v->today))
        err = index_list_add(&v->unnamed, index);
    return err ? verifier_bad(v, err, "entry", index, "out of memory") : SLUIS_OK;
}

/* A later entry that names what was forgotten. */
static void forgotten(verifier *v, uint64_t index, const Sluis__Record *r)
{
    for (size_t i = 0; i < r->n_forgotten; i++) {
        size_t at = r->forgotten[i] < index ? index_list_find(&v->unnamed, r->forgotten[i]) : v->unnamed.n;
        if (at < v->unnamed.n) {
            v->unnamed.n--;
            memmove(v->unnamed.at + at, v->unnamed.at + at + 1, (v->unnamed.n - at) * sizeof(uint64_t));
        }
    }
}

static sluis_err check_txindex(verifier *v, uint64_t index, const Sluis__Record *r)
{
    uint8_t key[TXINDEX_LEN];
    bytes value;

    if (r->transaction.len == 0)
        return SLUIS_OK;
    if (r->transaction.len != UUID_LEN)
        return verifier_bad_entry(v, index, "its record names a transaction that is not 16 bytes");
    txindex_key(key, r->transaction.data, index);
    sluis_err err = rows_get_bytes(v->t, keyslots_rows(v->slots), TABLE_TXINDEX, BYTES_OF(key), &value);
    if (err == SLUIS_NOT_FOUND)
        return verifier_bad_entry(v, index, "is not in the index of its transaction");
    if (err || value.n)
        return verifier_bad(v, err ? err : SLUIS_CORRUPT, "entry", index,
                            "its row in the transaction index was changed");
    v->tx_rows++;
    return SLUIS_OK;
}

static sluis_err check_record(verifier *v, uint64_t index, const leaf *l)
{
    ProtobufCMessage *m;
    sluis_err err;

    if (v->record_key.n == 0 || get_u64(v->record_key.p) != index)
        return missing(v, index, l);
    cached_day *d = day_of(v, l);
    if (d->err == SLUIS_NOT_FOUND) {
        err = missing(v, index, l);
    } else if (d->err) {
        err = verifier_bad(v, d->err, "entry", index, "the slot of its day key is damaged or cannot be read");
    } else if ((err = record_open(&v->plain, d->slot.key, index, l, v->record_value))) {
        err = verifier_bad(v, err, "entry", index,
                           "its record fails its seal or the leaf's commitment: bytes were changed");
    } else {
        arena_reset(v->arena);
        bytes record = BYTES(v->plain.p + SALT_LEN, v->plain.n - SALT_LEN);
        if (wire_unpack(&m, &sluis__record__descriptor, v->arena, record, NULL))
            return verifier_bad_entry(v, index, "its record is not of a form that this program knows");
        const Sluis__Record *r = (const Sluis__Record *)m;
        if (r->type == SLUIS__RECORD_TYPE__R_FORGOTTEN)
            forgotten(v, index, r);
        if (l->klass == KLASS_JOURNAL && (err = verify_origin_record(v, index, r)))
            return err;
        v->out->records++;
        err = check_txindex(v, index, r);
    }
    return err ? err : next_record(v);
}

/* ---- all of it ---- */

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
    if (v->slots && (err = check_record(v, index, &l)))
        return err;
    return verify_tiles(v, index, touched);
}

static sluis_err verifier_open(verifier *v, store *s)
{
    bytes none = {NULL, 0};
    sluis_err err = store_begin_read(s, &v->t);

    buffer_init(&v->plain, SALT_LEN + RECORD_MAX);
    buffer_init(&v->tile, 2 * TILE_HASHES * HASH_LEN);
    if (!err)
        err = edge_new(&v->edge);
    if (!err)
        err = store_cursor_open(v->t, TABLE_LEAF, none, none, &v->leaves);
    if (!err)
        err = store_cursor_open(v->t, TABLE_RECORD, none, none, &v->records);
    if (err)
        return fail_set(v->f, err, "journal", "the store cannot be read");
    v->arena = arena_new(RECORD_ARENA);
    v->days = secret_alloc(VERIFIER_DAYS * sizeof(cached_day));
    if (!v->arena || !v->days)
        return fail_set(v->f, SLUIS_NOMEM, "journal", "out of memory, or no locked memory left");
    memset(v->days, 0, VERIFIER_DAYS * sizeof(cached_day));
    return SLUIS_OK;
}

static void verifier_close(verifier *v)
{
    secret_free(v->days);
    arena_free(&v->arena);
    if (v->plain.p)
        wipe(v->plain.p, v->plain.n);
    buffer_close(&v->plain);
    buffer_close(&v->tile);
    free(v->gone.at);
    free(v->unnamed.at);
    store_cursor_close(&v->records);
    store_cursor_close(&v->leaves);
    edge_free(&v->edge);
    store_abort(&v->t);
}

sluis_err journal_verify(store *s, keyslots *slots, const char *name, const uint8_t log_pk[static PK_LEN],
                         uint32_t today, journal_progress progress, void *ctx, journal_report *out,
                         sluis_fail *f)
{
    verifier v = {
        .slots = slots, .today = today, .name = name, .log_pk = log_pk, .origin = 1, .out = out, .f = f};
    sluis_err err;

    memset(out, 0, sizeof(*out));
    if ((err = verifier_open(&v, s)) || (err = open_checkpoint(&v, name, log_pk)) || v.cp.size == 0)
        goto done;
    if (slots && (err = next_record(&v)))
        goto done;
    for (uint64_t i = 0; i < v.cp.size; i++) {
        if ((err = check_leaf(&v, i)))
            goto done;
        out->entries++;
        if (progress && i % PROGRESS_EVERY == 0)
            progress(ctx, i, v.cp.size);
    }
    if ((err = verify_origin(&v)) || (err = verify_root(&v)))
        goto done;
    err = verify_rest(&v);
done:
    verifier_close(&v);
    return err;
}
