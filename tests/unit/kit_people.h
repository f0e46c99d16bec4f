/* Persons with a file: a case, data with past versions, requests, a report of concern, dossier and events, as
 * core's handlers leave them; and the look for what is left of somebody. */
#ifndef SLUIS_TESTS_KIT_PEOPLE_H
#define SLUIS_TESTS_KIT_PEOPLE_H

#include "kit_parts.h"

#include "cases/concern.h"
#include "cases/links.h"
#include "cases/rights.h"

#define PEOPLE_MAX 4

/* A case of this law in this state, of which these are members, ended at that time (0: not). */
KIT id16 people_case_of(turn *t, const char *law, const subject *const *who, size_t n, const char *phase,
                        uint64_t ended)
{
    char *laws[] = {TEXT(law)}, app[32];
    Sluis__MemberRow m[PEOPLE_MAX], *members[PEOPLE_MAX];
    Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    uint32_t one = 1;
    id16 id = id_random();
    for (size_t i = 0; i < n; i++) {
        sluis__member_row__init(&m[i]);
        m[i].member = (uint32_t)i + 1;
        m[i].sid = data_of(who[i]->sid.b, ID_LEN);
        m[i].role = TEXT(i ? "kind" : "ouder");
        m[i].seen_by = &one;
        m[i].n_seen_by = i > 0;
        members[i] = &m[i];
    }
    row.kind = TEXT(n > 1 ? "huishouden" : "client");
    row.phase = TEXT(phase);
    row.members = members;
    row.n_members = n;
    row.scope_laws = laws;
    row.n_scope_laws = 1;
    row.owner = TEXT(OIN_GEM);
    snprintf(app, sizeof(app), "%s-intake", law);
    row.opened_by = app;
    row.opened = 1;
    row.ended = ended;
    assert_int_equal(case_save(t->t, t->p->rows, id.b, &row), SLUIS_OK);
    return id;
}

KIT id16 people_case(turn *t, const subject *const *who, size_t n, const char *phase, uint64_t ended)
{
    return people_case_of(t, "wmo", who, n, phase, ended);
}

/* One statement of this source about this person, at this time. */
KIT void people_said_of(turn *t, const subject *s, const char *source, uint32_t id, const id16 *instance,
                        const char *value, uint64_t obtained)
{
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version;
    d.value = TEXT(value);
    d.source = TEXT(source);
    d.category = CATEGORY_ORDINARY;
    d.obtained = d.registered = obtained;
    d.journal_index = journal_size(t->journal);
    assert_int_equal(registry_put(t->p->registry, t->t, s, id, instance, &d, &outcome, &version, NULL),
                     SLUIS_OK);
}

KIT void people_said(turn *t, const subject *s, const char *source, uint32_t id, const char *value,
                     uint64_t obtained)
{
    static const id16 only = {{0}};
    people_said_of(t, s, source, id, &only, value, obtained);
}

KIT void people_datum(turn *t, const subject *s, uint32_t id, const char *value, uint64_t obtained)
{
    people_said(t, s, OIN_SCHL, id, value, obtained);
}

/* A request about this person in this case: journalled, kept, in the index, the dossier and the events. */
KIT uuid people_request(turn *t, const subject *s, const id16 *case_id)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    uuid tx = uuid_new(t->now);
    rec.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    rec.kind = SLUIS__KIND__REQUEST;
    rec.transaction = data_of(tx.b, UUID_LEN);
    rec.case_id = row.case_id = data_of(case_id->b, ID_LEN);
    rec.application = row.application = TEXT("wmo-intake");
    row.sid = data_of(s->sid.b, ID_LEN);
    row.party = TEXT(OIN_SCHL);
    row.state = TEXT("answered");
    assert_int_equal(turn_journal(t, &rec), SLUIS_OK);
    assert_int_equal(turn_request_file(t, tx.b, &row, s), SLUIS_OK);
    assert_int_equal(turn_dossier(t, s, case_id->b, "waarom", NULL, 0), SLUIS_OK);
    assert_int_equal(turn_event(t, "request-filed", &rec, NULL), SLUIS_OK);
    return tx;
}

/* An entry of the dossier about a case (NULL: none), and its event. */
KIT void people_note(turn *t, const subject *s, const id16 *case_id)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    if (case_id)
        rec.case_id = data_of(case_id->b, ID_LEN);
    assert_int_equal(turn_journal(t, &rec), SLUIS_OK);
    assert_int_equal(turn_dossier(t, s, case_id ? case_id->b : NULL, "omdat", NULL, 0), SLUIS_OK);
    assert_int_equal(turn_event(t, "case-changed", &rec, NULL), SLUIS_OK);
}

KIT uuid people_concern(turn *t, const subject *s, uint64_t decided)
{
    Sluis__ConcernRow row = SLUIS__CONCERN_ROW__INIT;
    Sluis__Record rec = SLUIS__RECORD__INIT;
    uuid tx = uuid_new(t->now);
    row.state = TEXT(decided ? CONCERN_NO_RESEARCH : CONCERN_RECEIVED);
    row.decided = decided;
    row.received = 1;
    row.sid = data_of(s->sid.b, ID_LEN);
    rec.transaction = data_of(tx.b, UUID_LEN);
    assert_int_equal(turn_put_sealed(t, s, TABLE_CONCERN, BYTES_OF(tx.b), &row.base), SLUIS_OK);
    assert_int_equal(link_put(t->t, t->p->rows, s->sid.b, TABLE_CONCERN, tx.b), SLUIS_OK);
    assert_int_equal(turn_event(t, "concern-received", &rec, NULL), SLUIS_OK);
    return tx;
}

/* The client asked for this ("restriction") of these data (none: of all), and it was granted or waits, since
 * now. */
KIT uuid people_right_to(turn *t, const subject *s, const id16 *case_id, const char *kind, const char *state,
                         uint32_t *attributes, size_t n)
{
    Sluis__RightsRow row = SLUIS__RIGHTS_ROW__INIT;
    uint8_t key[RIGHTS_KEY];
    uuid tx = uuid_new(t->now);
    row.kind = TEXT(kind);
    row.state = TEXT(state);
    row.case_id = data_of(case_id->b, ID_LEN);
    row.member = 1;
    row.attributes = attributes;
    row.n_attributes = n;
    row.filed = row.decided = t->now;
    row.due = t->now + DAY_MS;
    rights_key(key, &s->sid, tx.b);
    assert_int_equal(turn_put_sealed(t, s, TABLE_RIGHTS, BYTES_OF(key), &row.base), SLUIS_OK);
    return tx;
}

KIT uuid people_right(turn *t, const subject *s, const id16 *case_id, const char *kind, const char *state)
{
    return people_right_to(t, s, case_id, kind, state, NULL, 0);
}

/* OIN_SCHL answers this request for one datum, under the turn's entry. */
KIT void people_answer(turn *t, const subject *s, const uint8_t *asked, uint32_t id, Sluis__Outcome outcome)
{
    Sluis__ResultRow result = SLUIS__RESULT_ROW__INIT, *results[] = {&result};
    Sluis__DossierRow entry = SLUIS__DOSSIER_ROW__INIT;
    Sluis__RequestRow *q = NULL;
    assert_int_equal(turn_request_load(t, asked, &q, NULL), SLUIS_OK);
    result.attribute = id;
    result.outcome = outcome;
    result.reason = outcome == SLUIS__OUTCOME__GIVEN ? result.reason : TEXT("beroepsgeheim");
    entry.journal_index = t->entry.index;
    q->results = results;
    q->n_results = 1;
    q->state = TEXT("answered");
    q->answer = &entry;
    assert_int_equal(turn_request_save(t, asked, q, s), SLUIS_OK);
}

/* A granted rectification, of which OIN_SCHL was asked. OUTCOME_NONE: it has not answered. */
KIT void people_rectification(turn *t, const subject *s, const id16 *case_id, uint32_t id,
                              const char *disputed, Sluis__Outcome outcome, uint8_t key[static RIGHTS_KEY])
{
    Sluis__RightsRow row = SLUIS__RIGHTS_ROW__INIT;
    Sluis__RequestRow *q = NULL;
    uuid asked = people_request(t, s, case_id), transaction = uuid_new(t->now);
    assert_int_equal(turn_request_load(t, asked.b, &q, NULL), SLUIS_OK);
    q->attributes = &id;
    q->n_attributes = 1;
    q->state = TEXT("open");
    assert_int_equal(turn_request_save(t, asked.b, q, s), SLUIS_OK);
    if (outcome)
        people_answer(t, s, asked.b, id, outcome);
    row.kind = TEXT("rectification");
    row.state = TEXT("granted");
    row.case_id = data_of(case_id->b, ID_LEN);
    row.member = 1;
    row.attributes = &id;
    row.n_attributes = 1;
    row.text = TEXT("Dat klopt niet");
    row.value = TEXT("anders");
    row.disputed = TEXT(disputed);
    row.party = TEXT(OIN_SCHL);
    row.asked = data_of(asked.b, UUID_LEN);
    row.application = TEXT("wmo-intake");
    row.filed = row.decided = t->now;
    rights_key(key, &s->sid, transaction.b);
    assert_int_equal(turn_put_sealed(t, s, TABLE_RIGHTS, BYTES(key, RIGHTS_KEY), &row.base), SLUIS_OK);
}

KIT uint64_t people_count(house *h, gateway_table table)
{
    uint64_t n = 0;
    store_txn *t = fixture_read(&h->x);
    assert_int_equal(store_count(t, table, &n), SLUIS_OK);
    store_abort(&t);
    return n;
}

/* In how many rows, of any table but the journal's and GONE, these bytes stand. */
KIT size_t people_found(house *h, const uint8_t *needle, size_t needle_n)
{
    size_t found = 0;
    store_txn *t = fixture_read(&h->x);
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        store_cursor *c = NULL;
        bytes key, value;
        if (table == TABLE_RECORD || table == TABLE_LEAF || table == TABLE_TXINDEX || table == TABLE_GONE)
            continue;
        assert_int_equal(store_cursor_open(t, table, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
        while (store_cursor_next(c, &key, &value) == SLUIS_OK)
            found += memmem(key.p, key.n, needle, needle_n) != NULL ||
                     (value.n && memmem(value.p, value.n, needle, needle_n) != NULL);
        store_cursor_close(&c);
    }
    store_abort(&t);
    return found;
}

KIT void people_sound(house *h)
{
    registry_report report;
    sluis_fail f = {0};
    if (registry_verify(h->x.store, h->x.slots, &report, &f))
        fail_msg("%s: %s", f.where, f.text);
}

#endif
