/* Hex in, error out: each row is one thing a hostile or careless peer may send. */
#include "kit.h"

#include "api.pb-c.h"
#include "wire/prescan.h"

typedef struct {
    const char *what;
    const ProtobufCMessageDescriptor *d;
    const char *hex;
    sluis_err err;
    const char *where;
} scan_case;

#define HELLO   &sluis__hello__descriptor
#define FRAME   &sluis__frame__descriptor
#define CORE    &sluis__core__descriptor
#define WELCOME &sluis__welcome__descriptor
#define KNOWN   &sluis__known_answer_body__descriptor
#define REQUEST &sluis__request_body__descriptor

static const scan_case cases[] = {
    {"nothing at all", HELLO, "", SLUIS_OK, ""},
    {"hello, any order", HELLO,
     "2001"
     "0801",
     SLUIS_OK, ""},
    {"hello in a frame", FRAME, "0a020801", SLUIS_OK, ""},
    {"packed list", CORE, "920102052c", SLUIS_OK, ""},
    {"largest uint64", WELCOME, "10ffffffffffffffffff01", SLUIS_OK, ""},
    {"unknown field", HELLO, "7801", SLUIS_INVALID, "hello"},
    {"field number 0", HELLO, "0001", SLUIS_INVALID, "hello"},
    {"field number beyond 29 bits", HELLO, "f8ffffffff0f00", SLUIS_INVALID, "hello"},
    {"singular number twice", HELLO, "08010801", SLUIS_INVALID, "hello.version_min"},
    {"singular string twice", HELLO,
     "1a00"
     "1a00",
     SLUIS_INVALID, "hello.program"},
    {"wire type of 64 bits", HELLO, "090000000000000000", SLUIS_INVALID, "hello.version_min"},
    {"wire type of 32 bits", HELLO, "0d00000000", SLUIS_INVALID, "hello.version_min"},
    {"length where a number belongs", HELLO, "0a0101", SLUIS_INVALID, "hello.version_min"},
    {"number where a string belongs", HELLO, "1801", SLUIS_INVALID, "hello.program"},
    {"group start", HELLO, "0b0c", SLUIS_INVALID, "hello.version_min"},
    {"group end", HELLO, "0c", SLUIS_INVALID, "hello.version_min"},
    {"wire type 7", HELLO, "0f", SLUIS_INVALID, "hello.version_min"},
    {"overlong value", HELLO, "088100", SLUIS_NONCANONICAL, "hello.version_min"},
    {"overlong tag", HELLO, "880001", SLUIS_NONCANONICAL, "hello"},
    {"overlong length", HELLO,
     "1a818000"
     "61",
     SLUIS_NONCANONICAL, "hello.program"},
    {"11-byte varint", WELCOME, "10ffffffffffffffffffff01", SLUIS_INVALID, "welcome.generation"},
    {"beyond 64 bits", WELCOME, "10ffffffffffffffffff02", SLUIS_INVALID, "welcome.generation"},
    {"beyond 32 bits", HELLO, "088080808010", SLUIS_INVALID, "hello.version_min"},
    {"tag alone", HELLO, "08", SLUIS_TRUNCATED, "hello.version_min"},
    {"half a varint", HELLO, "0880", SLUIS_TRUNCATED, "hello.version_min"},
    {"length beyond the end", HELLO, "1a0561", SLUIS_TRUNCATED, "hello.program"},
    {"length near 2^64", HELLO, "1affffffffffffffffff01", SLUIS_TRUNCATED, "hello.program"},
    {"nested length beyond its parent", FRAME, "0a031a0561", SLUIS_TRUNCATED, "hello.program"},
    {"bool 2", KNOWN, "0802", SLUIS_INVALID, "knownanswerbody.known"},
    {"kind of a later version", CORE, "207f", SLUIS_INVALID, "core.kind"},
    {"negative enum", CORE, "20ffffffffffffffffff01", SLUIS_INVALID, "core.kind"},
    {"NUL in a string", HELLO, "1a03610062", SLUIS_INVALID, "hello.program"},
    {"lone continuation byte", HELLO, "1a0180", SLUIS_INVALID, "hello.program"},
    {"overlong UTF-8", HELLO, "1a02c0af", SLUIS_INVALID, "hello.program"},
    {"surrogate", HELLO, "1a03eda080", SLUIS_INVALID, "hello.program"},
    {"beyond U+10FFFF", HELLO, "1a04f4908080", SLUIS_INVALID, "hello.program"},
    {"cut UTF-8", HELLO, "1a02e282", SLUIS_INVALID, "hello.program"},
    {"two members of a oneof", FRAME, "0a001200", SLUIS_INVALID, "frame.welcome"},
    {"one member of a oneof twice", FRAME, "0a000a00", SLUIS_INVALID, "frame.hello"},
    {"empty packed list", CORE, "920100", SLUIS_INVALID, "core.attributes"},
    {"packed list twice", CORE,
     "92010105"
     "92010106",
     SLUIS_INVALID, "core.attributes"},
    {"list not packed", CORE, "900105", SLUIS_INVALID, "core.attributes"},
    {"packed value beyond 32 bits", CORE, "9201058080808010", SLUIS_INVALID, "core.attributes"},
    {"packed list cut in a value", CORE, "92010180", SLUIS_TRUNCATED, "core.attributes"},
    {"unknown field two levels down", REQUEST, "0a022001", SLUIS_INVALID, "subject"},
};

static void refuses_what_is_not_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const scan_case *c = &cases[i];
        uint8_t raw[64];
        size_t n = strlen(c->hex) / 2;
        sluis_fail f = {0};
        assert_int_equal(hex_decode(raw, n, c->hex, 2 * n), SLUIS_OK);
        sluis_err err = prescan(c->d, BYTES(raw, n), &f);
        if (err != c->err || strcmp(f.where, c->where) != 0)
            fail_msg("%s: %s at %s", c->what, error_token(err), f.where);
    }
}

/* A message with n empty values of one length-delimited field. */
static sluis_err scan_many(const ProtobufCMessageDescriptor *d, const char *name, size_t n)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(d, name);
    assert_non_null(field);
    buffer b;
    buffer_init(&b, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        buffer_u8(&b, (uint8_t)(field->id << 3 | 2));
        buffer_u8(&b, 0);
    }
    sluis_err err = prescan(d, buffer_bytes(&b), NULL);
    buffer_close(&b);
    return err;
}

static void counts_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const ProtobufCMessageDescriptor *d;
        const char *field;
        size_t max;
    } bounds[] = {
        {&sluis__header__descriptor, "wrapped", 16},
        {&sluis__core__descriptor, "recipients", 16},
        {&sluis__sig_block__descriptor, "path", 8},
        {&sluis__receipt__descriptor, "path", 64},
        {&sluis__attribute_result__descriptor, "instances", 32},
        {&sluis__response_body__descriptor, "results", 64},
        {&sluis__request_body__descriptor, "asks", 64},
        {&sluis__directory_snapshot__descriptor, "entries", 100000},
        {&sluis__api_view__descriptor, "data", 4096},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        assert_int_equal(scan_many(bounds[i].d, bounds[i].field, bounds[i].max), SLUIS_OK);
        assert_int_equal(scan_many(bounds[i].d, bounds[i].field, bounds[i].max + 1), SLUIS_TOO_BIG);
    }
    uint8_t packed[3 + 65] = {0x92, 0x01, 64};
    assert_int_equal(prescan(CORE, BYTES(packed, 3 + 64), NULL), SLUIS_OK);
    packed[2] = 65;
    assert_int_equal(prescan(CORE, BYTES(packed, 3 + 65), NULL), SLUIS_TOO_BIG);
}

static size_t walk(const ProtobufCMessageDescriptor *d, unsigned depth)
{
    size_t seen = 1;
    assert_in_range(depth, 0, PRESCAN_DEPTH);
    assert_in_range(d->n_fields, 0, PRESCAN_FIELDS);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
            assert_in_range(prescan_bound(d, f), 8, 100000);
        switch (f->type) {
        case PROTOBUF_C_TYPE_MESSAGE:
            seen += walk(f->descriptor, depth + 1);
            break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_BOOL:
        case PROTOBUF_C_TYPE_ENUM:
            if (f->label == PROTOBUF_C_LABEL_REPEATED)
                assert_true(f->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
            break;
        case PROTOBUF_C_TYPE_STRING:
        case PROTOBUF_C_TYPE_BYTES:
            break;
        default:
            fail_msg("%s.%s has a type outside the subset", d->name, f->name);
        }
    }
    return seen;
}

/* The scan knows a subset of protobuf: the schemas must stay within it, without recursion. */
static void the_schemas_stay_within_the_subset(void **state)
{
    (void)state;
    assert_int_equal(walk(FRAME, 0), 16);
    assert_true(walk(&sluis__api_call__descriptor, 0) > 5);
    assert_true(walk(&sluis__api_reply__descriptor, 0) > 5);
    walk(CORE, 0);
    walk(&sluis__response_body__descriptor, 0);
    walk(&sluis__directory_snapshot__descriptor, 0);
    walk(&sluis__record__descriptor, 0);
}

static void text_is_utf8_without_nul(void **state)
{
    (void)state;
    const char *good = "Zoë, 水, \U0001F600, \xf4\x8f\xbf\xbf, \xed\x9f\xbf, \xee\x80\x80";
    assert_true(prescan_text_valid((const uint8_t *)good, strlen(good)));
    assert_true(prescan_text_valid(NULL, 0));
    for (size_t n = 1; n <= 40; n++) /* wherever it stands, also where eight bytes are looked at together */
        for (size_t at = 0; at < n; at++)
            for (unsigned b = 0; b <= 0xff; b++) {
                uint8_t text[40];
                memset(text, at % 2 ? 0x01 : 0x7f, n);
                text[at] = (uint8_t)b;
                assert_int_equal(prescan_text_valid(text, n), b != 0 && b < 0x80);
            }
}

static void wire_unpack_bounds_its_memory(void **state)
{
    (void)state;
    uint8_t raw[130];
    for (size_t i = 0; i < sizeof raw; i += 2) {
        raw[i] = 0x1a;
        raw[i + 1] = 0;
    }
    ProtobufCMessage *m;
    arena *a = arena_new(100000);
    assert_int_equal(wire_unpack(&m, REQUEST, a, BYTES(raw, 128), NULL), SLUIS_OK);
    assert_int_equal(((Sluis__RequestBody *)m)->n_asks, 64);
    assert_int_equal(wire_unpack(&m, REQUEST, a, BYTES(raw, 130), NULL), SLUIS_TOO_BIG);
    assert_null(m);
    assert_int_equal(wire_unpack(&m, REQUEST, a, BYTES(NULL, 0), NULL), SLUIS_OK);
    assert_null(((Sluis__RequestBody *)m)->subject);
    arena_free(&a);
    a = arena_new(500);
    assert_int_equal(wire_unpack(&m, REQUEST, a, BYTES(raw, 128), NULL), SLUIS_TOO_BIG);
    arena_free(&a);
}

/* ---- the canonical scan ---- */

static uint64_t dice;

static size_t roll(size_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)(dice % n);
}

/* One change of a kind that a careless or hostile encoder makes. */
static void spoil(buffer *b)
{
    uint8_t old[512];
    size_t n = b->n, at = roll(n), len = 1 + roll(n - at < 8 ? n - at : 8);
    memcpy(old, b->p, n);
    switch (roll(5)) {
    case 0: /* another byte */
        b->p[at] = (uint8_t)roll(256);
        break;
    case 1: /* some bytes fewer */
        buffer_clear(b);
        buffer_add(b, old, at);
        buffer_add(b, old + at + len, n - at - len);
        break;
    case 2: /* some bytes twice */
        buffer_add(b, old, len);
        memmove(b->p + at + len, b->p + at, n - at);
        memcpy(b->p + at, old + at, len);
        break;
    case 3: /* the halves in the other order */
        memcpy(b->p, old + at, n - at);
        memcpy(b->p + n - at, old, at);
        break;
    default: /* a default value written out, at the end */
        buffer_u8(b, (uint8_t)(roll(16) << 3 | (roll(2) ? 2 : 0)));
        buffer_u8(b, 0);
    }
}

static bool packs_to(const ProtobufCMessageDescriptor *d, bytes raw)
{
    ProtobufCMessage *m;
    arena *a = arena_new(1 << 16);
    buffer again;
    buffer_init(&again, 1 << 16);
    assert_int_equal(wire_unpack(&m, d, a, raw, NULL), SLUIS_OK);
    assert_int_equal(wire_pack(&again, m), SLUIS_OK);
    bool same = bytes_equal(buffer_bytes(&again), raw);
    buffer_close(&again);
    arena_free(&a);
    return same;
}

/* What the plain scan passes, the canonical one passes exactly when packing gives the same bytes again. */
static void canonical_is_what_packing_gives(void **state)
{
    (void)state;
    static uint8_t sixteen[16] = {1}, nonce[24], empty[1];
    static uint32_t ids[] = {1, 300, 70000};
    Sluis__Recipient one = SLUIS__RECIPIENT__INIT, two = SLUIS__RECIPIENT__INIT, *list[] = {&one, &two};
    Sluis__Core core = SLUIS__CORE__INIT;
    Sluis__Header header = SLUIS__HEADER__INIT;
    Sluis__SigBlock sig = SLUIS__SIG_BLOCK__INIT;
    ProtobufCBinaryData nodes[] = {{16, sixteen}, {0, empty}, {24, nonce}};
    size_t passed = 0, refused = 0;
    one.oin = (char *)(uintptr_t) "00000099000000001000";
    one.sealing_key = nodes[0];
    core.suite = 1;
    core.message_id = nodes[0];
    core.kind = SLUIS__KIND__REQUEST;
    core.recipients = list;
    core.n_recipients = 2;
    core.application = (char *)(uintptr_t) "bench";
    core.origin = SLUIS__ORIGIN__API;
    core.attributes = ids;
    core.n_attributes = 3;
    core.created = 1790000000000;
    header.core = nodes[0];
    header.body_hash = nodes[2];
    header.wrapped = nodes;
    header.n_wrapped = 3;
    sig.n = 2;
    sig.path = nodes;
    sig.n_path = 3;
    sig.signature = nodes[2];
    const ProtobufCMessage *whole[] = {&core.base, &header.base, &sig.base};
    for (dice = 88172645463325252; passed + refused < 60000;) {
        const ProtobufCMessage *m = whole[roll(3)];
        buffer b;
        buffer_init(&b, 512);
        assert_int_equal(wire_pack(&b, m), SLUIS_OK);
        assert_int_equal(prescan_canonical(m->descriptor, buffer_bytes(&b), NULL), SLUIS_OK);
        for (size_t i = 1 + roll(3); i > 0 && b.n > 8 && b.n < 256; i--)
            spoil(&b);
        sluis_err e = prescan_canonical(m->descriptor, buffer_bytes(&b), NULL);
        if (prescan(m->descriptor, buffer_bytes(&b), NULL)) {
            assert_int_not_equal(e, SLUIS_OK);
        } else if (packs_to(m->descriptor, buffer_bytes(&b))) {
            assert_int_equal(e, SLUIS_OK);
            passed++;
        } else {
            assert_int_equal(e, SLUIS_NONCANONICAL);
            refused++;
        }
        buffer_close(&b);
    }
    assert_true(passed > 1000 && refused > 1000);
}

/* The entry of a reading names all that stood on a page of a view. */
static void a_record_names_a_page(void **state)
{
    static uint32_t ids[500];
    static uint8_t packed[4096];
    Sluis__Record r = SLUIS__RECORD__INIT;
    ProtobufCMessage *m = NULL;
    arena *a = arena_new(1 << 16);
    (void)state;
    for (uint32_t i = 0; i < 500; i++)
        ids[i] = 1000 + i;
    r.attributes = ids;
    r.n_attributes = 500;
    assert_true(sluis__record__get_packed_size(&r) <= sizeof packed);
    const size_t n = sluis__record__pack(&r, packed);
    assert_int_equal(wire_unpack(&m, &sluis__record__descriptor, a, BYTES(packed, n), NULL), SLUIS_OK);
    assert_int_equal(((Sluis__Record *)m)->n_attributes, 500);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_strict),    cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(a_record_names_a_page),         cmocka_unit_test(the_schemas_stay_within_the_subset),
        cmocka_unit_test(text_is_utf8_without_nul),      cmocka_unit_test(canonical_is_what_packing_gives),
        cmocka_unit_test(wire_unpack_bounds_its_memory),
    };
    return crypto_start() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
