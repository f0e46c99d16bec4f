/* applications.conf: functions, and who talks to the gateway. */
#include "policy/read.h"

#include <string.h>

static const config_key function_keys[] = {KEY_ID, KEY_TITLE};
static const config_key application_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"law", CONFIG_STR, true, 0, NAME_MAX_LEN, "", NULL, "law it acts under; \"\" for a client's portal"},
    {"oins", CONFIG_STRS, true, 1, RULESET_LIST_MAX, "", NULL, "organisations that may act under it"},
    {"client_portal", CONFIG_BOOL, false, 0, 0, "", "false", "is the client's own view"},
    {"may", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL, "rights of its own, per function"}};
static const config_key may_keys[] = {
    {"act", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "one of the acts of policy/policy.h"},
    {"functions", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "who may"},
    KEY_FROM,
    KEY_UNTIL,
    {"same_person", CONFIG_BOOL, false, 0, 0, "", "false", "a decision: also on what one brought oneself"}};
static const config_key applications_file[] = {
    {"functions", CONFIG_LIST, true, 1, RULESET_NAMES_MAX, "", NULL, "functions of people"},
    {"applications", CONFIG_LIST, true, 1, RULESET_APPLICATIONS_MAX, "", NULL, "who talks to the gateway"}};

static const char *const acts[ACT_COUNT] = {
    [ACT_OPEN_CASE] = "open-case",
    [ACT_READ_DOSSIER] = "read-dossier",
    [ACT_CHANGE_CASE] = "change-case",
    [ACT_WIDEN_SCOPE] = "widen-scope",
    [ACT_BREAK_GLASS] = "break-glass",
    [ACT_REVIEW_GLASS] = "review-break-glass",
    [ACT_HAND_OVER] = "hand-over",
    [ACT_REPORT_CONCERN] = "report-concern",
    [ACT_DECIDE_CONCERN] = "decide-concern",
    [ACT_RESOLVE] = "resolve-discrepancy",
    [ACT_NOTE_EXCHANGE] = "note-exchange",
    [ACT_RESTRICT_DOSSIER] = "restrict-dossier",
    [ACT_ASK_LOOK] = "ask-look",
    [ACT_GRANT_LOOK] = "grant-look",
    [ACT_LINK_PERSON] = "link-person",
    [ACT_FILE_RIGHTS] = "file-rights",
    [ACT_HANDLE_RIGHTS] = "handle-rights",
};

static sluis_err function_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    (void)i;
    return read_name(&r->functions, row, f);
}

/* Elsewhere the gateway itself says whether it takes another person. */
static sluis_err read_same_person(right_entry *right, const config_node *row, sluis_fail *f)
{
    right->same_person = config_bool(row, KEYS_OF(may_keys), "same_person");
    if (right->same_person && right->act != ACT_DECIDE_CONCERN && right->act != ACT_HANDLE_RIGHTS)
        return config_fail(config_get(row, "same_person"), f,
                           "same_person is for decide-concern and handle-rights: leave it out here");
    return SLUIS_OK;
}

static sluis_err may_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    right_entry *right = &r->applications[r->application_count].rights[i];
    const char *act = read_str(row, "act");
    for (size_t k = 0; k < ACT_COUNT; k++) {
        if (strcmp(acts[k], act) != 0)
            continue;
        right->act = (application_act)k;
        sluis_err err = read_period(row, &right->when, f);
        if (!err)
            err = read_same_person(right, row, f);
        return err ? err : read_bits(row, "functions", &r->functions, "function", &right->functions, f);
    }
    return config_fail(
        config_get(row, "act"), f,
        "no act is called \"%.64s\"; there are open-case, read-dossier, change-case, widen-scope, "
        "break-glass, review-break-glass, hand-over, report-concern, decide-concern, "
        "resolve-discrepancy, note-exchange, restrict-dossier, ask-look, grant-look, "
        "link-person, file-rights, handle-rights",
        act);
}

static sluis_err take_oins(rules *r, application_entry *a, const config_node *list, sluis_fail *f)
{
    size_t n = config_count(list);
    oin *oins = ruleset_alloc(r, n, sizeof *oins);
    if (!oins)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *s = config_at_str(list, i);
        if (oin_parse(&oins[i], s, strlen(s)))
            return config_fail(config_at(list, i), f, "\"%.64s\" is no OIN: 20 characters", s);
        for (size_t k = 0; k < i; k++)
            if (oin_equal(&oins[k], &oins[i]))
                return config_fail(config_at(list, i), f, "\"%.64s\" stands twice", s);
    }
    a->public.oins = oins;
    a->public.oin_count = n;
    return SLUIS_OK;
}

static sluis_err check_law(const rules *r, const config_node *row, application_entry *a, sluis_fail *f)
{
    const char *law = a->public.law;
    const config_node *at = config_get(row, "law");
    a->law = *law ? name_index(&r->laws, law) : NAME_NONE;
    if (*law && a->law == NAME_NONE)
        return config_fail(at, f, "no law is called \"%.64s\"", law);
    if (!*law && !a->public.client_portal)
        return config_fail(at, f, "only a client_portal acts under no law");
    if (*law && a->public.client_portal)
        return config_fail(at, f, "a client_portal acts under no law: write \"\"");
    return SLUIS_OK;
}

static sluis_err application_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    application_entry *a = &r->applications[i];
    a->public = (application){.id = read_str(row, "id"),
                              .title = read_str(row, "title"),
                              .law = read_str(row, "law"),
                              .client_portal = config_bool(row, KEYS_OF(application_keys), "client_portal")};
    const config_node *id = config_get(row, "id");
    if (!name_valid(a->public.id))
        return config_fail(id, f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", a->public.id);
    if (ruleset_application(r, a->public.id) != NAME_NONE)
        return config_fail(id, f, "\"%.64s\" stands twice", a->public.id);
    sluis_err err = check_law(r, row, a, f);
    if (!err)
        err = take_oins(r, a, config_get(row, "oins"), f);
    if (err)
        return err;
    a->right_count = config_count(config_get(row, "may"));
    a->rights = ruleset_alloc(r, a->right_count, sizeof *a->rights);
    err = a->rights ? read_rows(r, row, "may", KEYS_OF(may_keys), may_row, f) : SLUIS_NOMEM;
    if (err)
        return err;
    size_t at = i;
    for (; at > 0 && strcmp(r->application_by_id[at - 1]->public.id, a->public.id) > 0; at--)
        r->application_by_id[at] = r->application_by_id[at - 1];
    r->application_by_id[at] = a;
    r->application_count = i + 1;
    return SLUIS_OK;
}

sluis_err ruleset_read_applications(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(applications_file), f);
    if (!err)
        err = read_rows(r, root, "functions", KEYS_OF(function_keys), function_row, f);
    if (err)
        return err;
    size_t n = config_count(config_get(root, "applications"));
    r->applications = ruleset_alloc(r, n, sizeof *r->applications);
    r->application_by_id = ruleset_alloc(r, n, sizeof *r->application_by_id);
    return r->applications && r->application_by_id
               ? read_rows(r, root, "applications", KEYS_OF(application_keys), application_row, f)
               : SLUIS_NOMEM;
}
