/* The number of an event, and its key: the number as nine bytes, big-endian.
 *
 * A number is at least index * 256 + 16, index being that of the journal's entry before it: read as index u64
 * and one byte more, its key stands behind that entry's leaf and record in the tree they share, and before
 * the next one's, so that the three are written into one page. (A number that has run ahead, of many events
 * without an entry, stands among later ones: the order of numbers is all that counts.) Numbers of store
 * format 2 are small and stand in front of all. Thread: pure. */
#ifndef SLUIS_TABLES_EVENT_KEY_H
#define SLUIS_TABLES_EVENT_KEY_H

#include "base/bytes.h"

#define EVENT_KEY_LEN 9

/* The next one after last. */
uint64_t event_number_next(uint64_t last, uint64_t index);
void event_key(uint8_t out[static EVENT_KEY_LEN], uint64_t number);
uint64_t event_number(bytes key); /* of EVENT_KEY_LEN bytes */

#endif
