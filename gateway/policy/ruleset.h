/* The insides of a rule set: shared by the files of this folder, by nobody else.
 *
 * Names (laws, functions, purposes, legal bases, domains) are numbered as they stand in their file, at most
 * RULESET_NAMES_MAX of each, so that a rule holds each of its lists as 64 bits. Of applications and
 * attributes there are more: their lists are words of 64 bits, the n-th of its file bit n % 64 of word n
 * / 64. All strings are borrowed from the configuration files, which the set keeps. */
#ifndef SLUIS_POLICY_RULESET_H
#define SLUIS_POLICY_RULESET_H

#include <stdatomic.h>

#include "policy/levels.h"
#include "policy/looks.h"
#include "policy/policy.h"
#include "policy/rights.h"
#include "policy/templates.h"

#define RULESET_NAMES_MAX        64
#define RULESET_APPLICATIONS_MAX 1024
#define RULESET_ATTRIBUTES_MAX   4096
#define RULESET_PERMITS_MAX      4096
#define RULESET_LIST_MAX         4096 /* elements of any other list */
#define RULESET_BYTES_MAX                                                                                    \
    (448u << 10) /* all files together: a set is one row, and one line of the control socket */
#define NAME_NONE SIZE_MAX

typedef enum {
    FILE_LAWS,
    FILE_PURPOSES,
    FILE_DOMAINS,
    FILE_REASONS,
    FILE_RETENTION,
    FILE_CATALOGUE,
    FILE_APPLICATIONS,
    FILE_VIEWS,
    FILE_RULES,
    FILE_HOLIDAYS,
    FILE_COOPERATION, /* may be absent: text NULL, files NULL */
    RULESET_FILES
} ruleset_file;

typedef struct {
    uint64_t from, until; /* UTC ms: [from, until); until 0 = open */
} period;

typedef struct {
    const char *ids[RULESET_NAMES_MAX], *titles[RULESET_NAMES_MAX];
    size_t n;
} name_list;

typedef struct {
    uint32_t categories; /* bit n: category n */
    period when;
    const char *law; /* that says so, as people read it */
} gives_entry;

typedef struct {
    gives_entry *gives;
    size_t n;
    size_t law;        /* the law whose back office this domain is, or NAME_NONE */
    bool municipality; /* another one's gateway: it is handed cases, and asked nothing */
} domain_entry;

typedef struct {
    application_act act;
    uint64_t functions;
    period when;
    bool same_person; /* a decision: also about what whoever decides has brought */
} right_entry;

typedef struct {
    application public;
    right_entry *rights;
    size_t right_count;
    size_t law; /* NAME_NONE for a client's portal */
} application_entry;

typedef struct {
    view public;
    uint64_t functions;
    const uint64_t *applications; /* words: those that this view is for */
    bool own;                     /* names its applications: goes before the law's view */
} view_entry;

/* What was registered for one law serves another. */
typedef struct {
    const char *id, *article;
    period when;
    uint64_t from_laws, laws;
    uint32_t categories;
    const uint64_t *attributes; /* words */
} reuse_entry;

typedef struct {
    look_rule public;
    uint64_t laws, functions, purposes; /* who asks, for what */
} look_entry;

typedef struct {
    fetch_rule public;
    const char *id, *law;
    period when;
} fetch_entry;

typedef struct {
    const char *id, *article;
    period when;
    uint64_t functions, purposes, legal_bases, domains;
    uint32_t phases, categories, obligations;
    const uint64_t *applications, *attributes; /* words */
} permit;

typedef struct {
    const char *id, *title;
    uint32_t days; /* 0xffffffff: always */
    uint8_t journal_class;
    size_t law; /* whose files these are; NAME_NONE: of no law in particular */
} term;

typedef struct {
    cooperation_level public;
    uint64_t domains;
} level_entry;

struct rules {
    atomic_size_t refs;
    uint8_t hash[HASH_LEN];
    config *files[RULESET_FILES];
    rules_text texts[RULESET_FILES]; /* as they were read */
    void **blocks;                   /* everything below that is allocated */
    size_t block_count, block_cap;

    name_list laws, legal_bases, purposes, problems, functions, domains;
    uint64_t purpose_problems[RULESET_NAMES_MAX]; /* bits: the problems that each purpose serves; 0 = any */
    domain_entry domain[RULESET_NAMES_MAX];
    reason *reasons;
    size_t reason_count;
    condition_kind *conditions;
    size_t condition_count;
    term *terms;
    size_t term_count;
    client_right client_rights[RIGHT_COUNT];
    bool has_right[RIGHT_COUNT];
    code_lists code_lists;
    attribute *attributes; /* ascending by id */
    size_t attribute_count;
    const attribute **by_name;
    application_entry *applications;
    size_t application_count;
    const application_entry **application_by_id;
    view_entry *views;
    size_t view_count;
    reuse_entry *reuse;
    size_t reuse_count;
    look_entry *looks;
    size_t look_count;
    fetch_entry *fetches; /* in the order of the file */
    size_t fetch_count;
    permit *permits;
    size_t permit_count;
    const permit **by_domain[RULESET_NAMES_MAX]; /* in file order */
    size_t by_domain_count[RULESET_NAMES_MAX];
    request_template *templates;
    size_t template_count;
    level_entry *levels;
    size_t level_count;
    uint32_t *holidays; /* days since 1970, ascending */
    size_t holiday_count;
};

/* Zeroed memory that the set owns; NULL when there is none left. */
void *ruleset_alloc(rules *r, size_t count, size_t size);
size_t name_index(const name_list *l, const char *id); /* NAME_NONE */
bool period_holds(const period *p, uint64_t at);
bool periods_meet(const period *a, const period *b);
size_t ruleset_application(const rules *r, const char *id); /* NAME_NONE */

/* Words of 64 bits for n things, none of them in it; the set owns them. */
uint64_t *words_new(rules *r, size_t n);
static inline void words_add(uint64_t *words, size_t i)
{
    words[i / 64] |= UINT64_C(1) << i % 64;
}
static inline bool words_hold(const uint64_t *words, size_t i) /* i NAME_NONE: no */
{
    return i != NAME_NONE && words[i / 64] >> i % 64 & 1;
}

/* The readers of the files, in the order of ruleset_file; each may use what those before it read. */
sluis_err ruleset_read_laws(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_purposes(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_domains(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_reasons(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_retention(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_rights(rules *r, const config_node *root, sluis_fail *f); /* of retention.conf */
sluis_err ruleset_read_catalogue(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_applications(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_views(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_fetches(rules *r, const config_node *root, sluis_fail *f); /* of views.conf */
sluis_err ruleset_read_looks(rules *r, const config_node *root, sluis_fail *f);   /* of views.conf */
sluis_err ruleset_read_rules(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_templates(rules *r, const config_node *root, sluis_fail *f); /* of rules.conf */
sluis_err ruleset_read_holidays(rules *r, const config_node *root, sluis_fail *f);
sluis_err ruleset_read_levels(rules *r, const config_node *root, sluis_fail *f);

#endif
