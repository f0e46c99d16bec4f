#include "bus/deliver.h"

#include "base/clock.h"
#include "base/log.h"

#define FETCH_PAGE 64

void deliver_upkeep(bus *b, job *j)
{
    METRIC_ADD(b->p->metrics, core_upkeep, 1);
    bus_pass(b->core, j);
}

void deliver_missed(bus *b, const session *s)
{
    job *j = s->outstanding ? job_new(JOB_MISSED, (bytes){NULL, 0}) : NULL;
    if (!j)
        return;
    j->user = s->user;
    j->seq = s->last_sent;
    deliver_upkeep(b, j);
}

void deliver_drop(bus *b, session *s, const char *why)
{
    log_write(LOG_INFO, "bus.closed", "party", s->user.s, "why", why, NULL);
    deliver_missed(b, s);
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
        deliver_drop(b, s, "connection lost");
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

/* A party that comes and goes leaves fetches behind: all together they are bounded, too, and so is what core
 * has yet to take of upkeep. The next deliver_late tries again. */
void deliver_more(bus *b, session *s)
{
    if (!s->behind || s->fetching || s->outstanding >= s->credit || b->nulls ||
        b->fetches >= b->p->settings->max_sessions ||
        METRIC_GET(b->p->metrics, core_upkeep) >= b->p->settings->in_flight)
        return;
    job *j = job_new(JOB_FETCH, (bytes){NULL, 0});
    if (!j)
        return; /* deliver_late tries again */
    uint32_t room = s->credit - s->outstanding;
    j->user = s->user;
    j->seq = s->last_sent + 1;
    j->limit = room < FETCH_PAGE ? room : FETCH_PAGE;
    j->order = s->generation;
    s->fetching = true;
    s->missed = false;
    b->fetches++;
    bus_pass(b->read, j);
}

void deliver_fetched(bus *b, job *j)
{
    session *s = sessions_find(b->sessions, &j->user);
    b->fetches--;
    if (s && s->generation != j->order) { /* of an older session: this one begins now */
        s->fetching = false;
        deliver_more(b, s);
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
                deliver_more(b, s);
        }
    }
    job_free(&j);
}

static void wake(bus *b, session *s)
{
    s->behind = s->missed = true;
    deliver_more(b, s);
}

void deliver_new(bus *b, const job *j)
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

void deliver_waiting(bus *b, job *j)
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

void deliver_directory(bus *b, session *s)
{
    s->uninformed = members_send(&b->members, b->server, s->route, s->route_len) != SLUIS_OK;
}

/* Each time that nothing moves, the next is twice as far off, to 16 times: a party that is full for hours,
 * with a person to release what it holds, does not use up its attempts. */
static uint64_t redeliver_after(const bus *b, const session *s)
{
    return (uint64_t)b->p->settings->redeliver_ms << (s->retries < 4 ? s->retries : 4);
}

void deliver_late(bus *b)
{
    uint64_t now = clock_mono_us() / 1000;
    if (now - b->ticked < TICK_MS)
        return;
    b->ticked = now;
    uint32_t i = 0;
    for (session *s; (s = sessions_next(b->sessions, &i));) {
        if (s->outstanding && !s->fetching && now - s->last_progress > redeliver_after(b, s)) {
            METRIC_ADD(b->p->metrics, bus_redelivered, s->outstanding);
            deliver_missed(b, s);
            s->retries++;
            s->outstanding = 0;
            s->last_sent = 0;
            s->behind = true;
        }
        if (s->uninformed)
            deliver_directory(b, s);
        deliver_more(b, s);
    }
}
