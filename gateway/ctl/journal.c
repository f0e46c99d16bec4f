/* `journal copy` and `journal verify`. Verification is offline and trusts nothing but the log key (and, for
 * what is encrypted, the master key): first the store's file, page by page, so that LMDB is not led astray;
 * then the journal from leaf 0; then every other row, and the key slots.
 *
 *   DIR/store/data.mdb   the store
 *   DIR/keys.slots       the key file: 4096 bytes of header, then slots of 128 bytes, the first byte its
 * state */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/copy.h"
#include "journal/journal.h"
#include "parties/parties.h"
#include "registry/registry.h"
#include "store/store_check.h"

#define PATH_CAP     2048
#define SLOTS_FILE   "keys.slots"
#define SLOTS_HEADER 4096
#define SLOT_LEN     128
#define SLOT_LIVE    1

typedef struct {
    ctl_call *call;
    const char *name;
    char store_dir[PATH_CAP], slots_path[PATH_CAP];
    pubkeys log;
    uint8_t directory_pk[PK_LEN];
    bool with_directory;
    uint8_t *master; /* NULL: the tree alone */
    store *store;
    keyslots *slots;
    journal_report journal;
    registry_report rows;
    uint64_t live, parties;
    json_t *free_ranges; /* NULL: not asked for */
    bool progress_shown;
} verification;

ctl_exit ctl_journal_copy(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    sluis_fail f = {0};
    char *dir = NULL, here[PATH_CAP / 2], path[PATH_CAP];
    const char *given = ctl_value(c, "dir");
    if (*given != '/' && !getcwd(here, sizeof here)) {
        fail_set(&f, SLUIS_IO, ".", "has no path");
        return ctl_failed(c, &f);
    }
    int n = *given == '/' ? snprintf(path, sizeof path, "%s", given)
                          : snprintf(path, sizeof path, "%s/%s", here, given);
    if (n >= (int)sizeof path) {
        fail_set(&f, SLUIS_TOO_BIG, "--dir", "is too long");
        return ctl_failed(c, &f);
    }
    dir = path;
    json_t *reply = ctl_ask(
        c, json_pack("{s:s,s:s,s:s*}", "cmd", "journal.copy", "dir", dir, "only", ctl_value(c, "only")),
        &code);
    if (reply)
        ctl_print(c, reply);
    return code;
}

static void add_range(verification *v, const char *file, uint64_t from, uint64_t to)
{
    json_array_append_new(v->free_ranges, json_pack("{s:s,s:I,s:I}", "file", file, "from", (json_int_t)from,
                                                    "to", (json_int_t)to));
}

static void on_free(void *ctx, uint64_t from, uint64_t to)
{
    add_range(ctx, "store/" STORE_FILE, from, to);
}

/* The page's defect, named as the entry or row it lies at. */
static sluis_err check_pages(verification *v, sluis_fail *f)
{
    store_spot spot;
    sluis_fail at = {0};
    char where[sizeof at.where], hex[2 * sizeof spot.key + 1];
    sluis_err e = store_check_file(v->store_dir, v->free_ranges ? on_free : NULL, v, &spot, &at);
    if (!e)
        return e;
    hex_encode(hex, spot.key, spot.key_len);
    bool by_index = strcmp(spot.table, gateway_tables[TABLE_LEAF].tree) == 0 &&
                    spot.key_len == sizeof(uint64_t) + 1; /* a leaf or a record */
    if (by_index)
        snprintf(where, sizeof where, "entry %" PRIu64, get_u64(spot.key));
    else if (spot.table[0])
        snprintf(where, sizeof where, "%s %.40s", spot.table, hex);
    else
        snprintf(where, sizeof where, "%s", at.where);
    return fail_set(f, e, where, "%s, page %" PRIu64 ": %s", STORE_FILE, spot.page, at.text);
}

/* Slots that hold no key: free ones and erased ones. The header's bytes beyond its fields are the key file's.
 */
static sluis_err list_free_slots(verification *v, sluis_fail *f)
{
    uint8_t slot[SLOT_LEN];
    FILE *file = fopen(v->slots_path, "rb");
    if (!file || fseek(file, SLOTS_HEADER, SEEK_SET) != 0) {
        if (file)
            fclose(file);
        return fail_set(f, SLUIS_IO, v->slots_path, "cannot be read");
    }
    uint64_t at = SLOTS_HEADER, from = at;
    for (; fread(slot, 1, sizeof slot, file) == sizeof slot; at += SLOT_LEN) {
        if (slot[0] != SLOT_LIVE)
            continue;
        if (from < at)
            add_range(v, SLOTS_FILE, from, at);
        from = at + SLOT_LEN;
    }
    if (from < at)
        add_range(v, SLOTS_FILE, from, at);
    fclose(file);
    return SLUIS_OK;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    verification *v = ctx;
    if (v->call->json || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries", done, total);
    v->progress_shown = true;
}

/* The parties' entries, under the directory key. */
static sluis_err verify_parties(verification *v, sluis_fail *f)
{
    store_txn *t = NULL;
    directory *d = NULL;
    sluis_err e = store_begin_read(v->store, &t);
    if (!e)
        e = parties_load(t, v->directory_pk, &d, f);
    store_abort(&t);
    if (!e)
        v->parties = directory_count(d);
    directory_unref(&d);
    return e;
}

static sluis_err verify_all(verification *v, sluis_fail *f)
{
    sluis_err e = check_pages(v, f);
    if (e)
        return e;
    if ((e = copy_open_store(&v->store, v->store_dir, f)))
        return e;
    if (v->master && ((e = keyslots_open_readonly(&v->slots, v->slots_path, v->master, f)) ||
                      (e = keyslots_verify(v->slots, &v->live, f))))
        return e;
    if ((e = journal_verify(v->store, v->slots, v->name, &v->log, clock_day(clock_ms()), on_progress, v,
                            &v->journal, f)))
        return e;
    if (v->slots && (e = registry_verify(v->store, v->slots, &v->rows, f)))
        return e;
    if (v->with_directory && (e = verify_parties(v, f)))
        return e;
    return v->slots && v->free_ranges ? list_free_slots(v, f) : SLUIS_OK;
}

static void print_report(verification *v)
{
    char root[2 * HASH_LEN + 1];
    uint64_t rows = 0;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        rows += v->rows.rows[i];
    hex_encode(root, v->journal.root, HASH_LEN);
    ctl_print(v->call,
              json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:I,s:I,s:I,s:o*}", "ok", 1, "entries",
                        (json_int_t)v->journal.entries, "records", (json_int_t)v->journal.records, "erased",
                        (json_int_t)v->journal.erased, "restores", (json_int_t)v->journal.restores, "lost",
                        (json_int_t)v->journal.lost, "tiles", (json_int_t)v->journal.tiles, "root", root,
                        "rows", (json_int_t)rows, "keys", (json_int_t)v->live, "parties",
                        (json_int_t)v->parties, "free", v->free_ranges ? json_incref(v->free_ranges) : NULL));
}

/* One copy: verifies and prints. The keys are in v already. */
static ctl_exit verify_copy(verification *v, const char *dir)
{
    sluis_fail f = {0};
    ctl_exit code = CTL_OK;
    v->journal = (journal_report){0};
    v->rows = (registry_report){0};
    v->live = v->parties = 0;
    v->progress_shown = false;
    v->free_ranges = ctl_value(v->call, "free") ? json_array() : NULL;
    int held = -1;
    bool fits =
        snprintf(v->store_dir, sizeof v->store_dir, "%s/store", dir) < (int)sizeof v->store_dir &&
        snprintf(v->slots_path, sizeof v->slots_path, "%s/" SLOTS_FILE, dir) < (int)sizeof v->slots_path;
    sluis_err e =
        fits ? copy_hold(&held, v->store_dir, &f) : fail_set(&f, SLUIS_IO, dir, "the path is too long");
    if (!e)
        e = verify_all(v, &f);
    if (v->progress_shown)
        fputc('\n', stderr);
    if (!e) {
        print_report(v);
    } else if (e == SLUIS_IO || e == SLUIS_NOMEM || e == SLUIS_PERMISSION) {
        code = ctl_failed(v->call, &f);
    } else { /* what is written down is wrong, in whatever way: that is the finding */
        code = ctl_found(v->call, e, &f);
    }
    fflush(stdout);
    store_close(&v->store);
    keyslots_close(&v->slots);
    copy_let_go(&held);
    json_decref(v->free_ranges);
    v->free_ranges = NULL;
    return code;
}

/* Copies named on stdin, one a line; the worst exit code. */
static ctl_exit verify_listed(verification *v)
{
    char line[PATH_CAP];
    ctl_exit worst = CTL_OK;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        ctl_exit code = verify_copy(v, line);
        worst = code > worst ? code : worst;
    }
    return worst;
}

ctl_exit ctl_journal_verify(ctl_call *c)
{
    verification v = {
        .call = c, .name = ctl_value(c, "name"), .with_directory = ctl_value(c, "directory-key") != NULL};
    sluis_fail f = {0};
    if (pubfile_read_all(&v.log, ctl_value(c, "log-key"), USE_LOG, &f) ||
        (v.with_directory &&
         pubfile_read(v.directory_pk, ctl_value(c, "directory-key"), USE_DIRECTORY, &f)) ||
        (ctl_value(c, "master-key") && secretfile_read(&v.master, ctl_value(c, "master-key"), &f))) {
        f.code = f.code == SLUIS_NOT_FOUND ? SLUIS_IO : f.code;
        return ctl_failed(c, &f);
    }
    if (!v.master)
        ctl_note(c, "without --master-key only the tree is verified: no record, row or key slot");
    ctl_exit code = strcmp(c->operand, "-") == 0 ? verify_listed(&v) : verify_copy(&v, c->operand);
    secret_free(v.master);
    return code;
}
