/* Receiving, with keys: the signature over the batch root, then the seal. */
#include <string.h>

#include "wire/batch.h"
#include "wire/envelope.h"

static sluis_err batch_root_of(const envelope *e, uint8_t root[static HASH_LEN])
{
    uint8_t path[BATCH_PATH][HASH_LEN];
    const Sluis__SigBlock *s = e->sig;
    if (s->n_path > BATCH_PATH)
        return SLUIS_INVALID;
    for (size_t i = 0; i < s->n_path; i++)
        memcpy(path[i], s->path[i].data, HASH_LEN);
    return merkle_root_from_path(TREE_BATCH, root, e->mh, s->index, s->n, (const uint8_t(*)[HASH_LEN])path,
                                 s->n_path);
}

sluis_err envelope_verify(const envelope *e, const uint8_t pk[static PK_LEN], root_cache *cache,
                          sluis_fail *f)
{
    uint8_t root[HASH_LEN], hash[HASH_LEN], statement[BATCH_STATEMENT_LEN];
    const uint8_t *signature = e->sig->signature.data;
    sluis_err err = batch_root_of(e, root);
    if (err)
        return fail_set(f, SLUIS_BAD_SIGNATURE, "sigblock.path", "is not the path of message %u of %u",
                        e->sig->index, e->sig->n);
    batch_statement(statement, (uint16_t)e->core->suite, &e->sender, &e->signing_key, e->sig->n, root);
    if (!cache || !root_cache_has(cache, statement, signature, pk)) {
        if (sign_verify(signature, pk, statement, sizeof statement))
            return fail_set(f, SLUIS_BAD_SIGNATURE, "sigblock.signature",
                            "does not fit this header under the sender's signing key");
        if (cache)
            root_cache_put(cache, statement, signature, pk);
    }
    hash_one(hash, "sluis1-sealed", NULL, e->body.p, e->body.n);
    if (memcmp(hash, e->h->body_hash.data, HASH_LEN) != 0)
        return fail_set(f, SLUIS_BODY_HASH, "header.body_hash", "is not the hash of this body");
    return SLUIS_OK;
}

/* The stanza sealed to this OIN and key. */
static sluis_err find_stanza(const envelope *e, const oin *own, const keypair *seal, size_t *index,
                             sluis_fail *f)
{
    for (size_t i = 0; i < e->core->n_recipients; i++) {
        const Sluis__Recipient *r = e->core->recipients[i];
        if (memcmp(r->oin, own->s, OIN_LEN) != 0)
            continue;
        if (memcmp(r->sealing_key.data, seal->id.b, KEYID_LEN) != 0)
            return fail_set(f, SLUIS_NOT_RECIPIENT, "core.recipients.sealing_key",
                            "sealed to another key of %s: the sender's directory may be old", own->s);
        *index = i;
        return SLUIS_OK;
    }
    return fail_set(f, SLUIS_NOT_RECIPIENT, "core.recipients", "%s is not among the recipients", own->s);
}

static sluis_err kek_of(const envelope *e, const oin *own, const keypair *seal, kek_cache *keks,
                        uint8_t kek[static KEY_LEN])
{
    kek_binding b = {.suite = (uint16_t)e->core->suite,
                     .sender = e->sender,
                     .signing_key = e->signing_key,
                     .recipient = *own,
                     .sealing_key = seal->id};
    memcpy(b.epoch_pk, e->core->epoch_pk.data, PK_LEN);
    memcpy(b.recipient_pk, seal->pk, PK_LEN);
    return keks ? kek_cache_get(keks, kek, seal->sk, &b) : kek_derive(kek, seal->sk, b.epoch_pk, &b);
}

/* Decrypts behind what plain holds, with no copy of the plaintext elsewhere. */
static sluis_err open_body(const envelope *e, const uint8_t *key, buffer *plain)
{
    size_t before = plain->n, n = e->body.n - TAG_LEN;
    buffer_add(plain, e->body.p, n);
    if (plain->err)
        return plain->err;
    sluis_err err = ae_open(plain->p + before, key, e->core->nonce.data, BYTES_OF(e->hc), e->body);
    if (!err)
        err = unpad_body(plain->p + before, &n);
    if (err)
        wipe(plain->p + before, plain->n - before);
    plain->n = err ? before : before + n;
    return err;
}

sluis_err envelope_open(const envelope *e, const oin *own, const keypair *seal, kek_cache *keks,
                        buffer *plain, sluis_fail *f)
{
    uint8_t kek[KEY_LEN], content_key[KEY_LEN], body_key[KEY_LEN], commitment[HASH_LEN];
    bytes hc = BYTES_OF(e->hc);
    size_t i = 0;
    sluis_err err = find_stanza(e, own, seal, &i, f);
    if (err)
        return err;
    err = kek_of(e, own, seal, keks, kek);
    if (err) {
        err = fail_set(f, SLUIS_BAD_SEAL, "core.epoch_pk", "is not a usable epoch key");
        goto done;
    }
    if (ae_open(content_key, kek, e->core->nonce.data, hc,
                BYTES(e->h->wrapped[i].data, e->h->wrapped[i].len))) {
        err = fail_set(f, SLUIS_BAD_SEAL, "header.wrapped", "does not unwrap under this core and key");
        goto done;
    }
    hash_one(commitment, "sluis1-commit", content_key, hc.p, hc.n);
    if (!secret_equal(commitment, e->h->commitment.data, HASH_LEN)) {
        err = fail_set(f, SLUIS_BAD_COMMITMENT, "header.commitment",
                       "the wrapped key is not the one committed to");
        goto done;
    }
    hash_one(body_key, "sluis1-body", content_key, hc.p, hc.n);
    err = open_body(e, body_key, plain);
    if (err)
        fail_set(f, err, "envelope.body", "%s", error_text(err));
done:
    wipe(kek, sizeof kek);
    wipe(content_key, sizeof content_key);
    wipe(body_key, sizeof body_key);
    return err;
}
