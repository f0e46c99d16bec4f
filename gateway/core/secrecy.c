#include "core/secrecy.h"

#include <string.h>

#include "cases/links.h"
#include "core/handlers.h"

typedef struct {
    turn *t;
    const uint8_t *sid, *but;
    const Sluis__Record *r;
    bool secret;
} spread;

static sluis_err look(void *ctx, const uint8_t id[static ID_LEN])
{
    spread *s = ctx;
    const arena_place empty = arena_at(s->t->arena);
    Sluis__CaseRow *row = NULL;
    sluis_err e = case_load(s->t->t, s->t->p->rows, id, s->t->arena, &row);
    const Sluis__MemberRow *m = e ? NULL : case_member_row(row, s->sid);
    s->secret = s->secret || (m && m->secret);
    arena_back(s->t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err secrecy_known(turn *t, const uint8_t sid[static ID_LEN], bool *secret)
{
    spread s = {.t = t, .sid = sid};
    sluis_err e = links_each(t->t, t->p->rows, sid, TABLE_CASE, look, &s);
    *secret = s.secret;
    return e;
}

static sluis_err write_change(spread *s, const uint8_t *id, Sluis__CaseRow *row, uint32_t member)
{
    turn *t = s->t;
    Sluis__Record r = *s->r;
    r.type = SLUIS__RECORD_TYPE__R_CASE;
    r.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)id};
    r.phase = case_facts_of(row).phase;
    r.decision = (char *)(uintptr_t)case_event_done(CASE_CHANGE_MEMBER);
    sluis_err e = case_save(t->t, t->p->rows, id, row);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = case_note(t, id, row, member, 0, NULL);
    if (!e)
        e = turn_event(t, r.decision, &r, NULL);
    return e ? e : case_withdraw(t, id, row, &r);
}

static sluis_err change(void *ctx, const uint8_t id[static ID_LEN])
{
    spread *s = ctx;
    const arena_place empty = arena_at(s->t->arena);
    Sluis__CaseRow *row = NULL;
    if (memcmp(id, s->but, ID_LEN) == 0)
        return SLUIS_OK;
    sluis_err e = case_load(s->t->t, s->t->p->rows, id, s->t->arena, &row);
    Sluis__MemberRow *m = e ? NULL : case_member_row(row, s->sid);
    if (m && m->secret != s->secret) {
        m->secret = s->secret;
        e = write_change(s, id, row, m->member);
    }
    arena_back(s->t->arena, empty);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err secrecy_spread(turn *t, const uint8_t sid[static ID_LEN], const uint8_t but[static ID_LEN],
                         bool secret, const Sluis__Record *r)
{
    spread s = {.t = t, .sid = sid, .but = but, .r = r, .secret = secret};
    return links_each(t->t, t->p->rows, sid, TABLE_CASE, change, &s);
}
