/* What a client asks about the own data: terms in calendar months, what may follow what, and that reminder
 * and lateness come once each, at their time. */
#include "kit_parts.h"

#include "cases/cases.h"
#include "cases/rights.h"
#include "core/handlers.h"
#include "flow/api_out.h"
#include "kit_people.h"
#include "kit_rules.h"
#include "policy/rights.h"
#include "wire/messages.h"

static rules *shipped(void)
{
    rules *r = NULL;
    sluis_fail f = {0};
    if (rules_load(&r, RULES_DIR, &f))
        fail_msg("%s: %s", f.where, f.text);
    return r;
}

/* Regulation 1182/71, article 3: calendar months, the month's last day, and no end on a day that is none to
 * work. */
static void terms_are_calendar_months(void **state)
{
    static const struct {
        const char *from, *end; /* end: the day after the last, at its beginning */
        uint32_t months;
    } cases[] = {
        {"2026-03-02", "2026-04-03", 1}, /* a Thursday */
        {"2026-01-31", "2026-03-03", 1}, /* February ends on a Saturday: Monday 2 March */
        {"2027-12-30", "2028-03-01", 2}, /* a leap year: Tuesday 29 February */
        {"2026-11-25", "2026-12-29", 1}, /* Christmas, a Saturday and a Sunday: Monday 28 December */
        {"2026-11-16", "2027-02-17", 3}, /* over the year */
    };
    rules *r = shipped();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[TIME_STR];
        uint64_t end = rules_months_after(r, day(cases[i].from) + 3600 * 1000 * 15, cases[i].months);
        time_format(got, end);
        if (end != day(cases[i].end))
            fail_msg("%u months from %s: %s, not %s", cases[i].months, cases[i].from, got, cases[i].end);
    }
    rules_unref(&r);
}

static void what_may_follow(void **state)
{
    static const char *const events[] = {"extend", "grant", "refuse", "finish"};
    static const char *const wanted[RIGHTS_STATES][4] = {
        [RIGHTS_RECEIVED] = {"extended", "granted", "refused", NULL},
        [RIGHTS_EXTENDED] = {NULL, "granted", "refused", NULL},
        [RIGHTS_GRANTED] = {NULL, NULL, NULL, "done"},
    };
    static const char *const said[RIGHTS_STATES] = {
        [RIGHTS_RECEIVED] = "het verzoek is ontvangen; mogelijk: verlengen, toewijzen, weigeren",
        [RIGHTS_EXTENDED] = "de termijn is al verlengd; mogelijk: toewijzen, weigeren",
        [RIGHTS_GRANTED] = "het verzoek is toegewezen; mogelijk: afronden",
        [RIGHTS_REFUSED] = "het verzoek is geweigerd; mogelijk: niets meer (een nieuw verzoek mag altijd)",
        [RIGHTS_DONE] = "het verzoek is afgerond; mogelijk: niets meer (een nieuw verzoek mag altijd)",
    };
    (void)state;
    for (int s = 0; s < RIGHTS_STATES; s++)
        for (size_t i = 0; i < 4; i++) {
            Sluis__RightsRow row = SLUIS__RIGHTS_ROW__INIT;
            sluis_fail f = {0};
            rights_state to;
            row.state = TEXT(rights_state_name((rights_state)s));
            sluis_err e = rights_step(&row, events[i], &to, &f);
            assert_int_equal(e, wanted[s][i] ? SLUIS_OK : SLUIS_CONFLICT);
            if (!e)
                assert_string_equal(rights_state_name(to), wanted[s][i]);
            else
                assert_string_equal(f.text, said[s]);
        }
}

/* ---- over a store ---- */

typedef struct {
    house h;
    id16 case_id;
    uint8_t transaction[UUID_LEN];
} room;

static int setup(void **state)
{
    static char *laws[] = {"wmo"};
    room *r = calloc(1, sizeof(*r));
    Sluis__MemberRow m = SLUIS__MEMBER_ROW__INIT, *members[] = {&m};
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    house_open(&r->h);
    r->case_id = id_random();
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    m.member = 1;
    m.sid = data_of(s.sid.b, ID_LEN);
    m.role = TEXT("client");
    row.kind = TEXT("client");
    row.phase = TEXT("research");
    row.members = members;
    row.n_members = 1;
    row.scope_laws = laws;
    row.n_scope_laws = 1;
    row.owner = TEXT(OIN_GEM);
    assert_int_equal(case_save(t.t, r->h.p.rows, r->case_id.b, &row), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    house_close(&r->h);
    free(r);
    return 0;
}

/* Files it; *due: by when it is to be decided. */
static void file(room *r, uint64_t now, const char *kind, uint64_t *due)
{
    static Sluis__ApiFileRights q;
    ProtobufCMessage *m = NULL;
    sluis_fail f = {0};
    job *j = house_call(&r->h, "consulent", "p-1");
    sluis__api_file_rights__init(&q);
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = 1;
    q.kind = TEXT(kind);
    q.text = TEXT("graag");
    j->call->op_case = SLUIS__API_CALL__OP_FILE_RIGHTS;
    j->call->file_rights = &q;
    turn t = house_begin(&r->h, now, 1u << 20);
    if (handle_file_rights(&t, j, &f))
        fail_msg("%s: %s", f.where, f.text);
    house_commit(&r->h, &t);
    assert_int_equal(
        wire_unpack(&m, &sluis__api_reply__descriptor, job_arena(j), buffer_bytes(&j->reply), &f), SLUIS_OK);
    const Sluis__ApiRights *x = ((const Sluis__ApiReply *)m)->rights;
    memcpy(r->transaction, x->transaction.data, UUID_LEN);
    *due = x->due;
    job_free(&j);
}

/* As this employee, by these rules (NULL: those of the house). */
static sluis_err decide_as(room *r, uint64_t now, const char *event, const char *employee, rules *by,
                           sluis_fail *f)
{
    static Sluis__ApiDecideRights q;
    job *j = house_call(&r->h, "privacyfunctionaris", employee);
    sluis__api_decide_rights__init(&q);
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = 1;
    q.transaction = data_of(r->transaction, UUID_LEN);
    q.event = TEXT(event);
    q.motivation = TEXT("zo besloten");
    j->call->op_case = SLUIS__API_CALL__OP_DECIDE_RIGHTS;
    j->call->decide_rights = &q;
    turn t = house_begin(&r->h, now, 1u << 20);
    if (by)
        t.rules = by;
    sluis_err e = handle_decide_rights(&t, j, f);
    if (e)
        house_abort(&r->h, &t);
    else
        house_commit(&r->h, &t);
    job_free(&j);
    return e;
}

static void decide(room *r, uint64_t now, const char *event)
{
    sluis_fail f = {0};
    if (decide_as(r, now, event, "p-2", NULL, &f))
        fail_msg("%s: %s", f.where, f.text);
}

/* What is due by then is done; how many events of this kind there are after it. */
static size_t events_at(room *r, uint64_t now, const char *type)
{
    store_cursor *c = NULL;
    bytes key, value;
    size_t n = 0;
    turn t = house_begin(&r->h, now, 1u << 20);
    assert_int_equal(turn_expire(&t, 1000), SLUIS_OK);
    house_commit(&r->h, &t);
    arena *a = arena_new(1u << 20);
    store_txn *s = fixture_read(&r->h.x);
    assert_int_equal(store_cursor_open(s, TABLE_EVENT, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
    while (!store_cursor_next(c, &key, &value)) {
        ProtobufCMessage *m = NULL;
        assert_int_equal(
            rows_open(r->h.p.rows, TABLE_EVENT, key, value, a, &sluis__event_row__descriptor, &m), SLUIS_OK);
        n += strcmp(((Sluis__EventRow *)m)->type, type) == 0;
    }
    store_cursor_close(&c);
    store_abort(&s);
    arena_free(&a);
    return n;
}

static void reminded_once_and_late_once(void **state)
{
    room *r = *state;
    uint64_t now = HOUSE_MS, due = 0;
    file(r, now, "access", &due);
    assert_true(due > now + 27 * DAY_MS && due < now + 40 * DAY_MS);
    assert_int_equal(events_at(r, due - 8 * DAY_MS, "rights-reminder"), 0);
    assert_int_equal(events_at(r, due - 7 * DAY_MS + 1000, "rights-reminder"), 1);
    assert_int_equal(events_at(r, due - DAY_MS, "rights-reminder"), 1);
    assert_int_equal(events_at(r, due - 2000, "rights-late"), 0);
    assert_int_equal(events_at(r, due + 1000, "rights-late"), 1);
    assert_int_equal(events_at(r, due + 90 * DAY_MS, "rights-late"), 1);
}

static void an_extension_moves_the_term(void **state)
{
    room *r = *state;
    uint64_t now = HOUSE_MS, due = 0;
    file(r, now, "access", &due);
    decide(r, now + DAY_MS, "extend");
    assert_int_equal(events_at(r, due + DAY_MS, "rights-late"), 0);
    assert_int_equal(events_at(r, due + DAY_MS, "rights-reminder"), 0);
    assert_int_equal(events_at(r, rules_months_after(r->h.p.first_rules, now, 3) + 1000, "rights-late"), 1);
}

/* Granted in time, and not carried out: the term of destruction is a term of its own. */
static void a_granted_erasure_is_carried_out_in_time(void **state)
{
    room *r = *state;
    uint64_t now = HOUSE_MS, due = 0;
    file(r, now, "erasure", &due);
    decide(r, now + DAY_MS, "grant");
    assert_int_equal(events_at(r, due + DAY_MS, "rights-late"), 0);
    uint64_t by = rules_months_after(r->h.p.first_rules, now, 3);
    assert_int_equal(events_at(r, by - 6 * DAY_MS, "rights-reminder"), 1);
    assert_int_equal(events_at(r, by + 1000, "rights-late"), 1);
}

static void what_is_decided_is_not_late(void **state)
{
    room *r = *state;
    uint64_t now = HOUSE_MS, due = 0;
    file(r, now, "objection", &due);
    decide(r, now + DAY_MS, "refuse");
    assert_int_equal(events_at(r, due + DAY_MS, "rights-late"), 0);
    assert_int_equal(events_at(r, due + DAY_MS, "rights-reminder"), 0);
}

/* p-1 has filed it; each step is another's, unless the rules let one person do both. */
static void who_filed_does_not_decide(void **state)
{
    static const char *const steps[] = {"extend", "grant", "refuse", "finish"};
    room *r = *state;
    uint64_t due = 0;
    kit_set k = {0};
    kit_read(&k);
    kit_replace(&k, "applications.conf", "\"handle-rights\"", "from =", "same_person = true; from =");
    rules *alone = kit_rules(&k);
    file(r, HOUSE_MS, "erasure", &due);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        sluis_fail f = {0};
        assert_int_equal(decide_as(r, HOUSE_MS, steps[i], "p-1", NULL, &f), SLUIS_FORBIDDEN);
        assert_string_equal(f.where, "token.medewerker");
        assert_string_equal(
            f.text,
            "wie het indiende, besluit er niet zelf over: laat een collega met deze functie besluiten");
    }
    sluis_fail f = {0};
    assert_int_equal(decide_as(r, HOUSE_MS, "grant", "p-2", NULL, &f), SLUIS_OK);
    assert_int_equal(decide_as(r, HOUSE_MS, "finish", "p-1", alone, &f), SLUIS_OK);
    rules_unref(&alone);
    kit_close(&k);
}

/* Filed before it was kept by whom: everyone with the function decides. */
static void of_an_earlier_release_nobody_is_known(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    memcpy(r->transaction, people_right(&t, &s, &r->case_id, "objection", "received").b, UUID_LEN);
    subject_close(&s);
    house_commit(&r->h, &t);
    assert_int_equal(decide_as(r, HOUSE_MS, "grant", "p-1", NULL, &f), SLUIS_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_calendar_months),
        cmocka_unit_test(what_may_follow),
        TEST(reminded_once_and_late_once),
        TEST(an_extension_moves_the_term),
        TEST(a_granted_erasure_is_carried_out_in_time),
        TEST(what_is_decided_is_not_late),
        TEST(who_filed_does_not_decide),
        TEST(of_an_earlier_release_nobody_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
