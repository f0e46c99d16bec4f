/* A decision in words: for each attribute permit or deny, the rules that decided, what comes with it, and for
 * a denial what each rule about that datum lacks. Thread: pure. */
#ifndef SLUIS_FLOW_EXPLAIN_H
#define SLUIS_FLOW_EXPLAIN_H

#include <jansson.h>

#include "policy/policy.h"

/* The question as it comes from outside, in "application", "function", "domain", "purpose", "legal_basis",
 * and "attributes" (names). */
#define EXPLAIN_ATTRIBUTES_MAX 256

/* Owned: [{"attribute", "decision", "rules", "articles", "obligations", "why"}]. phase: the question's
 * ("phase" of q; absent: the case's). at: the moment it is judged at. The organisation is the application's
 * own. NULL: f says what is missing. Names that do not exist are no error: they are denied, and the answer
 * says so. */
json_t *explain(const rules *r, const json_t *q, const case_facts *c, uint64_t at, sluis_fail *f);

#endif
