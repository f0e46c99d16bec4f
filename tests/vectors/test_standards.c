/* Every public sample of the parties' standards through its mapping, against values read in the files by
 * hand. The samples are not part of the project: ../shared/standards (SLUIS_SHARED overrides ../shared). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "ggd/ggd.h"
#include "school/school.h"
#include "wgs/wgs.h"

#define SAMPLE_MAX (1u << 20)

typedef struct {
    const char *attribute, *value;
} expected_value;

typedef struct {
    const char *file, *bsn;  /* bsn NULL: the file must be refused */
    const char *where, *why; /* end of the place and a part of the text of that refusal */
    size_t count;            /* values taken */
    const char *refusal;     /* the gate's reason; NULL: open */
    expected_value values[32];
} sample;

static const char *shared(void)
{
    const char *s = getenv("SLUIS_SHARED");
    return s ? s : "../shared";
}

static bool has(const mapped_person *p, uint32_t id, const char *value)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].attribute == id && strcmp(p->v[i].value, value) == 0)
            return true;
    }
    return false;
}

static bytes read_sample(const char *folder, const char *file, char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/standards/%s/samples/%s", shared(), folder, file);
    FILE *in = fopen(path, "rb");
    if (!in) {
        printf("skipped: %s not there\n", path);
        skip();
    }
    size_t n = fread(text, 1, SAMPLE_MAX, in);
    fclose(in);
    return BYTES(text, n);
}

static void try_sample(const catalogue *c, const mapping *m, const party_kind *kind, const char *folder,
                       const sample *s)
{
    char *text = malloc(SAMPLE_MAX);
    assert_non_null(text);
    bytes b = read_sample(folder, s->file, text);
    mapped_file file;
    sluis_fail f = {0};
    sluis_err err = mapping_apply(m, kind->check, s->file, b, NULL, &file, &f);
    if (!s->bsn) {
        assert_int_not_equal(err, SLUIS_OK);
        size_t n = strlen(f.where), w = strlen(s->where);
        if (n < w || strcmp(f.where + n - w, s->where) != 0 || !strstr(f.text, s->why))
            fail_msg("%s: \"%s\" \"%s\", wanted \"%s\" \"%s\"", s->file, f.where, f.text, s->where, s->why);
        free(text);
        return;
    }
    if (err)
        fail_msg("%s: %s %s", s->file, f.where, f.text);
    assert_int_equal(file.n, 1);
    assert_string_equal(file.v[0].bsn, s->bsn);
    for (size_t i = 0; s->values[i].attribute; i++) {
        const catalogue_entry *e = catalogue_by_name(c, s->values[i].attribute);
        assert_non_null(e);
        if (!has(&file.v[0], e->id, s->values[i].value))
            fail_msg("%s: %s is not \"%s\"", s->file, s->values[i].attribute, s->values[i].value);
    }
    if (file.v[0].n != s->count)
        fail_msg("%s: %zu values, wanted %zu", s->file, file.v[0].n, s->count);
    if (s->refusal)
        assert_string_equal(file.v[0].refusal, s->refusal);
    else
        assert_null(file.v[0].refusal);
    mapped_file_close(&file);
    free(text);
}

static void try_all(const party_kind *kind, const char *folder, const char *conf, const sample *s, size_t n)
{
    catalogue *c;
    mapping *m;
    sluis_fail f = {0};
    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_int_equal(catalogue_load(&c, "config/rules/catalogue.conf", &f), SLUIS_OK);
    if (mapping_load(&m, conf, c, &f))
        fail_msg("%s %s", f.where, f.text);
    for (size_t i = 0; i < n; i++)
        try_sample(c, m, kind, folder, &s[i]);
    mapping_free(&m);
    catalogue_free(&c);
}

#define OSO_COMMON                                                                                           \
    {"school-naam", "Testschool"}, {"school-brincode", "00YY"}, {"school-soort", "SO"},                      \
        {"school-type", "REC3"}, {"school-datum-inschrijving", "2005-01-04"},                                \
        {"school-datum-uitschrijving", "2016-07-31"}, {"school-onderwijs-sinds", "2006-03-17"},              \
        {"school-advies", "40"}, {"school-advies-toelichting", "De leerling werkt hard."},                   \
    {                                                                                                        \
        "school-aandachtspunten", "Waar je extra op moet letten is dat ..."                                  \
    }
#define OSO_PO                                                                                               \
    OSO_COMMON, {"school-jaargroep", "8"}, {"school-groepsnaam", "groep 8"},                                 \
        {"school-verzuim-geoorloofd", "12"}, {"school-verzuim-ongeoorloofd", "2"},                           \
        {"school-verzuim-meer-dan-kwart", "false"}, {"school-contact-leerplicht", "true"},                   \
        {"school-diagnose", "ADHD/ADD met medicijnen"}, {"school-diagnose", "Slechthorend en slechtziend"},  \
        {"school-medicijngebruik", "true"}, {"school-ondersteuning-gericht-op", "rekenvaardigheid"},         \
    {                                                                                                        \
        "school-tlv-einddatum", "2018-07-31"                                                                 \
    }

static void oso(void **state)
{
    (void)state;
    static const sample samples[] = {
        {"Voorbeelddossier_OV_BB_full.xml", "999965311", NULL, NULL, 33, "geen-akkoord-ouders", {OSO_PO}},
        {"Voorbeelddossier_OV_POPO_full.xml", "999993264", NULL, NULL, 33, "geen-akkoord-ouders", {OSO_PO}},
        {"Voorbeelddossier_OV_POVO_full.xml",
         "999926020",
         NULL,
         NULL,
         33,
         "geen-akkoord-ouders",
         {OSO_PO,
          {"school-eindtoets-standaardscore", "525"},
          {"school-eindtoets-advies", "vmbo kb/vmbo gl-tl"},
          {"school-eindtoets-datum", "2015-04-28"}}},
        {"Voorbeelddossier_OV_VOVO_full.xml",
         "999974270",
         NULL,
         NULL,
         33,
         "geen-akkoord-ouders",
         {OSO_COMMON,
          {"school-jaargroep", "12"},
          {"school-diploma-niveau", "VMBO"},
          {"school-diploma-datum", "2015-06-04"},
          {"school-verzuim-meer-dan-kwart", "false"},
          {"school-contact-leerplicht", "true"}}},
        {"Voorbeelddossier_OV_VOVO_opt_out.xml",
         "999920169",
         NULL,
         NULL,
         12,
         "geen-akkoord-ouders",
         {OSO_COMMON, {"school-jaargroep", "12"}, {"school-groepsnaam", "2 LWOO"}}},
        {"Voorbeelddossier_PaO_POSWV_full.xml",
         NULL,
         ".xml:2",
         "element /dossier: no person",
         0,
         NULL,
         {{0}}},
        {"Voorbeelddossier_PaO_POSWV_opt_out.xml",
         NULL,
         ".xml:2",
         "element /dossier: no person",
         0,
         NULL,
         {{0}}},
        {"Voorbeelddossier_PaO_VOSWV_full.xml",
         NULL,
         ".xml:2",
         "element /dossier: no person",
         0,
         NULL,
         {{0}}},
    };
    try_all(&school_party, "oso", "adapters/school/oso-2019.1.conf", samples,
            sizeof samples / sizeof samples[0]);
}

#define JGZ_FILE(n) "DOB-3.0.0-CR_test_JGZ-rubriek_R0" n "_hl7.xml"
#define JGZ_COMMON                                                                                           \
    {"jgz-status-in-zorg", "Regulier"}, {"jgz-zorgbeeindiging", "Leeftijd"},                                 \
        {"jgz-activiteit", "Contact 4-7 dagen"}, {"jgz-datum-activiteit", "1900-01-01"},                     \
        {"jgz-vorm-activiteit", "Inloopspreekuur"},                                                          \
    {                                                                                                        \
        "jgz-status-activiteit", "Gerealiseerd"                                                              \
    }
#define JGZ(n, count, ...)                                                                                   \
    {                                                                                                        \
        JGZ_FILE(n), "999976114", NULL, NULL, count, NULL,                                                   \
        {                                                                                                    \
            JGZ_COMMON, __VA_ARGS__                                                                          \
        }                                                                                                    \
    }

static void jgz(void **state)
{
    (void)state;
    static const sample samples[] = {
        JGZ("10", 7, {"jgz-informatie-werkwijze", "true"}),
        JGZ("13", 6, {0}),
        JGZ("18", 6, {0}),
        JGZ("20", 11, {"jgz-algemene-indruk", "gezonde baby"}, {"jgz-gedrag", "GB"}, {"jgz-stemming", "GB"},
            {"jgz-interactie-ouder-kind", "GB"}, {"jgz-verzorging-hygiene", "GB"}),
        JGZ("22", 6, {0}),
        JGZ("24", 6, {0}),
        JGZ("26", 6, {0}),
        JGZ("30", 8, {"jgz-psychosociale-ontwikkeling", "GB"}, {"jgz-cognitieve-ontwikkeling", "GB"}),
        JGZ("32", 9, {"jgz-meertaligheid", "Simultane twee/meertaligheid"},
            {"jgz-taalomgeving-stimulerend", "Voldoende"},
            {"jgz-spraak-taalontwikkeling", "Leeftijdsadequaat of sneller"}),
        JGZ("38", 7, {"jgz-visus", "Voldoende"}),
        JGZ("40", 7, {"jgz-gehoor", "Onvoldoende"}),
        JGZ("42", 6, {0}),
        JGZ("45", 7, {"jgz-sdq-screening", "Ja, kleine moeilijkheden"}),
        JGZ("54", 6, {0}),
    };
    try_all(&ggd_party, "jgz", "adapters/ggd/jgz-dossieroverdracht.conf", samples,
            sizeof samples / sizeof samples[0]);
}

static void ddas(void **state)
{
    (void)state;
    static const sample samples[] = {
        {"shv-UitgebreidMeervoudigVoorbeeld.json",
         NULL,
         ".json:47",
         "element /leveringen/0/schuldhulptrajecten/0/client/0/Burgerservicenummer: no BSN",
         0,
         NULL,
         {{0}}},
        {"shv-meerdereLeveringenVoorbeeld.json",
         NULL,
         ".json:38",
         "element /leveringen/0/schuldhulptrajecten/0/client/0/Burgerservicenummer: no BSN",
         0,
         NULL,
         {{0}}},
        {"shv-samenloopVoorbeeldDeel1.json",
         NULL,
         ".json:33",
         "element /leveringen/0/schuldhulptrajecten/0/client/0/Burgerservicenummer: no BSN",
         0,
         NULL,
         {{0}}},
        {"vs-enkelvoudigVoorbeeld.json", NULL, ".json:1", "no person", 0, NULL, {{0}}},
    };
    try_all(&wgs_party, "ddas", "adapters/wgs/ddas-1.0.conf", samples, sizeof samples / sizeof samples[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(oso), cmocka_unit_test(jgz), cmocka_unit_test(ddas)};
    return cmocka_run_group_tests_name("standards", tests, NULL, NULL);
}
