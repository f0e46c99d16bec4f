/* A bump allocator with a ceiling, for one decoded message: freed at once, whatever bytes came in.
 * Also serves protobuf-c as its allocator. Thread: one. */
#ifndef SLUIS_WIRE_ARENA_H
#define SLUIS_WIRE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

typedef struct arena arena;

arena *arena_new(size_t max_bytes); /* NULL: out of memory */
/* The same with a first chunk of this size: what fits in it costs no further malloc. */
arena *arena_new_sized(size_t max_bytes, size_t first_bytes);
void arena_free(arena **a); /* wipes what it held: plaintext may be there */
void arena_reset(arena *a); /* empty again, wiped; keeps the first chunk */
/* How far it is filled; and back to there: what was taken since is gone, wiped. */
typedef struct {
    const void *chunk;
    size_t used, total;
} arena_place;
arena_place arena_at(const arena *a);
void arena_back(arena *a, arena_place to);
void *arena_alloc(arena *a, size_t n); /* 16-byte aligned; NULL beyond the ceiling */
void *arena_copy(arena *a, const void *p, size_t n);
char *arena_strdup(arena *a, const char *s);
ProtobufCAllocator *arena_allocator(arena *a); /* free is a no-op */

#endif
