/* What a caller or a party is told when core refuses: the whole text and its place, for what the HTTP front's
 * own checks, or a well-behaved party, never let come this far. */
#include "kit_people.h"

#include "cases/handover.h"
#include "core/handlers.h"
#include "core/results.h"

#define MiB (1u << 20)

typedef struct {
    house h;
    subject person;
    id16 case_id;
    turn t;
    actor town; /* another municipality */
    char many[9000];
    job *j;
    Sluis__Core core;
    envelope env;
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    actor_init(&r->town, "00000099000000006000", 7);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    house_enrol(&r->h, t.t, &r->town, "Gemeente ander", "andere-gemeente");
    house_agree(&r->h, t.t, &r->town);
    r->person = house_subject(&r->h, t.t, r->h.person);
    const subject *who[] = {&r->person};
    r->case_id = people_case(&t, who, 1, "research", 0);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    house_commit(&r->h, &t);
    memset(r->many, 'x', sizeof(r->many) - 1);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    subject_close(&r->person);
    actor_close(&r->town);
    house_close(&r->h);
    free(r);
    return 0;
}

/* A call of wmo-intake's, in this function. */
static Sluis__ApiCall *call(room *r, const char *function)
{
    job_free(&r->j);
    r->j = job_new(JOB_API, bytes_str("packed call"));
    assert_non_null(r->j);
    r->j->call = arena_alloc(job_arena(r->j), sizeof(*r->j->call));
    sluis__api_call__init(r->j->call);
    snprintf(r->j->claims.app, sizeof(r->j->claims.app), "wmo-intake");
    snprintf(r->j->claims.function, sizeof(r->j->claims.function), "%s", function);
    snprintf(r->j->claims.employee, sizeof(r->j->claims.employee), "mw-1");
    r->j->claims.oin = r->h.gem.oin;
    return r->j->call;
}

/* A message of this kind by this party, sealed to the registry alone. */
static Sluis__Core *message(room *r, Sluis__Kind kind, const actor *from, ProtobufCMessage *body)
{
    static Sluis__Recipient alone = SLUIS__RECIPIENT__INIT, *to[] = {&alone};
    static uint8_t transaction[UUID_LEN];
    job_free(&r->j);
    r->j = job_new(JOB_SUBMIT, bytes_str("packed envelope"));
    assert_non_null(r->j);
    sluis__core__init(&r->core);
    r->core.kind = kind;
    r->core.sender = TEXT(from->oin.s);
    r->core.case_id = data_of(r->case_id.b, ID_LEN);
    r->core.transaction = data_of(transaction, UUID_LEN);
    r->core.recipients = to;
    r->core.n_recipients = 1;
    r->core.created = HOUSE_MS;
    r->core.expires = HOUSE_MS + DAY_MS;
    r->core.purpose = TEXT("overdracht");
    r->env = (envelope){.core = &r->core, .sender = from->oin};
    r->j->env = &r->env;
    r->j->body = body;
    return &r->core;
}

/* It is refused so, and nothing is written. */
static void no(room *r, handler handle, sluis_err code, const char *where, const char *text)
{
    sluis_fail f = {0};
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    const sluis_err e = handle(&t, r->j, &f);
    if (e != code || strcmp(f.where, where) != 0 || strcmp(f.text, text) != 0)
        fail_msg("%s at '%s': %s; wanted at '%s': %s", error_token(e), f.where, f.text, where, text);
    assert_false(t.has_entry);
    house_abort(&r->h, &t);
    if (!r->j->call) { /* the room's own */
        r->j->env = NULL;
        r->j->body = NULL;
    }
    job_free(&r->j);
}

/* ---- calls ---- */

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

/* ---- messages ---- */

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

static void a_decision_on_ours(void **state)
{
    room *r = *state;
    Sluis__DecisionBody b = SLUIS__DECISION_BODY__INIT;
    message(r, SLUIS__KIND__CASE_HANDOVER_REPLY, &r->town, NULL);
    no(r, handle_handover_reply, SLUIS_INVALID, "core.recipients", "a reply is sealed to the registry alone");
    message(r, SLUIS__KIND__CASE_HANDOVER_REPLY, &r->town, &b.base);
    no(r, handle_handover_reply, SLUIS_NOT_ASKED, "core.answers", "nothing of this case was offered so");
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
    one.oin = TEXT("school");
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
    row.case_id = data_of(r->case_id.b, ID_LEN);
    row.purpose = TEXT("onderzoek-meervoudige-problematiek");
    row.requester = TEXT(OIN_GEM);
    row.party = TEXT(OIN_SCHL);
    c->attributes = &header;
    c->n_attributes = 1;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    const sluis_err e = results_check(&t, r->j, &row, v, 1, &f);
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
    live_at_a_secret_address(r);
    x.attribute = id;
    answer(r, &x, id, SLUIS_DENIED, "school-naam", "not permitted: secret-address; nobody may be told it");
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
        cmocka_unit_test_setup_teardown(a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_in_the_dossier, setup, teardown),
        cmocka_unit_test_setup_teardown(rights, setup, teardown),
        cmocka_unit_test_setup_teardown(questions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_concern, setup, teardown),
        cmocka_unit_test_setup_teardown(how_a_service_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offered_case, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_on_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(results, setup, teardown),
        cmocka_unit_test(room_in_a_case),
        cmocka_unit_test_setup_teardown(what_a_client_asks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
