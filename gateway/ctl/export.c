/* `journal export`: the tree of a copy as plain files, as C2SP tlog-tiles lays them out. No record leaves:
 * the entries are leaves of 40 bytes.
 *
 *   OUT/tile/<L>/<N>[.p/<W>]        hashes of 32, 256 of them or W
 *   OUT/tile/entries/<N>[.p/<W>]    for each leaf of a level 0 tile: length u16 = 40 | leaf
 *   OUT/checkpoint                  the signed note; put in place last
 *
 * What is there already is compared, never overwritten: an export goes on with the log it began with. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/copy.h"
#include "ctl/file.h"
#include "journal/journal.h"
#include "store/store_check.h"

#define PATH_CAP 2048
#define LEVELS   8

typedef struct {
    const char *out;
    char store_dir[PATH_CAP / 2];
    int held; /* copy_hold */
    store *store;
    store_txn *t;
    checkpoint cp;
    char note[NOTE_MAX];
    size_t note_len;
    uint64_t written, standing; /* files */
} export;

/* Makes the folders of path below the first from bytes. */
static sluis_err make_folders(char *path, size_t from, sluis_fail *f)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        if (!made)
            fail_set(f, SLUIS_IO, path, "cannot be made: %s", strerror(errno));
        *slash = '/';
        if (!made)
            return SLUIS_IO;
    }
    return SLUIS_OK;
}

static sluis_err same_file(const char *path, bytes want, sluis_fail *f)
{
    char *got = NULL;
    size_t n = 0;
    sluis_err e = ctl_read(&got, &n, path, f);
    if (!e && !bytes_equal(BYTES(got, n), want))
        e = fail_set(f, SLUIS_CORRUPT, path,
                     "differs from this journal: the export is of another log, or damaged");
    free(got);
    return e;
}

/* tree: "0".. or "entries"; full tiles have 256 of what they hold. */
static sluis_err put_tile(export *x, const char *tree, uint64_t tile, size_t width, bytes content,
                          sluis_fail *f)
{
    char path[PATH_CAP], within[TILE_PATH_MAX];
    tile_path_format(within, tree, tile, width);
    if (snprintf(path, sizeof path, "%s/%s", x->out, within) >= (int)sizeof path)
        return fail_set(f, SLUIS_TOO_BIG, x->out, "the path is too long");
    sluis_err e = make_folders(path, strlen(x->out) + 1, f);
    if (!e)
        e = file_write_new(path, content.p, content.n, 0644, f);
    if (!e) {
        x->written++;
    } else if (e == SLUIS_EXISTS) {
        fail_clear(f);
        e = same_file(path, content, f);
        x->standing++;
    }
    return e;
}

static sluis_err put_bundle(export *x, uint64_t tile, size_t n, sluis_fail *f)
{
    uint8_t bundle[JOURNAL_BUNDLE];
    sluis_err e = journal_bundle(x->t, tile, n, bundle);
    if (e)
        return fail_set(f, e, "entry", "cannot be read");
    return put_tile(x, "entries", tile, n, BYTES(bundle, n * (2 + LEAF_LEN)), f);
}

static sluis_err put_level(export *x, unsigned level, sluis_fail *f)
{
    uint8_t hashes[JOURNAL_TILE][HASH_LEN];
    char tree[4];
    size_t n = 0;
    snprintf(tree, sizeof tree, "%u", level);
    for (uint64_t tile = 0;; tile++) {
        sluis_err e = journal_tile(x->t, x->cp.size, level, tile, hashes, &n);
        if (e == SLUIS_NOT_FOUND)
            return SLUIS_OK;
        if (e)
            return fail_set(f, e, "tile", "cannot be read");
        if ((e = put_tile(x, tree, tile, n, BYTES(hashes, n * HASH_LEN), f)) ||
            (level == 0 && (e = put_bundle(x, tile, n, f))))
            return e;
    }
}

/* The whole tree is verified before a byte of it leaves. */
static sluis_err open_copy(export *x, const char *name, const pubkeys *log, sluis_fail *f)
{
    store_spot spot;
    journal_report report;
    sluis_err e = copy_hold(&x->held, x->store_dir, f);
    if (e || (e = store_check_file(x->store_dir, NULL, NULL, &spot, f)))
        return e;
    if ((e = copy_open_store(&x->store, x->store_dir, f)) ||
        (e = journal_verify(x->store, NULL, name, log, clock_day(clock_ms()), NULL, NULL, &report, f)))
        return e;
    if ((e = store_begin_read(x->store, &x->t)) ||
        (e = journal_checkpoint_at(x->t, x->note, sizeof x->note, &x->note_len)))
        return fail_set(f, e, "checkpoint", "there is no entry yet, or it cannot be read");
    return checkpoint_open(&x->cp, x->note, x->note_len, name, log, f);
}

static sluis_err export_all(export *x, const char *name, const pubkeys *log, sluis_fail *f)
{
    char path[PATH_CAP];
    sluis_err e = open_copy(x, name, log, f);
    if (e)
        return e;
    if (mkdir(x->out, 0755) && errno != EEXIST)
        return fail_set(f, SLUIS_IO, x->out, "cannot be made: %s", strerror(errno));
    for (unsigned level = 0; !e && level < LEVELS && x->cp.size >> (8 * level); level++)
        e = put_level(x, level, f);
    if (e)
        return e;
    if (snprintf(path, sizeof path, "%s/checkpoint", x->out) >= (int)sizeof path)
        return fail_set(f, SLUIS_TOO_BIG, x->out, "the path is too long");
    return file_replace(path, x->note, x->note_len, 0644, f);
}

ctl_exit ctl_journal_prove(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    sluis_fail f = {0};
    const char *path = ctl_value(c, "out");
    json_int_t old = ctl_number(c, "old", 0, INT64_MAX);
    json_t *reply = ctl_ask(c, json_pack("{s:s,s:I}", "cmd", "journal.prove", "old", old), &code);
    if (!reply)
        return code;
    const char *text = json_string_value(json_object_get(reply, "request"));
    if (!text || file_write_new(path, text, strlen(text), 0644, &f)) {
        fail_set(&f, SLUIS_INVALID, "journal.prove", "the reply holds no request");
        code = ctl_failed(c, &f);
    } else {
        ctl_print(c, json_pack("{s:b,s:I,s:O,s:s}", "ok", 1, "old", old, "size",
                               json_object_get(reply, "size"), "file", path));
    }
    json_decref(reply);
    return code;
}

ctl_exit ctl_journal_export(ctl_call *c)
{
    export x = {.out = ctl_value(c, "out"), .held = -1};
    pubkeys log;
    sluis_fail f = {0};
    ctl_exit code = CTL_OK;
    if (pubfile_read_all(&log, ctl_value(c, "log-key"), USE_LOG, &f)) {
        f.code = SLUIS_IO;
        return ctl_failed(c, &f);
    }
    sluis_err e = snprintf(x.store_dir, sizeof x.store_dir, "%s/store", c->operand) < (int)sizeof x.store_dir
                      ? export_all(&x, ctl_value(c, "name"), &log, &f)
                      : fail_set(&f, SLUIS_IO, c->operand, "the path is too long");
    store_abort(&x.t);
    store_close(&x.store);
    copy_let_go(&x.held);
    if (!e) {
        ctl_print(c, json_pack("{s:b,s:s,s:I,s:I,s:I}", "ok", 1, "origin", x.cp.origin, "size",
                               (json_int_t)x.cp.size, "written", (json_int_t)x.written, "standing",
                               (json_int_t)x.standing));
    } else if (e == SLUIS_IO || e == SLUIS_NOMEM || e == SLUIS_PERMISSION || e == SLUIS_TOO_BIG) {
        code = ctl_failed(c, &f);
    } else {
        code = ctl_found(c, e, &f);
    }
    return code;
}
