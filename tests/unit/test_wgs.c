#include "kit_adapter.h"
#include "wgs/wgs.h"

#define CONF   "adapters/wgs/ddas-1.0.conf"
#define SAMPLE "adapters/wgs/samples/levering.json"

static void delivery(void **state)
{
    (void)state;
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    size_t n;
    char *text = kit_read(SAMPLE, &n);
    mapped_file file;
    sluis_fail f = {0};
    assert_ok(mapping_apply(m, wgs_party.check, "f", BYTES(text, n), NULL, &file, &f), &f);
    assert_int_equal(file.n, 2);
    const mapped_person *p = &file.v[0];
    assert_string_equal(p->bsn, PARENT);
    assert_value(c, p, "wgs-traject-startdatum", 0, "2023-02-01");
    assert_value(c, p, "wgs-traject-startdatum", 1, "2026-06-15");
    assert_value(c, p, "wgs-traject-einddatum", 0, "2023-09-30");
    assert_null(kit_value(c, p->v, p->n, "wgs-traject-einddatum", 1));
    assert_value(c, p, "wgs-totaal-schuldbedrag", 1, "18450.00");
    assert_value(c, p, "wgs-crisisinterventie", 1, "true");
    assert_value(c, p, "wgs-beschikkingssoort", 0, "Toelatingsbeschikking");
    assert_value(c, p, "wgs-plan-van-aanpak-startdatum", 0, "2026-06-29");
    assert_value(c, p, "wgs-vrij-te-laten-bedrag", 0, "1385.00");
    assert_value(c, p, "wgs-oplossing-soort", 0, "Schuldbemiddeling");
    assert_value(c, p, "wgs-begeleiding-soort", 1, "Budgetcoaching");
    assert_value(c, p, "wgs-schuldensoort", 2, "Overig");
    assert_null(kit_value(c, p->v, p->n, "wgs-schuldensoort", 3));
    assert_value(c, p, "wgs-uitstroomreden", 0, "Afgerond");
    /* Values of one trajectory share nothing with those of the other. */
    assert_string_equal(file.v[1].bsn, "999990056");
    assert_int_equal(file.v[1].n, 4);
    assert_value(c, &file.v[1], "wgs-totaal-schuldbedrag", 0, "5200.00");
    mapped_file_close(&file);
    free(text);
    mapping_free(&m);
    catalogue_free(&c);
}

static void rules_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *line, *element;
    } bad[] = {
        {"\"Burgerservicenummer\": \"999990019\"", "\"Burgerservicenummer\": \"123456789\"", ":30",
         "element /leveringen/0/schuldhulptrajecten/0/client/0/Burgerservicenummer: no BSN"},
        {"\"gemeentecode\": \"GM9999\",\n        \"contact",
         "\"gemeentecode\": \"GM111\",\n        \"contact", ":14",
         "element /leveringen/0/aanleverende_organisatie/gemeentecode: must match"},
        {"\"totaalSchuldbedragBijAanvangSchuld\": 3100,\n          \"gemeentecode\": \"GM9999\",",
         "\"totaalSchuldbedragBijAanvangSchuld\": 3100,", ":20",
         "element /leveringen/0/schuldhulptrajecten/0/gemeentecode: must be filled in"},
        {"\"startdatumLevering\": \"2026-10-01\"", "\"startdatumLevering\": \"2026-10-00\"", ":3",
         "element /startdatumLevering: must be a possible date"},
        {"  \"codeGegevensleverancier\": \"SLUIS-VOORBEELD\",\n", "", ":1",
         "element /codeGegevensleverancier: must be filled in"},
        {"\"einddatum\": \"2023-09-30\"", "\"einddatum\": \"2023-01-30\"", ":22",
         "element /leveringen/0/schuldhulptrajecten/0/einddatum: lies before its startdatum"},
        {"\"vtlb\": 1385", "\"vtlb\": \"veel\"", ":50",
         "element /leveringen/0/schuldhulptrajecten/1/oplossing/vtlb: must be an amount"},
        {"\"teller\": 1", "\"teller\": 1, \"teller\": 2", ":9", "twice"},
    };
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t n;
        char *text = kit_replace(kit_read(SAMPLE, &n), bad[i].from, bad[i].to);
        assert_refused(m, wgs_party.check, text, strlen(text), bad[i].line, bad[i].element);
        free(text);
    }
    mapping_free(&m);
    catalogue_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(delivery), cmocka_unit_test(rules_of_the_standard)};
    return cmocka_run_group_tests_name("wgs", tests, NULL, NULL);
}
