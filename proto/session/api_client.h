/* sluis-http's line to sluisd: a DEALER on the gateway's ipc socket, one frame a message (packed ApiCall out,
 * packed ApiReply in). Never blocks. Connects in the background and again when sluisd restarts; calls sent to
 * a dead sluisd are simply never answered, so callers keep deadlines. Thread: one. */
#ifndef SLUIS_SESSION_API_CLIENT_H
#define SLUIS_SESSION_API_CLIENT_H

#include "base/bytes.h"

typedef struct api_client api_client;

#define API_FRAME_MAX (4u << 20) /* bytes a reply may have; larger ones end the connection */

/* endpoint: "ipc:///run/sluis/api.sock", borrowed during the call. hwm: frames queued each way. */
sluis_err api_client_open(api_client **out, const char *endpoint, int hwm, sluis_fail *f);
void api_client_close(api_client **c); /* drops what is queued */

/* To poll for reading. Edge-triggered: after it fires, and after every send, call api_client_recv until
 * NOT_FOUND, or replies may lie unseen. */
int api_client_fd(const api_client *c);

sluis_err api_client_send(api_client *c,
                          bytes frame); /* OK, FULL (also: no sluisd and the queue is full), IO */

/* Replaces buf by the next reply. NOT_FOUND: none now. INVALID: a message of several frames, dropped. */
sluis_err api_client_recv(api_client *c, buffer *buf);

#endif
