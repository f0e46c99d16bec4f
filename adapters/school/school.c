#include "school/school.h"

#include <ctype.h>
#include <string.h>

#define PUPIL "/o:dossier/o:huidigeschool/o:leerling"

/* ISO dates sort as text. */
static sluis_err in_order(document *d, const char *early, const char *late, const char *name, sluis_fail *f)
{
    const char *a, *b;
    sluis_err err = document_value(d, early, &a, f);
    if (!err)
        err = document_value(d, late, &b, f);
    if (err || !a || !b || strcmp(a, b) <= 0)
        return err;
    document_hits where;
    err = document_select(d, NULL, late, &where, f);
    return err ? err : document_fail(d, where.v[0].place, f, "lies before %s", name);
}

/* A pupil without a BSN carries an onderwijsnummer (the two exclude each other): known here, but not by the
 * identity that a request names. */
static sluis_err has_bsn(document *d, sluis_fail *f)
{
    document_hits number;
    sluis_err err = document_select(d, NULL, PUPIL "/o:onderwijsnummer", &number, f);
    if (err || !number.n)
        return err;
    return document_fail(d, number.v[0].place, f,
                         "a pupil with an onderwijsnummer instead of a BSN cannot be looked up");
}

/* Letters and digits alone, so that neither spaces nor capitals hide an address. */
static void squeeze(char out[static VALUE_MAX_BYTES + 1], const char *s)
{
    size_t n = 0;
    for (; *s && n < VALUE_MAX_BYTES; s++)
        if (isalnum((unsigned char)*s) || (unsigned char)*s >= 0x80)
            out[n++] = (char)tolower((unsigned char)*s);
    out[n] = '\0';
}

#define SECRET "//*[o:adresgeheim='true' or o:adresgeheim='1']/o:adreslijst/o:adres/"
#define LEAVES PUPIL "//*[not(*)][not(ancestor::o:adreslijst)]"

/* Words of an address that its owner keeps secret stand in no other element: a teacher's remark could tell
 * it. Short ones (a foreign postcode of four digits) would be met by accident. */
static sluis_err secret_stays(document *d, const char *words, size_t shortest, sluis_fail *f)
{
    char secret[VALUE_MAX_BYTES + 1], text[VALUE_MAX_BYTES + 1];
    document_hits kept, leaves;
    sluis_err err = document_select(d, NULL, words, &kept, f);
    if (!err && kept.n)
        err = document_select(d, NULL, LEAVES, &leaves, f);
    for (size_t i = 0; !err && i < kept.n; i++) {
        squeeze(secret, kept.v[i].text ? kept.v[i].text : "");
        for (size_t k = 0; !err && strlen(secret) >= shortest && k < leaves.n; k++) {
            squeeze(text, leaves.v[k].text ? leaves.v[k].text : "");
            if (strstr(text, secret))
                err = document_fail(d, leaves.v[k].place, f, "tells an address that is secret (adresgeheim)");
        }
    }
    return err;
}

static sluis_err school_check(document *d, sluis_fail *f)
{
    sluis_err err = has_bsn(d, f);
    if (!err)
        err =
            in_order(d, PUPIL "/o:datuminschrijving", PUPIL "/o:datumuitschrijving", "datuminschrijving", f);
    if (!err)
        err = in_order(d, PUPIL "/o:geboortedatum", PUPIL "/o:datuminschrijving", "geboortedatum", f);
    if (!err)
        err = secret_stays(d, SECRET "o:postcode", 6, f);
    if (!err)
        err = secret_stays(d, SECRET "o:straat", 4, f);
    return err;
}

const party_kind school_party = {"school", PARTY_FOLDER, ".xml", school_check};
