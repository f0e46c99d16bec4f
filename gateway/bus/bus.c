#include "bus/bus.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/call.h"
#include "bus/deliver.h"
#include "bus/peer.h"
#include "bus/thread.h"
#include "flow/fatal.h"

#define HWM_PEER 4096
#define START_MS 60000
#define GATHER_EVENTS                                                                                        \
    64 /* what is gathered waits for at most so many events, and for none when the bus would wait */

/* A sealing key that is destroyed is nowhere any more, also where no message comes by: each worker is told,
 * for the channel gives to each in turn. */
static void take_seals(bus *b, seal_ring *seals)
{
    bool workers_know = !b->seals || b->seals == seals || b->nulls;
    seal_ring_unref(&b->seals);
    b->seals = seal_ring_ref(seals);
    verifier_follow(b->own, seals);
    for (uint32_t i = 0; !workers_know && i < b->p->settings->verify_threads; i++) {
        job *j = job_new(JOB_SEALS, (bytes){NULL, 0});
        if (!j)
            return; /* each still looks with its next message */
        j->seals = seal_ring_ref(seals);
        bus_pass(b->verify, j);
    }
}

static void take_directory(bus *b, job *j)
{
    directory_unref(&b->dir);
    b->dir = directory_ref(j->dir);
    take_seals(b, j->seals);
    rules_unref(&b->rules);
    b->rules = rules_ref(j->rules);
    snprintf(b->origin, sizeof(b->origin), "%s", j->log_origin ? j->log_origin : "");
    b->origin_from = j->log_from;
    sluis_err e = members_set(&b->members, buffer_bytes(&j->snapshot), b->p->settings->max_frame);
    if (e)
        fatal("bus.directory", e, "parties cannot be told the directory in force");
    peer_review(b);
    job_free(&j);
}

static void on_item(bus *b, job *j)
{
    if (!j) {
        if (++b->nulls > 1)
            return;
        peer_pass_chain(b);
        for (uint32_t i = 0; i < b->p->settings->verify_threads; i++)
            bus_pass(b->verify, NULL);
        for (uint32_t i = 0; i < b->p->settings->read_threads; i++)
            bus_pass(b->read, NULL);
        return;
    }
    switch (j->kind) {
    case JOB_SUBMIT:
        peer_submitted(b, j);
        break;
    case JOB_API:
        if (j->stage == STAGE_READ && !j->why.code && *j->claims.app)
            token_cache_keep(b->tokens, j->call->token, &j->claims, j->received);
        call_route(b, j);
        break;
    case JOB_FETCH:
        deliver_fetched(b, j);
        break;
    case JOB_WAITING:
        deliver_waiting(b, j);
        break;
    case JOB_RECEIPT:
        peer_receipt(b, j);
        break;
    case JOB_SEEN:
        b->fetches--;
        job_free(&j);
        break;
    case JOB_PARTY:
        peer_renewed(b, j);
        break;
    default:
        take_directory(b, j);
    }
}

static bool may_connect(void *ctx, const uint8_t curve_pk[static 32], oin *out)
{
    const bus *b = ctx;
    const party *p = b->dir ? directory_by_curve(b->dir, curve_pk, clock_ms()) : NULL;
    if (p)
        *out = p->oin;
    return p != NULL;
}

/* Nobody is let in before the directory is known and every worker is at its channel: told to stop meanwhile,
 * the bus waits for them, too, for they end by what it sends them. */
static sluis_err wait_for_house(bus *b, bool *stop)
{
    uint32_t missing = b->p->settings->verify_threads + b->p->settings->read_threads;
    void *item = NULL;
    sluis_err e = SLUIS_OK;
    *stop = false;
    while (!e && (missing || !b->dir)) {
        e = channel_recv(b->in, START_MS, &item);
        job *j = item;
        if (!e && !j)
            *stop = true;
        else if (!e && j->kind == JOB_DIRECTORY)
            take_directory(b, j);
        else if (!e) {
            missing--;
            job_free(&j);
        }
    }
    return e;
}

static sluis_err bus_open(bus *b, const parts *p, sluis_fail *f)
{
    const settings *s = p->settings;
    int capacity = parts_channel_capacity(p);
    bus_options o = {.endpoint = s->bus_endpoint,
                     .ipc_endpoint = s->api_endpoint,
                     .curve = &p->curve,
                     .max_frame = s->max_frame,
                     .hwm = HWM_PEER,
                     .max_sockets = 256,
                     .heartbeat_ms = 5000,
                     .handshake_ms = 5000};
    memset(b, 0, sizeof(*b));
    b->p = p;
    buffer_init(&b->frame, 17u << 20);
    sluis_err e = sessions_new(&b->sessions, s->max_sessions);
    if (!e)
        e = rates_new(&b->rates, s->calls_per_minute);
    if (!e)
        e = rates_new(&b->strangers, s->bad_tokens_per_minute);
    if (!e)
        e = token_cache_new(&b->tokens, s->jwks);
    if (!e)
        e = channel_open(&b->in, p->hub, CHANNEL_BUS, CHANNEL_RECV_BIND, capacity);
    if (!e)
        e = channel_open(&b->verify, p->hub, CHANNEL_VERIFY, CHANNEL_SEND_BIND, capacity);
    if (!e)
        e = channel_open(&b->read, p->hub, CHANNEL_READ, CHANNEL_SEND_BIND, capacity);
    if (!e)
        e = channel_open(&b->core, p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = verifier_new(&b->own, p);
    bool stop = false;
    if (!e)
        e = wait_for_house(b, &stop);
    if (!e)
        e = bus_server_open(&b->server, p->hub, &o, may_connect, b, f);
    if (!e)
        e = bus_server_watch(b->server, b->in);
    if (!e && stop)
        on_item(b, NULL);
    return e;
}

static void bus_close(bus *b)
{
    bus_server_close(&b->server);
    channel_close(&b->in);
    channel_close(&b->verify);
    channel_close(&b->read);
    channel_close(&b->core);
    verifier_free(&b->own);
    sessions_free(&b->sessions);
    rates_free(&b->rates);
    rates_free(&b->strangers);
    token_cache_free(&b->tokens);
    directory_unref(&b->dir);
    seal_ring_unref(&b->seals);
    rules_unref(&b->rules);
    members_close(&b->members);
    buffer_close(&b->frame);
}

void *bus_run(void *arg)
{
    bus b;
    sluis_fail f = {0};
    bus_event ev;
    sluis_err e = bus_open(&b, arg, &f);
    if (e)
        cannot_start("bus.start", e, &f);
    log_write(LOG_INFO, "sluisd.ready", "bus", bus_server_endpoint(b.server), NULL);
    while (b.nulls < 2) {
        e = bus_server_next(b.server, b.chain || b.told_count ? 0 : TICK_MS, &ev);
        if (e)
            fatal("bus.poll", e, "the sockets are broken");
        if (ev.kind == BUS_FRAME && !b.nulls)
            peer_frame(&b, &ev);
        else if (ev.kind == BUS_API_FRAME && !b.nulls)
            call_frame(&b, &ev);
        else if (ev.kind == BUS_CHANNEL)
            on_item(&b, ev.item);
        if (ev.kind == BUS_NONE || ++b.gathering >= GATHER_EVENTS) {
            peer_pass_chain(&b);
            peer_tell_acks(&b);
            b.gathering = 0;
            METRIC_SET(b.p->metrics, bus_turned_away, bus_server_refused(b.server));
        }
        deliver_late(&b);
    }
    for (void *item;
         channel_recv(b.in, 0, &item) == SLUIS_OK;) /* everyone else has ended: the last answers */
        on_item(&b, item);
    peer_tell_acks(&b);
    bus_close(&b);
    return NULL;
}
