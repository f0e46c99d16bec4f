/* Cases that other municipalities offer: one by one whole, for whoever decides, and written down; listed
 * without content. Values show once the case is taken over, in its views. */
#include <string.h>

#include "base/clock.h"
#include "cases/handover.h"
#include "flow/api_out.h"
#include "read/reader.h"

#define PAGE_MAX 100

static sluis_err may_decide(reader *r, job *j)
{
    return oin_equal(&j->claims.oin, &r->p->settings->oin) &&
                   policy_may(j->rules, ACT_HAND_OVER, j->claims.app, j->claims.function, clock_ms())
               ? SLUIS_OK
               : fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                          "geen geldende regel laat deze functie aangeboden zaken zien");
}

static Sluis__Record *record_of(job *j, const Sluis__OfferRow *row)
{
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, NULL, BYTES(NULL, 0));
    if (!rec)
        return NULL;
    rec->to = row->from;
    rec->transaction = j->call->get_offer->transaction;
    rec->kind = SLUIS__KIND__CASE_HANDOVER;
    return rec;
}

sluis_err read_offer(reader *r, store_txn *t, job *j)
{
    const ProtobufCBinaryData id = j->call->get_offer->transaction;
    ProtobufCMessage *m = NULL;
    Sluis__CaseHandoverBody *body = NULL;
    Sluis__Core *core = NULL;
    arena *a = job_arena(j);
    uint64_t now = clock_ms();
    sluis_err e = a ? may_decide(r, j) : SLUIS_NOMEM;
    if (!e)
        e = id.len == UUID_LEN ? rows_get(t, r->p->rows, TABLE_OFFER, BYTES(id.data, id.len), a,
                                          &sluis__offer_row__descriptor, &m)
                               : SLUIS_NOT_FOUND;
    const Sluis__OfferRow *row = (const Sluis__OfferRow *)m;
    if (!e && strcmp(row->state, HANDOVER_RECEIVED) == 0 && now < row->expires)
        e = offer_open(row, &r->p->settings->oin, j->seals, now, a, &core, &body, &j->why);
    Sluis__Record *rec = e ? NULL : record_of(j, row);
    if (!e && !rec)
        e = SLUIS_NOMEM;
    if (!e)
        e = api_out_offer(&j->reply, j->call->call, 200, id.data, row, core, body);
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    j->read = (read_decision){.record = rec, .no_case = true};
    return SLUIS_OK;
}

/* Oldest first. */
sluis_err read_offers(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListOffers *q = j->call->list_offers;
    uint32_t limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
    uint8_t from[UUID_LEN + 1] = {0};
    size_t from_n = 0;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiOfferList list = SLUIS__API_OFFER_LIST__INIT;
    store_cursor *c = NULL;
    bytes key, stored;
    sluis_err e = may_decide(r, j);
    if (e)
        return e;
    if (q->before.len == UUID_LEN) { /* just behind it */
        memcpy(from, q->before.data, UUID_LEN);
        from_n = sizeof from;
    }
    list.offers = arena_alloc(job_arena(j), limit * sizeof(*list.offers));
    e = list.offers ? store_cursor_open(t, TABLE_OFFER, BYTES(from, from_n), ROW_EMPTY, &c) : SLUIS_NOMEM;
    while (!e && list.n_offers < limit && (e = store_cursor_next(c, &key, &stored)) == SLUIS_OK) {
        ProtobufCMessage *m = NULL;
        Sluis__ApiOffer *x = arena_alloc(j->arena, sizeof(*x));
        uint8_t *id = arena_copy(j->arena, key.p, UUID_LEN);
        e = x && id
                ? rows_open(r->p->rows, TABLE_OFFER, key, stored, j->arena, &sluis__offer_row__descriptor, &m)
                : SLUIS_NOMEM;
        if (!e) {
            api_offer_fill(x, id, (const Sluis__OfferRow *)m);
            list.offers[list.n_offers++] = x;
        }
    }
    store_cursor_close(&c);
    bool full = e ? e == SLUIS_NOMEM && list.n_offers : list.n_offers == limit;
    if (e && e != SLUIS_NOT_FOUND && !full)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    if (full)
        list.next = list.offers[list.n_offers - 1]->transaction;
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_OFFERS;
    reply.offers = &list;
    return wire_pack(&j->reply, &reply.base);
}
