/* A dossier whose entries were restricted and opened again however often can still be read, and restricted.
 */
#include "kit_people.h"

#include "cases/restriction.h"
#include "core/handlers.h"

typedef struct {
    house h;
    subject s;
    id16 case_id;
    uint64_t entry; /* in the dossier */
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    r->s = house_subject(&r->h, t.t, r->h.person);
    const subject *who = &r->s;
    r->case_id = people_case(&t, &who, 1, "research", 0);
    people_note(&t, &r->s, &r->case_id);
    r->entry = t.entry.index;
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    subject_close(&r->s);
    house_close(&r->h);
    free(r);
    return 0;
}

static void put(room *r, turn *t, uint64_t index, uint64_t ended)
{
    uint8_t key[ID_LEN + 8];
    Sluis__RestrictionRow row = SLUIS__RESTRICTION_ROW__INIT;
    row.journal_index = index;
    row.entry = index;
    row.ended = ended;
    restriction_key(key, &r->s.sid, index);
    assert_int_equal(turn_put_sealed(t, &r->s, TABLE_RESTRICTION, BYTES_OF(key), &row.base), SLUIS_OK);
}

static bool stands(turn *t, const room *r, uint64_t index)
{
    uint8_t key[ID_LEN + 8];
    bytes v;
    restriction_key(key, &r->s.sid, index);
    return store_get(t->t, TABLE_RESTRICTION, BYTES_OF(key), &v) == SLUIS_OK;
}

static sluis_err restricts(room *r, turn *t, bool lift)
{
    static Sluis__ApiRestrictEntry in;
    sluis_fail f = {0};
    job *j = house_call(&r->h, "regisseur", "p-1");
    sluis__api_restrict_entry__init(&in);
    in.case_id = data_of(r->case_id.b, ID_LEN);
    in.member = 1;
    in.entry = r->entry;
    in.lift = lift;
    in.reason = TEXT("omdat");
    in.review = lift ? 0 : HOUSE_MS + DAY_MS;
    j->call->op_case = SLUIS__API_CALL__OP_RESTRICT_ENTRY;
    j->call->restrict_entry = &in;
    const sluis_err e = handle_restrict_entry(t, j, &f);
    job_free(&j);
    return e;
}

static void the_oldest_that_ended_gives_way(void **state)
{
    room *r = *state;
    restrictions all;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    put(r, &t, 1000, 0);
    for (uint64_t i = 1; i < RESTRICTION_ROWS_MAX; i++)
        put(r, &t, 1000 + i, 5);
    assert_int_equal(restrictions_load(t.p->registry, t.t, &r->s, t.arena, &all), SLUIS_OK);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.all, RESTRICTION_ROWS_MAX);
    assert_int_equal(all.oldest, 1001);
    assert_int_equal(restricts(r, &t, false), SLUIS_OK);
    assert_true(stands(&t, r, 1000));
    assert_false(stands(&t, r, 1001));
    assert_true(stands(&t, r, 1002));
    assert_int_equal(restricts(r, &t, false), SLUIS_OK); /* looked at again: another in its place */
    assert_false(stands(&t, r, 1002));
    assert_int_equal(restricts(r, &t, true), SLUIS_OK);
    assert_true(stands(&t, r, 1003));
    arena_reset(t.arena);
    assert_int_equal(restrictions_load(t.p->registry, t.t, &r->s, t.arena, &all), SLUIS_OK);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.all, RESTRICTION_ROWS_MAX);
    house_commit(&r->h, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_oldest_that_ended_gives_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
