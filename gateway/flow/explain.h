/* A decision in words: for each attribute permit or deny, the rules that decided, what comes with it, and for
 * a denial what each rule about that datum lacks. Thread: pure. */
#ifndef SLUIS_FLOW_EXPLAIN_H
#define SLUIS_FLOW_EXPLAIN_H

#include <jansson.h>

#include "directory/directory.h"
#include "policy/policy.h"

/* The question as it comes from outside, in "application", "function", "domain", "purpose", "legal_basis",
 * and "attributes" (names). */
#define EXPLAIN_ATTRIBUTES_MAX 256

/* Owned: [{"attribute", "decision", "rules", "articles", "own_law", "obligations", "why", "near"}]. phase:
 * the question's ("phase" of q; absent: the case's). at: the moment it is judged at. The organisation is the
 * application's own. own_law: by which the domain gives this at all. NULL: f says what is missing. Names that
 * do not exist are no error: they are denied, and the answer says so.
 * to: the party that is asked, as it is in the directory now; NULL: none in particular. It is asked in its
 * own domain, and the client's choice of parties counts. What the rules permit is denied by "suspended" or
 * "agreement" when its state or what it agreed at that moment says so, and each datum has "covenant" and
 * "version" of the agreement that decided. */
json_t *explain(const rules *r, const json_t *q, const case_facts *c, uint64_t at, const party *to,
                sluis_fail *f);

/* Into out: by which rules a record's decision was taken ("rules": their ids), and of which set ("rule_set":
 * its hash, as `config history` lists it). */
void explain_record(json_t *out, const Sluis__Record *r);

#endif
