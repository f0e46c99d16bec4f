/* A copy of the store and its journal beside a running gateway. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file_copy.h"
#include "base/log.h"
#include "journal/journal.h"
#include "operator/desk.h"
#include "tables/lineage.h"

/* The copy says that it is one. */
static sluis_err mark_copy(const parts *p, const char *data, sluis_fail *f)
{
    const settings *s = p->settings;
    store *copy = NULL;
    store_txn *t = NULL;
    store_options o = {.path = data,
                       GATEWAY_STORE,
                       .map_bytes = s->map_bytes,
                       .quota_bytes = s->quota_bytes,
                       .max_readers = 8,
                       .no_ahead = true};
    sluis_err e = store_open_lmdb(&copy, &o, f);
    if (!e)
        e = store_begin_write(copy, &t, true);
    if (!e)
        e = lineage_mark_copy(t, clock_ms());
    if (!e)
        e = store_commit(&t);
    store_abort(&t);
    store_close(&copy);
    return e ? fail_set(f, e, data, "cannot be marked as a copy") : SLUIS_OK;
}

/* All that the gateway holds has left for a folder: who took it is said, not where to. */
static void tell_copied(const desk *d, const char *what)
{
    char account[24];
    snprintf(account, sizeof account, "%u", (unsigned)d->peer);
    log_write(LOG_INFO, "journal.copied", "what", what, "account", account, "by",
              d->speaker ? d->speaker : "", NULL);
}

/* Data first, then the keys: a row without its key would be an error, a key without its row is harmless.
 * "only" leaves either out: data that are kept for long must not lie beside the keys that open them. */
json_t *desk_journal_copy(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const char *dir = desk_text(q, "dir", f), *only = json_string_value(json_object_get(q, "only"));
    char data[1024], keys_from[1024], keys_to[1024];
    bool with_store = !only || strcmp(only, "store") == 0, with_keys = !only || strcmp(only, "keys") == 0;
    if (!with_store && !with_keys) {
        fail_set(f, SLUIS_INVALID, "only", "\"store\" or \"keys\"; without it both are copied");
        return NULL;
    }
    if (!dir || dir[0] != '/' || strlen(dir) > 900) {
        fail_set(f, SLUIS_INVALID, "dir", "an absolute path is needed");
        return NULL;
    }
    snprintf(data, sizeof(data), "%s/store", dir);
    snprintf(keys_from, sizeof(keys_from), "%s/keys.slots", p->settings->data);
    snprintf(keys_to, sizeof(keys_to), "%s/keys.slots", dir);
    if (mkdir(dir, 0700) && errno != EEXIST) {
        fail_set(f, SLUIS_IO, dir, "cannot make the folder: %s", strerror(errno));
        return NULL;
    }
    sluis_err e = with_store ? store_copy(p->store, data, f) : SLUIS_OK;
    if (!e && with_store)
        e = mark_copy(p, data, f);
    if (!e && with_keys)
        e = file_copy(keys_from, keys_to, f);
    if (!e)
        tell_copied(d, only ? only : "store and keys");
    return e ? NULL
             : json_pack("{s:s*, s:s*}", "store", with_store ? data : NULL, "keys",
                         with_keys ? keys_to : NULL);
}
