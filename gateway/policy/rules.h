/* The rules of one municipality, read from a folder of configuration files: catalogue, laws and articles,
 * purposes, what each domain may give, refusal reasons, applications, views, retention. One immutable,
 * reference-counted set; a change is a new set.
 * Thread: rules_ref / rules_unref are atomic; reads are safe from any thread. */
#ifndef SLUIS_POLICY_RULES_H
#define SLUIS_POLICY_RULES_H

#include "base/config.h"
#include "base/ids.h"
#include "crypto/crypto.h"

typedef struct rules rules;

typedef enum { CATEGORY_ORDINARY = 1, CATEGORY_FINANCIAL, CATEGORY_HEALTH, CATEGORY_CRIMINAL, CATEGORY_IDENTIFICATION } category;
typedef enum { TYPE_TEXT = 1, TYPE_DATE, TYPE_NUMBER, TYPE_AMOUNT, TYPE_BOOL, TYPE_CODE } value_type;

typedef struct {
    uint32_t id;
    const char *name;   /* Dutch, [a-z0-9-]; unique */
    const char *title;  /* as people read it */
    value_type type;
    category category;
    const char *source; /* authoritative domain or law */
    const char *retention;
    const char *ggm;    /* NULL: no GGM name */
    uint32_t valid_days; /* how long a registered value answers without asking again; 0 = not at all */
} attribute;

typedef struct {
    const char *id, *title, *law; /* "wmo", "jeugdwet", "participatiewet", "wgs"; law "" = a client's portal */
    const oin *oins;              /* which organisations may act under it (tokens) or sign for it (bus) */
    size_t oin_count;
    bool client_portal;           /* may read dossiers */
} application;

typedef struct {
    const char *id, *law;
    const char *const *functions; size_t function_count;
    const uint32_t *attributes; size_t attribute_count; /* ascending */
    uint64_t from, until;         /* UTC ms; until 0 = open */
} view;

typedef struct {
    const char *code, *title;
    bool not_possible; /* a reason for "not possible" rather than for a refusal */
} reason;

sluis_err rules_load(rules **out, const char *dir, sluis_fail *f);
rules *rules_ref(rules *r);
void rules_unref(rules **r);
const uint8_t *rules_hash(const rules *r); /* HASH_LEN bytes over the files' names and bytes */

const attribute *rules_attribute(const rules *r, uint32_t id);            /* NULL: none */
const attribute *rules_attribute_named(const rules *r, const char *name);
size_t rules_attribute_count(const rules *r);
const attribute *rules_attribute_at(const rules *r, size_t i);
const application *rules_application(const rules *r, const char *id);
bool application_may_act(const application *a, const oin *o);
const reason *rules_reason(const rules *r, const char *code);
uint32_t rules_retention_days(const rules *r, const char *retention);     /* KEEP_ALWAYS-like 0xffffffff */
bool rules_is_holiday(const rules *r, uint32_t day);
const char *category_name(category c);

/* A value as the catalogue's type writes it: dates ISO 8601 and possible, numbers and amounts decimal ("12.50"),
 * bool "true"/"false", text UTF-8 <= 4096 bytes. */
sluis_err attribute_check_value(const attribute *a, const char *value, sluis_fail *f);

#endif
