#include "http/write.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "http/json_out.h"
#include "http/render_parts.h"

static void write_some(json_out *o, const char *name, const char *value)
{
    if (value[0])
        json_out_text(o, name, value);
}

/* 0 means that there is no such moment. */
static void write_time(json_out *o, const char *name, uint64_t ms)
{
    char text[TIME_STR];
    if (!ms)
        return;
    time_format(text, ms);
    json_out_text(o, name, text);
}

/* At most max bytes, in hex; none: nothing. */
static void write_hex(json_out *o, const char *name, ProtobufCBinaryData d, size_t max)
{
    char hex[2 * BOOKMARK_MAX + 1];
    if (d.len == 0 || d.len > max)
        return;
    hex_encode(hex, d.data, d.len);
    json_out_text(o, name, hex);
}

/* What whoever reads it can do about it; "": nothing is needed. */
static const char *at_source_advice(const Sluis__ApiAtSource *x)
{
    static const struct {
        const char *state, *reason, *text;
    } all[] = {
        {"fetching", NULL,
         "De bron is gevraagd. Lees de weergave opnieuw: zodra de bron antwoordt, staat de waarde er kort "
         "in."},
        {"at-source", NULL,
         "De waarde staat bij de bron. Lees de weergave nog eens; blijft dit staan, doe dan een "
         "gegevensverzoek."},
        {"not-fetched", "denied", "De regels staan niet toe dat deze lezer de waarde in deze zaak ophaalt."},
        {"not-fetched", NULL,
         "De bron is niet bereikt of antwoordde niet op tijd. Lees de weergave later opnieuw, of vraag de "
         "bron rechtstreeks."},
        {"refused", NULL, "De bron geeft de waarde niet. Overleg met de bron, of ga verder zonder."},
        {"not-possible", NULL, "De bron kan de waarde nu niet geven. Lees de weergave later opnieuw."},
        {"not-known", NULL,
         "De bron kent deze waarde niet. Lees de weergave later opnieuw, of vraag het aan een ander."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].state, x->state) == 0 && (!all[i].reason || strcmp(all[i].reason, x->reason) == 0))
            return all[i].text;
    return "";
}

/* Of a datum that stays at its source: how fetching it stands. */
static void write_at_source(json_out *o, const Sluis__ApiAtSource *x)
{
    char id[UUID_STR];
    json_out_open(o, "bijDeBron", '{');
    json_out_text(o, "status", dutch(x->state));
    if (x->transaction.len == UUID_LEN) {
        uuid_format(id, x->transaction.data);
        json_out_text(o, "verzoekId", id);
    }
    write_some(o, "reden", dutch(x->reason));
    write_some(o, "uitleg", at_source_advice(x));
    write_time(o, "tot", x->until);
    json_out_close(o, '}');
}

static void write_fields(json_out *o, const Sluis__ApiDatum *d)
{
    json_out_text(o, "naam", d->attribute);
    json_out_text(o, "waarde", d->value);
    json_out_text(o, "bron", d->source);
    write_some(o, "overgedragenDoor", d->brought_by);
    write_time(o, "verkregen", d->obtained);
    write_time(o, "geldigVan", d->valid_from);
    write_time(o, "geldigTot", d->valid_until);
    write_some(o, "voorkomen", d->instance);
    json_out_open(o, "voorwaarden", '[');
    for (size_t i = 0; i < d->n_conditions; i++)
        json_out_text(o, NULL, d->conditions[i]);
    json_out_close(o, ']');
    write_some(o, "categorie", dutch(d->category));
    json_out_bool(o, "verwijzing", d->reference);
    if (d->at_source)
        write_at_source(o, d->at_source);
    write_time(o, "gecorrigeerd", d->corrected);
    json_out_number(o, "versie", d->version);
    write_time(o, "versTot", d->fresh_until);
    json_out_bool(o, "verouderd", d->stale);
    json_out_bool(o, "weersproken", d->disputed);
    if (d->withdrawn)
        json_out_bool(o, "teruggenomen", true);
    if (d->at_request)
        json_out_bool(o, "opVerzoekVanClient", true);
    write_some(o, "verklaringVanClient", d->statement);
}

static void write_gone(json_out *o, const Sluis__ApiView *v)
{
    json_out_open(o, "vervallen", '[');
    for (size_t i = 0; i < v->n_gone; i++) {
        json_out_open(o, NULL, '{');
        json_out_text(o, "naam", v->gone[i]->attribute);
        write_some(o, "voorkomen", v->gone[i]->instance);
        json_out_close(o, '}');
    }
    json_out_close(o, ']');
}

static void write_view(json_out *o, const Sluis__ApiView *v)
{
    json_out_open(o, NULL, '{');
    write_hex(o, "zaakId", v->case_id, ID_LEN);
    json_out_number(o, "lid", v->member);
    json_out_text(o, "wet", v->law);
    json_out_text(o, "weergave", v->view);
    json_out_open(o, "gegevens", '[');
    for (size_t i = 0; i < v->n_data; i++) {
        json_out_open(o, NULL, '{');
        write_fields(o, v->data[i]);
        json_out_close(o, '}');
    }
    json_out_close(o, ']');
    if (!v->whole)
        write_gone(o, v);
    json_out_bool(o, "volledig", v->whole);
    write_hex(o, "volgende", v->next, BOOKMARK_MAX);
    write_hex(o, "sinds", v->since, BOOKMARK_MAX);
    write_time(o, "gemaakt", v->made);
    json_out_close(o, '}');
}

static void write_statement(json_out *o, const char *name, const Sluis__ApiStatement *s)
{
    json_out_open(o, name, '{');
    write_fields(o, s->datum);
    json_out_number(o, "nummer", s->number);
    json_out_close(o, '}');
}

static void write_discrepancies(json_out *o, const Sluis__ApiDiscrepancyList *l)
{
    char asked[UUID_STR];
    json_out_open(o, NULL, '{');
    write_hex(o, "zaakId", l->case_id, ID_LEN);
    json_out_number(o, "lid", l->member);
    json_out_open(o, "discrepanties", '[');
    for (size_t i = 0; i < l->n_discrepancies; i++) {
        const Sluis__ApiDiscrepancy *d = l->discrepancies[i];
        json_out_open(o, NULL, '{');
        write_statement(o, "huidig", d->current);
        write_statement(o, "anders", d->statement);
        json_out_text(o, "bronVolgensCatalogus", d->source);
        if (d->asked.len == UUID_LEN) {
            uuid_format(asked, d->asked.data);
            json_out_text(o, "verzoekId", asked);
        }
        json_out_close(o, '}');
    }
    json_out_close(o, ']');
    json_out_close(o, '}');
}

bool write_reply(buffer *out, const Sluis__ApiReply *r)
{
    json_out o = {.b = out};
    if (r->result_case == SLUIS__API_REPLY__RESULT_VIEW)
        write_view(&o, r->view);
    else if (r->result_case == SLUIS__API_REPLY__RESULT_DISCREPANCIES)
        write_discrepancies(&o, r->discrepancies);
    else
        return false;
    return true;
}
