/* Any bytes as a receipt of the log of corpus/receipt. One that verifies says the same with and without the
 * cache of the last checkpoint, and its commitment is of the record it carries. */
#include <stdlib.h>
#include <string.h>

#include "wire/receipt.h"

#define NAME "gw.example"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t seed[32] = {1};
    static receipt_cache last;
    receipt_facts facts, again;
    keypair log;
    sluis_fail f = {0};
    arena *a = arena_new(4u << 20);
    if (!a || crypto_start() || keypair_from_seed(&log, USE_LOG, seed, 0))
        abort();
    sluis_err e = receipt_verify(&facts, a, BYTES(data, n), NAME, (pubkeys[]){pubkeys_of(log.pk)}, NULL, &f);
    if (e && (f.code != e || !f.where[0] || !f.text[0]))
        abort();
    if (receipt_verify(&again, a, BYTES(data, n), NAME, (pubkeys[]){pubkeys_of(log.pk)}, &last, NULL) != e)
        abort();
    if (!e && (!facts.record || facts.index >= facts.cp.size || again.index != facts.index ||
               memcmp(facts.leaf.commitment, again.leaf.commitment, HASH_LEN) != 0))
        abort();
    arena_free(&a);
    keypair_close(&log);
    return 0;
}
