/* What is said of a subject: a statement becomes current, the next version, or one that stands beside; and
 * what stands is read. */
#include <string.h>

#include "base/clock.h"
#include "registry/datum.h"
#include "registry/registry.h"

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* For what it was given, where that matters. */
static bool same_purpose(const Sluis__DatumTerms *a, const Sluis__DatumTerms *b)
{
    if (!a || !b)
        return a == b;
    return same_text(a->application, b->application) && same_text(a->purpose, b->purpose) &&
           a->until == b->until &&
           bytes_equal(BYTES(a->case_id.data, a->case_id.len), BYTES(b->case_id.data, b->case_id.len));
}

static bool same_terms(const Sluis__DatumRow *a, const Sluis__DatumRow *b)
{
    if (a->valid_from != b->valid_from || a->valid_until != b->valid_until || a->reference != b->reference ||
        a->withdrawn != b->withdrawn || a->n_conditions != b->n_conditions ||
        !same_purpose(a->terms, b->terms))
        return false;
    for (size_t i = 0; i < a->n_conditions; i++)
        if (!same_text(a->conditions[i], b->conditions[i]))
            return false;
    return true;
}

bool registry_same(const Sluis__DatumRow *a, const Sluis__DatumRow *b)
{
    return same_text(a->value, b->value) && same_terms(a, b);
}

uint64_t datum_number(const Sluis__DatumRow *row, uint64_t version)
{
    return row->number ? row->number : version; /* of before these were counted */
}

/* All that stands for one instance: the current statement, and one a source that differs. */
static sluis_err instance_load(store_txn *t, const subject *s, bytes prefix, arena *a, datum *d,
                               uint64_t *newest)
{
    store_cursor *c = NULL;
    bytes key, value;

    memcpy(d->instance.b, prefix.p + DATUM_ATTRIBUTE_LEN, ID_LEN);
    d->row = NULL;
    d->beside = NULL;
    d->version = *newest = 0;
    sluis_err err = store_cursor_open(t, TABLE_DATUM, prefix, prefix, &c);
    while (!err && !(err = store_cursor_next(c, &key, &value))) {
        Sluis__DatumRow *row;
        if ((err = datum_open(s, key, value, a, &row)))
            break;
        *newest = datum_version(key);
        err = datum_place_row(d, a, row, *newest);
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* The same source, itself or by the same municipality that brought it. */
static bool same_speaker(const Sluis__DatumRow *a, const Sluis__DatumRow *b)
{
    return same_text(a->source, b->source) && same_text(a->brought_by, b->brought_by);
}

/* A source says again what it says itself, or what was brought of it. What another municipality brings is
 * what a source is said to have said: it takes the place of what the same one brought, and of nothing else.
 */
static bool takes_place_of(const Sluis__DatumRow *said, const Sluis__DatumRow *was)
{
    return same_speaker(said, was) ||
           (same_text(said->brought_by, "") && same_text(said->source, was->source));
}

static datum_beside *beside_of(const datum *d, const Sluis__DatumRow *said)
{
    datum_beside *b = d->beside;

    while (b && !same_speaker(said, b->row))
        b = b->next;
    return b;
}

static datum_outcome judge(const datum *d, const datum_beside *own, const Sluis__DatumRow *row,
                           uint64_t *holds)
{
    *holds = 0;
    if (!d->row)
        return DATUM_NEW;
    if (registry_same(d->row, row)) {
        *holds = d->version;
        return DATUM_SAME;
    }
    if (takes_place_of(row, d->row))
        return DATUM_NEWER;
    if (own && registry_same(own->row, row))
        *holds = own->version;
    return DATUM_DISCREPANCY;
}

static bool names_law(const Sluis__DatumRow *row, const char *law)
{
    for (size_t i = 0; i < row->n_laws; i++)
        if (strcmp(row->laws[i], law) == 0)
            return true;
    return false;
}

static bool has_law(const Sluis__DatumRow *row, const char *law)
{
    return !row->n_laws || names_law(row, law);
}

/* Adds the laws of from to those of row; a row without laws is for all. */
static sluis_err add_laws(arena *a, Sluis__DatumRow *row, const Sluis__DatumRow *from, bool *added)
{
    char **all = arena_alloc(a, (row->n_laws + from->n_laws + 1) * sizeof(*all));

    *added = false;
    if (!all)
        return SLUIS_NOMEM;
    if (row->n_laws)
        memcpy(all, row->laws, row->n_laws * sizeof(*all));
    for (size_t i = 0; i < from->n_laws; i++)
        if (!has_law(row, from->laws[i])) {
            all[row->n_laws++] = from->laws[i];
            row->laws = all;
            *added = true;
        }
    return SLUIS_OK;
}

static bool same_laws(const Sluis__DatumRow *a, const Sluis__DatumRow *b)
{
    bool same = !a->n_laws == !b->n_laws;

    for (size_t i = 0; same && i < a->n_laws; i++)
        same = names_law(b, a->laws[i]);
    for (size_t i = 0; same && i < b->n_laws; i++)
        same = names_law(a, b->laws[i]);
    return same;
}

/* For which laws it stands when it is said again.
 *
 * By a source itself: for those it was registered for and the new ones, each of an application that asked for
 * it. What another municipality brings was asked for by nobody here: it is for the laws that the offer named,
 * which rules and covenant were held against when it was taken over (purpose limitation, AVG article 5(1)b).
 * So the last offer of the same municipality decides, whether it names more or fewer; and what it says of
 * another's word opens that to no law. Once the source says it itself, it is the source's own word, and
 * nothing that is brought of it changes its laws. */
static sluis_err laws_said_again(arena *a, Sluis__DatumRow *row, const Sluis__DatumRow *said, bool *changed)
{
    *changed = false;
    if (same_text(said->brought_by, ""))
        return add_laws(a, row, said, changed);
    if (!same_speaker(said, row) || same_laws(said, row))
        return SLUIS_OK;
    row->laws = said->laws;
    row->n_laws = said->n_laws;
    *changed = true;
    return SLUIS_OK;
}

/* Its source says what was brought of it: from now on it is its own word. */
static bool becomes_own(Sluis__DatumRow *row, const Sluis__DatumRow *said)
{
    if (same_text(row->brought_by, "") || !same_text(said->brought_by, "") ||
        !same_text(row->source, said->source))
        return false;
    row->brought_by = said->brought_by;
    row->message_hash = said->message_hash;
    row->legal_basis = said->legal_basis;
    return true;
}

/* Said again of a person who was known as two: the client's own words, where none stand with it. */
static bool takes_statement(Sluis__DatumRow *row, const Sluis__DatumRow *said)
{
    if (same_text(said->statement, "") || !same_text(row->statement, ""))
        return false;
    row->statement = said->statement;
    return true;
}

/* What is registered already, said again: for a law more, with the client's statement, or later. */
static sluis_err say_again(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                           const Sluis__DatumRow *said, uint64_t newest, arena *a, uint64_t *version)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *d->row;
    bool changed = false;

    sluis_err err = laws_said_again(a, &row, said, &changed);
    bool later = takes_place_of(said, d->row) && said->obtained >= row.obtained + DAY_MS;
    changed |= becomes_own(&row, said);
    changed |= takes_statement(&row, said);
    if (err || (!changed && !later))
        return err;
    if (later)
        row.obtained = said->obtained;
    datum_key(key, &s->sid, attribute, &d->instance, d->version);
    if (changed) {
        datum_follows(&row, d->version);
        row.journal_index = said->journal_index;
        row.registered = said->registered;
        *version = newest + 1;
        err = datum_supersede(t, key, row.journal_index);
        datum_key(key, &s->sid, attribute, &d->instance, *version);
    }
    return err ? err : datum_store(t, s, key, &row);
}

/* The same of a statement that stands beside the current one: nobody reads its versions. */
static sluis_err say_again_beside(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                                  const datum_beside *own, const Sluis__DatumRow *said, arena *a)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *own->row;
    bool changed = false;

    sluis_err err = laws_said_again(a, &row, said, &changed);
    changed |= takes_statement(&row, said);
    datum_key(key, &s->sid, attribute, &d->instance, own->version);
    return err || !changed ? err : datum_store(t, s, key, &row);
}

/* A correction is for all that read what it corrects. */
static sluis_err laws_of_corrected(arena *a, Sluis__DatumRow *row, const Sluis__DatumRow *was)
{
    bool added;

    if (!was->n_laws)
        row->n_laws = 0;
    return add_laws(a, row, was, &added);
}

/* A version of its own; what it takes the place of (NULL: nothing) moves to HISTORY. */
static sluis_err say_new(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                         const Sluis__DatumRow *said, const datum_beside *was, uint64_t version, arena *a)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *said;
    const bool current = was && was->row == d->row;
    sluis_err err = SLUIS_OK;

    datum_follows(&row, was ? was->version : 0);
    row.number = datum_next_number(row.registered, was ? was->row : NULL, was ? was->version : 0);
    if (was) {
        datum_key(key, &s->sid, attribute, &d->instance, was->version);
        err = datum_supersede(t, key, row.journal_index);
    }
    if (!err && row.corrected && current)
        err = laws_of_corrected(a, &row, d->row);
    if (current && same_text(row.value, d->row->value)) /* on other terms */
        takes_statement(&row, d->row);
    if (current)
        row.settled = d->row->settled;
    datum_key(key, &s->sid, attribute, &d->instance, version);
    return err ? err : datum_store(t, s, key, &row);
}

sluis_err registry_put(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                       Sluis__DatumRow *row, datum_outcome *outcome, uint64_t *version, bool *alone)
{
    uint8_t key[DATUM_KEY_LEN];
    uint64_t newest;
    datum d;
    arena *a = arena_new(DATUM_ARENA);

    (void)r;
    if (!a)
        return SLUIS_NOMEM;
    datum_key(key, &s->sid, attribute, instance, 0);
    sluis_err err = instance_load(t, s, BYTES(key, DATUM_PREFIX_LEN), a, &d, &newest);
    if (!err) {
        const datum_beside *own = beside_of(&d, row);
        *outcome = judge(&d, own, row, version);
        row->discrepancy = *outcome == DATUM_DISCREPANCY;
        if (alone)
            *alone = !d.beside && !row->discrepancy;
        if (*version && row->discrepancy) {
            err = say_again_beside(t, s, attribute, &d, own, row, a);
        } else if (*version) {
            err = say_again(t, s, attribute, &d, row, newest, a, version);
        } else {
            const datum_beside current = {.version = d.version, .row = d.row};
            *version = newest + 1;
            err = say_new(t, s, attribute, &d, row,
                          *outcome == DATUM_NEWER ? &current
                          : row->discrepancy      ? own
                                                  : NULL,
                          *version, a);
        }
    }
    arena_free(&a);
    return err;
}

sluis_err registry_get(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                       arena *a, datum *out)
{
    uint8_t key[DATUM_KEY_LEN];
    uint64_t newest;

    (void)r;
    datum_key(key, &s->sid, attribute, instance, 0);
    sluis_err err = instance_load(t, s, BYTES(key, DATUM_PREFIX_LEN), a, out, &newest);
    if (err)
        return err;
    return out->row ? SLUIS_OK : newest ? SLUIS_CORRUPT : SLUIS_NOT_FOUND;
}

sluis_err registry_next(registry *r, store_txn *t, const subject *s, uint32_t attribute, arena *a, datum *at)
{
    uint8_t from[DATUM_KEY_LEN];
    static const id16 zero;
    store_cursor *c = NULL;
    bytes key, value;
    id16 instance;

    /* beyond every version of the one before */
    datum_key(from, &s->sid, attribute, at->version ? &at->instance : &zero, at->version ? UINT64_MAX : 0);
    sluis_err err = store_cursor_open(t, TABLE_DATUM, BYTES_OF(from), BYTES(from, DATUM_ATTRIBUTE_LEN), &c);
    if (!err)
        err = store_cursor_next(c, &key, &value);
    if (!err && key.n != DATUM_KEY_LEN)
        err = SLUIS_CORRUPT;
    if (!err)
        memcpy(instance.b, key.p + DATUM_ATTRIBUTE_LEN, ID_LEN);
    store_cursor_close(&c);
    return err ? err : registry_get(r, t, s, attribute, &instance, a, at);
}

/* How many instances stand; not beyond this many. */
static sluis_err count_instances(store_txn *t, const subject *s, uint32_t attribute, size_t most, size_t *n)
{
    static const id16 zero;
    uint8_t at[DATUM_KEY_LEN];
    store_cursor *c = NULL;
    bytes key, value;

    *n = 0;
    datum_key(at, &s->sid, attribute, &zero, 0);
    const bytes prefix = BYTES(at, DATUM_ATTRIBUTE_LEN);
    sluis_err err = store_cursor_open(t, TABLE_DATUM, prefix, prefix, &c);
    while (!err && *n < most && !(err = store_cursor_next(c, &key, &value))) {
        if (key.n != DATUM_KEY_LEN)
            err = SLUIS_CORRUPT;
        else if (!*n || memcmp(at, key.p, DATUM_PREFIX_LEN) != 0)
            ++*n;
        memcpy(at, key.p, key.n < sizeof(at) ? key.n : sizeof(at));
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

id16 instance_of(ProtobufCBinaryData name)
{
    id16 out = {{0}};
    if (name.len == ID_LEN)
        memcpy(out.b, name.data, ID_LEN);
    return out;
}

sluis_err registry_fits(store_txn *t, const subject *s, uint32_t attribute, const id16 *instances, size_t n,
                        uint32_t most, bool *fits)
{
    uint8_t key[DATUM_KEY_LEN];
    size_t stand = 0, fresh = 0;
    bytes k, v;
    sluis_err err = SLUIS_OK;

    for (size_t i = 0; !err && i < n; i++) {
        datum_key(key, &s->sid, attribute, &instances[i], 0);
        err = store_last(t, TABLE_DATUM, BYTES(key, DATUM_PREFIX_LEN), &k, &v);
        fresh += err == SLUIS_NOT_FOUND;
        err = err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    }
    if (!err && fresh && fresh <= most)
        err = count_instances(t, s, attribute, most - fresh + 1, &stand);
    *fits = !fresh || stand + fresh <= most;
    return err;
}

sluis_err registry_bsn(registry *r, store_txn *t, const subject *s, arena *a, char **out)
{
    static const id16 only;
    datum d;
    sluis_err err = registry_get(r, t, s, ATTRIBUTE_BSN, &only, a, &d);

    *out = err ? NULL : d.row->value;
    return err;
}
