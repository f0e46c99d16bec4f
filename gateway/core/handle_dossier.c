/* What an employee does in a dossier: an exchange outside the bus is noted, an entry is restricted and opened
 * again. Nothing is changed or taken away: each is an entry of its own, and a restriction is a row beside. */
#include <string.h>

#include "base/clock.h"
#include "cases/restriction.h"
#include "core/about.h"
#include "core/asking.h"
#include "core/due.h"
#include "core/handlers.h"
#include "flow/api_out.h"
#include "registry/entries.h"
#include "wire/messages.h"

#define WITH_MAX   200                /* bytes of with whom */
#define OVERDUE_MS (7 * DAY_MS)       /* beyond its review: said once more */
#define FUTURE_MS  (2 * 60 * 1000ULL) /* clocks differ */
#define LIST_MAX   64

typedef struct {
    turn *t;
    job *j;
    const uint8_t *case_id;
    uint32_t member;
    Sluis__CaseRow *row;
    subject s;
    Sluis__Record r;
} dossier_work;

/* The case, the member and the record of whoever does it. */
static sluis_err begin(dossier_work *w, ProtobufCBinaryData case_id, sluis_fail *f)
{
    sluis_err e = about_member(w->t, w->j, case_id, w->member, false, &w->row, &w->s, f);
    if (e)
        return e;
    w->case_id = case_id.data;
    api_record(w->j, SLUIS__RECORD_TYPE__R_CASE, w->case_id, &w->r);
    w->r.phase = case_facts_of(w->row).phase;
    w->r.subject = (ProtobufCBinaryData){ID_LEN, w->s.sid.b};
    return SLUIS_OK;
}

/* An entry of this member in this case; NOT_FOUND. */
static sluis_err find_entry(dossier_work *w, uint64_t entry, Sluis__DossierRow **out)
{
    turn *t = w->t;
    uint8_t key[ID_LEN + 8];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = entries_get(t->t, t->p->rows, TABLE_DOSSIER, &w->s.sid, entry, key, &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_DOSSIER, BYTES_OF(key), sealed, t->arena,
                     &sluis__dossier_row__descriptor, &m, NULL);
    *out = (Sluis__DossierRow *)m;
    if (!e && !case_covers(w->row, w->case_id, (*out)->case_id))
        e = SLUIS_NOT_FOUND;
    return e;
}

/* Journal, entry and event of one thing done; fill: what the entry holds beside. */
static sluis_err write_entry(dossier_work *w, const char *decision, const char *why,
                             const Sluis__DossierRow *fill)
{
    turn *t = w->t;
    Sluis__DossierRow row;
    uint8_t key[ID_LEN + 8];
    w->r.decision = (char *)(uintptr_t)decision;
    sluis_err e = turn_journal(t, &w->r);
    if (e)
        return e;
    turn_dossier_entry(t, w->case_id, why, &row);
    row.exchange = fill->exchange;
    row.about = fill->about;
    restriction_key(key, &w->s.sid, t->entry.index);
    e = turn_put_sealed(t, &w->s, TABLE_DOSSIER, BYTES_OF(key), &row.base);
    return e ? e : turn_event(t, decision, &w->r, NULL);
}

/* ---- an exchange outside the bus ---- */

static bool is_channel(const char *s)
{
    static const char *const channels[] = {"spoken", "phone", "secure-mail", "post", "other"};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (strcmp(channels[i], s) == 0)
            return true;
    return false;
}

static sluis_err check_exchange(const dossier_work *w, const Sluis__ApiNoteExchange *in, sluis_fail *f)
{
    const Sluis__ApiExchange *x = in->exchange;
    const rules *rs = w->t->rules;
    if (!x || !is_channel(x->channel))
        return fail_set(f, SLUIS_INVALID, "wijze",
                        "schrijf mondeling, telefoon, beveiligde-mail, post of anders");
    if (motivation_blank(x->with) || strlen(x->with) > WITH_MAX)
        return fail_set(f, SLUIS_INVALID, "met", "schrijf met wie, in ten hoogste %d bytes", WITH_MAX);
    if (!x->happened || x->happened > w->t->now + FUTURE_MS)
        return fail_set(f, SLUIS_INVALID, "wanneer", "noem een moment dat geweest is");
    if (!in->n_attributes && !x->n_categories)
        return fail_set(f, SLUIS_INVALID, "attributen", "noem gegevens, of de categorieën ervan");
    if (in->n_attributes > LIST_MAX || x->n_categories > LIST_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "attributen", "noem er ten hoogste %d", LIST_MAX);
    if (!rules_purpose_title(rs, in->purpose))
        return fail_set(f, SLUIS_INVALID, "doel", "noem een doel uit de regels");
    if (!rules_legal_basis_title(rs, in->legal_basis))
        return fail_set(f, SLUIS_INVALID, "grondslag", "noem een grondslag uit de regels");
    return asking_words(in->motivation, "motivering", "schrijf waarom", f);
}

/* Names to numbers. */
static sluis_err resolve(dossier_work *w, const Sluis__ApiNoteExchange *in, Sluis__ExchangeRow *x,
                         sluis_fail *f)
{
    arena *a = w->t->arena;
    x->categories = arena_alloc(a, (in->exchange->n_categories + 1) * sizeof(uint32_t));
    w->r.attributes = arena_alloc(a, (in->n_attributes + 1) * sizeof(uint32_t));
    if (!x->categories || !w->r.attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < in->exchange->n_categories; i++) {
        category c;
        if (category_parse(&c, in->exchange->categories[i]))
            return fail_set(f, SLUIS_INVALID, "categorieen", "nummer %zu is geen categorie", i + 1);
        x->categories[x->n_categories++] = c;
    }
    for (size_t i = 0; i < in->n_attributes; i++) {
        const attribute *at = rules_attribute_named(w->t->rules, in->attributes[i]);
        if (!at)
            return fail_set(f, SLUIS_INVALID, "attributen", "nummer %zu staat niet in de catalogus", i + 1);
        w->r.attributes[w->r.n_attributes++] = at->id;
    }
    return SLUIS_OK;
}

/* What is corrected stays as it was noted: the new entry says in whose place it stands. */
static sluis_err check_corrects(dossier_work *w, uint64_t entry, sluis_fail *f)
{
    Sluis__DossierRow *row = NULL;
    sluis_err e = entry ? find_entry(w, entry, &row) : SLUIS_OK;
    if (e == SLUIS_NOT_FOUND || (row && !row->exchange))
        return fail_set(f, SLUIS_INVALID, "corrigeert",
                        "noem het journaalnummer van een genoteerde uitwisseling in dit dossier");
    return e;
}

sluis_err handle_note_exchange(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiNoteExchange *in = j->call->note_exchange;
    dossier_work w = {.t = t, .j = j, .member = in->member};
    Sluis__ExchangeRow x = SLUIS__EXCHANGE_ROW__INIT;
    Sluis__DossierRow fill = SLUIS__DOSSIER_ROW__INIT;
    if (!policy_may(t->rules, ACT_NOTE_EXCHANGE, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een uitwisseling noteren");
    sluis_err e = check_exchange(&w, in, f);
    if (!e)
        e = begin(&w, in->case_id, f);
    if (!e)
        e = resolve(&w, in, &x, f);
    if (!e)
        e = check_corrects(&w, in->exchange->corrects, f);
    if (!e) {
        x.channel = in->exchange->channel;
        x.received = in->exchange->received;
        x.with = in->exchange->with;
        x.happened = in->exchange->happened;
        x.corrects = in->exchange->corrects;
        fill.exchange = &x;
        w.r.purpose = in->purpose;
        w.r.legal_basis = in->legal_basis;
        e = write_entry(&w, "exchange-noted", in->motivation, &fill);
    }
    if (!e)
        e = api_out_noted(&j->reply, j->call->call, t->entry.index, t->now);
    subject_close(&w.s);
    return e;
}

/* ---- restriction ---- */

static sluis_err save(dossier_work *w, const Sluis__RestrictionRow *x)
{
    uint8_t key[ID_LEN + 8];
    restriction_key(key, &w->s.sid, x->journal_index);
    return turn_put_sealed(w->t, &w->s, TABLE_RESTRICTION, BYTES_OF(key), &x->base);
}

static sluis_err end_restriction(dossier_work *w, const Sluis__RestrictionRow *x)
{
    Sluis__RestrictionRow over = *x;
    over.ended = w->t->now;
    return save(w, &over);
}

/* What ended is kept with its reason, but not without bound: each is gone over when the dossier is read. */
static sluis_err make_way(dossier_work *w, const restrictions *all)
{
    uint8_t key[ID_LEN + 8];
    if (all->all < RESTRICTION_ROWS_MAX || !all->oldest)
        return SLUIS_OK;
    restriction_key(key, &w->s.sid, all->oldest);
    return store_delete(w->t->t, TABLE_RESTRICTION, BYTES_OF(key));
}

/* The entry as it stands: what it is a part of, and what covers it now. A restriction is told, never hidden.
 */
static sluis_err look_up(dossier_work *w, uint64_t entry, bytes *transaction, const restrictions *all,
                         const Sluis__RestrictionRow **now, sluis_fail *f)
{
    Sluis__DossierRow *row = NULL;
    ProtobufCMessage *m = NULL;
    bytes sealed;
    sluis_err e = find_entry(w, entry, &row);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, e, "", "%s", error_text(e));
    if (!e)
        e = row_unpack(&m, &sluis__record__descriptor, w->t->arena, BYTES(row->record.data, row->record.len));
    if (e)
        return e;
    const Sluis__Record *of = (const Sluis__Record *)m;
    if (row->about)
        return fail_set(f, SLUIS_INVALID, "journaalnummer",
                        "dat iets beperkt is, leest de cliënt altijd: beperk de regel waar het om gaat");
    *transaction = BYTES(of->transaction.data, of->transaction.len);
    if (of->transaction.len != UUID_LEN || store_get(w->t->t, TABLE_REQUEST, *transaction, &sealed))
        *transaction = BYTES(NULL, 0);
    *now = restriction_of(all, entry, *transaction);
    return SLUIS_OK;
}

static sluis_err restrict_entry(dossier_work *w, const Sluis__ApiRestrictEntry *in, bytes transaction)
{
    turn *t = w->t;
    Sluis__DossierRow fill = SLUIS__DOSSIER_ROW__INIT;
    Sluis__RestrictionRow x = SLUIS__RESTRICTION_ROW__INIT;
    uint8_t key[ID_LEN + 8];
    fill.about = in->entry;
    sluis_err e = write_entry(w, "entry-restricted", NULL, &fill); /* the reason would tell what it hides */
    x.journal_index = t->entry.index;
    x.entry = in->entry;
    x.transaction = (ProtobufCBinaryData){transaction.n, (uint8_t *)(uintptr_t)transaction.p};
    x.case_id = in->case_id;
    x.reason = in->reason;
    x.application = w->j->claims.app;
    x.function = w->j->claims.function;
    x.employee = w->j->claims.employee;
    x.since = t->now;
    x.review = in->review;
    restriction_key(key, &w->s.sid, x.journal_index);
    if (!e)
        e = save(w, &x);
    return e ? e : due_add(t, DUE_RESTRICTION, x.review, BYTES_OF(key));
}

static sluis_err check_restriction(const turn *t, const Sluis__ApiRestrictEntry *in, sluis_fail *f)
{
    if (!in->lift && (in->review <= t->now || in->review > t->now + RESTRICTION_DAYS_MAX * DAY_MS))
        return fail_set(f, SLUIS_INVALID, "toetsing", "noem een moment dat nog komt, binnen %d dagen",
                        RESTRICTION_DAYS_MAX);
    return asking_words(in->reason, "reden", "schrijf waarom", f);
}

sluis_err handle_restrict_entry(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiRestrictEntry *in = j->call->restrict_entry;
    dossier_work w = {.t = t, .j = j, .member = in->member};
    Sluis__DossierRow fill = SLUIS__DOSSIER_ROW__INIT;
    restrictions all = {0};
    const Sluis__RestrictionRow *now = NULL;
    bytes transaction = BYTES(NULL, 0);
    if (!policy_may(t->rules, ACT_RESTRICT_DOSSIER, j->claims.app, j->claims.function, t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een dossier beperken");
    sluis_err e = check_restriction(t, in, f);
    if (!e)
        e = begin(&w, in->case_id, f);
    if (!e)
        e = restrictions_load(t->p->registry, t->t, &w.s, t->arena, &all);
    if (!e)
        e = look_up(&w, in->entry, &transaction, &all, &now, f);
    if (!e && !now && in->lift)
        e = fail_set(f, SLUIS_CONFLICT, "journaalnummer",
                     "deze regel is niet beperkt: er is niets op te heffen");
    if (!e && !now && all.n == RESTRICTIONS_MAX)
        e = fail_set(f, SLUIS_FULL, "journaalnummer", "in één dossier gelden ten hoogste %d beperkingen",
                     RESTRICTIONS_MAX);
    fill.about = in->entry;
    if (!e)
        e = in->lift ? write_entry(&w, "restriction-lifted", in->reason, &fill)
                     : restrict_entry(&w, in, transaction);
    if (!e && !in->lift)
        e = make_way(&w, &all);
    if (!e && now) /* lifted, or looked at again: another stands in its place */
        e = end_restriction(&w, now);
    if (!e)
        e = api_out_noted(&j->reply, j->call->call, t->entry.index, t->now);
    subject_close(&w.s);
    return e;
}

/* Its date has come, and a week later once more; it holds until somebody decides. */
sluis_err dossier_review_due(turn *t, const uint8_t key[static ID_LEN + 8])
{
    uint8_t again[ID_LEN + 8];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    Sluis__Record about = SLUIS__RECORD__INIT;
    memcpy(again, key, sizeof(again));
    sluis_err e = store_get(t->t, TABLE_RESTRICTION, BYTES_OF(again), &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_RESTRICTION, BYTES_OF(again), sealed, t->arena,
                     &sluis__restriction_row__descriptor, &m, NULL);
    const Sluis__RestrictionRow *x = (const Sluis__RestrictionRow *)m;
    if (e || x->ended)
        return e;
    const bool late = t->now >= x->review + OVERDUE_MS;
    about.case_id = x->case_id;
    about.application = x->application;
    e = turn_event(t, late ? "restriction-unreviewed" : "restriction-review", &about, NULL);
    return e || late ? e : due_add(t, DUE_RESTRICTION, x->review + OVERDUE_MS, BYTES_OF(again));
}
