#include "tables/tables.h"

const store_table gateway_tables[TABLE_COUNT] = {
#define X(name_, text)                  {.name = text},
#define S(name_, text, tree_, key_len_) {.name = text, .tree = tree_, .key_len = key_len_},
    GATEWAY_TABLES(X, S)
#undef X
#undef S
};
