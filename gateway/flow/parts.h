/* What every thread of sluisd is given at birth. Handles here are read-only after start or safe from any
 * thread by their own contract; nothing else is shared. */
#ifndef SLUIS_FLOW_PARTS_H
#define SLUIS_FLOW_PARTS_H

#include "settings/settings.h"
#include "crypto/pubfile.h"
#include "crypto/seal_ring.h"
#include "metrics/metrics.h"
#include "policy/rules.h"
#include "registry/registry.h"
#include "session/channel.h"
#include "store/store.h"

typedef struct {
    settings *settings;
    store *store;
    keyslots *slots;
    registry *registry;
    const row_keys *rows;
    rules *first_rules; /* as they were at the start; jobs and turns carry those in force */
    keypair sign, curve, log, directory;
    /* While a key goes over to another (`sluisctl key rotate`); sk NULL: it does not. */
    keypair sign_old;                 /* the one before sign, which parties still take */
    keypair curve_next, log_next;     /* announced; log_next signs checkpoints too */
    pubkeys log_keys, directory_keys; /* those in force, next, and before */
    seal_ring *seals;  /* as they were at the start, NULL soon after; jobs carry those in force */
    passphrase pass;   /* kept, for the next sealing key; the control thread's */
    buffer delegation; /* SignedDelegation: the root's word for the directory key */
    metrics *metrics;
    channel_hub *hub;
} parts;

/* Channel names. Each is larger than what the bus admits at once (settings.in_flight), so a send never
 * blocks. */
#define CHANNEL_VERIFY  "verify"  /* bus -> pool */
#define CHANNEL_READ    "read"    /* bus -> pool */
#define CHANNEL_CORE    "core"    /* verify, read, bus, control -> core */
#define CHANNEL_BUS     "bus"     /* verify, read, core -> bus */
#define CHANNEL_CONTROL "control" /* core -> control */

int parts_channel_capacity(const parts *p);

#endif
