#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const config_key top_keys[] = {
    {"name", CONFIG_STR, true, 1, 100, "", NULL, "the gateway's name; journal origin and checkpoint signer"},
    {"oin", CONFIG_STR, true, 20, 20, "", NULL, "the municipality's OIN; the registry answers to it"},
    {"mode", CONFIG_STR, true, 0, 0, "", NULL, "\"test\" or \"production\": which identifiers are refused"},
    {"data", CONFIG_STR, true, 1, 400, "", NULL, "folder of the store and the key file"},
    {"keys", CONFIG_STR, true, 1, 400, "", NULL,
     "folder of the gateway's keys (sluisctl key new --for gateway)"},
    {"passphrase_file", CONFIG_STR, false, 1, 400, "", NULL,
     "the keys' passphrase: a file, \"credential:NAME\" (systemd), \"fd:N\" or \"tty\""},
    {"rules", CONFIG_STR, true, 1, 400, "", NULL, "folder of the rules"},
    {"control", CONFIG_STR, true, 1, 100, "", NULL, "path of the control socket"},
    {"control_group", CONFIG_STR, false, 1, 32, "", NULL,
     "group of this machine that may connect to the control socket: the operators' accounts"},
    {"operators", CONFIG_LIST, false, 2, OPERATORS_MAX, "", NULL,
     "who operates: ( { name = \"...\"; account = \"...\"; }, ... ); in production they must be named"},
    {"log_level", CONFIG_STR, false, 0, 0, "", "info", "\"debug\", \"info\", \"warn\" or \"error\""},
    {"bus", CONFIG_GROUP, true, 0, 0, "", NULL, "the bus (CURVE)"},
    {"api", CONFIG_GROUP, true, 0, 0, "", NULL, "where sluis-http connects"},
    {"tokens", CONFIG_GROUP, true, 0, 0, "", NULL, "bearer tokens"},
    {"limits", CONFIG_GROUP, false, 0, 0, "", NULL, "bounds"},
    {"journal", CONFIG_GROUP, false, 0, 0, "", NULL, "who reads and who witnesses the journal over HTTP"},
};
static const config_key bus_keys[] = {
    {"endpoint", CONFIG_STR, true, 1, 200, "", NULL, "ZeroMQ endpoint, such as tcp://0.0.0.0:5570"},
};
static const config_key api_keys[] = {
    {"endpoint", CONFIG_STR, true, 1, 100, "", NULL, "ZeroMQ ipc endpoint, in a folder of mode 0700"},
};
static const config_key token_keys[] = {
    {"jwks", CONFIG_STR, true, 1, 400, "", NULL, "file with the identity provider's public keys (JWKS)"},
    {"issuer", CONFIG_STR, true, 1, 200, "", NULL, "the only issuer accepted"},
    {"lifetime_s", CONFIG_INT, false, 60, 86400, "s", "43200", "a token that lives longer is refused"},
};
static const config_key limit_keys[] = {
    {"max_frame", CONFIG_INT, false, 4096, 1 << 20, "bytes", "262144", "one bus frame"},
    {"in_flight", CONFIG_INT, false, 16, 65536, "messages", "4096", "between bus and core at once"},
    {"in_flight_bytes", CONFIG_INT, false, 1 << 24, INT64_C(1) << 32, "bytes", "536870912",
     "ditto, in memory: decoded a message takes 9 times its bytes and 50 KiB at most"},
    {"session_credit", CONFIG_INT, false, 1, 65536, "messages", "1024", "submissions outstanding a session"},
    {"batch_max", CONFIG_INT, false, 1, 4096, "messages", "256", "messages in one commit"},
    {"verify_threads", CONFIG_INT, false, 1, 64, "threads", "2", "signature checks at once"},
    {"read_threads", CONFIG_INT, false, 1, 64, "threads", "1", "views assembled at once"},
    {"map_bytes", CONFIG_INT, false, 1 << 20, INT64_C(1) << 44, "bytes", "1099511627776",
     "address space of the store"},
    {"quota_bytes", CONFIG_INT, false, 1 << 20, INT64_C(1) << 44, "bytes", "68719476736",
     "intake stops beyond it"},
    {"key_slots", CONFIG_INT, false, 64, INT64_C(1) << 32, "slots", "65536",
     "subjects and day keys, 128 bytes each"},
    {"redeliver_ms", CONFIG_INT, false, 100, 86400000, "ms", "30000", "an unanswered delivery is sent again"},
    {"attempts_max", CONFIG_INT, false, 1, 100000, "attempts", "100",
     "then a delivery goes back to its sender"},
    {"max_sessions", CONFIG_INT, false, 1, 100000, "sessions", "2048", "parties connected at once"},
    {"request_days", CONFIG_INT, false, 1, 30, "days", "28",
     "longest life of a request filed through the API"},
    {"answer_working_days", CONFIG_INT, false, 1, 60, "working days", "10",
     "to answer a request, where no template says otherwise"},
    {"remind_working_days", CONFIG_INT, false, 0, 60, "working days", "2", "before that, the reminder"},
    {"signal_on", CONFIG_INT, false, 1, 100, "percent", "50",
     "refused, late or failed of a party's requests: then a signal, where no level was agreed"},
    {"signal_off", CONFIG_INT, false, 0, 99, "percent", "25", "below it the signal ends"},
    {"signal_min", CONFIG_INT, false, 1, 10000, "requests", "10", "no signal before a party had so many"},
    {"party_renew_s", CONFIG_INT, false, 1, 31536000, "s", "3600",
     "a party renews its sealing key at most this often"},
    {"refusals_per_minute", CONFIG_INT, false, 1, 1000000, "messages", "600",
     "refused messages and reads of records of one party; it is heard again after the minute"},
    {"seal_renew_s", CONFIG_INT, false, 1, 31536000, "s", "86400",
     "the registry's sealing key is renewed after"},
    {"seal_keep_s", CONFIG_INT, false, 1, 31536000, "s", "2678400",
     "a replaced sealing key is destroyed after: a day, and the longest life of a message"},
    {"key_overlap_s", CONFIG_INT, false, 1, 31536000, "s", "3024000",
     "a signing key of the gateway that was replaced stays valid for: longer than a message lives"},
    {"calls_per_minute", CONFIG_INT, false, 1, 10000000, "calls", "6000",
     "calls of one application through the API; beyond: 429"},
    {"bad_tokens_per_minute", CONFIG_INT, false, 1, 10000000, "calls", "6000",
     "calls refused for their token, of all callers; beyond: 429 for a token not known to be good"},
    {"concerns_per_day", CONFIG_INT, false, 1, 1000000, "reports", "50",
     "reports of concern that one party on the bus may bring in a day"},
    {"clock_jump_days", CONFIG_INT, false, 1, 3650, "days", "7",
     "nothing is deleted while the clock is further ahead of the time seen last, until a person confirms it"},
    {"glass_minutes", CONFIG_INT, false, 1, 1440, "minutes", "60",
     "longest look in acute danger (noodinzage)"},
    {"glass_review_days", CONFIG_INT, false, 1, 31, "days", "7",
     "such a look without review is then signalled"},
    {"view_fetches", CONFIG_INT, false, 1, 64, "requests", "8",
     "that one reading of a view puts to sources for data that stay there; the next reading goes on"},
    {"instances", CONFIG_INT, false, 1, 65536, "instances", "1000", "of one datum of one person"},
    {"person_cases", CONFIG_INT, false, 1, 65536, "cases", "250", "that one person is a member of"},
    {"merge_rows", CONFIG_INT, false, 64, 65536, "rows", "8192",
     "current data, cases and reports of a person without BSN that go over in one transaction once it is "
     "known"},
    {"handover_s", CONFIG_INT, false, 1, 604800, "s", "604800",
     "another municipality may accept a case that is offered to it; as long again, its reply may travel"},
};

static const config_key journal_keys[] = {
    {"readers", CONFIG_STR, false, 1, 400, "", NULL,
     "file of readers' tokens (sluisctl journal reader); without it nobody is served"},
    {"witnesses", CONFIG_STR, false, 1, 400, "", NULL,
     "file of witnesses' verifier keys (witness.vkey), one a line; without it no cosignature is taken"},
};

const settings_group settings_groups[SETTINGS_GROUPS] = {
    {"", top_keys, COUNT(top_keys)},           {"bus", bus_keys, COUNT(bus_keys)},
    {"api", api_keys, COUNT(api_keys)},        {"tokens", token_keys, COUNT(token_keys)},
    {"limits", limit_keys, COUNT(limit_keys)}, {"journal", journal_keys, COUNT(journal_keys)},
};

/* An owned copy of a string setting; NULL when it is not set, or memory is out. */
static char *text(const config_node *const *group, size_t i, const char *key)
{
    const char *s = config_str(group[i], settings_groups[i].keys, settings_groups[i].count, key);
    return s ? strdup(s) : NULL;
}

static int level_of(const char *s)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(s, names[i]) == 0)
            return i;
    return -1;
}

static sluis_err load_checked(settings *s, const config_node *root, sluis_fail *f)
{
    const char *o = config_str(root, top_keys, COUNT(top_keys), "oin");
    if (oin_parse(&s->oin, o, strlen(o)))
        return config_fail(config_get(root, "oin"), f, "oin: 20 characters, prefix 8, number, suffix");
    const char *mode = config_str(root, top_keys, COUNT(top_keys), "mode");
    if (strcmp(mode, "test") != 0 && strcmp(mode, "production") != 0)
        return config_fail(config_get(root, "mode"), f, "mode: write \"test\" or \"production\"");
    s->test_mode = strcmp(mode, "test") == 0;
    if (oin_is_test(&s->oin) != s->test_mode)
        return config_fail(config_get(root, "oin"), f,
                           "oin: prefix 00000099 belongs to mode \"test\", and to it alone");
    s->log_level = level_of(config_str(root, top_keys, COUNT(top_keys), "log_level"));
    if (s->log_level < 0)
        return config_fail(config_get(root, "log_level"), f, "log_level: write debug, info, warn or error");
    return SLUIS_OK;
}

/* Whose word the control socket takes. */
static sluis_err load_operators(settings *s, const config_node *root, sluis_fail *f)
{
    sluis_err e = operators_group(&s->control_group, config_get(root, "control_group"),
                                  config_str(root, top_keys, COUNT(top_keys), "control_group"), f);
    if (!e)
        e = operators_load(&s->operators, config_get(root, "operators"), f);
    if (!e && !s->test_mode && !s->operators.count)
        e = config_fail(
            config_get(root, "mode"), f,
            "mode: in production the operators must be named, two at least, each with an account: "
            "add operators = ( { name = \"...\"; account = \"...\"; }, ... )");
    return e;
}

static void load_limits(settings *s, const config_node *g)
{
#define LIMIT(field, type) s->field = (type)config_int(g, limit_keys, COUNT(limit_keys), #field)
    LIMIT(max_frame, uint32_t);
    LIMIT(in_flight, uint32_t);
    LIMIT(in_flight_bytes, uint64_t);
    LIMIT(session_credit, uint32_t);
    LIMIT(batch_max, uint32_t);
    LIMIT(verify_threads, uint32_t);
    LIMIT(read_threads, uint32_t);
    LIMIT(map_bytes, uint64_t);
    LIMIT(quota_bytes, uint64_t);
    LIMIT(key_slots, uint64_t);
    LIMIT(redeliver_ms, uint32_t);
    LIMIT(attempts_max, uint32_t);
    LIMIT(max_sessions, uint32_t);
    LIMIT(request_days, uint32_t);
    LIMIT(answer_working_days, uint32_t);
    LIMIT(remind_working_days, uint32_t);
    LIMIT(signal_on, uint32_t);
    LIMIT(signal_off, uint32_t);
    LIMIT(signal_min, uint32_t);
    LIMIT(refusals_per_minute, uint32_t);
    LIMIT(seal_renew_s, uint32_t);
    LIMIT(seal_keep_s, uint32_t);
    LIMIT(key_overlap_s, uint32_t);
    LIMIT(calls_per_minute, uint32_t);
    LIMIT(bad_tokens_per_minute, uint32_t);
    LIMIT(concerns_per_day, uint32_t);
    LIMIT(party_renew_s, uint32_t);
    LIMIT(clock_jump_days, uint32_t);
    LIMIT(glass_minutes, uint32_t);
    LIMIT(glass_review_days, uint32_t);
    LIMIT(view_fetches, uint32_t);
    LIMIT(instances, uint32_t);
    LIMIT(person_cases, uint32_t);
    LIMIT(merge_rows, uint32_t);
    LIMIT(handover_s, uint32_t);
#undef LIMIT
}

static sluis_err load_strings(settings *s, const config_node *const *group, const char *path, sluis_fail *f)
{
    s->name = text(group, 0, "name");
    s->data = text(group, 0, "data");
    s->keys = text(group, 0, "keys");
    s->rules = text(group, 0, "rules");
    s->passphrase_file = text(group, 0, "passphrase_file");
    s->control = text(group, 0, "control");
    s->bus_endpoint = text(group, 1, "endpoint");
    s->api_endpoint = text(group, 2, "endpoint");
    s->jwks = text(group, 3, "jwks");
    s->issuer = text(group, 3, "issuer");
    s->log_readers = text(group, 5, "readers");
    s->log_witnesses = text(group, 5, "witnesses");
    if (!s->name || !s->data || !s->keys || !s->rules || !s->control || !s->bus_endpoint ||
        !s->api_endpoint || !s->jwks || !s->issuer)
        return fail_set(f, SLUIS_NOMEM, path, "out of memory");
    return SLUIS_OK;
}

sluis_err settings_load(settings *out, const char *path, sluis_fail *f)
{
    memset(out, 0, sizeof(*out));
    config *c = NULL;
    sluis_err e = config_read_file(&c, path, f);
    if (e)
        return e;
    const config_node *root = config_root(c);
    const config_node *group[SETTINGS_GROUPS] = {root};
    for (size_t i = 0; !e && i < SETTINGS_GROUPS; i++) {
        if (i > 0)
            group[i] = config_get(root, settings_groups[i].group);
        if (group[i]) /* "limits" and "journal" may be absent: then every default holds */
            e = config_check(group[i], settings_groups[i].keys, settings_groups[i].count, f);
    }
    if (!e)
        e = load_checked(out, root, f);
    if (!e)
        e = load_operators(out, root, f);
    if (!e)
        e = load_strings(out, group, path, f);
    if (!e) {
        out->token_lifetime_s = (uint32_t)config_int(group[3], token_keys, COUNT(token_keys), "lifetime_s");
        load_limits(out, group[4]);
    }
    config_free(&c);
    if (e)
        settings_close(out);
    return e;
}

void settings_close(settings *s)
{
    char **all[] = {&s->name,  &s->passphrase_file, &s->data,         &s->keys,
                    &s->rules, &s->control,         &s->bus_endpoint, &s->api_endpoint,
                    &s->jwks,  &s->issuer,          &s->log_readers,  &s->log_witnesses};
    for (size_t i = 0; i < COUNT(all); i++) {
        free(*all[i]);
        *all[i] = NULL;
    }
    operators_close(&s->operators);
}
