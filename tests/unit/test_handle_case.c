/* A case that ends with more requests than one turn looks through: all of them are withdrawn, in steps, each
 * once, those of a second member too; what is answered stays. */
#include "kit_people.h"

#include "core/due.h"
#include "core/handlers.h"

#define FIRSTS  (CASE_REQUESTS_STEP + 3) /* of the first member */
#define SECONDS 5                        /* of the second */
#define ALL     (FIRSTS + SECONDS)
#define ARENA   (64u << 20)

typedef struct {
    house h;
    subject who[2];
    id16 case_id;
    uuid tx[ALL];
} room;

static void open_request(room *r, turn *t, size_t i)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    r->tx[i] = people_request(t, &r->who[i >= FIRSTS], &r->case_id);
    if (i == 1) /* answered, as the kit leaves them */
        return;
    assert_int_equal(turn_request_load(t, r->tx[i].b, &row, &s), SLUIS_OK);
    row->state = TEXT(request_state_name(REQUEST_OPEN));
    assert_int_equal(turn_request_save(t, r->tx[i].b, row, &s), SLUIS_OK);
    subject_close(&s);
}

static size_t withdrawn(room *r)
{
    size_t n = 0;
    turn t = house_begin(&r->h, T0, ARENA);
    for (size_t i = 0; i < ALL; i++) {
        Sluis__RequestRow *row = NULL;
        assert_int_equal(turn_request_load(&t, r->tx[i].b, &row, NULL), SLUIS_OK);
        n += strcmp(row->state, request_state_name(REQUEST_WITHDRAWN)) == 0;
    }
    house_abort(&r->h, &t);
    return n;
}

static void end(room *r, turn *t)
{
    Sluis__CaseRow *row = NULL;
    Sluis__Record rec = SLUIS__RECORD__INIT;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    rec.case_id = data_of(r->case_id.b, ID_LEN);
    assert_int_equal(case_load(t->t, t->p->rows, r->case_id.b, t->arena, &row), SLUIS_OK);
    row->phase = TEXT("closed");
    assert_int_equal(case_save(t->t, t->p->rows, r->case_id.b, row), SLUIS_OK);
    assert_int_equal(case_withdraw(t, r->case_id.b, row, &rec), SLUIS_OK);
}

static void an_end_in_steps(void **state)
{
    room *r = calloc(1, sizeof(*r));
    (void)state;
    house_open(&r->h);
    turn t = house_begin(&r->h, T0, ARENA);
    const subject *both[] = {&r->who[0], &r->who[1]};
    r->who[0] = house_subject(&r->h, t.t, "999990019");
    r->who[1] = house_subject(&r->h, t.t, "999990020");
    r->case_id = people_case(&t, both, 2, "research", 0);
    for (size_t i = 0; i < ALL; i++)
        open_request(r, &t, i);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0 + 1000, ARENA);
    end(r, &t);
    house_commit(&r->h, &t);
    assert_int_equal(withdrawn(r), CASE_REQUESTS_STEP - 1); /* the answered one stays */

    const uint64_t entries = journal_size(r->h.journal);
    t = house_begin(&r->h, T0 + 60000, ARENA);
    assert_int_equal(due_step(&t, 16), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(withdrawn(r), ALL - 1);
    assert_int_equal(journal_size(r->h.journal), entries + ALL - CASE_REQUESTS_STEP);
    people_sound(&r->h);

    t = house_begin(&r->h, T0 + 120000, ARENA); /* and that was all */
    assert_int_equal(due_step(&t, 16), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(journal_size(r->h.journal), entries + ALL - CASE_REQUESTS_STEP);
    for (size_t i = 0; i < 2; i++)
        subject_close(&r->who[i]);
    house_close(&r->h);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_end_in_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
