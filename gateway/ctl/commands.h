/* Every command of sluisctl, one a row. Thread: pure. */
#ifndef SLUIS_CTL_COMMANDS_H
#define SLUIS_CTL_COMMANDS_H

#include "crypto/note.h"
#include "ctl/command.h"

#define CTL_GATEWAY_SOCKET "/run/sluis/sluisd.sock"
#define CTL_ADAPTER_SOCKET "/run/sluis/adapter.sock"

/* Up to one without a name. */
extern const ctl_command ctl_commands[];

ctl_exit ctl_key_new(ctl_call *c);
ctl_exit ctl_key_rotate(ctl_call *c);
ctl_exit ctl_key_rotate_gateway(ctl_call *c); /* its part for a gateway's folder */
ctl_exit ctl_key_delegate(ctl_call *c);
ctl_exit ctl_key_link(ctl_call *c);
ctl_exit ctl_key_passphrase(ctl_call *c);
ctl_exit ctl_key_inspect(ctl_call *c);
ctl_exit ctl_key_needs_renewal(ctl_call *c);
ctl_exit ctl_key_revoke(ctl_call *c);
ctl_exit ctl_party_enrol(ctl_call *c);
ctl_exit ctl_key_suspend(ctl_call *c);
ctl_exit ctl_key_resume(ctl_call *c);
ctl_exit ctl_party_suspend(ctl_call *c);
ctl_exit ctl_party_resume(ctl_call *c);
ctl_exit ctl_party_list(ctl_call *c);
ctl_exit ctl_agreement_propose(ctl_call *c);
ctl_exit ctl_agreement_file(ctl_call *c);
ctl_exit ctl_agreement_accept(ctl_call *c);
ctl_exit ctl_agreement_list(ctl_call *c);
ctl_exit ctl_agreement_show(ctl_call *c);
ctl_exit ctl_agreement_revoke(ctl_call *c);
ctl_exit ctl_agreement_needs_renewal(ctl_call *c);
ctl_exit ctl_subject_forget(ctl_call *c);
ctl_exit ctl_retention_check(ctl_call *c);
ctl_exit ctl_retention_confirm(ctl_call *c);
ctl_exit ctl_inbox_list(ctl_call *c);
ctl_exit ctl_inbox_show(ctl_call *c);
ctl_exit ctl_inbox_release(ctl_call *c);
ctl_exit ctl_inbox_refuse(ctl_call *c);
ctl_exit ctl_inbox_ask(ctl_call *c);
ctl_exit ctl_inbox_assign(ctl_call *c);
ctl_exit ctl_inbox_known(ctl_call *c);
ctl_exit ctl_inbox_correct(ctl_call *c);
ctl_exit ctl_inbox_disclosed(ctl_call *c);
ctl_exit ctl_inbox_receipt(ctl_call *c);
ctl_exit ctl_trace(ctl_call *c);
ctl_exit ctl_cooperation_list(ctl_call *c);
ctl_exit ctl_deadletters_list(ctl_call *c);
ctl_exit ctl_journal_copy(ctl_call *c);
ctl_exit ctl_journal_verify(ctl_call *c);
ctl_exit ctl_journal_export(ctl_call *c);
ctl_exit ctl_journal_prove(ctl_call *c);
ctl_exit ctl_journal_reader(ctl_call *c);
ctl_exit ctl_register_import(ctl_call *c);
ctl_exit ctl_store_upgrade(ctl_call *c);
ctl_exit ctl_restore(ctl_call *c);
ctl_exit ctl_receipt_get(ctl_call *c);
ctl_exit ctl_receipt_verify(ctl_call *c);
ctl_exit ctl_witness(ctl_call *c);
ctl_exit ctl_witness_follow(ctl_call *c);
ctl_exit ctl_witness_new_key(ctl_call *c);
ctl_exit ctl_status(ctl_call *c);
ctl_exit ctl_token(ctl_call *c);
ctl_exit ctl_token_new_issuer(ctl_call *c);
ctl_exit ctl_config(ctl_call *c);
ctl_exit ctl_config_check(ctl_call *c);
ctl_exit ctl_config_reload(ctl_call *c);
ctl_exit ctl_config_history(ctl_call *c);
ctl_exit ctl_config_export(ctl_call *c);
ctl_exit ctl_policy_explain(ctl_call *c);

/* Writes a receipt that came as base64 to a new file, and says so. */
ctl_exit ctl_receipt_write(ctl_call *c, const char *path, json_int_t index, const char *base64);
/* A witness's verifier key, as `witness new-key` writes it in witness.vkey. */
sluis_err ctl_vkey_read(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *path,
                        sluis_fail *f);

#endif
