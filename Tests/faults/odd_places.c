/* Emits from places where little works.   odd_places CASE [LIBRARY]
 *   destructors     of threads: of a key made before the library's own and of one made after it, again and again
 *   before_start    a run that is not there yet, from a constructor
 *   signals         a run is started, threads attach, under a storm of signals
 *   address_space   the process may map hardly anything more
 *   two_copies      this program has the library in it and opens LIBRARY, another copy: both have runs, threads, forks
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <teltel.h>
#include <unistd.h>

struct pair { double a, b; };
static const struct pair pair = {1, 2};
static const teltel_field fields[] = {
  TELTEL_FIELD(struct pair, a, TELTEL_F64, "a", NULL), TELTEL_FIELD(struct pair, b, TELTEL_F64, "b", NULL)};
static teltel_run *run;
static teltel_type type;

static void must(int holds, const char *expectation, int line) {
  if (holds) return;
  char message[512];
  teltel_last_message(message, sizeof message);
  fprintf(stderr, "odd_places.c:%d: not true: %s (last message: %s)\n", line, expectation, message);
  exit(9);
}
#define MUST(expectation) must(expectation, #expectation, __LINE__)

static teltel_status start(uint64_t ring_bytes) {
  teltel_run_options options = teltel_run_options_default();
  options.ring_bytes = ring_bytes;
  const teltel_status status = teltel_run_start(&options, &run);
  if (status == TELTEL_OK) MUST(teltel_define(run, "test", "pair", fields, 2, sizeof pair, &type) == TELTEL_OK);
  return status;
}

/* ---- destructors ---- */
static pthread_key_t earlier, later;
static int accepted;
static void emit_at_the_end(void *left) {
  const uintptr_t rounds = (uintptr_t)left;
  __atomic_add_fetch(&accepted, teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_OK, __ATOMIC_RELAXED);
  if (rounds > 1) pthread_setspecific(rounds % 2 ? earlier : later, (void *)(rounds - 1));
}
static void *short_thread(void *emits) {
  if (emits) MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_OK);
  pthread_setspecific(earlier, (void *)3);
  pthread_setspecific(later, (void *)1);
  return NULL;
}
static void destructors(void) {
  pthread_key_create(&earlier, emit_at_the_end);
  MUST(start(256 << 10) == TELTEL_OK);
  pthread_key_create(&later, emit_at_the_end);
  for (uintptr_t i = 0; i < 500; i++) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, short_thread, (void *)(i % 2)) == 0);
    pthread_join(thread, NULL);
  }
  MUST(accepted == 4 * 500);
  MUST(teltel_dropped(run, (teltel_type){0}, NULL) == 0);
  MUST(teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK);
  MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE);
}

/* ---- before ---- */
static int refused_early;
__attribute__((constructor)) static void early(void) {
  refused_early = teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE;
  refused_early += teltel_emit((teltel_run *)0x123450, type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE; /* no such run */
}
static void before_start(void) { MUST(refused_early == 2); }

/* ---- signals ---- */
static volatile sig_atomic_t caught;
static void on_signal(int number) { caught += number != 0; }
static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal}, after;
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 10; i++) {
    MUST(start(64 << 20) == TELTEL_OK);
    MUST(teltel_max_record(run) == (1 << 20) - 24); /* the ring has its size: no signal was taken for a lack of space */
    MUST(teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK);
  }
  setitimer(ITIMER_REAL, &never, NULL);
  sigaction(SIGALRM, NULL, &after);
  MUST(caught > 10 && after.sa_handler == on_signal);
}

/* ---- address space ---- */
static uint64_t mapped(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  MUST(file && fscanf(file, "%lu", &pages) == 1);
  fclose(file);
  return (uint64_t)pages * 4096;
}
static void limit_to(uint64_t more) {
  const struct rlimit limit = {mapped() + more, RLIM_INFINITY};
  MUST(setrlimit(RLIMIT_AS, &limit) == 0);
}
static void address_space(void) {
  struct rlimit before;
  getrlimit(RLIMIT_AS, &before);
  MUST(start(1) == TELTEL_OK && teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK); /* what is made once */
  limit_to(100 << 10);
  MUST(start(64 << 20) == TELTEL_ERROR_NO_SPACE);
  MUST(run == NULL && teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE);
  limit_to(3 << 20);
  MUST(start(64 << 20) == TELTEL_OK); /* with a smaller ring */
  MUST(teltel_max_record(run) < (1 << 20) - 24);
  MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_OK);
  MUST(teltel_writer_open(run, "one more") == NULL || teltel_writer_open(run, "and one") == NULL);
  MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_OK);
  setrlimit(RLIMIT_AS, &before);
  MUST(teltel_run_end(run, TELTEL_COMPLETED, NULL) == TELTEL_OK);
}

/* ---- two copies ---- */
static struct copy {
  teltel_status (*run_start)(const teltel_run_options *, teltel_run **);
  teltel_status (*run_end)(teltel_run *, int32_t, const char *);
  teltel_status (*define_desc)(teltel_run *, const teltel_type_desc *, teltel_type *);
  teltel_status (*emit)(teltel_run *, teltel_type, uint64_t, double, const void *);
  teltel_run *run;
  teltel_type type;
} copies[2] = {{.run_start = teltel_run_start, .run_end = teltel_run_end, .define_desc = teltel_define_desc, .emit = teltel_emit}};
static void find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  MUST(symbol != NULL);
  memcpy(function, &symbol, sizeof symbol);
}
static void *emit_with_both(void *unused) {
  for (uint64_t i = 0; i < 1000; i++)
    for (int c = 0; c < 2; c++) MUST(copies[c].emit(copies[c].run, copies[c].type, i, 0.5, &pair) == TELTEL_OK);
  return unused;
}
static void two_copies(const char *library) {
  void *other = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!other) fprintf(stderr, "%s\n", dlerror());
  MUST(other != NULL);
  find(other, "teltel_run_start", &copies[1].run_start);
  find(other, "teltel_run_end", &copies[1].run_end);
  find(other, "teltel_define_desc", &copies[1].define_desc);
  find(other, "teltel_emit", &copies[1].emit);
  MUST(copies[1].emit != teltel_emit);
  for (int c = 0; c < 2; c++) {
    teltel_run_options options = teltel_run_options_default();
    options.run_id = c ? "second" : "first";
    const teltel_type_desc desc = {sizeof desc, sizeof *fields, "test", "pair", fields, 2, sizeof pair};
    MUST(copies[c].run_start(&options, &copies[c].run) == TELTEL_OK);
    MUST(copies[c].define_desc(copies[c].run, &desc, &copies[c].type) == TELTEL_OK);
  }
  emit_with_both(NULL);
  for (int i = 0; i < 10; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, emit_with_both, NULL);
    pthread_join(thread, NULL);
  }
  pid_t child = fork();
  if (child == 0) {
    for (int c = 0; c < 2; c++) MUST(copies[c].emit(copies[c].run, copies[c].type, 1, 0.5, &pair) == TELTEL_REFUSED_FORK);
    _exit(0);
  }
  int status;
  MUST(waitpid(child, &status, 0) == child && status == 0);
  MUST(copies[1].emit(copies[0].run, copies[0].type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE); /* a run is its copy's */
  MUST(copies[0].run_end(copies[0].run, TELTEL_COMPLETED, NULL) == TELTEL_OK);
  MUST(copies[1].emit(copies[1].run, copies[1].type, 1, 0.5, &pair) == TELTEL_OK);
  MUST(copies[1].run_end(copies[1].run, TELTEL_COMPLETED, NULL) == TELTEL_OK);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  if (!strcmp(argv[1], "destructors")) destructors();
  else if (!strcmp(argv[1], "before_start")) before_start();
  else if (!strcmp(argv[1], "signals")) signals();
  else if (!strcmp(argv[1], "address_space")) address_space();
  else if (!strcmp(argv[1], "two_copies") && argc == 3) two_copies(argv[2]);
  else return 2;
  return 0;
}
