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

/* A message of ours about this request: sealed, stored with the row and the disclosure (NULL: none), and
 * submitted. text and by are kept with it. */
static sluis_err talk_send(adapter *a, opened *o, Sluis__Kind kind, const ProtobufCMessage *body,
                           const char *text, const char *by, const Sluis__DisclosureRow *disclosure,
                           sluis_fail *f)
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

static sluis_err check_words(const char *text, const char *where, const char *by, sluis_fail *f)
{
    if (!text || !text[strspn(text, " \t\r\n")] || strlen(text) > TALK_TEXT_MAX)
        return fail_set(f, SLUIS_INVALID, where, "%s is needed, in words of at most %d bytes", where,
                        TALK_TEXT_MAX);
    if (!by || !name_valid(by))
        return fail_set(f, SLUIS_INVALID, "by", "by is a pseudonym: lower-case letters, digits and . _ : -");
    return SLUIS_OK;
}

static json_t *said(const json_t *request, const opened *o)
{
    return json_pack("{s:s, s:s, s:I}", "id", json_string_value(json_object_get(request, "id")), "state",
                     TALK_SENDING, "lines", (json_int_t)o->row->n_talk);
}

json_t *talk_command_ask(adapter *a, const json_t *request, sluis_fail *f)
{
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    opened o;
    const char *text = json_string_value(json_object_get(request, "text"));
    const char *by = json_string_value(json_object_get(request, "by"));
    sluis_err err = check_words(text, "text", by, f);
    if (err || desk_open(a, request, &o, f))
        return NULL;
    if (!inbox_state_is(o.row, STATE_HELD))
        err =
            fail_set(f, SLUIS_CONFLICT, "id",
                     "a question can be asked while a request waits for a decision: it is %s", o.row->state);
    body.text = (char *)(uintptr_t)text;
    if (!err)
        err = desk_may(a, &o, by, f);
    if (!err)
        err = talk_send(a, &o, SLUIS__KIND__CLARIFICATION_QUESTION, &body.base, text, by, NULL, f);
    json_t *r = err ? NULL : said(request, &o);
    desk_close(&o);
    return r;
}

/* ---- a correction ---- */

static bool outcome_parse(const char *word, Sluis__Outcome *out)
{
    for (int i = SLUIS__OUTCOME__REFUSED; word && i <= SLUIS__OUTCOME__NOT_KNOWN; i++)
        if (strcmp(outcome_name((Sluis__Outcome)i), word) == 0) {
            *out = (Sluis__Outcome)i;
            return true;
        }
    return false;
}

/* The result for one attribute named in values or reasons; an error names it. */
static sluis_err correct_one(const json_t *request, const catalogue_entry *entry, arena *ar,
                             Sluis__AttributeResult *r, sluis_fail *f)
{
    const json_t *value = json_object_get(json_object_get(request, "values"), entry->name);
    const json_t *why = json_object_get(json_object_get(request, "reasons"), entry->name);
    sluis__attribute_result__init(r);
    r->attribute = entry->id;
    if (!value) {
        const char *code = json_string_value(json_object_get(why, "reason"));
        const char *words = json_string_value(json_object_get(why, "explanation"));
        if (!code || !outcome_parse(json_string_value(json_object_get(why, "outcome")), &r->outcome))
            return fail_set(f, SLUIS_INVALID, entry->name, "taken back: with a reason and an outcome");
        r->reason = (char *)(uintptr_t)code;
        r->explanation = (char *)(uintptr_t)(words ? words : "");
        return SLUIS_OK;
    }
    const char *typed = json_string_value(value);
    if (entry_check_typed(entry, typed ? typed : "", f))
        return SLUIS_INVALID;
    Sluis__Instance *in = arena_alloc(ar, sizeof(*in));
    r->instances = arena_alloc(ar, sizeof(*r->instances));
    if (!in || !r->instances)
        return fail_set(f, SLUIS_NOMEM, entry->name, "out of memory");
    sluis__instance__init(in);
    in->value = (char *)(uintptr_t)typed;
    r->outcome = SLUIS__OUTCOME__GIVEN;
    r->instances[r->n_instances++] = in;
    return SLUIS_OK;
}

/* What of the request's attributes is named in values or reasons, in the header's order. */
static sluis_err correct_all(adapter *a, opened *o, const json_t *request, Sluis__CorrectionBody *b,
                             sluis_fail *f)
{
    const json_t *values = json_object_get(request, "values"), *reasons = json_object_get(request, "reasons");
    const Sluis__Core *core = o->e->core;
    b->results = arena_alloc(o->ar, (core->n_attributes + 1) * sizeof(*b->results));
    Sluis__AttributeResult *all = arena_alloc(o->ar, (core->n_attributes + 1) * sizeof(*all));
    if (!b->results || !all)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    for (size_t i = 0; i < core->n_attributes; i++) {
        const catalogue_entry *entry = catalogue_by_id(a->catalogue, core->attributes[i]);
        if (!entry || (!json_object_get(values, entry->name) && !json_object_get(reasons, entry->name)))
            continue;
        sluis_err err = correct_one(request, entry, o->ar, &all[b->n_results], f);
        if (err)
            return err;
        b->results[b->n_results] = &all[b->n_results];
        b->n_results++;
    }
    if (!b->n_results || b->n_results != json_object_size(values) + json_object_size(reasons))
        return fail_set(f, SLUIS_INVALID, "values",
                        "values and reasons name attributes of this request, each once");
    return SLUIS_OK;
}

/* What this party now gives stands in its own log. */
static sluis_err send_correction(adapter *a, opened *o, const Sluis__CorrectionBody *b, const char *reason,
                                 const char *by, sluis_fail *f)
{
    Sluis__DisclosureRow d = SLUIS__DISCLOSURE_ROW__INIT;
    uint32_t given[ATTRIBUTES_MAX], corrected[ATTRIBUTES_MAX];
    Sluis__Core *core = o->e->core;
    for (size_t i = 0; i < b->n_results; i++) {
        corrected[i] = b->results[i]->attribute;
        if (b->results[i]->outcome == SLUIS__OUTCOME__GIVEN)
            given[d.n_attributes++] = corrected[i];
    }
    core->attributes = corrected; /* of the header that the message is made from */
    core->n_attributes = b->n_results;
    d.when = clock_ms();
    d.transaction = (ProtobufCBinaryData){UUID_LEN, o->id.b};
    d.to = core->sender;
    d.attributes = given;
    d.decision = (char *)(uintptr_t) "corrected";
    d.by = (char *)(uintptr_t)by;
    d.on_behalf = (char *)(uintptr_t)o->behalf;
    return talk_send(a, o, SLUIS__KIND__CORRECTION, &b->base, reason, by, &d, f);
}

json_t *talk_command_correct(adapter *a, const json_t *request, sluis_fail *f)
{
    Sluis__CorrectionBody body = SLUIS__CORRECTION_BODY__INIT;
    opened o;
    const char *reason = json_string_value(json_object_get(request, "reason"));
    const char *by = json_string_value(json_object_get(request, "by"));
    sluis_err err = check_words(reason, "reason", by, f);
    if (err || desk_open(a, request, &o, f))
        return NULL;
    if (!inbox_state_is(o.row, STATE_SENT))
        err = fail_set(f, SLUIS_CONFLICT, "id", "only an answer that was sent can be corrected: it is %s",
                       o.row->state);
    body.reason = (char *)(uintptr_t)reason;
    if (!err)
        err = desk_may(a, &o, by, f);
    if (!err)
        err = correct_all(a, &o, request, &body, f);
    if (!err)
        err = send_correction(a, &o, &body, reason, by, f);
    json_t *r = err ? NULL : said(request, &o);
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
    if (!err && (row->n_talk >= TALK_MAX || strlen(said->text) > TALK_HEARD_MAX || !(x = add_line(row, ar))))
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
