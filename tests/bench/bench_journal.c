/* A journal of any size, made by our own journal in large batches, and what is measured on it:
 *
 *   bench_journal make FOLDER COUNT     a new journal of so many entries
 *   bench_journal append FOLDER         adds batches of 256 as core does, synced: us an entry (median)
 *   bench_journal prove FOLDER          receipts of random entries, checked against the root: us each
 * (median) bench_journal verify FOLDER         the offline verifier over tree, records and indexes: entries a
 * second
 *
 * Each prints one JSON object. Two entries share a transaction, as a request and its answer do; their terms
 * run over 180 days, as those of half a year's traffic data do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "journal/journal.h"

#define NAME         "groot.voorbeeld.test"
#define CLASS        1
#define DAYS         180
#define MAKE_BATCH   8192
#define APPEND_BATCH 256
#define APPENDS      41
#define PROOFS       2048
#define CHUNK        64    /* proofs between two looks at the clock */
#define HEADS        65536 /* slots of the key file */

typedef struct {
    store *store;
    keyslots *slots;
    keypair log;
    journal *journal;
    uint64_t planned;
} house;

static _Noreturn void die(const char *what, sluis_err e, const sluis_fail *f)
{
    fprintf(stderr, "bench_journal: %s: %s%s%s %s\n", what, error_token(e), f ? " at " : "",
            f ? f->where : "", f ? f->text : "");
    exit(1);
}

static void need(const char *what, sluis_err e)
{
    if (e)
        die(what, e, NULL);
}

static void house_open(house *h, const char *folder, bool write)
{
    char path[512];
    uint8_t km[32], seed[32];
    sluis_fail f = {0};
    memset(km, 7, sizeof(km));
    memset(seed, 9, sizeof(seed)); /* the same in every command; these are nobody's keys */
    snprintf(path, sizeof(path), "%s/store", folder);
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = UINT64_C(1) << 40,
                       .quota_bytes = UINT64_C(1) << 39,
                       .max_readers = 16,
                       .read_only = !write};
    sluis_err e = store_open_lmdb(&h->store, &o, &f);
    if (e)
        die(path, e, &f);
    snprintf(path, sizeof(path), "%s/slots", folder);
    e = write ? keyslots_open(&h->slots, path, HEADS, km, &f)
              : keyslots_open_readonly(&h->slots, path, km, &f);
    if (e)
        die(path, e, &f);
    need("key", keypair_from_seed(&h->log, USE_LOG, seed, 1));
    if (write && (e = journal_open(&h->journal, h->store, h->slots, &(log_keys){.log = &h->log}, NAME, &f)))
        die("journal", e, &f);
}

static void house_close(house *h)
{
    journal_close(&h->journal);
    keyslots_close(&h->slots);
    store_close(&h->store);
    keypair_close(&h->log);
}

/* The entry with this number, as core writes one for a request of ten attributes. */
static void add(house *h, store_txn *t, uint64_t i)
{
    static const char *const names[2] = {"00000099000000009000", "00000099000000004000"};
    static const uint32_t attributes[] = {4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4010};
    static char *rules[] = {(char *)(uintptr_t) "onderzoek-gezondheid",
                            (char *)(uintptr_t) "onderzoek-gewoon"};
    uint8_t hash[3][HASH_LEN], ids[2][ID_LEN];
    journal_entry e;
    Sluis__Record r = SLUIS__RECORD__INIT;
    uint64_t when = UINT64_C(1780000000000) + i / 2;
    uint8_t tx[UUID_LEN];
    random_bytes(hash, sizeof(hash));
    random_bytes(ids, sizeof(ids));
    put_u64(tx, when << 16); /* UUIDv7: the time first; the rest tells the pairs of one millisecond apart */
    put_u64(tx + 8, i / 2 * UINT64_C(0x9e3779b97f4a7c15));
    r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    r.when = when;
    r.transaction = (ProtobufCBinaryData){UUID_LEN, tx};
    r.message_hash = (ProtobufCBinaryData){HASH_LEN, hash[0]};
    r.kind = i % 2 ? SLUIS__KIND__RESPONSE : SLUIS__KIND__REQUEST;
    r.from = (char *)(uintptr_t)names[i % 2];
    r.to = (char *)(uintptr_t)names[1 - i % 2];
    r.application = (char *)(uintptr_t) "wmo-intake";
    r.function = (char *)(uintptr_t) "consulent";
    r.employee = (char *)(uintptr_t) "mw-1";
    r.origin = SLUIS__ORIGIN__BUS;
    r.case_id = (ProtobufCBinaryData){ID_LEN, ids[0]};
    r.phase = SLUIS__PHASE__RESEARCH;
    r.legal_basis = (char *)(uintptr_t) "wams-5.4.1";
    r.purpose = (char *)(uintptr_t) "onderzoek-meervoudige-problematiek";
    r.attributes = (uint32_t *)(uintptr_t)attributes;
    r.n_attributes = 10;
    r.decision = (char *)(uintptr_t) "permit";
    r.rules = rules;
    r.n_rules = i % 2 ? 0 : 2;
    r.rules_hash = (ProtobufCBinaryData){HASH_LEN, hash[1]};
    r.directory_version = 40;
    r.subject = (ProtobufCBinaryData){ID_LEN, ids[1]};
    uint32_t day =
        clock_day(clock_ms()) + 1 + (uint32_t)(h->planned ? i * DAYS / h->planned : DAYS - 1) % DAYS;
    need("append", journal_append(h->journal, t, &r, CLASS, day, &e));
}

static void batch(house *h, uint64_t from, unsigned n)
{
    store_txn *t = NULL;
    need("begin", store_begin_write(h->store, &t, false));
    for (unsigned i = 0; i < n; i++)
        add(h, t, from + i);
    need("seal", journal_seal(h->journal, t));
    need("sync", keyslots_sync(h->slots));
    need("commit", store_commit(&t));
    journal_committed(h->journal);
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
    return v[n / 2];
}

static double since_us(uint64_t start)
{
    return (double)(clock_mono_us() - start);
}

static int make(const char *folder, uint64_t count)
{
    house h = {.planned = count};
    uint64_t start = clock_mono_us();
    store_health health;
    if (mkdir(folder, 0700))
        die(folder, SLUIS_EXISTS, NULL);
    house_open(&h, folder, true);
    while (journal_size(h.journal) < count) {
        uint64_t left = count - journal_size(h.journal);
        batch(&h, journal_size(h.journal), left < MAKE_BATCH ? (unsigned)left : MAKE_BATCH);
    }
    need("health", store_health_get(h.store, &health));
    printf("{\"entries\": %llu, \"seconds\": %.1f, \"bytes_per_entry\": %.1f}\n",
           (unsigned long long)journal_size(h.journal), since_us(start) / 1e6,
           (double)health.used_bytes / (double)journal_size(h.journal));
    house_close(&h);
    return 0;
}

static int append(const char *folder)
{
    house h = {0};
    double took[APPENDS];
    house_open(&h, folder, true);
    for (size_t i = 0; i < APPENDS; i++) {
        uint64_t start = clock_mono_us();
        batch(&h, journal_size(h.journal), APPEND_BATCH);
        took[i] = since_us(start) / APPEND_BATCH;
    }
    printf("{\"append_us\": %.3f}\n", median(took, APPENDS));
    house_close(&h);
    return 0;
}

/* The same entries twice: the first time their pages may have to be found, the second time they are in
 * memory. */
static int prove(const char *folder)
{
    house h = {0};
    double took[2][PROOFS / CHUNK];
    static uint64_t pick[PROOFS];
    upper_nodes *upper = upper_nodes_new(); /* as a thread of the read pool has it */
    store_txn *t = NULL;
    buffer out;
    house_open(&h, folder, true);
    random_bytes(pick, sizeof(pick));
    buffer_init(&out, 1 << 20);
    if (!upper)
        die("nodes", SLUIS_NOMEM, NULL);
    need("snapshot", store_begin_read(h.store, &t));
    for (size_t i = 0; i < 2 * PROOFS; i += CHUNK) {
        uint64_t start = clock_mono_us();
        for (size_t k = 0; k < CHUNK; k++) {
            buffer_clear(&out);
            need("receipt", journal_receipt_at(t, h.slots, upper,
                                               pick[(i + k) % PROOFS] % journal_size(h.journal), &out));
        }
        took[i / PROOFS][i % PROOFS / CHUNK] = since_us(start) / CHUNK;
    }
    store_abort(&t);
    upper_nodes_free(&upper);
    buffer_close(&out);
    printf("{\"prove_first_us\": %.3f, \"prove_us\": %.3f}\n", median(took[0], PROOFS / CHUNK),
           median(took[1], PROOFS / CHUNK));
    house_close(&h);
    return 0;
}

static int verify(const char *folder)
{
    house h = {0};
    journal_report r;
    sluis_fail f = {0};
    house_open(&h, folder, false);
    uint64_t start = clock_mono_us();
    sluis_err e = journal_verify(h.store, h.slots, NAME, (pubkeys[]){pubkeys_of(h.log.pk)},
                                 clock_day(clock_ms()), NULL, NULL, &r, &f);
    double seconds = since_us(start) / 1e6;
    if (e || r.records != r.entries)
        die("verify", e, &f);
    printf("{\"entries\": %llu, \"seconds\": %.2f, \"entries_per_s\": %.0f}\n", (unsigned long long)r.entries,
           seconds, (double)r.entries / seconds);
    house_close(&h);
    return 0;
}

int main(int argc, char **argv)
{
    need("crypto", crypto_start());
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], strtoull(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "append") == 0)
        return append(argv[2]);
    if (argc == 3 && strcmp(argv[1], "prove") == 0)
        return prove(argv[2]);
    if (argc == 3 && strcmp(argv[1], "verify") == 0)
        return verify(argv[2]);
    fprintf(stderr,
            "usage: bench_journal make FOLDER COUNT | append FOLDER | prove FOLDER | verify FOLDER\n");
    return 2;
}
