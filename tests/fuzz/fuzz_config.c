/* Any bytes as a configuration: read, checked against a schema of every type, every value taken out. */
#include <stdlib.h>

#include "base/config.h"

static const config_key inner[] = {
    {.key = "oin", .type = CONFIG_STR, .min = 20, .max = 20},
    {.key = "n", .type = CONFIG_INT, .min = -5, .max = 5},
};
static const config_key keys[] = {
    {.key = "name", .type = CONFIG_STR, .min = 1, .max = 64},
    {.key = "port", .type = CONFIG_INT, .min = 1, .max = 65535, .dflt = "5555"},
    {.key = "quota", .type = CONFIG_INT, .min = 1, .max = 0},
    {.key = "strict", .type = CONFIG_BOOL, .dflt = "true"},
    {.key = "laws", .type = CONFIG_STRS, .max = 4},
    {.key = "parties", .type = CONFIG_LIST, .max = 8},
    {.key = "limits", .type = CONFIG_GROUP},
};
#define KEYS  keys, sizeof keys / sizeof *keys
#define INNER inner, sizeof inner / sizeof *inner

static void take(const config_node *r)
{
    config_str(r, KEYS, "name");
    config_bool(r, KEYS, "strict");
    int64_t port = config_int(r, KEYS, "port");
    if (port < 1 || port > 65535)
        abort();
    const config_node *laws = config_get(r, "laws"), *parties = config_get(r, "parties");
    for (size_t i = 0; i < config_count(laws); i++)
        if (!config_at_str(laws, i))
            abort();
    for (size_t i = 0; i < config_count(parties); i++) {
        sluis_fail f = {0};
        const config_node *p = config_at(parties, i);
        if (config_check(p, INNER, &f) == SLUIS_OK)
            config_str(p, INNER, "oin");
        else if (f.code == SLUIS_OK || !f.where[0] || !f.text[0])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    config *c = NULL;
    sluis_fail f = {0};
    sluis_err e = config_read_text(&c, "fuzz.conf", (const char *)data, size, &f);
    if (!e)
        e = config_check(config_root(c), KEYS, &f);
    if (!e)
        take(config_root(c));
    else if (f.code != e || !f.where[0] || !f.text[0] || !utf8_valid(bytes_str(f.text)))
        abort();
    config_free(&c);
    return 0;
}
