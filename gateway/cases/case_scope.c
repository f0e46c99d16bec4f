/* The scope of a case: what the client chose, and what is enforced. They differ only while a motivated
 * override for serious problems stands; the wish then keeps what the client chose. */
#include <string.h>

#include "cases/cases.h"

static bool listed(char *const *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], s) == 0)
            return true;
    return false;
}

static bool is_oin(const rules *r, const char *s)
{
    (void)r;
    return oin_valid(s, strlen(s));
}

static sluis_err check_list(const rules *r, char *const *list, size_t n, const char *where,
                            bool known(const rules *, const char *), const char *what, sluis_fail *f)
{
    if (n > CASE_SCOPE_MAX)
        return fail_set(f, SLUIS_TOO_BIG, where, "noem er ten hoogste %d", CASE_SCOPE_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!known(r, list[i]))
            return fail_set(f, SLUIS_INVALID, where, "nummer %zu is geen %s", i + 1, what);
        if (listed(list, i, list[i]))
            return fail_set(f, SLUIS_INVALID, where, "nummer %zu staat er twee keer", i + 1);
    }
    return SLUIS_OK;
}

sluis_err case_scope_check(const rules *r, const Sluis__ScopeRow *s, sluis_fail *f)
{
    sluis_err e = check_list(r, s->laws, s->n_laws, "bereik.wetten", rules_is_law, "wet van laws.conf", f);
    if (!e)
        e = check_list(r, s->domains, s->n_domains, "bereik.domeinen", rules_is_domain,
                       "domein van domains.conf", f);
    if (!e)
        e = check_list(r, s->problems, s->n_problems, "bereik.problemen", rules_is_problem,
                       "probleem van purposes.conf", f);
    return e ? e : check_list(r, s->parties, s->n_parties, "bereik.partijen", is_oin, "OIN van 20 tekens", f);
}

void case_scope_choose(Sluis__CaseRow *row, const Sluis__ScopeRow *s)
{
    row->scope_laws = s->laws;
    row->n_scope_laws = s->n_laws;
    row->scope_domains = s->domains;
    row->n_scope_domains = s->n_domains;
    row->scope_problems = s->problems;
    row->n_scope_problems = s->n_problems;
    row->scope_parties = s->parties;
    row->n_scope_parties = s->n_parties;
    row->wish = NULL;
}

static void enforced(const Sluis__CaseRow *row, Sluis__ScopeRow *out)
{
    sluis__scope_row__init(out);
    out->laws = row->scope_laws;
    out->n_laws = row->n_scope_laws;
    out->domains = row->scope_domains;
    out->n_domains = row->n_scope_domains;
    out->problems = row->scope_problems;
    out->n_problems = row->n_scope_problems;
    out->parties = row->scope_parties;
    out->n_parties = row->n_scope_parties;
}

/* list becomes itself and what of more is not in it. empty_is_all: an empty list stands for everything. */
static sluis_err unite(char ***list, size_t *n, char *const *more, size_t more_n, bool empty_is_all, arena *a,
                       bool *grew, sluis_fail *f)
{
    if (empty_is_all && *n == 0)
        return SLUIS_OK;
    char **both = arena_alloc(a, (*n + more_n + 1) * sizeof(*both));
    if (!both)
        return fail_set(f, SLUIS_NOMEM, "bereik", "%s", error_text(SLUIS_NOMEM));
    size_t count = *n;
    if (*n)
        memcpy(both, *list, *n * sizeof(*both));
    for (size_t i = 0; i < more_n; i++)
        if (!listed(both, count, more[i]))
            both[count++] = more[i];
    if (count > CASE_SCOPE_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "bereik", "samen met wat er al in staat ten hoogste %d",
                        CASE_SCOPE_MAX);
    *grew = *grew || count > *n;
    *list = both;
    *n = count;
    return SLUIS_OK;
}

/* An empty list limits nothing: what both allow. */
static sluis_err narrow(char ***list, size_t *n, char **more, size_t more_n, arena *a, sluis_fail *f)
{
    char **both = arena_alloc(a, (*n + 1) * sizeof(*both));
    size_t count = 0;
    if (!both)
        return fail_set(f, SLUIS_NOMEM, "bereik", "%s", error_text(SLUIS_NOMEM));
    if (!more_n)
        return SLUIS_OK;
    for (size_t i = 0; i < *n; i++)
        if (listed(more, more_n, (*list)[i]))
            both[count++] = (*list)[i];
    if (*n && !count)
        return fail_set(f, SLUIS_CONFLICT, "bereik",
                        "wat de zaken aan problemen of partijen toelaten sluit elkaar uit: laat de cliënt "
                        "het bereik kiezen en noem dat");
    *list = *n ? both : more;
    *n = *n ? count : more_n;
    return SLUIS_OK;
}

static sluis_err join(Sluis__ScopeRow *s, const Sluis__ScopeRow *other, arena *a, sluis_fail *f)
{
    bool grew = false;
    sluis_err e = unite(&s->laws, &s->n_laws, other->laws, other->n_laws, false, a, &grew, f);
    if (!e)
        e = unite(&s->domains, &s->n_domains, other->domains, other->n_domains, false, a, &grew, f);
    if (!e)
        e = narrow(&s->problems, &s->n_problems, other->problems, other->n_problems, a, f);
    return e ? e : narrow(&s->parties, &s->n_parties, other->parties, other->n_parties, a, f);
}

sluis_err case_scope_join(Sluis__CaseRow *row, const Sluis__CaseRow *other, arena *a, sluis_fail *f)
{
    Sluis__ScopeRow now, chosen, *wish = row->wish;
    enforced(row, &now);
    enforced(other, &chosen);
    if (other->wish)
        chosen = *other->wish;
    sluis_err e = wish ? join(wish, &chosen, a, f) : SLUIS_OK;
    if (!e)
        e = join(&now, &chosen, a, f);
    if (!e) {
        case_scope_choose(row, &now);
        row->wish = wish;
    }
    return e;
}

sluis_err case_scope_widen(Sluis__CaseRow *row, const Sluis__ScopeRow *more, arena *a, sluis_fail *f)
{
    Sluis__ScopeRow *wish = row->wish;
    Sluis__CaseRow wide = *row;
    bool grew = false;
    if (!wish) {
        wish = arena_alloc(a, sizeof(*wish));
        if (!wish)
            return fail_set(f, SLUIS_NOMEM, "bereik", "%s", error_text(SLUIS_NOMEM));
        enforced(row, wish);
    }
    wide.wish = wish;
    sluis_err e = unite(&wide.scope_laws, &wide.n_scope_laws, more->laws, more->n_laws, false, a, &grew, f);
    if (!e)
        e = unite(&wide.scope_domains, &wide.n_scope_domains, more->domains, more->n_domains, false, a, &grew,
                  f);
    if (!e)
        e = unite(&wide.scope_problems, &wide.n_scope_problems, more->problems, more->n_problems, true, a,
                  &grew, f);
    if (!e)
        e = unite(&wide.scope_parties, &wide.n_scope_parties, more->parties, more->n_parties, true, a, &grew,
                  f);
    if (e)
        return e;
    if (!grew)
        return fail_set(f, SLUIS_INVALID, "bereik", "dit voegt niets toe aan wat al in het bereik staat");
    *row = wide;
    return SLUIS_OK;
}
