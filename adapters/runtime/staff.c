#include "runtime/staff.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"

#define KEYS(a)     (a), sizeof(a) / sizeof((a)[0])
#define PERSONS_MAX 1000
#define TEAMS_MAX   16 /* of one person */
#define LINES_MAX   256

static const config_key group_keys[] = {
    {"persons", CONFIG_LIST, true, 1, PERSONS_MAX, "", NULL, "who decides here: who, teams"},
    {"work", CONFIG_LIST, false, 0, LINES_MAX, "", NULL,
     "whose a request is, the first that fits: owner, and purposes, categories or attributes"},
    {"deputies", CONFIG_LIST, false, 0, PERSONS_MAX, "", NULL,
     "who stands in: who, for, from, until (the first day that it no longer holds)"},
};
static const config_key person_keys[] = {
    {"who", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "pseudonym"},
    {"teams", CONFIG_STRS, false, 0, TEAMS_MAX, "", NULL, "the teams that this person is of"},
};
static const config_key work_keys[] = {
    {"owner", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "a team or a person"},
    {"purposes", CONFIG_STRS, false, 1, 64, "", NULL, "requests for one of these"},
    {"categories", CONFIG_STRS, false, 1, 8, "", NULL, "that ask a datum of one of these"},
    {"attributes", CONFIG_STRS, false, 1, 256, "", NULL, "that ask one of these"},
};
static const config_key deputy_keys[] = {
    {"who", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "the deputy"},
    {"for", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "the person whose place the deputy takes"},
    {"from", CONFIG_STR, true, 10, 10, "", NULL, "first day"},
    {"until", CONFIG_STR, true, 10, 10, "", NULL, "the first day that it no longer holds"},
};

typedef struct {
    const char *who, *for_whom;
    uint64_t from, until; /* UTC ms */
} deputy;

struct staff {
    const catalogue *catalogue;
    const config_node *persons, *work;
    deputy *deputies;
    size_t deputy_count;
};

static const char *text(const config_node *n, const config_key *keys, size_t count, const char *key)
{
    return config_str(n, keys, count, key);
}

static const config_node *person_of(const staff *s, const char *who)
{
    for (size_t i = 0; i < config_count(s->persons); i++) {
        const config_node *n = config_at(s->persons, i);
        if (strcmp(text(n, KEYS(person_keys), "who"), who) == 0)
            return n;
    }
    return NULL;
}

static bool listed(const config_node *strs, const char *name)
{
    for (size_t i = 0; strs && i < config_count(strs); i++)
        if (strcmp(config_at_str(strs, i), name) == 0)
            return true;
    return false;
}

static bool in_team(const config_node *person, const char *team)
{
    return listed(config_get(person, "teams"), team);
}

static bool is_team(const staff *s, const char *name)
{
    for (size_t i = 0; i < config_count(s->persons); i++)
        if (in_team(config_at(s->persons, i), name))
            return true;
    return false;
}

/* ---- reading ---- */

static sluis_err check_person(const staff *s, const config_node *n, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(person_keys), f);
    if (err)
        return err;
    const char *who = text(n, KEYS(person_keys), "who");
    const config_node *teams = config_get(n, "teams");
    if (!name_valid(who))
        return config_fail(n, f, "who is a pseudonym: lower-case letters, digits and . _ : -");
    if (person_of(s, who) != n)
        return config_fail(n, f, "this person stands here twice");
    for (size_t i = 0; teams && i < config_count(teams); i++)
        if (!name_valid(config_at_str(teams, i)))
            return config_fail(n, f, "a team is a name: lower-case letters, digits and . _ : -");
    return SLUIS_OK;
}

static sluis_err check_work(const staff *s, const config_node *n, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(work_keys), f);
    const config_node *attributes = config_get(n, "attributes");
    if (err)
        return err;
    if (!staff_knows(s, text(n, KEYS(work_keys), "owner")))
        return config_fail(n, f, "owner is no person of staff.persons, and no team of one");
    for (size_t i = 0; attributes && i < config_count(attributes); i++)
        if (!catalogue_by_name(s->catalogue, config_at_str(attributes, i)))
            return config_fail(n, f, "the catalogue has no attribute \"%s\"", config_at_str(attributes, i));
    return SLUIS_OK;
}

static sluis_err read_deputy(const staff *s, const config_node *n, deputy *d, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(deputy_keys), f);
    if (err)
        return err;
    d->who = text(n, KEYS(deputy_keys), "who");
    d->for_whom = text(n, KEYS(deputy_keys), "for");
    if (!person_of(s, d->who) || !person_of(s, d->for_whom))
        return config_fail(n, f, "both are persons of staff.persons");
    if (strcmp(d->who, d->for_whom) == 0)
        return config_fail(n, f, "nobody stands in for himself");
    if (time_parse(&d->from, text(n, KEYS(deputy_keys), "from")) ||
        time_parse(&d->until, text(n, KEYS(deputy_keys), "until")) || d->until <= d->from)
        return config_fail(n, f, "from and until are days, YYYY-MM-DD, and until is the later one");
    return SLUIS_OK;
}

static sluis_err read_all(staff *s, const config_node *group, sluis_fail *f)
{
    const config_node *deputies = config_get(group, "deputies");
    sluis_err err = config_check(group, KEYS(group_keys), f);
    s->persons = config_get(group, "persons");
    s->work = config_get(group, "work");
    for (size_t i = 0; !err && i < config_count(s->persons); i++)
        err = check_person(s, config_at(s->persons, i), f);
    for (size_t i = 0; !err && s->work && i < config_count(s->work); i++)
        err = check_work(s, config_at(s->work, i), f);
    if (err || !deputies)
        return err;
    s->deputies = calloc(config_count(deputies) + 1, sizeof *s->deputies);
    if (!s->deputies)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    for (; !err && s->deputy_count < config_count(deputies); s->deputy_count++)
        err = read_deputy(s, config_at(deputies, s->deputy_count), &s->deputies[s->deputy_count], f);
    return err;
}

sluis_err staff_read(staff **out, const config_node *group, const catalogue *c, sluis_fail *f)
{
    staff *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    s->catalogue = c;
    sluis_err err = group ? read_all(s, group, f) : SLUIS_OK;
    if (err) {
        staff_free(&s);
        return err;
    }
    *out = s;
    return SLUIS_OK;
}

void staff_free(staff **s)
{
    if (!*s)
        return;
    free((*s)->deputies);
    free(*s);
    *s = NULL;
}

void staff_describe(buffer *out)
{
    config_describe(out, "staff.", KEYS(group_keys));
    config_describe(out, "staff.persons.", KEYS(person_keys));
    config_describe(out, "staff.work.", KEYS(work_keys));
    config_describe(out, "staff.deputies.", KEYS(deputy_keys));
}

/* ---- whose it is, and who may ---- */

bool staff_knows(const staff *s, const char *name)
{
    return s->persons && (person_of(s, name) || is_team(s, name));
}

static bool asks_of(const staff *s, const Sluis__Core *core, const config_node *categories,
                    const config_node *attributes)
{
    for (size_t i = 0; i < core->n_attributes; i++) {
        const catalogue_entry *e = catalogue_by_id(s->catalogue, core->attributes[i]);
        if (e && (listed(categories, e->category) || listed(attributes, e->name)))
            return true;
    }
    return false;
}

const char *staff_owner(const staff *s, const Sluis__Core *core)
{
    for (size_t i = 0; s->work && i < config_count(s->work); i++) {
        const config_node *n = config_at(s->work, i), *purposes = config_get(n, "purposes"),
                          *categories = config_get(n, "categories"),
                          *attributes = config_get(n, "attributes");
        if ((!purposes || listed(purposes, core->purpose)) &&
            ((!categories && !attributes) || asks_of(s, core, categories, attributes)))
            return text(n, KEYS(work_keys), "owner");
    }
    return "";
}

static bool owns(const staff *s, const char *owner, const char *who)
{
    const config_node *p = person_of(s, who);
    return p && (!*owner || strcmp(owner, who) == 0 || in_team(p, owner));
}

sluis_err staff_may(const staff *s, const char *owner, const char *by, uint64_t now, const char **behalf,
                    sluis_fail *f)
{
    *behalf = "";
    if (!s->persons || owns(s, owner, by))
        return SLUIS_OK;
    if (!person_of(s, by))
        return fail_set(f, SLUIS_FORBIDDEN, "by",
                        "this person is not among the party's staff (staff.persons of the adapter's "
                        "configuration)");
    for (size_t i = 0; i < s->deputy_count; i++) {
        const deputy *d = &s->deputies[i];
        if (strcmp(d->who, by) == 0 && d->from <= now && now < d->until && owns(s, owner, d->for_whom)) {
            *behalf = d->for_whom;
            return SLUIS_OK;
        }
    }
    return fail_set(f, SLUIS_FORBIDDEN, "by",
                    is_team(s, owner)
                        ? "this request is team %s's: its members decide, or who stands in for one "
                          "of them today; inbox assign gives it to another"
                        : "this request is %s's, or who stands in for that person today; inbox "
                          "assign gives it to another",
                    owner);
}
