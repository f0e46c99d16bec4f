/* Chunks in a list, newest first; the first chunk stands behind the arena itself, so that a message of
 * ordinary size costs one malloc. A further chunk is twice the size of the last, within the ceiling. */
#include "wire/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

#define ALIGN       ((size_t)16)
#define FIRST_BYTES ((size_t)4096)

typedef struct chunk chunk;
struct chunk {
    chunk *older; /* NULL for the first */
    size_t cap, used;
    alignas(16) uint8_t data[];
};

struct arena {
    ProtobufCAllocator allocator;
    size_t max, total; /* multiples of ALIGN */
    chunk *newest;
    chunk *first;
};

static void *allocator_alloc(void *data, size_t n)
{
    return arena_alloc(data, n);
}

static void allocator_free(void *data, void *p)
{
    (void)data;
    (void)p;
}

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) & ~(ALIGN - 1);
}

arena *arena_new(size_t max_bytes)
{
    return arena_new_sized(max_bytes, FIRST_BYTES);
}

arena *arena_new_sized(size_t max_bytes, size_t first_bytes)
{
    if (max_bytes > SIZE_MAX / 2)
        return NULL;
    size_t max = round_up(max_bytes), first = round_up(first_bytes < max ? first_bytes : max);
    size_t head = round_up(sizeof(arena));
    uint8_t *p = malloc(head + sizeof(chunk) + first);
    if (!p)
        return NULL;
    arena *a = (arena *)(void *)p;
    chunk *c = (chunk *)(void *)(p + head);
    *c = (chunk){.older = NULL, .cap = first, .used = 0};
    *a = (arena){.max = max, .newest = c, .first = c};
    a->allocator =
        (ProtobufCAllocator){.alloc = allocator_alloc, .free = allocator_free, .allocator_data = a};
    return a;
}

arena_place arena_at(const arena *a)
{
    return (arena_place){.chunk = a->newest, .used = a->newest->used, .total = a->total};
}

void arena_back(arena *a, arena_place to)
{
    while (a->newest != to.chunk) {
        chunk *c = a->newest;
        a->newest = c->older;
        wipe(c->data, c->used);
        free(c);
    }
    wipe(a->newest->data + to.used, a->newest->used - to.used);
    a->newest->used = to.used;
    a->total = to.total;
}

void arena_reset(arena *a)
{
    arena_back(a, (arena_place){.chunk = a->first});
}

void arena_free(arena **a)
{
    if (!a || !*a)
        return;
    arena_reset(*a);
    free(*a);
    *a = NULL;
}

void *arena_alloc(arena *a, size_t n)
{
    if (n > a->max)
        return NULL;
    size_t need = n ? round_up(n) : ALIGN;
    chunk *c = a->newest;
    if (need > a->max - a->total)
        return NULL;
    if (need > c->cap - c->used) {
        size_t left = a->max - a->total;
        size_t cap = c->cap < FIRST_BYTES ? FIRST_BYTES : c->cap < SIZE_MAX / 4 ? 2 * c->cap : c->cap;
        cap = cap < need ? need : cap > left ? left : cap;
        c = malloc(sizeof(chunk) + cap);
        if (!c)
            return NULL;
        *c = (chunk){.older = a->newest, .cap = cap, .used = 0};
        a->newest = c;
    }
    void *p = c->data + c->used;
    c->used += need;
    a->total += need;
    return p;
}

void *arena_copy(arena *a, const void *p, size_t n)
{
    void *q = arena_alloc(a, n);
    if (q && n)
        memcpy(q, p, n);
    return q;
}

char *arena_strdup(arena *a, const char *s)
{
    return arena_copy(a, s, strlen(s) + 1);
}

ProtobufCAllocator *arena_allocator(arena *a)
{
    return &a->allocator;
}
