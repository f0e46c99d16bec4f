#include "wire/fields.h"

#include <string.h>

#include "base/ids.h"
#include "crypto/crypto.h"
#include "crypto/merkle.h"
#include "wire/envelope.h"
#include "wire/messages.h"

static sluis_err refuse(sluis_fail *f, const char *where, const char *text)
{
    return fail_set(f, SLUIS_INVALID, where, "%s", text);
}

static bool hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* n characters of lower-case hex, at least one of them not '0'. */
static bool hex_id(const char *s, size_t n)
{
    bool zero = true;
    for (size_t i = 0; i < n; i++) {
        if (!hex_digit(s[i]))
            return false;
        zero = zero && s[i] == '0';
    }
    return !zero;
}

bool traceparent_valid(const char *s)
{
    return strlen(s) == 55 && memcmp(s, "00-", 3) == 0 && hex_id(s + 3, 32) && s[35] == '-' &&
           hex_id(s + 36, 16) && s[52] == '-' && hex_digit(s[53]) && hex_digit(s[54]);
}

static bool name_or_empty(const char *s)
{
    return !*s || name_valid(s);
}

/* A field of bytes with its exact width, and names. */
static sluis_err check_widths(const Sluis__Core *c, sluis_fail *f)
{
    if (c->message_id.len != UUID_LEN || !uuid_is_v7(c->message_id.data))
        return refuse(f, "core.message_id", "is not a UUIDv7 of 16 bytes");
    if (c->transaction.len != UUID_LEN || !uuid_is_v7(c->transaction.data))
        return refuse(f, "core.transaction", "is not a UUIDv7 of 16 bytes");
    if (!oin_valid(c->sender, strlen(c->sender)))
        return refuse(f, "core.sender", "is not an OIN");
    if (c->signing_key.len != KEYID_LEN)
        return refuse(f, "core.signing_key", "is not a key id of 16 bytes");
    if (c->epoch_pk.len != PK_LEN)
        return refuse(f, "core.epoch_pk", "is not 32 bytes");
    if (c->nonce.len != NONCE_LEN)
        return refuse(f, "core.nonce", "is not 24 bytes");
    if (c->case_id.len != 0 && c->case_id.len != ID_LEN)
        return refuse(f, "core.case_id", "is neither empty nor 16 bytes");
    return SLUIS_OK;
}

static sluis_err check_names(const Sluis__Core *c, sluis_fail *f)
{
    if (!name_or_empty(c->application))
        return refuse(f, "core.application", "is not a name");
    if (!name_or_empty(c->function))
        return refuse(f, "core.function", "is not a name");
    if (!name_or_empty(c->employee))
        return refuse(f, "core.employee", "is not a name");
    if (!name_or_empty(c->legal_basis))
        return refuse(f, "core.legal_basis", "is not a name");
    if (!name_or_empty(c->purpose))
        return refuse(f, "core.purpose", "is not a name");
    if (*c->traceparent && !traceparent_valid(c->traceparent))
        return refuse(f, "core.traceparent", "is not a W3C traceparent of version 00");
    return SLUIS_OK;
}

static sluis_err check_recipients(const Sluis__Core *c, sluis_fail *f)
{
    if (c->n_recipients < 1 || c->n_recipients > ENVELOPE_PARTIES)
        return refuse(f, "core.recipients", "needs 1 to 16 recipients");
    for (size_t i = 0; i < c->n_recipients; i++) {
        const Sluis__Recipient *r = c->recipients[i];
        if (!oin_valid(r->oin, strlen(r->oin)))
            return refuse(f, "core.recipients.oin", "is not an OIN");
        if (r->sealing_key.len != KEYID_LEN)
            return refuse(f, "core.recipients.sealing_key", "is not a key id of 16 bytes");
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->recipients[k]->oin, r->oin) == 0)
                return refuse(f, "core.recipients", "names one recipient twice");
    }
    return SLUIS_OK;
}

static sluis_err check_attributes(const Sluis__Core *c, sluis_fail *f)
{
    uint32_t last = 0;
    if (c->n_attributes > ATTRIBUTES_MAX)
        return refuse(f, "core.attributes", "more than 64 attributes");
    for (size_t i = 0; i < c->n_attributes; i++) {
        if (c->attributes[i] <= last)
            return refuse(f, "core.attributes", "ids are not ascending and distinct, from 1");
        last = c->attributes[i];
    }
    return SLUIS_OK;
}

sluis_err fields_check_core(const Sluis__Core *c, sluis_fail *f)
{
    const message_kind *kind = message_kind_of(c->kind);
    if (c->suite != SUITE_1)
        return fail_set(f, SLUIS_SUITE, "core.suite", "suite %u; this version speaks suite 1", c->suite);
    sluis_err err = check_widths(c, f);
    if (!err)
        err = check_names(c, f);
    if (!err)
        err = check_recipients(c, f);
    if (!err)
        err = check_attributes(c, f);
    if (err)
        return err;
    if (!kind)
        return refuse(f, "core.kind", "is not a known kind");
    if (c->origin == SLUIS__ORIGIN__ORIGIN_NONE)
        return refuse(f, "core.origin", "is neither bus nor api");
    if (c->created >= c->expires)
        return refuse(f, "core.expires", "is not after core.created");
    if (kind->answers != SLUIS__KIND__KIND_NONE && c->answers.len != HASH_LEN)
        return refuse(f, "core.answers", "this kind names the message it answers, in 32 bytes");
    if (kind->answers == SLUIS__KIND__KIND_NONE && c->answers.len != 0)
        return refuse(f, "core.answers", "this kind answers nothing");
    return SLUIS_OK;
}

sluis_err fields_check_header(const Sluis__Header *h, const Sluis__Core *c, sluis_fail *f)
{
    if (h->commitment.len != HASH_LEN)
        return refuse(f, "header.commitment", "is not 32 bytes");
    if (h->body_hash.len != HASH_LEN)
        return refuse(f, "header.body_hash", "is not 32 bytes");
    if (h->n_wrapped != c->n_recipients)
        return refuse(f, "header.wrapped", "needs one wrapped key for each recipient");
    for (size_t i = 0; i < h->n_wrapped; i++)
        if (h->wrapped[i].len != WRAP_LEN)
            return refuse(f, "header.wrapped", "is not 48 bytes");
    return SLUIS_OK;
}

sluis_err fields_check_sigblock(const Sluis__SigBlock *s, sluis_fail *f)
{
    if (s->n < 1 || s->n > BATCH_MAX)
        return refuse(f, "sigblock.n", "a batch holds 1 to 256 messages");
    if (s->index >= s->n)
        return refuse(f, "sigblock.index", "is beyond the batch");
    for (size_t i = 0; i < s->n_path; i++)
        if (s->path[i].len != HASH_LEN)
            return refuse(f, "sigblock.path", "is not hashes of 32 bytes");
    if (s->signature.len != SIG_LEN)
        return refuse(f, "sigblock.signature", "is not 64 bytes");
    return SLUIS_OK;
}
