#include "read/list_walk.h"

#include <string.h>

#include "base/clock.h"
#include "tables/sequences.h"

sluis_err list_walk_begin(list_walk *x, const reader *r, store_txn *t, const list_owner *who, bytes after,
                          bytes since, bytes context, sluis_fail *f)
{
    list_mark now, old;
    *x = (list_walk){.more = false};
    sequences last = {.save = 0};
    sluis_err e = list_now(&now, r, t, clock_ms());
    if (!e)
        e = sequences_load(t, r->p->rows, &last);
    now.at.saves = last.save;
    list_context(now.context, who->name, context);
    if (!e)
        e = list_begin(&x->mark, who, after, since, &now, &old, f);
    if (e)
        return e;
    if (since.n && memcmp(old.context, now.context, CONTEXT_LEN) != 0)
        x->mark = now; /* what was told then is told otherwise now */
    memcpy(x->left, x->mark.left, PRINT_LEN);
    x->ahead = since.n && list_only_changes(&x->mark);
    return SLUIS_OK;
}

void list_walk_anew(list_walk *x)
{
    *x = (list_walk){.mark = list_whole(&x->mark)};
}

bool list_walk_next(list_walk *x)
{
    if (x->seen == LIST_SCAN_MAX) {
        x->more = true;
        return false;
    }
    x->seen++;
    return !x->more || x->ahead;
}

void list_walk_note(list_walk *x, bytes item, bool then)
{
    uint8_t print[PRINT_LEN];
    list_print(print, item);
    if (list_only_changes(&x->mark) && then)
        print_add(x->left, print);
    if (!x->more)
        print_add(x->mark.print, print);
}

void list_walk_passed(list_walk *x, bytes place)
{
    if (x->more)
        return;
    memcpy(x->mark.left, x->left, PRINT_LEN);
    x->mark.after.attribute = 1;
    memcpy(x->mark.after.instance.b, place.p, place.n);
}

sluis_err list_walk_end(const list_walk *x)
{
    return list_only_changes(&x->mark) && !print_is_zero(x->left) ? SLUIS_CONFLICT : SLUIS_OK;
}
