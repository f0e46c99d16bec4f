/* An agreement between a party and the municipality, signed by one or by both: for the rig and the unit
 * tests. */
#ifndef SLUIS_TESTS_KIT_AGREEMENT_H
#define SLUIS_TESTS_KIT_AGREEMENT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "directory/agreement.h"

#define AGREED_ALL_PURPOSES                                                                                  \
    "onderzoek-meervoudige-problematiek,gecoordineerde-aanpak,casusoverleg,arbeidstoeleiding,"               \
    "schuldhulpverlening,maatwerkvoorziening,jeugdhulp,acuut-gevaar"
#define AGREED_ALL_CATEGORIES "ordinary,financial,health,criminal,identification"

/* Lists are "a,b". */
typedef struct {
    const char *covenant;
    uint32_t version;
    const char *purposes, *gives, *asks, *attributes;
    uint64_t from, until;
} kit_agreement;

__attribute__((unused)) static char **kit_split(const char *list, arena *a, size_t *n)
{
    char **out = arena_alloc(a, 80 * sizeof *out), *text = arena_strdup(a, list), *save = NULL;
    assert_non_null(out);
    *n = 0;
    for (char *s = strtok_r(text, ",", &save); s && *n < 80; s = strtok_r(NULL, ",", &save))
        out[(*n)++] = s;
    return out;
}

__attribute__((unused)) static void kit_agreement_fill(Sluis__Agreement *x, arena *a, const kit_agreement *k,
                                                       const oin *whose, const oin *municipality)
{
    static uint8_t text_hash[HASH_LEN] = {0x7e};
    sluis__agreement__init(x);
    x->party = (char *)(uintptr_t)whose->s;
    x->municipality = (char *)(uintptr_t)municipality->s;
    x->covenant = (char *)(uintptr_t)k->covenant;
    x->version = k->version;
    x->text_hash = (ProtobufCBinaryData){HASH_LEN, text_hash};
    x->purposes = kit_split(k->purposes, a, &x->n_purposes);
    x->gives = kit_split(k->gives, a, &x->n_gives);
    x->asks = kit_split(k->asks, a, &x->n_asks);
    x->attributes = kit_split(k->attributes, a, &x->n_attributes);
    x->valid_from = k->from;
    x->valid_until = k->until;
}

/* Filed at from; accepted then, too, unless dir_key is NULL. */
__attribute__((unused)) static void kit_agreement_fact(Sluis__AgreementFact *fact, arena *a,
                                                       const kit_agreement *k, const oin *whose,
                                                       const oin *municipality, const keypair *sign,
                                                       const keypair *dir_key)
{
    Sluis__Agreement x;
    buffer packed;
    sluis_fail f = {0};
    uint8_t *sigs = arena_alloc(a, 2 * SIG_LEN);
    buffer_init(&packed, AGREEMENT_MAX);
    kit_agreement_fill(&x, a, k, whose, municipality);
    if (agreement_pack(&packed, &x, &f))
        fail_msg("%s: %s", f.where, f.text);
    sluis__agreement_fact__init(fact);
    assert_int_equal(agreement_sign(sigs, buffer_bytes(&packed), sign), SLUIS_OK);
    fact->agreement = (ProtobufCBinaryData){packed.n, arena_copy(a, packed.p, packed.n)};
    fact->party_pk = (ProtobufCBinaryData){PK_LEN, (uint8_t *)(uintptr_t)sign->pk};
    fact->party_signature = (ProtobufCBinaryData){SIG_LEN, sigs};
    fact->filed = k->from;
    fact->version = 1;
    if (dir_key) {
        assert_int_equal(agreement_accept(sigs + SIG_LEN, buffer_bytes(&packed), dir_key), SLUIS_OK);
        fact->municipality_signature = (ProtobufCBinaryData){SIG_LEN, sigs + SIG_LEN};
        fact->accepted = k->from;
    }
    buffer_close(&packed);
}

#endif
