/* `store upgrade`: a backup of an earlier format, brought to this one, so that it can be verified and
 * restored. What a gateway runs on it upgrades itself, at its start. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "store/store_check.h"
#include "tables/tables.h"
#include "upgrade/upgrade.h"

#define PATH_CAP  2048
#define MAP_BYTES (UINT64_C(1) << 30) /* the least */

/* Room for a store made anew from this one, with as much again for pages that are less full. */
static uint64_t map_bytes(const char *dir)
{
    char path[PATH_CAP];
    struct stat st;
    bool there =
        snprintf(path, sizeof path, "%s/store/" STORE_FILE, dir) < (int)sizeof path && !stat(path, &st);
    return MAP_BYTES + (there ? 2 * (uint64_t)st.st_size : 0);
}

static void on_progress(void *ctx, const upgrade_progress *p)
{
    const ctl_call *c = ctx;
    if (!c->json && isatty(STDERR_FILENO))
        fprintf(stderr, "\rversion %u to %u: %" PRIu64 " of %" PRIu64 " rows%s", p->from, p->to, p->done,
                p->total, p->done == p->total ? "\n" : "");
}

ctl_exit ctl_store_upgrade(ctl_call *c)
{
    sluis_fail f = {0};
    uint8_t *km = NULL;
    upgrade_options o = {
        .dir = c->operand, .map_bytes = map_bytes(c->operand), .on_progress = on_progress, .ctx = c};
    sluis_err e = secretfile_read(&km, ctl_value(c, "master-key"), &f);
    if (e == SLUIS_NOT_FOUND)
        f.code = SLUIS_IO;
    o.km = km;
    if (!e)
        e = upgrade_store(&o, &f);
    secret_free(km);
    if (e)
        return ctl_failed(c, &f);
    ctl_print(c, json_pack("{s:s, s:i}", "store", c->operand, "version", GATEWAY_STORE_VERSION));
    return CTL_OK;
}
