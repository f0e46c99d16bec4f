#include "policy/recorded.h"

#include <string.h>

#include "policy/ruleset.h"
#include "rows.pb-c.h"

#define ROW_KEY_LEN (8 + HASH_LEN)
#define ARENA_LEN   (8u << 20)

static void key_of(uint8_t key[static ROW_KEY_LEN], const recorded *which)
{
    put_u64(key, which->since);
    memcpy(key + 8, which->hash, HASH_LEN);
}

sluis_err recorded_put(store_txn *t, const row_keys *k, const rules *r, uint64_t since)
{
    Sluis__RulesRow row = SLUIS__RULES_ROW__INIT;
    Sluis__RulesFileRow file[RULESET_FILES], *files[RULESET_FILES];
    uint8_t key[ROW_KEY_LEN];
    recorded which = {.since = since};
    memcpy(which.hash, rules_hash(r), HASH_LEN);
    key_of(key, &which);
    for (size_t i = 0; i < RULESET_FILES; i++) {
        rules_text text = rules_text_at(r, i);
        if (!text.text)
            continue;
        sluis__rules_file_row__init(&file[i]);
        file[i].name = (char *)(uintptr_t)text.name; /* protobuf-c knows no const */
        file[i].text = (ProtobufCBinaryData){text.n, (uint8_t *)(uintptr_t)text.text};
        files[row.n_files++] = &file[i];
    }
    row.files = files;
    return rows_put(t, k, TABLE_RULESET, BYTES_OF(key), &row.base);
}

/* Walks the keys, oldest first, as long as they begin at or before the moment, at most count of them. */
static sluis_err walk(store_txn *t, uint64_t moment, size_t count, recorded *out)
{
    store_cursor *c = NULL;
    bytes key, value;
    size_t n = 0;
    sluis_err e = store_cursor_open(t, TABLE_RULESET, ROW_EMPTY, ROW_EMPTY, &c);
    while (!e && n < count && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK) {
        if (key.n != ROW_KEY_LEN) {
            e = SLUIS_CORRUPT;
        } else if (get_u64(key.p) > moment) {
            break;
        } else {
            out->since = get_u64(key.p);
            memcpy(out->hash, key.p + 8, HASH_LEN);
            n++;
        }
    }
    store_cursor_close(&c);
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    return n == 0 || (count != SIZE_MAX && n < count) ? SLUIS_NOT_FOUND : SLUIS_OK;
}

sluis_err recorded_at(store_txn *t, uint64_t moment, recorded *out)
{
    return walk(t, moment, SIZE_MAX, out);
}

sluis_err recorded_nth(store_txn *t, size_t i, recorded *out)
{
    return walk(t, UINT64_MAX, i + 1, out);
}

static sluis_err load_row(const Sluis__RulesRow *row, const recorded *which, rules **out, sluis_fail *f)
{
    rules_text texts[RULESET_FILES];
    if (row->n_files > RULESET_FILES)
        return fail_set(f, SLUIS_CORRUPT, "ruleset", "more files than a set has");
    for (size_t i = 0; i < row->n_files; i++)
        texts[i] = (rules_text){.name = row->files[i]->name,
                                .text = (const char *)row->files[i]->text.data,
                                .n = row->files[i]->text.len};
    sluis_err e = rules_load_texts(out, texts, row->n_files, f);
    if (!e && memcmp(rules_hash(*out), which->hash, HASH_LEN) != 0) {
        rules_unref(out);
        e = fail_set(f, SLUIS_CORRUPT, "ruleset", "its files have another hash than it was recorded under");
    }
    return e;
}

sluis_err recorded_load(store_txn *t, const row_keys *k, const recorded *which, rules **out, sluis_fail *f)
{
    uint8_t key[ROW_KEY_LEN];
    ProtobufCMessage *m = NULL;
    *out = NULL;
    arena *a = arena_new(ARENA_LEN);
    key_of(key, which);
    sluis_err e =
        a ? rows_get(t, k, TABLE_RULESET, BYTES_OF(key), a, &sluis__rules_row__descriptor, &m) : SLUIS_NOMEM;
    e = e ? fail_set(f, e, "ruleset", "%s", error_text(e))
          : load_row((const Sluis__RulesRow *)m, which, out, f);
    arena_free(&a);
    return e;
}
