/* A gateway's copy, opened for reading offline. Thread: one. */
#ifndef SLUIS_CTL_COPY_H
#define SLUIS_CTL_COPY_H

#include "store/store.h"

/* dir: the store's folder in the copy; nothing in it is changed. */
sluis_err copy_open_store(store **out, const char *dir, sluis_fail *f);

/* Before its pages are looked at: no gateway runs on it, nor starts until *fd is closed (-1: nothing to
 * close). PERMISSION, with what to do, when one does. */
sluis_err copy_hold(int *fd, const char *dir, sluis_fail *f);

/* The same for writing, when it is about to become a gateway's own. */
sluis_err copy_open_writable(store **out, const char *dir, sluis_fail *f);

#endif
