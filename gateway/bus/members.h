/* The directory as parties get it: its hash, and its parts as frames, made once for all. Thread: the bus. */
#ifndef SLUIS_BUS_MEMBERS_H
#define SLUIS_BUS_MEMBERS_H

#include "directory/directory.h"
#include "session/bus_server.h"

typedef struct {
    uint8_t hash[HASH_LEN];
    bus_frame **parts; /* owned */
    size_t count;
} members;

/* Takes the place of what m held; on an error m is as it was. max_frame: bytes of a frame, at least 4096. */
sluis_err members_set(members *m, bytes whole, size_t max_frame);
void members_close(members *m);
/* All parts, in order. FULL: not all of them; the next time begins with the first. */
sluis_err members_send(const members *m, bus_server *s, const uint8_t *route, size_t route_len);

#endif
