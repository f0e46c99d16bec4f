/* rules_load_texts with one file of a small, sound set replaced: the first byte chooses which, the rest is
 * its text. A set that loads must decide anything asked of it, and may permit nothing before its first rule.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

#define FILES 11

static const char *const small[FILES][2] = {
    {"laws.conf", "laws = ( { id = \"wmo\"; title = \"W\"; } );\n"
                  "legal_bases = ( { id = \"b\"; title = \"B\"; article = \"1\"; } );\n"},
    {"purposes.conf", "purposes = ( { id = \"p\"; title = \"P\"; } );\n"},
    {"domains.conf",
     "domains = ( { id = \"school\"; title = \"S\"; gives = ( { categories = [\"ordinary\", \"health\"]; "
     "from = \"2020-01-01\"; law = \"L\"; } ); },\n"
     "{ id = \"wmo\"; title = \"W\"; gives = ( { categories = [\"ordinary\"]; from = \"2020-01-01\"; "
     "law = \"L\"; } ); } );\n"},
    {"reasons.conf", "reasons = ( { code = \"r\"; title = \"R\"; not_possible = true; } );\n"},
    {"retention.conf",
     "retention = ( { id = \"t\"; title = \"T\"; days = 10; journal_class = 1; basis = \"x\"; } );\n"},
    {"catalogue.conf",
     "attributes = ( { id = 1; name = \"naam\"; title = \"N\"; type = \"text\"; category = \"ordinary\"; "
     "source = \"school\"; retention = \"t\"; valid_days = 1; },\n"
     "{ id = 2; name = \"zorg\"; title = \"Z\"; type = \"text\"; category = \"health\"; source = \"school\"; "
     "retention = \"t\"; valid_days = 0; } );\n"},
    {"applications.conf",
     "functions = ( { id = \"f\"; title = \"F\"; } );\n"
     "applications = ( { id = \"a\"; title = \"A\"; law = \"wmo\"; oins = [\"00000099000000001000\"]; may = "
     "( { act = \"open-case\"; functions = [\"f\"]; from = \"2026-01-01\"; } ); } );\n"},
    {"views.conf", "views = ( { id = \"v\"; law = \"wmo\"; functions = [\"f\"]; phases = [\"research\"]; "
                   "attributes = [\"naam\"]; from = \"2026-01-01\"; } );\n"},
    {"rules.conf",
     "rules = ( { id = \"r1\"; article = \"1\"; from = \"2026-01-01\"; laws = [\"wmo\"]; functions = "
     "[\"f\"]; "
     "domains = [\"school\"]; phases = [\"research\"]; purposes = [\"p\"]; legal_bases = [\"b\"]; "
     "categories = [\"ordinary\"]; attributes = [\"zorg\"]; obligations = [\"notify-client\"]; } );\n"},
    {"holidays.conf", "holidays = [\"2026-12-25\"];\n"},
    {"cooperation.conf", "levels = ( { id = \"licht\"; title = \"L\"; domains = [\"wmo\"]; answer_days = 5; "
                         "refused_percent = 50; "
                         "late_percent = 50; failed_percent = 50; restored_percent = 25; requests = 10; from "
                         "= \"2026-01-01\"; } );\n"},
};

static void ask(const rules *r)
{
    static const oin acting = {"00000099000000001000"};
    static const char *const laws[] = {"wmo"}, *const domains[] = {"school"};
    const uint32_t ids[] = {1, 2, 3};
    const case_facts c = {.exists = true,
                          .phase = SLUIS__PHASE__RESEARCH,
                          .scope_laws = laws,
                          .scope_law_count = 1,
                          .scope_domains = domains,
                          .scope_domain_count = 1};
    policy_question q = {.application = "a",
                         .acting = &acting,
                         .function = "f",
                         .domain = "school",
                         .phase = SLUIS__PHASE__RESEARCH,
                         .purpose = "p",
                         .legal_basis = "b",
                         .attributes = ids,
                         .attribute_count = 3,
                         .at = UINT64_C(1795500000000)};
    policy_answer answers[3];
    policy_decide(r, &q, &c, answers);
    for (size_t i = 0; i < 3; i++)
        if (!answers[i].rule || answers[i].permit == (policy_refusal_of(answers[i].rule) != NULL))
            abort();
    (void)view_allows(policy_view(r, "a", "f", &c, q.at), 1);
    q.at = 0;
    policy_decide(r, &q, &c, answers);
    for (size_t i = 0; i < rules_attribute_count(r); i++)
        if (!rules_attribute(r, rules_attribute_at(r, i)->id))
            abort();
}

/* libconfig 1.5 loses a string buffer of its own when a text breaks off inside a list. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rules_text texts[FILES];
    rules *r = NULL;
    sluis_fail f = {0};
    if (size == 0)
        return 0;
    for (size_t i = 0; i < FILES; i++)
        texts[i] = (rules_text){.name = small[i][0], .text = small[i][1], .n = strlen(small[i][1])};
    texts[data[0] % FILES].text = (const char *)data + 1;
    texts[data[0] % FILES].n = size - 1;
    if (rules_load_texts(&r, texts, FILES, &f) == SLUIS_OK)
        ask(r);
    else if (!f.text[0] || r)
        abort();
    rules_unref(&r);
    return 0;
}
