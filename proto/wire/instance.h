/* Which of several of one attribute: the same key always gives the same id, whoever says it. Thread: pure. */
#ifndef SLUIS_WIRE_INSTANCE_H
#define SLUIS_WIRE_INSTANCE_H

#include "base/ids.h"

/* The first 16 bytes of H("sluis1-instance", -, attribute's name | 0x00 | key). */
void instance_id(id16 *out, const char *attribute, const char *key);

#endif
