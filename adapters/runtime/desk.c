/* The inbox's commands, one JSON object each (control/control.h). What they show is content: the socket is
 * the party's own, mode 0600, and nothing of it is logged. */
#include <string.h>

#include "base/clock.h"
#include "runtime/talk.h"
#include "wire/messages.h"

#define LIST_MAX 1000

static json_t *text_of(const char *s)
{
    json_t *j = json_string(s);
    return j ? j : json_string("(not UTF-8)");
}

static json_t *time_of(uint64_t ms)
{
    char s[TIME_STR];
    if (!ms)
        return json_null();
    time_format(s, ms);
    return json_string(s);
}

static json_t *name_of(const adapter *a, uint32_t id)
{
    const catalogue_entry *e = catalogue_by_id(a->catalogue, id);
    return e ? text_of(e->name) : json_sprintf("%u", (unsigned)id);
}

static json_t *names_of(const adapter *a, const uint32_t *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, name_of(a, v[i]));
    return list;
}

sluis_err desk_text(const json_t *request, const char *key, bool required, const char **out, sluis_fail *f)
{
    const json_t *v = json_object_get(request, key);
    *out = v ? json_string_value(v) : "";
    if (!*out || (required && !(*out)[0]))
        return fail_set(f, SLUIS_INVALID, key, "%s is needed, as text", key);
    if (strlen(*out) > VALUE_MAX_BYTES)
        return fail_set(f, SLUIS_TOO_BIG, key, "longer than %d bytes", VALUE_MAX_BYTES);
    return SLUIS_OK;
}

/* ---- a stored request, opened ---- */
void desk_close(opened *o)
{
    envelope_free(&o->e);
    arena_free(&o->ar);
}

sluis_err desk_open(adapter *a, const json_t *request, opened *o, sluis_fail *f)
{
    const char *id;
    *o = (opened){0};
    sluis_err err = desk_text(request, "id", true, &id, f);
    if (!err && uuid_parse(&o->id, id))
        err = fail_set(f, SLUIS_INVALID, "id", "id is the transaction, a UUID");
    if (err)
        return err;
    o->ar = arena_new(ROW_ARENA);
    err = o->ar ? inbox_get(a->inbox, o->id.b, o->ar, &o->row) : SLUIS_NOMEM;
    if (!err)
        err = stored_request(o->row, o->ar, &o->e, &o->body);
    if (err) {
        desk_close(o);
        return fail_set(f, err, "id",
                        err == SLUIS_NOT_FOUND ? "no such request in this inbox"
                                               : "the request cannot be read");
    }
    return SLUIS_OK;
}

/* Whose it is: as a person gave it, or as the configuration says. */
static const char *owner_of(const adapter *a, const Sluis__InboxRow *row, const Sluis__Core *core)
{
    return *row->owner ? row->owner : staff_owner(a->staff, core);
}

sluis_err desk_may(adapter *a, opened *o, const char *by, sluis_fail *f)
{
    return staff_may(a->staff, owner_of(a, o->row, o->e->core), by, clock_ms(), &o->behalf, f);
}

/* ---- list ---- */
typedef struct {
    const adapter *a;
    json_t *items;
    const char *who; /* "": whoever; else what this person may decide now */
} listing;

static sluis_err list_row(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                          arena *ar)
{
    listing *l = ctx;
    char id[UUID_STR];
    envelope *e = NULL;
    (void)ar;
    if (json_array_size(l->items) == LIST_MAX)
        return SLUIS_NOT_FOUND; /* ends the walk */
    uuid_format(id, transaction);
    if (envelope_decode(&e, BYTES(row->envelope.data, row->envelope.len), ENVELOPE_MAX, NULL))
        return SLUIS_OK;
    const char *owner = owner_of(l->a, row, e->core), *behalf;
    if (!*l->who || !staff_may(l->a->staff, owner, l->who, clock_ms(), &behalf, NULL))
        json_array_append_new(l->items, json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o}", "id", id,
                                                  "state", row->state, "received", time_of(row->received),
                                                  "expires", time_of(row->expires), "owner", owner, "from",
                                                  e->core->sender, "purpose", e->core->purpose, "attributes",
                                                  names_of(l->a, e->core->attributes, e->core->n_attributes),
                                                  "note", text_of(row->note)));
    envelope_free(&e);
    return SLUIS_OK;
}

static json_t *cmd_list(adapter *a, const json_t *request, sluis_fail *f)
{
    listing l = {.a = a};
    if (desk_text(request, "who", false, &l.who, f))
        return NULL;
    l.items = json_array();
    sluis_err err = inbox_walk(a->inbox, list_row, &l);
    if (!err)
        return json_pack("{s:o}", "items", l.items);
    json_decref(l.items);
    fail_set(f, err, "", "the inbox cannot be read");
    return NULL;
}

/* ---- show ---- */
static const char *const person_words[] = {[PERSON_KNOWN] = "known",
                                           [PERSON_TYPED] = "typed",
                                           [PERSON_UNKNOWN] = "unknown",
                                           [PERSON_CLOSED] = "closed",
                                           [PERSON_UNREACHABLE] = "unreachable"};

static const char *necessity_of(const Sluis__RequestBody *b, uint32_t attribute)
{
    for (size_t i = 0; i < b->n_asks; i++) {
        if (b->asks[i]->attribute == attribute)
            return b->asks[i]->necessity;
    }
    return "";
}

/* What a person who types it may choose from; empty: anything of its type. */
static json_t *codes_of(const catalogue_entry *e)
{
    const code_list *l = e ? e->bounds.list : NULL;
    json_t *list = json_array();
    for (size_t i = 0; l && i < l->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "code", l->codes[i], "title", l->titles[i]));
    return list;
}

static json_t *show_field(const considered *c, const Sluis__RequestBody *b)
{
    json_t *values = json_array();
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(values, text_of(c->values[i]->value));
    const catalogue_entry *e = c->entry;
    json_t *r = json_pack(
        "{s:o, s:s, s:s, s:o, s:s, s:s, s:o, s:b}", "name",
        e ? text_of(e->name) : json_sprintf("%u", (unsigned)c->attribute), "title", e ? e->title : "",
        "category", e ? e->category : "", "necessity", text_of(necessity_of(b, c->attribute)), "decision",
        local_action_name(c->decision.action), "reason", c->decision.reason ? c->decision.reason : "",
        "values", values, "to_type", c->typed);
    json_object_set_new(r, "type", json_string(e ? value_kind_name(e->kind) : ""));
    json_object_set_new(r, "format", json_string(e ? format_name(e->bounds.format) : ""));
    json_object_set_new(r, "max_length", json_integer(e ? e->bounds.max_length : 0));
    json_object_set_new(r, "codes", codes_of(e));
    return r;
}

static json_t *show_given(const adapter *a, const Sluis__RequestBody *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n_given; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "name", name_of(a, b->given[i]->attribute),
                                              "value", text_of(b->given[i]->value)));
    return list;
}

static json_t *show_opened(adapter *a, const opened *o, const consideration *c)
{
    char id[UUID_STR], case_id[33] = "";
    const Sluis__Core *core = o->e->core;
    json_t *fields = json_array();
    uuid_format(id, o->id.b);
    if (core->case_id.len == ID_LEN)
        hex_encode(case_id, core->case_id.data, ID_LEN);
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(fields, show_field(&c->v[i], o->body));
    json_t *r = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "state", o->row->state,
        "received", time_of(o->row->received), "expires", time_of(o->row->expires), "from", core->sender,
        "application", core->application, "function", core->function, "purpose", core->purpose, "legal_basis",
        core->legal_basis, "case", case_id, "phase", phase_name(core->phase) ? phase_name(core->phase) : "");
    json_object_set_new(r, "motivation", text_of(o->body->motivation));
    json_object_set_new(r, "answer_by", time_of(o->body->answer_by));
    json_object_set_new(r, "subject", text_of(o->body->subject ? o->body->subject->bsn : ""));
    json_object_set_new(r, "person", json_string(person_words[c->person]));
    json_object_set_new(r, "fields", fields);
    json_object_set_new(r, "given", show_given(a, o->body));
    json_object_set_new(r, "owner", text_of(owner_of(a, o->row, core)));
    json_object_set_new(r, "assigned_by", text_of(o->row->assigned_by));
    json_object_set_new(r, "decided_by", text_of(o->row->decided_by));
    json_object_set_new(r, "decided_for", text_of(o->row->decided_for));
    json_object_set_new(r, "note", text_of(o->row->note));
    json_object_set_new(r, "dialogue", talk_show(o->row));
    return r;
}

sluis_err desk_consider(adapter *a, const opened *o, consideration *c, sluis_fail *f)
{
    consider_with w;
    sluis_err err = consider_parts(a, o->row, o->ar, &w);
    return err ? fail_set(f, err, "id", "the request cannot be read")
               : consider(&w, o->body, o->e->core->attributes, o->e->core->n_attributes, o->ar, c, f);
}

static json_t *cmd_show(adapter *a, const json_t *request, sluis_fail *f)
{
    opened o;
    consideration c;
    json_t *r = NULL;
    if (desk_open(a, request, &o, f))
        return NULL;
    if (!desk_consider(a, &o, &c, f))
        r = show_opened(a, &o, &c);
    desk_close(&o);
    return r;
}

/* ---- status and disclosures ---- */
static sluis_err count_row(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                           arena *ar)
{
    json_t *states = ctx;
    (void)transaction;
    (void)ar;
    json_object_set_new(states, row->state,
                        json_integer(json_integer_value(json_object_get(states, row->state)) + 1));
    return SLUIS_OK;
}

static json_t *cmd_status(adapter *a, const json_t *request, sluis_fail *f)
{
    source_status s;
    json_t *states = json_object();
    (void)request;
    sluis_err err = inbox_walk(a->inbox, count_row, states);
    if (err) {
        json_decref(states);
        fail_set(f, err, "", "the inbox cannot be read");
        return NULL;
    }
    source_status_get(a->source, &s);
    return json_pack("{s:s, s:s, s:b, s:b, s:s, s:o, s:{s:I, s:I, s:I}}", "party", a->s.party->name, "oin",
                     a->s.own.s, "connected", client_connected(a->client), "directory", a->in_force, "mode",
                     a->s.mode == MODE_RELEASE ? "release" : "automatic", "requests", states, "source",
                     "files", (json_int_t)s.files, "persons", (json_int_t)s.persons, "faults",
                     (json_int_t)s.faults);
}

static sluis_err list_disclosure(void *ctx, const Sluis__DisclosureRow *row)
{
    listing *l = ctx;
    char id[UUID_STR] = "";
    if (row->transaction.len == UUID_LEN)
        uuid_format(id, row->transaction.data);
    if (json_array_size(l->items) == LIST_MAX)
        json_array_remove(l->items, 0); /* the newest are kept */
    json_array_append_new(l->items, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "when",
                                              time_of(row->when), "id", id, "to", row->to, "decision",
                                              row->decision, "by", row->by, "for", row->on_behalf, "given",
                                              names_of(l->a, row->attributes, row->n_attributes)));
    return SLUIS_OK;
}

static json_t *cmd_disclosures(adapter *a, const json_t *request, sluis_fail *f)
{
    listing l = {.a = a, .items = json_array()};
    (void)request;
    sluis_err err = inbox_disclosures(a->inbox, list_disclosure, &l);
    if (!err)
        return json_pack("{s:o}", "items", l.items);
    json_decref(l.items);
    fail_set(f, err, "", "the disclosure log cannot be read");
    return NULL;
}

json_t *desk_command(void *ctx, uid_t peer, const char *cmd, const json_t *request, sluis_fail *f)
{
    static const struct {
        const char *name;
        json_t *(*handle)(adapter *a, const json_t *request, sluis_fail *f);
    } commands[] = {
        {"inbox.list", cmd_list},
        {"inbox.show", cmd_show},
        {"inbox.release", decide_command_release},
        {"inbox.refuse", decide_command_refuse},
        {"inbox.known", decide_command_known},
        {"inbox.assign", decide_command_assign},
        {"inbox.ask", talk_command_ask},
        {"inbox.correct", talk_command_correct},
        {"status", cmd_status},
        {"disclosures.list", cmd_disclosures},
        {"receipt.get", receipt_command_get},
        {"receipt.renew", receipt_command_renew},
    };
    (void)peer; /* root or our own user */
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, cmd) == 0)
            return commands[i].handle(ctx, request, f);
    }
    fail_set(f, SLUIS_INVALID, "cmd", "an adapter has no such command: the gateway's socket may be meant");
    return NULL;
}
