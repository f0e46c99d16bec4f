#include "mapping_target.h"
#include "ggd/ggd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return mapping_target(ggd_party.check, "adapters/ggd/jgz-dossieroverdracht.conf", data, n);
}
