/* `key passphrase`: puts a folder of keys under a passphrase, under another, or under none. File after file,
 * each the old one or the new one whatever happens; cut off, the same command goes on from where it was. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/keydisk.h"
#include "ctl/commands.h"
#include "ctl/key_folder.h"

#define KEYS_MAX 256 /* files of one folder */

static int is_key(const struct dirent *x)
{
    size_t n = strlen(x->d_name);
    return n > 4 && strcmp(x->d_name + n - 4, ".key") == 0;
}

/* to: NULL when the keys shall have none. */
static sluis_err change_one(const char *path, passphrase *from, passphrase *to, sluis_fail *f)
{
    sluis_fail why = {0};
    sluis_err e = keyfile_reseal(path, from, to, &why);
    if (e == SLUIS_UNAUTHENTICATED && to && !keyfile_reseal(path, to, to, NULL))
        return SLUIS_OK; /* an earlier run came as far as this */
    return e ? fail_set(f, e, why.where, "%s", why.text) : SLUIS_OK;
}

static sluis_err change_all(const char *dir, passphrase *from, passphrase *to, int *count, sluis_fail *f)
{
    char path[KEY_PATH_CAP];
    struct dirent **names = NULL;
    sluis_err e = SLUIS_OK;
    int n = scandir(dir, &names, is_key, alphasort);
    if (n < 0)
        return fail_set(f, SLUIS_IO, dir, "cannot be read: %s", strerror(errno));
    if (n == 0 || n > KEYS_MAX)
        e = fail_set(f, n ? SLUIS_TOO_BIG : SLUIS_NOT_FOUND, dir, n ? "more than %d keys" : "holds no key",
                     KEYS_MAX);
    for (int i = 0; i < n; i++) {
        if (!e)
            e = key_path(path, dir, names[i]->d_name, "", f);
        if (!e)
            e = change_one(path, from, to, f);
        *count += !e;
        free(names[i]);
    }
    free(names);
    return e;
}

ctl_exit ctl_key_passphrase(ctl_call *c)
{
    const char *dir = ctl_value(c, "dir"), *from = ctl_value(c, "from"), *to = ctl_value(c, "to");
    passphrase old = {0}, next = {0};
    sluis_fail f = {0};
    int lock = -1, count = 0;
    if (!from && !to) {
        ctl_note(c, "sluisctl key passphrase: --from the old one, --to the new one, or both");
        return CTL_USAGE;
    }
    sluis_err e = keydisk_lock(&lock, dir, true, &f);
    if (!e && from)
        e = passphrase_open(&old, from, &f);
    if (!e && to)
        e = passphrase_open(&next, to, &f);
    if (!e)
        e = keydisk_finish(dir, &f);
    if (!e)
        e = change_all(dir, &old, to ? &next : NULL, &count, &f);
    passphrase_close(&old);
    passphrase_close(&next);
    if (lock >= 0)
        close(lock);
    if (e) {
        fail_set(&f, e, dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(
        c, json_pack("{s:b,s:s,s:i,s:b}", "ok", 1, "folder", dir, "keys", count, "passphrase", to != NULL));
    if (!to)
        ctl_note(
            c,
            "take passphrase_file out of the configuration; the old files' blocks may be on the disk still");
    return CTL_OK;
}
