/* ring_atomics.h - every atomic access to the shared files, with its order in the name or its pair from ring_abi.h.
 * Plain fields and __atomic built-ins: C11 _Atomic fields cannot be imported by Swift. */
#ifndef TELTEL_RING_ATOMICS_H
#define TELTEL_RING_ATOMICS_H

#include "ring_abi.h"

static inline uint64_t ctel_load_acquire_u64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline uint32_t ctel_load_acquire_u32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline uint64_t ctel_load_relaxed_u64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static inline uint32_t ctel_load_relaxed_u32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static inline void ctel_store_release_u64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline void ctel_store_release_u32(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline void ctel_store_relaxed_u64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static inline void ctel_store_relaxed_u32(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static inline void ctel_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* PAIR P1 commit. Release <-> acquire of head in the readers. If weaker: a reader sees a head before the record's bytes. */
static inline void ctel_publish_head(uint64_t *head, uint64_t position) { __atomic_store_n(head, position, __ATOMIC_RELEASE); }

/* PAIR P2 room. Acquire <-> release of released in a reader. If weaker: we overwrite bytes that are still being copied. */
static inline uint64_t ctel_released(const teltel_ring_header *ring) { return __atomic_load_n(&ring->released, __ATOMIC_ACQUIRE); }

/* PAIR P6 oldest. Whoever moves `released` over a record owns it. Acquire and release: a reader's copy is done before we write
 * over it; what we count is counted before a reader goes on behind it. */
static inline int ctel_take_oldest(teltel_ring_header *ring, uint64_t from, uint64_t to) {
  return __atomic_compare_exchange_n(&ring->released, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/* PAIR P6 oldest. The fence keeps the stores of new records behind it. If weaker: a reader that copied new bytes finds the old
 * low, and takes a torn record for a whole one. */
static inline void ctel_publish_low(teltel_ring_header *ring, uint64_t low) {
  __atomic_store_n(&ring->low, low, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* PAIR P3 table. First the file's new size, then the entries that lie in it. */
static inline void ctel_publish_file_bytes(teltel_run_header *run, uint64_t bytes) {
  __atomic_store_n(&run->file_bytes, bytes, __ATOMIC_RELEASE);
}
static inline void ctel_publish_table_head(teltel_run_header *run, uint64_t head) {
  __atomic_store_n(&run->table_head, head, __ATOMIC_RELEASE);
}

/* PAIR P4 rings. The ring file is complete, magic included, before it is counted. */
static inline void ctel_publish_ring_magic(teltel_ring_header *ring) {
  __atomic_store_n(&ring->magic, TELTEL_RING_MAGIC, __ATOMIC_RELEASE);
}
static inline void ctel_publish_ring_count(teltel_run_header *run, uint32_t count) {
  __atomic_store_n(&run->ring_count, count, __ATOMIC_RELEASE);
}
static inline void ctel_publish_run_magic(teltel_run_header *run) {
  __atomic_store_n(&run->magic, TELTEL_RUN_MAGIC, __ATOMIC_RELEASE);
}

/* PAIR P5 end. end_* and every head are final before the state says ENDED. */
static inline void ctel_publish_run_state(teltel_run_header *run, uint32_t state) {
  __atomic_store_n(&run->state, state, __ATOMIC_RELEASE);
}
static inline void ctel_publish_writer_state(teltel_ring_header *ring, uint32_t state) {
  __atomic_store_n(&ring->state, state, __ATOMIC_RELEASE);
}

/* Counters of a ring have one writer: no read-modify-write needed. Those of the run file have many. */
static inline void ctel_count_alone(uint64_t *counter) {
  __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}
static inline void ctel_count_shared(uint64_t *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

#endif
