/* `store upgrade`: a backup of an earlier format, brought to this one, so that it can be verified and
 * restored. What a gateway runs on it upgrades itself, at its start. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "tables/tables.h"
#include "upgrade/upgrade.h"

#define MAP_BYTES (UINT64_C(1) << 40) /* address space, not memory */

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
    upgrade_options o = {.dir = c->operand, .map_bytes = MAP_BYTES, .on_progress = on_progress, .ctx = c};
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
