/* What tests of core's refusals share: a house with one person, a case and another municipality; a call of an
 * application or a message of a party as it reaches core; and what is said of it. */
#ifndef SLUIS_TESTS_KIT_WORDS_H
#define SLUIS_TESTS_KIT_WORDS_H

#include "kit_people.h"

#include "core/handlers.h"

#define MiB (1u << 20)

typedef struct {
    house h;
    subject person;
    id16 case_id;
    turn t;
    actor town; /* another municipality */
    char many[9000];
    job *j;
    Sluis__Core core;
    envelope env;
} room;

KIT int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    actor_init(&r->town, "00000099000000006000", 7);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    house_enrol(&r->h, t.t, &r->town, "Gemeente ander", "andere-gemeente");
    house_agree(&r->h, t.t, &r->town);
    r->person = house_subject(&r->h, t.t, r->h.person);
    const subject *who[] = {&r->person};
    r->case_id = people_case(&t, who, 1, "research", 0);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    house_commit(&r->h, &t);
    memset(r->many, 'x', sizeof(r->many) - 1);
    *state = r;
    return 0;
}

KIT int teardown(void **state)
{
    room *r = *state;
    subject_close(&r->person);
    actor_close(&r->town);
    house_close(&r->h);
    free(r);
    return 0;
}

/* A call of wmo-intake's, in this function. */
KIT Sluis__ApiCall *call(room *r, const char *function)
{
    job_free(&r->j);
    r->j = house_call(&r->h, function, "mw-1");
    return r->j->call;
}

/* A message of this kind by this party, sealed to the registry alone. */
KIT Sluis__Core *message(room *r, Sluis__Kind kind, const actor *from, ProtobufCMessage *body)
{
    static Sluis__Recipient alone = SLUIS__RECIPIENT__INIT, *to[] = {&alone};
    static uint8_t transaction[UUID_LEN];
    job_free(&r->j);
    r->j = job_new(JOB_SUBMIT, bytes_str("packed envelope"));
    assert_non_null(r->j);
    sluis__core__init(&r->core);
    r->core.kind = kind;
    r->core.sender = TEXT(from->oin.s);
    r->core.case_id = data_of(r->case_id.b, ID_LEN);
    r->core.transaction = data_of(transaction, UUID_LEN);
    r->core.recipients = to;
    r->core.n_recipients = 1;
    r->core.created = HOUSE_MS;
    r->core.expires = HOUSE_MS + DAY_MS;
    r->core.purpose = TEXT("overdracht");
    r->env = (envelope){.core = &r->core, .sender = from->oin};
    r->j->env = &r->env;
    r->j->body = body;
    return &r->core;
}

/* It is refused so, and nothing is written. */
KIT void no(room *r, handler handle, sluis_err code, const char *where, const char *text)
{
    sluis_fail f = {0};
    turn t = house_begin(&r->h, HOUSE_MS, 8 * MiB);
    const sluis_err e = handle(&t, r->j, &f);
    if (e != code || strcmp(f.where, where) != 0 || strcmp(f.text, text) != 0)
        fail_msg("%s at '%s': %s; wanted at '%s': %s", error_token(e), f.where, f.text, where, text);
    assert_false(t.has_entry);
    house_abort(&r->h, &t);
    if (r->j->env) { /* the room's own */
        r->j->env = NULL;
        r->j->body = NULL;
    }
    job_free(&r->j);
}

#endif
