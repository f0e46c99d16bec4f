/* Decoding and the checks that need no key. The outer message is walked by hand, so that the body, the
 * largest part, is copied once (with raw) and never again:
 *
 *  0x0a length header | 0x12 length sigblock | 0x1a length body      lengths: minimal varints
 */
#include "wire/envelope.h"

#include <string.h>

#include "wire/fields.h"
#include "wire/messages.h"
#include "wire/prescan.h"
#include "wire/unpack.h"

/* Memory of one message, decoded: the bytes themselves, what they become (the fullest response takes 8 for
 * one), and a header that is large for its body. */
#define DECODED_TIMES 8
#define DECODED_MAX   (48u << 10)
#define DECODED_USUAL 8192 /* header, signature block and the body's message, decoded */
#define SKEW_MS       (2 * 60 * 1000)

/* One field of the outer message: number, length, bytes. */
static sluis_err take_part(bytes *out, const uint8_t **p, const uint8_t *end, uint8_t number,
                           const char *where, sluis_fail *f)
{
    uint64_t n;
    if (*p == end)
        return fail_set(f, SLUIS_TRUNCATED, where, "is missing");
    if (*(*p)++ != (uint8_t)(number << 3 | 2))
        return fail_set(f, SLUIS_NONCANONICAL, where,
                        "header, sigblock and body each come once, in this order");
    sluis_err err = prescan_varint(p, end, &n);
    if (err)
        return fail_set(f, err, where, "malformed length");
    if (n > (uint64_t)(end - *p))
        return fail_set(f, SLUIS_TRUNCATED, where, "longer than the frame");
    *out = BYTES(*p, (size_t)n);
    *p += n;
    return SLUIS_OK;
}

static sluis_err split(envelope *e, bytes *sigblock, sluis_fail *f)
{
    const uint8_t *p = e->raw.p, *end = e->raw.p + e->raw.n;
    sluis_err err = take_part(&e->header, &p, end, 1, "envelope.header", f);
    if (!err)
        err = take_part(sigblock, &p, end, 2, "envelope.sigblock", f);
    if (!err)
        err = take_part(&e->body, &p, end, 3, "envelope.body", f);
    if (err)
        return err;
    if (p != end)
        return fail_set(f, SLUIS_INVALID, "envelope", "%zu bytes left over", (size_t)(end - p));
    if (e->header.n > HEADER_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "envelope.header", "%zu bytes; at most %d", e->header.n,
                        HEADER_MAX);
    if (sigblock->n > SIGBLOCK_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "envelope.sigblock", "%zu bytes; at most %d", sigblock->n,
                        SIGBLOCK_MAX);
    if (e->body.n < BODY_BLOCK + TAG_LEN || (e->body.n - TAG_LEN) % BODY_BLOCK != 0)
        return fail_set(f, SLUIS_INVALID, "envelope.body", "is not whole blocks of 512 bytes and a tag");
    return SLUIS_OK;
}

static sluis_err decode(envelope *e, sluis_fail *f)
{
    bytes sigblock = {0};
    ProtobufCMessage *m = NULL;
    sluis_err err = split(e, &sigblock, f);
    if (err)
        return err;
    err = unpack_canonical(&m, &sluis__header__descriptor, e->arena, e->header, f);
    if (err)
        return err;
    e->h = (Sluis__Header *)m;
    e->core_bytes = BYTES(e->h->core.data, e->h->core.len);
    err = unpack_canonical(&m, &sluis__core__descriptor, e->arena, e->core_bytes, f);
    if (err)
        return err;
    e->core = (Sluis__Core *)m;
    err = unpack_canonical(&m, &sluis__sig_block__descriptor, e->arena, sigblock, f);
    if (err)
        return err;
    e->sig = (Sluis__SigBlock *)m;
    err = fields_check_core(e->core, f);
    if (!err)
        err = fields_check_header(e->h, e->core, f);
    if (!err)
        err = fields_check_sigblock(e->sig, f);
    if (!err)
        err = oin_parse(&e->sender, e->core->sender, OIN_LEN);
    if (err)
        return err;
    memcpy(e->signing_key.b, e->core->signing_key.data, KEYID_LEN);
    hash_one(e->hc, "sluis1-core", NULL, e->core_bytes.p, e->core_bytes.n);
    hash_one(e->mh, "sluis1-header", NULL, e->header.p, e->header.n);
    return SLUIS_OK;
}

size_t envelope_room(size_t n)
{
    return DECODED_TIMES * n + DECODED_MAX;
}

sluis_err envelope_decode(envelope **out, bytes raw, size_t max_bytes, sluis_fail *f)
{
    size_t max = max_bytes < ENVELOPE_MAX ? max_bytes : ENVELOPE_MAX;
    *out = NULL;
    if (raw.n > max)
        return fail_set(f, SLUIS_TOO_BIG, "envelope", "%zu bytes; at most %zu", raw.n, max);
    arena *a = arena_new_sized(envelope_room(raw.n), raw.n + DECODED_USUAL);
    if (!a)
        return SLUIS_NOMEM;
    sluis_err err = SLUIS_NOMEM;
    envelope *e = arena_alloc(a, sizeof *e);
    uint8_t *copy = arena_copy(a, raw.p, raw.n);
    if (!e || !copy)
        goto refused;
    *e = (envelope){.arena = a, .raw = BYTES(copy, raw.n)};
    err = decode(e, f);
    if (err)
        goto refused;
    *out = e;
    return SLUIS_OK;
refused:
    arena_free(&a);
    return err;
}

void envelope_free(envelope **e)
{
    if (!e || !*e)
        return;
    arena *a = (*e)->arena;
    *e = NULL;
    arena_free(&a);
}

sluis_err envelope_check_times(const envelope *e, uint64_t now_ms, sluis_fail *f)
{
    const Sluis__Core *c = e->core;
    const message_kind *kind = message_kind_of(c->kind);
    if (c->created > now_ms && c->created - now_ms > SKEW_MS)
        return fail_set(f, SLUIS_NOT_YET, "core.created",
                        "created %llu ms ahead of this clock, at most %d are allowed: compare the clocks",
                        (unsigned long long)(c->created - now_ms), SKEW_MS);
    if (now_ms >= c->expires)
        return fail_set(f, SLUIS_EXPIRED, "core.expires", "expired %llu ms ago: send it anew",
                        (unsigned long long)(now_ms - c->expires));
    if (c->expires - c->created > kind->max_lifetime_ms)
        return fail_set(f, SLUIS_LIFETIME, "core.expires", "lives %llu ms; a %s lives at most %llu",
                        (unsigned long long)(c->expires - c->created), kind->name,
                        (unsigned long long)kind->max_lifetime_ms);
    return SLUIS_OK;
}

sluis_err envelope_check_kind(const envelope *e, sluis_fail *f)
{
    const message_kind *kind = message_kind_of(e->core->kind);
    if (kind->needs_case && e->core->case_id.len == 0)
        return fail_set(f, SLUIS_NO_CASE, "core.case_id", "a %s belongs to a case", kind->name);
    if (kind->needs_attributes && e->core->n_attributes == 0)
        return fail_set(f, SLUIS_INVALID, "core.attributes", "a %s names its attributes", kind->name);
    return SLUIS_OK;
}

bool envelope_addressed_to(const envelope *e, const oin *o)
{
    for (size_t i = 0; i < e->core->n_recipients; i++)
        if (memcmp(e->core->recipients[i]->oin, o->s, OIN_LEN) == 0)
            return true;
    return false;
}
