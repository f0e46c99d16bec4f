/* The link against a gateway that does not keep to its credit. The sessions are doubles: one delivers without
 * end, the other takes nothing until all of it was delivered. */
#include "kit.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "link/link.h"
#include "session/client.h"

#define DELIVERIES 5000
#define MAY_WAIT   128 /* messages */

typedef struct {
    bytes message;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t delivered, submitted, clients;
} scene;

static scene now = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct client {
    bool floods;
};

sluis_err client_open(client **out, const client_options *o, sluis_fail *f)
{
    (void)o;
    (void)f;
    *out = calloc(1, sizeof(**out));
    assert_non_null(*out);
    (*out)->floods = now.clients++ == 0;
    return SLUIS_OK;
}

void client_close(client **c)
{
    free(*c);
    *c = NULL;
}

static sluis_err wait_for_notes(const int *fds, client_event *ev)
{
    struct pollfd p = {.fd = fds[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, -1), 1);
    *ev = (client_event){.kind = CLIENT_FD, .fd = fds[0]};
    return SLUIS_OK;
}

sluis_err client_next(client *c, int timeout_ms, const int *fds, int nfds, client_event *ev)
{
    (void)timeout_ms;
    (void)nfds;
    pthread_mutex_lock(&now.lock);
    while (!c->floods && now.delivered < DELIVERIES)
        pthread_cond_wait(&now.changed, &now.lock);
    const bool more = c->floods && now.delivered < DELIVERIES;
    now.delivered += more;
    pthread_cond_broadcast(&now.changed);
    pthread_mutex_unlock(&now.lock);
    if (!more)
        return wait_for_notes(fds, ev);
    *ev = (client_event){.kind = CLIENT_DELIVER, .generation = 1, .envelope = now.message};
    return SLUIS_OK;
}

sluis_err client_submit(client *c, const uint8_t message_id[static UUID_LEN], bytes raw)
{
    (void)c;
    (void)message_id;
    assert_true(bytes_equal(raw, now.message));
    now.submitted++; /* by one thread; read when it has ended */
    return SLUIS_OK;
}

sluis_err client_done(client *c, uint64_t seq, uint64_t generation)
{
    (void)c;
    (void)seq;
    (void)generation;
    return SLUIS_OK;
}

sluis_err client_refuse(client *c, uint64_t seq, uint64_t generation, sluis_err why)
{
    (void)why;
    return client_done(c, seq, generation);
}

sluis_err client_renew(client *c, Sluis__DirectoryKey **keys, size_t n)
{
    (void)c;
    (void)keys;
    (void)n;
    return SLUIS_OK;
}

const snapshot *client_snapshot(const client *c)
{
    (void)c;
    return NULL;
}

bool client_connected(const client *c)
{
    (void)c;
    return true;
}

static void beyond_its_credit(void **state)
{
    char folder[] = "/tmp/sluis-link-XXXXXX", path[64];
    keypair curve;
    actor from, to;
    parcel p;
    draft d;
    seal_to target;
    link_pair *l = NULL;
    sluis_fail f = {0};
    (void)state;
    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/curve.key", folder);
    key_make(&curve, USE_CURVE, 1);
    assert_int_equal(keyfile_write(path, &curve, &f), SLUIS_OK);
    actor_init(&from, OIN_GEM, 1);
    actor_init(&to, OIN_SCHL, 2);
    draft_init(&d);
    parcel_init(&p);
    target = to_actor(&to);
    parcel_seal(&p, &d, &from, &target, 1, "zaak");
    parcel_sign(&p, &from);
    now.message = buffer_bytes(&p.out);
    const link_settings s = {.side = {{.gateway = from.oin, .name = "a", .endpoint = "", .key = path},
                                      {.gateway = to.oin, .name = "b", .endpoint = "", .key = path}},
                             .credit = 8,
                             .max_frame = 65536,
                             .reconnect_max_ms = 1000};
    if (link_start(&l, &s, &f))
        fail_msg("%s: %s", f.where, f.text);
    pthread_mutex_lock(&now.lock);
    while (now.delivered < DELIVERIES)
        pthread_cond_wait(&now.changed, &now.lock);
    pthread_mutex_unlock(&now.lock);
    link_stop(&l); /* each takes what came before that word */
    assert_in_range(now.submitted, 1, MAY_WAIT + 1);
    parcel_close(&p);
    keypair_close(&curve);
    actor_close(&from);
    actor_close(&to);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(beyond_its_credit)};
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
