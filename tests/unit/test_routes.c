/* The router on its own, and the whole front: HTTP in, ApiCall at a stand-in sluisd, reply back as JSON. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "api.pb-c.h"
#include "http/front.h"
#include "http/json.h"
#include "http/openapi.h"
#include "http/resources.h"
#include "http/routes.h"
#include "http/settings.h"
#include "wire/envelope.h"

#define CASE_ID "0102030405060708090a0b0c0d0e0f10"
#define TX      "019330a0-0000-7000-8000-000000000001"
#define BSN     "999990019"

/* ---- the router --------------------------------------------------------------------------------------- */

static routes *embedded(void)
{
    const char *names[RESOURCE_COUNT];
    routes *r = NULL;
    sluis_fail f = {0};
    for (size_t i = 0; i < RESOURCE_COUNT; i++)
        names[i] = resources[i].operation;
    sluis_err e = routes_new(&r, openapi_text(), names, RESOURCE_COUNT, &f);
    if (e)
        print_error("%s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    return r;
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *operation; /* operation NULL: status and code below */
        int status;
        const char *code, *where;
    } cases[] = {
        {"POST", "/v1/zaken", "openZaak", 0, NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID, "getZaak", 0, NULL, NULL},
        {"HEAD", "/v1/zaken/" CASE_ID, "getZaak", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/verzoeken", "openVerzoek", 0, NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID "/gebeurtenissen?vanaf=12", "listGebeurtenissen", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/interventies", "vraagInterventies", 0, NULL, NULL},
        {"POST", "/v1/meldingen", "openMelding", 0, NULL, NULL},
        {"GET", "/v1/meldingen?limit=10", "listMeldingen", 0, NULL, NULL},
        {"GET", "/v1/meldingen/" TX, "getMelding", 0, NULL, NULL},
        {"POST", "/v1/meldingen/" TX "/uitkomst", "besluitMelding", 0, NULL, NULL},
        {"GET", "/v1/meldingen/nee", NULL, 400, "invalid", "meldingId"},
        {"POST", "/v1/zaken/" CASE_ID "/fase", "wijzigFase", 0, NULL, NULL},
        {"PUT", "/v1/zaken/" CASE_ID "/coordinator", "wijzigCoordinator", 0, NULL, NULL},
        {"PUT", "/v1/zaken/" CASE_ID "/bereik", "wijzigBereik", 0, NULL, NULL},
        {"PUT", "/v1/zaken/" CASE_ID "/leden/2", "wijzigLid", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/diensten", "meldDienst", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/noodinzage", "openNoodinzage", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/noodinzage/3/beoordeling", "beoordeelNoodinzage", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/noodinzage/65/beoordeling", NULL, 400, "invalid", "nummer"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/2/dossier?namens=0", NULL, 400, "invalid", "namens"},
        {"GET", "/v1/verzoeken?limit=10&na=abcd", "listVerzoeken", 0, NULL, NULL},
        {"GET", "/v1/verzoeken/" TX, "getVerzoek", 0, NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/weergave?attributen=woonplaats,school-naam", "getWeergave", 0,
         NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID "/leden/32/dossier", "getDossier", 0, NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/dossier/uitvoer?namens=1", "voerDossierUit", 0, NULL, NULL},
        {"GET", "/v1/catalogus", "getCatalogus", 0, NULL, NULL},
        {"GET", "/v1/catalogus?regelset=1", NULL, 400, "onbekende-parameter", "regelset"},
        {"GET", "/v1/partijen?gegeven=school-naam&limit=2", "listPartijen", 0, NULL, NULL},
        {"GET", "/v1/journaal/checkpoint", "getCheckpoint", 0, NULL, NULL},
        {"GET", "/v1/journaal/tile/0/067", "getTegel", 0, NULL, NULL},
        {"GET", "/v1/journaal/tile/entries/x001/x234/067.p/12", "getTegel", 0, NULL, NULL},
        {"GET", "/v1/journaal/tile/7/x001%2F000", NULL, 404, "not-found", ""},
        {"GET", "/v1/journaal/tile/8/000", NULL, 400, "invalid", "niveau"},
        {"GET", "/v1/journaal/tile/0/1", NULL, 400, "invalid", "tegel"},
        {"GET", "/v1/journaal/tile/0/000/", NULL, 404, "not-found", ""},
        {"GET", "/v1/journaal/tile/0", NULL, 404, "not-found", ""},
        {"GET", "/v1/journaal/vervolg/na-123456789", "getVervolg", 0, NULL, NULL},
        {"GET", "/v1/journaal/vervolg/na-9223372036854775808", NULL, 400, "invalid", "omvang"},
        {"GET", "/v1/journaal/vervolg/na-", NULL, 400, "invalid", "omvang"},
        {"GET", "/v1/journaal/medeondertekend", "getMedeondertekend", 0, NULL, NULL},
        {"POST", "/v1/journaal/medeondertekend", "meldMedeondertekening", 0, NULL, NULL},
        {"GET", "/v1/openapi.json", "getOpenapi", 0, NULL, NULL},
        {"GET", "/v1/%6fpenapi.json", "getOpenapi", 0, NULL, NULL},
        {"GET", "/health/live", "getLive", 0, NULL, NULL},
        {"GET", "/health/ready", "getReady", 0, NULL, NULL},
        {"GET", "/metrics", "getMetrics", 0, NULL, NULL},
        {"GET", "/", NULL, 404, "not-found", ""},
        {"GET", "/v1", NULL, 404, "not-found", ""},
        {"GET", "/v1/zaken/", NULL, 404, "not-found", ""},
        {"GET", "/v1/zaken/" CASE_ID "/", NULL, 404, "not-found", ""},
        {"GET", "/v1/zaken//leden/1/dossier", NULL, 404, "not-found", ""},
        {"GET", "/v1/openapi.json/x", NULL, 404, "not-found", ""},
        {"GET", "/V1/zaken/" CASE_ID, NULL, 404, "not-found", ""},
        {"GET", "/v1/../metrics", NULL, 404, "not-found", ""},
        {"GET", "/v1/zaken%2f" CASE_ID, NULL, 404, "not-found", ""},
        {"GET", "/v1/%ff", NULL, 404, "not-found", ""},
        {"GET", "/v1/zaken", NULL, 405, "methode", ""},
        {"DELETE", "/v1/zaken/" CASE_ID, NULL, 405, "methode", ""},
        {"OPTIONS", "/v1/zaken", NULL, 405, "methode", ""},
        {"GET", "/v1/zaken/xyz", NULL, 400, "invalid", "zaakId"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/discrepanties", "listDiscrepanties", 0, NULL, NULL},
        {"POST", "/v1/zaken/" CASE_ID "/leden/1/discrepanties", "losDiscrepantieOp", 0, NULL, NULL},
        {"GET", "/v1/zaken/" CASE_ID "/leden/0/dossier", NULL, 400, "invalid", "lid"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/01/dossier", NULL, 400, "invalid", "lid"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/33/dossier", NULL, 400, "invalid", "lid"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/x/dossier", NULL, 400, "invalid", "lid"},
        {"GET", "/v1/verzoeken/nee", NULL, 400, "invalid", "verzoekId"},
        {"GET", "/v1/verzoeken?limit=0", NULL, 400, "invalid", "limit"},
        {"GET", "/v1/verzoeken?limit=101", NULL, 400, "invalid", "limit"},
        {"GET", "/v1/verzoeken?limit=1&limit=2", NULL, 400, "onbekende-parameter", "limit"},
        {"GET", "/v1/verzoeken?pagina=2", NULL, 400, "onbekende-parameter", "pagina"},
        {"GET", "/v1/zaken/" CASE_ID "?x", NULL, 400, "onbekende-parameter", "x"},
        {"GET", "/v1/zaken/" CASE_ID "?x" BSN "y=1", NULL, 400, "onbekende-parameter", "zoekdeel"},
        {"GET", "/v1/verzoeken?%ff=1", NULL, 400, "invalid", "zoekdeel"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/weergave?attributen=", NULL, 400, "invalid", "attributen[0]"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/weergave?attributen=a,B", NULL, 400, "invalid",
         "attributen[1]"},
        {"GET", "/v1/zaken/" BSN, NULL, 400, "bsn-in-adres", "pad"},
        {"GET", "/v1/personen/" BSN, NULL, 400, "bsn-in-adres", "pad"},
        {"GET", "/v1/personen/99999001%39", NULL, 400, "bsn-in-adres", "pad"},
        {"GET", "/v1/verzoeken?bsn=" BSN, NULL, 400, "bsn-in-adres", "zoekdeel"},
        {"GET", "/v1/zaken/" CASE_ID "/leden/1/weergave?attributen=a," BSN, NULL, 400, "bsn-in-adres",
         "zoekdeel"},
        {"GET", "/v1/personen/999990018", NULL, 404, "not-found",
         ""}, /* fails the eleven-test: just unknown */
    };
    routes *r = embedded();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        route_match m;
        problem p = {0};
        bool ok = routes_find(r, cases[i].method, cases[i].target, &m, &p);
        if (ok != (cases[i].operation != NULL) || p.status != cases[i].status)
            print_error("%s %s: %d %s %s %s\n", cases[i].method, cases[i].target, p.status, p.code, p.where,
                        p.detail);
        assert_int_equal(ok, cases[i].operation != NULL);
        if (ok) {
            assert_string_equal(resources[m.operation].operation, cases[i].operation);
        } else {
            assert_int_equal(p.status, cases[i].status);
            assert_string_equal(p.code, cases[i].code);
            assert_string_equal(p.where, cases[i].where);
            assert_null(strstr(p.detail, BSN));
        }
        json_decref(m.parameters);
    }
    route_match m;
    problem p = {0};
    routes_find(r, "PUT", "/v1/zaken/" CASE_ID, &m, &p);
    assert_string_equal(m.allow, "GET, HEAD, OPTIONS");
    assert_true(routes_find(r, "GET", "/v1/zaken/" CASE_ID "/leden/7/weergave?attributen=a,b", &m, &p));
    assert_true(m.needs_token);
    assert_int_equal(json_integer_value(json_object_get(m.parameters, "lid")), 7);
    assert_int_equal(json_array_size(json_object_get(m.parameters, "attributen")), 2);
    json_decref(m.parameters);
    assert_true(routes_find(r, "GET", "/v1/journaal/tile/entries/x001/x234/067.p/12", &m, &p));
    assert_true(m.needs_token);
    assert_string_equal(json_str(m.parameters, "niveau"), "entries");
    assert_string_equal(json_str(m.parameters, "tegel"), "x001/x234/067.p/12");
    json_decref(m.parameters);
    assert_true(routes_find(r, "GET", "/metrics", &m, &p));
    assert_false(m.needs_token);
    json_decref(m.parameters);
    const json_t *info = json_object_get(routes_document(r), "info");
    assert_string_equal(json_str(info, "version"), API_VERSION);
    routes_free(&r);
}

/* A description and a program that do not fit each other do not start. */
static void test_mismatch(void **state)
{
    (void)state;
    static const char base[] =
        "{\"paths\":{\"/a/{x}\":{\"get\":{\"operationId\":\"getA\",\"parameters\":[{\"name\":\"x\",\"in\":"
        "\"path\",\"schema\":{\"type\":\"string\"}}]}}}}";
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"", "", NULL},
        {"getA", "getB", "no handler"},
        {"\"operationId\":\"getA\",", "", "no handler"},
        {"\"path\",", "\"query\",", "do not agree"},
        {"\"path\",", "\"cookie\",", "name or place"},
        {"\"string\"", "\"string\",\"pattern\":\"x\"", "pattern"},
        {"\"string\"", "\"object\"", "unknown members"},
        {"{\"type\":\"string\"}", "{\"$ref\":\"#/nowhere\"}", "leads nowhere"},
        {"{\"paths\"", "{\"anders\"", "no operation"},
    };
    const char *names[] = {"getA"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        sluis_fail f = {0};
        routes *r = NULL;
        const char *at = strstr(base, cases[i].from);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, cases[i].to,
                 at + strlen(cases[i].from));
        sluis_err e = routes_new(&r, bytes_str(text), names, 1, &f);
        assert_int_equal(e, cases[i].says ? SLUIS_INVALID : SLUIS_OK);
        if (cases[i].says && !strstr(f.text, cases[i].says))
            print_error("%s: %s\n", cases[i].says, f.text);
        if (cases[i].says)
            assert_non_null(strstr(f.text, cases[i].says));
        routes_free(&r);
    }
}

/* ---- the front ---------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/sluis-routes-XXXXXX", endpoint[64], socket_file[64], config_file[64];

typedef struct {
    front *front;
    pthread_t thread;
    void *context, *router;
    char route[64];
    int route_len;
    arena *arena;
    config *file;
} rig;

static void *run(void *arg)
{
    assert_int_equal(front_run(((rig *)arg)->front), SLUIS_OK);
    return NULL;
}

static void start(rig *g, bool with_sluisd)
{
    sluis_fail f = {0};
    front_options o;
    int zero = 0, wait = 3000;
    *g = (rig){0};
    unlink(socket_file);
    if (with_sluisd) {
        g->context = zmq_ctx_new();
        g->router = zmq_socket(g->context, ZMQ_ROUTER);
        zmq_setsockopt(g->router, ZMQ_LINGER, &zero, sizeof zero);
        zmq_setsockopt(g->router, ZMQ_RCVTIMEO, &wait, sizeof wait);
        assert_int_equal(zmq_bind(g->router, endpoint), 0);
    }
    FILE *file = fopen(config_file, "w");
    fprintf(file, "gateway = \"%s\"; port = 0; call_ms = 700; probe_ms = 300; max_calls = 2;\n", endpoint);
    fclose(file);
    sluis_err e = front_settings_read(&o, &g->file, config_file, &f);
    if (!e)
        e = front_open(&g->front, &o, &f);
    if (e)
        print_error("%s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    assert_int_equal(o.http.max_body, 65536);
    assert_int_equal(pthread_create(&g->thread, NULL, run, g), 0);
    usleep(200000);
    g->arena = arena_new(1 << 20);
}

static void finish(rig *g)
{
    kill(getpid(), SIGTERM); /* the loop takes the signal and ends in order */
    pthread_join(g->thread, NULL);
    front_close(&g->front);
    config_free(&g->file);
    arena_free(&g->arena);
    if (g->router) {
        zmq_close(g->router);
        zmq_ctx_term(g->context);
    }
    unlink(config_file);
    unlink(socket_file);
}

static int ask(const rig *g, const char *method, const char *target, const char *headers, const char *body)
{
    char raw[8192];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(front_port(g->front))};
    struct timeval limit = {.tv_sec = 4};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    int n = snprintf(raw, sizeof raw, "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s", method, target,
                     headers);
    if (body)
        n += snprintf(raw + n, sizeof raw - (size_t)n, "Content-Length: %zu\r\n", strlen(body));
    n += snprintf(raw + n, sizeof raw - (size_t)n, "\r\n%s", body ? body : "");
    assert_int_equal(send(fd, raw, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

/* The whole answer; its status is returned. */
static int answer(int fd, char *out, size_t cap)
{
    size_t n = 0;
    ssize_t got;
    while (n < cap - 1 && (got = recv(fd, out + n, cap - 1 - n, 0)) > 0)
        n += (size_t)got;
    out[n] = 0;
    close(fd);
    assert_non_null(strstr(out, "API-Version: 1.0.0\r\n"));
    return atoi(out + strlen("HTTP/1.1 "));
}

static const Sluis__ApiCall *next_call(rig *g)
{
    static char frame[65536];
    ProtobufCMessage *m = NULL;
    g->route_len = zmq_recv(g->router, g->route, sizeof g->route, 0);
    assert_true(g->route_len > 0);
    int n = zmq_recv(g->router, frame, sizeof frame, 0);
    assert_true(n > 0);
    assert_int_equal(wire_unpack(&m, &sluis__api_call__descriptor, g->arena, BYTES(frame, (size_t)n), NULL),
                     SLUIS_OK);
    return (const Sluis__ApiCall *)m;
}

static void reply(rig *g, const Sluis__ApiReply *r)
{
    buffer b;
    buffer_init(&b, 1 << 20);
    assert_int_equal(wire_pack(&b, &r->base), SLUIS_OK);
    zmq_send(g->router, g->route, (size_t)g->route_len, ZMQ_SNDMORE);
    zmq_send(g->router, b.p, b.n, 0);
    buffer_close(&b);
}

#define TOKEN "Authorization: Bearer aa.bb.cc\r\n"
#define JSON  "Content-Type: application/json\r\n"
#define OPEN                                                                                                 \
    "{\"soort\":\"client\",\"leden\":[{\"bsn\":\"" BSN                                                       \
    "\",\"rol\":\"client\"}],\"bereik\":{\"wetten\":[\"wmo2015\"],"                                          \
    "\"domeinen\":[]},\"aanleiding\":\"melding\"}"

static const uint8_t case_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t tx[16] = {0x01, 0x93, 0x30, 0xa0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1};
#define ID(a) ((ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)(a)})

static void test_open_case(void **state)
{
    (void)state;
    rig g;
    char text[65536];
    start(&g, true);
    int fd = ask(&g, "POST", "/v1/zaken", TOKEN JSON, OPEN);
    const Sluis__ApiCall *c = next_call(&g);
    assert_string_equal(c->token, "aa.bb.cc");
    assert_int_equal(c->op_case, SLUIS__API_CALL__OP_OPEN_CASE);
    assert_string_equal(c->open_case->kind, "client");
    assert_int_equal(c->open_case->n_members, 1);
    assert_string_equal(c->open_case->members[0]->bsn, BSN);
    assert_string_equal(c->open_case->members[0]->role, "client");
    assert_string_equal(c->open_case->scope_laws[0], "wmo2015");
    assert_int_equal(c->open_case->n_scope_domains, 0);
    assert_string_equal(c->open_case->reason, "melding");

    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiCase out = SLUIS__API_CASE__INIT;
    Sluis__ApiMemberOut member = SLUIS__API_MEMBER_OUT__INIT, *members[] = {&member};
    r.call = c->call;
    r.status = 201;
    member.member = 1;
    member.role = (char *)(uintptr_t) "client";
    out.case_id = ID(case_id);
    out.kind = (char *)(uintptr_t) "client";
    out.phase = (char *)(uintptr_t) "research";
    out.n_members = 1;
    out.members = members;
    out.opened = UINT64_C(1795500000123);
    out.coordination = "niet";
    r.result_case = SLUIS__API_REPLY__RESULT_CASE_OUT;
    r.case_out = &out;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 201);
    assert_non_null(strstr(text, "Location: /v1/zaken/" CASE_ID "\r\n"));
    assert_non_null(strstr(text, "Content-Type: application/json\r\n"));
    assert_string_equal(
        strstr(text, "\r\n\r\n") + 4,
        "{\"zaakId\":\"" CASE_ID
        "\",\"soort\":\"client\",\"fase\":\"onderzoek\",\"leden\":[{\"lid\":1,\"rol\":"
        "\"client\",\"geheimAdres\":false,\"zichtbaarVoor\":[]}],\"bereik\":{\"wetten\":[],\"domeinen\":[],"
        "\"problemen\":[],\"partijen\":[]},\"coordinatie\":\"niet\",\"diensten\":[],\"noodinzages\":[],"
        "\"inzages\":[],"
        "\"mogelijk\":[],\"geopend\":\"2026-11-24T06:00:00.123Z\","
        "\"_links\":{\"self\":{\"href\":\"/v1/zaken/" CASE_ID "\"}}}");
    finish(&g);
}

static void test_file_request(void **state)
{
    (void)state;
    rig g;
    char text[65536];
    start(&g, true);
    int fd = ask(&g, "POST", "/v1/zaken/" CASE_ID "/verzoeken",
                 TOKEN JSON "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
                 "{\"lid\":1,\"partij\":\"00000099000000002000\",\"attributen\":[{\"naam\":\"school-naam\","
                 "\"noodzaak\":\"nu\"}],"
                 "\"doel\":\"toeleiding\",\"grondslag\":\"wams-5.4.1\",\"fase\":\"coordinatie\","
                 "\"motivering\":\"omdat\","
                 "\"antwoordVoor\":\"2026-12-01T00:00:00Z\"}");
    const Sluis__ApiCall *c = next_call(&g);
    const Sluis__ApiFileRequest *q = c->file_request;
    assert_int_equal(c->op_case, SLUIS__API_CALL__OP_FILE_REQUEST);
    assert_memory_equal(q->case_id.data, case_id, 16);
    assert_int_equal(q->member, 1);
    assert_string_equal(q->party, "00000099000000002000");
    assert_string_equal(q->asks[0]->attribute, "school-naam");
    assert_string_equal(q->asks[0]->necessity, "nu");
    assert_string_equal(q->purpose, "toeleiding");
    assert_string_equal(q->legal_basis, "wams-5.4.1");
    assert_string_equal(q->phase, "coordination");
    assert_string_equal(q->motivation, "omdat");
    assert_int_equal(q->answer_by, UINT64_C(1796083200000));
    assert_string_equal(q->traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiRequestState out = SLUIS__API_REQUEST_STATE__INIT;
    Sluis__ApiResult one = SLUIS__API_RESULT__INIT, *all[] = {&one};
    r.call = c->call;
    r.status = 202;
    one.attribute = (char *)(uintptr_t) "school-naam";
    one.outcome = (char *)(uintptr_t) "not-possible";
    out.transaction = ID(tx);
    out.case_id = ID(case_id);
    out.member = 1;
    out.party = (char *)(uintptr_t) "00000099000000002000";
    out.state = (char *)(uintptr_t) "held";
    out.results = all;
    out.n_results = 1;
    r.result_case = SLUIS__API_REPLY__RESULT_REQUEST;
    r.request = &out;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 202);
    assert_non_null(strstr(text, "Location: /v1/verzoeken/" TX "\r\n"));
    assert_non_null(strstr(text, "\"status\":\"aangehouden\""));
    assert_non_null(strstr(text, "{\"naam\":\"school-naam\",\"uitkomst\":\"niet-mogelijk\"}"));

    /* W3C Trace Context: ids of zeros are invalid, and an invalid field is ignored. */
    fd = ask(&g, "POST", "/v1/zaken/" CASE_ID "/verzoeken",
             TOKEN JSON "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n",
             "{\"lid\":1,\"partij\":\"00000099000000002000\",\"attributen\":[{\"naam\":\"school-naam\","
             "\"noodzaak\":\"nu\"}],\"doel\":\"toeleiding\",\"grondslag\":\"wams-5.4.1\","
             "\"fase\":\"onderzoek\",\"motivering\":\"omdat\"}");
    c = next_call(&g);
    assert_string_equal(c->file_request->traceparent, "");
    r.call = c->call;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 202);
    finish(&g);
}

static void test_reads(void **state)
{
    (void)state;
    rig g;
    char text[65536];
    start(&g, true);
    int fd = ask(&g, "GET", "/v1/zaken/" CASE_ID "/leden/2/weergave?attributen=a,b", TOKEN, NULL);
    const Sluis__ApiCall *c = next_call(&g);
    assert_int_equal(c->get_view->n_attributes, 2);
    assert_string_equal(c->get_view->attributes[1], "b");
    assert_int_equal(c->get_view->member, 2);
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiView view = SLUIS__API_VIEW__INIT;
    Sluis__ApiDatum d = SLUIS__API_DATUM__INIT, *data[] = {&d};
    d.attribute = (char *)(uintptr_t) "a";
    d.value = (char *)(uintptr_t) "\xc3\xa9\"";
    d.source = (char *)(uintptr_t) "00000099000000002000";
    d.category = (char *)(uintptr_t) "health";
    d.obtained = 1000;
    view.case_id = ID(case_id);
    view.member = 2;
    view.law = (char *)(uintptr_t) "wmo2015";
    view.data = data;
    view.n_data = 1;
    r.call = c->call;
    r.status = 200;
    r.result_case = SLUIS__API_REPLY__RESULT_VIEW;
    r.view = &view;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 200);
    assert_non_null(strstr(
        text, "{\"naam\":\"a\",\"waarde\":\"\xc3\xa9\\\"\",\"bron\":\"00000099000000002000\",\"verkregen\":"
              "\"1970-01-01T00:00:01.000Z\",\"voorwaarden\":[],\"categorie\":\"gezondheid\","
              "\"verwijzing\":false,\"versie\":0,\"verouderd\":false,\"weersproken\":false}"));

    fd = ask(&g, "GET", "/v1/zaken/" CASE_ID "/leden/2/dossier", TOKEN, NULL);
    c = next_call(&g);
    Sluis__ApiDossier dossier = SLUIS__API_DOSSIER__INIT;
    Sluis__ApiDossierEntry entry = SLUIS__API_DOSSIER_ENTRY__INIT, *entries[] = {&entry};
    entry.when = 1000;
    entry.type = (char *)(uintptr_t) "request";
    entry.from_name = (char *)(uintptr_t) "Gemeente";
    entry.purpose = (char *)(uintptr_t) "arbeidstoeleiding";
    entry.purpose_title = (char *)(uintptr_t) "Toeleiding naar werk";
    entry.transaction = ID(tx);
    entry.journal_index = 7;
    dossier.case_id = ID(case_id);
    dossier.member = 2;
    dossier.entries = entries;
    dossier.n_entries = 1;
    r.call = c->call;
    r.result_case = SLUIS__API_REPLY__RESULT_DOSSIER;
    r.dossier = &dossier;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 200);
    assert_non_null(strstr(
        text, "\"verloop\":[{\"wanneer\":\"1970-01-01T00:00:01.000Z\",\"soort\":\"verzoek\",\"vanNaam\":"
              "\"Gemeente\",\"doel\":\"arbeidstoeleiding\",\"doelNaam\":\"Toeleiding naar "
              "werk\",\"verzoekId\":\"" TX "\",\"journaalnummer\":7}]"));

    fd = ask(&g, "GET", "/v1/verzoeken?limit=3&na=abcd&sinds=0102", TOKEN, NULL);
    c = next_call(&g);
    assert_int_equal(c->list_requests->limit, 3);
    assert_memory_equal(c->list_requests->after.data, "\xab\xcd", 2);
    assert_memory_equal(c->list_requests->since.data, "\x01\x02", 2);
    Sluis__ApiRequestList list = SLUIS__API_REQUEST_LIST__INIT;
    list.next = ID(tx);
    r.call = c->call;
    r.result_case = SLUIS__API_REPLY__RESULT_REQUESTS;
    r.requests = &list;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 200);
    assert_non_null(strstr(
        text, "{\"verzoeken\":[],\"volledig\":false,\"volgende\":\"019330a0000070008000000000000001\""));

    fd = ask(&g, "GET", "/health/ready", "", NULL);
    c = next_call(&g);
    assert_true(c->health->ready);
    assert_string_equal(c->token, "");
    Sluis__ApiHealthOut health = SLUIS__API_HEALTH_OUT__INIT;
    r.call = c->call;
    r.status = 503;
    r.result_case = SLUIS__API_REPLY__RESULT_HEALTH;
    r.health = &health;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 503);
    assert_non_null(strstr(text, "\"status\":\"niet-gereed\""));

    fd = ask(&g, "GET", "/metrics", "", NULL);
    c = next_call(&g);
    Sluis__ApiText metrics = SLUIS__API_TEXT__INIT;
    metrics.text = (char *)(uintptr_t) "sluis_x 1\n";
    r.call = c->call;
    r.status = 200;
    r.result_case = SLUIS__API_REPLY__RESULT_METRICS;
    r.metrics = &metrics;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 200);
    assert_non_null(strstr(text, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nsluis_x 1\n"));

    /* A problem passes as sluisd said it, its title by code; a reply of another kind is not shown. */
    fd = ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL);
    c = next_call(&g);
    Sluis__ApiProblem refused = SLUIS__API_PROBLEM__INIT;
    refused.code = (char *)(uintptr_t) "unauthenticated";
    refused.detail = (char *)(uintptr_t) "expired";
    refused.where = (char *)(uintptr_t) "token.exp";
    r.call = c->call;
    r.status = 401;
    r.result_case = SLUIS__API_REPLY__RESULT_PROBLEM;
    r.problem = &refused;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 401);
    assert_non_null(strstr(text, "WWW-Authenticate: Bearer realm=\"sluis\", error=\"invalid_token\"\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n") + 4,
                        "{\"type\":\"about:blank\",\"title\":\"Geen geldig "
                        "token\",\"status\":401,\"detail\":\"expired\",\"code\":"
                        "\"unauthenticated\",\"waar\":\"token.exp\",\"instance\":\"/v1/zaken/" CASE_ID "\"}");
    fd = ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL);
    c = next_call(&g);
    r.call = c->call;
    r.status = 200;
    r.result_case = SLUIS__API_REPLY__RESULT_VIEW;
    r.view = &view;
    reply(&g, &r);
    assert_int_equal(answer(fd, text, sizeof text), 502);
    finish(&g);
}

/* What this process answers itself: nothing of it reaches sluisd. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *headers, *body;
        int status;
        const char *has[2];
    } cases[] = {
        {"GET", "/health/live", "", NULL, 200, {"{\"status\":\"levend\"}", "application/json"}},
        {"GET", "/v1/openapi.json", "", NULL, 200, {"\"openapi\": \"3.0.3\"", "Cache-Control: no-store\r\n"}},
        {"HEAD", "/health/live", "", NULL, 200, {"Content-Length: 19\r\n", "\r\n\r\n"}},
        {"OPTIONS", "/v1/zaken", "", NULL, 204, {"Allow: POST, OPTIONS\r\n", NULL}},
        {"PUT", "/v1/zaken", "", "", 405, {"Allow: POST, OPTIONS\r\n", "application/problem+json"}},
        {"GET", "/nee", "", NULL, 404, {"application/problem+json", "\"instance\":\"/nee\""}},
        {"GET",
         "/v1/zaken/" CASE_ID,
         "",
         NULL,
         401,
         {"WWW-Authenticate: Bearer realm=\"sluis\"\r\n", "\"unauthenticated\""}},
        {"GET", "/v1/zaken/" CASE_ID, "Authorization: Basic eA==\r\n", NULL, 401, {"WWW-Authenticate", NULL}},
        {"GET", "/v1/zaken/" CASE_ID, "Authorization: Bearer a b\r\n", NULL, 401, {"WWW-Authenticate", NULL}},
        {"POST", "/v1/zaken", TOKEN "Content-Type: text/xml\r\n", OPEN, 415, {"inhoudstype", NULL}},
        {"POST", "/v1/zaken", TOKEN, OPEN, 415, {"inhoudstype", NULL}},
        {"POST", "/v1/zaken", TOKEN JSON, "", 400, {"regel 1", NULL}},
        {"POST", "/v1/zaken", TOKEN JSON, "{", 400, {"eindigt te vroeg", NULL}},
        {"POST", "/v1/zaken", TOKEN JSON, "[]", 400, {"hier hoort een object", NULL}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"soort\":\"client\"}",
         400,
         {"veld-ontbreekt", "\"waar\":\"leden\""}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"soort\":\"client\",\"kleur\":1}",
         400,
         {"onbekend-veld", "\"waar\":\"kleur\""}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"" BSN "\":1}",
         400,
         {"\"code\":\"onbekend-veld\",\"instance\"", NULL}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"leden\":[{\"Jan van Dam\":1}]}",
         400,
         {"onbekend-veld", "\"waar\":\"leden[0]\""}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"soort\":\"groep\"}",
         400,
         {"\"waar\":\"soort\"", "toegestane waarden"}},
        {"POST", "/v1/zaken", TOKEN JSON, "{\"leden\":[]}", 400, {"\"waar\":\"leden\"", "1 tot 32"}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"leden\":[{\"bsn\":\"999990018\",\"rol\":\"client\"}]}",
         400,
         {"\"waar\":\"leden[0].bsn\"", "elfproef"}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"leden\":[{\"bsn\":999990019,\"rol\":\"client\"}]}",
         400,
         {"\"waar\":\"leden[0].bsn\"", "hier hoort tekst"}},
        {"POST",
         "/v1/zaken",
         TOKEN JSON,
         "{\"bereik\":{\"wetten\":[\"a\",\"a\"],\"domeinen\":[]}}",
         400,
         {"bereik.wetten[1]", "staat er al"}},
        {"POST", "/v1/zaken", TOKEN JSON, "{\"aanleiding\":\"\"}", 400, {"1 tot 2000", NULL}},
        {"POST",
         "/v1/zaken/" CASE_ID "/verzoeken",
         TOKEN JSON,
         "{\"antwoordVoor\":\"2026-02-30T00:00:00Z\"}",
         400,
         {"RFC 3339", "antwoordVoor"}},
        {"GET", "/v1/zaken/" BSN, TOKEN, NULL, 400, {"bsn-in-adres", NULL}},
        {"GET", "/v1/personen/x" BSN "y", "", NULL, 404, {"\"instance\":\"/v1/personen/x*********y\"", NULL}},
        {"GET",
         "/v1/personen/9999.900-19",
         "",
         NULL,
         404,
         {"\"instance\":\"/v1/personen/****.***-**\"", NULL}},
        {"GET", "/v1/personen/x%39%39%39990019", "", NULL, 404, {"\"code\":\"not-found\"}", NULL}},
        {"GET", "/v1/zaken/" CASE_ID "x", TOKEN, NULL, 400, {"\"waar\":\"zaakId\"", NULL}},
        {"PUT", "/v1/zaken/" CASE_ID, "", "", 405, {"\"instance\":\"/v1/zaken/" CASE_ID "\"", NULL}},
        {"GET",
         "/x",
         "Transfer-Encoding: chunked\r\n",
         NULL,
         501,
         {"transfer-encoding", "application/problem+json"}},
    };
    rig g;
    static char text[131072];
    start(&g, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = answer(ask(&g, cases[i].method, cases[i].target, cases[i].headers, cases[i].body), text,
                            sizeof text);
        bool has = true;
        for (int k = 0; k < 2; k++)
            has = has && (!cases[i].has[k] || strstr(text, cases[i].has[k]));
        if (status != cases[i].status || !has)
            print_error("%s %s %s\n%s\n", cases[i].method, cases[i].target,
                        cases[i].body ? cases[i].body : "", text);
        assert_int_equal(status, cases[i].status);
        assert_true(has);
        assert_null(strstr(text, "999990"));
    }
    int zero = 0;
    zmq_setsockopt(g.router, ZMQ_RCVTIMEO, &zero, sizeof zero);
    assert_int_equal(zmq_recv(g.router, text, sizeof text, 0), -1);
    finish(&g);
}

/* A silent sluisd: 504 for a call, 503 for a probe, 503 for what does not fit, and a late reply harms nobody.
 */
static void test_deadlines(void **state)
{
    (void)state;
    rig g;
    static char text[131072];
    start(&g, true);
    int one = ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL);
    uint64_t late = next_call(&g)->call;
    int two = ask(&g, "GET", "/health/ready", "", NULL);
    next_call(&g);
    assert_int_equal(answer(ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL), text, sizeof text), 503);
    assert_non_null(strstr(text, "Retry-After: 1\r\n"));
    assert_int_equal(answer(two, text, sizeof text), 503);
    assert_int_equal(answer(one, text, sizeof text), 504);
    assert_non_null(strstr(text, "\"code\":\"timeout\""));

    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiCase out = SLUIS__API_CASE__INIT;
    r.status = 200;
    r.result_case = SLUIS__API_REPLY__RESULT_CASE_OUT;
    r.case_out = &out;
    r.call = late;
    reply(&g, &r);
    zmq_send(g.router, g.route, (size_t)g.route_len, ZMQ_SNDMORE);
    zmq_send(g.router, "\xff\xff", 2, 0);
    int three = ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL);
    r.call = next_call(&g)->call;
    reply(&g, &r);
    assert_int_equal(answer(three, text, sizeof text), 200);
    finish(&g);
}

static void test_no_sluisd(void **state)
{
    (void)state;
    rig g;
    static char text[131072];
    start(&g, false);
    assert_int_equal(answer(ask(&g, "GET", "/health/ready", "", NULL), text, sizeof text), 503);
    assert_int_equal(answer(ask(&g, "GET", "/v1/zaken/" CASE_ID, TOKEN, NULL), text, sizeof text), 503);
    assert_non_null(strstr(text, "gateway-afwezig"));
    assert_int_equal(answer(ask(&g, "GET", "/health/live", "", NULL), text, sizeof text), 200);
    finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),      cmocka_unit_test(test_mismatch),
                                       cmocka_unit_test(test_open_case), cmocka_unit_test(test_file_request),
                                       cmocka_unit_test(test_reads),     cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_deadlines), cmocka_unit_test(test_no_sluisd)};
    if (!mkdtemp(dir))
        return 1;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/api.sock", dir);
    snprintf(socket_file, sizeof socket_file, "%s/api.sock", dir);
    snprintf(config_file, sizeof config_file, "%s/http.conf", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
