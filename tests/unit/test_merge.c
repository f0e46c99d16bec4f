/* A person known as two becomes one: everything about the first is found, and read, under the other; nothing
 * is left under the first but the trace of who it is now. */
#include "kit_people.h"

#include <unistd.h>

#include "cases/restriction.h"
#include "core/clearing.h"
#include "core/due.h"
#include "core/merge.h"
#include "core/rectify.h"
#include "core/settle.h"
#include "registry/entries.h"
#include "registry/intents.h"
#include "registry/walk.h"

#define OWN    "jz-2041"
#define SHARED 13 /* burgerlijke-staat: both know it */
#define ALONE  14 /* gezag-minderjarige: the first alone */

#define LONG    20000             /* entries of a dossier */
#define SETTLED 4000              /* rows of what was settled */
#define PAST    UINT64_C(1000000) /* beyond the journal's own numbers */

typedef struct {
    house h;
    subject from, to;
    id16 case_id, other_case, theirs;
    uuid request, objection;
} room;

static void say(room *r, turn *t, const subject *s, uint32_t id, const char *source, const char *value,
                uint64_t obtained)
{
    static const id16 only = {{0}};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(turn_journal(t, &rec), SLUIS_OK);
    d.value = TEXT(value);
    d.source = TEXT(source);
    d.obtained = obtained;
    d.journal_index = t->entry.index;
    assert_int_equal(registry_put(r->h.p.registry, t->t, s, id, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
}

static int setup_on(void **state, engine e)
{
    room *r = calloc(1, sizeof(*r));
    house_open_on(&r->h, e);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_subject_own(r->h.p.registry, t.t, OWN, true, &r->from), SLUIS_OK);
    r->to = house_subject(&r->h, t.t, r->h.person);
    const subject *from = &r->from, *to = &r->to;
    r->case_id = people_case(&t, &from, 1, "research", 0);
    r->other_case = people_case(&t, &from, 1, "closed", 5);
    r->theirs = people_case(&t, &to, 1, "research", 0);
    r->request = people_request(&t, &r->from, &r->case_id);
    r->objection = people_right(&t, &r->from, &r->other_case, "objection", "granted");
    people_right(&t, &r->to, &r->theirs, "access", "received");
    people_note(&t, &r->from, &r->other_case);
    people_note(&t, &r->to, &r->theirs);
    say(r, &t, &r->from, ALONE, OIN_SCHL, "moeder", 10);
    say(r, &t, &r->from, ALONE, OIN_SCHL, "beide ouders", 20);
    say(r, &t, &r->from, SHARED, OIN_SCHL, "gehuwd", 10);
    say(r, &t, &r->from, SHARED, OIN_SCHL, "gescheiden", 20);
    say(r, &t, &r->to, SHARED, OIN_GEM, "ongehuwd", 15);
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

static int setup(void **state)
{
    return setup_on(state, ENGINE_MEMORY);
}

static int teardown(void **state)
{
    room *r = *state;
    house_close(&r->h);
    free(r);
    return 0;
}

/* In one transaction; how many rows it wrote. */
static uint64_t merge(room *r)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 32u << 20);
    Sluis__CaseRow *row = NULL;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->members[0]->sid.data = r->to.sid.b; /* as the change of the case does */
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    const uint64_t before = turn_written(&t);
    assert_int_equal(merge_write(&t, &r->from, &r->to, r->case_id.b, "zelfde persoon"), SLUIS_OK);
    const uint64_t written = turn_written(&t) - before;
    house_commit(&r->h, &t);
    return written;
}

static bool step(room *r, uint64_t us)
{
    bool more = false;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(merge_step(&t, us, &more), SLUIS_OK);
    house_commit(&r->h, &t);
    return more;
}

/* And what may follow: few entries mostly go at once, on a machine that does nothing else. */
static uint64_t merge_whole(room *r)
{
    const uint64_t written = merge(r);
    while (step(r, 100000))
        ;
    return written;
}

static size_t dossier_count(room *r, const subject *s)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    size_t n = 0;
    store_txn *t = fixture_read(&r->h.x);
    assert_int_equal(store_cursor_open(t, TABLE_DOSSIER, prefix, prefix, &c), SLUIS_OK);
    while (store_cursor_next(c, &key, &value) == SLUIS_OK)
        n++;
    store_cursor_close(&c);
    store_abort(&t);
    return n;
}

static void all_of_it(void **state)
{
    room *r = *state;
    static const id16 only = {{0}};
    arena *a = arena_new(1u << 20);
    subject s = {0};
    size_t entries = dossier_count(r, &r->from) + dossier_count(r, &r->to);
    uint64_t history = people_count(&r->h, TABLE_HISTORY);
    merge_whole(r);
    people_sound(&r->h);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1 + history); /* MERGED, and the past */
    assert_int_equal(people_count(&r->h, TABLE_MERGED), 1);
    assert_int_equal(dossier_count(r, &r->to), entries);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history);

    turn t = house_begin(&r->h, T0, 1u << 20);
    datum d = {.version = 0};
    Sluis__DatumRow *was = NULL;
    uint64_t version = 0;
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, ALONE, &only, a, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "beide ouders");
    assert_int_equal(
        registry_as_of(t.p->registry, t.t, &r->to, ALONE, &d, d.row->journal_index, a, &was, &version),
        SLUIS_OK);
    assert_string_equal(was->value, "moeder");
    /* both know it, and differ: nobody's word is lost */
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, SHARED, &only, a, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "ongehuwd");
    assert_string_equal(d.beside->row->value, "gescheiden");
    assert_null(d.beside->next);

    Sluis__RequestRow *q = NULL;
    assert_int_equal(turn_request_load(&t, r->request.b, &q, &s), SLUIS_OK);
    assert_memory_equal(s.sid.b, r->to.sid.b, ID_LEN);
    assert_memory_equal(q->sid.data, r->to.sid.b, ID_LEN);
    const id16 *cases[] = {&r->case_id, &r->other_case, &r->theirs};
    for (size_t i = 0; i < 3; i++) {
        Sluis__CaseRow *row = NULL;
        assert_int_equal(case_load(t.t, t.p->rows, cases[i]->b, t.arena, &row), SLUIS_OK);
        assert_int_equal(case_member_of(row, &r->to.sid), 1);
    }
    /* by either name, and by the old random number */
    assert_int_equal(registry_subject_own(t.p->registry, t.t, OWN, true, &s), SLUIS_OK);
    assert_memory_equal(s.sid.b, r->to.sid.b, ID_LEN);
    assert_int_equal(registry_subject_by_sid(t.p->registry, t.t, &r->from.sid, &s), SLUIS_OK);
    assert_memory_equal(s.key, r->to.key, KEY_LEN);
    house_abort(&r->h, &t);
    arena_free(&a);
}

/* What was asked about the own data, and what was granted stops the use in all cases, now of one person. */
static void what_was_asked_goes_along(void **state)
{
    room *r = *state;
    rights_item *all = NULL;
    const id16 *cases[] = {&r->case_id, &r->other_case, &r->theirs};
    size_t n = 0;
    merge_whole(r);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(rights_load(t.p->registry, t.t, &r->from, t.arena, &all, &n), SLUIS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(rights_load(t.p->registry, t.t, &r->to, t.arena, &all, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    const size_t first = memcmp(all[0].transaction, r->objection.b, UUID_LEN) != 0; /* same millisecond */
    assert_memory_equal(all[first].transaction, r->objection.b, UUID_LEN);
    assert_string_equal(all[first].row->kind, "objection");
    assert_string_equal(all[!first].row->kind, "access");
    for (size_t i = 0; i < 3; i++) {
        Sluis__CaseRow *row = NULL;
        assert_int_equal(case_load(t.t, t.p->rows, cases[i]->b, t.arena, &row), SLUIS_OK);
        assert_true(row->members[0]->stopped);
    }
    house_abort(&r->h, &t);
}

static size_t events_of(room *r, const char *kind)
{
    size_t n = 0, found = 0;
    row_copy *events = fixture_rows(&r->h.x, TABLE_EVENT, &n);
    for (size_t i = 0; i < n; i++)
        found += memmem(events[i].value, events[i].value_n, kind, strlen(kind)) != NULL;
    fixture_rows_free(events, n);
    return found;
}

/* Its term is watched under the number. */
static void its_term_is_watched(void **state)
{
    room *r = *state;
    turn t = house_begin(&r->h, T0, 1u << 20);
    people_right(&t, &r->from, &r->other_case, "access", "received");
    house_commit(&r->h, &t);
    merge_whole(r);
    t = house_begin(&r->h, T0 + 2 * DAY_MS, 1u << 20);
    assert_int_equal(due_step(&t, 64), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(events_of(r, "rights-late"), 1);
}

/* Forgotten: both keys are erased, and the name is new again. */
static void forgotten_as_one(void **state)
{
    room *r = *state;
    subject s = {0};
    uint64_t n = 0;
    merge_whole(r);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_forget(t.p->registry, t.t, &r->to.sid, T0), SLUIS_OK);
    assert_int_equal(registry_subject_own(t.p->registry, t.t, OWN, true, &s), SLUIS_CONFLICT);
    house_commit(&r->h, &t);
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(people_count(&r->h, TABLE_MERGED), 0);
    t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_subject_own(t.p->registry, t.t, OWN, true, &s), SLUIS_OK);
    assert_memory_not_equal(s.sid.b, r->to.sid.b, ID_LEN);
    assert_memory_not_equal(s.sid.b, r->from.sid.b, ID_LEN);
    house_abort(&r->h, &t);
}

static void refused(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 1u << 20);
    const subject *both[] = {&r->from, &r->to};
    id16 shared = people_case(&t, both, 2, "closed", 9);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_CONFLICT);
    assert_non_null(strstr(f.text, "ander lid van dezelfde zaak"));
    Sluis__CaseRow *row = NULL; /* nor is one who was handed over */
    assert_int_equal(case_load(t.t, t.p->rows, shared.b, t.arena, &row), SLUIS_OK);
    row->members[1]->moved = true;
    assert_int_equal(case_save(t.t, t.p->rows, shared.b, row), SLUIS_OK);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_CONFLICT);
    assert_int_equal(merge_check(&t, &r->from, NULL, &f), SLUIS_OK);
    house_abort(&r->h, &t);
}

static void say_now(room *r, const subject *s, uint32_t id, const char *source, const char *value,
                    uint64_t obtained)
{
    turn t = house_begin(&r->h, T0, 1u << 20);
    say(r, &t, s, id, source, value, obtained);
    house_commit(&r->h, &t);
}

static void is_found(room *r, gateway_table table, uint64_t journal_index)
{
    store_txn *t = fixture_read(&r->h.x);
    uint8_t key[ENTRY_KEY];
    bytes sealed;
    assert_int_equal(entries_get(t, r->h.p.rows, table, &r->to.sid, journal_index, key, &sealed), SLUIS_OK);
    assert_int_equal(get_u64(key + ID_LEN), journal_index);
    store_abort(&t);
}

/* ---- how much goes over at once ---- */

/* Data, cases and reports together: at the bound it is done, one more is refused in words. */
static void as_much_as_the_bound(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    const subject *from = &r->from;
    uint64_t rows = 0;
    turn t = house_begin(&r->h, T0, 1u << 20);
    for (size_t i = 0; i < 20; i++) {
        people_case(&t, &from, 1, "closed", 9);
        people_concern(&t, from, 5);
        people_datum(&t, from, 1001 + (uint32_t)i, "x", 10);
    }
    house_commit(&r->h, &t);
    t = house_begin(&r->h, T0, 1u << 20);
    const gateway_table tables[] = {TABLE_LINK, TABLE_DATUM};
    for (size_t i = 0; i < 2; i++) {
        store_cursor *c = NULL;
        bytes k, v, prefix = BYTES(r->from.sid.b, ID_LEN);
        assert_int_equal(store_cursor_open(t.t, tables[i], prefix, prefix, &c), SLUIS_OK);
        for (; store_cursor_next(c, &k, &v) == SLUIS_OK; rows++)
            ;
        store_cursor_close(&c);
    }
    assert_int_equal(rows, 2 + 20 + 20 + 2 + 20);
    r->h.settings.merge_rows = (uint32_t)rows - 1;
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text,
                        "van deze persoon zijn meer dan 63 gegevens, zaken en meldingen geregistreerd: die "
                        "gaan niet in één keer over; de beheerder kan die grens verhogen "
                        "(limits.merge_rows)");
    fail_clear(&f);
    fail_clear(&f);
    subject third = {0}; /* of whom there is nothing but reports */
    assert_int_equal(registry_subject_own(t.p->registry, t.t, "jz-2042", true, &third), SLUIS_OK);
    for (size_t i = 0; i < 4; i++)
        people_concern(&t, &third, 5);
    r->h.settings.merge_rows = 4;
    assert_int_equal(merge_check(&t, &third, NULL, &f), SLUIS_OK);
    r->h.settings.merge_rows = 3;
    assert_int_equal(merge_check(&t, &third, NULL, &f), SLUIS_TOO_BIG);
    house_abort(&r->h, &t);
    r->h.settings.merge_rows = (uint32_t)rows;
    r->h.settings.person_cases = 22;
    t = house_begin(&r->h, T0, 1u << 20);
    fail_clear(&f);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text,
                        "samen is deze persoon lid van meer dan 22 zaken: laat de beheerder die grens "
                        "verhogen (limits.person_cases)");
    house_abort(&r->h, &t);
    r->h.settings.person_cases = 23;
    merge_whole(r);
    people_sound(&r->h);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1 + people_count(&r->h, TABLE_HISTORY));
    t = house_begin(&r->h, T0, 1u << 20);
    size_t n = 0;
    assert_int_equal(links_count(t.t, r->to.sid.b, TABLE_CASE, 100, &n), SLUIS_OK);
    assert_int_equal(n, 23);
    assert_int_equal(links_count(t.t, r->to.sid.b, TABLE_CONCERN, 100, &n), SLUIS_OK);
    assert_int_equal(n, 20);
    house_abort(&r->h, &t);
}

/* How long core does nothing else for so many data of this size, as many of the other's, and so many reports;
 * on disk. Said, not demanded. */
static void takes(const char *what, size_t n, size_t size, size_t theirs, size_t concerns)
{
    static char text[4096];
    void *state = NULL;
    setup_on(&state, ENGINE_LMDB);
    room *r = state;
    turn t = house_begin(&r->h, T0, 1u << 20);
    const uint64_t history = people_count(&r->h, TABLE_HISTORY);
    memset(text, 'x', size);
    text[size] = '\0';
    for (size_t i = 0; i < n + theirs; i++) {
        id16 instance = {{0}};
        const bool second = i >= n;
        const size_t k = second ? i - n : i;
        put_u64(instance.b, k);
        text[0] = second ? 'b' : 'a';
        people_said_of(&t, second ? &r->to : &r->from, second ? OIN_GGD : OIN_SCHL,
                       1001 + (uint32_t)(k / 1000), &instance, text, 10);
    }
    for (size_t i = 0; i < concerns; i++)
        people_concern(&t, &r->from, 5);
    house_commit(&r->h, &t);
    const uint64_t before = clock_mono_us();
    merge_whole(r);
    print_message("a merge of %s: %.0f ms\n", what, (double)(clock_mono_us() - before) / 1000);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1 + history);
    people_sound(&r->h);
    teardown(&state);
}

static void how_long_it_takes(void **state)
{
    (void)state;
    takes("8,000 data of 30 bytes", 8000, 30, 0, 0);
    takes("8,000 data of 30 bytes that both know", 8000, 30, 8000, 0);
    takes("8,000 data of 4,000 bytes", 8000, 4000, 0, 0);
    takes("8,000 reports of concern", 0, 0, 0, 8000);
}

/* ---- a past of any length ---- */

#define VERSIONS 6000 /* of a datum of 2 KB */

/* So many statements one after another of what the first alone knows, each with its number in front. */
static void make_past(room *r, uint32_t id, uint64_t n, size_t size)
{
    static char text[2048];
    static const id16 only = {{0}};
    turn t = house_begin(&r->h, T0, 1u << 20);
    memset(text, 'x', size);
    text[size] = '\0';
    for (uint64_t i = 0; i < n; i++) {
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        datum_outcome outcome;
        uint64_t version;
        snprintf(text, size, "%06d", (int)i);
        text[6] = ' ';
        d.value = text;
        d.source = TEXT(OIN_SCHL);
        d.obtained = d.registered = 100 + i;
        d.journal_index = PAST + i;
        assert_int_equal(registry_put(t.p->registry, t.t, &r->from, id, &only, &d, &outcome, &version, NULL),
                         SLUIS_OK);
        assert_int_equal(outcome, DATUM_NEWER);
    }
    house_commit(&r->h, &t);
}

/* What was current of it when the journal had this many entries; "": nothing. Of the last call. */
static const char *stood(room *r, uint64_t size)
{
    static char value[32];
    static const id16 only = {{0}};
    datum d = {.version = 0};
    Sluis__DatumRow *was = NULL;
    uint64_t version;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, ALONE, &only, t.arena, &d), SLUIS_OK);
    const sluis_err e = registry_as_of(t.p->registry, t.t, &r->to, ALONE, &d, size, t.arena, &was, &version);
    assert_true(e == SLUIS_OK || e == SLUIS_NOT_FOUND);
    snprintf(value, sizeof(value), "%.31s", e ? "" : was->value);
    house_abort(&r->h, &t);
    return value;
}

/* The number in front; -1: nothing stood. */
static int said_at(room *r, uint64_t size)
{
    const char *value = stood(r, size);
    return *value ? atoi(value) : -1;
}

/* It stays where it is, and is the other's: a merge takes as long as what is current. */
static void a_long_past_stays(void **state)
{
    room *r = *state;
    const uint64_t history = people_count(&r->h, TABLE_HISTORY);
    make_past(r, ALONE, VERSIONS, 2000);
    const uint64_t written = merge_whole(r);
    people_sound(&r->h);
    assert_in_range(written, 10, 100);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history + VERSIONS);
    assert_int_equal(said_at(r, PAST + VERSIONS), VERSIONS - 1);
    assert_int_equal(said_at(r, PAST + 1), 0);
    say_now(r, &r->to, ALONE, OIN_SCHL, "777777", VERSIONS + 100);
    assert_int_equal(said_at(r, UINT64_MAX), 777777);
    people_sound(&r->h);
}

typedef struct {
    int below; /* what says less is over */
    uint64_t told;
} expiry;

static bool is_over(void *ctx, uint32_t id, const Sluis__DatumRow *row)
{
    return id == ALONE && atoi(row->value) < ((const expiry *)ctx)->below;
}

static void is_gone(void *ctx, uint32_t id, uint64_t n)
{
    ((expiry *)ctx)->told += id == ALONE ? n : 0;
}

/* Trims in steps; as many as there were. */
static size_t trim(room *r, expiry *x)
{
    const registry_terms by = {is_over, is_gone, x};
    registry_place at = {.n = 0};
    sluis_err e = SLUIS_TIMEOUT;
    size_t steps = 0;
    for (; e == SLUIS_TIMEOUT; steps++) {
        turn t = house_begin(&r->h, T0, 1u << 20);
        e = registry_trim(t.p->registry, t.t, &r->to, &by, &at, 0);
        house_commit(&r->h, &t);
        people_sound(&r->h);
    }
    assert_int_equal(e, SLUIS_OK);
    return steps;
}

/* Its terms end as if it had always been the other's, on both sides of the merge. */
static void its_terms_go_on(void **state)
{
    room *r = *state;
    expiry x = {.below = 100};
    make_past(r, ALONE, 300, 64);
    const uint64_t history = people_count(&r->h, TABLE_HISTORY);
    merge_whole(r);
    assert_true(trim(r, &x) > 2); /* 102 of the past, 64 a step */
    assert_int_equal(x.told, 102);
    assert_int_equal(said_at(r, PAST + 101), 100);
    assert_int_equal(said_at(r, PAST + 100), -1);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history - 102);
    x.below = 299; /* all but the one that moved */
    trim(r, &x);
    assert_int_equal(x.told, 301);
    assert_int_equal(said_at(r, PAST + 300), 299);
    assert_int_equal(said_at(r, PAST + 299), -1);
}

/* When it is registered as standing at its source, nothing of the past stays under either name. */
static void it_goes_where_nothing_is_kept(void **state)
{
    room *r = *state;
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    make_past(r, ALONE, 300, 64);
    const uint64_t history = people_count(&r->h, TABLE_HISTORY);
    merge_whole(r);
    say_now(r, &r->to, ALONE, OIN_SCHL, "777777", 1000);
    d.source = TEXT(OIN_SCHL);
    d.reference = true;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_keep(t.p->registry, t.t, &r->to, ALONE, &only, &d), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history - 301);
    people_sound(&r->h);
}

/* What the statement that was settled under this entry took the place of. */
static void settled_after(room *r, uint64_t entry, uint32_t id, const char *value)
{
    static const id16 only = {{0}};
    uint8_t key[ENTRY_KEY];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    Sluis__DatumRow *was = NULL;
    past_place at;
    id16 name;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(entries_get(t.t, t.p->rows, TABLE_SETTLED, &r->to.sid, entry, key, &sealed), SLUIS_OK);
    assert_int_equal(row_open(t.p->registry, t.t, TABLE_SETTLED, BYTES_OF(key), sealed, t.arena,
                              &sluis__settled_row__descriptor, &m, NULL),
                     SLUIS_OK);
    const Sluis__SettledRow *row = (const Sluis__SettledRow *)m;
    memcpy(name.b, key, ID_LEN);
    assert_int_equal(row->data[0]->attribute, id);
    assert_true(registry_before(&name, row->data[0]->row, &at));
    assert_int_equal(registry_past(t.p->registry, t.t, &r->to, id, &only, &at, t.arena, &was), SLUIS_OK);
    assert_string_equal(was->value, value);
    assert_false(registry_before(&at.name, was, &at));
    house_abort(&r->h, &t);
}

/* In which case, when and why. */
static void settled_by(room *r, uint64_t entry, const char *why)
{
    uint8_t key[ENTRY_KEY];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(entries_get(t.t, t.p->rows, TABLE_SETTLED, &r->to.sid, entry, key, &sealed), SLUIS_OK);
    assert_int_equal(row_open(t.p->registry, t.t, TABLE_SETTLED, BYTES_OF(key), sealed, t.arena,
                              &sluis__settled_row__descriptor, &m, NULL),
                     SLUIS_OK);
    const Sluis__SettledRow *row = (const Sluis__SettledRow *)m;
    assert_string_equal(row->motivation, why);
    assert_int_equal(row->when, T0);
    assert_int_equal(row->case_id.len, ID_LEN);
    assert_memory_equal(row->case_id.data, r->case_id.b, ID_LEN);
    house_abort(&r->h, &t);
}

/* What was settled follows in steps, and is found at every moment, with the past of its statements. */
static void what_was_settled_follows(void **state)
{
    room *r = *state;
    static const id16 only = {{0}};
    static char text[3000];
    datum d = {.version = 0};
    memset(text, 'x', sizeof(text) - 1);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->from, ALONE, &only, t.arena, &d), SLUIS_OK);
    for (uint64_t i = 0; i < SETTLED; i++) {
        Sluis__SettledRow row = SLUIS__SETTLED_ROW__INIT;
        uint8_t key[ENTRY_KEY];
        if (i == 0 || i == SETTLED - 1)
            assert_int_equal(registry_settled_add(&row, t.arena, ALONE, &only, d.version, d.row, "kept"),
                             SLUIS_OK);
        row.motivation = text;
        memcpy(key, r->from.sid.b, ID_LEN);
        put_u64(key + ID_LEN, PAST + i);
        assert_int_equal(turn_put_sealed(&t, &r->from, TABLE_SETTLED, BYTES_OF(key), &row.base), SLUIS_OK);
    }
    house_commit(&r->h, &t);
    const uint64_t merged = journal_size(r->h.journal);
    assert_in_range(merge(r), 10, SETTLED); /* it is all there before all of it moved */
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 1);
    size_t steps = 0;
    do {
        steps++;
        for (uint64_t i = 0; i < SETTLED; i += SETTLED - 1)
            settled_after(r, PAST + i, ALONE, "moeder");
    } while (step(r, 1000));
    assert_true(steps > 1);
    settled_after(r, PAST, ALONE, "moeder");
    settled_after(r, merged, SHARED, "gehuwd");
    settled_by(r, merged, "zelfde persoon");
    assert_int_equal(people_count(&r->h, TABLE_SETTLED), SETTLED + 1); /* and of the merge */
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1 + people_count(&r->h, TABLE_HISTORY));
    people_sound(&r->h);
}

/* ---- a dossier of any length ---- */

/* So many entries of the first person, between as many tenths of the other's; the last speaks of a request.
 */
static uuid make_long(room *r)
{
    turn t = house_begin(&r->h, T0, 1u << 20);
    Sluis__Record rec = SLUIS__RECORD__INIT;
    Sluis__RequestRow q = SLUIS__REQUEST_ROW__INIT;
    Sluis__DossierRow row;
    uuid tx = uuid_new(T0);
    uint8_t key[ENTRY_KEY];
    q.sid = data_of(r->from.sid.b, ID_LEN);
    q.state = TEXT("open");
    assert_int_equal(turn_request_save(&t, tx.b, &q, &r->from), SLUIS_OK);
    rec.type = SLUIS__RECORD_TYPE__R_READ;
    rec.transaction = data_of(tx.b, UUID_LEN);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    turn_dossier_entry(&t, r->other_case.b, "waarom", &row);
    const ProtobufCBinaryData speaks = row.record;
    for (uint64_t i = 0; i < LONG; i++) {
        const subject *s = i % 10 == 5 ? &r->to : &r->from;
        row.record = i == LONG - 1 ? speaks : (ProtobufCBinaryData){0, NULL};
        memcpy(key, s->sid.b, ID_LEN);
        put_u64(key + ID_LEN, PAST + i);
        assert_int_equal(turn_put_sealed(&t, s, TABLE_DOSSIER, BYTES_OF(key), &row.base), SLUIS_OK);
    }
    house_commit(&r->h, &t);
    return tx;
}

/* How many entries a reader finds: each opens, in the order of the journal. */
static size_t read_all(room *r, const subject *s, bool open)
{
    store_txn *t = fixture_read(&r->h.x);
    arena *a = arena_new(1u << 20);
    entry_walk all;
    bytes key, sealed;
    uint64_t last = 0;
    size_t n = 0;
    assert_int_equal(entries_open(&all, t, r->h.p.rows, TABLE_DOSSIER, &s->sid, 0), SLUIS_OK);
    for (; entries_next(&all, &key, &sealed) == SLUIS_OK; n++) {
        ProtobufCMessage *m = NULL;
        assert_true(!n || get_u64(key.p + ID_LEN) > last);
        last = get_u64(key.p + ID_LEN);
        arena_reset(a);
        if (open)
            assert_int_equal(row_open(r->h.p.registry, t, TABLE_DOSSIER, key, sealed, a,
                                      &sluis__dossier_row__descriptor, &m, NULL),
                             SLUIS_OK);
    }
    entries_close(&all);
    arena_free(&a);
    store_abort(&t);
    return n;
}

/* Read and written meanwhile: at every moment all of it is there, once. */
static void a_long_dossier_follows_in_steps(void **state)
{
    room *r = *state;
    subject s = {0}, third = {0};
    sluis_fail f = {0};
    Sluis__RequestRow *q = NULL;
    const uuid request = make_long(r);
    size_t all = dossier_count(r, &r->from) + dossier_count(r, &r->to), steps = 0;
    merge(r);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 1);
    assert_true(dossier_count(r, &r->from) > 0);
    assert_int_equal(read_all(r, &r->to, true), all);
    people_sound(&r->h);

    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(turn_request_load(&t, request.b, &q, &s), SLUIS_OK);
    assert_memory_equal(s.sid.b, r->to.sid.b, ID_LEN);
    assert_memory_equal(q->sid.data, r->to.sid.b, ID_LEN);
    assert_int_equal(registry_subject_own(t.p->registry, t.t, "jz-2042", true, &third), SLUIS_OK);
    assert_int_equal(merge_check(&t, &third, &r->to, &f), SLUIS_CONFLICT);
    assert_string_equal(f.text, "met deze persoon wordt nog een ander dossier samengevoegd: probeer het zo "
                                "opnieuw");
    q->state = TEXT("answered"); /* meanwhile: not undone by the step that moves its entry */
    assert_int_equal(turn_request_save(&t, request.b, q, &s), SLUIS_OK);
    people_note(&t, &r->to, &r->theirs);
    house_commit(&r->h, &t);
    all++;
    is_found(r, TABLE_DOSSIER, PAST + LONG - 1);
    is_found(r, TABLE_DOSSIER, PAST);
    while (step(r, 2000))
        if (++steps % 10 == 1)
            assert_int_equal(read_all(r, &r->to, false), all);
    assert_true(steps > 0);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(dossier_count(r, &r->to), all);
    assert_int_equal(read_all(r, &r->to, true), all);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN),
                     1 + people_count(&r->h, TABLE_HISTORY)); /* MERGED, and the past */
    people_sound(&r->h);
    t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(turn_request_load(&t, request.b, &q, NULL), SLUIS_OK);
    assert_memory_equal(q->sid.data, r->to.sid.b, ID_LEN);
    assert_string_equal(q->state, "answered");
    assert_int_equal(merge_check(&t, &third, &r->to, &f), SLUIS_OK);
    house_abort(&r->h, &t);
}

/* The first two entries of this dossier can no longer be opened; the journal index of the first. */
static uint64_t damage_two(room *r, const subject *s)
{
    uint64_t first = 0;
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    store_txn *t = fixture_write(&r->h.x);
    assert_int_equal(store_cursor_open(t, TABLE_DOSSIER, prefix, prefix, &c), SLUIS_OK);
    for (size_t i = 0; i < 2; i++) {
        uint8_t k[ENTRY_KEY], v[512];
        assert_int_equal(store_cursor_next(c, &key, &value), SLUIS_OK);
        assert_true(value.n <= sizeof(v));
        memcpy(k, key.p, sizeof(k));
        memcpy(v, value.p, value.n);
        first = i ? first : get_u64(k + ID_LEN);
        v[ID_LEN + 2] ^= 1;
        assert_int_equal(store_put(t, TABLE_DOSSIER, BYTES_OF(k), BYTES(v, value.n)), SLUIS_OK);
    }
    store_cursor_close(&c);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    return first;
}

/* The journal's last entry says of how many, the first of which entry. */
static void is_said(room *r, uint64_t first)
{
    arena *a = arena_new(1u << 20);
    Sluis__Record *rec = NULL;
    uint8_t salt[SALT_LEN];
    char said[128];
    bytes raw;
    store_txn *t = fixture_read(&r->h.x);
    assert_int_equal(
        journal_read_record(t, r->h.x.slots, journal_size(r->h.journal) - 1, a, &rec, salt, &raw), SLUIS_OK);
    snprintf(said, sizeof(said), "2 entries cannot be opened, the first is of journal entry %d", (int)first);
    assert_string_equal(rec->decision, "left-behind");
    assert_string_equal(rec->detail, said);
    assert_memory_equal(rec->subject.data, r->to.sid.b, ID_LEN);
    store_abort(&t);
    arena_free(&a);
}

/* What could not be opened before the merge, of a dossier that goes at once: said at the next step. */
static void what_was_damaged_before(void **state)
{
    room *r = *state;
    const uint64_t first = damage_two(r, &r->from);
    merge(r);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 1);
    assert_false(step(r, 100000));
    is_said(r, first);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(dossier_count(r, &r->from), 2);
}

/* An entry that cannot be opened stays behind, and is named in the journal; the rest moves, and it ends:
 * whoever is forgotten later is forgotten with it. */
static void what_cannot_be_opened_stays_behind(void **state)
{
    room *r = *state;
    clearing c = {0};
    bool more = true;
    make_long(r);
    merge(r);
    const size_t all = dossier_count(r, &r->from) + dossier_count(r, &r->to);
    const uint64_t first = damage_two(r, &r->from);
    uint64_t entries = people_count(&r->h, TABLE_LEAF);
    while (step(r, 0) || people_count(&r->h, TABLE_MOVING))
        ;
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(people_count(&r->h, TABLE_LEAF), entries + 1);
    is_said(r, first);
    assert_int_equal(dossier_count(r, &r->from), 2);
    assert_int_equal(read_all(r, &r->to, true), all - 2);
    assert_false(step(r, 2000));
    assert_int_equal(people_count(&r->h, TABLE_LEAF), entries + 1);

    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_forget(t.p->registry, t.t, &r->to.sid, T0), SLUIS_OK);
    house_commit(&r->h, &t);
    while (more) {
        t = house_begin(&r->h, T0, 1u << 20);
        assert_int_equal(clearing_step(&c, &t, 100000, &more), SLUIS_OK);
        house_commit(&r->h, &t);
    }
    assert_int_equal(dossier_count(r, &r->from), 0);
}

/* What these steps say on the log about a merge that cannot go on: lines. */
static size_t said_of_the_stuck(room *r, size_t steps)
{
    char said[4096] = "";
    size_t lines = 0;
    FILE *log = tmpfile();
    fflush(stderr);
    const int before = dup(STDERR_FILENO);
    assert_true(log && before >= 0);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < steps; i++)
        assert_false(step(r, 100000));
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    rewind(log);
    const size_t n = fread(said, 1, sizeof(said) - 1, log);
    fclose(log);
    assert_true(n < sizeof(said) - 1);
    for (const char *at = said; (at = strstr(at, "a merge cannot go on")); at++)
        lines++;
    return lines;
}

/* A damaged row of MOVING: said once, counted as long as it is there, and nothing else waits for it. */
static void a_damaged_row_is_said_once(void **state)
{
    room *r = *state;
    uint8_t odd[ID_LEN], longer[ID_LEN + 1];
    make_long(r);
    merge(r);
    memset(odd, 0, sizeof(odd)); /* before the other */
    memset(longer, 0, sizeof(longer));
    store_txn *t = fixture_write(&r->h.x);
    assert_int_equal(store_put(t, TABLE_MOVING, BYTES_OF(odd), BYTES_OF(odd)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    while (step(r, 100000))
        ;
    assert_int_equal(dossier_count(r, &r->from), 0);
    assert_int_equal(METRIC_GET(&r->h.metrics, merges_stuck), 1);
    assert_int_equal(said_of_the_stuck(r, 3), 0);
    t = fixture_write(&r->h.x);
    assert_int_equal(store_put(t, TABLE_MOVING, BYTES_OF(longer), BYTES_OF(odd)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    assert_int_equal(said_of_the_stuck(r, 3), 1);
    assert_int_equal(METRIC_GET(&r->h.metrics, merges_stuck), 2);
    t = fixture_write(&r->h.x);
    assert_int_equal(store_delete(t, TABLE_MOVING, BYTES_OF(odd)), SLUIS_OK);
    assert_int_equal(store_delete(t, TABLE_MOVING, BYTES_OF(longer)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    assert_int_equal(said_of_the_stuck(r, 1), 0);
    assert_int_equal(METRIC_GET(&r->h.metrics, merges_stuck), 0);
}

/* Forgotten while the dossier is on its way: both keys, and what stands under either name. */
static void forgotten_on_the_way(void **state)
{
    room *r = *state;
    clearing c = {0};
    bool more = true;
    uint64_t n = 0;
    make_long(r);
    merge(r);
    assert_true(dossier_count(r, &r->from) > 0);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_forget(t.p->registry, t.t, &r->to.sid, T0), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    assert_false(step(r, 0));
    people_sound(&r->h);
    while (more) {
        t = house_begin(&r->h, T0, 1u << 20);
        assert_int_equal(clearing_step(&c, &t, 100000, &more), SLUIS_OK);
        house_commit(&r->h, &t);
    }
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 0);
    assert_int_equal(people_found(&r->h, r->to.sid.b, ID_LEN), 0);
    people_sound(&r->h);
}

static void restrict_until(turn *t, const subject *s, uint64_t index, uint64_t review, uint64_t ended)
{
    uint8_t key[ID_LEN + 8];
    buffer b;
    Sluis__RestrictionRow row = SLUIS__RESTRICTION_ROW__INIT;
    row.entry = row.journal_index = index;
    row.review = review;
    row.ended = ended;
    buffer_init(&b, 4096);
    restriction_key(key, &s->sid, index);
    assert_int_equal(row_seal(&b, s, TABLE_RESTRICTION, BYTES_OF(key), &row.base), SLUIS_OK);
    assert_int_equal(store_put(t->t, TABLE_RESTRICTION, BYTES_OF(key), buffer_bytes(&b)), SLUIS_OK);
    buffer_close(&b);
}

static void restrict_entry(turn *t, const subject *s, uint64_t index)
{
    restrict_until(t, s, index, 0, 0);
}

/* How often somebody was asked to look at a restriction again, by now. */
static size_t asked_to_review(room *r, uint64_t now)
{
    turn t = house_begin(&r->h, now, 1u << 20);
    assert_int_equal(due_step(&t, 64), SLUIS_OK);
    house_commit(&r->h, &t);
    return events_of(r, "restriction-review");
}

/* What is restricted stays so under the other name, and is looked at again at its date: at once when that is
 * over. What ended is in the dossier's past. */
static void restrictions_go_along(void **state)
{
    room *r = *state;
    restrictions all;
    turn t = house_begin(&r->h, T0, 1u << 20);
    restrict_until(&t, &r->from, 2, T0 + 5000, 0);
    restrict_until(&t, &r->from, 3, T0 - 5000, 0);
    restrict_until(&t, &r->from, 4, T0 + 6000, T0 - 1);
    restrict_until(&t, &r->to, 5, T0 + 9000, 0);
    house_commit(&r->h, &t);
    merge_whole(r);
    people_sound(&r->h);
    t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(restrictions_load(t.p->registry, t.t, &r->to, t.arena, &all), SLUIS_OK);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.all, 4);
    for (uint64_t entry = 1; entry <= 5; entry++)
        assert_int_equal(restriction_of(&all, entry, ROW_EMPTY) != NULL, entry != 1 && entry != 4);
    assert_int_equal(restrictions_load(t.p->registry, t.t, &r->from, t.arena, &all), SLUIS_OK);
    assert_int_equal(all.all, 0);
    house_abort(&r->h, &t);
    assert_int_equal(asked_to_review(r, T0 + 1000), 1);
    assert_int_equal(asked_to_review(r, T0 + 4000), 1);
    assert_int_equal(asked_to_review(r, T0 + 8000), 2);
}

static void more_restrictions_than_a_dossier_has(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 8u << 20);
    for (uint64_t i = 0; i < RESTRICTIONS_MAX; i++)
        restrict_entry(&t, i % 2 ? &r->from : &r->to, 1000 + i);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_OK);
    restrict_entry(&t, &r->to, 2000);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "samen zijn er meer dan 256 beperkingen in het dossier: hef er eerst op");
    house_abort(&r->h, &t);
}

/* Both know these instances, in 3,900 bytes each. */
static void both_say(room *r, turn *t, size_t n)
{
    static char text[3900];
    memset(text, 'x', sizeof(text) - 1);
    for (size_t i = 0; i < 2 * n; i++) {
        id16 instance = {{0}};
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        datum_outcome outcome;
        uint64_t version;
        const bool first = i % 2;
        put_u64(instance.b, i / 2);
        text[0] = first ? 'a' : 'b';
        d.value = text;
        d.source = TEXT(first ? OIN_SCHL : OIN_GGD);
        d.category = CATEGORY_ORDINARY;
        d.obtained = d.registered = T0;
        d.journal_index = journal_size(t->journal);
        assert_int_equal(registry_put(t->p->registry, t->t, first ? &r->from : &r->to, ALONE, &instance, &d,
                                      &outcome, &version, NULL),
                         SLUIS_OK);
    }
}

/* What is settled by a merge fits in one row, or nothing of it begins. */
static void more_than_one_row_settles(void **state)
{
    room *r = *state;
    Sluis__Record rec = SLUIS__RECORD__INIT;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 16u << 20);
    both_say(r, &t, 800);
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_TOO_BIG);
    assert_string_equal(
        f.text, "wat van allebei bekend is neemt meer dan 3145728 bytes in: dat gaat niet in één keer samen");
    house_abort(&r->h, &t);
    t = house_begin(&r->h, T0, 32u << 20);
    both_say(r, &t, 700);
    fail_clear(&f);
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(merge_write(&t, &r->from, &r->to, r->case_id.b, "omdat"), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_SETTLED), 1);
}

static void more_than_is_kept_of_one_person(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 8u << 20);
    for (size_t i = 0; i < RIGHTS_MAX - 2; i++)
        people_right(&t, &r->to, &r->theirs, "access", "refused");
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_OK);
    people_right(&t, &r->to, &r->theirs, "access", "refused");
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text, "samen zijn er meer dan 80 AVG-verzoeken van deze persoon");
    house_abort(&r->h, &t);
}

/* What stays at its source goes along as that; what was fetched of either is in nobody's past. */
static void what_stays_at_its_source(void **state)
{
    room *r = *state;
    static const id16 only = {{0}};
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumRow ours = SLUIS__DATUM_ROW__INIT, theirs = SLUIS__DATUM_ROW__INIT;
    uint64_t history = people_count(&r->h, TABLE_HISTORY);
    datum d = {.version = 0};
    kept.until = T0 + 1000;
    ours.source = theirs.source = TEXT(OIN_SCHL);
    ours.reference = theirs.reference = true;
    ours.value = TEXT("gehaald");
    ours.kept = theirs.kept = &kept;
    theirs.value = TEXT("ongehuwd");
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_keep(t.p->registry, t.t, &r->from, ALONE, &only, &ours),
                     SLUIS_OK); /* for what stood there */
    assert_int_equal(registry_keep(t.p->registry, t.t, &r->to, SHARED, &only, &theirs), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history - 1); /* of ALONE */
    merge_whole(r);
    people_sound(&r->h);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history - 1);
    t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, ALONE, &only, t.arena, &d), SLUIS_OK);
    assert_true(d.row->reference && !d.row->kept && !d.beside);
    assert_string_equal(d.row->value, "");
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, SHARED, &only, t.arena, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "ongehuwd");
    assert_null(d.beside);
    assert_int_equal(registry_unkeep(t.p->registry, t.t, &r->to, SHARED, &only, T0 + 999), SLUIS_OK);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, SHARED, &only, t.arena, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "ongehuwd");
    assert_int_equal(registry_unkeep(t.p->registry, t.t, &r->to, SHARED, &only, T0 + 1000), SLUIS_OK);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, SHARED, &only, t.arena, &d), SLUIS_OK);
    assert_true(d.row->reference && !d.row->kept);
    assert_string_equal(d.row->value, "");
    assert_int_equal(registry_not_there(t.p->registry, t.t, &r->to, SHARED, &only), SLUIS_OK);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, SHARED, &only, t.arena, &d), SLUIS_NOT_FOUND);
    house_commit(&r->h, &t);
}

/* ---- what the client wrote, and who is still to be told ---- */

#define DISPUTED "Dat klopt niet"

static void client_writes(room *r, const subject *s, uint32_t id)
{
    static const id16 only = {{0}};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    datum d = {.version = 0};
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_get(t.p->registry, t.t, s, id, &only, t.arena, &d), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(registry_state(t.t, s, id, &d, TEXT(DISPUTED), t.entry.index, T0), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* For one law; the entry that it was said under. */
static uint64_t say_for(room *r, const subject *s, const char *law)
{
    static const id16 only = {{0}};
    char *laws[] = {TEXT(law)};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    turn t = house_begin(&r->h, T0, 1u << 20);
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    const uint64_t under = t.entry.index;
    d.value = TEXT("vader");
    d.source = TEXT(OIN_SCHL);
    d.obtained = 30;
    d.laws = laws;
    d.n_laws = 1;
    d.journal_index = under;
    assert_int_equal(registry_put(t.p->registry, t.t, s, ALONE, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    return under;
}

/* What stood before goes on under the name of before, what stood since under the number. */
static void its_past_goes_on(room *r, bool written)
{
    const uint64_t said = say_for(r, &r->from, "wmo");
    merge_whole(r);
    const uint64_t versions = people_count(&r->h, TABLE_HISTORY);
    if (written)
        client_writes(r, &r->to, ALONE);
    else
        say_for(r, &r->to, "jeugdwet");
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), versions + 1);
    people_sound(&r->h);
    assert_string_equal(stood(r, UINT64_MAX), "vader");
    assert_string_equal(stood(r, said + 1), "vader");
    assert_string_equal(stood(r, said), "beide ouders");
    assert_string_equal(stood(r, 1), "");
}

static void it_is_said_for_another_law(void **state)
{
    its_past_goes_on(*state, false);
}

static void the_client_writes_about_it(void **state)
{
    its_past_goes_on(*state, true);
}

/* After the merge, with the current statement and the one beside it (NULL: none) this of the client. */
static void stands_with(room *r, uint32_t id, uint64_t obtained, const char *current, const char *beside)
{
    static const id16 only = {{0}};
    datum d = {.version = 0};
    merge_whole(r);
    people_sound(&r->h);
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, id, &only, t.arena, &d), SLUIS_OK);
    assert_int_equal(d.row->obtained, obtained);
    assert_string_equal(d.row->statement, current);
    assert_int_equal(d.beside != NULL, beside != NULL);
    if (beside)
        assert_string_equal(d.beside->row->statement, beside);
    house_abort(&r->h, &t);
}

static void words_about_what_another_source_says_too(void **state)
{
    room *r = *state;
    say_now(r, &r->from, SHARED, OIN_SCHL, "ongehuwd", 30);
    client_writes(r, &r->from, SHARED);
    stands_with(r, SHARED, 15, DISPUTED, NULL);
}

static void words_about_what_its_source_said_later_too(void **state)
{
    room *r = *state;
    client_writes(r, &r->from, ALONE);
    say_now(r, &r->to, ALONE, OIN_SCHL, "beide ouders", 30);
    stands_with(r, ALONE, 30, DISPUTED, NULL);
}

static void words_about_what_its_source_says_otherwise_now(void **state)
{
    room *r = *state;
    client_writes(r, &r->from, ALONE);
    say_now(r, &r->to, ALONE, OIN_SCHL, "moeder", 30);
    stands_with(r, ALONE, 30, "", NULL);
}

static void words_about_what_stands_beside(void **state)
{
    room *r = *state;
    client_writes(r, &r->from, SHARED);
    say_now(r, &r->to, SHARED, OIN_SCHL, "gescheiden", 20);
    stands_with(r, SHARED, 15, "", DISPUTED);
}

/* So large that nothing of what was settled goes with it in the merge's own transaction. */
static void settle_much_first(room *r)
{
    const size_t size = 3u << 19;
    Sluis__SettledRow row = SLUIS__SETTLED_ROW__INIT;
    uint8_t key[ENTRY_KEY];
    turn t = house_begin(&r->h, T0, 1u << 20);
    row.motivation = malloc(size);
    assert_non_null(row.motivation);
    memset(row.motivation, 'x', size - 1);
    row.motivation[size - 1] = '\0';
    memcpy(key, r->from.sid.b, ID_LEN);
    put_u64(key + ID_LEN, 0);
    assert_int_equal(turn_put_sealed(&t, &r->from, TABLE_SETTLED, BYTES_OF(key), &row.base), SLUIS_OK);
    free(row.motivation);
    house_commit(&r->h, &t);
}

/* A value was settled, and before its reader was told the person became another. */
static void told_after_a_merge(room *r)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    settlement x;
    uint32_t read[] = {ALONE};
    turn t = house_begin(&r->h, T0, 1u << 20);
    rec.type = SLUIS__RECORD_TYPE__R_READ;
    rec.application = TEXT("wmo-intake");
    rec.from = TEXT(OIN_GEM);
    rec.case_id = data_of(r->other_case.b, ID_LEN);
    rec.attributes = read;
    rec.n_attributes = 1;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(turn_dossier(&t, &r->from, r->other_case.b, "omdat", NULL, 0), SLUIS_OK);
    rec = (Sluis__Record)SLUIS__RECORD__INIT;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    settlement_begin(&x, r->other_case.b, "was verkeerd");
    assert_int_equal(settle_changed(&t, &x, ALONE, 0), SLUIS_OK);
    assert_int_equal(settlement_write(&t, &x, &r->from), SLUIS_OK);
    house_commit(&r->h, &t);
    merge(r);
    t = house_begin(&r->h, T0 + 1000, 1u << 20);
    assert_int_equal(due_step(&t, 64), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(events_of(r, "correction-notice"), 1);
    people_sound(&r->h);
}

static void a_notice_that_waits_goes(void **state)
{
    told_after_a_merge(*state);
    assert_int_equal(people_count(&((room *)*state)->h, TABLE_SETTLED), 2);
}

/* Its row still stands under the name of before. */
static void a_notice_on_the_way_goes(void **state)
{
    room *r = *state;
    settle_much_first(r);
    told_after_a_merge(r);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 1);
    while (step(r, 100000))
        ;
    people_sound(&r->h);
}

/* ---- a correction that waits for its source ---- */

/* Asked of the school, heard from it, and merged before that was looked at: what has become of it. */
static void waits_through_a_merge(room *r, bool refused, const char *state)
{
    const uint32_t id = SHARED;
    uint8_t key[RIGHTS_KEY];
    rights_item *all = NULL;
    size_t n = 0, found = 0;
    turn t = house_begin(&r->h, T0, 1u << 20);
    people_rectification(&t, &r->from, &r->case_id, id, "gescheiden",
                         refused ? SLUIS__OUTCOME__REFUSED : SLUIS__OUTCOME__OUTCOME_NONE, key);
    assert_int_equal(rectify_heard(&t, &r->from, &id, 1), SLUIS_OK);
    house_commit(&r->h, &t);
    merge(r);
    t = house_begin(&r->h, T0 + 1000, 1u << 20);
    assert_int_equal(due_step(&t, 64), SLUIS_OK);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, T0 + 1000, 1u << 20);
    assert_int_equal(rights_load(t.p->registry, t.t, &r->to, t.arena, &all, &n), SLUIS_OK);
    for (size_t i = 0; i < n; i++)
        if (rectify_is(all[i].row)) {
            found++;
            assert_string_equal(all[i].row->state, state);
            assert_string_equal(all[i].row->source_outcome, refused ? "refused" : "unanswered");
        }
    assert_int_equal(found, 1);
    house_abort(&r->h, &t);
    people_sound(&r->h);
}

static void a_correction_that_was_answered(void **state)
{
    waits_through_a_merge(*state, true, "refused");
}

/* The register gives what the municipality says now; the school has not changed a word, and is not asked any
 * more: the objection is of the same person now. */
static void a_correction_that_was_not(void **state)
{
    waits_through_a_merge(*state, false, "granted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_asked_goes_along, setup, teardown),
        cmocka_unit_test_setup_teardown(its_term_is_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(as_much_as_the_bound, setup, teardown),
        cmocka_unit_test(how_long_it_takes),
        cmocka_unit_test_setup_teardown(a_long_past_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(its_terms_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(it_goes_where_nothing_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_settled_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_dossier_follows_in_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_stays_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_damaged_before, setup, teardown),
        cmocka_unit_test_setup_teardown(restrictions_go_along, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_row_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stays_at_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_said_for_another_law, setup, teardown),
        cmocka_unit_test_setup_teardown(the_client_writes_about_it, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_another_source_says_too, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_its_source_said_later_too, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_its_source_says_otherwise_now, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_stands_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_notice_that_waits_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_notice_on_the_way_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_correction_that_was_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_correction_that_was_not, setup, teardown),
        cmocka_unit_test_setup_teardown(more_restrictions_than_a_dossier_has, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_is_kept_of_one_person, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_one_row_settles, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
