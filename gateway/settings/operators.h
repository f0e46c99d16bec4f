/* Who operates the gateway: each name, as the journal has it, belongs to one account of the machine. The
 * kernel says whose account asks at the control socket (SO_PEERCRED, unix(7)); so two names are two accounts.
 * Thread: read-only after load. */
#ifndef SLUIS_SETTINGS_OPERATORS_H
#define SLUIS_SETTINGS_OPERATORS_H

#include <sys/types.h>

#include "base/config.h"

#define OPERATORS_MAX 64

typedef struct {
    char **names; /* pseudonyms, owned */
    uid_t *uids;  /* of their accounts; as the control socket takes them */
    size_t count;
} operators;

/* list: of { name; account }, two at least; NULL: nobody. INVALID, with file and line: a name or account
 * given twice, or unknown to the machine. */
sluis_err operators_load(operators *out, const config_node *list, sluis_fail *f);
/* Whose account this is; NULL: no operator's. */
const char *operators_name(const operators *o, uid_t uid);
/* The group of this name; NULL: (gid_t)-1. at: where the file names it. INVALID: there is none. */
sluis_err operators_group(gid_t *out, const config_node *at, const char *name, sluis_fail *f);
void operators_close(operators *o);

#endif
