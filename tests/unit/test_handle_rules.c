/* The rules change in core: the entry, what is kept, what is judged by the next set in the same turn, and
 * what is not taken. */
#include "kit_parts.h"

#include "core/handlers.h"
#include "policy/recorded.h"

#define MiB      (1u << 20)
#define BEGIN_MS (UINT64_C(1795500000000))

static int setup(void **state)
{
    house *h = calloc(1, sizeof(*h));
    house_open(h);
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    house *h = *state;
    house_close(h);
    free(h);
    return 0;
}

/* The set with one file's words replaced, or (find NULL) a comment at the end of rules.conf. */
static rules *other(const rules *of, const char *file, const char *find, const char *by)
{
    rules_text texts[16];
    size_t n = 0;
    char *made = NULL;
    rules *r = NULL;
    sluis_fail f = {0};
    for (; rules_file_name(n); n++) {
        texts[n] = rules_text_at(of, n);
        if (strcmp(texts[n].name, file) != 0)
            continue;
        made = calloc(1, texts[n].n + strlen(by) + 1);
        assert_non_null(made);
        const char *at = find ? strstr(texts[n].text, find) : texts[n].text + texts[n].n;
        assert_non_null(at);
        size_t head = (size_t)(at - texts[n].text);
        memcpy(made, texts[n].text, head);
        strcat(made, by);
        strcat(made, at + (find ? strlen(find) : 0));
        texts[n].text = made;
        texts[n].n = strlen(made);
    }
    if (rules_load_texts(&r, texts, n, &f))
        fail_msg("%s: %s", f.where, f.text);
    free(made);
    return r;
}

static job *reload(rules *next)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    assert_non_null(j);
    j->change = CHANGE_RULES;
    j->rules = next;
    j->by = "beheer-1";
    j->reason = "proef";
    return j;
}

static void end(house *h, turn *t, bool commit)
{
    rules *put = t->new_rules;
    if (commit)
        house_commit(h, t);
    else
        house_abort(h, t);
    rules_unref(&put);
}

/* Entry 0 is the origin. */
static Sluis__Record *record_at(house *h, uint64_t index, arena *a)
{
    Sluis__Record *r = NULL;
    uint8_t salt[SALT_LEN];
    bytes raw;
    store_txn *t = NULL;
    assert_int_equal(store_begin_read(h->x.store, &t), SLUIS_OK);
    assert_int_equal(journal_read_record(t, h->x.slots, index, a, &r, salt, &raw), SLUIS_OK);
    store_abort(&t);
    return r;
}

static void a_change_is_an_entry(void **state)
{
    house *h = *state;
    sluis_fail f = {0};
    char was[2 * HASH_LEN + 1];
    arena *a = arena_new(MiB);
    recorded x;
    turn t = house_begin(h, BEGIN_MS, MiB);
    assert_int_equal(rules_begin(&t, &f), SLUIS_OK);
    assert_true(t.has_entry);
    end(h, &t, true);
    assert_string_equal(record_at(h, 1, a)->decision, "first");

    job *j = reload(other(h->p.first_rules, "rules.conf", NULL, "\n# x\n"));
    t = house_begin(h, BEGIN_MS + 5000, MiB);
    assert_int_equal(handle_rules(&t, j, &f), SLUIS_OK);
    assert_string_equal(j->outcome, "changed");
    assert_ptr_equal(t.rules, j->rules);
    assert_ptr_equal(t.new_rules, j->rules);
    /* what was judged by the old set before core is not taken any more in the same turn */
    job *call = job_new(JOB_API, (bytes){NULL, 0});
    call->rules = rules_ref(h->p.first_rules);
    assert_int_equal(rules_hold(&t, call, &f), SLUIS_CONFLICT);
    assert_string_equal(f.where, "regels");
    assert_string_equal(f.text, "de regels zijn intussen veranderd: doe het opnieuw");
    fail_clear(&f);
    rules_unref(&call->rules);
    call->rules = rules_ref(j->rules);
    assert_int_equal(rules_hold(&t, call, &f), SLUIS_OK);
    job_free(&call);
    end(h, &t, true);

    const Sluis__Record *r = record_at(h, 2, a);
    assert_int_equal(r->type, SLUIS__RECORD_TYPE__R_RULES);
    assert_string_equal(r->decision, "changed");
    assert_string_equal(r->employee, "beheer-1");
    assert_memory_equal(r->rules_hash.data, rules_hash(j->rules), HASH_LEN);
    hex_encode(was, rules_hash(h->p.first_rules), HASH_LEN);
    assert_string_equal(r->detail, was);

    store_txn *s = NULL;
    rules *kept = NULL;
    assert_int_equal(store_begin_read(h->x.store, &s), SLUIS_OK);
    assert_int_equal(recorded_at(s, BEGIN_MS - 1, &x), SLUIS_NOT_FOUND);
    assert_int_equal(recorded_at(s, BEGIN_MS + 4999, &x), SLUIS_OK);
    assert_memory_equal(x.hash, rules_hash(h->p.first_rules), HASH_LEN);
    assert_int_equal(recorded_load(s, h->p.rows, &x, &kept, &f), SLUIS_OK);
    assert_memory_equal(rules_hash(kept), rules_hash(h->p.first_rules), HASH_LEN);
    rules_unref(&kept);
    assert_int_equal(recorded_at(s, UINT64_MAX, &x), SLUIS_OK);
    assert_int_equal(x.since, BEGIN_MS + 5000);
    assert_memory_equal(x.hash, rules_hash(j->rules), HASH_LEN);
    assert_int_equal(recorded_nth(s, 1, &x), SLUIS_OK);
    assert_int_equal(recorded_nth(s, 2, &x), SLUIS_NOT_FOUND);
    store_abort(&s);
    arena_free(&a);
    job_free(&j);
}

static void the_same_and_the_forbidden_change_nothing(void **state)
{
    house *h = *state;
    sluis_fail f = {0};
    job *j = reload(rules_ref(h->p.first_rules));
    turn t = house_begin(h, BEGIN_MS, MiB);
    assert_int_equal(handle_rules(&t, j, &f), SLUIS_OK);
    assert_string_equal(j->outcome, "unchanged");
    assert_false(t.has_entry);
    assert_null(t.new_rules);
    job_free(&j);
    j = reload(
        other(h->p.first_rules, "rules.conf", "obligations = [\"notify-client\"]", "obligations = []"));
    assert_int_equal(handle_rules(&t, j, &f), SLUIS_CONFLICT);
    assert_non_null(strstr(f.text, "has begun and was changed"));
    assert_false(t.has_entry);
    assert_null(t.new_rules);
    assert_ptr_equal(t.rules, h->p.first_rules);
    end(h, &t, false);
    job_free(&j);
}

/* As if the program had been stopped in between. */
static void a_start_compares(void **state)
{
    house *h = *state;
    sluis_fail f = {0};
    turn t = house_begin(h, BEGIN_MS, MiB);
    assert_int_equal(rules_begin(&t, &f), SLUIS_OK);
    end(h, &t, true);
    t = house_begin(h, BEGIN_MS + 1, MiB);
    assert_int_equal(rules_begin(&t, &f), SLUIS_OK);
    assert_false(t.has_entry);
    t.rules = other(h->p.first_rules, "rules.conf", "obligations = [\"notify-client\"]", "obligations = []");
    assert_int_equal(rules_begin(&t, &f), SLUIS_CONFLICT);
    assert_non_null(strstr(f.where, "rules.conf:"));
    assert_false(t.has_entry);
    rules_unref(&t.rules);
    t.rules = other(h->p.first_rules, "holidays.conf", NULL, "\n# x\n");
    assert_int_equal(rules_begin(&t, &f), SLUIS_OK);
    assert_true(t.has_entry);
    rules *put = t.rules;
    end(h, &t, true);
    rules_unref(&put);
    arena *a = arena_new(MiB);
    assert_string_equal(record_at(h, 2, a)->decision, "changed");
    arena_free(&a);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_and_the_forbidden_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_compares, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
