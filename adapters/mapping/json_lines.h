/* Where in a JSON text does a pointer lead: parsers forget lines, people look for them. Thread: pure. */
#ifndef SLUIS_MAPPING_JSON_LINES_H
#define SLUIS_MAPPING_JSON_LINES_H

#include "base/bytes.h"

/* The line (from 1) of the value that the concrete pointer ("/a/0/b") names in text, which a parser has
 * accepted before. A pointer that leads nowhere gives the line of the deepest value on its way. */
int json_line(bytes text, const char *pointer);

#endif
