/* Looks into a colleague's view: asked, decided, ended. */
#include <string.h>

#include "core/case_change.h"
#include "policy/looks.h"

static sluis_err look_attributes(case_change *c, const look_rule *rule, Sluis__LookRow *x, sluis_fail *f)
{
    const Sluis__ApiChangeCase *in = c->in;
    case_facts facts = case_facts_of(c->row);
    sluis_err e = change_attribute_room(c, &x->attributes, f);
    if (e)
        return e;
    for (size_t i = 0; i < in->n_attributes; i++) {
        const attribute *a = rules_attribute_named(c->t->rules, in->attributes[i]);
        if (!a || !policy_look_covers(c->t->rules, rule, &facts, a->id))
            return fail_set(f, SLUIS_DENIED, "attributen",
                            "nummer %zu: geen regel laat daar een collega in kijken", i + 1);
        x->attributes[x->n_attributes++] = a->id;
    }
    return SLUIS_OK;
}

/* What the entry says of a look, whoever acts on it. */
static void note_look(case_change *c, const Sluis__LookRow *x, const char *detail)
{
    c->r.attributes = x->attributes;
    c->r.n_attributes = x->n_attributes;
    c->r.purpose = x->purpose;
    c->r.detail = (char *)(uintptr_t)detail;
    c->about = x->member;
}

sluis_err change_ask_look(case_change *c, sluis_fail *f)
{
    const Sluis__ApiChangeCase *in = c->in;
    Sluis__LookRow *x = arena_alloc(c->t->arena, sizeof(*x));
    case_facts facts = case_facts_of(c->row);
    id16 sid;
    if (!x)
        return fail_set(f, SLUIS_NOMEM, "inzage", "%s", error_text(SLUIS_NOMEM));
    if (!case_look_possible(c->row))
        return fail_set(
            f, SLUIS_CONFLICT, "coordinator.niveau",
            "inzage bij een collega hoort bij lichte coördinatie; bij zware is er het casusoverleg");
    if (case_member(c->row, in->member, &sid))
        return fail_set(f, SLUIS_INVALID, "lid", "dit lid is er niet");
    const look_rule *rule = policy_look(c->t->rules, c->j->claims.app, c->j->claims.function, in->law,
                                        in->purpose, &facts, c->t->now);
    if (!rule)
        return fail_set(
            f, SLUIS_DENIED, "wet",
            "geen regel geeft deze functie voor dit doel inzage bij deze wet, of een van beide wetten "
            "ligt buiten het bereik van de zaak");
    if (in->minutes > rule->minutes)
        return fail_set(f, SLUIS_TOO_BIG, "minuten", "ten hoogste %u minuten", rule->minutes);
    sluis__look_row__init(x);
    x->application = (char *)(uintptr_t)c->j->claims.app;
    x->function = (char *)(uintptr_t)c->j->claims.function;
    x->employee = (char *)(uintptr_t)c->j->claims.employee;
    x->member = in->member;
    x->law = in->law;
    x->purpose = in->purpose;
    x->minutes = in->minutes ? in->minutes : rule->minutes;
    x->asked = c->t->now;
    sluis_err e = look_attributes(c, rule, x, f);
    if (!e)
        e = case_look_ask(c->row, x, c->t->now, c->t->arena, f);
    if (!e && rule->granted)
        e = case_look_decide(x, rule->id, true, c->t->now, c->t->arena, f);
    if (e)
        return e;
    note_look(c, x, rule->granted ? "look-granted" : NULL);
    c->notice = rule->granted ? "look-granted" : NULL;
    return SLUIS_OK;
}

static sluis_err look_of(case_change *c, Sluis__LookRow **x, sluis_fail *f)
{
    *x = case_look_find(c->row, c->in->number);
    return *x ? SLUIS_OK : fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
}

sluis_err change_decide_look(case_change *c, sluis_fail *f)
{
    Sluis__LookRow *x = NULL;
    sluis_err e = look_of(c, &x, f);
    if (!e)
        e = case_look_decide(x, c->j->claims.employee, c->in->granted, c->t->now, c->t->arena, f);
    if (e)
        return e;
    note_look(c, x, c->in->granted ? "look-granted" : "look-refused");
    c->notice = c->in->granted ? "look-granted" : NULL;
    return SLUIS_OK;
}

/* By who looks, or by the coordinator. */
sluis_err change_end_look(case_change *c, sluis_fail *f)
{
    Sluis__LookRow *x = NULL;
    const token_claims *who = &c->j->claims;
    sluis_err e = look_of(c, &x, f);
    bool own = !e && strcmp(x->application, who->app) == 0 && strcmp(x->employee, who->employee) == 0;
    if (!e && !own && !policy_may(c->t->rules, ACT_GRANT_LOOK, who->app, who->function, c->t->now))
        e = fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                     "wie kijkt of wie coördineert beëindigt een inzage");
    if (!e)
        e = case_look_end(x, c->t->now, f);
    if (!e)
        note_look(c, x, NULL);
    return e;
}
