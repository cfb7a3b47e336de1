/* The conformance scenario's data, shared by its C and C++ programs; the Swift program repeats it.
 *
 * Each program writes the same two runs into $TELTEL_SHM_DIR; expected.json says what a reader must find there.
 *   run "conformance": every kind of field and its extremes, tags, JSON, frame marks, an own writer, refusals by reason.
 *   run "other": the type all.kinds as "conformance" describes it when asked; nothing else but its own events.
 *   run "wrap": records of odd sizes until the smallest ring is full; released; the same again, four times in all. Not made when
 *   the program gets an argument: a collector is to read the other one.
 */
#ifndef TELTEL_SCENARIO_H
#define TELTEL_SCENARIO_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No padding, so that all languages agree on every byte. */
typedef struct AllKinds {
  int64_t i64;
  uint64_t u64;
  double f64, pos[3];
  float f32;
  int32_t i32;
  uint32_t u32, id;
  int16_t i16;
  uint16_t u16;
  int16_t samples[4];
  int8_t i8;
  uint8_t u8, mode;
  bool flag;
  char text[8];
} AllKinds;

static inline double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Copies bit patterns, never values: a signalling NaN must not pass through a register that changes it. */
static inline AllKinds lowest(void) {
  AllKinds a;
  memset(&a, 0, sizeof a);
  a.i64 = INT64_MIN;
  a.f64 = double_of(0x8000000000000000u); /* -0 */
  a.pos[0] = double_of(0x0000000000000001u);
  a.pos[1] = double_of(0x000FFFFFFFFFFFFFu); /* largest denormal */
  a.pos[2] = double_of(0xFFEFFFFFFFFFFFFFu); /* -DBL_MAX */
  a.f32 = float_of(0x00000001u);
  a.i32 = INT32_MIN;
  a.i16 = INT16_MIN;
  for (int i = 0; i < 4; i++) a.samples[i] = (int16_t)(-i);
  a.i8 = INT8_MIN;
  return a;
}
static inline AllKinds highest(void) {
  AllKinds a;
  a.i64 = INT64_MAX;
  a.u64 = UINT64_MAX;
  a.f64 = double_of(0x7FF0000000000000u); /* +Inf */
  a.pos[0] = double_of(0x7FF8000000000000u);
  a.pos[1] = double_of(0x7FF0000000000123u); /* a signalling NaN with payload */
  a.pos[2] = double_of(0xFFFFFFFFFFFFFFFFu);
  a.f32 = float_of(0x7F800001u);
  a.i32 = INT32_MAX;
  a.u32 = UINT32_MAX;
  a.id = UINT32_MAX;
  a.i16 = INT16_MAX;
  a.u16 = UINT16_MAX;
  for (int i = 0; i < 4; i++) a.samples[i] = (int16_t)(INT16_MAX - i);
  a.i8 = INT8_MAX;
  a.u8 = UINT8_MAX;
  a.mode = 1;
  a.flag = true;
  memcpy(a.text, "12345678", 8); /* no NUL */
  return a;
}
static inline AllKinds usual(uint32_t id) {
  AllKinds a;
  memset(&a, 0, sizeof a);
  a.f64 = 9007199254740992.0; /* 2^53: the largest whole number before doubles skip some; u64 holds the next */
  a.u64 = 9007199254740993u;
  a.pos[0] = 0.1;
  a.pos[1] = -0.2;
  a.pos[2] = 1e300;
  a.f32 = 0.5f;
  a.id = id;
  a.mode = 1;
  memcpy(a.text, "caf\xC3\xA9", 5);
  return a;
}

/* Plays the reader for the wrap run: everything written so far is released. */
static inline void release_all(uint64_t instance) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%016llx/ring-0", getenv("TELTEL_SHM_DIR"), (unsigned long long)instance);
  int file = open(path, O_RDWR | O_CLOEXEC);
  uint64_t head = 0;
  if (pread(file, &head, sizeof head, 128) != sizeof head || pwrite(file, &head, sizeof head, 256) != sizeof head) {
    perror(path);
    exit(1);
  }
  close(file);
}

#endif
