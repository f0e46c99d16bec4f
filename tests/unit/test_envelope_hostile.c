/* What a hostile sender, recipient, neighbour or broker might try with envelopes, and the refusal of each. */
#include "kit.h"

#include "wire/batch.h"

static actor gem, school, ggd, mallory;
static parcel sent; /* gem to school and ggd, signed */
static buffer made; /* what the attacker makes of it */

static int start(void **state)
{
    (void)state;
    if (crypto_start())
        return 1;
    actor_init(&gem, OIN_GEM, 1);
    actor_init(&school, OIN_SCHL, 2);
    actor_init(&ggd, OIN_GGD, 3);
    actor_init(&mallory, OIN_OTHER, 4);
    parcel_init(&sent);
    buffer_init(&made, ENVELOPE_MAX);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    actor_close(&gem);
    actor_close(&school);
    actor_close(&ggd);
    actor_close(&mallory);
    parcel_close(&sent);
    buffer_close(&made);
    return 0;
}

static envelope *send_one(const char *text)
{
    draft d;
    seal_to to[] = {to_actor(&school), to_actor(&ggd)};
    draft_init(&d);
    parcel_seal(&sent, &d, &gem, to, 2, text);
    parcel_sign(&sent, &gem);
    return decode_ok(buffer_bytes(&sent.out));
}

/* The road of every recipient: decode, verify under the claimed sender's key, open. */
static sluis_err receive(bytes raw, const actor *sender, const actor *own, root_cache *roots)
{
    envelope *e;
    buffer plain;
    buffer_init(&plain, ENVELOPE_MAX);
    sluis_err err = envelope_decode(&e, raw, ENVELOPE_MAX, NULL);
    if (!err)
        err = envelope_verify(e, sender->sign.pk, roots, NULL);
    if (!err)
        err = envelope_open(e, &own->oin, &own->seal, NULL, &plain, NULL);
    if (err)
        assert_int_equal(plain.n, 0);
    envelope_free(&e);
    buffer_close(&plain);
    return err;
}

static void edit_and_expect(void (*edit)(pieces *, const void *), const void *arg, const actor *signer,
                            const actor *sender, const actor *own, sluis_err err)
{
    envelope *e = send_one("vertrouwelijk");
    assert_int_equal(receive(buffer_bytes(&sent.out), &gem, own, NULL), SLUIS_OK);
    parts_rebuild(&made, e, edit, arg, signer);
    assert_int_equal(receive(buffer_bytes(&made), sender, own, NULL), err);
    envelope_free(&e);
}

static void leave(pieces *p, const void *arg)
{
    (void)p;
    (void)arg;
}

static void claim(pieces *p, const void *arg)
{
    const actor *a = arg;
    p->c->sender = (char *)(uintptr_t)a->oin.s;
    p->c->signing_key = data_of(a->sign.id.b, KEYID_LEN);
}

/* The whole sealed message, epoch key and stanzas included, under Mallory's name and good signature. */
static void sealed_parts_do_not_move_to_another_sender(void **state)
{
    (void)state;
    edit_and_expect(claim, &mallory, &mallory, &mallory, &school, SLUIS_BAD_SEAL);
    edit_and_expect(claim, &mallory, NULL, &mallory, &school, SLUIS_BAD_SIGNATURE);
    edit_and_expect(leave, NULL, &mallory, &gem, &school, SLUIS_BAD_SIGNATURE);
}

static void strip_last(pieces *p, const void *arg)
{
    (void)arg;
    p->c->n_recipients--;
    p->h->n_wrapped--;
}

static void swap_recipients(pieces *p, const void *arg)
{
    (void)arg;
    Sluis__Recipient *r = p->c->recipients[0];
    p->c->recipients[0] = p->c->recipients[1];
    p->c->recipients[1] = r;
}

static void swap_wrapped(pieces *p, const void *arg)
{
    (void)arg;
    ProtobufCBinaryData w = p->h->wrapped[0];
    p->h->wrapped[0] = p->h->wrapped[1];
    p->h->wrapped[1] = w;
}

static void add_recipient(pieces *p, const void *arg)
{
    static Sluis__Recipient *list[3], extra;
    static ProtobufCBinaryData wrapped[3];
    const actor *a = arg;
    sluis__recipient__init(&extra);
    extra.oin = (char *)(uintptr_t)a->oin.s;
    extra.sealing_key = data_of(a->seal.id.b, KEYID_LEN);
    memcpy(list, p->c->recipients, 2 * sizeof list[0]);
    memcpy(wrapped, p->h->wrapped, 2 * sizeof wrapped[0]);
    list[2] = &extra;
    wrapped[2] = wrapped[0];
    p->c->recipients = list;
    p->c->n_recipients = 3;
    p->h->wrapped = wrapped;
    p->h->n_wrapped = 3;
}

static void replace_recipient(pieces *p, const void *arg)
{
    const actor *a = arg;
    p->c->recipients[1]->oin = (char *)(uintptr_t)a->oin.s;
    p->c->recipients[1]->sealing_key = data_of(a->seal.id.b, KEYID_LEN);
}

/* Each once by somebody on the way (no key) and once by the sender himself, after sealing. */
static void the_list_of_recipients_is_fixed(void **state)
{
    (void)state;
    static void (*const edits[])(pieces *, const void *) = {strip_last, swap_recipients, swap_wrapped,
                                                            add_recipient, replace_recipient};
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        edit_and_expect(edits[i], &mallory, NULL, &gem, &school, SLUIS_BAD_SIGNATURE);
        edit_and_expect(edits[i], &mallory, &gem, &gem, &school, SLUIS_BAD_SEAL);
    }
    edit_and_expect(replace_recipient, &mallory, NULL, &gem, &ggd, SLUIS_BAD_SIGNATURE);
    edit_and_expect(replace_recipient, &mallory, &gem, &gem, &ggd, SLUIS_NOT_RECIPIENT);
}

static void set_purpose(pieces *p, const void *arg)
{
    (void)arg;
    p->c->purpose = (char *)(uintptr_t) "schuldhulp";
}

static void the_header_cannot_change_after_sealing(void **state)
{
    (void)state;
    edit_and_expect(set_purpose, NULL, NULL, &gem, &school, SLUIS_BAD_SIGNATURE);
    edit_and_expect(set_purpose, NULL, &gem, &gem, &school, SLUIS_BAD_SEAL);
}

static void take_body(pieces *p, const void *arg)
{
    const parcel *other = arg;
    p->body = buffer_bytes(&other->body);
}

static void take_body_and_hash(pieces *p, const void *arg)
{
    static uint8_t hash[HASH_LEN];
    take_body(p, arg);
    hash_one(hash, "sluis1-sealed", NULL, p->body.p, p->body.n);
    p->h->body_hash = data_of(hash, HASH_LEN);
}

static void bodies_do_not_move_between_envelopes(void **state)
{
    (void)state;
    draft d;
    parcel other;
    seal_to to[] = {to_actor(&school), to_actor(&ggd)};
    draft_init(&d);
    parcel_init(&other);
    parcel_seal(&other, &d, &gem, to, 2, "een ander bericht");
    edit_and_expect(take_body, &other, NULL, &gem, &school, SLUIS_BODY_HASH);
    edit_and_expect(take_body_and_hash, &other, NULL, &gem, &school, SLUIS_BAD_SIGNATURE);
    edit_and_expect(take_body_and_hash, &other, &gem, &gem, &school, SLUIS_BAD_SEAL);
    parcel_close(&other);
}

/* Two texts for two readers: an honest stanza for one content key, the other wrapped for another. */
static void two_recipients_cannot_be_shown_different_texts(void **state)
{
    (void)state;
    uint8_t key[KEY_LEN], kek[KEY_LEN], wrapped[WRAP_LEN];
    envelope *e = send_one("wat de school leest");
    kek_binding b = {.suite = 1,
                     .sender = gem.oin,
                     .signing_key = gem.sign.id,
                     .recipient = ggd.oin,
                     .sealing_key = ggd.seal.id};
    memcpy(b.epoch_pk, e->core->epoch_pk.data, PK_LEN);
    memcpy(b.recipient_pk, ggd.seal.pk, PK_LEN);
    assert_int_equal(epoch_kek(gem.epoch, kek, &b), SLUIS_OK);
    assert_int_equal(
        ae_open(key, kek, e->core->nonce.data, BYTES_OF(e->hc), BYTES(e->h->wrapped[1].data, WRAP_LEN)),
        SLUIS_OK);
    key[0] ^= 1;
    ae_seal(wrapped, kek, e->core->nonce.data, BYTES_OF(e->hc), BYTES_OF(key));
    e->h->wrapped[1] = data_of(wrapped, WRAP_LEN);
    parts_rebuild(&made, e, leave, NULL, &gem);
    assert_int_equal(receive(buffer_bytes(&made), &gem, &school, NULL), SLUIS_OK);
    assert_int_equal(receive(buffer_bytes(&made), &gem, &ggd, NULL), SLUIS_BAD_COMMITMENT);
    envelope_free(&e);
}

static void only_the_named_recipient_and_key_open(void **state)
{
    (void)state;
    envelope *e = send_one("vertrouwelijk");
    actor wrong_key = {.oin = school.oin, .seal = ggd.seal},
          wrong_name = {.oin = ggd.oin, .seal = school.seal};
    bytes raw = buffer_bytes(&sent.out);
    assert_int_equal(receive(raw, &gem, &mallory, NULL), SLUIS_NOT_RECIPIENT);
    assert_int_equal(receive(raw, &gem, &wrong_key, NULL), SLUIS_NOT_RECIPIENT);
    assert_int_equal(receive(raw, &gem, &wrong_name, NULL), SLUIS_NOT_RECIPIENT);
    /* Mallory claims the school's key id with a secret of his own. */
    actor forged = {.oin = school.oin, .seal = mallory.seal};
    forged.seal.id = school.seal.id;
    assert_int_equal(receive(raw, &gem, &forged, NULL), SLUIS_BAD_SEAL);
    envelope_free(&e);
}

static void zero_epoch(pieces *p, const void *arg)
{
    (void)arg;
    memset(p->c->epoch_pk.data, 0, PK_LEN);
}

static void small_order_epoch_keys_are_refused(void **state)
{
    (void)state;
    edit_and_expect(zero_epoch, NULL, &gem, &gem, &school, SLUIS_BAD_SEAL);
}

/* ---- signatures ---- */
enum { BATCH = 5 };

static void batch_make(parcel p[static BATCH], buffer out[static BATCH])
{
    draft d;
    envelope_item items[BATCH];
    seal_to to = to_actor(&school);
    draft_init(&d);
    for (size_t i = 0; i < BATCH; i++) {
        parcel_init(&p[i]);
        buffer_init(&out[i], ENVELOPE_MAX);
        parcel_seal(&p[i], &d, &gem, &to, 1, "x");
        items[i] = (envelope_item){
            .header = buffer_bytes(&p[i].header), .body = buffer_bytes(&p[i].body), .out = &out[i]};
        memcpy(items[i].mh, p[i].mh, HASH_LEN);
    }
    assert_int_equal(envelope_sign_batch(&gem.oin, &gem.sign, items, BATCH), SLUIS_OK);
}

static void batch_free(parcel p[static BATCH], buffer out[static BATCH])
{
    for (size_t i = 0; i < BATCH; i++) {
        parcel_close(&p[i]);
        buffer_close(&out[i]);
    }
}

typedef struct {
    const envelope *other;
    uint32_t n, index;
    size_t n_path;
} placing;

static void place(pieces *p, const void *arg)
{
    const placing *at = arg;
    p->s->n = at->n;
    p->s->index = at->index;
    p->s->path = at->other->sig->path;
    p->s->n_path = at->n_path;
    p->s->signature = at->other->sig->signature;
}

static void a_message_has_one_place_in_its_batch(void **state)
{
    (void)state;
    parcel p[BATCH], p2[BATCH];
    buffer out[BATCH], out2[BATCH];
    root_cache *roots;
    assert_int_equal(root_cache_new(&roots, 64), SLUIS_OK);
    batch_make(p, out);
    batch_make(p2, out2);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(receive(buffer_bytes(&out[i]), &gem, &school, roots), SLUIS_OK);
        assert_int_equal(receive(buffer_bytes(&out2[i]), &gem, &school, roots), SLUIS_OK);
        envelope *e = decode_ok(buffer_bytes(&out[i])),
                 *same = decode_ok(buffer_bytes(&out[(i + 1) % BATCH])),
                 *other = decode_ok(buffer_bytes(&out2[i]));
        uint32_t index = e->sig->index;
        size_t n_path = e->sig->n_path;
        const placing wrong[] = {
            {other, BATCH, index, n_path},
            {same, BATCH, same->sig->index, same->sig->n_path},
            {e, BATCH, (index + 1) % BATCH, n_path},
            {e, BATCH + 1, index, n_path},
            {e, BATCH - 1, index % (BATCH - 1), n_path},
            {e, BATCH, index, n_path - 1},
            {e, 1, 0, 0},
        };
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            envelope *again = decode_ok(buffer_bytes(&out[i]));
            parts_rebuild(&made, again, place, &wrong[k], NULL);
            assert_int_equal(receive(buffer_bytes(&made), &gem, &school, roots), SLUIS_BAD_SIGNATURE);
            envelope_free(&again);
        }
        envelope_free(&e);
        envelope_free(&same);
        envelope_free(&other);
    }
    batch_free(p, out);
    batch_free(p2, out2);
    root_cache_free(&roots);
}

static void flip_signature(pieces *p, const void *arg)
{
    p->s->signature.data[*(const size_t *)arg] ^= 1;
}

static void a_cached_root_helps_only_its_own_signature_and_key(void **state)
{
    (void)state;
    root_cache *roots;
    assert_int_equal(root_cache_new(&roots, 64), SLUIS_OK);
    envelope *e = send_one("x");
    assert_int_equal(receive(buffer_bytes(&sent.out), &gem, &school, roots), SLUIS_OK);
    assert_int_equal(receive(buffer_bytes(&sent.out), &mallory, &school, roots), SLUIS_BAD_SIGNATURE);
    for (size_t at = 0; at < SIG_LEN; at += 21) {
        envelope *again = decode_ok(buffer_bytes(&sent.out));
        parts_rebuild(&made, again, flip_signature, &at, NULL);
        assert_int_equal(receive(buffer_bytes(&made), &gem, &school, roots), SLUIS_BAD_SIGNATURE);
        envelope_free(&again);
    }
    assert_int_equal(receive(buffer_bytes(&sent.out), &gem, &school, roots), SLUIS_OK);
    envelope_free(&e);
    root_cache_free(&roots);
}

/* ---- encodings ---- */
static void every_cut_is_refused(void **state)
{
    (void)state;
    envelope *e = send_one("x"), *cut;
    for (size_t n = 0; n < e->raw.n; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, e->raw.p, n);
        assert_int_equal(envelope_decode(&cut, BYTES(exact, n), ENVELOPE_MAX, NULL), SLUIS_TRUNCATED);
        assert_null(cut);
        free(exact);
    }
    buffer_clear(&made);
    buffer_add(&made, e->raw.p, e->raw.n);
    buffer_u8(&made, 0);
    assert_int_equal(envelope_decode(&cut, buffer_bytes(&made), ENVELOPE_MAX, NULL), SLUIS_INVALID);
    assert_int_equal(envelope_decode(&cut, e->raw, e->raw.n - 1, NULL), SLUIS_TOO_BIG);
    assert_int_equal(envelope_decode(&cut, e->raw, e->raw.n, NULL), SLUIS_OK);
    envelope_free(&cut);
    envelope_free(&e);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    envelope *e = send_one("x");
    root_cache *roots;
    assert_int_equal(root_cache_new(&roots, 64), SLUIS_OK);
    assert_int_equal(receive(e->raw, &gem, &school, roots), SLUIS_OK);
    buffer_clear(&made);
    buffer_add(&made, e->raw.p, e->raw.n);
    for (size_t i = 0; i < 8 * e->raw.n; i++) {
        made.p[i / 8] ^= (uint8_t)(1 << i % 8);
        if (receive(buffer_bytes(&made), &gem, &school, roots) == SLUIS_OK)
            fail_msg("bit %zu of byte %zu may be flipped", i % 8, i / 8);
        made.p[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    envelope_free(&e);
    root_cache_free(&roots);
}

/* Other bytes for the same message: each would be a second message hash. */
static void there_is_one_encoding(void **state)
{
    (void)state;
    envelope *e = send_one("x"), *got;
    buffer sig, header, core;
    sluis_fail f = {0};
    buffer_init(&sig, 4096);
    buffer_init(&header, 4096);
    buffer_init(&core, 4096);
    assert_int_equal(wire_pack(&sig, &e->sig->base), SLUIS_OK);

    /* the parts in another order, and one twice */
    buffer_clear(&made);
    add_part(&made, 0x12, buffer_bytes(&sig));
    add_part(&made, 0x0a, e->header);
    add_part(&made, 0x1a, e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, NULL), SLUIS_NONCANONICAL);
    add_envelope(&made, e->header, buffer_bytes(&sig), e->body);
    add_part(&made, 0x1a, e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, NULL), SLUIS_INVALID);

    /* SigBlock.index = 0 written out; then an unknown field */
    buffer_u8(&sig, 0x10);
    buffer_u8(&sig, 0);
    add_envelope(&made, e->header, buffer_bytes(&sig), e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, &f), SLUIS_NONCANONICAL);
    assert_string_equal(f.where, "sigblock");
    sig.p[sig.n - 2] = 0x28;
    add_envelope(&made, e->header, buffer_bytes(&sig), e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, NULL), SLUIS_INVALID);
    buffer_clear(&sig);
    wire_pack(&sig, &e->sig->base);

    /* the header's fields rotated by one: the core last */
    buffer_clear(&header);
    size_t first = 1 + 2 + e->core_bytes.n;
    buffer_add(&header, e->header.p + first, e->header.n - first);
    buffer_add(&header, e->header.p, first);
    add_envelope(&made, buffer_bytes(&header), buffer_bytes(&sig), e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, NULL), SLUIS_NONCANONICAL);

    /* a default written out at the end of the core */
    buffer_add(&core, e->core_bytes.p, e->core_bytes.n);
    buffer_add(&core, "\xb2\x01\x00", 3); /* answers, empty */
    e->h->core = data_of(core.p, core.n);
    buffer_clear(&header);
    wire_pack(&header, &e->h->base);
    add_envelope(&made, buffer_bytes(&header), buffer_bytes(&sig), e->body);
    fail_clear(&f);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, &f), SLUIS_NONCANONICAL);
    assert_string_equal(f.where, "core");

    buffer_close(&sig);
    buffer_close(&header);
    buffer_close(&core);
    envelope_free(&e);
}

static void oversized_parts_are_refused_before_unpacking(void **state)
{
    (void)state;
    envelope *e = send_one("x"), *got;
    uint8_t big[HEADER_MAX + 1] = {0};
    sluis_fail f = {0};
    add_envelope(&made, BYTES(big, HEADER_MAX + 1), BYTES(big, 1), e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.where, "envelope.header");
    fail_clear(&f);
    add_envelope(&made, e->header, BYTES(big, SIGBLOCK_MAX + 1), e->body);
    assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, &f), SLUIS_TOO_BIG);
    assert_string_equal(f.where, "envelope.sigblock");
    for (size_t cut = 0; cut < 4; cut++) {
        static const size_t lengths[] = {0, 16, 527, 529};
        fail_clear(&f);
        add_envelope(&made, e->header, BYTES(big, 1), BYTES(big, lengths[cut]));
        assert_int_equal(envelope_decode(&got, buffer_bytes(&made), ENVELOPE_MAX, &f), SLUIS_INVALID);
        assert_string_equal(f.where, "envelope.body");
    }
    envelope_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_parts_do_not_move_to_another_sender),
        cmocka_unit_test(the_list_of_recipients_is_fixed),
        cmocka_unit_test(the_header_cannot_change_after_sealing),
        cmocka_unit_test(bodies_do_not_move_between_envelopes),
        cmocka_unit_test(two_recipients_cannot_be_shown_different_texts),
        cmocka_unit_test(only_the_named_recipient_and_key_open),
        cmocka_unit_test(small_order_epoch_keys_are_refused),
        cmocka_unit_test(a_message_has_one_place_in_its_batch),
        cmocka_unit_test(a_cached_root_helps_only_its_own_signature_and_key),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(there_is_one_encoding),
        cmocka_unit_test(oversized_parts_are_refused_before_unpacking),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
