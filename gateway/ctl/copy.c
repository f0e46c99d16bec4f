#include "ctl/copy.h"

#include <stdio.h>
#include <sys/stat.h>

#include "store/store_check.h"
#include "tables/tables.h"

#define MAP_BYTES (UINT64_C(1) << 30) /* the least; LMDB takes more by itself when the file is larger */
#define READERS   8

static sluis_err open_as(store **out, const char *dir, uint64_t map_bytes, bool read_only, sluis_fail *f)
{
    const store_options o = {.path = dir,
                             .tables = gateway_tables,
                             .table_count = TABLE_COUNT,
                             .format = GATEWAY_STORE_FORMAT,
                             .format_version = GATEWAY_STORE_VERSION,
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

sluis_err copy_open_writable(store **out, const char *dir, sluis_fail *f)
{
    char path[2048];
    struct stat st;
    if (snprintf(path, sizeof path, "%s/" STORE_FILE, dir) >= (int)sizeof path || stat(path, &st))
        return fail_set(f, SLUIS_IO, dir, "holds no store");
    return open_as(out, dir, (uint64_t)st.st_size + MAP_BYTES, false, f);
}
