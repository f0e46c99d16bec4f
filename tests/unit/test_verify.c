/* What the pool asks of a submission beyond its signature: the suites its sender may use, and which of the
 * registry's sealing keys it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kit_parts.h"
#include "verify/verify.h"

#define HOUR_MS UINT64_C(3600000)

typedef struct {
    house h;
    verifier *v;
    char dir[64];
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    house_open(&r->h);
    assert_int_equal(oin_parse(&r->h.settings.oin, OIN_GEM, OIN_LEN), SLUIS_OK);
    assert_int_equal(verifier_new(&r->v, &r->h.p), SLUIS_OK);
    snprintf(r->dir, sizeof r->dir, "/tmp/sluis-verify-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    verifier_free(&r->v);
    house_close(&r->h);
    assert_int_equal(rmdir(r->dir), 0);
    free(r);
    return 0;
}

/* A request of the school's, made at a moment, sealed to this key of the registry: what the pool says of it.
 */
static sluis_err judged(room *r, const keypair *seal, seal_ring *ring, uint64_t created, sluis_fail *why)
{
    draft d;
    parcel p;
    actor whom = {.oin = r->h.settings.oin, .seal = *seal};
    seal_to to = to_actor(&whom);
    draft_init(&d);
    d.core.created = created;
    d.core.expires = created + DAY_MS;
    parcel_init(&p);
    parcel_seal(&p, &d, &r->h.school, &to, 1, "");
    parcel_sign(&p, &r->h.school);
    job *j = job_new(JOB_SUBMIT, buffer_bytes(&p.out));
    assert_non_null(j);
    j->user = r->h.school.oin;
    j->dir = directory_ref(r->h.dir);
    j->seals = seal_ring_ref(ring);
    verifier_judge(r->v, j);
    *why = j->why;
    job_free(&j);
    parcel_close(&p);
    return why->code;
}

static void a_suite_is_allowed_a_sender(void **state)
{
    room *r = *state;
    Sluis__PartyEntry x;
    Sluis__DirectoryKey k[2], *list[2];
    uint8_t sig[2][SIG_LEN];
    uint32_t suites[] = {2, 3};
    sluis_fail why;
    const keypair *seal = seal_ring_current(r->h.p.seals);
    assert_int_equal(judged(r, seal, r->h.p.seals, HOUSE_MS, &why), SLUIS_OK);
    house_entry(&r->h.school, "De Regenboog", "onderwijs", &x, k, list, sig);
    x.suites = suites;
    x.n_suites = 2;
    store_txn *t = fixture_write(&r->h.x);
    assert_int_equal(parties_put(t, &x, &r->h.p.directory, true, NULL), SLUIS_OK);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    assert_int_equal(judged(r, seal, r->h.p.seals, HOUSE_MS, &why), SLUIS_SUITE);
    assert_string_equal(why.where, "core.suite");
    assert_string_equal(why.text, "suite 1 is not allowed for this party");
}

/* The registry's keys of the folder: old was replaced by the next one so many hours ago. */
static seal_ring *replaced(room *r, keypair *old, uint64_t hours, uint64_t now)
{
    char path[128], pub[136];
    seal_ring *ring = NULL;
    keypair next;
    const struct {
        const char *name;
        keypair *k;
        uint64_t created;
    } files[] = {{"seal.key", old, now - 48 * HOUR_MS}, {"seal.1.key", &next, now - hours * HOUR_MS}};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", r->dir, files[i].name);
        assert_int_equal(keypair_generate(files[i].k, USE_SEAL, files[i].created), SLUIS_OK);
        assert_int_equal(keyfile_write(path, files[i].k, NULL), SLUIS_OK);
    }
    assert_int_equal(seal_ring_load(&ring, r->dir, NULL, NULL), SLUIS_OK);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", r->dir, files[i].name);
        snprintf(pub, sizeof pub, "%s.pub", path);
        unlink(path);
        unlink(pub);
    }
    keypair_close(&next);
    return ring;
}

/* A sender has a day to learn of the registry's next key; what was made before is opened for longer. */
static void a_registry_key_replaced_for_a_day(void **state)
{
    static const struct {
        uint64_t hours, made_ago; /* the key was replaced, the message made so many hours ago */
        sluis_err want;
    } table[] = {{1, 0, SLUIS_OK},  {23, 0, SLUIS_OK},  {25, 0, SLUIS_KEY_NOT_VALID},
                 {25, 2, SLUIS_OK}, {40, 17, SLUIS_OK}, {40, 15, SLUIS_KEY_NOT_VALID}};
    room *r = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t now = HOUSE_MS;
        keypair old;
        sluis_fail why;
        seal_ring *ring = replaced(r, &old, table[i].hours, now);
        assert_int_equal(judged(r, &old, ring, now - table[i].made_ago * HOUR_MS, &why), table[i].want);
        if (table[i].want) {
            assert_string_equal(why.where, "core.recipients.sealing_key");
            assert_non_null(strstr(why.text, "was replaced at "));
        }
        assert_int_equal(judged(r, seal_ring_current(ring), ring, now, &why), SLUIS_OK);
        keypair stranger;
        assert_int_equal(keypair_generate(&stranger, USE_SEAL, now), SLUIS_OK);
        assert_int_equal(judged(r, &stranger, ring, now, &why), SLUIS_NOT_RECIPIENT);
        keypair_close(&stranger);
        keypair_close(&old);
        seal_ring_unref(&ring);
    }
}

/* A call with this token, as it comes in. */
static job *call_with(room *r, const char *token, bool of_the_journal)
{
    Sluis__ApiCall call = SLUIS__API_CALL__INIT;
    Sluis__ApiListRequests list = SLUIS__API_LIST_REQUESTS__INIT;
    Sluis__ApiLogGet get = SLUIS__API_LOG_GET__INIT;
    buffer b;
    call.token = TEXT(token);
    call.op_case = of_the_journal ? SLUIS__API_CALL__OP_LOG_GET : SLUIS__API_CALL__OP_LIST_REQUESTS;
    if (of_the_journal)
        call.log_get = &get;
    else
        call.list_requests = &list;
    buffer_init(&b, 4096);
    assert_int_equal(wire_pack(&b, &call.base), SLUIS_OK);
    job *j = job_new(JOB_API, buffer_bytes(&b));
    assert_non_null(j);
    j->rules = rules_ref(r->h.p.first_rules);
    buffer_close(&b);
    return j;
}

/* Whether the bus may send this call on itself; what it may not is the pool's, untouched. */
static bool known(room *r, const token_cache *c, const char *token, bool of_the_journal)
{
    job *j = call_with(r, token, of_the_journal);
    bool yes = verify_known_call(&r->h.p, c, j);
    assert_int_equal(j->why.code, SLUIS_OK);
    assert_int_equal(j->stage, yes ? STAGE_READ : STAGE_TOKEN);
    assert_string_equal(j->claims.app, yes ? "wmo-intake" : "");
    job_free(&j);
    return yes;
}

static void only_a_known_token_of_who_may_act(void **state)
{
    room *r = *state;
    token_claims c = {.app = "wmo-intake", .function = "consulent", .employee = "mw-1"};
    token_cache *cache = NULL;
    c.oin = r->h.settings.oin;
    c.expires = clock_ms() + HOUR_MS;
    r->h.settings.test_mode = true;
    assert_int_equal(token_cache_new(&cache, "/tmp/no-such-jwks"), SLUIS_OK);
    assert_false(known(r, cache, "a.b.c", false));
    token_cache_keep(cache, "a.b.c", &c, 1);
    assert_true(known(r, cache, "a.b.c", false));
    assert_false(known(r, cache, "a.b.d", false));
    assert_false(known(r, cache, "", false));
    assert_false(known(r, cache, "a.b.c", true)); /* the journal's readers have tokens of their own */
    r->h.settings.test_mode = false;
    assert_false(known(r, cache, "a.b.c", false));
    r->h.settings.test_mode = true;
    c.expires = clock_ms() - HOUR_MS;
    token_cache_keep(cache, "over", &c, 1);
    assert_false(known(r, cache, "over", false));
    c.expires = clock_ms() + HOUR_MS;
    c.oin = r->h.school.oin;
    token_cache_keep(cache, "another's", &c, 1);
    assert_false(known(r, cache, "another's", false));
    token_cache_free(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_suite_is_allowed_a_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(a_registry_key_replaced_for_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_known_token_of_who_may_act, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
