/* Views, assembled without the read pool's threads: what lies outside one is, to the byte and to the
 * operation of the store, what does not exist; pages give the state of the first while data change; since a
 * bookmark only what changed; a bookmark that does not fit is refused in words. */
#include "kit_read.h"

#include "flow/api_out.h"
#include "read/list_mark.h"

typedef struct {
    const char *app, *organisation, *function, *attribute;
    const id16 *case_id; /* NULL: the open case */
    uint32_t member;
} view_question;

typedef struct {
    uint32_t limit;
    bytes after, since;
    size_t left; /* bytes of the call's memory that are left for it; 0: all */
} paging;

static void leave(arena *a, size_t left)
{
    const arena_place before = arena_at(a);
    for (size_t n = (size_t)1 << 30; n >= 16;)
        if (!arena_alloc(a, n))
            n /= 2;
    const size_t all = arena_at(a).total - before.total;
    arena_back(a, before);
    assert_non_null(arena_alloc(a, all - left));
}

static sluis_err ask_page(room *r, const view_question *q, const paging *p, job **out)
{
    static Sluis__ApiGetView v;
    static char *names[1];
    job *j = call_of(r, q->app, q->organisation, q->function);
    const id16 *id = q->case_id ? q->case_id : &r->case_id;
    sluis__api_get_view__init(&v);
    v.case_id = data_of(id->b, ID_LEN);
    v.member = q->member;
    names[0] = TEXT(q->attribute);
    v.attributes = names;
    v.n_attributes = q->attribute ? 1 : 0;
    v.limit = p->limit;
    v.after = data_of(p->after.p, p->after.n);
    v.since = data_of(p->since.p, p->since.n);
    j->call->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    j->call->get_view = &v;
    if (p->left)
        leave(job_arena(j), p->left);
    *out = j;
    return run(r, j, read_view);
}

static sluis_err ask_view(room *r, const view_question *q, job **out)
{
    return ask_page(r, q, &(paging){.limit = 0}, out);
}

static void a_view_holds_its_attributes_alone(void **state)
{
    room *r = *state;
    job *j = NULL;
    view_question q = {APP, OIN_GEM, "consulent", NULL, NULL, 1};
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    const Sluis__ApiReply *a = reply_of(j);
    assert_int_equal(a->status, 200);
    assert_int_equal(a->result_case, SLUIS__API_REPLY__RESULT_VIEW);
    assert_string_equal(a->view->law, "wmo");
    assert_string_equal(a->view->view, "wmo-zicht");
    assert_int_equal(a->view->n_data, 1); /* the number is registered, and not in the view */
    assert_string_equal(a->view->data[0]->attribute, "school-jaargroep");
    assert_string_equal(a->view->data[0]->value, "4");
    assert_string_equal(a->view->data[0]->source, SOURCE);
    assert_string_equal(a->view->data[0]->category, "ordinary");
    assert_string_equal(a->view->data[0]->instance, "");
    assert_null(memmem(j->reply.p, j->reply.n, r->h.person, BSN_LEN));
    /* Core is told what was shown, and on which version of the case it was decided. */
    assert_non_null(j->read.record);
    assert_int_equal(j->read.record->type, SLUIS__RECORD_TYPE__R_READ);
    assert_int_equal(j->read.record->n_attributes, 1);
    assert_int_equal(j->read.record->attributes[0], GROUP_ATTRIBUTE);
    assert_string_equal(j->read.record->from, OIN_GEM);
    assert_string_equal(j->read.record->application, APP);
    assert_int_equal(j->read.case_version, 1);
    assert_true(j->read.has_subject);
    assert_memory_equal(j->read.case_id.b, r->case_id.b, ID_LEN);
    assert_int_equal(METRIC_GET(&r->h.metrics, views_served), 1);
    job_free(&j);

    q.attribute = "school-jaargroep"; /* a part of it, by name */
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    assert_int_equal(reply_of(j)->view->n_data, 1);
    job_free(&j);
    q.attribute = "school-naam"; /* in the view, not in the register: an empty answer, not an error */
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    assert_int_equal(reply_of(j)->view->n_data, 0);
    job_free(&j);
}

/* Whoever may not see it, and whatever is not there: one and the same answer, for the same work. */
static void outside_is_absent_to_the_byte(void **state)
{
    room *r = *state;
    id16 nowhere = id_random();
    const view_question questions[] = {
        {APP, OIN_GEM, "consulent", "no-such-attribute", NULL, 1}, /* in no catalogue */
        {APP, OIN_GEM, "consulent", "bsn", NULL, 1},               /* registered, outside the view */
        {APP, OIN_GEM, "consulent", "politie-signalering", NULL, 1},
        {OTHER_APP, OIN_GEM, "consulent", "school-jaargroep", NULL, 1}, /* in wmo's view alone */
        {APP, OIN_GEM, "client", NULL, NULL, 1},                        /* a function without a view */
        {APP, OIN_GEM, "no-such-function", NULL, NULL, 1},
        {"no-such-application", OIN_GEM, "consulent", NULL, NULL, 1},
        {"jeugd-intake", OIN_GEM, "consulent", NULL, NULL, 1}, /* its law is outside the client's scope */
        {APP, OIN_GEM, "consulent", NULL, NULL, 2},            /* no such member */
        {APP, OIN_GEM, "consulent", NULL, NULL, 0},
        {APP, OIN_GEM, "consulent", NULL, &nowhere, 1},
        {APP, OIN_GEM, "consulent", NULL, &r->closed_id, 1},
        {APP, OIN_OTHER, "consulent", NULL, NULL, 1}, /* another organisation's case */
        {APP, OIN_OTHER, "consulent", "bsn", &nowhere, 9},
    };
    buffer first, each;
    uint64_t work = 0;
    buffer_init(&first, 64u << 10);
    buffer_init(&each, 64u << 10);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        job *j = NULL;
        uint64_t before = store_memory_operations(r->h.x.store);
        const paging odd = {.limit = 1, .after = bytes_str(i % 2 ? "no bookmark" : "")};
        if (ask_page(r, &questions[i], &odd, &j) != SLUIS_NOT_FOUND)
            fail_msg("question %zu: %s", i, error_token(j->why.code));
        uint64_t done = store_memory_operations(r->h.x.store) - before;
        if (i && done != work)
            fail_msg("question %zu took %d operations of the store, question 0 %d", i, (int)done, (int)work);
        work = done;
        buffer *out = i ? &each : &first;
        buffer_clear(out);
        assert_int_equal(api_out_problem(out, j->call->call, &j->why), SLUIS_OK);
        if (!bytes_equal(buffer_bytes(out), buffer_bytes(&first)))
            fail_msg("question %zu is answered in other bytes than question 0", i);
        assert_int_equal(j->reply.n, 0);
        assert_null(j->read.record);
        job_free(&j);
    }
    assert_int_equal(METRIC_GET(&r->h.metrics, views_served), 0);
    buffer_close(&first);
    buffer_close(&each);
}

static void instances_stand_beside_each_other(void **state)
{
    room *r = *state;
    id16 one = id_random(), two = id_random();
    char name[33];
    job *j = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    put_datum(r, t.t, &s, 1003, &one, "bo");
    put_datum(r, t.t, &s, 1003, &two, "vo");
    subject_close(&s);
    house_commit(&r->h, &t);
    view_question q = {APP, OIN_GEM, "regisseur", "school-soort", NULL, 1};
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    const Sluis__ApiView *v = reply_of(j)->view;
    assert_int_equal(v->n_data, 2);
    for (size_t i = 0; i < 2; i++) {
        id_format(name, strcmp(v->data[i]->value, "bo") == 0 ? &one : &two);
        assert_string_equal(v->data[i]->instance, name);
    }
    assert_int_equal(j->read.record->n_attributes, 1);
    job_free(&j);
}

/* ---- what is outside costs nothing ---- */

typedef struct {
    uint32_t id;
    const id16 *instance;
    const char *value;
    const char *condition; /* of its party; NULL: none */
    bool corrected, withdrawn;
} statement;

/* As an answer brings it: under an entry of the journal. */
static void say(room *r, const char *bsn, const statement *said)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    Sluis__Record rec = SLUIS__RECORD__INIT;
    char *conditions[] = {TEXT(said->condition)};
    datum_outcome outcome;
    uint64_t version;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, bsn);
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    d.value = TEXT(said->value);
    d.source = TEXT(SOURCE);
    d.category = rules_attribute(r->h.p.first_rules, said->id)->category;
    d.obtained = d.registered = HOUSE_MS;
    d.journal_index = t.entry.index;
    d.corrected = said->corrected ? HOUSE_MS : 0;
    d.withdrawn = said->withdrawn;
    if (said->condition) {
        terms.case_id = data_of(r->closed_id.b, ID_LEN);
        terms.application = TEXT(OTHER_APP);
        d.terms = &terms;
        d.conditions = conditions;
        d.n_conditions = 1;
    }
    assert_int_equal(registry_put(r->h.p.registry, t.t, &s, said->id, said->instance ? said->instance : &only,
                                  &d, &outcome, &version, NULL),
                     SLUIS_OK);
    assert_int_equal(outcome, version > 1 ? DATUM_NEWER : DATUM_NEW);
    subject_close(&s);
    house_commit(&r->h, &t);
}

/* The work of one whole view, and its answer without what tells the time and the state. */
static uint64_t view_work(room *r, const char *part, buffer *out)
{
    view_question q = {APP, OIN_GEM, "consulent", part, NULL, 1};
    job *j = NULL;
    uint64_t before = store_memory_operations(r->h.x.store);
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    uint64_t done = store_memory_operations(r->h.x.store) - before;
    Sluis__ApiReply *a = (Sluis__ApiReply *)(uintptr_t)reply_of(j);
    a->view->made = 0;
    assert_int_equal(a->view->since.len, LIST_MARK_LEN);
    a->view->since.len = 0;
    buffer_clear(out);
    assert_int_equal(wire_pack(out, &a->base), SLUIS_OK);
    job_free(&j);
    return done;
}

static void what_is_not_shown_costs_nothing(void **state)
{
    room *r = *state;
    id16 one = id_random();
    const struct {
        const char *person;
        statement said;
    } outside[] = {
        {r->h.person, {.id = 1004, .value = "bo"}}, /* between two of the view */
        {r->h.person, {.id = 1004, .instance = &one, .value = "vo"}},
        {r->h.person, {.id = 1015, .value = "havo"}},
        {"999990020", {.id = GROUP_ATTRIBUTE, .value = "7"}}, /* of another person */
        {r->h.person, {.id = 1003, .value = "bo", .condition = "alleen-deze-zaak"}},
        {r->h.person, {.id = 1006, .value = "6b", .condition = "niet-verder-gebruiken"}},
        {r->h.person, {.id = 1016, .value = "taal", .withdrawn = true}},
    };
    buffer whole, part, after;
    buffer_init(&whole, 64u << 10);
    buffer_init(&part, 64u << 10);
    buffer_init(&after, 64u << 10);
    say(r, r->h.person, &(statement){.id = 1001, .value = "00AA"});
    uint64_t work = view_work(r, NULL, &whole), part_work = view_work(r, "school-soort", &part);
    assert_true(work > part_work);
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        say(r, outside[i].person, &outside[i].said);
        if (view_work(r, NULL, &after) != work || !bytes_equal(buffer_bytes(&after), buffer_bytes(&whole)))
            fail_msg("row %zu can be told from the whole view", i);
        if (view_work(r, "school-soort", &after) != part_work ||
            !bytes_equal(buffer_bytes(&after), buffer_bytes(&part)))
            fail_msg("row %zu can be told from a part of the view", i);
    }
    say(r, r->h.person, &(statement){.id = 1010, .value = "3"}); /* what is shown can be told, to be sure */
    view_work(r, NULL, &after);
    assert_false(bytes_equal(buffer_bytes(&after), buffer_bytes(&whole)));
    buffer_close(&whole);
    buffer_close(&part);
    buffer_close(&after);
}

/* The same, heard for another law too, and what may not be heard here beside it: not in the view, nor by the
 * number of what comes next. */
static void what_others_hear_is_not_told(void **state)
{
    static const datum_outcome outcomes[] = {DATUM_NEW, DATUM_SAME, DATUM_DISCREPANCY, DATUM_NEWER};
    static char *laws[] = {"wmo", "participatiewet"}, *conditions[] = {"alleen-deze-zaak"};
    room *r = *state;
    buffer before, after;
    view_question q = {APP, OIN_GEM, "consulent", "school-soort", NULL, 1};
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    static const id16 only = {{0}};
    job *j = NULL;
    buffer_init(&before, 64u << 10);
    buffer_init(&after, 64u << 10);
    terms.case_id = data_of(r->closed_id.b, ID_LEN);
    for (uint32_t i = 0; i < 4; i++) { /* for wmo; for participatiewet; another source's; the first again */
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        Sluis__Record rec = SLUIS__RECORD__INIT;
        datum_outcome outcome;
        uint64_t version;
        rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
        turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
        subject s = house_subject(&r->h, t.t, r->h.person);
        d.value = TEXT(i < 2 ? "bo" : i == 2 ? "so" : "vo");
        d.source = TEXT(i == 2 ? OIN_GGD : SOURCE);
        d.category = rules_attribute(r->h.p.first_rules, 1003)->category;
        d.obtained = 1;
        assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
        d.journal_index = t.entry.index;
        d.laws = &laws[i == 1];
        d.n_laws = 1;
        d.terms = i == 2 ? &terms : NULL;
        d.conditions = conditions;
        d.n_conditions = i == 2;
        assert_int_equal(registry_put(r->h.p.registry, t.t, &s, 1003, &only, &d, &outcome, &version, NULL),
                         SLUIS_OK);
        assert_int_equal(outcome, outcomes[i]);
        subject_close(&s);
        house_commit(&r->h, &t);
        if (i < 3) {
            view_work(r, "school-soort", i ? &after : &before);
            if (i == 0)
                continue;
            if (!bytes_equal(buffer_bytes(&before), buffer_bytes(&after)))
                fail_msg("statement %d can be told", (int)i);
        }
    }
    assert_int_equal(ask_view(r, &q, &j), SLUIS_OK);
    assert_string_equal(reply_of(j)->view->data[0]->value, "vo");
    assert_int_equal(reply_of(j)->view->data[0]->version, 2);
    job_free(&j);
    buffer_close(&before);
    buffer_close(&after);
}

/* ---- pages, and what changed ---- */

typedef struct {
    char text[2048]; /* "school-soort=bo school-jaargroep-" : shown, and gone */
    uint8_t next[LIST_MARK_LEN], since[LIST_MARK_LEN];
    bool more, whole;
    size_t pages;
} listing;

static void add_page(listing *l, const Sluis__ApiView *v)
{
    size_t n = strlen(l->text);
    for (size_t i = 0; i < v->n_data; i++)
        n += (size_t)snprintf(l->text + n, sizeof(l->text) - n, "%s=%s ", v->data[i]->attribute,
                              v->data[i]->value);
    for (size_t i = 0; i < v->n_gone; i++)
        n += (size_t)snprintf(l->text + n, sizeof(l->text) - n, "%s- ", v->gone[i]->attribute);
    assert_int_equal(v->next.len + v->since.len, LIST_MARK_LEN); /* either */
    l->more = v->next.len;
    memcpy(l->more ? l->next : l->since, l->more ? v->next.data : v->since.data, LIST_MARK_LEN);
    l->whole = v->whole;
    l->pages++;
}

static void one_page(room *r, listing *l, uint32_t limit, bytes after, bytes since)
{
    view_question q = {APP, OIN_GEM, "consulent", NULL, NULL, 1};
    const paging p = {limit, after, since, 0};
    job *j = NULL;
    if (ask_page(r, &q, &p, &j))
        fail_msg("%s: %s", j->why.where, j->why.text);
    const Sluis__ApiView *v = reply_of(j)->view;
    assert_true(v->n_data + v->n_gone <= limit);
    assert_true(!l->more || v->n_data + v->n_gone > 0);
    add_page(l, v);
    job_free(&j);
}

static void rest_of(room *r, listing *l, uint32_t limit)
{
    while (l->more)
        one_page(r, l, limit, BYTES_OF(l->next), (bytes){NULL, 0});
}

static void pages_give_the_state_of_the_first(void **state)
{
    room *r = *state;
    id16 one = id_random();
    listing l = {.pages = 0}, changed = {.pages = 0}, none = {.pages = 0}, again = {.pages = 0};
    const statement begin[] = {{.id = 1001, .value = "00AA"}, {.id = 1002, .value = "De Regenboog"},
                               {.id = 1003, .value = "bo"},   {.id = 1006, .value = "6a"},
                               {.id = 1010, .value = "1"},    {.id = 1011, .value = "2"},
                               {.id = 1012, .value = "false"}};
    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
        say(r, r->h.person, &begin[i]);

    one_page(r, &l, 2, (bytes){NULL, 0}, (bytes){NULL, 0});
    assert_string_equal(l.text, "school-brincode=00AA school-naam=De Regenboog ");
    assert_true(l.more);
    /* While its reader turns the page: */
    say(r, r->h.person, &(statement){.id = 1001, .value = "00BB"}); /* behind, another value */
    say(r, r->h.person, &(statement){.id = 1002, .value = "-", .withdrawn = true}); /* behind, taken back */
    say(r, r->h.person, &(statement){.id = 1003, .value = "vo"});                   /* ahead, twice */
    say(r, r->h.person, &(statement){.id = 1003, .value = "so"});
    say(r, r->h.person, &(statement){.id = 1010, .value = "4", .corrected = true}); /* ahead, corrected */
    say(r, r->h.person, &(statement){.id = 1011, .value = "-", .withdrawn = true}); /* ahead, taken back */
    say(r, r->h.person, &(statement){.id = 1012, .value = "true"});
    say(r, r->h.person, &(statement){.id = 1006, .instance = &one, .value = "7c"}); /* ahead, new */
    say(r, r->h.person, &(statement){.id = 1013, .value = "true"});                 /* ahead, new */
    say(r, r->h.person, &(statement){.id = 1004, .value = "regulier"});             /* outside the view */
    rest_of(r, &l, 2);
    /* As it stood, but for what its source has said to be wrong since. */
    assert_string_equal(l.text,
                        "school-brincode=00AA school-naam=De Regenboog school-soort=bo "
                        "school-jaargroep=4 school-groepsnaam=6a school-verzuim-meer-dan-kwart=false ");
    assert_int_equal(l.pages, 3);
    assert_true(l.whole);

    /* Of what was passed over, nobody knows at which page: all of it, at the first page, and it says so. */
    one_page(r, &changed, 3, (bytes){NULL, 0}, BYTES_OF(l.since));
    assert_true(changed.whole);
    rest_of(r, &changed, 3);
    assert_string_equal(changed.text, "school-brincode=00BB school-soort=so school-jaargroep=4 "
                                      "school-groepsnaam=6a school-groepsnaam=7c school-verzuim-geoorloofd=4 "
                                      "school-verzuim-meer-dan-kwart=true school-contact-leerplicht=true ");
    assert_int_equal(changed.pages, 3);
    one_page(r, &none, 500, (bytes){NULL, 0}, BYTES_OF(changed.since));
    assert_string_equal(none.text, "");
    assert_false(none.more || none.whole);
    /* And the earlier bookmark still tells it all. */
    say(r, r->h.person, &(statement){.id = 1012, .value = "false"});
    one_page(r, &again, 500, (bytes){NULL, 0}, BYTES_OF(none.since));
    assert_string_equal(again.text, "school-verzuim-meer-dan-kwart=false ");
}

static void only_what_changed_in_pages(void **state)
{
    room *r = *state;
    listing l = {.pages = 0}, changed = {.pages = 0};
    const statement begin[] = {{.id = 1001, .value = "00AA"}, {.id = 1002, .value = "De Regenboog"},
                               {.id = 1003, .value = "bo"},   {.id = 1010, .value = "1"},
                               {.id = 1011, .value = "2"},    {.id = 1012, .value = "false"}};
    const statement then[] = {{.id = 1002, .value = "-", .withdrawn = true},
                              {.id = 1003, .value = "vo"},
                              {.id = 1003, .value = "so"},
                              {.id = 1010, .value = "4", .corrected = true},
                              {.id = 1011, .value = "-", .withdrawn = true},
                              {.id = 1013, .value = "true"},
                              {.id = 1004, .value = "regulier"}};
    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
        say(r, r->h.person, &begin[i]);
    one_page(r, &l, 500, (bytes){NULL, 0}, (bytes){NULL, 0});
    for (size_t i = 0; i < sizeof(then) / sizeof(then[0]); i++)
        say(r, r->h.person, &then[i]);
    one_page(r, &changed, 2, (bytes){NULL, 0}, BYTES_OF(l.since));
    assert_false(changed.whole);
    rest_of(r, &changed, 2);
    assert_string_equal(changed.text, "school-soort=so school-naam- school-verzuim-geoorloofd=4 "
                                      "school-verzuim-ongeoorloofd- school-contact-leerplicht=true ");
    assert_int_equal(changed.pages, 3);
}

static void delete_datum(room *r, uint32_t id)
{
    uint8_t key[STORE_KEY_MAX];
    store_cursor *c = NULL;
    bytes k, v;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    memcpy(key, s.sid.b, ID_LEN);
    put_u32(key + ID_LEN, id);
    assert_int_equal(store_cursor_open(t.t, TABLE_DATUM, BYTES(key, ID_LEN + 4), BYTES(key, ID_LEN + 4), &c),
                     SLUIS_OK);
    assert_int_equal(store_cursor_next(c, &k, &v), SLUIS_OK);
    memcpy(key, k.p, k.n);
    const bytes row = BYTES(key, k.n);
    store_cursor_close(&c);
    assert_int_equal(store_delete(t.t, TABLE_DATUM, row), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
}

/* What goes while a reader turns the pages of what changed: told at the last one, which is refused. */
static void gone_between_pages(void **state)
{
    room *r = *state;
    listing l = {.pages = 0}, changed = {.pages = 0};
    for (uint32_t id = 1001; id <= 1003; id++)
        say(r, r->h.person, &(statement){.id = id, .value = "x"});
    say(r, r->h.person, &(statement){.id = 1012, .value = "true"});
    one_page(r, &l, 500, (bytes){NULL, 0}, (bytes){NULL, 0});
    for (uint32_t id = 1001; id <= 1003; id++)
        say(r, r->h.person, &(statement){.id = id, .value = "y"});
    one_page(r, &changed, 2, (bytes){NULL, 0}, BYTES_OF(l.since));
    assert_false(changed.whole);
    assert_true(changed.more);
    delete_datum(r, 1012);
    const view_question q = {APP, OIN_GEM, "consulent", NULL, NULL, 1};
    const paging p = {2, BYTES_OF(changed.next), {NULL, 0}, 0};
    job *j = NULL;
    assert_int_equal(ask_page(r, &q, &p, &j), SLUIS_CONFLICT);
    assert_string_equal(j->why.where, "na");
    assert_string_equal(j->why.text, "intussen is iets verwijderd: begin zonder na en zonder sinds");
    assert_null(j->read.record);
    job_free(&j);
    listing whole = {.pages = 0};
    one_page(r, &whole, 500, (bytes){NULL, 0}, BYTES_OF(l.since));
    assert_true(whole.whole);
    assert_string_equal(whole.text, "school-brincode=y school-naam=y school-soort=y school-jaargroep=4 ");
}

/* Too little memory is said to be that, and not that something was deleted; what the whole listing needs is
 * no more than any other's. */
static void memory_is_no_conflict(void **state)
{
    room *r = *state;
    listing l = {.pages = 0}, whole = {.pages = 0};
    const view_question q = {APP, OIN_GEM, "consulent", NULL, NULL, 1};
    size_t refused = 0, least = 0;
    say(r, r->h.person, &(statement){.id = 1001, .value = "x"});
    say(r, r->h.person, &(statement){.id = 1012, .value = "true"});
    one_page(r, &l, 500, (bytes){NULL, 0}, (bytes){NULL, 0});
    delete_datum(r, 1012);
    one_page(r, &whole, 500, (bytes){NULL, 0}, BYTES_OF(l.since));
    assert_true(whole.whole);
    for (size_t left = 1024; left <= 64u << 10; left += 1024) {
        const paging p = {500, {NULL, 0}, BYTES_OF(l.since), left};
        job *j = NULL;
        const sluis_err e = ask_page(r, &q, &p, &j);
        if (e && e != SLUIS_NOMEM)
            fail_msg("with %zu bytes: %s: %s", left, j->why.where, j->why.text);
        least = e || least ? least : left;
        refused += e != SLUIS_OK;
        job_free(&j);
    }
    assert_in_range(refused, 1, 24); /* two lists of 501 pointers, once: 8 KiB; and what is in them */
    assert_int_equal(least, (refused + 1) * 1024);
}

/* What may not be shown makes no next page. */
static void the_last_page_says_so(void **state)
{
    room *r = *state;
    listing l = {.pages = 0};
    say(r, r->h.person, &(statement){.id = 1016, .value = "taal", .condition = "niet-verder-gebruiken"});
    one_page(r, &l, 1, (bytes){NULL, 0}, (bytes){NULL, 0});
    assert_string_equal(l.text, "school-jaargroep=4 ");
    assert_false(l.more);
}

/* ---- bookmarks ---- */

static const char *refused(room *r, const view_question *q, bytes after, bytes since, sluis_err why)
{
    static char said[1024];
    const paging p = {1, after, since, 0};
    job *j = NULL;
    sluis_err e = ask_page(r, q, &p, &j);
    if (e != why)
        fail_msg("%s, and not %s: %s", error_token(e), error_token(why), j->why.text);
    snprintf(said, sizeof(said), "%s: %s", j->why.where, j->why.text);
    assert_int_equal(j->reply.n, 0);
    assert_null(j->read.record);
    job_free(&j);
    return said;
}

static void mark_of(room *r, const list_mark *m, uint8_t out[static LIST_MARK_LEN])
{
    Sluis__ApiGetView v = SLUIS__API_GET_VIEW__INIT;
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    v.case_id = data_of(r->case_id.b, ID_LEN);
    v.member = 1;
    j->call->get_view = &v;
    store_txn *t = fixture_read(&r->h.x);
    subject s;
    assert_int_equal(registry_subject(r->h.p.registry, t, r->h.person, false, &s), SLUIS_OK);
    list_owner who = {
        .key = s.key, .name = "view-mark", .words = "deze weergave", .of_n = ID_LEN + 4, .j = j};
    memcpy(who.of, r->case_id.b, ID_LEN);
    put_u32(who.of + ID_LEN, 1);
    list_mark_write(out, &who, m);
    subject_close(&s);
    store_abort(&t);
    job_free(&j);
}

static void bookmarks_that_do_not_fit(void **state)
{
    room *r = *state;
    const bytes no = {NULL, 0};
    listing l = {.pages = 0}, whole = {.pages = 0};
    uint8_t mark[LIST_MARK_LEN];
    const view_question q = {APP, OIN_GEM, "consulent", NULL, NULL, 1};
    const view_question pw = {OTHER_APP, OIN_GEM, "consulent", NULL, NULL, 1};
    const view_question part = {APP, OIN_GEM, "consulent", "school-naam", NULL, 1};
    for (uint32_t id = 1001; id <= 1003; id++)
        say(r, r->h.person, &(statement){.id = id, .value = "x"});
    one_page(r, &l, 1, no, no);

    for (size_t i = 0; i < LIST_MARK_LEN; i++) { /* not ours */
        l.next[i] ^= 0x10;
        assert_string_equal(refused(r, &q, BYTES_OF(l.next), no, SLUIS_INVALID),
                            "na: deze bladwijzer hoort niet bij deze weergave: begin zonder na");
        l.next[i] ^= 0x10;
    }
    refused(r, &q, BYTES(l.next, LIST_MARK_LEN - 1), no, SLUIS_INVALID);
    refused(r, &pw, BYTES_OF(l.next), no, SLUIS_INVALID); /* another reader's */
    assert_string_equal(refused(r, &q, no, BYTES_OF(l.next), SLUIS_INVALID),
                        "sinds: deze bladwijzer hoort niet bij deze weergave: begin zonder sinds");
    assert_string_equal(strchr(refused(r, &q, BYTES_OF(l.next), BYTES_OF(l.next), SLUIS_INVALID), ' ') + 1,
                        "na en sinds gaan niet samen: een volgende bladzijde weet sinds wanneer");
    assert_string_equal(strchr(refused(r, &part, BYTES_OF(l.next), no, SLUIS_CONFLICT), ' ') + 1,
                        "wat hier te zien is, is intussen iets anders: begin zonder na");

    list_mark m = {.kind = MARK_PAGE, .at = {.size = 1, .time = HOUSE_MS - MARK_PAGE_MS - 1000}};
    mark_of(r, &m, mark);
    assert_string_equal(strchr(refused(r, &q, BYTES_OF(mark), no, SLUIS_EXPIRED), ' ') + 1,
                        "deze bladwijzer is te oud: begin zonder na");
    m.at = (list_state){.size = 1000, .time = HOUSE_MS}; /* of a future that a restore took away */
    mark_of(r, &m, mark);
    assert_string_equal(strchr(refused(r, &q, BYTES_OF(mark), no, SLUIS_INVALID), ' ') + 1,
                        "deze bladwijzer is van voor een herstel van de gateway: begin zonder na");
    m = (list_mark){.kind = MARK_PAGE, .at = {.size = 1, .time = HOUSE_MS}, .origin = 1};
    mark_of(r, &m, mark);
    assert_string_equal(strchr(refused(r, &q, BYTES_OF(mark), no, SLUIS_INVALID), ' ') + 1,
                        "deze bladwijzer is van voor een herstel van de gateway: begin zonder na");
    m = (list_mark){.kind = MARK_SINCE, .at = {.size = 1, .time = HOUSE_MS - MARK_SINCE_MS - 1000}};
    mark_of(r, &m, mark);
    refused(r, &q, no, BYTES_OF(mark), SLUIS_EXPIRED);
    /* Of when something was shown that cannot be found back: everything, and it says so. */
    m.at.time = HOUSE_MS;
    m.print[3] = 1;
    mark_of(r, &m, mark);
    one_page(r, &whole, 500, no, BYTES_OF(mark));
    assert_true(whole.whole);
    assert_string_equal(whole.text, "school-brincode=x school-naam=x school-soort=x school-jaargroep=4 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_view_holds_its_attributes_alone),
        TEST(outside_is_absent_to_the_byte),
        TEST(instances_stand_beside_each_other),
        TEST(what_is_not_shown_costs_nothing),
        TEST(what_others_hear_is_not_told),
        TEST(pages_give_the_state_of_the_first),
        TEST(only_what_changed_in_pages),
        TEST(gone_between_pages),
        TEST(memory_is_no_conflict),
        TEST(the_last_page_says_so),
        TEST(bookmarks_that_do_not_fit),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
