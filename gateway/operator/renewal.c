#include "operator/renewal.h"

#include "base/log.h"

#define RETRY_MS 10000

void renewal_init(renewal *r, const parts *p, void (*ask)(void *ctx, job *j, sluis_fail *f), void *ctx)
{
    *r = (renewal){.p = p, .ask = ask, .ctx = ctx, .ring = seal_ring_ref(p->seals)};
}

void renewal_close(renewal *r)
{
    seal_ring_unref(&r->ring);
    seal_ring_unref(&r->next);
}

static void log_step(const char *event, const keyid *id)
{
    char hex[2 * KEYID_LEN + 1];
    hex_encode(hex, id->b, KEYID_LEN);
    log_write(LOG_INFO, event, "key", hex, NULL);
}

/* Core goes over to this ring; then it is ours too. */
static sluis_err put_in_force(renewal *r, seal_ring *ring, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    if (!j)
        return fail_set(f, SLUIS_NOMEM, "seal", "out of memory");
    j->change = CHANGE_SEALS;
    j->seals = seal_ring_ref(ring);
    r->ask(r->ctx, j, f);
    if (f->code)
        return f->code;
    seal_ring_unref(&r->ring);
    r->ring = seal_ring_ref(ring);
    return SLUIS_OK;
}

static sluis_err renew(renewal *r, uint64_t now, sluis_fail *f)
{
    const parts *p = r->p;
    passphrase *pass =
        p->pass.n ? (passphrase *)(uintptr_t)&p->pass : NULL; /* its only user after the start */
    sluis_err e = r->next ? SLUIS_OK : seal_ring_renew(&r->next, r->ring, p->settings->keys, pass, now, f);
    if (!e)
        e = put_in_force(r, r->next, f);
    if (e)
        return e; /* with r->next as it is: the same key is tried again */
    log_step("seal.renewed", &seal_ring_current(r->next)->id);
    seal_ring_unref(&r->next);
    return SLUIS_OK;
}

static sluis_err destroy(renewal *r, keyid id, sluis_fail *f)
{
    seal_ring *without = NULL;
    sluis_err e = seal_ring_without(&without, r->ring, &id);
    if (e)
        fail_set(f, e, "seal", "%s", error_text(e));
    else
        e = put_in_force(r, without, f);
    if (!e)
        e = seal_ring_destroy(r->p->settings->keys, &id, f);
    if (!e)
        log_step("seal.destroyed", &id);
    seal_ring_unref(&without);
    return e;
}

void renewal_step(renewal *r, uint64_t now)
{
    const settings *s = r->p->settings;
    uint64_t keep = s->seal_keep_s * UINT64_C(1000), made = seal_ring_current(r->ring)->created;
    const keypair *over = now > keep ? seal_ring_oldest(r->ring, now - keep) : NULL;
    sluis_fail f = {0};
    if (now < r->not_before)
        return;
    if (r->next || now >= made + s->seal_renew_s * UINT64_C(1000))
        renew(r, now, &f);
    else if (over)
        destroy(r, over->id, &f);
    if (!f.code)
        return;
    r->not_before = now + RETRY_MS;
    log_write(LOG_ERROR, "seal.failed", "code", error_token(f.code), "where", f.where, "text", f.text, NULL);
}
