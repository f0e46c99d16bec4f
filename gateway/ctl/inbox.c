/* A party's inbox: what waits for a person, and the person's decision. Values and free text come by file or
 * stdin, never on the command line, where other users of the machine could read them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/commands.h"

#define EXPLANATION_MAX 2000
#define RENEW_TRIES     50
#define RENEW_PAUSE_NS  100000000L

ctl_exit ctl_inbox_list(ctl_call *c)
{
    static const char *const columns[] = {"id",   "state",   "received",   "owner",
                                          "from", "purpose", "attributes", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply =
        ctl_ask(c, json_pack("{s:s,s:s*}", "cmd", "inbox.list", "who", ctl_value(c, "who")), &code);
    if (reply)
        ctl_print_table(c, json_incref(json_object_get(reply, "items")), columns);
    json_decref(reply);
    return code;
}

ctl_exit ctl_inbox_show(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s,s:s}", "cmd", "inbox.show", "id", c->operand), &code);
    if (reply)
        ctl_print(c, reply);
    return code;
}

/* "a,b" as an array; NULL when an item is empty. */
static json_t *split(const char *list)
{
    json_t *out = json_array();
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        if (n == 0 || json_array_append_new(out, json_stringn(p, n)) != 0) {
            json_decref(out);
            return NULL;
        }
        p += n;
        if (!*p)
            return out;
    }
}

/* Free text of a person, without the newline at its end; owned. */
static sluis_err read_words(char **out, const char *path, const char *option, sluis_fail *f)
{
    size_t n = 0;
    if (ctl_read(out, &n, path, f))
        return f->code;
    while (n && (*out)[n - 1] == '\n')
        (*out)[--n] = '\0';
    if (n <= EXPLANATION_MAX && strlen(*out) == n)
        return SLUIS_OK;
    free(*out);
    *out = NULL;
    return fail_set(f, SLUIS_INVALID, option, "takes text of at most %d bytes", EXPLANATION_MAX);
}

/* A JSON document from the option's file into request; OK when it was not given. */
static sluis_err add_json(json_t *request, const ctl_call *c, const char *option, bool object, sluis_fail *f)
{
    char *text = NULL;
    size_t n = 0;
    json_error_t je;
    const char *path = ctl_value(c, option);
    if (!path)
        return SLUIS_OK;
    if (ctl_read(&text, &n, path, f))
        return f->code;
    json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
    free(text);
    if (object ? json_is_object(v) : json_is_array(v))
        return json_object_set_new(request, option, v) ? SLUIS_NOMEM : SLUIS_OK;
    json_decref(v);
    return fail_set(f, SLUIS_INVALID, option,
                    object ? "--%s is no JSON object of attribute names" : "--%s is no JSON list", option);
}

/* "alleen-deze-zaak,geldig-tot=2026-12-31" */
static sluis_err add_conditions(json_t *request, const ctl_call *c, sluis_fail *f)
{
    const char *given = ctl_value(c, "conditions");
    json_t *list = given ? split(given) : NULL, *out = json_array(), *one;
    size_t i;
    if (!given) {
        json_decref(out);
        return SLUIS_OK;
    }
    json_array_foreach(list, i, one)
    {
        const char *s = json_string_value(one), *day = strchr(s, '=');
        json_array_append_new(out, json_pack("{s:s%,s:s*}", "code", s, day ? (size_t)(day - s) : strlen(s),
                                             "until", day ? day + 1 : NULL));
    }
    bool ok = list != NULL;
    json_decref(list);
    json_object_set_new(request, "conditions", out);
    return ok ? SLUIS_OK : fail_set(f, SLUIS_INVALID, "--conditions", "takes codes with commas between them");
}

/* What both decisions may say: the party's own law, and how it was weighed. */
static sluis_err add_judgement(json_t *request, const ctl_call *c, sluis_fail *f)
{
    char *text = NULL;
    if (!ctl_value(c, "judgement"))
        return SLUIS_OK;
    if (read_words(&text, ctl_value(c, "judgement"), "--judgement", f))
        return f->code;
    json_object_set_new(request, "judgement", json_string(text));
    json_object_set_new(request, "law", json_string(ctl_value(c, "law") ? ctl_value(c, "law") : ""));
    free(text);
    return SLUIS_OK;
}

/* Asks (request is taken), or says what was wrong with it. */
static ctl_exit ask_or_fail(ctl_call *c, json_t *request, sluis_err e, const sluis_fail *f)
{
    ctl_exit code = CTL_OK;
    if (e) {
        json_decref(request);
        return ctl_failed(c, f);
    }
    json_t *reply = ctl_ask(c, request, &code);
    if (reply)
        ctl_print(c, reply);
    return code;
}

ctl_exit ctl_inbox_release(ctl_call *c)
{
    sluis_fail f = {0};
    json_t *fields = split(ctl_value(c, "fields"));
    if (!fields) {
        fail_set(&f, SLUIS_INVALID, "--fields", "takes names with commas between them");
        ctl_failed(c, &f);
        return CTL_USAGE;
    }
    json_t *request = json_pack("{s:s,s:s,s:o,s:s*,s:s}", "cmd", "inbox.release", "id", c->operand, "fields",
                                fields, "reason", ctl_value(c, "reason"), "by", ctl_value(c, "by"));
    sluis_err e = add_json(request, c, "values", true, &f);
    if (!e)
        e = add_json(request, c, "reasons", true, &f);
    if (!e)
        e = add_conditions(request, c, &f);
    if (!e)
        e = add_judgement(request, c, &f);
    return ask_or_fail(c, request, e, &f);
}

ctl_exit ctl_inbox_refuse(ctl_call *c)
{
    sluis_fail f = {0};
    char *text = NULL;
    sluis_err e = SLUIS_OK;
    if (ctl_value(c, "explanation"))
        e = read_words(&text, ctl_value(c, "explanation"), "--explanation", &f);
    json_t *request = json_pack("{s:s,s:s,s:s,s:s,s:s*,s:s}", "cmd", "inbox.refuse", "id", c->operand,
                                "reason", ctl_value(c, "reason"), "outcome", ctl_value(c, "outcome"),
                                "explanation", text, "by", ctl_value(c, "by"));
    free(text);
    if (!e)
        e = add_json(request, c, "reasons", true, &f);
    if (!e)
        e = add_judgement(request, c, &f);
    return ask_or_fail(c, request, e, &f);
}

ctl_exit ctl_inbox_ask(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    sluis_fail f = {0};
    char *text = NULL;
    if (read_words(&text, ctl_value(c, "question"), "--question", &f))
        return ctl_failed(c, &f);
    json_t *reply = ctl_ask(c,
                            json_pack("{s:s,s:s,s:s,s:s}", "cmd", "inbox.ask", "id", c->operand, "text", text,
                                      "by", ctl_value(c, "by")),
                            &code);
    free(text);
    if (reply)
        ctl_print(c, reply);
    return code;
}

ctl_exit ctl_inbox_known(ctl_call *c)
{
    const sluis_fail none = {0};
    return ask_or_fail(c,
                       json_pack("{s:s,s:s,s:s,s:s}", "cmd", "inbox.known", "id", c->operand, "answer",
                                 ctl_value(c, "answer"), "by", ctl_value(c, "by")),
                       SLUIS_OK, &none);
}

ctl_exit ctl_inbox_assign(ctl_call *c)
{
    const sluis_fail none = {0};
    return ask_or_fail(c,
                       json_pack("{s:s,s:s,s:s,s:s}", "cmd", "inbox.assign", "id", c->operand, "to",
                                 ctl_value(c, "to"), "by", ctl_value(c, "by")),
                       SLUIS_OK, &none);
}

ctl_exit ctl_inbox_correct(ctl_call *c)
{
    sluis_fail f = {0};
    char *text = NULL;
    sluis_err e = read_words(&text, ctl_value(c, "why"), "--why", &f);
    json_t *request = json_pack("{s:s,s:s,s:s*,s:s}", "cmd", "inbox.correct", "id", c->operand, "reason",
                                text, "by", ctl_value(c, "by"));
    free(text);
    if (!e)
        e = add_json(request, c, "values", true, &f);
    if (!e)
        e = add_json(request, c, "reasons", true, &f);
    return ask_or_fail(c, request, e, &f);
}

ctl_exit ctl_inbox_disclosed(ctl_call *c)
{
    static const char *const columns[] = {"when", "id", "to", "decision", "by", "for", "given", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "disclosures.list"), &code);
    if (reply)
        ctl_print_table(c, json_incref(json_object_get(reply, "items")), columns);
    json_decref(reply);
    return code;
}

static json_t *ask_receipt(ctl_call *c, const char *cmd, ctl_exit *code)
{
    return ctl_ask(c, json_pack("{s:s,s:s,s:s}", "cmd", cmd, "id", c->operand, "of", ctl_value(c, "of")),
                   code);
}

/* The adapter asks the gateway; what it keeps is of the second grade soon after, or no witness has cosigned
 * it yet. */
ctl_exit ctl_inbox_receipt(ctl_call *c)
{
    const struct timespec pause = {.tv_nsec = RENEW_PAUSE_NS};
    bool witnessed = ctl_value(c, "witnessed") != NULL;
    ctl_exit code = CTL_OK;
    json_t *reply = ask_receipt(c, "receipt.get", &code);
    if (reply && witnessed && !json_is_true(json_object_get(reply, "cosigned"))) {
        json_t *asked = ask_receipt(c, "receipt.renew", &code);
        bool waiting = asked != NULL;
        for (int i = 0; waiting && reply && i < RENEW_TRIES; i++) {
            nanosleep(&pause, NULL);
            json_decref(reply);
            reply = ask_receipt(c, "receipt.get", &code);
            waiting = json_is_true(json_object_get(reply, "renewing"));
        }
        if (asked && reply && !json_is_true(json_object_get(reply, "cosigned"))) {
            ctl_note(c, "sluisctl inbox receipt: no witness has cosigned it yet, or the gateway is away");
            code = CTL_FOUND;
        }
        json_decref(asked);
    }
    const char *base64 = json_string_value(json_object_get(reply, "receipt"));
    if (reply && code == CTL_OK)
        code = ctl_receipt_write(c, ctl_value(c, "out"), json_integer_value(json_object_get(reply, "index")),
                                 base64 ? base64 : "-");
    json_decref(reply);
    return code;
}
