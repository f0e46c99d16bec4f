/* Of each covenant one agreement counts. Several covenants of a party stand beside each other: purpose and
 * category must be allowed by one and the same. */
#include <string.h>

#include "directory/agreement.h"

static bool has(const agreed_names *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], s) == 0)
            return true;
    return false;
}

static bool covers(const agreed_names *classes, const char *attribute)
{
    for (size_t i = 0; i < classes->n; i++) {
        size_t n = strlen(classes->at[i]);
        if (classes->at[i][n - 1] == '*' ? strncmp(classes->at[i], attribute, n - 1) == 0
                                         : strcmp(classes->at[i], attribute) == 0)
            return true;
    }
    return classes->n == 0;
}

static sluis_err judge_one(const agreement *a, const agreed_question *q, uint64_t now)
{
    if (a->revoked && now >= a->revoked)
        return SLUIS_AGREEMENT_REVOKED;
    if (!a->accepted)
        return SLUIS_AGREEMENT_ONE_SIGNATURE;
    if (now < a->valid_from || now >= a->valid_until)
        return SLUIS_AGREEMENT_NOT_IN_FORCE;
    if (!q->purpose)
        return SLUIS_OK;
    if (!has(&a->purposes, q->purpose))
        return SLUIS_AGREEMENT_PURPOSE;
    if (!q->category)
        return SLUIS_OK;
    return has(q->side == AGREED_GIVES ? &a->gives : &a->asks, q->category) &&
                   covers(&a->attributes, q->attribute)
               ? SLUIS_OK
               : SLUIS_AGREEMENT_CATEGORY;
}

/* Whether next, a later version, counts rather than old. What only the party signed gives way to all others;
 * what has not begun, to what has. */
static bool replaces(const agreement *old, const agreement *next, uint64_t now)
{
    if (!old)
        return true;
    if (!next->accepted)
        return !old->accepted;
    return !old->accepted || next->valid_from <= now || old->valid_from > now;
}

const agreement *agreement_counts(const agreement *list, size_t n, size_t from, uint64_t now_ms, size_t *next)
{
    const agreement *counts = NULL;
    size_t i = from;
    for (; i < n && strcmp(list[i].covenant, list[from].covenant) == 0; i++)
        if (replaces(counts, &list[i], now_ms))
            counts = &list[i];
    *next = i;
    return counts;
}

sluis_err agreement_judge(const agreement *list, size_t n, const agreed_question *q, uint64_t now_ms,
                          const agreement **about)
{
    sluis_err furthest = SLUIS_AGREEMENT_MISSING; /* the codes stand in the order of this judgement */
    *about = NULL;
    for (size_t i = 0; i < n;) {
        const agreement *a = agreement_counts(list, n, i, now_ms, &i);
        sluis_err e = judge_one(a, q, now_ms);
        if (!e || e > furthest) {
            *about = a;
            furthest = e;
        }
        if (!e)
            break;
    }
    return furthest;
}

uint64_t agreement_end(const agreement *a, const agreement *stop)
{
    uint64_t end = a->valid_until;
    for (const agreement *later = a + 1; later < stop; later++)
        if (later->accepted && !later->revoked && later->valid_from <= end && later->valid_until > end)
            end = later->valid_until;
    return end;
}

uint64_t agreements_end(const agreement *list, size_t n, uint64_t now_ms)
{
    static const agreed_question any = {.purpose = NULL};
    uint64_t first = UINT64_MAX;
    for (size_t i = 0, next; i < n; i = next) {
        const agreement *a = agreement_counts(list, n, i, now_ms, &next);
        uint64_t end = judge_one(a, &any, now_ms) ? UINT64_MAX : agreement_end(a, list + next);
        first = end < first ? end : first;
    }
    return first;
}
