/* Names of the rules, and what people call them. */
#include "policy/ruleset.h"

typedef void (*word_fn)(void *ctx, const char *kind, const char *name, const char *text);

static void each_name(const name_list *l, const char *kind, word_fn each, void *ctx)
{
    for (size_t i = 0; i < l->n; i++)
        each(ctx, kind, l->ids[i], l->titles[i]);
}

void rules_each_word(const rules *r, word_fn each, void *ctx)
{
    each_name(&r->laws, "law", each, ctx);
    each_name(&r->domains, "domain", each, ctx);
    each_name(&r->problems, "problem", each, ctx);
    each_name(&r->functions, "function", each, ctx);
    for (size_t i = 0; i < r->application_count; i++)
        each(ctx, "application", r->applications[i].public.id, r->applications[i].public.title);
    for (size_t i = 0; i < r->attribute_count; i++)
        each(ctx, "attribute", r->attributes[i].name, r->attributes[i].title);
    for (size_t i = 0; i < r->reason_count; i++)
        each(ctx, "reason", r->reasons[i].code, r->reasons[i].client);
    for (size_t i = 0; i < r->condition_count; i++)
        each(ctx, "condition", r->conditions[i].code, r->conditions[i].title);
}
