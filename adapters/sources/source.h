/* Where a party's answers come from: one interface, three sources. folder: files of the party's own system,
 * mapped. typed: a person types each value. none: knows nobody (tests, and a party that only refuses).
 * Thread: one. */
#ifndef SLUIS_SOURCES_SOURCE_H
#define SLUIS_SOURCES_SOURCE_H

#include "sources/party.h"

typedef struct source source;

/* What a source holds about one person; everything in the arena of the call. */
typedef struct {
    bool typed; /* no values here: a person must supply them */
    const mapped_value *v;
    size_t n;
    const char *refusal,
        *explanation; /* the party's own law closes the whole file: coded reason; else NULL */
} source_person;

typedef struct {
    size_t files, persons, faults; /* faults: files that could not be used */
} source_status;

typedef struct {
    /* OK; NOT_FOUND: this person is not known here; others: the source cannot be read now. Never logs bsn. */
    sluis_err (*lookup)(source *s, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                        sluis_fail *f);
    /* Looks whether anything changed since the last call; cheap when nothing did. May be NULL. */
    sluis_err (*refresh)(source *s, sluis_fail *f);
    void (*status)(const source *s, source_status *out);
    void (*free)(source *s);
} source_ops;

/* Every source starts with this. */
struct source {
    const source_ops *ops;
};

sluis_err source_lookup(source *s, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                        sluis_fail *f);
sluis_err source_refresh(source *s, sluis_fail *f);
void source_status_get(const source *s, source_status *out);
void source_free(source **s);

#endif
