#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "core/core.h"
#include "crypto/keydisk.h"
#include "flow/fatal.h"
#include "journal/witnesses.h"
#include "operator/operator.h"
#include "read/read.h"
#include "upgrade/upgrade.h"
#include "verify/readers.h"
#include "verify/token.h"
#include "verify/verify.h"

#define UPGRADE_LINE_MS 5000

struct gateway {
    parts parts;
    operator_task task;
    pthread_t bus, core, control, *verify, *readers;
    channel *to_bus, *to_core;
    int keys_lock; /* while we run, nobody changes how the keys are kept */
};

static sluis_err read_word(const char *dir, const char *name, buffer *out, sluis_fail *f)
{
    char path[512];
    uint8_t chunk[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, chunk, sizeof(chunk));
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return fail_set(f, SLUIS_IO, path,
                        "cannot be read (%s): have the root sign one (`sluisctl key delegate`)",
                        n < 0 ? strerror(errno) : "empty");
    buffer_add(out, chunk, (size_t)n);
    return out->err;
}

static sluis_err read_key(keypair *out, const char *dir, key_use use, passphrase *pass, sluis_fail *f)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.key", dir, key_use_name(use));
    return keyfile_open(out, path, use, pass, f);
}

/* The key that `sluisctl key rotate` has made to follow this one; sk NULL: there is none, or it is in its
 * place already and only its copy was not removed. */
static sluis_err read_next(keypair *out, const char *dir, const keypair *now, passphrase *pass, sluis_fail *f)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.new.key", dir, key_use_name(now->use));
    sluis_err e = access(path, F_OK) ? SLUIS_OK : keyfile_open(out, path, now->use, pass, f);
    if (!e && out->sk && keyid_equal(&out->id, &now->id))
        keypair_close(out);
    return e;
}

/* Every key of this use that there was: <use>.pub when there were more than one, and those given. */
static sluis_err read_history(pubkeys *out, const char *dir, key_use use, const keypair *now,
                              const keypair *next, sluis_fail *f)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.pub", dir, key_use_name(use));
    *out = (pubkeys){0};
    sluis_err e = access(path, F_OK) ? SLUIS_OK : pubfile_read_all(out, path, use, f);
    if (!e && (pubkeys_add(out, now->pk) || (next && next->sk && pubkeys_add(out, next->pk))))
        e = fail_set(f, SLUIS_FULL, path, "more than %d keys", PUBFILE_KEYS);
    return e;
}

/* The root's word for the directory key. After a change of that key it may still lie beside the old one's. */
static sluis_err read_delegation(parts *p, sluis_fail *f)
{
    static const char *const names[] = {"delegation.bin", "delegation.new.bin"};
    const char *dir = p->settings->keys;
    delegated word;
    char path[512];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        if (i && access(path, F_OK))
            break;
        buffer_clear(&p->delegation);
        sluis_err e = read_word(dir, names[i], &p->delegation, f);
        if (!e && delegation_read(&word, buffer_bytes(&p->delegation), NULL))
            e = fail_set(f, SLUIS_INVALID, path, "is no delegation");
        if (e)
            return e;
        if (memcmp(word.pk, p->directory.pk, PK_LEN) == 0)
            return SLUIS_OK;
    }
    return fail_set(
        f, SLUIS_UNKNOWN_KEY, dir,
        "delegation.bin is not for directory.key: have the root sign one (`sluisctl key delegate`)");
}

static sluis_err open_keys(parts *p, uint8_t **km, sluis_fail *f)
{
    const char *dir = p->settings->keys;
    keypair *const keys[] = {&p->sign, &p->curve, &p->log, &p->directory};
    static const key_use uses[] = {USE_SIGN, USE_CURVE, USE_LOG, USE_DIRECTORY};
    keypair sign_next = {0};
    char path[512];
    buffer_init(&p->delegation, 4096);
    snprintf(path, sizeof(path), "%s/master.key", dir);
    sluis_err e =
        p->settings->passphrase_file ? passphrase_open(&p->pass, p->settings->passphrase_file, f) : SLUIS_OK;
    if (!e) /* first: it ends what a crash has left in the folder */
        e = seal_ring_load(&p->seals, dir, &p->pass, f);
    for (size_t i = 0; !e && i < sizeof(uses) / sizeof(uses[0]); i++)
        e = read_key(keys[i], dir, uses[i], &p->pass, f);
    if (!e)
        e = read_next(&sign_next, dir, &p->sign, &p->pass, f);
    if (!e)
        e = read_next(&p->curve_next, dir, &p->curve, &p->pass, f);
    if (!e)
        e = read_next(&p->log_next, dir, &p->log, &p->pass, f);
    if (!e)
        e = read_history(&p->log_keys, dir, USE_LOG, &p->log, &p->log_next, f);
    if (!e)
        e = read_history(&p->directory_keys, dir, USE_DIRECTORY, &p->directory, NULL, f);
    if (!e)
        e = secretfile_open(km, path, &p->pass, f);
    if (!e)
        e = read_delegation(p, f);
    if (sign_next.sk) { /* parties have it with the directory before they see what it signs */
        p->sign_old = p->sign;
        p->sign = sign_next;
    }
    return e;
}

/* A line when a step begins, and one every few seconds of it. */
static void on_upgrade(void *ctx, const upgrade_progress *u)
{
    uint64_t *next = ctx, now = clock_mono_us() / 1000;
    char from[16], to[16], done[24], total[24];
    if (now < *next && u->done < u->total)
        return;
    *next = now + UPGRADE_LINE_MS;
    snprintf(from, sizeof(from), "%u", u->from);
    snprintf(to, sizeof(to), "%u", u->to);
    snprintf(done, sizeof(done), "%llu", (unsigned long long)u->done);
    snprintf(total, sizeof(total), "%llu", (unsigned long long)u->total);
    log_write(LOG_INFO, "sluisd.upgrade", "from", from, "to", to, "rows", done, "of", total, NULL);
}

/* The file holds what it was made with, and is enlarged when more is configured. That the disk has no room
 * for it stops nothing but new persons, once they fill the file; and no slot can be taken away from a file.
 */
static sluis_err open_slots(parts *p, const char *path, const uint8_t *km, sluis_fail *f)
{
    const uint64_t wanted = p->settings->key_slots;
    uint64_t live, erased, was, now;
    char from[24], to[24], want[24];
    sluis_err e = keyslots_open(&p->slots, path, wanted, km, f);
    if (e)
        return e;
    keyslots_usage(p->slots, &live, &erased, &was);
    e = keyslots_enlarge(p->slots, wanted, path, f);
    if (e && e != SLUIS_NO_SPACE)
        return e;
    fail_clear(f);
    keyslots_usage(p->slots, &live, &erased, &now);
    snprintf(from, sizeof(from), "%llu", (unsigned long long)was);
    snprintf(to, sizeof(to), "%llu", (unsigned long long)now);
    snprintf(want, sizeof(want), "%llu", (unsigned long long)wanted);
    if (e)
        log_write(LOG_ERROR, "sluisd.key-slots", "code", error_token(e), "slots", from, "configured", want,
                  "text", "no space to enlarge the key file: it goes on as it is; make room and restart",
                  NULL);
    else if (now != was)
        log_write(LOG_INFO, "sluisd.key-slots", "from", from, "to", to, "text", "the key file was enlarged",
                  NULL);
    else if (now > wanted)
        log_write(LOG_INFO, "sluisd.key-slots", "slots", from, "configured", want, "text",
                  "the key file has more slots than limits.key_slots, and never gets fewer: all are used",
                  NULL);
    return SLUIS_OK;
}

static sluis_err open_store(parts *p, const uint8_t *km, sluis_fail *f)
{
    const settings *s = p->settings;
    char path[512], slots[512];
    snprintf(path, sizeof(path), "%s/store", s->data);
    snprintf(slots, sizeof(slots), "%s/keys.slots", s->data);
    if (mkdir(s->data, 0700) && errno != EEXIST)
        return fail_set(f, SLUIS_IO, s->data, "cannot make the folder: %s", strerror(errno));
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = s->map_bytes,
                       .quota_bytes = s->quota_bytes,
                       .max_readers = s->verify_threads + s->read_threads + 16};
    uint64_t next_line = 0;
    const upgrade_options u = {
        .dir = s->data, .map_bytes = s->map_bytes, .km = km, .on_progress = on_upgrade, .ctx = &next_line};
    sluis_err e = upgrade_store(&u, f);
    if (!e)
        e = store_open_lmdb(&p->store, &o, f);
    if (!e)
        e = open_slots(p, slots, km, f);
    if (!e)
        e = registry_open(&p->registry, p->slots);
    if (!e)
        p->rows = keyslots_rows(p->slots);
    return e;
}

/* Each thread that needs them reads them for itself: what is wrong with one is found here, where a start can
 * still be refused. */
static sluis_err check_files(const settings *s, sluis_fail *f)
{
    token_verifier *tokens = NULL;
    readers *who = NULL;
    witnesses *seen = NULL;
    sluis_err e = token_verifier_new(&tokens, s->jwks, s->issuer, f);
    if (!e)
        e = readers_load(&who, s->log_readers, f);
    if (!e)
        e = witnesses_load(&seen, s->log_witnesses, f);
    token_verifier_free(&tokens);
    readers_free(&who);
    witnesses_free(&seen);
    return e;
}

static sluis_err parts_open(parts *p, settings *s, sluis_fail *f)
{
    uint8_t *km = NULL;
    memset(p, 0, sizeof(*p));
    p->settings = s;
    p->metrics = calloc(1, sizeof(*p->metrics));
    sluis_err e = p->metrics ? crypto_start() : SLUIS_NOMEM;
    if (!e)
        e = open_keys(p, &km, f);
    if (!e)
        e = check_files(s, f);
    if (!e)
        e = rules_load(&p->first_rules, s->rules, f);
    if (!e)
        e = open_store(p, km, f);
    secret_free(km);
    if (!e)
        e = core_begin(p, f);
    if (!e)
        e = channel_hub_new(&p->hub, 1, (int)s->max_sessions + 256);
    return e ? fail_set(f, e, "start", "%s", error_text(e)) : SLUIS_OK;
}

static void gateway_close(gateway *g)
{
    parts *p = &g->parts;
    channel_close(&g->to_bus);
    channel_close(&g->to_core);
    if (g->task.stop_fd >= 0)
        close(g->task.stop_fd);
    if (g->keys_lock >= 0)
        close(g->keys_lock);
    if (g->task.reload_fd >= 0)
        close(g->task.reload_fd);
    free(g->verify);
    free(g->readers);
    channel_hub_free(&p->hub);
    registry_close(&p->registry);
    keyslots_close(&p->slots);
    store_close(&p->store);
    rules_unref(&p->first_rules);
    keypair_close(&p->sign);
    seal_ring_unref(&p->seals);
    passphrase_close(&p->pass);
    keypair_close(&p->curve);
    keypair_close(&p->log);
    keypair_close(&p->directory);
    keypair_close(&p->sign_old);
    keypair_close(&p->curve_next);
    keypair_close(&p->log_next);
    buffer_close(&p->delegation);
    free(p->metrics);
    free(g);
}

/* name: as `top -H` shows the thread; at most 15 characters. */
static sluis_err start(pthread_t *out, const char *name, void *(*thread)(void *), void *arg)
{
    if (pthread_create(out, NULL, thread, arg))
        return SLUIS_NOMEM;
    pthread_setname_np(*out, name);
    return SLUIS_OK;
}

static sluis_err start_threads(gateway *g)
{
    parts *p = &g->parts;
    sluis_err e = start(&g->core, "core", core_run, p);
    if (!e)
        e = start(&g->bus, "bus", bus_run, p);
    for (uint32_t i = 0; !e && i < p->settings->verify_threads; i++)
        e = start(&g->verify[i], "verify", verify_run, p);
    for (uint32_t i = 0; !e && i < p->settings->read_threads; i++)
        e = start(&g->readers[i], "read", read_run, p);
    if (!e)
        e = start(&g->control, "control", operator_run, &g->task);
    return e;
}

sluis_err gateway_start(gateway **out, settings *s, sluis_fail *f)
{
    gateway *g = calloc(1, sizeof(*g));
    *out = NULL;
    if (!g)
        return fail_set(f, SLUIS_NOMEM, "start", "out of memory");
    g->keys_lock = -1;
    g->verify = calloc(s->verify_threads, sizeof(*g->verify));
    g->readers = calloc(s->read_threads, sizeof(*g->readers));
    g->task = (operator_task){.p = &g->parts,
                              .first_seals = &g->parts.seals,
                              .stop_fd = eventfd(0, EFD_CLOEXEC),
                              .reload_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                              .started = clock_ms()};
    sluis_err e =
        g->verify && g->readers && g->task.stop_fd >= 0 && g->task.reload_fd >= 0 ? SLUIS_OK : SLUIS_NOMEM;
    if (!e)
        e = keydisk_lock(&g->keys_lock, s->keys, false, f);
    if (!e)
        e = parts_open(&g->parts, s, f);
    if (!e)
        e = channel_open(&g->to_bus, g->parts.hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, 16);
    if (!e)
        e = channel_open(&g->to_core, g->parts.hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, 16);
    if (e) {
        gateway_close(g);
        return fail_set(f, e, "start", "%s", error_text(e));
    }
    if (start_threads(g))
        fatal("sluisd.start", SLUIS_NOMEM, "a thread could not be made"); /* others run already */
    *out = g;
    return SLUIS_OK;
}

void gateway_reload(gateway *g)
{
    uint64_t one = 1;
    if (write(g->task.reload_fd, &one, sizeof(one)) != sizeof(one))
        fatal("sluisd.reload", SLUIS_IO, "the control thread cannot be told");
}

void gateway_stop(gateway **gp)
{
    gateway *g = *gp;
    uint64_t one = 1;
    if (!g)
        return;
    const settings *s = g->parts.settings;
    if (write(g->task.stop_fd, &one, sizeof(one)) != sizeof(one))
        fatal("sluisd.stop", SLUIS_IO, "the control thread cannot be told");
    pthread_join(g->control, NULL);
    if (channel_send(g->to_bus, NULL))
        fatal("sluisd.stop", SLUIS_FULL, "the bus cannot be told");
    for (uint32_t i = 0; i < s->verify_threads; i++)
        pthread_join(g->verify[i], NULL);
    for (uint32_t i = 0; i < s->read_threads; i++)
        pthread_join(g->readers[i], NULL);
    if (channel_send(g->to_core, NULL))
        fatal("sluisd.stop", SLUIS_FULL, "core cannot be told");
    pthread_join(g->core, NULL);
    if (channel_send(g->to_bus, NULL))
        fatal("sluisd.stop", SLUIS_FULL, "the bus cannot be told");
    pthread_join(g->bus, NULL);
    gateway_close(g);
    *gp = NULL;
}
