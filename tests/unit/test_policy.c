/* The decision: every domain, category and phase of the shipped rules; what denies and in which order;
 * periods; properties over rules and questions made at random; views and rights. */
#include "kit_rules.h"

#include "policy/levels.h"
#include "policy/looks.h"
#include "policy/templates.h"

static const category all[] = {CATEGORY_ORDINARY, CATEGORY_FINANCIAL, CATEGORY_HEALTH, CATEGORY_CRIMINAL,
                               CATEGORY_IDENTIFICATION};
#define CATEGORIES (sizeof all / sizeof all[0])

/* A coordinator asks, for what the phase is for. One letter a category, in the order above:
 *   .  denied, the domain's own law does not let it give this     -  denied, no rule permits it
 *   p  permitted     r  released by a person     m  released by a person, and stays in the meeting
 * The Wmo and the Jeugdwet (care) may have special data of those that hold them; the Participatiewet and the
 * Wgs (means) may not, and have ordinary data of the police only once there is a coordinated approach. */
enum { CARE, MEANS, ASKERS };
static const struct {
    const char *domain;
    struct {
        const char *research, *coordination, *meeting;
    } of[ASKERS];
} matrix[] = {
    {"gemeente", {{"p...-", "p...-", "m...-"}, {"p...-", "p...-", "m...-"}}},
    {"onderwijs", {{"p.r..", "p.-..", "m.-.."}, {"-.-..", "-.-..", "m.-.."}}},
    {"leerplicht", {{"p..r.", "p..-.", "m..-."}, {"-..-.", "-..-.", "m..-."}}},
    {"politie", {{"r..r.", "r..r.", "m..m."}, {"-..-.", "-..-.", "m..-."}}},
    {"ggd", {{"r.r..", "r.r..", "m.m.."}, {"-.-..", "-.-..", "m.-.."}}},
    {"huisarts", {{"r.r..", "r.r..", "m.m.."}, {"-.-..", "-.-..", "m.-.."}}},
    {"veiligheidshuis", {{"-..r.", "r..r.", "m..m."}, {"-..-.", "-..-.", "m..-."}}},
    {"veilig-thuis", {{"r.rr.", "r.rr.", "m.mm."}, {"-.--.", "-.--.", "m.--."}}},
    {"wmo", {{"p.r..", "p.r..", "m.-.."}, {"p.-..", "p.-..", "m.-.."}}},
    {"jeugdwet", {{"p.rr.", "p.rr.", "m.--."}, {"p.--.", "p.--.", "m.--."}}},
    {"participatiewet", {{"pp-..", "pp-..", "mm-.."}, {"pp-..", "pp-..", "mm-.."}}},
    {"wgs", {{".p...", ".p...", ".m..."}, {".p...", ".p...", ".m..."}}},
};
/* Every application of the shipped set, and how many of all its questions (function, phase, purpose, basis,
 * domain, category) are permitted: a change of the rules changes a number, and is looked at. */
static const struct {
    const char *application;
    int as; /* ASKERS: nothing is permitted */
    size_t permitted;
} askers[] = {
    {"wmo-intake", CARE, 460},  {"jeugd-intake", CARE, 460},  {"pw-intake", MEANS, 215},
    {"wgs-intake", MEANS, 215}, {"clientportaal", ASKERS, 0}, {"bench", ASKERS, 460},
};
#define DOMAINS (sizeof matrix / sizeof matrix[0])

static const char *const functions[] = {"consulent", "regisseur", "teamleider", "client"};
static const char *const bases[] = {"wams-5.4.1", "wams-5.4.2", "wams-5.4.4",
                                    "wams-4.3.3", "avg-6.1.a",  "avg-6.1.d"};

/* The shipped set with, for each domain and category it may give, an attribute "x-<domain>-<category>". */
static rules *with_one_of_each(void)
{
    kit_set k = {0};
    kit_read(&k);
    rules *shipped = kit_rules(&k);
    char rows[16384] = "";
    unsigned id = 90000;
    for (size_t d = 0; d < DOMAINS; d++)
        for (size_t c = 0; c < CATEGORIES; c++)
            if (policy_domain_gives(shipped, matrix[d].domain, all[c], day("2026-11-24")))
                snprintf(
                    rows + strlen(rows), sizeof rows - strlen(rows),
                    "%s{ id = %u; name = \"x-%s-%s\"; title = \"x\"; type = \"text\"; category = \"%s\"; "
                    "source = \"%s\"; retention = \"wmo-dossier\"; valid_days = 0; }\n",
                    *rows ? "," : "", id++, matrix[d].domain, category_name(all[c]), category_name(all[c]),
                    matrix[d].domain);
    rules_unref(&shipped);
    kit_append(&k, "catalogue.conf", rows);
    rules *r = kit_rules(&k);
    kit_close(&k);
    return r;
}

/* The domain's own attribute of this category, else that of a domain that has one. */
static const char *attribute_for(const rules *r, const char *domain, category c)
{
    static char name[128];
    snprintf(name, sizeof name, "x-%s-%s", domain, category_name(c));
    for (size_t d = 0; d < DOMAINS && !rules_attribute_named(r, name); d++)
        snprintf(name, sizeof name, "x-%s-%s", matrix[d].domain, category_name(c));
    return name;
}

static char letter(const policy_answer *a)
{
    if (!a->permit)
        return strcmp(a->rule, "domain") == 0 ? '.' : strcmp(a->rule, "default-deny") == 0 ? '-' : '?';
    if (a->obligations & OBLIGE_MEETING_ONLY)
        return a->obligations & OBLIGE_RELEASE_BY_PERSON ? 'm' : '?';
    return a->obligations & OBLIGE_RELEASE_BY_PERSON ? 'r' : 'p';
}

/* How many cells of the table were looked at. */
static size_t check_phase(const rules *r, const char *app, Sluis__Phase phase, const char *purpose,
                          const char *basis, size_t d, const char *expected)
{
    policy_question q = kit_question();
    case_facts c = kit_case(phase);
    q.application = app;
    q.function = "regisseur";
    q.phase = phase;
    q.purpose = purpose;
    q.legal_basis = basis;
    q.domain = matrix[d].domain;
    for (size_t i = 0; i < CATEGORIES; i++) {
        policy_answer a = kit_ask(r, &q, &c, attribute_for(r, q.domain, all[i]));
        if (letter(&a) != expected[i])
            fail_msg("%s asks %s, %s, phase %d: %c (%s), not %c", app, q.domain, category_name(all[i]),
                     (int)phase, letter(&a), a.rule, expected[i]);
        if (!a.permit)
            assert_int_equal(a.obligations, 0);
    }
    return CATEGORIES;
}

/* A law or domain of the set that the table leaves out is a failure. */
static void in_the_table(void *ctx, const char *kind, const char *name, const char *text)
{
    const rules *r = ctx;
    size_t d = 0;
    (void)text;
    if (strcmp(kind, "law") != 0 && (strcmp(kind, "domain") != 0 || rules_is_municipality(r, name)))
        return;
    while (d < DOMAINS && strcmp(matrix[d].domain, name) != 0)
        d++;
    if (d == DOMAINS)
        fail_msg("%s %s does not stand in the table", kind, name);
}

static void every_law_domain_category_and_phase(void **state)
{
    (void)state;
    size_t cells = 0, laws = 0;
    rules *r = with_one_of_each();
    rules_each_word(r, in_the_table, r);
    for (size_t n = 0; n < sizeof askers / sizeof askers[0]; n++) {
        const char *app = askers[n].application;
        const int as = askers[n].as;
        if (as == ASKERS)
            continue;
        laws++;
        for (size_t d = 0; d < DOMAINS; d++) {
            cells += check_phase(r, app, SLUIS__PHASE__RESEARCH, "onderzoek-meervoudige-problematiek",
                                 "wams-5.4.1", d, matrix[d].of[as].research);
            cells += check_phase(r, app, SLUIS__PHASE__COORDINATION, "gecoordineerde-aanpak", "wams-5.4.4", d,
                                 matrix[d].of[as].coordination);
            cells += check_phase(r, app, SLUIS__PHASE__MEETING, "casusoverleg", "wams-4.3.3", d,
                                 matrix[d].of[as].meeting);
        }
    }
    assert_int_equal(laws, 4);
    assert_int_equal(cells, laws * DOMAINS * 3 * CATEGORIES);
    rules_unref(&r);
}

static const char *const every_purpose[] = {"onderzoek-meervoudige-problematiek",
                                            "gecoordineerde-aanpak",
                                            "casusoverleg",
                                            "arbeidstoeleiding",
                                            "schuldhulpverlening",
                                            "maatwerkvoorziening",
                                            "jeugdhulp",
                                            "acuut-gevaar"};

/* How many of this asker's questions in one phase are permitted; each is decided, with a name. */
static size_t permitted_in(const rules *r, policy_question *q, Sluis__Phase phase)
{
    const case_facts c = kit_case(phase);
    size_t n = 0;
    q->phase = phase;
    for (size_t p = 0; p < sizeof every_purpose / sizeof every_purpose[0]; p++)
        for (size_t b = 0; b < sizeof bases / sizeof bases[0]; b++)
            for (size_t d = 0; d < DOMAINS; d++)
                for (size_t k = 0; k < CATEGORIES; k++) {
                    q->purpose = every_purpose[p];
                    q->legal_basis = bases[b];
                    q->domain = matrix[d].domain;
                    const policy_answer a = kit_ask(r, q, &c, attribute_for(r, q->domain, all[k]));
                    assert_int_equal(a.permit, !policy_refusal_of(a.rule));
                    assert_true(a.permit || a.obligations == 0);
                    n += a.permit;
                }
    return n;
}

static void every_question_is_decided(void **state)
{
    (void)state;
    rules *r = with_one_of_each();
    for (size_t n = 0; n < sizeof askers / sizeof askers[0]; n++) {
        size_t permitted = 0;
        policy_question q = kit_question();
        q.application = askers[n].application;
        q.acting = strcmp(q.application, "bench") == 0 ? &kit_bench_oin : &kit_oin;
        for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
            q.function = functions[f];
            for (int phase = SLUIS__PHASE__PHASE_NONE; phase <= SLUIS__PHASE__MEETING; phase++)
                permitted += permitted_in(r, &q, (Sluis__Phase)phase);
        }
        if (permitted != askers[n].permitted)
            fail_msg("%s: %zu questions are permitted, not %zu", q.application, permitted,
                     askers[n].permitted);
    }
    for (size_t i = 0; i < sizeof askers / sizeof askers[0];
         i++) /* one that is not there is permitted nothing, too */
        assert_non_null(rules_application(r, askers[i].application));
    rules_unref(&r);
}

/* The client's parties and problems, when chosen, bound what may be asked; so does a secret address. */
static void the_scope_binds(void **state)
{
    (void)state;
    static const char *const parties[] = {"00000099000000002000"}, *const school[] = {"school"},
                             *const debts[] = {"schulden"};
    rules *r = kit_shipped();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    policy_question q = kit_question();
    const char *name = "school-naam";
    c.scope_parties = parties;
    c.scope_party_count = 1;
    q.asked = "00000099000000003000";
    assert_string_equal(kit_ask(r, &q, &c, name).rule, "scope");
    assert_false(policy_covers(r, &q, &c));
    q.asked = parties[0];
    assert_true(kit_ask(r, &q, &c, name).permit);
    assert_true(policy_covers(r, &q, &c));
    c.scope_problems = debts; /* a general purpose serves any problem */
    c.scope_problem_count = 1;
    assert_true(kit_ask(r, &q, &c, name).permit);
    q.purpose = "jeugdhulp";
    assert_string_equal(kit_ask(r, &q, &c, name).rule, "scope");
    c.scope_problems = school;
    assert_true(kit_ask(r, &q, &c, name).permit);
    c.closed = true;
    assert_false(policy_covers(r, &q, &c));
    c.closed = false;

    policy_question home = kit_question();
    home.domain = "gemeente";
    c.scope_party_count = 0;
    home.application = "jeugd-intake";
    const view *v = policy_view(r, home.application, home.function, &c, home.at);
    uint32_t place = rules_attribute_named(r, "woonplaats")->id,
             born = rules_attribute_named(r, "geboortedatum")->id;
    assert_true(kit_ask(r, &home, &c, "woonplaats").permit);
    assert_true(policy_shows(r, v, &c, place));
    c.secret_address = true;
    assert_string_equal(kit_ask(r, &home, &c, "woonplaats").rule, "secret-address");
    assert_true(kit_ask(r, &home, &c, "geboortedatum").permit);
    assert_false(policy_shows(r, v, &c, place));
    assert_int_equal(policy_shows(r, v, &c, born), view_allows(v, born));
    home.attributes = &place;
    home.attribute_count = 1;
    assert_false(policy_covers(r, &home, &c));
    home.attributes = &born;
    assert_true(policy_covers(r, &home, &c));
    rules_unref(&r);
}

/* An intake by the Wmo that asks school, police, GGD and debt counselling; then the Participatiewet. */
static void an_intake_is_permitted(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    policy_question q = kit_question();
    const struct {
        const char *domain, *attribute, *rule;
        uint32_t obligations;
    } asked[] = {
        {"onderwijs", "school-verzuim-ongeoorloofd", "onderzoek-gewoon", OBLIGE_NOTIFY_CLIENT},
        {"politie", "politie-meldingen-overlast", "onderzoek-politie",
         OBLIGE_RELEASE_BY_PERSON | OBLIGE_NOTIFY_CLIENT},
        {"politie", "politie-verdenking", "onderzoek-strafrechtelijk", OBLIGE_RELEASE_BY_PERSON},
        {"ggd", "jgz-gezinssamenstelling", "onderzoek-gewoon",
         OBLIGE_RELEASE_BY_PERSON | OBLIGE_NOTIFY_CLIENT},
        {"ggd", "jgz-gedrag", "onderzoek-gezondheid", OBLIGE_RELEASE_BY_PERSON | OBLIGE_NOTIFY_CLIENT},
        {"wgs", "wgs-totaal-schuldbedrag", "onderzoek-financieel", OBLIGE_NOTIFY_CLIENT},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        q.domain = asked[i].domain;
        policy_answer a = kit_ask(r, &q, &c, asked[i].attribute);
        assert_true(a.permit);
        assert_string_equal(a.rule, asked[i].rule);
        assert_int_equal(a.obligations, asked[i].obligations);
        assert_true(view_allows(policy_view(r, q.application, q.function, &c, q.at),
                                rules_attribute_named(r, asked[i].attribute)->id));
    }
    q.application = "pw-intake";
    q.purpose = "arbeidstoeleiding";
    q.domain = "wgs";
    assert_string_equal(kit_ask(r, &q, &c, "wgs-totaal-schuldbedrag").rule, "arbeidstoeleiding-financieel");
    q.domain = "onderwijs";
    assert_string_equal(kit_ask(r, &q, &c, "school-diploma-niveau").rule, "arbeidstoeleiding-diploma");
    assert_string_equal(kit_ask(r, &q, &c, "school-verzuim-ongeoorloofd").rule, "default-deny");
    q.domain = "ggd";
    assert_string_equal(kit_ask(r, &q, &c, "jgz-gedrag").rule, "default-deny");
    rules_unref(&r);
}

/* A case is handed over to a municipality, which is asked nothing; what goes has any source. Health needs
 * consent, criminal data never go. */
static void a_municipality_is_handed_cases(void **state)
{
    static const struct {
        const char *attribute, *by_law, *by_consent; /* the rule that decides, or what denies */
    } rows[] = {
        {"school-naam", "overdracht-gewoon", "overdracht-gewoon"},
        {"geboortedatum", "overdracht-gewoon", "overdracht-gewoon"},
        {"wgs-totaal-schuldbedrag", "overdracht-gewoon", "overdracht-gewoon"},
        {"jgz-lengte", "default-deny", "overdracht-gezondheid"},
        {"politie-verdenking", "domain", "domain"},
    };
    (void)state;
    rules *r = kit_shipped();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    static const char *const no_parties[] = {"00000099000000002000"};
    c.scope_parties = no_parties; /* whom the client lets be asked is another matter */
    c.scope_party_count = 1;
    policy_question q = kit_question();
    q.function = "regisseur";
    q.domain = "andere-gemeente";
    q.asked = "00000099000000006000";
    q.purpose = "overdracht";
    q.hand_over = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        q.legal_basis = "wams-5.4.1";
        policy_answer a = kit_ask(r, &q, &c, rows[i].attribute);
        assert_string_equal(a.rule, rows[i].by_law);
        assert_int_equal(a.permit, strncmp(rows[i].by_law, "overdracht", 10) == 0);
        q.legal_basis = "avg-6.1.a";
        assert_string_equal(kit_ask(r, &q, &c, rows[i].attribute).rule, rows[i].by_consent);
    }
    assert_true(policy_may_ask(r, &q, &c).permit);
    policy_question asked = q;
    asked.hand_over = false;
    assert_string_equal(kit_ask(r, &asked, &c, "school-naam").rule, "domain");
    assert_string_equal(policy_may_ask(r, &asked, &c).rule, "domain");
    policy_question other = q;
    other.domain = "gemeente"; /* one that is asked is handed nothing */
    assert_string_equal(kit_ask(r, &other, &c, "school-naam").rule, "domain");
    c.secret_address = true;
    assert_string_equal(kit_ask(r, &q, &c, "woonplaats").rule, "secret-address");
    c.scope_law_count = 0;
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, "scope");
    rules_unref(&r);
}

/* What a municipality brings was obtained on a basis that some permit in force names for that datum. */
static void a_basis_is_allowed_for_a_datum(void **state)
{
    static const struct {
        const char *attribute, *basis;
        bool allowed;
    } rows[] = {
        {"school-jaargroep", "wams-5.4.1", true},   {"school-jaargroep", "wmo-5.1.1", true},
        {"school-jaargroep", "wams-4.3.3", false},  {"school-jaargroep", "zomaar", false},
        {"school-jaargroep", "avg-6.1.d", false},   {"geslachtsnaam", "avg-6.1.d", false},
        {"geslachtsnaam", "wams-5.4.4", true},      {"jgz-lengte", "wams-5.4.1", true},
        {"jgz-lengte", "wmo-5.1.1", false},         {"jgz-lengte", "avg-6.1.d", true},
        {"politie-verdenking", "avg-6.1.a", false}, {"politie-verdenking", "wams-5.4.4", true},
        {"wgs-totaal-schuldbedrag", "wgs-8", true}, {"wgs-totaal-schuldbedrag", "wmo-5.1.1", false},
    };
    const uint64_t now = kit_question().at, before = 1735689600000; /* 2025-01-01: no rule is in force */
    (void)state;
    rules *r = kit_shipped();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const attribute *a = rules_attribute_named(r, rows[i].attribute);
        assert_non_null(a);
        if (policy_allows_basis(r, a, rows[i].basis, now) != rows[i].allowed)
            fail_msg("%s on %s", rows[i].attribute, rows[i].basis);
        assert_false(policy_allows_basis(r, a, rows[i].basis, before));
    }
    rules_unref(&r);
}

static void each_denial_has_its_name(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    const case_facts open = kit_case(SLUIS__PHASE__RESEARCH);
    const policy_question good = kit_question();
    assert_true(kit_ask(r, &good, &open, "school-naam").permit);
#define DENIED(field, value, name)                                                                           \
    do {                                                                                                     \
        policy_question q = good;                                                                            \
        q.field = value;                                                                                     \
        policy_answer a = kit_ask(r, &q, &open, "school-naam");                                              \
        assert_false(a.permit);                                                                              \
        assert_string_equal(a.rule, name);                                                                   \
        assert_non_null(policy_refusal_of(a.rule));                                                          \
    } while (0)
    DENIED(application, "wmo-uittake", "application");
    DENIED(application, NULL, "application");
    DENIED(acting, &kit_bench_oin, "application");
    DENIED(acting, NULL, "application");
    DENIED(application, "clientportaal", "scope");
    DENIED(domain, "woningcorporatie", "domain");
    DENIED(domain, NULL, "domain");
    DENIED(phase, SLUIS__PHASE__COORDINATION, "phase");
    DENIED(phase, SLUIS__PHASE__PHASE_NONE, "phase");
    DENIED(phase, (Sluis__Phase)77, "phase");
    DENIED(function, "teamleider", "default-deny");
    DENIED(function, "", "default-deny");
    DENIED(function, NULL, "default-deny");
    DENIED(purpose, "arbeidstoeleiding", "default-deny");
    DENIED(purpose, NULL, "default-deny");
    DENIED(legal_basis, "wams-5.4.4", "default-deny");
    DENIED(legal_basis, NULL, "default-deny");
    DENIED(domain, "ggd", "default-deny"); /* the school's datum, asked of another */
    DENIED(at, day("2025-12-31"), "default-deny");
    DENIED(at, day("2014-12-31"), "domain");
#undef DENIED

    case_facts c = open;
    c.closed = true;
    assert_string_equal(kit_ask(r, &good, &c, "school-naam").rule, "case");
    c = (case_facts){.exists = false};
    assert_string_equal(kit_ask(r, &good, &c, "school-naam").rule, "case");
    assert_string_equal(kit_ask(r, &good, NULL, "school-naam").rule, "case");

    policy_question q = good;
    const uint32_t ids[] = {1002, 424242, 3001};
    policy_answer answers[3];
    q.attributes = ids;
    q.attribute_count = 3;
    policy_decide(r, &q, &open, answers);
    assert_true(answers[0].permit);
    assert_string_equal(answers[1].rule, "catalogue");
    assert_string_equal(answers[2].rule, "default-deny");
    q.attribute_count = 0;
    answers[0].rule = "untouched";
    policy_decide(r, &q, &open, answers);
    assert_string_equal(answers[0].rule, "untouched");
    rules_unref(&r);
}

/* The client's scope: laws and domains that were not chosen are out of reach; a law's office goes with it. */
static void the_client_sets_the_scope(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    static const char *const wmo[] = {"wmo"}, *const wmo_wgs[] = {"wmo", "wgs"},
                             *const school[] = {"onderwijs"};
    policy_question q = kit_question();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    c.scope_laws = wmo;
    c.scope_law_count = 1;
    c.scope_domains = school;
    c.scope_domain_count = 1;
    assert_true(kit_ask(r, &q, &c, "school-naam").permit);
    q.domain = "politie";
    assert_string_equal(kit_ask(r, &q, &c, "politie-huisbezoek").rule, "scope");
    q.domain = "wgs";
    assert_string_equal(kit_ask(r, &q, &c, "wgs-totaal-schuldbedrag").rule, "scope");
    c.scope_laws = wmo_wgs;
    c.scope_law_count = 2;
    assert_true(kit_ask(r, &q, &c, "wgs-totaal-schuldbedrag").permit);
    q.domain = "onderwijs";
    q.application = "jeugd-intake";
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, "scope");
    assert_null(policy_view(r, "jeugd-intake", "consulent", &c, q.at));
    assert_non_null(policy_view(r, "wmo-intake", "consulent", &c, q.at));
    c.scope_law_count = c.scope_domain_count = 0;
    q.application = "wmo-intake";
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, "scope");
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, q.at));
    rules_unref(&r);
}

static void a_rule_holds_in_its_period(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    kit_replace(&k, "rules.conf", "\"onderzoek-gewoon\"", "from = \"2026-01-01\"",
                "from = \"2026-03-01\"; until = \"2026-06-01\"");
    rules *r = kit_rules(&k);
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    policy_question q = kit_question();
    const struct {
        uint64_t at;
        bool permit;
    } moments[] = {{0, false},
                   {day("2026-03-01") - 1, false},
                   {day("2026-03-01"), true},
                   {day("2026-06-01") - 1, true},
                   {day("2026-06-01"), false},
                   {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        q.at = moments[i].at;
        assert_int_equal(kit_ask(r, &q, &c, "school-naam").permit, moments[i].permit);
    }
    rules_unref(&r);
    kit_close(&k);
}

static void obligations_add_up(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    kit_append(
        &k, "rules.conf",
        "{ id = \"extra\"; article = \"x\"; from = \"2026-01-01\"; laws = [\"wmo\"]; functions = "
        "[\"consulent\"]; phases = [\"research\"]; purposes = [\"onderzoek-meervoudige-problematiek\"]; "
        "legal_bases = [\"wams-5.4.1\"]; domains = [\"onderwijs\"]; attributes = [\"school-naam\"]; "
        "obligations = [\"release-by-person\"]; }");
    rules *r = kit_rules(&k);
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    policy_question q = kit_question();
    policy_answer a = kit_ask(r, &q, &c, "school-naam");
    assert_string_equal(a.rule, "onderzoek-gewoon");
    assert_int_equal(a.obligations, OBLIGE_NOTIFY_CLIENT | OBLIGE_RELEASE_BY_PERSON);
    assert_int_equal(kit_ask(r, &q, &c, "school-soort").obligations, OBLIGE_NOTIFY_CLIENT);
    rules_unref(&r);
    kit_close(&k);
}

/* ---- properties */

#define EXTRA_RULES 12
#define QUESTIONS   4000

static const char *const applications[] = {"wmo-intake", "pw-intake", "jeugd-intake", "wgs-intake", "bench"};
static const char *const phases[] = {"research", "coordination", "meeting"};
static const char *const purposes[] = {"onderzoek-meervoudige-problematiek", "gecoordineerde-aanpak",
                                       "casusoverleg", "arbeidstoeleiding", "acuut-gevaar"};
#define PICK(seed, list) list[kit_random(seed) % (sizeof list / sizeof list[0])]

typedef struct {
    unsigned from_day, until_day; /* of May 2026; until 0 = open */
} extra_period;

/* Appends rules "x-0", "x-1", ... with lists and periods made at random. */
static void add_rules(kit_set *k, uint64_t *seed, extra_period *periods)
{
    char rows[16384] = "", until[48];
    rules *r = kit_rules(k);
    for (unsigned i = 0; i < EXTRA_RULES; i++) {
        const attribute *a = rules_attribute_at(r, kit_random(seed) % rules_attribute_count(r));
        unsigned from = 1 + (unsigned)(kit_random(seed) % 20), length = (unsigned)(kit_random(seed) % 10);
        periods[i] = (extra_period){from, length ? from + length : 0};
        *until = '\0';
        if (length)
            snprintf(until, sizeof until, "until = \"2026-05-%02u\"; ", from + length);
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows),
                 "%s{ id = \"x-%u\"; article = \"x\"; from = \"2026-05-%02u\"; %sapplications = [\"%s\"]; "
                 "functions = [\"%s\"]; phases = [\"%s\"]; purposes = [\"%s\"]; legal_bases = [\"%s\"]; "
                 "domains = [\"%s\"]; attributes = [\"%s\"]; }\n",
                 i ? "," : "", i, from, until, PICK(seed, applications), PICK(seed, functions),
                 PICK(seed, phases), PICK(seed, purposes), PICK(seed, bases), a->source, a->name);
    }
    rules_unref(&r);
    kit_append(k, "rules.conf", rows);
}

typedef struct {
    policy_question q;
    case_facts c;
    uint32_t attributes[8];
} random_question;

static void make_question(random_question *out, const rules *r, uint64_t *seed)
{
    *out = (random_question){.c = kit_case((Sluis__Phase)(1 + kit_random(seed) % 3))};
    out->q = kit_question();
    out->q.application = PICK(seed, applications);
    out->q.acting = strcmp(out->q.application, "bench") == 0 ? &kit_bench_oin : &kit_oin;
    out->q.function = PICK(seed, functions);
    out->q.phase = out->c.phase;
    out->q.purpose = PICK(seed, purposes);
    out->q.legal_basis = PICK(seed, bases);
    out->q.domain = matrix[kit_random(seed) % DOMAINS].domain;
    out->q.at = day("2026-05-01") + kit_random(seed) % (31 * DAY_MS);
    for (size_t i = 0; i < 8; i++)
        out->attributes[i] = rules_attribute_at(r, kit_random(seed) % rules_attribute_count(r))->id;
    out->q.attributes = out->attributes;
    out->q.attribute_count = 8;
}

/* Points half of the questions at one of the rules made at random, so that these decide often enough. */
static void aim(random_question *x, const kit_set *k, uint64_t *seed, const rules *r)
{
    char wanted[32], field[64];
    snprintf(wanted, sizeof wanted, "id = \"x-%u\"", (unsigned)(kit_random(seed) % EXTRA_RULES));
    const char *row = strstr(k->text[kit_index("rules.conf")], wanted);
#define TAKE(key, list, into)                                                                                \
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {                                              \
        snprintf(field, sizeof field, key " = [\"%s\"]", list[i]);                                           \
        const char *at = strstr(row, field), *end = strchr(row, '\n');                                       \
        if (at && at < end)                                                                                  \
            into = list[i];                                                                                  \
    }
    TAKE("applications", applications, x->q.application)
    TAKE("functions", functions, x->q.function)
    TAKE("purposes", purposes, x->q.purpose)
    TAKE("legal_bases", bases, x->q.legal_basis)
    const char *phase = NULL, *name = strstr(row, "attributes = [\"") + strlen("attributes = [\"");
    TAKE("phases", phases, phase)
#undef TAKE
    for (size_t i = 0; i < 3; i++)
        if (phase == phases[i])
            x->q.phase = x->c.phase = (Sluis__Phase)(i + 1);
    snprintf(field, sizeof field, "%.*s", (int)strcspn(name, "\""), name);
    const attribute *a = rules_attribute_named(r, field);
    x->attributes[0] = a->id;
    x->q.domain = a->source;
    x->q.acting = strcmp(x->q.application, "bench") == 0 ? &kit_bench_oin : &kit_oin;
}

/* With more permits, whatever was permitted still is, by the same rule, with no obligation less; and whatever
 * is permitted anew is so by an added rule. */
static void a_permit_takes_nothing_away(void **state)
{
    (void)state;
    uint64_t seed = 20261124;
    size_t permitted = 0, gained = 0;
    for (int round = 0; round < 5; round++) {
        kit_set k = {0};
        extra_period periods[EXTRA_RULES];
        kit_read(&k);
        rules *before = kit_rules(&k);
        add_rules(&k, &seed, periods);
        rules *after = kit_rules(&k);
        for (int n = 0; n < QUESTIONS; n++) {
            random_question x;
            policy_answer old[8], new[8];
            make_question(&x, before, &seed);
            if (n % 2)
                aim(&x, &k, &seed, before);
            policy_decide(before, &x.q, &x.c, old);
            policy_decide(after, &x.q, &x.c, new);
            for (size_t i = 0; i < 8; i++) {
                if (old[i].permit) {
                    assert_true(new[i].permit);
                    assert_string_equal(new[i].rule, old[i].rule);
                    assert_int_equal(new[i].obligations &old[i].obligations, old[i].obligations);
                    permitted++;
                } else if (new[i].permit) {
                    assert_memory_equal(new[i].rule, "x-", 2);
                    gained++;
                }
            }
        }
        rules_unref(&before);
        rules_unref(&after);
        kit_close(&k);
    }
    assert_true(permitted > 100);
    assert_true(gained > 100);
}

/* Who may ask for some datum may ask at all; and what refuses the whole question refuses that, by the same
 * name. */
static void to_ask_at_all_follows_from_a_permit(void **state)
{
    (void)state;
    uint64_t seed = 26;
    size_t permitted = 0, refused = 0;
    kit_set k = {0};
    extra_period periods[EXTRA_RULES];
    kit_read(&k);
    add_rules(&k, &seed, periods);
    rules *r = kit_rules(&k);
    for (int n = 0; n < QUESTIONS; n++) {
        random_question x;
        policy_answer a[8];
        make_question(&x, r, &seed);
        if (n % 2)
            aim(&x, &k, &seed, r);
        if (n % 8 == 0)
            x.c.closed = true;
        policy_decide(r, &x.q, &x.c, a);
        policy_answer at_all = policy_may_ask(r, &x.q, &x.c);
        assert_int_equal(!policy_refusal_of(at_all.rule), at_all.permit);
        for (size_t i = 0; i < 8; i++)
            if (a[i].permit)
                assert_true(at_all.permit);
        if (x.c.closed) {
            assert_string_equal(at_all.rule, a[0].rule);
            refused++;
        }
        permitted += at_all.permit;
    }
    assert_true(permitted > 20 && refused > 20);
    rules_unref(&r);
    kit_close(&k);
}

static void no_rule_decides_outside_its_period(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t decided = 0, early = 0, late = 0;
    for (int round = 0; round < 5; round++) {
        kit_set k = {0};
        extra_period periods[EXTRA_RULES];
        kit_read(&k);
        add_rules(&k, &seed, periods);
        rules *r = kit_rules(&k);
        for (int n = 0; n < QUESTIONS; n++) {
            random_question x;
            policy_answer a[8];
            make_question(&x, r, &seed);
            aim(&x, &k, &seed, r);
            policy_decide(r, &x.q, &x.c, a);
            unsigned today = 1 + (unsigned)((x.q.at - day("2026-05-01")) / DAY_MS);
            for (size_t i = 0; i < 8; i++) {
                if (!a[i].permit || strncmp(a[i].rule, "x-", 2) != 0)
                    continue;
                const extra_period *p = &periods[atoi(a[i].rule + 2)];
                assert_true(today >= p->from_day);
                assert_true(p->until_day == 0 || today < p->until_day);
                decided++;
            }
            for (size_t i = 0; i < EXTRA_RULES; i++) {
                early += today < periods[i].from_day;
                late += periods[i].until_day && today >= periods[i].until_day;
            }
        }
        rules_unref(&r);
        kit_close(&k);
    }
    assert_true(decided > 100 && early > 100 && late > 100);
}

/* ---- views and rights */

/* ---- every kind of rule, and its period */

enum { PERMITS, GIVES, ACTS, VIEWS, REUSE, LOOKS, FETCHES, TEMPLATES, LEVELS, KINDS };

/* Of each kind, how many questions some rule decides at this moment. */
static void what_holds(const rules *r, uint64_t at, size_t n[KINDS])
{
    policy_question q = kit_question();
    const case_facts open[] = {kit_case(SLUIS__PHASE__RESEARCH), kit_case(SLUIS__PHASE__COORDINATION),
                               kit_case(SLUIS__PHASE__MEETING)};
    memset(n, 0, KINDS * sizeof *n);
    for (size_t d = 0; d < DOMAINS; d++) {
        for (size_t k = 0; k < CATEGORIES; k++)
            n[GIVES] += policy_domain_gives(r, matrix[d].domain, all[k], at);
        n[LEVELS] += rules_level(r, matrix[d].domain, at) != NULL;
        for (size_t p = 0; p < sizeof every_purpose / sizeof every_purpose[0]; p++)
            n[TEMPLATES] += rules_template_for(r, every_purpose[p], matrix[d].domain, at) != NULL;
    }
    for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++)
        for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
            const char *app = askers[i].application;
            n[PERMITS] += policy_asks(r, app, functions[f], at);
            for (int act = 0; act < ACT_COUNT; act++)
                n[ACTS] += policy_may(r, (application_act)act, app, functions[f], at);
            for (size_t c = 0; c < sizeof open / sizeof open[0]; c++)
                n[VIEWS] += policy_view(r, app, functions[f], &open[c], at) != NULL;
            for (size_t l = 0; l < sizeof kit_laws / sizeof kit_laws[0]; l++)
                n[LOOKS] += policy_look(r, app, functions[f], kit_laws[l], "gecoordineerde-aanpak", &open[0],
                                        at) != NULL;
        }
    for (size_t l = 0; l < sizeof kit_laws / sizeof kit_laws[0]; l++) {
        n[FETCHES] += rules_fetch(r, kit_laws[l], 0, at) != NULL;
        for (size_t a = 0; a < rules_attribute_count(r); a++)
            n[REUSE] += policy_reuses(r, "wmo", kit_laws[l], rules_attribute_at(r, a), at);
    }
    for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++) {
        q.domain = matrix[i].domain;
        q.at = at;
        n[PERMITS] += policy_may_ask(r, &q, &open[0]).permit;
    }
}

/* The shipped set with every period moved to the year 2020. */
static rules *all_in_2020(void)
{
    static const char from[] = "from = \"", moved[] = "from = \"2020-01-01\"; until = \"2021-01-01\"";
    kit_set k = {0};
    kit_read(&k);
    for (size_t i = 0; i < KIT_FILES; i++) {
        char *text = calloc(1, 2u << 20), *out = text;
        assert_non_null(text);
        for (const char *p = k.text[i]; *p;) {
            if (strncmp(p, from, strlen(from)) != 0) {
                *out++ = *p++;
                continue;
            }
            out = stpcpy(out, moved);
            p += strlen(from) + strlen("2026-01-01\"");
        }
        free(k.text[i]);
        k.text[i] = text;
    }
    rules *r = kit_rules(&k);
    kit_close(&k);
    return r;
}

static void nothing_decides_outside_its_period(void **state)
{
    (void)state;
    static const char *const kinds[] = {"permits", "gives",   "acts",      "views", "reuse",
                                        "looks",   "fetches", "templates", "levels"};
    rules *r = all_in_2020();
    const uint64_t first = day("2020-01-01"), over = day("2021-01-01");
    size_t within[KINDS], last[KINDS], before[KINDS], after[KINDS];
    what_holds(r, first, within);
    what_holds(r, over - 1, last);
    what_holds(r, first - 1, before);
    what_holds(r, over, after);
    for (size_t k = 0; k < KINDS; k++)
        if (!within[k] || within[k] != last[k] || before[k] || after[k])
            fail_msg("%s: %zu before, %zu at first, %zu at last, %zu after", kinds[k], before[k], within[k],
                     last[k], after[k]);
    rules_unref(&r);
}

static void two_laws_see_one_case_differently(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    uint64_t at = day("2026-11-24");
    const view *wmo = policy_view(r, "wmo-intake", "consulent", &c, at);
    const view *pw = policy_view(r, "pw-intake", "consulent", &c, at);
    const struct {
        const char *attribute;
        bool wmo, pw;
    } seen[] = {
        {"wgs-totaal-schuldbedrag", true, true},
        {"wgs-traject-startdatum", true, true},
        {"wgs-afloscapaciteit", false, true},
        {"school-diploma-niveau", false, true},
        {"school-verzuim-ongeoorloofd", true, false},
        {"school-ondersteuning-gericht-op", true, false},
        {"jgz-gedrag", true, false},
        {"politie-verdenking", true, false},
        {"pw-uitkering-bedrag", false, true},
        {"bsn", false, false},
    };
    assert_string_equal(wmo->id, "wmo-zicht");
    assert_string_equal(pw->id, "pw-zicht");
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        uint32_t id = rules_attribute_named(r, seen[i].attribute)->id;
        assert_int_equal(view_allows(wmo, id), seen[i].wmo);
        assert_int_equal(view_allows(pw, id), seen[i].pw);
        assert_false(view_allows(NULL, id));
    }
    assert_false(view_allows(wmo, 0));
    assert_false(view_allows(wmo, UINT32_MAX));
    for (size_t i = 1; i < wmo->attribute_count; i++)
        assert_true(wmo->attributes[i - 1] < wmo->attributes[i]);
    for (size_t i = 0; i < wmo->attribute_count; i++)
        assert_true(view_allows(wmo, wmo->attributes[i]));
    rules_unref(&r);
}

static void a_view_needs_an_open_case_in_its_phase(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    kit_replace(&k, "views.conf", "\"wmo-zicht\"", "\"meeting\"]; from = \"2026-01-01\"",
                "\"coordination\"]; from = \"2026-03-01\"; until = \"2026-06-01\"");
    rules *r = kit_rules(&k);
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    uint64_t at = day("2026-05-01");
    assert_non_null(policy_view(r, "wmo-intake", "consulent", &c, at));
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, day("2026-03-01") - 1));
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, day("2026-06-01")));
    assert_null(policy_view(r, "wmo-intake", "client", &c, at));
    assert_null(policy_view(r, "wmo-intake", NULL, &c, at));
    assert_null(policy_view(r, "clientportaal", "client", &c, at));
    assert_null(policy_view(r, "nergens", "consulent", &c, at));
    assert_null(policy_view(r, NULL, "consulent", &c, at));
    assert_null(policy_view(r, "wmo-intake", "consulent", NULL, at));
    assert_string_equal(policy_view(r, "wmo-intake", "teamleider", &c, at)->id, "wmo-zicht-teamleider");
    assert_string_equal(policy_view(r, "bench", "consulent", &c, at)->id, "bench-zicht");
    c.phase = SLUIS__PHASE__MEETING;
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, at));
    c.phase = SLUIS__PHASE__RESEARCH;
    c.closed = true;
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, at));
    rules_unref(&r);
    kit_close(&k);
}

/* As many applications as a set holds, and what the last of them may do: by its law, and by its own name
 * alone. */
#define APPLICATIONS_MAX 1024

static void add_applications(kit_set *k, size_t n)
{
    char *rows = calloc(n, 128), *p = rows;
    assert_non_null(rows);
    for (size_t i = 0; i < n; i++)
        p += sprintf(p, "%s{ id = \"loket-%zu\"; title = \"Loket\"; law = \"wmo\"; oins = [\"%s\"]; }",
                     i ? ",\n" : "", i, kit_oin.s);
    kit_append(k, "applications.conf", rows);
    free(rows);
}

static size_t shipped_applications(void)
{
    kit_set k = {0};
    size_t n = 0;
    kit_read(&k);
    for (const char *p = k.text[kit_index("applications.conf")]; (p = strstr(p, "oins = [")); p++)
        n++;
    kit_close(&k);
    return n;
}

static void a_set_holds_a_thousand_applications(void **state)
{
    (void)state;
    const size_t more = APPLICATIONS_MAX - shipped_applications();
    const case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    policy_question q = kit_question();
    char last[32], one[128], named[128], by_rule[64];
    kit_set k = {0};
    kit_read(&k);
    add_applications(&k, more);
    snprintf(last, sizeof last, "loket-%zu", more - 1);
    q.application = "loket-0";
    rules *r = kit_rules(&k);
    snprintf(by_rule, sizeof by_rule, "%s", kit_ask(r, &q, &c, "school-naam").rule);
    q.application = last;
    assert_true(kit_ask(r, &q, &c, "school-naam").permit);
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, by_rule);
    assert_string_equal(policy_view(r, last, "consulent", &c, q.at)->id, "wmo-zicht");
    assert_true(policy_asks(r, last, "consulent", q.at));
    assert_false(policy_may(r, ACT_OPEN_CASE, last, "consulent", q.at));
    assert_true(policy_may(r, ACT_OPEN_CASE, "wmo-intake", "consulent", q.at));
    assert_null(rules_application(r, "loket-00"));
    for (size_t i = 0; i < more; i++) {
        snprintf(one, sizeof one, "loket-%zu", i);
        assert_string_equal(rules_application(r, one)->id, one);
    }
    rules_unref(&r);

    snprintf(one, sizeof one, "law = \"wmo\"; applications = [\"%s\"]", last);
    kit_replace(&k, "views.conf", "\"wmo-zicht\"", "law = \"wmo\"", one);
    snprintf(one, sizeof one, "\"%s\"", by_rule);
    snprintf(named, sizeof named, "applications = [\"%s\"]", last);
    kit_replace(&k, "rules.conf", one, "laws = [\"wmo\", \"jeugdwet\"]", named);
    r = kit_rules(&k);
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, by_rule);
    q.application = "loket-0";
    assert_string_not_equal(kit_ask(r, &q, &c, "school-naam").rule, by_rule);
    assert_string_equal(policy_view(r, last, "consulent", &c, q.at)->id, "wmo-zicht");
    assert_null(policy_view(r, "loket-0", "consulent", &c, q.at));
    assert_null(policy_view(r, "wmo-intake", "consulent", &c, q.at));
    rules_unref(&r);

    sluis_fail f = {0};
    kit_append(&k, "applications.conf",
               "{ id = \"te-veel\"; title = \"Loket\"; law = \"wmo\"; oins = [\"00000099000000001000\"]; }");
    assert_int_equal(kit_load(&k, &r, &f), SLUIS_INVALID);
    assert_string_equal(
        f.text, "\"applications\" is 1025 elements long; allowed are 1 to 1024: \"applications = (\"");
    kit_close(&k);
}

/* A set may leave out on what basis a source is asked to correct: then nothing is asked so, and what is
 * stopped is. */
static void a_set_without_a_purpose_of_rectification(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    kit_replace(&k, "retention.conf", "\"rectification\"",
                " purpose = \"rectificatie\"; legal_basis = \"avg-16\";", "");
    rules *r = kit_rules(&k), *shipped = kit_shipped();
    policy_question q = kit_question();
    case_facts c = kit_case(SLUIS__PHASE__RESEARCH);
    assert_true(policy_puts_right(shipped, "rectificatie"));
    assert_false(policy_puts_right(r, "rectificatie"));
    assert_false(policy_puts_right(r, ""));
    assert_true(kit_ask(r, &q, &c, "school-naam").permit);
    c.stopped = true;
    assert_string_equal(kit_ask(r, &q, &c, "school-naam").rule, "processing-restricted");
    rules_unref(&shipped);
    rules_unref(&r);
    kit_close(&k);
}

static void rights_and_what_domains_give(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    uint64_t at = day("2026-11-24");
    assert_true(policy_may(r, ACT_OPEN_CASE, "wmo-intake", "consulent", at));
    assert_false(policy_may(r, ACT_OPEN_CASE, "wmo-intake", "teamleider", at));
    assert_false(policy_may(r, ACT_OPEN_CASE, "wmo-intake", "consulent", day("2025-12-31")));
    assert_false(policy_may(r, ACT_OPEN_CASE, "clientportaal", "client", at));
    assert_false(policy_may(r, ACT_OPEN_CASE, NULL, "consulent", at));
    assert_true(policy_may(r, ACT_READ_DOSSIER, "clientportaal", "client", at));
    assert_false(policy_may(r, ACT_READ_DOSSIER, "clientportaal", "consulent", at));
    assert_true(policy_may(r, ACT_READ_DOSSIER, "pw-intake", "regisseur", at));
    assert_false(policy_may(r, ACT_READ_DOSSIER, "nergens", "client", at));

    assert_true(policy_domain_gives(r, "politie", CATEGORY_CRIMINAL, at));
    assert_false(policy_domain_gives(r, "politie", CATEGORY_HEALTH, at));
    assert_false(policy_domain_gives(r, "onderwijs", CATEGORY_FINANCIAL, at));
    assert_false(policy_domain_gives(r, "politie", CATEGORY_CRIMINAL, day("2014-12-31")));
    assert_false(policy_domain_gives(r, "veiligheidshuis", CATEGORY_ORDINARY, day("2024-12-31")));
    assert_false(policy_domain_gives(r, "nergens", CATEGORY_ORDINARY, at));
    assert_false(policy_domain_gives(r, "politie", (category)0, at));
    assert_false(policy_domain_gives(r, "politie", (category)200, at));
    rules_unref(&r);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_law_domain_category_and_phase),
        cmocka_unit_test(every_question_is_decided),
        cmocka_unit_test(an_intake_is_permitted),
        cmocka_unit_test(the_scope_binds),
        cmocka_unit_test(a_municipality_is_handed_cases),
        cmocka_unit_test(a_basis_is_allowed_for_a_datum),
        cmocka_unit_test(each_denial_has_its_name),
        cmocka_unit_test(the_client_sets_the_scope),
        cmocka_unit_test(a_rule_holds_in_its_period),
        cmocka_unit_test(obligations_add_up),
        cmocka_unit_test(a_permit_takes_nothing_away),
        cmocka_unit_test(to_ask_at_all_follows_from_a_permit),
        cmocka_unit_test(no_rule_decides_outside_its_period),
        cmocka_unit_test(nothing_decides_outside_its_period),
        cmocka_unit_test(two_laws_see_one_case_differently),
        cmocka_unit_test(a_view_needs_an_open_case_in_its_phase),
        cmocka_unit_test(a_set_holds_a_thousand_applications),
        cmocka_unit_test(a_set_without_a_purpose_of_rectification),
        cmocka_unit_test(rights_and_what_domains_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
