/* A hash over the raw bits of every computed value, per event type: equal hashes mean equal runs, to the last bit. */
#ifndef EXAMPLE_STATE_HASH_H
#define EXAMPLE_STATE_HASH_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct state_hash {
  const char *type;
  uint64_t events, value;
} state_hash;

/* FNV-1a. The bytes must be values only: no padding. */
static inline uint64_t hash_bytes(uint64_t hash, const void *values, size_t size) {
  const unsigned char *bytes = (const unsigned char *)values;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

static inline state_hash hash_of(const char *type) {
  state_hash hash = {type, 0, 14695981039346656037u};
  return hash;
}

static inline void hash_add(state_hash *hash, const void *record, size_t size) {
  hash->value = hash_bytes(hash->value, record, size);
  hash->events++;
}

/* A line per type, and one over all of them. */
static inline void hash_print(const state_hash *hashes, size_t count) {
  uint64_t all = hashes[0].value;
  for (size_t i = 0; i < count; i++) {
    printf("%-12s events %" PRIu64 " hash %016" PRIx64 "\n", hashes[i].type, hashes[i].events, hashes[i].value);
    if (i > 0) all = hash_bytes(all, &hashes[i].value, sizeof hashes[i].value);
  }
  printf("state hash   %016" PRIx64 "\n", all);
}

#endif
