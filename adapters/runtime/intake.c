#include "runtime/intake.h"

#include <string.h>

#define ROOTS         1024
#define KEKS          1024
#define RECEIPT_ARENA (1u << 20)

sluis_err intake_open(intake *out, const oin *own, const seal_ring *seals, size_t max_frame)
{
    *out = (intake){.own = *own, .seals = seals, .max_frame = max_frame};
    sluis_err err = root_cache_new(&out->roots, ROOTS);
    if (!err)
        err = kek_cache_new(&out->keks, KEKS);
    if (err)
        intake_close(out);
    return err;
}

void intake_close(intake *i)
{
    root_cache_free(&i->roots);
    kek_cache_free(&i->keks);
}

sluis_err intake_seals(intake *i, const seal_ring *seals)
{
    kek_cache *fresh = NULL;
    sluis_err err = kek_cache_new(&fresh, KEKS);
    if (err)
        return err;
    kek_cache_free(&i->keks);
    i->keks = fresh;
    i->seals = seals;
    return SLUIS_OK;
}

static sluis_err check_snapshot(const snapshot *dir, uint64_t now, sluis_fail *f)
{
    if (!dir)
        return fail_set(f, SLUIS_EXPIRED, "directory", "no directory yet");
    if (dir->made + DIRECTORY_MAX_AGE_MS < now)
        return fail_set(f, SLUIS_EXPIRED, "directory",
                        "the directory is older than 24 hours; wait for a newer one");
    return SLUIS_OK;
}

static sluis_err check_sender(const intake *i, const snapshot *dir, const envelope *e, uint64_t now,
                              sluis_fail *f)
{
    const party_key *key;
    const party *p = directory_find(dir->dir, &e->sender);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "core.sender", "%s is not in the directory", e->sender.s);
    if (e->core->suite > 31 || !(p->suites >> e->core->suite & 1))
        return fail_set(f, SLUIS_SUITE, "core.suite", "suite %u is not allowed for %s", e->core->suite,
                        p->oin.s);
    sluis_err err = directory_key(dir->dir, p, USE_SIGN, &e->signing_key, now, &key, f);
    return err ? err : envelope_verify(e, key->pk, i->roots, f);
}

/* What the gateway itself returns is journalled under the message that it returns. */
static sluis_err check_receipt(intake *i, const snapshot *dir, const envelope *e, bytes receipt,
                               sluis_fail *f)
{
    receipt_facts facts;
    arena *a = arena_new(RECEIPT_ARENA);
    if (!a)
        return fail_set(f, SLUIS_NOMEM, "receipt", "out of memory");
    sluis_err err = receipt_verify(&facts, a, receipt, dir->log_name, &dir->log, &i->receipts, f);
    if (!err && e->core->kind != SLUIS__KIND__RETURNED &&
        !bytes_equal(BYTES(facts.record->message_hash.data, facts.record->message_hash.len), BYTES_OF(e->mh)))
        err = fail_set(f, SLUIS_CONFLICT, "receipt", "the receipt is of another message");
    arena_free(&a);
    return err;
}

static const keypair *key_for(const intake *i, const envelope *e)
{
    for (size_t r = 0; r < e->core->n_recipients; r++) {
        const Sluis__Recipient *to = e->core->recipients[r];
        const keypair *k = NULL;
        uint64_t replaced;
        keyid id;
        memcpy(id.b, to->sealing_key.data, KEYID_LEN);
        if (strcmp(to->oin, i->own.s) == 0 && (k = seal_ring_find(i->seals, &id, &replaced)))
            return k;
    }
    return NULL;
}

static sluis_err open_body(const intake *i, const envelope *e, buffer *plain, sluis_fail *f)
{
    const keypair *seal = key_for(i, e);
    if (!seal)
        return fail_set(f, SLUIS_NOT_RECIPIENT, "core.recipients",
                        "sealed to a key of ours that is no longer held");
    return envelope_open(e, &i->own, seal, i->keks, plain, f);
}

sluis_err intake_take(intake *i, const snapshot *dir, bytes envelope_bytes, bytes receipt, uint64_t now,
                      incoming *out, sluis_fail *f)
{
    *out = (incoming){0};
    buffer_init(&out->plain, i->max_frame);
    sluis_err err = check_snapshot(dir, now, f);
    if (!err)
        err = envelope_decode(&out->e, envelope_bytes, i->max_frame, f);
    if (!err && !envelope_addressed_to(out->e, &i->own))
        err = fail_set(f, SLUIS_NOT_RECIPIENT, "core.recipients", "not addressed to this party");
    if (!err)
        err = envelope_check_times(out->e, now, f);
    if (!err)
        err = envelope_check_kind(out->e, f);
    if (!err)
        err = check_sender(i, dir, out->e, now, f);
    if (!err)
        err = check_receipt(i, dir, out->e, receipt, f);
    if (!err)
        err = open_body(i, out->e, &out->plain, f);
    if (err)
        incoming_close(out);
    return err;
}

void incoming_close(incoming *m)
{
    buffer_close(&m->plain);
    envelope_free(&m->e);
}
