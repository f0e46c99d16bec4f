#include "core/passed_on.h"

#include <string.h>

#include "core/send.h"
#include "wire/messages.h"

bool passed_on(const Sluis__RequestRow *row)
{
    return row->asked_hash.len == HASH_LEN;
}

bytes passed_on_asked(const Sluis__RequestRow *row)
{
    const ProtobufCBinaryData *h = passed_on(row) ? &row->asked_hash : &row->message_hash;
    return BYTES(h->data, h->len);
}

/* Of what a person at the party releases, what is in this message: of the rest it hears nothing. */
static sluis_err fill_by_person(turn *t, const Sluis__Core *c, const Sluis__Record *asked, Sluis__Record *r)
{
    r->by_person = arena_alloc(t->arena, (asked->n_by_person + 1) * sizeof(uint32_t));
    if (!r->by_person)
        return SLUIS_NOMEM;
    for (size_t i = 0, k = 0; i < c->n_attributes; i++) {
        while (k < asked->n_by_person && asked->by_person[k] < c->attributes[i])
            k++;
        if (k < asked->n_by_person && asked->by_person[k] == c->attributes[i])
            r->by_person[r->n_by_person++] = c->attributes[i];
    }
    return SLUIS_OK;
}

/* The message's own header, without what is of its sender's seal. asked: the record of the request; NULL: it
 * is none. */
static sluis_err send_on(turn *t, const job *j, const party *to, Sluis__Core *c, const ProtobufCMessage *body,
                         const Sluis__Record *asked, uint64_t life_ms, uint8_t mh[static HASH_LEN])
{
    const Sluis__Core *in = j->env->core;
    const journal_entry own = t->entry;
    Sluis__Record r;
    c->transaction = in->transaction;
    c->kind = in->kind;
    c->application = in->application;
    c->function = in->function;
    c->employee = in->employee;
    c->case_id = in->case_id;
    c->phase = in->phase;
    c->legal_basis = in->legal_basis;
    c->purpose = in->purpose;
    c->traceparent = in->traceparent;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.attributes = c->attributes;
    r.n_attributes = c->n_attributes;
    r.decision = (char *)(uintptr_t) "permit";
    r.detail = (char *)(uintptr_t) "passed-on";
    sluis_err e = asked ? fill_by_person(t, c, asked, &r) : SLUIS_OK;
    if (!e)
        e = send_message(t, c, body, to, life_ms, &r, mh);
    t->entry = own;
    return e;
}

sluis_err passed_on_request(turn *t, const job *j, const Sluis__RequestRow *row, const Sluis__Record *asked,
                            const party *to, uint8_t mh[static HASH_LEN])
{
    Sluis__RequestBody body = *(const Sluis__RequestBody *)j->body;
    Sluis__Core c = SLUIS__CORE__INIT;
    size_t n = 0;
    Sluis__AttributeAsk **left = arena_alloc(t->arena, (row->n_attributes + 1) * sizeof(*left));
    if (!left)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < body.n_asks && n < row->n_attributes; i++)
        if (body.asks[i]->attribute == row->attributes[n])
            left[n++] = body.asks[i];
    body.asks = left;
    body.n_asks = n;
    body.answer_by = row->answer_by;
    c.attributes = row->attributes;
    c.n_attributes = row->n_attributes;
    return send_on(t, j, to, &c, &body.base, asked, row->expires - t->now, mh);
}

static sluis_err say_on(turn *t, const job *j, const party *to, bytes answers, uint8_t mh[static HASH_LEN])
{
    Sluis__Core c = SLUIS__CORE__INIT;
    c.attributes = j->env->core->attributes;
    c.n_attributes = j->env->core->n_attributes;
    c.answers = (ProtobufCBinaryData){answers.n, (uint8_t *)(uintptr_t)answers.p};
    return send_on(t, j, to, &c, j->body, NULL, message_kind_of(j->env->core->kind)->max_lifetime_ms, mh);
}

sluis_err passed_on_to_asker(turn *t, const job *j, const Sluis__RequestRow *row, uint8_t mh[static HASH_LEN])
{
    oin who;
    const party *to = NULL;
    memcpy(mh, j->env->mh, HASH_LEN);
    if (oin_parse(&who, row->requester, strlen(row->requester)) ||
        send_check(t, &who, "core.recipients", &to, NULL))
        return SLUIS_OK;
    return say_on(t, j, to, passed_on_asked(row), mh);
}

sluis_err passed_on_to_party(turn *t, const job *j, const party *to, bytes answers,
                             uint8_t mh[static HASH_LEN])
{
    return say_on(t, j, to, answers, mh);
}
