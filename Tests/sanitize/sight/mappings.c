#define _GNU_SOURCE
#include "sight.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_munmap(void *, size_t);
void *__real_mremap(void *, size_t, size_t, int, ...);

typedef struct known { dev_t device; ino_t file; char *base; size_t bytes; int users; } known;
static known all[512];
static int shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static known *find(const void *address) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].users && (const char *)address >= all[i].base && (const char *)address < all[i].base + all[i].bytes) return &all[i];
  return NULL;
}

static known *find_file(const struct stat *status) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].users && all[i].device == status->st_dev && all[i].file == status->st_ino) return &all[i];
  return NULL;
}

static void *map_file(size_t bytes, int flags, int file, const struct stat *status) {
  known *found = find_file(status);
  if (found && found->bytes >= bytes) {
    shared += ++found->users == 2;
    return found->base;
  }
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i].users) continue;
    char *base = __real_mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0); /* whoever comes later may write */
    if (base != MAP_FAILED) all[i] = (known){status->st_dev, status->st_ino, base, bytes, 1};
    return base;
  }
  errno = ENOMEM;
  return MAP_FAILED;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  struct stat status;
  void *result;
  pthread_mutex_lock(&lock);
  known *old = flags & MAP_FIXED ? find(address) : NULL;
  if (old && old->users > 1) result = address; /* a run ends: the reader still needs these pages */
  else if (old) {
    old->users = 0; /* these are not the file's pages any more */
    result = __real_mmap(address, bytes, protection, flags, file, offset);
  } else if (!(flags & MAP_FIXED) && flags & MAP_SHARED && offset == 0 && fstat(file, &status) == 0)
    result = map_file(bytes, flags, file, &status);
  else result = __real_mmap(address, bytes, protection, flags, file, offset);
  pthread_mutex_unlock(&lock);
  return result;
}

int __wrap_munmap(void *address, size_t bytes) {
  pthread_mutex_lock(&lock);
  known *found = find(address);
  int result = 0;
  if (found) {
    if (--found->users == 0) result = __real_munmap(found->base, found->bytes);
  } else result = __real_munmap(address, bytes);
  pthread_mutex_unlock(&lock);
  return result;
}

/* The run file grows: not under a reader. */
void *__wrap_mremap(void *address, size_t old_bytes, size_t bytes, int flags, ...) {
  pthread_mutex_lock(&lock);
  known *found = find(address);
  void *result = MAP_FAILED;
  if (found && found->users > 1) errno = ENOMEM;
  else result = __real_mremap(address, old_bytes, bytes, flags);
  if (found && result != MAP_FAILED) found->base = result, found->bytes = bytes;
  pthread_mutex_unlock(&lock);
  return result;
}

int sight_shared_mappings(void) {
  pthread_mutex_lock(&lock);
  int result = shared;
  pthread_mutex_unlock(&lock);
  return result;
}
