/* A whole gateway in this process, in a temporary folder: keys, three enrolled parties, one household case,
 * the project's own rules; and raw ends of the bus that say exactly what a test tells them. Thread: the
 * test's; the gateway's threads run beside it. */
#ifndef SLUIS_TESTS_RIG_H
#define SLUIS_TESTS_RIG_H

#include <jansson.h>

#include "daemon/daemon.h"
#include "directory/directory.h"
#include "unit/kit_agreement.h"
#include "wire/envelope.h"

#define RIG_GATEWAY "00000099000000001000"

typedef enum { ACTOR_REQUESTER, ACTOR_SCHOOL, ACTOR_POLICE, ACTOR_STRANGER, ACTORS } actor_id;

typedef struct {
    const char *name; /* as in conversations */
    oin oin;
    keypair sign, seal, curve;
    void *socket; /* its DEALER, NULL until it connects */
    epoch *epoch;
    uint64_t generation, seq; /* of the last welcome and delivery */
    uint64_t older;           /* generation of the welcome before the last */
    buffer acks;              /* packed Ack frames of one each: what came with the last one told */
} actor;

typedef struct {
    char dir[64];
    settings settings;
    gateway *gateway;
    keypair root, seal, curve; /* of the gateway */
    actor actors[ACTORS];
    void *zmq;
    id16 case_id;
    const char *parent, *child; /* BSNs of the members */
    char endpoint[64];
} rig;

void rig_open(rig *r);
/* Stops and starts the gateway on the same store. */
void rig_restart(rig *r);
void rig_close(rig *r); /* removes the folder */
/* One command on the operators' socket; the owned reply, which must be ok. */
json_t *rig_control(rig *r, const json_t *request);
/* The operator suspends this party, or lets it take part again: cmd as on the operators' socket. */
void rig_change(rig *r, const char *cmd, const actor *a);
/* One person suspends this party's key of a use, or lets it be used again: cmd as above. */
void rig_change_key(rig *r, const char *cmd, const actor *a, key_use use);
/* Two persons revoke this party's key of a use. */
void rig_revoke(rig *r, const actor *a, key_use use);
/* The operator replaces this party's keys by fresh ones, or its signing key alone; its connection, if any,
 * stays what it was. */
void rig_rekey(rig *r, actor *a, const char *domain, bool sign_alone);

/* The party signs this, the municipality files it and, when accept, signs it too. */
void rig_agree(rig *r, const actor *a, const kit_agreement *k, bool accept);
/* Two persons revoke it. Each actor in the directory begins with covenant "rig", version 1, which allows all.
 */
void rig_disagree(rig *r, const actor *a, const char *covenant, uint32_t version);

void rig_connect(rig *r, actor *a);
void rig_disconnect(actor *a);
void rig_send(actor *a, bytes frame);
/* The next frame within timeout_ms, decoded in arena; NULL on time-out. A welcome is taken with the directory
 * behind it; acks that came in one frame are told one by one. */
Sluis__Frame *rig_receive(actor *a, arena *mem, int timeout_ms);

/* One whole envelope: seals body to the party and the registry (or to it alone), signs it. core as in
 * envelope_seal. */
void rig_envelope(rig *r, actor *from, const actor *to, Sluis__Core *core, const ProtobufCMessage *body,
                  buffer *out);
void rig_envelope_alone(actor *from, const actor *to, Sluis__Core *core, const ProtobufCMessage *body,
                        buffer *out);

#endif
