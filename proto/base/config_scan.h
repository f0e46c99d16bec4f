/* The pass over a configuration's text before libconfig reads it, and errors that quote a line of it.
 * Internal to config.c. Thread: pure. */
#ifndef SLUIS_BASE_CONFIG_SCAN_H
#define SLUIS_BASE_CONFIG_SCAN_H

#include <stddef.h>

#include "base/error.h"

/* All borrowed. text is NUL-terminated and ends in LF. */
typedef struct {
    const char *name, *text;
    size_t n; /* bytes of text, without the NUL */
} config_source;

sluis_err config_scan(const config_source *c, sluis_fail *f);
/* Fills f: "name:line" and the text with the line quoted. Returns INVALID. */
sluis_err config_source_fail(const config_source *c, int line, sluis_fail *f, const char *text);

#endif
