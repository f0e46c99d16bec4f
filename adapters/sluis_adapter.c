/* sluis-adapter: connects one party's system to a gateway. See adapters/README.md. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/coredump.h"
#include "base/log.h"
#include "base/program.h"
#include "crypto/crypto.h"
#include "ggd/ggd.h"
#include "police/police.h"
#include "runtime/adapter.h"
#include "runtime/settings.h"
#include "school/school.h"
#include "wgs/wgs.h"

const char *argp_program_version = "sluis-adapter " SLUIS_RELEASE;

/* A new kind of party is a folder and a row here. */
static const party_kind *const kinds[] = {&school_party, &ggd_party, &wgs_party, &police_party, NULL};

typedef struct {
    const char *configs[ADAPTERS_MAX]; /* one a gateway */
    size_t config_count;
    const char *check, *unmapped, *mapping, *catalogue;
    bool settings;
} arguments;

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "the adapter's configuration; again for each further municipality", 0},
    {"check-file", 'f', "FILE", 0, "with --config: what this file gives, without connecting", 0},
    {"unmapped", 'u', "FILE", 0, "with --mapping: what this file holds and the mapping leaves out", 0},
    {"mapping", 'm', "FILE", 0, "a mapping file", 0},
    {"catalogue", 'k', "FILE", 0, "the catalogue (default: config/rules/catalogue.conf)", 0},
    {"settings", 's', NULL, 0, "lists every key of the configuration", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case 'c':
        if (a->config_count == ADAPTERS_MAX)
            argp_error(state, "--config at most %d times", ADAPTERS_MAX);
        a->configs[a->config_count++] = value;
        break;
    case 'f':
        a->check = value;
        break;
    case 'u':
        a->unmapped = value;
        break;
    case 'm':
        a->mapping = value;
        break;
    case 'k':
        a->catalogue = value;
        break;
    case 's':
        a->settings = true;
        break;
    case ARGP_KEY_END:
        if (!a->settings && !a->config_count && !(a->unmapped && a->mapping))
            argp_error(state, "--config FILE, or --unmapped FILE --mapping FILE");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Opened one after another; what they share of the machine (folders, sockets) then says so at once. */
static sluis_err serve(const char *const *paths, size_t n, sluis_fail *f)
{
    adapter *v[ADAPTERS_MAX] = {NULL};
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < n; i++)
        err = adapter_open(&v[i], paths[i], kinds, f);
    if (!err)
        err = adapter_run_all(v, n, f);
    for (size_t i = 0; i < n; i++)
        adapter_close(&v[i]);
    return err;
}

/* What the configuration says, or names, is wrong. */
static bool of_configuration(sluis_err e)
{
    return e == SLUIS_INVALID || e == SLUIS_NOT_FOUND || e == SLUIS_MODE || e == SLUIS_WRONG_SENDER;
}

static void list_settings(void)
{
    buffer b;
    buffer_init(&b, 1 << 20);
    adapter_settings_describe(&b);
    fwrite(b.p, 1, b.n, stdout);
    buffer_close(&b);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, NULL, "Connects one party's system to a Sluis gateway." SLUIS_EXITS_TEXT,
        NULL,    NULL,  NULL};
    arguments a = {.catalogue = "config/rules/catalogue.conf"};
    sluis_fail f = {0};
    sluis_err err = SLUIS_OK;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    coredump_forbid();
    log_init("sluis-adapter", LOG_INFO);
    if (crypto_start()) {
        fputs("sluis-adapter: libsodium cannot start\n", stderr);
        return EXIT_FAILED;
    }
    if (a.settings)
        list_settings();
    else if (a.unmapped)
        err = adapter_unmapped(a.mapping, a.catalogue, a.unmapped, &f);
    else if (a.check)
        err = adapter_check_file(a.configs[0], kinds, a.check, &f);
    else
        err = serve(a.configs, a.config_count, &f);
    const bool serving = !a.settings && !a.unmapped && !a.check;
    if (err)
        fprintf(stderr, "sluis-adapter: %s%s%s\n", f.where, f.where[0] ? ": " : "",
                f.text[0] ? f.text : error_text(err));
    return !err ? EXIT_OK : serving && of_configuration(err) ? EXIT_CONFIG : EXIT_FAILED;
}
