#include "cases/cases.h"

#include <string.h>

#include "cases/links.h"
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

bool case_covers(const Sluis__CaseRow *row, const uint8_t own[static ID_LEN], ProtobufCBinaryData id)
{
    const bytes wanted = BYTES(id.data, id.len);
    bool covers = bytes_equal(wanted, BYTES(own, ID_LEN));
    for (size_t i = 0; row && i < row->n_joined; i++)
        covers = covers || bytes_equal(wanted, BYTES(row->joined[i].data, row->joined[i].len));
    return covers;
}

sluis_err case_load_now(store_txn *t, const row_keys *k, uint8_t case_id[static ID_LEN], arena *a,
                        Sluis__CaseRow **out)
{
    sluis_err err = case_load(t, k, case_id, a, out);
    if (err || (*out)->joined_into.len != ID_LEN)
        return err;
    memcpy(case_id, (*out)->joined_into.data, ID_LEN);
    return case_load(t, k, case_id, a, out);
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
    case_state state;
    if (!members_valid(row) || case_state_parse(&state, row->phase))
        return SLUIS_INVALID;
    row->version++;
    sluis_err err = rows_put(t, k, TABLE_CASE, BYTES(case_id, ID_LEN), &row->base);
    if (err)
        row->version--;
    for (size_t i = 0; !err && i < row->n_members; i++)
        err = link_put(t, k, row->members[i]->sid.data, TABLE_CASE, case_id);
    return err;
}

/* Takes the i-th member out, and its number from the lists of who may look. */
static void drop_member(Sluis__CaseRow *row, size_t i)
{
    uint32_t number = row->members[i]->member;
    row->n_members--;
    memmove(&row->members[i], &row->members[i + 1], (row->n_members - i) * sizeof(*row->members));
    for (size_t k = 0; k < row->n_members; k++) {
        Sluis__MemberRow *m = row->members[k];
        size_t kept = 0;
        for (size_t n = 0; n < m->n_seen_by; n++)
            if (m->seen_by[n] != number)
                m->seen_by[kept++] = m->seen_by[n];
        m->n_seen_by = kept;
    }
}

sluis_err case_leave(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN],
                     const uint8_t sid[static ID_LEN], arena *a)
{
    Sluis__CaseRow *row = NULL;
    sluis_err err = case_load(t, k, case_id, a, &row);
    if (err == SLUIS_NOT_FOUND)
        return link_delete(t, sid, TABLE_CASE, case_id);
    for (size_t i = 0; !err && i < row->n_members;)
        if (bytes_equal(BYTES(row->members[i]->sid.data, row->members[i]->sid.len), BYTES(sid, ID_LEN)))
            drop_member(row, i);
        else
            i++;
    if (!err)
        err = row->n_members ? case_save(t, k, case_id, row)
                             : store_delete(t, TABLE_CASE, BYTES(case_id, ID_LEN));
    return err ? err : link_delete(t, sid, TABLE_CASE, case_id);
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
        return m->moved ? SLUIS_WITHDRAWN : SLUIS_OK;
    }
    return SLUIS_NOT_FOUND;
}

Sluis__MemberRow *case_member_row(const Sluis__CaseRow *row, const uint8_t sid[static ID_LEN])
{
    for (size_t i = 0; i < row->n_members; i++)
        if (bytes_equal(BYTES(row->members[i]->sid.data, row->members[i]->sid.len), BYTES(sid, ID_LEN)))
            return row->members[i];
    return NULL;
}

uint32_t case_member_of(const Sluis__CaseRow *row, const id16 *sid)
{
    const Sluis__MemberRow *m = case_member_row(row, sid->b);
    return m && !m->moved ? m->member : 0;
}

bool case_has_law(const Sluis__CaseRow *row, const char *law)
{
    for (size_t i = 0; i < row->n_scope_laws; i++)
        if (strcmp(row->scope_laws[i], law) == 0)
            return true;
    return false;
}

bool case_in_sight(const rules *r, const Sluis__CaseRow *row, const char *app)
{
    const application *a = rules_application(r, app);
    return a && (a->client_portal || strcmp(row->opened_by, app) == 0 || case_has_law(row, a->law));
}

case_facts case_facts_of(const Sluis__CaseRow *row)
{
    if (!row)
        return (case_facts){.exists = false};
    bool secret = false;
    for (size_t i = 0; i < row->n_members; i++) /* who lives with them lives there too */
        secret = secret || row->members[i]->secret;
    return (case_facts){.exists = true,
                        .closed = !case_is_open(row),
                        .secret_address = secret,
                        .phase = phase_parse(row->phase),
                        .scope_problems = (const char *const *)row->scope_problems,
                        .scope_problem_count = row->n_scope_problems,
                        .scope_parties = (const char *const *)row->scope_parties,
                        .scope_party_count = row->n_scope_parties,
                        .scope_laws = (const char *const *)row->scope_laws,
                        .scope_law_count = row->n_scope_laws,
                        .scope_domains = (const char *const *)row->scope_domains,
                        .scope_domain_count = row->n_scope_domains};
}

case_facts case_facts_about(const Sluis__CaseRow *row, const id16 *sid)
{
    case_facts facts = case_facts_of(row);
    const Sluis__MemberRow *m = row ? case_member_row(row, sid->b) : NULL;
    if (m) {
        facts.stopped = m->stopped;
        facts.stopped_attributes = m->stopped_attributes;
        facts.stopped_count = m->n_stopped_attributes;
    }
    return facts;
}

bool case_is_open(const Sluis__CaseRow *row)
{
    case_state s;
    return case_state_parse(&s, row->phase) == SLUIS_OK && case_state_open(s);
}

static const Sluis__MemberRow *member_of(const Sluis__CaseRow *row, uint32_t member)
{
    for (size_t i = 0; i < row->n_members; i++)
        if (row->members[i]->member == member)
            return row->members[i];
    return NULL;
}

bool case_member_sees(const Sluis__CaseRow *row, uint32_t viewer, uint32_t member)
{
    const Sluis__MemberRow *m = member_of(row, member);
    if (!m || !member_of(row, viewer))
        return false;
    bool sees = viewer == member;
    for (size_t i = 0; i < m->n_seen_by; i++)
        sees = sees || m->seen_by[i] == viewer;
    return sees;
}

static bool is_child(const Sluis__MemberRow *m)
{
    return strcmp(m->role, "kind") == 0;
}

sluis_err case_check_seen_by(const Sluis__CaseRow *row, uint32_t member, const uint32_t *seen_by, size_t n,
                             sluis_fail *f)
{
    const Sluis__MemberRow *m = member_of(row, member);
    if (!m)
        return fail_set(f, SLUIS_NOT_FOUND, "lid", "dit lid is er niet");
    if (n >= CASE_MEMBERS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "zichtbaarVoor", "ten hoogste %d leden", CASE_MEMBERS_MAX - 1);
    for (size_t i = 0; i < n; i++) {
        const Sluis__MemberRow *v = member_of(row, seen_by[i]);
        if (!v || v == m)
            return fail_set(f, SLUIS_INVALID, "zichtbaarVoor", "lid %u: noem andere leden van deze zaak",
                            member);
        if (is_child(v))
            return fail_set(f, SLUIS_INVALID, "zichtbaarVoor",
                            "lid %u: een kind kijkt niet in het dossier van een ander", member);
        if (!is_child(m) && (strcmp(v->role, "ex-partner") == 0 || strcmp(m->role, "ex-partner") == 0))
            return fail_set(f, SLUIS_INVALID, "zichtbaarVoor",
                            "lid %u: ex-partners zien elkaars dossier niet", member);
        for (size_t k = 0; k < i; k++)
            if (seen_by[k] == seen_by[i])
                return fail_set(f, SLUIS_INVALID, "zichtbaarVoor", "lid %u: een lid is twee keer genoemd",
                                member);
    }
    return SLUIS_OK;
}

bool motivation_blank(const char *s)
{
    return s[strspn(s, " \t\r\n.-")] == '\0';
}
