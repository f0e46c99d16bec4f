/* Publishes to a RabbitMQ quorum queue with confirms, a number unconfirmed at once, as our own sender has a
 * number outstanding: peer_amqp PORT OUTSTANDING WARMUP COUNT BYTES. Messages are persistent. Prints one JSON
 * object. Only make bench-peers builds it. */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define QUEUE     "sluis-peers"
#define BYTES_MAX 65536
#define RING      4096

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "peer_amqp: %s\n", what);
    exit(1);
}

static void need(amqp_connection_state_t c, const char *what)
{
    if (amqp_get_rpc_reply(c).reply_type != AMQP_RESPONSE_NORMAL)
        die(what);
}

static amqp_connection_state_t open_queue(int port)
{
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *s = amqp_tcp_socket_new(c);
    amqp_table_entry_t kind = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}};
    amqp_table_t arguments = {.num_entries = 1, .entries = &kind};
    if (!s || amqp_socket_open(s, "127.0.0.1", port))
        die("no connection");
    if (amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type !=
        AMQP_RESPONSE_NORMAL)
        die("no login");
    amqp_channel_open(c, 1);
    need(c, "no channel");
    amqp_queue_declare(c, 1, amqp_cstring_bytes(QUEUE), 0, 1, 0, 0, arguments);
    need(c, "no queue");
    amqp_confirm_select(c, 1);
    need(c, "no confirms");
    return c;
}

/* Waits for the next confirm: up to which delivery tag everything is confirmed at least, and how many it was
 * about. */
static uint64_t next_confirm(amqp_connection_state_t c, bool *multiple)
{
    amqp_frame_t f;
    for (;;) {
        amqp_maybe_release_buffers(c);
        if (amqp_simple_wait_frame(c, &f) != AMQP_STATUS_OK)
            die("the connection broke");
        if (f.frame_type != AMQP_FRAME_METHOD)
            continue;
        if (f.payload.method.id != AMQP_BASIC_ACK_METHOD)
            die("something else than a confirm came");
        const amqp_basic_ack_t *a = f.payload.method.decoded;
        *multiple = a->multiple;
        return a->delivery_tag;
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

int main(int argc, char **argv)
{
    static uint64_t at[RING];
    static bool open[RING];
    static uint8_t body[BYTES_MAX];
    if (argc != 6)
        die("usage: peer_amqp PORT OUTSTANDING WARMUP COUNT BYTES");
    uint64_t w = strtoull(argv[2], NULL, 10), warmup = strtoull(argv[3], NULL, 10),
             total = warmup + strtoull(argv[4], NULL, 10), size = strtoull(argv[5], NULL, 10);
    uint64_t sent = 0, got = 0, low = 1, start = 0;
    uint32_t *took = calloc(total ? total : 1, sizeof(*took));
    amqp_connection_state_t c = open_queue(atoi(argv[1]));
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    if (!took || !w || w > RING / 2 || !warmup || size > BYTES_MAX)
        die("numbers out of bounds");
    while (got < total) {
        while (sent < total && sent - got < w && sent + 1 - low < RING) {
            sent++;
            at[sent % RING] = clock_mono_us();
            open[sent % RING] = true;
            if (amqp_basic_publish(c, 1, amqp_empty_bytes, amqp_cstring_bytes(QUEUE), 0, 0, &p,
                                   (amqp_bytes_t){.len = size, .bytes = body}))
                die("a message was not taken");
        }
        bool multiple;
        uint64_t tag = next_confirm(c, &multiple), from = multiple ? low : tag;
        for (uint64_t i = from; i <= tag; i++) {
            if (!open[i % RING])
                continue;
            open[i % RING] = false;
            took[got++] = (uint32_t)(clock_mono_us() - at[i % RING]);
            if (got == warmup)
                start = clock_mono_us();
        }
        while (low <= sent && !open[low % RING])
            low++;
    }
    double seconds = (double)(clock_mono_us() - start) / 1e6;
    qsort(took + warmup, total - warmup, sizeof(*took), by_value);
    printf("{\"per_s\": %.1f, \"p50_us\": %u}\n", (double)(total - warmup) / seconds,
           took[warmup + (total - warmup) / 2]);
    amqp_queue_delete(c, 1, amqp_cstring_bytes(QUEUE), 0, 0);
    amqp_destroy_connection(c);
    free(took);
    return 0;
}
