#include "read/list_mark.h"

#include <string.h>

#include "journal/journal.h"

#define OWNER_MAX (LIST_NAME_MAX + ID_LEN + 2 * 4 + OIN_LEN + NAME_MAX_LEN + 1 + NAME_MAX_LEN)
#define PLAIN_LEN (LIST_MARK_LEN - NONCE_LEN - TAG_LEN)
#define PLACE_AT  (1 + 7 * 8)
#define PRINT_AT  (PLACE_AT + 4 + ID_LEN + CONTEXT_LEN)

void list_context(uint8_t out[static CONTEXT_LEN], const char *name, bytes what)
{
    uint8_t full[HASH_LEN];
    bytes all[] = {BYTES(name, strlen(name) + 1), what};
    hash_tagged(full, "sluis1-view", NULL, all, 2);
    memcpy(out, full, CONTEXT_LEN);
}

/* Whose it is. */
static bytes owner_of(uint8_t out[static OWNER_MAX], const list_owner *who)
{
    const token_claims *claims = &who->j->claims;
    uint8_t *p = out;
    const size_t name = strlen(who->name), app = strlen(claims->app) + 1, employee = strlen(claims->employee);
    memcpy(p, who->name, name);
    p += name;
    memcpy(p, who->of, who->of_n);
    p += who->of_n;
    memcpy(p, claims->oin.s, OIN_LEN);
    p += OIN_LEN;
    memcpy(p, claims->app, app);
    p += app;
    memcpy(p, claims->employee, employee);
    return BYTES(out, (size_t)(p - out) + employee);
}

static void put_state(uint8_t *p, const list_state *s)
{
    put_u64(p, s->size);
    put_u64(p + 8, s->time);
    put_u64(p + 16, s->saves);
}

static list_state state_at(const uint8_t *p)
{
    return (list_state){get_u64(p), get_u64(p + 8), get_u64(p + 16)};
}

void list_mark_write(uint8_t out[static LIST_MARK_LEN], const list_owner *who, const list_mark *m)
{
    uint8_t owner[OWNER_MAX], plain[PLAIN_LEN];
    plain[0] = (uint8_t)m->kind;
    put_state(plain + 1, &m->base);
    put_state(plain + 25, &m->at);
    put_u64(plain + 49, m->origin);
    put_u32(plain + PLACE_AT, m->after.attribute);
    memcpy(plain + PLACE_AT + 4, m->after.instance.b, ID_LEN);
    memcpy(plain + PLACE_AT + 4 + ID_LEN, m->context, CONTEXT_LEN);
    memcpy(plain + PRINT_AT, m->print, PRINT_LEN);
    memcpy(plain + PRINT_AT + PRINT_LEN, m->left, PRINT_LEN);
    random_nonce(out);
    ae_seal(out + NONCE_LEN, who->key, out, owner_of(owner, who), BYTES_OF(plain));
}

static void fill(list_mark *m, const uint8_t *plain)
{
    m->kind = (list_mark_kind)plain[0];
    m->base = state_at(plain + 1);
    m->at = state_at(plain + 25);
    m->origin = get_u64(plain + 49);
    m->after.attribute = get_u32(plain + PLACE_AT);
    memcpy(m->after.instance.b, plain + PLACE_AT + 4, ID_LEN);
    memcpy(m->context, plain + PLACE_AT + 4 + ID_LEN, CONTEXT_LEN);
    memcpy(m->print, plain + PRINT_AT, PRINT_LEN);
    memcpy(m->left, plain + PRINT_AT + PRINT_LEN, PRINT_LEN);
}

sluis_err list_mark_read(const list_owner *who, list_mark_kind kind, bytes mark, const char *where,
                         const list_mark *now, list_mark *out, sluis_fail *f)
{
    uint8_t owner[OWNER_MAX], plain[PLAIN_LEN];
    if (mark.n != LIST_MARK_LEN ||
        ae_open(plain, who->key, mark.p, owner_of(owner, who),
                BYTES(mark.p + NONCE_LEN, mark.n - NONCE_LEN)) ||
        plain[0] != kind)
        return fail_set(f, SLUIS_INVALID, where, "deze bladwijzer hoort niet bij %s: begin zonder %s",
                        who->words, where);
    fill(out, plain);
    if (out->origin != now->origin || out->at.size > now->at.size || out->at.saves > now->at.saves)
        return fail_set(f, SLUIS_INVALID, where,
                        "deze bladwijzer is van voor een herstel van de gateway: begin zonder %s", where);
    if (now->at.time > out->at.time + (kind == MARK_PAGE ? MARK_PAGE_MS : MARK_SINCE_MS))
        return fail_set(f, SLUIS_EXPIRED, where, "deze bladwijzer is te oud: begin zonder %s", where);
    return SLUIS_OK;
}

/* ---- a listing from its call to its answer ---- */

sluis_err list_now(list_mark *out, const reader *r, store_txn *t, uint64_t time)
{
    *out = (list_mark){.at.time = time};
    return journal_size_at(t, r->p->rows, &out->at.size, &out->origin);
}

sluis_err list_begin(list_mark *out, const list_owner *who, bytes after, bytes since, const list_mark *now,
                     list_mark *old, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    *out = *now;
    if (after.n && since.n)
        return fail_set(f, SLUIS_INVALID, "na",
                        "na en sinds gaan niet samen: een volgende bladzijde weet sinds wanneer");
    if (since.n) {
        e = list_mark_read(who, MARK_SINCE, since, "sinds", now, old, f);
        if (!e) {
            out->base = old->at;
            memcpy(out->left, old->print, PRINT_LEN);
        }
    } else if (after.n) {
        e = list_mark_read(who, MARK_PAGE, after, "na", now, old, f);
        if (!e && memcmp(old->context, now->context, CONTEXT_LEN) != 0)
            e = fail_set(f, SLUIS_CONFLICT, "na",
                         "wat hier te zien is, is intussen iets anders: begin zonder na");
        if (!e)
            *out = *old;
    }
    return e;
}

list_mark list_whole(const list_mark *begun)
{
    list_mark m = {.at = begun->at, .origin = begun->origin};
    memcpy(m.context, begun->context, CONTEXT_LEN);
    return m;
}

void list_end(uint8_t out[static LIST_MARK_LEN], const list_owner *who, const list_mark *m, bool more)
{
    list_mark end = *m;
    end.kind = more ? MARK_PAGE : MARK_SINCE;
    if (!more)
        end.after = (datum_place){.attribute = 0};
    list_mark_write(out, who, &end);
}

/* ---- prints ---- */

void list_print(uint8_t print[static PRINT_LEN], bytes item)
{
    uint8_t full[HASH_LEN];
    hash_tagged(full, "sluis1-listed", NULL, &item, 1);
    memcpy(print, full, PRINT_LEN);
}

void print_add(uint8_t sum[static PRINT_LEN], const uint8_t print[static PRINT_LEN])
{
    for (size_t i = 0; i < PRINT_LEN; i++)
        sum[i] ^= print[i];
}

bool print_is_zero(const uint8_t print[static PRINT_LEN])
{
    static const uint8_t zero[PRINT_LEN];
    return memcmp(print, zero, PRINT_LEN) == 0;
}
