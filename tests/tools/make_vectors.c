/* Prints tests/data/envelope_vectors.json: envelopes between parties with fixed keys, with every intermediate
 * value, some that must be refused, and a receipt. Keys are fixed; content keys, nonces and epoch keys are
 * random, so each run prints other envelopes. Usage: make_vectors > tests/data/envelope_vectors.json */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/batch.h"
#include "wire/envelope.h"
#include "wire/receipt.h"

#define NOW UINT64_C(1795500000000) /* 2026-11-24 */
#define LOG "gem.test/journal/1"

typedef struct {
    const char *name;
    oin oin;
    keypair sign, seal;
} actor;

static void must(sluis_err err, const char *what)
{
    if (!err)
        return;
    fprintf(stderr, "make_vectors: %s: %s\n", what, error_text(err));
    exit(1);
}

static void key_make(keypair *k, key_use use, uint8_t n)
{
    uint8_t seed[32];
    memset(seed, n, sizeof seed);
    must(keypair_from_seed(k, use, seed, NOW), "key");
}

static void print_hex(const char *name, const void *p, size_t n, const char *end)
{
    const uint8_t *b = p;
    printf("\"%s\": \"", name);
    for (size_t i = 0; i < n; i++)
        printf("%02x", b[i]);
    printf("\"%s", end);
}

static void print_party(const actor *a, uint8_t n, const char *end)
{
    uint8_t seed[32];
    printf("    {\"name\": \"%s\", \"oin\": \"%s\",\n     ", a->name, a->oin.s);
    memset(seed, 2 * n, sizeof seed);
    print_hex("sign_seed", seed, 32, ", ");
    print_hex("sign_pk", a->sign.pk, 32, ", ");
    print_hex("sign_id", a->sign.id.b, 16, ",\n     ");
    memset(seed, 2 * n + 1, sizeof seed);
    print_hex("seal_sk", seed, 32, ", ");
    print_hex("seal_pk", a->seal.pk, 32, ", ");
    print_hex("seal_id", a->seal.id.b, 16, "}");
    printf("%s\n", end);
}

/* What the recipient derives on the way to the plaintext. */
static void print_recipient(const envelope *e, size_t i, const actor *a, const char *end)
{
    uint8_t kek[KEY_LEN], key[KEY_LEN], body_key[KEY_LEN];
    kek_binding b = {.suite = SUITE_1,
                     .sender = e->sender,
                     .signing_key = e->signing_key,
                     .recipient = a->oin,
                     .sealing_key = a->seal.id};
    memcpy(b.epoch_pk, e->core->epoch_pk.data, PK_LEN);
    memcpy(b.recipient_pk, a->seal.pk, PK_LEN);
    must(kek_derive(kek, a->seal.sk, b.epoch_pk, &b), "kek");
    must(ae_open(key, kek, e->core->nonce.data, BYTES_OF(e->hc), BYTES(e->h->wrapped[i].data, WRAP_LEN)),
         "unwrap");
    hash_one(body_key, "sluis1-body", key, e->hc, sizeof e->hc);
    printf("        {\"oin\": \"%s\", ", a->oin.s);
    print_hex("kek", kek, 32, ", ");
    print_hex("content_key", key, 32, ", ");
    print_hex("body_key", body_key, 32, "}");
    printf("%s\n", end);
}

static void print_envelope(const char *name, const buffer *raw, bytes plain, const actor *to, size_t n,
                           const char *end)
{
    envelope *e;
    must(envelope_decode(&e, buffer_bytes(raw), ENVELOPE_MAX, NULL), name);
    printf("    {\"name\": \"%s\", \"sender\": \"%s\",\n     ", name, e->sender.s);
    print_hex("raw", raw->p, raw->n, ",\n     ");
    print_hex("core", e->core_bytes.p, e->core_bytes.n, ",\n     ");
    print_hex("hc", e->hc, HASH_LEN, ", ");
    print_hex("message_hash", e->mh, HASH_LEN, ",\n     ");
    printf("\"n\": %u, \"index\": %u,\n     ", e->sig->n, e->sig->index);
    print_hex("plaintext", plain.p, plain.n, ",\n     ");
    printf("\"recipients\": [\n");
    for (size_t i = 0; i < n; i++)
        print_recipient(e, i, &to[i], i + 1 < n ? "," : "");
    printf("     ]}%s\n", end);
    envelope_free(&e);
}

static void print_refused(const char *name, const char *error, const buffer *raw, const char *end)
{
    printf("    {\"name\": \"%s\", \"error\": \"%s\",\n     ", name, error);
    print_hex("raw", raw->p, raw->n, "}");
    printf("%s\n", end);
}

static ProtobufCBinaryData data_of(const void *p, size_t n)
{
    return (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)p};
}

typedef struct {
    buffer header, body, out;
    envelope_item item;
} parcel;

static void parcel_seal(parcel *p, const actor *from, epoch *e, const actor *to, size_t n, bytes plain)
{
    static uint32_t attributes[] = {7, 300, 70000};
    Sluis__Core c = SLUIS__CORE__INIT;
    uuid id = uuid_new(NOW), transaction = uuid_new(NOW);
    id16 case_id = id_random();
    seal_to list[ENVELOPE_PARTIES];
    for (size_t i = 0; i < n; i++) {
        list[i] = (seal_to){.oin = to[i].oin, .seal_id = to[i].seal.id};
        memcpy(list[i].seal_pk, to[i].seal.pk, PK_LEN);
    }
    c.message_id = data_of(id.b, UUID_LEN);
    c.transaction = data_of(transaction.b, UUID_LEN);
    c.case_id = data_of(case_id.b, ID_LEN);
    c.kind = SLUIS__KIND__REQUEST;
    c.origin = SLUIS__ORIGIN__BUS;
    c.phase = SLUIS__PHASE__RESEARCH;
    c.application = (char *)(uintptr_t) "wmo-suite";
    c.function = (char *)(uintptr_t) "wmo-consulent";
    c.employee = (char *)(uintptr_t) "p-3f9a";
    c.legal_basis = (char *)(uintptr_t) "wams-5.4.1";
    c.purpose = (char *)(uintptr_t) "onderzoek";
    c.traceparent = (char *)(uintptr_t) "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    c.attributes = attributes;
    c.n_attributes = 3;
    c.created = NOW;
    c.expires = NOW + UINT64_C(86400000);
    buffer_init(&p->header, ENVELOPE_MAX);
    buffer_init(&p->body, ENVELOPE_MAX);
    buffer_init(&p->out, ENVELOPE_MAX);
    must(envelope_seal(&c, &from->oin, &from->sign, e, list, n, plain, NOW, &p->header, &p->body, p->item.mh),
         "seal");
    p->item.header = buffer_bytes(&p->header);
    p->item.body = buffer_bytes(&p->body);
    p->item.out = &p->out;
}

static void sign_all(parcel *p, size_t n, const actor *from)
{
    envelope_item items[BATCH_MAX];
    for (size_t i = 0; i < n; i++) {
        items[i] = p[i].item;
        buffer_clear(&p[i].out);
    }
    must(envelope_sign_batch(&from->oin, &from->sign, items, n), "sign");
}

static void print_all_refused(parcel *p, const actor *from)
{
    size_t header = p->header.n, commitment = 0;
    buffer *b = &p->out;
    b->p[b->n - 1] ^= 1;
    print_refused("last bit of the body flipped", "body-hash", b, ",");
    b->p[b->n - 1] ^= 1;
    size_t signature = b->n - p->body.n - 3 - 1; /* before the body's tag and two-byte length */
    b->p[signature - 40] ^= 1;
    print_refused("a bit of the signature flipped", "bad-signature", b, ",");
    b->p[signature - 40] ^= 1;
    buffer_u8(b, 0);
    print_refused("a byte behind the end", "invalid", b, ",");
    b->n -= 2;
    print_refused("the last byte missing", "truncated", b, ",");
    /* 0x0a, two bytes of length, core, 0x12 0x20, commitment */
    commitment = 1 + 2 + (size_t)(p->header.p[1] & 127) + ((size_t)p->header.p[2] << 7) + 2;
    if (commitment + HASH_LEN > header)
        exit(1);
    p->header.p[commitment] ^= 1;
    hash_one(p->item.mh, "sluis1-header", NULL, p->header.p, header);
    sign_all(p, 1, from);
    print_refused("another commitment, signed", "bad-commitment", b, "");
}

static void print_receipt(void)
{
    enum { LEAVES = 3, INDEX = 2 };
    uint8_t leaves[LEAVES][LEAF_LEN], hashes[LEAVES][HASH_LEN], path[MERKLE_MAX_PATH][HASH_LEN],
        salt[SALT_LEN];
    char note[NOTE_MAX];
    size_t note_len, path_len;
    buffer record, raw;
    keypair log;
    checkpoint cp = {.origin = LOG, .size = LEAVES};
    Sluis__Record r = SLUIS__RECORD__INIT;
    key_make(&log, USE_LOG, 77);
    buffer_init(&record, 4096);
    buffer_init(&raw, 16384);
    r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    r.when = NOW;
    r.from = (char *)(uintptr_t) "00000099000000001000";
    must(wire_pack(&record, &r.base), "record");
    for (size_t i = 0; i < LEAVES; i++) {
        leaf l = {.version = 1, .klass = 3, .keep_until = 26259};
        random_bytes(salt, SALT_LEN);
        record_commitment(l.commitment, salt, buffer_bytes(&record));
        leaf_encode(leaves[i], &l);
        merkle_leaf(hashes[i], leaves[i], LEAF_LEN);
    }
    merkle_root(TREE_JOURNAL, cp.root, (const uint8_t(*)[HASH_LEN])hashes, LEAVES);
    must(checkpoint_sign(note, sizeof note, &note_len, &cp, LOG, &log), "checkpoint");
    merkle_path(TREE_JOURNAL, path, &path_len, (const uint8_t(*)[HASH_LEN])hashes, LEAVES, INDEX);
    must(receipt_pack(&raw, leaves[INDEX], INDEX, salt, buffer_bytes(&record),
                      (const uint8_t(*)[HASH_LEN])path, path_len, BYTES(note, note_len)),
         "receipt");
    printf("  \"receipt\": {\"log_name\": \"" LOG "\", \"index\": %d,\n     ", INDEX);
    print_hex("log_pk", log.pk, 32, ",\n     ");
    print_hex("raw", raw.p, raw.n, "}\n");
    buffer_close(&record);
    buffer_close(&raw);
    keypair_close(&log);
}

int main(void)
{
    static const char *const oins[] = {"00000099000000001000", "00000099000000002000",
                                       "00000099000000003000"};
    static const char *const names[] = {"gemeente", "school", "ggd"};
    static uint8_t block[512];
    actor a[3];
    parcel alone, batch[3];
    epoch *e;
    must(crypto_start(), "crypto");
    must(epoch_new(&e), "epoch");
    for (size_t i = 0; i < 3; i++) {
        a[i].name = names[i];
        must(oin_parse(&a[i].oin, oins[i], OIN_LEN), "oin");
        key_make(&a[i].sign, USE_SIGN, (uint8_t)(2 * (i + 1)));
        key_make(&a[i].seal, USE_SEAL, (uint8_t)(2 * (i + 1) + 1));
    }
    bytes texts[3] = {bytes_str("eerste"), {0}, BYTES(block, sizeof block)},
          text = bytes_str("Is zij bij u bekend?");
    memset(block, 'b', sizeof block);
    printf("{\n  \"now\": %llu,\n  \"parties\": [\n", (unsigned long long)NOW);
    for (size_t i = 0; i < 3; i++)
        print_party(&a[i], (uint8_t)(i + 1), i < 2 ? "," : "");
    parcel_seal(&alone, &a[0], e, &a[1], 2, text);
    sign_all(&alone, 1, &a[0]);
    for (size_t i = 0; i < 3; i++)
        parcel_seal(&batch[i], &a[0], e, &a[1], 1, texts[i]);
    sign_all(batch, 3, &a[0]);
    printf("  ],\n  \"envelopes\": [\n");
    print_envelope("alone, to two", &alone.out, text, &a[1], 2, ",");
    for (size_t i = 0; i < 3; i++)
        print_envelope("of a batch of three", &batch[i].out, texts[i], &a[1], 1, i < 2 ? "," : "");
    printf("  ],\n  \"refused\": [\n");
    print_all_refused(&alone, &a[0]);
    printf("  ],\n");
    print_receipt();
    printf("}\n");
    for (size_t i = 0; i < 4; i++) {
        parcel *p = i < 3 ? &batch[i] : &alone;
        buffer_close(&p->header);
        buffer_close(&p->body);
        buffer_close(&p->out);
    }
    for (size_t i = 0; i < 3; i++) {
        keypair_close(&a[i].sign);
        keypair_close(&a[i].seal);
    }
    epoch_free(&e);
    return 0;
}
