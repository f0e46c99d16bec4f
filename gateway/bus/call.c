#include "bus/call.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/deliver.h"
#include "flow/api_out.h"

static void refuse_call(bus *b, const bus_event *ev)
{
    ProtobufCMessage *m = NULL;
    sluis_fail why = {0};
    arena *a = arena_new(4 * (ev->n + 4096));
    sluis_err e =
        a ? wire_unpack(&m, &sluis__api_call__descriptor, a, BYTES(ev->data, ev->n), NULL) : SLUIS_NOMEM;
    fail_set(&why, SLUIS_FULL, "gateway", "too much in flight; try again in a second");
    buffer_clear(&b->frame);
    if (!e)
        e = api_out_problem(&b->frame, ((Sluis__ApiCall *)m)->call, &why);
    if (!e)
        e = bus_server_send_api(b->server, ev->route, ev->route_len, buffer_bytes(&b->frame));
    if (e)
        log_write(LOG_WARN, "bus.api", "code", error_token(e), NULL);
    arena_free(&a);
}

static void reply_call(bus *b, job *j)
{
    sluis_err e = SLUIS_OK;
    if (j->call && !j->reply.n)
        e = api_out_later(&j->reply, j->call->call, &j->why, j->retry_after);
    if (!e && j->reply.n)
        e = bus_server_send_api(b->server, j->route, j->route_len, buffer_bytes(&j->reply));
    if (e || !j->reply.n)
        log_write(LOG_WARN, "bus.api", "code", error_token(e ? e : j->why.code), NULL);
    if (!j->why.code && j->env)
        deliver_new(b, j);
    flight_end(b, j);
}

/* A token that was verified: whose it is, calls so often and no more. Health, metrics and the
 * journal's readers act for no application, and what they read is no entry. */
static void check_rate(bus *b, job *j)
{
    uint32_t wait = *j->claims.app ? rates_take(b->rates, &j->claims.oin, j->claims.app, clock_mono_us()) : 0;
    if (!wait)
        return;
    METRIC_ADD(b->p->metrics, api_limited, 1);
    j->retry_after = wait;
    fail_set(&j->why, SLUIS_TOO_MANY, "gateway",
             "deze toepassing roept vaker aan dan %u keer in een minuut; over %u s weer",
             b->p->settings->calls_per_minute, wait);
}

/* A token that was not good: to look at it has cost a signature, and nothing says whose calls these are. */
static void count_stranger(bus *b, const job *j)
{
    if (j->why.code == SLUIS_UNAUTHENTICATED || j->why.code == SLUIS_FORBIDDEN || j->why.code == SLUIS_MODE)
        rates_take(b->strangers, &b->p->settings->oin, "", clock_mono_us());
}

/* After many of them only a token that was good before is taken. */
static bool check_stranger(bus *b, job *j)
{
    uint32_t wait =
        verify_bears_token(j) ? rates_wait(b->strangers, &b->p->settings->oin, "", clock_mono_us()) : 0;
    if (!wait)
        return true;
    METRIC_ADD(b->p->metrics, api_limited, 1);
    j->retry_after = wait;
    fail_set(
        &j->why, SLUIS_TOO_MANY, "gateway",
        "er komen te veel tokens die niet geldig zijn: een token dat de gateway nog niet kent, neemt zij "
        "over %u s weer aan",
        wait);
    return false;
}

void call_route(bus *b, job *j)
{
    if (j->stage == STAGE_READ)
        count_stranger(b, j);
    if (b->nulls && j->stage != STAGE_REPLY)
        fail_set(&j->why, SLUIS_FULL, "gateway", "stopping; try again in a minute");
    if (j->stage == STAGE_READ && !j->why.code)
        check_rate(b, j);
    if (j->stage == STAGE_READ && !j->why.code) {
        bus_pass(b->read, j);
    } else if (j->stage == STAGE_ENVELOPE && !j->why.code) {
        j->stage = STAGE_CORE;
        j->order = ++b->order;
        bus_pass(b->verify, j);
    } else {
        reply_call(b, j);
    }
}

void call_frame(bus *b, const bus_event *ev)
{
    METRIC_ADD(b->p->metrics, api_calls, 1);
    job *j = flight_has_room(b, ev->n) ? job_new(JOB_API, BYTES(ev->data, ev->n)) : NULL;
    if (!j) {
        refuse_call(b, ev);
        return;
    }
    j->stage = STAGE_TOKEN;
    j->received = clock_ms();
    j->user = b->p->settings->oin;
    memcpy(j->route, ev->route, ev->route_len);
    j->route_len = ev->route_len;
    j->dir = directory_ref(b->dir);
    j->seals = seal_ring_ref(b->seals);
    j->rules = rules_ref(b->rules);
    flight_begin(b, j);
    token_cache_follow(b->tokens, j->received);
    if (verify_known_call(b->p, b->tokens, j))
        call_route(b, j);
    else if (check_stranger(b, j))
        bus_pass(b->verify, j);
    else
        reply_call(b, j);
}
