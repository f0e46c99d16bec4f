/* Any bytes as what a witness is asked to cosign: as its first checkpoint, and as one that goes on from size
 * 4 (the log of corpus/judge, under its fixed key). What it passes has grown, and is of the log it knows. */
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "ctl/judge.h"

#define NAME  "gw.example"
#define KNOWN 4

static void judge(const checkpoint *last, bytes request, const keypair *log)
{
    checkpoint cp;
    bytes note;
    sluis_fail f = {0};
    sluis_err e = judge_request(&cp, &note, last, false, request, NAME, (pubkeys[]){pubkeys_of(log->pk)}, &f);
    if (e && (f.code != e || !f.where[0] || !f.text[0]))
        abort();
    if (e)
        return;
    if (note.p < request.p || note.p + note.n != request.p + request.n)
        abort();
    if (cp.size == 0 || (last && (cp.size < last->size || strcmp(cp.origin, last->origin) != 0)))
        abort();
    if (last && cp.size == last->size && memcmp(cp.root, last->root, HASH_LEN) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t seed[32] = {1};
    keypair log;
    uint8_t leaves[KNOWN][HASH_LEN];
    checkpoint last = {.size = KNOWN, .origin = NAME "/journal/1"};
    if (crypto_start() || keypair_from_seed(&log, USE_LOG, seed, 0))
        abort();
    for (uint8_t i = 0; i < KNOWN; i++)
        merkle_leaf(leaves[i], &i, 1);
    merkle_root(TREE_JOURNAL, last.root, (const uint8_t(*)[HASH_LEN])leaves, KNOWN);
    judge(NULL, BYTES(data, n), &log);
    judge(&last, BYTES(data, n), &log);
    keypair_close(&log);
    return 0;
}
