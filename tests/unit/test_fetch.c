/* A view in which something stands at its source, from the reader's snapshot to core's turn: asked once,
 * shared, told how it stands. */
#include "kit_rules.h"

#include "kit_read.h"

#include "core/handlers.h"
#include "core/turn.h"

static const id16 only = {{0}};

/* As the kit's room, with an attribute that stays at the school, which has it. */
static int open_room(void **state)
{
    kit_set k;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    assert_int_equal(setup(state), 0);
    room *r = *state;
    kit_read(&k);
    kit_replace(&k, "catalogue.conf", "\"school-jaargroep\"", "valid_days", "at_source_s = 60; valid_days");
    rules_unref(&r->h.p.first_rules);
    r->h.p.first_rules = kit_rules(&k);
    r->r.rules = r->h.p.first_rules;
    kit_close(&k);
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    d.source = TEXT(SOURCE);
    d.reference = true;
    d.value = TEXT("");
    d.obtained = HOUSE_MS - 10 * DAY_MS;
    assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
    return 0;
}

static void put_for(room *r, const id16 *case_id, const char *value, const char *source, uint64_t until)
{
    static char *conditions[] = {"alleen-deze-zaak"};
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    kept.until = until;
    kept.case_id = terms.case_id = data_of(case_id->b, ID_LEN);
    kept.law = TEXT("wmo");
    d.source = TEXT(source);
    d.reference = true;
    d.value = TEXT(value);
    d.obtained = HOUSE_MS;
    d.kept = until ? &kept : NULL;
    d.terms = until ? &terms : NULL;
    d.conditions = conditions;
    d.n_conditions = until != 0;
    assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
}

static void put(room *r, const char *value, const char *source, uint64_t until)
{
    put_for(r, &r->case_id, value, source, until);
}

static size_t requests(room *r)
{
    store_cursor *c = NULL;
    bytes key, value;
    size_t n = 0;
    store_txn *t = fixture_read(&r->h.x);
    assert_int_equal(store_cursor_open(t, TABLE_REQUEST, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
    while (store_cursor_next(c, &key, &value) == SLUIS_OK)
        n++;
    store_cursor_close(&c);
    store_abort(&t);
    return n;
}

/* What a reader decides. */
static job *look(room *r, const char *app)
{
    job *j = call_of(r, app, OIN_GEM, "consulent");
    Sluis__ApiGetView *q = arena_alloc(job_arena(j), sizeof(*q));
    sluis__api_get_view__init(q);
    q->case_id = data_of(r->case_id.b, ID_LEN);
    q->member = 1;
    j->call->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    j->call->get_view = q;
    assert_int_equal(run(r, j, read_view), SLUIS_OK);
    return j;
}

typedef struct {
    char state[32], reason[32];
    uint8_t transaction[UUID_LEN]; /* zeros: none */
} told;

/* What core answers, that much later; the job goes. */
static told answer(room *r, job *j, uint64_t later)
{
    told x = {.state = ""};
    sluis_fail f = {0};
    turn t = house_begin(&r->h, HOUSE_MS + later, 8u << 20);
    assert_int_equal(handle_read(&t, j, &f), SLUIS_OK);
    house_commit(&r->h, &t);
    const Sluis__ApiView *v = reply_of(j)->view;
    for (size_t i = 0; i < v->n_data; i++) {
        const Sluis__ApiAtSource *a = v->data[i]->at_source;
        if (!a)
            continue;
        assert_string_equal(v->data[i]->attribute, "school-jaargroep");
        assert_string_equal(v->data[i]->value, a->until ? "4" : "");
        snprintf(x.state, sizeof x.state, "%s", a->state);
        snprintf(x.reason, sizeof x.reason, "%s", a->reason);
        if (a->transaction.len)
            memcpy(x.transaction, a->transaction.data, UUID_LEN);
    }
    job_free(&j);
    return x;
}

static void asked_once_and_shared(void **state)
{
    room *r = *state;
    job *first = look(r, APP), *second = look(r, APP); /* of one snapshot */
    assert_true(first->read.fetch);
    const told a = answer(r, first, 0), b = answer(r, second, 0), c = answer(r, look(r, APP), 1000);
    assert_string_equal(a.state, "fetching");
    assert_string_equal(b.state, "fetching");
    assert_string_equal(c.state, "fetching");
    assert_memory_equal(a.transaction, b.transaction, UUID_LEN);
    assert_memory_equal(a.transaction, c.transaction, UUID_LEN);
    assert_int_equal(requests(r), 1);
}

static void what_came_meanwhile_is_not_asked(void **state)
{
    room *r = *state;
    job *j = look(r, APP);
    put(r, "4", SOURCE, HOUSE_MS + 60000);
    assert_string_equal(answer(r, j, 0).state, "fetching");
    assert_int_equal(requests(r), 0);
    j = look(r, APP);
    assert_false(j->read.fetch);
    assert_string_equal(answer(r, j, 0).state, "fetched");
}

/* What cannot be asked is said; what ended is said, and asked again after at_source_s. */
static void how_it_ended(void **state)
{
    room *r = *state;
    Sluis__RequestRow *q = NULL;
    subject s = {0};
    put(r, "", "00000099000000004444", 0);
    told x = answer(r, look(r, APP), 0);
    assert_string_equal(x.state, "not-fetched");
    assert_string_equal(x.reason, error_token(SLUIS_UNKNOWN_PARTY));
    assert_int_equal(requests(r), 0);
    put(r, "", SOURCE, 0);
    r->h.settings.view_fetches = 0; /* no more in this reading */
    assert_string_equal(answer(r, look(r, APP), 0).state, "at-source");
    r->h.settings.view_fetches = 8;
    x = answer(r, look(r, APP), 0);
    assert_string_equal(x.state, "fetching");
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    assert_int_equal(turn_request_load(&t, x.transaction, &q, &s), SLUIS_OK);
    q->state = TEXT("returned");
    q->reason = TEXT("expired");
    assert_int_equal(turn_request_save(&t, x.transaction, q, &s), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
    const told ended = answer(r, look(r, APP), 1000), again = answer(r, look(r, APP), 61000);
    assert_string_equal(ended.state, "not-fetched");
    assert_string_equal(ended.reason, "expired");
    assert_memory_equal(ended.transaction, x.transaction, UUID_LEN);
    assert_string_equal(again.state, "fetching");
    assert_int_equal(requests(r), 2);
}

/* What is shown of the one datum, packed. */
static void shown(room *r, buffer *out)
{
    job *j = look(r, APP);
    const Sluis__ApiView *v = reply_of(j)->view;
    assert_int_equal(v->n_data, 1);
    buffer_clear(out);
    assert_int_equal(wire_pack(out, &v->data[0]->base), SLUIS_OK);
    job_free(&j);
}

/* Fetched for another case, on its conditions, and over: nothing of it can be seen in this one. */
static void fetched_elsewhere_is_not_told(void **state)
{
    room *r = *state;
    buffer before, after;
    buffer_init(&before, 1u << 16);
    buffer_init(&after, 1u << 16);
    shown(r, &before);
    put_for(r, &r->closed_id, "4", SOURCE, HOUSE_MS + 60000);
    shown(r, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    put_for(r, &r->closed_id, "5", SOURCE, HOUSE_MS - 1);
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    assert_int_equal(registry_unkeep(r->h.p.registry, t.t, &s, GROUP_ATTRIBUTE, &only, HOUSE_MS), SLUIS_OK);
    subject_close(&s);
    house_commit(&r->h, &t);
    shown(r, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    put(r, "4", SOURCE, HOUSE_MS + 60000); /* here it is shown, to be sure */
    shown(r, &after);
    assert_false(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_close(&before);
    buffer_close(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asked_once_and_shared, open_room, teardown),
        cmocka_unit_test_setup_teardown(what_came_meanwhile_is_not_asked, open_room, teardown),
        cmocka_unit_test_setup_teardown(how_it_ended, open_room, teardown),
        cmocka_unit_test_setup_teardown(fetched_elsewhere_is_not_told, open_room, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
