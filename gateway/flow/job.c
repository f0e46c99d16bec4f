#include "flow/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB_ARENA_MAX (8u << 20) /* a full dossier or outbox page */
#define JOB_REPLY_MAX (4u << 20)

size_t job_weight(size_t n)
{
    return sizeof(job) + (n ? n + envelope_room(n) : 0);
}

job *job_new(job_kind kind, bytes raw)
{
    job *j = calloc(1, sizeof(*j));
    if (!j)
        return NULL;
    j->kind = kind;
    buffer_init(&j->receipt, 64u << 10);
    buffer_init(&j->evidence, 64u << 10);
    buffer_init(&j->reply, JOB_REPLY_MAX);
    buffer_init(&j->snapshot, JOB_REPLY_MAX);
    if (raw.n) {
        j->raw = malloc(raw.n);
        if (!j->raw) {
            job_free(&j);
            return NULL;
        }
        memcpy(j->raw, raw.p, raw.n);
        j->raw_len = raw.n;
    }
    j->weight = job_weight(raw.n);
    return j;
}

void job_free(job **jp)
{
    job *j = *jp;
    if (!j)
        return;
    envelope_free(&j->env);
    arena_free(&j->arena);
    directory_unref(&j->dir);
    seal_ring_unref(&j->seals);
    rules_unref(&j->rules);
    buffer_close(&j->receipt);
    buffer_close(&j->evidence);
    buffer_close(&j->reply);
    buffer_close(&j->snapshot);
    wipe(j->person, sizeof(j->person));
    if (j->raw)
        wipe(j->raw, j->raw_len);
    free(j->raw);
    free(j);
    *jp = NULL;
}

arena *job_arena(job *j)
{
    if (!j->arena)
        j->arena = arena_new(JOB_ARENA_MAX);
    return j->arena;
}

sluis_err job_say_ready(channel *bus)
{
    job *j = job_new(JOB_READY, (bytes){NULL, 0});
    sluis_err e = j ? channel_send(bus, j) : SLUIS_NOMEM;
    if (e)
        job_free(&j);
    return e;
}

#define DETAIL_CAP 40

Sluis__Record *job_receipt_record(job *j, const Sluis__Record *of)
{
    arena *a = job_arena(j);
    Sluis__Record *rec = a ? arena_alloc(a, sizeof(*rec)) : NULL;
    char *detail = a ? arena_alloc(a, DETAIL_CAP) : NULL;
    uint8_t *transaction = a ? arena_copy(a, of->transaction.data, of->transaction.len) : NULL;
    if (!rec || !detail || (of->transaction.len && !transaction))
        return NULL;
    sluis__record__init(rec);
    snprintf(detail, DETAIL_CAP, "receipt %llu", (unsigned long long)j->seq);
    rec->type = SLUIS__RECORD_TYPE__R_READ;
    rec->detail = detail;
    rec->decision = (char *)(uintptr_t) "permit";
    rec->transaction = (ProtobufCBinaryData){of->transaction.len, transaction};
    return rec;
}
