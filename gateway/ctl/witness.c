/* The witness's commands. It runs apart from the gateway, at somebody else's, and knows only the log's public
 * key: it cosigns a checkpoint that goes on from the last one it cosigned, and refuses any other. `witness
 * FILE` takes the request from a file, `witness follow` from the log that the gateway serves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/witness_state.h"

#define PATH_CAP 1024

sluis_err ctl_vkey_read(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *path,
                        sluis_fail *f)
{
    char *text = NULL;
    size_t n = 0;
    sluis_err e = ctl_read(&text, &n, path, f);
    if (e)
        return e;
    text[strcspn(text, "\n")] = '\0';
    if (cosigner_parse(name, pk, text))
        e = fail_set(f, SLUIS_INVALID, path, "is not the verifier key of a witness (witness.vkey)");
    free(text);
    return e;
}

ctl_exit ctl_witness_new_key(ctl_call *c)
{
    const char *dir = ctl_value(c, "dir"), *name = ctl_value(c, "name");
    char path[PATH_CAP], vkey[2 * ORIGIN_MAX + 64];
    keypair key = {0};
    sluis_fail f = {0};
    sluis_err e = keypair_generate(&key, USE_WITNESS, clock_ms());
    if (!e && cosigner_format(vkey, sizeof vkey - 1, name, key.pk)) {
        ctl_note(
            c, "sluisctl witness new-key: --name takes a name without spaces and +, such as witness.example");
        keypair_close(&key);
        return CTL_USAGE;
    }
    if (!e && mkdir(dir, 0700) && errno != EEXIST)
        e = fail_set(&f, SLUIS_IO, dir, "cannot be made: %s", strerror(errno));
    if (e || (e = witness_path(path, sizeof path, dir, "witness.key", &f)) ||
        (e = keyfile_write(path, &key, &f)) || (e = witness_path(path, sizeof path, dir, "witness.vkey", &f)))
        goto done;
    size_t n = strlen(vkey);
    vkey[n] = '\n';
    e = file_write_new(path, vkey, n + 1, 0644, &f);
    vkey[n] = '\0';
done:
    keypair_close(&key);
    if (e) {
        fail_set(&f, e, dir, "%s", error_text(e));
        return ctl_failed(c, &f);
    }
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "folder", dir, "verifier_key", vkey));
    return CTL_OK;
}

ctl_exit witness_refused(const ctl_call *c, const witness *w, sluis_err e, const sluis_fail *f)
{
    ctl_print(c, json_pack("{s:b,s:s,s:s,s:s,s:I}", "ok", 0, "code", error_token(e), "where", f->where,
                           "text", *f->text ? f->text : error_text(e), "last", (json_int_t)w->last.size));
    return CTL_FOUND;
}

ctl_exit ctl_witness(ctl_call *c)
{
    witness w = {.lock = -1};
    sluis_fail f = {0};
    char *request = NULL;
    size_t n = 0;
    bool mine = true;
    ctl_exit code = CTL_OK;
    sluis_err e = ctl_read(&request, &n, c->operand, &f);
    if (!e)
        e = witness_open(&w, ctl_value(c, "dir"), ctl_value(c, "log"), ctl_value(c, "log-key"),
                         ctl_value(c, "init") != NULL, &f);
    uint64_t old = w.last.size;
    if (!e)
        e = witness_cosign(&w, BYTES(request, n), ctl_value(c, "restored") != NULL, &mine, &f);
    if (!e && (mine = true))
        e = file_replace(ctl_value(c, "out"), w.note, w.note_len, 0644, &f);
    if (e && mine) { /* of this machine: nothing was judged */
        f.code = SLUIS_IO;
        code = ctl_failed(c, &f);
    } else if (e) {
        code = witness_refused(c, &w, e, &f);
    } else {
        ctl_print(c, json_pack("{s:b,s:s,s:s,s:I,s:I}", "ok", 1, "witness", w.name, "origin", w.last.origin,
                               "old", (json_int_t)old, "size", (json_int_t)w.last.size));
    }
    witness_close(&w);
    free(request);
    return code;
}
