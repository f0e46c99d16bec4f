#include "runtime/talk.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/merkle.h"
#include "wire/messages.h"

/* ---- the lines of a row ---- */

static bool state_is(const Sluis__InboxTalk *x, const char *state)
{
    return strcmp(x->state, state) == 0;
}

bool talk_waits(const Sluis__InboxRow *row)
{
    for (size_t i = 0; i < row->n_talk; i++)
        if (state_is(row->talk[i], TALK_SENDING))
            return true;
    return false;
}

Sluis__InboxTalk *talk_of_id(const Sluis__InboxRow *row, const uint8_t id[static UUID_LEN])
{
    for (size_t i = 0; i < row->n_talk; i++)
        if (bytes_equal(BYTES(row->talk[i]->message_id.data, row->talk[i]->message_id.len),
                        BYTES(id, UUID_LEN)))
            return row->talk[i];
    return NULL;
}

Sluis__InboxTalk *talk_of_hash(const Sluis__InboxRow *row, bytes mh)
{
    for (size_t i = 0; i < row->n_talk; i++)
        if (bytes_equal(BYTES(row->talk[i]->message_hash.data, row->talk[i]->message_hash.len), mh))
            return row->talk[i];
    return NULL;
}

/* A new line at the end; NULL when the arena is full. */
static Sluis__InboxTalk *add_line(Sluis__InboxRow *row, arena *ar)
{
    Sluis__InboxTalk **all = arena_alloc(ar, (row->n_talk + 1) * sizeof(*all));
    Sluis__InboxTalk *x = arena_alloc(ar, sizeof(*x));
    if (!all || !x)
        return NULL;
    sluis__inbox_talk__init(x);
    x->when = clock_ms();
    if (row->n_talk)
        memcpy(all, row->talk, row->n_talk * sizeof(*all));
    all[row->n_talk++] = x;
    row->talk = all;
    return x;
}

json_t *talk_show(const Sluis__InboxRow *row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < row->n_talk; i++) {
        const Sluis__InboxTalk *x = row->talk[i];
        const message_kind *k = message_kind_of((Sluis__Kind)x->kind);
        char when[TIME_STR];
        time_format(when, x->when);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "when", when, "kind",
                                              k ? k->name : "", "text", x->text, "by", x->by, "state",
                                              x->state, "note", x->note));
    }
    return list;
}

/* ---- sending ---- */

sluis_err talk_resend(adapter *a, const Sluis__InboxRow *row)
{
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < row->n_talk; i++) {
        const Sluis__InboxTalk *x = row->talk[i];
        if (state_is(x, TALK_SENDING) && x->message_id.len == UUID_LEN)
            err = submit_stored(a, x->message_id.data, BYTES(x->envelope.data, x->envelope.len));
    }
    return err;
}

/* Seals and signs body under the request's header into *x. */
static sluis_err seal_line(adapter *a, const Sluis__Core *core, const uint8_t request_mh[static HASH_LEN],
                           Sluis__Kind kind, const ProtobufCMessage *body, const char *by, arena *ar,
                           Sluis__InboxTalk *x, sluis_fail *f)
{
    buffer plain;
    reply r = {0};
    buffer_init(&plain, ENVELOPE_MAX);
    sluis_err err = wire_pack(&plain, body);
    if (!err)
        err = reply_seal(&a->replier, client_snapshot(a->client), core, kind, request_mh,
                         buffer_bytes(&plain), by, clock_ms(), &r, f);
    if (plain.p)
        wipe(plain.p, plain.n);
    buffer_close(&plain);
    if (err)
        return fail_set(f, err, "", "the message could not be sealed");
    err = replies_sign(&a->replier, &r, 1);
    if (!err) {
        x->message_id = (ProtobufCBinaryData){UUID_LEN, arena_copy(ar, r.message_id, UUID_LEN)};
        x->message_hash = (ProtobufCBinaryData){HASH_LEN, arena_copy(ar, r.mh, HASH_LEN)};
        x->envelope = (ProtobufCBinaryData){r.envelope.n, arena_copy(ar, r.envelope.p, r.envelope.n)};
        err = x->message_id.data && x->message_hash.data && x->envelope.data ? SLUIS_OK : SLUIS_NOMEM;
    }
    reply_close(&r);
    return err ? fail_set(f, err, "", "the message could not be signed") : SLUIS_OK;
}

sluis_err talk_send(adapter *a, opened *o, Sluis__Kind kind, const ProtobufCMessage *body, const char *text,
                    const char *by, const Sluis__DisclosureRow *disclosure, sluis_fail *f)
{
    if (!a->in_force)
        return fail_set(f, SLUIS_CLOSED, "", "the gateway has not been reached: try again later");
    if (o->row->n_talk >= TALK_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "", "at most %d lines on one request", TALK_MAX);
    Sluis__InboxTalk *x = add_line(o->row, o->ar);
    if (!x)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    x->kind = (uint32_t)kind;
    x->text = (char *)(uintptr_t)text;
    x->by = (char *)(uintptr_t)by;
    x->state = (char *)(uintptr_t)TALK_SENDING;
    sluis_err err = seal_line(a, o->e->core, o->e->mh, kind, body, by, o->ar, x, f);
    if (!err && (err = inbox_told(a->inbox, o->id.b, x->message_id.data, o->row, disclosure)))
        fail_set(f, err, "", "the message could not be stored");
    if (!err)
        err = submit_stored(a, x->message_id.data, BYTES(x->envelope.data, x->envelope.len));
    return err;
}

/* ---- a question, and what comes back ---- */

json_t *talk_command_ask(adapter *a, const json_t *request, sluis_fail *f)
{
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    opened o;
    const char *text = json_string_value(json_object_get(request, "text"));
    const char *by = json_string_value(json_object_get(request, "by"));
    sluis_err err = SLUIS_OK;
    if (!text || !text[strspn(text, " \t\r\n")] || strlen(text) > TALK_TEXT_MAX)
        err = fail_set(f, SLUIS_INVALID, "text", "text is the question, of at most %d bytes", TALK_TEXT_MAX);
    else if (!by || !name_valid(by))
        err = fail_set(f, SLUIS_INVALID, "by", "by is a pseudonym: lower-case letters, digits and . _ : -");
    if (err || desk_open(a, request, &o, f))
        return NULL;
    if (!inbox_state_is(o.row, STATE_HELD))
        err =
            fail_set(f, SLUIS_CONFLICT, "id",
                     "a question can be asked while a request waits for a decision: it is %s", o.row->state);
    body.text = (char *)(uintptr_t)text;
    if (!err)
        err = talk_send(a, &o, SLUIS__KIND__CLARIFICATION_QUESTION, &body.base, text, by, NULL, f);
    json_t *r = err ? NULL
                    : json_pack("{s:s, s:s, s:I}", "id", json_string_value(json_object_get(request, "id")),
                                "state", TALK_SENDING, "lines", (json_int_t)o.row->n_talk);
    desk_close(&o);
    return r;
}

sluis_err talk_answered(adapter *a, const incoming *m)
{
    const Sluis__Core *core = m->e->core;
    Sluis__InboxRow *row;
    Sluis__RequestBody *body;
    Sluis__TextBody *said;
    Sluis__InboxTalk *question, *x = NULL;
    envelope *e = NULL;
    arena *ar = arena_new(ROW_ARENA);
    sluis_err err = ar ? inbox_get(a->inbox, core->transaction.data, ar, &row) : SLUIS_NOMEM;
    if (!err)
        err = stored_request(row, ar, &e, &body);
    if (!err && wire_unpack((ProtobufCMessage **)&said, &sluis__text_body__descriptor, ar,
                            buffer_bytes(&m->plain), NULL))
        err = SLUIS_INVALID;
    if (!err) {
        question = talk_of_hash(row, BYTES(core->answers.data, core->answers.len));
        if (!question || strcmp(e->core->sender, core->sender) != 0)
            err = SLUIS_NOT_ASKED;
    }
    if (!err && talk_of_hash(row, BYTES(m->e->mh, HASH_LEN)))
        err = SLUIS_DUPLICATE; /* delivered again */
    if (!err && (row->n_talk >= TALK_MAX || !(x = add_line(row, ar))))
        err = SLUIS_TOO_BIG;
    if (!err) {
        x->kind = (uint32_t)core->kind;
        x->text = said->text;
        x->by = core->sender;
        x->state = (char *)(uintptr_t)TALK_RECEIVED;
        x->message_hash = (ProtobufCBinaryData){HASH_LEN, m->e->mh};
        x->answers = core->answers;
        err = inbox_put(a->inbox, core->transaction.data, row);
    }
    envelope_free(&e);
    arena_free(&ar);
    return err;
}
