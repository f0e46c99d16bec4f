#include "ctl/key_folder.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/command.h"

sluis_err key_path(char out[static KEY_PATH_CAP], const char *dir, const char *name, const char *suffix,
                   sluis_fail *f)
{
    int n = snprintf(out, KEY_PATH_CAP - 8, "%s/%s%s", dir, name, suffix);
    return n > 0 && n < KEY_PATH_CAP - 8
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, "", "the path of the folder is too long");
}

sluis_err key_enrolment(Sluis__PartyEntry *out, arena *a, const char *dir, sluis_fail *f)
{
    char path[KEY_PATH_CAP], *text = NULL;
    size_t n = 0;
    sluis_err err = key_path(path, dir, "enrolment", ".json", f);
    if (!err)
        err = ctl_read(&text, &n, path, f);
    if (!err)
        err = enrolment_parse(out, a, text, n, f);
    free(text);
    return err;
}
