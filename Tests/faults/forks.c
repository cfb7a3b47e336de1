/* An engine whose child does something and leaves, while the parent goes on.   forks WHAT [_Fork|clone]
 * The child comes from fork, or from one of these two, which call no handler: nobody tells the library.
 * emit: the child emits, ends the run, attaches and defines, all refused; exit, _exit, exec: it leaves at once;
 * own: it runs a run of its own, "child"; grandchild: that child forks again; thread: fork in another thread, others emitting;
 * writer: it uses the parent's explicit writers, one of which has a reservation open. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <teltel.h>
#include <unistd.h>

enum { EVENTS = 1000 };
struct pair { double a, b; };
static const struct pair pair = {1, 2};
static const teltel_field fields[] = {
  TELTEL_FIELD(struct pair, a, TELTEL_F64, "a", NULL), TELTEL_FIELD(struct pair, b, TELTEL_F64, "b", NULL)};
static teltel_run *run;
static teltel_type type;
static teltel_writer *writer, *reserving;
static const char *what, *how;

static pid_t split(void) {
  if (!strcmp(how, "_Fork")) return _Fork();
  if (!strcmp(how, "clone")) return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  return fork();
}
static int is_told(void) { return !strcmp(how, "fork"); }
static void must(int holds, const char *expectation) {
  if (holds) return;
  fprintf(stderr, "forks %s, %d: not true: %s\n", what, (int)getpid(), expectation);
  _exit(9);
}
#define MUST(expectation) must(expectation, #expectation)

static teltel_run *start(const char *name, teltel_type *defined) {
  teltel_run *made;
  teltel_run_options options = teltel_run_options_default();
  options.run_id = name;
  options.ring_bytes = 1 << 20;
  MUST(teltel_run_start(&options, &made) == TELTEL_OK);
  MUST(teltel_define(made, "test", "pair", fields, 2, sizeof pair, defined) == TELTEL_OK);
  return made;
}
static void *emit_many(void *unused) {
  for (int i = 0; i < EVENTS; i++) MUST(teltel_emit(run, type, (uint64_t)i, 0.5, &pair) == TELTEL_OK);
  return unused;
}
static teltel_run *start_own(const char *name, teltel_type *own_type) {
  teltel_run *own = start(name, own_type);
  MUST(teltel_emit(own, *own_type, 1, 0.5, &pair) == TELTEL_OK);
  MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_REFUSED_FORK);
  return own;
}
static void end_own(teltel_run *own) {
  MUST(teltel_run_end(own, TELTEL_COMPLETED, "child") == TELTEL_OK);
  exit(0);
}
static void wait_for(pid_t process) {
  int status;
  MUST(waitpid(process, &status, 0) == process && status == 0);
}
static void child_with_own_run(int with_child) {
  teltel_type own_type, other_type;
  teltel_run *own = start_own("child", &own_type);
  if (with_child) {
    pid_t process = split();
    if (process == 0) {
      MUST(teltel_emit(own, own_type, 1, 0.5, &pair) == TELTEL_REFUSED_FORK);
      end_own(start_own("grandchild", &other_type));
    }
    wait_for(process);
    MUST(teltel_emit(own, own_type, 2, 0.5, &pair) == TELTEL_OK);
  }
  end_own(own);
}
static void child(void) {
  if (!strcmp(what, "exit")) exit(0);
  if (!strcmp(what, "_exit")) _exit(0);
  if (!strcmp(what, "exec")) execl("/bin/true", "true", (char *)NULL);
  if (!strcmp(what, "own") || !strcmp(what, "grandchild")) child_with_own_run(!strcmp(what, "grandchild"));
  if (!strcmp(what, "writer")) {
    const teltel_status refused = is_told() ? TELTEL_REFUSED_FORK : TELTEL_REFUSED_STATE;
    for (int i = 0; i < 5; i++) {
      MUST(teltel_writer_emit(writer, type, 1, 0.5, &pair) == refused);
      MUST(teltel_reserve(writer, type, 1, 0.5) == NULL);
    }
    MUST(teltel_commit(reserving) == refused);
    teltel_cancel(reserving);
    teltel_writer_close(writer);
    exit(0);
  }
  if (!strcmp(what, "thread") && !is_told()) {
    /* Whoever held the library's lock is not here: what it guards may be half changed, then nothing is counted. */
    for (int i = 0; i < 10; i++) {
      const teltel_status status = teltel_emit(run, type, 1, 0.5, &pair);
      MUST(status == TELTEL_REFUSED_FORK || status == TELTEL_REFUSED_STATE);
    }
    _exit(0);
  }
  for (int i = 0; i < 10; i++) MUST(teltel_emit(run, type, 1, 0.5, &pair) == TELTEL_REFUSED_FORK);
  MUST(teltel_frame_start(run, 1, 0.5, 0.01) == TELTEL_REFUSED_FORK);
  MUST(teltel_emit_json(run, "test", "json", 1, 0.5, "{}", 2) == TELTEL_REFUSED_FORK);
  MUST(teltel_emit(NULL, type, 1, 0.5, &pair) == TELTEL_REFUSED_STATE);
  MUST(teltel_thread_attach(run) == TELTEL_ERROR_ENDED);
  MUST(teltel_run_end(run, TELTEL_FAILED, "by a child") == TELTEL_ERROR_ENDED);
  teltel_type again;
  MUST(teltel_define(run, "test", "other", fields, 2, sizeof pair, &again) == TELTEL_ERROR_ENDED);
  exit(0);
}
static void *fork_and_wait(void *unused) {
  pid_t process = split();
  if (process == 0) child();
  wait_for(process);
  return unused;
}
static atomic_int parent_is_done;
static void *take_the_lock(void *unused) { /* again and again, and a ring with it */
  while (!parent_is_done) {
    MUST(teltel_thread_attach(run) == TELTEL_OK);
    teltel_thread_detach(run);
  }
  return unused;
}
int main(int argc, char **argv) {
  if (argc < 2) return 2;
  what = argv[1];
  how = argc > 2 ? argv[2] : "fork";
  run = start("parent", &type);
  if (!strcmp(what, "writer")) {
    writer = teltel_writer_open(run, "explicit");
    reserving = teltel_writer_open(run, "reserving");
    MUST(teltel_writer_emit(writer, type, 0, 0.5, &pair) == TELTEL_OK);
    MUST(teltel_reserve(reserving, type, 0, 0.5) != NULL);
  }
  emit_many(NULL);
  if (!strcmp(what, "thread")) {
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, emit_many, NULL);
    pthread_create(&threads[2], NULL, take_the_lock, NULL);
    for (int i = 0; i < 20; i++) {
      pthread_create(&threads[1], NULL, fork_and_wait, NULL);
      pthread_join(threads[1], NULL);
    }
    pthread_join(threads[0], NULL);
    parent_is_done = 1;
    pthread_join(threads[2], NULL);
  } else fork_and_wait(NULL);
  emit_many(NULL);
  if (writer) {
    MUST(teltel_writer_emit(writer, type, 1, 0.5, &pair) == TELTEL_OK);
    teltel_cancel(reserving);
  }
  MUST(teltel_run_end(run, TELTEL_COMPLETED, "parent") == TELTEL_OK);
  return 0;
}
