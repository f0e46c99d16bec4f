#include "ctl/copy.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_check.h"
#include "tables/tables.h"

#define MAP_BYTES (UINT64_C(1) << 30) /* the least; LMDB takes more by itself when the file is larger */
#define READERS   8

static sluis_err open_as(store **out, const char *dir, uint64_t map_bytes, bool read_only, sluis_fail *f)
{
    const store_options o = {.path = dir,
                             GATEWAY_STORE,
                             .map_bytes = map_bytes,
                             .quota_bytes = map_bytes,
                             .max_readers = READERS,
                             .read_only = read_only};
    return store_open_lmdb(out, &o, f);
}

sluis_err copy_open_store(store **out, const char *dir, sluis_fail *f)
{
    return open_as(out, dir, MAP_BYTES, true, f);
}

sluis_err copy_hold(int *fd, const char *dir, sluis_fail *f)
{
    sluis_fail why = {0};
    sluis_err e = store_hold_lmdb(fd, dir, &why);
    if (e == SLUIS_CONFLICT)
        return fail_set(f, SLUIS_PERMISSION, dir,
                        "a gateway runs on it, and what changes while it is read looks damaged: take a copy "
                        "(`sluisctl journal copy`) and name that, or stop the gateway");
    return e ? fail_set(f, e, why.where, "%s", why.text) : SLUIS_OK;
}

void copy_let_go(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

sluis_err copy_open_writable(store **out, const char *dir, sluis_fail *f)
{
    char path[2048];
    struct stat st;
    if (snprintf(path, sizeof path, "%s/" STORE_FILE, dir) >= (int)sizeof path || stat(path, &st))
        return fail_set(f, SLUIS_IO, dir, "holds no store");
    return open_as(out, dir, (uint64_t)st.st_size + MAP_BYTES, false, f);
}
