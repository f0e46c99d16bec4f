/* Cases as rows with a check, their members, the facts that policy asks; the states of a request. */
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases/cases.h"

static const store_options options = {GATEWAY_STORE, .map_bytes = 1u << 24, .quota_bytes = 1u << 24,
                                      .max_readers = 8};
static const uint8_t case_id[ID_LEN] = "een-casus-id-16";

typedef struct {
    store *s;
    row_keys *k;
    arena *a;
} fixture;

static int setup(void **state)
{
    static fixture x;
    uint8_t km[KEY_LEN] = {7};
    sluis_fail f = {0};
    x = (fixture){.a = arena_new(1u << 16)};
    *state = &x;
    return !x.a || store_open_memory(&x.s, &options, &f) || row_keys_new(&x.k, km);
}

static int teardown(void **state)
{
    fixture *x = *state;
    store_close(&x->s);
    row_keys_free(&x->k);
    arena_free(&x->a);
    return 0;
}

/* A household of two. */
typedef struct {
    Sluis__CaseRow row;
    Sluis__MemberRow member[CASE_MEMBERS_MAX + 1];
    Sluis__MemberRow *members[CASE_MEMBERS_MAX + 1];
    uint8_t sids[CASE_MEMBERS_MAX + 1][ID_LEN];
    char *laws[2], *domains[1];
} household;

#define TEXT(s) ((char *)(uintptr_t)(s))

static void household_init(household *h)
{
    sluis__case_row__init(&h->row);
    for (unsigned i = 0; i <= CASE_MEMBERS_MAX; i++) {
        memset(h->sids[i], (int)i + 1, ID_LEN);
        sluis__member_row__init(&h->member[i]);
        h->member[i].member = i + 1;
        h->member[i].sid = (ProtobufCBinaryData){.len = ID_LEN, .data = h->sids[i]};
        h->members[i] = &h->member[i];
    }
    h->laws[0] = TEXT("wmo");
    h->laws[1] = TEXT("wgs");
    h->domains[0] = TEXT("onderwijs");
    h->row.phase = TEXT("research");
    h->row.members = h->members;
    h->row.n_members = 2;
    h->row.scope_laws = h->laws;
    h->row.n_scope_laws = 2;
    h->row.scope_domains = h->domains;
    h->row.n_scope_domains = 1;
}

static sluis_err save(fixture *x, household *h)
{
    store_txn *t;
    assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);
    sluis_err err = case_save(t, x->k, case_id, &h->row);
    sluis_err done = store_commit(&t);
    return err ? err : done;
}

static void a_case_comes_back_as_it_was(void **state)
{
    fixture *x = *state;
    household h;
    store_txn *t;
    Sluis__CaseRow *row = NULL;
    id16 sid, stranger = {{99}};
    household_init(&h);
    assert_int_equal(save(x, &h), SLUIS_OK);
    assert_int_equal(h.row.version, 1);
    assert_int_equal(save(x, &h), SLUIS_OK);
    assert_int_equal(h.row.version, 2);

    assert_int_equal(store_begin_read(x->s, &t), SLUIS_OK);
    assert_int_equal(case_load(t, x->k, case_id, x->a, &row), SLUIS_OK);
    store_abort(&t);
    assert_int_equal(row->version, 2);
    assert_int_equal(row->n_members, 2);
    assert_int_equal(case_member(row, 2, &sid), SLUIS_OK);
    assert_memory_equal(sid.b, h.sids[1], ID_LEN);
    assert_int_equal(case_member_of(row, &sid), 2);
    assert_int_equal(case_member_of(row, &stranger), 0);
    assert_int_equal(case_member(row, 3, &sid), SLUIS_NOT_FOUND);
    assert_int_equal(case_member(row, 0, &sid), SLUIS_NOT_FOUND);

    case_facts c = case_facts_of(row);
    assert_true(c.exists);
    assert_false(c.closed);
    assert_int_equal(c.phase, SLUIS__PHASE__RESEARCH);
    assert_int_equal(c.scope_law_count, 2);
    assert_string_equal(c.scope_laws[1], "wgs");
    assert_int_equal(c.scope_domain_count, 1);
    assert_string_equal(c.scope_domains[0], "onderwijs");
}

static void no_case_no_facts(void **state)
{
    fixture *x = *state;
    store_txn *t;
    Sluis__CaseRow *row = NULL;
    assert_int_equal(store_begin_read(x->s, &t), SLUIS_OK);
    assert_int_equal(case_load(t, x->k, case_id, x->a, &row), SLUIS_NOT_FOUND);
    assert_null(row);
    store_abort(&t);
    assert_false(case_facts_of(NULL).exists);
}

/* A row moved to another case, or changed in one bit, is found out. */
static void a_changed_row_is_corrupt(void **state)
{
    fixture *x = *state;
    household h;
    store_txn *t;
    bytes v;
    uint8_t copy[1024], other[ID_LEN] = "een-andere-id16";
    Sluis__CaseRow *row;
    household_init(&h);
    assert_int_equal(save(x, &h), SLUIS_OK);
    assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);
    assert_int_equal(store_get(t, TABLE_CASE, BYTES(case_id, ID_LEN), &v), SLUIS_OK);
    size_t n = v.n;
    assert_true(n < sizeof copy);
    memcpy(copy, v.p, n);
    assert_int_equal(store_put(t, TABLE_CASE, BYTES(other, ID_LEN), BYTES(copy, n)), SLUIS_OK);
    copy[3] ^= 1;
    assert_int_equal(store_put(t, TABLE_CASE, BYTES(case_id, ID_LEN), BYTES(copy, n)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    assert_int_equal(store_begin_read(x->s, &t), SLUIS_OK);
    assert_int_equal(case_load(t, x->k, case_id, x->a, &row), SLUIS_CORRUPT);
    assert_null(row);
    assert_int_equal(case_load(t, x->k, other, x->a, &row), SLUIS_CORRUPT);
    store_abort(&t);
}

static void an_impossible_case_is_not_stored(void **state)
{
    fixture *x = *state;
    household h;
    household_init(&h);
    h.row.n_members = CASE_MEMBERS_MAX;
    assert_int_equal(save(x, &h), SLUIS_OK);
    h.row.n_members = CASE_MEMBERS_MAX + 1;
    assert_int_equal(save(x, &h), SLUIS_INVALID);
    household_init(&h);
    h.member[1].member = 1;
    assert_int_equal(save(x, &h), SLUIS_INVALID);
    household_init(&h);
    h.member[1].member = 0;
    assert_int_equal(save(x, &h), SLUIS_INVALID);
    household_init(&h);
    h.member[0].sid.len = ID_LEN - 1;
    assert_int_equal(save(x, &h), SLUIS_INVALID);
    household_init(&h);
    h.row.phase = TEXT("gesloten");
    assert_int_equal(save(x, &h), SLUIS_INVALID);
    assert_int_equal(h.row.version, 0);
}

static void a_failed_save_keeps_the_version(void **state)
{
    fixture *x = *state;
    household h;
    store_txn *t;
    household_init(&h);
    assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);
    store_memory_fail_after(x->s, 1, SLUIS_NO_SPACE);
    assert_int_equal(case_save(t, x->k, case_id, &h.row), SLUIS_NO_SPACE);
    assert_int_equal(h.row.version, 0);
    store_abort(&t);
}

#define OVER "nothing more (correct an answer, or ask anew)"

static void states_follow_the_table(void **state)
{
    (void)state;
    static const char *const names[] = {"open", "held", "answered", "withdrawn", "expired", "returned"};
    static const char *const may[] = {".hawer", "..awe.", "......", "......", "......", "......"};
    static const char *const possible[] = {"held, answered, withdrawn, expired, returned",
                                           "answered, withdrawn, expired",
                                           OVER,
                                           OVER,
                                           OVER,
                                           OVER};
    for (int from = 0; from < 6; from++) {
        request_state s;
        assert_string_equal(request_state_name((request_state)from), names[from]);
        assert_int_equal(request_state_parse(&s, names[from]), SLUIS_OK);
        assert_int_equal(s, from);
        for (int to = 0; to < 6; to++) {
            sluis_fail f = {0};
            sluis_err err = request_state_step((request_state)from, (request_state)to, &f);
            assert_int_equal(err, may[from][to] == '.' ? SLUIS_CONFLICT : SLUIS_OK);
            if (!err)
                continue;
            char text[160];
            snprintf(text, sizeof text, "it is %s and cannot become %s; possible: %s", names[from], names[to],
                     possible[from]);
            assert_string_equal(f.where, "request");
            assert_string_equal(f.text, text);
        }
    }
    request_state s;
    sluis_fail f = {0};
    assert_int_equal(request_state_parse(&s, "Open"), SLUIS_INVALID);
    assert_int_equal(request_state_parse(&s, ""), SLUIS_INVALID);
    assert_int_equal(request_state_parse(&s, NULL), SLUIS_INVALID);
    assert_int_equal(request_state_step((request_state)9, REQUEST_OPEN, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "no such state of a request");
    assert_int_equal(request_state_step(REQUEST_OPEN, (request_state)9, NULL), SLUIS_INVALID);
}

/* A look runs for whom it was granted, for its time, and no longer; what is over makes room. */
static void a_look_ends_by_itself(void **state)
{
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    Sluis__LookRow x = SLUIS__LOOK_ROW__INIT, more[CASE_LOOKS_MAX + 1];
    sluis_fail f = {0};
    arena *a = arena_new(1u << 20);
    const uint64_t now = UINT64_C(1795500000000), minute = 60000;
    (void)state;
    row.phase = (char *)(uintptr_t) "coordination";
    row.level = (char *)(uintptr_t) "licht";
    x.application = (char *)(uintptr_t) "pw-intake";
    x.employee = (char *)(uintptr_t) "mw-1";
    x.member = 1;
    x.minutes = 30;
    assert_int_equal(case_look_ask(&row, &x, now, a, &f), SLUIS_OK);
    assert_int_equal(x.number, 1);
    assert_string_equal(case_look_state(&x, now), "asked");
    assert_null(case_look_open(&row, 1, "pw-intake", "mw-1", 1, now));
    assert_int_equal(case_look_decide(&x, "mw-1", true, now, a, &f), SLUIS_FORBIDDEN);
    assert_int_equal(case_look_decide(&x, "rg-1", true, now, a, &f), SLUIS_OK);
    assert_int_equal(case_look_decide(&x, "rg-1", true, now, a, &f), SLUIS_CONFLICT);
    assert_ptr_equal(case_look_open(&row, 1, "pw-intake", "mw-1", 1, now + 30 * minute - 1), &x);
    assert_null(case_look_open(&row, 1, "pw-intake", "mw-1", 1, now + 30 * minute));
    assert_null(case_look_open(&row, 1, "pw-intake", "mw-2", 1, now));
    assert_null(case_look_open(&row, 1, "wmo-intake", "mw-1", 1, now));
    assert_null(case_look_open(&row, 1, "pw-intake", "mw-1", 2, now));
    assert_null(case_look_open(&row, 2, "pw-intake", "mw-1", 1, now));
    assert_string_equal(case_look_state(&x, now + 30 * minute), "ended");
    assert_int_equal(case_look_end(&x, now + 30 * minute, &f), SLUIS_CONFLICT);
    row.level = (char *)(uintptr_t) "zwaar";
    assert_null(case_look_open(&row, 1, "pw-intake", "mw-1", 1, now));

    for (size_t i = 0; i < CASE_LOOKS_MAX; i++) { /* the first is over, and makes room */
        sluis__look_row__init(&more[i]);
        assert_int_equal(case_look_ask(&row, &more[i], now + 30 * minute, a, &f), SLUIS_OK);
        assert_int_equal(more[i].number, i + 2);
    }
    assert_int_equal(row.n_looks, CASE_LOOKS_MAX);
    assert_null(case_look_find(&row, 1));
    sluis__look_row__init(&more[CASE_LOOKS_MAX]);
    assert_int_equal(case_look_ask(&row, &more[CASE_LOOKS_MAX], now, a, &f), SLUIS_TOO_BIG);
    assert_int_equal(case_look_end(&more[3], now, &f), SLUIS_OK);
    assert_int_equal(case_look_ask(&row, &more[CASE_LOOKS_MAX], now, a, &f), SLUIS_OK);
    assert_int_equal(more[CASE_LOOKS_MAX].number, CASE_LOOKS_MAX + 2);
    arena_free(&a);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(no_case_no_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_row_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(an_impossible_case_is_not_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_save_keeps_the_version, setup, teardown),
        cmocka_unit_test(states_follow_the_table),
        cmocka_unit_test(a_look_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
