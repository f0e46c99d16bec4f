#include "crypto/seal_ring.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keydisk.h"

#define PATH_CAP 4096
#define PREFIX   "seal."
#define SUFFIX   "key"

typedef struct {
    keypair pair;
    atomic_uint refs;
} held;

struct seal_ring {
    atomic_uint refs;
    size_t n;
    held *keys[SEAL_RING_MAX]; /* oldest first */
};

static seal_ring *empty(void)
{
    seal_ring *r = calloc(1, sizeof(*r));
    if (r)
        atomic_init(&r->refs, 1);
    return r;
}

/* Takes k, in its place by age. */
static sluis_err insert(seal_ring *r, keypair *k)
{
    held *h = calloc(1, sizeof(*h));
    size_t at = r->n;
    if (!h || r->n == SEAL_RING_MAX) {
        sluis_err e = h ? SLUIS_FULL : SLUIS_NOMEM;
        free(h);
        keypair_close(k);
        return e;
    }
    h->pair = *k;
    *k = (keypair){0};
    atomic_init(&h->refs, 1);
    for (; at > 0 && r->keys[at - 1]->pair.created > h->pair.created; at--)
        r->keys[at] = r->keys[at - 1];
    r->keys[at] = h;
    r->n++;
    return SLUIS_OK;
}

seal_ring *seal_ring_ref(seal_ring *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void seal_ring_unref(seal_ring **rp)
{
    seal_ring *r = *rp;
    *rp = NULL;
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    for (size_t i = 0; i < r->n; i++)
        if (atomic_fetch_sub(&r->keys[i]->refs, 1) == 1) {
            keypair_close(&r->keys[i]->pair);
            free(r->keys[i]);
        }
    free(r);
}

sluis_err seal_ring_of(seal_ring **out, keypair *k)
{
    *out = empty();
    if (!*out) {
        keypair_close(k);
        return SLUIS_NOMEM;
    }
    return insert(*out, k);
}

size_t seal_ring_count(const seal_ring *r)
{
    return r->n;
}

const keypair *seal_ring_at(const seal_ring *r, size_t i)
{
    return &r->keys[i]->pair;
}

const keypair *seal_ring_current(const seal_ring *r)
{
    return &r->keys[r->n - 1]->pair;
}

const keypair *seal_ring_find(const seal_ring *r, const keyid *id, uint64_t *replaced)
{
    for (size_t i = r->n; i-- > 0;)
        if (keyid_equal(&r->keys[i]->pair.id, id)) {
            *replaced = i + 1 < r->n ? r->keys[i + 1]->pair.created : 0;
            return &r->keys[i]->pair;
        }
    return NULL;
}

const keypair *seal_ring_oldest(const seal_ring *r, uint64_t replaced_before)
{
    return r->n > 1 && r->keys[1]->pair.created <= replaced_before ? &r->keys[0]->pair : NULL;
}

/* All keys of r but one (NULL: all). */
static seal_ring *copy(const seal_ring *r, const keyid *but)
{
    seal_ring *next = empty();
    for (size_t i = 0; next && i < r->n; i++)
        if (!but || !keyid_equal(&r->keys[i]->pair.id, but)) {
            atomic_fetch_add(&r->keys[i]->refs, 1);
            next->keys[next->n++] = r->keys[i];
        }
    return next;
}

sluis_err seal_ring_without(seal_ring **next, const seal_ring *r, const keyid *id)
{
    *next = copy(r, id);
    return *next ? SLUIS_OK : SLUIS_NOMEM;
}

/* ---- the folder ---- */

static bool is_key_file(const char *name)
{
    size_t n = strlen(name);
    return strcmp(name, PREFIX SUFFIX) == 0 ||
           (strncmp(name, PREFIX, strlen(PREFIX)) == 0 && n > strlen(PREFIX "." SUFFIX) &&
            strcmp(name + n - strlen("." SUFFIX), "." SUFFIX) == 0);
}

static sluis_err path_of(char out[static PATH_CAP], const char *dir, const char *name, sluis_fail *f)
{
    return snprintf(out, PATH_CAP, "%s/%s", dir, name) < PATH_CAP
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, dir, "the path is too long");
}

/* Calls each(ctx, path) for every sealing key's file, until it says something else than OK. */
typedef sluis_err (*file_fn)(void *ctx, const char *path, sluis_fail *f);

static sluis_err each_file(const char *dir, file_fn each, void *ctx, sluis_fail *f)
{
    char path[PATH_CAP];
    sluis_err e = SLUIS_OK;
    DIR *d = opendir(dir);
    if (!d)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, dir, "cannot be read: %s",
                        strerror(errno));
    errno = 0;
    for (struct dirent *x; !e && (x = readdir(d)); errno = 0)
        if (is_key_file(x->d_name) && !(e = path_of(path, dir, x->d_name, f)))
            e = each(ctx, path, f);
    if (!e && errno)
        e = fail_set(f, SLUIS_IO, dir, "cannot be read: %s", strerror(errno));
    closedir(d);
    return e;
}

typedef struct {
    seal_ring *ring;
    passphrase *pass;
} loading;

static sluis_err load_one(void *ctx, const char *path, sluis_fail *f)
{
    loading *l = ctx;
    keypair k = {0};
    uint64_t replaced;
    sluis_err e = keyfile_open(&k, path, USE_SEAL, l->pass, f);
    if (e)
        return e;
    if (seal_ring_find(l->ring, &k.id, &replaced)) { /* one key under two names: a rotation was cut off */
        keypair_close(&k);
        return SLUIS_OK;
    }
    e = insert(l->ring, &k);
    return e ? fail_set(f, e, path, "at most %d sealing keys are kept: destroy what is over", SEAL_RING_MAX)
             : SLUIS_OK;
}

sluis_err seal_ring_load(seal_ring **out, const char *dir, passphrase *p, sluis_fail *f)
{
    loading l = {.ring = empty(), .pass = p};
    *out = NULL;
    if (!l.ring)
        return fail_set(f, SLUIS_NOMEM, dir, "out of memory");
    sluis_err e = keydisk_finish(dir, f);
    if (!e)
        e = each_file(dir, load_one, &l, f);
    if (!e && l.ring->n == 0)
        e = fail_set(f, SLUIS_NOT_FOUND, dir, "holds no seal.key: make it with `sluisctl key new`");
    if (e)
        seal_ring_unref(&l.ring);
    *out = l.ring;
    return e;
}

/* Under another name first: a crash while it is written leaves nothing that looks like a key. */
static sluis_err put_file(const char *path, const keypair *k, passphrase *p, sluis_fail *f)
{
    char made[PATH_CAP], made_pub[PATH_CAP], pub[PATH_CAP];
    if (snprintf(made_pub, sizeof(made_pub), "%s.new.pub", path) >= PATH_CAP)
        return fail_set(f, SLUIS_TOO_BIG, path, "the path is too long");
    snprintf(made, sizeof(made), "%.*s", (int)(strlen(made_pub) - strlen(".pub")), made_pub);
    snprintf(pub, sizeof(pub), "%.*s.pub", (int)(strlen(made) - strlen(".new")), made);
    sluis_err e = keyfile_seal(made, k, p, f);
    if (!e && (rename(made_pub, pub) != 0 || rename(made, path) != 0))
        e = fail_set(f, SLUIS_IO, path, "cannot be put in its place: %s", strerror(errno));
    return e ? e : keydisk_sync_folder(path, f);
}

sluis_err seal_ring_renew(seal_ring **next, const seal_ring *r, const char *dir, passphrase *p,
                          uint64_t now_ms, sluis_fail *f)
{
    char name[64], path[PATH_CAP];
    keypair k = {0};
    uint64_t last = seal_ring_current(r)->created;
    *next = NULL;
    if (r->n == SEAL_RING_MAX)
        return fail_set(f, SLUIS_FULL, dir, "holds %d sealing keys already", SEAL_RING_MAX);
    if (now_ms <= last) /* a clock that was set back must not make an old key of it */
        now_ms = last + 1;
    snprintf(name, sizeof(name), PREFIX "%llu." SUFFIX, (unsigned long long)now_ms);
    sluis_err e = path_of(path, dir, name, f);
    if (!e)
        e = keypair_generate(&k, USE_SEAL, now_ms);
    if (!e)
        e = put_file(path, &k, p, f);
    if (!e && !(*next = copy(r, NULL)))
        e = SLUIS_NOMEM;
    if (!e)
        e = insert(*next, &k);
    if (e)
        seal_ring_unref(next);
    keypair_close(&k);
    return e ? fail_set(f, e, dir, "%s", error_text(e)) : SLUIS_OK;
}

static sluis_err destroy_one(void *ctx, const char *path, sluis_fail *f)
{
    const keyid *id = ctx;
    keyfile_facts facts;
    sluis_err e = keyfile_inspect(&facts, path, f);
    return e || !keyid_equal(&facts.id, id) ? e : keyfile_destroy(path, f);
}

sluis_err seal_ring_destroy(const char *dir, const keyid *id, sluis_fail *f)
{
    keyid which = *id;
    return each_file(dir, destroy_one, &which, f);
}
