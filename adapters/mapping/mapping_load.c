#include <stdlib.h>
#include <string.h>

#include "mapping/mapping_file.h"

#define KEYS(a) (a), sizeof(a) / sizeof((a)[0])

static const config_key root_keys[] = {
    {"standard", CONFIG_STR, true, 1, 100, "", NULL, "name and version of the party's standard"},
    {"format", CONFIG_STR, true, 3, 4, "", NULL, "xml or json"},
    {"namespaces", CONFIG_LIST, false, 0, DOCUMENT_NAMESPACES, "", NULL, "prefixes of the paths (xml)"},
    {"root", CONFIG_STR, false, 1, 100, "", NULL, "name of the document's element (xml)"},
    {"person", CONFIG_STR, true, 1, 400, "", NULL, "path of the BSN"},
    {"checks", CONFIG_LIST, false, 0, 64, "", NULL, "what a file must satisfy"},
    {"gates", CONFIG_LIST, false, 0, 8, "", NULL, "without which nothing may be given"},
    {"attributes", CONFIG_LIST, true, 1, MAPPING_ATTRIBUTES, "", NULL, "the values"},
    {"ignore", CONFIG_STRS, false, 0, 128, "", NULL, "paths left out on purpose"},
};
static const config_key ns_keys[] = {
    {"prefix", CONFIG_STR, true, 1, 16, "", NULL, "as the paths use it"},
    {"uri", CONFIG_STR, true, 1, 200, "", NULL, "the namespace"},
};
static const config_key check_keys[] = {
    {"path", CONFIG_STR, true, 1, 400, "", NULL, "where"},
    {"equals", CONFIG_STR, false, 0, 200, "", NULL, "exactly this"},
    {"matches", CONFIG_STR, false, 1, 200, "", NULL, "a POSIX extended regular expression"},
    {"type", CONFIG_STR, false, 1, 16, "", NULL, "bsn, or a type of the catalogue"},
    {"required", CONFIG_BOOL, false, 0, 0, "", "true", "must stand there"},
};
static const config_key gate_keys[] = {
    {"path", CONFIG_STR, true, 1, 400, "", NULL, "where"},
    {"equals", CONFIG_STR, true, 1, 200, "", NULL, "what opens the gate"},
    {"reason", CONFIG_STR, true, 1, 64, "", NULL, "coded reason of the refusal"},
    {"explanation", CONFIG_STR, true, 1, 400, "", NULL, "the same in words"},
};
static const config_key attribute_keys[] = {
    {"name", CONFIG_STR, true, 1, 64, "", NULL, "name in the catalogue"},
    {"path", CONFIG_STR, true, 1, 400, "", NULL, "one place a value"},
    {"value", CONFIG_STR, false, 1, 400, "", NULL, "evaluated at the place"},
    {"key", CONFIG_STR, false, 1, 400, "", NULL, "tells instances apart; evaluated at the place"},
    {"convert", CONFIG_STR, false, 0, 16, "", "", "hl7-date, dutch-date, bool or amount"},
    {"codes", CONFIG_STRS, false, 1, 128, "", NULL, "\"from=to\""},
};

static sluis_err read_namespaces(mapping *m, const config_node *list, sluis_fail *f)
{
    for (size_t i = 0; list && i < config_count(list); i++) {
        const config_node *n = config_at(list, i);
        sluis_err err = config_check(n, KEYS(ns_keys), f);
        if (err)
            return err;
        m->ns[m->ns_count++] =
            (document_namespace){config_str(n, KEYS(ns_keys), "prefix"), config_str(n, KEYS(ns_keys), "uri")};
    }
    return SLUIS_OK;
}

static sluis_err read_check(map_check *c, const config_node *n, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(check_keys), f);
    if (err)
        return err;
    c->path = config_str(n, KEYS(check_keys), "path");
    c->equals = config_str(n, KEYS(check_keys), "equals");
    c->matches = config_str(n, KEYS(check_keys), "matches");
    c->required = config_bool(n, KEYS(check_keys), "required");
    const char *type = config_str(n, KEYS(check_keys), "type");
    if ((c->equals != NULL) + (c->matches != NULL) + (type != NULL) > 1)
        return config_fail(n, f, "a check has one of equals, matches and type");
    c->test = c->equals ? TEST_EQUALS : TEST_PRESENT;
    if (type && strcmp(type, "bsn") == 0) {
        c->test = TEST_BSN;
    } else if (type) {
        c->test = TEST_TYPE;
        if (value_kind_parse(&c->kind, type))
            return config_fail(n, f, "type is not bsn, text, date, number, amount, bool or code");
    }
    if (c->matches) {
        int wrong = regcomp(&c->pattern, c->matches, REG_EXTENDED | REG_NOSUB);
        if (wrong == REG_ESPACE)
            return fail_set(f, SLUIS_NOMEM, "mapping", "%s", error_text(SLUIS_NOMEM));
        if (wrong)
            return config_fail(n, f, "matches is not a regular expression");
        c->test = TEST_MATCHES;
    }
    return SLUIS_OK;
}

static sluis_err read_gate(map_gate *g, const config_node *n, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(gate_keys), f);
    if (err)
        return err;
    g->path = config_str(n, KEYS(gate_keys), "path");
    g->equals = config_str(n, KEYS(gate_keys), "equals");
    g->reason = config_str(n, KEYS(gate_keys), "reason");
    g->explanation = config_str(n, KEYS(gate_keys), "explanation");
    return name_valid(g->reason) ? SLUIS_OK : config_fail(n, f, "reason is not a code ([a-z0-9-])");
}

static sluis_err read_attribute(map_attribute *a, const config_node *n, const catalogue *c, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(attribute_keys), f);
    if (err)
        return err;
    a->name = config_str(n, KEYS(attribute_keys), "name");
    a->path = config_str(n, KEYS(attribute_keys), "path");
    a->value = config_str(n, KEYS(attribute_keys), "value");
    a->key = config_str(n, KEYS(attribute_keys), "key");
    a->codes = config_get(n, "codes");
    for (size_t i = 0; a->codes && i < config_count(a->codes); i++) {
        if (!strchr(config_at_str(a->codes, i), '='))
            return config_fail(n, f, "a code is written as \"from=to\"");
    }
    if (conversion_parse(&a->convert, config_str(n, KEYS(attribute_keys), "convert")))
        return config_fail(n, f, "convert is not hl7-date, dutch-date, bool or amount");
    const catalogue_entry *e = catalogue_by_name(c, a->name);
    if (!e)
        return config_fail(n, f, "the catalogue has no attribute of this name");
    a->id = e->id;
    a->entry = e;
    return SLUIS_OK;
}

static sluis_err read_lists(mapping *m, const config_node *root, const catalogue *c, sluis_fail *f)
{
    const config_node *checks = config_get(root, "checks"), *gates = config_get(root, "gates");
    const config_node *attributes = config_get(root, "attributes");
    size_t nc = checks ? config_count(checks) : 0, ng = gates ? config_count(gates) : 0,
           na = config_count(attributes);
    m->checks = calloc(nc + 1, sizeof *m->checks);
    m->gates = calloc(ng + 1, sizeof *m->gates);
    m->attributes = calloc(na + 1, sizeof *m->attributes);
    if (!m->checks || !m->gates || !m->attributes)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    sluis_err err = SLUIS_OK;
    for (; !err && m->check_count < nc; m->check_count++)
        err = read_check(&m->checks[m->check_count], config_at(checks, m->check_count), f);
    for (; !err && m->gate_count < ng; m->gate_count++)
        err = read_gate(&m->gates[m->gate_count], config_at(gates, m->gate_count), f);
    for (; !err && m->attribute_count < na; m->attribute_count++)
        err = read_attribute(&m->attributes[m->attribute_count], config_at(attributes, m->attribute_count), c,
                             f);
    return err;
}

static sluis_err read_root(mapping *m, const catalogue *c, sluis_fail *f)
{
    const config_node *root = config_root(m->cfg);
    sluis_err err = config_check(root, KEYS(root_keys), f);
    if (err)
        return err;
    const char *format = config_str(root, KEYS(root_keys), "format");
    m->format = strcmp(format, "xml") == 0 ? DOCUMENT_XML : DOCUMENT_JSON;
    if (m->format == DOCUMENT_JSON && strcmp(format, "json") != 0)
        return config_fail(root, f, "format is not xml or json");
    m->standard = config_str(root, KEYS(root_keys), "standard");
    m->root = config_str(root, KEYS(root_keys), "root");
    m->person = config_str(root, KEYS(root_keys), "person");
    m->ignore = config_get(root, "ignore");
    err = read_namespaces(m, config_get(root, "namespaces"), f);
    return err ? err : read_lists(m, root, c, f);
}

sluis_err mapping_load(mapping **out, const char *path, const catalogue *c, sluis_fail *f)
{
    *out = NULL;
    mapping *m = calloc(1, sizeof *m);
    if (!m)
        return fail_set(f, SLUIS_NOMEM, path, "out of memory");
    sluis_err err = config_read_file(&m->cfg, path, f);
    if (!err)
        err = read_root(m, c, f);
    if (err)
        mapping_free(&m);
    *out = m;
    return err;
}

void mapping_free(mapping **m)
{
    if (!*m)
        return;
    for (size_t i = 0; i < (*m)->check_count; i++) {
        if ((*m)->checks[i].test == TEST_MATCHES)
            regfree(&(*m)->checks[i].pattern);
    }
    free((*m)->checks);
    free((*m)->gates);
    free((*m)->attributes);
    config_free(&(*m)->cfg);
    free(*m);
    *m = NULL;
}
