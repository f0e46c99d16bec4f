#include <fcntl.h>
#include <time.h>

#include "kit_adapter.h"
#include "sources/folder.h"
#include "sources/typed.h"
#include "school/school.h"
#include "wgs/wgs.h"

#define CONF "adapters/wgs/ddas-1.0.conf"

/* A delivery about one person; %s: BSN, start of the trajectory, description. */
static const char delivery[] = "{\"startdatumLevering\":\"2026-01-01\",\"einddatumLevering\":\"2026-01-31\","
                               "\"aanleverdatumEnTijd\":\"2026-02-01T00:00:00Z\","
                               "\"codeGegevensleverancier\":\"X\",\"leveringen\":[{\"teller\":1,"
                               "\"aanleverende_organisatie\":{},\"schuldhulptrajecten\":[{"
                               "\"gemeentecode\":\"GM9999\",\"startdatum\":\"%s\",\"omschrijving\":\"%s\","
                               "\"client\":[{\"Burgerservicenummer\":\"%s\"}]}]}]}";

typedef struct {
    char folder[64];
    catalogue *c;
    mapping *m;
} fixture;

static int setup(void **state)
{
    fixture *t = calloc(1, sizeof *t);
    kit_folder(t->folder);
    t->c = kit_catalogue();
    t->m = kit_mapping(t->c, CONF);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    fixture *t = *state;
    mapping_free(&t->m);
    catalogue_free(&t->c);
    kit_remove(t->folder);
    free(t);
    return 0;
}

/* The file as of `age` seconds ago. */
static void put(const fixture *t, const char *name, const char *bsn, const char *start, const char *what,
                int age)
{
    char text[1024], path[256];
    snprintf(text, sizeof text, delivery, start, what, bsn);
    kit_write(t->folder, name, text);
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    struct timespec now, when[2];
    clock_gettime(CLOCK_REALTIME, &now);
    when[0] = when[1] = (struct timespec){now.tv_sec - age, 0};
    assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
}

static source *open_folder(const fixture *t, size_t max_files, bool test_mode)
{
    source *s;
    sluis_fail f = {0};
    const folder_options o = {.path = t->folder,
                              .mapping = t->m,
                              .kind = &wgs_party,
                              .max_files = max_files,
                              .max_bytes = 65536,
                              .test_mode = test_mode};
    assert_ok(folder_source_new(&s, &o, &f), &f);
    return s;
}

static void finds_and_joins(void **state)
{
    fixture *t = *state;
    put(t, "a.json", PARENT, "2025-01-01", "oud", 100);
    put(t, "b.json", PARENT, "2025-01-01", "nieuw", 50);
    put(t, "c.json", PARENT, "2026-01-01", "ander", 80);
    put(t, "d.json", CHILD, "2024-01-01", "kind", 80);
    put(t, "e.txt", NOBODY, "2024-01-01", "geen json", 80);
    source *s = open_folder(t, 100, true);
    source_status st;
    source_status_get(s, &st);
    assert_int_equal(st.files, 4);
    assert_int_equal(st.persons, 2);
    assert_int_equal(st.faults, 0);
    arena *a = arena_new(1 << 20);
    source_person p;
    sluis_fail f = {0};
    assert_ok(source_lookup(s, PARENT, a, &p, &f), &f);
    assert_int_equal(p.n, 4); /* two starts, two descriptions: of equal starts the newer file's */
    const char *first = kit_value(t->c, p.v, p.n, "wgs-traject-omschrijving", 0),
               *second = kit_value(t->c, p.v, p.n, "wgs-traject-omschrijving", 1);
    assert_true((strcmp(first, "nieuw") == 0 && strcmp(second, "ander") == 0) ||
                (strcmp(first, "ander") == 0 && strcmp(second, "nieuw") == 0));
    assert_int_equal(source_lookup(s, NOBODY, a, &p, &f), SLUIS_NOT_FOUND);
    assert_false(p.typed);
    arena_free(&a);
    source_free(&s);
}

static void sees_changes(void **state)
{
    fixture *t = *state;
    char path[256];
    source *s = open_folder(t, 100, true);
    arena *a = arena_new(1 << 20);
    source_person p;
    sluis_fail f = {0};
    assert_int_equal(source_lookup(s, CHILD, a, &p, &f), SLUIS_NOT_FOUND);
    put(t, "a.json", CHILD, "2025-01-01", "een", 100);
    assert_ok(source_refresh(s, &f), &f);
    assert_ok(source_lookup(s, CHILD, a, &p, &f), &f);
    put(t, "a.json", CHILD, "2025-01-01", "twee", 50);
    assert_ok(source_refresh(s, &f), &f);
    assert_ok(source_lookup(s, CHILD, a, &p, &f), &f);
    assert_string_equal(kit_value(t->c, p.v, p.n, "wgs-traject-omschrijving", 0), "twee");
    snprintf(path, sizeof path, "%s/a.json", t->folder);
    assert_int_equal(unlink(path), 0);
    /* gone, and not looked at yet: the system cannot be reached, which is not "unknown" */
    assert_int_equal(source_lookup(s, CHILD, a, &p, &f), SLUIS_IO);
    assert_ok(source_refresh(s, &f), &f);
    assert_int_equal(source_lookup(s, CHILD, a, &p, &f), SLUIS_NOT_FOUND);
    arena_free(&a);
    source_free(&s);
}

static void leaves_out_what_it_cannot_use(void **state)
{
    fixture *t = *state;
    char path[256];
    put(t, "good.json", CHILD, "2025-01-01", "goed", 10);
    put(t, "bad-999990021.json", "999990021", "2025-01-01", "geen bsn", 10);
    kit_write(t->folder, "broken.json", "{");
    char *big = calloc(1, 70000);
    memset(big, ' ', 69999);
    kit_write(t->folder, "big.json", big);
    free(big);
    snprintf(path, sizeof path, "%s/link.json", t->folder);
    assert_int_equal(symlink("good.json", path), 0);
    snprintf(path, sizeof path, "%s/pipe.json", t->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    source *s = open_folder(t, 100, true);
    source_status st;
    source_status_get(s, &st);
    assert_int_equal(st.files, 4);
    assert_int_equal(st.faults, 3);
    assert_int_equal(st.persons, 1);
    source_free(&s);
    s = open_folder(t, 2, true);
    source_status_get(s, &st);
    assert_int_equal(st.files, 2);
    source_free(&s);
    s = open_folder(t, 100, false);
    source_status_get(s, &st);
    assert_int_equal(st.persons, 0); /* a test person is nobody outside test mode */
    assert_int_equal(st.faults, 4);
    source_free(&s);
}

static void a_closed_file_closes_the_person(void **state)
{
    (void)state;
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, "adapters/school/oso-2019.1.conf");
    const folder_options o = {.path = "adapters/school/samples",
                              .mapping = m,
                              .kind = &school_party,
                              .max_files = 10,
                              .max_bytes = DOCUMENT_MAX_BYTES,
                              .test_mode = true};
    source *s;
    source_person p;
    sluis_fail f = {0};
    arena *a = arena_new(1 << 20);
    assert_ok(folder_source_new(&s, &o, &f), &f);
    assert_ok(source_lookup(s, REFUSING, a, &p, &f), &f);
    assert_string_equal(p.refusal, "geen-akkoord-ouders");
    assert_ok(source_lookup(s, CHILD, a, &p, &f), &f);
    assert_null(p.refusal);
    assert_int_equal(p.n, 30);
    assert_int_equal(source_lookup(s, PARENT, a, &p, &f), SLUIS_NOT_FOUND);
    arena_free(&a);
    source_free(&s);
    mapping_free(&m);
    catalogue_free(&c);
}

static void typed_and_none(void **state)
{
    (void)state;
    source *s;
    source_person p;
    sluis_fail f = {0};
    arena *a = arena_new(4096);
    assert_int_equal(typed_source_new(&s), SLUIS_OK);
    assert_ok(source_lookup(s, PARENT, a, &p, &f), &f);
    assert_true(p.typed);
    assert_int_equal(p.n, 0);
    assert_ok(source_refresh(s, &f), &f);
    source_free(&s);
    assert_null(s);
    assert_int_equal(no_source_new(&s), SLUIS_OK);
    assert_int_equal(source_lookup(s, PARENT, a, &p, &f), SLUIS_NOT_FOUND);
    source_free(&s);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_and_joins, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_out_what_it_cannot_use, setup, teardown),
        cmocka_unit_test(a_closed_file_closes_the_person),
        cmocka_unit_test(typed_and_none),
    };
    return cmocka_run_group_tests_name("source_folder", tests, NULL, NULL);
}
