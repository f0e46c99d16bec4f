/* C2SP signed-note and tlog-checkpoint, three text lines and no extension lines:
 *
 *   <origin> LF | <size, decimal> LF | <root, base64 of 32 bytes> LF | LF
 *   U+2014 SP <name> SP base64(key hash 4 | signature 64) LF          one line a signature, at most 16
 *
 * A witness's line has the same shape with a longer signature (tlog-cosignature). */
#include "crypto/note.h"

#include <stdio.h>
#include <string.h>

#define DASH         "\xe2\x80\x94 "
#define DASH_LEN     4
#define KEYHASH_LEN  4
#define ALG_ED25519  0x01
#define ALG_COSIGN   0x04
#define LINE_COSIG   (KEYHASH_LEN + 8 + SIG_LEN)
#define LINE_SIG     (KEYHASH_LEN + SIG_LEN)
#define LINE_SIG_B64 92 /* base64 of LINE_SIG bytes */
#define ROOT_B64     44
#define SIGS_MAX     16
#define SIG_BYTES    192 /* of any one line: key hash and signature of another algorithm */
#define NAME_FMT     "%.128s"

/* Name of a key, or origin: printable ASCII or UTF-8 bytes, no space or control character; a name has no '+'.
 */
static bool printable(const char *s, size_t n, bool is_name)
{
    if (n == 0 || n > ORIGIN_MAX || !utf8_valid(BYTES(s, n)))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f || (is_name && (c == ' ' || c == '+')))
            return false;
    }
    return true;
}

static void key_hash(uint8_t out[static KEYHASH_LEN], const char *name, uint8_t alg,
                     const uint8_t pk[static PK_LEN])
{
    const uint8_t sep[] = {0x0a, alg};
    uint8_t h[HASH_LEN];
    sha256(h, (bytes[]){bytes_str(name), BYTES_OF(sep), {pk, PK_LEN}}, 3);
    memcpy(out, h, KEYHASH_LEN);
}

/* Appends the log's signature line over text, which may be the note's own beginning. */
static sluis_err add_line(char *note, size_t cap, size_t *len, bytes text, const char *name,
                          const keypair *log)
{
    char sig[LINE_SIG_B64 + 1];
    uint8_t raw[LINE_SIG];
    key_hash(raw, name, ALG_ED25519, log->pk);
    sign_detached(raw + KEYHASH_LEN, log->sk, text.p, text.n);
    base64_encode(sig, sizeof sig, raw, sizeof raw);
    int n = snprintf(note + *len, cap - *len, DASH "%s %s\n", name, sig);
    if (n < 0 || (size_t)n >= cap - *len)
        return SLUIS_TOO_BIG;
    *len += (size_t)n;
    return SLUIS_OK;
}

sluis_err checkpoint_sign(char *out, size_t cap, size_t *len, const checkpoint *c, const char *name,
                          const keypair *log)
{
    char root[ROOT_B64 + 1];
    if (log->use != USE_LOG || !printable(c->origin, strnlen(c->origin, sizeof c->origin), false) ||
        !printable(name, strnlen(name, ORIGIN_MAX + 1), true))
        return SLUIS_INVALID;
    base64_encode(root, sizeof root, c->root, HASH_LEN);
    int n = snprintf(out, cap, "%s\n%llu\n%s\n\n", c->origin, (unsigned long long)c->size, root);
    size_t whole = (size_t)n;
    sluis_err e =
        n < 0 || whole >= cap ? SLUIS_TOO_BIG : add_line(out, cap, &whole, BYTES(out, whole - 1), name, log);
    if (!e)
        *len = whole;
    return e;
}

bool note_line(bytes *rest, bytes *line)
{
    const uint8_t *lf = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!lf)
        return false;
    *line = BYTES(rest->p, (size_t)(lf - rest->p));
    rest->p = lf + 1;
    rest->n -= line->n + 1;
    return true;
}

bool note_number(uint64_t *out, bytes l)
{
    if (l.n == 0 || l.n > 20 || (l.n > 1 && l.p[0] == '0'))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < l.n; i++) {
        uint64_t d = (uint64_t)l.p[i] - '0';
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

bool note_hash(uint8_t out[static HASH_LEN], bytes l)
{
    size_t n;
    return l.n == ROOT_B64 && base64_decode(out, HASH_LEN, &n, (const char *)l.p, l.n) == SLUIS_OK &&
           n == HASH_LEN;
}

static sluis_err parse_text(checkpoint *c, bytes *rest, sluis_fail *f)
{
    bytes l;
    if (!note_line(rest, &l) || !printable((const char *)l.p, l.n, false))
        return fail_set(f, SLUIS_INVALID, "checkpoint line 1",
                        "the origin is missing or not a printable line");
    memcpy(c->origin, l.p, l.n);
    c->origin[l.n] = '\0';
    if (!note_line(rest, &l) || !note_number(&c->size, l))
        return fail_set(f, SLUIS_INVALID, "checkpoint line 2", "the size is not a canonical decimal number");
    if (!note_line(rest, &l) || !note_hash(c->root, l))
        return fail_set(f, SLUIS_INVALID, "checkpoint line 3",
                        "the root is not canonical base64 of 32 bytes");
    if (!note_line(rest, &l) || l.n != 0)
        return fail_set(f, SLUIS_INVALID, "checkpoint line 4", "a blank line must follow the root");
    return SLUIS_OK;
}

/* One signature line: its name (borrowed) and decoded bytes. */
static sluis_err parse_signature(bytes l, bytes *name, uint8_t raw[static SIG_BYTES], size_t *n)
{
    if (l.n <= DASH_LEN || memcmp(l.p, DASH, DASH_LEN) != 0)
        return SLUIS_INVALID;
    l.p += DASH_LEN;
    l.n -= DASH_LEN;
    const uint8_t *space = memchr(l.p, ' ', l.n);
    if (!space)
        return SLUIS_INVALID;
    *name = BYTES(l.p, (size_t)(space - l.p));
    size_t b64 = l.n - name->n - 1;
    if (!printable((const char *)name->p, name->n, true) ||
        base64_decode(raw, SIG_BYTES, n, (const char *)space + 1, b64) != SLUIS_OK || *n <= KEYHASH_LEN)
        return SLUIS_INVALID;
    return SLUIS_OK;
}

/* The bytes of the one line of (name, hash) among the note's signature lines; len is what it must have. */
static sluis_err find_line(uint8_t *sig, size_t len, bytes rest, const char *name,
                           const uint8_t hash[static KEYHASH_LEN], sluis_fail *f)
{
    uint8_t raw[SIG_BYTES];
    bytes line, who;
    size_t n, sigs = 0, ours = 0;
    for (; rest.n > 0; sigs++) {
        if (sigs == SIGS_MAX || !note_line(&rest, &line) || parse_signature(line, &who, raw, &n) != SLUIS_OK)
            return fail_set(f, SLUIS_INVALID, "checkpoint",
                            "signature line %zu is malformed, or one too many", sigs + 1);
        if (!bytes_equal(who, bytes_str(name)) || memcmp(raw, hash, KEYHASH_LEN) != 0)
            continue;
        if (ours++ || n != len)
            return fail_set(f, SLUIS_INVALID, "checkpoint",
                            "the signature of " NAME_FMT " is doubled or misshapen", name);
        memcpy(sig, raw, len);
    }
    return ours ? SLUIS_OK
                : fail_set(f, SLUIS_UNKNOWN_KEY, "checkpoint",
                           "no signature of " NAME_FMT " with the key asked for", name);
}

/* Text (borrowed, its last newline included) and signature lines of a note. */
static sluis_err split_note(checkpoint *c, bytes *text, bytes *lines, const char *note, size_t n,
                            sluis_fail *f)
{
    *lines = BYTES(note, n);
    *text = *lines;
    if (n > NOTE_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "checkpoint", "larger than %d bytes", NOTE_MAX);
    sluis_err e = parse_text(c, lines, f);
    if (!e)
        text->n = n - lines->n - 1;
    return e;
}

sluis_err checkpoint_sign_too(char *note, size_t cap, size_t *len, const char *name, const keypair *log)
{
    checkpoint c = {0};
    bytes text, lines;
    if (log->use != USE_LOG)
        return SLUIS_INVALID;
    sluis_err e = split_note(&c, &text, &lines, note, *len, NULL);
    return e ? e : add_line(note, cap, len, text, name, log);
}

sluis_err checkpoint_read(checkpoint *out, const char *note, size_t n, sluis_fail *f)
{
    bytes text, lines;
    return split_note(out, &text, &lines, note, n, f);
}

sluis_err checkpoint_open(checkpoint *out, const char *note, size_t n, const char *name, const pubkeys *log,
                          sluis_fail *f)
{
    checkpoint c = {0};
    uint8_t hash[KEYHASH_LEN], raw[LINE_SIG];
    bytes text, lines;
    const uint8_t *pk = NULL;
    sluis_fail why = {0};
    sluis_err e = split_note(&c, &text, &lines, note, n, f);
    if (e)
        return e;
    e = fail_set(&why, SLUIS_UNKNOWN_KEY, "checkpoint", "no key of " NAME_FMT " is known", name);
    for (size_t i = log->n; e == SLUIS_UNKNOWN_KEY && i-- > 0;) {
        pk = log->pk[i];
        fail_clear(&why);
        key_hash(hash, name, ALG_ED25519, pk);
        e = find_line(raw, sizeof raw, lines, name, hash, &why);
    }
    if (e)
        return fail_set(f, e, why.where, "%s", why.text);
    if (sign_verify(raw + KEYHASH_LEN, pk, text.p, text.n) != SLUIS_OK)
        return fail_set(f, SLUIS_BAD_SIGNATURE, "checkpoint",
                        "the signature of " NAME_FMT " does not fit the text", name);
    *out = c;
    return SLUIS_OK;
}

/* What a witness signs. */
static sluis_err cosigned_text(buffer *out, uint64_t seconds, bytes text)
{
    char head[64];
    int n = snprintf(head, sizeof head, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
    buffer_add(out, head, (size_t)n);
    buffer_add(out, text.p, text.n);
    return out->err;
}

sluis_err checkpoint_cosign(char *note, size_t cap, size_t *len, const char *name, const keypair *witness,
                            uint64_t seconds)
{
    checkpoint c = {0};
    uint8_t raw[LINE_COSIG], other[LINE_COSIG];
    char b64[4 * ((LINE_COSIG + 2) / 3) + 1];
    bytes text, lines;
    buffer b;
    sluis_err e = witness->use == USE_WITNESS && printable(name, strnlen(name, ORIGIN_MAX + 1), true)
                      ? split_note(&c, &text, &lines, note, *len, NULL)
                      : SLUIS_INVALID;
    if (e)
        return e;
    key_hash(raw, name, ALG_COSIGN, witness->pk);
    e = find_line(other, sizeof other, lines, name, raw, NULL);
    if (e != SLUIS_UNKNOWN_KEY)
        return e ? e : SLUIS_EXISTS;
    put_u64(raw + KEYHASH_LEN, seconds);
    buffer_init(&b, NOTE_MAX + 64);
    if (!(e = cosigned_text(&b, seconds, text))) {
        sign_detached(raw + KEYHASH_LEN + 8, witness->sk, b.p, b.n);
        base64_encode(b64, sizeof b64, raw, sizeof raw);
        size_t room = cap > NOTE_MAX ? NOTE_MAX : cap;
        int n = snprintf(note + *len, cap - *len, DASH "%s %s\n", name, b64);
        if (n < 0 || *len + (size_t)n >= room)
            e = SLUIS_TOO_BIG;
        else
            *len += (size_t)n;
    }
    buffer_close(&b);
    return e;
}

sluis_err cosignature_open(uint64_t *seconds, const char *note, size_t n, const char *name,
                           const uint8_t pk[static PK_LEN], sluis_fail *f)
{
    checkpoint c = {0};
    uint8_t hash[KEYHASH_LEN], raw[LINE_COSIG];
    bytes text, lines;
    buffer b;
    sluis_err e = split_note(&c, &text, &lines, note, n, f);
    if (e)
        return e;
    key_hash(hash, name, ALG_COSIGN, pk);
    if ((e = find_line(raw, sizeof raw, lines, name, hash, f)))
        return e;
    buffer_init(&b, NOTE_MAX + 64);
    e = cosigned_text(&b, get_u64(raw + KEYHASH_LEN), text);
    if (e)
        fail_set(f, e, "checkpoint", "%s", error_text(e));
    else if (sign_verify(raw + KEYHASH_LEN + 8, pk, b.p, b.n) != SLUIS_OK)
        e = fail_set(f, SLUIS_BAD_SIGNATURE, "checkpoint",
                     "the cosignature of " NAME_FMT " does not fit the text and its time", name);
    if (!e)
        *seconds = get_u64(raw + KEYHASH_LEN);
    buffer_close(&b);
    return e;
}

static sluis_err format_key(char *out, size_t cap, const char *name, uint8_t alg,
                            const uint8_t pk[static PK_LEN])
{
    uint8_t hash[KEYHASH_LEN], raw[1 + PK_LEN] = {alg};
    char hex[2 * KEYHASH_LEN + 1], b64[ROOT_B64 + 1];
    if (!printable(name, strnlen(name, ORIGIN_MAX + 1), true))
        return SLUIS_INVALID;
    key_hash(hash, name, alg, pk);
    hex_encode(hex, hash, sizeof hash);
    memcpy(raw + 1, pk, PK_LEN);
    base64_encode(b64, sizeof b64, raw, sizeof raw);
    return (size_t)snprintf(out, cap, "%s+%s+%s", name, hex, b64) < cap ? SLUIS_OK : SLUIS_TOO_BIG;
}

static sluis_err parse_key(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], uint8_t alg,
                           const char *s)
{
    uint8_t hash[KEYHASH_LEN], given[KEYHASH_LEN], raw[1 + PK_LEN];
    char who[ORIGIN_MAX + 1];
    size_t n, namelen = strcspn(s, "+");
    if (!printable(s, namelen, true) || s[namelen] != '+')
        return SLUIS_INVALID;
    memcpy(who, s, namelen);
    who[namelen] = '\0';
    s += namelen + 1;
    size_t hexlen = strcspn(s, "+");
    if (s[hexlen] != '+' || hex_decode(given, sizeof given, s, hexlen) != SLUIS_OK)
        return SLUIS_INVALID;
    s += hexlen + 1;
    if (base64_decode(raw, sizeof raw, &n, s, strlen(s)) != SLUIS_OK || n != sizeof raw || raw[0] != alg)
        return SLUIS_INVALID;
    key_hash(hash, who, alg, raw + 1);
    if (memcmp(hash, given, sizeof hash) != 0)
        return SLUIS_INVALID;
    memcpy(name, who, namelen + 1);
    memcpy(pk, raw + 1, PK_LEN);
    return SLUIS_OK;
}

sluis_err verifier_format(char *out, size_t cap, const char *name, const uint8_t pk[static PK_LEN])
{
    return format_key(out, cap, name, ALG_ED25519, pk);
}

sluis_err verifier_parse(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *s)
{
    return parse_key(name, pk, ALG_ED25519, s);
}

sluis_err cosigner_format(char *out, size_t cap, const char *name, const uint8_t pk[static PK_LEN])
{
    return format_key(out, cap, name, ALG_COSIGN, pk);
}

sluis_err cosigner_parse(char name[static ORIGIN_MAX + 1], uint8_t pk[static PK_LEN], const char *s)
{
    return parse_key(name, pk, ALG_COSIGN, s);
}
