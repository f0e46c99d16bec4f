/* A room for what the adapter does with what comes in and goes out: an adapter (the school) with its store in
 * memory, a directory, a journal of one entry, and a session that is a double: it notes what is said to the
 * gateway. */
#ifndef SLUIS_TESTS_KIT_ROOM_H
#define SLUIS_TESTS_KIT_ROOM_H

#include "kit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "crypto/merkle.h"
#include "runtime/parts.h"

#define LOG      "gem.test/journal/1"
#define OIN_X    "00000099000000007000"
#define PEOPLE   4
#define SENT_MAX 80

enum { GEM, SCHOOL, GGD, OTHER };

typedef struct {
    adapter *a;
    actor who[PEOPLE];
    keypair dir_key, log_key;
    snapshot snap;
    uint8_t store_key[32];
    uuid transaction;
    uint8_t request_mh[HASH_LEN];
    uint64_t now;
} room;

/* ---- the double ---- */

struct client {
    const snapshot *snap;
    uint64_t done, refused; /* sequence numbers; 0: none */
    sluis_err why;
    unsigned submitted;
    buffer sent[SENT_MAX];
};

const snapshot *client_snapshot(const client *c)
{
    return c->snap;
}

sluis_err client_done(client *c, uint64_t seq, uint64_t generation)
{
    (void)generation;
    c->done = seq;
    return SLUIS_OK;
}

sluis_err client_refuse(client *c, uint64_t seq, uint64_t generation, sluis_err why)
{
    (void)generation;
    c->refused = seq;
    c->why = why;
    return SLUIS_OK;
}

sluis_err client_submit(client *c, const uint8_t message_id[static UUID_LEN], bytes raw)
{
    (void)message_id;
    assert_in_range(c->submitted, 0, SENT_MAX - 1);
    buffer_init(&c->sent[c->submitted], ENVELOPE_MAX);
    buffer_add(&c->sent[c->submitted++], raw.p, raw.n);
    return SLUIS_OK;
}

sluis_err client_submit_again(client *c, const uint8_t message_id[static UUID_LEN], bytes raw, bytes receipt)
{
    (void)receipt;
    return client_submit(c, message_id, raw);
}

const char *client_origin(const client *c, uint64_t *from)
{
    (void)c;
    *from = 0;
    return "";
}

void client_show(client *c, bytes note)
{
    (void)c;
    (void)note;
}

sluis_err client_renew(client *c, Sluis__DirectoryKey **keys, size_t n)
{
    (void)c;
    (void)keys;
    (void)n;
    return SLUIS_OK;
}

sluis_err client_ask_receipt(client *c, uint64_t index, bool proof)
{
    (void)c;
    (void)index;
    (void)proof;
    return SLUIS_OK;
}

void client_server_keys(client *c, const pubkeys *keys)
{
    (void)c;
    (void)keys;
}
bool client_connected(const client *c)
{
    return c != NULL;
}

/* ---- the room ---- */

KIT void sign_entry(room *r, const actor *w, uint32_t suite, buffer *out)
{
    Sluis__PartyEntry x = SLUIS__PARTY_ENTRY__INIT;
    Sluis__DirectoryKey k[2], *list[2];
    uint8_t sig[2][SIG_LEN];
    const keypair *keys[] = {&w->sign, &w->seal};
    for (size_t i = 0; i < 2; i++) {
        sluis__directory_key__init(&k[i]);
        k[i].use = keys[i]->use;
        k[i].pk = data_of(keys[i]->pk, PK_LEN);
        k[i].valid_from = r->now - DAY_MS;
        k[i].valid_until = r->now + DAY_MS;
        assert_int_equal(party_key_sign(sig[i], &w->sign, keys[i]->use, keys[i]->pk, k[i].valid_from,
                                        k[i].valid_until, &w->oin),
                         SLUIS_OK);
        k[i].signature = data_of(sig[i], SIG_LEN);
        list[i] = &k[i];
    }
    x.oin = (char *)(uintptr_t)w->oin.s;
    x.name = (char *)(uintptr_t) "Een partij";
    x.domain = (char *)(uintptr_t) "gemeente";
    x.keys = list;
    x.n_keys = 2;
    x.valid_from = r->now - DAY_MS;
    x.valid_until = r->now + DAY_MS;
    x.suites = &suite;
    x.n_suites = 1;
    x.version = 1;
    assert_int_equal(entry_sign(out, &x, &r->dir_key), SLUIS_OK);
}

/* suite: what the asker may use. */
KIT void set_directory(room *r, uint32_t suite)
{
    buffer raw[PEOPLE];
    bytes entries[PEOPLE];
    sluis_fail f = {0};
    directory_unref(&r->snap.dir);
    for (size_t i = 0; i < PEOPLE; i++) {
        buffer_init(&raw[i], ENTRY_MAX);
        sign_entry(r, &r->who[i], i == GEM ? suite : 1, &raw[i]);
        entries[i] = buffer_bytes(&raw[i]);
    }
    if (directory_build(&r->snap.dir, entries, PEOPLE, 1, r->dir_key.pk, &f))
        fail_msg("%s: %s", f.where, f.text);
    for (size_t i = 0; i < PEOPLE; i++)
        buffer_close(&raw[i]);
}

KIT void draft_of(const room *r, draft *d, Sluis__Kind kind)
{
    draft_init(d);
    d->core.kind = kind;
    d->core.created = r->now;
    d->core.expires = r->now + 3600000;
    d->core.transaction = data_of(r->transaction.b, UUID_LEN);
    if (kind != SLUIS__KIND__REQUEST)
        d->core.n_attributes = 0;
}

KIT void seal_message(const draft *d, const actor *from, const actor *to, const ProtobufCMessage *body,
                      parcel *p)
{
    buffer plain;
    seal_to target = to_actor(to);
    buffer_init(&plain, 65536);
    parcel_init(p);
    assert_int_equal(wire_pack(&plain, body), SLUIS_OK);
    assert_int_equal(envelope_seal(&d->core, &from->oin, &from->sign, from->epoch, &target, 1,
                                   buffer_bytes(&plain), d->core.created, &p->header, &p->body, p->mh),
                     SLUIS_OK);
    parcel_sign(p, from);
    buffer_close(&plain);
}

/* The journal of one entry, and its receipt. */
KIT void receipt_of(const room *r, const uint8_t mh[static HASH_LEN], buffer *out)
{
    Sluis__Record record = SLUIS__RECORD__INIT;
    leaf l = {.version = 1, .klass = 1, .keep_until = 40000};
    checkpoint cp = {.origin = LOG, .size = 1};
    uint8_t salt[SALT_LEN] = {7}, raw[LEAF_LEN];
    char note[NOTE_MAX];
    size_t n;
    buffer packed;
    buffer_init(&packed, 4096);
    record.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    record.when = r->now;
    record.message_hash = data_of(mh, HASH_LEN);
    assert_int_equal(wire_pack(&packed, &record.base), SLUIS_OK);
    record_commitment(l.commitment, salt, buffer_bytes(&packed));
    leaf_encode(raw, &l);
    merkle_leaf(cp.root, raw, LEAF_LEN);
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &cp, "gem.test", &r->log_key), SLUIS_OK);
    assert_int_equal(receipt_pack(out, raw, 0, salt, buffer_bytes(&packed), NULL, 0, BYTES(note, n)),
                     SLUIS_OK);
    buffer_close(&packed);
}

KIT struct client *session(const room *r)
{
    return (struct client *)r->a->client;
}

/* Delivers the message as number 9. */
KIT void deliver(room *r, parcel *p)
{
    buffer receipt;
    buffer_init(&receipt, 65536);
    receipt_of(r, p->mh, &receipt);
    client_event ev = {.kind = CLIENT_DELIVER,
                       .seq = 9,
                       .generation = 1,
                       .envelope = buffer_bytes(&p->out),
                       .receipt = buffer_bytes(&receipt)};
    session(r)->done = session(r)->refused = 0;
    assert_int_equal(arrive_event(r->a, &ev), SLUIS_OK);
    buffer_close(&receipt);
    parcel_close(p);
}

/* The request's row in this state, and its note. */
KIT void assert_row(room *r, const char *state, const char *note)
{
    Sluis__InboxRow *row;
    arena *ar = arena_new(1u << 20);
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    assert_string_equal(row->state, state);
    assert_string_equal(row->note, note);
    arena_free(&ar);
}

KIT void set_state(room *r, const char *state)
{
    Sluis__InboxRow *row;
    arena *ar = arena_new(1u << 20);
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    row->state = (char *)(uintptr_t)state;
    assert_int_equal(inbox_put(r->a->inbox, r->transaction.b, row), SLUIS_OK);
    arena_free(&ar);
}

/* The school holds a request of the municipality. */
KIT void put_request(room *r)
{
    Sluis__RequestBody body = SLUIS__REQUEST_BODY__INIT;
    inbox_arrival v = {.received = r->now, .expires = r->now + 3600000, .seq = 3};
    buffer plain;
    draft d;
    parcel p;
    draft_of(r, &d, SLUIS__KIND__REQUEST);
    body.motivation = (char *)(uintptr_t) "onderzoek";
    seal_message(&d, &r->who[GEM], &r->who[SCHOOL], &body.base, &p);
    buffer_init(&plain, 65536);
    assert_int_equal(wire_pack(&plain, &body.base), SLUIS_OK);
    v.envelope = buffer_bytes(&p.out);
    v.body = buffer_bytes(&plain);
    memcpy(v.transaction, r->transaction.b, UUID_LEN);
    memcpy(v.message_hash, p.mh, HASH_LEN);
    memcpy(r->request_mh, p.mh, HASH_LEN);
    assert_int_equal(inbox_add(r->a->inbox, &v, 1), SLUIS_OK);
    set_state(r, STATE_HELD);
    r->a->held = 1;
    buffer_close(&plain);
    parcel_close(&p);
}

KIT int setup(void **state)
{
    static const char *const oins[PEOPLE] = {OIN_GEM, OIN_SCHL, OIN_GGD, OIN_X};
    room *r = calloc(1, sizeof *r);
    keypair seal;
    assert_int_equal(crypto_start(), SLUIS_OK);
    r->a = calloc(1, sizeof *r->a);
    r->now = clock_ms();
    r->transaction = uuid_new(r->now);
    for (size_t i = 0; i < PEOPLE; i++)
        actor_init(&r->who[i], oins[i], (uint8_t)(i + 1));
    key_make(&r->dir_key, USE_DIRECTORY, 90);
    key_make(&r->log_key, USE_LOG, 91);
    set_directory(r, 1);
    strcpy(r->snap.gateway, "gem.test");
    strcpy(r->snap.log_name, "gem.test");
    r->snap.log = pubkeys_of(r->log_key.pk);
    r->snap.made = r->now;
    adapter *a = r->a;
    a->s.own = r->who[SCHOOL].oin;
    a->s.gateway = r->who[GEM].oin;
    a->s.max_held = 10;
    a->signals = a->keys_lock = -1;
    a->in_force = true;
    a->client = calloc(1, sizeof(struct client));
    session(r)->snap = &r->snap;
    memset(r->store_key, 5, sizeof r->store_key);
    const inbox_options o = {.quota_bytes = 64u << 20, .key = r->store_key};
    assert_int_equal(inbox_open(&a->inbox, &o, NULL), SLUIS_OK);
    assert_int_equal(keypair_from_seed(&seal, USE_SEAL, r->who[SCHOOL].seal.sk, T0), SLUIS_OK);
    assert_int_equal(seal_ring_of(&a->seals, &seal), SLUIS_OK);
    assert_int_equal(intake_open(&a->intake, &a->s.own, a->seals, ENVELOPE_MAX), SLUIS_OK);
    put_request(r);
    *state = r;
    return 0;
}

KIT int teardown(void **state)
{
    room *r = *state;
    intake_close(&r->a->intake);
    inbox_close(&r->a->inbox);
    seal_ring_unref(&r->a->seals);
    for (unsigned i = 0; i < session(r)->submitted; i++)
        buffer_close(&session(r)->sent[i]);
    free(r->a->client);
    free(r->a->work);
    free(r->a);
    directory_unref(&r->snap.dir);
    for (size_t i = 0; i < PEOPLE; i++)
        actor_close(&r->who[i]);
    keypair_close(&r->dir_key);
    keypair_close(&r->log_key);
    free(r);
    return 0;
}

#endif
