/* What the parts of the offline verifier share: journal_verify.c (the pass and its records), verify_tree.c
 * (tiles, root, origins), verify_rest.c (what must not be there). Nobody else includes this. Thread: one. */
#ifndef SLUIS_JOURNAL_VERIFIER_H
#define SLUIS_JOURNAL_VERIFIER_H

#include "journal/journal_store.h"

/* Indexes, ascending. */
typedef struct {
    uint64_t *at;
    size_t n, cap;
} index_list;

/* The last day key used: entries come in order of time, so most days are next to each other. */
typedef struct {
    bool known;
    uint8_t klass;
    uint32_t day;
    sluis_err err; /* of looking it up */
    slot_key slot;
} cached_day;

#define VERIFIER_DAYS 16

typedef struct {
    store_txn *t;
    keyslots *slots;
    uint32_t today;
    checkpoint cp;
    edge *edge;
    store_cursor *leaves, *records;
    bytes record_key, record_value; /* the record the cursor stands on; key.n = 0: none left */
    buffer plain, tile;
    arena *arena;
    cached_day *days; /* VERIFIER_DAYS */
    const char *name;
    const uint8_t *log_pk;
    uint64_t origin;          /* n of the origin that the entries seen last belong to; 1 at the start */
    uint8_t before[HASH_LEN]; /* the root up to the last restore */
    index_list gone;          /* entries without a readable record */
    index_list unnamed;       /* of these, before their day: a later R_FORGOTTEN must name them */
    uint64_t tx_rows;         /* of entries whose record was read */
    journal_report *out;
    sluis_fail *f;
} verifier;

/* f->where becomes "<what> <index>", "entry <index>", "tile <level>/<tile>". */
sluis_err verifier_bad(verifier *v, sluis_err err, const char *what, uint64_t index, const char *text);
sluis_err verifier_bad_entry(verifier *v, uint64_t index, const char *text);
sluis_err verifier_bad_tile(verifier *v, unsigned level, uint64_t tile, const char *text);

sluis_err index_list_add(index_list *l, uint64_t index);
size_t index_list_find(const index_list *l, uint64_t index); /* where it stands, or n */

/* The tiles that the entry just appended has changed: touched levels of them. */
sluis_err verify_tiles(verifier *v, uint64_t index, unsigned touched);
/* A leaf of class KLASS_JOURNAL, before it is appended: it opens the log's next origin. */
sluis_err verify_next_origin(verifier *v, uint64_t index);
/* Its record, when records are checked. */
sluis_err verify_origin_record(verifier *v, uint64_t index, const Sluis__Record *r);
/* All entries were seen: the checkpoint's origin is the last one opened. */
sluis_err verify_origin(verifier *v);
sluis_err verify_root(verifier *v);
sluis_err verify_rest(verifier *v);

#endif
