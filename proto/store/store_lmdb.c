/* The LMDB engine: the only file that knows LMDB (0.9.24).
 *
 * A folder holds data.mdb and lock.mdb (LMDB's) and writer.lock, which the one program that writes keeps
 * locked (flock). Each tree is a named database; database "meta" holds, under "format":
 *
 *   offset  size  field
 *   0       4     format version, u32 big-endian
 *   4       n     format name, without NUL
 *
 * Always synced: never NOSYNC, WRITEMAP or NOLOCK, and no DUPSORT. Disk is allocated ahead of the last page,
 * so that a full disk stops ordinary writes while reserved ones still find room. */
#include "store/store_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define META_TABLE    "meta"
#define META_KEY      "format"
#define PEEK_MAP      (UINT64_C(1) << 30) /* the least; LMDB takes more by itself when the file is larger */
#define FORMAT_MAX    64
#define PATH_BOUND    4096
#define RESERVE_LEAST (UINT64_C(1) << 20)
#define RESERVE_MOST  (UINT64_C(64) << 20)
#define ZERO_AHEAD    (UINT64_C(256) << 10) /* more than a lone transaction adds */
#define ZERO_STEP     (UINT64_C(64) << 10)  /* at least so much at a time */
#define ZERO_PIECE    4096
#define SINGLE_AHEAD  (UINT64_C(2) << 20)   /* more than a transaction of a full load adds */
#define SINGLE_STEP   (UINT64_C(128) << 10) /* as much as the kernel reads at once */
#define DB_FREE       0                     /* LMDB's own databases, known to mdb_stat by number */
#define DB_MAIN       1

typedef struct {
    store base;
    MDB_env *env;
    MDB_dbi *dbis;
    MDB_dbi meta;
    int lock_fd;        /* -1 when read-only */
    int data_fd;        /* LMDB's; borrowed */
    uint64_t page;      /* bytes */
    uint64_t reserve;   /* bytes of disk kept allocated beyond the last page */
    uint64_t allocated; /* size of the data file; written inside write transactions only */
    uint64_t zeroed;    /* end of what zero_ahead() has written; the same */
    uint64_t single;    /* end of what single_ahead() has read; the same */
} lmdb_store;

typedef struct {
    store_txn base;
    lmdb_store *m;
    MDB_txn *txn;
    MDB_cursor *at[]; /* of a write: where each tree was used last, NULL: not yet. LMDB closes them */
} lmdb_txn;

static sluis_err from_lmdb(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return SLUIS_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return SLUIS_NOT_FOUND;
    case MDB_KEYEXIST:
        return SLUIS_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return SLUIS_NO_SPACE;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return SLUIS_CORRUPT;
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return SLUIS_VERSION;
    case MDB_READERS_FULL:
        return SLUIS_FULL;
    case MDB_TXN_FULL:
    case MDB_BAD_VALSIZE:
        return SLUIS_TOO_BIG;
    case ENOMEM:
        return SLUIS_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return SLUIS_PERMISSION;
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_BAD_RSLOT:
        return SLUIS_INTERNAL;
    default:
        return SLUIS_IO;
    }
}

static MDB_val val(bytes b)
{
    return (MDB_val){.mv_size = b.n, .mv_data = (void *)(uintptr_t)b.p}; /* LMDB reads it only */
}

static bytes of_val(const MDB_val *v)
{
    return BYTES(v->mv_data, v->mv_size);
}

/* ---- transactions ---- */

/* Writes zeros to what lies allocated beyond the last page, which nothing refers to. A file system keeps an
 * account of what was allocated and never written: the first write there changes it, and a sync has to wait
 * for that, too. A page at a time: of many pages in a row the kernel makes one large piece (folio), and every
 * later write of a single page somewhere in it walks over the whole piece. The disk begins on them at once,
 * long before the commit waits for it. */
static sluis_err zero_ahead(lmdb_store *m, uint64_t end)
{
    static const uint8_t zeros[ZERO_PIECE];
    uint64_t from = m->zeroed > end ? m->zeroed : end, at = from;
    uint64_t to = end + ZERO_AHEAD < m->allocated ? end + ZERO_AHEAD : m->allocated;
    if (from + ZERO_STEP > to)
        return SLUIS_OK;
    for (; at + ZERO_PIECE <= to; at += ZERO_PIECE) {
        ssize_t n = pwrite(m->data_fd, zeros, ZERO_PIECE, (off_t)at);
        if (n < 0 && errno != ENOSPC && errno != EDQUOT)
            return SLUIS_IO;
        if (n != ZERO_PIECE)
            return SLUIS_NO_SPACE;
    }
    sync_file_range(m->data_fd, (off_t)from, (off_t)(at - from), SYNC_FILE_RANGE_WRITE);
    m->zeroed = at;
    return SLUIS_OK;
}

/* Has the kernel read what lies beyond that, which gives it the zeros there in single pages. LMDB writes new
 * pages in long rows, of which the kernel would make large pieces, too; a page that it holds already stays by
 * itself. Nothing is written for it, and nothing depends on it. */
static void single_ahead(lmdb_store *m, uint64_t end)
{
    uint64_t to = end + SINGLE_AHEAD < m->allocated ? end + SINGLE_AHEAD : m->allocated;
    uint64_t at = m->single > m->zeroed ? m->single : m->zeroed;
    for (; at + SINGLE_STEP <= to; at += SINGLE_STEP)
        posix_fadvise(m->data_fd, (off_t)at, SINGLE_STEP, POSIX_FADV_WILLNEED);
    m->single = at;
}

/* Sees to it that the disk holds the reserve beyond the last page. NO_SPACE: it is full. */
static sluis_err allocate_ahead(lmdb_store *m)
{
    MDB_envinfo info;
    mdb_env_info(m->env, &info);
    uint64_t end = (info.me_last_pgno + 1) * m->page;
    sluis_err e = m->reserve ? zero_ahead(m, end) : SLUIS_OK;
    if (m->reserve)
        single_ahead(m, end);
    if (e || m->reserve == 0 || m->allocated >= end + m->reserve)
        return e;
    uint64_t want = end + 2 * m->reserve;
    if (fallocate(m->data_fd, 0, (off_t)end, (off_t)(want - end)) == 0) {
        m->allocated = want;
        return SLUIS_OK;
    }
    if (errno == ENOSPC || errno == EDQUOT)
        return SLUIS_NO_SPACE;
    /* A file system that cannot allocate ahead: full is then found out when writing. */
    m->allocated = UINT64_MAX - m->reserve;
    return SLUIS_OK;
}

static void lmdb_abort(store_txn *base)
{
    lmdb_txn *t = (lmdb_txn *)base;
    mdb_txn_abort(t->txn);
    free(t);
}

static sluis_err lmdb_begin(store *s, bool write, store_txn **out)
{
    lmdb_store *m = (lmdb_store *)s;
    lmdb_txn *t = calloc(1, sizeof *t + s->table_count * sizeof t->at[0]);
    if (!t)
        return SLUIS_NOMEM;
    int rc = mdb_txn_begin(m->env, NULL, write ? 0 : MDB_RDONLY, &t->txn);
    if (rc) {
        free(t);
        return from_lmdb(rc);
    }
    t->m = m;
    sluis_err e = write ? allocate_ahead(m) : SLUIS_OK;
    if (e && e != SLUIS_NO_SPACE) {
        lmdb_abort(&t->base);
        return e;
    }
    t->base.full = e == SLUIS_NO_SPACE;
    *out = &t->base;
    return SLUIS_OK;
}

/* LMDB calls a short write, which is what a full disk gives, an I/O error. */
static bool disk_full(const lmdb_store *m)
{
    struct statvfs v;
    return fstatvfs(m->data_fd, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < RESERVE_LEAST;
}

static sluis_err lmdb_commit(store_txn *base)
{
    lmdb_txn *t = (lmdb_txn *)base;
    sluis_err e = from_lmdb(mdb_txn_commit(t->txn));
    if (e == SLUIS_IO && disk_full(t->m))
        e = SLUIS_NO_SPACE;
    free(t);
    return e;
}

/* ---- entries ---- */

/* A transaction that writes goes from one row to its neighbour: a cursor that stays looks on the page where
 * it stands first, and only then from the root of the tree down. */
static int cursor_at(lmdb_txn *t, unsigned table, MDB_cursor **out)
{
    int rc = t->at[table] ? 0 : mdb_cursor_open(t->txn, t->m->dbis[table], &t->at[table]);
    *out = t->at[table];
    return rc;
}

static sluis_err lmdb_get(store_txn *base, unsigned table, bytes key, bytes *value)
{
    lmdb_txn *t = (lmdb_txn *)base;
    MDB_cursor *c = NULL;
    MDB_val k = val(key), v;
    int rc = base->write ? cursor_at(t, table, &c) : 0;
    if (rc == 0)
        rc = c ? mdb_cursor_get(c, &k, &v, MDB_SET) : mdb_get(t->txn, t->m->dbis[table], &k, &v);
    if (rc == 0)
        *value = of_val(&v);
    return from_lmdb(rc);
}

static sluis_err lmdb_put(store_txn *base, unsigned table, bytes key, bytes value, engine_put how)
{
    lmdb_txn *t = (lmdb_txn *)base;
    MDB_cursor *c;
    MDB_val k = val(key), v = val(value);
    int rc = cursor_at(t, table, &c);
    return from_lmdb(rc ? rc : mdb_cursor_put(c, &k, &v, how == ENGINE_PUT_NEW ? MDB_NOOVERWRITE : 0));
}

static sluis_err lmdb_del(store_txn *base, unsigned table, bytes key)
{
    lmdb_txn *t = (lmdb_txn *)base;
    MDB_cursor *c;
    MDB_val k = val(key), v;
    int rc = cursor_at(t, table, &c);
    if (rc == 0)
        rc = mdb_cursor_get(c, &k, &v, MDB_SET);
    return from_lmdb(rc ? rc : mdb_cursor_del(c, 0));
}

static sluis_err lmdb_cursor_open(store_txn *base, unsigned table, void **out)
{
    lmdb_txn *t = (lmdb_txn *)base;
    return from_lmdb(mdb_cursor_open(t->txn, t->m->dbis[table], (MDB_cursor **)out));
}

static sluis_err cursor_get(MDB_cursor *c, MDB_val k, MDB_cursor_op op, bytes *key, bytes *value)
{
    MDB_val v;
    int rc = mdb_cursor_get(c, &k, &v, op);
    if (rc)
        return from_lmdb(rc);
    *key = of_val(&k);
    *value = of_val(&v);
    return SLUIS_OK;
}

static sluis_err lmdb_cursor_seek(void *c, bytes key, bytes *k, bytes *v)
{
    return cursor_get(c, val(key), key.n ? MDB_SET_RANGE : MDB_FIRST, k, v);
}

static sluis_err lmdb_cursor_next(void *c, bytes *k, bytes *v)
{
    return cursor_get(c, (MDB_val){0}, MDB_NEXT, k, v);
}

static void lmdb_cursor_close(void *c)
{
    mdb_cursor_close(c);
}

static sluis_err lmdb_before(store_txn *base, unsigned table, bytes bound, bytes *k, bytes *v)
{
    void *c;
    sluis_err e = lmdb_cursor_open(base, table, &c);
    if (e)
        return e;
    e = bound.n ? cursor_get(c, val(bound), MDB_SET_RANGE, k, v) : SLUIS_NOT_FOUND;
    if (e == SLUIS_OK)
        e = cursor_get(c, (MDB_val){0}, MDB_PREV, k, v);
    else if (e == SLUIS_NOT_FOUND)
        e = cursor_get(c, (MDB_val){0}, MDB_LAST, k, v);
    mdb_cursor_close(c);
    return e;
}

static sluis_err lmdb_count(store_txn *base, unsigned table, uint64_t *n)
{
    lmdb_txn *t = (lmdb_txn *)base;
    MDB_stat st;
    int rc = mdb_stat(t->txn, t->m->dbis[table], &st);
    if (rc == 0)
        *n = st.ms_entries;
    return from_lmdb(rc);
}

static sluis_err add_pages(lmdb_txn *t, MDB_dbi dbi, uint64_t *pages)
{
    MDB_stat st;
    int rc = mdb_stat(t->txn, dbi, &st);
    if (rc == 0)
        *pages += st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages;
    return from_lmdb(rc);
}

/* Every page in use belongs to one tree, and each tree keeps count of its own. */
static sluis_err lmdb_used(store_txn *base, uint64_t *n)
{
    lmdb_txn *t = (lmdb_txn *)base;
    uint64_t pages = 2; /* the two meta pages */
    sluis_err e = add_pages(t, DB_FREE, &pages);
    if (e == SLUIS_OK)
        e = add_pages(t, DB_MAIN, &pages);
    if (e == SLUIS_OK)
        e = add_pages(t, t->m->meta, &pages);
    for (size_t i = 0; e == SLUIS_OK && i < base->s->table_count; i++)
        if (base->s->tree[i] == i)
            e = add_pages(t, t->m->dbis[i], &pages);
    *n = pages * t->m->page;
    return e;
}

/* ---- the whole ---- */

static sluis_err lmdb_check_readers(store *s, unsigned *stale)
{
    int dead = 0;
    int rc = mdb_reader_check(((lmdb_store *)s)->env, &dead);
    *stale = dead > 0 ? (unsigned)dead : 0;
    return from_lmdb(rc);
}

static void lmdb_health(store *s, store_health *out)
{
    MDB_envinfo info;
    mdb_env_info(((lmdb_store *)s)->env, &info);
    out->last_txn = info.me_last_txnid;
}

static sluis_err fail_os(sluis_fail *f, const char *where, const char *what)
{
    int rc = errno;
    return fail_set(f, from_lmdb(rc), where, "%s: %s", what, strerror(rc));
}

static sluis_err sync_path(const char *path, int flags, sluis_fail *f)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return fail_os(f, path, "cannot be opened for syncing");
    sluis_err e = fsync(fd) ? fail_os(f, path, "cannot be synced") : SLUIS_OK;
    close(fd);
    return e;
}

/* Creates the folder (0700) when absent; refuses one that others may write to. */
static sluis_err prepare_dir(const char *path, sluis_fail *f)
{
    if (mkdir(path, 0700) == 0) {
        char parent[PATH_BOUND];
        const char *slash = strrchr(path, '/');
        snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
        return sync_path(parent[0] ? parent : "/", O_RDONLY | O_DIRECTORY, f);
    }
    struct stat st;
    if (errno != EEXIST)
        return fail_os(f, path, "the folder cannot be created");
    if (stat(path, &st) != 0)
        return fail_os(f, path, "the folder cannot be read");
    if (!S_ISDIR(st.st_mode))
        return fail_set(f, SLUIS_INVALID, path, "is a file; a store needs a folder of its own");
    if (st.st_mode & 022)
        return fail_set(f, SLUIS_PERMISSION, path, "others may write here: chmod go-w the folder");
    return SLUIS_OK;
}

static sluis_err lmdb_copy(store *s, const char *dir, sluis_fail *f)
{
    lmdb_store *m = (lmdb_store *)s;
    char file[PATH_BOUND];
    if (snprintf(file, sizeof file, "%s/data.mdb", dir) >= (int)sizeof file)
        return fail_set(f, SLUIS_TOO_BIG, dir, "the path is too long");
    sluis_err e = prepare_dir(dir, f);
    if (e)
        return e;
    int rc = mdb_env_copy2(m->env, dir, 0);
    if (rc == EEXIST)
        return fail_set(f, SLUIS_EXISTS, file, "a copy stands here already: name another folder");
    if (rc)
        return fail_set(f, from_lmdb(rc), dir, "copying failed: %s", mdb_strerror(rc));
    if ((e = sync_path(file, O_RDONLY, f)))
        return e;
    return sync_path(dir, O_RDONLY | O_DIRECTORY, f);
}

static void lmdb_close(store *s)
{
    lmdb_store *m = (lmdb_store *)s;
    mdb_env_close(m->env); /* NULL is fine */
    if (m->lock_fd >= 0)
        close(m->lock_fd);
    free(m->dbis);
    free(m);
}

static const store_ops lmdb_ops = {
    .close = lmdb_close,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .put = lmdb_put,
    .del = lmdb_del,
    .cursor_open = lmdb_cursor_open,
    .cursor_seek = lmdb_cursor_seek,
    .cursor_next = lmdb_cursor_next,
    .cursor_close = lmdb_cursor_close,
    .before = lmdb_before,
    .count = lmdb_count,
    .used = lmdb_used,
    .check_readers = lmdb_check_readers,
    .health = lmdb_health,
    .copy = lmdb_copy,
};

/* ---- opening ---- */

/* The lock of whoever writes, exclusive and made when absent, or shared and only where it is there already;
 * *fd is -1 without it. CONFLICT: another has it. */
static sluis_err take_lock(int *fd, const char *path, bool exclusive, sluis_fail *f)
{
    char file[PATH_BOUND];
    *fd = -1;
    if (snprintf(file, sizeof file, "%s/writer.lock", path) >= (int)sizeof file)
        return fail_set(f, SLUIS_TOO_BIG, path, "the path is too long");
    *fd = open(file, (exclusive ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return errno == ENOENT && !exclusive ? SLUIS_OK : fail_os(f, file, "cannot be opened");
    if (flock(*fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
        return SLUIS_OK;
    sluis_err e = errno == EWOULDBLOCK
                      ? fail_set(f, SLUIS_CONFLICT, path, "another program holds this store: stop it first")
                      : fail_os(f, file, "cannot be locked");
    close(*fd);
    *fd = -1;
    return e;
}

sluis_err store_hold_lmdb(int *fd, const char *path, sluis_fail *f)
{
    return take_lock(fd, path, false, f);
}

/* A map that reaches beyond the file's end would raise SIGBUS when read. */
static sluis_err check_length(lmdb_store *m, const char *path, sluis_fail *f)
{
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    mdb_env_info(m->env, &info);
    mdb_env_stat(m->env, &st);
    m->page = st.ms_psize;
    if (mdb_env_get_fd(m->env, &m->data_fd) || fstat(m->data_fd, &file) != 0)
        return fail_os(f, path, "data.mdb cannot be examined");
    uint64_t need = (info.me_last_pgno + 1) * m->page;
    m->allocated = (uint64_t)file.st_size;
    if (m->allocated >= need)
        return SLUIS_OK;
    if (m->base.read_only)
        return fail_set(f, SLUIS_CORRUPT, path, "data.mdb is cut short (%llu bytes of %llu): copy it again",
                        (unsigned long long)m->allocated, (unsigned long long)need);
    /* Pages given back before they were ever written may be missing here; others read as zeros: CORRUPT. */
    if (ftruncate(m->data_fd, (off_t)need) != 0)
        return fail_os(f, path, "data.mdb cannot be extended");
    m->allocated = need;
    return SLUIS_OK;
}

/* The format version that stands in the store. NOT_FOUND: none stands there yet. */
static sluis_err read_format(const lmdb_store *m, MDB_txn *txn, const store_options *o, uint32_t *version,
                             sluis_fail *f)
{
    bytes name = bytes_str(o->format);
    MDB_val k = val(bytes_str(META_KEY)), v;
    int rc = mdb_get(txn, m->meta, &k, &v);
    if (rc == MDB_NOTFOUND)
        return SLUIS_NOT_FOUND;
    if (rc)
        return fail_set(f, from_lmdb(rc), o->path, "its format cannot be read: %s", mdb_strerror(rc));
    bytes have = of_val(&v);
    if (have.n < 4 || !bytes_equal(BYTES(have.p + 4, have.n - 4), name))
        return fail_set(f, SLUIS_VERSION, o->path, "is not a store of %s", o->format);
    *version = get_u32(have.p);
    return SLUIS_OK;
}

static sluis_err check_format(lmdb_store *m, MDB_txn *txn, const store_options *o, sluis_fail *f)
{
    bytes name = bytes_str(o->format);
    uint8_t want[4 + FORMAT_MAX];
    uint32_t version;
    sluis_err e = read_format(m, txn, o, &version, f);
    if (e == SLUIS_NOT_FOUND && !m->base.read_only) {
        put_u32(want, o->format_version);
        memcpy(want + 4, name.p, name.n);
        MDB_val k = val(bytes_str(META_KEY)), v = val(BYTES(want, 4 + name.n));
        int rc = mdb_put(txn, m->meta, &k, &v, 0);
        return rc ? fail_set(f, from_lmdb(rc), o->path, "cannot be written: %s", mdb_strerror(rc)) : SLUIS_OK;
    }
    if (e)
        return e == SLUIS_NOT_FOUND ? fail_set(f, SLUIS_VERSION, o->path, "is not a store of %s", o->format)
                                    : e;
    if (version != o->format_version)
        return fail_set(
            f, SLUIS_VERSION, o->path,
            version > o->format_version
                ? "has format version %u of %s, of a newer release; this program speaks %u: run the newer one"
                : "has format version %u of %s; this program speaks %u",
            version, o->format, o->format_version);
    return SLUIS_OK;
}

static const char *tree_name(const store_table *t)
{
    return t->tree ? t->tree : t->name;
}

static sluis_err open_tables(lmdb_store *m, const store_options *o, sluis_fail *f)
{
    unsigned create = o->read_only ? 0 : MDB_CREATE;
    MDB_txn *txn;
    MDB_stat st;
    int rc = mdb_txn_begin(m->env, NULL, o->read_only ? MDB_RDONLY : 0, &txn);
    if (rc)
        return fail_set(f, from_lmdb(rc), o->path, "cannot be read: %s", mdb_strerror(rc));
    sluis_err e = from_lmdb(mdb_stat(txn, DB_MAIN, &st));
    if (e == SLUIS_OK)
        e = from_lmdb(mdb_dbi_open(txn, META_TABLE, st.ms_entries ? 0 : create, &m->meta));
    if (e)
        e = fail_set(f, e == SLUIS_NOT_FOUND ? SLUIS_VERSION : e, o->path, "is not a store of %s", o->format);
    else
        e = check_format(m, txn, o, f);
    for (size_t i = 0; e == SLUIS_OK && i < o->table_count; i++) {
        if (m->base.tree[i] != i)
            continue;
        rc = mdb_dbi_open(txn, tree_name(&o->tables[i]), create, &m->dbis[i]);
        if (rc)
            e = fail_set(f, from_lmdb(rc), o->path, "table %s: %s", o->tables[i].name, mdb_strerror(rc));
    }
    if (e) {
        mdb_txn_abort(txn);
        return e;
    }
    /* Also for a read-only one: an aborted transaction would take the table handles with it. */
    rc = mdb_txn_commit(txn);
    return rc ? fail_set(f, from_lmdb(rc), o->path, "cannot be written: %s", mdb_strerror(rc)) : SLUIS_OK;
}

static sluis_err check_options(const store_options *o, sluis_fail *f)
{
    const char *where = o->path ? o->path : "store";
    if (!o->path || !o->path[0] || !o->format || !o->format[0] || strlen(o->format) > FORMAT_MAX)
        return fail_set(f, SLUIS_INVALID, where, "a path and a format name of at most %d bytes are needed",
                        FORMAT_MAX);
    for (size_t i = 0; i < o->table_count; i++)
        if (strcmp(tree_name(&o->tables[i]), META_TABLE) == 0)
            return fail_set(f, SLUIS_INVALID, where, "a table cannot be called " META_TABLE);
    return SLUIS_OK;
}

static sluis_err open_env(lmdb_store *m, const store_options *o, sluis_fail *f)
{
    int rc = mdb_env_create(&m->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(m->env, o->map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(m->env, m->base.max_readers);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(m->env, (MDB_dbi)o->table_count + 1);
    if (rc == 0)
        rc =
            mdb_env_open(m->env, o->path, MDB_NOTLS | MDB_NORDAHEAD | (o->read_only ? MDB_RDONLY : 0u), 0600);
    if (rc)
        return fail_set(f, from_lmdb(rc), o->path, "cannot be opened: %s", mdb_strerror(rc));
    int dead;
    mdb_reader_check(m->env, &dead);
    return SLUIS_OK;
}

sluis_err store_open_lmdb(store **out, const store_options *o, sluis_fail *f)
{
    *out = NULL;
    lmdb_store *m = calloc(1, sizeof *m);
    if (!m)
        return fail_set(f, SLUIS_NOMEM, "store", "out of memory");
    m->lock_fd = -1;
    sluis_err e = check_options(o, f);
    if (e == SLUIS_OK)
        e = store_setup(&m->base, &lmdb_ops, o, f);
    if (e)
        goto fail;
    m->reserve = m->base.quota / 64;
    m->reserve = m->reserve < RESERVE_LEAST  ? RESERVE_LEAST
                 : m->reserve > RESERVE_MOST ? RESERVE_MOST
                                             : m->reserve;
    if (o->no_ahead)
        m->reserve = 0;
    m->dbis = calloc(o->table_count, sizeof *m->dbis);
    if (!m->dbis) {
        e = fail_set(f, SLUIS_NOMEM, o->path, "out of memory");
        goto fail;
    }
    if (!o->read_only) {
        if ((e = prepare_dir(o->path, f)) || (e = take_lock(&m->lock_fd, o->path, true, f)))
            goto fail;
    }
    if ((e = open_env(m, o, f)) || (e = check_length(m, o->path, f)) || (e = open_tables(m, o, f)))
        goto fail;
    if (!o->read_only && (e = sync_path(o->path, O_RDONLY | O_DIRECTORY, f)))
        goto fail;
    *out = &m->base;
    return SLUIS_OK;
fail:
    lmdb_close(&m->base);
    return e;
}

sluis_err store_format_lmdb(const char *path, const char *format, uint32_t *version, sluis_fail *f)
{
    char file[PATH_BOUND];
    const store_options o = {.path = path, .format = format, .map_bytes = PEEK_MAP, .read_only = true};
    lmdb_store m = {.lock_fd = -1, .base = {.max_readers = 1}};
    MDB_txn *txn = NULL;
    if (snprintf(file, sizeof file, "%s/data.mdb", path) >= (int)sizeof file)
        return fail_set(f, SLUIS_TOO_BIG, path, "the path is too long");
    struct stat st;
    if (stat(file, &st) != 0)
        return errno == ENOENT ? SLUIS_NOT_FOUND : fail_os(f, file, "cannot be examined");
    if (st.st_size == 0) /* a first start that was cut off */
        return SLUIS_NOT_FOUND;
    sluis_err e = open_env(&m, &o, f);
    if (!e && mdb_txn_begin(m.env, NULL, MDB_RDONLY, &txn))
        e = fail_set(f, SLUIS_IO, path, "cannot be read");
    if (!e) {
        int rc = mdb_dbi_open(txn, META_TABLE, 0, &m.meta);
        e = rc == MDB_NOTFOUND ? SLUIS_NOT_FOUND : from_lmdb(rc);
    }
    if (!e)
        e = read_format(&m, txn, &o, version, f);
    mdb_txn_abort(txn);
    mdb_env_close(m.env);
    return e;
}

sluis_err store_remove_lmdb(const char *path, sluis_fail *f)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char file[PATH_BOUND];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (snprintf(file, sizeof file, "%s/%s", path, files[i]) >= (int)sizeof file)
            return fail_set(f, SLUIS_TOO_BIG, path, "the path is too long");
        if (unlink(file) && errno != ENOENT)
            return fail_os(f, file, "cannot be removed");
    }
    return rmdir(path) && errno != ENOENT ? fail_os(f, path, "cannot be removed") : SLUIS_OK;
}
