/* The party's receipts: that its request was journalled before it came, and that its answer was. Given out as
 * they are kept; renewed under a checkpoint that a witness cosigned, without asking the gateway for the
 * record again. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/parts.h"

#define ASK_MS 5000 /* an answer that has not come by then is not waited for */

static ProtobufCBinaryData *place_of(Sluis__InboxRow *row, bool answer)
{
    return answer ? &row->answer_receipt : &row->receipt;
}

/* The row named by id, in a new arena; which of its two receipts is meant. */
static sluis_err find(adapter *a, const json_t *request, uuid *id, bool *answer, arena **ar,
                      Sluis__InboxRow **row, sluis_fail *f)
{
    const char *text = json_string_value(json_object_get(request, "id"));
    const char *of = json_string_value(json_object_get(request, "of"));
    *ar = NULL;
    if (!text || uuid_parse(id, text))
        return fail_set(f, SLUIS_INVALID, "id", "id is the transaction, a UUID");
    if (!of || (strcmp(of, "answer") != 0 && strcmp(of, "request") != 0))
        return fail_set(f, SLUIS_INVALID, "of", "of is request or answer");
    *answer = strcmp(of, "answer") == 0;
    *ar = arena_new(ROW_ARENA);
    sluis_err e = *ar ? inbox_get(a->inbox, id->b, *ar, row) : SLUIS_NOMEM;
    if (!e && place_of(*row, *answer)->len == 0)
        e = SLUIS_NOT_FOUND;
    return e ? fail_set(f, e, "id", "%s", e == SLUIS_NOT_FOUND ? "no such receipt here" : error_text(e))
             : SLUIS_OK;
}

static sluis_err open_receipt(const Sluis__InboxRow *row, bool answer, arena *ar, Sluis__Receipt **out)
{
    const ProtobufCBinaryData *raw = answer ? &row->answer_receipt : &row->receipt;
    return wire_unpack((ProtobufCMessage **)out, &sluis__receipt__descriptor, ar, BYTES(raw->data, raw->len),
                       NULL);
}

static unsigned lines_of(bytes note)
{
    unsigned n = 0;
    bytes line;
    while (note_line(&note, &line) && line.n)
        continue;
    while (note_line(&note, &line))
        n++;
    return n;
}

json_t *receipt_command_get(adapter *a, const json_t *request, sluis_fail *f)
{
    uuid id;
    bool answer;
    arena *ar;
    Sluis__InboxRow *row;
    Sluis__Receipt *r;
    json_t *out = NULL;
    sluis_err e = find(a, request, &id, &answer, &ar, &row, f);
    if (!e && (e = open_receipt(row, answer, ar, &r)))
        fail_set(f, e, "receipt", "the receipt kept here cannot be read");
    if (!e) {
        const ProtobufCBinaryData *raw = place_of(row, answer);
        size_t cap = 4 * ((raw->len + 2) / 3) + 1;
        char *text = arena_alloc(ar, cap);
        if (text) {
            base64_encode(text, cap, raw->data, raw->len);
            unsigned signatures = lines_of(BYTES(r->checkpoint.data, r->checkpoint.len));
            bool renewing = clock_ms() < a->renewing.until && a->renewing.answer == answer &&
                            memcmp(a->renewing.transaction, id.b, UUID_LEN) == 0;
            out = json_pack("{s:I, s:s, s:b, s:b}", "index", (json_int_t)r->index, "receipt", text,
                            "cosigned", signatures > 1, "renewing", renewing);
        } else {
            fail_set(f, SLUIS_NOMEM, "receipt", "out of memory");
        }
    }
    arena_free(&ar);
    return out;
}

json_t *receipt_command_renew(adapter *a, const json_t *request, sluis_fail *f)
{
    uuid id;
    bool answer;
    arena *ar;
    Sluis__InboxRow *row;
    Sluis__Receipt *r;
    uint64_t now = clock_ms();
    sluis_err e = find(a, request, &id, &answer, &ar, &row, f);
    if (!e && now < a->renewing.until)
        e = fail_set(f, SLUIS_FULL, "receipt", "another one is being renewed; try again in a second");
    if (!e && (e = open_receipt(row, answer, ar, &r)))
        fail_set(f, e, "receipt", "the receipt kept here cannot be read");
    if (!e && (e = client_ask_receipt(a->client, r->index, true)))
        fail_set(f, e, "gateway", "is not connected, or takes nothing now");
    if (!e) {
        a->renewing = (receipt_renewal){.index = r->index, .answer = answer, .until = now + ASK_MS};
        memcpy(a->renewing.transaction, id.b, UUID_LEN);
    }
    arena_free(&ar);
    return e ? NULL : json_pack("{s:b}", "asked", 1);
}

sluis_err receipt_arrived(adapter *a, const client_event *ev)
{
    const snapshot *dir = client_snapshot(a->client);
    Sluis__InboxRow *row;
    sluis_fail f = {0};
    buffer renewed;
    if (!ev->proof || !dir || !a->renewing.until || ev->seq != a->renewing.index)
        return SLUIS_OK;
    a->renewing.until = 0;
    if (!ev->receipt.n) {
        log_transaction(LOG_INFO, "receipt.not-renewed", a->renewing.transaction, ev->code,
                        "not witnessed yet");
        return SLUIS_OK;
    }
    arena *ar = arena_new(ROW_ARENA);
    buffer_init(&renewed, ROW_ARENA);
    sluis_err e = ar ? inbox_get(a->inbox, a->renewing.transaction, ar, &row) : SLUIS_NOMEM;
    if (!e) {
        ProtobufCBinaryData *raw = place_of(row, a->renewing.answer);
        e = receipt_renew(&renewed, BYTES(raw->data, raw->len), ev->receipt, dir->log_name, &dir->log, &f);
        *raw = (ProtobufCBinaryData){renewed.n, renewed.p};
    }
    if (!e)
        e = inbox_put(a->inbox, a->renewing.transaction, row);
    if (f.code) { /* the gateway's fault: what is kept stands */
        log_transaction(LOG_ERROR, "receipt.not-renewed", a->renewing.transaction, error_token(f.code),
                        f.text);
        e = SLUIS_OK;
    }
    buffer_close(&renewed);
    arena_free(&ar);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
