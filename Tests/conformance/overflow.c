/* What becomes of events that find their ring full, one case per run: overflow CASE. The ring has 256 KiB; nobody reads. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teltel.h>
#include <time.h>

enum { EVENTS = 20000, SMALL = 16, LARGE = 3000 };
static teltel_run *run;
static teltel_type small, large;
static int failures;

static void is(long long got, long long wanted, const char *what, int line) {
  if (got == wanted) return;
  fprintf(stderr, "overflow.c:%d: %s is %lld, not %lld\n", line, what, got, wanted);
  failures++;
}
#define IS(expression, wanted) is((long long)(expression), (long long)(wanted), #expression, __LINE__)

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void start(uint32_t policy, uint32_t block_ms) {
  teltel_run_options o = teltel_run_options_default();
  o.run_id = "overflow";
  o.ring_bytes = 256 << 10;
  o.policy = policy;
  o.block_ms = block_ms;
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  const teltel_field a = {"bytes", NULL, NULL, TELTEL_U8, 0, SMALL, 0}, b = {"bytes", NULL, NULL, TELTEL_U8, 0, LARGE, 0};
  IS(teltel_define(run, "test", "small", &a, 1, SMALL, &small), TELTEL_OK);
  IS(teltel_define(run, "test", "large", &b, 1, LARGE, &large), TELTEL_OK);
}
static teltel_status emit(uint64_t frame) { /* every seventh is a large one */
  static unsigned char bytes[LARGE];
  memset(bytes, (int)(frame & 0xFF), sizeof bytes);
  return teltel_emit(run, frame % 7 ? small : large, frame, 0, bytes);
}
static uint64_t of(teltel_type type, size_t offset) {
  teltel_drops drops = teltel_drops_default();
  teltel_dropped(run, type, &drops);
  uint64_t n;
  memcpy(&n, (char *)&drops + offset, sizeof n);
  return n;
}
#define OF(type, reason) of(type, offsetof(teltel_drops, reason))

static void overwrite(void) {
  start(TELTEL_OVERWRITE_OLDEST, 0);
  for (uint64_t i = 0; i < EVENTS; i++) IS(emit(i), TELTEL_OK);
  printf("small %llu large %llu\n", (unsigned long long)OF(small, overwritten), (unsigned long long)OF(large, overwritten));
  IS(OF(small, full) + OF(large, full), 0);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK); /* may overwrite one more */
}

static void overwrite_reserved(void) {
  start(TELTEL_OVERWRITE_OLDEST, 0);
  teltel_writer *writer = teltel_writer_open(run, "own");
  for (uint64_t i = 0; i < EVENTS; i++) {
    unsigned char *room = teltel_reserve(writer, i % 7 ? small : large, i, 0);
    IS(room != NULL, 1);
    memset(room, (int)(i & 0xFF), i % 7 ? SMALL : LARGE);
    if (i % 3) IS(teltel_commit(writer), TELTEL_OK);
    else teltel_cancel(writer);
  }
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static void block_without_a_reader(void) {
  start(TELTEL_BLOCK, 300);
  uint64_t i = 0;
  while (OF(small, full) + OF(large, full) == 0) {
    double before = seconds();
    teltel_status status = emit(i++);
    double took = seconds() - before;
    if (status == TELTEL_REFUSED_FULL) IS(took >= 0.3, 1); /* has waited the whole limit */
  }
  const double before = seconds();
  for (int k = 0; k < 1000; k++) IS(emit(7 * i + 7), TELTEL_REFUSED_FULL); /* once is enough, until room is made again */
  IS(seconds() - before < 1000 * 0.3, 1);
  IS(OF(small, full) + OF(large, full), 1001);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static void *end_the_run(void *unused) {
  struct timespec pause = {0, 50000000};
  nanosleep(&pause, NULL);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  return unused;
}
static void block_ends_with_the_run(void) {
  start(TELTEL_BLOCK, UINT32_MAX); /* 50 days */
  pthread_t thread;
  pthread_create(&thread, NULL, end_the_run, NULL);
  for (uint64_t i = 0; emit(i) == TELTEL_OK; i++) {} /* comes back because the run ends */
  pthread_join(thread, NULL); /* before the end is whole, "full" is right as well */
  IS(emit(0), TELTEL_REFUSED_STATE);
}

/* A full ring is refused by a short way; whatever else is wrong must still be seen, and every refusal counted. */
static void full(void) {
  start(TELTEL_DROP_NEWEST, 0);
  static unsigned char bytes[LARGE];
  teltel_writer *writer = teltel_writer_open(run, "own");
  uint64_t refused = 0, refused_small = 0;
  while (teltel_writer_emit(writer, large, 1, 0, bytes) == TELTEL_OK) {}
  refused++;
  IS(teltel_writer_emit(writer, small, 1, 0, bytes), TELTEL_OK); /* there is room for this one */
  for (int i = 0; i < 100; i++, refused++) IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_FULL);
  IS(teltel_reserve(writer, large, 1, 0) == NULL, 1);
  refused++;
  IS(OF(large, full), refused);

  unsigned char *room = teltel_reserve(writer, small, 2, 0);
  IS(room != NULL, 1);
  IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_STATE); /* a reservation is open */
  IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_STATE);
  IS(OF(large, state), 2);
  memset(room, 2, SMALL);
  IS(teltel_commit(writer), TELTEL_OK);
  IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_FULL);
  refused++;
  while (teltel_writer_emit(writer, small, 3, 0, bytes) == TELTEL_OK) {}
  refused_small++;
  for (int i = 0; i < 100; i++, refused++, refused_small++) { /* in turn */
    IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_FULL);
    IS(teltel_writer_emit(writer, small, 1, 0, bytes), TELTEL_REFUSED_FULL);
  }
  const teltel_type none = {0}, forged = {small.word ^ (uint64_t)0x3000 << 32}; /* a type that there is not */
  IS(teltel_writer_emit(writer, none, 1, 0, bytes), TELTEL_REFUSED_TYPE);
  IS(teltel_writer_emit(writer, forged, 1, 0, bytes), TELTEL_REFUSED_FULL);

  teltel_type many[1100]; /* more than have counters of their own */
  const teltel_field field = {"bytes", NULL, NULL, TELTEL_U8, 0, SMALL, 0};
  for (int i = 0; i < 1100; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d", i);
    IS(teltel_define(run, "many", name, &field, 1, SMALL, &many[i]), TELTEL_OK);
    IS(teltel_writer_emit(writer, many[i], 1, 0, bytes), TELTEL_REFUSED_FULL);
  }
  IS(OF(many[0], full), 1);
  IS(OF(many[1099], full) > 70 && OF(many[1099], full) < 1100, 1); /* theirs together */
  IS(OF(large, full), refused);
  IS(OF(small, full), refused_small);
  const teltel_type all = {0};
  IS(OF(all, full), refused + refused_small + 1 + 1100);

  /* The implicit writer's ring, full at its very first record: it is given back and taken anew. */
  while (emit(7) == TELTEL_OK) {}
  teltel_thread_detach(run);
  for (int i = 0; i < 3; i++) IS(emit(7), TELTEL_REFUSED_FULL);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  IS(emit(7), TELTEL_REFUSED_STATE);
  IS(teltel_writer_emit(writer, large, 1, 0, bytes), TELTEL_REFUSED_STATE);
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*run)(void); } cases[] = {
    {"overwrite", overwrite}, {"overwrite_reserved", overwrite_reserved},
    {"full", full}, {"block_without_a_reader", block_without_a_reader}, {"block_ends_with_the_run", block_ends_with_the_run},
  };
  for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
    if (!strcmp(argv[1], cases[i].name)) { cases[i].run(); return failures != 0; }
  return 2;
}
