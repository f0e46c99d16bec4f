#include "http/fetch.h"

#include <curl/curl.h>
#include <string.h>

static size_t take(char *p, size_t one, size_t n, void *ctx)
{
    buffer *out = ctx;
    buffer_add(out, p, one * n);
    return out->err ? 0 : one * n; /* 0: curl ends the transfer */
}

static sluis_err headers(struct curl_slist **list, const fetch_request *q)
{
    struct curl_slist *more = curl_slist_append(NULL, "Accept: text/plain, application/octet-stream");
    *list = more;
    if (more && q->json)
        more = curl_slist_append(*list, "Content-Type: application/json");
    return more ? SLUIS_OK : SLUIS_NOMEM;
}

static bool prepare(CURL *c, const fetch_request *q, struct curl_slist *list, buffer *out, char *error)
{
    CURLcode rc = curl_easy_setopt(c, CURLOPT_URL, q->url);
    rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    rc |= curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    rc |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
    rc |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    rc |= curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    rc |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    rc |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    rc |= curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    if (q->bearer) {
        rc |= curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        rc |= curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, q->bearer);
    }
    if (q->json) {
        rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->json);
        rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(q->json));
    }
    return rc == CURLE_OK;
}

static sluis_err error_of(CURLcode rc, const buffer *out)
{
    switch (rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return SLUIS_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return SLUIS_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return SLUIS_NOMEM;
    default:
        return out->err ? out->err : SLUIS_CLOSED;
    }
}

sluis_err fetch(buffer *out, long *status, const fetch_request *q, sluis_fail *f)
{
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *list = NULL;
    CURL *c = curl_easy_init();
    sluis_err e = c ? headers(&list, q) : SLUIS_NOMEM;
    if (!e && !prepare(c, q, list, out, error))
        e = SLUIS_NOMEM;
    if (!e) {
        CURLcode rc = curl_easy_perform(c);
        if (rc)
            e = error_of(rc, out);
        else
            curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    }
    if (e)
        fail_set(f, e, q->url, "%s", error[0] ? error : error_text(e));
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    return e;
}
