#include "sources/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/crypto.h"

#define NAME_MAX_BYTES 255

typedef struct {
    char name[NAME_MAX_BYTES + 1];
    struct timespec changed;
    off_t size;
    bool fault;
} folder_file;

typedef struct {
    char bsn[BSN_LEN + 1];
    uint32_t file;
} folder_entry;

typedef struct {
    source base; /* first */
    char *path;
    const mapping *mapping;
    const party_kind *kind;
    size_t max_files, max_bytes;
    bool test_mode;
    folder_file *files;
    size_t file_count;
    folder_entry *entries; /* ascending by bsn */
    size_t entry_count, entry_cap;
    bool full; /* said once */
} folder;

static void mask(char out[static NAME_MAX_BYTES + 1], const char *name)
{
    snprintf(out, NAME_MAX_BYTES + 1, "%s", name);
    bsn_mask(out);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool newer(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* The whole file, owned by the caller; through the descriptor, so that size and content are one file's. */
static sluis_err read_file(const folder *s, const char *name, bytes *out, sluis_fail *f)
{
    char path[4096], shown[NAME_MAX_BYTES + 1];
    struct stat st;
    uint8_t *text = NULL;
    *out = (bytes){0};
    mask(shown, name);
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return fail_set(f, SLUIS_IO, shown, "cannot be opened: %s", strerror(errno));
    sluis_err err = SLUIS_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        err = fail_set(f, SLUIS_IO, shown, "is not a plain file");
    else if (st.st_size < 0 || (uint64_t)st.st_size > s->max_bytes)
        err = fail_set(f, SLUIS_TOO_BIG, shown, "is larger than %zu bytes", s->max_bytes);
    else if (!(text = malloc((size_t)st.st_size + 1)))
        err = fail_set(f, SLUIS_NOMEM, shown, "out of memory");
    size_t n = 0;
    while (!err && n < (size_t)st.st_size) {
        ssize_t r = read(fd, text + n, (size_t)st.st_size - n);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    if (!err && n != (size_t)st.st_size)
        err = fail_set(f, SLUIS_TRUNCATED, shown, "could not be read to its end");
    close(fd);
    if (err)
        free(text);
    else
        *out = BYTES(text, n);
    return err;
}

static void drop_text(bytes text)
{
    wipe((void *)(uintptr_t)text.p, text.n);
    free((void *)(uintptr_t)text.p);
}

static sluis_err add_entry(folder *s, const char *bsn, size_t file)
{
    if (s->entry_count == s->entry_cap) {
        size_t cap = s->entry_cap ? s->entry_cap * 2 : 64;
        folder_entry *e = realloc(s->entries, cap * sizeof *e);
        if (!e)
            return SLUIS_NOMEM;
        s->entries = e;
        s->entry_cap = cap;
    }
    memcpy(s->entries[s->entry_count].bsn, bsn, BSN_LEN + 1);
    s->entries[s->entry_count++].file = (uint32_t)file;
    return SLUIS_OK;
}

static sluis_err index_file(folder *s, size_t i, sluis_fail *f)
{
    bytes text;
    mapped_file m;
    char shown[NAME_MAX_BYTES + 1];
    mask(shown, s->files[i].name);
    sluis_err err = read_file(s, s->files[i].name, &text, f);
    if (err)
        return err;
    err = mapping_persons(s->mapping, s->kind->check, shown, text, &m, f);
    for (size_t p = 0; !err && p < m.n; p++) {
        if (bsn_is_test(m.v[p].bsn) != s->test_mode)
            err = fail_set(f, SLUIS_MODE, shown, "%s",
                           s->test_mode ? "holds real persons, and this is test mode"
                                        : "holds test persons, and this is not test mode");
    }
    for (size_t p = 0; !err && p < m.n; p++)
        err = add_entry(s, m.v[p].bsn, i);
    mapped_file_close(&m);
    drop_text(text);
    return err;
}

static int by_person(const void *a, const void *b)
{
    return strcmp(((const folder_entry *)a)->bsn, ((const folder_entry *)b)->bsn);
}

static folder_file *find_file(folder *s, const char *name)
{
    for (size_t i = 0; i < s->file_count; i++) {
        if (strcmp(s->files[i].name, name) == 0)
            return &s->files[i];
    }
    return NULL;
}

static bool wanted(const folder *s, const char *name)
{
    size_t n = strlen(name), e = strlen(s->kind->extension);
    return name[0] != '.' && n > e && n <= NAME_MAX_BYTES && strcmp(name + n - e, s->kind->extension) == 0;
}

/* Into now: the folder's files; true when they differ from what was indexed. */
static bool list(folder *s, DIR *dir, folder_file *now, size_t *count)
{
    bool changed = false;
    struct stat st;
    struct dirent *e;
    *count = 0;
    while ((e = readdir(dir))) {
        if (!wanted(s, e->d_name) || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(st.st_mode))
            continue;
        if (*count == s->max_files) {
            if (!s->full)
                log_write(LOG_ERROR, "source.folder-full", "text",
                          "more files than source.max_files; the rest is left out", NULL);
            s->full = true;
            break;
        }
        folder_file *n = &now[(*count)++];
        *n = (folder_file){.changed = st.st_mtim, .size = st.st_size};
        memcpy(n->name, e->d_name, strlen(e->d_name) + 1);
        const folder_file *old = find_file(s, n->name);
        changed = changed || !old || !same_time(old->changed, n->changed) || old->size != n->size;
        n->fault = old && old->fault && same_time(old->changed, n->changed);
    }
    return changed || *count != s->file_count;
}

static void reindex(folder *s, folder_file *now, size_t count)
{
    free(s->files);
    s->files = now;
    s->file_count = count;
    s->entry_count = 0;
    for (size_t i = 0; i < count; i++) {
        sluis_fail f = {0};
        bool known = now[i].fault;
        sluis_err err = index_file(s, i, &f);
        now[i].fault = err != SLUIS_OK;
        if (err && !known)
            log_write(LOG_WARN, "source.file-refused", "code", error_token(err), "where", f.where, "text",
                      f.text, NULL);
    }
    if (s->entry_count)
        qsort(s->entries, s->entry_count, sizeof *s->entries, by_person);
}

static sluis_err folder_refresh(source *base, sluis_fail *f)
{
    folder *s = (folder *)base;
    DIR *dir = opendir(s->path);
    if (!dir)
        return fail_set(f, SLUIS_IO, s->path, "the folder cannot be read: %s", strerror(errno));
    size_t count;
    folder_file *now = calloc(s->max_files, sizeof *now);
    sluis_err err = now ? SLUIS_OK : fail_set(f, SLUIS_NOMEM, s->path, "out of memory");
    if (now && list(s, dir, now, &count))
        reindex(s, now, count);
    else
        free(now);
    closedir(dir);
    return err;
}

/* ---- looking up ---- */
typedef struct {
    mapped_value *v;
    struct timespec *from; /* the file a value came from, by its time */
    size_t n, cap;
    arena *a;
} joined;

static sluis_err join(joined *j, const mapped_value *v, struct timespec from)
{
    const char *value = NULL;
    size_t i = 0;
    while (i < j->n &&
           (j->v[i].attribute != v->attribute || memcmp(j->v[i].instance, v->instance, ID_LEN) != 0))
        i++;
    if (i < j->n && !newer(from, j->from[i]))
        return SLUIS_OK;
    if (i == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 64;
        mapped_value *nv = arena_alloc(j->a, cap * sizeof *nv);
        struct timespec *nf = arena_alloc(j->a, cap * sizeof *nf);
        if (!nv || !nf)
            return SLUIS_NOMEM;
        if (j->n) {
            memcpy(nv, j->v, j->n * sizeof *nv);
            memcpy(nf, j->from, j->n * sizeof *nf);
        }
        j->v = nv;
        j->from = nf;
        j->cap = cap;
    }
    value = arena_strdup(j->a, v->value);
    if (!value)
        return SLUIS_NOMEM;
    j->v[i] = *v;
    j->v[i].value = value;
    j->from[i] = from;
    j->n += i == j->n;
    return SLUIS_OK;
}

static sluis_err take_file(folder *s, const folder_file *file, const char *bsn, joined *j, source_person *out,
                           sluis_fail *f)
{
    bytes text;
    mapped_file m;
    char shown[NAME_MAX_BYTES + 1];
    mask(shown, file->name);
    sluis_err err = read_file(s, file->name, &text, f);
    if (err)
        return err;
    err = mapping_apply(s->mapping, s->kind->check, shown, text, bsn, &m, f);
    for (size_t p = 0; !err && p < m.n; p++) {
        if (strcmp(m.v[p].bsn, bsn) != 0)
            continue;
        if (m.v[p].refusal) {
            out->refusal = m.v[p].refusal;
            out->explanation = m.v[p].explanation;
        }
        for (size_t i = 0; !err && i < m.v[p].n; i++)
            err = join(j, &m.v[p].v[i], file->changed);
    }
    mapped_file_close(&m);
    drop_text(text);
    return err;
}

static sluis_err folder_lookup(source *base, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                               sluis_fail *f)
{
    folder *s = (folder *)base;
    folder_entry key = {0};
    joined j = {.a = a};
    memcpy(key.bsn, bsn, BSN_LEN);
    folder_entry *e = s->entry_count ? bsearch(&key, s->entries, s->entry_count, sizeof *e, by_person) : NULL;
    if (!e)
        return SLUIS_NOT_FOUND;
    while (e > s->entries && strcmp(e[-1].bsn, bsn) == 0)
        e--;
    sluis_err err = SLUIS_OK;
    for (; !err && e < s->entries + s->entry_count && strcmp(e->bsn, bsn) == 0; e++)
        err = take_file(s, &s->files[e->file], bsn, &j, out, f);
    out->v = j.v;
    out->n = j.n;
    return err;
}

static void folder_status(const source *base, source_status *out)
{
    const folder *s = (const folder *)base;
    out->files = s->file_count;
    for (size_t i = 0; i < s->file_count; i++)
        out->faults += s->files[i].fault;
    for (size_t i = 0; i < s->entry_count; i++)
        out->persons += !i || strcmp(s->entries[i].bsn, s->entries[i - 1].bsn) != 0;
}

static void folder_free(source *base)
{
    folder *s = (folder *)base;
    free(s->path);
    free(s->files);
    if (s->entries)
        wipe(s->entries, s->entry_cap * sizeof *s->entries);
    free(s->entries);
    free(s);
}

static const source_ops folder_ops = {folder_lookup, folder_refresh, folder_status, folder_free};

sluis_err folder_source_new(source **out, const folder_options *o, sluis_fail *f)
{
    *out = NULL;
    folder *s = calloc(1, sizeof *s);
    if (!s)
        return fail_set(f, SLUIS_NOMEM, o->path, "out of memory");
    s->base.ops = &folder_ops;
    s->path = strdup(o->path);
    s->mapping = o->mapping;
    s->kind = o->kind;
    s->max_files = o->max_files;
    s->max_bytes = o->max_bytes;
    s->test_mode = o->test_mode;
    sluis_err err =
        s->path ? folder_refresh(&s->base, f) : fail_set(f, SLUIS_NOMEM, o->path, "out of memory");
    if (err)
        folder_free(&s->base);
    else
        *out = &s->base;
    return err;
}
