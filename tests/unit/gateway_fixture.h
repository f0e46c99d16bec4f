/* What the tests of the gateway's stores share: a folder that goes away, a store, a key file. */
#ifndef SLUIS_TESTS_GATEWAY_FIXTURE_H
#define SLUIS_TESTS_GATEWAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry/keyslots.h"
#include "store/store.h"
#include "tables/tables.h"

typedef enum { ENGINE_MEMORY, ENGINE_LMDB } engine;

typedef struct {
    char dir[64], store_path[96], slots_path[96];
    uint8_t km[32];
    store *store;
    keyslots *slots;
} fixture;

static inline void fixture_store(fixture *x, engine e)
{
    store_options o = {.path = x->store_path,
                       GATEWAY_STORE,
                       .map_bytes = UINT64_C(1) << 30,
                       .quota_bytes = UINT64_C(1) << 29,
                       .max_readers = 16};
    sluis_fail f = {0};

    if (e == ENGINE_MEMORY)
        o.path = NULL;
    sluis_err err =
        e == ENGINE_LMDB ? store_open_lmdb(&x->store, &o, &f) : store_open_memory(&x->store, &o, &f);
    if (err)
        fail_msg("%s: %s", f.where, f.text);
}

static inline void fixture_open(fixture *x, engine e)
{
    memset(x, 0, sizeof(*x));
    assert_int_equal(crypto_start(), SLUIS_OK);
    strcpy(x->dir, "/tmp/sluis-test-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    snprintf(x->store_path, sizeof(x->store_path), "%s/store", x->dir);
    snprintf(x->slots_path, sizeof(x->slots_path), "%s/keys", x->dir);
    for (size_t i = 0; i < sizeof(x->km); i++)
        x->km[i] = (uint8_t)(i * 7 + 1);
    fixture_store(x, e);
    assert_int_equal(keyslots_open(&x->slots, x->slots_path, 64, x->km, NULL), SLUIS_OK);
}

static inline void fixture_close(fixture *x)
{
    char command[128];

    keyslots_close(&x->slots);
    store_close(&x->store);
    snprintf(command, sizeof(command), "rm -rf %s", x->dir);
    assert_int_equal(system(command), 0);
}

static inline store_txn *fixture_write(fixture *x)
{
    store_txn *t = NULL;

    assert_int_equal(store_begin_write(x->store, &t, false), SLUIS_OK);
    return t;
}

static inline store_txn *fixture_read(fixture *x)
{
    store_txn *t = NULL;

    assert_int_equal(store_begin_read(x->store, &t), SLUIS_OK);
    return t;
}

/* One row, owned. */
typedef struct {
    uint8_t key[STORE_KEY_MAX], *value;
    size_t key_n, value_n;
} row_copy;

static inline row_copy *fixture_rows(fixture *x, gateway_table table, size_t *n)
{
    store_txn *t = fixture_read(x);
    bytes none = {NULL, 0}, key, value;
    uint64_t count = 0;
    store_cursor *c;

    assert_int_equal(store_count(t, table, &count), SLUIS_OK);
    row_copy *rows = calloc(count + 1, sizeof(*rows));
    assert_non_null(rows);
    assert_int_equal(store_cursor_open(t, table, none, none, &c), SLUIS_OK);
    for (*n = 0; store_cursor_next(c, &key, &value) == SLUIS_OK; ++*n) {
        assert_true(*n < count);
        row_copy *r = &rows[*n];
        memcpy(r->key, key.p, key.n);
        r->key_n = key.n;
        r->value = malloc(value.n ? value.n : 1);
        assert_non_null(r->value);
        if (value.n)
            memcpy(r->value, value.p, value.n);
        r->value_n = value.n;
    }
    store_cursor_close(&c);
    store_abort(&t);
    return rows;
}

static inline void fixture_rows_free(row_copy *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(rows[i].value);
    free(rows);
}

static inline void fixture_put(fixture *x, gateway_table table, const row_copy *r)
{
    store_txn *t = fixture_write(x);

    assert_int_equal(store_put(t, table, BYTES(r->key, r->key_n), BYTES(r->value, r->value_n)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

static inline void fixture_delete(fixture *x, gateway_table table, const row_copy *r)
{
    store_txn *t = fixture_write(x);

    assert_int_equal(store_delete(t, table, BYTES(r->key, r->key_n)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

/* Calls broken(ctx) with each single bit of every key and value of a table flipped (every step-th bit), and
 * asserts that it says so each time. Returns how many flips were tried. */
typedef sluis_err (*fixture_check)(void *ctx, sluis_fail *f);

static inline size_t fixture_flips(fixture *x, gateway_table table, size_t step, fixture_check check,
                                   void *ctx)
{
    size_t n, tried = 0;
    row_copy *rows = fixture_rows(x, table, &n);

    for (size_t i = 0; i < n; i++) {
        row_copy *r = &rows[i];
        for (size_t bit = i % step; bit < 8 * (r->key_n + r->value_n); bit += step) {
            size_t at = bit / 8;
            uint8_t *byte = at < r->key_n ? &r->key[at] : &r->value[at - r->key_n];
            uint8_t mask = (uint8_t)(1u << bit % 8);
            sluis_fail f = {0};
            if (at < r->key_n)
                fixture_delete(x, table, r);
            *byte ^= mask;
            fixture_put(x, table, r);
            if (check(ctx, &f) == SLUIS_OK)
                fail_msg("%s, row %zu: flipped bit %zu of %s was not found", gateway_tables[table].name, i,
                         bit, at < r->key_n ? "key and value" : "value");
            if (!f.where[0] || !f.text[0])
                fail_msg("%s, row %zu, bit %zu: found, but not named", gateway_tables[table].name, i, bit);
            if (at < r->key_n)
                fixture_delete(x, table, r);
            for (size_t other = 0; other < n; other++) /* the row that a flipped key fell upon */
                if (other != i && rows[other].key_n == r->key_n && !memcmp(rows[other].key, r->key, r->key_n))
                    fixture_put(x, table, &rows[other]);
            *byte ^= mask;
            fixture_put(x, table, r);
            tried++;
        }
    }
    fixture_rows_free(rows, n);
    return tried;
}

#endif
