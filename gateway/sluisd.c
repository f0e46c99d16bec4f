/* sluisd: the gateway. Reads its configuration, starts the gateway, waits for SIGTERM; SIGHUP reloads the
 * rules. */
#include <argp.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/coredump.h"
#include "base/log.h"
#include "base/program.h"
#include "daemon/daemon.h"

const char *argp_program_version = "sluisd " SLUIS_RELEASE;

static char doc[] = "The Sluis gateway: routes signed, sealed data requests and keeps the register and the "
                    "journal." SLUIS_EXITS_TEXT;
static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "configuration file (keys: sluisctl config)", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    const char **path = state->input;
    if (key == 'c')
        *path = arg;
    else if (key == ARGP_KEY_END && !*path)
        argp_error(state, "name a configuration: --config FILE");
    else if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument: %s", arg);
    else if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp parser = {options, parse_option, NULL, doc, NULL, NULL, NULL};

/* A connection is a file: as many as the system allows, whatever a shell begins with. */
static void raise_files(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    settings s;
    gateway *g = NULL;
    sluis_fail f = {0};
    sigset_t set;
    int which = 0;
    argp_parse(&parser, argc, argv, 0, NULL, &path);
    coredump_forbid();
    log_init("sluisd", LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    raise_files();
    sluis_err e = settings_load(&s, path, &f);
    if (e) {
        log_write(LOG_ERROR, "sluisd.config", "code", error_token(e), "where", f.where, "text", f.text, NULL);
        return EXIT_CONFIG;
    }
    log_init("sluisd", (log_level)s.log_level);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited: only this thread waits for signals */
    e = gateway_start(&g, &s, &f);
    if (e) {
        log_write(LOG_ERROR, "sluisd.start", "code", error_token(e), "where", f.where, "text", f.text, NULL);
    } else {
        while (sigwait(&set, &which) == 0 && which == SIGHUP)
            gateway_reload(g);
        log_write(LOG_INFO, "sluisd.stopping", NULL);
        gateway_stop(&g);
        log_write(LOG_INFO, "sluisd.stopped", NULL);
    }
    settings_close(&s);
    return e ? EXIT_FAILED : EXIT_OK;
}
