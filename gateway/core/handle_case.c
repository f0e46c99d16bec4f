/* Changes of a case, whole or not at all: the row, its journal entry, the members' dossiers, events and
 * notices, and the withdrawal of what the case does not cover any more, in core's one transaction. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/asking.h"
#include "core/case_change.h"
#include "core/close_request.h"
#include "core/due.h"
#include "core/secrecy.h"
#include "core/passed_on.h"
#include "core/send.h"
#include "flow/api_out.h"
#include "registry/entries.h"
#include "wire/messages.h"

#define WITHDRAWAL_DAYS 14
#define ROW_ARENA       (4u << 20)

/* One row a change that the API may ask for: what it needs, and what it does to the row. */
static const struct {
    case_event event;
    application_act act;
    sluis_err (*apply)(case_change *, sluis_fail *);
    bool narrows;                     /* open requests may fall outside */
    sluis_err (*then)(case_change *); /* what else is written, under the change's entry; NULL: nothing */
} changes[] = {
    {CASE_COORDINATE, ACT_CHANGE_CASE, change_coordinate, false, NULL},
    {CASE_CLOSE, ACT_CHANGE_CASE, change_end, true, NULL},
    {CASE_STOP, ACT_CHANGE_CASE, change_end, true, NULL},
    {CASE_UNRELATE, ACT_CHANGE_CASE, change_end, true, NULL},
    {CASE_CHOOSE_SCOPE, ACT_CHANGE_CASE, change_choose_scope, true, NULL},
    {CASE_WIDEN_SCOPE, ACT_WIDEN_SCOPE, change_widen_scope, false, NULL},
    {CASE_CHANGE_MEMBER, ACT_CHANGE_CASE, change_member, true, NULL},
    {CASE_NAME_COORDINATOR, ACT_CHANGE_CASE, change_coordinator, false, NULL},
    {CASE_REPORT_SERVICE, ACT_CHANGE_CASE, change_service, false, NULL},
    {CASE_LINK_PERSON, ACT_LINK_PERSON, change_link_person, true, change_person_linked},
    {CASE_BREAK_GLASS, ACT_BREAK_GLASS, change_break_glass, false, NULL},
    {CASE_REVIEW_GLASS, ACT_REVIEW_GLASS, change_review_glass, false, NULL},
    {CASE_ASK_LOOK, ACT_ASK_LOOK, change_ask_look, false, NULL},
    {CASE_DECIDE_LOOK, ACT_GRANT_LOOK, change_decide_look, false, NULL},
    {CASE_END_LOOK, ACT_ASK_LOOK, change_end_look, false, NULL},
    {CASE_JOIN, ACT_CHANGE_CASE, change_join, true, change_joined},
};
#define CHANGES (sizeof changes / sizeof changes[0])

/* ---- withdrawing ---- */

/* What it asks for may not be used any more. A question about no datum in particular ends when all is. */
static bool is_stopped(const turn *t, const case_facts *facts, const Sluis__RequestRow *q)
{
    bool any = facts->stopped && facts->stopped_count == 0;
    if (policy_puts_right(t->rules, q->purpose))
        return false;
    for (size_t i = 0; !any && i < q->n_attributes; i++)
        any = policy_stopped(facts, q->attributes[i]);
    return any;
}

/* Why the case does not cover it any more; NULL: it does. */
static const char *not_covered(turn *t, const Sluis__CaseRow *c, const Sluis__RequestRow *q, const id16 *sid)
{
    oin o;
    case_facts facts = case_facts_about(c, sid);
    const party *p = oin_parse(&o, q->party, strlen(q->party)) ? NULL : directory_find(t->dir, &o);
    policy_question was = {.application = q->application,
                           .domain = p ? p->domain : "",
                           .asked = q->party,
                           .purpose = q->purpose,
                           .attributes = q->attributes,
                           .attribute_count = q->n_attributes,
                           .at = t->now};
    if (!p || !policy_covers(t->rules, &was, &facts) || !case_member_of(c, sid))
        return "case-changed";
    return is_stopped(t, &facts, q) ? "processing-restricted" : NULL;
}

/* The party drops what it holds. A request of an application on the bus has another sender, whose withdrawal
 * alone counts there: its answer is refused when it comes. */
static sluis_err tell_party(turn *t, const uint8_t *transaction, const Sluis__RequestRow *q, const char *why,
                            const Sluis__Record *r)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    uint8_t mh[HASH_LEN];
    oin o;
    const party *to = NULL;
    if ((q->origin != SLUIS__ORIGIN__API && !passed_on(q)) || oin_parse(&o, q->party, strlen(q->party)) ||
        send_check(t, &o, "partij", &to, NULL))
        return SLUIS_OK;
    body.code = (char *)(uintptr_t)why;
    c.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    c.kind = SLUIS__KIND__WITHDRAWAL;
    c.application = q->application;
    c.case_id = q->case_id;
    c.phase = (Sluis__Phase)q->phase;
    c.answers = q->message_hash;
    return send_message(t, &c, &body.base, to, WITHDRAWAL_DAYS * DAY_MS, r, mh);
}

static sluis_err withdraw_one(turn *t, const uint8_t *transaction, const Sluis__CaseRow *c,
                              const Sluis__Record *r)
{
    Sluis__RequestRow *q = NULL;
    Sluis__Record rec = *r;
    subject s = {0};
    sluis_err e = turn_request_load(t, transaction, &q, &s);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    const char *why = not_covered(t, c, q, &s.sid);
    if (!request_waits(q) || !why) {
        subject_close(&s);
        return SLUIS_OK;
    }
    rec.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    rec.subject = (ProtobufCBinaryData){ID_LEN, s.sid.b};
    rec.to = q->party;
    rec.decision = (char *)(uintptr_t) "withdrawn";
    rec.detail = (char *)(uintptr_t)why;
    rec.n_attributes = q->n_attributes;
    rec.attributes = q->attributes;
    e = turn_journal(t, &rec);
    if (!e)
        e = turn_dossier(t, &s, q->case_id.data, NULL, NULL, 0);
    if (!e)
        e = close_request(t, transaction, REQUEST_WITHDRAWN, case_is_open(c) ? SLUIS_DENIED : SLUIS_NO_CASE);
    if (!e)
        e = tell_party(t, transaction, q, why, &rec);
    subject_close(&s);
    return e;
}

typedef struct {
    uint8_t (*found)[UUID_LEN];
    size_t n;
    uint32_t member; /* where the next step goes on: in whose dossier, 0 = nowhere any more */
    uint64_t from;   /* and from which entry of the journal */
} step;

/* Transactions of requests that were filed in this case, or one that goes on in it, about this member, oldest
 * first, from step->from on; as many as one step takes. */
static sluis_err requests_of(turn *t, const Sluis__MemberRow *who, const uint8_t *case_id,
                             const Sluis__CaseRow *row, arena *a, step *s)
{
    entry_walk all;
    bytes key, sealed;
    ProtobufCMessage *m = NULL, *rec = NULL;
    id16 sid;
    memcpy(sid.b, who->sid.data, ID_LEN);
    sluis_err e = entries_open(&all, t->t, t->p->rows, TABLE_DOSSIER, &sid, s->from);
    while (!e && (e = entries_next(&all, &key, &sealed)) == SLUIS_OK) {
        arena_reset(a);
        if (s->n == CASE_REQUESTS_STEP) {
            s->member = who->member;
            s->from = get_u64(key.p + ID_LEN);
            break;
        }
        e = row_open(t->p->registry, t->t, TABLE_DOSSIER, key, sealed, a, &sluis__dossier_row__descriptor, &m,
                     NULL);
        const Sluis__DossierRow *d = (const Sluis__DossierRow *)m;
        if (!e)
            e = row_unpack(&rec, &sluis__record__descriptor, a, BYTES(d->record.data, d->record.len));
        const Sluis__Record *r = (const Sluis__Record *)rec;
        if (e || r->type != SLUIS__RECORD_TYPE__R_MESSAGE ||
            (r->kind != SLUIS__KIND__REQUEST && r->kind != SLUIS__KIND__KNOWN_QUERY) ||
            r->transaction.len != UUID_LEN || !case_covers(row, case_id, r->case_id))
            continue;
        memcpy(s->found[s->n++], r->transaction.data, UUID_LEN);
    }
    entries_close(&all);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* One step, from a member and an entry on; what is left is done a moment later. */
static sluis_err withdraw_step(turn *t, const uint8_t *case_id, const Sluis__CaseRow *row,
                               const Sluis__Record *r, uint32_t member, uint64_t from)
{
    uint8_t again[ID_LEN + 4 + 8];
    arena *a = arena_new(ROW_ARENA);
    step s = {.found = arena_alloc(t->arena, CASE_REQUESTS_STEP * UUID_LEN), .from = from};
    sluis_err e = s.found && a ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && !s.member && i < row->n_members; i++) {
        if (row->members[i]->member < member)
            continue;
        e = requests_of(t, row->members[i], case_id, row, a, &s);
        s.from = s.member ? s.from : 0;
    }
    for (size_t i = 0; !e && i < s.n; i++)
        e = withdraw_one(t, s.found[i], row, r);
    arena_free(&a);
    memcpy(again, case_id, ID_LEN);
    put_u32(again + ID_LEN, s.member);
    put_u64(again + ID_LEN + 4, s.from);
    return e || !s.member ? e : due_add(t, DUE_WITHDRAWAL, t->now, BYTES_OF(again));
}

sluis_err case_withdraw(turn *t, const uint8_t *case_id, const Sluis__CaseRow *row, const Sluis__Record *r)
{
    return withdraw_step(t, case_id, row, r, 0, 0);
}

sluis_err case_withdraw_due(turn *t, const uint8_t *case_id, uint32_t member, uint64_t from)
{
    Sluis__CaseRow *row = NULL;
    Sluis__Record r = SLUIS__RECORD__INIT;
    uint8_t id[ID_LEN];
    memcpy(id, case_id, ID_LEN);
    sluis_err e = case_load_now(t->t, t->p->rows, id, t->arena, &row);
    if (e)
        return e;
    if (memcmp(id, case_id, ID_LEN) != 0) /* it goes on in another, whose members have other numbers */
        member = 0, from = 0;
    r.type = SLUIS__RECORD_TYPE__R_CASE;
    r.from = row->owner;
    r.application = row->opened_by;
    r.case_id = (ProtobufCBinaryData){ID_LEN, id};
    return withdraw_step(t, id, row, &r, member, from);
}

/* ---- a change ---- */

/* In acute danger the case is there for every law. */
static sluis_err load(turn *t, const job *j, case_event event, Sluis__CaseRow **row, sluis_fail *f)
{
    const ProtobufCBinaryData id = j->call->change_case->case_id;
    const bool danger = event == CASE_BREAK_GLASS || event == CASE_REVIEW_GLASS;
    sluis_err e = id.len == ID_LEN ? case_load(t->t, t->p->rows, id.data, t->arena, row) : SLUIS_NOT_FOUND;
    if (!e && (strcmp((*row)->owner, j->claims.oin.s) != 0 ||
               !(danger || case_in_sight(t->rules, *row, j->claims.app))))
        e = SLUIS_NOT_FOUND;
    return e ? fail_set(f, e, "", "%s", error_text(e)) : SLUIS_OK;
}

static void be_loud(const case_change *c)
{
    char hex[33];
    id16 id;
    memcpy(id.b, c->id, ID_LEN);
    id_format(hex, &id);
    METRIC_ADD(c->t->p->metrics, glass_broken, 1);
    log_write(LOG_WARN, "case.glass-broken", "case", hex, "application", c->j->claims.app, "employee",
              c->j->claims.employee, "text", "a look in acute danger: to be reviewed", NULL);
}

/* What this case says of the member's address now, every case of the person says. */
static sluis_err spread_secrecy(case_change *c)
{
    for (size_t i = 0; i < c->row->n_members; i++)
        if (c->row->members[i]->member == c->about)
            return secrecy_spread(c->t, c->row->members[i]->sid.data, c->id, c->row->members[i]->secret,
                                  &c->r);
    return SLUIS_NOT_FOUND;
}

static sluis_err write_change(case_change *c, size_t i)
{
    turn *t = c->t;
    const char *done = case_event_done(changes[i].event);
    c->r.decision = (char *)(uintptr_t)done;
    c->r.phase = case_facts_of(c->row).phase;
    sluis_err e = case_save(t->t, t->p->rows, c->id, c->row);
    if (!e)
        e = turn_journal(t, &c->r);
    if (!e && changes[i].then)
        e = changes[i].then(c);
    if (!e)
        e = case_note(t, c->id, c->row, c->about, change_concerned(c), c->in->motivation);
    if (!e)
        e = turn_event(t, done, &c->r, c->r.detail);
    if (!e && c->notice)
        e = turn_event(t, "client-notice", &c->r, c->notice);
    if (!e && changes[i].narrows)
        e = case_withdraw(t, c->id, c->row, &c->r);
    if (!e && (changes[i].event == CASE_CHANGE_MEMBER || changes[i].event == CASE_LINK_PERSON))
        e = spread_secrecy(c);
    if (!e && changes[i].event == CASE_BREAK_GLASS)
        be_loud(c);
    return e;
}

sluis_err handle_change_case(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiChangeCase *in = j->call->change_case;
    case_change c = {.t = t, .j = j, .in = in, .id = in->case_id.data};
    case_state from, to;
    size_t i = 0;
    while (i < CHANGES && strcmp(case_event_name(changes[i].event), in->event) != 0)
        i++;
    if (i == CHANGES)
        return fail_set(f, SLUIS_INVALID, "overgang", "deze overgang bestaat niet");
    if (!policy_may(t->rules, changes[i].act, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie", "geen geldende regel laat deze functie %s",
                        case_event_name(changes[i].event));
    sluis_err e = asking_words(in->motivation, "motivering", "schrijf waarom", f);
    if (!e)
        e = load(t, j, changes[i].event, &c.row, f);
    if (!e)
        e = case_state_parse(&from, c.row->phase);
    if (!e)
        e = case_step(from, changes[i].event, case_coordination(c.row, t->rules), &to, f);
    if (e)
        return e;
    api_record(j, SLUIS__RECORD_TYPE__R_CASE, c.id, &c.r);
    e = changes[i].apply(&c, f);
    id16 sid;
    if (!e && in->member && case_member(c.row, in->member, &sid))
        e = fail_set(f, SLUIS_INVALID, "lid", "dit lid is er niet");
    if (!e && !c.same) {
        c.row->phase = (char *)(uintptr_t)case_state_name(to);
        e = write_change(&c, i);
    }
    id16 id;
    memcpy(id.b, c.id, ID_LEN);
    if (!e)
        e = api_out_case(&j->reply, j->call->call, 200, t->rules, t->now, &id, c.row);
    subject_close(&c.was);
    subject_close(&c.person);
    return e;
}
