#define _GNU_SOURCE
#include "CTeltelRings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int teltel_watch_folder(const char *path) {
    int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) return -errno;
    if (inotify_add_watch(descriptor, path, IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int teltel_wait_watch(int descriptor, int milliseconds) {
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    int ready = poll(&wait, 1, milliseconds);
    if (ready < 0) return errno == EINTR ? 0 : -errno;
    if (ready == 0) return 0;
    char news[4096];
    while (read(descriptor, news, sizeof news) > 0) {}
    return 1;
}

int teltel_is_locked_elsewhere(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(descriptor, F_GETLK, &lock) != 0) return -errno;
    return lock.l_type != F_UNLCK;
}

/* An open-file-description lock would not name its holder: the classic lock does, and the descriptor is never closed. */
int teltel_lock_folder(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(descriptor, F_SETLK, &lock) == 0) return 0;
    if (fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0) return -lock.l_pid;
    return -1;
}

int teltel_watch_process(int process) {
    int descriptor = (int)syscall(SYS_pidfd_open, process, 0); /* close-on-exec by itself */
    return descriptor < 0 ? -errno : descriptor;
}

int teltel_process_has_ended(int descriptor) {
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    int ready = poll(&wait, 1, 0);
    return ready < 0 ? -errno : ready;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
uint64_t teltel_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t teltel_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }
void teltel_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
