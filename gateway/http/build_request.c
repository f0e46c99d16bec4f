/* Requests, views and what differs in them. */
#include <string.h>

#include "base/clock.h"
#include "http/build.h"
#include "wire/messages.h"

static sluis_err given_data(Sluis__ApiFileRequest *q, const json_t *list, arena *a)
{
    size_t n = json_array_size(list);
    Sluis__ApiGiven *all = arena_alloc(a, (n + 1) * sizeof *all);
    q->given = arena_alloc(a, (n + 1) * sizeof *q->given);
    if (!all || !q->given)
        return SLUIS_NOMEM;
    for (; q->n_given < n; q->n_given++) {
        const json_t *in = json_array_get(list, q->n_given);
        sluis__api_given__init(&all[q->n_given]);
        all[q->n_given].attribute = text(in, "naam");
        all[q->n_given].value = text(in, "waarde");
        q->given[q->n_given] = &all[q->n_given];
    }
    return SLUIS_OK;
}

sluis_err build_file_request(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    const json_t *asks = json_object_get(body, "attributen");
    size_t n = json_array_size(asks);
    Sluis__ApiFileRequest *q = arena_alloc(a, sizeof *q);
    Sluis__ApiAsk *all = arena_alloc(a, (n + 1) * sizeof *all);
    if (!q || !all)
        return SLUIS_NOMEM;
    sluis__api_file_request__init(q);
    if (!(q->asks = arena_alloc(a, (n + 1) * sizeof *q->asks)))
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(asks, i);
        sluis__api_ask__init(&all[i]);
        all[i].attribute = text(in, "naam");
        all[i].necessity = text(in, "noodzaak");
        q->asks[q->n_asks++] = &all[i];
    }
    q->member = number(body, "lid");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->phase = (char *)(uintptr_t)phase_name(phase_parse(text(body, "fase")));
    q->motivation = text(body, "motivering");
    q->template_ = text(body, "sjabloon");
    if (given_data(q, json_object_get(body, "meegegeven"), a))
        return SLUIS_NOMEM;
    q->traceparent = text(parameters, "traceparent");
    if (json_str(body, "antwoordVoor"))
        time_parse(&q->answer_by, text(body, "antwoordVoor"));
    c->op_case = SLUIS__API_CALL__OP_FILE_REQUEST;
    c->file_request = q;
    return id_field(&q->case_id, parameters, a);
}

sluis_err build_list_requests(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListRequests *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_requests__init(q);
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_REQUESTS;
    c->list_requests = q;
    sluis_err e = bookmark_field(&q->after, parameters, "na", a);
    return e ? e : bookmark_field(&q->since, parameters, "sinds", a);
}

sluis_err build_get_request(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetRequest *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_request__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_REQUEST;
    c->get_request = q;
    return uuid_field(&q->transaction, parameters, "verzoekId", a);
}

sluis_err build_ask_known(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiAskKnown *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_ask_known__init(q);
    q->member = number(body, "lid");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_ASK_KNOWN;
    c->ask_known = q;
    return id_field(&q->case_id, parameters, a);
}

static sluis_err change_request(const char *event, const json_t *parameters, char *said, arena *a,
                                Sluis__ApiCall *c)
{
    Sluis__ApiChangeRequest *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_change_request__init(q);
    q->event = (char *)(uintptr_t)event;
    q->text = said;
    c->op_case = SLUIS__API_CALL__OP_CHANGE_REQUEST;
    c->change_request = q;
    return uuid_field(&q->transaction, parameters, "verzoekId", a);
}

sluis_err build_withdraw(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    return change_request("withdraw", parameters, text(body, "motivering"), a, c);
}

sluis_err build_clarify(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change_request("clarify", parameters, text(body, "antwoord"), a, c);
    if (!e)
        c->change_request->question = number(body, "vraag");
    return e;
}

sluis_err build_get_catalogue(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    Sluis__ApiGetCatalogue *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_catalogue__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_CATALOGUE;
    c->get_catalogue = q;
    return SLUIS_OK;
}

sluis_err build_list_parties(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListParties *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_parties__init(q);
    q->attribute = text(parameters, "gegeven");
    q->after = text(parameters, "na");
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_PARTIES;
    c->list_parties = q;
    return SLUIS_OK;
}

sluis_err build_get_view(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetView *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_view__init(q);
    q->member = number(parameters, "lid");
    q->limit = number(parameters, "limit");
    q->look = number(parameters, "inzage");
    c->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    c->get_view = q;
    sluis_err e = strings(&q->attributes, &q->n_attributes, json_object_get(parameters, "attributen"), a);
    if (!e)
        e = bookmark_field(&q->after, parameters, "na", a);
    if (!e)
        e = bookmark_field(&q->since, parameters, "sinds", a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

sluis_err build_list_discrepancies(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListDiscrepancies *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_discrepancies__init(q);
    q->member = number(parameters, "lid");
    c->op_case = SLUIS__API_CALL__OP_LIST_DISCREPANCIES;
    c->list_discrepancies = q;
    return id_field(&q->case_id, parameters, a);
}

static uint64_t long_number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

sluis_err build_resolve(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    static const struct {
        const char *dutch, *name;
    } decisions[] = {{"overnemen", "accept"}, {"behouden", "keep"}, {"navragen", "ask"}};
    Sluis__ApiResolve *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_resolve__init(q);
    q->member = number(parameters, "lid");
    q->attribute = text(body, "naam");
    q->current = long_number(body, "huidig");
    q->statement = long_number(body, "anders");
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
        if (strcmp(decisions[i].dutch, text(body, "besluit")) == 0)
            q->decision = (char *)(uintptr_t)decisions[i].name;
    q->motivation = text(body, "motivering");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    c->op_case = SLUIS__API_CALL__OP_RESOLVE;
    c->resolve = q;
    sluis_err e = instance_field(&q->instance, body, a);
    return e ? e : id_field(&q->case_id, parameters, a);
}
