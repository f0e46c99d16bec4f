/* An agreement (convenant) between a party and the municipality: for which purposes the party gives and asks
 * data of which categories, and from when until when. Both sign the same bytes, a packed Agreement:
 *
 *   "sluis/1 agreement\n"          | agreement   by a signing key of the party
 *   "sluis/1 agreement accepted\n" | agreement   by the municipality's directory key
 *
 * What the gateway keeps of it is an AgreementFact (both signatures, and when it was filed, accepted,
 * revoked), signed by the directory key under "sluis/1 agreement fact\n". An agreement's hash is
 * H("sluis1-agreement", -, agreement); its id is the hash's first 16 bytes. Thread: pure. */
#ifndef SLUIS_DIRECTORY_AGREEMENT_H
#define SLUIS_DIRECTORY_AGREEMENT_H

#include "base/ids.h"
#include "crypto/keyfile.h"
#include "sluis.pb-c.h"
#include "wire/arena.h"

#define AGREEMENT_MAX        8192 /* bytes of a packed Agreement */
#define AGREEMENT_FACT_MAX   16384
#define AGREEMENTS_MAX       64 /* a party */
#define AGREEMENT_PURPOSES   32
#define AGREEMENT_CATEGORIES 8
#define AGREEMENT_ATTRIBUTES 64

typedef struct {
    char *const *at;
    size_t n;
} agreed_names;

typedef struct {
    keyid id;
    uint8_t hash[HASH_LEN];
    char covenant[NAME_MAX_LEN + 1];
    uint32_t version;            /* of the covenant, from 1; a later one takes the place of an earlier */
    uint8_t text_hash[HASH_LEN]; /* SHA-256 of the document */
    agreed_names purposes;
    agreed_names gives, asks; /* categories that the party gives, and that it is given when it asks */
    agreed_names
        attributes; /* catalogue names, or the beginning of one and "*"; none: all of these categories */
    uint64_t valid_from, valid_until;
    uint8_t party_pk[PK_LEN], party_signature[SIG_LEN], municipality_signature[SIG_LEN];
    uint64_t filed, accepted, revoked; /* UTC ms; accepted 0: the party alone signed; revoked 0: not */
    uint64_t fact_version;             /* the directory's, at its last change */
} agreement;

/* Packs and checks its bounds: INVALID (f names the field). */
sluis_err agreement_pack(buffer *out, const Sluis__Agreement *a, sluis_fail *f);
void agreement_hash(uint8_t out[static HASH_LEN], bytes packed);
sluis_err agreement_sign(uint8_t sig[static SIG_LEN], bytes packed, const keypair *party_sign);
sluis_err agreement_accept(uint8_t sig[static SIG_LEN], bytes packed, const keypair *dir_key);

/* A fact as it is stored. */
sluis_err agreement_fact_sign(buffer *out, const Sluis__AgreementFact *fact, const keypair *dir_key);
/* Every signature and every bound. Decodes into scratch; what out points to lives in keep. INVALID,
 * NONCANONICAL, TOO_BIG, BAD_SIGNATURE. */
sluis_err agreement_open(agreement *out, oin *whose, oin *municipality, arena *keep, arena *scratch,
                         bytes signed_fact, const uint8_t dir_pk[static PK_LEN], sluis_fail *f);

typedef enum { AGREED_GIVES, AGREED_ASKS } agreed_side;
typedef struct {
    agreed_side side;      /* of the party whose agreements these are */
    const char *purpose;   /* NULL: is there an agreement in force at all */
    const char *category;  /* by name; NULL: nothing is given or asked, the purpose alone counts */
    const char *attribute; /* by name */
} agreed_question;

/* Judges by a party's agreements, in the order of covenant and version. Of each covenant one counts: the
 * latest version that both signed and that has begun. OK: one of them allows it, and *about is that one.
 * Otherwise why the one that came furthest does not: AGREEMENT_MISSING (*about NULL), _ONE_SIGNATURE,
 * _NOT_IN_FORCE, _REVOKED, _PURPOSE, _CATEGORY. */
sluis_err agreement_judge(const agreement *list, size_t n, const agreed_question *q, uint64_t now_ms,
                          const agreement **about);
/* The agreement of its covenant that counts now (of list[from..]); *next is where the next covenant begins.
 */
const agreement *agreement_counts(const agreement *list, size_t n, size_t from, uint64_t now_ms,
                                  size_t *next);
/* UTC ms at which the covenant ends whose agreement a counts: later versions, up to stop, that both signed
 * and that begin before it ends included. */
uint64_t agreement_end(const agreement *a, const agreement *stop);
/* UTC ms at which the first of the covenants in force ends; UINT64_MAX: none is in force. */
uint64_t agreements_end(const agreement *list, size_t n, uint64_t now_ms);

#endif
