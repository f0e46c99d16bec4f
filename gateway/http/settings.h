/* sluis-http's configuration file: the keys, their bounds and defaults. Thread: one. */
#ifndef SLUIS_GATEWAY_HTTP_SETTINGS_H
#define SLUIS_GATEWAY_HTTP_SETTINGS_H

#include "base/config.h"
#include "http/front.h"

#define FRONT_KEY_COUNT 19
extern const config_key front_keys[FRONT_KEY_COUNT];

/* For `--settings`: every key with its default, bounds, unit and meaning. */
void front_settings_describe(buffer *out);

/* Strings in *o are borrowed from *file, which the caller frees after the front. */
sluis_err front_settings_read(front_options *o, config **file, const char *path, sluis_fail *f);

#endif
