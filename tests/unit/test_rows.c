#include "gateway_fixture.h"

#include "rows.pb-c.h"
#include "tables/rows.h"

static const uint8_t key_a[OIN_LEN + UUID_LEN] = "message........1sender",
                                     key_b[OIN_LEN + UUID_LEN] = "message........2sender";

static void test_check_layout(void **state)
{
    (void)state;
    row_keys *k;
    uint8_t km[32] = {9}, krow[32], head[5] = {TABLE_DEDUP, 0, 0, 0, 3}, full[32];
    buffer b;

    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_int_equal(row_keys_new(&k, km), SLUIS_OK);
    buffer_init(&b, 100);
    row_check_wrap(&b, k, TABLE_DEDUP, bytes_str("key"), bytes_str("value"));
    assert_int_equal(b.err, SLUIS_OK);
    assert_int_equal(b.n, 5 + ROW_CHECK_LEN);
    hash_one(krow, "sluis1-k-row", km, "", 0);
    bytes parts[] = {BYTES_OF(head), bytes_str("key"), bytes_str("value")};
    hash_tagged(full, "sluis1-row", krow, parts, 3);
    assert_memory_equal(b.p, "value", 5);
    assert_memory_equal(b.p + 5, full, ROW_CHECK_LEN);
    buffer_close(&b);
    row_keys_free(&k);
    assert_null(k);
}

static void test_check_binds(void **state)
{
    (void)state;
    row_keys *k, *other;
    uint8_t km[32] = {9}, km2[32] = {10};
    bytes value;
    buffer b;

    assert_int_equal(row_keys_new(&k, km), SLUIS_OK);
    assert_int_equal(row_keys_new(&other, km2), SLUIS_OK);
    buffer_init(&b, 100);
    row_check_wrap(&b, k, TABLE_DEDUP, bytes_str("key"), bytes_str("value"));
    assert_int_equal(row_check_open(&value, k, TABLE_DEDUP, bytes_str("key"), buffer_bytes(&b)), SLUIS_OK);
    assert_true(bytes_equal(value, bytes_str("value")));
    assert_int_equal(row_check_open(&value, k, TABLE_EVENT, bytes_str("key"), buffer_bytes(&b)),
                     SLUIS_CORRUPT);
    assert_int_equal(row_check_open(&value, k, TABLE_DEDUP, bytes_str("kez"), buffer_bytes(&b)),
                     SLUIS_CORRUPT);
    assert_int_equal(row_check_open(&value, k, TABLE_DEDUP, bytes_str("ke"), buffer_bytes(&b)),
                     SLUIS_CORRUPT);
    assert_int_equal(row_check_open(&value, other, TABLE_DEDUP, bytes_str("key"), buffer_bytes(&b)),
                     SLUIS_CORRUPT);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(row_check_open(&value, k, TABLE_DEDUP, bytes_str("key"), BYTES(b.p, n)),
                         SLUIS_CORRUPT);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(row_check_open(&value, k, TABLE_DEDUP, bytes_str("key"), buffer_bytes(&b)),
                         SLUIS_CORRUPT);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_close(&b);
    row_keys_free(&other);
    row_keys_free(&k);
}

static void rows_in(engine e)
{
    fixture x;
    fixture_open(&x, e);
    const row_keys *k = keyslots_rows(x.slots);
    Sluis__DedupRow row = SLUIS__DEDUP_ROW__INIT;
    uint8_t hash[32] = {1, 2, 3}, big[300] = {7};
    ProtobufCMessage *m = NULL;
    bytes value;
    arena *a = arena_new(1 << 16);

    row.message_hash = (ProtobufCBinaryData){.len = 32, .data = hash};
    row.expires = 99;
    row.journal_index = 7;
    store_txn *t = fixture_write(&x);
    assert_int_equal(rows_put(t, k, TABLE_DEDUP, BYTES_OF(key_a), &row.base), SLUIS_OK);
    assert_int_equal(rows_put(t, k, TABLE_DEDUP, BYTES_OF(key_b), &row.base), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_APPINDEX, BYTES_OF(key_a), ROW_EMPTY), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_META, BYTES_OF(key_a), BYTES_OF(big)), SLUIS_OK);
    assert_int_equal(rows_put_bytes(t, k, TABLE_META, BYTES_OF(key_b), BYTES(big, 64)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);

    t = fixture_read(&x);
    assert_int_equal(rows_get(t, k, TABLE_DEDUP, BYTES_OF(key_b), a, &sluis__dedup_row__descriptor, &m),
                     SLUIS_OK);
    const Sluis__DedupRow *got = (const Sluis__DedupRow *)m;
    assert_int_equal(got->expires, 99);
    assert_int_equal(got->journal_index, 7);
    assert_memory_equal(got->message_hash.data, hash, 32);
    assert_int_equal(rows_get_bytes(t, k, TABLE_APPINDEX, BYTES_OF(key_a), &value), SLUIS_OK);
    assert_int_equal(value.n, 0);
    assert_int_equal(store_get(t, TABLE_APPINDEX, BYTES_OF(key_a), &value), SLUIS_OK);
    assert_int_equal(value.n, ROW_CHECK_LEN);
    assert_int_equal(rows_get_bytes(t, k, TABLE_META, BYTES_OF(key_a), &value), SLUIS_OK);
    assert_true(bytes_equal(value, BYTES_OF(big)));
    assert_int_equal(rows_get_bytes(t, k, TABLE_META, BYTES_OF(key_b), &value), SLUIS_OK);
    assert_int_equal(value.n, 64);
    assert_int_equal(rows_get_bytes(t, k, TABLE_APPINDEX, BYTES_OF(key_b), &value), SLUIS_NOT_FOUND);
    /* a whole row under another key, and a row of another type */
    assert_int_equal(store_get(t, TABLE_DEDUP, BYTES_OF(key_a), &value), SLUIS_OK);
    assert_int_equal(rows_open(k, TABLE_DEDUP, BYTES_OF(key_b), value, a, &sluis__dedup_row__descriptor, &m),
                     SLUIS_CORRUPT);
    assert_int_equal(rows_open(k, TABLE_DEDUP, BYTES_OF(key_a), value, a, &sluis__case_row__descriptor, &m),
                     SLUIS_CORRUPT);
    /* no room left for a row is no damage: a page of rows ends there */
    arena *little = arena_new(64);
    assert_int_equal(
        rows_open(k, TABLE_DEDUP, BYTES_OF(key_a), value, little, &sluis__dedup_row__descriptor, &m),
        SLUIS_NOMEM);
    arena_free(&little);
    store_abort(&t);
    arena_free(&a);
    fixture_close(&x);
}

/* A full arena is not a damaged row: whoever pages through rows ends the page there and goes on. */
static void test_no_room_is_not_corrupt(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    const row_keys *k = keyslots_rows(x.slots);
    static uint8_t message[200000];
    Sluis__InboxRow row = SLUIS__INBOX_ROW__INIT; /* any message that holds much */
    ProtobufCMessage *m = NULL;
    arena *a = arena_new(300000);

    row.envelope = (ProtobufCBinaryData){.len = sizeof(message), .data = message};
    store_txn *t = fixture_write(&x);
    assert_int_equal(rows_put(t, k, TABLE_OUTBOX, BYTES_OF(key_a), &row.base), SLUIS_OK);
    assert_int_equal(rows_get(t, k, TABLE_OUTBOX, BYTES_OF(key_a), a, &sluis__inbox_row__descriptor, &m),
                     SLUIS_OK);
    assert_int_equal(rows_get(t, k, TABLE_OUTBOX, BYTES_OF(key_a), a, &sluis__inbox_row__descriptor, &m),
                     SLUIS_NOMEM);
    store_abort(&t);
    arena_free(&a);
    fixture_close(&x);
}

static void test_rows_memory(void **state)
{
    (void)state;
    rows_in(ENGINE_MEMORY);
}

static void test_rows_lmdb(void **state)
{
    (void)state;
    rows_in(ENGINE_LMDB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_layout),
        cmocka_unit_test(test_check_binds),
        cmocka_unit_test(test_rows_memory),
        cmocka_unit_test(test_rows_lmdb),
        cmocka_unit_test(test_no_room_is_not_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
