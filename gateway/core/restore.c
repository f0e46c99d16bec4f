#include "core/restore.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "tables/lineage.h"

static sluis_err open_next(const parts *p, journal *j, sluis_fail *f)
{
    store_txn *t = NULL;
    bool copy, restore;
    bytes known = {NULL, 0};
    uint64_t forgotten = 0;
    sluis_err e = store_begin_write(p->store, &t, true);
    if (!e)
        e = lineage_read(t, &copy, &restore, &known);
    if (!e)
        e = journal_new_origin(j, t, clock_ms(), known, f);
    if (!e)
        e = lineage_clear(t);
    if (!e) /* the backup's rows of who was forgotten since go the way of theirs */
        e = registry_forget_keyless(p->registry, t, clock_ms(), &forgotten);
    if (!e)
        e = journal_seal(j, t);
    if (!e)
        e = keyslots_sync(p->slots);
    if (!e)
        e = store_commit(&t);
    store_abort(&t);
    if (!e)
        journal_committed(j);
    return e;
}

sluis_err restore_open(const parts *p, journal *j, sluis_fail *f)
{
    store_txn *t = NULL;
    bool copy = false, restore = false;
    uint64_t from;
    bytes known = {NULL, 0};
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = lineage_read(t, &copy, &restore, &known);
    store_abort(&t);
    if (e)
        return fail_set(f, e, "store", "whether this is a copy cannot be read");
    if (!copy)
        return SLUIS_OK;
    if (!restore)
        return fail_set(
            f, SLUIS_PERMISSION, "store",
            "this is a copy, made for backup or verification: started as it is, it would write a second "
            "history under the first one's name. Put a backup in place with `sluisctl restore`");
    if ((e = open_next(p, j, f)))
        return fail_set(f, e, "restore", "%s", error_text(e));
    log_write(LOG_WARN, "core.restored", "origin", journal_origin(j, &from), "text",
              "a backup was put in place: each witness goes on with --restored, once, when a person was told",
              NULL);
    return SLUIS_OK;
}

/* The organisation that acted: who signed it on the bus; through the API, whose case it is. */
static sluis_err find_acting(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    Sluis__CaseRow *row = NULL;
    j->claims.oin = j->env->sender;
    if (c->origin == SLUIS__ORIGIN__BUS)
        return SLUIS_OK;
    if (!oin_equal(&j->env->sender, &t->p->settings->oin))
        return fail_set(f, SLUIS_INVALID, "core.origin", "only the gateway signs for the API");
    sluis_err e = case_load(t->t, t->p->rows, c->case_id.data, t->arena, &row);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, SLUIS_NO_CASE, "core.case_id",
                        "its case was opened after the backup: open it again");
    return e ? e : oin_parse(&j->claims.oin, row->owner, strlen(row->owner));
}

/* Of the origin before this one the entries from its end on are lost; of one before that, also what a restore
 * in between has lost, and its end may be no entry any more. What was not lost is a duplicate. */
static bool may_be_lost(const job *j, uint64_t number, uint64_t from)
{
    return j->evidence_origin < number && (j->evidence_index >= from || j->evidence_origin + 1 < number);
}

sluis_err restore_admit(turn *t, job *j, sluis_fail *f)
{
    uint64_t from, number;
    const char *origin = journal_origin(t->journal, &from);
    if (!origin_number(origin, t->p->settings->name, &number) || !may_be_lost(j, number, from))
        return fail_set(f, SLUIS_CONFLICT, "receipt",
                        "this journal lost nothing at this index: it is %s from %llu on", origin,
                        (unsigned long long)from);
    return find_acting(t, j, f);
}
