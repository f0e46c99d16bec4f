/* A list in a file, an entry a line; empty lines and those that begin with '#' count for nothing. Thread:
 * pure. */
#ifndef SLUIS_BASE_LINES_H
#define SLUIS_BASE_LINES_H

#include <stddef.h>

#include "base/error.h"

#define LINES_LONGEST 512 /* bytes, its end and the NUL included */

/* One entry, which may be written in; where: "path:line". What it returns ends the reading. */
typedef sluis_err (*line_fn)(void *ctx, char *line, const char *where, sluis_fail *f);

/* longest: what is longer than this (at most LINES_LONGEST) is taken for more lines. IO: it cannot be read.
 */
sluis_err lines_read(const char *path, size_t longest, line_fn each, void *ctx, sluis_fail *f);

#endif
