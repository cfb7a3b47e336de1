/* What digests cost by themselves: digest ROWS FIELDS. Batches of 4,096 rows of so many doubles, digested as the collector digests columns:
 * keys, fields with extremes, and row digests. Prints nanoseconds of CPU time a row. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <teltel_digest.h>
#include "../Sources/CTeltelStorage/digest.c"

enum { BATCH = 4096, FIELDS_MAX = 64 };
static uint64_t frames[BATCH], keys[BATCH], rows[BATCH];
static double values[FIELDS_MAX][BATCH];

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const size_t batches = (size_t)strtoull(argv[1], NULL, 10) / BATCH + 1, fields = (size_t)atoi(argv[2]);
  if (fields < 1 || fields > FIELDS_MAX) return 2;
  for (size_t f = 0; f < fields; f++)
    for (size_t i = 0; i < BATCH; i++) values[f][i] = (double)(f + 1) / (double)(i + 1);
  uint64_t sum = 0;
  struct timespec begin, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  for (size_t batch = 0; batch < batches; batch++) {
    for (size_t i = 0; i < BATCH; i++) frames[i] = batch * BATCH + i;
    memset(rows, 0, sizeof rows);
    teltel_digest_frames(keys, frames, BATCH);
    for (size_t f = 0; f < fields; f++) {
      teltel_digest_sums sums = {0, 0, 0, 0, INFINITY, -INFINITY};
      teltel_digest_field(&sums, values[f], TELTEL_DIGEST_F64, NULL, keys, f, rows, BATCH);
      teltel_digest_extremes(&sums, values[f], TELTEL_DIGEST_F64, NULL, BATCH);
      sum += sums.digest;
    }
    sum += teltel_digest_rows(keys, rows, BATCH);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  const double spent = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
  printf("%.1f nanoseconds a row, sum %llu\n", spent / (double)(batches * BATCH), (unsigned long long)sum);
  return 0;
}
