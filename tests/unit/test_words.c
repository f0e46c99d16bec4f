/* What a caller of the API is told when core refuses: the whole text and its place, for what the HTTP front's
 * own checks never let come this far. */
#include "kit_words.h"

static Sluis__ApiChangeCase *change(room *r, const char *event)
{
    static Sluis__ApiChangeCase c;
    sluis__api_change_case__init(&c);
    c.case_id = data_of(r->case_id.b, ID_LEN);
    c.event = TEXT(event);
    c.motivation = TEXT("nodig");
    c.coordinator = TEXT("gemeente");
    c.level = TEXT("licht");
    call(r, "consulent")->change_case = &c;
    return &c;
}

static void a_change_of_a_case(void **state)
{
    room *r = *state;
    change(r, "verdwijnen");
    no(r, handle_change_case, SLUIS_INVALID, "overgang", "deze overgang bestaat niet");
    change(r, "sluiten")->motivation = r->many;
    no(r, handle_change_case, SLUIS_TOO_BIG, "motivering", "ten hoogste 8000 bytes");
    change(r, "bereik-kiezen");
    no(r, handle_change_case, SLUIS_INVALID, "bereik", "noem het bereik");
    Sluis__ApiChangeCase *c = change(r, "dienst-melden");
    c->service = TEXT("begeleiding");
    c->status = TEXT("started");
    c->party = TEXT("school");
    no(r, handle_change_case, SLUIS_INVALID, "partij", "een OIN heeft 20 tekens");
    c = change(r, "dienst-melden");
    c->service = TEXT("begeleiding");
    c->status = TEXT("vergeten");
    no(r, handle_change_case, SLUIS_INVALID, "status",
       "schrijf gepland, gestart, geleverd, gestopt of afgewezen");
    c = change(r, "bsn-koppelen");
    c->member = 1;
    c->bsn = TEXT("999990018");
    no(r, handle_change_case, SLUIS_INVALID, "bsn", "een BSN heeft negen cijfers die de elfproef doorstaan");
}

static void coordinate(room *r)
{
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->phase = TEXT("coordination");
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

static void a_coordinator(void **state)
{
    room *r = *state;
    coordinate(r);
    change(r, "coordinator-aanwijzen")->coordinator = TEXT("buurvrouw");
    no(r, handle_change_case, SLUIS_INVALID, "coordinator.wie", "schrijf gemeente, extern of client");
    change(r, "coordinator-aanwijzen")->level = TEXT("half");
    no(r, handle_change_case, SLUIS_INVALID, "coordinator.niveau", "schrijf licht of zwaar");
    change(r, "coordinator-aanwijzen")->coordinator = TEXT("extern");
    no(r, handle_change_case, SLUIS_INVALID, "coordinator.partij", "noem de partij die coördineert");
    change(r, "coordinator-aanwijzen")->party = TEXT(OIN_SCHL);
    no(r, handle_change_case, SLUIS_INVALID, "coordinator.partij",
       "alleen bij een externe coördinator hoort een partij");
    change(r, "coordinator-aanwijzen")->coordinator = TEXT("client");
    no(r, handle_change_case, SLUIS_CONFLICT, "coordinator.verantwoord",
       "de cliënt coördineert alleen wanneer is beoordeeld dat dit verantwoord is");
}

static void an_opened_case(void **state)
{
    room *r = *state;
    Sluis__ApiMember m = SLUIS__API_MEMBER__INIT, *members[] = {&m, &m};
    Sluis__ApiOpenCase o = SLUIS__API_OPEN_CASE__INIT;
    char *laws[] = {TEXT("wmo")};
    o.members = members;
    o.n_members = 1;
    o.scope_laws = laws;
    o.n_scope_laws = 1;
    o.reason = TEXT("vraag om hulp");
    m.bsn = TEXT("999990018");
    m.role = TEXT("client");
    o.kind = TEXT("gezin");
    call(r, "consulent")->open_case = &o;
    no(r, handle_open_case, SLUIS_INVALID, "soort", "schrijf \"client\" of \"huishouden\"");
    o.kind = TEXT("client");
    o.n_members = 2;
    call(r, "consulent")->open_case = &o;
    no(r, handle_open_case, SLUIS_INVALID, "leden", "een cliënt is één persoon, een huishouden 1 tot 32");
    o.n_members = 1;
    call(r, "consulent")->open_case = &o;
    no(r, handle_open_case, SLUIS_INVALID, "leden.bsn",
       "lid 1: een BSN heeft negen cijfers die de elfproef doorstaan");
    m.bsn = TEXT(r->h.person);
    m.role = TEXT("Cliënt");
    call(r, "consulent")->open_case = &o;
    no(r, handle_open_case, SLUIS_INVALID, "leden.rol", "lid 1: een naam is nodig");
}

static Sluis__ApiNoteExchange *note(room *r)
{
    static Sluis__ApiNoteExchange n;
    static Sluis__ApiExchange x;
    static char *attributes[] = {TEXT("school-naam")};
    sluis__api_note_exchange__init(&n);
    sluis__api_exchange__init(&x);
    n.case_id = data_of(r->case_id.b, ID_LEN);
    n.member = 1;
    n.exchange = &x;
    n.attributes = attributes;
    n.n_attributes = 1;
    n.purpose = TEXT("onderzoek-meervoudige-problematiek");
    n.legal_basis = TEXT("wams-5.4.1");
    n.motivation = TEXT("nodig");
    x.channel = TEXT("phone");
    x.with = TEXT("de mentor");
    x.happened = HOUSE_MS - DAY_MS;
    call(r, "consulent")->note_exchange = &n;
    return &n;
}

static void a_note_in_the_dossier(void **state)
{
    room *r = *state;
    char *lots[100], *odd[] = {TEXT("geheim")};
    for (size_t i = 0; i < 100; i++)
        lots[i] = TEXT("school-naam");
    note(r)->exchange->channel = TEXT("fluisteren");
    no(r, handle_note_exchange, SLUIS_INVALID, "wijze",
       "schrijf mondeling, telefoon, beveiligde-mail, post of anders");
    note(r)->exchange->with = r->many;
    no(r, handle_note_exchange, SLUIS_INVALID, "met", "schrijf met wie, in ten hoogste 200 bytes");
    Sluis__ApiNoteExchange *n = note(r);
    n->attributes = lots;
    n->n_attributes = 100;
    no(r, handle_note_exchange, SLUIS_TOO_BIG, "attributen", "noem er ten hoogste 64");
    note(r)->legal_basis = TEXT("wams-9.9.9");
    no(r, handle_note_exchange, SLUIS_INVALID, "grondslag", "noem een grondslag uit de regels");
    n = note(r);
    n->exchange->categories = odd;
    n->exchange->n_categories = 1;
    no(r, handle_note_exchange, SLUIS_INVALID, "categorieen", "nummer 1 is geen categorie");
}

static void rights(void **state)
{
    room *r = *state;
    Sluis__ApiFileRights q = SLUIS__API_FILE_RIGHTS__INIT;
    char *lots[ATTRIBUTES_MAX + 1];
    uint8_t half[8] = {1};
    for (size_t i = 0; i < ATTRIBUTES_MAX + 1; i++)
        lots[i] = TEXT("school-naam");
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = 1;
    q.text = TEXT("graag");
    q.kind = TEXT("vergeten");
    call(r, "consulent")->file_rights = &q;
    no(r, handle_file_rights, SLUIS_INVALID, "soort",
       "schrijf inzage, verwijdering, beperking, bezwaar of rectificatie");
    q.kind = TEXT("restriction");
    q.attributes = lots;
    q.n_attributes = ATTRIBUTES_MAX + 1;
    call(r, "consulent")->file_rights = &q;
    no(r, handle_file_rights, SLUIS_TOO_BIG, "attributen", "ten hoogste 64 namen");
    q.kind = TEXT("rectification");
    q.n_attributes = 1;
    q.value = TEXT("Anders");
    q.instance = data_of(half, sizeof half);
    call(r, "consulent")->file_rights = &q;
    no(r, handle_file_rights, SLUIS_INVALID, "voorkomen", "zoals het bij het gegeven staat, of weggelaten");
}

/* What is asked of a party for a call: whether it knows somebody, the standard question, a source's word. */
static void questions(void **state)
{
    room *r = *state;
    Sluis__ApiAskKnown k = SLUIS__API_ASK_KNOWN__INIT;
    Sluis__ApiAskInterventions i = SLUIS__API_ASK_INTERVENTIONS__INIT;
    Sluis__ApiChangeRequest c = SLUIS__API_CHANGE_REQUEST__INIT;
    Sluis__ApiResolve s = SLUIS__API_RESOLVE__INIT;
    k.case_id = i.case_id = s.case_id = data_of(r->case_id.b, ID_LEN);
    k.member = i.member = s.member = 1;
    k.motivation = i.motivation = s.motivation = TEXT("nodig");
    k.party = TEXT("school");
    call(r, "consulent")->ask_known = &k;
    no(r, handle_ask_known, SLUIS_INVALID, "doel", "noem een doel en een grondslag uit de regels");
    i.problem = TEXT("schulden");
    call(r, "schoonmaker")->ask_interventions = &i;
    no(r, handle_ask_interventions, SLUIS_FORBIDDEN, "token.functie",
       "geen geldende regel laat deze functie interventies-vragen");
    s.decision = TEXT("weten");
    call(r, "consulent")->resolve = &s;
    no(r, handle_resolve, SLUIS_INVALID, "besluit", "schrijf overnemen, behouden of navragen");
    c.event = TEXT("vergeten");
    call(r, "consulent")->change_request = &c;
    no(r, handle_change_request, SLUIS_INVALID, "op", "deze gateway kent de handeling niet");
}

static Sluis__ApiHandOver *hand_over(room *r)
{
    static Sluis__ApiHandOver h;
    static uint32_t one[] = {1};
    sluis__api_hand_over__init(&h);
    h.case_id = data_of(r->case_id.b, ID_LEN);
    h.party = TEXT(r->town.oin.s);
    h.members = one;
    h.n_members = 1;
    h.motivation = TEXT("verhuisd");
    call(r, "regisseur")->hand_over = &h;
    return &h;
}

static void a_case_handed_over(void **state)
{
    room *r = *state;
    char *twice[] = {TEXT("school-naam"), TEXT("school-naam")}, *lots[ATTRIBUTES_MAX + 1];
    for (size_t i = 0; i < ATTRIBUTES_MAX + 1; i++)
        lots[i] = twice[0];
    hand_over(r)->motivation = r->many;
    no(r, handle_hand_over, SLUIS_TOO_BIG, "motivering", "ten hoogste 8000 bytes");
    hand_over(r)->party = TEXT("gemeente");
    no(r, handle_hand_over, SLUIS_INVALID, "gemeente", "een OIN heeft 20 tekens");
    hand_over(r)->n_members = 0;
    no(r, handle_hand_over, SLUIS_INVALID, "leden", "noem de leden die overgaan");
    Sluis__ApiHandOver *h = hand_over(r);
    h->attributes = twice;
    h->n_attributes = 2;
    no(r, handle_hand_over, SLUIS_INVALID, "attributen", "een gegeven is twee keer genoemd");
    h = hand_over(r);
    h->attributes = lots;
    h->n_attributes = ATTRIBUTES_MAX + 1;
    no(r, handle_hand_over, SLUIS_TOO_BIG, "attributen", "ten hoogste 64 gegevens");
}

/* ---- what one case or person has room for ---- */

static void room_in_a_case(void **state)
{
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT, other = SLUIS__CASE_ROW__INIT;
    Sluis__MemberRow m = SLUIS__MEMBER_ROW__INIT, *members[] = {&m};
    Sluis__EmergencyRow glass = SLUIS__EMERGENCY_ROW__INIT;
    Sluis__LookRow look = SLUIS__LOOK_ROW__INIT, *looks[CASE_LOOKS_MAX];
    Sluis__ServiceRow service = SLUIS__SERVICE_ROW__INIT, *services[CASE_SERVICES_MAX];
    sluis_fail f = {0};
    uint32_t at, many[CASE_MEMBERS_MAX] = {0};
    arena *a = arena_new(MiB);
    (void)state;
    row.n_emergencies = CASE_EMERGENCIES_MAX;
    assert_int_equal(case_glass_break(&row, &glass, a, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "ten hoogste 64 keer noodinzage in één zaak");
    for (size_t i = 0; i < CASE_LOOKS_MAX; i++)
        looks[i] = &look; /* all of them wait */
    row.looks = looks;
    row.n_looks = CASE_LOOKS_MAX;
    fail_clear(&f);
    assert_int_equal(case_look_ask(&row, &look, 1, a, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text,
                        "ten hoogste 64 keer inzage bij een collega tegelijk in één zaak: beëindig er een");
    service.service = service.party = TEXT("a");
    service.status = TEXT("gestart");
    service.planned = 1;
    Sluis__ServiceRow new = service;
    new.service = TEXT("b");
    for (size_t i = 0; i < CASE_SERVICES_MAX; i++)
        services[i] = &service;
    row.services = services;
    row.n_services = CASE_SERVICES_MAX;
    fail_clear(&f);
    assert_int_equal(case_service_report(&row, &new, true, a, &at, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "ten hoogste 64 diensten in een zaak");
    new.status = TEXT("started");
    fail_clear(&f);
    assert_int_equal(case_service_report(&row, &new, false, a, &at, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "at most 64 services of one case");
    new.planned = 0;
    fail_clear(&f);
    assert_int_equal(case_service_report(&row, &new, false, a, &at, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "say when the service is to be delivered");
    new.status = TEXT("declined");
    fail_clear(&f);
    assert_int_equal(case_service_report(&row, &new, false, a, &at, &f), SLUIS_CONFLICT);
    assert_string_equal(f.text, "this service was not applied for here");
    new.service = TEXT("Not a name");
    fail_clear(&f);
    assert_int_equal(case_service_report(&row, &new, false, a, &at, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    m.member = 1;
    row.members = members;
    row.n_members = 1;
    fail_clear(&f);
    assert_int_equal(case_check_seen_by(&row, 1, many, CASE_MEMBERS_MAX, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "ten hoogste 31 leden");
    row.phase = other.phase = TEXT("research");
    row.n_joined = CASE_JOINED_MAX;
    fail_clear(&f);
    assert_int_equal(case_join_check(&row, &other, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "ten hoogste 16 zaken gaan in één zaak op");
    arena_free(&a);
}

/* Of what a client asks: how many, and what may become of one. */
static void what_a_client_asks(void **state)
{
    room *r = *state;
    Sluis__ApiFileRights q = SLUIS__API_FILE_RIGHTS__INIT;
    Sluis__ApiDecideRights d = SLUIS__API_DECIDE_RIGHTS__INIT;
    turn t = house_begin(&r->h, HOUSE_MS - 2 * DAY_MS, MiB);
    uuid tx = people_right(&t, &r->person, &r->case_id, "access", "received"); /* due a day ago */
    house_commit(&r->h, &t);
    d.case_id = q.case_id = data_of(r->case_id.b, ID_LEN);
    d.member = q.member = 1;
    d.transaction = data_of(tx.b, UUID_LEN);
    d.motivation = q.text = TEXT("daarom");
    d.event = TEXT("vergeten");
    call(r, "privacyfunctionaris")->decide_rights = &d;
    no(r, handle_decide_rights, SLUIS_INVALID, "overgang",
       "schrijf verlengen, toewijzen, weigeren of afronden");
    d.event = TEXT("extend");
    call(r, "privacyfunctionaris")->decide_rights = &d;
    no(r, handle_decide_rights, SLUIS_CONFLICT, "overgang",
       "verlengen kan alleen binnen de eerste termijn: besluit nu");
    t = house_begin(&r->h, HOUSE_MS, MiB);
    for (size_t i = 1; i < RIGHTS_MAX; i++)
        people_right(&t, &r->person, &r->case_id, "access", "refused");
    house_commit(&r->h, &t);
    q.kind = TEXT("access");
    call(r, "consulent")->file_rights = &q;
    no(r, handle_file_rights, SLUIS_FULL, "soort",
       "er zijn al 80 AVG-verzoeken van deze persoon, meer houdt de gateway niet bij");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_of_a_case, setup, teardown),
        cmocka_unit_test_setup_teardown(a_coordinator, setup, teardown),
        cmocka_unit_test_setup_teardown(an_opened_case, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_in_the_dossier, setup, teardown),
        cmocka_unit_test_setup_teardown(rights, setup, teardown),
        cmocka_unit_test_setup_teardown(questions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_handed_over, setup, teardown),
        cmocka_unit_test(room_in_a_case),
        cmocka_unit_test_setup_teardown(what_a_client_asks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
