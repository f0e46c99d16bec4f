/* Counters of the daemon, in Prometheus' text format. Numbers only: no label comes from a message.
 * The one thing that threads share: each counter is a relaxed atomic, written by its owner, read by anyone.
 */
#ifndef SLUIS_METRICS_METRICS_H
#define SLUIS_METRICS_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/bytes.h"

/* X(field, type, help) */
#define SLUIS_METRICS(X)                                                                                     \
    X(bus_frames, "counter", "frames received on the bus")                                                   \
    X(bus_refused_frames, "counter", "frames refused before verification")                                   \
    X(bus_turned_away, "counter", "handshakes with a key of nobody, and frames without the form of one")     \
    X(bus_sessions, "gauge", "parties connected")                                                            \
    X(bus_in_flight, "gauge", "messages between bus and core")                                               \
    X(bus_delivered, "counter", "deliveries sent to parties")                                                \
    X(bus_redelivered, "counter", "deliveries sent again")                                                   \
    X(api_calls, "counter", "calls received from the HTTP front")                                            \
    X(api_limited, "counter", "calls refused: their application calls too often")                            \
    X(core_upkeep, "gauge", "dones and missed deliveries between bus and core")                              \
    X(verify_ok, "counter", "messages verified")                                                             \
    X(verify_refused, "counter", "messages refused by verification")                                         \
    X(core_batches, "counter", "commits")                                                                    \
    X(core_messages, "counter", "messages handled")                                                          \
    X(core_accepted, "counter", "messages accepted")                                                         \
    X(core_refused, "counter", "messages refused by rules or state")                                         \
    X(core_duplicates, "counter", "messages received before")                                                \
    X(core_commit_errors, "counter", "commits that failed")                                                  \
    X(store_full, "gauge", "1 while intake is stopped for want of space")                                    \
    X(store_stale_readers, "counter", "snapshots that their process left behind, cleared away")              \
    X(registry_data, "counter", "data registered")                                                           \
    X(registry_discrepancies, "counter", "differing statements kept beside the current one")                 \
    X(retention_removed, "counter", "rows of persons' files whose term was over")                            \
    X(retention_held, "gauge", "1 while nothing is deleted because the clock jumped ahead")                  \
    X(registry_cleared, "counter", "rows of forgotten persons cleared away")                                 \
    X(merges_stuck, "gauge", "persons whose merge cannot go on: their row is damaged")                       \
    X(key_slots, "gauge", "slots of the key file")                                                           \
    X(key_slots_used, "gauge", "of these, in use for good: from 11/16 on no new person can be registered")   \
    X(journal_entries, "gauge", "entries in the journal")                                                    \
    X(journal_expired, "counter", "records whose term was over")                                             \
    X(journal_days_erased, "counter", "keys erased, of days passed")                                         \
    X(requests_reminded, "counter", "requests whose answer is wanted soon")                                  \
    X(requests_late, "counter", "requests not answered in time")                                             \
    X(cooperation_signals, "gauge", "signals that cooperation with a party goes badly")                      \
    X(due_put_off, "counter", "things to be done at a time that failed, and are tried again an hour later")  \
    X(outbox_queued, "counter", "deliveries queued")                                                         \
    X(outbox_done, "counter", "deliveries done")                                                             \
    X(outbox_expired, "counter", "deliveries expired")                                                       \
    X(outbox_returned, "counter", "deliveries given up: refused or never taken")                             \
    X(views_served, "counter", "views served")                                                               \
    X(glass_broken, "counter", "looks in acute danger")                                                      \
    X(glass_unreviewed, "counter", "looks in acute danger whose review is overdue")                          \
    X(own_keys_expire_seconds, "gauge",                                                                      \
      "Unix time at which the first of our own keys or its delegation ends")                                 \
    X(party_keys_expire_seconds, "gauge",                                                                    \
      "Unix time at which the first party is without a key; 0 = no party")                                   \
    X(party_agreements_end_seconds, "gauge",                                                                 \
      "Unix time at which the first agreement in force ends; 0 = none in force")

typedef struct {
#define X(field, type, help) _Atomic uint64_t field;
    SLUIS_METRICS(X)
#undef X
} metrics;

#define METRIC_ADD(m, field, n) atomic_fetch_add_explicit(&(m)->field, (uint64_t)(n), memory_order_relaxed)
#define METRIC_SET(m, field, n) atomic_store_explicit(&(m)->field, (uint64_t)(n), memory_order_relaxed)
#define METRIC_GET(m, field)    atomic_load_explicit(&(m)->field, memory_order_relaxed)

void metrics_text(metrics *m, buffer *out);

#endif
