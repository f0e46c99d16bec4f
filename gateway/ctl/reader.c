/* `journal reader`: a token for a party or witness that reads the journal over HTTP. The gateway's file gets
 * its name and the token's hash; the token itself is printed, and kept nowhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ids.h"
#include "crypto/crypto.h"
#include "ctl/commands.h"

#define TOKEN_BYTES 32

static sluis_err append(const char *path, const char *line, sluis_fail *f)
{
    size_t n = strlen(line);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        return fail_set(f, SLUIS_IO, path, "cannot be opened: %s", strerror(errno));
    bool written = write(fd, line, n) == (ssize_t)n && fsync(fd) == 0;
    if (!written)
        fail_set(f, SLUIS_IO, path, "cannot be written: %s", strerror(errno));
    close(fd);
    return written ? SLUIS_OK : SLUIS_IO;
}

ctl_exit ctl_journal_reader(ctl_call *c)
{
    uint8_t secret[TOKEN_BYTES], hash[HASH_LEN];
    char token[2 * TOKEN_BYTES + 1], hex[2 * HASH_LEN + 1], line[NAME_MAX_LEN + sizeof hex + 2];
    const char *name = ctl_value(c, "name"), *path = ctl_value(c, "file");
    sluis_fail f = {0};
    if (!name_valid(name)) {
        ctl_note(c, "sluisctl journal reader: --name takes [a-z0-9][a-z0-9._:-]{0,63}");
        return CTL_USAGE;
    }
    random_bytes(secret, sizeof secret);
    hex_encode(token, secret, sizeof secret);
    sha256(hash, (bytes[]){bytes_str(token)}, 1);
    hex_encode(hex, hash, sizeof hash);
    snprintf(line, sizeof line, "%s %s\n", name, hex);
    ctl_exit code = CTL_OK;
    if (append(path, line, &f))
        code = ctl_failed(c, &f);
    else
        ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "reader", name, "token", token));
    wipe(secret, sizeof secret);
    wipe(token, sizeof token);
    return code;
}
