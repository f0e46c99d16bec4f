#include "gateway_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#define HEADER       4096
#define SLOT         128
#define VERSION_LAST 19 /* the version's last byte: keyslots.h */

static void name_of(uint8_t p[32], unsigned i)
{
    hash_one(p, "test-name", NULL, &i, sizeof(i));
}

static void change_byte(const char *path, off_t at, uint8_t mask)
{
    uint8_t b;
    int fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= mask;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
    close(fd);
}

static void read_slot(const char *path, uint64_t slot, uint8_t out[SLOT])
{
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, out, SLOT, (off_t)(HEADER + slot * SLOT)), SLOT);
    close(fd);
}

static void test_add_find_reopen(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    slot_key made[40], again;
    uint8_t p[32];
    uint64_t live, erased, capacity;

    for (unsigned i = 0; i < 40; i++) {
        name_of(p, i);
        assert_int_equal(keyslots_find(x.slots, p, &again), SLUIS_NOT_FOUND);
        assert_int_equal(keyslots_add(x.slots, p, &made[i]), SLUIS_OK);
        assert_int_equal(keyslots_add(x.slots, p, &again), SLUIS_OK);
        assert_memory_equal(&again, &made[i], sizeof(again));
    }
    assert_int_equal(keyslots_sync(x.slots), SLUIS_OK);
    keyslots_close(&x.slots);
    assert_int_equal(keyslots_open(&x.slots, x.slots_path, 1000, x.km, NULL), SLUIS_OK);
    keyslots_usage(x.slots, &live, &erased, &capacity);
    assert_int_equal(live, 40);
    assert_int_equal(erased, 0);
    assert_int_equal(capacity, 64);
    for (unsigned i = 0; i < 40; i++) {
        name_of(p, i);
        assert_int_equal(keyslots_find(x.slots, p, &again), SLUIS_OK);
        assert_memory_equal(&again, &made[i], sizeof(again));
        assert_int_equal(keyslots_get(x.slots, made[i].slot, &again), SLUIS_OK);
        assert_memory_equal(&again, &made[i], sizeof(again));
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(made[i].key, made[j].key, 32);
            assert_memory_not_equal(made[i].sid.b, made[j].sid.b, 16);
        }
    }
    assert_int_equal(keyslots_verify(x.slots, &live, NULL), SLUIS_OK);
    assert_int_equal(live, 40);
    fixture_close(&x);
}

static void test_slot_bytes(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    uint8_t p[32], kp[32], kw[32], raw[SLOT], key[32], expect[32], m[5] = {3, 0, 0, 0x4e, 0x20};
    slot_key s;
    struct stat st;

    hash_one(kp, "sluis1-k-pseud", x.km, "", 0);
    hash_one(kw, "sluis1-k-wrap", x.km, "", 0);
    keyslots_subject(x.slots, p, "999990019");
    hash_one(expect, "sluis1-subject", kp, "999990019", 9);
    assert_memory_equal(p, expect, 32);
    keyslots_period(x.slots, p, 3, 20000);
    hash_one(expect, "sluis1-period", kp, m, 5);
    assert_memory_equal(p, expect, 32);

    assert_int_equal(keyslots_add(x.slots, p, &s), SLUIS_OK);
    assert_int_equal(keyslots_sync(x.slots), SLUIS_OK);
    assert_int_equal(s.slot, get_u64(p) % 64);
    read_slot(x.slots_path, s.slot, raw);
    assert_memory_equal(raw, "\1\0\0\0\0\0\0\0", 8);
    assert_memory_equal(raw + 8, p, 32);
    assert_memory_equal(raw + 40, s.sid.b, 16);
    assert_int_equal(ae_open(key, kw, raw + 56, BYTES(raw, 56), BYTES(raw + 80, 48)), SLUIS_OK);
    assert_memory_equal(key, s.key, 32);
    assert_int_equal(stat(x.slots_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, HEADER + 64 * SLOT);
    assert_true(st.st_blocks * 512 >= st.st_size);
    fixture_close(&x);
}

static void test_erase(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    uint8_t before[SLOT], after[SLOT], p[32];
    slot_key s, t;
    uint64_t live, erased, capacity;

    /* names with one home: the chain goes on past the erased one */
    uint8_t chain[3][32];
    for (unsigned i = 0; i < 3; i++) {
        memset(chain[i], 0, 32);
        chain[i][7] = 61;
        chain[i][31] = (uint8_t)i;
        assert_int_equal(keyslots_add(x.slots, chain[i], &s), SLUIS_OK);
        assert_int_equal(s.slot, 61 + i);
    }
    assert_int_equal(keyslots_find(x.slots, chain[1], &s), SLUIS_OK);
    read_slot(x.slots_path, s.slot, before);
    assert_int_equal(keyslots_erase(x.slots, s.slot), SLUIS_OK);
    read_slot(x.slots_path, s.slot, after);
    assert_int_equal(after[0], 2);
    for (size_t i = 1; i + 8 <= SLOT; i += 8)
        assert_memory_not_equal(before + i, after + i, 8);
    assert_int_equal(keyslots_find(x.slots, chain[1], &t), SLUIS_NOT_FOUND);
    assert_int_equal(keyslots_get(x.slots, s.slot, &t), SLUIS_NOT_FOUND);
    assert_int_equal(keyslots_find(x.slots, chain[2], &t), SLUIS_OK);
    assert_int_equal(keyslots_erase(x.slots, s.slot), SLUIS_OK); /* an intent replayed */
    assert_int_equal(keyslots_erase(x.slots, 5), SLUIS_NOT_FOUND);
    assert_int_equal(keyslots_erase(x.slots, 64), SLUIS_NOT_FOUND);

    /* the same name again gets a new key in a free slot: here beyond the end, from the front */
    assert_int_equal(keyslots_add(x.slots, chain[1], &t), SLUIS_OK);
    assert_int_equal(t.slot, 0);
    assert_memory_not_equal(t.key, s.key, 32);
    keyslots_usage(x.slots, &live, &erased, &capacity);
    assert_int_equal(live, 3);
    assert_int_equal(erased, 1);
    assert_int_equal(keyslots_verify(x.slots, &live, NULL), SLUIS_OK);
    assert_int_equal(live, 3);

    /* full at 75 %, erased ones counted; what is there is still found */
    sluis_err err = SLUIS_OK;
    unsigned made = 0;
    for (; !err; made++) {
        name_of(p, made);
        err = keyslots_add(x.slots, p, &t);
    }
    assert_int_equal(err, SLUIS_FULL);
    keyslots_usage(x.slots, &live, &erased, &capacity);
    assert_int_equal(live + erased, 48);
    assert_int_equal(keyslots_add(x.slots, chain[2], &t), SLUIS_OK);
    fixture_close(&x);
}

static void test_opening_refused(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    keyslots *k = NULL;
    sluis_fail f = {0};
    uint8_t other[32] = {1};

    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, &f), SLUIS_CONFLICT);
    assert_non_null(strstr(f.text, "in use"));
    assert_null(k);
    keyslots_close(&x.slots);

    fail_clear(&f);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, other, &f), SLUIS_CORRUPT);
    assert_non_null(strstr(f.text, "another master key"));
    assert_non_null(strstr(f.where, "keys"));

    assert_int_equal(chmod(x.slots_path, 0640), 0);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, NULL), SLUIS_PERMISSION);
    assert_int_equal(chmod(x.slots_path, 0600), 0);

    fail_clear(&f);
    change_byte(x.slots_path, VERSION_LAST, 1 ^ 2);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, &f), SLUIS_VERSION);
    assert_string_equal(f.text,
                        "has format version 2, of a newer release; this program reads 1: run the newer one");
    change_byte(x.slots_path, VERSION_LAST, 1 ^ 2);
    fail_clear(&f);
    change_byte(x.slots_path, VERSION_LAST, 1);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, &f), SLUIS_VERSION);
    assert_string_equal(f.text, "has format version 0; this program reads 1");
    change_byte(x.slots_path, VERSION_LAST, 1);

    for (size_t at = 0; at < HEADER; at += at < 80 ? 1 : 97) {
        change_byte(x.slots_path, (off_t)at, 0x10);
        assert_int_not_equal(keyslots_open(&k, x.slots_path, 64, x.km, NULL), SLUIS_OK);
        change_byte(x.slots_path, (off_t)at, 0x10);
    }
    assert_int_equal(truncate(x.slots_path, HEADER + 63 * SLOT), 0);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, NULL), SLUIS_CORRUPT);
    assert_int_equal(truncate(x.slots_path, 100), 0);
    assert_int_equal(keyslots_open(&k, x.slots_path, 64, x.km, NULL), SLUIS_CORRUPT);

    fail_clear(&f);
    assert_int_equal(unlink(x.slots_path), 0);
    assert_int_equal(keyslots_open_readonly(&k, x.slots_path, x.km, &f), SLUIS_NOT_FOUND);
    assert_int_equal(keyslots_open(&k, x.slots_path, 3, x.km, NULL), SLUIS_INVALID);
    assert_null(k);
    fixture_close(&x);
}

static void test_readonly(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    keyslots *k = NULL;
    uint8_t p[32], q[32];
    slot_key s, t;

    name_of(p, 1);
    name_of(q, 2);
    assert_int_equal(keyslots_add(x.slots, p, &s), SLUIS_OK);
    assert_int_equal(keyslots_open_readonly(&k, x.slots_path, x.km, NULL), SLUIS_OK);
    assert_int_equal(keyslots_find(k, p, &t), SLUIS_OK);
    assert_memory_equal(t.key, s.key, 32);
    assert_int_equal(keyslots_add(k, q, &t), SLUIS_PERMISSION);
    assert_int_equal(keyslots_erase(k, s.slot), SLUIS_PERMISSION);
    keyslots_close(&k);
    fixture_close(&x);
}

static void test_flips(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    uint8_t p[32], raw[SLOT];
    slot_key s, t;
    uint64_t live;
    sluis_fail f;

    name_of(p, 1);
    assert_int_equal(keyslots_add(x.slots, p, &s), SLUIS_OK);
    uint64_t other = (s.slot + 20) % 64;
    for (size_t bit = 0; bit < 8 * SLOT; bit++) {
        off_t at = (off_t)(HEADER + s.slot * SLOT + bit / 8);
        uint8_t mask = (uint8_t)(1u << bit % 8);
        change_byte(x.slots_path, at, mask);
        /* of another name it is simply not found; a state that was changed is never taken for "free" */
        bool name = bit >= 8 * 8 && bit < 40 * 8;
        assert_int_equal(keyslots_find(x.slots, p, &t), name ? SLUIS_NOT_FOUND : SLUIS_CORRUPT);
        assert_int_equal(keyslots_get(x.slots, s.slot, &t), SLUIS_CORRUPT);
        fail_clear(&f);
        assert_int_equal(keyslots_verify(x.slots, &live, &f), SLUIS_CORRUPT);
        assert_int_equal(strncmp(f.where, "slot ", 5), 0);
        assert_int_equal(strtoull(f.where + 5, NULL, 10), s.slot);
        change_byte(x.slots_path, at, mask);

        /* an empty slot: all but "erased", which holds no key either way */
        at = (off_t)(HEADER + other * SLOT + bit / 8);
        change_byte(x.slots_path, at, mask);
        assert_int_equal(keyslots_verify(x.slots, &live, &f), bit == 1 ? SLUIS_OK : SLUIS_CORRUPT);
        change_byte(x.slots_path, at, mask);
    }
    assert_int_equal(keyslots_verify(x.slots, &live, NULL), SLUIS_OK);

    /* a slot torn in the middle is loud, and nothing is put over it */
    read_slot(x.slots_path, s.slot, raw);
    int fd = open(x.slots_path, O_RDWR);
    uint8_t zero[SLOT / 2] = {0};
    assert_int_equal(pwrite(fd, zero, sizeof(zero), (off_t)(HEADER + s.slot * SLOT + SLOT / 2)), SLOT / 2);
    assert_int_equal(keyslots_find(x.slots, p, &t), SLUIS_CORRUPT);
    assert_int_equal(keyslots_add(x.slots, p, &t), SLUIS_CORRUPT);
    assert_int_equal(pwrite(fd, raw, SLOT, (off_t)(HEADER + s.slot * SLOT)), SLOT);

    /* the same name twice, and one that no chain reaches */
    assert_int_equal(pwrite(fd, raw, SLOT, (off_t)(HEADER + other * SLOT)), SLOT);
    fail_clear(&f);
    assert_int_equal(keyslots_verify(x.slots, &live, &f), SLUIS_CORRUPT);
    assert_non_null(strstr(f.text, "cannot be reached"));
    close(fd);
    fixture_close(&x);
}

/* ---- enlarging ---- */

#define NAMES  400
#define RECORD 64

typedef struct {
    slot_key made[NAMES];
    unsigned count; /* names 0.. that were given a key; every fifth is erased again */
} people;

static bool erased_again(unsigned i)
{
    return i % 5 == 4;
}

/* Gives keys to new names until there is no room, or so many have one. */
static void people_add(people *all, keyslots *k, unsigned upto)
{
    uint8_t p[32];
    sluis_err err = SLUIS_OK;

    for (; !err && all->count < upto; all->count += !err) {
        name_of(p, all->count);
        err = keyslots_add(k, p, &all->made[all->count]);
        if (!err && erased_again(all->count))
            assert_int_equal(keyslots_erase(k, all->made[all->count].slot), SLUIS_OK);
    }
    assert_int_equal(err, all->count < upto ? SLUIS_FULL : SLUIS_OK);
    assert_int_equal(keyslots_sync(k), SLUIS_OK);
}

/* Each has the key and the slot that it had; who was erased has neither. */
static void people_check(const people *all, keyslots *k)
{
    uint8_t p[32];
    slot_key s;
    uint64_t live, erased, capacity, checked;
    sluis_fail f = {0};

    for (unsigned i = 0; i < all->count; i++) {
        name_of(p, i);
        if (erased_again(i)) {
            assert_int_equal(keyslots_find(k, p, &s), SLUIS_NOT_FOUND);
            assert_int_equal(keyslots_get(k, all->made[i].slot, &s), SLUIS_NOT_FOUND);
            continue;
        }
        assert_int_equal(keyslots_find(k, p, &s), SLUIS_OK);
        assert_memory_equal(&s, &all->made[i], sizeof(s));
        assert_int_equal(keyslots_get(k, all->made[i].slot, &s), SLUIS_OK);
        assert_memory_equal(&s, &all->made[i], sizeof(s));
    }
    keyslots_usage(k, &live, &erased, &capacity);
    assert_int_equal(live + erased, all->count);
    assert_int_equal(erased, all->count / 5);
    assert_int_equal(keyslots_verify(k, &checked, &f), SLUIS_OK);
    assert_int_equal(checked, live);
}

static uint64_t slots_of(const keyslots *k)
{
    uint64_t live, erased, capacity;

    keyslots_usage(k, &live, &erased, &capacity);
    return capacity;
}

static void read_file(const char *path, uint8_t *out, size_t n)
{
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, out, n), n);
    close(fd);
}

static void test_enlarge(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    static const struct {
        uint64_t ask, get;
        unsigned people; /* until it is full again: 75 % of each part */
        unsigned parts;  /* before it */
    } steps[] = {
        {65, 128, 96, 1}, {128, 128, 96, 2}, {64, 128, 96, 2}, {300, 300, 225, 2}, {364, 364, 273, 3}};
    people *all = calloc(1, sizeof(*all));
    uint8_t *before = malloc(HEADER + 364 * SLOT), *after = malloc(HEADER + 364 * SLOT);
    struct stat st;
    keyslots *k = NULL;

    assert_true(all && before && after);
    people_add(all, x.slots, NAMES);
    assert_int_equal(all->count, 48);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        size_t was = HEADER + slots_of(x.slots) * SLOT;
        read_file(x.slots_path, before, was);
        assert_int_equal(keyslots_enlarge(x.slots, steps[i].ask, x.slots_path, NULL), SLUIS_OK);
        assert_int_equal(slots_of(x.slots), steps[i].get);
        assert_int_equal(stat(x.slots_path, &st), 0);
        assert_int_equal(st.st_size, HEADER + steps[i].get * SLOT);
        assert_true(st.st_blocks * 512 >= st.st_size);
        /* what stood there stands: of the header the records so far, and every slot */
        read_file(x.slots_path, after, (size_t)st.st_size);
        assert_memory_equal(after, before, steps[i].parts * RECORD);
        assert_memory_equal(after + HEADER, before + HEADER, was - HEADER);
        people_check(all, x.slots);

        people_add(all, x.slots, NAMES);
        assert_int_equal(all->count, steps[i].people);
        people_check(all, x.slots);
        assert_int_equal(keyslots_open_readonly(&k, x.slots_path, x.km, NULL), SLUIS_OK);
        people_check(all, k);
        assert_int_equal(keyslots_enlarge(k, 1000, x.slots_path, NULL), SLUIS_PERMISSION);
        keyslots_close(&k);
        keyslots_close(&x.slots);
        assert_int_equal(keyslots_open(&x.slots, x.slots_path, 1000, x.km, NULL), SLUIS_OK);
        assert_int_equal(slots_of(x.slots), steps[i].get);
        people_check(all, x.slots);
    }
    free(all);
    free(before);
    free(after);
    fixture_close(&x);
}

/* What stands in the header: each record vouches for those before it. */
static void test_enlarged_header(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    uint8_t kh[32], mac[32], header[HEADER], zero[HEADER] = {0};

    hash_one(kh, "sluis1-k-slots", x.km, "", 0);
    assert_int_equal(keyslots_enlarge(x.slots, 300, x.slots_path, NULL), SLUIS_OK);
    assert_int_equal(keyslots_enlarge(x.slots, 1000, x.slots_path, NULL), SLUIS_OK);
    read_file(x.slots_path, header, HEADER);
    assert_int_equal(get_u64(header + 24), 64);
    assert_int_equal(get_u64(header + RECORD), 300);
    assert_int_equal(get_u64(header + 2 * RECORD), 1000);
    for (unsigned part = 0; part < 3; part++) {
        const uint8_t *record = header + part * RECORD;
        hash_one(mac, "sluis1-slots", kh, header, part * RECORD + 32);
        assert_memory_equal(record + 32, mac, 32);
        if (part)
            assert_memory_equal(record + 8, zero, 24);
    }
    assert_memory_equal(header + 3 * RECORD, zero, HEADER - 3 * RECORD);
    fixture_close(&x);
}

/* The room that was left in the first part is used before that of the second. */
static void test_enlarge_uses_all(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    people *all = calloc(1, sizeof(*all));

    assert_non_null(all);
    people_add(all, x.slots, 20);
    assert_int_equal(keyslots_enlarge(x.slots, 128, x.slots_path, NULL), SLUIS_OK);
    people_add(all, x.slots, NAMES);
    assert_int_equal(all->count, 96);
    for (unsigned i = 0; i < 96; i++)
        assert_int_equal(all->made[i].slot < 64, i < 48);
    people_check(all, x.slots);
    free(all);
    fixture_close(&x);
}

static void test_enlarge_refused(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    sluis_fail f = {0};
    people *all = calloc(1, sizeof(*all));

    assert_non_null(all);
    people_add(all, x.slots, 40);
    assert_int_equal(keyslots_enlarge(x.slots, (UINT64_C(1) << 32) + 1, x.slots_path, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "a key file holds 16 to 4294967296 slots, not 4294967297");
    for (unsigned i = 1; i < 64; i++)
        assert_int_equal(keyslots_enlarge(x.slots, 64 * (i + 1), x.slots_path, NULL), SLUIS_OK);
    fail_clear(&f);
    assert_int_equal(keyslots_enlarge(x.slots, 5000, x.slots_path, &f), SLUIS_FULL);
    assert_string_equal(f.text, "has 4096 slots and was enlarged 63 times, as often as it can be: set "
                                "limits.key_slots to what it has");
    keyslots_close(&x.slots);
    assert_int_equal(keyslots_open(&x.slots, x.slots_path, 64, x.km, NULL), SLUIS_OK);
    assert_int_equal(slots_of(x.slots), 4096);
    people_add(all, x.slots, NAMES);
    people_check(all, x.slots);
    free(all);
    fixture_close(&x);
}

static void opens_with(fixture *x, uint64_t slots, const people *all)
{
    sluis_fail f = {0};

    assert_int_equal(keyslots_open(&x->slots, x->slots_path, 64, x->km, &f), SLUIS_OK);
    assert_int_equal(slots_of(x->slots), slots);
    people_check(all, x->slots);
    keyslots_close(&x->slots);
}

static void refused_as(fixture *x, const char *text)
{
    sluis_fail f = {0};
    keyslots *k = NULL;

    assert_int_equal(keyslots_open(&k, x->slots_path, 64, x->km, &f), SLUIS_CORRUPT);
    assert_string_equal(f.text, text);
    fail_clear(&f);
    assert_int_equal(keyslots_open_readonly(&k, x->slots_path, x->km, &f), SLUIS_CORRUPT);
    assert_string_equal(f.text, text);
}

/* What a disk or a hand may do to an enlarged file: no key is ever taken for what was not yet there. */
static void test_enlarged_file_damaged(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    keyslots *k = NULL;
    people *all = calloc(1, sizeof(*all));

    assert_non_null(all);
    people_add(all, x.slots, 48);
    assert_int_equal(keyslots_enlarge(x.slots, 128, x.slots_path, NULL), SLUIS_OK);
    people_add(all, x.slots, 60);
    keyslots_close(&x.slots);
    opens_with(&x, 128, all);
    for (size_t at = 0; at < HEADER; at += at < 3 * RECORD ? 1 : 97) {
        change_byte(x.slots_path, (off_t)at, 0x10);
        assert_int_not_equal(keyslots_open(&k, x.slots_path, 64, x.km, NULL), SLUIS_OK);
        change_byte(x.slots_path, (off_t)at, 0x10);
    }
    /* its record is gone, and keys stand behind what is counted then */
    change_byte(x.slots_path, RECORD + 40, 1);
    refused_as(&x, "has 20480 bytes instead of 12288");
    change_byte(x.slots_path, RECORD + 40, 1);
    assert_int_equal(truncate(x.slots_path, HEADER + 200 * SLOT), 0); /* zeros behind it count for nothing */
    opens_with(&x, 128, all);
    change_byte(x.slots_path, HEADER + 200 * SLOT - 1, 1);
    refused_as(&x, "has 29696 bytes instead of 20480");
    assert_int_equal(truncate(x.slots_path, HEADER + 128 * SLOT - 1), 0);
    refused_as(&x, "has 20479 bytes instead of 20480");
    assert_int_equal(truncate(x.slots_path, HEADER + 64 * SLOT), 0);
    refused_as(&x, "has 12288 bytes instead of 20480");
    free(all);
    fixture_close(&x);
}

/* What an enlargement leaves that was cut short, and longer than the one that comes after it. */
static void test_enlarge_again(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    people *all = calloc(1, sizeof(*all));
    struct stat st;

    assert_non_null(all);
    people_add(all, x.slots, 48);
    keyslots_close(&x.slots);
    assert_int_equal(truncate(x.slots_path, HEADER + 1000 * SLOT - 7), 0);
    for (off_t at = 0; at < RECORD; at += 9)
        change_byte(x.slots_path, RECORD + at, 0x5a);
    opens_with(&x, 64, all);
    assert_int_equal(keyslots_open(&x.slots, x.slots_path, 64, x.km, NULL), SLUIS_OK);
    assert_int_equal(keyslots_enlarge(x.slots, 128, x.slots_path, NULL), SLUIS_OK);
    assert_int_equal(stat(x.slots_path, &st), 0);
    assert_int_equal(st.st_size, HEADER + 128 * SLOT);
    assert_true(st.st_blocks * 512 >= st.st_size);
    people_add(all, x.slots, NAMES);
    assert_int_equal(all->count, 96);
    keyslots_close(&x.slots);
    opens_with(&x, 128, all);
    free(all);
    fixture_close(&x);
}

typedef struct {
    keyslots *slots;
    unsigned from;
    int wrong;
} reader;

static void *read_all(void *ctx)
{
    reader *r = ctx;
    uint8_t p[32];
    slot_key s;

    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 40; i++) {
            name_of(p, i);
            sluis_err err = keyslots_find(r->slots, p, &s);
            if (err != SLUIS_OK && err != SLUIS_NOT_FOUND)
                r->wrong++;
            if (i < r->from && err != SLUIS_OK)
                r->wrong++;
        }
    }
    return NULL;
}

static void test_readers_beside_writer(void **state)
{
    (void)state;
    fixture x;
    fixture_open(&x, ENGINE_MEMORY);
    reader r = {.slots = x.slots, .from = 10};
    pthread_t thread;
    uint8_t p[32];
    slot_key s;

    for (unsigned i = 0; i < 10; i++) {
        name_of(p, i);
        assert_int_equal(keyslots_add(x.slots, p, &s), SLUIS_OK);
    }
    assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
    for (unsigned i = 10; i < 40; i++) {
        name_of(p, i);
        assert_int_equal(keyslots_add(x.slots, p, &s), SLUIS_OK);
        if (i % 3 == 0)
            assert_int_equal(keyslots_erase(x.slots, s.slot), SLUIS_OK);
        assert_int_equal(keyslots_sync(x.slots), SLUIS_OK);
    }
    pthread_join(thread, NULL);
    assert_int_equal(r.wrong, 0);
    fixture_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_find_reopen),
        cmocka_unit_test(test_slot_bytes),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_opening_refused),
        cmocka_unit_test(test_readonly),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_enlarge),
        cmocka_unit_test(test_enlarged_header),
        cmocka_unit_test(test_enlarge_uses_all),
        cmocka_unit_test(test_enlarge_refused),
        cmocka_unit_test(test_enlarged_file_damaged),
        cmocka_unit_test(test_enlarge_again),
        cmocka_unit_test(test_readers_beside_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
