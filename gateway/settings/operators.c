#include "settings/operators.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define ACCOUNT_MAX 32         /* as useradd(8) takes them */
#define LOOKUP_MAX  (1u << 20) /* bytes: a group names all its members */
#define OVERFLOW_UID                                                                                         \
    65534 /* what a user namespace shows of every account it does not know: user_namespaces(7) */

static const config_key operator_keys[] = {
    {"name", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "as --by gives it and the journal has it"},
    {"account", CONFIG_STR, true, 1, ACCOUNT_MAX, "", NULL, "of this machine; who asks must be it"},
};

static sluis_err lookup_failed(const config_node *at, const char *key, int why, sluis_fail *f)
{
    return why == ENOMEM ? fail_set(f, SLUIS_NOMEM, key, "out of memory")
                         : config_fail(at, f, "%s: cannot be looked up: %s", key, strerror(why));
}

/* The account's user id. */
static sluis_err uid_of(const config_node *at, const char *account, uid_t *out, sluis_fail *f)
{
    struct passwd p, *found = NULL;
    char *text = malloc(LOOKUP_MAX);
    int why = text ? getpwnam_r(account, &p, text, LOOKUP_MAX, &found) : ENOMEM;
    *out = found ? found->pw_uid : OVERFLOW_UID;
    free(text);
    if (why)
        return lookup_failed(at, "account", why, f);
    if (!found)
        return config_fail(at, f, "account: this machine has none of that name");
    return *out == OVERFLOW_UID ? config_fail(at, f, "account: stands for everybody who is unknown")
                                : SLUIS_OK;
}

sluis_err operators_group(gid_t *out, const config_node *at, const char *name, sluis_fail *f)
{
    struct group g, *found = NULL;
    *out = (gid_t)-1;
    if (!name)
        return SLUIS_OK;
    char *text = malloc(LOOKUP_MAX);
    int why = text ? getgrnam_r(name, &g, text, LOOKUP_MAX, &found) : ENOMEM;
    if (found)
        *out = found->gr_gid;
    free(text);
    if (why)
        return lookup_failed(at, "control_group", why, f);
    return found ? SLUIS_OK : config_fail(at, f, "control_group: this machine has no group of that name");
}

static sluis_err load_one(operators *o, const config_node *row, sluis_fail *f)
{
    uid_t uid;
    sluis_err e = config_check(row, operator_keys, COUNT(operator_keys), f);
    if (e)
        return e;
    const char *name = config_str(row, operator_keys, COUNT(operator_keys), "name");
    if (!name_valid(name))
        return config_fail(config_get(row, "name"), f, "name: a pseudonym is [a-z0-9][a-z0-9._:-]{0,63}");
    if ((e = uid_of(config_get(row, "account"),
                    config_str(row, operator_keys, COUNT(operator_keys), "account"), &uid, f)))
        return e;
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->names[i], name) == 0)
            return config_fail(config_get(row, "name"), f, "name: stands here twice");
        if (o->uids[i] == uid)
            return config_fail(config_get(row, "account"), f, "account: is another operator's already");
    }
    o->names[o->count] = strdup(name);
    o->uids[o->count] = uid;
    return o->names[o->count++] ? SLUIS_OK : SLUIS_NOMEM;
}

sluis_err operators_load(operators *out, const config_node *list, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    *out = (operators){0};
    if (!list)
        return SLUIS_OK;
    out->names = calloc(config_count(list), sizeof(*out->names));
    out->uids = calloc(config_count(list), sizeof(*out->uids));
    if (!out->names || !out->uids)
        e = SLUIS_NOMEM;
    for (size_t i = 0; !e && i < config_count(list); i++)
        e = load_one(out, config_at(list, i), f);
    if (!e)
        return SLUIS_OK;
    operators_close(out);
    return fail_set(f, e, "operators", "%s", error_text(e));
}

const char *operators_name(const operators *o, uid_t uid)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->uids[i] == uid)
            return o->names[i];
    return NULL;
}

void operators_close(operators *o)
{
    for (size_t i = 0; i < o->count; i++)
        free(o->names[i]);
    free(o->names);
    free(o->uids);
    *o = (operators){0};
}
