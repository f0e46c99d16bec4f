/* A gateway that is told to stop ends by itself, at whatever moment of its start. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/core.h"
#include "read/read.h"
#include "rig/rig.h"
#include "verify/verify.h"

#define LATE_US 100000

typedef void *thread_run(void *);
typedef struct {
    thread_run *run;
    void *arg;
} late_start;

static thread_run *late; /* begins so much later than the others; NULL: none does */
static int delayed;

static void *begin_late(void *arg)
{
    late_start then = *(late_start *)arg;
    free(arg);
    usleep(LATE_US);
    return then.run(then.arg);
}

int pthread_create(pthread_t *out, const pthread_attr_t *attr, thread_run *run, void *arg)
{
    __typeof__(&pthread_create) real;
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &found, sizeof real);
    if (!late || run != late)
        return real(out, attr, run, arg);
    late_start *then = malloc(sizeof(*then));
    assert_non_null(then);
    *then = (late_start){run, arg};
    delayed++;
    return real(out, attr, begin_late, then);
}

/* fatal() would end this program. */
static void stopped_before(thread_run *thread)
{
    rig house;
    rig_open(&house);
    late = thread;
    delayed = 0;
    rig_restart(&house);
    rig_restart(&house);
    late = NULL;
    assert_true(delayed >= 2);
    rig_close(&house);
}

static void before_a_verifier_is_there(void **state)
{
    (void)state;
    stopped_before(verify_run);
}

static void before_a_reader_is_there(void **state)
{
    (void)state;
    stopped_before(read_run);
}

static void before_core_is_there(void **state)
{
    (void)state;
    stopped_before(core_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_verifier_is_there),
        cmocka_unit_test(before_a_reader_is_there),
        cmocka_unit_test(before_core_is_there),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
