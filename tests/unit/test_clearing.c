/* What is left of who was forgotten is cleared away: everything of theirs in bounded steps, nothing of
 * anybody else, and from any point again; a household is opened whole or not at all. */
#include "kit_people.h"

#include "core/clearing.h"
#include "core/handlers.h"
#include "registry/intents.h"

#define MiB           (1u << 20)
#define MANY          21000 /* entries of one dossier */
#define STEP_US       300
#define BOUNDED_STEPS 100
#define ROWS_A_STEP   16 /* of short ranges it passes a few */

typedef struct {
    house h;
    subject child, parent;
    id16 both, alone;
    uuid asked, concern;
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    turn t = house_begin(&r->h, T0, MiB);
    r->child = house_subject(&r->h, t.t, "999990032");
    r->parent = house_subject(&r->h, t.t, r->h.person);
    r->both = people_case(&t, (const subject *[]){&r->parent, &r->child}, 2, "closed", T0);
    r->alone = people_case(&t, (const subject *[]){&r->child}, 1, "closed", T0);
    for (int v = 0; v < 5; v++) {
        char value[2] = {(char)('a' + v), 0};
        people_datum(&t, &r->child, 1002, value, T0);
        people_datum(&t, &r->parent, 1002, value, T0);
    }
    r->asked = people_request(&t, &r->child, &r->both);
    people_request(&t, &r->parent, &r->both);
    people_note(&t, &r->child, &r->both);
    people_note(&t, &r->child, &r->alone);
    people_right(&t, &r->child, &r->both, "objection", "granted");
    people_right(&t, &r->parent, &r->both, "objection", "granted");
    r->concern = people_concern(&t, &r->child, T0);
    people_concern(&t, &r->parent, T0);
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    subject_close(&r->child);
    subject_close(&r->parent);
    house_close(&r->h);
    free(r);
    return 0;
}

static void long_dossier(room *r)
{
    turn t = house_begin(&r->h, T0, MiB);
    Sluis__Record rec = SLUIS__RECORD__INIT;
    Sluis__DossierRow row;
    uint8_t key[ID_LEN + 8];
    rec.type = SLUIS__RECORD_TYPE__R_READ;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    turn_dossier_entry(&t, r->alone.b, "waarom", &row);
    memcpy(key, r->child.sid.b, ID_LEN);
    for (uint64_t i = 0; i < MANY; i++) {
        put_u64(key + ID_LEN, UINT64_C(1000000) + i);
        assert_int_equal(turn_put_sealed(&t, &r->child, TABLE_DOSSIER, BYTES_OF(key), &row.base), SLUIS_OK);
    }
    Sluis__SettledRow settled = SLUIS__SETTLED_ROW__INIT;
    assert_int_equal(turn_put_sealed(&t, &r->child, TABLE_SETTLED, BYTES_OF(key), &settled.base), SLUIS_OK);
    house_commit(&r->h, &t);
}

static void forget_child(room *r)
{
    uint64_t n = 0;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(registry_forget(r->h.p.registry, t.t, &r->child.sid, T0), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    assert_int_equal(n, 1);
}

static bool step(room *r, clearing *c)
{
    bool more = false;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(clearing_step(c, &t, STEP_US, &more), SLUIS_OK);
    house_commit(&r->h, &t);
    return more;
}

/* A step whose time is over when it begins takes one row of a range that has more. */
static void steps_are_bounded(room *r, clearing *c)
{
    for (unsigned i = 0; i < BOUNDED_STEPS; i++) {
        bool more = false;
        uint64_t removed = c->removed;
        turn t = house_begin(&r->h, T0, MiB);
        assert_int_equal(clearing_step(c, &t, 0, &more), SLUIS_OK);
        house_commit(&r->h, &t);
        assert_true(more);
        assert_true(c->removed - removed <= ROWS_A_STEP);
    }
}

static uint64_t kept_of_parent(room *r)
{
    return people_found(&r->h, r->parent.sid.b, ID_LEN);
}

static void all_of_one_and_nothing_of_others(void **state)
{
    room *r = *state;
    clearing c = {0};
    unsigned steps = 0;
    long_dossier(r);
    uint64_t parent = kept_of_parent(r), events = people_count(&r->h, TABLE_EVENT);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), 8);
    forget_child(r);
    assert_true(people_found(&r->h, r->child.sid.b, ID_LEN) > MANY);
    people_sound(&r->h); /* rows without their key are explained until they are gone */
    steps_are_bounded(r, &c);
    for (; step(r, &c); steps++)
        if (steps % 50 == 10)
            people_sound(&r->h);
    assert_int_equal(people_found(&r->h, r->child.sid.b, ID_LEN), 0);
    assert_int_equal(people_found(&r->h, r->asked.b, UUID_LEN), 0);
    assert_int_equal(people_found(&r->h, r->concern.b, UUID_LEN), 0);
    assert_int_equal(people_found(&r->h, r->alone.b, ID_LEN), 0); /* the case, and what was said of it */
    assert_int_equal(kept_of_parent(r), parent);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), 4);
    assert_int_equal(people_count(&r->h, TABLE_APPINDEX), 1);
    assert_int_equal(people_count(&r->h, TABLE_CONCERN), 1);
    assert_int_equal(people_count(&r->h, TABLE_GONE), 0);
    /* of six events these are left: the parent's request and concern, and what both cases' household shared
     */
    assert_int_equal(events, 6);
    assert_int_equal(people_count(&r->h, TABLE_EVENT), 3);
    people_sound(&r->h);

    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->both.b, t.arena, &row), SLUIS_OK);
    assert_int_equal(row->n_members, 1);
    assert_int_equal(row->members[0]->member, 1);
    assert_memory_equal(row->members[0]->sid.data, r->parent.sid.b, ID_LEN);
    house_abort(&r->h, &t);
}

/* Whoever saw a member that is gone sees nobody in their place. */
static void the_one_who_may_look_goes(void **state)
{
    room *r = *state;
    clearing c = {0};
    uint64_t n = 0;
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(registry_forget(r->h.p.registry, t.t, &r->parent.sid, T0), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    while (step(r, &c))
        ;
    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, r->both.b, t.arena, &row), SLUIS_OK);
    assert_int_equal(row->n_members, 1);
    assert_int_equal(row->members[0]->member, 2);
    assert_int_equal(row->members[0]->n_seen_by, 0);
    house_abort(&r->h, &t);
}

/* Stopped after any number of steps it begins again, and comes to the same end. */
static void begun_again_anywhere(void **state)
{
    room *r = *state;
    uint64_t parent = kept_of_parent(r);
    forget_child(r);
    for (unsigned stop = 0;; stop++) {
        clearing c = {0};
        bool more = true, whole = false;
        for (unsigned i = 0; more && i < stop; i++) {
            turn t = house_begin(&r->h, T0, MiB);
            assert_int_equal(clearing_step(&c, &t, 0, &more), SLUIS_OK); /* a row a step */
            house_commit(&r->h, &t);
            whole = !more;
        }
        people_sound(&r->h);
        if (whole)
            break;
    }
    assert_int_equal(people_found(&r->h, r->child.sid.b, ID_LEN), 0);
    assert_int_equal(people_count(&r->h, TABLE_GONE), 0);
    assert_int_equal(kept_of_parent(r), parent);
}

/* ---- a household with a member who is being forgotten ---- */

static void a_household_is_whole_or_not_at_all(void **state)
{
    room *r = *state;
    job *j = job_new(JOB_API, (bytes){NULL, 0});
    Sluis__ApiCall call = SLUIS__API_CALL__INIT;
    Sluis__ApiOpenCase open = SLUIS__API_OPEN_CASE__INIT;
    Sluis__ApiMember m[2] = {SLUIS__API_MEMBER__INIT, SLUIS__API_MEMBER__INIT}, *members[] = {&m[0], &m[1]};
    char *laws[] = {TEXT("wmo")};
    sluis_fail f = {0};
    m[0].bsn = TEXT("999990044"); /* new here */
    m[1].bsn = TEXT("999990032");
    m[0].role = m[1].role = TEXT("ouder");
    open.kind = TEXT("huishouden");
    open.members = members;
    open.n_members = 2;
    open.scope_laws = laws;
    open.n_scope_laws = 1;
    open.reason = TEXT("omdat");
    call.op_case = SLUIS__API_CALL__OP_OPEN_CASE;
    call.open_case = &open;
    j->call = &call;
    snprintf(j->claims.app, sizeof(j->claims.app), "wmo-intake");
    snprintf(j->claims.function, sizeof(j->claims.function), "consulent");
    snprintf(j->claims.employee, sizeof(j->claims.employee), "m-1");
    j->claims.oin = r->h.gem.oin;
    uint64_t subjects = people_count(&r->h, TABLE_SUBJECT), data = people_count(&r->h, TABLE_DATUM);

    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(registry_forget(r->h.p.registry, t.t, &r->child.sid, HOUSE_MS), SLUIS_OK);
    assert_int_equal(handle_open_case(&t, j, &f),
                     SLUIS_CONFLICT); /* in the same turn: the key is there yet */
    assert_string_equal(f.where, "leden");
    assert_string_equal(f.text, "lid 2 wordt op dit moment vergeten: open de zaak daarna opnieuw");
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_SUBJECT), subjects - 1);
    assert_int_equal(people_count(&r->h, TABLE_DATUM), data);
    people_sound(&r->h);

    uint64_t n = 0;
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    t = house_begin(&r->h, HOUSE_MS, MiB);
    if (handle_open_case(&t, j, &f)) /* now it is opened, with a new subject */
        fail_msg("%s: %s", f.where, f.text);
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_SUBJECT), subjects + 1);
    people_sound(&r->h);
    clearing c = {0};
    while (step(r, &c)) /* and what is left of the old one does not touch it */
        ;
    assert_int_equal(people_count(&r->h, TABLE_SUBJECT), subjects + 1);
    people_sound(&r->h);
    j->call = NULL;
    job_free(&j);
}

/* A store that was written before there were links has them after its start. */
static void links_of_an_older_store(void **state)
{
    room *r = *state;
    size_t n;
    row_copy *rows = fixture_rows(&r->h.x, TABLE_LINK, &n);
    assert_int_equal(n, 5); /* two of the parent, three of the child */
    for (size_t i = 0; i < n; i++)
        fixture_delete(&r->h.x, TABLE_LINK, &rows[i]);
    for (int start = 0; start < 2; start++) {
        store_txn *t = fixture_write(&r->h.x);
        assert_int_equal(links_begin(t, r->h.p.rows), SLUIS_OK);
        assert_int_equal(store_commit(&t), SLUIS_OK);
        size_t again;
        row_copy *made = fixture_rows(&r->h.x, TABLE_LINK, &again);
        assert_int_equal(again, n);
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(made[i].key, rows[i].key, LINK_KEY);
        fixture_rows_free(made, again);
    }
    fixture_rows_free(rows, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_one_and_nothing_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(the_one_who_may_look_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(begun_again_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_household_is_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(links_of_an_older_store, setup, teardown),
    };
    return cmocka_run_group_tests_name("clearing", tests, NULL, NULL);
}
