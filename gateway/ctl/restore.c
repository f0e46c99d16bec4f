/* `restore`: puts a backup in the place of a lost store. The gateway stands still; its next start opens the
 * log's next origin, whose first entry binds the newest checkpoint that anybody has.
 *
 * The store is the copy's. The key file is the newest there is: the one that still lies in the data folder,
 * or --keys, or else the copy's own, which a backup that is kept for long has not. An older one would bring
 * back keys that were erased, so it is refused: a slot goes from free to live to erased and never back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_copy.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/copy.h"
#include "journal/journal.h"
#include "store/store_check.h"
#include "tables/lineage.h"

#define PATH_CAP     2048
#define SLOTS_HEADER 4096
#define SLOT_LEN     128

typedef struct {
    const char *name;
    pubkeys log;
    char from_store[PATH_CAP], from_slots[PATH_CAP], to_store[PATH_CAP], to_slots[PATH_CAP];
    const char *keys; /* the key file that is put in place; NULL: the one that lies there stays */
    checkpoint copy, known;
    char *note; /* owned; NULL: nobody has a newer one */
    size_t note_len;
    uint64_t erased; /* slots that were live in the copy's key file */
    int held;        /* copy_hold */
} restore;

static sluis_err path_of(char out[static PATH_CAP], const char *dir, const char *name, sluis_fail *f)
{
    return snprintf(out, PATH_CAP, "%s/%s", dir, name) < PATH_CAP
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, dir, "is too long");
}

/* ---- what is restored ---- */

static sluis_err check_copy(restore *r, sluis_fail *f)
{
    store_spot spot;
    store *s = NULL;
    store_txn *t = NULL;
    journal_report report;
    char note[NOTE_MAX];
    size_t n = 0;
    sluis_err e = copy_hold(&r->held, r->from_store, f);
    if (!e)
        e = store_check_file(r->from_store, NULL, NULL, &spot, f);
    if (!e)
        e = copy_open_store(&s, r->from_store, f);
    if (!e)
        e = journal_verify(s, NULL, r->name, &r->log, clock_day(clock_ms()), NULL, NULL, &report, f);
    if (!e && ((e = store_begin_read(s, &t)) || (e = journal_checkpoint_at(t, note, sizeof note, &n))))
        fail_set(f, e, r->from_store, "holds no journal");
    if (!e)
        e = checkpoint_open(&r->copy, note, n, r->name, &r->log, f);
    store_abort(&t);
    store_close(&s);
    return e;
}

/* The newest checkpoint: of this log, and not older than the copy. */
static sluis_err check_known(restore *r, const char *path, sluis_fail *f)
{
    uint64_t theirs, ours;
    sluis_err e = ctl_read(&r->note, &r->note_len, path, f);
    if (!e)
        e = checkpoint_open(&r->known, r->note, r->note_len, r->name, &r->log, f);
    if (e)
        return e;
    if (!origin_number(r->known.origin, r->name, &theirs) || !origin_number(r->copy.origin, r->name, &ours) ||
        theirs < ours || (theirs == ours && r->known.size < r->copy.size))
        return fail_set(f, SLUIS_CONFLICT, path,
                        "is of %s, size %" PRIu64 ": older than the copy (%s, %" PRIu64 ")", r->known.origin,
                        r->known.size, r->copy.origin, r->copy.size);
    if (theirs == ours && r->known.size == r->copy.size && memcmp(r->known.root, r->copy.root, HASH_LEN) != 0)
        return fail_set(f, SLUIS_CORRUPT, path,
                        "is of the copy's size and has another root: one of them is of a fork");
    return SLUIS_OK;
}

/* Slot by slot: newer has gone on from older. */
static sluis_err check_keys(restore *r, const char *newer, const char *older, sluis_fail *f)
{
    uint8_t a[SLOT_LEN], b[SLOT_LEN];
    FILE *fa = fopen(newer, "rb"), *fb = fopen(older, "rb");
    sluis_err e = SLUIS_OK;
    if (!fa || !fb || fseek(fa, SLOTS_HEADER, SEEK_SET) || fseek(fb, SLOTS_HEADER, SEEK_SET))
        e = fail_set(f, SLUIS_IO, fa ? older : newer, "cannot be read");
    for (uint64_t slot = 0; !e && fread(b, 1, sizeof b, fb) == sizeof b; slot++) {
        if (fread(a, 1, sizeof a, fa) != sizeof a)
            e = fail_set(f, SLUIS_CONFLICT, newer, "has fewer slots than the copy's key file");
        else if (a[0] < b[0] || (a[0] == b[0] && memcmp(a, b, sizeof a) != 0))
            e = fail_set(f, SLUIS_CONFLICT, newer,
                         "slot %" PRIu64
                         ": is older than the copy's key file, or of another gateway: the newest key "
                         "file is needed, or what was forgotten would come back",
                         slot);
        else
            r->erased += a[0] > b[0] && b[0] == 1;
    }
    if (fa)
        fclose(fa);
    if (fb)
        fclose(fb);
    return e;
}

static sluis_err check_slot(restore *r, FILE *keys, uint64_t slot, const char *name, sluis_fail *f)
{
    int state =
        slot > UINT32_MAX || fseek(keys, (long)(SLOTS_HEADER + slot * SLOT_LEN), SEEK_SET) ? EOF : getc(keys);
    if (state == EOF || state == 0)
        return fail_set(f, SLUIS_CONFLICT, name,
                        "slot %" PRIu64 ": holds no key for somebody who is in the backup: the key file is "
                        "older than the backup, or of another gateway",
                        slot);
    r->erased += state == 2;
    return SLUIS_OK;
}

/* The backup holds no key file to compare with: who is in it has had a key in this one. */
static sluis_err check_subjects(restore *r, const char *name, sluis_fail *f)
{
    store *s = NULL;
    store_txn *t = NULL;
    store_cursor *c = NULL;
    bytes key, value;
    FILE *keys = fopen(name, "rb");
    sluis_err e =
        keys ? copy_open_store(&s, r->from_store, f) : fail_set(f, SLUIS_IO, name, "cannot be read");
    if (!e && ((e = store_begin_read(s, &t)) ||
               (e = store_cursor_open(t, TABLE_SUBJECT, ROW_EMPTY, ROW_EMPTY, &c))))
        fail_set(f, e, r->from_store, "cannot be read");
    while (!e && !(e = store_cursor_next(c, &key, &value)))
        e = value.n < sizeof(uint64_t) ? fail_set(f, SLUIS_CORRUPT, r->from_store, "verify it first")
                                       : check_slot(r, keys, get_u64(value.p), name, f);
    store_cursor_close(&c);
    store_abort(&t);
    store_close(&s);
    if (keys)
        fclose(keys);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err choose_keys(restore *r, const char *given, sluis_fail *f)
{
    bool there = access(r->to_slots, F_OK) == 0, own = access(r->from_slots, F_OK) == 0;
    if (there && given)
        return fail_set(f, SLUIS_EXISTS, r->to_slots, "is there: it is the newest, or move it away");
    if (!there && !given && !own)
        return fail_set(f, SLUIS_INVALID, "--keys", "the backup holds no key file: name the newest there is");
    r->keys = there ? NULL : given ? given : r->from_slots;
    const char *newest = there ? r->to_slots : r->keys;
    return own ? check_keys(r, newest, r->from_slots, f) : check_subjects(r, newest, f);
}

/* ---- putting in place ---- */

/* The store goes under a name of its own until it is whole and says what it is. */
static sluis_err put_store(const restore *r, sluis_fail *f)
{
    char folder[PATH_CAP + 8], from[PATH_CAP + 16], to[PATH_CAP + 24];
    store *s = NULL;
    store_txn *t = NULL;
    snprintf(folder, sizeof folder, "%s.new", r->to_store);
    snprintf(from, sizeof from, "%s/" STORE_FILE, r->from_store);
    snprintf(to, sizeof to, "%s/" STORE_FILE, folder);
    if (mkdir(folder, 0700))
        return fail_set(f, SLUIS_IO, folder, "cannot be made: %s", strerror(errno));
    sluis_err e = file_copy(from, to, f);
    if (!e)
        e = copy_open_writable(&s, folder, f);
    if (!e &&
        ((e = store_begin_write(s, &t, true)) ||
         (e = lineage_mark_restore(t, clock_ms(), BYTES(r->note, r->note_len))) || (e = store_commit(&t))))
        fail_set(f, e, folder, "cannot be marked");
    store_abort(&t);
    store_close(&s);
    if (!e && rename(folder, r->to_store))
        e = fail_set(f, SLUIS_IO, r->to_store, "%s", strerror(errno));
    return e;
}

static sluis_err put_in_place(restore *r, const char *data, sluis_fail *f)
{
    if (mkdir(data, 0700) && errno != EEXIST)
        return fail_set(f, SLUIS_IO, data, "cannot be made: %s", strerror(errno));
    sluis_err e = r->keys ? file_copy(r->keys, r->to_slots, f) : SLUIS_OK;
    if (!e)
        e = put_store(r, f);
    int dir = e ? -1 : open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!e && (dir < 0 || fsync(dir)))
        e = fail_set(f, SLUIS_IO, data, "cannot be synced: %s", strerror(errno));
    if (dir >= 0)
        close(dir);
    return e;
}

static sluis_err run(restore *r, ctl_call *c, sluis_fail *f)
{
    const char *data = ctl_value(c, "data"), *known = ctl_value(c, "checkpoint");
    sluis_err e = pubfile_read_all(&r->log, ctl_value(c, "log-key"), USE_LOG, f);
    if (!e && !known == !ctl_value(c, "none-newer"))
        e = fail_set(f, SLUIS_INVALID, "--checkpoint",
                     "name the newest checkpoint that a witness or party has, or say --none-newer");
    if (e || (e = path_of(r->from_store, c->operand, "store", f)) ||
        (e = path_of(r->from_slots, c->operand, "keys.slots", f)) ||
        (e = path_of(r->to_store, data, "store", f)) || (e = path_of(r->to_slots, data, "keys.slots", f)))
        return e;
    if (access(r->to_store, F_OK) == 0)
        return fail_set(f, SLUIS_EXISTS, r->to_store,
                        "is there: stop the gateway, and move it away for later study");
    if ((e = check_copy(r, f)) || (known && (e = check_known(r, known, f))) ||
        (e = choose_keys(r, ctl_value(c, "keys"), f)))
        return e;
    return put_in_place(r, data, f);
}

ctl_exit ctl_restore(ctl_call *c)
{
    restore r = {.name = ctl_value(c, "name"), .held = -1};
    sluis_fail f = {0};
    ctl_exit code = CTL_OK;
    sluis_err e = run(&r, c, &f);
    if (e == SLUIS_CONFLICT || e == SLUIS_CORRUPT || e == SLUIS_BAD_SIGNATURE || e == SLUIS_UNKNOWN_KEY) {
        code = ctl_found(c, e, &f);
    } else if (e) {
        code = ctl_failed(c, &f);
    } else {
        const checkpoint *newest = r.note ? &r.known : &r.copy;
        ctl_print(c, json_pack("{s:b,s:s,s:I,s:s,s:I,s:I,s:b}", "ok", 1, "origin", r.copy.origin, "size",
                               (json_int_t)r.copy.size, "known_origin", newest->origin, "known_size",
                               (json_int_t)newest->size, "forgotten_since", (json_int_t)r.erased, "own_keys",
                               r.keys == NULL));
    }
    free(r.note);
    copy_let_go(&r.held);
    return code;
}
