/* `register import`: an existing file of data goes into the register, batch by batch over the control socket.
 * First the whole file is looked at, so that one with a fault is refused before anything is written; then it
 * is taken, and a second run of the same file goes on where the first ended. Its lines:
 * gateway/operator/importing.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "ctl/commands.h"

#define BATCH_BYTES (64u << 10)
#define BATCH_LINES 512

typedef struct {
    ctl_call *call;
    const char *text, *end;
    char file[2 * HASH_LEN + 1]; /* the hash of it */
    uint64_t lines;              /* in the file */
    json_int_t counts[4];
} import;

static const char *const outcomes[] = {"new", "same", "newer", "discrepancies"};

/* The next whole lines from p on; *n of them. p is left behind them. */
static const char *next_batch(const import *x, const char **p, uint64_t *n)
{
    const char *from = *p;
    for (*n = 0; *p < x->end && *n < BATCH_LINES; (*n)++) {
        const char *eol = memchr(*p, '\n', (size_t)(x->end - *p));
        if (*n && (size_t)(eol + 1 - from) > BATCH_BYTES)
            break;
        *p = eol + 1;
    }
    return from;
}

static json_t *ask(const import *x, bool check, uint64_t first, const char *text, size_t n, ctl_exit *code)
{
    ctl_call *c = x->call;
    json_t *q =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:s%}", "cmd", "register.import", "file", x->file,
                  "basis", ctl_value(c, "basis"), "by", ctl_value(c, "by"), "reason", ctl_value(c, "reason"),
                  "check", check, "first", (json_int_t)first, "text", text, n);
    if (!q) {
        sluis_fail f = {0};
        fail_set(&f, SLUIS_INVALID, c->operand, "from line %" PRIu64 " on: is not UTF-8", first);
        *code = ctl_failed(c, &f);
        return NULL;
    }
    if (ctl_value(c, "source"))
        json_object_set_new(q, "source", json_string(ctl_value(c, "source")));
    if (ctl_value(c, "law"))
        json_object_set_new(q, "law", json_string(ctl_value(c, "law")));
    return ctl_ask(c, q, code);
}

static void show(const import *x, const char *what, uint64_t done)
{
    if (!x->call->json && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s %" PRIu64 " of %" PRIu64 " lines%s", what, done, x->lines,
                done == x->lines ? "\n" : "");
}

/* Sends every batch from line first on. */
static ctl_exit walk(import *x, bool check, const char *p, uint64_t first)
{
    ctl_exit code = CTL_OK;
    while (p < x->end) {
        uint64_t n;
        const char *from = next_batch(x, &p, &n);
        json_t *reply = ask(x, check, first, from, (size_t)(p - from), &code);
        if (!reply) {
            if (!check && first > 1)
                ctl_note(x->call, "%" PRIu64 " lines are in; the same command goes on from there", first - 1);
            return code;
        }
        for (size_t i = 0; i < 4; i++)
            x->counts[i] += json_integer_value(json_object_get(reply, outcomes[i]));
        json_decref(reply);
        first += n;
        show(x, check ? "checked" : "taken", first - 1);
    }
    return code;
}

/* Where line number line begins. */
static const char *find_line(const import *x, uint64_t line)
{
    const char *p = x->text;
    for (uint64_t i = 1; i < line && p < x->end; i++)
        p = (const char *)memchr(p, '\n', (size_t)(x->end - p)) + 1;
    return p;
}

static ctl_exit run(import *x)
{
    ctl_exit code = CTL_OK;
    json_t *state = ask(x, true, 1, "", 0, &code);
    if (!state)
        return code;
    uint64_t taken = (uint64_t)json_integer_value(json_object_get(state, "lines"));
    json_decref(state);
    if (taken)
        ctl_note(x->call, "%" PRIu64 " of %" PRIu64 " lines were taken before: going on from there", taken,
                 x->lines);
    const char *from = find_line(x, taken + 1);
    code = walk(x, true, from, taken + 1);
    if (!code)
        code = walk(x, false, from, taken + 1);
    if (code)
        return code;
    json_t *out = json_pack("{s:I}", "lines", (json_int_t)x->lines);
    for (size_t i = 0; i < 4; i++)
        json_object_set_new(out, outcomes[i], json_integer(x->counts[i]));
    ctl_print(x->call, out);
    return CTL_OK;
}

static sluis_err open_file(import *x, const char *path, void **map, size_t *n, sluis_fail *f)
{
    struct stat st;
    uint8_t hash[HASH_LEN];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        fail_set(f, SLUIS_IO, path, "cannot be read: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        fail_set(f, SLUIS_INVALID, path, "a file with a line a datum is needed");
    } else {
        *n = (size_t)st.st_size;
        *map = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (*map == MAP_FAILED)
            fail_set(f, SLUIS_IO, path, "cannot be mapped: %s", strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    if (f->code)
        return f->code;
    x->text = *map;
    x->end = x->text + *n;
    if (x->end[-1] != '\n')
        return fail_set(f, SLUIS_INVALID, path, "its last line does not end in a line feed: is it whole?");
    for (const char *p = x->text; p < x->end; p = (const char *)memchr(p, '\n', (size_t)(x->end - p)) + 1)
        x->lines++;
    hash_one(hash, "sluis1-file", NULL, x->text, *n);
    hex_encode(x->file, hash, HASH_LEN);
    return SLUIS_OK;
}

ctl_exit ctl_register_import(ctl_call *c)
{
import x = {.call = c };
    sluis_fail f = {0};
    void *map = MAP_FAILED;
    size_t n = 0;
    ctl_exit code = open_file(&x, c->operand, &map, &n, &f) ? ctl_failed(c, &f) : run(&x);
    if (map != MAP_FAILED)
        munmap(map, n);
    return code;
}
