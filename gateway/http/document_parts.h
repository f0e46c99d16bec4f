/* The insides of a document, for the files that make one. Internal to http/. */
#ifndef SLUIS_GATEWAY_HTTP_DOCUMENT_PARTS_H
#define SLUIS_GATEWAY_HTTP_DOCUMENT_PARTS_H

#include <jansson.h>

#include "http/document.h"

#define PARTIES_MAX      200 /* named in the summary */
#define VALUES_PLACE_MAX 128
#define VALUE_GROUPS     5
#define DATUM_NAME_MAX   160
#define KEEPS_MAX        256 /* as many as are in force on one dossier (cases/restriction.h) */

struct document {
    document_form form;
    const document_sender *sender;
    buffer once;                 /* what stands once in it, before the entries */
    buffer course;               /* the entries so far */
    buffer after;                /* HTML: what stands once in it, behind them */
    buffer values[VALUE_GROUPS]; /* the data so far, by kind; JSON: the first holds all */
    buffer earlier;              /* what stands no more; HTML: what was settled alone */
    buffer *open;                /* HTML: the group in which a datum can still get what stood before it */
    char about[DATUM_NAME_MAX];  /* which one that is: attribute and instance */
    bool listing;                /* its table was begun */
    size_t max;
    uint64_t next;                         /* of the course */
    uint8_t values_next[VALUES_PLACE_MAX]; /* of the data */
    size_t values_next_n;
    bool course_over, values_over;
    bool own;                     /* its reader is the person it is about */
    uint64_t keeps[KEEPS_MAX];    /* entries whose restriction keeps data out */
    size_t n_keeps, data, before; /* statements that stand, and that stood */
    json_t *words;                /* "kind name": what it is called */
    json_t *used;                 /* those of words that the document names */
    json_t *parties;              /* names of who asked, gave or got, a set */
    char owner[32];               /* OIN of the municipality */
    char day[48];                 /* HTML: the last entry's, in the Netherlands */
    uint64_t first, last, made;
    uint32_t member;
    size_t entries, asked, answered, looked, hidden, outside;
};

/* What a name of the rules is called; the name itself when it is in none. Borrowed. */
const char *document_word(document *d, const char *kind, const char *name);
/* Who: the municipality by its own name; a party by its title, or its number. Borrowed. */
const char *document_who(const document *d, const char *oin, const char *name);

/* document_json.c, document_html.c: the same three for each form. */
void document_json_once(document *d, const Sluis__ApiExport *x);
void document_json_entry(document *d, const Sluis__ApiDossierEntry *x);
void document_json_datum(document *d, const Sluis__ApiOwnDatum *x);
void document_json_write(document *d, buffer *out);
void document_html_once(document *d, const Sluis__ApiExport *x);
void document_html_entry(document *d, const Sluis__ApiDossierEntry *x);
void document_html_write(document *d, buffer *out);

/* document_html.c: a label and its value, a list's; "" or 0: nothing. form: dutch_date or dutch_term. */
void document_row(buffer *b, const char *label, const char *value);
void document_row_when(buffer *b, const char *label, uint64_t ms, void (*form)(char *, uint64_t));

/* document_html_values.c: a datum, with what stood before it behind it; the section that all of them make.
 */
void document_html_datum(document *d, const Sluis__ApiOwnDatum *x);
void document_html_values(document *d, buffer *out);
/* A condition as it is kept, "code[ date][ words]", in words. */
void document_condition(document *d, buffer *b, const char *said);

/* document_html_rights.c: what the client asked; what a client may ask, and where to complain. */
void document_html_asked(document *d, buffer *b, const Sluis__ApiExport *x);
void document_html_rights(document *d, buffer *b, const Sluis__ApiExport *x);

/* document_words.c: what an entry says in a sentence. from, to: the form has a place for it. */
typedef struct {
    const char *word, *form;
    bool from, to;
    const char *note; /* what it means for the client; NULL: nothing */
} document_sentence;
const document_sentence *document_sentence_of(const Sluis__ApiDossierEntry *x); /* NULL: there is none */

/* document_dates.c: dates as people write them. A moment in Dutch time; a term by its last whole day. */
#define DUTCH_DATE 48
#define DUTCH_TIME 8
void dutch_date(char out[static DUTCH_DATE], uint64_t ms); /* "donderdag 26 november 2026" */
void dutch_time(char out[static DUTCH_TIME], uint64_t ms); /* "14:05" */
void dutch_day(char out[static DUTCH_DATE], uint64_t ms);  /* "26 november 2026" */
void dutch_term(char out[static DUTCH_DATE], uint64_t ms); /* the last day before this end of a term (UTC) */

/* document_style.c */
extern const char document_style[];

#endif
