/* Health and metrics: for operators' tools, without a token and without content. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/journal.h"
#include "read/reader.h"

static void add(Sluis__ApiHealthOut *h, Sluis__ApiCheck *c, const char *name, bool ok, const char *detail)
{
    sluis__api_check__init(c);
    c->name = (char *)(uintptr_t)name;
    c->ok = ok;
    c->detail = (char *)(uintptr_t)detail;
    h->checks[h->n_checks++] = c;
    h->ok = h->ok && ok;
}

/* The journal's last commit: its checkpoint is there and signed by our log key. */
static sluis_err try_journal(reader *r, store_txn *t)
{
    char note[NOTE_MAX];
    size_t n = 0;
    checkpoint cp;
    sluis_err e = journal_checkpoint_at(t, note, sizeof(note), &n);
    if (e == SLUIS_NOT_FOUND) /* nothing was ever committed */
        return SLUIS_OK;
    return e ? e : checkpoint_open(&cp, note, n, r->p->settings->name, &r->p->log_keys, NULL);
}

/* A party could connect: the bus's port accepts on this machine. */
static sluis_err try_bus(const char *endpoint)
{
    char host[64];
    unsigned port;
    if (sscanf(endpoint, "tcp://%63[^:]:%u", host, &port) != 2)
        return SLUIS_INVALID;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, strcmp(host, "0.0.0.0") == 0 || strcmp(host, "*") == 0 ? "127.0.0.1" : host,
                  &a.sin_addr) != 1)
        return SLUIS_INVALID;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return SLUIS_IO;
    struct timeval limit = {.tv_usec = 500000};
    int bad = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
              connect(fd, (struct sockaddr *)&a, sizeof(a));
    close(fd);
    return bad ? SLUIS_CLOSED : SLUIS_OK;
}

sluis_err read_health(reader *r, store_txn *t, job *j)
{
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiHealthOut out = SLUIS__API_HEALTH_OUT__INIT;
    Sluis__ApiCheck checks[4], *list[4];
    store_health h;
    out.checks = list;
    out.ok = true;
    sluis_err e = store_health_get(r->p->store, &h);
    bool room = !e && h.used_bytes < h.quota_bytes && !METRIC_GET(r->p->metrics, store_full);
    add(&out, &checks[0], "store", room,
        e      ? error_text(e)
        : room ? "leesbaar, met ruimte om te schrijven"
               : "geen ruimte: niets nieuws wordt aangenomen");
    e = try_journal(r, t);
    add(&out, &checks[1], "journal", !e, e ? error_text(e) : "de laatste vastlegging is ondertekend");
    e = try_bus(r->p->settings->bus_endpoint);
    add(&out, &checks[2], "bus", !e, e ? error_text(e) : "neemt verbindingen aan");
    reply.call = j->call->call;
    reply.status = out.ok ? 200 : 503;
    reply.result_case = SLUIS__API_REPLY__RESULT_HEALTH;
    reply.health = &out;
    return wire_pack(&j->reply, &reply.base);
}

sluis_err read_metrics(reader *r, store_txn *t, job *j)
{
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiText out = SLUIS__API_TEXT__INIT;
    store_health h;
    buffer b;
    (void)t;
    buffer_init(&b, 256u << 10);
    metrics_text(r->p->metrics, &b);
    if (store_health_get(r->p->store, &h) == SLUIS_OK)
        buffer_printf(
            &b,
            "# HELP sluis_store_used_bytes bytes in use in the store\n# TYPE sluis_store_used_bytes gauge\n"
            "sluis_store_used_bytes %llu\n"
            "# HELP sluis_store_readers snapshots open now, the one of this answer too\n"
            "# TYPE sluis_store_readers gauge\nsluis_store_readers %u\n",
            (unsigned long long)h.used_bytes, h.readers);
    buffer_u8(&b, 0);
    sluis_err e = b.err;
    out.text = (char *)b.p;
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_METRICS;
    reply.metrics = &out;
    if (!e)
        e = wire_pack(&j->reply, &reply.base);
    buffer_close(&b);
    return e;
}
