#include "metrics/metrics.h"

#include <inttypes.h>

void metrics_text(metrics *m, buffer *out)
{
#define X(field, type, help)                                                                                 \
    buffer_printf(out, "# HELP sluis_%s %s\n# TYPE sluis_%s %s\nsluis_%s %" PRIu64 "\n", #field, help,       \
                  #field, type, #field, METRIC_GET(m, field));
    SLUIS_METRICS(X)
#undef X
}
