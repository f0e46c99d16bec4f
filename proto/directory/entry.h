/* One signed entry of the directory, checked and decoded. Thread: pure. */
#ifndef SLUIS_DIRECTORY_ENTRY_H
#define SLUIS_DIRECTORY_ENTRY_H

#include "directory/directory.h"
#include "wire/arena.h"

/* Signature, bounds, and the party's own signature under each of its keys. Decodes into scratch; out->keys
 * points into keep. INVALID, BAD_SIGNATURE, TOO_BIG; f->where is the OIN once it is known. */
sluis_err entry_open(party *out, arena *keep, arena *scratch, bytes signed_entry,
                     const uint8_t dir_pk[static PK_LEN], sluis_fail *f);

#endif
