/* The operators' socket of a whole gateway: what each command answers, and each refusal in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/control.h"
#include "journal/journal.h"
#include "parties/agreements.h"
#include "parties/parties.h"
#include "registry/registry.h"
#include "rig/rig.h"

#define CALL_MS 15000
#define GGD     "00000099000000004000"
#define REAL    "00000001000000004000"

static rig house;

/* The control thread opens its socket beside the others' start; its file is there before anyone listens. */
static int wait_for_socket(void)
{
    json_t *q = json_pack("{s:s}", "cmd", "status"), *reply = NULL;
    for (int i = 0; i < CALL_MS / 10 && control_call(house.settings.control, q, &reply, CALL_MS, NULL); i++)
        usleep(10000);
    int missing = reply == NULL;
    json_decref(reply);
    json_decref(q);
    return missing;
}

static int open_house(void **state)
{
    (void)state;
    rig_open(&house);
    return wait_for_socket();
}

static int close_house(void **state)
{
    (void)state;
    rig_close(&house);
    return 0;
}

/* Owned. */
static json_t *call(json_t *request)
{
    sluis_fail f = {0};
    json_t *reply = NULL;
    assert_non_null(request);
    if (control_call(house.settings.control, request, &reply, CALL_MS, &f))
        fail_msg("%s: %s", f.where, f.text);
    json_decref(request);
    return reply;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (!s)
        fail_msg("no text %s", key);
    return s;
}

static json_int_t number_of(const json_t *o, const char *key)
{
    if (!json_is_integer(json_object_get(o, key)))
        fail_msg("no number %s", key);
    return json_integer_value(json_object_get(o, key));
}

static json_t *accepted(json_t *request)
{
    json_t *reply = call(request);
    if (!json_is_true(json_object_get(reply, "ok")))
        fail_msg("%s: %s", text_of(reply, "code"), text_of(reply, "text"));
    return reply;
}

/* Whether text is words, with anything for {}. */
static bool is_said(const char *words, const char *text)
{
    const char *gap = strstr(words, "{}");
    if (!gap)
        return strcmp(words, text) == 0;
    const size_t before = (size_t)(gap - words), after = strlen(gap + 2), n = strlen(text);
    return n > before + after && strncmp(words, text, before) == 0 && strcmp(gap + 2, text + n - after) == 0;
}

/* Refused with this code, at this place, in these words. */
static void refused(json_t *request, sluis_err code, const char *where, const char *words)
{
    json_t *reply = call(request);
    assert_true(json_is_false(json_object_get(reply, "ok")));
    assert_string_equal(text_of(reply, "code"), error_token(code));
    if (!strstr(text_of(reply, "where"), where))
        fail_msg("'%s' does not name %s", text_of(reply, "where"), where);
    if (!is_said(words, text_of(reply, "text")))
        fail_msg("it says '%s', not '%s'", text_of(reply, "text"), words);
    json_decref(reply);
}

static void status_is_told(void **state)
{
    (void)state;
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    assert_string_equal(text_of(s, "name"), house.settings.name);
    assert_string_equal(text_of(s, "oin"), RIG_GATEWAY);
    assert_string_equal(text_of(s, "mode"), "test");
    assert_int_equal(number_of(s, "sessions"), 0);
    assert_int_equal(number_of(s, "in_flight"), 0);
    assert_true(number_of(s, "uptime_ms") >= 0 && number_of(s, "uptime_ms") < 600000);
    assert_true(number_of(s, "store_used_bytes") > 0);
    assert_int_equal(number_of(s, "store_quota_bytes"), house.settings.quota_bytes);
    assert_int_equal(number_of(s, "key_slots"), house.settings.key_slots);
    assert_true(number_of(s, "key_slots_used") >= 2);
    json_decref(s);
}

static void nothing_is_dead(void **state)
{
    (void)state;
    json_t *l = accepted(json_pack("{s:s}", "cmd", "deadletters.list"));
    assert_int_equal(json_array_size(json_object_get(l, "deadletters")), 0);
    assert_true(json_is_false(json_object_get(l, "more")));
    json_decref(l);
}

static void unknown_commands(void **state)
{
    (void)state;
    refused(json_pack("{s:s}", "cmd", "shutdown"), SLUIS_INVALID, "cmd",
            "a gateway has no such command: an adapter's socket may be meant");
    refused(json_pack("{s:s}", "cmd", "Status"), SLUIS_INVALID, "request", "\"cmd\" must name a command");
    refused(json_pack("{s:s}", "cmd", ""), SLUIS_INVALID, "request", "\"cmd\" must name a command");
    refused(json_pack("{s:i}", "cmd", 7), SLUIS_INVALID, "request", "\"cmd\" must name a command");
    refused(json_object(), SLUIS_INVALID, "request", "\"cmd\" must name a command");
}

/* Borrowed from list; NULL when it is not there. */
static const json_t *listed(const json_t *list, const char *o)
{
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(list, "parties"), i,
                       x) if (strcmp(text_of(x, "oin"), o) == 0) return x;
    return NULL;
}

static void parties_are_listed(void **state)
{
    (void)state;
    json_t *l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_int_equal(json_array_size(json_object_get(l, "parties")),
                     4); /* three of the rig, and the gateway */
    const json_t *school = listed(l, house.actors[ACTOR_SCHOOL].oin.s);
    assert_non_null(school);
    assert_string_equal(text_of(school, "name"), "school");
    assert_string_equal(text_of(school, "domain"), "onderwijs");
    assert_true(json_is_false(json_object_get(school, "suspended")));
    const json_t *keys = json_object_get(school, "keys");
    assert_int_equal(json_array_size(keys), 3);
    char hex[2 * PK_LEN + 1];
    hex_encode(hex, house.actors[ACTOR_SCHOOL].sign.pk, PK_LEN);
    assert_string_equal(text_of(json_array_get(keys, 0), "use"), "sign");
    assert_string_equal(text_of(json_array_get(keys, 0), "pk"), hex);
    assert_true(json_is_false(json_object_get(json_array_get(keys, 0), "revoked")));
    assert_non_null(listed(l, RIG_GATEWAY));
    assert_null(listed(l, house.actors[ACTOR_STRANGER].oin.s));
    json_decref(l);
}

/* A request to join, as the party's own `sluisctl key new` writes it. */
static json_t *request_of(const char *o)
{
    static const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    static unsigned made;
    char path[160];
    oin who;
    keypair keys[3];
    uint64_t now = clock_ms();
    assert_int_equal(oin_parse(&who, o, OIN_LEN), SLUIS_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(keypair_generate(&keys[i], uses[i], now), SLUIS_OK);
    snprintf(path, sizeof(path), "%s/request-%u.json", house.dir, made++);
    assert_int_equal(enrolment_write(path, &who, keys, 3, now - DAY_MS, now + 300 * DAY_MS, NULL), SLUIS_OK);
    for (size_t i = 0; i < 3; i++)
        keypair_close(&keys[i]);
    json_t *request = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(request);
    return request;
}

/* request is taken. */
static json_t *enrol(json_t *request, const char *name, const char *domain)
{
    return json_pack("{s:s, s:o, s:s, s:s, s:s}", "cmd", "party.enrol", "request", request, "name", name,
                     "domain", domain, "by", "anna");
}

/* The record of entry index, in a. */
static const Sluis__Record *record_at(json_int_t index, arena *a)
{
    uint8_t raw[8192];
    char path[200];
    size_t n = 0;
    keypair log = {0};
    receipt_facts facts = {0};
    sluis_fail f = {0};
    snprintf(path, sizeof(path), "%s/keys/log.key", house.dir);
    assert_int_equal(keyfile_read(&log, path, USE_LOG, &f), SLUIS_OK);
    json_t *got =
        accepted(json_pack("{s:s, s:I, s:s}", "cmd", "receipt.get", "index", index, "by", "controleur-1"));
    const char *text = text_of(got, "receipt");
    assert_int_equal(base64_decode(raw, sizeof(raw), &n, text, strlen(text)), SLUIS_OK);
    if (receipt_verify(&facts, a, BYTES(raw, n), house.settings.name, (pubkeys[]){pubkeys_of(log.pk)}, NULL,
                       &f))
        fail_msg("%s: %s", f.where, f.text);
    keypair_close(&log);
    json_decref(got);
    return facts.record;
}

static void a_party_joins(void **state)
{
    (void)state;
    arena *mem = arena_new(1u << 20);
    json_t *before = accepted(json_pack("{s:s}", "cmd", "party.list"));
    json_t *done = accepted(enrol(request_of(GGD), "GGD Regio", "ggd"));
    assert_string_equal(text_of(done, "oin"), GGD);
    json_t *after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    const json_t *x = listed(after, GGD);
    assert_non_null(x);
    assert_string_equal(text_of(x, "name"), "GGD Regio");
    assert_string_equal(text_of(x, "domain"), "ggd");
    assert_int_equal(number_of(after, "version"), number_of(before, "version") + 1);
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    const Sluis__Record *r = record_at(number_of(s, "journal_entries") - 1, mem);
    assert_string_equal(r->decision, "enrolled");
    assert_string_equal(r->employee, "anna");
    assert_string_equal(r->to, GGD);
    json_decref(s);
    arena_free(&mem);

    refused(enrol(request_of(GGD), "GGD anew", "ggd"), SLUIS_EXISTS, "",
            "this party is there already: replace it, or choose another OIN");
    json_t *again = enrol(request_of(GGD), "GGD anew", "ggd");
    json_object_set_new(again, "replace", json_true());
    json_object_set_new(again, "valid_until", json_string("2199-01-01"));
    json_decref(accepted(again));
    json_decref(after);
    after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_string_equal(text_of(listed(after, GGD), "name"), "GGD anew");
    assert_int_equal(strncmp(text_of(listed(after, GGD), "valid_until"), "2199-01-01", 10), 0);
    json_decref(before);
    json_decref(done);
    json_decref(after);
}

static void refused_enrolments(void **state)
{
    (void)state;
    json_t *before = accepted(json_pack("{s:s}", "cmd", "party.list"));
    refused(json_pack("{s:s}", "cmd", "party.enrol"), SLUIS_INVALID, "name", "a string is needed here");
    refused(json_pack("{s:s, s:s, s:s}", "cmd", "party.enrol", "name", "x", "domain", "ggd"), SLUIS_INVALID,
            "party.enrol", "request, name and domain are needed");
    json_t *nobodys = enrol(json_object(), "x", "ggd");
    json_object_del(nobodys, "by");
    refused(nobodys, SLUIS_INVALID, "by", "a string is needed here");
    refused(enrol(json_object(), "x", "ggd"), SLUIS_INVALID, "",
            "must be one object with exactly oin and keys");
    refused(enrol(json_string("text"), "x", "ggd"), SLUIS_INVALID, "", "request, name and domain are needed");
    refused(enrol(request_of(REAL), "x", "ggd"), SLUIS_MODE, "oin", "a real OIN in test mode");
    refused(enrol(request_of("00000099000000005000"), "x", "Free Text"), SLUIS_INVALID, "domain",
            "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    json_t *bad = enrol(request_of("00000099000000005000"), "x", "ggd");
    json_object_set_new(bad, "valid_until", json_string("tomorrow"));
    refused(bad, SLUIS_INVALID, "valid_until", "write YYYY-MM-DD");
    bad = request_of("00000099000000005000"); /* its keys are signed for the other OIN */
    json_object_set_new(bad, "oin", json_string("00000099000000006000"));
    refused(enrol(bad, "x", "ggd"), SLUIS_BAD_SIGNATURE, "",
            "key 0 (sign) is not signed by a signing key of this party");
    bad = request_of("00000099000000005000");
    json_object_set_new(bad, "surprise", json_true());
    refused(enrol(bad, "x", "ggd"), SLUIS_INVALID, "", "must be one object with exactly oin and keys");
    json_t *after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

static json_t *suspension(const char *cmd, const char *o, const char *by, const char *reason)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "cmd", cmd, "oin", o, "by", by, "reason", reason);
}

static void a_party_is_suspended(void **state)
{
    const char *police = house.actors[ACTOR_POLICE].oin.s;
    (void)state;
    json_t *before = accepted(json_pack("{s:s}", "cmd", "party.list"));
    refused(suspension("party.suspend", "00000099000000007777", "anna", "x"), SLUIS_UNKNOWN_PARTY, "7777",
            "is not in the directory: see `party list`");
    refused(suspension("party.suspend", RIG_GATEWAY, "anna", "x"), SLUIS_INVALID, RIG_GATEWAY,
            "is the gateway itself: stop it, or revoke a key");
    refused(suspension("party.suspend", "7", "anna", "x"), SLUIS_INVALID, "oin",
            "is not an OIN: 20 characters");
    refused(suspension("party.suspend", police, "Anna de Vries", "x"), SLUIS_INVALID, "by",
            "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    refused(suspension("party.suspend", police, "anna", "because of her"), SLUIS_INVALID, "reason",
            "a code: [a-z0-9][a-z0-9._:-]{0,63}");
    refused(json_pack("{s:s, s:s}", "cmd", "party.suspend", "oin", police), SLUIS_INVALID, "by",
            "a string is needed here");
    refused(suspension("party.resume", police, "anna", "x"), SLUIS_CONFLICT, police, "is not suspended");

    json_decref(accepted(suspension("party.suspend", police, "anna", "sleutel-verloren")));
    refused(suspension("party.suspend", police, "bram", "sleutel-verloren"), SLUIS_CONFLICT, police,
            "is suspended already");
    json_t *after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_true(json_is_true(json_object_get(listed(after, police), "suspended")));
    assert_int_equal(number_of(after, "version"), number_of(before, "version") + 1);
    json_t *anew = enrol(request_of(police), "police", "politie"); /* new keys do not lift a suspension */
    json_object_set_new(anew, "replace", json_true());
    json_decref(accepted(anew));
    json_decref(after);
    after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_true(json_is_true(json_object_get(listed(after, police), "suspended")));

    json_decref(accepted(suspension("party.resume", police, "bram", "sleutel-vervangen")));
    json_decref(after);
    after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_true(json_is_false(json_object_get(listed(after, police), "suspended")));
    json_decref(after);
    json_decref(before);
}

static json_t *about_key(const char *cmd, const char *key, const char *by)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "cmd", cmd, "key", key, "by", by, "reason", "sleutel-verloren");
}

static json_t *revocation(const char *key, const char *by)
{
    return about_key("key.revoke", key, by);
}

/* What the list says of this key of the police: suspended, revoked. */
static void check_key(size_t i, bool suspended, bool revoked)
{
    json_t *l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    const json_t *k = json_array_get(json_object_get(listed(l, house.actors[ACTOR_POLICE].oin.s), "keys"), i);
    assert_int_equal(json_is_true(json_object_get(k, "suspended")), suspended);
    assert_int_equal(json_is_true(json_object_get(k, "revoked")), revoked);
    assert_true(json_is_boolean(json_object_get(k, "suspended")));
    json_decref(l);
}

/* By one person, and back; two persons revoke what is suspended, for good. */
static void a_key_is_suspended_by_one(void **state)
{
    const char *police = house.actors[ACTOR_POLICE].oin.s;
    char id[2 * KEYID_LEN + 1], own[2 * KEYID_LEN + 1];
    (void)state;
    json_t *l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    snprintf(id, sizeof(id), "%s",
             text_of(json_array_get(json_object_get(listed(l, police), "keys"), 1), "id"));
    snprintf(own, sizeof(own), "%s",
             text_of(json_array_get(json_object_get(listed(l, RIG_GATEWAY), "keys"), 0), "id"));
    json_decref(l);
    refused(about_key("key.suspend", "00112233445566778899aabbccddeeff", "anna"), SLUIS_UNKNOWN_KEY, "0011",
            "no party has this key: see `party list --json`");
    refused(about_key("key.suspend", "00", "anna"), SLUIS_INVALID, "key",
            "a key id is 32 hexadecimal digits");
    refused(about_key("key.suspend", id, "Anna de Vries"), SLUIS_INVALID, "by",
            "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    refused(about_key("key.suspend", own, "anna"), SLUIS_INVALID, RIG_GATEWAY,
            "is the gateway itself: stop it, or revoke the key");
    refused(about_key("key.resume", id, "anna"), SLUIS_CONFLICT, police, "the key is not suspended");
    check_key(1, false, false);

    json_t *done = accepted(about_key("key.suspend", id, "anna"));
    assert_string_equal(text_of(done, "outcome"), "suspended");
    assert_string_equal(text_of(done, "oin"), police);
    json_decref(done);
    refused(about_key("key.suspend", id, "bram"), SLUIS_CONFLICT, police, "the key is suspended already");
    check_key(1, true, false);
    check_key(0, false, false);
    rig_restart(&house);
    assert_int_equal(wait_for_socket(), 0);
    check_key(1, true, false);
    done = accepted(about_key("key.resume", id, "anna"));
    assert_string_equal(text_of(done, "outcome"), "resumed");
    json_decref(done);
    check_key(1, false, false);

    json_decref(accepted(about_key("key.suspend", id, "anna")));
    json_decref(accepted(about_key("key.revoke", id, "anna")));
    check_key(1, true, false);
    json_decref(accepted(about_key("key.revoke", id, "bram")));
    check_key(1, false, true);
    refused(about_key("key.resume", id, "anna"), SLUIS_CONFLICT, id, "is revoked already");
    refused(about_key("key.suspend", id, "anna"), SLUIS_CONFLICT, id, "is revoked already");
}

/* One proposes, another carries it out; the proposal outlives a restart. */
static void a_key_is_revoked_by_two(void **state)
{
    char id[2 * KEYID_LEN + 1];
    (void)state;
    hex_encode(id, house.actors[ACTOR_SCHOOL].sign.id.b, KEYID_LEN);
    refused(revocation("00112233445566778899aabbccddeeff", "anna"), SLUIS_UNKNOWN_KEY, "0011",
            "no party has this key: see `party list --json`");
    refused(revocation("00", "anna"), SLUIS_INVALID, "key", "a key id is 32 hexadecimal digits");
    refused(revocation(id, "Anna de Vries"), SLUIS_INVALID, "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    json_t *done = accepted(revocation(id, "anna"));
    assert_string_equal(text_of(done, "outcome"), "proposed");
    assert_string_equal(text_of(done, "oin"), house.actors[ACTOR_SCHOOL].oin.s);
    json_decref(done);
    refused(revocation(id, "anna"), SLUIS_CONFLICT, id,
            "the same person proposed it: another carries it out");
    json_t *l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    const json_t *key =
        json_array_get(json_object_get(listed(l, house.actors[ACTOR_SCHOOL].oin.s), "keys"), 0);
    assert_string_equal(text_of(key, "id"), id);
    assert_true(json_is_false(json_object_get(key, "revoked")));
    json_decref(l);

    rig_restart(&house);
    assert_int_equal(wait_for_socket(), 0);
    refused(revocation(id, "anna"), SLUIS_CONFLICT, id,
            "the same person proposed it: another carries it out");
    done = accepted(revocation(id, "bram"));
    assert_string_equal(text_of(done, "outcome"), "revoked");
    json_decref(done);
    refused(revocation(id, "carla"), SLUIS_CONFLICT, id, "is revoked already");
    l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    const json_t *keys = json_object_get(listed(l, house.actors[ACTOR_SCHOOL].oin.s), "keys");
    assert_true(json_is_true(json_object_get(json_array_get(keys, 0), "revoked")));
    assert_true(json_is_false(json_object_get(json_array_get(keys, 1), "revoked")));
    json_decref(l);
}

/* What the school proposes: covenant "wijkteam", with one thing changed by the test. */
static json_t *proposal(const kit_agreement *k, const keypair *sign, const char *municipality)
{
    Sluis__AgreementFact fact;
    oin to;
    arena *mem = arena_new(1u << 20);
    assert_int_equal(oin_parse(&to, municipality, strlen(municipality)), SLUIS_OK);
    kit_agreement_fact(&fact, mem, k, &house.actors[ACTOR_SCHOOL].oin, &to, sign, NULL);
    json_t *file = agreement_json(&fact);
    arena_free(&mem);
    return json_pack("{s:s, s:o, s:s}", "cmd", "agreement.file", "file", file, "by", "anna");
}

static kit_agreement wijkteam(uint32_t version)
{
    uint64_t now = clock_ms(), today = now - now % DAY_MS;
    return (kit_agreement){.covenant = "wijkteam",
                           .version = version,
                           .purposes = "jeugdhulp",
                           .gives = "ordinary",
                           .asks = "",
                           .attributes = "school-*",
                           .from = today,
                           .until = today + 20 * DAY_MS};
}

static void refused_agreements(void **state)
{
    (void)state;
    static const char *const nobody = "00112233445566778899aabbccddeeff";
    const keypair *sign = &house.actors[ACTOR_SCHOOL].sign;
    kit_agreement k = wijkteam(1);
    k.purposes = "jeugdhulp,nieuwsgierigheid";
    refused(proposal(&k, sign, RIG_GATEWAY), SLUIS_INVALID, "agreement.purposes",
            "the rules know no purpose nieuwsgierigheid");
    k = wijkteam(1);
    k.gives = "ordinary,gossip";
    refused(proposal(&k, sign, RIG_GATEWAY), SLUIS_INVALID, "agreement.gives",
            "gossip is none of ordinary, financial, health, criminal, identification");
    k = wijkteam(1);
    k.asks = "everything";
    refused(proposal(&k, sign, RIG_GATEWAY), SLUIS_INVALID, "agreement.asks",
            "everything is none of ordinary, financial, health, criminal, identification");
    k = wijkteam(1);
    k.attributes = "schoolplein-*";
    refused(proposal(&k, sign, RIG_GATEWAY), SLUIS_INVALID, "agreement.attributes",
            "the catalogue knows no schoolplein-*");
    k = wijkteam(1);
    k.until = k.from - DAY_MS, k.from -= 9 * DAY_MS;
    refused(proposal(&k, sign, RIG_GATEWAY), SLUIS_EXPIRED, "valid_until", "is over already");
    k = wijkteam(1);
    refused(proposal(&k, sign, "00000099000000001111"), SLUIS_INVALID, "agreement.municipality",
            "is 00000099000000001111; this is 00000099000000001000");
    refused(proposal(&k, &house.actors[ACTOR_POLICE].sign, RIG_GATEWAY), SLUIS_UNKNOWN_KEY,
            house.actors[ACTOR_SCHOOL].oin.s,
            "no sign key {} in directory version 7: use one that is enrolled (`sluisctl key rotate` keeps "
            "the old beside "
            "the new for a while, a request of new keys alone does not)");
    json_t *q = proposal(&k, sign, RIG_GATEWAY); /* wider than was signed */
    json_object_set_new(json_object_get(json_object_get(q, "file"), "agreement"), "gives",
                        json_pack("[s, s]", "ordinary", "health"));
    refused(q, SLUIS_BAD_SIGNATURE, "party_signature", "the agreement is not signed by the party's key");
    q = proposal(&k, sign, RIG_GATEWAY);
    json_object_set_new(json_object_get(json_object_get(q, "file"), "agreement"), "party",
                        json_string("00000099000000007777"));
    refused(q, SLUIS_UNKNOWN_PARTY, "7777", "is not in the directory: `party enrol` comes first");
    q = proposal(&k, sign, RIG_GATEWAY);
    json_object_set_new(q, "by", json_string("Anna de Vries"));
    refused(q, SLUIS_INVALID, "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    refused(json_pack("{s:s, s:s}", "cmd", "agreement.file", "by", "anna"), SLUIS_INVALID, "file",
            "the party's signed agreement is needed");
    refused(json_pack("{s:s, s:s, s:s}", "cmd", "agreement.accept", "id", nobody, "by", "anna"),
            SLUIS_NOT_FOUND, nobody, "no such agreement: see `agreement list`");
    refused(json_pack("{s:s, s:s}", "cmd", "agreement.show", "id", nobody), SLUIS_NOT_FOUND, "id",
            "no such agreement: see `agreement list`");
    refused(json_pack("{s:s, s:s}", "cmd", "agreement.show", "id", "7"), SLUIS_INVALID, "id",
            "an agreement's id is 32 hexadecimal digits");
    json_t *l = accepted(json_pack("{s:s}", "cmd", "agreement.list"));
    assert_int_equal(json_array_size(json_object_get(l, "agreements")),
                     3); /* the rig's own: none was filed */
    json_decref(l);
}

/* The row of the list. */
static json_t *agreed(const char *id)
{
    size_t i;
    json_t *x, *found = NULL, *l = accepted(json_pack("{s:s}", "cmd", "agreement.list"));
    json_array_foreach(json_object_get(l, "agreements"), i, x)
    {
        if (strcmp(text_of(x, "id"), id) == 0)
            found = json_incref(x);
    }
    json_decref(l);
    assert_non_null(found);
    return found;
}

static void check_row(const char *id, const char *state, bool goes_on)
{
    json_t *row = agreed(id);
    assert_string_equal(text_of(row, "state"), state);
    assert_int_equal(json_is_true(json_object_get(row, "goes_on")), goes_on);
    json_decref(row);
}

static json_t *about(const char *cmd, const char *id, const char *by)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "cmd", cmd, "id", id, "by", by, "reason", "opgezegd");
}

static void file_it(char id[static 2 * KEYID_LEN + 1], const kit_agreement *k)
{
    json_t *done = accepted(proposal(k, &house.actors[ACTOR_SCHOOL].sign, RIG_GATEWAY));
    strcpy(id, text_of(done, "id"));
    assert_string_equal(text_of(done, "oin"), house.actors[ACTOR_SCHOOL].oin.s);
    json_decref(done);
}

/* Filed and signed by both: what the journal says of it, and what is shown. */
static void an_agreement_is_signed_by_both(void **state)
{
    (void)state;
    char id[2 * KEYID_LEN + 1], hash[2 * KEYID_LEN + 1];
    arena *mem = arena_new(1u << 20);
    kit_agreement k = wijkteam(1);
    json_t *before = accepted(json_pack("{s:s}", "cmd", "party.list"));
    file_it(id, &k);
    check_row(id, "one-signature", false);
    refused(proposal(&k, &house.actors[ACTOR_SCHOOL].sign, RIG_GATEWAY), SLUIS_EXISTS, "wijkteam",
            "version 1 is filed already: raise the version");
    json_decref(accepted(about("agreement.accept", id, "bram")));
    check_row(id, "in-force", false);
    refused(about("agreement.accept", id, "bram"), SLUIS_CONFLICT, "wijkteam",
            "version 1 is signed by both already");
    json_t *after = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_int_equal(number_of(after, "version"), number_of(before, "version") + 2);
    json_decref(after);
    json_decref(before);

    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    json_int_t last = number_of(s, "journal_entries") - 1;
    json_decref(s);
    const Sluis__Record *r = record_at(last - 1, mem);
    assert_int_equal(r->type, SLUIS__RECORD_TYPE__R_PARTY);
    assert_string_equal(r->decision, "agreement-filed");
    assert_string_equal(r->employee, "anna");
    r = record_at(last, mem);
    assert_string_equal(r->decision, "agreement-accepted");
    assert_string_equal(r->employee, "bram");
    assert_string_equal(r->to, house.actors[ACTOR_SCHOOL].oin.s);
    assert_string_equal(r->detail, "wijkteam 1");
    assert_int_equal(r->message_hash.len, HASH_LEN);
    hex_encode(hash, r->message_hash.data, KEYID_LEN); /* of what was signed */
    assert_string_equal(hash, id);

    json_t *shown = accepted(json_pack("{s:s, s:s}", "cmd", "agreement.show", "id", id));
    const json_t *file = json_object_get(shown, "file");
    assert_string_equal(text_of(json_object_get(file, "agreement"), "covenant"), "wijkteam");
    assert_int_equal(strlen(text_of(file, "municipality_signature")), 2 * SIG_LEN);
    assert_int_equal(text_of(shown, "accepted")[0], '2');
    assert_null(json_object_get(shown, "revoked"));
    json_decref(shown);
    arena_free(&mem);
}

/* A covenant of its own: extended, narrowed, revoked by two. */
static void an_agreement_is_succeeded_and_revoked(void **state)
{
    (void)state;
    char first[2 * KEYID_LEN + 1], later[2 * KEYID_LEN + 1], third[2 * KEYID_LEN + 1];
    kit_agreement k = wijkteam(1);
    k.covenant = "jeugd";
    file_it(first, &k);
    json_decref(accepted(about("agreement.accept", first, "bram")));
    k.version = 2;
    k.from += 20 * DAY_MS, k.until += 200 * DAY_MS;
    file_it(later, &k);
    check_row(first, "in-force", false); /* ends soon, until a later version goes on from it */
    json_decref(accepted(about("agreement.accept", later, "bram")));
    check_row(later, "not-begun", false);
    check_row(first, "in-force", true);
    k = wijkteam(3);
    k.covenant = "jeugd";
    file_it(third, &k);
    json_decref(accepted(about("agreement.accept", third, "bram")));
    check_row(first, "replaced", false);
    check_row(third, "in-force", false);

    refused(json_pack("{s:s, s:s, s:s}", "cmd", "agreement.revoke", "id", first, "by", "anna"), SLUIS_INVALID,
            "reason", "a string is needed here");
    json_t *done = accepted(about("agreement.revoke", third, "anna"));
    assert_string_equal(text_of(done, "outcome"), "proposed");
    json_decref(done);
    check_row(third, "in-force", false);
    refused(about("agreement.revoke", third, "anna"), SLUIS_CONFLICT, third,
            "the same person proposed it: another carries it out");
    done = accepted(about("agreement.revoke", third, "bram"));
    assert_string_equal(text_of(done, "outcome"), "revoked");
    json_decref(done);
    check_row(third, "revoked", false);
    check_row(first, "replaced", false); /* what was replaced does not come back */
    refused(about("agreement.revoke", third, "carla"), SLUIS_CONFLICT, third, "is revoked");
    refused(about("agreement.accept", third, "carla"), SLUIS_CONFLICT, third, "is revoked");
}

/* A party that joined may connect at once, without a restart. */
static void who_joined_may_connect(void **state)
{
    (void)state;
    actor *a = &house.actors[ACTOR_STRANGER];
    const keypair keys[] = {a->sign, a->seal, a->curve};
    char path[160];
    uint64_t now = clock_ms();
    snprintf(path, sizeof(path), "%s/stranger.json", house.dir);
    assert_int_equal(enrolment_write(path, &a->oin, keys, 3, now - DAY_MS, now + 300 * DAY_MS, NULL),
                     SLUIS_OK);
    json_t *request = json_load_file(path, 0, NULL);
    json_decref(accepted(enrol(request, "stranger", "ggd")));

    Sluis__Frame out = SLUIS__FRAME__INIT, *in = NULL;
    Sluis__Hello hello = SLUIS__HELLO__INIT;
    arena *mem = arena_new(1u << 22);
    buffer b;
    buffer_init(&b, 4096);
    hello.version_min = hello.version_max = 1;
    hello.credit = 4;
    hello.program = (char *)(uintptr_t) "test";
    out.f_case = SLUIS__FRAME__F_HELLO;
    out.hello = &hello;
    assert_int_equal(wire_pack(&b, &out.base), SLUIS_OK);
    rig_connect(&house, a);
    rig_send(a, buffer_bytes(&b));
    in = rig_receive(a, mem, CALL_MS);
    assert_non_null(in);
    assert_int_equal(in->f_case, SLUIS__FRAME__F_WELCOME);
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    assert_int_equal(number_of(s, "sessions"), 1);
    json_decref(s);
    rig_disconnect(a);
    buffer_close(&b);
    arena_free(&mem);
}

static void traces_of_nothing(void **state)
{
    char text[UUID_STR];
    uuid tx = uuid_new(clock_ms());
    (void)state;
    uuid_format(text, tx.b);
    refused(json_pack("{s:s, s:s}", "cmd", "trace", "transaction", text), SLUIS_NOT_FOUND, "transaction",
            "no entry of this transaction");
    refused(json_pack("{s:s, s:s}", "cmd", "trace", "transaction", "seven"), SLUIS_INVALID, "transaction",
            "a UUID is needed");
    refused(json_pack("{s:s, s:i}", "cmd", "trace", "transaction", 7), SLUIS_INVALID, "transaction",
            "a string is needed here");
    refused(json_pack("{s:s}", "cmd", "trace"), SLUIS_INVALID, "transaction", "a string is needed here");
}

static void receipts_are_given(void **state)
{
    uint8_t raw[8192];
    char path[200];
    size_t n = 0;
    keypair log;
    receipt_facts facts;
    sluis_fail f = {0};
    arena *a = arena_new(1u << 20);
    (void)state;
    json_decref(accepted(enrol(request_of("00000099000000006000"), "Wijkteam Zuid", "ggd")));
    snprintf(path, sizeof(path), "%s/keys/log.key", house.dir);
    assert_int_equal(keyfile_read(&log, path, USE_LOG, &f), SLUIS_OK);
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    json_int_t entries = number_of(s, "journal_entries");
    for (json_int_t i = 0; i < entries; i++) {
        json_t *got =
            accepted(json_pack("{s:s, s:I, s:s}", "cmd", "receipt.get", "index", i, "by", "controleur-1"));
        const char *text = text_of(got, "receipt");
        assert_int_equal(base64_decode(raw, sizeof(raw), &n, text, strlen(text)), SLUIS_OK);
        if (receipt_verify(&facts, a, BYTES(raw, n), house.settings.name, (pubkeys[]){pubkeys_of(log.pk)},
                           NULL, &f))
            fail_msg("%s: %s", f.where, f.text);
        assert_int_equal(facts.index, i);
        assert_true(facts.cp.size >= (uint64_t)entries);
        arena_reset(a);
        json_decref(got);
    }
    refused(json_pack("{s:s, s:I}", "cmd", "receipt.get", "index", (json_int_t)1 << 40), SLUIS_NOT_FOUND,
            "receipt.get", "no such entry, or its record is forgotten");
    json_t *look =
        accepted(json_pack("{s:s, s:I, s:s}", "cmd", "receipt.get", "index", entries, "by", "controleur-2"));
    const char *first = text_of(look, "receipt"); /* the first look above: who, at what */
    assert_int_equal(base64_decode(raw, sizeof(raw), &n, first, strlen(first)), SLUIS_OK);
    assert_int_equal(receipt_verify(&facts, a, BYTES(raw, n), house.settings.name,
                                    (pubkeys[]){pubkeys_of(log.pk)}, NULL, &f),
                     SLUIS_OK);
    assert_int_equal(facts.record->type, SLUIS__RECORD_TYPE__R_READ);
    assert_string_equal(facts.record->employee, "controleur-1");
    assert_string_equal(facts.record->detail, "receipt 0");
    json_decref(look);
    refused(json_pack("{s:s, s:i}", "cmd", "receipt.get", "index", 0), SLUIS_INVALID, "by",
            "a string is needed here");
    refused(json_pack("{s:s, s:i, s:s}", "cmd", "receipt.get", "index", 0, "by", "Jan Jansen"), SLUIS_INVALID,
            "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    refused(json_pack("{s:s, s:i}", "cmd", "receipt.get", "index", -1), SLUIS_INVALID, "index",
            "the number of an entry is needed, as `trace` shows it");
    refused(json_pack("{s:s, s:s}", "cmd", "receipt.get", "index", "1"), SLUIS_INVALID, "index",
            "the number of an entry is needed, as `trace` shows it");
    refused(json_pack("{s:s}", "cmd", "receipt.get"), SLUIS_INVALID, "index",
            "the number of an entry is needed, as `trace` shows it");
    json_decref(s);
    keypair_close(&log);
    arena_free(&a);
}

/* Its own entry is a fact like another's: right behind the log's origin, once. */
static void the_gateway_journals_its_own_entry(void **state)
{
    arena *a = arena_new(1u << 20);
    (void)state;
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    json_int_t entries = number_of(s, "journal_entries");
    json_decref(s);
    assert_int_equal(record_at(0, a)->type, SLUIS__RECORD_TYPE__R_ORIGIN);
    const Sluis__Record *r = record_at(1, a);
    assert_int_equal(r->type, SLUIS__RECORD_TYPE__R_PARTY);
    assert_string_equal(r->from, RIG_GATEWAY);
    assert_string_equal(r->to, RIG_GATEWAY);
    assert_string_equal(r->decision, "enrolled");
    json_t *l = accepted(json_pack("{s:s}", "cmd", "party.list"));
    assert_true(r->directory_version > 0 && number_of(l, "version") >= (json_int_t)r->directory_version);
    json_decref(l);
    rig_restart(&house);
    assert_int_equal(wait_for_socket(), 0);
    s = accepted(json_pack("{s:s}", "cmd", "status"));
    /* nothing changed: not again; the two are of the looks above */
    assert_int_equal(number_of(s, "journal_entries"), entries + 2);
    json_decref(s);
    arena_free(&a);
}

static void growth_is_proved(void **state)
{
    uint8_t path[CONSISTENCY_MAX][HASH_LEN];
    char file[200];
    size_t n = 0;
    keypair log;
    checkpoint before, after;
    (void)state;
    snprintf(file, sizeof(file), "%s/keys/log.key", house.dir);
    assert_int_equal(keyfile_read(&log, file, USE_LOG, NULL), SLUIS_OK);
    json_decref(accepted(enrol(request_of("00000099000000010000"), "Wijkteam Noord", "ggd")));
    json_t *a = accepted(json_pack("{s:s, s:i}", "cmd", "journal.prove", "old", 0));
    const char *note = text_of(a, "request");
    assert_memory_equal(note, "old 0\n\n", 7);
    note += 7;
    assert_int_equal(checkpoint_open(&before, note, strlen(note), house.settings.name,
                                     (pubkeys[]){pubkeys_of(log.pk)}, NULL),
                     SLUIS_OK);
    assert_int_equal(number_of(a, "size"), before.size);
    json_decref(accepted(enrol(request_of("00000099000000011000"), "Wijkteam Oost", "ggd")));
    json_t *b = accepted(json_pack("{s:s, s:I}", "cmd", "journal.prove", "old", number_of(a, "size")));
    bytes rest = bytes_str(text_of(b, "request")), line;
    assert_true(note_line(&rest, &line));
    while (note_line(&rest, &line) && line.n)
        assert_true(note_hash(path[n++], line));
    assert_int_equal(checkpoint_open(&after, (const char *)rest.p, rest.n, house.settings.name,
                                     (pubkeys[]){pubkeys_of(log.pk)}, NULL),
                     SLUIS_OK);
    assert_true(after.size > before.size);
    assert_int_equal(merkle_verify_consistency(before.size, after.size, before.root, after.root,
                                               (const uint8_t(*)[HASH_LEN])path, n),
                     SLUIS_OK);
    refused(json_pack("{s:s, s:I}", "cmd", "journal.prove", "old", (json_int_t)after.size + 1000),
            SLUIS_NOT_FOUND, "old", "the journal is not that large yet");
    refused(json_pack("{s:s, s:i}", "cmd", "journal.prove", "old", -1), SLUIS_INVALID, "old",
            "a size is needed: 0, or that of an earlier checkpoint");
    refused(json_pack("{s:s}", "cmd", "journal.prove"), SLUIS_INVALID, "old",
            "a size is needed: 0, or that of an earlier checkpoint");
    json_decref(a);
    json_decref(b);
    keypair_close(&log);
}

/* Opens a copy as an auditor does, without the gateway, and verifies all of it: so many entries are in it. */
static void verify_copy(const char *dir, uint64_t least, uint64_t most)
{
    char path[200], slots_path[200], master[200];
    uint8_t *km = NULL;
    keypair log;
    store *s = NULL;
    keyslots *slots = NULL;
    journal_report report = {0};
    registry_report rows = {0};
    sluis_fail f = {0};
    snprintf(path, sizeof(path), "%s/store", dir);
    snprintf(slots_path, sizeof(slots_path), "%s/keys.slots", dir);
    snprintf(master, sizeof(master), "%s/keys/master.key", house.dir);
    assert_int_equal(secretfile_read(&km, master, &f), SLUIS_OK);
    snprintf(master, sizeof(master), "%s/keys/log.key", house.dir);
    assert_int_equal(keyfile_read(&log, master, USE_LOG, &f), SLUIS_OK);
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = house.settings.map_bytes,
                       .max_readers = 4,
                       .read_only = true};
    if (store_open_lmdb(&s, &o, &f) || keyslots_open_readonly(&slots, slots_path, km, &f) ||
        journal_verify(s, slots, house.settings.name, (pubkeys[]){pubkeys_of(log.pk)}, clock_day(clock_ms()),
                       NULL, NULL, &report, &f) ||
        registry_verify(s, slots, &rows, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_in_range(report.entries, least, most);
    assert_int_equal(report.records, report.entries); /* none is missing */
    assert_int_equal(rows.rows[TABLE_CASE], 1);
    assert_true(rows.rows[TABLE_PARTY] >= 4);

    log.pk[0] ^= 1; /* another gateway's key: the same copy does not pass */
    fail_clear(&f);
    assert_int_not_equal(journal_verify(s, slots, house.settings.name, (pubkeys[]){pubkeys_of(log.pk)},
                                        clock_day(clock_ms()), NULL, NULL, &report, &f),
                         SLUIS_OK);
    keyslots_close(&slots);
    store_close(&s);
    secret_free(km);
    keypair_close(&log);
}

static void a_copy_verifies_without_the_gateway(void **state)
{
    char dir[128];
    (void)state;
    json_decref(
        accepted(enrol(request_of("00000099000000008000"), "Wijkteam", "ggd"))); /* an entry at least */
    snprintf(dir, sizeof(dir), "%s/copy", house.dir);
    json_t *s = accepted(json_pack("{s:s}", "cmd", "status"));
    uint64_t before = (uint64_t)number_of(s, "journal_entries");
    assert_true(before > 1);
    json_decref(s);
    json_t *done = accepted(json_pack("{s:s, s:s}", "cmd", "journal.copy", "dir", dir));
    assert_int_equal(strncmp(text_of(done, "store"), dir, strlen(dir)), 0);
    assert_int_equal(strncmp(text_of(done, "keys"), dir, strlen(dir)), 0);
    json_decref(done);
    struct stat st;
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    s = accepted(json_pack("{s:s}", "cmd", "status")); /* the gateway goes on by itself meanwhile */
    verify_copy(dir, before, (uint64_t)number_of(s, "journal_entries"));
    json_decref(s);

    json_t *again =
        call(json_pack("{s:s, s:s}", "cmd", "journal.copy", "dir", dir)); /* nothing is overwritten */
    assert_true(json_is_false(json_object_get(again, "ok")));
    assert_true(text_of(again, "text")[0]);
    json_decref(again);
    refused(json_pack("{s:s, s:s}", "cmd", "journal.copy", "dir", "copy"), SLUIS_INVALID, "dir",
            "an absolute path is needed");
    refused(json_pack("{s:s}", "cmd", "journal.copy"), SLUIS_INVALID, "dir", "a string is needed here");
    refused(json_pack("{s:s, s:s}", "cmd", "journal.copy", "dir", "/nonexistent/a/b"), SLUIS_IO,
            "/nonexistent", "cannot make the folder: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_told),
        cmocka_unit_test(unknown_commands),
        cmocka_unit_test(parties_are_listed),
        cmocka_unit_test(refused_enrolments),
        cmocka_unit_test(refused_agreements),
        cmocka_unit_test(an_agreement_is_signed_by_both),
        cmocka_unit_test(an_agreement_is_succeeded_and_revoked),
        cmocka_unit_test(a_party_joins),
        cmocka_unit_test(who_joined_may_connect),
        cmocka_unit_test(traces_of_nothing),
        cmocka_unit_test(receipts_are_given),
        cmocka_unit_test(growth_is_proved),
        cmocka_unit_test(a_copy_verifies_without_the_gateway),
        cmocka_unit_test(nothing_is_dead),
        cmocka_unit_test(a_party_is_suspended),
        cmocka_unit_test(a_key_is_suspended_by_one),
        cmocka_unit_test(a_key_is_revoked_by_two),
        cmocka_unit_test(the_gateway_journals_its_own_entry),
    };
    return cmocka_run_group_tests_name("operator", tests, open_house, close_house);
}
