/* What envelopes do when everybody means well, and the rule of every field. test_envelope_hostile.c has the
 * rest. */
#include "kit.h"

#include <stdio.h>

#include "base/clock.h"
#include "wire/batch.h"
#include "wire/fields.h"

static actor gem, school, ggd;

static int start(void **state)
{
    (void)state;
    if (crypto_start())
        return 1;
    actor_init(&gem, OIN_GEM, 1);
    actor_init(&school, OIN_SCHL, 2);
    actor_init(&ggd, OIN_GGD, 3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    actor_close(&gem);
    actor_close(&school);
    actor_close(&ggd);
    return 0;
}

static void assert_opens(const envelope *e, const actor *a, kek_cache *keks, const char *text)
{
    buffer plain;
    sluis_fail f = {0};
    buffer_init(&plain, ENVELOPE_MAX);
    buffer_add(&plain, "before:", 7);
    sluis_err err = envelope_open(e, &a->oin, &a->seal, keks, &plain, &f);
    if (err)
        fail_msg("%s at %s: %s", error_token(err), f.where, f.text);
    assert_int_equal(plain.n, 7 + strlen(text));
    assert_memory_equal(plain.p, "before:", 7);
    assert_memory_equal(plain.p + 7, text, strlen(text));
    buffer_close(&plain);
}

static void two_recipients_read_the_same(void **state)
{
    (void)state;
    draft d;
    parcel p;
    kek_cache *keks;
    root_cache *roots;
    seal_to to[] = {to_actor(&school), to_actor(&ggd)};
    draft_init(&d);
    parcel_init(&p);
    assert_int_equal(kek_cache_new(&keks, 8), SLUIS_OK);
    assert_int_equal(root_cache_new(&roots, 8), SLUIS_OK);
    parcel_seal(&p, &d, &gem, to, 2, "Is de leerling bij u bekend?");
    parcel_sign(&p, &gem);

    envelope *e = decode_ok(buffer_bytes(&p.out));
    assert_string_equal(e->sender.s, OIN_GEM);
    assert_true(keyid_equal(&e->signing_key, &gem.sign.id));
    assert_memory_equal(e->mh, p.mh, HASH_LEN);
    assert_int_equal(e->core->suite, 1);
    assert_int_equal(e->core->kind, SLUIS__KIND__REQUEST);
    assert_string_equal(e->core->recipients[1]->oin, OIN_GGD);
    assert_int_equal(e->core->attributes[2], 70000);
    assert_string_equal(e->core->traceparent, TRACE);
    assert_int_equal(e->body.n, 512 + 16);
    assert_ptr_not_equal(e->raw.p, p.out.p);
    assert_true(envelope_addressed_to(e, &school.oin));
    assert_false(envelope_addressed_to(e, &gem.oin));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(envelope_verify(e, gem.sign.pk, roots, NULL), SLUIS_OK);
        assert_opens(e, &school, keks, "Is de leerling bij u bekend?");
        assert_opens(e, &ggd, keks, "Is de leerling bij u bekend?");
        assert_opens(e, &ggd, NULL, "Is de leerling bij u bekend?");
    }
    envelope_free(&e);
    assert_null(e);
    envelope_free(&e);
    parcel_close(&p);
    kek_cache_free(&keks);
    root_cache_free(&roots);
}

/* The body, as the registry decodes it: beside the header, in the memory of the message. */
static sluis_err decodes(const ProtobufCMessage *body, ProtobufCMessage **out, envelope **e, sluis_fail *f)
{
    draft d;
    parcel p;
    buffer packed, plain;
    seal_to to = to_actor(&school);
    draft_init(&d);
    parcel_init(&p);
    buffer_init(&packed, ENVELOPE_MAX);
    buffer_init(&plain, ENVELOPE_MAX);
    assert_int_equal(wire_pack(&packed, body), SLUIS_OK);
    assert_int_equal(envelope_seal(&d.core, &gem.oin, &gem.sign, gem.epoch, &to, 1, buffer_bytes(&packed), T0,
                                   &p.header, &p.body, p.mh),
                     SLUIS_OK);
    parcel_sign(&p, &gem);
    *e = decode_ok(buffer_bytes(&p.out));
    assert_int_equal(envelope_open(*e, &school.oin, &school.seal, NULL, &plain, f), SLUIS_OK);
    sluis_err err = wire_unpack(out, body->descriptor, (*e)->arena, buffer_bytes(&plain), f);
    buffer_close(&packed);
    buffer_close(&plain);
    parcel_close(&p);
    return err;
}

/* As many values as a response may have, each as short as one can be: what needs most memory for its bytes.
 */
static void the_fullest_response_is_read(void **state)
{
    (void)state;
    enum { RESULTS = 64, INSTANCES = 32 };
    static Sluis__Instance one[RESULTS][INSTANCES], *ones[RESULTS][INSTANCES];
    static Sluis__AttributeResult result[RESULTS], *results[RESULTS];
    static uint8_t id[INSTANCES][ID_LEN];
    Sluis__ResponseBody body = SLUIS__RESPONSE_BODY__INIT;
    for (int i = 0; i < RESULTS; i++) {
        sluis__attribute_result__init(&result[i]);
        for (int k = 0; k < INSTANCES; k++) {
            sluis__instance__init(&one[i][k]);
            id[k][0] = (uint8_t)k;
            one[i][k].instance = (ProtobufCBinaryData){ID_LEN, id[k]};
            one[i][k].value = (char *)(uintptr_t) "1";
            ones[i][k] = &one[i][k];
        }
        result[i].attribute = (uint32_t)i + 1;
        result[i].outcome = SLUIS__OUTCOME__GIVEN;
        result[i].instances = ones[i];
        result[i].n_instances = INSTANCES;
        results[i] = &result[i];
    }
    body.results = results;
    body.n_results = RESULTS;
    ProtobufCMessage *m = NULL;
    envelope *e = NULL;
    sluis_fail f = {0};
    sluis_err err = decodes(&body.base, &m, &e, &f);
    if (err)
        fail_msg("%s: %s", f.where, f.text);
    const Sluis__ResponseBody *got = (const Sluis__ResponseBody *)m;
    assert_int_equal(got->n_results, RESULTS);
    assert_int_equal(got->results[63]->n_instances, INSTANCES);
    assert_string_equal(got->results[63]->instances[31]->value, "1");
    envelope_free(&e);
}

/* A household of which everything is handed over; and the same count of data without anything in them, two
 * bytes each, which nobody who means well sends. */
static void a_case_with_many_data_is_read_and_an_empty_one_refused(void **state)
{
    (void)state;
    enum { MEMBERS = 16, DATA = 100 };
    static Sluis__HandoverDatum datum, *data[MEMBERS][1024];
    static Sluis__HandoverMember member[MEMBERS], *members[MEMBERS];
    Sluis__CaseHandoverBody body = SLUIS__CASE_HANDOVER_BODY__INIT;
    char *law = (char *)(uintptr_t) "wmo";
    sluis__handover_datum__init(&datum);
    datum.name = (char *)(uintptr_t) "jgz-visus";
    datum.value = (char *)(uintptr_t) "goed";
    datum.source = (char *)(uintptr_t)OIN_SCHL;
    datum.legal_basis = (char *)(uintptr_t) "wams-5.4.1";
    datum.obtained = T0;
    datum.laws = &law;
    datum.n_laws = 1;
    for (int i = 0; i < MEMBERS; i++) {
        sluis__handover_member__init(&member[i]);
        for (int k = 0; k < 1024; k++)
            data[i][k] = &datum;
        member[i].member = (uint32_t)i + 1;
        member[i].data = data[i];
        member[i].n_data = DATA;
        members[i] = &member[i];
    }
    body.members = members;
    body.n_members = MEMBERS;
    ProtobufCMessage *m = NULL;
    envelope *e = NULL;
    sluis_fail f = {0};
    sluis_err err = decodes(&body.base, &m, &e, &f);
    if (err)
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(((const Sluis__CaseHandoverBody *)m)->members[15]->n_data, DATA);
    assert_string_equal(((const Sluis__CaseHandoverBody *)m)->members[15]->data[99]->laws[0], "wmo");
    envelope_free(&e);

    sluis__handover_datum__init(&datum);
    for (int i = 0; i < MEMBERS; i++)
        member[i].n_data = 1024;
    assert_int_equal(decodes(&body.base, &m, &e, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.where, "casehandoverbody");
    assert_string_equal(f.text, "needs more memory than one message may take");
    envelope_free(&e);
}

static void lengths_show_blocks_only(void **state)
{
    (void)state;
    static const struct {
        size_t plain, body;
    } sizes[] = {{0, 528}, {1, 528}, {511, 528}, {512, 1040}, {1023, 1040}, {1024, 1552}, {PLAIN_MAX, 0}};
    draft d;
    parcel p;
    seal_to to = to_actor(&school);
    char *text = malloc(PLAIN_MAX + 1);
    draft_init(&d);
    parcel_init(&p);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(text, 'x', sizes[i].plain);
        text[sizes[i].plain] = '\0';
        parcel_seal(&p, &d, &gem, &to, 1, text);
        parcel_sign(&p, &gem);
        envelope *e = decode_ok(buffer_bytes(&p.out));
        if (sizes[i].body)
            assert_int_equal(e->body.n, sizes[i].body);
        assert_opens(e, &school, NULL, text);
        envelope_free(&e);
    }
    uint8_t mh[HASH_LEN];
    assert_int_equal(envelope_seal(&d.core, &gem.oin, &gem.sign, gem.epoch, &to, 1,
                                   BYTES(text, PLAIN_MAX + 1), T0, &p.header, &p.body, mh),
                     SLUIS_TOO_BIG);
    free(text);
    parcel_close(&p);
}

static void seals_for_one_to_sixteen_distinct(void **state)
{
    (void)state;
    draft d;
    parcel p;
    seal_to to[17];
    draft_init(&d);
    parcel_init(&p);
    for (size_t i = 0; i < 17; i++) {
        to[i] = to_actor(&school);
        to[i].oin.s[15] = (char)('A' + (int)i);
    }
    parcel_seal(&p, &d, &gem, to, 16, "zestien");
    parcel_sign(&p, &gem);
    envelope *e = decode_ok(buffer_bytes(&p.out));
    actor last = school;
    last.oin = to[15].oin;
    assert_opens(e, &last, NULL, "zestien");
    envelope_free(&e);
    bytes plain = bytes_str("x");
    assert_int_equal(
        envelope_seal(&d.core, &gem.oin, &gem.sign, gem.epoch, to, 17, plain, T0, &p.header, &p.body, p.mh),
        SLUIS_INVALID);
    assert_int_equal(
        envelope_seal(&d.core, &gem.oin, &gem.sign, gem.epoch, to, 0, plain, T0, &p.header, &p.body, p.mh),
        SLUIS_INVALID);
    to[1] = to[0];
    assert_int_equal(
        envelope_seal(&d.core, &gem.oin, &gem.sign, gem.epoch, to, 2, plain, T0, &p.header, &p.body, p.mh),
        SLUIS_INVALID);
    parcel_close(&p);
}

static void one_signature_serves_a_batch(void **state)
{
    (void)state;
    enum { N = 11 };
    draft d;
    parcel p[N];
    envelope_item items[N];
    root_cache *roots;
    seal_to to = to_actor(&school);
    draft_init(&d);
    assert_int_equal(root_cache_new(&roots, 4), SLUIS_OK);
    for (size_t i = 0; i < N; i++) {
        parcel_init(&p[i]);
        parcel_seal(&p[i], &d, &gem, &to, 1, "batch");
        items[i] = (envelope_item){
            .header = buffer_bytes(&p[i].header), .body = buffer_bytes(&p[i].body), .out = &p[i].out};
        memcpy(items[i].mh, p[i].mh, HASH_LEN);
    }
    assert_int_equal(envelope_sign_batch(&gem.oin, &gem.sign, items, 0), SLUIS_INVALID);
    assert_int_equal(envelope_sign_batch(&gem.oin, &gem.sign, items, BATCH_MAX + 1), SLUIS_INVALID);
    assert_int_equal(envelope_sign_batch(&gem.oin, &gem.sign, items, N), SLUIS_OK);
    for (size_t i = 0; i < N; i++) {
        envelope *e = decode_ok(buffer_bytes(&p[i].out));
        assert_int_equal(e->sig->n, N);
        assert_int_equal(e->sig->index, i);
        assert_int_equal(envelope_verify(e, gem.sign.pk, i % 2 ? roots : NULL, NULL), SLUIS_OK);
        assert_opens(e, &school, NULL, "batch");
        envelope_free(&e);
    }
    for (size_t i = 0; i < N; i++)
        parcel_close(&p[i]);
    root_cache_free(&roots);
}

/* The tree kept for a batch is RFC 9162's, for every size and every leaf. */
static void batch_trees_have_the_shape_of_rfc_9162(void **state)
{
    (void)state;
    static batch_tree t;
    static uint8_t leaves[BATCH_MAX][HASH_LEN];
    for (size_t i = 0; i < BATCH_MAX; i++)
        hash_one(leaves[i], "test-leaf", NULL, &i, sizeof i);
    for (size_t n = 1; n <= BATCH_MAX; n += n < 20 ? 1 : n == 236 ? 1 : 12) {
        uint8_t root[HASH_LEN];
        memcpy(t.nodes, leaves, n * HASH_LEN);
        batch_tree_build(&t, n);
        merkle_root(TREE_BATCH, root, (const uint8_t(*)[HASH_LEN])leaves, n);
        assert_memory_equal(batch_tree_root(&t), root, HASH_LEN);
        for (size_t i = 0; i < n; i += n < 20 ? 1 : 7) {
            uint8_t want[MERKLE_MAX_PATH][HASH_LEN];
            const uint8_t *got[BATCH_PATH];
            size_t len;
            merkle_path(TREE_BATCH, want, &len, (const uint8_t(*)[HASH_LEN])leaves, n, i);
            assert_int_equal(batch_tree_path(&t, i, got), len);
            for (size_t k = 0; k < len; k++)
                assert_memory_equal(got[k], want[k], HASH_LEN);
        }
    }
}

static void the_root_cache_is_bounded_and_exact(void **state)
{
    (void)state;
    uint8_t statement[BATCH_STATEMENT_LEN] = {0}, sig[SIG_LEN] = {1}, pk[PK_LEN] = {2};
    root_cache *c;
    assert_int_equal(root_cache_new(&c, 4), SLUIS_OK);
    assert_false(root_cache_has(c, statement, sig, pk));
    root_cache_put(c, statement, sig, pk);
    assert_true(root_cache_has(c, statement, sig, pk));
    sig[0] = 9;
    assert_false(root_cache_has(c, statement, sig, pk));
    sig[0] = 1;
    pk[0] = 9;
    assert_false(root_cache_has(c, statement, sig, pk));
    pk[0] = 2;
    for (uint8_t i = 1; i <= 4; i++) {
        statement[BATCH_STATEMENT_LEN - 1] = i;
        assert_false(root_cache_has(c, statement, sig, pk));
        root_cache_put(c, statement, sig, pk);
        assert_true(root_cache_has(c, statement, sig, pk));
    }
    statement[BATCH_STATEMENT_LEN - 1] = 0;
    assert_false(root_cache_has(c, statement, sig, pk));
    root_cache_free(&c);
    root_cache_free(&c);
}

static void the_times_of_a_message(void **state)
{
    (void)state;
    static const struct {
        uint64_t created, expires, now;
        sluis_err err;
    } rows[] = {
        {T0, T0 + 1, T0, SLUIS_OK},
        {T0, T0 + 1, T0 + 1, SLUIS_EXPIRED},
        {T0, T0 + DAY_MS, T0 + DAY_MS - 1, SLUIS_OK},
        {T0 + 120000, T0 + DAY_MS, T0, SLUIS_OK},
        {T0 + 120001, T0 + DAY_MS, T0, SLUIS_NOT_YET},
        {T0, T0 + 30 * DAY_MS, T0, SLUIS_OK},
        {T0, T0 + 30 * DAY_MS + 1, T0, SLUIS_LIFETIME},
        {1, UINT64_MAX, T0, SLUIS_LIFETIME},
        {UINT64_MAX - 1, UINT64_MAX, T0, SLUIS_NOT_YET},
    };
    draft d;
    parcel p;
    seal_to to = to_actor(&school);
    parcel_init(&p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sluis_fail f = {0};
        draft_init(&d);
        d.core.created = rows[i].created;
        d.core.expires = rows[i].expires;
        parcel_seal(&p, &d, &gem, &to, 1, "x");
        parcel_sign(&p, &gem);
        envelope *e = decode_ok(buffer_bytes(&p.out));
        assert_int_equal(envelope_check_times(e, rows[i].now, &f), rows[i].err);
        if (rows[i].err == SLUIS_NOT_YET)
            assert_non_null(strstr(f.text, "compare the clocks"));
        envelope_free(&e);
    }
    parcel_close(&p);
}

/* ---- the rule of every field ---- */
typedef struct {
    const char *where;
    sluis_err err;
    void (*edit)(pieces *p, const void *unused);
} rule;

static uint8_t spare[64];
static char nothing[] = "", spaced[] = "with space", short_oin[] = "0000009900000000200";
static char upper_trace[] = "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01";
static char person[] = "Jansen, A.";

#define EDIT(name, body)                                                                                     \
    static void name(pieces *p, const void *unused)                                                          \
    {                                                                                                        \
        (void)unused;                                                                                        \
        body;                                                                                                \
    }
EDIT(leave, (void)p)
EDIT(suite_0, p->c->suite = 0)
EDIT(suite_2, p->c->suite = 2)
EDIT(id_short, p->c->message_id.len = 15)
EDIT(id_v4, p->c->message_id.data[6] = 0x40)
EDIT(transaction_none, p->c->transaction.len = 0)
EDIT(transaction_v4, p->c->transaction.data[6] = 0x40)
EDIT(kind_none, p->c->kind = SLUIS__KIND__KIND_NONE)
EDIT(sender_short, p->c->sender = short_oin)
EDIT(sender_none, p->c->sender = nothing)
EDIT(signing_key_long, p->c->signing_key = data_of(spare, 17))
EDIT(epoch_none, p->c->epoch_pk.len = 0)
EDIT(nonce_short, p->c->nonce.len = 12)
EDIT(no_recipients, p->c->n_recipients = 0)
EDIT(recipient_twice, p->c->recipients[1]->oin = p->c->recipients[0]->oin)
EDIT(recipient_bad, p->c->recipients[1]->oin = short_oin)
EDIT(sealing_key_short, p->c->recipients[0]->sealing_key.len = 15)
EDIT(application_text, p->c->application = spaced)
EDIT(function_text, p->c->function = spaced)
EDIT(employee_name, p->c->employee = person)
EDIT(legal_basis_text, p->c->legal_basis = spaced)
EDIT(purpose_text, p->c->purpose = spaced)
EDIT(origin_none, p->c->origin = SLUIS__ORIGIN__ORIGIN_NONE)
EDIT(case_short, p->c->case_id.len = 8)
EDIT(attributes_equal, p->c->attributes[1] = p->c->attributes[0])
EDIT(attributes_falling, p->c->attributes[0] = 70001)
EDIT(attribute_0, p->c->attributes[0] = 0)
EDIT(expires_at_once, p->c->expires = p->c->created)
EDIT(trace_upper, p->c->traceparent = upper_trace)
EDIT(answers_something, p->c->answers = data_of(spare, 32))
EDIT(response_to_nothing, p->c->kind = SLUIS__KIND__RESPONSE)
EDIT(answers_short, p->c->kind = SLUIS__KIND__RESPONSE; p->c->answers = data_of(spare, 31))
EDIT(commitment_short, p->h->commitment.len = 31)
EDIT(body_hash_none, p->h->body_hash.len = 0)
EDIT(wrapped_fewer, p->h->n_wrapped = 1)
EDIT(wrapped_short, p->h->wrapped[1].len = 47)
EDIT(n_0, p->s->n = 0)
EDIT(n_257, p->s->n = 257)
EDIT(index_1, p->s->index = 1)
EDIT(signature_short, p->s->signature.len = 63)

static const rule rules[] = {
    {"", SLUIS_OK, leave},
    {"core.suite", SLUIS_SUITE, suite_0},
    {"core.suite", SLUIS_SUITE, suite_2},
    {"core.message_id", SLUIS_INVALID, id_short},
    {"core.message_id", SLUIS_INVALID, id_v4},
    {"core.transaction", SLUIS_INVALID, transaction_none},
    {"core.transaction", SLUIS_INVALID, transaction_v4},
    {"core.kind", SLUIS_INVALID, kind_none},
    {"core.sender", SLUIS_INVALID, sender_short},
    {"core.sender", SLUIS_INVALID, sender_none},
    {"core.signing_key", SLUIS_INVALID, signing_key_long},
    {"core.epoch_pk", SLUIS_INVALID, epoch_none},
    {"core.nonce", SLUIS_INVALID, nonce_short},
    {"core.recipients", SLUIS_INVALID, no_recipients},
    {"core.recipients", SLUIS_INVALID, recipient_twice},
    {"core.recipients.oin", SLUIS_INVALID, recipient_bad},
    {"core.recipients.sealing_key", SLUIS_INVALID, sealing_key_short},
    {"core.application", SLUIS_INVALID, application_text},
    {"core.function", SLUIS_INVALID, function_text},
    {"core.employee", SLUIS_INVALID, employee_name},
    {"core.legal_basis", SLUIS_INVALID, legal_basis_text},
    {"core.purpose", SLUIS_INVALID, purpose_text},
    {"core.origin", SLUIS_INVALID, origin_none},
    {"core.case_id", SLUIS_INVALID, case_short},
    {"core.attributes", SLUIS_INVALID, attributes_equal},
    {"core.attributes", SLUIS_INVALID, attributes_falling},
    {"core.attributes", SLUIS_INVALID, attribute_0},
    {"core.expires", SLUIS_INVALID, expires_at_once},
    {"core.traceparent", SLUIS_INVALID, trace_upper},
    {"core.answers", SLUIS_INVALID, answers_something},
    {"core.answers", SLUIS_INVALID, response_to_nothing},
    {"core.answers", SLUIS_INVALID, answers_short},
    {"header.commitment", SLUIS_INVALID, commitment_short},
    {"header.body_hash", SLUIS_INVALID, body_hash_none},
    {"header.wrapped", SLUIS_INVALID, wrapped_fewer},
    {"header.wrapped", SLUIS_INVALID, wrapped_short},
    {"sigblock.n", SLUIS_INVALID, n_0},
    {"sigblock.n", SLUIS_INVALID, n_257},
    {"sigblock.index", SLUIS_INVALID, index_1},
    {"sigblock.signature", SLUIS_INVALID, signature_short},
};

static void every_field_has_its_rule(void **state)
{
    (void)state;
    draft d;
    parcel p;
    buffer edited;
    seal_to to[] = {to_actor(&school), to_actor(&ggd)};
    draft_init(&d);
    parcel_init(&p);
    buffer_init(&edited, ENVELOPE_MAX);
    parcel_seal(&p, &d, &gem, to, 2, "x");
    parcel_sign(&p, &gem);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        sluis_fail f = {0};
        envelope *e = decode_ok(buffer_bytes(&p.out));
        parts_rebuild(&edited, e, rules[i].edit, NULL, NULL);
        envelope_free(&e);
        sluis_err err = envelope_decode(&e, buffer_bytes(&edited), ENVELOPE_MAX, &f);
        if (err != rules[i].err || strcmp(f.where, rules[i].where) != 0)
            fail_msg("row %zu, %s: %s at %s: %s", i, rules[i].where, error_token(err), f.where, f.text);
        assert_true(err ? e == NULL : e != NULL);
        envelope_free(&e);
    }
    buffer_close(&edited);
    parcel_close(&p);
}

static void a_kind_may_need_a_case_and_attributes(void **state)
{
    (void)state;
    draft d;
    parcel p;
    seal_to to = to_actor(&school);
    parcel_init(&p);
    for (int i = 0; i < 3; i++) {
        draft_init(&d);
        if (i == 1)
            d.core.case_id.len = 0;
        if (i == 2)
            d.core.n_attributes = 0;
        parcel_seal(&p, &d, &gem, &to, 1, "x");
        parcel_sign(&p, &gem);
        envelope *e = decode_ok(buffer_bytes(&p.out));
        assert_int_equal(envelope_check_kind(e, NULL), i == 0   ? SLUIS_OK
                                                       : i == 1 ? SLUIS_NO_CASE
                                                                : SLUIS_INVALID);
        envelope_free(&e);
    }
    parcel_close(&p);
}

static void traceparents_are_of_version_00(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "",
    };
    assert_true(traceparent_valid(TRACE));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (traceparent_valid(bad[i]))
            fail_msg("accepted %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_recipients_read_the_same),
        cmocka_unit_test(the_fullest_response_is_read),
        cmocka_unit_test(a_case_with_many_data_is_read_and_an_empty_one_refused),
        cmocka_unit_test(lengths_show_blocks_only),
        cmocka_unit_test(seals_for_one_to_sixteen_distinct),
        cmocka_unit_test(one_signature_serves_a_batch),
        cmocka_unit_test(batch_trees_have_the_shape_of_rfc_9162),
        cmocka_unit_test(the_root_cache_is_bounded_and_exact),
        cmocka_unit_test(the_times_of_a_message),
        cmocka_unit_test(every_field_has_its_rule),
        cmocka_unit_test(a_kind_may_need_a_case_and_attributes),
        cmocka_unit_test(traceparents_are_of_version_00),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
