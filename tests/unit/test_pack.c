/* wire_pack, unpack_own and wire_unpack beside protobuf-c's own packing and unpacking: the same bytes and the
 * same messages, with anything in any field; of a stranger what the pre-scan lets through. */
#include "kit.h"

#include "api.pb-c.h"
#include "rows.pb-c.h"
#include "wire/prescan.h"
#include "wire/unpack.h"

static uint64_t dice;

static size_t roll(size_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)(dice % n);
}

/* Of any length in bits, and so of any length when packed. */
static uint64_t number(void)
{
    roll(2);
    return roll(3) ? dice >> roll(64) : 0;
}

/* Around the lengths that take a byte more, too. */
static size_t length(void)
{
    static const size_t edges[] = {0, 1, 126, 127, 128, 129, 300};
    return roll(8) ? roll(12) : edges[roll(7)];
}

static void *room(arena *a, size_t n)
{
    void *p = arena_alloc(a, n + 1);
    assert_non_null(p);
    memset(p, 0, n + 1);
    return p;
}

static ProtobufCMessage *any_message(arena *a, const ProtobufCMessageDescriptor *d);

static void any_value(arena *a, const ProtobufCFieldDescriptor *f, void *at)
{
    size_t n;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        n = length();
        *(char **)at = memset(room(a, n), 'x', n);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        n = length();
        *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){n, memset(room(a, n), 0xa5, n)};
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)at = any_message(a, f->descriptor);
        return;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)at = number();
        return;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = (protobuf_c_boolean)roll(2);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)at = (int)(number() & INT32_MAX);
        return;
    default:
        *(uint32_t *)at = (uint32_t)number();
    }
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static ProtobufCMessage *any_message(arena *a, const ProtobufCMessageDescriptor *d)
{
    uint8_t *m = room(a, d->sizeof_message);
    protobuf_c_message_init(d, m);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            const size_t n = roll(2) ? roll(4) : 0, size = size_of(f);
            uint8_t *list = room(a, n * size);
            for (size_t k = 0; k < n; k++)
                any_value(a, f, list + k * size);
            *(size_t *)(void *)(m + f->quantifier_offset) = n;
            *(void **)(void *)(m + f->offset) = list;
        } else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (*(uint32_t *)(void *)(m + f->quantifier_offset) || roll(d->n_fields))
                continue;
            *(uint32_t *)(void *)(m + f->quantifier_offset) = f->id;
            any_value(a, f, m + f->offset);
        } else if (roll(3)) {
            any_value(a, f, m + f->offset);
        }
    }
    return (ProtobufCMessage *)(void *)m;
}

static const ProtobufCMessageDescriptor *const all[] = {
    &sluis__frame__descriptor,
    &sluis__core__descriptor,
    &sluis__header__descriptor,
    &sluis__sig_block__descriptor,
    &sluis__request_body__descriptor,
    &sluis__response_body__descriptor,
    &sluis__case_handover_body__descriptor,
    &sluis__record__descriptor,
    &sluis__receipt__descriptor,
    &sluis__directory_snapshot__descriptor,
    &sluis__api_call__descriptor,
    &sluis__api_reply__descriptor,
    &sluis__api_view__descriptor,
    &sluis__api_export__descriptor,
    &sluis__case_row__descriptor,
    &sluis__request_row__descriptor,
    &sluis__datum_row__descriptor,
    &sluis__dossier_row__descriptor,
};

static void gives_the_bytes_of_protobuf_c(void **state)
{
    static uint8_t expected[1 << 20];
    size_t bytes_seen = 0;
    (void)state;
    dice = 88172645463325252;
    for (size_t i = 0; i < 20000; i++) {
        arena *a = arena_new(8 << 20);
        const ProtobufCMessage *m = any_message(a, all[i % (sizeof all / sizeof *all)]);
        const size_t n = protobuf_c_message_get_packed_size(m);
        buffer b;
        assert_true(n <= sizeof expected);
        protobuf_c_message_pack(m, expected);
        buffer_init(&b, n + 1);
        buffer_u8(&b, '-'); /* what stands in it stays */
        assert_int_equal(wire_pack(&b, m), SLUIS_OK);
        assert_int_equal(b.n, n + 1);
        assert_int_equal(b.p[0], '-');
        assert_memory_equal(b.p + 1, expected, n);
        buffer_close(&b);
        arena_free(&a);
        bytes_seen += n;
    }
    assert_true(bytes_seen > 1000000);
}

/* One byte less than it takes: nothing of it is left in the buffer. */
static void what_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    dice = 362436069;
    for (size_t i = 0; i < 500; i++) {
        arena *a = arena_new(8 << 20);
        const ProtobufCMessage *m = any_message(a, all[i % (sizeof all / sizeof *all)]);
        const size_t n = protobuf_c_message_get_packed_size(m);
        buffer b;
        buffer_init(&b, n);
        buffer_u8(&b, '-');
        if (n) {
            assert_int_equal(wire_pack(&b, m), SLUIS_TOO_BIG);
            assert_int_equal(b.n, 1);
        }
        buffer_close(&b);
        arena_free(&a);
    }
}

/* Another byte, some bytes fewer, some bytes twice, or the halves in the other order. */
static void spoil(buffer *b)
{
    uint8_t old[4096];
    const size_t n = b->n, at = roll(n), len = 1 + roll(n - at < 8 ? n - at : 8);
    memcpy(old, b->p, n);
    switch (roll(4)) {
    case 0:
        b->p[at] = (uint8_t)roll(256);
        break;
    case 1:
        memmove(b->p + at, old + at + len, n - at - len);
        b->n = n - len;
        break;
    case 2:
        assert_non_null(buffer_room(b, len));
        memcpy(b->p + at + len, old + at, n - at);
        break;
    default:
        memcpy(b->p, old + at, n - at);
        memcpy(b->p + n - at, old, at);
    }
}

/* What protobuf-c packs again tells it. */
static void assert_same(const ProtobufCMessage *m, const ProtobufCMessage *other)
{
    static uint8_t ours[1 << 17], theirs[1 << 17];
    const size_t n = protobuf_c_message_get_packed_size(m);
    assert_true(n <= sizeof ours);
    assert_int_equal(n, protobuf_c_message_get_packed_size(other));
    protobuf_c_message_pack(m, ours);
    protobuf_c_message_pack(other, theirs);
    assert_memory_equal(ours, theirs, n);
}

/* Takes the same bytes, and makes the same of them; as a stranger's, when the pre-scan finds nothing wrong,
 * and else says the same of them. True: taken. */
static bool taken_alike(const ProtobufCMessageDescriptor *d, bytes raw, size_t *strict)
{
    arena *a = arena_new(8 << 20);
    sluis_fail found = {0}, told = {0};
    ProtobufCMessage *m = unpack_own(d, a, raw), *other = protobuf_c_message_unpack(d, NULL, raw.n, raw.p);
    const bool taken = other != NULL;
    assert_int_equal(m != NULL, taken);
    if (taken)
        assert_same(m, other);
    assert_int_equal(wire_unpack(&m, d, a, raw, &told), prescan(d, raw, &found));
    assert_string_equal(told.where, found.where);
    assert_string_equal(told.text, found.text);
    assert_int_equal(m != NULL, !found.code);
    if (m)
        assert_same(m, other);
    *strict += taken && !m;
    protobuf_c_message_free_unpacked(other, NULL);
    arena_free(&a);
    return taken;
}

static void takes_what_protobuf_c_takes(void **state)
{
    size_t whole = 0, spoiled = 0, refused = 0, strict = 0;
    (void)state;
    dice = 521288629;
    while (whole < 10000 || spoiled < 10000 || refused < 10000 || strict < 1000) {
        const ProtobufCMessageDescriptor *d = all[(whole + spoiled + refused) % (sizeof all / sizeof *all)];
        arena *a = arena_new(8 << 20);
        buffer b;
        buffer_init(&b, 1 << 20);
        assert_int_equal(wire_pack(&b, any_message(a, d)), SLUIS_OK);
        if (b.n) {
            assert_true(taken_alike(d, buffer_bytes(&b), &strict));
            whole++;
        }
        for (size_t i = 1 + roll(3); i > 0 && b.n > 0 && b.n < 4000; i--)
            spoil(&b);
        if (b.n)
            *(taken_alike(d, buffer_bytes(&b), &strict) ? &spoiled : &refused) += 1;
        buffer_close(&b);
        arena_free(&a);
    }
}

/* The arena's ceiling holds for it; what a first try took of it is given back. */
static void an_arena_is_not_exceeded(void **state)
{
    const uint8_t late[] = {0x1a, 0x01, 'x', 0x08, 0x01}; /* fields out of order: protobuf-c takes it */
    const size_t message = (sizeof(Sluis__Hello) + 15) / 16 * 16;
    (void)state;
    for (size_t max = 16; max < 2 * message; max += 16) {
        arena *a = arena_new(max);
        const Sluis__Hello *h = (Sluis__Hello *)unpack_own(&sluis__hello__descriptor, a, BYTES_OF(late));
        assert_int_equal(h != NULL, max >= message + 16);
        if (h) {
            assert_string_equal(h->program, "x");
            assert_int_equal(arena_at(a).total, message + 16);
        }
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_protobuf_c_takes),
        cmocka_unit_test(an_arena_is_not_exceeded),
        cmocka_unit_test(gives_the_bytes_of_protobuf_c),
        cmocka_unit_test(what_does_not_fit_is_not_begun),
    };
    return crypto_start() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
