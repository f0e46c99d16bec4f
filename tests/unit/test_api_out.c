/* Packed answers for the HTTP front: the status of each error, and that "not found" never says which. */
#include "kit.h"
#include "kit_rules.h"

#include "flow/api_out.h"

static rules *shipped;
static arena *mem;

static int setup(void **state)
{
    sluis_fail f = {0};
    (void)state;
    mem = arena_new(4u << 20);
    return !mem || rules_load(&shipped, "config/rules", &f) != SLUIS_OK;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&mem);
    rules_unref(&shipped);
    return 0;
}

static const Sluis__ApiReply *reply_of(const buffer *b)
{
    ProtobufCMessage *m = NULL;
    sluis_fail f = {0};
    if (wire_unpack(&m, &sluis__api_reply__descriptor, mem, buffer_bytes(b), &f))
        fail_msg("%s: %s", f.where, f.text);
    return (const Sluis__ApiReply *)m;
}

static const Sluis__ApiProblem *problem_of(sluis_err code, const char *where, const char *text)
{
    buffer b;
    sluis_fail why = {0};
    buffer_init(&b, 64u << 10);
    fail_set(&why, code, where, "%s", text);
    assert_int_equal(api_out_problem(&b, 77, &why), SLUIS_OK);
    const Sluis__ApiReply *r = reply_of(&b);
    assert_int_equal(r->call, 77);
    assert_int_equal(r->result_case, SLUIS__API_REPLY__RESULT_PROBLEM);
    assert_int_equal(r->status, r->problem->status);
    buffer_close(&b);
    return r->problem;
}

static void each_error_has_its_status(void **state)
{
    static const struct {
        sluis_err code;
        uint32_t status;
    } rows[] = {
        {SLUIS_UNAUTHENTICATED, 401},
        {SLUIS_FORBIDDEN, 403},
        {SLUIS_DENIED, 403},
        {SLUIS_NOT_FOUND, 404},
        {SLUIS_CONFLICT, 409},
        {SLUIS_EXISTS, 409},
        {SLUIS_TOO_BIG, 413},
        {SLUIS_NO_MOTIVATION, 422},
        {SLUIS_NO_CASE, 422},
        {SLUIS_UNKNOWN_PARTY, 422},
        {SLUIS_MODE, 422},
        {SLUIS_FULL, 503},
        {SLUIS_NO_SPACE, 503},
        {SLUIS_TIMEOUT, 504},
        {SLUIS_NOMEM, 500},
        {SLUIS_IO, 500},
        {SLUIS_CORRUPT, 500},
        {SLUIS_INTERNAL, 500},
        {SLUIS_INVALID, 400},
        {SLUIS_KIND, 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const Sluis__ApiProblem *p = problem_of(rows[i].code, "zaakId", "say which");
        assert_int_equal(p->status, rows[i].status);
        assert_string_equal(p->code, error_token(rows[i].code));
    }
    for (int e = SLUIS_OK + 1; e < SLUIS_ERR_COUNT; e++) /* never a success, whatever is added */
        assert_true(problem_of((sluis_err)e, "", "")->status >= 400);
}

static void not_found_says_nothing_more(void **state)
{
    (void)state;
    const Sluis__ApiProblem *p = problem_of(SLUIS_NOT_FOUND, "case 7", "belongs to another organisation");
    assert_string_equal(p->detail, "");
    assert_string_equal(p->where, "");
    p = problem_of(SLUIS_CONFLICT, "zaakId", "read it again");
    assert_string_equal(p->detail, "read it again");
    assert_string_equal(p->where, "zaakId");
    p = problem_of(SLUIS_CONFLICT, "zaakId", error_text(SLUIS_CONFLICT)); /* says no more than the code */
    assert_string_equal(p->detail, "");
}

/* A case as its application sees it: numbers and roles of members, never who they are. */
static void case_without_subjects(void **state)
{
    id16 id = id_random(), sid = id_random();
    Sluis__MemberRow m[2], *members[] = {&m[0], &m[1]};
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    char *laws[] = {"wmo"}, *domains[] = {"onderwijs", "politie"};
    buffer b;
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        sluis__member_row__init(&m[i]);
        m[i].member = i + 1;
        m[i].sid = data_of(sid.b, ID_LEN);
        m[i].role = i ? "kind" : "ouder";
    }
    row.kind = "huishouden";
    row.phase = "research";
    row.members = members;
    row.n_members = 2;
    row.scope_laws = laws;
    row.n_scope_laws = 1;
    row.scope_domains = domains;
    row.n_scope_domains = 2;
    row.opened = T0;
    row.opened_by = "wmo-intake";
    row.owner = OIN_GEM;
    buffer_init(&b, 64u << 10);
    assert_int_equal(api_out_case(&b, 5, 201, shipped, T0, &id, &row), SLUIS_OK);
    const Sluis__ApiReply *r = reply_of(&b);
    assert_int_equal(r->status, 201);
    assert_int_equal(r->result_case, SLUIS__API_REPLY__RESULT_CASE_OUT);
    const Sluis__ApiCase *c = r->case_out;
    assert_memory_equal(c->case_id.data, id.b, ID_LEN);
    assert_string_equal(c->kind, "huishouden");
    assert_string_equal(c->phase, "research");
    assert_int_equal(c->n_members, 2);
    assert_int_equal(c->members[1]->member, 2);
    assert_string_equal(c->members[1]->role, "kind");
    assert_int_equal(c->n_scope_domains, 2);
    assert_string_equal(c->scope_domains[1], "politie");
    assert_int_equal(c->opened, T0);
    assert_string_equal(c->opened_by, "wmo-intake");
    assert_string_equal(c->coordination, "mogelijk");
    assert_string_equal(c->possible[0], "start-coordinatie");
    assert_null(c->wish);
    assert_null(memmem(b.p, b.n, sid.b, ID_LEN));
    assert_null(memmem(b.p, b.n, OIN_GEM, OIN_LEN));
    buffer_close(&b);
}

/* What waits is "open"; what the register answered is given; what came has its own outcome and reason. */
static void request_states(void **state)
{
    uuid tx = uuid_new(T0);
    uint32_t asked[] = {1005, 1010}, known[] = {1014};
    char *conditions[] = {"niet-delen-met-ouder"};
    Sluis__ResultRow one[2], *results[] = {&one[0], &one[1]};
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    buffer b;
    (void)state;
    buffer_init(&b, 64u << 10);
    row.party = OIN_SCHL;
    row.state = "open";
    row.attributes = asked;
    row.n_attributes = 2;
    row.known = known;
    row.n_known = 1;
    row.created = T0;
    assert_int_equal(api_out_request(&b, 5, 202, shipped, tx.b, &row), SLUIS_OK);
    const Sluis__ApiRequestState *s = reply_of(&b)->request;
    assert_memory_equal(s->transaction.data, tx.b, UUID_LEN);
    assert_string_equal(s->state, "open");
    assert_int_equal(s->n_results, 3);
    assert_string_equal(s->results[0]->attribute, "school-jaargroep");
    assert_string_equal(s->results[0]->outcome, "open");
    assert_string_equal(s->results[1]->attribute, "school-verzuim-geoorloofd");
    assert_string_equal(s->results[2]->attribute, "school-advies");
    assert_string_equal(s->results[2]->outcome, "given");

    for (size_t i = 0; i < 2; i++) {
        sluis__result_row__init(&one[i]);
        one[i].attribute = asked[i];
        one[i].source = OIN_SCHL;
    }
    one[0].outcome = SLUIS__OUTCOME__GIVEN;
    one[0].conditions = conditions;
    one[0].n_conditions = 1;
    one[1].outcome = SLUIS__OUTCOME__REFUSED;
    one[1].reason = "geen-toestemming";
    row.results = results;
    row.n_results = 2;
    row.state = "answered";
    buffer_clear(&b);
    assert_int_equal(api_out_request(&b, 5, 200, shipped, tx.b, &row), SLUIS_OK);
    s = reply_of(&b)->request;
    assert_int_equal(s->n_results, 3); /* no "open" one is left */
    assert_string_equal(s->results[0]->outcome, "given");
    assert_string_equal(s->results[0]->conditions[0], "niet-delen-met-ouder");
    assert_string_equal(s->results[0]->source, OIN_SCHL);
    assert_string_equal(s->results[1]->outcome, "refused");
    assert_string_equal(s->results[1]->reason, "geen-toestemming");
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_status),
        cmocka_unit_test(not_found_says_nothing_more),
        cmocka_unit_test(case_without_subjects),
        cmocka_unit_test(request_states),
    };
    return cmocka_run_group_tests_name("api_out", tests, setup, teardown);
}
