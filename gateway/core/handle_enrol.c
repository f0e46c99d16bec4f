/* A party joins (or renews its keys): a signed entry, an entry in the journal, a new directory for everyone.
 */
#include "core/handlers.h"
#include "parties/parties.h"

sluis_err handle_enrol(turn *t, job *j, sluis_fail *f)
{
    sluis_err e = parties_put(t->t, j->entry, &t->p->directory, j->replace, f);
    Sluis__Record r = SLUIS__RECORD__INIT;
    r.type = SLUIS__RECORD_TYPE__R_PARTY;
    r.from = t->p->settings->oin.s;
    r.to = j->entry->oin;
    r.decision = (char *)(uintptr_t)(j->replace ? "replaced" : "enrolled");
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = turn_event(t, "party-enrolled", &r, NULL);
    if (!e) {
        directory_unref(&t->new_dir); /* an earlier enrolment of the same turn */
        e = parties_load(t->t, t->p->directory.pk, &t->new_dir, f) ? SLUIS_CORRUPT : SLUIS_OK;
    }
    return e;
}
