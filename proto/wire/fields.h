/* The rules of each field of Header, Core and SigBlock: widths, names, counts, what goes with what.
 * f->where names the field. Thread: pure. */
#ifndef SLUIS_WIRE_FIELDS_H
#define SLUIS_WIRE_FIELDS_H

#include "base/bytes.h"
#include "sluis.pb-c.h"

sluis_err fields_check_core(const Sluis__Core *c, sluis_fail *f); /* SUITE, INVALID */
sluis_err fields_check_header(const Sluis__Header *h, const Sluis__Core *c, sluis_fail *f);
sluis_err fields_check_sigblock(const Sluis__SigBlock *s, sluis_fail *f);

/* W3C Trace Context, version 00: 00-<32 hex>-<16 hex>-<2 hex>, lower case, ids not all zero. */
bool traceparent_valid(const char *s);

#endif
