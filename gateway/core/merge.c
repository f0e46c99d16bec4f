#include "core/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cases/links.h"
#include "cases/restriction.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/settle.h"
#include "registry/entries.h"

#define ROW_ARENA    (4u << 20)
#define INSTANCE_KEY (ID_LEN + 4 + ID_LEN) /* a key of DATUM begins with: sid, attribute, instance */

/* ---- whether it can be ---- */

typedef struct {
    turn *t;
    const subject *from, *to;
    const uint8_t *skip; /* a case */
    sluis_fail *f;
} merging;

static sluis_err not_both_members(void *ctx, const uint8_t id[static ID_LEN])
{
    const merging *m = ctx;
    const arena_place empty = arena_at(m->t->arena);
    Sluis__CaseRow *row = NULL;
    sluis_err e = case_load(m->t->t, m->t->p->rows, id, m->t->arena, &row);
    if (!e && case_member_row(row, m->to->sid.b)) /* one who was handed over too */
        e = fail_set(m->f, SLUIS_CONFLICT, "bsn",
                     "dit is een ander lid van dezelfde zaak: twee leden van een zaak zijn niet één persoon");
    arena_back(m->t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* Whether the other one (NULL: nobody) has the instance of this row, too: what the first says of it is
 * settled then, in one row. at: the instance last looked at. */
static sluis_err known_to(turn *t, const subject *to, bytes row, uint8_t at[static INSTANCE_KEY], bool *known)
{
    uint8_t theirs[INSTANCE_KEY];
    bytes k, v;
    if (!to || (row.n >= INSTANCE_KEY && memcmp(at, row.p, INSTANCE_KEY) == 0))
        return SLUIS_OK;
    if (row.n < INSTANCE_KEY)
        return SLUIS_CORRUPT;
    memcpy(at, row.p, INSTANCE_KEY);
    memcpy(theirs, row.p, INSTANCE_KEY);
    memcpy(theirs, to->sid.b, ID_LEN);
    sluis_err e = store_last(t->t, TABLE_DATUM, BYTES_OF(theirs), &k, &v);
    *known = !e;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err too_many(const turn *t, sluis_fail *f)
{
    return fail_set(f, SLUIS_TOO_BIG, "bsn",
                    "van deze persoon zijn meer dan %u gegevens, zaken en meldingen geregistreerd: die gaan "
                    "niet in één keer over; de beheerder kan die grens verhogen (limits.merge_rows)",
                    t->p->settings->merge_rows);
}

/* What goes over in one transaction of this table, added to *n. */
static sluis_err count_rows(turn *t, const subject *s, gateway_table table, size_t *n, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    sluis_err e = store_cursor_open(t->t, table, prefix, prefix, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value)))
        if (++*n > t->p->settings->merge_rows)
            e = too_many(t, f);
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The same of what is current, and whether what both know fits in one row. */
static sluis_err count_data(turn *t, const subject *s, const subject *to, size_t *n, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    size_t settled = 0;
    uint8_t at[INSTANCE_KEY] = {0};
    bool there = false;
    sluis_err e = store_cursor_open(t->t, TABLE_DATUM, prefix, prefix, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value))) {
        e = known_to(t, to, key, at, &there);
        settled += there ? value.n + SETTLED_COST : 0;
        if (!e && ++*n > t->p->settings->merge_rows)
            e = too_many(t, f);
    }
    store_cursor_close(&c);
    e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (!e && settled > SETTLED_BYTES_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "bsn",
                     "wat van allebei bekend is neemt meer dan %u bytes in: dat gaat niet in één keer samen",
                     SETTLED_BYTES_MAX);
    return e;
}

/* Whoever it becomes is in the cases of both. */
static sluis_err count_cases(turn *t, const subject *from, const subject *to, sluis_fail *f)
{
    const uint32_t most = t->p->settings->person_cases;
    size_t theirs = 0, own = 0;
    sluis_err e = links_count(t->t, from->sid.b, TABLE_CASE, most, &theirs);
    if (!e)
        e = links_count(t->t, to->sid.b, TABLE_CASE, most, &own);
    return e || theirs + own <= most
               ? e
               : fail_set(f, SLUIS_TOO_BIG, "bsn",
                          "samen is deze persoon lid van meer dan %u zaken: laat de beheerder die grens "
                          "verhogen (limits.person_cases)",
                          most);
}

/* One at a time: a dossier is gone over under two names, not more. */
static sluis_err not_moving(turn *t, const subject *to, sluis_fail *f)
{
    id16 from;
    sluis_err e = entries_moving(t->t, t->p->rows, &to->sid, &from);
    if (!e)
        return fail_set(f, SLUIS_CONFLICT, "bsn",
                        "met deze persoon wordt nog een ander dossier samengevoegd: probeer het zo opnieuw");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* A dossier with more in force than is kept of one person could not be read. */
static sluis_err count_restrictions(turn *t, const subject *from, const subject *to, sluis_fail *f)
{
    restrictions theirs, own;
    sluis_err e = restrictions_load(t->p->registry, t->t, from, t->arena, &theirs);
    if (!e)
        e = restrictions_load(t->p->registry, t->t, to, t->arena, &own);
    if (!e && theirs.n + own.n > RESTRICTIONS_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "bsn",
                     "samen zijn er meer dan %d beperkingen in het dossier: hef er eerst op",
                     RESTRICTIONS_MAX);
    return e;
}

sluis_err merge_check(turn *t, const subject *from, const subject *to, sluis_fail *f)
{
    merging m = {.t = t, .from = from, .to = to, .f = f};
    size_t n = 0;
    sluis_err e = count_rows(t, from, TABLE_LINK, &n, f);
    if (!e && to)
        e = links_each(t->t, t->p->rows, from->sid.b, TABLE_CASE, not_both_members, &m);
    if (!e && to)
        e = count_cases(t, from, to, f);
    if (!e && to)
        e = not_moving(t, to, f);
    if (!e && to)
        e = count_restrictions(t, from, to, f);
    if (!e)
        e = count_data(t, from, to, &n, f);
    return e ? e : rights_check_move(t, from, to, f);
}

/* ---- moving ---- */

/* The request that this entry speaks of, when it is about the person. */
static sluis_err move_request(merging *m, const Sluis__DossierRow *entry, arena *a)
{
    turn *t = m->t;
    ProtobufCMessage *r = NULL, *row = NULL;
    bytes sealed;
    sluis_err e = row_unpack(&r, &sluis__record__descriptor, a, BYTES(entry->record.data, entry->record.len));
    const ProtobufCBinaryData tx =
        e ? (ProtobufCBinaryData){0, NULL} : ((const Sluis__Record *)r)->transaction;
    if (e || tx.len != UUID_LEN)
        return e;
    e = store_get(t->t, TABLE_REQUEST, BYTES(tx.data, UUID_LEN), &sealed);
    if (e || sealed.n < ID_LEN || memcmp(sealed.p, m->from->sid.b, ID_LEN) != 0)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    e = row_open(t->p->registry, t->t, TABLE_REQUEST, BYTES(tx.data, UUID_LEN), sealed, a,
                 &sluis__request_row__descriptor, &row, NULL);
    if (e)
        return e;
    ((Sluis__RequestRow *)row)->sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)m->to->sid.b};
    /* not a save: nothing of it is shown otherwise */
    return turn_put_sealed(t, m->to, TABLE_REQUEST, BYTES(tx.data, UUID_LEN), row);
}

static sluis_err move_entry(merging *m, gateway_table table, bytes k, bytes sealed, arena *a)
{
    const bool dossier = table == TABLE_DOSSIER;
    turn *t = m->t;
    uint8_t key[ENTRY_KEY];
    ProtobufCMessage *row = NULL;
    if (k.n != sizeof(key))
        return SLUIS_CORRUPT;
    memcpy(key, k.p, sizeof(key));
    sluis_err e =
        row_open(t->p->registry, t->t, table, k, sealed, a,
                 dossier ? &sluis__dossier_row__descriptor : &sluis__settled_row__descriptor, &row, NULL);
    if (!e && dossier)
        e = move_request(m, (const Sluis__DossierRow *)row, a);
    return e ? e : registry_reseal(t->t, m->to, table, key, row);
}

/* Entries that cannot be opened: they stay where they are. */
typedef struct {
    uint64_t n, first; /* first: its journal index */
} unreadable;

/* What stands there in the order of the journal, the oldest first: TIMEOUT: there are more. At least one a
 * call that can be opened. */
static sluis_err move_entries(merging *m, gateway_table table, uint64_t until, unreadable *bad)
{
    store_cursor *c = NULL;
    bytes k, sealed, prefix = BYTES(m->from->sid.b, ID_LEN);
    arena *a = arena_new(ROW_ARENA);
    sluis_err e = a ? store_cursor_open(m->t->t, table, prefix, prefix, &c) : SLUIS_NOMEM;
    for (size_t moved = 0; !e && !(e = store_cursor_next(c, &k, &sealed));) {
        const uint64_t index = k.n == ENTRY_KEY ? get_u64(k.p + ID_LEN) : 0;
        if (moved && clock_mono_us() >= until) {
            e = SLUIS_TIMEOUT;
            break;
        }
        arena_reset(a);
        e = move_entry(m, table, k, sealed, a);
        moved += !e;
        if (e == SLUIS_CORRUPT && !store_error(m->t->t)) {
            e = SLUIS_OK;
            bad->first = bad->n++ ? bad->first : index;
        }
    }
    store_cursor_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* Restrictions, all of them, and when they are to be looked at again. */
static sluis_err move_restrictions(merging *m)
{
    turn *t = m->t;
    store_cursor *c = NULL;
    bytes k, sealed, prefix = BYTES(m->from->sid.b, ID_LEN);
    arena *a = arena_new(ROW_ARENA);
    sluis_err e = a ? store_cursor_open(t->t, TABLE_RESTRICTION, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &k, &sealed))) {
        uint8_t key[ID_LEN + 8];
        ProtobufCMessage *row = NULL;
        arena_reset(a);
        if (k.n != sizeof(key)) {
            e = SLUIS_CORRUPT;
            break;
        }
        memcpy(key, k.p, sizeof(key));
        e = row_open(t->p->registry, t->t, TABLE_RESTRICTION, k, sealed, a,
                     &sluis__restriction_row__descriptor, &row, NULL);
        const Sluis__RestrictionRow *x = (const Sluis__RestrictionRow *)row;
        if (!e)
            e = registry_reseal(t->t, m->to, TABLE_RESTRICTION, key, row);
        memcpy(key, m->to->sid.b, ID_LEN);
        if (!e && !x->ended)
            e = due_add(t, DUE_RESTRICTION, x->review > t->now ? x->review : t->now, BYTES_OF(key));
    }
    store_cursor_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The member stays, and is the other subject. */
static sluis_err move_case(void *ctx, const uint8_t id[static ID_LEN])
{
    merging *m = ctx;
    turn *t = m->t;
    const arena_place empty = arena_at(t->arena);
    Sluis__CaseRow *row = NULL;
    sluis_err e = SLUIS_OK;
    if (memcmp(id, m->skip, ID_LEN) != 0) {
        e = case_load(t->t, t->p->rows, id, t->arena, &row);
        Sluis__MemberRow *member = e ? NULL : case_member_row(row, m->from->sid.b);
        if (member)
            member->sid.data = (uint8_t *)(uintptr_t)m->to->sid.b;
        if (!e)
            e = case_save(t->t, t->p->rows, id, row);
        arena_back(t->arena, empty);
    }
    return e && e != SLUIS_NOT_FOUND ? e : link_delete(t->t, m->from->sid.b, TABLE_CASE, id);
}

static sluis_err move_concern(void *ctx, const uint8_t id[static ID_LEN])
{
    merging *m = ctx;
    turn *t = m->t;
    const arena_place empty = arena_at(t->arena);
    ProtobufCMessage *row = NULL;
    bytes sealed;
    sluis_err e = store_get(t->t, TABLE_CONCERN, BYTES(id, UUID_LEN), &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_CONCERN, BYTES(id, UUID_LEN), sealed, t->arena,
                     &sluis__concern_row__descriptor, &row, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    ((Sluis__ConcernRow *)row)->sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)m->to->sid.b};
    e = turn_put_sealed(t, m->to, TABLE_CONCERN, BYTES(id, UUID_LEN), row);
    arena_back(t->arena, empty);
    if (!e)
        e = link_put(t->t, t->p->rows, m->to->sid.b, TABLE_CONCERN, id);
    return e ? e : link_delete(t->t, m->from->sid.b, TABLE_CONCERN, id);
}

/* What is left of the dossier of who this person was, until that time; TIMEOUT: there is more. With nothing
 * left but what cannot be opened it is not over yet: end_without. */
static sluis_err move_dossier(turn *t, const uint8_t to_sid[static ID_LEN], uint64_t until, unreadable *bad)
{
    subject from = {0}, to = {0};
    merging m = {.t = t, .from = &from, .to = &to};
    id16 sid;
    bad->n = 0;
    memcpy(sid.b, to_sid, ID_LEN);
    sluis_err e = entries_moving(t->t, t->p->rows, &sid, &from.sid);
    if (!e)
        e = registry_subject_by_sid(t->p->registry, t->t, &sid, &to);
    if (e == SLUIS_NOT_FOUND)
        e = SLUIS_CORRUPT;
    if (!e)
        e = move_entries(&m, TABLE_SETTLED, until, bad);
    if (!e)
        e = move_entries(&m, TABLE_DOSSIER, until, bad);
    subject_close(&to);
    return e || bad->n ? e : store_delete(t->t, TABLE_MOVING, BYTES(sid.b, ID_LEN));
}

/* The dossier has moved but for these: said by their entries in the journal, which tell what is missing. */
static sluis_err end_without(turn *t, uint8_t to_sid[static ID_LEN], const unreadable *bad)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    char n[24], first[24], detail[128];
    snprintf(n, sizeof(n), "%" PRIu64, bad->n);
    snprintf(first, sizeof(first), "%" PRIu64, bad->first);
    snprintf(detail, sizeof(detail), "%s entries cannot be opened, the first is of journal entry %s", n,
             first);
    log_write(LOG_ERROR, "core.merge", "code", error_token(SLUIS_CORRUPT), "entries", n, "first", first,
              "text", "entries of a dossier cannot be opened: they stay behind; a backup may have them",
              NULL);
    r.type = SLUIS__RECORD_TYPE__R_DOSSIER;
    r.from = t->p->settings->oin.s;
    r.subject = (ProtobufCBinaryData){ID_LEN, to_sid};
    r.decision = (char *)(uintptr_t) "left-behind";
    r.detail = detail;
    sluis_err e = turn_journal(t, &r);
    return e ? e : store_delete(t->t, TABLE_MOVING, BYTES(to_sid, ID_LEN));
}

sluis_err merge_write(turn *t, const subject *from, const subject *to, const uint8_t case_id[static ID_LEN],
                      const char *why)
{
    merging m = {.t = t, .from = from, .to = to, .skip = case_id};
    Sluis__SettledRow settled = SLUIS__SETTLED_ROW__INIT;
    uint8_t key[ID_LEN + 8];
    unreadable bad;
    sluis_err e = move_restrictions(&m);
    if (!e)
        e = links_each(t->t, t->p->rows, from->sid.b, TABLE_CASE, move_case, &m);
    if (!e)
        e = links_each(t->t, t->p->rows, from->sid.b, TABLE_CONCERN, move_concern, &m);
    if (!e)
        e = rights_move(t, from, to);
    if (!e)
        e = registry_merge(t->p->registry, t->t, from, to, t->entry.index, t->arena, &settled);
    memcpy(key, to->sid.b, ID_LEN);
    put_u64(key + ID_LEN, t->entry.index);
    settled.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    settled.motivation = (char *)(uintptr_t)why;
    settled.when = t->now;
    if (!e && settled.n_data)
        e = turn_put_sealed(t, to, TABLE_SETTLED, BYTES_OF(key), &settled.base);
    if (!e)
        e = rows_put_bytes(t->t, t->p->rows, TABLE_MOVING, BYTES(to->sid.b, ID_LEN),
                           BYTES(from->sid.b, ID_LEN));
    if (!e)
        e = move_dossier(t, to->sid.b, clock_mono_us() + MERGE_US, &bad);
    return e == SLUIS_TIMEOUT ? SLUIS_OK : e; /* the rest follows */
}

/* One person's, as far as the time goes: TIMEOUT. CORRUPT: its row is damaged. */
static sluis_err move_one(turn *t, bytes key, uint64_t until)
{
    uint8_t to[ID_LEN];
    unreadable bad;
    if (key.n != ID_LEN)
        return SLUIS_CORRUPT;
    memcpy(to, key.p, ID_LEN);
    sluis_err e = move_dossier(t, to, until, &bad);
    return e || !bad.n ? e : end_without(t, to, &bad);
}

/* Said when there is one more, not at every step. */
static void tell_stuck(const turn *t, uint64_t n)
{
    if (n > METRIC_GET(t->p->metrics, merges_stuck))
        log_write(LOG_ERROR, "core.merge", "code", error_token(SLUIS_CORRUPT), "where", "moving", "text",
                  "a merge cannot go on: verify the store, and put a backup in place", NULL);
    METRIC_SET(t->p->metrics, merges_stuck, n);
}

sluis_err merge_step(turn *t, uint64_t us, bool *more)
{
    uint64_t until = clock_mono_us() + us, stuck = 0;
    store_cursor *c = NULL;
    bytes key, value;
    sluis_err e = store_cursor_open(t->t, TABLE_MOVING, ROW_EMPTY, ROW_EMPTY, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value))) {
        e = move_one(t, key, until);
        if (e == SLUIS_CORRUPT && !store_error(t->t)) { /* one bad row must not keep the others */
            stuck++;
            e = SLUIS_OK;
        }
        if (!e && clock_mono_us() >= until)
            e = SLUIS_TIMEOUT;
    }
    store_cursor_close(&c);
    if (e == SLUIS_NOT_FOUND)
        tell_stuck(t, stuck);
    *more = e == SLUIS_TIMEOUT;
    return *more || e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
