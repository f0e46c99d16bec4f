/* Reports of concern: brought by a party on the bus (CONCERN) or through the API; decided once, with reasons,
 * which go back to whoever reported: as CONCERN_OUTCOME, or where the application asks for it. */
#include <string.h>

#include "base/clock.h"
#include "cases/concern.h"
#include "cases/links.h"
#include "core/agreed.h"
#include "core/asking.h"
#include "core/handlers.h"
#include "core/reported.h"
#include "core/send.h"
#include "flow/api_out.h"

#define OUTCOME_DAYS 28
#define REPORTER_MAX 200

/* In the language of who reports: a person by a call, or a party's system on the bus. */
static sluis_err check_concern(turn *t, const job *j, const char *bsn, const char *concern,
                               const char *reporter, sluis_fail *f)
{
    const bool dutch = j->call;
    if (!bsn_valid(bsn, strlen(bsn)))
        return fail_set(f, SLUIS_INVALID, dutch ? "bsn" : "body.subject.bsn",
                        dutch ? "een BSN heeft negen cijfers die de elfproef doorstaan"
                              : "nine digits that pass the eleven-test are needed");
    if (bsn_is_test(bsn) != t->p->settings->test_mode)
        return fail_set(f, SLUIS_MODE, dutch ? "bsn" : "body.subject.bsn",
                        dutch ? "testpersonen en echte personen gaan niet samen"
                              : "test and real persons do not mix");
    if (motivation_blank(concern))
        return fail_set(f, SLUIS_NO_MOTIVATION, dutch ? "zorg" : "body.concern",
                        dutch ? "schrijf wat de zorg is" : "say what the concern is");
    if (strlen(concern) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, dutch ? "zorg" : "body.concern",
                        dutch ? "ten hoogste %d bytes" : "at most %d bytes", MOTIVATION_MAX);
    if (strlen(reporter) > REPORTER_MAX)
        return fail_set(f, SLUIS_TOO_BIG, dutch ? "melder" : "body.reporter",
                        dutch ? "ten hoogste %d bytes" : "at most %d bytes", REPORTER_MAX);
    return SLUIS_OK;
}

/* Keeps it under its person, who may be new here. */
static sluis_err write_concern(turn *t, const uint8_t *transaction, Sluis__ConcernRow *row, Sluis__Record *r)
{
    subject s = {0};
    sluis_err e = registry_subject(t->p->registry, t->t, row->bsn, true, &s);
    row->state = (char *)(uintptr_t)CONCERN_RECEIVED;
    row->received = t->now;
    row->sid = (ProtobufCBinaryData){ID_LEN, s.sid.b};
    r->subject = row->sid;
    r->decision = (char *)(uintptr_t) "permit";
    if (!e)
        e = turn_journal(t, r);
    if (!e)
        e = turn_put_sealed(t, &s, TABLE_CONCERN, BYTES(transaction, UUID_LEN), &row->base);
    if (!e)
        e = link_put(t->t, t->p->rows, s.sid.b, TABLE_CONCERN, transaction);
    if (!e)
        e = turn_event(t, "concern-received", r, NULL);
    subject_close(&s);
    return e;
}

sluis_err handle_concern(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__ConcernBody *b = (const Sluis__ConcernBody *)j->body;
    Sluis__ConcernRow row = SLUIS__CONCERN_ROW__INIT;
    Sluis__Record r;
    bytes there;
    if (c->n_recipients != 1 || !b)
        return fail_set(f, SLUIS_INVALID, "core.recipients", "a concern is sealed to the registry alone");
    if (!b->subject)
        return fail_set(f, SLUIS_INVALID, "body.subject", "say whom it is about");
    sluis_err e = check_concern(t, j, b->subject->bsn, b->concern, b->reporter, f);
    if (!e && store_get(t->t, TABLE_CONCERN, BYTES(c->transaction.data, UUID_LEN), &there) != SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "core.transaction", "this transaction has its concern already");
    if (!e)
        e = agreed_sender(t, j, f);
    if (!e)
        e = reported_admit(t, &j->env->sender, f);
    if (e)
        return e;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    row.bsn = b->subject->bsn;
    row.concern = b->concern;
    row.reporter = b->reporter;
    row.from = c->sender;
    row.application = c->application;
    row.origin = SLUIS__ORIGIN__BUS;
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    return write_concern(t, c->transaction.data, &row, &r);
}

static sluis_err check_room(turn *t, const char *bsn, sluis_fail *f)
{
    uint64_t fresh = 0;
    sluis_err e = registry_check(t->p->registry, t->t, bsn, &fresh);
    return e == SLUIS_FULL ? fail_set(f, SLUIS_REGISTER_FULL, "bsn", "%s", error_text(SLUIS_REGISTER_FULL))
                           : e;
}

sluis_err handle_report_concern(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiReportConcern *in = j->call->report_concern;
    Sluis__ConcernRow row = SLUIS__CONCERN_ROW__INIT;
    Sluis__Record r;
    uuid transaction = uuid_new(t->now);
    if (!policy_may(t->rules, ACT_REPORT_CONCERN, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie", "geen geldende regel laat deze functie melden");
    sluis_err e = check_concern(t, j, in->bsn, in->concern, in->reporter, f);
    if (!e)
        e = check_room(t, in->bsn, f);
    if (e)
        return e;
    api_record(j, SLUIS__RECORD_TYPE__R_CASE, NULL, &r);
    r.transaction = (ProtobufCBinaryData){UUID_LEN, transaction.b};
    r.kind = SLUIS__KIND__CONCERN;
    row.bsn = in->bsn;
    row.concern = in->concern;
    row.reporter = in->reporter;
    row.from = j->claims.oin.s;
    row.application = j->claims.app;
    row.origin = SLUIS__ORIGIN__API;
    row.reported_by = j->claims.employee;
    e = write_concern(t, transaction.b, &row, &r);
    return e ? e : api_out_concern(&j->reply, j->call->call, 201, transaction.b, &row, false);
}

/* ---- deciding ---- */

/* Research is done in an open case that has this person as a member. */
static sluis_err check_case(turn *t, const job *j, const Sluis__ConcernRow *row, sluis_fail *f)
{
    const Sluis__ApiDecideConcern *in = j->call->decide_concern;
    Sluis__CaseRow *c = NULL;
    id16 sid;
    if (!in->research)
        return in->case_id.len
                   ? fail_set(f, SLUIS_INVALID, "zaakId", "zonder onderzoek hoort er geen zaak bij")
                   : SLUIS_OK;
    sluis_err e = in->case_id.len == ID_LEN ? case_load(t->t, t->p->rows, in->case_id.data, t->arena, &c)
                                            : SLUIS_NOT_FOUND;
    if (e == SLUIS_NOT_FOUND || (!e && (!case_is_open(c) || strcmp(c->owner, j->claims.oin.s) != 0)))
        return fail_set(f, SLUIS_NO_CASE, "zaakId", "onderzoek gebeurt in een open zaak: open die eerst");
    if (e)
        return e;
    memcpy(sid.b, row->sid.data, ID_LEN);
    return case_member_of(c, &sid)
               ? SLUIS_OK
               : fail_set(f, SLUIS_NO_CASE, "zaakId", "wie het betreft is geen lid van deze zaak");
}

/* To the party that reported, without the case: what it is called here says nothing there. */
static sluis_err tell_reporter(turn *t, const job *j, const Sluis__ConcernRow *row, const Sluis__Record *r)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__ConcernOutcomeBody body = SLUIS__CONCERN_OUTCOME_BODY__INIT;
    uint8_t mh[HASH_LEN];
    oin o;
    const party *to = NULL;
    if (row->origin != SLUIS__ORIGIN__BUS || oin_parse(&o, row->from, strlen(row->from)) ||
        send_check(t, &o, "melder", &to, NULL))
        return SLUIS_OK;
    body.research = j->call->decide_concern->research;
    body.motivation = row->motivation;
    c.transaction = r->transaction;
    c.kind = SLUIS__KIND__CONCERN_OUTCOME;
    c.application = (char *)(uintptr_t)j->claims.app;
    c.function = (char *)(uintptr_t)j->claims.function;
    c.employee = (char *)(uintptr_t)j->claims.employee;
    c.answers = row->message_hash;
    return send_message(t, &c, &body.base, to, OUTCOME_DAYS * DAY_MS, r, mh);
}

static sluis_err write_decision(turn *t, job *j, Sluis__ConcernRow *row, const subject *s)
{
    const Sluis__ApiDecideConcern *in = j->call->decide_concern;
    Sluis__Record r;
    api_record(j, SLUIS__RECORD_TYPE__R_CASE, in->case_id.len ? in->case_id.data : NULL, &r);
    r.transaction = in->transaction;
    r.kind = SLUIS__KIND__CONCERN_OUTCOME;
    r.subject = row->sid;
    r.decision = (char *)(uintptr_t)(in->research ? "concern-research" : "concern-no-research");
    row->state = (char *)(uintptr_t)(in->research ? CONCERN_RESEARCH : CONCERN_NO_RESEARCH);
    row->decided = t->now;
    row->decided_by = j->claims.employee;
    row->motivation = in->motivation;
    row->case_id = in->case_id;
    sluis_err e = turn_journal(t, &r);
    if (!e)
        e = turn_put_sealed(t, s, TABLE_CONCERN, BYTES(in->transaction.data, UUID_LEN), &row->base);
    if (!e)
        e = turn_dossier(t, s, in->case_id.len ? in->case_id.data : NULL, in->motivation, NULL, 0);
    if (!e)
        e = turn_event(t, "concern-decided", &r, row->state);
    if (!e)
        e = tell_reporter(t, j, row, &r);
    return e ? e : api_out_concern(&j->reply, j->call->call, 200, in->transaction.data, row, true);
}

sluis_err handle_decide_concern(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiDecideConcern *in = j->call->decide_concern;
    bytes key = BYTES(in->transaction.data, in->transaction.len), sealed;
    ProtobufCMessage *m = NULL;
    subject s = {0};
    if (!policy_may(t->rules, ACT_DECIDE_CONCERN, j->claims.app, j->claims.function, t->now) ||
        !oin_equal(&j->claims.oin, &t->p->settings->oin))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie over meldingen besluiten");
    sluis_err e = asking_words(in->motivation, "motivering", "schrijf waarom: de melder leest dit", f);
    if (e)
        return e;
    e = key.n == UUID_LEN ? store_get(t->t, TABLE_CONCERN, key, &sealed) : SLUIS_NOT_FOUND;
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_CONCERN, key, sealed, t->arena,
                     &sluis__concern_row__descriptor, &m, &s);
    Sluis__ConcernRow *row = (Sluis__ConcernRow *)m;
    if (e)
        fail_set(f, e, "", "%s", error_text(e));
    if (!e)
        e = asking_another(t, j, ACT_DECIDE_CONCERN, row->reported_by, f);
    if (!e)
        e = concern_check_open(row, f);
    if (!e)
        e = check_case(t, j, row, f);
    if (!e)
        e = write_decision(t, j, row, &s);
    subject_close(&s);
    return e;
}
