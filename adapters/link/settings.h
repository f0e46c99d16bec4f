/* The configuration of sluis-link: two gateways, and with which keys it stands at each. Thread: immutable
 * after reading. */
#ifndef SLUIS_LINK_SETTINGS_H
#define SLUIS_LINK_SETTINGS_H

#include "base/config.h"
#include "base/ids.h"
#include "crypto/crypto.h"

#define LINK_SIDES 2

/* Strings are borrowed from cfg. */
typedef struct {
    oin gateway; /* of the municipality whose bus it is; at the other's, this is the party */
    const char *name, *endpoint;
    uint8_t curve_pk[PK_LEN], root_pk[PK_LEN];
    const char *key; /* file: the transport key with which the other municipality is known at this bus */
} link_side;

typedef struct {
    config *cfg;                 /* owned */
    const char *passphrase_file; /* of the keys; NULL: none */
    link_side side[LINK_SIDES];
    uint32_t credit;
    size_t max_frame;
    int reconnect_max_ms;
} link_settings;

sluis_err link_settings_read(link_settings *out, const char *path, sluis_fail *f);
void link_settings_close(link_settings *s);
/* For `--settings`: every key with its default, bounds, unit and meaning. */
void link_settings_describe(buffer *out);

#endif
