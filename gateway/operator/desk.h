/* What the operators' commands share. A command is a function: it reads what it needs from a snapshot, or has
 * core do it, and returns the owned reply; NULL: f says why not. Thread: the control thread. */
#ifndef SLUIS_OPERATOR_DESK_H
#define SLUIS_OPERATOR_DESK_H

#include <sys/types.h>

#include <jansson.h>

#include "flow/job.h"
#include "operator/operator.h"
#include "operator/renewal.h"

typedef struct {
    const operator_task *task;
    channel *core, *replies;
    renewal seals;
    /* The operator whose account asks; "": one that is no operator's. NULL: any name is taken
     * (settings.operators is empty, or we ask ourselves). */
    const char *speaker;
    uid_t peer; /* whose process asks */
} desk;

static inline const parts *desk_parts(const desk *d)
{
    return d->task->p;
}

/* The string at key of the request; NULL: f says that it is missing. */
const char *desk_text(const json_t *q, const char *key, sluis_fail *f);
/* Who asks ("by"), into the job, and why ("reason"). PERMISSION: another's name than the account's that asks,
 * or that account is no operator's. */
sluis_err desk_by(const desk *d, const json_t *q, job *j, sluis_fail *f);
sluis_err desk_words(const desk *d, const json_t *q, job *j, sluis_fail *f);
/* Core does the job; it comes back in *jp. When it is refused, or does not come back: *jp is NULL, f says
 * why. filled: what filling it in came to. */
void desk_ask(desk *d, job **jp, sluis_err filled, const char *cmd, sluis_fail *f);

/* members.c: the directory in force; one party's entry, or its or a key's state: {"oin"}. */
json_t *desk_party_list(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_party_enrol(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_party_suspend(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_party_resume(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_key_revoke(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_key_suspend(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_key_resume(desk *d, const json_t *q, sluis_fail *f);

/* looking.c: the course of a transaction, a receipt of an entry, a proof for a witness, dead letters. */
json_t *desk_trace(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_receipt_get(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_journal_prove(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_dead_list(desk *d, const json_t *q, sluis_fail *f);

/* copying.c: the store and its journal into a folder, beside a running gateway. */
json_t *desk_journal_copy(desk *d, const json_t *q, sluis_fail *f);

/* ruling.c */
json_t *desk_config_reload(desk *d, const json_t *q, sluis_fail *f);
/* Asked for by a signal: nobody waits for the answer, so the log has it. */
void desk_config_reload_signal(desk *d);
/* Every set of rules that was in force: {"sets": [{"since", "hash"}]}, oldest first. */
json_t *desk_config_history(desk *d, const json_t *q, sluis_fail *f);
/* The files of the set in force at "at" (a moment; absent: now): {"since", "hash", "files": {name: text}}. */
json_t *desk_config_export(desk *d, const json_t *q, sluis_fail *f);
/* What the rules of a moment ("at"; absent: now) say of a question about "case", as the case is now. */
json_t *desk_policy_explain(desk *d, const json_t *q, sluis_fail *f);

/* agreements.c */
json_t *desk_agreement_list(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_agreement_show(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_agreement_file(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_agreement_accept(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_agreement_revoke(desk *d, const json_t *q, sluis_fail *f);

/* importing.c: a batch of lines of a file: {"lines", "new", "same", "newer", "discrepancies"}; lines: how far
 * that file is in. */
json_t *desk_register_import(desk *d, const json_t *q, sluis_fail *f);
/* forgetting.c: {"outcome"} of forgetting a person, which two ask for; {"held", "late", "clock",
 * "clock_seen", "clock_jump_days", "last_pass", "being_cleared"};
 * {"outcome": "confirmed"}. */
json_t *desk_subject_forget(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_retention_show(desk *d, const json_t *q, sluis_fail *f);
json_t *desk_retention_confirm(desk *d, const json_t *q, sluis_fail *f);

/* cooperation.c: {"parties": [...]}, each with its shares and signals. */
json_t *desk_cooperation_list(desk *d, const json_t *q, sluis_fail *f);

#endif
