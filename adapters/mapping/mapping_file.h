/* A mapping as read from its file: shared by mapping_load.c (reads) and mapping.c (applies); nobody else. */
#ifndef SLUIS_MAPPING_MAPPING_FILE_H
#define SLUIS_MAPPING_MAPPING_FILE_H

#include <regex.h>

#include "base/config.h"
#include "mapping/convert.h"
#include "mapping/mapping.h"

typedef enum { TEST_EQUALS, TEST_MATCHES, TEST_BSN, TEST_TYPE, TEST_PRESENT } test_kind;

/* All strings are borrowed from the config that the mapping keeps. */
typedef struct {
    const char *path, *equals, *matches;
    test_kind test;
    value_kind kind;
    regex_t pattern; /* compiled when test is TEST_MATCHES */
    bool required;
} map_check;

typedef struct {
    const char *path, *equals, *reason, *explanation;
} map_gate;

typedef struct {
    uint32_t id;
    const char *name, *path, *value, *key; /* value, key: NULL when absent */
    conversion convert;
    const catalogue_entry *entry; /* of the catalogue, which outlives the mapping */
    const config_node *codes;     /* NULL: none */
} map_attribute;

struct mapping {
    config *cfg;
    const char *standard, *root, *person;
    document_format format;
    document_namespace ns[DOCUMENT_NAMESPACES];
    size_t ns_count;
    map_check *checks;
    map_gate *gates;
    map_attribute *attributes;
    size_t check_count, gate_count, attribute_count;
    const config_node *ignore; /* NULL: none */
};

#endif
