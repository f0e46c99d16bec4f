#include "core/case_change.h"

#include <string.h>

#include "base/log.h"
#include "core/due.h"

#define MINUTE_MS UINT64_C(60000)

uint32_t change_concerned(const case_change *c)
{
    size_t first = 0; /* who is still here */
    while (first + 1 < c->row->n_members && c->row->members[first]->moved)
        first++;
    return c->about ? c->about : c->in->member ? c->in->member : c->row->members[first]->member;
}

/* ---- coordination ---- */

/* The municipality itself, a party of the directory, or the client when assessed as responsible. */
sluis_err change_coordinator(case_change *c, sluis_fail *f)
{
    const char *who = c->in->coordinator;
    oin o;
    bool external = strcmp(who, "extern") == 0, client = strcmp(who, "client") == 0;
    if (!external && !client && strcmp(who, "gemeente") != 0)
        return fail_set(f, SLUIS_INVALID, "coordinator.wie", "schrijf gemeente, extern of client");
    if (strcmp(c->in->level, "licht") != 0 && strcmp(c->in->level, "zwaar") != 0)
        return fail_set(f, SLUIS_INVALID, "coordinator.niveau", "schrijf licht of zwaar");
    if (external != (*c->in->party != '\0'))
        return fail_set(f, SLUIS_INVALID, "coordinator.partij",
                        external ? "noem de partij die coördineert"
                                 : "alleen bij een externe coördinator hoort een partij");
    if (external && (oin_parse(&o, c->in->party, strlen(c->in->party)) || !directory_find(c->t->dir, &o)))
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "coordinator.partij",
                        "deze partij is niet op deze gateway aangesloten");
    if (client && !c->in->responsible)
        return fail_set(f, SLUIS_CONFLICT, "coordinator.verantwoord",
                        "de cliënt coördineert alleen wanneer is beoordeeld dat dit verantwoord is");
    c->row->coordinator = c->in->coordinator;
    c->row->coordinator_party = c->in->party;
    c->row->level = c->in->level;
    return SLUIS_OK;
}

sluis_err change_coordinate(case_change *c, sluis_fail *f)
{
    c->notice = "research-concluded";
    return change_coordinator(c, f);
}

sluis_err change_end(case_change *c, sluis_fail *f)
{
    (void)f;
    c->notice = "case-ended";
    c->row->ended = c->t->now;
    return SLUIS_OK;
}

/* ---- the client's scope ---- */

sluis_err change_scope_of(case_change *c, Sluis__ScopeRow *s, sluis_fail *f)
{
    const Sluis__ApiScope *in = c->in->scope;
    sluis__scope_row__init(s);
    if (!in)
        return fail_set(f, SLUIS_INVALID, "bereik", "noem het bereik");
    s->laws = in->laws;
    s->n_laws = in->n_laws;
    s->domains = in->domains;
    s->n_domains = in->n_domains;
    s->problems = in->problems;
    s->n_problems = in->n_problems;
    s->parties = in->parties;
    s->n_parties = in->n_parties;
    return case_scope_check(c->t->rules, s, f);
}

sluis_err change_choose_scope(case_change *c, sluis_fail *f)
{
    Sluis__ScopeRow s;
    sluis_err e = change_scope_of(c, &s, f);
    if (!e)
        case_scope_choose(c->row, &s);
    return e;
}

/* Only for serious problems, which are named. */
sluis_err change_widen_scope(case_change *c, sluis_fail *f)
{
    Sluis__ScopeRow s;
    sluis_err e = change_scope_of(c, &s, f);
    if (!e && s.n_problems == 0)
        e = fail_set(f, SLUIS_INVALID, "bereik.problemen",
                     "tegen de keuze van de cliënt in kan alleen bij ernstige problemen: noem welke");
    c->notice = "scope-widened";
    return e ? e : case_scope_widen(c->row, &s, c->t->arena, f);
}

/* ---- members ---- */

sluis_err change_member(case_change *c, sluis_fail *f)
{
    id16 sid;
    if (case_member(c->row, c->in->member, &sid))
        return fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    sluis_err e = case_check_seen_by(c->row, c->in->member, c->in->seen_by, c->in->n_seen_by, f);
    for (size_t i = 0; !e && i < c->row->n_members; i++) {
        Sluis__MemberRow *m = c->row->members[i];
        if (m->member != c->in->member)
            continue;
        m->secret = c->in->secret;
        m->seen_by = c->in->seen_by;
        m->n_seen_by = c->in->n_seen_by;
    }
    c->about = c->in->member; /* nobody else reads that there is something to hide */
    return e;
}

/* ---- services ---- */

static sluis_err due_in_case(turn *t, const uint8_t *case_id, due_kind kind, uint64_t at, uint32_t number)
{
    uint8_t key[ID_LEN + 4];
    memcpy(key, case_id, ID_LEN);
    put_u32(key + ID_LEN, number);
    return due_add(t, kind, at, BYTES_OF(key));
}

sluis_err change_service_due(turn *t, const uint8_t *case_id, const Sluis__ServiceRow *s, uint32_t at)
{
    return s->planned > t->now ? due_in_case(t, case_id, DUE_SERVICE, s->planned, at) : SLUIS_OK;
}

sluis_err change_service(case_change *c, sluis_fail *f)
{
    Sluis__ServiceRow s = SLUIS__SERVICE_ROW__INIT;
    uint32_t at = 0;
    s.service = c->in->service;
    s.party = *c->in->party ? c->in->party : (char *)(uintptr_t)c->j->claims.oin.s;
    s.status = c->in->status;
    s.planned = c->in->planned;
    s.actual = c->in->actual;
    s.reported = c->t->now;
    s.member = c->about = c->in->member;
    if (!oin_valid(s.party, strlen(s.party)))
        return fail_set(f, SLUIS_INVALID, "partij", "een OIN heeft 20 tekens");
    sluis_err e = case_service_report(c->row, &s, true, c->t->arena, &at, f);
    return e ? e : change_service_due(c->t, c->id, c->row->services[at], at);
}

sluis_err case_service_due(turn *t, const uint8_t *case_id, uint32_t index)
{
    Sluis__CaseRow *row = NULL;
    sluis_err e = case_load(t->t, t->p->rows, case_id, t->arena, &row);
    if (e || !case_is_open(row) || index >= row->n_services ||
        !case_service_late(row->services[index], t->now))
        return e;
    Sluis__Record about = SLUIS__RECORD__INIT;
    about.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    about.to = row->services[index]->party;
    about.application = row->opened_by;
    return turn_event(t, "service-late", &about, row->services[index]->service);
}

/* ---- looks in acute danger ---- */

sluis_err change_attribute_room(case_change *c, uint32_t **ids, sluis_fail *f)
{
    size_t n = c->in->n_attributes;
    if (n < 1 || n > ATTRIBUTES_MAX)
        return fail_set(f, SLUIS_INVALID, "attributen", "noem 1 tot %d gegevens", ATTRIBUTES_MAX);
    *ids = arena_alloc(c->t->arena, n * sizeof(**ids));
    return *ids ? SLUIS_OK : fail_set(f, SLUIS_NOMEM, "attributen", "%s", error_text(SLUIS_NOMEM));
}

static sluis_err glass_attributes(case_change *c, Sluis__EmergencyRow *x, sluis_fail *f)
{
    const Sluis__ApiChangeCase *in = c->in;
    sluis_err e = change_attribute_room(c, &x->attributes, f);
    if (e)
        return e;
    for (size_t i = 0; i < in->n_attributes; i++) {
        const attribute *a = rules_attribute_named(c->t->rules, in->attributes[i]);
        if (!a)
            return fail_set(f, SLUIS_INVALID, "attributen", "nummer %zu staat niet in de catalogus", i + 1);
        x->attributes[x->n_attributes++] = a->id;
    }
    c->r.attributes = x->attributes;
    c->r.n_attributes = x->n_attributes;
    return SLUIS_OK;
}

sluis_err change_glass_due(turn *t, const uint8_t *case_id, const Sluis__EmergencyRow *x)
{
    const uint64_t at = x->until + t->p->settings->glass_review_days * UINT64_C(86400000);
    return x->reviewed ? SLUIS_OK : due_in_case(t, case_id, DUE_GLASS, at, x->number);
}

sluis_err change_break_glass(case_change *c, sluis_fail *f)
{
    Sluis__EmergencyRow x = SLUIS__EMERGENCY_ROW__INIT;
    id16 sid;
    const settings *s = c->t->p->settings;
    uint32_t minutes = c->in->minutes ? c->in->minutes : s->glass_minutes;
    if (minutes > s->glass_minutes)
        return fail_set(f, SLUIS_TOO_BIG, "minuten", "ten hoogste %u minuten", s->glass_minutes);
    if (case_member(c->row, c->in->member, &sid))
        return fail_set(f, SLUIS_INVALID, "lid", "dit lid is er niet");
    x.application = (char *)(uintptr_t)c->j->claims.app;
    x.function = (char *)(uintptr_t)c->j->claims.function;
    x.employee = (char *)(uintptr_t)c->j->claims.employee;
    x.member = c->in->member;
    x.from = c->t->now;
    x.until = c->t->now + minutes * MINUTE_MS;
    sluis_err e = glass_attributes(c, &x, f);
    if (!e)
        e = case_glass_break(c->row, &x, c->t->arena, f);
    if (!e)
        e = change_glass_due(c->t, c->id, c->row->emergencies[c->row->n_emergencies - 1]);
    c->about = x.member;
    c->notice = "glass-broken";
    return e;
}

sluis_err change_review_glass(case_change *c, sluis_fail *f)
{
    sluis_err e = case_glass_review(c->row, c->in->number, c->j->claims.employee, c->in->justified, c->t->now,
                                    c->t->arena, f);
    if (!e)
        c->about = c->row->emergencies[c->in->number - 1]->member;
    c->r.detail = (char *)(uintptr_t)(c->in->justified ? "justified" : "not-justified");
    return e;
}

sluis_err case_glass_due(turn *t, const uint8_t *case_id, uint32_t number)
{
    Sluis__CaseRow *row = NULL;
    char hex[33];
    id16 id;
    sluis_err e = case_load(t->t, t->p->rows, case_id, t->arena, &row);
    if (e || number < 1 || number > row->n_emergencies || row->emergencies[number - 1]->reviewed)
        return e;
    Sluis__Record about = SLUIS__RECORD__INIT;
    about.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    about.application = row->emergencies[number - 1]->application;
    memcpy(id.b, case_id, ID_LEN);
    id_format(hex, &id);
    METRIC_ADD(t->p->metrics, glass_unreviewed, 1);
    log_write(LOG_WARN, "case.glass-unreviewed", "case", hex, "text",
              "a look in acute danger waits for its review beyond its term", NULL);
    return turn_event(t, "glass-unreviewed", &about, NULL);
}
