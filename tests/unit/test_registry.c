#include "base/clock.h"
#include "cases/datum_use.h"
#include "gateway_fixture.h"

#include "registry/datum.h"
#include "registry/registry.h"
#include "wire/envelope.h"

#define BSN   "999990019"
#define OTHER "999990020"

typedef struct {
    fixture x;
    registry *r;
    arena *a;
} ground;

static void ground_open(ground *g, engine e)
{
    fixture_open(&g->x, e);
    assert_int_equal(registry_open(&g->r, g->x.slots), SLUIS_OK);
    g->a = arena_new(1 << 20);
}

static void ground_close(ground *g)
{
    arena_free(&g->a);
    registry_close(&g->r);
    fixture_close(&g->x);
}

static void commit(ground *g, store_txn **t)
{
    assert_int_equal(keyslots_sync(g->x.slots), SLUIS_OK);
    assert_int_equal(store_commit(t), SLUIS_OK);
}

static subject person(ground *g, const char *bsn)
{
    subject s;
    store_txn *t = fixture_write(&g->x);

    assert_int_equal(registry_subject(g->r, t, bsn, true, &s), SLUIS_OK);
    commit(g, &t);
    return s;
}

static Sluis__DatumRow statement(const char *value, const char *source)
{
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;

    row.value = (char *)(uintptr_t)value;
    row.source = (char *)(uintptr_t)source;
    row.obtained = 500;
    row.valid_from = 100;
    return row;
}

static void put(ground *g, const subject *s, const id16 *instance, Sluis__DatumRow row, datum_outcome outcome,
                uint64_t version)
{
    datum_outcome got;
    uint64_t at;
    bool alone;
    datum d;
    store_txn *t = fixture_write(&g->x);

    assert_int_equal(registry_put(g->r, t, s, 7, instance, &row, &got, &at, &alone), SLUIS_OK);
    assert_int_equal(registry_get(g->r, t, s, 7, instance, g->a, &d), SLUIS_OK);
    assert_int_equal(alone, d.beside == NULL);
    assert_int_equal(got, outcome);
    assert_int_equal(at, version);
    assert_int_equal(row.discrepancy, outcome == DATUM_DISCREPANCY);
    commit(g, &t);
}

/* The current data of an attribute, in order; how many there are, of which at most cap are kept. */
static size_t current_of(ground *g, store_txn *t, const subject *s, uint32_t id, datum *out, size_t cap)
{
    datum d = {.version = 0};
    size_t n = 0;
    sluis_err e;
    while (!(e = registry_next(g->r, t, s, id, g->a, &d))) {
        if (n < cap)
            out[n] = d;
        n++;
    }
    assert_int_equal(e, SLUIS_NOT_FOUND);
    return n;
}

static void expect_current(ground *g, const subject *s, size_t count, size_t i, const char *value,
                           uint64_t version)
{
    datum out[4];
    store_txn *t = fixture_read(&g->x);

    arena_reset(g->a);
    assert_int_equal(current_of(g, t, s, 7, out, 4), count);
    assert_string_equal(out[i].row->value, value);
    assert_int_equal(out[i].version, version);
    assert_false(out[i].row->discrepancy);
    store_abort(&t);
}

/* ---- subjects ---- */

static void subjects_in(engine e)
{
    ground g;
    ground_open(&g, e);
    subject s, again;
    slot_key orphan;
    uint8_t p[32];
    store_txn *t = fixture_read(&g.x);

    assert_int_equal(registry_subject(g.r, t, BSN, false, &s), SLUIS_NOT_FOUND);
    store_abort(&t);
    /* as after a crash: the slot is there, the row is not */
    keyslots_subject(g.x.slots, p, BSN);
    assert_int_equal(keyslots_add(g.x.slots, p, &orphan), SLUIS_OK);
    t = fixture_read(&g.x);
    assert_int_equal(registry_subject(g.r, t, BSN, false, &s), SLUIS_NOT_FOUND);
    assert_int_equal(registry_subject_by_sid(g.r, t, &orphan.sid, &s), SLUIS_NOT_FOUND);
    store_abort(&t);
    s = person(&g, BSN);
    assert_memory_equal(s.key, orphan.key, 32);
    assert_memory_equal(s.sid.b, orphan.sid.b, 16);
    again = person(&g, BSN);
    assert_memory_equal(s.key, again.key, 32);
    again = person(&g, OTHER);
    assert_memory_not_equal(s.key, again.key, 32);
    assert_memory_not_equal(s.sid.b, again.sid.b, 16);

    t = fixture_read(&g.x);
    assert_int_equal(registry_subject_by_sid(g.r, t, &s.sid, &again), SLUIS_OK);
    assert_memory_equal(s.key, again.key, 32);
    assert_int_equal(registry_subject(g.r, t, BSN, false, &again), SLUIS_OK);
    assert_memory_equal(s.sid.b, again.sid.b, 16);
    store_abort(&t);
    subject_close(&again);
    uint8_t zero[32] = {0};
    assert_memory_equal(again.key, zero, 32);
    ground_close(&g);
}

static void test_subjects_memory(void **state)
{
    (void)state;
    subjects_in(ENGINE_MEMORY);
}

static void test_subjects_lmdb(void **state)
{
    (void)state;
    subjects_in(ENGINE_LMDB);
}

static void test_forgetting(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN), again;
    slot_key slot;
    uint8_t p[32], key[8];

    keyslots_subject(g.x.slots, p, BSN);
    assert_int_equal(keyslots_find(g.x.slots, p, &slot), SLUIS_OK);
    put_u64(key, slot.slot);

    /* the intent is committed, the slot still stands: nobody may come back under this key */
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(store_delete(t, TABLE_SUBJECT, BYTES(s.sid.b, 16)), SLUIS_OK);
    assert_int_equal(
        rows_put_bytes(t, keyslots_rows(g.x.slots), TABLE_INTENT, BYTES_OF(key), BYTES(slot.sid.b, ID_LEN)),
        SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = fixture_write(&g.x);
    assert_int_equal(registry_subject(g.r, t, BSN, true, &again), SLUIS_CONFLICT);
    assert_int_equal(registry_subject(g.r, t, BSN, false, &again), SLUIS_NOT_FOUND);
    store_abort(&t);
    assert_int_equal(keyslots_erase(g.x.slots, slot.slot), SLUIS_OK);
    t = fixture_write(&g.x);
    assert_int_equal(store_delete(t, TABLE_INTENT, BYTES_OF(key)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);

    t = fixture_read(&g.x);
    assert_int_equal(registry_subject_by_sid(g.r, t, &s.sid, &again), SLUIS_NOT_FOUND);
    store_abort(&t);
    again = person(&g, BSN);
    assert_memory_not_equal(again.key, s.key, 32);
    assert_memory_not_equal(again.sid.b, s.sid.b, 16);

    /* a row without its key is loud, unless an intent explains it */
    assert_int_equal(keyslots_find(g.x.slots, p, &slot), SLUIS_OK);
    assert_int_equal(keyslots_erase(g.x.slots, slot.slot), SLUIS_OK);
    t = fixture_write(&g.x);
    assert_int_equal(registry_subject_by_sid(g.r, t, &again.sid, &s), SLUIS_CORRUPT);
    put_u64(key, slot.slot);
    assert_int_equal(
        rows_put_bytes(t, keyslots_rows(g.x.slots), TABLE_INTENT, BYTES_OF(key), BYTES(slot.sid.b, ID_LEN)),
        SLUIS_OK);
    assert_int_equal(registry_subject_by_sid(g.r, t, &again.sid, &s), SLUIS_NOT_FOUND);
    store_abort(&t);
    ground_close(&g);
}

/* Subjects fill the key file up to where the journal's day keys still fit: without these nothing passes. */
static void test_room_for_days(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    char bsn[16];
    uint8_t p[32];
    uint64_t live, erased, slots;
    subject s;
    slot_key day;
    sluis_err e = SLUIS_OK;
    store_txn *t = fixture_write(&g.x);

    for (unsigned i = 0; !e; i++) {
        snprintf(bsn, sizeof(bsn), "%09u", i);
        e = registry_subject(g.r, t, bsn, true, &s);
    }
    assert_int_equal(e, SLUIS_FULL);
    keyslots_usage(g.x.slots, &live, &erased, &slots);
    assert_int_equal(live, 44); /* of 64: 11/16 */
    assert_int_equal(registry_subject(g.r, t, "000000000", true, &s), SLUIS_OK);
    for (uint32_t d = 0; d < 4; d++) {
        keyslots_period(g.x.slots, p, 1, d);
        assert_int_equal(keyslots_add(g.x.slots, p, &day), SLUIS_OK);
    }
    store_abort(&t);
    ground_close(&g);
}

/* A row with a good check that leads to another's slot. */
static void test_slot_of_another(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN), other = person(&g, OTHER), got;
    slot_key slot;
    uint8_t p[32], value[8];

    keyslots_subject(g.x.slots, p, OTHER);
    assert_int_equal(keyslots_find(g.x.slots, p, &slot), SLUIS_OK);
    assert_memory_equal(slot.sid.b, other.sid.b, 16);
    put_u64(value, slot.slot);
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(
        rows_put_bytes(t, keyslots_rows(g.x.slots), TABLE_SUBJECT, BYTES(s.sid.b, 16), BYTES_OF(value)),
        SLUIS_OK);
    assert_int_equal(registry_subject_by_sid(g.r, t, &s.sid, &got), SLUIS_CORRUPT);
    assert_int_equal(registry_subject(g.r, t, BSN, true, &got), SLUIS_CORRUPT);
    store_abort(&t);
    ground_close(&g);
}

/* ---- data ---- */

static Sluis__DatumRow brought(const char *value, const char *source, const char *by)
{
    Sluis__DatumRow row = statement(value, source);
    row.brought_by = (char *)(uintptr_t)by;
    return row;
}

/* What another municipality says that a source said, never takes the place of what the source said here, nor
 * makes it look fresh, nor opens it to another law. */
static void test_brought(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}}, two = {{2}};
    datum out[1];
    Sluis__DatumRow row = brought("married", "ba", "elsewhere"), own = statement("married", "ba");
    char *laws[] = {(char *)(uintptr_t) "wmo", (char *)(uintptr_t) "jeugdwet"};

    own.laws = laws;
    own.n_laws = 1;
    put(&g, &s, &one, own, DATUM_NEW, 1);
    row.obtained = 500 + 2 * DAY_MS;
    row.laws = laws + 1;
    row.n_laws = 1;
    put(&g, &s, &one, row, DATUM_SAME, 1);
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(current_of(&g, t, &s, 7, out, 1), 1);
    assert_int_equal(out[0].row->obtained, 500);
    assert_int_equal(out[0].row->n_laws, 1); /* and opens it to no law more */
    assert_string_equal(out[0].row->laws[0], "wmo");
    store_abort(&t);
    put(&g, &s, &one, brought("single", "ba", "elsewhere"), DATUM_DISCREPANCY, 2);
    put(&g, &s, &one, brought("single", "ba", "elsewhere"), DATUM_DISCREPANCY, 2);
    put(&g, &s, &one, brought("widowed", "ba", "third"), DATUM_DISCREPANCY, 3);
    expect_current(&g, &s, 1, 0, "married", 1);
    /* beside the current one, too, the source's own word stays */
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 4);
    put(&g, &s, &one, brought("widowed", "school", "elsewhere"), DATUM_DISCREPANCY, 5);
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 4);
    put(&g, &s, &one, statement("divorced", "ba"), DATUM_NEWER, 6);
    expect_current(&g, &s, 1, 0, "divorced", 6);

    /* what was brought first gives way to the same one, and to the source itself */
    put(&g, &s, &two, brought("x", "ba", "elsewhere"), DATUM_NEW, 1);
    put(&g, &s, &two, brought("y", "ba", "elsewhere"), DATUM_NEWER, 2);
    put(&g, &s, &two, brought("z", "ba", "third"), DATUM_DISCREPANCY, 3);
    put(&g, &s, &two, statement("w", "ba"), DATUM_NEWER, 4);
    expect_current(&g, &s, 2, 1, "w", 4);
    ground_close(&g);
}

static void data_in(engine e)
{
    ground g;
    ground_open(&g, e);
    subject s = person(&g, BSN);
    id16 one = {{1}}, two = {{0xff}};
    char *conditions[] = {(char[]){"not-for-wgs"}};
    Sluis__DatumRow row;

    put(&g, &s, &one, statement("married", "ba"), DATUM_NEW, 1);
    put(&g, &s, &one, statement("married", "ba"), DATUM_SAME, 1);
    put(&g, &s, &one, statement("divorced", "ba"), DATUM_NEWER, 2);
    row = statement("divorced", "ba");
    row.valid_until = 900;
    put(&g, &s, &one, row, DATUM_NEWER, 3);
    put(&g, &s, &one, row, DATUM_SAME, 3);
    row.conditions = conditions;
    row.n_conditions = 1;
    put(&g, &s, &one, row, DATUM_NEWER, 4);
    row.source = (char[]){"school"};
    put(&g, &s, &one, row, DATUM_SAME, 4); /* agrees with what is known */
    expect_current(&g, &s, 1, 0, "divorced", 4);

    /* other sources that differ stand beside it */
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 5);
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 5);
    put(&g, &s, &one, statement("widowed", "ggd"), DATUM_DISCREPANCY, 6);
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 5);
    expect_current(&g, &s, 1, 0, "divorced", 4);
    put(&g, &s, &one, row, DATUM_SAME, 4);
    put(&g, &s, &one, statement("widowed", "school"), DATUM_DISCREPANCY, 7);
    put(&g, &s, &one, statement("married", "ba"), DATUM_NEWER, 8);
    expect_current(&g, &s, 1, 0, "married", 8);

    /* who repeats a value on other terms does not become its source, and so cannot change it next */
    row = statement("married", "school");
    row.valid_until = 900;
    put(&g, &s, &one, row, DATUM_DISCREPANCY, 9);
    put(&g, &s, &one, row, DATUM_DISCREPANCY, 9);
    put(&g, &s, &one, statement("single", "school"), DATUM_DISCREPANCY, 10);
    expect_current(&g, &s, 1, 0, "married", 8);

    put(&g, &s, &two, statement("x", "ba"), DATUM_NEW, 1);
    expect_current(&g, &s, 2, 0, "married", 8);
    expect_current(&g, &s, 2, 1, "x", 1);

    datum out[1];
    subject other = person(&g, OTHER);
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(current_of(&g, t, &s, 7, out, 1), 2);
    assert_memory_equal(out[0].instance.b, one.b, 16);
    assert_int_equal(current_of(&g, t, &s, 8, out, 1), 0);
    assert_int_equal(current_of(&g, t, &s, 6, out, 1), 0);
    assert_int_equal(current_of(&g, t, &other, 7, out, 1), 0);
    /* the key of another cannot open it */
    other.sid = s.sid;
    out[0].version = 0;
    assert_int_equal(registry_next(g.r, t, &other, 7, g.a, &out[0]), SLUIS_CORRUPT);
    store_abort(&t);
    ground_close(&g);
}

static void test_data_memory(void **state)
{
    (void)state;
    data_in(ENGINE_MEMORY);
}

static void test_data_lmdb(void **state)
{
    (void)state;
    data_in(ENGINE_LMDB);
}

static void test_known(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}}, two = {{2}};
    static const struct {
        uint64_t now;
        bool known;
    } cases[] = {{99, false},  {100, true}, {199, true},     {200, false},
                 {299, false}, {300, true}, {1u << 30, true}};
    Sluis__DatumRow row = statement("a", "ba");
    bool known;
    sluis_fail f = {0};
    rules *r = NULL;

    char *gemeente = (char[]){"gemeente"};
    Sluis__CaseRow c = SLUIS__CASE_ROW__INIT;
    directory *dir = NULL;
    const oin own = {{0}};

    assert_int_equal(rules_load(&r, "config/rules", &f), SLUIS_OK);
    assert_int_equal(directory_build(&dir, NULL, 0, 1, (const uint8_t[PK_LEN]){0}, &f), SLUIS_OK);
    c.scope_domains = &gemeente;
    c.n_scope_domains = 1;

    row.valid_until = 200;
    put(&g, &s, &one, row, DATUM_NEW, 1);
    row.valid_from = 300;
    row.valid_until = 0;
    put(&g, &s, &two, row, DATUM_NEW, 1);
    store_txn *t = fixture_read(&g.x);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const datum_use use = {
            .row = &c, .dir = dir, .own = &own, .now = cases[i].now, .purpose = "jeugdhulp"};
        assert_int_equal(datum_known(g.r, t, r, &s, 7, &use, &known), SLUIS_OK);
        assert_int_equal(known, cases[i].known);
    }
    const datum_use none = {.row = &c, .dir = dir, .own = &own, .now = 150, .purpose = "jeugdhulp"};
    assert_int_equal(datum_known(g.r, t, r, &s, 9, &none, &known), SLUIS_OK);
    assert_false(known);
    /* older than its catalogue allows (90 days), to the millisecond */
    datum_use last = none, old = none;
    last.now = 500 + 90 * DAY_MS - 1;
    old.now = 500 + 90 * DAY_MS;
    assert_int_equal(datum_known(g.r, t, r, &s, 7, &last, &known), SLUIS_OK);
    assert_true(known);
    assert_int_equal(datum_known(g.r, t, r, &s, 7, &old, &known), SLUIS_OK);
    assert_false(known);
    store_abort(&t);
    directory_unref(&dir);
    rules_unref(&r);
    ground_close(&g);
}

/* ---- discrepancies ---- */

/* As many as there are: none is cut off. */
static void test_many_instances(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    datum out[1];

    for (unsigned i = 0; i < 100; i++) {
        id16 instance = {{0}};
        put_u32(instance.b, i + 1);
        put(&g, &s, &instance, statement("v", "ba"), DATUM_NEW, 1);
    }
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(current_of(&g, t, &s, 7, out, 1), 100);
    store_abort(&t);
    ground_close(&g);
}

static datum datum_at(ground *g, store_txn *t, const subject *s, const id16 *instance);

static void expect_laws(ground *g, const subject *s, const id16 *instance, const char *laws)
{
    char got[64] = "";
    store_txn *t = fixture_read(&g->x);
    datum d = datum_at(g, t, s, instance);
    for (size_t i = 0; i < d.row->n_laws; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", d.row->laws[i]);
    assert_string_equal(got, laws);
    store_abort(&t);
}

/* For each law that asked; what another value was registered for is not this one's, unless it corrects it. */
static void test_laws(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}};
    char *wmo = (char[]){"wmo"}, *wgs = (char[]){"wgs"};
    Sluis__DatumRow row = statement("a", "ba");
    row.laws = &wmo;
    row.n_laws = 1;
    row.journal_index = 1;
    put(&g, &s, &one, row, DATUM_NEW, 1);
    put(&g, &s, &one, row, DATUM_SAME, 1);
    row.laws = &wgs;
    row.journal_index = 2;
    put(&g, &s, &one, row, DATUM_SAME, 2); /* who looks for what changed finds it */
    expect_laws(&g, &s, &one, "wmo wgs ");
    row = statement("b", "ba");
    row.laws = &wmo;
    row.n_laws = 1;
    row.journal_index = 3;
    put(&g, &s, &one, row, DATUM_NEWER, 3);
    expect_laws(&g, &s, &one, "wmo ");
    row = statement("c", "ba");
    row.laws = &wgs;
    row.n_laws = 1;
    row.corrected = 9;
    row.journal_index = 4;
    put(&g, &s, &one, row, DATUM_NEWER, 4);
    expect_laws(&g, &s, &one, "wgs wmo ");
    ground_close(&g);
}

static void put_for(ground *g, const subject *s, Sluis__DatumRow row, const char *law, const char *more,
                    datum_outcome outcome, uint64_t version)
{
    char *laws[] = {(char *)(uintptr_t)law, (char *)(uintptr_t)more};
    const id16 one = {{1}};

    row.laws = laws;
    row.n_laws = more ? 2 : 1;
    put(g, s, &one, row, outcome, version);
}

/* What another municipality brought is for the laws of its last word, more or fewer; of what the source said
 * itself, it changes none. */
static void test_laws_of_brought(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}};
    const Sluis__DatumRow here = brought("married", "ba", "elsewhere"),
                          third = brought("married", "ba", "third"),
                          beside = brought("single", "ba", "third"), own = statement("married", "ba");

    put_for(&g, &s, here, "wmo", "jeugdwet", DATUM_NEW, 1);
    put_for(&g, &s, here, "jeugdwet", "wmo", DATUM_SAME, 1);
    put_for(&g, &s, here, "jeugdwet", NULL, DATUM_SAME, 2); /* who looks for what changed finds it */
    expect_laws(&g, &s, &one, "jeugdwet ");
    put_for(&g, &s, third, "wmo", NULL, DATUM_SAME, 2);
    expect_laws(&g, &s, &one, "jeugdwet ");
    put_for(&g, &s, here, "wmo", "jeugdwet", DATUM_SAME, 3);
    expect_laws(&g, &s, &one, "wmo jeugdwet ");
    put_for(&g, &s, here, "wgs", NULL, DATUM_SAME, 4);
    expect_laws(&g, &s, &one, "wgs ");

    put_for(&g, &s, beside, "wmo", "jeugdwet", DATUM_DISCREPANCY, 5);
    put_for(&g, &s, beside, "jeugdwet", NULL, DATUM_DISCREPANCY, 5);
    store_txn *t = fixture_read(&g.x);
    datum d = datum_at(&g, t, &s, &one);
    assert_int_equal(d.beside->row->n_laws, 1);
    assert_string_equal(d.beside->row->laws[0], "jeugdwet");
    store_abort(&t);

    put_for(&g, &s, own, "wmo", NULL, DATUM_SAME, 6);
    expect_laws(&g, &s, &one, "wgs wmo ");
    t = fixture_read(&g.x);
    assert_string_equal(datum_at(&g, t, &s, &one).row->brought_by, "");
    store_abort(&t);
    put_for(&g, &s, here, "jeugdwet", NULL, DATUM_SAME, 6);
    expect_laws(&g, &s, &one, "wgs wmo ");
    ground_close(&g);
}

/* Confirmed by its own source: as fresh as the word of today. */
static void test_said_again_later(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}};
    static const struct {
        const char *source;
        uint64_t obtained, is;
    } said[] = {{"ba", 1000, 1000},
                {"ba", 1000 + DAY_MS - 1, 1000},
                {"bb", 1000 + 2 * DAY_MS, 1000},
                {"ba", 1000 + DAY_MS, 1000 + DAY_MS},
                {"ba", 2000, 1000 + DAY_MS}};
    for (size_t i = 0; i < 5; i++) {
        Sluis__DatumRow row = statement("a", said[i].source);
        row.obtained = said[i].obtained;
        put(&g, &s, &one, row, i ? DATUM_SAME : DATUM_NEW, 1);
        store_txn *t = fixture_read(&g.x);
        assert_int_equal(datum_at(&g, t, &s, &one).row->obtained, said[i].is);
        store_abort(&t);
    }
    ground_close(&g);
}

static datum datum_at(ground *g, store_txn *t, const subject *s, const id16 *instance)
{
    datum d = {.version = 0};
    assert_int_equal(registry_get(g->r, t, s, 7, instance, g->a, &d), SLUIS_OK);
    return d;
}

static size_t beside_count(const datum *d)
{
    size_t n = 0;
    for (const datum_beside *b = d->beside; b; b = b->next)
        n++;
    return n;
}

/* However often sources change their word, few rows stand where the next statement is written. */
static void test_few_rows_stand(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}};
    char value[16];
    uint64_t n;

    for (unsigned i = 0; i < 600; i++) {
        static const char *const sources[] = {"ba", "school", "ggd"};
        Sluis__DatumRow row = statement(value, sources[i % 3]);
        snprintf(value, sizeof(value), "v%u", i);
        row.journal_index = i + 1;
        put(&g, &s, &one, row, i == 0 ? DATUM_NEW : i % 3 ? DATUM_DISCREPANCY : DATUM_NEWER, i + 1);
    }
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(store_count(t, TABLE_DATUM, &n), SLUIS_OK);
    assert_int_equal(n, 3);
    assert_int_equal(store_count(t, TABLE_HISTORY, &n), SLUIS_OK);
    assert_int_equal(n, 597);
    datum d = datum_at(&g, t, &s, &one);
    assert_string_equal(d.row->value, "v597");
    assert_int_equal(beside_count(&d), 2);
    assert_string_equal(d.beside->row->value, "v598");
    store_abort(&t);
    ground_close(&g);
}

typedef struct {
    const char *value; /* what is over */
    uint64_t told;
} past;

static bool past_over(void *ctx, uint32_t id, const Sluis__DatumRow *row)
{
    const past *x = ctx;
    return id == 7 && strcmp(row->value, x->value) == 0;
}

static void past_gone(void *ctx, uint32_t id, uint64_t n)
{
    past *x = ctx;
    assert_int_equal(id, 7);
    x->told += n;
}

/* What is told of a statement by its number is the same, however often something was said before it for
 * another law; and one that takes another's place at the same moment has a higher one. */
static void test_numbers(void **state)
{
    (void)state;
    for (size_t others = 0; others < 20; others += 7) {
        ground g;
        ground_open(&g, ENGINE_MEMORY);
        subject s = person(&g, BSN);
        id16 one = {{1}};
        char *law = (char *)(uintptr_t) "jeugdwet", value[8];
        Sluis__DatumRow row;
        for (size_t i = 0; i < others; i++) {
            snprintf(value, sizeof(value), "v%zu", i);
            row = statement(value, "ba");
            row.registered = 1000 + i;
            row.laws = &law;
            row.n_laws = 1;
            put(&g, &s, &one, row, i ? DATUM_NEWER : DATUM_NEW, i + 1);
        }
        row = statement("own", "ba");
        row.registered = 2000;
        put(&g, &s, &one, row, others ? DATUM_NEWER : DATUM_NEW, others + 1);
        store_txn *t = fixture_read(&g.x);
        datum d = datum_at(&g, t, &s, &one);
        assert_int_equal(datum_number(d.row, d.version), 2000);
        store_abort(&t);
        row = statement("next", "ba");
        row.registered = 2000;
        put(&g, &s, &one, row, DATUM_NEWER, others + 2);
        t = fixture_read(&g.x);
        d = datum_at(&g, t, &s, &one);
        assert_int_equal(datum_number(d.row, d.version), 2001);
        store_abort(&t);
        subject_close(&s);
        ground_close(&g);
    }
}

/* Accepted: current under the decision's entry, the one before in history behind it; exchanged; dropped. */
static void test_resolved(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    id16 one = {{1}};
    uint8_t key[HISTORY_KEY_LEN];
    bytes value;
    Sluis__DatumRow row = statement("a", "ba"), *old;

    row.journal_index = 1;
    put(&g, &s, &one, row, DATUM_NEW, 1);
    row = statement("b", "bb");
    row.journal_index = 2;
    put(&g, &s, &one, row, DATUM_DISCREPANCY, 2);
    row = statement("c", "bc");
    row.journal_index = 3;
    put(&g, &s, &one, row, DATUM_DISCREPANCY, 3);

    store_txn *t = fixture_write(&g.x);
    datum d = datum_at(&g, t, &s, &one);
    assert_int_equal(registry_accept(t, &s, 7, &d, d.beside, 9, 77), SLUIS_OK);
    d = datum_at(&g, t, &s, &one);
    assert_int_equal(datum_number(d.row, d.version), 77); /* since when it stands so */
    assert_int_equal(d.row->settled, 9);
    assert_string_equal(d.row->value, "b");
    assert_string_equal(d.row->source, "bb");
    assert_int_equal(d.version, 4);
    assert_int_equal(d.row->journal_index, 9);
    assert_int_equal(d.row->registered, 77);
    assert_int_equal(beside_count(&d), 1);
    put_u64(key, 9);
    datum_key(key + 8, &s.sid, 7, &one, d.row->previous);
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_OK);
    assert_int_equal(datum_open(&s, BYTES(key + 8, DATUM_KEY_LEN), value, g.a, &old), SLUIS_OK);
    assert_string_equal(old->value, "a");

    assert_int_equal(registry_exchange(t, &s, 7, &d, d.beside, 10, 78), SLUIS_OK);
    d = datum_at(&g, t, &s, &one);
    assert_string_equal(d.row->value, "c");
    assert_string_equal(d.beside->row->value, "b");
    assert_int_equal(datum_number(d.row, d.version), 78);
    assert_int_equal(d.beside->row->journal_index, 9); /* as it was said */
    assert_int_equal(d.beside->row->previous, 0);
    put_u64(key, 10);
    datum_key(key + 8, &s.sid, 7, &one, d.row->previous);
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_OK);
    assert_int_equal(datum_open(&s, BYTES(key + 8, DATUM_KEY_LEN), value, g.a, &old), SLUIS_OK);
    assert_string_equal(old->value, "b");
    assert_int_equal(old->journal_index, 9); /* and from there on to "a" */
    assert_int_equal(beside_count(&d), 1);
    assert_int_equal(registry_drop(t, &s, 7, &d, d.beside), SLUIS_OK);
    d = datum_at(&g, t, &s, &one);
    assert_string_equal(d.row->value, "c");
    assert_null(d.beside);
    /* A row of the past by itself: it goes when it is over, and is told; else it stays. */
    past over = {.value = "a"};
    const registry_terms by = {past_over, past_gone, &over};
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_OK);
    assert_int_equal(registry_trim_past(g.r, t, &s, BYTES_OF(key), value, &by), SLUIS_OK);
    assert_int_equal(over.told, 0);
    over.value = "b";
    assert_int_equal(registry_trim_past(g.r, t, &s, BYTES(key, sizeof(key) - 1), value, &by), SLUIS_CORRUPT);
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_OK);
    assert_int_equal(registry_trim_past(g.r, t, &s, BYTES_OF(key), value, &by), SLUIS_OK);
    assert_int_equal(over.told, 1);
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_NOT_FOUND);
    store_abort(&t);
    ground_close(&g);
}

/* ---- sealed rows ---- */

static void test_sealed_rows(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    subject s = person(&g, BSN);
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    bytes key = bytes_str("transaction....1"), other = bytes_str("transaction....2");
    ProtobufCMessage *m;
    buffer b;

    row.purpose = (char[]){"debt"};
    row.sid = (ProtobufCBinaryData){.len = 16, .data = s.sid.b};
    buffer_init(&b, 1 << 16);
    assert_int_equal(row_seal(&b, &s, TABLE_REQUEST, key, &row.base), SLUIS_OK);
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(row_open(g.r, t, TABLE_REQUEST, key, buffer_bytes(&b), g.a,
                              &sluis__request_row__descriptor, &m, NULL),
                     SLUIS_OK);
    assert_string_equal(((Sluis__RequestRow *)m)->purpose, "debt");
    assert_int_equal(row_open(g.r, t, TABLE_REQUEST, other, buffer_bytes(&b), g.a,
                              &sluis__request_row__descriptor, &m, NULL),
                     SLUIS_CORRUPT);
    assert_int_equal(row_open(g.r, t, TABLE_DOSSIER, key, buffer_bytes(&b), g.a,
                              &sluis__request_row__descriptor, &m, NULL),
                     SLUIS_CORRUPT);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_reset(g.a);
        assert_int_equal(row_open(g.r, t, TABLE_REQUEST, key, buffer_bytes(&b), g.a,
                                  &sluis__request_row__descriptor, &m, NULL),
                         SLUIS_CORRUPT);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    store_abort(&t);
    buffer_close(&b);
    ground_close(&g);
}

/* What is superseded moves away as it stands, and is found again from what superseded it. */
static void history_in(engine e)
{
    ground g;
    ground_open(&g, e);
    subject s = person(&g, BSN);
    id16 instance = {{9}};
    Sluis__DatumRow row = statement("first", "ba"), *back;
    uint64_t n;

    row.journal_index = 3;
    put(&g, &s, &instance, row, DATUM_NEW, 1);
    row = statement("other", "bb");
    row.journal_index = 4;
    put(&g, &s, &instance, row, DATUM_DISCREPANCY, 2);
    row = statement("second", "ba");
    row.journal_index = 5;
    put(&g, &s, &instance, row, DATUM_NEWER, 3);
    expect_current(&g, &s, 1, 0, "second", 3);

    store_txn *t = fixture_read(&g.x);
    assert_int_equal(store_count(t, TABLE_DATUM, &n), SLUIS_OK);
    assert_int_equal(n, 2); /* the current one, and what differs from it */
    assert_int_equal(store_count(t, TABLE_HISTORY, &n), SLUIS_OK);
    assert_int_equal(n, 1);
    uint8_t key[HISTORY_KEY_LEN];
    bytes value;
    datum_key(key + 8, &s.sid, 7, &instance, 3);
    assert_int_equal(store_get(t, TABLE_DATUM, BYTES(key + 8, DATUM_KEY_LEN), &value), SLUIS_OK);
    assert_int_equal(datum_open(&s, BYTES(key + 8, DATUM_KEY_LEN), value, g.a, &back), SLUIS_OK);
    assert_int_equal(back->previous, 1);
    put_u64(key, back->journal_index);
    datum_key(key + 8, &s.sid, 7, &instance, back->previous);
    assert_int_equal(store_get(t, TABLE_HISTORY, BYTES_OF(key), &value), SLUIS_OK);
    assert_int_equal(datum_open(&s, BYTES(key + 8, DATUM_KEY_LEN), value, g.a, &back), SLUIS_OK);
    assert_string_equal(back->value, "first");
    assert_int_equal(back->previous, 0);
    store_abort(&t);
    ground_close(&g);
}

static void test_history_memory(void **state)
{
    (void)state;
    history_in(ENGINE_MEMORY);
}

static void test_history_lmdb(void **state)
{
    (void)state;
    history_in(ENGINE_LMDB);
}

/* ---- verification ---- */

static sluis_err verify(void *ctx, sluis_fail *f)
{
    ground *g = ctx;
    registry_report report;

    return registry_verify(g->x.store, g->x.slots, &report, f);
}

/* One row of every table that registry_verify looks at. */
static void fill(ground *g)
{
    subject s = person(g, BSN);
    const row_keys *k = keyslots_rows(g->x.slots);
    uint8_t id[64] = {3, 1, 4}, version[16] = {0};
    id16 instance = {{9}};
    Sluis__CaseRow c = SLUIS__CASE_ROW__INIT;
    Sluis__EventRow e = SLUIS__EVENT_ROW__INIT;
    Sluis__DedupRow d = SLUIS__DEDUP_ROW__INIT;
    Sluis__RequestRow r = SLUIS__REQUEST_ROW__INIT;
    Sluis__DossierRow dossier = SLUIS__DOSSIER_ROW__INIT;
    Sluis__SignedEntry entry = SLUIS__SIGNED_ENTRY__INIT;
    uint8_t dossier_key[24];
    buffer b;

    c.kind = (char[]){"client"};
    e.when = 12;
    d.expires = 6;
    r.created = 8;
    Sluis__SettledDatum settled_datum = SLUIS__SETTLED_DATUM__INIT, *settled_data[] = {&settled_datum};
    Sluis__SettledRow settled = SLUIS__SETTLED_ROW__INIT;
    settled.data = settled_data;
    settled.n_data = 1;
    Sluis__DeadLetterRow dead = SLUIS__DEAD_LETTER_ROW__INIT;
    dead.when = 9;
    put(g, &s, &instance, statement("v", "ba"), DATUM_NEW, 1);
    put(g, &s, &instance, statement("w", "ba"), DATUM_NEWER, 2);
    memset(version + 8, 0xff, 8);
    memcpy(dossier_key, s.sid.b, 16);
    memset(dossier_key + 16, 1, 8);
    store_txn *t = fixture_write(&g->x);
    assert_int_equal(rows_put(t, k, TABLE_CASE, BYTES(id, 16), &c.base), SLUIS_OK);
    assert_int_equal(rows_put(t, k, TABLE_EVENT, BYTES(id, 9), &e.base), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_OUTBOX, BYTES(id, 28), BYTES_OF(id)), SLUIS_OK);
    assert_int_equal(rows_put(t, k, TABLE_DEDUP, BYTES(id, 36), &d.base), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_DUE, BYTES(id, 18), BYTES(id, 38)), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_APPINDEX, BYTES(id, 21), ROW_EMPTY), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_INTENT, BYTES(id, 8), BYTES(id, 16)), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_ATTEMPT, BYTES(id, 28), BYTES(id, 4)), SLUIS_OK);
    assert_int_equal(rows_put(t, k, TABLE_DEAD, BYTES(id, 16), &dead.base), SLUIS_OK);
    Sluis__MeetingRow meeting = SLUIS__MEETING_ROW__INIT;
    meeting.organiser = (char[]){"o"};
    assert_int_equal(rows_put(t, k, TABLE_MEETING, BYTES(id, 32), &meeting.base), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_LINK, BYTES(id, 33), ROW_EMPTY), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_GONE, BYTES(id, 16), BYTES(id, 8)), SLUIS_OK);
    Sluis__RulesRow set = SLUIS__RULES_ROW__INIT;
    Sluis__RulesFileRow file = SLUIS__RULES_FILE_ROW__INIT, *files[] = {&file};
    file.name = (char[]){"laws.conf"};
    set.files = files;
    set.n_files = 1;
    assert_int_equal(rows_put(t, k, TABLE_RULESET, BYTES(id, 40), &set.base), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_META, bytes_str("mode"), BYTES(id, 3)), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_META, bytes_str("directory"), BYTES_OF(version)), SLUIS_OK);
    buffer_init(&b, 1 << 16);
    assert_int_equal(wire_pack(&b, &entry.base), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_PARTY, BYTES(id, 20), buffer_bytes(&b)), SLUIS_OK);
    assert_int_equal(row_seal(&b, &s, TABLE_REQUEST, BYTES(id, 16), &r.base), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_REQUEST, BYTES(id, 16), buffer_bytes(&b)), SLUIS_OK);
    buffer_clear(&b);
    assert_int_equal(row_seal(&b, &s, TABLE_DOSSIER, BYTES_OF(dossier_key), &dossier.base), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_DOSSIER, BYTES_OF(dossier_key), buffer_bytes(&b)), SLUIS_OK);
    buffer_clear(&b);
    assert_int_equal(row_seal(&b, &s, TABLE_SETTLED, BYTES_OF(dossier_key), &settled.base), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_SETTLED, BYTES_OF(dossier_key), buffer_bytes(&b)), SLUIS_OK);
    buffer_close(&b);
    commit(g, &t);
}

static void test_verify_finds_flips(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    static const gateway_table tables[] = {
        TABLE_CASE,    TABLE_REQUEST, TABLE_APPINDEX, TABLE_EVENT,  TABLE_OUTBOX, TABLE_DUE,     TABLE_DEDUP,
        TABLE_SUBJECT, TABLE_DATUM,   TABLE_DOSSIER,  TABLE_INTENT, TABLE_META,   TABLE_ATTEMPT, TABLE_DEAD,
        TABLE_MEETING, TABLE_HISTORY, TABLE_RULESET,  TABLE_LINK,   TABLE_GONE,   TABLE_SETTLED};
    registry_report report;
    sluis_fail f = {0};

    fill(&g);
    if (registry_verify(g.x.store, g.x.slots, &report, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(report.rows[TABLE_META], 2);
    assert_int_equal(report.rows[TABLE_PARTY], 1);
    assert_int_equal(report.forgotten, 0);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i] != TABLE_META)
            assert_int_equal(report.rows[tables[i]], 1);
        assert_true(fixture_flips(&g.x, tables[i], 1, verify, &g) >= 8 * 24);
    }
    assert_int_equal(registry_verify(g.x.store, g.x.slots, &report, &f), SLUIS_OK);
    ground_close(&g);
}

static void test_verify_names_the_row(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    sluis_fail f = {0};
    size_t n;
    registry_report report;

    fill(&g);
    row_copy *rows = fixture_rows(&g.x, TABLE_DEDUP, &n);
    rows[0].value[0] ^= 1;
    fixture_put(&g.x, TABLE_DEDUP, &rows[0]);
    assert_int_equal(verify(&g, &f), SLUIS_CORRUPT);
    assert_int_equal(strncmp(f.where, "dedup 030104000000", 18), 0);
    rows[0].value[0] ^= 1;
    fixture_put(&g.x, TABLE_DEDUP, &rows[0]);
    fixture_rows_free(rows, n);

    /* data of a subject that is gone are an error; sealed rows of it are counted */
    rows = fixture_rows(&g.x, TABLE_SUBJECT, &n);
    fixture_delete(&g.x, TABLE_SUBJECT, &rows[0]);
    fail_clear(&f);
    assert_int_equal(verify(&g, &f), SLUIS_CORRUPT);
    assert_int_equal(strncmp(f.where, "datum ", 6), 0);
    fixture_rows_free(rows, n);
    static const gateway_table of_subject[] = {TABLE_DATUM, TABLE_HISTORY};
    for (size_t i = 0; i < 2; i++) {
        rows = fixture_rows(&g.x, of_subject[i], &n);
        assert_int_equal(n, 1);
        fixture_delete(&g.x, of_subject[i], &rows[0]);
        fixture_rows_free(rows, n);
    }
    assert_int_equal(registry_verify(g.x.store, g.x.slots, &report, NULL), SLUIS_OK);
    assert_int_equal(report.forgotten, 3);
    ground_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects_memory),
        cmocka_unit_test(test_subjects_lmdb),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_room_for_days),
        cmocka_unit_test(test_slot_of_another),
        cmocka_unit_test(test_data_memory),
        cmocka_unit_test(test_data_lmdb),
        cmocka_unit_test(test_brought),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_laws_of_brought),
        cmocka_unit_test(test_said_again_later),
        cmocka_unit_test(test_many_instances),
        cmocka_unit_test(test_few_rows_stand),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_resolved),
        cmocka_unit_test(test_sealed_rows),
        cmocka_unit_test(test_history_memory),
        cmocka_unit_test(test_history_lmdb),
        cmocka_unit_test(test_verify_finds_flips),
        cmocka_unit_test(test_verify_names_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
