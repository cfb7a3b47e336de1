/* What the ring readers need and Swift cannot say: loads and stores of shared memory with the ordering in the name,
 * inotify, and locks. No policy. */
#ifndef CTELTEL_RINGS_H
#define CTELTEL_RINGS_H

#include <stdint.h>

/* Shared words are plain fields of the ABI; only these functions touch them after a file is complete. */
static inline uint64_t teltel_load_acquire(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline uint64_t teltel_load_relaxed(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static inline uint32_t teltel_load_acquire_32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void teltel_store_release(uint64_t *p, uint64_t value) { __atomic_store_n(p, value, __ATOMIC_RELEASE); }
static inline int teltel_exchange(uint64_t *p, uint64_t expected, uint64_t value) {
  return __atomic_compare_exchange_n(p, &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
static inline void teltel_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/* A watch on a folder: new, renamed and removed entries. Returns a descriptor, or -errno. */
int teltel_watch_folder(const char *path);
/* Waits until the watch has news (1), the time is over (0) or fails (-errno); news are thrown away. */
int teltel_wait_watch(int descriptor, int milliseconds);

/* Is a write lock held on byte 0 by another process? 1, 0, or -errno. */
int teltel_is_locked_elsewhere(int descriptor);
/* Takes an exclusive lock for as long as the descriptor lives. 0, or the negative pid of the holder (-1 if unknown). */
int teltel_lock_folder(int descriptor);

/* A descriptor that stands for a process, or -errno: -ENOSYS on kernels before 5.3. */
int teltel_watch_process(int process);
/* Has it ended? 1, 0, or -errno. Costs one system call, however many processes there are. */
int teltel_process_has_ended(int descriptor);

uint64_t teltel_monotonic_ns(void);
uint64_t teltel_wall_ns(void);
/* The name shows in tools such as top; at most 15 bytes count. */
void teltel_name_thread(const char *name);

#endif
