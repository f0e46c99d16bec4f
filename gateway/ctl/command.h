/* One command of sluisctl: its options as a table, parsed by argp, and how its results leave the program.
 * Data go to stdout (text, or one JSON object with --json), messages to stderr.
 * Thread: one. */
#ifndef SLUIS_CTL_COMMAND_H
#define SLUIS_CTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* X(name, value, text): the exit codes, as --help and the README print them. */
#define CTL_EXITS(X)                                                                                         \
    X(OK, 0, "done; nothing wrong found")                                                                    \
    X(FOUND, 1, "a negative finding: the verification failed, or nothing such exists")                       \
    X(USAGE, 2, "the command line is wrong")                                                                 \
    X(UNREACHED, 3, "the program at the socket cannot be reached, or did not answer in time")                \
    X(REFUSED, 4, "the other side refused")                                                                  \
    X(LOCAL, 5, "something on this machine: a file, a permission, the disk")

typedef enum {
#define X(name, value, text) CTL_##name = value,
    CTL_EXITS(X)
#undef X
} ctl_exit;

#define CTL_OPTIONS_MAX 16
#define CTL_FILE_MAX    (1u << 20) /* bytes of a file or of stdin that a command reads */

typedef struct {
    const char *name, *arg; /* "--name=ARG"; arg NULL: a switch */
    const char *help;
    const char *dflt; /* NULL: none */
    bool required;
} ctl_option;

typedef struct ctl_call ctl_call;

typedef struct {
    const char *name;          /* "journal verify" */
    const char *operand;       /* "DIR"; NULL: none. Always required when there is one. */
    const char *help;          /* one sentence */
    const ctl_option *options; /* up to one without a name; --json is everyone's */
    ctl_exit (*run)(ctl_call *c);
} ctl_command;

struct ctl_call {
    const ctl_command *command;
    const char *values[CTL_OPTIONS_MAX]; /* in the order of the options; NULL: not given and no default */
    const char *operand;
    bool json;
};

/* Parses argv[1..] of this command and runs it. Usage errors and --help end the program (argp). */
ctl_exit ctl_run(const ctl_command *command, int argc, char **argv);

/* The value of an option of the command (a switch: "" when given); NULL when absent. */
const char *ctl_value(const ctl_call *c, const char *name);
/* A decimal option within [min, max]; otherwise ends the program with USAGE. */
long ctl_number(const ctl_call *c, const char *name, long min, long max);

/* Prints the failure (to stderr; with --json as one object) and returns the exit code that fits its kind. */
ctl_exit ctl_failed(const ctl_call *c, const sluis_fail *f);
/* Prints what was looked for and found wrong, which is a result: on stdout. */
ctl_exit ctl_found(const ctl_call *c, sluis_err e, const sluis_fail *f);
/* Asks the program at the command's --socket. The reply is owned; on failure it is NULL and *code says what
 * to exit with (printed already). request is taken. */
json_t *ctl_ask(const ctl_call *c, json_t *request, ctl_exit *code);
/* The same for what changes something: prints the reply, and says when another person must carry it out. */
ctl_exit ctl_order(const ctl_call *c, json_t *request);

/* Reads a whole file ("-" = stdin), at most CTL_FILE_MAX; owned, NUL-terminated. */
sluis_err ctl_read(char **out, size_t *n, const char *path, sluis_fail *f);

/* Prints data (taken): as JSON, or a line "key  value" a member, what is in a member below it; strings are
 * cleaned of control characters. */
void ctl_print(const ctl_call *c, json_t *data);
/* Prints an array of objects: as JSON, or as a table with these columns (up to a NULL); on a terminal that is
 * too narrow for it, a line a column. rows is taken. */
void ctl_print_table(const ctl_call *c, json_t *rows, const char *const *columns);
/* A line on stderr, not with --json. */
void ctl_note(const ctl_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
