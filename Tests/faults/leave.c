/* An engine that leaves without ending its run.   leave HOW EVENTS
 * abort, segv, term, kill: by that signal; _exit, exit, return: with code 7; thread: main ends, the last thread does the rest;
 * exec: goes on as another program, which sleeps until it is killed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>
#include <unistd.h>

struct pair { double a, b; };
static const teltel_field fields[] = {
  TELTEL_FIELD(struct pair, a, TELTEL_F64, "a", NULL), TELTEL_FIELD(struct pair, b, TELTEL_F64, "b", NULL)};
static teltel_run *run;
static teltel_type type;
static long events;
static int *volatile nowhere = (int *)8;

static void *emit(void *unused) {
  const struct pair pair = {1, 2};
  for (long i = 0; i < events; i++) (void)teltel_emit(run, type, (uint64_t)i, 0.5, &pair);
  return unused;
}
int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *how = argv[1];
  events = atol(argv[2]);
  teltel_run_options options = teltel_run_options_default();
  options.run_id = how;
  (void)teltel_run_start(&options, &run);
  (void)teltel_define(run, "test", "pair", fields, 2, sizeof(struct pair), &type);
  if (!strcmp(how, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, emit, NULL);
    pthread_exit(NULL);
  }
  emit(NULL);
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "segv")) *nowhere = 1;
  if (!strcmp(how, "term")) raise(SIGTERM);
  if (!strcmp(how, "kill")) raise(SIGKILL);
  if (!strcmp(how, "_exit")) _exit(7);
  if (!strcmp(how, "exit")) exit(7);
  if (!strcmp(how, "exec")) execl("/bin/sleep", "sleep", "600", (char *)NULL);
  return 7;
}
