/* A problem as RFC 9457 writes it: what the caller may know, and nothing of the content. Thread: plain data.
 */
#ifndef SLUIS_GATEWAY_HTTP_PROBLEM_H
#define SLUIS_GATEWAY_HTTP_PROBLEM_H

#include "base/bytes.h"

typedef struct {
    int status;           /* HTTP; 0 = no problem */
    unsigned retry_after; /* s; 0 = not said */
    char code[65];        /* stable token */
    char title[128];
    char detail[512];
    char where[160]; /* field or place; "" = none */
} problem;

/* Fills *p unless it holds a problem already; the first one stays. */
void problem_set(problem *p, int status, const char *code, const char *title, const char *where,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* What sluisd refused: the Dutch title belongs to the code. detail "" = the code's own sentence. */
void problem_told(problem *p, int status, const char *code, const char *where, const char *detail);

/* Appends the JSON. instance: the path asked, or NULL. */
void problem_write(buffer *out, const problem *p, const char *instance);

#endif
