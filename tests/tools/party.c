/* A party on the bus, spoken to by lines of JSON on stdin, for the kinds that no adapter sends. A line
 * answers each:
 *   {"kind": "concern", "case": "", "body": {...}}  sealed to the registry, submitted
 *                                                    -> {"code", "text", "transaction", "hash"}
 *      "ahead_ms": 300000 with it                      as from a clock that is so much ahead
 *   {"wait": 10}                                     the next delivery within so many seconds, confirmed
 *                                                    -> {"kind", "sender", "transaction", "answers", "case",
 * "body"} or {} A body holds the strings, numbers, booleans and messages of proto/sluis.proto, by their names
 * there. Ends at the end of stdin; exit 0 unless it could not begin. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "session/client.h"
#include "wire/envelope.h"
#include "wire/messages.h"

#define WAIT_MS     8000
#define FRAME_MAX   (1u << 20)
#define LIFETIME_MS (10 * 60 * 1000)
#define PATH_CAP    1024
#define LINE_CAP    65536

typedef struct {
    const char *endpoint, *keys, *own, *server, *root, *gateway;
    oin oin, gateway_oin;
    keypair sign, seal, curve;
    epoch *epoch;
    uint8_t server_pk[PK_LEN], root_pk[PK_LEN];
    client *bus;
} actor;

/* ---- JSON and bodies, by the descriptor ---- */

static ProtobufCMessage *from_json(const ProtobufCMessageDescriptor *d, const json_t *in, arena *a)
{
    ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);
    d->message_init(m);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *x = &d->fields[i];
        const json_t *v = json_object_get(in, x->name);
        void *at = (char *)m + x->offset;
        if (!v)
            continue;
        if (x->type == PROTOBUF_C_TYPE_STRING)
            *(char **)at = arena_strdup(a, json_string_value(v));
        else if (x->type == PROTOBUF_C_TYPE_UINT64)
            *(uint64_t *)at = (uint64_t)json_integer_value(v);
        else if (x->type == PROTOBUF_C_TYPE_BOOL)
            *(protobuf_c_boolean *)at = json_is_true(v);
        else if (x->type == PROTOBUF_C_TYPE_MESSAGE)
            *(ProtobufCMessage **)at = from_json(x->descriptor, v, a);
    }
    return m;
}

static json_t *to_json(const ProtobufCMessage *m)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *x = &m->descriptor->fields[i];
        const void *at = (const char *)m + x->offset;
        if (x->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (x->type == PROTOBUF_C_TYPE_STRING)
            json_object_set_new(o, x->name, json_string(*(char *const *)at));
        else if (x->type == PROTOBUF_C_TYPE_UINT64)
            json_object_set_new(o, x->name, json_integer((json_int_t) * (const uint64_t *)at));
        else if (x->type == PROTOBUF_C_TYPE_BOOL)
            json_object_set_new(o, x->name, json_boolean(*(const protobuf_c_boolean *)at));
        else if (x->type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage *const *)at)
            json_object_set_new(o, x->name, to_json(*(ProtobufCMessage *const *)at));
    }
    return o;
}

static const message_kind *kind_named(const char *name)
{
    for (int i = 1; name && i <= SLUIS__KIND__RETURNED; i++) {
        const message_kind *k = message_kind_of((Sluis__Kind)i);
        if (k && strcmp(k->name, name) == 0)
            return k;
    }
    return NULL;
}

static void put_hex(json_t *o, const char *name, const uint8_t *p, size_t n)
{
    char hex[2 * HASH_LEN + 1] = "";
    if (n <= HASH_LEN && n)
        hex_encode(hex, p, n);
    json_object_set_new(o, name, json_string(hex));
}

static void put_uuid(json_t *o, const char *name, const uint8_t *p)
{
    char text[UUID_STR];
    uuid_format(text, p);
    json_object_set_new(o, name, json_string(text));
}

/* ---- sending ---- */

static sluis_err make(actor *x, const message_kind *k, const json_t *in, const uuid *id,
                      const uuid *transaction, buffer *out, uint8_t mh[static HASH_LEN], sluis_fail *f)
{
    buffer plain, header, body;
    seal_to to = {.oin = x->gateway_oin};
    const party_key *key = NULL;
    id16 case_id;
    uint64_t now = clock_ms();
    Sluis__Core core = SLUIS__CORE__INIT;
    arena *a = arena_new(1u << 20);
    const directory *d = client_snapshot(x->bus)->dir;
    const party *registry = directory_find(d, &x->gateway_oin);
    const char *c = json_string_value(json_object_get(in, "case"));
    buffer_init(&plain, FRAME_MAX);
    buffer_init(&header, FRAME_MAX);
    buffer_init(&body, FRAME_MAX);
    sluis_err e = registry ? directory_current(d, registry, USE_SEAL, now, &key, f) : SLUIS_UNKNOWN_PARTY;
    if (!e && c && *c)
        e = id_parse(&case_id, c);
    if (e || !a)
        goto done;
    to.seal_id = key->id;
    memcpy(to.seal_pk, key->pk, PK_LEN);
    core.message_id = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)id->b};
    core.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction->b};
    core.kind = k->kind;
    core.origin = SLUIS__ORIGIN__BUS;
    if (c && *c)
        core.case_id = (ProtobufCBinaryData){ID_LEN, case_id.b};
    core.created = now + (uint64_t)json_integer_value(json_object_get(in, "ahead_ms"));
    core.expires = core.created + LIFETIME_MS;
    if (!(e = wire_pack(&plain, from_json(k->body, json_object_get(in, "body"), a))))
        e = envelope_seal(&core, &x->oin, &x->sign, x->epoch, &to, 1, buffer_bytes(&plain), now, &header,
                          &body, mh);
    envelope_item item = {.header = buffer_bytes(&header), .body = buffer_bytes(&body), .out = out};
    memcpy(item.mh, mh, HASH_LEN);
    if (!e)
        e = envelope_sign_batch(&x->oin, &x->sign, &item, 1);
done:
    arena_free(&a);
    buffer_close(&plain);
    buffer_close(&header);
    buffer_close(&body);
    return e;
}

/* The next event of one of the kinds within ms; false: none. What else comes is left to the gateway to send
 * again. */
static bool next_event(actor *x, uint64_t ms, client_event_kind a, client_event_kind b, client_event *ev)
{
    uint64_t until = clock_mono_us() + ms * 1000;
    while (clock_mono_us() < until)
        if (client_next(x->bus, 100, NULL, 0, ev) == SLUIS_OK && (ev->kind == a || ev->kind == b))
            return true;
    return false;
}

static json_t *submit(actor *x, const json_t *in)
{
    const message_kind *k = kind_named(json_string_value(json_object_get(in, "kind")));
    json_t *o = json_object();
    uuid id = uuid_new(clock_ms()), transaction = uuid_new(clock_ms());
    uint8_t mh[HASH_LEN] = {0};
    buffer raw;
    sluis_fail f = {0};
    client_event ev = {0};
    buffer_init(&raw, FRAME_MAX);
    sluis_err e = k ? make(x, k, in, &id, &transaction, &raw, mh, &f) : SLUIS_KIND;
    if (!e)
        e = client_submit(x->bus, id.b, buffer_bytes(&raw));
    if (!e && !next_event(x, WAIT_MS, CLIENT_ACK, CLIENT_NACK, &ev))
        e = SLUIS_TIMEOUT;
    json_object_set_new(o, "code", json_string(e ? error_token(e) : ev.kind == CLIENT_ACK ? "ok" : ev.code));
    json_object_set_new(o, "text", json_string(e ? f.text : ev.kind == CLIENT_ACK ? "" : ev.why.text));
    put_uuid(o, "transaction", transaction.b);
    put_hex(o, "hash", mh, HASH_LEN);
    buffer_close(&raw);
    return o;
}

/* ---- taking ---- */

static json_t *take(actor *x, uint64_t seconds)
{
    client_event ev;
    envelope *env = NULL;
    ProtobufCMessage *body = NULL;
    buffer plain;
    json_t *o = json_object();
    if (!next_event(x, seconds * 1000, CLIENT_DELIVER, CLIENT_DELIVER, &ev))
        return o;
    buffer_init(&plain, FRAME_MAX);
    sluis_err e = envelope_decode(&env, ev.envelope, FRAME_MAX, NULL);
    if (!e)
        e = envelope_open(env, &x->oin, &x->seal, NULL, &plain, NULL);
    if (!e)
        e = wire_unpack(&body, message_kind_of(env->core->kind)->body, env->arena, buffer_bytes(&plain),
                        NULL);
    if (!e) {
        const Sluis__Core *c = env->core;
        json_object_set_new(o, "kind", json_string(message_kind_of(c->kind)->name));
        json_object_set_new(o, "sender", json_string(c->sender));
        put_uuid(o, "transaction", c->transaction.data);
        put_hex(o, "answers", c->answers.data, c->answers.len);
        put_hex(o, "case", c->case_id.data, c->case_id.len);
        json_object_set_new(o, "body", to_json(body));
        client_done(x->bus, ev.seq, ev.generation);
    } else {
        json_object_set_new(o, "kind", json_string(error_token(e)));
    }
    envelope_free(&env);
    buffer_close(&plain);
    return o;
}

/* ---- the program ---- */

static sluis_err key_of(keypair *out, const char *dir, const char *name, key_use use, sluis_fail *f)
{
    char path[PATH_CAP];
    snprintf(path, sizeof path, "%s/%s.key", dir, name);
    return keyfile_read(out, path, use, f);
}

static sluis_err prepare(actor *x, sluis_fail *f)
{
    client_event ev;
    client_options o = {.endpoint = x->endpoint,
                        .curve = &x->curve,
                        .server_curve_pk = x->server_pk,
                        .root_pk = x->root_pk,
                        .program = "party",
                        .credit = 16,
                        .max_frame = FRAME_MAX,
                        .reconnect_max_ms = 200};
    sluis_err e = crypto_start();
    if (e || (e = oin_parse(&x->oin, x->own, strlen(x->own))) ||
        (e = oin_parse(&x->gateway_oin, x->gateway, strlen(x->gateway))) ||
        (e = key_of(&x->sign, x->keys, "sign", USE_SIGN, f)) ||
        (e = key_of(&x->seal, x->keys, "seal", USE_SEAL, f)) ||
        (e = key_of(&x->curve, x->keys, "curve", USE_CURVE, f)) || (e = epoch_new(&x->epoch)) ||
        (e = pubfile_read(x->server_pk, x->server, USE_CURVE, f)) ||
        (e = pubfile_read(x->root_pk, x->root, USE_ROOT, f)) || (e = client_open(&x->bus, &o, f)))
        return e;
    return next_event(x, WAIT_MS, CLIENT_WELCOME, CLIENT_WELCOME, &ev)
               ? SLUIS_OK
               : fail_set(f, SLUIS_TIMEOUT, x->endpoint, "gives no welcome");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    actor *x = state->input;
    switch (key) {
    case 'e':
        x->endpoint = arg;
        return 0;
    case 'k':
        x->keys = arg;
        return 0;
    case 'o':
        x->own = arg;
        return 0;
    case 's':
        x->server = arg;
        return 0;
    case 'r':
        x->root = arg;
        return 0;
    case 'g':
        x->gateway = arg;
        return 0;
    case ARGP_KEY_END:
        if (!x->endpoint || !x->keys || !x->own || !x->server || !x->root || !x->gateway)
            argp_error(state, "every option is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"endpoint", 'e', "URL", 0, "The gateway's bus", 0},
        {"keys", 'k', "DIR", 0, "Keys of the party", 0},
        {"oin", 'o', "OIN", 0, "OIN of the party", 0},
        {"server", 's', "FILE", 0, "Public CURVE key of the gateway", 0},
        {"root", 'r', "FILE", 0, "Public root key of the gateway", 0},
        {"gateway", 'g', "OIN", 0, "OIN of the gateway's registry", 0},
        {0},
    };
    static const struct argp argp = {table, parse, NULL, "A party on the bus, by lines of JSON.",
                                     NULL,  NULL,  NULL};
    static char line[LINE_CAP];
    actor x = {0};
    sluis_fail f = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &x);
    sluis_err e = prepare(&x, &f);
    if (e)
        fprintf(stderr, "party: %s: %s\n", f.where, f.text[0] ? f.text : error_text(e));
    while (!e && fgets(line, sizeof line, stdin)) {
        json_t *in = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const json_t *wait = json_object_get(in, "wait");
        json_t *out = wait ? take(&x, (uint64_t)json_integer_value(wait)) : submit(&x, in);
        char *text = json_dumps(out, JSON_COMPACT);
        puts(text);
        fflush(stdout);
        free(text);
        json_decref(out);
        json_decref(in);
    }
    client_close(&x.bus);
    epoch_free(&x.epoch);
    keypair_close(&x.sign);
    keypair_close(&x.seal);
    keypair_close(&x.curve);
    return e != SLUIS_OK;
}
