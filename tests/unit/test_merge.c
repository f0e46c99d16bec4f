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

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
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

static int teardown(void **state)
{
    room *r = *state;
    house_close(&r->h);
    free(r);
    return 0;
}

static void merge(room *r)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    sluis_fail f = {0};
    turn t = house_begin(&r->h, T0, 1u << 20);
    Sluis__CaseRow *row = NULL;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(merge_check(&t, &r->from, &r->to, &f), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->members[0]->sid.data = r->to.sid.b; /* as the change of the case does */
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    assert_int_equal(merge_write(&t, &r->from, &r->to, r->case_id.b, "zelfde persoon"), SLUIS_OK);
    house_commit(&r->h, &t);
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
    merge(r);
    people_sound(&r->h);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1); /* MERGED */
    assert_int_equal(people_count(&r->h, TABLE_MERGED), 1);
    assert_int_equal(dossier_count(r, &r->to), entries);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history);

    turn t = house_begin(&r->h, T0, 1u << 20);
    datum d = {.version = 0};
    Sluis__DatumRow *was = NULL;
    uint64_t version = 0;
    assert_int_equal(registry_get(t.p->registry, t.t, &r->to, ALONE, &only, a, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "beide ouders");
    assert_int_equal(registry_as_of(t.t, &r->to, ALONE, &d, d.row->journal_index, a, &was, &version),
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
    merge(r);
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

/* Forgotten: both keys are erased, and the name is new again. */
static void forgotten_as_one(void **state)
{
    room *r = *state;
    subject s = {0};
    uint64_t n = 0;
    merge(r);
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
    for (uint64_t i = 0; i <= MERGE_DATA_MAX; i++) {
        uint8_t key[ID_LEN + 8];
        memcpy(key, r->from.sid.b, ID_LEN);
        put_u64(key + ID_LEN, 1000 + i);
        assert_int_equal(store_put(t.t, TABLE_DATUM, BYTES_OF(key), bytes_str("x")), SLUIS_OK);
    }
    fail_clear(&f);
    assert_int_equal(merge_check(&t, &r->from, NULL, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.text,
                        "van deze persoon zijn meer dan 8192 gegevens geregistreerd: die gaan niet in "
                        "één keer over");
    house_abort(&r->h, &t);
}

/* ---- a dossier of any length ---- */

#define LONG 20000
#define PAST UINT64_C(1000000) /* beyond the journal's own numbers */

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
    assert_int_equal(entries_open(&all, t, r->h.p.rows, &s->sid, 0), SLUIS_OK);
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

static bool step(room *r, uint64_t us)
{
    bool more = false;
    turn t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(merge_step(&t, us, &more), SLUIS_OK);
    house_commit(&r->h, &t);
    return more;
}

static void entry_is_found(room *r, uint64_t journal_index)
{
    store_txn *t = fixture_read(&r->h.x);
    uint8_t key[ENTRY_KEY];
    bytes sealed;
    assert_int_equal(entries_get(t, r->h.p.rows, &r->to.sid, journal_index, key, &sealed), SLUIS_OK);
    assert_int_equal(get_u64(key + ID_LEN), journal_index);
    store_abort(&t);
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
    people_note(&t, &r->to, &r->theirs);
    house_commit(&r->h, &t);
    all++;
    entry_is_found(r, PAST + LONG - 1);
    entry_is_found(r, PAST);
    while (step(r, 2000))
        if (++steps % 10 == 1)
            assert_int_equal(read_all(r, &r->to, false), all);
    assert_true(steps > 0);
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(dossier_count(r, &r->to), all);
    assert_int_equal(read_all(r, &r->to, true), all);
    assert_int_equal(people_found(&r->h, r->from.sid.b, ID_LEN), 1); /* MERGED */
    people_sound(&r->h);
    t = house_begin(&r->h, T0, 1u << 20);
    assert_int_equal(turn_request_load(&t, request.b, &q, NULL), SLUIS_OK);
    assert_memory_equal(q->sid.data, r->to.sid.b, ID_LEN);
    assert_int_equal(merge_check(&t, &third, &r->to, &f), SLUIS_OK);
    house_abort(&r->h, &t);
}

/* The first two entries of this dossier can no longer be opened. */
static void damage_two(room *r, const subject *s)
{
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
        v[ID_LEN + 2] ^= 1;
        assert_int_equal(store_put(t, TABLE_DOSSIER, BYTES_OF(k), BYTES(v, value.n)), SLUIS_OK);
    }
    store_cursor_close(&c);
    assert_int_equal(store_commit(&t), SLUIS_OK);
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
    damage_two(r, &r->from);
    uint64_t entries = people_count(&r->h, TABLE_LEAF);
    while (step(r, 0) || people_count(&r->h, TABLE_MOVING))
        ;
    assert_int_equal(people_count(&r->h, TABLE_MOVING), 0);
    assert_int_equal(people_count(&r->h, TABLE_LEAF), entries + 1);
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

static void restrict_entry(turn *t, const subject *s, uint64_t index)
{
    uint8_t key[ID_LEN + 8];
    buffer b;
    Sluis__RestrictionRow row = SLUIS__RESTRICTION_ROW__INIT;
    row.entry = index;
    buffer_init(&b, 4096);
    restriction_key(key, &s->sid, index);
    assert_int_equal(row_seal(&b, s, TABLE_RESTRICTION, BYTES_OF(key), &row.base), SLUIS_OK);
    assert_int_equal(store_put(t->t, TABLE_RESTRICTION, BYTES_OF(key), buffer_bytes(&b)), SLUIS_OK);
    buffer_close(&b);
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
    assert_int_equal(registry_keep(t.t, &r->from, ALONE, &only, &ours), SLUIS_OK); /* for what stood there */
    assert_int_equal(registry_keep(t.t, &r->to, SHARED, &only, &theirs), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), history - 1); /* of ALONE */
    merge(r);
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
    assert_int_equal(registry_not_there(t.t, &r->to, SHARED, &only), SLUIS_OK);
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

static void say_now(room *r, const subject *s, uint32_t id, const char *source, const char *value,
                    uint64_t obtained)
{
    turn t = house_begin(&r->h, T0, 1u << 20);
    say(r, &t, s, id, source, value, obtained);
    house_commit(&r->h, &t);
}

/* After the merge, with the current statement and the one beside it (NULL: none) this of the client. */
static void stands_with(room *r, uint32_t id, uint64_t obtained, const char *current, const char *beside)
{
    static const id16 only = {{0}};
    datum d = {.version = 0};
    merge(r);
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

static bool is_told(const row_copy *x)
{
    return memmem(x->value, x->value_n, "correction-notice", 17) != NULL;
}

/* A value was settled, and before its reader was told the person became another. */
static void a_notice_that_waits_goes(void **state)
{
    room *r = *state;
    Sluis__Record rec = SLUIS__RECORD__INIT;
    settlement x;
    uint32_t read[] = {ALONE};
    size_t n = 0, told = 0;
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
    row_copy *events = fixture_rows(&r->h.x, TABLE_EVENT, &n);
    for (size_t i = 0; i < n; i++)
        told += is_told(&events[i]);
    fixture_rows_free(events, n);
    assert_int_equal(told, 1);
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
        cmocka_unit_test_setup_teardown(forgotten_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_dossier_follows_in_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_stays_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_row_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stays_at_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_another_source_says_too, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_its_source_said_later_too, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_its_source_says_otherwise_now, setup, teardown),
        cmocka_unit_test_setup_teardown(words_about_what_stands_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_notice_that_waits_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_correction_that_was_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_correction_that_was_not, setup, teardown),
        cmocka_unit_test_setup_teardown(more_restrictions_than_a_dossier_has, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_is_kept_of_one_person, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_one_row_settles, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
