/* How cooperation with each party goes, as core has written it down (core/cooperation.h). */
#include <string.h>

#include "operator/desk.h"
#include "parties/parties.h"
#include "rows.pb-c.h"
#include "tables/rows.h"

static json_t *cooperation_json(const directory *dir, bytes key, const Sluis__CooperationRow *row)
{
    static const char *const names[] = {"refusal", "lateness", "failure"};
    char who[OIN_LEN + 1] = "";
    oin o;
    json_t *signals = json_array();
    memcpy(who, key.p + key.n - OIN_LEN, OIN_LEN);
    const party *x = oin_parse(&o, who, OIN_LEN) ? NULL : directory_find(dir, &o);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (row->signals >> i & 1)
            json_array_append_new(signals, json_string(names[i]));
    return json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:f, s:o}", "party", who, "name", x ? x->name : "",
                     "domain", row->domain, "requests", (json_int_t)row->count, "refused", row->refusal / 1e6,
                     "late", row->lateness / 1e6, "failed", row->failure / 1e6, "signals", signals);
}

json_t *desk_cooperation_list(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    static const char prefix[] = "cooperation/";
    store_txn *t = NULL;
    store_cursor *c = NULL;
    directory *dir = NULL;
    bytes key, value;
    json_t *list = json_array();
    (void)q;
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = parties_load(t, p->directory.pk, &dir, f);
    if (!e)
        e = store_cursor_open(t, TABLE_META, bytes_str(prefix), bytes_str(prefix), &c);
    while (!e && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK) {
        ProtobufCMessage *m = NULL;
        arena *a = arena_new(4096);
        e = !a ? SLUIS_NOMEM
            : key.n != sizeof(prefix) - 1 + OIN_LEN
                ? SLUIS_CORRUPT
                : rows_open(p->rows, TABLE_META, key, value, a, &sluis__cooperation_row__descriptor, &m);
        if (!e)
            json_array_append_new(list, cooperation_json(dir, key, (const Sluis__CooperationRow *)m));
        arena_free(&a);
    }
    store_cursor_close(&c);
    store_abort(&t);
    directory_unref(&dir);
    if (!e || e == SLUIS_NOT_FOUND)
        return json_pack("{s:o}", "parties", list);
    json_decref(list);
    fail_set(f, e, "cooperation", "%s", error_text(e));
    return NULL;
}
