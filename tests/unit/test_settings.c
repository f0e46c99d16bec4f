/* The configuration files: defaults, each key's error with file and line, and that the examples are complete.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/job.h"
#include "base/log.h"
#include "settings/settings.h"
#include "wire/envelope.h"
#include "wire/messages.h"
#include "http/settings.h"

#define EXAMPLE      "config/examples/sluisd.conf"
#define EXAMPLE_HTTP "config/examples/sluis-http.conf"
#define LINES        12

/* The smallest file that is accepted, a key a line. */
static const char *const minimal[LINES] = {
    "name = \"sluis.test\";",
    "oin = \"00000099000000001000\";",
    "mode = \"test\";",
    "data = \"/d\";",
    "keys = \"/k\";",
    "rules = \"/r\";",
    "control = \"/c\";",
    "bus = { endpoint = \"tcp://127.0.0.1:5570\"; };",
    "api = { endpoint = \"ipc:///a/s\"; };",
    "tokens = { jwks = \"/j\"; issuer = \"https://idp.test\"; };",
    "",
    "",
};

static char path[64];
static settings s;
static sluis_fail f;

static int make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/sluis-settings-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    settings_close(&s);
    return unlink(path);
}

/* Loads the minimal file with line n (from 1) replaced by text; n = 0: as it stands. */
static sluis_err load_with(int n, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int i = 0; i < LINES; i++)
        fprintf(out, "%s\n", i + 1 == n ? text : minimal[i]);
    assert_int_equal(fclose(out), 0);
    settings_close(&s);
    fail_clear(&f);
    return settings_load(&s, path, &f);
}

/* The error names the file, this line, and (in words) the key. */
static void refused(int n, const char *text, int line, const char *key)
{
    char where[128];
    if (load_with(n, text) == SLUIS_OK)
        fail_msg("accepted: %s", text);
    snprintf(where, sizeof(where), "%s:%d", path, line);
    if (strcmp(f.where, where) != 0)
        fail_msg("%s: %s names %s (%s)", where, text, f.where, f.text);
    if (!strstr(f.text, key))
        fail_msg("'%s' does not name %s", f.text, key);
    assert_null(s.name); /* nothing is left half loaded */
    assert_null(s.issuer);
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(load_with(0, NULL), SLUIS_OK);
    assert_string_equal(s.name, "sluis.test");
    assert_string_equal(s.oin.s, "00000099000000001000");
    assert_true(s.test_mode);
    assert_string_equal(s.data, "/d");
    assert_string_equal(s.keys, "/k");
    assert_string_equal(s.rules, "/r");
    assert_string_equal(s.control, "/c");
    assert_string_equal(s.bus_endpoint, "tcp://127.0.0.1:5570");
    assert_string_equal(s.api_endpoint, "ipc:///a/s");
    assert_string_equal(s.jwks, "/j");
    assert_string_equal(s.issuer, "https://idp.test");
    assert_int_equal(s.token_lifetime_s, 12 * 3600);
    assert_int_equal(s.log_level, LOG_INFO);
    assert_int_equal(s.max_frame, 262144);
    assert_int_equal(s.in_flight, 4096);
    assert_int_equal(s.in_flight_bytes, 536870912);
    assert_int_equal(s.session_credit, 1024);
    assert_int_equal(s.batch_max, 256);
    assert_int_equal(s.verify_threads, 2);
    assert_int_equal(s.read_threads, 1);
    assert_int_equal(s.map_bytes, UINT64_C(1) << 40);
    assert_int_equal(s.quota_bytes, UINT64_C(1) << 36);
    assert_int_equal(s.key_slots, 65536);
    assert_int_equal(s.redeliver_ms, 30000);
    assert_int_equal(s.attempts_max, 100);
    assert_int_equal(s.max_sessions, 2048);
    assert_int_equal(s.request_days, 28);
    assert_int_equal(s.refusals_per_minute, 600);
    assert_int_equal(s.seal_renew_s, 86400);
    assert_int_equal(s.seal_keep_s, 31 * 86400);
    assert_int_equal(s.key_overlap_s, 35 * 86400);
    assert_int_equal(s.concerns_per_day, 50);
    assert_int_equal(s.calls_per_minute, 6000);
    assert_int_equal(s.bad_tokens_per_minute, 6000);
    assert_int_equal(s.party_renew_s, 3600);
    assert_int_equal(s.view_fetches, 8);
    assert_int_equal(s.instances, 1000);
    assert_int_equal(s.person_cases, 250);
    assert_int_equal(s.merge_rows, 8192);
}

static void values(void **state)
{
    (void)state;
    assert_int_equal(
        load_with(11, "log_level = \"warn\"; limits = { batch_max = 1; map_bytes = 17592186044416L; };"),
        SLUIS_OK);
    assert_int_equal(s.log_level, LOG_WARN);
    assert_int_equal(s.batch_max, 1);
    assert_int_equal(s.map_bytes, UINT64_C(1) << 44);
    assert_int_equal(s.max_frame, 262144);
    assert_int_equal(load_with(11, "log_level = \"debug\";"), SLUIS_OK);
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_int_equal(load_with(11, "log_level = \"error\";"), SLUIS_OK);
    assert_int_equal(s.log_level, LOG_ERROR);
    assert_int_equal(load_with(10, "tokens = { jwks = \"/j\"; issuer = \"i\"; lifetime_s = 900; };"),
                     SLUIS_OK);
    assert_int_equal(s.token_lifetime_s, 900);
}

/* Every required line of the file, taken away: the group's own line, or the first of the file, is named. */
static void missing_keys(void **state)
{
    static const struct {
        int line;
        const char *instead, *key;
    } rows[] = {
        {1, "", "name"},
        {2, "", "oin"},
        {3, "", "mode"},
        {4, "", "data"},
        {5, "", "keys"},
        {6, "", "rules"},
        {7, "", "control"},
        {8, "", "bus"},
        {9, "", "api"},
        {10, "", "tokens"},
        {8, "bus = { };", "endpoint"},
        {9, "api = { };", "endpoint"},
        {10, "tokens = { issuer = \"i\"; };", "jwks"},
        {10, "tokens = { jwks = \"j\"; };", "issuer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_not_equal(load_with(rows[i].line, rows[i].instead), SLUIS_OK);
        assert_int_equal(strncmp(f.where, path, strlen(path)), 0);
        assert_int_equal(f.where[strlen(path)], ':');
        if (rows[i].instead[0])
            assert_int_equal(atoi(f.where + strlen(path) + 1), rows[i].line);
        if (!strstr(f.text, rows[i].key))
            fail_msg("'%s' does not name %s", f.text, rows[i].key);
    }
}

static void bad_values(void **state)
{
    (void)state;
    refused(1, "name = \"\";", 1, "name");
    refused(2, "oin = \"0000009900000000100\";", 2, "oin");
    refused(2, "oin = \"99999999000000001000\";", 2, "oin");
    refused(2, "oin = \"00000001000000001000\";", 2, "oin"); /* a real one in test mode */
    refused(3, "mode = \"production\";", 2, "oin");          /* and the other way round */
    refused(3, "mode = \"prod\";", 3, "mode");
    refused(3, "mode = true;", 3, "mode");
    refused(4, "data = 7;", 4, "data");
    refused(7, "control = [\"/c\"];", 7, "control");
    refused(11, "log_level = \"loud\";", 11, "log_level");
    refused(12, "surprise = 1;", 12, "surprise");
    refused(8, "bus = { endpoint = \"tcp://x:1\"; endpoint2 = \"\"; };", 8, "endpoint2");
    refused(8, "bus = \"tcp://x:1\";", 8, "bus");
    refused(9, "api = { endpoint = 5; };", 9, "endpoint");
    refused(10, "tokens = { jwks = \"/j\"; issuer = \"\"; };", 10, "issuer");
    refused(10, "tokens = { jwks = \"/j\"; issuer = \"i\"; lifetime_s = 59; };", 10, "lifetime_s");
    refused(10, "tokens = { jwks = \"/j\"; issuer = \"i\"; lifetime_s = 86401; };", 10, "lifetime_s");
    refused(11, "limits = { };\nlimits = { };", 12, "limits");
    refused(11, "name = \"twice\";", 11, "name");
    refused(11, "keys: {", 11, "keys");
}

#define ROOT   "{ name = \"a.jansen\"; account = \"root\"; }"
#define DAEMON "{ name = \"m.bakker\"; account = \"daemon\"; }"

/* A name is one account of this machine, and an account one name. */
static void operators_are_accounts(void **state)
{
    (void)state;
    assert_int_equal(load_with(11, "operators = (\n" ROOT ",\n" DAEMON " );"), SLUIS_OK);
    assert_int_equal(s.operators.count, 2);
    assert_string_equal(operators_name(&s.operators, 0), "a.jansen");
    assert_string_equal(operators_name(&s.operators, 1), "m.bakker"); /* base-passwd has daemon as 1 */
    assert_null(operators_name(&s.operators, 2));
    assert_int_equal(s.control_group, (gid_t)-1);
    assert_int_equal(load_with(11, "control_group = \"daemon\";"), SLUIS_OK);
    assert_int_equal(s.control_group, 1);
    assert_int_equal(s.operators.count, 0);

    refused(11, "control_group = \"nobodys-group\";", 11,
            "control_group: this machine has no group of that name");
    refused(11, "operators = ( " ROOT " );", 11, "operators");
    refused(11, "operators = ( 1, 2 );", 11, "");
    refused(11, "operators = ( " ROOT ",\n{ name = \"x\"; } );", 12, "account");
    refused(11, "operators = ( " ROOT ",\n{ name = \"x\"; account = \"no-such-account\"; } );", 12,
            "account: this machine has none of that name");
    refused(11, "operators = ( " ROOT ",\n{ name = \"x\"; account = \"nobody\"; } );", 12,
            "account: stands for everybody who is unknown");
    refused(11, "operators = ( " ROOT ",\n{ name = \"x\"; account = \"root\"; } );", 12,
            "account: is another operator's already");
    refused(11, "operators = ( " ROOT ",\n{ name = \"a.jansen\"; account = \"daemon\"; } );", 12,
            "name: stands here twice");
    refused(11, "operators = ( " ROOT ",\n{ name = \"A. Jansen\"; account = \"daemon\"; } );", 12,
            "name: a pseudonym is [a-z0-9][a-z0-9._:-]{0,63}");
}

/* Who decides in production is somebody. */
static void production_names_its_operators(void **state)
{
    static const char production[] =
        "mode = \"production\"; oin = \"99999999000000001000\"; name = \"sluis.test\";";
    (void)state;
    for (int with = 0; with < 2; with++) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fprintf(out, "%s\n", production);
        for (int i = 3; i < LINES; i++)
            fprintf(out, "%s\n", minimal[i]);
        if (with)
            fprintf(out, "operators = ( " ROOT ", " DAEMON " );\n");
        assert_int_equal(fclose(out), 0);
        settings_close(&s);
        fail_clear(&f);
        assert_int_equal(settings_load(&s, path, &f), with ? SLUIS_OK : SLUIS_INVALID);
        if (!with)
            assert_non_null(strstr(f.text,
                                   "mode: in production the operators must be named, two at least, each "
                                   "with an account: add operators = ( { name = \"...\"; account = "
                                   "\"...\"; }, ... )"));
    }
}

/* Each key of limits: just below, just above, and of another type. */
static void limits(void **state)
{
    char line[160];
    (void)state;
    const settings_group *g = &settings_groups[4];
    assert_string_equal(g->group, "limits");
    assert_int_equal(g->count, 35);
    for (size_t i = 0; i < g->count; i++) {
        const config_key *k = &g->keys[i];
        snprintf(line, sizeof(line), "limits = {\n %s = %lldL; };", k->key, (long long)k->min - 1);
        refused(11, line, 12, k->key);
        snprintf(line, sizeof(line), "limits = {\n %s = %lldL; };", k->key, (long long)k->max + 1);
        refused(11, line, 12, k->key);
        snprintf(line, sizeof(line), "limits = {\n %s = \"7\"; };", k->key);
        refused(11, line, 12, k->key);
        snprintf(line, sizeof(line), "limits = { %s = %lldL; };", k->key, (long long)k->max);
        assert_int_equal(load_with(11, line), SLUIS_OK);
    }
}

static const config_key *limit_key(const char *name)
{
    const settings_group *g = &settings_groups[4];
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->keys[i].key, name) == 0)
            return &g->keys[i];
    fail_msg("no key %s", name);
    return NULL;
}

/* What a file may say at most is what the wire takes. */
static void bounds_fit_the_protocol(void **state)
{
    (void)state;
    uint64_t days = message_kind_of(SLUIS__KIND__REQUEST)->max_lifetime_ms / DAY_MS;
    assert_int_equal(limit_key("request_days")->max, days);
    assert_int_equal(limit_key("max_frame")->max, ENVELOPE_MAX);
    /* The largest frame is let in when nothing else is under way. */
    assert_true((size_t)limit_key("in_flight_bytes")->min >= job_weight(ENVELOPE_MAX));
}

static void no_file(void **state)
{
    (void)state;
    settings_close(&s);
    fail_clear(&f);
    assert_int_equal(settings_load(&s, "/nonexistent/sluisd.conf", &f), SLUIS_NOT_FOUND);
    assert_non_null(strstr(f.where, "/nonexistent/sluisd.conf"));
    settings_close(&s);
    settings_close(&s);
}

/* ---- the examples ---- */

/* The example of sluisd, with accounts and a group that every machine has in the place of its own. */
static void load_example(void)
{
    static const char *const other[][2] = {
        {"\"ajansen\"", "\"root\""}, {"\"mbakker\"", "\"daemon\""}, {"\"sluis-operators\"", "\"daemon\""}};
    char line[1024];
    size_t found = 0;
    FILE *in = fopen(EXAMPLE, "r"), *out = fopen(path, "w");
    if (!in || !out)
        fail_msg("%s: run from the root of the repository", EXAMPLE);
    while (fgets(line, sizeof line, in)) {
        const char *text = line;
        for (size_t i = 0; i < sizeof other / sizeof other[0] && line[0] != '#'; i++) {
            const char *at = strstr(text, other[i][0]);
            if (!at)
                continue;
            fprintf(out, "%.*s%s", (int)(at - text), text, other[i][1]);
            text = at + strlen(other[i][0]);
            found++;
        }
        fputs(text, out);
    }
    assert_int_equal(found, 3);
    assert_int_equal(fclose(in) | fclose(out), 0);
    settings_close(&s);
    fail_clear(&f);
    if (settings_load(&s, path, &f))
        fail_msg("%s: %s", f.where, f.text);
}

static void example_has(const config_node *group, const char *file, const config_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const config_node *node = config_get(group, keys[i].key);
        if (!node)
            fail_msg("%s does not show the key %s", file, keys[i].key);
        if (!keys[i].dflt) /* nothing to compare with */
            continue;
        if (keys[i].type == CONFIG_INT)
            assert_int_equal(config_int(group, keys, n, keys[i].key), atoll(keys[i].dflt));
        else
            assert_string_equal(config_str(group, keys, n, keys[i].key), keys[i].dflt);
    }
}

/* Every key of the schema stands in the example, an optional one with its default. */
static void example_is_complete(void **state)
{
    config *c = NULL;
    (void)state;
    fail_clear(&f);
    if (config_read_file(&c, EXAMPLE, &f))
        fail_msg("%s: %s (run from the root of the repository)", f.where, f.text);
    for (size_t i = 0; i < SETTINGS_GROUPS; i++) {
        const settings_group *g = &settings_groups[i];
        const config_node *node = g->group[0] ? config_get(config_root(c), g->group) : config_root(c);
        if (!node)
            fail_msg("%s does not show the group %s", EXAMPLE, g->group);
        example_has(node, EXAMPLE, g->keys, g->count);
    }
    config_free(&c);
    load_example();
    assert_true(s.test_mode);
}

static void http_example_is_complete(void **state)
{
    config *c = NULL;
    front_options o;
    (void)state;
    fail_clear(&f);
    if (front_settings_read(&o, &c, EXAMPLE_HTTP, &f))
        fail_msg("%s: %s", f.where, f.text);
    example_has(config_root(c), EXAMPLE_HTTP, front_keys, FRONT_KEY_COUNT);
    load_example();
    assert_string_equal(o.gateway, s.api_endpoint); /* the two examples fit together */
    assert_null(o.http.unix_socket);
    config_free(&c);
}

/* Who copies the examples of both sides has a gateway that its parties find. */
static void examples_name_one_port(void **state)
{
    static const char *const files[] = {
        "config/examples/adapter-ggd.conf",    "config/examples/adapter-police.conf",
        "config/examples/adapter-school.conf", "config/examples/adapter-wgs.conf",
        "config/examples/link.conf",
    };
    (void)state;
    load_example();
    const char *port = strrchr(s.bus_endpoint, ':');
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char line[256], endpoint[128];
        size_t found = 0;
        FILE *in = fopen(files[i], "r");
        if (!in)
            fail_msg("%s is not there", files[i]);
        while (fgets(line, sizeof line, in))
            if (sscanf(line, " endpoint = \"%127[^\"]\"", endpoint) == 1) {
                assert_string_equal(strrchr(endpoint, ':'), port);
                found++;
            }
        assert_true(found);
        assert_int_equal(fclose(in), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(values),
        cmocka_unit_test(missing_keys),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(operators_are_accounts),
        cmocka_unit_test(production_names_its_operators),
        cmocka_unit_test(limits),
        cmocka_unit_test(no_file),
        cmocka_unit_test(bounds_fit_the_protocol),
        cmocka_unit_test(example_is_complete),
        cmocka_unit_test(http_example_is_complete),
        cmocka_unit_test(examples_name_one_port),
    };
    return cmocka_run_group_tests_name("settings", tests, make_file, remove_file);
}
