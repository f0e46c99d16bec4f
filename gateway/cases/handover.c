#include "cases/handover.h"

#include <string.h>

#include "wire/envelope.h"

uint64_t handover_ends(uint64_t created, uint64_t expires)
{
    return expires + (expires - created);
}

bool handover_waits(const Sluis__HandoverRow *row)
{
    return row && strcmp(row->state, HANDOVER_OFFERED) == 0;
}

static const keypair *key_of(const envelope *e, const oin *own, const seal_ring *seals)
{
    uint64_t replaced;
    for (size_t i = 0; i < e->core->n_recipients; i++) {
        keyid id;
        if (strcmp(e->core->recipients[i]->oin, own->s) != 0)
            continue;
        memcpy(id.b, e->core->recipients[i]->sealing_key.data, KEYID_LEN);
        return seal_ring_find(seals, &id, &replaced);
    }
    return NULL;
}

/* Decoded into the caller's arena from plain bytes that go with it. */
static sluis_err unpack(envelope *e, const oin *own, const keypair *key, arena *a, Sluis__Core **core,
                        Sluis__CaseHandoverBody **body)
{
    ProtobufCMessage *m = NULL, *head = NULL;
    buffer plain;
    buffer_init(&plain, PLAIN_MAX);
    sluis_err err = envelope_open(e, own, key, NULL, &plain, NULL);
    if (!err)
        err = wire_unpack(&m, &sluis__case_handover_body__descriptor, a, buffer_bytes(&plain), NULL);
    if (!err)
        err = wire_unpack(&head, &sluis__core__descriptor, a, e->core_bytes, NULL);
    if (plain.p)
        wipe(plain.p, plain.n);
    buffer_close(&plain);
    *body = (Sluis__CaseHandoverBody *)m;
    *core = (Sluis__Core *)head;
    return err == SLUIS_NOMEM || !err ? err : SLUIS_CORRUPT; /* it could be read when it came in */
}

sluis_err offer_open(const Sluis__OfferRow *row, const oin *own, const seal_ring *seals, uint64_t now,
                     arena *a, Sluis__Core **core, Sluis__CaseHandoverBody **body, sluis_fail *f)
{
    envelope *e = NULL;
    if (strcmp(row->state, HANDOVER_RECEIVED) != 0)
        return fail_set(
            f, SLUIS_CONFLICT, "overdracht",
            "er is al over besloten: %s; mogelijk: niets meer (een nieuw aanbod is een nieuw besluit)",
            strcmp(row->state, HANDOVER_ACCEPTED) == 0 ? "overgenomen" : "geweigerd");
    if (row->expires <= now)
        return fail_set(f, SLUIS_CONFLICT, "overdracht",
                        "verlopen: de andere gemeente moet de zaak opnieuw aanbieden");
    sluis_err err = envelope_decode(&e, BYTES(row->envelope.data, row->envelope.len), ENVELOPE_MAX, NULL);
    const keypair *key = err ? NULL : key_of(e, own, seals);
    if (err)
        err = err == SLUIS_NOMEM ? err : SLUIS_CORRUPT;
    else if (!key)
        err = fail_set(f, SLUIS_KEY_NOT_VALID, "overdracht",
                       "de sleutel waarmee dit is verzegeld bestaat niet meer: laat het opnieuw aanbieden");
    else
        err = unpack(e, own, key, a, core, body);
    envelope_free(&e);
    return err ? fail_set(f, err, "overdracht", "%s", error_text(err)) : SLUIS_OK;
}

void offer_scope(const Sluis__CaseHandoverBody *body, Sluis__ScopeRow *out)
{
    sluis__scope_row__init(out);
    out->laws = body->laws;
    out->n_laws = body->n_laws;
    out->domains = body->domains;
    out->n_domains = body->n_domains;
    out->problems = body->problems;
    out->n_problems = body->n_problems;
    out->parties = body->parties;
    out->n_parties = body->n_parties;
}

sluis_err offer_case(const Sluis__CaseHandoverBody *body, arena *a, Sluis__CaseRow *out)
{
    Sluis__ScopeRow scope;
    Sluis__MemberRow *all = arena_alloc(a, (body->n_members + 1) * sizeof(*all));
    sluis__case_row__init(out);
    out->kind = body->kind;
    offer_scope(body, &scope);
    case_scope_choose(out, &scope);
    out->members = arena_alloc(a, (body->n_members + 1) * sizeof(*out->members));
    if (!all || !out->members)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < body->n_members; i++) {
        const Sluis__HandoverMember *m = body->members[i];
        sluis__member_row__init(&all[i]);
        all[i].member = m->member;
        all[i].role = m->role;
        all[i].secret = m->secret;
        all[i].seen_by = m->seen_by;
        all[i].n_seen_by = m->n_seen_by;
        out->members[out->n_members++] = &all[i];
    }
    return SLUIS_OK;
}
