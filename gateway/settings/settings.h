/* sluisd's configuration file: one schema table, which `sluisctl config` prints. Thread: read-only after
 * load. */
#ifndef SLUIS_SETTINGS_SETTINGS_H
#define SLUIS_SETTINGS_SETTINGS_H

#include "base/config.h"
#include "base/ids.h"
#include "settings/operators.h"

typedef struct {
    char *name;     /* the gateway's name: journal origin and note signer */
    oin oin;        /* the municipality, and so the registry */
    bool test_mode; /* test identifiers only; production refuses them (and the other way round) */
    char *data, *keys, *rules, *control;
    gid_t control_group;   /* may connect to the control socket; (gid_t)-1: nobody but its owner */
    operators operators;   /* none, in test mode alone: every name of --by is taken as it is given */
    char *passphrase_file; /* of the keys; NULL: they have none */
    char *bus_endpoint, *api_endpoint;
    char *jwks, *issuer;
    char *log_readers, *log_witnesses; /* files; NULL: nobody */
    uint32_t token_lifetime_s;         /* the longest that a bearer token may live */
    uint32_t max_frame;                /* bytes of one bus frame */
    uint32_t in_flight;                /* messages between bus and core at once */
    uint64_t in_flight_bytes;          /* ditto, in bytes of memory (job_weight) */
    uint32_t session_credit;           /* submissions outstanding a session */
    uint32_t batch_max;                /* messages in one commit */
    uint32_t verify_threads, read_threads;
    uint64_t map_bytes, quota_bytes, key_slots;
    uint32_t redeliver_ms; /* an unanswered delivery is sent again after this */
    uint32_t attempts_max; /* failed attempts after which a delivery goes back to its sender */
    uint32_t max_sessions;
    uint32_t answer_working_days, remind_working_days; /* where no template says otherwise */
    uint32_t signal_on, signal_off, signal_min;        /* percent, percent, requests: cooperation.h */
    uint32_t request_days;                             /* longest life of a request filed through the API */
    uint32_t refusals_per_minute;   /* journalled refusals and reads of one party; beyond them it waits */
    uint32_t seal_renew_s;          /* the registry's sealing key is renewed after this, */
    uint32_t seal_keep_s;           /* and the one it replaced destroyed after this */
    uint32_t calls_per_minute;      /* of one application */
    uint32_t bad_tokens_per_minute; /* of all callers; beyond: only tokens that were good before */
    uint32_t concerns_per_day;      /* reports of concern of one party on the bus */
    uint32_t key_overlap_s;         /* a signing key that was replaced stays valid for this */
    uint32_t clock_jump_days; /* further ahead of the time seen last it is not believed: clock_guard.h */
    uint32_t glass_minutes,
        glass_review_days;  /* a look in acute danger: longest, and when its review is due */
    uint32_t view_fetches;  /* requests to sources that one reading of a view files: core/fetch.h */
    uint32_t instances;     /* of one datum of one person */
    uint32_t person_cases;  /* that one person is a member of */
    uint32_t merge_rows;    /* of who was known as two, moved in one transaction: core/merge.h */
    uint32_t handover_s;    /* a case that is offered to another municipality may be accepted */
    uint32_t party_renew_s; /* a party may renew its sealing key this often */
    int log_level;
} settings;

/* The whole table, group by group, for the reader, the manual and `sluisctl config`. */
typedef struct {
    const char *group; /* "" = top level */
    const config_key *keys;
    size_t count;
} settings_group;
#define SETTINGS_GROUPS 6
extern const settings_group settings_groups[SETTINGS_GROUPS];

sluis_err settings_load(settings *out, const char *path, sluis_fail *f);
void settings_close(settings *s);

#endif
