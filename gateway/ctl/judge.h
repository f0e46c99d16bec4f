/* What a witness decides, without its files: whether a checkpoint goes on from the last one it cosigned. The
 * request is the body of add-checkpoint of C2SP tlog-witness. Thread: pure. */
#ifndef SLUIS_CTL_JUDGE_H
#define SLUIS_CTL_JUDGE_H

#include "crypto/note.h"

/* last NULL: nothing was cosigned yet, and any checkpoint of the log will do. *note: the checkpoint's text,
 * borrowed from the request. INVALID: malformed; UNKNOWN_KEY, BAD_SIGNATURE: not of this log; CONFLICT: it
 * starts from another size than the last cosigned one, is of another origin, or smaller; CORRUPT: the log was
 * rewritten, or the proof is none. restored: a checkpoint of the origin after the last one's, from nothing,
 * will do too: a person says that a restore opened it. */
sluis_err judge_request(checkpoint *out, bytes *note, const checkpoint *last, bool restored, bytes request,
                        const char *log_name, const pubkeys *log, sluis_fail *f);

#endif
