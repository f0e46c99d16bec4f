/* Records: their seals, commitments and index rows, by four threads a core, since they wait for the disk as
 * well. Each takes the next range of entries, in order, and has a snapshot of its own; leaves are judged by
 * the pass over the tree, and one that is missing or malformed is left to it. When one thread has found an
 * entry wrong, the others go on to the entries before it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/verifier.h"
#include "wire/envelope.h"

#define DAYS_CACHED 16
#define RANGE       8192 /* entries taken at once */
#define WORKERS_MAX 16

/* The last day key used: entries come in order of time, so most days are next to each other. */
typedef struct {
    bool known;
    uint8_t klass;
    uint32_t day;
    sluis_err err; /* of looking it up */
    slot_key slot;
} cached_day;

typedef struct {
    pthread_t thread;
    verify_pass *pass;
    verifier own; /* its snapshot, lists and the entry it found wrong; counts in report */
    journal_report report;
    sluis_fail why;
    uint64_t bad; /* the entry that why is about */
    buffer plain;
    arena *arena;
    cached_day *days;
    store_cursor *leaves, *records;
    bytes record_key, record_value; /* the record the cursor stands on; key.n = 0: none left */
} worker;

struct verify_pass {
    verifier *v;
    store *store;
    worker workers[WORKERS_MAX];
    size_t count;
    atomic_uint_fast64_t next; /* the first entry that nobody has taken */
    atomic_uint_fast64_t done;
    atomic_uint_fast64_t bad; /* the first entry known to be wrong */
};

static sluis_err next_record(worker *w)
{
    sluis_err err = store_cursor_next(w->records, &w->record_key, &w->record_value);

    if (err == SLUIS_NOT_FOUND) {
        w->record_key.n = 0;
        return SLUIS_OK;
    }
    if (err)
        return fail_set(w->own.f, err, "record", "the store cannot be read");
    if (w->record_key.n != 8)
        return fail_set(w->own.f, SLUIS_CORRUPT, "record", "has a key of %zu bytes", w->record_key.n);
    return SLUIS_OK;
}

static cached_day *day_of(worker *w, const leaf *l)
{
    cached_day *d = &w->days[(l->klass + l->keep_until * 7u) % DAYS_CACHED];
    uint8_t p[HASH_LEN];

    if (!d->known || d->klass != l->klass || d->day != l->keep_until) {
        *d = (cached_day){.known = true, .klass = l->klass, .day = l->keep_until};
        keyslots_period(w->own.slots, p, l->klass, l->keep_until);
        d->err = keyslots_find(w->own.slots, p, &d->slot);
    }
    return d;
}

static sluis_err missing(worker *w, uint64_t index, const leaf *l)
{
    verifier *v = &w->own;
    sluis_err err = index_list_add(&v->gone, index);

    v->out->erased++;
    if (!err && (l->keep_until == KEEP_ALWAYS || l->keep_until >= v->today))
        err = index_list_add(&v->unnamed, index);
    return err ? verifier_bad(v, err, "entry", index, "out of memory") : SLUIS_OK;
}

/* What a later entry says was forgotten. */
static sluis_err forgotten(worker *w, uint64_t index, const Sluis__Record *r)
{
    sluis_err err = SLUIS_OK;

    for (size_t i = 0; !err && i < r->n_forgotten; i++)
        if (r->forgotten[i] < index)
            err = index_list_add(&w->own.named, r->forgotten[i]);
    return err ? verifier_bad(&w->own, err, "entry", index, "out of memory") : SLUIS_OK;
}

/* Its row is there; whether its own check holds is seen when all of the index is read (verify_rest). */
static sluis_err check_txindex(worker *w, uint64_t index, const Sluis__Record *r)
{
    verifier *v = &w->own;
    uint8_t key[TXINDEX_LEN];
    bytes value;

    if (r->transaction.len == 0)
        return SLUIS_OK;
    if (r->transaction.len != UUID_LEN)
        return verifier_bad_entry(v, index, "its record names a transaction that is not 16 bytes");
    txindex_key(key, r->transaction.data, index);
    sluis_err err = store_get(v->t, TABLE_TXINDEX, BYTES_OF(key), &value);
    if (err == SLUIS_NOT_FOUND)
        return verifier_bad_entry(v, index, "is not in the index of its transaction");
    if (err)
        return verifier_bad(v, err, "entry", index, "its row in the transaction index cannot be read");
    v->tx_rows++;
    return SLUIS_OK;
}

static sluis_err check_opened(worker *w, uint64_t index)
{
    ProtobufCMessage *m;
    bytes record = BYTES(w->plain.p + SALT_LEN, w->plain.n - SALT_LEN);

    arena_reset(w->arena);
    if (wire_unpack(&m, &sluis__record__descriptor, w->arena, record, NULL))
        return verifier_bad_entry(&w->own, index, "its record is not of a form that this program knows");
    const Sluis__Record *r = (const Sluis__Record *)m;
    sluis_err err = r->type == SLUIS__RECORD_TYPE__R_FORGOTTEN ? forgotten(w, index, r) : SLUIS_OK;
    w->own.out->records++;
    return err ? err : check_txindex(w, index, r);
}

static sluis_err check_record(worker *w, uint64_t index, const leaf *l)
{
    if (w->record_key.n == 0 || get_u64(w->record_key.p) != index)
        return missing(w, index, l);
    const cached_day *d = day_of(w, l);
    sluis_err err;
    if (d->err == SLUIS_NOT_FOUND)
        err = missing(w, index, l);
    else if (d->err)
        err = verifier_bad(&w->own, d->err, "entry", index,
                           "the slot of its day key is damaged or cannot be read");
    else if ((err = record_open(&w->plain, d->slot.key, index, l, w->record_value)))
        err = verifier_bad(&w->own, err, "entry", index,
                           "its record fails its seal or the leaf's commitment: bytes were changed");
    else
        err = check_opened(w, index);
    return err ? err : next_record(w);
}

/* Entries [from, to). NOT_FOUND: the rest is left to the pass over the tree, or after one known to be wrong.
 */
static sluis_err check_range(worker *w, uint64_t from, uint64_t to)
{
    uint8_t start[8];
    bytes first = from ? BYTES_OF(start) : (bytes){NULL, 0}, none = {NULL, 0}, key, value;
    leaf l;
    sluis_err err;

    put_u64(start, from);
    if ((err = store_cursor_open(w->own.t, TABLE_LEAF, first, none, &w->leaves)) ||
        (err = store_cursor_open(w->own.t, TABLE_RECORD, first, none, &w->records)))
        return fail_set(w->own.f, err, "record", "the store cannot be read");
    w->bad = from;
    if ((err = next_record(w)))
        return err;
    for (uint64_t i = from; i < to; i++) {
        if (i > atomic_load_explicit(&w->pass->bad, memory_order_relaxed) ||
            store_cursor_next(w->leaves, &key, &value) || key.n != 8 || get_u64(key.p) != i ||
            value.n != LEAF_LEN || leaf_decode(&l, value.p))
            return SLUIS_NOT_FOUND;
        w->bad = i;
        if ((err = check_record(w, i, &l)))
            return err;
    }
    return SLUIS_OK;
}

static void note_bad(verify_pass *p, uint64_t index)
{
    uint_fast64_t known = atomic_load(&p->bad);

    while (index < known && !atomic_compare_exchange_weak(&p->bad, &known, index))
        continue;
}

static void *work(void *arg)
{
    worker *w = arg;
    verify_pass *p = w->pass;
    uint64_t size = p->v->cp.size, from;
    sluis_err err = store_begin_read(p->store, &w->own.t);

    if (err)
        fail_set(&w->why, err, "record", "the store cannot be read");
    while (!err && (from = atomic_fetch_add(&p->next, RANGE)) < size && from <= atomic_load(&p->bad)) {
        err = check_range(w, from, size - from < RANGE ? size : from + RANGE);
        store_cursor_close(&w->records);
        store_cursor_close(&w->leaves);
        atomic_fetch_add(&p->done, RANGE);
    }
    if (err && err != SLUIS_NOT_FOUND)
        note_bad(p, w->bad);
    store_abort(&w->own.t);
    return NULL;
}

static sluis_err worker_open(worker *w, verify_pass *p)
{
    w->pass = p;
    w->own = (verifier){.slots = p->v->slots, .today = p->v->today, .out = &w->report, .f = &w->why};
    buffer_init(&w->plain, SALT_LEN + RECORD_MAX);
    w->arena = arena_new(RECORD_ARENA);
    w->days = secret_alloc(DAYS_CACHED * sizeof(cached_day));
    if (!w->arena || !w->days)
        return fail_set(p->v->f, SLUIS_NOMEM, "journal", "out of memory, or no locked memory left");
    memset(w->days, 0, DAYS_CACHED * sizeof(cached_day));
    return pthread_create(&w->thread, NULL, work, w)
               ? fail_set(p->v->f, SLUIS_NOMEM, "journal", "a thread could not be made")
               : SLUIS_OK;
}

static void worker_close(worker *w)
{
    secret_free(w->days);
    arena_free(&w->arena);
    if (w->plain.p)
        wipe(w->plain.p, w->plain.n);
    buffer_close(&w->plain);
    free(w->own.gone.at);
    free(w->own.unnamed.at);
    free(w->own.named.at);
}

sluis_err verify_records_start(verify_pass **out, verifier *v, store *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t want = cores < 1 ? 1 : 4 * cores > WORKERS_MAX ? WORKERS_MAX : 4 * (size_t)cores;
    verify_pass *p = calloc(1, sizeof(*p));
    sluis_err err = SLUIS_OK;

    *out = p;
    if (!p)
        return fail_set(v->f, SLUIS_NOMEM, "journal", "out of memory");
    p->v = v;
    p->store = s;
    atomic_init(&p->bad, UINT64_MAX);
    while (!err && p->count < want) {
        err = worker_open(&p->workers[p->count], p);
        if (err)
            worker_close(&p->workers[p->count]);
        else
            p->count++;
    }
    return err;
}

uint64_t verify_records_done(const verify_pass *p)
{
    return atomic_load(&p->done);
}

static int by_index(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static sluis_err merge(index_list *into, const index_list *from)
{
    sluis_err err = SLUIS_OK;

    for (size_t i = 0; !err && i < from->n; i++)
        err = index_list_add(into, from->at[i]);
    return err;
}

static void sort(index_list *l)
{
    if (l->n)
        qsort(l->at, l->n, sizeof(*l->at), by_index);
}

/* What all of them found, together; unnamed becomes those that no later entry names. */
static sluis_err take_lists(verifier *v, verify_pass *p)
{
    sluis_err err = SLUIS_OK;
    size_t left = 0;

    for (size_t i = 0; !err && i < p->count; i++) {
        const worker *w = &p->workers[i];
        v->out->records += w->report.records;
        v->out->erased += w->report.erased;
        v->tx_rows += w->own.tx_rows;
        if (!(err = merge(&v->gone, &w->own.gone)) && !(err = merge(&v->unnamed, &w->own.unnamed)))
            err = merge(&v->named, &w->own.named);
    }
    if (err)
        return fail_set(v->f, err, "journal", "out of memory");
    sort(&v->gone);
    sort(&v->unnamed);
    sort(&v->named);
    for (size_t i = 0; i < v->unnamed.n; i++)
        if (index_list_find(&v->named, v->unnamed.at[i]) == v->named.n)
            v->unnamed.at[left++] = v->unnamed.at[i];
    v->unnamed.n = left;
    return SLUIS_OK;
}

sluis_err verify_records_finish(verify_pass **out, uint64_t seen, sluis_err tree)
{
    verify_pass *p = *out;
    worker *first = NULL;
    sluis_err err = tree;

    if (!p)
        return tree;
    if (tree) /* what lies behind it matters no more */
        note_bad(p, seen);
    for (size_t i = 0; i < p->count; i++) {
        worker *w = &p->workers[i];
        pthread_join(w->thread, NULL);
        if (w->why.code && w->bad <= seen && (!first || w->bad < first->bad))
            first = w;
    }
    if (first) {
        *p->v->f = first->why;
        err = first->why.code;
    }
    if (!err)
        err = take_lists(p->v, p);
    for (size_t i = 0; i < p->count; i++)
        worker_close(&p->workers[i]);
    free(p);
    *out = NULL;
    return err;
}
