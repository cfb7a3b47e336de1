/* Folders, files, mappings and the lock: everything that touches the shared-memory file system. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "platform.h"

int ctel_open_private_folder(const char *path, int *descriptor, const char **problem) {
  *problem = "cannot use the shared-memory folder";
  if (mkdir(path, 0700) && errno != EEXIST) return errno;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno;
  struct stat status;
  int error = fstat(fd, &status) ? errno : 0;
  if (!error && status.st_uid != geteuid()) {
    *problem = "the shared-memory folder belongs to another user";
    error = EPERM;
  } else if (!error && (status.st_mode & 077)) {
    *problem = "the shared-memory folder must have mode 0700";
    error = EPERM;
  }
  if (error) {
    close(fd);
    return error;
  }
  *descriptor = fd;
  return 0;
}

int ctel_make_folder(int parent, const char *name, int *descriptor) {
  if (mkdirat(parent, name, 0700)) return errno;
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    int error = errno;
    unlinkat(parent, name, AT_REMOVEDIR);
    return error;
  }
  *descriptor = fd;
  return 0;
}
void ctel_remove_folder(int parent, const char *name) { unlinkat(parent, name, AT_REMOVEDIR); }

/* In pieces: a signal ends the allocation of a whole file and takes back what it had, so that under a timer of a profiler one
 * of many MiB would never succeed. */
static int allocate(int descriptor, uint64_t from, uint64_t to) {
  const uint64_t piece = 1 << 20;
  /* Beyond this limit the system does not only refuse: its signal would end the engine. */
  struct rlimit limit;
  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && to > limit.rlim_cur) return EFBIG;
  while (from < to) {
    uint64_t bytes = to - from < piece ? to - from : piece;
    int error = posix_fallocate(descriptor, (off_t)from, (off_t)bytes);
    if (error == EINTR) continue;
    if (error) return error;
    from += bytes;
  }
  return 0;
}

int ctel_make_file(int folder, const char *name, uint64_t bytes, int populate, void **map, int *descriptor) {
  int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = allocate(fd, 0, bytes);
  void *at = MAP_FAILED;
  if (!error) {
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (populate ? MAP_POPULATE : 0), fd, 0);
    if (at == MAP_FAILED) error = errno;
  }
  if (error) {
    close(fd);
    unlinkat(folder, name, 0);
    return error;
  }
  *map = at;
  if (descriptor) *descriptor = fd;
  else close(fd);
  return 0;
}

int ctel_grow_file(int descriptor, uint64_t old_bytes, uint64_t new_bytes, void **map) {
  int error = allocate(descriptor, old_bytes, new_bytes);
  if (error) return error;
  void *at = mremap(*map, old_bytes, new_bytes, MREMAP_MAYMOVE);
  if (at == MAP_FAILED) return errno;
  *map = at;
  return 0;
}

void ctel_name(char *out, size_t size, const char *prefix, uint64_t value, int hex) {
  if (hex) snprintf(out, size, "%s%016llx", prefix, (unsigned long long)value);
  else snprintf(out, size, "%s%llu", prefix, (unsigned long long)value);
}
int ctel_rename(int folder, const char *from, const char *to) { return renameat(folder, from, folder, to) ? errno : 0; }
void ctel_remove(int folder, const char *name) { unlinkat(folder, name, 0); }
void ctel_close(int descriptor) { close(descriptor); }

int ctel_lock_file(int descriptor) {
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  return fcntl(descriptor, F_SETLK, &range) ? errno : 0;
}

uint64_t ctel_free_bytes(int folder) {
  struct statvfs status;
  return fstatvfs(folder, &status) ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

void ctel_unmap(void *map, uint64_t bytes) { munmap(map, bytes); }

void ctel_detach_mapping(void *map, uint64_t bytes) {
  void *at = mmap(map, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  (void)at; /* fails only without kernel memory; then the file stays mapped, which is safe too */
}
