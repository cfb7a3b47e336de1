/* Parts of Swift's runtime and of the sanitizer's own that the thread sanitizer does not watch. */
#include <stddef.h>
#include <stdint.h>

#include "sight.h"

void *__wrap___tsan_memcpy(void *to, const void *from, size_t bytes) {
  volatile char *target = to;
  const volatile char *source = from;
  for (size_t i = 0; i < bytes; i++) target[i] = source[i];
  return to;
}

/* Mutex of the module Synchronization, when a thread must wait: in the library, which is not built for the sanitizer. */
#define SLOW_LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define SLOW_UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
SWIFT void real_lock(uint32_t thread, SELF void *self) __asm__("__real_" SLOW_LOCK);
SWIFT void wrap_lock(uint32_t thread, SELF void *self) __asm__("__wrap_" SLOW_LOCK);
SWIFT void real_unlock(SELF void *self) __asm__("__real_" SLOW_UNLOCK);
SWIFT void wrap_unlock(SELF void *self) __asm__("__wrap_" SLOW_UNLOCK);

#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *);
void __tsan_release(void *);
#else
static void __tsan_acquire(void *unused) { (void)unused; }
static void __tsan_release(void *unused) { (void)unused; }
#endif

SWIFT void wrap_lock(uint32_t thread, SELF void *self) {
  real_lock(thread, self);
  __tsan_acquire(self);
}
SWIFT void wrap_unlock(SELF void *self) {
  __tsan_release(self);
  real_unlock(self);
}
