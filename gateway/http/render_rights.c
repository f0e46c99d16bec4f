/* What a client asked about the own data, as JSON. */
#include <stdio.h>
#include <string.h>

#include "cases/source_word.h"
#include "http/render.h"
#include "http/render_parts.h"

/* The states have words of their own here: "granted" or "done" may mean other things elsewhere. */
static const struct {
    const char *word, *dutch;
} states[] = {
    {"received", "ontvangen"}, {"extended", "verlengd"}, {"granted", "toegewezen"},
    {"refused", "geweigerd"},  {"done", "afgerond"},
};

static const char *said(const char *word)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].word, word) == 0)
            return states[i].dutch;
    return word;
}

static const char *source_said(const char *outcome)
{
    return strcmp(outcome, SOURCE_CORRECTED) == 0      ? "verbeterd"
           : strcmp(outcome, SOURCE_KEPT) == 0         ? "gehandhaafd"
           : strcmp(outcome, SOURCE_NOT_POSSIBLE) == 0 ? "niet-mogelijk"
           : strcmp(outcome, SOURCE_NOT_KNOWN) == 0    ? "niet-bekend"
           : strcmp(outcome, SOURCE_UNANSWERED) == 0   ? "niet-beantwoord"
           : *outcome                                  ? "geweigerd"
                                                       : "gevraagd";
}

json_t *render_one_right(const Sluis__ApiRights *x)
{
    char id[UUID_STR], case_id[33], href[2 * RENDER_LOCATION];
    json_t *o = json_object();
    put_uuid(o, "avgVerzoekId", x->transaction, id);
    put_case_id(o, x->case_id, case_id);
    put_number(o, "lid", x->member);
    put(o, "soort", dutch(x->kind));
    put_some(o, "soortNaam", x->title);
    put_some(o, "artikel", x->article);
    put(o, "stand", said(x->state));
    put(o, "tekst", x->text);
    put_list(o, "attributen", x->attributes, x->n_attributes);
    put_some(o, "waarde", x->value);
    put_hex(o, "voorkomen", x->instance);
    put_time(o, "ingediend", x->filed);
    json_object_set_new(o, "doorClient", json_boolean(x->by_client));
    put_time(o, "uiterlijk", x->due);
    put_time(o, "verlengd", x->extended);
    put_some(o, "redenVerlenging", x->extension_reason);
    put_time(o, "besloten", x->decided);
    put_some(o, "redenBesluit", x->decision_reason);
    put_some(o, "functieBesluit", x->decided_by);
    put_time(o, "uitvoerenVoor", x->carry_out_by);
    put_time(o, "afgerond", x->done);
    put_some(o, "redenAfronding", x->done_reason);
    put_some(o, "bron", x->party);
    if (x->asked.len)
        put_uuid(o, "bronVerzoekId", x->asked, id);
    if (*x->party)
        put(o, "bronUitkomst", source_said(x->source_outcome));
    put_some(o, "bronReden",
             strcmp(x->source_outcome, SOURCE_UNANSWERED) == 0 ? dutch(x->source_reason) : x->source_reason);
    if (x->late)
        json_object_set_new(o, "teLaat", json_true());
    snprintf(href, sizeof href, "/v1/zaken/%s/leden/%u/avg-verzoeken", case_id, x->member);
    put_link(o, "lijst", href);
    return o;
}

json_t *render_rights(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    (void)location;
    return render_one_right(r->rights);
}

json_t *render_rights_list(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiRightsList *l = r->rights_list;
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_rights; i++)
        json_array_append_new(a, render_one_right(l->rights[i]));
    json_object_set_new(o, "avgVerzoeken", a);
    put_hex(o, "volgende", l->next);
    return o;
}
