/* What tests of the read pool's answers share: a house with one person, an open case and a closed one, and
 * calls as they come from verify, assembled without threads. */
#ifndef SLUIS_TESTS_KIT_READ_H
#define SLUIS_TESTS_KIT_READ_H

#include "kit_parts.h"

#include "read/read.h"
#include "read/reader.h"
#include "wire/messages.h"

#define APP       "wmo-intake"
#define OTHER_APP "pw-intake"

#define BSN_ATTRIBUTE   1
#define GROUP_ATTRIBUTE 1005 /* school-jaargroep: in wmo's view, answers for 200 days */
#define SOURCE          OIN_SCHL

typedef struct {
    house h;
    reader r;
    id16 case_id, closed_id;
} room;

KIT void put_datum(room *r, store_txn *t, const subject *s, uint32_t id, const id16 *instance,
                   const char *value)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    d.value = TEXT(value);
    d.source = TEXT(SOURCE);
    d.category = rules_attribute(r->h.p.first_rules, id)->category;
    d.obtained = d.registered = HOUSE_MS;
    d.valid_until = HOUSE_MS + DAY_MS;
    assert_int_equal(
        registry_put(r->h.p.registry, t, s, id, instance ? instance : &only, &d, &outcome, &version, NULL),
        SLUIS_OK);
}

KIT id16 put_case(room *r, store_txn *t, const subject *s, bool closed)
{
    static char *laws[] = {"wmo", "participatiewet"}, *domains[] = {"onderwijs"};
    Sluis__MemberRow m = SLUIS__MEMBER_ROW__INIT, *members[] = {&m};
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    id16 id = id_random();
    m.member = 1;
    m.sid = data_of(s->sid.b, ID_LEN);
    m.role = TEXT("kind");
    row.kind = TEXT("client");
    row.phase = TEXT(closed ? "closed" : "research");
    row.members = members;
    row.n_members = 1;
    row.scope_laws = laws;
    row.n_scope_laws = 2;
    row.scope_domains = domains;
    row.n_scope_domains = 1;
    row.owner = TEXT(OIN_GEM);
    row.opened_by = TEXT(APP);
    assert_int_equal(case_save(t, r->h.p.rows, id.b, &row), SLUIS_OK);
    return id;
}

KIT int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    r->r.p = &r->h.p;
    r->r.rules = r->h.p.first_rules;
    assert_int_equal(epoch_new(&r->r.epoch), SLUIS_OK);
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    put_datum(r, t.t, &s, BSN_ATTRIBUTE, NULL, r->h.person);
    put_datum(r, t.t, &s, GROUP_ATTRIBUTE, NULL, "4");
    r->case_id = put_case(r, t.t, &s, false);
    r->closed_id = put_case(r, t.t, &s, true);
    subject_close(&s);
    house_commit(&r->h, &t);
    *state = r;
    return 0;
}

KIT int teardown(void **state)
{
    room *r = *state;
    epoch_free(&r->r.epoch);
    house_close(&r->h);
    free(r);
    return 0;
}

/* A call as it comes from verify: the token checked, the call in the arena. */
KIT job *call_of(room *r, const char *app, const char *organisation, const char *function)
{
    job *j = house_call(&r->h, function, "p-1");
    j->call->call = 5;
    j->dir = directory_ref(r->h.dir);
    j->seals = seal_ring_ref(r->h.p.seals);
    snprintf(j->claims.app, sizeof(j->claims.app), "%s", app);
    assert_int_equal(oin_parse(&j->claims.oin, organisation, OIN_LEN), SLUIS_OK);
    return j;
}

KIT sluis_err run(room *r, job *j, sluis_err (*assemble)(reader *, store_txn *, job *))
{
    store_txn *t = fixture_read(&r->h.x);
    sluis_err e = assemble(&r->r, t, j);
    store_abort(&t);
    return e;
}

KIT const Sluis__ApiReply *reply_of(job *j)
{
    ProtobufCMessage *m = NULL;
    sluis_fail f = {0};
    if (wire_unpack(&m, &sluis__api_reply__descriptor, job_arena(j), buffer_bytes(&j->reply), &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(((Sluis__ApiReply *)m)->call, 5);
    return (const Sluis__ApiReply *)m;
}

#endif
