#include "core/terms_person.h"

#include <string.h>

#include "base/clock.h"
#include "cases/concern.h"
#include "cases/handover.h"
#include "cases/links.h"

void tally_add(tally *sum, const char *class, uint64_t n)
{
    size_t i = 0;
    while (i < sum->used && strcmp(sum->class[i], class) != 0)
        i++;
    if (i == TERMS_CLASSES)
        return; /* there are no more classes than that */
    sum->used += i == sum->used;
    sum->class[i] = class;
    sum->n[i] += n;
}

bool terms_over(const terms *x, const turn *t, const char *class, uint64_t since)
{
    uint32_t days = class ? rules_retention_days(t->rules, class) : KEEP_ALWAYS;
    return days != KEEP_ALWAYS && (uint64_t)clock_day(since) + days < x->day;
}

static void gone(person *p, const char *class, uint64_t n)
{
    tally_add(p->sum, class, n);
    p->x->removed += n;
}

static bool time_is_up(const person *p)
{
    return clock_mono_us() >= p->until;
}

/* ---- cases ---- */

/* Of the laws in its scope and the law it was opened under, the one whose files are kept longest. */
static const char *class_of_case(const turn *t, const Sluis__CaseRow *c)
{
    const application *a = rules_application(t->rules, c->opened_by);
    const char *class = a && *a->law ? rules_file_retention(t->rules, a->law) : NULL;
    for (size_t i = 0; i < c->n_scope_laws; i++) {
        const char *other = rules_file_retention(t->rules, c->scope_laws[i]);
        if (other &&
            (!class || rules_retention_days(t->rules, other) > rules_retention_days(t->rules, class)))
            class = other;
    }
    return class ? class : rules_file_retention(t->rules, NULL);
}

/* UTC ms: when the case was over for this person, who may have gone to another municipality without the
 * others; 0: it is not. */
static uint64_t ended_for(const person *p, const Sluis__CaseRow *c)
{
    const Sluis__MemberRow *m = case_member_row(c, p->s.sid.b);
    if (m && m->moved)
        return m->moved;
    return case_is_open(c) ? 0 : c->ended;
}

static bool case_is_gone(const person *p, const Sluis__CaseRow *c)
{
    const uint64_t ended = ended_for(p, c);
    return ended && terms_over(p->x, p->t, class_of_case(p->t, c), ended);
}

/* The case, or the one that it goes on in: it is over with that one. */
static sluis_err load_case(person *p, const uint8_t *id, Sluis__CaseRow **c)
{
    uint8_t now[ID_LEN];
    memcpy(now, id, ID_LEN);
    return case_load_now(p->t->t, p->t->p->rows, now, p->t->arena, c);
}

static sluis_err note_case(void *ctx, const uint8_t id[static ID_LEN])
{
    person *p = ctx;
    Sluis__CaseRow *c = NULL;
    arena_reset(p->t->arena);
    sluis_err e = load_case(p, id, &c);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    const uint64_t ended = ended_for(p, c);
    p->open = p->open || (case_is_open(c) && !ended);
    p->over = p->over || case_is_gone(p, c);
    p->held = p->held || handover_waits(c->handover);
    if (ended > p->ended)
        p->ended = ended;
    return SLUIS_OK;
}

/* ---- what the client asked ---- */

/* A request that waits for its decision, or to be carried out, holds all; so does the stop of all use. */
static void note_right(person *p, const Sluis__RightsRow *row)
{
    right_kind kind;
    if (!rights_in(row, RIGHTS_RECEIVED) && !rights_in(row, RIGHTS_EXTENDED) &&
        !rights_in(row, RIGHTS_GRANTED))
        return;
    const client_right *c = right_parse(&kind, row->kind) ? NULL : rules_right(p->t->rules, kind);
    bool named = rights_in(row, RIGHTS_GRANTED) && c && c->stops_use && row->n_attributes &&
                 p->n_stopped + row->n_attributes <= RIGHTS_STOPPED;
    for (size_t i = 0; named && i < row->n_attributes; i++)
        p->stopped[p->n_stopped++] = row->attributes[i];
    p->held = p->held || !named;
}

static sluis_err note_rights(person *p)
{
    size_t n = 0;
    arena_reset(p->t->arena);
    rights_item *all = NULL;
    sluis_err e = rights_load(p->t->p->registry, p->t->t, &p->s, p->t->arena, &all, &n);
    for (size_t i = 0; !e && i < n; i++)
        note_right(p, all[i].row);
    return e;
}

static bool is_stopped(const person *p, uint32_t id)
{
    size_t i = 0;
    while (i < p->n_stopped && p->stopped[i] != id)
        i++;
    return i < p->n_stopped;
}

/* ---- the parts of a person, in order ---- */

static sluis_err look_at_case(person *p, const uint8_t *id, Sluis__CaseRow **c)
{
    sluis_err e = load_case(p, id, c);
    memcpy(p->case_id, id, ID_LEN);
    p->case_there = !e;
    p->case_over = !e && case_is_gone(p, *c);
    p->case_class = !e ? class_of_case(p->t, *c) : rules_file_retention(p->t->rules, NULL);
    p->case_known = !e || e == SLUIS_NOT_FOUND;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The class by which an entry of the dossier goes: with its case, or, of no case that is there, by itself;
 * NULL: it stays. */
static sluis_err entry_is_over(person *p, const Sluis__DossierRow *row, const Sluis__Record *rec,
                               const char **class)
{
    Sluis__CaseRow *c = NULL;
    bytes id = BYTES(row->case_id.data, row->case_id.len);
    sluis_err e = SLUIS_OK;
    if (id.n == ID_LEN && !(p->case_known && memcmp(p->case_id, id.p, ID_LEN) == 0))
        e = look_at_case(p, id.p, &c);
    bool of_case = id.n == ID_LEN && p->case_there;
    const char *longest = rules_file_retention(p->t->rules, NULL);
    uint64_t since = rec->when > p->ended ? rec->when : p->ended;
    bool over = of_case ? p->case_over : !p->open && terms_over(p->x, p->t, longest, since);
    *class = over ? of_case ? p->case_class : longest : NULL;
    return e;
}

/* The request that an entry speaks of, and its place in the application's index. */
static sluis_err drop_request(person *p, const Sluis__Record *rec, const char *class)
{
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    Sluis__RequestRow *row = NULL;
    if (rec->transaction.len != UUID_LEN)
        return SLUIS_OK;
    sluis_err e = turn_request_load(p->t, rec->transaction.data, &row, NULL);
    if (e || !bytes_equal(BYTES(row->sid.data, row->sid.len), BYTES(p->s.sid.b, ID_LEN)))
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    size_t n = strlen(row->application) + 1;
    if (n > NAME_MAX_LEN + 1)
        return SLUIS_CORRUPT;
    memcpy(key, row->application, n);
    memcpy(key + n, rec->transaction.data, UUID_LEN);
    e = store_delete(p->t->t, TABLE_REQUEST, BYTES(rec->transaction.data, UUID_LEN));
    sluis_err none = e ? SLUIS_OK : store_delete(p->t->t, TABLE_APPINDEX, BYTES(key, n + UUID_LEN));
    if (!e)
        gone(p, class, 1);
    return none && none != SLUIS_NOT_FOUND ? none : e;
}

static sluis_err trim_entry(person *p, bytes key, bytes sealed)
{
    ProtobufCMessage *m = NULL, *rec = NULL;
    uint8_t at[ID_LEN + 8];
    const char *class = NULL;
    if (key.n != sizeof(at))
        return SLUIS_CORRUPT;
    memcpy(at, key.p, sizeof(at));
    sluis_err e = row_open(p->t->p->registry, p->t->t, TABLE_DOSSIER, key, sealed, p->t->arena,
                           &sluis__dossier_row__descriptor, &m, NULL);
    const Sluis__DossierRow *row = (const Sluis__DossierRow *)m;
    if (!e)
        e = row_unpack(&rec, &sluis__record__descriptor, p->t->arena,
                       BYTES(row->record.data, row->record.len));
    if (!e)
        e = entry_is_over(p, row, (const Sluis__Record *)rec, &class);
    if (!e && class)
        e = drop_request(p, (const Sluis__Record *)rec, class);
    if (e || !class)
        return e;
    gone(p, class, 1);
    return store_delete(p->t->t, TABLE_DOSSIER, BYTES_OF(at));
}

/* The rows of a table under the person, from where the last step ended. */
static sluis_err each_row(person *p, gateway_table table, sluis_err (*each)(person *, bytes, bytes))
{
    store_cursor *c = NULL;
    bytes key, sealed, prefix = BYTES(p->s.sid.b, ID_LEN);
    registry_place *at = &p->x->at;
    sluis_err e = store_cursor_open(p->t->t, table, at->n ? BYTES(at->key, at->n) : prefix, prefix, &c);
    for (size_t seen = 0; !e && !(e = store_cursor_next(c, &key, &sealed)); seen++) {
        arena_reset(p->t->arena);
        if (seen && time_is_up(p)) {
            memcpy(at->key, key.p, key.n);
            at->n = key.n;
            e = SLUIS_TIMEOUT;
            break;
        }
        e = each(p, key, sealed);
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err part_dossier(person *p)
{
    return p->open && !p->over ? SLUIS_OK : each_row(p, TABLE_DOSSIER, trim_entry);
}

static bool datum_is_over(void *ctx, uint32_t id, const Sluis__DatumRow *row)
{
    person *p = ctx;
    const attribute *a = rules_attribute(p->t->rules, id);
    uint64_t since = row->obtained ? row->obtained : row->registered;
    if (!a || is_stopped(p, id))
        return false;
    if (rules_retention_of_files(p->t->rules, a->retention)) {
        if (p->open)
            return false;
        since = p->ended > since ? p->ended : since;
    }
    return terms_over(p->x, p->t, a->retention, since);
}

static void data_gone(void *ctx, uint32_t id, uint64_t n)
{
    person *p = ctx;
    const attribute *a = rules_attribute(p->t->rules, id);
    gone(p, a ? a->retention : rules_file_retention(p->t->rules, NULL), n);
}

static sluis_err part_data(person *p)
{
    const registry_terms by = {datum_is_over, data_gone, p};
    return registry_trim(p->t->p->registry, p->t->t, &p->s, &by, &p->x->at, p->until);
}

/* A row goes with its case; else each statement in it by its class, and with the last of them the row. */
static sluis_err trim_settled(person *p, bytes key, bytes sealed)
{
    ProtobufCMessage *m = NULL;
    Sluis__CaseRow *c = NULL;
    uint8_t at[ID_LEN + 8];
    size_t kept = 0;
    if (key.n != sizeof(at))
        return SLUIS_CORRUPT;
    memcpy(at, key.p, sizeof(at));
    sluis_err e = row_open(p->t->p->registry, p->t->t, TABLE_SETTLED, key, sealed, p->t->arena,
                           &sluis__settled_row__descriptor, &m, NULL);
    Sluis__SettledRow *row = (Sluis__SettledRow *)m;
    if (!e && row->case_id.len == ID_LEN)
        e = look_at_case(p, row->case_id.data, &c);
    if (e)
        return e;
    bool with_case = row->case_id.len == ID_LEN && p->case_there && p->case_over;
    size_t before = row->n_data;
    for (size_t i = 0; i < before; i++) {
        const Sluis__SettledDatum *d = row->data[i];
        if (is_stopped(p, d->attribute) || (!with_case && !datum_is_over(p, d->attribute, d->row)))
            row->data[kept++] = row->data[i];
        else
            data_gone(p, d->attribute, 1);
    }
    row->n_data = kept;
    if (kept == before)
        return SLUIS_OK;
    return kept ? turn_put_sealed(p->t, &p->s, TABLE_SETTLED, BYTES_OF(at), &row->base)
                : store_delete(p->t->t, TABLE_SETTLED, BYTES_OF(at));
}

static sluis_err part_settled(person *p)
{
    return each_row(p, TABLE_SETTLED, trim_settled);
}

/* With its case; others with their person. */
static sluis_err trim_restriction(person *p, bytes key, bytes sealed)
{
    ProtobufCMessage *m = NULL;
    Sluis__CaseRow *c = NULL;
    sluis_err e = row_open(p->t->p->registry, p->t->t, TABLE_RESTRICTION, key, sealed, p->t->arena,
                           &sluis__restriction_row__descriptor, &m, NULL);
    const Sluis__RestrictionRow *row = (const Sluis__RestrictionRow *)m;
    if (e || row->case_id.len != ID_LEN)
        return e;
    e = look_at_case(p, row->case_id.data, &c);
    if (e || !p->case_there || !p->case_over)
        return e;
    gone(p, p->case_class, 1);
    return store_delete(p->t->t, TABLE_RESTRICTION, key);
}

static sluis_err part_restrictions(person *p)
{
    return each_row(p, TABLE_RESTRICTION, trim_restriction);
}

/* What was refused or done, as an entry of no case. */
static sluis_err trim_right(person *p, bytes key, bytes sealed)
{
    ProtobufCMessage *m = NULL;
    const char *class = rules_file_retention(p->t->rules, NULL);
    sluis_err e = row_open(p->t->p->registry, p->t->t, TABLE_RIGHTS, key, sealed, p->t->arena,
                           &sluis__rights_row__descriptor, &m, NULL);
    const Sluis__RightsRow *row = (const Sluis__RightsRow *)m;
    if (e || p->open || !(rights_in(row, RIGHTS_REFUSED) || rights_in(row, RIGHTS_DONE)))
        return e;
    uint64_t since = row->done > row->decided ? row->done : row->decided;
    if (!terms_over(p->x, p->t, class, since > p->ended ? since : p->ended))
        return SLUIS_OK;
    gone(p, class, 1);
    return store_delete(p->t->t, TABLE_RIGHTS, key);
}

static sluis_err part_rights(person *p)
{
    return each_row(p, TABLE_RIGHTS, trim_right);
}

static sluis_err trim_concern(void *ctx, const uint8_t id[static ID_LEN])
{
    person *p = ctx;
    ProtobufCMessage *m = NULL;
    bytes sealed;
    const char *class = rules_file_retention(p->t->rules, NULL);
    arena_reset(p->t->arena);
    sluis_err e = store_get(p->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), &sealed);
    if (!e)
        e = row_open(p->t->p->registry, p->t->t, TABLE_CONCERN, BYTES(id, ID_LEN), sealed, p->t->arena,
                     &sluis__concern_row__descriptor, &m, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? link_delete(p->t->t, p->s.sid.b, TABLE_CONCERN, id) : e;
    const Sluis__ConcernRow *row = (const Sluis__ConcernRow *)m;
    uint64_t since = row->decided > p->ended ? row->decided : p->ended;
    if (strcmp(row->state, CONCERN_RECEIVED) == 0 || p->open || !terms_over(p->x, p->t, class, since))
        return SLUIS_OK;
    e = store_delete(p->t->t, TABLE_CONCERN, BYTES(id, ID_LEN));
    if (e)
        return e;
    gone(p, class, 1);
    return link_delete(p->t->t, p->s.sid.b, TABLE_CONCERN, id);
}

static sluis_err part_concerns(person *p)
{
    return links_each(p->t->t, p->t->p->rows, p->s.sid.b, TABLE_CONCERN, trim_concern, p);
}

static sluis_err has_rows(person *p, gateway_table table, bool *any)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(p->s.sid.b, ID_LEN);
    sluis_err e = store_cursor_open(p->t->t, table, prefix, prefix, &c);
    if (!e)
        e = store_cursor_next(c, &key, &value);
    *any = *any || !e;
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err leave_case(void *ctx, const uint8_t id[static ID_LEN])
{
    person *p = ctx;
    Sluis__CaseRow *c = NULL;
    arena_reset(p->t->arena);
    sluis_err e = look_at_case(p, id, &c);
    if (e || (p->case_there && !p->case_over))
        return e;
    bool counts = false; /* the term of data begins when the last case was over */
    if (p->case_there && !p->open && ended_for(p, c) == p->ended)
        e = has_rows(p, TABLE_DATUM, &counts);
    if (e || counts)
        return e;
    gone(p, p->case_class, 1);
    return case_leave(p->t->t, p->t->p->rows, id, p->s.sid.b, p->t->arena);
}

static sluis_err part_cases(person *p)
{
    return links_each(p->t->t, p->t->p->rows, p->s.sid.b, TABLE_CASE, leave_case, p);
}

static sluis_err part_end(person *p)
{
    bool any = false;
    sluis_err e = has_rows(p, TABLE_DATUM, &any);
    if (!e)
        e = has_rows(p, TABLE_DOSSIER, &any);
    if (!e)
        e = has_rows(p, TABLE_SETTLED, &any);
    if (!e)
        e = has_rows(p, TABLE_RIGHTS, &any);
    if (!e)
        e = has_rows(p, TABLE_LINK, &any);
    const char *class = rules_file_retention(p->t->rules, NULL);
    if (e || any || !class)
        return e;
    gone(p, class, 1);
    p->t->keys_wait = true;
    return registry_forget(p->t->p->registry, p->t->t, &p->s.sid, p->t->now);
}

sluis_err person_open(person *p, const id16 *sid)
{
    sluis_err e = registry_subject_by_sid(p->t->p->registry, p->t->t, sid, &p->s);
    if (!e)
        e = note_rights(p);
    return e ? e : links_each(p->t->t, p->t->p->rows, p->s.sid.b, TABLE_CASE, note_case, p);
}

static sluis_err (*const parts_of[])(person *) = {part_dossier,      part_data,   part_settled,
                                                  part_restrictions, part_rights, part_concerns,
                                                  part_cases,        part_end};
const unsigned person_parts = sizeof(parts_of) / sizeof(parts_of[0]);

sluis_err person_trim(person *p, unsigned part)
{
    return p->held ? SLUIS_OK : parts_of[part](p);
}

sluis_err person_trim_past(person *p, bytes key, bytes value)
{
    const registry_terms by = {datum_is_over, data_gone, p};
    return p->held ? SLUIS_OK : registry_trim_past(p->t->p->registry, p->t->t, &p->s, key, value, &by);
}
