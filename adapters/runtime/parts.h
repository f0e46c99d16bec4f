/* The adapter's parts, for the files that share the work: adapter.c (life and loop), arrive.c (what comes
 * in), turn.c (what is answered), desk.c (the inbox's commands). Nobody else includes this. */
#ifndef SLUIS_RUNTIME_PARTS_H
#define SLUIS_RUNTIME_PARTS_H

#include "base/log.h"
#include "control/control.h"
#include "runtime/adapter.h"
#include "runtime/consider.h"
#include "runtime/inbox.h"
#include "runtime/intake.h"
#include "runtime/reply.h"
#include "runtime/staff.h"
#include "session/client.h"

#define TURN_EVENTS 64  /* events taken before a turn ends */
#define PENDING_MAX 256 /* the largest credit */
#define RETRY_MS    1000
#define ROW_ARENA   (16u << 20)

/* A delivery that the gateway still counts against our credit. */
typedef struct {
    uint8_t transaction[UUID_LEN];
    uint64_t seq, generation;
} pending_done;

/* A verified request of this turn, before it is stored. */
typedef struct {
    incoming m;
    uint8_t *receipt; /* owned copy */
    size_t receipt_n;
    uint64_t seq, generation;
} fresh_request;

/* A receipt for which the gateway was asked for a witnessed checkpoint. */
typedef struct {
    uint8_t transaction[UUID_LEN];
    uint64_t index, until; /* UTC ms; 0: none */
    bool answer;           /* of our answer; else of the request */
} receipt_renewal;

struct adapter {
    settings s;
    catalogue *catalogue;
    mapping *mapping; /* NULL: typed */
    source *source;
    local_rules *rules;
    staff *staff;
    keypair sign, curve;
    pubkeys gateway_keys; /* the gateway's connection keys, by its directory; none: not heard yet */
    seal_ring *seals;     /* those we can open mail with */
    int keys_lock;        /* while we run, nobody changes how the keys are kept */
    passphrase pass;      /* kept, for the next sealing key */
    uint8_t *store_key;   /* locked, 32 */
    inbox *inbox;
    intake intake;
    replier replier;
    client *client;
    control_server *control;
    int signals;        /* signalfd; -1 */
    bool in_force;      /* the snapshot is of the gateway that the configuration names */
    bool unsigned_work; /* an answer waits until the directory has our signing key */
    pending_done pending[PENDING_MAX];
    size_t pending_count;
    fresh_request fresh[TURN_EVENTS];
    size_t fresh_count;
    uint8_t (*work)[UUID_LEN]; /* transactions to look at before the turn ends */
    size_t work_count, work_cap;
    receipt_renewal renewing;
    char origin[ORIGIN_MAX + 1]; /* of the gateway's journal, once what it may have lost was looked for */
    uint64_t origin_from;
    checkpoint newest;                                /* the newest that our receipts show */
    char newest_note[NOTE_MAX + 1];                   /* found before there was a client to show it */
    size_t held;                                      /* rows that wait for a person */
    uint64_t retry_at, refresh_at, sweep_at, keys_at; /* UTC ms; 0: not planned */
};

sluis_err keys_open(adapter *a, sluis_fail *f);
/* The gateway's connection keys: those kept from an earlier run, for the first connection; and those of a new
 * directory, kept. */
void keys_gateway_known(adapter *a);
void keys_gateway_learn(adapter *a, uint64_t now_ms);
void keys_close(adapter *a);
/* Whether the gateway's directory has this signing key of ours, valid now. */
bool keys_sign(const adapter *a, const keyid *id);
/* Takes up sealing keys that `sluisctl key rotate` left beside the current one. */
sluis_err keys_refresh(adapter *a, sluis_fail *f);
/* Renews and destroys sealing keys when it is time; what fails is told in the log and tried again. */
void keys_step(adapter *a, uint64_t now_ms);
void keys_renewed(adapter *a, const client_event *ev);

sluis_err work_push(adapter *a, const uint8_t transaction[static UUID_LEN]);
/* Everything unfinished in the store, at start and when something failed. */
sluis_err work_load(adapter *a);

/* Deliveries that are not done yet; a transaction that is not among them is passed over. */
void owed_done(adapter *a, const uint8_t transaction[static UUID_LEN]);
void log_transaction(log_level level, const char *event, const uint8_t transaction[static UUID_LEN],
                     const char *code, const char *text);
void log_no_space(void);
/* The row in another state, with a note, without its draft; a held one is held no longer. */
sluis_err row_mark(adapter *a, const uint8_t transaction[static UUID_LEN], Sluis__InboxRow *row,
                   const char *state, const char *note);

/* Submits bytes that are stored; a full gateway is tried again later. */
sluis_err submit_stored(adapter *a, const uint8_t message_id[static UUID_LEN], bytes answer);
/* Stores the requests that have come in this turn. */
sluis_err turn_store(adapter *a);
sluis_err arrive_event(adapter *a, const client_event *ev);
sluis_err turn_end(adapter *a);

/* The header of a stored message (in e, owned) and its body (in ar). */
sluis_err stored_request(const Sluis__InboxRow *row, arena *ar, envelope **e, Sluis__RequestBody **body);
/* What is needed to consider it; what only a person may release stands in its receipt. */
sluis_err consider_parts(adapter *a, const Sluis__InboxRow *row, arena *ar, consider_with *out);

/* A stored request, opened by the command's id; closed by desk_close. */
typedef struct {
    uuid id;
    arena *ar;
    Sluis__InboxRow *row;
    envelope *e;
    Sluis__RequestBody *body;
    const char *behalf; /* after desk_may: for whom who decides stands in, "" for nobody */
} opened;
sluis_err desk_open(adapter *a, const json_t *request, opened *o, sluis_fail *f);
/* Whether this person may decide about it now (staff.h). FORBIDDEN. */
sluis_err desk_may(adapter *a, opened *o, const char *by, sluis_fail *f);
void desk_close(opened *o);
/* The text at key; "" when absent. An error for anything but text. */
sluis_err desk_text(const json_t *request, const char *key, bool required, const char **out, sluis_fail *f);
/* What the party's files and its law make of it. */
sluis_err desk_consider(adapter *a, const opened *o, consideration *c, sluis_fail *f);

json_t *decide_command_release(adapter *a, const json_t *request, sluis_fail *f);
json_t *decide_command_refuse(adapter *a, const json_t *request, sluis_fail *f);
json_t *decide_command_known(adapter *a, const json_t *request, sluis_fail *f);
json_t *decide_command_assign(adapter *a, const json_t *request, sluis_fail *f);

json_t *talk_command_ask(adapter *a, const json_t *request, sluis_fail *f);
json_t *talk_command_correct(adapter *a, const json_t *request, sluis_fail *f);

json_t *receipt_command_get(adapter *a, const json_t *request, sluis_fail *f);
json_t *receipt_command_renew(adapter *a, const json_t *request, sluis_fail *f);
/* restored.c: what a restore of the gateway may have lost. note: a receipt that came, or is kept. */
void restored_note(adapter *a, bytes receipt);
sluis_err restored_welcome(adapter *a);
/* Of a message that is no answer of ours. */
sluis_err restored_ack(adapter *a, const client_event *ev);
sluis_err restored_nack(const client_event *ev);

sluis_err receipt_arrived(adapter *a, const client_event *ev);

json_t *desk_command(void *ctx, uid_t peer, const char *cmd, const json_t *request, sluis_fail *f);

#endif
