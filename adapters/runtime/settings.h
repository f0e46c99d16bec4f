/* An adapter's configuration: one schema table, read once at start. The table is what the manual and the
 * example repeat. Thread: immutable after reading. */
#ifndef SLUIS_RUNTIME_SETTINGS_H
#define SLUIS_RUNTIME_SETTINGS_H

#include "base/config.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "sources/party.h"

typedef enum { MODE_AUTOMATIC, MODE_RELEASE } answer_mode;

/* Strings are borrowed from cfg. */
typedef struct {
    config *cfg; /* owned */
    oin own;
    const party_kind *party;
    const char *passphrase_file;                                       /* of the keys; NULL: none */
    const char *keys, *store, *control, *catalogue, *mapping, *folder; /* mapping, folder: NULL when typed */
    const char *gateway_endpoint, *gateway_name;
    oin gateway;
    uint8_t gateway_curve_pk[PK_LEN], root_pk[PK_LEN];
    answer_mode mode;
    bool test_mode;
    const config_node *rules, *staff; /* NULL: none */
    uint32_t credit;
    size_t max_frame, max_files, max_file_bytes, max_held;
    uint64_t quota_bytes, answer_ms, keep_ms, seal_period_ms, seal_keep_ms;
    int reconnect_max_ms, refresh_ms;
} settings;

sluis_err adapter_settings_read(settings *out, const char *path, party_kinds kinds, sluis_fail *f);
void adapter_settings_close(settings *s);

/* For the manual and `--settings`: every key with its default, bounds, unit and meaning. */
void adapter_settings_describe(buffer *out);

#endif
