/* Two cases of the same client or household, opened apart, go on as one: the other is over from then on and
 * refers to it. What is under way there goes on: requests keep the case that they were filed in, services and
 * looks stand in the one that goes on. */
#include <string.h>

#include "cases/rights.h"
#include "core/case_change.h"

static sluis_err load_other(case_change *c, sluis_fail *f)
{
    const ProtobufCBinaryData id = c->in->other;
    turn *t = c->t;
    sluis_err e =
        id.len == ID_LEN ? case_load(t->t, t->p->rows, id.data, t->arena, &c->other) : SLUIS_NOT_FOUND;
    if (!e && strcmp(c->other->owner, c->row->owner) != 0) /* another municipality's */
        e = SLUIS_NOT_FOUND;
    if (e)
        return fail_set(f, e, "", "%s", error_text(e));
    return memcmp(id.data, c->id, ID_LEN) != 0
               ? SLUIS_OK
               : fail_set(f, SLUIS_INVALID, "zaakId", "een zaak gaat niet in zichzelf op: noem een andere");
}

/* The client's choice for both, when the call has one. */
static sluis_err join_scope(case_change *c, sluis_fail *f)
{
    Sluis__ScopeRow chosen;
    if (!c->in->scope)
        return case_scope_join(c->row, c->other, c->t->arena, f);
    sluis_err e = change_scope_of(c, &chosen, f);
    if (!e)
        case_scope_choose(c->row, &chosen);
    return e;
}

/* The other's id, and of those that went on in it. */
static sluis_err list_joined(case_change *c, sluis_fail *f)
{
    Sluis__CaseRow *row = c->row;
    const Sluis__CaseRow *other = c->other;
    ProtobufCBinaryData *all = arena_alloc(c->t->arena, CASE_JOINED_MAX * sizeof(*all));
    if (!all)
        return fail_set(f, SLUIS_NOMEM, "zaakId", "%s", error_text(SLUIS_NOMEM));
    if (row->n_joined)
        memcpy(all, row->joined, row->n_joined * sizeof(*all));
    row->joined = all;
    all[row->n_joined++] = c->in->other;
    for (size_t i = 0; i < other->n_joined; i++)
        all[row->n_joined++] = other->joined[i];
    return SLUIS_OK;
}

/* Whether this person objects (AVG article 21), decided or not yet: then nothing is brought together. */
static sluis_err check_objections(case_change *c, const Sluis__MemberRow *m, sluis_fail *f)
{
    turn *t = c->t;
    rights_item *all = NULL;
    subject s = {0};
    id16 sid;
    size_t n = 0;
    memcpy(sid.b, m->sid.data, ID_LEN);
    sluis_err e = registry_subject_by_sid(t->p->registry, t->t, &sid, &s);
    if (!e)
        e = rights_load(t->p->registry, t->t, &s, t->arena, &all, &n);
    for (size_t i = 0; !e && i < n; i++) {
        right_kind kind;
        if (right_parse(&kind, all[i].row->kind) || kind != RIGHT_OBJECTION)
            continue;
        if (!rights_in(all[i].row, RIGHTS_REFUSED) && !rights_in(all[i].row, RIGHTS_DONE))
            e = fail_set(f, SLUIS_DENIED, "zaakId",
                         "lid %u maakt bezwaar tegen het gebruik van gegevens: de zaken blijven twee zaken",
                         m->member);
    }
    subject_close(&s);
    return e;
}

static sluis_err check(case_change *c, case_state *to, sluis_fail *f)
{
    case_state from;
    if (c->in->objection)
        return fail_set(f, SLUIS_DENIED, "bezwaarClient",
                        "de cliënt maakt bezwaar: de zaken blijven twee zaken");
    sluis_err e = case_state_parse(&from, c->other->phase);
    if (!e)
        e = case_step(from, CASE_GO_INTO, case_coordination(c->other, c->t->rules), to, f);
    if (!e)
        e = case_join_check(c->row, c->other, f);
    for (size_t i = 0; !e && i < c->other->n_members; i++)
        e = check_objections(c, c->other->members[i], f);
    return e;
}

sluis_err change_join(case_change *c, sluis_fail *f)
{
    case_state to;
    sluis_err e = load_other(c, f);
    if (e)
        return e;
    const ProtobufCBinaryData into = c->other->joined_into;
    c->same = bytes_equal(BYTES(into.data, into.len), BYTES(c->id, ID_LEN));
    if (c->same)
        return SLUIS_OK;
    e = check(c, &to, f);
    if (!e)
        e = join_scope(c, f);
    if (!e)
        e = case_join(c->row, c->other, c->t->now, c->t->arena, f);
    if (!e)
        e = list_joined(c, f);
    if (e)
        return e;
    c->other->phase = (char *)(uintptr_t)case_state_name(to);
    c->other->ended = c->t->now;
    c->other->joined_into = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)c->id};
    c->notice = "cases-joined";
    return SLUIS_OK;
}

/* Those that went on in the other go on here, without a detour. */
static sluis_err lead_on(case_change *c)
{
    turn *t = c->t;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < c->other->n_joined; i++) {
        Sluis__CaseRow *row = NULL;
        const uint8_t *id = c->other->joined[i].data;
        e = case_load(t->t, t->p->rows, id, t->arena, &row);
        if (!e) {
            row->joined_into = c->other->joined_into;
            e = case_save(t->t, t->p->rows, id, row);
        }
        if (e == SLUIS_NOT_FOUND) /* its persons were forgotten since */
            e = SLUIS_OK;
    }
    return e;
}

/* What came from the other is looked after here from now on; the case's own is already. */
static sluis_err look_after(case_change *c)
{
    Sluis__CaseRow *row = c->row, *other = c->other;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < other->n_services; i++) {
        const size_t at = case_service_place(row, other->services[i]);
        if (row->services[at] == other->services[i])
            e = change_service_due(c->t, c->id, row->services[at], (uint32_t)at);
    }
    for (size_t i = row->n_emergencies - other->n_emergencies; !e && i < row->n_emergencies; i++)
        e = change_glass_due(c->t, c->id, row->emergencies[i]);
    other->n_services = other->n_emergencies = 0;
    return e;
}

/* The other's own entry, in the dossiers of its members too. */
sluis_err change_joined(case_change *c)
{
    turn *t = c->t;
    const journal_entry own = t->entry;
    Sluis__Record r = c->r;
    id16 who = {{0}};
    r.case_id = c->in->other;
    r.decision = (char *)(uintptr_t)case_event_done(CASE_GO_INTO);
    sluis_err e = look_after(c);
    if (!e)
        e = case_save(t->t, t->p->rows, c->in->other.data, c->other);
    if (!e)
        e = lead_on(c);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = case_member(c->row, change_concerned(c), &who);
    if (!e)
        e = case_note(t, c->in->other.data, c->other, 0, case_member_of(c->other, &who), c->in->motivation);
    if (!e)
        e = turn_event(t, r.decision, &r, NULL);
    t->entry = own;
    return e;
}
