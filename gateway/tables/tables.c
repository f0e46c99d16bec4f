#include "tables/tables.h"

const char *const gateway_tables[TABLE_COUNT] = {
#define X(name, text) text,
    GATEWAY_TABLES(X)
#undef X
};
