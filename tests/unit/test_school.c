#include "kit_adapter.h"
#include "school/school.h"

#define CONF     "adapters/school/oso-2019.1.conf"
#define AGREED   "adapters/school/samples/dossier-akkoord.xml"
#define DISAGREE "adapters/school/samples/dossier-niet-akkoord.xml"

static void agreed(void **state)
{
    (void)state;
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    size_t n;
    char *text = kit_read(AGREED, &n);
    mapped_file file;
    sluis_fail f = {0};
    assert_ok(mapping_apply(m, school_party.check, "f", BYTES(text, n), NULL, &file, &f), &f);
    const mapped_person *p = &file.v[0];
    assert_string_equal(p->bsn, CHILD);
    assert_null(p->refusal);
    assert_int_equal(p->n, 30);
    assert_value(c, p, "school-naam", 0, "Basisschool De Waterlelie");
    assert_value(c, p, "school-brincode", 0, "99ZX");
    assert_value(c, p, "school-soort", 0, "BO");
    assert_value(c, p, "school-type", 0, "BAS");
    assert_value(c, p, "school-jaargroep", 0, "8");
    assert_value(c, p, "school-groepsnaam", 0, "groep 8a");
    assert_value(c, p, "school-datum-inschrijving", 0, "2021-08-23");
    assert_value(c, p, "school-onderwijs-sinds", 0, "2019-05-14");
    assert_value(c, p, "school-verzuim-geoorloofd", 0, "6");
    assert_value(c, p, "school-verzuim-ongeoorloofd", 0, "11");
    assert_value(c, p, "school-verzuim-meer-dan-kwart", 0, "false");
    assert_value(c, p, "school-contact-leerplicht", 0, "true");
    assert_value(c, p, "school-advies", 0, "40");
    assert_value(c, p, "school-eindtoets-standaardscore", 0, "531");
    assert_value(c, p, "school-toetsresultaat", 0, "Rekenen groep 7: DLE 52 (Landelijk)");
    assert_value(c, p, "school-ondersteuning-gericht-op", 0, "begrijpend lezen");
    assert_value(c, p, "school-ondersteuning-gericht-op", 1, "welbevinden");
    assert_value(c, p, "school-ondersteuning-einddatum", 1, "2027-07-01");
    assert_value(c, p, "school-tlv-einddatum", 0, "2028-07-31");
    assert_value(c, p, "school-diagnose", 0, "Dyslexie");
    assert_value(c, p, "school-medicijngebruik", 0, "false");
    mapped_file_close(&file);
    free(text);
    mapping_free(&m);
    catalogue_free(&c);
}

static void not_agreed(void **state)
{
    (void)state;
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    size_t n;
    char *text = kit_read(DISAGREE, &n);
    mapped_file file;
    sluis_fail f = {0};
    assert_ok(mapping_apply(m, school_party.check, "f", BYTES(text, n), NULL, &file, &f), &f);
    assert_string_equal(file.v[0].bsn, REFUSING);
    assert_string_equal(file.v[0].refusal, "geen-akkoord-ouders");
    mapped_file_close(&file);
    /* Agreeing with the content is not yet consenting to its transfer. */
    text = kit_replace(text, "<akkoord>Nee", "<akkoord>Ja");
    text = kit_replace(text, "<toestemming>Ja", "<toestemming>Onbekend");
    assert_ok(mapping_apply(m, school_party.check, "f", bytes_str(text), NULL, &file, &f), &f);
    assert_string_equal(file.v[0].refusal, "geen-akkoord-ouders");
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
        {"<standaardversie>2019.1<", "<standaardversie>2020.1<", ":9",
         "element /dossier/metadata/standaardversie: must be 2019.1"},
        {"2019/dossier", "2018/dossier", ":3", "is missing"},
        {"<akkoord>Ja", "<akkoord>Misschien", ":18", "element /dossier/inzage/akkoord: must match"},
        {"<bsn>999990020", "<bsn>999990021", ":36", "element /dossier/huidigeschool/leerling/bsn: no BSN"},
        {"<bsn>999990020</bsn>", "<onderwijsnummer>100000009</onderwijsnummer>", ":36",
         "element /dossier/huidigeschool/leerling/onderwijsnummer: a pupil with an onderwijsnummer"},
        {"<geboortedatum>2015-05-14", "<geboortedatum>2015-05-34", ":33",
         "element /dossier/huidigeschool/leerling/geboortedatum: must be a possible date"},
        {"<geboortedatum>2015", "<geboortedatum>2025", ":40",
         "element /dossier/huidigeschool/leerling/datuminschrijving: lies before geboortedatum"},
        {"<brincode>99ZX", "<brincode>ZX", ":23", "element /dossier/huidigeschool/brincode: must match"},
    };
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t n;
        char *text = kit_replace(kit_read(AGREED, &n), bad[i].from, bad[i].to);
        assert_refused(m, school_party.check, text, strlen(text), bad[i].line, bad[i].element);
        free(text);
    }
    mapping_free(&m);
    catalogue_free(&c);
}

/* An address that is secret leaves in no field: not as one of its own, and not in a remark. */
static void secret_address(void **state)
{
    (void)state;
    static const char plain[] = "<adresgeheim>false</adresgeheim>";
    static const char home[] = "<adreslijst><adres><soortadres>gba</soortadres><straat>Verborgen Hof</straat>"
                               "<nummer>7</nummer><postcode>9999 XZ</postcode><plaats>Zoek</plaats></adres>"
                               "</adreslijst>";
    static const struct {
        const char *flag, *remark; /* NULL remark: as it stands */
        bool refused;
    } rows[] = {
        {"true", NULL, false},
        {"true", "Woont sinds kort op verborgen hof 7.", true},
        {"true", "Brief terug van 9999xz, onbekend.", true},
        {"1", "Woont aan het VerborgenHof.", true},
        {"false", "Woont aan het Verborgen Hof.", false},
    };
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n;
        char with[512];
        mapped_file file;
        sluis_fail f = {0};
        snprintf(with, sizeof with, "<adresgeheim>%s</adresgeheim>%s", rows[i].flag, home);
        char *text = kit_replace(kit_read(AGREED, &n), plain, with);
        if (rows[i].remark)
            text = kit_replace(text, "Werkt rustig", rows[i].remark);
        if (rows[i].refused) {
            assert_refused(
                m, school_party.check, text, strlen(text), ":43",
                "element /dossier/huidigeschool/leerling/overstapadvies/argumentatie: tells an address");
        } else {
            assert_ok(mapping_apply(m, school_party.check, "f", bytes_str(text), NULL, &file, &f), &f);
            for (size_t k = 0; k < file.v[0].n; k++)
                if (strcmp(rows[i].flag, "true") == 0 &&
                    (strstr(file.v[0].v[k].value, "Verborgen") || strstr(file.v[0].v[k].value, "9999 XZ")))
                    fail_msg("the address leaves: %s", file.v[0].v[k].value);
            mapped_file_close(&file);
        }
        free(text);
    }
    mapping_free(&m);
    catalogue_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agreed), cmocka_unit_test(not_agreed),
                                       cmocka_unit_test(rules_of_the_standard),
                                       cmocka_unit_test(secret_address)};
    return cmocka_run_group_tests_name("school", tests, NULL, NULL);
}
