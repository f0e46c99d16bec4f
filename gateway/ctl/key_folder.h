/* A folder of keys as `key new` leaves it. Thread: pure. */
#ifndef SLUIS_CTL_KEY_FOLDER_H
#define SLUIS_CTL_KEY_FOLDER_H

#include "crypto/pubfile.h"
#include "parties/parties.h"

#define KEY_PATH_CAP 1024

/* <dir>/<name><suffix>; at least 8 bytes are left for a longer suffix. */
sluis_err key_path(char out[static KEY_PATH_CAP], const char *dir, const char *name, const char *suffix,
                   sluis_fail *f);
/* The request that was made with the keys: enrolment.json, in the arena. */
sluis_err key_enrolment(Sluis__PartyEntry *out, arena *a, const char *dir, sluis_fail *f);

#endif
