/* CASE_HANDOVER: another municipality offers a case. It is checked, and stays sealed as it came until
 * somebody here decides (handle_offer.c). CASE_HANDOVER_REPLY: what another municipality decided on ours. */
#include <stdlib.h>
#include <string.h>

#include "cases/handover.h"
#include "core/agreed.h"
#include "core/due.h"
#include "core/handlers.h"

/* ---- what is offered to us ---- */

sluis_err offered_datum(turn *t, const party *from, const Sluis__HandoverDatum *d, sluis_fail *f)
{
    const attribute *a = rules_attribute_named(t->rules, d->name);
    if (!a)
        return SLUIS_INVALID; /* renamed since it came in */
    if (a->at_source_s)
        return fail_set(f, SLUIS_INVALID, a->name, "it stays at its source here, and is asked there");
    if (!policy_domain_gives(t->rules, from->domain, a->category, t->now))
        return fail_set(f, SLUIS_DENIED, a->name,
                        "the rules in force let no municipality bring %s data with a case",
                        category_name(a->category));
    if (!oin_valid(d->source, strlen(d->source)) || (d->instance.len && d->instance.len != ID_LEN))
        return fail_set(f, SLUIS_INVALID, a->name, "without the source it came from, or its instance");
    if (!rules_legal_basis_title(t->rules, d->legal_basis))
        return fail_set(f, SLUIS_INVALID, a->name, "obtained on a legal basis that is none here");
    if (!policy_allows_basis(t->rules, a, d->legal_basis, t->now))
        return fail_set(f, SLUIS_DENIED, "body.members.data",
                        "attribute %u was obtained on %s: no rule in force here allows it on that basis",
                        a->id, d->legal_basis);
    for (size_t i = 0; i < d->n_conditions; i++)
        if (!rules_condition(t->rules, d->conditions[i]))
            return fail_set(f, SLUIS_INVALID, a->name, "a condition that is not held here");
    if (!d->n_laws)
        return fail_set(f, SLUIS_INVALID, a->name,
                        "registered for no law: it would be open to all, name those it goes for");
    for (size_t i = 0; i < d->n_laws; i++)
        if (!rules_is_law(t->rules, d->laws[i]))
            return fail_set(f, SLUIS_INVALID, a->name, "registered for a law that is none here");
    return attribute_check_value(a, d->value, false, f);
}

/* Of the header's attributes, by their names here. */
static sluis_err check_datum(turn *t, const job *j, const party *from, const Sluis__HandoverDatum *d,
                             sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const attribute *a = rules_attribute_named(t->rules, d->name);
    bool listed = false;
    for (size_t i = 0; a && i < c->n_attributes; i++)
        listed = listed || c->attributes[i] == a->id;
    if (!listed || a->id == ATTRIBUTE_BSN || a->id == ATTRIBUTE_OWN)
        return fail_set(f, SLUIS_INVALID, "body.members.data",
                        "a name that is not the header's: the catalogues of both municipalities must agree");
    return offered_datum(t, from, d, f);
}

static int by_name_and_instance(const void *a, const void *b)
{
    const Sluis__HandoverDatum *x = *(Sluis__HandoverDatum *const *)a, *y = *(Sluis__HandoverDatum *const *)b;
    int order = strcmp(x->name, y->name);
    if (!order && x->instance.len != y->instance.len)
        order = x->instance.len < y->instance.len ? -1 : 1;
    return order || !x->instance.len ? order : memcmp(x->instance.data, y->instance.data, x->instance.len);
}

/* One registration per datum: each comes once. */
static sluis_err check_once(turn *t, const Sluis__HandoverMember *m, sluis_fail *f)
{
    Sluis__HandoverDatum **sorted = arena_alloc(t->arena, (m->n_data + 1) * sizeof(Sluis__HandoverDatum *));
    if (!sorted)
        return SLUIS_NOMEM;
    if (m->n_data) {
        memcpy(sorted, m->data, m->n_data * sizeof(Sluis__HandoverDatum *));
        qsort(sorted, m->n_data, sizeof(Sluis__HandoverDatum *), by_name_and_instance);
    }
    for (size_t i = 1; i < m->n_data; i++)
        if (by_name_and_instance(&sorted[i - 1], &sorted[i]) == 0)
            return fail_set(f, SLUIS_INVALID, sorted[i]->name,
                            "stands twice for member %u: each instance once", m->member);
    return SLUIS_OK;
}

static sluis_err check_member(turn *t, const job *j, const party *from, const Sluis__CaseHandoverBody *b,
                              size_t at, bool secret, sluis_fail *f)
{
    const Sluis__HandoverMember *m = b->members[at];
    if (!m->member || !name_valid(m->role) || !bsn_valid(m->bsn, strlen(m->bsn)))
        return fail_set(f, SLUIS_INVALID, "body.members", "each member has a number, a role and a valid BSN");
    if (bsn_is_test(m->bsn) != t->p->settings->test_mode)
        return fail_set(f, SLUIS_MODE, "body.members", "test and real persons do not mix");
    for (size_t i = 0; i < at; i++)
        if (b->members[i]->member == m->member || strcmp(b->members[i]->bsn, m->bsn) == 0)
            return fail_set(f, SLUIS_INVALID, "body.members", "a member stands twice");
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < m->n_data; i++) {
        e = check_datum(t, j, from, m->data[i], f);
        if (!e && secret && rules_attribute_named(t->rules, m->data[i]->name)->address)
            e = fail_set(f, SLUIS_DENIED, m->data[i]->name, "a secret address does not travel");
    }
    return e ? e : check_once(t, m, f);
}

static sluis_err check_body(turn *t, const job *j, const party *from, const Sluis__CaseHandoverBody *b,
                            sluis_fail *f)
{
    bool household = strcmp(b->kind, "huishouden") == 0;
    const Sluis__Core *c = j->env->core;
    if ((!household && strcmp(b->kind, "client") != 0) || b->n_members < 1 ||
        b->n_members > CASE_MEMBERS_MAX || (!household && b->n_members != 1))
        return fail_set(f, SLUIS_INVALID, "body.members", "a client is one person, a household 1 to %d",
                        CASE_MEMBERS_MAX);
    if (motivation_blank(b->motivation))
        return fail_set(f, SLUIS_NO_MOTIVATION, "body.motivation", "say why this case is handed over");
    if (strlen(b->motivation) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body.motivation", "at most %d bytes", MOTIVATION_MAX);
    for (size_t i = 0; i < c->n_attributes; i++)
        if (!rules_attribute(t->rules, c->attributes[i]))
            return fail_set(f, SLUIS_INVALID, "core.attributes", "attribute %u is not in the catalogue",
                            c->attributes[i]);
    Sluis__CaseRow row;
    Sluis__ScopeRow scope;
    offer_scope(b, &scope);
    sluis_err e = offer_case(b, t->arena, &row);
    if (!e)
        e = case_scope_check(t->rules, &scope, f);
    for (size_t i = 0; !e && i < b->n_members; i++)
        e = check_member(t, j, from, b, i, case_facts_of(&row).secret_address, f);
    for (size_t i = 0; !e && i < b->n_members; i++)
        e = case_check_seen_by(&row, b->members[i]->member, b->members[i]->seen_by, b->members[i]->n_seen_by,
                               f);
    return e;
}

static sluis_err keep_offer(turn *t, job *j)
{
    const Sluis__Core *c = j->env->core;
    Sluis__OfferRow row = SLUIS__OFFER_ROW__INIT;
    Sluis__Record r;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t) "permit";
    row.from = c->sender;
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    row.case_there = c->case_id;
    row.state = (char *)(uintptr_t)HANDOVER_RECEIVED;
    row.received = t->now;
    row.expires = c->expires;
    row.ends = handover_ends(c->created, c->expires);
    row.envelope = (ProtobufCBinaryData){j->env->raw.n, (uint8_t *)(uintptr_t)j->env->raw.p};
    sluis_err e = turn_journal(t, &r);
    if (!e)
        e = rows_put(t->t, t->p->rows, TABLE_OFFER, BYTES(c->transaction.data, UUID_LEN), &row.base);
    if (!e)
        e = due_add(t, DUE_OFFER, c->expires, BYTES(c->transaction.data, UUID_LEN));
    r.to = c->sender; /* whom the event is about */
    return e ? e : turn_event(t, "handover-received", &r, NULL);
}

sluis_err handle_handover(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__CaseHandoverBody *b = (const Sluis__CaseHandoverBody *)j->body;
    const party *from = directory_find(t->dir, &j->env->sender);
    bytes there;
    if (c->n_recipients != 1 || !b)
        return fail_set(f, SLUIS_INVALID, "core.recipients", "a hand-over is sealed to the registry alone");
    if (!from || !rules_is_municipality(t->rules, from->domain))
        return fail_set(f, SLUIS_DENIED, "core.sender", "only another municipality hands over a case");
    sluis_err e = check_body(t, j, from, b, f);
    if (!e)
        e = agreed_handover(t, from, AGREED_GIVES, c->purpose, c->attributes, c->n_attributes, f);
    if (!e && store_get(t->t, TABLE_OFFER, BYTES(c->transaction.data, UUID_LEN), &there) != SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "core.transaction", "this transaction has its offer already");
    return e ? e : keep_offer(t, j);
}

static sluis_err get_offer(turn *t, const uint8_t *transaction, Sluis__OfferRow **out)
{
    ProtobufCMessage *m = NULL;
    sluis_err e = rows_get(t->t, t->p->rows, TABLE_OFFER, BYTES(transaction, UUID_LEN), t->arena,
                           &sluis__offer_row__descriptor, &m);
    *out = (Sluis__OfferRow *)m;
    return e;
}

sluis_err offer_due(turn *t, const uint8_t *transaction)
{
    Sluis__OfferRow *row = NULL;
    Sluis__Record r = SLUIS__RECORD__INIT;
    sluis_err e = get_offer(t, transaction, &row);
    if (!e && strcmp(row->state, HANDOVER_RECEIVED) == 0) {
        r.type = SLUIS__RECORD_TYPE__R_CASE;
        r.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
        r.kind = SLUIS__KIND__CASE_HANDOVER;
        r.from = row->from;
        r.to = t->p->settings->oin.s;
        r.decision = (char *)(uintptr_t) "handover-lapsed";
        e = turn_journal(t, &r);
        r.to = row->from;
        if (!e)
            e = turn_event(t, r.decision, &r, NULL);
    }
    return e ? e : store_delete(t->t, TABLE_OFFER, BYTES(transaction, UUID_LEN));
}

/* ---- what became of ours ---- */

static bool is_member_of(const Sluis__HandoverRow *h, uint32_t member)
{
    for (size_t i = 0; i < h->n_members; i++)
        if (h->members[i] == member)
            return true;
    return false;
}

/* Those who were handed over are this case's no more; with nobody left it is over. */
static sluis_err move_members(turn *t, Sluis__CaseRow *row)
{
    case_state from, next;
    size_t left = 0;
    for (size_t i = 0; i < row->n_members; i++) {
        Sluis__MemberRow *m = row->members[i];
        if (!m->moved && is_member_of(row->handover, m->member))
            m->moved = t->now;
        left += !m->moved;
    }
    sluis_err e = case_state_parse(&from, row->phase);
    if (e || left || !case_state_open(from))
        return e;
    e = case_step(from, CASE_TAKEN_OVER, case_coordination(row, t->rules), &next, NULL);
    if (!e) {
        row->phase = (char *)(uintptr_t)case_state_name(next);
        row->ended = t->now;
    }
    return e;
}

/* Writes what became of it, under the record, which says so in `decision`. */
static sluis_err settle(turn *t, const uint8_t *case_id, Sluis__CaseRow *row, const char *state,
                        Sluis__Record *r, const char *text)
{
    bool accepted = strcmp(state, HANDOVER_ACCEPTED) == 0;
    Sluis__HandoverRow *h = row->handover;
    h->state = (char *)(uintptr_t)state;
    h->decided = t->now;
    sluis_err e = accepted ? move_members(t, row) : SLUIS_OK;
    if (!e)
        e = case_save(t->t, t->p->rows, case_id, row);
    if (!e)
        e = turn_journal(t, r);
    for (size_t i = 0; !e && i < h->n_members; i++)
        e = case_note(t, case_id, row, h->members[i], h->members[i], text);
    r->to = h->to;
    r->application = row->opened_by;
    if (!e)
        e = turn_event(t, r->decision, r, NULL);
    if (!e && accepted)
        e = turn_event(t, "client-notice", r, r->decision);
    return e || !accepted ? e : case_withdraw(t, case_id, row, r);
}

sluis_err handle_handover_reply(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__DecisionBody *b = (const Sluis__DecisionBody *)j->body;
    Sluis__CaseRow *row = NULL;
    Sluis__Record r;
    if (c->n_recipients != 1 || !b)
        return fail_set(f, SLUIS_INVALID, "core.recipients", "a reply is sealed to the registry alone");
    sluis_err e = case_load(t->t, t->p->rows, c->case_id.data, t->arena, &row);
    const Sluis__HandoverRow *h = e ? NULL : row->handover;
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    if (!h || strcmp(h->to, c->sender) != 0 ||
        !bytes_equal(BYTES(h->message_hash.data, h->message_hash.len),
                     BYTES(c->answers.data, c->answers.len)) ||
        !bytes_equal(BYTES(h->transaction.data, h->transaction.len), BYTES(c->transaction.data, UUID_LEN)))
        return fail_set(f, SLUIS_NOT_ASKED, "core.answers", "nothing of this case was offered so");
    if (strcmp(h->state, HANDOVER_ACCEPTED) == 0 || strcmp(h->state, HANDOVER_REFUSED) == 0)
        return fail_set(f, SLUIS_CONFLICT, "core.answers",
                        "it is decided already: %s; possible: nothing more", h->state);
    if (motivation_blank(b->text))
        return fail_set(f, SLUIS_NO_MOTIVATION, "body.text", "say why");
    if (strlen(b->text) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body.text", "at most %d bytes", MOTIVATION_MAX);
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t)(b->accepted ? case_event_done(CASE_TAKEN_OVER) : "handover-refused");
    return settle(t, c->case_id.data, row, b->accepted ? HANDOVER_ACCEPTED : HANDOVER_REFUSED, &r, b->text);
}

/* The case whose open offer this message is; *out NULL: none. */
static sluis_err offered_by(turn *t, const envelope *env, Sluis__CaseRow **out)
{
    sluis_err e = case_load(t->t, t->p->rows, env->core->case_id.data, t->arena, out);
    const Sluis__HandoverRow *h = e ? NULL : (*out)->handover;
    if (!h || !handover_waits(h) ||
        !bytes_equal(BYTES(h->message_hash.data, h->message_hash.len), BYTES_OF(env->mh)))
        *out = NULL;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The return itself is journalled by its caller. What expired on its way may still have arrived: it waits on,
 * until no reply can come. What the other gateway will not take is over at once. */
sluis_err handover_returned(turn *t, const envelope *env, sluis_err why)
{
    Sluis__CaseRow *row = NULL;
    Sluis__Record about = SLUIS__RECORD__INIT;
    sluis_err e = offered_by(t, env, &row);
    if (e || !row)
        return e;
    about.transaction = env->core->transaction;
    about.case_id = env->core->case_id;
    about.application = row->opened_by;
    about.to = row->handover->to;
    if (why == SLUIS_EXPIRED)
        return turn_event(t, "handover-undelivered", &about, error_token(why));
    row->handover->state = (char *)(uintptr_t)HANDOVER_RETURNED;
    row->handover->decided = t->now;
    e = case_save(t->t, t->p->rows, env->core->case_id.data, row);
    return e ? e : turn_event(t, "handover-returned", &about, error_token(why));
}

sluis_err handover_due(turn *t, const uint8_t *case_id)
{
    Sluis__CaseRow *row = NULL;
    Sluis__Record r = SLUIS__RECORD__INIT;
    sluis_err e = case_load(t->t, t->p->rows, case_id, t->arena, &row);
    if (e || !handover_waits(row->handover) || row->handover->ends > t->now)
        return e;
    r.type = SLUIS__RECORD_TYPE__R_CASE;
    r.transaction = row->handover->transaction;
    r.kind = SLUIS__KIND__CASE_HANDOVER;
    r.from = t->p->settings->oin.s;
    r.to = row->handover->to;
    r.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    r.decision = (char *)(uintptr_t) "handover-lapsed";
    return settle(t, case_id, row, HANDOVER_LAPSED, &r, NULL);
}
