/* The gate: each rule once on bytes, and the server around it over real sockets with hostile bytes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/gate.h"
#include "http/server.h"

static const gate_limits limits = {
    .max_header = 1024, .max_body = 64, .mark = "0123456789abcdef0123456789abcdef"};

static char *feed_in(const char *raw, size_t n, size_t step)
{
    gate g;
    buffer out;
    gate_init(&g, &limits);
    buffer_init(&out, 1 << 20);
    for (size_t i = 0; i < n; i += step)
        assert_int_equal(gate_feed(&g, BYTES(raw + i, n - i < step ? n - i : step), &out), SLUIS_OK);
    char *text = strndup(out.p ? (char *)out.p : "", out.n);
    buffer_close(&out);
    gate_close(&g);
    return text;
}

#define MARK "Sluis-Gate: 0123456789abcdef0123456789abcdef "

static void test_canonical(void **state)
{
    (void)state;
    static const char raw[] =
        "POST /v1/zaken?a=%20b HTTP/1.1\r\nHOST:  sluis.example:8080 \r\nCookie: x\r\n"
        "content-length: 0002\r\nConnection: foo, Close\r\nContent-Type:application/json\r\n\r\n{}"
        "GET /health/live HTTP/1.0\r\n\r\n";
    static const char want[] =
        "POST /v1/zaken?a=%20b HTTP/1.1\r\n" MARK "ok\r\nHost: sluis.example:8080\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        "GET /health/live HTTP/1.0\r\n" MARK "ok\r\n\r\n";
    for (size_t step = 1; step < sizeof raw; step += 7) {
        char *got = feed_in(raw, sizeof raw - 1, step);
        assert_string_equal(got, want);
        free(got);
    }
}

typedef struct {
    const char *name, *raw;
    size_t n; /* 0: strlen */
    gate_verdict want;
} refusal;

#define H "Host: a\r\n"
static const refusal refusals[] = {
    {"two lengths that differ", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 0,
     GATE_DUPLICATE},
    {"two equal lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 0,
     GATE_DUPLICATE},
    {"length list", "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n", 0, GATE_LENGTH},
    {"length with sign", "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n", 0, GATE_LENGTH},
    {"length in hex", "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n", 0, GATE_LENGTH},
    {"empty length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 0, GATE_LENGTH},
    {"length beyond 64 bits", "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n", 0,
     GATE_BODY_LONG},
    {"no length", "POST / HTTP/1.1\r\n" H "\r\n", 0, GATE_LENGTH_MISSING},
    {"body of a GET", "GET / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 0, GATE_BODY_UNEXPECTED},
    {"chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, GATE_TRANSFER},
    {"length and chunked", "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
     0, GATE_TRANSFER},
    {"chunked, odd case", "POST / HTTP/1.1\r\n" H "tRANSFER-eNCODING: xchunked\r\n\r\n", 0, GATE_TRANSFER},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 0, GATE_DUPLICATE},
    {"no host", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n", 0, GATE_HOST},
    {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, GATE_HOST},
    {"two tokens", "GET / HTTP/1.1\r\n" H "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 0,
     GATE_DUPLICATE},
    {"space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 0, GATE_FIELD_NAME},
    {"no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 0, GATE_FIELD_NAME},
    {"empty name", "GET / HTTP/1.1\r\n: a\r\n\r\n", 0, GATE_FIELD_NAME},
    {"folded line", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 0, GATE_FOLD},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 0, GATE_BARE_LF},
    {"bare CR", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 0, GATE_BARE_LF},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29, GATE_CONTROL},
    {"TLS hello", "\x16\x03\x01\x02", 4, GATE_CONTROL},
    {"DEL", "GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", 0, GATE_CONTROL},
    {"obs-text", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", 0, GATE_NOT_ASCII},
    {"two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 0, GATE_REQUEST_LINE},
    {"no version", "GET /\r\n" H "\r\n", 0, GATE_REQUEST_LINE},
    {"space at the end", "GET / HTTP/1.1 \r\n" H "\r\n", 0, GATE_REQUEST_LINE},
    {"empty first line", "\r\nGET / HTTP/1.1\r\n" H "\r\n", 0, GATE_REQUEST_LINE},
    {"lower-case version", "GET / http/1.1\r\n" H "\r\n", 0, GATE_REQUEST_LINE},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, GATE_VERSION},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 0, GATE_VERSION},
    {"unknown method", "BREW / HTTP/1.1\r\n" H "\r\n", 0, GATE_METHOD},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 0, GATE_METHOD},
    {"absolute form", "GET http://a/ HTTP/1.1\r\n" H "\r\n", 0, GATE_TARGET},
    {"two slashes", "GET //a/ HTTP/1.1\r\n" H "\r\n", 0, GATE_TARGET},
    {"fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 0, GATE_TARGET},
    {"half an escape", "GET /a%4 HTTP/1.1\r\n" H "\r\n", 0, GATE_TARGET},
    {"escaped NUL", "GET /a%00 HTTP/1.1\r\n" H "\r\n", 0, GATE_TARGET},
    {"expect", "POST / HTTP/1.1\r\n" H "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", 0, GATE_EXPECT},
    {"body too big", "POST / HTTP/1.1\r\n" H "Content-Length: 65\r\n\r\n", 0, GATE_BODY_LONG},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        size_t n = r->n ? r->n : strlen(r->raw);
        for (size_t step = 1; step <= n; step += n > 1 ? n - 1 : 1) {
            /* A good request before it passes, a good one after it does not. */
            char raw[512], want[512];
            static const char good[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
            size_t g = sizeof good - 1;
            memcpy(raw, good, g);
            memcpy(raw + g, r->raw, n);
            memcpy(raw + g + n, good, g);
            snprintf(want, sizeof want,
                     "GET /a HTTP/1.1\r\n" MARK "ok\r\nHost: a\r\n\r\n"
                     "GET / HTTP/1.1\r\nHost: sluis\r\nConnection: close\r\n" MARK "%s\r\n\r\n",
                     gate_token(r->want));
            char *got = feed_in(raw, 2 * g + n, step);
            if (strcmp(got, want) != 0)
                print_error("%s: got\n%s\n", r->name, got);
            assert_string_equal(got, want);
            free(got);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    char raw[8192];
    size_t n = (size_t)snprintf(raw, sizeof raw, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(raw + n, 'x', 2000);
    char *got = feed_in(raw, n + 2000, 100);
    assert_non_null(strstr(got, " kop-te-groot\r\n"));
    free(got);

    gate_limits wide = {.max_header = 8192, .max_body = 0};
    gate g;
    buffer out;
    gate_init(&g, &wide);
    buffer_init(&out, 65536);
    n = (size_t)snprintf(raw, sizeof raw, "GET /%*s HTTP/1.1\r\nHost: a\r\n\r\n", 0, "");
    memmove(raw + 5 + GATE_TARGET_MAX, raw + 5, n - 5);
    memset(raw + 5, 'x', GATE_TARGET_MAX);
    gate_feed(&g, BYTES(raw, n + GATE_TARGET_MAX), &out);
    buffer_u8(&out, 0);
    assert_non_null(strstr((char *)out.p, " pad-te-lang\r\n"));
    gate_close(&g);
    buffer_close(&out);
}

static void test_verdict_needs_mark(void **state)
{
    (void)state;
    gate_verdict v = GATE_OK;
    assert_true(gate_verdict_of("0123456789abcdef0123456789abcdef host", limits.mark, &v));
    assert_int_equal(v, GATE_HOST);
    assert_false(gate_verdict_of("0123456789abcdef0123456789abcdee host", limits.mark, &v));
    assert_false(gate_verdict_of("0123456789abcdef0123456789abcdef nonsense", limits.mark, &v));
    assert_false(gate_verdict_of("ok", limits.mark, &v));
    assert_false(gate_verdict_of(NULL, limits.mark, &v));
}

/* ---- the server over sockets -------------------------------------------------------------------------- */

typedef struct {
    http_server *server;
    pthread_t thread;
    int wake[2];
    http_request *held;
    atomic_int ticks;
} rig;

static void handler(void *ctx, http_request *r)
{
    rig *g = ctx;
    char text[256];
    if (http_verdict(r) != GATE_OK) {
        const char *t = gate_token(http_verdict(r));
        http_reply(r, gate_status(http_verdict(r)), "text/plain", bytes_str(t), NULL);
        return;
    }
    if (strcmp(http_target(r), "/hold") == 0 && !g->held) {
        g->held = r;
        return;
    }
    int n = snprintf(text, sizeof text, "%s %s %.*s", http_method(r), http_target(r), (int)http_body(r).n,
                     http_body(r).p ? (const char *)http_body(r).p : "");
    http_field extra[] = {{"API-Version", "1.0.0"}, {NULL, NULL}};
    http_reply(r, 200, "text/plain", BYTES(text, (size_t)n), extra);
}

/* Orders come over a pipe: 'r' answers the request held, 'q' stops. */
static void on_order(void *ctx)
{
    rig *g = ctx;
    char order = 0;
    if (read(g->wake[0], &order, 1) != 1)
        return;
    if (order == 'r' && g->held) {
        http_request *r = g->held;
        g->held = NULL;
        http_reply(r, 200, "text/plain", bytes_str("held"), NULL);
    }
    if (order == 'q')
        http_server_stop(g->server);
}

static void on_tick(void *ctx)
{
    ((rig *)ctx)->ticks++;
}

static void *run(void *arg)
{
    rig *g = arg;
    assert_int_equal(http_server_run(g->server), SLUIS_OK);
    return NULL;
}

static char dir[] = "/tmp/sluis-gate-XXXXXX", socket_path[64];

static void start(rig *g)
{
    sluis_fail f = {0};
    http_options o = {.listen = "127.0.0.1",
                      .unix_socket = socket_path,
                      .max_header = 2048,
                      .max_body = 4096,
                      .max_connections = 16,
                      .idle_ms = 5000,
                      .request_ms = 600,
                      .stop_ms = 2000};
    *g = (rig){0};
    assert_int_equal(pipe(g->wake), 0);
    sluis_err e = http_server_open(&g->server, &o, handler, g, &f);
    if (e)
        print_error("%s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    assert_int_equal(http_server_watch(g->server, g->wake[0], 50, on_order, on_tick, g), SLUIS_OK);
    assert_int_equal(pthread_create(&g->thread, NULL, run, g), 0);
}

static void order(rig *g, char what)
{
    assert_int_equal(write(g->wake[1], &what, 1), 1);
}

static void finish(rig *g)
{
    order(g, 'q');
    pthread_join(g->thread, NULL);
    http_server_close(&g->server);
    close(g->wake[0]);
    close(g->wake[1]);
    assert_int_equal(access(socket_path, F_OK), -1);
}

static int dial(const rig *g)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(g->server))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Everything that comes until the other side closes, or nothing for 1.5 s. */
static char *listen_to(int fd, bool *closed)
{
    static char text[65536];
    size_t n = 0;
    *closed = false;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 1500) == 0)
            break;
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got <= 0) {
            *closed = true;
            break;
        }
        n += (size_t)got;
    }
    text[n] = 0;
    return text;
}

static char *ask(const rig *g, const void *raw, size_t n, bool *closed)
{
    int fd = dial(g);
    assert_int_equal(send(fd, raw, n, MSG_NOSIGNAL), n);
    char *text = listen_to(fd, closed);
    close(fd);
    return text;
}

static void test_server_answers(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static const char two[] =
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n{}";
    char *text = ask(&g, two, sizeof two - 1, &closed);
    assert_true(closed);
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "API-Version: 1.0.0\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nGET /a HTTP/1.1 200 OK") ? text : strstr(text, "GET /a "));
    assert_non_null(strstr(text, "\r\n\r\nPOST /b {}"));

    static const char head[] = "HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    text = ask(&g, head, sizeof head - 1, &closed);
    assert_true(closed);
    assert_non_null(strstr(text, "Content-Length: 8\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un u = {.sun_family = AF_UNIX};
    strcpy(u.sun_path, socket_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&u, sizeof u), 0);
    assert_int_equal(send(fd, head, sizeof head - 1, 0), sizeof head - 1);
    assert_non_null(strstr(listen_to(fd, &closed), "200 OK"));
    close(fd);
    finish(&g);
}

/* The same hostile bytes as above, through a socket: the status, a close, and nothing of what came after. */
static void test_server_refuses(void **state)
{
    (void)state;
    rig g;
    start(&g);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        char raw[512], want[64];
        bool closed;
        size_t n = r->n ? r->n : strlen(r->raw);
        if (r->want == GATE_BODY_LONG)
            continue; /* this server's bound is another */
        memcpy(raw, r->raw, n);
        static const char after[] = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        memcpy(raw + n, after, sizeof after - 1);
        char *text = ask(&g, raw, n + sizeof after - 1, &closed);
        snprintf(want, sizeof want, "HTTP/1.1 %d ", gate_status(r->want));
        if (strncmp(text, want, strlen(want)) != 0 || strstr(text, "smuggled"))
            print_error("%s: %s\n", r->name, text);
        assert_int_equal(strncmp(text, want, strlen(want)), 0);
        assert_non_null(strstr(text, gate_token(r->want)));
        assert_null(strstr(text, "smuggled"));
        assert_true(closed);
    }
    finish(&g);
}

/* A body far beyond the bound is swallowed long enough for its sender to read the refusal. */
static void test_server_big_body(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    size_t n = 8 << 20;
    char *raw = calloc(1, n);
    snprintf(raw, n, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    int fd = dial(&g);
    for (size_t at = 0; at < n;) {
        ssize_t sent = send(fd, raw + at, n - at, MSG_NOSIGNAL);
        assert_true(sent > 0);
        at += (size_t)sent;
    }
    char *text = listen_to(fd, &closed);
    assert_int_equal(strncmp(text, "HTTP/1.1 413 ", 13), 0);
    assert_true(closed);
    close(fd);
    free(raw);
    finish(&g);
}

static void test_server_slow(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static const char part[] = "GET /slow HTTP/1.1\r\nHost: a\r\n";
    int fd = dial(&g);
    for (size_t i = 0; i < 12; i++) { /* a byte at a time does not stretch the deadline */
        send(fd, part + i, 1, MSG_NOSIGNAL);
        usleep(100000);
    }
    char *text = listen_to(fd, &closed);
    assert_int_equal(strncmp(text, "HTTP/1.1 408 ", 13), 0);
    assert_true(closed);
    close(fd);
    finish(&g);
}

/* Each refusal has its connection looked at: that does not put off when the others are. */
static void test_server_slow_after_refusals(void **state)
{
    static const char bad[] = "GET /a HTTP/1.1\r\n\r\n";
    rig g;
    bool closed;
    (void)state;
    start(&g);
    int fd = dial(&g);
    for (int i = 0; i < 40; i++)
        assert_int_equal(strncmp(ask(&g, bad, sizeof bad - 1, &closed), "HTTP/1.1 400 ", 13), 0);
    assert_int_equal(send(fd, "G", 1, 0), 1);
    assert_int_equal(strncmp(listen_to(fd, &closed), "HTTP/1.1 408 ", 13), 0);
    assert_true(closed);
    close(fd);
    finish(&g);
}

static void test_server_crowd(void **state)
{
    (void)state;
    rig g;
    bool closed;
    int fds[17];
    start(&g);
    for (int i = 0; i < 17; i++) {
        fds[i] = dial(&g);
        assert_int_equal(send(fds[i], "G", i < 16, 0), i < 16); /* they have begun to ask */
        if (i < 16)
            usleep(2000);
    }
    char *text = listen_to(fds[16], &closed);
    assert_int_equal(strncmp(text, "HTTP/1.1 503 ", 13), 0);
    assert_true(closed);
    for (int i = 0; i < 17; i++)
        close(fds[i]);
    usleep(1600000);
    static const char again[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_int_equal(strncmp(ask(&g, again, sizeof again - 1, &closed), "HTTP/1.1 200 ", 13), 0);
    finish(&g);
}

/* Who holds connections and asks nothing, or asks nothing more, keeps nobody out: the oldest go. */
static void test_server_idle_crowd(void **state)
{
    (void)state;
    rig g;
    bool closed;
    int fds[16];
    static const char once[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                      more[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    char some[512], *text;
    start(&g);
    for (int i = 0; i < 16; i++)
        fds[i] = dial(&g);
    assert_int_equal(send(fds[1], more, sizeof more - 1, 0), sizeof more - 1); /* answered, and kept */
    assert_true(recv(fds[1], some, sizeof some, 0) > 0);
    assert_int_equal(send(fds[2], "G", 1, 0), 1); /* at work */
    usleep(20000);
    for (int i = 0; i < 2; i++)
        assert_int_equal(strncmp(ask(&g, once, sizeof once - 1, &closed), "HTTP/1.1 200 ", 13), 0);
    text = listen_to(fds[0], &closed);
    assert_true(closed && !*text);
    assert_int_equal(send(fds[2], more + 1, sizeof more - 2, 0), sizeof more - 2);
    assert_true(recv(fds[2], some, sizeof some, 0) > 13);
    assert_int_equal(strncmp(some, "HTTP/1.1 200 ", 13), 0);
    for (int i = 0; i < 16; i++)
        close(fds[i]);
    finish(&g);
}

/* A later request on the same connection waits for the one in hand; a refusal keeps its turn too. */
static void test_server_order(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static const char raw[] =
        "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /x\n";
    int fd = dial(&g);
    assert_int_equal(send(fd, raw, sizeof raw - 1, 0), sizeof raw - 1);
    usleep(900000); /* longer than request_ms: what waits behind a request in hand is not slow */
    order(&g, 'r');
    char *text = listen_to(fd, &closed);
    char *first = strstr(text, "\r\n\r\nheld"), *second = strstr(text, "GET /b "),
         *third = strstr(text, "400 Bad Request");
    assert_true(first && second && third && first < second && second < third);
    assert_true(closed);
    assert_true(g.ticks > 2);
    close(fd);
    finish(&g);
}

/* Half a request behind one in hand is not slow: reading is off until the answer is out. */
static void test_server_half_behind(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static const char raw[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n",
                      rest[] = "Host: a\r\nConnection: close\r\n\r\n";
    int fd = dial(&g);
    assert_int_equal(send(fd, raw, sizeof raw - 1, 0), sizeof raw - 1);
    usleep(900000);
    order(&g, 'r');
    assert_int_equal(send(fd, rest, sizeof rest - 1, 0), sizeof rest - 1);
    char *text = listen_to(fd, &closed);
    assert_non_null(strstr(text, "\r\n\r\nheld"));
    assert_non_null(strstr(text, "GET /b "));
    assert_null(strstr(text, "408"));
    close(fd);
    finish(&g);
}

/* Good requests without end, answers never read: the sender is stopped, and the server goes on for others. */
static void test_server_ahead(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static char raw[1 << 16];
    static const char one[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t n = sizeof one - 1, len = sizeof raw / n * n, at = 0, total = 0;
    for (size_t i = 0; i < len; i += n)
        memcpy(raw + i, one, n);
    int fd = dial(&g);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    while (total < 64u << 20 && poll(&p, 1, 700) == 1) {
        ssize_t sent = send(fd, raw + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(sent > 0);
        total += (size_t)sent;
        at = (at + (size_t)sent) % len;
    }
    assert_true(total < 64u << 20);
    static const char other[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_int_equal(strncmp(ask(&g, other, sizeof other - 1, &closed), "HTTP/1.1 200 ", 13), 0);
    close(fd);
    finish(&g);
}

/* A caller that leaves, and a stop with a request in hand: it is still answered. */
static void test_server_stop(void **state)
{
    (void)state;
    rig g;
    bool closed;
    start(&g);
    static const char hold[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd = dial(&g);
    send(fd, hold, sizeof hold - 1, 0);
    usleep(100000);
    close(fd);
    order(&g, 'r');
    usleep(100000);
    fd = dial(&g);
    send(fd, hold, sizeof hold - 1, 0);
    usleep(100000);
    order(&g, 'q');
    usleep(100000);
    order(&g, 'r');
    char *text = listen_to(fd, &closed);
    assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(text, "Connection: close\r\n"));
    assert_true(closed);
    close(fd);
    pthread_join(g.thread, NULL);
    http_server_close(&g.server);
    close(g.wake[0]);
    close(g.wake[1]);
}

/* The server's own time: so many more of its ticks, of 50 ms. */
static void wait_ticks(rig *g, int n)
{
    const int until = g->ticks + n;
    while (g->ticks < until)
        usleep(2000);
}

/* A listener that rests because no file is left, and must stop meanwhile, accepts nobody any more. */
static void test_server_stops_at_rest(void **state)
{
    static const char hold[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n",
                      late_one[] = "GET /late HTTP/1.1\r\nHost: a\r\n\r\n";
    struct rlimit files, none;
    struct sockaddr_in a = {.sin_family = AF_INET};
    char text[64];
    rig g;
    (void)state;
    start(&g);
    a.sin_port = htons(http_server_port(g.server));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = dial(&g), late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(send(fd, hold, sizeof hold - 1, 0), sizeof hold - 1);
    wait_ticks(&g, 2);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    none = files;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(late, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(send(late, late_one, sizeof late_one - 1, 0), sizeof late_one - 1);
    wait_ticks(&g, 1); /* it could not be accepted */
    order(&g, 'q');
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    wait_ticks(&g, 8); /* its rest is over */
    order(&g, 'r');
    pthread_join(g.thread, NULL);
    http_server_close(&g.server);
    assert_true(recv(late, text, sizeof text, 0) <= 0);
    close(late);
    close(fd);
    close(g.wake[0]);
    close(g.wake[1]);
}

static void test_server_only_loopback(void **state)
{
    (void)state;
    sluis_fail f = {0};
    http_server *s = NULL;
    http_options o = {.listen = "0.0.0.0", .max_header = 1024, .max_body = 1024, .max_connections = 1};
    assert_int_equal(http_server_open(&s, &o, handler, NULL, &f), SLUIS_INVALID);
    assert_non_null(strstr(f.text, "proxy"));
    assert_null(s);
    fail_clear(&f);
    o = (http_options){.max_header = 1024, .max_body = 1024};
    assert_int_equal(http_server_open(&s, &o, handler, NULL, &f), SLUIS_INVALID);
    fail_clear(&f);
    o.unix_socket = "/tmp";
    assert_int_equal(http_server_open(&s, &o, handler, NULL, &f), SLUIS_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_canonical),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_verdict_needs_mark),
                                       cmocka_unit_test(test_server_answers),
                                       cmocka_unit_test(test_server_refuses),
                                       cmocka_unit_test(test_server_big_body),
                                       cmocka_unit_test(test_server_slow),
                                       cmocka_unit_test(test_server_slow_after_refusals),
                                       cmocka_unit_test(test_server_crowd),
                                       cmocka_unit_test(test_server_idle_crowd),
                                       cmocka_unit_test(test_server_stops_at_rest),
                                       cmocka_unit_test(test_server_order),
                                       cmocka_unit_test(test_server_half_behind),
                                       cmocka_unit_test(test_server_ahead),
                                       cmocka_unit_test(test_server_stop),
                                       cmocka_unit_test(test_server_only_loopback)};
    if (!mkdtemp(dir))
        return 1;
    snprintf(socket_path, sizeof socket_path, "%s/http.sock", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
