/* Reading rows of configuration: what the readers of the files share. Each error names file and line. */
#ifndef SLUIS_POLICY_READ_H
#define SLUIS_POLICY_READ_H

#include "policy/ruleset.h"

#define TITLE_MAX_LEN  200
#define DATE_STR_LEN   10
#define KEYS_OF(table) table, sizeof(table) / sizeof(table)[0]

/* Rows of a schema that many files have. */
#define KEY_ID                                                                                               \
    {                                                                                                        \
        "id", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"                              \
    }
#define KEY_TITLE                                                                                            \
    {                                                                                                        \
        "title", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "as people read it"                           \
    }
#define KEY_FROM                                                                                             \
    {                                                                                                        \
        "from", CONFIG_STR, true, DATE_STR_LEN, DATE_STR_LEN, "", NULL, "first day it holds (UTC)"           \
    }
#define KEY_UNTIL                                                                                            \
    {                                                                                                        \
        "until", CONFIG_STR, false, DATE_STR_LEN, DATE_STR_LEN, "", NULL, "first day it no longer holds"     \
    }

typedef sluis_err read_row(rules *r, const config_node *row, size_t i, sluis_fail *f);

/* Checks each group of list root.key against keys and gives it to row, in order. */
sluis_err read_rows(rules *r, const config_node *root, const char *key, const config_key *keys, size_t n,
                    read_row *row, sluis_fail *f);
/* The string at key of a checked group; NULL when absent. */
const char *read_str(const config_node *group, const char *key);
/* Adds the group's id and title; refuses a bad name, one that is there, and one too many. */
sluis_err read_name(name_list *l, const config_node *group, sluis_fail *f);
sluis_err read_date(const config_node *at, const char *s, uint64_t *ms, sluis_fail *f);
sluis_err read_period(const config_node *group, period *out, sluis_fail *f); /* keys from, until */
/* The list at key as bits of names; what: "law". Absent: 0. */
sluis_err read_bits(const config_node *group, const char *key, const name_list *names, const char *what,
                    uint64_t *out, sluis_fail *f);
sluis_err read_categories(const config_node *group, const char *key, uint32_t *out, sluis_fail *f);
sluis_err read_phases(const config_node *group, const char *key, uint32_t *out, sluis_fail *f);
/* A list of attributes by name, none twice: their ids, ascending, in the set. */
sluis_err read_attributes(rules *r, const config_node *list, const uint32_t **ids, size_t *count,
                          sluis_fail *f);
/* Whether this domain may at any time give this category. */
bool domain_ever_gives(const rules *r, size_t domain, category c);

#endif
