#include "ggd/ggd.h"

#include <string.h>

#define BSN_ROOT "2.16.840.1.113883.2.4.6.3"

/* The message names the child twice, for routing and in the dossier; if they differ it is nobody's. */
static sluis_err ggd_check(document *d, sluis_fail *f)
{
    document_hits routed;
    const char *patient;
    sluis_err err = document_value(
        d, "//h:careProvisionEvent/h:subject/h:patient/h:id[@root='" BSN_ROOT "']/@extension", &patient, f);
    if (!err)
        err = document_select(d, NULL, "//h:attentionLine/h:value[@root='" BSN_ROOT "']/@extension", &routed,
                              f);
    for (size_t i = 0; !err && patient && i < routed.n; i++) {
        if (strcmp(routed.v[i].text, patient) != 0)
            err = document_fail(d, routed.v[i].place, f, "names another person than the dossier's patient");
    }
    return err;
}

const party_kind ggd_party = {"ggd", PARTY_FOLDER, ".xml", ggd_check};
