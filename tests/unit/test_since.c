/* A reader who asks only what changed since has, after every event, what a reader of the whole view has:
 * random events about one person, by seed, and four readers who poll. What changes nothing of what a reader
 * may see is told to that reader by nothing. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kit_rules.h"

#include "kit_read.h"

#include "core/settle.h"
#include "read/list_mark.h"

#define SEEDS     12
#define STEPS     120
#define START_S   1790000000 /* the clock stands still but for what an event adds */
#define AT_SOURCE GROUP_ATTRIBUTE
#define HELD_MAX  32

static uint64_t now_s = START_S;

/* Of the whole program, daemon's parts included. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    long e = syscall(SYS_clock_gettime, id, out);
    if (!e && id == CLOCK_REALTIME)
        *out = (struct timespec){.tv_sec = (time_t)now_s};
    return (int)e;
}

/* In the view of wmo, of both laws, at its source, and in neither view. */
static const uint32_t ids[] = {2, 1002, 1003, 1006, 1010, 2020, AT_SOURCE, 1004};
#define IDS (sizeof(ids) / sizeof(ids[0]))

typedef struct {
    char *key;
    bytes said; /* as the API gives it, packed */
} held;

typedef struct {
    const char *app;
    const id16 *case_id;
    held view[HELD_MAX], whole[HELD_MAX];
    size_t n, whole_n;
    uint8_t mark[LIST_MARK_LEN];
    bool marked;
    arena *a[2]; /* of view: the one in use and the one it is moved to; whole is made anew */
    arena *whole_a[2];
} poller;

typedef struct {
    room *r;
    rules *sets[2];
    id16 other_case, instances[2];
    poller readers[4];
    uint64_t state; /* of the random numbers */
    unsigned step;
    uint64_t seed;
    const char *event;
    size_t parts, wholes; /* answers to readers who had a bookmark */
} world;

static uint32_t pick(world *w, uint32_t n)
{
    w->state = w->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->state >> 33) % n;
}

static char *text_of(world *w, const char *const *all, uint32_t n)
{
    return TEXT(all[pick(w, n)]);
}

/* ---- events ---- */

static const char *const values[] = {"1", "2", "3"}, *const sources[] = {OIN_SCHL, OIN_GEM, OIN_GGD},
                         *const laws[] = {"wmo", "participatiewet", "jeugdwet"},
                         *const conditions[] = {"geldig-tot",  "alleen-deze-zaak", "niet-verder-gebruiken",
                                                "bron-noemen", "alleen-dit-doel",  "niet-aan-huisgenoten"};

typedef struct {
    turn t;
    subject s;
    const attribute *a;
    const id16 *instance;
} act;

static act begin(world *w)
{
    act x = {.t = house_begin(&w->r->h, HOUSE_MS, 4u << 20)};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    x.s = house_subject(&w->r->h, x.t.t, w->r->h.person);
    x.a = rules_attribute(w->r->r.rules, ids[pick(w, IDS - (pick(w, 8) ? 2 : 1))]); /* outside: seldom */
    if (x.a->id == AT_SOURCE)
        x.a = rules_attribute(w->r->r.rules, 1004);
    x.instance = &w->instances[pick(w, 4) == 0];
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    assert_int_equal(turn_journal(&x.t, &rec), SLUIS_OK);
    return x;
}

static void end(world *w, act *x)
{
    subject_close(&x->s);
    house_commit(&w->r->h, &x->t);
}

/* A source answers: anything, on any terms, for any law. */
static void say(world *w)
{
    act x = begin(w);
    Sluis__Core c = SLUIS__CORE__INIT;
    envelope env = {.core = &c};
    job j = {.env = &env};
    static settlement settled;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    datum_outcome outcome;
    uint64_t version;
    bool open = false;
    char *law = text_of(w, laws, 3), *condition = text_of(w, conditions, 6);
    c.sender = d.source = text_of(w, sources, pick(w, 3) ? 1 : 3);
    c.transaction = data_of((const uint8_t *)"0123456789abcdef", UUID_LEN);
    d.value = text_of(w, values, 3);
    d.category = x.a->category;
    d.obtained = d.registered = x.t.now;
    d.journal_index = x.t.entry.index;
    d.valid_until = pick(w, 4) ? 0 : x.t.now + DAY_MS;
    d.withdrawn = pick(w, 8) == 0;
    d.corrected = pick(w, 8) == 0 ? x.t.now : 0;
    d.laws = &law;
    d.n_laws = pick(w, 4) != 0;
    if (pick(w, 3) == 0) {
        terms.case_id = data_of(pick(w, 2) ? w->r->case_id.b : w->other_case.b, ID_LEN);
        terms.application = TEXT(pick(w, 2) ? APP : OTHER_APP);
        terms.purpose = TEXT("x");
        terms.until = x.t.now + pick(w, 3) * DAY_MS;
        d.terms = &terms;
        d.conditions = &condition;
        d.n_conditions = 1;
    }
    settlement_begin(&settled, NULL, "because");
    assert_int_equal(
        registry_put(w->r->h.p.registry, x.t.t, &x.s, x.a->id, x.instance, &d, &outcome, &version, NULL),
        SLUIS_OK);
    if (outcome != DATUM_NEW)
        assert_int_equal(settle_statement(&x.t, &j, &settled, &x.s, x.a, x.instance, outcome, &open),
                         SLUIS_OK);
    assert_int_equal(settlement_write(&x.t, &settled, &x.s), SLUIS_OK);
    end(w, &x);
}

/* Someone decides about what stands beside a datum; or the client's words are put with it. */
static void settle(world *w)
{
    act x = begin(w);
    static settlement settled;
    datum d;
    const uint32_t how = pick(w, 4);
    sluis_err e = registry_get(w->r->h.p.registry, x.t.t, &x.s, x.a->id, x.instance, x.t.arena, &d);
    settlement_begin(&settled, NULL, "because");
    if (!e && how == 3)
        e = registry_state(x.t.t, &x.s, x.a->id, &d, TEXT("niet waar"), x.t.entry.index, x.t.now);
    else if (!e && d.beside && how == 2)
        e = registry_exchange(x.t.t, &x.s, x.a->id, &d, d.beside, x.t.entry.index, x.t.now);
    else if (!e && d.beside)
        e = how ? settle_accept(&x.t, &settled, &x.s, x.a->id, &d, d.beside)
                : settle_drop(&x.t, &settled, &x.s, x.a->id, &d, d.beside, SETTLED_KEPT);
    assert_true(!e || e == SLUIS_NOT_FOUND);
    assert_int_equal(settlement_write(&x.t, &settled, &x.s), SLUIS_OK);
    end(w, &x);
}

typedef struct {
    uint32_t id;
    uint64_t before;
} age;

static bool is_over(void *ctx, uint32_t id, const Sluis__DatumRow *row)
{
    const age *x = ctx;
    return id == x->id && row->journal_index < x->before;
}

static void is_gone(void *ctx, uint32_t id, uint64_t n)
{
    (void)ctx, (void)id, (void)n;
}

static void retention(world *w)
{
    act x = begin(w);
    age how = {x.a->id, x.t.entry.index - pick(w, 12)};
    const registry_terms by = {is_over, is_gone, &how};
    registry_place at = {.n = 0};
    sluis_err e;
    while ((e = registry_trim(x.t.p->registry, x.t.t, &x.s, &by, &at, UINT64_MAX)) == SLUIS_TIMEOUT)
        ;
    assert_int_equal(e, SLUIS_OK);
    end(w, &x);
}

/* What stays at its source: known to be there, fetched for one case, over, there no more. */
static void at_source(world *w)
{
    now_s++; /* what came again came later */
    act x = begin(w);
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    char *condition = text_of(w, conditions, 6);
    const uint32_t how = pick(w, 6);
    registry *g = w->r->h.p.registry;
    kept.until = x.t.now + DAY_MS;
    kept.case_id = data_of(pick(w, 2) ? w->r->case_id.b : w->other_case.b, ID_LEN);
    kept.law = TEXT("wmo");
    d.source = TEXT(SOURCE);
    d.reference = true;
    d.value = TEXT("");
    d.journal_index = x.t.entry.index;
    d.obtained = d.registered = x.t.now;
    if (how > 2) {
        d.value = text_of(w, values, 3);
        d.kept = &kept;
        d.conditions = &condition;
        d.n_conditions = pick(w, 3) == 0;
        d.terms = &terms;
        d.terms->case_id = kept.case_id;
        d.terms->until = kept.until;
        d.terms->application = TEXT(APP);
        d.terms->purpose = TEXT("x");
    }
    sluis_err e = how == 0   ? registry_not_there(x.t.p->registry, x.t.t, &x.s, AT_SOURCE, &w->instances[0])
                  : how == 1 ? registry_unkeep(g, x.t.t, &x.s, AT_SOURCE, &w->instances[0], x.t.now)
                             : registry_keep(x.t.p->registry, x.t.t, &x.s, AT_SOURCE, &w->instances[0], &d);
    assert_int_equal(e, SLUIS_OK);
    end(w, &x);
}

/* A restriction is granted, or lifted; the address becomes secret, or is so no more. */
static void restrict_use(world *w)
{
    act x = begin(w);
    Sluis__CaseRow *row = NULL;
    uint32_t stopped[] = {x.a->id};
    assert_int_equal(case_load(x.t.t, w->r->h.p.rows, w->r->case_id.b, x.t.arena, &row), SLUIS_OK);
    row->members[0]->stopped_attributes = stopped;
    row->members[0]->n_stopped_attributes = pick(w, 2);
    row->members[0]->secret = pick(w, 2) != 0;
    assert_int_equal(case_save(x.t.t, w->r->h.p.rows, w->r->case_id.b, row), SLUIS_OK);
    end(w, &x);
}

static void other_rules(world *w)
{
    w->r->r.rules = w->sets[pick(w, 2)];
}

static void time_goes(world *w)
{
    now_s += pick(w, 4) ? pick(w, 100000) : 40 * 86400;
}

/* ---- readers ---- */

static Sluis__ApiView *page(world *w, const poller *p, uint32_t limit, bytes after, bytes since, job **j)
{
    static Sluis__ApiGetView v;
    sluis__api_get_view__init(&v);
    *j = call_of(w->r, p->app, OIN_GEM, "consulent");
    v.case_id = data_of(p->case_id->b, ID_LEN);
    v.member = 1;
    v.limit = limit;
    v.after = data_of(after.p, after.n);
    v.since = data_of(since.p, since.n);
    (*j)->call->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    (*j)->call->get_view = &v;
    sluis_err e = run(w->r, *j, read_view);
    if (e == SLUIS_CONFLICT || e == SLUIS_EXPIRED)
        return NULL;
    if (e)
        fail_msg("seed %d step %u: %s: %s", (int)w->seed, w->step, (*j)->why.where, (*j)->why.text);
    return ((Sluis__ApiReply *)(uintptr_t)reply_of(*j))->view;
}

static void forget_one(held *all, size_t *n, const char *key)
{
    size_t i = 0;
    while (i < *n && strcmp(all[i].key, key) != 0)
        i++;
    if (i < *n)
        all[i] = all[--*n];
}

static const char *key_of(char out[static 128], const char *name, const char *instance)
{
    snprintf(out, 128, "%s/%s", name, instance);
    return out;
}

static void hold(held *all, size_t *n, arena *a, const Sluis__ApiDatum *d)
{
    char key[128];
    const size_t size = protobuf_c_message_get_packed_size(&d->base);
    uint8_t *packed = arena_alloc(a, size + 1);
    forget_one(all, n, key_of(key, d->attribute, d->instance));
    protobuf_c_message_pack(&d->base, packed);
    assert_true(*n < HELD_MAX);
    all[(*n)++] = (held){arena_strdup(a, key), BYTES(packed, size)};
}

static void apply(poller *p, const Sluis__ApiView *v, bool first)
{
    char key[128];
    if (first && v->whole)
        p->n = 0;
    for (size_t i = 0; i < v->n_gone; i++)
        forget_one(p->view, &p->n, key_of(key, v->gone[i]->attribute, v->gone[i]->instance));
    for (size_t i = 0; i < v->n_data; i++)
        hold(p->view, &p->n, p->a[0], v->data[i]);
}

static size_t not_here(const Sluis__ApiView *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_data; i++)
        n += v->data[i]->at_source && !v->data[i]->at_source->until;
    return n;
}

static void one_event(world *w);

/* The reader asks for what changed, page after page; disturbed: while other things happen. *quiet: nothing
 * was told. */
static void poll(world *w, poller *p, bool disturbed, bool *quiet)
{
    uint8_t next[LIST_MARK_LEN];
    const uint32_t limit = 1 + pick(w, 4);
    const bytes none = {NULL, 0};
    bool first = true, more = true, anew = !p->marked;
    *quiet = true;
    while (more) {
        job *j = NULL;
        const bytes since = p->marked && first ? BYTES_OF(p->mark) : none;
        Sluis__ApiView *v = page(w, p, limit, first ? none : BYTES_OF(next), since, &j);
        if (v) {
            apply(p, v, first);
            more = v->next.len;
            memcpy(more ? next : p->mark, more ? v->next.data : v->since.data, LIST_MARK_LEN);
            *(v->whole ? &w->wholes : &w->parts) += p->marked && first;
            *quiet = *quiet && (anew || (!v->whole && !v->n_gone && v->n_data == not_here(v)));
        } else if (first && !p->marked) {
            fail_msg("seed %d step %u: a whole view is refused", (int)w->seed, w->step);
        }
        first = !v;
        anew = anew || !v;
        p->marked = v ? p->marked || !more : false;
        job_free(&j);
        if (disturbed && more && pick(w, 2))
            one_event(w);
    }
}

/* What a reader who reads whole has; true when that is what it was at the last look. */
static bool look(world *w, poller *p)
{
    held before[HELD_MAX];
    job *j = NULL;
    const size_t n = p->whole_n;
    arena *a = p->whole_a[1];
    memcpy(before, p->whole, sizeof(before));
    arena_reset(a);
    p->whole_a[1] = p->whole_a[0];
    p->whole_a[0] = a;
    p->whole_n = 0;
    Sluis__ApiView *v = page(w, p, 0, (bytes){NULL, 0}, (bytes){NULL, 0}, &j);
    for (size_t i = 0; i < v->n_data; i++)
        hold(p->whole, &p->whole_n, a, v->data[i]);
    job_free(&j);
    bool same = n == p->whole_n;
    for (size_t i = 0; same && i < n; i++)
        same = bytes_equal(before[i].said, p->whole[i].said);
    return same;
}

static void compare(const world *w, const poller *p, size_t which)
{
    if (p->n != p->whole_n)
        fail_msg("seed %d step %u (%s): reader %zu holds %zu data, there are %zu", (int)w->seed, w->step,
                 w->event, which, p->n, p->whole_n);
    for (size_t i = 0; i < p->n; i++) {
        size_t k = 0;
        while (k < p->whole_n && strcmp(p->view[i].key, p->whole[k].key) != 0)
            k++;
        if (k == p->whole_n || !bytes_equal(p->view[i].said, p->whole[k].said))
            fail_msg("seed %d step %u (%s): reader %zu holds another %s", (int)w->seed, w->step, w->event,
                     which, p->view[i].key);
    }
}

/* Keeps what it holds, and nothing of what it held. */
static void tidy(poller *p)
{
    arena *to = p->a[1];
    arena_reset(to);
    for (size_t i = 0; i < p->n; i++) {
        p->view[i].key = arena_strdup(to, p->view[i].key);
        p->view[i].said.p = arena_copy(to, p->view[i].said.p, p->view[i].said.n);
    }
    p->a[1] = p->a[0];
    p->a[0] = to;
}

static void one_event(world *w)
{
    static const struct {
        const char *name;
        void (*happens)(world *);
        uint32_t often;
    } events[] = {{"a source says", say, 10},  {"settled", settle, 4},           {"retention", retention, 2},
                  {"at source", at_source, 3}, {"restriction", restrict_use, 1}, {"rules", other_rules, 1},
                  {"time", time_goes, 3}};
    uint32_t n = pick(w, 24);
    size_t i = 0;
    for (; n >= events[i].often; i++)
        n -= events[i].often;
    w->event = events[i].name;
    events[i].happens(w);
}

static void run_seed(world *w, uint64_t seed)
{
    w->seed = w->state = seed;
    for (w->step = 0; w->step < STEPS; w->step++) {
        const uint32_t busy = pick(w, 8);
        bool quiet;
        one_event(w);
        if (busy < 4)
            poll(w, &w->readers[busy], true, &quiet);
        for (size_t i = 0; i < 4; i++) {
            poller *p = &w->readers[i];
            const bool polled = p->marked;
            if (i == 3 && w->step % 7)
                continue; /* one who comes seldom */
            poll(w, p, false, &quiet);
            bool same = look(w, p);
            compare(w, p, i);
            if (polled && same && !quiet && i < 3 && busy >= 4)
                fail_msg("seed %d step %u (%s): reader %zu is told of what is not shown", (int)seed, w->step,
                         w->event, i);
            tidy(p);
        }
    }
}

static void world_open(world *w, room *r)
{
    kit_set k;
    Sluis__Record first = SLUIS__RECORD__INIT;
    first.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    *w = (world){.r = r, .instances = {{{0}}, {{7}}}};
    kit_read(&k);
    kit_replace(&k, "catalogue.conf", "\"school-jaargroep\"", "valid_days", "at_source_s = 60; valid_days");
    w->sets[0] = kit_rules(&k);
    kit_replace(&k, "views.conf", "\"wmo-zicht\"", "\"school-soort\",", "");
    kit_replace(&k, "views.conf", "hergebruik-meervoudig", "\"ordinary\", ", "");
    kit_replace(&k, "catalogue.conf", "\"school-groepsnaam\"", "valid_days = 200", "valid_days = 2");
    w->sets[1] = kit_rules(&k);
    kit_close(&k);
    r->r.rules = w->sets[0];
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    w->other_case = put_case(r, t.t, &s, false);
    subject_close(&s);
    assert_int_equal(turn_journal(&t, &first), SLUIS_OK); /* as every journal begins with one */
    house_commit(&r->h, &t);
    const poller readers[] = {{.app = APP, .case_id = &r->case_id},
                              {.app = APP, .case_id = &w->other_case},
                              {.app = OTHER_APP, .case_id = &r->case_id},
                              {.app = APP, .case_id = &r->case_id}};
    memcpy(w->readers, readers, sizeof(readers));
    for (size_t i = 0; i < 4; i++)
        for (size_t k2 = 0; k2 < 2; k2++) {
            w->readers[i].a[k2] = arena_new(4u << 20);
            w->readers[i].whole_a[k2] = arena_new(1u << 20);
        }
}

static void world_close(world *w)
{
    w->r->r.rules = w->r->h.p.first_rules;
    for (size_t i = 0; i < 2; i++)
        rules_unref(&w->sets[i]);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++) {
            arena_free(&w->readers[i].a[k]);
            arena_free(&w->readers[i].whole_a[k]);
        }
}

static void a_polling_reader_has_what_a_whole_one_has(void **state)
{
    (void)state;
    const char *only = getenv("SLUIS_SEED");
    for (uint64_t seed = only ? strtoull(only, NULL, 10) : 1, last = only ? seed : SEEDS; seed <= last;
         seed++) {
        void *room_state = NULL;
        world w;
        now_s = START_S;
        assert_int_equal(setup(&room_state), 0);
        world_open(&w, room_state);
        run_seed(&w, seed);
        if (w.wholes * 4 > w.parts) /* else asking whole would do, too */
            fail_msg("seed %d: %zu answers were whole, %zu not", (int)seed, w.wholes, w.parts);
        world_close(&w);
        teardown(&room_state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_polling_reader_has_what_a_whole_one_has)};
    return cmocka_run_group_tests_name("since", tests, NULL, NULL);
}
