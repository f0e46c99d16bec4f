/* How often each application calls: so many a minute, as many at once when it was quiet for a minute. Every
 * call that is answered is journalled, so without a limit one token could fill the store. Thread: the bus. */
#ifndef SLUIS_BUS_RATES_H
#define SLUIS_BUS_RATES_H

#include <stdint.h>

#include "base/error.h"
#include "base/ids.h"

#define RATES_MAX 256 /* applications that are followed at once; rules name fewer */

typedef struct rates rates;

sluis_err rates_new(rates **out, uint32_t per_minute);
void rates_free(rates **r);
/* The seconds until such a call may go on; 0: now. Takes nothing. */
uint32_t rates_wait(rates *r, const oin *who, const char *application, uint64_t now_us);
/* A call of this application on behalf of this organisation, at a moment of the monotonic clock: 0, it may go
 * on; else the seconds until one may. */
uint32_t rates_take(rates *r, const oin *who, const char *application, uint64_t now_us);

#endif
