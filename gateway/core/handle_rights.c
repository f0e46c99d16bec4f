/* What a client asks about the own data (AVG articles 15, 17, 18 and 21): filed by the client or for the
 * client, decided within its term, and what was granted takes effect: a restriction or an objection stops the
 * use of the data in every case of this person, an erasure waits for `subject forget`. Each step is an entry
 * in journal and dossier, and an event. */
#include <string.h>

#include "base/clock.h"
#include "cases/links.h"
#include "cases/rights.h"
#include "core/about.h"
#include "core/asking.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/rectify.h"
#include "flow/api_out.h"

#define RECEIVED_DAYS 366 /* before it is filed: longer ago is a slip */

typedef struct {
    turn *t;
    job *j;
    ProtobufCBinaryData case_id;
    uint32_t member;
    Sluis__CaseRow *row;
    subject s;
    uint8_t transaction[UUID_LEN];
} rights_work;

static const client_right *right_of(const turn *t, const Sluis__RightsRow *row)
{
    right_kind k;
    return right_parse(&k, row->kind) ? NULL : rules_right(t->rules, k);
}

/* The reminder before its term; the term itself, when there is no time for one. */
static sluis_err plan(turn *t, const uint8_t key[static RIGHTS_KEY], const Sluis__RightsRow *row)
{
    const client_right *c = right_of(t, row);
    const uint64_t term = rights_term(row), before = c ? c->remind_days * DAY_MS : 0;
    if (!term)
        return SLUIS_OK;
    return due_add(t, DUE_RIGHTS, term > t->now + before ? term - before : term, BYTES(key, RIGHTS_KEY));
}

/* The row, its entry in journal and dossier, its event, its next term; and the answer. */
static sluis_err write(rights_work *w, Sluis__RightsRow *row, const char *decision, const char *why,
                       uint32_t status)
{
    turn *t = w->t;
    Sluis__Record r;
    uint8_t key[RIGHTS_KEY];
    api_record(w->j, SLUIS__RECORD_TYPE__R_CASE, w->case_id.data, &r);
    r.phase = case_facts_of(w->row).phase;
    r.subject = (ProtobufCBinaryData){ID_LEN, w->s.sid.b};
    r.transaction = (ProtobufCBinaryData){UUID_LEN, w->transaction};
    r.attributes = row->attributes;
    r.n_attributes = row->n_attributes;
    r.decision = (char *)(uintptr_t)decision;
    r.detail = row->kind;
    rights_key(key, &w->s.sid, w->transaction);
    sluis_err e = turn_put_sealed(t, &w->s, TABLE_RIGHTS, BYTES_OF(key), &row->base);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = turn_dossier(t, &w->s, w->case_id.data, why, NULL, 0);
    if (!e)
        e = turn_event(t, decision, &r, row->kind);
    if (!e)
        e = plan(t, key, row);
    return e ? e
             : api_out_rights(&w->j->reply, w->j->call->call, status, t->rules, t->now, w->transaction, row);
}

/* ---- filed ---- */

/* In a client's portal, for oneself or for whom one may look for. */
static sluis_err check_viewer(const rights_work *w, uint32_t viewer, sluis_fail *f)
{
    const application *app = rules_application(w->t->rules, w->j->claims.app);
    if (app && app->client_portal && !viewer)
        return fail_set(f, SLUIS_INVALID, "namens", "noem het lid dat dit vraagt");
    if (viewer && !case_member_sees(w->row, viewer, w->member))
        return fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    return SLUIS_OK;
}

static sluis_err resolve(rights_work *w, const Sluis__ApiFileRights *in, Sluis__RightsRow *row, sluis_fail *f)
{
    if (in->n_attributes > ATTRIBUTES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "attributen", "ten hoogste %d namen", ATTRIBUTES_MAX);
    row->attributes = arena_alloc(w->t->arena, (in->n_attributes + 1) * sizeof(uint32_t));
    if (!row->attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < in->n_attributes; i++) {
        const attribute *a = rules_attribute_named(w->t->rules, in->attributes[i]);
        if (!a)
            return fail_set(f, SLUIS_INVALID, "attributen", "nummer %zu staat niet in de catalogus", i + 1);
        row->attributes[row->n_attributes++] = a->id;
    }
    return SLUIS_OK;
}

static sluis_err check_count(rights_work *w, sluis_fail *f)
{
    rights_item *all = NULL;
    size_t n = 0;
    sluis_err e = rights_load(w->t->p->registry, w->t->t, &w->s, w->t->arena, &all, &n);
    if (!e && n == RIGHTS_MAX)
        e = fail_set(f, SLUIS_FULL, "soort",
                     "er zijn al %d AVG-verzoeken van deze persoon, meer houdt de gateway niet bij",
                     RIGHTS_MAX);
    return e;
}

/* The terms begin when the municipality received it (AVG art. 12 lid 3), which may be before somebody filed
 * it. */
static sluis_err received(const rights_work *w, const Sluis__ApiFileRights *in, uint64_t *out, sluis_fail *f)
{
    const uint64_t now = w->t->now;
    *out = in->received ? in->received : now;
    if (in->received && in->viewer)
        return fail_set(f, SLUIS_INVALID, "ontvangen",
                        "wat de cliënt zelf indient, is nu ontvangen: laat dit weg");
    if (in->received > now || (in->received && now - in->received > RECEIVED_DAYS * DAY_MS))
        return fail_set(f, SLUIS_INVALID, "ontvangen",
                        "schrijf een moment dat voorbij is, van het laatste jaar");
    return SLUIS_OK;
}

sluis_err handle_file_rights(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiFileRights *in = j->call->file_rights;
    rights_work w = {.t = t, .j = j, .case_id = in->case_id, .member = in->member};
    Sluis__RightsRow row = SLUIS__RIGHTS_ROW__INIT;
    right_kind kind;
    uint64_t filed = 0;
    uuid transaction = uuid_new(t->now);
    memcpy(w.transaction, transaction.b, UUID_LEN);
    if (!policy_may(t->rules, ACT_FILE_RIGHTS, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een AVG-verzoek indienen");
    if (right_parse(&kind, in->kind))
        return fail_set(f, SLUIS_INVALID, "soort",
                        "schrijf inzage, verwijdering, beperking, bezwaar of rectificatie");
    const client_right *c = rules_right(t->rules, kind);
    if (!c)
        return fail_set(f, SLUIS_INVALID, "soort", "de regels die gelden kennen hiervoor geen termijnen");
    sluis_err e = asking_words(in->text, "tekst", "schrijf waarom", f);
    if (!e)
        e = about_member(t, j, w.case_id, w.member, false, &w.row, &w.s, f);
    if (!e)
        e = check_viewer(&w, in->viewer, f);
    if (!e)
        e = received(&w, in, &filed, f);
    if (!e)
        e = resolve(&w, in, &row, f);
    row.kind = in->kind;
    if (!e)
        e = rectify_file(t, in, &row, f);
    if (!e)
        e = check_count(&w, f);
    if (!e) {
        row.state = (char *)(uintptr_t)rights_state_name(RIGHTS_RECEIVED);
        row.case_id = in->case_id;
        row.member = in->member;
        row.text = in->text;
        row.filed = filed;
        row.by_client = in->viewer != 0;
        row.application = j->claims.app;
        row.filed_by = j->claims.employee;
        row.due = rules_months_after(t->rules, filed, c->months);
        e = write(&w, &row, "rights-filed", in->text, 201);
    }
    subject_close(&w.s);
    return e;
}

/* ---- decided ---- */

/* s, when not NULL: its subject, closed by the caller. NOT_FOUND. */
static sluis_err load(turn *t, const uint8_t key[static RIGHTS_KEY], subject *s, Sluis__RightsRow **out)
{
    bytes sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(t->t, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), sealed, t->arena,
                     &sluis__rights_row__descriptor, &m, s);
    *out = (Sluis__RightsRow *)m;
    return e;
}

static sluis_err step(rights_work *w, Sluis__RightsRow *row, rights_state to, const char *why, sluis_fail *f)
{
    const client_right *c = right_of(w->t, row);
    const uint64_t now = w->t->now;
    const uint32_t months = c ? c->months + c->extend_months : 0;
    if (to == RIGHTS_EXTENDED && (!c || !c->extend_months))
        return fail_set(f, SLUIS_CONFLICT, "overgang",
                        "deze termijn kan niet verlengd worden: besluit erbinnen");
    if (to == RIGHTS_EXTENDED && now > row->due)
        return fail_set(f, SLUIS_CONFLICT, "overgang",
                        "verlengen kan alleen binnen de eerste termijn: besluit nu");
    row->state = (char *)(uintptr_t)rights_state_name(to);
    row->pressed = 0;
    if (to == RIGHTS_EXTENDED) {
        row->extended = now;
        row->extension_reason = (char *)(uintptr_t)why;
        row->due = rules_months_after(w->t->rules, row->filed, months);
    } else if (to == RIGHTS_DONE) {
        row->done = now;
        row->done_reason = (char *)(uintptr_t)why;
    } else {
        row->decided = now;
        row->decision_reason = (char *)(uintptr_t)why;
        row->decided_by = w->j->claims.function;
        if (to == RIGHTS_GRANTED && c && c->done_months)
            row->carry_out_by = rules_months_after(w->t->rules, row->filed, c->done_months);
    }
    return SLUIS_OK;
}

/* What the municipality corrects itself is done with the decision. */
static void done_at_once(const turn *t, Sluis__RightsRow *row, const char *why)
{
    row->state = (char *)(uintptr_t)rights_state_name(RIGHTS_DONE);
    row->done = t->now;
    row->done_reason = (char *)(uintptr_t)why;
}

/* Whoever decides does so for every law: they are asked by a person, not in one of that person's cases. */
sluis_err handle_decide_rights(turn *t, job *j, sluis_fail *f)
{
    static const char *const said[RIGHTS_STATES] = {[RIGHTS_EXTENDED] = "rights-extended",
                                                    [RIGHTS_GRANTED] = "rights-granted",
                                                    [RIGHTS_REFUSED] = "rights-refused",
                                                    [RIGHTS_DONE] = "rights-done"};
    const Sluis__ApiDecideRights *in = j->call->decide_rights;
    rights_work w = {.t = t, .j = j, .case_id = in->case_id, .member = in->member};
    Sluis__RightsRow *row = NULL;
    rights_state to = RIGHTS_RECEIVED;
    rectification x = {.row = NULL};
    uint8_t key[RIGHTS_KEY];
    if (!policy_may(t->rules, ACT_HANDLE_RIGHTS, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie over AVG-verzoeken besluiten");
    if (in->transaction.len != UUID_LEN)
        return fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    memcpy(w.transaction, in->transaction.data, UUID_LEN);
    sluis_err e = asking_words(in->motivation, "motivering", "schrijf waarom", f);
    if (!e)
        e = about_member(t, j, w.case_id, w.member, true, &w.row, &w.s, f);
    if (!e) {
        rights_key(key, &w.s.sid, w.transaction);
        e = load(t, key, NULL, &row);
        if (e)
            fail_set(f, e, "", "%s", error_text(e));
    }
    if (!e)
        e = asking_another(t, j, ACT_HANDLE_RIGHTS, row->filed_by, f);
    if (!e)
        e = rights_step(row, in->event, &to, f);
    if (!e)
        e = step(&w, row, to, in->motivation, f);
    if (!e && rectify_is(row))
        e = rectify_begin(t, j, w.row, &w.s, row, to, &x, f);
    if (!e && x.own)
        done_at_once(t, row, in->motivation);
    if (!e)
        e = write(&w, row, x.own ? "rights-corrected" : said[to], in->motivation, 200);
    if (!e && x.row)
        e = rectify_write(t, &x, to, w.transaction);
    if (!e)
        e = rights_apply(t, &w.s);
    subject_close(&w.s);
    return e;
}

/* ---- what is granted takes effect ---- */

/* What all granted requests together stop: everything, or the data they name. */
static sluis_err stopped(turn *t, const subject *s, bool *any, uint32_t **ids, size_t *n)
{
    rights_item *all = NULL;
    size_t count = 0;
    bool whole = false;
    *any = false;
    *n = 0;
    *ids = arena_alloc(t->arena, RIGHTS_STOPPED * sizeof(**ids));
    sluis_err e = *ids ? rights_load(t->p->registry, t->t, s, t->arena, &all, &count) : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < count; i++) {
        const Sluis__RightsRow *row = all[i].row;
        const client_right *c = right_of(t, row);
        if (!rights_in(row, RIGHTS_GRANTED) || !c || !c->stops_use)
            continue;
        *any = true;
        /* Beyond what is kept by name, everything is stopped: never less than was granted. */
        whole = whole || row->n_attributes == 0 || *n + row->n_attributes > RIGHTS_STOPPED;
        for (size_t k = 0; !whole && k < row->n_attributes; k++)
            (*ids)[(*n)++] = row->attributes[k];
    }
    if (whole)
        *n = 0;
    return e;
}

sluis_err rights_apply_to(turn *t, const subject *s, Sluis__MemberRow *m)
{
    bool any = false;
    sluis_err e = stopped(t, s, &any, &m->stopped_attributes, &m->n_stopped_attributes);
    m->stopped = any;
    return e;
}

typedef struct {
    turn *t;
    const subject *s;
} applying;

/* The requests that wait for what was stopped, a moment later: they may be many. */
static sluis_err withdraw_later(turn *t, const uint8_t id[static ID_LEN], const Sluis__MemberRow *m)
{
    uint8_t from[ID_LEN + 4 + 8] = {0};
    memcpy(from, id, ID_LEN);
    put_u32(from + ID_LEN, m->member);
    return m->stopped ? due_add(t, DUE_WITHDRAWAL, t->now, BYTES_OF(from)) : SLUIS_OK;
}

static sluis_err apply_in_case(void *ctx, const uint8_t id[static ID_LEN])
{
    const applying *a = ctx;
    turn *t = a->t;
    const arena_place empty = arena_at(t->arena);
    Sluis__CaseRow *row = NULL;
    sluis_err e = case_load(t->t, t->p->rows, id, t->arena, &row);
    Sluis__MemberRow *m = e ? NULL : case_member_row(row, a->s->sid.b);
    if (m)
        e = rights_apply_to(t, a->s, m);
    if (!e)
        e = case_save(t->t, t->p->rows, id, row);
    if (!e && m)
        e = withdraw_later(t, id, m);
    arena_back(t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err rights_apply(turn *t, const subject *s)
{
    applying a = {t, s};
    return links_each(t->t, t->p->rows, s->sid.b, TABLE_CASE, apply_in_case, &a);
}

/* ---- a person known as two becomes one (merge.h) ---- */

sluis_err rights_check_move(turn *t, const subject *from, const subject *to, sluis_fail *f)
{
    rights_item *all = NULL;
    size_t theirs = 0, own = 0;
    sluis_err e = rights_load(t->p->registry, t->t, from, t->arena, &all, &theirs);
    if (!e && to)
        e = rights_load(t->p->registry, t->t, to, t->arena, &all, &own);
    if (!e && theirs + own > RIGHTS_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "bsn", "samen zijn er meer dan %d AVG-verzoeken van deze persoon",
                     RIGHTS_MAX);
    return e;
}

sluis_err rights_move(turn *t, const subject *from, const subject *to)
{
    rights_item *all = NULL;
    size_t n = 0;
    uint8_t key[RIGHTS_KEY];
    sluis_err e = rights_load(t->p->registry, t->t, from, t->arena, &all, &n);
    for (size_t i = 0; !e && i < n; i++) {
        rights_key(key, &from->sid, all[i].transaction);
        e = store_delete(t->t, TABLE_RIGHTS, BYTES_OF(key));
        rights_key(key, &to->sid, all[i].transaction);
        if (!e)
            e = turn_put_sealed(t, to, TABLE_RIGHTS, BYTES_OF(key), &all[i].row->base);
        if (!e)
            e = plan(t, key, all[i].row);
        if (!e)
            e = rectify_look(t, key, all[i].row);
    }
    return e ? e : rights_apply(t, to);
}

/* ---- terms ---- */

sluis_err rights_due(turn *t, const uint8_t key[static RIGHTS_KEY])
{
    uint8_t at[RIGHTS_KEY];
    subject s = {0};
    Sluis__RightsRow *row = NULL;
    Sluis__Record about = SLUIS__RECORD__INIT;
    memcpy(at, key, RIGHTS_KEY);
    sluis_err e = load(t, at, &s, &row);
    const client_right *c = e ? NULL : right_of(t, row);
    const uint64_t term = e ? 0 : rights_term(row), before = c ? c->remind_days * DAY_MS : 0;
    const uint32_t press = !term || t->now + before < term ? 0 : t->now < term ? 1 : 2;
    if (!e && press > row->pressed) {
        row->pressed = press;
        about.transaction = (ProtobufCBinaryData){UUID_LEN, at + ID_LEN};
        about.case_id = row->case_id;
        about.application = row->application;
        e = turn_put_sealed(t, &s, TABLE_RIGHTS, BYTES_OF(at), &row->base);
        if (!e)
            e = turn_event(t, press == 1 ? "rights-reminder" : "rights-late", &about, row->kind);
        if (!e && press == 1)
            e = due_add(t, DUE_RIGHTS, term, BYTES_OF(at));
    }
    subject_close(&s);
    return e;
}
