#include "verify/readers.h"

#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/lines.h"
#include "crypto/crypto.h"

#define LINE_MAX_LEN 256

typedef struct {
    char name[NAME_MAX_LEN + 1];
    uint8_t hash[HASH_LEN];
} reader;

struct readers {
    size_t n;
    reader v[READERS_MAX];
};

static bool parse_line(reader *out, char *line)
{
    char *space = strchr(line, ' ');
    if (!space)
        return false;
    *space = '\0';
    if (!name_valid(line) || hex_decode(out->hash, HASH_LEN, space + 1, strlen(space + 1)))
        return false;
    memcpy(out->name, line, strlen(line) + 1); /* a valid name fits */
    return true;
}

static sluis_err take(void *ctx, char *line, const char *where, sluis_fail *f)
{
    readers *r = ctx;
    if (r->n == READERS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, where, "at most %d readers", READERS_MAX);
    if (!parse_line(&r->v[r->n], line))
        return fail_set(f, SLUIS_INVALID, where,
                        "write: <name> <SHA-256 of the token, 64 hexadecimal digits>");
    r->n++;
    return SLUIS_OK;
}

sluis_err readers_load(readers **out, const char *path, sluis_fail *f)
{
    readers *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return fail_set(f, SLUIS_NOMEM, "journal.readers", "out of memory");
    sluis_err e = path ? lines_read(path, LINE_MAX_LEN, take, r, f) : SLUIS_OK;
    if (e)
        readers_free(&r);
    *out = r;
    return e;
}

void readers_free(readers **r)
{
    free(*r);
    *r = NULL;
}

const char *readers_find(const readers *r, const char *token)
{
    uint8_t hash[HASH_LEN];
    const char *found = NULL;
    sha256(hash, (bytes[]){bytes_str(token)}, 1);
    for (size_t i = 0; i < r->n; i++) /* every one is compared: the time tells nothing */
        if (secret_equal(hash, r->v[i].hash, HASH_LEN))
            found = r->v[i].name;
    return found;
}
