/* Offline: every row outside the journal's tables. One line of the table below a table of the store. */
#include "registry/registry.h"

#include <stdio.h>
#include <string.h>

#include "registry/datum.h"
#include "tables/event_key.h"
#include "tables/lineage.h"
#include "wire/envelope.h"

#define VERIFY_ARENA (16u << 20)
#define VARIABLE     SIZE_MAX

typedef struct {
    registry *r;
    store_txn *t;
    keyslots *slots;
    arena *arena;
    subject subject; /* the last one looked up; sid valid while known */
    bool known;
    registry_report *out;
} verifier;

typedef struct check check;
struct check {
    gateway_table table;
    size_t key_len;                            /* VARIABLE: any */
    size_t value_len;                          /* of a plain row, without its check; VARIABLE: any */
    const ProtobufCMessageDescriptor *message; /* NULL: a plain row of value_len bytes */
    /* SLUIS_OK; else *why says what is wrong with the row. */
    sluis_err (*row)(verifier *v, const check *c, bytes key, bytes value, const char **why);
};

static sluis_err check_plain(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    bytes inner;

    *why = "fails its check: bytes were changed";
    sluis_err err = row_check_open(&inner, keyslots_rows(v->slots), c->table, key, value);
    if (!err && c->value_len != VARIABLE && c->value_len != inner.n) {
        *why = "has a value of the wrong length";
        err = SLUIS_CORRUPT;
    }
    return err;
}

static sluis_err check_message(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    ProtobufCMessage *m;

    *why = "fails its check, or is not of a form that this program knows";
    return rows_open(keyslots_rows(v->slots), c->table, key, value, v->arena, c->message, &m);
}

/* META: the journal's note is signed, the directory's version is written twice (version | ~version). */
static sluis_err check_meta(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    bytes inner;

    (void)c;
    *why = "fails its check: bytes were changed";
    if (bytes_equal(key, bytes_str("journal")) || bytes_equal(key, bytes_str("tail")))
        return SLUIS_OK; /* journal_verify's */
    if (bytes_equal(key, bytes_str("directory")))
        return value.n == 16 && get_u64(value.p) == ~get_u64(value.p + 8) ? SLUIS_OK : SLUIS_CORRUPT;
    if (lineage_row_valid(key, value))
        return SLUIS_OK;
    return row_check_open(&inner, keyslots_rows(v->slots), TABLE_META, key, value);
}

/* The signature is the directory's business: here the row must at least be one. */
static sluis_err check_party(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    ProtobufCMessage *m;

    (void)key;
    *why = "is not a signed entry or agreement";
    return wire_unpack(&m, c->message, v->arena, value, NULL) ? SLUIS_CORRUPT : SLUIS_OK;
}

static sluis_err check_subject(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    subject s;
    id16 sid;

    sluis_err err = check_plain(v, c, key, value, why);
    if (err)
        return err;
    memcpy(sid.b, key.p, ID_LEN);
    *why = "has no key in the key file, or another subject's";
    err = registry_subject_by_sid(v->r, v->t, &sid, &s);
    subject_close(&s);
    if (err != SLUIS_NOT_FOUND)
        return err;
    v->out->forgotten++;
    return SLUIS_OK;
}

/* Forgotten, and its rows not yet cleared away. */
static bool is_gone(verifier *v, const id16 *sid)
{
    bytes when;

    return rows_get_bytes(v->t, keyslots_rows(v->slots), TABLE_GONE, BYTES(sid->b, ID_LEN), &when) ==
           SLUIS_OK;
}

static sluis_err check_datum(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    uint8_t before[HISTORY_KEY_LEN];
    Sluis__DatumRow *row;
    bytes old;
    bool merged = false;
    id16 sid;

    if (c->table == TABLE_HISTORY)
        key = BYTES(key.p + 8, key.n - 8);
    memcpy(sid.b, key.p, ID_LEN);
    *why = "belongs to no subject";
    if (!v->known || !id_equal(&sid, &v->subject.sid)) {
        v->known = false;
        sluis_err err = subject_as_sealed(v->r, v->t, &sid, &v->subject, &merged);
        if (!err && merged && c->table == TABLE_DATUM)
            return SLUIS_CORRUPT; /* what is current moved with the person */
        if (err == SLUIS_NOT_FOUND && is_gone(v, &sid)) {
            v->out->forgotten++;
            return SLUIS_OK;
        }
        if (err)
            return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
        v->known = true;
    }
    *why = "cannot be opened with its subject's key: bytes were changed";
    sluis_err err = datum_open(&v->subject, key, value, v->arena, &row);
    if (err || !row->previous)
        return err;
    *why = "the version before it is not in history where it should be";
    err = datum_before_key(key.p, row, before);
    if (!err)
        err = store_get(v->t, TABLE_HISTORY, BYTES_OF(before), &old);
    return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
}

static sluis_err check_sealed(verifier *v, const check *c, bytes key, bytes value, const char **why)
{
    ProtobufCMessage *m;

    *why = "fails its check, or cannot be opened with its subject's key: bytes were changed";
    sluis_err err = row_open(v->r, v->t, c->table, key, value, v->arena, c->message, &m, NULL);
    if (err != SLUIS_NOT_FOUND)
        return err;
    v->out->forgotten++;
    return SLUIS_OK;
}

#define OIN_SEQ (OIN_LEN + 8)

static const check checks[] = {
    {TABLE_META, VARIABLE, 0, NULL, check_meta},
    {TABLE_PARTY, OIN_LEN, 0, &sluis__signed_entry__descriptor, check_party},
    {TABLE_CASE, ID_LEN, 0, &sluis__case_row__descriptor, check_message},
    {TABLE_REQUEST, UUID_LEN, 0, &sluis__request_row__descriptor, check_sealed},
    {TABLE_APPINDEX, VARIABLE, 0, NULL, check_plain},
    {TABLE_EVENT, EVENT_KEY_LEN, 0, &sluis__event_row__descriptor, check_message},
    {TABLE_OUTBOX, OIN_SEQ, VARIABLE, NULL, check_plain},
    {TABLE_DEDUP, OIN_LEN + UUID_LEN, 0, &sluis__dedup_row__descriptor, check_message},
    {TABLE_DUE, 8 + 8 + 2, VARIABLE, NULL, check_plain},
    {TABLE_SUBJECT, ID_LEN, 8, NULL, check_subject},
    {TABLE_DATUM, DATUM_KEY_LEN, 0, NULL, check_datum},
    {TABLE_HISTORY, HISTORY_KEY_LEN, 0, NULL, check_datum},
    {TABLE_DOSSIER, ID_LEN + 8, 0, &sluis__dossier_row__descriptor, check_sealed},
    {TABLE_INTENT, 8, ID_LEN, NULL, check_plain},
    {TABLE_ATTEMPT, OIN_SEQ, 4, NULL, check_plain},
    {TABLE_AGREEMENT, OIN_LEN + KEYID_LEN, 0, &sluis__signed_agreement__descriptor, check_party},
    {TABLE_DEAD, 8 + 8, 0, &sluis__dead_letter_row__descriptor, check_message},
    {TABLE_CONCERN, UUID_LEN, 0, &sluis__concern_row__descriptor, check_sealed},
    {TABLE_MERGED, ID_LEN, ID_LEN + 8, NULL, check_plain},
    {TABLE_SETTLED, ID_LEN + 8, 0, &sluis__settled_row__descriptor, check_sealed},
    {TABLE_RIGHTS, ID_LEN + UUID_LEN, 0, &sluis__rights_row__descriptor, check_sealed},
    {TABLE_RESTRICTION, ID_LEN + 8, 0, &sluis__restriction_row__descriptor, check_sealed},
    {TABLE_RULESET, 8 + HASH_LEN, 0, &sluis__rules_row__descriptor, check_message},
    {TABLE_LINK, ID_LEN + 1 + ID_LEN, 0, NULL, check_plain},
    {TABLE_GONE, ID_LEN, 8, NULL, check_plain},
    {TABLE_MOVING, ID_LEN, ID_LEN, NULL, check_plain},
    {TABLE_REPORTED, OIN_LEN, 8, NULL, check_plain},
    {TABLE_OFFER, UUID_LEN, 0, &sluis__offer_row__descriptor, check_message},
    {TABLE_MEETING, HASH_LEN, 0, &sluis__meeting_row__descriptor, check_message},
};

static sluis_err bad_row(sluis_fail *f, sluis_err err, gateway_table table, bytes key, const char *why)
{
    char where[128], hex[2 * 48 + 1];
    size_t n = key.n < 48 ? key.n : 48;

    hex_encode(hex, key.p, n);
    snprintf(where, sizeof(where), "%s %s%s", gateway_tables[table].name, hex, n < key.n ? "..." : "");
    return fail_set(f, err, where, "%s", why);
}

static sluis_err verify_table(verifier *v, const check *c, sluis_fail *f)
{
    bytes none = {NULL, 0}, key, value;
    store_cursor *rows = NULL;
    sluis_err err = store_cursor_open(v->t, c->table, none, none, &rows);

    while (!err && !(err = store_cursor_next(rows, &key, &value))) {
        const char *why = "has a key of the wrong length";
        arena_reset(v->arena);
        err = c->key_len != VARIABLE && key.n != c->key_len ? SLUIS_CORRUPT : c->row(v, c, key, value, &why);
        if (err) {
            bad_row(f, err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err, c->table, key, why);
            err = err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
            break;
        }
        v->out->rows[c->table]++;
    }
    store_cursor_close(&rows);
    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    return fail_set(f, err, gateway_tables[c->table].name, "the store cannot be read");
}

sluis_err registry_verify(store *s, keyslots *slots, registry_report *out, sluis_fail *f)
{
    verifier v = {.slots = slots, .out = out};
    sluis_err err;

    memset(out, 0, sizeof(*out));
    v.arena = arena_new(VERIFY_ARENA);
    err = v.arena ? registry_open(&v.r, slots) : SLUIS_NOMEM;
    if (!err)
        err = store_begin_read(s, &v.t);
    if (err) {
        fail_set(f, err, "register", "cannot be opened for verification");
        goto done;
    }
    for (size_t i = 0; !err && i < sizeof(checks) / sizeof(checks[0]); i++)
        err = verify_table(&v, &checks[i], f);
done:
    subject_close(&v.subject);
    store_abort(&v.t);
    if (v.r)
        registry_close(&v.r);
    arena_free(&v.arena);
    return err;
}
