/* The writer. State between two commits: the edge's mark and the note as they were committed; what was
 * appended since lies above the mark and is dropped by a roll-back. */
#include "journal/journal_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

#define DAY_KEYS 16

typedef struct {
    bool used;
    uint8_t klass;
    uint32_t day;
    uint8_t key[KEY_LEN];
} day_key;

struct journal {
    store *store;
    keyslots *slots;
    const keypair *log, *next_log; /* NULL: one key signs */
    pubkeys known;
    char name[ORIGIN_MAX + 1], origin[ORIGIN_MAX + 1];
    uint64_t origin_from; /* index of the entry that opened the origin */
    edge *edge;
    bool open_batch; /* something was appended since the last commit */
    bool sealed;     /* and the note and tail are of it */
    tree_tail tail;
    char note[NOTE_MAX], committed_note[NOTE_MAX];
    size_t note_len, committed_note_len;
    day_key *days; /* DAY_KEYS, locked memory */
    unsigned next_day;
    uint8_t **records; /* of this batch */
    size_t record_count, record_cap;
    buffer scratch;
};

static void records_free(journal *j)
{
    for (size_t i = 0; i < j->record_count; i++)
        free(j->records[i]);
    j->record_count = 0;
}

/* ---- opening ---- */

/* The last tile of each level, out of the store. */
static sluis_err edge_from_store(edge *e, store_txn *t, uint64_t size)
{
    uint8_t key[TILE_KEY_LEN], hash[TILE_HASHES][HASH_LEN];
    uint64_t last = size - 1;
    size_t n = (size_t)(last % TILE_HASHES) + 1;
    bytes value;
    sluis_err err = edge_load(e, size);

    for (size_t i = 0; !err && i < n; i++) {
        put_u64(key, last - last % TILE_HASHES + i);
        if (!(err = store_get(t, TABLE_LEAF, BYTES(key, 8), &value)))
            merkle_leaf(hash[i], value.p, value.n);
    }
    if (err)
        return err;
    edge_load_tile(e, 0, hash[0], n);
    for (unsigned l = 1; l < TILE_LEVELS && size >> (8 * l); l++) {
        last = (size >> (8 * l)) - 1;
        n = (size_t)(last % TILE_HASHES) + 1;
        tile_key(key, l, last / TILE_HASHES);
        if ((err = store_get(t, TABLE_TILE, BYTES_OF(key), &value)))
            return err;
        if (tile_count(value) != n)
            return SLUIS_CORRUPT;
        edge_load_tile(e, l, value.p, n);
    }
    return SLUIS_OK;
}

static sluis_err load_empty(journal *j, store_txn *t, sluis_fail *f)
{
    bytes key, value;
    sluis_err err = store_last(t, TABLE_LEAF, (bytes){NULL, 0}, &key, &value);

    if (err != SLUIS_NOT_FOUND)
        return fail_set(f, err ? err : SLUIS_CORRUPT, "journal",
                        "has entries but no checkpoint: restore from a backup, or verify a copy");
    int n = snprintf(j->origin, sizeof(j->origin), "%s/journal/1", j->name);
    return n < (int)sizeof(j->origin) ? SLUIS_OK
                                      : fail_set(f, SLUIS_TOO_BIG, "journal", "the name is too long");
}

static sluis_err load(journal *j, store_txn *t, sluis_fail *f)
{
    bytes value, key;
    checkpoint cp;
    uint64_t number;
    sluis_err err = store_get(t, TABLE_META, bytes_str(META_JOURNAL), &value);

    if (err == SLUIS_NOT_FOUND)
        return load_empty(j, t, f);
    if (err || value.n > NOTE_MAX)
        return fail_set(f, err ? err : SLUIS_CORRUPT, "journal", "its checkpoint cannot be read");
    if (checkpoint_open(&cp, (const char *)value.p, value.n, j->name, &j->known, f))
        return f && f->code == SLUIS_UNKNOWN_KEY ? SLUIS_UNKNOWN_KEY : SLUIS_CORRUPT;
    if (!origin_number(cp.origin, j->name, &number) || cp.size == 0)
        return fail_set(f, SLUIS_CORRUPT, "journal", "its checkpoint is of another log: %s", cp.origin);
    memcpy(j->note, value.p, value.n);
    memcpy(j->committed_note, value.p, value.n);
    j->note_len = j->committed_note_len = value.n;
    snprintf(j->origin, sizeof(j->origin), "%s", cp.origin);
    err = rows_get_bytes(t, keyslots_rows(j->slots), TABLE_META, bytes_str(META_ORIGIN), &value);
    if (err != SLUIS_NOT_FOUND && (err || value.n != 8))
        return fail_set(f, err ? err : SLUIS_CORRUPT, "journal", "where its origin begins cannot be read");
    j->origin_from = err ? 0 : get_u64(value.p);
    if ((err = edge_from_store(j->edge, t, cp.size)) == SLUIS_NOMEM)
        return fail_set(f, err, "journal", "out of memory");
    tree_source src = edge_source(j->edge);
    if (err || tree_tail_of(&j->tail, cp.size, &src) ||
        memcmp(j->tail.hash[j->tail.height], cp.root, HASH_LEN))
        return fail_set(
            f, SLUIS_CORRUPT, "journal",
            "its last entries do not lead to the root of its checkpoint (size %llu); find the damage "
            "with the offline verification",
            (unsigned long long)cp.size);
    if ((err = store_last(t, TABLE_LEAF, (bytes){NULL, 0}, &key, &value)) == SLUIS_NOMEM)
        return fail_set(f, err, "journal", "out of memory");
    if (err || key.n != 8 || get_u64(key.p) != cp.size - 1)
        return fail_set(f, SLUIS_CORRUPT, "journal", "has entries beyond its checkpoint (size %llu)",
                        (unsigned long long)cp.size);
    return SLUIS_OK;
}

sluis_err journal_open(journal **out, store *s, keyslots *slots, const log_keys *keys, const char *name,
                       sluis_fail *f)
{
    store_txn *t = NULL;
    journal *j = calloc(1, sizeof(*j));
    sluis_fail own = {0};

    if (!j)
        return fail_set(f, SLUIS_NOMEM, "journal", "out of memory");
    buffer_init(&j->scratch, RECORD_MAX + 128);
    j->store = s;
    j->slots = slots;
    j->log = keys->log;
    j->next_log = keys->next;
    j->known = keys->known;
    j->days = secret_alloc(DAY_KEYS * sizeof(day_key));
    sluis_err err = j->days ? edge_new(&j->edge) : SLUIS_NOMEM;
    if (err) {
        fail_set(f, err, "journal", "out of memory, or no locked memory left");
        goto fail;
    }
    if ((err = pubkeys_add(&j->known, j->log->pk)) ||
        (j->next_log && (err = pubkeys_add(&j->known, j->next_log->pk)))) {
        fail_set(f, err, "journal", "more than %d log keys", PUBFILE_KEYS);
        goto fail;
    }
    memset(j->days, 0, DAY_KEYS * sizeof(day_key));
    if (strlen(name) >= sizeof(j->name)) {
        err = fail_set(f, SLUIS_TOO_BIG, "journal", "the name is too long");
        goto fail;
    }
    memcpy(j->name, name, strlen(name) + 1);
    if ((err = store_begin_read(s, &t))) {
        fail_set(f, err, "journal", "no snapshot of the store");
        goto fail;
    }
    err = load(j, t, f ? f : &own);
    store_abort(&t);
    if (err)
        goto fail;
    *out = j;
    return SLUIS_OK;
fail:
    journal_close(&j);
    return err;
}

void journal_close(journal **j)
{
    if (!*j)
        return;
    records_free(*j);
    free((*j)->records);
    edge_free(&(*j)->edge);
    secret_free((*j)->days);
    buffer_close(&(*j)->scratch);
    free(*j);
    *j = NULL;
}

/* ---- appending ---- */

static sluis_err day_key_for(journal *j, uint8_t klass, uint32_t day, const uint8_t **key)
{
    uint8_t p[HASH_LEN];
    slot_key slot;

    for (unsigned i = 0; i < DAY_KEYS; i++) {
        if (j->days[i].used && j->days[i].klass == klass && j->days[i].day == day) {
            *key = j->days[i].key;
            return SLUIS_OK;
        }
    }
    keyslots_period(j->slots, p, klass, day);
    sluis_err err = keyslots_add(j->slots, p, &slot);
    if (err)
        return err;
    day_key *d = &j->days[j->next_day++ % DAY_KEYS];
    *d = (day_key){.used = true, .klass = klass, .day = day};
    memcpy(d->key, slot.key, KEY_LEN);
    wipe(&slot, sizeof(slot));
    *key = d->key;
    return SLUIS_OK;
}

void journal_drop_keys(journal *j)
{
    wipe(j->days, DAY_KEYS * sizeof(day_key));
}

static sluis_err keep_record(journal *j, uint8_t *record)
{
    if (j->record_count == j->record_cap) {
        size_t cap = j->record_cap ? 2 * j->record_cap : 64;
        uint8_t **more = realloc(j->records, cap * sizeof(*more));
        if (!more)
            return SLUIS_NOMEM;
        j->records = more;
        j->record_cap = cap;
    }
    j->records[j->record_count++] = record;
    return SLUIS_OK;
}

/* The first append of a batch: lets go of the last one. */
static void batch_begin(journal *j)
{
    if (j->open_batch)
        return;
    edge_mark(j->edge);
    records_free(j);
    j->open_batch = true;
}

static sluis_err write_tiles(journal *j, store_txn *t, unsigned touched)
{
    sluis_err err = SLUIS_OK;

    for (unsigned l = 0; !err && l < touched; l++) {
        uint8_t key[TILE_KEY_LEN];
        edge_part p = edge_tile(j->edge, l);
        tile_key(key, l, p.tile);
        buffer_clear(&j->scratch);
        tile_write(&j->scratch, &p);
        err = j->scratch.err ? j->scratch.err
                             : store_put(t, TABLE_TILE, BYTES_OF(key), buffer_bytes(&j->scratch));
    }
    return err;
}

/* A row of the next index; one that is there already is not ours to change. */
static sluis_err put_next(store_txn *t, gateway_table table, bytes key, bytes value)
{
    sluis_err err = store_put_new(t, table, key, value);
    return err == SLUIS_EXISTS ? SLUIS_CORRUPT : err;
}

/* nonce | salt | record, the latter two sealed where they stand */
static sluis_err write_record(journal *j, store_txn *t, const uint8_t key[static 8], const journal_entry *e,
                              const uint8_t *day)
{
    static const uint8_t tag[TAG_LEN];
    uint8_t nonce[NONCE_LEN];
    size_t plain = SALT_LEN + e->record_len;
    buffer *b = &j->scratch;

    random_nonce(nonce);
    buffer_clear(b);
    buffer_add(b, nonce, NONCE_LEN);
    buffer_add(b, e->salt, SALT_LEN);
    buffer_add(b, e->record, e->record_len);
    buffer_add(b, tag, TAG_LEN);
    if (b->err)
        return b->err;
    ae_seal(b->p + NONCE_LEN, day, nonce, BYTES(key, 8), BYTES(b->p + NONCE_LEN, plain));
    return put_next(t, TABLE_RECORD, BYTES(key, 8), buffer_bytes(b));
}

static sluis_err append(journal *j, store_txn *t, const Sluis__Record *r, uint8_t klass, uint32_t keep_until,
                        journal_entry *out)
{
    uint8_t key[8], tx[TXINDEX_LEN], hash[HASH_LEN];
    const uint8_t *day;
    unsigned touched;
    leaf l = {.version = 1, .klass = klass, .keep_until = keep_until};
    sluis_err err;

    out->index = edge_size(j->edge);
    buffer_clear(&j->scratch);
    if ((err = wire_pack(&j->scratch, &r->base)))
        return err;
    if (j->scratch.n > RECORD_MAX)
        return SLUIS_TOO_BIG;
    if ((err = day_key_for(j, klass, keep_until, &day)))
        return err;
    out->record_len = j->scratch.n;
    out->record = malloc(out->record_len ? out->record_len : 1);
    if (!out->record)
        return SLUIS_NOMEM;
    if ((err = keep_record(j, out->record))) {
        free(out->record);
        return err;
    }
    memcpy(out->record, j->scratch.p, out->record_len);
    random_bytes(out->salt, SALT_LEN);
    record_commitment(l.commitment, out->salt, BYTES(out->record, out->record_len));
    leaf_encode(out->leaf, &l);
    merkle_leaf(hash, out->leaf, LEAF_LEN);
    if ((err = edge_append(j->edge, hash, &touched)))
        return err;
    put_u64(key, out->index);
    if ((err = put_next(t, TABLE_LEAF, BYTES_OF(key), BYTES_OF(out->leaf))) ||
        (err = write_record(j, t, key, out, day)) || (err = write_tiles(j, t, touched)) ||
        r->transaction.len == 0)
        return err;
    txindex_key(tx, r->transaction.data, out->index);
    return rows_put_bytes(t, keyslots_rows(j->slots), TABLE_TXINDEX, BYTES_OF(tx), ROW_EMPTY);
}

sluis_err journal_append(journal *j, store_txn *t, const Sluis__Record *r, uint8_t klass, uint32_t keep_until,
                         journal_entry *out)
{
    sluis_err err = store_error(t);

    if (err)
        return err;
    if (r->transaction.len != 0 && r->transaction.len != UUID_LEN)
        return SLUIS_INVALID;
    batch_begin(j);
    j->sealed = false;
    if (edge_size(j->edge) == 0 && r->type != SLUIS__RECORD_TYPE__R_ORIGIN) {
        Sluis__Record first = SLUIS__RECORD__INIT;
        journal_entry e;
        first.type = SLUIS__RECORD_TYPE__R_ORIGIN;
        first.when = r->when;
        first.detail = j->origin;
        if ((err = append(j, t, &first, KLASS_JOURNAL, KEEP_ALWAYS, &e)))
            return err;
    }
    return append(j, t, r, klass, keep_until, out);
}

/* A checkpoint of this log that somebody else has, newer than the store: its origin's number. */
static sluis_err check_known(const journal *j, bytes last_known, uint64_t *number, sluis_fail *f)
{
    checkpoint cp;
    uint64_t own;

    if (checkpoint_open(&cp, (const char *)last_known.p, last_known.n, j->name, &j->known, f))
        return SLUIS_INVALID;
    if (!origin_number(cp.origin, j->name, number) || !origin_number(j->origin, j->name, &own) ||
        *number < own || (*number == own && cp.size < edge_size(j->edge)))
        return fail_set(f, SLUIS_INVALID, "checkpoint", "of %s, size %llu: is older than the store",
                        cp.origin, (unsigned long long)cp.size);
    return SLUIS_OK;
}

sluis_err journal_new_origin(journal *j, store_txn *t, uint64_t when, bytes last_known, sluis_fail *f)
{
    uint8_t from[8];
    uint64_t number = 0;
    Sluis__Record r = SLUIS__RECORD__INIT;
    ProtobufCBinaryData bound[2] = {{j->committed_note_len, (uint8_t *)j->committed_note},
                                    {last_known.n, (uint8_t *)(uintptr_t)last_known.p}};
    journal_entry e;
    sluis_err err = store_error(t);

    if (err || j->open_batch || edge_size(j->edge) == 0)
        return err ? err : fail_set(f, SLUIS_INVALID, "journal", "there is nothing to go on from");
    if (!origin_number(j->origin, j->name, &number) ||
        (last_known.n && (err = check_known(j, last_known, &number, f))))
        return SLUIS_INVALID;
    snprintf(j->origin, sizeof(j->origin), "%.100s/journal/%llu", j->name, (unsigned long long)number + 1);
    r.type = SLUIS__RECORD_TYPE__R_ORIGIN;
    r.when = when;
    r.detail = j->origin;
    r.checkpoints = bound;
    r.n_checkpoints = last_known.n ? 2 : 1;
    batch_begin(j);
    if ((err = append(j, t, &r, KLASS_JOURNAL, KEEP_ALWAYS, &e)))
        return err;
    j->origin_from = e.index;
    put_u64(from, e.index);
    return rows_put_bytes(t, keyslots_rows(j->slots), TABLE_META, bytes_str(META_ORIGIN), BYTES_OF(from));
}

const char *journal_origin(const journal *j, uint64_t *from)
{
    *from = j->origin_from;
    return j->origin;
}

bool journal_knows_key(const journal *j)
{
    checkpoint cp;
    pubkeys newest = pubkeys_of(j->next_log ? j->next_log->pk : j->log->pk);
    return j->committed_note_len == 0 ||
           !checkpoint_open(&cp, j->committed_note, j->committed_note_len, j->name, &newest, NULL);
}

sluis_err journal_seal(journal *j, store_txn *t)
{
    checkpoint cp = {.size = edge_size(j->edge)};
    tree_source src = edge_source(j->edge);
    sluis_err err = store_error(t);

    if (err || !j->open_batch || j->sealed)
        return err;
    memcpy(cp.origin, j->origin, sizeof(cp.origin));
    if ((err = tree_tail_of(&j->tail, cp.size, &src)))
        return err;
    memcpy(cp.root, j->tail.hash[j->tail.height], HASH_LEN);
    if ((err = checkpoint_sign(j->note, sizeof(j->note), &j->note_len, &cp, j->name, j->log)) ||
        (j->next_log &&
         (err = checkpoint_sign_too(j->note, sizeof(j->note), &j->note_len, j->name, j->next_log))) ||
        (err = store_put(t, TABLE_META, bytes_str(META_JOURNAL), BYTES(j->note, j->note_len))) ||
        (err = tail_store(t, &j->tail)))
        return err;
    j->sealed = true;
    return SLUIS_OK;
}

void journal_committed(journal *j)
{
    if (!j->open_batch)
        return;
    memcpy(j->committed_note, j->note, j->note_len);
    j->committed_note_len = j->note_len;
    j->open_batch = false;
}

void journal_rolled_back(journal *j)
{
    if (!j->open_batch)
        return;
    edge_back(j->edge);
    records_free(j);
    memcpy(j->note, j->committed_note, j->committed_note_len);
    j->note_len = j->committed_note_len;
    j->open_batch = j->sealed = false;
}

/* ---- what was written ---- */

sluis_err journal_receipt(journal *j, const journal_entry *e, buffer *out)
{
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN];
    tree_source src = edge_source(j->edge);
    size_t n;

    if (j->open_batch && !j->sealed)
        return SLUIS_INVALID;
    sluis_err err = tree_path(path, &n, &j->tail, e->index, &src);
    if (err)
        return err;
    return receipt_pack(out, e->leaf, e->index, e->salt, BYTES(e->record, e->record_len),
                        (const uint8_t(*)[HASH_LEN])path, n, BYTES(j->note, j->note_len));
}

uint64_t journal_size(const journal *j)
{
    return edge_size(j->edge);
}

const char *journal_checkpoint(const journal *j, size_t *n)
{
    *n = j->note_len;
    return j->note;
}
