#include "kit.h"

#include "wire/arena.h"

static void gives_aligned_memory_within_its_ceiling(void **state)
{
    (void)state;
    arena *a = arena_new(1000);
    size_t given = 0;
    for (void *p; (p = arena_alloc(a, 33)); given++) {
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 0xaa, 33);
    }
    assert_int_equal(given, 1008 / 48);
    assert_null(arena_alloc(a, SIZE_MAX));
    arena_free(&a);
    assert_null(a);
    arena_free(&a);
    assert_null(arena_new(SIZE_MAX));
}

static void grows_by_chunks_and_keeps_what_it_gave(void **state)
{
    (void)state;
    arena *a = arena_new_sized(1 << 20, 64);
    uint8_t *p[100];
    for (size_t i = 0; i < 100; i++) {
        p[i] = arena_alloc(a, 10 * i);
        assert_non_null(p[i]);
        memset(p[i], (int)i, 10 * i);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k < 10 * i; k++)
            assert_int_equal(p[i][k], i);
    arena_free(&a);
}

static void is_empty_and_wiped_after_a_reset(void **state)
{
    (void)state;
    arena *a = arena_new_sized(8192, 256);
    char *s = arena_strdup(a, "inhoud");
    assert_string_equal(s, "inhoud");
    assert_non_null(arena_alloc(a, 7000));
    assert_null(arena_alloc(a, 7000));
    arena_reset(a);
    assert_ptr_equal(arena_alloc(a, 7), s);
    assert_memory_equal(s, "\0\0\0\0\0\0", 7);
    assert_non_null(arena_alloc(a, 7000));
    arena_free(&a);
}

static void serves_protobuf(void **state)
{
    (void)state;
    const uint8_t raw[] = {0x0a, 2, 'i', 'd', 0x1a, 0};
    arena *a = arena_new(4096);
    Sluis__Subject *s = sluis__subject__unpack(arena_allocator(a), sizeof raw, raw);
    assert_non_null(s);
    assert_string_equal(s->bsn, "id");
    arena_allocator(a)->free(arena_allocator(a)->allocator_data, s);
    assert_string_equal(s->bsn, "id");
    arena_free(&a);
    a = arena_new(32);
    assert_null(sluis__subject__unpack(arena_allocator(a), sizeof raw, raw));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_memory_within_its_ceiling),
        cmocka_unit_test(grows_by_chunks_and_keeps_what_it_gave),
        cmocka_unit_test(is_empty_and_wiped_after_a_reset),
        cmocka_unit_test(serves_protobuf),
    };
    return crypto_start() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
