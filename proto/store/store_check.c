/* The file, little-endian as the machine writes it (LMDB 0.9, 64 bits):
 *
 *   page     pgno u64 | pad u16 | flags u16 | lower u16 | upper u16      (overflow: pages u32 in place of the
 * last two) then u16 offsets of nodes up to lower; nodes from upper to the end of the page, without gaps node
 * lo u16 | hi u16 | flags u16 | key length u16 | key | value  (rounded up to even) leaf: value length = lo |
 * hi << 16; BIGDATA: the value is the u64 number of an overflow page branch: child = lo | hi << 16 | flags <<
 * 32; the first key is not looked at meta     (pages 0 and 1, after a page header) magic u32 | version u32 |
 * address u64 | map size u64 | free tree 48 | main tree 48 | last page u64 | transaction u64 tree     pad u32
 * (free tree: page size) | flags u16 | depth u16 | branch, leaf, overflow pages u64 each | entries u64 | root
 * u64 (all ones: empty)
 *
 * The main tree's values are the tables: a tree each. The free tree maps a transaction (u64) to the pages it
 * freed: count u64, then page numbers, descending. */
#include "store/store_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_CAP   4096
#define MAGIC      UINT32_C(0xbeefc0de)
#define VERSION    1
#define HEADER     16
#define NODE       8
#define TREE       48
#define META_LEN   136
#define EMPTY      UINT64_MAX
#define DEPTH_MAX  32
#define KEY_MAX    511
#define PAGE_MAX   65536
#define INTEGERKEY 0x08

enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08 };
enum { NODE_BIG = 0x01, NODE_TREE = 0x02 };
typedef enum { FREE_TREE, MAIN_TREE, TABLE_TREE } tree_role;
enum { STATE_UNSEEN, STATE_USED, STATE_FREE };

typedef struct {
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
} tree;

typedef struct {
    const uint8_t *map;
    size_t size, page_size;
    uint64_t pages; /* in use by the newest meta: last page + 1 */
    uint8_t *state; /* one a page */
    uint8_t *cover; /* bytes of the page at hand that nodes take */
    store_free_range visit;
    void *ctx;
    store_spot *spot;
    sluis_fail *f;
} checker;

typedef struct {
    tree_role role;
    const tree *want;
    tree seen;
    bytes last; /* the greatest key so far */
} walk;

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static sluis_err bad(checker *c, uint64_t page, const char *text)
{
    char where[64];
    c->spot->page = page;
    snprintf(where, sizeof where, "%s page %llu", STORE_FILE, (unsigned long long)page);
    return fail_set(c->f, SLUIS_CORRUPT, where, "%s", text);
}

static void nothing_at(checker *c, uint64_t from, uint64_t to)
{
    if (c->visit && from < to)
        c->visit(c->ctx, from, to);
}

static void at_key(checker *c, bytes key)
{
    c->spot->key_len = key.n < sizeof c->spot->key ? key.n : sizeof c->spot->key;
    if (c->spot->key_len)
        memcpy(c->spot->key, key.p, c->spot->key_len);
}

static int compare(tree_role role, bytes a, bytes b)
{
    if (role == FREE_TREE) {
        uint64_t x = le64(a.p), y = le64(b.p);
        return x < y ? -1 : x > y;
    }
    int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return r ? r : a.n < b.n ? -1 : a.n > b.n;
}

static tree tree_at(const uint8_t *p)
{
    return (tree){.flags = le16(p + 4),
                  .depth = le16(p + 6),
                  .branches = le64(p + 8),
                  .leaves = le64(p + 16),
                  .overflows = le64(p + 24),
                  .entries = le64(p + 32),
                  .root = le64(p + 40)};
}

/* Takes a page for a tree: in the file, not yet taken, and saying of itself what it is. */
static sluis_err take(checker *c, uint64_t pgno, const uint8_t **page)
{
    if (pgno < 2 || pgno >= c->pages)
        return bad(c, pgno, "lies outside the pages in use");
    if (c->state[pgno] != STATE_UNSEEN)
        return bad(c, pgno, "is used twice");
    c->state[pgno] = STATE_USED;
    *page = c->map + pgno * c->page_size;
    if (le64(*page) != pgno)
        return bad(c, pgno, "carries another page's number");
    nothing_at(c, pgno * c->page_size + 8, pgno * c->page_size + 10);
    return SLUIS_OK;
}

/* The value of a leaf's node that has pages of its own. */
static sluis_err take_big(checker *c, walk *w, uint64_t pgno, size_t n, bytes *value)
{
    const uint8_t *page;
    uint64_t need = (HEADER - 1 + (uint64_t)n) / c->page_size + 1;
    sluis_err e = take(c, pgno, &page);
    if (e)
        return e;
    if (le16(page + 10) != PAGE_OVERFLOW || le32(page + 12) != need || need > c->pages - pgno)
        return bad(c, pgno, "is no overflow page of its value's length");
    for (uint64_t i = 1; i < need; i++) {
        if (c->state[pgno + i] != STATE_UNSEEN)
            return bad(c, pgno + i, "is used twice");
        c->state[pgno + i] = STATE_USED;
    }
    w->seen.overflows += need;
    *value = BYTES(page + HEADER, n);
    nothing_at(c, pgno * c->page_size + HEADER + n, (pgno + need) * c->page_size);
    return SLUIS_OK;
}

static sluis_err take_freed(checker *c, uint64_t page, bytes value)
{
    if (value.n < 8 || value.n % 8 || le64(value.p) != value.n / 8 - 1)
        return bad(c, page, "lists freed pages in a wrong length");
    for (size_t at = 8; at < value.n; at += 8) {
        uint64_t pgno = le64(value.p + at);
        if (pgno < 2 || pgno >= c->pages || c->state[pgno] != STATE_UNSEEN)
            return bad(c, page, "lists a freed page that is used or lies outside");
        if (at > 8 && pgno >= le64(value.p + at - 8))
            return bad(c, page, "lists freed pages out of order");
        c->state[pgno] = STATE_FREE;
        nothing_at(c, pgno * c->page_size, (pgno + 1) * c->page_size);
    }
    return SLUIS_OK;
}

static sluis_err walk_tree(checker *c, tree_role role, const tree *t);

static sluis_err take_table(checker *c, uint64_t page, bytes key, bytes value)
{
    if (value.n != TREE || key.n >= sizeof c->spot->table || le32(value.p) != 0)
        return bad(c, page, "holds a table's tree of a wrong form");
    memcpy(c->spot->table, key.p, key.n);
    c->spot->table[key.n] = '\0';
    tree t = tree_at(value.p);
    sluis_err e = walk_tree(c, TABLE_TREE, &t);
    if (!e)
        c->spot->table[0] = '\0';
    return e;
}

/* A node's place and length, marked in cover; false when it does not lie within [upper, page_size) alone. */
static bool mark(checker *c, const uint8_t *page, size_t at, bool leaf, size_t *n)
{
    size_t upper = le16(page + 14);
    if (at < upper || at % 2 || at + NODE > c->page_size)
        return false;
    size_t key = le16(page + at + 6), value = leaf ? (size_t)le32(page + at) : 0;
    if (leaf && le16(page + at + 4) == NODE_BIG)
        value = 8;
    if (key > KEY_MAX || value > c->page_size)
        return false;
    *n = NODE + key + value;
    size_t even = (*n + 1) & ~(size_t)1;
    if (at + even > c->page_size || memchr(c->cover + at, 1, even))
        return false;
    memset(c->cover + at, 1, even);
    return true;
}

/* Marks every node of a page and reports what lies between them. */
static sluis_err lay_out(checker *c, uint64_t pgno, const uint8_t *page, bool leaf, size_t *count)
{
    size_t lower = le16(page + 12), upper = le16(page + 14), n = 0, base = pgno * c->page_size;
    if (lower < HEADER || lower % 2 || lower > upper || upper > c->page_size)
        return bad(c, pgno, "has impossible bounds");
    *count = (lower - HEADER) / 2;
    if (*count == 0)
        return bad(c, pgno, "holds no entry");
    memset(c->cover, 0, c->page_size);
    for (size_t i = 0; i < *count; i++) {
        size_t at = le16(page + HEADER + 2 * i);
        if (!mark(c, page, at, leaf, &n))
            return bad(c, pgno, "holds an entry outside its bounds or over another");
        if (n % 2)
            nothing_at(c, base + at + n, base + at + n + 1);
    }
    if (upper < c->page_size && memchr(c->cover + upper, 0, c->page_size - upper))
        return bad(c, pgno, "has a gap between its entries");
    nothing_at(c, base + lower, base + upper);
    return SLUIS_OK;
}

static sluis_err check_order(checker *c, walk *w, uint64_t pgno, bytes key, bytes from, bytes below)
{
    if ((w->role == FREE_TREE && key.n != 8) || key.n == 0)
        return bad(c, pgno, "holds a key of a wrong length");
    at_key(c, key);
    if (w->last.n && compare(w->role, w->last, key) >= 0)
        return bad(c, pgno, "holds keys out of order");
    if ((from.n && compare(w->role, key, from) < 0) || (below.n && compare(w->role, key, below) >= 0))
        return bad(c, pgno, "holds a key that belongs to another page");
    w->last = key;
    return SLUIS_OK;
}

static sluis_err walk_leaf(checker *c, walk *w, uint64_t pgno, const uint8_t *page, bytes from, bytes below)
{
    size_t count;
    sluis_err e = lay_out(c, pgno, page, true, &count);
    for (size_t i = 0; !e && i < count; i++) {
        const uint8_t *node = page + le16(page + HEADER + 2 * i);
        uint16_t flags = le16(node + 4), key_len = le16(node + 6);
        bytes key = BYTES(node + NODE, key_len), value = BYTES(node + NODE + key_len, le32(node));
        if ((e = check_order(c, w, pgno, key, from, below)))
            return e;
        if (flags != (w->role == MAIN_TREE ? NODE_TREE : 0) && (flags != NODE_BIG || w->role == MAIN_TREE))
            return bad(c, pgno, "holds an entry of a wrong kind");
        if (flags == NODE_BIG)
            e = take_big(c, w, le64(value.p), value.n, &value);
        if (!e && w->role == FREE_TREE)
            e = take_freed(c, pgno, value);
        if (!e && w->role == MAIN_TREE)
            e = take_table(c, pgno, key, value);
        w->seen.entries++;
    }
    return e;
}

static sluis_err walk_page(checker *c, walk *w, uint64_t pgno, unsigned depth, bytes from, bytes below);

/* The separator before child i, [from, below) of its keys. */
static bytes separator(const uint8_t *page, size_t i)
{
    const uint8_t *node = page + le16(page + HEADER + 2 * i);
    return BYTES(node + NODE, le16(node + 6));
}

static sluis_err walk_branch(checker *c, walk *w, uint64_t pgno, const uint8_t *page, unsigned depth,
                             bytes from, bytes below)
{
    size_t count;
    sluis_err e = lay_out(c, pgno, page, false, &count);
    for (size_t i = 0; !e && i < count; i++) {
        const uint8_t *node = page + le16(page + HEADER + 2 * i);
        bytes low = i ? separator(page, i) : from, high = i + 1 < count ? separator(page, i + 1) : below;
        if ((i && low.n == 0) || (w->role == FREE_TREE && i && low.n != 8) ||
            (low.n && high.n && (w->role != FREE_TREE || high.n == 8) && compare(w->role, low, high) >= 0))
            return bad(c, pgno, "holds separators out of order");
        if (w->role == FREE_TREE && high.n && high.n != 8)
            return bad(c, pgno, "holds a separator of a wrong length");
        size_t at = (size_t)(node - c->map) + NODE;
        nothing_at(c, at, at + le16(node + 6));
        uint64_t child = le16(node) | (uint64_t)le16(node + 2) << 16 | (uint64_t)le16(node + 4) << 32;
        e = walk_page(c, w, child, depth + 1, low, high);
    }
    return e;
}

static sluis_err walk_page(checker *c, walk *w, uint64_t pgno, unsigned depth, bytes from, bytes below)
{
    const uint8_t *page;
    sluis_err e = take(c, pgno, &page);
    if (e)
        return e;
    uint16_t kind = le16(page + 10);
    bool deepest = depth == w->want->depth;
    if (kind != (deepest ? PAGE_LEAF : PAGE_BRANCH))
        return bad(c, pgno, "is of a wrong kind for its depth");
    if (deepest) {
        w->seen.leaves++;
        return walk_leaf(c, w, pgno, page, from, below);
    }
    w->seen.branches++;
    return walk_branch(c, w, pgno, page, depth, from, below);
}

static sluis_err walk_tree(checker *c, tree_role role, const tree *t)
{
    walk w = {.role = role, .want = t};
    bytes none = {NULL, 0};
    if (t->flags != (role == FREE_TREE ? INTEGERKEY : 0) || t->depth > DEPTH_MAX ||
        (t->root == EMPTY) != (t->depth == 0))
        return bad(c, t->root, "begins a tree of a wrong form");
    sluis_err e = t->root == EMPTY ? SLUIS_OK : walk_page(c, &w, t->root, 1, none, none);
    if (e)
        return e;
    if (w.seen.branches != t->branches || w.seen.leaves != t->leaves || w.seen.overflows != t->overflows ||
        w.seen.entries != t->entries)
        return bad(c, t->root, "begins a tree that does not hold what its counts say");
    c->spot->key_len = 0;
    return SLUIS_OK;
}

/* Both metas: the older one serves after a torn write, so it must not pass for the newer. */
static sluis_err check_metas(checker *c, const uint8_t **newest)
{
    const uint8_t *m[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *page = c->map + i * c->page_size;
        m[i] = page + HEADER;
        if (le64(page) != i || le16(page + 10) != PAGE_META || le32(m[i]) != MAGIC ||
            le32(m[i] + 4) != VERSION || le64(m[i] + 8) != 0 || le32(m[i] + 24) != c->page_size)
            return bad(c, i, "is no meta page of this format");
    }
    uint64_t t0 = le64(m[0] + 128), t1 = le64(m[1] + 128);
    unsigned n = t1 > t0;
    if ((n ? t1 - t0 : t0 - t1) > 1 || (n ? t1 : t0) % 2 != n)
        return bad(c, n, "does not follow the other meta page");
    if (le64(m[0] + 16) != le64(m[1] + 16))
        return bad(c, 1, "reserves another map size than the other meta page");
    *newest = m[n];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t base = i * c->page_size;
        nothing_at(c, base + 8, base + 10);
        nothing_at(c, base + 12, base + HEADER);
        if (i != n)
            nothing_at(c, base + HEADER + 28, base + HEADER + 128);
        nothing_at(c, base + HEADER + META_LEN, base + c->page_size);
    }
    return SLUIS_OK;
}

static sluis_err check_all(checker *c)
{
    const uint8_t *meta = NULL;
    sluis_err e = check_metas(c, &meta);
    if (e)
        return e;
    c->pages = le64(meta + 120) + 1;
    if (c->pages < 2 || c->pages > c->size / c->page_size)
        return bad(c, 0, "counts more pages than the file has");
    if (!(c->state = calloc(c->pages, 1)) || !(c->cover = malloc(c->page_size)))
        return fail_set(c->f, SLUIS_NOMEM, STORE_FILE, "%s", error_text(SLUIS_NOMEM));
    tree freed = tree_at(meta + 24), tables = tree_at(meta + 24 + TREE);
    if (le32(meta + 24 + TREE) != 0)
        return bad(c, 0, "describes the main tree in a wrong form");
    if ((e = walk_tree(c, MAIN_TREE, &tables)) || (e = walk_tree(c, FREE_TREE, &freed)))
        return e;
    for (uint64_t i = 2; i < c->pages; i++)
        if (c->state[i] == STATE_UNSEEN)
            return bad(c, i, "is neither used nor free");
    nothing_at(c, c->pages * c->page_size, c->size);
    return SLUIS_OK;
}

sluis_err store_check_file(const char *path, store_free_range visit, void *ctx, store_spot *spot,
                           sluis_fail *f)
{
    char file[PATH_CAP];
    struct stat st;
    checker c = {.visit = visit, .ctx = ctx, .spot = spot, .f = f};
    *spot = (store_spot){0};
    if (snprintf(file, sizeof file, "%s/%s", path, STORE_FILE) >= (int)sizeof file)
        return fail_set(f, SLUIS_TOO_BIG, path, "the path is too long");
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        sluis_err why = errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO;
        if (fd >= 0)
            close(fd);
        return fail_set(f, why, file, "cannot be opened: %s", strerror(errno));
    }
    sluis_err e;
    c.page_size = (size_t)sysconf(_SC_PAGESIZE); /* what LMDB takes at creation */
    c.size = (size_t)st.st_size;
    if (c.page_size > PAGE_MAX || c.size < 2 * c.page_size || c.size % c.page_size) {
        e = fail_set(f, SLUIS_CORRUPT, file, "is no whole number of pages");
        goto done;
    }
    void *map = mmap(NULL, c.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        e = fail_set(f, SLUIS_IO, file, "cannot be read: %s", strerror(errno));
        goto done;
    }
    c.map = map;
    e = check_all(&c);
    free(c.state);
    free(c.cover);
    munmap(map, c.size);
done:
    close(fd);
    return e;
}
