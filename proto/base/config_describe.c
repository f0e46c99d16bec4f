/* A schema table as people read it. */
#include <stdio.h>
#include <string.h>

#include "base/config.h"

#define VALUE_TEXT_MAX 300
#define KEY_COLUMN     26 /* characters, the prefix in them */

static int bounds_text(char *out, size_t cap, const config_key *k)
{
    const char *what = k->type == CONFIG_INT ? k->unit : k->type == CONFIG_STR ? "characters" : "entries";
    const long long min = (long long)k->min, max = (long long)k->max;
    if (k->type == CONFIG_BOOL || k->type == CONFIG_GROUP || (min == 0 && max == 0) || max < min)
        return snprintf(out, cap, "%s", "");
    if (min == max)
        return snprintf(out, cap, ", %lld %s", max, what);
    return snprintf(out, cap, ", %lld to %lld%s%s", min, max, *what ? " " : "", what);
}

/* False when out is too small. */
static bool value_text(char *out, size_t cap, const config_key *k)
{
    const char *quote = k->dflt && k->type == CONFIG_STR ? "\"" : "";
    const char *value = k->dflt ? k->dflt : k->required ? "required" : "optional";
    int n = snprintf(out, cap, "%s%s%s", quote, value, quote);
    if (n < 0 || (size_t)n >= cap)
        return false;
    int more = bounds_text(out + n, cap - (size_t)n, k);
    return more >= 0 && (size_t)(n + more) < cap;
}

void config_describe(buffer *out, const char *prefix, const config_key *keys, size_t n)
{
    char value[VALUE_TEXT_MAX];
    for (size_t i = 0; i < n; i++)
        if (keys[i].type != CONFIG_GROUP)
            buffer_printf(out, "%s%-*s  %s\n    %s\n", prefix, KEY_COLUMN - (int)strlen(prefix), keys[i].key,
                          value_text(value, sizeof value, &keys[i]) ? value : "(see the manual)",
                          keys[i].help);
}
