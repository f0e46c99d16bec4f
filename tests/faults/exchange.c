#include "faults/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "journal/journal.h"
#include "registry/registry.h"
#include "store/store_check.h"
#include "wire/messages.h"

#define ATTRIBUTE 1002
#define MEM       (4u << 20)

static void send_frame(actor *a, const Sluis__Frame *f)
{
    buffer b;
    buffer_init(&b, 2 * ENVELOPE_MAX);
    assert_int_equal(wire_pack(&b, &f->base), 0);
    rig_send(a, buffer_bytes(&b));
    buffer_close(&b);
}

static bool join(rig *r, actor *a, int wait_ms)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Hello h = SLUIS__HELLO__INIT;
    rig_disconnect(a);
    rig_connect(r, a);
    h.version_min = h.version_max = 1;
    h.credit = 16;
    h.program = "faults";
    f.f_case = SLUIS__FRAME__F_HELLO;
    f.hello = &h;
    send_frame(a, &f);
    arena *mem = arena_new(MEM);
    bool welcome = false;
    for (Sluis__Frame *got; !welcome && (got = rig_receive(a, mem, wait_ms));) {
        welcome = got->f_case == SLUIS__FRAME__F_WELCOME;
        if (welcome)
            a->generation = got->welcome->generation;
    }
    arena_free(&mem);
    return welcome;
}

bool exchange_join(rig *r, int wait_ms)
{
    return join(r, &r->actors[ACTOR_REQUESTER], wait_ms) && join(r, &r->actors[ACTOR_SCHOOL], wait_ms);
}

static void core_of(rig *r, Sluis__Core *c, uint8_t *id, exchange *x, uint32_t *attribute)
{
    uint64_t now = clock_ms();
    uuid made = uuid_new(now);
    memcpy(id, made.b, UUID_LEN);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, id};
    c->transaction = (ProtobufCBinaryData){UUID_LEN, x->tx};
    c->origin = SLUIS__ORIGIN__BUS;
    c->application = "bench";
    c->function = "consulent";
    c->phase = phase_parse("research");
    c->legal_basis = "wams-5.4.1";
    c->purpose = "onderzoek-meervoudige-problematiek";
    c->created = now;
    c->expires = now + 3600000;
    c->case_id = (ProtobufCBinaryData){ID_LEN, r->case_id.b};
    c->attributes = attribute;
    c->n_attributes = 1;
}

void exchange_begin(rig *r, exchange *x)
{
    Sluis__Core c = SLUIS__CORE__INIT, a = SLUIS__CORE__INIT;
    Sluis__RequestBody body = SLUIS__REQUEST_BODY__INIT;
    Sluis__ResponseBody said = SLUIS__RESPONSE_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__AttributeAsk ask = SLUIS__ATTRIBUTE_ASK__INIT, *asks[] = {&ask};
    Sluis__AttributeResult result = SLUIS__ATTRIBUTE_RESULT__INIT, *results[] = {&result};
    Sluis__Instance in = SLUIS__INSTANCE__INIT, *instances[] = {&in};
    uint32_t attribute = ATTRIBUTE;
    envelope *asked = NULL;
    memset(x, 0, sizeof(*x));
    buffer_init(&x->request, ENVELOPE_MAX);
    buffer_init(&x->answer, ENVELOPE_MAX);
    uuid tx = uuid_new(clock_ms());
    memcpy(x->tx, tx.b, UUID_LEN);

    core_of(r, &c, x->request_id, x, &attribute);
    c.kind = SLUIS__KIND__REQUEST;
    person.bsn = (char *)(uintptr_t)r->child;
    ask.necessity = (char *)(uintptr_t) "nodig";
    ask.attribute = attribute;
    body.subject = &person;
    body.motivation = "nodig voor het onderzoek";
    body.asks = asks;
    body.n_asks = 1;
    rig_envelope(r, &r->actors[ACTOR_REQUESTER], &r->actors[ACTOR_SCHOOL], &c, &body.base, &x->request);
    assert_int_equal(envelope_decode(&asked, buffer_bytes(&x->request), ENVELOPE_MAX, NULL), 0);
    memcpy(x->mh, asked->mh, HASH_LEN);
    envelope_free(&asked);

    core_of(r, &a, x->answer_id, x, &attribute);
    a.kind = SLUIS__KIND__RESPONSE;
    a.answers = (ProtobufCBinaryData){HASH_LEN, x->mh};
    in.value = "Testschool";
    result.attribute = attribute;
    result.outcome = SLUIS__OUTCOME__GIVEN;
    result.instances = instances;
    result.n_instances = 1;
    said.results = results;
    said.n_results = 1;
    rig_envelope(r, &r->actors[ACTOR_SCHOOL], &r->actors[ACTOR_REQUESTER], &a, &said.base, &x->answer);
}

void exchange_close(exchange *x)
{
    buffer_close(&x->request);
    buffer_close(&x->answer);
}

static void submit(actor *a, const buffer *b)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Submit s = SLUIS__SUBMIT__INIT;
    s.envelope = (ProtobufCBinaryData){b->n, b->p};
    f.f_case = SLUIS__FRAME__F_SUBMIT;
    f.submit = &s;
    send_frame(a, &f);
}

static void done(actor *a, const Sluis__Deliver *d)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Done x = SLUIS__DONE__INIT;
    uint64_t seq = d->seq;
    x.seqs = &seq;
    x.n_seqs = 1;
    x.generation = d->generation;
    f.f_case = SLUIS__FRAME__F_DONE;
    f.done = &x;
    send_frame(a, &f);
}

/* The next frame that says something of this message: its ack or nack (what else comes is acknowledged), or,
 * of is NULL, the delivery of these bytes. */
static bool hear(exchange *x, actor *a, const uint8_t *id, const buffer *delivery, int wait_ms)
{
    arena *mem = arena_new(MEM);
    bool heard = false, over = false;
    for (Sluis__Frame *f; !over && (f = rig_receive(a, mem, wait_ms));) {
        if (f->f_case == SLUIS__FRAME__F_DELIVER) {
            done(a, f->deliver);
            if (delivery && bytes_equal(BYTES(f->deliver->envelope.data, f->deliver->envelope.len),
                                        buffer_bytes(delivery)))
                heard = over = true;
        } else if (id && f->f_case == SLUIS__FRAME__F_ACKS &&
                   memcmp(f->acks->acks[0]->message_id.data, id, UUID_LEN) == 0) {
            heard = over = true;
        } else if (id && f->f_case == SLUIS__FRAME__F_NACK) {
            snprintf(x->refusal, sizeof(x->refusal), "%s", f->nack->code);
            over = true;
        }
    }
    arena_free(&mem);
    return heard;
}

static void tell(const exchange *x, bool acknowledged, size_t records)
{
    if (acknowledged && x->told)
        x->told(x->ctx, x, records);
}

bool exchange_go_on(rig *r, exchange *x, int wait_ms)
{
    actor *requester = &r->actors[ACTOR_REQUESTER], *school = &r->actors[ACTOR_SCHOOL];
    x->refusal[0] = '\0';
    if (!x->asked) {
        submit(requester, &x->request);
        x->asked = hear(x, requester, x->request_id, NULL, wait_ms);
        tell(x, x->asked, 1);
    }
    if (x->asked && !x->delivered)
        x->delivered = hear(x, school, NULL, &x->request, wait_ms);
    if (x->delivered && !x->answered) {
        submit(school, &x->answer);
        x->answered = hear(x, school, x->answer_id, NULL, wait_ms);
        tell(x, x->answered, 2);
    }
    if (x->answered && !x->returned)
        x->returned = hear(x, requester, NULL, &x->answer, wait_ms);
    return x->returned;
}

/* ---- a folder at rest ---- */

static sluis_err promises_kept(store *st, const promise *list, size_t n, sluis_fail *f)
{
    store_txn *t = NULL;
    uint64_t found[8];
    size_t count = 0;
    sluis_err e = store_begin_read(st, &t);
    for (size_t i = 0; !e && i < n; i++) {
        e = journal_trace(t, list[i].tx, found, 8, &count);
        if (!e && count < list[i].records)
            e = fail_set(f, SLUIS_NOT_FOUND, "journal", "promise %zu of %zu: %zu records instead of %zu", i,
                         n, count, list[i].records);
    }
    store_abort(&t);
    return e;
}

sluis_err folder_check(const char *dir, const char *keys, const settings *s, const promise *list, size_t n,
                       sluis_fail *f)
{
    char path[160], slots_path[160];
    uint8_t *km = NULL;
    keypair log = {0};
    store *st = NULL;
    keyslots *slots = NULL;
    uint64_t live = 0;
    store_spot spot;
    journal_report report;
    registry_report rows;
    fail_clear(f);
    snprintf(path, sizeof(path), "%s/master.key", keys);
    sluis_err e = secretfile_read(&km, path, f);
    snprintf(path, sizeof(path), "%s/log.key", keys);
    if (!e)
        e = keyfile_read(&log, path, USE_LOG, f);
    snprintf(path, sizeof(path), "%s/store", dir);
    snprintf(slots_path, sizeof(slots_path), "%s/keys.slots", dir);
    const store_options o = {.path = path,
                             GATEWAY_STORE,
                             .map_bytes = s->map_bytes,
                             .quota_bytes = s->quota_bytes,
                             .max_readers = 16};
    if (!e) /* page by page first, so that LMDB is not led astray */
        e = store_check_file(path, NULL, NULL, &spot, f);
    if (!e)
        e = store_open_lmdb(&st, &o, f);
    if (!e)
        e = keyslots_open(&slots, slots_path, s->key_slots, km, f);
    if (!e)
        e = keyslots_verify(slots, &live, f);
    if (!e)
        e = journal_verify(st, slots, s->name, (pubkeys[]){pubkeys_of(log.pk)}, clock_day(clock_ms()), NULL,
                           NULL, &report, f);
    if (!e)
        e = registry_verify(st, slots, &rows, f);
    if (!e)
        e = promises_kept(st, list, n, f);
    keyslots_close(&slots);
    store_close(&st);
    keypair_close(&log);
    secret_free(km);
    return e;
}
