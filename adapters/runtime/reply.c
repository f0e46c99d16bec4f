#include "runtime/reply.h"

#include <string.h>

#include "crypto/merkle.h"
#include "wire/messages.h"

sluis_err replier_open(replier *out, const oin *own, const oin *gateway, const keypair *sign,
                       uint64_t answer_ms)
{
    *out = (replier){.own = *own, .gateway = *gateway, .sign = sign, .answer_ms = answer_ms};
    return epoch_new(&out->epoch);
}

void replier_close(replier *r)
{
    epoch_free(&r->epoch);
}

static sluis_err sealing_key(const snapshot *dir, const oin *who, uint64_t now, seal_to *out, sluis_fail *f)
{
    const party_key *key;
    const party *p = directory_find(dir->dir, who);
    if (!p)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "recipients", "%s is not in the directory", who->s);
    sluis_err err = directory_current(dir->dir, p, USE_SEAL, now, &key, f);
    if (err)
        return err;
    out->oin = *who;
    out->seal_id = key->id;
    memcpy(out->seal_pk, key->pk, PK_LEN);
    return SLUIS_OK;
}

static sluis_err recipients(const replier *r, const snapshot *dir, const Sluis__Core *request, uint64_t now,
                            seal_to to[static 2], size_t *n, sluis_fail *f)
{
    oin asker;
    sluis_err err = sealing_key(dir, &r->gateway, now, &to[0], f);
    if (err)
        return err;
    *n = 1;
    if (request->origin != SLUIS__ORIGIN__BUS ||
        oin_parse(&asker, request->sender, strlen(request->sender)) || oin_equal(&asker, &r->gateway))
        return SLUIS_OK;
    if (!sealing_key(dir, &asker, now, &to[1], NULL))
        *n = 2;
    return SLUIS_OK;
}

static uint64_t lifetime(const replier *r, Sluis__Kind kind)
{
    uint64_t longest = message_kind_of(kind)->max_lifetime_ms;
    return r->answer_ms < longest ? r->answer_ms : longest;
}

sluis_err reply_seal(replier *r, const snapshot *dir, const Sluis__Core *request, Sluis__Kind kind,
                     const uint8_t request_mh[static HASH_LEN], bytes plain, const char *employee,
                     uint64_t now, reply *out, sluis_fail *f)
{
    seal_to to[2];
    size_t n;
    uuid id = uuid_new(now);
    Sluis__Core core = *request;
    buffer_init(&out->header, ENVELOPE_MAX);
    buffer_init(&out->body, ENVELOPE_MAX);
    buffer_init(&out->envelope, ENVELOPE_MAX);
    memcpy(out->message_id, id.b, UUID_LEN);
    core.message_id = (ProtobufCBinaryData){UUID_LEN, out->message_id};
    core.kind = kind;
    core.origin = SLUIS__ORIGIN__BUS;
    core.employee = (char *)(uintptr_t)employee;
    core.created = now;
    core.expires = now + lifetime(r, kind);
    core.answers = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)request_mh};
    core.recipients = NULL;
    core.n_recipients = 0;
    sluis_err err = recipients(r, dir, request, now, to, &n, f);
    if (!err) {
        err = envelope_seal(&core, &r->own, r->sign, r->epoch, to, n, plain, now, &out->header, &out->body,
                            out->mh);
        if (err)
            fail_set(f, err, "answer", "could not be sealed");
    }
    if (err)
        reply_close(out);
    return err;
}

sluis_err replies_sign(const replier *r, reply *v, size_t n)
{
    envelope_item items[BATCH_MAX];
    if (n < 1 || n > BATCH_MAX)
        return SLUIS_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        items[i] = (envelope_item){
            .header = buffer_bytes(&v[i].header), .body = buffer_bytes(&v[i].body), .out = &v[i].envelope};
        memcpy(items[i].mh, v[i].mh, HASH_LEN);
    }
    sluis_err err = envelope_sign_batch(&r->own, r->sign, items, n);
    for (size_t i = 0; !err && i < n; i++)
        err = v[i].envelope.err;
    return err;
}

void reply_close(reply *r)
{
    buffer_close(&r->header);
    buffer_close(&r->body);
    buffer_close(&r->envelope);
}
