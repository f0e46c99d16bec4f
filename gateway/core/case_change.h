/* A change of a case under way: what was asked, the row it changes, and what is written of it. Each
 * change_...() checks and changes the row in memory; handle_case.c writes. Internal to core/. Thread: core.
 */
#ifndef SLUIS_CORE_CASE_CHANGE_H
#define SLUIS_CORE_CASE_CHANGE_H

#include "core/handlers.h"

typedef struct {
    turn *t;
    const job *j;
    const Sluis__ApiChangeCase *in;
    const uint8_t *id; /* of the case */
    Sluis__CaseRow *row;
    Sluis__Record r;       /* attributes and subject, when the change is about some */
    uint32_t about;        /* the member whose dossier it stands in; 0 = all */
    subject was, person;   /* link-person: who the member was, and is; closed by handle_change_case */
    const char *notice;    /* what the client is told; NULL: nothing */
    Sluis__CaseRow *other; /* join: the case that goes on in this one */
    bool same;             /* it is so already: nothing is written */
} case_change;

/* Whose dossier has the words: the member it is about, whom the call names, or the first of the case. */
uint32_t change_concerned(const case_change *c);
sluis_err change_coordinate(case_change *c, sluis_fail *f);
sluis_err change_end(case_change *c, sluis_fail *f);
sluis_err change_choose_scope(case_change *c, sluis_fail *f);
sluis_err change_widen_scope(case_change *c, sluis_fail *f);
/* What the call names as the scope, checked. INVALID, TOO_BIG. */
sluis_err change_scope_of(case_change *c, Sluis__ScopeRow *s, sluis_fail *f);
sluis_err change_member(case_change *c, sluis_fail *f);
sluis_err change_coordinator(case_change *c, sluis_fail *f);
sluis_err change_service(case_change *c, sluis_fail *f);
/* When the service is planned for later: looked at again then. */
sluis_err change_service_due(turn *t, const uint8_t *case_id, const Sluis__ServiceRow *s, uint32_t at);
/* Its review is looked after at its time. */
sluis_err change_glass_due(turn *t, const uint8_t *case_id, const Sluis__EmergencyRow *x);
/* Services that the client applies for when a case is opened: checked, then kept in the row. */
sluis_err case_apply(turn *t, const job *j, Sluis__CaseRow *row, sluis_fail *f); /* case_apply.c */
/* And what is written of each, after the case's own entry: r. */
sluis_err case_applied(turn *t, const job *j, const uint8_t *case_id, const Sluis__CaseRow *row,
                       const Sluis__Record *r);
/* Two cases of the same persons go on as one (case_join.c). */
sluis_err change_join(case_change *c, sluis_fail *f);
sluis_err change_joined(case_change *c);                     /* once its entry is written */
sluis_err change_link_person(case_change *c, sluis_fail *f); /* case_person.c */
sluis_err change_person_linked(case_change *c);              /* once its entry is written */
/* Room for the attributes that the call names, of which it must name some. INVALID, NOMEM. */
sluis_err change_attribute_room(case_change *c, uint32_t **ids, sluis_fail *f);
sluis_err change_break_glass(case_change *c, sluis_fail *f);
sluis_err change_review_glass(case_change *c, sluis_fail *f);
sluis_err change_ask_look(case_change *c, sluis_fail *f);
sluis_err change_decide_look(case_change *c, sluis_fail *f);
sluis_err change_end_look(case_change *c, sluis_fail *f);

#endif
