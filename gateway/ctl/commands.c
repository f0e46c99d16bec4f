#include "ctl/commands.h"

#define GATEWAY_SOCKET                                                                                       \
    {                                                                                                        \
        "socket", "PATH", "Control socket of sluisd", CTL_GATEWAY_SOCKET, false                              \
    }
#define ADAPTER_SOCKET                                                                                       \
    {                                                                                                        \
        "socket", "PATH", "Control socket of the adapter", CTL_ADAPTER_SOCKET, false                         \
    }
#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL, NULL, false                                                                        \
    }

static const ctl_option none[] = {END};
static const ctl_option key_new[] = {
    {"dir", "DIR", "Folder to write the keys in; made when absent", NULL, true},
    {"for", "party|gateway|link", "Whose: a party's three, a gateway's with its root, a link's one", "party",
     false},
    {"oin", "OIN", "Organisation the keys belong to; not for a link", NULL, false},
    {"name", "NAME", "Name of the gateway, for its delegation", NULL, false},
    {"days", "N", "Days the keys are valid, from today", "365", false},
    {"passphrase-file", "FILE", "Puts the private keys under the passphrase in this file (or fd:N, tty)",
     NULL, false},
    END,
};
static const ctl_option key_link[] = {
    {"dir", "DIR", "Folder of the gateway's keys", NULL, true},
    {"curve", "FILE", "Public transport key of the link (curve.key.pub, of `key new --for link`)", NULL,
     true},
    {"out", "FILE", "File to write the enrolment in, for the other municipality; must not exist", NULL, true},
    {"days", "N", "Days the keys are valid there, from today", "365", false},
    {"passphrase-file", "FILE", "Passphrase of the gateway's keys (or fd:N, tty)", NULL, false},
    END,
};
static const ctl_option key_rotate[] = {
    {"dir", "DIR", "Folder of the keys of a party or a gateway", NULL, true},
    {"use", "sign|curve|log|directory", "Of a gateway: which of its keys", NULL, false},
    {"days", "N", "Of a party: days the new keys are valid, from today", "365", false},
    {"overlap", "N", "Days the old keys stay in force beside them: longer than a message lives", "35", false},
    {"passphrase-file", "FILE", "Passphrase of the old keys and the new (or fd:N, tty)", NULL, false},
    {"finish", NULL, "The new keys take the place of the old (a party: when the municipality has accepted)",
     NULL, false},
    END,
};
static const ctl_option key_delegate[] = {
    {"root", "FILE", "The offline root key (root.key)", NULL, true},
    {"key", "FILE",
     "Public half of the directory key it speaks for (directory.new.key.pub, or directory.key.pub)", NULL,
     true},
    {"name", "NAME", "Name of the gateway, as in its checkpoints", NULL, true},
    {"days", "N", "Days it is valid, from today", "365", false},
    {"out", "FILE", "Where to write it: delegation.new.bin of the gateway's key folder", NULL, true},
    {"passphrase-file", "FILE", "Passphrase of the root key (or fd:N, tty)", NULL, false},
    END,
};
static const ctl_option key_passphrase[] = {
    {"dir", "DIR", "Folder of the keys; nothing may run on them meanwhile", NULL, true},
    {"from", "FILE", "The passphrase they are under now (or credential:NAME, fd:N, tty); not said: none",
     NULL, false},
    {"to", "FILE", "The passphrase they come under; not said: none", NULL, false},
    END,
};
static const ctl_option key_needs_renewal[] = {
    {"dir", "DIR", "Folder of the keys of a party or a gateway", NULL, true},
    {"days", "N", "How many days ahead to look", "30", false},
    END,
};
static const ctl_option party_enrol[] = {
    GATEWAY_SOCKET,
    {"request", "FILE", "The party's enrolment.json", NULL, true},
    {"name", "NAME", "Name of the organisation, as people read it", NULL, true},
    {"domain", "DOMAIN", "Domain it works in: onderwijs, politie, ggd, wgs, gemeente, ...", NULL, true},
    {"valid-until", "DATE", "Last day of its entry, YYYY-MM-DD", NULL, false},
    {"replace", NULL, "The party is there already: these keys take the place of its old ones", NULL, false},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option party_change[] = {
    GATEWAY_SOCKET,
    {"reason", "CODE", "Why, as a code: it stands in the journal", NULL, true},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option agreement_propose[] = {
    {"dir", "DIR", "Folder of the party's keys", NULL, true},
    {"municipality", "OIN", "With which municipality", NULL, true},
    {"covenant", "NAME", "Name of the covenant, as a code", NULL, true},
    {"version", "N", "Version of it: a later one takes the place of an earlier", "1", false},
    {"text", "FILE", "The document that people signed; the agreement holds its SHA-256", NULL, true},
    {"purposes", "A,B", "Purposes of the rules that it covers", NULL, true},
    {"gives", "A,B",
     "Categories of data that the party gives: ordinary, financial, health, criminal, "
     "identification",
     NULL, false},
    {"asks", "A,B", "Categories of data that it may ask itself", NULL, false},
    {"attributes", "A,B", "Only these data, or \"beginning*\"; all of the categories when not said", NULL,
     false},
    {"from", "DATE", "First day, YYYY-MM-DD (today when not said)", NULL, false},
    {"until", "DATE", "First day that it no longer holds", NULL, true},
    {"out", "FILE", "File to write the signed proposal in; must not exist", NULL, true},
    {"passphrase-file", "FILE", "Passphrase of the signing key (or fd:N, tty)", NULL, false},
    END,
};
static const ctl_option agreement_by[] = {
    GATEWAY_SOCKET,
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option agreement_renewal[] = {
    GATEWAY_SOCKET,
    {"days", "N", "How many days ahead to look", "30", false},
    END,
};
static const ctl_option subject_forget[] = {
    GATEWAY_SOCKET,
    {"subject", "FILE", "File with the person's number, or eigenKenmerk; - = stdin", "-", false},
    {"reason", "CODE", "Why, as a code: it stands in the journal", NULL, true},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option retention_confirm[] = {
    GATEWAY_SOCKET,
    {"reason", "CODE", "Why, as a code: it stands in the journal", NULL, true},
    {"by", "WHO", "Pseudonym of the person who confirms", NULL, true},
    END,
};
static const ctl_option gateway_only[] = {GATEWAY_SOCKET, END};
static const ctl_option adapter_only[] = {ADAPTER_SOCKET, END};
static const ctl_option inbox_release[] = {
    ADAPTER_SOCKET,
    {"fields", "A,B", "The attributes to release; the others are refused", NULL, true},
    {"values", "FILE", "JSON object of values typed in by a person (- = stdin)", NULL, false},
    {"reason", "CODE", "Why the other fields are not given (niet-noodzakelijk when not said)", NULL, false},
    {"reasons", "FILE", "JSON object: {attribute: {reason, outcome, explanation}}, where they differ", NULL,
     false},
    {"conditions", "A,B", "Conditions on what is given, such as alleen-deze-zaak,geldig-tot=2026-12-31", NULL,
     false},
    {"law", "NAME", "The party's own law that was weighed", NULL, false},
    {"judgement", "FILE", "How it was weighed (- = stdin)", NULL, false},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option inbox_refuse[] = {
    ADAPTER_SOCKET,
    {"reason", "CODE", "Coded compelling reason", NULL, true},
    {"outcome", "WORD", "refused, not-possible or not-known", "refused", false},
    {"explanation", "FILE", "Free text beside the code (- = stdin)", NULL, false},
    {"reasons", "FILE", "JSON object: {attribute: {reason, outcome, explanation}}, where they differ", NULL,
     false},
    {"law", "NAME", "The party's own law that was weighed", NULL, false},
    {"judgement", "FILE", "How it was weighed (- = stdin)", NULL, false},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option inbox_ask[] = {
    ADAPTER_SOCKET,
    {"question", "FILE", "What the party wants to know (- = stdin)", NULL, true},
    {"by", "WHO", "Pseudonym of the person who asks", NULL, true},
    END,
};
static const ctl_option inbox_list[] = {
    ADAPTER_SOCKET,
    {"who", "WHO", "Only what this person may decide today", NULL, false},
    END,
};
static const ctl_option inbox_assign[] = {
    ADAPTER_SOCKET,
    {"to", "NAME", "The team or person that it belongs to from now on", NULL, true},
    {"by", "WHO", "Pseudonym of the person who gives it away", NULL, true},
    END,
};
static const ctl_option inbox_known[] = {
    ADAPTER_SOCKET,
    {"answer", "yes|no", "Whether the person is known here; nothing else leaves", NULL, true},
    {"by", "WHO", "Pseudonym of the person who answers", NULL, true},
    END,
};
static const ctl_option inbox_correct[] = {
    ADAPTER_SOCKET,
    {"values", "FILE", "JSON object of the right values, attribute by attribute", NULL, false},
    {"reasons", "FILE", "JSON object: {attribute: {reason, outcome, explanation}} of what is taken back",
     NULL, false},
    {"why", "FILE", "Why it is corrected (- = stdin): who asked, and the client, read it", NULL, true},
    {"by", "WHO", "Pseudonym of the person who corrects", NULL, true},
    END,
};
static const ctl_option inbox_receipt[] = {
    ADAPTER_SOCKET,
    {"of", "WORD", "request or answer", "answer", false},
    {"out", "FILE", "File to write the receipt in; must not exist", NULL, true},
    {"witnessed", NULL, "First asks the gateway for a checkpoint that a witness cosigned", NULL, false},
    END,
};
static const ctl_option journal_copy[] = {
    GATEWAY_SOCKET,
    {"dir", "DIR", "Folder for the copy, as sluisd sees it; must not exist", NULL, true},
    {"only", "WHAT", "store or keys: a backup that is kept holds no keys, which are copied apart", NULL,
     false},
    END,
};
static const ctl_option journal_verify[] = {
    {"name", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had)", NULL, true},
    {"master-key", "FILE", "Master key of the key file: also checks records, rows and key slots", NULL,
     false},
    {"directory-key", "FILE", "Public directory key (directory.key.pub): also checks the parties' entries",
     NULL, false},
    {"free", NULL, "Also list the byte ranges of the files that hold nothing", NULL, false},
    END,
};
static const ctl_option restore[] = {
    {"data", "DIR", "The gateway's data folder; it holds no store", NULL, true},
    {"name", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had)", NULL, true},
    {"checkpoint", "FILE", "The newest checkpoint of this log that anybody has: a witness's `last`", NULL,
     false},
    {"none-newer", NULL, "Nobody has a checkpoint newer than the backup", NULL, false},
    {"keys", "FILE",
     "The newest key file, when the data folder has none and the backup has none, or an older one", NULL,
     false},
    END,
};
static const ctl_option journal_export[] = {
    {"out", "DIR", "Folder of the export: made when absent, else brought up to date", NULL, true},
    {"name", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had)", NULL, true},
    END,
};
static const ctl_option journal_prove[] = {
    GATEWAY_SOCKET,
    {"old", "SIZE", "Size of the checkpoint that is known already; 0: none", "0", false},
    {"out", "FILE", "File to write the request in, for a witness; must not exist", NULL, true},
    END,
};
static const ctl_option trace[] = {
    GATEWAY_SOCKET,
    {"by", "WHO", "Pseudonym of the person who looks: the read is an entry", NULL, true},
    END,
};
static const ctl_option receipt_get[] = {
    GATEWAY_SOCKET,
    {"out", "FILE", "File to write the receipt in; must not exist", NULL, true},
    {"note", "FILE", "A checkpoint that a witness cosigned: the receipt is made under it", NULL, false},
    {"witnessed", NULL, "Under the newest checkpoint that a witness brought back", NULL, false},
    {"by", "WHO", "Pseudonym of the person who looks: the read is an entry", NULL, true},
    END,
};
static const ctl_option receipt_verify[] = {
    {"name", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had), from somewhere you trust",
     NULL, true},
    {"witness-key", "FILE", "Verifier key of a witness (witness.vkey): its cosignature must be there", NULL,
     false},
    END,
};
static const ctl_option witness[] = {
    {"dir", "DIR", "Folder of the witness: its key, and the last checkpoint it cosigned", NULL, true},
    {"log", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had), from somewhere you trust",
     NULL, true},
    {"out", "FILE", "File to write the cosigned checkpoint in", NULL, true},
    {"init", NULL, "The first checkpoint of all: there is none to go on from", NULL, false},
    {"restored", NULL, "The log was restored: take up its next origin", NULL, false},
    END,
};
static const ctl_option witness_follow[] = {
    {"dir", "DIR", "Folder of the witness: its key, and the last checkpoint it cosigned", NULL, true},
    {"log", "NAME", "Name of the gateway, as the checkpoints carry it", NULL, true},
    {"log-key", "FILE", "Public log key (log.key.pub, or log.pub: all it has had), from somewhere you trust",
     NULL, true},
    {"url", "URL", "Where the log is served, such as https://sluis.example/v1/journaal", NULL, true},
    {"token-file", "FILE", "The reader's token (of `journal reader`), on the first line", NULL, true},
    {"every", "SECONDS", "Pause between two looks at the log", "10", false},
    {"once", NULL, "One look, then end", NULL, false},
    {"init", NULL, "The first checkpoint of all: there is none to go on from", NULL, false},
    {"restored", NULL, "The log was restored: take up its next origin", NULL, false},
    END,
};
static const ctl_option journal_reader[] = {
    {"name", "NAME", "Name of the reader, for the gateway's log", NULL, true},
    {"file", "FILE", "The gateway's file of readers (journal.readers); made when absent", NULL, true},
    END,
};
static const ctl_option witness_new_key[] = {
    {"dir", "DIR", "Folder to write the key in; made when absent", NULL, true},
    {"name", "NAME", "Name of the witness, as its signature lines carry it", NULL, true},
    END,
};
static const ctl_option token[] = {
    {"dir", "DIR", "Folder of the test issuer's key", NULL, true},
    {"issuer", "NAME", "Issuer the token names", NULL, true},
    {"app", "ID", "Application", NULL, true},
    {"oin", "OIN", "Organisation that acts", NULL, true},
    {"function", "NAME", "Function of the employee", NULL, true},
    {"employee", "PSEUDONYM", "Pseudonym of the employee", NULL, true},
    {"ttl", "SECONDS", "How long the token is valid", "600", false},
    END,
};
static const ctl_option token_new_issuer[] = {
    {"dir", "DIR", "Folder to write the issuer's key and jwks.json in; made when absent", NULL, true},
    END,
};

static const ctl_option config_check[] = {
    {"config", "FILE", "sluisd's configuration: checked, and with it the rules it names", NULL, false},
    {"rules", "DIR", "Folder of rules, instead of the one that --config names", NULL, false},
    {"against", "DIR", "Folder of the rules in force (of `config export`): may these follow them now?", NULL,
     false},
    END,
};
static const ctl_option register_import[] = {
    GATEWAY_SOCKET,
    {"source", "OIN", "Whose data they are; the municipality's own when not said", NULL, false},
    {"basis", "NAME", "Legal basis by which they are held", NULL, true},
    {"law", "NAME", "Law that they are held for; the attribute's source, where that is a law, when not said",
     NULL, false},
    {"reason", "CODE", "Why, as a code: it stands in the journal", NULL, true},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option store_upgrade[] = {
    {"master-key", "FILE", "Master key of the key file", NULL, true},
    END,
};
static const ctl_option config_reload[] = {
    GATEWAY_SOCKET,
    {"reason", "CODE", "Why, as a code: it stands in the log of the change", NULL, true},
    {"by", "WHO", "Pseudonym of the person who decides", NULL, true},
    END,
};
static const ctl_option config_export[] = {
    GATEWAY_SOCKET,
    {"at", "MOMENT", "The set in force then: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; now when not said", NULL,
     false},
    {"out", "DIR", "Folder for its files; must not exist", NULL, true},
    END,
};
static const ctl_option policy_explain[] = {
    GATEWAY_SOCKET,
    {"case", "ID", "A case of the gateway, as it is now", NULL, false},
    {"member", "N", "About which member of the case", "1", false},
    {"rules", "DIR", "Folder of rules, without a gateway: a case whose scope holds the law and the domain",
     NULL, false},
    {"application", "ID", "Who asks", NULL, true},
    {"function", "NAME", "Function of the employee", NULL, true},
    {"domain", "NAME", "Domain of the party asked; needed when no party is named", NULL, false},
    {"party", "OIN",
     "A party of the gateway, as it is now: its domain, its agreement, whether it is shut out", NULL, false},
    {"phase", "WORD", "research, coordination or meeting; the case's own when not said", NULL, false},
    {"purpose", "NAME", "What for", NULL, true},
    {"basis", "NAME", "Legal basis", NULL, true},
    {"attributes", "A,B", "What is asked", NULL, true},
    {"at", "MOMENT", "By the rules of then: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; now when not said", NULL,
     false},
    END,
};

const ctl_command ctl_commands[] = {
    {"key new", NULL, "Makes the keys of a party, a gateway or a link.", key_new, ctl_key_new},
    {"key link", NULL, "The gateway's enrolment at another municipality's gateway.", key_link, ctl_key_link},
    {"key rotate", NULL, "Makes new keys beside the old ones, and the request to accept them.", key_rotate,
     ctl_key_rotate},
    {"key delegate", NULL, "The offline root's word for a directory key: a new one, or for longer.",
     key_delegate, ctl_key_delegate},
    {"key passphrase", NULL, "Puts the keys of a folder under a passphrase, another one, or none.",
     key_passphrase, ctl_key_passphrase},
    {"key inspect", "PATH", "Shows what a key file holds, never the secret.", none, ctl_key_inspect},
    {"key needs-renewal", NULL, "Lists keys that end soon; exit code 1 when there is one.", key_needs_renewal,
     ctl_key_needs_renewal},
    {"key suspend", "KEYID",
     "Stops one key of a party at once: a session it opened ends, mail sealed to it goes back.", party_change,
     ctl_key_suspend},
    {"key resume", "KEYID", "Lets a suspended key be used again.", party_change, ctl_key_resume},
    {"key revoke", "KEYID", "Revokes a party's key: one person proposes it, another carries it out.",
     party_change, ctl_key_revoke},
    {"party enrol", NULL, "Signs a party into the directory.", party_enrol, ctl_party_enrol},
    {"party suspend", "OIN", "Shuts a party out at once: its session ends, its messages are refused.",
     party_change, ctl_party_suspend},
    {"party resume", "OIN", "Lets a suspended party take part again.", party_change, ctl_party_resume},
    {"party list", NULL, "Lists the directory.", gateway_only, ctl_party_list},
    {"agreement propose", NULL, "Writes an agreement (convenant) signed by the party, offline.",
     agreement_propose, ctl_agreement_propose},
    {"agreement file", "FILE", "Files a party's signed agreement; it holds once it is accepted.",
     agreement_by, ctl_agreement_file},
    {"agreement accept", "ID", "Signs a filed agreement for the municipality: from now on it holds.",
     agreement_by, ctl_agreement_accept},
    {"agreement list", NULL, "Lists the agreements and which of them are in force.", gateway_only,
     ctl_agreement_list},
    {"agreement show", "ID", "Shows an agreement with its signatures.", gateway_only, ctl_agreement_show},
    {"agreement revoke", "ID", "Revokes an agreement: one person proposes it, another carries it out.",
     party_change, ctl_agreement_revoke},
    {"agreement needs-renewal", NULL, "Lists agreements that end soon; exit code 1 when there is one.",
     agreement_renewal, ctl_agreement_needs_renewal},
    {"subject forget", NULL, "Forgets a person: one person proposes it, another carries it out.",
     subject_forget, ctl_subject_forget},
    {"register import", "FILE", "Brings an existing file of data into the register: a line of JSON a datum.",
     register_import, ctl_register_import},
    {"retention check", NULL, "Whether what is over is deleted; exit code 1 when the clock holds it back.",
     gateway_only, ctl_retention_check},
    {"retention confirm", NULL, "Confirms that the clock is right: what is over is deleted again.",
     retention_confirm, ctl_retention_confirm},
    {"inbox list", NULL, "Lists the requests that wait for a person at this party.", inbox_list,
     ctl_inbox_list},
    {"inbox show", "ID", "Shows one request and the answer the mapping proposes.", adapter_only,
     ctl_inbox_show},
    {"inbox release", "ID", "Releases exactly the chosen fields.", inbox_release, ctl_inbox_release},
    {"inbox refuse", "ID", "Refuses a request for a coded reason.", inbox_refuse, ctl_inbox_refuse},
    {"inbox ask", "ID", "Asks a question about a request that waits; the answer stands in inbox show.",
     inbox_ask, ctl_inbox_ask},
    {"inbox assign", "ID", "Gives a request that waits to another team or person of this party.",
     inbox_assign, ctl_inbox_assign},
    {"inbox known", "ID", "Answers whether a person is known here.", inbox_known, ctl_inbox_known},
    {"inbox correct", "ID", "Corrects an answer that was sent; who read the old one is told.", inbox_correct,
     ctl_inbox_correct},
    {"inbox receipt", "ID", "Writes this party's receipt of a request, or of its answer, to a file.",
     inbox_receipt, ctl_inbox_receipt},
    {"inbox disclosed", NULL, "Lists what this party gave: its own log.", adapter_only, ctl_inbox_disclosed},
    {"trace", "TRANSACTION", "Lists the journal's entries of a transaction.", trace, ctl_trace},
    {"cooperation list", NULL, "Lists how cooperation with each party goes, and where it is signalled.",
     gateway_only, ctl_cooperation_list},
    {"deadletters list", NULL, "Lists what did not arrive in the last 30 days, and why.", gateway_only,
     ctl_deadletters_list},
    {"journal copy", NULL, "Makes a consistent copy of store and key file.", journal_copy, ctl_journal_copy},
    {"journal verify", "DIR",
     "Verifies a copy, offline; names the first bad entry. DIR - = copies named on stdin.", journal_verify,
     ctl_journal_verify},
    {"journal export", "DIR",
     "Writes the tree of a copy as plain files (tlog-tiles): tiles, entry bundles, checkpoint.",
     journal_export, ctl_journal_export},
    {"journal prove", NULL, "Writes the newest checkpoint, and the proof that it goes on from an older one.",
     journal_prove, ctl_journal_prove},
    {"journal reader", NULL, "Lets a party or witness read the journal over HTTP; prints its token, once.",
     journal_reader, ctl_journal_reader},
    {"store upgrade", "DIR", "Brings a backup of an earlier release to this one's format, offline.",
     store_upgrade, ctl_store_upgrade},
    {"restore", "DIR", "Puts a backup in place; the gateway's next start opens the journal's next origin.",
     restore, ctl_restore},
    {"receipt get", "INDEX", "Writes the receipt of a journal entry to a file.", receipt_get,
     ctl_receipt_get},
    {"receipt verify", "FILE", "Verifies a receipt, offline (FILE - = stdin).", receipt_verify,
     ctl_receipt_verify},
    {"witness", "FILE",
     "Cosigns a checkpoint (of `journal prove`) that goes on from the last; refuses others.", witness,
     ctl_witness},
    {"witness follow", NULL,
     "A witness as a service: follows the log that is served, cosigns, brings it back.", witness_follow,
     ctl_witness_follow},
    {"witness new-key", NULL, "Makes the key of a witness.", witness_new_key, ctl_witness_new_key},
    {"status", NULL, "Shows what the gateway or adapter at the socket is doing.", gateway_only, ctl_status},
    {"token", NULL, "Issues a bearer token of a test issuer; prints it.", token, ctl_token},
    {"token new-issuer", NULL, "Makes a test issuer: its key and jwks.json.", token_new_issuer,
     ctl_token_new_issuer},
    {"config", NULL, "Prints every configuration key of sluisd with its default.", none, ctl_config},
    {"config check", NULL, "Checks configuration and rules; names file, line and text of what is wrong.",
     config_check, ctl_config_check},
    {"config reload", NULL, "The gateway reads its rules anew; a set with a fault is refused whole.",
     config_reload, ctl_config_reload},
    {"config history", NULL, "Lists every set of rules that was in force, and since when.", gateway_only,
     ctl_config_history},
    {"config export", NULL, "Writes the rules that were in force at a moment to a folder.", config_export,
     ctl_config_export},
    {"policy explain", NULL,
     "Says for each attribute permit or deny, which rules decided, and what comes with it.", policy_explain,
     ctl_policy_explain},
    {NULL, NULL, NULL, NULL, NULL},
};
