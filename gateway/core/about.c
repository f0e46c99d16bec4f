#include "core/about.h"

#include <string.h>

#include "base/clock.h"
#include "core/asking.h"
#include "core/passed_on.h"
#include "core/send.h"
#include "flow/api_out.h"
#include "wire/messages.h"

static bytes of(ProtobufCBinaryData d)
{
    return BYTES(d.data, d.len);
}

sluis_err about_request(turn *t, const job *j, about_who who, Sluis__RequestRow **row, subject *s,
                        sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    sluis_err e = turn_request_load(t, c->transaction.data, row, s);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, SLUIS_NOT_ASKED, "core.transaction", "no request of this transaction passed here");
    if (e)
        return e;
    if (who == ABOUT_PARTY && strcmp((*row)->party, c->sender) != 0)
        return fail_set(f, SLUIS_NOT_ASKED, "core.sender", "the request was put to another party");
    if (who == ABOUT_ASKER && strcmp((*row)->requester, c->sender) != 0)
        return fail_set(f, SLUIS_NOT_ASKED, "core.sender", "the request was put by another party");
    if (!bytes_equal(of((*row)->case_id), of(c->case_id)))
        return fail_set(f, SLUIS_NOT_ASKED, "core.case_id", "the request belongs to another case");
    return SLUIS_OK;
}

sluis_err about_answers_request(const job *j, const Sluis__RequestRow *row, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    bytes hash = strcmp(c->sender, row->party) == 0 ? of(row->message_hash) : passed_on_asked(row);
    if (bytes_equal(hash, of(c->answers)))
        return SLUIS_OK;
    return fail_set(f, SLUIS_NOT_ASKED, "core.answers", "the request of this transaction has another hash");
}

sluis_err about_own(turn *t, const job *j, Sluis__RequestRow **row, subject *s, sluis_fail *f)
{
    const ProtobufCBinaryData id = j->call->change_request->transaction;
    sluis_err e = id.len == UUID_LEN ? turn_request_load(t, id.data, row, s) : SLUIS_NOT_FOUND;
    if (!e &&
        (strcmp((*row)->application, j->claims.app) != 0 || strcmp((*row)->requester, j->claims.oin.s) != 0))
        e = SLUIS_NOT_FOUND;
    if (!e && !policy_asks(t->rules, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie iets vragen");
    return e == SLUIS_NOT_FOUND ? fail_set(f, e, "", "%s", error_text(e)) : e;
}

sluis_err about_member(turn *t, const job *j, ProtobufCBinaryData case_id, uint32_t member, bool any_law,
                       Sluis__CaseRow **row, subject *s, sluis_fail *f)
{
    id16 sid;
    sluis_err e =
        case_id.len == ID_LEN ? case_load(t->t, t->p->rows, case_id.data, t->arena, row) : SLUIS_NOT_FOUND;
    if (!e && (strcmp((*row)->owner, j->claims.oin.s) != 0 ||
               !(any_law || case_in_sight(t->rules, *row, j->claims.app))))
        e = SLUIS_NOT_FOUND;
    if (!e)
        e = case_member(*row, member, &sid);
    e = e == SLUIS_WITHDRAWN ? SLUIS_OK : e; /* handed over since: the dossier stays */
    if (!e)
        e = registry_subject_by_sid(t->p->registry, t->t, &sid, s);
    return e ? fail_set(f, e, "", "%s", error_text(e)) : SLUIS_OK;
}

static const char *const dutch[] = {[REQUEST_OPEN] = "open",           [REQUEST_HELD] = "aangehouden",
                                    [REQUEST_ANSWERED] = "beantwoord", [REQUEST_WITHDRAWN] = "ingetrokken",
                                    [REQUEST_EXPIRED] = "verlopen",    [REQUEST_RETURNED] = "teruggestuurd"};

sluis_err about_waits(const job *j, const Sluis__RequestRow *row, sluis_fail *f)
{
    request_state s;
    if (request_waits(row))
        return SLUIS_OK;
    sluis_err e = request_state_parse(&s, row->state);
    if (e)
        return SLUIS_CORRUPT;
    sluis_err code = s == REQUEST_WITHDRAWN ? SLUIS_WITHDRAWN : SLUIS_CONFLICT;
    if (j->call)
        return fail_set(
            f, code, "verzoekId",
            "het verzoek is %s; dit kan alleen zolang het open is; mogelijk: niets meer (vraag opnieuw)",
            dutch[s]);
    return fail_set(f, code, "core.answers",
                    "the request is %s; this is possible only while it is open; possible: nothing more "
                    "(correct an answer, or ask anew)",
                    row->state);
}

sluis_err about_text(const job *j, const char *text, const char *where, sluis_fail *f)
{
    if (motivation_blank(text))
        return fail_set(f, SLUIS_NO_MOTIVATION, where, "%s",
                        j->call ? "schrijf wat u bedoelt"
                                : "says nothing: write what is asked, answered or why");
    if (strlen(text) > ABOUT_TEXT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, where, j->call ? "ten hoogste %d bytes" : "at most %d bytes",
                        ABOUT_TEXT_MAX);
    return SLUIS_OK;
}

sluis_err about_to_requester(turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    for (size_t i = 0; i < c->n_recipients; i++)
        if (memcmp(c->recipients[i]->oin, t->p->settings->oin.s, OIN_LEN) != 0 &&
            strcmp(c->recipients[i]->oin, row->requester) != 0)
            return fail_set(f, SLUIS_DENIED, "core.recipients",
                            "an answer goes to the registry and its requester alone");
    if (!j->body)
        return fail_set(f, SLUIS_INVALID, "core.recipients", "an answer is sealed to the registry");
    return SLUIS_OK;
}

sluis_err about_to_party(turn *t, const job *j, const Sluis__RequestRow *row, const party **to, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    bool both = c->n_recipients == 2 && j->body;
    for (size_t i = 0; both && i < c->n_recipients; i++) {
        if (memcmp(c->recipients[i]->oin, t->p->settings->oin.s, OIN_LEN) == 0)
            continue;
        both = strcmp(c->recipients[i]->oin, row->party) == 0;
        if (both)
            return asking_party(t, c->recipients[i], to, f);
    }
    return fail_set(f, SLUIS_INVALID, "core.recipients", "it is sealed to the party asked and the registry");
}

sluis_err about_deliver_to_requester(turn *t, job *j, const Sluis__RequestRow *row, uint8_t *mh)
{
    const Sluis__Core *c = j->env->core;
    sluis_err e = SLUIS_OK;
    uint8_t hash[HASH_LEN];
    if (passed_on(row))
        return passed_on_to_asker(t, j, row, mh ? mh : hash);
    if (mh)
        memcpy(mh, j->env->mh, HASH_LEN);
    for (size_t i = 0; !e && i < c->n_recipients; i++) {
        oin to;
        if (memcmp(c->recipients[i]->oin, t->p->settings->oin.s, OIN_LEN) == 0)
            continue;
        e = oin_parse(&to, c->recipients[i]->oin, OIN_LEN);
        if (!e)
            e = turn_deliver(t, j, &to);
    }
    return e;
}

sluis_err about_deliver_to_party(turn *t, job *j, const Sluis__RequestRow *row, const party *to,
                                 bytes answers)
{
    uint8_t mh[HASH_LEN];
    return passed_on(row) ? passed_on_to_party(t, j, to, answers, mh) : turn_deliver(t, j, &to->oin);
}

void about_record(turn *t, const job *j, const Sluis__RequestRow *row, Sluis__Record *r)
{
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, r);
    r->decision = (char *)(uintptr_t) "permit";
    r->subject = row->sid;
    if (!*r->to)
        r->to = row->requester;
}

sluis_err about_say(turn *t, Sluis__RequestRow *row, const char *text, bytes mh, bytes answers, bytes sent)
{
    Sluis__DialogueRow **all = arena_alloc(t->arena, (row->n_dialogue + 1) * sizeof(*all));
    Sluis__DialogueRow *d = arena_alloc(t->arena, sizeof(*d));
    if (!all || !d)
        return SLUIS_NOMEM;
    sluis__dialogue_row__init(d);
    d->when = t->now;
    d->text = (char *)(uintptr_t)text;
    d->message_hash = (ProtobufCBinaryData){mh.n, (uint8_t *)(uintptr_t)mh.p};
    d->answers = (ProtobufCBinaryData){answers.n, (uint8_t *)(uintptr_t)answers.p};
    d->sent_hash = (ProtobufCBinaryData){sent.n, (uint8_t *)(uintptr_t)sent.p};
    if (row->n_dialogue)
        memcpy(all, row->dialogue, row->n_dialogue * sizeof(*all));
    all[row->n_dialogue++] = d;
    row->dialogue = all;
    return SLUIS_OK;
}

sluis_err about_send(turn *t, const job *j, const Sluis__RequestRow *row, Sluis__Kind kind, const char *text,
                     bytes answers, uint8_t mh[static HASH_LEN], sluis_fail *f)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    Sluis__Record r = SLUIS__RECORD__INIT;
    const party *to = NULL;
    oin o;
    sluis_err e = oin_parse(&o, row->party, strlen(row->party));
    if (!e)
        e = send_check(t, &o, "partij", &to, f);
    if (e)
        return e;
    body.text = (char *)(uintptr_t)text;
    c.transaction = j->call->change_request->transaction;
    c.kind = kind;
    c.application = (char *)(uintptr_t)j->claims.app;
    c.function = (char *)(uintptr_t)j->claims.function;
    c.employee = (char *)(uintptr_t)j->claims.employee;
    c.case_id = row->case_id;
    c.phase = (Sluis__Phase)row->phase;
    c.legal_basis = row->legal_basis;
    c.purpose = row->purpose;
    c.answers = (ProtobufCBinaryData){answers.n, (uint8_t *)(uintptr_t)answers.p};
    r.from = (char *)(uintptr_t)j->claims.oin.s;
    r.application = c.application;
    r.function = c.function;
    r.employee = c.employee;
    r.origin = SLUIS__ORIGIN__API;
    r.case_id = c.case_id;
    r.phase = c.phase;
    r.legal_basis = c.legal_basis;
    r.purpose = c.purpose;
    r.decision = (char *)(uintptr_t) "permit";
    r.subject = row->sid;
    return send_message(t, &c, &body.base, to, message_kind_of(kind)->max_lifetime_ms, &r, mh);
}

sluis_err about_reply(turn *t, job *j, const Sluis__RequestRow *row)
{
    return api_out_request(&j->reply, j->call->call, 200, t->rules, j->call->change_request->transaction.data,
                           row);
}
