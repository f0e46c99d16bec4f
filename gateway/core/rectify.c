#include "core/rectify.h"

#include <stdio.h>
#include <string.h>

#include "cases/source_word.h"
#include "core/ask.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/send.h"
#include "core/settle.h"
#include "registry/entries.h"

#define WORD(s)   ((char *)(uintptr_t)(s))
#define WORDS_MAX (MOTIVATION_MAX - 200) /* of the client's value and text: what goes to the source */

bool rectify_is(const Sluis__RightsRow *row)
{
    return strcmp(row->kind, right_name(RIGHT_RECTIFICATION)) == 0;
}

sluis_err rectify_file(turn *t, const Sluis__ApiFileRights *in, Sluis__RightsRow *row, sluis_fail *f)
{
    const bool only = in->instance.len == 0;
    if (!rectify_is(row))
        return *in->value || !only ? fail_set(f, SLUIS_INVALID, "waarde",
                                              "alleen een verzoek om rectificatie noemt een waarde")
                                   : SLUIS_OK;
    if (row->n_attributes != 1)
        return fail_set(f, SLUIS_INVALID, "attributen", "noem het ene gegeven dat niet klopt");
    const attribute *a = rules_attribute(t->rules, row->attributes[0]);
    if (!a || a->id == ATTRIBUTE_BSN || a->id == ATTRIBUTE_OWN)
        return fail_set(f, SLUIS_INVALID, "attributen",
                        "aan dit gegeven is te zien wie iemand is: rectificatie "
                        "gaat buiten dit systeem om");
    if (!only && in->instance.len != ID_LEN)
        return fail_set(f, SLUIS_INVALID, "voorkomen", "zoals het bij het gegeven staat, of weggelaten");
    if (!*in->value || attribute_check_value(a, in->value, true, NULL))
        return fail_set(f, SLUIS_INVALID, "waarde", "dit kan dit gegeven niet zijn: zie de catalogus");
    if (strlen(in->value) + strlen(in->text) > WORDS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "tekst", "waarde en tekst: samen ten hoogste %d bytes", WORDS_MAX);
    row->value = in->value;
    row->instance = in->instance;
    return SLUIS_OK;
}

/* ---- decided ---- */

/* The municipality is its authoritative source, or is who says it. */
static bool is_own(const turn *t, const attribute *a, const Sluis__DatumRow *row)
{
    const oin *own = &t->p->settings->oin;
    const party *self = directory_find(t->dir, own);
    return strcmp(row->source, own->s) == 0 || (self && strcmp(self->domain, a->source) == 0);
}

static sluis_err find(turn *t, const subject *s, Sluis__RightsRow *row, rectification *x)
{
    const id16 instance = instance_of(row->instance);
    *x = (rectification){.row = row, .s = s, .a = rules_attribute(t->rules, row->attributes[0])};
    sluis_err e = registry_get(t->p->registry, t->t, s, row->attributes[0], &instance, t->arena, &x->d);
    x->there = !e && !x->d.row->withdrawn && !datum_at_source(x->d.row);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* A request to who said it, with the client's words; a person there decides (release-by-person). */
static sluis_err ask_source(turn *t, const job *j, const Sluis__CaseRow *c, rectification *x, sluis_fail *f)
{
    const client_right *right = rules_right(t->rules, RIGHT_RECTIFICATION);
    Sluis__RightsRow *row = x->row;
    const party *to = NULL;
    char *bsn = NULL, *words = arena_alloc(t->arena, MOTIVATION_MAX);
    uint8_t *asked = arena_alloc(t->arena, UUID_LEN);
    uuid transaction;
    oin o;
    if (!words || !asked)
        return SLUIS_NOMEM;
    if (!right || !*right->purpose)
        return fail_set(
            f, SLUIS_CONFLICT, "overgang",
            "de regels die gelden noemen geen doel en grondslag om een bron om rectificatie te vragen");
    if (oin_parse(&o, x->d.row->source, strlen(x->d.row->source)))
        return SLUIS_CORRUPT;
    snprintf(words, MOTIVATION_MAX,
             "Verzoek om rectificatie. Volgens de cliënt is juist: %s. De cliënt schrijft: %s", row->value,
             row->text);
    sluis_err e = send_check(t, &o, "bron", &to, f);
    if (!e)
        e = registry_bsn(t->p->registry, t->t, x->s, t->arena, &bsn);
    if (e == SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "lid", NO_NUMBER);
    const question q = {.case_id = row->case_id.data,
                        .phase = case_facts_of(c).phase,
                        .bsn = bsn,
                        .purpose = right->purpose,
                        .legal_basis = right->legal_basis,
                        .motivation = words,
                        .necessity = words,
                        .attributes = &x->a->id,
                        .attribute_count = 1};
    if (!e)
        e = ask_party(t, j, &q, to, &transaction, f);
    if (e)
        return e;
    memcpy(asked, transaction.b, UUID_LEN);
    row->asked = (ProtobufCBinaryData){UUID_LEN, asked};
    row->party = x->d.row->source;
    row->disputed = x->d.row->value;
    return SLUIS_OK;
}

sluis_err rectify_begin(turn *t, const job *j, const Sluis__CaseRow *c, const subject *s,
                        Sluis__RightsRow *row, rights_state to, rectification *x, sluis_fail *f)
{
    sluis_err e = find(t, s, row, x);
    if (e || to != RIGHTS_GRANTED)
        return e;
    if (x->d.row && datum_at_source(x->d.row))
        return fail_set(f, SLUIS_CONFLICT, "attributen",
                        "de waarde staat bij de bron zelf, niet hier: verwijs de cliënt daarheen");
    if (!x->there || !x->a)
        return fail_set(f, SLUIS_CONFLICT, "attributen",
                        "dit gegeven staat niet (meer) in het register: er is niets te verbeteren");
    if (strcmp(x->d.row->value, row->value) == 0)
        return fail_set(f, SLUIS_CONFLICT, "waarde", "het register zegt dit al: er is niets te verbeteren");
    x->own = is_own(t, x->a, x->d.row);
    return x->own ? SLUIS_OK : ask_source(t, j, c, x, f);
}

/* The municipality's own statement, and current, whoever said what it replaces. */
static sluis_err correct(turn *t, const rectification *x, settlement *settled,
                         const uint8_t transaction[static UUID_LEN])
{
    Sluis__DatumRow row = *x->d.row;
    datum_outcome outcome = DATUM_SAME;
    uint64_t version = 0;
    datum d;
    row.value = x->row->value;
    row.source = WORD(t->p->settings->oin.s);
    row.message_hash = row.asked = (ProtobufCBinaryData){0, NULL};
    row.requested = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    row.statement = row.brought_by = WORD("");
    row.corrected = row.obtained = row.registered = t->now;
    row.reference = false;
    row.journal_index = t->entry.index;
    sluis_err e =
        registry_put(t->p->registry, t->t, x->s, x->a->id, &x->d.instance, &row, &outcome, &version, NULL);
    if (e || outcome != DATUM_DISCREPANCY)
        return e;
    e = registry_get(t->p->registry, t->t, x->s, x->a->id, &x->d.instance, t->arena, &d);
    const datum_beside *b = e ? NULL : datum_beside_of(&d, row.source);
    if (e || !b)
        return e ? e : SLUIS_CORRUPT;
    return settle_accept(t, settled, x->s, x->a->id, &d, b);
}

/* Whoever ever read it is told. */
static sluis_err tell_readers(turn *t, const rectification *x, settlement *settled)
{
    sluis_err e = settle_changed(t, settled, x->row->attributes[0], 0);
    return e ? e : settlement_write(t, settled, x->s);
}

/* What the source that was asked says itself now; NULL: nothing of its own is left. */
static const Sluis__DatumRow *own_word(const rectification *x)
{
    const Sluis__DatumRow *current = x->d.row;
    if (strcmp(current->source, x->row->party) == 0 && !*current->brought_by)
        return current;
    const datum_beside *b = datum_beside_of(&x->d, x->row->party);
    return b ? b->row : NULL;
}

/* What the client disputes is still said: by its source, or else by the register. */
static bool stands(const rectification *x)
{
    const Sluis__DatumRow *own = x->there ? own_word(x) : NULL;
    return x->there && (!*x->row->disputed || strcmp((own ? own : x->d.row)->value, x->row->disputed) == 0);
}

sluis_err rectify_write(turn *t, const rectification *x, rights_state to,
                        const uint8_t transaction[static UUID_LEN])
{
    settlement settled;
    if (to != RIGHTS_EXTENDED && to != RIGHTS_GRANTED) /* refused, or done without having been corrected */
        return stands(x) ? registry_state(t->t, x->s, x->row->attributes[0], &x->d, x->row->text,
                                          t->entry.index, t->now)
                         : SLUIS_OK;
    if (!x->own)
        return SLUIS_OK;
    settlement_begin(&settled, x->row->case_id.data, x->row->text);
    sluis_err e = correct(t, x, &settled, transaction);
    return e ? e : tell_readers(t, x, &settled);
}

/* ---- what its source makes of it ---- */

static bool waits(const Sluis__RightsRow *row)
{
    return rectify_is(row) && rights_in(row, RIGHTS_GRANTED) && row->asked.len == UUID_LEN;
}

sluis_err rectify_look(turn *t, const uint8_t key[static RIGHTS_KEY], const Sluis__RightsRow *row)
{
    return waits(row) ? due_add(t, DUE_RECTIFY, t->now, BYTES(key, RIGHTS_KEY)) : SLUIS_OK;
}

sluis_err rectify_heard(turn *t, const subject *s, const uint32_t *ids, size_t n)
{
    rights_item *all = NULL;
    size_t count = 0;
    uint8_t key[RIGHTS_KEY];
    sluis_err e = rights_load(t->p->registry, t->t, s, t->arena, &all, &count);
    for (size_t i = 0; !e && i < count; i++)
        for (size_t k = 0; !e && all[i].row->n_attributes && k < n; k++) {
            if (all[i].row->attributes[0] != ids[k])
                continue;
            rights_key(key, &s->sid, all[i].transaction);
            e = rectify_look(t, key, all[i].row);
        }
    return e;
}

/* What each outcome makes of the client's request. Where the source decided nothing it stays granted, within
 * its term: a person asks by another road, and finishes it. */
typedef struct {
    const char *outcome, *decision;
    rights_state to;
} source_said;
static const source_said corrected = {SOURCE_CORRECTED, "rights-corrected", RIGHTS_DONE},
                         kept = {SOURCE_KEPT, "rights-source-refused", RIGHTS_REFUSED},
                         refused = {SOURCE_REFUSED, "rights-source-refused", RIGHTS_REFUSED},
                         not_possible = {SOURCE_NOT_POSSIBLE, "rights-source-unable", RIGHTS_GRANTED},
                         not_known = {SOURCE_NOT_KNOWN, "rights-source-unknowing", RIGHTS_GRANTED},
                         unanswered = {SOURCE_UNANSWERED, "rights-source-silent", RIGHTS_GRANTED};

/* Whether the answer itself said what the client disputes, and was settled as it came: where the catalogue
 * lets another source go first, nothing of it is in the register. */
static sluis_err said_again(turn *t, const rectification *x, const Sluis__RequestRow *q, bool *out)
{
    uint8_t key[ENTRY_KEY];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = entries_get(t->t, t->p->rows, TABLE_SETTLED, &x->s->sid,
                              q->answer ? q->answer->journal_index : 0, key, &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_SETTLED, BYTES_OF(key), sealed, t->arena,
                     &sluis__settled_row__descriptor, &m, NULL);
    const Sluis__SettledRow *all = (const Sluis__SettledRow *)m;
    *out = false;
    for (size_t i = 0; !e && i < all->n_data; i++) {
        const Sluis__SettledDatum *one = all->data[i];
        *out =
            *out || (one->attribute == x->row->attributes[0] &&
                     bytes_equal(BYTES(one->instance.data, one->instance.len), BYTES_OF(x->d.instance.b)) &&
                     strcmp(one->row->source, x->row->party) == 0 && !*one->row->brought_by &&
                     strcmp(one->row->value, x->row->disputed) == 0);
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* What the source's answer says of it, where what it says itself is not another value. */
static sluis_err answered(turn *t, const rectification *x, const Sluis__RequestRow *q,
                          const source_said **out)
{
    bool again = own_word(x) || stands(x);
    sluis_err e = SLUIS_OK;
    switch (q->results[0]->outcome) {
    case SLUIS__OUTCOME__GIVEN:
        if (!again)
            e = said_again(t, x, q, &again);
        *out = again ? &kept : &corrected;
        return e;
    case SLUIS__OUTCOME__NOT_POSSIBLE:
        *out = &not_possible;
        return SLUIS_OK;
    case SLUIS__OUTCOME__NOT_KNOWN:
        *out = &not_known;
        return SLUIS_OK;
    default:
        *out = &refused;
        return SLUIS_OK;
    }
}

/* How the request to the source ended: NULL while it did not. Where the source's own statement is gone, what
 * others say is no correction of it: its answer decides. */
static sluis_err answer_of(turn *t, const rectification *x, const source_said **out, const char **why)
{
    Sluis__RequestRow *q = NULL;
    uint8_t asked[UUID_LEN];
    *out = NULL;
    *why = "";
    if (!x->d.row ||
        datum_at_source(x->d.row)) /* its term came first, or its value went: nothing is left to say */
        return SLUIS_OK;
    memcpy(asked, x->row->asked.data, UUID_LEN);
    const Sluis__DatumRow *own = own_word(x);
    if (own && (own->withdrawn || strcmp(own->value, x->row->disputed) != 0)) {
        *out = &corrected;
        return SLUIS_OK;
    }
    sluis_err e = turn_request_load(t, asked, &q, NULL);
    if (e || request_waits(q))
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (!q->n_results) {
        *out = &unanswered;
        *why = q->state;
        return SLUIS_OK;
    }
    *why = q->results[0]->outcome == SLUIS__OUTCOME__GIVEN ? "" : q->results[0]->reason;
    return answered(t, x, q, out);
}

/* The row, the entry and the event; what is written of the datum stands under that entry. */
static sluis_err conclude(turn *t, rectification *x, uint8_t key[static RIGHTS_KEY], const source_said *said,
                          const char *why)
{
    Sluis__RightsRow *row = x->row;
    Sluis__Record r = SLUIS__RECORD__INIT;
    settlement settled;
    row->source_outcome = WORD(said->outcome);
    row->source_reason = WORD(why);
    row->state = WORD(rights_state_name(said->to));
    if (said->to != RIGHTS_GRANTED)
        row->done = t->now;
    r.type = SLUIS__RECORD_TYPE__R_CASE;
    r.from = row->party;
    r.to = WORD(t->p->settings->oin.s);
    r.application = row->application;
    r.case_id = row->case_id;
    r.transaction = (ProtobufCBinaryData){UUID_LEN, key + ID_LEN};
    r.subject = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)x->s->sid.b};
    r.attributes = row->attributes;
    r.n_attributes = row->n_attributes;
    r.decision = WORD(said->decision);
    r.detail = row->kind;
    settlement_begin(&settled, row->case_id.data, row->text);
    sluis_err e = turn_put_sealed(t, x->s, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), &row->base);
    if (!e)
        e = turn_journal(t, &r);
    if (!e && said->to == RIGHTS_DONE)
        e = tell_readers(t, x, &settled);
    if (!e && said->to == RIGHTS_REFUSED && stands(x))
        e = registry_state(t->t, x->s, row->attributes[0], &x->d, row->text, t->entry.index, t->now);
    if (!e)
        e = turn_dossier(t, x->s, row->case_id.data, NULL, NULL, 0);
    return e ? e : turn_event(t, said->decision, &r, row->kind);
}

sluis_err rectify_due(turn *t, const uint8_t key[static RIGHTS_KEY])
{
    uint8_t at[RIGHTS_KEY];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    subject s = {0};
    rectification x = {0};
    const source_said *said = NULL;
    const char *why = "";
    memcpy(at, key, RIGHTS_KEY);
    sluis_err e = store_get(t->t, TABLE_RIGHTS, BYTES_OF(at), &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_RIGHTS, BYTES_OF(at), sealed, t->arena,
                     &sluis__rights_row__descriptor, &m, &s);
    Sluis__RightsRow *row = (Sluis__RightsRow *)m;
    if (!e && waits(row)) {
        e = find(t, &s, row, &x);
        if (!e)
            e = answer_of(t, &x, &said, &why);
        if (!e && said && strcmp(said->outcome, row->source_outcome) != 0)
            e = conclude(t, &x, at, said, why);
    }
    subject_close(&s);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
