/* From a request to an answer: what the source holds, what the party's own law says, and, where it says so,
 * what a person chose. The software records the professional's decision and never makes it. Thread: one. */
#ifndef SLUIS_RUNTIME_CONSIDER_H
#define SLUIS_RUNTIME_CONSIDER_H

#include "runtime/local_rules.h"
#include "sluis.pb-c.h"
#include "sources/source.h"

#define REASON_UNKNOWN     "persoon-niet-bekend"
#define REASON_NO_VALUE    "niet-beschikbaar"
#define REASON_UNREACHABLE "systeem-niet-bereikbaar"
#define REASON_UNNECESSARY "niet-noodzakelijk"

typedef enum { PERSON_KNOWN, PERSON_TYPED, PERSON_UNKNOWN, PERSON_CLOSED, PERSON_UNREACHABLE } person_state;

typedef struct {
    uint32_t attribute;
    const catalogue_entry *entry; /* NULL: unknown to the catalogue */
    local_decision decision;
    const mapped_value *const *values; /* what the source holds of it */
    size_t n;
    bool typed; /* a person has to type it: of a known person the party's files hold none, or no files are
                   read */
} considered;

typedef struct {
    person_state person;
    const char *refusal, *explanation; /* PERSON_CLOSED */
    considered *v;
    size_t n;
    bool hold; /* a person must decide */
} consideration;

typedef struct {
    const local_rules *rules;
    const catalogue *catalogue;
    source *source;
    const uint32_t
        *by_person; /* what the municipality's rules let only a person release; of a request's receipt */
    size_t n_by_person;
    bool test_mode;
} consider_with;

/* attributes: those asked, from the header. Everything in out lives in a. */
sluis_err consider(const consider_with *w, const Sluis__RequestBody *request, const uint32_t *attributes,
                   size_t n, arena *a, consideration *out, sluis_fail *f);

/* The answer that needs no person; c->hold is false. Of attributes that could not be found the reason says
 * why. */
sluis_err answer_automatic(const consideration *c, arena *a, Sluis__ResponseBody **out);

/* What a person decided. Strings borrowed. */
typedef struct {
    const char *const *fields; /* names of the chosen attributes */
    size_t field_count;
    /* The value typed for a chosen attribute, or NULL: the source's values are meant. */
    const char *(*typed)(void *ctx, const char *name);
    void *ctx;
    Sluis__Outcome outcome;           /* of what is not chosen: REFUSED, NOT_POSSIBLE or NOT_KNOWN */
    const char *reason, *explanation; /* of what is not chosen */
    /* Of one that is not chosen, where it differs: sets what it knows better; NULL: none differs. */
    void (*own_reason)(void *ctx, const char *name, Sluis__Outcome *outcome, const char **reason,
                       const char **explanation);
    void *reasons;
    Sluis__Condition *const *conditions; /* of everything that is given */
    size_t condition_count;
    const char *law, *judgement, *remark; /* NULL: none */
} person_decision;

/* The chosen attributes given, the others not. What the party's own rules refuse stays refused, and so does
 * everything when the source has closed the person since. Fails: INVALID
 * for a field that was not asked, has no value, or whose typed value does not fit its type. */
sluis_err answer_decided(const consideration *c, const person_decision *d, arena *a,
                         Sluis__ResponseBody **out, sluis_fail *f);

#endif
