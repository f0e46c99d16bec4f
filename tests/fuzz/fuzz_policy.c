/* The decision over any question and any facts: a small sound set, and bytes that choose names (also ones
 * that do not exist), phases, scopes, attributes and the moment. Total, and the same as what its parts say: a
 * permit is exactly what some rule that fits covers, when nothing else denies; obligations are those of all
 * that fit.
 *
 *   application, function, domain, purpose, basis u8 | phase, case phase u8 | flags u8: exists, closed,
 * secret address, party not asked for, another organisation | scope u8: laws, domains, problems | moment u16:
 * days from 2025-01-01 | attributes u8 each, at most 8 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/policy.h"

#define HEAD 11
#define MAX  8

static const char *const files[][2] = {
    {"laws.conf",
     "laws = ( { id = \"wmo\"; title = \"W\"; }, { id = \"wgs\"; title = \"G\"; } );\n"
     "legal_bases = ( { id = \"b1\"; title = \"B\"; article = \"1\"; }, { id = \"b2\"; title = \"B\"; "
     "article = \"2\"; } );\n"},
    {"purposes.conf",
     "problems = ( { id = \"schuld\"; title = \"S\"; } );\n"
     "purposes = ( { id = \"p1\"; title = \"P\"; }, { id = \"p2\"; title = \"P\"; problems = "
     "[\"schuld\"]; } );\n"},
    {"domains.conf", "domains = ( { id = \"school\"; title = \"S\"; gives = ( { categories = [\"ordinary\", "
                     "\"health\"]; from = "
                     "\"2025-03-01\"; law = \"L\"; } ); },\n"
                     "{ id = \"wgs\"; title = \"G\"; gives = ( { categories = [\"ordinary\", \"financial\"]; "
                     "from = \"2025-01-01\"; "
                     "until = \"2026-01-01\"; law = \"L\"; } ); } );\n"},
    {"reasons.conf", "reasons = ( { code = \"r\"; title = \"R\"; } );\n"},
    {"retention.conf",
     "retention = ( { id = \"t\"; title = \"T\"; days = 10; journal_class = 1; basis = \"x\"; },\n"
     "{ id = \"verkeersgegevens\"; title = \"V\"; days = 10; journal_class = 2; basis = \"x\"; },\n"
     "{ id = \"beheer\"; title = \"B\"; days = -1; journal_class = 3; basis = \"x\"; } );\n"},
    {"catalogue.conf", "attributes = ( { id = 1; name = \"naam\"; title = \"N\"; type = \"text\"; category = "
                       "\"ordinary\"; source = "
                       "\"school\"; retention = \"t\"; valid_days = 1; },\n"
                       "{ id = 2; name = \"zorg\"; title = \"Z\"; type = \"text\"; category = \"health\"; "
                       "source = \"school\"; retention = "
                       "\"t\"; valid_days = 0; },\n"
                       "{ id = 3; name = \"adres\"; title = \"A\"; type = \"text\"; category = \"ordinary\"; "
                       "source = \"school\"; retention "
                       "= \"t\"; valid_days = 0; address = true; },\n"
                       "{ id = 4; name = \"bedrag\"; title = \"B\"; type = \"amount\"; category = "
                       "\"financial\"; source = \"wgs\"; "
                       "retention = \"t\"; valid_days = 0; } );\n"},
    {"applications.conf",
     "functions = ( { id = \"f1\"; title = \"F\"; }, { id = \"f2\"; title = \"F\"; } );\n"
     "applications = ( { id = \"a\"; title = \"A\"; law = \"wmo\"; oins = [\"00000099000000001000\"]; },\n"
     "{ id = \"g\"; title = \"G\"; law = \"wgs\"; oins = [\"00000099000000001000\"]; } );\n"},
    {"views.conf",
     "views = ( { id = \"v\"; law = \"wmo\"; functions = [\"f1\"]; phases = [\"research\"]; attributes = "
     "[\"naam\"]; from = \"2025-01-01\"; } );\n"},
    {"rules.conf", "rules = (\n"
                   "{ id = \"r1\"; article = \"1\"; from = \"2025-02-01\"; laws = [\"wmo\"]; functions = "
                   "[\"f1\"]; domains = "
                   "[\"school\"]; phases = [\"research\"]; purposes = [\"p1\", \"p2\"]; legal_bases = "
                   "[\"b1\"]; categories = "
                   "[\"ordinary\"]; obligations = [\"notify-client\"]; },\n"
                   "{ id = \"r2\"; article = \"1\"; from = \"2025-02-01\"; until = \"2025-09-01\"; laws = "
                   "[\"wmo\", \"wgs\"]; functions "
                   "= [\"f1\", \"f2\"]; domains = [\"school\", \"wgs\"]; phases = [\"research\", "
                   "\"meeting\"]; purposes = [\"p1\"]; "
                   "legal_bases = [\"b1\", \"b2\"]; categories = [\"health\", \"financial\"]; attributes = "
                   "[\"naam\"]; obligations = "
                   "[\"release-by-person\"]; },\n"
                   "{ id = \"r3\"; article = \"1\"; from = \"2025-06-01\"; applications = [\"g\"]; functions "
                   "= [\"f2\"]; domains = "
                   "[\"wgs\"]; phases = [\"coordination\"]; purposes = [\"p2\"]; legal_bases = [\"b2\"]; "
                   "categories = [\"financial\"]; } "
                   ");\n"},
    {"holidays.conf", "holidays = [\"2026-12-25\"];\n"},
};
#define FILES (sizeof files / sizeof files[0])

static rules *set(void)
{
    static rules *r; /* read once: the questions are what is fuzzed */
    rules_text texts[FILES];
    sluis_fail f = {0};
    for (size_t i = 0; i < FILES; i++)
        texts[i] = (rules_text){.name = files[i][0], .text = files[i][1], .n = strlen(files[i][1])};
    if (!r && rules_load_texts(&r, texts, FILES, &f))
        abort();
    return r;
}

static const char *pick(const char *const *names, size_t n, uint8_t byte)
{
    return names[byte % n];
}
#define PICK(names, byte) pick(names, sizeof(names) / sizeof(names)[0], byte)

static void check(const rules *r, const policy_question *q, const case_facts *c)
{
    policy_answer answers[MAX], any = policy_may_ask(r, q, c);
    memset(answers, 0xa5, sizeof answers);
    policy_decide(r, q, c, answers);
    for (size_t i = 0; i < q->attribute_count; i++) {
        policy_candidate found[8];
        size_t n = policy_candidates(r, q, q->attributes[i], found, 8), fit = 0;
        uint32_t all = 0;
        for (size_t k = 0; k < n; k++) {
            fit += found[k].misses == 0;
            all |= found[k].misses ? 0 : found[k].obligations;
        }
        const policy_answer *a = &answers[i];
        if (!a->rule || a->permit == (policy_refusal_of(a->rule) != NULL))
            abort();
        if (a->permit &&
            (!fit || a->obligations != all || !any.permit || c->closed || !c->exists || q->phase != c->phase))
            abort();
        if (!a->permit && (a->obligations || (strcmp(a->rule, "default-deny") == 0 && fit)))
            abort();
        if (a->permit && c->secret_address && q->attributes[i] == 3)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const applications[] = {"a", "g", "x"}, *const functions[] = {"f1", "f2", ""};
    static const char *const domains[] = {"school", "wgs", "zzz"}, *const purposes[] = {"p1", "p2", "p3"};
    static const char *const bases[] = {"b1", "b2", "b"}, *const laws[] = {"wmo", "wgs"};
    static const char *const problems[] = {"schuld"}, *const parties[] = {"00000099000000002000"};
    static const oin own = {"00000099000000001000"}, other = {"00000099000000009000"};
    uint32_t ids[MAX];
    if (size < HEAD)
        return 0;
    uint8_t flags = data[7], scope = data[8];
    size_t n = size - HEAD < MAX ? size - HEAD : MAX;
    for (size_t i = 0; i < n; i++)
        ids[i] = data[HEAD + i] % 6u;
    const case_facts c = {.exists = flags & 1,
                          .closed = flags >> 1 & 1,
                          .secret_address = flags >> 2 & 1,
                          .phase = (Sluis__Phase)(data[6] % 6),
                          .scope_laws = laws,
                          .scope_law_count = scope % 3u,
                          .scope_domains = domains,
                          .scope_domain_count = scope / 3 % 3u,
                          .scope_problems = problems,
                          .scope_problem_count = scope / 9 % 2u,
                          .scope_parties = parties,
                          .scope_party_count = flags >> 3 & 1};
    const policy_question q = {.application = PICK(applications, data[0]),
                               .acting = flags >> 4 & 1 ? &other : &own,
                               .function = PICK(functions, data[1]),
                               .domain = PICK(domains, data[2]),
                               .asked = flags >> 5 & 1 ? "00000099000000003000" : parties[0],
                               .purpose = PICK(purposes, data[3]),
                               .legal_basis = PICK(bases, data[4]),
                               .phase = (Sluis__Phase)(data[5] % 6),
                               .attributes = ids,
                               .attribute_count = n,
                               .at = UINT64_C(1735689600000) + (uint64_t)get_u16(data + 9) * DAY_MS};
    check(set(), &q, &c);
    return 0;
}

/* libconfig 1.5 keeps a buffer of its own; the set is kept to the end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\nleak:rules_load_texts";
}
