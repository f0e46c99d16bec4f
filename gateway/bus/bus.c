#include "bus/bus.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/frames.h"
#include "crypto/note.h"
#include "bus/members.h"
#include "bus/rates.h"
#include "bus/sessions.h"
#include "flow/api_out.h"
#include "flow/fatal.h"
#include "session/bus_server.h"
#include "verify/verify.h"

#define TICK_MS    500
#define FETCH_PAGE 64
#define HWM_PEER   4096
#define START_MS   60000
#define MINUTE_MS  60000
#define CHAIN_MAX  32
#define GATHER_EVENTS                                                                                        \
    64 /* what is gathered waits for at most so many events, and for none when the bus would wait */
#define ACKS_BYTES (48u << 10) /* of receipts in one frame; a larger one goes alone */

typedef struct {
    const parts *p;
    bus_server *server;
    channel *in, *verify, *read, *core;
    verifier *own; /* for a message that is alone */
    sessions *sessions;
    rates *rates;        /* of applications */
    token_cache *tokens; /* that the pool has verified */
    directory *dir;
    seal_ring *seals;
    rules *rules;
    members members;
    char origin[ORIGIN_MAX + 1]; /* the journal's, and the entry that opened it */
    uint64_t origin_from;
    buffer frame;
    uint64_t order, generation;
    uint32_t in_flight, fetches;
    uint64_t in_flight_bytes;
    /* gathered: submissions of one party for the pool, and accepted ones whose acks are due */
    job *chain, *chain_end;
    size_t chain_length;
    job *told[ACKS_MAX];
    size_t told_count;
    unsigned gathering; /* events since the first of them */
    uint64_t ticked;
    int nulls;
} bus;

/* ---- admission ---- */

static bool has_room(const bus *b, size_t n)
{
    const settings *s = b->p->settings;
    return b->in_flight < s->in_flight && b->in_flight_bytes + n <= s->in_flight_bytes;
}

static void admit(bus *b, job *j)
{
    b->in_flight++;
    b->in_flight_bytes += j->weight;
    METRIC_SET(b->p->metrics, bus_in_flight, b->in_flight);
}

static void retire(bus *b, job *j)
{
    b->in_flight--;
    b->in_flight_bytes -= j->weight;
    METRIC_SET(b->p->metrics, bus_in_flight, b->in_flight);
    job_free(&j);
}

static void pass(channel *to, job *j)
{
    if (channel_send(to, j))
        fatal("bus.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

/* ---- deliveries ---- */

/* What a party confirms gives it credit again before core has written it down, and core may be slow: counted
 * until core takes it. */
static void pass_upkeep(bus *b, job *j)
{
    METRIC_ADD(b->p->metrics, core_upkeep, 1);
    pass(b->core, j);
}

/* What was sent and is not done counts as an attempt, against the oldest of it. */
static void count_missed(bus *b, const session *s)
{
    job *j = s->outstanding ? job_new(JOB_MISSED, (bytes){NULL, 0}) : NULL;
    if (!j)
        return;
    j->user = s->user;
    j->seq = s->last_sent;
    pass_upkeep(b, j);
}

static void drop_session(bus *b, session *s, const char *why)
{
    log_write(LOG_INFO, "bus.closed", "party", s->user.s, "why", why, NULL);
    count_missed(b, s);
    sessions_drop(b->sessions, s);
    METRIC_SET(b->p->metrics, bus_sessions, sessions_count(b->sessions));
}

/* False when the session is gone or its queue is full: the row stays in the outbox. */
static bool deliver(bus *b, session *s, uint64_t seq, bytes message, bytes receipt)
{
    sluis_err e = frame_deliver(&b->frame, seq, s->generation, message, receipt);
    if (!e)
        e = bus_server_send(b->server, s->route, s->route_len, buffer_bytes(&b->frame));
    if (e == SLUIS_CLOSED) {
        drop_session(b, s, "connection lost");
        return false;
    }
    if (e) {
        s->behind = true;
        return false;
    }
    if (s->outstanding++ == 0)
        s->last_progress = clock_mono_us() / 1000;
    s->last_sent = seq;
    METRIC_ADD(b->p->metrics, bus_delivered, 1);
    return true;
}

/* Asks the read pool for what waits, when there is credit for it and no fetch under way. A party that comes
 * and goes leaves fetches behind: all together they are bounded, too, and so is what core has yet to take of
 * upkeep. The next tick tries again. */
static void fetch_more(bus *b, session *s)
{
    if (!s->behind || s->fetching || s->outstanding >= s->credit || b->nulls ||
        b->fetches >= b->p->settings->max_sessions ||
        METRIC_GET(b->p->metrics, core_upkeep) >= b->p->settings->in_flight)
        return;
    job *j = job_new(JOB_FETCH, (bytes){NULL, 0});
    if (!j)
        return; /* the next tick tries again */
    uint32_t room = s->credit - s->outstanding;
    j->user = s->user;
    j->seq = s->last_sent + 1;
    j->limit = room < FETCH_PAGE ? room : FETCH_PAGE;
    j->order = s->generation;
    s->fetching = true;
    s->missed = false;
    b->fetches++;
    pass(b->read, j);
}

static void take_fetched(bus *b, job *j)
{
    session *s = sessions_find(b->sessions, &j->user);
    b->fetches--;
    if (s && s->generation != j->order) { /* of an older session: this one begins now */
        s->fetching = false;
        fetch_more(b, s);
    } else if (s) {
        s->fetching = false;
        bool stopped = j->why.code != SLUIS_OK, alive = true;
        for (size_t i = 0; alive && !stopped && i < j->row_count; i++) {
            if (j->rows[i].seq <= s->last_sent)
                continue;
            stopped = s->outstanding >= s->credit ||
                      !deliver(b, s, j->rows[i].seq, j->rows[i].envelope, j->rows[i].receipt);
            alive = sessions_find(b->sessions, &j->user) == s && s->generation == j->order;
        }
        if (alive) {
            s->behind = stopped || j->more || s->missed;
            if (!stopped)
                fetch_more(b, s);
        }
    }
    job_free(&j);
}

static void wake(bus *b, session *s)
{
    s->behind = s->missed = true;
    fetch_more(b, s);
}

static void deliver_new(bus *b, const job *j)
{
    for (size_t i = 0; i < j->to_count; i++) {
        session *s = sessions_find(b->sessions, &j->to[i].to);
        if (!s)
            continue;
        if (!s->behind && !s->fetching && s->outstanding < s->credit) {
            deliver(b, s, j->to[i].seq, j->env->raw, buffer_bytes(&j->receipt));
            continue;
        }
        wake(b, s);
    }
}

/* Rows that came into the outbox without a message to show them: fetched. Nobody named: everybody looks. */
static void take_waiting(bus *b, job *j)
{
    uint32_t i = 0;
    session *s;
    for (size_t k = 0; k < j->to_count; k++)
        if ((s = sessions_find(b->sessions, &j->to[k].to)))
            wake(b, s);
    while (!j->to_count && (s = sessions_next(b->sessions, &i)))
        wake(b, s);
    job_free(&j);
}

/* ---- frames from parties ---- */

static void answer(bus *b, const bus_event *ev, sluis_err packed)
{
    if (!packed && bus_server_send(b->server, ev->route, ev->route_len, buffer_bytes(&b->frame)))
        METRIC_ADD(b->p->metrics, bus_refused_frames, 1); /* the peer is gone or does not read */
}

static void refuse(bus *b, const bus_event *ev, sluis_err code, const char *text)
{
    METRIC_ADD(b->p->metrics, bus_refused_frames, 1);
    answer(b, ev, frame_refused(&b->frame, code, text));
}

static bool in_directory(const bus *b, const oin *user, const uint8_t curve_pk[static 32])
{
    const party *p = directory_by_curve(b->dir, curve_pk, clock_ms());
    return p && oin_equal(&p->oin, user);
}

static bool is_suspended(const bus *b, const oin *user)
{
    const party *p = directory_find(b->dir, user);
    return p && p->suspended;
}

static void refuse_suspended(bus *b, const bus_event *ev)
{
    refuse(b, ev, SLUIS_SUSPENDED, error_text(SLUIS_SUSPENDED));
}

/* The directory in force, before any delivery that may need it. */
static void inform(bus *b, session *s)
{
    s->uninformed = members_send(&b->members, b->server, s->route, s->route_len) != SLUIS_OK;
}

/* What the party has of the journal, for the read pool to hold against the store. Bounded like the fetches;
 * who is passed over shows it again at its next hello. */
static void look_at(bus *b, bytes note)
{
    job *j = note.n && note.n <= NOTE_MAX && b->fetches < b->p->settings->max_sessions
                 ? job_new(JOB_SEEN, note)
                 : NULL;
    if (!j)
        return;
    b->fetches++;
    pass(b->read, j);
}

/* The handshake may be long ago: a connection outlives its key, a session does not. */
static void on_hello(bus *b, const bus_event *ev, const Sluis__Hello *h)
{
    const settings *set = b->p->settings;
    if (is_suspended(b, &ev->user)) {
        refuse_suspended(b, ev);
        return;
    }
    if (!in_directory(b, &ev->user, ev->curve_pk)) {
        refuse(b, ev, SLUIS_UNKNOWN_PARTY,
               "the key of this connection is not, or no longer, valid in the directory");
        return;
    }
    if (h->version_min > PROTOCOL_VERSION || h->version_max < PROTOCOL_VERSION) {
        refuse(b, ev, SLUIS_VERSION, "this gateway speaks version 1 of the protocol");
        return;
    }
    uint64_t now = clock_ms();
    b->generation = b->generation + 1 > now ? b->generation + 1 : now; /* grows across restarts, too */
    const session *older = sessions_find(b->sessions, &ev->user);
    if (older)
        count_missed(b, older);
    session *s = sessions_open(b->sessions, &ev->user, b->generation);
    if (!s) {
        refuse(b, ev, SLUIS_FULL, "too many sessions; try again later");
        return;
    }
    memcpy(s->curve_pk, ev->curve_pk, sizeof(s->curve_pk));
    memcpy(s->route, ev->route, ev->route_len);
    s->route_len = ev->route_len;
    s->credit = h->credit < 1 ? 1 : h->credit > set->session_credit ? set->session_credit : h->credit;
    s->behind = true;
    METRIC_SET(b->p->metrics, bus_sessions, sessions_count(b->sessions));
    log_write(LOG_INFO, "bus.hello", "party", ev->user.s, NULL);
    answer(b, ev,
           frame_welcome(&b->frame, s->generation, set->session_credit, set->name, BYTES_OF(b->members.hash),
                         set->max_frame, b->origin, b->origin_from));
    look_at(b, BYTES(h->checkpoint.data, h->checkpoint.len));
    if (!bytes_equal(BYTES(h->directory.data, h->directory.len), BYTES_OF(b->members.hash)))
        inform(b, s);
    fetch_more(b, s);
}

/* An overloaded gateway still names the message it refuses. */
static void nack_full(bus *b, const bus_event *ev, arena *a, bytes raw, const char *text)
{
    ProtobufCMessage *m = NULL;
    sluis_fail why = {0};
    bytes id = {NULL, 0};
    sluis_err e = wire_unpack(&m, &sluis__envelope__descriptor, a, raw, NULL);
    if (!e) {
        Sluis__Envelope *env = (Sluis__Envelope *)m;
        e = wire_unpack(&m, &sluis__header__descriptor, a, BYTES(env->header.data, env->header.len), NULL);
    }
    if (!e) {
        Sluis__Header *h = (Sluis__Header *)m;
        e = wire_unpack(&m, &sluis__core__descriptor, a, BYTES(h->core.data, h->core.len), NULL);
    }
    if (!e)
        id = BYTES(((Sluis__Core *)m)->message_id.data, ((Sluis__Core *)m)->message_id.len);
    fail_set(&why, SLUIS_FULL, "gateway", "%s", text);
    METRIC_ADD(b->p->metrics, bus_refused_frames, 1);
    answer(b, ev, frame_nack(&b->frame, id, &why));
}

/* A refusal is an entry in the journal, for good, and so is the read of a record: a party's nonsense must not
 * fill it. What it says of its keys is checked by core itself. */
static bool refused_too_often(const bus *b, session *s)
{
    uint64_t now = clock_mono_us() / 1000;
    if (now - s->counted_since >= MINUTE_MS) {
        s->counted_since = now;
        s->refused = 0;
    }
    return s->refused >= b->p->settings->refusals_per_minute;
}

/* Messages of one party mostly share a signature, which is checked once when one worker has them all. */
static void pass_chain(bus *b)
{
    if (b->chain && b->in_flight == 1) { /* nothing else is under way: a worker would only have to be woken */
        verifier_judge(b->own, b->chain);
        pass(b->core, b->chain);
    } else if (b->chain) {
        pass(b->verify, b->chain);
    }
    b->chain = NULL;
    b->chain_length = 0;
}

static void chain_up(bus *b, job *j)
{
    if (b->chain_length == CHAIN_MAX || (b->chain && !oin_equal(&b->chain->user, &j->user)))
        pass_chain(b);
    if (b->chain)
        b->chain_end->next = j;
    else
        b->chain = j;
    b->chain_end = j;
    b->chain_length++;
}

static void on_submit(bus *b, const bus_event *ev, session *s, arena *a, const Sluis__Submit *m)
{
    const bytes raw = BYTES(m->envelope.data, m->envelope.len);
    if (s->submitted >= b->p->settings->session_credit) {
        nack_full(b, ev, a, raw, "more outstanding than the welcome's credit");
        return;
    }
    if (refused_too_often(b, s)) {
        nack_full(b, ev, a, raw, "too many were refused: see their reasons, and go on in a minute");
        return;
    }
    if (!has_room(b, raw.n)) {
        nack_full(b, ev, a, raw, "too many messages in flight; send again in a second");
        return;
    }
    job *j = job_new(JOB_SUBMIT, raw);
    if (!j) {
        nack_full(b, ev, a, raw, "out of memory");
        return;
    }
    buffer_add(&j->evidence, m->receipt.data, m->receipt.len);
    if (j->evidence.err) {
        job_free(&j);
        nack_full(b, ev, a, raw, "the receipt beside it is too large, or out of memory");
        return;
    }
    j->received = clock_ms();
    j->user = ev->user;
    memcpy(j->route, ev->route, ev->route_len);
    j->route_len = ev->route_len;
    j->dir = directory_ref(b->dir);
    j->seals = seal_ring_ref(b->seals);
    j->rules = rules_ref(b->rules);
    j->order = ++b->order;
    s->submitted++;
    admit(b, j);
    chain_up(b, j);
}

static void on_receipt_get(bus *b, const bus_event *ev, session *s, const Sluis__ReceiptGet *q)
{
    bool heard = !s->asking && has_room(b, 0) && (q->proof || !refused_too_often(b, s));
    job *j = heard ? job_new(JOB_RECEIPT, (bytes){NULL, 0}) : NULL;
    if (!j) {
        answer(b, ev, frame_receipt_refused(&b->frame, q->index, q->proof, SLUIS_FULL));
        return;
    }
    j->user = ev->user;
    memcpy(j->route, ev->route, ev->route_len);
    j->route_len = ev->route_len;
    j->seq = q->index;
    j->proof = q->proof;
    s->asking = true;
    admit(b, j);
    pass(b->read, j);
}

static void finish_receipt(bus *b, job *j)
{
    session *s = sessions_find(b->sessions, &j->user);
    if (s) {
        s->asking = false;
        s->refused += j->read.record != NULL;
    }
    sluis_err e = frame_receipt(&b->frame, j);
    if (!e)
        e = bus_server_send(b->server, j->route, j->route_len, buffer_bytes(&b->frame));
    if (e) /* it may ask again */
        log_write(LOG_DEBUG, "bus.receipt", "code", error_token(e), NULL);
    retire(b, j);
}

/* raw: the whole frame, which core reads again. */
static void on_renew(bus *b, const bus_event *ev, session *s)
{
    sluis_fail why = {0};
    bool heard = !s->renewing && has_room(b, ev->n) && !refused_too_often(b, s);
    job *j = heard ? job_new(JOB_PARTY, BYTES(ev->data, ev->n)) : NULL;
    if (!j) {
        fail_set(&why, SLUIS_FULL, "gateway", "one renewal at a time; try again in a minute");
        answer(b, ev, frame_renew(&b->frame, &why));
        return;
    }
    j->change = CHANGE_RENEW;
    j->user = j->party = ev->user;
    memcpy(j->route, ev->route, ev->route_len);
    j->route_len = ev->route_len;
    s->renewing = true;
    s->refused++;
    admit(b, j);
    pass(b->core, j);
}

static void finish_renew(bus *b, job *j)
{
    session *s = sessions_find(b->sessions, &j->user);
    if (s)
        s->renewing = false;
    sluis_err e = frame_renew(&b->frame, &j->why);
    if (!e)
        e = bus_server_send(b->server, j->route, j->route_len, buffer_bytes(&b->frame));
    if (e) /* the directory says it, too */
        log_write(LOG_DEBUG, "bus.renew", "code", error_token(e), NULL);
    retire(b, j);
}

static void on_done(bus *b, session *s, const Sluis__Done *d)
{
    if (d->generation != s->generation)
        return; /* of an older session: the rows are delivered and done again */
    job *j = job_new(JOB_DONE, (bytes){NULL, 0});
    if (j && job_arena(j))
        j->seqs = arena_alloc(j->arena, d->n_seqs * sizeof(*j->seqs));
    if (!j || !j->seqs) {
        job_free(&j);
        return; /* they will be redelivered */
    }
    j->user = s->user;
    if (*d->refused)
        fail_set(&j->why, error_parse(d->refused), "done", "refused by its recipient");
    for (size_t i = 0; i < d->n_seqs && s->outstanding; i++) {
        if (d->seqs[i] > s->last_sent)
            continue;
        j->seqs[j->seq_count++] = d->seqs[i];
        s->outstanding--;
    }
    if (!j->seq_count) {
        job_free(&j);
        return;
    }
    s->retries = 0;
    s->last_progress = clock_mono_us() / 1000;
    pass_upkeep(b, j);
    fetch_more(b, s);
}

static void on_frame(bus *b, const bus_event *ev)
{
    METRIC_ADD(b->p->metrics, bus_frames, 1);
    arena *a = arena_new(4 * (ev->n + 4096));
    ProtobufCMessage *m = NULL;
    sluis_fail why = {0};
    sluis_err e =
        a ? wire_unpack(&m, &sluis__frame__descriptor, a, BYTES(ev->data, ev->n), &why) : SLUIS_NOMEM;
    if (e) {
        refuse(b, ev, e, why.text);
        arena_free(&a);
        return;
    }
    const Sluis__Frame *f = (const Sluis__Frame *)m;
    session *s = sessions_find(b->sessions, &ev->user);
    bool live = s && s->route_len == ev->route_len && memcmp(s->route, ev->route, ev->route_len) == 0;
    if (f->f_case == SLUIS__FRAME__F_HELLO)
        on_hello(b, ev, f->hello);
    else if (!live && is_suspended(b, &ev->user))
        refuse_suspended(b, ev);
    else if (!live)
        refuse(b, ev, SLUIS_CLOSED,
               "no session here: say hello (a newer session of this party may have taken over)");
    else if (f->f_case == SLUIS__FRAME__F_SUBMIT)
        on_submit(b, ev, s, a, f->submit);
    else if (f->f_case == SLUIS__FRAME__F_DONE)
        on_done(b, s, f->done);
    else if (f->f_case == SLUIS__FRAME__F_RECEIPT_GET)
        on_receipt_get(b, ev, s, f->receipt_get);
    else if (f->f_case == SLUIS__FRAME__F_RENEW)
        on_renew(b, ev, s);
    else
        refuse(b, ev, SLUIS_INVALID, "a party says hello, submit, done, receipt_get and renew");
    arena_free(&a);
}

/* ---- calls of the HTTP front ---- */

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
    retire(b, j);
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

/* An API job comes by between its stages. */
static void route_call(bus *b, job *j)
{
    if (b->nulls && j->stage != STAGE_REPLY)
        fail_set(&j->why, SLUIS_FULL, "gateway", "stopping; try again in a minute");
    if (j->stage == STAGE_READ && !j->why.code)
        check_rate(b, j);
    if (j->stage == STAGE_READ && !j->why.code) {
        pass(b->read, j);
    } else if (j->stage == STAGE_ENVELOPE && !j->why.code) {
        j->stage = STAGE_CORE;
        j->order = ++b->order;
        pass(b->verify, j);
    } else {
        reply_call(b, j);
    }
}

static void on_call(bus *b, const bus_event *ev)
{
    METRIC_ADD(b->p->metrics, api_calls, 1);
    job *j = has_room(b, ev->n) ? job_new(JOB_API, BYTES(ev->data, ev->n)) : NULL;
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
    admit(b, j);
    if (verify_known_call(b->p, b->tokens, j))
        route_call(b, j);
    else
        pass(b->verify, j);
}

/* ---- results of the other threads ---- */

/* Takes the first that waits for its ack, and what goes to the same party behind it, as far as one frame
 * goes. */
static size_t take_told(bus *b, size_t first, job *same[static ACKS_MAX])
{
    size_t n = 0, size = 0;
    for (size_t i = first; i < b->told_count; i++) {
        job *j = b->told[i];
        if (!j || (n && (j->route_len != same[0]->route_len ||
                         memcmp(j->route, same[0]->route, j->route_len) != 0)))
            continue;
        size += j->receipt.n;
        if (n && size > ACKS_BYTES)
            break;
        same[n++] = j;
        b->told[i] = NULL;
    }
    return n;
}

/* What was committed together is acknowledged together, in one frame a party. */
static void tell_acks(bus *b)
{
    job *same[ACKS_MAX];
    for (size_t first = 0; first < b->told_count; first++) {
        size_t n = take_told(b, first, same);
        if (n == 0)
            continue;
        sluis_err e = frame_acks(&b->frame, same, n);
        if (!e)
            e = bus_server_send(b->server, same[0]->route, same[0]->route_len, buffer_bytes(&b->frame));
        if (e) /* the sender resends after its next welcome and gets the original receipt */
            log_write(LOG_DEBUG, "bus.ack", "code", error_token(e), NULL);
        for (size_t i = 0; i < n; i++)
            retire(b, same[i]);
    }
    b->told_count = 0;
}

static void finish_submission(bus *b, job *j)
{
    session *s = sessions_account(b->sessions, &j->user);
    if (s && s->submitted)
        s->submitted--;
    if (!j->why.code) {
        if (!j->duplicate)
            deliver_new(b, j);
        if (b->told_count == ACKS_MAX)
            tell_acks(b);
        b->told[b->told_count++] = j;
        return;
    }
    if (s)
        s->refused++;
    bytes id = j->env ? BYTES(j->env->core->message_id.data, j->env->core->message_id.len) : (bytes){NULL, 0};
    sluis_err e = frame_nack(&b->frame, id, &j->why);
    if (!e)
        e = bus_server_send(b->server, j->route, j->route_len, buffer_bytes(&b->frame));
    if (e) /* the sender resends after its next welcome */
        log_write(LOG_DEBUG, "bus.nack", "code", error_token(e), NULL);
    retire(b, j);
}

/* The connection stays and is told why nothing comes any more; its session is over. */
static void close_session(bus *b, session *s)
{
    sluis_err code = is_suspended(b, &s->user) ? SLUIS_SUSPENDED : SLUIS_KEY_NOT_VALID;
    if (!frame_refused(&b->frame, code, error_text(code)))
        bus_server_send(b->server, s->route, s->route_len, buffer_bytes(&b->frame));
    drop_session(b, s, error_text(code));
}

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
        pass(b->verify, j);
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
    uint32_t i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));)
        if (!in_directory(b, &s->user, s->curve_pk)) {
            close_session(b, s);
            i--; /* the gap may have been filled by a later entry */
        }
    i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));)
        inform(b, s);
    job_free(&j);
}

static void on_item(bus *b, job *j)
{
    if (!j) {
        if (++b->nulls > 1)
            return;
        pass_chain(b);
        for (uint32_t i = 0; i < b->p->settings->verify_threads; i++)
            pass(b->verify, NULL);
        for (uint32_t i = 0; i < b->p->settings->read_threads; i++)
            pass(b->read, NULL);
        return;
    }
    switch (j->kind) {
    case JOB_SUBMIT:
        finish_submission(b, j);
        break;
    case JOB_API:
        if (j->stage == STAGE_READ && !j->why.code && *j->claims.app)
            token_cache_keep(b->tokens, j->call->token, &j->claims);
        route_call(b, j);
        break;
    case JOB_FETCH:
        take_fetched(b, j);
        break;
    case JOB_WAITING:
        take_waiting(b, j);
        break;
    case JOB_RECEIPT:
        finish_receipt(b, j);
        break;
    case JOB_SEEN:
        b->fetches--;
        job_free(&j);
        break;
    case JOB_PARTY:
        finish_renew(b, j);
        break;
    default:
        take_directory(b, j);
    }
}

/* Each time that nothing moves, the next is twice as far off, to 16 times: a party that is full for hours,
 * with a person to release what it holds, does not use up its attempts. */
static uint64_t redeliver_after(const bus *b, const session *s)
{
    return (uint64_t)b->p->settings->redeliver_ms << (s->retries < 4 ? s->retries : 4);
}

/* Late deliveries are sent again from the outbox; what found a full queue gets another try. */
static void tick(bus *b)
{
    uint64_t now = clock_mono_us() / 1000;
    if (now - b->ticked < TICK_MS)
        return;
    b->ticked = now;
    uint32_t i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));) {
        if (s->outstanding && !s->fetching && now - s->last_progress > redeliver_after(b, s)) {
            METRIC_ADD(b->p->metrics, bus_redelivered, s->outstanding);
            count_missed(b, s);
            s->retries++;
            s->outstanding = 0;
            s->last_sent = 0;
            s->behind = true;
        }
        if (s->uninformed)
            inform(b, s);
        fetch_more(b, s);
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

/* Nobody is let in before the directory is known and every worker is at its channel. */
static sluis_err wait_for_house(bus *b)
{
    uint32_t missing = b->p->settings->verify_threads + b->p->settings->read_threads;
    void *item = NULL;
    sluis_err e = SLUIS_OK;
    while (!e && (missing || !b->dir)) {
        e = channel_recv(b->in, START_MS, &item);
        job *j = item;
        if (!e && !j)
            e = SLUIS_CLOSED;
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
        e = token_cache_new(&b->tokens);
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
    if (!e)
        e = wait_for_house(b);
    if (!e)
        e = bus_server_open(&b->server, p->hub, &o, may_connect, b, f);
    if (!e)
        e = bus_server_watch(b->server, b->in);
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
    if (e) {
        log_write(LOG_ERROR, "bus.start", "where", f.where, "text", f.text, NULL);
        fatal("bus.start", e, "the bus cannot be opened");
    }
    log_write(LOG_INFO, "sluisd.ready", "bus", bus_server_endpoint(b.server), NULL);
    while (b.nulls < 2) {
        e = bus_server_next(b.server, b.chain || b.told_count ? 0 : TICK_MS, &ev);
        if (e)
            fatal("bus.poll", e, "the sockets are broken");
        if (ev.kind == BUS_FRAME && !b.nulls)
            on_frame(&b, &ev);
        else if (ev.kind == BUS_API_FRAME && !b.nulls)
            on_call(&b, &ev);
        else if (ev.kind == BUS_CHANNEL)
            on_item(&b, ev.item);
        if (ev.kind == BUS_NONE || ++b.gathering >= GATHER_EVENTS) {
            pass_chain(&b);
            tell_acks(&b);
            b.gathering = 0;
        }
        tick(&b);
    }
    for (void *item;
         channel_recv(b.in, 0, &item) == SLUIS_OK;) /* everyone else has ended: the last answers */
        on_item(&b, item);
    tell_acks(&b);
    bus_close(&b);
    return NULL;
}
