/* A folder of files in the party's own format, indexed by whose they are. Each file is parsed once for its
 * persons and again when one is asked about, so that memory holds an index and no content.
 *
 * A file that cannot be used (malformed, breaks its standard, too big) is logged once with line and element
 * and left out; its digits are masked in the log, for a name may be a person number. Several files about one
 * person: their values are joined, and of two values for one instance the newer file's counts. Any file whose
 * gate is closed closes the person.
 * Links and everything that is not a plain file are passed over. Bounds: as configured. */
#ifndef SLUIS_SOURCES_FOLDER_H
#define SLUIS_SOURCES_FOLDER_H

#include "sources/source.h"

typedef struct {
    const char *path;       /* copied */
    const mapping *mapping; /* borrowed */
    const party_kind *kind; /* borrowed */
    size_t max_files, max_bytes;
    bool test_mode; /* only test persons; else none of them */
} folder_options;

sluis_err folder_source_new(source **out, const folder_options *o, sluis_fail *f);

#endif
