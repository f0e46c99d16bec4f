/* What is asked of the house itself: health, metrics, the journal. */
#include <string.h>

#include "crypto/note.h"
#include "http/build.h"
#include "journal/tile_path.h"

sluis_err build_health(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    Sluis__ApiHealth *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_health__init(q);
    q->ready = true;
    c->op_case = SLUIS__API_CALL__OP_HEALTH;
    c->health = q;
    return SLUIS_OK;
}

sluis_err build_metrics(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    Sluis__ApiMetrics *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_metrics__init(q);
    c->op_case = SLUIS__API_CALL__OP_METRICS;
    c->metrics = q;
    return SLUIS_OK;
}

static sluis_err log_part(Sluis__LogPart part, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiLogGet *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_log_get__init(q);
    q->part = part;
    c->op_case = SLUIS__API_CALL__OP_LOG_GET;
    c->log_get = q;
    return SLUIS_OK;
}

sluis_err build_checkpoint(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    return log_part(SLUIS__LOG_PART__LOG_CHECKPOINT, a, c);
}

sluis_err build_witnessed(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    return log_part(SLUIS__LOG_PART__LOG_WITNESSED, a, c);
}

sluis_err build_tile(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    const char *tree = text(parameters, "niveau");
    bool entries = strcmp(tree, "entries") == 0;
    sluis_err e = log_part(entries ? SLUIS__LOG_PART__LOG_ENTRIES : SLUIS__LOG_PART__LOG_TILE, a, c);
    if (e)
        return e;
    c->log_get->level = entries ? 0 : (uint32_t)(tree[0] - '0');
    return tile_path_parse(text(parameters, "tegel"), &c->log_get->tile, &c->log_get->width) ? SLUIS_OK
                                                                                             : SLUIS_INVALID;
}

sluis_err build_prove(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    const char *size = text(parameters, "omvang");
    sluis_err e = log_part(SLUIS__LOG_PART__LOG_PROVE, a, c);
    if (e)
        return e;
    return note_number(&c->log_get->old, bytes_str(size + strlen("na-"))) ? SLUIS_OK : SLUIS_INVALID;
}

sluis_err build_cosign(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    Sluis__ApiLogCosign *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_log_cosign__init(q);
    q->note = text(body, "notitie");
    c->op_case = SLUIS__API_CALL__OP_LOG_COSIGN;
    c->log_cosign = q;
    return SLUIS_OK;
}
