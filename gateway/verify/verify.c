#include "verify/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/fatal.h"
#include "journal/journal.h"
#include "verify/readers.h"
#include "verify/token.h"
#include "wire/messages.h"

#define ROOTS_MAX      4096
#define KEKS_MAX       256
#define EVIDENCE_ARENA (1u << 20)

struct verifier {
    const parts *p;
    root_cache *roots;
    seal_ring *seals; /* of the keys in keks */
    kek_cache *keks;
    buffer plain;
};

typedef struct {
    const parts *p;
    verifier *verifier;
    token_verifier *tokens;
    readers *readers;
    channel *in, *core, *bus;
} worker;

/* The signing key as the directory of the job's admission has it, valid now. Core looks again at commit. */
static sluis_err check_sender(verifier *v, job *j, uint64_t now)
{
    const envelope *e = j->env;
    bool as_recipient = j->evidence.n && envelope_addressed_to(e, &j->user);
    if (!oin_equal(&e->sender, &j->user) && !as_recipient)
        return fail_set(&j->why, SLUIS_WRONG_SENDER, "core.sender", "the session belongs to another party");
    const party *from = directory_find(j->dir, &e->sender);
    if (!from)
        return fail_set(&j->why, SLUIS_UNKNOWN_PARTY, "core.sender", "not in the directory: enrol it first");
    if (e->core->suite >= 32 || !(from->suites & (1u << e->core->suite)))
        return fail_set(&j->why, SLUIS_SUITE, "core.suite", "suite %u is not allowed for this party",
                        e->core->suite);
    const party_key *key = NULL;
    sluis_err err = directory_key(j->dir, from, USE_SIGN, &e->signing_key, now, &key, &j->why);
    if (err)
        return err;
    return envelope_verify(e, key->pk, v->roots, &j->why);
}

void verifier_follow(verifier *v, seal_ring *seals)
{
    if (v->seals == seals)
        return;
    seal_ring_unref(&v->seals);
    kek_cache_free(&v->keks); /* what was derived from a key that is gone goes with it */
    if (kek_cache_new(&v->keks, KEKS_MAX) == SLUIS_OK)
        v->seals = seal_ring_ref(seals);
}

/* The registry's sealing key that the message names, as long as it may be used: a sender has a day to learn
 * of the next one, and what was made before is taken until the key is destroyed. */
static sluis_err own_key(job *j, const oin *own, const keypair **out)
{
    const Sluis__Core *c = j->env->core;
    char since[TIME_STR];
    for (size_t i = 0; i < c->n_recipients; i++) {
        keyid id;
        uint64_t replaced = 0;
        if (memcmp(c->recipients[i]->oin, own->s, OIN_LEN) != 0)
            continue;
        memcpy(id.b, c->recipients[i]->sealing_key.data, KEYID_LEN);
        *out = seal_ring_find(j->seals, &id, &replaced);
        if (!*out)
            return fail_set(&j->why, SLUIS_NOT_RECIPIENT, "core.recipients.sealing_key",
                            "sealed to another key of %s: the sender's directory may be old", own->s);
        if (!replaced || c->created <= replaced + DIRECTORY_MAX_AGE_MS)
            return SLUIS_OK;
        time_format(since, replaced);
        return fail_set(&j->why, SLUIS_KEY_NOT_VALID, "core.recipients.sealing_key",
                        "was replaced at %s: seal to the key in the directory in force", since);
    }
    return fail_set(&j->why, SLUIS_NOT_RECIPIENT, "core.recipients", "%s is not among the recipients",
                    own->s);
}

/* After a restore a recipient may bring back what the journal acknowledged before it: our own receipt of an
 * earlier origin says that this very message passed. Core holds the origin and index against its own. */
static sluis_err check_evidence(verifier *v, job *j)
{
    const settings *s = v->p->settings;
    receipt_facts facts;
    arena *a = arena_new(EVIDENCE_ARENA);
    if (!a)
        return fail_set(&j->why, SLUIS_NOMEM, "receipt", "out of memory");
    sluis_err err =
        receipt_verify(&facts, a, buffer_bytes(&j->evidence), s->name, &v->p->log_keys, NULL, &j->why);
    if (!err &&
        (facts.record->type != SLUIS__RECORD_TYPE__R_MESSAGE || j->env->core->kind != SLUIS__KIND__REQUEST ||
         !bytes_equal(BYTES(facts.record->message_hash.data, facts.record->message_hash.len),
                      BYTES_OF(j->env->mh)) ||
         !origin_number(facts.cp.origin, s->name, &j->evidence_origin)))
        err = fail_set(&j->why, SLUIS_INVALID, "receipt", "is not the receipt of this request");
    j->evidence_index = facts.index;
    arena_free(&a);
    return err;
}

static sluis_err open_for_registry(verifier *v, job *j)
{
    const settings *s = v->p->settings;
    const keypair *seal = NULL;
    if (!envelope_addressed_to(j->env, &s->oin))
        return SLUIS_OK;
    buffer_clear(&v->plain);
    verifier_follow(v, j->seals);
    sluis_err err = own_key(j, &s->oin, &seal);
    if (!err)
        err = envelope_open(j->env, &s->oin, seal, v->keks, &v->plain, &j->why);
    if (!err) {
        const message_kind *k = message_kind_of(j->env->core->kind);
        err = wire_unpack(&j->body, k->body, j->env->arena, buffer_bytes(&v->plain), &j->why);
    }
    if (v->plain.p)
        wipe(v->plain.p, v->plain.n);
    return err;
}

void verifier_judge(verifier *v, job *j)
{
    uint64_t now = clock_ms();
    sluis_err err = envelope_decode(&j->env, BYTES(j->raw, j->raw_len), v->p->settings->max_frame, &j->why);
    if (!err && j->evidence.n)
        err = check_evidence(v, j);
    if (!err)
        err = check_sender(v, j, now);
    if (!err)
        err = envelope_check_times(j->env, now, &j->why);
    if (!err)
        err = open_for_registry(v, j);
    if (err) {
        fail_set(&j->why, err, "envelope", "%s", error_text(err));
        METRIC_ADD(v->p->metrics, verify_refused, 1);
    } else {
        METRIC_ADD(v->p->metrics, verify_ok, 1);
    }
}

sluis_err verifier_new(verifier **out, const parts *p)
{
    verifier *v = calloc(1, sizeof(*v));
    *out = v;
    if (!v)
        return SLUIS_NOMEM;
    v->p = p;
    buffer_init(&v->plain, ENVELOPE_MAX);
    sluis_err e = root_cache_new(&v->roots, ROOTS_MAX);
    if (e)
        verifier_free(out);
    return e;
}

void verifier_free(verifier **vp)
{
    verifier *v = *vp;
    if (!v)
        return;
    root_cache_free(&v->roots);
    kek_cache_free(&v->keks);
    seal_ring_unref(&v->seals);
    buffer_close(&v->plain);
    free(v);
    *vp = NULL;
}

/* Health and metrics are open; everything else names its bearer. */
static bool needs_token(const Sluis__ApiCall *c)
{
    return c->op_case != SLUIS__API_CALL__OP_HEALTH && c->op_case != SLUIS__API_CALL__OP_METRICS;
}

/* Whether who bears the token may act at all. */
static sluis_err check_actor(const settings *s, job *j)
{
    if (oin_is_test(&j->claims.oin) != s->test_mode)
        return fail_set(&j->why, SLUIS_MODE, "token.oin", "%s",
                        s->test_mode ? "een echte OIN in testmodus" : "een test-OIN in productie");
    const application *app = rules_application(j->rules, j->claims.app);
    if (!app || !application_may_act(app, &j->claims.oin))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.app",
                        "deze toepassing mag niet namens deze organisatie handelen");
    return SLUIS_OK;
}

static sluis_err check_bearer(worker *w, job *j)
{
    sluis_err err = token_verify(w->tokens, j->call->token, clock_ms(), &j->claims, &j->why);
    return err ? err : check_actor(w->p->settings, j);
}

/* The journal has readers of its own, who act for no application. */
static bool is_log(const Sluis__ApiCall *c)
{
    return c->op_case == SLUIS__API_CALL__OP_LOG_GET || c->op_case == SLUIS__API_CALL__OP_LOG_COSIGN;
}

static sluis_err check_reader(worker *w, job *j)
{
    const char *who = readers_find(w->readers, j->call->token);
    if (!who)
        return fail_set(&j->why, SLUIS_UNAUTHENTICATED, "Authorization",
                        "geen token van een lezer van het journaal");
    log_write(LOG_DEBUG, "verify.reader", "reader", who, NULL);
    return SLUIS_OK;
}

static sluis_err unpack_call(job *j)
{
    arena *a = job_arena(j);
    ProtobufCMessage *m = NULL;
    if (j->call) /* the bus did, and did not know the token */
        return SLUIS_OK;
    sluis_err err = a ? wire_unpack(&m, &sluis__api_call__descriptor, a, BYTES(j->raw, j->raw_len), &j->why)
                      : fail_set(&j->why, SLUIS_NOMEM, "api", "out of memory");
    if (!err)
        j->call = (Sluis__ApiCall *)m;
    return err;
}

bool verify_bears_token(const job *j)
{
    return j->call && needs_token(j->call) && !is_log(j->call);
}

bool verify_known_call(const parts *p, const token_cache *known, job *j)
{
    bool found = !unpack_call(j) && verify_bears_token(j) &&
                 !token_cache_find(known, j->call->token, clock_ms(), &j->claims, &j->why) &&
                 !check_actor(p->settings, j);
    if (found) {
        j->stage = STAGE_READ;
        return true;
    }
    fail_clear(&j->why); /* the worker says it */
    j->claims = (token_claims){.expires = 0};
    if (!j->call && j->arena)
        arena_reset(j->arena);
    return false;
}

static void verify_api(worker *w, job *j)
{
    sluis_err err = unpack_call(j);
    if (!err) {
        if (j->call->op_case == SLUIS__API_CALL__OP__NOT_SET)
            err = fail_set(&j->why, SLUIS_INVALID, "op", "de aanroep noemt geen handeling");
        else if (is_log(j->call))
            err = check_reader(w, j);
        else if (needs_token(j->call))
            err = check_bearer(w, j);
    }
    if (err)
        fail_set(&j->why, err, "api", "%s", error_text(err));
    j->stage = STAGE_READ;
}

static sluis_err worker_open(worker *w, const parts *p)
{
    memset(w, 0, sizeof(*w));
    w->p = p;
    int capacity = parts_channel_capacity(p);
    sluis_fail f = {0};
    sluis_err e = verifier_new(&w->verifier, p);
    if (!e)
        e = token_verifier_new(&w->tokens, p->settings->jwks, p->settings->issuer, &f);
    if (!e)
        e = readers_load(&w->readers, p->settings->log_readers, &f);
    if (!e)
        token_verifier_set_lifetime(w->tokens, p->settings->token_lifetime_s * UINT64_C(1000));
    if (!e)
        e = channel_open(&w->in, p->hub, CHANNEL_VERIFY, CHANNEL_RECV_CONNECT, capacity);
    if (!e)
        e = channel_open(&w->core, p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = channel_open(&w->bus, p->hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = job_say_ready(w->bus);
    if (e)
        log_write(LOG_ERROR, "verify.start", "code", error_token(e), "where", f.where, "text", f.text, NULL);
    return e;
}

static void worker_close(worker *w)
{
    channel_close(&w->in);
    channel_close(&w->core);
    channel_close(&w->bus);
    token_verifier_free(&w->tokens);
    readers_free(&w->readers);
    verifier_free(&w->verifier);
}

void *verify_run(void *arg)
{
    worker w;
    void *item = NULL;
    sluis_err e = worker_open(&w, arg);
    while (!e && (e = channel_recv(w.in, -1, &item)) == SLUIS_OK && item) {
        job *first = item;
        channel *to = w.core;
        if (first->kind == JOB_SEALS) {
            verifier_follow(w.verifier, first->seals);
            job_free(&first);
            continue;
        }
        if (first->kind == JOB_API && first->stage == STAGE_TOKEN) {
            verify_api(&w, first);
            to = w.bus;
        } else {
            for (job *j = first; j; j = j->next)
                verifier_judge(w.verifier, j);
        }
        e = channel_send(to, first);
    }
    if (e)
        fatal("verify.stopped", e, "the pool cannot go on");
    worker_close(&w);
    return NULL;
}
