/* A whole gateway that finds records whose term is over: it forgets them by itself, finishes what a crash
 * left, and what it leaves verifies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "journal/journal.h"
#include "registry/intents.h"
#include "rig/rig.h"

#define OLD 700 /* more than a step takes */

typedef struct {
    store *store;
    keyslots *slots;
    keypair log;
} files;

static void files_open(files *x, rig *r)
{
    char path[160];
    uint8_t *km = NULL;
    sluis_fail f = {0};
    memset(x, 0, sizeof(*x));
    snprintf(path, sizeof(path), "%s/store", r->settings.data);
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = r->settings.map_bytes,
                       .quota_bytes = r->settings.quota_bytes,
                       .max_readers = 8};
    if (store_open_lmdb(&x->store, &o, &f))
        fail_msg("%s: %s", f.where, f.text);
    snprintf(path, sizeof(path), "%s/master.key", r->settings.keys);
    assert_int_equal(secretfile_read(&km, path, &f), SLUIS_OK);
    snprintf(path, sizeof(path), "%s/keys.slots", r->settings.data);
    assert_int_equal(keyslots_open(&x->slots, path, r->settings.key_slots, km, &f), SLUIS_OK);
    secret_free(km);
    snprintf(path, sizeof(path), "%s/log.key", r->settings.keys);
    assert_int_equal(keyfile_read(&x->log, path, USE_LOG, &f), SLUIS_OK);
}

static void files_close(files *x)
{
    keypair_close(&x->log);
    keyslots_close(&x->slots);
    store_close(&x->store);
}

static bool has_day(files *x, uint8_t klass, uint32_t day)
{
    uint8_t p[HASH_LEN];
    slot_key s;
    keyslots_period(x->slots, p, klass, day);
    return keyslots_find(x->slots, p, &s) == SLUIS_OK;
}

static uint64_t rows_of(files *x, gateway_table table)
{
    uint64_t n = 0;
    store_txn *t = NULL;
    assert_int_equal(store_begin_read(x->store, &t), SLUIS_OK);
    assert_int_equal(store_count(t, table, &n), SLUIS_OK);
    store_abort(&t);
    return n;
}

/* Entries that ended yesterday and the day before, and an intent that a crash left. */
static void make_old(files *x, rig *r, uint32_t today)
{
    journal *j = NULL;
    store_txn *t = NULL;
    journal_entry e;
    slot_key s;
    uint8_t p[HASH_LEN];
    assert_int_equal(
        journal_open(&j, x->store, x->slots, &(log_keys){.log = &x->log}, r->settings.name, NULL), SLUIS_OK);
    assert_int_equal(store_begin_write(x->store, &t, true), SLUIS_OK);
    for (uint32_t i = 0; i < OLD; i++) {
        Sluis__Record rec = SLUIS__RECORD__INIT;
        rec.type = SLUIS__RECORD_TYPE__R_READ;
        assert_int_equal(journal_append(j, t, &rec, 7, today - 1 - i % 2, &e), SLUIS_OK);
    }
    sluis_err pass = store_delete(t, TABLE_META, bytes_str("retention")); /* as if the day had begun anew */
    assert_true(pass == SLUIS_OK || pass == SLUIS_NOT_FOUND);
    keyslots_period(x->slots, p, 8, today - 5);
    assert_int_equal(keyslots_add(x->slots, p, &s), SLUIS_OK);
    assert_int_equal(intents_add(t, x->slots, s.slot, &s.sid), SLUIS_OK);
    assert_int_equal(journal_seal(j, t), SLUIS_OK);
    assert_int_equal(keyslots_sync(x->slots), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    journal_committed(j);
    journal_close(&j);
}

static void forgotten_by_itself(void **state)
{
    rig r;
    files x;
    journal_report report;
    sluis_fail f = {0};
    uint64_t records = 0;
    uint32_t today = clock_day(clock_ms());
    (void)state;
    rig_open(&r);
    usleep(500000); /* its threads are up */
    gateway_stop(&r.gateway);
    files_open(&x, &r);
    records = rows_of(&x, TABLE_RECORD);
    make_old(&x, &r, today);
    files_close(&x);

    bool gone = false;
    for (int tries = 0; !gone && tries < 4; tries++) { /* a step a second: stopped half-way, it goes on */
        if (gateway_start(&r.gateway, &r.settings, &f))
            fail_msg("%s: %s", f.where, f.text);
        usleep(tries ? 3500000 : 700000);
        gateway_stop(&r.gateway);
        files_open(&x, &r);
        assert_false(has_day(&x, 8, today - 5)); /* replayed at the start */
        gone = !has_day(&x, 7, today - 1) && !has_day(&x, 7, today - 2) && rows_of(&x, TABLE_INTENT) == 0;
        if (journal_verify(x.store, x.slots, r.settings.name, (pubkeys[]){pubkeys_of(x.log.pk)}, today, NULL,
                           NULL, &report, &f))
            fail_msg("%s: %s", f.where, f.text);
        if (gone) {
            assert_int_equal(report.erased, OLD);
            assert_true(rows_of(&x, TABLE_RECORD) >= records && rows_of(&x, TABLE_RECORD) < records + OLD);
        }
        files_close(&x);
    }
    assert_true(gone);
    rig_close(&r);
}

#define MEETINGS 3
#define BROKEN   20 /* more than one turn of housekeeping gets past */

/* Rows of DUE, each with an item of a kind that nobody knows before one that deletes an invitation; in the
 * last row there are many such. */
static void make_due(files *x, const row_keys *k, uint64_t now)
{
    store_txn *t = NULL;
    uint8_t invitation[UUID_LEN + OIN_LEN] = {0}, key[8 + 8 + 2] = {0};
    assert_int_equal(store_begin_write(x->store, &t, true), SLUIS_OK);
    for (uint8_t i = 0; i < MEETINGS; i++) {
        uint8_t value[(BROKEN + 1) * (2 + sizeof(invitation))];
        size_t n = 0;
        for (int b = 0; b < (i == MEETINGS - 1 ? BROKEN : 1); b++) {
            value[n++] = 99;
            value[n++] = 1;
            value[n++] = i;
        }
        invitation[0] = i + 1;
        value[n++] = 4; /* DUE_INVITATION */
        value[n++] = sizeof(invitation);
        memcpy(value + n, invitation, sizeof(invitation));
        put_u64(key, now / 1000 * 1000 - 60000 + 1000 * i);
        assert_int_equal(rows_put_bytes(t, k, TABLE_DUE, BYTES_OF(key), BYTES(value, n + sizeof(invitation))),
                         SLUIS_OK);
        assert_int_equal(rows_put_bytes(t, k, TABLE_MEETING, BYTES_OF(invitation), ROW_EMPTY), SLUIS_OK);
    }
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

/* Items of the unknown kind that wait, all of them for later. */
static size_t put_off(files *x, const row_keys *k, uint64_t now)
{
    store_txn *t = NULL;
    store_cursor *c = NULL;
    bytes key, stored, v;
    size_t n = 0;
    assert_int_equal(store_begin_read(x->store, &t), SLUIS_OK);
    assert_int_equal(store_cursor_open(t, TABLE_DUE, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
    while (store_cursor_next(c, &key, &stored) == SLUIS_OK) {
        assert_int_equal(row_check_open(&v, k, TABLE_DUE, key, stored), SLUIS_OK);
        for (size_t i = 0; i < v.n; i += 2u + v.p[i + 1])
            if (v.p[i] == 99) {
                assert_in_range(get_u64(key.p), now + 3600000 - 1000, now + 3600000 + 60000);
                n++;
            }
    }
    store_cursor_close(&c);
    store_abort(&t);
    return n;
}

/* What cannot be done when its time comes is put off and counted; what is due beside and behind it is done.
 */
static void what_fails_is_put_off(void **state)
{
    rig r;
    files x;
    sluis_fail f = {0};
    json_int_t counted = 0;
    char control[128];
    (void)state;
    rig_open(&r);
    snprintf(control, sizeof(control), "%s/control", r.dir);
    gateway_stop(&r.gateway);
    unlink(control);
    files_open(&x, &r);
    const uint64_t now = clock_ms();
    make_due(&x, keyslots_rows(x.slots), now);
    files_close(&x);
    if (gateway_start(&r.gateway, &r.settings, &f))
        fail_msg("%s: %s", f.where, f.text);
    for (int tries = 0; access(control, F_OK) && tries < 100; tries++)
        usleep(100000);
    for (int tries = 0; counted < MEETINGS - 1 + BROKEN && tries < 100; tries++) {
        json_t *q = json_pack("{s:s}", "cmd", "status"), *s = rig_control(&r, q);
        counted = json_integer_value(json_object_get(s, "due_put_off"));
        json_decref(q);
        json_decref(s);
        usleep(100000);
    }
    assert_int_equal(counted, MEETINGS - 1 + BROKEN);
    gateway_stop(&r.gateway);
    files_open(&x, &r);
    assert_int_equal(rows_of(&x, TABLE_MEETING), 0);
    assert_int_equal(put_off(&x, keyslots_rows(x.slots), now), MEETINGS - 1 + BROKEN);
    files_close(&x);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forgotten_by_itself),
                                       cmocka_unit_test(what_fails_is_put_off)};
    return cmocka_run_group_tests_name("forgetting", tests, NULL, NULL);
}
