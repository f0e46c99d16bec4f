#include "base/brake.h"

#include <stdio.h>

bool brake_lets(log_brake *b, uint64_t now_us, const char **left_out)
{
    if (now_us - b->since >= 1000000) {
        b->since = now_us;
        b->lines = 0;
    }
    if (b->lines == BRAKE_LINES) {
        b->left_out++;
        return false;
    }
    b->lines++;
    snprintf(b->text, sizeof b->text, "%llu", (unsigned long long)b->left_out);
    *left_out = b->left_out ? b->text : NULL;
    b->left_out = 0;
    return true;
}
