#include "core/deadline.h"

#include <string.h>

#include "core/close_request.h"
#include "core/cooperation.h"
#include "core/due.h"
#include "policy/levels.h"
#include "policy/templates.h"

typedef enum { NOTHING, REMINDED, LATE } pressed; /* RequestRow.pressed */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

sluis_err deadline_of(turn *t, const Sluis__Core *c, const char *domain, uint64_t asked, uint64_t *answer_by,
                      sluis_fail *f)
{
    if (asked && (asked <= t->now || asked > c->expires))
        return fail_set(f, SLUIS_INVALID, "body.answer_by", "between now and the time the request expires");
    uint32_t days =
        rules_answer_days(t->rules, c->purpose, domain, t->now, t->p->settings->answer_working_days);
    *answer_by = asked ? asked : least(rules_working_days_after(t->rules, t->now, days), c->expires);
    return SLUIS_OK;
}

static sluis_err plan(turn *t, const uint8_t *transaction, uint64_t at)
{
    return due_add(t, DUE_REQUEST, at, BYTES(transaction, UUID_LEN));
}

sluis_err deadline_begin(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                         const char *domain)
{
    const request_template *x = rules_template_for(t->rules, row->purpose, domain, t->now);
    uint32_t days = x ? x->remind_days : t->p->settings->remind_working_days;
    uint64_t remind = rules_working_days_before(t->rules, row->answer_by, days);
    return plan(t, transaction, remind > t->now ? remind : row->answer_by);
}

static sluis_err press(turn *t, const uint8_t *transaction, Sluis__RequestRow *row, const subject *s)
{
    const bool late = row->answer_by <= t->now;
    if (row->pressed >= (late ? LATE : REMINDED))
        return SLUIS_OK;
    row->pressed = late ? LATE : REMINDED;
    if (late) {
        cooperation_late(t, row->party);
        METRIC_ADD(t->p->metrics, requests_late, 1);
    } else {
        METRIC_ADD(t->p->metrics, requests_reminded, 1);
    }
    sluis_err e = turn_request_save(t, transaction, row, s);
    return e ? e : turn_request_event(t, transaction, row, late ? "request-late" : "request-reminder", NULL);
}

/* Nobody took it back: its end is an entry of its own. */
static sluis_err journal_end(turn *t, const uint8_t *transaction, const Sluis__RequestRow *row)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    r.type = SLUIS__RECORD_TYPE__R_RETURNED;
    r.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    r.message_hash = row->message_hash;
    r.kind = row->kind ? (Sluis__Kind)row->kind : SLUIS__KIND__REQUEST;
    r.from = row->requester;
    r.to = row->party;
    r.application = row->application;
    r.case_id = row->case_id;
    r.subject = row->sid;
    r.decision = (char *)(uintptr_t)error_token(SLUIS_EXPIRED);
    return turn_journal(t, &r);
}

sluis_err deadline_step(turn *t, const uint8_t transaction[static UUID_LEN])
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    uint8_t id[UUID_LEN];
    memcpy(id, transaction, UUID_LEN);
    sluis_err e = turn_request_load(t, id, &row, &s);
    if (e)
        return e;
    if (request_waits(row) && row->expires > t->now) {
        e = press(t, id, row, &s);
        if (!e)
            e = plan(t, id, row->answer_by > t->now ? row->answer_by : row->expires);
    } else if (request_waits(row)) {
        e = journal_end(t, id, row);
        if (!e)
            e = close_request(t, id, REQUEST_EXPIRED, SLUIS_EXPIRED);
    }
    subject_close(&s);
    return e;
}
