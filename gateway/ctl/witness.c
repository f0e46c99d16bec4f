/* `witness`: cosigns a checkpoint that goes on from the last one it cosigned, and refuses any other. It runs
 * apart from the gateway, at somebody else's, and knows only the log's public key. Its folder:
 *
 *   witness.key, witness.key.pub    its key pair
 *   witness.vkey                    what verifiers need: <name>+<hash>+<key>, one line
 *   last                            the last note it cosigned; written and synced before a cosignature leaves
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/judge.h"

#define PATH_CAP 1024

typedef struct {
    const char *dir, *log_name;
    char name[ORIGIN_MAX + 1];
    keypair key;
    uint8_t log_pk[PK_LEN];
    int lock;
    checkpoint last, now;
    bool has_last;
    char note[NOTE_MAX + 1]; /* cosigned */
    size_t note_len;
} witness;

static sluis_err path_in(char out[static PATH_CAP], const char *dir, const char *name, sluis_fail *f)
{
    return snprintf(out, PATH_CAP, "%s/%s", dir, name) < PATH_CAP
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, "", "the path of the folder is too long");
}

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

/* ---- new-key ---- */

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
    if (e || (e = path_in(path, dir, "witness.key", &f)) || (e = keyfile_write(path, &key, &f)) ||
        (e = path_in(path, dir, "witness.vkey", &f)))
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

/* ---- witness ---- */

/* Key, lock, and the last cosigned note: ours in every way, or nothing is cosigned. */
static sluis_err witness_open(witness *w, bool init, sluis_fail *f)
{
    char path[PATH_CAP];
    uint8_t pk[PK_LEN];
    uint64_t seconds;
    char *text = NULL;
    size_t n = 0;
    sluis_err e;
    if ((e = path_in(path, w->dir, "witness.key", f)) || (e = keyfile_read(&w->key, path, USE_WITNESS, f)) ||
        (e = path_in(path, w->dir, "witness.vkey", f)) || (e = ctl_vkey_read(w->name, pk, path, f)))
        return e;
    if (memcmp(pk, w->key.pk, PK_LEN) != 0)
        return fail_set(f, SLUIS_INVALID, path, "is of another key than witness.key");
    w->lock = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->lock < 0 || flock(w->lock, LOCK_EX))
        return fail_set(f, SLUIS_IO, w->dir, "cannot be locked: %s", strerror(errno));
    if ((e = path_in(path, w->dir, "last", f)))
        return e;
    bool there = access(path, F_OK) == 0;
    if (there == init)
        return fail_set(f, there ? SLUIS_EXISTS : SLUIS_NOT_FOUND, path, "%s",
                        there ? "is there: --init is for a witness that has cosigned nothing yet"
                              : "is not there: give it back, or begin anew with --init");
    if (init)
        return SLUIS_OK;
    if (!(e = ctl_read(&text, &n, path, f)) &&
        !(e = checkpoint_open(&w->last, text, n, w->log_name, w->log_pk, f)))
        e = cosignature_open(&seconds, text, n, w->name, w->key.pk, f);
    w->has_last = !e;
    free(text);
    return e;
}

static void witness_close(witness *w)
{
    keypair_close(&w->key);
    if (w->lock >= 0)
        close(w->lock);
}

/* The state goes first: a cosignature that left is never forgotten. */
static sluis_err cosign(witness *w, bytes note, const char *out, sluis_fail *f)
{
    char path[PATH_CAP];
    memcpy(w->note, note.p, note.n);
    w->note_len = note.n;
    sluis_err e =
        checkpoint_cosign(w->note, sizeof w->note, &w->note_len, w->name, &w->key, clock_ms() / 1000);
    if (e)
        return fail_set(f, e, "checkpoint", "%s",
                        e == SLUIS_EXISTS ? "carries this witness's signature already" : error_text(e));
    if ((e = path_in(path, w->dir, "last", f)) || (e = file_replace(path, w->note, w->note_len, 0600, f)))
        return e;
    return file_replace(out, w->note, w->note_len, 0644, f);
}

static ctl_exit refused(const ctl_call *c, const witness *w, sluis_err e, const sluis_fail *f)
{
    ctl_print(c, json_pack("{s:b,s:s,s:s,s:s,s:I}", "ok", 0, "code", error_token(e), "where", f->where,
                           "text", *f->text ? f->text : error_text(e), "last", (json_int_t)w->last.size));
    return CTL_FOUND;
}

ctl_exit ctl_witness(ctl_call *c)
{
    witness w = {.dir = ctl_value(c, "dir"), .log_name = ctl_value(c, "log"), .lock = -1};
    sluis_fail f = {0};
    char *request = NULL;
    size_t n = 0;
    bytes note;
    ctl_exit code = CTL_OK;
    sluis_err e = pubfile_read(w.log_pk, ctl_value(c, "log-key"), USE_LOG, &f);
    if (!e)
        e = ctl_read(&request, &n, c->operand, &f);
    if (!e)
        e = witness_open(&w, ctl_value(c, "init") != NULL, &f);
    if (e) { /* of this machine: nothing was judged */
        f.code = SLUIS_IO;
        code = ctl_failed(c, &f);
        goto done;
    }
    if ((e = judge_request(&w.now, &note, w.has_last ? &w.last : NULL, BYTES(request, n), w.log_name,
                           w.log_pk, &f))) {
        code = refused(c, &w, e, &f);
        goto done;
    }
    if ((e = cosign(&w, note, ctl_value(c, "out"), &f))) {
        code = ctl_failed(c, &f);
        goto done;
    }
    ctl_print(c, json_pack("{s:b,s:s,s:s,s:I,s:I}", "ok", 1, "witness", w.name, "origin", w.now.origin, "old",
                           (json_int_t)w.last.size, "size", (json_int_t)w.now.size));
done:
    witness_close(&w);
    free(request);
    return code;
}
