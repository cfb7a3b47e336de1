/* Preloaded: counts calls that take memory, and passes them on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t count;
uint64_t allocations_so_far(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }
static void note(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }

/* glibc's own names of the functions that are replaced: asking dlsym for them would take memory itself. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) { note(); return __libc_malloc(bytes); }
void *calloc(size_t n, size_t bytes) { note(); return __libc_calloc(n, bytes); }
void *realloc(void *old, size_t bytes) { note(); return __libc_realloc(old, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { note(); return __libc_memalign(alignment, bytes); }
int posix_memalign(void **out, size_t alignment, size_t bytes) {
  note();
  *out = __libc_memalign(alignment, bytes);
  return *out ? 0 : 12;
}
