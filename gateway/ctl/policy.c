/* `policy explain`: by a gateway's rules and case, or by a folder of rules alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "flow/explain.h"
#include "wire/messages.h"

static json_t *question(ctl_call *c)
{
    json_t *names = json_array();
    char *list = strdup(ctl_value(c, "attributes")), *rest = list, *one;
    while (list && (one = strtok_r(rest, ",", &rest)) != NULL)
        json_array_append_new(names, json_string(one));
    free(list);
    return json_pack(
        "{s:s, s:s*, s:I, s:s, s:s, s:s*, s:s*, s:s*, s:s, s:s, s:o, s:s*}", "cmd", "policy.explain", "case",
        ctl_value(c, "case"), "member", (json_int_t)ctl_number(c, "member", 1, INT32_MAX), "application",
        ctl_value(c, "application"), "function", ctl_value(c, "function"), "domain", ctl_value(c, "domain"),
        "party", ctl_value(c, "party"), "phase", ctl_value(c, "phase"), "purpose", ctl_value(c, "purpose"),
        "legal_basis", ctl_value(c, "basis"), "attributes", names, "at", ctl_value(c, "at"));
}

/* Without a gateway: an open case in that phase, whose scope holds the application's law and the domain. */
static json_t *by_folder(ctl_call *c, const json_t *q, sluis_fail *f)
{
    rules *r = NULL;
    char hex[2 * HASH_LEN + 1];
    const char *at_text = ctl_value(c, "at"), *phase = ctl_value(c, "phase"),
               *domain = ctl_value(c, "domain");
    uint64_t at = clock_ms();
    if (!phase) {
        fail_set(f, SLUIS_INVALID, "phase",
                 "without a case, say which phase: research, coordination or meeting");
        return NULL;
    }
    if (at_text && time_parse(&at, at_text)) {
        fail_set(f, SLUIS_INVALID, "at", "write YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ");
        return NULL;
    }
    if (rules_load(&r, ctl_value(c, "rules"), f))
        return NULL;
    const application *a = rules_application(r, ctl_value(c, "application"));
    const char *law = a ? a->law : "";
    const case_facts facts = {.exists = true,
                              .phase = phase_parse(phase),
                              .scope_laws = &law,
                              .scope_law_count = 1,
                              .scope_domains = &domain,
                              .scope_domain_count = 1};
    json_t *answers = explain(r, q, &facts, at, NULL, f), *out = NULL;
    hex_encode(hex, rules_hash(r), HASH_LEN);
    if (answers)
        out = json_pack("{s:s, s:o}", "hash", hex, "answers", answers);
    rules_unref(&r);
    return out;
}

static void print_list(const char *label, const json_t *list)
{
    size_t i;
    json_t *x;
    if (json_array_size(list))
        printf("  %-12s", label);
    json_array_foreach(list, i, x) printf("%s%s", i ? ", " : "", json_string_value(x));
    if (json_array_size(list))
        putchar('\n');
}

static void print_text(const char *label, const char *text)
{
    if (*text)
        printf("  %-12s%s\n", label, text);
}

/* By which the party gives it, or does not. */
static void print_covenant(const json_t *x)
{
    const char *name = json_string_value(json_object_get(x, "covenant"));
    if (name)
        printf("  %-12s%s, version %" JSON_INTEGER_FORMAT "\n", "covenant", name,
               json_integer_value(json_object_get(x, "version")));
}

static void print_answers(const json_t *answers)
{
    size_t i, k;
    json_t *x, *near;
    json_array_foreach(answers, i, x)
    {
        printf("%-6s  %s\n", json_string_value(json_object_get(x, "decision")),
               json_string_value(json_object_get(x, "attribute")));
        print_list("by", json_object_get(x, "rules"));
        print_list("article", json_object_get(x, "articles"));
        print_text("own law", json_string_value(json_object_get(x, "own_law")));
        print_covenant(x);
        print_list("obligations", json_object_get(x, "obligations"));
        print_text("because", json_string_value(json_object_get(x, "why")));
        json_array_foreach(json_object_get(x, "near"), k, near)
        {
            printf("  %-12s%s: does not fit\n", "rule", json_string_value(json_object_get(near, "rule")));
            print_list("  in", json_object_get(near, "does_not_fit"));
        }
    }
}

static const char *misused(ctl_call *c)
{
    const char *folder = ctl_value(c, "rules"), *to = ctl_value(c, "party");
    if (!ctl_value(c, "case") == !folder)
        return "name a --case of the gateway, or a folder of --rules";
    if (folder && to)
        return "a folder of rules knows no party: name the --domain, or a --case of the gateway";
    return !ctl_value(c, "domain") && !to ? "name the --domain, or a --party" : NULL;
}

ctl_exit ctl_policy_explain(ctl_call *c)
{
    sluis_fail f = {0};
    ctl_exit code = CTL_OK;
    json_t *q = question(c), *reply = NULL;
    const char *wrong = misused(c);
    if (wrong) {
        json_decref(q);
        fprintf(stderr, "sluisctl policy explain: %s\n", wrong);
        return CTL_USAGE;
    }
    if (ctl_value(c, "rules")) {
        reply = q ? by_folder(c, q, &f) : NULL;
        json_decref(q);
        if (!reply)
            return ctl_failed(c, &f);
    } else {
        reply = ctl_ask(c, q, &code);
        if (!reply)
            return code;
    }
    if (c->json) {
        ctl_print(c, reply);
        return CTL_OK;
    }
    printf("rules %s\n", json_string_value(json_object_get(reply, "hash")));
    print_answers(json_object_get(reply, "answers"));
    json_decref(reply);
    return CTL_OK;
}
