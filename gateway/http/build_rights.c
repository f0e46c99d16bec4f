/* What a client asks about the own data. */
#include <string.h>

#include "base/clock.h"
#include "http/build.h"

/* Dutch outside, the gateway's names inside. */
static const struct {
    const char *dutch, *word;
} words[] = {
    {"inzage", "access"},
    {"verwijdering", "erasure"},
    {"beperking", "restriction"},
    {"bezwaar", "objection"},
    {"rectificatie", "rectification"},
    {"verlengen", "extend"},
    {"toewijzen", "grant"},
    {"weigeren", "refuse"},
    {"afronden", "finish"},
};

static char *word_of(const char *dutch)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].dutch, dutch) == 0)
            return (char *)(uintptr_t)words[i].word;
    return (char *)(uintptr_t) "";
}

sluis_err build_file_rights(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiFileRights *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_file_rights__init(q);
    q->member = number(parameters, "lid");
    q->viewer = number(parameters, "namens");
    q->kind = word_of(text(body, "soort"));
    q->text = text(body, "tekst");
    q->value = text(body, "waarde");
    time_parse(&q->received, text(body, "ontvangen"));
    c->op_case = SLUIS__API_CALL__OP_FILE_RIGHTS;
    c->file_rights = q;
    sluis_err e = strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
    if (!e)
        e = instance_field(&q->instance, body, a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

sluis_err build_decide_rights(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiDecideRights *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_decide_rights__init(q);
    q->member = number(parameters, "lid");
    q->event = word_of(text(body, "overgang"));
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_DECIDE_RIGHTS;
    c->decide_rights = q;
    sluis_err e = uuid_field(&q->transaction, parameters, "avgVerzoekId", a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

sluis_err build_get_rights(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiGetRights *q = arena_alloc(a, sizeof *q);
    (void)body;
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_rights__init(q);
    q->member = number(parameters, "lid");
    q->viewer = number(parameters, "namens");
    c->op_case = SLUIS__API_CALL__OP_GET_RIGHTS;
    c->get_rights = q;
    return id_field(&q->case_id, parameters, a);
}

sluis_err build_list_rights(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiListRights *q = arena_alloc(a, sizeof *q);
    (void)body;
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_rights__init(q);
    q->all = strcmp(text(parameters, "stand"), "alle") == 0;
    q->limit = number(parameters, "limit");
    c->op_case = SLUIS__API_CALL__OP_LIST_RIGHTS;
    c->list_rights = q;
    return bookmark_field(&q->after, parameters, "na", a);
}
