/* Any bytes, in pieces, through the gate. What comes out must be a fixed point: fed to a gate again it comes
 * out the same, so the parser behind never sees a form that the gate itself would refuse. */
#include <stdlib.h>
#include <string.h>

#include "http/gate.h"

#define MARK "0123456789abcdef0123456789abcdef"

static void pass(const gate_limits *l, const uint8_t *p, size_t n, size_t step, buffer *out, bool *refused)
{
    gate g;
    gate_init(&g, l);
    buffer_init(out, 1 << 20);
    for (size_t i = 0; i < n; i += step)
        if (gate_feed(&g, BYTES(p + i, n - i < step ? n - i : step), out))
            abort();
    *refused = g.refused;
    if (g.in.n > l->max_header + l->max_body || out->n > gate_out_max(l, n))
        abort();
    gate_close(&g);
}

static size_t refusal_at(const buffer *out)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: sluis\r\nConnection: close\r\nSluis-Gate: ";
    size_t n = sizeof start - 1;
    for (size_t at = out->n >= n ? out->n - n + 1 : 0; at-- > 0;)
        if (memcmp(out->p + at, start, n) == 0)
            return at;
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gate_limits l = {.max_header = 2048, .max_body = 512, .mark = MARK},
                             wide = {.max_header = 4096, .max_body = 512, .mark = MARK};
    buffer whole, pieces, again;
    bool refused, also;
    if (size < 1)
        return 0;
    pass(&l, data + 1, size - 1, size, &whole, &refused);
    pass(&l, data + 1, size - 1, data[0] % 32u + 1, &pieces, &also);
    if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)) || refused != also)
        abort();
    if (refused) /* the last one is the refusal, which only a gate writes */
        whole.n = refusal_at(&whole);
    pass(&wide, whole.p, whole.n, whole.n + 1, &again, &also);
    if (also || !bytes_equal(buffer_bytes(&whole), buffer_bytes(&again)))
        abort();
    buffer_close(&whole);
    buffer_close(&pieces);
    buffer_close(&again);
    return 0;
}
