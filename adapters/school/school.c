#include "school/school.h"

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

static sluis_err school_check(document *d, sluis_fail *f)
{
    sluis_err err = has_bsn(d, f);
    if (!err)
        err =
            in_order(d, PUPIL "/o:datuminschrijving", PUPIL "/o:datumuitschrijving", "datuminschrijving", f);
    if (!err)
        err = in_order(d, PUPIL "/o:geboortedatum", PUPIL "/o:datuminschrijving", "geboortedatum", f);
    return err;
}

const party_kind school_party = {"school", PARTY_FOLDER, ".xml", school_check};
