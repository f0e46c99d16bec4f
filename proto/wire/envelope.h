/* The envelope: sealing, signing in batches, canonical decoding, verifying, opening.
 * Bytes: proto/README.md. This folder alone (with session/ frames) knows protobuf-c's unpacking.
 * Thread: every object belongs to one thread; a decoded message may be handed over whole. */
#ifndef SLUIS_WIRE_ENVELOPE_H
#define SLUIS_WIRE_ENVELOPE_H

#include "base/bytes.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "crypto/epoch.h"
#include "crypto/keyfile.h"
#include "sluis.pb-c.h"
#include "wire/arena.h"

#define ENVELOPE_MAX     (1u << 20) /* bytes of one frame; the configured bound may be lower */
#define ENVELOPE_PARTIES 16
#define HEADER_MAX       4096 /* the largest legal header is smaller */
#define SIGBLOCK_MAX     512
#define PLAIN_MAX        (ENVELOPE_MAX - 8192) /* bytes of a body before sealing */
#define ATTRIBUTES_MAX   64
#define SUITE_1          1

/* ---- sending ---- */
typedef struct {
    oin oin;
    uint8_t seal_pk[PK_LEN];
    keyid seal_id;
} seal_to;

/* Seals plain for to[0..n) (distinct OINs). suite, sender, signing_key, epoch_pk, nonce and recipients of
 * core are set in the bytes, not in *core; the caller fills the rest. header_out and body_out are cleared and
 * get the bytes; mh the message hash. INVALID (n, a recipient twice), TOO_BIG. */
sluis_err envelope_seal(const Sluis__Core *core, const oin *sender, const keypair *sign, epoch *e,
                        const seal_to *to, size_t n, bytes plain, uint64_t now_ms, buffer *header_out,
                        buffer *body_out, uint8_t mh[static HASH_LEN]);

/* One signature for n sealed messages (1..BATCH_MAX): items[i].out gets the whole envelope of message i. */
typedef struct {
    bytes header, body; /* borrowed */
    uint8_t mh[HASH_LEN];
    buffer *out; /* appended: the packed Envelope */
} envelope_item;
sluis_err envelope_sign_batch(const oin *sender, const keypair *sign, envelope_item *items, size_t n);

/* ---- receiving ---- */
typedef struct {
    arena *arena; /* owns everything below */
    bytes raw, header, body, core_bytes;
    Sluis__Header *h;
    Sluis__Core *core;
    Sluis__SigBlock *sig;
    oin sender;
    keyid signing_key;
    uint8_t mh[HASH_LEN], hc[HASH_LEN];
} envelope;

/* Sizes, pre-scan, canonical decode, field widths and bounds. Copies raw into the arena, which holds at most
 * 8 times its bytes and 48 KiB: enough for a body that is unpacked beside it, with as many elements as its
 * type may have; one of empty elements is TOO_BIG. Fails: TOO_BIG, TRUNCATED, INVALID, NONCANONICAL, SUITE; f
 * names the field. */
sluis_err envelope_decode(envelope **out, bytes raw, size_t max_bytes, sluis_fail *f);
/* What an envelope of n bytes holds at most, decoded. */
size_t envelope_room(size_t n);
void envelope_free(envelope **e);

/* created <= now + 2 min (NOT_YET, text names the skew); now < expires (EXPIRED); lifetime <= the kind's
 * (LIFETIME). */
sluis_err envelope_check_times(const envelope *e, uint64_t now_ms, sluis_fail *f);

/* What the kind needs beyond the format: a case (NO_CASE), attributes (INVALID). Decoding leaves it to the
 * caller, so that such a refusal can be journalled under a verified sender. */
sluis_err envelope_check_kind(const envelope *e, sluis_fail *f);

/* Verified batch roots: bounded, filled after success only. */
typedef struct root_cache root_cache;
sluis_err root_cache_new(root_cache **out, size_t cap);
void root_cache_free(root_cache **c);

/* Path, root signature under pk (the directory's key for e->signing_key) and body hash. cache may be NULL.
 * Key validity is the caller's check, on every message. */
sluis_err envelope_verify(const envelope *e, const uint8_t pk[static PK_LEN], root_cache *cache,
                          sluis_fail *f);

/* Opens the body as recipient own (its stanza is found by OIN and key id): unwrap, commitment, body, unpad.
 * The plaintext is appended to plain. NOT_RECIPIENT, BAD_SEAL, BAD_COMMITMENT.
 * keks may be NULL. Only after envelope_verify: the seal alone does not say who wrote. */
sluis_err envelope_open(const envelope *e, const oin *own, const keypair *seal, kek_cache *keks,
                        buffer *plain, sluis_fail *f);
bool envelope_addressed_to(const envelope *e, const oin *o);

/* Strict decoding of a body (or any other message from outside) of this type into the arena:
 * pre-scan, unknown and repeated singular fields refused. */
sluis_err wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                      sluis_fail *f);
/* Appends the packed message. */
sluis_err wire_pack(buffer *out, const ProtobufCMessage *m);

#endif
