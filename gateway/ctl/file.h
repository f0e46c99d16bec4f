/* Files that a command writes: whole, synced, or not at all. Thread: any. */
#ifndef SLUIS_CTL_FILE_H
#define SLUIS_CTL_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* A new file, never over another: EXISTS; IO. */
sluis_err file_write_new(const char *path, const void *p, size_t n, mode_t mode, sluis_fail *f);
/* Takes the place of what stood there at once: under <path>.new first, synced, renamed, and the folder
 * synced. IO: the old one still stands. */
sluis_err file_replace(const char *path, const void *p, size_t n, mode_t mode, sluis_fail *f);

#endif
