/* Where a page of the client's copy ended: a bookmark that the HTTP front hands back and cannot read.
 *
 *   nonce 24 | AE(subject key, nonce, owner, place)
 *   owner = "own-data" | case id 16 | member u32 | viewer u32
 *   place = stage u8 | attribute u32 | instance 16 | root u64 | beside u8 | entry u64 | item u32
 *         | name 16 | under u64 | version u64
 *
 * It names the last statement that was gone over, shown or not. past: of an earlier one, where it
 * stands in HISTORY; version 0: it is the one whose past comes next (root; or the item of an entry). Thread:
 * pure. Internal to read/. */
#ifndef SLUIS_READ_OWN_PLACE_H
#define SLUIS_READ_OWN_PLACE_H

#include "crypto/crypto.h"
#include "read/dossier.h"
#include "registry/walk.h"

#define OWN_PLACE_LEN (NONCE_LEN + 1 + 4 + ID_LEN + 8 + 1 + 8 + 4 + ID_LEN + 8 + 8 + TAG_LEN)

typedef enum {
    OWN_REGISTERED, /* what is registered now, each statement with what it took the place of */
    OWN_SETTLED,    /* what stood beside and was settled, in the journal's order, each with the same */
} own_stage;

typedef struct {
    own_stage stage;
    uint32_t attribute; /* OWN_REGISTERED; 0: the beginning */
    id16 instance;
    uint64_t root;  /* version in DATUM */
    bool beside;    /* it stands beside the current one */
    uint64_t entry; /* OWN_SETTLED: of SETTLED, and which of its statements */
    uint32_t item;
    past_place past; /* name: also of what version 0 stands under */
} own_place;

void own_place_write(uint8_t out[static OWN_PLACE_LEN], const subject *s, const dossier_question *q,
                     const own_place *at);
/* Empty: the beginning. INVALID: none of ours, or another reader's. */
sluis_err own_place_read(own_place *out, const subject *s, const dossier_question *q, bytes mark);

#endif
