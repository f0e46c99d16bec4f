#include "cases/cases.h"

#include <string.h>

#include "wire/messages.h"

sluis_err case_load(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN], arena *a,
                    Sluis__CaseRow **out)
{
    ProtobufCMessage *m = NULL;
    *out = NULL;
    sluis_err err = rows_get(t, k, TABLE_CASE, BYTES(case_id, ID_LEN), a, &sluis__case_row__descriptor, &m);
    if (!err)
        *out = (Sluis__CaseRow *)m;
    return err;
}

static bool members_valid(const Sluis__CaseRow *row)
{
    if (row->n_members > CASE_MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < row->n_members; i++) {
        const Sluis__MemberRow *m = row->members[i];
        if (m->member == 0 || m->sid.len != ID_LEN)
            return false;
        for (size_t j = 0; j < i; j++)
            if (row->members[j]->member == m->member)
                return false;
    }
    return true;
}

sluis_err case_save(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN],
                    Sluis__CaseRow *row)
{
    if (!members_valid(row) || phase_parse(row->phase) == SLUIS__PHASE__PHASE_NONE)
        return SLUIS_INVALID;
    row->version++;
    sluis_err err = rows_put(t, k, TABLE_CASE, BYTES(case_id, ID_LEN), &row->base);
    if (err)
        row->version--;
    return err;
}

sluis_err case_member(const Sluis__CaseRow *row, uint32_t member, id16 *sid)
{
    for (size_t i = 0; i < row->n_members; i++) {
        const Sluis__MemberRow *m = row->members[i];
        if (m->member != member)
            continue;
        if (m->sid.len != ID_LEN)
            return SLUIS_CORRUPT;
        memcpy(sid->b, m->sid.data, ID_LEN);
        return SLUIS_OK;
    }
    return SLUIS_NOT_FOUND;
}

uint32_t case_member_of(const Sluis__CaseRow *row, const id16 *sid)
{
    for (size_t i = 0; i < row->n_members; i++) {
        const Sluis__MemberRow *m = row->members[i];
        if (m->sid.len == ID_LEN && memcmp(m->sid.data, sid->b, ID_LEN) == 0)
            return m->member;
    }
    return 0;
}

case_facts case_facts_of(const Sluis__CaseRow *row)
{
    if (!row)
        return (case_facts){.exists = false};
    return (case_facts){.exists = true,
                        .closed = row->closed,
                        .phase = phase_parse(row->phase),
                        .scope_laws = (const char *const *)row->scope_laws,
                        .scope_law_count = row->n_scope_laws,
                        .scope_domains = (const char *const *)row->scope_domains,
                        .scope_domain_count = row->n_scope_domains};
}

bool motivation_blank(const char *s)
{
    return s[strspn(s, " \t\r\n.-")] == '\0';
}
