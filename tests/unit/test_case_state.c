/* The table of a case, every state against every event: what it becomes, or the whole text of the refusal. */
#include "kit_rules.h"

#include "cases/cases.h"
#include "cases/concern.h"

#define OPEN_R                                                                                               \
    "start-coordinatie, sluiten, stoppen, niet-samenhangend, bereik-kiezen, bereik-verruimen, "              \
    "lid-wijzigen, "                                                                                         \
    "interventies-vragen, dienst-melden, bsn-koppelen, noodinzage, noodinzage-beoordelen, samenvoegen, "     \
    "opgaan, overdragen"
#define OPEN_C                                                                                               \
    "sluiten, niet-samenhangend, bereik-kiezen, bereik-verruimen, lid-wijzigen, coordinator-aanwijzen, "     \
    "interventies-vragen, dienst-melden, bsn-koppelen, noodinzage, noodinzage-beoordelen, "                  \
    "inzage-vragen, inzage-besluiten, inzage-beeindigen, samenvoegen, opgaan, overdragen"
#define OVER "noodinzage-beoordelen"

static const char *const stored[CASE_STATES] = {"research",    "coordination", "closed",     "stopped",
                                                "not-related", "joined",       "handed-over"};
static const char *const said[CASE_STATES] = {"in onderzoek",
                                              "in coördinatie",
                                              "gesloten",
                                              "gestopt door de cliënt",
                                              "niet samenhangend",
                                              "opgegaan in een andere zaak",
                                              "overgedragen aan een andere gemeente"};
static const char *const possible[CASE_STATES] = {OPEN_R, OPEN_C, OVER, OVER, OVER, "niets meer", OVER};

/* A row an event, a column a state before: the state after it (r, c, x closed, s, n, j, h), or '.': refused.
 */
static const struct {
    const char *name, *done, *after;
} want[CASE_EVENTS] = {
    [CASE_COORDINATE] = {"start-coordinatie", "coordination-started", "c......"},
    [CASE_CLOSE] = {"sluiten", "closed", "xx....."},
    [CASE_STOP] = {"stoppen", "stopped", "s......"},
    [CASE_UNRELATE] = {"niet-samenhangend", "not-related", "nn....."},
    [CASE_CHOOSE_SCOPE] = {"bereik-kiezen", "scope-chosen", "rc....."},
    [CASE_WIDEN_SCOPE] = {"bereik-verruimen", "scope-widened", "rc....."},
    [CASE_CHANGE_MEMBER] = {"lid-wijzigen", "member-changed", "rc....."},
    [CASE_NAME_COORDINATOR] = {"coordinator-aanwijzen", "coordinator-named", ".c....."},
    [CASE_ASK_INTERVENTIONS] = {"interventies-vragen", "interventions-asked", "rc....."},
    [CASE_REPORT_SERVICE] = {"dienst-melden", "service-reported", "rc....."},
    [CASE_LINK_PERSON] = {"bsn-koppelen", "person-linked", "rc....."},
    [CASE_BREAK_GLASS] = {"noodinzage", "glass-broken", "rc....."},
    [CASE_REVIEW_GLASS] = {"noodinzage-beoordelen", "glass-reviewed", "rcxsn.h"},
    [CASE_ASK_LOOK] = {"inzage-vragen", "look-asked", ".c....."},
    [CASE_DECIDE_LOOK] = {"inzage-besluiten", "look-decided", ".c....."},
    [CASE_END_LOOK] = {"inzage-beeindigen", "look-ended", ".c....."},
    [CASE_JOIN] = {"samenvoegen", "cases-joined", "rc....."},
    [CASE_GO_INTO] = {"opgaan", "joined-into", "jj....."},
    [CASE_HAND_OVER] = {"overdragen", "handover-offered", "rc....."},
    [CASE_TAKEN_OVER] = {"overgedragen", "handover-accepted", "hh....."},
};
static const char letters[] = "rcxsnjh";

static void every_state_against_every_event(void **state)
{
    (void)state;
    size_t refused = 0;
    for (int from = 0; from < CASE_STATES; from++)
        for (int e = 0; e < CASE_EVENTS; e++) {
            sluis_fail f = {0};
            char text[384];
            case_state next = CASE_STATES;
            sluis_err err = case_step((case_state)from, (case_event)e, COORDINATION_OPTIONAL, &next, &f);
            if (want[e].after[from] != '.') {
                assert_int_equal(err, SLUIS_OK);
                assert_int_equal(letters[next], want[e].after[from]);
                continue;
            }
            refused++;
            assert_int_equal(err, SLUIS_CONFLICT);
            assert_int_equal(next, CASE_STATES);
            snprintf(text, sizeof text, "de zaak is %s: %s kan niet; mogelijk: %s", said[from], want[e].name,
                     possible[from]);
            assert_string_equal(f.where, "fase");
            assert_string_equal(f.text, text);
        }
    assert_int_equal(refused, 102);
}

/* Two laws: coordination first. One law and nothing beside it: nothing to coordinate. */
static void coordination_decides(void **state)
{
    (void)state;
    static const struct {
        case_event e;
        coordination c;
        const char *text; /* NULL: it may */
    } rows[] = {
        {CASE_COORDINATE, COORDINATION_OPTIONAL, NULL},
        {CASE_COORDINATE, COORDINATION_MANDATORY, NULL},
        {CASE_COORDINATE, COORDINATION_NONE,
         "met één wet en geen aanpalend domein valt er niets te coördineren; start-coordinatie kan nu niet; "
         "mogelijk: "},
        {CASE_CLOSE, COORDINATION_NONE, NULL},
        {CASE_CLOSE, COORDINATION_OPTIONAL, NULL},
        {CASE_CLOSE, COORDINATION_MANDATORY,
         "met twee wetten of meer is coördinatie verplicht: begin die eerst; sluiten kan nu niet; "
         "mogelijk: "},
        {CASE_UNRELATE, COORDINATION_MANDATORY, NULL},
        {CASE_STOP, COORDINATION_MANDATORY, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sluis_fail f = {0};
        case_state next;
        const char *list[CASE_EVENTS];
        size_t n = 0;
        bool named = false;
        assert_int_equal(case_step(CASE_RESEARCH, rows[i].e, rows[i].c, &next, &f),
                         rows[i].text ? SLUIS_CONFLICT : SLUIS_OK);
        case_possible(CASE_RESEARCH, rows[i].c, list, &n);
        for (size_t k = 0; k < n; k++)
            named = named || strcmp(list[k], case_event_name(rows[i].e)) == 0;
        assert_int_equal(named, rows[i].text == NULL);
        if (rows[i].text) {
            assert_memory_equal(f.text, rows[i].text, strlen(rows[i].text));
            assert_null(strstr(f.text, "..."));
        }
    }
    /* once coordinated, it may be closed whatever the laws */
    case_state next;
    assert_int_equal(case_step(CASE_COORDINATION, CASE_CLOSE, COORDINATION_MANDATORY, &next, NULL), SLUIS_OK);
}

static void laws_and_domains_are_counted(void **state)
{
    (void)state;
    static const struct {
        char *laws[3], *domains[3];
        coordination want;
    } rows[] = {
        {{"wmo"}, {NULL}, COORDINATION_NONE},
        {{NULL}, {"onderwijs"}, COORDINATION_NONE},
        {{"wmo"}, {"onderwijs"}, COORDINATION_OPTIONAL},
        {{"wmo"}, {"wmo"}, COORDINATION_NONE}, /* its own back office */
        {{"wmo"}, {"wgs"}, COORDINATION_MANDATORY},
        {{"wmo", "wgs"}, {NULL}, COORDINATION_MANDATORY},
        {{"wmo", "wgs", "jeugdwet"}, {"politie", "ggd"}, COORDINATION_MANDATORY},
    };
    rules *r = kit_shipped();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
        row.scope_laws = (char **)(uintptr_t)rows[i].laws;
        row.scope_domains = (char **)(uintptr_t)rows[i].domains;
        while (row.n_scope_laws < 3 && rows[i].laws[row.n_scope_laws])
            row.n_scope_laws++;
        while (row.n_scope_domains < 3 && rows[i].domains[row.n_scope_domains])
            row.n_scope_domains++;
        assert_int_equal(case_coordination(&row, r), rows[i].want);
    }
    rules_unref(&r);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < CASE_STATES; i++) {
        case_state s;
        assert_string_equal(case_state_name((case_state)i), stored[i]);
        assert_int_equal(case_state_parse(&s, stored[i]), SLUIS_OK);
        assert_int_equal(s, i);
        assert_int_equal(case_state_open(s), i < 2);
    }
    for (int i = 0; i < CASE_EVENTS; i++) {
        assert_string_equal(case_event_name((case_event)i), want[i].name);
        assert_string_equal(case_event_done((case_event)i), want[i].done);
    }
    case_state s;
    sluis_fail f = {0};
    assert_int_equal(case_state_parse(&s, "onderzoek"), SLUIS_INVALID);
    assert_int_equal(case_step((case_state)9, CASE_CLOSE, COORDINATION_NONE, &s, &f), SLUIS_INVALID);
    assert_int_equal(case_step(CASE_RESEARCH, (case_event)99, COORDINATION_NONE, &s, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "zo'n fase of overgang bestaat niet");
    assert_false(case_state_open((case_state)9));
}

/* ---- scope ---- */

static void the_client_chooses(void **state)
{
    (void)state;
    char *laws[] = {"wmo"}, *domains[] = {"onderwijs"}, *problems[] = {"school"}, *more_laws[] = {"wgs"},
         *more_problems[] = {"schulden"};
    rules *r = kit_shipped();
    arena *a = arena_new(1u << 16);
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    Sluis__ScopeRow s = SLUIS__SCOPE_ROW__INIT, more = SLUIS__SCOPE_ROW__INIT;
    sluis_fail f = {0};
    s.laws = laws;
    s.n_laws = 1;
    s.domains = domains;
    s.n_domains = 1;
    s.problems = problems;
    s.n_problems = 1;
    assert_int_equal(case_scope_check(r, &s, &f), SLUIS_OK);
    case_scope_choose(&row, &s);
    assert_null(row.wish);

    more.laws = laws; /* nothing new */
    more.n_laws = 1;
    assert_int_equal(case_scope_widen(&row, &more, a, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "dit voegt niets toe aan wat al in het bereik staat");
    assert_null(row.wish);
    fail_clear(&f);
    more.laws = more_laws;
    more.problems = more_problems;
    more.n_problems = 1;
    assert_int_equal(case_scope_widen(&row, &more, a, &f), SLUIS_OK);
    assert_int_equal(row.n_scope_laws, 2);
    assert_string_equal(row.scope_laws[1], "wgs");
    assert_int_equal(row.n_scope_problems, 2);
    assert_int_equal(row.n_scope_parties, 0); /* not limited, and stays so */
    assert_int_equal(row.wish->n_laws, 1);
    more.laws = (char *[]){"jeugdwet"};
    assert_int_equal(case_scope_widen(&row, &more, a, &f), SLUIS_OK);
    assert_int_equal(row.n_scope_laws, 3);
    assert_int_equal(row.wish->n_laws, 1); /* the first wish, not what an override made of it */
    case_scope_choose(&row, &s);
    assert_int_equal(row.n_scope_laws, 1);
    assert_null(row.wish);
    arena_free(&a);
    rules_unref(&r);
}

static void a_scope_is_of_the_rules(void **state)
{
    (void)state;
    static const struct {
        char *laws[3], *domains[3], *problems[3], *parties[3];
        const char *where, *text;
    } rows[] = {
        {{"wmo", "avg"}, {0}, {0}, {0}, "bereik.wetten", "nummer 2 is geen wet van laws.conf"},
        {{"wmo", "wmo"}, {0}, {0}, {0}, "bereik.wetten", "nummer 2 staat er twee keer"},
        {{0}, {"bakker"}, {0}, {0}, "bereik.domeinen", "nummer 1 is geen domein van domains.conf"},
        {{0}, {0}, {"pech"}, {0}, "bereik.problemen", "nummer 1 is geen probleem van purposes.conf"},
        {{0}, {0}, {0}, {"school"}, "bereik.partijen", "nummer 1 is geen OIN van 20 tekens"},
    };
    rules *r = kit_shipped();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Sluis__ScopeRow s = SLUIS__SCOPE_ROW__INIT;
        sluis_fail f = {0};
        char *const *lists[] = {rows[i].laws, rows[i].domains, rows[i].problems, rows[i].parties};
        size_t *counts[] = {&s.n_laws, &s.n_domains, &s.n_problems, &s.n_parties};
        for (size_t k = 0; k < 4; k++)
            while (*counts[k] < 3 && lists[k][*counts[k]])
                ++*counts[k];
        s.laws = (char **)(uintptr_t)rows[i].laws;
        s.domains = (char **)(uintptr_t)rows[i].domains;
        s.problems = (char **)(uintptr_t)rows[i].problems;
        s.parties = (char **)(uintptr_t)rows[i].parties;
        assert_int_equal(case_scope_check(r, &s, &f), SLUIS_INVALID);
        assert_string_equal(f.where, rows[i].where);
        assert_string_equal(f.text, rows[i].text);
    }
    rules_unref(&r);
}

/* ---- who sees whom ---- */

static void everybody_sees_what_they_may(void **state)
{
    (void)state;
    uint32_t mother[] = {1}, stranger[] = {9}, twice[] = {1, 1}, child[] = {3}, ex[] = {2}, self[] = {3};
    Sluis__MemberRow m[3], *all[] = {&m[0], &m[1], &m[2]};
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    char *roles[] = {"client", "ex-partner", "kind"};
    for (uint32_t i = 0; i < 3; i++) {
        sluis__member_row__init(&m[i]);
        m[i].member = i + 1;
        m[i].role = roles[i];
    }
    row.members = all;
    row.n_members = 3;
    m[2].seen_by = mother;
    m[2].n_seen_by = 1;
    static const bool sees[3][3] = {{true, false, true}, {false, true, false}, {false, false, true}};
    for (uint32_t v = 1; v <= 3; v++)
        for (uint32_t who = 1; who <= 3; who++)
            assert_int_equal(case_member_sees(&row, v, who), sees[v - 1][who - 1]);
    assert_false(case_member_sees(&row, 9, 9));
    assert_false(case_member_sees(&row, 0, 3));

    const struct {
        uint32_t member, *list;
        size_t n;
        const char *text; /* NULL: it may */
    } rows[] = {
        {3, mother, 1, NULL},
        {3, ex, 1, NULL}, /* a parent all the same */
        {3, stranger, 1, "lid 3: noem andere leden van deze zaak"},
        {3, self, 1, "lid 3: noem andere leden van deze zaak"},
        {3, twice, 2, "lid 3: een lid is twee keer genoemd"},
        {1, child, 1, "lid 1: een kind kijkt niet in het dossier van een ander"},
        {1, ex, 1, "lid 1: ex-partners zien elkaars dossier niet"},
        {2, mother, 1, "lid 2: ex-partners zien elkaars dossier niet"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sluis_fail f = {0};
        assert_int_equal(case_check_seen_by(&row, rows[i].member, rows[i].list, rows[i].n, &f),
                         rows[i].text ? SLUIS_INVALID : SLUIS_OK);
        assert_string_equal(f.text, rows[i].text ? rows[i].text : "");
    }
}

/* ---- services ---- */

static void services_go_forward(void **state)
{
    (void)state;
    static const char *const names[] = {"gepland", "gestart", "geleverd", "gestopt"};
    static const char *const may[] = {"pgls", ".gls", "....", "...."};
    static const char *const list[] = {"gepland, gestart, geleverd, gestopt", "gestart, geleverd, gestopt",
                                       "niets meer (meld een nieuwe dienst)",
                                       "niets meer (meld een nieuwe dienst)"};
    arena *a = arena_new(1u << 20);
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++) {
            Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
            Sluis__ServiceRow s = SLUIS__SERVICE_ROW__INIT;
            sluis_fail f = {0};
            char text[200];
            uint32_t at = 9;
            s.service = "begeleiding";
            s.party = "00000099000000002000";
            s.planned = 1000;
            s.status = (char *)(uintptr_t)names[from];
            assert_int_equal(case_service_report(&row, &s, true, a, &at, &f), SLUIS_OK);
            assert_int_equal(at, 0);
            assert_int_equal(case_service_late(row.services[0], 1000), from < 2);
            assert_false(case_service_late(row.services[0], 999));
            s.status = (char *)(uintptr_t)names[to];
            sluis_err err = case_service_report(&row, &s, true, a, &at, &f);
            assert_int_equal(err, may[from][to] == '.' ? SLUIS_CONFLICT : SLUIS_OK);
            assert_int_equal(row.n_services, 1);
            if (err) {
                snprintf(text, sizeof text, "de dienst is %s en wordt niet %s; mogelijk: %s", names[from],
                         names[to], list[from]);
                assert_string_equal(f.text, text);
            }
        }
    arena_free(&a);
}

/* ---- acute danger ---- */

static void a_look_is_one_persons_and_ends(void **state)
{
    (void)state;
    arena *a = arena_new(1u << 20);
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    Sluis__EmergencyRow x = SLUIS__EMERGENCY_ROW__INIT;
    sluis_fail f = {0};
    row.phase = "research";
    x.application = "wmo-intake";
    x.employee = "mw-1";
    x.member = 2;
    x.from = 100;
    x.until = 200;
    assert_int_equal(case_glass_break(&row, &x, a, &f), SLUIS_OK);
    assert_int_equal(row.emergencies[0]->number, 1);
    assert_non_null(case_glass_open(&row, "wmo-intake", "mw-1", 2, 100));
    assert_non_null(case_glass_open(&row, "wmo-intake", "mw-1", 2, 199));
    assert_null(case_glass_open(&row, "wmo-intake", "mw-1", 2, 200));
    assert_null(case_glass_open(&row, "wmo-intake", "mw-1", 2, 99));
    assert_null(case_glass_open(&row, "wmo-intake", "mw-2", 2, 150));
    assert_null(case_glass_open(&row, "wmo-intake", "mw-1", 1, 150));
    assert_null(case_glass_open(&row, "pw-intake", "mw-1", 2, 150));
    row.phase = "closed";
    assert_null(case_glass_open(&row, "wmo-intake", "mw-1", 2, 150));

    assert_int_equal(case_glass_review(&row, 2, "tl-1", true, 300, a, &f), SLUIS_NOT_FOUND);
    fail_clear(&f);
    assert_int_equal(case_glass_review(&row, 1, "mw-1", true, 300, a, &f), SLUIS_FORBIDDEN);
    assert_string_equal(f.text, "wie keek, beoordeelt het niet zelf");
    fail_clear(&f);
    assert_int_equal(case_glass_review(&row, 1, "tl-1", true, 300, a, &f), SLUIS_OK);
    assert_int_equal(case_glass_review(&row, 1, "tl-2", false, 301, a, &f), SLUIS_CONFLICT);
    assert_true(row.emergencies[0]->justified);
    assert_string_equal(row.emergencies[0]->reviewed_by, "tl-1");
    arena_free(&a);
}

/* ---- concerns ---- */

static void a_concern_is_decided_once(void **state)
{
    (void)state;
    Sluis__ConcernRow row = SLUIS__CONCERN_ROW__INIT;
    sluis_fail f = {0};
    row.state = CONCERN_RECEIVED;
    assert_int_equal(concern_check_open(&row, &f), SLUIS_OK);
    row.state = CONCERN_RESEARCH;
    assert_int_equal(concern_check_open(&row, &f), SLUIS_CONFLICT);
    assert_string_equal(
        f.text,
        "er is al over besloten: onderzoek; mogelijk: niets meer (een nieuw feit is een nieuwe melding)");
    fail_clear(&f);
    row.state = CONCERN_NO_RESEARCH;
    assert_int_equal(concern_check_open(&row, &f), SLUIS_CONFLICT);
    assert_string_equal(f.text, "er is al over besloten: geen onderzoek; mogelijk: niets meer (een nieuw "
                                "feit is een nieuwe melding)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_against_every_event),
        cmocka_unit_test(coordination_decides),
        cmocka_unit_test(laws_and_domains_are_counted),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(the_client_chooses),
        cmocka_unit_test(a_scope_is_of_the_rules),
        cmocka_unit_test(everybody_sees_what_they_may),
        cmocka_unit_test(services_go_forward),
        cmocka_unit_test(a_look_is_one_persons_and_ends),
        cmocka_unit_test(a_concern_is_decided_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
