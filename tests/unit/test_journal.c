#include "gateway_fixture.h"

#include "journal/journal_store.h"
#include "wire/envelope.h"

#define NAME  "gw.test"
#define TODAY 20781u

typedef struct {
    fixture x;
    keypair log;
    journal *j;
} ground;

static void log_key(keypair *log)
{
    uint8_t seed[32] = {5};

    assert_int_equal(keypair_from_seed(log, USE_LOG, seed, 0), SLUIS_OK);
}

static void ground_open(ground *g, engine e)
{
    fixture_open(&g->x, e);
    log_key(&g->log);
    assert_int_equal(journal_open(&g->j, g->x.store, g->x.slots, &(log_keys){.log = &g->log}, NAME, NULL),
                     SLUIS_OK);
}

static void ground_close(ground *g)
{
    journal_close(&g->j);
    keypair_close(&g->log);
    fixture_close(&g->x);
}

static void transaction_of(uint8_t out[16], uint64_t i)
{
    memset(out, 0xaa, 16);
    put_u64(out, i / 2); /* two entries a transaction */
}

/* Entry i: of class i % 3, kept until a day that differs by class. */
static sluis_err append_one(ground *g, store_txn *t, uint64_t i, uint32_t keep, journal_entry *e)
{
    uint8_t tx[16], hash[32] = {(uint8_t)i};
    char detail[] = "message-refused";
    Sluis__Record r = SLUIS__RECORD__INIT;

    transaction_of(tx, i);
    r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    r.when = 1000 + i;
    r.transaction = (ProtobufCBinaryData){.len = 16, .data = tx};
    r.message_hash = (ProtobufCBinaryData){.len = 32, .data = hash};
    r.detail = detail;
    return journal_append(g->j, t, &r, (uint8_t)(i % 3), keep, e);
}

static void commit(ground *g, store_txn **t)
{
    assert_int_equal(journal_seal(g->j, *t), SLUIS_OK);
    assert_int_equal(keyslots_sync(g->x.slots), SLUIS_OK);
    assert_int_equal(store_commit(t), SLUIS_OK);
    journal_committed(g->j);
}

/* Adds n entries in one commit; the log's own first entry counts. */
static void add(ground *g, uint64_t n, uint32_t keep)
{
    store_txn *t = fixture_write(&g->x);
    journal_entry e;
    uint64_t until = journal_size(g->j) + n;

    while (journal_size(g->j) < until)
        assert_int_equal(append_one(g, t, journal_size(g->j), keep, &e), SLUIS_OK);
    commit(g, &t);
}

static sluis_err verify_at(ground *g, uint32_t today, journal_report *report, sluis_fail *f)
{
    return journal_verify(g->x.store, g->x.slots, NAME, (pubkeys[]){pubkeys_of(g->log.pk)}, today, NULL, NULL,
                          report, f);
}

static sluis_err verify(void *ctx, sluis_fail *f)
{
    journal_report report;

    return verify_at(ctx, TODAY, &report, f);
}

static sluis_err verify_tree_alone(void *ctx, sluis_fail *f)
{
    ground *g = ctx;
    journal_report report;

    return journal_verify(g->x.store, NULL, NAME, (pubkeys[]){pubkeys_of(g->log.pk)}, TODAY, NULL, NULL,
                          &report, f);
}

static void verify_ok(ground *g, uint64_t entries)
{
    journal_report report;
    sluis_fail f = {0};

    if (verify_at(g, TODAY, &report, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(report.entries, entries);
    assert_int_equal(report.records + report.erased, entries);
}

static void check_receipt(ground *g, bytes raw, uint64_t index, uint64_t size, uint64_t i,
                          receipt_cache *cache)
{
    receipt_facts facts;
    sluis_fail f = {0};
    uint8_t tx[16];
    arena *a = arena_new(1 << 16);

    if (receipt_verify(&facts, a, raw, NAME, (pubkeys[]){pubkeys_of(g->log.pk)}, cache, &f))
        fail_msg("receipt %llu of %llu: %s: %s", (unsigned long long)index, (unsigned long long)size, f.where,
                 f.text);
    assert_int_equal(facts.index, index);
    assert_int_equal(facts.cp.size, size);
    assert_string_equal(facts.cp.origin, NAME "/journal/1");
    assert_int_equal(facts.record->when, 1000 + i);
    transaction_of(tx, i);
    assert_memory_equal(facts.record->transaction.data, tx, 16);
    arena_free(&a);
}

/* ---- the tree ---- */

static sluis_err node_of_list(void *ctx, unsigned h, uint64_t k, uint8_t out[static HASH_LEN])
{
    merkle_root(TREE_JOURNAL, out, (const uint8_t(*)[HASH_LEN])ctx + (k << h), (size_t)1 << h);
    return SLUIS_OK;
}

static void test_tree_against_definition(void **state)
{
    (void)state;
    static uint8_t leaves[600][HASH_LEN];
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN], expect[MERKLE_MAX_PATH][HASH_LEN], root[HASH_LEN];
    tree_source list = {.node = node_of_list, .ctx = leaves};
    tree_tail tail;
    size_t n, m;
    unsigned touched;
    edge *e;

    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_int_equal(edge_new(&e), SLUIS_OK);
    for (size_t i = 0; i < 600; i++)
        merkle_leaf(leaves[i], &i, sizeof(i));
    assert_int_equal(tree_tail_of(&tail, 0, &list), SLUIS_INVALID);
    for (size_t size = 1; size <= 600; size++) {
        tree_source src = edge_source(e);
        assert_int_equal(edge_append(e, leaves[size - 1], &touched), SLUIS_OK);
        assert_int_equal(touched, size % 256 == 0 ? 2 : 0);
        assert_int_equal(tree_tail_of(&tail, size, &src), SLUIS_OK);
        merkle_root(TREE_JOURNAL, root, (const uint8_t(*)[HASH_LEN])leaves, size);
        assert_memory_equal(tail.hash[tail.height], root, HASH_LEN);
        for (size_t i = size % 7; i < size; i += 7) {
            assert_int_equal(tree_path(path, &n, &tail, i, &src), SLUIS_OK);
            merkle_path(TREE_JOURNAL, expect, &m, (const uint8_t(*)[HASH_LEN])leaves, size, i);
            assert_int_equal(n, m);
            assert_memory_equal(path, expect, n * HASH_LEN);
        }
        assert_int_equal(tree_path(path, &n, &tail, size, &src), SLUIS_INVALID);
    }
    edge_free(&e);
}

/* Marking and going back at every size, past tiles of two levels. */
static void test_edge_back(void **state)
{
    (void)state;
    uint8_t hash[HASH_LEN];
    unsigned touched;
    edge *e, *plain;
    static const unsigned runs[] = {1, 255, 256, 257, 300, 513, 70000};
    tree_tail a, b;

    assert_int_equal(edge_new(&e), SLUIS_OK);
    assert_int_equal(edge_new(&plain), SLUIS_OK);
    tree_source se = edge_source(e), sp = edge_source(plain);
    for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
        uint64_t before = edge_size(e);
        edge_mark(e);
        for (unsigned i = 0; i < runs[r]; i++) {
            merkle_leaf(hash, "dropped", 7);
            assert_int_equal(edge_append(e, hash, &touched), SLUIS_OK);
        }
        edge_back(e);
        assert_int_equal(edge_size(e), before);
        for (unsigned i = 0; i < runs[r]; i++) {
            merkle_leaf(hash, &i, sizeof(i));
            assert_int_equal(edge_append(e, hash, &touched), SLUIS_OK);
            assert_int_equal(edge_append(plain, hash, &touched), SLUIS_OK);
        }
        assert_int_equal(tree_tail_of(&a, edge_size(e), &se), SLUIS_OK);
        assert_int_equal(tree_tail_of(&b, edge_size(plain), &sp), SLUIS_OK);
        assert_memory_equal(a.hash[a.height], b.hash[b.height], HASH_LEN);
    }
    edge_free(&e);
    edge_free(&plain);
}

/* ---- writing ---- */

static void test_first_entry(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    store_txn *t = fixture_write(&g.x);
    journal_entry e;
    size_t n;
    Sluis__Record *r;
    uint8_t salt[32], raw[LEAF_LEN];
    bytes record;
    leaf l;
    arena *a = arena_new(1 << 16);

    journal_checkpoint(g.j, &n);
    assert_int_equal(n, 0);
    assert_int_equal(journal_seal(g.j, t), SLUIS_OK); /* nothing to seal */
    assert_int_equal(append_one(&g, t, 0, TODAY + 3, &e), SLUIS_OK);
    assert_int_equal(e.index, 1);
    assert_int_equal(journal_size(g.j), 2);
    commit(&g, &t);
    assert_true(strncmp(journal_checkpoint(g.j, &n), NAME "/journal/1\n2\n",
                        sizeof(NAME "/journal/1\n2\n") - 1) == 0);
    t = fixture_read(&g.x);
    assert_int_equal(journal_read_record(t, g.x.slots, 0, a, &r, salt, &record), SLUIS_OK);
    assert_int_equal(r->type, SLUIS__RECORD_TYPE__R_ORIGIN);
    assert_string_equal(r->detail, NAME "/journal/1");
    assert_int_equal(r->when, 1000);
    assert_int_equal(leaf_read(t, 0, raw, &l), SLUIS_OK);
    assert_int_equal(l.keep_until, KEEP_ALWAYS);
    assert_int_equal(l.klass, KLASS_JOURNAL);
    assert_int_equal(leaf_read(t, 1, raw, &l), SLUIS_OK);
    assert_int_equal(l.keep_until, TODAY + 3);
    assert_memory_equal(raw, e.leaf, LEAF_LEN);
    store_abort(&t);
    arena_free(&a);
    verify_ok(&g, 2);
    ground_close(&g);
}

/* Stored bytes as DESIGN has them, opened here by hand. */
static void test_record_bytes(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    store_txn *t = fixture_write(&g.x);
    journal_entry e;
    uint8_t p[32], key[8] = {0, 0, 0, 0, 0, 0, 0, 1}, plain[512], commitment[32];
    slot_key day;
    bytes stored;

    assert_int_equal(append_one(&g, t, 1, TODAY, &e), SLUIS_OK);
    commit(&g, &t);
    t = fixture_read(&g.x);
    keyslots_period(g.x.slots, p, 1, TODAY);
    assert_int_equal(keyslots_find(g.x.slots, p, &day), SLUIS_OK);
    assert_int_equal(store_get(t, TABLE_RECORD, BYTES_OF(key), &stored), SLUIS_OK);
    assert_int_equal(ae_open(plain, day.key, stored.p, BYTES_OF(key), BYTES(stored.p + 24, stored.n - 24)),
                     SLUIS_OK);
    hash_one(commitment, "sluis1-record", plain, plain + 32, stored.n - 24 - 16 - 32);
    assert_int_equal(store_get(t, TABLE_LEAF, BYTES_OF(key), &stored), SLUIS_OK);
    assert_memory_equal(stored.p, "\1\1\0\0", 4);
    assert_int_equal(get_u32(stored.p + 4), TODAY);
    assert_memory_equal(stored.p + 8, commitment, 32);
    store_abort(&t);
    ground_close(&g);
}

/* Every receipt of every size, just appended; and afterwards, from the store, at the last size. */
static void receipts_in(engine e)
{
    ground g;
    ground_open(&g, e);
    receipt_cache cache = {.n = 0};
    static const unsigned runs[] = {1, 2, 3, 250, 1, 1, 1, 41, 211, 1, 1, 87}; /* 600 with the first entry */
    journal_entry entries[256];
    upper_nodes *upper = upper_nodes_new(); /* of the tree as it grows */
    buffer b, again;
    uint64_t size = 1;

    assert_non_null(upper);
    buffer_init(&b, 1 << 16);
    buffer_init(&again, 1 << 16);
    for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
        store_txn *t = fixture_write(&g.x);
        for (unsigned i = 0; i < runs[r]; i++)
            assert_int_equal(append_one(&g, t, size + i, TODAY, &entries[i]), SLUIS_OK);
        assert_int_equal(journal_receipt(g.j, &entries[0], &b), SLUIS_INVALID); /* not sealed yet */
        commit(&g, &t);
        for (unsigned i = 0; i < runs[r]; i++) {
            buffer_clear(&b);
            assert_int_equal(journal_receipt(g.j, &entries[i], &b), SLUIS_OK);
            check_receipt(&g, buffer_bytes(&b), size + i, size + runs[r], size + i, &cache);
        }
        size += runs[r];
        assert_int_equal(journal_size(g.j), size);
        t = fixture_read(&g.x);
        for (uint64_t i = 1; i < size; i += r == sizeof(runs) / sizeof(runs[0]) - 1 ? 1 : 19) {
            buffer_clear(&b);
            assert_int_equal(journal_receipt_at(t, g.x.slots, NULL, i, &b), SLUIS_OK);
            check_receipt(&g, buffer_bytes(&b), i, size, i, &cache);
            buffer_clear(&again);
            assert_int_equal(journal_receipt_at(t, g.x.slots, upper, i, &again), SLUIS_OK);
            assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&b)));
        }
        assert_int_equal(journal_receipt_at(t, g.x.slots, upper, size, &b), SLUIS_NOT_FOUND);
        store_abort(&t);
    }
    assert_int_equal(size, 601);
    verify_ok(&g, 601);
    upper_nodes_free(&upper);
    buffer_close(&b);
    buffer_close(&again);
    ground_close(&g);
}

static void test_receipts_memory(void **state)
{
    (void)state;
    receipts_in(ENGINE_MEMORY);
}

static void test_receipts_lmdb(void **state)
{
    (void)state;
    receipts_in(ENGINE_LMDB);
}

/* What is remembered of the tree is used, and it is checked: a path through a wrong node is none. */
static void test_remembered_nodes(void **state)
{
    static const struct {
        unsigned height;
        uint64_t node, through, beside; /* an entry whose path it is on, and one whose it is not */
    } all[] = {{8, 0, 300, 100}, {8, 1, 0, 300}, {9, 0, 599, 300}};
    const uint8_t wrong[HASH_LEN] = {1};
    uint8_t known[HASH_LEN];
    upper_nodes *upper = upper_nodes_new();
    ground g;
    buffer b;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    assert_non_null(upper);
    buffer_init(&b, 1 << 16);
    add(&g, 600, TODAY);
    store_txn *t = fixture_read(&g.x);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_false(upper_nodes_get(upper, all[i].height, all[i].node, known));
        assert_int_equal(journal_receipt_at(t, g.x.slots, upper, all[i].through, &b), SLUIS_OK);
        assert_true(upper_nodes_get(upper, all[i].height, all[i].node, known));
        upper_nodes_put(upper, all[i].height, all[i].node, wrong);
        assert_int_equal(journal_receipt_at(t, g.x.slots, upper, all[i].through, &b), SLUIS_CORRUPT);
        assert_int_equal(journal_receipt_at(t, g.x.slots, upper, all[i].beside, &b), SLUIS_OK);
        upper_nodes_free(&upper);
        upper = upper_nodes_new();
        assert_non_null(upper);
    }
    store_abort(&t);
    upper_nodes_free(&upper);
    buffer_close(&b);
    ground_close(&g);
}

/* One entry a commit from 1 to 600: each size is sealed and its last receipt fits. */
static void test_every_size(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    journal_entry e;
    buffer b;

    buffer_init(&b, 1 << 16);
    for (uint64_t size = 2; size <= 600; size++) {
        store_txn *t = fixture_write(&g.x);
        assert_int_equal(append_one(&g, t, size, TODAY, &e), SLUIS_OK);
        commit(&g, &t);
        buffer_clear(&b);
        assert_int_equal(journal_receipt(g.j, &e, &b), SLUIS_OK);
        check_receipt(&g, buffer_bytes(&b), size - 1, size, size, NULL);
        if (size >= 254 && size <= 259) { /* opening anew at the edges of a tile */
            journal_close(&g.j);
            assert_int_equal(journal_open(&g.j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, NULL),
                             SLUIS_OK);
        }
    }
    verify_ok(&g, 600);
    buffer_close(&b);
    ground_close(&g);
}

static void test_rolled_back(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    char before[NOTE_MAX], *now;
    size_t n, m;
    journal_entry e;

    /* an empty journal too */
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(append_one(&g, t, 1, TODAY, &e), SLUIS_OK);
    assert_int_equal(journal_seal(g.j, t), SLUIS_OK);
    store_abort(&t);
    journal_rolled_back(g.j);
    assert_int_equal(journal_size(g.j), 0);
    journal_checkpoint(g.j, &n);
    assert_int_equal(n, 0);

    add(&g, 200, TODAY);
    memcpy(before, journal_checkpoint(g.j, &n), NOTE_MAX);
    for (unsigned round = 0; round < 3; round++) {
        t = fixture_write(&g.x);
        for (uint64_t i = 0; i < 100 + 256 * round; i++)
            assert_int_equal(append_one(&g, t, i, TODAY, &e), SLUIS_OK);
        if (round)
            assert_int_equal(journal_seal(g.j, t), SLUIS_OK);
        store_abort(&t);
        journal_rolled_back(g.j);
        journal_rolled_back(g.j); /* nothing more to forget */
        assert_int_equal(journal_size(g.j), 200);
        now = (char *)(uintptr_t)journal_checkpoint(g.j, &m);
        assert_int_equal(n, m);
        assert_memory_equal(before, now, n);
    }
    verify_ok(&g, 200);
    add(&g, 120, TODAY);
    verify_ok(&g, 320);
    /* a commit that fails inside the store */
    t = fixture_write(&g.x);
    assert_int_equal(append_one(&g, t, 7, TODAY, &e), SLUIS_OK);
    assert_int_equal(journal_seal(g.j, t), SLUIS_OK);
    store_memory_fail_after(g.x.store, 1, SLUIS_NO_SPACE);
    assert_int_equal(store_commit(&t), SLUIS_NO_SPACE);
    journal_rolled_back(g.j);
    store_memory_fail_after(g.x.store, 0, SLUIS_OK);
    add(&g, 1, TODAY);
    verify_ok(&g, 321);
    ground_close(&g);
}

static void test_failing_writes(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    journal_entry e;

    add(&g, 254, TODAY);
    /* entry 255 writes leaf, record, two tiles, index and checkpoint: each may fail */
    for (unsigned nth = 1; nth <= 6; nth++) {
        store_txn *t = fixture_write(&g.x);
        assert_int_equal(append_one(&g, t, 3, TODAY, &e), SLUIS_OK);
        store_memory_fail_after(g.x.store, nth, SLUIS_NO_SPACE);
        sluis_err err = append_one(&g, t, 4, TODAY, &e);
        if (!err)
            err = journal_seal(g.j, t);
        assert_int_equal(err, SLUIS_NO_SPACE);
        assert_int_equal(append_one(&g, t, 5, TODAY, &e), SLUIS_NO_SPACE);
        store_abort(&t);
        journal_rolled_back(g.j);
        store_memory_fail_after(g.x.store, 0, SLUIS_OK);
        verify_ok(&g, 254);
    }
    add(&g, 3, TODAY);
    verify_ok(&g, 257);
    ground_close(&g);
}

static void test_reopen(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_LMDB);
    sluis_fail f = {0};
    journal *j = NULL;
    keypair other;
    uint8_t seed[32] = {77};

    for (unsigned i = 0; i < 6; i++) {
        add(&g, i % 2 ? 256 : 129, TODAY);
        journal_close(&g.j);
        store_close(&g.x.store);
        keyslots_close(&g.x.slots);
        fixture_store(&g.x, ENGINE_LMDB);
        assert_int_equal(keyslots_open(&g.x.slots, g.x.slots_path, 64, g.x.km, NULL), SLUIS_OK);
        assert_int_equal(journal_open(&g.j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, &f),
                         SLUIS_OK);
    }
    assert_int_equal(journal_size(g.j), 1155);
    verify_ok(&g, 1155);

    assert_int_equal(keypair_from_seed(&other, USE_LOG, seed, 0), SLUIS_OK);
    assert_int_equal(journal_open(&j, g.x.store, g.x.slots, &(log_keys){.log = &other}, NAME, NULL),
                     SLUIS_UNKNOWN_KEY);
    assert_int_equal(journal_open(&j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, "other", NULL),
                     SLUIS_UNKNOWN_KEY);
    assert_null(j);
    /* a leaf that no checkpoint covers, and a changed one */
    size_t n;
    row_copy *rows = fixture_rows(&g.x, TABLE_LEAF, &n);
    rows[n - 1].key[7]++;
    fixture_put(&g.x, TABLE_LEAF, &rows[n - 1]);
    assert_int_equal(journal_open(&j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, &f),
                     SLUIS_CORRUPT);
    assert_non_null(strstr(f.text, "beyond its checkpoint"));
    fixture_delete(&g.x, TABLE_LEAF, &rows[n - 1]);
    rows[n - 2].value[20] ^= 1;
    fixture_put(&g.x, TABLE_LEAF, &rows[n - 2]);
    fail_clear(&f);
    assert_int_equal(journal_open(&j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, &f),
                     SLUIS_CORRUPT);
    assert_non_null(strstr(f.text, "root of its checkpoint"));
    rows[n - 2].value[20] ^= 1;
    fixture_put(&g.x, TABLE_LEAF, &rows[n - 2]);
    assert_int_equal(journal_open(&j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, NULL),
                     SLUIS_OK);
    journal_close(&j);
    fixture_rows_free(rows, n);
    keypair_close(&other);
    ground_close(&g);
}

static void test_trace(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    uint64_t at[4];
    size_t n;
    uint8_t tx[16];
    char note[NOTE_MAX];

    add(&g, 21, TODAY); /* entry i > 0 has the transaction of i, but entry 1 that of 0 */
    store_txn *t = fixture_read(&g.x);
    transaction_of(tx, 12);
    assert_int_equal(journal_trace(t, tx, at, 4, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(at[0], 12);
    assert_int_equal(at[1], 13);
    assert_int_equal(journal_trace(t, tx, at, 1, &n), SLUIS_OK);
    assert_int_equal(n, 1);
    transaction_of(tx, 999);
    assert_int_equal(journal_trace(t, tx, at, 4, &n), SLUIS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(journal_checkpoint_at(t, note, sizeof(note), &n), SLUIS_OK);
    assert_memory_equal(note, NAME "/journal/1\n21\n", sizeof(NAME "/journal/1\n21\n") - 1);
    assert_int_equal(journal_checkpoint_at(t, note, 5, &n), SLUIS_TOO_BIG);
    store_abort(&t);
    ground_close(&g);
}

/* ---- finding changes ---- */

static void test_flips_small(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    add(&g, 5, TODAY);
    verify_ok(&g, 5);
    /* leaf 48 bytes a row, record 24 + 16 + 32 + record + key, index 24 + 16, checkpoint: every bit */
    assert_int_equal(fixture_flips(&g.x, TABLE_LEAF, 1, verify, &g), 5 * 48 * 8);
    assert_true(fixture_flips(&g.x, TABLE_RECORD, 1, verify, &g) > 5 * 100 * 8);
    assert_int_equal(fixture_flips(&g.x, TABLE_TXINDEX, 1, verify, &g), 4 * 40 * 8);
    assert_true(fixture_flips(&g.x, TABLE_META, 1, verify, &g) > 150 * 8);
    assert_int_equal(fixture_flips(&g.x, TABLE_LEAF, 1, verify_tree_alone, &g), 5 * 48 * 8);
    verify_ok(&g, 5);
    ground_close(&g);
}

static void test_flips_tiles(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    size_t n;

    add(&g, 520, TODAY);
    row_copy *rows = fixture_rows(&g.x, TABLE_TILE, &n);
    assert_int_equal(n, 3); /* two of level 0, the unfilled one of level 1 */
    assert_int_equal(rows[2].value_n, 2 * 32);
    fixture_rows_free(rows, n);
    assert_true(fixture_flips(&g.x, TABLE_TILE, 41, verify_tree_alone, &g) > 3000);
    assert_true(fixture_flips(&g.x, TABLE_LEAF, 67, verify_tree_alone, &g) > 2500);
    assert_true(fixture_flips(&g.x, TABLE_TILE, 1999, verify, &g) > 60);
    verify_ok(&g, 520);
    ground_close(&g);
}

static void expect_found(ground *g, const char *where)
{
    sluis_fail f = {0};
    journal_report report;

    assert_int_not_equal(verify_at(g, TODAY, &report, &f), SLUIS_OK);
    assert_string_equal(f.where, where);
}

static void flip_first_byte(ground *g, gateway_table table, uint64_t index)
{
    uint8_t key[9] = {0}, copy[16384];
    size_t n = table == TABLE_TILE ? 9 : 8;
    bytes value;
    store_txn *t = fixture_write(&g->x);

    put_u64(key + n - 8, index); /* a tile: of level 0 */
    assert_int_equal(store_get(t, table, BYTES(key, n), &value), SLUIS_OK);
    assert_true(value.n <= sizeof(copy));
    memcpy(copy, value.p, value.n);
    copy[0] ^= 1;
    assert_int_equal(store_put(t, table, BYTES(key, n), BYTES(copy, value.n)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

/* Threads check the records, range by range: still the first that is wrong is named, whichever is found
 * first. */
static void test_the_first_of_many_is_named(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_LMDB);
    static const struct {
        gateway_table table;
        uint64_t index;
        const char *where;
    } wrong[] = {{TABLE_RECORD, 24600, "entry 24600"}, {TABLE_RECORD, 24000, "entry 24000"},
                 {TABLE_LEAF, 18000, "entry 18000"},   {TABLE_RECORD, 17999, "entry 17999"},
                 {TABLE_TILE, 3, "tile 0/3"},          {TABLE_RECORD, 5, "entry 5"}};

    add(&g, 30000, TODAY);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        flip_first_byte(&g, wrong[i].table, wrong[i].index);
        for (int again = 0; again < 3; again++)
            expect_found(&g, wrong[i].where);
    }
    ground_close(&g);
}

static void test_rows_gone_or_extra(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    static const struct {
        gateway_table table;
        size_t row;
        const char *where;
    } gone[] = {
        {TABLE_LEAF, 7, "entry 7"},       {TABLE_LEAF, 299, "entry 299"}, {TABLE_RECORD, 7, "entry 7"},
        {TABLE_RECORD, 299, "entry 299"}, {TABLE_TXINDEX, 4, "entry 5"},  {TABLE_TILE, 0, "tile 0/0"},
        {TABLE_TILE, 1, "tile 1/0"},      {TABLE_META, 0, "checkpoint"},  {TABLE_META, 1, "checkpoint"}};
    size_t n;

    add(&g, 300, TODAY);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        row_copy *rows = fixture_rows(&g.x, gone[i].table, &n);
        fixture_delete(&g.x, gone[i].table, &rows[gone[i].row]);
        expect_found(&g, gone[i].where);
        fixture_put(&g.x, gone[i].table, &rows[gone[i].row]);
        fixture_rows_free(rows, n);
    }
    /* rows beyond the checkpoint, and an index row with a good check that no record accounts for */
    static const struct {
        gateway_table table;
        const char *where;
    } extra[] = {{TABLE_LEAF, "entry 555"}, {TABLE_RECORD, "record 555"}};
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
        row_copy *rows = fixture_rows(&g.x, extra[i].table, &n);
        put_u64(rows[3].key, 555);
        fixture_put(&g.x, extra[i].table, &rows[3]);
        expect_found(&g, extra[i].where);
        fixture_delete(&g.x, extra[i].table, &rows[3]);
        fixture_rows_free(rows, n);
    }
    uint8_t key[TXINDEX_LEN], tile[TILE_KEY_LEN] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    txindex_key(key, (const uint8_t *)"another tx......", 17);
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(rows_put_bytes(t, keyslots_rows(g.x.slots), TABLE_TXINDEX, BYTES_OF(key), ROW_EMPTY),
                     SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    expect_found(&g, "entry 17");
    t = fixture_write(&g.x);
    assert_int_equal(store_delete(t, TABLE_TXINDEX, BYTES_OF(key)), SLUIS_OK);
    assert_int_equal(store_put(t, TABLE_TILE, BYTES_OF(tile), BYTES_OF(key)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    expect_found(&g, "tile 0/1");
    t = fixture_write(&g.x);
    assert_int_equal(store_delete(t, TABLE_TILE, BYTES_OF(tile)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    verify_ok(&g, 300);
    ground_close(&g);
}

/* Another record under the right day key and index: only the leaf's commitment tells. */
static void test_record_exchanged(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    uint8_t p[32], key[8] = {0, 0, 0, 0, 0, 0, 0, 4}, plain[512], salt[32];
    slot_key day;
    size_t n;
    arena *a = arena_new(1 << 16);
    Sluis__Record *r;
    bytes raw;

    add(&g, 6, TODAY);
    row_copy *rows = fixture_rows(&g.x, TABLE_RECORD, &n);
    row_copy *row = &rows[4];
    keyslots_period(g.x.slots, p, 1, TODAY);
    assert_int_equal(keyslots_find(g.x.slots, p, &day), SLUIS_OK);
    bytes sealed = BYTES(row->value + 24, row->value_n - 24);
    assert_int_equal(ae_open(plain, day.key, row->value, BYTES_OF(key), sealed), SLUIS_OK);
    plain[0] ^= 1;
    ae_seal(row->value + 24, day.key, row->value, BYTES_OF(key), BYTES(plain, sealed.n - 16));
    fixture_put(&g.x, TABLE_RECORD, row);
    expect_found(&g, "entry 4");
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(journal_read_record(t, g.x.slots, 4, a, &r, salt, &raw), SLUIS_CORRUPT);
    store_abort(&t);
    fixture_rows_free(rows, n);
    arena_free(&a);
    ground_close(&g);
}

static void test_wrong_keys(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    journal_report report;
    uint8_t pk[32] = {1};
    sluis_fail f = {0};

    assert_int_equal(verify_at(&g, TODAY, &report, &f), SLUIS_OK); /* empty */
    assert_int_equal(report.entries, 0);
    add(&g, 3, TODAY);
    assert_int_equal(journal_verify(g.x.store, g.x.slots, NAME, (pubkeys[]){pubkeys_of(pk)}, TODAY, NULL,
                                    NULL, &report, &f),
                     SLUIS_UNKNOWN_KEY);
    assert_int_equal(journal_verify(g.x.store, g.x.slots, "gw", (pubkeys[]){pubkeys_of(g.log.pk)}, TODAY,
                                    NULL, NULL, &report, NULL),
                     SLUIS_UNKNOWN_KEY);
    ground_close(&g);
}

/* ---- forgetting ---- */

static void erase_day(ground *g, uint8_t klass, uint32_t day)
{
    uint8_t p[32];
    slot_key s;

    keyslots_period(g->x.slots, p, klass, day);
    assert_int_equal(keyslots_find(g->x.slots, p, &s), SLUIS_OK);
    assert_int_equal(keyslots_erase(g->x.slots, s.slot), SLUIS_OK);
    journal_drop_keys(g->j);
}

static void test_erased_after_term(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    journal_report report;
    sluis_fail f = {0};
    arena *a = arena_new(1 << 16);
    Sluis__Record *r;
    uint8_t salt[32];
    bytes raw;
    buffer b;

    add(&g, 30, TODAY);
    buffer_init(&b, 1 << 16);
    erase_day(&g, 1, TODAY);
    assert_int_equal(verify_at(&g, TODAY, &report, &f),
                     SLUIS_CORRUPT);         /* the term ends today: not yet over */
    assert_string_equal(f.where, "entry 4"); /* the first of class 1 */
    assert_non_null(strstr(f.text, "keep-until"));
    assert_int_equal(verify_at(&g, TODAY + 1, &report, NULL), SLUIS_OK);
    assert_int_equal(report.erased, 9);
    assert_int_equal(report.records, 21);
    store_txn *t = fixture_read(&g.x);
    assert_int_equal(journal_read_record(t, g.x.slots, 4, a, &r, salt, &raw), SLUIS_NOT_FOUND);
    assert_int_equal(journal_receipt_at(t, g.x.slots, NULL, 4, &b), SLUIS_NOT_FOUND);
    assert_int_equal(journal_read_record(t, g.x.slots, 5, a, &r, salt, &raw), SLUIS_OK);
    store_abort(&t);
    /* a change of an entry that is forgotten is still found in the tree */
    size_t n;
    row_copy *rows = fixture_rows(&g.x, TABLE_LEAF, &n);
    rows[4].value[30] ^= 4;
    fixture_put(&g.x, TABLE_LEAF, &rows[4]);
    assert_int_equal(verify_at(&g, TODAY + 1, &report, NULL), SLUIS_CORRUPT);
    fixture_rows_free(rows, n);
    buffer_close(&b);
    arena_free(&a);
    ground_close(&g);
}

static void test_forgotten_by_name(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    journal_report report;
    sluis_fail f = {0};
    size_t n;
    uint64_t named[] = {4, 7};
    journal_entry e;

    add(&g, 10, TODAY + 1000);
    row_copy *rows = fixture_rows(&g.x, TABLE_RECORD, &n);
    fixture_delete(&g.x, TABLE_RECORD, &rows[4]);
    fixture_delete(&g.x, TABLE_RECORD, &rows[7]);
    expect_found(&g, "entry 4");
    Sluis__Record r = SLUIS__RECORD__INIT;
    r.type = SLUIS__RECORD_TYPE__R_FORGOTTEN;
    r.when = 5;
    r.forgotten = named;
    r.n_forgotten = 1;
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(journal_append(g.j, t, &r, 0, KEEP_ALWAYS, &e), SLUIS_OK);
    commit(&g, &t);
    expect_found(&g, "entry 7");
    r.n_forgotten = 2;
    t = fixture_write(&g.x);
    assert_int_equal(journal_append(g.j, t, &r, 0, KEEP_ALWAYS, &e), SLUIS_OK);
    commit(&g, &t);
    assert_int_equal(verify_at(&g, TODAY, &report, &f), SLUIS_OK);
    assert_int_equal(report.erased, 2);
    assert_int_equal(report.entries, 12);
    /* an entry cannot name a later one beforehand */
    uint64_t later = 13;
    r.forgotten = &later;
    r.n_forgotten = 1;
    t = fixture_write(&g.x);
    assert_int_equal(journal_append(g.j, t, &r, 0, KEEP_ALWAYS, &e), SLUIS_OK);
    commit(&g, &t);
    add(&g, 2, TODAY + 1000);
    fixture_rows_free(rows, n);
    rows = fixture_rows(&g.x, TABLE_RECORD, &n);
    fixture_delete(&g.x, TABLE_RECORD, &rows[13 - 2]);
    expect_found(&g, "entry 13");
    fixture_rows_free(rows, n);
    ground_close(&g);
}

static void test_expire(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    uint64_t next, removed, at[4];
    uint8_t tx[16];
    journal_report report;
    size_t n;

    add(&g, 300, TODAY);
    add(&g, 100, TODAY + 50);
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(journal_expire(t, g.x.slots, TODAY, 0, 1000, &next, &removed), SLUIS_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(next, 400);
    assert_int_equal(journal_expire(t, g.x.slots, TODAY + 1, 0, 120, &next, &removed), SLUIS_OK);
    assert_int_equal(removed, 119); /* not the log's own entry */
    assert_int_equal(next, 120);
    assert_int_equal(journal_expire(t, g.x.slots, TODAY + 1, next, 1000, &next, &removed), SLUIS_OK);
    assert_int_equal(removed, 180);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    for (uint8_t k = 0; k < 3; k++)
        erase_day(&g, k, TODAY);
    t = fixture_write(&g.x);
    assert_int_equal(journal_expire(t, g.x.slots, TODAY + 1, 0, 1000, &next, &removed), SLUIS_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = fixture_read(&g.x);
    transaction_of(tx, 100);
    assert_int_equal(journal_trace(t, tx, at, 4, &n), SLUIS_OK);
    assert_int_equal(n, 0);
    transaction_of(tx, 350);
    assert_int_equal(journal_trace(t, tx, at, 4, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    store_abort(&t);
    assert_int_equal(verify_at(&g, TODAY + 1, &report, NULL), SLUIS_OK);
    assert_int_equal(report.erased, 299);
    add(&g, 5, TODAY + 50);
    assert_int_equal(verify_at(&g, TODAY + 1, &report, NULL), SLUIS_OK);
    ground_close(&g);
}

/* ---- for those who watch the log ---- */

static void root_at(store_txn *t, uint64_t size, uint8_t root[static HASH_LEN])
{
    static uint8_t leaves[1024][HASH_LEN];
    uint8_t raw[LEAF_LEN];
    leaf l;

    for (uint64_t i = 0; i < size; i++) {
        assert_int_equal(leaf_read(t, i, raw, &l), SLUIS_OK);
        merkle_leaf(leaves[i], raw, LEAF_LEN);
    }
    merkle_root(TREE_JOURNAL, root, (const uint8_t(*)[HASH_LEN])leaves, size);
}

static void test_consistency(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    static const uint64_t more[] = {63, 64, 255, 256, 257, 300, 511, 512, 513, 600, 700};
    static uint8_t roots[64 + 11][HASH_LEN];
    uint64_t sizes[64 + 11];
    uint8_t path[CONSISTENCY_MAX][HASH_LEN];
    size_t count = 0, len, proofs = 0;

    add(&g, 700, TODAY);
    store_txn *t = fixture_read(&g.x);
    for (uint64_t n = 1; n <= 64; n++)
        sizes[count++] = n;
    for (size_t i = 0; i < 11; i++)
        sizes[count++] = more[i];
    for (size_t i = 0; i < count; i++)
        root_at(t, sizes[i], roots[i]);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            sluis_err e = journal_consistency(t, sizes[i], sizes[k], path, &len);
            if (sizes[i] > sizes[k]) {
                assert_int_equal(e, SLUIS_INVALID);
                continue;
            }
            assert_int_equal(e, SLUIS_OK);
            assert_int_equal(merkle_verify_consistency(sizes[i], sizes[k], roots[i], roots[k],
                                                       (const uint8_t(*)[HASH_LEN])path, len),
                             SLUIS_OK);
            proofs++;
        }
    }
    assert_true(proofs > 2800);
    assert_int_equal(journal_consistency(t, 0, 5, path, &len), SLUIS_INVALID);
    assert_int_equal(journal_consistency(t, 5, 701, path, &len), SLUIS_INVALID);
    store_abort(&t);
    ground_close(&g);
}

/* A flipped bit makes no proof that a witness would take for a rewritten log. */
static void test_a_damaged_tile_proves_nothing(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    uint8_t path[CONSISTENCY_MAX][HASH_LEN], before[HASH_LEN], now[HASH_LEN];
    buffer request;
    uint64_t size;
    size_t len;

    add(&g, 700, TODAY);
    store_txn *t = fixture_read(&g.x);
    root_at(t, 300, before);
    root_at(t, 700, now);
    store_abort(&t);
    flip_first_byte(&g, TABLE_TILE, 0);
    t = fixture_read(&g.x);
    buffer_init(&request, ADD_CHECKPOINT_MAX);
    assert_int_equal(journal_prove(t, 3, &request, &size), SLUIS_CORRUPT); /* goes over what is damaged */
    assert_int_equal(request.n, 0);
    assert_int_equal(journal_consistency(t, 300, 700, path, &len), SLUIS_OK); /* goes beside it */
    assert_int_equal(merkle_verify_consistency(300, 700, before, now, (const uint8_t(*)[HASH_LEN])path, len),
                     SLUIS_OK);
    buffer_close(&request);
    store_abort(&t);
    ground_close(&g);
}

static void test_tiles(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    uint8_t hashes[JOURNAL_TILE][HASH_LEN], hash[HASH_LEN], raw[LEAF_LEN];
    size_t n;
    leaf l;

    add(&g, 600, TODAY);
    store_txn *t = fixture_read(&g.x);
    static const struct {
        uint64_t size, tile;
        unsigned level;
        size_t n; /* 0: no such tile */
    } want[] = {{600, 0, 0, 256}, {600, 1, 0, 256}, {600, 2, 0, 88}, {600, 3, 0, 0},
                {600, 0, 1, 2},   {600, 1, 1, 0},   {600, 0, 2, 0},  {300, 1, 0, 44},
                {300, 0, 1, 1},   {512, 1, 0, 256}, {512, 2, 0, 0},  {512, 0, 1, 2},
                {255, 0, 0, 255}, {255, 0, 1, 0},   {1, 0, 0, 1},    {600, 0, 99, 0}};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        sluis_err e = journal_tile(t, want[i].size, want[i].level, want[i].tile, hashes, &n);
        assert_int_equal(e, want[i].n ? SLUIS_OK : SLUIS_NOT_FOUND);
        if (e)
            continue;
        assert_int_equal(n, want[i].n);
        if (want[i].level == 0) {
            assert_int_equal(leaf_read(t, want[i].tile * 256 + n - 1, raw, &l), SLUIS_OK);
            merkle_leaf(hash, raw, LEAF_LEN);
        } else {
            root_at(t, 256, hash);
            memcpy(hashes[n - 1], hashes[0], HASH_LEN);
        }
        assert_memory_equal(hashes[n - 1], hash, HASH_LEN);
    }
    store_abort(&t);
    ground_close(&g);
}

/* A receipt under an older checkpoint than the newest. */
static void test_receipt_under(void **state)
{
    (void)state;
    ground g;
    ground_open(&g, ENGINE_MEMORY);
    char note[NOTE_MAX];
    size_t n;
    checkpoint cp;
    receipt_facts facts;
    buffer out;
    buffer_init(&out, 1u << 16);
    arena *a = arena_new(1u << 16);

    add(&g, 300, TODAY);
    const char *now = journal_checkpoint(g.j, &n);
    memcpy(note, now, n);
    assert_int_equal(checkpoint_open(&cp, note, n, NAME, (pubkeys[]){pubkeys_of(g.log.pk)}, NULL), SLUIS_OK);
    add(&g, 400, TODAY);
    store_txn *t = fixture_read(&g.x);
    static const uint64_t at[] = {0, 1, 255, 256, 299};
    for (size_t i = 0; i < 5; i++) {
        buffer_clear(&out);
        arena_reset(a);
        assert_int_equal(journal_receipt_under(t, g.x.slots, at[i], &cp, BYTES(note, n), &out), SLUIS_OK);
        assert_int_equal(receipt_verify(&facts, a, buffer_bytes(&out), NAME,
                                        (pubkeys[]){pubkeys_of(g.log.pk)}, NULL, NULL),
                         SLUIS_OK);
        assert_int_equal(facts.cp.size, 300);
        assert_int_equal(facts.index, at[i]);
    }
    assert_int_equal(journal_receipt_under(t, g.x.slots, 300, &cp, BYTES(note, n), &out), SLUIS_NOT_FOUND);
    cp.root[5] ^= 1;
    assert_int_equal(journal_receipt_under(t, g.x.slots, 3, &cp, BYTES(note, n), &out), SLUIS_CORRUPT);
    cp.root[5] ^= 1;
    cp.size = 701;
    assert_int_equal(journal_receipt_under(t, g.x.slots, 3, &cp, BYTES(note, n), &out), SLUIS_CORRUPT);
    store_abort(&t);
    buffer_close(&out);
    arena_free(&a);
    ground_close(&g);
}

/* ---- restores ---- */

static void note_of(ground *g, char note[static NOTE_MAX + 1], size_t *n)
{
    const char *text = journal_checkpoint(g->j, n);
    memcpy(note, text, *n);
    note[*n] = '\0';
}

/* What the log said when it had so many entries more than now, under this origin: signed with its key. */
static size_t later_note(ground *g, char note[static NOTE_MAX], const char *origin, uint64_t size)
{
    checkpoint cp = {.size = size, .root = {7}};
    size_t n = 0;
    snprintf(cp.origin, sizeof(cp.origin), "%s", origin);
    assert_int_equal(checkpoint_sign(note, NOTE_MAX, &n, &cp, NAME, &g->log), SLUIS_OK);
    return n;
}

static void test_next_origin(void **state)
{
    (void)state;
    ground g;
    char note[NOTE_MAX + 1];
    journal_report report;
    sluis_fail f = {0};
    uint64_t from = 99;
    checkpoint cp;
    ground_open(&g, ENGINE_MEMORY);
    add(&g, 300, TODAY);
    assert_string_equal(journal_origin(g.j, &from), NAME "/journal/1");
    assert_int_equal(from, 0);
    store_txn *t = fixture_write(&g.x);
    size_t n = later_note(&g, note, NAME "/journal/1", 299); /* the store has more: it is no restore */
    assert_int_equal(journal_new_origin(g.j, t, 5, BYTES(note, n), &f), SLUIS_INVALID);
    assert_non_null(strstr(f.text, "older"));
    n = later_note(&g, note, NAME "/journal/1", 320);
    assert_int_equal(journal_new_origin(g.j, t, 5, BYTES(note, n), NULL), SLUIS_OK);
    commit(&g, &t);
    assert_string_equal(journal_origin(g.j, &from), NAME "/journal/2");
    assert_int_equal(from, 300);
    add(&g, 300, TODAY);
    fail_clear(&f);
    if (verify_at(&g, TODAY, &report, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(report.entries, 601);
    assert_int_equal(report.restores, 1);
    assert_int_equal(report.lost, 20);
    assert_int_equal(verify_tree_alone(&g, &f), SLUIS_OK);
    /* opened again, it goes on; the next number is beyond every one that was seen */
    journal_close(&g.j);
    assert_int_equal(journal_open(&g.j, g.x.store, g.x.slots, &(log_keys){.log = &g.log}, NAME, NULL),
                     SLUIS_OK);
    assert_string_equal(journal_origin(g.j, &from), NAME "/journal/2");
    assert_int_equal(from, 300);
    t = fixture_write(&g.x);
    n = later_note(&g, note, NAME "/journal/6", 4);
    assert_int_equal(journal_new_origin(g.j, t, 5, BYTES(note, n), NULL), SLUIS_OK);
    commit(&g, &t);
    assert_string_equal(journal_origin(g.j, &from), NAME "/journal/7");
    note_of(&g, note, &n);
    assert_int_equal(checkpoint_open(&cp, note, n, NAME, (pubkeys[]){pubkeys_of(g.log.pk)}, NULL), SLUIS_OK);
    assert_string_equal(cp.origin, NAME "/journal/7");
    assert_int_equal(verify_at(&g, TODAY, &report, NULL), SLUIS_OK);
    assert_int_equal(report.restores, 2);
    assert_int_equal(report.lost, 20); /* what lies in an origin that never came here cannot be counted */
    ground_close(&g);
}

/* An entry of the log's own class that opens no origin as a restore does: named by its index. */
static void refuse_origin(Sluis__RecordType type, const char *detail, const char *origin, uint64_t size,
                          bool own_root)
{
    ground g;
    char note[NOTE_MAX + 1];
    size_t n = 0;
    sluis_fail f = {0};
    journal_entry e;
    Sluis__Record r = SLUIS__RECORD__INIT;
    ground_open(&g, ENGINE_MEMORY);
    add(&g, 10, TODAY);
    if (own_root)
        note_of(&g, note, &n);
    else
        n = later_note(&g, note, origin, size);
    ProtobufCBinaryData bound = {n, (uint8_t *)note};
    r.type = type;
    r.detail = (char *)(uintptr_t)detail;
    r.checkpoints = &bound;
    r.n_checkpoints = size ? 1 : 0;
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(journal_append(g.j, t, &r, KLASS_JOURNAL, KEEP_ALWAYS, &e), SLUIS_OK);
    commit(&g, &t);
    assert_int_equal(verify(&g, &f), SLUIS_CORRUPT);
    assert_string_equal(f.where, own_root ? "checkpoint" : "entry 10");
    ground_close(&g);
}

static void test_what_opens_no_origin(void **state)
{
    (void)state;
    refuse_origin(SLUIS__RECORD_TYPE__R_MESSAGE, NAME "/journal/2", NAME "/journal/1", 10, false);
    refuse_origin(SLUIS__RECORD_TYPE__R_ORIGIN, NAME "/journal/2", NAME "/journal/1", 0, false);
    refuse_origin(SLUIS__RECORD_TYPE__R_ORIGIN, NAME "/journal/2", NAME "/journal/1", 9, false);
    refuse_origin(SLUIS__RECORD_TYPE__R_ORIGIN, NAME "/journal/2", NAME "/journal/1", 10,
                  false); /* another root */
    refuse_origin(SLUIS__RECORD_TYPE__R_ORIGIN, "other/journal/2", NAME "/journal/1", 10, false);
    /* a sound opening, but the checkpoint over it still calls itself the first origin */
    refuse_origin(SLUIS__RECORD_TYPE__R_ORIGIN, NAME "/journal/2", NULL, 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_against_definition),
        cmocka_unit_test(test_edge_back),
        cmocka_unit_test(test_first_entry),
        cmocka_unit_test(test_record_bytes),
        cmocka_unit_test(test_receipts_memory),
        cmocka_unit_test(test_receipts_lmdb),
        cmocka_unit_test(test_remembered_nodes),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_failing_writes),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_flips_small),
        cmocka_unit_test(test_flips_tiles),
        cmocka_unit_test(test_the_first_of_many_is_named),
        cmocka_unit_test(test_rows_gone_or_extra),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_record_exchanged),
        cmocka_unit_test(test_erased_after_term),
        cmocka_unit_test(test_forgotten_by_name),
        cmocka_unit_test(test_expire),
        cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_a_damaged_tile_proves_nothing),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_receipt_under),
        cmocka_unit_test(test_next_origin),
        cmocka_unit_test(test_what_opens_no_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
