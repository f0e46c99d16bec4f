/* A gateway's copy, opened for reading offline. Thread: one. */
#ifndef SLUIS_CTL_COPY_H
#define SLUIS_CTL_COPY_H

#include "store/store.h"

/* dir: the store's folder in the copy; nothing in it is changed. */
sluis_err copy_open_store(store **out, const char *dir, sluis_fail *f);

/* Before its pages are looked at: no gateway runs on it, nor starts until copy_let_go. PERMISSION, with what
 * to do, when one does. *fd is -1 where there is nothing to let go. */
sluis_err copy_hold(int *fd, const char *dir, sluis_fail *f);
void copy_let_go(int *fd); /* idempotent */

/* The same for writing, when it is about to become a gateway's own. */
sluis_err copy_open_writable(store **out, const char *dir, sluis_fail *f);

#endif
