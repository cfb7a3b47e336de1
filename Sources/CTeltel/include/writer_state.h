/* writer_state.h - the producer's private memory: what a run and a writer know without trusting the shared files.
 * Written in C so that Swift reads fields at fixed places without checks, and so that one cache line holds an emit.
 * Names here begin with ctel_ (CTeltel); none of them leaves the library.
 *
 * LIFETIME. Both structs come from pools and are never given back to malloc: a stale pointer meets a closed writer, not
 * foreign memory. LOCK. Everything but the first line of a writer and the atomics is guarded by ctel_lock. */
#ifndef TELTEL_WRITER_STATE_H
#define TELTEL_WRITER_STATE_H

#include "ring_abi.h"
#include "ring_atomics.h"

/* A cursor beyond every limit: sends each emit to the slow path. Only the writer's own thread moves the cursor, so parking
 * it never races with a run that ends, as writing the limit would. */
static inline uintptr_t ctel_parked(void) { return (uintptr_t)1 << 62; } /* no macro: Swift would read the cast as 0 */

typedef struct ctel_writer {
  /* line 0: all that an emit touches besides the ring itself */
  uintptr_t cursor;  /* address of the next record. An integer: pointers are optionals to Swift, tested twice */
  uintptr_t limit;   /* may be filled up to here without asking; 0 sends every emit to the slow path */
  uint64_t bias;     /* head = cursor + bias */
  uint64_t *head;    /* in the ring file */
  uint64_t salt;     /* run's mark in bits 24 ... 31 of a type handle: xor gives the record's first word */
  uint64_t run;      /* handle's value of the run it serves; 0 = none; ctel_no_writer has 1, equal to no handle */
  uintptr_t newest;  /* address of the newest record, 0 = none: run.end takes its frame and time from there */
  uint64_t reserved; /* bytes of the open reservation, 0 = none */
  /* seldom used */
  uintptr_t saved_cursor; /* the cursor while a reservation is open; cursor itself is then parked */
  teltel_ring_header *ring;
  uint8_t *data;
  teltel_counter_row *counters;
  uint64_t data_bytes, map_bytes;
  uintptr_t full_left;    /* ring full: with this many bytes from cursor to limit, ... */
  uint64_t full_released; /* ... and this much released, there was no room for records of full_least bytes and more; ... */
  uint64_t full_least, full_span; /* ... full_span sizes of such records there are. 0: not known to be full */
  teltel_refused_stretch *refused; /* the newest stretch of refused events, in the ring file; NULL: there was none */
  uint64_t refused_head;           /* where the ring's head stood then: elsewhere, a new stretch begins */
  struct ctel_run *owner;
  struct ctel_writer *next_in_thread, *next_in_run, *next_free;
  uint32_t closed;   /* the run ends: set once by the ending thread, read by the writer's own */
  uint32_t in_use;   /* a thread or an explicit handle has it */
  uint32_t index;    /* n of ring-n */
  uint32_t policy;   /* TELTEL_POLICY_* */
  uint64_t low;      /* overwrite oldest: the ring's low, out of reach of others */
  uint64_t block_ns; /* block: how long an emit waits for room */
} ctel_writer;

enum { CTEL_RUN_UNUSED = 0, CTEL_RUN_OPEN = 1, CTEL_RUN_ENDED = 2, CTEL_RUN_FORKED = 3 /* of the parent process */ };

/* Open addressing from the hash of an entry's kind and key bytes to its place in the table, in units of 8 bytes, plus 1. */
typedef struct ctel_index_slot { uint32_t hash, place; } ctel_index_slot;

typedef struct ctel_run {
  uint64_t handle, salt, instance;
  teltel_run_header *file; /* moves when the table grows */
  uint64_t file_bytes, table_limit; /* table_limit: how far the table may grow */
  uint64_t table_head; /* the file's own is only written: others may scribble over it */
  uint64_t ring_bytes;
  uint64_t frame_start_word, frame_end_word; /* type handles, 0 until first used; atomic */
  ctel_writer *writers, *free_writers;
  ctel_index_slot *index;
  uint32_t index_slots, index_used;
  uint32_t flags, writer_count;
  uint32_t types;      /* ids given out; read without the lock by refusals, a stale value only chooses row 0 */
  uint32_t counted;    /* types up to TELTEL_COUNTED_TYPES, whose rows bear their ids; read like types */
  uint32_t tag_sets, streams;
  uint32_t state;      /* CTEL_RUN_* */
  uint32_t references; /* writers that outlive the end of the run, because a thread may still hold them */
  uint32_t out_of_space; /* a ring could not be made: emits do not try again, attach and open do */
  int folder_descriptor, run_descriptor; /* the latter holds the lock: closing any descriptor of that file drops it */
  uint32_t kind, policy;
  uint64_t block_ns;   /* policy block */
  char *selection;     /* rules of TELTEL_ENABLE; NULL: all types are recorded in full */
  uint32_t *every;     /* by type id: see Selection.swift; NULL while all are 1. Never freed: emits read it without the lock */
} ctel_run;

static inline uintptr_t ctel_limit(const ctel_writer *w) { return __atomic_load_n(&w->limit, __ATOMIC_RELAXED); }
static inline void ctel_set_limit(ctel_writer *w, uintptr_t limit) { __atomic_store_n(&w->limit, limit, __ATOMIC_RELAXED); }
static inline uint32_t ctel_is_closed(const ctel_writer *w) { return __atomic_load_n(&w->closed, __ATOMIC_RELAXED); }
static inline void ctel_close_writer(ctel_writer *w) {
  __atomic_store_n(&w->closed, 1, __ATOMIC_RELAXED);
  ctel_set_limit(w, 0);
}
static inline void ctel_note_newest(ctel_writer *w, uintptr_t place) { __atomic_store_n(&w->newest, place, __ATOMIC_RELAXED); }
static inline uintptr_t ctel_newest(const ctel_writer *w) { return __atomic_load_n(&w->newest, __ATOMIC_RELAXED); }
static inline uint64_t *ctel_head_of(teltel_ring_header *ring) { return &ring->head; }
/* Where the n-th stretch of refused events of a ring lies. */
static inline teltel_refused_stretch *ctel_refused_stretch(teltel_ring_header *ring, uint64_t n) {
  return &ring->refused[n % TELTEL_REFUSED_STRETCHES];
}
static inline uint64_t *ctel_counter(teltel_counter_row *rows, uint32_t row, uint32_t reason) { return &rows[row].count[reason]; }
static inline char *ctel_ring_name(teltel_ring_header *ring) { return ring->name; }
static inline char *ctel_run_id(teltel_run_header *run) { return run->run_id; }
static inline char *ctel_source_id(teltel_run_header *run) { return run->source_id; }
static inline char *ctel_engine_version(teltel_run_header *run) { return run->engine_version; }
static inline char *ctel_end_reason(teltel_run_header *run) { return run->end_reason; }
static inline uint8_t *ctel_boot_id_of(teltel_run_header *run) { return run->boot_id; }

/* This thread's writer of the run it used last, and the list of all its writers. Initial-exec: two instructions, and the
 * 16 bytes fit into what glibc keeps for libraries loaded late. Swift reads the first directly. */
#define CTEL_THREAD_LOCAL __attribute__((tls_model("initial-exec"), visibility("hidden")))
extern _Thread_local ctel_writer *ctel_thread_writer CTEL_THREAD_LOCAL;
extern _Thread_local ctel_writer *ctel_thread_list CTEL_THREAD_LOCAL;
extern ctel_writer ctel_no_writer; /* stands for "none yet", so that an emit needs no test for it */
static inline ctel_writer *ctel_thread_writer_get(void) { return ctel_thread_writer; }
static inline void ctel_thread_writer_set(ctel_writer *w) { ctel_thread_writer = w; }
static inline ctel_writer *ctel_thread_list_get(void) { return ctel_thread_list; }
static inline void ctel_thread_list_set(ctel_writer *w) { ctel_thread_list = w; }
static inline ctel_writer *ctel_no_writer_get(void) { return &ctel_no_writer; }

/* Pools. Call with the lock held. A fresh struct is zero. */
enum { CTEL_MAX_RUNS = 1024 };
ctel_run *ctel_run_slot(uint32_t slot);      /* made when first asked for; NULL: no memory */
ctel_run *ctel_run_slot_if_made(uint32_t slot);
ctel_writer *ctel_writer_take(void);         /* NULL: no memory */
void ctel_writer_return(ctel_writer *w);
void ctel_keep_writers_on_fork(int keep);    /* else a new process finds them zero */
void ctel_writers_wiped(void);               /* here they are zero: none is free */
uint64_t ctel_next_generation(void);

/* What the runs that ended last have refused. */
enum { CTEL_ENDED_RUNS = 16 };
typedef struct ctel_ended {
  uint64_t handle, salt;
  uint32_t types;
  teltel_counter_row *rows; /* of all rings together; NULL: nothing was refused */
} ctel_ended;
ctel_ended *ctel_next_ended(void);               /* the oldest one's place, empty */
ctel_ended *ctel_find_ended(uint64_t handle);    /* NULL: there is none of that handle */

#endif
