#include "wire/instance.h"

#include <string.h>

#include "crypto/crypto.h"

void instance_id(id16 *out, const char *attribute, const char *key)
{
    uint8_t hash[HASH_LEN];
    const bytes parts[] = {BYTES(attribute, strlen(attribute) + 1), bytes_str(key)};
    hash_tagged(hash, "sluis1-instance", NULL, parts, 2);
    memcpy(out->b, hash, ID_LEN);
}
