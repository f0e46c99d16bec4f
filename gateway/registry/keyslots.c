/* Slots of keys, by name. */
#include "registry/keyslots.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/slots_file.h"

#define SLOT_P       8
#define SLOT_SID     40
#define SLOT_NONCE   56 /* and the associated data end here */
#define SLOT_SEALED  80
#define PROBE_SLOTS  8 /* read at once while probing */
#define SCAN_SLOTS   4096
#define TORN_RETRIES 4

enum { SLOT_FREE = 0, SLOT_LIVE = 1, SLOT_ERASED = 2 };

typedef struct {
    uint8_t kp[KEY_LEN], kw[KEY_LEN], kh[KEY_LEN];
} slot_secrets;

struct keyslots {
    slots_file file;
    bool writable, dirty;
    atomic_uint_fast64_t used[SLOTS_PARTS]; /* live or erased */
    atomic_uint_fast64_t erased;
    slot_secrets *secrets; /* locked memory */
    row_keys *rows;
};

/* Calls each(ctx, slot number, slot) for all slots in order. */
typedef sluis_err (*slot_fn)(void *ctx, uint64_t slot, const uint8_t *raw);

static sluis_err scan(keyslots *k, slot_fn each, void *ctx)
{
    uint8_t *chunk = malloc((size_t)SCAN_SLOTS * SLOT_LEN);
    sluis_err err = chunk ? SLUIS_OK : SLUIS_NOMEM;
    const uint64_t capacity = slots_file_capacity(&k->file);

    for (uint64_t at = 0; !err && at < capacity; at += SCAN_SLOTS) {
        uint64_t n = capacity - at < SCAN_SLOTS ? capacity - at : SCAN_SLOTS;
        err = slots_file_read(&k->file, chunk, at, n);
        for (uint64_t i = 0; !err && i < n; i++)
            err = each(ctx, at + i, chunk + i * SLOT_LEN);
    }
    free(chunk);
    return err;
}

static unsigned part_of(const keyslots *k, uint64_t slot)
{
    unsigned part = 0;

    while (slot >= k->file.end[part])
        part++;
    return part;
}

static uint64_t part_from(const keyslots *k, unsigned part)
{
    return part ? k->file.end[part - 1] : 0;
}

static bool part_has_room(const keyslots *k, unsigned part)
{
    return 4 * (atomic_load(&k->used[part]) + 1) <= 3 * (k->file.end[part] - part_from(k, part));
}

static sluis_err count_slot(void *ctx, uint64_t slot, const uint8_t *raw)
{
    keyslots *k = ctx;

    if (raw[0] == SLOT_LIVE || raw[0] == SLOT_ERASED)
        atomic_fetch_add(&k->used[part_of(k, slot)], 1);
    if (raw[0] == SLOT_ERASED)
        atomic_fetch_add(&k->erased, 1);
    return SLUIS_OK;
}

/* ---- opening ---- */

static sluis_err keys_derive(keyslots *k, const uint8_t km[static 32])
{
    k->secrets = secret_alloc(sizeof(*k->secrets));
    if (!k->secrets)
        return SLUIS_NOMEM;
    hash_one(k->secrets->kp, "sluis1-k-pseud", km, NULL, 0);
    hash_one(k->secrets->kw, "sluis1-k-wrap", km, NULL, 0);
    hash_one(k->secrets->kh, "sluis1-k-slots", km, NULL, 0);
    return row_keys_new(&k->rows, km);
}

static sluis_err open_any(keyslots **out, const char *path, bool writable, uint64_t capacity,
                          const uint8_t km[static 32], sluis_fail *f)
{
    sluis_err err;
    keyslots *k = calloc(1, sizeof(*k));

    if (!k)
        return fail_set(f, SLUIS_NOMEM, path, "out of memory");
    k->file.fd = -1;
    k->writable = writable;
    if ((err = keys_derive(k, km))) {
        fail_set(f, err, path, "no locked memory for its keys: raise the limit (ulimit -l)");
        goto fail;
    }
    if ((err = slots_file_open(&k->file, path, writable, capacity, k->secrets->kh, f)))
        goto fail;
    if ((err = scan(k, count_slot, k))) {
        fail_set(f, err, path, "cannot be read");
        goto fail;
    }
    *out = k;
    return SLUIS_OK;
fail:
    keyslots_close(&k);
    return err;
}

sluis_err keyslots_open(keyslots **out, const char *path, uint64_t capacity, const uint8_t km[static 32],
                        sluis_fail *f)
{
    return open_any(out, path, true, capacity, km, f);
}

sluis_err keyslots_open_readonly(keyslots **out, const char *path, const uint8_t km[static 32], sluis_fail *f)
{
    return open_any(out, path, false, 0, km, f);
}

sluis_err keyslots_enlarge(keyslots *k, uint64_t capacity, const char *path, sluis_fail *f)
{
    if (!k->writable)
        return fail_set(f, SLUIS_PERMISSION, path, "is open for reading only");
    return capacity <= slots_file_capacity(&k->file)
               ? SLUIS_OK
               : slots_file_enlarge(&k->file, capacity, k->secrets->kh, path, f);
}

void keyslots_close(keyslots **k)
{
    if (!*k)
        return;
    slots_file_close(&(*k)->file);
    secret_free((*k)->secrets);
    row_keys_free(&(*k)->rows);
    free(*k);
    *k = NULL;
}

/* ---- names ---- */

void keyslots_subject(const keyslots *k, uint8_t p[static HASH_LEN], const char bsn[static BSN_LEN])
{
    hash_one(p, "sluis1-subject", k->secrets->kp, bsn, BSN_LEN);
}

void keyslots_own(const keyslots *k, uint8_t p[static HASH_LEN], const char *own)
{
    hash_one(p, "sluis1-own-id", k->secrets->kp, own, strlen(own));
}

void keyslots_period(const keyslots *k, uint8_t p[static HASH_LEN], uint8_t klass, uint32_t day)
{
    uint8_t m[5] = {klass};

    put_u32(m + 1, day);
    hash_one(p, "sluis1-period", k->secrets->kp, m, sizeof(m));
}

const row_keys *keyslots_rows(const keyslots *k)
{
    return k->rows;
}

/* ---- slots ---- */

static void slot_seal(const keyslots *k, uint8_t raw[static SLOT_LEN], const uint8_t p[static HASH_LEN],
                      const slot_key *s)
{
    memset(raw, 0, SLOT_LEN);
    raw[0] = SLOT_LIVE;
    memcpy(raw + SLOT_P, p, HASH_LEN);
    memcpy(raw + SLOT_SID, s->sid.b, ID_LEN);
    random_bytes(raw + SLOT_NONCE, NONCE_LEN);
    ae_seal(raw + SLOT_SEALED, k->secrets->kw, raw + SLOT_NONCE, BYTES(raw, SLOT_NONCE),
            BYTES(s->key, KEY_LEN));
}

static sluis_err slot_open(const keyslots *k, const uint8_t raw[static SLOT_LEN], slot_key *out)
{
    if (raw[0] != SLOT_LIVE || ae_open(out->key, k->secrets->kw, raw + SLOT_NONCE, BYTES(raw, SLOT_NONCE),
                                       BYTES(raw + SLOT_SEALED, KEY_LEN + TAG_LEN)))
        return SLUIS_CORRUPT;
    memcpy(out->sid.b, raw + SLOT_SID, ID_LEN);
    return SLUIS_OK;
}

/* Where P stands in this part (OK; raw is its slot), or the free slot that ends its chain (NOT_FOUND). */
static sluis_err probe_part(const keyslots *k, unsigned part, const uint8_t p[static HASH_LEN],
                            uint64_t *slot, uint8_t raw[static SLOT_LEN])
{
    uint8_t chunk[PROBE_SLOTS * SLOT_LEN];
    const uint64_t from = part_from(k, part), size = k->file.end[part] - from;
    uint64_t at = get_u64(p) % size;

    for (uint64_t seen = 0; seen < size;) {
        uint64_t n = size - at < PROBE_SLOTS ? size - at : PROBE_SLOTS;
        sluis_err err = slots_file_read(&k->file, chunk, from + at, n);
        if (err)
            return err;
        for (uint64_t i = 0; i < n; i++) {
            const uint8_t *one = chunk + i * SLOT_LEN;
            if (one[0] == SLOT_ERASED || (one[0] == SLOT_LIVE && memcmp(one + SLOT_P, p, HASH_LEN)))
                continue;
            *slot = from + at + i;
            memcpy(raw, one, SLOT_LEN);
            if (one[0] == SLOT_LIVE)
                return SLUIS_OK;
            return slots_file_zero(one, SLOT_LEN) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
        }
        seen += n;
        at = (at + n) % size;
    }
    return SLUIS_FULL;
}

/* Where P stands (OK; raw is its slot), or the slot for it in the first part with room (NOT_FOUND). FULL: it
 * is nowhere, and there is no such part. */
static sluis_err probe(const keyslots *k, const uint8_t p[static HASH_LEN], uint64_t *slot,
                       uint8_t raw[static SLOT_LEN])
{
    sluis_err room = SLUIS_FULL;
    uint64_t at;

    for (unsigned part = 0; part < k->file.parts; part++) {
        sluis_err err = probe_part(k, part, p, &at, raw);
        if (err != SLUIS_NOT_FOUND && err != SLUIS_FULL) {
            *slot = at;
            return err;
        }
        if (err == SLUIS_NOT_FOUND && room == SLUIS_FULL && part_has_room(k, part)) {
            *slot = at;
            room = SLUIS_NOT_FOUND;
        }
    }
    return room;
}

static sluis_err find(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = SLUIS_OK;

    for (int i = 0; i < TORN_RETRIES; i++) {
        err = probe(k, p, &out->slot, raw);
        if (!err)
            err = slot_open(k, raw, out);
        if (err != SLUIS_CORRUPT)
            break;
    }
    return err;
}

sluis_err keyslots_find(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    sluis_err err = find(k, p, out);

    return err == SLUIS_FULL ? SLUIS_NOT_FOUND : err;
}

sluis_err keyslots_get(keyslots *k, uint64_t slot, slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = SLUIS_OK;

    if (slot >= slots_file_capacity(&k->file))
        return SLUIS_NOT_FOUND;
    out->slot = slot;
    for (int i = 0; i < TORN_RETRIES; i++) {
        if ((err = slots_file_read(&k->file, raw, slot, 1)))
            return err;
        if (raw[0] == SLOT_ERASED || slots_file_zero(raw, SLOT_LEN))
            return SLUIS_NOT_FOUND;
        if (!(err = slot_open(k, raw, out)))
            break;
    }
    return err;
}

sluis_err keyslots_add(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = find(k, p, out);

    if (!k->writable && (err == SLUIS_NOT_FOUND || err == SLUIS_FULL))
        return SLUIS_PERMISSION;
    if (err != SLUIS_NOT_FOUND)
        return err;
    out->sid = id_random();
    random_bytes(out->key, KEY_LEN);
    slot_seal(k, raw, p, out);
    k->dirty = true;
    if ((err = slots_file_write(&k->file, raw, out->slot))) {
        wipe(out, sizeof(*out));
        return err;
    }
    atomic_fetch_add(&k->used[part_of(k, out->slot)], 1);
    return SLUIS_OK;
}

sluis_err keyslots_sync(keyslots *k)
{
    sluis_err err = k->dirty ? slots_file_sync(&k->file) : SLUIS_OK;

    if (!err)
        k->dirty = false;
    return err;
}

sluis_err keyslots_erase(keyslots *k, uint64_t slot)
{
    uint8_t raw[SLOT_LEN];

    if (!k->writable)
        return SLUIS_PERMISSION;
    if (slot >= slots_file_capacity(&k->file))
        return SLUIS_NOT_FOUND;
    sluis_err err = slots_file_read(&k->file, raw, slot, 1);
    if (err)
        return err;
    if (raw[0] == SLOT_ERASED)
        return SLUIS_OK;
    if (raw[0] == SLOT_FREE)
        return slots_file_zero(raw, SLOT_LEN) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
    random_bytes(raw, sizeof(raw));
    raw[0] = SLOT_ERASED;
    if ((err = slots_file_write(&k->file, raw, slot)))
        return err;
    if ((err = slots_file_sync(&k->file)))
        return err;
    k->dirty = false;
    atomic_fetch_add(&k->erased, 1);
    return SLUIS_OK;
}

void keyslots_usage(const keyslots *k, uint64_t *live, uint64_t *erased, uint64_t *capacity)
{
    uint64_t used = 0;

    *erased = atomic_load(&k->erased); /* first: each was counted as used before */
    for (unsigned part = 0; part < k->file.parts; part++)
        used += atomic_load(&k->used[part]);
    *live = used - *erased;
    *capacity = slots_file_capacity(&k->file);
}

/* ---- verification ---- */

typedef struct {
    keyslots *k;
    uint64_t live;
    sluis_fail *f;
} verify_state;

static sluis_err verify_slot(void *ctx, uint64_t slot, const uint8_t *raw)
{
    verify_state *v = ctx;
    uint8_t seen[SLOT_LEN];
    slot_key key;
    uint64_t found;
    char where[32];

    snprintf(where, sizeof(where), "slot %llu", (unsigned long long)slot);
    if (raw[0] == SLOT_ERASED)
        return SLUIS_OK;
    if (raw[0] == SLOT_FREE)
        return slots_file_zero(raw, SLOT_LEN) ? SLUIS_OK
                                              : fail_set(v->f, SLUIS_CORRUPT, where, "is free but not empty");
    if (raw[0] != SLOT_LIVE)
        return fail_set(v->f, SLUIS_CORRUPT, where, "has the unknown state %u", raw[0]);
    sluis_err err = slot_open(v->k, raw, &key);
    wipe(&key, sizeof(key));
    if (err)
        return fail_set(v->f, SLUIS_CORRUPT, where, "fails its check: bytes were changed");
    if (probe(v->k, raw + SLOT_P, &found, seen) || found != slot)
        return fail_set(v->f, SLUIS_CORRUPT, where,
                        "cannot be reached: a slot before it was emptied, or holds the same name");
    v->live++;
    return SLUIS_OK;
}

sluis_err keyslots_verify(keyslots *k, uint64_t *live, sluis_fail *f)
{
    verify_state v = {.k = k, .f = f};
    sluis_err err = scan(k, verify_slot, &v);

    if (err)
        return fail_set(f, err, "key file", "cannot be read");
    *live = v.live;
    return SLUIS_OK;
}
