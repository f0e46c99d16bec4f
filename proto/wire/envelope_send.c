/* Sending: seal, then sign in batches. Steps are numbered as in proto/README.md, "Sealing". */
#include <string.h>

#include "wire/batch.h"
#include "wire/envelope.h"

#define CORE_MAX 3072 /* leaves room in a header for 16 wrapped keys */
#define FRAMING  32   /* tags and lengths of the outer message */

static ProtobufCBinaryData data_of(const void *p, size_t n)
{
    return (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)p};
}

typedef struct {
    uint8_t content_key[KEY_LEN], body_key[KEY_LEN], kek[KEY_LEN]; /* wiped at the end */
    uint8_t nonce[NONCE_LEN], hc[HASH_LEN], commitment[HASH_LEN], body_hash[HASH_LEN];
    uint8_t wrapped[ENVELOPE_PARTIES][WRAP_LEN];
    uint8_t core[CORE_MAX];
    size_t core_len;
} sealing;

/* Packs core with the fields that sealing sets. */
static sluis_err seal_core(sealing *s, const Sluis__Core *core, const oin *sender, const keypair *sign,
                           const uint8_t *epoch_pk, const seal_to *to, size_t n)
{
    Sluis__Recipient list[ENVELOPE_PARTIES], *recipients[ENVELOPE_PARTIES];
    Sluis__Core c = *core;
    for (size_t i = 0; i < n; i++) {
        sluis__recipient__init(&list[i]);
        list[i].oin = (char *)(uintptr_t)to[i].oin.s;
        list[i].sealing_key = data_of(to[i].seal_id.b, KEYID_LEN);
        recipients[i] = &list[i];
        for (size_t k = 0; k < i; k++)
            if (oin_equal(&to[k].oin, &to[i].oin))
                return SLUIS_INVALID;
    }
    c.suite = SUITE_1;
    c.sender = (char *)(uintptr_t)sender->s;
    c.signing_key = data_of(sign->id.b, KEYID_LEN);
    c.epoch_pk = data_of(epoch_pk, PK_LEN);
    c.nonce = data_of(s->nonce, NONCE_LEN);
    c.recipients = recipients;
    c.n_recipients = n;
    s->core_len = sluis__core__get_packed_size(&c);
    if (s->core_len > sizeof s->core)
        return SLUIS_TOO_BIG;
    sluis__core__pack(&c, s->core);
    return SLUIS_OK;
}

/* Pads and encrypts in body_out itself. */
static sluis_err seal_body(sealing *s, bytes plain, buffer *body_out)
{
    static const uint8_t tag[TAG_LEN] = {0};
    buffer_clear(body_out);
    buffer_add(body_out, plain.p, plain.n);
    sluis_err err = pad_body(body_out);
    if (err)
        return err;
    size_t padded = body_out->n;
    buffer_add(body_out, tag, sizeof tag);
    if (body_out->err)
        return body_out->err;
    ae_seal(body_out->p, s->body_key, s->nonce, BYTES_OF(s->hc), BYTES(body_out->p, padded));
    return SLUIS_OK;
}

static sluis_err wrap_keys(sealing *s, const oin *sender, const keypair *sign, epoch *e,
                           const uint8_t *epoch_pk, const seal_to *to, size_t n)
{
    kek_binding b = {.suite = SUITE_1, .sender = *sender, .signing_key = sign->id};
    memcpy(b.epoch_pk, epoch_pk, PK_LEN);
    for (size_t i = 0; i < n; i++) {
        memcpy(b.recipient_pk, to[i].seal_pk, PK_LEN);
        b.recipient = to[i].oin;
        b.sealing_key = to[i].seal_id;
        sluis_err err = epoch_kek(e, s->kek, &b);
        if (err)
            return err;
        ae_seal(s->wrapped[i], s->kek, s->nonce, BYTES_OF(s->hc), BYTES_OF(s->content_key));
    }
    return SLUIS_OK;
}

static sluis_err pack_header(const sealing *s, size_t n, buffer *header_out)
{
    ProtobufCBinaryData wrapped[ENVELOPE_PARTIES];
    Sluis__Header h = SLUIS__HEADER__INIT;
    for (size_t i = 0; i < n; i++)
        wrapped[i] = data_of(s->wrapped[i], WRAP_LEN);
    h.core = data_of(s->core, s->core_len);
    h.commitment = data_of(s->commitment, HASH_LEN);
    h.body_hash = data_of(s->body_hash, HASH_LEN);
    h.wrapped = wrapped;
    h.n_wrapped = n;
    buffer_clear(header_out);
    return wire_pack(header_out, &h.base);
}

sluis_err envelope_seal(const Sluis__Core *core, const oin *sender, const keypair *sign, epoch *e,
                        const seal_to *to, size_t n, bytes plain, uint64_t now_ms, buffer *header_out,
                        buffer *body_out, uint8_t mh[static HASH_LEN])
{
    sealing s;
    if (n < 1 || n > ENVELOPE_PARTIES)
        return SLUIS_INVALID;
    if (plain.n > PLAIN_MAX)
        return SLUIS_TOO_BIG;
    random_bytes(s.content_key, sizeof s.content_key); /* 1 */
    random_nonce(s.nonce);
    const uint8_t *epoch_pk = epoch_use(e, now_ms);
    sluis_err err = epoch_pk ? seal_core(&s, core, sender, sign, epoch_pk, to, n) : SLUIS_NOMEM;
    if (err)
        goto done;
    hash_one(s.hc, "sluis1-core", NULL, s.core, s.core_len);                   /* 2 */
    hash_one(s.commitment, "sluis1-commit", s.content_key, s.hc, sizeof s.hc); /* 3 */
    hash_one(s.body_key, "sluis1-body", s.content_key, s.hc, sizeof s.hc);
    err = seal_body(&s, plain, body_out); /* 4 */
    if (err)
        goto done;
    hash_one(s.body_hash, "sluis1-sealed", NULL, body_out->p, body_out->n); /* 5 */
    err = wrap_keys(&s, sender, sign, e, epoch_pk, to, n);                  /* 6, 7 */
    if (!err)
        err = pack_header(&s, n, header_out);
    if (!err)
        hash_one(mh, "sluis1-header", NULL, header_out->p, header_out->n); /* 8 */
done:
    wipe(s.content_key, sizeof s.content_key);
    wipe(s.body_key, sizeof s.body_key);
    wipe(s.kek, sizeof s.kek);
    return err;
}

static void add_length(buffer *out, uint8_t number, size_t n)
{
    uint8_t head[1 + 10];
    size_t k = 0;
    head[k++] = (uint8_t)(number << 3 | 2);
    for (; n > 0x7f; n >>= 7)
        head[k++] = (uint8_t)(0x80 | (n & 0x7f));
    head[k++] = (uint8_t)n;
    buffer_add(out, head, k);
}

static sluis_err pack_envelope(envelope_item *item, const Sluis__SigBlock *sig)
{
    uint8_t packed[SIGBLOCK_MAX];
    size_t before = item->out->n, n = sluis__sig_block__get_packed_size(sig);
    if (n > sizeof packed)
        return SLUIS_INTERNAL;
    if (item->header.n + n + item->body.n > ENVELOPE_MAX - FRAMING)
        return SLUIS_TOO_BIG;
    sluis__sig_block__pack(sig, packed);
    add_length(item->out, 1, item->header.n);
    buffer_add(item->out, item->header.p, item->header.n);
    add_length(item->out, 2, n);
    buffer_add(item->out, packed, n);
    add_length(item->out, 3, item->body.n);
    buffer_add(item->out, item->body.p, item->body.n);
    if (item->out->err)
        item->out->n = before;
    return item->out->err;
}

sluis_err envelope_sign_batch(const oin *sender, const keypair *sign, envelope_item *items, size_t n)
{
    batch_tree tree;
    uint8_t statement[BATCH_STATEMENT_LEN], signature[SIG_LEN];
    if (n < 1 || n > BATCH_MAX)
        return SLUIS_INVALID;
    for (size_t i = 0; i < n; i++)
        memcpy(tree.nodes[i], items[i].mh, HASH_LEN);
    batch_tree_build(&tree, n);
    batch_statement(statement, SUITE_1, sender, &sign->id, (uint32_t)n, batch_tree_root(&tree));
    sign_detached(signature, sign->sk, statement, sizeof statement);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *path[BATCH_PATH];
        ProtobufCBinaryData nodes[BATCH_PATH];
        Sluis__SigBlock sig = SLUIS__SIG_BLOCK__INIT;
        sig.n_path = batch_tree_path(&tree, i, path);
        for (size_t k = 0; k < sig.n_path; k++)
            nodes[k] = data_of(path[k], HASH_LEN);
        sig.n = (uint32_t)n;
        sig.index = (uint32_t)i;
        sig.path = nodes;
        sig.signature = data_of(signature, SIG_LEN);
        sluis_err err = pack_envelope(&items[i], &sig);
        if (err)
            return err;
    }
    return SLUIS_OK;
}
