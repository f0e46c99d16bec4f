#include "read/view_mark.h"

#include <string.h>

#define NAME      "view-mark"
#define OWNER_MAX (sizeof(NAME) + ID_LEN + 4 + OIN_LEN + NAME_MAX_LEN)
#define PLAIN_LEN (VIEW_MARK_LEN - NONCE_LEN - TAG_LEN)
#define PRINT_AT  (45 + ID_LEN + VIEW_CONTEXT_LEN)

void view_context(uint8_t out[static VIEW_CONTEXT_LEN], const char *name, const uint32_t *ids, size_t n)
{
    uint8_t full[HASH_LEN];
    bytes all[] = {BYTES(name, strlen(name) + 1), BYTES(ids, n * sizeof(*ids))};
    hash_tagged(full, "sluis1-view", NULL, all, 2);
    memcpy(out, full, VIEW_CONTEXT_LEN);
}

/* Whose it is. */
static bytes owner_of(uint8_t out[static OWNER_MAX], const job *j)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    uint8_t *p = out;
    size_t n = strlen(j->claims.app);
    memcpy(p, NAME, sizeof(NAME) - 1);
    p += sizeof(NAME) - 1;
    memcpy(p, q->case_id.data, ID_LEN);
    p += ID_LEN;
    put_u32(p, q->member);
    p += 4;
    memcpy(p, j->claims.oin.s, OIN_LEN);
    p += OIN_LEN;
    memcpy(p, j->claims.app, n);
    return BYTES(out, (size_t)(p - out) + n);
}

void view_mark_write(uint8_t out[static VIEW_MARK_LEN], const subject *s, const job *j, const view_mark *m)
{
    uint8_t owner[OWNER_MAX], plain[PLAIN_LEN];
    plain[0] = (uint8_t)m->kind;
    put_u64(plain + 1, m->base.size);
    put_u64(plain + 9, m->base.time);
    put_u64(plain + 17, m->at.size);
    put_u64(plain + 25, m->at.time);
    put_u64(plain + 33, m->origin);
    put_u32(plain + 41, m->after.attribute);
    memcpy(plain + 45, m->after.instance.b, ID_LEN);
    memcpy(plain + 45 + ID_LEN, m->context, VIEW_CONTEXT_LEN);
    memcpy(plain + PRINT_AT, m->print, VIEW_PRINT_LEN);
    memcpy(plain + PRINT_AT + VIEW_PRINT_LEN, m->left, VIEW_PRINT_LEN);
    random_nonce(out);
    ae_seal(out + NONCE_LEN, s->key, out, owner_of(owner, j), BYTES_OF(plain));
}

static void fill(view_mark *m, const uint8_t *plain)
{
    m->kind = (view_mark_kind)plain[0];
    m->base = (view_state){get_u64(plain + 1), get_u64(plain + 9)};
    m->at = (view_state){get_u64(plain + 17), get_u64(plain + 25)};
    m->origin = get_u64(plain + 33);
    m->after.attribute = get_u32(plain + 41);
    memcpy(m->after.instance.b, plain + 45, ID_LEN);
    memcpy(m->context, plain + 45 + ID_LEN, VIEW_CONTEXT_LEN);
    memcpy(m->print, plain + PRINT_AT, VIEW_PRINT_LEN);
    memcpy(m->left, plain + PRINT_AT + VIEW_PRINT_LEN, VIEW_PRINT_LEN);
}

sluis_err view_mark_read(const subject *s, const job *j, view_mark_kind kind, bytes mark, const char *where,
                         const view_mark *now, view_mark *out, sluis_fail *f)
{
    uint8_t owner[OWNER_MAX], plain[PLAIN_LEN];
    if (mark.n != VIEW_MARK_LEN ||
        ae_open(plain, s->key, mark.p, owner_of(owner, j), BYTES(mark.p + NONCE_LEN, mark.n - NONCE_LEN)) ||
        plain[0] != kind)
        return fail_set(f, SLUIS_INVALID, where,
                        "deze bladwijzer hoort niet bij deze weergave: begin zonder %s", where);
    fill(out, plain);
    if (out->origin != now->origin || out->at.size > now->at.size)
        return fail_set(f, SLUIS_INVALID, where,
                        "deze bladwijzer is van voor een herstel van de gateway: begin zonder %s", where);
    if (now->at.time > out->at.time + (kind == VIEW_PAGE ? VIEW_PAGE_MS : VIEW_SINCE_MS))
        return fail_set(f, SLUIS_EXPIRED, where, "deze bladwijzer is te oud: begin zonder %s", where);
    return SLUIS_OK;
}
