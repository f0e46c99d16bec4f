/* Configuration: one format (libconfig) for everything, read against a schema table.
 *
 * A key that the table does not list is an error; so is a missing required one, a wrong type, a value out
 * of range. Each error names file, line and the text of that line. @include is refused (one file, one
 * reader), and so are \x escapes, numbers that do not fit, nesting beyond 32 and more than 1024 keys a group.
 * A number of more than 32 bits is written with an L after it. This pair alone knows libconfig. Thread: one.
 */
#ifndef SLUIS_BASE_CONFIG_H
#define SLUIS_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

typedef struct config config;           /* a file, read */
typedef struct config_node config_node; /* a place in it; borrowed from its config */

typedef enum { CONFIG_STR, CONFIG_INT, CONFIG_BOOL, CONFIG_GROUP, CONFIG_LIST, CONFIG_STRS } config_type;

/* One key. min/max bound an integer, or the length of a string, or the count of a list;
 * both 0: no bound; max < min: no upper bound. */
typedef struct {
    const char *key;
    config_type type;
    bool required;
    int64_t min, max;
    const char *unit; /* "ms", "bytes", "" */
    const char *dflt; /* as printed by `sluisctl config`; NULL when required or absent means none */
    const char *help; /* one line, repeated in the manual */
} config_key;

#define CONFIG_MAX_BYTES (4u << 20)

/* Its name for the linker is another one, since libconfig exports a config_read_file too. */
sluis_err config_read_file(config **out, const char *path, sluis_fail *f) __asm__("sluis_config_read_file");
sluis_err config_read_text(config **out, const char *name, const char *text, size_t n, sluis_fail *f);
void config_free(config **c);
const config_node *config_root(const config *c);

/* Checks node (a group) against keys[0..n): unknown, missing, type, range. */
sluis_err config_check(const config_node *node, const config_key *keys, size_t n, sluis_fail *f);

/* After a check: the value, or the table's default (0, false or NULL when it has none). Strings are borrowed
 * from the config or the table. group may be NULL, as for an optional group that is absent. */
const char *config_str(const config_node *group, const config_key *keys, size_t n, const char *key);
int64_t config_int(const config_node *group, const config_key *keys, size_t n, const char *key);
bool config_bool(const config_node *group, const config_key *keys, size_t n, const char *key);

const config_node *config_get(const config_node *group, const char *key); /* NULL when absent */
size_t config_count(const config_node *list);
const config_node *config_at(const config_node *list, size_t i);
const char *config_at_str(const config_node *strs, size_t i); /* element of a list of strings */
int config_line(const config_node *node);

/* Whether two groups say the same, in whatever order, the key `but` (NULL: none) aside. */
bool config_same(const config_node *a, const config_node *b, const char *but);

/* A line a key: its name behind the prefix ("bus."), what may stand there ("262144, 4096 to 1048576 bytes":
 * its default first, or "required" or "optional"), its meaning; groups are left out. */
void config_describe(buffer *out, const char *prefix, const config_key *keys, size_t n);

/* An error at a node: fills f with "file:line", and the line's own text after the message. */
sluis_err config_fail(const config_node *node, sluis_fail *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
