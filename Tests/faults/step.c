/* Kills engines after the n-th instruction, or at the n-th system call, of one thing that they do, for every n.
 *   step instruction|call NAME STRIDE
 * For n = 0, STRIDE, 2 STRIDE, ... a child starts run NAME-n in $TELTEL_SHM_DIR, does what comes before, stops, goes on for n
 * steps, and is killed; the last n is the first that lets it come to the end. Prints that n, and how many events are in the
 * ring before the thing is done. Link with -z now: looking up symbols would be stepped through, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <teltel.h>
#include <unistd.h>

enum { RING_BYTES = 256 << 10, RELEASED_OFFSET = 256, HEAD_OFFSET = 128 };
struct sample { uint64_t index; double value[12]; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct sample, index, TELTEL_U64, "index", NULL),
  TELTEL_FIELD(struct sample, value, TELTEL_F64, "a,b,c,d,e,f,g,h,i,j,k,l", "m"),
};
static teltel_run *run;
static teltel_type type;
static teltel_writer *writer;
static struct sample next; /* made before the stop */
static volatile int *done; /* shared with the tracer: the child has come to the end */
static const char *run_name;

static void must(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "step: %s\n", what);
  _exit(2);
}
static void start(void) {
  teltel_run_options options = teltel_run_options_default();
  options.run_id = run_name;
  options.ring_bytes = RING_BYTES;
  must(teltel_run_start(&options, &run) == TELTEL_OK, "run_start");
}
static struct sample sample_of(uint64_t index) {
  struct sample s = {index, {0}};
  for (int i = 0; i < 12; i++) s.value[i] = (double)index + i;
  return s;
}
static teltel_status emit(uint64_t index) {
  const struct sample s = sample_of(index);
  return writer ? teltel_writer_emit(writer, type, index, 0.5, &s) : teltel_emit(run, type, index, 0.5, &s);
}
static void define(void) {
  must(teltel_define(run, "step", "step.sample", fields, 2, sizeof(struct sample), &type) == TELTEL_OK, "define");
}
/* As a collector would: everything of ring-0 may be overwritten. */
static void release_all(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%016llx/ring-0", getenv("TELTEL_SHM_DIR"), (unsigned long long)teltel_instance(run));
  int file = open(path, O_RDWR);
  uint64_t head;
  must(pread(file, &head, 8, HEAD_OFFSET) == 8 && pwrite(file, &head, 8, RELEASED_OFFSET) == 8, "release");
  close(file);
}

/* What is done before the stop; returns the number of events that are in the ring then. */
static uint64_t before(const char *name) {
  if (!strcmp(name, "start")) return 0;
  start();
  if (!strcmp(name, "define")) return 0;
  define();
  if (!strcmp(name, "commit")) must((writer = teltel_writer_open(run, "w")) != NULL, "writer_open");
  if (!strcmp(name, "first")) return 0; /* the ring's room has not been looked up for this record's size */
  uint64_t count = 0;
  while (count < 3) must(emit(count++) == TELTEL_OK, "emit");
  if (!strcmp(name, "wrap")) { /* until the ring's end is too near for one more */
    while (emit(count) == TELTEL_OK) count++;
    release_all();
    return 0; /* released events are no longer in the ring */
  }
  return count;
}
static void end(void) { teltel_run_end(run, TELTEL_COMPLETED, "to the end"); }
static void attach(void) { writer = teltel_writer_open(run, "another"); }
static void emit_next(void) { teltel_emit(run, type, next.index, 0.5, &next); }
static void commit_next(void) {
  struct sample *room = teltel_reserve(writer, type, next.index, 0.5);
  if (room) *room = next;
  teltel_commit(writer);
}
static const struct { const char *name; void (*act)(void); } things[] = {
  {"start", start}, {"define", define}, {"attach", attach}, {"end", end}, {"commit", commit_next},
  {"emit", emit_next}, {"first", emit_next}, {"wrap", emit_next},
};
static void (*action(const char *name))(void) {
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    if (!strcmp(name, things[i].name)) return things[i].act;
  must(0, "no such thing");
  return NULL;
}

static void be_killed(const char *name) {
  must(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "ptrace");
  const uint64_t count = before(name);
  next = sample_of(count);
  done[1] = (int)count;
  void (*act)(void) = action(name);
  const long process = getpid();
  syscall(SYS_tgkill, process, process, SIGSTOP); /* raise() has more instructions around it */
  act();
  *done = 1;
  pause();
}

/* Steps a stopped child n times. Returns whether it came to the end before that. */
static int step(pid_t child, int request, int n) {
  int status;
  for (int i = 0; i < n && !*done; i++) {
    must(ptrace(request, child, NULL, NULL) == 0, "step");
    must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "the child left");
    must(WSTOPSIG(status) == SIGTRAP, "the child was stopped by another signal");
  }
  return *done;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const int request = !strcmp(argv[1], "call") ? PTRACE_SYSCALL : PTRACE_SINGLESTEP;
  const char *name = argv[2];
  const int stride = atoi(argv[3]);
  done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int finished = 0;
  for (int n = 0; !finished && n < 1000000; n += stride) {
    char id[64];
    snprintf(id, sizeof id, "%s-%d", name, n);
    run_name = id;
    *done = 0;
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
      be_killed(name);
      _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "the child does not stop");
    finished = step(child, request, n);
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) == child && !WIFSIGNALED(status)) {}
    if (finished) printf("%d %d\n", n, done[1]);
  }
  return finished ? 0 : 3;
}
