/* The memory engine: a persistent (copy-on-write) treap a table. A snapshot holds references to the roots of
 * its moment; a writer copies the path it changes, so readers never wait and never see half a transaction.
 * Nothing outlives the process. For tests, it fails on request. */
#include "store/store_engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One entry's bytes, shared by every node version that holds it. */
typedef struct {
    atomic_uint refs;
    uint32_t key_n, value_n;
    uint8_t data[]; /* key, value */
} item;

/* Immutable once made. A node owns one reference to each child and to its item. */
typedef struct node {
    atomic_uint refs;
    uint32_t priority;
    struct node *left, *right;
    item *item;
} node;

typedef struct {
    node *root;
    uint64_t count;
} table;

typedef struct {
    store base;
    pthread_mutex_t writer; /* held by the write transaction */
    pthread_mutex_t lock;   /* guards tables, used, txn and the fault */
    table *tables;          /* the committed state */
    uint64_t used, txn;
    unsigned fail_in; /* 0 = never */
    sluis_err fail_with;
    uint32_t random; /* writer only */
    atomic_ullong operations;
} memory_store;

typedef struct {
    store_txn base;
    memory_store *m;
    uint64_t used;
    bool nomem; /* an allocation failed inside a tree operation */
    table tables[];
} memory_txn;

typedef struct {
    memory_txn *t;
    unsigned table;
    const item *at; /* kept alive by the transaction's tree */
} memory_cursor;

static bytes item_key(const item *i)
{
    return BYTES(i->data, i->key_n);
}

static bytes item_value(const item *i)
{
    return BYTES(i->data + i->key_n, i->value_n);
}

static int compare(bytes a, bytes b)
{
    int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static item *item_new(bytes key, bytes value)
{
    item *i = malloc(sizeof *i + key.n + value.n);
    if (!i)
        return NULL;
    atomic_init(&i->refs, 1);
    i->key_n = (uint32_t)key.n;
    i->value_n = (uint32_t)value.n;
    memcpy(i->data, key.p, key.n);
    if (value.n)
        memcpy(i->data + key.n, value.p, value.n);
    return i;
}

static item *item_ref(item *i)
{
    atomic_fetch_add(&i->refs, 1);
    return i;
}

static void item_unref(item *i)
{
    if (i && atomic_fetch_sub(&i->refs, 1) == 1)
        free(i);
}

static node *node_ref(node *n)
{
    if (n)
        atomic_fetch_add(&n->refs, 1);
    return n;
}

/* Recursion is as deep as the tree: logarithmic, the priorities being random. */
static void node_unref(node *n)
{
    if (!n || atomic_fetch_sub(&n->refs, 1) != 1)
        return;
    node_unref(n->left);
    node_unref(n->right);
    item_unref(n->item);
    free(n);
}

/* Takes left, right and i, also when it fails (then t->nomem is set, and the result is not to be used). */
static node *node_new(memory_txn *t, node *left, node *right, item *i, uint32_t priority)
{
    node *n = malloc(sizeof *n);
    if (!n) {
        t->nomem = true;
        node_unref(left);
        node_unref(right);
        item_unref(i);
        return NULL;
    }
    atomic_init(&n->refs, 1);
    n->priority = priority;
    n->left = left;
    n->right = right;
    n->item = i;
    return n;
}

/* A copy of n with other children. */
static node *node_with(memory_txn *t, const node *n, node *left, node *right)
{
    return node_new(t, left, right, item_ref(n->item), n->priority);
}

/* Takes a and b, every key of a being less than every key of b. */
static node *tree_join(memory_txn *t, node *a, node *b)
{
    if (!a || !b)
        return a ? a : b;
    node *r;
    if (a->priority > b->priority) {
        r = node_with(t, a, node_ref(a->left), tree_join(t, node_ref(a->right), b));
        node_unref(a);
    } else {
        r = node_with(t, b, tree_join(t, a, node_ref(b->left)), node_ref(b->right));
        node_unref(b);
    }
    return r;
}

/* The tree n (borrowed) with i (taken) in it; an entry with the same key is replaced. */
static node *tree_put(memory_txn *t, const node *n, item *i, uint32_t priority)
{
    if (!n)
        return node_new(t, NULL, NULL, i, priority);
    int c = compare(item_key(i), item_key(n->item));
    if (c == 0)
        return node_new(t, node_ref(n->left), node_ref(n->right), i, n->priority);
    node *child = tree_put(t, c < 0 ? n->left : n->right, i, priority);
    if (!child)
        return NULL;
    node *r;
    if (c < 0 && child->priority > n->priority)
        r = node_with(t, child, node_ref(child->left),
                      node_with(t, n, node_ref(child->right), node_ref(n->right)));
    else if (c < 0)
        return node_with(t, n, child, node_ref(n->right));
    else if (child->priority > n->priority)
        r = node_with(t, child, node_with(t, n, node_ref(n->left), node_ref(child->left)),
                      node_ref(child->right));
    else
        return node_with(t, n, node_ref(n->left), child);
    node_unref(child);
    return r;
}

/* The tree n (borrowed) without key, which is in it. */
static node *tree_delete(memory_txn *t, const node *n, bytes key)
{
    int c = compare(key, item_key(n->item));
    if (c == 0)
        return tree_join(t, node_ref(n->left), node_ref(n->right));
    if (c < 0)
        return node_with(t, n, tree_delete(t, n->left, key), node_ref(n->right));
    return node_with(t, n, node_ref(n->left), tree_delete(t, n->right, key));
}

/* The first item with a key >= key, or > key when after. */
static const item *tree_from(const node *n, bytes key, bool after)
{
    const item *found = NULL;
    while (n) {
        int c = key.n ? compare(item_key(n->item), key) : 1;
        if (c > 0 || (c == 0 && !after)) {
            found = n->item;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return found;
}

static const item *tree_before(const node *n, bytes bound)
{
    const item *found = NULL;
    while (n) {
        if (bound.n == 0 || compare(item_key(n->item), bound) < 0) {
            found = n->item;
            n = n->right;
        } else {
            n = n->left;
        }
    }
    return found;
}

static sluis_err give(const item *i, bytes *k, bytes *v)
{
    if (!i)
        return SLUIS_NOT_FOUND;
    *k = item_key(i);
    *v = item_value(i);
    return SLUIS_OK;
}

/* Counts a write or commit; the error when it is the one to fail. */
static sluis_err fault(memory_store *m)
{
    pthread_mutex_lock(&m->lock);
    sluis_err e = m->fail_in > 0 && --m->fail_in == 0 ? m->fail_with : SLUIS_OK;
    pthread_mutex_unlock(&m->lock);
    return e;
}

static sluis_err memory_begin(store *s, bool write, store_txn **out)
{
    memory_store *m = (memory_store *)s;
    if (!write && atomic_load(&s->readers) >= s->max_readers)
        return SLUIS_FULL;
    memory_txn *t = calloc(1, sizeof *t + s->table_count * sizeof t->tables[0]);
    if (!t)
        return SLUIS_NOMEM;
    if (write)
        pthread_mutex_lock(&m->writer);
    pthread_mutex_lock(&m->lock);
    t->m = m;
    t->used = m->used;
    for (size_t i = 0; i < s->table_count; i++) {
        t->tables[i] = m->tables[i];
        node_ref(t->tables[i].root);
    }
    pthread_mutex_unlock(&m->lock);
    *out = &t->base;
    return SLUIS_OK;
}

static void memory_abort(store_txn *base)
{
    memory_txn *t = (memory_txn *)base;
    for (size_t i = 0; i < base->s->table_count; i++)
        node_unref(t->tables[i].root);
    if (base->write)
        pthread_mutex_unlock(&t->m->writer);
    free(t);
}

static sluis_err memory_commit(store_txn *base)
{
    memory_txn *t = (memory_txn *)base;
    memory_store *m = t->m;
    sluis_err e = fault(m);
    if (e == SLUIS_OK) {
        pthread_mutex_lock(&m->lock);
        for (size_t i = 0; i < base->s->table_count; i++) {
            table old = m->tables[i];
            m->tables[i] = t->tables[i];
            t->tables[i] = old;
        }
        m->used = t->used;
        m->txn++;
        pthread_mutex_unlock(&m->lock);
    }
    memory_abort(base); /* drops what the store no longer holds: the old state, or the refused one */
    return e;
}

static void count_operation(memory_txn *t)
{
    atomic_fetch_add_explicit(&t->m->operations, 1, memory_order_relaxed);
}

static const item *lookup(memory_txn *t, unsigned tab, bytes key)
{
    count_operation(t);
    const item *i = tree_from(t->tables[tab].root, key, false);
    return i && compare(item_key(i), key) == 0 ? i : NULL;
}

static sluis_err memory_get(store_txn *base, unsigned tab, bytes key, bytes *value)
{
    bytes k;
    return give(lookup((memory_txn *)base, tab, key), &k, value);
}

static sluis_err set_root(memory_txn *t, unsigned tab, node *root)
{
    if (t->nomem) {
        node_unref(root);
        return SLUIS_NOMEM;
    }
    node_unref(t->tables[tab].root);
    t->tables[tab].root = root;
    return SLUIS_OK;
}

static uint64_t cost(const item *i)
{
    return sizeof(node) + sizeof *i + i->key_n + i->value_n;
}

static sluis_err memory_put(store_txn *base, unsigned tab, bytes key, bytes value, engine_put how)
{
    memory_txn *t = (memory_txn *)base;
    const item *old = lookup(t, tab, key);
    if (how == ENGINE_PUT_NEW && old)
        return SLUIS_EXISTS;
    sluis_err e = fault(t->m);
    if (e)
        return e;
    item *i = item_new(key, value);
    if (!i)
        return SLUIS_NOMEM;
    uint64_t used = t->used + cost(i) - (old ? cost(old) : 0);
    bool fresh = !old;
    uint32_t r = t->m->random; /* xorshift32 (Marsaglia 2003): balance is all that is asked of it */
    r ^= r << 13;
    r ^= r >> 17;
    r ^= r << 5;
    t->m->random = r;
    if ((e = set_root(t, tab, tree_put(t, t->tables[tab].root, i, r))))
        return e;
    t->used = used;
    t->tables[tab].count += fresh;
    return SLUIS_OK;
}

static sluis_err memory_del(store_txn *base, unsigned tab, bytes key)
{
    memory_txn *t = (memory_txn *)base;
    const item *old = lookup(t, tab, key);
    if (!old)
        return SLUIS_NOT_FOUND;
    sluis_err e = fault(t->m);
    if (e)
        return e;
    uint64_t used = t->used - cost(old);
    if ((e = set_root(t, tab, tree_delete(t, t->tables[tab].root, key))))
        return e;
    t->used = used;
    t->tables[tab].count--;
    return SLUIS_OK;
}

static sluis_err memory_cursor_open(store_txn *base, unsigned tab, void **out)
{
    memory_cursor *c = malloc(sizeof *c);
    if (!c)
        return SLUIS_NOMEM;
    *c = (memory_cursor){.t = (memory_txn *)base, .table = tab};
    *out = c;
    return SLUIS_OK;
}

static sluis_err memory_cursor_seek(void *cur, bytes key, bytes *k, bytes *v)
{
    memory_cursor *c = cur;
    count_operation(c->t);
    c->at = tree_from(c->t->tables[c->table].root, key, false);
    return give(c->at, k, v);
}

static sluis_err memory_cursor_next(void *cur, bytes *k, bytes *v)
{
    memory_cursor *c = cur;
    count_operation(c->t);
    if (c->at)
        c->at = tree_from(c->t->tables[c->table].root, item_key(c->at), true);
    return give(c->at, k, v);
}

static sluis_err memory_before(store_txn *base, unsigned tab, bytes bound, bytes *k, bytes *v)
{
    count_operation((memory_txn *)base);
    return give(tree_before(((memory_txn *)base)->tables[tab].root, bound), k, v);
}

static sluis_err memory_count(store_txn *base, unsigned tab, uint64_t *n)
{
    *n = ((memory_txn *)base)->tables[tab].count;
    return SLUIS_OK;
}

static sluis_err memory_used(store_txn *base, uint64_t *n)
{
    *n = ((memory_txn *)base)->used;
    return SLUIS_OK;
}

static sluis_err memory_check_readers(store *s, unsigned *stale)
{
    (void)s; /* no other process can have left a reader behind */
    (void)stale;
    return SLUIS_OK;
}

static void memory_health(store *s, store_health *out)
{
    memory_store *m = (memory_store *)s;
    pthread_mutex_lock(&m->lock);
    out->last_txn = m->txn;
    pthread_mutex_unlock(&m->lock);
}

static sluis_err memory_copy(store *s, const char *dir, sluis_fail *f)
{
    (void)s;
    return fail_set(f, SLUIS_INVALID, dir, "a memory store has no files to copy");
}

static void memory_close(store *s)
{
    memory_store *m = (memory_store *)s;
    for (size_t i = 0; i < s->table_count; i++)
        node_unref(m->tables[i].root);
    pthread_mutex_destroy(&m->writer);
    pthread_mutex_destroy(&m->lock);
    free(m->tables);
    free(m);
}

static const store_ops memory_ops = {
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .cursor_open = memory_cursor_open,
    .cursor_seek = memory_cursor_seek,
    .cursor_next = memory_cursor_next,
    .cursor_close = free,
    .before = memory_before,
    .count = memory_count,
    .used = memory_used,
    .check_readers = memory_check_readers,
    .health = memory_health,
    .copy = memory_copy,
};

sluis_err store_open_memory(store **out, const store_options *o, sluis_fail *f)
{
    *out = NULL;
    memory_store *m = calloc(1, sizeof *m);
    if (!m)
        return fail_set(f, SLUIS_NOMEM, "memory store", "out of memory");
    sluis_err e = store_setup(&m->base, &memory_ops, o, f);
    if (e)
        goto fail;
    m->tables = calloc(o->table_count, sizeof *m->tables);
    if (!m->tables) {
        e = fail_set(f, SLUIS_NOMEM, "memory store", "out of memory");
        goto fail;
    }
    m->random = 2463534242u;
    pthread_mutex_init(&m->writer, NULL);
    pthread_mutex_init(&m->lock, NULL);
    *out = &m->base;
    return SLUIS_OK;
fail:
    free(m);
    return e;
}

void store_memory_fail_after(store *s, unsigned n, sluis_err e)
{
    if (s->ops != &memory_ops)
        return;
    memory_store *m = (memory_store *)s;
    pthread_mutex_lock(&m->lock);
    m->fail_in = n;
    m->fail_with = e;
    pthread_mutex_unlock(&m->lock);
}

uint64_t store_memory_operations(store *s)
{
    return s->ops == &memory_ops ? atomic_load(&((memory_store *)s)->operations) : 0;
}
