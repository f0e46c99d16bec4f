#include "crypto/pubfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int line_of(char out[static PUBFILE_MAX], key_use use, const uint8_t pk[static PK_LEN])
{
    char hex[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1];
    keyid k = keyid_of(use, pk);
    hex_encode(hex, pk, PK_LEN);
    hex_encode(id, k.b, KEYID_LEN);
    return snprintf(out, PUBFILE_MAX, "%s %s %s\n", key_use_name(use), hex, id);
}

sluis_err pubfile_read(uint8_t pk[static PK_LEN], const char *path, key_use expected, sluis_fail *f)
{
    char text[PUBFILE_MAX + 1], wanted[PUBFILE_MAX];
    FILE *file = fopen(path, "r");
    if (!file)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, path, "cannot be opened: %s",
                        strerror(errno));
    size_t n = fread(text, 1, PUBFILE_MAX, file);
    int bad = ferror(file);
    fclose(file);
    if (bad)
        return fail_set(f, SLUIS_IO, path, "cannot be read");
    text[n] = '\0';
    size_t name = strlen(key_use_name(expected));
    if (strncmp(text, key_use_name(expected), name) != 0 || text[name] != ' ')
        return fail_set(f, SLUIS_INVALID, path, "is not the public half of a %s key", key_use_name(expected));
    if (n < name + 1 + 2 * PK_LEN || hex_decode(pk, PK_LEN, text + name + 1, 2 * PK_LEN))
        return fail_set(f, SLUIS_INVALID, path, "holds no key of 64 hex digits");
    int len = line_of(wanted, expected, pk);
    if (n != (size_t)len || memcmp(text, wanted, n) != 0)
        return fail_set(f, SLUIS_INVALID, path,
                        "the key id does not fit the key: compare it with the original");
    return SLUIS_OK;
}

sluis_err pubfile_write(const char *path, key_use use, const uint8_t pk[static PK_LEN], sluis_fail *f)
{
    char text[PUBFILE_MAX];
    int n = line_of(text, use, pk);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail_set(f, errno == EEXIST ? SLUIS_EXISTS : SLUIS_IO, path, "cannot be made: %s",
                        strerror(errno));
    int bad = write(fd, text, (size_t)n) != n || fsync(fd) != 0;
    if (close(fd) != 0 || bad)
        return fail_set(f, SLUIS_IO, path, "cannot be written: %s", strerror(errno));
    return SLUIS_OK;
}
