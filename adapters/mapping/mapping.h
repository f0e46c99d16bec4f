/* A mapping: how one party's file format becomes catalogue attributes. It is data (a .conf file beside the
 * party's samples), so that a new field or a new party is configuration:
 *
 *   standard   = "OSO gegevensset 2019.1";
 *   format     = "xml";                                      or "json"
 *   namespaces = ( { prefix = "o"; uri = "http://..."; } );
 *   root       = "dossier";                                  name of the document's element (xml)
 *   person     = "/o:dossier/o:leerling/o:bsn";              whose file this is; JSON: may match many
 *   checks     = ( { path; equals | matches | type; required } );     a file that fails one is refused
 *   gates      = ( { path; equals; reason; explanation } );  else every attribute is refused for reason
 *   attributes = ( { name; path; value; key; convert; codes } );
 *   ignore     = ( path, ... );                              known and left out, with everything below it
 *
 * attributes: path selects one place a value; value (default: the place itself) is evaluated there; key is
 * evaluated there too and makes the instance id: H("sluis1-instance", name | 0x00 | key); without one the
 * value is the only one. The same value twice for one instance is kept once, a different one is an error.
 * convert: "hl7-date" (20010131...), "dutch-date" (31-01-2001), "bool" (true/false, ja/nee, j/n, 1/0),
 * "amount" (8000 -> 8000.00). codes: "1=man" renames; a value that no code names is an error. An empty value
 * is no datum. Thread: immutable after loading. */
#ifndef SLUIS_MAPPING_MAPPING_H
#define SLUIS_MAPPING_MAPPING_H

#include "base/ids.h"
#include "mapping/catalogue.h"
#include "mapping/document.h"

#define MAPPING_ATTRIBUTES 256
#define MAPPING_PERSONS    512 /* different persons in one file */
#define MAPPING_INSTANCES  32  /* of one attribute of one person (bound of the wire) */

typedef struct mapping mapping;

sluis_err mapping_load(mapping **out, const char *path, const catalogue *c, sluis_fail *f);
void mapping_free(mapping **m);

typedef struct {
    uint32_t attribute;
    bool keyed; /* instance holds an id; else it is the only one */
    uint8_t instance[ID_LEN];
    const char *value;
} mapped_value;

typedef struct {
    char bsn[BSN_LEN + 1];
    const mapped_value *v;
    size_t n;
    const char *refusal,
        *explanation; /* a gate is closed: the coded reason, borrowed from the mapping; else NULL */
} mapped_person;

/* A check that a mapping cannot say, made on the open document before its values are taken. May be NULL. */
typedef sluis_err (*mapping_check)(document *d, sluis_fail *f);

/* Everything below lives in d's arena. */
typedef struct {
    document *d; /* owned */
    mapped_person *v;
    size_t n;
} mapped_file;

/* name: what errors call the file. Errors name file, line and element. wanted: only this person's values are
 * taken (the others' BSNs still stand in out); NULL: everybody's. */
sluis_err mapping_apply(const mapping *m, mapping_check check, const char *name, bytes text,
                        const char *wanted, mapped_file *out, sluis_fail *f);
/* Only whose file it is: v[i].bsn, no values. The checks are made too. */
sluis_err mapping_persons(const mapping *m, mapping_check check, const char *name, bytes text,
                          mapped_file *out, sluis_fail *f);
void mapped_file_close(mapped_file *file);

/* What the file holds and the mapping leaves out: one line a path, "path<TAB>times<TAB>first line". */
sluis_err mapping_unmapped(const mapping *m, const char *name, bytes text, buffer *out, sluis_fail *f);

#endif
