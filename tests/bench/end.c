#include "bench/end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wire/messages.h"

#define LIFE_MS (3600 * 1000)

_Noreturn void die(const char *what, sluis_err e, const sluis_fail *f)
{
    fprintf(stderr, "bench_roundtrip: %s: %s%s%s %s\n", what, error_token(e), f ? " at " : "",
            f ? f->where : "", f ? f->text : "");
    exit(1);
}

void need(const char *what, sluis_err e)
{
    if (e)
        die(what, e, NULL);
}

const char *end_text(const end *x, const char *key)
{
    const json_t *own = json_object_get(x->own, key);
    const char *s = json_string_value(own ? own : json_object_get(x->config, key));
    if (!s)
        die(key, SLUIS_INVALID, NULL);
    return s;
}

static void read_key(const end *x, keypair *out, const char *name, key_use use)
{
    char path[512];
    sluis_fail f = {0};
    snprintf(path, sizeof(path), "%s/%s.key", end_text(x, "keys"), name);
    sluis_err e = keyfile_read(out, path, use, &f);
    if (e)
        die(path, e, &f);
}

void end_open(end *x, const json_t *own, const json_t *config)
{
    sluis_fail f = {0};
    memset(x, 0, sizeof(*x));
    x->own = own;
    x->config = config;
    read_key(x, &x->sign, "sign", USE_SIGN);
    read_key(x, &x->seal, "seal", USE_SEAL);
    read_key(x, &x->curve, "curve", USE_CURVE);
    need("server_pk",
         hex_decode(x->server_pk, 32, end_text(x, "server_pk"), strlen(end_text(x, "server_pk"))));
    need("root_pk", hex_decode(x->root_pk, 32, end_text(x, "root_pk"), strlen(end_text(x, "root_pk"))));
    need("oin", oin_parse(&x->oin, end_text(x, "oin"), OIN_LEN));
    need("gateway_oin", oin_parse(&x->gateway, end_text(x, "gateway_oin"), OIN_LEN));
    need("party_oin", oin_parse(&x->party, end_text(x, "party_oin"), OIN_LEN));
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
    client_options o = {.endpoint = end_text(x, "endpoint"),
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

size_t end_enqueue(end *x, Sluis__Core *c, const oin *to_whom, bool registry, const ProtobufCMessage *body)
{
    seal_to to[2];
    buffer plain;
    size_t i = x->waiting++;
    uint64_t now = clock_ms();
    uuid id = uuid_new(now);
    buffer_init(&plain, ENVELOPE_MAX);
    memcpy(x->id[i], id.b, UUID_LEN);
    seal_target(x, to_whom, &to[0]);
    if (registry)
        seal_target(x, &x->gateway, &to[1]);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    c->origin = SLUIS__ORIGIN__BUS;
    c->created = now;
    c->expires = now + LIFE_MS;
    buffer_clear(&x->header[i]);
    buffer_clear(&x->body[i]);
    buffer_clear(&x->whole[i]);
    need("pack", wire_pack(&plain, body));
    need("seal", envelope_seal(c, &x->oin, &x->sign, x->epoch, to, registry ? 2 : 1, buffer_bytes(&plain),
                               now, &x->header[i], &x->body[i], x->item[i].mh));
    x->item[i].header = buffer_bytes(&x->header[i]);
    x->item[i].body = buffer_bytes(&x->body[i]);
    x->item[i].out = &x->whole[i];
    buffer_close(&plain);
    return i;
}

void end_flush(end *x)
{
    if (!x->waiting)
        return;
    need("sign", envelope_sign_batch(&x->oin, &x->sign, x->item, x->waiting));
    for (size_t i = 0; i < x->waiting; i++)
        need("submit", client_submit(x->bus, x->id[i], buffer_bytes(&x->whole[i])));
    x->waiting = 0;
}

void end_wait_welcome(end *x)
{
    client_event ev;
    while (!client_connected(x->bus)) {
        need("welcome", client_next(x->bus, 10000, NULL, 0, &ev));
        if (ev.kind == CLIENT_NONE || ev.kind == CLIENT_REFUSED)
            die("no welcome", ev.kind == CLIENT_NONE ? SLUIS_TIMEOUT : ev.why.code, &ev.why);
    }
}

envelope *end_take(end *x, const client_event *ev, ProtobufCMessage **body)
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
        e = receipt_verify(&facts, env->arena, ev->receipt, snap->log_name, &snap->log, &x->receipts, &f);
    if (!e && memcmp(facts.record->message_hash.data, env->mh, HASH_LEN) != 0)
        e = SLUIS_CONFLICT;
    if (!e)
        e = envelope_open(env, &x->oin, &x->seal, x->keks, &plain, &f);
    if (!e)
        e = wire_unpack(body, message_kind_of(env->core->kind)->body, env->arena, buffer_bytes(&plain), &f);
    if (e)
        die("delivery", e, &f);
    buffer_close(&plain);
    return env;
}
