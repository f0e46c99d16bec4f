/* Cases, their changes and their events. */
#include "base/clock.h"
#include "cases/case_state.h"
#include "http/build.h"

static sluis_err applied(Sluis__ApiOpenCase *o, const json_t *list, arena *a)
{
    size_t n = json_array_size(list);
    Sluis__ApiApplied *all = arena_alloc(a, (n + 1) * sizeof *all);
    o->applied = arena_alloc(a, (n + 1) * sizeof *o->applied);
    if (!all || !o->applied)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(list, i);
        sluis__api_applied__init(&all[i]);
        all[i].law = text(in, "wet");
        all[i].service = text(in, "dienst");
        all[i].party = text(in, "partij");
        o->applied[o->n_applied++] = &all[i];
    }
    return SLUIS_OK;
}

sluis_err build_open_case(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    const json_t *members = json_object_get(body, "leden"), *scope = json_object_get(body, "bereik");
    size_t n = json_array_size(members);
    Sluis__ApiOpenCase *o = arena_alloc(a, sizeof *o);
    Sluis__ApiMember *all = arena_alloc(a, (n + 1) * sizeof *all);
    if (!o || !all)
        return SLUIS_NOMEM;
    sluis__api_open_case__init(o);
    if (!(o->members = arena_alloc(a, (n + 1) * sizeof *o->members)))
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(members, i);
        sluis__api_member__init(&all[i]);
        all[i].bsn = text(in, "bsn");
        all[i].own = text(in, "eigenKenmerk");
        all[i].role = text(in, "rol");
        all[i].secret = json_is_true(json_object_get(in, "geheimAdres"));
        sluis_err e = numbers(&all[i].seen_by, &all[i].n_seen_by, json_object_get(in, "zichtbaarVoor"), a);
        if (e)
            return e;
        o->members[o->n_members++] = &all[i];
    }
    sluis_err e = applied(o, json_object_get(body, "aanvragen"), a);
    if (e)
        return e;
    o->kind = text(body, "soort");
    o->reason = text(body, "aanleiding");
    c->op_case = SLUIS__API_CALL__OP_OPEN_CASE;
    c->open_case = o;
    e = strings(&o->scope_laws, &o->n_scope_laws, json_object_get(scope, "wetten"), a);
    if (!e)
        e = strings(&o->scope_domains, &o->n_scope_domains, json_object_get(scope, "domeinen"), a);
    if (!e)
        e = strings(&o->scope_problems, &o->n_scope_problems, json_object_get(scope, "problemen"), a);
    return e ? e : strings(&o->scope_parties, &o->n_scope_parties, json_object_get(scope, "partijen"), a);
}

sluis_err build_get_case(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetCase *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_case__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_CASE;
    c->get_case = q;
    return id_field(&q->case_id, parameters, a);
}

static sluis_err change(case_event event, const json_t *parameters, const json_t *body, arena *a,
                        Sluis__ApiCall *c)
{
    Sluis__ApiChangeCase *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_change_case__init(q);
    q->event = (char *)(uintptr_t)case_event_name(event);
    q->motivation = text(body, "motivering");
    q->member = number(body, "lid");
    c->op_case = SLUIS__API_CALL__OP_CHANGE_CASE;
    c->change_case = q;
    return id_field(&q->case_id, parameters, a);
}

static void coordinator(Sluis__ApiChangeCase *q, const json_t *in)
{
    q->coordinator = text(in, "wie");
    q->party = text(in, "partij");
    q->level = text(in, "niveau");
    q->responsible = json_is_true(json_object_get(in, "verantwoord"));
}

sluis_err build_phase(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_CLOSE, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->event = text(body, "overgang");
    coordinator(c->change_case, json_object_get(body, "coordinator"));
    return SLUIS_OK;
}

sluis_err build_coordinator(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_NAME_COORDINATOR, parameters, body, a, c);
    if (!e)
        coordinator(c->change_case, json_object_get(body, "coordinator"));
    return e;
}

static sluis_err scope(Sluis__ApiChangeCase *q, const json_t *in, arena *a)
{
    Sluis__ApiScope *s = arena_alloc(a, sizeof *s);
    if (!s)
        return SLUIS_NOMEM;
    sluis__api_scope__init(s);
    q->scope = s;
    sluis_err e = strings(&s->laws, &s->n_laws, json_object_get(in, "wetten"), a);
    if (!e)
        e = strings(&s->domains, &s->n_domains, json_object_get(in, "domeinen"), a);
    if (!e)
        e = strings(&s->problems, &s->n_problems, json_object_get(in, "problemen"), a);
    return e ? e : strings(&s->parties, &s->n_parties, json_object_get(in, "partijen"), a);
}

sluis_err build_scope(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    bool against = json_is_true(json_object_get(body, "tegenKeuzeClient"));
    sluis_err e = change(against ? CASE_WIDEN_SCOPE : CASE_CHOOSE_SCOPE, parameters, body, a, c);
    return e ? e : scope(c->change_case, json_object_get(body, "bereik"), a);
}

sluis_err build_join(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    const json_t *chosen = json_object_get(body, "bereik");
    sluis_err e = change(CASE_JOIN, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->objection = json_is_true(json_object_get(body, "bezwaarClient"));
    e = id_field(&c->change_case->other, body, a);
    return e || !chosen ? e : scope(c->change_case, chosen, a);
}

sluis_err build_member(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_CHANGE_MEMBER, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(parameters, "lid");
    q->secret = json_is_true(json_object_get(body, "geheimAdres"));
    return numbers(&q->seen_by, &q->n_seen_by, json_object_get(body, "zichtbaarVoor"), a);
}

sluis_err build_link_person(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_LINK_PERSON, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->member = number(parameters, "lid");
    c->change_case->bsn = text(body, "bsn");
    return SLUIS_OK;
}

sluis_err build_service(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_REPORT_SERVICE, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->service = text(body, "dienst");
    q->party = text(body, "partij");
    q->status = text(body, "status");
    if (json_str(body, "gepland"))
        time_parse(&q->planned, text(body, "gepland"));
    if (json_str(body, "werkelijk"))
        time_parse(&q->actual, text(body, "werkelijk"));
    return SLUIS_OK;
}

sluis_err build_glass(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_BREAK_GLASS, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(body, "lid");
    q->minutes = number(body, "minuten");
    return strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
}

sluis_err build_review(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_REVIEW_GLASS, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->number = number(parameters, "nummer");
    c->change_case->justified = json_is_true(json_object_get(body, "terecht"));
    return SLUIS_OK;
}

sluis_err build_ask_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_ASK_LOOK, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(body, "lid");
    q->minutes = number(body, "minuten");
    q->law = text(body, "wet");
    q->purpose = text(body, "doel");
    return strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
}

sluis_err build_decide_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_DECIDE_LOOK, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->number = number(parameters, "nummer");
    c->change_case->granted = json_is_true(json_object_get(body, "verleend"));
    return SLUIS_OK;
}

sluis_err build_end_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_END_LOOK, parameters, body, a, c);
    if (!e)
        c->change_case->number = number(parameters, "nummer");
    return e;
}

sluis_err build_events(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListEvents *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_events__init(q);
    q->after = number(parameters, "vanaf");
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_EVENTS;
    c->list_events = q;
    return id_field(&q->case_id, parameters, a);
}
