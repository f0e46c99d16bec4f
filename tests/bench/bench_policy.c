/* The decision over the project's own rules: microseconds a question of ten attributes, over every domain and
 * phase, of which most are denied and some permitted. Usage: bench_policy FOLDER_OF_RULES. One JSON object on
 * stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/policy.h"

#define ROUNDS     200000
#define ATTRIBUTES 10

static const char *const domains[] = {"gemeente",     "onderwijs", "leerplicht", "politie",
                                      "ggd",          "huisarts",  "wmo",        "veiligheidshuis",
                                      "veilig-thuis", "wgs",       "jeugdwet",   "participatiewet"};
static const char *const laws[] = {"wmo", "jeugdwet", "participatiewet", "wgs"};
static const struct {
    Sluis__Phase phase;
    const char *purpose, *basis;
} phases[] = {{SLUIS__PHASE__RESEARCH, "onderzoek-meervoudige-problematiek", "wams-5.4.2"},
              {SLUIS__PHASE__COORDINATION, "gecoordineerde-aanpak", "wams-5.4.4"},
              {SLUIS__PHASE__MEETING, "casusoverleg", "wams-4.3.3"}};
#define DOMAINS (sizeof domains / sizeof domains[0])
#define PHASES  (sizeof phases / sizeof phases[0])

/* The first ten data whose source is the domain; fewer: some twice. */
static void choose(const rules *r, const char *domain, uint32_t out[static ATTRIBUTES])
{
    size_t n = 0;
    while (n < ATTRIBUTES)
        for (size_t i = 0; n < ATTRIBUTES && i < rules_attribute_count(r); i++)
            if (strcmp(rules_attribute_at(r, i)->source, domain) == 0)
                out[n++] = rules_attribute_at(r, i)->id;
}

int main(int argc, char **argv)
{
    rules *r = NULL;
    sluis_fail f = {0};
    static uint32_t ids[DOMAINS][ATTRIBUTES];
    policy_answer answers[ATTRIBUTES];
    uint64_t permits = 0;
    if (argc != 2 || crypto_start() || rules_load(&r, argv[1], &f)) {
        fprintf(stderr, "usage: bench_policy FOLDER_OF_RULES %s %s\n", f.where, f.text);
        return 2;
    }
    const application *a = rules_application(r, "wmo-intake");
    case_facts c = {.exists = true,
                    .scope_laws = laws,
                    .scope_law_count = 4,
                    .scope_domains = domains,
                    .scope_domain_count = DOMAINS};
    policy_question q = {.application = "wmo-intake",
                         .acting = a ? &a->oins[0] : NULL,
                         .function = "regisseur",
                         .attribute_count = ATTRIBUTES,
                         .at = clock_ms()};
    for (size_t d = 0; d < DOMAINS; d++)
        choose(r, domains[d], ids[d]);
    uint64_t begin = clock_mono_us();
    for (size_t i = 0; i < ROUNDS; i++) {
        q.domain = domains[i % DOMAINS];
        q.attributes = ids[i % DOMAINS];
        q.phase = c.phase = phases[i / DOMAINS % PHASES].phase;
        q.purpose = phases[i / DOMAINS % PHASES].purpose;
        q.legal_basis = phases[i / DOMAINS % PHASES].basis;
        policy_decide(r, &q, &c, answers);
        for (size_t k = 0; k < ATTRIBUTES; k++)
            permits += answers[k].permit;
    }
    double us = (double)(clock_mono_us() - begin) / ROUNDS;
    double share = (double)permits / ROUNDS / ATTRIBUTES;
    rules_unref(&r);
    if (share < 0.2 || share > 0.98) {
        fprintf(stderr, "bench_policy: %.2f of the answers permit: these are not the project's rules\n",
                share);
        return 1;
    }
    printf("{\"policy_decision_us\": %.3f, \"policy_permit_share\": %.3f}\n", us, share);
    return 0;
}
