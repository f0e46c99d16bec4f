#include "core/terms.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/terms_person.h"
#include "registry/entries.h"

#define DETAIL_MAX (TERMS_CLASSES * (NAME_MAX_LEN + 24))

static sluis_err trim_person(terms *x, turn *t, tally *sum, uint64_t until)
{
    person p = {.x = x, .t = t, .sum = sum, .until = until};
    id16 from;
    arena_reset(t->arena);
    sluis_err e = person_open(&p, &x->sid);
    if (!e && !id_equal(&p.s.sid, &x->sid))
        e = SLUIS_NOT_FOUND; /* merged meanwhile: gone over as who that is now */
    if (!e && !entries_moving(t->t, t->p->rows, &x->sid, &from))
        e = SLUIS_NOT_FOUND; /* part of the dossier is on its way here: the next pass */
    while (!e && x->part < person_parts) {
        e = person_trim(&p, x->part);
        if (!e) {
            x->part++;
            x->at.n = 0;
        }
    }
    subject_close(&p.s);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* forgotten, or merged, meanwhile */
}

/* The person after x->sid, or at first the first; NOT_FOUND. */
static sluis_err next_person(terms *x, turn *t)
{
    static const id16 before;
    store_cursor *c = NULL;
    bytes key, value;
    bool first = id_equal(&x->sid, &before);
    sluis_err e = store_cursor_open(t->t, TABLE_SUBJECT, BYTES(x->sid.b, ID_LEN), ROW_EMPTY, &c);
    if (!e)
        e = store_cursor_next(c, &key, &value);
    if (!e && !first && bytes_equal(key, BYTES(x->sid.b, ID_LEN)))
        e = store_cursor_next(c, &key, &value);
    if (!e && key.n != ID_LEN)
        e = SLUIS_CORRUPT;
    if (!e)
        memcpy(x->sid.b, key.p, ID_LEN);
    store_cursor_close(&c);
    return e;
}

/* One bad row must not keep the others beyond their term. */
static sluis_err stand_over(const turn *t, sluis_err e)
{
    if (e != SLUIS_CORRUPT || store_error(t->t))
        return e;
    log_write(LOG_ERROR, "core.terms", "code", error_token(e), "text",
              "a person's file could not be gone over: verify the store", NULL);
    return SLUIS_OK;
}

static sluis_err trim_persons(terms *x, turn *t, tally *sum, uint64_t until)
{
    sluis_err e = SLUIS_OK;
    do {
        if (x->part == person_parts) {
            if ((e = next_person(x, t)))
                break;
            x->part = 0;
            x->at.n = 0;
        }
        e = stand_over(t, trim_person(x, t, sum, until));
        if (!e)
            x->part = person_parts;
    } while (!e && clock_mono_us() < until);
    return e ? e : SLUIS_TIMEOUT;
}

static sluis_err trim_past_row(terms *x, turn *t, tally *sum, bytes key, bytes value)
{
    person p = {.x = x, .t = t, .sum = sum};
    id16 sid;
    if (key.n < 8 + ID_LEN)
        return SLUIS_CORRUPT;
    memcpy(sid.b, key.p + 8, ID_LEN);
    arena_reset(t->arena);
    sluis_err e = person_open(&p, &sid);
    if (!e)
        e = person_trim_past(&p, key, value);
    subject_close(&p.s);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* forgotten: cleared away by itself */
}

/* What no datum leads to any more. The persons were gone over: what is over now and still there is such. */
static sluis_err trim_past(terms *x, turn *t, tally *sum, uint64_t until)
{
    store_cursor *c = NULL;
    bytes key, value;
    sluis_err e = store_cursor_open(t->t, TABLE_HISTORY, BYTES(x->at.key, x->at.n), ROW_EMPTY, &c);
    for (size_t seen = 0; !e && !(e = store_cursor_next(c, &key, &value)); seen++) {
        if (seen && clock_mono_us() >= until) {
            memcpy(x->at.key, key.p, key.n);
            x->at.n = key.n;
            e = SLUIS_TIMEOUT;
            break;
        }
        e = stand_over(t, trim_past_row(x, t, sum, key, value));
    }
    store_cursor_close(&c);
    return e;
}

/* From the oldest on, up to the first that is not over. */
static sluis_err trim_events(terms *x, turn *t, tally *sum, uint64_t until)
{
    store_cursor *c = NULL;
    bytes key, stored;
    sluis_err e = store_cursor_open(t->t, TABLE_EVENT, ROW_EMPTY, ROW_EMPTY, &c);
    while (!e && !(e = store_cursor_next(c, &key, &stored))) {
        ProtobufCMessage *m = NULL;
        arena_reset(t->arena);
        e = rows_open(t->p->rows, TABLE_EVENT, key, stored, t->arena, &sluis__event_row__descriptor, &m);
        if (!e && !terms_over(x, t, RETENTION_TRAFFIC, ((const Sluis__EventRow *)m)->when))
            e = SLUIS_NOT_FOUND; /* nor any after it */
        if (!e)
            e = store_delete(t->t, TABLE_EVENT, key);
        if (!e) {
            tally_add(sum, RETENTION_TRAFFIC, 1);
            x->removed++;
            e = clock_mono_us() < until ? SLUIS_OK : SLUIS_TIMEOUT;
        }
    }
    store_cursor_close(&c);
    return e;
}

static sluis_err journal_tally(turn *t, const tally *sum)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    char detail[DETAIL_MAX];
    size_t n = 0;
    for (size_t i = 0; i < sum->used; i++) {
        int more = snprintf(detail + n, sizeof(detail) - n, "%s%s %llu", i ? ", " : "", sum->class[i],
                            (unsigned long long)sum -> n[i]);
        if (more < 0 || (size_t)more >= sizeof(detail) - n)
            return SLUIS_TOO_BIG;
        n += (size_t)more;
    }
    r.type = SLUIS__RECORD_TYPE__R_FORGOTTEN;
    r.from = t->p->settings->oin.s;
    r.decision = (char *)(uintptr_t) "expired";
    r.detail = detail;
    return turn_journal(t, &r);
}

static sluis_err end_pass(terms *x, turn *t)
{
    uint8_t day[4];
    x->done = x->day;
    x->day = 0;
    put_u32(day, x->done);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, bytes_str(META_TERMS), BYTES_OF(day));
}

sluis_err terms_load(terms *x, store_txn *t, const row_keys *rows)
{
    bytes v;
    memset(x, 0, sizeof(*x));
    sluis_err e = rows_get_bytes(t, rows, TABLE_META, bytes_str(META_TERMS), &v);
    if (!e && v.n != 4)
        e = SLUIS_CORRUPT;
    if (!e)
        x->done = get_u32(v.p);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The stages of a pass: NOT_FOUND is the end of each, TIMEOUT that of the time. */
static sluis_err (*const stages[])(terms *, turn *, tally *, uint64_t) = {trim_events, trim_persons,
                                                                          trim_past};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

static bool begins(const terms *x, const turn *t)
{
    return x->day ? memcmp(x->rules, rules_hash(t->rules), HASH_LEN) != 0 : clock_day(t->now) > x->done;
}

sluis_err terms_step(terms *x, turn *t, uint64_t us, bool *more)
{
    uint64_t until = clock_mono_us() + us;
    tally sum = {.used = 0};
    sluis_err e = SLUIS_NOT_FOUND;
    *more = false;
    if (begins(x, t)) {
        *x = (terms){.done = x->done, .day = clock_day(t->now), .part = person_parts, .removed = x->removed};
        memcpy(x->rules, rules_hash(t->rules), HASH_LEN);
    }
    if (!x->day)
        return SLUIS_OK;
    while (x->stage < STAGES && (e = stages[x->stage](x, t, &sum, until)) == SLUIS_NOT_FOUND) {
        x->stage++;
        x->at.n = 0;
    }
    *more = e == SLUIS_TIMEOUT;
    if (e == SLUIS_NOT_FOUND)
        e = end_pass(x, t);
    if (*more)
        e = SLUIS_OK;
    return e || !sum.used ? e : journal_tally(t, &sum);
}
