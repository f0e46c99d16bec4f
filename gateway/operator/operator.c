#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/control.h"
#include "flow/fatal.h"
#include "operator/desk.h"

#define START_MS 60000

static json_t *cmd_status(desk *d, const json_t *q, sluis_fail *f)
{
    static const char *const room[] = {
        [ROOM_ENOUGH] = "room", [ROOM_LITTLE] = "little-room", [ROOM_NONE] = "no-room"};
    const parts *p = desk_parts(d);
    store_health h = {0};
    uint64_t live = 0, erased = 0, slots = 0, gone = 0, moving = 0;
    store_txn *t = NULL;
    (void)q;
    sluis_err e = store_health_get(p->store, &h);
    if (!e)
        e = store_begin_read(p->store, &t);
    if (!e)
        e = store_count(t, TABLE_GONE, &gone);
    if (!e)
        e = store_count(t, TABLE_MOVING, &moving);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "store", "%s", error_text(e));
        return NULL;
    }
    keyslots_usage(p->slots, &live, &erased, &slots);
    metrics *m = p->metrics;
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:s, s:I, "
        "s:I}",
        "name", p->settings->name, "oin", p->settings->oin.s, "mode",
        p->settings->test_mode ? "test" : "production", "uptime_ms",
        (json_int_t)(clock_ms() - d->task->started), "sessions", (json_int_t)METRIC_GET(m, bus_sessions),
        "in_flight", (json_int_t)METRIC_GET(m, bus_in_flight), "accepted",
        (json_int_t)METRIC_GET(m, core_accepted), "refused",
        (json_int_t)(METRIC_GET(m, core_refused) + METRIC_GET(m, verify_refused)), "journal_entries",
        (json_int_t)METRIC_GET(m, journal_entries), "intake", METRIC_GET(m, store_full) ? "no-space" : "open",
        "store_used_bytes", (json_int_t)h.used_bytes, "store_quota_bytes", (json_int_t)h.quota_bytes,
        "new_persons", room[registry_room(p->registry)], "key_slots_used", (json_int_t)(live + erased),
        "key_slots", (json_int_t)slots, "being_cleared", (json_int_t)gone, "being_merged", (json_int_t)moving,
        "retention", METRIC_GET(m, retention_held) ? "held" : "on", "due_put_off",
        (json_int_t)METRIC_GET(m, due_put_off), "commits", (json_int_t)h.syncs);
}

static const struct {
    const char *name;
    json_t *(*run)(desk *, const json_t *, sluis_fail *);
} commands[] = {
    {"status", cmd_status},
    {"party.list", desk_party_list},
    {"party.enrol", desk_party_enrol},
    {"party.suspend", desk_party_suspend},
    {"party.resume", desk_party_resume},
    {"key.revoke", desk_key_revoke},
    {"key.suspend", desk_key_suspend},
    {"key.resume", desk_key_resume},
    {"agreement.list", desk_agreement_list},
    {"agreement.show", desk_agreement_show},
    {"agreement.file", desk_agreement_file},
    {"agreement.accept", desk_agreement_accept},
    {"agreement.revoke", desk_agreement_revoke},
    {"subject.forget", desk_subject_forget},
    {"register.import", desk_register_import},
    {"retention.show", desk_retention_show},
    {"retention.confirm", desk_retention_confirm},
    {"trace", desk_trace},
    {"journal.copy", desk_journal_copy},
    {"receipt.get", desk_receipt_get},
    {"journal.prove", desk_journal_prove},
    {"deadletters.list", desk_dead_list},
    {"config.reload", desk_config_reload},
    {"config.history", desk_config_history},
    {"config.export", desk_config_export},
    {"cooperation.list", desk_cooperation_list},
    {"policy.explain", desk_policy_explain},
};

static const char *speaker_of(const operators *o, uid_t peer)
{
    const char *name = operators_name(o, peer);
    return name ? name : o->count ? "" : NULL;
}

static json_t *on_request(void *ctx, uid_t peer, const char *cmd, const json_t *request, sluis_fail *f)
{
    desk *d = ctx;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, cmd) == 0) {
            d->speaker = speaker_of(&desk_parts(d)->settings->operators, peer);
            d->peer = peer;
            json_t *reply = commands[i].run(d, request, f);
            d->speaker = NULL;
            return reply;
        }
    fail_set(f, SLUIS_INVALID, "cmd", "a gateway has no such command: an adapter's socket may be meant");
    return NULL;
}

static void ask_for_seals(void *ctx, job *j, sluis_fail *f)
{
    desk_ask(ctx, &j, SLUIS_OK, "seal", f);
    job_free(&j);
}

static void on_tick(void *ctx)
{
    desk *d = ctx;
    uint64_t asked;
    if (read(d->task->reload_fd, &asked, sizeof asked) == (ssize_t)sizeof asked)
        desk_config_reload_signal(d);
    renewal_step(&d->seals, clock_ms());
}

/* Nothing is answered, and the sealing keys of the start are kept, until core is at its channel and has its
 * own. */
static sluis_err wait_for_core(desk *d)
{
    void *item = NULL;
    sluis_err e = channel_recv(d->replies, START_MS, &item);
    job *j = item;
    job_free(&j);
    return e;
}

void *operator_run(void *arg)
{
    desk d = {.task = arg};
    const parts *p = desk_parts(&d);
    control_server *server = NULL;
    sluis_fail f = {0};
    int capacity = parts_channel_capacity(p);
    const control_access who = {.peers = p->settings->operators.uids,
                                .count = p->settings->operators.count,
                                .group = p->settings->control_group};
    sluis_err e = channel_open(&d.core, p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = channel_open(&d.replies, p->hub, CHANNEL_CONTROL, CHANNEL_RECV_BIND, capacity);
    if (!e)
        e = wait_for_core(&d);
    if (!e)
        e = control_server_open(&server, p->settings->control, who, on_request, &d, &f);
    if (e)
        cannot_start("control.start", e, &f);
    renewal_init(&d.seals, p, ask_for_seals, &d);
    seal_ring_unref(d.task->first_seals); /* or a key would stay in memory after its file is destroyed */
    e = control_server_run(server, d.task->stop_fd, on_tick, &d);
    if (e)
        fatal("control.stopped", e, "the control socket is broken");
    renewal_close(&d.seals);
    control_server_close(&server);
    channel_close(&d.core);
    channel_close(&d.replies);
    return NULL;
}
