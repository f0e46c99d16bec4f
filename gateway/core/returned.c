/* What did not arrive goes back: journalled, listed as a dead letter, and to its sender as a RETURNED message
 * that the gateway seals and signs. Its receipt is that of the R_RETURNED entry, under the hash of what comes
 * back. A request filed through the API has no sender to send to: its state says it, and an event. */
#include <string.h>

#include "base/clock.h"
#include "core/close_request.h"
#include "core/handlers.h"
#include "core/outbox.h"
#include "core/passed_on.h"
#include "wire/envelope.h"

#define DEAD_DAYS     30 /* how long a dead letter is listed */
#define RETURNED_DAYS 28 /* how long a sender has to come for what is returned */

static ProtobufCBinaryData hash_of(const envelope *env)
{
    return (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)env->mh}; /* protobuf-c knows no const */
}

static sluis_err journal_return(turn *t, const envelope *env, const oin *to, sluis_err why)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    r.type = SLUIS__RECORD_TYPE__R_RETURNED;
    r.transaction = env->core->transaction;
    r.message_hash = hash_of(env);
    r.kind = env->core->kind;
    r.from = env->core->sender;
    r.to = (char *)(uintptr_t)to->s;
    r.decision = (char *)(uintptr_t)error_token(why);
    sluis_err e = turn_journal(t, &r);
    if (e)
        return e;
    return turn_event(t, why == SLUIS_EXPIRED ? "delivery-expired" : "delivery-returned", &r,
                      error_token(why));
}

static sluis_err list_dead(turn *t, const envelope *env, const oin *to, uint64_t seq, sluis_err why,
                           uint32_t attempts, bool sent_back)
{
    Sluis__DeadLetterRow d = SLUIS__DEAD_LETTER_ROW__INIT;
    uint8_t key[8 + 8];
    d.when = t->now;
    d.transaction = env->core->transaction;
    d.message_hash = hash_of(env);
    d.kind = env->core->kind;
    d.from = env->core->sender;
    d.to = (char *)(uintptr_t)to->s;
    d.code = (char *)(uintptr_t)error_token(why);
    d.attempts = attempts;
    d.journal_index = t->entry.index;
    d.returned = sent_back;
    put_u64(key, t->now + DEAD_DAYS * DAY_MS);
    put_u64(key + 8, seq);
    return rows_put(t->t, t->p->rows, TABLE_DEAD, BYTES_OF(key), &d.base);
}

/* Whom it goes back to, and by which hash that knows it. */
typedef struct {
    oin to;
    uint8_t mh[HASH_LEN];
} origin;

/* A request that still waits for its answer waits no longer. *waited: it did, or is no request. One that was
 * passed on goes back to its asker. */
static sluis_err end_wait(turn *t, const envelope *env, sluis_err why, bool *waited, origin *back)
{
    Sluis__RequestRow *request = NULL;
    back->to = env->sender;
    memcpy(back->mh, env->mh, HASH_LEN);
    *waited = env->core->kind != SLUIS__KIND__REQUEST && env->core->kind != SLUIS__KIND__KNOWN_QUERY;
    if (env->core->kind == SLUIS__KIND__CASE_HANDOVER)
        return handover_returned(t, env, why);
    if (*waited)
        return SLUIS_OK;
    sluis_err e = turn_request_load(t, env->core->transaction.data, &request, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* its subject was forgotten */
    *waited = request_waits(request) &&
              bytes_equal(BYTES(request->message_hash.data, request->message_hash.len), BYTES_OF(env->mh));
    if (passed_on(request)) {
        memcpy(back->mh, passed_on_asked(request).p, HASH_LEN);
        e = oin_parse(&back->to, request->requester, strlen(request->requester));
    }
    if (e)
        return SLUIS_CORRUPT;
    return *waited ? close_request(t, env->core->transaction.data,
                                   why == SLUIS_EXPIRED ? REQUEST_EXPIRED : REQUEST_RETURNED, why)
                   : SLUIS_OK;
}

static sluis_err seal_return(turn *t, const envelope *env, const origin *back, const seal_to *to,
                             sluis_err why, uint64_t expires, buffer *out)
{
    Sluis__ReturnedBody body = SLUIS__RETURNED_BODY__INIT;
    Sluis__Core c = SLUIS__CORE__INIT;
    uuid id = uuid_new(t->now);
    buffer plain, header, sealed;
    buffer_init(&plain, HEADER_MAX);
    buffer_init(&header, HEADER_MAX);
    buffer_init(&sealed, HEADER_MAX);
    body.message_hash = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)back->mh};
    body.code = (char *)(uintptr_t)error_token(why);
    body.text = (char *)(uintptr_t)error_text(why);
    c.message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    c.transaction = env->core->transaction;
    c.kind = SLUIS__KIND__RETURNED;
    c.origin = SLUIS__ORIGIN__BUS;
    c.created = t->now;
    c.expires = expires;
    const oin *own = &t->p->settings->oin;
    envelope_item item = {.out = out};
    sluis_err e = wire_pack(&plain, &body.base);
    if (!e)
        e = envelope_seal(&c, own, &t->p->sign, t->epoch, to, 1, buffer_bytes(&plain), t->now, &header,
                          &sealed, item.mh);
    item.header = buffer_bytes(&header);
    item.body = buffer_bytes(&sealed);
    if (!e)
        e = envelope_sign_batch(own, &t->p->sign, &item, 1);
    buffer_close(&plain);
    buffer_close(&header);
    buffer_close(&sealed);
    return e;
}

/* To a sender on the bus that can still read it; *sent says whether there was one. What the gateway itself
 * sent comes back to nobody: no return of a return. */
static sluis_err send_back(turn *t, const envelope *env, const origin *back, sluis_err why, bool *sent)
{
    seal_to seal;
    const party_key *key = NULL;
    uint64_t seq = 0, expires = t->now + RETURNED_DAYS * DAY_MS;
    buffer whole;
    const party *p = oin_equal(&back->to, &t->p->settings->oin) ? NULL : directory_find(t->dir, &back->to);
    *sent = p && directory_current(t->dir, p, USE_SEAL, t->now, &key, NULL) == SLUIS_OK;
    if (!*sent)
        return SLUIS_OK;
    seal.oin = back->to;
    memcpy(seal.seal_pk, key->pk, PK_LEN);
    seal.seal_id = key->id;
    buffer_init(&whole, t->p->settings->max_frame);
    sluis_err e = seal_return(t, env, back, &seal, why, expires, &whole);
    if (!e)
        e = outbox_put(t, &back->to, buffer_bytes(&whole), expires, &seq);
    if (!e)
        turn_note_news(t, &back->to);
    buffer_close(&whole);
    return e;
}

sluis_err turn_return(turn *t, const uint8_t key[static OUTBOX_KEY], sluis_err why)
{
    oin to;
    envelope *env = NULL;
    uint32_t attempts = 0;
    bool waited = false, sent = false;
    origin back;
    sluis_err e = outbox_get(t, key, &env);
    if (!e)
        e = oin_parse(&to, (const char *)key, OIN_LEN);
    if (!e)
        e = outbox_attempts(t, key, &attempts);
    if (!e)
        e = journal_return(t, env, &to, why);
    if (!e)
        e = end_wait(t, env, why, &waited, &back);
    if (!e && waited)
        e = send_back(t, env, &back, why, &sent);
    if (!e)
        e = list_dead(t, env, &to, get_u64(key + OIN_LEN), why, attempts, sent);
    if (!e)
        e = outbox_delete(t, key);
    if (!e && why == SLUIS_EXPIRED)
        METRIC_ADD(t->p->metrics, outbox_expired, 1);
    else if (!e)
        METRIC_ADD(t->p->metrics, outbox_returned, 1);
    envelope_free(&env);
    return e;
}
