/* Who this process is, what time it is, and memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

static ssize_t read_small_file(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = read(fd, out, size - 1);
  close(fd);
  if (n >= 0) out[n] = 0;
  return n;
}

uint64_t ctel_pid_start(void) {
  char text[1024];
  if (read_small_file("/proc/self/stat", text, sizeof text) <= 0) return 0;
  char *at = strrchr(text, ')'); /* the program's name may hold anything; fields count from behind it */
  for (int field = 2; field < 22 && at; field++) at = strchr(at + 1, ' ');
  return at ? strtoull(at + 1, NULL, 10) : 0;
}

uint64_t ctel_pid_namespace(void) {
  struct stat status;
  return stat("/proc/self/ns/pid", &status) ? 0 : (uint64_t)status.st_ino;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void ctel_boot_id(uint8_t out[16]) {
  char text[64];
  memset(out, 0, 16);
  ssize_t n = read_small_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
  for (ssize_t i = 0, digits = 0; i < n && digits < 32; i++) {
    int value = hex_digit(text[i]);
    if (value < 0) continue;
    out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | value);
    digits++;
  }
}

uint32_t ctel_pid(void) { return (uint32_t)getpid(); }
uint32_t ctel_tid(void) { return (uint32_t)syscall(SYS_gettid); }
uint32_t ctel_uid(void) { return (uint32_t)geteuid(); }

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
uint64_t ctel_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }
uint64_t ctel_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

void ctel_pause(uint64_t ns) {
  int before = errno;
  struct timespec pause = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  syscall(SYS_nanosleep, &pause, NULL); /* not nanosleep: a thread must not be cancelled inside an emit */
  errno = before;
}

uint64_t ctel_random(void) {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value || value == 0)
    value = (ctel_wall_ns() * 0x9E3779B97F4A7C15u ^ (uint64_t)getpid() << 32) | 1; /* early boot: no entropy yet */
  return value;
}

const char *ctel_environment(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}
const char *ctel_program_name(void) { return program_invocation_short_name; }

void *ctel_zeroed(uint64_t bytes) {
  void *memory = NULL;
  uint64_t rounded = (bytes + 63) & ~(uint64_t)63;
  if (posix_memalign(&memory, 64, rounded)) return NULL;
  memset(memory, 0, rounded);
  return memory;
}
void ctel_free(void *memory) { free(memory); }
