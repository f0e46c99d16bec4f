/* The two ends of a measured round trip, through the real gateway over CURVE loopback:
 *
 *   bench_roundtrip requesters CONFIG   files what the kind says, a number outstanding a sender, opens and
 *                                       checks each answer, and prints one JSON object of figures
 *   bench_roundtrip party CONFIG        answers, done after the answer's ack
 *
 * CONFIG is JSON: {endpoint, server_pk, root_pk, gateway_oin, party_oin, application, function, legal_basis,
 * purpose, attributes: [id]} and for the party {keys, oin}, for requesters {kind, outstanding, warmup, count,
 * senders: [{keys, oin, subjects: [{case, bsn}]}]}, a thread each. kind "request": ten attributes, a body of
 * 1 KiB, ten values back, sealed to the registry, too; "meeting": an invitation of 1 KiB and a reply, sealed
 * to each other alone. Every message is signed in the batch that waits, sealed, verified and opened as an
 * adapter does it; a round trip counts when its answer has been opened.
 *
 * With SLUIS_COUNT (count_ed25519.c) the figures tell how many signatures all processes made and verified
 * between the first and the last round trip counted. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/end.h"

#define SLOTS       65536 /* more than may be outstanding */
#define SENDERS_MAX 256
#define TEXT        "een gemeten waarde van gewone lengte"

/* ---- the party ---- */

static size_t respond(end *x, const envelope *env, Sluis__Core *c)
{
    Sluis__ResponseBody b = SLUIS__RESPONSE_BODY__INIT;
    Sluis__AttributeResult result[ATTRIBUTES_MAX], *results[ATTRIBUTES_MAX];
    Sluis__Instance instance[ATTRIBUTES_MAX], *instances[ATTRIBUTES_MAX];
    char value[ATTRIBUTES_MAX][96];
    static uint64_t count;
    count++;
    for (size_t i = 0; i < c->n_attributes; i++) {
        sluis__attribute_result__init(&result[i]);
        sluis__instance__init(&instance[i]);
        snprintf(value[i], sizeof(value[i]), "%-70s %016llx", TEXT, (unsigned long long)(count * 64 + i));
        instance[i].value = value[i];
        instances[i] = &instance[i];
        result[i].attribute = c->attributes[i];
        result[i].outcome = SLUIS__OUTCOME__GIVEN;
        result[i].instances = &instances[i];
        result[i].n_instances = 1;
        results[i] = &result[i];
    }
    b.results = results;
    b.n_results = c->n_attributes;
    c->kind = SLUIS__KIND__RESPONSE;
    return end_enqueue(x, c, &env->sender, true, &b.base);
}

static size_t reply(end *x, const envelope *env, Sluis__Core *c)
{
    Sluis__MeetingReplyBody b = SLUIS__MEETING_REPLY_BODY__INIT;
    char words[1000];
    snprintf(words, sizeof(words), "%-990s", TEXT);
    b.attends = true;
    b.text = words;
    c->kind = SLUIS__KIND__MEETING_REPLY;
    return end_enqueue(x, c, &env->sender, false, &b.base);
}

/* What it answers goes on with the same case, for the same reason. */
static size_t answer(end *x, const client_event *ev)
{
    ProtobufCMessage *m = NULL;
    envelope *env = end_take(x, ev, &m);
    Sluis__Core *q = env->core, c = SLUIS__CORE__INIT;
    c.transaction = q->transaction;
    c.application = q->application;
    c.function = q->function;
    c.case_id = q->case_id;
    c.phase = q->phase;
    c.legal_basis = q->legal_basis;
    c.purpose = q->purpose;
    c.attributes = q->attributes;
    c.n_attributes = q->n_attributes;
    c.answers = (ProtobufCBinaryData){HASH_LEN, env->mh};
    size_t at = q->kind == SLUIS__KIND__REQUEST ? respond(x, env, &c) : reply(x, env, &c);
    envelope_free(&env);
    return at;
}

/* Which delivery an unacknowledged answer belongs to: done follows its ack. */
typedef struct {
    uint8_t id[UUID_LEN];
    uint64_t seq, generation;
    bool used;
} answered;

static answered *find(answered *table, const uint8_t id[static UUID_LEN])
{
    size_t i = get_u32(id + 12) % SLOTS;
    while (table[i].used && memcmp(table[i].id, id, UUID_LEN) != 0)
        i = (i + 1) % SLOTS;
    return &table[i];
}

/* Later entries of the run move up, so that they stay findable. */
static void forget(answered *table, answered *p)
{
    size_t hole = (size_t)(p - table);
    p->used = false;
    for (size_t i = (hole + 1) % SLOTS; table[i].used; i = (i + 1) % SLOTS) {
        size_t home = get_u32(table[i].id + 12) % SLOTS;
        if ((i - home + SLOTS) % SLOTS < (i - hole + SLOTS) % SLOTS)
            continue;
        table[hole] = table[i];
        table[i].used = false;
        hole = i;
    }
}

static _Noreturn void run_party(end *x)
{
    answered *table = calloc(SLOTS, sizeof(*table)), waits[BATCH];
    client_event ev;
    if (!table)
        die("memory", SLUIS_NOMEM, NULL);
    for (;;) {
        need("next", client_next(x->bus, x->waiting ? 0 : -1, NULL, 0, &ev));
        if (ev.kind == CLIENT_DELIVER) {
            size_t at = answer(x, &ev);
            waits[at] = (answered){.seq = ev.seq, .generation = ev.generation, .used = true};
            memcpy(waits[at].id, x->id[at], UUID_LEN);
        } else if (ev.kind == CLIENT_ACK || (ev.kind == CLIENT_NACK && ev.why.code == SLUIS_CONFLICT)) {
            /* a conflict: answered before, and asked again since the gateway began without our done */
            answered *p = find(table, ev.message_id);
            if (p->used) {
                need("done", client_done(x->bus, p->seq, p->generation));
                forget(table, p);
            }
        } else if (ev.kind == CLIENT_NACK || ev.kind == CLIENT_REFUSED) {
            die(ev.code, ev.why.code, &ev.why);
        }
        if (x->waiting == BATCH || (x->waiting && ev.kind == CLIENT_NONE)) {
            for (size_t i = 0; i < x->waiting; i++)
                *find(table, waits[i].id) = waits[i];
            end_flush(x);
        }
    }
}

/* ---- the requesters ---- */

typedef struct {
    uint64_t us, signs, verifies;
} moment;

/* What all senders share. */
typedef struct {
    size_t outstanding, warmup, total;
    bool meeting;
    atomic_size_t sent, got;
    uint32_t *took; /* us, in the order of arrival */
    moment start, end;
    const _Atomic uint64_t *count; /* signatures made, verified; NULL: nobody counts */
} tally;

typedef struct {
    uint8_t tx[UUID_LEN];
    uint64_t started;
    bool open;
} asked;

typedef struct {
    pthread_t thread;
    tally *all;
    end x;
    asked *slots;
    size_t open;
} sender;

static moment now(const tally *t)
{
    moment m = {.us = clock_mono_us()};
    if (t->count) {
        m.signs = atomic_load(&t->count[0]);
        m.verifies = atomic_load(&t->count[1]);
    }
    return m;
}

static void request(end *x, Sluis__Core *c, const char *bsn)
{
    Sluis__RequestBody b = SLUIS__REQUEST_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__AttributeAsk one[ATTRIBUTES_MAX], *asks[ATTRIBUTES_MAX];
    static const char motivation[] =
        "Voor de brede vraagverheldering in deze casus is nodig te weten wat er al loopt.";
    static const char necessity[] = "nodig om samen met de client te bepalen welke hulp passend is";
    person.bsn = (char *)(uintptr_t)bsn;
    b.subject = &person;
    b.motivation = (char *)(uintptr_t)motivation;
    for (size_t i = 0; i < x->attribute_count; i++) {
        sluis__attribute_ask__init(&one[i]);
        one[i].necessity = "nodig";
        one[i].attribute = x->attributes[i];
        one[i].necessity = (char *)(uintptr_t)necessity;
        asks[i] = &one[i];
    }
    b.asks = asks;
    b.n_asks = x->attribute_count;
    c->kind = SLUIS__KIND__REQUEST;
    c->attributes = x->attributes;
    c->n_attributes = x->attribute_count;
    end_enqueue(x, c, &x->party, true, &b.base);
}

static void invite(end *x, Sluis__Core *c)
{
    Sluis__MeetingInvitationBody b = SLUIS__MEETING_INVITATION_BODY__INIT;
    char words[960];
    snprintf(words, sizeof(words), "%-950s", "nodig om samen te bepalen welke hulp passend is");
    b.when = clock_ms() + DAY_MS;
    b.place = (char *)(uintptr_t) "stadhuis";
    b.necessity = words;
    b.meeting = c->transaction;
    c->kind = SLUIS__KIND__MEETING_INVITATION;
    end_enqueue(x, c, &x->party, false, &b.base);
}

static void ask(sender *s, asked *slot)
{
    end *x = &s->x;
    const json_t *subjects = json_object_get(x->own, "subjects");
    uint32_t pick;
    random_bytes(&pick, sizeof(pick));
    const json_t *one = json_array_get(subjects, pick % json_array_size(subjects));
    Sluis__Core c = SLUIS__CORE__INIT;
    id16 case_id;
    uuid tx = uuid_new(clock_ms());
    need("case", id_parse(&case_id, json_string_value(json_object_get(one, "case"))));
    c.transaction = (ProtobufCBinaryData){UUID_LEN, tx.b};
    c.application = (char *)(uintptr_t)end_text(x, "application");
    c.function = (char *)(uintptr_t)end_text(x, "function");
    c.case_id = (ProtobufCBinaryData){ID_LEN, case_id.b};
    c.phase = SLUIS__PHASE__RESEARCH;
    c.legal_basis = (char *)(uintptr_t)end_text(x, "legal_basis");
    c.purpose = (char *)(uintptr_t)end_text(x, "purpose");
    memcpy(slot->tx, tx.b, UUID_LEN);
    slot->started = clock_mono_us();
    slot->open = true;
    s->open++;
    if (s->all->meeting)
        invite(x, &c);
    else
        request(x, &c, json_string_value(json_object_get(one, "bsn")));
}

static bool one_more(tally *t)
{
    return atomic_load(&t->sent) < t->total && atomic_fetch_add(&t->sent, 1) < t->total;
}

static void take_answer(sender *s, const client_event *ev)
{
    tally *t = s->all;
    ProtobufCMessage *m = NULL;
    envelope *env = end_take(&s->x, ev, &m);
    size_t i = 0;
    while (i < t->outstanding &&
           !(s->slots[i].open && memcmp(s->slots[i].tx, env->core->transaction.data, UUID_LEN) == 0))
        i++;
    need("done", client_done(s->x.bus, ev->seq, ev->generation));
    if (i < t->outstanding) {
        s->slots[i].open = false;
        s->open--;
        size_t n = atomic_fetch_add(&t->got, 1) + 1;
        t->took[n - 1] = (uint32_t)(clock_mono_us() - s->slots[i].started);
        if (n == t->warmup)
            t->start = now(t);
        if (n == t->total)
            t->end = now(t);
        if (one_more(t))
            ask(s, &s->slots[i]);
    } /* else: an answer of an earlier run, delivered late */
    envelope_free(&env);
}

static void *run_sender(void *arg)
{
    sender *s = arg;
    tally *t = s->all;
    client_event ev;
    for (size_t i = 0; i < t->outstanding && one_more(t); i++) {
        ask(s, &s->slots[i]);
        if (s->x.waiting == BATCH)
            end_flush(&s->x);
    }
    end_flush(&s->x);
    while (s->open) {
        need("next", client_next(s->x.bus, s->x.waiting ? 0 : 20000, NULL, 0, &ev));
        if (ev.kind == CLIENT_NACK || ev.kind == CLIENT_REFUSED)
            die(ev.code, ev.why.code, &ev.why);
        if (ev.kind == CLIENT_NONE && !s->x.waiting)
            die("answers stopped coming", SLUIS_TIMEOUT, NULL);
        if (ev.kind == CLIENT_DELIVER)
            take_answer(s, &ev);
        if (s->x.waiting == BATCH || (s->x.waiting && ev.kind == CLIENT_NONE))
            end_flush(&s->x);
    }
    return NULL;
}

static const _Atomic uint64_t *open_count(void)
{
    const char *path = getenv("SLUIS_COUNT");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    return p == MAP_FAILED ? NULL : p;
}

static int by_value(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static void print_figures(tally *t)
{
    size_t n = t->total - t->warmup;
    qsort(t->took + t->warmup, n, sizeof(*t->took), by_value);
    printf("{\"roundtrips_per_s\": %.1f, \"p50_us\": %u, \"p99_us\": %u, \"count\": %zu, \"signs\": %llu, "
           "\"verifies\": %llu}\n",
           (double)n * 1e6 / (double)(t->end.us - t->start.us), t->took[t->warmup + n / 2],
           t->took[t->warmup + n * 99 / 100], n, (unsigned long long)(t->end.signs - t->start.signs),
           (unsigned long long)(t->end.verifies - t->start.verifies));
}

static size_t number(const json_t *config, const char *key)
{
    size_t n = (size_t)json_integer_value(json_object_get(config, key));
    if (!n)
        die(key, SLUIS_INVALID, NULL);
    return n;
}

static int run_requesters(const json_t *config)
{
    const json_t *list = json_object_get(config, "senders"), *kind = json_object_get(config, "kind");
    size_t n = json_array_size(list);
    tally t = {.outstanding = number(config, "outstanding"),
               .warmup = number(config, "warmup"),
               .meeting = kind && strcmp(json_string_value(kind), "meeting") == 0,
               .count = open_count()};
    t.total = t.warmup + number(config, "count");
    t.took = calloc(t.total, sizeof(*t.took));
    sender *all = calloc(n ? n : 1, sizeof(*all));
    if (!t.took || !all || n == 0 || n > SENDERS_MAX)
        die("senders", SLUIS_INVALID, NULL);
    for (size_t i = 0; i < n; i++) {
        all[i].all = &t;
        all[i].slots = calloc(t.outstanding, sizeof(asked));
        if (!all[i].slots)
            die("memory", SLUIS_NOMEM, NULL);
        end_open(&all[i].x, json_array_get(list, i), config);
        end_wait_welcome(&all[i].x);
    }
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&all[i].thread, NULL, run_sender, &all[i]))
            die("thread", SLUIS_NOMEM, NULL);
    for (size_t i = 0; i < n; i++)
        pthread_join(all[i].thread, NULL);
    print_figures(&t);
    return 0;
}

int main(int argc, char **argv)
{
    json_error_t je;
    json_t *config = argc == 3 ? json_load_file(argv[2], JSON_REJECT_DUPLICATES, &je) : NULL;
    if (!config || (strcmp(argv[1], "requesters") != 0 && strcmp(argv[1], "party") != 0)) {
        fprintf(stderr, "usage: bench_roundtrip requesters|party CONFIG\n");
        return 2;
    }
    need("crypto", crypto_start());
    if (strcmp(argv[1], "requesters") == 0)
        return run_requesters(config);
    static end x;
    end_open(&x, config, config);
    run_party(&x);
}
