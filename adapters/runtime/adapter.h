/* The adapter as one object, for one gateway: one thread, one loop. What arrives in a turn is stored in one
 * commit, considered, answered under one signature, stored again and only then submitted. Thread: one. */
#ifndef SLUIS_RUNTIME_ADAPTER_H
#define SLUIS_RUNTIME_ADAPTER_H

#include "base/error.h"
#include "sources/party.h"

typedef struct adapter adapter;

sluis_err adapter_open(adapter **out, const char *config_path, party_kinds kinds, sluis_fail *f);
/* Until SIGTERM or SIGINT (OK), or an error of the store that only a restart can mend. */
sluis_err adapter_run(adapter *a, sluis_fail *f);
/* Several (at most ADAPTERS_MAX), each for another municipality: a thread each, which share nothing; at a
 * signal all end, and when one's store cannot go on the others end too. One whose gateway knows its keys as
 * another party's (WRONG_SENDER) ends alone. */
sluis_err adapter_run_all(adapter *const *v, size_t n, sluis_fail *f);
void adapter_close(adapter **a);

#define ADAPTERS_MAX 64 /* gateways of one program */

/* Without the bus: what a file gives, and what its mapping leaves out, on stdout. */
sluis_err adapter_check_file(const char *config_path, party_kinds kinds, const char *file, sluis_fail *f);
sluis_err adapter_unmapped(const char *mapping_path, const char *catalogue_path, const char *file,
                           sluis_fail *f);

#endif
