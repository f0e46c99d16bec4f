/* A witness on its own disk: its key, and the last checkpoint it cosigned. Its folder:
 *
 *   witness.key, witness.key.pub    its key pair
 *   witness.vkey                    what verifiers need: <name>+<hash>+<key>, one line
 *   last                            the last note it cosigned; written and synced before a cosignature leaves
 *   last.<n>                        the last note of the log's origin n, which a restore has ended
 *
 * Thread: one; a second process waits for the first (flock). */
#ifndef SLUIS_CTL_WITNESS_STATE_H
#define SLUIS_CTL_WITNESS_STATE_H

#include "crypto/note.h"
#include "crypto/pubfile.h"
#include "ctl/command.h"

typedef struct {
    const char *dir, *log_name; /* borrowed */
    char name[ORIGIN_MAX + 1];
    keypair key;
    pubkeys log;
    int lock;
    checkpoint last;
    bool has_last;
    char note[NOTE_MAX + 1]; /* the last one, cosigned; NUL-terminated */
    size_t note_len;
} witness;

sluis_err witness_path(char *out, size_t cap, const char *dir, const char *name, sluis_fail *f);
/* Key, lock, and the last note: ours in every way, or nothing is cosigned. init: there is none yet, and this
 * is the only way to begin. log_key_file: the log's public key. Everything that goes wrong is of this
 * machine. */
sluis_err witness_open(witness *w, const char *dir, const char *log_name, const char *log_key_file, bool init,
                       sluis_fail *f);
void witness_close(witness *w);

/* Judges the request (ctl/judge.h) and cosigns its checkpoint: w->last and w->note are then of it, on disk
 * too. restored: the log's next origin may follow on the last one. *mine: the failure is of this machine, not
 * of the request. */
sluis_err witness_cosign(witness *w, bytes request, bool restored, bool *mine, sluis_fail *f);
/* Prints why a request was refused. */
ctl_exit witness_refused(const ctl_call *c, const witness *w, sluis_err e, const sluis_fail *f);

#endif
