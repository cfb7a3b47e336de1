/* Whatever the library is asked, nothing of the engine's own world changes: floating-point environment, errno, signals, locale,
 * environment, streams, descriptors. Each call is made with every floating-point exception set to trap, so that one operation
 * that rounds, or meets a NaN, ends this program. x86-64. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <teltel.h>
#include <unistd.h>
#include <xmmintrin.h>

enum { ROUND_UP = 0x4000, FLUSH = 0x8000, DENORMALS_ARE_ZERO = 0x0040, ODD_ERRNO = 4711, X87_ROUND_DOWN = 0x0400 | 0x0340 };
static const unsigned odd_mxcsr = ROUND_UP | FLUSH | DENORMALS_ARE_ZERO; /* no exception is masked, none has happened */

typedef struct world {
  sigset_t blocked;
  struct { void (*handler)(int); uint64_t mask; int flags; } actions[65];
  stack_t signal_stack;
  struct itimerval timers[3];
  char locale[256], folder[4096], thread[16], environment[1 << 16];
  char **environment_at;
  mode_t umask;
  size_t waiting_in_stdout, waiting_in_stream;
  off_t place_in_stream;
} world;
static FILE *stream;
static int failures;

static void look(world *w) {
  memset(w, 0, sizeof *w);
  sigprocmask(SIG_SETMASK, NULL, &w->blocked);
  for (int i = 1; i < 65; i++) {
    struct sigaction action;
    if (sigaction(i, NULL, &action) != 0) continue; /* the C library's own */
    w->actions[i].handler = action.sa_handler;
    w->actions[i].flags = action.sa_flags;
    memcpy(&w->actions[i].mask, &action.sa_mask, sizeof w->actions[i].mask); /* the rest is not the kernel's */
  }
  sigaltstack(NULL, &w->signal_stack);
  for (int i = 0; i < 3; i++) getitimer(i, &w->timers[i]);
  snprintf(w->locale, sizeof w->locale, "%s", setlocale(LC_ALL, NULL));
  if (!getcwd(w->folder, sizeof w->folder)) abort();
  prctl(PR_GET_NAME, w->thread);
  size_t at = 0;
  for (char **next = environ; *next; next++) at += (size_t)snprintf(w->environment + at, sizeof w->environment - at, "%s\n", *next);
  w->environment_at = environ;
  w->umask = umask(0);
  umask(w->umask);
  w->waiting_in_stdout = __fpending(stdout);
  w->waiting_in_stream = __fpending(stream);
  w->place_in_stream = lseek(fileno(stream), 0, SEEK_CUR);
}

static void same(bool holds, const char *what, const char *call, int line) {
  if (holds) return;
  fprintf(stderr, "influence.c:%d: %s has changed by %s\n", line, what, call);
  failures++;
}

static uint16_t x87_control(void) { uint16_t word; __asm__ volatile("fnstcw %0" : "=m"(word)); return word; }
static uint16_t x87_status(void) { uint16_t word; __asm__ volatile("fnstsw %0" : "=m"(word)); return word; }
static void x87_set(uint16_t word) { __asm__ volatile("fldcw %0" : : "m"(word)); }

static world before, after;
#define UNTOUCHED(call) \
  do { \
    look(&before); \
    const unsigned usual = _mm_getcsr(); \
    const uint16_t usual_x87 = x87_control(); \
    x87_set(X87_ROUND_DOWN); \
    _mm_setcsr(odd_mxcsr); \
    errno = ODD_ERRNO; \
    call; \
    const int error = errno; \
    const unsigned mxcsr = _mm_getcsr(); \
    const uint16_t control = x87_control(), status = x87_status(); \
    _mm_setcsr(usual); \
    x87_set(usual_x87); \
    look(&after); \
    same(mxcsr == odd_mxcsr, "mxcsr", #call, __LINE__); \
    same(control == X87_ROUND_DOWN && (status & 0x3F) == 0, "x87", #call, __LINE__); \
    same(error == ODD_ERRNO, "errno", #call, __LINE__); \
    same(memcmp(&before, &after, sizeof before) == 0, "the process", #call, __LINE__); \
  } while (0)

/* Bit 0: open; bit 1: stays open in a program that is executed. */
static void descriptors(unsigned char found[1024]) {
  memset(found, 0, 1024);
  for (int i = 0; i < 1024; i++) {
    const int flags = fcntl(i, F_GETFD);
    if (flags >= 0) found[i] = flags & FD_CLOEXEC ? 1 : 3;
  }
}

static double of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

typedef struct Pair { double a; float b; uint32_t c; } Pair;
static const teltel_field fields[] = {
  TELTEL_FIELD(Pair, a, TELTEL_F64, "a", "m"), TELTEL_FIELD(Pair, b, TELTEL_F32, "b", NULL), TELTEL_FIELD(Pair, c, TELTEL_U32, "c", NULL)};

static void use(uint32_t policy, const char *folder) {
  teltel_run_options options = teltel_run_options_default();
  options.ring_bytes = 256 << 10;
  options.policy = policy;
  options.block_ms = 3;
  options.config_json = "{\"x\":1e300}";
  options.has_seed = 1;
  options.seed = UINT64_MAX;
  options.shm_dir = folder;
  teltel_run *run = NULL;
  teltel_type type = {0}, known = {0}, wrong = {0};
  teltel_tags tags = {0};
  teltel_writer *writer = NULL;
  void *room = NULL;
  teltel_status status = 0;
  const teltel_tag pair = {"k", "v"};
  const teltel_frame_end_values values = {0.01, 1, 0.5};
  Pair record;
  memset(&record, 0xFF, sizeof record); /* NaN */
  char text[512];
  teltel_drops drops = teltel_drops_default();
  const double times[] = {of_bits(0x7FF0000000000001u), of_bits(1), of_bits(0xFFF8000000000123u), of_bits(0x3FB999999999999Au)};

  UNTOUCHED(status = teltel_run_start(&options, &run));
  same(folder ? status < 0 : status == TELTEL_OK, "the status", "teltel_run_start", __LINE__);
  UNTOUCHED(teltel_define(run, "c", "pair", fields, 3, sizeof(Pair), &type));
  UNTOUCHED(teltel_define(run, "c", "", fields, 3, sizeof(Pair), &wrong));
  UNTOUCHED(teltel_define_known(run, "c", TELTEL_BODY_STATE, &known));
  UNTOUCHED(teltel_tags_define(run, &pair, 1, &tags));
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    UNTOUCHED(teltel_emit(run, teltel_with_tags(type, tags), i, times[i], &record));
    UNTOUCHED(teltel_frame_start(run, i, times[i], times[(i + 1) % 4]));
    UNTOUCHED(teltel_frame_end(run, i, times[i], &values));
    UNTOUCHED(teltel_emit_json(run, "c", "free", i, times[i], "{\"a\":1.5}", 9));
  }
  UNTOUCHED(teltel_emit(run, wrong, 0, 0, &record));
  UNTOUCHED(writer = teltel_writer_open(run, "own"));
  UNTOUCHED(teltel_writer_emit(writer, type, 1, times[0], &record));
  UNTOUCHED(room = teltel_reserve(writer, type, 1, times[0]));
  UNTOUCHED(teltel_cancel(writer));
  UNTOUCHED(room = teltel_reserve(writer, type, 9, times[0])); /* the newest frame, as on the thread's ring: run_end compares */
  UNTOUCHED(teltel_commit(writer));
  UNTOUCHED(for (int i = 0; i < 20000; i++) teltel_emit(run, type, 9, times[1], &record)); /* the ring is full */
  UNTOUCHED(teltel_dropped(run, type, &drops));
  UNTOUCHED(teltel_types(run, &known, 1));
  UNTOUCHED(teltel_describe(run, type, text, sizeof text));
  UNTOUCHED(teltel_run_id(run, text, sizeof text));
  UNTOUCHED(teltel_thread_detach(run));
  UNTOUCHED(status = teltel_thread_attach(run));
  UNTOUCHED(teltel_writer_close(writer));
  UNTOUCHED(teltel_run_end(run, TELTEL_FAILED, "because"));
  UNTOUCHED(teltel_run_end(run, TELTEL_FAILED, "because"));
  UNTOUCHED(teltel_emit(run, type, 1, times[0], &record));
  UNTOUCHED(teltel_last_message(text, sizeof text));
  (void)room;
}

static void on_signal(int number) { (void)number; }

int main(void) {
  setlocale(LC_ALL, "C.UTF-8");
  setenv("ENGINE", "its own", 1);
  umask(027);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &action, NULL);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  stream = tmpfile();
  fputs("waits in its buffer", stream);
  fputs("so does this", stdout);
  unsigned char open_before[1024], open_after[1024];
  descriptors(open_before);
  for (uint32_t policy = TELTEL_DROP_NEWEST; policy <= TELTEL_BLOCK; policy++) use(policy, NULL);
  use(TELTEL_DROP_NEWEST, "/proc/nowhere"); /* cannot start */
  use(TELTEL_DROP_NEWEST, "/tmp");          /* open to others */

  descriptors(open_after);
  same(memcmp(open_before, open_after, sizeof open_before) == 0, "what is open", "all of it", __LINE__);
  teltel_run *run;
  if (teltel_run_start(NULL, &run) != TELTEL_OK) return 2;
  descriptors(open_after);
  for (int i = 0; i < 1024; i++) same(open_before[i] || open_after[i] != 3, "what executed programs inherit", "teltel_run_start", __LINE__);
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
  return failures != 0;
}
