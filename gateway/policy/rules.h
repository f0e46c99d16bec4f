/* The rules of one municipality, read from a folder of configuration files: catalogue, laws and articles,
 * purposes, what each domain may give, refusal reasons, applications, views, retention. One immutable,
 * reference-counted set; a change is a new set.
 * Thread: rules_ref / rules_unref are atomic; reads are safe from any thread. */
#ifndef SLUIS_POLICY_RULES_H
#define SLUIS_POLICY_RULES_H

#include "base/bounds.h"
#include "base/config.h"
#include "base/ids.h"
#include "crypto/crypto.h"

typedef struct rules rules;

typedef enum {
    CATEGORY_ORDINARY = 1,
    CATEGORY_FINANCIAL,
    CATEGORY_HEALTH,
    CATEGORY_CRIMINAL,
    CATEGORY_IDENTIFICATION
} category;
typedef enum { TYPE_TEXT = 1, TYPE_DATE, TYPE_NUMBER, TYPE_AMOUNT, TYPE_BOOL, TYPE_CODE } value_type;

typedef struct {
    uint32_t id;
    const char *name;  /* Dutch, [a-z0-9-]; unique */
    const char *title; /* as people read it */
    value_type type;
    value_bounds bounds; /* of its values, beyond their type */
    category category;
    const char *source;  /* authoritative domain or law */
    const char *mapping; /* the mapping of an adapter that fills it; NULL: none does */
    bool form;           /* a person types it */
    const char *retention;
    const char *ggm;     /* NULL: no GGM name */
    uint32_t valid_days; /* how long a registered value answers without asking again; 0 = not at all */
    bool intervention;   /* part of the standard question on interventions, to the law that is its source */
    bool source_wins;    /* what its source says replaces what others said, at once */
    bool about_others;   /* tells about others too: its value is not in a person's own copy */
    bool address;        /* tells where a person lives: never leaves when the address is secret */
    uint32_t
        at_source_s; /* it stays at its source; what was fetched is kept so many seconds. 0: registered */
} attribute;

typedef struct {
    const char *id, *title,
        *law;        /* "wmo", "jeugdwet", "participatiewet", "wgs"; law "" = a client's portal */
    const oin *oins; /* which organisations may act under it (tokens) or sign for it (bus) */
    size_t oin_count;
    bool client_portal; /* may read dossiers */
} application;

typedef struct {
    const char *id, *law;
    const char *const *functions;
    size_t function_count;
    const uint32_t *attributes;
    size_t attribute_count; /* ascending */
    uint64_t from, until;   /* UTC ms: [from, until); until 0 = open */
    uint32_t phases;        /* bit n: holds in Sluis__Phase n */
} view;

/* For what, and on which basis, a view fetches data that stay at their source. */
typedef struct {
    const char *purpose, *legal_basis;
    const char *why;      /* the motivation that the party reads */
    uint32_t answer_days; /* for the party to answer */
} fetch_rule;

typedef struct {
    const char *code, *title;
    const char *client; /* the same, as the client reads it ("u"); the title when there is no other text */
    bool not_possible;  /* a reason for "not possible" rather than for a refusal */
} reason;

/* What the gateway does to hold a party's condition; what it cannot, people read beside the datum. */
typedef enum {
    FORCE_SHOWN,     /* nothing but show it */
    FORCE_UNTIL,     /* neither shown nor used from its date on */
    FORCE_CASE,      /* only in the case it was given for */
    FORCE_PURPOSE,   /* answers no request for another purpose */
    FORCE_HOUSEHOLD, /* no other member of the household reads of it */
    FORCE_CONSULT,   /* neither the client nor anyone of the household reads of it: the source is consulted
                        first */
    FORCE_NO_FURTHER /* only the application that asked, in that case; answers no other request */
} condition_force;

typedef struct {
    const char *code, *title;
    condition_force force;
} condition_kind;

/* Reads the files that sluis-rules(5) names from dir, checks each and all that one says about another.
 * Errors name file, line and text. A .conf file that no set has is an error too. */
sluis_err rules_load(rules **out, const char *dir, sluis_fail *f);

/* The same from memory: all files, in any order. path is what errors call it; NULL: the name. */
typedef struct {
    const char *name, *path; /* "rules.conf" */
    const char *text;
    size_t n;
} rules_text;
sluis_err rules_load_texts(rules **out, const rules_text *texts, size_t n, sluis_fail *f);
/* The files of a set as they were read, borrowed; i as for rules_file_name. text NULL: the set has none. */
rules_text rules_text_at(const rules *r, size_t i);

/* Whether a set may come after another at this moment: what has begun stays as it is and can only be given an
 * end that lies ahead, what is new begins today or later (ahead of, and from the day of, `since`: the last
 * moment at which the old set is known to have decided; at most now), and what entries point at (ids,
 * classes, types) is never taken away or reused. Every request can then be judged again by the rules of its
 * own moment. CONFLICT: f names file and line of next, and what to do. */
sluis_err rules_may_follow(const rules *old, const rules *next, uint64_t since, uint64_t now, sluis_fail *f);

/* Whether every datum of a set comes from somewhere (a mapping or a form fills it) and goes somewhere (a view
 * shows it; a person's BSN and own name, by which the gateway finds a person, aside). Asked of a set that is
 * to come in force, never of one that was. INVALID: f names file, line, attribute, and what to do. */
sluis_err rules_all_used(const rules *r, sluis_fail *f);
bool rules_file_optional(size_t i);    /* a set may do without it */
const char *rules_file_name(size_t i); /* the files' names, in the order of the hash; NULL beyond the last */

rules *rules_ref(rules *r);
void rules_unref(rules **r);
const uint8_t *rules_hash(const rules *r); /* HASH_LEN bytes over the files' names and bytes */

/* The n-th that holds for views of this law at that moment; NULL: there are no more. */
const fetch_rule *rules_fetch(const rules *r, const char *law, size_t n, uint64_t at);
const attribute *rules_attribute(const rules *r, uint32_t id); /* NULL: none */
const attribute *rules_attribute_named(const rules *r, const char *name);
size_t rules_attribute_count(const rules *r);
const attribute *rules_attribute_at(const rules *r, size_t i);
const application *rules_application(const rules *r, const char *id);
bool application_may_act(const application *a, const oin *o);
const reason *rules_reason(const rules *r, const char *code);
const reason *rules_reason_at(const rules *r, size_t i); /* in the order of the file; NULL: no more */
const condition_kind *rules_condition(const rules *r, const char *code); /* NULL: none; code up to a space */
/* Every set has these two classes. */
#define RETENTION_TRAFFIC    "verkeersgegevens"                       /* what passed */
#define RETENTION_MANAGEMENT "beheer"                                 /* rules, keys, parties */
uint32_t rules_retention_days(const rules *r, const char *retention); /* 0xffffffff = always; unknown: 0 */
uint8_t rules_journal_class(const rules *r, const char *retention);   /* 1..255; unknown: 0 */
/* Whether this class is that of a law's files: its term begins when the person's last case is over. The
 * others' begins when a datum was obtained. */
bool rules_retention_of_files(const rules *r, const char *retention);
const char *rules_retention_at(const rules *r, size_t i); /* in the order of the file; NULL: no more */
const char *rules_retention_title(const rules *r, const char *retention); /* NULL: no such class */
/* The class of this law's files; law NULL, or one without a class: the longest of those that files have; NULL
 * when no class is of files: what is in them is kept. */
const char *rules_file_retention(const rules *r, const char *law);
/* As people read them; NULL: no such purpose or legal basis. */
const char *rules_purpose_title(const rules *r, const char *id);
const char *rules_legal_basis_title(const rules *r, const char *id);
const char *rules_article(const rules *r, const char *rule); /* the text beside a rule; NULL: no such rule */
/* Every name of these rules with its words for people (reasons: for the client). kind: "law", "domain",
 * "problem", "application", "function", "attribute", "reason", "condition". */
void rules_each_word(const rules *r,
                     void (*each)(void *ctx, const char *kind, const char *name, const char *text),
                     void *ctx);
const char *rules_law_at(const rules *r, size_t i); /* in the order of laws.conf; NULL beyond the last */
bool rules_is_law(const rules *r, const char *id);
bool rules_is_domain(const rules *r, const char *id);
bool rules_is_municipality(const rules *r, const char *domain); /* cases are handed over to it */
bool rules_is_problem(const rules *r, const char *id);
bool rules_is_holiday(const rules *r, uint32_t day);
const char *category_name(category c); /* "ordinary", ... */
sluis_err category_parse(category *out, const char *s);
sluis_err value_type_parse(value_type *out, const char *s);
const char *value_type_name(value_type t); /* "date" */

/* A value as the catalogue's type writes it, never empty:
 *   text    UTF-8, at most 4096 bytes, no control characters but tab and line feed
 *   date    YYYY-MM-DD, possible
 *   number  [-]digits[.digits], at most 15 and 6 of them, no needless zeros in front
 *   amount  [-]digits or [-]digits.dd
 *   bool    true or false
 *   code    1 to 64 of [A-Za-z0-9._:/%+-]
 * and within the attribute's bounds. f names the attribute and the rule it breaks, never the value; in Dutch
 * for who calls the API. */
sluis_err attribute_check_value(const attribute *a, const char *value, bool dutch, sluis_fail *f);

#endif
