#include "crypto/pubfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/keydisk.h"

static int line_of(char out[static PUBFILE_MAX], key_use use, const uint8_t pk[static PK_LEN])
{
    char hex[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1];
    keyid k = keyid_of(use, pk);
    hex_encode(hex, pk, PK_LEN);
    hex_encode(id, k.b, KEYID_LEN);
    return snprintf(out, PUBFILE_MAX, "%s %s %s\n", key_use_name(use), hex, id);
}

/* The first line of text, with its LF; *used: its length. */
static sluis_err parse_line(uint8_t pk[static PK_LEN], size_t *used, const char *text, size_t n,
                            const char *path, key_use use, sluis_fail *f)
{
    char wanted[PUBFILE_MAX];
    size_t name = strlen(key_use_name(use));
    if (n <= name || strncmp(text, key_use_name(use), name) != 0 || text[name] != ' ')
        return fail_set(f, SLUIS_INVALID, path, "is not the public half of a %s key", key_use_name(use));
    if (n < name + 1 + 2 * PK_LEN || hex_decode(pk, PK_LEN, text + name + 1, 2 * PK_LEN))
        return fail_set(f, SLUIS_INVALID, path, "holds no key of 64 hex digits");
    *used = (size_t)line_of(wanted, use, pk);
    if (n < *used || memcmp(text, wanted, *used) != 0)
        return fail_set(f, SLUIS_INVALID, path,
                        "the key id does not fit the key: compare it with the original");
    return SLUIS_OK;
}

/* At most cap - 1 bytes, NUL-terminated. */
static sluis_err read_text(char *text, size_t cap, size_t *n, const char *path, sluis_fail *f)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, path, "cannot be opened: %s",
                        strerror(errno));
    *n = fread(text, 1, cap - 1, file);
    text[*n] = '\0';
    int bad = ferror(file);
    fclose(file);
    return bad ? fail_set(f, SLUIS_IO, path, "cannot be read") : SLUIS_OK;
}

sluis_err pubfile_read(uint8_t pk[static PK_LEN], const char *path, key_use expected, sluis_fail *f)
{
    char text[PUBFILE_MAX + 1];
    size_t n = 0, used = 0;
    sluis_err e = read_text(text, sizeof text, &n, path, f);
    if (!e)
        e = parse_line(pk, &used, text, n, path, expected, f);
    if (!e && used != n)
        e = fail_set(f, SLUIS_INVALID, path, "holds more than the one key that is needed here");
    return e;
}

sluis_err pubfile_read_all(pubkeys *out, const char *path, key_use expected, sluis_fail *f)
{
    char text[PUBFILE_KEYS * PUBFILE_MAX + 2];
    uint8_t pk[PK_LEN];
    size_t n = 0, at = 0, used = 0;
    *out = (pubkeys){0};
    sluis_err e = read_text(text, sizeof text, &n, path, f);
    do {
        if (!e)
            e = parse_line(pk, &used, text + at, n - at, path, expected, f);
        if (!e && pubkeys_hold(out, pk))
            e = fail_set(f, SLUIS_INVALID, path, "holds a key twice");
        if (!e && pubkeys_add(out, pk))
            e = fail_set(f, SLUIS_TOO_BIG, path, "holds more than %d keys", PUBFILE_KEYS);
        at += used;
    } while (!e && at < n);
    return e;
}

bool pubkeys_hold(const pubkeys *keys, const uint8_t pk[static PK_LEN])
{
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(keys->pk[i], pk, PK_LEN) == 0)
            return true;
    return false;
}

sluis_err pubkeys_add(pubkeys *keys, const uint8_t pk[static PK_LEN])
{
    if (pubkeys_hold(keys, pk))
        return SLUIS_OK;
    if (keys->n == PUBFILE_KEYS)
        return SLUIS_FULL;
    memcpy(keys->pk[keys->n++], pk, PK_LEN);
    return SLUIS_OK;
}

pubkeys pubkeys_of(const uint8_t pk[static PK_LEN])
{
    pubkeys one = {.n = 1};
    memcpy(one.pk[0], pk, PK_LEN);
    return one;
}

sluis_err pubfile_write(const char *path, key_use use, const uint8_t pk[static PK_LEN], sluis_fail *f)
{
    char text[PUBFILE_MAX];
    int n = line_of(text, use, pk);
    return keydisk_write_new(path, 0644, text, (size_t)n, f);
}

sluis_err pubfile_replace(const char *path, key_use use, const pubkeys *keys, sluis_fail *f)
{
    char text[PUBFILE_KEYS * PUBFILE_MAX], next[KEYDISK_PATH];
    size_t n = 0;
    if (snprintf(next, sizeof next, "%s.next", path) >= (int)sizeof next)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - 6);
    for (size_t i = 0; i < keys->n; i++)
        n += (size_t)line_of(text + n, use, keys->pk[i]);
    if (unlink(next) != 0 && errno != ENOENT) /* of an attempt that was cut off */
        return fail_set(f, SLUIS_IO, next, "cannot be removed: %s", strerror(errno));
    sluis_err e = keydisk_write_new(next, 0644, text, n, f);
    if (!e && rename(next, path) != 0)
        e = fail_set(f, SLUIS_IO, path, "cannot be replaced: %s", strerror(errno));
    return e ? e : keydisk_sync_folder(path, f);
}
