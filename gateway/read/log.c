/* The journal for its readers: checkpoints, tiles and entry bundles as C2SP tlog-tiles has them, and what a
 * witness brings back. Leaves only: no record and no salt. */
#include <string.h>

#include "base/log.h"
#include "flow/fatal.h"
#include "journal/cosigned.h"
#include "journal/journal.h"
#include "read/reader.h"

static sluis_err reply_blob(job *j, bytes data, bool text, bool immutable)
{
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiBlob blob = SLUIS__API_BLOB__INIT;
    blob.data = (ProtobufCBinaryData){data.n, (uint8_t *)(uintptr_t)data.p};
    blob.text = text;
    blob.immutable = immutable;
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_BLOB;
    reply.blob = &blob;
    return wire_pack(&j->reply, &reply.base);
}

static sluis_err tile(store_txn *t, job *j, const Sluis__ApiLogGet *q, uint64_t size)
{
    uint8_t hashes[JOURNAL_TILE][HASH_LEN], bundle[JOURNAL_BUNDLE];
    size_t n = 0;
    uint64_t entries = q->level < 8 ? size >> (8 * q->level) : 0;
    if (q->width < 1 || q->width > JOURNAL_TILE || q->tile > entries / JOURNAL_TILE ||
        q->tile * JOURNAL_TILE + q->width > entries)
        return SLUIS_NOT_FOUND;
    if (q->part == SLUIS__LOG_PART__LOG_ENTRIES) {
        sluis_err e = journal_bundle(t, q->tile, q->width, bundle);
        return e ? e : reply_blob(j, BYTES(bundle, q->width * (size_t)(2 + LEAF_LEN)), false, true);
    }
    uint64_t then = (q->tile * JOURNAL_TILE + q->width)
                    << (8 * q->level); /* the tree in which it had this width */
    sluis_err e = journal_tile(t, then, q->level, q->tile, hashes, &n);
    return e ? e : reply_blob(j, BYTES(hashes, n * HASH_LEN), false, true);
}

sluis_err read_log(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiLogGet *q = j->call->log_get;
    char note[NOTE_MAX];
    size_t n = 0;
    uint64_t size = 0;
    checkpoint cp = {0};
    buffer request;
    sluis_err e = journal_checkpoint_at(t, note, sizeof note, &n);
    if (!e)
        e = checkpoint_read(&cp, note, n, NULL) ? SLUIS_CORRUPT : SLUIS_OK;
    if (e)
        return e;
    switch (q->part) {
    case SLUIS__LOG_PART__LOG_CHECKPOINT:
        return reply_blob(j, BYTES(note, n), true, false);
    case SLUIS__LOG_PART__LOG_TILE:
    case SLUIS__LOG_PART__LOG_ENTRIES:
        return tile(t, j, q, cp.size);
    case SLUIS__LOG_PART__LOG_WITNESSED:
        e = cosigned_newest(t, r->p->rows, cp.origin, note, &n, &cp);
        return e ? e : reply_blob(j, BYTES(note, n), true, false);
    case SLUIS__LOG_PART__LOG_PROVE:
        buffer_init(&request, ADD_CHECKPOINT_MAX);
        e = journal_prove(t, q->old, &request, &size);
        if (!e)
            e = reply_blob(j, buffer_bytes(&request), true, false);
        buffer_close(&request);
        return e == SLUIS_INVALID ? SLUIS_NOT_FOUND : e;
    default:
        return SLUIS_INVALID;
    }
}

static _Noreturn void rolled_back(void)
{
    fatal("journal.rolled-back", SLUIS_CONFLICT,
          "a checkpoint of this journal was shown that its store does not lead to: the store is an older "
          "copy, or was "
          "changed. Keep the data folder as it is, and restore a backup with `sluisctl restore`");
}

/* A checkpoint that we signed: when the snapshot's tree does not lead to it, the store is older than what
 * left this house. */
static void read_seen(store_txn *t, const checkpoint *cp)
{
    sluis_err e = journal_holds(t, cp);
    if (e == SLUIS_NOT_FOUND || e == SLUIS_CORRUPT)
        rolled_back();
}

void read_hello_checkpoint(reader *r, store_txn *t, bytes note)
{
    const char *name = r->p->settings->name;
    char own_note[NOTE_MAX];
    uint64_t theirs, ours;
    checkpoint cp, own;
    size_t n = 0;
    if (checkpoint_open(&cp, (const char *)note.p, note.n, name, &r->p->log_keys, NULL) ||
        journal_checkpoint_at(t, own_note, sizeof own_note, &n) || checkpoint_read(&own, own_note, n, NULL) ||
        !origin_number(cp.origin, name, &theirs) || !origin_number(own.origin, name, &ours))
        return;
    if (theirs > ours)
        rolled_back();
    if (theirs == ours)
        read_seen(t, &cp);
}

/* What a witness brings: a checkpoint of this journal with its line. Core keeps it. */
sluis_err read_log_cosign(reader *r, store_txn *t, job *j)
{
    const char *text = j->call->log_cosign->note;
    char note[NOTE_MAX];
    size_t n = 0;
    checkpoint cp, own;
    const char *who = NULL;
    uint64_t seconds;
    sluis_err e = checkpoint_open(&cp, text, strlen(text), r->p->settings->name, &r->p->log_keys, &j->why);
    if (!e && !(who = witnesses_find(r->witnesses, bytes_str(text), &seconds, &j->why)))
        e = SLUIS_FORBIDDEN;
    if (!e && !(e = journal_checkpoint_at(t, note, sizeof note, &n)))
        e = checkpoint_read(&own, note, n, NULL) ? SLUIS_CORRUPT : SLUIS_OK;
    if (!e && strcmp(own.origin, cp.origin) != 0)
        e = fail_set(&j->why, SLUIS_CONFLICT, "checkpoint", "is of %s; this journal is %s", cp.origin,
                     own.origin);
    if (e)
        return fail_set(&j->why, e, "checkpoint", "%s", error_text(e));
    read_seen(t, &cp);
    if (!(j->by = arena_strdup(job_arena(j), who)))
        return SLUIS_NOMEM;
    return reply_blob(j, bytes_str(text), true, false);
}
