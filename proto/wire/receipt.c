/* Leaf, 40 bytes: version u8 = 1 | class u8 | zero u16 | keep_until u32, days since 1970 | commitment 32 */
#include "wire/receipt.h"

#include <string.h>

#include "crypto/merkle.h"
#include "wire/envelope.h"

#define LEAF_VERSION 1

void leaf_encode(uint8_t out[static LEAF_LEN], const leaf *l)
{
    out[0] = l->version;
    out[1] = l->klass;
    put_u16(out + 2, 0);
    put_u32(out + 4, l->keep_until);
    memcpy(out + 8, l->commitment, HASH_LEN);
}

sluis_err leaf_decode(leaf *out, const uint8_t in[static LEAF_LEN])
{
    if (in[0] != LEAF_VERSION)
        return SLUIS_VERSION;
    if (get_u16(in + 2) != 0)
        return SLUIS_INVALID;
    out->version = in[0];
    out->klass = in[1];
    out->keep_until = get_u32(in + 4);
    memcpy(out->commitment, in + 8, HASH_LEN);
    return SLUIS_OK;
}

void record_commitment(uint8_t out[static HASH_LEN], const uint8_t salt[static SALT_LEN], bytes record)
{
    hash_one(out, "sluis1-record", salt, record.p, record.n);
}

sluis_err receipt_pack(buffer *out, const uint8_t leaf_bytes[static LEAF_LEN], uint64_t index,
                       const uint8_t *salt, bytes record, const uint8_t (*path)[HASH_LEN], size_t path_len,
                       bytes note)
{
    ProtobufCBinaryData nodes[MERKLE_MAX_PATH];
    Sluis__Receipt r = SLUIS__RECEIPT__INIT;
    if (path_len > MERKLE_MAX_PATH || note.n > NOTE_MAX)
        return SLUIS_TOO_BIG;
    for (size_t i = 0; i < path_len; i++)
        nodes[i] = (ProtobufCBinaryData){.len = HASH_LEN, .data = (uint8_t *)(uintptr_t)path[i]};
    r.leaf = (ProtobufCBinaryData){.len = LEAF_LEN, .data = (uint8_t *)(uintptr_t)leaf_bytes};
    r.index = index;
    r.salt = (ProtobufCBinaryData){.len = salt ? SALT_LEN : 0, .data = (uint8_t *)(uintptr_t)salt};
    r.record = (ProtobufCBinaryData){.len = record.n, .data = (uint8_t *)(uintptr_t)record.p};
    r.path = nodes;
    r.n_path = path_len;
    r.checkpoint = (ProtobufCBinaryData){.len = note.n, .data = (uint8_t *)(uintptr_t)note.p};
    return wire_pack(out, &r.base);
}

static sluis_err check_widths(const Sluis__Receipt *r, sluis_fail *f)
{
    if (r->leaf.len != LEAF_LEN)
        return fail_set(f, SLUIS_INVALID, "receipt.leaf", "is not 40 bytes");
    if (r->salt.len != SALT_LEN)
        return fail_set(f, SLUIS_INVALID, "receipt.salt", "is not 32 bytes");
    for (size_t i = 0; i < r->n_path; i++)
        if (r->path[i].len != HASH_LEN)
            return fail_set(f, SLUIS_INVALID, "receipt.path", "is not hashes of 32 bytes");
    if (r->checkpoint.len > NOTE_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "receipt.checkpoint", "at most %d bytes", NOTE_MAX);
    return SLUIS_OK;
}

static sluis_err open_checkpoint(checkpoint *out, bytes note, const char *log_name, const pubkeys *log,
                                 receipt_cache *last, sluis_fail *f)
{
    if (last && last->n && last->n == note.n && memcmp(last->note, note.p, note.n) == 0) {
        *out = last->cp;
        return SLUIS_OK;
    }
    sluis_err err = checkpoint_open(out, (const char *)note.p, note.n, log_name, log, f);
    if (err || !last)
        return err;
    memcpy(last->note, note.p, note.n);
    last->n = note.n;
    last->cp = *out;
    return SLUIS_OK;
}

static sluis_err check_inclusion(const Sluis__Receipt *r, const checkpoint *cp, receipt_cache *last,
                                 sluis_fail *f)
{
    uint8_t hash[HASH_LEN], path[MERKLE_MAX_PATH][HASH_LEN];
    if (r->n_path > MERKLE_MAX_PATH)
        return fail_set(f, SLUIS_TOO_BIG, "receipt.path", "longer than any tree's");
    for (size_t i = 0; i < r->n_path; i++)
        memcpy(path[i], r->path[i].data, HASH_LEN);
    merkle_leaf(hash, r->leaf.data, LEAF_LEN);
    const uint8_t(*nodes)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])path;
    sluis_err err =
        last ? merkle_verify_inclusion_near(&last->trail, TREE_JOURNAL, hash, r->index, cp->size, nodes,
                                            r->n_path, cp->root)
             : merkle_verify_inclusion(TREE_JOURNAL, hash, r->index, cp->size, nodes, r->n_path, cp->root);
    if (err)
        return fail_set(f, SLUIS_INVALID, "receipt.path",
                        "does not lead from this leaf to the checkpoint's root");
    return SLUIS_OK;
}

sluis_err receipt_verify(receipt_facts *out, arena *a, bytes raw, const char *log_name, const pubkeys *log,
                         receipt_cache *last, sluis_fail *f)
{
    uint8_t commitment[HASH_LEN];
    ProtobufCMessage *m;
    memset(out, 0, sizeof *out);
    sluis_err err = wire_unpack(&m, &sluis__receipt__descriptor, a, raw, f);
    if (err)
        return err;
    const Sluis__Receipt *r = (const Sluis__Receipt *)m;
    err = check_widths(r, f);
    if (err)
        return err;
    err = leaf_decode(&out->leaf, r->leaf.data);
    if (err)
        return fail_set(f, err, "receipt.leaf", "is not a leaf of version 1");
    record_commitment(commitment, r->salt.data, BYTES(r->record.data, r->record.len));
    if (memcmp(commitment, out->leaf.commitment, HASH_LEN) != 0)
        return fail_set(f, SLUIS_BAD_COMMITMENT, "receipt.record",
                        "is not the record that the leaf commits to");
    err = open_checkpoint(&out->cp, BYTES(r->checkpoint.data, r->checkpoint.len), log_name, log, last, f);
    if (!err)
        err = check_inclusion(r, &out->cp, last, f);
    if (!err)
        err = wire_unpack(&m, &sluis__record__descriptor, a, BYTES(r->record.data, r->record.len), f);
    if (err)
        return err;
    out->index = r->index;
    out->record = (Sluis__Record *)m;
    return SLUIS_OK;
}

#define RENEW_ARENA (1u << 20)

sluis_err receipt_renew(buffer *out, bytes receipt, bytes proof, const char *log_name, const pubkeys *log,
                        sluis_fail *f)
{
    receipt_facts facts;
    ProtobufCMessage *m = NULL;
    buffer joined;
    arena *a = arena_new(RENEW_ARENA);
    buffer_init(&joined, RENEW_ARENA / 4);
    sluis_err err = a ? wire_unpack(&m, &sluis__receipt__descriptor, a, receipt, f)
                      : fail_set(f, SLUIS_NOMEM, "receipt", "out of memory");
    const Sluis__Receipt *old = (const Sluis__Receipt *)m;
    if (!err)
        err = wire_unpack(&m, &sluis__receipt__descriptor, a, proof, f);
    Sluis__Receipt *new = (Sluis__Receipt *)m;
    if (!err && (new->index != old->index ||
                 !bytes_equal(BYTES(new->leaf.data, new->leaf.len), BYTES(old->leaf.data, old->leaf.len))))
        err = fail_set(f, SLUIS_CONFLICT, "receipt.proof", "is of another entry");
    if (!err) {
        new->salt = old->salt;
        new->record = old->record;
        err = wire_pack(&joined, &new->base);
    }
    if (!err)
        err = receipt_verify(&facts, a, buffer_bytes(&joined), log_name, log, NULL, f);
    if (!err) {
        buffer_add(out, joined.p, joined.n);
        err = out->err;
    }
    buffer_close(&joined);
    arena_free(&a);
    return err;
}
