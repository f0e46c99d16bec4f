/* Eleven files (the last may be absent) become a rule set, or an error that names file and line.
 *
 * Hash of the set: H("sluis1-rules", -, m) with m, for each file that is there, in the order of the table
 * below, name length u32 | name | text length u32 | text */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/ruleset.h"

#define PATH_MAX_LEN 4096

static const struct {
    const char *name;
    sluis_err (*read)(rules *r, const config_node *root, sluis_fail *f);
    bool optional;
} files[RULESET_FILES] = {
    [FILE_LAWS] = {.name = "laws.conf", .read = ruleset_read_laws},
    [FILE_PURPOSES] = {.name = "purposes.conf", .read = ruleset_read_purposes},
    [FILE_DOMAINS] = {.name = "domains.conf", .read = ruleset_read_domains},
    [FILE_REASONS] = {.name = "reasons.conf", .read = ruleset_read_reasons},
    [FILE_RETENTION] = {.name = "retention.conf", .read = ruleset_read_retention},
    [FILE_CATALOGUE] = {.name = "catalogue.conf", .read = ruleset_read_catalogue},
    [FILE_APPLICATIONS] = {.name = "applications.conf", .read = ruleset_read_applications},
    [FILE_VIEWS] = {.name = "views.conf", .read = ruleset_read_views},
    [FILE_RULES] = {.name = "rules.conf", .read = ruleset_read_rules},
    [FILE_HOLIDAYS] = {.name = "holidays.conf", .read = ruleset_read_holidays},
    [FILE_COOPERATION] = {.name = "cooperation.conf", .read = ruleset_read_levels, .optional = true},
};

const char *rules_file_name(size_t i)
{
    return i < RULESET_FILES ? files[i].name : NULL;
}

bool rules_file_optional(size_t i)
{
    return i < RULESET_FILES && files[i].optional;
}

rules_text rules_text_at(const rules *r, size_t i)
{
    return r->texts[i];
}

static const rules_text *text_of(const rules_text *texts, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(texts[i].name, name) == 0)
            return &texts[i];
    return NULL;
}

static sluis_err check_names(const rules_text *texts, size_t n, sluis_fail *f)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const char *called = texts[i].path ? texts[i].path : texts[i].name;
        bool known = false;
        for (size_t k = 0; k < RULESET_FILES; k++)
            known = known || strcmp(files[k].name, texts[i].name) == 0;
        if (!known)
            return fail_set(f, SLUIS_INVALID, called, "no rule set has a file of this name");
        all += texts[i].n;
        if (all > RULESET_BYTES_MAX)
            return fail_set(f, SLUIS_TOO_BIG, called, "the files are larger than %u bytes together",
                            RULESET_BYTES_MAX);
        if (text_of(texts, i, texts[i].name))
            return fail_set(f, SLUIS_INVALID, called, "given twice");
    }
    return SLUIS_OK;
}

static void hash_texts(uint8_t out[static HASH_LEN], const rules_text *const *texts)
{
    uint8_t lengths[2 * RULESET_FILES][4];
    bytes parts[4 * RULESET_FILES];
    size_t n = 0;
    for (size_t i = 0; i < RULESET_FILES; i++) {
        if (!texts[i])
            continue;
        bytes name = bytes_str(texts[i]->name);
        put_u32(lengths[2 * i], (uint32_t)name.n);
        put_u32(lengths[2 * i + 1], (uint32_t)texts[i]->n);
        parts[n++] = BYTES_OF(lengths[2 * i]);
        parts[n++] = name;
        parts[n++] = BYTES_OF(lengths[2 * i + 1]);
        parts[n++] = BYTES(texts[i]->text, texts[i]->n);
    }
    hash_tagged(out, "sluis1-rules", NULL, parts, n);
}

sluis_err rules_load_texts(rules **out, const rules_text *texts, size_t n, sluis_fail *f)
{
    const rules_text *sorted[RULESET_FILES];
    *out = NULL;
    sluis_err err = check_names(texts, n, f);
    if (err)
        return err;
    rules *r = calloc(1, sizeof *r);
    if (!r)
        return fail_set(f, SLUIS_NOMEM, "rules", "%s", error_text(SLUIS_NOMEM));
    atomic_init(&r->refs, 1);
    for (size_t i = 0; i < RULESET_FILES; i++) {
        const rules_text *t = sorted[i] = text_of(texts, n, files[i].name);
        r->texts[i] = (rules_text){.name = files[i].name};
        if (!t && files[i].optional)
            continue;
        if (!t) {
            err = fail_set(f, SLUIS_NOT_FOUND, files[i].name, "this file is missing from the rule set");
            goto fail;
        }
        char *kept = ruleset_alloc(r, t->n + 1, 1);
        if (!kept) {
            err = SLUIS_NOMEM;
            goto fail;
        }
        memcpy(kept, t->text, t->n);
        r->texts[i] = (rules_text){.name = files[i].name, .text = kept, .n = t->n};
        err = config_read_text(&r->files[i], t->path ? t->path : t->name, t->text, t->n, f);
        if (!err)
            err = files[i].read(r, config_root(r->files[i]), f);
        if (err)
            goto fail;
    }
    if (!rules_journal_class(r, RETENTION_TRAFFIC) || !rules_journal_class(r, RETENTION_MANAGEMENT)) {
        err = fail_set(f, SLUIS_INVALID, sorted[FILE_RETENTION]->name,
                       "the classes " RETENTION_TRAFFIC " and " RETENTION_MANAGEMENT
                       " are needed: the journal uses them");
        goto fail;
    }
    hash_texts(r->hash, sorted);
    *out = r;
    return SLUIS_OK;
fail:
    if (err == SLUIS_NOMEM)
        fail_set(f, err, "rules", "%s", error_text(err));
    rules_unref(&r);
    return err;
}

static sluis_err read_text(const char *path, char **text, size_t *n, sluis_fail *f)
{
    FILE *in = fopen(path, "re");
    if (!in)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, path,
                        "cannot open this file of the rules: %s", strerror(errno));
    sluis_err err = SLUIS_OK;
    *text = malloc(CONFIG_MAX_BYTES + 1);
    if (!*text) {
        err = fail_set(f, SLUIS_NOMEM, path, "%s", error_text(SLUIS_NOMEM));
        goto done;
    }
    *n = fread(*text, 1, CONFIG_MAX_BYTES + 1, in);
    if (ferror(in))
        err = fail_set(f, SLUIS_IO, path, "cannot read this file of the rules: %s", strerror(errno));
    else if (*n > CONFIG_MAX_BYTES)
        err = fail_set(f, SLUIS_TOO_BIG, path, "larger than %u bytes", CONFIG_MAX_BYTES);
done:
    fclose(in);
    return err;
}

/* A .conf file beside these would be a rule that somebody believes in and nobody reads. */
static sluis_err check_folder(const char *dir, sluis_fail *f)
{
    char path[PATH_MAX_LEN];
    DIR *d = opendir(dir);
    if (!d)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, dir,
                        "cannot open the folder of rules: %s", strerror(errno));
    sluis_err err = SLUIS_OK;
    for (struct dirent *e; !err && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        bool known = len < 5 || strcmp(e->d_name + len - 5, ".conf") != 0;
        for (size_t k = 0; k < RULESET_FILES; k++)
            known = known || strcmp(files[k].name, e->d_name) == 0;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (!known)
            err =
                fail_set(f, SLUIS_INVALID, path, "no rule set has a file of this name: rename or remove it");
    }
    closedir(d);
    return err;
}

sluis_err rules_load(rules **out, const char *dir, sluis_fail *f)
{
    char paths[RULESET_FILES][PATH_MAX_LEN];
    char *owned[RULESET_FILES] = {0};
    rules_text texts[RULESET_FILES];
    *out = NULL;
    sluis_err err = check_folder(dir, f);
    size_t n = 0;
    for (size_t i = 0; i < RULESET_FILES && !err; i++) {
        int len = snprintf(paths[i], PATH_MAX_LEN, "%s/%s", dir, files[i].name);
        if (len < 0 || (size_t)len >= PATH_MAX_LEN)
            err = fail_set(f, SLUIS_TOO_BIG, "rules", "the folder's name is too long");
        texts[n] = (rules_text){.name = files[i].name, .path = paths[i]};
        if (!err && !(files[i].optional && access(paths[i], F_OK) != 0 && errno == ENOENT)) {
            err = read_text(paths[i], &owned[i], &texts[n].n, f);
            texts[n++].text = owned[i];
        }
    }
    if (!err)
        err = rules_load_texts(out, texts, n, f);
    for (size_t i = 0; i < RULESET_FILES; i++)
        free(owned[i]);
    return err;
}
