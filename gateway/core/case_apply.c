/* Services that the client applies for when a case is opened: one call, each under its own law, with an entry
 * and an event of its own; all of them and the case, or nothing. */
#include <stdio.h>
#include <string.h>

#include "core/case_change.h"

/* Who decides: a party of this law, or the municipality itself. */
static sluis_err check_party(turn *t, const Sluis__ApiApplied *in, size_t number, sluis_fail *f)
{
    oin o;
    const party *p = oin_parse(&o, in->party, strlen(in->party)) ? NULL : directory_find(t->dir, &o);
    if (!*in->party || (p && strcmp(p->domain, in->law) == 0))
        return SLUIS_OK;
    return p ? fail_set(f, SLUIS_DENIED, "aanvragen", "aanvraag %zu: deze partij voert %s niet uit", number,
                        in->law)
             : fail_set(f, SLUIS_UNKNOWN_PARTY, "aanvragen",
                        "aanvraag %zu: deze partij is niet op deze gateway aangesloten", number);
}

static sluis_err apply_one(turn *t, const job *j, const Sluis__ApiApplied *in, size_t number,
                           Sluis__CaseRow *row, sluis_fail *f)
{
    Sluis__ServiceRow s = SLUIS__SERVICE_ROW__INIT;
    if (!case_has_law(row, in->law))
        return fail_set(f, SLUIS_INVALID, "aanvragen",
                        "aanvraag %zu: deze wet staat niet in het bereik dat de cliënt koos", number);
    sluis_err e = check_party(t, in, number, f);
    s.service = in->service;
    s.party = *in->party ? in->party : (char *)(uintptr_t)j->claims.oin.s;
    s.law = in->law;
    s.requested = s.reported = t->now;
    return e ? e : case_service_apply(row, &s, t->arena, f);
}

sluis_err case_apply(turn *t, const job *j, Sluis__CaseRow *row, sluis_fail *f)
{
    const Sluis__ApiOpenCase *o = j->call->open_case;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < o->n_applied; i++)
        e = apply_one(t, j, o->applied[i], i + 1, row, f);
    return e;
}

/* What the client reads: which service under which law, and why. */
static char *words_of(turn *t, const Sluis__ServiceRow *s, const char *why)
{
    const size_t n = strlen(s->service) + strlen(s->law) + strlen(why) + sizeof(" (): ");
    char *out = arena_alloc(t->arena, n);
    if (out)
        snprintf(out, n, "%s (%s): %s", s->service, s->law, why);
    return out;
}

sluis_err case_applied(turn *t, const job *j, const uint8_t *case_id, const Sluis__CaseRow *row,
                       const Sluis__Record *r)
{
    const journal_entry own = t->entry;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < row->n_services; i++) {
        const Sluis__ServiceRow *s = row->services[i];
        const char *why = words_of(t, s, j->call->open_case->reason);
        Sluis__Record one = *r;
        one.to = s->party;
        one.decision = (char *)(uintptr_t) "service-requested";
        e = why ? turn_journal(t, &one) : SLUIS_NOMEM;
        if (!e)
            e = case_note(t, case_id, row, 0, row->members[0]->member, why);
        if (!e)
            e = turn_event(t, one.decision, &one, s->service);
    }
    t->entry = own;
    return e;
}
