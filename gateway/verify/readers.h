/* Who may read the journal over HTTP: parties and witnesses, each with a token of its own. The file holds a
 * line for each, "<name> <SHA-256 of the token, hex>": whoever reads the file has no token. Empty lines and
 * lines that begin with # are passed over. Thread: read-only after readers_load. */
#ifndef SLUIS_VERIFY_READERS_H
#define SLUIS_VERIFY_READERS_H

#include "base/error.h"

#define READERS_MAX 1024

typedef struct readers readers;

/* path NULL: nobody. INVALID names the line. */
sluis_err readers_load(readers **out, const char *path, sluis_fail *f);
void readers_free(readers **r);
/* Whose token this is (borrowed); NULL: nobody's. */
const char *readers_find(const readers *r, const char *token);

#endif
