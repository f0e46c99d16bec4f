#include "core/close_request.h"

#include "core/cooperation.h"
#include "core/rectify.h"

sluis_err close_request(turn *t, const uint8_t transaction[static UUID_LEN], request_state state,
                        sluis_err why)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    sluis_err e = turn_request_load(t, transaction, &row, &s);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* its subject was forgotten */
    if (!request_waits(row)) {
        subject_close(&s);
        return SLUIS_OK;
    }
    row->state = (char *)(uintptr_t)request_state_name(state);
    row->reason = (char *)(uintptr_t)error_token(why);
    if (state == REQUEST_RETURNED)
        cooperation_failed(t, row->party);
    e = turn_request_save(t, transaction, row, &s);
    if (!e && state != REQUEST_WITHDRAWN) /* who withdraws writes down why */
        e = turn_dossier(t, &s, row->case_id.data, NULL, NULL, 0);
    if (!e)
        e = rectify_heard(t, &s, row->attributes, row->n_attributes);
    if (!e)
        e = turn_request_event(t, transaction, row,
                               state == REQUEST_RETURNED    ? "request-returned"
                               : state == REQUEST_WITHDRAWN ? "request-withdrawn"
                                                            : "request-expired",
                               error_token(why));
    subject_close(&s);
    return e;
}
