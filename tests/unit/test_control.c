/* control/: one line each way, bounds, refusals in words. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/control.h"

typedef struct {
    char dir[64], path[96];
    control_server *s;
    pthread_t thread;
    int stop[2];
} fixture;

static json_t *handle(void *ctx, uid_t peer, const char *cmd, const json_t *request, sluis_fail *f)
{
    (void)ctx;
    if (strcmp(cmd, "echo") == 0)
        return json_pack("{s:O}", "said", json_object_get(request, "say"));
    if (strcmp(cmd, "who") == 0)
        return json_pack("{s:I}", "uid", (json_int_t)peer);
    if (strcmp(cmd, "huge") == 0) {
        char *text = calloc(1, CONTROL_LINE_MAX + 1);
        memset(text, 'x', CONTROL_LINE_MAX);
        json_t *r = json_pack("{s:s}", "text", text);
        free(text);
        return r;
    }
    if (strcmp(cmd, "silent") == 0)
        return NULL;
    fail_set(f, SLUIS_NOT_FOUND, cmd, "no such command");
    return NULL;
}

static void *run(void *arg)
{
    fixture *x = arg;
    return control_server_run(x->s, x->stop[0], NULL, NULL) ? "failed" : NULL;
}

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    strcpy(x->dir, "/tmp/sluis-control-XXXXXX");
    if (!mkdtemp(x->dir) || pipe(x->stop))
        return -1;
    snprintf(x->path, sizeof x->path, "%s/s", x->dir);
    sluis_fail f = {0};
    if (control_server_open(&x->s, x->path, CONTROL_OWN, handle, x, &f))
        return -1;
    pthread_create(&x->thread, NULL, run, x);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    fixture *x = *state;
    void *why;
    if (write(x->stop[1], "x", 1) != 1)
        return -1;
    pthread_join(x->thread, &why);
    control_server_close(&x->s);
    control_server_close(&x->s);
    int left = access(x->path, F_OK);
    close(x->stop[0]);
    close(x->stop[1]);
    rmdir(x->dir);
    free(x);
    return why || left == 0 ? -1 : 0;
}

static json_t *ask(fixture *x, json_t *request)
{
    json_t *reply;
    sluis_fail f = {0};
    sluis_err e = control_call(x->path, request, &reply, 5000, &f);
    json_decref(request);
    if (e)
        print_message("%s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    return reply;
}

static void expect_error(json_t *reply, const char *code, const char *words)
{
    assert_true(json_is_false(json_object_get(reply, "ok")));
    assert_string_equal(json_string_value(json_object_get(reply, "code")), code);
    assert_non_null(strstr(json_string_value(json_object_get(reply, "text")), words));
    json_decref(reply);
}

static void answers(void **state)
{
    fixture *x = *state;
    for (int i = 0; i < 40; i++) {
        json_t *r = ask(x, json_pack("{s:s, s:[i, s]}", "cmd", "echo", "say", i, "een"));
        assert_true(json_is_true(json_object_get(r, "ok")));
        assert_int_equal(json_integer_value(json_array_get(json_object_get(r, "said"), 0)), i);
        json_decref(r);
    }
    expect_error(ask(x, json_pack("{s:s}", "cmd", "nonsense")), "not-found", "no such command");
    expect_error(ask(x, json_pack("{s:s}", "cmd", "silent")), "internal", "defect");
    expect_error(ask(x, json_pack("{s:s}", "cmd", "huge")), "too-big", "ask for less");
    struct stat st;
    assert_int_equal(stat(x->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* A large request and a large reply, near the bound. */
static void nearly_too_big(void **state)
{
    size_t n = CONTROL_LINE_MAX - 64;
    char *text = calloc(1, n + 1);
    memset(text, 'y', n);
    json_t *r = ask(*state, json_pack("{s:s, s:s}", "cmd", "echo", "say", text));
    assert_string_equal(json_string_value(json_object_get(r, "said")), text);
    json_decref(r);
    free(text);
}

static int dial(fixture *x)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, x->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval tv = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Sends raw bytes; reads until the other side hangs up. */
static char *raw(fixture *x, const char *bytes, size_t n)
{
    static char got[4096];
    int fd = dial(x);
    size_t at = 0;
    while (at < n) {
        ssize_t k = send(fd, bytes + at, n - at, MSG_NOSIGNAL);
        if (k <= 0)
            break;
        at += (size_t)k;
    }
    size_t len = 0;
    ssize_t k;
    while (len < sizeof got - 1 && (k = recv(fd, got + len, sizeof got - 1 - len, 0)) > 0)
        len += (size_t)k;
    got[len] = 0;
    close(fd);
    return got;
}

static void malformed_lines_are_refused(void **state)
{
    static const char *const lines[] = {"\n",
                                        "nonsense\n",
                                        "[1]\n",
                                        "{}\n",
                                        "{\"cmd\": 3}\n",
                                        "{\"cmd\": \"ECHO ME\"}\n",
                                        "{\"cmd\": \"echo\", \"cmd\": \"echo\"}\n",
                                        "{\"cmd\": \"echo\"} {}\n",
                                        "{\"cmd\": \"ec\\u0000ho\"}\n",
                                        "{\"cmd\": \"\xff\xfe\"}\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char *r = raw(*state, lines[i], strlen(lines[i]));
        if (!strstr(r, "\"code\":\"invalid\""))
            print_message("%s-> %s\n", lines[i], r);
        assert_non_null(strstr(r, "\"code\":\"invalid\""));
        assert_int_equal(r[strlen(r) - 1], '\n');
    }
}

static void oversize_lines_are_refused(void **state)
{
    size_t n = CONTROL_LINE_MAX + 100;
    char *big = malloc(n);
    memset(big, ' ', n);
    assert_non_null(strstr(raw(*state, big, n), "\"code\":\"too-big\""));
    json_t *request = json_pack("{s:s}", "cmd", "echo"), *reply;
    memset(big, 'x', CONTROL_LINE_MAX);
    big[CONTROL_LINE_MAX] = 0;
    json_object_set_new(request, "say", json_string(big));
    sluis_fail f = {0};
    assert_int_equal(control_call(((fixture *)*state)->path, request, &reply, 5000, &f), SLUIS_TOO_BIG);
    assert_null(reply);
    json_decref(request);
    free(big);
}

static void lines_in_pieces_and_in_a_row(void **state)
{
    fixture *x = *state;
    int fd = dial(x);
    static const char two[] = "{\"cmd\":\"echo\",\"say\":1}\n{\"cmd\":\"echo\",\"say\":2}\n";
    for (size_t i = 0; i < sizeof two - 1; i++) {
        assert_int_equal(send(fd, two + i, 1, 0), 1);
        if (i % 7 == 0)
            usleep(1000);
    }
    char got[256];
    size_t len = 0;
    while (len < sizeof got - 1) {
        ssize_t k = recv(fd, got + len, sizeof got - 1 - len, 0);
        assert_true(k > 0);
        len += (size_t)k;
        got[len] = 0;
        if (strchr(got, '\n') && strchr(strchr(got, '\n') + 1, '\n'))
            break;
    }
    assert_string_equal(got, "{\"said\":1,\"ok\":true}\n{\"said\":2,\"ok\":true}\n");
    close(fd);
}

static void connections_are_bounded(void **state)
{
    fixture *x = *state;
    int fd[CONTROL_CONNECTIONS];
    for (int i = 0; i < CONTROL_CONNECTIONS; i++)
        fd[i] = dial(x);
    assert_non_null(strstr(raw(x, "", 0), "\"code\":\"full\""));
    close(fd[3]);
    usleep(50000);
    json_decref(ask(x, json_pack("{s:s, s:i}", "cmd", "echo", "say", 1)));
    for (int i = 0; i < CONTROL_CONNECTIONS; i++)
        if (i != 3)
            close(fd[i]);
}

static void only_root_ourselves_and_those_listed(void **state)
{
    static const uid_t listed[] = {1002, 1003};
    const control_access own = CONTROL_OWN, more = {listed, 2, (gid_t)-1};
    (void)state;
    assert_true(control_peer_allowed(&own, 0, 1000));
    assert_true(control_peer_allowed(&own, 1000, 1000));
    assert_false(control_peer_allowed(&own, 1001, 1000));
    assert_false(control_peer_allowed(&own, 1000, 0));
    assert_false(control_peer_allowed(&own, (uid_t)-1, 0));
    assert_true(control_peer_allowed(&more, 0, 1000));
    assert_true(control_peer_allowed(&more, 1000, 1000));
    assert_true(control_peer_allowed(&more, 1002, 1000));
    assert_true(control_peer_allowed(&more, 1003, 1000));
    assert_false(control_peer_allowed(&more, 1001, 1000));
    assert_false(control_peer_allowed(&more, 1004, 1000));
}

/* The file is the group's too, and the handler is told whose account asks. */
static void a_group_may_connect(void **state)
{
    fixture *x = *state, other = {.dir = ""};
    struct stat st;
    sluis_fail f = {0};
    const control_access who = {.group = getegid()};
    snprintf(other.path, sizeof other.path, "%.64s/g", x->dir);
    assert_int_equal(pipe(other.stop), 0);
    assert_int_equal(control_server_open(&other.s, other.path, who, handle, NULL, &f), SLUIS_OK);
    assert_int_equal(stat(other.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(st.st_gid, getegid());
    assert_int_equal(pthread_create(&other.thread, NULL, run, &other), 0);
    json_t *r = ask(&other, json_pack("{s:s}", "cmd", "who"));
    assert_int_equal(json_integer_value(json_object_get(r, "uid")), geteuid());
    json_decref(r);
    assert_int_equal(write(other.stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    control_server_close(&other.s);
    close(other.stop[0]);
    close(other.stop[1]);
}

static void sockets_that_are_in_the_way(void **state)
{
    fixture *x = *state;
    control_server *other;
    sluis_fail f = {0};
    assert_int_equal(control_server_open(&other, x->path, CONTROL_OWN, handle, NULL, &f), SLUIS_EXISTS);
    assert_null(other);
    json_decref(ask(x, json_pack("{s:s, s:i}", "cmd", "echo", "say", 1))); /* the first one still answers */

    char path[128];
    snprintf(path, sizeof path, "%s/stale", x->dir);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    assert_int_equal(control_server_open(&other, path, CONTROL_OWN, handle, NULL, &f), SLUIS_OK);
    control_server_close(&other);
    fd = mkstemp(strcpy(path, "/tmp/sluis-file-XXXXXX"));
    close(fd);
    fail_clear(&f);
    assert_int_equal(control_server_open(&other, path, CONTROL_OWN, handle, NULL, &f), SLUIS_EXISTS);
    assert_non_null(strstr(f.text, "no socket"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);

    json_t *request = json_pack("{s:s}", "cmd", "echo"), *reply;
    fail_clear(&f);
    assert_int_equal(control_call("/tmp/sluis-nobody", request, &reply, 100, &f), SLUIS_CLOSED);
    assert_non_null(strstr(f.text, "is the daemon running?"));
    json_decref(request);
}

/* Somebody accepts and never answers. */
static void the_caller_does_not_wait_for_ever(void **state)
{
    fixture *x = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/mute", x->dir);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    json_t *request = json_pack("{s:s}", "cmd", "echo"), *reply;
    assert_int_equal(control_call(path, request, &reply, 50, NULL), SLUIS_TIMEOUT);
    json_decref(request);
    close(fd);
    unlink(path);
}

int main(void)
{
    alarm(120); /* a failed test may leave sockets open, on which closing waits */
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(answers),
        T(nearly_too_big),
        T(malformed_lines_are_refused),
        T(oversize_lines_are_refused),
        T(lines_in_pieces_and_in_a_row),
        T(connections_are_bounded),
        cmocka_unit_test(only_root_ourselves_and_those_listed),
        T(a_group_may_connect),
        T(sockets_that_are_in_the_way),
        T(the_caller_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
