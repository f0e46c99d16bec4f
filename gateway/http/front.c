#include "http/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.pb-c.h"
#include "base/brake.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/calls.h"
#include "http/document.h"
#include "http/json.h"
#include "http/openapi.h"
#include "http/problem.h"
#include "http/resources.h"
#include "http/routes.h"
#include "http/schema.h"
#include "http/write.h"
#include "session/api_client.h"
#include "wire/envelope.h"
#include "wire/fields.h"

#define TICK_MS      100
#define TOKEN_MAX    4096
#define CALL_MAX     (1u << 20)
#define REPLY_MAX    (16u << 20) /* JSON text, or memory to unpack one reply */
#define PROBLEM_MAX  8192
#define JSON_TYPE    "application/json"
#define HTML_TYPE    "text/html; charset=utf-8"
#define PROBLEM_TYPE "application/problem+json"

struct front {
    front_options o;
    http_server *server;
    routes *routes;
    calls *calls;
    api_client *client;
    buffer frame; /* one message, reused */
    buffer text;  /* JSON of one answer, reused */
    struct {
        log_brake gate, refused, unknown; /* what bytes, requests and tokens of anybody can cause */
    } brakes;
};

/* ---- answers ------------------------------------------------------------------------------------------ */

/* Headers of every answer, then those of this one. */
static void answer(http_request *r, int status, const char *type, bytes body, const http_field *extra)
{
    http_field all[8] = {
        {"API-Version", API_VERSION}, {"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}};
    size_t n = 3;
    for (; extra && extra->name && n < 7; extra++) {
        bool cache = strcmp(extra->name, "Cache-Control") == 0;
        all[cache ? 2 : n] = *extra;
        n += !cache;
    }
    http_reply(r, status, type, body, all);
}

static void answer_problem(http_request *r, const problem *p, const char *instance, const http_field *extra)
{
    buffer b;
    buffer_init(&b, PROBLEM_MAX);
    problem_write(&b, p, instance && *instance ? instance : NULL);
    answer(r, p->status, PROBLEM_TYPE, buffer_bytes(&b), extra);
    buffer_close(&b);
}

/* What a problem calls the address: no number in it but those of ids can be a person's. Written in escapes it
 * is not told at all: our own addresses need none. */
static void hide_persons(char *path)
{
    uuid transaction;
    id16 id;
    if (strchr(path, '%'))
        *path = 0;
    for (char *at = path; *at;) {
        size_t n = strcspn(at, "/");
        const char end = at[n];
        at[n] = 0;
        if (id_parse(&id, at) && uuid_parse(&transaction, at))
            bsn_mask(at);
        at[n] = end;
        at += n + (end != 0);
    }
}

static void refuse_gate(front *f, http_request *r)
{
    const char *left_out;
    problem p = {0};
    gate_verdict v = http_verdict(r);
    const http_field again[] = {{"Retry-After", "1"}, {NULL, NULL}};
    problem_set(&p, gate_status(v), gate_token(v), "Het verzoek is geen geldig HTTP/1.1", NULL, "%s",
                gate_text(v));
    if (brake_lets(&f->brakes.gate, clock_mono_us(), &left_out))
        log_write(LOG_WARN, "http.gate", "verdict", gate_token(v), left_out ? "left_out" : NULL, left_out,
                  NULL);
    answer_problem(r, &p, NULL, v == GATE_CROWDED ? again : NULL);
}

/* A caller whom sluisd does not know, or has had enough of, can have any number of them. */
static void log_answer(front *f, const pending *p, int status)
{
    char code[8], took[24];
    const uint64_t now = clock_mono_us();
    const char *left_out = NULL;
    if ((status == 401 || status == 429) && !brake_lets(&f->brakes.unknown, now, &left_out))
        return;
    snprintf(code, sizeof code, "%d", status);
    snprintf(took, sizeof took, "%llu", (unsigned long long)(now - p->started_us));
    log_write(status >= 500 ? LOG_WARN : LOG_INFO, "http.answer", "operation",
              resources[p->operation].operation, "status", code, "us", took, left_out ? "left_out" : NULL,
              left_out, NULL);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

/* "Bearer" and RFC 6750's b64token, at most TOKEN_MAX. Returns the token or NULL with *p filled. */
static const char *bearer(http_request *r, problem *p)
{
    const char *h = http_header(r, "Authorization");
    if (!h) {
        problem_set(p, 401, "unauthenticated", "Geen token", "Authorization",
                    "Stuur het token van de identiteitsvoorziening mee: Authorization: Bearer <token>.");
        return NULL;
    }
    size_t n = strncasecmp(h, "Bearer ", 7) == 0 ? strlen(h + 7) : 0;
    static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    if (n > 0 && n <= TOKEN_MAX && strspn(h + 7, b64) == n)
        return h + 7;
    problem_set(p, 401, "unauthenticated", "Geen bruikbaar token", "Authorization",
                "Verwacht wordt: Bearer, een spatie en een token van ten hoogste %d tekens.", TOKEN_MAX);
    return NULL;
}

static bool is_json(const char *type)
{
    size_t n = strlen(JSON_TYPE);
    if (!type || strncasecmp(type, JSON_TYPE, n) != 0)
        return false;
    type += n;
    type += strspn(type, " ;");
    return *type == 0 || strcasecmp(type, "charset=utf-8") == 0;
}

/* The JSON body checked against the operation's schema; NULL with *p filled. Returned owned. */
static json_t *read_body(const front *f, http_request *r, const json_t *schema, problem *p)
{
    json_t *body = NULL;
    sluis_fail why = {0};
    if (!is_json(http_header(r, "Content-Type"))) {
        problem_set(p, 415, "inhoudstype", "Inhoudstype niet ondersteund", "Content-Type",
                    "Stuur " JSON_TYPE " in UTF-8.");
        return NULL;
    }
    sluis_err e = json_request_parse(&body, http_body(r), &why);
    if (e) {
        problem_set(p, e == SLUIS_NOMEM ? 500 : 400, error_token(e), "Ongeldige JSON", why.where, "%s",
                    why.text);
        return NULL;
    }
    if (schema_check(routes_document(f->routes), schema, body, "", p))
        return body;
    json_decref(body);
    return NULL;
}

/* Packs the call and sends it; false with *p filled. */
static bool send_call(front *f, const resource *res, uint64_t number, const char *token,
                      const json_t *parameters, const json_t *body, problem *p)
{
    Sluis__ApiCall call = SLUIS__API_CALL__INIT;
    sluis_err e = SLUIS_NOMEM;
    arena *a = arena_new(CALL_MAX);
    if (a)
        e = res->build(parameters, body, a, &call);
    call.call = number;
    call.token = (char *)(uintptr_t)token;
    buffer_clear(&f->frame); /* a reply that led to this call was unpacked from it */
    if (!e)
        e = wire_pack(&f->frame, &call.base);
    if (!e)
        e = api_client_send(f->client, buffer_bytes(&f->frame));
    buffer_close(&f->frame); /* it may name a person: nothing of it waits for the next message */
    arena_free(&a);
    if (e == SLUIS_FULL || e == SLUIS_IO)
        problem_set(p, 503, "gateway-afwezig", "De gateway neemt nu niets aan", NULL,
                    "De gateway is niet bereikbaar of te druk; probeer het straks opnieuw.");
    else if (e)
        problem_set(p, 500, error_token(e), "Interne fout", NULL, "%s", error_text(e));
    return e == SLUIS_OK;
}

static bool answer_local(http_request *r, const resource *res)
{
    static const char live[] = "{\"status\":\"levend\"}";
    bool description = strcmp(res->operation, "getOpenapi") == 0;
    answer(r, 200, JSON_TYPE, description ? openapi_text() : bytes_str(live), NULL);
    return true;
}

/* Room to gather a document in, and what asks for its next page; false with *p filled. */
static bool begin_document(front *f, http_request *r, pending *place, const char *token, json_t *parameters,
                           problem *p)
{
    document_form form = document_asked(http_header(r, "Accept"));
    if (form == DOCUMENT_NONE) {
        problem_set(p, 406, "niet-acceptabel", "Deze vorm bestaat niet", "Accept",
                    "Vraag text/html of application/json.");
        return false;
    }
    if (calls_documents(f->calls) >= (size_t)f->o.max_exports) {
        problem_set(p, 503, "full", "Te druk", NULL,
                    "Er worden al %d dossiers tegelijk gemaakt; probeer het straks opnieuw.",
                    f->o.max_exports);
        return false;
    }
    place->document = document_new(form, &f->o.sender, f->o.export_bytes);
    place->parameters = json_incref(parameters);
    place->token = strdup(token);
    if (place->document && place->token)
        return true;
    problem_set(p, 500, "no-memory", "Interne fout", NULL, "geen geheugen");
    return false;
}

/* A request that its route, parameters and body allow: a place in the table, and off it goes. */
static bool forward(front *f, http_request *r, route_match *m, const char *path, problem *p)
{
    const resource *res = &resources[m->operation];
    const char *token = m->needs_token ? bearer(r, p) : "";
    json_t *body = NULL;
    pending *place = NULL;
    bool sent = false;
    if (!token || (m->body && !(body = read_body(f, r, m->body, p))))
        goto done;
    if (!(place = calls_take(f->calls))) {
        problem_set(p, 503, "full", "Te druk", NULL,
                    "Er zijn te veel verzoeken tegelijk; probeer het straks opnieuw.");
        goto done;
    }
    place->operation = m->operation;
    place->started_us = clock_mono_us();
    place->deadline_us = place->started_us + (uint64_t)(res->probe ? f->o.probe_ms : f->o.call_ms) * 1000;
    snprintf(place->path, sizeof place->path, "%s", path);
    const char *trace = http_header(r, "traceparent");
    if (trace && traceparent_valid(trace)) /* another one is ignored, as W3C Trace Context says */
        json_object_set_new(m->parameters, "traceparent", json_string(trace));
    const bool whole = res->result == SLUIS__API_REPLY__RESULT_EXPORT;
    sent = (!whole || begin_document(f, r, place, token, m->parameters, p)) &&
           send_call(f, res, place->number, token, m->parameters, body, p);
    if (sent)
        place->request = r;
    else
        calls_done(f->calls, place);
done:
    json_decref(body);
    return sent;
}

/* What this process refuses itself. OPTIONS on a path that exists is no fault: its answer is the Allow field.
 */
static void refuse(front *f, http_request *r, const route_match *m, const char *path, const problem *p)
{
    const char *left_out;
    http_field extra[] = {{NULL, NULL}, {NULL, NULL}};
    if (p->status == 405)
        extra[0] = (http_field){"Allow", m->allow};
    else if (p->status == 401)
        extra[0] = (http_field){"WWW-Authenticate", "Bearer realm=\"sluis\""};
    else if (p->status == 503)
        extra[0] = (http_field){"Retry-After", "1"};
    if (brake_lets(&f->brakes.refused, clock_mono_us(), &left_out))
        log_write(LOG_INFO, "http.refused", "code", p->code, left_out ? "left_out" : NULL, left_out, NULL);
    if (p->status == 405 && strcmp(http_method(r), "OPTIONS") == 0)
        answer(r, 204, NULL, BYTES(NULL, 0), extra);
    else
        answer_problem(r, p, path, extra);
}

static void drain(front *f);

static void on_http(void *ctx, http_request *r)
{
    front *f = ctx;
    route_match m;
    problem p = {0};
    char path[256];
    bool ok = false;
    if (http_verdict(r) != GATE_OK) {
        refuse_gate(f, r);
        return;
    }
    const char *target = http_target(r);
    snprintf(path, sizeof path, "%.*s", (int)strcspn(target, "?"), target);
    hide_persons(path);
    if (routes_find(f->routes, http_method(r), target, &m, &p)) {
        const resource *res = &resources[m.operation];
        ok = res->build ? forward(f, r, &m, path, &p) : answer_local(r, res);
        json_decref(m.parameters);
    }
    if (ok) {
        drain(f); /* sending may have swallowed the edge of a reply that had come */
        return;
    }
    refuse(f, r, &m, path, &p);
}

/* ---- replies ------------------------------------------------------------------------------------------ */

static void finish_problem(front *f, pending *p, const problem *why)
{
    const http_field invalid[] = {{"WWW-Authenticate", "Bearer realm=\"sluis\", error=\"invalid_token\""},
                                  {NULL, NULL}};
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", why->retry_after ? why->retry_after : 1);
    const http_field again[] = {{"Retry-After", seconds}, {NULL, NULL}};
    log_answer(f, p, why->status);
    answer_problem(p->request, why, p->path,
                   why->status == 401                       ? invalid
                   : why->status == 503 || why->retry_after ? again
                                                            : NULL);
    calls_done(f->calls, p);
}

static bool status_sane(uint32_t status)
{
    return status >= 200 && status <= 599 && status != 204 && status != 304;
}

static void finish_sluisd_problem(front *f, pending *p, const Sluis__ApiReply *r)
{
    problem why = {0};
    const Sluis__ApiProblem *in = r->problem;
    uint32_t status = r->status ? r->status : in->status;
    problem_told(&why, status_sane(status) && status >= 400 ? (int)status : 502, in->code, in->where,
                 in->detail);
    why.retry_after = in->retry_after;
    finish_problem(f, p, &why);
}

static void finish_text(front *f, pending *p, uint32_t status, const char *type, bytes body,
                        const char *location)
{
    const http_field made[] = {{location && location[0] ? "Location" : NULL, location}, {NULL, NULL}};
    log_answer(f, p, (int)status);
    answer(p->request, (int)status, type, body, made);
    calls_done(f->calls, p);
}

/* A piece of the journal. What can never change may be kept by whoever asked, not by a cache that others
 * share. */
static void finish_blob(front *f, pending *p, const Sluis__ApiBlob *b)
{
    const http_field keep[] = {{"Cache-Control", "private, max-age=31536000, immutable"}, {NULL, NULL}};
    log_answer(f, p, 200);
    answer(p->request, 200, b->text ? "text/plain; charset=utf-8" : "application/octet-stream",
           BYTES(b->data.data, b->data.len), b->immutable ? keep : NULL);
    calls_done(f->calls, p);
}

/* Text that is there, or memory was out. */
static void finish_json(front *f, pending *p, uint32_t status, bytes text, const char *location)
{
    problem why = {0};
    if (text.p) {
        finish_text(f, p, status, JSON_TYPE, text, location);
        return;
    }
    problem_set(&why, 500, "no-memory", "Interne fout", NULL, "geen geheugen");
    finish_problem(f, p, &why);
}

static void finish_document(front *f, pending *p, problem *why)
{
    char policy[DOCUMENT_POLICY_MAX];
    const bool html = document_form_of(p->document) == DOCUMENT_HTML;
    document_policy(policy);
    const http_field fields[] = {{html ? "Content-Security-Policy" : "Content-Disposition",
                                  html ? policy : "attachment; filename=\"dossier.json\""},
                                 {"Vary", "Accept"},
                                 {html ? "Content-Language" : NULL, "nl"},
                                 {NULL, NULL}};
    buffer out;
    buffer_init(&out, f->o.export_bytes);
    if (document_write(p->document, &out)) {
        problem_set(why, 500, error_token(out.err), "Interne fout", NULL, "%s", error_text(out.err));
        finish_problem(f, p, why);
    } else {
        log_answer(f, p, 200);
        answer(p->request, 200, html ? HTML_TYPE : JSON_TYPE, buffer_bytes(&out), fields);
        calls_done(f->calls, p);
    }
    buffer_close(&out);
}

/* A page of a document: the next one is asked for, or all of it goes out. */
static void finish_page(front *f, pending *p, const Sluis__ApiExport *page)
{
    problem why = {0};
    sluis_err e = document_add(p->document, page);
    if (e == SLUIS_TOO_BIG)
        problem_set(
            &why, 422, "too-big", "Het dossier is te groot voor één document", NULL,
            "Het zou meer dan %zu bytes zijn (export_bytes): lees het dossier bladzijde voor bladzijde.",
            f->o.export_bytes);
    else if (e)
        problem_set(&why, 500, error_token(e), "Interne fout", NULL, "%s", error_text(e));
    if (!e && document_whole(p->document)) {
        finish_document(f, p, &why);
        return;
    }
    if (!e && (e = document_ask(p->document, p->parameters)))
        problem_set(&why, 500, error_token(e), "Interne fout", NULL, "%s", error_text(e));
    p->deadline_us = clock_mono_us() + (uint64_t)f->o.call_ms * 1000;
    if (e || !send_call(f, &resources[p->operation], p->number, p->token, p->parameters, NULL, &why))
        finish_problem(f, p, &why);
}

static void finish_reply(front *f, pending *p, const Sluis__ApiReply *r)
{
    const resource *res = &resources[p->operation];
    char location[LOCATION_MAX] = "";
    problem why = {0};
    if (r->result_case == SLUIS__API_REPLY__RESULT_PROBLEM) {
        finish_sluisd_problem(f, p, r);
        return;
    }
    if (r->result_case != res->result || !status_sane(r->status)) {
        problem_set(&why, 502, "antwoord-onbegrepen", "Onverwacht antwoord van de gateway", NULL,
                    "De gateway antwoordde iets anders dan gevraagd; gebruiken beide dezelfde versie?");
        finish_problem(f, p, &why);
        return;
    }
    if (r->result_case == SLUIS__API_REPLY__RESULT_BLOB) {
        finish_blob(f, p, r->blob);
        return;
    }
    if (r->result_case == SLUIS__API_REPLY__RESULT_EXPORT) {
        finish_page(f, p, r->export);
        return;
    }
    if (r->result_case == SLUIS__API_REPLY__RESULT_METRICS) {
        finish_text(f, p, r->status, "text/plain; version=0.0.4; charset=utf-8", bytes_str(r->metrics->text),
                    NULL);
        return;
    }
    buffer_clear(&f->text);
    if (write_reply(&f->text, r)) {
        finish_json(f, p, r->status, f->text.err ? BYTES(NULL, 0) : buffer_bytes(&f->text), NULL);
    } else {
        json_t *o = res->render(r, location);
        char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
        finish_json(f, p, r->status, text ? bytes_str(text) : BYTES(NULL, 0), location);
        free(text);
        json_decref(o);
    }
}

static void take_reply(front *f, bytes frame)
{
    ProtobufCMessage *m = NULL;
    sluis_fail why = {0};
    arena *a = arena_new_sized(REPLY_MAX, 3 * frame.n + 4096); /* most often all of it */
    if (!a || wire_unpack(&m, &sluis__api_reply__descriptor, a, frame, &why)) {
        log_write(LOG_ERROR, "http.reply", "error", why.text, NULL);
    } else {
        const Sluis__ApiReply *r = (const Sluis__ApiReply *)m;
        pending *p = calls_find(f->calls, r->call);
        if (p)
            finish_reply(f, p, r);
        else
            log_write(LOG_WARN, "http.reply.late", NULL);
    }
    arena_free(&a);
}

static void drain(front *f)
{
    sluis_err e;
    while ((e = api_client_recv(f->client, &f->frame)) != SLUIS_NOT_FOUND)
        if (e == SLUIS_OK)
            take_reply(f, buffer_bytes(&f->frame));
        else
            log_write(LOG_ERROR, "http.reply", "error", error_token(e), NULL);
    buffer_close(&f->frame);
    buffer_close(&f->text);
}

static void on_readable(void *ctx)
{
    drain(ctx);
}

static void on_tick(void *ctx)
{
    front *f = ctx;
    pending *p;
    drain(f);
    while ((p = calls_overdue(f->calls, clock_mono_us()))) {
        problem why = {0};
        bool probe = resources[p->operation].probe;
        problem_set(&why, probe ? 503 : 504, probe ? "gateway-afwezig" : "timeout",
                    "De gateway antwoordde niet op tijd", NULL, "%s",
                    probe ? "De gateway antwoordt niet."
                          : "Of het verzoek is uitgevoerd is niet bekend: vraag de toestand op voor u het "
                            "opnieuw stuurt.");
        finish_problem(f, p, &why);
    }
}

/* ---- life --------------------------------------------------------------------------------------------- */

sluis_err front_open(front **out, const front_options *o, sluis_fail *fail)
{
    const char *operations[RESOURCE_COUNT];
    sluis_err e = SLUIS_NOMEM;
    front *f = calloc(1, sizeof *f);
    if (!f)
        return e;
    f->o = *o;
    buffer_init(&f->frame, API_FRAME_MAX);
    buffer_init(&f->text, REPLY_MAX);
    for (size_t i = 0; i < RESOURCE_COUNT; i++)
        operations[i] = resources[i].operation;
    if ((e = routes_new(&f->routes, openapi_text(), operations, RESOURCE_COUNT, fail)))
        goto fail;
    if ((e = calls_new(&f->calls, (size_t)o->max_calls)))
        goto fail;
    if ((e = api_client_open(&f->client, o->gateway, o->max_calls, fail)))
        goto fail;
    if ((e = http_server_open(&f->server, &o->http, on_http, f, fail)))
        goto fail;
    if ((e = http_server_watch(f->server, api_client_fd(f->client), TICK_MS, on_readable, on_tick, f)))
        goto fail;
    *out = f;
    return SLUIS_OK;
fail:
    front_close(&f);
    return e;
}

void front_close(front **at)
{
    front *f = *at;
    if (!f)
        return;
    *at = NULL;
    http_server_close(&f->server);
    api_client_close(&f->client);
    calls_free(&f->calls);
    routes_free(&f->routes);
    buffer_close(&f->frame);
    buffer_close(&f->text);
    free(f);
}

sluis_err front_run(front *f)
{
    return http_server_run(f->server);
}

uint16_t front_port(const front *f)
{
    return http_server_port(f->server);
}
