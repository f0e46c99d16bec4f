/* Identifiers: OIN, BSN, UUIDv7, random ids. Formats: shared vocabulary of the README, "Identifiers".
 * Thread: pure, but for uuid_new and random ids, which use the kernel's random numbers. */
#ifndef SLUIS_BASE_IDS_H
#define SLUIS_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define OIN_LEN  20 /* ASCII, no NUL */
#define BSN_LEN  9  /* ASCII digits, no NUL */
#define UUID_LEN 16
#define UUID_STR 37 /* with NUL */
#define ID_LEN   16 /* case, subject and instance ids */

/* Numbers of the catalogue that a person is found by. */
#define ATTRIBUTE_BSN 1
#define ATTRIBUTE_OWN 99 /* what the municipality itself calls a person */

typedef struct {
    char s[OIN_LEN + 1]; /* NUL-terminated */
} oin;
typedef struct {
    uint8_t b[UUID_LEN];
} uuid;
typedef struct {
    uint8_t b[ID_LEN];
} id16;

/* True for 20 characters of [0-9A-Z]: prefix 8, main number, zero suffix as Logius' OIN register describes.
 */
bool oin_valid(const char *s, size_t n);
bool oin_is_test(const oin *o); /* prefix 00000099 */
sluis_err oin_parse(oin *out, const char *s, size_t n);
bool oin_equal(const oin *a, const oin *b);

/* Nine ASCII digits that pass the eleven-test and are not 000000000. */
bool bsn_valid(const char *s, size_t n);
bool bsn_is_test(const char *s); /* 9999xxxxx */
/* For a name that others chose: puts '*' for every digit of a stretch without letters (A-Z, a-z) that holds
 * nine digits or more, however they are parted; it may be a person number. */
void bsn_mask(char *s);

/* RFC 9562 UUID version 7 at now_ms (UTC milliseconds), 74 random bits. */
uuid uuid_new(uint64_t now_ms);
bool uuid_is_v7(const uint8_t b[static UUID_LEN]);
void uuid_format(char out[static UUID_STR], const uint8_t b[static UUID_LEN]);
sluis_err uuid_parse(uuid *out, const char *s);

id16 id_random(void);
void id_format(char out[static 33], const id16 *id); /* 32 hex digits */
sluis_err id_parse(id16 *out, const char *s);
bool id_equal(const id16 *a, const id16 *b);

/* Machine names in headers and rules: [a-z0-9][a-z0-9._:-]{0,63}; never free text, never a person number. */
#define NAME_MAX_LEN 64
bool name_valid(const char *s);
/* What a municipality itself calls a person ("eigen kenmerk"): a name that cannot be read as a number. */
bool own_name_valid(const char *s);

#endif
