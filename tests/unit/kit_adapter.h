/* Catalogue, mappings and files for the tests of adapters/. Run from the repository's root. */
#ifndef SLUIS_TESTS_KIT_ADAPTER_H
#define SLUIS_TESTS_KIT_ADAPTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "sources/party.h"

#define KIT __attribute__((unused)) static

#define PARENT   "999990019"
#define CHILD    "999990020"
#define NOBODY   "999990032"
#define REFUSING "999990044"

KIT void assert_ok(sluis_err err, const sluis_fail *f)
{
    if (err)
        fail_msg("%s: %s %s", error_token(err), f->where, f->text);
}

KIT catalogue *kit_catalogue(void)
{
    catalogue *c;
    sluis_fail f = {0};
    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_ok(catalogue_load(&c, "config/rules/catalogue.conf", &f), &f);
    return c;
}

KIT mapping *kit_mapping(const catalogue *c, const char *path)
{
    mapping *m;
    sluis_fail f = {0};
    assert_ok(mapping_load(&m, path, c, &f), &f);
    return m;
}

/* A fresh folder below /tmp; kit_remove takes it away with what is directly in it. */
KIT void kit_folder(char out[static 64])
{
    snprintf(out, 64, "/tmp/sluis-test-XXXXXX");
    assert_non_null(mkdtemp(out));
}

KIT void kit_write(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

KIT void kit_remove(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

/* A file's text, owned, with a NUL behind it. */
KIT char *kit_read(const char *path, size_t *n)
{
    char *text = calloc(1, DOCUMENT_MAX_BYTES + 1);
    FILE *f = fopen(path, "rb");
    assert_non_null(text);
    assert_non_null(f);
    *n = fread(text, 1, DOCUMENT_MAX_BYTES, f);
    fclose(f);
    return text;
}

/* Replaces the first `from` in text (owned) by `to`; the result is owned. */
KIT char *kit_replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    assert_non_null(at);
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);
    assert_non_null(out);
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return out;
}

/* The value of a mapped person; the index-th of several; NULL when there is none. */
KIT const char *kit_value(const catalogue *c, const mapped_value *v, size_t n, const char *name, size_t index)
{
    const catalogue_entry *e = catalogue_by_name(c, name);
    assert_non_null(e);
    for (size_t i = 0; i < n; i++) {
        if (v[i].attribute == e->id && index-- == 0)
            return v[i].value;
    }
    return NULL;
}

#define assert_value(c, p, name, index, want)                                                                \
    do {                                                                                                     \
        const char *have_ = kit_value(c, (p)->v, (p)->n, name, index);                                       \
        assert_non_null(have_);                                                                              \
        assert_string_equal(have_, want);                                                                    \
    } while (0)

KIT void assert_ends(const char *have, const char *want)
{
    size_t h = strlen(have), w = strlen(want);
    if (h < w || strcmp(have + h - w, want) != 0)
        fail_msg("\"%s\" does not end in \"%s\"", have, want);
}

KIT void assert_holds(const char *have, const char *want)
{
    if (!strstr(have, want))
        fail_msg("\"%s\" does not hold \"%s\"", have, want);
}

/* Applies and expects a refusal that names this line and this element. */
KIT void assert_refused(const mapping *m, mapping_check check, const char *text, size_t n, const char *line,
                        const char *element)
{
    mapped_file file;
    sluis_fail f = {0};
    assert_int_not_equal(mapping_apply(m, check, "f", BYTES(text, n), NULL, &file, &f), SLUIS_OK);
    assert_ends(f.where, line);
    assert_holds(f.text, element);
}

#endif
