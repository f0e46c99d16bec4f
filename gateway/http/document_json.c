/* The document for a program: one JSON object with what GET dossier and GET avg-verzoeken give, whole, what
 * is registered, and the words that its names stand for. */
#include <stdlib.h>
#include <string.h>

#include "http/document_parts.h"
#include "http/render.h"
#include "http/render_parts.h"

/* Takes o. */
static void add_json(buffer *b, json_t *o)
{
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text)
        buffer_add(b, text, strlen(text));
    else if (!b->err)
        b->err = SLUIS_NOMEM;
    free(text);
    json_decref(o);
}

static json_t *case_json(document *d, const Sluis__ApiExport *x)
{
    json_t *o = json_object(), *laws = json_array();
    put(o, "fase", dutch(x->phase));
    put_time(o, "geopend", x->opened);
    put_time(o, "beeindigd", x->ended);
    for (size_t i = 0; i < x->n_laws; i++) {
        document_word(d, "law", x->laws[i]);
        json_array_append_new(laws, json_string(x->laws[i]));
    }
    json_object_set_new(o, "wetten", laws);
    return o;
}

static json_t *offered_json(const Sluis__ApiRightOffered *r)
{
    json_t *o = json_object();
    put(o, "naam", r->title);
    put(o, "artikel", r->article);
    put_number(o, "maanden", r->months);
    put_number(o, "verlengingMaanden", r->extend_months);
    return o;
}

static json_t *kept_json(const Sluis__ApiKept *k)
{
    json_t *o = json_object();
    put(o, "naam", k->title);
    put_number(o, "dagen", k->days);
    put(o, "vanaf", k->file ? "einde-laatste-zaak" : "verkrijging");
    return o;
}

void document_json_once(document *d, const Sluis__ApiExport *x)
{
    char id[33];
    json_t *o = json_object(), *asked = json_array(), *offered = json_array(), *kept = json_array();
    put_case_id(o, x->page->case_id, id);
    put_number(o, "lid", x->page->member);
    put_time(o, "gemaakt", x->made);
    put(o, "gemeente", d->sender->name);
    json_object_set_new(o, "zaak", case_json(d, x));
    for (size_t i = 0; i < x->n_rights; i++)
        json_array_append_new(asked, render_one_right(x->rights[i]));
    json_object_set_new(o, "avgVerzoeken", asked);
    for (size_t i = 0; i < x->n_offered; i++)
        json_array_append_new(offered, offered_json(x->offered[i]));
    json_object_set_new(o, "rechten", offered);
    for (size_t i = 0; i < x->n_kept; i++)
        json_array_append_new(kept, kept_json(x->kept[i]));
    json_object_set_new(o, "bewaartermijnen", kept);
    add_json(&d->once, o);
}

void document_json_entry(document *d, const Sluis__ApiDossierEntry *x)
{
    for (size_t i = 0; i < x->n_attributes; i++)
        document_word(d, "attribute", x->attributes[i]);
    for (size_t i = 0; i < x->n_results; i++) {
        document_word(d, "attribute", x->results[i]->attribute);
        document_word(d, "reason", x->results[i]->reason);
    }
    document_word(d, "application", x->application);
    document_word(d, "function", x->function);
    if (d->course.n)
        buffer_u8(&d->course, ',');
    add_json(&d->course, render_entry(x));
}

void document_json_datum(document *d, const Sluis__ApiOwnDatum *x)
{
    const Sluis__ApiDatum *v = x->datum;
    buffer *b = x->ended[0] ? &d->earlier : &d->values[0];
    json_t *o = json_object(), *laws = json_array(), *conditions = json_array();
    document_word(d, "attribute", v->attribute);
    put(o, "naam", v->attribute);
    put_some(o, "voorkomen", v->instance);
    if (x->withheld[0])
        put(o, "nietGetoond", dutch(x->withheld));
    else
        put(o, "waarde", v->value);
    put(o, "soort", dutch(v->category));
    put(o, "bron", v->source);
    put_some(o, "bronNaam", document_who(d, v->source, x->source_name));
    put_some(o, "overgedragenDoor", v->brought_by);
    put_some(o, "grondslag", x->legal_basis_title);
    put_time(o, "verkregen", v->obtained);
    put_time(o, "geldigVan", v->valid_from);
    put_time(o, "geldigTot", v->valid_until);
    put_time(o, "gecorrigeerd", v->corrected);
    put_time(o, "vastgelegd", x->since);
    put_time(o, "vervallen", x->until);
    put_some(o, "reden", dutch(x->ended));
    put_some(o, "verklaringVanClient", v->statement);
    for (size_t i = 0; i < x->n_laws; i++) {
        document_word(d, "law", x->laws[i]);
        json_array_append_new(laws, json_string(x->laws[i]));
    }
    json_object_set_new(o, "wetten", laws);
    for (size_t i = 0; i < v->n_conditions; i++)
        json_array_append_new(conditions, json_string(v->conditions[i]));
    json_object_set_new(o, "voorwaarden", conditions);
    if (x->beside)
        json_object_set_new(o, "afwijkend", json_true());
    if (b->n)
        buffer_u8(b, ',');
    add_json(b, o);
}

static json_t *keeps_json(const document *d)
{
    json_t *a = json_array();
    for (size_t i = 0; i < d->n_keeps; i++)
        json_array_append_new(a, json_integer((json_int_t)d->keeps[i]));
    return a;
}

static json_t *words_json(const document *d)
{
    const char *key;
    json_t *text, *a = json_array();
    json_object_foreach(d->used, key, text)
    {
        json_t *o = json_object();
        put(o, "naam", strchr(key, ' ') + 1);
        put(o, "tekst", json_string_value(text));
        json_array_append_new(a, o);
    }
    return a;
}

void document_json_write(document *d, buffer *out)
{
    buffer_add(out, d->once.p, d->once.n ? d->once.n - 1 : 0); /* its last brace comes below */
    buffer_printf(out, ",\"verloop\":[");
    buffer_add(out, d->course.p, d->course.n);
    buffer_printf(out, "],\"gegevens\":[");
    buffer_add(out, d->values[0].p, d->values[0].n);
    buffer_printf(out, "],\"eerdereGegevens\":[");
    buffer_add(out, d->earlier.p, d->earlier.n);
    buffer_printf(out, "],\"beperkt\":");
    add_json(out, keeps_json(d));
    buffer_printf(out, ",\"woordenlijst\":");
    add_json(out, words_json(d));
    buffer_printf(out, ",\"aantal\":%zu}", d->entries);
}
