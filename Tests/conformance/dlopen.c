/* Loads and unloads the library again and again, with threads that have emitted: dlopen LIBRARY. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <teltel.h>

static teltel_status (*start)(const teltel_run_options *, teltel_run **);
static teltel_status (*end)(teltel_run *, int32_t, const char *);
static teltel_status (*define)(teltel_run *, const teltel_type_desc *, teltel_type *);
static teltel_status (*emit)(teltel_run *, teltel_type, uint64_t, double, const void *);
static teltel_run *run;
static teltel_type type;

/* A function pointer out of a data pointer, as POSIX wants it and C does not. */
static void find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol);
}
static void *emit_many(void *unused) {
  const double value = 1;
  for (int i = 0; i < 100; i++) emit(run, type, 1, 1, &value);
  return unused;
}

int main(int argc, char **argv) {
  int failures = argc != 2;
  for (int round = 0; round < 100 && !failures; round++) {
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
    failures += start(&options, &run) != TELTEL_OK || define(run, &desc, &type) != TELTEL_OK;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, emit_many, NULL);
    if (round % 2) { /* half the rounds close the library while its threads may be at their exit hook */
      for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
      failures += end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK;
      dlclose(library);
    } else {
      failures += end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK;
      dlclose(library);
      for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    }
  }
  return failures;
}
