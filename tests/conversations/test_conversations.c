/* Conversations as data: each .conv file here holds frames in and frames out, played against a whole gateway
 * over real CURVE sockets. The language is described in tests/conversations/README.md. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>
#include <glob.h>

#include "base/clock.h"
#include "rig/rig.h"
#include "wire/messages.h"

#define WORDS     32
#define SAID      64
#define ANSWER_MS 8000

typedef struct {
    char name[32];
    buffer envelope;
    uint8_t id[UUID_LEN], tx[UUID_LEN], mh[HASH_LEN];
    uint64_t index; /* its journal entry, once it was acknowledged */
    bytes receipt;  /* in the play's arena */
} said;             /* an envelope that was sent, by the name the file gives it */

typedef struct {
    rig *rig;
    arena *mem;
    said said[SAID];
    size_t count;
    const char *file;
    int line;
    Sluis__Frame *early[ACTORS]; /* came before what was awaited, and is heard next; in mem */
} play;

static _Noreturn void wrong(const play *p, const char *what, const char *got)
{
    fail_msg("%s:%d: %s%s%s", p->file, p->line, what, got ? ", but got " : "", got ? got : "");
    abort(); /* not reached: fail_msg jumps */
}

static said *named(play *p, const char *name, bool make)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->said[i].name, name) == 0)
            return &p->said[i];
    if (!make || p->count == SAID)
        wrong(p, "no envelope of this name", name);
    said *s = &p->said[p->count++];
    snprintf(s->name, sizeof(s->name), "%s", name);
    buffer_init(&s->envelope, ENVELOPE_MAX);
    return s;
}

static actor *who(play *p, const char *name)
{
    for (size_t i = 0; i < ACTORS; i++)
        if (strcmp(p->rig->actors[i].name, name) == 0)
            return &p->rig->actors[i];
    wrong(p, "no such actor", name);
}

/* The value of key=value among the words, or dflt. */
static const char *value(char **w, size_t n, const char *key, const char *dflt)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < n; i++)
        if (strncmp(w[i], key, len) == 0 && w[i][len] == '=')
            return w[i] + len + 1;
    return dflt;
}

static void send_frame(actor *a, const Sluis__Frame *f)
{
    buffer b;
    buffer_init(&b, 2 * ENVELOPE_MAX);
    assert_int_equal(wire_pack(&b, &f->base), 0);
    rig_send(a, buffer_bytes(&b));
    buffer_close(&b);
}

static void say_hello(actor *a, char **w, size_t n)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Hello h = SLUIS__HELLO__INIT;
    h.version_min = (uint32_t)atoi(n > 0 ? w[0] : "1");
    h.version_max = (uint32_t)atoi(n > 1 ? w[1] : "1");
    h.credit = (uint32_t)atoi(n > 2 ? w[2] : "16");
    h.program = "conversation";
    f.f_case = SLUIS__FRAME__F_HELLO;
    f.hello = &h;
    send_frame(a, &f);
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

/* again NAME [receipt=OTHER]: as after a restore, with the receipt under which it was acknowledged */
static void submit_again(play *p, actor *a, char **w, size_t n)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Submit s = SLUIS__SUBMIT__INIT;
    if (n < 1)
        wrong(p, "again NAME [receipt=OTHER]", NULL);
    const said *what = named(p, w[0], false), *proof = named(p, value(w, n, "receipt", w[0]), false);
    s.envelope = (ProtobufCBinaryData){what->envelope.n, what->envelope.p};
    s.receipt = (ProtobufCBinaryData){proof->receipt.n, (uint8_t *)(uintptr_t)proof->receipt.p};
    f.f_case = SLUIS__FRAME__F_SUBMIT;
    f.submit = &s;
    send_frame(a, &f);
}

/* receipt NAME|NUMBER [proof]: of the entry under which NAME was acknowledged, or of any */
static void ask_receipt(play *p, actor *a, char **w, size_t n)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__ReceiptGet get = SLUIS__RECEIPT_GET__INIT;
    char *end = NULL;
    if (n < 1)
        wrong(p, "receipt NAME|NUMBER [proof]", NULL);
    get.index = strtoull(w[0], &end, 10);
    if (*end)
        get.index = named(p, w[0], false)->index;
    get.proof = n > 1 && strcmp(w[1], "proof") == 0;
    f.f_case = SLUIS__FRAME__F_RECEIPT_GET;
    f.receipt_get = &get;
    send_frame(a, &f);
}

/* Breaks one part of a finished envelope, keeping it well-formed protobuf. */
static void mutate(play *p, buffer *b, const char *what, const said *other)
{
    ProtobufCMessage *m = NULL, *o = NULL;
    assert_int_equal(wire_unpack(&m, &sluis__envelope__descriptor, p->mem, buffer_bytes(b), NULL), 0);
    Sluis__Envelope *e = (Sluis__Envelope *)m;
    if (strcmp(what, "signature") == 0)
        e->sigblock.data[e->sigblock.len - 1] ^= 1;
    else if (strcmp(what, "body") == 0)
        e->body.data[e->body.len / 2] ^= 1;
    else if (strcmp(what, "header") == 0)
        e->header.data[e->header.len / 2] ^= 1;
    else if (other && strcmp(what, "body-of") == 0) {
        assert_int_equal(
            wire_unpack(&o, &sluis__envelope__descriptor, p->mem, buffer_bytes(&other->envelope), NULL), 0);
        e->body = ((Sluis__Envelope *)o)->body;
    } else
        wrong(p, "unknown mutation", what);
    buffer_clear(b);
    assert_int_equal(wire_pack(b, m), 0);
}

/* Sealed to that actor and the registry; to the gateway, to the registry alone. */
static void seal_for(play *p, actor *from, const char *to, Sluis__Core *c, const ProtobufCMessage *body,
                     buffer *out)
{
    buffer_clear(out);
    if (strcmp(to, "gateway") == 0) {
        actor own = {.name = "gateway", .seal = p->rig->seal};
        assert_int_equal(oin_parse(&own.oin, RIG_GATEWAY, OIN_LEN), 0);
        rig_envelope_alone(from, &own, c, body, out);
    } else {
        rig_envelope(p->rig, from, who(p, to), c, body, out);
    }
}

/* What every message has in common: ids, times, where and why. */
static void fill_core(play *p, Sluis__Core *c, said *s, char **w, size_t n, uint32_t *attributes)
{
    uint64_t now = clock_ms();
    static id16 unknown_case;
    unknown_case = id_random();
    const char *same = value(w, n, "same-id", NULL), *list = value(w, n, "attributes", "1002,1006");
    uuid id = uuid_new(now), tx = uuid_new(now);
    memcpy(s->id, same ? named(p, same, false)->id : id.b, UUID_LEN);
    memcpy(s->tx, tx.b, UUID_LEN);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, s->id};
    c->transaction = (ProtobufCBinaryData){UUID_LEN, s->tx};
    c->origin = strcmp(value(w, n, "origin", "bus"), "api") == 0 ? SLUIS__ORIGIN__API : SLUIS__ORIGIN__BUS;
    c->application = (char *)(uintptr_t)value(w, n, "application", "bench");
    c->function = (char *)(uintptr_t)value(w, n, "function", "consulent");
    c->phase = phase_parse(value(w, n, "phase", "research"));
    c->legal_basis = (char *)(uintptr_t)value(w, n, "basis", "wams-5.4.1");
    c->purpose = (char *)(uintptr_t)value(w, n, "purpose", "onderzoek-meervoudige-problematiek");
    c->created = now + (uint64_t)atoll(value(w, n, "created", "0"));
    c->expires = c->created + (uint64_t)atoll(value(w, n, "lifetime", "3600000"));
    bool known = strcmp(value(w, n, "case", "known"), "known") == 0;
    c->case_id = (ProtobufCBinaryData){ID_LEN, known ? p->rig->case_id.b : unknown_case.b};
    c->attributes = attributes;
    for (const char *at = list; at && *at && c->n_attributes < ATTRIBUTES_MAX;
         at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        attributes[c->n_attributes++] = (uint32_t)atoi(at);
}

static void finish(play *p, actor *from, said *s, char **w, size_t n)
{
    const char *what = value(w, n, "mutate", NULL), *other = value(w, n, "other", NULL);
    if (what)
        mutate(p, &s->envelope, what, other ? named(p, other, false) : NULL);
    submit(from, &s->envelope);
}

/* request NAME [key=value ...] */
static void say_request(play *p, actor *from, char **w, size_t n)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__RequestBody b = SLUIS__REQUEST_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__GivenDatum given = SLUIS__GIVEN_DATUM__INIT, *handed = &given;
    Sluis__AttributeAsk one[ATTRIBUTES_MAX], *asks[ATTRIBUTES_MAX];
    uint32_t attributes[ATTRIBUTES_MAX];
    char motivation[9000];
    said *s = named(p, w[0], true);
    const char *bsn = value(w, n, "bsn", "child");
    fill_core(p, &c, s, w, n, attributes);
    c.kind = (Sluis__Kind)atoi(value(w, n, "kind", "1"));
    person.bsn = (char *)(uintptr_t)(strcmp(bsn, "child") == 0    ? p->rig->child
                                     : strcmp(bsn, "parent") == 0 ? p->rig->parent
                                                                  : bsn);
    snprintf(motivation, sizeof(motivation), "%-*s", atoi(value(w, n, "long", "0")),
             value(w, n, "motivation", "nodig_voor_het_onderzoek"));
    given.attribute = (uint32_t)atoi(value(w, n, "given", "0"));
    given.value = (char *)(uintptr_t)value(w, n, "value", "5");
    b.given = &handed;
    b.n_given = given.attribute != 0;
    b.subject = &person;
    b.answer_by = value(w, n, "by", NULL) ? c.created + (uint64_t)atoll(value(w, n, "by", "0")) : 0;
    b.motivation = motivation;
    for (size_t i = 0; i < c.n_attributes; i++) {
        sluis__attribute_ask__init(&one[i]);
        one[i].necessity = (char *)(uintptr_t)value(w, n, "necessity", "nodig");
        one[i].attribute = attributes[i];
        asks[i] = &one[i];
    }
    b.asks = asks;
    b.n_asks = c.n_attributes;
    buffer_clear(&s->envelope);
    keypair held = p->rig->seal, gone = {0};
    if (strcmp(value(w, n, "registry", "held"), "gone") == 0) { /* to a key that it has no longer */
        assert_int_equal(keypair_generate(&gone, USE_SEAL, c.created), SLUIS_OK);
        p->rig->seal = gone;
    }
    rig_envelope(p->rig, from, who(p, value(w, n, "to", "school")), &c, &b.base, &s->envelope);
    p->rig->seal = held;
    keypair_close(&gone);
    finish(p, from, s, w, n);
}

static Sluis__Outcome outcome_parse(const play *p, const char *word)
{
    for (int o = SLUIS__OUTCOME__GIVEN; o <= SLUIS__OUTCOME__NOT_KNOWN; o++)
        if (strcmp(outcome_name((Sluis__Outcome)o), word) == 0)
            return (Sluis__Outcome)o;
    wrong(p, "no such outcome", word);
}

/* response NAME REQUEST [outcome=given|refused] [reason=..] [value=..] [attributes=..] [answers=other] */
static void say_response(play *p, actor *from, const char *verb, char **w, size_t n)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__ResponseBody b = SLUIS__RESPONSE_BODY__INIT;
    Sluis__CorrectionBody correction = SLUIS__CORRECTION_BODY__INIT;
    const bool corrects = strcmp(verb, "correct") == 0;
    Sluis__AttributeResult one[ATTRIBUTES_MAX], *results[ATTRIBUTES_MAX];
    Sluis__Instance in = SLUIS__INSTANCE__INIT, *instances[] = {&in, &in};
    uint32_t attributes[ATTRIBUTES_MAX];
    said *s = named(p, w[0], true), *q = named(p, w[1], false);
    Sluis__Condition condition = SLUIS__CONDITION__INIT, *conditions[] = {&condition, &condition};
    bool given = strcmp(value(w, n, "outcome", "given"), "given") == 0;
    uint8_t hash[HASH_LEN];
    char explanation[9000];
    envelope *asked = NULL;
    snprintf(explanation, sizeof(explanation), "%*s", atoi(value(w, n, "long", "0")), "");
    condition.code = (char *)(uintptr_t)value(w, n, "condition", "");
    if (value(w, n, "until", NULL))
        condition.until = clock_ms() + (uint64_t)atoll(value(w, n, "until", "0"));
    assert_int_equal(envelope_decode(&asked, buffer_bytes(&q->envelope), ENVELOPE_MAX, NULL), 0);
    memcpy(hash, asked->mh, HASH_LEN);
    envelope_free(&asked);
    if (strcmp(value(w, n, "answers", "it"), "other") == 0)
        hash[0] ^= 1;
    fill_core(p, &c, s, w, n, attributes);
    c.kind = corrects ? SLUIS__KIND__CORRECTION : SLUIS__KIND__RESPONSE;
    memcpy(s->tx, q->tx, UUID_LEN);
    c.answers = (ProtobufCBinaryData){HASH_LEN, hash};
    in.value = (char *)(uintptr_t)value(w, n, "value", "2024-08-01");
    for (size_t i = 0; i < c.n_attributes; i++) {
        sluis__attribute_result__init(&one[i]);
        one[i].attribute = attributes[i];
        one[i].outcome = outcome_parse(p, value(w, n, "outcome", "given"));
        one[i].conditions = conditions;
        one[i].n_conditions = (size_t)atoi(value(w, n, "conditions", *condition.code ? "1" : "0"));
        one[i].explanation = explanation;
        one[i].reason = (char *)(uintptr_t)value(w, n, "reason", "");
        one[i].instances = instances;
        one[i].n_instances = given ? (size_t)atoi(value(w, n, "instances", "1")) : 0;
        results[i] = &one[i];
    }
    b.results = correction.results = results;
    b.n_results = correction.n_results = c.n_attributes;
    correction.reason = (char *)(uintptr_t)value(w, n, "why", "verkeerd_overgenomen");
    seal_for(p, from, value(w, n, "to", "requester"), &c, corrects ? &correction.base : &b.base,
             &s->envelope);
    finish(p, from, s, w, n);
}

/* invitation NAME, report NAME, reply NAME INVITATION; sealed=both: to the registry, too; kind=N: another
 * kind. */
static void say_meeting(play *p, actor *from, const char *verb, char **w, size_t n)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__MeetingInvitationBody invitation = SLUIS__MEETING_INVITATION_BODY__INIT;
    Sluis__MeetingReplyBody reply = SLUIS__MEETING_REPLY_BODY__INIT;
    Sluis__MeetingReportBody report = SLUIS__MEETING_REPORT_BODY__INIT;
    ProtobufCMessage *body = &invitation.base;
    uint32_t attributes[ATTRIBUTES_MAX];
    uint8_t hash[HASH_LEN];
    said *s = named(p, w[0], true);
    bool is_reply = strcmp(verb, "reply") == 0;
    fill_core(p, &c, s, w, n, attributes);
    if (!value(w, n, "attributes", NULL))
        c.n_attributes = 0;
    c.kind = SLUIS__KIND__MEETING_INVITATION;
    if (is_reply) {
        said *q = named(p, w[1], false);
        envelope *asked = NULL;
        c.kind = SLUIS__KIND__MEETING_REPLY;
        body = &reply.base;
        assert_int_equal(envelope_decode(&asked, buffer_bytes(&q->envelope), ENVELOPE_MAX, NULL), 0);
        memcpy(hash, asked->mh, HASH_LEN);
        envelope_free(&asked);
        hash[0] ^= strcmp(value(w, n, "answers", "it"), "other") == 0;
        c.answers = (ProtobufCBinaryData){HASH_LEN, hash};
        if (strcmp(value(w, n, "transaction", "its"), "its") == 0)
            memcpy(s->tx, q->tx, UUID_LEN);
    } else if (strcmp(verb, "report") == 0) {
        c.kind = SLUIS__KIND__MEETING_REPORT;
        body = &report.base;
    }
    if (value(w, n, "kind", NULL)) {
        c.kind = (Sluis__Kind)atoi(value(w, n, "kind", ""));
        const message_kind *k = message_kind_of(c.kind);
        if (k && k->answers != SLUIS__KIND__KIND_NONE)
            c.answers = (ProtobufCBinaryData){HASH_LEN, memset(hash, 7, HASH_LEN)};
    }
    const actor *to = who(p, value(w, n, "to", is_reply ? "requester" : "school"));
    buffer_clear(&s->envelope);
    if (strcmp(value(w, n, "sealed", "alone"), "both") == 0)
        rig_envelope(p->rig, from, to, &c, body, &s->envelope);
    else
        rig_envelope_alone(from, to, &c, body, &s->envelope);
    finish(p, from, s, w, n);
}

/* question NAME REQUEST, clarify NAME QUESTION, withdraw NAME REQUEST: said about an earlier message. */
static void say_about(play *p, actor *from, const char *verb, char **w, size_t n)
{
    static const struct {
        const char *verb, *to;
        Sluis__Kind kind;
    } kinds[] = {{"question", "requester", SLUIS__KIND__CLARIFICATION_QUESTION},
                 {"clarify", "school", SLUIS__KIND__CLARIFICATION_ANSWER},
                 {"withdraw", "school", SLUIS__KIND__WITHDRAWAL}};
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__TextBody b = SLUIS__TEXT_BODY__INIT;
    uint32_t attributes[ATTRIBUTES_MAX];
    uint8_t hash[HASH_LEN];
    char text[9000];
    size_t k = 0;
    while (strcmp(kinds[k].verb, verb) != 0)
        k++;
    said *s = named(p, w[0], true), *q = named(p, w[1], false);
    envelope *about = NULL;
    assert_int_equal(envelope_decode(&about, buffer_bytes(&q->envelope), ENVELOPE_MAX, NULL), 0);
    memcpy(hash, about->mh, HASH_LEN);
    envelope_free(&about);
    hash[0] ^= strcmp(value(w, n, "answers", "it"), "other") == 0;
    fill_core(p, &c, s, w, n, attributes);
    if (!value(w, n, "attributes", NULL))
        c.n_attributes = 0;
    c.kind = kinds[k].kind;
    memcpy(s->tx, q->tx, UUID_LEN);
    c.answers = (ProtobufCBinaryData){HASH_LEN, hash};
    snprintf(text, sizeof(text), "%-*s", atoi(value(w, n, "long", "0")),
             value(w, n, "text", "waarvoor_is_dit"));
    b.text = text;
    const char *to = value(w, n, "to", kinds[k].to);
    buffer_clear(&s->envelope);
    if (strcmp(value(w, n, "sealed", "both"), "alone") == 0)
        rig_envelope_alone(from, who(p, to), &c, &b.base, &s->envelope);
    else
        seal_for(p, from, to, &c, &b.base, &s->envelope);
    finish(p, from, s, w, n);
}

/* known NAME: is this person known to the party? tell NAME QUESTION answer=yes|no */
static void say_known(play *p, actor *from, const char *verb, char **w, size_t n)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__KnownQueryBody query = SLUIS__KNOWN_QUERY_BODY__INIT;
    Sluis__KnownAnswerBody answer = SLUIS__KNOWN_ANSWER_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    uint32_t attributes[ATTRIBUTES_MAX];
    envelope *about = NULL;
    const bool tells = strcmp(verb, "tell") == 0;
    said *s = named(p, w[0], true), *q = tells ? named(p, w[1], false) : NULL;
    fill_core(p, &c, s, w, n, attributes);
    if (!value(w, n, "attributes", NULL))
        c.n_attributes = 0;
    c.kind = tells ? SLUIS__KIND__KNOWN_ANSWER : SLUIS__KIND__KNOWN_QUERY;
    person.bsn = (char *)(uintptr_t)value(w, n, "bsn", p->rig->child);
    query.subject = &person;
    query.motivation = (char *)(uintptr_t)value(w, n, "motivation", "om_te_weten_wie_wij_vragen");
    answer.known = strcmp(value(w, n, "answer", "yes"), "yes") == 0;
    if (tells) {
        assert_int_equal(envelope_decode(&about, buffer_bytes(&q->envelope), ENVELOPE_MAX, NULL), 0);
        memcpy(s->tx, q->tx, UUID_LEN);
        c.answers = (ProtobufCBinaryData){HASH_LEN, about->mh};
    }
    seal_for(p, from, value(w, n, "to", tells ? "requester" : "school"), &c,
             tells ? &answer.base : &query.base, &s->envelope);
    envelope_free(&about);
    finish(p, from, s, w, n);
}

static void say_done(actor *a, uint64_t generation, const char *refused)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Done d = SLUIS__DONE__INIT;
    d.seqs = &a->seq;
    d.n_seqs = 1;
    d.generation = generation;
    d.refused = (char *)(uintptr_t)refused;
    f.f_case = SLUIS__FRAME__F_DONE;
    f.done = &d;
    send_frame(a, &f);
}

static void say_raw(play *p, actor *a, const char *hex)
{
    uint8_t raw[1024];
    size_t n = strlen(hex) / 2;
    if (n > sizeof(raw) || hex_decode(raw, n, hex, strlen(hex)))
        wrong(p, "not hex", hex);
    rig_send(a, BYTES(raw, n));
}

static void say(play *p, actor *a, const char *verb, char **w, size_t n)
{
    if (strcmp(verb, "repeat") == 0 && n > 1)
        for (int i = atoi(w[0]); i > 0; i--)
            say(p, a, w[1], w + 2, n - 2);
    else if (strcmp(verb, "connect") == 0)
        rig_connect(p->rig, a);
    else if (strcmp(verb, "disconnect") == 0)
        rig_disconnect(a);
    else if (strcmp(verb, "hello") == 0)
        say_hello(a, w, n);
    else if (strcmp(verb, "known") == 0 || (strcmp(verb, "tell") == 0 && n > 1))
        say_known(p, a, verb, w, n);
    else if (strcmp(verb, "request") == 0 && n > 0)
        say_request(p, a, w, n);
    else if ((strcmp(verb, "response") == 0 || strcmp(verb, "correct") == 0) && n > 1)
        say_response(p, a, verb, w, n);
    else if ((strcmp(verb, "reply") == 0 && n > 1) ||
             ((strcmp(verb, "invitation") == 0 || strcmp(verb, "report") == 0) && n > 0))
        say_meeting(p, a, verb, w, n);
    else if ((strcmp(verb, "question") == 0 || strcmp(verb, "clarify") == 0 ||
              strcmp(verb, "withdraw") == 0) &&
             n > 1)
        say_about(p, a, verb, w, n);
    else if (strcmp(verb, "resend") == 0 && n > 0)
        submit(a, &named(p, w[0], false)->envelope);
    else if (strcmp(verb, "done") == 0)
        say_done(a, n > 0 && strcmp(w[0], "older") == 0 ? a->older : a->generation, "");
    else if (strcmp(verb, "refuse") == 0 && n > 0)
        say_done(a, a->generation, w[0]);
    else if (strcmp(verb, "again") == 0)
        submit_again(p, a, w, n);
    else if (strcmp(verb, "receipt") == 0)
        ask_receipt(p, a, w, n);
    else if (strcmp(verb, "raw") == 0 && n > 0)
        say_raw(p, a, w[0]);
    else
        wrong(p, "unknown verb", verb);
}

static const char *frame_name(const Sluis__Frame *f)
{
    static const char *const names[] = {[SLUIS__FRAME__F__NOT_SET] = "empty",
                                        [SLUIS__FRAME__F_HELLO] = "hello",
                                        [SLUIS__FRAME__F_WELCOME] = "welcome",
                                        [SLUIS__FRAME__F_SUBMIT] = "submit",
                                        [SLUIS__FRAME__F_ACKS] = "ack",
                                        [SLUIS__FRAME__F_NACK] = "nack",
                                        [SLUIS__FRAME__F_DELIVER] = "deliver",
                                        [SLUIS__FRAME__F_DONE] = "done",
                                        [SLUIS__FRAME__F_REFUSED] = "refused",
                                        [SLUIS__FRAME__F_DIRECTORY_PART] = "directory",
                                        [SLUIS__FRAME__F_RECEIPT_GET] = "receipt-get",
                                        [SLUIS__FRAME__F_RECEIPT_IS] = "receipt"};
    return names[f->f_case];
}

/* by-person=..: what of a request a person at the party releases, as its receipt says; none. */
static void check_by_person(play *p, const Sluis__Deliver *d, const char *list)
{
    ProtobufCMessage *m = NULL;
    char got[256] = "";
    assert_int_equal(
        wire_unpack(&m, &sluis__receipt__descriptor, p->mem, BYTES(d->receipt.data, d->receipt.len), NULL),
        0);
    const ProtobufCBinaryData record = ((const Sluis__Receipt *)m)->record;
    assert_int_equal(
        wire_unpack(&m, &sluis__record__descriptor, p->mem, BYTES(record.data, record.len), NULL), 0);
    const Sluis__Record *r = (const Sluis__Record *)m;
    for (size_t i = 0; i < r->n_by_person; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? "," : "", r->by_person[i]);
    if (strcmp(*got ? got : "none", list) != 0)
        wrong(p, "a person releases others", got);
}

static void hear_deliver(play *p, actor *a, const Sluis__Deliver *d, char **w, size_t n)
{
    envelope *env = NULL;
    const said *s = named(p, w[0], false);
    assert_int_equal(envelope_decode(&env, BYTES(d->envelope.data, d->envelope.len), ENVELOPE_MAX, NULL), 0);
    if (!bytes_equal(env->raw, buffer_bytes(&s->envelope)))
        wrong(p, "another envelope was expected here", message_kind_of(env->core->kind)->name);
    if (d->receipt.len == 0)
        wrong(p, "a delivery comes with its receipt", NULL);
    if (d->generation != a->generation)
        wrong(p, "a delivery carries its session's generation", NULL);
    if (value(w, n, "by-person", NULL))
        check_by_person(p, d, value(w, n, "by-person", ""));
    a->seq = d->seq;
    envelope_free(&env);
}

/* returned NAME CODE: the gateway's own message, sealed to this actor, names that envelope and says why. */
static void hear_returned(play *p, actor *a, const Sluis__Frame *f, char **w, size_t n)
{
    envelope *env = NULL, *about = NULL;
    ProtobufCMessage *m = NULL;
    buffer plain;
    sluis_fail why = {0};
    const said *s = named(p, w[0], false);
    if (n < 2 || f->f_case != SLUIS__FRAME__F_DELIVER)
        wrong(p, "returned NAME CODE", frame_name(f));
    buffer_init(&plain, ENVELOPE_MAX);
    bytes raw = BYTES(f->deliver->envelope.data, f->deliver->envelope.len);
    assert_int_equal(envelope_decode(&env, raw, ENVELOPE_MAX, NULL), 0);
    assert_int_equal(envelope_decode(&about, buffer_bytes(&s->envelope), ENVELOPE_MAX, NULL), 0);
    assert_int_equal(env->core->kind, SLUIS__KIND__RETURNED);
    assert_string_equal(env->core->sender, RIG_GATEWAY);
    assert_memory_equal(env->core->transaction.data, s->tx, UUID_LEN);
    assert_int_equal(envelope_check_times(env, clock_ms(), &why), 0);
    if (envelope_open(env, &a->oin, &a->seal, NULL, &plain, &why))
        wrong(p, "not sealed to its sender", why.text);
    assert_int_equal(wire_unpack(&m, &sluis__returned_body__descriptor, p->mem, buffer_bytes(&plain), NULL),
                     0);
    const Sluis__ReturnedBody *body = (const Sluis__ReturnedBody *)m;
    if (strcmp(body->code, w[1]) != 0)
        wrong(p, "returned for another reason", body->code);
    if (!*body->text || f->deliver->receipt.len == 0)
        wrong(p, "what is returned comes with words and a receipt", NULL);
    assert_int_equal(body->message_hash.len, HASH_LEN);
    assert_memory_equal(body->message_hash.data, about->mh, HASH_LEN);
    a->seq = f->deliver->seq;
    buffer_close(&plain);
    envelope_free(&env);
    envelope_free(&about);
}

static void check_attributes(play *p, const Sluis__Core *c, const char *list)
{
    char got[256] = "";
    for (size_t i = 0; i < c->n_attributes; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? "," : "", c->attributes[i]);
    if (strcmp(got, list) != 0)
        wrong(p, "about other attributes", got);
}

static void check_response(play *p, const Sluis__Core *c, const Sluis__ResponseBody *b, char **w, size_t n)
{
    const char *wanted = value(w, n, "value", NULL), *condition = value(w, n, "condition", NULL);
    assert_int_equal(b->n_results, c->n_attributes);
    for (size_t i = 0; i < b->n_results; i++) {
        const Sluis__AttributeResult *x = b->results[i];
        assert_int_equal(x->attribute, c->attributes[i]);
        if (wanted && (x->n_instances != 1 || strcmp(x->instances[0]->value, wanted) != 0))
            wrong(p, "another value", x->n_instances ? x->instances[0]->value : "none");
        if (condition && (x->n_conditions != 1 || strcmp(x->conditions[0]->code, condition) != 0))
            wrong(p, "another condition", x->n_conditions ? x->conditions[0]->code : "none");
    }
}

/* own NAME KIND ABOUT [answers=none] [attributes=..] [value=..] [condition=..]: the gateway's own message of
 * this kind, sealed to this actor, in the transaction of ABOUT and, unless it answers nothing, its answer. */
static void hear_own(play *p, actor *a, const Sluis__Frame *f, char **w, size_t n)
{
    envelope *env = NULL, *about = NULL;
    ProtobufCMessage *m = NULL;
    buffer plain;
    sluis_fail why = {0};
    if (n < 3 || f->f_case != SLUIS__FRAME__F_DELIVER)
        wrong(p, "own NAME KIND ABOUT", frame_name(f));
    said *s = named(p, w[0], true);
    const said *q = named(p, w[2], false);
    const bytes raw = BYTES(f->deliver->envelope.data, f->deliver->envelope.len);
    buffer_init(&plain, ENVELOPE_MAX);
    assert_int_equal(envelope_decode(&env, raw, ENVELOPE_MAX, NULL), 0);
    assert_int_equal(envelope_decode(&about, buffer_bytes(&q->envelope), ENVELOPE_MAX, NULL), 0);
    const message_kind *k = message_kind_of(env->core->kind);
    if (strcmp(k->name, w[1]) != 0)
        wrong(p, w[1], k->name);
    assert_string_equal(env->core->sender, RIG_GATEWAY);
    assert_memory_equal(env->core->transaction.data, q->tx, UUID_LEN);
    if (strcmp(value(w, n, "answers", "it"), "none") == 0)
        assert_int_equal(env->core->answers.len, 0);
    else
        assert_true(bytes_equal(BYTES(env->core->answers.data, env->core->answers.len), BYTES_OF(about->mh)));
    if (envelope_open(env, &a->oin, &a->seal, NULL, &plain, &why))
        wrong(p, "not sealed to this actor", why.text);
    assert_int_equal(wire_unpack(&m, k->body, p->mem, buffer_bytes(&plain), NULL), 0);
    if (value(w, n, "attributes", NULL))
        check_attributes(p, env->core, value(w, n, "attributes", ""));
    if (env->core->kind == SLUIS__KIND__RESPONSE)
        check_response(p, env->core, (const Sluis__ResponseBody *)m, w, n);
    if (env->core->kind == SLUIS__KIND__REQUEST)
        assert_int_equal(((const Sluis__RequestBody *)m)->n_asks, env->core->n_attributes);
    if (value(w, n, "by-person", NULL))
        check_by_person(p, f->deliver, value(w, n, "by-person", ""));
    memcpy(s->tx, q->tx, UUID_LEN);
    buffer_clear(&s->envelope);
    buffer_add(&s->envelope, raw.p, raw.n);
    a->seq = f->deliver->seq;
    buffer_close(&plain);
    envelope_free(&env);
    envelope_free(&about);
}

static void hear_ack(play *p, const Sluis__Ack *k, char **w, size_t n)
{
    said *s = named(p, w[0], false);
    ProtobufCMessage *m = NULL;
    bool duplicate = n > 1 && strcmp(w[1], "duplicate") == 0;
    if (!bytes_equal(BYTES(k->message_id.data, k->message_id.len), BYTES_OF(s->id)))
        wrong(p, "the ack names another message", NULL);
    if (k->duplicate != duplicate)
        wrong(p, duplicate ? "a duplicate was expected" : "no duplicate was expected", NULL);
    if (k->receipt.len == 0)
        wrong(p, "an ack comes with its receipt", NULL);
    assert_int_equal(
        wire_unpack(&m, &sluis__receipt__descriptor, p->mem, BYTES(k->receipt.data, k->receipt.len), NULL),
        0);
    if (duplicate && ((Sluis__Receipt *)m)->index != s->index)
        wrong(p, "a duplicate brings the receipt of the first", NULL);
    s->index = ((Sluis__Receipt *)m)->index;
    s->receipt = BYTES(arena_copy(p->mem, k->receipt.data, k->receipt.len), k->receipt.len);
    assert_int_equal(k->message_hash.len, HASH_LEN);
    memcpy(s->mh, k->message_hash.data, HASH_LEN);
}

/* receipt NAME: the record of this very message; receipt CODE: no receipt, and nothing else in the answer */
static void hear_receipt(play *p, const Sluis__ReceiptIs *r, char **w, size_t n)
{
    ProtobufCMessage *m = NULL;
    if (n < 1)
        wrong(p, "receipt NAME or CODE", NULL);
    if (*r->code) {
        if (strcmp(r->code, w[0]) != 0)
            wrong(p, w[0], r->code);
        assert_int_equal(r->receipt.len, 0);
        return;
    }
    const said *s = named(p, w[0], false);
    assert_int_equal(
        wire_unpack(&m, &sluis__receipt__descriptor, p->mem, BYTES(r->receipt.data, r->receipt.len), NULL),
        0);
    const Sluis__Receipt *got = (const Sluis__Receipt *)m;
    assert_int_equal(got->index, s->index);
    assert_int_equal(r->index, s->index);
    assert_int_equal(
        wire_unpack(&m, &sluis__record__descriptor, p->mem, BYTES(got->record.data, got->record.len), NULL),
        0);
    const Sluis__Record *record = (const Sluis__Record *)m;
    if (!bytes_equal(BYTES(record->message_hash.data, record->message_hash.len), BYTES_OF(s->mh)))
        wrong(p, "the receipt is of another message", NULL);
}

/* Whether text is what says says: _ stands for a blank, {} for a word that differs from run to run. */
static bool is_said(const char *says, const char *text)
{
    for (; *says; says++, text++) {
        if (strncmp(says, "{}", 2) == 0) {
            text += strcspn(text, " ");
            says += 2;
        }
        if (*says != *text && !(*says == '_' && *text == ' '))
            return false;
        if (!*says)
            return true;
    }
    return !*text;
}

/* says=: the whole text of a refusal. */
static void hear_words(play *p, const char *text, char **w, size_t n)
{
    const char *says = value(w, n, "says", NULL);
    if (says && !is_said(says, text))
        wrong(p, says, text);
}

static void hear(play *p, actor *a, const char *verb, char **w, size_t n)
{
    if (strcmp(verb, "nothing") == 0) {
        Sluis__Frame *f = rig_receive(a, p->mem, n > 0 ? atoi(w[0]) : 300);
        if (f)
            wrong(p, "nothing was expected", frame_name(f));
        return;
    }
    Sluis__Frame *f = p->early[a - p->rig->actors];
    p->early[a - p->rig->actors] = NULL;
    if (!f)
        f = rig_receive(a, p->mem, ANSWER_MS);
    if (f && n > 0 && strcmp(w[n - 1], "unordered") == 0 && f->f_case == SLUIS__FRAME__F_DELIVER) {
        p->early[a - p->rig->actors] = f;
        f = rig_receive(a, p->mem, ANSWER_MS);
    }
    bool eventually = n > 0 && strcmp(w[n - 1], "eventually") == 0;
    while (f && eventually && strcmp(verb, frame_name(f)) != 0)
        f = rig_receive(a, p->mem, ANSWER_MS);
    if (!f)
        wrong(p, verb, "nothing");
    if (strcmp(verb, "returned") == 0) {
        hear_returned(p, a, f, w, n);
        return;
    }
    if (strcmp(verb, "own") == 0) {
        hear_own(p, a, f, w, n);
        return;
    }
    const char *code = f->f_case == SLUIS__FRAME__F_NACK      ? f->nack->code
                       : f->f_case == SLUIS__FRAME__F_REFUSED ? f->refused->code
                                                              : "";
    char got[600];
    snprintf(got, sizeof(got), "%s %s %s %s", frame_name(f), code,
             f->f_case == SLUIS__FRAME__F_NACK ? f->nack->where : "",
             f->f_case == SLUIS__FRAME__F_NACK ? f->nack->text : "");
    if (strcmp(verb, frame_name(f)) != 0)
        wrong(p, verb, got);
    if (f->f_case == SLUIS__FRAME__F_WELCOME) {
        a->older = a->generation;
        a->generation = f->welcome->generation;
    } else if (f->f_case == SLUIS__FRAME__F_ACKS)
        hear_ack(p, f->acks->acks[0], w, n);
    else if (f->f_case == SLUIS__FRAME__F_DELIVER)
        hear_deliver(p, a, f->deliver, w, n);
    else if (f->f_case == SLUIS__FRAME__F_RECEIPT_IS)
        hear_receipt(p, f->receipt_is, w, n);
    else if (*code && (n < 1 || strcmp(w[0], code) != 0))
        wrong(p, n ? w[0] : "no code", got);
    else if (f->f_case == SLUIS__FRAME__F_NACK)
        hear_words(p, f->nack->text, w, n);
}

/* The newest entry of this envelope's transaction: who it says it came from, and how it ended. */
static void check_journal(play *p, const char *name, const char *from, const char *decision)
{
    char tx[UUID_STR];
    uuid_format(tx, named(p, name, false)->tx);
    json_t *q = json_pack("{s:s, s:s, s:s}", "cmd", "trace", "transaction", tx, "by", "beheer-1"),
           *reply = rig_control(p->rig, q);
    json_t *list = json_object_get(reply, "entries"), *last = json_array_get(list, json_array_size(list) - 1);
    const char *who_from = json_string_value(json_object_get(last, "from"));
    const char *how = json_string_value(json_object_get(last, "decision"));
    const char *wanted = strcmp(from, "gateway") == 0 ? RIG_GATEWAY : who(p, from)->oin.s;
    if (!who_from || strcmp(who_from, wanted) != 0)
        wrong(p, "journalled under another party", who_from);
    if (!how || strcmp(how, decision) != 0)
        wrong(p, "journalled with another decision", how);
    json_decref(reply);
    json_decref(q);
}

/* So many entries stand under this envelope's transaction. */
static void count_entries(play *p, const char *name, int wanted)
{
    char tx[UUID_STR];
    uuid_format(tx, named(p, name, false)->tx);
    json_t *q = json_pack("{s:s, s:s, s:s}", "cmd", "trace", "transaction", tx, "by", "beheer-1"),
           *reply = rig_control(p->rig, q);
    assert_int_equal(json_array_size(json_object_get(reply, "entries")), wanted);
    json_decref(reply);
    json_decref(q);
}

/* `sluisctl deadletters list` names this envelope's transaction, why it did not arrive, after how many
 * attempts. */
static void check_dead(play *p, const char *name, const char *reason, int attempts)
{
    char tx[UUID_STR];
    size_t i, found = 0;
    json_t *x, *q = json_pack("{s:s}", "cmd", "deadletters.list"), *reply = rig_control(p->rig, q);
    uuid_format(tx, named(p, name, false)->tx);
    json_array_foreach(json_object_get(reply, "deadletters"), i, x)
    {
        if (strcmp(json_string_value(json_object_get(x, "transaction")), tx) != 0)
            continue;
        found++;
        if (strcmp(json_string_value(json_object_get(x, "reason")), reason) != 0)
            wrong(p, "listed with another reason", json_string_value(json_object_get(x, "reason")));
        assert_int_equal(json_integer_value(json_object_get(x, "attempts")), attempts);
        assert_true(json_is_true(json_object_get(x, "returned")));
    }
    if (found != 1)
        wrong(p, "listed once among the dead letters", NULL);
    json_decref(reply);
    json_decref(q);
}

typedef struct {
    actor *a;
    bytes frame;
    atomic_bool over;
} storm;

static void *rage(void *arg)
{
    storm *s = arg;
    while (!atomic_load(&s->over))
        if (zmq_send(s->a->socket, s->frame.p, s->frame.n, ZMQ_DONTWAIT) < 0)
            usleep(100);
    return NULL;
}

/* A restart, while this actor submits one envelope again and again without a pause. */
static void restart_in_storm(play *p, actor *a, const said *what)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Submit sub = SLUIS__SUBMIT__INIT;
    pthread_t thread;
    buffer b;
    buffer_init(&b, 2 * ENVELOPE_MAX);
    sub.envelope = (ProtobufCBinaryData){what->envelope.n, what->envelope.p};
    f.f_case = SLUIS__FRAME__F_SUBMIT;
    f.submit = &sub;
    assert_int_equal(wire_pack(&b, &f.base), 0);
    storm s = {.a = a, .frame = buffer_bytes(&b)};
    assert_int_equal(pthread_create(&thread, NULL, rage, &s), 0);
    usleep(200000);
    rig_restart(p->rig);
    atomic_store(&s.over, true);
    pthread_join(thread, NULL);
    buffer_close(&b);
}

/* agree ACTOR COVENANT VERSION [key=value ...] */
static void make_agreement(play *p, char **w, size_t n)
{
    uint64_t now = clock_ms(), today = now - now % DAY_MS;
    kit_agreement k = {
        .covenant = w[1],
        .version = (uint32_t)atoi(w[2]),
        .purposes = value(w, n, "purposes", AGREED_ALL_PURPOSES),
        .gives = value(w, n, "gives", AGREED_ALL_CATEGORIES),
        .asks = value(w, n, "asks", AGREED_ALL_CATEGORIES),
        .attributes = value(w, n, "attributes", ""),
        .from = today + (uint64_t)atoi(value(w, n, "from", "0")) * DAY_MS,
        .until = today + (uint64_t)atoi(value(w, n, "until", "300")) * DAY_MS,
    };
    rig_agree(p->rig, who(p, w[0]), &k, strcmp(value(w, n, "signed", "both"), "both") == 0);
}

static void house(play *p, char **w, size_t n)
{
    key_use use;
    if (n == 1 && strcmp(w[0], "restart") == 0)
        rig_restart(p->rig);
    else if (n == 3 && strcmp(w[0], "storm") == 0)
        restart_in_storm(p, who(p, w[1]), named(p, w[2], false));
    else if (n == 3 && strcmp(w[0], "rekey") == 0)
        rig_rekey(p->rig, who(p, w[1]), w[2], false);
    else if (n == 4 && strcmp(w[0], "rekey") == 0 && strcmp(w[3], "sign") == 0)
        rig_rekey(p->rig, who(p, w[1]), w[2], true);
    else if (n == 3 && strcmp(w[0], "revoke") == 0 && !key_use_parse(&use, w[2]))
        rig_revoke(p->rig, who(p, w[1]), use);
    else if (n == 3 && (strcmp(w[0], "suspend") == 0 || strcmp(w[0], "resume") == 0) &&
             !key_use_parse(&use, w[2]))
        rig_change_key(p->rig, strcmp(w[0], "suspend") == 0 ? "key.suspend" : "key.resume", who(p, w[1]),
                       use);
    else if (n == 2 && (strcmp(w[0], "suspend") == 0 || strcmp(w[0], "resume") == 0))
        rig_change(p->rig, strcmp(w[0], "suspend") == 0 ? "party.suspend" : "party.resume", who(p, w[1]));
    else if (n >= 4 && strcmp(w[0], "agree") == 0)
        make_agreement(p, w + 1, n - 1);
    else if (n == 4 && strcmp(w[0], "disagree") == 0)
        rig_disagree(p->rig, who(p, w[1]), w[2], (uint32_t)atoi(w[3]));
    else if (n == 4 && strcmp(w[0], "journal") == 0)
        check_journal(p, w[1], w[2], w[3]);
    else if (n == 3 && strcmp(w[0], "entries") == 0)
        count_entries(p, w[1], atoi(w[2]));
    else if (n == 4 && strcmp(w[0], "dead") == 0)
        check_dead(p, w[1], w[2], atoi(w[3]));
    else
        wrong(p, "the gateway cannot do that", w[0]);
}

static void play_line(play *p, char *line)
{
    char *w[WORDS], *save = NULL;
    size_t n = 0;
    for (char *t = strtok_r(line, " \t\n", &save); t && n < WORDS; t = strtok_r(NULL, " \t\n", &save))
        w[n++] = t;
    if (n == 0 || w[0][0] == '#' || strcmp(w[0], "==") == 0)
        return;
    if (n >= 2 && strcmp(w[0], "gateway") == 0)
        house(p, w + 1, n - 1);
    else if (n >= 3 && strcmp(w[1], ">") == 0)
        say(p, who(p, w[0]), w[2], w + 3, n - 3);
    else if (n >= 3 && strcmp(w[1], "<") == 0)
        hear(p, who(p, w[0]), w[2], w + 3, n - 3);
    else
        wrong(p, "not a line of a conversation", w[0]);
}

static int open_house(void **state)
{
    play *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->file = *state;
    p->rig = calloc(1, sizeof(*p->rig));
    p->mem = arena_new(64u << 20);
    assert_non_null(p->rig);
    assert_non_null(p->mem);
    rig_open(p->rig);
    *state = p;
    return 0;
}

static void play_file(void **state)
{
    play *p = *state;
    char line[4096];
    FILE *f = fopen(p->file, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        p->line++;
        play_line(p, line);
    }
    fclose(f);
    assert_true(p->line > 3);
}

static int close_house(void **state)
{
    play *p = *state;
    for (size_t i = 0; i < p->count; i++)
        buffer_close(&p->said[i].envelope);
    rig_close(p->rig);
    arena_free(&p->mem);
    free(p->rig);
    free(p);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[64];
    glob_t g;
    if (glob("tests/conversations/*.conv", 0, NULL, &g) || g.gl_pathc > 64) {
        fprintf(stderr, "no conversations: run from the root of the project\n");
        return 1;
    }
    for (size_t i = 0; i < g.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){.name = g.gl_pathv[i],
                                       .test_func = play_file,
                                       .setup_func = open_house,
                                       .teardown_func = close_house,
                                       .initial_state = g.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("conversations", tests, g.gl_pathc, NULL, NULL);
    globfree(&g);
    return failed;
}
