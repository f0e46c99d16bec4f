/* What another municipality offers is taken over, or not: decided once, by a person, with reasons that go
 * back. Taken over, it is a case here at that moment, with its members, data and who gave them; the reply is
 * queued in the same transaction. */
#include <string.h>

#include "cases/handover.h"
#include "core/agreed.h"
#include "core/handlers.h"
#include "core/secrecy.h"
#include "core/send.h"
#include "flow/api_out.h"

typedef struct {
    turn *t;
    job *j;
    const Sluis__ApiDecideOffer *in;
    Sluis__OfferRow *row;
    Sluis__Core *core; /* of the message that offered it */
    Sluis__CaseHandoverBody *body;
    const party *from;
    id16 case_id; /* here, and its row; when it is taken over */
    Sluis__CaseRow opened;
    bool differs; /* from what another source said: somebody has to resolve it */
} decision;

static sluis_err load(decision *d, sluis_fail *f)
{
    turn *t = d->t;
    bytes key = BYTES(d->in->transaction.data, d->in->transaction.len);
    ProtobufCMessage *m = NULL;
    oin who;
    sluis_err e = key.n == UUID_LEN ? rows_get(t->t, t->p->rows, TABLE_OFFER, key, t->arena,
                                               &sluis__offer_row__descriptor, &m)
                                    : SLUIS_NOT_FOUND;
    d->row = (Sluis__OfferRow *)m;
    if (e)
        return fail_set(f, e, "", "%s", error_text(e));
    e = offer_open(d->row, &t->p->settings->oin, t->seals, t->now, t->arena, &d->core, &d->body, f);
    if (!e)
        e = oin_parse(&who, d->row->from, strlen(d->row->from));
    return e ? e : send_check(t, &who, "gemeente", &d->from, f);
}

/* ---- taking over ---- */

/* Whether the case that it was given for is over for this person: it goes on in none here. */
static sluis_err case_is_over(const decision *d, const subject *s, const Sluis__DatumTerms *terms, bool *over)
{
    uint8_t id[ID_LEN];
    Sluis__CaseRow *row = NULL;
    *over = false;
    if (terms->case_id.len != ID_LEN)
        return SLUIS_OK;
    memcpy(id, terms->case_id.data, ID_LEN);
    sluis_err e = case_load_now(d->t->t, d->t->p->rows, id, d->t->arena, &row);
    *over = e == SLUIS_NOT_FOUND || (!e && (!case_is_open(row) || !case_member_of(row, &s->sid)));
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* A case that comes back brings what its source said here itself, on the same conditions, which held it to
 * the case of before. Nobody says anything else: there is nothing to resolve. That case is over, so the word
 * goes on in this one, as its source gave it, application and purpose included. */
static sluis_err comes_back(const decision *d, const subject *s, uint32_t id, const id16 *instance,
                            Sluis__DatumRow *row, Sluis__DatumTerms *terms)
{
    datum now = {.version = 0};
    bool over = false;
    sluis_err e = registry_get(d->t->p->registry, d->t->t, s, id, instance, d->t->arena, &now);
    if (e || !row->terms || !now.row->terms || strcmp(now.row->source, row->source) != 0 ||
        now.row->terms->until != row->terms->until)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    Sluis__DatumRow here = *now.row;
    here.terms = row->terms;
    if (registry_same(&here, row))
        e = case_is_over(d, s, now.row->terms, &over);
    if (e || !over)
        return e;
    here.journal_index = row->journal_index;
    here.registered = row->registered;
    terms->application = now.row->terms->application;
    terms->purpose = now.row->terms->purpose;
    *row = here;
    return SLUIS_OK;
}

/* Conditions hold it to the case; what they said of applications and purposes did not travel. */
static sluis_err register_datum(decision *d, const subject *s, const Sluis__HandoverDatum *x)
{
    turn *t = d->t;
    const attribute *a = rules_attribute_named(t->rules, x->name);
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    const id16 instance = instance_of(x->instance);
    datum_outcome outcome;
    uint64_t version;
    if (!a)
        return SLUIS_CONFLICT; /* seen before, by check_data */
    terms.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)d->case_id.b};
    terms.application = d->j->claims.app;
    terms.purpose = d->core->purpose;
    terms.until = x->until;
    row.value = x->value;
    row.source = x->source;
    row.brought_by = d->row->from;
    row.message_hash = d->row->message_hash;
    row.legal_basis = x->legal_basis;
    row.category = a->category;
    row.obtained = x->obtained && x->obtained < t->now ? x->obtained : t->now;
    row.valid_from = x->valid_from;
    row.valid_until = x->valid_until;
    row.reference = x->reference;
    row.conditions = x->conditions;
    row.n_conditions = x->n_conditions;
    row.terms = x->n_conditions ? &terms : NULL;
    row.laws = x->laws;
    row.n_laws = x->n_laws;
    row.registered = t->now;
    row.journal_index = t->entry.index;
    sluis_err e = comes_back(d, s, a->id, &instance, &row, &terms);
    if (!e)
        e = registry_put(t->p->registry, t->t, s, a->id, &instance, &row, &outcome, &version, NULL);
    d->differs = d->differs || (!e && outcome == DATUM_DISCREPANCY);
    if (!e && outcome == DATUM_DISCREPANCY)
        METRIC_ADD(t->p->metrics, registry_discrepancies, 1);
    if (!e && outcome != DATUM_SAME)
        METRIC_ADD(t->p->metrics, registry_data, 1);
    return e;
}

/* What the member's data up to this one, each of another instance, name of this one's attribute; 0: a later
 * one is of it, too. */
static size_t named_up_to(const Sluis__HandoverMember *m, size_t i, id16 *named)
{
    size_t n = 0;
    for (size_t k = i + 1; k < m->n_data; k++)
        if (strcmp(m->data[k]->name, m->data[i]->name) == 0)
            return 0;
    for (size_t k = 0; k <= i; k++)
        if (strcmp(m->data[k]->name, m->data[i]->name) == 0)
            named[n++] = instance_of(m->data[k]->instance);
    return n;
}

/* So many instances of each datum fit beside what is registered here: looked at with the last of it. */
static sluis_err check_data_room(const decision *d, const Sluis__HandoverMember *m, sluis_fail *f)
{
    turn *t = d->t;
    const arena_place empty = arena_at(t->arena);
    const uint32_t most = t->p->settings->instances;
    id16 *named = arena_alloc(t->arena, (m->n_data + 1) * sizeof(*named));
    subject s = {0};
    sluis_err e = named ? registry_subject(t->p->registry, t->t, m->bsn, false, &s) : SLUIS_NOMEM;
    const bool here = !e;
    e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    for (size_t i = 0; !e && i < m->n_data; i++) {
        const attribute *a = rules_attribute_named(t->rules, m->data[i]->name);
        const size_t n = named_up_to(m, i, named);
        bool fits = n <= most;
        if (here && n)
            e = registry_fits(t->t, &s, a->id, named, n, most, &fits);
        if (!e && !fits)
            e = fail_set(
                f, SLUIS_CONFLICT, "overdracht",
                "lid %u: van één persoon worden ten hoogste %u voorkomens van %s geregistreerd: laat "
                "de beheerder die grens verhogen (limits.instances), of wijs de zaak af",
                m->member, most, a->name);
    }
    subject_close(&s);
    arena_back(t->arena, empty);
    return e;
}

/* Each can be registered now. */
static sluis_err check_persons(const decision *d, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    uint64_t fresh = 0;
    for (size_t i = 0; !e && i < d->body->n_members; i++)
        if ((e = registry_check(d->t->p->registry, d->t->t, d->body->members[i]->bsn, &fresh)) ==
            SLUIS_CONFLICT)
            fail_set(f, e, "overdracht", "lid %u wordt op dit moment vergeten: besluit daarna",
                     d->body->members[i]->member);
    for (size_t i = 0; !e && i < d->body->n_members; i++) {
        const Sluis__HandoverMember *m = d->body->members[i];
        e = case_check_room(d->t, m->bsn, "", m->member, "overdracht", f);
        if (!e)
            e = check_data_room(d, m, f);
    }
    return e == SLUIS_FULL
               ? fail_set(f, SLUIS_REGISTER_FULL, "overdracht", "%s", error_text(SLUIS_REGISTER_FULL))
               : e;
}

/* What the covenant lets that municipality bring; without it the reply would not reach it either. */
static bool still_agreed(const decision *d)
{
    const Sluis__Core *c = d->core;
    for (size_t i = 0; i < c->n_attributes; i++)
        if (!rules_attribute(d->t->rules, c->attributes[i]))
            return false;
    return !agreed_handover(d->t, d->from, AGREED_GIVES, c->purpose, c->attributes, c->n_attributes, NULL);
}

/* The rules and the covenant may have changed since it came in. */
static sluis_err check_data(const decision *d, sluis_fail *f)
{
    bool can = still_agreed(d);
    for (size_t i = 0; can && i < d->body->n_members; i++)
        for (size_t k = 0; can && k < d->body->members[i]->n_data; k++)
            can = !offered_datum(d->t, d->from, d->body->members[i]->data[k], NULL);
    return can ? check_persons(d, f)
               : fail_set(f, SLUIS_CONFLICT, "overdracht",
                          "de regels of het convenant zijn veranderd: laat de zaak opnieuw aanbieden");
}

/* What holds of the person in every case here holds in this one. */
static sluis_err apply_known(const decision *d, const subject *s, Sluis__MemberRow *row)
{
    bool secret = false;
    sluis_err e = rights_apply_to(d->t, s, row);
    if (!e)
        e = secrecy_known(d->t, s->sid.b, &secret);
    row->secret = row->secret || secret;
    return e;
}

static sluis_err add_person(decision *d, const Sluis__HandoverMember *m, Sluis__MemberRow *row)
{
    subject s = {0};
    sluis_err e = registry_subject(d->t->p->registry, d->t->t, m->bsn, true, &s);
    if (!e)
        e = register_bsn(d->t, &s, d->j, m->bsn);
    for (size_t i = 0; !e && i < m->n_data; i++)
        e = register_datum(d, &s, m->data[i]);
    if (!e)
        e = apply_known(d, &s, row);
    row->sid.data = arena_copy(d->t->arena, s.sid.b, ID_LEN);
    row->sid.len = ID_LEN;
    subject_close(&s);
    return e || row->sid.data ? e : SLUIS_NOMEM;
}

static void record_of(const decision *d, const uint8_t *case_id, const char *said, Sluis__Record *r)
{
    api_record(d->j, SLUIS__RECORD_TYPE__R_CASE, case_id, r);
    r->transaction = d->in->transaction;
    r->kind = SLUIS__KIND__CASE_HANDOVER_REPLY;
    r->decision = (char *)(uintptr_t)said;
    r->purpose = d->core->purpose;
    r->legal_basis = d->core->legal_basis;
    r->attributes = d->core->attributes;
    r->n_attributes = d->core->n_attributes;
}

/* In each one's dossier: it is about every one of them. */
static sluis_err note_members(const decision *d, const char *why)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < d->opened.n_members; i++) {
        const uint32_t member = d->opened.members[i]->member;
        e = case_note(d->t, d->case_id.b, &d->opened, member, member, why);
    }
    return e;
}

/* Who is said there to have a secret address has one in the cases here, too. */
static sluis_err spread_secrecy(const decision *d, const Sluis__Record *r)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < d->opened.n_members; i++)
        if (d->opened.members[i]->secret)
            e = secrecy_spread(d->t, d->opened.members[i]->sid.data, d->case_id.b, true, r);
    return e;
}

static sluis_err open_case(decision *d)
{
    turn *t = d->t;
    Sluis__CaseRow *row = &d->opened;
    Sluis__Record r;
    record_of(d, d->case_id.b, "taken-over", &r);
    r.phase = SLUIS__PHASE__RESEARCH;
    sluis_err e = offer_case(d->body, t->arena, row);
    if (!e)
        e = turn_journal(t, &r); /* before the data, which name its entry */
    for (size_t i = 0; !e && i < row->n_members; i++)
        e = add_person(d, d->body->members[i], row->members[i]);
    row->phase = (char *)(uintptr_t)case_state_name(CASE_RESEARCH);
    row->opened = t->now;
    row->opened_by = d->j->claims.app;
    row->owner = d->j->claims.oin.s;
    row->taken_over_from = d->row->from;
    if (!e)
        e = case_save(t->t, t->p->rows, d->case_id.b, row);
    if (!e)
        e = note_members(d, d->body->motivation);
    r.to = d->row->from;
    if (!e)
        e = turn_event(t, "case-opened", &r, NULL);
    if (!e && d->differs)
        e = turn_event(t, "discrepancy-found", &r, NULL);
    if (!e)
        e = turn_event(t, "client-notice", &r, "taken-over");
    return e ? e : spread_secrecy(d, &r);
}

/* ---- the decision ---- */

static sluis_err reply(const decision *d)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__DecisionBody body = SLUIS__DECISION_BODY__INIT;
    Sluis__Record r;
    uint8_t mh[HASH_LEN];
    body.accepted = d->in->accept;
    body.text = d->in->motivation;
    c.transaction = d->in->transaction;
    c.kind = SLUIS__KIND__CASE_HANDOVER_REPLY;
    c.application = d->j->claims.app;
    c.function = d->j->claims.function;
    c.employee = d->j->claims.employee;
    c.case_id = d->row->case_there;
    c.answers = d->row->message_hash;
    record_of(d, NULL, d->in->accept ? "takeover-told" : "handover-refused", &r);
    sluis_err e = send_message(d->t, &c, &body.base, d->from, d->row->ends - d->t->now, &r, mh);
    return e || !d->in->accept ? e : note_members(d, d->in->motivation); /* of the reply's entry */
}

static sluis_err write_decision(decision *d)
{
    turn *t = d->t;
    Sluis__Record r;
    Sluis__OfferRow *row = d->row;
    bool accept = d->in->accept;
    d->case_id = id_random();
    sluis_err e = accept ? open_case(d) : SLUIS_OK;
    row->state = (char *)(uintptr_t)(accept ? HANDOVER_ACCEPTED : HANDOVER_REFUSED);
    row->decided = t->now;
    row->decided_by = d->j->claims.employee;
    row->envelope = (ProtobufCBinaryData){0, NULL};
    if (accept)
        row->case_id = (ProtobufCBinaryData){ID_LEN, d->case_id.b};
    if (!e)
        e = rows_put(t->t, t->p->rows, TABLE_OFFER, BYTES(d->in->transaction.data, UUID_LEN), &row->base);
    record_of(d, accept ? d->case_id.b : NULL, accept ? "taken-over" : "handover-refused", &r);
    r.to = row->from;
    if (!e)
        e = turn_event(t, "handover-decided", &r, row->state);
    if (!e)
        e = reply(d);
    return e ? e
             : api_out_offer(&d->j->reply, d->j->call->call, 200, d->in->transaction.data, row, NULL, NULL);
}

sluis_err handle_decide_offer(turn *t, job *j, sluis_fail *f)
{
    decision d = {.t = t, .j = j, .in = j->call->decide_offer};
    if (!policy_may(t->rules, ACT_HAND_OVER, j->claims.app, j->claims.function, t->now) ||
        !oin_equal(&j->claims.oin, &t->p->settings->oin))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een zaak overnemen");
    if (motivation_blank(d.in->motivation))
        return fail_set(f, SLUIS_NO_MOTIVATION, "motivering", "schrijf waarom: de andere gemeente leest dit");
    if (strlen(d.in->motivation) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "motivering", "ten hoogste %d bytes", MOTIVATION_MAX);
    sluis_err e = load(&d, f);
    if (!e && d.in->accept)
        e = check_data(&d, f);
    return e ? e : write_decision(&d);
}
