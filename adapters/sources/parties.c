#include "sources/parties.h"

#include <string.h>

#include "ggd/ggd.h"
#include "police/police.h"
#include "school/school.h"
#include "wgs/wgs.h"

const party_kind *party_kind_named(const char *name)
{
    const party_kind *const kinds[] = {&school_party, &ggd_party, &wgs_party, &police_party};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    }
    return NULL;
}
