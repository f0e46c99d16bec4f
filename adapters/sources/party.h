/* What differs by kind of party and is code: where its answers come from, and the rules of its standard that
 * a mapping cannot say. One row a folder of adapters/; everything else is its mapping. */
#ifndef SLUIS_SOURCES_PARTY_H
#define SLUIS_SOURCES_PARTY_H

#include "mapping/mapping.h"

typedef enum { PARTY_FOLDER, PARTY_TYPED } party_source;

typedef struct {
    const char *name;      /* the configuration's "party" */
    party_source source;   /* a folder of files, or typed by a person */
    const char *extension; /* of the folder's files: ".xml"; NULL when typed */
    mapping_check check;   /* may be NULL */
} party_kind;

/* The kinds that a program knows, up to a NULL: main's table (adapters/sluis_adapter.c), one row a folder. */
typedef const party_kind *const *party_kinds;

#endif
