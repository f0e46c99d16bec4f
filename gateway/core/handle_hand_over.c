/* Hands a case, or members of it, over to another municipality: what the rules and the covenant permit of the
 * register, sealed to that one's gateway alone. The case goes on here until that one has accepted. */
#include <string.h>

#include "cases/handover.h"
#include "core/agreed.h"
#include "core/asking.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/send.h"
#include "flow/api_out.h"

#define DATA_MAX 1024 /* of one member: proto/wire/prescan.c */

typedef struct {
    turn *t;
    const job *j;
    const Sluis__ApiHandOver *in;
    Sluis__CaseRow *row;
    const party *to;
    uint32_t ids[ATTRIBUTES_MAX]; /* of what may go, ascending */
    size_t id_count;
    uint32_t gone[ATTRIBUTES_MAX]; /* of what does: the register has it of somebody, ascending */
    size_t gone_count;
    char **laws; /* of the case as it goes */
    size_t law_count;
    Sluis__Record r;
} offer;

/* ---- what is asked ---- */

static sluis_err load(offer *o, sluis_fail *f)
{
    const ProtobufCBinaryData id = o->in->case_id;
    case_state from, next;
    sluis_err e =
        id.len == ID_LEN ? case_load(o->t->t, o->t->p->rows, id.data, o->t->arena, &o->row) : SLUIS_NOT_FOUND;
    if (!e && strcmp(o->row->owner, o->j->claims.oin.s) != 0)
        e = SLUIS_NOT_FOUND;
    if (e)
        return fail_set(f, e, "", "%s", error_text(e));
    e = case_state_parse(&from, o->row->phase);
    if (!e)
        e = case_step(from, CASE_HAND_OVER, case_coordination(o->row, o->t->rules), &next, f);
    if (!e && handover_waits(o->row->handover))
        e = fail_set(f, SLUIS_CONFLICT, "zaakId",
                     "de zaak is al aangeboden: wacht op het besluit van de andere gemeente");
    return e;
}

static sluis_err find_municipality(offer *o, sluis_fail *f)
{
    oin who;
    sluis_err e = oin_parse(&who, o->in->party, strlen(o->in->party));
    if (e)
        return fail_set(f, e, "gemeente", "een OIN heeft 20 tekens");
    e = send_check(o->t, &who, "gemeente", &o->to, f);
    return e || rules_is_municipality(o->t->rules, o->to->domain)
               ? e
               : fail_set(f, SLUIS_INVALID, "gemeente", "deze partij is geen andere gemeente");
}

static sluis_err check_members(const offer *o, sluis_fail *f)
{
    id16 sid;
    if (o->in->n_members < 1 || o->in->n_members > o->row->n_members)
        return fail_set(f, SLUIS_INVALID, "leden", "noem de leden die overgaan");
    for (size_t i = 0; i < o->in->n_members; i++) {
        if (case_member(o->row, o->in->members[i], &sid))
            return fail_set(f, SLUIS_INVALID, "leden", "lid %u is er niet, of niet meer", o->in->members[i]);
        for (size_t k = 0; k < i; k++)
            if (o->in->members[k] == o->in->members[i])
                return fail_set(f, SLUIS_INVALID, "leden", "lid %u is twee keer genoemd", o->in->members[i]);
    }
    return SLUIS_OK;
}

static sluis_err take_names(offer *o, sluis_fail *f)
{
    if (o->in->n_attributes > ATTRIBUTES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "attributen", "ten hoogste %d gegevens", ATTRIBUTES_MAX);
    for (size_t i = 0; i < o->in->n_attributes; i++) {
        const attribute *a = rules_attribute_named(o->t->rules, o->in->attributes[i]);
        size_t at = o->id_count;
        if (!a || a->id == ATTRIBUTE_BSN || a->id == ATTRIBUTE_OWN || a->at_source_s)
            return fail_set(f, SLUIS_INVALID, "attributen", "nummer %zu %s", i + 1,
                            !a                       ? "staat niet in de catalogus"
                            : a->id == ATTRIBUTE_BSN ? "gaat altijd mee"
                            : a->id == ATTRIBUTE_OWN
                                ? "is van deze gemeente alleen"
                                : "blijft bij de bron: de andere gemeente vraagt het daar");
        for (; at && o->ids[at - 1] >= a->id; at--)
            o->ids[at] = o->ids[at - 1];
        o->ids[at] = a->id;
        if (at < o->id_count && o->ids[at + 1] == a->id)
            return fail_set(f, SLUIS_INVALID, "attributen", "een gegeven is twee keer genoemd");
        o->id_count++;
    }
    return SLUIS_OK;
}

/* What a member's granted request stopped the use of, goes to nobody. */
static sluis_err check_stopped(const offer *o, sluis_fail *f)
{
    for (size_t i = 0; i < o->in->n_members; i++) {
        id16 sid;
        if (case_member(o->row, o->in->members[i], &sid))
            return SLUIS_CORRUPT; /* seen before, by check_members */
        const case_facts about = case_facts_about(o->row, &sid);
        bool all = about.stopped && about.stopped_count == 0;
        size_t k = 0;
        while (!all && k < o->id_count && !policy_stopped(&about, o->ids[k]))
            k++;
        if (all || k < o->id_count)
            return fail_set(f, SLUIS_DENIED, all ? "leden" : rules_attribute(o->t->rules, o->ids[k])->name,
                            "het gebruik is beperkt op verzoek van lid %u", o->in->members[i]);
    }
    return SLUIS_OK;
}

/* Each datum must be permitted; without any, handing over at all. */
static sluis_err check_policy(offer *o, sluis_fail *f)
{
    case_facts facts = case_facts_of(o->row);
    policy_answer answers[ATTRIBUTES_MAX];
    const policy_question q = {.application = o->j->claims.app,
                               .acting = &o->j->claims.oin,
                               .function = o->j->claims.function,
                               .domain = o->to->domain,
                               .phase = facts.phase,
                               .purpose = o->in->purpose,
                               .legal_basis = o->in->legal_basis,
                               .attributes = o->ids,
                               .attribute_count = o->id_count,
                               .at = o->t->now,
                               .hand_over = true};
    const policy_answer any = policy_may_ask(o->t->rules, &q, &facts);
    if (!any.permit)
        return asking_denied(o->j, "gemeente", any.rule, f);
    policy_decide(o->t->rules, &q, &facts, answers);
    o->r.rules = arena_alloc(o->t->arena, (o->id_count + 1) * sizeof(char *));
    if (!o->r.rules)
        return fail_set(f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    if (!o->id_count)
        o->r.rules[o->r.n_rules++] = (char *)(uintptr_t)any.rule;
    for (size_t i = 0; i < o->id_count; i++) {
        size_t known = 0;
        if (!answers[i].permit)
            return asking_denied(o->j, rules_attribute(o->t->rules, o->ids[i])->name, answers[i].rule, f);
        while (known < o->r.n_rules && strcmp(o->r.rules[known], answers[i].rule) != 0)
            known++;
        if (known == o->r.n_rules)
            o->r.rules[o->r.n_rules++] = (char *)(uintptr_t)answers[i].rule;
    }
    return agreed_handover(o->t, o->to, AGREED_ASKS, o->in->purpose, o->ids, o->id_count, f);
}

/* ---- what goes ---- */

/* What is registered here for all laws goes for those of the case that it goes with. */
static sluis_err add_datum(const offer *o, const attribute *a, const datum *d, Sluis__HandoverMember *m)
{
    static const id16 only = {{0}};
    Sluis__HandoverDatum *x = arena_alloc(o->t->arena, sizeof(*x));
    uint8_t *instance = id_equal(&d->instance, &only) ? NULL : arena_copy(o->t->arena, d->instance.b, ID_LEN);
    if (!x || (!instance && !id_equal(&d->instance, &only)))
        return SLUIS_NOMEM;
    sluis__handover_datum__init(x);
    x->name = (char *)(uintptr_t)a->name;
    x->instance = (ProtobufCBinaryData){instance ? ID_LEN : 0, instance};
    x->value = d->row->value;
    x->source = d->row->source;
    x->legal_basis = d->row->legal_basis;
    x->obtained = d->row->obtained;
    x->valid_from = d->row->valid_from;
    x->valid_until = d->row->valid_until;
    x->reference = d->row->reference;
    x->conditions = d->row->conditions;
    x->n_conditions = d->row->n_conditions;
    x->laws = d->row->n_laws ? d->row->laws : o->laws;
    x->n_laws = d->row->n_laws ? d->row->n_laws : o->law_count;
    x->until = d->row->terms ? d->row->terms->until : 0;
    m->data[m->n_data++] = x;
    return SLUIS_OK;
}

/* What the register has of the chosen data and its party lets be used for this. */
static sluis_err fill_data(const offer *o, const subject *s, Sluis__HandoverMember *m, sluis_fail *f)
{
    datum_use use = turn_use(o->t, o->in->case_id.data, o->row, o->j->claims.app);
    use.purpose = o->in->purpose;
    m->data = arena_alloc(o->t->arena, DATA_MAX * sizeof(*m->data));
    sluis_err e = m->data ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < o->id_count; i++) {
        const attribute *a = rules_attribute(o->t->rules, o->ids[i]);
        datum d = {.version = 0};
        while (!e && !(e = registry_next(o->t->p->registry, o->t->t, s, a->id, o->t->arena, &d)))
            if ((d.row->n_laws || o->law_count) && datum_here(o->t->rules, a, d.row, &use) &&
                datum_may_serve(o->t->rules, a, d.row, &use))
                e = m->n_data < DATA_MAX
                        ? add_datum(o, a, &d, m)
                        : fail_set(f, SLUIS_TOO_BIG, "attributen",
                                   "meer dan %d gegevens van één lid: kies er minder", DATA_MAX);
        e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* there are no more */
    }
    return e;
}

static sluis_err fill_member(const offer *o, uint32_t member, Sluis__HandoverMember *m, sluis_fail *f)
{
    const Sluis__MemberRow *row;
    subject s = {0};
    id16 sid;
    sluis_err e = case_member(o->row, member, &sid);
    row = e ? NULL : case_member_row(o->row, sid.b);
    if (!row)
        return SLUIS_CORRUPT; /* seen before, by check_members */
    sluis__handover_member__init(m);
    m->member = member;
    m->role = row->role;
    m->secret = row->secret;
    m->seen_by = arena_alloc(o->t->arena, (row->n_seen_by + 1) * sizeof(uint32_t));
    e = m->seen_by ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < row->n_seen_by; i++) /* those who come along */
        for (size_t k = 0; k < o->in->n_members; k++)
            if (o->in->members[k] == row->seen_by[i])
                m->seen_by[m->n_seen_by++] = row->seen_by[i];
    if (!e)
        e = registry_subject_by_sid(o->t->p->registry, o->t->t, &sid, &s);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, SLUIS_CONFLICT, "leden", "lid %u is vergeten", member);
    if (!e) {
        e = registry_bsn(o->t->p->registry, o->t->t, &s, o->t->arena, &m->bsn);
        if (e == SLUIS_NOT_FOUND)
            e = fail_set(f, SLUIS_CONFLICT, "leden", "lid %u heeft hier nog geen BSN: koppel dat eerst",
                         member);
    }
    if (!e)
        e = fill_data(o, &s, m, f);
    subject_close(&s);
    return e;
}

/* The scope goes as the client chose it: what was widened against that needs new reasons there. */
static void fill_scope(const Sluis__CaseRow *row, Sluis__CaseHandoverBody *b)
{
    const Sluis__ScopeRow *w = row->wish;
    b->laws = w ? w->laws : row->scope_laws;
    b->n_laws = w ? w->n_laws : row->n_scope_laws;
    b->domains = w ? w->domains : row->scope_domains;
    b->n_domains = w ? w->n_domains : row->n_scope_domains;
    b->problems = w ? w->problems : row->scope_problems;
    b->n_problems = w ? w->n_problems : row->n_scope_problems;
    b->parties = w ? w->parties : row->scope_parties;
    b->n_parties = w ? w->n_parties : row->n_scope_parties;
}

/* What is told of it names what went, and no more. */
static void list_gone(offer *o, const Sluis__CaseHandoverBody *b)
{
    for (size_t i = 0; i < o->id_count; i++) {
        const char *name = rules_attribute(o->t->rules, o->ids[i])->name;
        bool goes = false;
        for (size_t m = 0; m < b->n_members; m++)
            for (size_t k = 0; k < b->members[m]->n_data; k++)
                goes = goes || strcmp(b->members[m]->data[k]->name, name) == 0;
        if (goes)
            o->gone[o->gone_count++] = o->ids[i];
    }
}

static sluis_err fill_body(offer *o, Sluis__CaseHandoverBody *b, sluis_fail *f)
{
    Sluis__HandoverMember *all = arena_alloc(o->t->arena, o->in->n_members * sizeof(*all));
    sluis_err e = SLUIS_OK;
    sluis__case_handover_body__init(b);
    b->kind = (char *)(uintptr_t)(o->in->n_members > 1 ? o->row->kind : "client");
    b->motivation = o->in->motivation;
    b->members = arena_alloc(o->t->arena, o->in->n_members * sizeof(*b->members));
    fill_scope(o->row, b);
    o->laws = b->laws;
    o->law_count = b->n_laws;
    if (!all || !b->members)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < o->in->n_members; i++) {
        e = fill_member(o, o->in->members[i], &all[i], f);
        b->members[b->n_members++] = &all[i];
    }
    if (!e)
        list_gone(o, b);
    return e;
}

static void fill_core(const offer *o, const uuid *transaction, Sluis__Core *c)
{
    sluis__core__init(c);
    c->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction->b};
    c->kind = SLUIS__KIND__CASE_HANDOVER;
    c->application = (char *)(uintptr_t)o->j->claims.app;
    c->function = (char *)(uintptr_t)o->j->claims.function;
    c->employee = (char *)(uintptr_t)o->j->claims.employee;
    c->case_id = o->in->case_id;
    c->phase = case_facts_of(o->row).phase;
    c->legal_basis = o->in->legal_basis;
    c->purpose = o->in->purpose;
    c->attributes = (uint32_t *)(uintptr_t)o->gone;
    c->n_attributes = o->gone_count;
}

/* ---- writing ---- */

static sluis_err note_members(const offer *o)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < o->in->n_members; i++)
        e = case_note(o->t, o->in->case_id.data, o->row, o->in->members[i], o->in->members[i],
                      o->in->motivation);
    return e;
}

static sluis_err write_offer(offer *o, job *j, Sluis__CaseHandoverBody *b, sluis_fail *f)
{
    turn *t = o->t;
    uint64_t life = t->p->settings->handover_s * UINT64_C(1000);
    uuid transaction = uuid_new(t->now);
    uint8_t mh[HASH_LEN];
    id16 id;
    Sluis__Core c;
    Sluis__HandoverRow *h = arena_alloc(t->arena, sizeof(*h));
    if (!h)
        return SLUIS_NOMEM;
    fill_core(o, &transaction, &c);
    o->r.transaction = c.transaction;
    o->r.attributes = o->gone;
    o->r.n_attributes = o->gone_count;
    sluis_err e = send_message(t, &c, &b->base, o->to, life, &o->r, mh);
    if (e == SLUIS_TOO_BIG || e == SLUIS_FULL)
        return fail_set(f, SLUIS_TOO_BIG, "attributen",
                        "te veel voor één bericht: draag minder leden of gegevens tegelijk over");
    sluis__handover_row__init(h);
    h->transaction = c.transaction;
    h->message_hash = (ProtobufCBinaryData){HASH_LEN, mh};
    h->to = (char *)(uintptr_t)o->to->oin.s;
    h->state = (char *)(uintptr_t)HANDOVER_OFFERED;
    h->members = o->in->members;
    h->n_members = o->in->n_members;
    h->attributes = o->gone;
    h->n_attributes = o->gone_count;
    h->offered = t->now;
    h->expires = t->now + life;
    h->ends = handover_ends(t->now, h->expires);
    o->row->handover = h;
    memcpy(id.b, o->in->case_id.data, ID_LEN);
    if (!e)
        e = case_save(t->t, t->p->rows, id.b, o->row);
    if (!e)
        e = note_members(o);
    if (!e)
        e = due_add(t, DUE_HANDOVER, h->ends, BYTES_OF(id.b));
    o->r.to = h->to;
    if (!e)
        e = turn_event(t, case_event_done(CASE_HAND_OVER), &o->r, NULL);
    if (!e)
        e = turn_event(t, "client-notice", &o->r, case_event_done(CASE_HAND_OVER));
    return e ? e : api_out_case(&j->reply, j->call->call, 202, t->rules, t->now, &id, o->row);
}

sluis_err handle_hand_over(turn *t, job *j, sluis_fail *f)
{
    offer o = {.t = t, .j = j, .in = j->call->hand_over};
    Sluis__CaseHandoverBody body;
    if (!policy_may(t->rules, ACT_HAND_OVER, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een zaak overdragen");
    if (motivation_blank(o.in->motivation))
        return fail_set(f, SLUIS_NO_MOTIVATION, "motivering",
                        "schrijf waarom: de andere gemeente en de cliënt lezen dit");
    if (strlen(o.in->motivation) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "motivering", "ten hoogste %d bytes", MOTIVATION_MAX);
    sluis_err e = load(&o, f);
    if (!e)
        e = find_municipality(&o, f);
    if (!e)
        e = check_members(&o, f);
    if (!e)
        e = take_names(&o, f);
    if (e)
        return e;
    api_record(j, SLUIS__RECORD_TYPE__R_MESSAGE, o.in->case_id.data, &o.r);
    o.r.phase = case_facts_of(o.row).phase;
    o.r.purpose = o.in->purpose;
    o.r.legal_basis = o.in->legal_basis;
    o.r.decision = (char *)(uintptr_t) "permit";
    e = check_policy(&o, f);
    if (!e)
        e = check_stopped(&o, f);
    if (!e)
        e = fill_body(&o, &body, f);
    return e ? e : write_offer(&o, j, &body, f);
}
