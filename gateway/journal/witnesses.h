/* The witnesses whose cosignatures count: a file with a verifier key (witness.vkey) a line; empty lines and
 * lines that begin with # are passed over. Thread: read-only after witnesses_load. */
#ifndef SLUIS_JOURNAL_WITNESSES_H
#define SLUIS_JOURNAL_WITNESSES_H

#include "crypto/note.h"

#define WITNESSES_MAX 64

typedef struct witnesses witnesses;

/* path NULL: none. INVALID names the line. */
sluis_err witnesses_load(witnesses **out, const char *path, sluis_fail *f);
void witnesses_free(witnesses **w);
/* The first witness of the list whose line stands on the note and fits it (borrowed). NULL: none does, and f
 * says so. */
const char *witnesses_find(const witnesses *w, bytes note, uint64_t *seconds, sluis_fail *f);

#endif
