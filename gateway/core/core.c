#include "core/core.h"

#include "core/apply.h"
#include "core/clearing.h"
#include "core/clock_guard.h"
#include "core/cooperation.h"
#include "core/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cases/links.h"
#include "flow/api_out.h"
#include "core/handlers.h"
#include "core/merge.h"
#include "core/restore.h"
#include "core/retention.h"
#include "core/terms.h"
#include "flow/fatal.h"
#include "parties/parties.h"
#include "registry/intents.h"

#define IDLE_MS        1000  /* housekeeping at least this often */
#define LAZY_MS        50    /* how long a done may wait for a message to be committed with */
#define CALLS_MS       1     /* how long a call may wait for others on their way */
#define EXPIRE_STEP    16384 /* items a turn, as far as its time goes (due.h) */
#define FORGET_STEP    512   /* entries a turn */
#define CLEAR_US       2000 /* of clearing away, of looking for what is over and of moving dossiers, a turn */
#define RESTLESS_MS    20   /* between two such turns while nobody asks for anything */
#define SNAPSHOT_MS    (6 * 3600 * 1000)
#define PUT_OFF_MAX    16 /* failed items of due.h that one turn of housekeeping gets past */
#define CORE_ARENA_MAX (64u << 20)

typedef struct {
    job *job;
    journal_entry entry;
    bool has_entry;
    bool refused_before; /* by the verify or read pool, or by the turn that was undone for it */
    bool halfway;        /* apply.h: refused by the last turn, which was undone for it */
    size_t answered;     /* bytes of the answer that the read pool assembled */
    uint64_t duplicate_of;
} slot;

typedef struct {
    const parts *p;
    channel *in, *bus, *control;
    journal *journal;
    epoch *epoch;
    directory *dir;
    seal_ring *seals;
    rules *rules;
    slot *batch;
    size_t count;
    job **ring; /* submissions that came before their turn, by order modulo ring_size */
    size_t ring_size;
    uint64_t next_order;
    sequences last;
    uint64_t housekept, snapshot_made;
    retention retention;
    clearing clearing;
    terms terms;
    due_failed failed; /* by the last housekeeping: the next turn of it puts that off, and does no more */
    bool more_upkeep;  /* there is more to delete or move: an idle gateway goes on at once */
    registry_places places; /* as the log said last */
    cooperation *cooperation;
    uint64_t lazy_since; /* monotonic us: the oldest done that waits for company; 0 = none */
    bool stopping;
} core;

/* ---- one job ---- */

/* An error that the next try meets again: no want of memory or space. */
static bool is_lasting(sluis_err e)
{
    return e != SLUIS_NOMEM && e != SLUIS_IO && e != SLUIS_NO_SPACE;
}

/* Work that frees more than it writes and that nobody waits for. */
static bool is_upkeep(const job *j)
{
    return j->kind == JOB_DONE || j->kind == JOB_MISSED;
}

/* What goes on when intake has stopped: answers to what was taken in before, what ends something, and what
 * the operator does. A read is an entry, too, and bounded by nothing that had room: it waits, or reads would
 * eat the reserve. */
static bool may_use_reserve(const job *j)
{
    if (j->kind == JOB_PARTY)
        return j->change != CHANGE_RENEW && j->change != CHANGE_IMPORT;
    if (j->env)
        return j->env->core->kind == SLUIS__KIND__RESPONSE;
    if (j->kind == JOB_RECEIPT)
        return j->route_len == 0; /* an operator's */
    return !j->call ||
           j->call->op_case == SLUIS__API_CALL__OP_LOG_COSIGN; /* a witness's line takes another's place */
}

/* ---- one turn ---- */

static void send_or_die(channel *to, job *j)
{
    if (channel_send(to, j))
        fatal("core.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

static void forget_outcome(slot *s)
{
    s->job->to_count = 0;
    s->job->duplicate = false;
    s->job->reply.n = s->answered;
    s->job->reply.err = SLUIS_OK;
    if (!s->refused_before)
        fail_clear(&s->job->why);
    s->has_entry = false;
}

/* Receipts are made between commit and the journal's letting go of its entries. */
static void make_receipts(core *c, slot *slots, size_t n)
{
    store_txn *snap = NULL;
    for (size_t i = 0; i < n; i++) {
        job *j = slots[i].job;
        sluis_err e = SLUIS_OK;
        if (j->duplicate) {
            if (!snap)
                e = store_begin_read(c->p->store, &snap);
            if (!e)
                e = journal_receipt_at(snap, c->p->slots, NULL, slots[i].duplicate_of, &j->receipt);
        } else if (slots[i].has_entry && j->env && !j->why.code) {
            e = journal_receipt(c->journal, &slots[i].entry, &j->receipt);
        }
        if (e) /* the message stands; only its proof must be fetched later */
            log_write(LOG_WARN, "core.receipt", "code", error_token(e), NULL);
    }
    store_abort(&snap);
}

static sluis_err finish_turn(core *c, turn *t)
{
    sluis_err e = turn_finish(t);
    if (!e)
        e = journal_seal(c->journal, t->t);
    if (!e)
        e = keyslots_sync(c->p->slots);
    sluis_err committed = e ? e : store_commit(&t->t);
    store_abort(&t->t);
    return committed;
}

static const keypair *newest_log(const parts *p)
{
    return p->log_next.sk ? &p->log_next : &p->log;
}

static log_keys log_keys_of(const parts *p)
{
    return (log_keys){.log = &p->log, .next = p->log_next.sk ? &p->log_next : NULL, .known = p->log_keys};
}

static void count_expiry(core *c, uint64_t now)
{
    uint64_t ours, theirs, agreed, log = newest_log(c->p)->created + OWN_KEY_MS;
    delegated word;
    parties_expire(c->dir, &c->p->settings->oin, now, &ours, &theirs, &agreed);
    if (!delegation_read(&word, buffer_bytes(&c->p->delegation), NULL) && word.until < ours)
        ours = word.until;
    ours = log < ours ? log : ours;
    METRIC_SET(c->p->metrics, own_keys_expire_seconds, ours / 1000);
    METRIC_SET(c->p->metrics, party_keys_expire_seconds, theirs == UINT64_MAX ? 0 : theirs / 1000);
    METRIC_SET(c->p->metrics, party_agreements_end_seconds, agreed == UINT64_MAX ? 0 : agreed / 1000);
}

/* A new directory, or an old one whose signature must be fresh, for the bus and every session. */
static void publish_directory(core *c)
{
    uint64_t now = clock_ms();
    job *j = job_new(JOB_DIRECTORY, (bytes){NULL, 0});
    sluis_err e = j ? snapshot_make(&j->snapshot, c->dir, buffer_bytes(&c->p->delegation), &c->p->directory,
                                    c->p->settings->name, &c->p->log_keys, now)
                    : SLUIS_NOMEM;
    if (e) {
        log_write(LOG_ERROR, "core.directory", "code", error_token(e), NULL);
        job_free(&j);
        c->snapshot_made = 0; /* again after the next batch */
        return;
    }
    j->dir = directory_ref(c->dir);
    j->seals = seal_ring_ref(c->seals);
    j->rules = rules_ref(c->rules);
    j->log_origin = job_arena(j) ? arena_strdup(j->arena, journal_origin(c->journal, &j->log_from)) : NULL;
    c->snapshot_made = now;
    count_expiry(c, now);
    send_or_die(c->bus, j);
}

/* Health and the log say when intake stops and when it goes on. */
static void note_full(core *c, bool full)
{
    if ((METRIC_GET(c->p->metrics, store_full) != 0) == full)
        return;
    METRIC_SET(c->p->metrics, store_full, full);
    log_write(full ? LOG_ERROR : LOG_INFO, full ? "core.full" : "core.room", "code",
              error_token(full ? SLUIS_NO_SPACE : SLUIS_OK), "text",
              full ? "nothing new is taken in: make room on the disk of data, or raise limits.quota_bytes"
                   : "there is space again",
              NULL);
}

/* Metrics and the log say how the key file fills, long before a person is refused. */
static void note_places(core *c)
{
    static const struct {
        log_level level;
        const char *text;
    } said[] = {
        [ROOM_ENOUGH] = {LOG_INFO, "there is room again for new persons"},
        [ROOM_LITTLE] = {LOG_WARN,
                         "half of the key file is in use: at 11/16 no new person can be registered; "
                         "raise limits.key_slots and restart before that"},
        [ROOM_NONE] = {LOG_ERROR, "no new person can be registered: raise limits.key_slots and restart"},
    };
    uint64_t live, erased, slots;
    registry_places now = registry_room(c->p->registry);
    keyslots_usage(c->p->slots, &live, &erased, &slots);
    METRIC_SET(c->p->metrics, key_slots, slots);
    METRIC_SET(c->p->metrics, key_slots_used, live + erased);
    if (now != c->places)
        log_write(said[now].level, "core.key-slots", "text", said[now].text, NULL);
    c->places = now;
}

/* Parties for whom the turn queued what no job of theirs tells the bus; nobody named: more than could be. */
static void tell_news(core *c, const turn *t)
{
    if (!t->news_count)
        return;
    job *j = job_new(JOB_WAITING, (bytes){NULL, 0});
    for (size_t i = 0; j && t->news_count <= TURN_NEWS && i < t->news_count; i++)
        j->to[j->to_count++] = (delivery){t->news[i], 0};
    if (j)
        send_or_die(c->bus, j);
    else /* it goes with what is next delivered to them */
        log_write(LOG_WARN, "core.news", "code", error_token(SLUIS_NOMEM), NULL);
}

/* The bus knows before anything of this turn goes out. */
static void take_new(core *c, turn *t)
{
    if (t->new_dir) {
        directory_unref(&c->dir);
        c->dir = t->new_dir;
    }
    if (t->new_seals) {
        seal_ring_unref(&c->seals);
        c->seals = t->new_seals;
    }
    if (t->new_rules) {
        rules_unref(&c->rules);
        c->rules = t->new_rules;
    }
    if (t->new_dir || t->new_seals || t->new_rules)
        publish_directory(c);
}

/* What is over, as far as the clock can be believed, and what is left of who was forgotten: a bounded step of
 * each. */
static sluis_err delete_some(turn *t, retention *days, terms *files, clearing *gone, bool *more)
{
    bool held = false, more_files = false, more_gone = false;
    sluis_err e = clock_guard(t, &held);
    if (!e && !held)
        e = retention_step(days, t, FORGET_STEP);
    if (!e && !held)
        e = terms_step(files, t, CLEAR_US, &more_files);
    if (!e)
        e = clearing_step(gone, t, CLEAR_US, &more_gone);
    *more = more_files || more_gone;
    return e;
}

static sluis_err run_turn(core *c, slot *slots, size_t n, bool reserved, bool housekeeping)
{
    turn t = {.p = c->p,
              .journal = c->journal,
              .reserved = reserved,
              .dir = c->dir,
              .seals = c->seals,
              .rules = c->rules,
              .epoch = c->epoch,
              .cooperation = c->cooperation,
              .now = clock_ms(),
              .last = c->last};
    retention kept = c->retention;
    clearing cleared = c->clearing;
    terms ended = c->terms;
    bool more = false, moving = false;
    const bool put_off = housekeeping && c->failed.set;
    housekeeping = housekeeping && !put_off;
    sluis_err e = store_begin_write(c->p->store, &t.t, reserved);
    t.arena = arena_new(CORE_ARENA_MAX);
    for (size_t i = 0; i < n; i++) {
        slots[i].refused_before = slots[i].job->why.code != SLUIS_OK;
        slots[i].halfway = false;
        slots[i].answered = slots[i].job->reply.n;
    }
    if (!e && !t.arena)
        e = SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++) {
        e = apply_job(&t, slots[i].job);
        if (!e)
            e = store_error(t.t);
        slots[i].halfway = t.halfway;
        slots[i].refused_before = slots[i].refused_before || t.halfway;
        slots[i].entry = t.entry;
        slots[i].has_entry = t.has_entry;
        slots[i].duplicate_of = t.duplicate_of;
    }
    if (!e && put_off)
        e = due_put_off(&t, &c->failed);
    if (!e && housekeeping)
        e = turn_expire(&t, EXPIRE_STEP);
    if (!e && housekeeping)
        e = delete_some(&t, &kept, &ended, &cleared, &more);
    if (!e && housekeeping)
        e = merge_step(&t, CLEAR_US, &moving);
    if (!e && housekeeping)
        e = cooperation_step(c->cooperation, &t);
    if (!e) {
        e = finish_turn(c, &t);
    } else {
        store_abort(&t.t);
    }
    if (e) {
        journal_rolled_back(c->journal);
        cooperation_rolled_back(c->cooperation);
        directory_unref(&t.new_dir);
        seal_ring_unref(&t.new_seals);
        rules_unref(&t.new_rules);
        for (size_t i = 0; i < n; i++)
            forget_outcome(&slots[i]);
        METRIC_ADD(c->p->metrics, core_commit_errors, 1);
        if (e == SLUIS_NO_SPACE && !reserved)
            note_full(c, true);
        if (e == SLUIS_IO)
            fatal("core.commit", e, "the store failed to write: stopping, to reopen and verify");
    } else {
        make_receipts(c, slots, n);
        journal_committed(c->journal);
        cooperation_committed(c->cooperation, housekeeping);
        c->last = t.last;
        METRIC_ADD(c->p->metrics, journal_expired, kept.removed - c->retention.removed);
        c->retention = kept;
        c->retention.keys_wait = c->retention.keys_wait || t.keys_wait;
        if (housekeeping) {
            METRIC_ADD(c->p->metrics, registry_cleared, cleared.removed - c->clearing.removed);
            METRIC_ADD(c->p->metrics, retention_removed, ended.removed - c->terms.removed);
            c->clearing = cleared;
            c->terms = ended;
            c->more_upkeep = more || moving;
        }
        METRIC_ADD(c->p->metrics, core_batches, 1);
        METRIC_SET(c->p->metrics, journal_entries, journal_size(c->journal));
        take_new(c, &t);
        tell_news(c, &t);
    }
    c->failed = e && is_lasting(e) ? t.failed : (due_failed){.set = false};
    turn_close(&t);
    return e;
}

/* ---- letting out ---- */

static void release(core *c, job *j)
{
    switch (j->kind) {
    case JOB_DONE:
    case JOB_MISSED:
        job_free(&j);
        break;
    case JOB_PARTY:
    case JOB_RECEIPT: /* a party's, or an operator's */
        send_or_die(j->route_len ? c->bus : c->control, j);
        break;
    default:
        j->stage = STAGE_REPLY;
        if (j->call && j->why.code) {
            buffer_clear(&j->reply);
            if (api_out_problem(&j->reply, j->call->call, &j->why))
                log_write(LOG_ERROR, "core.reply", "code", error_token(SLUIS_NOMEM), NULL);
        }
        send_or_die(c->bus, j);
    }
}

/* The keys of days that have passed, once what was under them is gone for good. */
static sluis_err erase_keys(core *c)
{
    uint64_t n = 0;
    sluis_err e = intents_replay(c->p->store, c->p->slots, &n);
    journal_drop_keys(c->journal);
    METRIC_ADD(c->p->metrics, journal_days_erased, n);
    if (e == SLUIS_IO)
        fatal("core.forget", e, "a key could not be erased: stopping, to do it at the next start");
    if (!e)
        c->retention.keys_wait = false;
    return e;
}

/* Whether two of the largest messages could be written, without writing them: with less, intake would stop
 * and go on at every other message. */
static bool has_room(core *c)
{
    size_t n = 2 * (size_t)c->p->settings->max_frame;
    uint8_t *room = calloc(1, n);
    store_txn *t = NULL;
    sluis_err e = room ? store_begin_write(c->p->store, &t, false) : SLUIS_NOMEM;
    if (!e)
        e = store_put(t, TABLE_META, bytes_str("room"), BYTES(room, n));
    store_abort(&t);
    free(room);
    return e == SLUIS_OK;
}

/* Moves what may use the reserve to the front, in its order; how many. */
static size_t reserve_first(slot *batch, size_t n)
{
    size_t front = 0;
    for (size_t i = 0; i < n; i++) {
        if (!may_use_reserve(batch[i].job))
            continue;
        slot s = batch[i];
        memmove(&batch[front + 1], &batch[front], (i - front) * sizeof(*batch));
        batch[front++] = s;
    }
    return front;
}

/* full: there is no space but for what may use the reserve. */
static sluis_err run_alone(core *c, slot *s, bool full)
{
    sluis_err e = run_turn(c, s, 1, full && may_use_reserve(s->job), false);
    if (e && s->halfway) /* nothing of it is left: now its refusal */
        e = run_turn(c, s, 1, false, false);
    return e;
}

/* All together; when that fails, one by one, so that a single bad message or a full store harms only its own.
 */
static void run_batch(core *c)
{
    uint64_t mono = clock_mono_us();
    uint64_t rest = c->more_upkeep && c->count == 0 ? RESTLESS_MS : IDLE_MS;
    bool housekeeping = mono - c->housekept >= rest * 1000;
    if (c->count == 0 && !housekeeping)
        return;
    if (housekeeping)
        c->housekept = mono;
    sluis_err e = SLUIS_OK;
    if (c->count)
        e = run_turn(c, c->batch, c->count, false, false);
    size_t done = 0;
    if (e == SLUIS_NO_SPACE) { /* what goes on all the same, together */
        done = reserve_first(c->batch, c->count);
        if (done && run_turn(c, c->batch, done, true, false))
            done = 0;
    }
    for (size_t i = done; e && i < c->count; i++) {
        sluis_err one = run_alone(c, &c->batch[i], e == SLUIS_NO_SPACE);
        if (one)
            fail_set(&c->batch[i].job->why, one, "store", "%s", error_text(one));
    }
    if (c->count && c->retention.keys_wait) { /* who asked to forget hears of it when the key is gone */
        sluis_err kept = erase_keys(c);
        if (kept)
            log_write(LOG_ERROR, "core.forget", "code", error_token(kept), NULL);
    }
    for (size_t i = 0; i < c->count; i++)
        release(c, c->batch[i].job);
    c->count = 0;
    if (housekeeping) {
        unsigned stale = 0;
        e = run_turn(c, NULL, 0, true, true);
        for (unsigned i = 0; e && c->failed.set && i < PUT_OFF_MAX; i++) {
            e = run_turn(c, NULL, 0, true, true); /* puts it off */
            if (!e)
                e = run_turn(c, NULL, 0, true, true);
        }
        if (!e && c->retention.keys_wait)
            e = erase_keys(c);
        note_places(c);
        if (!e && METRIC_GET(c->p->metrics, store_full) && has_room(c)) /* healed: nobody may be trying */
            note_full(c, false);
        if (!e)
            e = store_check_readers(c->p->store, &stale);
        METRIC_ADD(c->p->metrics, store_stale_readers, stale);
        if (e || stale)
            log_write(e ? LOG_ERROR : LOG_WARN, "core.housekeeping", "code", error_token(e), NULL);
    }
    if (clock_ms() - c->snapshot_made > SNAPSHOT_MS)
        publish_directory(c);
}

/* ---- gathering ---- */

/* A done answers nobody: it waits a moment for a message to be committed with. Lost, the delivery is
 * repeated. */
static bool only_dones(const core *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!is_upkeep(c->batch[i].job))
            return false;
    return c->count > 0;
}

static void take(core *c, job *j)
{
    if (is_upkeep(j))
        METRIC_ADD(c->p->metrics, core_upkeep, -1);
    if (j->order)
        c->ring[j->order % c->ring_size] = j;
    else
        c->batch[c->count++].job = j;
}

/* Moves what is in order from the ring to the batch. */
static void take_ordered(core *c)
{
    size_t max = c->p->settings->batch_max;
    for (job **at; c->count < max && *(at = &c->ring[c->next_order % c->ring_size]); c->next_order++) {
        c->batch[c->count++].job = *at;
        *at = NULL;
    }
}

/* Calls of the HTTP front come one by one from the read pool: while most of what is in flight is still on its
 * way here, those that came wait a moment for it, and share its sync. */
static bool calls_come(const core *c)
{
    size_t i = 0;
    while (i < c->count && c->batch[i].job->kind == JOB_API && !c->batch[i].job->env)
        i++;
    return i == c->count && 2 * c->count < METRIC_GET(c->p->metrics, bus_in_flight);
}

/* How long to wait for the next piece of work. */
static int patience(core *c)
{
    if (c->stopping)
        return 0;
    if (c->count == 0)
        return c->more_upkeep ? RESTLESS_MS : IDLE_MS;
    uint64_t most = only_dones(c) ? LAZY_MS : calls_come(c) ? CALLS_MS : 0, now = clock_mono_us();
    if (!most || !c->lazy_since)
        c->lazy_since = most ? now : 0;
    uint64_t waited = (now - c->lazy_since) / 1000;
    return waited < most && c->count < c->p->settings->batch_max / 2 ? (int)(most - waited) : 0;
}

static void gather(core *c)
{
    void *item = NULL;
    size_t max = c->p->settings->batch_max;
    take_ordered(c);
    while (c->count < max) {
        sluis_err e = channel_recv(c->in, patience(c), &item);
        if (e == SLUIS_TIMEOUT)
            break;
        if (e)
            fatal("core.receive", e, "the channel of work is broken");
        if (!item) { /* its senders have ended, but what they sent before may come behind it */
            c->stopping = true;
            continue;
        }
        for (job *j = item, *next; j; j = next) {
            next = j->next;
            j->next = NULL;
            take(c, j);
        }
        take_ordered(c);
    }
    c->lazy_since = 0;
}

static sluis_err core_open(core *c, const parts *p)
{
    memset(c, 0, sizeof(*c));
    c->p = p;
    c->seals = seal_ring_ref(p->seals);
    c->rules = rules_ref(p->first_rules);
    c->next_order = 1;
    c->ring_size = p->settings->in_flight + 1;
    c->ring = calloc(c->ring_size, sizeof(*c->ring));
    c->batch = calloc(p->settings->batch_max + 1, sizeof(*c->batch));
    if (!c->ring || !c->batch)
        return SLUIS_NOMEM;
    sluis_fail f = {0};
    int capacity = parts_channel_capacity(p);
    store_txn *t = NULL;
    log_keys keys = log_keys_of(p);
    sluis_err e = epoch_new(&c->epoch);
    if (!e)
        e = journal_open(&c->journal, p->store, p->slots, &keys, p->settings->name, &f);
    if (!e)
        e = store_begin_read(p->store, &t);
    if (!e)
        e = parties_load(t, p->directory.pk, &c->dir, &f);
    if (!e)
        e = sequences_load(t, p->rows, &c->last);
    if (!e)
        e = retention_load(&c->retention, t, p->rows);
    if (!e)
        e = terms_load(&c->terms, t, p->rows);
    if (!e)
        e = cooperation_load(&c->cooperation, p, t);
    store_abort(&t);
    if (!e)
        e = erase_keys(c);
    if (!e)
        e = channel_open(&c->in, p->hub, CHANNEL_CORE, CHANNEL_RECV_BIND, capacity);
    if (!e)
        e = channel_open(&c->bus, p->hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = channel_open(&c->control, p->hub, CHANNEL_CONTROL, CHANNEL_SEND_CONNECT, capacity);
    if (e)
        log_write(LOG_ERROR, "core.start", "code", error_token(e), "where", f.where, "text", f.text, NULL);
    return e;
}

static void core_close(core *c)
{
    for (size_t i = 0; c->ring && i < c->ring_size; i++)
        job_free(&c->ring[i]);
    free(c->ring);
    free(c->batch);
    channel_close(&c->in);
    channel_close(&c->bus);
    channel_close(&c->control);
    directory_unref(&c->dir);
    seal_ring_unref(&c->seals);
    rules_unref(&c->rules);
    journal_close(&c->journal);
    cooperation_free(&c->cooperation);
    epoch_free(&c->epoch);
}

sluis_err core_begin(const parts *p, sluis_fail *f)
{
    core c = {.p = p};
    bool resigned = false;
    turn t = {.p = p, .seals = p->seals, .rules = p->first_rules, .reserved = true, .now = clock_ms()};
    bool held = false;
    log_keys keys = log_keys_of(p);
    sluis_err e = journal_open(&c.journal, p->store, p->slots, &keys, p->settings->name, f);
    t.arena = arena_new(CORE_ARENA_MAX);
    if (!e && !t.arena)
        e = fail_set(f, SLUIS_NOMEM, "start", "out of memory");
    if (!e) /* before the first entry: what follows belongs to the next origin, and nothing to a copy */
        e = restore_open(p, c.journal, f);
    if (!e)
        e = store_begin_write(p->store, &t.t, true);
    if (!e)
        e = parties_resign(t.t, &p->settings->oin, &p->directory_keys, &p->directory, &resigned, f);
    if (!e)
        e = parties_load(t.t, p->directory.pk, &c.dir, f);
    if (!e)
        e = sequences_load(t.t, p->rows, &t.last);
    t.journal = c.journal;
    t.dir = c.dir;
    if (!e && resigned)
        e = party_key_renewed(&t, "directory-key-renewed", &p->directory);
    if (!e && !journal_knows_key(c.journal))
        e = party_key_renewed(&t, "log-key-renewed", newest_log(p));
    if (!e)
        e = party_enrol_self(&t, f);
    if (!e)
        e = rules_begin(&t, f);
    if (!e)
        e = links_begin(t.t, p->rows);
    if (!e)
        e = import_begin(&t);
    if (!e) /* before anything is deleted by it */
        e = clock_guard(&t, &held);
    if (!e)
        e = finish_turn(&c, &t);
    if (!e)
        journal_committed(c.journal);
    if (!e)
        METRIC_SET(p->metrics, journal_entries, journal_size(c.journal));
    store_abort(&t.t);
    turn_close(&t);
    directory_unref(&t.new_dir);
    directory_unref(&c.dir);
    journal_close(&c.journal);
    return e;
}

void *core_run(void *arg)
{
    core c;
    sluis_err e = core_open(&c, arg);
    if (e)
        fatal("core.start", e, "see the line before");
    publish_directory(&c);
    if (job_say_ready(c.control))
        fatal("core.start", SLUIS_NOMEM, "the operators' side cannot be told");
    for (bool worked = true; worked || !c.stopping;) {
        gather(&c);
        worked = c.count > 0;
        run_batch(&c);
    }
    core_close(&c);
    return NULL;
}
