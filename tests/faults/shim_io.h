/* Stands between the program and the C library for every call that changes a file of a store (data.mdb,
 * keys.slots) or of a folder of keys: counts such calls, lets chosen ones fail, and can hand each to a
 * recorder. Linked into a test program, or preloaded as a library into a real one (LD_PRELOAD, with
 * SLUIS_SHIM naming a file of shim_control to be shared). Thread: any. */
#ifndef SLUIS_TESTS_SHIM_IO_H
#define SLUIS_TESTS_SHIM_IO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHIM_WRITE = 1,
    SHIM_SYNC = 2,
    SHIM_ALLOCATE = 4,
    SHIM_TRUNCATE = 8,
    SHIM_META = 16,
    SHIM_NAME = 32,
    SHIM_KEYS = 64
};
/* SHIM_META: a write through an O_DSYNC descriptor, which is LMDB's of a meta page. It has its place on disk
 * from the first day, so that a full disk never fails it. Recorded as SHIM_WRITE. SHIM_NAME: a store's
 * folder, or its data.mdb, is renamed or removed. SHIM_KEYS: any of these in a folder named "keys", which is
 * not recorded. */
#define SHIM_KILL (-1) /* as an error: the program is killed before the call */

/* As tests/faults/shim.py knows it too: 40 bytes, native order. */
typedef struct {
    _Atomic uint64_t points; /* calls seen */
    _Atomic uint64_t from;   /* from this call on, counted from 1, calls of these kinds fail; 0: none */
    _Atomic uint64_t count;  /* so many of them */
    _Atomic uint64_t failed; /* calls that did */
    _Atomic int32_t error;   /* with this errno */
    _Atomic uint32_t kinds;
} shim_control;

shim_control *shim_io_control(void);

typedef struct {
    int kind;
    char file;    /* 'd': data.mdb, 'k': keys.slots ('f', of a folder of keys, is not recorded) */
    bool durable; /* a write through an O_DSYNC descriptor */
    uint64_t offset, length;
    const uint8_t *data; /* of a write; borrowed */
} shim_call;
/* each is called under a lock, after the call succeeded; NULL ends recording. */
void shim_io_record(void (*each)(void *ctx, const shim_call *c), void *ctx);

#endif
