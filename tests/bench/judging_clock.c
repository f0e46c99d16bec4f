/* Linked into a gateway that is measured (build/.../bench/sluisd_timed): how long its judging takes, in
 * the nanoseconds of the file that SLUIS_JUDGING names. The linker puts a clock around each function below
 * (--wrap, the Makefile reads their names here); the gateway is otherwise as it is. Whoever interrupts them
 * is counted, too, and so is the clock: it is never too little. One within another counts once. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/about.h"
#include "core/agreed.h"
#include "core/asking.h"
#include "core/cooperation.h"
#include "core/deadline.h"
#include "core/from_register.h"
#include "core/rectify.h"
#include "core/results.h"
#include "core/settle.h"
#include "policy/policy.h"

static _Atomic uint64_t *total; /* ns */
static _Thread_local unsigned depth;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("SLUIS_JUDGING");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        abort(); /* a measurement without its clock measures nothing */
    close(fd);
    total = p;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t enter(void)
{
    return depth++ == 0 ? now() : 0;
}

static void leave(uint64_t since)
{
    if (--depth == 0)
        atomic_fetch_add_explicit(total, now() - since, memory_order_relaxed);
}

#define TIMED(name, params, args)                                                                            \
    sluis_err __real_##name params;                                                                          \
    sluis_err __wrap_##name params;                                                                          \
    sluis_err __wrap_##name params                                                                           \
    {                                                                                                        \
        uint64_t since = enter();                                                                            \
        sluis_err e = __real_##name args;                                                                    \
        leave(since);                                                                                        \
        return e;                                                                                            \
    }
#define TIMED_VOID(name, params, args)                                                                       \
    void __real_##name params;                                                                               \
    void __wrap_##name params;                                                                               \
    void __wrap_##name params                                                                                \
    {                                                                                                        \
        uint64_t since = enter();                                                                            \
        __real_##name args;                                                                                  \
        leave(since);                                                                                        \
    }

/* clang-format off */
/* A request: who asks, of whom, in which case, about whom, why; what the rules and agreements let; by when. */
TIMED(asking_application, (turn *t, const job *j, sluis_fail *f), (t, j, f))
TIMED(asking_party, (turn *t, const Sluis__Recipient *r, const party **out, sluis_fail *f), (t, r, out, f))
TIMED(asking_motivation, (const char *text, sluis_fail *f), (text, f))
TIMED(asking_case, (turn *t, const job *j, Sluis__CaseRow **out, sluis_fail *f), (t, j, out, f))
TIMED(asking_member, (turn *t, const Sluis__CaseRow *row, const char *bsn, subject *s, uint32_t *member, sluis_fail *f),
      (t, row, bsn, s, member, f))
TIMED_VOID(policy_decide, (const rules *r, const policy_question *q, const case_facts *c, policy_answer *answers),
           (r, q, c, answers))
TIMED(agreed_request, (turn *t, const job *j, const party *to, sluis_fail *f), (t, j, to, f))
TIMED(deadline_of, (turn *t, const Sluis__Core *c, const char *domain, uint64_t asked, uint64_t *answer_by, sluis_fail *f),
      (t, c, domain, asked, answer_by, f))
TIMED(deadline_begin, (turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row, const char *domain),
      (t, transaction, row, domain))
TIMED(from_register_split, (turn *t, const job *j, const Sluis__CaseRow *c, const subject *s, register_split *out),
      (t, j, c, s, out))
/* An answer: to this question, and to whom; what may be given, on which conditions; what differs from what
 * others say. */
TIMED(about_answers_request, (const job *j, const Sluis__RequestRow *row, sluis_fail *f), (j, row, f))
TIMED(about_to_requester, (turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f), (t, j, row, f))
TIMED(results_check, (turn *t, const job *j, const Sluis__RequestRow *row, const subject *s, Sluis__AttributeResult *const *v,
                      size_t n, sluis_fail *f), (t, j, row, s, v, n, f))
TIMED(settle_statement, (turn *t, const job *j, settlement *x, const subject *s, const attribute *a, const id16 *instance,
                         datum_outcome outcome, bool *open), (t, j, x, s, a, instance, outcome, open))
TIMED(rectify_heard, (turn *t, const subject *s, const uint32_t *ids, size_t n), (t, s, ids, n))
TIMED_VOID(cooperation_answered, (turn *t, const char *whom, uint32_t refused, bool late), (t, whom, refused, late))
