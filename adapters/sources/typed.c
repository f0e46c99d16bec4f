#include "sources/typed.h"

#include <stdlib.h>

static sluis_err typed_lookup(source *s, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                              sluis_fail *f)
{
    (void)s;
    (void)bsn;
    (void)a;
    (void)f;
    out->typed = true;
    return SLUIS_OK;
}

static sluis_err nobody(source *s, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                        sluis_fail *f)
{
    (void)s;
    (void)bsn;
    (void)a;
    (void)out;
    (void)f;
    return SLUIS_NOT_FOUND;
}

static void no_status(const source *s, source_status *out)
{
    (void)s;
    (void)out;
}

static void release(source *s)
{
    free(s);
}

static const source_ops typed_ops = {.lookup = typed_lookup, .status = no_status, .free = release};
static const source_ops no_ops = {.lookup = nobody, .status = no_status, .free = release};

static sluis_err make(source **out, const source_ops *ops)
{
    source *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return SLUIS_NOMEM;
    s->ops = ops;
    return SLUIS_OK;
}

sluis_err typed_source_new(source **out)
{
    return make(out, &typed_ops);
}

sluis_err no_source_new(source **out)
{
    return make(out, &no_ops);
}
