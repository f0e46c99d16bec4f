/* The catalogue, and who may hold a datum of it, as openapi.json has them. */
#include <string.h>

#include "http/render.h"
#include "http/render_parts.h"

static const char *type_word(const char *type)
{
    static const struct {
        const char *type, *dutch;
    } words[] = {{"text", "tekst"},    {"date", "datum"},  {"number", "getal"},
                 {"amount", "bedrag"}, {"bool", "ja-nee"}, {"code", "code"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].type, type) == 0)
            return words[i].dutch;
    return type;
}

static json_t *attribute_json(const Sluis__ApiAttribute *x)
{
    json_t *o = json_object();
    put_number(o, "nummer", x->id);
    put(o, "naam", x->name);
    put(o, "omschrijving", x->title);
    put(o, "type", type_word(x->type));
    put_some(o, "formaat", x->format);
    if (x->max_length)
        put_number(o, "lengte", x->max_length);
    put_some(o, "codelijst", x->code_list);
    put(o, "categorie", dutch(x->category));
    put(o, "bron", x->source);
    put_some(o, "ggm", x->ggm);
    if (x->at_source)
        json_object_set_new(o, "bijDeBron", json_true());
    return o;
}

json_t *render_catalogue(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiCatalogue *c = r->catalogue;
    json_t *o = json_object(), *data = json_array(), *lists = json_array();
    (void)location;
    for (size_t i = 0; i < c->n_attributes; i++)
        json_array_append_new(data, attribute_json(c->attributes[i]));
    for (size_t i = 0; i < c->n_code_lists; i++) {
        const Sluis__ApiCodeList *l = c->code_lists[i];
        json_t *codes = json_array();
        for (size_t k = 0; k < l->n_codes; k++)
            json_array_append_new(codes, json_pack("{s:s, s:s}", "code", l->codes[k]->code, "omschrijving",
                                                   l->codes[k]->title));
        json_array_append_new(lists, json_pack("{s:s, s:o}", "naam", l->name, "codes", codes));
    }
    put_hex(o, "regelset", c->rules);
    json_object_set_new(o, "gegevens", data);
    json_object_set_new(o, "codelijsten", lists);
    put_link(o, "self", "/v1/catalogus");
    return o;
}

json_t *render_parties(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiPartyList *l = r->parties;
    json_t *o = json_object(), *all = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_parties; i++)
        json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "oin", l->parties[i]->oin, "naam",
                                             l->parties[i]->name, "domein", l->parties[i]->domain));
    json_object_set_new(o, "partijen", all);
    put_some(o, "volgende", l->next);
    return o;
}
