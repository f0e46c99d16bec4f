/* The directory of parties: entries signed by the directory key, which the offline root delegates.
 * An immutable, reference-counted snapshot: built by one thread, read by any, never changed.
 * Thread: directory_ref / directory_unref are atomic; all reads are safe from any thread. */
#ifndef SLUIS_DIRECTORY_DIRECTORY_H
#define SLUIS_DIRECTORY_DIRECTORY_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "crypto/pubfile.h"
#include "directory/agreement.h"
#include "sluis.pb-c.h"

#define ORIGIN_NAME_MAX      120
#define DIRECTORY_PARTIES    100000
#define ENTRY_MAX            16384       /* bytes of one signed entry */
#define SNAPSHOT_MAX         (64u << 20) /* bytes of one signed snapshot */
#define SNAPSHOT_PART        (32u << 10) /* bytes of one in a frame, at most */
#define DIRECTORY_MAX_AGE_MS DAY_MS      /* an adapter acts only on a snapshot signed within 24 h */

typedef struct directory directory;

typedef struct {
    key_use use;
    uint8_t pk[PK_LEN];
    keyid id;
    uint64_t valid_from, valid_until; /* UTC ms */
    uint64_t revoked;                 /* from when on it is not used; 0 = it is */
    bool suspended;                   /* that may end again: it is suspended, not revoked */
} party_key;

typedef struct {
    oin oin;
    char name[129];
    char domain[NAME_MAX_LEN + 1];
    uint64_t valid_from, valid_until;
    bool suspended;
    const party_key *keys;
    size_t key_count;
    uint32_t suites;             /* bit n: suite n allowed */
    const agreement *agreements; /* in the order of covenant and version */
    size_t agreement_count;
} party;

/* What a party signs about each of its keys, with one of its signing keys (a signing key: with itself), for
 * DirectoryKey.signature. */
sluis_err party_key_sign(uint8_t sig[static SIG_LEN], const keypair *sign, key_use use,
                         const uint8_t pk[static PK_LEN], uint64_t from, uint64_t until, const oin *who);

/* BAD_SIGNATURE: the signing key by did not say this. */
sluis_err party_key_verify(const uint8_t sig[static SIG_LEN], const uint8_t by[static PK_LEN], key_use use,
                           const uint8_t pk[static PK_LEN], uint64_t from, uint64_t until, const oin *who);

/* The root's word that a key speaks for a gateway, from when until when (UTC ms). read checks no signature;
 * open does, and that it is valid now: BAD_SIGNATURE, NOT_YET, EXPIRED. */
typedef struct {
    char gateway[ORIGIN_NAME_MAX + 1];
    uint8_t pk[PK_LEN];
    uint64_t from, until;
} delegated;
sluis_err delegation_read(delegated *out, bytes signed_delegation, sluis_fail *f);
sluis_err delegation_open(delegated *out, bytes signed_delegation, const uint8_t root_pk[static PK_LEN],
                          uint64_t now_ms, sluis_fail *f);

/* A signed entry as it is stored and sent. */
sluis_err entry_sign(buffer *out, const Sluis__PartyEntry *e, const keypair *dir_key);
sluis_err delegation_sign(buffer *out, const char *gateway, const uint8_t dir_pk[static PK_LEN],
                          uint64_t from, uint64_t until, const keypair *root);

/* Builds from signed entries; each signature and each bound is checked (BAD_SIGNATURE names the OIN). EXISTS:
 * a party twice, or a CURVE key of two parties. */
sluis_err directory_build(directory **out, const bytes *signed_entries, size_t n, uint64_t version,
                          const uint8_t dir_pk[static PK_LEN], sluis_fail *f);
/* Gives the parties their agreements, from signed facts; once, before anyone else sees d. Each signature and
 * each bound is checked. EXISTS: one version of a covenant twice; UNKNOWN_PARTY; TOO_BIG: more than
 * AGREEMENTS_MAX of one party. (Snapshots for adapters have none: what a party agreed is no other party's
 * affair.) */
sluis_err directory_agree(directory *d, const bytes *signed_agreements, size_t n,
                          const uint8_t dir_pk[static PK_LEN], sluis_fail *f);
directory *directory_ref(directory *d);
void directory_unref(directory **d);

uint64_t directory_version(const directory *d);
size_t directory_count(const directory *d);
const party *directory_at(const directory *d, size_t i); /* in the order of OINs; NULL beyond the last */
bytes directory_entry(const directory *d, size_t i);     /* its signed entry, borrowed */
const party *directory_find(const directory *d, const oin *o);
/* The agreement with this id and whose it is; NULL. */
const agreement *directory_agreement(const directory *d, const keyid *id, const party **whose);
/* The party whose CURVE key this is, both valid now and the party not suspended; NULL otherwise. */
const party *directory_by_curve(const directory *d, const uint8_t pk[static PK_LEN], uint64_t now_ms);
/* The key with this id and use: UNKNOWN_KEY, KEY_NOT_VALID (f says since or until when, or when
 * revoked), SUSPENDED. */
sluis_err directory_key(const directory *d, const party *p, key_use use, const keyid *id, uint64_t now_ms,
                        const party_key **out, sluis_fail *f);
/* The newest key of a use valid now. */
sluis_err directory_current(const directory *d, const party *p, key_use use, uint64_t now_ms,
                            const party_key **out, sluis_fail *f);

/* A snapshot for adapters. log: at least one key, the newest last. open checks delegation under root_pk,
 * signature, age (EXPIRED beyond 24 h). */
sluis_err snapshot_make(buffer *out, const directory *d, bytes signed_delegation, const keypair *dir_key,
                        const char *log_name, const pubkeys *log, uint64_t now_ms);
/* Names a signed snapshot: H("sluis1-snapshot", -, raw). */
void snapshot_hash(uint8_t out[static HASH_LEN], bytes raw);
typedef struct {
    directory *dir; /* owned reference */
    char gateway[ORIGIN_NAME_MAX + 1];
    char log_name[ORIGIN_NAME_MAX + 1];
    pubkeys log; /* the keys that the log has had, and has; the newest last */
    uint64_t made;
} snapshot;
sluis_err snapshot_open(snapshot *out, bytes raw, const uint8_t root_pk[static PK_LEN], uint64_t now_ms,
                        sluis_fail *f);
void snapshot_close(snapshot *s);

#endif
