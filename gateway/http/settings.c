#include "http/settings.h"

const config_key front_keys[FRONT_KEY_COUNT] = {
    {"gateway", CONFIG_STR, true, 1, 100, "", NULL,
     "sluisd's ipc endpoint, such as ipc:///run/sluis/api.sock"},
    {"listen", CONFIG_STR, false, 0, 45, "", "127.0.0.1", "loopback address for plain HTTP; \"\" for none"},
    {"port", CONFIG_INT, false, 0, 65535, "", "8080", "TCP port; 0 asks for any"},
    {"unix_socket", CONFIG_STR, false, 0, 107, "", "", "path of a Unix socket for a proxy; \"\" for none"},
    {"max_body", CONFIG_INT, false, 1024, 1048576, "bytes", "65536", "largest body of a request"},
    {"max_header", CONFIG_INT, false, 1024, 65536, "bytes", "16384", "largest head of a request"},
    {"max_connections", CONFIG_INT, false, 1, 10000, "connections", "256",
     "open at once; beyond: the oldest idle one goes, or 503"},
    {"max_calls", CONFIG_INT, false, 1, 65536, "calls", "256", "in flight to sluisd at once; beyond: 503"},
    {"idle_ms", CONFIG_INT, false, 100, 3600000, "ms", "60000",
     "a connection without a request is closed after this"},
    {"request_ms", CONFIG_INT, false, 100, 600000, "ms", "10000",
     "from a request's first byte to its last; then 408"},
    {"call_ms", CONFIG_INT, false, 100, 600000, "ms", "10000", "sluisd's time to answer; then 504"},
    {"probe_ms", CONFIG_INT, false, 100, 60000, "ms", "2000",
     "sluisd's time for health and metrics; then 503"},
    {"municipality", CONFIG_STR, false, 1, 100, "", "de gemeente",
     "its name on a client's dossier as a document"},
    {"contact", CONFIG_STR, false, 0, 300, "", "", "the same document: where a client asks"},
    {"privacy_officer", CONFIG_STR, false, 0, 300, "", "",
     "the same: where to reach the functionaris gegevensbescherming"},
    {"complaints", CONFIG_STR, false, 0, 300, "", "", "the same: where a complaint goes"},
    {"export_bytes", CONFIG_INT, false, 131072, 268435456, "bytes", "16777216",
     "largest document of a dossier; beyond: 422"},
    {"max_exports", CONFIG_INT, false, 1, 64, "documents", "4", "gathered at once; beyond: 503"},
    {"stop_ms", CONFIG_INT, false, 0, 600000, "ms", "15000", "requests in hand get this long at a stop"},
};

static const char *text(const config_node *g, const char *key)
{
    const char *s = config_str(g, front_keys, FRONT_KEY_COUNT, key);
    return s && s[0] ? s : NULL;
}

static const char *said(const config_node *g, const char *key)
{
    const char *s = text(g, key);
    return s ? s : "";
}

static int number(const config_node *g, const char *key)
{
    return (int)config_int(g, front_keys, FRONT_KEY_COUNT, key);
}

sluis_err front_settings_read(front_options *o, config **file, const char *path, sluis_fail *f)
{
    sluis_err e = config_read_file(file, path, f);
    if (e)
        return e;
    const config_node *g = config_root(*file);
    if ((e = config_check(g, front_keys, FRONT_KEY_COUNT, f))) {
        config_free(file);
        return e;
    }
    *o = (front_options){
        .http = {.listen = text(g, "listen"),
                 .port = (uint16_t)number(g, "port"),
                 .unix_socket = text(g, "unix_socket"),
                 .max_header = (size_t)number(g, "max_header"),
                 .max_body = (size_t)number(g, "max_body"),
                 .max_connections = number(g, "max_connections"),
                 .idle_ms = number(g, "idle_ms"),
                 .request_ms = number(g, "request_ms"),
                 .stop_ms = number(g, "stop_ms")},
        .gateway = text(g, "gateway"),
        .max_calls = number(g, "max_calls"),
        .call_ms = number(g, "call_ms"),
        .probe_ms = number(g, "probe_ms"),
        .sender = {.name = said(g, "municipality"),
                   .contact = said(g, "contact"),
                   .privacy_officer = said(g, "privacy_officer"),
                   .complaints = said(g, "complaints")},
        .export_bytes = (size_t)number(g, "export_bytes"),
        .max_exports = number(g, "max_exports"),
    };
    return SLUIS_OK;
}

void front_settings_describe(buffer *out)
{
    config_describe(out, "", front_keys, FRONT_KEY_COUNT);
}
