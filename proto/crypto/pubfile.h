/* Public keys on disk, as keyfile_write leaves them beside each private one: one line of ASCII,
 *
 *  <use name> SP <pk, 64 hex digits> SP <key id, 32 hex digits> LF
 *
 * The key id is checked against the key, so that a mistyped line is seen. Thread: pure. */
#ifndef SLUIS_CRYPTO_PUBFILE_H
#define SLUIS_CRYPTO_PUBFILE_H

#include "crypto/keyfile.h"

#define PUBFILE_MAX 128

/* INVALID names what is wrong with the line; NOT_FOUND, IO. */
sluis_err pubfile_read(uint8_t pk[static PK_LEN], const char *path, key_use expected, sluis_fail *f);
/* Never overwrites: EXISTS. */
sluis_err pubfile_write(const char *path, key_use use, const uint8_t pk[static PK_LEN], sluis_fail *f);

#endif
