/* The shipped rule set, values, and what a file may not say: each mistake is an error with file and line. */
#include "kit_rules.h"

#include "mapping/catalogue.h"

#include <sys/stat.h>
#include <unistd.h>

static void shipped_set_loads(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    assert_int_equal(rules_attribute_count(r), 176);

    const attribute *a = rules_attribute(r, 4004);
    assert_non_null(a);
    assert_string_equal(a->name, "wgs-totaal-schuldbedrag");
    assert_int_equal(a->type, TYPE_AMOUNT);
    assert_int_equal(a->category, CATEGORY_FINANCIAL);
    assert_string_equal(a->source, "wgs");
    assert_string_equal(a->retention, "wgs-dossier");
    assert_string_equal(a->ggm, "Schuldhulptraject.totaalSchuldbedragBijAanvangSchuld");
    assert_int_equal(a->valid_days, 90);
    assert_ptr_equal(rules_attribute_named(r, "wgs-totaal-schuldbedrag"), a);
    assert_int_equal(rules_attribute_named(r, "bsn")->id, 1);
    assert_int_equal(rules_attribute_named(r, "geboortedatum")->id, 2);
    assert_null(rules_attribute_named(r, "bsn2"));
    assert_null(rules_attribute_named(r, NULL));
    assert_null(rules_attribute(r, 999));

    for (size_t i = 1; i < rules_attribute_count(r); i++)
        assert_true(rules_attribute_at(r, i - 1)->id < rules_attribute_at(r, i)->id);
    assert_null(rules_attribute_at(r, rules_attribute_count(r)));
    rules_unref(&r);
    assert_null(r);
    rules_unref(&r);
}

/* The mapping files of the adapters by the names that the catalogue calls them, as text: the adapter's own
 * readers are tested elsewhere. */
static const struct {
    const char *name, *file;
} mappings[] = {{"oso-2019.1", "adapters/school/oso-2019.1.conf"},
                {"jgz-dossieroverdracht", "adapters/ggd/jgz-dossieroverdracht.conf"},
                {"ddas-1.0", "adapters/wgs/ddas-1.0.conf"}};
#define MAPPINGS (sizeof mappings / sizeof mappings[0])

static char *mapping_text(size_t i)
{
    char *text = calloc(1, 1u << 19);
    assert_non_null(text);
    FILE *in = fopen(mappings[i].file, "rb");
    if (!in)
        fail_msg("%s is not here: run from the root of the repository", mappings[i].file);
    assert_true(fread(text, 1, (1u << 19) - 1, in) > 0);
    fclose(in);
    return text;
}

/* For what, and on which basis, views of a law fetch what stays at its source. */
static void what_is_fetched(void **state)
{
    (void)state;
    kit_set k;
    kit_read(&k);
    kit_replace(&k, "catalogue.conf", "\"school-naam\"", "valid_days = 365;",
                "valid_days = 365; at_source_s = 60;");
    rules *r = kit_rules(&k);
    const fetch_rule *f = rules_fetch(r, "wmo", 0, day("2026-11-26"));
    assert_int_equal(rules_attribute_named(r, "school-naam")->at_source_s, 60);
    assert_int_equal(rules_attribute_named(r, "school-soort")->at_source_s, 0);
    assert_non_null(f);
    assert_string_equal(f->purpose, "onderzoek-meervoudige-problematiek");
    assert_string_equal(f->legal_basis, "wams-5.4.1");
    assert_int_equal(f->answer_days, 14);
    assert_null(rules_fetch(r, "wmo", 1, day("2026-11-26")));
    assert_null(rules_fetch(r, "wmo", 0, day("2025-12-31")));
    assert_null(rules_fetch(r, "jeugdwet", 0, day("2026-11-26")));
    rules_unref(&r);
    kit_close(&k);
}

/* The catalogue is large enough, over all domains; what it says of a mapping, the mapping says too. */
static void every_datum_comes_from_somewhere_and_is_used(void **state)
{
    (void)state;
    static const struct {
        const char *domain;
        size_t data, mapped;
    } expected[] = {
        {"gemeente", 16, 0},        {"onderwijs", 32, 30}, {"ggd", 28, 22},        {"wgs", 27, 21},
        {"participatiewet", 14, 0}, {"jeugdwet", 11, 0},   {"politie", 11, 0},     {"wmo", 10, 0},
        {"huisarts", 10, 0},        {"leerplicht", 7, 0},  {"veilig-thuis", 6, 0}, {"veiligheidshuis", 4, 0}};
    rules *r = kit_shipped();
    sluis_fail f = {0};
    char *maps[MAPPINGS], quoted[128];
    size_t total = 0;
    if (rules_all_used(r, &f))
        fail_msg("%s: %s", f.where, f.text);
    for (size_t m = 0; m < MAPPINGS; m++)
        maps[m] = mapping_text(m);
    for (size_t d = 0; d < sizeof expected / sizeof expected[0]; d++) {
        size_t data = 0, mapped = 0;
        for (size_t i = 0; i < rules_attribute_count(r); i++) {
            const attribute *a = rules_attribute_at(r, i);
            if (strcmp(a->source, expected[d].domain) != 0)
                continue;
            snprintf(quoted, sizeof quoted, "name = \"%s\"", a->name);
            data++;
            mapped += a->mapping != NULL;
            assert_true(strlen(a->title) > 2 && rules_retention_days(r, a->retention) > 0);
            for (size_t m = 0; m < MAPPINGS; m++)
                if (!strstr(maps[m], quoted) != !(a->mapping && strcmp(a->mapping, mappings[m].name) == 0))
                    fail_msg("%s and %s do not agree on %s", mappings[m].file, a->mapping, a->name);
        }
        if (data != expected[d].data || mapped != expected[d].mapped)
            fail_msg("%s: %zu data, %zu of them mapped", expected[d].domain, data, mapped);
        total += data;
    }
    for (size_t m = 0; m < MAPPINGS; m++)
        free(maps[m]);
    assert_int_equal(total, rules_attribute_count(r));
    assert_true(total >= 120);
    rules_unref(&r);
}

/* A set loads with a datum that nothing fills or nobody sees, as one that was in force once may be; it does
 * not come in force so. */
static void what_nobody_fills_or_sees_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *row, *text;
    } wrong[] = {
        {"{ id = 900; name = \"proef\"; title = \"Proef\"; type = \"text\"; category = \"ordinary\"; "
         "source = \"gemeente\"; retention = \"wmo-dossier\"; valid_days = 1; }",
         "nothing fills \"proef\": name the mapping that does (mapping = \"...\"), or say that a person "
         "types "
         "it (form = true): "},
        {"{ id = 900; name = \"proef\"; title = \"Proef\"; type = \"text\"; category = \"ordinary\"; "
         "source = \"gemeente\"; retention = \"wmo-dossier\"; valid_days = 1; form = true; }",
         "no view shows \"proef\": add it to the attributes of one (views.conf): "},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char where[64], text[512];
        sluis_fail f = {0};
        kit_set k = {0};
        kit_read(&k);
        kit_append(&k, "catalogue.conf", wrong[i].row);
        int line = kit_replace(&k, "catalogue.conf", "", "\"proef\"", "\"proef\"");
        rules *r = kit_rules(&k);
        snprintf(where, sizeof where, "catalogue.conf:%d", line);
        snprintf(text, sizeof text, "%s\"%.120s...\"", wrong[i].text, wrong[i].row);
        assert_int_equal(rules_all_used(r, &f), SLUIS_INVALID);
        assert_string_equal(f.where, where);
        assert_string_equal(f.text, text);
        rules_unref(&r);
        kit_replace(&k, "catalogue.conf", "\"proef\"", "title =", "mapping = \"oso-2019.1\"; title =");
        kit_replace(&k, "views.conf", "", "\"school-naam\",", "\"school-naam\", \"proef\",");
        r = kit_rules(&k);
        assert_int_equal(rules_all_used(r, &f), SLUIS_OK);
        rules_unref(&r);
        kit_close(&k);
    }
}

static void words_are_found(void **state)
{
    (void)state;
    rules *r = kit_shipped();
    assert_string_equal(rules_purpose_title(r, "arbeidstoeleiding"), "Toeleiding naar werk");
    assert_string_equal(rules_legal_basis_title(r, "wams-4.3.3"), "Casusoverleg");
    assert_null(rules_purpose_title(r, NULL));
    assert_null(rules_legal_basis_title(r, "wams-9.9.9"));

    assert_string_equal(rules_reason(r, "opsporingsbelang")->title,
                        "Het belang van de opsporing of vervolging");
    assert_false(rules_reason(r, "opsporingsbelang")->not_possible);
    assert_true(rules_reason(r, "niet-beschikbaar")->not_possible);
    assert_null(rules_reason(r, "geen-zin"));
    assert_null(rules_reason(r, NULL));

    assert_int_equal(rules_retention_days(r, "wmo-dossier"), 5479);
    assert_int_equal(rules_retention_days(r, "verkeersgegevens"), 183);
    assert_int_equal(rules_retention_days(r, "beheer"), 0xffffffff);
    assert_int_equal(rules_retention_days(r, "eeuwig"), 0);
    assert_int_equal(rules_journal_class(r, "verkeersgegevens"), 6);
    assert_int_equal(rules_journal_class(r, "eeuwig"), 0);

    assert_true(rules_is_holiday(r, clock_day(day("2026-12-25"))));
    assert_true(rules_is_holiday(r, clock_day(day("2027-05-17"))));
    assert_false(rules_is_holiday(r, clock_day(day("2026-12-24"))));

    assert_string_equal(rules_article(r, "onderzoek-gewoon"), "Wams art. 5.4.1 en 5.4.2");
    assert_null(rules_article(r, "default-deny"));

    const application *a = rules_application(r, "clientportaal");
    assert_non_null(a);
    assert_true(a->client_portal);
    assert_string_equal(a->law, "");
    assert_false(rules_application(r, "wmo-intake")->client_portal);
    assert_true(application_may_act(a, &kit_oin));
    assert_false(application_may_act(a, &kit_bench_oin));
    assert_null(rules_application(r, "wmo"));
    rules_unref(&r);
}

/* One byte anywhere makes another set; the same bytes make the same one. */
static void hash_names_the_set(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    rules *shipped = kit_shipped(), *same = kit_rules(&k);
    assert_memory_equal(rules_hash(shipped), rules_hash(same), HASH_LEN);
    for (size_t i = 0; i < KIT_FILES; i++) {
        size_t n = strlen(k.text[i]);
        strcat(k.text[i], " ");
        rules *other = kit_rules(&k);
        assert_memory_not_equal(rules_hash(other), rules_hash(same), HASH_LEN);
        rules_unref(&other);
        k.text[i][n] = '\0';
    }
    rules_unref(&same);
    rules_unref(&shipped);
    kit_close(&k);
}

static void a_reference_keeps_the_set(void **state)
{
    (void)state;
    rules *r = kit_shipped(), *second = rules_ref(r);
    rules_unref(&r);
    assert_string_equal(rules_attribute(second, 1)->name, "bsn");
    rules_unref(&second);
}

static void values_fit_their_type(void **state)
{
    (void)state;
    char long_text[4098], long_code[66];
    memset(long_text, 'a', sizeof long_text);
    long_text[4097] = '\0';
    memset(long_code, 'a', sizeof long_code);
    long_code[65] = '\0';
    const struct {
        value_type type;
        const char *value;
        bool good;
    } cases[] = {
        {TYPE_TEXT, "Groep 7 – klas Bè\nmet regel\ten tab", true},
        {TYPE_TEXT, long_text + 1, true},
        {TYPE_TEXT, long_text, false},
        {TYPE_TEXT, "", false},
        {TYPE_TEXT, "bel \a", false},
        {TYPE_TEXT, "del \x7f", false},
        {TYPE_TEXT, "half \xc3", false},
        {TYPE_TEXT, "lang \xc0\x80", false},
        {TYPE_DATE, "2026-11-24", true},
        {TYPE_DATE, "2024-02-29", true},
        {TYPE_DATE, "2026-02-29", false},
        {TYPE_DATE, "2026-13-01", false},
        {TYPE_DATE, "2026-11-24T00:00:00Z", false},
        {TYPE_DATE, "24-11-2026", false},
        {TYPE_DATE, "20261124", false},
        {TYPE_NUMBER, "0", true},
        {TYPE_NUMBER, "-12.5", true},
        {TYPE_NUMBER, "123456789012345.123456", true},
        {TYPE_NUMBER, "1234567890123456", false},
        {TYPE_NUMBER, "1.1234567", false},
        {TYPE_NUMBER, "012", false},
        {TYPE_NUMBER, "-0", false},
        {TYPE_NUMBER, "+1", false},
        {TYPE_NUMBER, "1.", false},
        {TYPE_NUMBER, ".5", false},
        {TYPE_NUMBER, "1,5", false},
        {TYPE_NUMBER, "1e3", false},
        {TYPE_NUMBER, " 1", false},
        {TYPE_NUMBER, "-", false},
        {TYPE_AMOUNT, "12.50", true},
        {TYPE_AMOUNT, "8000", true},
        {TYPE_AMOUNT, "-0.50", true},
        {TYPE_AMOUNT, "12.5", false},
        {TYPE_AMOUNT, "12.505", false},
        {TYPE_AMOUNT, "-0.00", false},
        {TYPE_AMOUNT, "1.000,00", false},
        {TYPE_BOOL, "true", true},
        {TYPE_BOOL, "false", true},
        {TYPE_BOOL, "ja", false},
        {TYPE_BOOL, "True", false},
        {TYPE_BOOL, "1", false},
        {TYPE_CODE, "0%-aanbod", true},
        {TYPE_CODE, "H91.9.s", true},
        {TYPE_CODE, long_code + 1, true},
        {TYPE_CODE, long_code, false},
        {TYPE_CODE, "niet passend", false},
        {TYPE_CODE, "<b>", false},
        {TYPE_CODE, "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const attribute a = {.id = 1, .name = "proef", .type = cases[i].type};
        sluis_fail f = {0};
        sluis_err err = attribute_check_value(&a, cases[i].value, false, &f);
        if ((err == SLUIS_OK) != cases[i].good)
            fail_msg("case %zu: %s", i, cases[i].value);
        if (cases[i].good)
            continue;
        assert_int_equal(err, SLUIS_INVALID);
        assert_string_equal(f.where, "proef");
        if (strlen(cases[i].value) > 4)
            assert_null(strstr(f.text, cases[i].value)); /* never the value itself */
    }
}

/* The edges of each type and format: the last that fits, and the first that does not; to the gateway, and to
 * the adapter, which reads the same catalogue. */
static void edges_of_values(void **state)
{
    (void)state;
    static const char *const codes[] = {"M", "V"}, *const titles[] = {"Man", "Vrouw"};
    static const code_list list = {.id = "proef",
                                   .codes = (const char **)(uintptr_t)codes,
                                   .titles = (const char **)(uintptr_t)titles,
                                   .n = 2};
#define OF(f)                                                                                                \
    {                                                                                                        \
        .format = FORMAT_##f                                                                                 \
    }
#define LENGTH(n)                                                                                            \
    {                                                                                                        \
        .max_length = n                                                                                      \
    }
    const struct {
        value_type type;
        value_bounds bounds;
        const char *value;
        bool good;
    } cases[] = {
        /* leap days: every fourth year, not every hundredth, but every four hundredth */
        {TYPE_DATE, {0}, "2024-02-29", true},
        {TYPE_DATE, {0}, "2023-02-29", false},
        {TYPE_DATE, {0}, "2000-02-29", true},
        {TYPE_DATE, {0}, "1900-02-29", false},
        {TYPE_DATE, {0}, "2100-02-29", false},
        {TYPE_DATE, {0}, "2400-02-29", true},
        {TYPE_DATE, {0}, "2024-02-30", false},
        /* years 1 to 9999, months and their days */
        {TYPE_DATE, {0}, "0001-01-01", true},
        {TYPE_DATE, {0}, "0000-12-31", false},
        {TYPE_DATE, {0}, "0000-00-00", false},
        {TYPE_DATE, {0}, "9999-12-31", true},
        {TYPE_DATE, {0}, "10000-01-01", false},
        {TYPE_DATE, {0}, "2026-00-10", false},
        {TYPE_DATE, {0}, "2026-12-31", true},
        {TYPE_DATE, {0}, "2026-12-32", false},
        {TYPE_DATE, {0}, "2026-04-30", true},
        {TYPE_DATE, {0}, "2026-04-31", false},
        {TYPE_DATE, {0}, "2026-01-00", false},
        {TYPE_DATE, {0}, "2026-1-1", false},
        {TYPE_DATE, {0}, "2026-11-24 ", false},
        {TYPE_DATE, {0}, "-026-11-24", false},
        /* numbers: fifteen digits, six behind the point; no needless zero, sign or point */
        {TYPE_NUMBER, {0}, "999999999999999", true},
        {TYPE_NUMBER, {0}, "1000000000000000", false},
        {TYPE_NUMBER, {0}, "-999999999999999.999999", true},
        {TYPE_NUMBER, {0}, "0.0000001", false},
        {TYPE_NUMBER, {0}, "0.0", true},
        {TYPE_NUMBER, {0}, "-0.0", false},
        {TYPE_NUMBER, {0}, "-0.000001", true},
        {TYPE_NUMBER, {0}, "00", false},
        {TYPE_NUMBER, {0}, "0.5.5", false},
        {TYPE_NUMBER, {0}, "--1", false},
        {TYPE_NUMBER, {0}, "1 000", false},
        {TYPE_NUMBER, {0}, "0x10", false},
        {TYPE_NUMBER, {0}, "NaN", false},
        {TYPE_NUMBER, {0}, "\xef\xbc\x91", false}, /* a digit of another script */
        {TYPE_AMOUNT, {0}, "999999999999999.99", true},
        {TYPE_AMOUNT, {0}, "1000000000000000.00", false},
        {TYPE_AMOUNT, {0}, "0.00", true},
        {TYPE_AMOUNT, {0}, "-0.01", true},
        {TYPE_AMOUNT, {0}, "12.", false},
        {TYPE_AMOUNT, {0}, "12,50", false},
        {TYPE_AMOUNT,
         {0},
         "\xe2\x82\xac"
         "12.50",
         false},
        /* the eleven-test, and what stands around it */
        {TYPE_TEXT, OF(BSN), "999990019", true},
        {TYPE_TEXT, OF(BSN), "999990018", false}, /* one more or less */
        {TYPE_TEXT, OF(BSN), "999990109", false}, /* two digits changed places */
        {TYPE_TEXT, OF(BSN), "000000012", true},  /* leading zeros are normal */
        {TYPE_TEXT, OF(BSN), "000000000", false}, /* divisible, and nobody */
        {TYPE_TEXT, OF(BSN), "99999001", false},
        {TYPE_TEXT, OF(BSN), "9999900190", false},
        {TYPE_TEXT, OF(BSN), "99999001 ", false},
        {TYPE_TEXT, OF(BSN), "9999.9001", false},
        /* the other formats */
        {TYPE_TEXT, OF(POSTCODE), "1000AA", true},
        {TYPE_TEXT, OF(POSTCODE), "9999ZZ", true},
        {TYPE_TEXT, OF(POSTCODE), "0999AA", false},
        {TYPE_TEXT, OF(POSTCODE), "1234SB", true},
        {TYPE_TEXT, OF(POSTCODE), "1234SA", false},
        {TYPE_TEXT, OF(POSTCODE), "1234SD", false},
        {TYPE_TEXT, OF(POSTCODE), "1234ab", false},
        {TYPE_TEXT, OF(POSTCODE), "1234ABC", false},
        {TYPE_TEXT, OF(POSTCODE), "1234A", false},
        {TYPE_CODE, OF(MUNICIPALITY), "0000", true},
        {TYPE_CODE, OF(MUNICIPALITY), "344", false},
        {TYPE_CODE, OF(MUNICIPALITY), "00344", false},
        {TYPE_CODE, OF(BRIN), "99ZZ", true},
        {TYPE_CODE, OF(BRIN), "9ZZZ", false},
        {TYPE_CODE, OF(BRIN), "99zz", false},
        {TYPE_CODE, OF(AGB), "00000000", true},
        {TYPE_CODE, OF(AGB), "0000000", false},
        {TYPE_CODE, OF(AGB), "000000000", false},
        {TYPE_TEXT, OF(IBAN), "NO9386011117947", true}, /* fifteen characters, the shortest there is */
        {TYPE_TEXT, OF(IBAN), "NO938601111794", false},
        {TYPE_TEXT, OF(IBAN), "MT84MALT011000012345MTLCAST001S", true},
        {TYPE_TEXT, OF(IBAN), "NL91ABNA04171643001234567890123456A", false}, /* thirty-five */
        {TYPE_TEXT, OF(IBAN), "nl91ABNA0417164300", false},
        {TYPE_TEXT, OF(IBAN), "NL19ABNA0417164300", false},
        {TYPE_TEXT, OF(PHONE), "+12345678", true},
        {TYPE_TEXT, OF(PHONE), "+1234567", false},
        {TYPE_TEXT, OF(PHONE), "+123456789012345", true},
        {TYPE_TEXT, OF(PHONE), "+1234567890123456", false},
        {TYPE_TEXT, OF(PHONE), "0123456789", true},
        {TYPE_TEXT, OF(PHONE), "01234567890", false},
        {TYPE_TEXT, OF(PHONE), "1123456789", false},
        {TYPE_TEXT, OF(PHONE), "06-12345678", false},
        {TYPE_TEXT, OF(PHONE), "+", false},
        /* codes of a list: as they are written there */
        {TYPE_CODE, {.list = &list}, "M", true},
        {TYPE_CODE, {.list = &list}, "m", false},
        {TYPE_CODE, {.list = &list}, "MV", false},
        {TYPE_TEXT, {.list = &list}, "M ", false},
        {TYPE_TEXT, {.list = &list}, "Man", false},
        /* a length counts characters (code points), not bytes and not what is seen */
        {TYPE_TEXT, LENGTH(1), "a", true},
        {TYPE_TEXT, LENGTH(1), "ab", false},
        {TYPE_TEXT, LENGTH(1), "\xc3\xab", true},   /* e with diaeresis: two bytes */
        {TYPE_TEXT, LENGTH(1), "e\xcc\x88", false}, /* the same, combined: two */
        {TYPE_TEXT, LENGTH(2), "e\xcc\x88", true},
        {TYPE_TEXT, LENGTH(1), "\xe2\x82\xac", true},     /* euro: three bytes */
        {TYPE_TEXT, LENGTH(1), "\xf0\x9f\x8f\xa0", true}, /* a house: four */
        {TYPE_TEXT, LENGTH(2), "\xf0\x9f\x8f\xa0\xf0\x9f\x8f\xa0", true},
        {TYPE_TEXT, LENGTH(2),
         "\xf0\x9f\x8f\xa0\xf0\x9f\x8f\xa0"
         "a",
         false},
        {TYPE_TEXT, LENGTH(3), "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa6",
         true}, /* two people joined: three */
        {TYPE_TEXT, LENGTH(2), "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa6", false},
        {TYPE_TEXT, LENGTH(4), "\xc3\xab\xc3", false},     /* half a character is none */
        {TYPE_TEXT, LENGTH(4), "\xed\xa0\x80", false},     /* a surrogate */
        {TYPE_TEXT, LENGTH(4), "\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
    };
#undef OF
#undef LENGTH
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const attribute a = {.id = 1, .name = "proef", .type = cases[i].type, .bounds = cases[i].bounds};
        if (attribute_check_value(&a, cases[i].value, false, NULL) !=
            (cases[i].good ? SLUIS_OK : SLUIS_INVALID))
            fail_msg("case %zu: %s", i, cases[i].value);
        const catalogue_entry e = {.name = (char *)(uintptr_t) "proef",
                                   .kind = (value_kind)(cases[i].type - TYPE_TEXT),
                                   .bounds = cases[i].bounds};
        char room[BOUNDS_TEXT];
        if ((entry_misfit(&e, cases[i].value, room) == NULL) != cases[i].good)
            fail_msg("case %zu: the adapter says otherwise: %s", i, cases[i].value);
    }
}

/* Every byte at every place of a text of some words: what may stand there by itself, and nothing else. */
static void a_text_is_looked_at_to_its_last_byte(void **state)
{
    (void)state;
    const attribute a = {.id = 1, .name = "proef", .type = TYPE_TEXT};
    for (size_t at = 0; at < 20; at++)
        for (unsigned b = 1; b < 256; b++) {
            char text[] = " ~ twintig tekens ~ ";
            const bool good = (b >= 0x20 && b < 0x7f) || b == '\n' || b == '\t';
            text[at] = (char)b;
            assert_int_equal(strlen(text), 20);
            if (attribute_check_value(&a, text, false, NULL) != (good ? SLUIS_OK : SLUIS_INVALID))
                fail_msg("%02x at %zu", b, at);
        }
}

/* Beyond their type: a largest length, a format, a list of codes; and what is told, in either language. */
static void values_keep_within_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *attribute, *value, *english, *dutch; /* NULL: it fits */
    } cases[] = {
        {"geslachtsaanduiding", "V", NULL, NULL},
        {"geslachtsaanduiding", "v", "a code of its list in the catalogue",
         "een code uit de lijst van de catalogus"},
        {"burgerlijke-staat", "7", NULL, NULL},
        {"burgerlijke-staat", "8", "a code of its list in the catalogue",
         "een code uit de lijst van de catalogus"},
        {"wgs-begeleiding-soort", "Lange Termijn Begeleiding (DFD)", NULL, NULL},
        {"voorvoegsel", "van der éé", NULL, NULL}, /* ten characters, twelve bytes */
        {"voorvoegsel", "van der ééé", "at most 10 characters", "ten hoogste 10 tekens"},
        {"bsn", "999990019", NULL, NULL},
        {"bsn", "999990018", "a BSN: nine digits that pass the eleven-test",
         "een BSN: negen cijfers die aan de elfproef voldoen"},
        {"postcode", "1234AB", NULL, NULL},
        {"postcode", "1234 AB", "a postcode, written as 1234AB", "een postcode, geschreven als 1234AB"},
        {"postcode", "0234AB", "a postcode, written as 1234AB", "een postcode, geschreven als 1234AB"},
        {"postcode", "1234SS", "a postcode, written as 1234AB", "een postcode, geschreven als 1234AB"},
        {"gemeentecode", "0344", NULL, NULL},
        {"gemeentecode", "GM0344", "a municipality's code: four digits", "een gemeentecode: vier cijfers"},
        {"school-brincode", "00YY", NULL, NULL},
        {"school-brincode", "00YY00", "a BRIN, written as 12AB", "een BRIN, geschreven als 12AB"},
    };
    static const struct {
        value_format format;
        const char *value;
        bool good;
    } formats[] = {
        {FORMAT_AGB, "01234567", true},
        {FORMAT_AGB, "1234567", false},
        {FORMAT_IBAN, "NL91ABNA0417164300", true}, /* of the standard's own example */
        {FORMAT_IBAN, "NL92ABNA0417164300", false},
        {FORMAT_IBAN, "NL91 ABNA 0417 1643 00", false},
        {FORMAT_PHONE, "0612345678", true},
        {FORMAT_PHONE, "+31612345678", true},
        {FORMAT_PHONE, "061234567", false},
        {FORMAT_PHONE, "+0612345678", false},
    };
    rules *r = kit_shipped();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const attribute *a = rules_attribute_named(r, cases[i].attribute);
        char text[256];
        sluis_fail f = {0}, g = {0};
        sluis_err e = attribute_check_value(a, cases[i].value, false, &f);
        assert_int_equal(e, cases[i].english ? SLUIS_INVALID : SLUIS_OK);
        assert_int_equal(attribute_check_value(a, cases[i].value, true, &g), e);
        if (!e)
            continue;
        snprintf(text, sizeof text, "%s is not as the catalogue says: it must be %s", a->name,
                 cases[i].english);
        assert_string_equal(f.text, text);
        snprintf(text, sizeof text, "%s is niet geschreven zoals de catalogus zegt: het moet zijn: %s",
                 a->name, cases[i].dutch);
        assert_string_equal(g.text, text);
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const value_bounds b = {.format = formats[i].format};
        char room[BOUNDS_TEXT];
        assert_int_equal(bounds_misfit(&b, formats[i].value, false, room) == NULL, formats[i].good);
    }
    rules_unref(&r);
}

#define OUTSIDE_A_MEETING                                                                                    \
    "meeting-only is for a rule of the phase meeting alone: what is asked in another is known outside the "  \
    "meeting"

/* A change of one file, and the line (counted from the changed one) and words of the error it must give. */
static const struct {
    const char *file, *after, *find, *by;
    int line;
    const char *words;
} mistakes[] = {
    {"laws.conf", "", "laws =", "wetten =", 0, "unknown key \"wetten\""},
    {"laws.conf", "", "\"jeugdwet\"", "\"wmo\"", 0, "\"wmo\" stands twice"},
    {"laws.conf", "", "\"jeugdwet\"", "\"Jeugd wet\"", 0, "is no name"},
    {"laws.conf", "legal_bases", "article = ", "artikel = ", 0, "unknown key \"artikel\""},
    {"laws.conf", "laws", "title = \"Jeugdwet\"; ", "", 0, "\"title\" is missing"},
    {"purposes.conf", "", "\"jeugdhulp\"", "\"casusoverleg\"", 0, "stands twice"},
    {"purposes.conf", "", "purposes = (", "purposes = [", 0, ""},
    {"domains.conf", "\"politie\"", "\"criminal\"", "\"secret\"", 0, "no category is called \"secret\""},
    {"domains.conf", "\"politie\"", "2015-01-01", "2015-02-30", 0, "no date that exists"},
    {"domains.conf", "\"politie\"", "law =", "until = \"2014-01-01\"; law =", 0, "later than \"from\""},
    {"reasons.conf", "", "\"veiligheid-betrokkene\"", "\"opsporingsbelang\"", 0, "stands twice"},
    {"reasons.conf", "\"niet-beschikbaar\"", "not_possible = true", "not_possible = \"ja\"", 0,
     "must be true or false"},
    {"retention.conf", "", "days = 183", "days = 0", 0, "at least 1"},
    {"retention.conf", "", "days = 183", "days = -2", 0, "allowed are -1"},
    {"retention.conf", "", "journal_class = 6", "journal_class = 1", 0, "is that of \"wmo-dossier\""},
    {"retention.conf", "", "journal_class = 6", "journal_class = 256", 0, "allowed are 1 to 255"},
    {"retention.conf", "", "\"pw-dossier\"", "\"wmo-dossier\"", 0, "stands twice"},
    {"catalogue.conf", "", "id = 3;", "id = 2;", 0, "id 2 is that of \"geboortedatum\""},
    {"catalogue.conf", "", "id = 3;", "id = 0;", 0, "allowed are 1 to"},
    {"catalogue.conf", "", "id = 3;", "id = 5000000000L;", 0, "allowed are 1 to"},
    {"catalogue.conf", "", "name = \"geslachtsnaam\"", "name = \"bsn\"", 0, "stands twice"},
    {"catalogue.conf", "", "name = \"geslachtsnaam\"", "name = \"geslachts_naam\"", 0,
     "is no attribute name"},
    {"catalogue.conf", "\"postcode\"", "format = \"postcode\"", "format = \"zip\"", 0,
     "no format is called \"zip\"; there are bsn, postcode, gemeentecode, brin, agb, iban, telefoon"},
    {"catalogue.conf", "\"geslachtsaanduiding\"", "code_list = \"geslacht\"", "code_list = \"sekse\"", 0,
     "no list of codes is called \"sekse\""},
    {"catalogue.conf", "", "{ code = \"V\";", "{ code = \"M\";", 0, "\"M\" stands twice"},
    {"catalogue.conf", "", "id = \"tlv-categorie\"", "id = \"geslacht\"", 0, "stands twice"},
    {"catalogue.conf", "\"woonplaats\"", "max_length = 80", "max_length = 4097", 0, "allowed are 1 to 4096"},
    {"catalogue.conf", "\"geboortedatum\"", "type = \"date\";", "type = \"date\"; max_length = 8;", 0,
     "are for text and codes"},
    {"catalogue.conf", "\"geslachtsaanduiding\"", "code_list = \"geslacht\"",
     "code_list = \"schuldhulp-begeleiding\"", 0, "code 4 of the list: geslachtsaanduiding is not written"},
    {"catalogue.conf", "\"school-naam\"", "mapping = \"oso-2019.1\"", "mapping = \"school/oso.conf\"", 0,
     "is no name of a mapping"},
    {"catalogue.conf", "\"geslachtsnaam\"", "type = \"text\"", "type = \"string\"", 0,
     "no type is called \"string\""},
    {"catalogue.conf", "\"geslachtsnaam\"", "\"identification\"", "\"naam\"", 0, "no category is called"},
    {"catalogue.conf", "\"geslachtsnaam\"", "\"identification\"", "\"health\"", 0, "gives no health data"},
    {"catalogue.conf", "\"geslachtsnaam\"", "source = \"gemeente\"", "source = \"gemeentes\"", 0,
     "no domain is called \"gemeentes\""},
    {"catalogue.conf", "\"geslachtsnaam\"", "\"wmo-dossier\"", "\"lang\"", 0,
     "no retention is called \"lang\""},
    {"catalogue.conf", "\"geslachtsnaam\"", "valid_days", "geldig", 0, "unknown key \"geldig\""},
    {"catalogue.conf", "\"geslachtsnaam\"", "valid_days = 365", "valid_days = 36526", 0,
     "allowed are 0 to 36525"},
    {"applications.conf", "", "\"regisseur\"", "\"consulent\"", 0, "stands twice"},
    {"applications.conf", "\"jeugd-intake\"", "law = \"jeugdwet\"", "law = \"jeugd\"", 0,
     "no law is called \"jeugd\""},
    {"applications.conf", "\"jeugd-intake\"", "law = \"jeugdwet\"", "law = \"\"", 0, "only a client_portal"},
    {"applications.conf", "\"clientportaal\"", "law = \"\"", "law = \"wmo\"", 0, "acts under no law"},
    {"applications.conf", "\"jeugd-intake\"", "00000099000000001000", "0000009900000000100", 0, "is no OIN"},
    {"applications.conf", "\"jeugd-intake\"", "\"open-case\"", "\"sluit\"", 0, "no act is called \"sluit\""},
    {"applications.conf", "\"review-break-glass\"", "from =", "same_person = true; from =", 0,
     "same_person is for decide-concern and handle-rights: leave it out here"},
    {"applications.conf", "\"open-case\"", "\"regisseur\"", "\"baas\"", 0, "no function is called \"baas\""},
    {"applications.conf", "", "id = \"pw-intake\"", "id = \"wmo-intake\"", 0, "stands twice"},
    {"views.conf", "", "\"school-naam\"", "\"schoolnaam\"", 0, "no attribute is called \"schoolnaam\""},
    {"views.conf", "", "\"school-naam\"", "\"school-brincode\"", 0, "stands twice"},
    {"views.conf", "", "law = \"wmo\"", "law = \"wlz\"", 0, "no law is called \"wlz\""},
    {"views.conf", "wmo-zicht-teamleider", "\"teamleider\"", "\"consulent\"", 0, "at once"},
    {"views.conf", "wmo-zicht-teamleider", "\"research\"", "\"intake\"", 0, "no phase is called \"intake\""},
    {"views.conf", "bench-zicht", "[\"bench\"]", "[\"pw-intake\"]", 0, "acts under another law"},
    {"views.conf", "bench-zicht", "[\"bench\"]", "[\"banch\"]", 0, "no application is called \"banch\""},
    {"views.conf", "", "\"inzage-pw-trajecten\"", "\"inzage-wgs-trajecten\"", 0, "stands twice"},
    {"views.conf", "inzage-wgs-trajecten", "law = \"wgs\"", "law = \"wlz\"", 0, "no law is called \"wlz\""},
    {"views.conf", "inzage-wgs-trajecten", "\"wgs-traject-einddatum\"", "\"bsn\"", 0,
     "no view of \"wgs\" shows \"bsn\""},
    {"views.conf", "inzage-wgs-trajecten", "minutes = 480", "minutes = 0", 0, "minutes"},
    {"views.conf", "ophalen-wmo-onderzoek", "law = \"wmo\"", "law = \"wlz\"", 0, "no law is called \"wlz\""},
    {"views.conf", "ophalen-wmo-onderzoek", "purpose = \"", "purpose = \"x", 0, "no purpose is called \"x"},
    {"views.conf", "ophalen-wmo-onderzoek", "legal_basis = \"", "legal_basis = \"x", 0,
     "no legal basis is called \"x"},
    {"views.conf", "ophalen-wmo-onderzoek", "answer_days = 14", "answer_days = 0", 0, "answer_days"},
    {"catalogue.conf", "\"school-naam\"", "valid_days = 365;", "valid_days = 365; at_source_s = 604801;", 0,
     "at_source_s"},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"ggd\"", "\"gdd\"", 0, "no domain is called \"gdd\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"ordinary\"", "\"gewoon\"", 0,
     "no category is called \"gewoon\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"wams-5.4.1\"", "\"wams-5.4.9\"", 0, "no legal basis is called"},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"maatwerkvoorziening\"", "\"maatwerk\"", 0,
     "no purpose is called \"maatwerk\""},
    {"rules.conf", "\"onderzoek-financieel\"", "\"participatiewet\"", "\"bijstand\"", 0,
     "no law is called \"bijstand\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"regisseur\"", "\"baas\"", 0, "no function is called \"baas\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"notify-client\"", "\"tell\"", 0,
     "no obligation is called \"tell\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "\"notify-client\"", "\"meeting-only\"", 0, OUTSIDE_A_MEETING},
    {"rules.conf", "\"overleg-gewoon\"", "[\"meeting\"]", "[\"meeting\", \"coordination\"]", 4,
     OUTSIDE_A_MEETING},
    {"rules.conf", "\"onderzoek-gewoon\"", "2026-01-01", "2026-01-32", 0, "no date that exists"},
    {"rules.conf", "\"onderzoek-gewoon\"", "from =", "until = \"2026-01-01\"; from =", 0,
     "later than \"from\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "laws =", "applications = [\"bench\"]; laws =", -1,
     "either \"applications\" or \"laws\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "laws = [\"wmo\", \"jeugdwet\"];", "", -1,
     "either \"applications\" or \"laws\""},
    {"rules.conf", "\"onderzoek-gewoon\"", "categories = [\"ordinary\"];", "", -5,
     "\"categories\", \"attributes\""},
    {"rules.conf", "\"onderzoek-politie\"", "[\"ordinary\"]", "[\"health\"]", 0, "gives health data"},
    {"rules.conf", "arbeidstoeleiding-diploma", "\"school-diploma-niveau\"", "\"school-diploma\"", 0,
     "no attribute is called \"school-diploma\""},
    {"rules.conf", "arbeidstoeleiding-diploma", "\"school-diploma-niveau\"", "\"politie-verdenking\"", 0,
     "gives criminal data"},
    {"rules.conf", "", "\"onderzoek-gewoon\"", "\"default-deny\"", 0, "what a denial is called"},
    {"rules.conf", "", "\"onderzoek-financieel\"", "\"onderzoek-gewoon\"", 0, "stands twice"},
    {"rules.conf", "\"onderzoek-gewoon\"", "phases", "fasen", 0, "unknown key \"fasen\""},
    {"holidays.conf", "", "2026-12-25", "2026-12-35", 0, "no date that exists"},
    {"cooperation.conf", "levels = (", "\"licht\"", "\"zwaar\"", 3, "\"zwaar\" stands twice"},
    {"cooperation.conf", "levels = (", "\"huisarts\"", "\"ggd\"", 3, "\"licht\" holds at the same time"},
    {"cooperation.conf", "levels = (", "\"huisarts\"", "\"dokter\"", 0, "dokter"},
    {"cooperation.conf", "levels = (", "restored_percent = 25", "restored_percent = 50", 0,
     "less than refused_percent"},
    {"cooperation.conf", "levels = (", "answer_days = 10", "answer_days = 0", 0, "answer_days"},
};

static void mistakes_name_file_and_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        kit_set k = {0};
        kit_read(&k);
        int line = kit_replace(&k, mistakes[i].file, mistakes[i].after, mistakes[i].find, mistakes[i].by);
        rules *r = NULL;
        sluis_fail f = {0};
        char where[64];
        snprintf(where, sizeof where, "%s:%d", mistakes[i].file, line + mistakes[i].line);
        sluis_err err = kit_load(&k, &r, &f);
        if (err == SLUIS_OK)
            fail_msg("mistake %zu (%s) was accepted", i, mistakes[i].by);
        if (*mistakes[i].words && strcmp(f.where, where) != 0)
            fail_msg("mistake %zu (%s): %s, not %s: %s", i, mistakes[i].by, f.where, where, f.text);
        if (!strstr(f.text, mistakes[i].words))
            fail_msg("mistake %zu (%s): %s", i, mistakes[i].by, f.text);
        assert_null(r);
        kit_close(&k);
    }
}

static void every_file_is_needed_once(void **state)
{
    (void)state;
    kit_set k = {0};
    kit_read(&k);
    rules_text texts[KIT_FILES + 1];
    for (size_t i = 0; i < KIT_FILES; i++)
        texts[i] = (rules_text){.name = rules_file_name(i), .text = k.text[i], .n = strlen(k.text[i])};
    assert_null(rules_file_name(KIT_FILES));
    for (size_t i = 0; i < KIT_FILES; i++) {
        rules *r = NULL;
        sluis_fail f = {0};
        rules_text last = texts[KIT_FILES - 1], missing = texts[i];
        texts[i] = last;
        sluis_err err = rules_load_texts(&r, texts, KIT_FILES - 1, &f);
        assert_int_equal(err, rules_file_optional(i) ? SLUIS_OK : SLUIS_NOT_FOUND);
        if (err)
            assert_string_equal(f.where, rules_file_name(i));
        rules_unref(&r);
        texts[i] = missing;
    }
    rules *r = NULL;
    sluis_fail f = {0};
    texts[KIT_FILES] = (rules_text){.name = "rules.conf", .path = "elsewhere/rules.conf", .text = "", .n = 0};
    assert_int_equal(rules_load_texts(&r, texts, KIT_FILES + 1, &f), SLUIS_INVALID);
    assert_string_equal(f.where, "elsewhere/rules.conf");
    fail_clear(&f);
    texts[KIT_FILES].name = "rule.conf";
    assert_int_equal(rules_load_texts(&r, texts, KIT_FILES + 1, &f), SLUIS_INVALID);
    assert_non_null(strstr(f.text, "no rule set has a file"));
    kit_close(&k);
}

static void a_folder_holds_no_other_rules(void **state)
{
    (void)state;
    char dir[] = "/tmp/sluis-rules-XXXXXX", path[128];
    rules *r = NULL;
    sluis_fail f = {0};
    assert_int_equal(rules_load(&r, "/tmp/sluis-no-such-folder", &f), SLUIS_NOT_FOUND);
    assert_string_equal(f.where, "/tmp/sluis-no-such-folder");
    fail_clear(&f);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(rules_load(&r, dir, &f), SLUIS_NOT_FOUND);
    snprintf(path, sizeof path, "%s/laws.conf", dir);
    assert_string_equal(f.where, path);
    fail_clear(&f);
    snprintf(path, sizeof path, "%s/rules-2027.conf", dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fclose(out);
    assert_int_equal(rules_load(&r, dir, &f), SLUIS_INVALID);
    assert_string_equal(f.where, path);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_set_loads),
        cmocka_unit_test(what_is_fetched),
        cmocka_unit_test(every_datum_comes_from_somewhere_and_is_used),
        cmocka_unit_test(what_nobody_fills_or_sees_is_an_error),
        cmocka_unit_test(words_are_found),
        cmocka_unit_test(hash_names_the_set),
        cmocka_unit_test(a_reference_keeps_the_set),
        cmocka_unit_test(values_fit_their_type),
        cmocka_unit_test(edges_of_values),
        cmocka_unit_test(values_keep_within_bounds),
        cmocka_unit_test(a_text_is_looked_at_to_its_last_byte),
        cmocka_unit_test(mistakes_name_file_and_line),
        cmocka_unit_test(every_file_is_needed_once),
        cmocka_unit_test(a_folder_holds_no_other_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
