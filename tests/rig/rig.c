#include "rig/rig.h"

#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "cases/cases.h"
#include "control/control.h"
#include "parties/agreements.h"
#include "parties/parties.h"
#include "registry/registry.h"
#include "unit/kit_agreement.h"

#define YEAR_MS    (365 * DAY_MS)
#define PORT_FIRST 20000
#define PORTS      12000

/* With the line of the call, not of a helper. */
#define ok(call) assert_string_equal(error_token(call), "ok")

static void key_file(rig *r, keypair *out, key_use use, const char *name)
{
    char path[128];
    ok(keypair_generate(out, use, clock_ms()));
    snprintf(path, sizeof(path), "%s/keys/%s", r->dir, name);
    ok(keyfile_write(path, out, NULL));
}

static void write_file(const char *path, bytes b)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    assert_int_equal(fclose(f), 0);
}

static void make_keys(rig *r, keypair *directory_key)
{
    char path[128];
    keypair sign, log;
    buffer d;
    buffer_init(&d, 4096);
    snprintf(path, sizeof(path), "%s/keys", r->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    key_file(r, &sign, USE_SIGN, "sign.key");
    key_file(r, &log, USE_LOG, "log.key");
    key_file(r, &r->seal, USE_SEAL, "seal.key");
    key_file(r, &r->curve, USE_CURVE, "curve.key");
    key_file(r, directory_key, USE_DIRECTORY, "directory.key");
    key_file(r, &r->root, USE_ROOT, "root.key");
    snprintf(path, sizeof(path), "%s/keys/master.key", r->dir);
    ok(secretfile_write(path, NULL));
    uint64_t now = clock_ms();
    ok(delegation_sign(&d, "rig.sluis.test", directory_key->pk, now - 1000, now + YEAR_MS, &r->root));
    snprintf(path, sizeof(path), "%s/keys/delegation.bin", r->dir);
    write_file(path, buffer_bytes(&d));
    snprintf(path, sizeof(path), "%s/jwks.json", r->dir);
    /* Nobody signs tokens here: the curve's own generator stands in for an issuer's key. */
    write_file(path, bytes_str("{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"alg\": \"ES256\", "
                               "\"use\": \"sig\", \"kid\": \"rig\","
                               "\"x\": \"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
                               "\"y\": \"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}]}"));
    buffer_close(&d);
    keypair_close(&sign);
    keypair_close(&log);
}

static void enrol(store_txn *t, const actor *a, const char *domain, const keypair *directory_key)
{
    const keypair *keys[] = {&a->sign, &a->seal, &a->curve};
    Sluis__PartyEntry x = SLUIS__PARTY_ENTRY__INIT;
    Sluis__DirectoryKey k[3], *list[3];
    uint8_t sig[3][SIG_LEN];
    uint32_t suite = SUITE_1;
    uint64_t from = clock_ms() - 1000, until = from + YEAR_MS;
    for (size_t i = 0; i < 3; i++) {
        sluis__directory_key__init(&k[i]);
        k[i].use = keys[i]->use;
        k[i].pk = (ProtobufCBinaryData){PK_LEN, (uint8_t *)(uintptr_t)keys[i]->pk};
        k[i].valid_from = from;
        k[i].valid_until = until;
        ok(party_key_sign(sig[i], &a->sign, keys[i]->use, keys[i]->pk, from, until, &a->oin));
        k[i].signature = (ProtobufCBinaryData){SIG_LEN, sig[i]};
        list[i] = &k[i];
    }
    x.oin = (char *)(uintptr_t)a->oin.s;
    x.name = (char *)(uintptr_t)a->name;
    x.domain = (char *)(uintptr_t)domain;
    x.keys = list;
    x.n_keys = 3;
    x.valid_from = from;
    x.valid_until = until;
    x.suites = &suite;
    x.n_suites = 1;
    ok(parties_put(t, &x, directory_key, false, NULL));
}

/* Everything may pass, for a year: what a test wants to refuse it agrees or revokes itself. */
static void agree(const rig *r, store_txn *t, const actor *a, const keypair *directory_key)
{
    Sluis__AgreementFact fact;
    arena *mem = arena_new(1u << 20);
    uint64_t from = clock_ms() - 1000;
    kit_agreement k = {.covenant = "rig",
                       .version = 1,
                       .purposes = AGREED_ALL_PURPOSES,
                       .gives = AGREED_ALL_CATEGORIES,
                       .asks = AGREED_ALL_CATEGORIES,
                       .attributes = "",
                       .from = from,
                       .until = from + YEAR_MS};
    kit_agreement_fact(&fact, mem, &k, &a->oin, &r->settings.oin, &a->sign, directory_key);
    ok(agreements_put(t, &fact, directory_key, NULL));
    arena_free(&mem);
}

static void fill_case(rig *r, store_txn *t, registry *reg, const row_keys *rows)
{
    static char *laws[] = {"wmo", "participatiewet", "wgs", "jeugdwet"};
    static char *domains[] = {"onderwijs", "politie", "ggd"};
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    Sluis__MemberRow members[2], *list[2];
    const char *bsn[2] = {r->parent, r->child};
    subject s[2];
    for (size_t i = 0; i < 2; i++) {
        ok(registry_subject(reg, t, bsn[i], true, &s[i]));
        sluis__member_row__init(&members[i]);
        members[i].member = (uint32_t)(i + 1);
        members[i].sid = (ProtobufCBinaryData){ID_LEN, s[i].sid.b};
        members[i].role = i ? "kind" : "ouder";
        list[i] = &members[i];
    }
    row.kind = "huishouden";
    row.phase = "research";
    row.members = list;
    row.n_members = 2;
    row.scope_laws = laws;
    row.n_scope_laws = 4;
    row.scope_domains = domains;
    row.n_scope_domains = 3;
    row.opened = clock_ms();
    row.opened_by = "bench";
    row.owner = r->actors[ACTOR_REQUESTER].oin.s;
    r->case_id = id_random();
    ok(case_save(t, rows, r->case_id.b, &row));
    subject_close(&s[0]);
    subject_close(&s[1]);
}

/* What a running gateway would have been told before: parties and a case. */
static void fill_store(rig *r, const keypair *directory_key)
{
    static const char *const domains[] = {"gemeente", "onderwijs", "politie"};
    char path[128], slots_path[128];
    uint8_t *km = NULL;
    store *st = NULL;
    keyslots *slots = NULL;
    registry *reg = NULL;
    store_txn *t = NULL;
    snprintf(path, sizeof(path), "%s/keys/master.key", r->dir);
    ok(secretfile_read(&km, path, NULL));
    snprintf(path, sizeof(path), "%s/data", r->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/data/store", r->dir);
    snprintf(slots_path, sizeof(slots_path), "%s/data/keys.slots", r->dir);
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = r->settings.map_bytes,
                       .quota_bytes = r->settings.quota_bytes,
                       .max_readers = 16};
    ok(store_open_lmdb(&st, &o, NULL));
    ok(keyslots_open(&slots, slots_path, r->settings.key_slots, km, NULL));
    ok(registry_open(&reg, slots));
    ok(store_begin_write(st, &t, false));
    for (size_t i = 0; i < 3; i++) {
        enrol(t, &r->actors[i], domains[i], directory_key);
        agree(r, t, &r->actors[i], directory_key);
    }
    fill_case(r, t, reg, keyslots_rows(slots));
    ok(keyslots_sync(slots));
    ok(store_commit(&t));
    registry_close(&reg);
    keyslots_close(&slots);
    store_close(&st);
    secret_free(km);
}

/* Whether this port is ours among all rigs that run: a name that the kernel lets go of with the process. */
static bool claim(int port)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "sluis-rig-%d", port);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return true; /* fd stays open */
    close(fd);
    return false;
}

/* Below the ports that connections are given: one of those may be taken while the gateway restarts. */
static int free_port(void)
{
    static int opened;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < PORTS; i++) {
        int port = PORT_FIRST + ((int)getpid() * 16 + opened++) % PORTS;
        if (!claim(port))
            continue;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        a.sin_port = htons((uint16_t)port);
        bool ours = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
        close(fd);
        if (ours)
            return port;
    }
    fail_msg("no port is free on 127.0.0.1");
    return 0;
}

static void load_settings(rig *r)
{
    char path[128], text[2048];
    snprintf(r->endpoint, sizeof(r->endpoint), "tcp://127.0.0.1:%d", free_port());
    snprintf(text, sizeof(text),
             "name = \"rig.sluis.test\"; oin = \"" RIG_GATEWAY "\"; mode = \"test\"; log_level = \"error\";\n"
             "data = \"%s/data\"; keys = \"%s/keys\"; rules = \"config/rules\"; control = \"%s/control\";\n"
             "bus = { endpoint = \"%s\"; }; api = { endpoint = \"ipc://%s/api/sock\"; };\n"
             "tokens = { jwks = \"%s/jwks.json\"; issuer = \"https://idp.test\"; };\n"
             "limits = { map_bytes = 1073741824; quota_bytes = 536870912; key_slots = 4096; max_frame = "
             "65536; in_flight = 64; session_credit = 32; "
             "max_sessions = 8; attempts_max = 3; redeliver_ms = 3600000; refusals_per_minute = 40; };\n",
             r->dir, r->dir, r->dir, r->endpoint, r->dir, r->dir);
    snprintf(path, sizeof(path), "%s/sluisd.conf", r->dir);
    write_file(path, bytes_str(text));
    sluis_fail f = {0};
    sluis_err e = settings_load(&r->settings, path, &f);
    assert_string_equal(e ? f.text : "", "");
}

/* Also until the operators' socket answers: it is opened by a thread of its own. */
static void start_gateway(rig *r)
{
    sluis_fail f = {0};
    char path[128];
    sluis_err e = gateway_start(&r->gateway, &r->settings, &f);
    if (e)
        fail_msg("gateway_start: %s at %s: %s", error_token(e), f.where, f.text);
    snprintf(path, sizeof(path), "%s/control", r->dir);
    json_t *status = json_pack("{s:s}", "cmd", "status"), *reply = NULL;
    uint64_t until = clock_ms() + 8000;
    do {
        fail_clear(&f);
        e = control_call(path, status, &reply, 8000, &f);
    } while (e == SLUIS_CLOSED && clock_ms() < until && usleep(2000) == 0);
    if (e)
        fail_msg("control: %s at %s: %s", error_token(e), f.where, f.text);
    json_decref(status);
    json_decref(reply);
}

void rig_open(rig *r)
{
    static const char *const names[] = {"requester", "school", "police", "stranger"};
    static const char *const oins[] = {"00000099000000009000", "00000099000000002000", "00000099000000003000",
                                       "00000099000000007000"};
    keypair directory_key;
    memset(r, 0, sizeof(*r));
    signal(SIGPIPE, SIG_IGN);
    log_init("rig", LOG_ERROR);
    ok(crypto_start());
    strcpy(r->dir, "/tmp/sluis-rig-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    r->parent = "999990019";
    r->child = "999990020";
    assert_true(bsn_valid(r->parent, BSN_LEN));
    assert_true(bsn_valid(r->child, BSN_LEN));
    load_settings(r);
    make_keys(r, &directory_key);
    for (size_t i = 0; i < ACTORS; i++) {
        actor *a = &r->actors[i];
        a->name = names[i];
        ok(oin_parse(&a->oin, oins[i], OIN_LEN));
        ok(keypair_generate(&a->sign, USE_SIGN, clock_ms()));
        ok(keypair_generate(&a->seal, USE_SEAL, clock_ms()));
        ok(keypair_generate(&a->curve, USE_CURVE, clock_ms()));
        ok(epoch_new(&a->epoch));
    }
    fill_store(r, &directory_key);
    keypair_close(&directory_key);
    r->zmq = zmq_ctx_new();
    start_gateway(r);
}

void rig_restart(rig *r)
{
    gateway_stop(&r->gateway);
    start_gateway(r);
}

json_t *rig_control(rig *r, const json_t *request)
{
    char path[128];
    json_t *reply = NULL;
    sluis_fail f = {0};
    snprintf(path, sizeof(path), "%s/control", r->dir);
    sluis_err e = control_call(path, request, &reply, 8000, &f);
    if (e || !json_is_true(json_object_get(reply, "ok")))
        fail_msg("control: %s %s: %s", error_token(e), f.text,
                 json_string_value(json_object_get(reply, "text")));
    return reply;
}

void rig_change(rig *r, const char *cmd, const actor *a)
{
    json_t *q = json_pack("{s:s, s:s, s:s, s:s}", "cmd", cmd, "oin", a->oin.s, "by", "anna", "reason",
                          "sleutel-verloren");
    json_decref(rig_control(r, q));
    json_decref(q);
}

static void change_key(rig *r, const char *cmd, const actor *a, key_use use, const char *by)
{
    const keypair *k = use == USE_SIGN ? &a->sign : use == USE_SEAL ? &a->seal : &a->curve;
    char id[2 * KEYID_LEN + 1];
    hex_encode(id, k->id.b, KEYID_LEN);
    json_t *q =
        json_pack("{s:s, s:s, s:s, s:s}", "cmd", cmd, "key", id, "by", by, "reason", "sleutel-verloren");
    json_decref(rig_control(r, q));
    json_decref(q);
}

void rig_change_key(rig *r, const char *cmd, const actor *a, key_use use)
{
    change_key(r, cmd, a, use, "anna");
}

void rig_revoke(rig *r, const actor *a, key_use use)
{
    change_key(r, "key.revoke", a, use, "anna");
    change_key(r, "key.revoke", a, use, "bram");
}

void rig_rekey(rig *r, actor *a, const char *domain, bool sign_alone)
{
    char path[128];
    uint64_t now = clock_ms();
    keypair k[3] = {[1] = a->seal, [2] = a->curve};
    ok(keypair_generate(&k[0], USE_SIGN, now));
    if (!sign_alone) {
        ok(keypair_generate(&k[1], USE_SEAL, now));
        ok(keypair_generate(&k[2], USE_CURVE, now));
    }
    snprintf(path, sizeof(path), "%s/enrol.json", r->dir);
    ok(enrolment_write(path, &a->oin, k, 3, now - DAY_MS, now + YEAR_MS, NULL));
    json_t *q = json_pack("{s:s, s:s, s:s, s:b, s:o, s:s}", "cmd", "party.enrol", "name", a->name, "domain",
                          domain, "replace", 1, "request", json_load_file(path, 0, NULL), "by", "anna");
    json_decref(rig_control(r, q));
    json_decref(q);
    remove(path);
    keypair_close(&a->sign);
    if (!sign_alone) {
        keypair_close(&a->seal);
        keypair_close(&a->curve);
    }
    a->sign = k[0];
    a->seal = k[1];
    a->curve = k[2];
    for (size_t i = 0; i < 3; i++)
        wipe(&k[i], sizeof(k[i]));
}

void rig_agree(rig *r, const actor *a, const kit_agreement *k, bool accept)
{
    Sluis__AgreementFact fact;
    arena *mem = arena_new(1u << 20);
    kit_agreement_fact(&fact, mem, k, &a->oin, &r->settings.oin, &a->sign, NULL);
    json_t *q =
        json_pack("{s:s, s:o, s:s}", "cmd", "agreement.file", "file", agreement_json(&fact), "by", "anna");
    json_t *reply = rig_control(r, q);
    json_t *q2 = json_pack("{s:s, s:O, s:s}", "cmd", "agreement.accept", "id", json_object_get(reply, "id"),
                           "by", "bram");
    if (accept)
        json_decref(rig_control(r, q2));
    json_decref(q2);
    json_decref(reply);
    json_decref(q);
    arena_free(&mem);
}

void rig_disagree(rig *r, const actor *a, const char *covenant, uint32_t version)
{
    static const char *const who[] = {"anna", "bram"};
    size_t i;
    json_t *x, *list = json_pack("{s:s}", "cmd", "agreement.list"), *reply = rig_control(r, list), *id = NULL;
    json_array_foreach(json_object_get(reply, "agreements"), i, x)
    {
        if (strcmp(json_string_value(json_object_get(x, "oin")), a->oin.s) == 0 &&
            strcmp(json_string_value(json_object_get(x, "covenant")), covenant) == 0 &&
            json_integer_value(json_object_get(x, "version")) == version)
            id = json_object_get(x, "id");
    }
    assert_non_null(id);
    for (i = 0; i < 2; i++) {
        json_t *q = json_pack("{s:s, s:O, s:s, s:s}", "cmd", "agreement.revoke", "id", id, "by", who[i],
                              "reason", "opgezegd");
        json_decref(rig_control(r, q));
        json_decref(q);
    }
    json_decref(reply);
    json_decref(list);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void rig_close(rig *r)
{
    for (size_t i = 0; i < ACTORS; i++) {
        rig_disconnect(&r->actors[i]);
        epoch_free(&r->actors[i].epoch);
        keypair_close(&r->actors[i].sign);
        keypair_close(&r->actors[i].seal);
        keypair_close(&r->actors[i].curve);
    }
    zmq_ctx_term(r->zmq);
    gateway_stop(&r->gateway);
    settings_close(&r->settings);
    keypair_close(&r->root);
    keypair_close(&r->seal);
    keypair_close(&r->curve);
    nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void rig_connect(rig *r, actor *a)
{
    int zero = 0;
    a->socket = zmq_socket(r->zmq, ZMQ_DEALER);
    assert_non_null(a->socket);
    zmq_setsockopt(a->socket, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(a->socket, ZMQ_CURVE_SERVERKEY, r->curve.pk, 32);
    zmq_setsockopt(a->socket, ZMQ_CURVE_PUBLICKEY, a->curve.pk, 32);
    zmq_setsockopt(a->socket, ZMQ_CURVE_SECRETKEY, a->curve.sk, 32);
    assert_int_equal(zmq_connect(a->socket, r->endpoint), 0);
}

void rig_disconnect(actor *a)
{
    if (a->socket)
        zmq_close(a->socket);
    a->socket = NULL;
    buffer_close(&a->acks);
}

void rig_send(actor *a, bytes frame)
{
    assert_int_equal(zmq_send(a->socket, frame.p, frame.n, 0), frame.n);
}

static Sluis__Frame *receive(actor *a, arena *mem, int timeout_ms)
{
    zmq_pollitem_t p = {.socket = a->socket, .events = ZMQ_POLLIN};
    zmq_msg_t m;
    ProtobufCMessage *frame = NULL;
    if (zmq_poll(&p, 1, timeout_ms) <= 0)
        return NULL;
    zmq_msg_init(&m);
    assert_true(zmq_msg_recv(&m, a->socket, 0) >= 0);
    ok(wire_unpack(&frame, &sluis__frame__descriptor, mem, BYTES(zmq_msg_data(&m), zmq_msg_size(&m)), NULL));
    zmq_msg_close(&m);
    return (Sluis__Frame *)frame;
}

/* The directory behind a welcome, as a hello that names none gets it; less of it when time runs out. */
static void receive_directory(actor *a, const Sluis__Welcome *w, arena *mem, int timeout_ms)
{
    uint32_t got = 0, whole = 1;
    for (Sluis__Frame *f; got < whole && (f = receive(a, mem, timeout_ms));) {
        assert_int_equal(f->f_case, SLUIS__FRAME__F_DIRECTORY_PART);
        const Sluis__DirectoryPart *p = f->directory_part;
        assert_true(bytes_equal(BYTES(p->directory.data, p->directory.len),
                                BYTES(w->directory.data, w->directory.len)));
        assert_int_equal(p->from, got);
        got += (uint32_t)p->part.len;
        whole = p->bytes;
    }
}

/* Keeps all but the first: u32 length | Frame, each. */
static void keep_acks(actor *a, Sluis__Acks *all)
{
    buffer_close(&a->acks);
    buffer_init(&a->acks, 1u << 20);
    for (size_t i = 1; i < all->n_acks; i++) {
        Sluis__Frame f = SLUIS__FRAME__INIT;
        Sluis__Acks one = SLUIS__ACKS__INIT;
        one.acks = &all->acks[i];
        one.n_acks = 1;
        f.f_case = SLUIS__FRAME__F_ACKS;
        f.acks = &one;
        put_u32(buffer_room(&a->acks, 4), (uint32_t)protobuf_c_message_get_packed_size(&f.base));
        ok(wire_pack(&a->acks, &f.base));
    }
    all->n_acks = 1;
}

static Sluis__Frame *kept_ack(actor *a, arena *mem)
{
    ProtobufCMessage *m = NULL;
    size_t n = get_u32(a->acks.p);
    ok(wire_unpack(&m, &sluis__frame__descriptor, mem, BYTES(a->acks.p + 4, n), NULL));
    a->acks.n -= 4 + n;
    memmove(a->acks.p, a->acks.p + 4 + n, a->acks.n);
    return (Sluis__Frame *)m;
}

Sluis__Frame *rig_receive(actor *a, arena *mem, int timeout_ms)
{
    if (a->acks.n)
        return kept_ack(a, mem);
    Sluis__Frame *f = receive(a, mem, timeout_ms);
    if (f && f->f_case == SLUIS__FRAME__F_ACKS && f->acks->n_acks > 1)
        keep_acks(a, f->acks);
    if (f && f->f_case == SLUIS__FRAME__F_WELCOME)
        receive_directory(a, f->welcome, mem, timeout_ms);
    return f;
}

static void seal_and_sign(actor *from, const seal_to *targets, size_t n, Sluis__Core *core,
                          const ProtobufCMessage *body, buffer *out)
{
    buffer plain, header, sealed;
    envelope_item item;
    buffer_init(&plain, ENVELOPE_MAX);
    buffer_init(&header, ENVELOPE_MAX);
    buffer_init(&sealed, ENVELOPE_MAX);
    ok(wire_pack(&plain, body));
    ok(envelope_seal(core, &from->oin, &from->sign, from->epoch, targets, n, buffer_bytes(&plain), clock_ms(),
                     &header, &sealed, item.mh));
    item.header = buffer_bytes(&header);
    item.body = buffer_bytes(&sealed);
    item.out = out;
    ok(envelope_sign_batch(&from->oin, &from->sign, &item, 1));
    buffer_close(&plain);
    buffer_close(&header);
    buffer_close(&sealed);
}

static seal_to target(const actor *a)
{
    seal_to to = {.oin = a->oin, .seal_id = a->seal.id};
    memcpy(to.seal_pk, a->seal.pk, PK_LEN);
    return to;
}

void rig_envelope(rig *r, actor *from, const actor *to, Sluis__Core *core, const ProtobufCMessage *body,
                  buffer *out)
{
    seal_to targets[2] = {target(to), {.seal_id = r->seal.id}};
    ok(oin_parse(&targets[1].oin, RIG_GATEWAY, OIN_LEN));
    memcpy(targets[1].seal_pk, r->seal.pk, PK_LEN);
    seal_and_sign(from, targets, 2, core, body, out);
}

void rig_envelope_alone(actor *from, const actor *to, Sluis__Core *core, const ProtobufCMessage *body,
                        buffer *out)
{
    seal_to one = target(to);
    seal_and_sign(from, &one, 1, core, body, out);
}
