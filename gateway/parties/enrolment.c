/* An enrolment request (JSON), the form in parties.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/keydisk.h"
#include "parties/parties.h"

#define DATE_STR 11 /* "YYYY-MM-DD" and NUL */

static void format_date(char out[static DATE_STR], uint64_t ms)
{
    char full[TIME_STR];
    time_format(full, ms);
    memcpy(out, full, DATE_STR - 1);
    out[DATE_STR - 1] = '\0';
}

static json_t *key_json(const enrolment_key *e, const keypair *sign, const oin *o)
{
    const keypair *k = e->key;
    uint64_t from = e->from - e->from % DAY_MS, until = e->until - e->until % DAY_MS;
    uint8_t sig[SIG_LEN];
    char pk_hex[2 * PK_LEN + 1], sig_hex[2 * SIG_LEN + 1], from_day[DATE_STR], until_day[DATE_STR];
    const keypair *by = k->use == USE_SIGN ? k : sign;
    if (party_key_sign(sig, by, k->use, k->pk, from, until, o))
        return NULL;
    hex_encode(pk_hex, k->pk, PK_LEN);
    hex_encode(sig_hex, sig, SIG_LEN);
    format_date(from_day, from);
    format_date(until_day, until);
    return json_pack("{ss ss ss ss ss}", "use", key_use_name(k->use), "pk", pk_hex, "valid_from", from_day,
                     "valid_until", until_day, "signature", sig_hex);
}

static sluis_err write_new(const char *path, const char *text, sluis_fail *f)
{
    sluis_err err = keydisk_write_new(path, 0644, text, strlen(text), f);
    return err ? err : keydisk_sync_folder(path, f);
}

sluis_err enrolment_write_keys(const char *path, const oin *o, const enrolment_key *keys, size_t n,
                               sluis_fail *f)
{
    const keypair *sign = NULL;
    bool ordered = true;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].key->use == USE_SIGN && !sign)
            sign = keys[i].key;
        ordered = ordered && keys[i].from / DAY_MS < keys[i].until / DAY_MS;
    }
    if (!sign || n > ENROLMENT_KEYS_MAX)
        return fail_set(f, SLUIS_INVALID, path, "an enrolment has a signing key and at most %d keys in all",
                        ENROLMENT_KEYS_MAX);
    if (!ordered)
        return fail_set(f, SLUIS_INVALID, path, "valid until before it is valid");
    sluis_err err = SLUIS_OK;
    json_t *list = json_array(), *root = json_pack("{ss sO}", "oin", o->s, "keys", list);
    for (size_t i = 0; i < n && !err; i++)
        err = json_array_append_new(list, key_json(&keys[i], sign, o)) ? SLUIS_NOMEM : SLUIS_OK;
    char *text = root && !err ? json_dumps(root, JSON_INDENT(2)) : NULL;
    err = text ? write_new(path, text, f) : fail_set(f, SLUIS_NOMEM, path, "%s", error_text(SLUIS_NOMEM));
    free(text);
    json_decref(root);
    json_decref(list);
    return err;
}

sluis_err enrolment_write(const char *path, const oin *o, const keypair *keys, size_t n, uint64_t from,
                          uint64_t until, sluis_fail *f)
{
    enrolment_key list[ENROLMENT_KEYS_MAX];
    if (n > ENROLMENT_KEYS_MAX)
        return fail_set(f, SLUIS_INVALID, path, "more than %d keys", ENROLMENT_KEYS_MAX);
    for (size_t i = 0; i < n; i++)
        list[i] = (enrolment_key){&keys[i], from, until};
    return enrolment_write_keys(path, o, list, n, f);
}

/* The string at key of object; f says where when there is none. */
static const char *member(const json_t *object, const char *key, const char *where, sluis_fail *f)
{
    const char *s = json_string_value(json_object_get(object, key));
    if (!s)
        fail_set(f, SLUIS_INVALID, where, "\"%s\" is missing or no text", key);
    return s;
}

static sluis_err take_bytes(ProtobufCBinaryData *out, size_t n, const char *hex, arena *a, const char *where,
                            const char *key, sluis_fail *f)
{
    uint8_t *p = arena_alloc(a, n);
    if (!p)
        return fail_set(f, SLUIS_NOMEM, where, "%s", error_text(SLUIS_NOMEM));
    *out = (ProtobufCBinaryData){.len = n, .data = p};
    if (hex_decode(p, n, hex, strlen(hex)))
        return fail_set(f, SLUIS_INVALID, where, "\"%s\" must be %zu hexadecimal digits", key, 2 * n);
    return SLUIS_OK;
}

static sluis_err take_day(uint64_t *out, const char *day, const char *where, const char *key, sluis_fail *f)
{
    if (strlen(day) != DATE_STR - 1 || time_parse(out, day))
        return fail_set(f, SLUIS_INVALID, where, "\"%s\" must be a date that exists, as YYYY-MM-DD", key);
    return SLUIS_OK;
}

static sluis_err take_key(Sluis__DirectoryKey *k, arena *a, const json_t *object, const char *where,
                          sluis_fail *f)
{
    key_use use;
    if (!json_is_object(object) || json_object_size(object) != 5)
        return fail_set(f, SLUIS_INVALID, where,
                        "a key has exactly use, pk, valid_from, valid_until and signature");
    const char *name = member(object, "use", where, f), *pk = member(object, "pk", where, f),
               *from = member(object, "valid_from", where, f),
               *until = member(object, "valid_until", where, f),
               *signature = member(object, "signature", where, f);
    if (!name || !pk || !from || !until || !signature)
        return SLUIS_INVALID;
    if (key_use_parse(&use, name) || (use != USE_SIGN && use != USE_SEAL && use != USE_CURVE))
        return fail_set(f, SLUIS_INVALID, where, "\"use\" must be sign, seal or curve");
    k->use = use;
    sluis_err err = take_bytes(&k->pk, PK_LEN, pk, a, where, "pk", f);
    if (!err)
        err = take_bytes(&k->signature, SIG_LEN, signature, a, where, "signature", f);
    if (!err)
        err = take_day(&k->valid_from, from, where, "valid_from", f);
    if (!err)
        err = take_day(&k->valid_until, until, where, "valid_until", f);
    if (!err && k->valid_from >= k->valid_until)
        err = fail_set(f, SLUIS_INVALID, where, "valid until before it is valid");
    return err;
}

static sluis_err take_keys(Sluis__PartyEntry *out, arena *a, const json_t *list, sluis_fail *f)
{
    size_t n = json_array_size(list); /* 0 for what is no array */
    bool signs = false;
    if (n < 1 || n > ENROLMENT_KEYS_MAX)
        return fail_set(f, SLUIS_INVALID, "keys", "must be a list of 1 to %d keys", ENROLMENT_KEYS_MAX);
    Sluis__DirectoryKey *keys = arena_alloc(a, n * sizeof *keys);
    out->keys = arena_alloc(a, n * sizeof *out->keys);
    if (!keys || !out->keys)
        return fail_set(f, SLUIS_NOMEM, "keys", "%s", error_text(SLUIS_NOMEM));
    out->valid_from = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        char where[32];
        snprintf(where, sizeof where, "keys[%zu]", i);
        sluis__directory_key__init(&keys[i]);
        out->keys[i] = &keys[i];
        sluis_err err = take_key(&keys[i], a, json_array_get(list, i), where, f);
        if (err)
            return err;
        signs = signs || keys[i].use == USE_SIGN;
        if (keys[i].valid_from < out->valid_from)
            out->valid_from = keys[i].valid_from;
        if (keys[i].valid_until > out->valid_until)
            out->valid_until = keys[i].valid_until;
    }
    out->n_keys = n;
    return signs ? SLUIS_OK : fail_set(f, SLUIS_INVALID, "keys", "one of them must be a signing key");
}

static sluis_err take_request(Sluis__PartyEntry *out, arena *a, const json_t *root, sluis_fail *f)
{
    oin o;
    if (!json_is_object(root) || json_object_size(root) != 2)
        return fail_set(f, SLUIS_INVALID, "enrolment", "must be one object with exactly oin and keys");
    const char *s = member(root, "oin", "enrolment", f);
    if (!s)
        return SLUIS_INVALID;
    if (oin_parse(&o, s, strlen(s)))
        return fail_set(f, SLUIS_INVALID, "oin", "is not an OIN: 20 characters");
    out->oin = arena_strdup(a, o.s);
    out->suites = arena_alloc(a, sizeof *out->suites);
    if (!out->oin || !out->suites)
        return fail_set(f, SLUIS_NOMEM, "enrolment", "%s", error_text(SLUIS_NOMEM));
    out->suites[0] = 1;
    out->n_suites = 1;
    return take_keys(out, a, json_object_get(root, "keys"), f);
}

sluis_err enrolment_parse(Sluis__PartyEntry *out, arena *a, const char *json, size_t n, sluis_fail *f)
{
    json_error_t why;
    sluis__party_entry__init(out);
    if (n > ENROLMENT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "enrolment", "larger than %u bytes", ENROLMENT_MAX);
    json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return fail_set(f, SLUIS_INVALID, "enrolment", "line %d: not JSON, or a key that stands twice",
                        why.line);
    sluis_err err = take_request(out, a, root, f);
    json_decref(root);
    return err;
}
