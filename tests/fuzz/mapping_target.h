/* A party's mapping on hostile bytes: what adapters/ does with a file, checks and all. Run from the root. */
#ifndef SLUIS_TESTS_MAPPING_TARGET_H
#define SLUIS_TESTS_MAPPING_TARGET_H

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sources/party.h"

/* The mapping is loaded once: the target is the document. */
static int mapping_target(mapping_check check, const char *conf, const uint8_t *data, size_t n)
{
    static mapping *m;
    static catalogue *c;
    sluis_fail f = {0};
    if (!m && (crypto_start() || catalogue_load(&c, "config/rules/catalogue.conf", &f) ||
               mapping_load(&m, conf, c, &f))) {
        fprintf(stderr, "%s: %s\n", f.where, f.text);
        abort();
    }
    mapped_file file;
    buffer out;
    if (!mapping_apply(m, check, "f", BYTES(data, n), NULL, &file, &f)) {
        for (size_t i = 0; i < file.n; i++) {
            for (size_t k = 0; k < file.v[i].n; k++) {
                const catalogue_entry *e = catalogue_by_id(c, file.v[i].v[k].attribute);
                if (!e || value_misfit(e->kind, file.v[i].v[k].value))
                    abort(); /* a value that its type does not allow must never come out */
            }
        }
        mapped_file_close(&file);
    }
    buffer_init(&out, 1 << 20);
    mapping_unmapped(m, "f", BYTES(data, n), &out, NULL);
    buffer_close(&out);
    return 0;
}

#endif
