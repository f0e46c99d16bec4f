/* The read pool's answers, assembled without its threads: pages of requests; the dossier; filing; health and
 * metrics. Views: test_view.c. */
#include "kit_read.h"

#include "read/list_mark.h"

#include <pthread.h>

#include "flow/api_out.h"

/* ---- cases ---- */

static sluis_err ask_case(room *r, const char *organisation, bytes id, job **out)
{
    static Sluis__ApiGetCase q;
    job *j = call_of(r, APP, organisation, "consulent");
    sluis__api_get_case__init(&q);
    q.case_id = data_of(id.p, id.n);
    j->call->op_case = SLUIS__API_CALL__OP_GET_CASE;
    j->call->get_case = &q;
    *out = j;
    return run(r, j, read_case);
}

static void a_case_belongs_to_its_organisation(void **state)
{
    room *r = *state;
    job *j = NULL;
    assert_int_equal(ask_case(r, OIN_GEM, BYTES_OF(r->case_id.b), &j), SLUIS_OK);
    assert_string_equal(reply_of(j)->case_out->kind, "client");
    assert_int_equal(reply_of(j)->case_out->n_members, 1);
    job_free(&j);
    assert_int_equal(ask_case(r, OIN_OTHER, BYTES_OF(r->case_id.b), &j), SLUIS_NOT_FOUND);
    job_free(&j);
    assert_int_equal(ask_case(r, OIN_GEM, BYTES(r->case_id.b, 15), &j), SLUIS_NOT_FOUND);
    job_free(&j);
    assert_int_equal(ask_case(r, OIN_GEM, (bytes){NULL, 0}, &j), SLUIS_NOT_FOUND);
    job_free(&j);
}

/* ---- requests ---- */

static void put_request(room *r, turn *t, const subject *s, const uuid *tx, const char *app,
                        const char *organisation)
{
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    uint32_t asked[] = {GROUP_ATTRIBUTE};
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    size_t n = strlen(app) + 1;
    row.application = TEXT(app);
    row.requester = TEXT(organisation);
    row.state = TEXT("open");
    row.party = TEXT(OIN_SCHL);
    row.sid = data_of(s->sid.b, ID_LEN);
    row.case_id = data_of(r->case_id.b, ID_LEN);
    row.member = 1;
    row.attributes = asked;
    row.n_attributes = 1;
    assert_int_equal(turn_request_save(t, tx->b, &row, s), SLUIS_OK);
    memcpy(key, app, n);
    memcpy(key + n, tx->b, UUID_LEN);
    assert_int_equal(rows_put_bytes(t->t, r->h.p.rows, TABLE_APPINDEX, BYTES(key, n + UUID_LEN), ROW_EMPTY),
                     SLUIS_OK);
}

static sluis_err ask_request(room *r, const char *app, const char *organisation, bytes tx, job **out)
{
    static Sluis__ApiGetRequest q;
    job *j = call_of(r, app, organisation, "consulent");
    sluis__api_get_request__init(&q);
    q.transaction = data_of(tx.p, tx.n);
    j->call->op_case = SLUIS__API_CALL__OP_GET_REQUEST;
    j->call->get_request = &q;
    *out = j;
    return run(r, j, read_request);
}

static void a_request_belongs_to_its_application(void **state)
{
    room *r = *state;
    uuid tx = uuid_new(HOUSE_MS), none = uuid_new(HOUSE_MS);
    job *j = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    put_request(r, &t, &s, &tx, APP, OIN_GEM);
    subject_close(&s);
    house_commit(&r->h, &t);
    assert_int_equal(ask_request(r, APP, OIN_GEM, BYTES_OF(tx.b), &j), SLUIS_OK);
    assert_string_equal(reply_of(j)->request->state, "open");
    assert_string_equal(reply_of(j)->request->results[0]->attribute, "school-jaargroep");
    job_free(&j);

    struct {
        const char *app, *organisation;
        bytes tx;
    } others[] = {{APP, OIN_GEM, BYTES_OF(none.b)},
                  {OTHER_APP, OIN_GEM, BYTES_OF(tx.b)},
                  {APP, OIN_OTHER, BYTES_OF(tx.b)},
                  {APP, OIN_GEM, BYTES(tx.b, 15)},
                  {APP, OIN_GEM, (bytes){NULL, 0}}};
    buffer first, each;
    buffer_init(&first, 64u << 10);
    buffer_init(&each, 64u << 10);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        buffer *out = i ? &each : &first;
        assert_int_equal(ask_request(r, others[i].app, others[i].organisation, others[i].tx, &j),
                         SLUIS_NOT_FOUND);
        buffer_clear(out);
        assert_int_equal(api_out_problem(out, 5, &j->why), SLUIS_OK);
        assert_true(bytes_equal(buffer_bytes(out), buffer_bytes(&first)));
        job_free(&j);
    }
    buffer_close(&first);
    buffer_close(&each);
}

#define OWN 250

static size_t page_of(room *r, const char *app, uint32_t limit, bytes after, uuid *got,
                      uint8_t next[static LIST_MARK_LEN], bool *more)
{
    Sluis__ApiListRequests q = SLUIS__API_LIST_REQUESTS__INIT;
    job *j = call_of(r, app, OIN_GEM, "consulent");
    q.limit = limit;
    q.after = data_of(after.p, after.n);
    j->call->op_case = SLUIS__API_CALL__OP_LIST_REQUESTS;
    j->call->list_requests = &q;
    assert_int_equal(run(r, j, read_requests), SLUIS_OK);
    const Sluis__ApiRequestList *list = reply_of(j)->requests;
    size_t n = list->n_requests;
    for (size_t i = 0; i < n; i++)
        memcpy(got[i].b, list->requests[i]->transaction.data, UUID_LEN);
    assert_true(list->whole);
    *more = list->next.len == LIST_MARK_LEN;
    assert_int_equal(list->since.len, *more ? 0 : LIST_MARK_LEN);
    if (*more)
        memcpy(next, list->next.data, LIST_MARK_LEN);
    job_free(&j);
    return n;
}

/* 250 of ours among others' that share the application's name or its beginning: each once, oldest first. */
static void pages_of_requests(void **state)
{
    room *r = *state;
    static uuid own[OWN], got[OWN + 100];
    uuid other;
    uint8_t next[LIST_MARK_LEN];
    uint64_t now = HOUSE_MS;
    bool more = true;
    turn t = house_begin(&r->h, now, 8u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    for (size_t i = 0; i < OWN; i++) {
        own[i] = uuid_new(now + i);
        put_request(r, &t, &s, &own[i], APP, OIN_GEM);
        if (i % 10 == 0) {
            other = uuid_new(now + i);
            put_request(r, &t, &s, &other, APP, OIN_OTHER);
            other = uuid_new(now + i);
            put_request(r, &t, &s, &other, "wmo-intake-2", OIN_GEM);
            other = uuid_new(now + i);
            put_request(r, &t, &s, &other, "wmo", OIN_GEM);
        }
    }
    subject_close(&s);
    house_commit(&r->h, &t);

    static const uint32_t limits[] = {0, 1000, 100, 50, 7, 1};
    static const size_t first_page[] = {100, 100, 100, 50, 7, 1};
    for (size_t k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
        size_t n = page_of(r, APP, limits[k], (bytes){NULL, 0}, got, next, &more), all = n;
        assert_int_equal(n, first_page[k]);
        while (more && all <= OWN) {
            n = page_of(r, APP, limits[k], BYTES_OF(next), got + all, next, &more);
            all += n;
        }
        assert_int_equal(all, OWN);
        assert_memory_equal(got, own, sizeof(own));
    }
    assert_int_equal(page_of(r, "no-such-application", 0, (bytes){NULL, 0}, got, next, &more), 0);
    assert_false(more);
    assert_int_equal(page_of(r, "wmo", 0, (bytes){NULL, 0}, got, next, &more), 25);
}

/* ---- dossier ---- */

static void add_entry(turn *t, const subject *s, const id16 *case_id, const char *why)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    uint32_t asked[] = {GROUP_ATTRIBUTE};
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    rec.kind = SLUIS__KIND__REQUEST;
    rec.from = TEXT(OIN_GEM);
    rec.to = TEXT(OIN_SCHL);
    rec.attributes = asked;
    rec.n_attributes = 1;
    rec.phase = SLUIS__PHASE__RESEARCH;
    rec.purpose = TEXT("arbeidstoeleiding");
    rec.legal_basis = TEXT("no-longer-there");
    assert_int_equal(turn_journal(t, &rec), SLUIS_OK);
    assert_int_equal(turn_dossier(t, s, case_id->b, why, NULL, 0), SLUIS_OK);
}

static sluis_err ask_dossier(room *r, const char *organisation, const char *function, uint32_t member,
                             job **out)
{
    static Sluis__ApiGetDossier q;
    job *j = call_of(r, APP, organisation, function);
    sluis__api_get_dossier__init(&q);
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = member;
    j->call->op_case = SLUIS__API_CALL__OP_GET_DOSSIER;
    j->call->get_dossier = &q;
    *out = j;
    return run(r, j, read_dossier);
}

static void the_dossier_is_of_one_case(void **state)
{
    room *r = *state;
    job *j = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person), other = house_subject(&r->h, t.t, "999990020");
    add_entry(&t, &s, &r->case_id, "first");
    add_entry(&t, &s, &r->closed_id, "of another case");
    add_entry(&t, &other, &r->case_id, "of another person");
    add_entry(&t, &s, &r->case_id, "second");
    subject_close(&s);
    subject_close(&other);
    house_commit(&r->h, &t);
    assert_int_equal(ask_dossier(r, OIN_GEM, "consulent", 1, &j), SLUIS_OK);
    const Sluis__ApiDossier *d = reply_of(j)->dossier;
    assert_int_equal(d->n_entries, 2);
    assert_string_equal(d->entries[0]->motivation, "first");
    assert_string_equal(d->entries[1]->motivation, "second");
    assert_string_equal(d->entries[0]->type, "request");
    assert_string_equal(d->entries[0]->to_name, "De Regenboog");
    assert_string_equal(d->entries[0]->purpose_title, "Toeleiding naar werk");
    assert_string_equal(d->entries[0]->legal_basis, "no-longer-there");
    assert_string_equal(d->entries[0]->legal_basis_title, "");
    assert_string_equal(d->entries[0]->attributes[0], "school-jaargroep");
    assert_true(d->entries[0]->journal_index < d->entries[1]->journal_index);
    assert_int_equal(j->read.record->type, SLUIS__RECORD_TYPE__R_DOSSIER);
    job_free(&j);
    assert_int_equal(ask_dossier(r, OIN_GEM, "teamleider", 1, &j), SLUIS_FORBIDDEN);
    job_free(&j);
    assert_int_equal(ask_dossier(r, OIN_OTHER, "consulent", 1, &j), SLUIS_NOT_FOUND);
    job_free(&j);
    assert_int_equal(ask_dossier(r, OIN_GEM, "consulent", 2, &j), SLUIS_NOT_FOUND);
    assert_null(j->read.record);
    job_free(&j);
}

/* Beyond what one answer can hold: pages, each bounded, and together every entry once. */
static void a_long_dossier_is_read_whole(void **state)
{
    enum { ENTRIES = 2300, WHY = 1500 };
    room *r = *state;
    char why[WHY + 1];
    bool seen[ENTRIES] = {false};
    uint8_t after[LIST_MARK_LEN];
    size_t total = 0, pages = 0, after_n = 0;
    memset(why, 'x', WHY);
    why[WHY] = '\0';
    for (int i = 0; i < ENTRIES;) {
        turn t = house_begin(&r->h, HOUSE_MS, 4u << 20);
        subject s = house_subject(&r->h, t.t, r->h.person);
        for (int k = 0; k < 100 && i < ENTRIES; k++, i++) {
            why[snprintf(why, sizeof(why), "%04d", i)] = 'x';
            add_entry(&t, &s, i % 10 == 9 ? &r->closed_id : &r->case_id, why);
        }
        subject_close(&s);
        house_commit(&r->h, &t);
    }
    do {
        job *j = NULL;
        static Sluis__ApiGetDossier q;
        sluis__api_get_dossier__init(&q);
        q.case_id = data_of(r->case_id.b, ID_LEN);
        q.member = 1;
        q.after = data_of(after, after_n);
        j = call_of(r, APP, OIN_GEM, "consulent");
        j->call->op_case = SLUIS__API_CALL__OP_GET_DOSSIER;
        j->call->get_dossier = &q;
        assert_int_equal(run(r, j, read_dossier), SLUIS_OK);
        assert_non_null(j->read.record); /* each page is a read, and journalled */
        assert_true(j->reply.n < 2u << 20);
        const Sluis__ApiDossier *d = reply_of(j)->dossier;
        for (size_t i = 0; i < d->n_entries; i++) {
            int n = atoi(d->entries[i]->motivation);
            assert_true(n >= 0 && n < ENTRIES && !seen[n]);
            seen[n] = true;
        }
        total += d->n_entries;
        pages++;
        after_n = d->page.len;
        if (after_n)
            memcpy(after, d->page.data, sizeof after);
        job_free(&j);
    } while (after_n && pages < 100);
    assert_int_equal(total, ENTRIES * 9 / 10);
    assert_true(pages > 3);
}

/* ---- filing ---- */

typedef struct {
    Sluis__ApiFileRequest q;
    Sluis__ApiAsk asks[2], *list[2];
} filing;

static void filing_init(filing *x, room *r, const char *first, const char *second)
{
    const char *names[] = {first, second};
    sluis__api_file_request__init(&x->q);
    for (size_t i = 0; i < 2 && names[i]; i++) {
        sluis__api_ask__init(&x->asks[i]);
        x->asks[i].attribute = TEXT(names[i]);
        x->asks[i].necessity = TEXT("needed");
        x->list[i] = &x->asks[i];
        x->q.n_asks++;
    }
    x->q.asks = x->list;
    x->q.case_id = data_of(r->case_id.b, ID_LEN);
    x->q.member = 1;
    x->q.party = TEXT(OIN_SCHL);
    x->q.purpose = TEXT("onderzoek-meervoudige-problematiek");
    x->q.legal_basis = TEXT("wams-5.4.1");
    x->q.phase = TEXT("onderzoek");
    x->q.motivation = TEXT("school and home do not fit together");
}

static sluis_err file(room *r, filing *x, job **out)
{
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    j->call->op_case = SLUIS__API_CALL__OP_FILE_REQUEST;
    j->call->file_request = &x->q;
    *out = j;
    return run(r, j, read_file_request);
}

/* What the register answers is not asked of the party again. */
static void known_is_not_asked_again(void **state)
{
    room *r = *state;
    filing x;
    job *j = NULL;
    filing_init(&x, r, "school-jaargroep", NULL);
    assert_int_equal(file(r, &x, &j), SLUIS_OK);
    assert_int_equal(j->request->known_count, 1);
    assert_int_equal(j->request->known[0], GROUP_ATTRIBUTE);
    assert_int_equal(j->request->asked_count, 0);
    assert_int_not_equal(j->stage, STAGE_ENVELOPE);
    job_free(&j);
}

static void the_rest_is_sealed_for_party_and_registry(void **state)
{
    room *r = *state;
    filing x;
    job *j = NULL;
    buffer plain;
    arena *mem = arena_new(1u << 20);
    ProtobufCMessage *m = NULL;
    filing_init(&x, r, "school-naam", "school-jaargroep");
    assert_int_equal(file(r, &x, &j), SLUIS_OK);
    assert_int_equal(j->stage, STAGE_ENVELOPE);
    assert_int_equal(j->request->known_count, 1);
    assert_int_equal(j->request->asked_count, 1);
    envelope *e = decode_ok(BYTES(j->raw, j->raw_len));
    assert_string_equal(e->sender.s, OIN_GEM);
    assert_int_equal(e->core->origin, SLUIS__ORIGIN__API);
    assert_int_equal(e->core->n_attributes, 1);
    assert_int_equal(e->core->attributes[0], 1002);
    assert_int_equal(e->core->n_recipients, 2);
    assert_int_equal(e->core->phase, SLUIS__PHASE__RESEARCH);
    assert_int_equal(envelope_check_times(e, HOUSE_MS, NULL), SLUIS_OK);
    assert_int_equal(envelope_verify(e, r->h.p.sign.pk, NULL, NULL), SLUIS_OK);
    assert_null(memmem(j->raw, j->raw_len, r->h.person, BSN_LEN));
    buffer_init(&plain, 64u << 10);
    assert_int_equal(envelope_open(e, &r->h.school.oin, &r->h.school.seal, NULL, &plain, NULL), SLUIS_OK);
    assert_int_equal(wire_unpack(&m, &sluis__request_body__descriptor, mem, buffer_bytes(&plain), NULL),
                     SLUIS_OK);
    const Sluis__RequestBody *b = (const Sluis__RequestBody *)m;
    assert_string_equal(b->subject->bsn, r->h.person);
    assert_string_equal(b->motivation, x.q.motivation);
    assert_int_equal(b->n_asks, 1);
    assert_int_equal(b->asks[0]->attribute, 1002);
    assert_string_equal(b->asks[0]->necessity, "needed");
    buffer_clear(&plain);
    assert_int_equal(envelope_open(e, &r->h.gem.oin, seal_ring_current(r->h.p.seals), NULL, &plain, NULL),
                     SLUIS_OK);
    buffer_close(&plain);
    arena_free(&mem);
    envelope_free(&e);
    job_free(&j);
}

static void filings_that_are_refused(void **state)
{
    room *r = *state;
    filing x;
    job *j = NULL;
    id16 nowhere = id_random();
    const struct {
        sluis_err code;
        const char *where, *text;
    } wanted[] = {
        {SLUIS_INVALID, "attributen", "noem 1 tot 64 gegevens"},
        {SLUIS_INVALID, "attributen", "een gegeven is twee keer genoemd"},
        {SLUIS_INVALID, "attributen", "nummer 2 staat niet in de catalogus"},
        {SLUIS_UNKNOWN_PARTY, "partij", "deze partij is niet op deze gateway aangesloten"},
        {SLUIS_UNKNOWN_PARTY, "partij", "deze partij is niet op deze gateway aangesloten"},
        {SLUIS_INVALID, "partij", "een OIN heeft 20 tekens"},
        {SLUIS_NO_CASE, "zaakId", "er is geen open zaak met dit kenmerk: open die eerst"},
        {SLUIS_INVALID, "doel", "noem een doel uit de regels"},
        {SLUIS_INVALID, "grondslag", "noem een grondslag uit de regels"},
        {SLUIS_INVALID, "fase", "schrijf onderzoek, coordinatie of overleg"},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        filing_init(&x, r, "school-naam", i == 1 ? "school-naam" : i == 2 ? "no-such-attribute" : NULL);
        if (i == 0)
            x.q.n_asks = 0;
        else if (i == 3)
            x.q.party = TEXT(OIN_GGD); /* never joined */
        else if (i == 4)
            x.q.party = TEXT(OIN_GEM); /* itself */
        else if (i == 5)
            x.q.party = TEXT("school");
        else if (i == 6)
            x.q.case_id = data_of(nowhere.b, ID_LEN);
        else if (i == 7)
            x.q.purpose = TEXT("geen-doel");
        else if (i == 8)
            x.q.legal_basis = TEXT("geen-grondslag");
        else if (i == 9)
            x.q.phase = TEXT("later");
        if (file(r, &x, &j) != wanted[i].code || strcmp(j->why.where, wanted[i].where) != 0 ||
            strcmp(j->why.text, wanted[i].text) != 0)
            fail_msg("filing %zu: %s at %s: %s", i, error_token(j->why.code), j->why.where, j->why.text);
        assert_int_not_equal(j->stage, STAGE_ENVELOPE);
        job_free(&j);
    }
}

/* ---- the outbox, by the thread itself ---- */

#define LARGE       200000
#define LARGE_COUNT 60 /* together more than one answer's memory */

static void queue_large(room *r)
{
    draft d;
    parcel p;
    seal_to to = to_actor(&r->h.school);
    char *text = calloc(1, LARGE + 1);
    assert_non_null(text);
    memset(text, 'x', LARGE);
    draft_init(&d);
    d.core.created = HOUSE_MS;
    d.core.expires = HOUSE_MS + DAY_MS;
    parcel_init(&p);
    parcel_seal(&p, &d, &r->h.gem, &to, 1, text);
    parcel_sign(&p, &r->h.gem);
    free(text);
    for (int i = 0; i < LARGE_COUNT; i++) {
        turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
        job *j = job_new(JOB_SUBMIT, (bytes){NULL, 0});
        Sluis__Record rec;
        j->env = decode_ok(buffer_bytes(&p.out));
        turn_record_of(&t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &rec);
        assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
        assert_int_equal(turn_deliver(&t, j, &r->h.school.oin), SLUIS_OK);
        house_commit(&r->h, &t);
        job_free(&j);
    }
    parcel_close(&p);
}

/* A page ends where its memory does, and says that there is more: a party with much waiting gets all of it.
 */
static void pages_of_large_messages(void **state)
{
    room *r = *state;
    channel *to_reader = NULL, *bus = NULL, *core = NULL;
    pthread_t thread;
    void *item = NULL;
    uint64_t seen = 0, pages = 0;
    bool more = true;
    queue_large(r);
    assert_int_equal(channel_hub_new(&r->h.p.hub, 1, 64), SLUIS_OK);
    assert_int_equal(channel_open(&to_reader, r->h.p.hub, CHANNEL_READ, CHANNEL_SEND_BIND, 16), SLUIS_OK);
    assert_int_equal(channel_open(&bus, r->h.p.hub, CHANNEL_BUS, CHANNEL_RECV_BIND, 16), SLUIS_OK);
    assert_int_equal(channel_open(&core, r->h.p.hub, CHANNEL_CORE, CHANNEL_RECV_BIND, 16), SLUIS_OK);
    assert_int_equal(pthread_create(&thread, NULL, read_run, &r->h.p), 0);
    assert_int_equal(channel_recv(bus, 10000, &item), SLUIS_OK); /* it is ready */
    job *j = item;
    job_free(&j);
    for (; more && pages < LARGE_COUNT; pages++) {
        j = job_new(JOB_FETCH, (bytes){NULL, 0});
        j->user = r->h.school.oin;
        j->seq = seen + 1;
        j->limit = 64;
        assert_int_equal(channel_send(to_reader, j), SLUIS_OK);
        assert_int_equal(channel_recv(bus, 10000, &item), SLUIS_OK);
        j = item;
        assert_int_equal(j->why.code, SLUIS_OK);
        assert_true(j->row_count > 0);
        for (size_t i = 0; i < j->row_count; i++) {
            assert_int_equal(j->rows[i].seq, ++seen);
            assert_true(j->rows[i].envelope.n > LARGE);
            assert_true(j->rows[i].receipt.n > 0);
        }
        more = j->more;
        job_free(&j);
    }
    assert_int_equal(seen, LARGE_COUNT);
    assert_true(pages > 1);
    assert_int_equal(channel_send(to_reader, NULL), SLUIS_OK);
    pthread_join(thread, NULL);
    channel_close(&to_reader);
    channel_close(&bus);
    channel_close(&core);
    channel_hub_free(&r->h.p.hub);
}

/* ---- health and metrics ---- */

static void health_says_what_is_wrong(void **state)
{
    room *r = *state;
    job *j = call_of(r, "", OIN_GEM, "");
    assert_int_equal(run(r, j, read_health), SLUIS_OK);
    const Sluis__ApiReply *a = reply_of(j);
    assert_int_equal(a->status, 503); /* nobody listens on the bus's port here */
    assert_false(a->health->ok);
    assert_int_equal(a->health->n_checks, 3);
    assert_string_equal(a->health->checks[0]->name, "store");
    assert_true(a->health->checks[0]->ok);
    assert_string_equal(a->health->checks[1]->name, "journal");
    assert_true(a->health->checks[1]->ok);
    assert_string_equal(a->health->checks[2]->name, "bus");
    assert_false(a->health->checks[2]->ok);
    job_free(&j);

    /* Something was committed, and its checkpoint is of another key: the journal is not well. */
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    Sluis__Record rec = SLUIS__RECORD__INIT;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    house_commit(&r->h, &t);
    j = call_of(r, "", OIN_GEM, "");
    assert_int_equal(run(r, j, read_health), SLUIS_OK);
    assert_true(reply_of(j)->health->checks[1]->ok);
    job_free(&j);
    r->h.p.log_keys.pk[0][0] ^= 1;
    j = call_of(r, "", OIN_GEM, "");
    assert_int_equal(run(r, j, read_health), SLUIS_OK);
    assert_false(reply_of(j)->health->checks[1]->ok);
    r->h.p.log_keys.pk[0][0] ^= 1;
    job_free(&j);
}

static void metrics_come_with_the_store(void **state)
{
    room *r = *state;
    job *j = call_of(r, "", OIN_GEM, "");
    METRIC_ADD(&r->h.metrics, api_calls, 3);
    assert_int_equal(run(r, j, read_metrics), SLUIS_OK);
    const char *text = reply_of(j)->metrics->text;
    assert_non_null(strstr(text, "\nsluis_api_calls 3\n"));
    const char *used = strstr(text, "\n# TYPE sluis_store_used_bytes gauge\nsluis_store_used_bytes ");
    assert_non_null(used);
    assert_true(strtoull(strrchr(used, ' '), NULL, 10) > 0);
    assert_int_equal(text[strlen(text) - 1], '\n');
    job_free(&j);
}

/* More than one answer holds: two sources differ about so many instances. */
static void more_discrepancies_than_fit(void **state)
{
    room *r = *state;
    Sluis__ApiListDiscrepancies q = SLUIS__API_LIST_DISCREPANCIES__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, 4u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    for (size_t i = 0; i < 201; i++) {
        const id16 instance = id_random();
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        datum_outcome outcome;
        uint64_t version;
        put_datum(r, t.t, &s, GROUP_ATTRIBUTE, &instance, "4");
        d.value = TEXT("5");
        d.source = TEXT("00000099000000004000");
        d.category = CATEGORY_ORDINARY;
        d.obtained = d.registered = HOUSE_MS;
        d.journal_index = i + 1;
        assert_int_equal(
            registry_put(r->h.p.registry, t.t, &s, GROUP_ATTRIBUTE, &instance, &d, &outcome, &version, NULL),
            SLUIS_OK);
        assert_int_equal(outcome, DATUM_DISCREPANCY);
    }
    subject_close(&s);
    house_commit(&r->h, &t);
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    q.case_id = data_of(r->case_id.b, ID_LEN);
    q.member = 1;
    j->call->op_case = SLUIS__API_CALL__OP_LIST_DISCREPANCIES;
    j->call->list_discrepancies = &q;
    assert_int_equal(run(r, j, read_discrepancies), SLUIS_TOO_BIG);
    assert_string_equal(j->why.text, "meer dan 200: los eerst op wat bekend is");
    job_free(&j);
}

/* A checkpoint of another beginning of this log, signed by it and by a witness whom we know. */
static void a_line_on_another_journal(void **state)
{
    room *r = *state;
    keypair witness = {0};
    char vkey[256], note[NOTE_MAX + 1], path[] = "/tmp/sluis-read-XXXXXX";
    const checkpoint cp = {.origin = "sluis.test/journal/7", .size = 1};
    Sluis__ApiLogCosign q = SLUIS__API_LOG_COSIGN__INIT;
    size_t n = 0;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    add_entry(&t, &s, &r->case_id, "waarom");
    subject_close(&s);
    house_commit(&r->h, &t);
    assert_int_equal(keypair_generate(&witness, USE_WITNESS, 1), SLUIS_OK);
    assert_int_equal(cosigner_format(vkey, sizeof vkey, "one.test", witness.pk), SLUIS_OK);
    int fd = mkstemp(path);
    assert_int_equal(dprintf(fd, "%s\n", vkey), (int)strlen(vkey) + 1);
    close(fd);
    assert_int_equal(witnesses_load(&r->r.witnesses, path, NULL), SLUIS_OK);
    unlink(path);
    assert_int_equal(checkpoint_sign(note, sizeof note - 1, &n, &cp, "sluis.test", &r->h.p.log), SLUIS_OK);
    assert_int_equal(checkpoint_cosign(note, sizeof note - 1, &n, "one.test", &witness, 10), SLUIS_OK);
    note[n] = '\0';
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    q.note = note;
    j->call->log_cosign = &q;
    assert_int_equal(run(r, j, read_log_cosign), SLUIS_CONFLICT);
    assert_string_equal(j->why.text, "is of sluis.test/journal/7; this journal is sluis.test/journal/1");
    job_free(&j);
    witnesses_free(&r->r.witnesses);
    keypair_close(&witness);
}

static void a_page_that_never_was(void **state)
{
    room *r = *state;
    uint8_t half[8] = {1};
    Sluis__ApiListRights q = SLUIS__API_LIST_RIGHTS__INIT;
    job *j = call_of(r, APP, OIN_GEM, "privacyfunctionaris");
    q.after = data_of(half, sizeof half);
    j->call->list_rights = &q;
    assert_int_equal(run(r, j, read_rights_list), SLUIS_INVALID);
    assert_string_equal(j->why.where, "na");
    assert_string_equal(j->why.text, "schrijf de waarde van volgende uit de vorige bladzijde");
    job_free(&j);
}

/* What the view of a function shows in any phase, field by field, and nothing else; the lists that its codes
 * are of. */
static void the_catalogue_is_what_a_view_can_show(void **state)
{
    room *r = *state;
    static const char *const of_teamleider[] = {"wmo-voorziening", "wmo-voorziening-startdatum",
                                                "wmo-leveringsstatus", "jeugd-leveringsstatus"};
    job *j = call_of(r, "wmo-intake", OIN_GEM, "teamleider");
    assert_int_equal(run(r, j, read_catalogue), SLUIS_OK);
    const Sluis__ApiCatalogue *c = reply_of(j)->catalogue;
    assert_memory_equal(c->rules.data, rules_hash(r->h.p.first_rules), HASH_LEN);
    assert_int_equal(c->n_code_lists, 0);
    assert_int_equal(c->n_attributes, 4);
    for (size_t i = 0; i < 4; i++) { /* by number */
        const attribute *a = rules_attribute_named(r->h.p.first_rules, c->attributes[i]->name);
        size_t k = 0;
        while (k < 4 && strcmp(of_teamleider[k], c->attributes[i]->name) != 0)
            k++;
        assert_true(k < 4);
        assert_int_equal(c->attributes[i]->id, a->id);
        assert_true(i == 0 || a->id > c->attributes[i - 1]->id);
    }
    assert_false(j->read.record); /* nothing of a person: no entry */
    job_free(&j);

    j = call_of(r, "wmo-intake", OIN_GEM, "consulent");
    assert_int_equal(run(r, j, read_catalogue), SLUIS_OK);
    c = reply_of(j)->catalogue;
    const Sluis__ApiAttribute *x = NULL;
    for (size_t i = 0; i < c->n_attributes; i++) {
        assert_string_not_equal(c->attributes[i]->name, "school-startkwalificatie");
        if (strcmp(c->attributes[i]->name, "school-tlv-categorie") == 0)
            x = c->attributes[i];
    }
    assert_non_null(x);
    assert_string_equal(x->title, rules_attribute(r->h.p.first_rules, x->id)->title);
    assert_string_equal(x->type, "code");
    assert_string_equal(x->code_list, "tlv-categorie");
    assert_string_equal(x->category, "ordinary");
    assert_string_equal(x->source, "onderwijs");
    for (size_t l = 0; l < c->n_code_lists; l++) {
        size_t used = 0;
        for (size_t i = 0; i < c->n_attributes; i++)
            used += strcmp(c->attributes[i]->code_list, c->code_lists[l]->name) == 0;
        assert_true(used > 0 && c->code_lists[l]->n_codes > 0);
    }
    job_free(&j);

    j = call_of(r, "clientportaal", OIN_GEM, "client"); /* reads dossiers, and no view */
    assert_int_equal(run(r, j, read_catalogue), SLUIS_OK);
    assert_int_equal(reply_of(j)->catalogue->n_attributes, 0);
    job_free(&j);
    j = call_of(r, "wmo-intake", OIN_GEM, "schoonmaker");
    assert_int_equal(run(r, j, read_catalogue), SLUIS_FORBIDDEN);
    assert_string_equal(j->why.where, "token.functie");
    assert_string_equal(j->why.text, "geen geldende regel laat deze functie iets doen");
    job_free(&j);
}

/* A page of two parties of this datum's domain; where the next one begins. */
static void parties_for(room *r, const char *name, const char *after, const char *next, size_t n,
                        const char *const *want)
{
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    Sluis__ApiListParties q = SLUIS__API_LIST_PARTIES__INIT;
    q.attribute = TEXT(name);
    q.after = TEXT(after);
    q.limit = 2;
    j->call->list_parties = &q;
    assert_int_equal(run(r, j, read_parties), SLUIS_OK);
    const Sluis__ApiPartyList *l = reply_of(j)->parties;
    assert_int_equal(l->n_parties, n);
    assert_string_equal(l->next, next);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(l->parties[i]->oin, want[i]);
    assert_false(j->read.record); /* nothing of a person: no entry */
    job_free(&j);
}

static void no_parties(room *r, const char *function, const char *name, sluis_err code, const char *where,
                       const char *text)
{
    Sluis__ApiListParties q = SLUIS__API_LIST_PARTIES__INIT;
    job *j = call_of(r, APP, OIN_GEM, function);
    q.attribute = TEXT(name);
    j->call->list_parties = &q;
    assert_int_equal(run(r, j, read_parties), code);
    assert_string_equal(j->why.where, where);
    assert_string_equal(j->why.text, text);
    job_free(&j);
}

/* Of the datum's own domain, with a key to seal to and an agreement by which it gives that; in the order of
 * OINs, in pages. */
static void who_may_hold_a_datum(void **state)
{
    room *r = *state;
    static const struct {
        const char *oin, *domain;
        bool agreed, sealed;
    } more[] = {{"00000099000000001500", "onderwijs", true, true},
                {"00000099000000002050", "ggd", true, true},
                {"00000099000000002100", "onderwijs", false, true},
                {"00000099000000002150", "onderwijs", true, false},
                {"00000099000000002200", "onderwijs", true, true}};
    static const char *const schools[] = {"00000099000000001500", OIN_SCHL, "00000099000000002200"},
                             *const ggd[] = {"00000099000000002050"};
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        actor a;
        actor_init(&a, more[i].oin, (uint8_t)(20 + i));
        Sluis__PartyEntry x;
        Sluis__DirectoryKey k[2], *list[2];
        uint8_t sig[2][SIG_LEN];
        house_entry(&a, more[i].oin, more[i].domain, &x, k, list, sig);
        k[1].suspended = more[i].sealed ? 0 : HOUSE_MS - 10;
        assert_int_equal(parties_put(t.t, &x, &r->h.p.directory, false, NULL), SLUIS_OK);
        if (more[i].agreed)
            house_agree(&r->h, t.t, &a);
        actor_close(&a);
    }
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    house_commit(&r->h, &t);
    parties_for(r, "school-naam", "", OIN_SCHL, 2, schools);
    parties_for(r, "school-naam", OIN_SCHL, "", 1, schools + 2);
    parties_for(r, "jgz-lengte", "", "", 1, ggd);
    parties_for(r, "politie-verdenking", "", "", 0, NULL);
    no_parties(r, "client", "school-naam", SLUIS_FORBIDDEN, "token.functie",
               "geen geldende regel laat deze functie iets vragen");
    no_parties(r, "consulent", "school-namen", SLUIS_INVALID, "gegeven", "noem een gegeven uit de catalogus");
    no_parties(r, "consulent", "bsn", SLUIS_INVALID, "gegeven", "noem een gegeven uit de catalogus");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_case_belongs_to_its_organisation),
        TEST(a_request_belongs_to_its_application),
        TEST(pages_of_requests),
        TEST(the_dossier_is_of_one_case),
        TEST(a_long_dossier_is_read_whole),
        TEST(known_is_not_asked_again),
        TEST(the_rest_is_sealed_for_party_and_registry),
        TEST(filings_that_are_refused),
        TEST(pages_of_large_messages),
        TEST(the_catalogue_is_what_a_view_can_show),
        TEST(who_may_hold_a_datum),
        TEST(more_discrepancies_than_fit),
        TEST(a_page_that_never_was),
        TEST(a_line_on_another_journal),
        TEST(health_says_what_is_wrong),
        TEST(metrics_come_with_the_store),
    };
    return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
