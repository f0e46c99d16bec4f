/* `key inspect` and `key needs-renewal`: what stands in key files and in the request made with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/key_folder.h"
#include "directory/directory.h"

static json_t *public_json(const char *use, const uint8_t *pk)
{
    char hex[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1];
    key_use u;
    if (key_use_parse(&u, use))
        return json_pack("{s:b}", "ok", 1);
    keyid k = keyid_of(u, pk);
    hex_encode(hex, pk, PK_LEN);
    hex_encode(id, k.b, KEYID_LEN);
    return json_pack("{s:b,s:s,s:s,s:s}", "ok", 1, "use", use, "id", id, "pk", hex);
}

static sluis_err inspect_public(json_t **out, const char *path, sluis_fail *f)
{
    pubkeys keys = {.n = 0};
    char *text = NULL;
    size_t n = 0;
    key_use use;
    sluis_err err = ctl_read(&text, &n, path, f);
    if (!err) {
        text[strcspn(text, " \n")] = '\0';
        err = key_use_parse(&use, text) ? fail_set(f, SLUIS_INVALID, path, "is not a public key file")
                                        : SLUIS_OK;
    }
    if (!err)
        err = pubfile_read_all(&keys, path, use, f);
    if (!err && keys.n == 1)
        *out = public_json(key_use_name(use), keys.pk[0]);
    else if (!err)
        *out = json_array();
    for (size_t i = 0; !err && keys.n > 1 && i < keys.n; i++) /* oldest first */
        json_array_append_new(*out, public_json(key_use_name(use), keys.pk[i]));
    free(text);
    return err;
}

static sluis_err inspect_private(json_t **out, const char *path, sluis_fail *f)
{
    keyfile_facts x;
    char created[TIME_STR];
    sluis_err err = keyfile_inspect(&x, path, f);
    if (err)
        return err;
    time_format(created, x.created);
    *out = public_json(x.use ? key_use_name((key_use)x.use) : "", x.pk);
    if (!x.use)
        json_object_set_new(*out, "use", json_string("bare secret"));
    json_object_set_new(*out, "created", json_string(created));
    json_object_set_new(*out, "version", json_integer(x.version));
    return SLUIS_OK;
}

ctl_exit ctl_key_inspect(ctl_call *c)
{
    const char *path = c->operand;
    size_t n = strlen(path);
    json_t *out = NULL;
    sluis_fail f = {0};
    bool public_ = n > 4 && strcmp(path + n - 4, ".pub") == 0;
    if (public_ ? inspect_public(&out, path, &f) : inspect_private(&out, path, &f))
        return ctl_failed(c, &f);
    static const char *const columns[] = {"use", "id", "pk", NULL};
    if (json_is_array(out))
        ctl_print_table(c, out, columns);
    else
        ctl_print(c, out);
    return CTL_OK;
}

static void add_row(json_t *rows, const char *what, uint64_t until, uint64_t now, uint64_t ahead)
{
    char day[TIME_STR];
    time_format(day, until);
    json_array_append_new(rows, json_pack("{s:s,s:s,s:I,s:b}", "key", what, "valid_until", day, "days",
                                          until > now ? (json_int_t)((until - now) / DAY_MS) : 0,
                                          "needs_renewal", until < now + ahead));
}

static sluis_err add_keys(json_t *rows, const char *dir, uint64_t now, uint64_t ahead, sluis_fail *f)
{
    static const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    Sluis__PartyEntry e;
    arena *a = arena_new(1u << 20);
    sluis_err err = a ? key_enrolment(&e, a, dir, f) : SLUIS_NOMEM;
    for (size_t u = 0; !err && u < sizeof uses / sizeof *uses; u++) {
        uint64_t latest = 0;
        for (size_t i = 0; i < e.n_keys; i++)
            if (e.keys[i]->use == uses[u] && e.keys[i]->valid_until > latest)
                latest = e.keys[i]->valid_until;
        add_row(rows, key_use_name(uses[u]), latest, now, ahead);
    }
    arena_free(&a);
    return err;
}

/* A key of a gateway: two years after it was made, or after the one was that follows it. */
static sluis_err add_own(json_t *rows, const char *dir, key_use use, uint64_t now, uint64_t ahead,
                         sluis_fail *f)
{
    char path[KEY_PATH_CAP];
    keyfile_facts facts = {0};
    sluis_err err = key_path(path, dir, key_use_name(use), ".new.key", f);
    if (!err && access(path, F_OK) != 0)
        err = key_path(path, dir, key_use_name(use), ".key", f);
    if (!err)
        err = keyfile_inspect(&facts, path, f);
    if (!err)
        add_row(rows, key_use_name(use), facts.created + OWN_KEY_MS, now, ahead);
    return err;
}

/* The directory key speaks for as long as the root said. */
static sluis_err add_delegation(json_t *rows, const char *path, uint64_t now, uint64_t ahead, sluis_fail *f)
{
    char *raw = NULL;
    size_t n = 0;
    delegated word;
    sluis_err err = ctl_read(&raw, &n, path, f);
    if (!err && delegation_read(&word, BYTES(raw, n), NULL))
        err = fail_set(f, SLUIS_CORRUPT, path, "is not a delegation");
    if (!err)
        add_row(rows, "directory", word.until, now, ahead);
    free(raw);
    return err;
}

/* A gateway's sealing keys renew themselves. */
static sluis_err add_gateway(json_t *rows, const char *dir, const char *word, uint64_t now, uint64_t ahead,
                             sluis_fail *f)
{
    static const key_use uses[] = {USE_SIGN, USE_CURVE, USE_LOG};
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < sizeof uses / sizeof *uses; i++)
        err = add_own(rows, dir, uses[i], now, ahead, f);
    return err ? err : add_delegation(rows, word, now, ahead, f);
}

ctl_exit ctl_key_needs_renewal(ctl_call *c)
{
    static const char *const columns[] = {"key", "valid_until", "days", "needs_renewal", NULL};
    const char *dir = ctl_value(c, "dir");
    uint64_t now = clock_ms(), ahead = (uint64_t)ctl_number(c, "days", 0, 3660) * DAY_MS;
    sluis_fail f = {0};
    json_t *rows = json_array(), *row;
    size_t i;
    bool due = false;
    char word[KEY_PATH_CAP];
    sluis_err err = key_path(word, dir, "delegation", ".bin", &f);
    if (!err)
        err = access(word, F_OK) == 0 ? add_gateway(rows, dir, word, now, ahead, &f)
                                      : add_keys(rows, dir, now, ahead, &f);
    if (err) {
        json_decref(rows);
        fail_set(&f, err, dir, "%s", error_text(err));
        ctl_failed(c, &f);
        return CTL_LOCAL; /* not 1: nothing was found to be due */
    }
    json_array_foreach(rows, i, row) due = due || json_is_true(json_object_get(row, "needs_renewal"));
    ctl_print_table(c, rows, columns);
    return due ? CTL_FOUND : CTL_OK;
}
