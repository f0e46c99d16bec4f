/* A request over the bus: what of it the register answers, in the asker's own view, so that the party is not
 * asked again. The asker gets that part as a response of the gateway; what is left goes to the party in a
 * request that the gateway signs on the application's behalf (passed_on.h). Internal to core/. Thread: core.
 */
#ifndef SLUIS_CORE_FROM_REGISTER_H
#define SLUIS_CORE_FROM_REGISTER_H

#include "core/turn.h"

typedef struct {
    uint32_t known[ATTRIBUTES_MAX], asked[ATTRIBUTES_MAX]; /* both in the header's order */
    size_t known_count, asked_count;
    const Sluis__CaseRow *row; /* the case */
} register_split;

/* Of what comes by API the reader has looked before; what comes back after a restore is asked whole, as it
 * was.
 */
sluis_err from_register_split(turn *t, const job *j, const Sluis__CaseRow *c, const subject *s,
                              register_split *out);
/* What a request row shows of data that the register answered; in the turn's arena. */
sluis_err from_register_results(turn *t, const uint32_t *ids, size_t n, Sluis__RequestRow *row);
/* Journals and notes in the dossier that the register answered, and sends the asker the values with their
 * conditions. c: the case; to: the party that was asked. Leaves the turn's entry the request's. */
sluis_err from_register_answer(turn *t, const job *j, const subject *s, const party *to,
                               const register_split *split);

#endif
