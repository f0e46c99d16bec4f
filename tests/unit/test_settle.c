/* What a new statement does to those of others: the authoritative source goes first, as the catalogue says;
 * what agrees, or was asked of the source, is over; the rest stays open. */
#include "kit_parts.h"

#include "core/settle.h"

#define BIRTH  2  /* geboortedatum: of the municipality, source_wins */
#define STATUS 13 /* burgerlijke-staat: of the municipality; others stand beside it */

typedef struct {
    house h;
    subject s;
    uint64_t index; /* of the journal's entries, as the tests count them */
    size_t settled; /* bytes that the message has settled already */
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    r->s = house_subject(&r->h, t.t, r->h.person);
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

typedef struct {
    bool open;
    size_t settled, changed; /* statements that left; attributes whose current value is another */
    const char *outcome;     /* of the last that left */
    uint64_t since;
} told;

static const id16 only = {{0}};

/* from says value in this transaction, as an answer that is registered. */
static told say(room *r, uint32_t id, const char *from, const char *value, const char *transaction)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    envelope env = {.core = &c};
    job j = {.env = &env};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    static settlement x;
    datum_outcome outcome;
    uint64_t version;
    told out = {0};
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    t.entry.index = ++r->index;
    c.sender = TEXT(from);
    c.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)TEXT(transaction)};
    d.value = TEXT(value);
    d.source = TEXT(from);
    d.journal_index = t.entry.index;
    settlement_begin(&x, NULL, "because");
    x.bytes = r->settled;
    assert_int_equal(registry_put(r->h.p.registry, t.t, &r->s, id, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
    assert_int_equal(
        settle_statement(&t, &j, &x, &r->s, rules_attribute(t.rules, id), &only, outcome, &out.open),
        SLUIS_OK);
    out.settled = x.row.n_data;
    out.changed = x.changed.n_attributes;
    out.since = x.since;
    for (size_t i = 0; i < x.row.n_data; i++)
        for (size_t k = 0; k < 6; k++) {
            static const char *const names[] = {SETTLED_ACCEPTED, SETTLED_KEPT,      SETTLED_AGREED,
                                                SETTLED_SOURCE,   SETTLED_OVERRULED, SETTLED_WITHDRAWN};
            if (strcmp(names[k], x.row.data[i]->outcome) == 0)
                out.outcome = names[k];
        }
    assert_int_equal(settlement_write(&t, &x, &r->s), SLUIS_OK);
    house_commit(&r->h, &t);
    return out;
}

/* The current value, and how many stand beside it. */
static void expect(room *r, uint32_t id, const char *value, size_t beside)
{
    arena *a = arena_new(1u << 20);
    datum d = {.version = 0};
    store_txn *t = fixture_read(&r->h.x);
    assert_int_equal(registry_get(r->h.p.registry, t, &r->s, id, &only, a, &d), SLUIS_OK);
    assert_string_equal(d.row->value, value);
    for (const datum_beside *b = d.beside; b; b = b->next)
        assert_true(beside-- > 0);
    assert_int_equal(beside, 0);
    store_abort(&t);
    arena_free(&a);
}

#define A "transaction....a"
#define B "transaction....b"

static void expect_told(told t, bool open, size_t settled, size_t changed, const char *outcome)
{
    assert_int_equal(t.open, open);
    assert_int_equal(t.settled, settled);
    assert_int_equal(t.changed, changed);
    if (outcome)
        assert_string_equal(t.outcome, outcome);
}

/* The source leads: its word becomes current, the other stays beside it, whoever came first. */
static void source_leads(void **state)
{
    room *r = *state;
    expect_told(say(r, STATUS, OIN_SCHL, "gehuwd", A), false, 0, 0, NULL);
    told t = say(r, STATUS, OIN_GEM, "gescheiden", A);
    expect_told(t, true, 0, 1, NULL);
    assert_int_equal(t.since, 1);
    expect(r, STATUS, "gescheiden", 1);
    expect_told(say(r, STATUS, OIN_SCHL, "ongehuwd", B), true, 0, 0, NULL); /* said again, otherwise */
    expect(r, STATUS, "gescheiden", 1);
    expect_told(say(r, STATUS, OIN_SCHL, "gescheiden", B), false, 1, 0, SETTLED_AGREED);
    expect(r, STATUS, "gescheiden", 0);
}

/* The source wins: nothing waits for anyone. */
static void source_wins(void **state)
{
    room *r = *state;
    say(r, BIRTH, OIN_SCHL, "2015-01-01", A);
    expect_told(say(r, BIRTH, OIN_GEM, "2015-01-02", A), false, 1, 1, SETTLED_ACCEPTED);
    expect(r, BIRTH, "2015-01-02", 0);
    expect_told(say(r, BIRTH, OIN_SCHL, "2015-01-03", B), false, 1, 0, SETTLED_OVERRULED);
    expect(r, BIRTH, "2015-01-02", 0);
}

/* Said again beside the current one, it stays open: it is not taken for agreement. */
static void said_again(void **state)
{
    room *r = *state;
    say(r, STATUS, OIN_GEM, "gehuwd", A);
    expect_told(say(r, STATUS, OIN_SCHL, "gescheiden", A), true, 0, 0, NULL);
    expect_told(say(r, STATUS, OIN_SCHL, "gescheiden", B), true, 0, 0, NULL);
    expect(r, STATUS, "gehuwd", 1);
    /* the source comes round by itself */
    expect_told(say(r, STATUS, OIN_GEM, "gescheiden", B), false, 1, 0, SETTLED_AGREED);
    expect(r, STATUS, "gescheiden", 0);
}

static void ask(room *r, uint32_t id, const char *transaction)
{
    arena *a = arena_new(1u << 20);
    datum d = {.version = 0};
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    assert_int_equal(registry_get(r->h.p.registry, t.t, &r->s, id, &only, a, &d), SLUIS_OK);
    assert_int_equal(registry_asked(t.t, &r->s, id, &d, d.beside, (const uint8_t *)TEXT(transaction)),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    arena_free(&a);
}

/* Asked: the source's answer ends it, whichever it is; in that transaction alone. */
static void asked(void **state)
{
    room *r = *state;
    say(r, STATUS, OIN_GEM, "gehuwd", A);
    say(r, STATUS, OIN_SCHL, "gescheiden", A);
    ask(r, STATUS, B);
    expect_told(say(r, STATUS, OIN_GEM, "gehuwd", A), true, 0, 0, NULL);
    expect_told(say(r, STATUS, OIN_GEM, "gehuwd", B), false, 1, 0, SETTLED_SOURCE);
    expect(r, STATUS, "gehuwd", 0);
    say(r, STATUS, OIN_SCHL, "gescheiden", A);
    ask(r, STATUS, B);
    told t = say(r, STATUS, OIN_GEM, "weduwe", B);
    expect_told(t, false, 1, 1, SETTLED_SOURCE);
    expect(r, STATUS, "weduwe", 0);
    assert_int_equal(t.since, 0); /* the value before is gone: whoever ever read it */
}

/* What has no room in the row stays open: what others said never keeps a source's answer out. */
static void no_room_to_settle(void **state)
{
    room *r = *state;
    say(r, BIRTH, OIN_SCHL, "2015-01-01", A);
    r->settled = SETTLED_BYTES_MAX;
    expect_told(say(r, BIRTH, OIN_GEM, "2015-01-02", A), true, 0, 0, NULL);
    expect(r, BIRTH, "2015-01-01", 1);
    r->settled = 0;
    expect_told(say(r, BIRTH, OIN_GEM, "2015-01-02", B), false, 1, 1, SETTLED_ACCEPTED);
    expect(r, BIRTH, "2015-01-02", 0);
    say(r, STATUS, OIN_GEM, "gehuwd", A);
    say(r, STATUS, OIN_SCHL, "gescheiden", A);
    r->settled = SETTLED_BYTES_MAX;
    expect_told(say(r, STATUS, OIN_GEM, "gescheiden", B), true, 0, 0, NULL); /* they agree now */
    expect(r, STATUS, "gescheiden", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(source_leads, setup, teardown),
        cmocka_unit_test_setup_teardown(source_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(said_again, setup, teardown),
        cmocka_unit_test_setup_teardown(asked, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room_to_settle, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
