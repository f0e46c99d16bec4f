/* A party renews its sealing keys: when it is due, what it says, and what the gateway takes. */
#include "kit_parts.h"

#include "core/handlers.h"
#include "directory/sealing.h"
#include "wire/prescan.h"

#define HOUR   UINT64_C(3600000)
#define PERIOD (7 * DAY_MS)
#define KEEP   (31 * DAY_MS)

static const sealing_terms terms = {.period_ms = PERIOD, .keep_ms = KEEP};

typedef struct {
    house h;
    keypair next;
    sluis_fail f;
    uint64_t from; /* of the school's keys */
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    r->h.settings.party_renew_s = 3600;
    r->from = directory_find(r->h.dir, &r->h.school.oin)->valid_from;
    uint8_t seed[32];
    memset(seed, 77, sizeof seed);
    assert_int_equal(keypair_from_seed(&r->next, USE_SEAL, seed, r->from + PERIOD), SLUIS_OK);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    keypair_close(&r->next);
    house_close(&r->h);
    free(r);
    return 0;
}

static const party *school(const directory *d, const room *r)
{
    return directory_find(d, &r->h.school.oin);
}

/* A ring of these keys, copies of them. */
static seal_ring *ring_of(const keypair *k)
{
    seal_ring *ring;
    keypair copy;
    assert_int_equal(keypair_from_seed(&copy, USE_SEAL, k->sk, k->created), SLUIS_OK);
    assert_int_equal(seal_ring_of(&ring, &copy), SLUIS_OK);
    return ring;
}

static void it_is_due_after_a_period(void **state)
{
    room *r = *state;
    const party *p = school(r->h.dir, r);
    seal_ring *held = ring_of(&r->h.school.seal), *other = ring_of(&r->next);
    uint64_t from = r->from;
    assert_false(sealing_due(p, held, &terms, from + PERIOD - 1));
    assert_true(sealing_due(p, held, &terms, from + PERIOD));
    assert_true(sealing_due(p, other, &terms, from)); /* what senders take cannot be opened */
    /* the newest that is held and not announced; not when it has become old meanwhile */
    assert_null(sealing_unannounced(p, held, &terms, from));
    assert_ptr_equal(sealing_unannounced(p, other, &terms, from + PERIOD), seal_ring_current(other));
    assert_null(sealing_unannounced(p, other, &terms, from + 2 * PERIOD));
    seal_ring_unref(&held);
    seal_ring_unref(&other);
}

/* The frame of what the school says at a moment, signed by this key. */
static job *say(room *r, const directory *d, const keypair *next, const keypair *sign, uint64_t now)
{
    sealing_statement said;
    buffer raw;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    Sluis__Renew renew = SLUIS__RENEW__INIT;
    assert_int_equal(sealing_say(&said, school(d, r), next, sign, &terms, now), SLUIS_OK);
    renew.keys = said.list;
    renew.n_keys = said.n;
    frame.f_case = SLUIS__FRAME__F_RENEW;
    frame.renew = &renew;
    buffer_init(&raw, 65536);
    assert_int_equal(wire_pack(&raw, &frame.base), SLUIS_OK);
    job *j = job_new(JOB_PARTY, buffer_bytes(&raw));
    assert_non_null(j);
    j->change = CHANGE_RENEW;
    j->party = j->user = r->h.school.oin;
    buffer_close(&raw);
    return j;
}

/* What the gateway makes of it; the turn has not happened afterwards. */
static sluis_err judge(room *r, job *j, uint64_t now)
{
    turn t = house_begin(&r->h, now, 1u << 20);
    fail_clear(&r->f);
    sluis_err e = handle_party(&t, j, &r->f);
    house_abort(&r->h, &t);
    job_free(&j);
    return e;
}

static void the_gateway_takes_it(void **state)
{
    room *r = *state;
    uint64_t now = r->from + PERIOD + 1000, from = r->from;
    const party_key *k;
    turn t = house_begin(&r->h, now, 1u << 20);
    job *j = say(r, r->h.dir, &r->next, &r->h.school.sign, now);
    assert_int_equal(handle_party(&t, j, &r->f), SLUIS_OK);
    assert_true(t.has_entry);
    const party *p = school(t.dir, r);
    assert_int_equal(p->key_count, 3);
    assert_int_equal(directory_current(t.dir, p, USE_SEAL, now, &k, NULL), SLUIS_OK);
    assert_memory_equal(k->pk, r->next.pk, PK_LEN);
    assert_true(k->valid_until == p->valid_until);
    /* the one before opens what is under way, and no more */
    assert_int_equal(directory_key(t.dir, p, USE_SEAL, &r->h.school.seal.id, now + KEEP - 1, &k, NULL),
                     SLUIS_OK);
    assert_true(k->valid_from == from && k->valid_until == now + KEEP);
    assert_int_equal(directory_key(t.dir, p, USE_SEAL, &r->h.school.seal.id, now + KEEP, &k, NULL),
                     SLUIS_KEY_NOT_VALID);
    /* the same again: taken, and no entry */
    uint64_t version = directory_version(t.dir);
    t.has_entry = false;
    job *again = job_new(JOB_PARTY, BYTES(j->raw, j->raw_len));
    again->change = CHANGE_RENEW;
    again->party = again->user = j->party;
    assert_int_equal(handle_party(&t, again, &r->f), SLUIS_OK);
    assert_false(t.has_entry);
    assert_true(directory_version(t.dir) == version);
    job_free(&again);
    /* when its time is over, the party lets go of it, and the next renewal takes it out of the entry */
    seal_ring *one = ring_of(&r->h.school.seal), *held = NULL;
    char dir[] = "/tmp/sluis-renew-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(seal_ring_renew(&held, one, dir, NULL, now + 1, NULL), SLUIS_OK);
    assert_null(sealing_over(p, held, &terms, now + KEEP - 1));
    const keypair *over = sealing_over(p, held, &terms, now + KEEP);
    assert_non_null(over);
    assert_true(keyid_equal(&over->id, &r->h.school.seal.id));
    assert_null(sealing_over(p, one, &terms, now + KEEP)); /* never the newest */
    t.now = now + KEEP;
    job *later = say(r, t.dir, seal_ring_current(held), &r->h.school.sign, t.now);
    assert_int_equal(handle_party(&t, later, &r->f), SLUIS_OK);
    p = school(t.dir, r);
    assert_int_equal(p->key_count, 3);
    assert_int_equal(directory_key(t.dir, p, USE_SEAL, &r->h.school.seal.id, t.now, &k, NULL),
                     SLUIS_UNKNOWN_KEY);
    job_free(&later);
    keyid made = seal_ring_current(held)->id;
    assert_int_equal(seal_ring_destroy(dir, &made, NULL), SLUIS_OK);
    snprintf(path, sizeof path, "%s", dir);
    assert_int_equal(rmdir(path), 0);
    seal_ring_unref(&held);
    seal_ring_unref(&one);
    job_free(&j);
    house_abort(&r->h, &t);
}

static void not_in_another_name(void **state)
{
    room *r = *state;
    uint64_t now = r->from + PERIOD + 1000;
    assert_int_equal(judge(r, say(r, r->h.dir, &r->next, &r->h.gem.sign, now), now), SLUIS_BAD_SIGNATURE);
    job *j = say(r, r->h.dir, &r->next, &r->h.school.sign, now);
    j->party = r->h.gem.oin; /* the gateway renews its own otherwise */
    assert_int_equal(judge(r, j, now), SLUIS_UNKNOWN_PARTY);
    assert_string_equal(r->f.text, "is no party of this directory");
}

static void not_too_often(void **state)
{
    room *r = *state;
    uint64_t soon = r->from + HOUR;
    assert_int_equal(judge(r, say(r, r->h.dir, &r->next, &r->h.school.sign, soon - 1), soon - 1),
                     SLUIS_NOT_YET);
    assert_string_equal(r->f.text, "a sealing key is renewed at most every 3600 seconds here");
    assert_int_equal(judge(r, say(r, r->h.dir, &r->next, &r->h.school.sign, soon), soon), SLUIS_OK);
    assert_int_equal(judge(r, say(r, r->h.dir, &r->next, &r->h.school.sign, soon + 3 * 60000), soon),
                     SLUIS_INVALID);
}

/* One key of a statement of our own making. */
static job *say_one(room *r, const keypair *k, uint64_t from, uint64_t until, key_use use, uint64_t revoked)
{
    uint8_t sig[SIG_LEN];
    buffer raw;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    Sluis__Renew renew = SLUIS__RENEW__INIT;
    Sluis__DirectoryKey key = SLUIS__DIRECTORY_KEY__INIT, *list[] = {&key};
    key.use = use;
    key.pk = data_of(k->pk, PK_LEN);
    key.valid_from = from;
    key.valid_until = until;
    key.revoked = revoked;
    assert_int_equal(party_key_sign(sig, &r->h.school.sign, use, k->pk, from, until, &r->h.school.oin),
                     SLUIS_OK);
    key.signature = data_of(sig, SIG_LEN);
    renew.keys = list;
    renew.n_keys = 1;
    frame.f_case = SLUIS__FRAME__F_RENEW;
    frame.renew = &renew;
    buffer_init(&raw, 4096);
    assert_int_equal(wire_pack(&raw, &frame.base), SLUIS_OK);
    job *j = job_new(JOB_PARTY, buffer_bytes(&raw));
    j->change = CHANGE_RENEW;
    j->party = j->user = r->h.school.oin;
    buffer_close(&raw);
    return j;
}

static void sealing_keys_alone_and_only_shorter(void **state)
{
    room *r = *state;
    uint64_t now = r->from + PERIOD + 1000, from = r->from, until = from + 365 * DAY_MS;
    const keypair *seal = &r->h.school.seal;
    assert_int_equal(judge(r, say_one(r, &r->next, now, until, USE_SIGN, 0), now), SLUIS_INVALID);
    assert_int_equal(judge(r, say_one(r, &r->next, now, until, USE_CURVE, 0), now), SLUIS_INVALID);
    assert_int_equal(judge(r, say_one(r, &r->next, now, until, USE_SEAL, now), now), SLUIS_INVALID);
    assert_int_equal(judge(r, say_one(r, &r->next, now - DAY_MS, now, USE_SEAL, 0), now), SLUIS_INVALID);
    assert_string_equal(r->f.text, "a new key is valid from now on: compare the clocks");
    assert_int_equal(judge(r, say_one(r, seal, from, until + 1, USE_SEAL, 0), now), SLUIS_CONFLICT);
    assert_string_equal(r->f.text, "a key in the directory may only be cut short");
    assert_int_equal(judge(r, say_one(r, seal, from + 1, until, USE_SEAL, 0), now), SLUIS_CONFLICT);
    assert_int_equal(judge(r, say_one(r, &r->h.school.sign, from, until, USE_SEAL, 0), now), SLUIS_CONFLICT);
    assert_int_equal(judge(r, say_one(r, seal, from, until, USE_SEAL, 0), now), SLUIS_OK);
    /* shorter, but with no key that succeeds it: such changes have no pause between them */
    assert_int_equal(judge(r, say_one(r, seal, from, until - 1, USE_SEAL, 0), now), SLUIS_INVALID);
    assert_string_equal(r->f.text, "keys are cut short beside the new one that succeeds them");
}

/* A frame of this many keys that are new. */
static job *say_several(room *r, size_t n, uint64_t now)
{
    const uint64_t until = now + 365 * DAY_MS;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    Sluis__Renew renew = SLUIS__RENEW__INIT;
    Sluis__DirectoryKey key[2], *list[2];
    uint8_t sig[2][SIG_LEN], pk[2][PK_LEN];
    buffer raw;
    for (size_t i = 0; i < n; i++) {
        memset(pk[i], (int)i + 7, PK_LEN);
        sluis__directory_key__init(&key[i]);
        key[i].use = USE_SEAL;
        key[i].pk = data_of(pk[i], PK_LEN);
        key[i].valid_from = now;
        key[i].valid_until = until;
        assert_int_equal(
            party_key_sign(sig[i], &r->h.school.sign, USE_SEAL, pk[i], now, until, &r->h.school.oin),
            SLUIS_OK);
        key[i].signature = data_of(sig[i], SIG_LEN);
        list[i] = &key[i];
    }
    renew.keys = list;
    renew.n_keys = n;
    frame.f_case = SLUIS__FRAME__F_RENEW;
    frame.renew = &renew;
    buffer_init(&raw, 4096);
    assert_int_equal(wire_pack(&raw, &frame.base), SLUIS_OK);
    job *j = job_new(JOB_PARTY, buffer_bytes(&raw));
    j->change = CHANGE_RENEW;
    j->party = j->user = r->h.school.oin;
    buffer_close(&raw);
    return j;
}

static void one_new_key_and_not_none(void **state)
{
    room *r = *state;
    const uint64_t now = r->from + PERIOD + 1000;
    assert_int_equal(judge(r, say_several(r, 0, now), now), SLUIS_INVALID);
    assert_string_equal(r->f.text, "1 to 40 keys");
    assert_int_equal(judge(r, say_several(r, 2, now), now), SLUIS_INVALID);
    assert_string_equal(r->f.text, "one new key at a time");
    assert_int_equal(judge(r, say_several(r, 1, now), now), SLUIS_OK);
}

/* An entry that holds as many keys as one may, all of them valid and of the same moment: none leaves it. */
static void an_entry_is_bounded(void **state)
{
    room *r = *state;
    const uint64_t from = r->from, until = from + 365 * DAY_MS, now = from + PERIOD + 1000;
    Sluis__PartyEntry x;
    Sluis__DirectoryKey first[2], more[PRESCAN_COUNT - 2], *two[2], *list[PRESCAN_COUNT];
    uint8_t sigs[2][SIG_LEN], sig[PRESCAN_COUNT][SIG_LEN], pk[PRESCAN_COUNT][PK_LEN];
    house_entry(&r->h.school, "De Regenboog", "onderwijs", &x, first, two, sigs);
    list[0] = two[0];
    list[1] = two[1];
    for (size_t i = 0; i < PRESCAN_COUNT - 2; i++) {
        memset(pk[i], (int)i + 100, PK_LEN);
        sluis__directory_key__init(&more[i]);
        more[i].use = USE_SEAL;
        more[i].pk = data_of(pk[i], PK_LEN);
        more[i].valid_from = from;
        more[i].valid_until = until;
        assert_int_equal(
            party_key_sign(sig[i], &r->h.school.sign, USE_SEAL, pk[i], from, until, &r->h.school.oin),
            SLUIS_OK);
        more[i].signature = data_of(sig[i], SIG_LEN);
        list[i + 2] = &more[i];
    }
    x.keys = list;
    x.n_keys = PRESCAN_COUNT;
    turn t = house_begin(&r->h, now, 1u << 20);
    assert_int_equal(parties_put(t.t, &x, &r->h.p.directory, true, &r->f), SLUIS_OK);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, &r->f), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(judge(r, say_several(r, 1, now), now), SLUIS_TOO_BIG);
    assert_string_equal(r->f.text, "a party has at most 64 keys");
}

/* Change the school's entry and see what is refused then. */
static void not_while_shut_out(void **state)
{
    room *r = *state;
    uint64_t now = r->from + PERIOD + 1000;
    Sluis__PartyEntry *x = NULL;
    for (int what = 0; what < 2; what++) {
        turn t = house_begin(&r->h, now, 1u << 20);
        directory *d = NULL;
        assert_int_equal(parties_get(t.t, &r->h.school.oin, r->h.p.directory.pk, t.arena, &x, &r->f),
                         SLUIS_OK);
        if (what == 0)
            x->suspended = true;
        else
            x->keys[0]->revoked = now; /* the signing key */
        assert_int_equal(parties_put(t.t, x, &r->h.p.directory, true, &r->f), SLUIS_OK);
        assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &d, &r->f), SLUIS_OK);
        t.dir = t.new_dir = d;
        job *j = say(r, d, &r->next, &r->h.school.sign, now);
        assert_int_equal(handle_party(&t, j, &r->f), what == 0 ? SLUIS_SUSPENDED : SLUIS_UNKNOWN_KEY);
        fail_clear(&r->f);
        job_free(&j);
        house_abort(&r->h, &t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_due_after_a_period, setup, teardown),
        cmocka_unit_test_setup_teardown(the_gateway_takes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(not_in_another_name, setup, teardown),
        cmocka_unit_test_setup_teardown(not_too_often, setup, teardown),
        cmocka_unit_test_setup_teardown(sealing_keys_alone_and_only_shorter, setup, teardown),
        cmocka_unit_test_setup_teardown(one_new_key_and_not_none, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(not_while_shut_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
