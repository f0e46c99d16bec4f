/* What an operator is told when core refuses a change of the directory, and a party that brings back what a
 * restored store lost: the whole text and its place, for what sluisctl and the operator's socket never let
 * come this far. */
#include "kit_words.h"

#include "core/clock_guard.h"
#include "core/restore.h"
#include "tables/lineage.h"

static job *change(room *r, party_change what)
{
    job_free(&r->j);
    r->j = job_new(JOB_PARTY, (bytes){NULL, 0});
    assert_non_null(r->j);
    r->j->change = what;
    r->j->by = TEXT("anna");
    return r->j;
}

static void an_entry(void **state)
{
    room *r = *state;
    Sluis__PartyEntry x = SLUIS__PARTY_ENTRY__INIT;
    x.oin = TEXT("school");
    change(r, CHANGE_ENROL)->entry = &x;
    no(r, handle_party, SLUIS_INVALID, "party.oin", "is not an OIN");
}

/* The clock stands a year ahead of the time that was seen last. */
static void keys_and_a_clock_that_jumped(void **state)
{
    room *r = *state;
    uint8_t seen[8];
    r->h.settings.clock_jump_days = 30;
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    put_u64(seen, HOUSE_MS - 365 * DAY_MS);
    assert_int_equal(rows_put_bytes(t.t, t.p->rows, TABLE_META, bytes_str(META_CLOCK), BYTES_OF(seen)),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    change(r, CHANGE_SEALS)->seals = seal_ring_ref(r->h.p.seals);
    no(r, handle_party, SLUIS_CONFLICT, "clock",
       "it jumped ahead: no key is destroyed until it is confirmed");
}

/* ---- agreements ---- */

static kit_agreement terms(uint32_t version)
{
    return (kit_agreement){.covenant = "samen",
                           .version = version,
                           .purposes = AGREED_ALL_PURPOSES,
                           .gives = "ordinary",
                           .asks = "",
                           .attributes = "",
                           .from = HOUSE_MS - DAY_MS,
                           .until = HOUSE_MS + DAY_MS};
}

static void see_directory(room *r, turn *t)
{
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t->t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
}

static void an_agreement(void **state)
{
    room *r = *state;
    Sluis__AgreementFact fact;
    arena *a = arena_new(MiB);
    const kit_agreement k = terms(1);
    kit_agreement_fact(&fact, a, &k, &r->h.school.oin, &r->h.settings.oin, &r->h.school.sign, NULL);
    fact.party_pk.len = 7;
    change(r, CHANGE_AGREEMENT_FILE)->agreement = &fact;
    no(r, handle_party, SLUIS_INVALID, "agreement.party", "is not an OIN with its key");

    turn t = house_begin(&r->h, HOUSE_MS, 4 * MiB);
    for (uint32_t v = 2; v <= AGREEMENTS_MAX; v++) { /* and the house's own */
        const kit_agreement more = terms(v);
        kit_agreement_fact(&fact, a, &more, &r->h.school.oin, &r->h.settings.oin, &r->h.school.sign, NULL);
        assert_int_equal(agreements_put(t.t, &fact, &r->h.p.directory, NULL), SLUIS_OK);
    }
    see_directory(r, &t);
    house_commit(&r->h, &t);
    const kit_agreement last = terms(AGREEMENTS_MAX + 1);
    kit_agreement_fact(&fact, a, &last, &r->h.school.oin, &r->h.settings.oin, &r->h.school.sign, NULL);
    change(r, CHANGE_AGREEMENT_FILE)->agreement = &fact;
    no(r, handle_party, SLUIS_TOO_BIG, OIN_SCHL, "has 64 agreements, the most there may be");
    arena_free(&a);
}

/* Filed in time, and accepted after its last day. */
static void an_agreement_that_ended_meanwhile(void **state)
{
    room *r = *state;
    Sluis__AgreementFact fact;
    uint8_t hash[HASH_LEN];
    arena *a = arena_new(MiB);
    kit_agreement k = terms(5);
    k.until = HOUSE_MS - 1000;
    kit_agreement_fact(&fact, a, &k, &r->h.school.oin, &r->h.settings.oin, &r->h.school.sign, NULL);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(agreements_put(t.t, &fact, &r->h.p.directory, NULL), SLUIS_OK);
    see_directory(r, &t);
    house_commit(&r->h, &t);
    agreement_hash(hash, BYTES(fact.agreement.data, fact.agreement.len));
    memcpy(change(r, CHANGE_AGREEMENT_ACCEPT)->key.b, hash, KEYID_LEN);
    no(r, handle_party, SLUIS_EXPIRED, "samen", "version 5 is over already");
    arena_free(&a);
}

/* ---- what comes back after a restore ---- */

/* The journal goes on as the second one of its name, from the entry that opened it on. */
static void begin_anew(room *r)
{
    sluis_fail f = {0};
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    people_note(&t, &r->person, &r->case_id);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(journal_new_origin(r->h.journal, t.t, t.now, (bytes){NULL, 0}, &f), SLUIS_OK);
    house_commit(&r->h, &t);
}

static void what_came_back(void **state)
{
    room *r = *state;
    message(r, SLUIS__KIND__REQUEST, &r->h.gem, NULL);
    r->j->evidence_origin = 1;
    no(r, restore_admit, SLUIS_CONFLICT, "receipt",
       "this journal lost nothing at this index: it is sluis.test/journal/1 from 0 on");
    begin_anew(r);
    uint64_t from = 0;
    journal_origin(r->h.journal, &from);
    message(r, SLUIS__KIND__REQUEST, &r->h.gem, NULL);
    r->j->evidence_origin = 2; /* the one in force lost nothing */
    r->j->evidence_index = from;
    no(r, restore_admit, SLUIS_CONFLICT, "receipt",
       "this journal lost nothing at this index: it is sluis.test/journal/2 from 2 on");
    message(r, SLUIS__KIND__REQUEST, &r->h.gem, NULL);
    r->j->evidence_origin = 1;
    r->j->evidence_index = from - 1;
    no(r, restore_admit, SLUIS_CONFLICT, "receipt",
       "this journal lost nothing at this index: it is sluis.test/journal/2 from 2 on");
    message(r, SLUIS__KIND__REQUEST, &r->h.school, NULL)->origin = SLUIS__ORIGIN__API;
    r->j->evidence_origin = 1;
    r->j->evidence_index = from;
    no(r, restore_admit, SLUIS_INVALID, "core.origin", "only the gateway signs for the API");
    static uint8_t nowhere[ID_LEN] = {5};
    Sluis__Core *c = message(r, SLUIS__KIND__REQUEST, &r->h.gem, NULL);
    c->origin = SLUIS__ORIGIN__API;
    c->case_id = data_of(nowhere, ID_LEN);
    r->j->evidence_origin = 1;
    r->j->evidence_index = from;
    no(r, restore_admit, SLUIS_NO_CASE, "core.case_id",
       "its case was opened after the backup: open it again");
}

/* ---- a start ---- */

static void a_start(void **state)
{
    room *r = *state;
    sluis_fail f = {0};
    bool changed;
    bool told = false;
    for (size_t room_for = 64; !told && room_for < 65536; room_for += 64) { /* the entry, and not its keys */
        turn small = house_begin(&r->h, HOUSE_MS, room_for);
        fail_clear(&f);
        told = party_put_self(&small, seal_ring_current(small.seals), &changed, &f) == SLUIS_NOMEM &&
               strcmp(f.text, "our own keys cannot be entered: out of memory") == 0;
        house_abort(&r->h, &small);
    }
    assert_true(told);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    assert_int_equal(store_put(t.t, TABLE_META, bytes_str(META_COPY), bytes_str("odd")), SLUIS_OK);
    house_commit(&r->h, &t);
    fail_clear(&f);
    assert_int_equal(restore_open(&r->h.p, r->h.journal, &f), SLUIS_CORRUPT);
    assert_string_equal(f.where, "store");
    assert_string_equal(f.text, "whether this is a copy cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_and_a_clock_that_jumped, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agreement, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agreement_that_ended_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
