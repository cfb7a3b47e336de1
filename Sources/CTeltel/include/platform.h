/* platform.h - what libteltel asks of Linux. All functions answer 0 or an errno value unless they say otherwise. */
#ifndef TELTEL_PLATFORM_H
#define TELTEL_PLATFORM_H

#include <string.h>

#include "ring_abi.h"
#include "teltel.h"

/* ---- process-wide lock and hooks (hooks.c) ---- */
void ctel_lock(void);
void ctel_unlock(void);
/* Once per process: `thread_exit` runs when a marked thread ends; `forked` in the child of fork, before anything else does;
 * `woken` in a child of _Fork or clone, when it first takes the lock: there all writers are zero. Not `whole`: another thread
 * held the lock, what it guards may be half changed. */
void ctel_install_hooks(void (*thread_exit)(void), void (*forked)(void), void (*woken)(int whole));
void ctel_mark_thread(void);

/* ---- files (files.c) ---- */
/* Opens the folder `path`, making its last part if missing; the user's own, mode 0700. *problem says what was wrong. */
int ctel_open_private_folder(const char *path, int *descriptor, const char **problem);
int ctel_make_folder(int parent, const char *name, int *descriptor);
void ctel_remove_folder(int parent, const char *name);
/* A new file of `bytes` bytes, allocated in full and mapped shared. Its descriptor is handed out, or closed if NULL is given. */
int ctel_make_file(int folder, const char *name, uint64_t bytes, int populate, void **map, int *descriptor);
int ctel_grow_file(int descriptor, uint64_t old_bytes, uint64_t new_bytes, void **map); /* the mapping may move */
/* prefix + value, decimal or as 16 hex digits */
void ctel_name(char *out, size_t size, const char *prefix, uint64_t value, int hex);
int ctel_rename(int folder, const char *from, const char *to);
void ctel_remove(int folder, const char *name);
void ctel_close(int descriptor);
int ctel_lock_file(int descriptor); /* write lock on byte 0, held until any descriptor of the file is closed */
uint64_t ctel_free_bytes(int folder);
void ctel_unmap(void *map, uint64_t bytes);
/* Private zero pages in place of a mapping, at once: a store that is under way harms nobody. */
void ctel_detach_mapping(void *map, uint64_t bytes);

/* ---- who and when (process.c) ---- */
uint64_t ctel_pid_start(void);
uint64_t ctel_pid_namespace(void);
void ctel_boot_id(uint8_t out[16]);
uint32_t ctel_pid(void);
uint32_t ctel_tid(void);
uint32_t ctel_uid(void);
uint64_t ctel_wall_ns(void);
uint64_t ctel_monotonic_ns(void);
void ctel_pause(uint64_t ns); /* leaves errno alone and is no cancellation point; a signal may end it early */
uint64_t ctel_random(void); /* never 0 */
const char *ctel_environment(const char *name); /* NULL if unset or empty */
const char *ctel_program_name(void);

/* ---- memory and texts (process.c, messages.c) ---- */
void *ctel_wiped_on_fork(uint64_t bytes); /* a mapping that a new process finds zero; NULL: no memory */
void *ctel_zeroed(uint64_t bytes); /* aligned to 64; NULL: no memory */
void ctel_free(void *memory);
void ctel_message(const char *what, const char *subject, int error); /* subject and error may be missing */
size_t ctel_message_copy(char *out, size_t size);
void ctel_message_lock(void);
void ctel_message_unlock(void);
void ctel_message_lock_renew(void);

/* ---- tables (known_types.c) ---- */
const teltel_type_desc *ctel_known_type(uint32_t which, const char *channel, teltel_type_desc *out); /* NULL: unknown */
void ctel_frame_start_fields(teltel_type_desc *out);
void ctel_frame_end_fields(teltel_type_desc *out);
typedef struct ctel_frame_mark { uint64_t monotonic_ns; double dt; } ctel_frame_mark;

#endif
