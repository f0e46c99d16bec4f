/* `config`: the schema tables of sluisd, so that the manual cannot differ from the program. */
#include <stdio.h>

#include "settings/settings.h"
#include "ctl/commands.h"

static const char *const type_names[] = {
    [CONFIG_STR] = "text",    [CONFIG_INT] = "number", [CONFIG_BOOL] = "bool",
    [CONFIG_GROUP] = "group", [CONFIG_LIST] = "list",  [CONFIG_STRS] = "texts",
};

ctl_exit ctl_config(ctl_call *c)
{
    static const char *const columns[] = {"key", "type", "default", "unit", "help", NULL};
    json_t *rows = json_array();
    char key[160];
    for (size_t g = 0; g < SETTINGS_GROUPS; g++)
        for (size_t i = 0; i < settings_groups[g].count; i++) {
            const config_key *k = &settings_groups[g].keys[i];
            snprintf(key, sizeof key, "%s%s%s", settings_groups[g].group,
                     *settings_groups[g].group ? "." : "", k->key);
            json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:I}", "key", key, "type",
                                                  type_names[k->type], "default",
                                                  k->dflt       ? k->dflt
                                                  : k->required ? "(required)"
                                                                : "(none)",
                                                  "unit", k->unit, "help", k->help, "required", k->required,
                                                  "min", (json_int_t)k->min, "max", (json_int_t)k->max));
        }
    ctl_print_table(c, rows, columns);
    return CTL_OK;
}
