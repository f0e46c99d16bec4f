#include "core/asking.h"

#include <string.h>

sluis_err asking_party(turn *t, const Sluis__Recipient *r, const party **out, sluis_fail *f)
{
    oin to;
    keyid id;
    const party_key *seal = NULL;
    sluis_err e = oin_parse(&to, r->oin, OIN_LEN);
    if (e)
        return fail_set(f, e, "core.recipients", "an OIN has 20 characters");
    *out = directory_find(t->dir, &to);
    if (!*out)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "core.recipients", "the party asked is not in the directory");
    memcpy(id.b, r->sealing_key.data, KEYID_LEN);
    return directory_key(t->dir, *out, USE_SEAL, &id, t->now, &seal, f);
}

const oin *asking_acting(const job *j)
{
    return j->call || j->evidence.n ? &j->claims.oin : &j->env->sender;
}

sluis_err asking_application(turn *t, const job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    Sluis__Origin expected = j->call ? SLUIS__ORIGIN__API : SLUIS__ORIGIN__BUS;
    if (c->origin != expected && !j->evidence.n)
        return fail_set(f, SLUIS_INVALID, "core.origin", "a party on the bus signs for itself: origin bus");
    const application *app = rules_application(t->rules, c->application);
    const oin *acting = asking_acting(j);
    if (!app || !application_may_act(app, acting))
        return fail_set(f, SLUIS_FORBIDDEN, "core.application",
                        "this organisation may not act under this application");
    return SLUIS_OK;
}

sluis_err asking_case(turn *t, const job *j, Sluis__CaseRow **out, sluis_fail *f)
{
    const oin *acting = asking_acting(j);
    sluis_err e = case_load(t->t, t->p->rows, j->env->core->case_id.data, t->arena, out);
    if (e == SLUIS_NOT_FOUND || (!e && (!case_is_open(*out) || strcmp((*out)->owner, acting->s) != 0)))
        return fail_set(f, SLUIS_NO_CASE, j->call ? "zaakId" : "core.case_id",
                        j->call ? "er is geen open zaak met dit kenmerk: open die eerst"
                                : "no open case with this id: open one first");
    return e;
}

sluis_err asking_member(turn *t, const Sluis__CaseRow *row, const char *bsn, subject *s, uint32_t *member,
                        sluis_fail *f)
{
    sluis_err e = registry_subject(t->p->registry, t->t, bsn, false, s);
    *member = e ? 0 : case_member_of(row, &s->sid);
    if (e == SLUIS_NOT_FOUND || (!e && !*member))
        return fail_set(f, SLUIS_NO_CASE, "body.subject", "this person is no member of the case");
    return e;
}

void asking_row(const turn *t, const Sluis__Core *c, const char *requester, const party *to, uint32_t member,
                const id16 *sid, Sluis__RequestRow *row)
{
    sluis__request_row__init(row);
    row->case_id = c->case_id;
    row->member = member;
    row->sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)sid->b};
    row->party = (char *)(uintptr_t)to->oin.s;
    row->requester = (char *)(uintptr_t)requester;
    row->application = c->application;
    row->state = (char *)(uintptr_t)request_state_name(REQUEST_OPEN);
    row->created = t->now;
    row->expires = c->expires;
    row->purpose = c->purpose;
    row->legal_basis = c->legal_basis;
    row->phase = c->phase;
    row->origin = c->origin;
}

sluis_err asking_words(const char *text, const char *where, const char *missing, sluis_fail *f)
{
    if (motivation_blank(text))
        return fail_set(f, SLUIS_NO_MOTIVATION, where, "%s", missing);
    if (strlen(text) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, where, "ten hoogste %d bytes", MOTIVATION_MAX);
    return SLUIS_OK;
}

sluis_err asking_denied(const job *j, const char *where, const char *rule, sluis_fail *f)
{
    const policy_refusal *no = policy_refusal_of(rule);
    return fail_set(f, SLUIS_DENIED, where,
                    j->call ? "niet toegestaan: %s (%s); vraag wat een geldende regel toelaat"
                            : "not permitted: %s (%s); ask what a rule in force allows",
                    j->call ? no->dutch : no->english, rule);
}

sluis_err asking_purpose(const turn *t, const char *purpose, const char *legal_basis, sluis_fail *f)
{
    if (!rules_purpose_title(t->rules, purpose) || !rules_legal_basis_title(t->rules, legal_basis))
        return fail_set(f, SLUIS_INVALID, "doel", "noem een doel en een grondslag uit de regels");
    return SLUIS_OK;
}

sluis_err asking_another(const turn *t, const job *j, application_act decision, const char *by, sluis_fail *f)
{
    const token_claims *who = &j->claims;
    if (strcmp(by, who->employee) != 0 ||
        policy_may_alone(t->rules, decision, who->app, who->function, t->now))
        return SLUIS_OK;
    return fail_set(
        f, SLUIS_FORBIDDEN, "token.medewerker",
        "wie het indiende, besluit er niet zelf over: laat een collega met deze functie besluiten");
}

sluis_err asking_motivation(const char *text, sluis_fail *f)
{
    if (motivation_blank(text))
        return fail_set(f, SLUIS_NO_MOTIVATION, "body.motivation",
                        "say why these data are needed for this case");
    if (strlen(text) > MOTIVATION_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body.motivation", "at most %d bytes", MOTIVATION_MAX);
    return SLUIS_OK;
}
