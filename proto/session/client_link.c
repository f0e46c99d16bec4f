#include <string.h>

#include "session/client_parts.h"

#define MONITOR      "inproc://monitor"
#define HEARTBEAT_MS 5000
#define REDIAL_MS    3000 /* what libzmq gets to reconnect by itself */
#define HWM          1024
#define MONITOR_HWM  100000

sluis_err link_fail(sluis_fail *f, const char *where, const char *what)
{
    int rc = zmq_errno();
    return fail_set(f, session_error(), where, "%s: %s", what, zmq_strerror(rc));
}

sluis_err link_dealer(client *c, sluis_fail *f)
{
    const client_options *o = c->o;
    const session_option set[] = {{ZMQ_LINGER, 0},
                                  {ZMQ_IMMEDIATE, 1},
                                  {ZMQ_SNDHWM, HWM},
                                  {ZMQ_RCVHWM, HWM},
                                  {ZMQ_RECONNECT_IVL, RECONNECT_FIRST},
                                  {ZMQ_RECONNECT_IVL_MAX, o->reconnect_max_ms},
                                  {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
                                  {ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS},
                                  {ZMQ_HEARTBEAT_TIMEOUT, 3 * HEARTBEAT_MS},
                                  {ZMQ_HEARTBEAT_TTL, 3 * HEARTBEAT_MS},
                                  {0, 0}};
    int64_t max = (int64_t)o->max_frame;
    c->dealer = zmq_socket(c->ctx, ZMQ_DEALER);
    if (!c->dealer)
        return link_fail(f, o->endpoint, "no socket");
    if (session_set(c->dealer, set) || zmq_setsockopt(c->dealer, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_SERVERKEY, c->server_keys.pk[0], PK_LEN) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_PUBLICKEY, o->curve->pk, 32) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_SECRETKEY, o->curve->sk, 32) != 0)
        return link_fail(f, o->endpoint, "an option was refused");
    return SLUIS_OK;
}

sluis_err link_monitor(client *c, sluis_fail *f)
{
    const session_option set[] = {{ZMQ_LINGER, 0}, {ZMQ_RCVHWM, MONITOR_HWM}, {0, 0}};
    c->monitor = zmq_socket(c->ctx, ZMQ_PAIR);
    if (!c->monitor || session_set(c->monitor, set) ||
        zmq_socket_monitor(c->dealer, MONITOR,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0 ||
        zmq_connect(c->monitor, MONITOR) != 0)
        return link_fail(f, c->o->endpoint, "the connection cannot be watched");
    return SLUIS_OK;
}

void link_lost(client *c, int patience_ms)
{
    c->open = c->welcomed = c->hello_sent = c->welcome_waits = false;
    c->done_count = 0; /* of a session that is over: delivered again */
    buffer_close(&c->parts);
    c->redial_at = client_in_ms((uint64_t)patience_ms + (uint64_t)c->o->reconnect_max_ms);
}

sluis_err link_redial(client *c)
{
    if (c->broken)
        c->server_key = (c->server_key + 1) % c->server_keys.n;
    if (zmq_setsockopt(c->dealer, ZMQ_CURVE_SERVERKEY, c->server_keys.pk[c->server_key], PK_LEN) != 0)
        return session_error();
    c->redial_at = client_in_ms(HANDSHAKE_MS + (uint64_t)c->o->reconnect_max_ms);
    zmq_disconnect(c->dealer, c->o->endpoint); /* fails when libzmq gave it up already */
    return zmq_connect(c->dealer, c->o->endpoint) == 0 ? SLUIS_OK : session_error();
}

bool link_event(client *c, client_event *out)
{
    uint8_t event[6], address[256];
    if (zmq_recv(c->monitor, event, sizeof event, ZMQ_DONTWAIT) != (int)sizeof event)
        return false;
    zmq_recv(c->monitor, address, sizeof address, ZMQ_DONTWAIT);
    uint16_t what;
    bool all;
    memcpy(&what, event, sizeof what); /* in the machine's own order */
    switch (what) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link_lost(c, 0);
        c->open = true;
        c->broken = 0;
        c->hello_at = 0;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        link_lost(c, 0);
        if (client_is_news(c, out, error_token(SLUIS_UNKNOWN_KEY)))
            fail_set(&out->why, SLUIS_UNKNOWN_KEY, c->o->endpoint,
                     "the gateway does not know our connection key: let its operator enrol it");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        c->broken++;
        all = c->broken % c->server_keys.n == 0; /* each key has had its turn: wait a while */
        link_lost(c, all ? HANDSHAKE_MS : 0);
        if (all && client_is_news(c, out, "handshake"))
            fail_set(&out->why, SLUIS_CLOSED, c->o->endpoint,
                     "hung up during the handshake: is this the gateway, and its connection key the one "
                     "configured? (the gateway's operator has it: curve.key.pub)");
        break;
    default:
        if (c->open) /* after a refused handshake, when to dial again is settled */
            link_lost(c, REDIAL_MS);
    }
    return true;
}
