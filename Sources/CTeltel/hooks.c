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

/* Whatever happens between the two leaves the engine's errno as it was. */
static int engine_errno;
void ctel_lock(void) {
  int now = errno;
  pthread_mutex_lock(&lock);
  engine_errno = now;
}
void ctel_unlock(void) {
  int before = engine_errno;
  pthread_mutex_unlock(&lock);
  errno = before;
}

/* Both locks are held across fork, so that the child finds every structure whole. */
static void before_fork(void) {
  pthread_mutex_lock(&lock); /* fork has an errno of its own */
  ctel_message_lock();
}
static void after_fork_in_parent(void) {
  ctel_message_unlock();
  pthread_mutex_unlock(&lock);
}
static void after_fork_in_child(void) {
  ctel_message_unlock();
  on_fork();
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
  pthread_key_create(&thread_key, thread_ends);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
void ctel_install_hooks(void (*thread_exit)(void), void (*forked)(void)) {
  ctel_lock();
  on_thread_exit = thread_exit;
  on_fork = forked;
  ctel_unlock();
  int before = errno;
  pthread_once(&installed, install);
  errno = before;
}
void ctel_mark_thread(void) { pthread_setspecific(thread_key, &thread_key); }
