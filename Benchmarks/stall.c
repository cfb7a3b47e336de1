/* Preloaded into a collector: a disk that takes nothing for 100 ms every 2 s, as disks do when their own caches are full. What it
 * writes to files and syncs waits for the end of such a pause; sockets and shared memory are let alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD_MS = 2000, STALL_MS = 100 };

static void stall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long into = (now.tv_sec % (PERIOD_MS / 1000)) * 1000 + now.tv_nsec / 1000000;
  if (into >= STALL_MS) return;
  const struct timespec rest = {0, (STALL_MS - into) * 1000000L};
  nanosleep(&rest, NULL);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  stall();
  return real(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) { return pwrite(file, bytes, count, offset); }

int fdatasync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  stall();
  return real(file);
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  stall();
  return real(file);
}
