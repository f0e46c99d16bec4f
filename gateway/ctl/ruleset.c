/* `config check`, `reload`, `history`, `export`: the rules of a municipality. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "policy/rules.h"
#include "settings/settings.h"

#define PATH_LEN 4200

/* That the files which sluisd reads at start, besides keys and rules, are there. */
static sluis_err named_files(const settings *s, const char *conf, sluis_fail *f)
{
    const struct {
        const char *key, *path;
    } files[] = {{"tokens.jwks", s->jwks},
                 {"journal.readers", s->log_readers},
                 {"journal.witnesses", s->log_witnesses}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i].path && access(files[i].path, F_OK) != 0)
            return fail_set(f, SLUIS_NOT_FOUND, files[i].path, "%s: %s of %s names it", strerror(errno),
                            files[i].key, conf);
    return SLUIS_OK;
}

/* The checked set, or what is wrong with the configuration or with it. */
static sluis_err checked(ctl_call *c, rules **out, sluis_fail *f)
{
    const char *conf = ctl_value(c, "config"), *dir = ctl_value(c, "rules");
    settings s = {0};
    *out = NULL;
    sluis_err e = conf ? settings_load(&s, conf, f) : SLUIS_OK;
    if (!e && conf)
        e = named_files(&s, conf, f);
    if (!e)
        e = rules_load(out, dir ? dir : s.rules, f);
    if (!e)
        e = rules_all_used(*out, f);
    if (conf)
        settings_close(&s);
    return e;
}

ctl_exit ctl_config_check(ctl_call *c)
{
    const char *against = ctl_value(c, "against");
    rules *r = NULL, *old = NULL;
    sluis_fail f = {0};
    char hex[2 * HASH_LEN + 1];
    if (!ctl_value(c, "config") && !ctl_value(c, "rules")) {
        fprintf(stderr, "sluisctl config check: name --config FILE, --rules DIR, or both\n");
        return CTL_USAGE;
    }
    sluis_err e = checked(c, &r, &f);
    if (!e && against)
        e = rules_load(&old, against, &f);
    if (!e && against)
        e = rules_may_follow(old, r, clock_ms(), clock_ms(), &f);
    if (!e) {
        hex_encode(hex, rules_hash(r), HASH_LEN);
        ctl_print(c, json_pack("{s:b, s:s, s:I}", "ok", 1, "hash", hex, "attributes",
                               (json_int_t)rules_attribute_count(r)));
    }
    rules_unref(&r);
    rules_unref(&old);
    if (!e)
        return CTL_OK;
    ctl_failed(c, &f);
    return e == SLUIS_IO || e == SLUIS_NOMEM || e == SLUIS_PERMISSION ? CTL_LOCAL : CTL_FOUND;
}

ctl_exit ctl_config_reload(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c,
                            json_pack("{s:s, s:s, s:s}", "cmd", "config.reload", "reason",
                                      ctl_value(c, "reason"), "by", ctl_value(c, "by")),
                            &code);
    if (reply)
        ctl_print(c, reply);
    return code;
}

ctl_exit ctl_config_history(ctl_call *c)
{
    static const char *const columns[] = {"since", "hash", NULL};
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, json_pack("{s:s}", "cmd", "config.history"), &code);
    if (reply)
        ctl_print_table(c, json_incref(json_object_get(reply, "sets")), columns);
    json_decref(reply);
    return code;
}

/* Only names that a set has: what the other side says is no path. */
static sluis_err write_files(const json_t *files, const char *dir, sluis_fail *f)
{
    char path[PATH_LEN];
    sluis_err e = SLUIS_OK;
    if (mkdir(dir, 0755))
        return fail_set(f, errno == EEXIST ? SLUIS_EXISTS : SLUIS_IO, dir, "cannot be made: %s",
                        strerror(errno));
    for (size_t i = 0; !e && rules_file_name(i); i++) {
        const json_t *text = json_object_get(files, rules_file_name(i));
        if (!text && rules_file_optional(i))
            continue;
        if (!json_is_string(text))
            return fail_set(f, SLUIS_INVALID, rules_file_name(i), "is not in the reply");
        snprintf(path, sizeof path, "%s/%s", dir, rules_file_name(i));
        e = file_write_new(path, json_string_value(text), json_string_length(text), 0644, f);
    }
    return e;
}

ctl_exit ctl_config_export(ctl_call *c)
{
    ctl_exit code = CTL_OK;
    sluis_fail f = {0};
    json_t *reply =
        ctl_ask(c, json_pack("{s:s, s:s*}", "cmd", "config.export", "at", ctl_value(c, "at")), &code);
    if (!reply)
        return code;
    if (write_files(json_object_get(reply, "files"), ctl_value(c, "out"), &f)) {
        json_decref(reply);
        return ctl_failed(c, &f);
    }
    json_object_del(reply, "files");
    ctl_print(c, reply);
    return CTL_OK;
}
