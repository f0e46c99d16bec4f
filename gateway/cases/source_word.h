/* What the source of a datum made of the request to correct it (RightsRow.source_outcome): stored, and told
 * by these words to whoever shows it. Thread: pure. */
#ifndef SLUIS_CASES_SOURCE_WORD_H
#define SLUIS_CASES_SOURCE_WORD_H

#define SOURCE_CORRECTED "corrected" /* it says something else now */
#define SOURCE_KEPT      "kept"      /* it answered, and says the same */
#define SOURCE_REFUSED   "refused"   /* with its reason */
/* No decision on it: the client's request stays granted, for a person to finish. */
#define SOURCE_NOT_POSSIBLE "not-possible" /* with its reason */
#define SOURCE_NOT_KNOWN    "not-known"    /* with its reason */
#define SOURCE_UNANSWERED   "unanswered"   /* with how the request to it ended */

#endif
