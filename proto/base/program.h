/* What all programs say alike: their release, and how the daemons (sluisd, sluis-http, sluis-adapter,
 * sluis-link) end. Numbers are those of sysexits(3) where it has one. sluisctl's own: ctl/command.h. */
#ifndef SLUIS_BASE_PROGRAM_H
#define SLUIS_BASE_PROGRAM_H

#define SLUIS_RELEASE "0.1.0"

/* X(name, value, text), as --help and the README print them. */
#define SLUIS_EXITS(X)                                                                                       \
    X(OK, 0, "ended as asked")                                                                               \
    X(FAILED, 1, "cannot start, or cannot go on: the last line of the log says why")                         \
    X(USAGE, 64, "the command line is wrong")                                                                \
    X(SOFTWARE, 70, "the store failed, or a defect: start it again, it verifies first")                      \
    X(CONFIG, 78, "the configuration is wrong: to start it again does not help")

typedef enum {
#define X(name, value, text) EXIT_##name = value,
    SLUIS_EXITS(X)
#undef X
} program_exit;

/* For --help, behind the options. */
#define SLUIS_EXIT_LINE(name, value, text) "  " #value "  " text "\n"
#define SLUIS_EXITS_TEXT                   "\vExit codes:\n" SLUIS_EXITS(SLUIS_EXIT_LINE)

#endif
