/* The table of message kinds: everything that differs by kind and is not handling. Thread: pure. */
#ifndef SLUIS_WIRE_MESSAGES_H
#define SLUIS_WIRE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "sluis.pb-c.h"

typedef struct {
    Sluis__Kind kind;
    const char *name; /* "request" */
    const ProtobufCMessageDescriptor *body;
    Sluis__Kind answers; /* KIND_NONE: starts a transaction; else Core.answers is required */
    uint64_t max_lifetime_ms;
    bool needs_attributes, needs_case;
} message_kind;

const message_kind *message_kind_of(Sluis__Kind k); /* NULL when unknown */

const char *phase_name(Sluis__Phase p);     /* "research", "coordination", "meeting" */
Sluis__Phase phase_parse(const char *s);    /* also the Dutch names: onderzoek, coordinatie, overleg */
const char *outcome_name(Sluis__Outcome o); /* "given", "refused", "not-possible", "not-known" */

#endif
