/* One piece of work and everything it gathers on its way: it moves from thread to thread by channel, and
 * whoever holds it owns it whole.
 *
 *   bus message   bus -> verify -> core -> bus
 *   API question  bus -> verify (token) -> bus -> read (decides, assembles) -> core (journals) -> bus
 *                 (a token verified before: bus -> read at once)
 *   API request   ... read seals and signs it as an envelope -> bus (numbers it) -> verify -> core -> bus
 *   fetch         bus -> read -> bus          (what waits in the outbox for one party)
 *   done          bus -> core                 (with a reason: the party refused it)
 *   missed        bus -> core                 (sent, and neither done nor refused in time)
 *   waiting       core -> bus                 (rows of the outbox that came without a message)
 *   seals         bus -> verify               (each worker lets go of sealing keys that are gone)
 *   ready         verify, read -> bus, core -> control (it is at its channel; doors open when all are)
 *   receipt       bus -> read -> core (a read) -> bus, or control -> core -> control
 *   seen          bus -> read -> bus          (a checkpoint that a party shows in its hello)
 *   party         control -> core -> control, and a directory for the bus */
#ifndef SLUIS_FLOW_JOB_H
#define SLUIS_FLOW_JOB_H

#include "api.pb-c.h"
#include "directory/directory.h"
#include "policy/rules.h"
#include "rows.pb-c.h"
#include "session/channel.h"
#include "flow/claims.h"
#include "crypto/seal_ring.h"
#include "wire/envelope.h"

typedef enum {
    JOB_SUBMIT,
    JOB_API,
    JOB_FETCH,
    JOB_DONE,
    JOB_MISSED,
    JOB_WAITING,
    JOB_PARTY,
    JOB_DIRECTORY,
    JOB_READY,
    JOB_RECEIPT,
    JOB_SEEN,
    JOB_SEALS
} job_kind;
/* Where an API job stands: what the bus does with it when it comes by. */
typedef enum { STAGE_TOKEN, STAGE_READ, STAGE_ENVELOPE, STAGE_CORE, STAGE_REPLY } job_stage;

/* What an operator changes: the directory, or (forget) what is kept of a person; seals: the gateway itself;
 * renew: a party, its own sealing keys (raw is its frame); import: data of an existing file. */
typedef enum {
    CHANGE_ENROL,
    CHANGE_SUSPEND,
    CHANGE_RESUME,
    CHANGE_REVOKE,
    CHANGE_SUSPEND_KEY,
    CHANGE_RESUME_KEY,
    CHANGE_SEALS,
    CHANGE_AGREEMENT_FILE,
    CHANGE_AGREEMENT_ACCEPT,
    CHANGE_AGREEMENT_REVOKE,
    CHANGE_FORGET,
    CHANGE_RULES,
    CHANGE_RENEW,
    CHANGE_IMPORT,
    CHANGE_CLOCK
} party_change;

typedef struct {
    oin to;
    uint64_t seq;
} delivery;

/* One statement of a file that is brought in; strings in the job's arena. Times are UTC ms, 0: not said. */
typedef struct {
    const char *bsn, *attribute, *value;
    id16 instance;
    uint64_t obtained, valid_from, valid_until;
} import_line;

/* Some lines of it, in order. */
typedef struct {
    uint8_t file[HASH_LEN]; /* hash of all of it */
    uint8_t name[HASH_LEN]; /* filled in by core: what it is called here (rows_file_name) */
    oin source;             /* who says so */
    const char *basis;
    const char *law; /* that they are held for; NULL: the attribute's source, where that is one */
    bool check;      /* only looked at */
    uint64_t first;  /* number of the first line, from 1 on */
    import_line *lines;
    size_t count;       /* 0: only how far the file is */
    uint64_t taken;     /* filled in by core: lines of the file that are in */
    uint64_t counts[4]; /* ditto: lines by datum_outcome */
} import_batch;

/* A row of the outbox, fetched. */
typedef struct {
    uint64_t seq;
    bytes envelope, receipt; /* in the job's arena */
} fetched;

/* Somebody whose data stood on a page of a list. */
typedef struct {
    id16 sid, case_id;
    bool no_case; /* of no case, or of several */
} read_person;

/* What the read pool decided and core writes down with the answer. */
typedef struct {
    Sluis__Record *record; /* in the arena; NULL: nothing to journal */
    bool has_subject;
    id16 sid; /* whose dossier gets a copy */
    id16 case_id;
    bool no_case;          /* it is about none */
    uint64_t case_version; /* decided on; core refuses when the case moved on */
    read_person *persons;  /* of a list: each one's dossier gets a copy; in the arena */
    size_t person_count;
    bool fetch; /* a view in which something stands at its source: core fetches it */
} read_decision;

/* An API request on its way: what the register already answers, and what is asked of the party. */
typedef struct {
    id16 case_id;
    uint32_t member;
    id16 sid;
    uuid transaction;
    uint32_t known[ATTRIBUTES_MAX];
    size_t known_count;
    uint32_t asked[ATTRIBUTES_MAX];
    size_t asked_count;
    oin party;
    uint64_t answer_by; /* UTC ms, when the call names no time itself */
} api_request;

typedef struct job {
    struct job *next; /* submissions go on in chains, which are one item of a channel; else NULL */
    job_kind kind;
    job_stage stage;
    uint64_t order;    /* submissions: the bus's number, which core restores; 0 = no order */
    uint64_t received; /* UTC ms */
    size_t weight;     /* bytes counted against in_flight_bytes: job_weight */
    oin user;          /* the party of the session; for the API: the gateway itself */
    uint8_t route[64];
    size_t route_len;
    uint8_t *raw; /* owned: an envelope or a packed ApiCall */
    size_t raw_len;
    directory *dir;       /* reference: the directory it is judged by before core */
    seal_ring *seals;     /* reference: the registry's sealing keys; of a change: the next ones */
    rules *rules;         /* reference: the rules in force when it came in; of a change: the next ones */
    uint32_t retry_after; /* s; a call that was refused for its rate */
    sluis_fail why;       /* code != OK: refused, and why */
    arena *arena;         /* owned: ApiCall, decisions, fetched rows; NULL until needed */

    /* a submission */
    envelope *env;           /* decoded; owns the body below */
    ProtobufCMessage *body;  /* opened and decoded, when sealed to the registry; NULL otherwise */
    buffer evidence;         /* the receipt of it, of an earlier origin, which came with it; n 0: none */
    uint64_t evidence_index; /* what it says, checked: which entry of which origin */
    uint64_t evidence_origin;
    bool duplicate;
    delivery to[ENVELOPE_PARTIES];
    size_t to_count;
    buffer receipt; /* the packed Receipt of its journal entry */

    /* an API call */
    Sluis__ApiCall *call; /* in the arena */
    token_claims claims;
    read_decision read;
    api_request *request; /* in the arena; NULL unless it files a request */
    buffer reply;         /* the packed ApiReply */

    /* fetch, done, missed */
    uint64_t seq;   /* fetch: from here on; missed: sent up to here */
    uint64_t *seqs; /* done: these; in the arena */
    size_t seq_count;
    uint32_t limit;
    fetched *rows; /* in the arena */
    size_t row_count;
    bool more;

    /* a receipt: seq is the index, receipt the answer, read.record what core writes down */
    bool proof; /* without salt and record: nothing is revealed, and nothing written */

    /* a change of the directory */
    party_change change;
    Sluis__PartyEntry *entry; /* enrol; in the arena */
    bool replace;
    Sluis__AgreementFact *agreement; /* agreement file; in the arena */
    oin party;                       /* the others: whom; revoke, agreements: filled in by core */
    keyid key;                       /* revoke: which key; agreements: which (file: filled in by core) */
    import_batch *import;            /* in the arena */
    const char *outcome;     /* revoke: "proposed" or "revoked"; rules: "changed" or "unchanged"; static */
    const char *by, *reason; /* who asks, and why: a pseudonym and a code, in the arena */
    char person[NAME_MAX_LEN + 1]; /* forget: whom, a BSN or the municipality's own name; wiped */

    buffer snapshot;        /* directory: SignedSnapshot for welcomes */
    const char *log_origin; /* directory: the journal's origin, in the arena */
    uint64_t log_from;      /* and the entry that opened it */
} job;

/* What a job with n bytes of its own holds at most: itself, the bytes, and what they are when decoded. */
size_t job_weight(size_t n);
/* NULL when memory is out. raw is copied. */
job *job_new(job_kind kind, bytes raw);
void job_free(job **j);
/* A worker tells the bus that it is at its channel. */
sluis_err job_say_ready(channel *bus);
/* The entry that says that the receipt of entry j->seq was read, about which the record of is; from and
 * employee are the caller's. In the job's arena; NULL when memory is out. */
Sluis__Record *job_receipt_record(job *j, const Sluis__Record *of);
/* The job's arena, made at first use; NULL when memory is out. */
arena *job_arena(job *j);

#endif
