/* The dossier: read, and what an employee does in it. */
#include <string.h>

#include "base/clock.h"
#include "http/build.h"

sluis_err build_get_dossier(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetDossier *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_dossier__init(q);
    q->member = number(parameters, "lid");
    q->viewer = number(parameters, "namens");
    q->limit = number(parameters, "limit");
    c->op_case = SLUIS__API_CALL__OP_GET_DOSSIER;
    c->get_dossier = q;
    sluis_err e = id_field(&q->case_id, parameters, a);
    if (!e)
        e = bookmark_field(&q->after, parameters, "na", a);
    return e ? e : bookmark_field(&q->since, parameters, "sinds", a);
}

sluis_err build_export(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiExportDossier *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_export_dossier__init(q);
    q->member = number(parameters, "lid");
    q->viewer = number(parameters, "namens");
    q->after = (uint64_t)json_integer_value(json_object_get(parameters, "vanaf"));
    q->values = json_object_get(parameters, "waarden") != NULL; /* document_ask */
    c->op_case = SLUIS__API_CALL__OP_EXPORT_DOSSIER;
    c->export_dossier = q;
    sluis_err e = id_field(&q->case_id, parameters, a);
    return e || !q->values ? e : bookmark_field(&q->values_after, parameters, "waarden", a);
}

/* Dutch outside, the gateway's names inside; a word that is not here passes, and is refused there. */
static const struct {
    const char *dutch, *word;
} words[] = {
    {"mondeling", "spoken"},  {"telefoon", "phone"},           {"beveiligde-mail", "secure-mail"},
    {"anders", "other"},      {"gewoon", "ordinary"},          {"financieel", "financial"},
    {"gezondheid", "health"}, {"strafrechtelijk", "criminal"}, {"identificatie", "identification"},
};

static char *word_of(const char *dutch)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].dutch, dutch) == 0)
            return (char *)(uintptr_t)words[i].word;
    return (char *)(uintptr_t)dutch;
}

sluis_err build_note_exchange(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiNoteExchange *q = arena_alloc(a, sizeof *q);
    Sluis__ApiExchange *x = arena_alloc(a, sizeof *x);
    if (!q || !x)
        return SLUIS_NOMEM;
    sluis__api_note_exchange__init(q);
    sluis__api_exchange__init(x);
    q->exchange = x;
    q->member = number(parameters, "lid");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->motivation = text(body, "motivering");
    x->channel = word_of(text(body, "wijze"));
    x->received = strcmp(text(body, "richting"), "ontvangen") == 0;
    x->with = text(body, "met");
    x->corrects = (uint64_t)json_integer_value(json_object_get(body, "corrigeert"));
    time_parse(&x->happened, text(body, "wanneer"));
    c->op_case = SLUIS__API_CALL__OP_NOTE_EXCHANGE;
    c->note_exchange = q;
    sluis_err e = strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
    if (!e)
        e = strings(&x->categories, &x->n_categories, json_object_get(body, "categorieen"), a);
    for (size_t i = 0; !e && i < x->n_categories; i++)
        x->categories[i] = word_of(x->categories[i]);
    return e ? e : id_field(&q->case_id, parameters, a);
}

static sluis_err about_entry(bool lift, const json_t *parameters, const json_t *body, arena *a,
                             Sluis__ApiCall *c)
{
    Sluis__ApiRestrictEntry *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_restrict_entry__init(q);
    q->member = number(parameters, "lid");
    q->entry = (uint64_t)json_integer_value(json_object_get(parameters, "journaalnummer"));
    q->lift = lift;
    q->reason = text(body, "reden");
    if (!lift)
        time_parse(&q->review, text(body, "toetsing"));
    c->op_case = SLUIS__API_CALL__OP_RESTRICT_ENTRY;
    c->restrict_entry = q;
    return id_field(&q->case_id, parameters, a);
}

sluis_err build_restrict(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    return about_entry(false, parameters, body, a, c);
}

sluis_err build_lift(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    return about_entry(true, parameters, body, a, c);
}
