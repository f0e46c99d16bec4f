/* What a caller of the API is told when core refuses: the whole text and its place, for what the HTTP front's
 * own checks never let come this far. */
#include "kit_rules.h"
#include "kit_words.h"

#include "cases/handover.h"
#include "cases/restriction.h"
#include "core/agreed.h"
#include "flow/explain.h"

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
    m.role = TEXT("client");
    r->h.settings.person_cases = 1;
    call(r, "consulent")->open_case = &o;
    no(r, handle_open_case, SLUIS_CONFLICT, "leden",
       "lid 1 is al lid van 1 zaken: ga verder in een daarvan, of laat de beheerder die grens verhogen "
       "(limits.person_cases)");
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
    k.purpose = TEXT("geen-doel");
    k.legal_basis = TEXT("wams-5.4.1");
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
    h.purpose = TEXT("overdracht");
    h.legal_basis = TEXT("wams-5.4.4");
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

/* A list of names to ask about, which already holds all there may be. */
static void joined_and_widened(void **state)
{
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT, other = SLUIS__CASE_ROW__INIT;
    Sluis__ServiceRow service[CASE_SERVICES_MAX + 1], *here[CASE_SERVICES_MAX], *there[1];
    Sluis__ScopeRow more = SLUIS__SCOPE_ROW__INIT;
    Sluis__OfferRow offer = SLUIS__OFFER_ROW__INIT;
    Sluis__Core *core = NULL;
    Sluis__CaseHandoverBody *body = NULL;
    char names[CASE_SERVICES_MAX + 1][12], *all[CASE_SCOPE_MAX], *one_more[1];
    sluis_fail f = {0};
    arena *a = arena_new(MiB);
    (void)state;
    for (size_t i = 0; i <= CASE_SERVICES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "naam-%zu", i);
        sluis__service_row__init(&service[i]);
        service[i].service = names[i];
        service[i].party = TEXT(OIN_SCHL);
        service[i].status = TEXT("started");
        if (i < CASE_SERVICES_MAX)
            here[i] = &service[i];
        if (i < CASE_SCOPE_MAX)
            all[i] = names[i];
    }
    there[0] = &service[CASE_SERVICES_MAX];
    row.services = here;
    row.n_services = CASE_SERVICES_MAX;
    other.services = there;
    other.n_services = 1;
    assert_int_equal(case_join(&row, &other, HOUSE_MS, a, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "samen ten hoogste 64 diensten");
    row.scope_laws = all;
    row.n_scope_laws = CASE_SCOPE_MAX;
    one_more[0] = names[CASE_SCOPE_MAX];
    more.laws = one_more;
    more.n_laws = 1;
    fail_clear(&f);
    assert_int_equal(case_scope_widen(&row, &more, a, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "samen met wat er al in staat ten hoogste 16");
    offer.state = TEXT(HANDOVER_RECEIVED);
    offer.expires = HOUSE_MS - 1;
    fail_clear(&f);
    assert_int_equal(offer_open(&offer, &kit_oin, NULL, HOUSE_MS, a, &core, &body, &f), SLUIS_CONFLICT);
    assert_string_equal(f.text, "verlopen: de andere gemeente moet de zaak opnieuw aanbieden");
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

/* ---- what was true for the reader and is not any more for core ---- */

static Sluis__ApiFileRequest *known_already(room *r, api_request *k)
{
    static Sluis__ApiFileRequest q;
    sluis__api_file_request__init(&q);
    q.motivation = TEXT("nodig");
    *k = (api_request){.case_id = r->case_id, .member = 1, .sid = r->person.sid, .known_count = 1};
    k->known[0] = rules_attribute_named(r->h.p.first_rules, "school-naam")->id;
    call(r, "consulent")->file_request = &q;
    r->j->request = k;
    return &q;
}

static void what_has_changed_since(void **state)
{
    room *r = *state;
    api_request k;
    known_already(r, &k)->motivation = TEXT(" . ");
    no(r, handle_known, SLUIS_NO_MOTIVATION, "motivering",
       "schrijf waarom deze gegevens voor deze zaak nodig zijn");
    known_already(r, &k);
    no(r, handle_known, SLUIS_CONFLICT, "attributen",
       "het register is intussen veranderd: stuur het verzoek opnieuw");
    call(r, "consulent");
    r->j->read = (read_decision){.case_id = r->case_id, .case_version = 99};
    no(r, handle_read, SLUIS_CONFLICT, "zaakId", "de zaak is intussen veranderd: lees die opnieuw");
}

/* A party that left the directory, and a covenant that has not begun, as people read of them. */
static void who_takes_part(void **state)
{
    room *r = *state;
    actor late;
    Sluis__AgreementFact fact;
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    sluis_fail f = {0};
    const kit_agreement k = {.covenant = "later",
                             .version = 3,
                             .purposes = AGREED_ALL_PURPOSES,
                             .gives = AGREED_ALL_CATEGORIES,
                             .asks = AGREED_ALL_CATEGORIES,
                             .attributes = "",
                             .from = day("2096-03-01"),
                             .until = day("2097-01-01")};
    actor_init(&late, "00000099000000006400", 9);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    house_enrol(&r->h, t.t, &late, "Jeugdhulp Later", "jeugdwet");
    kit_agreement_fact(&fact, t.arena, &k, &late.oin, &r->h.settings.oin, &late.sign, &r->h.p.directory);
    assert_int_equal(agreements_put(t.t, &fact, &r->h.p.directory, NULL), SLUIS_OK);
    assert_int_equal(party_renew_directory(&t, &f), SLUIS_OK);
    assert_int_equal(agreed_purpose(&t, directory_find(t.dir, &late.oin), "jeugdhulp", &f),
                     SLUIS_AGREEMENT_NOT_IN_FORCE);
    assert_string_equal(f.where, "partij");
    assert_string_equal(
        f.text, "Convenant later, versie 3, met Jeugdhulp Later geldt van 2096-03-01 tot 2097-01-01.");
    row.party = TEXT("00000099000000007777");
    row.purpose = TEXT("jeugdhulp");
    call(r, "consulent");
    fail_clear(&f);
    assert_int_equal(agreed_about(&t, r->j, &row, &f), SLUIS_UNKNOWN_PARTY);
    assert_string_equal(f.text, "Deze partij is niet meer aangesloten.");
    house_abort(&r->h, &t);
    job_free(&r->j);
    actor_close(&late);
}

/* ---- how much there may be ---- */

static void see_directory(room *r, turn *t)
{
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t->t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
}

static void agree_to_hand_over(room *r)
{
    Sluis__AgreementFact fact;
    const kit_agreement k = {.covenant = "overdracht",
                             .version = 1,
                             .purposes = "overdracht",
                             .gives = AGREED_ALL_CATEGORIES,
                             .asks = AGREED_ALL_CATEGORIES,
                             .attributes = "",
                             .from = HOUSE_MS - DAY_MS,
                             .until = HOUSE_MS + DAY_MS};
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    kit_agreement_fact(&fact, t.arena, &k, &r->town.oin, &r->h.settings.oin, &r->town.sign,
                       &r->h.p.directory);
    assert_int_equal(agreements_put(t.t, &fact, &r->h.p.directory, NULL), SLUIS_OK);
    see_directory(r, &t);
    house_commit(&r->h, &t);
}

/* The person's number, and so many values of one attribute. */
static void register_many(room *r, const char *name, size_t n, const char *value)
{
    const attribute *a = rules_attribute_named(r->h.p.first_rules, name);
    turn t = house_begin(&r->h, HOUSE_MS, 4 * MiB);
    people_datum(&t, &r->person, ATTRIBUTE_BSN, r->h.person, t.now - DAY_MS);
    for (size_t i = 0; i < n; i++) {
        const id16 instance = id_random();
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        datum_outcome outcome;
        uint64_t version;
        d.value = TEXT(value);
        d.source = TEXT(OIN_GEM);
        d.category = a->category;
        d.obtained = d.registered = t.now - DAY_MS;
        d.journal_index = journal_size(t.journal);
        assert_int_equal(
            registry_put(t.p->registry, t.t, &r->person, a->id, &instance, &d, &outcome, &version, NULL),
            SLUIS_OK);
    }
    house_commit(&r->h, &t);
}

static void more_than_can_be_handed_over(void **state)
{
    room *r = *state;
    char *attributes[] = {TEXT("school-eindtoets-advies")};
    char *value = r->many + sizeof(r->many) - 1 - 4000;
    r->h.settings.handover_s = 3600;
    agree_to_hand_over(r);
    register_many(r, attributes[0], 100, value);
    Sluis__ApiHandOver *h = hand_over(r);
    h->attributes = attributes;
    h->n_attributes = 1;
    no(r, handle_hand_over, SLUIS_TOO_BIG, "attributen",
       "te veel voor één bericht: draag minder leden of gegevens tegelijk over");
    register_many(r, attributes[0], 925, "advies");
    h = hand_over(r);
    h->attributes = attributes;
    h->n_attributes = 1;
    no(r, handle_hand_over, SLUIS_TOO_BIG, "attributen",
       "meer dan 1024 gegevens van één lid: kies er minder");
}

static void more_parties_than_one_call_asks(void **state)
{
    room *r = *state;
    Sluis__ApiAskInterventions i = SLUIS__API_ASK_INTERVENTIONS__INIT;
    register_many(r, "school-naam", 0, "");
    turn t = house_begin(&r->h, HOUSE_MS, 4 * MiB);
    for (uint8_t n = 0; n < 17; n++) {
        char name[OIN_LEN + 1];
        actor a;
        snprintf(name, sizeof name, "000000990000000081%02u", n);
        actor_init(&a, name, (uint8_t)(100 + n));
        house_enrol(&r->h, t.t, &a, "Wmo-loket", "wmo");
        house_agree(&r->h, t.t, &a);
        actor_close(&a);
    }
    see_directory(r, &t);
    house_commit(&r->h, &t);
    i.case_id = data_of(r->case_id.b, ID_LEN);
    i.member = 1;
    i.motivation = TEXT("nodig");
    i.problem = TEXT("schulden");
    i.purpose = TEXT("onderzoek-meervoudige-problematiek");
    i.legal_basis = TEXT("wams-5.4.1");
    call(r, "consulent")->ask_interventions = &i;
    no(r, handle_ask_interventions, SLUIS_TOO_BIG, "partijen",
       "meer dan 16 partijen: kies partijen in het bereik");
}

static void more_restrictions_than_a_dossier_holds(void **state)
{
    room *r = *state;
    Sluis__ApiRestrictEntry q = SLUIS__API_RESTRICT_ENTRY__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    people_note(&t, &r->person, &r->case_id);
    q.entry = t.entry.index;
    for (uint64_t i = 0; i < RESTRICTIONS_MAX; i++) {
        Sluis__RestrictionRow x = SLUIS__RESTRICTION_ROW__INIT;
        uint8_t key[ID_LEN + 8];
        x.journal_index = 100000 + i;
        x.entry = 200000 + i;
        restriction_key(key, &r->person.sid, x.journal_index);
        assert_int_equal(turn_put_sealed(&t, &r->person, TABLE_RESTRICTION, BYTES_OF(key), &x.base),
                         SLUIS_OK);
    }
    house_commit(&r->h, &t);
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = 1;
    q.reason = TEXT("schaadt");
    q.review = HOUSE_MS + DAY_MS;
    call(r, "regisseur")->restrict_entry = &q;
    no(r, handle_restrict_entry, SLUIS_FULL, "journaalnummer",
       "in één dossier gelden ten hoogste 256 beperkingen");
}

/* Offers are opened to see who is in them. */
static void more_offers_than_are_looked_into(void **state)
{
    room *r = *state;
    register_many(r, "school-naam", 0, "");
    turn t = house_begin(&r->h, HOUSE_MS, 4 * MiB);
    for (uint32_t i = 0; i < 257; i++) {
        Sluis__OfferRow row = SLUIS__OFFER_ROW__INIT;
        uuid tx = uuid_new(t.now);
        row.state = TEXT(HANDOVER_RECEIVED);
        row.expires = 1; /* over: it says nothing of anybody */
        assert_int_equal(rows_put(t.t, t.p->rows, TABLE_OFFER, BYTES_OF(tx.b), &row.base), SLUIS_OK);
    }
    Sluis__CaseRow *c = NULL;
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &c), SLUIS_OK);
    c->phase = TEXT("closed");
    c->ended = t.now;
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, c), SLUIS_OK);
    house_commit(&r->h, &t);
    job_free(&r->j);
    r->j = job_new(JOB_PARTY, (bytes){NULL, 0});
    snprintf(r->j->person, sizeof r->j->person, "%s", r->h.person);
    r->j->by = TEXT("anna");
    r->j->reason = TEXT("verzoek");
    no(r, handle_forget, SLUIS_TOO_BIG, "subject",
       "more than 256 offers of other municipalities wait: decide some first");
}

/* ---- who is being forgotten ---- */

static void begin_to_forget(room *r, const char *bsn)
{
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    subject s = house_subject(&r->h, t.t, bsn);
    assert_int_equal(registry_forget(r->h.p.registry, t.t, &s.sid, t.now), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
}

static void being_forgotten(void **state)
{
    room *r = *state;
    begin_to_forget(r, "999990032");
    Sluis__ApiChangeCase *c = change(r, "bsn-koppelen");
    c->member = 1;
    c->bsn = TEXT("999990032");
    no(r, handle_change_case, SLUIS_CONFLICT, "bsn",
       "deze persoon wordt op dit moment vergeten: probeer het daarna opnieuw");
    agree_to_hand_over(r);
    begin_to_forget(r, r->h.person);
    hand_over(r);
    no(r, handle_hand_over, SLUIS_CONFLICT, "leden", "lid 1 is vergeten");
}

/* ---- an offer that cannot be taken over ---- */

static uint32_t number_of(const room *r, const char *name)
{
    return rules_attribute_named(r->h.p.first_rules, name)->id;
}

/* From that town, about this person, with so many instances of a datum, sealed to this key of ours; its
 * transaction. */
static uuid an_offer(room *r, const char *bsn, size_t instances, const seal_to *ours)
{
    static uint32_t asked;
    static uint8_t instance[3][ID_LEN] = {{1}, {2}, {3}};
    Sluis__HandoverDatum x[3], *data[3];
    Sluis__CaseHandoverBody b = SLUIS__CASE_HANDOVER_BODY__INIT;
    Sluis__HandoverMember m = SLUIS__HANDOVER_MEMBER__INIT, *members[] = {&m};
    Sluis__OfferRow row = SLUIS__OFFER_ROW__INIT;
    char *laws[] = {TEXT("wmo")};
    buffer plain;
    draft d;
    parcel p;
    m.member = 1;
    m.bsn = TEXT(bsn);
    m.role = TEXT("client");
    for (size_t i = 0; i < instances; i++) {
        sluis__handover_datum__init(data[i] = &x[i]);
        x[i].name = TEXT("school-naam");
        x[i].instance = data_of(instance[i], ID_LEN);
        x[i].value = TEXT("De Regenboog");
        x[i].source = TEXT(OIN_SCHL);
        x[i].legal_basis = TEXT("wams-5.4.4");
        x[i].obtained = T0;
        x[i].laws = laws;
        x[i].n_laws = 1;
    }
    m.data = data;
    m.n_data = instances;
    asked = number_of(r, "school-naam");
    b.kind = TEXT("client");
    b.motivation = TEXT("verhuisd");
    b.laws = laws;
    b.n_laws = 1;
    b.members = members;
    b.n_members = 1;
    buffer_init(&plain, MiB);
    assert_int_equal(wire_pack(&plain, &b.base), SLUIS_OK);
    draft_init(&d);
    parcel_init(&p);
    d.core.kind = SLUIS__KIND__CASE_HANDOVER;
    d.core.purpose = TEXT("overdracht");
    d.core.legal_basis = TEXT("wams-5.4.4");
    d.core.attributes = &asked;
    d.core.n_attributes = instances ? 1 : 0;
    assert_int_equal(envelope_seal(&d.core, &r->town.oin, &r->town.sign, r->town.epoch, ours, 1,
                                   buffer_bytes(&plain), T0, &p.header, &p.body, p.mh),
                     SLUIS_OK);
    parcel_sign(&p, &r->town);
    row.state = TEXT(HANDOVER_RECEIVED);
    row.from = TEXT(r->town.oin.s);
    row.expires = row.ends = HOUSE_MS + DAY_MS;
    row.envelope = data_of(p.out.p, p.out.n);
    row.message_hash = data_of(p.mh, HASH_LEN);
    row.case_there = data_of(d.case_id.b, ID_LEN);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(rows_put(t.t, t.p->rows, TABLE_OFFER, BYTES_OF(d.transaction.b), &row.base), SLUIS_OK);
    house_commit(&r->h, &t);
    parcel_close(&p);
    buffer_close(&plain);
    return d.transaction;
}

/* Three instances of one datum, of who has one of them and another here, and of who is new: one more than may
 * be is refused. */
static void as_many_as_may_be(room *r, const seal_to *ours, Sluis__ApiDecideOffer *q)
{
    static const id16 here[] = {{{1}}, {{9}}};
    char text[256];
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    for (size_t i = 0; i < 2; i++)
        people_said_of(&t, &r->person, OIN_SCHL, number_of(r, "school-naam"), &here[i], "De Wilg", T0);
    house_commit(&r->h, &t);
    for (uint32_t known = 0; known < 2; known++) {
        const uuid tx = an_offer(r, known ? r->h.person : "999990044", 3, ours);
        sluis_fail f = {0};
        q->transaction = data_of(tx.b, UUID_LEN);
        r->h.settings.instances = 2 + known;
        snprintf(
            text, sizeof(text),
            "lid 1: van één persoon worden ten hoogste %u voorkomens van school-naam geregistreerd: laat "
            "de beheerder die grens verhogen (limits.instances), of wijs de zaak af",
            2 + known);
        call(r, "regisseur")->decide_offer = q;
        no(r, handle_decide_offer, SLUIS_CONFLICT, "overdracht", text);
        r->h.settings.instances = 3 + known;
        call(r, "regisseur")->decide_offer = q;
        t = house_begin(&r->h, HOUSE_MS, 8 * MiB);
        if (handle_decide_offer(&t, r->j, &f))
            fail_msg("%s: %s", f.where, f.text);
        house_abort(&r->h, &t);
        job_free(&r->j);
    }
}

static void an_offer_that_cannot_be_taken_over(void **state)
{
    room *r = *state;
    const keypair *ours = seal_ring_current(r->h.p.seals);
    seal_to to = to_actor(&r->h.school); /* a key that we have not */
    Sluis__ApiDecideOffer q = SLUIS__API_DECIDE_OFFER__INIT;
    to.oin = r->h.gem.oin;
    agree_to_hand_over(r);
    uuid tx = an_offer(r, r->h.person, 0, &to);
    q.transaction = data_of(tx.b, UUID_LEN);
    q.accept = true;
    q.motivation = TEXT("daarom");
    call(r, "regisseur")->decide_offer = &q;
    no(r, handle_decide_offer, SLUIS_KEY_NOT_VALID, "overdracht",
       "de sleutel waarmee dit is verzegeld bestaat niet meer: laat het opnieuw aanbieden");
    to.seal_id = ours->id;
    memcpy(to.seal_pk, ours->pk, PK_LEN);
    tx = an_offer(r, "999990032", 0, &to);
    begin_to_forget(r, "999990032");
    call(r, "regisseur")->decide_offer = &q;
    no(r, handle_decide_offer, SLUIS_CONFLICT, "overdracht",
       "lid 1 wordt op dit moment vergeten: besluit daarna");
    as_many_as_may_be(r, &to, &q);
}

/* ---- rules that leave something out ---- */

static rules *shipped_with(const char *after, const char *find, const char *by)
{
    kit_set k = {0};
    kit_read(&k);
    kit_replace(&k, "retention.conf", after, find, by);
    rules *r = kit_rules(&k);
    kit_close(&k);
    return r;
}

static void put_rules(room *r, rules *next)
{
    rules_unref(&r->h.p.first_rules);
    r->h.p.first_rules = next;
}

/* As it is before somebody decides. */
static void rectification_waits(turn *t, const room *r, const uint8_t key[static RIGHTS_KEY])
{
    ProtobufCMessage *m = NULL;
    bytes sealed;
    assert_int_equal(store_get(t->t, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), &sealed), SLUIS_OK);
    assert_int_equal(row_open(t->p->registry, t->t, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), sealed, t->arena,
                              &sluis__rights_row__descriptor, &m, NULL),
                     SLUIS_OK);
    ((Sluis__RightsRow *)m)->state = TEXT("received");
    ((Sluis__RightsRow *)m)->asked = (ProtobufCBinaryData){0};
    ((Sluis__RightsRow *)m)->due = t->now + DAY_MS;
    assert_int_equal(turn_put_sealed(t, &r->person, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), m), SLUIS_OK);
}

static void rights_without(void **state)
{
    room *r = *state;
    static const char access[] =
        "{ kind = \"access\"; title = \"Inzage in mijn gegevens\"; article = \"AVG art. 15 en 12 lid 3\"; "
        "months = 1; extend_months = 2; remind_days = 7; },";
    Sluis__ApiFileRights q = SLUIS__API_FILE_RIGHTS__INIT;
    Sluis__ApiDecideRights d = SLUIS__API_DECIDE_RIGHTS__INIT;
    put_rules(r, shipped_with("rights", access, ""));
    q.case_id = d.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = d.member = 1;
    q.text = d.motivation = TEXT("graag");
    q.kind = TEXT("access");
    call(r, "consulent")->file_rights = &q;
    no(r, handle_file_rights, SLUIS_INVALID, "soort", "de regels die gelden kennen hiervoor geen termijnen");
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    uuid tx = people_right(&t, &r->person, &r->case_id, "access", "received");
    house_commit(&r->h, &t);
    d.transaction = data_of(tx.b, UUID_LEN);
    d.event = TEXT("extend");
    call(r, "privacyfunctionaris")->decide_rights = &d;
    no(r, handle_decide_rights, SLUIS_CONFLICT, "overgang",
       "deze termijn kan niet verlengd worden: besluit erbinnen");
}

/* Of a datum of the school's, asked to be corrected: what the rules do not name, and what is not here. */
static void rectified_elsewhere(void **state)
{
    room *r = *state;
    const uint32_t id = rules_attribute_named(r->h.p.first_rules, "school-naam")->id;
    uint8_t key[RIGHTS_KEY];
    Sluis__ApiDecideRights d = SLUIS__API_DECIDE_RIGHTS__INIT;
    Sluis__DatumRow kept = SLUIS__DATUM_ROW__INIT;
    const id16 only = {{0}};
    datum_outcome outcome;
    uint64_t version;
    put_rules(
        r, shipped_with("\"rectification\"", " purpose = \"rectificatie\"; legal_basis = \"avg-16\";", ""));
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    people_datum(&t, &r->person, id, "De Regenboog", t.now - DAY_MS);
    people_rectification(&t, &r->person, &r->case_id, id, "", false, key);
    rectification_waits(&t, r, key);
    house_commit(&r->h, &t);
    d.case_id = data_of(r->case_id.b, ID_LEN);
    d.member = 1;
    d.motivation = TEXT("daarom");
    d.event = TEXT("grant");
    d.transaction = data_of(key + ID_LEN, UUID_LEN);
    call(r, "privacyfunctionaris")->decide_rights = &d;
    no(r, handle_decide_rights, SLUIS_CONFLICT, "overgang",
       "de regels die gelden noemen geen doel en grondslag om een bron om rectificatie te vragen");
    t = house_begin(&r->h, HOUSE_MS, MiB);
    kept.reference = true;
    kept.value = TEXT("");
    kept.source = TEXT(OIN_SCHL);
    kept.category = CATEGORY_ORDINARY;
    kept.obtained = kept.registered = t.now;
    kept.journal_index = journal_size(t.journal);
    assert_int_equal(registry_put(t.p->registry, t.t, &r->person, id, &only, &kept, &outcome, &version, NULL),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    call(r, "privacyfunctionaris")->decide_rights = &d;
    no(r, handle_decide_rights, SLUIS_CONFLICT, "attributen",
       "de waarde staat bij de bron zelf, niet hier: verwijs de cliënt daarheen");
}

/* ---- an explanation ---- */

static void not_explained(const rules *r, const char *question, const char *where, const char *text)
{
    json_error_t je;
    json_t *q = json_loads(question, 0, &je);
    const case_facts facts = {.exists = true, .phase = SLUIS__PHASE__RESEARCH};
    sluis_fail f = {0};
    assert_non_null(q);
    assert_null(explain(r, q, &facts, HOUSE_MS, NULL, &f));
    assert_int_equal(f.code, SLUIS_INVALID);
    assert_string_equal(f.where, where);
    assert_string_equal(f.text, text);
    json_decref(q);
}

#define EXPLAIN(rest)                                                                                        \
    "{\"application\":\"wmo-intake\",\"function\":\"consulent\",\"domain\":\"onderwijs\",\"legal_basis\":"   \
    "\"b\"," rest "}"

static void an_explanation(void **state)
{
    room *r = *state;
    const rules *rs = r->h.p.first_rules;
    not_explained(rs, EXPLAIN("\"attributes\":[\"school-naam\"]"), "purpose", "a name is needed here");
    not_explained(rs, EXPLAIN("\"purpose\":\"p\",\"attributes\":[]"), "attributes",
                  "1 to 256 names of attributes");
    not_explained(rs, EXPLAIN("\"purpose\":\"p\",\"attributes\":[\"school-naam\",1]"), "attributes",
                  "each is a name");
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
        cmocka_unit_test(joined_and_widened),
        cmocka_unit_test_setup_teardown(what_a_client_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_changed_since, setup, teardown),
        cmocka_unit_test_setup_teardown(who_takes_part, setup, teardown),
        cmocka_unit_test_setup_teardown(being_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offer_that_cannot_be_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_can_be_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(more_parties_than_one_call_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(more_restrictions_than_a_dossier_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(more_offers_than_are_looked_into, setup, teardown),
        cmocka_unit_test_setup_teardown(rights_without, setup, teardown),
        cmocka_unit_test_setup_teardown(rectified_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(an_explanation, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
