/* The process-wide lock, and the two moments at which libteltel must act by itself: a thread ends, the process forks. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>

#include "platform.h"
#include "writer_state.h"

ctel_writer ctel_no_writer = {.run = 1};
_Thread_local ctel_writer *ctel_thread_writer CTEL_THREAD_LOCAL = &ctel_no_writer;
_Thread_local ctel_writer *ctel_thread_list CTEL_THREAD_LOCAL;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static void (*on_thread_exit)(void);
static void (*on_fork)(void);
static void (*on_wake)(int whole);

/* 1, on a page that a new process finds empty. NULL before the hooks are installed. */
static uint32_t *awake;
/* This process comes from _Fork or clone, which call no handler, and has one thread. Its locks may be held by threads that are
 * not here. */
static void wake(void) {
  if (__atomic_exchange_n(awake, 1, __ATOMIC_ACQ_REL)) return;
  const int whole = pthread_mutex_trylock(&lock) == 0;
  lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  ctel_message_lock_renew();
  ctel_thread_writer = &ctel_no_writer;
  ctel_thread_list = NULL;
  ctel_writers_wiped();
  on_wake(whole);
}
static void take_lock(void) {
  uint32_t *mark = __atomic_load_n(&awake, __ATOMIC_ACQUIRE);
  if (mark && !__atomic_load_n(mark, __ATOMIC_RELAXED)) wake();
  pthread_mutex_lock(&lock);
}

/* Whatever happens between the two leaves the engine's errno as it was. */
static int engine_errno;
void ctel_lock(void) {
  int now = errno;
  take_lock();
  engine_errno = now;
}
void ctel_unlock(void) {
  int before = engine_errno;
  pthread_mutex_unlock(&lock);
  errno = before;
}

/* Both locks are held across fork, so that the child finds every structure whole. */
static void before_fork(void) {
  take_lock(); /* fork has an errno of its own */
  ctel_message_lock();
  ctel_keep_writers_on_fork(1);
}
static void after_fork_in_parent(void) {
  int now = errno;
  ctel_keep_writers_on_fork(0);
  ctel_message_unlock();
  pthread_mutex_unlock(&lock);
  errno = now;
}
static void after_fork_in_child(void) {
  if (awake) *awake = 1;
  ctel_message_unlock();
  on_fork();
  ctel_keep_writers_on_fork(0);
  pthread_mutex_unlock(&lock);
}
static void thread_ends(void *unused) {
  (void)unused;
  on_thread_exit();
}

/* In a program that is linked fully statically these may be missing, and there is nothing to pin. */
extern int dladdr1(const void *, Dl_info *, void **, int) __attribute__((weak));
extern void *dlsym(void *, const char *) __attribute__((weak));

/* Whatever holds this code stays mapped, also a plug-in that was linked with the static library and is closed by its host:
 * threads that have emitted still come to thread_ends. (libteltel.so says the same by its NODELETE flag.) dlopen is asked for
 * by name: the linker would warn of it in static programs, which never get that far. */
static void pin(void) {
  Dl_info object;
  struct link_map *map = NULL;
  if (!dladdr1 || !dlsym || !dladdr1(&lock, &object, (void **)&map, RTLD_DL_LINKMAP)) return;
  if (!map || !map->l_name || !*map->l_name) return; /* the program itself: it has no name here, and stays anyway */
  void *(*open_library)(const char *, int) = NULL;
  void *symbol = dlsym(RTLD_DEFAULT, "dlopen");
  memcpy(&open_library, &symbol, sizeof symbol);
  if (open_library) open_library(map->l_name, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static void install(void) {
  pin();
  uint32_t *mark = ctel_wiped_on_fork(sizeof *mark);
  if (mark) *mark = 1;
  __atomic_store_n(&awake, mark, __ATOMIC_RELEASE);
  pthread_key_create(&thread_key, thread_ends);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
void ctel_install_hooks(void (*thread_exit)(void), void (*forked)(void), void (*woken)(int whole)) {
  ctel_lock();
  on_thread_exit = thread_exit;
  on_fork = forked;
  on_wake = woken;
  ctel_unlock();
  int before = errno;
  pthread_once(&installed, install);
  errno = before;
}
void ctel_mark_thread(void) { pthread_setspecific(thread_key, &thread_key); }
