#include "mapping_target.h"
#include "wgs/wgs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return mapping_target(wgs_party.check, "adapters/wgs/ddas-1.0.conf", data, n);
}
