/* Of every operation that reads, and of the two that ask about a person: what is not there and what this
 * asker may not have are answered in the same bytes, after the same number of operations of the store. */
#include "kit_read.h"

#include "core/handlers.h"
#include "flow/api_out.h"
#include "read/list_mark.h"

typedef struct {
    const char *app, *organisation;
    const id16 *case_id;
    uint32_t member, viewer;
    const uuid *transaction;
} place;

typedef union {
    Sluis__ApiGetView view;
    Sluis__ApiGetCase one_case;
    Sluis__ApiGetDossier dossier;
    Sluis__ApiExportDossier export;
    Sluis__ApiGetRights rights;
    Sluis__ApiListDiscrepancies discrepancies;
    Sluis__ApiListEvents events;
    Sluis__ApiGetRequest request;
    Sluis__ApiAskKnown known;
    Sluis__ApiAskInterventions interventions;
} question;

#define ASK(op, field, type, ...)                                                                            \
    static void ask_##field(job *j, question *q, const place *p)                                             \
    {                                                                                                        \
        sluis__api_##type##__init(&q->field);                                                                \
        j->call->op_case = SLUIS__API_CALL__OP_##op;                                                         \
        j->call->type = &q->field;                                                                           \
        __VA_ARGS__                                                                                          \
    }
#define OF_CASE(field) q->field.case_id = data_of(p->case_id->b, ID_LEN);
#define OF_MEMBER(field)                                                                                     \
    OF_CASE(field)                                                                                           \
    q->field.member = p->member;
#define BY_VIEWER(field)                                                                                     \
    OF_MEMBER(field)                                                                                         \
    q->field.viewer = p->viewer;
#define ONE(field) q->field.transaction = data_of(p->transaction->b, UUID_LEN);

ASK(GET_VIEW, view, get_view, OF_MEMBER(view))
ASK(GET_CASE, one_case, get_case, OF_CASE(one_case))
ASK(GET_DOSSIER, dossier, get_dossier, BY_VIEWER(dossier))
ASK(EXPORT_DOSSIER, export, export_dossier, BY_VIEWER(export))
ASK(GET_RIGHTS, rights, get_rights, BY_VIEWER(rights))
ASK(LIST_DISCREPANCIES, discrepancies, list_discrepancies, OF_MEMBER(discrepancies))
ASK(LIST_EVENTS, events, list_events, OF_CASE(events))
ASK(GET_REQUEST, request, get_request, ONE(request))
ASK(ASK_KNOWN, known, ask_known, OF_MEMBER(known) q->known.party = TEXT(OIN_SCHL);
    q->known.purpose = TEXT("onderzoek-meervoudige-problematiek"); q->known.legal_basis = TEXT("wams-5.4.1");
    q->known.motivation = TEXT("nodig");)
ASK(ASK_INTERVENTIONS, interventions, ask_interventions,
    OF_MEMBER(interventions) q->interventions.problem = TEXT("schulden");
    q->interventions.motivation = TEXT("nodig");
    q->interventions.purpose = TEXT("onderzoek-meervoudige-problematiek");
    q->interventions.legal_basis = TEXT("wams-5.4.1"); q->interventions.answer_by = HOUSE_MS + DAY_MS;)

static void since(job *j, question *q, const place *p)
{
    ask_view(j, q, p);
    q->view.since = data_of((const uint8_t *)"a bookmark", 10);
}

static void one_datum(job *j, question *q, const place *p)
{
    static char *names[] = {"school-jaargroep"};
    ask_view(j, q, p);
    q->view.attributes = names;
    q->view.n_attributes = 1;
}

/* by: what tells one place from another. */
enum { BY_CASE = 1, BY_MEMBER = 2, BY_LOOKER = 4, BY_SIGHT = 8, BY_TRANSACTION = 16 };

static const struct {
    const char *name;
    void (*ask)(job *, question *, const place *);
    sluis_err (*read)(reader *, store_txn *, job *);
    sluis_err (*core)(turn *, job *, sluis_fail *);
    unsigned by;
} operations[] = {
    {"view", ask_view, read_view, NULL, BY_CASE | BY_MEMBER | BY_SIGHT},
    {"one datum", one_datum, read_view, NULL, BY_CASE | BY_MEMBER | BY_SIGHT},
    {"since", since, read_view, NULL, BY_CASE | BY_MEMBER | BY_SIGHT},
    {"case", ask_one_case, read_case, NULL, BY_CASE | BY_SIGHT},
    {"dossier", ask_dossier, read_dossier, NULL, BY_CASE | BY_MEMBER | BY_LOOKER},
    {"export", ask_export, read_export, NULL, BY_CASE | BY_LOOKER},
    {"rights", ask_rights, read_rights, NULL, BY_CASE | BY_MEMBER | BY_LOOKER},
    {"discrepancies", ask_discrepancies, read_discrepancies, NULL, BY_CASE | BY_MEMBER | BY_SIGHT},
    {"events", ask_events, read_events, NULL, BY_CASE | BY_SIGHT},
    {"request", ask_request, read_request, NULL, BY_TRANSACTION},
    {"known to a party", ask_known, NULL, handle_ask_known, BY_CASE},
    {"interventions", ask_interventions, NULL, handle_ask_interventions, BY_CASE},
};

/* The problem that goes out, and the operations it took. */
static uint64_t answer(room *r, size_t i, const place *p, buffer *out)
{
    question q;
    job *j = call_of(r, p->app, p->organisation, "regisseur");
    operations[i].ask(j, &q, p);
    j->rules = rules_ref(r->h.p.first_rules);
    uint64_t before, done;
    sluis_err e;
    if (operations[i].read) {
        before = store_memory_operations(r->h.x.store);
        e = run(r, j, operations[i].read);
        done = store_memory_operations(r->h.x.store) - before;
    } else {
        turn t = house_begin(&r->h, HOUSE_MS, 4u << 20);
        before = store_memory_operations(r->h.x.store);
        e = operations[i].core(&t, j, &j->why);
        done = store_memory_operations(r->h.x.store) - before;
        house_abort(&r->h, &t);
    }
    if (e != SLUIS_NOT_FOUND && e != SLUIS_NO_CASE)
        fail_msg("%s: %s, %s", operations[i].name, error_token(e), j->why.text);
    assert_int_equal(j->reply.n, 0);
    assert_null(j->read.record);
    buffer_clear(out);
    assert_int_equal(api_out_problem(out, 5, &j->why), SLUIS_OK);
    job_free(&j);
    return done;
}

static void put_request(room *r, const uuid *tx, const char *app, const char *organisation)
{
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    row.application = TEXT(app);
    row.requester = TEXT(organisation);
    row.state = TEXT("open");
    row.party = TEXT(OIN_SCHL);
    row.sid = data_of(s.sid.b, ID_LEN);
    row.case_id = data_of(r->case_id.b, ID_LEN);
    assert_int_equal(turn_request_save(&t, tx->b, &row, &s), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
}

static void forbidden_is_absent(void **state)
{
    room *r = *state;
    const id16 nowhere = id_random();
    const uuid none = uuid_new(HOUSE_MS), theirs = uuid_new(HOUSE_MS), elsewhere = uuid_new(HOUSE_MS);
    put_request(r, &theirs, OTHER_APP, OIN_GEM);
    put_request(r, &elsewhere, APP, OIN_OTHER);
    const struct {
        unsigned by;
        place p;
    } places[] = {
        {BY_CASE, {APP, OIN_OTHER, &r->case_id, 1, 1, NULL}}, /* another organisation's */
        {BY_CASE, {APP, OIN_OTHER, &nowhere, 1, 1, NULL}},
        {BY_MEMBER, {APP, OIN_GEM, &r->case_id, 2, 0, NULL}}, /* no such member */
        {BY_LOOKER, {APP, OIN_GEM, &r->case_id, 1, 7, NULL}}, /* who looks is nobody there */
        {BY_LOOKER, {APP, OIN_GEM, &r->case_id, 3, 1, NULL}},
        {BY_SIGHT, {"jeugd-intake", OIN_GEM, &r->case_id, 1, 0, NULL}}, /* of a law outside its scope */
        {BY_TRANSACTION, {APP, OIN_GEM, NULL, 0, 0, &theirs}},
        {BY_TRANSACTION, {APP, OIN_GEM, NULL, 0, 0, &elsewhere}},
    };
    buffer absent, forbidden;
    buffer_init(&absent, 1u << 16);
    buffer_init(&forbidden, 1u << 16);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        const place there_not = {APP, OIN_GEM, &nowhere, 1, 1, &none};
        const uint64_t work = answer(r, i, &there_not, &absent);
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
            if (!(operations[i].by & places[k].by))
                continue;
            const uint64_t done = answer(r, i, &places[k].p, &forbidden);
            if (done != work)
                fail_msg("%s, place %zu: %d operations of the store, %d for what is not there",
                         operations[i].name, k, (int)done, (int)work);
            if (!bytes_equal(buffer_bytes(&absent), buffer_bytes(&forbidden)))
                fail_msg("%s, place %zu: other bytes than for what is not there", operations[i].name, k);
        }
    }
    buffer_close(&absent);
    buffer_close(&forbidden);
}

/* ---- what changed since ---- */

#define HIDDEN_ATTRIBUTE  1027 /* school-diagnose: in wmo's view, and not reused of the Wgs */
#define LEFT_OUT          2002 /* jgz-activiteit: in wmo's view, of a party that the client did not choose */
#define OUTSIDE_ATTRIBUTE 5008 /* in no view of wmo */

static uint64_t view_since(room *r, job **j, bytes mark)
{
    static Sluis__ApiGetView v;
    sluis__api_get_view__init(&v);
    *j = call_of(r, APP, OIN_GEM, "consulent");
    v.case_id = data_of(r->case_id.b, ID_LEN);
    v.member = 1;
    v.since = data_of(mark.p, mark.n);
    (*j)->call->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    (*j)->call->get_view = &v;
    const uint64_t before = store_memory_operations(r->h.x.store);
    assert_int_equal(run(r, *j, read_view), SLUIS_OK);
    return store_memory_operations(r->h.x.store) - before;
}

/* So many versions more, each of its own entry, of values of this length: the law's alone (NULL: for all);
 * apart: so many instances. */
static void versions(room *r, uint32_t id, const char *law, size_t n, size_t length, bool apart)
{
    id16 instance = {{0}};
    char *laws[] = {TEXT(law)}, *value = malloc(length + 24);
    assert_non_null(value);
    memset(value, 'x', length);
    for (size_t i = 0; i < n;) {
        turn t = house_begin(&r->h, HOUSE_MS + i, 8u << 20);
        subject s = house_subject(&r->h, t.t, r->h.person);
        for (size_t end = i + 50; i < n && i < end; i++) {
            Sluis__Record rec = SLUIS__RECORD__INIT;
            Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
            datum_outcome outcome;
            uint64_t version;
            rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
            assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
            snprintf(value + length, 24, "%zu", i);
            if (apart)
                put_u64(instance.b, i + 1);
            d.value = value;
            d.source = TEXT(id == LEFT_OUT ? "00000099000000004000" : SOURCE);
            d.category = rules_attribute(r->h.p.first_rules, id)->category;
            d.obtained = d.registered = HOUSE_MS + 1 + i;
            d.journal_index = t.entry.index;
            d.laws = laws;
            d.n_laws = law != NULL;
            assert_int_equal(
                registry_put(r->h.p.registry, t.t, &s, id, &instance, &d, &outcome, &version, NULL),
                SLUIS_OK);
        }
        subject_close(&s);
        house_commit(&r->h, &t);
    }
    free(value);
}

/* Of the view as it stands, once an entry is in the journal: an empty one is no base. */
static bytes bookmark(room *r, uint8_t mark[static LIST_MARK_LEN])
{
    job *j = NULL;
    versions(r, OUTSIDE_ATTRIBUTE, NULL, 1, 8, false);
    view_since(r, &j, (bytes){NULL, 0});
    const Sluis__ApiView *v = reply_of(j)->view;
    assert_int_equal(v->since.len, LIST_MARK_LEN);
    memcpy(mark, v->since.data, LIST_MARK_LEN);
    job_free(&j);
    return BYTES(mark, LIST_MARK_LEN);
}

/* However often what may not be seen has changed: who asks for changes hears, and waits, as long. */
static void the_past_of_what_is_hidden(room *r, uint32_t id, const char *law)
{
    uint8_t mark[LIST_MARK_LEN];
    const bytes since = bookmark(r, mark);
    job *j = NULL;
    const uint64_t work = view_since(r, &j, since);
    const size_t length = j->reply.n;
    job_free(&j);
    for (size_t n = 1, all = 0; all < 64; n *= 4) {
        versions(r, id, law, n, 8, false);
        all += n;
        const uint64_t done = view_since(r, &j, since);
        if (done != work)
            fail_msg("%d versions: %d operations of the store, %d for none", (int)all, (int)done, (int)work);
        assert_int_equal(reply_of(j)->view->n_data, 0);
        assert_false(reply_of(j)->view->whole);
        assert_int_equal(j->reply.n, length);
        job_free(&j);
    }
}

static void the_past_for_another_law(void **state)
{
    the_past_of_what_is_hidden(*state, HIDDEN_ATTRIBUTE, "wgs");
}

static void the_past_outside_the_scope(void **state)
{
    the_past_of_what_is_hidden(*state, LEFT_OUT, "wmo");
}

/* One more domain in the client's choice. */
static void choose(room *r, const char *domain)
{
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    assert_int_equal(case_load(t.t, r->h.p.rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    char *domains[] = {row->scope_domains[0], TEXT(domain)};
    row->scope_domains = domains;
    row->n_scope_domains = 2;
    assert_int_equal(case_save(t.t, r->h.p.rows, r->case_id.b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* What a party gave that the client leaves out is not there, in a view and by its name: the same bytes, after
 * as many operations, as when it never gave any. The client's wider choice shows it again. */
static uint64_t one_view(room *r, const char *name, bytes *out, job **j)
{
    static Sluis__ApiGetView v;
    static char *names[1];
    sluis__api_get_view__init(&v);
    *j = call_of(r, APP, OIN_GEM, "consulent");
    v.case_id = data_of(r->case_id.b, ID_LEN);
    v.member = 1;
    names[0] = TEXT(name);
    v.attributes = names;
    v.n_attributes = name != NULL;
    (*j)->call->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    (*j)->call->get_view = &v;
    const uint64_t before = store_memory_operations(r->h.x.store);
    assert_int_equal(run(r, *j, read_view), SLUIS_OK);
    *out = buffer_bytes(&(*j)->reply);
    return store_memory_operations(r->h.x.store) - before;
}

static void outside_the_scope(void **state)
{
    room *r = *state;
    bytes none, some;
    job *a = NULL, *b = NULL;
    versions(r, OUTSIDE_ATTRIBUTE, NULL, 1, 8, false); /* an empty journal has no last entry to be read */
    const uint64_t work = one_view(r, "jgz-activiteit", &none, &a);
    assert_int_equal(reply_of(a)->view->n_data, 0);
    versions(r, LEFT_OUT, "wmo", 1, 8, false);
    const uint64_t done = one_view(r, "jgz-activiteit", &some, &b);
    if (done != work)
        fail_msg("%d operations of the store, %d for none", (int)done, (int)work);
    assert_int_equal(reply_of(b)->view->n_data, 0);
    assert_int_equal(some.n, none.n); /* the moment and the bookmark differ */
    assert_int_equal(b->read.record->n_attributes, 0);
    job_free(&a);
    job_free(&b);
    one_view(r, NULL, &some, &b);
    assert_int_equal(reply_of(b)->view->n_data, 1); /* what the school gave */
    job_free(&b);
    choose(r, "ggd");
    one_view(r, "jgz-activiteit", &some, &b);
    assert_int_equal(reply_of(b)->view->n_data, 1);
    job_free(&b);
}

/* More of them than one answer has memory for: what may be told is told, what may not ends no page. */
static void a_long_past(void **state)
{
    room *r = *state;
    uint8_t mark[LIST_MARK_LEN];
    const bytes since = bookmark(r, mark);
    job *j = NULL;
    versions(r, GROUP_ATTRIBUTE, NULL, 2500, 2048, false);
    versions(r, HIDDEN_ATTRIBUTE, "wgs", 2500, 2048, true);
    view_since(r, &j, since);
    const Sluis__ApiView *v = reply_of(j)->view;
    assert_int_equal(v->n_data, 1);
    assert_string_equal(v->data[0]->value + 2048, "2499");
    assert_int_equal(v->next.len, 0);
    assert_false(v->whole);
    job_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forbidden_is_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(the_past_for_another_law, setup, teardown),
        cmocka_unit_test_setup_teardown(the_past_outside_the_scope, setup, teardown),
        cmocka_unit_test_setup_teardown(outside_the_scope, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_past, setup, teardown),
    };
    return cmocka_run_group_tests_name("absent", tests, NULL, NULL);
}
