/* Signed statements of the directory: Ed25519 over a prefix line and bytes. A prefix has one use. */
#ifndef SLUIS_DIRECTORY_STATEMENT_H
#define SLUIS_DIRECTORY_STATEMENT_H

#include "crypto/keyfile.h"

#define STATEMENT_ENTRY      "sluis/1 entry\n"
#define STATEMENT_DELEGATION "sluis/1 delegation\n"
#define STATEMENT_SNAPSHOT   "sluis/1 snapshot\n"
#define STATEMENT_KEY        "sluis/1 key\n"
#define STATEMENT_AGREEMENT  "sluis/1 agreement\n"          /* a party, under an agreement */
#define STATEMENT_ACCEPTED   "sluis/1 agreement accepted\n" /* the directory key, under the same bytes */
#define STATEMENT_FACT       "sluis/1 agreement fact\n"

sluis_err statement_sign(uint8_t sig[static SIG_LEN], const char *prefix, bytes said, const keypair *key);
sluis_err statement_verify(const uint8_t sig[static SIG_LEN], const char *prefix, bytes said,
                           const uint8_t pk[static PK_LEN]); /* BAD_SIGNATURE, NOMEM */

#endif
