/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#define _GNU_SOURCE 1 /* dlinfo, reallocarray */
#include "config.h"

#include "core/conformance/allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- counting */

static atomic_bool armed;
static atomic_uint_fast64_t calls, fail_at;
static uintptr_t plugin_base;
static atomic_uintptr_t failed_at;

void allocations_arm(uint64_t nth)
{
    atomic_store(&calls, 0);
    atomic_store(&fail_at, nth);
    atomic_store(&failed_at, 0);
    atomic_store(&armed, true);
}

uint64_t allocations_disarm(void)
{
    return atomic_exchange(&armed, false) ? atomic_load(&calls) : 0;
}

uint64_t allocations_failed_at(void)
{
    uintptr_t at = atomic_load(&failed_at);
    return at > plugin_base ? at - plugin_base : 0;
}

/* Is it this one's turn to fail? */
static bool fails(const void *caller)
{
    if (!atomic_load(&armed) || atomic_fetch_add(&calls, 1) + 1 != atomic_load(&fail_at))
        return false;
    atomic_store(&failed_at, (uintptr_t)caller);
    errno = ENOMEM;
    return true;
}

/* ---- what the plugin calls instead */

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

static void *watched_malloc(size_t n)
{
    return fails(CALLER) ? NULL : malloc(n);
}

static void *watched_calloc(size_t count, size_t n)
{
    return fails(CALLER) ? NULL : calloc(count, n);
}

static void *watched_realloc(void *p, size_t n)
{
    return fails(CALLER) ? NULL : realloc(p, n);
}

static void *watched_reallocarray(void *p, size_t count, size_t n)
{
    return fails(CALLER) ? NULL : reallocarray(p, count, n);
}

static char *watched_strdup(const char *text)
{
    return fails(CALLER) ? NULL : strdup(text);
}

static char *watched_strndup(const char *text, size_t n)
{
    return fails(CALLER) ? NULL : strndup(text, n);
}

static int watched_posix_memalign(void **ret, size_t alignment, size_t n)
{
    return fails(CALLER) ? ENOMEM : posix_memalign(ret, alignment, n);
}

static void *watched_aligned_alloc(size_t alignment, size_t n)
{
    return fails(CALLER) ? NULL : aligned_alloc(alignment, n);
}

static void *watched_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    return fails(CALLER) ? MAP_FAILED : mmap(at, n, protection, flags, fd, offset);
}

typedef void any_function(void);

static const struct {
    const char *name;
    any_function *instead;
} watched[] = {
    {"malloc", (any_function *)watched_malloc},
    {"calloc", (any_function *)watched_calloc},
    {"realloc", (any_function *)watched_realloc},
    {"reallocarray", (any_function *)watched_reallocarray},
    {"strdup", (any_function *)watched_strdup},
    {"strndup", (any_function *)watched_strndup},
    {"posix_memalign", (any_function *)watched_posix_memalign},
    {"aligned_alloc", (any_function *)watched_aligned_alloc},
    {"mmap", (any_function *)watched_mmap},
    {"mmap64", (any_function *)watched_mmap},
};

/* ---- the tables of a loaded object */

struct tables {
    ElfW(Addr) base;
    const ElfW(Sym) * symbols;
    const char *names;
    const char *relocations[3]; /* for the procedure linkage table, RELA, REL */
    size_t sizes[3];
    bool with_addend[3];
};

/* Some C libraries have relocated these pointers already, others have not. */
static const void *absolute(const struct link_map *map, ElfW(Addr) at)
{
    return (const void *)(at < map->l_addr ? map->l_addr + at : at);
}

static struct tables tables_of(const struct link_map *map)
{
    struct tables t = {.base = map->l_addr, .with_addend = {true, true, false}};
    for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
        switch (d->d_tag) {
        case DT_SYMTAB:
            t.symbols = absolute(map, d->d_un.d_ptr);
            break;
        case DT_STRTAB:
            t.names = absolute(map, d->d_un.d_ptr);
            break;
        case DT_JMPREL:
            t.relocations[0] = absolute(map, d->d_un.d_ptr);
            break;
        case DT_RELA:
            t.relocations[1] = absolute(map, d->d_un.d_ptr);
            break;
        case DT_REL:
            t.relocations[2] = absolute(map, d->d_un.d_ptr);
            break;
        case DT_PLTRELSZ:
            t.sizes[0] = d->d_un.d_val;
            break;
        case DT_RELASZ:
            t.sizes[1] = d->d_un.d_val;
            break;
        case DT_RELSZ:
            t.sizes[2] = d->d_un.d_val;
            break;
        case DT_PLTREL:
            t.with_addend[0] = d->d_un.d_val == DT_RELA;
            break;
        default:
            break;
        }
    return t;
}

/* The page is read-only since the object was loaded, if it was linked with -z relro. */
static bool put_pointer(ElfW(Addr) at, any_function *function)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = at & ~(page - 1);
    size_t n = (at + sizeof function + page - 1 - first) & ~(page - 1);
    if (mprotect((void *)first, n, PROT_READ | PROT_WRITE) < 0)
        return false;
    memcpy((void *)at, &function, sizeof function);
    return true;
}

#if UINTPTR_MAX > UINT32_MAX
#define SYMBOL_OF(info) ELF64_R_SYM(info)
#else
#define SYMBOL_OF(info) ELF32_R_SYM(info)
#endif

static unsigned exchange_in(const struct tables *t, int k)
{
    unsigned done = 0;
    size_t step = t->with_addend[k] ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    for (size_t at = 0; t->relocations[k] && at + step <= t->sizes[k]; at += step) {
        ElfW(Rel) r; /* the beginning of both kinds */
        memcpy(&r, t->relocations[k] + at, sizeof r);
        const char *name = t->names + t->symbols[SYMBOL_OF(r.r_info)].st_name;
        for (size_t i = 0; SYMBOL_OF(r.r_info) && i < sizeof watched / sizeof watched[0]; i++)
            if (strcmp(watched[i].name, name) == 0)
                done += put_pointer(t->base + r.r_offset, watched[i].instead);
    }
    return done;
}

static unsigned exchange(const struct link_map *map)
{
    struct tables t = tables_of(map);
    unsigned done = 0;
    for (int k = 0; t.symbols && t.names && k < 3; k++)
        done += exchange_in(&t, k);
    return done;
}

int allocations_watch(const char *path, struct err *e)
{
    struct link_map *map = NULL;
    void *plugin = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (!plugin || dlinfo(plugin, RTLD_DI_LINKMAP, &map) != 0)
        return err_set(e, "its allocations cannot be told from those of ctxmark, which it is built "
                          "into");
    plugin_base = map->l_addr;
    exchange(map);
    void *cxx = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD);
    if (cxx && dlinfo(cxx, RTLD_DI_LINKMAP, &map) == 0)
        exchange(map);
    return 0;
}
