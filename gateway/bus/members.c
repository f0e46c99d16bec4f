#include "bus/members.h"

#include <stdlib.h>
#include <string.h>

#include "bus/frames.h"

#define PART_ROOM  128  /* what DirectoryPart and Frame add, at most */
#define PART_LEAST 8192 /* larger buffers for a moment leave more gaps between what connections keep */
#define PARTS_MOST 2048 /* half of what a queue holds */

static size_t part_of(size_t n, size_t max_frame)
{
    size_t part = n / PARTS_MOST + 1 > PART_LEAST ? n / PARTS_MOST + 1 : PART_LEAST;
    return part < max_frame - PART_ROOM ? part : max_frame - PART_ROOM;
}

static void free_parts(members *m)
{
    for (size_t i = 0; i < m->count; i++)
        bus_frame_free(&m->parts[i]);
    free(m->parts);
}

sluis_err members_set(members *m, bytes whole, size_t max_frame)
{
    size_t room = part_of(whole.n, max_frame);
    members next = {.parts = calloc(whole.n / room + 1, sizeof(bus_frame *))};
    buffer frame;
    buffer_init(&frame, max_frame);
    snapshot_hash(next.hash, whole);
    sluis_err e = next.parts ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t from = 0; !e && from < whole.n; from += room) {
        size_t n = whole.n - from < room ? whole.n - from : room;
        e = frame_directory(&frame, BYTES_OF(next.hash), whole, from, n);
        if (!e)
            e = bus_frame_new(&next.parts[next.count], buffer_bytes(&frame));
        next.count += !e;
    }
    buffer_close(&frame);
    if (e) {
        free_parts(&next);
        return e;
    }
    free_parts(m);
    *m = next;
    return SLUIS_OK;
}

void members_close(members *m)
{
    free_parts(m);
    memset(m, 0, sizeof(*m));
}

sluis_err members_send(const members *m, bus_server *s, const uint8_t *route, size_t route_len)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < m->count; i++)
        e = bus_server_send_frame(s, route, route_len, m->parts[i]);
    return e;
}
