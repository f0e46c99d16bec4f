/* How far a file of data has come: kept under a name that tells nothing of what stands in it, and found again
 * when an earlier release began it. */
#include "kit_people.h"

#include "core/handlers.h"

#define MiB (1u << 20)

static const uint8_t file[HASH_LEN] = "the hash of a file with persons.";

static sluis_err bring(house *h, uint64_t first, size_t count, uint64_t *taken, sluis_fail *f)
{
    static const char person[] = "999990019", question[] = "wmo-hulpvraag";
    import_line lines[] = {{.bsn = person, .attribute = question, .value = "Koken"},
                           {.bsn = person, .attribute = question, .value = "Wassen", .instance = {{1}}},
                           {.bsn = person, .attribute = question, .value = "Strijken", .instance = {{1}}}};
    import_batch b = {.basis = "wmo-5.1.1", .first = first, .lines = lines, .count = count};
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    assert_non_null(j);
    memcpy(b.file, file, HASH_LEN);
    b.source = h->gem.oin;
    j->import = &b;
    j->by = "beheer-1";
    j->reason = "overgang";
    turn t = house_begin(h, HOUSE_MS, MiB);
    sluis_err e = handle_import(&t, j, f);
    *taken = b.taken;
    assert_memory_equal(b.file, file, HASH_LEN); /* a turn may be done again */
    if (e)
        house_abort(h, &t);
    else
        house_commit(h, &t);
    j->import = NULL;
    job_free(&j);
    return e;
}

static void no_hash_of_the_file_is_kept(void **state)
{
    house h;
    sluis_fail f = {0};
    uint64_t taken = 0;
    (void)state;
    house_open(&h);
    for (uint64_t i = 1; i < 3; i++) {
        if (bring(&h, i, 1, &taken, &f))
            fail_msg("%s: %s", f.where, f.text);
        assert_int_equal(taken, i);
    }
    assert_int_equal(people_found(&h, file, HASH_LEN), 0);
    assert_int_equal(bring(&h, 2, 1, &taken, &f), SLUIS_CONFLICT);
    assert_string_equal(f.text, "2 lines of this file are in: go on from there");
    house_close(&h);
}

static void begun_by_an_earlier_release(void **state)
{
    house h;
    sluis_fail f = {0};
    uint8_t key[7 + HASH_LEN] = "import:", lines[8];
    uint64_t taken = 0, named;
    (void)state;
    house_open(&h);
    turn t = house_begin(&h, HOUSE_MS, MiB);
    memcpy(key + 7, file, HASH_LEN);
    put_u64(lines, 3);
    assert_int_equal(rows_put_bytes(t.t, t.p->rows, TABLE_META, BYTES_OF(key), BYTES_OF(lines)), SLUIS_OK);
    key[7] ^= 1; /* of another file, too */
    assert_int_equal(rows_put_bytes(t.t, t.p->rows, TABLE_META, BYTES_OF(key), BYTES_OF(lines)), SLUIS_OK);
    house_commit(&h, &t);
    named = people_count(&h, TABLE_META);
    assert_int_equal(people_found(&h, file, HASH_LEN), 1);
    t = house_begin(&h, HOUSE_MS, MiB);
    assert_int_equal(import_begin(&t), SLUIS_OK);
    house_commit(&h, &t);
    assert_int_equal(bring(&h, 1, 0, &taken, &f), SLUIS_OK);
    assert_int_equal(taken, 3);
    assert_int_equal(people_found(&h, file + 1, HASH_LEN - 1), 0);
    assert_int_equal(people_count(&h, TABLE_META), named);
    assert_int_equal(bring(&h, 4, 1, &taken, &f), SLUIS_OK);
    assert_int_equal(taken, 4);
    house_close(&h);
}

/* What one person may have of a datum counts what is registered and the batch together. */
static void no_more_than_may_be(void **state)
{
    house h;
    sluis_fail f = {0};
    uint64_t taken = 0;
    (void)state;
    house_open(&h);
    for (uint64_t known = 0; known < 2; known++) { /* new here, and not */
        h.settings.instances = 1;
        assert_int_equal(bring(&h, 1 + known, 2, &taken, &f), SLUIS_TOO_BIG);
        assert_string_equal(f.text,
                            "voorkomen: more instances of this datum of one person than limits.instances");
        assert_string_equal(f.where, known ? "line 3" : "line 2");
        fail_clear(&f);
        assert_int_equal(bring(&h, 1 + known, 1, &taken, &f), SLUIS_OK); /* what is there may be said again */
    }
    h.settings.instances = 2;
    assert_int_equal(bring(&h, 3, 3, &taken, &f), SLUIS_OK);
    assert_int_equal(people_count(&h, TABLE_DATUM), 2);
    house_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_hash_of_the_file_is_kept),
        cmocka_unit_test(begun_by_an_earlier_release),
        cmocka_unit_test(no_more_than_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
