/* What takes two persons: one proposes it, another carries it out. The proposal waits in META:
 *
 *  <what> id 16   when u64 | by
 *
 * and is void after a week. */
#include "core/two_persons.h"

#include <string.h>

#define PROPOSAL_MS (7 * DAY_MS)

/* Who proposed it, in the arena; NULL: nobody, or too long ago. */
static sluis_err read_proposal(turn *t, bytes key, char **by)
{
    bytes v;
    *by = NULL;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_META, key, &v);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (v.n <= 8 || v.n > 8 + NAME_MAX_LEN)
        return SLUIS_CORRUPT;
    if (get_u64(v.p) + PROPOSAL_MS <= t->now)
        return SLUIS_OK;
    *by = arena_alloc(t->arena, v.n - 8 + 1);
    if (!*by)
        return SLUIS_NOMEM;
    memcpy(*by, v.p + 8, v.n - 8);
    (*by)[v.n - 8] = '\0';
    return SLUIS_OK;
}

static sluis_err write_proposal(turn *t, bytes key, const char *by)
{
    uint8_t v[8 + NAME_MAX_LEN];
    size_t n = strlen(by);
    put_u64(v, t->now);
    memcpy(v + 8, by, n);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, key, BYTES(v, 8 + n));
}

sluis_err two_persons(turn *t, const char *what, const keyid *id, const char *by, bool *second, sluis_fail *f)
{
    uint8_t key[32 + KEYID_LEN];
    char hex[2 * KEYID_LEN + 1], *first = NULL;
    size_t n = strlen(what);
    memcpy(key, what, n);
    memcpy(key + n, id->b, KEYID_LEN);
    bytes row = BYTES(key, n + KEYID_LEN);
    sluis_err e = read_proposal(t, row, &first);
    *second = first != NULL;
    if (e)
        return e;
    if (!first)
        return write_proposal(t, row, by);
    if (strcmp(first, by) != 0)
        return store_delete(t->t, TABLE_META, row);
    hex_encode(hex, id->b, KEYID_LEN);
    return fail_set(f, SLUIS_CONFLICT, hex, "the same person proposed it: another carries it out");
}
