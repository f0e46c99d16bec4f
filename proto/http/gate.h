/* The gate before the HTTP parser: takes a connection's raw bytes, lets whole, well-formed requests through
 * in one canonical spelling, and puts a refusal in the place of the first one that is not.
 *
 * Stricter than RFC 9112 on purpose: whatever two parsers could read in two ways is refused. Per request:
 *
 *   METHOD SP target SP HTTP/1.x CRLF     one space each; target in origin form, printable ASCII, no '#'
 *   name ":" OWS value OWS CRLF           name = tchar+, no folding, values of printable ASCII and tab
 *   CRLF
 *   body of exactly Content-Length bytes  digits only, at most once; any Transfer-Encoding is refused
 *
 * Out comes the same request with only the header fields of the table in gate.c, plus one that the gate alone
 * makes: "Sluis-Gate: <mark> <verdict>". A refused request comes out as "GET / ... Sluis-Gate: <mark>
 * <name>", in its turn after the requests before it, and every later byte of the connection is dropped. A
 * request comes out only when it is complete, so a slow sender never reaches the parser. Source: RFC 9110
 * (fields), RFC 9112 sections 2.2, 3, 5, 6, 11. Thread: one a connection. */
#ifndef SLUIS_HTTP_GATE_H
#define SLUIS_HTTP_GATE_H

#include <stdbool.h>

#include "base/bytes.h"

/* X(name, token, status, text for the client (Dutch)). */
#define GATE_VERDICTS(X)                                                                                     \
    X(OK, "ok", 200, "")                                                                                     \
    X(REQUEST_LINE, "verzoekregel", 400,                                                                     \
      "De eerste regel moet zijn: METHODE pad HTTP/1.1, met enkele spaties.")                                \
    X(METHOD, "methode-onbekend", 501, "Deze HTTP-methode kent de server niet.")                             \
    X(VERSION, "http-versie", 505, "Alleen HTTP/1.1 en HTTP/1.0.")                                           \
    X(TARGET, "pad", 400, "Het pad moet met een / beginnen en alleen toegestane tekens en %-codes hebben.")  \
    X(TARGET_LONG, "pad-te-lang", 414, "Het pad met zoekdeel is te lang.")                                   \
    X(BARE_LF, "regeleinde", 400, "Regels eindigen op CR LF; een losse CR of LF is niet toegestaan.")        \
    X(CONTROL, "stuurteken", 400, "Een NUL of ander stuurteken hoort niet in de kop van een verzoek.")       \
    X(NOT_ASCII, "niet-ascii", 400, "De kop van een verzoek bestaat uit ASCII.")                             \
    X(FOLD, "regel-gevouwen", 400, "Een kopregel mag niet op de volgende regel doorlopen.")                  \
    X(FIELD_NAME, "kopnaam", 400,                                                                            \
      "Een kopregel is naam, dubbele punt, waarde; geen spatie voor de dubbele punt.")                       \
    X(DUPLICATE, "kop-dubbel", 400,                                                                          \
      "Host, Content-Length, Content-Type, Authorization en dergelijke mogen eenmaal voorkomen.")            \
    X(HOST, "host", 400, "Precies een geldige Host is verplicht bij HTTP/1.1.")                              \
    X(LENGTH, "lengte", 400, "Content-Length bestaat uit alleen cijfers.")                                   \
    X(LENGTH_MISSING, "lengte-ontbreekt", 411, "Een verzoek met inhoud moet zijn Content-Length noemen.")    \
    X(BODY_UNEXPECTED, "inhoud-onverwacht", 400, "Bij deze methode hoort geen inhoud.")                      \
    X(TRANSFER, "transfer-encoding", 501,                                                                    \
      "Transfer-Encoding wordt niet ondersteund; gebruik Content-Length.")                                   \
    X(EXPECT, "expect", 417, "Expect wordt niet ondersteund; stuur de inhoud meteen.")                       \
    X(HEAD_LONG, "kop-te-groot", 431, "De kop van het verzoek is te groot.")                                 \
    X(BODY_LONG, "inhoud-te-groot", 413, "De inhoud van het verzoek is te groot.")                           \
    X(SLOW, "te-traag", 408, "Het verzoek kwam niet op tijd volledig binnen.")                               \
    X(CROWDED, "te-druk", 503, "Er zijn te veel verbindingen open; probeer het straks opnieuw.")

typedef enum {
#define X(name, token, status, text) GATE_##name,
    GATE_VERDICTS(X)
#undef X
        GATE_VERDICT_COUNT
} gate_verdict;

int gate_status(gate_verdict v);
const char *gate_token(gate_verdict v); /* static */
const char *gate_text(gate_verdict v);  /* static, Dutch */
/* The verdict in a "Sluis-Gate" value, when its mark is ours; else false. */
bool gate_verdict_of(const char *value, const char *mark, gate_verdict *out);

#define GATE_MARK_LEN   32 /* hex digits: random, one a server, so that no client can make the field */
#define GATE_TARGET_MAX 2048
#define GATE_FIELDS_MAX 64

typedef struct {
    size_t max_header; /* bytes of request line and fields with their line ends */
    size_t max_body;   /* bytes */
    char mark[GATE_MARK_LEN + 1];
} gate_limits;

typedef struct {
    const gate_limits *limits; /* borrowed */
    buffer in;                 /* of the request that is not complete yet */
    size_t scanned;            /* bytes of `in` looked at while searching the end of the head */
    size_t head, body;         /* lengths once the head is complete; head 0 before that */
    buffer canonical;          /* that head, rewritten */
    bool refused;
} gate;

void gate_init(gate *g, const gate_limits *limits);
void gate_close(gate *g);

/* Takes n more bytes and appends what may pass to out. Only out of memory is an error: then close. */
sluis_err gate_feed(gate *g, bytes raw, buffer *out);
/* Refuses from the outside (too slow, too many connections): appends the refusal, drops all that follows. */
sluis_err gate_refuse(gate *g, gate_verdict why, buffer *out);
/* True while part of a request has come and the rest has not. */
bool gate_waiting(const gate *g);
/* The most that one gate_feed of n bytes can append. */
size_t gate_out_max(const gate_limits *l, size_t n);

#endif
