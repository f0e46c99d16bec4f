/* The inside of a gateway without its threads: a memory store, key slots, the shipped rules, a journal, and
 * two parties (the municipality, a school), for tests that call core's and the readers' functions themselves.
 */
#ifndef SLUIS_TESTS_KIT_PARTS_H
#define SLUIS_TESTS_KIT_PARTS_H

#include "gateway_fixture.h"
#include "kit.h"

#include "base/clock.h"
#include "core/turn.h"
#include "kit_agreement.h"
#include "parties/agreements.h"
#include "parties/parties.h"

#define TEXT(s)  ((char *)(uintptr_t)(s))
#define HOUSE_MS (clock_ms()) /* the readers look at the clock themselves */

typedef struct {
    fixture x;
    settings settings;
    metrics metrics;
    parts p;
    journal *journal;
    epoch *epoch;
    directory *dir;
    actor gem, school;
    const char *person; /* a BSN of the test range */
} house;

KIT void house_entry(const actor *a, const char *name, const char *domain, Sluis__PartyEntry *x,
                     Sluis__DirectoryKey k[static 2], Sluis__DirectoryKey *list[static 2],
                     uint8_t sig[static 2][SIG_LEN])
{
    static uint32_t suite = SUITE_1;
    const keypair *keys[] = {&a->sign, &a->seal};
    uint64_t from = HOUSE_MS - 1000, until = from + 365 * DAY_MS;
    sluis__party_entry__init(x);
    for (size_t i = 0; i < 2; i++) {
        sluis__directory_key__init(&k[i]);
        k[i].use = keys[i]->use;
        k[i].pk = data_of(keys[i]->pk, PK_LEN);
        k[i].valid_from = from;
        k[i].valid_until = until;
        assert_int_equal(party_key_sign(sig[i], &a->sign, keys[i]->use, keys[i]->pk, from, until, &a->oin),
                         SLUIS_OK);
        k[i].signature = data_of(sig[i], SIG_LEN);
        list[i] = &k[i];
    }
    x->oin = TEXT(a->oin.s);
    x->name = TEXT(name);
    x->domain = TEXT(domain);
    x->keys = list;
    x->n_keys = 2;
    x->valid_from = from;
    x->valid_until = until;
    x->suites = &suite;
    x->n_suites = 1;
}

KIT void house_enrol(house *h, store_txn *t, const actor *a, const char *name, const char *domain)
{
    Sluis__PartyEntry x;
    Sluis__DirectoryKey k[2], *list[2];
    uint8_t sig[2][SIG_LEN];
    house_entry(a, name, domain, &x, k, list, sig);
    assert_int_equal(parties_put(t, &x, &h->p.directory, false, NULL), SLUIS_OK);
}

/* All data may pass for these purposes, for a year. */
KIT void house_agree_on(house *h, store_txn *t, const actor *a, const char *purposes)
{
    Sluis__AgreementFact fact;
    arena *mem = arena_new(1u << 20);
    uint64_t from = HOUSE_MS - 365 * DAY_MS; /* some tests set their clock to T0 */
    kit_agreement k = {.covenant = "kit",
                       .version = 1,
                       .purposes = purposes,
                       .gives = AGREED_ALL_CATEGORIES,
                       .asks = AGREED_ALL_CATEGORIES,
                       .attributes = "",
                       .from = from,
                       .until = from + 1000 * DAY_MS};
    kit_agreement_fact(&fact, mem, &k, &a->oin, &h->settings.oin, &a->sign, &h->p.directory);
    assert_int_equal(agreements_put(t, &fact, &h->p.directory, NULL), SLUIS_OK);
    arena_free(&mem);
}

KIT void house_agree(house *h, store_txn *t, const actor *a)
{
    house_agree_on(h, t, a, AGREED_ALL_PURPOSES);
}

KIT void house_open_on(house *h, engine e)
{
    keypair seal;
    sluis_fail f = {0};
    memset(h, 0, sizeof(*h));
    fixture_open(&h->x, e);
    actor_init(&h->gem, OIN_GEM, 1);
    actor_init(&h->school, OIN_SCHL, 2);
    h->person = "999990019";
    h->settings = (settings){.name = TEXT("sluis.test"),
                             .oin = h->gem.oin,
                             .test_mode = true,
                             .bus_endpoint = TEXT("tcp://127.0.0.1:1"),
                             .max_frame = 262144,
                             .in_flight = 64,
                             .session_credit = 16,
                             .batch_max = 16,
                             .max_sessions = 4,
                             .attempts_max = 3,
                             .request_days = 28,
                             .answer_working_days = 10,
                             .remind_working_days = 2,
                             .signal_on = 50,
                             .signal_off = 25,
                             .signal_min = 10,
                             .view_fetches = 8,
                             .instances = 1000,
                             .person_cases = 250,
                             .merge_rows = 8192};
    h->p.settings = &h->settings;
    h->p.metrics = &h->metrics;
    h->p.store = h->x.store;
    h->p.slots = h->x.slots;
    h->p.rows = keyslots_rows(h->x.slots);
    assert_int_equal(registry_open(&h->p.registry, h->x.slots), SLUIS_OK);
    if (rules_load(&h->p.first_rules, "config/rules", &f))
        fail_msg("%s: %s (run from the root of the repository)", f.where, f.text);
    assert_int_equal(epoch_new(&h->epoch), SLUIS_OK);
    key_make(&h->p.sign, USE_SIGN, 2);
    key_make(&seal, USE_SEAL, 3);
    assert_int_equal(seal_ring_of(&h->p.seals, &seal), SLUIS_OK);
    key_make(&h->p.log, USE_LOG, 90);
    key_make(&h->p.directory, USE_DIRECTORY, 91);
    h->p.log_keys = pubkeys_of(h->p.log.pk);
    h->p.directory_keys = pubkeys_of(h->p.directory.pk);
    assert_int_equal(journal_open(&h->journal, h->x.store, h->x.slots, &(log_keys){.log = &h->p.log},
                                  h->settings.name, &f),
                     SLUIS_OK);
    store_txn *t = fixture_write(&h->x);
    house_enrol(h, t, &h->gem, "Gemeente", "gemeente");
    house_enrol(h, t, &h->school, "De Regenboog", "onderwijs");
    house_agree(h, t, &h->school);
    assert_int_equal(parties_load(t, h->p.directory.pk, &h->dir, &f), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

KIT void house_open(house *h)
{
    house_open_on(h, ENGINE_MEMORY);
}

KIT void house_close(house *h)
{
    directory_unref(&h->dir);
    journal_close(&h->journal);
    epoch_free(&h->epoch);
    registry_close(&h->p.registry);
    rules_unref(&h->p.first_rules);
    keypair_close(&h->p.sign);
    seal_ring_unref(&h->p.seals);
    keypair_close(&h->p.log);
    keypair_close(&h->p.directory);
    actor_close(&h->gem);
    actor_close(&h->school);
    fixture_close(&h->x);
}

/* A turn as core begins one, with an arena of this many bytes. */
KIT turn house_begin(house *h, uint64_t now, size_t arena_bytes)
{
    turn t = {.p = &h->p,
              .journal = h->journal,
              .dir = h->dir,
              .seals = h->p.seals,
              .rules = h->p.first_rules,
              .epoch = h->epoch,
              .now = now};
    assert_int_equal(store_begin_write(h->x.store, &t.t, false), SLUIS_OK);
    t.arena = arena_new(arena_bytes);
    assert_non_null(t.arena);
    assert_int_equal(sequences_load(t.t, h->p.rows, &t.last), SLUIS_OK);
    return t;
}

KIT void house_commit(house *h, turn *t)
{
    assert_int_equal(turn_finish(t), SLUIS_OK);
    assert_int_equal(journal_seal(h->journal, t->t), SLUIS_OK);
    assert_int_equal(keyslots_sync(h->x.slots), SLUIS_OK);
    assert_int_equal(store_commit(&t->t), SLUIS_OK);
    journal_committed(h->journal);
    turn_close(t);
    directory_unref(&t->new_dir);
}

/* The turn has not happened. */
KIT void house_abort(house *h, turn *t)
{
    store_abort(&t->t);
    journal_rolled_back(h->journal);
    turn_close(t);
    directory_unref(&t->new_dir);
}

/* Into a job: a call of wmo-intake's as it comes from verify, by this employee of the municipality in this
 * function. What it asks is for the test to fill in. */
KIT void house_asks(const house *h, job *j, const char *function, const char *employee)
{
    j->call = arena_alloc(job_arena(j), sizeof(*j->call));
    assert_non_null(j->call);
    sluis__api_call__init(j->call);
    snprintf(j->claims.app, sizeof(j->claims.app), "wmo-intake");
    snprintf(j->claims.function, sizeof(j->claims.function), "%s", function);
    snprintf(j->claims.employee, sizeof(j->claims.employee), "%s", employee);
    j->claims.oin = h->gem.oin;
}

KIT job *house_call(const house *h, const char *function, const char *employee)
{
    job *j = job_new(JOB_API, bytes_str("packed call"));
    assert_non_null(j);
    house_asks(h, j, function, employee);
    return j;
}

KIT subject house_subject(house *h, store_txn *t, const char *bsn)
{
    subject s;
    assert_int_equal(registry_subject(h->p.registry, t, bsn, true, &s), SLUIS_OK);
    return s;
}

#endif
