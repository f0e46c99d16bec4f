/* What a party on the bus is told when core refuses: the whole text and its place, for what a well-behaved
 * party never sends. */
#include "kit_words.h"

#include "core/apply.h"
#include "core/results.h"

static void a_concern(void **state)
{
    room *r = *state;
    Sluis__ConcernBody b = SLUIS__CONCERN_BODY__INIT;
    Sluis__Subject s = SLUIS__SUBJECT__INIT;
    const Sluis__Kind kind = SLUIS__KIND__CONCERN;
    message(r, kind, &r->h.school, NULL);
    no(r, handle_concern, SLUIS_INVALID, "core.recipients", "a concern is sealed to the registry alone");
    message(r, kind, &r->h.school, &b.base);
    no(r, handle_concern, SLUIS_INVALID, "body.subject", "say whom it is about");
    b.subject = &s;
    s.bsn = TEXT("999990018");
    message(r, kind, &r->h.school, &b.base);
    no(r, handle_concern, SLUIS_INVALID, "body.subject.bsn",
       "nine digits that pass the eleven-test are needed");
    s.bsn = TEXT(r->h.person);
    b.concern = TEXT("thuis gaat het niet goed");
    b.reporter = TEXT("");
    b.concern = TEXT(" ");
    message(r, kind, &r->h.school, &b.base);
    no(r, handle_concern, SLUIS_NO_MOTIVATION, "body.concern", "say what the concern is");
    b.concern = TEXT("thuis gaat het niet goed");
    b.reporter = r->many;
    message(r, kind, &r->h.school, &b.base);
    no(r, handle_concern, SLUIS_TOO_BIG, "body.reporter", "at most 200 bytes");
}

static void how_a_service_stands(void **state)
{
    room *r = *state;
    Sluis__DeliveryStatusBody b = SLUIS__DELIVERY_STATUS_BODY__INIT;
    const Sluis__Kind kind = SLUIS__KIND__DELIVERY_STATUS;
    message(r, kind, &r->h.school, NULL);
    no(r, handle_delivery_status, SLUIS_INVALID, "core.recipients",
       "a delivery status is sealed to the registry alone");
    message(r, kind, &r->h.school, &b.base);
    no(r, handle_delivery_status, SLUIS_NO_CASE, "core.case_id",
       "there is no case with this id in which this party takes part");
}

static Sluis__CaseHandoverBody *offered(room *r, Sluis__HandoverMember **m, Sluis__HandoverDatum **d)
{
    static Sluis__CaseHandoverBody b;
    static Sluis__HandoverMember one, other, *members[2];
    static Sluis__HandoverDatum word, *data[1];
    static char *laws[] = {TEXT("wmo")};
    static uint32_t attributes[] = {1002};
    sluis__case_handover_body__init(&b);
    sluis__handover_member__init(&one);
    sluis__handover_datum__init(&word);
    b.kind = TEXT("huishouden");
    b.motivation = TEXT("verhuisd");
    b.laws = laws;
    b.n_laws = 1;
    members[0] = &one;
    members[1] = &other;
    b.members = members;
    b.n_members = 1;
    one.member = 1;
    one.bsn = TEXT(r->h.person);
    one.role = TEXT("ouder");
    other = one;
    data[0] = &word;
    one.data = data;
    one.n_data = 1;
    word.name = TEXT(rules_attribute(r->h.p.first_rules, 1002)->name);
    word.source = TEXT(OIN_SCHL);
    word.value = TEXT("2024-08-01");
    word.legal_basis = TEXT("wams-5.4.1");
    word.laws = laws;
    word.n_laws = 1;
    Sluis__Core *c = message(r, SLUIS__KIND__CASE_HANDOVER, &r->town, &b.base);
    c->attributes = attributes;
    c->n_attributes = 1;
    *m = &one;
    *d = &word;
    return &b;
}

static void an_offered_case(void **state)
{
    room *r = *state;
    char *odd[] = {TEXT("bestaat-niet")};
    uint8_t half[8] = {1};
    Sluis__HandoverMember *m;
    Sluis__HandoverDatum *d;
    offered(r, &m, &d)->kind = TEXT("gezin");
    no(r, handle_handover, SLUIS_INVALID, "body.members", "a client is one person, a household 1 to 32");
    offered(r, &m, &d)->motivation = TEXT(" . ");
    no(r, handle_handover, SLUIS_NO_MOTIVATION, "body.motivation", "say why this case is handed over");
    offered(r, &m, &d)->motivation = r->many;
    no(r, handle_handover, SLUIS_TOO_BIG, "body.motivation", "at most 8000 bytes");
    offered(r, &m, &d);
    m->bsn = TEXT("999990018");
    no(r, handle_handover, SLUIS_INVALID, "body.members", "each member has a number, a role and a valid BSN");
    offered(r, &m, &d);
    m->bsn = TEXT("000000012");
    no(r, handle_handover, SLUIS_MODE, "body.members", "test and real persons do not mix");
    offered(r, &m, &d)->n_members = 2;
    no(r, handle_handover, SLUIS_INVALID, "body.members", "a member stands twice");
    offered(r, &m, &d);
    d->name = TEXT("school-jaargroep");
    no(r, handle_handover, SLUIS_INVALID, "body.members.data",
       "a name that is not the header's: the catalogues of both municipalities must agree");
    offered(r, &m, &d);
    d->instance = data_of(half, sizeof half);
    no(r, handle_handover, SLUIS_INVALID, d->name, "without the source it came from, or its instance");
    offered(r, &m, &d);
    d->conditions = odd;
    d->n_conditions = 1;
    no(r, handle_handover, SLUIS_INVALID, d->name, "a condition that is not held here");
    offered(r, &m, &d);
    d->laws = odd;
    d->n_laws = 1;
    no(r, handle_handover, SLUIS_INVALID, d->name, "registered for a law that is none here");
    offered(r, &m, &d);
    message(r, SLUIS__KIND__CASE_HANDOVER, &r->h.school, r->j->body);
    no(r, handle_handover, SLUIS_DENIED, "core.sender", "only another municipality hands over a case");
    message(r, SLUIS__KIND__CASE_HANDOVER, &r->town, NULL);
    no(r, handle_handover, SLUIS_INVALID, "core.recipients", "a hand-over is sealed to the registry alone");
}

/* It was offered, and that town has accepted. */
static void offered_and_accepted(room *r, uint8_t transaction[static UUID_LEN], uint8_t hash[static HASH_LEN])
{
    Sluis__CaseRow *row = NULL;
    Sluis__HandoverRow h = SLUIS__HANDOVER_ROW__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    h.to = TEXT(r->town.oin.s);
    h.state = TEXT("accepted");
    h.transaction = data_of(transaction, UUID_LEN);
    h.message_hash = data_of(hash, HASH_LEN);
    row->handover = &h;
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

static void a_decision_on_ours(void **state)
{
    room *r = *state;
    uint8_t transaction[UUID_LEN] = {0}, hash[HASH_LEN] = {9};
    Sluis__DecisionBody b = SLUIS__DECISION_BODY__INIT;
    message(r, SLUIS__KIND__CASE_HANDOVER_REPLY, &r->town, NULL);
    no(r, handle_handover_reply, SLUIS_INVALID, "core.recipients", "a reply is sealed to the registry alone");
    message(r, SLUIS__KIND__CASE_HANDOVER_REPLY, &r->town, &b.base);
    no(r, handle_handover_reply, SLUIS_NOT_ASKED, "core.answers", "nothing of this case was offered so");
    offered_and_accepted(r, transaction, hash);
    message(r, SLUIS__KIND__CASE_HANDOVER_REPLY, &r->town, &b.base)->answers = data_of(hash, HASH_LEN);
    no(r, handle_handover_reply, SLUIS_CONFLICT, "core.answers",
       "it is decided already: accepted; possible: nothing more");
}

/* A request as the municipality's application files it, to these two. */
static Sluis__RequestBody *asked(room *r, Sluis__Recipient *one, Sluis__Recipient *other)
{
    static Sluis__RequestBody b;
    static Sluis__Subject who;
    static Sluis__AttributeAsk ask, *asks[] = {&ask};
    static Sluis__Recipient *to[2];
    static uint32_t attributes[1];
    attributes[0] = rules_attribute_named(r->h.p.first_rules, "school-naam")->id;
    sluis__request_body__init(&b);
    sluis__subject__init(&who);
    sluis__attribute_ask__init(&ask);
    sluis__recipient__init(one);
    sluis__recipient__init(other);
    who.bsn = TEXT(r->h.person);
    ask.attribute = attributes[0];
    ask.necessity = TEXT("nodig");
    b.subject = &who;
    b.motivation = TEXT("nodig");
    b.asks = asks;
    b.n_asks = 1;
    one->oin = TEXT(OIN_SCHL);
    one->sealing_key = data_of(r->h.school.seal.id.b, KEYID_LEN);
    other->oin = TEXT(OIN_GEM);
    to[0] = one;
    to[1] = other;
    Sluis__Core *c = message(r, SLUIS__KIND__REQUEST, &r->h.gem, &b.base);
    c->recipients = to;
    c->n_recipients = 2;
    c->origin = SLUIS__ORIGIN__BUS;
    c->application = TEXT("wmo-intake");
    c->attributes = attributes;
    c->n_attributes = 1;
    return &b;
}

static void a_request(void **state)
{
    room *r = *state;
    Sluis__Recipient one, other;
    asked(r, &one, &other);
    r->core.n_recipients = 1;
    no(r, handle_request, SLUIS_INVALID, "core.recipients",
       "a request is sealed to one party and the registry");
    asked(r, &one, &other);
    one.oin = TEXT("0000009900000000200!");
    no(r, handle_request, SLUIS_INVALID, "core.recipients", "an OIN has 20 characters");
    asked(r, &one, &other);
    one.oin = TEXT("00000099000000007777");
    no(r, handle_request, SLUIS_UNKNOWN_PARTY, "core.recipients", "the party asked is not in the directory");
    asked(r, &one, &other)->n_asks = 0;
    no(r, handle_request, SLUIS_INVALID, "body.asks", "must list the header's attributes, in their order");
    asked(r, &one, &other)->subject->bsn = TEXT("000000012");
    no(r, handle_request, SLUIS_MODE, "body.subject.bsn", "test and real persons do not mix");
    message(r, SLUIS__KIND__WITHDRAWAL, &r->h.gem, NULL);
    no(r, handle_withdrawal, SLUIS_NOT_ASKED, "core.transaction",
       "no request of this transaction passed here");
}

/* ---- a transaction is one thing ---- */

static void a_second_concern(void **state)
{
    room *r = *state;
    Sluis__ConcernBody b = SLUIS__CONCERN_BODY__INIT;
    Sluis__Subject s = SLUIS__SUBJECT__INIT;
    Sluis__ConcernRow row = SLUIS__CONCERN_ROW__INIT;
    s.bsn = TEXT(r->h.person);
    b.subject = &s;
    b.concern = TEXT("thuis gaat het niet goed");
    b.reporter = TEXT("");
    const Sluis__Core *c = message(r, SLUIS__KIND__CONCERN, &r->h.school, &b.base);
    row.state = TEXT(CONCERN_RECEIVED);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(
        turn_put_sealed(&t, &r->person, TABLE_CONCERN, BYTES(c->transaction.data, UUID_LEN), &row.base),
        SLUIS_OK);
    house_commit(&r->h, &t);
    no(r, handle_concern, SLUIS_CONFLICT, "core.transaction", "this transaction has its concern already");
}

/* A request of the transaction that the room's messages have, put to the school and answered. */
static void was_answered(room *r, uint32_t *attributes, size_t n, uint8_t hash[static HASH_LEN])
{
    static uint8_t transaction[UUID_LEN];
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    row.sid = data_of(r->person.sid.b, ID_LEN);
    row.case_id = data_of(r->case_id.b, ID_LEN);
    row.party = TEXT(OIN_SCHL);
    row.requester = TEXT(OIN_GEM);
    row.application = TEXT("wmo-intake");
    row.purpose = TEXT("onderzoek-meervoudige-problematiek");
    row.state = TEXT("answered");
    row.origin = SLUIS__ORIGIN__API;
    row.attributes = attributes;
    row.n_attributes = n;
    row.message_hash = data_of(hash, HASH_LEN);
    assert_int_equal(turn_request_save(&t, transaction, &row, &r->person), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* The case is of an application on the bus, which may ask schools. */
static void ask_of_schools(room *r, actor *bench)
{
    char *domains[] = {TEXT("onderwijs")};
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->scope_domains = domains;
    row->n_scope_domains = 1;
    row->owner = TEXT(bench->oin.s);
    row->opened_by = TEXT("bench");
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    house_enrol(&r->h, t.t, bench, "Toepassing", "gemeente");
    house_agree(&r->h, t.t, bench);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* As the rules in force permit it. */
static void permitted(room *r, const actor *bench)
{
    Sluis__Core *c = &r->core;
    c->sender = TEXT(bench->oin.s);
    r->env.sender = bench->oin;
    c->application = TEXT("bench");
    c->function = TEXT("consulent");
    c->purpose = TEXT("onderzoek-meervoudige-problematiek");
    c->legal_basis = TEXT("wams-5.4.1");
    c->phase = SLUIS__PHASE__RESEARCH;
}

static void a_second_request(void **state)
{
    room *r = *state;
    uint8_t hash[HASH_LEN] = {9};
    Sluis__Recipient one, other;
    Sluis__KnownQueryBody q = SLUIS__KNOWN_QUERY_BODY__INIT;
    actor bench;
    was_answered(r, NULL, 0, hash);
    actor_init(&bench, "00000099000000009000", 13);
    ask_of_schools(r, &bench);
    Sluis__RequestBody *b = asked(r, &one, &other);
    permitted(r, &bench);
    no(r, handle_request, SLUIS_CONFLICT, "core.transaction", "this transaction has its request already");
    asked(r, &one, &other);
    permitted(r, &bench);
    r->core.kind = SLUIS__KIND__KNOWN_QUERY;
    r->core.n_attributes = 0;
    q.subject = b->subject;
    q.motivation = TEXT("nodig");
    r->j->body = &q.base;
    no(r, handle_known_query, SLUIS_CONFLICT, "core.transaction", "this transaction has its request already");
    actor_close(&bench);
}

static void a_correction(void **state)
{
    room *r = *state;
    uint8_t hash[HASH_LEN] = {9};
    uint32_t attributes[] = {rules_attribute_named(r->h.p.first_rules, "school-naam")->id};
    Sluis__CorrectionBody b = SLUIS__CORRECTION_BODY__INIT;
    Sluis__Recipient one = SLUIS__RECIPIENT__INIT, *to[] = {&one};
    was_answered(r, attributes, 1, hash);
    b.reason = TEXT("vergissing");
    Sluis__Core *c = message(r, SLUIS__KIND__CORRECTION, &r->h.school, &b.base);
    one.oin = TEXT(OIN_GEM);
    c->recipients = to;
    c->attributes = attributes;
    c->n_attributes = 1;
    c->answers = data_of(hash, HASH_LEN);
    no(r, handle_correction, SLUIS_INVALID, "body.results", "one result for each attribute of the header");
}

/* ---- who is not in the directory, and what nobody carries ---- */

static void refused(room *r, sluis_err code, const char *where, const char *text)
{
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(apply_job(&t, r->j), SLUIS_OK);
    const sluis_fail *f = &r->j->why;
    if (f->code != code || strcmp(f->where, where) != 0 || strcmp(f->text, text) != 0)
        fail_msg("%s at '%s': %s; wanted at '%s': %s", error_token(f->code), f->where, f->text, where, text);
    house_abort(&r->h, &t);
    r->j->env = NULL;
    job_free(&r->j);
}

static void strangers(void **state)
{
    room *r = *state;
    uint8_t id[UUID_LEN] = {3};
    actor gone;
    actor_init(&gone, "00000099000000006900", 12);
    Sluis__Core *c = message(r, SLUIS__KIND__CONCERN, &gone, NULL);
    c->message_id = data_of(id, UUID_LEN);
    refused(r, SLUIS_UNKNOWN_PARTY, "core.sender", "not in the directory any more");
    c = message(r, SLUIS__KIND__RETURNED, &r->h.school, NULL);
    c->message_id = data_of(id, UUID_LEN);
    r->env.signing_key = r->h.school.sign.id;
    refused(r, SLUIS_KIND, "core.kind", "this gateway does not carry this kind of message");
    actor_close(&gone);
}

/* ---- answers ---- */

/* A result of this attribute, in an answer by the school; it is refused so. */
static void answer(room *r, const Sluis__AttributeResult *x, uint32_t header, sluis_err code,
                   const char *where, const char *text)
{
    Sluis__AttributeResult *v[] = {(Sluis__AttributeResult *)(uintptr_t)x};
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    uint32_t asked[] = {x->attribute};
    sluis_fail f = {0};
    Sluis__Core *c = message(r, SLUIS__KIND__RESPONSE, &r->h.school, NULL);
    row.attributes = asked;
    row.n_attributes = 1;
    row.sid = data_of(r->person.sid.b, ID_LEN);
    row.case_id = data_of(r->case_id.b, ID_LEN);
    row.purpose = TEXT("onderzoek-meervoudige-problematiek");
    row.requester = TEXT(OIN_GEM);
    row.party = TEXT(OIN_SCHL);
    c->attributes = &header;
    c->n_attributes = 1;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    const sluis_err e = results_check(&t, r->j, &row, &r->person, v, 1, &f);
    if (e != code || strcmp(f.where, where) != 0 || strcmp(f.text, text) != 0)
        fail_msg("%s at '%s': %s; wanted at '%s': %s", error_token(e), f.where, f.text, where, text);
    house_abort(&r->h, &t);
    r->j->env = NULL;
    job_free(&r->j);
}

static uint32_t number(const room *r, const char *name)
{
    return rules_attribute_named(r->h.p.first_rules, name)->id;
}

static void live_at_a_secret_address(room *r)
{
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->members[0]->secret = true;
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* One more than may be registered of one person is refused; what is registered can be said again. */
static void as_many_as_may_be(room *r, const Sluis__AttributeResult *x, uint32_t id)
{
    const id16 first = id_random(), second = id_random();
    Sluis__Instance *const in = x->instances[0];
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    people_said_of(&t, &r->person, OIN_SCHL, id, &first, "De Regenboog", HOUSE_MS);
    house_commit(&r->h, &t);
    r->h.settings.instances = 1;
    in->instance = data_of(second.b, ID_LEN);
    answer(r, x, id, SLUIS_TOO_BIG, "school-naam",
           "of one person at most 1 instances of it are registered: give those that are in force, or ask the "
           "municipality to raise limits.instances");
    in->instance = data_of(first.b, ID_LEN);
    answer(r, x, id, SLUIS_OK, "", "");
    r->h.settings.instances = 2;
    in->instance = data_of(second.b, ID_LEN);
    answer(r, x, id, SLUIS_OK, "", "");
}

static void results(void **state)
{
    room *r = *state;
    uint8_t half[8] = {1};
    const uint32_t id = number(r, "school-naam"), other = number(r, "school-jaargroep");
    Sluis__Instance in = SLUIS__INSTANCE__INIT, *instances[] = {&in};
    Sluis__AttributeResult x = SLUIS__ATTRIBUTE_RESULT__INIT;
    x.attribute = id;
    in.value = TEXT("De Regenboog");
    answer(r, &x, other, SLUIS_INVALID, "body.results", "in the order of the header's attributes");
    answer(r, &x, id, SLUIS_INVALID, "school-naam", "no outcome: given, refused, not-possible or not-known");
    x.outcome = SLUIS__OUTCOME__REFUSED;
    x.reason = TEXT("niet-noodzakelijk");
    x.instances = instances;
    x.n_instances = 1;
    answer(r, &x, id, SLUIS_INVALID, "school-naam", "not given, yet it has a value");
    x.outcome = SLUIS__OUTCOME__GIVEN;
    in.instance = data_of(half, sizeof half);
    answer(r, &x, id, SLUIS_INVALID, "school-naam", "an instance id is 16 bytes, or absent");
    x.attribute = number(r, "politie-antecedenten");
    answer(r, &x, x.attribute, SLUIS_DENIED, "politie-antecedenten",
           "the rules in force let this domain give no criminal data");
    x.attribute = id;
    as_many_as_may_be(r, &x, id);
    live_at_a_secret_address(r);
    answer(r, &x, id, SLUIS_DENIED, "school-naam", "not permitted now: leave it out of the answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_concern, setup, teardown),
        cmocka_unit_test_setup_teardown(how_a_service_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offered_case, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_on_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_concern, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_correction, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(results, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
