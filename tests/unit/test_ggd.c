#include "ggd/ggd.h"
#include "kit_adapter.h"

#define CONF   "adapters/ggd/jgz-dossieroverdracht.conf"
#define SAMPLE "adapters/ggd/samples/dossier.xml"

static void dossier(void **state)
{
    (void)state;
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    size_t n;
    char *text = kit_read(SAMPLE, &n);
    mapped_file file;
    sluis_fail f = {0};
    assert_ok(mapping_apply(m, ggd_party.check, "f", BYTES(text, n), NULL, &file, &f), &f);
    const mapped_person *p = &file.v[0];
    assert_string_equal(p->bsn, CHILD);
    assert_int_equal(p->n, 22);
    assert_value(c, p, "jgz-status-in-zorg", 0, "Regulier");
    assert_value(c, p, "jgz-activiteit", 0, "Contact op indicatie");
    assert_value(c, p, "jgz-datum-activiteit", 0, "2026-09-17");
    assert_value(c, p, "jgz-vorm-activiteit", 0, "Huisbezoek");
    assert_value(c, p, "jgz-informatie-werkwijze", 0, "true");
    assert_value(c, p, "jgz-lengte", 0, "140.2");
    assert_value(c, p, "jgz-lengte", 1, "145.5");
    assert_value(c, p, "jgz-gewicht", 1, "34.8");
    assert_value(c, p, "jgz-stemming", 0, "Somber, vertelt dat het thuis vaak stil is.");
    assert_value(c, p, "jgz-psychosociale-ontwikkeling", 0, "Zorgen over de spanning thuis door schulden.");
    assert_value(c, p, "jgz-visus", 0, "Voldoende");
    assert_value(c, p, "jgz-gehoor", 0, "Voldoende");
    assert_value(c, p, "jgz-sdq-screening", 0, "Ja, kleine moeilijkheden");
    mapped_file_close(&file);
    /* "Not observed" is no observation. */
    text = kit_replace(text,
                       "<observation classCode=\"OBS\" moodCode=\"EVN\" negationInd=\"false\">\n             "
                       "           <templateId "
                       "root=\"2.16.840.1.113883.2.4.6.10.100.40865\"/>",
                       "<observation negationInd=\"true\">");
    assert_ok(mapping_apply(m, ggd_party.check, "f", bytes_str(text), NULL, &file, &f), &f);
    assert_null(kit_value(c, file.v[0].v, file.v[0].n, "jgz-gehoor", 0));
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
        {"<interactionId extension=\"REPC_IN902120NL03\"", "<interactionId extension=\"REPC_IN902120NL\"",
         ":7", "element /REPC_IN902120NL03/interactionId/@extension: must be REPC_IN902120NL03"},
        {"<id extension=\"999990020\" root=\"2.16.840.1.113883.2.4.6.3\"/>",
         "<id extension=\"999990020\" root=\"2.16.840.1.113883.2.4.6.4\"/>", ":3", "no person"},
        {"extension=\"999990020\" root=\"2.16.840.1.113883.2.4.6.3\"/>\n  </attentionLine>",
         "extension=\"999990019\" root=\"2.16.840.1.113883.2.4.6.3\"/>\n  </attentionLine>", ":14",
         "element /REPC_IN902120NL03/attentionLine/value/@extension: names another person"},
        {"<id extension=\"999990020\"", "<id extension=\"999990029\"", "", "element"},
        {"effectiveTime value=\"20260917\"", "effectiveTime value=\"20260931\"", ":110",
         "must be a possible date"},
    };
    catalogue *c = kit_catalogue();
    mapping *m = kit_mapping(c, CONF);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t n;
        char *text = kit_replace(kit_read(SAMPLE, &n), bad[i].from, bad[i].to);
        assert_refused(m, ggd_party.check, text, strlen(text), bad[i].line, bad[i].element);
        free(text);
    }
    mapping_free(&m);
    catalogue_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dossier), cmocka_unit_test(rules_of_the_standard)};
    return cmocka_run_group_tests_name("ggd", tests, NULL, NULL);
}
