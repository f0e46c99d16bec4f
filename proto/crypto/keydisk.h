/* Files of secrets on disk: made whole and synced, or not at all; refused when others can read them; replaced
 * and destroyed so that the old bytes are written over before they are let go. Flash and snapshots may keep
 * old blocks all the same.
 *
 * A crash at any step leaves the old file or the new one, and perhaps one of these beside it, which
 * keydisk_finish deals with:
 *
 *   <path>.part   a new file that is not yet whole, or, once it is in its place, only a second name of it
 *   <path>.new    the next content, not yet in its place
 *   <path>.gone   content on its way out; while it still is the file at <path> itself, only a second name
 *
 * Thread: pure. */
#ifndef SLUIS_CRYPTO_KEYDISK_H
#define SLUIS_CRYPTO_KEYDISK_H

#include "base/bytes.h"
#include "base/error.h"

#include <sys/types.h>

#define KEYDISK_PATH 4096

/* A new file, whole and synced, or none, also when the program is killed meanwhile. EXISTS. Its name is
 * durable after keydisk_sync_folder. */
sluis_err keydisk_write_new(const char *path, mode_t mode, const void *p, size_t n, sluis_fail *f);
sluis_err keydisk_sync_folder(const char *path, sluis_fail *f); /* of this file */
/* At most cap bytes of a regular file of mode 0600 or less, owned by the user that runs the program; anything
 * else is PERMISSION. */
sluis_err keydisk_read(uint8_t *out, size_t cap, size_t *n, const char *path, sluis_fail *f);
/* The file has this content, mode 0600, or still the old; the old bytes are written over. */
sluis_err keydisk_replace(const char *path, const void *p, size_t n, sluis_fail *f);
/* Out of its place at once, then written over, synced and removed. NOT_FOUND. */
sluis_err keydisk_destroy(const char *path, sluis_fail *f);
/* Ends what a crash left undone in this folder. */
sluis_err keydisk_finish(const char *folder, sluis_fail *f);
/* A program that runs on a folder's keys, or (alone) one that changes how all of them are kept; *fd is closed
 * to let go. CONFLICT: in use the other way. */
sluis_err keydisk_lock(int *fd, const char *folder, bool alone, sluis_fail *f);

#endif
