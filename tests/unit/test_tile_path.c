/* Paths of tiles, as tlog-tiles writes them; every other way of writing them is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journal/tile_path.h"

static void paths_as_the_specification_writes_them(void **state)
{
    static const struct {
        uint64_t tile;
        size_t width;
        const char *path;
    } cases[] = {
        {0, 256, "tile/0/000"},
        {999, 256, "tile/0/999"},
        {1000, 256, "tile/0/x001/000"},
        {1234067, 256, "tile/0/x001/x234/067"},
        {5, 1, "tile/0/005.p/1"},
        {1234067, 255, "tile/0/x001/x234/067.p/255"},
        {UINT64_MAX / 256, 256, "tile/0/x072/x057/x594/x037/x927/935"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TILE_PATH_MAX];
        uint64_t tile = 0;
        uint32_t width = 0;
        tile_path_format(out, "0", cases[i].tile, cases[i].width);
        assert_string_equal(out, cases[i].path);
        assert_true(tile_path_parse(out + strlen("tile/0/"), &tile, &width));
        assert_int_equal(tile, cases[i].tile);
        assert_int_equal(width, cases[i].width);
    }
    char out[TILE_PATH_MAX];
    tile_path_format(out, "entries", 12, 7);
    assert_string_equal(out, "tile/entries/012.p/7");
}

static void other_ways_are_refused(void **state)
{
    static const char *const bad[] = {
        "",         "0",       "00",        "0000",        "x000",
        "x000/001", "001/002", "x001/x002", "001.p/0",     "001.p/256",
        "001.p/01", "001.p/",  "001.p/1/2", "001.p/-1",    "001.p",
        "001/",     "/001",    "00a",       "x1/000",      "001.P/1",
        "001.p/1 ", "+01",     "x001//000", "001.p/1.p/1", "x018/x446/x744/x073/x709/x551/616"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t tile;
        uint32_t width;
        if (tile_path_parse(bad[i], &tile, &width))
            fail_msg("taken: %s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_as_the_specification_writes_them),
        cmocka_unit_test(other_ways_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
