#include "journal/witnesses.h"

#include <stdlib.h>

#include "base/lines.h"

#define LINE_MAX_LEN 512

typedef struct {
    char name[ORIGIN_MAX + 1];
    uint8_t pk[PK_LEN];
} witness;

struct witnesses {
    size_t n;
    witness v[WITNESSES_MAX];
};

static sluis_err take(void *ctx, char *line, const char *where, sluis_fail *f)
{
    witnesses *w = ctx;
    if (w->n == WITNESSES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, where, "at most %d witnesses", WITNESSES_MAX);
    if (cosigner_parse(w->v[w->n].name, w->v[w->n].pk, line))
        return fail_set(f, SLUIS_INVALID, where, "is not the verifier key of a witness (witness.vkey)");
    w->n++;
    return SLUIS_OK;
}

sluis_err witnesses_load(witnesses **out, const char *path, sluis_fail *f)
{
    witnesses *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return fail_set(f, SLUIS_NOMEM, "journal.witnesses", "out of memory");
    sluis_err e = path ? lines_read(path, LINE_MAX_LEN, take, w, f) : SLUIS_OK;
    if (e)
        witnesses_free(&w);
    *out = w;
    return e;
}

void witnesses_free(witnesses **w)
{
    free(*w);
    *w = NULL;
}

const char *witnesses_find(const witnesses *w, bytes note, uint64_t *seconds, sluis_fail *f)
{
    for (size_t i = 0; i < w->n; i++)
        if (!cosignature_open(seconds, (const char *)note.p, note.n, w->v[i].name, w->v[i].pk, NULL))
            return w->v[i].name;
    fail_set(f, SLUIS_UNKNOWN_KEY, "checkpoint", "no line of a witness that this gateway knows");
    return NULL;
}
