/* The rights in retention.conf, and terms in calendar months (Regulation 1182/71, article 3). */
#include "policy/rights.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "policy/read.h"
#include "policy/templates.h"

#define MONTHS_MAX 24
#define REMIND_MAX 60

static const char *const names[RIGHT_COUNT] = {
    [RIGHT_ACCESS] = "access",
    [RIGHT_ERASURE] = "erasure",
    [RIGHT_RESTRICTION] = "restriction",
    [RIGHT_OBJECTION] = "objection",
    [RIGHT_RECTIFICATION] = "rectification",
};

static const config_key right_keys[] = {
    {"kind", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL,
     "access, erasure, restriction, objection or rectification"},
    KEY_TITLE,
    {"article", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "where it stands"},
    {"months", CONFIG_INT, true, 1, MONTHS_MAX, "months", NULL, "to decide"},
    {"extend_months", CONFIG_INT, true, 0, MONTHS_MAX, "months", NULL, "more, once, with reasons"},
    {"done_months", CONFIG_INT, false, 0, MONTHS_MAX, "months", "0",
     "to carry out what was granted; 0: none"},
    {"remind_days", CONFIG_INT, true, 0, REMIND_MAX, "days", NULL, "before a term: the reminder"},
    {"stops_use", CONFIG_BOOL, false, 0, 0, "", "false", "granted: no new use of the data"},
    {"purpose", CONFIG_STR, false, 1, NAME_MAX_LEN, "", "", "rectification: the purpose of asking a source"},
    {"legal_basis", CONFIG_STR, false, 1, NAME_MAX_LEN, "", "", "and its legal basis"}};

const char *right_name(right_kind k)
{
    return names[k];
}

sluis_err right_parse(right_kind *out, const char *s)
{
    for (int k = 0; k < RIGHT_COUNT; k++)
        if (strcmp(names[k], s) == 0) {
            *out = (right_kind)k;
            return SLUIS_OK;
        }
    return SLUIS_INVALID;
}

const client_right *rules_right(const rules *r, right_kind k)
{
    return r->has_right[k] ? &r->client_rights[k] : NULL;
}

static sluis_err right_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    right_kind k;
    (void)i;
    if (right_parse(&k, read_str(row, "kind")))
        return config_fail(config_get(row, "kind"), f,
                           "\"%.64s\" is no right: access, erasure, restriction, objection or rectification",
                           read_str(row, "kind"));
    if (r->has_right[k])
        return config_fail(config_get(row, "kind"), f, "\"%s\" stands twice", names[k]);
    r->client_rights[k] =
        (client_right){.title = read_str(row, "title"),
                       .article = read_str(row, "article"),
                       .months = (uint32_t)config_int(row, KEYS_OF(right_keys), "months"),
                       .extend_months = (uint32_t)config_int(row, KEYS_OF(right_keys), "extend_months"),
                       .done_months = (uint32_t)config_int(row, KEYS_OF(right_keys), "done_months"),
                       .remind_days = (uint32_t)config_int(row, KEYS_OF(right_keys), "remind_days"),
                       .stops_use = config_bool(row, KEYS_OF(right_keys), "stops_use"),
                       .purpose = config_str(row, KEYS_OF(right_keys), "purpose"),
                       .legal_basis = config_str(row, KEYS_OF(right_keys), "legal_basis")};
    r->has_right[k] = true;
    return SLUIS_OK;
}

sluis_err ruleset_read_rights(rules *r, const config_node *root, sluis_fail *f)
{
    return read_rows(r, root, "rights", KEYS_OF(right_keys), right_row, f);
}

/* The day of this month that a term ends on: the same, or the month's last. */
static uint32_t day_in_month(unsigned year, unsigned month, unsigned day)
{
    char date[16];
    uint64_t ms = 0;
    for (; day; day--) {
        snprintf(date, sizeof date, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
        if (time_parse(&ms, date) == SLUIS_OK)
            break;
    }
    return clock_day(ms);
}

uint64_t rules_months_after(const rules *r, uint64_t from_ms, uint32_t months)
{
    char text[TIME_STR];
    unsigned year = 0, month = 0, day = 0;
    time_format(text, from_ms);
    if (sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3)
        return from_ms;
    month += months - 1; /* from 0 */
    uint32_t last = day_in_month(year + month / 12, month % 12 + 1, day);
    /* The first working day after the day before: the day itself, when it is one. */
    return rules_working_days_after(r, (uint64_t)(last - 1) * DAY_MS, 1);
}
