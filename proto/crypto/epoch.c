/* The bytes that bind a KEK, 138 of them, hashed under the shared secret:
 *
 *   0  suite u16 | 2  epoch_pk 32 | 34  recipient_pk 32 | 66  sender OIN 20 | 86  signing key id 16
 *   102  recipient OIN 20 | 122  sealing key id 16
 */
#include "crypto/epoch.h"

#include <stdlib.h>
#include <string.h>

#define BINDING_LEN  138
#define SENDER_CACHE 256 /* recipients under one epoch; 8 KiB of locked memory */

/* A ring: the oldest entry makes room. Bindings are public, KEKs lie in locked memory. */
struct kek_cache {
    size_t cap, used, next;
    uint8_t (*bindings)[BINDING_LEN]; /* owned */
    uint8_t (*keks)[KEY_LEN];         /* owned, locked */
};

struct epoch {
    uint8_t *sk; /* owned, locked */
    uint8_t pk[PK_LEN];
    uint64_t since;
    unsigned count; /* messages under this pair; 0 = no pair yet */
    kek_cache *cache;
};

static void encode_binding(uint8_t out[static BINDING_LEN], const kek_binding *b)
{
    put_u16(out, b->suite);
    memcpy(out + 2, b->epoch_pk, PK_LEN);
    memcpy(out + 34, b->recipient_pk, PK_LEN);
    memcpy(out + 66, b->sender.s, OIN_LEN);
    memcpy(out + 86, b->signing_key.b, KEYID_LEN);
    memcpy(out + 102, b->recipient.s, OIN_LEN);
    memcpy(out + 122, b->sealing_key.b, KEYID_LEN);
}

static sluis_err derive(uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                        const uint8_t peer_pk[static PK_LEN], const uint8_t binding[static BINDING_LEN])
{
    uint8_t s[KEY_LEN];
    sluis_err e = x25519(s, own_sk, peer_pk);
    if (!e)
        hash_one(kek, "sluis1-kek", s, binding, BINDING_LEN);
    wipe(s, sizeof s);
    return e;
}

sluis_err kek_derive(uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                     const uint8_t peer_pk[static PK_LEN], const kek_binding *b)
{
    uint8_t binding[BINDING_LEN];
    encode_binding(binding, b);
    return derive(kek, own_sk, peer_pk, binding);
}

sluis_err kek_cache_new(kek_cache **out, size_t cap)
{
    if (cap == 0 || cap > SIZE_MAX / BINDING_LEN)
        return SLUIS_INVALID;
    kek_cache *c = calloc(1, sizeof *c);
    if (!c)
        return SLUIS_NOMEM;
    c->cap = cap;
    c->bindings = calloc(cap, sizeof *c->bindings);
    c->keks = secret_alloc(cap * sizeof *c->keks);
    if (!c->bindings || !c->keks) {
        kek_cache_free(&c);
        return SLUIS_NOMEM;
    }
    *out = c;
    return SLUIS_OK;
}

void kek_cache_free(kek_cache **c)
{
    if (!*c)
        return;
    secret_free((*c)->keks);
    free((*c)->bindings);
    free(*c);
    *c = NULL;
}

static void cache_clear(kek_cache *c)
{
    wipe(c->keks, c->used * sizeof *c->keks);
    c->used = c->next = 0;
}

static sluis_err cache_get(kek_cache *c, uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                           const uint8_t peer_pk[static PK_LEN], const kek_binding *b)
{
    uint8_t binding[BINDING_LEN];
    encode_binding(binding, b);
    for (size_t i = 0; i < c->used; i++)
        if (memcmp(c->bindings[i], binding, BINDING_LEN) == 0) {
            memcpy(kek, c->keks[i], KEY_LEN);
            return SLUIS_OK;
        }
    sluis_err e = derive(kek, own_sk, peer_pk, binding);
    if (e)
        return e;
    memcpy(c->bindings[c->next], binding, BINDING_LEN);
    memcpy(c->keks[c->next], kek, KEY_LEN);
    c->next = (c->next + 1) % c->cap;
    if (c->used < c->cap)
        c->used++;
    return SLUIS_OK;
}

sluis_err kek_cache_get(kek_cache *c, uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                        const kek_binding *b)
{
    return cache_get(c, kek, own_sk, b->epoch_pk, b);
}

sluis_err epoch_new(epoch **out)
{
    epoch *e = calloc(1, sizeof *e);
    if (!e)
        return SLUIS_NOMEM;
    e->sk = secret_alloc(KEY_LEN);
    if (!e->sk || kek_cache_new(&e->cache, SENDER_CACHE) != SLUIS_OK) {
        epoch_free(&e);
        return SLUIS_NOMEM;
    }
    *out = e;
    return SLUIS_OK;
}

void epoch_free(epoch **e)
{
    if (!*e)
        return;
    kek_cache_free(&(*e)->cache);
    secret_free((*e)->sk);
    free(*e);
    *e = NULL;
}

const uint8_t *epoch_use(epoch *e, uint64_t now_ms)
{
    /* A clock that went back wraps the difference and renews too: it says nothing of the pair's age. */
    bool old = now_ms - e->since >= EPOCH_MAX_MS;
    if (e->count == 0 || e->count >= EPOCH_MAX_MESSAGES || old) {
        cache_clear(e->cache);
        random_bytes(e->sk, KEY_LEN);
        x25519_public(e->pk, e->sk);
        e->since = now_ms;
        e->count = 0;
    }
    e->count++;
    return e->pk;
}

sluis_err epoch_kek(epoch *e, uint8_t kek[static KEY_LEN], const kek_binding *b)
{
    if (e->count == 0 || memcmp(b->epoch_pk, e->pk, PK_LEN) != 0)
        return SLUIS_INVALID;
    return cache_get(e->cache, kek, e->sk, b->recipient_pk, b);
}
