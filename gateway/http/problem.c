#include "http/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each code of base/error.h as callers read it; the sentence serves where sluisd says no more. */
static const struct {
    const char *code, *title, *detail;
} told[] = {
    {"no-memory", "Interne fout", "De gateway heeft geen geheugen vrij; probeer het later opnieuw."},
    {"invalid", "Ongeldige invoer", "Een waarde is ongeldig of hier niet toegestaan."},
    {"truncated", "Ongeldige invoer", "Het bericht houdt op voordat het volledig is."},
    {"too-big", "Te groot", "Het verzoek of het antwoord is groter dan toegestaan."},
    {"non-canonical", "Ongeldige invoer", "Het bericht staat niet in de enige geldige codering."},
    {"not-found", "Niet gevonden", "Het bestaat niet, of u mag het niet zien."},
    {"exists", "Bestaat al", "Er is al iets onder deze naam."},
    {"conflict", "Conflict", "De toestand is intussen een andere: vraag die op en probeer het opnieuw."},
    {"denied", "Niet toegestaan", "Geen geldende regel staat dit toe."},
    {"no-motivation", "Motivering ontbreekt", "Zonder motivering wordt een verzoek niet aangenomen."},
    {"no-case", "Geen open zaak", "Een verzoek hoort bij een bestaande, open zaak."},
    {"expired", "Verlopen", "De geldigheid is voorbij."},
    {"not-yet-valid", "Nog niet geldig", "Gemaakt in de toekomst: vergelijk de klokken."},
    {"lifetime", "Te lang geldig", "De geldigheidsduur is langer dan toegestaan."},
    {"bad-signature", "Handtekening ongeldig", "De handtekening past niet bij het bericht."},
    {"bad-seal", "Verzegeling ongeldig", "De inhoud kan niet worden geopend."},
    {"bad-commitment", "Verzegeling ongeldig", "De sleutel van de inhoud is niet de vastgelegde."},
    {"body-hash", "Verzegeling ongeldig", "De inhoud hoort niet bij het bericht."},
    {"unknown-key", "Sleutel onbekend", "De sleutel staat niet in de lijst van partijen."},
    {"key-not-valid", "Sleutel ongeldig", "De partij heeft nu geen geldige sleutel."},
    {"wrong-sender", "Verkeerde afzender", "De afzender is een ander dan de verbonden partij."},
    {"unknown-party", "Partij onbekend", "Deze partij is niet aangesloten."},
    {"not-recipient", "Niet geadresseerd", "Het bericht is voor een ander bestemd."},
    {"withdrawn", "Ingetrokken", "Het verzoek is ingetrokken."},
    {"not-asked", "Niet gevraagd", "Dit antwoord hoort bij geen verzoek aan deze partij."},
    {"suite", "Versleuteling niet toegestaan", "Deze cryptosuite is voor de afzender niet toegestaan."},
    {"kind", "Soort bericht onbekend", "Deze soort bericht wordt hier niet verwerkt."},
    {"duplicate", "Eerder ontvangen", "Het eerste ontvangstbewijs geldt."},
    {"full", "Te druk", "De gateway neemt nu niets aan; probeer het straks opnieuw."},
    {"too-many", "Te veel", "Meer dan in deze tijd mag; probeer het later opnieuw."},
    {"register-full", "Register vol",
     "Het register heeft geen plaats voor nog een persoon; de beheerder moet iets doen."},
    {"no-space", "Opslag vol", "De gateway heeft geen opslag over; probeer het later opnieuw."},
    {"io", "Interne fout", "Lezen of schrijven mislukte."},
    {"corrupt", "Interne fout", "Opgeslagen gegevens doorstaan hun controle niet."},
    {"version", "Versie niet ondersteund", "Deze versie spreekt de gateway niet."},
    {"permission", "Interne fout", "Rechten op een bestand of verbinding kloppen niet."},
    {"unauthenticated", "Geen geldig token", "Het token is ongeldig of verlopen."},
    {"forbidden", "Geen toegang", "Met dit token mag dit niet."},
    {"mode", "Verkeerde omgeving", "Testgegevens en echte gegevens gaan niet samen."},
    {"timeout", "Duurde te lang", "Het antwoord kwam niet op tijd."},
    {"closed", "Verbinding verbroken", "De andere kant is weg."},
    {"suspended", "Partij geschorst", "Deze partij is geschorst: zij stuurt en ontvangt niets."},
    {"agreement-missing", "Geen convenant", "Met deze partij is geen convenant gesloten."},
    {"agreement-one-signature", "Convenant niet getekend",
     "Het convenant is nog niet door beide partijen ondertekend."},
    {"agreement-not-in-force", "Convenant niet van kracht",
     "Het convenant is nog niet begonnen of al voorbij."},
    {"agreement-revoked", "Convenant ingetrokken", "Het convenant met deze partij is ingetrokken."},
    {"agreement-purpose", "Doel niet in convenant", "Het convenant met deze partij noemt dit doel niet."},
    {"agreement-category", "Gegeven niet in convenant",
     "Het convenant met deze partij noemt dit soort gegevens niet."},
    {"undeliverable", "Onbestelbaar", "De ontvanger nam het bij geen enkele poging aan."},
    {"internal", "Interne fout", "Een fout in de gateway; meld dit aan de beheerder."},
};

/* A cut in the middle of a UTF-8 character would make the JSON invalid. */
static void trim(char *s)
{
    size_t n = strlen(s);
    while (n && !utf8_valid(BYTES(s, n)))
        n--;
    s[n] = 0;
}

void problem_set(problem *p, int status, const char *code, const char *title, const char *where,
                 const char *fmt, ...)
{
    if (p->status)
        return;
    va_list args;
    p->status = status;
    snprintf(p->code, sizeof p->code, "%s", code);
    snprintf(p->title, sizeof p->title, "%s", title);
    snprintf(p->where, sizeof p->where, "%s", where ? where : "");
    va_start(args, fmt);
    vsnprintf(p->detail, sizeof p->detail, fmt, args);
    va_end(args);
    trim(p->title);
    trim(p->detail);
    trim(p->where);
}

void problem_told(problem *p, int status, const char *code, const char *where, const char *detail)
{
    size_t i = 0;
    while (i < sizeof told / sizeof *told - 1 && strcmp(told[i].code, code) != 0)
        i++; /* an unknown code has the last row's words */
    problem_set(p, status, code, told[i].title, where, "%s", detail[0] ? detail : told[i].detail);
}

void problem_write(buffer *out, const problem *p, const char *instance)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", p->title, "status",
                          p->status, "detail", p->detail, "code", p->code);
    if (o && p->where[0])
        json_object_set_new(o, "waar", json_string(p->where));
    if (o && instance)
        json_object_set_new(o, "instance", json_string(instance));
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    buffer_printf(out, "%s",
                  text ? text : "{\"type\":\"about:blank\",\"title\":\"Interne fout\",\"status\":500}");
    free(text);
    json_decref(o);
}
