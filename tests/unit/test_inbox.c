#include "kit_adapter.h"
#include "runtime/inbox.h"
#include "store/store.h"

static const uint8_t key[32] = {1, 2, 3};

static inbox *open_inbox(const char *path, const uint8_t *k)
{
    inbox *b;
    sluis_fail f = {0};
    const inbox_options o = {.path = path, .quota_bytes = 64u << 20, .key = k};
    assert_ok(inbox_open(&b, &o, &f), &f);
    return b;
}

static inbox_arrival arrival(uint8_t n, uint64_t received, uint64_t expires)
{
    inbox_arrival v = {.envelope = bytes_str("envelope"),
                       .body = bytes_str("body"),
                       .receipt = bytes_str("receipt"),
                       .received = received,
                       .expires = expires,
                       .seq = n};
    memset(v.transaction, n, UUID_LEN);
    memset(v.message_hash, 100 + n, HASH_LEN);
    return v;
}

static const char *state_of(inbox *b, const uint8_t *transaction, char out[static 32])
{
    Sluis__InboxRow *row;
    arena *a = arena_new(1 << 20);
    sluis_err err = inbox_get(b, transaction, a, &row);
    snprintf(out, 32, "%s", err ? error_token(err) : row->state);
    arena_free(&a);
    return out;
}

static void requests(inbox *b)
{
    char s[32];
    inbox_arrival v[3] = {arrival(1, 10, 100), arrival(2, 20, 200), arrival(1, 30, 300)};
    assert_int_equal(inbox_add(b, v, 3), SLUIS_OK);
    assert_int_equal(v[0].result, SLUIS_OK);
    assert_int_equal(v[1].result, SLUIS_OK);
    assert_int_equal(v[2].result, SLUIS_DUPLICATE);
    memset(v[2].message_hash, 7, HASH_LEN); /* another message under the same transaction */
    assert_int_equal(inbox_add(b, &v[2], 1), SLUIS_OK);
    assert_int_equal(v[2].result, SLUIS_CONFLICT);
    arena *a = arena_new(1 << 20);
    Sluis__InboxRow *row;
    assert_int_equal(inbox_get(b, v[0].transaction, a, &row), SLUIS_OK);
    assert_string_equal(row->state, STATE_NEW);
    assert_int_equal(row->received, 10);
    assert_int_equal(row->seq, 1);
    assert_true(bytes_equal(BYTES(row->body.data, row->body.len), bytes_str("body")));
    row->state = strdup(STATE_HELD);
    assert_int_equal(inbox_put(b, v[0].transaction, row), SLUIS_OK);
    free(row->state);
    assert_string_equal(state_of(b, v[0].transaction, s), STATE_HELD);
    arena_free(&a);
    uint8_t none[UUID_LEN] = {9};
    assert_string_equal(state_of(b, none, s), "not-found");
}

static sluis_err count_disclosure(void *ctx, const Sluis__DisclosureRow *row)
{
    assert_string_equal(row->decision, "partial");
    assert_int_equal(row->n_attributes, 2);
    assert_int_equal(row->attributes[1], 7);
    ++*(size_t *)ctx;
    return SLUIS_OK;
}

static void answers(inbox *b)
{
    char s[32], sending[] = STATE_SENDING, sent[] = STATE_SENT, decision[] = "partial",
                to[] = "00000099000000001000";
    uint8_t mid[UUID_LEN] = {42}, got[UUID_LEN], t2[UUID_LEN];
    uint32_t given[] = {3, 7};
    Sluis__InboxRow *row;
    Sluis__DisclosureRow d = SLUIS__DISCLOSURE_ROW__INIT;
    arena *a = arena_new(1 << 20);
    memset(t2, 2, UUID_LEN);
    assert_int_equal(inbox_get(b, t2, a, &row), SLUIS_OK);
    row->state = sending;
    row->answer = (ProtobufCBinaryData){6, (uint8_t *)"answer"};
    d.when = 50;
    d.to = to;
    d.decision = decision;
    d.attributes = given;
    d.n_attributes = 2;
    inbox_answer v = {.row = row, .disclosure = &d};
    memcpy(v.transaction, t2, UUID_LEN);
    memcpy(v.message_id, mid, UUID_LEN);
    assert_int_equal(inbox_answered(b, &v, 1), SLUIS_OK);
    assert_string_equal(state_of(b, t2, s), STATE_SENDING);
    assert_int_equal(inbox_sent(b, mid, got), SLUIS_OK);
    assert_memory_equal(got, t2, UUID_LEN);
    row->state = sent;
    assert_int_equal(inbox_settle(b, mid, t2, row), SLUIS_OK);
    assert_int_equal(inbox_sent(b, mid, got), SLUIS_NOT_FOUND);
    assert_string_equal(state_of(b, t2, s), STATE_SENT);
    size_t n = 0;
    assert_int_equal(inbox_disclosures(b, count_disclosure, &n), SLUIS_OK);
    assert_int_equal(n, 1);
    arena_free(&a);
}

static void sweeps(inbox *b)
{
    char s[32];
    size_t n;
    uint8_t t1[UUID_LEN], t2[UUID_LEN];
    memset(t1, 1, UUID_LEN);
    memset(t2, 2, UUID_LEN);
    assert_int_equal(inbox_sweep(b, 99, 15, &n), SLUIS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(inbox_sweep(b, 100, 15, &n), SLUIS_OK); /* 1 expires at 100 */
    assert_int_equal(n, 1);
    assert_string_equal(state_of(b, t1, s), STATE_EXPIRED);
    assert_int_equal(inbox_sweep(b, 100, 15, &n), SLUIS_OK); /* finished, received at 10 */
    assert_int_equal(n, 1);
    assert_string_equal(state_of(b, t1, s), "not-found");
    assert_string_equal(state_of(b, t2, s), STATE_SENT);
    inbox_arrival again = arrival(1, 200, 300); /* and its hash is forgotten with it */
    assert_int_equal(inbox_add(b, &again, 1), SLUIS_OK);
    assert_int_equal(again.result, SLUIS_OK);
}

static void in_memory(void **state)
{
    (void)state;
    assert_int_equal(crypto_start(), SLUIS_OK);
    inbox *b = open_inbox(NULL, key);
    requests(b);
    answers(b);
    sweeps(b);
    inbox_close(&b);
    assert_null(b);
}

static sluis_err see(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                     arena *a)
{
    (void)transaction;
    (void)row;
    (void)a;
    ++*(size_t *)ctx;
    return SLUIS_OK;
}

static bool file_holds(const char *folder, const char *what)
{
    char command[160];
    snprintf(command, sizeof command, "grep -rqa %s %s", what, folder);
    return system(command) == 0;
}

static void on_disk(void **state)
{
    (void)state;
    char folder[64], path[96], s[32];
    uint8_t other[32] = {9};
    size_t n = 0;
    kit_folder(folder);
    snprintf(path, sizeof path, "%s/store", folder);
    inbox *b = open_inbox(path, key);
    requests(b);
    answers(b);
    inbox_close(&b);
    b = open_inbox(path, key);
    assert_int_equal(inbox_walk(b, see, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    uint8_t t1[UUID_LEN];
    memset(t1, 1, UUID_LEN);
    assert_string_equal(state_of(b, t1, s), STATE_HELD);
    inbox_close(&b);
    /* Content is not on the disk; another key opens nothing. */
    assert_true(file_holds(folder, "sluis-adapter"));
    assert_false(file_holds(folder, "envelope"));
    b = open_inbox(path, other);
    assert_string_equal(state_of(b, t1, s), "corrupt");
    inbox_close(&b);
    kit_remove(folder);
}

/* The largest row that is taken can be gone over, too: else a store that took it never opens again. */
static void the_largest_row(void **state)
{
    (void)state;
    size_t n = (4u << 20) + 1, seen = 0;
    char held[] = STATE_HELD;
    Sluis__InboxRow row = SLUIS__INBOX_ROW__INIT;
    inbox_arrival v = arrival(1, 10, 100);
    inbox *b = open_inbox(NULL, key);
    uint8_t *body = calloc(1, n);
    assert_non_null(body);
    assert_int_equal(inbox_add(b, &v, 1), SLUIS_OK);
    row.state = held;
    do
        row.body = (ProtobufCBinaryData){--n, body};
    while (inbox_put(b, v.transaction, &row));
    assert_true(n > (4u << 20) - 200 && n < 4u << 20);
    assert_int_equal(inbox_walk(b, see, &seen), SLUIS_OK);
    assert_int_equal(seen, 1);
    inbox_close(&b);
    free(body);
}

/* As the next release would leave it: refused, in words. */
static void of_a_newer_release(void **state)
{
    static const store_table one[] = {{.name = "inbox"}};
    char folder[64], path[96];
    const inbox_options mine = {.path = path, .quota_bytes = 64u << 20, .key = key};
    const store_options next = {.path = path,
                                .tables = one,
                                .table_count = 1,
                                .format = INBOX_STORE_FORMAT,
                                .format_version = INBOX_STORE_VERSION + 1,
                                .map_bytes = 64u << 20,
                                .quota_bytes = 32u << 20,
                                .max_readers = 4};
    sluis_fail f = {0};
    store *s = NULL;
    inbox *b = NULL;
    (void)state;
    kit_folder(folder);
    snprintf(path, sizeof path, "%s/store", folder);
    assert_ok(store_open_lmdb(&s, &next, &f), &f);
    store_close(&s);
    assert_int_equal(inbox_open(&b, &mine, &f), SLUIS_VERSION);
    assert_null(b);
    assert_string_equal(f.text, "has format version 2 of sluis-adapter, of a newer release; this program "
                                "speaks 1: run the newer one");
    kit_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_memory), cmocka_unit_test(on_disk),
                                       cmocka_unit_test(the_largest_row),
                                       cmocka_unit_test(of_a_newer_release)};
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
