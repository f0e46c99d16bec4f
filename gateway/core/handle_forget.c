/* A person is forgotten, by two persons' word: key slot and rows go, the journal says that somebody was
 * forgotten, not who.
 *
 *  1. one transaction: the person is no subject any more, an intent to erase the key slot is written,
 * R_FORGOTTEN is journalled
 *  2. the slot is overwritten and synced: from here on nobody can read what is left
 *  3. another transaction deletes the intent; now the answer goes out
 *  4. what is left is cleared away in bounded steps, however much it is (clearing.h)
 *
 * Cut off after 1, the intent is carried out at the next start (registry/intents.h), and 4 begins again. The
 * journal's records hold a random number for the person, which leads nowhere any more; they go at their own
 * time. */
#include <string.h>

#include "cases/concern.h"
#include "cases/handover.h"
#include "cases/links.h"
#include "core/handlers.h"
#include "core/two_persons.h"

#define OFFER_ARENA (8u << 20) /* one offer, opened */
#define OFFERS_MAX  256        /* of other municipalities that wait, and are opened to see who is in them */

typedef struct {
    turn *t;
    const subject *s;
    sluis_fail *f;
} asked;

static sluis_err case_is_over(void *ctx, const uint8_t id[static ID_LEN])
{
    const asked *a = ctx;
    const arena_place empty = arena_at(a->t->arena);
    Sluis__CaseRow *c = NULL;
    sluis_err e = case_load(a->t->t, a->t->p->rows, id, a->t->arena, &c);
    if (!e && case_is_open(c) && case_member_of(c, &a->s->sid))
        e = fail_set(a->f, SLUIS_CONFLICT, "subject", "is a member of an open case: close it first");
    else if (!e && handover_waits(c->handover))
        e = fail_set(a->f, SLUIS_CONFLICT, "subject",
                     "a case is offered to another municipality: wait for its decision, or until it lapses");
    arena_back(a->t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err concern_is_decided(void *ctx, const uint8_t id[static ID_LEN])
{
    const asked *a = ctx;
    const arena_place empty = arena_at(a->t->arena);
    ProtobufCMessage *m = NULL;
    bytes sealed;
    sluis_err e = store_get(a->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), &sealed);
    if (!e)
        e = row_open(a->t->p->registry, a->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), sealed, a->t->arena,
                     &sluis__concern_row__descriptor, &m, NULL);
    if (!e && strcmp(((const Sluis__ConcernRow *)m)->state, CONCERN_RECEIVED) == 0)
        e = fail_set(a->f, SLUIS_CONFLICT, "subject",
                     "a report of concern waits for its decision: decide first");
    arena_back(a->t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* What cannot be opened any more, nobody reads: it says nothing of anybody. */
static sluis_err offer_is_of_others(const asked *a, const Sluis__OfferRow *row, const char *bsn,
                                    arena *memory)
{
    Sluis__Core *core = NULL;
    Sluis__CaseHandoverBody *body = NULL;
    sluis_err e =
        offer_open(row, &a->t->p->settings->oin, a->t->seals, a->t->now, memory, &core, &body, NULL);
    if (e)
        return e == SLUIS_KEY_NOT_VALID || e == SLUIS_CONFLICT ? SLUIS_OK : e;
    for (size_t i = 0; i < body->n_members; i++)
        if (strcmp(body->members[i]->bsn, bsn) == 0)
            return fail_set(a->f, SLUIS_CONFLICT, "subject",
                            "another municipality's offer about this person waits: decide first");
    return SLUIS_OK;
}

static sluis_err offers_are_decided(const asked *a, const char *bsn)
{
    turn *t = a->t;
    store_cursor *c = NULL;
    bytes key, value;
    size_t n = 0;
    arena *memory = arena_new(OFFER_ARENA);
    sluis_err e = memory ? store_cursor_open(t->t, TABLE_OFFER, ROW_EMPTY, ROW_EMPTY, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &value))) {
        ProtobufCMessage *row = NULL;
        arena_reset(memory);
        e = rows_open(t->p->rows, TABLE_OFFER, key, value, memory, &sluis__offer_row__descriptor, &row);
        if (e || strcmp(((Sluis__OfferRow *)row)->state, HANDOVER_RECEIVED) != 0)
            continue;
        e = n++ < OFFERS_MAX
                ? offer_is_of_others(a, (Sluis__OfferRow *)row, bsn, memory)
                : fail_set(a->f, SLUIS_TOO_BIG, "subject",
                           "more than %d offers of other municipalities wait: decide some first", OFFERS_MAX);
    }
    store_cursor_close(&c);
    arena_free(&memory);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* Only who is known here by number can be in one. */
static sluis_err not_offered(const asked *a)
{
    char *bsn = NULL;
    sluis_err e = registry_bsn(a->t->p->registry, a->t->t, a->s, a->t->arena, &bsn);
    if (!e)
        e = offers_are_decided(a, bsn);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err nothing_waits(turn *t, const subject *s, sluis_fail *f)
{
    asked a = {t, s, f};
    sluis_err e = links_each(t->t, t->p->rows, s->sid.b, TABLE_CASE, case_is_over, &a);
    if (!e)
        e = links_each(t->t, t->p->rows, s->sid.b, TABLE_CONCERN, concern_is_decided, &a);
    return e ? e : not_offered(&a);
}

/* The proposal goes under the random number: nothing made of the person's own is written to the store. */
static sluis_err agree(turn *t, const job *j, const subject *s, bool *second, sluis_fail *f)
{
    keyid id;
    memcpy(id.b, s->sid.b, KEYID_LEN);
    return two_persons(t, "forget:", &id, j->by, second, f);
}

/* By number, or by the municipality's own name: who was merged is one person by either. */
static sluis_err find(turn *t, const char *person, subject *s)
{
    return bsn_valid(person, strlen(person)) ? registry_subject(t->p->registry, t->t, person, false, s)
                                             : registry_subject_own(t->p->registry, t->t, person, false, s);
}

sluis_err handle_forget(turn *t, job *j, sluis_fail *f)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    subject s = {0};
    bool second = false;
    sluis_err e = find(t, j->person, &s);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, e, "subject", "nobody with this number or name is registered here");
    if (!e)
        e = nothing_waits(t, &s, f);
    if (!e)
        e = agree(t, j, &s, &second, f);
    if (!e && second)
        e = registry_forget(t->p->registry, t->t, &s.sid, t->now);
    subject_close(&s);
    if (e)
        return e;
    t->keys_wait = t->keys_wait || second;
    j->outcome = second ? "forgotten" : "proposed";
    r.type = SLUIS__RECORD_TYPE__R_FORGOTTEN;
    r.from = t->p->settings->oin.s;
    r.employee = (char *)(uintptr_t)j->by;
    r.detail = (char *)(uintptr_t)j->reason;
    r.decision = (char *)(uintptr_t)(second ? "forgotten" : "forgetting-proposed");
    e = turn_journal(t, &r);
    return e ? e : turn_event(t, second ? "subject-forgotten" : "forgetting-proposed", &r, NULL);
}
