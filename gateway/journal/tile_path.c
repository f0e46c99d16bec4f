#include "journal/tile_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 7 /* 64 bits */

void tile_path_format(char out[static TILE_PATH_MAX], const char *tree, uint64_t tile, size_t width)
{
    unsigned group[GROUPS_MAX];
    int groups = 0;
    do
        group[groups++] = (unsigned)(tile % 1000);
    while ((tile /= 1000));
    int n = snprintf(out, TILE_PATH_MAX, "tile/%.8s", tree);
    while (groups-- && n < TILE_PATH_MAX)
        n += snprintf(out + n, TILE_PATH_MAX - (size_t)n, "/%s%03u", groups ? "x" : "", group[groups]);
    if (width < TILE_WIDTH && n < TILE_PATH_MAX)
        snprintf(out + n, TILE_PATH_MAX - (size_t)n, ".p/%zu", width);
}

bool tile_path_parse(const char *s, uint64_t *tile, uint32_t *width)
{
    char again[TILE_PATH_MAX];
    static const char head[] = "tile/0/";
    size_t n = strlen(s);
    uint64_t number = 0;
    if (n >= TILE_PATH_MAX - sizeof head)
        return false;
    const char *partial = strstr(s, ".p/");
    for (const char *at = s; *at && at != partial; at++) {
        if (*at >= '0' && *at <= '9') {
            if (number > (UINT64_MAX - 9) / 10)
                return false;
            number = 10 * number + (uint64_t)(*at - '0');
        }
    }
    unsigned long w = partial ? strtoul(partial + 3, NULL, 10) : TILE_WIDTH;
    if (w == 0 || w > TILE_WIDTH || (partial && w == TILE_WIDTH))
        return false;
    tile_path_format(again, "0", number, w); /* anything written otherwise differs from this */
    *tile = number;
    *width = (uint32_t)w;
    return strcmp(again + strlen(head), s) == 0;
}
