/* What another municipality may not offer: every refusal to the letter, by a whole gateway; and what it may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rig/rig.h"

#define JAARGROEP "school-jaargroep"
enum { ID_GESLACHTSNAAM = 3, ID_POSTCODE = 7, ID_JAARGROEP = 1005, ID_AT_SOURCE = 3011, ID_CRIMINAL = 3007 };
#define AT_SOURCE "politie-inzet-deze-week"
#define CRIMINAL  "politie-verdenking"

/* A household of two, with a datum each; what a test makes of it. */
typedef struct {
    Sluis__CaseHandoverBody body;
    Sluis__HandoverMember member[2], *members[2];
    Sluis__HandoverDatum datum[3], *data[2][2];
    uint8_t instance[ID_LEN];
    uint32_t seen_by[1];
    char *law[1], *text[1];
    uint8_t transaction[UUID_LEN]; /* zeros: one of its own */
} offer;

static rig house;

static char *fixed(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void offer_init(offer *o)
{
    static const char *const role[] = {"ouder", "kind"};
    memset(o, 0, sizeof *o);
    sluis__case_handover_body__init(&o->body);
    o->body.kind = fixed("huishouden");
    o->body.motivation = fixed("Het gezin verhuist en wil verder geholpen worden");
    for (int i = 0; i < 3; i++) {
        sluis__handover_datum__init(&o->datum[i]);
        o->datum[i].name = fixed(JAARGROEP);
        o->datum[i].value = fixed("6");
        o->datum[i].source = fixed("00000099000000002000");
        o->datum[i].legal_basis = fixed("wams-5.4.1");
        o->datum[i].obtained = clock_ms() - 1000;
        o->datum[i].laws = o->law;
        o->datum[i].n_laws = 1;
    }
    o->law[0] = fixed("wmo");
    o->datum[0].name = fixed("geslachtsnaam");
    o->datum[0].value = fixed("Voorbeeld");
    for (int i = 0; i < 2; i++) {
        sluis__handover_member__init(&o->member[i]);
        o->member[i].member = (uint32_t)i + 1;
        o->member[i].bsn = fixed(i ? house.child : house.parent);
        o->member[i].role = fixed(role[i]);
        o->data[i][0] = &o->datum[i];
        o->member[i].data = o->data[i];
        o->member[i].n_data = 1;
        o->members[i] = &o->member[i];
    }
    o->body.members = o->members;
    o->body.n_members = 2;
}

/* Sends it, and gives what comes back: an ack, or a refusal. */
static Sluis__Frame *offered(const offer *o, arena *mem)
{
    static uint32_t attributes[] = {ID_GESLACHTSNAAM, ID_POSTCODE, ID_JAARGROEP, ID_CRIMINAL, ID_AT_SOURCE};
    actor *from = &house.actors[ACTOR_POLICE], own = {.name = "gateway", .seal = house.seal};
    Sluis__Core core = SLUIS__CORE__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT, *got;
    Sluis__Submit submit = SLUIS__SUBMIT__INIT;
    buffer sealed, packed;
    uint64_t now = clock_ms();
    uuid id = uuid_new(now), tx = uuid_new(now);
    id16 there = id_random();
    assert_int_equal(oin_parse(&own.oin, RIG_GATEWAY, OIN_LEN), SLUIS_OK);
    buffer_init(&sealed, ENVELOPE_MAX);
    buffer_init(&packed, ENVELOPE_MAX);
    core.kind = SLUIS__KIND__CASE_HANDOVER;
    core.message_id = (ProtobufCBinaryData){UUID_LEN, id.b};
    core.transaction = (ProtobufCBinaryData){UUID_LEN, tx.b};
    core.case_id = (ProtobufCBinaryData){ID_LEN, there.b};
    core.origin = SLUIS__ORIGIN__API;
    core.application = fixed("wmo-intake");
    core.function = fixed("regisseur");
    core.phase = SLUIS__PHASE__COORDINATION;
    core.legal_basis = fixed("wams-5.4.1");
    core.purpose = fixed("overdracht");
    core.created = now;
    core.expires = now + 3600000;
    core.attributes = attributes;
    core.n_attributes = sizeof attributes / sizeof attributes[0];
    if (o->transaction[0])
        memcpy(tx.b, o->transaction, UUID_LEN);
    rig_envelope_alone(from, &own, &core, &o->body.base, &sealed);
    submit.envelope = (ProtobufCBinaryData){sealed.n, sealed.p};
    frame.f_case = SLUIS__FRAME__F_SUBMIT;
    frame.submit = &submit;
    assert_int_equal(wire_pack(&packed, &frame.base), SLUIS_OK);
    rig_send(from, buffer_bytes(&packed));
    got = rig_receive(from, mem, 8000);
    assert_non_null(got);
    buffer_close(&sealed);
    buffer_close(&packed);
    return got;
}

static void refused(const offer *o, const char *code, const char *where, const char *text)
{
    arena *mem = arena_new(4u << 20);
    const Sluis__Frame *f = offered(o, mem);
    if (f->f_case != SLUIS__FRAME__F_NACK)
        fail_msg("not refused: %s", text);
    assert_string_equal(f->nack->text, text);
    assert_string_equal(f->nack->where, where);
    assert_string_equal(f->nack->code, code);
    arena_free(&mem);
}

static void accepted(const offer *o)
{
    arena *mem = arena_new(4u << 20);
    const Sluis__Frame *f = offered(o, mem);
    if (f->f_case == SLUIS__FRAME__F_NACK)
        fail_msg("%s at %s: %s", f->nack->code, f->nack->where, f->nack->text);
    assert_int_equal(f->f_case, SLUIS__FRAME__F_ACKS);
    arena_free(&mem);
}

static void what_a_datum_must_be(void **state)
{
    (void)state;
    offer o;
    char long_name[] = JAARGROEP;
    offer_init(&o);
    o.datum[1].name = fixed("school-naam"); /* in the catalogue, not in the header */
    refused(&o, "invalid", "body.members.data",
            "a name that is not the header's: the catalogues of both municipalities must agree");
    offer_init(&o);
    o.datum[1].name = fixed(AT_SOURCE);
    refused(&o, "invalid", AT_SOURCE, "it stays at its source here, and is asked there");
    offer_init(&o);
    o.datum[1].name = fixed(CRIMINAL);
    refused(&o, "denied", CRIMINAL, "the rules in force let no municipality bring criminal data with a case");
    offer_init(&o);
    o.datum[0].name = fixed("postcode");
    o.datum[0].value = fixed("1234AB");
    o.member[1].secret = true;
    refused(&o, "denied", "postcode", "a secret address does not travel");
    o.member[1].secret = false;
    accepted(&o);
    offer_init(&o);
    o.datum[1].source = fixed("iemand");
    refused(&o, "invalid", JAARGROEP, "without the source it came from, or its instance");
    offer_init(&o);
    o.datum[1].instance = (ProtobufCBinaryData){4, o.instance};
    refused(&o, "invalid", JAARGROEP, "without the source it came from, or its instance");
    offer_init(&o);
    o.datum[1].legal_basis = fixed("zomaar");
    refused(&o, "invalid", JAARGROEP, "obtained on a legal basis that is none here");
    offer_init(&o);
    o.datum[1].legal_basis = fixed("");
    refused(&o, "invalid", JAARGROEP, "obtained on a legal basis that is none here");
    offer_init(&o);
    o.text[0] = fixed("nooit");
    o.datum[1].conditions = o.text;
    o.datum[1].n_conditions = 1;
    refused(&o, "invalid", JAARGROEP, "a condition that is not held here");
    offer_init(&o);
    o.text[0] = fixed("nooit");
    o.datum[1].laws = o.text;
    o.datum[1].n_laws = 1;
    refused(&o, "invalid", JAARGROEP, "registered for a law that is none here");
    offer_init(&o);
    o.datum[1].n_laws = 0;
    refused(&o, "invalid", JAARGROEP,
            "registered for no law: it would be open to all, name those it goes for");
    offer_init(&o);
    o.datum[1].legal_basis = fixed("wmo-5.1.1"); /* its own task */
    accepted(&o);
    o.datum[1].legal_basis = fixed("avg-6.1.d"); /* in acute danger nobody asks a school */
    refused(&o, "denied", "body.members.data",
            "attribute 1005 was obtained on avg-6.1.d: no rule in force here allows it on that basis");
    offer_init(&o);
    o.datum[1].name = long_name;
    o.data[1][1] = &o.datum[2];
    o.member[1].n_data = 2;
    refused(&o, "invalid", JAARGROEP, "stands twice for member 2: each instance once");
    o.datum[1].instance = o.datum[2].instance = (ProtobufCBinaryData){ID_LEN, o.instance};
    refused(&o, "invalid", JAARGROEP, "stands twice for member 2: each instance once");
    o.datum[2].instance.len = 0;
    accepted(&o);
}

static void what_the_members_must_be(void **state)
{
    (void)state;
    offer o;
    offer_init(&o);
    o.member[1].member = 0;
    refused(&o, "invalid", "body.members", "each member has a number, a role and a valid BSN");
    offer_init(&o);
    o.member[1].bsn = fixed("999990010");
    refused(&o, "invalid", "body.members", "each member has a number, a role and a valid BSN");
    offer_init(&o);
    o.member[1].role = fixed("Een Kind");
    refused(&o, "invalid", "body.members", "each member has a number, a role and a valid BSN");
    offer_init(&o);
    o.member[1].bsn = o.member[0].bsn;
    refused(&o, "invalid", "body.members", "a member stands twice");
    offer_init(&o);
    o.member[1].member = 1;
    refused(&o, "invalid", "body.members", "a member stands twice");
    offer_init(&o);
    o.member[1].bsn = fixed("111222333");
    refused(&o, "mode", "body.members", "test and real persons do not mix");
    offer_init(&o);
    o.seen_by[0] = 2;
    o.member[0].seen_by = o.seen_by;
    o.member[0].n_seen_by = 1;
    refused(&o, "invalid", "zichtbaarVoor", "lid 1: een kind kijkt niet in het dossier van een ander");
}

static void what_the_case_must_be(void **state)
{
    (void)state;
    offer o;
    char *motivation;
    offer_init(&o);
    o.body.n_members = 0;
    refused(&o, "invalid", "body.members", "a client is one person, a household 1 to 32");
    offer_init(&o);
    o.body.kind = fixed("client");
    refused(&o, "invalid", "body.members", "a client is one person, a household 1 to 32");
    offer_init(&o);
    o.body.kind = fixed("bedrijf");
    refused(&o, "invalid", "body.members", "a client is one person, a household 1 to 32");
    offer_init(&o);
    o.body.motivation = fixed("  ");
    refused(&o, "no-motivation", "body.motivation", "say why this case is handed over");
    offer_init(&o);
    assert_non_null(motivation = calloc(1, 8002));
    memset(motivation, 'x', 8001);
    o.body.motivation = motivation;
    refused(&o, "too-big", "body.motivation", "at most 8000 bytes");
    free(motivation);
    offer_init(&o);
    uuid once = uuid_new(clock_ms());
    memcpy(o.transaction, once.b, UUID_LEN);
    accepted(&o);
    refused(&o, "conflict", "core.transaction", "this transaction has its offer already");
}

/* Connects, says hello and reads the welcome. */
static void say_hello(actor *a)
{
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    Sluis__Hello hello = SLUIS__HELLO__INIT;
    buffer packed;
    arena *mem = arena_new(4u << 20);
    buffer_init(&packed, 4096);
    rig_connect(&house, a);
    hello.version_min = hello.version_max = 1;
    hello.credit = 8;
    frame.f_case = SLUIS__FRAME__F_HELLO;
    frame.hello = &hello;
    assert_int_equal(wire_pack(&packed, &frame.base), SLUIS_OK);
    rig_send(a, buffer_bytes(&packed));
    const Sluis__Frame *got = rig_receive(a, mem, 8000);
    assert_non_null(got);
    assert_int_equal(got->f_case, SLUIS__FRAME__F_WELCOME);
    buffer_close(&packed);
    arena_free(&mem);
}

static int start(void **state)
{
    (void)state;
    rig_open(&house);
    actor *other = &house.actors[ACTOR_POLICE];
    rig_rekey(&house, other, "andere-gemeente", false);
    rig_agree(&house, other,
              &(kit_agreement){.covenant = "overdracht",
                               .version = 1,
                               .purposes = "overdracht",
                               .gives = AGREED_ALL_CATEGORIES,
                               .asks = AGREED_ALL_CATEGORIES,
                               .attributes = "",
                               .from = clock_ms() / DAY_MS * DAY_MS,
                               .until = (clock_ms() / DAY_MS + 365) * DAY_MS},
              true);
    say_hello(other);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_close(&house);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_datum_must_be),
        cmocka_unit_test(what_the_members_must_be),
        cmocka_unit_test(what_the_case_must_be),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
