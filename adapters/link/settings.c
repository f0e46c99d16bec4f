#include "link/settings.h"

#include <string.h>

#include "crypto/pubfile.h"
#include "wire/envelope.h"

#define KEYS(a)        (a), sizeof(a) / sizeof((a)[0])
#define PATH_MAX_BYTES 1024

static const config_key root_keys[] = {
    {"sides", CONFIG_LIST, true, LINK_SIDES, LINK_SIDES, "", NULL, "the two gateways"},
    {"passphrase_file", CONFIG_STR, false, 1, PATH_MAX_BYTES, "", NULL,
     "the keys' passphrase: a file, credential:NAME (of systemd), fd:N or tty"},
    {"test_mode", CONFIG_BOOL, false, 0, 0, "", "false",
     "test organisations only, instead of real ones only"},
    {"credit", CONFIG_INT, false, 1, 64, "messages", "8", "deliveries of one side on their way to the other"},
    {"max_frame", CONFIG_INT, false, 65536, ENVELOPE_MAX, "bytes", "1048576", "largest message"},
    {"reconnect_max_ms", CONFIG_INT, false, 100, 600000, "ms", "10000",
     "longest pause between attempts to connect"},
};
static const config_key side_keys[] = {
    {"oin", CONFIG_STR, true, OIN_LEN, OIN_LEN, "", NULL, "organisation number of the municipality"},
    {"name", CONFIG_STR, true, 1, 120, "", NULL, "its gateway's name, as in its checkpoints"},
    {"endpoint", CONFIG_STR, true, 1, 200, "", NULL, "tcp://host:port of its bus"},
    {"curve_pk", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL,
     "the bus's transport key: 64 hex digits or a .pub file"},
    {"root_pk", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL,
     "its directory's offline root key: likewise, by a road of its own"},
    {"key", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL,
     "file of the transport key that the other municipality enrolled there (sluisctl key new --for link)"},
};

static sluis_err read_key(uint8_t out[static PK_LEN], const config_node *g, const char *key, key_use use,
                          sluis_fail *f)
{
    const char *text = config_str(g, KEYS(side_keys), key);
    if (strlen(text) == 2 * PK_LEN && !hex_decode(out, PK_LEN, text, 2 * PK_LEN))
        return SLUIS_OK;
    return pubfile_read(out, text, use, f);
}

static sluis_err read_side(link_side *s, const config_node *g, bool test, sluis_fail *f)
{
    sluis_err err = config_check(g, KEYS(side_keys), f);
    if (err)
        return err;
    const char *who = config_str(g, KEYS(side_keys), "oin");
    if (oin_parse(&s->gateway, who, strlen(who)))
        return config_fail(config_get(g, "oin"), f, "not an OIN");
    if (oin_is_test(&s->gateway) != test)
        return config_fail(config_get(g, "oin"), f,
                           test ? "test_mode takes test organisations (00000099...) only"
                                : "a test organisation (00000099...) without test_mode");
    s->name = config_str(g, KEYS(side_keys), "name");
    s->endpoint = config_str(g, KEYS(side_keys), "endpoint");
    s->key = config_str(g, KEYS(side_keys), "key");
    err = read_key(s->curve_pk, g, "curve_pk", USE_CURVE, f);
    return err ? err : read_key(s->root_pk, g, "root_pk", USE_ROOT, f);
}

static sluis_err read_root(link_settings *s, sluis_fail *f)
{
    const config_node *root = config_root(s->cfg), *sides;
    sluis_err err = config_check(root, KEYS(root_keys), f);
    if (err)
        return err;
    sides = config_get(root, "sides");
    s->passphrase_file = config_str(root, KEYS(root_keys), "passphrase_file");
    s->credit = (uint32_t)config_int(root, KEYS(root_keys), "credit");
    s->max_frame = (size_t)config_int(root, KEYS(root_keys), "max_frame");
    s->reconnect_max_ms = (int)config_int(root, KEYS(root_keys), "reconnect_max_ms");
    for (size_t i = 0; !err && i < LINK_SIDES; i++)
        err = read_side(&s->side[i], config_at(sides, i), config_bool(root, KEYS(root_keys), "test_mode"), f);
    if (!err && oin_equal(&s->side[0].gateway, &s->side[1].gateway))
        err = config_fail(sides, f, "both sides are the same municipality");
    return err;
}

sluis_err link_settings_read(link_settings *out, const char *path, sluis_fail *f)
{
    *out = (link_settings){0};
    sluis_err err = config_read_file(&out->cfg, path, f);
    if (!err)
        err = read_root(out, f);
    if (err)
        link_settings_close(out);
    return err;
}

void link_settings_close(link_settings *s)
{
    config_free(&s->cfg);
    *s = (link_settings){0};
}

void link_settings_describe(buffer *out)
{
    config_describe(out, "", KEYS(root_keys));
    config_describe(out, "sides.", KEYS(side_keys));
}
