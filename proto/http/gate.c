#include "http/gate.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Longest line the gate itself writes: its own field, and a refusal as a whole. */
#define OWN_MAX (GATE_MARK_LEN + 160)

static const struct {
    const char *token;
    int status;
    const char *text;
} verdicts[GATE_VERDICT_COUNT] = {
#define X(name, token, status, text) {token, status, text},
    GATE_VERDICTS(X)
#undef X
};

int gate_status(gate_verdict v)
{
    return verdicts[v].status;
}

const char *gate_token(gate_verdict v)
{
    return verdicts[v].token;
}

const char *gate_text(gate_verdict v)
{
    return verdicts[v].text;
}

bool gate_verdict_of(const char *value, const char *mark, gate_verdict *out)
{
    if (!value || strlen(value) < GATE_MARK_LEN + 2 || memcmp(value, mark, GATE_MARK_LEN) != 0)
        return false;
    for (int i = 0; i < GATE_VERDICT_COUNT; i++)
        if (strcmp(value + GATE_MARK_LEN + 1, verdicts[i].token) == 0) {
            *out = (gate_verdict)i;
            return true;
        }
    return false;
}

/* Methods evhttp can name, and whether a body may come with them. Others get 501 here. */
static const struct {
    const char *name;
    bool body;
} methods[] = {{"GET", false},    {"HEAD", false},    {"POST", true},   {"PUT", true},
               {"DELETE", false}, {"OPTIONS", false}, {"TRACE", false}, {"PATCH", true}};

/* What passes to the parser, each at most once. Content-Length and Connection are rewritten by the gate. */
enum {
    F_HOST,
    F_AUTHORIZATION,
    F_TYPE,
    F_ACCEPT,
    F_TRACEPARENT,
    F_PASS_COUNT,
    F_LENGTH = F_PASS_COUNT,
    F_COUNT
};
static const char *const fields[F_COUNT] = {"Host",   "Authorization", "Content-Type",
                                            "Accept", "traceparent",   "Content-Length"};

typedef struct {
    bytes value[F_COUNT]; /* p NULL: absent */
    bytes method, target;
    bool http10, close, keep_alive, may_have_body;
} head;

static bool is_tchar(uint8_t c)
{
    return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool name_is(bytes name, const char *other)
{
    return strlen(other) == name.n && strncasecmp((const char *)name.p, other, name.n) == 0;
}

static bytes trimmed(bytes v)
{
    while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
        v = BYTES(v.p + 1, v.n - 1);
    while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

/* RFC 3986 path and query characters; %00 is refused, for no text holds it. */
static gate_verdict check_target(bytes t)
{
    if (t.n > GATE_TARGET_MAX)
        return GATE_TARGET_LONG;
    if (t.n == 0 || t.p[0] != '/' || (t.n > 1 && t.p[1] == '/'))
        return GATE_TARGET;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = t.p[i];
        if (c == '%') {
            if (i + 2 >= t.n || !isxdigit(t.p[i + 1]) || !isxdigit(t.p[i + 2]))
                return GATE_TARGET;
            if (t.p[i + 1] == '0' && t.p[i + 2] == '0')
                return GATE_TARGET;
        } else if (!isalnum(c) && !strchr("-._~!$&'()*+,;=:@/?", c)) {
            return GATE_TARGET;
        }
    }
    return GATE_OK;
}

static gate_verdict parse_request_line(head *h, bytes line)
{
    const uint8_t *sp1 = memchr(line.p, ' ', line.n);
    if (!sp1 || sp1 == line.p)
        return GATE_REQUEST_LINE;
    h->method = BYTES(line.p, (size_t)(sp1 - line.p));
    const uint8_t *rest = sp1 + 1, *end = line.p + line.n;
    const uint8_t *sp2 = memchr(rest, ' ', (size_t)(end - rest));
    if (!sp2 || sp2 == rest)
        return GATE_REQUEST_LINE;
    h->target = BYTES(rest, (size_t)(sp2 - rest));
    bytes version = BYTES(sp2 + 1, (size_t)(end - sp2 - 1));
    for (size_t i = 0; i < h->method.n; i++)
        if (!is_tchar(h->method.p[i]))
            return GATE_REQUEST_LINE;
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.' ||
        !isdigit(version.p[5]) || !isdigit(version.p[7]))
        return GATE_REQUEST_LINE;
    if (version.p[5] != '1' || version.p[7] > '1')
        return GATE_VERSION;
    h->http10 = version.p[7] == '0';

    bool known = false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_equal(h->method, bytes_str(methods[i].name))) {
            known = true;
            h->may_have_body = methods[i].body;
        }
    return known ? check_target(h->target) : GATE_METHOD;
}

/* Connection is a list: only "close" and "keep-alive" mean anything here. */
static void read_connection(head *h, bytes v)
{
    while (v.n) {
        const uint8_t *comma = memchr(v.p, ',', v.n);
        size_t n = comma ? (size_t)(comma - v.p) : v.n;
        bytes item = trimmed(BYTES(v.p, n));
        h->close = h->close || name_is(item, "close");
        h->keep_alive = h->keep_alive || name_is(item, "keep-alive");
        v = comma ? BYTES(comma + 1, v.n - n - 1) : BYTES(v.p, 0);
    }
}

static gate_verdict parse_field(head *h, bytes line)
{
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return GATE_FOLD;
    const uint8_t *colon = memchr(line.p, ':', line.n);
    if (!colon || colon == line.p)
        return GATE_FIELD_NAME;
    bytes name = BYTES(line.p, (size_t)(colon - line.p));
    for (size_t i = 0; i < name.n; i++)
        if (!is_tchar(name.p[i]))
            return GATE_FIELD_NAME;
    bytes value = trimmed(BYTES(colon + 1, line.n - name.n - 1));

    if (name_is(name, "Transfer-Encoding"))
        return GATE_TRANSFER;
    if (name_is(name, "Expect"))
        return GATE_EXPECT;
    if (name_is(name, "Connection"))
        read_connection(h, value);
    for (int i = 0; i < F_COUNT; i++)
        if (name_is(name, fields[i])) {
            if (h->value[i].p)
                return GATE_DUPLICATE;
            h->value[i] = value;
        }
    return GATE_OK;
}

static gate_verdict check_host(const head *h)
{
    bytes v = h->value[F_HOST];
    if (!v.p)
        return h->http10 ? GATE_OK : GATE_HOST;
    if (v.n == 0 || v.n > 255)
        return GATE_HOST;
    for (size_t i = 0; i < v.n; i++)
        if (!isalnum(v.p[i]) && !strchr("-._:[]", v.p[i]))
            return GATE_HOST;
    return GATE_OK;
}

static gate_verdict check_length(const gate *g, const head *h, size_t *out)
{
    bytes v = h->value[F_LENGTH];
    size_t n = 0;
    *out = 0;
    if (!v.p)
        return h->may_have_body ? GATE_LENGTH_MISSING : GATE_OK;
    if (v.n == 0)
        return GATE_LENGTH;
    for (size_t i = 0; i < v.n; i++) {
        if (!isdigit(v.p[i]))
            return GATE_LENGTH;
        if (n <= g->limits->max_body)
            n = n * 10 + (size_t)(v.p[i] - '0');
    }
    if (n > 0 && !h->may_have_body)
        return GATE_BODY_UNEXPECTED;
    if (n > g->limits->max_body)
        return GATE_BODY_LONG;
    *out = n;
    return GATE_OK;
}

static gate_verdict parse_head(const gate *g, head *h)
{
    const uint8_t *p = g->in.p, *end = p + g->head - 2; /* the empty line's CRLF aside */
    gate_verdict v = GATE_OK;
    int count = 0;
    for (bool first = true; v == GATE_OK && p < end; first = false) {
        const uint8_t *cr = memchr(p, '\r', (size_t)(end - p));
        bytes line = BYTES(p, (size_t)(cr - p));
        if (!first && ++count > GATE_FIELDS_MAX)
            return GATE_HEAD_LONG;
        v = first ? parse_request_line(h, line) : parse_field(h, line);
        p = cr + 2;
    }
    return v;
}

static void write_head(gate *g, const head *h)
{
    buffer *o = &g->canonical;
    buffer_clear(o);
    buffer_add(o, h->method.p, h->method.n);
    buffer_u8(o, ' ');
    buffer_add(o, h->target.p, h->target.n);
    buffer_printf(o, " HTTP/1.%d\r\nSluis-Gate: %s ok\r\n", h->http10 ? 0 : 1, g->limits->mark);
    for (int i = 0; i < F_PASS_COUNT; i++)
        if (h->value[i].p) {
            buffer_printf(o, "%s: ", fields[i]);
            buffer_add(o, h->value[i].p, h->value[i].n);
            buffer_add(o, "\r\n", 2);
        }
    if (h->may_have_body)
        buffer_printf(o, "Content-Length: %zu\r\n", g->body);
    if (h->close)
        buffer_printf(o, "Connection: close\r\n");
    else if (h->http10 && h->keep_alive)
        buffer_printf(o, "Connection: keep-alive\r\n");
    buffer_add(o, "\r\n", 2);
}

/* Looks at the bytes that are new: refuses at once what no complete head could mend; sets g->head at its end.
 */
static gate_verdict scan(gate *g)
{
    for (; g->scanned < g->in.n && g->head == 0; g->scanned++) {
        size_t i = g->scanned;
        uint8_t c = g->in.p[i], before = i ? g->in.p[i - 1] : 0;
        if ((c == '\n') != (before == '\r'))
            return GATE_BARE_LF;
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f)
            return GATE_CONTROL;
        if (c >= 0x80)
            return GATE_NOT_ASCII;
        if (i == 1 && c == '\n')
            return GATE_REQUEST_LINE;
        if (c == '\n' && i >= 3 && g->in.p[i - 2] == '\n')
            g->head = i + 1;
        else if (i + 1 >= g->limits->max_header)
            return GATE_HEAD_LONG;
    }
    return GATE_OK;
}

/* One step with what has come: OK with *passed when a request went out. */
static gate_verdict step(gate *g, buffer *out, bool *passed)
{
    *passed = false;
    if (g->head == 0) {
        gate_verdict v = scan(g);
        if (v != GATE_OK || g->head == 0)
            return v;
        head h = {0};
        v = parse_head(g, &h);
        if (v == GATE_OK)
            v = check_host(&h);
        if (v == GATE_OK)
            v = check_length(g, &h, &g->body);
        if (v != GATE_OK)
            return v;
        write_head(g, &h);
    }
    size_t whole = g->head + g->body;
    if (g->in.n < whole)
        return GATE_OK;
    buffer_add(out, g->canonical.p, g->canonical.n);
    buffer_add(out, g->in.p + g->head, g->body);
    memmove(g->in.p, g->in.p + whole, g->in.n - whole);
    g->in.n -= whole;
    g->head = g->body = g->scanned = 0;
    *passed = true;
    return GATE_OK;
}

void gate_init(gate *g, const gate_limits *limits)
{
    *g = (gate){.limits = limits};
    buffer_init(&g->in, limits->max_header + limits->max_body);
    buffer_init(&g->canonical, limits->max_header + OWN_MAX);
}

void gate_close(gate *g)
{
    buffer_close(&g->in);
    buffer_close(&g->canonical);
}

sluis_err gate_refuse(gate *g, gate_verdict why, buffer *out)
{
    if (g->refused)
        return SLUIS_OK;
    g->refused = true;
    gate_close(g);
    buffer_printf(out, "GET / HTTP/1.1\r\nHost: sluis\r\nConnection: close\r\nSluis-Gate: %s %s\r\n\r\n",
                  g->limits->mark, gate_token(why));
    return out->err;
}

sluis_err gate_feed(gate *g, bytes raw, buffer *out)
{
    while (!g->refused) {
        size_t room = g->in.max - g->in.n, n = raw.n < room ? raw.n : room;
        buffer_add(&g->in, raw.p, n);
        raw = BYTES(raw.p + n, raw.n - n);
        bool passed = true;
        gate_verdict v = GATE_OK;
        while (v == GATE_OK && passed && g->in.n > 0)
            v = step(g, out, &passed);
        if (v != GATE_OK)
            return gate_refuse(g, v, out);
        if (g->in.err || g->canonical.err || out->err)
            return g->in.err ? g->in.err : g->canonical.err ? g->canonical.err : out->err;
        if (raw.n == 0)
            break;
    }
    return SLUIS_OK;
}

bool gate_waiting(const gate *g)
{
    return !g->refused && g->in.n > 0;
}

size_t gate_out_max(const gate_limits *l, size_t n)
{
    /* The shortest request, "GET / HTTP/1.0" CRLF CRLF, has 18 bytes. */
    return l->max_header + l->max_body + n + (n / 18 + 2) * OWN_MAX;
}
