/* A hostile party on the bus: enrolled like any other, it sends what must be refused and prints the answer.
 * Each attack is a row of the table below; the person asked about comes on stdin, as {"bsn": "..."}.
 * Prints one line an attack, or with --json one array of {"attack", "code", "text", "duplicate", "want"};
 * exit 0 when every answer is the wanted one, else 1. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "session/client.h"
#include "wire/envelope.h"

#define WAIT_MS     5000
#define SILENCE_MS  1500
#define FRAME_MAX   (1u << 20)
#define LIFETIME_MS (10 * 60 * 1000)
#define PATH_CAP    1024

typedef struct {
    const char *endpoint, *keys, *own, *other_keys, *other, *server, *root, *case_id, *party, *gateway,
        *attribute;
    bool json;
} options;

typedef struct {
    oin oin;
    keypair sign, curve;
    epoch *epoch;
} identity;

typedef struct {
    options o;
    identity me, other;
    uint8_t server_pk[PK_LEN], root_pk[PK_LEN];
    oin party, gateway;
    uint8_t case_id[ID_LEN];
    uint32_t attribute;
    char bsn[BSN_LEN + 1];
    client *bus;
} attacker;

/* A request as it is before it is sealed; attacks change a field. */
typedef struct {
    const char *motivation;
    const uint8_t *case_id;
    uuid id;
} plan;

typedef struct {
    char code[65], text[384];
    bool duplicate;
} verdict;

static void say(verdict *v, const char *code, const char *text)
{
    snprintf(v->code, sizeof v->code, "%s", code);
    snprintf(v->text, sizeof v->text, "%s", text);
}

static sluis_err identity_open(identity *id, const char *who, const char *dir, sluis_fail *f)
{
    char path[PATH_CAP];
    sluis_err e = oin_parse(&id->oin, who, strlen(who));
    if (e)
        return fail_set(f, e, "oin", "is not an organisation number");
    snprintf(path, sizeof path, "%s/sign.key", dir);
    if ((e = keyfile_read(&id->sign, path, USE_SIGN, f)))
        return e;
    snprintf(path, sizeof path, "%s/curve.key", dir);
    if ((e = keyfile_read(&id->curve, path, USE_CURVE, f)))
        return e;
    return epoch_new(&id->epoch);
}

static void identity_close(identity *id)
{
    epoch_free(&id->epoch);
    keypair_close(&id->sign);
    keypair_close(&id->curve);
}

static plan plan_of(const attacker *a)
{
    return (plan){.motivation = "Onderzoek naar de situatie op school",
                  .case_id = a->case_id,
                  .id = uuid_new(clock_ms())};
}

/* Seals the planned request as `from` would: header and body, not yet signed. */
static sluis_err seal(attacker *a, identity *from, const keypair *sign, const plan *p, buffer *header,
                      buffer *body, uint8_t mh[static HASH_LEN], sluis_fail *f)
{
    const directory *d = client_snapshot(a->bus)->dir;
    const oin *to_oin[] = {&a->party, &a->gateway};
    seal_to to[2];
    uint64_t now = clock_ms();
    for (size_t i = 0; i < 2; i++) {
        const party_key *key = NULL;
        const party *who = directory_find(d, to_oin[i]);
        if (!who)
            return fail_set(f, SLUIS_UNKNOWN_PARTY, to_oin[i]->s, "is not in the directory");
        sluis_err e = directory_current(d, who, USE_SEAL, now, &key, f);
        if (e)
            return e;
        to[i].oin = *to_oin[i];
        to[i].seal_id = key->id;
        memcpy(to[i].seal_pk, key->pk, PK_LEN);
    }
    Sluis__Subject subject = SLUIS__SUBJECT__INIT;
    Sluis__AttributeAsk ask = SLUIS__ATTRIBUTE_ASK__INIT, *asks[] = {&ask};
    Sluis__RequestBody request = SLUIS__REQUEST_BODY__INIT;
    subject.bsn = a->bsn;
    ask.necessity = (char *)(uintptr_t) "nodig";
    ask.attribute = a->attribute;
    ask.necessity = "Nodig voor het onderzoek";
    request.subject = &subject;
    request.motivation = (char *)(uintptr_t)p->motivation;
    request.asks = asks;
    request.n_asks = 1;
    request.answer_by = now + LIFETIME_MS;

    uuid transaction = uuid_new(now), id = p->id;
    Sluis__Core core = SLUIS__CORE__INIT;
    core.message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    core.transaction = (ProtobufCBinaryData){UUID_LEN, transaction.b};
    core.kind = SLUIS__KIND__REQUEST;
    core.application = "bench";
    core.function = "consulent";
    core.employee = "e-1";
    core.origin = SLUIS__ORIGIN__BUS;
    core.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)p->case_id};
    core.phase = SLUIS__PHASE__RESEARCH;
    core.legal_basis = "wams-5.4.1";
    core.purpose = "onderzoek-meervoudige-problematiek";
    core.attributes = &a->attribute;
    core.n_attributes = 1;
    core.created = now;
    core.expires = now + LIFETIME_MS;

    buffer plain;
    buffer_init(&plain, FRAME_MAX);
    sluis_err e = wire_pack(&plain, &request.base);
    if (!e)
        e = envelope_seal(&core, &from->oin, sign, from->epoch, to, 2, buffer_bytes(&plain), now, header,
                          body, mh);
    buffer_close(&plain);
    return e;
}

static sluis_err sign_one(const oin *sender, const keypair *sign, const buffer *header, const buffer *body,
                          const uint8_t mh[static HASH_LEN], buffer *out)
{
    envelope_item item = {.header = buffer_bytes(header), .body = buffer_bytes(body), .out = out};
    memcpy(item.mh, mh, HASH_LEN);
    return envelope_sign_batch(sender, sign, &item, 1);
}

static sluis_err make(attacker *a, const keypair *sign, const plan *p, buffer *out, sluis_fail *f)
{
    uint8_t mh[HASH_LEN];
    buffer header, body;
    buffer_init(&header, FRAME_MAX);
    buffer_init(&body, FRAME_MAX);
    sluis_err e = seal(a, &a->me, sign, p, &header, &body, mh, f);
    if (!e)
        e = sign_one(&a->me.oin, sign, &header, &body, mh, out);
    buffer_close(&header);
    buffer_close(&body);
    return e;
}

/* Submits and waits for the answer to this message id. */
static sluis_err submit(attacker *a, const uuid *id, const buffer *raw, verdict *v)
{
    client_event ev;
    uint64_t until = clock_mono_us() + WAIT_MS * UINT64_C(1000);
    sluis_err e = client_submit(a->bus, id->b, buffer_bytes(raw));
    if (e)
        return e;
    while (clock_mono_us() < until) {
        e = client_next(a->bus, 200, NULL, 0, &ev);
        if (e && e != SLUIS_TIMEOUT)
            return e;
        if (e || (ev.kind != CLIENT_ACK && ev.kind != CLIENT_NACK))
            continue;
        if (ev.kind == CLIENT_NACK) {
            say(v, ev.code, ev.why.text);
            return SLUIS_OK;
        }
        if (memcmp(ev.message_id, id->b, UUID_LEN) != 0)
            continue;
        say(v, "ok", "accepted");
        v->duplicate = ev.duplicate;
        return SLUIS_OK;
    }
    say(v, "timeout", "no answer");
    return SLUIS_OK;
}

static sluis_err make_and_submit(attacker *a, const keypair *sign, const plan *p, verdict *v, sluis_fail *f)
{
    buffer raw;
    buffer_init(&raw, FRAME_MAX);
    sluis_err e = make(a, sign, p, &raw, f);
    if (!e)
        e = submit(a, &p->id, &raw, v);
    buffer_close(&raw);
    return e;
}

static sluis_err connect_as(attacker *a, const keypair *curve, client **out, sluis_fail *f)
{
    client_options o = {.endpoint = a->o.endpoint,
                        .curve = curve,
                        .server_curve_pk = a->server_pk,
                        .root_pk = a->root_pk,
                        .program = "attacker",
                        .credit = 16,
                        .max_frame = FRAME_MAX,
                        .reconnect_max_ms = 200};
    return client_open(out, &o, f);
}

/* True when a welcome comes within ms. */
static bool welcomed(client *c, uint64_t ms, client_event *ev)
{
    uint64_t until = clock_mono_us() + ms * 1000;
    while (clock_mono_us() < until)
        if (client_next(c, 100, NULL, 0, ev) == SLUIS_OK &&
            (ev->kind == CLIENT_WELCOME || ev->kind == CLIENT_REFUSED))
            return ev->kind == CLIENT_WELCOME;
    ev->kind = CLIENT_NONE;
    return false;
}

/* ---- the attacks ---- */

static sluis_err honest(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    return make_and_submit(a, &a->me.sign, &p, v, f);
}

static sluis_err no_motivation(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    p.motivation = "";
    return make_and_submit(a, &a->me.sign, &p, v, f);
}

static sluis_err no_case(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    id16 other = id_random();
    p.case_id = other.b;
    return make_and_submit(a, &a->me.sign, &p, v, f);
}

/* A signing key that the directory does not know. */
static sluis_err unknown_key(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    keypair fresh = {0};
    sluis_err e = keypair_generate(&fresh, USE_SIGN, clock_ms());
    if (!e)
        e = make_and_submit(a, &fresh, &p, v, f);
    keypair_close(&fresh);
    return e;
}

/* A connection key that the directory does not know: refused before any frame of ours is read. */
static sluis_err unknown_connection(attacker *a, verdict *v, sluis_fail *f)
{
    keypair fresh = {0};
    client *c = NULL;
    client_event ev;
    sluis_err e = keypair_generate(&fresh, USE_CURVE, clock_ms());
    if (!e)
        e = connect_as(a, &fresh, &c, f);
    if (!e) {
        if (welcomed(c, SILENCE_MS, &ev))
            say(v, "ok", "welcomed");
        else if (ev.kind == CLIENT_REFUSED)
            say(v, ev.code, ev.why.text);
        else
            say(v, "timeout", "no answer at all");
    }
    client_close(&c);
    keypair_close(&fresh);
    return e;
}

static sluis_err broken_signature(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    buffer raw, broken;
    envelope *env = NULL;
    buffer_init(&raw, FRAME_MAX);
    buffer_init(&broken, FRAME_MAX);
    sluis_err e = make(a, &a->me.sign, &p, &raw, f);
    if (e || (e = envelope_decode(&env, buffer_bytes(&raw), FRAME_MAX, f)))
        goto done;
    env->sig->signature.data[7] ^= 1;
    buffer block;
    buffer_init(&block, FRAME_MAX);
    if (!(e = wire_pack(&block, &env->sig->base))) {
        Sluis__Envelope whole = SLUIS__ENVELOPE__INIT;
        whole.header = (ProtobufCBinaryData){env->header.n, (uint8_t *)(uintptr_t)env->header.p};
        whole.sigblock = (ProtobufCBinaryData){block.n, block.p};
        whole.body = (ProtobufCBinaryData){env->body.n, (uint8_t *)(uintptr_t)env->body.p};
        if (!(e = wire_pack(&broken, &whole.base)))
            e = submit(a, &p.id, &broken, v);
    }
    buffer_close(&block);
done:
    envelope_free(&env);
    buffer_close(&raw);
    buffer_close(&broken);
    return e;
}

/* Takes the commitment, wraps and body another party sealed, and puts them under a core of our own. */
static sluis_err stolen_body(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    uint8_t mh[HASH_LEN];
    buffer theirs, body, raw, core, header, out;
    buffer *all[] = {&theirs, &body, &raw, &core, &header, &out};
    envelope *env = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buffer_init(all[i], FRAME_MAX);
    sluis_err e = seal(a, &a->other, &a->other.sign, &p, &theirs, &body, mh, f);
    if (e || (e = sign_one(&a->other.oin, &a->other.sign, &theirs, &body, mh, &raw)) ||
        (e = envelope_decode(&env, buffer_bytes(&raw), FRAME_MAX, f)))
        goto done;
    env->core->sender = a->me.oin.s;
    env->core->signing_key = (ProtobufCBinaryData){KEYID_LEN, a->me.sign.id.b};
    if ((e = wire_pack(&core, &env->core->base)))
        goto done;
    env->h->core = (ProtobufCBinaryData){core.n, core.p};
    if ((e = wire_pack(&header, &env->h->base)))
        goto done;
    hash_one(mh, "sluis1-header", NULL, header.p, header.n);
    if (!(e = sign_one(&a->me.oin, &a->me.sign, &header, &body, mh, &out)))
        e = submit(a, &p.id, &out, v);
done:
    envelope_free(&env);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buffer_close(all[i]);
    return e;
}

/* Another's envelope, byte for byte, on our own connection. */
static sluis_err other_sender(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    uint8_t mh[HASH_LEN];
    buffer header, body, out;
    buffer_init(&header, FRAME_MAX);
    buffer_init(&body, FRAME_MAX);
    buffer_init(&out, FRAME_MAX);
    sluis_err e = seal(a, &a->other, &a->other.sign, &p, &header, &body, mh, f);
    if (!e)
        e = sign_one(&a->other.oin, &a->other.sign, &header, &body, mh, &out);
    if (!e)
        e = submit(a, &p.id, &out, v);
    buffer_close(&header);
    buffer_close(&body);
    buffer_close(&out);
    return e;
}

/* The same bytes twice: accepted once, then told so. */
static sluis_err replay(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    buffer raw;
    buffer_init(&raw, FRAME_MAX);
    sluis_err e = make(a, &a->me.sign, &p, &raw, f);
    if (!e)
        e = submit(a, &p.id, &raw, v);
    if (!e && strcmp(v->code, "ok") == 0)
        e = submit(a, &p.id, &raw, v);
    if (!e && v->duplicate)
        say(v, "duplicate", "the first receipt again; nothing was done twice");
    buffer_close(&raw);
    return e;
}

/* The same message id with other contents. */
static sluis_err conflict(attacker *a, verdict *v, sluis_fail *f)
{
    plan p = plan_of(a);
    sluis_err e = make_and_submit(a, &a->me.sign, &p, v, f);
    if (!e && strcmp(v->code, "ok") == 0)
        e = make_and_submit(a, &a->me.sign, &p, v, f);
    return e;
}

static const struct {
    const char *name, *want;
    sluis_err (*run)(attacker *a, verdict *v, sluis_fail *f);
} attacks[] = {
    {"honest", "ok", honest},
    {"no-motivation", "no-motivation", no_motivation},
    {"no-case", "no-case", no_case},
    {"unknown-key", "unknown-key", unknown_key},
    {"unknown-connection", "unknown-key", unknown_connection},
    {"broken-signature", "bad-signature", broken_signature},
    {"stolen-body", "bad-seal", stolen_body},
    {"other-sender", "wrong-sender", other_sender},
    {"replay", "duplicate", replay},
    {"conflict", "conflict", conflict},
};

/* ---- the program ---- */

static sluis_err read_person(attacker *a, sluis_fail *f)
{
    json_error_t je;
    const char *bsn = NULL;
    json_t *in = json_loadf(stdin, JSON_REJECT_DUPLICATES, &je);
    sluis_err e = SLUIS_OK;
    if (json_unpack(in, "{s:s}", "bsn", &bsn) || !bsn_valid(bsn, strlen(bsn)))
        e = fail_set(f, SLUIS_INVALID, "stdin", "takes {\"bsn\": \"...\"}");
    else
        memcpy(a->bsn, bsn, BSN_LEN);
    json_decref(in);
    return e;
}

static sluis_err prepare(attacker *a, sluis_fail *f)
{
    client_event ev;
    id16 id;
    sluis_err e = crypto_start();
    if (e || (e = read_person(a, f)) || (e = identity_open(&a->me, a->o.own, a->o.keys, f)) ||
        (e = identity_open(&a->other, a->o.other, a->o.other_keys, f)) ||
        (e = pubfile_read(a->server_pk, a->o.server, USE_CURVE, f)) ||
        (e = pubfile_read(a->root_pk, a->o.root, USE_ROOT, f)) ||
        (e = oin_parse(&a->party, a->o.party, strlen(a->o.party))) ||
        (e = oin_parse(&a->gateway, a->o.gateway, strlen(a->o.gateway))) || (e = id_parse(&id, a->o.case_id)))
        return e;
    memcpy(a->case_id, id.b, ID_LEN);
    a->attribute = (uint32_t)strtoul(a->o.attribute, NULL, 10);
    if ((e = connect_as(a, &a->me.curve, &a->bus, f)))
        return e;
    return welcomed(a->bus, WAIT_MS, &ev) ? SLUIS_OK
                                          : fail_set(f, SLUIS_TIMEOUT, a->o.endpoint, "gives no welcome");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
#define CASE(k, field)                                                                                       \
    case k:                                                                                                  \
        o->field = arg;                                                                                      \
        return 0
        CASE('e', endpoint);
        CASE('k', keys);
        CASE('o', own);
        CASE('K', other_keys);
        CASE('O', other);
        CASE('s', server);
        CASE('r', root);
        CASE('c', case_id);
        CASE('p', party);
        CASE('g', gateway);
        CASE('a', attribute);
#undef CASE
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_END:
        if (!o->endpoint || !o->keys || !o->own || !o->other_keys || !o->other || !o->server || !o->root ||
            !o->case_id || !o->party || !o->gateway || !o->attribute)
            argp_error(state, "every option but --json is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"endpoint", 'e', "URL", 0, "The gateway's bus", 0},
        {"keys", 'k', "DIR", 0, "Keys of the attacker", 0},
        {"oin", 'o', "OIN", 0, "OIN of the attacker", 0},
        {"other-keys", 'K', "DIR", 0, "Keys of another enrolled party", 0},
        {"other-oin", 'O', "OIN", 0, "OIN of that party", 0},
        {"server", 's', "FILE", 0, "Public CURVE key of the gateway", 0},
        {"root", 'r', "FILE", 0, "Public root key of the gateway", 0},
        {"case", 'c', "ID", 0, "An open case", 0},
        {"party", 'p', "OIN", 0, "The party to ask", 0},
        {"gateway", 'g', "OIN", 0, "OIN of the gateway's registry", 0},
        {"attribute", 'a', "ID", 0, "Catalogue id to ask for", 0},
        {"json", 'j', NULL, 0, "JSON on stdout", 0},
        {0},
    };
    static const struct argp argp = {table, parse, NULL, "Sends what a gateway must refuse.",
                                     NULL,  NULL,  NULL};
    attacker a = {0};
    sluis_fail f = {0};
    int bad = 0;
    argp_parse(&argp, argc, argv, 0, NULL, &a.o);
    sluis_err e = prepare(&a, &f);
    json_t *out = json_array();
    for (size_t i = 0; !e && i < sizeof attacks / sizeof *attacks; i++) {
        verdict v = {0};
        e = attacks[i].run(&a, &v, &f);
        if (e)
            break;
        bool as_wanted = strcmp(v.code, attacks[i].want) == 0;
        bad += !as_wanted;
        if (!a.o.json)
            printf("%-20s %-16s %s%s\n", attacks[i].name, v.code, v.text,
                   as_wanted ? "" : "  <-- not as wanted");
        json_array_append_new(out,
                              json_pack("{s:s,s:s,s:s,s:b,s:s}", "attack", attacks[i].name, "code", v.code,
                                        "text", v.text, "duplicate", v.duplicate, "want", attacks[i].want));
    }
    if (e)
        fprintf(stderr, "attacker: %s: %s [%s]\n", f.where, *f.text ? f.text : error_text(e), error_token(e));
    else if (a.o.json)
        json_dumpf(out, stdout, JSON_COMPACT);
    json_decref(out);
    client_close(&a.bus);
    identity_close(&a.me);
    identity_close(&a.other);
    return e || bad;
}
