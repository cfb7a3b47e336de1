/* Preloaded into a collector: while the file named by TEST_FAILING_DISK is there, writing to files fails as on a disk that breaks (EIO).
 * What the file says fails: "write" or "sync". Sockets, pipes and shared memory are let alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(char what) {
  const char *path = getenv("TEST_FAILING_DISK");
  const int flag = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (flag < 0) return 0;
  char said = 0;
  const ssize_t got = read(flag, &said, 1);
  close(flag);
  if (got != 1 || said != what) return 0;
  errno = EIO;
  return 1;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  return fails('w') ? -1 : real(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) { return pwrite(file, bytes, count, offset); }

int fdatasync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails('s') ? -1 : real(file);
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails('s') ? -1 : real(file);
}
