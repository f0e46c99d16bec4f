/* sluisctl: one command-line tool for operators, adapter builders and auditors. The commands: ctl/commands.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/coredump.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "ctl/commands.h"

static void print_usage(FILE *out)
{
    fputs("Usage: sluisctl COMMAND [OPTION...]\n\n", out);
    for (const ctl_command *c = ctl_commands; c->name; c++)
        fprintf(out, "  %-18s %-12s %s\n", c->name, c->operand ? c->operand : "", c->help);
    fputs("\nEach command takes --help, and --json for one JSON object on stdout.\n\nExit codes:\n", out);
#define X(name, value, text) fprintf(out, "  %d  %s\n", value, text);
    CTL_EXITS(X)
#undef X
}

/* How many words of argv[1..] are this command's name; 0 when it is another's. */
static int matches(const ctl_command *c, int argc, char **argv)
{
    const char *space = strchr(c->name, ' ');
    if (!space)
        return argc > 1 && strcmp(argv[1], c->name) == 0 ? 1 : 0;
    size_t n = (size_t)(space - c->name);
    return argc > 2 && strncmp(argv[1], c->name, n) == 0 && argv[1][n] == '\0' &&
                   strcmp(argv[2], space + 1) == 0
               ? 2
               : 0;
}

int main(int argc, char **argv)
{
    const ctl_command *found = NULL;
    int words = 0;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return CTL_OK;
    }
    for (const ctl_command *c = ctl_commands; c->name; c++) {
        int n = matches(c, argc, argv);
        if (n > words) {
            words = n;
            found = c;
        }
    }
    if (!found) {
        print_usage(stderr);
        return CTL_USAGE;
    }
    log_init("sluisctl", LOG_WARN);
    coredump_forbid();
    if (crypto_start()) {
        fputs("sluisctl: libsodium cannot be started\n", stderr);
        return CTL_LOCAL;
    }
    return (int)ctl_run(found, argc - words, argv + words);
}
