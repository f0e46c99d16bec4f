/* What core does with each kind of work. A handler returns OK, a refusal (nothing written, f says why), or a
 * store error (sticky in the turn). Thread: core. */
#ifndef SLUIS_CORE_HANDLERS_H
#define SLUIS_CORE_HANDLERS_H

#include "core/turn.h"

typedef sluis_err (*handler)(turn *t, job *j, sluis_fail *f);

/* By message kind; NULL: not handled by this version (refused with KIND). */
handler handler_of(Sluis__Kind k);
sluis_err handle_request(turn *t, job *j, sluis_fail *f);
sluis_err handle_response(turn *t, job *j, sluis_fail *f);
sluis_err handle_known_query(turn *t, job *j, sluis_fail *f);
sluis_err handle_known_answer(turn *t, job *j, sluis_fail *f);
sluis_err handle_correction(turn *t, job *j, sluis_fail *f);
sluis_err handle_withdrawal(turn *t, job *j, sluis_fail *f);
sluis_err handle_clarification_question(turn *t, job *j, sluis_fail *f);
sluis_err handle_clarification_answer(turn *t, job *j, sluis_fail *f);
sluis_err handle_meeting_part(turn *t, job *j, sluis_fail *f); /* invitation, report */
sluis_err handle_meeting_reply(turn *t, job *j, sluis_fail *f);
sluis_err handle_concern(turn *t, job *j, sluis_fail *f);
sluis_err handle_delivery_status(turn *t, job *j, sluis_fail *f);
sluis_err handle_handover(turn *t, job *j, sluis_fail *f);       /* another municipality offers a case */
sluis_err handle_handover_reply(turn *t, job *j, sluis_fail *f); /* what it decided on ours */

/* API calls that write. */
sluis_err handle_open_case(turn *t, job *j, sluis_fail *f);
sluis_err handle_known(turn *t, job *j, sluis_fail *f);          /* a request the register answers whole */
sluis_err handle_ask_known(turn *t, job *j, sluis_fail *f);      /* is this person known to a party? */
sluis_err handle_change_request(turn *t, job *j, sluis_fail *f); /* about a request that was filed: */
sluis_err request_withdraw(turn *t, job *j, sluis_fail *f);
sluis_err request_clarify(turn *t, job *j, sluis_fail *f);
sluis_err handle_change_case(turn *t, job *j, sluis_fail *f);
sluis_err handle_report_concern(turn *t, job *j, sluis_fail *f);
sluis_err handle_decide_concern(turn *t, job *j, sluis_fail *f);
sluis_err handle_ask_interventions(turn *t, job *j, sluis_fail *f);
sluis_err handle_resolve(turn *t, job *j, sluis_fail *f);     /* what sources say differently */
sluis_err handle_file_rights(turn *t, job *j, sluis_fail *f); /* what a client asks about the own data */
sluis_err handle_decide_rights(turn *t, job *j, sluis_fail *f);
sluis_err handle_note_exchange(turn *t, job *j, sluis_fail *f);  /* outside the bus, into the dossier */
sluis_err handle_restrict_entry(turn *t, job *j, sluis_fail *f); /* what the client does not read */
sluis_err handle_read(turn *t, job *j, sluis_fail *f);           /* a decided read: journal it */
sluis_err handle_hand_over(turn *t, job *j, sluis_fail *f);      /* offers a case, or members of it */
sluis_err handle_decide_offer(turn *t, job *j, sluis_fail *f);   /* takes over what is offered, or not */
/* The read's entry in the journal, and its copy in the dossier of whom it is about, if anyone. */
sluis_err read_note(turn *t, const read_decision *d);
sluis_err handle_cosigned(turn *t, const job *j); /* a witness's line, checked: keep it */

/* An operator's change of the directory: in force for what follows in the same turn. */
sluis_err handle_party(turn *t, job *j, sluis_fail *f);
/* Two persons' word to forget a person: proposes, or deletes everything and leaves the key to be erased. */
sluis_err handle_forget(turn *t, job *j, sluis_fail *f);
/* Lines of an existing file of data: all of them, or none. */
sluis_err handle_import(turn *t, job *j, sluis_fail *f);
/* At the start: what earlier releases kept of how far a file is gets the name that nobody can guess contents
 * by. */
sluis_err import_begin(turn *t);
/* At the start: the municipality is a party of its own directory (it signs on behalf of API users, and the
 * registry is sealed to). Entered and journalled when it is not there, or with other keys. */
sluis_err party_enrol_self(turn *t, sluis_fail *f);
/* Puts the gateway's own entry, with this sealing key, when it differs from what stands there (*changed). */
sluis_err party_put_self(turn *t, const keypair *seal, bool *changed, sluis_fail *f);
/* From here on the turn sees the directory as it is stored now. */
sluis_err party_renew_directory(turn *t, sluis_fail *f);
/* At the start: the journal's word that another key does what this one's predecessor did. */
sluis_err party_key_renewed(turn *t, const char *decision, const keypair *k);
/* Its part for the agreements: CHANGE_AGREEMENT_... */
sluis_err agreement_change(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f);
/* Other rules: in force for what follows in the same turn, when they may come after those in force. The same
 * ones: nothing is written. */
sluis_err handle_rules(turn *t, job *j, sluis_fail *f);
/* Whether the rules that an API call was judged by before core are still in force; CONFLICT. */
sluis_err rules_hold(const turn *t, const job *j, sluis_fail *f);
/* At the start: the rules as they are now, against those that were in force last. */
sluis_err rules_begin(turn *t, sluis_fail *f);
/* Its part for CHANGE_REVOKE: fills the record, proposes, or puts the changed entry (*changed). */
sluis_err party_revoke(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f);
/* The same for CHANGE_SUSPEND_KEY and CHANGE_RESUME_KEY: the entry is put. */
sluis_err party_suspend_key(turn *t, job *j, Sluis__Record *r, sluis_fail *f);
/* The same for CHANGE_RENEW; not *changed: it was said before, and nothing is to be written. */
sluis_err party_renew(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f);

/* ---- what calls about a case share ---- */
/* The person's own number, sealed like any datum: what a request to a party is filled in with. */
sluis_err register_bsn(turn *t, const subject *s, const job *j, const char *bsn);
/* Whether this person (by number or, when bsn is empty, by the municipality's own name) may become a member
 * of one more case: each of them is gone over when something changes for the person. CONFLICT, in Dutch,
 * about this member. */
sluis_err case_check_room(turn *t, const char *bsn, const char *own, uint32_t member, const char *where,
                          sluis_fail *f);
/* A record of an API call: who the token says, for which case (NULL: none). */
void api_record(const job *j, Sluis__RecordType type, const uint8_t *case_id, Sluis__Record *r);
/* The turn's entry in the dossier of one member, or (member 0) of all; its words stand in that of the member
 * whom they concern alone: others of a household have no part in them. */
sluis_err case_note(turn *t, const uint8_t *case_id, const Sluis__CaseRow *row, uint32_t member,
                    uint32_t concerned, const char *motivation);
/* Withdraws every request of this case that waits and that the case, as it is in row, does not cover any
 * more: journalled, in the dossier, and told to its party. r: on whose behalf. */
sluis_err case_withdraw(turn *t, const uint8_t *case_id, const Sluis__CaseRow *row, const Sluis__Record *r);
/* A term of what a client asked comes near, or is over; by its key; in due.h's words. */
sluis_err rights_due(turn *t, const uint8_t key[static ID_LEN + UUID_LEN]);
/* What the granted requests of this person stop, written in the member's row of each case. */
sluis_err rights_apply(turn *t, const subject *s);
/* The same for one row that is not stored yet. */
sluis_err rights_apply_to(turn *t, const subject *s, Sluis__MemberRow *m);
/* A person known as two becomes one: whether there is room for what both asked (to NULL: new here; TOO_BIG),
 * and what the first asked stands under the other, with its terms, and takes effect in all cases of both. */
sluis_err rights_check_move(turn *t, const subject *from, const subject *to, sluis_fail *f);
sluis_err rights_move(turn *t, const subject *from, const subject *to);
/* A restriction in a dossier is to be looked at again, by its key; in due.h's words. */
sluis_err dossier_review_due(turn *t, const uint8_t key[static ID_LEN + 8]);
/* The rest of them, in due.h's words: of this member and those behind it, from this entry on. */
sluis_err case_withdraw_due(turn *t, const uint8_t *case_id, uint32_t member, uint64_t from);
/* A hand-over that our own gateway could not deliver (why), by its message. */
sluis_err handover_returned(turn *t, const envelope *env, sluis_err why);
/* Whether a datum that another municipality offers can be here, by the rules in force: asked when it comes in
 * and when it is taken over. INVALID, DENIED; f may be NULL. */
sluis_err offered_datum(turn *t, const party *from, const Sluis__HandoverDatum *d, sluis_fail *f);
/* The time of an offer is over: of ours, whose reply cannot come any more; of another municipality's. */
sluis_err handover_due(turn *t, const uint8_t *case_id);
sluis_err offer_due(turn *t, const uint8_t *transaction);
/* What became of a service, or of a look in acute danger, by its time; in due.h's words. */
sluis_err case_service_due(turn *t, const uint8_t *case_id, uint32_t index);
sluis_err case_glass_due(turn *t, const uint8_t *case_id, uint32_t number);

#endif
