/* One end of a measured exchange: a party on the bus with its keys, which signs what waits in one batch,
 * seals, verifies and opens as an adapter does. Whatever goes wrong ends the program in words. Thread: one an
 * end. */
#ifndef SLUIS_BENCH_END_H
#define SLUIS_BENCH_END_H

#include <jansson.h>

#include "session/client.h"
#include "wire/envelope.h"

#define BATCH 64

typedef struct {
    const json_t *own, *config; /* borrowed; own goes first */
    client *bus;
    keypair sign, seal, curve;
    uint8_t server_pk[32], root_pk[32];
    oin oin, gateway, party;
    uint32_t attributes[ATTRIBUTES_MAX];
    size_t attribute_count;
    epoch *epoch;
    kek_cache *keks;
    root_cache *roots;
    receipt_cache receipts;
    /* what waits for one signature */
    buffer header[BATCH], body[BATCH], whole[BATCH];
    envelope_item item[BATCH];
    uint8_t id[BATCH][UUID_LEN];
    size_t waiting;
} end;

_Noreturn void die(const char *what, sluis_err e, const sluis_fail *f);
void need(const char *what, sluis_err e); /* or die */

/* own: {keys: folder, oin}; config: {endpoint, server_pk, root_pk, gateway_oin, party_oin, attributes: [id]}.
 */
void end_open(end *x, const json_t *own, const json_t *config);
const char *end_text(const end *x, const char *key); /* of own or config, or die */
void end_wait_welcome(end *x);

/* Seals one message to this party (and to the registry) into the next place of the batch; its index there. c
 * has everything but ids of its own and times. */
size_t end_enqueue(end *x, Sluis__Core *c, const oin *to, bool registry, const ProtobufCMessage *body);
/* One signature for what waits, and off it goes. */
void end_flush(end *x);
/* Everything an adapter checks before it acts: signature, receipt, seal, body. The caller frees. */
envelope *end_take(end *x, const client_event *ev, ProtobufCMessage **body);

#endif
