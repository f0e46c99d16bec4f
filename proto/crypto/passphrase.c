#include "crypto/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CREDENTIAL_PATH 4096
#define CREDENTIAL_NAME 255

/* Root's file that the group may read is how systemd hands a credential to a service (an access list). */
static sluis_err check_mode(int fd, const char *from, sluis_fail *f)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_set(f, SLUIS_IO, from, "cannot be looked at: %s", strerror(errno));
    mode_t others = st.st_uid == 0 && geteuid() != 0 ? 07 : 077;
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (S_ISREG(st.st_mode) && (st.st_mode & others)))
        return fail_set(f, SLUIS_PERMISSION, from, "others can read it: chown it, chmod 600 it");
    return SLUIS_OK;
}

static sluis_err take_line(passphrase *out, int fd, const char *from, sluis_fail *f)
{
    uint8_t *text = secret_alloc(PASSPHRASE_MAX + 2);
    size_t n = 0;
    ssize_t r = 1;
    if (!text)
        return fail_set(f, SLUIS_NOMEM, from, "no locked memory left: raise the memlock limit (ulimit -l)");
    while (n < PASSPHRASE_MAX + 2 && r > 0 && !memchr(text, '\n', n)) {
        r = read(fd, text + n, PASSPHRASE_MAX + 2 - n);
        if (r < 0 && errno == EINTR)
            r = 1;
        else if (r > 0)
            n += (size_t)r;
    }
    const uint8_t *end = memchr(text, '\n', n);
    n = end ? (size_t)(end - text) : n;
    sluis_err e = r < 0 ? fail_set(f, SLUIS_IO, from, "cannot be read: %s", strerror(errno))
                  : n < PASSPHRASE_MIN
                      ? fail_set(f, SLUIS_INVALID, from, "a passphrase has at least %d bytes", PASSPHRASE_MIN)
                  : n > PASSPHRASE_MAX
                      ? fail_set(f, SLUIS_TOO_BIG, from, "a passphrase has at most %d bytes", PASSPHRASE_MAX)
                      : SLUIS_OK;
    if (e)
        secret_free(text);
    else
        *out = (passphrase){.text = text, .n = n};
    return e;
}

static sluis_err ask(passphrase *out, sluis_fail *f)
{
    static const char prompt[] = "passphrase: ", newline[] = "\n";
    struct termios was, quiet;
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &was)) {
        if (fd >= 0)
            close(fd);
        return fail_set(f, SLUIS_IO, "tty", "there is no terminal to ask on: name a file, or fd:N");
    }
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    bool asked = write(fd, prompt, sizeof prompt - 1) > 0;
    sluis_err e = asked ? take_line(out, fd, "tty", f) : fail_set(f, SLUIS_IO, "tty", "cannot be written to");
    tcsetattr(fd, TCSAFLUSH, &was);
    if (write(fd, newline, 1) < 0 && !e)
        e = fail_set(f, SLUIS_IO, "tty", "cannot be written to");
    close(fd);
    if (e)
        passphrase_close(out);
    return e;
}

/* systemd names the folder of a service's credentials in its environment. */
static sluis_err credential_path(char out[static CREDENTIAL_PATH], const char *name, sluis_fail *f)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!*name || strchr(name, '/') || strlen(name) > CREDENTIAL_NAME)
        return fail_set(f, SLUIS_INVALID, name, "is no credential's name: credential:NAME");
    if (!folder || *folder != '/')
        return fail_set(f, SLUIS_NOT_FOUND, name,
                        "no CREDENTIALS_DIRECTORY: is this a systemd service with LoadCredential=%s:FILE?",
                        name);
    if (snprintf(out, CREDENTIAL_PATH, "%s/%s", folder, name) >= CREDENTIAL_PATH)
        return fail_set(f, SLUIS_TOO_BIG, name, "CREDENTIALS_DIRECTORY is too long");
    return SLUIS_OK;
}

sluis_err passphrase_open(passphrase *out, const char *from, sluis_fail *f)
{
    char path[CREDENTIAL_PATH];
    *out = (passphrase){0};
    if (strncmp(from, "credential:", 11) == 0) {
        sluis_err none = credential_path(path, from + 11, f);
        if (none)
            return none;
        from = path;
    }
    if (strcmp(from, "tty") == 0)
        return ask(out, f);
    if (strncmp(from, "fd:", 3) == 0) {
        char *end = NULL;
        long fd = strtol(from + 3, &end, 10);
        if (end == from + 3 || *end || fd < 0 || fd > 1 << 20)
            return fail_set(f, SLUIS_INVALID, from, "names no descriptor: fd:3");
        return take_line(out, (int)fd, from, f);
    }
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_PERMISSION, from, "cannot be opened: %s",
                        strerror(errno));
    sluis_err e = check_mode(fd, from, f);
    if (!e)
        e = take_line(out, fd, from, f);
    close(fd);
    return e;
}

sluis_err passphrase_derive(passphrase *p, const uint8_t salt[static SALT_PASS_LEN], uint32_t passes,
                            uint32_t memory_kib, const uint8_t **key)
{
    sluis_err e = SLUIS_OK;
    if (!p->key && !(p->key = secret_alloc(KEY_LEN)))
        return SLUIS_NOMEM;
    if (p->passes != passes || p->memory_kib != memory_kib || memcmp(p->salt, salt, SALT_PASS_LEN) != 0)
        e = passphrase_key(p->key, BYTES(p->text, p->n), salt, passes, memory_kib);
    p->passes = e ? 0 : passes; /* 0: the key stands for nothing */
    p->memory_kib = memory_kib;
    memcpy(p->salt, salt, SALT_PASS_LEN);
    *key = p->key;
    return e;
}

void passphrase_close(passphrase *p)
{
    secret_free(p->key);
    secret_free(p->text);
    *p = (passphrase){0};
}
