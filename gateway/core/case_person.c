/* The BSN of a member who was known by the municipality's own name alone. */
#include <string.h>

#include "core/case_change.h"
#include "core/merge.h"
#include "core/secrecy.h"

static sluis_err check_number(const case_change *c, const subject *from, sluis_fail *f)
{
    turn *t = c->t;
    char *known = NULL;
    if (!bsn_valid(c->in->bsn, strlen(c->in->bsn)))
        return fail_set(f, SLUIS_INVALID, "bsn", "een BSN heeft negen cijfers die de elfproef doorstaan");
    if (bsn_is_test(c->in->bsn) != t->p->settings->test_mode)
        return fail_set(f, SLUIS_MODE, "bsn", "testpersonen en echte personen gaan niet samen");
    sluis_err e = registry_bsn(t->p->registry, t->t, from, t->arena, &known);
    if (!e)
        return fail_set(f, SLUIS_CONFLICT, "bsn",
                        strcmp(known, c->in->bsn) == 0
                            ? "dit lid heeft dit BSN al"
                            : "dit lid heeft al een ander BSN: personen met elk een BSN gaan niet samen");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* Whether the person with this number can be registered, and be this member. */
static sluis_err check_other(const case_change *c, const subject *from, sluis_fail *f)
{
    turn *t = c->t;
    subject to = {0};
    uint64_t fresh = 0;
    sluis_err e = registry_check(t->p->registry, t->t, c->in->bsn, &fresh);
    if (e == SLUIS_CONFLICT)
        return fail_set(f, e, "bsn", "deze persoon wordt op dit moment vergeten: probeer het daarna opnieuw");
    if (e == SLUIS_FULL)
        return fail_set(f, SLUIS_REGISTER_FULL, "bsn", "%s", error_text(SLUIS_REGISTER_FULL));
    if (!e && !fresh)
        e = registry_subject(t->p->registry, t->t, c->in->bsn, false, &to);
    const bool here = !e && !fresh;
    if (!e || e == SLUIS_NOT_FOUND)
        e = merge_check(t, from, here ? &to : NULL, f);
    subject_close(&to);
    return e;
}

/* From here on it is written: whole, or not at all. */
static sluis_err take_number(case_change *c)
{
    turn *t = c->t;
    sluis_err e = registry_subject(t->p->registry, t->t, c->in->bsn, true, &c->person);
    bool before = false, after = false; /* one address from now on: secret when either was */
    if (!e)
        e = register_bsn(t, &c->person, c->j, c->in->bsn);
    if (!e)
        e = secrecy_known(t, c->was.sid.b, &before);
    if (!e)
        e = secrecy_known(t, c->person.sid.b, &after);
    for (size_t i = 0; !e && i < c->row->n_members; i++)
        if (c->row->members[i]->member == c->in->member) {
            c->row->members[i]->sid = (ProtobufCBinaryData){ID_LEN, c->person.sid.b};
            c->row->members[i]->secret = before || after;
        }
    c->r.subject = (ProtobufCBinaryData){ID_LEN, c->person.sid.b};
    c->about = c->in->member;
    return e;
}

sluis_err change_link_person(case_change *c, sluis_fail *f)
{
    id16 sid;
    sluis_err e = case_member(c->row, c->in->member, &sid) ? SLUIS_NOT_FOUND : SLUIS_OK;
    if (!e)
        e = registry_subject_by_sid(c->t->p->registry, c->t->t, &sid, &c->was);
    if (e)
        return fail_set(f, e, "", "%s", error_text(e));
    e = check_number(c, &c->was, f);
    if (!e)
        e = check_other(c, &c->was, f);
    return e ? e : take_number(c);
}

sluis_err change_person_linked(case_change *c)
{
    return merge_write(c->t, &c->was, &c->person, c->id, c->in->motivation);
}
