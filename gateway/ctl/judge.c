/* old <size> LF | base64 of 32 bytes LF, at most 63 times | LF | the signed checkpoint */
#include "ctl/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/merkle.h"

#define PROOF_MAX 63

static bool take_line(bytes *rest, bytes *line)
{
    const uint8_t *lf = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!lf)
        return false;
    *line = BYTES(rest->p, (size_t)(lf - rest->p));
    rest->p = lf + 1;
    rest->n -= line->n + 1;
    return true;
}

static sluis_err parse_old(uint64_t *old, bytes line)
{
    char text[64], again[64];
    if (line.n >= sizeof text)
        return SLUIS_INVALID;
    memcpy(text, line.p, line.n);
    text[line.n] = '\0';
    if (sscanf(text, "old %" SCNu64, old) != 1)
        return SLUIS_INVALID;
    snprintf(again, sizeof again, "old %" PRIu64, *old); /* no sign, no leading zero, nothing behind it */
    return strcmp(text, again) == 0 ? SLUIS_OK : SLUIS_INVALID;
}

sluis_err judge_request(checkpoint *out, bytes *note, const checkpoint *last, bytes request,
                        const char *log_name, const uint8_t log_pk[static PK_LEN], sluis_fail *f)
{
    uint8_t proof[PROOF_MAX][HASH_LEN];
    uint64_t old = 0;
    size_t len = 0, n;
    bytes line;
    *note = request;
    if (!take_line(note, &line) || parse_old(&old, line))
        return fail_set(f, SLUIS_INVALID, "request", "the first line must be: old <size>");
    for (;; len++) {
        if (!take_line(note, &line))
            return fail_set(f, SLUIS_INVALID, "request", "an empty line must stand before the checkpoint");
        if (line.n == 0)
            break;
        if (len == PROOF_MAX || base64_decode(proof[len], HASH_LEN, &n, (const char *)line.p, line.n) ||
            n != HASH_LEN)
            return fail_set(f, SLUIS_INVALID, "request",
                            "line %zu is not base64 of 32 bytes, or one too many", len + 2);
    }
    sluis_err e = checkpoint_open(out, (const char *)note->p, note->n, log_name, log_pk, f);
    if (e)
        return e;
    if (old != (last ? last->size : 0))
        return fail_set(f, SLUIS_CONFLICT, "request",
                        "starts from size %" PRIu64 "; the last cosigned is %" PRIu64, old,
                        last ? last->size : 0);
    if (last && strcmp(last->origin, out->origin) != 0)
        return fail_set(f, SLUIS_CONFLICT, "checkpoint", "is of %s; the last cosigned is of another log",
                        out->origin);
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
