#include "sources/source.h"

sluis_err source_lookup(source *s, const char bsn[static BSN_LEN + 1], arena *a, source_person *out,
                        sluis_fail *f)
{
    *out = (source_person){0};
    return s->ops->lookup(s, bsn, a, out, f);
}

sluis_err source_refresh(source *s, sluis_fail *f)
{
    return s->ops->refresh ? s->ops->refresh(s, f) : SLUIS_OK;
}

void source_status_get(const source *s, source_status *out)
{
    *out = (source_status){0};
    s->ops->status(s, out);
}

void source_free(source **s)
{
    if (!*s)
        return;
    (*s)->ops->free(*s);
    *s = NULL;
}
