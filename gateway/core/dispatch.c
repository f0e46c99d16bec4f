#include <stddef.h>

#include "core/handlers.h"

/* The message kinds this version carries. A kind that is not here is refused by name, never routed unjudged.
 */
static const struct {
    Sluis__Kind kind;
    handler handle;
} table[] = {
    {SLUIS__KIND__REQUEST, handle_request},
    {SLUIS__KIND__RESPONSE, handle_response},
    {SLUIS__KIND__KNOWN_QUERY, handle_known_query},
    {SLUIS__KIND__KNOWN_ANSWER, handle_known_answer},
    {SLUIS__KIND__CORRECTION, handle_correction},
    {SLUIS__KIND__WITHDRAWAL, handle_withdrawal},
    {SLUIS__KIND__CLARIFICATION_QUESTION, handle_clarification_question},
    {SLUIS__KIND__CLARIFICATION_ANSWER, handle_clarification_answer},
    {SLUIS__KIND__CONCERN, handle_concern},
    {SLUIS__KIND__DELIVERY_STATUS, handle_delivery_status},
    {SLUIS__KIND__MEETING_INVITATION, handle_meeting_part},
    {SLUIS__KIND__MEETING_REPLY, handle_meeting_reply},
    {SLUIS__KIND__MEETING_REPORT, handle_meeting_part},
    {SLUIS__KIND__CASE_HANDOVER, handle_handover},
    {SLUIS__KIND__CASE_HANDOVER_REPLY, handle_handover_reply},
};

handler handler_of(Sluis__Kind k)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].kind == k)
            return table[i].handle;
    return NULL;
}
