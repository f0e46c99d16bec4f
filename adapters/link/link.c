#include "link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/brake.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/keyfile.h"
#include "session/client.h"
#include "wire/envelope.h"

#define CARRIED_MAX 64   /* credit of the configuration, at most */
#define NOTES_MAX   128  /* not taken by the other thread yet: deliveries and outcomes of such a credit */
#define WAIT_MS     1000 /* how long a thread sleeps when nothing comes */
#define ANNOUNCE_MS 60000
#define ENTRY_ARENA (256u << 10)

/* What one side's thread tells the other's; owned by whoever holds it. */
typedef enum { NOTE_CARRY, NOTE_OUTCOME, NOTE_KEY, NOTE_STOP } note_kind;
typedef struct {
    note_kind kind;
    uint64_t seq, generation; /* of the delivery, at the side it came from */
    sluis_err why;            /* outcome: OK: done */
    uint64_t from, until;     /* key */
    uint8_t pk[PK_LEN], signature[SIG_LEN];
    size_t n;
    uint8_t sealed[]; /* carry: the message */
} note;

/* A delivery of the other side that waits for this bus's word. */
typedef struct {
    bool used;
    uint8_t message_id[UUID_LEN];
    uint64_t seq, generation;
} carried;

typedef struct {
    const link_settings *s;
    const link_side *own;   /* the gateway that this thread talks to */
    const link_side *other; /* as whom it does */
    keypair curve;
    client *client;
    client_options options;
    int in, out; /* pipes of pointers to notes: from the other thread, to it */
    carried carried[CARRIED_MAX];
    note *key;       /* owned: the other gateway's newest sealing key; NULL: not known yet */
    uint64_t key_at; /* when it is said (again) */
    bool in_force;   /* the directory at hand is this gateway's */
    log_brake full;
    bool stop;
    pthread_t thread;
} side;

struct link_pair {
    side side[LINK_SIDES];
    size_t started;
};

/* ---- between the threads ---- */

/* Takes n. A pipe holds more than the credit of both sides: when it is full all the same, the delivery is
 * made again. */
static void tell(const side *x, note *n)
{
    if (!n || write(x->out, &n, sizeof(n)) == sizeof(n))
        return;
    log_write(LOG_WARN, "link.full", "code", error_token(SLUIS_FULL), NULL);
    free(n);
}

static note *note_new(note_kind kind, bytes message)
{
    note *n = calloc(1, sizeof(*n) + message.n);
    if (!n) {
        log_write(LOG_WARN, "link.memory", "code", error_token(SLUIS_NOMEM), NULL);
        return NULL;
    }
    n->kind = kind;
    n->n = message.n;
    if (message.n)
        memcpy(n->sealed, message.p, message.n);
    return n;
}

static void tell_outcome(const side *x, uint64_t seq, uint64_t generation, sluis_err why)
{
    note *n = note_new(NOTE_OUTCOME, (bytes){NULL, 0});
    if (n) {
        n->seq = seq;
        n->generation = generation;
        n->why = why;
    }
    tell(x, n);
}

/* ---- the other gateway's sealing key ---- */

/* The gateway's own entry in its directory names its sealing key, signed by it. */
static void tell_key(const side *x, const snapshot *dir)
{
    const party *p;
    ProtobufCMessage *outer = NULL, *inner = NULL;
    arena *a = arena_new(ENTRY_ARENA);
    size_t i = 0;
    while ((p = directory_at(dir->dir, i)) && !oin_equal(&p->oin, &x->own->gateway))
        i++;
    sluis_err e =
        a && p ? wire_unpack(&outer, &sluis__signed_entry__descriptor, a, directory_entry(dir->dir, i), NULL)
               : SLUIS_NOT_FOUND;
    const Sluis__SignedEntry *entry = (const Sluis__SignedEntry *)outer;
    if (!e)
        e = wire_unpack(&inner, &sluis__party_entry__descriptor, a,
                        BYTES(entry->entry.data, entry->entry.len), NULL);
    const Sluis__PartyEntry *self = (const Sluis__PartyEntry *)inner;
    for (size_t k = 0; !e && k < self->n_keys; k++) {
        const Sluis__DirectoryKey *key = self->keys[k];
        note *n = key->use == USE_SEAL && key->pk.len == PK_LEN && key->signature.len == SIG_LEN
                      ? note_new(NOTE_KEY, (bytes){NULL, 0})
                      : NULL;
        if (!n)
            continue;
        memcpy(n->pk, key->pk.data, PK_LEN);
        memcpy(n->signature, key->signature.data, SIG_LEN);
        n->from = key->valid_from;
        n->until = key->valid_until;
        tell(x, n);
    }
    arena_free(&a);
}

static bool knows(const side *x, const snapshot *dir)
{
    const party *p = directory_find(dir->dir, &x->other->gateway);
    for (size_t i = 0; p && i < p->key_count; i++)
        if (memcmp(p->keys[i].pk, x->key->pk, PK_LEN) == 0)
            return true;
    return false;
}

/* Says it to this gateway, until its directory has it. */
static void announce(side *x)
{
    const snapshot *dir = client_snapshot(x->client);
    uint64_t now = clock_ms();
    if (!x->key || !x->in_force || !client_connected(x->client) || now < x->key_at || knows(x, dir))
        return;
    Sluis__DirectoryKey k = SLUIS__DIRECTORY_KEY__INIT, *list[] = {&k};
    k.use = USE_SEAL;
    k.pk = (ProtobufCBinaryData){PK_LEN, x->key->pk};
    k.signature = (ProtobufCBinaryData){SIG_LEN, x->key->signature};
    k.valid_from = x->key->from;
    k.valid_until = x->key->until;
    if (client_renew(x->client, list, 1) == SLUIS_OK)
        x->key_at = now + ANNOUNCE_MS;
}

static void take_directory(side *x, bool welcome)
{
    const snapshot *dir = client_snapshot(x->client);
    x->in_force = dir && strcmp(dir->gateway, x->own->name) == 0;
    if (welcome)
        log_write(LOG_INFO, "link.welcome", "gateway", dir ? dir->gateway : "", NULL);
    if (dir && !x->in_force)
        log_write(LOG_ERROR, "link.other-gateway", "gateway", dir->gateway, "text",
                  "not the name of this side in the configuration", NULL);
    if (x->in_force)
        tell_key(x, dir);
}

/* ---- carrying ---- */

static carried *find(side *x, const uint8_t id[static UUID_LEN])
{
    for (size_t i = 0; i < CARRIED_MAX; i++)
        if (x->carried[i].used && memcmp(x->carried[i].message_id, id, UUID_LEN) == 0)
            return &x->carried[i];
    return NULL;
}

static carried *free_place(side *x)
{
    size_t i = 0;
    while (i < CARRIED_MAX && x->carried[i].used)
        i++;
    return i < CARRIED_MAX ? &x->carried[i] : NULL;
}

/* Reads the message id of the header, and no more: the rest is for the gateways. */
static sluis_err message_id(uint8_t out[static UUID_LEN], bytes raw)
{
    envelope *e = NULL;
    sluis_err err = envelope_decode(&e, raw, ENVELOPE_MAX, NULL);
    if (!err)
        memcpy(out, e->core->message_id.data, UUID_LEN);
    envelope_free(&e);
    return err;
}

static bool has_room(const side *x)
{
    int waiting = 0; /* bytes */
    return ioctl(x->out, FIONREAD, &waiting) == 0 && (size_t)waiting < NOTES_MAX * sizeof(note *);
}

/* A gateway that keeps to its credit always finds room; one that does not is not given more memory for it. */
static void hand_on(side *x, const client_event *ev)
{
    const char *left_out = NULL;
    note *n = has_room(x) ? note_new(NOTE_CARRY, ev->envelope) : NULL;
    if (n) {
        n->seq = ev->seq;
        n->generation = ev->generation;
        tell(x, n);
    } else if (brake_lets(&x->full, clock_mono_us(), &left_out)) {
        log_write(LOG_WARN, "link.full", "gateway", x->own->name, "code", error_token(SLUIS_FULL),
                  left_out ? "left_out" : NULL, left_out, NULL);
    }
}

/* The same message again, delivered anew: its newest delivery is the one to answer. */
static void carry(side *x, const note *n)
{
    uint8_t id[UUID_LEN];
    bytes raw = BYTES(n->sealed, n->n);
    sluis_err e = message_id(id, raw);
    carried *c = e ? NULL : find(x, id);
    if (!e && !c)
        c = free_place(x);
    if (e) {
        tell_outcome(x, n->seq, n->generation, e);
        return;
    }
    if (!c)
        return; /* delivered again, when there is room */
    *c = (carried){.used = true, .seq = n->seq, .generation = n->generation};
    memcpy(c->message_id, id, UUID_LEN);
    e = client_submit(x->client, id, raw);
    if (!e)
        return;
    c->used = false;
    if (e != SLUIS_FULL)
        tell_outcome(x, n->seq, n->generation, e);
}

/* What may be otherwise in a while. An unknown key is a new one that was not enrolled there yet. */
static bool passes(sluis_err why)
{
    return why == SLUIS_FULL || why == SLUIS_NO_SPACE || why == SLUIS_NOMEM || why == SLUIS_IO ||
           why == SLUIS_INTERNAL || why == SLUIS_NOT_YET || why == SLUIS_SUSPENDED ||
           why == SLUIS_UNKNOWN_KEY || why == SLUIS_CLOSED || why == SLUIS_TIMEOUT;
}

static void settled(side *x, const client_event *ev)
{
    carried *c = find(x, ev->message_id);
    sluis_err why = ev->kind == CLIENT_ACK ? SLUIS_OK : error_parse(ev->code);
    if (!c)
        return;
    c->used = false;
    if (why)
        log_write(LOG_WARN, "link.refused", "gateway", x->own->name, "code", ev->code, "where", ev->why.where,
                  "text", ev->why.text, NULL);
    if (!passes(why)) /* else it is delivered again */
        tell_outcome(x, c->seq, c->generation, why);
}

static void on_event(side *x, const client_event *ev)
{
    switch (ev->kind) {
    case CLIENT_WELCOME:
    case CLIENT_DIRECTORY:
        take_directory(x, ev->kind == CLIENT_WELCOME);
        break;
    case CLIENT_DELIVER:
        hand_on(x, ev);
        break;
    case CLIENT_ACK:
    case CLIENT_NACK:
        settled(x, ev);
        break;
    case CLIENT_REFUSED:
        log_write(LOG_ERROR, "link.no-session", "gateway", x->own->name, "code", ev->code, "text",
                  ev->why.text, NULL);
        break;
    case CLIENT_RENEWED:
        log_write(*ev->code ? LOG_WARN : LOG_INFO, "link.seal-key", "gateway", x->own->name, "code",
                  *ev->code ? ev->code : "ok", "text", ev->why.text, NULL);
        break;
    case CLIENT_RECEIPT:
    case CLIENT_FD:
    case CLIENT_NONE:
        break;
    }
}

/* A session that is over is told again by its next one: then the delivery is too. */
static void on_note(side *x, note *n)
{
    switch (n->kind) {
    case NOTE_CARRY:
        carry(x, n);
        break;
    case NOTE_OUTCOME:
        if (n->why)
            client_refuse(x->client, n->seq, n->generation, n->why);
        else
            client_done(x->client, n->seq, n->generation);
        break;
    case NOTE_KEY:
        if (x->key && memcmp(x->key->pk, n->pk, PK_LEN) == 0)
            break;
        free(x->key);
        x->key = n;
        x->key_at = 0;
        return;
    case NOTE_STOP:
        x->stop = true;
        break;
    }
    free(n);
}

static void *run(void *arg)
{
    side *x = arg;
    client_event ev;
    note *n;
    while (!x->stop) {
        sluis_err e = client_next(x->client, WAIT_MS, &x->in, 1, &ev);
        if (e && e != SLUIS_TIMEOUT)
            log_write(LOG_ERROR, "link.session", "gateway", x->own->name, "code", error_token(e), NULL);
        else if (!e && ev.kind == CLIENT_FD && read(x->in, &n, sizeof(n)) == sizeof(n))
            on_note(x, n);
        else if (!e)
            on_event(x, &ev);
        announce(x);
    }
    return NULL;
}

/* ---- the pair ---- */

static sluis_err open_side(side *x, passphrase *pass, sluis_fail *f)
{
    sluis_err e = keyfile_open(&x->curve, x->own->key, USE_CURVE, pass, f);
    x->options = (client_options){.endpoint = x->own->endpoint,
                                  .curve = &x->curve,
                                  .server_curve_pk = x->own->curve_pk,
                                  .root_pk = x->own->root_pk,
                                  .program = "sluis-link",
                                  .credit = x->s->credit,
                                  .max_frame = x->s->max_frame,
                                  .reconnect_max_ms = x->s->reconnect_max_ms};
    return e ? e : client_open(&x->client, &x->options, f);
}

static sluis_err open_pipes(link_pair *l, sluis_fail *f)
{
    for (size_t i = 0; i < LINK_SIDES; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
            return fail_set(f, SLUIS_IO, "pipe", "%s", strerror(errno));
        l->side[i].in = ends[0];
        l->side[1 - i].out = ends[1];
    }
    return SLUIS_OK;
}

sluis_err link_start(link_pair **out, const link_settings *s, sluis_fail *f)
{
    passphrase pass = {0};
    link_pair *l = *out = calloc(1, sizeof(*l));
    if (!l)
        return fail_set(f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; i < LINK_SIDES; i++)
        l->side[i] = (side){.s = s, .own = &s->side[i], .other = &s->side[1 - i], .in = -1, .out = -1};
    sluis_err e = s->passphrase_file ? passphrase_open(&pass, s->passphrase_file, f) : SLUIS_OK;
    if (!e)
        e = open_pipes(l, f);
    for (size_t i = 0; !e && i < LINK_SIDES; i++)
        e = open_side(&l->side[i], &pass, f);
    for (; !e && l->started < LINK_SIDES; l->started += e == SLUIS_OK)
        if (pthread_create(&l->side[l->started].thread, NULL, run, &l->side[l->started]))
            e = fail_set(f, SLUIS_NOMEM, "", "no thread can be started");
    passphrase_close(&pass);
    if (e)
        link_stop(out);
    return e;
}

void link_stop(link_pair **lp)
{
    link_pair *l = *lp;
    note *n;
    if (!l)
        return;
    for (size_t i = 0; i < l->started; i++)
        tell(&l->side[1 - i], note_new(NOTE_STOP, (bytes){NULL, 0}));
    for (size_t i = 0; i < l->started; i++)
        pthread_join(l->side[i].thread, NULL);
    for (size_t i = 0; i < LINK_SIDES; i++) {
        side *x = &l->side[i];
        while (x->in >= 0 && read(x->in, &n, sizeof(n)) == sizeof(n))
            free(n);
        if (x->in >= 0)
            close(x->in);
        if (x->out >= 0)
            close(x->out);
        free(x->key);
        client_close(&x->client);
        keypair_close(&x->curve);
    }
    free(l);
    *lp = NULL;
}
