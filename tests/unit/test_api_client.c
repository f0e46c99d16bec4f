/* The line to sluisd, against a bare ROUTER: frames both ways, a missing sluisd, odd messages, a restart. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "session/api_client.h"

static char dir[] = "/tmp/sluis-api-client-XXXXXX", endpoint[64], nobody[64];

static void *bound_router(void *context)
{
    void *s = zmq_socket(context, ZMQ_ROUTER);
    int zero = 0, wait = 2000;
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(zmq_bind(s, endpoint), 0);
    return s;
}

static sluis_err send_soon(api_client *c, const char *text)
{
    sluis_err e = SLUIS_FULL;
    for (int i = 0; i < 300 && e == SLUIS_FULL; i++) {
        e = api_client_send(c, bytes_str(text));
        if (e)
            usleep(10000);
    }
    return e;
}

static sluis_err recv_soon(api_client *c, buffer *b)
{
    sluis_err e = SLUIS_NOT_FOUND;
    for (int i = 0; i < 200 && e == SLUIS_NOT_FOUND; i++) {
        struct pollfd p = {.fd = api_client_fd(c), .events = POLLIN};
        e = api_client_recv(c, b);
        if (e == SLUIS_NOT_FOUND)
            poll(&p, 1, 10);
    }
    return e;
}

static void test_both_ways(void **state)
{
    (void)state;
    void *context = zmq_ctx_new(), *router = bound_router(context);
    api_client *c = NULL;
    buffer b;
    char route[64], text[64];
    buffer_init(&b, 1024);
    assert_int_equal(api_client_open(&c, endpoint, 8, NULL), SLUIS_OK);
    assert_int_equal(api_client_recv(c, &b), SLUIS_NOT_FOUND);
    assert_int_equal(send_soon(c, "call"), SLUIS_OK);
    int n = zmq_recv(router, route, sizeof route, 0);
    assert_true(n > 0);
    assert_int_equal(zmq_recv(router, text, sizeof text, 0), 4);
    assert_memory_equal(text, "call", 4);

    zmq_send(router, route, (size_t)n, ZMQ_SNDMORE);
    zmq_send(router, "reply", 5, 0);
    assert_int_equal(recv_soon(c, &b), SLUIS_OK);
    assert_true(bytes_equal(buffer_bytes(&b), bytes_str("reply")));

    /* Several frames are refused as a whole; the next message is read again. */
    zmq_send(router, route, (size_t)n, ZMQ_SNDMORE);
    zmq_send(router, "one", 3, ZMQ_SNDMORE);
    zmq_send(router, "two", 3, 0);
    assert_int_equal(recv_soon(c, &b), SLUIS_INVALID);
    zmq_send(router, route, (size_t)n, ZMQ_SNDMORE);
    zmq_send(router, "", 0, 0);
    assert_int_equal(recv_soon(c, &b), SLUIS_OK);
    assert_int_equal(b.n, 0);

    /* Larger than the caller's buffer. */
    static char big[2048];
    zmq_send(router, route, (size_t)n, ZMQ_SNDMORE);
    zmq_send(router, big, sizeof big, 0);
    assert_int_equal(recv_soon(c, &b), SLUIS_TOO_BIG);

    /* A restart: refused while nobody is there, taken again after. */
    zmq_close(router);
    usleep(200000);
    assert_int_equal(api_client_send(c, bytes_str("lost")), SLUIS_FULL);
    router = bound_router(context);
    assert_int_equal(send_soon(c, "again"), SLUIS_OK);
    assert_true(zmq_recv(router, route, sizeof route, 0) > 0);
    assert_int_equal(zmq_recv(router, text, sizeof text, 0), 5);
    assert_memory_equal(text, "again", 5);

    api_client_close(&c);
    assert_null(c);
    api_client_close(&c);
    zmq_close(router);
    zmq_ctx_term(context);
    buffer_close(&b);
}

static void test_open_fails(void **state)
{
    (void)state;
    api_client *c = NULL;
    sluis_fail f = {0};
    assert_int_equal(api_client_open(&c, "nonsense", 8, &f), SLUIS_INVALID);
    assert_null(c);
    assert_non_null(strstr(f.text, "nonsense"));
    assert_int_equal(api_client_open(&c, nobody, 8, NULL), SLUIS_OK);
    assert_int_equal(api_client_send(c, bytes_str("x")), SLUIS_FULL);
    api_client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways), cmocka_unit_test(test_open_fails)};
    if (!mkdtemp(dir))
        return 1;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/api.sock", dir);
    snprintf(nobody, sizeof nobody, "ipc://%s/nobody.sock", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(endpoint + strlen("ipc://"));
    rmdir(dir);
    return failed;
}
