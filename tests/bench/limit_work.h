/* The CPU work of a round trip, as steps of so many bytes done by the libraries: bench_limit.c puts them
 * together. A desk is what a process works at; whatever goes wrong ends it. Thread: one a desk. */
#ifndef SLUIS_BENCH_LIMIT_WORK_H
#define SLUIS_BENCH_LIMIT_WORK_H

#include "crypto/crypto.h"

#define LIMIT_VALUES 10

/* BLAKE2b without and with a key; SHA-256; XChaCha20-Poly1305; protobuf-c. */
typedef enum { HASH, KEYED, SHA, SEAL, OPEN, PACK, UNPACK } limit_op;

/* A header's core, an answer of ten values, a datum's row, a journal record; all of ordinary size. */
enum { M_CORE, M_BODY, M_DATUM, M_RECORD, M_COUNT };

/* n: bytes; of PACK and UNPACK: which message. */
typedef struct {
    limit_op op;
    unsigned times;
    size_t n;
} step;

typedef struct desk desk;

void limit_check(int bad, const char *what); /* or the program ends, with errno's text */
desk *desk_open(void);                       /* lives as long as its process */
void desk_work(desk *d, const step *s, size_t n);
void desk_sign(desk *d); /* of what batches and checkpoints sign: some hundred bytes */
void desk_verify(desk *d);

#endif
