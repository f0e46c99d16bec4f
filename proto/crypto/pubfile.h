/* Public keys on disk, as keyfile_write leaves them beside each private one: one line of ASCII,
 *
 *  <use name> SP <pk, 64 hex digits> SP <key id, 32 hex digits> LF
 *
 * The key id is checked against the key, so that a mistyped line is seen. Thread: pure. */
#ifndef SLUIS_CRYPTO_PUBFILE_H
#define SLUIS_CRYPTO_PUBFILE_H

#include "crypto/keyfile.h"

#define PUBFILE_MAX  128 /* bytes of a line */
#define PUBFILE_KEYS 16  /* lines of a file */

/* INVALID names what is wrong with the line; NOT_FOUND, IO. */
sluis_err pubfile_read(uint8_t pk[static PK_LEN], const char *path, key_use expected, sluis_fail *f);
/* Never overwrites: EXISTS. */
sluis_err pubfile_write(const char *path, key_use use, const uint8_t pk[static PK_LEN], sluis_fail *f);

/* A file of one line or more, a key each: the keys that one name has had over time, oldest first. INVALID
 * also for a key twice; TOO_BIG beyond PUBFILE_KEYS. */
typedef struct {
    uint8_t pk[PUBFILE_KEYS][PK_LEN];
    size_t n;
} pubkeys;
sluis_err pubfile_read_all(pubkeys *out, const char *path, key_use expected, sluis_fail *f);
/* The file holds these keys, synced, or what it held before. */
sluis_err pubfile_replace(const char *path, key_use use, const pubkeys *keys, sluis_fail *f);
bool pubkeys_hold(const pubkeys *keys, const uint8_t pk[static PK_LEN]);
/* At the end, when it is not there. FULL. */
sluis_err pubkeys_add(pubkeys *keys, const uint8_t pk[static PK_LEN]);
pubkeys pubkeys_of(const uint8_t pk[static PK_LEN]);

#endif
