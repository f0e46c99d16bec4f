/* What is registered of a person, for the copy that this person gets: who reads which datum, and page after
 * page. */
#include "kit_read.h"

#include "core/settle.h"
#include "read/own_data.h"

#define PORTAL "clientportaal"

static void say(room *r, turn *t, const subject *s, uint32_t id, const char *value, char *condition,
                char *law)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    d.value = TEXT(value);
    d.source = TEXT(SOURCE);
    d.category = CATEGORY_ORDINARY;
    d.obtained = d.registered = HOUSE_MS;
    d.conditions = &condition;
    d.n_conditions = condition != NULL;
    d.laws = &law;
    d.n_laws = law != NULL;
    assert_int_equal(registry_put(r->h.p.registry, t->t, s, id, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
}

/* Lets another person, member 2, read what is about member 1. */
static void let_in(room *r, turn *t, bool secret)
{
    static uint32_t two[] = {2};
    Sluis__CaseRow *row = NULL;
    Sluis__MemberRow other = SLUIS__MEMBER_ROW__INIT, *all[2];
    subject s = house_subject(&r->h, t->t, "999990020");
    assert_int_equal(case_load(t->t, r->h.p.rows, r->case_id.b, t->arena, &row), SLUIS_OK);
    other.member = 2;
    other.sid = data_of(s.sid.b, ID_LEN);
    other.role = TEXT("ouder");
    all[0] = row->members[0];
    all[1] = &other;
    all[0]->seen_by = two;
    all[0]->n_seen_by = 1;
    all[0]->secret = secret;
    row->members = all;
    row->n_members = 2;
    assert_int_equal(case_save(t->t, r->h.p.rows, r->case_id.b, row), SLUIS_OK);
    subject_close(&s);
}

static sluis_err ask(room *r, uint32_t viewer, ProtobufCBinaryData after, job **out)
{
    Sluis__ApiExportDossier *q;
    job *j = call_of(r, PORTAL, OIN_GEM, "client");
    q = arena_alloc(job_arena(j), sizeof(*q));
    sluis__api_export_dossier__init(q);
    q->case_id = data_of(r->case_id.b, ID_LEN);
    q->member = 1;
    q->viewer = viewer;
    q->values = true;
    q->values_after = after;
    j->call->op_case = SLUIS__API_CALL__OP_EXPORT_DOSSIER;
    j->call->export_dossier = q;
    *out = j;
    return run(r, j, read_export);
}

/* The names of a page, a space between; each with "!" and why when its value is not there. */
static const char *names(room *r, uint32_t viewer)
{
    static char text[1024];
    job *j = NULL;
    assert_int_equal(ask(r, viewer, (ProtobufCBinaryData){0, NULL}, &j), SLUIS_OK);
    const Sluis__ApiExport *x = reply_of(j)->export;
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < x->n_data; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%s%s", i ? " " : "",
                              x->data[i]->datum->attribute, *x->data[i]->withheld ? "!" : "",
                              x->data[i]->withheld);
    assert_int_equal(x->own, viewer == 1);
    assert_int_equal(x->page->n_entries, 0);
    assert_int_equal(j->read.record->type, SLUIS__RECORD_TYPE__R_DOSSIER);
    assert_true(x->n_data == 0 || j->read.record->n_attributes > 0);
    job_free(&j);
    return text;
}

static void who_reads_what(void **state)
{
    room *r = *state;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    let_in(r, &t, false);
    say(r, &t, &s, 1002, "De Sluis", NULL, TEXT("wmo"));
    say(r, &t, &s, 1003, "bao", TEXT("niet-aan-huisgenoten"), TEXT("wmo"));
    say(r, &t, &s, 1004, "x", TEXT("eerst-bespreken"), TEXT("wmo"));
    say(r, &t, &s, 1006, "4a", NULL, TEXT("jeugdwet"));
    say(r, &t, &s, 14, "moeder", NULL, TEXT("wmo"));
    house_commit(&r->h, &t);
    assert_string_equal(names(r, 1), "bsn!number gezag-minderjarige!about-others school-naam school-soort "
                                     "school-jaargroep school-groepsnaam");
    assert_string_equal(
        names(r, 2),
        "bsn!number gezag-minderjarige!about-others school-naam school-jaargroep school-groepsnaam");
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    let_in(r, &t, true);
    house_commit(&r->h, &t);
    assert_non_null(strstr(names(r, 1), "school-naam"));
    assert_string_equal(names(r, 2),
                        "bsn!number gezag-minderjarige!about-others school-jaargroep school-groepsnaam");
    subject_close(&s);
}

/* What stays at its source says so, and is there while what was fetched is kept. */
static void at_its_source(void **state)
{
    room *r = *state;
    static const id16 only = {{0}};
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    d.source = TEXT(SOURCE);
    d.reference = true;
    d.value = TEXT("");
    assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_string_equal(names(r, 1), "bsn!number school-jaargroep!at-source");
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    kept.until = clock_ms() + DAY_MS;
    d.kept = &kept;
    d.value = TEXT("4");
    assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_string_equal(names(r, 1), "bsn!number school-jaargroep");
    /* to another member: in the case that it was fetched for, and under that law */
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    let_in(r, &t, false);
    house_commit(&r->h, &t);
    for (int i = 0; i < 3; i++) {
        static const id16 elsewhere = {{1}};
        const bool same_case = i != 0, same_law = i != 1;
        t = house_begin(&r->h, HOUSE_MS, 1u << 20);
        kept.case_id = data_of(same_case ? r->case_id.b : elsewhere.b, ID_LEN);
        kept.law = TEXT(same_law ? "wmo" : "jeugdwet");
        assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
        house_commit(&r->h, &t);
        assert_string_equal(names(r, 2), same_case && same_law ? "bsn!number school-jaargroep"
                                                               : "bsn!number school-jaargroep!at-source");
        assert_string_equal(names(r, 1), "bsn!number school-jaargroep");
    }
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    kept.until = clock_ms() - 1;
    assert_int_equal(registry_keep(t.p->registry, t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_string_equal(names(r, 1), "bsn!number school-jaargroep!at-source");
    subject_close(&s);
}

/* A page is bounded, and the next goes on behind it: each once. */
static void page_after_page(void **state)
{
    enum { MANY = DOSSIER_PAGE_MAX + 20 };
    room *r = *state;
    ProtobufCBinaryData after = {0, NULL};
    uint8_t place[OWN_PLACE_LEN];
    size_t all = 0, pages = 0;
    job *j = NULL;
    turn t = house_begin(&r->h, HOUSE_MS, 8u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    for (uint32_t i = 1; i <= MANY; i++) {
        id16 instance = {{0}};
        put_u32(instance.b, i);
        put_datum(r, t.t, &s, 1006, &instance, "groep");
    }
    subject_close(&s);
    house_commit(&r->h, &t);
    do {
        assert_int_equal(ask(r, 1, after, &j), SLUIS_OK);
        const Sluis__ApiExport *x = reply_of(j)->export;
        assert_true(x->n_data <= DOSSIER_PAGE_MAX);
        all += x->n_data;
        pages++;
        after.len = x->values_next.len;
        if (after.len) {
            assert_int_equal(after.len, sizeof place);
            memcpy(place, x->values_next.data, sizeof place);
            after.data = place;
        }
        job_free(&j);
    } while (after.len);
    assert_int_equal(all, MANY + 2);
    assert_int_equal(pages, 2);
    assert_int_equal(ask(r, 1, (ProtobufCBinaryData){3, place}, &j), SLUIS_INVALID);
    job_free(&j);
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    let_in(r, &t, false);
    house_commit(&r->h, &t);
    assert_int_equal(ask(r, 2, data_of(place, sizeof place), &j), SLUIS_INVALID); /* another reader's */
    job_free(&j);
    assert_int_equal(ask(r, 1, data_of(place, sizeof place), &j), SLUIS_OK);
    job_free(&j);
}

/* ---- what stood before ---- */

#define SCHOOL 1002 /* school-naam: an address */
#define GROUP  1006 /* school-groepsnaam */

static uint64_t began; /* when the first of them was said, less a second */

/* A source says something, under an entry of its own, a second after the one before. */
typedef struct {
    room *r;
    uint64_t seconds;
    uint32_t id;
    turn t;
    subject s;
    settlement settled;
} saying;

static void begin_entry(saying *x)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    began = x->seconds ? began : HOUSE_MS;
    x->t = house_begin(&x->r->h, began + ++x->seconds * 1000, 4u << 20);
    x->s = house_subject(&x->r->h, x->t.t, x->r->h.person);
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    assert_int_equal(turn_journal(&x->t, &rec), SLUIS_OK);
    settlement_begin(&x->settled, NULL, "because");
}

static void end_entry(saying *x)
{
    assert_int_equal(settlement_write(&x->t, &x->settled, &x->s), SLUIS_OK);
    subject_close(&x->s);
    house_commit(&x->r->h, &x->t);
}

/* how: of "corrected", "withdrawn", "requested", or a condition. */
static void say_on(saying *x, const char *source, const char *value, const char *how, const char *law)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    char *laws[] = {TEXT(law)}, *conditions[] = {TEXT(how)};
    begin_entry(x);
    d.value = TEXT(value);
    d.source = TEXT(source);
    d.obtained = d.registered = x->t.now;
    d.journal_index = x->t.entry.index;
    d.laws = laws;
    d.n_laws = 1;
    if (strcmp(how, "corrected") == 0 || strcmp(how, "withdrawn") == 0)
        d.corrected = x->t.now;
    else if (strcmp(how, "requested") == 0)
        d.requested = data_of((const uint8_t *)"0123456789abcdef", UUID_LEN);
    else if (*how) {
        d.conditions = conditions;
        d.n_conditions = 1;
    }
    d.withdrawn = strcmp(how, "withdrawn") == 0;
    assert_int_equal(
        registry_put(x->r->h.p.registry, x->t.t, &x->s, x->id, &only, &d, &outcome, &version, NULL),
        SLUIS_OK);
    end_entry(x);
}

/* What stands beside is resolved; outcome NULL: it is accepted. */
static void resolve(saying *x, const char *outcome)
{
    static const id16 only = {{0}};
    datum d;
    begin_entry(x);
    assert_int_equal(registry_get(x->r->h.p.registry, x->t.t, &x->s, x->id, &only, x->t.arena, &d), SLUIS_OK);
    assert_non_null(d.beside);
    assert_int_equal(outcome ? settle_drop(&x->t, &x->settled, &x->s, x->id, &d, d.beside, outcome)
                             : settle_accept(&x->t, &x->settled, &x->s, x->id, &d, d.beside),
                     SLUIS_OK);
    end_entry(x);
}

static void put_statement(saying *x, const char *words)
{
    static const id16 only = {{0}};
    datum d;
    begin_entry(x);
    assert_int_equal(registry_get(x->r->h.p.registry, x->t.t, &x->s, x->id, &only, x->t.arena, &d), SLUIS_OK);
    assert_int_equal(registry_state(x->t.t, &x->s, x->id, &d, TEXT(words), x->t.entry.index, x->t.now),
                     SLUIS_OK);
    end_entry(x);
}

static int second_of(uint64_t ms)
{
    return ms ? (int)((ms - began) / 1000) : -1;
}

/* Of all pages, what is told of one attribute: "value" or "!why"; ">" beside; of an earlier one its seconds
 * and why it ended, "#" settled. */
static const char *told_of(room *r, uint32_t viewer, const char *name, size_t *pages)
{
    static char text[65536];
    uint8_t place[OWN_PLACE_LEN];
    ProtobufCBinaryData after = {0, NULL};
    size_t n = 0;
    *pages = 0;
    text[0] = '\0';
    do {
        job *j = NULL;
        assert_int_equal(ask(r, viewer, after, &j), SLUIS_OK);
        const Sluis__ApiExport *x = reply_of(j)->export;
        assert_true(x->n_data <= DOSSIER_PAGE_MAX);
        for (size_t i = 0; i < x->n_data; i++) {
            const Sluis__ApiOwnDatum *o = x->data[i];
            if (strcmp(o->datum->attribute, name) != 0)
                continue;
            assert_true(n < sizeof text - 128);
            n +=
                (size_t)snprintf(text + n, sizeof text - n, "%s%s%s%s%s", n ? " | " : "",
                                 o->beside ? ">" : "", *o->withheld ? "!" : "", o->withheld, o->datum->value);
            if (*o->ended)
                n += (size_t)snprintf(text + n, sizeof text - n, " %d-%d %s%s", second_of(o->since),
                                      second_of(o->until), o->settled ? "#" : "", o->ended);
        }
        after = data_of(place, x->values_next.len);
        if (after.len)
            memcpy(place, x->values_next.data, sizeof place);
        ++*pages;
        job_free(&j);
    } while (after.len);
    return text;
}

static void let_in_now(room *r)
{
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    let_in(r, &t, false);
    house_commit(&r->h, &t);
}

/* Each with its seconds and why it stands no more, newest first; to another member not what was corrected, of
 * another law, or for the person alone. */
static void each_earlier_value(void **state)
{
    saying x = {.r = *state, .id = GROUP};
    size_t pages;
    let_in_now(x.r);
    say_on(&x, OIN_SCHL, "4a", "", "wmo");
    say_on(&x, OIN_SCHL, "4b", "", "wmo");
    say_on(&x, OIN_SCHL, "4b", "", "jeugdwet");
    say_on(&x, OIN_SCHL, "4c", "corrected", "wmo");
    put_statement(&x, "niet waar");
    say_on(&x, OIN_SCHL, "4d", "requested", "wmo");
    assert_string_equal(told_of(x.r, 1, "school-groepsnaam", &pages),
                        "4d | 4c 5-6 at-request | 4c 4-5 statement-added | 4b 3-4 corrected | "
                        "4b 2-3 said-again | 4a 1-2 replaced");
    assert_string_equal(told_of(x.r, 2, "school-groepsnaam", &pages), "4d | 4c 5-6 at-request");
    say_on(&x, OIN_SCHL, "5", "niet-aan-huisgenoten", "wmo");
    assert_string_equal(told_of(x.r, 2, "school-groepsnaam", &pages), "");
    say_on(&x, OIN_SCHL, "6", "eerst-bespreken", "wmo");
    assert_string_equal(told_of(x.r, 1, "school-groepsnaam", &pages), "");
    say_on(&x, OIN_SCHL, "7", "", "jeugdwet");
    say_on(&x, OIN_SCHL, "8", "", "wmo");
    assert_string_equal(told_of(x.r, 2, "school-groepsnaam", &pages),
                        "8 | 7 9-10 replaced | 4d 6--1 not-told | 4c 5-6 at-request");
    assert_non_null(strstr(told_of(x.r, 1, "school-groepsnaam", &pages),
                           "8 | 7 9-10 replaced | 5 7--1 not-told | 4d 6-7 replaced | 4c"));
    say_on(&x, OIN_SCHL, "8", "withdrawn", "wmo");
    assert_non_null(
        strstr(told_of(x.r, 1, "school-groepsnaam", &pages), "!taken-back | 8 10-11 taken-back | 7"));
    assert_string_equal(told_of(x.r, 2, "school-groepsnaam", &pages), "");
    assert_int_equal(pages, 1);
}

/* What stood beside and what became of it, with what it took the place of itself. */
static void what_was_settled(void **state)
{
    saying x = {.r = *state, .id = GROUP};
    size_t pages;
    let_in_now(x.r);
    say_on(&x, OIN_SCHL, "4a", "", "wmo");
    say_on(&x, OIN_GGD, "5a", "", "wmo");
    say_on(&x, OIN_GGD, "5b", "", "wmo");
    assert_string_equal(told_of(x.r, 1, "school-groepsnaam", &pages), "4a | >5b | >5a 2-3 replaced");
    resolve(&x, SETTLED_KEPT);
    assert_string_equal(told_of(x.r, 1, "school-groepsnaam", &pages),
                        "4a | >5b 3-4 #settled-kept | >5a 2-3 #replaced");
    say_on(&x, OIN_GGD, "6", "", "wmo");
    resolve(&x, NULL);
    assert_string_equal(told_of(x.r, 1, "school-groepsnaam", &pages),
                        "6 | 4a 1-6 other-source | >5b 3-4 #settled-kept | >5a 2-3 #replaced");
    assert_string_equal(told_of(x.r, 2, "school-groepsnaam", &pages),
                        told_of(x.r, 1, "school-groepsnaam", &pages));
    say_on(&x, OIN_SCHL, "7", "niet-aan-huisgenoten", "wmo");
    resolve(&x, SETTLED_WITHDRAWN);
    assert_null(strstr(told_of(x.r, 2, "school-groepsnaam", &pages), "7"));
    assert_non_null(strstr(told_of(x.r, 1, "school-groepsnaam", &pages), ">7 7-8 #taken-back"));
}

/* More of them than pages hold, each once; the pages go on in the middle of a past. */
static void a_past_of_many_pages(void **state)
{
    enum { MANY = 640 };
    saying x = {.r = *state, .id = GROUP};
    char value[24], want[32];
    size_t pages, at = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(value, sizeof value, "v%d", i);
        say_on(&x, OIN_SCHL, value, "", "wmo");
    }
    say_on(&x, OIN_GGD, "w0", "", "wmo");
    for (int i = 1; i <= MANY; i++) {
        snprintf(value, sizeof value, "w%d", i);
        say_on(&x, OIN_GGD, value, "", "wmo");
    }
    for (int settled = 0; settled < 2; settled++) {
        const char *text = told_of(x.r, 1, "school-groepsnaam", &pages);
        assert_int_equal(pages, 3);
        for (int i = MANY - 1; i >= 0; i--) {
            snprintf(want, sizeof want, i == MANY - 1 ? "v%d | " : "v%d %d-%d replaced", i, i + 1, i + 2);
            const char *found = strstr(text, want);
            if (!found || (size_t)(found - text) < at || strstr(found + 1, want))
                fail_msg("%s: not in its place, or not once", want);
            at = (size_t)(found - text);
        }
        snprintf(want, sizeof want, settled ? ">w%d %d-%d #settled-kept" : ">w%d | ", MANY, 2 * MANY + 1,
                 2 * MANY + 2);
        assert_non_null(strstr(text, want));
        for (int i = MANY - 1; i >= 0; i--) {
            snprintf(want, sizeof want, ">w%d %d-%d %sreplaced", i, MANY + i + 1, MANY + i + 2,
                     settled ? "#" : "");
            const char *found = strstr(text, want);
            if (!found || (size_t)(found - text) < at || strstr(found + 1, want))
                fail_msg("%s: not in its place, or not once", want);
            at = (size_t)(found - text);
        }
        at = 0;
        if (!settled)
            resolve(&x, SETTLED_KEPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_reads_what, setup, teardown),
        cmocka_unit_test_setup_teardown(at_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(page_after_page, setup, teardown),
        cmocka_unit_test_setup_teardown(each_earlier_value, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_settled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_past_of_many_pages, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
