/* Whether a registered datum may be shown, or answer a request: its validity, the client's scope of the case,
 * and the conditions that its party attached (reasons.conf, conditions). Thread: pure, or the caller's
 * transaction. */
#ifndef SLUIS_CASES_DATUM_USE_H
#define SLUIS_CASES_DATUM_USE_H

#include "directory/directory.h"
#include "policy/rules.h"
#include "registry/registry.h"

typedef struct {
    const uint8_t *case_id;    /* ID_LEN */
    const Sluis__CaseRow *row; /* of it: its scope, and what was given in one that goes on in it */
    const directory *dir;      /* whose domain a source is of */
    const oin *own;            /* this municipality */
    const char *application;
    const char *law;                   /* into whose view a colleague looks; NULL: the application's own */
    const char *purpose;               /* of the request it would answer; NULL: it would be shown in a view */
    const Sluis__EmergencyRow *danger; /* an open look: what it names, whatever law or scope; NULL: none */
    bool household;                    /* who reads is of it: what the client chose hides nothing from them */
    uint64_t now;
} datum_use;

/* What its party took back serves nothing; nor does what was registered for another law, unless a rule lets
 * it be reused; nor what the client left out of the case's scope: the party that gave it, its domain, the law
 * that it is reused from. Of what a municipality says itself, which carries the case or did, the law alone
 * counts. (Problems are what a request is for: no datum has one.) A condition that the rules in force do not
 * know any more is held as strictly as may be: not shown.
 */
bool datum_may_serve(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use);
bool datum_may_be_told(const rules *r, const attribute *a, const Sluis__DatumRow *row,
                       const datum_use *use); /* taken back or not */
/* Until when it answers without asking its source again: the catalogue's valid_days after it was obtained, or
 * the end of its validity when that comes first. UTC ms. */
uint64_t datum_fresh_until(const attribute *a, const Sluis__DatumRow *row);
/* Whether the value is here to be shown: of a datum that stays at its source, when it was fetched for this
 * case and law, and its time is not over. */
bool datum_here(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use);
/* Valid now, not older than that, here, and may serve. */
bool datum_answers(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use);
/* Whether a current datum exists that is valid now, not older than that, and may answer the request. */
sluis_err datum_known(registry *g, store_txn *t, const rules *r, const subject *s, uint32_t id,
                      const datum_use *use, bool *known);
/* A member of the household may not read of this result: another one, or (own) not the person either, before
 * the source was consulted, which then corrects its answer. */
bool result_hidden(const rules *r, const Sluis__ResultRow *row, bool own);
/* The same of what is registered: such a reader is not told that it is there, either. */
bool datum_hidden(const rules *r, const Sluis__DatumRow *row, bool own);

#endif
