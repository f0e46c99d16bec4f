/* A batch of an existing file of data, brought in by an operator: each line a statement of one source about
 * one person. The batch is taken whole or not at all, with one entry in the journal; how far the file has
 * come stands in the same transaction, so that a second try goes on where the first ended. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "policy/policy.h"

#define POSITION     "import-" /* META: this, then what the file is called; value: lines taken u64 */
#define POSITION_1   "import:" /* as earlier releases wrote it: this, then the file's own hash */
#define POSITION_LEN (sizeof(POSITION) - 1 + HASH_LEN)

static void position_key(uint8_t out[static POSITION_LEN], const uint8_t file[static HASH_LEN])
{
    memcpy(out, POSITION, sizeof(POSITION) - 1);
    memcpy(out + sizeof(POSITION) - 1, file, HASH_LEN);
}

sluis_err import_begin(turn *t)
{
    const bytes prefix = BYTES((const uint8_t *)POSITION_1, sizeof(POSITION_1) - 1);
    store_cursor *c = NULL;
    bytes k, stored, v;
    sluis_err e = store_cursor_open(t->t, TABLE_META, prefix, prefix, &c);
    while (!e && !(e = store_cursor_next(c, &k, &stored))) {
        uint8_t was[POSITION_LEN], now[POSITION_LEN], lines[8], name[HASH_LEN];
        e = row_check_open(&v, t->p->rows, TABLE_META, k, stored);
        if (e || k.n != sizeof(was) || v.n != sizeof(lines)) {
            e = SLUIS_CORRUPT;
            break;
        }
        memcpy(was, k.p, sizeof(was));
        memcpy(lines, v.p, sizeof(lines));
        rows_file_name(name, t->p->rows, was + sizeof(POSITION_1) - 1);
        position_key(now, name);
        e = store_delete(t->t, TABLE_META, BYTES_OF(was));
        if (!e)
            e = rows_put_bytes(t->t, t->p->rows, TABLE_META, BYTES_OF(now), BYTES_OF(lines));
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err position_get(turn *t, const import_batch *b, uint64_t *lines)
{
    uint8_t key[POSITION_LEN];
    bytes v;
    position_key(key, b->name);
    *lines = 0;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_META, BYTES_OF(key), &v);
    if (!e && v.n != 8)
        e = SLUIS_CORRUPT;
    if (!e)
        *lines = get_u64(v.p);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err position_put(turn *t, const import_batch *b, uint64_t lines)
{
    uint8_t key[POSITION_LEN], v[8];
    position_key(key, b->name);
    put_u64(v, lines);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, BYTES_OF(key), BYTES_OF(v));
}

/* ---- what is looked at before anything is written ---- */

static sluis_err fail_line(sluis_fail *f, sluis_err e, const import_batch *b, size_t i, const char *text)
{
    char where[32];
    snprintf(where, sizeof(where), "line %" PRIu64, b->first + i);
    return fail_set(f, e, where, "%s", text);
}

/* Data are taken from who is their source: a party in its domain, and the municipality for its own and for
 * those of the laws that it carries out. */
static bool is_source(const turn *t, const import_batch *b, const party *from, const attribute *a)
{
    if (strcmp(from->domain, a->source) == 0)
        return true;
    return oin_equal(&b->source, &t->p->settings->oin) && rules_is_law(t->rules, a->source);
}

static sluis_err check_line(turn *t, const import_batch *b, const party *from, size_t i, sluis_fail *f)
{
    const import_line *l = &b->lines[i];
    const attribute *a = rules_attribute_named(t->rules, l->attribute);
    sluis_fail why = {0};
    if (!bsn_valid(l->bsn, strlen(l->bsn)))
        return fail_line(f, SLUIS_INVALID, b, i, "bsn: nine digits that pass the eleven-test are needed");
    if (bsn_is_test(l->bsn) != t->p->settings->test_mode)
        return fail_line(f, SLUIS_MODE, b, i, "bsn: test persons and real ones do not go together");
    if (!a || a->id == ATTRIBUTE_BSN)
        return fail_line(f, SLUIS_INVALID, b, i, "naam: the catalogue has no such attribute to be filled");
    if (!is_source(t, b, from, a))
        return fail_line(f, SLUIS_DENIED, b, i,
                         "naam: --source is not this attribute's source in the catalogue");
    if (a->at_source_s && *l->value)
        return fail_line(f, SLUIS_INVALID, b, i, "waarde: this datum stays at its source: leave it empty");
    if (!a->at_source_s && !*l->value)
        return fail_line(f, SLUIS_INVALID, b, i, "waarde is missing");
    if (!a->at_source_s && attribute_check_value(a, l->value, false, &why))
        return fail_line(f, SLUIS_INVALID, b, i, why.text);
    if (l->obtained > t->now)
        return fail_line(f, SLUIS_INVALID, b, i, "verkregen: lies in the future");
    if (l->valid_until && l->valid_until <= l->valid_from)
        return fail_line(f, SLUIS_INVALID, b, i, "geldigTot: lies before geldigVan");
    return SLUIS_OK;
}

static bool stands_before(const import_batch *b, size_t i)
{
    size_t k = 0;
    while (k < i && strcmp(b->lines[k].bsn, b->lines[i].bsn) != 0)
        k++;
    return k < i;
}

/* That each person can be registered, with a key slot for who is new. */
static sluis_err check_persons(turn *t, const import_batch *b, sluis_fail *f)
{
    uint64_t fresh = 0;
    for (size_t i = 0; i < b->count; i++) {
        sluis_err e =
            stands_before(b, i) ? SLUIS_OK : registry_check(t->p->registry, t->t, b->lines[i].bsn, &fresh);
        if (e == SLUIS_CONFLICT)
            return fail_line(f, e, b, i, "this person is being forgotten: try again later");
        if (e == SLUIS_FULL)
            return fail_line(f, SLUIS_DENIED, b, i,
                             "the key file has no room for this person: raise limits.key_slots and restart");
        if (e)
            return e;
    }
    return SLUIS_OK;
}

static bool same_datum(const import_line *a, const import_line *b)
{
    return strcmp(a->bsn, b->bsn) == 0 && strcmp(a->attribute, b->attribute) == 0;
}

/* Instances of this line's datum of this line's person, in the batch up to this line; 0: a later line has it,
 * too. */
static size_t named_up_to(const import_batch *b, size_t i, id16 *named)
{
    const import_line *l = &b->lines[i];
    size_t n = 0;
    for (size_t k = i + 1; k < b->count; k++)
        if (same_datum(&b->lines[k], l))
            return 0;
    for (size_t k = 0; k <= i; k++) {
        const import_line *x = &b->lines[k];
        bool fresh = same_datum(x, l);
        for (size_t m = 0; fresh && m < n; m++)
            fresh = !id_equal(&named[m], &x->instance);
        if (fresh)
            named[n++] = x->instance;
    }
    return n;
}

/* So many instances of each datum fit beside what is registered: looked at with the last line of it. */
static sluis_err check_room(turn *t, const import_batch *b, size_t i, sluis_fail *f)
{
    const arena_place empty = arena_at(t->arena);
    const attribute *a = rules_attribute_named(t->rules, b->lines[i].attribute);
    id16 *named = arena_alloc(t->arena, (i + 1) * sizeof(*named));
    const size_t n = named ? named_up_to(b, i, named) : 0;
    subject s = {0};
    bool fits = true;
    sluis_err e = SLUIS_OK;
    if (!named)
        e = SLUIS_NOMEM;
    else if (n)
        e = registry_subject(t->p->registry, t->t, b->lines[i].bsn, false, &s);
    if (e == SLUIS_NOT_FOUND) { /* new here */
        fits = n <= t->p->settings->instances;
        e = SLUIS_OK;
    } else if (!e && n) {
        e = registry_fits(t->t, &s, a->id, named, n, t->p->settings->instances, &fits);
    }
    subject_close(&s);
    arena_back(t->arena, empty);
    return e || fits
               ? e
               : fail_line(f, SLUIS_TOO_BIG, b, i,
                           "voorkomen: more instances of this datum of one person than limits.instances");
}

static sluis_err check_batch(turn *t, const import_batch *b, sluis_fail *f)
{
    const party *from = directory_find(t->dir, &b->source);
    uint64_t taken;
    if (!from)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, b->source.s, "is not in the directory: see `party list`");
    if (!rules_legal_basis_title(t->rules, b->basis))
        return fail_set(f, SLUIS_INVALID, "basis", "the rules in force know no such legal basis");
    if (b->law && !rules_is_law(t->rules, b->law))
        return fail_set(f, SLUIS_INVALID, "law", "the rules in force know no such law");
    sluis_err e = position_get(t, b, &taken);
    if (!e && !b->check && b->count && b->first != taken + 1)
        e = fail_set(f, SLUIS_CONFLICT, "first", "%" PRIu64 " lines of this file are in: go on from there",
                     taken);
    for (size_t i = 0; !e && i < b->count; i++)
        e = check_line(t, b, from, i, f);
    if (!e)
        e = check_persons(t, b, f);
    for (size_t i = 0; !e && i < b->count; i++)
        e = check_room(t, b, i, f);
    return e;
}

/* ---- writing ---- */

static sluis_err put_line(turn *t, import_batch *b, const import_line *l)
{
    const attribute *a = rules_attribute_named(t->rules, l->attribute);
    char *law = (char *)(uintptr_t)(b->law ? b->law : a->source);
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    subject s = {0};
    datum_outcome outcome;
    uint64_t version;
    d.value = (char *)(uintptr_t)l->value;
    d.source = b->source.s;
    d.message_hash = (ProtobufCBinaryData){HASH_LEN, b->name};
    d.legal_basis = (char *)(uintptr_t)b->basis;
    d.category = a->category;
    d.laws = &law;
    d.n_laws = rules_is_law(t->rules, law); /* else for all */
    d.obtained = l->obtained ? l->obtained : t->now;
    d.valid_from = l->valid_from;
    d.valid_until = l->valid_until;
    d.registered = t->now;
    d.journal_index = t->entry.index;
    sluis_err e = registry_subject(t->p->registry, t->t, l->bsn, true, &s);
    if (!e && a->at_source_s) {
        d.reference = true;
        outcome = DATUM_NEW;
        e = registry_keep(t->p->registry, t->t, &s, a->id, &l->instance, &d);
    } else if (!e) {
        e = registry_put(t->p->registry, t->t, &s, a->id, &l->instance, &d, &outcome, &version, NULL);
    }
    subject_close(&s);
    if (e)
        return e;
    b->counts[outcome]++;
    METRIC_ADD(t->p->metrics, registry_discrepancies, outcome == DATUM_DISCREPANCY);
    METRIC_ADD(t->p->metrics, registry_data, outcome != DATUM_SAME);
    return SLUIS_OK;
}

/* Which file, which lines of it. */
static sluis_err journal_batch(turn *t, const job *j)
{
    const import_batch *b = j->import;
    Sluis__Record r = SLUIS__RECORD__INIT;
    char hex[2 * HASH_LEN + 1], detail[sizeof(hex) + 64];
    hex_encode(hex, b->name, HASH_LEN);
    snprintf(detail, sizeof(detail), "lines %" PRIu64 "-%" PRIu64 " of %s", b->first, b->first + b->count - 1,
             hex);
    r.type = SLUIS__RECORD_TYPE__R_IMPORT;
    r.from = (char *)(uintptr_t)b->source.s;
    r.to = t->p->settings->oin.s;
    r.employee = (char *)(uintptr_t)j->by;
    r.legal_basis = (char *)(uintptr_t)b->basis;
    r.decision = (char *)(uintptr_t)j->reason;
    r.detail = detail;
    return turn_journal(t, &r);
}

sluis_err handle_import(turn *t, job *j, sluis_fail *f)
{
    import_batch *b = j->import;
    rows_file_name(b->name, t->p->rows, b->file);
    sluis_err e = check_batch(t, b, f);
    if (!e && (b->check || !b->count))
        return position_get(t, b, &b->taken);
    if (!e)
        e = journal_batch(t, j);
    for (size_t i = 0; !e && i < b->count; i++)
        e = put_line(t, b, &b->lines[i]);
    b->taken = b->first + b->count - 1;
    return e ? e : position_put(t, b, b->taken);
}
