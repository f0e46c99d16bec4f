/* Receipts for parties: the record only for its sender and recipient, path and checkpoint for every party. */
#include <string.h>

#include "journal/cosigned.h"
#include "journal/journal.h"
#include "read/reader.h"

#define RECORD_ARENA (1u << 20)

static sluis_err proof(reader *r, store_txn *t, job *j)
{
    char note[NOTE_MAX];
    size_t n = 0;
    checkpoint own, cp;
    sluis_err e = journal_checkpoint_at(t, note, sizeof note, &n);
    if (!e)
        e = checkpoint_read(&own, note, n, NULL) ? SLUIS_CORRUPT : SLUIS_OK;
    if (!e)
        e = cosigned_newest(t, r->p->rows, own.origin, note, &n, &cp);
    return e ? e : journal_proof_under(t, r->upper, j->seq, &cp, BYTES(note, n), &j->receipt);
}

sluis_err read_receipt(reader *r, store_txn *t, job *j)
{
    uint8_t salt[SALT_LEN];
    Sluis__Record *of = NULL;
    bytes raw;
    if (j->proof)
        return proof(r, t, j);
    arena *a = arena_new(RECORD_ARENA);
    sluis_err e = a ? journal_read_record(t, r->p->slots, j->seq, a, &of, salt, &raw) : SLUIS_NOMEM;
    if (!e && strcmp(of->from, j->user.s) != 0 && strcmp(of->to, j->user.s) != 0)
        e = SLUIS_NOT_FOUND;
    if (!e)
        e = journal_receipt_at(t, r->p->slots, r->upper, j->seq, &j->receipt);
    if (!e) {
        j->read.record = job_receipt_record(j, of);
        e = j->read.record ? SLUIS_OK : SLUIS_NOMEM;
    }
    if (!e)
        j->read.record->from = j->user.s;
    arena_free(&a);
    return e;
}
