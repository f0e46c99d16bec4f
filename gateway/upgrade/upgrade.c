#include "upgrade/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "upgrade/step.h"

#define STORE       "store"
#define NEXT        "store.next"
#define OLD         "store.old"
#define PATH_CAP    2048
#define BATCH_BYTES (4u << 20)    /* keys and values in one transaction of the new store */
#define SPARE_BYTES (64ull << 20) /* disk that must be left when the new store is whole */

struct upgrade {
    const upgrade_options *options;
    const upgrade_step *step;
    void *state; /* the step's */
    int dir;     /* locked, so that one program alone upgrades; -1 */
    char store[PATH_CAP], next[PATH_CAP], old[PATH_CAP];
    row_keys *rows;
    store *from, *to;
    store_txn *reading, *writing; /* writing NULL: nothing put since the last commit */
    size_t put_bytes;             /* since then */
    upgrade_progress progress;
};

static const upgrade_step *const steps[] = {&upgrade_step_1, &upgrade_step_2};

_Static_assert(sizeof(steps) / sizeof(steps[0]) == GATEWAY_STORE_VERSION - UPGRADE_OLDEST,
               "a step for each past version");

/* ---- what a step uses ---- */

const upgrade_options *upgrade_given(const upgrade *u)
{
    return u->options;
}

store_txn *upgrade_old(upgrade *u)
{
    return u->reading;
}

sluis_err upgrade_checked(const upgrade *u, unsigned table, bytes key, bytes stored, bytes *value)
{
    return row_check_open(value, u->rows, (gateway_table)table, key, stored);
}

static sluis_err commit_batch(upgrade *u)
{
    sluis_err e = u->writing ? store_commit(&u->writing) : SLUIS_OK;
    u->put_bytes = 0;
    if (!e && u->options->on_progress)
        u->options->on_progress(u->options->ctx, &u->progress);
    return e;
}

sluis_err upgrade_put(upgrade *u, unsigned table, bytes key, bytes value)
{
    sluis_err e = u->writing ? SLUIS_OK : store_begin_write(u->to, &u->writing, true);
    if (!e)
        e = store_put(u->writing, table, key, value);
    u->put_bytes += key.n + value.n;
    return e;
}

void upgrade_wrap(const upgrade *u, buffer *out, unsigned table, bytes key, bytes value)
{
    row_check_wrap(out, u->rows, (gateway_table)table, key, value);
}

sluis_err upgrade_put_row(upgrade *u, unsigned table, bytes key, bytes value)
{
    buffer b;
    buffer_init(&b, ROW_MAX);
    upgrade_wrap(u, &b, table, key, value);
    sluis_err e = b.err ? b.err : upgrade_put(u, table, key, buffer_bytes(&b));
    buffer_close(&b);
    return e;
}

sluis_err upgrade_put_checked(upgrade *u, unsigned old_table, unsigned table, bytes key, bytes value)
{
    bytes inner;
    sluis_err e = upgrade_checked(u, old_table, key, value, &inner);
    return e ? e : upgrade_put_row(u, table, key, inner);
}

/* ---- names ---- */

static bool is_there(const upgrade *u, const char *name)
{
    return faccessat(u->dir, name, F_OK, 0) == 0;
}

static sluis_err rename_to(const upgrade *u, const char *from, const char *to, sluis_fail *f)
{
    return renameat(u->dir, from, u->dir, to) || fsync(u->dir)
               ? fail_set(f, SLUIS_IO, u->options->dir, "%s cannot become %s: %s", from, to, strerror(errno))
               : SLUIS_OK;
}

static sluis_err change_names(const upgrade *u, sluis_fail *f)
{
    sluis_err e = rename_to(u, STORE, OLD, f);
    return e ? e : rename_to(u, NEXT, STORE, f);
}

/* What an upgrade left that was cut short. */
static sluis_err settle(const upgrade *u, sluis_fail *f)
{
    sluis_err e = is_there(u, OLD) && !is_there(u, STORE) ? rename_to(u, NEXT, STORE, f) : SLUIS_OK;
    if (!e && is_there(u, NEXT) && !is_there(u, STORE))
        e = fail_set(f, SLUIS_CORRUPT, u->next,
                     "is half a store, and what it was made from is gone: put that back");
    if (!e)
        e = store_remove_lmdb(u->next, f);
    return e ? e : store_remove_lmdb(u->old, f);
}

static sluis_err open_dir(upgrade *u, sluis_fail *f)
{
    const char *dir = u->options->dir;
    if (snprintf(u->store, PATH_CAP, "%s/" STORE, dir) >= PATH_CAP ||
        snprintf(u->next, PATH_CAP, "%s/" NEXT, dir) >= PATH_CAP ||
        snprintf(u->old, PATH_CAP, "%s/" OLD, dir) >= PATH_CAP)
        return fail_set(f, SLUIS_TOO_BIG, dir, "the path is too long");
    u->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u->dir < 0)
        return errno == ENOENT ? SLUIS_NOT_FOUND
                               : fail_set(f, SLUIS_IO, dir, "cannot be opened: %s", strerror(errno));
    if (flock(u->dir, LOCK_EX | LOCK_NB))
        return fail_set(f, errno == EWOULDBLOCK ? SLUIS_CONFLICT : SLUIS_IO, dir, "cannot be locked: %s",
                        errno == EWOULDBLOCK ? "another program upgrades its store" : strerror(errno));
    return SLUIS_OK;
}

/* ---- one step ---- */

static sluis_err open_one(store **out, const upgrade *u, const char *path, const store_table *tables,
                          size_t n, uint32_t version, sluis_fail *f)
{
    const store_options o = {.path = path,
                             .tables = tables,
                             .table_count = n,
                             .format = GATEWAY_STORE_FORMAT,
                             .format_version = version,
                             .map_bytes = u->options->map_bytes,
                             .quota_bytes = u->options->map_bytes,
                             .max_readers = 4,
                             .no_ahead = true};
    return store_open_lmdb(out, &o, f);
}

static sluis_err check_space(const upgrade *u, sluis_fail *f)
{
    struct statvfs vfs;
    store_health h;
    sluis_err e = store_health_get(u->from, &h);
    if (e || statvfs(u->options->dir, &vfs))
        return e ? e : fail_set(f, SLUIS_IO, u->options->dir, "cannot be examined: %s", strerror(errno));
    uint64_t need = h.used_bytes + h.used_bytes / 4 + SPARE_BYTES,
             have = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    return have >= need ? SLUIS_OK
                        : fail_set(f, SLUIS_NO_SPACE, u->options->dir,
                                   "an upgrade writes the store anew beside the old one: %" PRIu64
                                   " MiB are needed, %" PRIu64 " are free",
                                   (need >> 20) + 1, have >> 20);
}

static sluis_err count_rows(upgrade *u)
{
    sluis_err e = SLUIS_OK;
    for (unsigned i = 0; !e && i < u->step->table_count; i++) {
        uint64_t n = 0;
        e = store_count(u->reading, i, &n);
        u->progress.total += n;
    }
    return e;
}

static sluis_err fail_row(sluis_fail *f, sluis_err e, const char *table, bytes key)
{
    char hex[65];
    hex_encode(hex, key.p, key.n < 32 ? key.n : 32);
    return fail_set(f, e, table, "row %s: %s; the store stays as it was", hex,
                    e == SLUIS_CORRUPT ? "fails its check" : error_text(e));
}

static sluis_err move_table(upgrade *u, unsigned table, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key = {NULL, 0}, value, all = {NULL, 0};
    sluis_err e = store_cursor_open(u->reading, table, all, all, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value))) {
        e = u->step->row(u, u->state, table, key, value);
        u->progress.done++;
        if (!e && u->put_bytes >= BATCH_BYTES)
            e = commit_batch(u);
        if (e)
            fail_row(f, e, u->step->tables[table].name, key);
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err move_rows(upgrade *u, sluis_fail *f)
{
    sluis_err e = store_begin_read(u->from, &u->reading);
    if (!e)
        e = count_rows(u);
    if (!e && u->step->begin)
        e = u->step->begin(u, &u->state, f);
    for (unsigned i = 0; !e && i < u->step->table_count; i++)
        e = move_table(u, i, f);
    if (!e && u->step->end)
        e = u->step->end(u, u->state);
    if (!e)
        e = commit_batch(u);
    if (u->step->close)
        u->step->close(u->state);
    u->state = NULL;
    store_abort(&u->writing);
    store_abort(&u->reading);
    return e;
}

static sluis_err run_step(upgrade *u, const upgrade_step *step, sluis_fail *f)
{
    u->step = step;
    u->progress = (upgrade_progress){.from = step->from, .to = step->from + 1};
    sluis_err e = open_one(&u->from, u, u->store, step->tables, step->table_count, step->from, f);
    if (!e)
        e = check_space(u, f);
    if (!e)
        e = open_one(&u->to, u, u->next, step->next_tables, step->next_count, step->from + 1, f);
    if (!e)
        e = move_rows(u, f);
    store_close(&u->to);
    store_close(&u->from);
    if (!e)
        e = change_names(u, f);
    if (!e)
        e = store_remove_lmdb(u->old, f);
    return e ? fail_set(f, e, u->store, "cannot be upgraded: %s", error_text(e)) : SLUIS_OK;
}

/* The steps that are still to do. */
static sluis_err run_steps(upgrade *u, sluis_fail *f)
{
    uint32_t version = 0;
    sluis_err e = store_format_lmdb(u->store, GATEWAY_STORE_FORMAT, &version, f);
    if (e)
        return e;
    if (version > GATEWAY_STORE_VERSION)
        return fail_set(
            f, SLUIS_VERSION, u->store,
            "has format version %u, of a newer release; this program reads up to %u: run the newer one",
            version, GATEWAY_STORE_VERSION);
    if (version < UPGRADE_OLDEST)
        return fail_set(f, SLUIS_VERSION, u->store, "has format version %u; this program reads from %u on",
                        version, UPGRADE_OLDEST);
    if (version < GATEWAY_STORE_VERSION)
        e = row_keys_new(&u->rows, u->options->km);
    for (; !e && version < GATEWAY_STORE_VERSION; version++)
        e = run_step(u, steps[version - UPGRADE_OLDEST], f);
    row_keys_free(&u->rows);
    return e;
}

sluis_err upgrade_store(const upgrade_options *o, sluis_fail *f)
{
    upgrade u = {.options = o, .dir = -1};
    sluis_err e = open_dir(&u, f);
    if (!e)
        e = settle(&u, f);
    if (!e)
        e = run_steps(&u, f);
    if (u.dir >= 0)
        close(u.dir);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
