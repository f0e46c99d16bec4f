#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/parts.h"
#include "sources/folder.h"
#include "sources/typed.h"

#define SWEEP_MS 60000
#define WAIT_MS  1000

static sluis_err open_source(const settings *s, const catalogue *c, mapping **m, source **out, sluis_fail *f)
{
    if (s->party->source == PARTY_TYPED) {
        sluis_err err = typed_source_new(out);
        return err ? fail_set(f, err, "source", "out of memory") : SLUIS_OK;
    }
    sluis_err err = mapping_load(m, s->mapping, c, f);
    const folder_options o = {.path = s->folder,
                              .mapping = *m,
                              .kind = s->party,
                              .max_files = s->max_files,
                              .max_bytes = s->max_file_bytes,
                              .test_mode = s->test_mode};
    return err ? err : folder_source_new(out, &o, f);
}

static sluis_err open_signals(int *out, sluis_fail *f)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) || (*out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return fail_set(f, SLUIS_IO, "", "signals cannot be received");
    return SLUIS_OK;
}

static sluis_err open_bus(adapter *a, sluis_fail *f)
{
    const client_options o = {.endpoint = a->s.gateway_endpoint,
                              .curve = &a->curve,
                              .server_curve_pk = a->s.gateway_curve_pk,
                              .root_pk = a->s.root_pk,
                              .program = "sluis-adapter",
                              .credit = a->s.credit,
                              .max_frame = a->s.max_frame,
                              .reconnect_max_ms = a->s.reconnect_max_ms};
    return client_open(&a->client, &o, f);
}

static sluis_err open_parts(adapter *a, sluis_fail *f)
{
    sluis_err err = catalogue_load(&a->catalogue, a->s.catalogue, f);
    if (!err)
        err = local_rules_read(&a->rules, a->s.rules, a->s.mode, a->catalogue, f);
    if (!err)
        err = staff_read(&a->staff, a->s.staff, a->catalogue, f);
    if (!err)
        err = open_source(&a->s, a->catalogue, &a->mapping, &a->source, f);
    if (!err)
        err = keys_open(a, f);
    const inbox_options io = {.path = a->s.store, .quota_bytes = a->s.quota_bytes, .key = a->store_key};
    if (!err)
        err = inbox_open(&a->inbox, &io, f);
    if (!err && (err = work_load(a)))
        fail_set(f, err, a->s.store,
                 "the inbox cannot be read (is keys/store.key the one it was written with?)");
    if (!err && (err = intake_open(&a->intake, &a->s.own, a->seals, a->s.max_frame)))
        fail_set(f, err, "", "out of memory");
    if (!err && (err = replier_open(&a->replier, &a->s.own, &a->s.gateway, &a->sign, a->s.answer_ms)))
        fail_set(f, err, "", "no sealing key could be made");
    if (!err)
        err = open_signals(&a->signals, f);
    if (!err)
        err = control_server_open(&a->control, a->s.control, CONTROL_OWN, desk_command, a, f);
    if (!err && !(err = open_bus(a, f))) {
        client_show(a->client, bytes_str(a->newest_note));
        keys_gateway_known(a);
    }
    return err;
}

sluis_err adapter_open(adapter **out, const char *config_path, party_kinds kinds, sluis_fail *f)
{
    *out = NULL;
    adapter *a = calloc(1, sizeof *a);
    if (!a)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    a->signals = a->keys_lock = -1;
    sluis_err err = adapter_settings_read(&a->s, config_path, kinds, f);
    if (!err)
        err = open_parts(a, f);
    if (err)
        adapter_close(&a);
    *out = a;
    return err;
}

void adapter_close(adapter **pa)
{
    adapter *a = *pa;
    if (!a)
        return;
    client_close(&a->client);
    control_server_close(&a->control);
    if (a->signals >= 0)
        close(a->signals);
    replier_close(&a->replier);
    intake_close(&a->intake);
    for (size_t i = 0; i < a->fresh_count; i++) {
        incoming_close(&a->fresh[i].m);
        free(a->fresh[i].receipt);
    }
    inbox_close(&a->inbox);
    keys_close(a);
    source_free(&a->source);
    staff_free(&a->staff);
    local_rules_free(&a->rules);
    mapping_free(&a->mapping);
    catalogue_free(&a->catalogue);
    adapter_settings_close(&a->s);
    free(a->work);
    free(a);
    *pa = NULL;
}

static sluis_err keep_house(adapter *a)
{
    uint64_t now = clock_ms();
    sluis_err err = SLUIS_OK;
    sluis_fail f = {0};
    size_t n = 0;
    if (now >= a->refresh_at) {
        a->refresh_at = now + (uint64_t)a->s.refresh_ms;
        if (source_refresh(a->source, &f))
            log_write(LOG_ERROR, "source.unreachable", "where", f.where, "text", f.text, NULL);
    }
    keys_step(a, now);
    if (a->retry_at && now >= a->retry_at) {
        a->retry_at = 0;
        err = work_load(a);
        if (!err && client_connected(a->client))
            err = restored_welcome(a);
    }
    if (!err && now >= a->sweep_at) {
        a->sweep_at = now + SWEEP_MS;
        err = inbox_sweep(a->inbox, now, now > a->s.keep_ms ? now - a->s.keep_ms : 0, &n);
        if (err == SLUIS_NO_SPACE) {
            log_no_space();
            err = SLUIS_OK;
        } else if (!err && n)
            err = work_load(a);
    }
    return err;
}

/* *stop: a signal asks for it. */
static sluis_err take_event(adapter *a, const client_event *ev, bool *stop)
{
    if (ev->kind != CLIENT_FD)
        return arrive_event(a, ev);
    if (ev->fd == a->signals)
        *stop = true;
    else
        control_server_step(a->control, 0);
    return SLUIS_OK;
}

static sluis_err one_turn(adapter *a, bool *stop)
{
    const int fds[] = {control_server_fd(a->control), a->signals};
    int wait = a->work_count && a->in_force ? 0 : a->s.refresh_ms < WAIT_MS ? a->s.refresh_ms : WAIT_MS;
    client_event ev;
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < TURN_EVENTS && !*stop; i++) {
        err = client_next(a->client, i ? 0 : wait, fds, 2, &ev);
        if (!err)
            err = take_event(a, &ev, stop);
        if (!err && (ev.kind == CLIENT_NONE || ev.kind == CLIENT_FD))
            break;
    }
    if (!err)
        err = turn_end(a);
    return err ? err : keep_house(a);
}

sluis_err adapter_run(adapter *a, sluis_fail *f)
{
    bool stop = false;
    sluis_err err = SLUIS_OK;
    log_write(LOG_INFO, "adapter.start", "party", a->s.party->name, "oin", a->s.own.s, NULL);
    while (!err && !stop)
        err = one_turn(a, &stop);
    if (err)
        return fail_set(f, err, a->s.store, "the adapter stops: restart it when the cause is mended");
    log_write(LOG_INFO, "adapter.stop", NULL);
    return SLUIS_OK;
}

/* ---- several municipalities ---- */
typedef struct {
    adapter *a;
    pthread_t thread;
    bool started;
    sluis_err err;
    sluis_fail why;
} runner;

static void *run_one(void *arg)
{
    runner *r = arg;
    r->err = adapter_run(r->a, &r->why);
    if (r->err == SLUIS_WRONG_SENDER) /* so its gateway says: no municipality ends what serves another */
        control_server_close(&r->a->control);
    else if (r->err) /* the others end as well: a program that serves half of them looks well and is not */
        kill(getpid(), SIGTERM);
    return NULL;
}

sluis_err adapter_run_all(adapter *const *v, size_t n, sluis_fail *f)
{
    runner r[ADAPTERS_MAX];
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; i < n; i++) {
        r[i] = (runner){.a = v[i]};
        r[i].started = !err && pthread_create(&r[i].thread, NULL, run_one, &r[i]) == 0;
        if (!r[i].started && !err) {
            err = fail_set(f, SLUIS_NOMEM, "", "a thread could not be started");
            kill(getpid(), SIGTERM);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (r[i].started)
            pthread_join(r[i].thread, NULL);
        if (r[i].started && r[i].err && !err) {
            err = r[i].err;
            *f = r[i].why;
        }
    }
    return err;
}

/* ---- without the bus ---- */
static sluis_err read_whole(const char *path, buffer *out, sluis_fail *f)
{
    uint8_t chunk[65536];
    size_t n;
    FILE *in = fopen(path, "rb");
    if (!in)
        return fail_set(f, SLUIS_IO, path, "cannot be opened");
    while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
        buffer_add(out, chunk, n);
    bool broken = ferror(in);
    fclose(in);
    if (out->err)
        return fail_set(f, out->err, path, "is larger than %u bytes", DOCUMENT_MAX_BYTES);
    return broken ? fail_set(f, SLUIS_IO, path, "cannot be read") : SLUIS_OK;
}

static void print_person(const catalogue *c, const mapped_person *p)
{
    printf("# person, %zu values%s%s\n", p->n, p->refusal ? ", closed: " : "", p->refusal ? p->refusal : "");
    for (size_t i = 0; i < p->n; i++) {
        char id[2 * ID_LEN + 1] = "-";
        if (p->v[i].keyed)
            hex_encode(id, p->v[i].instance, ID_LEN);
        const catalogue_entry *e = catalogue_by_id(c, p->v[i].attribute);
        printf("%s\t%.8s\t%s\n", e ? e->name : "?", id, p->v[i].value);
    }
}

sluis_err adapter_check_file(const char *config_path, party_kinds kinds, const char *file, sluis_fail *f)
{
    settings s;
    catalogue *c = NULL;
    mapping *m = NULL;
    mapped_file mf = {0};
    buffer text;
    buffer_init(&text, DOCUMENT_MAX_BYTES);
    sluis_err err = adapter_settings_read(&s, config_path, kinds, f);
    if (err)
        return err;
    if (s.party->source == PARTY_TYPED)
        err = fail_set(f, SLUIS_INVALID, config_path, "a %s types its answers: there is no file to check",
                       s.party->name);
    if (!err)
        err = catalogue_load(&c, s.catalogue, f);
    if (!err)
        err = mapping_load(&m, s.mapping, c, f);
    if (!err)
        err = read_whole(file, &text, f);
    if (!err)
        err = mapping_apply(m, s.party->check, file, buffer_bytes(&text), NULL, &mf, f);
    for (size_t i = 0; !err && i < mf.n; i++)
        print_person(c, &mf.v[i]);
    mapped_file_close(&mf);
    buffer_close(&text);
    mapping_free(&m);
    catalogue_free(&c);
    adapter_settings_close(&s);
    return err;
}

sluis_err adapter_unmapped(const char *mapping_path, const char *catalogue_path, const char *file,
                           sluis_fail *f)
{
    catalogue *c = NULL;
    mapping *m = NULL;
    buffer text, out;
    buffer_init(&text, DOCUMENT_MAX_BYTES);
    buffer_init(&out, DOCUMENT_MAX_BYTES);
    sluis_err err = catalogue_load(&c, catalogue_path, f);
    if (!err)
        err = mapping_load(&m, mapping_path, c, f);
    if (!err)
        err = read_whole(file, &text, f);
    if (!err)
        err = mapping_unmapped(m, file, buffer_bytes(&text), &out, f);
    if (!err)
        fwrite(out.p, 1, out.n, stdout);
    buffer_close(&out);
    buffer_close(&text);
    mapping_free(&m);
    catalogue_free(&c);
    return err;
}
