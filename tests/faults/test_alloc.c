/* Each allocation fails once: in what reads bytes and files, where the error must say so, and in a whole
 * gateway in process, where a message may be refused or the program may stop in words, but nothing
 * acknowledged is lost. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "faults/exchange.h"
#include "faults/shim_alloc.h"
#include "http/json.h"
#include "policy/rules.h"
#include "runtime/inbox.h"
#include "school/school.h"
#include "settings/settings.h"
#include "sources/party.h"
#include "wgs/wgs.h"

#define POINTS_BOUNDED   60 /* of each function, in make check */
#define PHASE_BOUNDED_MS 2000
#define WAIT_MS          400
#define ANSWER_MS        8000
#define PROMISES_MAX     4096

static bool whole(void)
{
    return getenv("TORTURE_KILLS") != NULL;
}

static uint8_t *load(const char *path, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    off_t size = lseek(fd, 0, SEEK_END);
    uint8_t *p = malloc((size_t)size + 1);
    assert_non_null(p);
    assert_int_equal(pread(fd, p, (size_t)size, 0), size);
    close(fd);
    p[size] = 0;
    *n = (size_t)size;
    return p;
}

/* ---- functions ---- */

typedef struct {
    uint8_t *data;
    size_t n;
    catalogue *catalogue;
    mapping *mapping;
    arena *mem;
} material;

static sluis_err read_config(material *m, sluis_fail *f)
{
    config *c = NULL;
    sluis_err e = config_read_text(&c, "sluisd.conf", (const char *)m->data, m->n, f);
    config_free(&c);
    return e;
}

static sluis_err read_settings(material *m, sluis_fail *f)
{
    settings s;
    (void)m;
    sluis_err e = settings_load(&s, "tests/data/sluisd.conf", f);
    if (!e)
        settings_close(&s);
    return e;
}

static sluis_err read_rules(material *m, sluis_fail *f)
{
    rules *r = NULL;
    (void)m;
    sluis_err e = rules_load(&r, "config/rules", f);
    rules_unref(&r);
    return e;
}

static sluis_err read_catalogue(material *m, sluis_fail *f)
{
    catalogue *c = NULL;
    (void)m;
    sluis_err e = catalogue_load(&c, "config/rules/catalogue.conf", f);
    catalogue_free(&c);
    return e;
}

static sluis_err read_mapping(material *m, sluis_fail *f)
{
    mapping *x = NULL;
    sluis_err e = mapping_load(&x, "adapters/school/oso-2019.1.conf", m->catalogue, f);
    mapping_free(&x);
    return e;
}

static sluis_err apply(material *m, mapping_check check, sluis_fail *f)
{
    mapped_file file;
    sluis_err e = mapping_apply(m->mapping, check, "f", BYTES(m->data, m->n), NULL, &file, f);
    if (!e)
        mapped_file_close(&file);
    return e;
}

static sluis_err apply_school(material *m, sluis_fail *f)
{
    return apply(m, school_party.check, f);
}

static sluis_err apply_wgs(material *m, sluis_fail *f)
{
    return apply(m, wgs_party.check, f);
}

static sluis_err read_envelope(material *m, sluis_fail *f)
{
    envelope *env = NULL;
    sluis_err e = envelope_decode(&env, BYTES(m->data, m->n), ENVELOPE_MAX, f);
    envelope_free(&env);
    return e;
}

static sluis_err read_frame(material *m, sluis_fail *f)
{
    ProtobufCMessage *frame = NULL;
    arena *mem = arena_new(1u << 20);
    sluis_err e =
        mem ? wire_unpack(&frame, &sluis__frame__descriptor, mem, BYTES(m->data, m->n), f) : SLUIS_NOMEM;
    arena_free(&mem);
    return e;
}

static sluis_err read_json(material *m, sluis_fail *f)
{
    json_t *j = NULL;
    sluis_err e = json_request_parse(&j, BYTES(m->data, m->n), f);
    json_decref(j);
    return e;
}

static sluis_err seal_envelope(material *m, sluis_fail *f)
{
    epoch *made = NULL;
    sluis_err e = epoch_new(&made);
    (void)m;
    (void)f;
    epoch_free(&made);
    return e;
}

static sluis_err keep_inbox(material *m, sluis_fail *f)
{
    static const uint8_t key[32] = {1};
    inbox *b = NULL;
    Sluis__InboxRow *row = NULL;
    inbox_arrival v = {.envelope = BYTES(m->data, m->n),
                       .body = BYTES(m->data, m->n),
                       .receipt = BYTES(m->data, m->n),
                       .received = 1,
                       .expires = 2};
    const inbox_options o = {.path = NULL, .quota_bytes = 1u << 24, .key = key};
    arena *mem = arena_new(1u << 20);
    sluis_err e = mem ? inbox_open(&b, &o, f) : SLUIS_NOMEM;
    if (!e)
        e = inbox_add(b, &v, 1);
    if (!e)
        e = inbox_get(b, v.transaction, mem, &row);
    if (!e)
        e = inbox_put(b, v.transaction, row);
    inbox_close(&b);
    arena_free(&mem);
    return e;
}

typedef struct {
    const char *name;
    sluis_err (*call)(material *m, sluis_fail *f);
    const char *data, *mapping;
    sluis_err instead; /* what it may say instead: neither jansson nor glibc's look-up of accounts tells that
                          memory was out */
} subject_of;

static const subject_of functions[] = {
    {"configuration", read_config, "config/examples/sluisd.conf", NULL, 0},
    {"settings", read_settings, NULL, NULL, SLUIS_INVALID},
    {"rules", read_rules, NULL, NULL, 0},
    {"catalogue", read_catalogue, NULL, NULL, 0},
    {"mapping", read_mapping, NULL, NULL, 0},
    {"school dossier", apply_school, "adapters/school/samples/dossier-akkoord.xml",
     "adapters/school/oso-2019.1.conf", 0},
    {"debt file", apply_wgs, "adapters/wgs/samples/levering.json", "adapters/wgs/ddas-1.0.conf",
     SLUIS_INVALID},
    {"envelope", read_envelope, "tests/fuzz/corpus/envelope/vector-0", NULL, 0},
    {"frame", read_frame, "tests/fuzz/corpus/frame/submit", NULL, 0},
    {"json", read_json, "tests/fuzz/corpus/json/object", NULL, SLUIS_INVALID},
    {"epoch", seal_envelope, NULL, NULL, 0},
    {"inbox", keep_inbox, "tests/fuzz/corpus/frame/submit", NULL, 0},
};

/* What a process that tries points and the one that watches it both see. */
typedef struct {
    uint64_t all, at, tried, tolerated;
    bool complete;
} progress;

/* In a process of its own, since an allocation within libxml2 may end it. */
static _Noreturn void try_from(const subject_of *s, progress *p)
{
    material m = {0};
    sluis_fail f = {0};
    uint64_t failed = 0;
    log_init("faults", (log_level)(LOG_ERROR + 1)); /* silent: thousands of failures are meant */
    randombytes_stir(); /* libsodium's generator refuses a forked process until it is told */
    if (s->data)
        m.data = load(s->data, &m.n);
    if (catalogue_load(&m.catalogue, "config/rules/catalogue.conf", &f) ||
        (s->mapping && mapping_load(&m.mapping, s->mapping, m.catalogue, &f)))
        _exit(EXIT_FAILURE);
    sluis_err e = s->call(&m, &f); /* warm: what libraries keep for good is made now */
    shim_alloc_arm(0, 0);
    if (!e)
        e = s->call(&m, &f);
    p->all = shim_alloc_disarm(NULL);
    uint64_t stride = whole() ? 1 : p->all / POINTS_BOUNDED + 1;
    for (; !e && p->at <= p->all; p->tried++) {
        uint64_t at = p->at;
        p->at += stride;
        fail_clear(&f);
        shim_alloc_arm(at, 0);
        e = s->call(&m, &f);
        shim_alloc_disarm(&failed);
        p->tolerated += !e && failed;
        /* An arena does not tell its own bound from the machine's. */
        if (e && e != SLUIS_NOMEM && e != SLUIS_TOO_BIG && e != s->instead &&
            !strstr(f.text, strerror(ENOMEM)))
            fprintf(stderr, "allocation %llu: %s instead of out of memory: %s: %s\n", (unsigned long long)at,
                    error_token(e), f.where, f.text);
        else
            e = SLUIS_OK;
    }
    if (!e)
        e = s->call(&m, &f);
    if (e)
        fprintf(stderr, "%s: %s: %s %s\n", s->name, error_token(e), f.where, f.text);
    mapping_free(&m.mapping);
    catalogue_free(&m.catalogue);
    free(m.data);
    p->complete = !e;
    exit(e ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void functions_say_so(void **state)
{
    progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long long tried = 0, all = 0, tolerated = 0, ended = 0;
    (void)state;
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(crypto_start(), 0);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        for (*p = (progress){.at = 1}; !p->complete;) {
            int status = 0;
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0)
                try_from(&functions[i], p);
            assert_int_equal(waitpid(child, &status, 0), child);
            bool in_words = WIFEXITED(status) && WEXITSTATUS(status) == EX_SOFTWARE;
            if (!p->complete && !in_words)
                fail_msg("%s, before allocation %llu of %llu: status %#x", functions[i].name,
                         (unsigned long long)p->at, (unsigned long long)p->all, (unsigned)status);
            assert_true(in_words ||
                        WEXITSTATUS(status) == EXIT_SUCCESS); /* a leak that the sanitizer found */
            ended += in_words;
            p->tried += in_words;
        }
        tried += p->tried;
        all += p->all;
        tolerated += p->tolerated;
    }
    munmap(p, sizeof(*p));
    assert_true(all > 1000);
    print_message("allocations: %llu of %llu points in %zu functions failed: %llu did without, %llu ended in "
                  "words, the rest said so\n",
                  tried, all, sizeof functions / sizeof *functions, tolerated, ended);
}

/* ---- the whole gateway ---- */

/* What the gateway's process and ours both see. */
typedef struct {
    uint64_t at, tried, failed, refused, repeated, last_seen;
    size_t phase, beyond;
    bool complete;
    char dir[64];
    settings settings; /* its strings are the child's: name is kept beside it */
    char name[64];
    size_t promises;
    promise list[PROMISES_MAX];
} ledger;

#define WRONG 3 /* the status of a life that saw what may not be: no other end has it */

static _Noreturn void give_up(const ledger *l, const char *why)
{
    fprintf(stderr, "phase %zu, allocation %llu: %s\n", l->phase, (unsigned long long)l->at, why);
    _exit(WRONG);
}

static void promised(void *ctx, const exchange *x, size_t records)
{
    ledger *l = ctx;
    if (l->promises == PROMISES_MAX)
        return;
    promise *p = &l->list[l->promises];
    memcpy(p->tx, x->tx, UUID_LEN);
    p->records = records;
    l->promises++;
}

/* One exchange with its at-th allocation failing; whatever happened, it must be completed afterwards. */
static bool in_exchange(rig *r, ledger *l)
{
    exchange x;
    uint64_t failed = 0;
    exchange_begin(r, &x);
    x.told = promised;
    x.ctx = l;
    shim_alloc_arm(l->at, 0);
    bool through = exchange_go_on(r, &x, WAIT_MS);
    l->last_seen = shim_alloc_disarm(&failed);
    l->refused += x.refusal[0] != '\0';
    if (!through) {
        l->repeated++;
        if (!exchange_join(r, ANSWER_MS) || !exchange_go_on(r, &x, ANSWER_MS))
            give_up(l, x.refusal[0] ? x.refusal : "the exchange was not completed afterwards");
    }
    exchange_close(&x);
    l->failed += failed;
    return failed > 0;
}

static bool in_join(rig *r, ledger *l)
{
    uint64_t failed = 0;
    shim_alloc_arm(l->at, 0);
    bool joined = exchange_join(r, WAIT_MS);
    shim_alloc_disarm(&failed);
    l->repeated += !joined;
    if (!joined && !exchange_join(r, ANSWER_MS))
        give_up(l, "no session afterwards");
    l->failed += failed;
    return failed > 0;
}

/* A start is refused in words, ends the program in words, or succeeds. */
static bool in_start(rig *r, ledger *l)
{
    uint64_t failed = 0;
    sluis_fail f = {0};
    gateway_stop(&r->gateway);
    shim_alloc_spare(false);
    shim_alloc_arm(l->at, 0);
    sluis_err e = gateway_start(&r->gateway, &r->settings, &f);
    shim_alloc_spare(true);
    bool joined = !e && exchange_join(r, WAIT_MS);
    shim_alloc_disarm(&failed);
    l->refused += e != SLUIS_OK;
    if (e && (e != SLUIS_NOMEM && !strstr(f.text, strerror(ENOMEM))))
        give_up(l, f.text);
    if (e && gateway_start(&r->gateway, &r->settings, &f))
        give_up(l, f.text);
    if (!joined && !exchange_join(r, ANSWER_MS))
        give_up(l, "no session after the start");
    l->failed += failed;
    return failed > 0;
}

typedef struct {
    const char *name;
    bool (*try)(rig *r, ledger *l); /* whether an allocation failed */
    uint64_t stride, bounded_stride;
} phase;

static const phase phases[] = {
    {"exchange", in_exchange, 1, 2}, {"join", in_join, 1, 2}, {"start", in_start, 25, 211}};
#define PHASES (sizeof phases / sizeof *phases)

static uint64_t stride_of(const ledger *l)
{
    return whole() ? phases[l->phase].stride : phases[l->phase].bounded_stride;
}

/* In a process of its own: a gateway, until it stops or every point has been tried. */
static _Noreturn void live(ledger *l)
{
    rig *r = calloc(1, sizeof(*r));
    if (!r)
        _exit(WRONG);
    shim_alloc_spare(true);
    randombytes_stir(); /* libsodium's generator refuses a forked process until it is told */
    rig_open(r);
    snprintf(l->dir, sizeof(l->dir), "%s", r->dir);
    snprintf(l->name, sizeof(l->name), "%s", r->settings.name);
    l->settings = r->settings;
    if (!exchange_join(r, ANSWER_MS))
        give_up(l, "no session at first");
    for (; l->phase < PHASES; l->phase++, l->at = 1, l->beyond = 0) {
        uint64_t until = clock_mono_us() + (whole() ? UINT64_MAX / 2 : UINT64_C(1000) * PHASE_BOUNDED_MS);
        /* Threads allocate at their own times: the end is where none was left three times running. */
        for (; l->beyond < 3 && clock_mono_us() < until; l->at += stride_of(l)) {
            l->beyond = phases[l->phase].try(r, l) ? 0 : l->beyond + 1;
            l->tried++;
        }
    }
    l->complete = true;
    exit(EXIT_SUCCESS);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void gateway_survives(void **state)
{
    ledger *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned stops = 0, lives = 0;
    size_t kept = 0;
    (void)state;
    assert_ptr_not_equal(l, MAP_FAILED);
    l->at = 1;
    while (!l->complete) {
        char data[96], keys[96];
        int status = 0;
        sluis_fail f = {0};
        l->promises = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            live(l);
        assert_int_equal(waitpid(child, &status, 0), child);
        lives++;
        const int end = WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
        const bool in_words =
            end == EX_SOFTWARE || (end == EXIT_FAILURE && !l->complete && phases[l->phase].try == in_start);
        if (!in_words && end != EXIT_SUCCESS)
            fail_msg("phase %zu, allocation %llu: the gateway ended with status %#x", l->phase,
                     (unsigned long long)l->at, (unsigned)status);
        stops += in_words;
        l->settings.name = l->name;
        snprintf(data, sizeof(data), "%s/data", l->dir);
        snprintf(keys, sizeof(keys), "%s/keys", l->dir);
        if (folder_check(data, keys, &l->settings, l->list, l->promises, &f))
            fail_msg("allocation %llu: %s: %s", (unsigned long long)l->at, f.where, f.text);
        kept += l->promises;
        nftw(l->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (!l->complete)
            l->at += stride_of(l);
    }
    assert_true(l->failed > 10);
    print_message("allocations: %llu points failed in a gateway (of about %llu an exchange): %llu exchanges "
                  "refused, %llu "
                  "repeated, %u stops in words, %zu acknowledgements, 0 lost\n",
                  (unsigned long long)l->failed, (unsigned long long)l->last_seen,
                  (unsigned long long)l->refused, (unsigned long long)l->repeated, stops, kept);
    assert_true(lives == stops + 1);
    munmap(l, sizeof(*l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions_say_so),
                                       cmocka_unit_test(gateway_survives)};
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
