/* API calls that write: a case opened, a request that the register answers whole, a read that is journalled.
 */
#include <string.h>

#include "cases/cases.h"
#include "flow/api_out.h"
#include "cases/links.h"
#include "core/case_change.h"
#include "core/fetch.h"
#include "core/from_register.h"
#include "core/handlers.h"
#include "core/secrecy.h"
#include "journal/cosigned.h"

void api_record(const job *j, Sluis__RecordType type, const uint8_t *case_id, Sluis__Record *r)
{
    sluis__record__init(r);
    r->type = type;
    r->from = (char *)(uintptr_t)j->claims.oin.s;
    r->application = (char *)(uintptr_t)j->claims.app;
    r->function = (char *)(uintptr_t)j->claims.function;
    r->employee = (char *)(uintptr_t)j->claims.employee;
    r->origin = SLUIS__ORIGIN__API;
    if (case_id)
        r->case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
}

/* A BSN, or a name of the municipality's own that is none. */
static sluis_err check_person(turn *t, const char *bsn, const char *own, size_t member, sluis_fail *f)
{
    if (!*bsn == !*own)
        return fail_set(f, SLUIS_INVALID, "leden.bsn", "lid %zu: geef een bsn, of een eigenKenmerk", member);
    if (*own && !own_name_valid(own))
        return fail_set(f, SLUIS_INVALID, "leden.eigenKenmerk",
                        "lid %zu: kleine letters, cijfers en . _ : -, en geen negen cijfers", member);
    if (*own)
        return SLUIS_OK;
    if (!bsn_valid(bsn, strlen(bsn)))
        return fail_set(f, SLUIS_INVALID, "leden.bsn",
                        "lid %zu: een BSN heeft negen cijfers die de elfproef doorstaan", member);
    return bsn_is_test(bsn) == t->p->settings->test_mode
               ? SLUIS_OK
               : fail_set(f, SLUIS_MODE, "leden.bsn",
                          "lid %zu: testpersonen en echte personen gaan niet samen", member);
}

static sluis_err check_members(turn *t, const Sluis__ApiOpenCase *o, sluis_fail *f)
{
    bool household = strcmp(o->kind, "huishouden") == 0;
    if (!household && strcmp(o->kind, "client") != 0)
        return fail_set(f, SLUIS_INVALID, "soort", "schrijf \"client\" of \"huishouden\"");
    if (o->n_members < 1 || o->n_members > CASE_MEMBERS_MAX || (!household && o->n_members != 1))
        return fail_set(f, SLUIS_INVALID, "leden", "een cliënt is één persoon, een huishouden 1 tot %d",
                        CASE_MEMBERS_MAX);
    for (size_t i = 0; i < o->n_members; i++) {
        const char *bsn = o->members[i]->bsn, *own = o->members[i]->own;
        sluis_err e = check_person(t, bsn, own, i + 1, f);
        if (e)
            return e;
        if (!name_valid(o->members[i]->role))
            return fail_set(f, SLUIS_INVALID, "leden.rol", "lid %zu: een naam is nodig", i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->members[k]->bsn, bsn) == 0 && strcmp(o->members[k]->own, own) == 0)
                return fail_set(f, SLUIS_INVALID, "leden.bsn", "de leden %zu en %zu zijn dezelfde persoon",
                                k + 1, i + 1);
    }
    return SLUIS_OK;
}

/* What the municipality itself calls the person: a datum like any other. */
static sluis_err register_name(turn *t, const subject *s, const job *j, uint32_t id, const char *name)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    d.value = (char *)(uintptr_t)name;
    d.source = (char *)(uintptr_t)j->claims.oin.s;
    d.category = CATEGORY_IDENTIFICATION;
    d.obtained = d.registered = t->now;
    return registry_put(t->p->registry, t->t, s, id, &only, &d, &outcome, &version, NULL);
}

sluis_err register_bsn(turn *t, const subject *s, const job *j, const char *bsn)
{
    return register_name(t, s, j, ATTRIBUTE_BSN, bsn);
}

sluis_err case_check_room(turn *t, const char *bsn, const char *own, uint32_t member, const char *where,
                          sluis_fail *f)
{
    const uint32_t most = t->p->settings->person_cases;
    subject s = {0};
    size_t n = 0;
    sluis_err e = *bsn ? registry_subject(t->p->registry, t->t, bsn, false, &s)
                       : registry_subject_own(t->p->registry, t->t, own, false, &s);
    if (!e)
        e = links_count(t->t, s.sid.b, TABLE_CASE, most, &n);
    subject_close(&s);
    if (!e && n == most)
        e = fail_set(
            f, SLUIS_CONFLICT, where,
            "lid %u is al lid van %u zaken: ga verder in een daarvan, of laat de beheerder die grens "
            "verhogen (limits.person_cases)",
            member, most);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* new here */
}

/* Each can be registered now: a household is written whole or not at all. */
static sluis_err check_persons(turn *t, const Sluis__ApiOpenCase *o, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    uint64_t fresh = 0;
    for (size_t i = 0; !e && i < o->n_members; i++) {
        const Sluis__ApiMember *m = o->members[i];
        e = *m->own ? registry_check_own(t->p->registry, t->t, m->own, &fresh)
                    : registry_check(t->p->registry, t->t, m->bsn, &fresh);
        if (e == SLUIS_CONFLICT)
            fail_set(f, e, "leden", "lid %zu wordt op dit moment vergeten: open de zaak daarna opnieuw",
                     i + 1);
        if (!e)
            e = case_check_room(t, m->bsn, m->own, (uint32_t)i + 1, "leden", f);
    }
    return e == SLUIS_FULL ? fail_set(f, SLUIS_REGISTER_FULL, "leden", "%s", error_text(SLUIS_REGISTER_FULL))
                           : e;
}

/* The members as they were told, without persons: what can be checked before anything is written. */
static sluis_err list_members(turn *t, const Sluis__ApiOpenCase *o, Sluis__CaseRow *row, sluis_fail *f)
{
    Sluis__MemberRow *all = arena_alloc(t->arena, o->n_members * sizeof(*all));
    row->members = arena_alloc(t->arena, o->n_members * sizeof(*row->members));
    if (!all || !row->members)
        return fail_set(f, SLUIS_NOMEM, "leden", "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; i < o->n_members; i++) {
        sluis__member_row__init(&all[i]);
        all[i].member = (uint32_t)(i + 1);
        all[i].role = o->members[i]->role;
        all[i].secret = o->members[i]->secret;
        all[i].seen_by = o->members[i]->seen_by;
        all[i].n_seen_by = o->members[i]->n_seen_by;
        row->members[row->n_members++] = &all[i];
    }
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < row->n_members; i++)
        e = case_check_seen_by(row, all[i].member, all[i].seen_by, all[i].n_seen_by, f);
    return e;
}

static sluis_err add_member(turn *t, job *j, size_t i, Sluis__CaseRow *row)
{
    const Sluis__ApiMember *in = j->call->open_case->members[i];
    Sluis__MemberRow *m = row->members[i];
    subject s = {0};
    sluis_err e = *in->own ? registry_subject_own(t->p->registry, t->t, in->own, true, &s)
                           : registry_subject(t->p->registry, t->t, in->bsn, true, &s);
    if (!e)
        e = *in->own ? register_name(t, &s, j, ATTRIBUTE_OWN, in->own) : register_bsn(t, &s, j, in->bsn);
    m->sid.data = arena_copy(t->arena, s.sid.b, ID_LEN);
    m->sid.len = ID_LEN;
    if (!e && !m->sid.data)
        e = SLUIS_NOMEM;
    if (!e)
        e = rights_apply_to(t, &s, m);
    bool known = false;
    if (!e)
        e = secrecy_known(t, s.sid.b, &known);
    m->secret = m->secret || known;
    subject_close(&s);
    return e;
}

/* Who is said here to have a secret address has one in the cases of before, too. */
static sluis_err spread_secrecy(turn *t, const Sluis__CaseRow *row, const id16 *case_id,
                                const Sluis__Record *r)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < row->n_members; i++)
        if (row->members[i]->secret)
            e = secrecy_spread(t, row->members[i]->sid.data, case_id->b, true, r);
    return e;
}

sluis_err case_note(turn *t, const uint8_t *case_id, const Sluis__CaseRow *row, uint32_t member,
                    uint32_t concerned, const char *why)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < row->n_members; i++) {
        id16 sid;
        subject s = {0};
        const Sluis__MemberRow *m = row->members[i];
        if (member && m->member != member)
            continue;
        memcpy(sid.b, m->sid.data, ID_LEN);
        e = registry_subject_by_sid(t->p->registry, t->t, &sid, &s);
        if (!e)
            e = turn_dossier(t, &s, case_id, m->member == concerned ? why : NULL, NULL, 0);
        subject_close(&s);
        if (e == SLUIS_NOT_FOUND) /* forgotten since */
            e = SLUIS_OK;
    }
    return e;
}

sluis_err handle_open_case(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiOpenCase *o = j->call->open_case;
    if (!policy_may(t->rules, ACT_OPEN_CASE, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een zaak openen");
    Sluis__ScopeRow scope = SLUIS__SCOPE_ROW__INIT;
    scope.laws = o->scope_laws;
    scope.n_laws = o->n_scope_laws;
    scope.domains = o->scope_domains;
    scope.n_domains = o->n_scope_domains;
    scope.problems = o->scope_problems;
    scope.n_problems = o->n_scope_problems;
    scope.parties = o->scope_parties;
    scope.n_parties = o->n_scope_parties;
    id16 case_id = id_random();
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    case_scope_choose(&row, &scope);
    row.kind = o->kind;
    row.phase = (char *)(uintptr_t)case_state_name(CASE_RESEARCH);
    row.opened = t->now;
    row.opened_by = j->claims.app;
    row.owner = j->claims.oin.s;
    sluis_err e = check_members(t, o, f);
    if (!e)
        e = case_scope_check(t->rules, &scope, f);
    if (!e)
        e = list_members(t, o, &row, f);
    if (!e)
        e = case_apply(t, j, &row, f);
    if (!e)
        e = check_persons(t, o, f);
    if (e)
        return e;
    for (size_t i = 0; !e && i < o->n_members; i++)
        e = add_member(t, j, i, &row);
    Sluis__Record r;
    api_record(j, SLUIS__RECORD_TYPE__R_CASE, case_id.b, &r);
    r.phase = SLUIS__PHASE__RESEARCH;
    r.decision = (char *)(uintptr_t) "opened";
    if (!e)
        e = case_save(t->t, t->p->rows, case_id.b, &row);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = case_note(t, case_id.b, &row, 0, row.members[0]->member, o->reason);
    if (!e)
        e = turn_event(t, "case-opened", &r, NULL);
    if (!e)
        e = turn_event(t, "client-notice", &r, "research-started");
    if (!e)
        e = case_applied(t, j, case_id.b, &row, &r);
    if (!e)
        e = spread_secrecy(t, &row, &case_id, &r);
    if (!e)
        e = api_out_case(&j->reply, j->call->call, 201, t->rules, t->now, &case_id, &row);
    return e;
}

/* Still known, and still shown to this application, at the moment of commit. */
static sluis_err check_still_known(turn *t, const job *j, const Sluis__CaseRow *c, const subject *s,
                                   sluis_fail *f)
{
    case_facts facts = case_facts_about(c, &s->sid);
    const view *v = policy_view(t->rules, j->claims.app, j->claims.function, &facts, t->now);
    datum_use use = turn_use(t, j->request->case_id.b, c, j->claims.app);
    use.purpose = j->call->file_request->purpose;
    for (size_t i = 0; i < j->request->known_count; i++) {
        bool known = false;
        sluis_err e = datum_known(t->p->registry, t->t, t->rules, s, j->request->known[i], &use, &known);
        if (e)
            return e;
        if (!known || !policy_shows(t->rules, v, &facts, j->request->known[i]))
            return fail_set(f, SLUIS_CONFLICT, "attributen",
                            "het register is intussen veranderd: stuur het verzoek opnieuw");
    }
    return SLUIS_OK;
}

static sluis_err write_known(turn *t, job *j, const subject *s)
{
    api_request *q = j->request;
    const Sluis__ApiFileRequest *in = j->call->file_request;
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    Sluis__Record r;
    api_record(j, SLUIS__RECORD_TYPE__R_FROM_REGISTER, NULL, &r);
    r.transaction = (ProtobufCBinaryData){UUID_LEN, q->transaction.b};
    r.case_id = row.case_id = (ProtobufCBinaryData){ID_LEN, q->case_id.b};
    r.subject = row.sid = (ProtobufCBinaryData){ID_LEN, q->sid.b};
    r.to = row.party = q->party.s;
    r.purpose = row.purpose = in->purpose;
    r.legal_basis = row.legal_basis = in->legal_basis;
    r.n_attributes = row.n_attributes = q->known_count;
    r.attributes = row.attributes = q->known;
    r.decision = (char *)(uintptr_t) "from-register";
    row.member = q->member;
    row.requester = j->claims.oin.s;
    row.application = j->claims.app;
    row.state = (char *)(uintptr_t)request_state_name(REQUEST_ANSWERED);
    row.created = row.answered = t->now;
    row.origin = SLUIS__ORIGIN__API;
    sluis_err e = from_register_results(t, q->known, q->known_count, &row);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = turn_request_file(t, q->transaction.b, &row, s);
    if (!e)
        e = turn_dossier(t, s, q->case_id.b, in->motivation, row.results, row.n_results);
    if (!e)
        e = turn_event(t, "request-from-register", &r, NULL);
    if (!e)
        e = api_out_request(&j->reply, j->call->call, 200, t->rules, q->transaction.b, &row);
    return e;
}

sluis_err handle_known(turn *t, job *j, sluis_fail *f)
{
    const char *why = j->call->file_request->motivation;
    Sluis__CaseRow *c = NULL;
    subject s = {0};
    if (motivation_blank(why))
        return fail_set(f, SLUIS_NO_MOTIVATION, "motivering",
                        "schrijf waarom deze gegevens voor deze zaak nodig zijn");
    if (case_load(t->t, t->p->rows, j->request->case_id.b, t->arena, &c) || !case_is_open(c) ||
        strcmp(c->owner, j->claims.oin.s) != 0)
        return fail_set(f, SLUIS_NO_CASE, "zaakId", "er is geen open zaak met dit kenmerk: open die eerst");
    sluis_err e = registry_subject_by_sid(t->p->registry, t->t, &j->request->sid, &s);
    if (!e)
        e = check_still_known(t, j, c, &s, f);
    if (!e)
        e = write_known(t, j, &s);
    subject_close(&s);
    return e;
}

sluis_err handle_cosigned(turn *t, const job *j)
{
    return cosigned_put(t->t, t->p->rows, j->by, bytes_str(j->call->log_cosign->note));
}

static sluis_err note_for(turn *t, const id16 *sid, const uint8_t *case_id)
{
    subject s = {0};
    sluis_err e = registry_subject_by_sid(t->p->registry, t->t, sid, &s);
    if (!e)
        e = turn_dossier(t, &s, case_id, NULL, NULL, 0);
    subject_close(&s);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* forgotten since */
}

sluis_err read_note(turn *t, const read_decision *d)
{
    sluis_err e = turn_journal(t, d->record);
    if (!e && d->has_subject)
        e = note_for(t, &d->sid, d->no_case ? NULL : d->case_id.b);
    for (size_t i = 0; !e && i < d->person_count; i++)
        e = note_for(t, &d->persons[i].sid, d->persons[i].no_case ? NULL : d->persons[i].case_id.b);
    return e;
}

sluis_err handle_read(turn *t, job *j, sluis_fail *f)
{
    const read_decision *d = &j->read;
    Sluis__CaseRow *c = NULL;
    sluis_err e = d->no_case ? SLUIS_OK : case_load(t->t, t->p->rows, d->case_id.b, t->arena, &c);
    if (e || (c && c->version != d->case_version))
        return fail_set(f, SLUIS_CONFLICT, "zaakId", "de zaak is intussen veranderd: lees die opnieuw");
    e = read_note(t, d);
    return e || !d->fetch ? e : fetch_at_source(t, j);
}
