/* What is registered of a person, for the copy that this person gets: who reads which datum, and page after
 * page. */
#include "kit_read.h"

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
    assert_int_equal(registry_keep(t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
    house_commit(&r->h, &t);
    assert_string_equal(names(r, 1), "bsn!number school-jaargroep!at-source");
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    kept.until = clock_ms() + DAY_MS;
    d.kept = &kept;
    d.value = TEXT("4");
    assert_int_equal(registry_keep(t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
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
        assert_int_equal(registry_keep(t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
        house_commit(&r->h, &t);
        assert_string_equal(names(r, 2), same_case && same_law ? "bsn!number school-jaargroep"
                                                               : "bsn!number school-jaargroep!at-source");
        assert_string_equal(names(r, 1), "bsn!number school-jaargroep");
    }
    t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    kept.until = clock_ms() - 1;
    assert_int_equal(registry_keep(t.t, &s, GROUP_ATTRIBUTE, &only, &d), SLUIS_OK);
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
    uint8_t place[OWN_DATA_PLACE];
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_reads_what, setup, teardown),
        cmocka_unit_test_setup_teardown(at_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(page_after_page, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
