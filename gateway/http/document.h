/* A client's whole dossier as one document, JSON or HTML, gathered page by page. Nothing of it is given
 * before the last page is in: what fails in the middle leaves no half document. Memory is bounded by the
 * document's largest size. Thread: one at a time. */
#ifndef SLUIS_GATEWAY_HTTP_DOCUMENT_H
#define SLUIS_GATEWAY_HTTP_DOCUMENT_H

#include <jansson.h>

#include "api.pb-c.h"
#include "base/bytes.h"

typedef struct document document;

typedef enum { DOCUMENT_NONE, DOCUMENT_JSON, DOCUMENT_HTML } document_form;

/* Whose document it is, as its reader knows them; "" where nothing is said. Borrowed. */
typedef struct {
    const char *name;            /* "Gemeente Voorbeeld" */
    const char *contact;         /* where to ask */
    const char *privacy_officer; /* functionaris gegevensbescherming: where to reach */
    const char *complaints;      /* where a complaint goes */
} document_sender;

/* By the Accept field of the request: the first of the two that it names, JSON without one; NONE: neither. */
document_form document_asked(const char *accept);

/* max: bytes of the whole. sender is borrowed as long as the document lives. */
document *document_new(document_form form, const document_sender *sender, size_t max); /* NULL: no memory */
void document_free(document **d);
/* The next page. TOO_BIG: the whole would be larger than max. NOMEM. */
sluis_err document_add(document *d, const Sluis__ApiExport *x);
document_form document_form_of(const document *d);
/* Whether that was the last. */
bool document_whole(const document *d);
/* Which page comes next, into the parameters of the call that asks for it: those of the course, then those of
 * the data. NOMEM. */
sluis_err document_ask(const document *d, json_t *parameters);
/* All of it, into out. */
sluis_err document_write(document *d, buffer *out);
/* For a Content-Security-Policy field, and the HTML's own: nothing from outside, no script, our style alone.
 */
#define DOCUMENT_POLICY_MAX 200
void document_policy(char out[static DOCUMENT_POLICY_MAX]);

#endif
