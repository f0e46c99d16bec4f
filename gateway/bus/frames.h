/* The frames a gateway says. Each packs one Frame into out (cleared first). Thread: pure. */
#ifndef SLUIS_BUS_FRAMES_H
#define SLUIS_BUS_FRAMES_H

#include "flow/job.h"
#include "sluis.pb-c.h"

#define PROTOCOL_VERSION 1
#define ACKS_MAX         64 /* of one frame */

sluis_err frame_welcome(buffer *out, uint64_t generation, uint32_t credit, const char *gateway, bytes hash,
                        uint32_t max_bytes, const char *origin, uint64_t origin_from);
/* Of n <= ACKS_MAX accepted submissions. */
sluis_err frame_acks(buffer *out, job *const *jobs, size_t n);
sluis_err frame_nack(buffer *out, bytes message_id, const sluis_fail *why);
sluis_err frame_deliver(buffer *out, uint64_t seq, uint64_t generation, bytes message, bytes receipt);
sluis_err frame_refused(buffer *out, sluis_err code, const char *text);
sluis_err frame_receipt(buffer *out, const job *j); /* or, with j->why, that there is none */
/* The answer to a Renew; why->code OK: accepted. */
sluis_err frame_renew(buffer *out, const sluis_fail *why);
sluis_err frame_receipt_refused(buffer *out, uint64_t index, bool proof, sluis_err code);
/* A part of the whole: n bytes from here on. hash: of the whole. */
sluis_err frame_directory(buffer *out, bytes hash, bytes whole, size_t from, size_t n);

#endif
