/* laws.conf, purposes.conf, domains.conf, reasons.conf, retention.conf, holidays.conf: the words that the
 * other files use. */
#include "base/clock.h"
#include "policy/read.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_ALWAYS_DAYS UINT32_C(0xffffffff)
#define DAYS_MAX         36525 /* a century */

/* ---- laws.conf */
static const config_key law_keys[] = {KEY_ID, KEY_TITLE};
static const config_key basis_keys[] = {
    KEY_ID, KEY_TITLE, {"article", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "where it stands"}};
static const config_key laws_file[] = {
    {"laws", CONFIG_LIST, true, 1, RULESET_NAMES_MAX, "", NULL, "the laws that applications act under"},
    {"legal_bases", CONFIG_LIST, true, 1, RULESET_NAMES_MAX, "", NULL, "what an exchange may rest on"}};

static sluis_err law_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    (void)i;
    return read_name(&r->laws, row, f);
}

static sluis_err basis_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    (void)i;
    return read_name(&r->legal_bases, row, f);
}

sluis_err ruleset_read_laws(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(laws_file), f);
    if (!err)
        err = read_rows(r, root, "laws", KEYS_OF(law_keys), law_row, f);
    return err ? err : read_rows(r, root, "legal_bases", KEYS_OF(basis_keys), basis_row, f);
}

/* ---- purposes.conf */
static const config_key problem_keys[] = {KEY_ID, KEY_TITLE};
static const config_key purpose_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"problems", CONFIG_STRS, false, 1, RULESET_NAMES_MAX, "", NULL, "the problems it serves; absent: any"}};
static const config_key purposes_file[] = {
    {"problems", CONFIG_LIST, false, 0, RULESET_NAMES_MAX, "", NULL,
     "what a client may choose to have looked at"},
    {"purposes", CONFIG_LIST, true, 1, RULESET_NAMES_MAX, "", NULL, "what an exchange may be for"}};

static sluis_err problem_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    (void)i;
    return read_name(&r->problems, row, f);
}

static sluis_err purpose_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    sluis_err err = read_name(&r->purposes, row, f);
    return err ? err : read_bits(row, "problems", &r->problems, "problem", &r->purpose_problems[i], f);
}

sluis_err ruleset_read_purposes(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(purposes_file), f);
    if (!err)
        err = read_rows(r, root, "problems", KEYS_OF(problem_keys), problem_row, f);
    return err ? err : read_rows(r, root, "purposes", KEYS_OF(purpose_keys), purpose_row, f);
}

/* ---- domains.conf */
static const config_key domain_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"gives", CONFIG_LIST, true, 1, RULESET_LIST_MAX, "", NULL, "what its own law lets it give, and when"},
    {"municipality", CONFIG_BOOL, false, 0, 0, "", "false",
     "another municipality: cases are handed over to it, and it is asked nothing"}};
static const config_key gives_keys[] = {
    {"categories", CONFIG_STRS, true, 1, 5, "", NULL, "categories of data"},
    KEY_FROM,
    KEY_UNTIL,
    {"law", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "the law that says so"}};
static const config_key domains_file[] = {
    {"domains", CONFIG_LIST, true, 1, RULESET_NAMES_MAX, "", NULL, "every domain a party can be in"}};

static sluis_err gives_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    gives_entry *g = &r->domain[r->domains.n - 1].gives[i];
    g->law = read_str(row, "law");
    sluis_err err = read_period(row, &g->when, f);
    return err ? err : read_categories(row, "categories", &g->categories, f);
}

static sluis_err domain_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    sluis_err err = read_name(&r->domains, row, f);
    if (err)
        return err;
    domain_entry *d = &r->domain[i];
    d->law = name_index(&r->laws, r->domains.ids[i]);
    d->municipality = config_bool(row, KEYS_OF(domain_keys), "municipality");
    d->n = config_count(config_get(row, "gives"));
    d->gives = ruleset_alloc(r, d->n, sizeof *d->gives);
    return d->gives ? read_rows(r, row, "gives", KEYS_OF(gives_keys), gives_row, f) : SLUIS_NOMEM;
}

sluis_err ruleset_read_domains(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(domains_file), f);
    return err ? err : read_rows(r, root, "domains", KEYS_OF(domain_keys), domain_row, f);
}

/* ---- reasons.conf */
static const config_key reason_keys[] = {
    {"code", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"},
    KEY_TITLE,
    {"client", CONFIG_STR, false, 1, TITLE_MAX_LEN, "", NULL,
     "the same, as the client reads it: u, not de client"},
    {"not_possible", CONFIG_BOOL, false, 0, 0, "", "false", "cannot be given, rather than is refused"}};
static const config_key condition_keys[] = {
    {"code", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"},
    KEY_TITLE,
    {"held_by", CONFIG_STR, false, 1, 32, "", "shown",
     "until, case, purpose, household, consult, no-further-use, shown"}};
static const config_key reasons_file[] = {
    {"reasons", CONFIG_LIST, true, 1, RULESET_LIST_MAX, "", NULL, "why a datum is not given"},
    {"conditions", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL,
     "what a party may ask with what it gives"}};

static sluis_err reason_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    const char *code = read_str(row, "code");
    if (!name_valid(code))
        return config_fail(config_get(row, "code"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -",
                           code);
    if (rules_reason(r, code))
        return config_fail(config_get(row, "code"), f, "\"%.64s\" stands twice", code);
    const char *client = config_str(row, KEYS_OF(reason_keys), "client");
    r->reasons[i] = (reason){.code = code,
                             .title = read_str(row, "title"),
                             .client = client ? client : read_str(row, "title"),
                             .not_possible = config_bool(row, KEYS_OF(reason_keys), "not_possible")};
    r->reason_count = i + 1;
    return SLUIS_OK;
}

static sluis_err condition_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    static const char *const words[] = {"shown",     "until",   "case",          "purpose",
                                        "household", "consult", "no-further-use"};
    const char *code = read_str(row, "code"), *held = config_str(row, KEYS_OF(condition_keys), "held_by");
    size_t n = sizeof words / sizeof words[0], k = 0;
    if (!name_valid(code))
        return config_fail(config_get(row, "code"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -",
                           code);
    if (rules_condition(r, code))
        return config_fail(config_get(row, "code"), f, "\"%.64s\" stands twice", code);
    while (k < n && strcmp(words[k], held) != 0)
        k++;
    if (k == n)
        return config_fail(config_get(row, "held_by"), f,
                           "held_by is until, case, purpose, household, consult, no-further-use or shown");
    r->conditions[i] =
        (condition_kind){.code = code, .title = read_str(row, "title"), .force = (condition_force)k};
    r->condition_count = i + 1;
    return SLUIS_OK;
}

sluis_err ruleset_read_reasons(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(reasons_file), f);
    if (err)
        return err;
    r->reasons = ruleset_alloc(r, config_count(config_get(root, "reasons")), sizeof *r->reasons);
    r->conditions = ruleset_alloc(r, config_count(config_get(root, "conditions")) + 1, sizeof *r->conditions);
    if (!r->reasons || !r->conditions)
        return SLUIS_NOMEM;
    err = read_rows(r, root, "reasons", KEYS_OF(reason_keys), reason_row, f);
    return err ? err : read_rows(r, root, "conditions", KEYS_OF(condition_keys), condition_row, f);
}

/* ---- retention.conf */
static const config_key term_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"days", CONFIG_INT, true, -1, DAYS_MAX, "days", NULL, "how long; -1 for ever"},
    {"journal_class", CONFIG_INT, true, 1, 255, "", NULL, "number in the journal's leaves, never reused"},
    {"law", CONFIG_STR, false, 1, NAME_MAX_LEN, "", NULL,
     "whose files these are: kept so long after the person's last case was over; without it: after a datum "
     "was obtained"},
    {"basis", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "who says so"}};
static const config_key retention_file[] = {
    {"retention", CONFIG_LIST, true, 1, 255, "", NULL, "how long what is kept"},
    {"rights", CONFIG_LIST, false, 0, RIGHT_COUNT, "", NULL, "what the client may ask, and its terms"}};

static sluis_err term_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    const char *id = read_str(row, "id");
    int64_t days = config_int(row, KEYS_OF(term_keys), "days");
    uint8_t class = (uint8_t)config_int(row, KEYS_OF(term_keys), "journal_class");
    const char *law = read_str(row, "law");
    size_t of = law ? name_index(&r->laws, law) : NAME_NONE;
    if (!name_valid(id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", id);
    if (days == 0)
        return config_fail(config_get(row, "days"), f, "\"days\" is at least 1, or -1 for ever");
    if (law && of == NAME_NONE)
        return config_fail(config_get(row, "law"), f, "no law is called \"%.64s\"", law);
    for (size_t k = 0; k < i; k++) {
        if (strcmp(r->terms[k].id, id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", id);
        if (law && r->terms[k].law == of)
            return config_fail(config_get(row, "law"), f, "the files of \"%.64s\" are of \"%.64s\"", law,
                               r->terms[k].id);
        if (r->terms[k].journal_class == class)
            return config_fail(config_get(row, "journal_class"), f, "journal_class %u is that of \"%.64s\"",
                               class, r->terms[k].id);
    }
    r->terms[i] = (term){.id = id,
                         .title = read_str(row, "title"),
                         .days = days < 0 ? KEEP_ALWAYS_DAYS : (uint32_t)days,
                         .journal_class = class,
                         .law = of};
    r->term_count = i + 1;
    return SLUIS_OK;
}

sluis_err ruleset_read_retention(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(retention_file), f);
    if (err)
        return err;
    r->terms = ruleset_alloc(r, config_count(config_get(root, "retention")), sizeof *r->terms);
    err = r->terms ? read_rows(r, root, "retention", KEYS_OF(term_keys), term_row, f) : SLUIS_NOMEM;
    return err ? err : ruleset_read_rights(r, root, f);
}

/* ---- holidays.conf */
static const config_key holidays_file[] = {
    {"holidays", CONFIG_STRS, true, 0, RULESET_LIST_MAX, "", NULL, "days that are no working days"}};

static int by_day(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

sluis_err ruleset_read_holidays(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(holidays_file), f);
    if (err)
        return err;
    const config_node *list = config_get(root, "holidays");
    r->holidays = ruleset_alloc(r, config_count(list), sizeof *r->holidays);
    if (!r->holidays)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < config_count(list); i++) {
        uint64_t ms;
        err = read_date(config_at(list, i), config_at_str(list, i), &ms, f);
        if (err)
            return err;
        r->holidays[r->holiday_count++] = clock_day(ms);
    }
    qsort(r->holidays, r->holiday_count, sizeof *r->holidays, by_day);
    return SLUIS_OK;
}
