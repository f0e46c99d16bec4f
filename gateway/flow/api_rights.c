/* What a client asked about the own data, as ApiRights. */
#include "cases/rights.h"
#include "flow/api_out.h"
#include "wire/envelope.h"

#define RIGHTS_ARENA (64u << 10)

sluis_err api_rights_fill(Sluis__ApiRights *out, arena *a, const rules *rs, uint64_t now,
                          const uint8_t transaction[static UUID_LEN], const Sluis__RightsRow *row)
{
    right_kind kind;
    const client_right *c = right_parse(&kind, row->kind) ? NULL : rules_right(rs, kind);
    const uint64_t term = rights_term(row);
    sluis__api_rights__init(out);
    out->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    out->case_id = row->case_id;
    out->member = row->member;
    out->kind = row->kind;
    out->title = (char *)(uintptr_t)(c ? c->title : "");
    out->article = (char *)(uintptr_t)(c ? c->article : "");
    out->state = row->state;
    out->text = row->text;
    out->filed = row->filed;
    out->by_client = row->by_client;
    out->due = row->due;
    out->extended = row->extended;
    out->extension_reason = row->extension_reason;
    out->decided = row->decided;
    out->decision_reason = row->decision_reason;
    out->decided_by = row->decided_by;
    out->done = row->done;
    out->done_reason = row->done_reason;
    out->carry_out_by = row->carry_out_by;
    out->value = row->value;
    out->instance = row->instance;
    out->party = row->party;
    out->asked = row->asked;
    out->source_outcome = row->source_outcome;
    out->source_reason = row->source_reason;
    out->late = term && term <= now;
    out->attributes = arena_alloc(a, (row->n_attributes + 1) * sizeof(char *));
    if (!out->attributes)
        return SLUIS_NOMEM;
    for (; out->n_attributes < row->n_attributes; out->n_attributes++) {
        const attribute *at = rules_attribute(rs, row->attributes[out->n_attributes]);
        out->attributes[out->n_attributes] = (char *)(uintptr_t)(at ? at->name : "");
    }
    return SLUIS_OK;
}

sluis_err api_out_rights(buffer *out, uint64_t call, uint32_t status, const rules *rs, uint64_t now,
                         const uint8_t transaction[static UUID_LEN], const Sluis__RightsRow *row)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiRights x;
    arena *a = arena_new(RIGHTS_ARENA);
    sluis_err e = a ? api_rights_fill(&x, a, rs, now, transaction, row) : SLUIS_NOMEM;
    r.call = call;
    r.status = status;
    r.result_case = SLUIS__API_REPLY__RESULT_RIGHTS;
    r.rights = &x;
    if (!e)
        e = wire_pack(out, &r.base);
    arena_free(&a);
    return e;
}
