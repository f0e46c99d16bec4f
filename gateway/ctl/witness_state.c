#include "ctl/witness_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/pubfile.h"
#include "ctl/commands.h"
#include "ctl/file.h"
#include "ctl/judge.h"

#define PATH_CAP 1024

sluis_err witness_path(char *out, size_t cap, const char *dir, const char *name, sluis_fail *f)
{
    return snprintf(out, cap, "%s/%s", dir, name) < (int)cap
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, "", "the path of the folder is too long");
}

static sluis_err read_last(witness *w, const char *path, sluis_fail *f)
{
    uint64_t seconds;
    char *text = NULL;
    size_t n = 0;
    sluis_err e = ctl_read(&text, &n, path, f);
    if (!e && !(e = checkpoint_open(&w->last, text, n, w->log_name, &w->log, f)))
        e = cosignature_open(&seconds, text, n, w->name, w->key.pk, f);
    if (!e) { /* a note that opens is no longer than NOTE_MAX */
        memcpy(w->note, text, n + 1);
        w->note_len = n;
        w->has_last = true;
    }
    free(text);
    return e;
}

sluis_err witness_open(witness *w, const char *dir, const char *log_name, const char *log_key_file, bool init,
                       sluis_fail *f)
{
    char path[PATH_CAP];
    uint8_t pk[PK_LEN];
    sluis_err e;
    *w = (witness){.dir = dir, .log_name = log_name, .lock = -1};
    if ((e = pubfile_read_all(&w->log, log_key_file, USE_LOG, f)) ||
        (e = witness_path(path, sizeof path, dir, "witness.key", f)) ||
        (e = keyfile_read(&w->key, path, USE_WITNESS, f)) ||
        (e = witness_path(path, sizeof path, dir, "witness.vkey", f)) ||
        (e = ctl_vkey_read(w->name, pk, path, f)))
        return e;
    if (memcmp(pk, w->key.pk, PK_LEN) != 0)
        return fail_set(f, SLUIS_INVALID, path, "is of another key than witness.key");
    w->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->lock < 0 || flock(w->lock, LOCK_EX))
        return fail_set(f, SLUIS_IO, dir, "cannot be locked: %s", strerror(errno));
    if ((e = witness_path(path, sizeof path, dir, "last", f)))
        return e;
    bool there = access(path, F_OK) == 0;
    if (there == init)
        return fail_set(f, there ? SLUIS_EXISTS : SLUIS_NOT_FOUND, path, "%s",
                        there ? "is there: --init is for a witness that has cosigned nothing yet"
                              : "is not there: give it back, or begin anew with --init");
    return init ? SLUIS_OK : read_last(w, path, f);
}

void witness_close(witness *w)
{
    keypair_close(&w->key);
    if (w->lock >= 0)
        close(w->lock);
    w->lock = -1;
}

/* What the origin before said last stays: it is what tells how much a restore has lost. */
static sluis_err keep_old_origin(const witness *w, sluis_fail *f)
{
    char name[32], path[PATH_CAP];
    const char *number = strrchr(w->last.origin, '/');
    snprintf(name, sizeof name, "last.%.20s", number ? number + 1 : "");
    sluis_err e = witness_path(path, sizeof path, w->dir, name, f);
    return e ? e : file_replace(path, w->note, w->note_len, 0600, f);
}

sluis_err witness_cosign(witness *w, bytes request, bool restored, bool *mine, sluis_fail *f)
{
    checkpoint now;
    char path[PATH_CAP], note[NOTE_MAX + 1];
    bytes text;
    *mine = false;
    sluis_err e =
        judge_request(&now, &text, w->has_last ? &w->last : NULL, restored, request, w->log_name, &w->log, f);
    if (e)
        return e;
    *mine = true;
    size_t n = text.n;
    memcpy(note, text.p, n);
    if ((e = checkpoint_cosign(note, sizeof note, &n, w->name, &w->key, clock_ms() / 1000)))
        return fail_set(f, e, "checkpoint", "%s",
                        e == SLUIS_EXISTS ? "carries this witness's signature already" : error_text(e));
    if (w->has_last && strcmp(w->last.origin, now.origin) != 0 && (e = keep_old_origin(w, f)))
        return e;
    /* The state goes first: a cosignature that left is never forgotten. */
    if ((e = witness_path(path, sizeof path, w->dir, "last", f)) ||
        (e = file_replace(path, note, n, 0600, f)))
        return e;
    memcpy(w->note, note, n);
    w->note[n] = '\0';
    w->note_len = n;
    w->last = now;
    w->has_last = true;
    return SLUIS_OK;
}
