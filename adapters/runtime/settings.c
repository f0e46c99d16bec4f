#include "runtime/settings.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/pubfile.h"
#include "runtime/local_rules.h"
#include "runtime/staff.h"
#include "wire/envelope.h"

#define KEYS(a)        (a), sizeof(a) / sizeof((a)[0])
#define PATH_MAX_BYTES 1024
#define OVERLAP_MAX    32

static const config_key root_keys[] = {
    {"oin", CONFIG_STR, true, OIN_LEN, OIN_LEN, "", NULL, "this party's organisation number"},
    {"party", CONFIG_STR, true, 0, 0, "", NULL, "school, ggd, wgs or police: what its files look like"},
    {"gateway", CONFIG_GROUP, true, 0, 0, "", NULL, "the municipality's gateway"},
    {"keys", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL, "folder with sign.key, seal.key and curve.key"},
    {"passphrase_file", CONFIG_STR, false, 1, PATH_MAX_BYTES, "", NULL,
     "the keys' passphrase: a file, credential:NAME (of systemd), fd:N or tty"},
    {"store", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL, "folder of the adapter's own store"},
    {"control", CONFIG_STR, true, 1, 100, "", NULL, "path of the control socket (the inbox)"},
    {"catalogue", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL, "the gateway's catalogue.conf"},
    {"mapping", CONFIG_STR, false, 1, PATH_MAX_BYTES, "", NULL, "mapping file; not for a party that types"},
    {"source", CONFIG_GROUP, false, 0, 0, "", NULL, "the folder of files; not for a party that types"},
    {"mode", CONFIG_STR, false, 0, 0, "", "release", "automatic, or release: a person releases each answer"},
    {"rules", CONFIG_LIST, false, 0, 256, "", NULL, "the party's own law, an attribute or category each"},
    {"staff", CONFIG_GROUP, false, 0, 0, "", NULL, "who decides what, and who stands in; absent: anyone"},
    {"test_mode", CONFIG_BOOL, false, 0, 0, "", "false", "test identifiers only, instead of real ones only"},
    {"credit", CONFIG_INT, false, 1, 256, "messages", "64", "deliveries taken before one is done"},
    {"max_frame", CONFIG_INT, false, 65536, ENVELOPE_MAX, "bytes", "1048576", "largest message"},
    {"max_held", CONFIG_INT, false, 1, 1000000, "requests", "10000", "requests that may wait for a person"},
    {"quota_bytes", CONFIG_INT, false, 1 << 20, INT64_C(1) << 43, "bytes", "1073741824", "largest store"},
    {"answer_ms", CONFIG_INT, false, 60000, INT64_C(2592000000), "ms", "604800000",
     "how long an answer may travel"},
    {"keep_ms", CONFIG_INT, false, 0, INT64_C(31536000000), "ms", "2592000000",
     "how long a finished request stays in the inbox"},
    {"seal_period_ms", CONFIG_INT, false, 1000, INT64_C(31536000000), "ms", "604800000",
     "the sealing key is renewed after"},
    {"seal_keep_ms", CONFIG_INT, false, 1000, INT64_C(31536000000), "ms", "2678400000",
     "a replaced sealing key is destroyed after: a day, and the longest life of a message"},
    {"reconnect_max_ms", CONFIG_INT, false, 100, 600000, "ms", "10000",
     "longest pause between attempts to connect"},
};
static const config_key gateway_keys[] = {
    {"endpoint", CONFIG_STR, true, 1, 200, "", NULL, "tcp://host:port of the bus"},
    {"oin", CONFIG_STR, true, OIN_LEN, OIN_LEN, "", NULL, "organisation number of the gateway"},
    {"name", CONFIG_STR, true, 1, 120, "", NULL, "the gateway's name, as in its checkpoints"},
    {"curve_pk", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL,
     "the bus's transport key: 64 hex digits or a .pub file"},
    {"root_pk", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL, "the directory's offline root key: likewise"},
};
static const config_key source_keys[] = {
    {"folder", CONFIG_STR, true, 1, PATH_MAX_BYTES, "", NULL, "where the files are"},
    {"max_files", CONFIG_INT, false, 1, 1000000, "files", "10000", "files read"},
    {"max_file_bytes", CONFIG_INT, false, 1024, DOCUMENT_MAX_BYTES, "bytes", "4194304", "largest file read"},
    {"refresh_ms", CONFIG_INT, false, 100, 3600000, "ms", "2000", "how often the folder is looked at"},
};

static sluis_err read_key(uint8_t out[static PK_LEN], const config_node *g, const char *key, key_use use,
                          sluis_fail *f)
{
    const char *text = config_str(g, KEYS(gateway_keys), key);
    if (strlen(text) == 2 * PK_LEN && !hex_decode(out, PK_LEN, text, 2 * PK_LEN))
        return SLUIS_OK;
    return pubfile_read(out, text, use, f);
}

static sluis_err read_oin(oin *out, const config_node *node, const char *text, bool test, sluis_fail *f)
{
    if (oin_parse(out, text, strlen(text)))
        return config_fail(node, f, "not an OIN");
    if (oin_is_test(out) != test)
        return config_fail(node, f,
                           test ? "test_mode takes test organisations (00000099...) only"
                                : "a test organisation (00000099...) without test_mode");
    return SLUIS_OK;
}

static sluis_err read_gateway(settings *s, const config_node *g, sluis_fail *f)
{
    sluis_err err = config_check(g, KEYS(gateway_keys), f);
    if (err)
        return err;
    s->gateway_endpoint = config_str(g, KEYS(gateway_keys), "endpoint");
    s->gateway_name = config_str(g, KEYS(gateway_keys), "name");
    err = read_oin(&s->gateway, config_get(g, "oin"), config_str(g, KEYS(gateway_keys), "oin"), s->test_mode,
                   f);
    if (!err)
        err = read_key(s->gateway_curve_pk, g, "curve_pk", USE_CURVE, f);
    return err ? err : read_key(s->root_pk, g, "root_pk", USE_ROOT, f);
}

static sluis_err read_source(settings *s, const config_node *root, sluis_fail *f)
{
    const config_node *source = config_get(root, "source");
    s->mapping = config_str(root, KEYS(root_keys), "mapping");
    if (s->party->source == PARTY_TYPED) {
        if (source || s->mapping)
            return config_fail(root, f, "a %s types its answers: no source, no mapping", s->party->name);
        s->refresh_ms = 60000;
        return SLUIS_OK;
    }
    if (!source || !s->mapping)
        return config_fail(root, f, "a %s needs source and mapping", s->party->name);
    sluis_err err = config_check(source, KEYS(source_keys), f);
    if (err)
        return err;
    s->folder = config_str(source, KEYS(source_keys), "folder");
    s->max_files = (size_t)config_int(source, KEYS(source_keys), "max_files");
    s->max_file_bytes = (size_t)config_int(source, KEYS(source_keys), "max_file_bytes");
    s->refresh_ms = (int)config_int(source, KEYS(source_keys), "refresh_ms");
    return SLUIS_OK;
}

static void read_bounds(settings *s, const config_node *root)
{
    s->credit = (uint32_t)config_int(root, KEYS(root_keys), "credit");
    s->max_frame = (size_t)config_int(root, KEYS(root_keys), "max_frame");
    s->max_held = (size_t)config_int(root, KEYS(root_keys), "max_held");
    s->quota_bytes = (uint64_t)config_int(root, KEYS(root_keys), "quota_bytes");
    s->answer_ms = (uint64_t)config_int(root, KEYS(root_keys), "answer_ms");
    s->keep_ms = (uint64_t)config_int(root, KEYS(root_keys), "keep_ms");
    s->seal_period_ms = (uint64_t)config_int(root, KEYS(root_keys), "seal_period_ms");
    s->seal_keep_ms = (uint64_t)config_int(root, KEYS(root_keys), "seal_keep_ms");
    s->reconnect_max_ms = (int)config_int(root, KEYS(root_keys), "reconnect_max_ms");
}

static sluis_err read_party(settings *s, const config_node *node, const char *name, party_kinds kinds,
                            sluis_fail *f)
{
    while (*kinds && strcmp((*kinds)->name, name) != 0)
        kinds++;
    s->party = *kinds;
    return s->party ? SLUIS_OK : config_fail(node, f, "party is not school, ggd, wgs or police");
}

static sluis_err read_root(settings *s, party_kinds kinds, sluis_fail *f)
{
    const config_node *root = config_root(s->cfg);
    sluis_err err = config_check(root, KEYS(root_keys), f);
    if (err)
        return err;
    s->test_mode = config_bool(root, KEYS(root_keys), "test_mode");
    err =
        read_oin(&s->own, config_get(root, "oin"), config_str(root, KEYS(root_keys), "oin"), s->test_mode, f);
    if (err)
        return err;
    err = read_party(s, config_get(root, "party"), config_str(root, KEYS(root_keys), "party"), kinds, f);
    if (err)
        return err;
    const char *mode = config_str(root, KEYS(root_keys), "mode");
    s->mode = strcmp(mode, "automatic") == 0 ? MODE_AUTOMATIC : MODE_RELEASE;
    if (s->mode == MODE_RELEASE && strcmp(mode, "release") != 0)
        return config_fail(config_get(root, "mode"), f, "mode is not automatic or release");
    s->keys = config_str(root, KEYS(root_keys), "keys");
    s->passphrase_file = config_str(root, KEYS(root_keys), "passphrase_file");
    s->store = config_str(root, KEYS(root_keys), "store");
    s->control = config_str(root, KEYS(root_keys), "control");
    s->catalogue = config_str(root, KEYS(root_keys), "catalogue");
    s->rules = config_get(root, "rules");
    s->staff = config_get(root, "staff");
    read_bounds(s, root);
    const config_node *keep = config_get(root, "seal_keep_ms");
    if (s->seal_keep_ms > s->seal_period_ms * OVERLAP_MAX)
        return config_fail(keep ? keep : root, f,
                           "seal_keep_ms: at most %d times seal_period_ms, or too many keys overlap",
                           OVERLAP_MAX);
    err = read_gateway(s, config_get(root, "gateway"), f);
    return err ? err : read_source(s, root, f);
}

sluis_err adapter_settings_read(settings *out, const char *path, party_kinds kinds, sluis_fail *f)
{
    *out = (settings){0};
    sluis_err err = config_read_file(&out->cfg, path, f);
    if (!err)
        err = read_root(out, kinds, f);
    if (err)
        adapter_settings_close(out);
    return err;
}

void adapter_settings_close(settings *s)
{
    config_free(&s->cfg);
    *s = (settings){0};
}

void adapter_settings_describe(buffer *out)
{
    config_describe(out, "", KEYS(root_keys));
    config_describe(out, "gateway.", KEYS(gateway_keys));
    config_describe(out, "source.", KEYS(source_keys));
    staff_describe(out);
    local_rules_describe(out);
}
