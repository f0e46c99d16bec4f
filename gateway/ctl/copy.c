#include "ctl/copy.h"

#include "tables/tables.h"

#define MAP_BYTES (UINT64_C(1) << 30) /* the least; LMDB takes more by itself when the file is larger */
#define READERS   8

sluis_err copy_open_store(store **out, const char *dir, sluis_fail *f)
{
    const store_options o = {.path = dir,
                             .tables = gateway_tables,
                             .table_count = TABLE_COUNT,
                             .format = GATEWAY_STORE_FORMAT,
                             .format_version = GATEWAY_STORE_VERSION,
                             .map_bytes = MAP_BYTES,
                             .quota_bytes = MAP_BYTES,
                             .max_readers = READERS,
                             .read_only = true};
    return store_open_lmdb(out, &o, f);
}
