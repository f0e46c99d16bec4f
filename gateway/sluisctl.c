/* sluisctl: one command-line tool for operators, adapter builders and auditors. The commands: ctl/commands.c.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/coredump.h"
#include "base/log.h"
#include "base/program.h"
#include "crypto/crypto.h"
#include "ctl/commands.h"

const char *argp_program_version = "sluisctl " SLUIS_RELEASE;

#define HELP_COLUMN 27
#define HELP_WIDTH  (79 - HELP_COLUMN)

/* Is word the first of this command's? */
static bool begins(const ctl_command *c, const char *word)
{
    size_t n = strlen(word);
    return strncmp(c->name, word, n) == 0 && (c->name[n] == ' ' || c->name[n] == '\0');
}

/* The explanation of a command, in lines that fit a terminal of 80 columns. */
static void print_help(FILE *out, const char *help)
{
    while (strlen(help) > HELP_WIDTH) {
        size_t n = HELP_WIDTH;
        while (n > 0 && help[n] != ' ')
            n--;
        if (n == 0) /* one word of that length: as it is */
            break;
        fprintf(out, "%.*s\n%*s", (int)n, help, HELP_COLUMN, "");
        help += n + 1;
    }
    fprintf(out, "%s\n", help);
}

/* Those that begin with the word; NULL: all. */
static void print_commands(FILE *out, const char *word)
{
    char name[64];
    for (const ctl_command *c = ctl_commands; c->name; c++) {
        if (word && !begins(c, word))
            continue;
        snprintf(name, sizeof name, "%s %s", c->name, c->operand ? c->operand : "");
        fprintf(out, "  %-24s ", name);
        print_help(out, c->help);
    }
}

static void print_usage(FILE *out)
{
    fputs("Usage: sluisctl COMMAND [OPTION...]\n\n", out);
    print_commands(out, NULL);
    fputs("\nEach command takes --help, and --json for one JSON object or array on stdout.\n\nExit codes:\n",
          out);
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

/* No command was found: says what there is instead; `sluisctl inbox --help` is answered on stdout. */
static ctl_exit no_command(int argc, char **argv)
{
    bool group = false;
    for (const ctl_command *c = ctl_commands; argc > 1 && c->name; c++)
        group = group || begins(c, argv[1]);
    if (argc < 2) {
        print_usage(stderr);
        return CTL_USAGE;
    }
    if (group && argc > 2 && strcmp(argv[2], "--help") == 0) {
        print_commands(stdout, argv[1]);
        return CTL_OK;
    }
    if (!group)
        fprintf(stderr, "sluisctl: there is no command `%s'; `sluisctl --help' lists them\n", argv[1]);
    else if (argc > 2)
        fprintf(stderr, "sluisctl: there is no command `%s %s', but\n", argv[1], argv[2]);
    else
        fprintf(stderr, "sluisctl: `%s' is one of\n", argv[1]);
    if (group)
        print_commands(stderr, argv[1]);
    return CTL_USAGE;
}

int main(int argc, char **argv)
{
    const ctl_command *found = NULL;
    int words = 0;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return CTL_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts(argp_program_version);
        return CTL_OK;
    }
    for (const ctl_command *c = ctl_commands; c->name; c++) {
        int n = matches(c, argc, argv);
        if (n > words) {
            words = n;
            found = c;
        }
    }
    if (!found)
        return (int)no_command(argc, argv);
    log_init("sluisctl", LOG_WARN);
    coredump_forbid();
    if (crypto_start()) {
        fputs("sluisctl: libsodium cannot be started\n", stderr);
        return CTL_LOCAL;
    }
    return (int)ctl_run(found, argc - words, argv + words);
}
