/* A reader of the list of requests, or of a dossier, who asks only what changed since has, after every event,
 * what a reader of the whole has: random events, by seed. Of what happens outside what a reader may see, that
 * reader hears nothing. */
#include "kit_rules.h"

#include "kit_people.h"
#include "kit_read.h"

#include "base/clock.h"
#include "cases/restriction.h"
#include "core/merge.h"
#include "registry/entries.h"
#include "read/list_walk.h"

#define SEEDS    8
#define STEPS    100
#define HELD_MAX 800
#define READERS  4

#define OTHER_ATTRIBUTE 1010 /* asked in no entry */

/* Who hears nothing of an event, a bit a reader: the list's; the dossier's: a professional, the person, a
 * housemate. */
enum { LIST = 1, PROFESSIONAL = 2, OWN = 4, HOUSEMATE = 8, DOSSIERS = 14, NOBODY = 15 };
#define KEY_MAX UUID_LEN

typedef struct {
    uint8_t key[KEY_MAX];
    bytes said; /* as the API gives it, packed */
} held;

typedef struct {
    bool dossier;
    uint32_t viewer; /* of the dossier */
    held all[HELD_MAX];
    size_t n;
    uint8_t mark[LIST_MARK_LEN];
    bool marked;
    arena *a[2]; /* the one in use, and the one it is moved to */
} reading;

/* Somebody else, with an own case: one after another, each forgotten, or merged into the person. */
typedef struct {
    char name[16]; /* the municipality's own; "": nobody now */
    unsigned number;
    id16 case_id;
} neighbour;

typedef struct {
    room *r;
    rules *sets[2];
    reading readers[READERS];
    uuid requests[STEPS * 2];
    uint64_t entries[STEPS * 4];
    size_t n_requests, n_entries;
    neighbour beside;
    bool joined;          /* the person's closed case with the open one */
    unsigned quiet;       /* who hears nothing of the event */
    uint64_t state, seed; /* of the random numbers */
    unsigned step;
    const char *event;
    size_t parts, wholes;
} world;

static uint32_t pick(world *w, uint32_t n)
{
    w->state = w->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->state >> 33) % n;
}

/* ---- events ---- */

typedef struct {
    turn t;
    subject s;
    id16 case_id;
} act;

static act begin(world *w)
{
    act x = {.t = house_begin(&w->r->h, HOUSE_MS, 4u << 20), .case_id = w->r->case_id};
    x.s = house_subject(&w->r->h, x.t.t, w->r->h.person);
    return x;
}

/* About the other person. */
static act begin_beside(world *w)
{
    neighbour *n = &w->beside;
    const subject *who;
    act x = {.t = house_begin(&w->r->h, HOUSE_MS, 4u << 20)};
    const bool is_new = !*n->name;
    if (is_new)
        snprintf(n->name, sizeof(n->name), "jz-%u", ++n->number);
    assert_int_equal(registry_subject_own(w->r->h.p.registry, x.t.t, n->name, true, &x.s), SLUIS_OK);
    who = &x.s;
    if (is_new)
        n->case_id = people_case(&x.t, &who, 1, "research", 0);
    x.case_id = n->case_id;
    return x;
}

static void end(world *w, act *x)
{
    subject_close(&x->s);
    house_commit(&w->r->h, &x->t);
}

static void journal_it(act *x, Sluis__Kind kind, const uuid *tx)
{
    static uint32_t asked[] = {GROUP_ATTRIBUTE};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    rec.kind = kind;
    rec.from = TEXT(OIN_GEM);
    rec.to = TEXT(OIN_SCHL);
    rec.attributes = asked;
    rec.n_attributes = 1;
    rec.when = x->t.now;
    if (tx)
        rec.transaction = data_of(tx->b, UUID_LEN);
    assert_int_equal(turn_journal(&x->t, &rec), SLUIS_OK);
}

static void write_entry(world *w, act *x, Sluis__Kind kind, const uuid *tx)
{
    journal_it(x, kind, tx);
    assert_int_equal(turn_dossier(&x->t, &x->s, x->case_id.b, "why", NULL, 0), SLUIS_OK);
    if (id_equal(&x->case_id, &w->r->case_id))
        w->entries[w->n_entries++] = x->t.entry.index;
}

static void file_by(world *w, act *x, const char *app, const char *requester)
{
    const uuid tx = uuid_new(x->t.now);
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    write_entry(w, x, SLUIS__KIND__REQUEST, &tx);
    row.application = TEXT(app);
    row.requester = TEXT(requester);
    row.state = TEXT("open");
    row.party = TEXT(OIN_SCHL);
    row.sid = data_of(x->s.sid.b, ID_LEN);
    row.case_id = data_of(x->case_id.b, ID_LEN);
    row.member = 1;
    assert_int_equal(turn_request_file(&x->t, tx.b, &row, &x->s), SLUIS_OK);
    w->requests[w->n_requests++] = tx;
}

static void file(world *w)
{
    act x = begin(w);
    const bool app = pick(w, 4), own = pick(w, 4);
    w->quiet = app && own ? 0 : LIST;
    file_by(w, &x, app ? APP : OTHER_APP, own ? OIN_GEM : OIN_OTHER);
    end(w, &x);
}

static void file_beside(world *w)
{
    act x = begin_beside(w);
    const bool own = pick(w, 4);
    w->quiet = own ? DOSSIERS : NOBODY;
    file_by(w, &x, APP, own ? OIN_GEM : OIN_OTHER);
    end(w, &x);
}

/* By time alone, by an entry of its own, or by its answer, which stands in its row. */
static void change(world *w)
{
    static const char *const states[] = {"held", "answered", "withdrawn", "expired"};
    if (!w->n_requests)
        return;
    act x = begin(w);
    Sluis__RequestRow *row = NULL;
    Sluis__DossierRow answer;
    const uuid tx = w->requests[pick(w, (uint32_t)w->n_requests)];
    subject_close(&x.s);
    sluis_err e = turn_request_load(&x.t, tx.b, &row, &x.s);
    assert_true(!e || e == SLUIS_NOT_FOUND);
    w->quiet = e ? NOBODY : 0;
    if (!e) {
        memcpy(x.case_id.b, row->case_id.data, ID_LEN);
        row->state = TEXT(states[pick(w, 4)]);
        row->pressed = pick(w, 3);
        const uint32_t by = pick(w, 3);
        if (by == 1)
            write_entry(w, &x, SLUIS__KIND__CLARIFICATION_QUESTION, &tx);
        if (by == 2 && !row->answer) {
            journal_it(&x, SLUIS__KIND__RESPONSE, &tx);
            turn_dossier_entry(&x.t, x.case_id.b, "answer", &answer);
            row->answer = &answer;
        }
        assert_int_equal(turn_request_save(&x.t, tx.b, row, &x.s), SLUIS_OK);
    }
    end(w, &x);
}

/* Retention: of a request its row and its place in the index; of an entry the row. */
static void delete_request(world *w)
{
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    if (!w->n_requests)
        return;
    act x = begin(w);
    Sluis__RequestRow *row = NULL;
    const uuid tx = w->requests[pick(w, (uint32_t)w->n_requests)];
    if (!turn_request_load(&x.t, tx.b, &row, NULL)) {
        const size_t n = strlen(row->application) + 1;
        memcpy(key, row->application, n);
        memcpy(key + n, tx.b, UUID_LEN);
        assert_int_equal(store_delete(x.t.t, TABLE_REQUEST, BYTES_OF(tx.b)), SLUIS_OK);
        assert_int_equal(store_delete(x.t.t, TABLE_APPINDEX, BYTES(key, n + UUID_LEN)), SLUIS_OK);
    }
    end(w, &x);
}

static void delete_entry(world *w)
{
    uint8_t key[ENTRY_KEY];
    w->quiet = LIST;
    if (!w->n_entries)
        return;
    act x = begin(w);
    memcpy(key, x.s.sid.b, ID_LEN);
    put_u64(key + ID_LEN, w->entries[pick(w, (uint32_t)w->n_entries)]);
    (void)store_delete(x.t.t, TABLE_DOSSIER, BYTES_OF(key));
    end(w, &x);
}

static void note_something(world *w)
{
    act x = begin(w);
    w->quiet = LIST;
    write_entry(w, &x, SLUIS__KIND__MEETING_REPORT, NULL);
    end(w, &x);
}

static void put_restriction(act *x, uint64_t entry, const uuid *tx, bool ended)
{
    uint8_t key[ENTRY_KEY];
    Sluis__RestrictionRow row = SLUIS__RESTRICTION_ROW__INIT;
    row.entry = row.journal_index = entry;
    row.case_id = data_of(x->case_id.b, ID_LEN);
    row.function = TEXT("regisseur");
    row.since = x->t.now;
    row.review = x->t.now + DAY_MS;
    row.ended = ended ? x->t.now : 0;
    if (tx)
        row.transaction = data_of(tx->b, UUID_LEN);
    restriction_key(key, &x->s.sid, row.journal_index);
    assert_int_equal(turn_put_sealed(&x->t, &x->s, TABLE_RESTRICTION, BYTES_OF(key), &row.base), SLUIS_OK);
}

/* An entry, or all of a request, is restricted, or is so no more. */
static void restrict_entry(world *w)
{
    w->quiet = LIST;
    if (!w->n_entries)
        return;
    act x = begin(w);
    const bool exchange = w->n_requests && pick(w, 2);
    put_restriction(&x, w->entries[pick(w, (uint32_t)w->n_entries)],
                    exchange ? &w->requests[pick(w, (uint32_t)w->n_requests)] : NULL, pick(w, 2));
    end(w, &x);
}

/* In another case of the person: an entry, and its restriction. */
static void elsewhere(world *w)
{
    act x = begin(w);
    w->quiet = w->joined ? LIST : NOBODY;
    x.case_id = w->r->closed_id;
    write_entry(w, &x, SLUIS__KIND__MEETING_REPORT, NULL);
    put_restriction(&x, x.t.entry.index, NULL, false);
    end(w, &x);
}

/* The other case becomes part of the one that is read, or is so no more. */
static void join(world *w)
{
    act x = begin(w);
    Sluis__CaseRow *row = NULL;
    ProtobufCBinaryData joined = data_of(w->r->closed_id.b, ID_LEN);
    w->quiet = LIST;
    w->joined = !w->joined;
    assert_int_equal(case_load(x.t.t, w->r->h.p.rows, x.case_id.b, x.t.arena, &row), SLUIS_OK);
    row->joined = &joined;
    row->n_joined = w->joined;
    assert_int_equal(case_save(x.t.t, w->r->h.p.rows, x.case_id.b, row), SLUIS_OK);
    end(w, &x);
}

/* Something is registered under conditions: of what nobody asked, or of what was, so that its name goes. */
static void hide(world *w)
{
    static const id16 only = {{0}};
    act x = begin(w);
    const uint32_t how = pick(w, 3), id = pick(w, 2) ? GROUP_ATTRIBUTE : OTHER_ATTRIBUTE;
    char *condition = TEXT(how == 1 ? "niet-aan-huisgenoten" : "eerst-bespreken");
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    w->quiet = id == OTHER_ATTRIBUTE ? NOBODY : LIST | PROFESSIONAL;
    d.value = TEXT("4");
    d.source = TEXT(SOURCE);
    d.category = rules_attribute(w->r->r.rules, id)->category;
    d.obtained = d.registered = HOUSE_MS + w->step + 1;
    d.conditions = &condition;
    d.n_conditions = how != 0;
    assert_int_equal(registry_put(w->r->h.p.registry, x.t.t, &x.s, id, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
    end(w, &x);
}

static void forget_beside(world *w)
{
    w->quiet = DOSSIERS;
    if (!*w->beside.name)
        return;
    act x = begin_beside(w);
    assert_int_equal(registry_forget(w->r->h.p.registry, x.t.t, &x.s.sid, x.t.now), SLUIS_OK);
    *w->beside.name = 0;
    end(w, &x);
}

/* The other turns out to be the person; entries and requests follow in steps. */
static void merge(world *w)
{
    w->quiet = NOBODY;
    if (!*w->beside.name)
        return;
    act x = begin_beside(w);
    sluis_fail f = {0};
    Sluis__CaseRow *row = NULL;
    subject to = house_subject(&w->r->h, x.t.t, w->r->h.person);
    sluis_err e = merge_check(&x.t, &x.s, &to, &f);
    if (!e) {
        journal_it(&x, SLUIS__KIND__MEETING_REPORT, NULL);
        assert_int_equal(case_load(x.t.t, x.t.p->rows, x.case_id.b, x.t.arena, &row), SLUIS_OK);
        row->members[0]->sid.data = to.sid.b;
        assert_int_equal(case_save(x.t.t, x.t.p->rows, x.case_id.b, row), SLUIS_OK);
        assert_int_equal(merge_write(&x.t, &x.s, &to, x.case_id.b, "zelfde persoon"), SLUIS_OK);
        *w->beside.name = 0;
    } else if (e != SLUIS_CONFLICT) { /* another is on its way there */
        fail_msg("%s: %s", f.where, f.text);
    }
    subject_close(&to);
    end(w, &x);
}

static void merge_goes_on(world *w)
{
    act x = begin(w);
    bool more;
    w->quiet = NOBODY;
    assert_int_equal(merge_step(&x.t, 0, &more), SLUIS_OK);
    end(w, &x);
}

static void other_rules(world *w)
{
    w->r->r.rules = w->sets[pick(w, 2)];
}

static void one_event(world *w)
{
    static const struct {
        const char *name;
        void (*happens)(world *);
        uint32_t often;
    } events[] = {{"filed", file, 8},
                  {"changed", change, 8},
                  {"noted", note_something, 4},
                  {"somebody else's is filed", file_beside, 4},
                  {"elsewhere", elsewhere, 4},
                  {"a merge goes on", merge_goes_on, 4},
                  {"a request goes", delete_request, 1},
                  {"an entry goes", delete_entry, 1},
                  {"restricted", restrict_entry, 1},
                  {"hidden", hide, 2},
                  {"joined", join, 1},
                  {"forgotten", forget_beside, 1},
                  {"merged", merge, 1},
                  {"rules", other_rules, 1}};
    uint32_t n = pick(w, 41);
    size_t i = 0;
    w->quiet = 0;
    for (; n >= events[i].often; i++)
        n -= events[i].often;
    w->event = events[i].name;
    events[i].happens(w);
}

/* ---- readers ---- */

/* What an answer says, of whichever list. */
typedef struct {
    size_t n;
    bool whole;
    ProtobufCBinaryData next, since;
    const ProtobufCMessage *const *items;
    bool dossier;
} answer;

static bool ask(world *w, const reading *p, uint32_t limit, bytes after, bytes since, job **j, answer *out)
{
    static Sluis__ApiListRequests q;
    static Sluis__ApiGetDossier d;
    *j = call_of(w->r, APP, OIN_GEM, "consulent");
    sluis_err e;
    if (p->dossier) {
        sluis__api_get_dossier__init(&d);
        d.case_id = data_of(w->r->case_id.b, ID_LEN);
        d.member = 1;
        d.viewer = p->viewer;
        d.limit = limit;
        d.after = data_of(after.p, after.n);
        d.since = data_of(since.p, since.n);
        (*j)->call->op_case = SLUIS__API_CALL__OP_GET_DOSSIER;
        (*j)->call->get_dossier = &d;
        e = run(w->r, *j, read_dossier);
    } else {
        sluis__api_list_requests__init(&q);
        q.limit = limit;
        q.after = data_of(after.p, after.n);
        q.since = data_of(since.p, since.n);
        (*j)->call->op_case = SLUIS__API_CALL__OP_LIST_REQUESTS;
        (*j)->call->list_requests = &q;
        e = run(w->r, *j, read_requests);
    }
    if (e == SLUIS_CONFLICT)
        return false;
    if (e)
        fail_msg("seed %d step %u: %s: %s", (int)w->seed, w->step, (*j)->why.where, (*j)->why.text);
    const Sluis__ApiReply *r = reply_of(*j);
    if (p->dossier)
        *out = (answer){r->dossier->n_entries,
                        r->dossier->whole,
                        r->dossier->page,
                        r->dossier->since,
                        (const ProtobufCMessage *const *)(const void *)r->dossier->entries,
                        true};
    else
        *out = (answer){r->requests->n_requests,
                        r->requests->whole,
                        r->requests->next,
                        r->requests->since,
                        (const ProtobufCMessage *const *)(const void *)r->requests->requests,
                        false};
    return true;
}

static void key_of(uint8_t out[static KEY_MAX], const answer *x, size_t i)
{
    memset(out, 0, KEY_MAX);
    if (x->dossier)
        put_u64(out, ((const Sluis__ApiDossierEntry *)x->items[i])->journal_index);
    else
        memcpy(out, ((const Sluis__ApiRequestState *)x->items[i])->transaction.data, UUID_LEN);
}

static void take(reading *p, const answer *x, bool anew)
{
    p->n = anew ? 0 : p->n;
    for (size_t i = 0; i < x->n; i++) {
        uint8_t key[KEY_MAX];
        size_t k = 0;
        const size_t size = protobuf_c_message_get_packed_size(x->items[i]);
        uint8_t *packed = arena_alloc(p->a[0], size + 1);
        protobuf_c_message_pack(x->items[i], packed);
        key_of(key, x, i);
        while (k < p->n && memcmp(p->all[k].key, key, KEY_MAX) != 0)
            k++;
        assert_true(k < HELD_MAX);
        memcpy(p->all[k].key, key, KEY_MAX);
        p->all[k].said = BYTES(packed, size);
        p->n += k == p->n;
    }
}

/* What changed, page after page; disturbed: while other things happen. *told: how many. */
static void poll(world *w, reading *p, bool disturbed, size_t *told)
{
    uint8_t next[LIST_MARK_LEN];
    const uint32_t limit = 1 + pick(w, 5);
    bool first = true, more = true;
    *told = 0;
    while (more) {
        job *j = NULL;
        answer x;
        const bytes none = {NULL, 0};
        if (ask(w, p, limit, first ? none : BYTES_OF(next), first && p->marked ? BYTES_OF(p->mark) : none, &j,
                &x)) {
            if (first && p->marked)
                *(x.whole ? &w->wholes : &w->parts) += 1;
            take(p, &x, first && x.whole);
            *told += x.n + (x.whole ? 1 : 0);
            more = x.next.len != 0;
            memcpy(more ? next : p->mark, more ? x.next.data : x.since.data, LIST_MARK_LEN);
            p->marked = p->marked || !more;
            first = false;
        } else { /* from the beginning */
            assert_false(first && !p->marked);
            first = true;
            p->marked = false;
        }
        job_free(&j);
        if (disturbed && more && pick(w, 2))
            one_event(w);
    }
}

static void compare(world *w, const reading *p, size_t which)
{
    static reading whole;
    const bytes none = {NULL, 0};
    uint8_t next[LIST_MARK_LEN];
    bool more = true, first = true;
    arena *a = arena_new(4u << 20);
    whole = (reading){.dossier = p->dossier, .viewer = p->viewer, .a = {a}};
    while (more) {
        job *j = NULL;
        answer x;
        assert_true(ask(w, p, 0, first ? none : BYTES_OF(next), none, &j, &x));
        assert_true(x.whole);
        take(&whole, &x, false);
        more = x.next.len != 0;
        if (more)
            memcpy(next, x.next.data, sizeof next);
        first = false;
        job_free(&j);
    }
    if (whole.n != p->n)
        fail_msg("seed %d step %u (%s): reader %zu holds %zu, there are %zu", (int)w->seed, w->step, w->event,
                 which, p->n, whole.n);
    for (size_t i = 0; i < whole.n; i++) {
        size_t k = 0;
        while (k < p->n && memcmp(p->all[k].key, whole.all[i].key, KEY_MAX) != 0)
            k++;
        if (k == p->n || !bytes_equal(p->all[k].said, whole.all[i].said))
            fail_msg("seed %d step %u (%s): reader %zu holds another %zu", (int)w->seed, w->step, w->event,
                     which, i);
    }
    arena_free(&a);
}

static void tidy(reading *p)
{
    arena *to = p->a[1];
    arena_reset(to);
    for (size_t i = 0; i < p->n; i++)
        p->all[i].said.p = arena_copy(to, p->all[i].said.p, p->all[i].said.n);
    p->a[1] = p->a[0];
    p->a[0] = to;
}

static void run_seed(world *w, uint64_t seed)
{
    w->seed = w->state = seed;
    for (w->step = 0; w->step < STEPS; w->step++) {
        const uint32_t busy = pick(w, 2 * READERS);
        size_t told;
        one_event(w);
        if (busy < READERS && w->n_requests + 20 < sizeof(w->requests) / sizeof(w->requests[0])) {
            poll(w, &w->readers[busy], true, &told);
            w->quiet = 0;
        }
        for (size_t i = 0; i < READERS; i++) {
            const bool had = w->readers[i].marked;
            poll(w, &w->readers[i], false, &told);
            if (told && had && w->quiet & 1u << i)
                fail_msg("seed %d step %u (%s): reader %zu hears of it", (int)w->seed, w->step, w->event, i);
            compare(w, &w->readers[i], i);
            poll(w, &w->readers[i], false, &told);
            if (told)
                fail_msg("seed %d step %u (%s): reader %zu is told of what did not change", (int)w->seed,
                         w->step, w->event, i);
            tidy(&w->readers[i]);
        }
    }
}

/* A housemate, who sees the person's dossier. */
static void let_in(world *w)
{
    act x = begin(w);
    static uint32_t two[] = {2};
    Sluis__CaseRow *row = NULL;
    Sluis__MemberRow m = SLUIS__MEMBER_ROW__INIT, *members[2];
    subject s;
    assert_int_equal(registry_subject_own(w->r->h.p.registry, x.t.t, "jz-0", true, &s), SLUIS_OK);
    assert_int_equal(case_load(x.t.t, w->r->h.p.rows, x.case_id.b, x.t.arena, &row), SLUIS_OK);
    m.member = 2;
    m.role = TEXT("ouder");
    m.sid = data_of(s.sid.b, ID_LEN);
    row->members[0]->seen_by = two;
    row->members[0]->n_seen_by = 1;
    members[0] = row->members[0];
    members[1] = &m;
    row->members = members;
    row->n_members = 2;
    assert_int_equal(case_save(x.t.t, w->r->h.p.rows, x.case_id.b, row), SLUIS_OK);
    subject_close(&s);
    end(w, &x);
}

static void open_world(world *w, room *r)
{
    kit_set k;
    *w = (world){.r = r,
                 .readers = {{.dossier = false},
                             {.dossier = true},
                             {.dossier = true, .viewer = 1},
                             {.dossier = true, .viewer = 2}}};
    kit_read(&k);
    w->sets[0] = kit_rules(&k);
    kit_replace(&k, "catalogue.conf", "\"school-groepsnaam\"", "valid_days = 200", "valid_days = 2");
    w->sets[1] = kit_rules(&k);
    kit_close(&k);
    r->r.rules = w->sets[0];
    for (size_t i = 0; i < READERS; i++)
        for (size_t n = 0; n < 2; n++)
            w->readers[i].a[n] = arena_new(8u << 20);
    let_in(w);
    note_something(w);
}

static void close_world(world *w)
{
    w->r->r.rules = w->r->h.p.first_rules;
    for (size_t i = 0; i < 2; i++)
        rules_unref(&w->sets[i]);
    for (size_t i = 0; i < READERS; i++)
        for (size_t n = 0; n < 2; n++)
            arena_free(&w->readers[i].a[n]);
}

static void a_polling_reader_has_what_a_whole_one_has(void **state)
{
    (void)state;
    const char *only = getenv("SLUIS_SEED");
    for (uint64_t seed = only ? strtoull(only, NULL, 10) : 1, last = only ? seed : SEEDS; seed <= last;
         seed++) {
        static world w;
        void *r = NULL;
        assert_int_equal(setup(&r), 0);
        open_world(&w, r);
        run_seed(&w, seed);
        if (w.wholes * 3 > w.parts) /* else asking whole would do, too */
            fail_msg("seed %d: %zu answers were whole, %zu not", (int)seed, w.wholes, w.parts);
        close_world(&w);
        teardown(&r);
    }
}

/* ---- bookmarks ---- */

/* Who asks, and of which list. */
typedef struct {
    const char *app, *organisation, *employee;
    const id16 *dossier; /* of this case; NULL: the list of requests */
    uint32_t member, viewer, limit;
} question;

static sluis_err put(room *r, const question *q, bytes after, bytes since, job **j)
{
    static Sluis__ApiListRequests list;
    static Sluis__ApiGetDossier dossier;
    *j = call_of(r, q->app, q->organisation, "consulent");
    snprintf((*j)->claims.employee, sizeof((*j)->claims.employee), "%s", q->employee);
    sluis__api_list_requests__init(&list);
    sluis__api_get_dossier__init(&dossier);
    list.limit = dossier.limit = q->limit;
    list.after = dossier.after = data_of(after.p, after.n);
    list.since = dossier.since = data_of(since.p, since.n);
    if (!q->dossier) {
        (*j)->call->op_case = SLUIS__API_CALL__OP_LIST_REQUESTS;
        (*j)->call->list_requests = &list;
        return run(r, *j, read_requests);
    }
    dossier.case_id = data_of(q->dossier->b, ID_LEN);
    dossier.member = q->member;
    dossier.viewer = q->viewer;
    (*j)->call->op_case = SLUIS__API_CALL__OP_GET_DOSSIER;
    (*j)->call->get_dossier = &dossier;
    return run(r, *j, read_dossier);
}

/* One answer: how many are told, and its bookmark. */
typedef struct {
    uint8_t mark[LIST_MARK_LEN];
    bool more, whole;
    size_t n;
} got;

static got told(room *r, const question *q, bytes after, bytes since)
{
    job *j = NULL;
    got x = {.more = false};
    assert_int_equal(put(r, q, after, since, &j), SLUIS_OK);
    const Sluis__ApiReply *a = reply_of(j);
    const ProtobufCBinaryData next = q->dossier ? a->dossier->page : a->requests->next,
                              end = q->dossier ? a->dossier->since : a->requests->since;
    x.n = q->dossier ? a->dossier->n_entries : a->requests->n_requests;
    x.whole = q->dossier ? a->dossier->whole : a->requests->whole;
    x.more = next.len;
    assert_int_equal(next.len + end.len, LIST_MARK_LEN); /* either */
    memcpy(x.mark, x.more ? next.data : end.data, LIST_MARK_LEN);
    job_free(&j);
    return x;
}

static const char *refused(room *r, const question *q, bytes after, bytes since, sluis_err wanted)
{
    static char said[1024];
    job *j = NULL;
    assert_int_equal(put(r, q, after, since, &j), wanted);
    snprintf(said, sizeof(said), "%s: %s", j->why.where, j->why.text);
    assert_int_equal(j->reply.n, 0);
    assert_null(j->read.record);
    job_free(&j);
    return said;
}

static const bytes none = {NULL, 0};

static void bookmarks_that_do_not_fit(void **state)
{
    static world w;
    room *r = *state;
    open_world(&w, r);
    file(&w), file(&w), file(&w), file(&w), file(&w), file(&w), file(&w), file(&w);
    const question list = {.app = APP, .organisation = OIN_GEM, .employee = "p-1", .limit = 1};
    const question dossier = {.app = APP,
                              .organisation = OIN_GEM,
                              .employee = "p-1",
                              .dossier = &r->case_id,
                              .member = 1,
                              .limit = 1};
    const question others_list[] = {{.app = OTHER_APP, .organisation = OIN_GEM, .employee = "p-1"},
                                    {.app = APP, .organisation = OIN_OTHER, .employee = "p-1"},
                                    {.app = APP, .organisation = OIN_GEM, .employee = "p-2", .limit = 1}};
    const question others_dossier[] = {
        {.app = APP, .organisation = OIN_GEM, .employee = "p-2", .dossier = &r->case_id, .member = 1},
        {.app = APP, .organisation = OIN_GEM, .employee = "p-1", .dossier = &r->closed_id, .member = 1},
        {.app = APP, .organisation = OIN_GEM, .employee = "p-1", .dossier = &r->case_id, .member = 2},
        {.app = APP,
         .organisation = OIN_GEM,
         .employee = "p-1",
         .dossier = &r->case_id,
         .member = 1,
         .viewer = 1},
        {.app = OTHER_APP, .organisation = OIN_GEM, .employee = "p-1", .dossier = &r->case_id, .member = 1}};
    const char *const not_list[] = {"na: deze bladwijzer hoort niet bij deze lijst: begin zonder na",
                                    "sinds: deze bladwijzer hoort niet bij deze lijst: begin zonder sinds"},
                      *const not_dossier[] = {
                          "na: deze bladwijzer hoort niet bij dit dossier: begin zonder na",
                          "sinds: deze bladwijzer hoort niet bij dit dossier: begin zonder sinds"};
    got page = told(r, &list, none, none), of_dossier = told(r, &dossier, none, none);
    got end = page, end_of_dossier = of_dossier;
    assert_true(page.more && of_dossier.more);
    while (end.more)
        end = told(r, &list, BYTES_OF(end.mark), none);
    while (end_of_dossier.more)
        end_of_dossier = told(r, &dossier, BYTES_OF(end_of_dossier.mark), none);

    for (size_t i = 0; i < LIST_MARK_LEN; i++) { /* not ours */
        page.mark[i] ^= 0x10;
        assert_string_equal(refused(r, &list, BYTES_OF(page.mark), none, SLUIS_INVALID), not_list[0]);
        page.mark[i] ^= 0x10;
    }
    assert_string_equal(refused(r, &list, BYTES(page.mark, LIST_MARK_LEN - 1), none, SLUIS_INVALID),
                        not_list[0]);
    for (size_t i = 0; i < sizeof(others_list) / sizeof(*others_list); i++) { /* another reader's */
        assert_string_equal(refused(r, &others_list[i], BYTES_OF(page.mark), none, SLUIS_INVALID),
                            not_list[0]);
        assert_string_equal(refused(r, &others_list[i], none, BYTES_OF(end.mark), SLUIS_INVALID),
                            not_list[1]);
    }
    for (size_t i = 0; i < sizeof(others_dossier) / sizeof(*others_dossier);
         i++) { /* or of another dossier */
        assert_string_equal(refused(r, &others_dossier[i], BYTES_OF(of_dossier.mark), none, SLUIS_INVALID),
                            not_dossier[0]);
        assert_string_equal(
            refused(r, &others_dossier[i], none, BYTES_OF(end_of_dossier.mark), SLUIS_INVALID),
            not_dossier[1]);
    }
    /* of another list, and one for the other */
    assert_string_equal(refused(r, &list, BYTES_OF(of_dossier.mark), none, SLUIS_INVALID), not_list[0]);
    assert_string_equal(refused(r, &dossier, BYTES_OF(page.mark), none, SLUIS_INVALID), not_dossier[0]);
    assert_string_equal(refused(r, &list, BYTES_OF(end.mark), none, SLUIS_INVALID), not_list[0]);
    assert_string_equal(refused(r, &list, none, BYTES_OF(page.mark), SLUIS_INVALID), not_list[1]);
    assert_string_equal(refused(r, &list, BYTES_OF(page.mark), BYTES_OF(end.mark), SLUIS_INVALID),
                        "na: na en sinds gaan niet samen: een volgende bladzijde weet sinds wanneer");

    r->r.rules = w.sets[1]; /* a page is not followed by one of other rules; what changed is then all of it */
    assert_string_equal(strchr(refused(r, &list, BYTES_OF(page.mark), none, SLUIS_CONFLICT), ' ') + 1,
                        "wat hier te zien is, is intussen iets anders: begin zonder na");
    assert_string_equal(strchr(refused(r, &dossier, BYTES_OF(of_dossier.mark), none, SLUIS_CONFLICT), ' ') +
                            1,
                        "wat hier te zien is, is intussen iets anders: begin zonder na");
    assert_true(told(r, &list, none, BYTES_OF(end.mark)).whole);
    assert_true(told(r, &dossier, none, BYTES_OF(end_of_dossier.mark)).whole);
    close_world(&w);
}

/* Under the list's own key: what no reader has made up. */
static void mark_of(room *r, const list_mark *m, uint8_t out[static LIST_MARK_LEN])
{
    uint8_t key[KEY_LEN];
    job *j = call_of(r, APP, OIN_GEM, "consulent");
    const list_owner who = {.key = key, .name = "requests", .words = "deze lijst", .j = j};
    rows_mark_key(key, r->h.p.rows);
    list_mark_write(out, &who, m);
    job_free(&j);
}

static void bookmarks_of_before(void **state)
{
    room *r = *state;
    static const char restored[] =
        "sinds: deze bladwijzer is van voor een herstel van de gateway: begin zonder sinds";
    const question list = {.app = APP, .organisation = OIN_GEM, .employee = "p-1"};
    const uint64_t now = clock_ms();
    uint8_t mark[LIST_MARK_LEN];
    list_mark m = {.kind = MARK_SINCE,
                   .at = {.size = 1, .time = now, .saves = 1}}; /* nothing was saved yet */
    mark_of(r, &m, mark);
    assert_string_equal(refused(r, &list, none, BYTES_OF(mark), SLUIS_INVALID), restored);
    m.at = (list_state){.size = 1000, .time = now};
    mark_of(r, &m, mark);
    assert_string_equal(refused(r, &list, none, BYTES_OF(mark), SLUIS_INVALID), restored);
    m.at = (list_state){.time = now - MARK_SINCE_MS - 1000};
    mark_of(r, &m, mark);
    assert_string_equal(refused(r, &list, none, BYTES_OF(mark), SLUIS_EXPIRED),
                        "sinds: deze bladwijzer is te oud: begin zonder sinds");
    m.at.time = now;
    mark_of(r, &m, mark);
    assert_true(told(r, &list, none, BYTES_OF(mark)).whole); /* of a journal without an entry: no base */
}

/* What goes while pages are turned: who is under way begins anew, who begins hears it at once. */
static void gone_between_pages(void **state)
{
    static world w;
    room *r = *state;
    const question one = {.app = APP, .organisation = OIN_GEM, .employee = "p-1", .limit = 1},
                   all = {.app = APP, .organisation = OIN_GEM, .employee = "p-1"};
    open_world(&w, r);
    for (size_t i = 0; i < 3; i++) {
        act x = begin(&w);
        x.t.now += i; /* in this order */
        file_by(&w, &x, APP, OIN_GEM);
        end(&w, &x);
    }
    got x = told(r, &all, none, none);
    assert_false(x.more);
    for (size_t i = 0; i < 3; i++) {
        act y = begin(&w);
        Sluis__RequestRow *row = NULL;
        assert_int_equal(turn_request_load(&y.t, w.requests[i].b, &row, NULL), SLUIS_OK);
        assert_int_equal(turn_request_save(&y.t, w.requests[i].b, row, &y.s), SLUIS_OK);
        end(&w, &y);
    }
    got page = told(r, &one, none, BYTES_OF(x.mark));
    assert_true(page.more && !page.whole && page.n == 1);
    w.requests[0] = w.requests[2];
    w.n_requests = 1;
    delete_request(&w);
    assert_string_equal(refused(r, &one, BYTES_OF(page.mark), none, SLUIS_CONFLICT),
                        "na: intussen is iets verwijderd: begin zonder na en zonder sinds");
    page = told(r, &one, none, BYTES_OF(x.mark));
    assert_true(page.whole && page.more && page.n == 1);
    close_world(&w);
}

static uuid file_at(world *w, uint64_t after)
{
    act x = begin(w);
    x.t.now += after;
    file_by(w, &x, APP, OIN_GEM);
    end(w, &x);
    return w->requests[w->n_requests - 1];
}

static void answer_it(world *w, const uuid *tx)
{
    act x = begin(w);
    Sluis__RequestRow *row = NULL;
    Sluis__DossierRow said;
    assert_int_equal(turn_request_load(&x.t, tx->b, &row, NULL), SLUIS_OK);
    journal_it(&x, SLUIS__KIND__RESPONSE, tx);
    turn_dossier_entry(&x.t, x.case_id.b, "answer", &said);
    row->answer = &said;
    assert_int_equal(turn_request_save(&x.t, tx->b, row, &x.s), SLUIS_OK);
    end(w, &x);
}

/* How many are told on this page and those that follow; *x: the last of them. */
static size_t rest(room *r, const question *q, got *x)
{
    size_t n = x->n;
    while (x->more) {
        *x = told(r, q, BYTES_OF(x->mark), none);
        n += x->n;
    }
    return n;
}

/* What comes while pages are turned is not of them: it comes with the next listing, and could go unseen
 * before that. What changes is told as it is, and again. Neither makes the next one whole. */
static void come_between_pages(void **state)
{
    static world w;
    room *r = *state;
    const question lists[] = {{.app = APP, .organisation = OIN_GEM, .employee = "p-1", .limit = 1},
                              {.app = APP,
                               .organisation = OIN_GEM,
                               .employee = "p-1",
                               .dossier = &r->case_id,
                               .member = 1,
                               .limit = 1}};
    open_world(&w, r);
    for (uint64_t i = 0; i < 2; i++) {
        const question *q = &lists[i];
        file_at(&w, 10 * i + 1);
        const uuid second = file_at(&w, 10 * i + 2);
        got x = told(r, q, none, none);
        const got page = x;
        const size_t before = rest(r, q, &x);
        assert_true(page.more && page.whole);
        file_at(&w, 10 * i + 3);
        answer_it(&w, &second);
        x = page;
        assert_int_equal(rest(r, q, &x),
                         before + i); /* in a dossier the answer, which has its request's page */
        x = told(r, q, none, BYTES_OF(x.mark));
        assert_false(x.whole);
        assert_int_equal(rest(r, q, &x), 2 + i);
    }
    close_world(&w);
}

/* A row of before saves had numbers was there at every bookmark; its first change is told, and not the whole
 * for it.
 */
static void rows_of_before(void **state)
{
    static world w;
    room *r = *state;
    const question list = {.app = APP, .organisation = OIN_GEM, .employee = "p-1"};
    open_world(&w, r);
    for (size_t i = 0; i < 2; i++) {
        act x = begin(&w);
        Sluis__RequestRow *row = NULL;
        file_by(&w, &x, APP, OIN_GEM);
        assert_int_equal(turn_request_load(&x.t, w.requests[i].b, &row, NULL), SLUIS_OK);
        row->filed = row->changed = 0;
        assert_int_equal(turn_put_sealed(&x.t, &x.s, TABLE_REQUEST, BYTES_OF(w.requests[i].b), &row->base),
                         SLUIS_OK);
        end(&w, &x);
    }
    got x = told(r, &list, none, none);
    assert_true(x.whole && x.n == 2);
    x = told(r, &list, none, BYTES_OF(x.mark));
    assert_true(!x.whole && x.n == 0);
    act y = begin(&w);
    Sluis__RequestRow *row = NULL;
    assert_int_equal(turn_request_load(&y.t, w.requests[1].b, &row, NULL), SLUIS_OK);
    assert_int_equal(turn_request_save(&y.t, w.requests[1].b, row, &y.s), SLUIS_OK);
    end(&w, &y);
    x = told(r, &list, none, BYTES_OF(x.mark));
    assert_true(!x.whole && x.n == 1);
    close_world(&w);
}

/* However many there are of others, a page goes over so many and no more: then an empty one is followed by
 * the next. */
static void a_page_has_a_bound(void **state)
{
    static world w;
    room *r = *state;
    const question list = {.app = APP, .organisation = OIN_GEM, .employee = "p-1"};
    open_world(&w, r);
    act x = begin(&w);
    for (size_t i = 0; i < LIST_SCAN_MAX; i++) {
        w.n_requests = w.n_entries = 0;
        file_by(&w, &x, APP, OIN_OTHER);
    }
    end(&w, &x);
    x = begin(&w);
    x.t.now++; /* in the order of time */
    file_by(&w, &x, APP, OIN_GEM);
    end(&w, &x);
    got page = told(r, &list, none, none);
    assert_true(page.n == 0 && page.more);
    page = told(r, &list, BYTES_OF(page.mark), none);
    assert_true(page.n == 1 && !page.more);
    page = told(r, &list, none, BYTES_OF(page.mark));
    assert_true(page.n == 0 && page.more && !page.whole);
    page = told(r, &list, BYTES_OF(page.mark), none);
    assert_true(page.n == 0 && !page.more && !page.whole);
    close_world(&w);
}

#define IN_A_ROOM(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_polling_reader_has_what_a_whole_one_has),
        IN_A_ROOM(bookmarks_that_do_not_fit),
        IN_A_ROOM(bookmarks_of_before),
        IN_A_ROOM(gone_between_pages),
        IN_A_ROOM(come_between_pages),
        IN_A_ROOM(rows_of_before),
        IN_A_ROOM(a_page_has_a_bound),
    };
    return cmocka_run_group_tests_name("since_lists", tests, NULL, NULL);
}
