#include "bus/peer.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/deliver.h"

#define MINUTE_MS  60000
#define CHAIN_MAX  32
#define ACKS_BYTES (48u << 10) /* of receipts in one frame; a larger one goes alone */

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
    bus_pass(b->read, j);
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
        deliver_missed(b, older);
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
        deliver_directory(b, s);
    deliver_more(b, s);
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
void peer_pass_chain(bus *b)
{
    uint32_t under_way = b->in_flight - (uint32_t)b->told_count; /* what is told is over, but for its ack */
    if (b->chain && under_way == 1) { /* this one alone: a worker would only have to be woken */
        verifier_judge(b->own, b->chain);
        bus_pass(b->core, b->chain);
    } else if (b->chain) {
        bus_pass(b->verify, b->chain);
    }
    b->chain = NULL;
    b->chain_length = 0;
}

static void chain_up(bus *b, job *j)
{
    if (b->chain_length == CHAIN_MAX || (b->chain && !oin_equal(&b->chain->user, &j->user)))
        peer_pass_chain(b);
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
    if (!flight_has_room(b, raw.n)) {
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
    flight_begin(b, j);
    chain_up(b, j);
}

static void on_receipt_get(bus *b, const bus_event *ev, session *s, const Sluis__ReceiptGet *q)
{
    bool heard = !s->asking && flight_has_room(b, 0) && (q->proof || !refused_too_often(b, s));
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
    flight_begin(b, j);
    bus_pass(b->read, j);
}

void peer_receipt(bus *b, job *j)
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
    flight_end(b, j);
}

/* raw: the whole frame, which core reads again. */
static void on_renew(bus *b, const bus_event *ev, session *s)
{
    sluis_fail why = {0};
    bool heard = !s->renewing && flight_has_room(b, ev->n) && !refused_too_often(b, s);
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
    flight_begin(b, j);
    bus_pass(b->core, j);
}

void peer_renewed(bus *b, job *j)
{
    session *s = sessions_find(b->sessions, &j->user);
    if (s)
        s->renewing = false;
    sluis_err e = frame_renew(&b->frame, &j->why);
    if (!e)
        e = bus_server_send(b->server, j->route, j->route_len, buffer_bytes(&b->frame));
    if (e) /* the directory says it, too */
        log_write(LOG_DEBUG, "bus.renew", "code", error_token(e), NULL);
    flight_end(b, j);
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
    deliver_upkeep(b, j);
    deliver_more(b, s);
}

void peer_frame(bus *b, const bus_event *ev)
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

void peer_tell_acks(bus *b)
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
            flight_end(b, same[i]);
    }
    b->told_count = 0;
}

void peer_submitted(bus *b, job *j)
{
    session *s = sessions_account(b->sessions, &j->user);
    if (s && s->submitted)
        s->submitted--;
    if (!j->why.code) {
        if (!j->duplicate)
            deliver_new(b, j);
        if (b->told_count == ACKS_MAX)
            peer_tell_acks(b);
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
    flight_end(b, j);
}

/* The connection stays and is told why nothing comes any more; its session is over. */
static void close_session(bus *b, session *s)
{
    sluis_err code = is_suspended(b, &s->user) ? SLUIS_SUSPENDED : SLUIS_KEY_NOT_VALID;
    if (!frame_refused(&b->frame, code, error_text(code)))
        bus_server_send(b->server, s->route, s->route_len, buffer_bytes(&b->frame));
    deliver_drop(b, s, error_text(code));
}

void peer_review(bus *b)
{
    uint32_t i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));)
        if (!in_directory(b, &s->user, s->curve_pk)) {
            close_session(b, s);
            i--; /* the gap may have been filled by a later entry */
        }
    i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));)
        deliver_directory(b, s);
}
