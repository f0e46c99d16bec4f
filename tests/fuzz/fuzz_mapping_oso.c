#include "mapping_target.h"
#include "school/school.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return mapping_target(school_party.check, "adapters/school/oso-2019.1.conf", data, n);
}
