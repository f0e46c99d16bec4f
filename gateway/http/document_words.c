/* The sentences of a client's document, in plain Dutch. One table by the kind of an entry; of the kinds
 * "case", "read" and "case-handover-reply" by its decision. */
#include <string.h>

#include "http/document_parts.h"

static const document_sentence by_type[] = {
    {"request", "{} vroeg {} om gegevens over u", true, true, NULL},
    {"response", "{} gaf antwoord aan {}", true, true, NULL},
    {"from-register", "{} gebruikte gegevens over u die al bekend waren", true, false,
     "Zo hoefde niemand u of een andere organisatie er nog eens naar te vragen."},
    {"known-query", "{} vroeg {} of u daar bekend bent", true, true, NULL},
    {"known-answer", "{} zei tegen {} of u daar bekend bent", true, true, NULL},
    {"clarification-question", "{} vroeg {} om uitleg bij de vraag", true, true, NULL},
    {"clarification-answer", "{} gaf uitleg aan {}", true, true, NULL},
    {"withdrawal", "{} trok de vraag aan {} in", true, true, NULL},
    {"correction", "{} verbeterde gegevens over u bij {}", true, true, NULL},
    {"correction-notice", "Bericht: een gegeven over u is verbeterd", false, false,
     "Wie het oude gegeven had gelezen, kreeg dit bericht."},
    {"concern", "Er kwam een melding van zorg over u binnen", false, false, NULL},
    {"concern-outcome", "Er is besloten over een melding van zorg over u", false, false, NULL},
    {"delivery-status", "{} liet weten hoe het staat met uw hulp", true, false, NULL},
    {"meeting-invitation", "{} nodigde {} uit voor een overleg over uw zaak", true, true, NULL},
    {"meeting-reply", "{} antwoordde op de uitnodiging voor het overleg", true, false, NULL},
    {"meeting-report", "{} stuurde {} een deel van het verslag van het overleg", true, true, NULL},
    {"further-use-request", "{} vroeg {} of gegevens ook voor iets anders gebruikt mogen worden", true, true,
     NULL},
    {"further-use-decision", "{} besloot of gegevens ook voor iets anders gebruikt mogen worden", true, false,
     NULL},
    {"case-handover", "{} wil uw zaak overdragen aan {}", true, true, NULL},
    {"case-handover-reply", "{} antwoordde op de overdracht van uw zaak", true, false, NULL},
    {"returned", "De vraag aan {} kwam terug zonder antwoord", false, true, NULL},
    {"undeliverable", "De vraag aan {} kon niet worden bezorgd", false, true, NULL},
    {"dossier", "Dit dossier is bekeken", false, false, NULL},
    {"message", "{} stuurde een bericht aan {}", true, true, NULL},
    {"read", "{} bekeek gegevens over u", true, false, NULL},
    {"case", "Er veranderde iets in uw zaak", false, false, NULL},
    {"exchange", "Er is buiten de computer om over u gesproken of geschreven", false, false, NULL},
    {"restricted", "U mag deze regel nu niet lezen", false, false, NULL},
};

static const document_sentence by_decision[] = {
    {"opened", "Uw zaak is geopend", false, false, NULL},
    {"coordination-started", "De gezamenlijke aanpak is begonnen", false, false,
     "De organisaties die u helpen, werken nu samen volgens een plan."},
    {"closed", "Uw zaak is gesloten", false, false, NULL},
    {"stopped", "Het onderzoek is gestopt omdat u dat wilde", false, false, NULL},
    {"not-related", "Uw zaak is gesloten: de problemen hangen niet samen", false, false, NULL},
    {"scope-chosen", "Vastgelegd is wat u wilt laten onderzoeken, en met wie", false, false, NULL},
    {"scope-widened", "Het onderzoek is groter gemaakt dan u wilde", false, false,
     "Dat mag alleen bij ernstige problemen. De reden staat hieronder. Bent u het er niet mee eens? Maak dan "
     "bezwaar."},
    {"member-changed", "De gegevens van iemand in de zaak zijn veranderd", false, false, NULL},
    {"coordinator-named", "Er is iemand aangewezen die de hulp regelt", false, false, NULL},
    {"interventions-asked", "Er is gevraagd welke hulp u krijgt of kreeg", false, false, NULL},
    {"cases-joined", "Een andere zaak gaat verder in deze zaak", false, false, NULL},
    {"joined-into", "Deze zaak gaat verder in een andere zaak", false, false, NULL},
    {"handover-offered", "Uw zaak is aangeboden aan een andere gemeente", false, false, NULL},
    {"handover-accepted", "Een andere gemeente heeft uw zaak overgenomen", false, false, NULL},
    {"handover-refused", "Een andere gemeente neemt uw zaak niet over", false, false, NULL},
    {"taken-over", "Uw zaak is overgenomen van een andere gemeente", false, false, NULL},
    {"takeover-told", "De andere gemeente heeft bericht gekregen dat uw zaak is overgenomen", false, false,
     NULL},
    {"handover-lapsed", "Een andere gemeente heeft niet besloten over het overnemen van uw zaak", false,
     false, NULL},
    {"service-requested", "Er is hulp voor u aangevraagd", false, false, NULL},
    {"service-reported", "Er is vastgelegd hoe het staat met uw hulp", false, false, NULL},
    {"person-linked", "Uw burgerservicenummer is aan de zaak gekoppeld", false, false, NULL},
    {"glass-broken", "{} keek in uw gegevens omdat er acuut gevaar was", true, false,
     "Iemand anders beoordeelt achteraf of dat terecht was."},
    {"glass-reviewed", "Beoordeeld is of het terecht was dat iemand bij acuut gevaar in uw gegevens keek",
     false, false, NULL},
    {"look-asked", "Een collega vroeg om mee te mogen kijken in uw gegevens", false, false, NULL},
    {"look-decided", "Besloten is of een collega mocht meekijken in uw gegevens", false, false, NULL},
    {"look-ended", "Het meekijken door een collega is voorbij", false, false, NULL},
    {"look-used", "Een collega keek mee in gegevens over u", false, false, NULL},
    {"discrepancy-accepted", "Twee organisaties zeiden iets anders over u; een ander gegeven geldt nu", false,
     false, NULL},
    {"discrepancy-kept", "Twee organisaties zeiden iets anders over u; het gegeven bleef zoals het was",
     false, false, NULL},
    {"discrepancy-asked", "Twee organisaties zeiden iets anders over u; er is nagevraagd wat klopt", false,
     false, NULL},
    {"rights-filed", "U deed een verzoek over uw gegevens", false, false, NULL},
    {"rights-extended", "De gemeente heeft meer tijd nodig voor uw verzoek", false, false, NULL},
    {"rights-granted", "De gemeente gaf u gelijk bij uw verzoek", false, false, NULL},
    {"rights-refused", "De gemeente wees uw verzoek af", false, false,
     "Bent u het er niet mee eens? Bij ‘Uw rechten’ staat wat u kunt doen."},
    {"rights-done", "De gemeente heeft uw verzoek uitgevoerd", false, false, NULL},
    {"rights-corrected", "Een gegeven over u is verbeterd omdat u dat vroeg", false, false,
     "Wie het oude gegeven had gelezen, krijgt bericht."},
    {"rights-source-refused", "{} verbeterde een gegeven over u niet, terwijl u dat vroeg", true, false,
     "Zolang het gegeven zo blijft staan, staat uw eigen verklaring erbij. Wie het leest, leest die ook. Bij "
     "‘Uw rechten’ staat wat u nog kunt doen."},
    {"rights-source-silent", "{} antwoordde niet op de vraag een gegeven over u te verbeteren", true, false,
     "De gemeente moet uw verzoek zelf afronden."},
    {"rights-source-unable", "{} kon een gegeven over u niet verbeteren, terwijl u dat vroeg", true, false,
     "De gemeente moet uw verzoek zelf afronden."},
    {"rights-source-unknowing", "{} kent het gegeven niet dat u wilde laten verbeteren", true, false,
     "De gemeente moet uw verzoek zelf afronden."},
    {"looked-up", "Een beheerder zocht na hoe een uitwisseling van gegevens over u ging", false, false,
     "Een beheerder ziet wie wat wanneer vroeg. De gegevens zelf ziet een beheerder niet."},
    {"exchange-noted", "Er is buiten de computer om over u gesproken of geschreven", false, false, NULL},
    {"entry-restricted", "Besloten is dat u een regel van dit dossier nu niet mag lezen", false, false, NULL},
    {"restriction-lifted", "Een regel die u niet mocht lezen, mag u nu weer lezen", false, false, NULL},
    {"concern-research", "Een melding van zorg over u wordt onderzocht", false, false, NULL},
    {"concern-no-research", "Een melding van zorg over u wordt niet onderzocht", false, false, NULL},
    {"withdrawn", "Een vraag om gegevens over u is ingetrokken", false, false, NULL},
};

static const document_sentence *find(const document_sentence *all, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].word, word) == 0)
            return &all[i];
    return NULL;
}

const document_sentence *document_sentence_of(const Sluis__ApiDossierEntry *x)
{
    const document_sentence *s = NULL;
    if (strcmp(x->type, "case") == 0 || strcmp(x->type, "read") == 0 ||
        strcmp(x->type, "case-handover-reply") == 0)
        s = find(by_decision, sizeof by_decision / sizeof *by_decision, x->decision);
    return s ? s : find(by_type, sizeof by_type / sizeof *by_type, x->type);
}
