#include "faults/shim_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <netdb.h>
#include <regex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* The allocator under this one: the sanitizer's, or the C library's. */
#if defined(__SANITIZE_ADDRESS__)
void *__interceptor_malloc(size_t n);
void *__interceptor_calloc(size_t n, size_t size);
void *__interceptor_realloc(void *p, size_t n);
#define REAL(name) __interceptor_##name
#else
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
#define REAL(name) __libc_##name
#endif

#define RANGES 16

typedef struct {
    uintptr_t from, to;
} range;

/* As in shim_io.c: the one place with globals, since it stands where the C library does. */
static range ours[RANGES];
static size_t range_count;
static _Atomic bool armed;
static _Atomic uint64_t seen, failures, next, step;
static _Thread_local bool spared;

/* Not jansson: 2.14 itself crashes when its fifth allocation of a parse fails. */
static int add_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    static const char *const libraries[] = {"lmdb", "protobuf-c", "xml2", "libc.so"};
    bool wanted = info->dlpi_name[0] == '\0'; /* the program itself */
    (void)size;
    (void)ctx;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        wanted |= strstr(info->dlpi_name, libraries[i]) != NULL;
    for (size_t i = 0; wanted && i < info->dlpi_phnum && range_count < RANGES; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
            continue;
        ours[range_count].from = info->dlpi_addr + p->p_vaddr;
        ours[range_count].to = ours[range_count].from + p->p_memsz;
        range_count++;
    }
    return 0;
}

void shim_alloc_arm(uint64_t first, uint64_t every)
{
    if (!range_count)
        dl_iterate_phdr(add_object, NULL);
    atomic_store(&seen, 0);
    atomic_store(&failures, 0);
    atomic_store(&next, first);
    atomic_store(&step, every);
    atomic_store(&armed, true);
}

uint64_t shim_alloc_disarm(uint64_t *failed)
{
    atomic_store(&armed, false);
    if (failed)
        *failed = atomic_load(&failures);
    return atomic_load(&seen);
}

void shim_alloc_spare(bool this_thread)
{
    spared = this_thread;
}

static bool fails(const void *caller)
{
    bool counted = false;
    if (!atomic_load(&armed) || spared)
        return false;
    for (size_t i = 0; i < range_count; i++)
        counted |= (uintptr_t)caller >= ours[i].from && (uintptr_t)caller < ours[i].to;
    if (!counted)
        return false;
    uint64_t at = atomic_fetch_add(&seen, 1) + 1, first = atomic_load(&next), every = atomic_load(&step);
    if (at != first && !(every && at > first && (at - first) % every == 0))
        return false;
    atomic_fetch_add(&failures, 1);
    errno = ENOMEM;
    return true;
}

/* glibc 2.36 frees twice when memory is out within regcomp: its defect, and no test of ours. */
int regcomp(regex_t *out, const char *pattern, int flags)
{
    static __typeof__(&regcomp) real;
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "regcomp");
        memcpy(&real, &found, sizeof real);
    }
    bool before = spared;
    spared = true;
    int r = real(out, pattern, flags);
    spared = before;
    return r;
}

/* ZeroMQ resolves its endpoints with this, and ends the program when memory is out there too. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    static __typeof__(&getaddrinfo) real;
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&real, &found, sizeof real);
    }
    bool before = spared;
    spared = true;
    int r = real(name, service, hints, out);
    spared = before;
    return r;
}

void *malloc(size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : REAL(malloc)(n);
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : REAL(calloc)(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : REAL(realloc)(p, n);
}
