/* A request filed through the API: what the register answers is not asked again; the rest becomes an
 * envelope, sealed to the party and the registry, signed by the gateway on the application's behalf (origin =
 * api). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "policy/levels.h"
#include "policy/templates.h"
#include "read/reader.h"
#include "wire/messages.h"

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Names to ids: existing, distinct, sorted. */
static sluis_err asked_ids(reader *r, job *j, uint32_t *ids, size_t *n)
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    if (q->n_asks < 1 || q->n_asks > ATTRIBUTES_MAX)
        return fail_set(&j->why, SLUIS_INVALID, "attributen", "noem 1 tot %d gegevens", ATTRIBUTES_MAX);
    for (size_t i = 0; i < q->n_asks; i++) {
        const attribute *a = rules_attribute_named(r->rules, q->asks[i]->attribute);
        if (!a)
            return fail_set(&j->why, SLUIS_INVALID, "attributen", "nummer %zu staat niet in de catalogus",
                            i + 1);
        ids[i] = a->id;
    }
    qsort(ids, q->n_asks, sizeof(*ids), by_number);
    for (size_t i = 1; i < q->n_asks; i++)
        if (ids[i] == ids[i - 1])
            return fail_set(&j->why, SLUIS_INVALID, "attributen", "een gegeven is twee keer genoemd");
    *n = q->n_asks;
    return SLUIS_OK;
}

static const char *necessity_of(reader *r, const Sluis__ApiFileRequest *q, uint32_t id)
{
    for (size_t i = 0; i < q->n_asks; i++)
        if (rules_attribute_named(r->rules, q->asks[i]->attribute)->id == id)
            return q->asks[i]->necessity;
    return "";
}

/* Splits what is asked into what the register answers within the asker's view, and what the party must. */
static sluis_err split(reader *r, store_txn *t, job *j, const Sluis__CaseRow *row, const subject *s,
                       const uint32_t *ids, size_t n)
{
    api_request *q = j->request;
    uint64_t now = clock_ms();
    case_facts facts = case_facts_about(row, &s->sid);
    const view *v = policy_view(r->rules, j->claims.app, j->claims.function, &facts, now);
    datum_use use = reader_use(r, j, q->case_id.b, row, now);
    use.purpose = j->call->file_request->purpose;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        sluis_err e = policy_shows(r->rules, v, &facts, ids[i])
                          ? datum_known(r->p->registry, t, r->rules, s, ids[i], &use, &known)
                          : SLUIS_OK;
        if (e)
            return e;
        if (known)
            q->known[q->known_count++] = ids[i];
        else
            q->asked[q->asked_count++] = ids[i];
    }
    return SLUIS_OK;
}

static sluis_err find_party(reader *r, job *j, seal_to to[static 2])
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    const party *p;
    const party_key *key = NULL;
    if (oin_parse(&j->request->party, q->party, strlen(q->party)))
        return fail_set(&j->why, SLUIS_INVALID, "partij", "een OIN heeft 20 tekens");
    p = directory_find(j->dir, &j->request->party);
    if (!p || oin_equal(&j->request->party, &r->p->settings->oin))
        return fail_set(&j->why, SLUIS_UNKNOWN_PARTY, "partij",
                        "deze partij is niet op deze gateway aangesloten");
    sluis_err e = directory_current(j->dir, p, USE_SEAL, clock_ms(), &key, &j->why);
    if (e)
        return e;
    to[0].oin = p->oin;
    memcpy(to[0].seal_pk, key->pk, PK_LEN);
    to[0].seal_id = key->id;
    to[1].oin = r->p->settings->oin;
    memcpy(to[1].seal_pk, seal_ring_current(j->seals)->pk, PK_LEN);
    to[1].seal_id = seal_ring_current(j->seals)->id;
    return SLUIS_OK;
}

static sluis_err person_of(reader *r, store_txn *t, job *j, const subject *s, Sluis__Subject *out)
{
    sluis__subject__init(out);
    sluis_err e = registry_bsn(r->p->registry, t, s, job_arena(j), &out->bsn);
    return e == SLUIS_NOT_FOUND ? fail_set(&j->why, SLUIS_CONFLICT, "lid", NO_NUMBER) : e;
}

static sluis_err fill_given(reader *r, job *j, Sluis__RequestBody *b)
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    Sluis__GivenDatum *all = arena_alloc(j->arena, (q->n_given + 1) * sizeof(*all));
    b->given = arena_alloc(j->arena, (q->n_given + 1) * sizeof(*b->given));
    if (!all || !b->given)
        return SLUIS_NOMEM;
    for (; b->n_given < q->n_given; b->n_given++) {
        const attribute *a = rules_attribute_named(r->rules, q->given[b->n_given]->attribute);
        if (!a)
            return fail_set(&j->why, SLUIS_INVALID, "meegegeven", "nummer %zu staat niet in de catalogus",
                            b->n_given + 1);
        sluis__given_datum__init(&all[b->n_given]);
        all[b->n_given].attribute = a->id;
        all[b->n_given].value = q->given[b->n_given]->value;
        b->given[b->n_given] = &all[b->n_given];
    }
    return SLUIS_OK;
}

static sluis_err fill_body(reader *r, job *j, Sluis__RequestBody *b)
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    size_t n = j->request->asked_count;
    Sluis__AttributeAsk *asks = arena_alloc(j->arena, n * sizeof(*asks));
    b->asks = arena_alloc(j->arena, n * sizeof(*b->asks));
    if (!asks || !b->asks)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        sluis__attribute_ask__init(&asks[i]);
        asks[i].attribute = j->request->asked[i];
        asks[i].necessity = (char *)(uintptr_t)necessity_of(r, q, asks[i].attribute);
        b->asks[b->n_asks++] = &asks[i];
    }
    b->motivation = q->motivation;
    b->answer_by = q->answer_by ? q->answer_by : j->request->answer_by;
    b->template_ = q->template_;
    return fill_given(r, j, b);
}

static void fill_core(reader *r, job *j, uint64_t now, uuid *id, Sluis__Core *c)
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    sluis__core__init(c);
    *id = uuid_new(now);
    c->message_id = (ProtobufCBinaryData){UUID_LEN, id->b};
    c->transaction = (ProtobufCBinaryData){UUID_LEN, j->request->transaction.b};
    c->kind = SLUIS__KIND__REQUEST;
    c->application = j->claims.app;
    c->function = j->claims.function;
    c->employee = j->claims.employee;
    c->origin = SLUIS__ORIGIN__API;
    c->case_id = (ProtobufCBinaryData){ID_LEN, j->request->case_id.b};
    c->phase = phase_parse(q->phase);
    c->legal_basis = q->legal_basis;
    c->purpose = q->purpose;
    c->attributes = j->request->asked;
    c->n_attributes = j->request->asked_count;
    c->created = now;
    c->expires = now + r->p->settings->request_days * DAY_MS;
    c->traceparent = q->traceparent;
}

/* Seals, signs, and replaces the job's raw bytes by the envelope: from here on it is a message like any
 * other. */
static sluis_err make_envelope(reader *r, job *j, const Sluis__RequestBody *b, const seal_to to[static 2])
{
    buffer plain, header, body, whole;
    Sluis__Core c;
    uuid id;
    uint64_t now = clock_ms();
    envelope_item item;
    buffer_init(&plain, ENVELOPE_MAX);
    buffer_init(&header, ENVELOPE_MAX);
    buffer_init(&body, ENVELOPE_MAX);
    buffer_init(&whole, r->p->settings->max_frame);
    fill_core(r, j, now, &id, &c);
    sluis_err e = wire_pack(&plain, &b->base);
    if (!e)
        e = envelope_seal(&c, &r->p->settings->oin, &r->p->sign, r->epoch, to, 2, buffer_bytes(&plain), now,
                          &header, &body, item.mh);
    item.header = buffer_bytes(&header);
    item.body = buffer_bytes(&body);
    item.out = &whole;
    if (!e)
        e = envelope_sign_batch(&r->p->settings->oin, &r->p->sign, &item, 1);
    if (!e) {
        wipe(j->raw, j->raw_len);
        free(j->raw);
        j->raw = whole.p;
        j->raw_len = whole.n;
        buffer_init(&whole, 0);
        j->stage = STAGE_ENVELOPE;
    }
    buffer_close(&plain);
    buffer_close(&header);
    buffer_close(&body);
    buffer_close(&whole);
    return e;
}

static sluis_err check_call(const reader *r, job *j)
{
    uint64_t now = clock_ms(), last = now + r->p->settings->request_days * DAY_MS;
    const Sluis__ApiFileRequest *q = j->call->file_request;
    if (strlen(q->motivation) > MOTIVATION_MAX)
        return fail_set(&j->why, SLUIS_TOO_BIG, "motivering", "ten hoogste %d bytes", MOTIVATION_MAX);
    if (!rules_purpose_title(r->rules, q->purpose))
        return fail_set(&j->why, SLUIS_INVALID, "doel", "noem een doel uit de regels");
    if (!rules_legal_basis_title(r->rules, q->legal_basis))
        return fail_set(&j->why, SLUIS_INVALID, "grondslag", "noem een grondslag uit de regels");
    if (phase_parse(q->phase) == SLUIS__PHASE__PHASE_NONE)
        return fail_set(&j->why, SLUIS_INVALID, "fase", "schrijf onderzoek, coordinatie of overleg");
    if (q->answer_by && (q->answer_by <= now || q->answer_by > last))
        return fail_set(&j->why, SLUIS_INVALID, "antwoordVoor", "een moment dat nog komt, binnen %u dagen",
                        r->p->settings->request_days);
    return SLUIS_OK;
}

/* A template in place of the data: those that it lists, for its own purpose and domain. */
static sluis_err use_template(reader *r, job *j)
{
    Sluis__ApiFileRequest *q = j->call->file_request;
    const party *p = directory_find(j->dir, &j->request->party);
    uint64_t now = clock_ms();
    const request_template *x = *q->template_ ? rules_template(r->rules, q->template_, now) : NULL;
    if (!*q->template_)
        return SLUIS_OK;
    if (!x)
        return fail_set(&j->why, SLUIS_INVALID, "sjabloon", "dit sjabloon geldt niet");
    if (strcmp(x->purpose, q->purpose) != 0 || !p || strcmp(x->domain, p->domain) != 0)
        return fail_set(&j->why, SLUIS_INVALID, "sjabloon", "dit sjabloon is voor %s in het domein %s",
                        x->purpose, x->domain);
    if (q->n_asks)
        return SLUIS_OK;
    Sluis__ApiAsk *all = arena_alloc(j->arena, x->ask_count * sizeof(*all));
    q->asks = arena_alloc(j->arena, x->ask_count * sizeof(*q->asks));
    if (!all || !q->asks)
        return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; i < x->ask_count; i++) {
        sluis__api_ask__init(&all[i]);
        all[i].attribute = (char *)(uintptr_t)rules_attribute(r->rules, x->asks[i].attribute)->name;
        all[i].necessity = (char *)(uintptr_t)x->asks[i].necessity;
        q->asks[q->n_asks++] = &all[i];
    }
    return SLUIS_OK;
}

/* The same that core comes to: what the party reads in the request is what it is held to. */
static void set_deadline(reader *r, job *j)
{
    const party *p = directory_find(j->dir, &j->request->party);
    uint64_t now = clock_ms(), last = now + r->p->settings->request_days * DAY_MS;
    uint32_t days = rules_answer_days(r->rules, j->call->file_request->purpose, p ? p->domain : "", now,
                                      r->p->settings->answer_working_days);
    uint64_t by = rules_working_days_after(r->rules, now, days);
    j->request->answer_by = by < last ? by : last;
}

sluis_err read_file_request(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiFileRequest *q = j->call->file_request;
    Sluis__CaseRow *row = NULL;
    Sluis__Subject person;
    Sluis__RequestBody body = SLUIS__REQUEST_BODY__INIT;
    subject s = {0};
    seal_to to[2];
    uint32_t ids[ATTRIBUTES_MAX];
    size_t n = 0;
    j->request = arena_alloc(job_arena(j), sizeof(*j->request));
    if (!j->request)
        return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    memset(j->request, 0, sizeof(*j->request));
    sluis_err e = check_call(r, j);
    if (!e && reader_case(r, t, j, BYTES(q->case_id.data, q->case_id.len), &row)) {
        fail_clear(&j->why);
        e = fail_set(&j->why, SLUIS_NO_CASE, "zaakId",
                     "er is geen open zaak met dit kenmerk: open die eerst");
    }
    if (!e)
        e = reader_member(r, t, j, row, q->member, false, &s);
    if (!e)
        e = find_party(r, j, to);
    if (!e)
        e = use_template(r, j);
    if (!e)
        e = asked_ids(r, j, ids, &n);
    if (!e)
        set_deadline(r, j);
    if (!e) {
        memcpy(j->request->case_id.b, q->case_id.data, ID_LEN);
        j->request->member = q->member;
        j->request->sid = s.sid;
        j->request->transaction = uuid_new(clock_ms());
        e = split(r, t, j, row, &s, ids, n);
    }
    if (!e && j->request->asked_count) {
        e = person_of(r, t, j, &s, &person);
        body.subject = &person;
        if (!e)
            e = fill_body(r, j, &body);
        if (!e)
            e = make_envelope(r, j, &body, to);
    }
    subject_close(&s);
    return e;
}
