/* Parties sorted by OIN, CURVE keys sorted by key; both found by halving. One arena holds keys and the
 * signed entries as they came, for snapshots. */
#include "directory/directory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "directory/entry.h"

#define SCRATCH_MAX ((size_t)16 * ENTRY_MAX)

typedef struct {
    const party_key *key;
    size_t party;
} curve_key;

struct directory {
    atomic_uint refs;
    uint64_t version;
    size_t count, curve_count;
    party *parties;    /* sorted by OIN */
    curve_key *curves; /* sorted by pk */
    bytes *entries;    /* of parties[i], signed */
    arena *arena;
    agreement *agreements; /* sorted by party, covenant and version */
    arena *agreed;         /* what they point to */
};

typedef struct {
    party party;
    bytes entry;
} loaded;

static int by_oin(const void *a, const void *b)
{
    return memcmp(((const loaded *)a)->party.oin.s, ((const loaded *)b)->party.oin.s, OIN_LEN);
}

static int by_pk(const void *a, const void *b)
{
    return memcmp(((const curve_key *)a)->key->pk, ((const curve_key *)b)->key->pk, PK_LEN);
}

static sluis_err load(loaded *list, arena *keep, const bytes *signed_entries, size_t n, const uint8_t *dir_pk,
                      sluis_fail *f)
{
    arena *scratch = arena_new_sized(SCRATCH_MAX, ENTRY_MAX);
    sluis_err err = scratch ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; i < n && !err; i++) {
        arena_reset(scratch);
        err = entry_open(&list[i].party, keep, scratch, signed_entries[i], dir_pk, f);
        list[i].entry =
            BYTES(arena_copy(keep, signed_entries[i].p, signed_entries[i].n), signed_entries[i].n);
        if (!err && !list[i].entry.p)
            err = SLUIS_NOMEM;
    }
    arena_free(&scratch);
    return err;
}

static sluis_err place(directory *d, loaded *list, size_t n, sluis_fail *f)
{
    qsort(list, n, sizeof *list, by_oin);
    for (size_t i = 0; i < n; i++) {
        if (i && oin_equal(&list[i - 1].party.oin, &list[i].party.oin))
            return fail_set(f, SLUIS_EXISTS, list[i].party.oin.s, "two entries for one party");
        d->parties[i] = list[i].party;
        d->entries[i] = list[i].entry;
        for (size_t k = 0; k < list[i].party.key_count; k++)
            d->curve_count += list[i].party.keys[k].use == USE_CURVE;
    }
    d->count = n;
    return SLUIS_OK;
}

static sluis_err index_curves(directory *d, sluis_fail *f)
{
    size_t at = 0;
    d->curves = calloc(d->curve_count ? d->curve_count : 1, sizeof *d->curves);
    if (!d->curves)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < d->parties[i].key_count; k++)
            if (d->parties[i].keys[k].use == USE_CURVE)
                d->curves[at++] = (curve_key){.key = &d->parties[i].keys[k], .party = i};
    qsort(d->curves, d->curve_count, sizeof *d->curves, by_pk);
    for (size_t i = 1; i < d->curve_count; i++)
        if (by_pk(&d->curves[i - 1], &d->curves[i]) == 0)
            return fail_set(f, SLUIS_EXISTS, d->parties[d->curves[i].party].oin.s,
                            "shares a CURVE key with %s: a session belongs to one party",
                            d->parties[d->curves[i - 1].party].oin.s);
    return SLUIS_OK;
}

/* Most that the arena can need: the entries, and for each key its row. */
static size_t arena_bound(const bytes *signed_entries, size_t n)
{
    size_t total = 4096;
    for (size_t i = 0; i < n; i++)
        total += 2 * signed_entries[i].n + 64 * (sizeof(party_key) + 16);
    return total;
}

sluis_err directory_build(directory **out, const bytes *signed_entries, size_t n, uint64_t version,
                          const uint8_t dir_pk[static PK_LEN], sluis_fail *f)
{
    *out = NULL;
    if (n > DIRECTORY_PARTIES)
        return fail_set(f, SLUIS_TOO_BIG, "directory", "%zu parties; at most %d", n, DIRECTORY_PARTIES);
    size_t room = n ? n : 1;
    sluis_err err = SLUIS_NOMEM;
    loaded *list = calloc(room, sizeof *list);
    directory *d = calloc(1, sizeof *d);
    if (!list || !d)
        goto done;
    atomic_init(&d->refs, 1);
    d->version = version;
    d->parties = calloc(room, sizeof *d->parties);
    d->entries = calloc(room, sizeof *d->entries);
    d->arena = arena_new_sized(arena_bound(signed_entries, n), 4096);
    if (!d->parties || !d->entries || !d->arena)
        goto done;
    err = load(list, d->arena, signed_entries, n, dir_pk, f);
    if (!err)
        err = place(d, list, n, f);
    if (!err)
        err = index_curves(d, f);
    if (err)
        goto done;
    *out = d;
    d = NULL;
done:
    directory_unref(&d);
    free(list);
    return err;
}

typedef struct {
    agreement it;
    oin party;
} agreed;

static int by_covenant(const void *a, const void *b)
{
    const agreed *x = a, *y = b;
    int order = memcmp(x->party.s, y->party.s, OIN_LEN);
    if (!order)
        order = strcmp(x->it.covenant, y->it.covenant);
    return order ? order : (x->it.version > y->it.version) - (x->it.version < y->it.version);
}

static sluis_err open_agreements(agreed *list, arena *keep, const bytes *signed_agreements, size_t n,
                                 const uint8_t *dir_pk, sluis_fail *f)
{
    oin municipality;
    arena *scratch = arena_new_sized(SCRATCH_MAX, AGREEMENT_FACT_MAX);
    sluis_err err = scratch ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; i < n && !err; i++) {
        arena_reset(scratch);
        err = agreement_open(&list[i].it, &list[i].party, &municipality, keep, scratch, signed_agreements[i],
                             dir_pk, f);
    }
    arena_free(&scratch);
    return err;
}

/* d->agreements[i] goes to its party; those of one party stand together. */
static sluis_err give(directory *d, const agreed *x, size_t i, const agreed *before, sluis_fail *f)
{
    party *p = (party *)(uintptr_t)directory_find(d, &x->party);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, x->party.s, "has an agreement, but is not in the directory");
    if (before && by_covenant(before, x) == 0)
        return fail_set(f, SLUIS_EXISTS, x->party.s, "version %u of covenant %s stands twice", x->it.version,
                        x->it.covenant);
    if (p->agreement_count == AGREEMENTS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, x->party.s, "more than %d agreements", AGREEMENTS_MAX);
    if (!p->agreement_count++)
        p->agreements = &d->agreements[i];
    d->agreements[i] = x->it;
    return SLUIS_OK;
}

sluis_err directory_agree(directory *d, const bytes *signed_agreements, size_t n,
                          const uint8_t dir_pk[static PK_LEN], sluis_fail *f)
{
    size_t room = n ? n : 1, bound = 4096; /* a name of one byte becomes a pointer and sixteen bytes */
    for (size_t i = 0; i < n; i++)
        bound += 12 * signed_agreements[i].n + 512;
    agreed *list = calloc(room, sizeof *list);
    d->agreements = calloc(room, sizeof *d->agreements);
    d->agreed = arena_new_sized(bound, 4096);
    sluis_err err = list && d->agreements && d->agreed
                        ? open_agreements(list, d->agreed, signed_agreements, n, dir_pk, f)
                        : SLUIS_NOMEM;
    if (!err)
        qsort(list, n, sizeof *list, by_covenant);
    for (size_t i = 0; i < n && !err; i++)
        err = give(d, &list[i], i, i ? &list[i - 1] : NULL, f);
    free(list);
    return err;
}

const agreement *directory_agreement(const directory *d, const keyid *id, const party **whose)
{
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < d->parties[i].agreement_count; k++)
            if (keyid_equal(&d->parties[i].agreements[k].id, id)) {
                *whose = &d->parties[i];
                return &d->parties[i].agreements[k];
            }
    return NULL;
}

directory *directory_ref(directory *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

void directory_unref(directory **dp)
{
    if (!dp || !*dp)
        return;
    directory *d = *dp;
    *dp = NULL;
    if (atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) > 1)
        return;
    arena_free(&d->arena);
    arena_free(&d->agreed);
    free(d->agreements);
    free(d->curves);
    free(d->entries);
    free(d->parties);
    free(d);
}

uint64_t directory_version(const directory *d)
{
    return d->version;
}

size_t directory_count(const directory *d)
{
    return d->count;
}

const party *directory_at(const directory *d, size_t i)
{
    return i < d->count ? &d->parties[i] : NULL;
}

bytes directory_entry(const directory *d, size_t i)
{
    return i < d->count ? d->entries[i] : (bytes){0};
}

static int oin_to_party(const void *key, const void *row)
{
    return memcmp(((const oin *)key)->s, ((const party *)row)->oin.s, OIN_LEN);
}

const party *directory_find(const directory *d, const oin *o)
{
    return bsearch(o, d->parties, d->count, sizeof *d->parties, oin_to_party);
}

typedef enum {
    STATE_VALID,
    STATE_SUSPENDED,
    STATE_PARTY_EARLY,
    STATE_PARTY_LATE,
    STATE_EARLY,
    STATE_LATE,
    STATE_REVOKED
} state;

static state state_of(const party *p, const party_key *k, uint64_t now)
{
    if (p->suspended)
        return STATE_SUSPENDED;
    if (now < p->valid_from)
        return STATE_PARTY_EARLY;
    if (now >= p->valid_until)
        return STATE_PARTY_LATE;
    if (k->revoked && now >= k->revoked)
        return STATE_REVOKED;
    if (now < k->valid_from)
        return STATE_EARLY;
    return now < k->valid_until ? STATE_VALID : STATE_LATE;
}

static sluis_err not_valid(const party *p, const party_key *k, state s, sluis_fail *f)
{
    const char *const why[] = {
        [STATE_PARTY_EARLY] = "the party takes part from",
        [STATE_PARTY_LATE] = "the party took part until",
        [STATE_EARLY] = "valid from",
        [STATE_LATE] = "was valid until",
        [STATE_REVOKED] = k->suspended ? "suspended since" : "revoked at",
    };
    const uint64_t when[] = {
        [STATE_PARTY_EARLY] = p->valid_from, [STATE_PARTY_LATE] = p->valid_until,
        [STATE_EARLY] = k->valid_from,       [STATE_LATE] = k->valid_until,
        [STATE_REVOKED] = k->revoked,
    };
    char id[2 * KEYID_LEN + 1], at[TIME_STR];
    if (s == STATE_SUSPENDED)
        return fail_set(f, SLUIS_SUSPENDED, p->oin.s,
                        "the party is suspended: the municipality says when it takes part again");
    hex_encode(id, k->id.b, KEYID_LEN);
    time_format(at, when[s]);
    return fail_set(f, SLUIS_KEY_NOT_VALID, p->oin.s, "%s key %s: %s %s", key_use_name(k->use), id, why[s],
                    at);
}

const party *directory_by_curve(const directory *d, const uint8_t pk[static PK_LEN], uint64_t now_ms)
{
    party_key wanted = {0};
    memcpy(wanted.pk, pk, PK_LEN);
    curve_key probe = {.key = &wanted};
    const curve_key *c = bsearch(&probe, d->curves, d->curve_count, sizeof *d->curves, by_pk);
    if (!c)
        return NULL;
    const party *p = &d->parties[c->party];
    return state_of(p, c->key, now_ms) == STATE_VALID ? p : NULL;
}

sluis_err directory_key(const directory *d, const party *p, key_use use, const keyid *id, uint64_t now_ms,
                        const party_key **out, sluis_fail *f)
{
    char hex[2 * KEYID_LEN + 1];
    *out = NULL;
    for (size_t i = 0; i < p->key_count; i++) {
        const party_key *k = &p->keys[i];
        if (k->use != use || !keyid_equal(&k->id, id))
            continue;
        state s = state_of(p, k, now_ms);
        if (s != STATE_VALID)
            return not_valid(p, k, s, f);
        *out = k;
        return SLUIS_OK;
    }
    hex_encode(hex, id->b, KEYID_LEN);
    return fail_set(
        f, SLUIS_UNKNOWN_KEY, p->oin.s,
        "no %s key %s in directory version %llu: use one that is enrolled (`sluisctl key rotate` keeps the "
        "old beside the new for a while, a request of new keys alone does not)",
        key_use_name(use), hex, (unsigned long long)d->version);
}

sluis_err directory_current(const directory *d, const party *p, key_use use, uint64_t now_ms,
                            const party_key **out, sluis_fail *f)
{
    const party_key *best = NULL, *other = NULL;
    for (size_t i = 0; i < p->key_count; i++) {
        const party_key *k = &p->keys[i];
        if (k->use != use)
            continue;
        if (state_of(p, k, now_ms) != STATE_VALID)
            other = k;
        else if (!best || k->valid_from > best->valid_from)
            best = k;
    }
    *out = best;
    if (best)
        return SLUIS_OK;
    if (other)
        return not_valid(p, other, state_of(p, other, now_ms), f);
    return fail_set(f, SLUIS_UNKNOWN_KEY, p->oin.s, "no %s key in directory version %llu", key_use_name(use),
                    (unsigned long long)d->version);
}
