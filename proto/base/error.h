/* Errors of the whole house: one enum, 0 = OK, and a place to say what, where and what to do.
 *
 * Every fallible function returns sluis_err and hands results out by pointer. A function that meets
 * input from outside also takes a sluis_fail * (may be NULL) and fills it once, at the place that knows.
 * Thread: pure functions, callable from anywhere. */
#ifndef SLUIS_BASE_ERROR_H
#define SLUIS_BASE_ERROR_H

#include <stddef.h>

/* X(name, token, text). The token is stable: it stands in nacks, problem+json, --json output and logs. */
#define SLUIS_ERRORS(X)                                                                                      \
    X(OK, "ok", "no error")                                                                                  \
    X(NOMEM, "no-memory", "out of memory")                                                                   \
    X(INVALID, "invalid", "malformed or not allowed here")                                                   \
    X(TRUNCATED, "truncated", "ends before it is complete")                                                  \
    X(TOO_BIG, "too-big", "larger than its bound")                                                           \
    X(NONCANONICAL, "non-canonical", "not in its one canonical encoding")                                    \
    X(NOT_FOUND, "not-found", "does not exist or may not be seen")                                           \
    X(EXISTS, "exists", "exists already")                                                                    \
    X(CONFLICT, "conflict", "differs from what is stored under the same name")                               \
    X(DENIED, "denied", "no rule in force permits it")                                                       \
    X(NO_MOTIVATION, "no-motivation", "a request needs a motivation")                                        \
    X(NO_CASE, "no-case", "a request needs an existing, open case")                                          \
    X(EXPIRED, "expired", "its validity is over")                                                            \
    X(NOT_YET, "not-yet-valid", "created in the future: compare the clocks")                                 \
    X(LIFETIME, "lifetime", "valid for longer than its kind allows")                                         \
    X(BAD_SIGNATURE, "bad-signature", "the signature does not fit")                                          \
    X(BAD_SEAL, "bad-seal", "the sealed body cannot be opened under this header")                            \
    X(BAD_COMMITMENT, "bad-commitment", "the content key is not the one committed to")                       \
    X(BODY_HASH, "body-hash", "the body is not the one the header names")                                    \
    X(UNKNOWN_KEY, "unknown-key", "no such key in the directory")                                            \
    X(KEY_NOT_VALID, "key-not-valid", "the key is not valid at this moment")                                 \
    X(SUSPENDED, "suspended", "the party is suspended: it neither sends nor receives")                       \
    X(WRONG_SENDER, "wrong-sender", "the sender is not the party of this session")                           \
    X(UNKNOWN_PARTY, "unknown-party", "no such party in the directory")                                      \
    /* in the order in which an agreement is judged */                                                       \
    X(AGREEMENT_MISSING, "agreement-missing", "the party has no agreement with this municipality")           \
    X(AGREEMENT_ONE_SIGNATURE, "agreement-one-signature", "the party alone signed the agreement")            \
    X(AGREEMENT_NOT_IN_FORCE, "agreement-not-in-force", "the agreement has not begun, or is over")           \
    X(AGREEMENT_REVOKED, "agreement-revoked", "the agreement is revoked")                                    \
    X(AGREEMENT_PURPOSE, "agreement-purpose", "the agreement does not name this purpose")                    \
    X(AGREEMENT_CATEGORY, "agreement-category", "the agreement does not name data of this category")         \
    X(NOT_RECIPIENT, "not-recipient", "not addressed to this party")                                         \
    X(WITHDRAWN, "withdrawn", "its request was withdrawn by who asked")                                      \
    X(NOT_ASKED, "not-asked", "answers a request that was not put to this party")                            \
    X(SUITE, "suite", "cipher suite not allowed for this sender")                                            \
    X(KIND, "kind", "message kind not supported here")                                                       \
    X(DUPLICATE, "duplicate", "received before; the first receipt stands")                                   \
    X(FULL, "full", "a queue or quota is full; send again later")                                            \
    X(TOO_MANY, "too-many", "more than is allowed in this time; send again later")                           \
    X(REGISTER_FULL, "register-full", "the register has no room for another person: its operator must act")  \
    X(NO_SPACE, "no-space", "no space left in the store")                                                    \
    X(IO, "io", "input/output error")                                                                        \
    X(CORRUPT, "corrupt", "stored bytes fail their check")                                                   \
    X(VERSION, "version", "a format or protocol version this program does not speak")                        \
    X(PERMISSION, "permission", "file or peer permissions are wrong")                                        \
    X(UNAUTHENTICATED, "unauthenticated", "no valid token")                                                  \
    X(FORBIDDEN, "forbidden", "this token may not do this")                                                  \
    X(MODE, "mode", "test identifiers in production, or real ones in test")                                  \
    X(TIMEOUT, "timeout", "took longer than its bound")                                                      \
    X(CLOSED, "closed", "the other side is gone")                                                            \
    X(UNDELIVERABLE, "undeliverable", "its recipient took it in none of the attempts")                       \
    X(INTERNAL, "internal", "a defect in this program; please report it")

typedef enum {
#define X(name, token, text) SLUIS_##name,
    SLUIS_ERRORS(X)
#undef X
        SLUIS_ERR_COUNT
} sluis_err;

/* What was wrong, where (file:line, element, field) and what to do. Never holds content or person numbers. */
typedef struct {
    sluis_err code;
    char where[128]; /* NUL-terminated; "" when the text says it all */
    char text[384];  /* NUL-terminated; cut with "..." when longer */
} sluis_fail;

/* Fills *f (when not NULL; the first failure stays, later calls do not overwrite it) and returns code. */
sluis_err fail_set(sluis_fail *f, sluis_err code, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Empties *f before a new attempt. */
void fail_clear(sluis_fail *f);

const char *error_token(sluis_err e);     /* "bad-signature"; static */
const char *error_text(sluis_err e);      /* a clause in English; static */
sluis_err error_parse(const char *token); /* INVALID: not one of ours; "ok" is none either */

#endif
