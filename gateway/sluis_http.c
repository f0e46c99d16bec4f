/* sluis-http: the HTTP API before sluisd. No keys, no store; see gateway/http/README.md. */
#include <argp.h>
#include <stdio.h>

#include "base/coredump.h"
#include "base/log.h"
#include "base/program.h"
#include "http/front.h"
#include "http/settings.h"

const char *argp_program_version = "sluis-http " SLUIS_RELEASE;

typedef struct {
    const char *config;
    bool settings;
} arguments;

static error_t on_option(int key, char *arg, struct argp_state *state)
{
    arguments *a = state->input;
    if (key == 'c')
        a->config = arg;
    else if (key == 's')
        a->settings = true;
    else if (key == ARGP_KEY_END && !a->config && !a->settings)
        argp_error(state, "name the configuration file: --config FILE");
    else if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static int list_settings(void)
{
    buffer b;
    buffer_init(&b, 1 << 20);
    front_settings_describe(&b);
    fwrite(b.p, 1, b.n, stdout);
    buffer_close(&b);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "Configuration file", 0},
        {"settings", 's', NULL, 0, "Lists every key of the configuration", 0},
        {0}};
    static const struct argp parser = {
        options, on_option, NULL, "Serves the HTTP API of a Sluis gateway." SLUIS_EXITS_TEXT,
        NULL,    NULL,      NULL};
    arguments a = {0};
    config *file = NULL;
    front *f = NULL;
    front_options o;
    sluis_fail why = {0};
    char port[8];
    argp_parse(&parser, argc, argv, 0, NULL, &a);
    if (a.settings)
        return list_settings();
    coredump_forbid();
    log_init("sluis-http", LOG_INFO);

    sluis_err e = front_settings_read(&o, &file, a.config, &why);
    const program_exit failed = e ? EXIT_CONFIG : EXIT_FAILED;
    if (!e)
        e = front_open(&f, &o, &why);
    if (!e) {
        snprintf(port, sizeof port, "%u", front_port(f));
        log_write(LOG_INFO, "http.start", "listen", o.http.listen ? o.http.listen : "", "port", port,
                  "unix_socket", o.http.unix_socket ? o.http.unix_socket : "", "gateway", o.gateway, NULL);
        e = front_run(f);
        log_write(LOG_INFO, "http.stop", NULL);
    }
    if (e)
        fprintf(stderr, "sluis-http: %s%s%s\n", why.where, why.where[0] ? ": " : "",
                why.text[0] ? why.text : error_text(e));
    front_close(&f);
    config_free(&file);
    return (int)(e ? failed : EXIT_OK);
}
