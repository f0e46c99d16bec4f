/* The party's keys: read at the start; its sealing keys renewed, announced and destroyed while it runs.
 *
 *   a period is over   the next key's file, synced; said to the gateway; the directory that follows has it
 *   a key is over      no longer held; its file written over and removed
 *
 * A step that was cut off is done again from where it was: a key that was made and not announced is
 * announced. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keydisk.h"
#include "crypto/pubfile.h"
#include "directory/sealing.h"
#include "runtime/parts.h"

#define KEY_PATH_MAX 1200
#define LOOK_MS      60000 /* between two looks at what is due, unless periods are shorter */

static sluis_err read_key(keypair *out, const char *folder, key_use use, passphrase *pass, sluis_fail *f)
{
    char path[KEY_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.key", folder, key_use_name(use));
    return keyfile_open(out, path, use, pass, f);
}

/* The key under which rows are sealed; made at the first start. */
static sluis_err store_key(uint8_t **out, const char *folder, passphrase *pass, sluis_fail *f)
{
    char path[KEY_PATH_MAX];
    snprintf(path, sizeof path, "%s/store.key", folder);
    if (access(path, F_OK) != 0) {
        sluis_err err = secretfile_seal(path, pass->n ? pass : NULL, f);
        if (err)
            return err;
    }
    return secretfile_open(out, path, pass, f);
}

sluis_err keys_open(adapter *a, sluis_fail *f)
{
    sluis_err err = keydisk_lock(&a->keys_lock, a->s.keys, false, f);
    if (!err && a->s.passphrase_file)
        err = passphrase_open(&a->pass, a->s.passphrase_file, f);
    if (!err)
        err = read_key(&a->sign, a->s.keys, USE_SIGN, &a->pass, f);
    if (!err)
        err = read_key(&a->curve, a->s.keys, USE_CURVE, &a->pass, f);
    if (!err)
        err = seal_ring_load(&a->seals, a->s.keys, &a->pass, f);
    return err ? err : store_key(&a->store_key, a->s.keys, &a->pass, f);
}

/* The gateway's connection keys as its directory had them last: what a change of its key is survived by. */
static bool gateway_path(char out[static KEY_PATH_MAX], const adapter *a)
{
    return snprintf(out, KEY_PATH_MAX, "%s/gateway-%s.curve.pub", a->s.keys, a->s.gateway.s) < KEY_PATH_MAX;
}

void keys_gateway_known(adapter *a)
{
    char path[KEY_PATH_MAX];
    sluis_fail f = {0};
    if (!gateway_path(path, a) || access(path, F_OK) != 0)
        return;
    if (pubfile_read_all(&a->gateway_keys, path, USE_CURVE, &f)) /* the configured one is there still */
        log_write(LOG_ERROR, "gateway.keys", "code", error_token(f.code), "where", f.where, "text", f.text,
                  NULL);
    client_server_keys(a->client, &a->gateway_keys);
}

void keys_gateway_learn(adapter *a, uint64_t now)
{
    char path[KEY_PATH_MAX];
    pubkeys keys = {.n = 0};
    sluis_fail f = {0};
    const snapshot *dir = client_snapshot(a->client);
    const party *gateway = dir ? directory_find(dir->dir, &a->s.gateway) : NULL;
    for (size_t i = 0; gateway && i < gateway->key_count; i++) {
        const party_key *k = &gateway->keys[i], *valid;
        if (k->use == USE_CURVE && !directory_key(dir->dir, gateway, USE_CURVE, &k->id, now, &valid, NULL))
            pubkeys_add(&keys, k->pk);
    }
    if (keys.n == 0 ||
        (keys.n == a->gateway_keys.n && memcmp(keys.pk, a->gateway_keys.pk, keys.n * PK_LEN) == 0))
        return;
    a->gateway_keys = keys;
    client_server_keys(a->client, &keys);
    if (!gateway_path(path, a) || pubfile_replace(path, USE_CURVE, &keys, &f))
        log_write(LOG_ERROR, "gateway.keys", "code", error_token(f.code), "where", f.where, "text", f.text,
                  NULL);
}

bool keys_sign(const adapter *a, const keyid *id)
{
    const snapshot *dir = a->in_force ? client_snapshot(a->client) : NULL;
    const party *self = dir ? directory_find(dir->dir, &a->s.own) : NULL;
    const party_key *key;
    return self && !directory_key(dir->dir, self, USE_SIGN, id, clock_ms(), &key, NULL);
}

void keys_close(adapter *a)
{
    if (a->store_key)
        secret_free(a->store_key);
    passphrase_close(&a->pass);
    seal_ring_unref(&a->seals);
    keypair_close(&a->curve);
    keypair_close(&a->sign);
    if (a->keys_lock >= 0)
        close(a->keys_lock);
}

/* Takes ring. */
static sluis_err go_over(adapter *a, seal_ring *ring)
{
    sluis_err err = intake_seals(&a->intake, ring);
    if (err) {
        seal_ring_unref(&ring);
        return err;
    }
    seal_ring_unref(&a->seals);
    a->seals = ring;
    return SLUIS_OK;
}

sluis_err keys_refresh(adapter *a, sluis_fail *f)
{
    seal_ring *ring = NULL;
    a->keys_at = 0; /* a new directory: look at what is due */
    sluis_err err = seal_ring_load(&ring, a->s.keys, &a->pass, f);
    return err ? err : go_over(a, ring);
}

static void log_key(const char *event, const keyid *id)
{
    char hex[2 * KEYID_LEN + 1];
    hex_encode(hex, id->b, KEYID_LEN);
    log_write(LOG_INFO, event, "key", hex, NULL);
}

static sluis_err renew(adapter *a, const party *self, const sealing_terms *t, uint64_t now, sluis_fail *f)
{
    sealing_statement said;
    seal_ring *ring = NULL;
    sluis_err err = SLUIS_OK;
    const keypair *next = sealing_unannounced(self, a->seals, t, now);
    if (!next) {
        err = seal_ring_renew(&ring, a->seals, a->s.keys, a->pass.n ? &a->pass : NULL, now, f);
        if (!err)
            err = go_over(a, ring);
        if (err)
            return err;
        next = seal_ring_current(a->seals);
        log_key("seal.made", &next->id);
    }
    err = sealing_say(&said, self, next, &a->sign, t, now);
    if (!err)
        err = client_renew(a->client, said.list, said.n);
    return err;
}

static sluis_err destroy(adapter *a, keyid id, sluis_fail *f)
{
    seal_ring *without = NULL;
    sluis_err err = seal_ring_without(&without, a->seals, &id);
    if (!err)
        err = go_over(a, without);
    if (!err)
        err = seal_ring_destroy(a->s.keys, &id, f);
    if (!err)
        log_key("seal.destroyed", &id);
    return err;
}

static void report(sluis_err err, const sluis_fail *f)
{
    log_write(LOG_ERROR, "seal.failed", "code", error_token(err), "where", f->where, "text",
              *f->text ? f->text : error_text(err), NULL);
}

void keys_step(adapter *a, uint64_t now)
{
    const snapshot *dir = a->in_force ? client_snapshot(a->client) : NULL;
    const party *self = dir ? directory_find(dir->dir, &a->s.own) : NULL;
    const sealing_terms t = {.period_ms = a->s.seal_period_ms, .keep_ms = a->s.seal_keep_ms};
    const keypair *over;
    sluis_fail f = {0};
    if (!self || now < a->keys_at)
        return;
    a->keys_at = now + (t.period_ms / 4 < LOOK_MS ? t.period_ms / 4 : LOOK_MS);
    sluis_err err = SLUIS_OK;
    while (!err && (over = sealing_over(self, a->seals, &t, now)))
        err = destroy(a, over->id, &f);
    if (!err && client_connected(a->client) && sealing_due(self, a->seals, &t, now))
        err = renew(a, self, &t, now, &f);
    if (err && err != SLUIS_CLOSED)
        report(err, &f);
}

void keys_renewed(adapter *a, const client_event *ev)
{
    if (*ev->code)
        log_write(LOG_ERROR, "seal.refused", "code", ev->code, "where", ev->why.where, "text", ev->why.text,
                  NULL);
    else
        log_key("seal.renewed", &seal_ring_current(a->seals)->id);
}
