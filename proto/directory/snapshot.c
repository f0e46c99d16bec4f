/* Delegation and snapshot: root signs "directory key D speaks for this gateway until then"; D signs the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"
#include "directory/statement.h"
#include "wire/arena.h"
#include "wire/envelope.h"

#define SKEW_MS (2 * 60 * 1000)

static ProtobufCBinaryData data_of(const void *p, size_t n)
{
    return (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)p};
}

static bool origin_name_valid(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= ORIGIN_NAME_MAX;
}

sluis_err delegation_sign(buffer *out, const char *gateway, const uint8_t dir_pk[static PK_LEN],
                          uint64_t from, uint64_t until, const keypair *root)
{
    uint8_t sig[SIG_LEN];
    buffer packed;
    Sluis__Delegation d = SLUIS__DELEGATION__INIT;
    Sluis__SignedDelegation s = SLUIS__SIGNED_DELEGATION__INIT;
    if (!origin_name_valid(gateway) || from >= until)
        return SLUIS_INVALID;
    d.gateway = (char *)(uintptr_t)gateway;
    d.directory_pk = data_of(dir_pk, PK_LEN);
    d.valid_from = from;
    d.valid_until = until;
    buffer_init(&packed, ENTRY_MAX);
    sluis_err err = wire_pack(&packed, &d.base);
    if (!err)
        err = statement_sign(sig, STATEMENT_DELEGATION, buffer_bytes(&packed), root);
    if (!err) {
        s.delegation = data_of(packed.p, packed.n);
        s.signature = data_of(sig, SIG_LEN);
        err = wire_pack(out, &s.base);
    }
    buffer_close(&packed);
    return err;
}

/* root_pk NULL: whose it is, is not asked. */
static sluis_err take_delegation(delegated *out, arena *a, bytes raw, const uint8_t *root_pk, sluis_fail *f)
{
    ProtobufCMessage *m;
    sluis_err err = wire_unpack(&m, &sluis__signed_delegation__descriptor, a, raw, f);
    if (err)
        return err;
    const Sluis__SignedDelegation *s = (const Sluis__SignedDelegation *)m;
    bytes said = BYTES(s->delegation.data, s->delegation.len);
    if (s->signature.len != SIG_LEN ||
        (root_pk && statement_verify(s->signature.data, STATEMENT_DELEGATION, said, root_pk)))
        return fail_set(f, SLUIS_BAD_SIGNATURE, "signeddelegation", "is not signed by the root key");
    err = wire_unpack(&m, &sluis__delegation__descriptor, a, said, f);
    if (err)
        return err;
    const Sluis__Delegation *d = (const Sluis__Delegation *)m;
    if (!origin_name_valid(d->gateway) || d->directory_pk.len != PK_LEN)
        return fail_set(f, SLUIS_INVALID, "delegation", "names no gateway or no key");
    strcpy(out->gateway, d->gateway);
    memcpy(out->pk, d->directory_pk.data, PK_LEN);
    out->from = d->valid_from;
    out->until = d->valid_until;
    return SLUIS_OK;
}

static sluis_err check_term(const delegated *d, uint64_t now_ms, sluis_fail *f)
{
    if (now_ms < d->from)
        return fail_set(f, SLUIS_NOT_YET, "delegation",
                        "the root's delegation is not valid yet: compare the clocks");
    if (now_ms >= d->until)
        return fail_set(f, SLUIS_EXPIRED, "delegation",
                        "the root's delegation is over: have the root sign a new one");
    return SLUIS_OK;
}

static sluis_err delegation_take(delegated *out, bytes raw, const uint8_t *root_pk, sluis_fail *f)
{
    arena *a = arena_new((size_t)4 * ENTRY_MAX);
    sluis_err err = a ? take_delegation(out, a, raw, root_pk, f)
                      : fail_set(f, SLUIS_NOMEM, "delegation", "out of memory");
    arena_free(&a);
    return err;
}

sluis_err delegation_read(delegated *out, bytes raw, sluis_fail *f)
{
    return delegation_take(out, raw, NULL, f);
}

sluis_err delegation_open(delegated *out, bytes raw, const uint8_t root_pk[static PK_LEN], uint64_t now_ms,
                          sluis_fail *f)
{
    sluis_err err = delegation_take(out, raw, root_pk, f);
    return err ? err : check_term(out, now_ms, f);
}

sluis_err snapshot_make(buffer *out, const directory *d, bytes signed_delegation, const keypair *dir_key,
                        const char *log_name, const pubkeys *log, uint64_t now_ms)
{
    uint8_t sig[SIG_LEN];
    buffer packed;
    Sluis__DirectorySnapshot s = SLUIS__DIRECTORY_SNAPSHOT__INIT;
    Sluis__SignedSnapshot signed_ = SLUIS__SIGNED_SNAPSHOT__INIT;
    size_t n = directory_count(d);
    if (!origin_name_valid(log_name) || log->n == 0)
        return SLUIS_INVALID;
    ProtobufCBinaryData earlier[PUBFILE_KEYS], *entries = calloc(n ? n : 1, sizeof *entries);
    if (!entries)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        bytes e = directory_entry(d, i);
        entries[i] = data_of(e.p, e.n);
    }
    s.delegation = data_of(signed_delegation.p, signed_delegation.n);
    s.entries = entries;
    s.n_entries = n;
    s.version = directory_version(d);
    s.made = now_ms;
    for (size_t i = 0; i + 1 < log->n; i++)
        earlier[i] = data_of(log->pk[i], PK_LEN);
    s.earlier_log_pks = earlier;
    s.n_earlier_log_pks = log->n - 1;
    s.log_pk = data_of(log->pk[log->n - 1], PK_LEN);
    s.log_name = (char *)(uintptr_t)log_name;
    buffer_init(&packed, SNAPSHOT_MAX);
    sluis_err err = wire_pack(&packed, &s.base);
    if (!err)
        err = statement_sign(sig, STATEMENT_SNAPSHOT, buffer_bytes(&packed), dir_key);
    if (!err) {
        signed_.snapshot = data_of(packed.p, packed.n);
        signed_.signature = data_of(sig, SIG_LEN);
        err = wire_pack(out, &signed_.base);
    }
    buffer_close(&packed);
    free(entries);
    return err;
}

void snapshot_hash(uint8_t out[static HASH_LEN], bytes raw)
{
    hash_one(out, "sluis1-snapshot", NULL, raw.p, raw.n);
}

static sluis_err check_age(uint64_t made, uint64_t now_ms, sluis_fail *f)
{
    if (made > now_ms && made - now_ms > SKEW_MS)
        return fail_set(f, SLUIS_NOT_YET, "directorysnapshot.made",
                        "made %llu ms ahead of this clock: compare the clocks",
                        (unsigned long long)(made - now_ms));
    if (now_ms > made && now_ms - made > DIRECTORY_MAX_AGE_MS)
        return fail_set(f, SLUIS_EXPIRED, "directorysnapshot.made",
                        "made %llu ms ago, older than a day: connect to the gateway for a newer one",
                        (unsigned long long)(now_ms - made));
    return SLUIS_OK;
}

static sluis_err build(directory **out, const Sluis__DirectorySnapshot *s, const uint8_t *dir_pk, arena *a,
                       sluis_fail *f)
{
    bytes *entries = arena_alloc(a, s->n_entries * sizeof *entries);
    if (!entries)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < s->n_entries; i++)
        entries[i] = BYTES(s->entries[i].data, s->entries[i].len);
    return directory_build(out, entries, s->n_entries, s->version, dir_pk, f);
}

static sluis_err take_log(pubkeys *out, const Sluis__DirectorySnapshot *s)
{
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < s->n_earlier_log_pks; i++)
        err = s->earlier_log_pks[i].len == PK_LEN ? pubkeys_add(out, s->earlier_log_pks[i].data)
                                                  : SLUIS_INVALID;
    return err || s->log_pk.len != PK_LEN ? SLUIS_INVALID : pubkeys_add(out, s->log_pk.data);
}

static sluis_err open_in(snapshot *out, arena *a, bytes raw, const uint8_t *root_pk, uint64_t now_ms,
                         sluis_fail *f)
{
    ProtobufCMessage *m;
    delegated d;
    sluis_err err = wire_unpack(&m, &sluis__signed_snapshot__descriptor, a, raw, f);
    if (err)
        return err;
    const Sluis__SignedSnapshot *signed_ = (const Sluis__SignedSnapshot *)m;
    bytes said = BYTES(signed_->snapshot.data, signed_->snapshot.len);
    if (signed_->signature.len != SIG_LEN)
        return fail_set(f, SLUIS_INVALID, "signedsnapshot.signature", "is not 64 bytes");
    err = wire_unpack(&m, &sluis__directory_snapshot__descriptor, a, said, f);
    if (err)
        return err;
    const Sluis__DirectorySnapshot *s = (const Sluis__DirectorySnapshot *)m;
    err = take_delegation(&d, a, BYTES(s->delegation.data, s->delegation.len), root_pk, f);
    if (!err)
        err = check_term(&d, now_ms, f);
    if (err)
        return err;
    if (statement_verify(signed_->signature.data, STATEMENT_SNAPSHOT, said, d.pk))
        return fail_set(f, SLUIS_BAD_SIGNATURE, "signedsnapshot",
                        "is not signed by the key that the root delegated");
    err = check_age(s->made, now_ms, f);
    if (err)
        return err;
    if (!origin_name_valid(s->log_name) || take_log(&out->log, s))
        return fail_set(f, SLUIS_INVALID, "directorysnapshot", "names no log, no log key, or more than %d",
                        PUBFILE_KEYS);
    err = build(&out->dir, s, d.pk, a, f);
    if (err)
        return err;
    strcpy(out->gateway, d.gateway);
    strcpy(out->log_name, s->log_name);
    out->made = s->made;
    return SLUIS_OK;
}

sluis_err snapshot_open(snapshot *out, bytes raw, const uint8_t root_pk[static PK_LEN], uint64_t now_ms,
                        sluis_fail *f)
{
    memset(out, 0, sizeof *out);
    if (raw.n > SNAPSHOT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "signedsnapshot", "at most %u bytes", SNAPSHOT_MAX);
    /* A ceiling only: the bytes as they are unpacked twice, and for each entry protobuf-c's book-keeping. */
    size_t entries = raw.n / 2 < DIRECTORY_PARTIES ? raw.n / 2 : DIRECTORY_PARTIES;
    arena *a = arena_new_sized(4 * raw.n + 256 * entries + 16384, 2 * raw.n + 4096);
    if (!a)
        return SLUIS_NOMEM;
    sluis_err err = open_in(out, a, raw, root_pk, now_ms, f);
    arena_free(&a);
    return err;
}

void snapshot_close(snapshot *s)
{
    if (!s)
        return;
    directory_unref(&s->dir);
    memset(s, 0, sizeof *s);
}
