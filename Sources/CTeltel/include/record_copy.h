/* record_copy.h - copies one record's payload. Straight 16-byte moves instead of a call to memcpy: six instructions less. */
#ifndef TELTEL_RECORD_COPY_H
#define TELTEL_RECORD_COPY_H

#include <stdint.h>

#define CTEL_COPY_MAX 256

typedef uint8_t ctel_block __attribute__((vector_size(16), aligned(1)));
typedef uint64_t ctel_word __attribute__((aligned(1), may_alias));
typedef uint32_t ctel_half __attribute__((aligned(1), may_alias));

static inline __attribute__((always_inline)) uint8_t *ctel_at(uintptr_t address) { return (uint8_t *)address; }

static inline __attribute__((always_inline)) ctel_block ctel_load_block(const uint8_t *from) { return *(const ctel_block *)from; }
static inline __attribute__((always_inline)) void ctel_store_block(uint8_t *to, ctel_block block) { *(ctel_block *)to = block; }

/* 64 < n <= 128, the usual record: no loop, no branch; the two halves overlap. */
static inline __attribute__((always_inline)) void ctel_copy_usual(uint8_t *to, const uint8_t *from, uint64_t n) {
  ctel_block a = ctel_load_block(from), b = ctel_load_block(from + 16);
  ctel_block c = ctel_load_block(from + 32), d = ctel_load_block(from + 48);
  ctel_block e = ctel_load_block(from + n - 64), f = ctel_load_block(from + n - 48);
  ctel_block g = ctel_load_block(from + n - 32), h = ctel_load_block(from + n - 16);
  ctel_store_block(to, a);
  ctel_store_block(to + 16, b);
  ctel_store_block(to + 32, c);
  ctel_store_block(to + 48, d);
  ctel_store_block(to + n - 64, e);
  ctel_store_block(to + n - 48, f);
  ctel_store_block(to + n - 32, g);
  ctel_store_block(to + n - 16, h);
}

/* 0 < n <= CTEL_COPY_MAX; any alignment; never reads or writes outside [0, n). */
static inline __attribute__((always_inline)) void ctel_copy(uint8_t *to, const uint8_t *from, uint64_t n) {
  if (__builtin_expect(n - 65 < 64, 1)) {
    ctel_copy_usual(to, from, n);
  } else if (n > 128) {
    /* Two of the usual, overlapping. A loop would need a register more, which every emit would have to save. */
    ctel_copy_usual(to, from, 128);
    ctel_copy_usual(to + n - 128, from + n - 128, 128);
  } else if (n > 32) {
    ctel_block a = ctel_load_block(from), b = ctel_load_block(from + 16);
    ctel_block c = ctel_load_block(from + n - 32), d = ctel_load_block(from + n - 16);
    ctel_store_block(to, a);
    ctel_store_block(to + 16, b);
    ctel_store_block(to + n - 32, c);
    ctel_store_block(to + n - 16, d);
  } else if (n >= 16) {
    ctel_block a = ctel_load_block(from), b = ctel_load_block(from + n - 16);
    ctel_store_block(to, a);
    ctel_store_block(to + n - 16, b);
  } else if (n >= 8) {
    uint64_t a = *(const ctel_word *)from, b = *(const ctel_word *)(from + n - 8);
    *(ctel_word *)to = a;
    *(ctel_word *)(to + n - 8) = b;
  } else if (n >= 4) {
    uint32_t a = *(const ctel_half *)from, b = *(const ctel_half *)(from + n - 4);
    *(ctel_half *)to = a;
    *(ctel_half *)(to + n - 4) = b;
  } else {
    uint8_t a = from[0], b = from[n >> 1], c = from[n - 1];
    to[0] = a;
    to[n >> 1] = b;
    to[n - 1] = c;
  }
}

#endif
