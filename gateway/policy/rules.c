/* What others may ask of a rule set, and its lifetime. */
#include "policy/ruleset.h"

#include <stdlib.h>
#include <string.h>

#define PERIOD_OPEN UINT64_MAX

void *ruleset_alloc(rules *r, size_t count, size_t size)
{
    if (r->block_count == r->block_cap) {
        size_t cap = r->block_cap ? 2 * r->block_cap : 64;
        void **grown = realloc(r->blocks, cap * sizeof *grown);
        if (!grown)
            return NULL;
        r->blocks = grown;
        r->block_cap = cap;
    }
    void *p = calloc(count ? count : 1, size);
    if (p)
        r->blocks[r->block_count++] = p;
    return p;
}

rules *rules_ref(rules *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void rules_unref(rules **rp)
{
    if (!rp || !*rp)
        return;
    rules *r = *rp;
    *rp = NULL;
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < r->block_count; i++)
        free(r->blocks[i]);
    free(r->blocks);
    code_lists_free(&r->code_lists);
    for (size_t i = 0; i < RULESET_FILES; i++)
        config_free(&r->files[i]);
    free(r);
}

const uint8_t *rules_hash(const rules *r)
{
    return r->hash;
}

size_t name_index(const name_list *l, const char *id)
{
    if (id)
        for (size_t i = 0; i < l->n; i++)
            if (strcmp(l->ids[i], id) == 0)
                return i;
    return NAME_NONE;
}

bool period_holds(const period *p, uint64_t at)
{
    return at >= p->from && (p->until == 0 || at < p->until);
}

bool periods_meet(const period *a, const period *b)
{
    uint64_t a_end = a->until ? a->until : PERIOD_OPEN, b_end = b->until ? b->until : PERIOD_OPEN;
    return a->from < b_end && b->from < a_end;
}

static int by_application_id(const void *key, const void *element)
{
    return strcmp(key, (*(const application_entry *const *)element)->public.id);
}

size_t ruleset_application(const rules *r, const char *id)
{
    const application_entry **found = id && r->application_count
                                          ? bsearch(id, r->application_by_id, r->application_count,
                                                    sizeof *r->application_by_id, by_application_id)
                                          : NULL;
    return found ? (size_t)(*found - r->applications) : NAME_NONE;
}

uint64_t *words_new(rules *r, size_t n)
{
    return ruleset_alloc(r, (n + 63) / 64, sizeof(uint64_t));
}

static int by_id(const void *key, const void *element)
{
    uint32_t a = *(const uint32_t *)key, b = ((const attribute *)element)->id;
    return a < b ? -1 : a > b;
}

static int by_name(const void *key, const void *element)
{
    return strcmp(key, (*(const attribute *const *)element)->name);
}

const attribute *rules_attribute(const rules *r, uint32_t id)
{
    return bsearch(&id, r->attributes, r->attribute_count, sizeof *r->attributes, by_id);
}

const attribute *rules_attribute_named(const rules *r, const char *name)
{
    const attribute **found =
        name ? bsearch(name, r->by_name, r->attribute_count, sizeof *r->by_name, by_name) : NULL;
    return found ? *found : NULL;
}

size_t rules_attribute_count(const rules *r)
{
    return r->attribute_count;
}

const attribute *rules_attribute_at(const rules *r, size_t i)
{
    return i < r->attribute_count ? &r->attributes[i] : NULL;
}

const application *rules_application(const rules *r, const char *id)
{
    size_t i = ruleset_application(r, id);
    return i == NAME_NONE ? NULL : &r->applications[i].public;
}

bool application_may_act(const application *a, const oin *o)
{
    for (size_t i = 0; i < a->oin_count; i++)
        if (oin_equal(&a->oins[i], o))
            return true;
    return false;
}

const reason *rules_reason(const rules *r, const char *code)
{
    if (code)
        for (size_t i = 0; i < r->reason_count; i++)
            if (strcmp(r->reasons[i].code, code) == 0)
                return &r->reasons[i];
    return NULL;
}

const reason *rules_reason_at(const rules *r, size_t i)
{
    return i < r->reason_count ? &r->reasons[i] : NULL;
}

const condition_kind *rules_condition(const rules *r, const char *code)
{
    size_t n = strcspn(code, " ");
    for (size_t i = 0; i < r->condition_count; i++)
        if (strlen(r->conditions[i].code) == n && memcmp(r->conditions[i].code, code, n) == 0)
            return &r->conditions[i];
    return NULL;
}

static const term *term_of(const rules *r, const char *retention)
{
    if (retention)
        for (size_t i = 0; i < r->term_count; i++)
            if (strcmp(r->terms[i].id, retention) == 0)
                return &r->terms[i];
    return NULL;
}

uint32_t rules_retention_days(const rules *r, const char *retention)
{
    const term *t = term_of(r, retention);
    return t ? t->days : 0;
}

uint8_t rules_journal_class(const rules *r, const char *retention)
{
    const term *t = term_of(r, retention);
    return t ? t->journal_class : 0;
}

const char *rules_retention_at(const rules *r, size_t i)
{
    return i < r->term_count ? r->terms[i].id : NULL;
}

const char *rules_retention_title(const rules *r, const char *retention)
{
    const term *t = term_of(r, retention);
    return t ? t->title : NULL;
}

bool rules_retention_of_files(const rules *r, const char *retention)
{
    const term *t = term_of(r, retention);
    return t && t->law != NAME_NONE;
}

const char *rules_file_retention(const rules *r, const char *law)
{
    size_t index = law ? name_index(&r->laws, law) : NAME_NONE;
    const term *longest = NULL;
    for (size_t i = 0; i < r->term_count; i++) {
        const term *t = &r->terms[i];
        if (t->law == NAME_NONE)
            continue;
        if (t->law == index)
            return t->id;
        if (!longest || t->days > longest->days)
            longest = t;
    }
    return longest ? longest->id : NULL;
}

static const char *title_of(const name_list *l, const char *id)
{
    size_t i = name_index(l, id);
    return i == NAME_NONE ? NULL : l->titles[i];
}

const char *rules_purpose_title(const rules *r, const char *id)
{
    return title_of(&r->purposes, id);
}

const char *rules_legal_basis_title(const rules *r, const char *id)
{
    return title_of(&r->legal_bases, id);
}

const char *rules_article(const rules *r, const char *rule)
{
    if (rule)
        for (size_t i = 0; i < r->permit_count; i++)
            if (strcmp(r->permits[i].id, rule) == 0)
                return r->permits[i].article;
    return NULL;
}

const char *rules_law_at(const rules *r, size_t i)
{
    return i < r->laws.n ? r->laws.ids[i] : NULL;
}

bool rules_is_law(const rules *r, const char *id)
{
    return name_index(&r->laws, id) != NAME_NONE;
}

bool rules_is_domain(const rules *r, const char *id)
{
    return name_index(&r->domains, id) != NAME_NONE;
}

bool rules_is_municipality(const rules *r, const char *domain)
{
    size_t d = name_index(&r->domains, domain);
    return d != NAME_NONE && r->domain[d].municipality;
}

bool rules_is_problem(const rules *r, const char *id)
{
    return name_index(&r->problems, id) != NAME_NONE;
}

bool rules_is_holiday(const rules *r, uint32_t day)
{
    for (size_t i = 0; i < r->holiday_count; i++)
        if (r->holidays[i] == day)
            return true;
    return false;
}
