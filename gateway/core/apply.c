#include "core/apply.h"

#include "core/clock_guard.h"
#include "core/cooperation.h"
#include "core/handlers.h"
#include "core/restore.h"

/* A refusal leaves the transaction as it was; one that does not is a fault, of this job alone. */
static sluis_err check_whole(turn *t)
{
    const sluis_err e = store_error(t->t);
    if (turn_is_fault(e))
        return e;
    t->halfway = e || turn_written(t) != t->begun;
    return t->halfway ? SLUIS_INTERNAL : SLUIS_OK;
}

/* An answer that could not be taken. Not noted before its refusal is kept: a turn that is undone takes what
 * it noted along. */
static void note_failure(turn *t, const job *j)
{
    const sluis_err e = j->why.code;
    if (j->env && j->env->core->kind == SLUIS__KIND__RESPONSE && (e == SLUIS_INVALID || e == SLUIS_TOO_BIG))
        cooperation_failed(t, j->user.s);
}

static sluis_err journal_refusal(turn *t, job *j, Sluis__RecordType type)
{
    Sluis__Record r;
    sluis_err e = check_whole(t);
    if (e)
        return e;
    if (t->reserved) /* or nonsense would fill the reserve */
        return SLUIS_NO_SPACE;
    turn_record_of(t, j, type, &r);
    if (!j->env && j->call) {
        r.from = j->claims.oin.s;
        r.application = j->claims.app;
        r.function = j->claims.function;
        r.employee = j->claims.employee;
        r.origin = SLUIS__ORIGIN__API;
    }
    r.decision = (char *)(uintptr_t)error_token(j->why.code);
    r.detail = j->why.where;
    METRIC_ADD(t->p->metrics, core_refused, 1);
    note_failure(t, j);
    return turn_journal(t, &r);
}

/* The key must be valid at the moment of commit, whatever it was at admission. */
static sluis_err check_key_now(turn *t, job *j)
{
    const party_key *key = NULL;
    const party *from = directory_find(t->dir, &j->env->sender);
    if (!from)
        return fail_set(&j->why, SLUIS_UNKNOWN_PARTY, "core.sender", "not in the directory any more");
    return directory_key(t->dir, from, USE_SIGN, &j->env->signing_key, t->now, &key, &j->why);
}

static sluis_err apply_submission(turn *t, job *j)
{
    sluis_err e = turn_dedup_check(t, j);
    if (e == SLUIS_DUPLICATE) {
        j->duplicate = true;
        METRIC_ADD(t->p->metrics, core_duplicates, 1);
        return SLUIS_OK;
    }
    if (e == SLUIS_CONFLICT) {
        fail_set(&j->why, e, "core.message_id", "this message id was used for other bytes");
        return journal_refusal(t, j, SLUIS__RECORD_TYPE__R_CONFLICT);
    }
    if (!e)
        e = check_key_now(t, j);
    if (!e) /* what was remembered of a message goes when its time is over: from then on it would pass again
             */
        e = envelope_check_times(j->env, t->now, &j->why);
    if (!e)
        e = envelope_check_kind(j->env, &j->why);
    handler h = handler_of(j->env->core->kind);
    if (!e && !h)
        e = fail_set(&j->why, SLUIS_KIND, "core.kind", "this gateway does not carry this kind of message");
    if (!e && j->evidence.n)
        e = restore_admit(t, j, &j->why);
    if (!e)
        e = h(t, j, &j->why);
    if (e && !turn_is_fault(e)) {
        fail_set(&j->why, e, "message", "%s", error_text(e));
        return journal_refusal(t, j, SLUIS__RECORD_TYPE__R_REFUSAL);
    }
    if (!e)
        e = turn_dedup_remember(t, j);
    if (!e)
        METRIC_ADD(t->p->metrics, core_accepted, 1);
    return e;
}

static sluis_err apply_call(turn *t, job *j)
{
    sluis_err e = rules_hold(t, j, &j->why);
    if (e)
        return journal_refusal(t, j, SLUIS__RECORD_TYPE__R_REFUSAL);
    if (j->call->op_case == SLUIS__API_CALL__OP_OPEN_CASE)
        e = handle_open_case(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_FILE_REQUEST)
        e = handle_known(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_CHANGE_CASE)
        e = handle_change_case(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_ASK_KNOWN)
        e = handle_ask_known(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_CHANGE_REQUEST)
        e = handle_change_request(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_REPORT_CONCERN)
        e = handle_report_concern(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_DECIDE_CONCERN)
        e = handle_decide_concern(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_ASK_INTERVENTIONS)
        e = handle_ask_interventions(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_RESOLVE)
        e = handle_resolve(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_FILE_RIGHTS)
        e = handle_file_rights(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_DECIDE_RIGHTS)
        e = handle_decide_rights(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_NOTE_EXCHANGE)
        e = handle_note_exchange(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_RESTRICT_ENTRY)
        e = handle_restrict_entry(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_HAND_OVER)
        e = handle_hand_over(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_DECIDE_OFFER)
        e = handle_decide_offer(t, j, &j->why);
    else if (j->call->op_case == SLUIS__API_CALL__OP_LOG_COSIGN)
        e = handle_cosigned(t, j);
    else
        e = handle_read(t, j, &j->why);
    if (e && !turn_is_fault(e)) {
        fail_set(&j->why, e, "api", "%s", error_text(e));
        return journal_refusal(t, j, SLUIS__RECORD_TYPE__R_REFUSAL);
    }
    return e;
}

sluis_err apply_job(turn *t, job *j)
{
    sluis_err e;
    t->has_entry = t->halfway = false;
    t->begun = turn_written(t);
    METRIC_ADD(t->p->metrics, core_messages, 1);
    if (j->kind == JOB_MISSED)
        return turn_missed(t, &j->user, j->seq);
    if (j->kind == JOB_DONE) {
        e = SLUIS_OK;
        for (size_t i = 0; !e && i < j->seq_count; i++)
            e = j->why.code ? turn_refused(t, &j->user, j->seqs[i], j->why.code)
                            : turn_delivered(t, &j->user, j->seqs[i]);
        return e;
    }
    if (j->why.code)
        return journal_refusal(t, j, SLUIS__RECORD_TYPE__R_REFUSAL);
    if (j->kind == JOB_RECEIPT)
        return read_note(t, &j->read);
    if (j->kind == JOB_PARTY) {
        e = j->change == CHANGE_FORGET   ? handle_forget(t, j, &j->why)
            : j->change == CHANGE_RULES  ? handle_rules(t, j, &j->why)
            : j->change == CHANGE_IMPORT ? handle_import(t, j, &j->why)
            : j->change == CHANGE_CLOCK  ? handle_clock(t, j)
                                         : handle_party(t, j, &j->why);
        if (!e || turn_is_fault(e))
            return e;
        fail_set(&j->why, e, "change", "%s", error_text(e));
        return check_whole(t);
    }
    return j->env ? apply_submission(t, j) : apply_call(t, j);
}
