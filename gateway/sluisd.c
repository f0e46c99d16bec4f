/* sluisd: the gateway. Opens its keys, rules and store, starts its threads, waits for SIGTERM. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
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
#include "operator/operator.h"
#include "parties/parties.h"
#include "read/read.h"
#include "verify/verify.h"

#define KEY_YEARS 2

static char doc[] = "The Sluis gateway: routes signed, sealed data requests and keeps the register and the journal.";
static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "configuration file (keys: sluisctl config)", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    const char **config = state->input;
    if (key == 'c')
        *config = arg;
    else if (key == ARGP_KEY_END && !*config)
        argp_error(state, "name a configuration: --config FILE");
    else if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument: %s", arg);
    else if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp parser = {options, parse_option, NULL, doc, NULL, NULL, NULL};

static sluis_err read_small(const char *dir, const char *name, buffer *out, sluis_fail *f)
{
    char path[512];
    uint8_t chunk[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, chunk, sizeof(chunk));
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return fail_set(f, SLUIS_IO, path, "cannot be read: %s", n < 0 ? strerror(errno) : "empty");
    buffer_add(out, chunk, (size_t)n);
    return out->err;
}

static sluis_err read_key(keypair *out, const char *dir, const char *name, key_use use, sluis_fail *f)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return keyfile_read(out, path, use, f);
}

static sluis_err open_keys(parts *p, uint8_t **km, sluis_fail *f)
{
    const char *dir = p->settings->keys;
    char path[512];
    buffer root;
    buffer_init(&root, 4096);
    buffer_init(&p->delegation, 4096);
    snprintf(path, sizeof(path), "%s/master.key", dir);
    sluis_err e = read_key(&p->sign, dir, "sign.key", USE_SIGN, f);
    if (!e)
        e = read_key(&p->seal, dir, "seal.key", USE_SEAL, f);
    if (!e)
        e = read_key(&p->curve, dir, "curve.key", USE_CURVE, f);
    if (!e)
        e = read_key(&p->log, dir, "log.key", USE_LOG, f);
    if (!e)
        e = read_key(&p->directory, dir, "directory.key", USE_DIRECTORY, f);
    if (!e)
        e = secretfile_read(km, path, f);
    if (!e)
        e = read_small(dir, "delegation.bin", &p->delegation, f);
    buffer_close(&root);
    return e;
}

static sluis_err open_store(parts *p, const uint8_t *km, sluis_fail *f)
{
    const settings *s = p->settings;
    char path[512], slots[512];
    snprintf(path, sizeof(path), "%s/store", s->data);
    snprintf(slots, sizeof(slots), "%s/keys.slots", s->data);
    if (mkdir(s->data, 0700) && errno != EEXIST)
        return fail_set(f, SLUIS_IO, s->data, "cannot make the folder: %s", strerror(errno));
    store_options o = {.path = path, .tables = gateway_tables, .table_count = TABLE_COUNT,
                       .format = GATEWAY_STORE_FORMAT, .format_version = GATEWAY_STORE_VERSION,
                       .map_bytes = s->map_bytes, .quota_bytes = s->quota_bytes,
                       .max_readers = s->verify_threads + s->read_threads + 16};
    sluis_err e = store_open_lmdb(&p->store, &o, f);
    if (!e)
        e = keyslots_open(&p->slots, slots, s->key_slots, km, f);
    if (!e)
        e = registry_open(&p->registry, p->slots);
    if (!e)
        p->rows = keyslots_rows(p->slots);
    return e;
}

/* The municipality is a party of its own directory: it signs on behalf of API users, and the registry is sealed
 * to. Written at the first start, and again when its keys changed. */
static sluis_err enrol_self(parts *p, sluis_fail *f)
{
    const keypair *keys[] = {&p->sign, &p->seal, &p->curve};
    Sluis__PartyEntry x = SLUIS__PARTY_ENTRY__INIT;
    Sluis__DirectoryKey k[3], *list[3];
    uint8_t sig[3][SIG_LEN];
    uint32_t suites[] = {SUITE_1};
    directory *dir = NULL;
    store_txn *t = NULL;
    sluis_err e = store_begin_write(p->store, &t, true);
    if (!e)
        e = parties_load(t, p->directory.pk, &dir, f);
    const party *self = e ? NULL : directory_find(dir, &p->settings->oin);
    bool same = self && self->key_count == 3;
    for (size_t i = 0; same && i < 3; i++)
        same = memcmp(self->keys[i].pk, keys[i]->pk, PK_LEN) == 0;
    uint64_t from = clock_ms() - 60000, until = from + KEY_YEARS * 365 * DAY_MS;
    for (size_t i = 0; i < 3; i++) {
        sluis__directory_key__init(&k[i]);
        k[i].use = keys[i]->use;
        k[i].pk = (ProtobufCBinaryData){PK_LEN, (uint8_t *)(uintptr_t)keys[i]->pk};
        k[i].valid_from = from;
        k[i].valid_until = until;
        party_key_sign(sig[i], &p->sign, keys[i]->use, keys[i]->pk, from, until, &p->settings->oin);
        k[i].signature = (ProtobufCBinaryData){SIG_LEN, sig[i]};
        list[i] = &k[i];
    }
    x.oin = p->settings->oin.s;
    x.name = p->settings->name;
    x.domain = (char *)(uintptr_t) "gemeente";
    x.keys = list;
    x.n_keys = 3;
    x.valid_from = from;
    x.valid_until = until;
    x.suites = suites;
    x.n_suites = 1;
    if (!e && !same)
        e = parties_put(t, &x, &p->directory, self != NULL, f);
    if (!e)
        e = store_commit(&t);
    store_abort(&t);
    directory_unref(&dir);
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
        e = rules_load(&p->rules, s->rules, f);
    if (!e)
        e = open_store(p, km, f);
    secret_free(km);
    if (!e)
        e = enrol_self(p, f);
    if (!e)
        e = channel_hub_new(&p->hub, 1, (int)s->max_sessions + 256);
    return e ? fail_set(f, e, "start", "%s", error_text(e)) : SLUIS_OK;
}

static void parts_close(parts *p)
{
    channel_hub_free(&p->hub);
    registry_close(&p->registry);
    keyslots_close(&p->slots);
    store_close(&p->store);
    rules_unref(&p->rules);
    keypair_close(&p->sign);
    keypair_close(&p->seal);
    keypair_close(&p->curve);
    keypair_close(&p->log);
    keypair_close(&p->directory);
    buffer_close(&p->delegation);
    free(p->metrics);
}

static sluis_err start(pthread_t *out, void *(*body)(void *), void *arg)
{
    return pthread_create(out, NULL, body, arg) ? SLUIS_NOMEM : SLUIS_OK;
}

/* Threads end in the order of the flow, so that what was taken in is finished: pools, core, bus. */
static sluis_err run_threads(parts *p)
{
    const settings *s = p->settings;
    pthread_t bus, core, control, *verify = calloc(s->verify_threads, sizeof(*verify)),
                                  *readers = calloc(s->read_threads, sizeof(*readers));
    operator_task task = {.p = p, .stop_fd = eventfd(0, EFD_CLOEXEC), .started = clock_ms()};
    channel *to_bus = NULL, *to_core = NULL;
    sigset_t set;
    int signal_number = 0;
    sluis_err e = verify && readers && task.stop_fd >= 0 ? SLUIS_OK : SLUIS_NOMEM;
    if (!e)
        e = start(&core, core_run, p);
    if (!e)
        e = start(&bus, bus_run, p);
    for (uint32_t i = 0; !e && i < s->verify_threads; i++)
        e = start(&verify[i], verify_run, p);
    for (uint32_t i = 0; !e && i < s->read_threads; i++)
        e = start(&readers[i], read_run, p);
    if (!e)
        e = start(&control, operator_run, &task);
    if (!e)
        e = channel_open(&to_bus, p->hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, 16);
    if (!e)
        e = channel_open(&to_core, p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, 16);
    if (e) {
        log_write(LOG_ERROR, "sluisd.start", "code", error_token(e), NULL);
        _exit(1); /* half of the threads run: nothing was taken in yet */
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigwait(&set, &signal_number);
    log_write(LOG_INFO, "sluisd.stopping", NULL);
    uint64_t one = 1;
    if (write(task.stop_fd, &one, sizeof(one)) != sizeof(one))
        log_write(LOG_WARN, "sluisd.stop", "what", "control", NULL);
    pthread_join(control, NULL);
    e = channel_send(to_bus, NULL);
    for (uint32_t i = 0; i < s->verify_threads; i++)
        pthread_join(verify[i], NULL);
    for (uint32_t i = 0; i < s->read_threads; i++)
        pthread_join(readers[i], NULL);
    if (!e)
        e = channel_send(to_core, NULL);
    pthread_join(core, NULL);
    if (!e)
        e = channel_send(to_bus, NULL);
    pthread_join(bus, NULL);
    channel_close(&to_bus);
    channel_close(&to_core);
    close(task.stop_fd);
    free(verify);
    free(readers);
    return e;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    settings s;
    parts p;
    sluis_fail f = {0};
    sigset_t set;
    argp_parse(&parser, argc, argv, 0, NULL, &path);
    log_init("sluisd", LOG_INFO);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    sluis_err e = settings_load(&s, path, &f);
    if (e) {
        log_write(LOG_ERROR, "sluisd.config", "code", error_token(e), "where", f.where, "text", f.text, NULL);
        return 2;
    }
    log_init("sluisd", (log_level)s.log_level);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited: only the main thread waits for signals */
    e = parts_open(&p, &s, &f);
    if (e)
        log_write(LOG_ERROR, "sluisd.start", "code", error_token(e), "where", f.where, "text", f.text, NULL);
    else
        e = run_threads(&p);
    parts_close(&p);
    settings_close(&s);
    log_write(LOG_INFO, "sluisd.stopped", NULL);
    return e ? 1 : 0;
}
