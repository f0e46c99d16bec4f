/* The requests of an application, oldest first, a page at a time; or only those that changed since a
 * bookmark: a request says when it was saved first and last (RequestRow, filed and changed). */
#include <string.h>

#include "flow/api_out.h"
#include "read/list_walk.h"
#include "read/requests.h"

#define PAGE_MAX  100
#define ROW_ARENA (4u << 20) /* for one row that may not be told */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    list_owner owner;
    list_walk walk;
    size_t limit;
    arena *row;
    Sluis__ApiRequestList out;
} listing;

static sluis_err add(listing *x, const uint8_t transaction[static UUID_LEN])
{
    arena *a = x->j->arena;
    const arena_place empty = arena_at(a);
    Sluis__RequestRow *row = NULL;
    Sluis__ApiRequestState *s = arena_alloc(a, sizeof(*s));
    uint8_t *tx = arena_copy(a, transaction, UUID_LEN);
    sluis_err e = s && tx ? request_load_own(x->r, x->t, x->j, transaction, a, &row) : SLUIS_NOMEM;
    if (!e)
        e = api_request_fill(s, a, x->r->rules, tx, row);
    if (e)
        arena_back(a, empty);
    else
        x->out.requests[x->out.n_requests++] = s;
    return e;
}

/* One that finds no room on the page, in number or in memory, is the first of the next. */
static sluis_err tell(listing *x, const uint8_t transaction[static UUID_LEN])
{
    sluis_err e = x->out.n_requests == x->limit ? SLUIS_NOMEM : add(x, transaction);
    if (e != SLUIS_NOMEM || !x->out.n_requests)
        return e;
    x->walk.more = true;
    return SLUIS_OK;
}

/* Another organisation's under the same application id is none; what came since the listing began comes with
 * the next one. */
static sluis_err go_over(listing *x, const uint8_t transaction[static UUID_LEN])
{
    const list_mark *m = &x->walk.mark;
    const bytes id = BYTES(transaction, UUID_LEN);
    Sluis__RequestRow *row = NULL;
    arena_reset(x->row);
    sluis_err e = request_load_own(x->r, x->t, x->j, transaction, x->row, &row);
    if (!e && row->filed <= m->at.saves) {
        if (!x->walk.more && (!list_only_changes(m) || row->changed > m->base.saves))
            e = tell(x, transaction);
        list_walk_note(&x->walk, id, row->filed <= m->base.saves);
    }
    list_walk_passed(&x->walk, id);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err fill(listing *x)
{
    uint8_t from[NAME_MAX_LEN + 1 + UUID_LEN + 1];
    const size_t n = strlen(x->j->claims.app) + 1;
    size_t from_n = n;
    store_cursor *c = NULL;
    bytes key, value;
    memcpy(from, x->j->claims.app, n);
    if (x->walk.mark.after.attribute) {
        memcpy(from + n, x->walk.mark.after.instance.b, UUID_LEN);
        from[n + UUID_LEN] = 0; /* just behind it */
        from_n = n + UUID_LEN + 1;
    }
    sluis_err e = store_cursor_open(x->t, TABLE_APPINDEX, BYTES(from, from_n), BYTES(from, n), &c);
    while (!e && list_walk_next(&x->walk) && !(e = store_cursor_next(c, &key, &value)))
        e = key.n == n + UUID_LEN ? go_over(x, key.p + n) : SLUIS_CORRUPT;
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? list_walk_end(&x->walk) : e;
}

static sluis_err list(listing *x)
{
    const Sluis__ApiListRequests *q = x->j->call->list_requests;
    const arena_place empty = arena_at(x->j->arena);
    sluis_err e = list_walk_begin(&x->walk, x->r, x->t, &x->owner, BYTES(q->after.data, q->after.len),
                                  BYTES(q->since.data, q->since.len),
                                  BYTES(rules_hash(x->r->rules), HASH_LEN), &x->j->why);
    if (e)
        return e;
    e = fill(x);
    if (e == SLUIS_CONFLICT && q->since.len) {
        arena_back(x->j->arena, empty);
        list_walk_anew(&x->walk);
        x->out.n_requests = 0;
        e = fill(x);
    }
    return e == SLUIS_CONFLICT ? fail_set(&x->j->why, e, "na", LIST_SHRUNK) : e;
}

/* The requests, and where the following page or listing begins. */
static sluis_err reply_with(listing *x)
{
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    uint8_t mark[LIST_MARK_LEN];
    list_end(mark, &x->owner, &x->walk.mark, x->walk.more);
    *(x->walk.more ? &x->out.next : &x->out.since) = (ProtobufCBinaryData){sizeof(mark), mark};
    x->out.whole = !list_only_changes(&x->walk.mark);
    reply.call = x->j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_REQUESTS;
    reply.requests = &x->out;
    sluis_err e = x->out.n_requests ? request_note_read(x->j, NULL, "requests") : SLUIS_OK;
    return e ? e : wire_pack(&x->j->reply, &reply.base);
}

sluis_err read_requests(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListRequests *q = j->call->list_requests;
    uint8_t key[KEY_LEN];
    listing x = {.r = r,
                 .t = t,
                 .j = j,
                 .limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX,
                 .owner = {.key = key, .name = "requests", .words = "deze lijst", .j = j},
                 .row = arena_new(ROW_ARENA)};
    sluis__api_request_list__init(&x.out);
    rows_mark_key(key, r->p->rows);
    x.out.requests = arena_alloc(job_arena(j), x.limit * sizeof(*x.out.requests));
    sluis_err e = x.row && x.out.requests ? list(&x) : SLUIS_NOMEM;
    if (!e)
        e = reply_with(&x);
    arena_free(&x.row);
    wipe(key, sizeof(key));
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
