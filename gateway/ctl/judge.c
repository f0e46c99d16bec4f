/* old <size> LF | base64 of 32 bytes LF, at most 63 times | LF | the signed checkpoint */
#include "ctl/judge.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/merkle.h"
#include "journal/journal.h"

#define PROOF_MAX 63

static bool follows(const checkpoint *last, const checkpoint *now, const char *log_name)
{
    uint64_t before, after;
    return origin_number(last->origin, log_name, &before) && origin_number(now->origin, log_name, &after) &&
           after > before;
}

sluis_err judge_request(checkpoint *out, bytes *note, const checkpoint *last, bool restored, bytes request,
                        const char *log_name, const pubkeys *log, sluis_fail *f)
{
    uint8_t proof[PROOF_MAX][HASH_LEN];
    uint64_t old = 0;
    static const char first[] = "old ";
    const size_t skip = sizeof first - 1;
    size_t len = 0;
    bytes line;
    *note = request;
    if (!note_line(note, &line) || line.n < skip || memcmp(line.p, first, skip) != 0 ||
        !note_number(&old, BYTES(line.p + skip, line.n - skip)))
        return fail_set(f, SLUIS_INVALID, "request", "the first line must be: old <size>");
    for (;; len++) {
        if (!note_line(note, &line))
            return fail_set(f, SLUIS_INVALID, "request", "an empty line must stand before the checkpoint");
        if (line.n == 0)
            break;
        if (len == PROOF_MAX || !note_hash(proof[len], line))
            return fail_set(f, SLUIS_INVALID, "request",
                            "line %zu is not base64 of 32 bytes, or one too many", len + 2);
    }
    sluis_err e = checkpoint_open(out, (const char *)note->p, note->n, log_name, log, f);
    if (e)
        return e;
    if (restored && last && old == 0 && follows(last, out, log_name))
        last = NULL;
    if (last && strcmp(last->origin, out->origin) != 0)
        return fail_set(f, SLUIS_CONFLICT, "checkpoint",
                        "is of %s; the last cosigned is of %s. When a restore was announced: --restored",
                        out->origin, last->origin);
    if (old != (last ? last->size : 0))
        return fail_set(f, SLUIS_CONFLICT, "request",
                        "starts from size %" PRIu64 "; the last cosigned is %" PRIu64, old,
                        last ? last->size : 0);
    if (out->size < old || out->size == 0)
        return fail_set(f, SLUIS_CONFLICT, "checkpoint",
                        "is of size %" PRIu64 ", smaller than the last cosigned", out->size);
    if (!last)
        return len ? fail_set(f, SLUIS_INVALID, "request", "proves something from nothing") : SLUIS_OK;
    if (merkle_verify_consistency(last->size, out->size, last->root, out->root,
                                  (const uint8_t(*)[HASH_LEN])proof, len))
        return fail_set(f, SLUIS_CORRUPT, "checkpoint",
                        "does not go on from the one cosigned at size %" PRIu64
                        ": the log was rewritten, or the "
                        "proof is wrong",
                        last->size);
    return SLUIS_OK;
}
