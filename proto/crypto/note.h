/* Signed notes and checkpoints: C2SP signed-note and tlog-checkpoint.
 *
 *   <origin>\n<size, decimal>\n<root, base64>\n\n\u2014 <name> base64(key hash 4 | signature 64)\n
 *
 * Key hash = first 4 bytes of SHA-256(name | 0x0A | 0x01 | pk). The signature covers the text up to and
 * with the newline before the blank line. Verifier key string: <name>+<hex hash>+base64(0x01 | pk). */
#ifndef SLUIS_CRYPTO_NOTE_H
#define SLUIS_CRYPTO_NOTE_H

#include "crypto/pubfile.h"

#define NOTE_MAX   2048
#define ORIGIN_MAX 128

typedef struct {
    char origin[ORIGIN_MAX + 1];
    uint64_t size;
    uint8_t root[HASH_LEN];
} checkpoint;

sluis_err checkpoint_sign(char *out, size_t cap, size_t *len, const checkpoint *c, const char *name,
                          const keypair *log);
/* Another key's line beside it: a log that goes over to another key is signed by both for a while. TOO_BIG.
 */
sluis_err checkpoint_sign_too(char *note, size_t cap, size_t *len, const char *name, const keypair *log);
/* Finds and checks a line of name with one of these keys, the newest that there is; lines of other keys
 * (witnesses) are allowed. Strict otherwise. UNKNOWN_KEY, BAD_SIGNATURE, INVALID, TOO_BIG. */
sluis_err checkpoint_open(checkpoint *out, const char *note, size_t n, const char *name, const pubkeys *log,
                          sluis_fail *f);

/* Size, root and origin as the text says them, strictly parsed; no signature is looked at. INVALID, TOO_BIG.
 */
sluis_err checkpoint_read(checkpoint *out, const char *note, size_t n, sluis_fail *f);

/* The pieces that such texts consist of. */
bool note_line(bytes *rest, bytes *line);    /* the next line without its LF; false: none is complete */
bool note_number(uint64_t *out, bytes line); /* decimal without sign, leading zero or overflow */
bool note_hash(uint8_t out[static HASH_LEN], bytes line); /* base64 of 32 bytes */

/* Cosignatures (C2SP tlog-cosignature, cosignature/v1): a witness's line on a note,
 *
 *   \u2014 <name> base64(key hash 4 | timestamp u64, seconds since 1970 | signature 64)\n
 *
 * with key hash = first 4 bytes of SHA-256(name | 0x0A | 0x04 | pk), over "cosignature/v1\ntime
 * <timestamp>\n" and the note's text. */
/* Appends the line to the note of *len bytes. EXISTS: it has one of this key. TOO_BIG, INVALID. */
sluis_err checkpoint_cosign(char *note, size_t cap, size_t *len, const char *name, const keypair *witness,
                            uint64_t seconds);
/* Finds and checks the line of (name, pk); says when it was made. Says nothing of the log's own signature.
 * UNKNOWN_KEY, BAD_SIGNATURE, INVALID. */
sluis_err cosignature_open(uint64_t *seconds, const char *note, size_t n, const char *name,
                           const uint8_t pk[static PK_LEN], sluis_fail *f);
/* As verifier_format and verifier_parse, for a witness's key (0x04 instead of 0x01). */
sluis_err cosigner_format(char *out, size_t cap, const char *name, const uint8_t pk[static PK_LEN]);
sluis_err cosigner_parse(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *s);

/* Verifier key string of (name, pk). parse: INVALID unless its parts fit each other. */
sluis_err verifier_format(char *out, size_t cap, const char *name, const uint8_t pk[static PK_LEN]);
sluis_err verifier_parse(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *s);

#endif
