/* Pages of a dossier, for whoever assembles an answer with one. Internal to read/. */
#ifndef SLUIS_READ_DOSSIER_H
#define SLUIS_READ_DOSSIER_H

#include "cases/restriction.h"
#include "read/list_walk.h"

#define DOSSIER_PAGE_MAX   500 /* entries; a page ends before that at DOSSIER_PAGE_BYTES */
#define DOSSIER_PAGE_BYTES (1u << 20)

typedef struct {
    bytes case_id;
    const Sluis__CaseRow *row; /* of it, for what goes on in it: filled in by dossier_may_read */
    uint32_t member;
    uint32_t viewer; /* the member who looks; 0: a professional */
    uint32_t limit;  /* 0: as many as one page holds */
} dossier_question;

/* Data of which a member of the household may not know that they are there, ascending: a name can tell as
 * much as what it stands for. */
typedef struct {
    const uint32_t *ids;
    size_t n;
} hidden_data;

/* Whether this token may look, as that member: the case and the member's subject, which the caller closes. A
 * dossier that may not be seen does not exist. */
sluis_err dossier_may_read(reader *r, store_txn *t, job *j, dossier_question *q, Sluis__CaseRow **row,
                           subject *s);
/* The entries that w goes over, in the journal's order; an answer stands on the page of its request. Of what
 * changed: those made since, or whose request was saved since. out->next: behind which entry the following
 * page begins, 0: there is none. CONFLICT: list_walk_end. Everything lies in the job's arena. */
sluis_err dossier_page(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                       list_walk *w, Sluis__ApiDossier *out);
/* One entry as this viewer may read it; results: those of the answer, where the entry is one. Of what is
 * restricted a member of the case reads that it is, by which function and until when; nothing else is filled
 * in. */
sluis_err dossier_entry(reader *r, job *j, const dossier_question *q, const restrictions *held,
                        const hidden_data *hidden, const Sluis__DossierRow *row,
                        Sluis__ResultRow *const *results, size_t result_count, Sluis__ApiDossierEntry *out);
/* What the directory calls the party with this OIN; "": it does not know it. Borrowed from the snapshot. */
char *dossier_party_name(job *j, const char *oin);
/* The entry that says that this dossier was read, with the answer that core lets out after it. */
sluis_err dossier_journal(job *j, const dossier_question *q, const Sluis__CaseRow *row, const subject *s);

/* What this person asked about the own data; to another member of the case, what was asked in this one. */
sluis_err rights_of_person(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                           Sluis__ApiRightsList *list);

#endif
