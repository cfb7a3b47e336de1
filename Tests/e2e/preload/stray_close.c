/* Preloaded into a collector: each `close` of a number that is not open is written to the file named by TEST_STRAY_CLOSES. In a program
 * of several threads such a call closes, a moment later, what another thread has just opened. Programs that it starts are let alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int close(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  const int result = real(file);
  const int error = errno;
  const char *path = getenv("TEST_STRAY_CLOSES");
  if (result != 0 && error == EBADF && path && !strcmp(program_invocation_short_name, "teltel")) {
    const int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dprintf(log, "%d\n", file);
    real(log);
  }
  errno = error;
  return result;
}
