/* The files of persons end: what goes and what stays on each day, by the class of each; in steps, from any
 * point again; with the last of a person their key; and never by a clock that jumped. */
#include "kit_people.h"

#include "cases/handover.h"
#include "core/clock_guard.h"
#include "core/merge.h"
#include "core/terms.h"
#include "registry/datum.h"
#include "registry/intents.h"

#define MiB        (1u << 20)
#define FILE_DAYS  5479 /* wmo-dossier of the shipped rules */
#define SHORT_DAYS 183  /* politie-verstrekking, verkeersgegevens */
#define SCHOOL     1002 /* wmo-dossier, of the shipped catalogue */
#define POLICE     3001 /* politie-verstrekking */
#define DAYS(n)    (T0 + (n)*DAY_MS)

typedef struct {
    house h;
    subject parent, child;
    id16 both;
} room;

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    r->h.settings.clock_jump_days = 7;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(rules_retention_days(t.rules, "wmo-dossier"), FILE_DAYS);
    assert_int_equal(rules_retention_days(t.rules, RETENTION_TRAFFIC), SHORT_DAYS);
    assert_string_equal(rules_attribute(t.rules, SCHOOL)->retention, "wmo-dossier");
    assert_string_equal(rules_attribute(t.rules, POLICE)->retention, "politie-verstrekking");
    r->child = house_subject(&r->h, t.t, "999990032");
    r->parent = house_subject(&r->h, t.t, r->h.person);
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    subject_close(&r->child);
    subject_close(&r->parent);
    house_close(&r->h);
    free(r);
    return 0;
}

/* What a pass left to say: the details of its entries in the journal, one after another. */
static char said[4096];

static void hear(turn *t)
{
    if (!t->has_entry)
        return;
    ProtobufCMessage *m = NULL;
    assert_int_equal(
        row_unpack(&m, &sluis__record__descriptor, t->arena, BYTES(t->entry.record, t->entry.record_len)),
        SLUIS_OK);
    const Sluis__Record *rec = (const Sluis__Record *)m;
    assert_int_equal(rec->type, SLUIS__RECORD_TYPE__R_FORGOTTEN);
    assert_string_equal(rec->decision, "expired");
    assert_int_equal(rec->subject.len, 0);
    assert_int_equal(rec->case_id.len, 0);
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s", *said ? "; " : "", rec->detail);
}

/* One turn of the pass as core makes it. */
static bool step(room *r, terms *x, uint64_t now, uint64_t us)
{
    bool more = false;
    terms next = *x;
    turn t = house_begin(&r->h, now, MiB);
    assert_int_equal(terms_step(&next, &t, us, &more), SLUIS_OK);
    hear(&t);
    house_commit(&r->h, &t);
    *x = next;
    return more;
}

/* The case is closed on that day. */
static void end_case(room *r, const id16 *id, uint64_t day)
{
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, DAYS(day), MiB);
    assert_int_equal(case_load(t.t, t.p->rows, id->b, t.arena, &row), SLUIS_OK);
    row->phase = TEXT("closed");
    row->ended = DAYS(day);
    assert_int_equal(case_save(t.t, t.p->rows, id->b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* A whole pass on this day, its keys erased; how many steps. */
static unsigned pass(room *r, terms *x, uint64_t now, uint64_t us)
{
    unsigned steps = 1;
    uint64_t n = 0;
    *said = '\0';
    for (; step(r, x, now, us); steps++)
        ;
    assert_int_equal(x->done, clock_day(now));
    assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
    people_sound(&r->h);
    return steps;
}

static bool is_subject(room *r, const subject *s)
{
    subject got;
    store_txn *t = fixture_read(&r->h.x);
    sluis_err e = registry_subject_by_sid(r->h.p.registry, t, &s->sid, &got);
    assert_true(e == SLUIS_OK || e == SLUIS_NOT_FOUND);
    subject_close(&got);
    store_abort(&t);
    return e == SLUIS_OK;
}

static size_t versions(room *r, const subject *s, uint32_t id)
{
    uint8_t prefix[ID_LEN + 4];
    size_t n = 0;
    memcpy(prefix, s->sid.b, ID_LEN);
    put_u32(prefix + ID_LEN, id);
    for (int table = 0; table < 2; table++) {
        size_t rows_n;
        row_copy *rows = fixture_rows(&r->h.x, table ? TABLE_HISTORY : TABLE_DATUM, &rows_n);
        for (size_t i = 0; i < rows_n; i++)
            n += memcmp(rows[i].key + (table ? 8 : 0), prefix, sizeof(prefix)) == 0;
        fixture_rows_free(rows, rows_n);
    }
    return n;
}

/* A file of a law: kept while a case is open, then to the last day of its term, then wholly gone, key and
 * all; of a household each at the same time, and nothing of the journal. */
static void a_file_ends(void **state)
{
    room *r = *state;
    terms x = {0};
    slot_key slot;
    uint8_t p[HASH_LEN];
    turn t = house_begin(&r->h, T0, MiB);
    const subject *who[] = {&r->parent, &r->child};
    id16 open = people_case(&t, who, 2, "research", 0), shut = people_case(&t, who, 2, "closed", DAYS(1));
    for (size_t i = 0; i < 2; i++) {
        people_datum(&t, who[i], SCHOOL, "a", T0);
        people_datum(&t, who[i], SCHOOL, "b", T0);
        people_request(&t, who[i], &open);
        people_request(&t, who[i], &shut);
        people_note(&t, who[i], NULL);
    }
    people_concern(&t, &r->child, T0);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(FILE_DAYS), 1000000);
    assert_string_equal(said, "verkeersgegevens 7"); /* its events, long since */
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 4);

    /* the shut case goes from the open file; the data stay */
    pass(r, &x, DAYS(FILE_DAYS + 1), 1000000);
    assert_string_equal(said, "");
    pass(r, &x, DAYS(FILE_DAYS + 2), 1000000);
    assert_string_equal(said, "wmo-dossier 6"); /* of each member an entry, its request, the case */
    assert_int_equal(people_count(&r->h, TABLE_CASE), 1);
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 2);
    assert_int_equal(people_count(&r->h, TABLE_APPINDEX), 2);
    assert_int_equal(people_count(&r->h, TABLE_DATUM), 2);
    assert_int_equal(people_count(&r->h, TABLE_CONCERN), 1);

    /* now the other one ends, too; its term begins on that day */
    uint64_t end = FILE_DAYS + 3;
    end_case(r, &open, end);
    pass(r, &x, DAYS(end + FILE_DAYS), 1000000);
    assert_string_equal(said, "");
    assert_true(is_subject(r, &r->child) && is_subject(r, &r->parent));
    pass(r, &x, DAYS(end + FILE_DAYS + 1), 1000000);
    /* of each 2 of the request, the entry of no case, 2 versions, the case, the subject; and the concern */
    assert_string_equal(said, "wmo-dossier 15");
    assert_false(is_subject(r, &r->child) || is_subject(r, &r->parent));
    for (size_t i = 0; i < 2; i++) {
        keyslots_subject(r->h.x.slots, p, i ? "999990032" : r->h.person);
        assert_int_equal(keyslots_find(r->h.x.slots, p, &slot), SLUIS_NOT_FOUND);
        assert_int_equal(people_found(&r->h, who[i]->sid.b, ID_LEN), 0);
    }
    static const gateway_table empty[] = {TABLE_CASE,    TABLE_REQUEST, TABLE_APPINDEX, TABLE_DATUM,
                                          TABLE_HISTORY, TABLE_DOSSIER, TABLE_CONCERN,  TABLE_LINK,
                                          TABLE_EVENT,   TABLE_SUBJECT};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        assert_int_equal(people_count(&r->h, empty[i]), 0);
}

/* What is of no law's file goes so long after it was obtained, version by version, in an open case too. */
static void each_datum_by_its_class(void **state)
{
    room *r = *state;
    terms x = {0};
    turn t = house_begin(&r->h, T0, MiB);
    people_case(&t, (const subject *[]){&r->child}, 1, "research", 0);
    for (unsigned i = 0; i < 4; i++) {
        char value[2] = {(char)('a' + i), 0};
        people_datum(&t, &r->child, POLICE, value, DAYS(10 * i));
        people_datum(&t, &r->child, SCHOOL, value, DAYS(10 * i));
    }
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(SHORT_DAYS), 1000000);
    assert_int_equal(versions(r, &r->child, POLICE), 4);
    pass(r, &x, DAYS(SHORT_DAYS + 1), 1000000);
    assert_string_equal(said, "politie-verstrekking 1");
    assert_int_equal(versions(r, &r->child, POLICE), 3);
    pass(r, &x, DAYS(SHORT_DAYS + 21), 1000000);
    assert_string_equal(said, "politie-verstrekking 2");
    assert_int_equal(versions(r, &r->child, POLICE), 1);
    pass(r, &x, DAYS(SHORT_DAYS + 31), 1000000);
    assert_int_equal(versions(r, &r->child, POLICE), 0);
    assert_int_equal(versions(r, &r->child, SCHOOL), 4);
    t = house_begin(&r->h, DAYS(SHORT_DAYS + 31), MiB);
    people_datum(&t, &r->child, POLICE, "d", DAYS(SHORT_DAYS + 31)); /* and begins anew */
    house_commit(&r->h, &t);
    assert_int_equal(versions(r, &r->child, POLICE), 1);
    people_sound(&r->h);
}

/* A case that goes on in another is over when that one is, with what was said in it. */
static void what_goes_on_in_another_ends_with_it(void **state)
{
    room *r = *state;
    terms x = {0};
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, T0, MiB);
    people_case(&t, (const subject *[]){&r->parent}, 1, "research", 0); /* stays */
    id16 on = people_case(&t, (const subject *[]){&r->child}, 1, "research", 0);
    id16 first = people_case(&t, (const subject *[]){&r->child}, 1, "joined", T0);
    assert_int_equal(case_load(t.t, t.p->rows, first.b, t.arena, &row), SLUIS_OK);
    row->joined_into = data_of(on.b, ID_LEN);
    assert_int_equal(case_save(t.t, t.p->rows, first.b, row), SLUIS_OK);
    people_request(&t, &r->child, &first);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(FILE_DAYS + 5), 1000000);
    assert_string_equal(said, "verkeersgegevens 1");

    end_case(r, &on, FILE_DAYS + 6);
    pass(r, &x, DAYS(2 * FILE_DAYS + 6), 1000000);
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 1);
    pass(r, &x, DAYS(2 * FILE_DAYS + 7), 1000000);
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 0);
    assert_int_equal(people_count(&r->h, TABLE_CASE), 1);
    assert_false(is_subject(r, &r->child));
}

static void hand_over(room *r, const id16 *id, const char *state, uint64_t when)
{
    Sluis__CaseRow *row = NULL;
    Sluis__HandoverRow h = SLUIS__HANDOVER_ROW__INIT;
    turn t = house_begin(&r->h, when, MiB);
    assert_int_equal(case_load(t.t, t.p->rows, id->b, t.arena, &row), SLUIS_OK);
    h.state = TEXT(state);
    row->handover = &h;
    row->members[1]->moved = when;
    assert_int_equal(case_save(t.t, t.p->rows, id->b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* For who went to another municipality without the others the case was over then; while something of it is
 * offered, nobody's file ends. */
static void who_is_handed_over_ends_without_the_others(void **state)
{
    room *r = *state;
    terms x = {0};
    Sluis__CaseRow *row = NULL;
    turn t = house_begin(&r->h, T0, MiB);
    const subject *who[] = {&r->parent, &r->child};
    id16 id = people_case(&t, who, 2, "research", 0);
    for (size_t i = 0; i < 2; i++) {
        people_datum(&t, who[i], SCHOOL, "a", T0);
        people_request(&t, who[i], &id);
    }
    house_commit(&r->h, &t);
    hand_over(r, &id, HANDOVER_OFFERED, DAYS(1));
    pass(r, &x, DAYS(FILE_DAYS + 2), 1000000);
    assert_string_equal(said, "verkeersgegevens 2"); /* the events of both requests */
    hand_over(r, &id, HANDOVER_ACCEPTED, DAYS(3));
    pass(r, &x, DAYS(FILE_DAYS + 3), 1000000);
    assert_string_equal(said, "");
    pass(r, &x, DAYS(FILE_DAYS + 4), 1000000);
    assert_string_equal(said,
                        "wmo-dossier 5"); /* the request and its entry, the datum, the case, the subject */
    assert_false(is_subject(r, &r->child));
    assert_int_equal(versions(r, &r->parent, SCHOOL), 1);
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 1);
    t = house_begin(&r->h, DAYS(FILE_DAYS + 4), MiB);
    assert_int_equal(case_load(t.t, t.p->rows, id.b, t.arena, &row), SLUIS_OK);
    assert_int_equal(row->n_members, 1);
    assert_int_equal(row->members[0]->member, 1);
    house_abort(&r->h, &t);
}

/* Data that are kept longer than the case they are of keep it, since their term began with it. */
static void the_last_case_stays_with_its_data(void **state)
{
    enum { WGS_DAYS = 1827 };
    room *r = *state;
    terms x = {0};
    turn t = house_begin(&r->h, T0, MiB);
    people_case(&t, (const subject *[]){&r->parent}, 1, "research", 0); /* stays */
    id16 id = people_case_of(&t, "wgs", (const subject *[]){&r->child}, 1, "closed", DAYS(100));
    people_datum(&t, &r->child, SCHOOL, "a", T0);
    people_request(&t, &r->child, &id);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(100 + WGS_DAYS + 1), 1000000);
    assert_string_equal(said, "verkeersgegevens 1, wgs-dossier 2");
    assert_int_equal(people_count(&r->h, TABLE_CASE), 2);
    pass(r, &x, DAYS(100 + FILE_DAYS), 1000000);
    assert_int_equal(people_count(&r->h, TABLE_DATUM), 1);
    pass(r, &x, DAYS(100 + FILE_DAYS + 1), 1000000);
    assert_string_equal(said, "wmo-dossier 2, wgs-dossier 1"); /* the datum and the subject; the case */
    assert_false(is_subject(r, &r->child));
}

/* Where the current statement ends, the one that differed from it is what is known; what was settled goes
 * with its class, and what no statement leads to any more as well. */
static void what_stands_beside(void **state)
{
    static const id16 only = {{0}};
    room *r = *state;
    terms x = {0};
    datum d = {.version = 0};
    Sluis__SettledRow row = SLUIS__SETTLED_ROW__INIT;
    Sluis__SettledDatum one = SLUIS__SETTLED_DATUM__INIT, two = SLUIS__SETTLED_DATUM__INIT,
                        *both[] = {&one, &two};
    uint8_t key[ID_LEN + 8];
    turn t = house_begin(&r->h, T0, MiB);
    people_case(&t, (const subject *[]){&r->parent}, 1, "research", 0); /* stays */
    id16 id = people_case(&t, (const subject *[]){&r->child}, 1, "research", 0);
    people_said(&t, &r->child, OIN_SCHL, POLICE, "a", T0);
    people_said(&t, &r->child, OIN_GEM, POLICE, "b", DAYS(2));
    people_said(&t, &r->child, OIN_GEM, POLICE, "c", DAYS(10)); /* b is its past */
    people_said(&t, &r->child, OIN_SCHL, SCHOOL, "a", T0);
    people_said(&t, &r->child, OIN_GEM, SCHOOL, "b", T0);
    people_said(&t, &r->child, "00000099000000007000", POLICE, "d", DAYS(3));
    people_said(&t, &r->child, "00000099000000007000", POLICE, "e", DAYS(4));
    assert_int_equal(registry_get(r->h.p.registry, t.t, &r->child, POLICE, &only, t.arena, &d), SLUIS_OK);
    const datum_beside *e = d.beside;
    while (strcmp(e->row->value, "e") != 0)
        e = e->next;
    assert_int_equal(registry_drop(t.t, &r->child, POLICE, &d, e), SLUIS_OK); /* d stays behind in history */
    one.attribute = POLICE;
    one.row = e->row;
    two.attribute = SCHOOL;
    two.row = e->row;
    row.case_id = data_of(id.b, ID_LEN);
    row.data = both;
    row.n_data = 2;
    memcpy(key, r->child.sid.b, ID_LEN);
    put_u64(key + ID_LEN, 5);
    assert_int_equal(turn_put_sealed(&t, &r->child, TABLE_SETTLED, BYTES_OF(key), &row.base), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(versions(r, &r->child, POLICE), 4);

    pass(r, &x, DAYS(SHORT_DAYS + 5), 1000000); /* over: a, b, d, and e as it was settled */
    assert_string_equal(said, "politie-verstrekking 4");
    assert_int_equal(versions(r, &r->child, POLICE), 1);
    t = house_begin(&r->h, DAYS(SHORT_DAYS + 5), MiB);
    assert_int_equal(registry_get(r->h.p.registry, t.t, &r->child, POLICE, &only, t.arena, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "c");
    assert_null(d.beside);
    assert_int_equal(registry_get(r->h.p.registry, t.t, &r->child, SCHOOL, &only, t.arena, &d), SLUIS_OK);
    assert_string_equal(d.row->value, "a");
    assert_non_null(d.beside);
    house_abort(&r->h, &t);
    size_t n;
    row_copy *left = fixture_rows(&r->h.x, TABLE_SETTLED, &n);
    assert_int_equal(n, 1);
    fixture_rows_free(left, n);
}

/* A chain longer than a step takes is cut step by step; after each, every version is found from the next. */
static void a_long_chain_in_steps(void **state)
{
    room *r = *state;
    terms x = {0};
    turn t = house_begin(&r->h, T0, 64 * MiB);
    for (unsigned i = 0; i < 3 * REGISTRY_CUT; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%u", i);
        people_datum(&t, &r->child, POLICE, value, i < 2 * REGISTRY_CUT + 10 ? T0 : DAYS(1));
        /* the journal's size makes the key of each in history: let it grow */
        Sluis__Record rec = SLUIS__RECORD__INIT;
        rec.type = SLUIS__RECORD_TYPE__R_READ;
        assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    }
    house_commit(&r->h, &t);
    size_t left = versions(r, &r->child, POLICE), steps = 0;
    assert_int_equal(left, 3 * REGISTRY_CUT);
    *said = '\0';
    while (step(r, &x, DAYS(SHORT_DAYS + 1), 0)) {
        size_t now = versions(r, &r->child, POLICE);
        assert_true(left - now <= REGISTRY_CUT);
        steps += now < left;
        left = now;
        people_sound(&r->h);
    }
    assert_int_equal(steps, 3);
    assert_int_equal(left, REGISTRY_CUT - 10);
    pass(r, &x, DAYS(SHORT_DAYS + 2), 0);
    assert_int_equal(versions(r, &r->child, POLICE), 0); /* the newest ones, a day later */
}

/* Begun again after any number of steps, as after a crash, it comes to the same end. */
static void begun_again_anywhere(void **state)
{
    room *r = *state;
    turn t = house_begin(&r->h, T0, MiB);
    const subject *who[] = {&r->parent, &r->child};
    id16 shut = people_case(&t, who, 2, "closed", T0);
    for (size_t i = 0; i < 2; i++) {
        people_datum(&t, who[i], SCHOOL, "a", T0);
        people_datum(&t, who[i], POLICE, "a", T0);
        people_request(&t, who[i], &shut);
    }
    house_commit(&r->h, &t);
    uint64_t now = DAYS(FILE_DAYS + 1), n = 0;
    for (unsigned stop = 0;; stop++) {
        terms x = {0};
        bool more = true;
        for (unsigned i = 0; more && i < stop; i++)
            more = step(r, &x, now, 0);
        assert_int_equal(intents_replay(r->h.x.store, r->h.x.slots, &n), SLUIS_OK);
        people_sound(&r->h);
        if (!more)
            break;
    }
    assert_int_equal(people_count(&r->h, TABLE_SUBJECT), 0);
    assert_int_equal(people_count(&r->h, TABLE_CASE), 0);
    assert_int_equal(people_count(&r->h, TABLE_DATUM), 0);
}

/* A day has one pass, and a report that waits for its decision keeps its person. */
static void what_waits_stays(void **state)
{
    room *r = *state;
    terms x = {0};
    turn t = house_begin(&r->h, T0, MiB);
    people_concern(&t, &r->child, 0);
    people_datum(&t, &r->parent, SCHOOL, "a", T0);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(3 * FILE_DAYS), 1000000);
    assert_true(is_subject(r, &r->child));
    assert_false(is_subject(r, &r->parent));
    t = house_begin(&r->h, DAYS(3 * FILE_DAYS), MiB);
    bool more = true;
    assert_int_equal(terms_step(&x, &t, 1000000, &more), SLUIS_OK);
    assert_false(more || t.has_entry);
    house_abort(&r->h, &t);
}

/* Who was known as two, one of them without BSN: one file, which ends as one, both key slots with it. A pass
 * that stood at the first when they were merged goes on with the others. */
static void who_was_two_ends_as_one(void **state)
{
    static const char own[] = "jz-2041";
    room *r = *state;
    terms x = {0};
    subject before = {0};
    slot_key slot;
    uint8_t p[HASH_LEN], q[HASH_LEN];
    sluis_fail f = {0};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(registry_subject_own(r->h.p.registry, t.t, own, true, &before), SLUIS_OK);
    const subject *was = &before;
    id16 theirs = people_case(&t, &was, 1, "closed", DAYS(3));
    people_datum(&t, &before, SCHOOL, "a", T0);
    people_datum(&t, &r->child, SCHOOL, "b", DAYS(1));
    people_request(&t, &before, &theirs);
    house_commit(&r->h, &t);

    x = (terms){.day = clock_day(DAYS(2)), .stage = 1, .sid = before.sid};
    t = house_begin(&r->h, DAYS(2), MiB);
    memcpy(x.rules, rules_hash(t.rules), HASH_LEN);
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(merge_check(&t, &before, &r->child, &f), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(merge_write(&t, &before, &r->child, (const uint8_t[ID_LEN]){0}, "zelfde persoon"),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(2), 1000000);
    assert_true(is_subject(r, &r->child));

    assert_int_equal(people_count(&r->h, TABLE_MERGED), 1);
    pass(r, &x, DAYS(3 + FILE_DAYS), 1000000); /* the term began with the case of the other */
    assert_true(is_subject(r, &r->child));
    pass(r, &x, DAYS(3 + FILE_DAYS + 1), 1000000);
    assert_false(is_subject(r, &r->child));
    assert_int_equal(people_count(&r->h, TABLE_MERGED), 0);
    assert_int_equal(people_count(&r->h, TABLE_SETTLED), 0);
    keyslots_subject(r->h.x.slots, p, "999990032");
    keyslots_own(r->h.x.slots, q, own);
    assert_int_equal(keyslots_find(r->h.x.slots, p, &slot), SLUIS_NOT_FOUND);
    assert_int_equal(keyslots_find(r->h.x.slots, q, &slot), SLUIS_NOT_FOUND);
    subject_close(&before);
}

/* What stood before stays under the name of before, as long as any case of who it became is open, and goes
 * with the rest. */
static void the_past_of_who_was_two(void **state)
{
    room *r = *state;
    terms x = {0};
    subject before = {0};
    sluis_fail f = {0};
    Sluis__Record rec = SLUIS__RECORD__INIT;
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(registry_subject_own(r->h.p.registry, t.t, "jz-2041", true, &before), SLUIS_OK);
    const subject *who[] = {&before};
    const id16 open = people_case(&t, who, 1, "research", 0);
    people_datum(&t, &before, SCHOOL, "a", T0);
    people_datum(&t, &before, SCHOOL, "b", T0);
    people_datum(&t, &before, POLICE, "a", T0);
    people_datum(&t, &before, POLICE, "b", T0);
    people_datum(&t, &r->child, POLICE, "c", T0); /* which settles b: nothing but that leads to a */
    house_commit(&r->h, &t);
    t = house_begin(&r->h, DAYS(2), MiB);
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(merge_check(&t, &before, &r->child, &f), SLUIS_OK);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(merge_write(&t, &before, &r->child, (const uint8_t[ID_LEN]){0}, "zelfde persoon"),
                     SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(versions(r, &before, POLICE), 1);
    pass(r, &x, DAYS(FILE_DAYS + 10), 1000000);
    assert_int_equal(versions(r, &before, POLICE) + versions(r, &r->child, POLICE), 0);
    assert_int_equal(versions(r, &before, SCHOOL), 1);
    assert_int_equal(versions(r, &r->child, SCHOOL), 1);

    const uint64_t end = FILE_DAYS + 11;
    end_case(r, &open, end);
    pass(r, &x, DAYS(end + FILE_DAYS), 1000000);
    assert_int_equal(versions(r, &before, SCHOOL), 1);
    pass(r, &x, DAYS(end + FILE_DAYS + 1), 1000000);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), 0);
    assert_false(is_subject(r, &r->child));
    subject_close(&before);
}

/* What the client asked, set to this state. */
static void decide(room *r, const subject *s, const uuid *tx, const char *state, uint64_t when)
{
    uint8_t key[RIGHTS_KEY];
    bytes sealed;
    ProtobufCMessage *m = NULL;
    turn t = house_begin(&r->h, when, MiB);
    rights_key(key, &s->sid, tx->b);
    assert_int_equal(store_get(t.t, TABLE_RIGHTS, BYTES_OF(key), &sealed), SLUIS_OK);
    assert_int_equal(row_open(t.p->registry, t.t, TABLE_RIGHTS, BYTES_OF(key), sealed, t.arena,
                              &sluis__rights_row__descriptor, &m, NULL),
                     SLUIS_OK);
    ((Sluis__RightsRow *)m)->state = TEXT(state);
    ((Sluis__RightsRow *)m)->decided = when;
    assert_int_equal(turn_put_sealed(&t, s, TABLE_RIGHTS, BYTES_OF(key), m), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* A request of the client that waits keeps the whole file beyond its term, of that person alone; then
 * everything goes on its day, the request itself so long after its decision. */
static void what_a_client_asked_is_waited_for(void **state)
{
    static const char *const asks[] = {"access", "erasure", "restriction", "objection"};
    room *r = *state;
    terms x = {0};
    turn t = house_begin(&r->h, T0, MiB);
    id16 id = people_case(&t, (const subject *[]){&r->parent, &r->child}, 2, "closed", T0);
    people_datum(&t, &r->child, SCHOOL, "a", T0);
    people_datum(&t, &r->child, POLICE, "a", T0);
    people_datum(&t, &r->child, POLICE, "b", T0);
    people_datum(&t, &r->parent, SCHOOL, "a", T0);
    people_request(&t, &r->child, &id);
    people_concern(&t, &r->child, T0);
    house_commit(&r->h, &t);
    uint64_t now = DAYS(FILE_DAYS + 10);
    for (size_t i = 0; i < 4; i++) {
        t = house_begin(&r->h, now += DAY_MS, MiB);
        uuid tx = people_right(&t, &r->child, &id, asks[i], i % 2 ? "extended" : "received");
        house_commit(&r->h, &t);
        pass(r, &x, now, 1000000);
        assert_false(is_subject(r, &r->parent));
        decide(r, &r->child, &tx, "granted", now += DAY_MS);
        pass(r, &x, now += DAY_MS, 1000000);
        assert_int_equal(versions(r, &r->child, SCHOOL), 1);
        assert_int_equal(versions(r, &r->child, POLICE), 2);
        assert_int_equal(people_count(&r->h, TABLE_CASE), 1);
        assert_int_equal(people_count(&r->h, TABLE_DOSSIER), 1);
        assert_int_equal(people_count(&r->h, TABLE_REQUEST), 1);
        assert_int_equal(people_count(&r->h, TABLE_CONCERN), 1);
        decide(r, &r->child, &tx, i ? "done" : "refused", now);
    }
    pass(r, &x, now += DAY_MS, 1000000);
    assert_int_equal(versions(r, &r->child, SCHOOL) + versions(r, &r->child, POLICE), 0);
    assert_int_equal(people_count(&r->h, TABLE_CASE), 0);
    assert_int_equal(people_count(&r->h, TABLE_RIGHTS), 4);
    assert_true(is_subject(r, &r->child)); /* what was asked, and what became of it, can be shown */
    pass(r, &x, now += FILE_DAYS * DAY_MS, 1000000);
    assert_int_equal(people_count(&r->h, TABLE_RIGHTS), 0);
    assert_false(is_subject(r, &r->child));
}

/* The use of some data is stopped: these are kept, as they stood, and nothing else. */
static void a_datum_whose_use_is_stopped_stays(void **state)
{
    room *r = *state;
    terms x = {0};
    uint32_t police[] = {POLICE};
    turn t = house_begin(&r->h, T0, MiB);
    id16 id = people_case(&t, (const subject *[]){&r->child}, 1, "closed", T0);
    people_case(&t, (const subject *[]){&r->parent}, 1, "research", 0); /* stays */
    people_datum(&t, &r->child, SCHOOL, "a", T0);
    people_datum(&t, &r->child, POLICE, "a", T0);
    people_datum(&t, &r->child, POLICE, "b", T0);
    people_request(&t, &r->child, &id);
    uuid tx = people_right_to(&t, &r->child, &id, "restriction", "granted", police, 1);
    house_commit(&r->h, &t);
    pass(r, &x, DAYS(SHORT_DAYS + 1), 1000000);
    assert_int_equal(versions(r, &r->child, POLICE), 2);
    pass(r, &x, DAYS(FILE_DAYS + 1), 1000000);
    assert_int_equal(versions(r, &r->child, POLICE), 2);
    assert_int_equal(versions(r, &r->child, SCHOOL), 0);
    assert_int_equal(people_count(&r->h, TABLE_REQUEST), 0);
    assert_true(is_subject(r, &r->child));
    decide(r, &r->child, &tx, "done", DAYS(FILE_DAYS + 1));
    pass(r, &x, DAYS(FILE_DAYS + 2), 1000000);
    assert_int_equal(versions(r, &r->child, POLICE), 0);
    assert_int_equal(people_count(&r->h, TABLE_DATUM), 0);
    assert_int_equal(people_count(&r->h, TABLE_HISTORY), 0);
}

/* ---- the clock ---- */

static bool held(room *r, uint64_t now)
{
    bool is = false;
    turn t = house_begin(&r->h, now, MiB);
    assert_int_equal(clock_guard(&t, &is), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_int_equal(METRIC_GET(&r->h.metrics, retention_held), is);
    return is;
}

static void a_clock_that_jumps_is_not_believed(void **state)
{
    room *r = *state;
    assert_false(held(r, T0)); /* the first that is seen */
    assert_false(held(r, DAYS(7)));
    assert_true(held(r, DAYS(14) + 1));
    assert_true(held(r, DAYS(4000)));
    assert_true(held(r, DAYS(4000) + 1)); /* seeing it again makes it no truer */
    assert_false(held(r, DAYS(8)));       /* set right */
    assert_false(held(r, DAYS(3)));       /* set back: nothing is over by it */
    assert_true(held(r, DAYS(16)));

    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    j->by = "op-1";
    j->reason = "was-off";
    turn t = house_begin(&r->h, DAYS(16), MiB);
    assert_int_equal(handle_clock(&t, j), SLUIS_OK);
    assert_true(t.has_entry);
    house_commit(&r->h, &t);
    assert_string_equal(j->outcome, "confirmed");
    assert_false(held(r, DAYS(16)));
    assert_true(held(r, DAYS(24)));
    job_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(each_datum_by_its_class, setup, teardown),
        cmocka_unit_test_setup_teardown(what_goes_on_in_another_ends_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_handed_over_ends_without_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_case_stays_with_its_data, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_chain_in_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(begun_again_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(who_was_two_ends_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_past_of_who_was_two, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_client_asked_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_datum_whose_use_is_stopped_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_is_not_believed, setup, teardown),
    };
    return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
