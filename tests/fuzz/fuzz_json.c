/* Any bytes through the JSON parser; what it accepts must come back equal when written and read again. */
#include <stdlib.h>
#include <string.h>

#include "http/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *v = NULL, *again = NULL;
    sluis_fail f = {0};
    sluis_err e = json_request_parse(&v, BYTES(data, size), &f);
    if ((e == SLUIS_OK) != (v != NULL) || (e && f.code != e))
        abort();
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text && (json_request_parse(&again, bytes_str(text), NULL) || !json_equal(v, again)))
        abort();
    free(text);
    json_decref(v);
    json_decref(again);
    return 0;
}
