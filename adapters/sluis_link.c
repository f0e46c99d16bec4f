/* sluis-link: carries sealed messages between two municipalities' gateways. See adapters/link/README.md. */
#include <argp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/coredump.h"
#include "base/log.h"
#include "base/program.h"
#include "link/link.h"

const char *argp_program_version = "sluis-link " SLUIS_RELEASE;

typedef struct {
    const char *config;
    bool settings;
} arguments;

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "its configuration", 0},
    {"settings", 's', NULL, 0, "lists every key of the configuration", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    if (key == 'c')
        a->config = value;
    else if (key == 's')
        a->settings = true;
    else if (key == ARGP_KEY_END && !a->config && !a->settings)
        argp_error(state, "--config FILE");
    else if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument: %s", value);
    else if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static void list_settings(void)
{
    buffer b;
    buffer_init(&b, 1 << 20);
    link_settings_describe(&b);
    fwrite(b.p, 1, b.n, stdout);
    buffer_close(&b);
}

/* *out: how the program ends. */
static sluis_err serve(program_exit *out, const char *path, sluis_fail *f)
{
    link_settings s;
    link_pair *l = NULL;
    sigset_t set;
    int which;
    sluis_err e = link_settings_read(&s, path, f);
    *out = e ? EXIT_CONFIG : EXIT_OK;
    if (e)
        return e;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited: only this thread waits for signals */
    e = link_start(&l, &s, f);
    if (!e)
        sigwait(&set, &which);
    else
        *out = EXIT_FAILED;
    link_stop(&l);
    link_settings_close(&s);
    return e;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse,
        NULL,    "Carries sealed messages between two municipalities' gateways." SLUIS_EXITS_TEXT,
        NULL,    NULL,
        NULL};
    arguments a = {0};
    sluis_fail f = {0};
    sluis_err err = SLUIS_OK;
    program_exit end = EXIT_OK;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    coredump_forbid();
    log_init("sluis-link", LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    if (crypto_start()) {
        fputs("sluis-link: libsodium cannot start\n", stderr);
        return EXIT_FAILED;
    }
    if (a.settings)
        list_settings();
    else
        err = serve(&end, a.config, &f);
    if (err)
        fprintf(stderr, "sluis-link: %s%s%s\n", f.where, f.where[0] ? ": " : "",
                f.text[0] ? f.text : error_text(err));
    return (int)end;
}
