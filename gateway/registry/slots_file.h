/* The key file as bytes: a header of 4096 and slots of 128 behind it, allocated on disk when it is made. What
 * a slot holds is keyslots.h's. Thread: one writer; reads from any thread. */
#ifndef SLUIS_REGISTRY_SLOTS_FILE_H
#define SLUIS_REGISTRY_SLOTS_FILE_H

#include "crypto/crypto.h"

#define SLOT_LEN    128
#define SLOTS_PARTS 64 /* as made, and enlarged 63 times */

typedef struct {
    int fd; /* -1: not open */
    unsigned parts;
    uint64_t end[SLOTS_PARTS]; /* of each part: the number of the first slot behind it */
} slots_file;

/* kh: the key of the header's check, which tells another master key. A file that is absent is made when
 * writable (0600, of capacity slots). On an error nothing is open. */
sluis_err slots_file_open(slots_file *out, const char *path, bool writable, uint64_t capacity,
                          const uint8_t kh[static KEY_LEN], sluis_fail *f);
void slots_file_close(slots_file *s);
uint64_t slots_file_capacity(const slots_file *s);
/* A part more, so that it has capacity slots, of which it has fewer now; 64 are added at least. A crash at
 * any moment leaves the file as it was, or enlarged. path: for f. NO_SPACE: it stays as it is, and goes on
 * being used. FULL: it was enlarged as often as it can be. INVALID: more than any file holds. IO: close it.
 */
sluis_err slots_file_enlarge(slots_file *s, uint64_t capacity, const uint8_t kh[static KEY_LEN],
                             const char *path, sluis_fail *f);

/* n slots from slot on, which the file has. CORRUPT: it ends before; IO. */
sluis_err slots_file_read(const slots_file *s, uint8_t *out, uint64_t slot, uint64_t n);
/* One slot, in one write; on disk after slots_file_sync. NO_SPACE, IO. */
sluis_err slots_file_write(const slots_file *s, const uint8_t raw[static SLOT_LEN], uint64_t slot);
sluis_err slots_file_sync(const slots_file *s);
/* Whether they are zero, as a slot is that was never used. */
bool slots_file_zero(const uint8_t *p, size_t n);

#endif
