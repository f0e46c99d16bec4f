#include "ctl/command.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control/control.h"

#define ASK_TIMEOUT_MS 30000
#define KEY_JSON       256
#define KEY_FIRST      257

static const char exits_text[] = "Exit codes:\n"
#define X(name, value, text) "  " #value "  " text "\n"
    CTL_EXITS(X)
#undef X
    ;

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
    ctl_call *c = state->input;
    if (key == KEY_JSON) {
        c->json = true;
        return 0;
    }
    if (key >= KEY_FIRST && key < KEY_FIRST + CTL_OPTIONS_MAX) {
        c->values[key - KEY_FIRST] = arg ? arg : "";
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        if (!c->command->operand || c->operand)
            argp_error(state, "one argument too many: %s", arg);
        c->operand = arg;
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    if (c->command->operand && !c->operand)
        argp_error(state, "%s is missing", c->command->operand);
    for (int i = 0; c->command->options[i].name; i++) {
        if (!c->values[i])
            c->values[i] = c->command->options[i].dflt;
        if (!c->values[i] && c->command->options[i].required)
            argp_error(state, "--%s is missing", c->command->options[i].name);
    }
    return 0;
}

ctl_exit ctl_run(const ctl_command *command, int argc, char **argv)
{
    ctl_call call = {.command = command};
    struct argp_option options[CTL_OPTIONS_MAX + 2] = {0};
    char help[CTL_OPTIONS_MAX][256];
    char doc[sizeof exits_text + 512], name[64];
    int n = 0;
    for (; n < CTL_OPTIONS_MAX && command->options[n].name; n++) {
        const ctl_option *o = &command->options[n];
        const char *more = o->dflt ? o->dflt : o->required ? "required" : NULL;
        snprintf(help[n], sizeof help[n], more ? "%s (%s)" : "%s", o->help, more);
        options[n] =
            (struct argp_option){.name = o->name, .key = KEY_FIRST + n, .arg = o->arg, .doc = help[n]};
    }
    options[n] =
        (struct argp_option){.name = "json", .key = KEY_JSON, .doc = "JSON on stdout: one object or array"};
    snprintf(doc, sizeof doc, "%s\v%s", command->help, exits_text);
    snprintf(name, sizeof name, "sluisctl %s", command->name);
    argv[0] = name;
    argp_err_exit_status = CTL_USAGE;
    const struct argp argp = {options, parse_one, command->operand, doc, NULL, NULL, NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0)
        return CTL_USAGE;
    return command->run(&call);
}

const char *ctl_value(const ctl_call *c, const char *name)
{
    for (int i = 0; c->command->options[i].name; i++)
        if (strcmp(c->command->options[i].name, name) == 0)
            return c->values[i];
    return NULL;
}

long ctl_number(const ctl_call *c, const char *name, long min, long max)
{
    const char *s = ctl_value(c, name);
    char *end = NULL;
    errno = 0;
    long v = s ? strtol(s, &end, 10) : 0;
    if (!s || errno || end == s || *end || v < min || v > max) {
        fprintf(stderr, "sluisctl %s: --%s takes a number from %ld to %ld\n", c->command->name, name, min,
                max);
        exit(CTL_USAGE);
    }
    return v;
}

static ctl_exit exit_of(sluis_err e)
{
    switch (e) {
    case SLUIS_OK:
        return CTL_OK;
    case SLUIS_NOT_FOUND:
    case SLUIS_CORRUPT:
        return CTL_FOUND;
    case SLUIS_TIMEOUT:
    case SLUIS_CLOSED:
        return CTL_UNREACHED;
    default:
        return CTL_LOCAL;
    }
}

static void print_failure(const ctl_call *c, const char *code, const char *where, const char *text)
{
    if (c->json) {
        json_t *o = json_pack("{s:b,s:s,s:s,s:s}", "ok", 0, "code", code, "where", where, "text", text);
        if (o)
            json_dumpf(o, stderr, JSON_COMPACT);
        fputc('\n', stderr);
        json_decref(o);
    } else {
        fprintf(stderr, "sluisctl %s: %s%s%s [%s]\n", c->command->name, where, *where ? ": " : "", text,
                code);
    }
}

ctl_exit ctl_failed(const ctl_call *c, const sluis_fail *f)
{
    print_failure(c, error_token(f->code), f->where, *f->text ? f->text : error_text(f->code));
    return exit_of(f->code);
}

ctl_exit ctl_found(const ctl_call *c, sluis_err e, const sluis_fail *f)
{
    ctl_print(c, json_pack("{s:b,s:s,s:s,s:s}", "ok", 0, "code", error_token(e), "where", f->where, "text",
                           *f->text ? f->text : error_text(e)));
    return CTL_FOUND;
}

json_t *ctl_ask(const ctl_call *c, json_t *request, ctl_exit *code)
{
    sluis_fail f = {0};
    json_t *reply = NULL;
    const char *socket = ctl_value(c, "socket");
    sluis_err e = request ? control_call(socket, request, &reply, ASK_TIMEOUT_MS, &f)
                          : fail_set(&f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    json_decref(request);
    if (e) {
        fail_set(&f, e, socket, "%s", error_text(e));
        ctl_failed(c, &f);
        *code = e == SLUIS_PERMISSION || e == SLUIS_NOMEM ? CTL_LOCAL : CTL_UNREACHED;
        return NULL;
    }
    if (json_is_true(json_object_get(reply, "ok"))) {
        *code = CTL_OK;
        return reply;
    }
    const char *token = NULL, *where = "", *text = "";
    if (json_unpack(reply, "{s?s,s?s,s?s}", "code", &token, "where", &where, "text", &text) || !token)
        token = "invalid", text = "the reply has no code";
    print_failure(c, token, where, text);
    *code = strcmp(token, error_token(SLUIS_NOT_FOUND)) == 0 ? CTL_FOUND : CTL_REFUSED;
    json_decref(reply);
    return NULL;
}

ctl_exit ctl_order(const ctl_call *c, json_t *request)
{
    ctl_exit code = CTL_OK;
    json_t *reply = ctl_ask(c, request, &code);
    const char *outcome = json_string_value(json_object_get(reply, "outcome"));
    bool proposed = outcome && strcmp(outcome, "proposed") == 0;
    if (reply)
        ctl_print(c, reply);
    if (proposed)
        ctl_note(c, "within a week another person must say the same, with --by of their own");
    return code;
}

sluis_err ctl_read(char **out, size_t *n, const char *path, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    bool in = strcmp(path, "-") == 0;
    FILE *file = in ? stdin : fopen(path, "rb");
    char *text = malloc(CTL_FILE_MAX + 1);
    *out = NULL;
    if (!file) {
        e = fail_set(f, SLUIS_NOT_FOUND, path, "cannot be opened: %s", strerror(errno));
        goto done;
    }
    if (!text) {
        e = fail_set(f, SLUIS_NOMEM, path, "%s", error_text(SLUIS_NOMEM));
        goto done;
    }
    *n = fread(text, 1, CTL_FILE_MAX + 1, file);
    if (ferror(file)) {
        e = fail_set(f, SLUIS_IO, path, "cannot be read: %s", strerror(errno));
        goto done;
    }
    if (*n > CTL_FILE_MAX) {
        e = fail_set(f, SLUIS_TOO_BIG, path, "is larger than %u bytes", CTL_FILE_MAX);
        goto done;
    }
    text[*n] = '\0';
    *out = text;
    text = NULL;
done:
    free(text);
    if (file && !in)
        fclose(file);
    return e;
}

/* A value as one printable line: what others wrote must not steer the terminal. */
static void put_clean(const char *s)
{
    for (; *s; s++)
        putchar((unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s);
}

/* A value on one line: a text as it is, a list of texts with commas, all else as JSON. Owned; NULL: no
 * memory. */
static char *text_of(const json_t *v)
{
    char *out = NULL;
    size_t size = 0, i;
    json_t *x;
    bool texts = json_is_array(v);
    if (!v)
        return NULL;
    if (json_is_string(v))
        return strdup(json_string_value(v));
    json_array_foreach(v, i, x) texts = texts && json_is_string(x);
    if (!texts)
        return json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    FILE *f = open_memstream(&out, &size);
    if (!f)
        return NULL;
    json_array_foreach(v, i, x) fprintf(f, "%s%s", i ? ", " : "", json_string_value(x));
    fclose(f);
    return out;
}

static void put_value(const json_t *v)
{
    char *s = text_of(v);
    put_clean(s ? s : "");
    free(s);
}

/* "key  value", with nothing behind the key when there is no value. */
static void put_member(const char *key, const json_t *v, int indent)
{
    char *s = text_of(v);
    printf("%*s%s", indent, "", key);
    if (s && *s) {
        printf("%*s", (int)(strlen(key) < 18 ? 19 - strlen(key) : 1), "");
        put_clean(s);
    }
    putchar('\n');
    free(s);
}

/* A line a member; an object below its key, those of a list one after the other, numbered. */
static void put_members(json_t *o, int indent)
{
    const char *key;
    json_t *v, *x;
    size_t i;
    json_object_foreach(o, key, v)
    {
        if (strcmp(key, "ok") == 0)
            continue;
        if (json_is_object(json_array_get(v, 0))) {
            json_array_foreach(v, i, x)
            {
                printf("%*s%s %zu\n", indent, "", key, i + 1);
                put_members(x, indent + 2);
            }
            continue;
        }
        put_member(key, json_is_object(v) ? NULL : v, indent);
        if (json_object_size(v) > 0)
            put_members(v, indent + 2);
    }
}

void ctl_print(const ctl_call *c, json_t *data)
{
    if (c->json) {
        json_dumpf(data, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        putchar('\n');
    } else {
        put_members(data, 0);
    }
    json_decref(data);
}

static size_t text_width(const json_t *v)
{
    char *s = text_of(v);
    size_t n = 0;
    for (const char *p = s ? s : ""; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    free(s);
    return n;
}

enum { COLUMNS_MAX = 12, WIDTH_MAX = 60, GAP = 2 };

static bool is_last(const char *const *columns, size_t k)
{
    return k + 1 == COLUMNS_MAX || !columns[k + 1];
}

/* How wide each column is, and together. */
static size_t measure(size_t width[static COLUMNS_MAX], json_t *rows, const char *const *columns)
{
    size_t all = 0, widest_end = 0, i;
    json_t *row;
    for (size_t k = 0; k < COLUMNS_MAX && columns[k]; k++) {
        width[k] = strlen(columns[k]);
        json_array_foreach(rows, i, row)
        {
            size_t w = text_width(json_object_get(row, columns[k]));
            width[k] = w > width[k] ? w : width[k];
        }
        widest_end = width[k];
        width[k] = width[k] > WIDTH_MAX ? WIDTH_MAX : width[k];
        all += is_last(columns, k) ? widest_end : width[k] + GAP;
    }
    return all;
}

static void put_row(const size_t width[static COLUMNS_MAX], const json_t *row, const char *const *columns)
{
    for (size_t k = 0; k < COLUMNS_MAX && columns[k]; k++) {
        const json_t *v = json_object_get(row, columns[k]);
        size_t w = text_width(v);
        if (v)
            put_value(v);
        if (!is_last(columns, k))
            printf("%*s", (int)((w < width[k] ? width[k] - w : 0) + GAP), "");
    }
    putchar('\n');
}

/* For a table that the terminal would break: a line a column, an empty one between the rows. */
static void put_upright(json_t *rows, const char *const *columns)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (i > 0)
            putchar('\n');
        for (size_t k = 0; k < COLUMNS_MAX && columns[k]; k++)
            put_member(columns[k], json_object_get(row, columns[k]), 0);
    }
}

/* Characters a line of the terminal holds; no bound when stdout is none. */
static size_t screen_width(void)
{
    struct winsize w;
    bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0;
    return known ? w.ws_col : SIZE_MAX;
}

void ctl_print_table(const ctl_call *c, json_t *rows, const char *const *columns)
{
    size_t width[COLUMNS_MAX] = {0}, i;
    json_t *row;
    if (c->json) {
        ctl_print(c, rows);
        return;
    }
    if (measure(width, rows, columns) > screen_width() && json_array_size(rows) > 0) {
        put_upright(rows, columns);
    } else {
        for (size_t k = 0; k < COLUMNS_MAX && columns[k]; k++)
            printf("%-*s", is_last(columns, k) ? 0 : (int)width[k] + GAP, columns[k]);
        putchar('\n');
        json_array_foreach(rows, i, row) put_row(width, row, columns);
    }
    json_decref(rows);
}

void ctl_note(const ctl_call *c, const char *fmt, ...)
{
    if (c->json)
        return;
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}
