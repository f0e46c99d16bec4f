#include "wgs/wgs.h"

#include <string.h>

/* Every end lies on or after its own start. */
static sluis_err ends_after_start(document *d, const char *starts, const char *ends, sluis_fail *f)
{
    document_hits end, start;
    sluis_err err = document_select(d, NULL, ends, &end, f);
    for (size_t i = 0; !err && i < end.n; i++) {
        if (!end.v[i].text || !end.v[i].text[0])
            continue;
        err = document_select(d, end.v[i].place, starts, &start, f);
        if (!err && start.n == 1 && start.v[0].text && strcmp(start.v[0].text, end.v[i].text) > 0)
            err = document_fail(d, end.v[i].place, f, "lies before its startdatum");
    }
    return err;
}

static sluis_err wgs_check(document *d, sluis_fail *f)
{
    sluis_err err = ends_after_start(d, "/leveringen/*/schuldhulptrajecten/*/startdatum",
                                     "/leveringen/*/schuldhulptrajecten/*/einddatum", f);
    if (!err)
        err = ends_after_start(d, "/startdatumLevering", "/einddatumLevering", f);
    return err;
}

const party_kind wgs_party = {"wgs", PARTY_FOLDER, ".json", wgs_check};
