/* Loads and unloads a library that has teltel in it, again and again, with threads that have emitted: unload LIBRARY ROUNDS.
 * The library is libteltel.so itself, or a plug-in that exports the same functions. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>

static teltel_status (*start)(const teltel_run_options *, teltel_run **);
static teltel_status (*end)(teltel_run *, int32_t, const char *);
static teltel_status (*define)(teltel_run *, const teltel_type_desc *, teltel_type *);
static teltel_status (*emit)(teltel_run *, teltel_type, uint64_t, double, const void *);
static teltel_run *run;
static teltel_type type;
static pthread_barrier_t emitted, unloaded;

/* A function pointer out of a data pointer, as POSIX wants it and C does not. */
static void find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  if (!symbol) exit(2);
  memcpy(function, &symbol, sizeof symbol);
}
static void *emit_and_end(void *late) {
  const double value = 1;
  for (int i = 0; i < 10; i++) emit(run, type, 1, 1, &value);
  if (late) { /* this thread comes to its exit hook when the library is closed */
    pthread_barrier_wait(&emitted);
    pthread_barrier_wait(&unloaded);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int rounds = atoi(argv[2]);
  pthread_barrier_init(&emitted, NULL, 3);
  pthread_barrier_init(&unloaded, NULL, 3);
  for (int round = 0; round < rounds; round++) {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return puts(dlerror()), 1;
    find(library, "teltel_run_start", &start);
    find(library, "teltel_run_end", &end);
    find(library, "teltel_define_desc", &define);
    find(library, "teltel_emit", &emit);
    teltel_run_options options = teltel_run_options_default();
    options.ring_bytes = 1;
    const teltel_field field = {"a", NULL, NULL, TELTEL_F64, 0, 1, 0};
    const teltel_type_desc desc = {sizeof desc, sizeof field, "c", "t", &field, 1, 8};
    if (start(&options, &run) != TELTEL_OK || define(run, &desc, &type) != TELTEL_OK) return 1;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, emit_and_end, round % 2 ? &emitted : NULL);
    if (round % 2) pthread_barrier_wait(&emitted);
    else for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    if (end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK || dlclose(library)) return 1;
    if (round % 2) {
      pthread_barrier_wait(&unloaded);
      for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    }
  }
  printf("%d rounds\n", rounds);
  return 0;
}
