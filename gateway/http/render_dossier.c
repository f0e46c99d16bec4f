/* The dossier as JSON. */
#include "http/render.h"
#include "http/render_parts.h"

static json_t *restriction_json(const Sluis__ApiRestriction *x)
{
    json_t *o = json_object();
    put(o, "door", x->function);
    put_some(o, "medewerker", x->employee);
    put_some(o, "reden", x->reason);
    put_time(o, "sinds", x->since);
    put_time(o, "toetsing", x->review);
    if (x->late)
        json_object_set_new(o, "toetsingTeLaat", json_true());
    return o;
}

static json_t *exchange_json(const Sluis__ApiExchange *x)
{
    json_t *o = json_object(), *categories = json_array();
    put(o, "wijze", dutch(x->channel));
    put(o, "richting", x->received ? "ontvangen" : "gegeven");
    put(o, "met", x->with);
    put_time(o, "wanneer", x->happened);
    for (size_t i = 0; i < x->n_categories; i++)
        json_array_append_new(categories, json_string(dutch(x->categories[i])));
    json_object_set_new(o, "categorieen", categories);
    if (x->corrects)
        put_number(o, "corrigeert", x->corrects);
    return o;
}

json_t *render_entry(const Sluis__ApiDossierEntry *x)
{
    char id[UUID_STR];
    json_t *o = json_object();
    put_time(o, "wanneer", x->when);
    put(o, "soort", dutch(x->type));
    if (x->restriction)
        json_object_set_new(o, "beperking", restriction_json(x->restriction));
    if (x->exchange)
        json_object_set_new(o, "buitenDeBus", exchange_json(x->exchange));
    if (x->about)
        put_number(o, "betreft", x->about);
    put_some(o, "van", x->from);
    put_some(o, "vanNaam", x->from_name);
    put_some(o, "aan", x->to);
    put_some(o, "aanNaam", x->to_name);
    put_some(o, "toepassing", x->application);
    put_some(o, "functie", x->function);
    put_some(o, "doel", x->purpose);
    put_some(o, "doelNaam", x->purpose_title);
    put_some(o, "grondslag", x->legal_basis);
    put_some(o, "grondslagNaam", x->legal_basis_title);
    put_some(o, "fase", dutch(x->phase));
    put_some(o, "motivering", x->motivation);
    put_list(o, "attributen", x->attributes, x->n_attributes);
    put_some(o, "besluit", dutch(x->decision));
    put_some(o, "bijzonderheid", dutch(x->detail));
    if (x->n_results)
        put_results(o, x->results, x->n_results);
    put_judgement(o, x->judgement_law, x->judgement);
    put_some(o, "stand", dutch(x->state));
    put_some(o, "afloop", dutch(x->reason));
    put_some(o, "bekend", x->known);
    put_time(o, "meldingOntvangen", x->received);
    put_uuid(o, "verzoekId", x->transaction, id);
    put_number(o, "journaalnummer", x->journal_index);
    return o;
}

json_t *render_dossier(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiDossier *d = r->dossier;
    char id[33];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    put_case_id(o, d->case_id, id);
    put_number(o, "lid", d->member);
    for (size_t i = 0; i < d->n_entries; i++)
        json_array_append_new(a, render_entry(d->entries[i]));
    json_object_set_new(o, "verloop", a);
    json_object_set_new(o, "volledig", json_boolean(d->whole));
    put_hex(o, "volgende", d->page);
    put_hex(o, "sinds", d->since);
    return o;
}

json_t *render_noted(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    json_t *o = json_object();
    (void)location;
    put_number(o, "journaalnummer", r->noted->journal_index);
    put_time(o, "wanneer", r->noted->when);
    return o;
}
