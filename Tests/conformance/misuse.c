/* Wrong use of the library, one case per run: misuse CASE. Each case says what must happen; nothing may crash or hang. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <teltel.h>
#include <unistd.h>

static int failures;
static void is(long long got, long long wanted, const char *what, int line) {
  if (got == wanted) return;
  char message[512];
  teltel_last_message(message, sizeof message);
  fprintf(stderr, "misuse.c:%d: %s is %lld, not %lld (last message: %s)\n", line, what, got, wanted, message);
  failures++;
}
static void says(const char *wanted, int line) {
  char message[512];
  teltel_last_message(message, sizeof message);
  if (strstr(message, wanted)) return;
  fprintf(stderr, "misuse.c:%d: the last message is not about %s: %s\n", line, wanted, message);
  failures++;
}
#define SAYS(wanted) says(wanted, __LINE__)
#define IS(expression, wanted) is((long long)(expression), (long long)(wanted), #expression, __LINE__)

typedef struct Pair { double a, b; } Pair;
static const teltel_field pair_fields[] = {
  TELTEL_FIELD(Pair, a, TELTEL_F64, "a", NULL),
  TELTEL_FIELD(Pair, b, TELTEL_F64, "b", NULL),
};
static const Pair pair = {1, 2};
static const teltel_type no_type;

static teltel_run *start(void) {
  teltel_run_options o = teltel_run_options_default();
  o.ring_bytes = 256 << 10;
  teltel_run *run;
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  return run;
}
static teltel_type define(teltel_run *run) {
  teltel_type type;
  IS(teltel_define(run, "c", "pair", pair_fields, 2, sizeof(Pair), &type), TELTEL_OK);
  return type;
}
static uint64_t dropped(teltel_run *run, uint64_t *of_reason, size_t offset) {
  teltel_drops drops = teltel_drops_default();
  uint64_t total = teltel_dropped(run, no_type, &drops);
  memcpy(of_reason, (char *)&drops + offset, sizeof *of_reason);
  return total;
}

static void null_run(void) {
  teltel_type type = {1};
  teltel_tags tags = {1};
  const teltel_frame_end_values values = {1, 1, 1};
  IS(teltel_define(NULL, "c", "pair", pair_fields, 2, sizeof(Pair), &type), TELTEL_REFUSED_STATE);
  IS(type.word, 0);
  IS(teltel_define_known(NULL, "c", TELTEL_BODY_STATE, &type), TELTEL_REFUSED_STATE);
  const teltel_tag one = {"k", "v"};
  IS(teltel_tags_define(NULL, &one, 1, &tags), TELTEL_REFUSED_STATE);
  IS(tags.id, 0);
  IS(teltel_emit(NULL, no_type, 0, 0, &pair), TELTEL_REFUSED_STATE);
  IS(teltel_emit_json(NULL, "c", "n", 0, 0, "1", 1), TELTEL_REFUSED_STATE);
  IS(teltel_frame_start(NULL, 0, 0, 0), TELTEL_REFUSED_STATE);
  IS(teltel_frame_end(NULL, 0, 0, &values), TELTEL_REFUSED_STATE);
  IS(teltel_thread_attach(NULL), TELTEL_REFUSED_STATE);
  teltel_thread_detach(NULL);
  IS(teltel_writer_open(NULL, "x") == NULL, 1);
  IS(teltel_writer_emit(NULL, no_type, 0, 0, &pair), TELTEL_REFUSED_STATE);
  IS(teltel_reserve(NULL, no_type, 0, 0) == NULL, 1);
  IS(teltel_commit(NULL), TELTEL_REFUSED_STATE);
  teltel_cancel(NULL);
  teltel_writer_close(NULL);
  IS(teltel_dropped(NULL, no_type, NULL), 0);
  IS(teltel_types(NULL, &type, 1), 0);
  IS(teltel_describe(NULL, no_type, NULL, 0), 0);
  IS(teltel_max_record(NULL), 0);
  IS(teltel_instance(NULL), 0);
  IS(teltel_run_id(NULL, NULL, 0), 0);
  IS(teltel_run_end(NULL, TELTEL_COMPLETED, NULL), TELTEL_ERROR_ENDED);
}

static void after_the_end(void) {
  teltel_run *run = start();
  teltel_type type = define(run), again;
  teltel_writer *writer = teltel_writer_open(run, "w");
  Pair *room = teltel_reserve(writer, type, 1, 0);
  IS(teltel_run_end(run, 7, NULL), TELTEL_ERROR_ARGUMENT);
  IS(teltel_run_end(run, TELTEL_COMPLETED, "once"), TELTEL_OK);
  IS(teltel_run_end(run, TELTEL_COMPLETED, "twice"), TELTEL_ERROR_ENDED);
  room->a = 1; /* the ring is gone, the pages are not */
  IS(teltel_commit(writer), TELTEL_REFUSED_STATE);
  IS(teltel_emit(run, type, 1, 0, &pair), TELTEL_REFUSED_STATE);
  IS(teltel_writer_emit(writer, type, 1, 0, &pair), TELTEL_REFUSED_STATE);
  IS(teltel_emit_json(run, "c", "n", 0, 0, "1", 1), TELTEL_REFUSED_STATE);
  IS(teltel_frame_start(run, 1, 0, 0), TELTEL_REFUSED_STATE);
  IS(teltel_define(run, "c", "pair", pair_fields, 2, sizeof(Pair), &again), TELTEL_ERROR_ENDED);
  IS(teltel_thread_attach(run), TELTEL_ERROR_ENDED);
  IS(teltel_writer_open(run, "w") == NULL, 1);
  teltel_writer_close(writer);
  teltel_writer_close(writer);
  IS(teltel_writer_emit(writer, type, 1, 0, &pair), TELTEL_REFUSED_STATE);
  teltel_run *next = start(); /* takes the old one's place; the stale handle is not mistaken for it */
  IS(teltel_emit(run, type, 1, 0, &pair), TELTEL_REFUSED_STATE);
  IS(teltel_emit(next, type, 1, 0, &pair), TELTEL_REFUSED_TYPE);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_ERROR_ENDED);
  IS(teltel_run_end(next, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static void forked(void) {
  teltel_run *run = start();
  teltel_type type = define(run);
  teltel_writer *writer = teltel_writer_open(run, "w");
  Pair *room = teltel_reserve(writer, type, 1, 0);
  pid_t child = fork();
  if (child == 0) {
    room->a = 99;
    IS(teltel_commit(writer), TELTEL_REFUSED_FORK);
    IS(teltel_emit(run, type, 1, 0, &pair), TELTEL_REFUSED_FORK);
    IS(teltel_writer_emit(writer, type, 1, 0, &pair), TELTEL_REFUSED_FORK);
    IS(teltel_emit_json(run, "c", "n", 0, 0, "1", 1), TELTEL_REFUSED_FORK);
    IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_ERROR_ENDED);
    teltel_run *own = start();
    teltel_type own_type = define(own);
    IS(teltel_emit(own, own_type, 1, 0, &pair), TELTEL_OK);
    IS(teltel_emit(run, type, 1, 0, &pair), TELTEL_REFUSED_FORK);
    IS(teltel_run_end(own, TELTEL_COMPLETED, NULL), TELTEL_OK);
    _exit(failures != 0);
  }
  int status;
  waitpid(child, &status, 0);
  IS(status, 0);
  room->a = 1;
  IS(teltel_commit(writer), TELTEL_OK);
  IS(teltel_emit(run, type, 2, 0, &pair), TELTEL_OK);
  uint64_t counted;
  IS(dropped(run, &counted, offsetof(teltel_drops, fork)), 5);
  IS(counted, 5);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static teltel_run *shared_run;
static teltel_type shared_type;
static void *emit_three(void *unused) {
  for (int i = 0; i < 3; i++) IS(teltel_emit(shared_run, shared_type, 1, 0, &pair), TELTEL_OK);
  return unused;
}
static void thousand_threads(void) {
  shared_run = start();
  shared_type = define(shared_run);
  for (int i = 0; i < 1000; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, emit_three, NULL);
    pthread_join(thread, NULL);
  }
  IS(teltel_dropped(shared_run, no_type, NULL), 0);
  IS(teltel_run_end(shared_run, TELTEL_COMPLETED, NULL), TELTEL_OK); /* the test counts two rings */
}

static void *emit_refused(void *unused) {
  IS(teltel_emit(shared_run, shared_type, 1, 0, &pair), TELTEL_REFUSED_WRITER);
  IS(teltel_thread_attach(shared_run), TELTEL_REFUSED_WRITER);
  return unused;
}
static void too_many_writers(void) {
  shared_run = start();
  shared_type = define(shared_run);
  teltel_writer *writers[256];
  for (int i = 0; i < 255; i++) {
    writers[i] = teltel_writer_open(shared_run, "w");
    IS(writers[i] != NULL, 1);
  }
  IS(teltel_writer_open(shared_run, "w") == NULL, 1);
  pthread_t thread;
  pthread_create(&thread, NULL, emit_refused, NULL);
  pthread_join(thread, NULL);
  uint64_t counted;
  IS(dropped(shared_run, &counted, offsetof(teltel_drops, writer)), 1);
  IS(counted, 1);
  teltel_writer_close(writers[7]);
  pthread_create(&thread, NULL, emit_three, NULL); /* takes the ring that was given back */
  pthread_join(thread, NULL);
  teltel_thread_detach(shared_run);
  writers[7] = teltel_writer_open(shared_run, "w");
  IS(writers[7] != NULL, 1);
  IS(teltel_run_end(shared_run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static void limits(void) {
  teltel_run *run = start();
  teltel_type type;
  static char names[1025][8];
  static teltel_field fields[1025];
  for (int i = 0; i < 1025; i++) {
    snprintf(names[i], sizeof names[i], "f%d", i);
    fields[i] = (teltel_field){names[i], NULL, NULL, TELTEL_U8, 0, 1, 0};
  }
  IS(teltel_define(run, "c", "wide", fields, 1025, 8, &type), TELTEL_ERROR_LIMIT);
  IS(teltel_define(run, "c", "wide", fields, 1024, 8, &type), TELTEL_OK);
  IS(teltel_define(run, "c", "huge", fields, 1, (1 << 20) - 23, &type), TELTEL_ERROR_LIMIT);
  IS(teltel_define(run, "c", "large", fields, 1, (1 << 20) - 24, &type), TELTEL_OK);
  char name[300] = "";
  memset(name, 'n', 256);
  IS(teltel_define(run, name, "n", fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  IS(teltel_define(run, "c", name, fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  IS(teltel_emit_json(run, "c", name, 0, 0, "1", 1), TELTEL_ERROR_ARGUMENT);
  name[255] = 0;
  IS(teltel_define(run, name, name, fields, 1, 8, &type), TELTEL_OK);
  IS(teltel_define(run, "c", "", fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  IS(teltel_define(run, "\xFF", "n", fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  IS(teltel_define(run, "c", "\xC0\x80", fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  IS(teltel_define(run, "c", "\xED\xA0\x80", fields, 1, 8, &type), TELTEL_ERROR_ARGUMENT);
  int defined = 0;
  teltel_type last = {0};
  for (int i = 0; i < 16400; i++) {
    snprintf(name, sizeof name, "type-%d", i);
    if (teltel_define(run, "many", name, fields, 1, 8, &type) != TELTEL_OK) continue;
    defined++;
    last = type;
  }
  static teltel_type all[16384];
  IS(teltel_types(run, all, 16384), 16383); /* run.start has no fields */
  IS(all[16382].word, last.word);
  IS(teltel_describe(run, last, NULL, 0) > sizeof(teltel_type_desc) + sizeof(teltel_field), 1);
  IS(defined, 16384 - 4); /* run.start, wide, large and the one with long names came before */
  IS(teltel_define(run, "many", "type-0", fields, 1, 8, &type), TELTEL_OK);
  IS(teltel_emit_json(run, "c", "one.more", 0, 0, "1", 1), TELTEL_REFUSED_TYPE);
  IS(teltel_emit(run, last, 1, 0, "12345678"), TELTEL_OK);
  int sets = 0;
  teltel_tags tags;
  for (int i = 0; i < 65600; i++) {
    snprintf(name, sizeof name, "%d", i);
    const teltel_tag tag = {"k", name};
    sets += teltel_tags_define(run, &tag, 1, &tags) == TELTEL_OK;
  }
  IS(sets, 65535);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static void wrong_definitions(void) {
  teltel_run *run = start();
  teltel_type type = define(run), same = define(run);
  IS(type.word, same.word);
  teltel_field f[2] = {pair_fields[0], pair_fields[1]};
  f[0].unit = "m";
  IS(teltel_define(run, "c", "pair", f, 2, sizeof(Pair), &same), TELTEL_ERROR_MISMATCH);
  IS(same.word, 0);
  IS(teltel_emit_json(run, "c", "pair", 0, 0, "1", 1), TELTEL_ERROR_MISMATCH);
  IS(teltel_define(run, "run", "run.start", f, 2, sizeof(Pair), &same), TELTEL_ERROR_MISMATCH);
  IS(teltel_define(run, "c", "short", f, 2, 8, &same), TELTEL_ERROR_ARGUMENT);
  f[0] = (teltel_field){"x,y", NULL, NULL, TELTEL_F64, 0, 1, 0};
  IS(teltel_define(run, "c", "x", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  f[0].name = "x,";
  f[0].count = 2;
  IS(teltel_define(run, "c", "x", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  f[0] = (teltel_field){"x", NULL, "a,b", TELTEL_F64, 0, 1, 0};
  IS(teltel_define(run, "c", "x", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  f[0] = (teltel_field){"x", NULL, NULL, 13, 0, 1, 0};
  IS(teltel_define(run, "c", "x", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  f[0] = (teltel_field){"x", NULL, NULL, TELTEL_U8, UINT32_MAX, UINT32_MAX, 0};
  IS(teltel_define(run, "c", "x", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  IS(teltel_define_known(run, "c", 99, &same), TELTEL_ERROR_ARGUMENT);
  /* Nobody could tell which of two values of one name is meant. */
  f[0] = (teltel_field){"pos.x", NULL, NULL, TELTEL_F64, 0, 1, TELTEL_KEY};
  f[1] = (teltel_field){"pos.x", NULL, NULL, TELTEL_F64, 8, 1, 0};
  IS(teltel_define(run, "c", "twice", f, 2, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  IS(same.word, 0);
  SAYS("given twice: pos.x");
  f[1].flags = TELTEL_KEY;
  IS(teltel_define(run, "c", "twice", f, 2, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  f[0] = (teltel_field){"a,b", NULL, NULL, TELTEL_F64, 0, 2, 0};
  f[1] = (teltel_field){"b", NULL, NULL, TELTEL_F64, 8, 1, 0};
  IS(teltel_define(run, "c", "twice", f, 2, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  SAYS("given twice: b");
  f[0].name = "x,x";
  IS(teltel_define(run, "c", "twice", f, 1, sizeof(Pair), &same), TELTEL_ERROR_ARGUMENT);
  SAYS("given twice: x");
  f[0].name = "x,y";
  IS(teltel_define(run, "c", "twice", f, 2, sizeof(Pair), &same), TELTEL_OK); /* nothing of the others stayed */
  const teltel_tag keys[] = {{"car", "red"}, {"lap", "1"}, {"car", "blue"}};
  teltel_tags tags;
  IS(teltel_tags_define(run, keys, 3, &tags), TELTEL_ERROR_ARGUMENT);
  IS(tags.id, 0);
  SAYS("given twice: car");
  IS(teltel_tags_define(run, keys + 1, 2, &tags), TELTEL_OK);
  IS(teltel_define_known(run, "c", TELTEL_AERO_STATE, &same), TELTEL_OK);
  IS(teltel_emit(run, no_type, 0, 0, &pair), TELTEL_REFUSED_TYPE);
  IS(teltel_emit(run, (teltel_type){UINT64_MAX}, 0, 0, &pair), TELTEL_REFUSED_TYPE);
  IS(teltel_emit_json(run, "c", "n", 0, 0, "", 0), TELTEL_ERROR_ARGUMENT);
  static char large[2 << 20];
  IS(teltel_emit_json(run, "c", "n", 0, 0, large, sizeof large), TELTEL_REFUSED_SIZE);
  IS(teltel_emit_json(run, "c", "n", 0, 0, large, teltel_max_record(run) + 1), TELTEL_REFUSED_SIZE);
  IS(teltel_emit_json(run, "c", "n", 0, 0, large, teltel_max_record(run)), TELTEL_OK);
  IS(teltel_frame_end(run, 0, 0, NULL), TELTEL_ERROR_ARGUMENT);
  IS(teltel_run_end(run, TELTEL_COMPLETED, "\xFF not UTF-8"), TELTEL_OK);
}

/* Names that the library uses itself. */
static void flags_of_fields(void) {
  static const uint32_t together[] = {TELTEL_KEY, TELTEL_INPUT, TELTEL_MEASURED, TELTEL_KEY | TELTEL_INPUT};
  teltel_run *run = start();
  teltel_field f[] = {pair_fields[0], pair_fields[1]};
  teltel_type type;
  char name[16];
  for (unsigned i = 0; i < sizeof together / sizeof *together; i++) {
    snprintf(name, sizeof name, "type%u", i);
    f[1].flags = together[i];
    IS(teltel_define(run, "c", name, f, 2, sizeof(Pair), &type), TELTEL_OK);
    IS(teltel_known_flags(together[i]), together[i]);
    f[1].flags = 0;
    IS(teltel_define(run, "c", name, f, 2, sizeof(Pair), &type), TELTEL_ERROR_MISMATCH);
  }
  /* What is compared cannot be left out of comparisons. */
  for (unsigned i = 0; i < 2; i++) {
    f[1].flags = (i ? TELTEL_KEY : TELTEL_INPUT) | TELTEL_MEASURED;
    IS(teltel_define(run, "c", "both", f, 2, sizeof(Pair), &type), TELTEL_ERROR_ARGUMENT);
    IS(type.word, 0);
    SAYS("neither key nor input: b");
  }
  for (uint32_t flag = 8; flag; flag <<= 1) {
    f[1].flags = flag | TELTEL_INPUT;
    IS(teltel_define(run, "c", "new", f, 2, sizeof(Pair), &type), TELTEL_ERROR_ARGUMENT);
    SAYS("unknown flag of a field: b");
    IS(teltel_known_flags(flag), flag); /* whoever made it up is to be told */
  }
  static const char *const features[] = {"tags", "json", "key", "labels", "marks", "overwrite", "block", "enable", "schema", "input", "measured"};
  for (unsigned i = 0; i < sizeof features / sizeof *features; i++) IS(teltel_has(features[i]), 1);
  IS(teltel_has("inputs") + teltel_has("") + teltel_has(NULL), 0);
  teltel_run_end(run, TELTEL_COMPLETED, NULL);
}

static void names_of_teltel(void) {
  teltel_run *run = start();
  teltel_type type;
  const teltel_frame_end_values values = {0.01, 1, 1};
  IS(teltel_define(run, "frame", "frame.end", pair_fields, 2, sizeof(Pair), &type), TELTEL_OK);
  IS(teltel_frame_start(run, 1, 0.01, 0.01), TELTEL_OK);
  IS(teltel_frame_end(run, 1, 0.01, &values), TELTEL_ERROR_MISMATCH);
  SAYS("are teltel's");
  SAYS("frame.end");
  IS(teltel_emit(run, type, 1, 0.01, &pair), TELTEL_OK);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

/* A night is not lost for a tag. */
static void bad_tags(void) {
  char text[300] = "";
  memset(text, 't', 256);
  const teltel_tag tags[] = {{"night", "7"}, {"", "empty"}, {NULL, "none"}, {"\xFF", "bytes"}, {"car", "\xFF"}, {text, "long"},
                             {"lap", text},  {"night", "8"}, {"seat", NULL}};
  const char *const named[] = {"number 2", "number 3", "number 4", "car", "number 6", "lap", "night"};
  for (size_t i = 1; i < 8; i++) {
    teltel_run *run;
    teltel_run_options o = teltel_run_options_default();
    const teltel_tag some[] = {tags[0], tags[i], tags[8]};
    o.run_id = "one-bad-tag";
    o.ring_bytes = 256 << 10;
    o.tags = some;
    o.tag_count = 3;
    IS(teltel_run_start(&o, &run), TELTEL_OK);
    SAYS("starts without a tag");
    /* Of three tags the second is the bad one. */
    SAYS(named[i - 1][0] == 'n' && named[i - 1][1] == 'u' ? "number 2" : named[i - 1]);
    IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  }
  teltel_run *run;
  teltel_run_options o = teltel_run_options_default();
  o.run_id = "bad-tags";
  o.ring_bytes = 256 << 10;
  o.tags = tags;
  o.tag_count = sizeof tags / sizeof *tags;
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  static char keys[1030][8];
  static teltel_tag many[1030];
  for (int i = 0; i < 1030; i++) {
    snprintf(keys[i], sizeof keys[i], "k%d", i);
    many[i] = (teltel_tag){keys[i], "v"};
  }
  o.run_id = "many-tags";
  o.tags = many;
  o.tag_count = 1030;
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  SAYS("k1029");
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

/* One would naturally print the counts behind the end. */
static void counts_after_the_end(void) {
  static teltel_run *runs[20];
  static teltel_type types[20];
  for (int i = 0; i < 20; i++) {
    runs[i] = start();
    types[i] = define(runs[i]);
    for (int n = 0; n <= i; n++) IS(teltel_emit(runs[i], no_type, 1, 0, &pair), TELTEL_REFUSED_TYPE);
    while (teltel_emit(runs[i], types[i], 1, 0, &pair) == TELTEL_OK) {}
    IS(teltel_run_end(runs[i], TELTEL_COMPLETED, NULL), TELTEL_OK);
    teltel_drops drops = teltel_drops_default();
    /* Two full: the event before, and run.end itself. */
    IS(teltel_dropped(runs[i], no_type, &drops), i + 3);
    IS(drops.type, i + 1);
    IS(drops.full, 2);
    IS(teltel_dropped(runs[i], types[i], &drops), 1);
    IS(drops.type, 0);
  }
  IS(teltel_dropped(runs[19], types[18], NULL), 0);
  IS(teltel_dropped(runs[4], no_type, NULL), 7);
  IS(teltel_dropped(runs[3], no_type, NULL), 0); /* 16 others have ended since */
  teltel_run *run = start();
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  IS(teltel_dropped(run, no_type, NULL), 0);
}

/* Batch systems limit the size of files, by a signal. */
static void limit_of_files(void) {
  teltel_run *run;
  teltel_type type;
  struct rlimit files = {1 << 20, 16 << 20};
  setrlimit(RLIMIT_FSIZE, &files);
  teltel_run_options o = teltel_run_options_default();
  o.run_id = "limited";
  o.ring_bytes = 8 << 20;
  IS(teltel_run_start(&o, &run), TELTEL_OK); /* with smaller rings */
  SAYS("512 KiB");
  type = define(run);
  IS(teltel_emit(run, type, 1, 0, &pair), TELTEL_OK);
  files.rlim_cur = 128 << 10; /* of a run that goes on: no further rings, no longer table */
  setrlimit(RLIMIT_FSIZE, &files);
  IS(teltel_writer_open(run, "w") == NULL, 1);
  SAYS("RLIMIT_FSIZE");
  teltel_status status = TELTEL_OK;
  for (int i = 0; i < 16000 && status == TELTEL_OK; i++) {
    char name[32];
    snprintf(name, sizeof name, "type-%d", i);
    status = teltel_define(run, "many", name, pair_fields, 2, sizeof(Pair), &type);
  }
  IS(status, TELTEL_ERROR_NO_SPACE);
  SAYS("RLIMIT_FSIZE");
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  teltel_run *second;
  IS(teltel_run_start(&o, &second), TELTEL_ERROR_NO_SPACE);
  IS(second == NULL, 1);
  SAYS("RLIMIT_FSIZE");
}

static void wrong_options(void) {
  teltel_run *run = (teltel_run *)1;
  teltel_run_options o = teltel_run_options_default();
  char name[300] = "";
  memset(name, 'n', 256);
#define REFUSED(change, wanted) \
  do { \
    o = teltel_run_options_default(); \
    change; \
    IS(teltel_run_start(&o, &run), wanted); \
    IS(run == NULL, 1); \
  } while (0)
  REFUSED(o.struct_size = 0, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.policy = TELTEL_BLOCK + 1, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.ring_bytes = (1 << 30) + 1u, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.writers = 256, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.flags = 2, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.run_id = name, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.source_id = "\xC3", TELTEL_ERROR_ARGUMENT);
  REFUSED(o.config_json = "{", TELTEL_ERROR_ARGUMENT);
  REFUSED(o.tag_count = 1, TELTEL_ERROR_ARGUMENT);
  REFUSED(o.shm_dir = "/proc/nowhere", TELTEL_ERROR_SYSTEM);
  REFUSED(o.shm_dir = "/tmp", TELTEL_ERROR_PERMISSION);
  struct { teltel_run_options o; uint64_t newer; } longer = {teltel_run_options_default(), 0};
  longer.o.struct_size = sizeof longer;
  IS(teltel_run_start(&longer.o, &run), TELTEL_OK);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  longer.newer = 1;
  IS(teltel_run_start(&longer.o, &run), TELTEL_ERROR_VERSION);
  o = teltel_run_options_default();
  o.struct_size = offsetof(teltel_run_options, ring_bytes); /* an older caller */
  o.ring_bytes = UINT64_MAX;                                /* not read */
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
  IS(teltel_run_start(NULL, NULL), TELTEL_ERROR_ARGUMENT);
}

static void thousand_runs(void) {
  static teltel_run *runs[1100];
  const struct rlimit descriptors = {4096, 4096};
  setrlimit(RLIMIT_NOFILE, &descriptors);
  teltel_run_options o = teltel_run_options_default();
  o.ring_bytes = 1;
  int open = 0, ended = 0;
  for (int i = 0; i < 1100; i++) open += teltel_run_start(&o, &runs[i]) == TELTEL_OK;
  IS(open, 1024);
  for (int i = 0; i < 1100; i++) ended += teltel_run_end(runs[i], TELTEL_COMPLETED, NULL) == TELTEL_OK;
  IS(ended, 1024);
  IS(teltel_run_start(&o, &runs[0]), TELTEL_OK);
}

static void disabled(void) {
  teltel_run *run;
  IS(teltel_run_start(NULL, &run), TELTEL_ERROR_DISABLED);
  IS(run == NULL, 1);
}

static void no_descriptors(void) {
  teltel_run *run;
  const struct rlimit none = {0, 4096}, some = {64, 4096};
  setrlimit(RLIMIT_NOFILE, &none);
  IS(teltel_run_start(NULL, &run), TELTEL_ERROR_SYSTEM);
  setrlimit(RLIMIT_NOFILE, &some);
  IS(teltel_run_start(NULL, &run), TELTEL_OK);
}

/* In a shared memory of 1.5 MiB. */
static void little_space(void) {
  teltel_run *run, *second;
  teltel_run_options o = teltel_run_options_default();
  o.ring_bytes = 4 << 20;
  o.writers = 3;
  IS(teltel_run_start(&o, &run), TELTEL_OK); /* with one ring of 1 MiB */
  SAYS("smaller than ring_bytes");
  IS(teltel_max_record(run), (256 << 10) - 24);
  IS(teltel_writer_open(run, "w") == NULL, 1);
  IS(teltel_emit(run, define(run), 1, 0, &pair), TELTEL_OK);
  IS(teltel_run_start(&o, &second), TELTEL_ERROR_NO_SPACE);
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

/* 64 MiB, as in a container: it works, and the message says what is less than usual. */
static void small_memory(void) {
  teltel_run *run;
  teltel_run_options o = teltel_run_options_default();
  IS(teltel_run_start(&o, &run), TELTEL_OK);
  SAYS("smaller than 8 MiB");
  IS(teltel_run_end(run, TELTEL_COMPLETED, NULL), TELTEL_OK);
}

static atomic_bool stop;
static atomic_int accepted_after_end, running;
static void *emit_until_stopped(void *unused) {
  for (uint64_t frame = 0; !stop; frame++) {
    teltel_emit(shared_run, shared_type, frame, 0, &pair);
    if (frame == 100) running++;
  }
  if (teltel_emit(shared_run, shared_type, 0, 0, &pair) == TELTEL_OK) accepted_after_end++;
  return unused;
}
static void end_while_others_emit(void) {
  for (int round = 0; round < 30; round++) {
    stop = false;
    running = 0;
    shared_run = start();
    shared_type = define(shared_run);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, emit_until_stopped, NULL);
    while (running < 4) sched_yield();
    IS(teltel_run_end(shared_run, TELTEL_COMPLETED, "racing"), TELTEL_OK);
    stop = true;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  }
  IS(accepted_after_end, 0);
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*run)(void); } cases[] = {
    {"null_run", null_run}, {"after_the_end", after_the_end}, {"forked", forked}, {"thousand_threads", thousand_threads},
    {"too_many_writers", too_many_writers}, {"limits", limits}, {"wrong_definitions", wrong_definitions},
    {"wrong_options", wrong_options}, {"names_of_teltel", names_of_teltel}, {"bad_tags", bad_tags},
    {"flags_of_fields", flags_of_fields},
    {"counts_after_the_end", counts_after_the_end}, {"limit_of_files", limit_of_files},
    {"thousand_runs", thousand_runs}, {"disabled", disabled},
    {"no_descriptors", no_descriptors}, {"little_space", little_space}, {"small_memory", small_memory},
    {"end_while_others_emit", end_while_others_emit},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (argc != 2 || strcmp(argv[1], cases[i].name)) continue;
    cases[i].run();
    return failures != 0;
  }
  fprintf(stderr, "no such case\n");
  return 2;
}
