/* The control socket: a Unix stream socket, mode 0600, or 0660 where a group may connect; peer checked by
 * SO_PEERCRED (root, our own uid, or one of those given). One JSON object a line each way: {"cmd": "...",
 * ...} -> {"ok": true, ...} or {"ok": false, "code", "where", "text"}. Bounds: 1 MiB a line, 16 connections,
 * 10 s a request. Thread: the server runs in a thread of its own (control_server_run returns when stop_fd
 * becomes readable). */
#ifndef SLUIS_CONTROL_CONTROL_H
#define SLUIS_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define CONTROL_LINE_MAX    (1u << 20) /* bytes, newline included; either way */
#define CONTROL_CONNECTIONS 16
#define CONTROL_REQUEST_MS  10000

typedef struct control_server control_server;
/* Handles one request of the account whose uid is peer. Returns an owned reply object; NULL with f filled is
 * an error reply. */
typedef json_t *(*control_handler)(void *ctx, uid_t peer, const char *cmd, const json_t *request,
                                   sluis_fail *f);

/* Who may ask besides root and our own user: these uids (borrowed while the server is open), when the file
 * lets them connect. */
typedef struct {
    const uid_t *peers;
    size_t count;
    gid_t group; /* of the file, which is then 0660; (gid_t)-1: it is 0600 */
} control_access;
#define CONTROL_OWN ((control_access){.group = (gid_t)-1})

/* Replaces a socket that nobody listens on; EXISTS when somebody does. */
sluis_err control_server_open(control_server **out, const char *path, control_access who, control_handler h,
                              void *ctx, sluis_fail *f);
int control_server_fd(const control_server *s);              /* readable: call control_server_step */
void control_server_step(control_server *s, int timeout_ms); /* accepts, reads, answers what is ready */
/* tick: called at least once a second between requests; NULL: nothing is. */
sluis_err control_server_run(control_server *s, int stop_fd, void (*tick)(void *ctx), void *ctx);
void control_server_close(control_server **s);

/* Whether a peer with this uid is served by a program that runs as own. */
bool control_peer_allowed(const control_access *who, uid_t peer, uid_t own);

/* Client side: sends request (borrowed), returns the owned reply, be it ok or an error of the other side.
 * TIMEOUT, CLOSED, PERMISSION, TOO_BIG, INVALID (a reply that is none). Thread: any. */
sluis_err control_call(const char *path, const json_t *request, json_t **reply, int timeout_ms,
                       sluis_fail *f);

#endif
