/* A party's file, parsed: XML or JSON behind one small interface, so that mappings, party checks and the list
 * of what is left out are written once. Engines: document_xml.c (the only file that knows libxml2) and
 * document_json.c (jansson).
 *
 * Hostile bytes only ever give an error that names file, line and element, never a value. Bounds: 4 MiB of
 * text, 4096 bytes a value, 4096 matches a path, nesting as the engine says; XML without network, DTD and
 * entities of its own. Paths come from our mapping files, never from the document. Thread: one. */
#ifndef SLUIS_MAPPING_DOCUMENT_H
#define SLUIS_MAPPING_DOCUMENT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "wire/arena.h"

#define DOCUMENT_MAX_BYTES  (4u << 20)
#define DOCUMENT_MAX_HITS   4096
#define DOCUMENT_NAMESPACES 8

typedef enum { DOCUMENT_XML, DOCUMENT_JSON } document_format;

typedef struct {
    const char *prefix, *uri;
} document_namespace;

typedef struct document document;

/* One match. text is trimmed; NULL when the place has no value: an element with elements in it, a JSON member
 * that is missing while its group is there. */
typedef struct {
    const char *text;  /* in the document's arena */
    const void *place; /* hand back as a scope; lives as long as the document */
} document_hit;

typedef struct {
    document_hit *v; /* in the document's arena */
    size_t n;
} document_hits;

/* name stands in errors as "name:line". text is borrowed for the life of the document. */
sluis_err document_open(document **out, document_format format, const char *name, bytes text,
                        const document_namespace *ns, size_t ns_count, sluis_fail *f);
void document_free(document **d);
arena *document_arena(document *d);

/* The values at path, in document order.
 * XML: XPath 1.0; relative to scope when given. A string result (concat) is one hit with the scope's place.
 * JSON: RFC 6901 with `*` for any element of a list; where path and scope share leading tokens, the wildcards
 * are bound to the scope's: the name of list 3's element is meant when the scope is list 3's number. */
sluis_err document_select(document *d, const void *scope, const char *path, document_hits *out,
                          sluis_fail *f);
/* The single value at path, or NULL when there is none; more than one is an error. */
sluis_err document_value(document *d, const char *path, const char **value, sluis_fail *f);
/* The name of the document's element; "" in JSON. */
const char *document_root(document *d);

/* Fills f: "name:line", "element /a/b: message". Returns SLUIS_INVALID. */
sluis_err document_fail(document *d, const void *place, sluis_fail *f, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Marks what path matches as used; whole = everything below it too. */
sluis_err document_cover(document *d, const char *path, bool whole, sluis_fail *f);
/* Calls visit for every value no cover reached: its path without indexes, its line. */
typedef void (*document_visit)(void *ctx, const char *path, int line);
sluis_err document_uncovered(document *d, document_visit visit, void *ctx, sluis_fail *f);

/* ---- for the engines ---- */
typedef struct {
    sluis_err (*open)(void **state, document *d, bytes text, const document_namespace *ns, size_t n,
                      sluis_fail *f);
    void (*close)(void *state);
    sluis_err (*select)(void *state, document *d, const void *scope, const char *path, document_hits *out,
                        sluis_fail *f);
    const char *(*root)(void *state);
    /* Line of a place and its path, cut at cap bytes. */
    int (*where)(void *state, const void *place, char *path, size_t cap);
    sluis_err (*cover)(void *state, document *d, const char *path, bool whole, sluis_fail *f);
    sluis_err (*uncovered)(void *state, document *d, document_visit visit, void *ctx, sluis_fail *f);
} document_engine;

extern const document_engine document_xml, document_json;

const char *document_name(const document *d);
/* Adds a hit; text is copied, trimmed and bounded. FULL beyond DOCUMENT_MAX_HITS. cap is the caller's. */
sluis_err document_add(document *d, document_hits *hits, size_t *cap, const char *text, size_t n,
                       const void *place, sluis_fail *f);

#endif
