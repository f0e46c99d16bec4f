#include "http/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "http/document_parts.h"

#define ROOM_MAX 65536 /* what document_write adds around the pages */

document_form document_asked(const char *accept)
{
    const char *html = accept ? strstr(accept, "text/html") : NULL;
    const char *json = accept ? strstr(accept, "application/json") : NULL;
    const char *any = accept ? strstr(accept, "*/*") : "";
    json = json ? json : any;
    if (html && (!json || html < json))
        return DOCUMENT_HTML;
    return json ? DOCUMENT_JSON : DOCUMENT_NONE;
}

document *document_new(document_form form, const document_sender *sender, size_t max)
{
    document *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->form = form;
    d->sender = sender;
    d->max = max;
    d->words = json_object();
    d->used = json_object();
    d->parties = json_object();
    buffer_init(&d->once, max);
    buffer_init(&d->course, max);
    buffer_init(&d->after, max);
    buffer_init(&d->earlier, max);
    for (size_t i = 0; i < VALUE_GROUPS; i++)
        buffer_init(&d->values[i], max);
    if (!d->words || !d->used || !d->parties)
        document_free(&d);
    return d;
}

void document_free(document **at)
{
    document *d = *at;
    if (!d)
        return;
    *at = NULL;
    buffer_close(&d->once);
    buffer_close(&d->course);
    buffer_close(&d->after);
    buffer_close(&d->earlier);
    for (size_t i = 0; i < VALUE_GROUPS; i++)
        buffer_close(&d->values[i]);
    json_decref(d->words);
    json_decref(d->used);
    json_decref(d->parties);
    free(d);
}

/* ---- names -------------------------------------------------------------------------------------------- */

static void word_key(char out[static 160], const char *kind, const char *name)
{
    snprintf(out, 160, "%s %s", kind, name);
}

const char *document_word(document *d, const char *kind, const char *name)
{
    char key[160];
    word_key(key, kind, name);
    json_t *text = json_object_get(d->words, key);
    if (!text)
        return name;
    json_object_set(d->used, key, text);
    return json_string_value(text);
}

const char *document_who(const document *d, const char *oin, const char *name)
{
    if (oin[0] && strcmp(oin, d->owner) == 0)
        return d->sender->name;
    return name[0] ? name : oin;
}

/* ---- pages -------------------------------------------------------------------------------------------- */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void count(document *d, const Sluis__ApiDossierEntry *x)
{
    const struct {
        const char *oin, *name;
    } both[] = {{x->from, x->from_name}, {x->to, x->to_name}};
    d->entries++;
    d->asked += is(x->type, "request") || is(x->type, "known-query");
    d->answered += is(x->type, "response") || is(x->type, "known-answer");
    d->looked += (is(x->type, "read") && !is(x->decision, "looked-up")) || is(x->type, "from-register");
    d->hidden += is(x->type, "restricted");
    d->outside += is(x->type, "exchange");
    for (size_t i = 0; i < 2; i++)
        if (both[i].name[0] && !is(both[i].oin, d->owner) && json_object_size(d->parties) < PARTIES_MAX)
            json_object_set_new(d->parties, both[i].name, json_true());
    d->first = d->first ? d->first : x->when;
    d->last = x->when;
}

static void add_once(document *d, const Sluis__ApiExport *x)
{
    for (size_t i = 0; i < x->n_words; i++) {
        char key[160];
        word_key(key, x->words[i]->kind, x->words[i]->name);
        json_object_set_new(d->words, key, json_string(x->words[i]->text));
    }
    snprintf(d->owner, sizeof d->owner, "%s", x->owner);
    d->made = x->made;
    d->own = x->own;
    d->member = x->page->member;
    if (d->form == DOCUMENT_HTML)
        document_html_once(d, x);
    else
        document_json_once(d, x);
}

static void note_hidden(document *d, uint64_t entry)
{
    for (size_t i = 0; i < d->n_keeps; i++)
        if (d->keeps[i] == entry)
            return;
    if (d->n_keeps < KEEPS_MAX)
        d->keeps[d->n_keeps++] = entry;
}

static void add_values(document *d, const Sluis__ApiExport *x)
{
    for (size_t i = 0; i < x->n_data; i++) {
        *(x->data[i]->ended[0] ? &d->before : &d->data) += 1;
        if (d->form == DOCUMENT_HTML)
            document_html_datum(d, x->data[i]);
        else
            document_json_datum(d, x->data[i]);
    }
    for (size_t i = 0; i < x->n_hidden; i++)
        note_hidden(d, x->hidden[i]);
    d->values_next_n = x->values_next.len;
    if (d->values_next_n)
        memcpy(d->values_next, x->values_next.data, d->values_next_n);
    d->values_over = !d->values_next_n;
}

static sluis_err size_check(const document *d)
{
    const buffer *all[] = {&d->once, &d->course, &d->after, &d->earlier};
    size_t n = ROOM_MAX;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        n += all[i]->n;
        e = e ? e : all[i]->err;
    }
    for (size_t i = 0; i < VALUE_GROUPS; i++) {
        n += d->values[i].n;
        e = e ? e : d->values[i].err;
    }
    return n > d->max ? SLUIS_TOO_BIG : e;
}

sluis_err document_add(document *d, const Sluis__ApiExport *x)
{
    if (!x->page)
        return SLUIS_CORRUPT;
    if (!d->made)
        add_once(d, x);
    for (size_t i = 0; i < x->page->n_entries; i++) {
        count(d, x->page->entries[i]);
        if (d->form == DOCUMENT_HTML)
            document_html_entry(d, x->page->entries[i]);
        else
            document_json_entry(d, x->page->entries[i]);
    }
    if (d->course_over && x->values_next.len > VALUES_PLACE_MAX)
        return SLUIS_CORRUPT;
    if (d->course_over)
        add_values(d, x);
    d->next = x->page->next;
    d->course_over = d->course_over || !d->next;
    return size_check(d);
}

document_form document_form_of(const document *d)
{
    return d->form;
}

bool document_whole(const document *d)
{
    return d->course_over && d->values_over;
}

sluis_err document_ask(const document *d, json_t *parameters)
{
    char hex[2 * VALUES_PLACE_MAX + 1];
    hex_encode(hex, d->values_next, d->values_next_n);
    const int bad = d->course_over
                        ? json_object_set_new(parameters, "waarden", json_string(hex))
                        : json_object_set_new(parameters, "vanaf", json_integer((json_int_t)d->next));
    return bad ? SLUIS_NOMEM : SLUIS_OK;
}

sluis_err document_write(document *d, buffer *out)
{
    if (d->form == DOCUMENT_HTML)
        document_html_write(d, out);
    else
        document_json_write(d, out);
    return out->err;
}

void document_policy(char out[static DOCUMENT_POLICY_MAX])
{
    uint8_t hash[HASH_LEN];
    char text[48];
    const bytes style = bytes_str(document_style);
    sha256(hash, &style, 1);
    base64_encode(text, sizeof text, hash, sizeof hash);
    snprintf(out, DOCUMENT_POLICY_MAX,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", text);
}
