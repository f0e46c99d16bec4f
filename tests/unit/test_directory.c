#include "kit.h"

#include "directory/directory.h"

#define FROM  (T0 - DAY_MS)
#define UNTIL (T0 + 30 * DAY_MS)

static keypair dir_key, root_key, log_key;

/* A party's entry before signing: a signing, a sealing and a CURVE key, and room for one more. */
typedef struct {
    Sluis__PartyEntry entry;
    Sluis__DirectoryKey keys[4], *list[4];
    uint8_t sigs[4][SIG_LEN];
    keypair sign, seal, curve, extra;
    uint32_t suites[1];
    oin oin;
} enrolment;

static void give_key(enrolment *e, size_t i, key_use use, const keypair *k, const keypair *by)
{
    sluis__directory_key__init(&e->keys[i]);
    e->keys[i].use = use;
    e->keys[i].pk = data_of(k->pk, PK_LEN);
    e->keys[i].valid_from = FROM;
    e->keys[i].valid_until = UNTIL;
    assert_int_equal(party_key_sign(e->sigs[i], by, use, k->pk, FROM, UNTIL, &e->oin), SLUIS_OK);
    e->keys[i].signature = data_of(e->sigs[i], SIG_LEN);
    e->list[i] = &e->keys[i];
}

static void enrol(enrolment *e, const char *name, uint8_t n)
{
    assert_int_equal(oin_parse(&e->oin, name, OIN_LEN), SLUIS_OK);
    sluis__party_entry__init(&e->entry);
    key_make(&e->sign, USE_SIGN, (uint8_t)(4 * n));
    key_make(&e->seal, USE_SEAL, (uint8_t)(4 * n + 1));
    key_make(&e->curve, USE_CURVE, (uint8_t)(4 * n + 2));
    key_make(&e->extra, USE_SIGN, (uint8_t)(4 * n + 3));
    give_key(e, 0, USE_SIGN, &e->sign, &e->sign);
    give_key(e, 1, USE_SEAL, &e->seal, &e->sign);
    give_key(e, 2, USE_CURVE, &e->curve, &e->sign);
    give_key(e, 3, USE_SIGN, &e->extra, &e->extra);
    e->suites[0] = 1;
    e->entry.oin = e->oin.s;
    e->entry.name = (char *)(uintptr_t) "Een partij";
    e->entry.domain = (char *)(uintptr_t) "onderwijs";
    e->entry.keys = e->list;
    e->entry.n_keys = 3;
    e->entry.valid_from = FROM;
    e->entry.valid_until = UNTIL;
    e->entry.suites = e->suites;
    e->entry.n_suites = 1;
    e->entry.version = 1;
}

static void enrolment_close(enrolment *e)
{
    keypair_close(&e->sign);
    keypair_close(&e->seal);
    keypair_close(&e->curve);
    keypair_close(&e->extra);
}

static int start(void **state)
{
    (void)state;
    if (crypto_start())
        return 1;
    key_make(&dir_key, USE_DIRECTORY, 200);
    key_make(&root_key, USE_ROOT, 201);
    key_make(&log_key, USE_LOG, 202);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keypair_close(&dir_key);
    keypair_close(&root_key);
    keypair_close(&log_key);
    return 0;
}

static sluis_err build_of(directory **out, enrolment *list, size_t n, sluis_fail *f)
{
    buffer signed_[4];
    bytes entries[4] = {{0}};
    for (size_t i = 0; i < n; i++) {
        buffer_init(&signed_[i], ENTRY_MAX);
        assert_int_equal(entry_sign(&signed_[i], &list[i].entry, &dir_key), SLUIS_OK);
        entries[i] = buffer_bytes(&signed_[i]);
    }
    sluis_err err = directory_build(out, entries, n, 9, dir_key.pk, f);
    for (size_t i = 0; i < n; i++)
        buffer_close(&signed_[i]);
    return err;
}

static void parties_are_found_by_oin_and_curve_key(void **state)
{
    (void)state;
    enrolment e[3];
    directory *d;
    enrol(&e[0], OIN_GGD, 3);
    enrol(&e[1], OIN_GEM, 1);
    enrol(&e[2], OIN_SCHL, 2);
    assert_int_equal(build_of(&d, e, 3, NULL), SLUIS_OK);
    assert_int_equal(directory_version(d), 9);
    assert_int_equal(directory_count(d), 3);
    assert_string_equal(directory_at(d, 0)->oin.s, OIN_GEM);
    assert_string_equal(directory_at(d, 2)->oin.s, OIN_GGD);
    assert_null(directory_at(d, 3));
    for (size_t i = 0; i < 3; i++) {
        const party *p = directory_find(d, &e[i].oin);
        assert_string_equal(p->oin.s, e[i].oin.s);
        assert_ptr_equal(directory_by_curve(d, e[i].curve.pk, T0), p);
        assert_int_equal(p->key_count, 3);
        assert_int_equal(p->suites, 1u << 1);
        assert_string_equal(p->name, "Een partij");
        assert_string_equal(p->domain, "onderwijs");
        assert_null(directory_by_curve(d, e[i].seal.pk, T0));
    }
    oin other;
    assert_int_equal(oin_parse(&other, OIN_OTHER, OIN_LEN), SLUIS_OK);
    assert_null(directory_find(d, &other));
    directory *again = directory_ref(d);
    directory_unref(&d);
    assert_null(d);
    assert_int_equal(directory_count(again), 3);
    directory_unref(&again);
    directory_unref(&again);
    assert_int_equal(build_of(&d, e, 0, NULL), SLUIS_OK);
    assert_null(directory_find(d, &other));
    assert_null(directory_by_curve(d, e[0].curve.pk, T0));
    directory_unref(&d);
    for (size_t i = 0; i < 3; i++)
        enrolment_close(&e[i]);
}

static void assert_key(enrolment *e, uint64_t now, sluis_err err, const char *text)
{
    directory *d;
    const party_key *k;
    sluis_fail f = {0};
    assert_int_equal(build_of(&d, e, 1, NULL), SLUIS_OK);
    const party *p = directory_at(d, 0);
    assert_int_equal(directory_key(d, p, USE_CURVE, &e->curve.id, now, &k, &f), err);
    if (err) {
        assert_null(k);
        assert_string_equal(f.where, e->oin.s);
        if (!strstr(f.text, text))
            fail_msg("\"%s\" lacks \"%s\"", f.text, text);
        assert_int_equal(directory_current(d, p, USE_CURVE, now, &k, NULL), err);
        assert_null(directory_by_curve(d, e->curve.pk, now));
    } else {
        assert_memory_equal(k->pk, e->curve.pk, PK_LEN);
        assert_int_equal(directory_current(d, p, USE_CURVE, now, &k, NULL), SLUIS_OK);
        assert_non_null(directory_by_curve(d, e->curve.pk, now));
    }
    directory_unref(&d);
}

static void a_key_is_valid_at_a_moment(void **state)
{
    (void)state;
    enrolment e;
    enrol(&e, OIN_GEM, 1);
    assert_key(&e, FROM, SLUIS_OK, "");
    assert_key(&e, UNTIL - 1, SLUIS_OK, "");
    assert_key(&e, UNTIL, SLUIS_KEY_NOT_VALID, "until 2026-12-24T");
    e.entry.valid_from = 1;
    e.entry.valid_until = UINT64_MAX;
    assert_key(&e, FROM - 1, SLUIS_KEY_NOT_VALID, "valid from 2026-11-23T");
    assert_key(&e, UNTIL, SLUIS_KEY_NOT_VALID, "was valid until 2026-12-24T");
    e.entry.valid_from = T0;
    assert_key(&e, T0 - 1, SLUIS_KEY_NOT_VALID, "takes part from");
    e.keys[2].revoked = T0 + 5;
    assert_key(&e, T0 + 4, SLUIS_OK, "");
    assert_key(&e, T0 + 5, SLUIS_KEY_NOT_VALID, "revoked at 2026-11-24T");
    e.entry.suspended = true;
    assert_key(&e, T0, SLUIS_SUSPENDED, "suspended");
    enrolment_close(&e);
}

static void the_newest_valid_key_is_current(void **state)
{
    (void)state;
    enrolment e;
    directory *d;
    const party_key *k;
    sluis_fail f = {0};
    enrol(&e, OIN_GEM, 1);
    e.entry.n_keys = 4;
    assert_int_equal(party_key_sign(e.sigs[3], &e.extra, USE_SIGN, e.extra.pk, T0, UNTIL, &e.oin), SLUIS_OK);
    e.keys[3].valid_from = T0;
    assert_int_equal(build_of(&d, &e, 1, NULL), SLUIS_OK);
    const party *p = directory_at(d, 0);
    assert_int_equal(directory_current(d, p, USE_SIGN, T0 - 1, &k, NULL), SLUIS_OK);
    assert_memory_equal(k->pk, e.sign.pk, PK_LEN);
    assert_int_equal(directory_current(d, p, USE_SIGN, T0, &k, NULL), SLUIS_OK);
    assert_memory_equal(k->pk, e.extra.pk, PK_LEN);
    assert_int_equal(directory_key(d, p, USE_SIGN, &e.sign.id, T0, &k, NULL), SLUIS_OK);
    assert_int_equal(directory_key(d, p, USE_SEAL, &e.sign.id, T0, &k, &f), SLUIS_UNKNOWN_KEY);
    assert_non_null(strstr(f.text, "directory version 9"));
    assert_int_equal(directory_current(d, p, USE_LOG, T0, &k, NULL), SLUIS_UNKNOWN_KEY);
    directory_unref(&d);
    enrolment_close(&e);
}

typedef struct {
    const char *what;
    sluis_err err;
    void (*edit)(enrolment *e);
} bad_entry;

static void oin_short(enrolment *e)
{
    e->entry.oin = (char *)(uintptr_t) "123";
}
static void no_name(enrolment *e)
{
    e->entry.name = (char *)(uintptr_t) "";
}
static void long_name(enrolment *e)
{
    static char name[130];
    memset(name, 'n', 129);
    e->entry.name = name;
}
static void domain_text(enrolment *e)
{
    e->entry.domain = (char *)(uintptr_t) "een domein";
}
static void ends_first(enrolment *e)
{
    e->entry.valid_until = e->entry.valid_from;
}
static void suite_32(enrolment *e)
{
    e->suites[0] = 32;
}
static void log_use(enrolment *e)
{
    give_key(e, 2, USE_LOG, &e->curve, &e->sign);
}
static void pk_short(enrolment *e)
{
    e->keys[1].pk.len = 31;
}
static void no_signature(enrolment *e)
{
    e->keys[1].signature.len = 0;
}
static void one_key_two_uses(enrolment *e)
{
    give_key(e, 2, USE_CURVE, &e->seal, &e->sign);
}
static void key_ends_first(enrolment *e)
{
    e->keys[1].valid_until = e->keys[1].valid_from;
}
static void dates_changed(enrolment *e)
{
    e->keys[1].valid_until++;
}
static void use_changed(enrolment *e)
{
    e->keys[1].use = USE_CURVE;
}
static void seal_by_stranger(enrolment *e)
{
    give_key(e, 1, USE_SEAL, &e->seal, &e->extra);
}
static void sign_by_other(enrolment *e)
{
    give_key(e, 3, USE_SIGN, &e->extra, &e->sign);
    e->entry.n_keys = 4;
}
static void moved_party(enrolment *e)
{
    e->entry.oin = (char *)(uintptr_t)OIN_OTHER;
}

static const bad_entry bad_entries[] = {
    {"an OIN of three digits", SLUIS_INVALID, oin_short},
    {"no name", SLUIS_INVALID, no_name},
    {"a name of 129 bytes", SLUIS_INVALID, long_name},
    {"a domain with a space", SLUIS_INVALID, domain_text},
    {"an end before the start", SLUIS_INVALID, ends_first},
    {"suite 32", SLUIS_INVALID, suite_32},
    {"a log key", SLUIS_INVALID, log_use},
    {"a key of 31 bytes", SLUIS_INVALID, pk_short},
    {"a key without the party's signature", SLUIS_INVALID, no_signature},
    {"one key for two uses", SLUIS_INVALID, one_key_two_uses},
    {"a key that ends before it starts", SLUIS_INVALID, key_ends_first},
    {"a key whose dates were changed", SLUIS_BAD_SIGNATURE, dates_changed},
    {"a key whose use was changed", SLUIS_BAD_SIGNATURE, use_changed},
    {"a sealing key signed by a stranger", SLUIS_BAD_SIGNATURE, seal_by_stranger},
    {"a signing key without proof of possession", SLUIS_BAD_SIGNATURE, sign_by_other},
    {"keys of another party", SLUIS_BAD_SIGNATURE, moved_party},
};

static void bad_entries_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_entries / sizeof bad_entries[0]; i++) {
        enrolment e;
        directory *d;
        sluis_fail f = {0};
        enrol(&e, OIN_GEM, 1);
        bad_entries[i].edit(&e);
        sluis_err err = build_of(&d, &e, 1, &f);
        if (err != bad_entries[i].err)
            fail_msg("%s: %s", bad_entries[i].what, error_token(err));
        assert_null(d);
        if (err == SLUIS_BAD_SIGNATURE)
            assert_string_equal(f.where, e.entry.oin);
        enrolment_close(&e);
    }
}

static void parties_do_not_overlap(void **state)
{
    (void)state;
    enrolment e[2];
    directory *d;
    sluis_fail f = {0};
    enrol(&e[0], OIN_GEM, 1);
    enrol(&e[1], OIN_GEM, 2);
    assert_int_equal(build_of(&d, e, 2, NULL), SLUIS_EXISTS);
    enrolment_close(&e[1]);
    enrol(&e[1], OIN_SCHL, 2);
    give_key(&e[1], 2, USE_CURVE, &e[0].curve, &e[1].sign);
    assert_int_equal(build_of(&d, e, 2, &f), SLUIS_EXISTS);
    assert_non_null(strstr(f.text, "CURVE"));
    enrolment_close(&e[0]);
    enrolment_close(&e[1]);
}

static void entries_need_the_directory_key(void **state)
{
    (void)state;
    enrolment e;
    directory *d;
    buffer b;
    sluis_fail f = {0};
    enrol(&e, OIN_GEM, 1);
    buffer_init(&b, ENTRY_MAX);
    assert_int_equal(entry_sign(&b, &e.entry, &root_key), SLUIS_OK);
    bytes raw = buffer_bytes(&b);
    assert_int_equal(directory_build(&d, &raw, 1, 1, dir_key.pk, &f), SLUIS_BAD_SIGNATURE);
    assert_string_equal(f.where, OIN_GEM);
    buffer_clear(&b);
    assert_int_equal(entry_sign(&b, &e.entry, &dir_key), SLUIS_OK);
    for (raw = BYTES(b.p, 0); raw.n < b.n; raw.n++)
        assert_int_not_equal(directory_build(&d, &raw, 1, 1, dir_key.pk, NULL), SLUIS_OK);
    buffer_close(&b);
    enrolment_close(&e);
}

/* ---- snapshots ---- */
typedef struct {
    enrolment e[2];
    directory *d;
    buffer delegation, snapshot;
} world;

static void world_init(world *w)
{
    enrol(&w->e[0], OIN_GEM, 1);
    enrol(&w->e[1], OIN_SCHL, 2);
    assert_int_equal(build_of(&w->d, w->e, 2, NULL), SLUIS_OK);
    buffer_init(&w->delegation, ENTRY_MAX);
    buffer_init(&w->snapshot, 1 << 20);
    assert_int_equal(delegation_sign(&w->delegation, "gem.test", dir_key.pk, FROM, UNTIL, &root_key),
                     SLUIS_OK);
    assert_int_equal(snapshot_make(&w->snapshot, w->d, buffer_bytes(&w->delegation), &dir_key,
                                   "gem.test/journal/1", (pubkeys[]){pubkeys_of(log_key.pk)}, T0),
                     SLUIS_OK);
}

static void world_close(world *w)
{
    directory_unref(&w->d);
    enrolment_close(&w->e[0]);
    enrolment_close(&w->e[1]);
    buffer_close(&w->delegation);
    buffer_close(&w->snapshot);
}

static sluis_err try_open(const world *w, const uint8_t *root_pk, uint64_t now, sluis_fail *f)
{
    snapshot s;
    sluis_err err = snapshot_open(&s, buffer_bytes(&w->snapshot), root_pk, now, f);
    if (err)
        assert_null(s.dir);
    snapshot_close(&s);
    return err;
}

/* The log's earlier keys come along, oldest first; the newest is the last. */
static void a_snapshot_names_every_log_key(void **state)
{
    (void)state;
    world w;
    snapshot s;
    pubkeys log = {.n = 0};
    uint8_t pk[PK_LEN] = {7};
    world_init(&w);
    assert_int_equal(pubkeys_add(&log, pk), SLUIS_OK);
    assert_int_equal(pubkeys_add(&log, log_key.pk), SLUIS_OK);
    buffer_clear(&w.snapshot);
    assert_int_equal(snapshot_make(&w.snapshot, w.d, buffer_bytes(&w.delegation), &dir_key, "l", &log, T0),
                     SLUIS_OK);
    assert_int_equal(snapshot_open(&s, buffer_bytes(&w.snapshot), root_key.pk, T0, NULL), SLUIS_OK);
    assert_int_equal(s.log.n, 2);
    assert_memory_equal(s.log.pk, log.pk, 2 * PK_LEN);
    snapshot_close(&s);
    buffer_clear(&w.snapshot);
    assert_int_equal(
        snapshot_make(&w.snapshot, w.d, buffer_bytes(&w.delegation), &dir_key, "l", &(pubkeys){.n = 0}, T0),
        SLUIS_INVALID);
    world_close(&w);
}

static void a_snapshot_is_the_directory(void **state)
{
    (void)state;
    world w;
    snapshot s;
    world_init(&w);
    assert_int_equal(snapshot_open(&s, buffer_bytes(&w.snapshot), root_key.pk, T0, NULL), SLUIS_OK);
    assert_string_equal(s.gateway, "gem.test");
    assert_string_equal(s.log_name, "gem.test/journal/1");
    assert_memory_equal(s.log.pk[0], log_key.pk, PK_LEN);
    assert_int_equal(s.made, T0);
    assert_int_equal(directory_version(s.dir), 9);
    assert_int_equal(directory_count(s.dir), 2);
    assert_non_null(directory_by_curve(s.dir, w.e[1].curve.pk, T0));
    snapshot_close(&s);
    assert_null(s.dir);
    world_close(&w);
}

static void a_snapshot_lives_a_day(void **state)
{
    (void)state;
    world w;
    sluis_fail f = {0};
    world_init(&w);
    assert_int_equal(try_open(&w, root_key.pk, T0 + DAY_MS, NULL), SLUIS_OK);
    assert_int_equal(try_open(&w, root_key.pk, T0 + DAY_MS + 1, &f), SLUIS_EXPIRED);
    assert_string_equal(f.where, "directorysnapshot.made");
    assert_int_equal(try_open(&w, root_key.pk, T0 - 120000, NULL), SLUIS_OK);
    assert_int_equal(try_open(&w, root_key.pk, T0 - 120001, NULL), SLUIS_NOT_YET);
    world_close(&w);
}

static void a_snapshot_hangs_from_the_root(void **state)
{
    (void)state;
    world w;
    sluis_fail f = {0};
    keypair other;
    world_init(&w);
    key_make(&other, USE_DIRECTORY, 210);
    assert_int_equal(try_open(&w, dir_key.pk, T0, &f), SLUIS_BAD_SIGNATURE);
    assert_string_equal(f.where, "signeddelegation");
    assert_int_equal(try_open(&w, root_key.pk, UNTIL, &f), SLUIS_EXPIRED);

    buffer_clear(&w.snapshot);
    assert_int_equal(snapshot_make(&w.snapshot, w.d, buffer_bytes(&w.delegation), &other, "l",
                                   (pubkeys[]){pubkeys_of(log_key.pk)}, T0),
                     SLUIS_OK);
    fail_clear(&f);
    assert_int_equal(try_open(&w, root_key.pk, T0, &f), SLUIS_BAD_SIGNATURE);
    assert_string_equal(f.where, "signedsnapshot");

    /* a delegation to the other key: then the entries are not signed by it */
    buffer_clear(&w.delegation);
    buffer_clear(&w.snapshot);
    assert_int_equal(delegation_sign(&w.delegation, "gem.test", other.pk, FROM, UNTIL, &root_key), SLUIS_OK);
    assert_int_equal(snapshot_make(&w.snapshot, w.d, buffer_bytes(&w.delegation), &other, "l",
                                   (pubkeys[]){pubkeys_of(log_key.pk)}, T0),
                     SLUIS_OK);
    fail_clear(&f);
    assert_int_equal(try_open(&w, root_key.pk, T0, &f), SLUIS_BAD_SIGNATURE);
    assert_string_equal(f.where, OIN_GEM);
    keypair_close(&other);
    world_close(&w);
}

static void a_changed_snapshot_is_refused(void **state)
{
    (void)state;
    world w;
    snapshot s;
    world_init(&w);
    for (size_t n = 0; n < w.snapshot.n; n += 7)
        assert_int_not_equal(snapshot_open(&s, BYTES(w.snapshot.p, n), root_key.pk, T0, NULL), SLUIS_OK);
    for (size_t i = 0; i < w.snapshot.n; i++) {
        w.snapshot.p[i] ^= 4;
        if (try_open(&w, root_key.pk, T0, NULL) == SLUIS_OK)
            fail_msg("byte %zu may be changed", i);
        w.snapshot.p[i] ^= 4;
    }
    assert_int_equal(try_open(&w, root_key.pk, T0, NULL), SLUIS_OK);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parties_are_found_by_oin_and_curve_key),
        cmocka_unit_test(a_key_is_valid_at_a_moment),
        cmocka_unit_test(the_newest_valid_key_is_current),
        cmocka_unit_test(bad_entries_are_refused),
        cmocka_unit_test(parties_do_not_overlap),
        cmocka_unit_test(entries_need_the_directory_key),
        cmocka_unit_test(a_snapshot_names_every_log_key),
        cmocka_unit_test(a_snapshot_is_the_directory),
        cmocka_unit_test(a_snapshot_lives_a_day),
        cmocka_unit_test(a_snapshot_hangs_from_the_root),
        cmocka_unit_test(a_changed_snapshot_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
