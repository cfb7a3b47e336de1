/* Starts RUNS runs that emit nothing, says "ready", and ends them when its standard input is closed.
 *   idle RUNS
 */
#include <stdio.h>
#include <stdlib.h>
#include <teltel.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: idle RUNS\n");
    return 2;
  }
  const int runs = atoi(argv[1]);
  teltel_run **all = calloc((size_t)runs, sizeof *all);
  for (int index = 0; index < runs; index++) {
    char name[32];
    snprintf(name, sizeof name, "idle-%d", index);
    teltel_run_options options = teltel_run_options_default();
    options.run_id = name;
    options.source_id = "bench-idle";
    options.ring_bytes = 256 << 10;
    const teltel_status status = teltel_run_start(&options, &all[index]);
    if (status != TELTEL_OK) {
      fprintf(stderr, "idle: run %d: %s\n", index, teltel_strerror(status));
      return 1;
    }
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) continue;
  for (int index = 0; index < runs; index++) teltel_run_end(all[index], TELTEL_COMPLETED, "idle no more");
  free(all);
  return 0;
}
