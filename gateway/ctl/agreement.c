/* Agreements (convenanten): the party signs its proposal offline; the municipality files it, signs it too,
 * and revokes it by two persons. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/key_folder.h"
#include "parties/agreements.h"
#include "wire/envelope.h"

#define LIST_MAX     64
#define DOCUMENT_MAX (64u << 20)

/* ---- the party's side, offline ---- */

/* "a,b,c" in the arena. */
static sluis_err split(const ctl_call *c, const char *option, arena *a, char ***out, size_t *n, sluis_fail *f)
{
    char *text = arena_strdup(a, ctl_value(c, option) ? ctl_value(c, option) : "");
    *out = arena_alloc(a, LIST_MAX * sizeof **out);
    *n = 0;
    if (!text || !*out)
        return SLUIS_NOMEM;
    for (char *save = NULL, *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
        if (*n == LIST_MAX)
            return fail_set(f, SLUIS_TOO_BIG, option, "more than %d", LIST_MAX);
        (*out)[(*n)++] = s;
    }
    return SLUIS_OK;
}

static sluis_err day_of(const ctl_call *c, const char *option, uint64_t *out, sluis_fail *f)
{
    const char *day = ctl_value(c, option);
    uint64_t now = clock_ms();
    *out = now - now % DAY_MS;
    if (day && (strlen(day) != 10 || time_parse(out, day)))
        return fail_set(f, SLUIS_INVALID, option, "write YYYY-MM-DD");
    return SLUIS_OK;
}

/* The document may be large: it is hashed as it is read. */
static sluis_err hash_document(uint8_t out[static HASH_LEN], const char *path, sluis_fail *f)
{
    uint8_t *all = malloc(DOCUMENT_MAX);
    FILE *in = fopen(path, "rb");
    size_t n = all && in ? fread(all, 1, DOCUMENT_MAX, in) : 0;
    sluis_err e = !all                ? SLUIS_NOMEM
                  : !in || ferror(in) ? fail_set(f, SLUIS_IO, path, "cannot be read")
                  : n == 0            ? fail_set(f, SLUIS_INVALID, path, "is empty")
                  : n == DOCUMENT_MAX ? fail_set(f, SLUIS_TOO_BIG, path, "larger than %u bytes", DOCUMENT_MAX)
                                      : SLUIS_OK;
    bytes whole = BYTES(all, n);
    if (!e)
        sha256(out, &whole, 1);
    if (in)
        fclose(in);
    free(all);
    return e;
}

static sluis_err fill(const ctl_call *c, Sluis__Agreement *x, arena *a, uint8_t hash[static HASH_LEN],
                      const char *whose, sluis_fail *f)
{
    sluis__agreement__init(x);
    x->party = (char *)(uintptr_t)whose;
    x->municipality = (char *)(uintptr_t)ctl_value(c, "municipality");
    x->covenant = (char *)(uintptr_t)ctl_value(c, "covenant");
    x->version = (uint32_t)ctl_number(c, "version", 1, INT32_MAX);
    x->text_hash = (ProtobufCBinaryData){HASH_LEN, hash};
    sluis_err e = hash_document(hash, ctl_value(c, "text"), f);
    if (!e)
        e = split(c, "purposes", a, &x->purposes, &x->n_purposes, f);
    if (!e)
        e = split(c, "gives", a, &x->gives, &x->n_gives, f);
    if (!e)
        e = split(c, "asks", a, &x->asks, &x->n_asks, f);
    if (!e)
        e = split(c, "attributes", a, &x->attributes, &x->n_attributes, f);
    if (!e)
        e = day_of(c, "from", &x->valid_from, f);
    return e ? e : day_of(c, "until", &x->valid_until, f);
}

static sluis_err open_sign(const ctl_call *c, keypair *out, sluis_fail *f)
{
    char path[KEY_PATH_CAP];
    passphrase pass = {0};
    const char *from = ctl_value(c, "passphrase-file");
    sluis_err e = key_path(path, ctl_value(c, "dir"), "sign", ".key", f);
    if (!e && from)
        e = passphrase_open(&pass, from, f);
    if (!e)
        e = keyfile_open(out, path, USE_SIGN, &pass, f);
    passphrase_close(&pass);
    return e;
}

static sluis_err sign_and_write(const Sluis__Agreement *x, const keypair *sign, const char *path, char *id,
                                sluis_fail *f)
{
    Sluis__AgreementFact fact = SLUIS__AGREEMENT_FACT__INIT;
    uint8_t sig[SIG_LEN], hash[HASH_LEN];
    json_t *file = NULL;
    char *text = NULL;
    buffer packed;
    buffer_init(&packed, AGREEMENT_MAX);
    sluis_err e = agreement_pack(&packed, x, f);
    if (!e)
        e = agreement_sign(sig, buffer_bytes(&packed), sign);
    if (!e) {
        fact.agreement = (ProtobufCBinaryData){packed.n, packed.p};
        fact.party_pk = (ProtobufCBinaryData){PK_LEN, (uint8_t *)(uintptr_t)sign->pk};
        fact.party_signature = (ProtobufCBinaryData){SIG_LEN, sig};
        agreement_hash(hash, buffer_bytes(&packed));
        hex_encode(id, hash, KEYID_LEN);
        file = agreement_json(&fact);
        text = file ? json_dumps(file, JSON_INDENT(2)) : NULL;
        e = text ? file_write_new(path, text, strlen(text), 0644, f) : SLUIS_NOMEM;
    }
    free(text);
    json_decref(file);
    buffer_close(&packed);
    return e;
}

ctl_exit ctl_agreement_propose(ctl_call *c)
{
    Sluis__PartyEntry party_;
    Sluis__Agreement x;
    keypair sign = {0};
    uint8_t hash[HASH_LEN];
    char id[2 * KEYID_LEN + 1];
    sluis_fail f = {0};
    arena *a = arena_new(1u << 20);
    sluis_err e = a ? key_enrolment(&party_, a, ctl_value(c, "dir"), &f) : SLUIS_NOMEM;
    if (!e)
        e = fill(c, &x, a, hash, party_.oin, &f);
    if (!e)
        e = open_sign(c, &sign, &f);
    if (!e)
        e = sign_and_write(&x, &sign, ctl_value(c, "out"), id, &f);
    keypair_close(&sign);
    if (e) {
        fail_set(&f, e, ctl_value(c, "out"), "%s", error_text(e));
        arena_free(&a);
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:s, s:s, s:s}", "id", id, "oin", party_.oin, "file", ctl_value(c, "out")));
    ctl_note(c, "send the file to the municipality, with the document that it names by its hash");
    arena_free(&a);
    return CTL_OK;
}

/* ---- the municipality's side ---- */

ctl_exit ctl_agreement_file(ctl_call *c)
{
    char *text = NULL;
    size_t n = 0;
    sluis_fail f = {0};
    json_error_t why;
    if (ctl_read(&text, &n, c->operand, &f))
        return ctl_failed(c, &f);
    json_t *file = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!file) {
        fail_set(&f, SLUIS_INVALID, c->operand, "line %d: %s", why.line, why.text);
        return ctl_failed(c, &f);
    }
    return ctl_order(
        c, json_pack("{s:s, s:o, s:s}", "cmd", "agreement.file", "file", file, "by", ctl_value(c, "by")));
}

ctl_exit ctl_agreement_accept(ctl_call *c)
{
    return ctl_order(c, json_pack("{s:s, s:s, s:s}", "cmd", "agreement.accept", "id", c->operand, "by",
                                  ctl_value(c, "by")));
}

ctl_exit ctl_agreement_revoke(ctl_call *c)
{
    return ctl_order(c, json_pack("{s:s, s:s, s:s, s:s}", "cmd", "agreement.revoke", "id", c->operand,
                                  "reason", ctl_value(c, "reason"), "by", ctl_value(c, "by")));
}

ctl_exit ctl_agreement_show(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s, s:s}", "cmd", "agreement.show", "id", c->operand), &code);
    if (!reply)
        return code;
    json_object_del(reply, "ok");
    if (c->json) {
        ctl_print(c, reply);
        return code;
    }
    char *text = json_dumps(reply, JSON_INDENT(2));
    if (text)
        puts(text);
    free(text);
    json_decref(reply);
    return code;
}

static json_t *list(ctl_call *c, ctl_exit *code)
{
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "agreement.list"), code);
    json_t *rows = json_incref(json_object_get(reply, "agreements"));
    json_decref(reply);
    return rows;
}

ctl_exit ctl_agreement_list(ctl_call *c)
{
    static const char *const columns[] = {"id",      "oin",   "name",        "covenant",
                                          "version", "state", "valid_until", NULL};
    ctl_exit code = CTL_OK;
    json_t *rows = list(c, &code);
    if (rows)
        ctl_print_table(c, rows, columns);
    return code;
}

/* In force, no later version goes on from it, and its last day is near. */
static bool ends_soon(const json_t *row, uint64_t before)
{
    uint64_t until = 0;
    const char *day = json_string_value(json_object_get(row, "valid_until"));
    const char *state = json_string_value(json_object_get(row, "state"));
    return state && strcmp(state, "in-force") == 0 && !json_is_true(json_object_get(row, "goes_on")) && day &&
           time_parse(&until, day) == SLUIS_OK && until < before;
}

ctl_exit ctl_agreement_needs_renewal(ctl_call *c)
{
    static const char *const columns[] = {"id", "oin", "name", "covenant", "version", "valid_until", NULL};
    ctl_exit code = CTL_OK;
    uint64_t before = clock_ms() + (uint64_t)ctl_number(c, "days", 0, 3660) * DAY_MS;
    json_t *rows = list(c, &code), *due = json_array(), *row;
    size_t i;
    if (!rows) {
        json_decref(due);
        return code;
    }
    json_array_foreach(rows, i, row)
    {
        if (ends_soon(row, before))
            json_array_append(due, row);
    }
    json_decref(rows);
    bool any = json_array_size(due) > 0;
    ctl_print_table(c, due, columns);
    return any ? CTL_FOUND : CTL_OK;
}
