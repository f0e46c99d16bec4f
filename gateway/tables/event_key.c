#include "tables/event_key.h"

#define OF_AN_ENTRY 256
#define BEHIND      16 /* more than the numbers of the tables that stand before it */

uint64_t event_number_next(uint64_t last, uint64_t index)
{
    uint64_t first = index * OF_AN_ENTRY + BEHIND;
    return last < first ? first : last + 1;
}

void event_key(uint8_t out[static EVENT_KEY_LEN], uint64_t number)
{
    out[0] = 0;
    put_u64(out + 1, number);
}

uint64_t event_number(bytes key)
{
    return get_u64(key.p + 1);
}
