/* Any bytes as an enrolment request. What the parser takes goes on as the gateway does it: signed into an
 * entry and opened as a directory would, which may refuse it but must say what and where. */
#include <stdlib.h>
#include <string.h>

#include "directory/entry.h"
#include "parties/parties.h"

#define ARENA_MAX (1u << 20)

static const keypair *signer(void)
{
    static const uint8_t seed[32] = {91};
    static keypair k;
    static bool ready;
    if (!ready && (crypto_start() || keypair_from_seed(&k, USE_DIRECTORY, seed, 0)))
        abort();
    ready = true;
    return &k;
}

static void open_entry(Sluis__PartyEntry *x, arena *keep, arena *scratch)
{
    const keypair *key = signer();
    sluis_fail f = {0};
    party p;
    buffer signed_entry;
    buffer_init(&signed_entry, ENTRY_MAX);
    x->name = (char *)(uintptr_t) "Testschool";
    x->domain = (char *)(uintptr_t) "onderwijs";
    sluis_err e = entry_sign(&signed_entry, x, key);
    if (!e && (e = entry_open(&p, keep, scratch, buffer_bytes(&signed_entry), key->pk, &f)) &&
        (f.code != e || !f.where[0] || !f.text[0]))
        abort();
    if (!e && (strcmp(p.oin.s, x->oin) != 0 || p.key_count != x->n_keys))
        abort();
    buffer_close(&signed_entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    Sluis__PartyEntry x;
    sluis_fail f = {0};
    arena *a = arena_new(ARENA_MAX), *keep = arena_new(ARENA_MAX), *scratch = arena_new(ARENA_MAX);
    if (!a || !keep || !scratch)
        abort();
    sluis_err e = enrolment_parse(&x, a, (const char *)data, n, &f);
    if (e && (f.code != e || !f.where[0] || !f.text[0]))
        abort();
    if (!e && (x.n_keys < 1 || x.n_keys > ENROLMENT_KEYS_MAX || x.valid_from >= x.valid_until))
        abort();
    if (!e)
        open_entry(&x, keep, scratch);
    arena_free(&a);
    arena_free(&keep);
    arena_free(&scratch);
    return 0;
}
