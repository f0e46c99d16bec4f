#include "http/render.h"

#include <stdio.h>
#include <string.h>

#include "http/render_parts.h"

/* Machine words of the gateway and what callers read. A word that is not here passes as it is. */
static const struct {
    const char *word, *dutch;
} words[] = {
    /* categories: first, for each datum of a view has one */
    {"ordinary", "gewoon"},
    {"financial", "financieel"},
    {"health", "gezondheid"},
    {"criminal", "strafrechtelijk"},
    {"identification", "identificatie"},
    /* phases */
    {"research", "onderzoek"},
    {"coordination", "coordinatie"},
    {"meeting", "overleg"},
    {"closed", "gesloten"},
    {"stopped", "gestopt"},
    {"not-related", "niet-samenhangend"},
    {"joined", "opgegaan"},
    {"handed-over", "overgedragen"},
    /* states of a request, outcomes of an attribute */
    {"held", "aangehouden"},
    {"answered", "beantwoord"},
    {"withdrawn", "ingetrokken"},
    {"case-changed", "zaak-veranderd"},
    {"processing-restricted", "gebruik-beperkt"},
    {"expired", "verlopen"},
    {"returned", "teruggestuurd"},
    {"given", "verstrekt"},
    {"refused", "geweigerd"},
    {"not-possible", "niet-mogelijk"},
    {"not-known", "niet-bekend"},
    /* a datum that stays at its source */
    {"at-source", "bij-de-bron"},
    {"fetching", "wordt-opgehaald"},
    {"fetched", "opgehaald"},
    {"not-fetched", "niet-opgehaald"},
    {"denied", "niet-toegestaan"},
    /* of a person's own copy: why a value is not in it; another is above */
    {"about-others", "over-anderen"},
    {"number", "persoonsnummer"},
    {"taken-back", "teruggenomen"},
    /* and why it stands no more */
    {"replaced", "vervangen"},
    {"corrected", "verbeterd"},
    {"at-request", "verbeterd-op-verzoek"},
    {"other-source", "andere-bron-overgenomen"},
    {"statement-added", "verklaring-toegevoegd"},
    {"said-again", "opnieuw-vastgelegd"},
    {"not-told", "niet-verteld"},
    {"settled-kept", "niet-overgenomen"},
    {"settled-agreed", "bron-zegt-hetzelfde"},
    {"settled-source", "bron-zegt-iets-anders"},
    {"settled-overruled", "bron-gaat-voor"},
    {"persons-merged", "personen-samengevoegd"},
    /* kinds of entries of a dossier */
    {"case", "zaak"},
    {"read", "inzage"},
    {"from-register", "uit-register"},
    {"message", "bericht"},
    {"request", "verzoek"},
    {"response", "antwoord"},
    {"clarification-question", "vraag-om-toelichting"},
    {"clarification-answer", "toelichting"},
    {"withdrawal", "intrekking"},
    {"correction", "correctie"},
    {"correction-notice", "bericht-van-correctie"},
    {"known-query", "vraag-of-bekend"},
    {"known-answer", "antwoord-of-bekend"},
    {"concern", "melding"},
    {"concern-outcome", "uitkomst-melding"},
    {"delivery-status", "leveringsstatus"},
    {"meeting-invitation", "uitnodiging-overleg"},
    {"meeting-reply", "reactie-overleg"},
    {"meeting-report", "verslag-overleg"},
    {"further-use-request", "verzoek-verder-gebruik"},
    {"further-use-decision", "besluit-verder-gebruik"},
    {"case-handover", "overdracht"},
    {"case-handover-reply", "reactie-overdracht"},
    {"client-notice", "bericht-aan-client"},
    {"returned", "teruggestuurd"},
    {"undeliverable", "onbestelbaar"},
    /* decisions */
    {"permit", "toegestaan"},
    {"opened", "geopend"},
    {"looked-up", "nagezocht"},
    /* events that are no decision, and what they say */
    {"case-opened", "zaak-geopend"},
    {"request-filed", "verzoek-ingediend"},
    {"request-answered", "verzoek-beantwoord"},
    {"request-from-register", "verzoek-uit-register-beantwoord"},
    {"request-expired", "verzoek-verlopen"},
    {"request-returned", "verzoek-teruggestuurd"},
    {"request-withdrawn", "verzoek-ingetrokken"},
    {"request-reminder", "verzoek-nadert-termijn"},
    {"request-late", "verzoek-te-laat"},
    {"clarification-asked", "toelichting-gevraagd"},
    {"clarification-answered", "toelichting-gegeven"},
    {"answer-corrected", "antwoord-gecorrigeerd"},
    {"known-asked", "gevraagd-of-bekend"},
    {"known-answered", "geantwoord-of-bekend"},
    {"service-late", "dienst-te-laat"},
    {"glass-unreviewed", "noodinzage-niet-beoordeeld"},
    {"concern-decided", "over-melding-besloten"},
    {"research-started", "onderzoek-gestart"},
    {"research-concluded", "onderzoek-afgerond"},
    {"case-ended", "zaak-beeindigd"},
    {"concern-research", "melding-wordt-onderzocht"},
    {"concern-no-research", "melding-wordt-niet-onderzocht"},
    {"interventions-asked", "interventies-gevraagd"},
    {"coordination-started", "coordinatie-gestart"},
    {"scope-chosen", "bereik-gekozen"},
    {"scope-widened", "bereik-verruimd-tegen-keuze-client"},
    {"member-changed", "lid-gewijzigd"},
    {"coordinator-named", "coordinator-aangewezen"},
    {"service-reported", "dienst-gemeld"},
    {"glass-broken", "noodinzage"},
    {"glass-reviewed", "noodinzage-beoordeeld"},
    {"justified", "terecht"},
    {"not-justified", "onterecht"},
    {"person-linked", "bsn-gekoppeld"},
    {"cases-joined", "zaken-samengevoegd"},
    {"joined-into", "opgegaan-in-andere-zaak"},
    {"service-requested", "dienst-aangevraagd"},
    {"discrepancy-found", "discrepantie-gevonden"},
    {"discrepancy-accepted", "discrepantie-overgenomen"},
    {"discrepancy-kept", "discrepantie-afgewezen"},
    {"discrepancy-asked", "discrepantie-nagevraagd"},
    {"rights-filed", "avg-verzoek-ingediend"},
    {"rights-extended", "avg-verzoek-verlengd"},
    {"rights-granted", "avg-verzoek-toegewezen"},
    {"rights-refused", "avg-verzoek-geweigerd"},
    {"rights-done", "avg-verzoek-afgerond"},
    {"rights-corrected", "gegeven-verbeterd-op-verzoek"},
    {"rights-source-refused", "bron-verbetert-niet"},
    {"rights-source-silent", "bron-antwoordt-niet"},
    {"rights-source-unable", "bron-kan-niet-verbeteren"},
    {"rights-source-unknowing", "bron-kent-gegeven-niet"},
    {"rights-reminder", "avg-verzoek-nadert-termijn"},
    {"rights-late", "avg-verzoek-te-laat"},
    {"access", "inzage"},
    {"erasure", "verwijdering"},
    {"restriction", "beperking"},
    {"objection", "bezwaar"},
    {"rectification", "rectificatie"},
    {"exchange", "uitwisseling-buiten-de-bus"},
    {"restricted", "beperkt"},
    {"exchange-noted", "uitwisseling-genoteerd"},
    {"entry-restricted", "regel-beperkt"},
    {"restriction-lifted", "beperking-opgeheven"},
    {"restriction-review", "beperking-te-toetsen"},
    {"restriction-unreviewed", "beperking-niet-getoetst"},
    /* channels outside the bus */
    {"spoken", "mondeling"},
    {"phone", "telefoon"},
    {"secure-mail", "beveiligde-mail"},
    {"other", "anders"},
    {"look-asked", "inzage-gevraagd"},
    {"look-decided", "over-inzage-besloten"},
    {"look-ended", "inzage-beeindigd"},
    {"look-granted", "inzage-verleend"},
    {"look-refused", "inzage-geweigerd"},
    {"look-used", "inzage-bij-collega"},
    /* how a look stands */
    {"asked", "gevraagd"},
    {"ended", "voorbij"},
    /* hand-overs between municipalities */
    {"handover-offered", "overdracht-aangeboden"},
    {"handover-received", "overdracht-ontvangen"},
    {"handover-accepted", "overgenomen-door-andere-gemeente"},
    {"handover-refused", "overdracht-geweigerd"},
    {"handover-returned", "overdracht-teruggestuurd"},
    {"handover-undelivered", "overdracht-niet-bezorgd"},
    {"handover-lapsed", "overdracht-vervallen"},
    {"handover-decided", "over-overdracht-besloten"},
    {"taken-over", "overgenomen"},
    {"offered", "aangeboden"},
    {"received", "ontvangen"},
    {"accepted", "overgenomen"},
    {"lapsed", "vervallen"},
    /* statuses of a service */
    {"requested", "aangevraagd"},
    {"declined", "afgewezen"},
    {"planned", "gepland"},
    {"started", "gestart"},
    {"delivered", "geleverd"},
    /* checks of health */
    {"store", "opslag"},
    {"journal", "journaal"},
};

const char *dutch(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].dutch;
    return word;
}

static json_t *member_json(const Sluis__ApiMemberOut *m)
{
    json_t *o = json_object();
    put_number(o, "lid", m->member);
    put(o, "rol", m->role);
    json_object_set_new(o, "geheimAdres", json_boolean(m->secret));
    put_numbers(o, "zichtbaarVoor", m->seen_by, m->n_seen_by);
    if (m->moved)
        json_object_set_new(o, "overgedragen", json_true());
    return o;
}

static json_t *scope_json(char *const *laws, size_t n_laws, char *const *domains, size_t n_domains,
                          char *const *problems, size_t n_problems, char *const *parties, size_t n_parties)
{
    json_t *o = json_object();
    json_object_set_new(o, "wetten", list_of(laws, n_laws));
    json_object_set_new(o, "domeinen", list_of(domains, n_domains));
    json_object_set_new(o, "problemen", list_of(problems, n_problems));
    json_object_set_new(o, "partijen", list_of(parties, n_parties));
    return o;
}

static json_t *services_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_services; i++) {
        const Sluis__ApiService *s = c->services[i];
        json_t *o = json_object();
        put(o, "dienst", s->service);
        if (s->member)
            json_object_set_new(o, "lid", json_integer(s->member));
        put(o, "partij", s->party);
        put(o, "status", dutch(s->status));
        put_time(o, "gepland", s->planned);
        put_time(o, "werkelijk", s->actual);
        put_time(o, "gemeld", s->reported);
        put_some(o, "wet", s->law);
        put_time(o, "aangevraagd", s->requested);
        json_object_set_new(o, "teLaat", json_boolean(s->late));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *emergencies_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_emergencies; i++) {
        const Sluis__ApiEmergency *x = c->emergencies[i];
        json_t *o = json_object();
        put_number(o, "nummer", x->number);
        put(o, "functie", x->function);
        put_number(o, "lid", x->member);
        put_time(o, "van", x->from);
        put_time(o, "tot", x->until);
        json_object_set_new(o, "beoordeeld", json_boolean(x->reviewed));
        if (x->reviewed)
            json_object_set_new(o, "terecht", json_boolean(x->justified));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *looks_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_looks; i++) {
        const Sluis__ApiLook *x = c->looks[i];
        json_t *o = json_object();
        put_number(o, "nummer", x->number);
        put(o, "status", dutch(x->state));
        put(o, "toepassing", x->application);
        put(o, "functie", x->function);
        put_number(o, "lid", x->member);
        put(o, "wet", x->law);
        put(o, "doel", x->purpose);
        json_object_set_new(o, "attributen", list_of(x->attributes, x->n_attributes));
        put_time(o, "gevraagd", x->asked);
        put_time(o, "tot", x->until);
        json_array_append_new(a, o);
    }
    return a;
}

/* Cases that go on in this one, or the one that this one goes on in. */
static void put_joined(json_t *o, const Sluis__ApiCase *c)
{
    char id[33];
    json_t *a = c->n_joined ? json_array() : NULL;
    for (size_t i = 0; i < c->n_joined; i++)
        if (c->joined[i].len == ID_LEN) {
            hex_encode(id, c->joined[i].data, ID_LEN);
            json_array_append_new(a, json_string(id));
        }
    if (a)
        json_object_set_new(o, "opgenomen", a);
    if (c->joined_into.len == ID_LEN) {
        hex_encode(id, c->joined_into.data, ID_LEN);
        put(o, "opgegaanIn", id);
    }
}

static json_t *handover_json(const Sluis__ApiHandover *h)
{
    char id[UUID_STR];
    json_t *o = json_object();
    put_uuid(o, "overdrachtId", h->transaction, id);
    put(o, "gemeente", h->to);
    put(o, "status", dutch(h->state));
    put_numbers(o, "leden", h->members, h->n_members);
    json_object_set_new(o, "attributen", list_of(h->attributes, h->n_attributes));
    put_time(o, "aangeboden", h->offered);
    put_time(o, "verloopt", h->expires);
    put_time(o, "besloten", h->decided);
    return o;
}

json_t *render_case(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiCase *c = r->case_out;
    const Sluis__ApiScope *w = c->wish;
    char id[33], href[RENDER_LOCATION];
    json_t *o = json_object(), *members = json_array();
    put_case_id(o, c->case_id, id);
    put(o, "soort", c->kind);
    put(o, "fase", dutch(c->phase));
    for (size_t i = 0; i < c->n_members; i++)
        json_array_append_new(members, member_json(c->members[i]));
    json_object_set_new(o, "leden", members);
    json_object_set_new(o, "bereik",
                        scope_json(c->scope_laws, c->n_scope_laws, c->scope_domains, c->n_scope_domains,
                                   c->scope_problems, c->n_scope_problems, c->scope_parties,
                                   c->n_scope_parties));
    if (w)
        json_object_set_new(o, "keuzeClient",
                            scope_json(w->laws, w->n_laws, w->domains, w->n_domains, w->problems,
                                       w->n_problems, w->parties, w->n_parties));
    put(o, "coordinatie", c->coordination);
    if (c->coordinator[0]) {
        json_t *who = json_object();
        put(who, "wie", c->coordinator);
        put_some(who, "partij", c->coordinator_party);
        put(who, "niveau", c->level);
        json_object_set_new(o, "coordinator", who);
    }
    json_object_set_new(o, "diensten", services_json(c));
    json_object_set_new(o, "noodinzages", emergencies_json(c));
    json_object_set_new(o, "inzages", looks_json(c));
    json_object_set_new(o, "mogelijk", list_of(c->possible, c->n_possible));
    put_joined(o, c);
    if (c->handover)
        json_object_set_new(o, "overdracht", handover_json(c->handover));
    put_some(o, "overgenomenVan", c->taken_over_from);
    put_time(o, "geopend", c->opened);
    put_time(o, "beeindigd", c->ended);
    snprintf(href, sizeof href, "/v1/zaken/%s", id);
    put_link(o, "self", href);
    if (r->status == 201)
        memcpy(location, href, sizeof href);
    return o;
}

static void put_clarifications(json_t *o, const Sluis__ApiRequestState *q)
{
    json_t *a = json_array();
    for (size_t i = 0; i < q->n_clarifications; i++) {
        const Sluis__ApiClarification *c = q->clarifications[i];
        json_t *x = json_object();
        put_number(x, "nummer", c->number);
        put(x, "vraag", c->question);
        put_time(x, "gesteld", c->asked);
        put_some(x, "antwoord", c->answer);
        put_time(x, "beantwoord", c->answered);
        json_array_append_new(a, x);
    }
    if (q->n_clarifications)
        json_object_set_new(o, "toelichtingen", a);
    else
        json_decref(a);
}

static void put_corrections(json_t *o, const Sluis__ApiRequestState *q)
{
    json_t *a = q->n_corrections ? json_array() : NULL;
    for (size_t i = 0; i < q->n_corrections; i++) {
        const Sluis__ApiCorrection *c = q->corrections[i];
        json_t *x = json_object();
        put_time(x, "wanneer", c->when);
        put_list(x, "attributen", c->attributes, c->n_attributes);
        put(x, "reden", c->reason);
        put_number(x, "gemeldAan", c->told);
        json_array_append_new(a, x);
    }
    if (a)
        json_object_set_new(o, "correcties", a);
}

static json_t *request_json(const Sluis__ApiRequestState *q, char href[static RENDER_LOCATION])
{
    char id[UUID_STR], case_id[33];
    json_t *o = json_object();
    put_uuid(o, "verzoekId", q->transaction, id);
    put_case_id(o, q->case_id, case_id);
    put_number(o, "lid", q->member);
    put(o, "partij", q->party);
    put(o, "status", dutch(q->state));
    put_some(o, "reden", q->reason);
    put_some(o, "doel", q->purpose);
    put_some(o, "grondslag", q->legal_basis);
    put_time(o, "ingediend", q->created);
    put_time(o, "beantwoord", q->answered);
    put_time(o, "antwoordVoor", q->answer_by);
    put_time(o, "verloopt", q->expires);
    if (q->late)
        json_object_set_new(o, "teLaat", json_true());
    put_results(o, q->results, q->n_results);
    put_some(o, "bekend", q->known);
    put_judgement(o, q->judgement_law, q->judgement);
    put_clarifications(o, q);
    put_corrections(o, q);
    snprintf(href, RENDER_LOCATION, "/v1/verzoeken/%s", id);
    put_link(o, "self", href);
    return o;
}

/* Answered from the register at once or under way: the request exists either way, so both name its place. */
json_t *render_request(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    return request_json(r->request, location);
}

json_t *render_requests(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiRequestList *l = r->requests;
    char href[RENDER_LOCATION], next[sizeof "/v1/verzoeken?na=" + 2 * BOOKMARK_MAX];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_requests; i++)
        json_array_append_new(a, request_json(l->requests[i], href));
    json_object_set_new(o, "verzoeken", a);
    json_object_set_new(o, "volledig", json_boolean(l->whole));
    put_hex(o, "sinds", l->since);
    put_hex(o, "volgende", l->next);
    put_link(o, "self", "/v1/verzoeken");
    const char *after = json_string_value(json_object_get(o, "volgende"));
    if (after) {
        snprintf(next, sizeof next, "/v1/verzoeken?na=%s", after);
        put_link(o, "next", next);
    }
    return o;
}

json_t *render_decision(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char id[UUID_STR];
    json_t *o = json_object();
    (void)location;
    put(o, "besluit", dutch(r->decision->decision));
    put_uuid(o, "verzoekId", r->decision->transaction, id);
    put_number(o, "journaalnummer", r->decision->number);
    return o;
}

static json_t *concern_json(const Sluis__ApiConcern *c, char href[static RENDER_LOCATION])
{
    static const struct {
        const char *state, *dutch;
    } said[] = {{"received", "ontvangen"}, {"research", "onderzoek"}, {"no-research", "geen-onderzoek"}};
    char id[UUID_STR], case_id[33];
    json_t *o = json_object();
    put_uuid(o, "meldingId", c->transaction, id);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strcmp(said[i].state, c->state) == 0)
            put(o, "status", said[i].dutch);
    put_time(o, "ontvangen", c->received);
    put_time(o, "besloten", c->decided);
    put_some(o, "motivering", c->motivation);
    put_some(o, "bsn", c->bsn);
    put_some(o, "zorg", c->concern);
    put_some(o, "melder", c->reporter);
    put_some(o, "van", c->from);
    put_some(o, "toepassing", c->application);
    put_case_id(o, c->case_id, case_id);
    snprintf(href, RENDER_LOCATION, "/v1/meldingen/%s", id);
    put_link(o, "self", href);
    return o;
}

json_t *render_concern(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char href[RENDER_LOCATION];
    json_t *o = concern_json(r->concern, href);
    if (r->status == 201)
        memcpy(location, href, sizeof href);
    return o;
}

json_t *render_concerns(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiConcernList *l = r->concerns;
    char href[RENDER_LOCATION], next[UUID_STR];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_concerns; i++)
        json_array_append_new(a, concern_json(l->concerns[i], href));
    json_object_set_new(o, "meldingen", a);
    put_uuid(o, "volgende", l->next, next);
    put_link(o, "self", "/v1/meldingen");
    if (next[0]) {
        snprintf(href, sizeof href, "/v1/meldingen?na=%s", next);
        put_link(o, "next", href);
    }
    return o;
}

static json_t *offer_json(const Sluis__ApiOffer *q, char href[static RENDER_LOCATION])
{
    char id[UUID_STR], case_id[33];
    json_t *o = json_object(), *members = q->n_members ? json_array() : NULL;
    put_uuid(o, "overdrachtId", q->transaction, id);
    put(o, "van", q->from);
    put(o, "status", dutch(q->state));
    put_time(o, "ontvangen", q->received);
    put_time(o, "verloopt", q->expires);
    put_time(o, "besloten", q->decided);
    put_case_id(o, q->case_id, case_id);
    put_some(o, "soort", q->kind);
    put_some(o, "doel", q->purpose);
    put_some(o, "grondslag", q->legal_basis);
    put_some(o, "motivering", q->motivation);
    for (size_t i = 0; i < q->n_members; i++) {
        const Sluis__ApiOfferMember *m = q->members[i];
        json_t *x = json_object();
        put_number(x, "lid", m->member);
        put(x, "bsn", m->bsn);
        put(x, "rol", m->role);
        json_object_set_new(x, "attributen", list_of(m->attributes, m->n_attributes));
        json_array_append_new(members, x);
    }
    if (members)
        json_object_set_new(o, "leden", members);
    snprintf(href, RENDER_LOCATION, "/v1/overdrachten/%s", id);
    put_link(o, "self", href);
    return o;
}

json_t *render_offer(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char href[RENDER_LOCATION];
    (void)location;
    return offer_json(r->offer, href);
}

json_t *render_offers(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiOfferList *l = r->offers;
    char href[RENDER_LOCATION], next[UUID_STR];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_offers; i++)
        json_array_append_new(a, offer_json(l->offers[i], href));
    json_object_set_new(o, "overdrachten", a);
    put_uuid(o, "volgende", l->next, next);
    put_link(o, "self", "/v1/overdrachten");
    if (next[0]) {
        snprintf(href, sizeof href, "/v1/overdrachten?na=%s", next);
        put_link(o, "next", href);
    }
    return o;
}

json_t *render_interventions(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiInterventions *v = r->interventions;
    char href[RENDER_LOCATION];
    json_t *o = json_object(), *asked = json_array(), *not = json_array();
    (void)location;
    for (size_t i = 0; i < v->n_requests; i++)
        json_array_append_new(asked, request_json(v->requests[i], href));
    for (size_t i = 0; i < v->n_not_asked; i++)
        json_array_append_new(
            not, json_pack("{s:s, s:s}", "wet", v->not_asked[i]->law, "reden", v->not_asked[i]->reason));
    json_object_set_new(o, "verzoeken", asked);
    json_object_set_new(o, "nietGevraagd", not );
    return o;
}

json_t *render_events(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiEventList *l = r->events;
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_events; i++) {
        const Sluis__ApiEvent *e = l->events[i];
        char id[UUID_STR];
        json_t *x = json_object();
        put_number(x, "nummer", e->number);
        put(x, "soort", dutch(e->type));
        put_time(x, "wanneer", e->when);
        put_uuid(x, "verzoekId", e->transaction, id);
        put_some(x, "partij", e->party);
        put_some(x, "bijzonderheid", dutch(e->detail));
        json_array_append_new(a, x);
    }
    json_object_set_new(o, "gebeurtenissen", a);
    if (l->next)
        put_number(o, "volgende", l->next);
    return o;
}

json_t *render_health(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiHealthOut *h = r->health;
    json_t *o = json_object(), *a = json_array();
    (void)location;
    put(o, "status", h->ok ? "gereed" : "niet-gereed");
    for (size_t i = 0; i < h->n_checks; i++) {
        json_t *x = json_pack("{s:s, s:b}", "naam", dutch(h->checks[i]->name), "inOrde", h->checks[i]->ok);
        put_some(x, "toelichting", h->checks[i]->detail);
        json_array_append_new(a, x);
    }
    json_object_set_new(o, "controles", a);
    return o;
}
