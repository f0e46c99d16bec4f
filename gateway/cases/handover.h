/* A case on its way to another municipality. Here it is a HandoverRow in the case that is offered; there an
 * OfferRow, whose content stays sealed as it came until somebody decides, and is gone after that.
 *
 *   here    offered ──► accepted, refused (there), returned (their gateway does not take it), lapsed
 *   there   received ──► accepted, refused; lapses by itself
 *
 * An offer can be accepted until it expires. Its reply can arrive until it ends, as long again after that:
 * when that is over without one, none will come, and the case can be offered again. Thread: pure. */
#ifndef SLUIS_CASES_HANDOVER_H
#define SLUIS_CASES_HANDOVER_H

#include "cases/cases.h"
#include "crypto/seal_ring.h"
#include "sluis.pb-c.h"

#define HANDOVER_OFFERED  "offered"
#define HANDOVER_RECEIVED "received"
#define HANDOVER_ACCEPTED "accepted"
#define HANDOVER_REFUSED  "refused"
#define HANDOVER_RETURNED "returned"
#define HANDOVER_LAPSED   "lapsed"

/* When nothing about an offer of these times can arrive any more. */
uint64_t handover_ends(uint64_t created, uint64_t expires);
/* Whether it waits for its reply: nothing of the case can be offered then. row may be NULL. */
bool handover_waits(const Sluis__HandoverRow *row);

/* What is offered, opened with the register's key that it was sealed to; body and header in the arena.
 * CONFLICT: it is decided, or has expired; KEY_NOT_VALID: the key is gone; CORRUPT. */
sluis_err offer_open(const Sluis__OfferRow *row, const oin *own, const seal_ring *seals, uint64_t now,
                     arena *a, Sluis__Core **core, Sluis__CaseHandoverBody **body, sluis_fail *f);
/* The scope that goes with it, borrowed. */
void offer_scope(const Sluis__CaseHandoverBody *body, Sluis__ScopeRow *out);
/* The case that it would be here: kind, scope as the client's choice, and the members as they were told,
 * without persons. In the arena, borrowing from body; NOMEM. */
sluis_err offer_case(const Sluis__CaseHandoverBody *body, arena *a, Sluis__CaseRow *out);

#endif
