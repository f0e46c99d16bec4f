/* Many GETs over a few connections that stay open, one outstanding on each, the next as soon as the answer is
 * whole. Usage: bench_views FILE, an object of JSON: port, token, connections, warmup, count, status (what
 * every answer must have), least (bytes that every answer must have at least), paths (asked in turn). One
 * JSON object on stdout: answers a second over what is counted, p50 and p99 of one, us of CPU time of this
 * program an answer, bytes of an answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define CONNECTIONS_MAX 1024
#define ANSWER_MAX      (1u << 20)
#define WAIT_MS         20000

typedef struct {
    char *in;
    size_t have, whole; /* bytes of the answer that have come; of all of it, 0: not known yet */
    uint64_t asked;     /* us */
} connection;

typedef struct {
    char **questions;
    size_t question_count, connections, warmup, total, sent, got;
    long status;
    size_t least;
    uint64_t bytes;
    uint32_t *took; /* us */
    uint64_t start, cpu_start;
} load;

static _Noreturn void die(const char *what, const char *text)
{
    fprintf(stderr, "bench_views: %s: %s\n", what, text);
    exit(1);
}

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static size_t number(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        die(name, "a number is needed");
    return (size_t)json_integer_value(v);
}

static char *question(const char *path, const char *token)
{
    static const char form[] = "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n";
    size_t n = sizeof(form) + strlen(path) + strlen(token);
    char *text = malloc(n);
    if (!text)
        die("question", "out of memory");
    snprintf(text, n, form, path, token);
    return text;
}

static void load_read(load *l, const json_t *o)
{
    const json_t *paths = json_object_get(o, "paths");
    const char *token = json_string_value(json_object_get(o, "token"));
    l->question_count = json_array_size(paths);
    l->questions = calloc(l->question_count, sizeof(*l->questions));
    if (!token || !l->question_count || !l->questions)
        die("paths", "a token and at least one path are needed");
    for (size_t i = 0; i < l->question_count; i++)
        l->questions[i] = question(json_string_value(json_array_get(paths, i)), token);
    l->connections = number(o, "connections");
    l->warmup = number(o, "warmup");
    l->total = l->warmup + number(o, "count");
    l->status = (long)number(o, "status");
    l->least = number(o, "least");
    l->took = calloc(l->total, sizeof(*l->took));
    if (!l->took || !l->connections || l->connections > CONNECTIONS_MAX)
        die("connections", "too many, or none");
}

static int open_connection(size_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        die("connect", strerror(errno));
    return fd;
}

/* The next question; nothing when all were asked. A question is short: it always fits the socket's buffer. */
static void ask(load *l, connection *c, int fd)
{
    if (l->sent == l->total)
        return;
    const char *q = l->questions[l->sent++ % l->question_count];
    c->have = c->whole = 0;
    c->asked = clock_mono_us();
    if (send(fd, q, strlen(q), MSG_NOSIGNAL) != (ssize_t)strlen(q))
        die("send", strerror(errno));
}

/* The length of the whole answer, once its head is there. */
static void look_at_head(const load *l, connection *c)
{
    static const char field[] = "\r\nContent-Length: ";
    c->in[c->have] = 0;
    const char *end = strstr(c->in, "\r\n\r\n"), *at = strcasestr(c->in, field);
    if (!end)
        return;
    if (strtol(c->in + strlen("HTTP/1.1 "), NULL, 10) != l->status || !at || at > end)
        die("answer", c->in);
    c->whole = (size_t)(end - c->in) + 4 + (size_t)strtoul(at + sizeof(field) - 1, NULL, 10);
    if (c->whole > ANSWER_MAX || c->whole < l->least)
        die("length", c->in);
}

static void take_answer(load *l, connection *c)
{
    l->bytes += c->whole;
    l->took[l->got++] = (uint32_t)(clock_mono_us() - c->asked);
    if (l->got == l->warmup) {
        l->start = clock_mono_us();
        l->cpu_start = cpu_us();
        l->bytes = 0;
    }
}

static void on_readable(load *l, connection *c, int fd)
{
    ssize_t n = recv(fd, c->in + c->have, ANSWER_MAX - c->have, MSG_DONTWAIT);
    if (n <= 0 && errno != EAGAIN && errno != EINTR)
        die("recv", n ? strerror(errno) : "the connection was closed");
    if (n <= 0)
        return;
    c->have += (size_t)n;
    if (!c->whole)
        look_at_head(l, c);
    if (!c->whole || c->have < c->whole)
        return;
    take_answer(l, c);
    ask(l, c, fd);
}

static int by_value(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static void print_figures(load *l)
{
    double us = (double)(clock_mono_us() - l->start), n = (double)(l->total - l->warmup);
    double cpu = (double)(cpu_us() - l->cpu_start);
    uint32_t *took = l->took + l->warmup;
    size_t count = l->total - l->warmup;
    qsort(took, count, sizeof(*took), by_value);
    printf("{\"per_s\": %.1f, \"p50_us\": %u, \"p99_us\": %u, \"cpu_us\": %.2f, \"bytes\": %.0f}\n",
           n * 1e6 / us, took[count / 2], took[count * 99 / 100], cpu / n, (double)l->bytes / n);
}

int main(int argc, char **argv)
{
    static connection all[CONNECTIONS_MAX];
    static struct pollfd fds[CONNECTIONS_MAX];
    load l = {.got = 0};
    json_t *o = argc == 2 ? json_load_file(argv[1], 0, NULL) : NULL;
    if (!o)
        die("usage", "bench_views FILE of JSON");
    load_read(&l, o);
    for (size_t i = 0; i < l.connections; i++) {
        all[i].in = malloc(ANSWER_MAX + 1);
        if (!all[i].in)
            die("connections", "out of memory");
        fds[i] = (struct pollfd){.fd = open_connection(number(o, "port")), .events = POLLIN};
        ask(&l, &all[i], fds[i].fd);
    }
    while (l.got < l.total) {
        if (poll(fds, l.connections, WAIT_MS) <= 0)
            die("poll", "answers stopped coming");
        for (size_t i = 0; i < l.connections; i++)
            if (fds[i].revents)
                on_readable(&l, &all[i], fds[i].fd);
    }
    print_figures(&l);
    json_decref(o);
    return 0;
}
