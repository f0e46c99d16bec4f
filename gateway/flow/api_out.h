/* Packed ApiReplies: what the HTTP front turns into JSON. Thread: pure. */
#ifndef SLUIS_FLOW_API_OUT_H
#define SLUIS_FLOW_API_OUT_H

#include "api.pb-c.h"
#include "cases/cases.h"
#include "policy/rules.h"
#include "rows.pb-c.h"
#include "sluis.pb-c.h"
#include "wire/arena.h"

/* Each appends one packed ApiReply to out. */
sluis_err api_out_problem(buffer *out, uint64_t call, const sluis_fail *why);
/* The same, with the seconds after which another attempt makes sense; 0: nothing is said. */
sluis_err api_out_later(buffer *out, uint64_t call, const sluis_fail *why, uint32_t retry_after);
sluis_err api_out_case(buffer *out, uint64_t call, uint32_t status, const rules *rs, uint64_t now,
                       const id16 *case_id, const Sluis__CaseRow *row);
sluis_err api_out_request(buffer *out, uint64_t call, uint32_t status, const rules *r,
                          const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row);
/* What a client asked, and how it stands. */
sluis_err api_out_rights(buffer *out, uint64_t call, uint32_t status, const rules *rs, uint64_t now,
                         const uint8_t transaction[static UUID_LEN], const Sluis__RightsRow *row);
sluis_err api_rights_fill(Sluis__ApiRights *out, arena *a, const rules *rs, uint64_t now,
                          const uint8_t transaction[static UUID_LEN], const Sluis__RightsRow *row);
/* An entry was made in a dossier. */
sluis_err api_out_noted(buffer *out, uint64_t call, uint64_t journal_index, uint64_t when);
/* whole: with whom and what it is about, for who decides. */
sluis_err api_out_concern(buffer *out, uint64_t call, uint32_t status,
                          const uint8_t transaction[static UUID_LEN], const Sluis__ConcernRow *row,
                          bool whole);
void api_concern_fill(Sluis__ApiConcern *out, const uint8_t transaction[static UUID_LEN],
                      const Sluis__ConcernRow *row, bool whole);

/* core, body: what is offered, for who decides; NULL: nothing of it. */
sluis_err api_out_offer(buffer *out, uint64_t call, uint32_t status,
                        const uint8_t transaction[static UUID_LEN], const Sluis__OfferRow *row,
                        const Sluis__Core *core, const Sluis__CaseHandoverBody *body);
void api_offer_fill(Sluis__ApiOffer *out, const uint8_t transaction[static UUID_LEN],
                    const Sluis__OfferRow *row);

/* The pieces, for lists; strings borrowed, arrays in the arena. */
sluis_err api_request_fill(Sluis__ApiRequestState *out, arena *a, const rules *r,
                           const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row);
sluis_err api_results_fill(Sluis__ApiResult ***out, size_t *n, arena *a, const rules *r,
                           Sluis__ResultRow *const *rows, size_t count);

#endif
