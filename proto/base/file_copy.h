/* A file copied whole. */
#ifndef SLUIS_BASE_FILE_COPY_H
#define SLUIS_BASE_FILE_COPY_H

#include "base/error.h"

/* Copies the file from to a new file to (mode 0600) and syncs it; the folder is the caller's to sync. IO, or
 * NOMEM: f says which file and why; what there is of to stays. */
sluis_err file_copy(const char *from, const char *to, sluis_fail *f);

#endif
