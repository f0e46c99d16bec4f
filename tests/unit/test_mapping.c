#include "kit_adapter.h"

static const char xml_conf[] =
    "standard = \"proef\"; format = \"xml\"; namespaces = ( { prefix = \"p\"; uri = \"urn:proef\"; } ); root "
    "= \"d\";\n"
    "person = \"/p:d/p:bsn\";\n"
    "checks = ( { path = \"/p:d/@versie\"; equals = \"1\"; }, { path = \"/p:d/p:brin\"; matches = "
    "\"^[0-9]{2}[A-Z]{2}$\"; required = false; },\n"
    "  { path = \"/p:d/p:dag\"; type = \"date\"; required = false; } );\n"
    "gates = ( { path = \"/p:d/p:akkoord\"; equals = \"Ja\"; reason = \"eigen-wet\"; explanation = \"nee\"; "
    "} );\n"
    "attributes = ( { name = \"geboortedatum\"; path = \"/p:d/p:geboren\"; convert = \"hl7-date\"; },\n"
    "  { name = \"geslachtsaanduiding\"; path = \"/p:d/p:geslacht\"; codes = [\"1=V\", \"2=M\", \"3=X\"]; "
    "},\n"
    "  { name = \"voornamen\"; path = \"/p:d/p:naam\"; value = \"concat(p:voor, ' ', p:na)\"; },\n"
    "  { name = \"school-diagnose\"; path = \"/p:d/p:diagnose\"; key = \"@dag\"; },\n"
    "  { name = \"school-medicijngebruik\"; path = \"/p:d/p:pillen\"; convert = \"bool\"; },\n"
    "  { name = \"wgs-totaal-schuldbedrag\"; path = \"/p:d/p:schuld\"; convert = \"amount\"; } );\n"
    "ignore = [\"/p:d/p:weg\"];\n";

static const char json_conf[] =
    "standard = \"proef\"; format = \"json\"; person = \"/l/*/p/*/bsn\";\n"
    "checks = ( { path = \"/l/*/code\"; matches = \"^GM[0-9]{4}$\"; } );\n"
    "attributes = ( { name = \"wgs-traject-startdatum\"; path = \"/l/*/start\"; key = \"/l/*/start\"; },\n"
    "  { name = \"wgs-schuldensoort\"; path = \"/l/*/s/*/k\"; key = \"/l/*/s/*/k\"; },\n"
    "  { name = \"voornamen\"; path = \"/l/*/p/*/naam\"; } );\n"
    "ignore = [\"/weg\"];\n";

typedef struct {
    char folder[64];
    catalogue *c;
    mapping *xml, *json;
} fixture;

static int setup(void **state)
{
    fixture *t = calloc(1, sizeof *t);
    char path[128];
    kit_folder(t->folder);
    t->c = kit_catalogue();
    kit_write(t->folder, "xml.conf", xml_conf);
    kit_write(t->folder, "json.conf", json_conf);
    snprintf(path, sizeof path, "%s/xml.conf", t->folder);
    t->xml = kit_mapping(t->c, path);
    snprintf(path, sizeof path, "%s/json.conf", t->folder);
    t->json = kit_mapping(t->c, path);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    fixture *t = *state;
    mapping_free(&t->xml);
    mapping_free(&t->json);
    catalogue_free(&t->c);
    kit_remove(t->folder);
    free(t);
    return 0;
}

#define HEAD "<d xmlns='urn:proef' versie='1'>\n<bsn>" CHILD "</bsn>\n"

static void xml_values(void **state)
{
    fixture *t = *state;
    static const char text[] = HEAD
        "<akkoord> Ja </akkoord><geboren>19500229121500</geboren>"
        "<geslacht>1</geslacht><naam><voor>A</voor><na>B</na></naam><diagnose dag='2020-01-01'>x</diagnose>"
        "<diagnose dag='2021-01-01'>y</diagnose><pillen>Nee</pillen><schuld>8000</schuld><leeg/></d>";
    mapped_file file;
    sluis_fail f = {0};
    assert_refused(t->xml, NULL, text, strlen(text), ":3", "element /d/geboren: must be a possible date");
    char *good = kit_replace(strdup(text), "19500229", "19520229");
    assert_ok(mapping_apply(t->xml, NULL, "f", bytes_str(good), NULL, &file, &f), &f);
    assert_int_equal(file.n, 1);
    const mapped_person *p = &file.v[0];
    assert_string_equal(p->bsn, CHILD);
    assert_null(p->refusal);
    assert_int_equal(p->n, 7);
    assert_value(t->c, p, "geboortedatum", 0, "1952-02-29");
    assert_value(t->c, p, "geslachtsaanduiding", 0, "V");
    assert_value(t->c, p, "voornamen", 0, "A B");
    assert_value(t->c, p, "school-diagnose", 0, "x");
    assert_value(t->c, p, "school-diagnose", 1, "y");
    assert_value(t->c, p, "school-medicijngebruik", 0, "false");
    assert_value(t->c, p, "wgs-totaal-schuldbedrag", 0, "8000.00");
    assert_false(p->v[0].keyed);
    assert_true(p->v[3].keyed);
    assert_memory_not_equal(p->v[3].instance, p->v[4].instance, ID_LEN);
    uint8_t hash[HASH_LEN];
    const bytes parts[] = {BYTES("school-diagnose", 16), bytes_str("2020-01-01")};
    hash_tagged(hash, "sluis1-instance", NULL, parts, 2);
    assert_memory_equal(p->v[3].instance, hash, ID_LEN);
    mapped_file_close(&file);
    free(good);
}

static void xml_gate(void **state)
{
    fixture *t = *state;
    static const char *const closed[] = {HEAD "<akkoord>Nee</akkoord></d>", HEAD "</d>"};
    for (size_t i = 0; i < 2; i++) {
        mapped_file file;
        sluis_fail f = {0};
        assert_ok(mapping_apply(t->xml, NULL, "f", bytes_str(closed[i]), NULL, &file, &f), &f);
        assert_string_equal(file.v[0].refusal, "eigen-wet");
        assert_string_equal(file.v[0].explanation, "nee");
        mapped_file_close(&file);
    }
}

/* Each with the line and the element that its error must name. */
static void xml_refusals(void **state)
{
    fixture *t = *state;
    static const struct {
        const char *text, *line, *element;
    } bad[] = {
        {"<d xmlns='urn:proef' versie='1'>\n<bsn>123456789</bsn></d>", ":2", "element /d/bsn: no BSN"},
        {"<d xmlns='urn:proef' versie='2'>\n<bsn>" CHILD "</bsn></d>", ":1", "element /d/@versie: must be 1"},
        {"<d xmlns='urn:proef' versie='1'/>", ":1", "element /d: no person"},
        {"<d xmlns='urn:ander' versie='1'><bsn>" CHILD "</bsn></d>", ":1",
         "element /d: /p:d/@versie is missing"},
        {"<e xmlns='urn:proef' versie='1'><bsn>" CHILD "</bsn></e>", ":1",
         "element /e: proef starts with an element d"},
        {HEAD "<brin>9ZZ</brin></d>", ":3", "element /d/brin: must match"},
        {HEAD "\n<dag>2026-02-29</dag></d>", ":4", "element /d/dag: must be a possible date"},
        {HEAD "<bsn>" PARENT "</bsn></d>", ":3", "element /d/bsn[2]: a second person"},
        {HEAD "<geslacht>9</geslacht></d>", ":3",
         "element /d/geslacht: a code that the mapping does not know"},
        {HEAD "<geslacht>3</geslacht></d>", ":3", "element /d/geslacht: must be a code of its list"},
        {HEAD "<schuld>veel</schuld></d>", ":3", "element /d/schuld: must be an amount"},
        {HEAD "<diagnose dag='1'>x</diagnose><diagnose dag='1'>y</diagnose></d>", ":3",
         "element /d/diagnose[2]: a second, different value"},
        {HEAD "<geboren>2024</geboren></d>", ":3", "element /d/geboren: must be a day"},
        {HEAD "\n<open></d>", ":4", "not well-formed"},
        {HEAD, ":3", "not well-formed"},
        {"", ":1", "not well-formed"},
        {"<!DOCTYPE d [<!ENTITY a 'b'>]>\n<d/>", ":1", "document type declaration"},
        {HEAD "<naam>&a;</naam></d>", ":3", "not well-formed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(t->xml, NULL, bad[i].text, strlen(bad[i].text), bad[i].line, bad[i].element);
}

static void no_content_in_errors(void **state)
{
    fixture *t = *state;
    mapped_file file;
    sluis_fail f = {0};
    assert_int_equal(
        mapping_apply(t->xml, NULL, "f", bytes_str(HEAD "<schuld>geheim</schuld></d>"), NULL, &file, &f),
        SLUIS_INVALID);
    assert_null(strstr(f.text, "geheim"));
    fail_clear(&f);
    assert_int_equal(mapping_apply(t->xml, NULL, "f",
                                   bytes_str("<d xmlns='urn:proef' versie='1'><bsn>123456789</bsn></d>"),
                                   NULL, &file, &f),
                     SLUIS_INVALID);
    assert_null(strstr(f.text, "123456789"));
}

static void hostile_shapes(void **state)
{
    fixture *t = *state;
    size_t n = 5u << 20;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'a', n);
    mapped_file file;
    sluis_fail f = {0};
    assert_int_equal(mapping_apply(t->xml, NULL, "f", BYTES(big, n), NULL, &file, &f), SLUIS_TOO_BIG);
    size_t at = 0;
    for (int i = 0; i < 20000; i++)
        at += (size_t)sprintf(big + at, "<d>");
    fail_clear(&f);
    assert_int_equal(mapping_apply(t->xml, NULL, "f", BYTES(big, at), NULL, &file, &f), SLUIS_INVALID);
    memset(big, '[', 100000);
    fail_clear(&f);
    assert_int_equal(mapping_apply(t->json, NULL, "f", BYTES(big, 100000), NULL, &file, &f), SLUIS_INVALID);
    at = (size_t)sprintf(big, HEAD "<diagnose dag='1'>");
    memset(big + at, 'x', VALUE_MAX_BYTES + 1);
    at += VALUE_MAX_BYTES + 1;
    at += (size_t)sprintf(big + at, "</diagnose></d>");
    assert_refused(t->xml, NULL, big, at, ":3", "element /d/diagnose: longer than 4096 bytes");
    at = (size_t)sprintf(big, HEAD);
    for (int i = 0; i <= MAPPING_INSTANCES; i++)
        at += (size_t)sprintf(big + at, "<diagnose dag='%d'>x</diagnose>", i);
    at += (size_t)sprintf(big + at, "</d>");
    assert_refused(t->xml, NULL, big, at, ":3", "element /d/diagnose[33]: more than 32 values");
    free(big);
}

static const char json_text[] =
    "{\n \"weg\": {\"x\": 1},\n \"l\": [\n  {\"code\": \"GM0001\", \"start\": \"2024-01-01\", \"p\": "
    "[{\"bsn\": \"" PARENT "\", \"naam\": \"A\"}, {\"bsn\": \"" CHILD
    "\",\n    \"naam\": \"B\"}],\n   \"s\": [{\"k\": \"Nuts\"}, {\"k\": \"Zorg\"}, {\"k\": "
    "\"Nuts\"}], \"over\": [1, 2]},\n  {\"code\": \"GM0002\", \"start\": \"2025-01-01\", \"p\": [{\"bsn\": "
    "\"" PARENT "\", \"naam\": \"A\"}]}\n ]\n}\n";

static void json_persons(void **state)
{
    fixture *t = *state;
    mapped_file file;
    sluis_fail f = {0};
    assert_ok(mapping_apply(t->json, NULL, "f", bytes_str(json_text), NULL, &file, &f), &f);
    assert_int_equal(file.n, 2);
    const mapped_person *p = &file.v[0], *q = &file.v[1];
    assert_string_equal(p->bsn, PARENT);
    assert_int_equal(p->n, 5); /* two starts, two kinds, one name that stands twice */
    assert_value(t->c, p, "wgs-traject-startdatum", 0, "2024-01-01");
    assert_value(t->c, p, "wgs-traject-startdatum", 1, "2025-01-01");
    assert_value(t->c, p, "wgs-schuldensoort", 1, "Zorg");
    assert_value(t->c, p, "voornamen", 0, "A");
    assert_string_equal(q->bsn, CHILD);
    assert_int_equal(q->n, 4);
    assert_value(t->c, q, "voornamen", 0, "B");
    assert_null(kit_value(t->c, q->v, q->n, "wgs-traject-startdatum", 1));
    mapped_file_close(&file);

    assert_ok(mapping_apply(t->json, NULL, "f", bytes_str(json_text), CHILD, &file, &f), &f);
    assert_int_equal(file.n, 2);
    assert_int_equal(file.v[0].n, 0);
    assert_int_equal(file.v[1].n, 4);
    mapped_file_close(&file);
}

static void json_refusals(void **state)
{
    fixture *t = *state;
    static const struct {
        const char *from, *to, *line, *element;
    } bad[] = {
        {"GM0002", "GM02", ":7", "element /l/1/code: must match"},
        {"\"code\": \"GM0002\", ", "", ":7", "element /l/1/code: must be filled in"},
        {"\"naam\": \"B\"", "\"naam\": [\"B\"]", ":5", "element /l/0/p/1/naam: a list or group"},
        {"\"2025-01-01\"", "\"2025-13-01\"", ":7", "element /l/1/start: must be a possible date"},
        {"\"bsn\": \"" CHILD "\"", "\"bsn\": \"999990021\"", ":4", "element /l/0/p/1/bsn: no BSN"},
        {"\"naam\": \"A\"}]}", "\"naam\": \"C\"}]}", ":7",
         "element /l/1/p/0/naam: a second, different value"},
        {"\"over\"", "\"code\"", ":6", "twice"},
        {"]\n}", "]", ":9", "not JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = kit_replace(strdup(json_text), bad[i].from, bad[i].to);
        assert_refused(t->json, NULL, text, strlen(text), bad[i].line, bad[i].element);
        free(text);
    }
    assert_refused(t->json, NULL, "{}", 2, ":1", "element /: no person");
}

static void unmapped(void **state)
{
    fixture *t = *state;
    sluis_fail f = {0};
    buffer out;
    buffer_init(&out, 4096);
    static const char text[] =
        HEAD "<akkoord>Ja</akkoord><vreemd a='1'>x</vreemd>\n<vreemd>y</vreemd><weg><z>1</z></weg>"
             "<naam><voor>A</voor></naam><diagnose dag='1'>x</diagnose></d>";
    assert_ok(mapping_unmapped(t->xml, "f", bytes_str(text), &out, &f), &f);
    buffer_u8(&out, 0);
    assert_string_equal((char *)out.p, "/d/vreemd/@a\t1\t3\n/d/vreemd\t2\t3\n/d/diagnose/@dag\t1\t4\n");
    buffer_clear(&out);
    assert_ok(mapping_unmapped(t->json, "f", bytes_str(json_text), &out, &f), &f);
    buffer_u8(&out, 0);
    assert_string_equal((char *)out.p, "/l/*/over/*\t2\t6\n");
    buffer_close(&out);
}

static void values(void **state)
{
    (void)state;
    static const struct {
        value_kind kind;
        const char *value;
        bool fits;
    } v[] = {
        {VALUE_DATE, "2026-11-24", true},    {VALUE_DATE, "1931-02-28", true},
        {VALUE_DATE, "2025-02-29", false},   {VALUE_DATE, "2000-02-29", true},
        {VALUE_DATE, "1900-02-29", false},   {VALUE_DATE, "2026-1-24", false},
        {VALUE_DATE, "2026-11-24T", false},  {VALUE_NUMBER, "12.5", true},
        {VALUE_NUMBER, "-3", true},          {VALUE_NUMBER, "007", false},
        {VALUE_NUMBER, "1.", false},         {VALUE_NUMBER, "1e3", false},
        {VALUE_NUMBER, "", false},           {VALUE_AMOUNT, "12.50", true},
        {VALUE_AMOUNT, "12.5", false},       {VALUE_AMOUNT, "12", false},
        {VALUE_BOOL, "true", true},          {VALUE_BOOL, "ja", false},
        {VALUE_CODE, "REC3", true},          {VALUE_CODE, "0%-aanbod", true},
        {VALUE_CODE, "twee woorden", false}, {VALUE_TEXT, "é\n", true},
        {VALUE_TEXT, "\xc3\x28", false},     {VALUE_TEXT, "\x01", false},
        {VALUE_TEXT, "\xed\xa0\x80", false}, {VALUE_TEXT, "\xf4\x90\x80\x80", false},
    };
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        if (!value_misfit(v[i].kind, v[i].value) != v[i].fits)
            fail_msg("\"%s\" as kind %d", v[i].value, (int)v[i].kind);
    }
}

static void mapping_errors(void **state)
{
    fixture *t = *state;
    static const struct {
        const char *from, *to, *why;
    } bad[] = {
        {"geboortedatum", "bestaat-niet", "the catalogue has no attribute"},
        {"\"xml\"", "\"csv\"", "format is not"},
        {"convert = \"bool\"", "convert = \"fout\"", "convert is not"},
        {"\"1=V\"", "\"V\"", "from=to"},
        {"matches = \"^[0-9]{2}", "matches = \"^([0-9]{2}", "not a regular expression"},
        {"ignore", "negeer", "negeer"},
        {"type = \"date\"", "type = \"datum\"", "type is not"},
        {"reason = \"eigen-wet\"", "reason = \"Eigen wet\"", "not a code"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[128];
        mapping *m;
        sluis_fail f = {0};
        char *text = kit_replace(strdup(xml_conf), bad[i].from, bad[i].to);
        kit_write(t->folder, "bad.conf", text);
        snprintf(path, sizeof path, "%s/bad.conf", t->folder);
        assert_int_not_equal(mapping_load(&m, path, t->c, &f), SLUIS_OK);
        assert_null(m);
        assert_holds(f.text, bad[i].why);
        assert_holds(f.where, "bad.conf:");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_values),     cmocka_unit_test(xml_gate),
        cmocka_unit_test(xml_refusals),   cmocka_unit_test(no_content_in_errors),
        cmocka_unit_test(hostile_shapes), cmocka_unit_test(json_persons),
        cmocka_unit_test(json_refusals),  cmocka_unit_test(unmapped),
        cmocka_unit_test(values),         cmocka_unit_test(mapping_errors),
    };
    return cmocka_run_group_tests_name("mapping", tests, setup, teardown);
}
