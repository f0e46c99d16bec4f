/* The log: one JSON object a line on stderr, a stable event name, a few levels.
 * Never content, never a person number: callers pass ids, codes, sizes and durations only.
 * Thread: each line is one write(2); any thread may log. The level is set once, before threads start. */
#ifndef SLUIS_BASE_LOG_H
#define SLUIS_BASE_LOG_H

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;

void log_init(const char *program, log_level min);

/* event: stable id such as "bus.hello". Then pairs (const char *key, const char *value) up to a NULL key;
 * values are escaped and cut at 512 bytes. Example: log_write(LOG_INFO, "bus.hello", "party", oin, NULL); */
void log_write(log_level level, const char *event, ...) __attribute__((sentinel));

#endif
