/* `receipt get` asks the gateway for a receipt; `receipt verify` checks one offline, with the log's public
 * key alone. A file holds the packed Receipt (proto/sluis.proto), as adapters keep it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "flow/explain.h"
#include "wire/messages.h"
#include "wire/receipt.h"

#define RECEIPT_ARENA (2u << 20)
#define KEEP_ALWAYS   UINT32_C(0xffffffff)

/* ---- get ---- */

ctl_exit ctl_receipt_write(ctl_call *c, const char *path, json_int_t index, const char *base64)
{
    sluis_fail f = {0};
    size_t cap = strlen(base64), n = 0;
    uint8_t *raw = malloc(cap ? cap : 1);
    sluis_err e = raw ? base64_decode(raw, cap, &n, base64, cap) : SLUIS_NOMEM;
    if (e)
        fail_set(&f, e, "receipt", "the reply holds no receipt");
    else
        e = file_write_new(path, raw, n, 0600, &f);
    free(raw);
    if (e)
        return ctl_failed(c, &f);
    ctl_print(c,
              json_pack("{s:b,s:I,s:s,s:I}", "ok", 1, "index", index, "file", path, "bytes", (json_int_t)n));
    return CTL_OK;
}

ctl_exit ctl_receipt_get(ctl_call *c)
{
    char *end = NULL;
    ctl_exit code = CTL_OK;
    errno = 0;
    long long index = strtoll(c->operand, &end, 10);
    if (errno || end == c->operand || *end || index < 0) {
        ctl_note(c, "sluisctl receipt get: INDEX is the number of an entry, as `trace` shows it");
        return CTL_USAGE;
    }
    json_t *request = json_pack("{s:s,s:I,s:s}", "cmd", "receipt.get", "index", (json_int_t)index, "by",
                                ctl_value(c, "by"));
    sluis_fail f = {0};
    char *note = NULL;
    size_t n = 0;
    if (ctl_value(c, "note")) {
        if (ctl_read(&note, &n, ctl_value(c, "note"), &f)) {
            json_decref(request);
            f.code = SLUIS_IO;
            return ctl_failed(c, &f);
        }
        json_object_set_new(request, "note", json_string(note));
        free(note);
    }
    if (ctl_value(c, "witnessed"))
        json_object_set_new(request, "witnessed", json_true());
    json_t *reply = ctl_ask(c, request, &code);
    if (!reply)
        return code;
    const char *base64 = json_string_value(json_object_get(reply, "receipt"));
    code = ctl_receipt_write(c, ctl_value(c, "out"), (json_int_t)index, base64 ? base64 : "-");
    json_decref(reply);
    return code;
}

/* ---- verify ---- */

static json_t *record_facts(const Sluis__Record *r)
{
    char when[TIME_STR], transaction[UUID_STR] = "", hash[2 * HASH_LEN + 1] = "";
    const message_kind *k = message_kind_of(r->kind);
    const ProtobufCEnumValue *type =
        protobuf_c_enum_descriptor_get_value(&sluis__record_type__descriptor, (int)r->type);
    time_format(when, r->when);
    if (r->transaction.len == UUID_LEN)
        uuid_format(transaction, r->transaction.data);
    if (r->message_hash.len == HASH_LEN)
        hex_encode(hash, r->message_hash.data, HASH_LEN);
    json_t *out =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "when", when, "type", type ? type->name : "",
                  "kind", k ? k->name : "", "from", r->from, "to", r->to, "decision", r->decision, "detail",
                  r->detail, "transaction", transaction, "message_hash", hash);
    explain_record(out, r);
    return out;
}

typedef struct {
    const char *name; /* NULL: nobody was asked for */
    uint64_t seconds;
} cosigned;

static void print_facts(const ctl_call *c, const receipt_facts *facts, const cosigned *by)
{
    char keep[TIME_STR] = "always", root[2 * HASH_LEN + 1];
    if (facts->leaf.keep_until != KEEP_ALWAYS) {
        time_format(keep, facts->leaf.keep_until * (uint64_t)DAY_MS);
        keep[strlen("YYYY-MM-DD")] = '\0';
    }
    hex_encode(root, facts->cp.root, HASH_LEN);
    json_t *out =
        json_pack("{s:b,s:s,s:I,s:s,s:I,s:s,s:i,s:s}", "ok", 1, "grade", by->name ? "witnessed" : "logged",
                  "index", (json_int_t)facts->index, "origin", facts->cp.origin, "size",
                  (json_int_t)facts->cp.size, "root", root, "class", facts->leaf.klass, "keep_until", keep);
    if (by->name) {
        time_format(keep, by->seconds * 1000);
        json_object_set_new(out, "witness", json_string(by->name));
        json_object_set_new(out, "witnessed", json_string(keep));
    }
    json_t *record = record_facts(facts->record);
    json_object_update(out, record);
    json_decref(record);
    ctl_print(c, out);
}

ctl_exit ctl_receipt_verify(ctl_call *c)
{
    sluis_fail f = {0};
    receipt_facts facts;
    receipt_cache under = {.n = 0};
    uint8_t witness_pk[PK_LEN];
    pubkeys log;
    char *raw = NULL, witness[ORIGIN_MAX + 1];
    const char *vkey = ctl_value(c, "witness-key");
    cosigned by = {.name = vkey ? witness : NULL};
    size_t n = 0;
    ctl_exit code = CTL_OK;
    arena *a = arena_new(RECEIPT_ARENA);
    sluis_err e = a ? pubfile_read_all(&log, ctl_value(c, "log-key"), USE_LOG, &f)
                    : fail_set(&f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    if (!e && vkey)
        e = ctl_vkey_read(witness, witness_pk, vkey, &f);
    if (!e)
        e = ctl_read(&raw, &n, c->operand, &f);
    if (e) { /* of this machine, whatever it is: nothing was found out about a receipt */
        f.code = SLUIS_IO;
        code = ctl_failed(c, &f);
        goto done;
    }
    e = receipt_verify(&facts, a, BYTES(raw, n), ctl_value(c, "name"), &log, &under, &f);
    if (!e && vkey)
        e = cosignature_open(&by.seconds, under.note, under.n, witness, witness_pk, &f);
    if (e) {
        code = ctl_found(c, e, &f);
    } else {
        print_facts(c, &facts, &by);
    }
done:
    free(raw);
    arena_free(&a);
    return code;
}
