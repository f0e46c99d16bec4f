/* A request and its answer over the rig, step by step, with frames that may fail to come; and the check of a
 * data folder at rest. Thread: the test's. */
#ifndef SLUIS_TESTS_EXCHANGE_H
#define SLUIS_TESTS_EXCHANGE_H

#include "rig/rig.h"

typedef struct exchange exchange;
struct exchange {
    uint8_t request_id[UUID_LEN], answer_id[UUID_LEN], tx[UUID_LEN], mh[HASH_LEN];
    buffer request, answer;                    /* the envelopes, to be sent again byte for byte */
    bool asked, delivered, answered, returned; /* acked, with the school, acked, with the requester */
    char refusal[32];                          /* the code of the last nack */
    /* Told as soon as an acknowledgement comes: the journal holds so many records of it. NULL: nobody is. */
    void (*told)(void *ctx, const exchange *x, size_t records);
    void *ctx;
};

/* Connects (again) both the requester and the school; false: no welcome within wait_ms. */
bool exchange_join(rig *r, int wait_ms);
void exchange_begin(rig *r, exchange *x);
void exchange_close(exchange *x);
/* Goes on from where it is until everything has come, or nothing came for wait_ms, or a nack. True: complete.
 */
bool exchange_go_on(rig *r, exchange *x, int wait_ms);

/* What must be found in the journal of a data folder. */
typedef struct {
    uint8_t tx[UUID_LEN];
    size_t records; /* at least */
} promise;

/* Opens DIR/store and DIR/keys.slots as the gateway would, with the keys of KEYS, and checks everything:
 * journal, rows, key slots, and that each promise was kept. f->text says what is wrong. */
sluis_err folder_check(const char *dir, const char *keys, const settings *s, const promise *list, size_t n,
                       sluis_fail *f);

#endif
