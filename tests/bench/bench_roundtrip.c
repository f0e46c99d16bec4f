/* The two ends of a measured round trip, through the real gateway over CURVE loopback:
 *
 *   bench_roundtrip requester CONFIG   files requests (ten attributes, a body of 1 KiB), W outstanding, opens
 * and checks each answer, and prints one JSON object of figures bench_roundtrip party CONFIG       answers
 * each request with ten values, done after the answer's ack
 *
 * CONFIG is JSON: {endpoint, server_pk, root_pk, keys, oin, gateway_oin, party_oin, outstanding, warmup,
 * count, attributes: [id], subjects: [{case, bsn}]}. Every message is signed in the batch that waits, sealed,
 * verified and opened as an adapter does it; a request counts when its answer has been opened. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "session/client.h"
#include "wire/envelope.h"

#define BATCH   64
#define SLOTS   65536
#define LIFE_MS (3600 * 1000)

typedef struct {
    json_t *config;
    client *bus;
    keypair sign, seal, curve;
    uint8_t server_pk[32], root_pk[32];
    oin own, gateway, party;
    uint32_t attributes[ATTRIBUTES_MAX];
    size_t attribute_count;
    epoch *epoch;
    kek_cache *keks;
    root_cache *roots;
    receipt_cache receipts;
    /* what waits for one signature */
    buffer header[BATCH], body[BATCH], whole[BATCH];
    envelope_item item[BATCH];
    uint8_t id[BATCH][UUID_LEN];
    uint64_t seq[BATCH], generation[BATCH];
    size_t waiting;
} end;

static void die(const char *what, sluis_err e, const sluis_fail *f)
{
    fprintf(stderr, "bench_roundtrip: %s: %s%s%s %s\n", what, error_token(e), f ? " at " : "",
            f ? f->where : "", f ? f->text : "");
    exit(1);
}

static void need(const char *what, sluis_err e)
{
    if (e)
        die(what, e, NULL);
}

static const char *text(const end *x, const char *key)
{
    const char *s = json_string_value(json_object_get(x->config, key));
    if (!s)
        die(key, SLUIS_INVALID, NULL);
    return s;
}

static size_t number(const end *x, const char *key)
{
    return (size_t)json_integer_value(json_object_get(x->config, key));
}

static void read_key(const end *x, keypair *out, const char *name, key_use use)
{
    char path[512];
    sluis_fail f = {0};
    snprintf(path, sizeof(path), "%s/%s.key", text(x, "keys"), name);
    sluis_err e = keyfile_read(out, path, use, &f);
    if (e)
        die(path, e, &f);
}

static void end_open(end *x, const char *path)
{
    sluis_fail f = {0};
    json_error_t je;
    memset(x, 0, sizeof(*x));
    x->config = json_load_file(path, JSON_REJECT_DUPLICATES, &je);
    if (!x->config)
        die(path, SLUIS_INVALID, NULL);
    need("crypto", crypto_start());
    read_key(x, &x->sign, "sign", USE_SIGN);
    read_key(x, &x->seal, "seal", USE_SEAL);
    read_key(x, &x->curve, "curve", USE_CURVE);
    need("server_pk", hex_decode(x->server_pk, 32, text(x, "server_pk"), strlen(text(x, "server_pk"))));
    need("root_pk", hex_decode(x->root_pk, 32, text(x, "root_pk"), strlen(text(x, "root_pk"))));
    need("oin", oin_parse(&x->own, text(x, "oin"), OIN_LEN));
    need("gateway_oin", oin_parse(&x->gateway, text(x, "gateway_oin"), OIN_LEN));
    need("party_oin", oin_parse(&x->party, text(x, "party_oin"), OIN_LEN));
    const json_t *list = json_object_get(x->config, "attributes");
    for (; x->attribute_count < json_array_size(list) && x->attribute_count < ATTRIBUTES_MAX;
         x->attribute_count++)
        x->attributes[x->attribute_count] =
            (uint32_t)json_integer_value(json_array_get(list, x->attribute_count));
    need("epoch", epoch_new(&x->epoch));
    need("keks", kek_cache_new(&x->keks, 64));
    need("roots", root_cache_new(&x->roots, 1024));
    for (size_t i = 0; i < BATCH; i++) {
        buffer_init(&x->header[i], ENVELOPE_MAX);
        buffer_init(&x->body[i], ENVELOPE_MAX);
        buffer_init(&x->whole[i], ENVELOPE_MAX);
    }
    client_options o = {.endpoint = text(x, "endpoint"),
                        .curve = &x->curve,
                        .server_curve_pk = x->server_pk,
                        .root_pk = x->root_pk,
                        .program = "bench",
                        .credit = 512,
                        .max_frame = 1 << 20,
                        .reconnect_max_ms = 1000};
    sluis_err e = client_open(&x->bus, &o, &f);
    if (e)
        die("client", e, &f);
}

static void seal_target(const end *x, const oin *who, seal_to *to)
{
    sluis_fail f = {0};
    const directory *d = client_snapshot(x->bus)->dir;
    const party *p = directory_find(d, who);
    const party_key *k = NULL;
    sluis_err e = p ? directory_current(d, p, USE_SEAL, clock_ms(), &k, &f) : SLUIS_UNKNOWN_PARTY;
    if (e)
        die(who->s, e, &f);
    to->oin = *who;
    memcpy(to->seal_pk, k->pk, PK_LEN);
    to->seal_id = k->id;
}

/* Seals one message into the next place of the batch. */
static void enqueue(end *x, Sluis__Core *c, const oin *to_whom, const ProtobufCMessage *body)
{
    seal_to to[2];
    buffer plain;
    size_t i = x->waiting++;
    uint64_t now = clock_ms();
    uuid id = uuid_new(now);
    buffer_init(&plain, ENVELOPE_MAX);
    memcpy(x->id[i], id.b, UUID_LEN);
    seal_target(x, to_whom, &to[0]);
    seal_target(x, &x->gateway, &to[1]);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    c->origin = SLUIS__ORIGIN__BUS;
    c->created = now;
    c->expires = now + LIFE_MS;
    buffer_clear(&x->header[i]);
    buffer_clear(&x->body[i]);
    buffer_clear(&x->whole[i]);
    need("pack", wire_pack(&plain, body));
    need("seal", envelope_seal(c, &x->own, &x->sign, x->epoch, to, 2, buffer_bytes(&plain), now,
                               &x->header[i], &x->body[i], x->item[i].mh));
    x->item[i].header = buffer_bytes(&x->header[i]);
    x->item[i].body = buffer_bytes(&x->body[i]);
    x->item[i].out = &x->whole[i];
    buffer_close(&plain);
}

/* One signature for what waits. */
static void flush(end *x)
{
    if (!x->waiting)
        return;
    need("sign", envelope_sign_batch(&x->own, &x->sign, x->item, x->waiting));
    for (size_t i = 0; i < x->waiting; i++)
        need("submit", client_submit(x->bus, x->id[i], buffer_bytes(&x->whole[i])));
    x->waiting = 0;
}

/* Everything an adapter checks before it acts: signature, receipt, seal. */
static envelope *open_delivery(end *x, const client_event *ev, ProtobufCMessage **body,
                               const ProtobufCMessageDescriptor *d)
{
    sluis_fail f = {0};
    envelope *env = NULL;
    const snapshot *snap = client_snapshot(x->bus);
    const party_key *key = NULL;
    buffer plain;
    receipt_facts facts;
    buffer_init(&plain, ENVELOPE_MAX);
    sluis_err e = envelope_decode(&env, ev->envelope, ENVELOPE_MAX, &f);
    if (!e)
        e = envelope_check_times(env, clock_ms(), &f);
    const party *from = e ? NULL : directory_find(snap->dir, &env->sender);
    if (!e && !from)
        e = SLUIS_UNKNOWN_PARTY;
    if (!e)
        e = directory_key(snap->dir, from, USE_SIGN, &env->signing_key, clock_ms(), &key, &f);
    if (!e)
        e = envelope_verify(env, key->pk, x->roots, &f);
    if (!e)
        e = receipt_verify(&facts, env->arena, ev->receipt, snap->log_name, snap->log_pk, &x->receipts, &f);
    if (!e && memcmp(facts.record->message_hash.data, env->mh, HASH_LEN) != 0)
        e = SLUIS_CONFLICT;
    if (!e)
        e = envelope_open(env, &x->own, &x->seal, x->keks, &plain, &f);
    if (!e)
        e = wire_unpack(body, d, env->arena, buffer_bytes(&plain), &f);
    if (e)
        die("delivery", e, &f);
    buffer_close(&plain);
    return env;
}

/* ---- the party ---- */

static void answer(end *x, const client_event *ev)
{
    ProtobufCMessage *m = NULL;
    envelope *env = open_delivery(x, ev, &m, &sluis__request_body__descriptor);
    Sluis__Core *q = env->core, c = SLUIS__CORE__INIT;
    Sluis__ResponseBody b = SLUIS__RESPONSE_BODY__INIT;
    Sluis__AttributeResult result[ATTRIBUTES_MAX], *results[ATTRIBUTES_MAX];
    Sluis__Instance instance[ATTRIBUTES_MAX], *instances[ATTRIBUTES_MAX];
    char value[ATTRIBUTES_MAX][96];
    static uint64_t count;
    count++;
    for (size_t i = 0; i < q->n_attributes; i++) {
        sluis__attribute_result__init(&result[i]);
        sluis__instance__init(&instance[i]);
        snprintf(value[i], sizeof(value[i]), "%-70s %016llx", "een gemeten waarde van gewone lengte",
                 (unsigned long long)(count * 64 + i));
        instance[i].value = value[i];
        instances[i] = &instance[i];
        result[i].attribute = q->attributes[i];
        result[i].outcome = SLUIS__OUTCOME__GIVEN;
        result[i].instances = &instances[i];
        result[i].n_instances = 1;
        results[i] = &result[i];
    }
    b.results = results;
    b.n_results = q->n_attributes;
    c.kind = SLUIS__KIND__RESPONSE;
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
    x->seq[x->waiting] = ev->seq;
    x->generation[x->waiting] = ev->generation;
    enqueue(x, &c, &env->sender, &b.base);
    envelope_free(&env);
}

/* Which delivery an unacknowledged answer belongs to: done follows its ack. */
typedef struct {
    uint8_t id[UUID_LEN];
    uint64_t seq, generation;
    bool used;
} pending;

static pending *find(pending *table, const uint8_t id[static UUID_LEN])
{
    size_t i = get_u32(id + 12) % SLOTS;
    while (table[i].used && memcmp(table[i].id, id, UUID_LEN) != 0)
        i = (i + 1) % SLOTS;
    return &table[i];
}

static _Noreturn void run_party(end *x)
{
    pending *table = calloc(SLOTS, sizeof(*table));
    client_event ev;
    if (!table)
        die("memory", SLUIS_NOMEM, NULL);
    for (;;) {
        need("next", client_next(x->bus, x->waiting ? 0 : -1, NULL, 0, &ev));
        if (ev.kind == CLIENT_DELIVER) {
            answer(x, &ev);
        } else if (ev.kind == CLIENT_ACK) {
            pending *p = find(table, ev.message_id);
            if (p->used)
                need("done", client_done(x->bus, p->seq, p->generation));
            p->seq = 0;
        } else if (ev.kind == CLIENT_NACK || ev.kind == CLIENT_REFUSED) {
            die(ev.code, ev.why.code, &ev.why);
        }
        if (x->waiting == BATCH || (x->waiting && ev.kind == CLIENT_NONE)) {
            for (size_t i = 0; i < x->waiting; i++) {
                pending *p = find(table, x->id[i]);
                memcpy(p->id, x->id[i], UUID_LEN);
                p->seq = x->seq[i];
                p->generation = x->generation[i];
                p->used = true;
            }
            flush(x);
        }
    }
}

/* ---- the requester ---- */

typedef struct {
    uint8_t tx[UUID_LEN];
    uint64_t started;
    bool open;
} asked;

static void ask(end *x, asked *slot)
{
    const json_t *subjects = json_object_get(x->config, "subjects");
    uint32_t pick;
    random_bytes(&pick, sizeof(pick));
    const json_t *s = json_array_get(subjects, pick % json_array_size(subjects));
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__RequestBody b = SLUIS__REQUEST_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__AttributeAsk one[ATTRIBUTES_MAX], *asks[ATTRIBUTES_MAX];
    id16 case_id;
    uuid tx = uuid_new(clock_ms());
    need("case", id_parse(&case_id, json_string_value(json_object_get(s, "case"))));
    person.bsn = (char *)(uintptr_t)json_string_value(json_object_get(s, "bsn"));
    b.subject = &person;
    b.motivation =
        (char
             *)(uintptr_t) "Voor de brede vraagverheldering in deze casus is nodig te weten wat er al loopt.";
    for (size_t i = 0; i < x->attribute_count; i++) {
        sluis__attribute_ask__init(&one[i]);
        one[i].attribute = x->attributes[i];
        one[i].necessity =
            (char *)(uintptr_t) "nodig om samen met de client te bepalen welke hulp passend is";
        asks[i] = &one[i];
    }
    b.asks = asks;
    b.n_asks = x->attribute_count;
    c.kind = SLUIS__KIND__REQUEST;
    c.transaction = (ProtobufCBinaryData){UUID_LEN, tx.b};
    c.application = (char *)(uintptr_t)text(x, "application");
    c.function = (char *)(uintptr_t)text(x, "function");
    c.case_id = (ProtobufCBinaryData){ID_LEN, case_id.b};
    c.phase = SLUIS__PHASE__RESEARCH;
    c.legal_basis = (char *)(uintptr_t)text(x, "legal_basis");
    c.purpose = (char *)(uintptr_t)text(x, "purpose");
    c.attributes = x->attributes;
    c.n_attributes = x->attribute_count;
    memcpy(slot->tx, tx.b, UUID_LEN);
    slot->started = clock_mono_us();
    slot->open = true;
    enqueue(x, &c, &x->party, &b.base);
}

static int by_value(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static void wait_for_party(end *x)
{
    client_event ev;
    while (!client_snapshot(x->bus)) {
        need("welcome", client_next(x->bus, 10000, NULL, 0, &ev));
        if (ev.kind == CLIENT_NONE || ev.kind == CLIENT_REFUSED)
            die("no welcome", ev.kind == CLIENT_NONE ? SLUIS_TIMEOUT : ev.why.code, &ev.why);
    }
}

static int run_requester(end *x)
{
    size_t w = number(x, "outstanding"), warmup = number(x, "warmup"), total = warmup + number(x, "count");
    asked *slots = calloc(w, sizeof(*slots));
    uint32_t *took = calloc(total, sizeof(*took));
    size_t sent = 0, got = 0;
    uint64_t start = 0;
    client_event ev;
    if (!slots || !took)
        die("memory", SLUIS_NOMEM, NULL);
    wait_for_party(x);
    for (size_t i = 0; i < w && sent < total; i++, sent++) {
        ask(x, &slots[i]);
        if (x->waiting == BATCH)
            flush(x);
    }
    flush(x);
    while (got < total) {
        need("next", client_next(x->bus, x->waiting ? 0 : 20000, NULL, 0, &ev));
        if (ev.kind == CLIENT_NACK || ev.kind == CLIENT_REFUSED)
            die(ev.code, ev.why.code, &ev.why);
        if (ev.kind == CLIENT_NONE && !x->waiting)
            die("answers stopped coming", SLUIS_TIMEOUT, NULL);
        if (ev.kind == CLIENT_DELIVER) {
            ProtobufCMessage *m = NULL;
            envelope *env = open_delivery(x, &ev, &m, &sluis__response_body__descriptor);
            size_t i = 0;
            while (i < w &&
                   !(slots[i].open && memcmp(slots[i].tx, env->core->transaction.data, UUID_LEN) == 0))
                i++;
            need("done", client_done(x->bus, ev.seq, ev.generation));
            if (i < w) {
                slots[i].open = false;
                took[got++] = (uint32_t)(clock_mono_us() - slots[i].started);
                if (got == warmup)
                    start = clock_mono_us();
                if (sent < total) {
                    ask(x, &slots[i]);
                    sent++;
                }
            } /* else: an answer of an earlier run, delivered late */
            envelope_free(&env);
        }
        if (x->waiting == BATCH || (x->waiting && ev.kind == CLIENT_NONE))
            flush(x);
    }
    double seconds = (double)(clock_mono_us() - start) / 1e6;
    size_t n = total - warmup;
    qsort(took + warmup, n, sizeof(*took), by_value);
    printf("{\"roundtrips_per_s\": %.1f, \"p50_us\": %u, \"p99_us\": %u, \"count\": %zu}\n",
           (double)n / seconds, took[warmup + n / 2], took[warmup + n * 99 / 100], n);
    free(slots);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    end x;
    if (argc != 3 || (strcmp(argv[1], "requester") != 0 && strcmp(argv[1], "party") != 0)) {
        fprintf(stderr, "usage: bench_roundtrip requester|party CONFIG\n");
        return 2;
    }
    end_open(&x, argv[2]);
    if (strcmp(argv[1], "party") == 0)
        run_party(&x);
    return run_requester(&x);
}
