/* The frames a gateway says, read back as a party reads them: every field, and that a buffer is used anew. */
#include "kit.h"

#include "bus/frames.h"
#include "wire/unpack.h"

static buffer out;
static arena *mem;

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, 64u << 10);
    mem = arena_new(1u << 20);
    return mem ? crypto_start() != SLUIS_OK : -1;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    arena_free(&mem);
    return 0;
}

/* What was packed; decoded strictly, as the other end does. */
static const Sluis__Frame *said(Sluis__Frame__FCase kind)
{
    ProtobufCMessage *m = NULL;
    sluis_fail f = {0};
    if (wire_unpack(&m, &sluis__frame__descriptor, mem, buffer_bytes(&out), &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(((Sluis__Frame *)m)->f_case, kind);
    return (const Sluis__Frame *)m;
}

#define assert_data(d, text)                                                                                 \
    do {                                                                                                     \
        assert_int_equal((d).len, strlen(text));                                                             \
        assert_memory_equal((d).data, text, strlen(text));                                                   \
    } while (0)

static void welcome(void **state)
{
    (void)state;
    buffer_add(&out, "rest of another frame", 21); /* cleared first */
    assert_int_equal(frame_welcome(&out, UINT64_MAX, 1024, "sluis.test", bytes_str("hash"), 262144,
                                   "sluis.test/journal/2", 7),
                     SLUIS_OK);
    const Sluis__Welcome *w = said(SLUIS__FRAME__F_WELCOME)->welcome;
    assert_int_equal(w->version, PROTOCOL_VERSION);
    assert_int_equal(w->generation, UINT64_MAX);
    assert_int_equal(w->credit, 1024);
    assert_string_equal(w->gateway, "sluis.test");
    assert_data(w->directory, "hash");
    assert_int_equal(w->max_bytes, 262144);
    assert_string_equal(w->origin, "sluis.test/journal/2");
    assert_int_equal(w->origin_from, 7);
}

static void ack(void **state)
{
    actor from, to;
    draft d;
    parcel p;
    (void)state;
    actor_init(&from, OIN_GEM, 1);
    actor_init(&to, OIN_SCHL, 2);
    draft_init(&d);
    parcel_init(&p);
    seal_to target = to_actor(&to);
    parcel_seal(&p, &d, &from, &target, 1, "text");
    parcel_sign(&p, &from);
    job *j = job_new(JOB_SUBMIT, (bytes){NULL, 0});
    assert_non_null(j);
    j->env = decode_ok(buffer_bytes(&p.out));
    buffer_add(&j->receipt, "proof", 5);
    for (int duplicate = 0; duplicate < 2; duplicate++) {
        j->duplicate = duplicate;
        job *many[ACKS_MAX + 1];
        for (size_t i = 0; i <= ACKS_MAX; i++)
            many[i] = j;
        assert_int_equal(frame_acks(&out, many, ACKS_MAX + 1), SLUIS_TOO_BIG);
        assert_int_equal(frame_acks(&out, many, ACKS_MAX), SLUIS_OK);
        assert_int_equal(said(SLUIS__FRAME__F_ACKS)->acks->n_acks, ACKS_MAX);
        assert_int_equal(frame_acks(&out, &j, 1), SLUIS_OK);
        assert_int_equal(said(SLUIS__FRAME__F_ACKS)->acks->n_acks, 1);
        const Sluis__Ack *a = said(SLUIS__FRAME__F_ACKS)->acks->acks[0];
        assert_int_equal(a->message_id.len, UUID_LEN);
        assert_memory_equal(a->message_id.data, d.message_id.b, UUID_LEN);
        assert_int_equal(a->message_hash.len, HASH_LEN);
        assert_memory_equal(a->message_hash.data, p.mh, HASH_LEN);
        assert_data(a->receipt, "proof");
        assert_int_equal(a->duplicate, duplicate);
    }
    job_free(&j);
    parcel_close(&p);
    actor_close(&from);
    actor_close(&to);
}

static void nack(void **state)
{
    sluis_fail why = {0};
    (void)state;
    fail_set(&why, SLUIS_NO_MOTIVATION, "body.motivation", "say why");
    assert_int_equal(frame_nack(&out, bytes_str("0123456789abcdef"), &why), SLUIS_OK);
    const Sluis__Nack *n = said(SLUIS__FRAME__F_NACK)->nack;
    assert_data(n->message_id, "0123456789abcdef");
    assert_string_equal(n->code, "no-motivation");
    assert_string_equal(n->where, "body.motivation");
    assert_string_equal(n->text, "say why");
    assert_int_equal(frame_nack(&out, (bytes){NULL, 0}, &why),
                     SLUIS_OK); /* a message that could not be read */
    assert_int_equal(said(SLUIS__FRAME__F_NACK)->nack->message_id.len, 0);
}

static void delivery_frame(void **state)
{
    (void)state;
    assert_int_equal(frame_deliver(&out, 41, 7, bytes_str("envelope"), bytes_str("receipt")), SLUIS_OK);
    const Sluis__Deliver *d = said(SLUIS__FRAME__F_DELIVER)->deliver;
    assert_int_equal(d->seq, 41);
    assert_int_equal(d->generation, 7);
    assert_data(d->envelope, "envelope");
    assert_data(d->receipt, "receipt");
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(frame_refused(&out, SLUIS_VERSION, "this gateway speaks version 1"), SLUIS_OK);
    const Sluis__Refused *r = said(SLUIS__FRAME__F_REFUSED)->refused;
    assert_string_equal(r->code, "version");
    assert_string_equal(r->text, "this gateway speaks version 1");
    assert_int_equal(r->version_min, PROTOCOL_VERSION);
    assert_int_equal(r->version_max, PROTOCOL_VERSION);
}

static void directory_part(void **state)
{
    (void)state;
    assert_int_equal(frame_directory(&out, bytes_str("hash"), bytes_str("snapshot"), 3, 4), SLUIS_OK);
    const Sluis__DirectoryPart *d = said(SLUIS__FRAME__F_DIRECTORY_PART)->directory_part;
    assert_data(d->directory, "hash");
    assert_int_equal(d->bytes, 8);
    assert_int_equal(d->from, 3);
    assert_data(d->part, "psho");
}

/* What does not fit is an error; the buffer serves the next frame all the same. */
static void too_big(void **state)
{
    buffer small;
    (void)state;
    buffer_init(&small, 64);
    uint8_t big[65] = {0};
    assert_int_equal(frame_deliver(&small, 1, 1, BYTES_OF(big), (bytes){NULL, 0}), SLUIS_TOO_BIG);
    assert_int_equal(frame_deliver(&small, 1, 1, BYTES(big, 8), (bytes){NULL, 0}), SLUIS_OK);
    buffer_close(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welcome),        cmocka_unit_test(ack),     cmocka_unit_test(nack),
        cmocka_unit_test(delivery_frame), cmocka_unit_test(refused), cmocka_unit_test(directory_part),
        cmocka_unit_test(too_big),
    };
    return cmocka_run_group_tests_name("frames", tests, setup, teardown);
}
