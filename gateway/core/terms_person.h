/* One person in the pass of terms.h: what of the file is over, part by part. Internal to core/. Thread:
 * core. */
#ifndef SLUIS_CORE_TERMS_PERSON_H
#define SLUIS_CORE_TERMS_PERSON_H

#include "cases/rights.h"
#include "core/terms.h"

#define TERMS_CLASSES 255 /* of retention.conf */

/* What one step deleted, a class each. */
typedef struct {
    const char *class[TERMS_CLASSES]; /* borrowed from the rules */
    uint64_t n[TERMS_CLASSES];
    size_t used;
} tally;

/* A person, and what their cases say of the terms. */
typedef struct {
    terms *x;
    turn *t;
    tally *sum;
    uint64_t until; /* monotonic us */
    subject s;
    bool open, over;         /* a case is; a case is over so long that it goes */
    uint64_t ended;          /* UTC ms: the last case was; 0: there is none */
    uint8_t case_id[ID_LEN]; /* the one looked at last, */
    bool case_known, case_there, case_over;
    const char *case_class;
    bool held; /* nothing is deleted while the client waits for what was asked, or an offered case for its
                  reply, */
    uint32_t stopped[RIGHTS_STOPPED]; /* nor these data while their use is stopped */
    size_t n_stopped;
} person;

void tally_add(tally *sum, const char *class, uint64_t n);
/* On the day of the pass; the last day counts whole. A class that is not there keeps. */
bool terms_over(const terms *x, const turn *t, const char *class, uint64_t since);

/* Into p, of which x, t, sum and until are set; close p->s, whatever it returns. NOT_FOUND: nobody, any more.
 */
sluis_err person_open(person *p, const id16 *sid);
/* A part of the file, from p->x->at on; TIMEOUT: the time is up, and p->x->at says where to go on. */
extern const unsigned person_parts;
sluis_err person_trim(person *p, unsigned part);
/* One row of HISTORY of this person, which no version leads to any more. */
sluis_err person_trim_past(person *p, bytes key, bytes value);

#endif
