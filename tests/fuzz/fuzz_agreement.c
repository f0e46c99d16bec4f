/* Any bytes as the file of an agreement, and as the signed fact that is kept of one: as they come, and signed
 * anew by the directory key, so that what lies under the signature is reached. What a file gives goes on as
 * the gateway does it: into a fact, opened as a directory would. What opens can be judged. */
#include <stdlib.h>
#include <string.h>

#include "directory/statement.h"
#include "parties/agreements.h"
#include "wire/envelope.h"

#define ARENA_MAX (1u << 20)
#define NOW       UINT64_C(1795500000000)

typedef struct {
    keypair directory;
    arena *a, *keep, *scratch;
} tools;

static void check_fail(sluis_err e, const sluis_fail *f)
{
    if (e && (f->code != e || !f->where[0] || !f->text[0]))
        abort();
}

static void judge(const agreement *a)
{
    const agreement *about;
    agreed_question q = {
        .side = AGREED_GIVES, .purpose = "jeugdhulp", .category = "health", .attribute = "jgz-lengte"};
    sluis_err e = agreement_judge(a, 1, &q, NOW, &about);
    if (about != a || (e && (e < SLUIS_AGREEMENT_ONE_SIGNATURE || e > SLUIS_AGREEMENT_CATEGORY)))
        abort();
    if (agreements_end(a, 1, NOW) != UINT64_MAX && agreements_end(a, 1, NOW) <= NOW)
        abort();
}

static sluis_err open_fact(const tools *t, bytes signed_fact)
{
    agreement a;
    oin whose, municipality;
    sluis_fail f = {0};
    arena_reset(t->keep);
    arena_reset(t->scratch);
    sluis_err e =
        agreement_open(&a, &whose, &municipality, t->keep, t->scratch, signed_fact, t->directory.pk, &f);
    check_fail(e, &f);
    if (!e)
        judge(&a);
    return e;
}

static void as_fact(const tools *t, bytes raw)
{
    uint8_t sig[SIG_LEN];
    buffer b;
    Sluis__SignedAgreement s = SLUIS__SIGNED_AGREEMENT__INIT;
    open_fact(t, raw);
    if (raw.n > AGREEMENT_FACT_MAX)
        return;
    buffer_init(&b, AGREEMENT_FACT_MAX + 256);
    s.fact = (ProtobufCBinaryData){raw.n, (uint8_t *)(uintptr_t)raw.p};
    s.signature = (ProtobufCBinaryData){SIG_LEN, sig};
    if (statement_sign(sig, STATEMENT_FACT, raw, &t->directory) || wire_pack(&b, &s.base))
        abort();
    open_fact(t, buffer_bytes(&b));
    buffer_close(&b);
}

static void as_file(const tools *t, bytes raw)
{
    Sluis__AgreementFact fact;
    oin whose;
    buffer b;
    sluis_fail f = {0};
    sluis_err e = agreement_parse(&fact, &whose, t->a, (const char *)raw.p, raw.n, &f);
    check_fail(e, &f);
    if (e)
        return;
    json_t *again = agreement_json(&fact);
    if (!again)
        abort();
    json_decref(again);
    fact.filed = NOW;
    buffer_init(&b, AGREEMENT_FACT_MAX);
    if (agreement_fact_sign(&b, &fact, &t->directory))
        abort();
    e = open_fact(t, buffer_bytes(&b));
    if (e && e != SLUIS_BAD_SIGNATURE) /* the party's own; nothing else may be wrong with it any more */
        abort();
    buffer_close(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t seed[32] = {91};
    tools t = {.a = arena_new(ARENA_MAX), .keep = arena_new(ARENA_MAX), .scratch = arena_new(ARENA_MAX)};
    if (!t.a || !t.keep || !t.scratch || crypto_start() ||
        keypair_from_seed(&t.directory, USE_DIRECTORY, seed, 0))
        abort();
    as_fact(&t, BYTES(data, n));
    as_file(&t, BYTES(data, n));
    keypair_close(&t.directory);
    arena_free(&t.a);
    arena_free(&t.keep);
    arena_free(&t.scratch);
    return 0;
}
