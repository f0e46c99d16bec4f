/* The only file that knows libxml2. Hardening: the text is in memory (no reader of ours ever opens a URL),
 * NONET, no DTD (refused at its first byte, so no entity can be declared), libxml2's own depth limit of 256
 * (no HUGE), a ceiling on the steps of one XPath. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "mapping/document.h"

#define XPATH_STEPS 2000000

typedef struct {
    xmlDoc *doc;
    xmlXPathContext *xpath;
} xml_state;

/* libxml2 2.9.14 does not survive that memory is out: it frees twice, or goes on with a part missing, which
 * would read as a value that is not there. So the program ends, in words; what it was doing is done again at
 * its next start. */
static void *needed(void *p)
{
    if (!p) {
        log_write(LOG_ERROR, "mapping.memory", "text", "memory is out within libxml2: stopping", NULL);
        _exit(EX_SOFTWARE);
    }
    return p;
}

static void *xml_malloc(size_t n)
{
    return needed(malloc(n ? n : 1));
}

static void *xml_realloc(void *old, size_t n)
{
    return needed(realloc(old, n ? n : 1));
}

static char *xml_strdup(const char *s)
{
    return needed(strdup(s));
}

static void silent(void *ctx, xmlErrorPtr e)
{
    (void)ctx;
    (void)e;
}

static void refuse_dtd(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxt *p = ctx;
    (void)name;
    (void)external;
    (void)system;
    *(bool *)p->_private = true;
    xmlStopParser(p);
}

static sluis_err parse(xmlDoc **out, const char *name, bytes text, sluis_fail *f)
{
    sluis_err err = SLUIS_OK;
    bool dtd = false;
    char where[112];
    xmlMemSetup(free, xml_malloc, xml_realloc, xml_strdup);
    xmlInitParser();
    xmlParserCtxt *p = xmlNewParserCtxt();
    if (!p)
        return fail_set(f, SLUIS_NOMEM, name, "out of memory");
    p->_private = &dtd;
    p->sax->internalSubset = refuse_dtd;
    p->sax->serror = silent;
    *out = xmlCtxtReadMemory(p, (const char *)text.p, (int)text.n, NULL, NULL,
                             XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |
                                 XML_PARSE_BIG_LINES);
    int line = p->lastError.line > 0 ? p->lastError.line : p->input ? p->input->line : 1;
    snprintf(where, sizeof where, "%s:%d", name, line);
    if (dtd)
        err = fail_set(f, SLUIS_INVALID, where, "a document type declaration is not accepted here");
    else if (!*out || !p->wellFormed)
        err = fail_set(f, SLUIS_INVALID, where, "element %.60s: not well-formed XML (libxml2 error %d)",
                       p->name ? (const char *)p->name : "/", p->lastError.code);
    else if (!xmlDocGetRootElement(*out))
        err = fail_set(f, SLUIS_INVALID, where, "no element in this document");
    if (err && *out) {
        xmlFreeDoc(*out);
        *out = NULL;
    }
    xmlFreeParserCtxt(p);
    return err;
}

static sluis_err xml_open(void **out, document *d, bytes text, const document_namespace *ns, size_t n,
                          sluis_fail *f)
{
    xml_state *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return fail_set(f, SLUIS_NOMEM, document_name(d), "out of memory");
    sluis_err err = parse(&s->doc, document_name(d), text, f);
    if (err)
        return err;
    s->xpath = xmlXPathNewContext(s->doc);
    if (!s->xpath)
        return fail_set(f, SLUIS_NOMEM, document_name(d), "out of memory");
    s->xpath->error = silent;
    for (size_t i = 0; i < n; i++) {
        if (xmlXPathRegisterNs(s->xpath, (const xmlChar *)ns[i].prefix, (const xmlChar *)ns[i].uri))
            return fail_set(f, SLUIS_INVALID, ns[i].prefix, "not a namespace prefix");
    }
    return SLUIS_OK;
}

static void xml_close(void *state)
{
    xml_state *s = state;
    if (s->xpath)
        xmlXPathFreeContext(s->xpath);
    if (s->doc)
        xmlFreeDoc(s->doc);
    free(s);
}

static const char *xml_root(void *state)
{
    const xml_state *s = state;
    return (const char *)xmlDocGetRootElement(s->doc)->name;
}

static bool same_name(const xmlNode *a, const xmlNode *b)
{
    return a->type == b->type && xmlStrEqual(a->name, b->name);
}

/* "[2]" when siblings share the name. */
static void ordinal(const xmlNode *n, char out[static 16])
{
    int at = 1;
    bool more = false;
    for (const xmlNode *s = n->prev; s; s = s->prev)
        at += same_name(s, n);
    for (const xmlNode *s = n->next; s && !more; s = s->next)
        more = same_name(s, n);
    out[0] = 0;
    if (at > 1 || more)
        snprintf(out, 16, "[%d]", at);
}

/* The end of the path is what tells places apart, so a path that does not fit loses its beginning. */
static void node_path(const xmlNode *n, bool indexes, char *out, size_t cap)
{
    size_t at = cap - 1;
    char index[16] = "", segment[96];
    out[at] = 0;
    for (; n && n->type != XML_DOCUMENT_NODE; n = n->parent) {
        if (n->type == XML_TEXT_NODE)
            continue;
        if (indexes && n->type == XML_ELEMENT_NODE)
            ordinal(n, index);
        else
            index[0] = 0;
        int len = snprintf(segment, sizeof segment, "/%s%.60s%s", n->type == XML_ATTRIBUTE_NODE ? "@" : "",
                           (const char *)n->name, index);
        if ((size_t)len + 4 > at) {
            at -= 3;
            memcpy(out + at, "...", 3);
            break;
        }
        at -= (size_t)len;
        memcpy(out + at, segment, (size_t)len);
    }
    memmove(out, out + at, cap - at);
    if (!out[0])
        memcpy(out, "/", 2);
}

static int node_line(const xmlNode *n)
{
    if (n && (n->type == XML_ATTRIBUTE_NODE || n->type == XML_TEXT_NODE))
        n = n->parent;
    long line = n ? xmlGetLineNo((xmlNode *)(uintptr_t)n) : 1;
    return line > 0 ? (int)line : 1;
}

static int xml_where(void *state, const void *place, char *path, size_t cap)
{
    xml_state *s = state;
    const xmlNode *n = place ? place : xmlDocGetRootElement(s->doc);
    node_path(n, true, path, cap);
    return node_line(n);
}

static sluis_err evaluate(xml_state *s, document *d, const void *scope, const char *path,
                          xmlXPathObject **out, sluis_fail *f)
{
    xmlNode *node = scope ? (xmlNode *)(uintptr_t)scope : xmlDocGetRootElement(s->doc);
    s->xpath->node = node;
    s->xpath->doc = s->doc;
    s->xpath->opLimit = XPATH_STEPS;
    s->xpath->opCount = 0;
    *out = xmlXPathEval((const xmlChar *)path, s->xpath);
    if (*out)
        return SLUIS_OK;
    return fail_set(f, SLUIS_INVALID, document_name(d), "XPath %.200s cannot be evaluated (libxml2 error %d)",
                    path, s->xpath->lastError.code);
}

/* An element that holds elements is a place without a value of its own. */
static sluis_err add_node(document *d, document_hits *out, size_t *cap, xmlNode *n, sluis_fail *f)
{
    if (n->type == XML_ELEMENT_NODE && xmlFirstElementChild(n))
        return document_add(d, out, cap, NULL, 0, n, f);
    xmlChar *text = xmlNodeGetContent(n);
    if (!text)
        return fail_set(f, SLUIS_NOMEM, document_name(d), "out of memory");
    sluis_err err = document_add(d, out, cap, (const char *)text, strlen((const char *)text), n, f);
    xmlFree(text);
    return err;
}

static sluis_err xml_select(void *state, document *d, const void *scope, const char *path, document_hits *out,
                            sluis_fail *f)
{
    xml_state *s = state;
    xmlXPathObject *o;
    size_t cap = 0;
    sluis_err err = evaluate(s, d, scope, path, &o, f);
    if (err)
        return err;
    if (o->type == XPATH_NODESET) {
        for (int i = 0; !err && o->nodesetval && i < o->nodesetval->nodeNr; i++)
            err = add_node(d, out, &cap, o->nodesetval->nodeTab[i], f);
    } else {
        xmlChar *text = xmlXPathCastToString(o);
        const void *place = scope ? scope : xmlDocGetRootElement(s->doc);
        if (text)
            err = document_add(d, out, &cap, (const char *)text, strlen((const char *)text), place, f);
        xmlFree(text);
    }
    xmlXPathFreeObject(o);
    return err;
}

/* _private of a node or attribute says that a mapping uses it. */
static void mark(xmlNode *n, bool whole)
{
    static char used;
    n->_private = &used;
    if (!whole || n->type != XML_ELEMENT_NODE)
        return;
    for (xmlAttr *a = n->properties; a; a = a->next)
        a->_private = &used;
    for (xmlNode *c = n->children; c; c = c->next)
        mark(c, true);
}

static sluis_err xml_cover(void *state, document *d, const char *path, bool whole, sluis_fail *f)
{
    xml_state *s = state;
    xmlXPathObject *o;
    sluis_err err = evaluate(s, d, NULL, path, &o, f);
    if (err)
        return err;
    for (int i = 0; o->type == XPATH_NODESET && o->nodesetval && i < o->nodesetval->nodeNr; i++) {
        if (o->nodesetval->nodeTab[i]->type != XML_NAMESPACE_DECL)
            mark(o->nodesetval->nodeTab[i], whole);
    }
    xmlXPathFreeObject(o);
    return SLUIS_OK;
}

static void tell(const xmlNode *n, document_visit visit, void *ctx)
{
    char path[256];
    node_path(n, false, path, sizeof path);
    visit(ctx, path, node_line(n));
}

static void walk(xmlNode *n, document_visit visit, void *ctx)
{
    for (xmlAttr *a = n->properties; a; a = a->next) {
        if (!a->_private)
            tell((const xmlNode *)a, visit, ctx);
    }
    bool text = false;
    for (xmlNode *c = n->children; c; c = c->next) {
        if (c->type == XML_ELEMENT_NODE)
            walk(c, visit, ctx);
        else if (c->type == XML_TEXT_NODE)
            text = text || !xmlIsBlankNode(c);
    }
    if (text && !n->_private)
        tell(n, visit, ctx);
}

static sluis_err xml_uncovered(void *state, document *d, document_visit visit, void *ctx, sluis_fail *f)
{
    xml_state *s = state;
    (void)d;
    (void)f;
    walk(xmlDocGetRootElement(s->doc), visit, ctx);
    return SLUIS_OK;
}

const document_engine document_xml = {
    .open = xml_open,
    .close = xml_close,
    .select = xml_select,
    .root = xml_root,
    .where = xml_where,
    .cover = xml_cover,
    .uncovered = xml_uncovered,
};
