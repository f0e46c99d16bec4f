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
#include "cases/links.h"
#include "core/handlers.h"
#include "core/two_persons.h"

typedef struct {
    turn *t;
    sluis_fail *f;
} asked;

static sluis_err case_is_over(void *ctx, const uint8_t id[static ID_LEN])
{
    const asked *a = ctx;
    Sluis__CaseRow *c = NULL;
    sluis_err e = case_load(a->t->t, a->t->p->rows, id, a->t->arena, &c);
    if (!e && case_is_open(c))
        return fail_set(a->f, SLUIS_CONFLICT, "subject", "is a member of an open case: close it first");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err concern_is_decided(void *ctx, const uint8_t id[static ID_LEN])
{
    const asked *a = ctx;
    ProtobufCMessage *m = NULL;
    bytes sealed;
    sluis_err e = store_get(a->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), &sealed);
    if (!e)
        e = row_open(a->t->p->registry, a->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), sealed, a->t->arena,
                     &sluis__concern_row__descriptor, &m, NULL);
    if (!e && strcmp(((const Sluis__ConcernRow *)m)->state, CONCERN_RECEIVED) == 0)
        return fail_set(a->f, SLUIS_CONFLICT, "subject",
                        "a report of concern waits for its decision: decide first");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err nothing_waits(turn *t, const subject *s, sluis_fail *f)
{
    asked a = {t, f};
    sluis_err e = links_each(t->t, t->p->rows, s->sid.b, TABLE_CASE, case_is_over, &a);
    return e ? e : links_each(t->t, t->p->rows, s->sid.b, TABLE_CONCERN, concern_is_decided, &a);
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
