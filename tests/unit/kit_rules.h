/* The shipped rule set (config/rules) in memory, with one thing changed. Run from the root of the repository.
 */
#ifndef SLUIS_TESTS_KIT_RULES_H
#define SLUIS_TESTS_KIT_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "policy/policy.h"

#define KIT       __attribute__((unused)) static
#define RULES_DIR "config/rules"
#define KIT_FILES 11

typedef struct {
    char *text[KIT_FILES]; /* owned */
} kit_set;

KIT uint64_t day(const char *s)
{
    uint64_t ms = 0;
    assert_int_equal(time_parse(&ms, s), SLUIS_OK);
    return ms;
}

KIT size_t kit_index(const char *file)
{
    for (size_t i = 0; i < KIT_FILES; i++)
        if (strcmp(rules_file_name(i), file) == 0)
            return i;
    fail_msg("no file %s", file);
    return 0;
}

KIT void kit_read(kit_set *k)
{
    for (size_t i = 0; i < KIT_FILES; i++) {
        char path[128];
        snprintf(path, sizeof path, RULES_DIR "/%s", rules_file_name(i));
        FILE *in = fopen(path, "rb");
        if (!in)
            fail_msg("%s is not here: run from the root of the repository", path);
        k->text[i] = calloc(1, 1u << 20);
        assert_non_null(k->text[i]);
        assert_true(fread(k->text[i], 1, (1u << 20) - 1, in) > 0);
        fclose(in);
    }
}

KIT void kit_close(kit_set *k)
{
    for (size_t i = 0; i < KIT_FILES; i++)
        free(k->text[i]);
}

/* Replaces the first `find` after the first `after` in file; returns the line it stood on. */
KIT int kit_replace(kit_set *k, const char *file, const char *after, const char *find, const char *by)
{
    char **text = &k->text[kit_index(file)];
    char *start = strstr(*text, after);
    if (!start)
        fail_msg("%s holds no %s", file, after);
    char *at = strstr(start, find);
    if (!at)
        fail_msg("%s holds no %s after %s", file, find, after);
    int line = 1;
    for (const char *p = *text; p < at; p++)
        line += *p == '\n';
    size_t head = (size_t)(at - *text), room = strlen(*text) + strlen(by) + 1;
    char *made = calloc(1, room);
    assert_non_null(made);
    memcpy(made, *text, head);
    strcpy(made + head, by);
    strcat(made, at + strlen(find));
    free(*text);
    *text = made;
    return line;
}

/* Puts rows at the end of the list that ends the file. */
KIT void kit_append(kit_set *k, const char *file, const char *rows)
{
    char **text = &k->text[kit_index(file)];
    char *end = strrchr(*text, ')');
    assert_non_null(end);
    size_t head = (size_t)(end - *text);
    char *made = calloc(1, strlen(*text) + strlen(rows) + 8);
    assert_non_null(made);
    memcpy(made, *text, head);
    strcpy(made + head, ",\n");
    strcat(made, rows);
    strcat(made, "\n);\n");
    free(*text);
    *text = made;
}

KIT sluis_err kit_load(const kit_set *k, rules **out, sluis_fail *f)
{
    rules_text texts[KIT_FILES];
    for (size_t i = 0; i < KIT_FILES; i++)
        texts[i] = (rules_text){.name = rules_file_name(i), .text = k->text[i], .n = strlen(k->text[i])};
    return rules_load_texts(out, texts, KIT_FILES, f);
}

KIT rules *kit_rules(const kit_set *k)
{
    rules *r = NULL;
    sluis_fail f = {0};
    if (kit_load(k, &r, &f))
        fail_msg("%s: %s", f.where, f.text);
    return r;
}

KIT rules *kit_shipped(void)
{
    rules *r = NULL;
    sluis_fail f = {0};
    if (rules_load(&r, RULES_DIR, &f))
        fail_msg("%s: %s", f.where, f.text);
    return r;
}

/* ---- the case and the question of most tests: what changes is changed after. */
static const char *const kit_laws[] = {"wmo", "jeugdwet", "participatiewet", "wgs"};
static const char *const kit_domains[] = {"gemeente", "onderwijs", "leerplicht",      "politie",
                                          "ggd",      "huisarts",  "veiligheidshuis", "veilig-thuis"};
static const oin kit_oin = {"00000099000000001000"};
static const oin kit_bench_oin = {"00000099000000009000"};

KIT case_facts kit_case(Sluis__Phase phase)
{
    return (case_facts){.exists = true,
                        .phase = phase,
                        .scope_laws = kit_laws,
                        .scope_law_count = sizeof kit_laws / sizeof kit_laws[0],
                        .scope_domains = kit_domains,
                        .scope_domain_count = sizeof kit_domains / sizeof kit_domains[0]};
}

KIT policy_question kit_question(void)
{
    return (policy_question){.application = "wmo-intake",
                             .acting = &kit_oin,
                             .function = "consulent",
                             .domain = "onderwijs",
                             .phase = SLUIS__PHASE__RESEARCH,
                             .purpose = "onderzoek-meervoudige-problematiek",
                             .legal_basis = "wams-5.4.1",
                             .at = day("2026-11-24")};
}

/* One attribute, by name. */
KIT policy_answer kit_ask(const rules *r, const policy_question *q, const case_facts *c, const char *name)
{
    const attribute *a = rules_attribute_named(r, name);
    if (!a)
        fail_msg("the catalogue holds no %s", name);
    policy_question one = *q;
    policy_answer answer = {.permit = true, .rule = NULL, .obligations = ~0u};
    one.attributes = &a->id;
    one.attribute_count = 1;
    policy_decide(r, &one, c, &answer);
    assert_non_null(answer.rule);
    return answer;
}

/* Numbers that look random and are the same every time (SplitMix64). */
KIT uint64_t kit_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
