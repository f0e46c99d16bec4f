/* The front of every engine: bounds, the sticky error, the quota, ranges. */
#include "store/store_engine.h"

#include <stdlib.h>
#include <string.h>

/* What an entry costs beyond its own bytes, roughly: node header, alignment, a share of half-filled pages. */
#define ENTRY_COST 64

struct store_cursor {
    store_txn *t;
    unsigned table;
    void *impl;
    store_cursor *next; /* among the spare ones */
    uint64_t seen;      /* t->changes when it was positioned */
    bool started;
    size_t from_n, prefix_n;
    uint8_t from[STORE_KEY_MAX]; /* where to position: the start, later the last key of a write transaction */
    uint8_t prefix[STORE_KEY_MAX];
};

static sluis_err stick(store_txn *t, sluis_err e)
{
    if (e != SLUIS_OK && t->err == SLUIS_OK)
        t->err = e;
    return e;
}

static sluis_err check_key(bytes key)
{
    if (key.n == 0 || !key.p)
        return SLUIS_INVALID;
    return key.n > STORE_KEY_MAX ? SLUIS_TOO_BIG : SLUIS_OK;
}

static bool starts_with(bytes key, bytes prefix)
{
    return key.n >= prefix.n && (prefix.n == 0 || memcmp(key.p, prefix.p, prefix.n) == 0);
}

static int compare(bytes a, bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* ---- shared trees ---- */

static sluis_err set_trees(store *s, const store_options *o, const char *where, sluis_fail *f)
{
    for (unsigned i = 0; i < o->table_count; i++) {
        const store_table *x = &o->tables[i];
        s->tree[i] = i;
        s->key_len[i] = x->tree ? x->key_len : 0;
        if (x->tree && (x->key_len == 0 || x->key_len >= STORE_KEY_MAX))
            return fail_set(f, SLUIS_INVALID, where, "table %s shares a tree: its keys have a length",
                            x->name);
        for (unsigned k = 0; x->tree && s->tree[i] == i && k < i; k++)
            if (o->tables[k].tree && strcmp(o->tables[k].tree, x->tree) == 0)
                s->tree[i] = k;
    }
    return SLUIS_OK;
}

/* The key as its tree holds it; NOT_FOUND: no key of this table. */
static sluis_err key_in_tree(const store_txn *t, unsigned table, bytes *key,
                             uint8_t full[static STORE_KEY_MAX])
{
    size_t n = t->s->key_len[table];
    if (n == 0)
        return SLUIS_OK;
    if (key->n != n)
        return SLUIS_NOT_FOUND;
    memcpy(full, key->p, n);
    full[n] = (uint8_t)table;
    *key = BYTES(full, n + 1);
    return SLUIS_OK;
}

/* And back; *ours: it is of this table. */
static sluis_err key_of_tree(const store *s, unsigned table, bytes *key, bool *ours)
{
    *ours = true;
    if (s->key_len[table] == 0)
        return SLUIS_OK;
    unsigned of = key->p[key->n - 1];
    if (of >= s->table_count || s->tree[of] != s->tree[table] || key->n != s->key_len[of] + 1)
        return SLUIS_CORRUPT;
    *ours = of == table;
    key->n--;
    return SLUIS_OK;
}

sluis_err store_setup(store *s, const store_ops *ops, const store_options *o, sluis_fail *f)
{
    const char *where = o->path ? o->path : "memory store";
    if (o->table_count == 0 || o->table_count > TABLES_MAX)
        return fail_set(f, SLUIS_INVALID, where, "between 1 and %d tables are needed, not %zu", TABLES_MAX,
                        o->table_count);
    if (o->map_bytes == 0 || o->quota_bytes > o->map_bytes)
        return fail_set(f, SLUIS_INVALID, where, "the quota must not exceed the map, and the map not be 0");
    s->ops = ops;
    s->table_count = o->table_count;
    s->map = o->map_bytes;
    s->quota = o->quota_bytes ? o->quota_bytes : o->map_bytes;
    s->max_readers = o->max_readers ? o->max_readers : 126;
    s->read_only = o->read_only;
    atomic_init(&s->readers, 0);
    atomic_init(&s->syncs, 0);
    return set_trees(s, o, where, f);
}

void store_close(store **s)
{
    if (!s || !*s)
        return;
    (*s)->ops->close(*s);
    *s = NULL;
}

static sluis_err begin(store *s, store_txn **out, bool write, bool reserved)
{
    *out = NULL;
    store_txn *t;
    sluis_err e = s->ops->begin(s, write, &t);
    if (e)
        return e;
    t->s = s;
    t->write = write;
    t->reserved = reserved;
    if (!write)
        atomic_fetch_add(&s->readers, 1);
    *out = t;
    return SLUIS_OK;
}

sluis_err store_begin_read(store *s, store_txn **out)
{
    return begin(s, out, false, false);
}

sluis_err store_begin_write(store *s, store_txn **out, bool reserved)
{
    *out = NULL;
    return s->read_only ? SLUIS_PERMISSION : begin(s, out, true, reserved);
}

sluis_err store_error(const store_txn *t)
{
    return t->err;
}

uint64_t store_changes(const store_txn *t)
{
    return t->changes;
}

static void drop_spare(store_txn *t)
{
    for (store_cursor *c = t->spare, *next; c; c = next) {
        next = c->next;
        t->s->ops->cursor_close(c->impl);
        free(c);
    }
    t->spare = NULL;
}

sluis_err store_commit(store_txn **t)
{
    if (!*t)
        return SLUIS_INVALID;
    if (!(*t)->write || (*t)->err) {
        sluis_err e = (*t)->err;
        store_abort(t);
        return e;
    }
    store *s = (*t)->s;
    drop_spare(*t);
    sluis_err e = s->ops->commit(*t);
    *t = NULL;
    if (e == SLUIS_OK)
        atomic_fetch_add(&s->syncs, 1);
    return e;
}

void store_abort(store_txn **t)
{
    if (!t || !*t)
        return;
    if (!(*t)->write)
        atomic_fetch_sub(&(*t)->s->readers, 1);
    drop_spare(*t);
    (*t)->s->ops->abort(*t);
    *t = NULL;
}

/* Common to all calls that name a table. */
static sluis_err ready(store_txn *t, unsigned table)
{
    if (t->err)
        return t->err;
    return table < t->s->table_count ? SLUIS_OK : stick(t, SLUIS_INVALID);
}

sluis_err store_get(store_txn *t, unsigned table, bytes key, bytes *value)
{
    uint8_t full[STORE_KEY_MAX];
    *value = (bytes){0};
    sluis_err e = ready(t, table);
    if (e)
        return e;
    if ((e = check_key(key)))
        return stick(t, e);
    e = key_in_tree(t, table, &key, full);
    if (!e)
        e = t->s->ops->get(t, t->s->tree[table], key, value);
    return e == SLUIS_NOT_FOUND ? e : stick(t, e);
}

/* The quota is kept by an estimate; the engine is asked for the exact figure only when that has run out. */
static sluis_err take_room(store_txn *t, uint64_t need)
{
    if (t->reserved)
        return SLUIS_OK;
    if (t->full)
        return SLUIS_NO_SPACE;
    if (t->room < need) {
        uint64_t used;
        sluis_err e = t->s->ops->used(t, &used);
        if (e)
            return e;
        t->room = used < t->s->quota ? t->s->quota - used : 0;
        if (t->room < need)
            return SLUIS_NO_SPACE;
    }
    t->room -= need;
    return SLUIS_OK;
}

static sluis_err put(store_txn *t, unsigned table, bytes key, bytes value, engine_put how)
{
    uint8_t full[STORE_KEY_MAX];
    sluis_err e = ready(t, table);
    if (e)
        return e;
    if (!t->write)
        return stick(t, SLUIS_PERMISSION);
    if ((e = check_key(key)))
        return stick(t, e);
    if (value.n > STORE_VALUE_MAX)
        return stick(t, SLUIS_TOO_BIG);
    if (key_in_tree(t, table, &key, full))
        return stick(t, SLUIS_INVALID);
    if ((e = take_room(t, key.n + value.n + ENTRY_COST)))
        return stick(t, e);
    e = t->s->ops->put(t, t->s->tree[table], key, value, how);
    if (e == SLUIS_EXISTS)
        return e;
    t->changes++;
    return stick(t, e);
}

sluis_err store_put(store_txn *t, unsigned table, bytes key, bytes value)
{
    return put(t, table, key, value, ENGINE_PUT);
}

sluis_err store_put_new(store_txn *t, unsigned table, bytes key, bytes value)
{
    return put(t, table, key, value, ENGINE_PUT_NEW);
}

sluis_err store_delete(store_txn *t, unsigned table, bytes key)
{
    uint8_t full[STORE_KEY_MAX];
    sluis_err e = ready(t, table);
    if (e)
        return e;
    if (!t->write)
        return stick(t, SLUIS_PERMISSION);
    if ((e = check_key(key)))
        return stick(t, e);
    e = key_in_tree(t, table, &key, full);
    if (!e)
        e = t->s->ops->del(t, t->s->tree[table], key);
    if (e == SLUIS_NOT_FOUND)
        return e;
    t->changes++;
    return stick(t, e);
}

/* One that was closed in this transaction stands where the next one is likely to begin. */
static store_cursor *take_spare(store_txn *t, unsigned table)
{
    store_cursor **at = &t->spare;
    while (*at && t->s->tree[(*at)->table] != t->s->tree[table])
        at = &(*at)->next;
    store_cursor *c = *at;
    if (c)
        *at = c->next;
    return c;
}

static sluis_err new_cursor(store_txn *t, unsigned table, store_cursor **out)
{
    store_cursor *c = calloc(1, sizeof *c);
    sluis_err e = c ? t->s->ops->cursor_open(t, t->s->tree[table], &c->impl) : SLUIS_NOMEM;
    if (e)
        free(c);
    else
        *out = c;
    return stick(t, e);
}

sluis_err store_cursor_open(store_txn *t, unsigned table, bytes from, bytes prefix, store_cursor **out)
{
    *out = NULL;
    sluis_err e = ready(t, table);
    if (e)
        return e;
    store_cursor *c = take_spare(t, table);
    if (!c && (e = new_cursor(t, table, &c)))
        return e;
    c->t = t;
    c->table = table;
    store_cursor_seek(c, from, prefix);
    *out = c;
    if (t->err)
        store_cursor_close(out);
    return t->err;
}

void store_cursor_seek(store_cursor *c, bytes from, bytes prefix)
{
    if (from.n > STORE_KEY_MAX || prefix.n > STORE_KEY_MAX) {
        stick(c->t, SLUIS_TOO_BIG);
        return;
    }
    bytes start = compare(from, prefix) < 0 ? prefix : from;
    c->started = false;
    c->from_n = start.n;
    c->prefix_n = prefix.n;
    if (start.n)
        memcpy(c->from, start.p, start.n);
    if (prefix.n)
        memcpy(c->prefix, prefix.p, prefix.n);
}

/* Finds the next entry, whatever was written since the last one. */
static sluis_err advance(store_cursor *c, bytes *key, bytes *value)
{
    const store_ops *ops = c->t->s->ops;
    if (c->started && c->seen == c->t->changes)
        return ops->cursor_next(c->impl, key, value);
    bytes from = BYTES(c->from, c->from_n);
    sluis_err e = ops->cursor_seek(c->impl, from, key, value);
    if (e == SLUIS_OK && c->started && bytes_equal(*key, from))
        e = ops->cursor_next(c->impl, key, value);
    return e;
}

/* The next entry of the tree within the range. */
static sluis_err step(store_cursor *c, bytes *key, bytes *value)
{
    sluis_err e = advance(c, key, value);
    if (!e && !starts_with(*key, BYTES(c->prefix, c->prefix_n)))
        e = SLUIS_NOT_FOUND;
    if (e)
        return e;
    if (c->t->write) {
        memcpy(c->from, key->p, key->n);
        c->from_n = key->n;
    }
    c->started = true;
    c->seen = c->t->changes;
    return SLUIS_OK;
}

sluis_err store_cursor_next(store_cursor *c, bytes *key, bytes *value)
{
    bool ours = false;
    sluis_err e = c->t->err;
    while (!e && !ours) {
        e = step(c, key, value);
        if (!e)
            e = key_of_tree(c->t->s, c->table, key, &ours);
    }
    if (!e)
        return SLUIS_OK;
    *key = *value = (bytes){0};
    return e == SLUIS_NOT_FOUND ? e : stick(c->t, e);
}

void store_cursor_close(store_cursor **c)
{
    if (!c || !*c)
        return;
    store_txn *t = (*c)->t;
    if (t->write) {
        (*c)->next = t->spare;
        t->spare = *c;
    } else {
        t->s->ops->cursor_close((*c)->impl);
        free(*c);
    }
    *c = NULL;
}

sluis_err store_last(store_txn *t, unsigned table, bytes prefix, bytes *key, bytes *value)
{
    *key = *value = (bytes){0};
    sluis_err e = ready(t, table);
    if (e)
        return e;
    if (prefix.n > STORE_KEY_MAX)
        return stick(t, SLUIS_TOO_BIG);
    /* The smallest key after all that start with prefix: drop trailing ff, add one to what is left. */
    uint8_t bound[STORE_KEY_MAX];
    size_t n = prefix.n;
    while (n > 0 && prefix.p[n - 1] == 0xff)
        n--;
    if (n) {
        memcpy(bound, prefix.p, n);
        bound[n - 1]++;
    }
    bytes before = BYTES(bound, n);
    for (bool ours = false; !e && !ours;) {
        e = t->s->ops->before(t, t->s->tree[table], before, key, value);
        before = *key;
        if (!e && !starts_with(*key, prefix))
            e = SLUIS_NOT_FOUND;
        if (!e)
            e = key_of_tree(t->s, table, key, &ours);
    }
    if (!e)
        return SLUIS_OK;
    *key = *value = (bytes){0};
    return e == SLUIS_NOT_FOUND ? e : stick(t, e);
}

sluis_err store_count(store_txn *t, unsigned table, uint64_t *n)
{
    store_cursor *c = NULL;
    bytes none = {NULL, 0}, key, value;
    *n = 0;
    sluis_err e = ready(t, table);
    if (e || t->s->key_len[table] == 0)
        return e ? e : stick(t, t->s->ops->count(t, table, n));
    e = store_cursor_open(t, table, none, none, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value)))
        ++*n;
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err store_check_readers(store *s, unsigned *stale)
{
    *stale = 0;
    return s->ops->check_readers(s, stale);
}

sluis_err store_health_get(store *s, store_health *out)
{
    *out = (store_health){.quota_bytes = s->quota, .map_bytes = s->map, .max_readers = s->max_readers};
    out->readers = atomic_load(&s->readers);
    out->syncs = atomic_load(&s->syncs);
    store_txn *t;
    sluis_err e = store_begin_read(s, &t);
    if (e)
        return e;
    e = s->ops->used(t, &out->used_bytes);
    s->ops->health(s, out);
    store_abort(&t);
    return e;
}

sluis_err store_copy(store *s, const char *dir, sluis_fail *f)
{
    return s->ops->copy(s, dir, f);
}
