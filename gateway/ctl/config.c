/* `config`: the schema tables of sluisd, so that the manual cannot differ from the program. */
#include <stdio.h>

#include "settings/settings.h"
#include "ctl/commands.h"

#define LISTING_MAX (1u << 20)

static const char *const type_names[] = {
    [CONFIG_STR] = "text",    [CONFIG_INT] = "number", [CONFIG_BOOL] = "bool",
    [CONFIG_GROUP] = "group", [CONFIG_LIST] = "list",  [CONFIG_STRS] = "texts",
};

static json_t *key_row(const char *prefix, const config_key *k)
{
    char key[160];
    snprintf(key, sizeof key, "%s%s", prefix, k->key);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:I}", "key", key, "type", type_names[k->type], "default",
                     k->dflt       ? k->dflt
                     : k->required ? "(required)"
                                   : "(none)",
                     "unit", k->unit, "help", k->help, "required", k->required, "min", (json_int_t)k->min,
                     "max", (json_int_t)k->max);
}

ctl_exit ctl_config(ctl_call *c)
{
    json_t *rows = json_array();
    buffer text;
    char prefix[64];
    buffer_init(&text, LISTING_MAX);
    for (size_t g = 0; g < SETTINGS_GROUPS; g++) {
        const settings_group *group = &settings_groups[g];
        snprintf(prefix, sizeof prefix, "%s%s", group->group, *group->group ? "." : "");
        config_describe(&text, prefix, group->keys, group->count);
        for (size_t i = 0; i < group->count; i++)
            json_array_append_new(rows, key_row(prefix, &group->keys[i]));
    }
    if (c->json)
        ctl_print(c, json_incref(rows));
    else
        fwrite(text.p, 1, text.n, stdout);
    buffer_close(&text);
    json_decref(rows);
    return CTL_OK;
}
