/* Mail that its recipient must not or cannot open any more: the party is suspended, its agreement is revoked,
 * or the key it is sealed to is revoked or no longer in the directory. It goes back at the change itself, not
 * when it expires. */
#include <string.h>

#include "core/agreed.h"
#include "core/outbox.h"
#include "wire/envelope.h"

#define ROW_ARENA (8u << 20)

/* OK: it may still be opened. */
static sluis_err check_row(turn *t, const party *to, const envelope *env)
{
    const party_key *key = NULL;
    keyid id;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < env->core->n_recipients; i++) {
        const Sluis__Recipient *r = env->core->recipients[i];
        if (strcmp(r->oin, to->oin.s) != 0)
            continue;
        memcpy(id.b, r->sealing_key.data, KEYID_LEN);
        e = directory_key(t->dir, to, USE_SEAL, &id, t->now, &key, NULL);
    }
    return e ? e : agreed_waiting(t, to, env->core);
}

static sluis_err look_at(turn *t, const party *to, bytes row_key)
{
    uint8_t key[OUTBOX_KEY];
    envelope *env = NULL;
    if (row_key.n != OUTBOX_KEY)
        return SLUIS_CORRUPT;
    memcpy(key, row_key.p, OUTBOX_KEY);
    sluis_err e = outbox_get(t, key, &env), why = e ? SLUIS_OK : check_row(t, to, env);
    envelope_free(&env);
    return !e && why ? turn_return(t, key, why) : e;
}

sluis_err turn_return_unreadable(turn *t, const oin *who)
{
    const party *to = directory_find(t->dir, who);
    store_cursor *c = NULL;
    bytes key, value;
    uint64_t last = t->last.outbox; /* what is queued on the way needs no second look */
    arena *kept = t->arena; /* a queue may be long: its rows get an arena that starts anew each time */
    if (!to)
        return SLUIS_OK;
    t->arena = arena_new(ROW_ARENA);
    sluis_err e =
        t->arena ? store_cursor_open(t->t, TABLE_OUTBOX, BYTES(who->s, OIN_LEN), BYTES(who->s, OIN_LEN), &c)
                 : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &value)) &&
           !(key.n == OUTBOX_KEY && get_u64(key.p + OIN_LEN) > last)) {
        arena_reset(t->arena);
        e = look_at(t, to, key);
    }
    store_cursor_close(&c);
    arena_free(&t->arena);
    t->arena = kept;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
