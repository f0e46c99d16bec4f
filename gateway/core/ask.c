#include "core/ask.h"

#include "base/clock.h"
#include "core/handlers.h"
#include "core/send.h"

#define ANSWER_DAYS 14

static sluis_err fill_body(turn *t, const question *q, Sluis__RequestBody *b, Sluis__Subject *person)
{
    size_t n = q->attribute_count;
    Sluis__AttributeAsk *asks = arena_alloc(t->arena, n * sizeof(*asks));
    b->asks = arena_alloc(t->arena, n * sizeof(*b->asks));
    if (!asks || !b->asks)
        return SLUIS_NOMEM;
    for (; b->n_asks < n; b->n_asks++) {
        sluis__attribute_ask__init(&asks[b->n_asks]);
        asks[b->n_asks].attribute = q->attributes[b->n_asks];
        asks[b->n_asks].necessity = (char *)(uintptr_t)q->necessity;
        b->asks[b->n_asks] = &asks[b->n_asks];
    }
    person->bsn = (char *)(uintptr_t)q->bsn;
    b->subject = person;
    b->motivation = (char *)(uintptr_t)q->motivation;
    b->answer_by = q->answer_by ? q->answer_by : t->now + ANSWER_DAYS * DAY_MS;
    return SLUIS_OK;
}

static void fill_core(const job *j, const question *q, const uuid *transaction, Sluis__Core *c)
{
    sluis__core__init(c);
    c->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction->b};
    c->kind = SLUIS__KIND__REQUEST;
    c->application = (char *)(uintptr_t)j->claims.app;
    c->function = (char *)(uintptr_t)j->claims.function;
    c->employee = (char *)(uintptr_t)j->claims.employee;
    c->case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)q->case_id};
    c->phase = q->phase;
    c->legal_basis = (char *)(uintptr_t)q->legal_basis;
    c->purpose = (char *)(uintptr_t)q->purpose;
    c->attributes = (uint32_t *)(uintptr_t)q->attributes;
    c->n_attributes = q->attribute_count;
}

/* As if it came in: a message of the gateway on the application's behalf. */
sluis_err ask_party(turn *t, const job *j, const question *q, const party *to, uuid *transaction,
                    sluis_fail *f)
{
    Sluis__RequestBody b = SLUIS__REQUEST_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__Core c;
    uint8_t mh[HASH_LEN];
    buffer whole;
    buffer_init(&whole, t->p->settings->max_frame);
    *transaction = uuid_new(t->now);
    fill_core(j, q, transaction, &c);
    sluis_err e = fill_body(t, q, &b, &person);
    if (!e)
        e = send_seal(t, &c, &b.base, to, t->p->settings->request_days * DAY_MS, &whole, mh);
    job *one = e ? NULL : job_new(JOB_SUBMIT, buffer_bytes(&whole));
    if (!e && !one)
        e = SLUIS_NOMEM;
    if (!e)
        e = envelope_decode(&one->env, BYTES(one->raw, one->raw_len), t->p->settings->max_frame, f);
    if (!e) {
        one->body = &b.base;
        one->call = j->call;
        one->claims = j->claims;
        one->user = t->p->settings->oin;
        e = handle_request(t, one, f);
    }
    if (!e)
        turn_note_news(t, &to->oin);
    if (one) {
        one->call = NULL; /* the other job's */
        one->body = NULL; /* here above */
    }
    job_free(&one);
    buffer_close(&whole);
    return e;
}
