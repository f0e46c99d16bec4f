/* What a worker of the read pool has at hand, and the answers it can assemble. Internal to read/. */
#ifndef SLUIS_READ_READER_H
#define SLUIS_READ_READER_H

#include "cases/datum_use.h"
#include "cases/cases.h"
#include "crypto/epoch.h"
#include "flow/job.h"
#include "flow/parts.h"
#include "journal/upper_nodes.h"
#include "journal/witnesses.h"

typedef struct {
    const parts *p;
    const rules *rules; /* in force when the call being answered came in: its job's */
    epoch *epoch;
    witnesses *witnesses;
    upper_nodes *upper; /* of the journal's tree, for receipts */
    channel *in, *core, *bus;
} reader;

/* Each assembles the answer of one operation into j->reply, or decides what core must write first (j->read,
 * j->request). Refusals go to j->why. The snapshot t is the caller's. */
sluis_err read_case(reader *r, store_txn *t, job *j);
sluis_err read_request(reader *r, store_txn *t, job *j);
sluis_err read_requests(reader *r, store_txn *t, job *j);
sluis_err read_view(reader *r, store_txn *t, job *j);
sluis_err read_discrepancies(reader *r, store_txn *t, job *j);
sluis_err read_dossier(reader *r, store_txn *t, job *j);
sluis_err read_export(reader *r, store_txn *t, job *j);
sluis_err read_health(reader *r, store_txn *t, job *j);
sluis_err read_metrics(reader *r, store_txn *t, job *j);
sluis_err read_file_request(reader *r, store_txn *t, job *j);
sluis_err read_concern(reader *r, store_txn *t, job *j);
sluis_err read_concerns(reader *r, store_txn *t, job *j);
sluis_err read_rights(reader *r, store_txn *t, job *j);
sluis_err read_rights_list(reader *r, store_txn *t, job *j);
sluis_err read_offer(reader *r, store_txn *t, job *j);
sluis_err read_offers(reader *r, store_txn *t, job *j);
sluis_err read_catalogue(reader *r, store_txn *t, job *j);
sluis_err read_parties(reader *r, store_txn *t, job *j);
sluis_err read_events(reader *r, store_txn *t, job *j);
sluis_err read_log(reader *r, store_txn *t, job *j);
sluis_err read_log_cosign(reader *r, store_txn *t, job *j);

/* What a party shows: when it bears our own signature and the snapshot's tree does not lead to it, or it is
 * of a later origin, the store was rolled back or changed, and the program ends. What is not signed by us, or
 * is of an earlier origin, is passed over. */
void read_hello_checkpoint(reader *r, store_txn *t, bytes note);

/* The receipt that a party asks for: of an entry that names it as sender or recipient. Every other is
 * NOT_FOUND, as one that does not exist. */
sluis_err read_receipt(reader *r, store_txn *t, job *j);

/* The case, when this token's organisation owns it; NOT_FOUND otherwise, as for one that does not exist. */
sluis_err reader_case(reader *r, store_txn *t, job *j, bytes case_id, Sluis__CaseRow **out);
/* The same for what a case tells of itself: only in sight of the application (case_in_sight). FORBIDDEN: its
 * function may do nothing at all. */
sluis_err reader_case_in_sight(reader *r, store_txn *t, job *j, bytes case_id, Sluis__CaseRow **out);
/* The member's subject; close it after use. dossier: also of one who was handed over to another
 * municipality, whose dossier stays. */
sluis_err reader_member(reader *r, store_txn *t, job *j, const Sluis__CaseRow *row, uint32_t member,
                        bool dossier, subject *out);
/* A sealed row was looked for and is not there: looks for a person all the same, as if it were, so that its
 * absence costs what another's row costs. NOT_FOUND. */
sluis_err reader_absent(store_txn *t);
/* What a datum is wanted for: to be shown to this token's application in this case. Borrows all. */
datum_use reader_use(const reader *r, const job *j, const uint8_t case_id[static ID_LEN],
                     const Sluis__CaseRow *row, uint64_t now);
/* A datum as the API shows it. Borrows from row; the rest in the job's arena. */
sluis_err reader_datum(reader *r, job *j, const attribute *a, const id16 *instance, uint64_t version,
                       const Sluis__DatumRow *row, const datum_use *use, Sluis__ApiDatum *out);
/* A record of this read, in the job's arena, with the token's who and the case's where. */
Sluis__Record *reader_record(job *j, Sluis__RecordType type, const Sluis__CaseRow *row, bytes case_id);

#endif
