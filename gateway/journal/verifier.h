/* What the parts of the offline verifier share: journal_verify.c (the pass over the leaves), verify_records.c
 * (the one over the records, in threads of its own), verify_tree.c (tiles, root, origins), verify_rest.c
 * (what must not be there). Nobody else includes this. Thread: one. */
#ifndef SLUIS_JOURNAL_VERIFIER_H
#define SLUIS_JOURNAL_VERIFIER_H

#include "journal/journal_store.h"

/* Indexes, ascending. */
typedef struct {
    uint64_t *at;
    size_t n, cap;
} index_list;

typedef struct {
    store_txn *t;
    keyslots *slots;
    uint32_t today;
    checkpoint cp;
    edge *edge;
    store_cursor *leaves;
    buffer tile;
    arena *arena;
    const char *name;
    const pubkeys *log;
    uint64_t origin;          /* n of the origin that the entries seen last belong to; 1 at the start */
    uint8_t before[HASH_LEN]; /* the root up to the last restore */
    index_list gone;          /* entries without a readable record */
    index_list unnamed;       /* of these, before their day: a later R_FORGOTTEN must name them */
    index_list named;         /* what entries say was forgotten before them */
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

/* The pass over the records, beside the one over the tree. start may leave a pass to be finished even when it
 * fails. */
typedef struct verify_pass verify_pass;
sluis_err verify_records_start(verify_pass **out, verifier *v, store *s);
uint64_t verify_records_done(const verify_pass *p); /* about so many entries */
/* Waits for it. tree: how the other pass ended, at entry seen. The error of whatever entry is wrong first,
 * its fail in v->f; else v has what the records say. */
sluis_err verify_records_finish(verify_pass **p, uint64_t seen, sluis_err tree);

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
