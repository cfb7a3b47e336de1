/* teltel.h - telemetry for real-time engines. C99, clean in C++11. Link with -lteltel.
 *
 * Rules that hold for every function
 *  - Nothing here aborts, throws, prints, installs signal handlers or needs an `if` around it:
 *    a NULL run (telemetry could not start) makes every call a cheap no-op. errno, rounding mode and exceptions' flags, signal
 *    masks, locale and environment stay as they are; no number is computed with.
 *  - Text is UTF-8, ends with NUL, and is copied before the call returns. NULL means "". Ids, channels, names, tags and
 *    units have at most 255 bytes; text that is longer or not UTF-8 is refused with TELTEL_ERROR_ARGUMENT. Only a run's tags are
 *    no reason to record nothing: see teltel_run_options.
 *  - Structs begin with struct_size; take them from their *_default function. A field left 0 means "default".
 *  - Every function may be called from any thread, except that one writer is used by one thread at a time.
 *  - Errors are named without their TELTEL_ERROR_ or TELTEL_ prefix. "Takes the lock": may wait for another thread inside the
 *    library, for microseconds; calls that do not say so never wait. Costs are those of one 3 GHz core.
 *  - Not for signal handlers. Not across fork: in a child every emit is refused and counted; a child may start its own run. The
 *    same after _Fork and clone, but what the child does to the parent's writers is not counted, and a reservation that the
 *    parent holds open must not be filled there.
 *  - A run handle that is stale (run ended, ended twice) is recognised, never followed. Undefined are only: a pointer that
 *    points nowhere, one writer used by two threads at once, a writer after teltel_writer_close, and a ring file that
 *    another process of the same user truncates.
 *
 * Environment, read by teltel_run_start
 *  - TELTEL_DISABLED=1: no telemetry.
 *  - TELTEL_SHM_DIR: the folder of the rings.
 *  - TELTEL_ENABLE: which types are recorded, as 'aero.*,physics/wheel.*:10,debug.*:0'. Entries are separated by commas: a
 *    pattern (`*` is any text; with a slash for "channel/name", else for the name) and, after a colon, n for the events of each
 *    n-th frame (frame % n == 0), 0 for none, up to 1,000,000. The last entry that matches decides; what no entry matches is
 *    not recorded. run.start and run.end always are. If it is not understood, all is recorded and teltel_last_message tells.
 *
 * Linux only. Elsewhere, and with -DTELTEL_STUB, everything here compiles to inline no-ops and nothing has to be linked.
 */
#ifndef TELTEL_H
#define TELTEL_H

#include <stddef.h>
#include <stdint.h>

#define TELTEL_VERSION_MAJOR 0
#define TELTEL_VERSION_MINOR 1
#define TELTEL_VERSION_PATCH 0
#define TELTEL_VERSION_NUMBER 100u /* major * 10000 + minor * 100 + patch */

#if !defined(__linux__) && !defined(TELTEL_STUB)
#  define TELTEL_STUB 1
#endif
#if defined(__GNUC__)
#  define TELTEL_API __attribute__((visibility("default")))
#  define TELTEL_USE_RESULT __attribute__((warn_unused_result)) /* where a call without its result is a bug */
#else
#  define TELTEL_API
#  define TELTEL_USE_RESULT
#endif
#if defined(__cplusplus)
#  define TELTEL_NOEXCEPT noexcept
#  define TELTEL_NULL_ nullptr
#  define TELTEL_CAST_(T, value) static_cast<T>(value)
#  define TELTEL_BYTES_(address) reinterpret_cast<unsigned char *>(address)
extern "C" {
#else
#  define TELTEL_NOEXCEPT
#  define TELTEL_NULL_ NULL
#  define TELTEL_CAST_(T, value) ((T)(value))
#  define TELTEL_BYTES_(address) ((unsigned char *)(address))
#endif

/* ---- status --------------------------------------------------------------------------------------------------------- */
typedef int32_t teltel_status; /* 0 = done; > 0 = event not recorded; < 0 = call failed. Values never change. */
enum {
  TELTEL_OK = 0,
  TELTEL_REFUSED_FULL = 1,      /* ring full: collector absent or too slow */
  TELTEL_REFUSED_SIZE = 2,      /* record larger than the ring allows (teltel_max_record) */
  TELTEL_REFUSED_TYPE = 3,      /* handle empty, or of another run */
  TELTEL_REFUSED_STATE = 4,     /* no run (not counted), run ended (not counted), writer closed, reservation open */
  TELTEL_REFUSED_WRITER = 5,    /* no ring for this thread: limit of writers reached, or no space */
  TELTEL_REFUSED_FORK = 6,      /* run belongs to the parent process */
  TELTEL_SKIPPED = 7,           /* not wanted (TELTEL_ENABLE): neither accepted nor refused, and not counted */
  TELTEL_ERROR_DISABLED = -1,   /* TELTEL_DISABLED=1 in the environment, or built with TELTEL_STUB */
  TELTEL_ERROR_ARGUMENT = -2,
  TELTEL_ERROR_MISMATCH = -3,   /* same channel and name defined before with other fields */
  TELTEL_ERROR_LIMIT = -4,      /* too many types, fields, tag sets, runs */
  TELTEL_ERROR_NO_SPACE = -5,   /* shared memory full, or files limited to less (RLIMIT_FSIZE) */
  TELTEL_ERROR_PERMISSION = -6, /* folder of another user, or open to others */
  TELTEL_ERROR_SYSTEM = -7,     /* other system call failed: see teltel_last_message */
  TELTEL_ERROR_ENDED = -8,      /* run has ended, or belongs to the parent process */
  TELTEL_ERROR_VERSION = -9     /* caller's struct is newer than the library and uses what it lacks */
};

/* ---- handles -------------------------------------------------------------------------------------------------------- */
typedef struct teltel_run teltel_run;          /* NULL = no telemetry */
typedef struct teltel_writer teltel_writer;    /* one ring in shared memory; NULL = none */
typedef struct { uint64_t word; } teltel_type; /* by value; {0} = not defined; belongs to one run */
typedef struct { uint16_t id; } teltel_tags;   /* by value; {0} = no tags; belongs to one run */

/* ---- run ------------------------------------------------------------------------------------------------------------ */
/* When a ring is full: the new event is refused; or the oldest ones that no collector has taken yet are overwritten, as a
 * flight recorder does; or emit waits for the collector, at most block_ms, for offline runs that must keep all. */
enum { TELTEL_DROP_NEWEST = 0, TELTEL_OVERWRITE_OLDEST = 1, TELTEL_BLOCK = 2 };
enum { TELTEL_COMPLETED = 0, TELTEL_FAILED = 1, TELTEL_CANCELLED = 2 };
enum { TELTEL_NO_CLOCK_MARKS = 1 }; /* option flag: teltel_frame_start reads no clock; records then have no wall time */
typedef struct teltel_tag { const char *key, *value; } teltel_tag;
typedef struct teltel_run_options {
  size_t struct_size;
  const char *run_id;         /* default: generated, unique */
  const char *source_id;      /* e.g. "flight-engine"; default: program name */
  const char *engine_version;
  const char *config_json;    /* a JSON object, at most 1 MiB; stored with the run */
  const teltel_tag *tags;     /* of the whole run, to find it by; what differs from event to event: teltel_tags_define. At most
                                 1,024. The run starts without a tag that is longer than 255 bytes, not UTF-8, of an empty key
                                 or of one that came before: teltel_last_message, `run.start` and the collector's log name it. */
  size_t tag_count;
  uint64_t seed;
  uint32_t has_seed;
  uint32_t policy;            /* when a ring is full: TELTEL_DROP_NEWEST, TELTEL_OVERWRITE_OLDEST or TELTEL_BLOCK */
  uint64_t ring_bytes;        /* per writer, rounded up to a power of two, 256 KiB ... 1 GiB; default: 8 MiB or a 64th of
                                 the free shared memory. Too little space: smaller rings, down to 256 KiB, then none. When
                                 they are smaller than that, teltel_last_message tells. */
  uint32_t writers;           /* rings made at once besides the starting thread's, 0 ... 255: as many as worker threads */
  uint32_t flags;             /* TELTEL_NO_CLOCK_MARKS */
  const char *shm_dir;        /* default: $TELTEL_SHM_DIR, else /dev/shm/teltel-<uid>; must be the user's own, mode 0700 */
  uint32_t block_ms;          /* TELTEL_BLOCK: longest wait in milliseconds; default: 1000. Then the event is refused, and so is
                                 what follows, at once, until the collector makes room again. */
  uint32_t reserved0;
} teltel_run_options;

/* ---- event types: describe your own struct once --------------------------------------------------------------------- */
enum {
  TELTEL_I8 = 1, TELTEL_U8 = 2, TELTEL_I16 = 3, TELTEL_U16 = 4, TELTEL_I32 = 5, TELTEL_U32 = 6, TELTEL_I64 = 7,
  TELTEL_U64 = 8, TELTEL_F32 = 9, TELTEL_F64 = 10, TELTEL_BOOL = 11 /* 1 byte, 0 = false */,
  TELTEL_TEXT = 12 /* char[count], ends at NUL or at count */
};
enum {
  TELTEL_KEY = 1,     /* tells several instances per frame apart: wheelId, bodyId */
  TELTEL_INPUT = 2,   /* given to the engine, not computed by it: commands, recorded controls, seeds. If that is where two runs
                         differ first, the cause lies outside */
  TELTEL_MEASURED = 4 /* of the machine, not of the simulation, and another in each equal run: processor time, memory. Never
                         compared. Neither key nor input. perf.cpu_time_ms of frame.end is measured without it */
}; /* Flags of a field; an older library refuses one that it does not know: see teltel_known_flags. */
typedef struct teltel_field {
  const char *name;   /* "pos.x" becomes {"pos":{"x":..}}; "pos.x,pos.y,pos.z" names the elements of an array */
  const char *unit;   /* "m/s"; NULL = none */
  const char *labels; /* integer kinds: "air,ground,crashed" for 0, 1, 2; NULL = plain number */
  uint32_t kind, offset, count, flags; /* count: elements (0 = 1); flags: TELTEL_KEY ... */
} teltel_field;
typedef struct teltel_type_desc {
  size_t struct_size, field_size; /* sizeof(teltel_type_desc), sizeof(teltel_field) */
  const char *channel, *name;     /* "physics", "body.state" */
  const teltel_field *fields;
  size_t field_count, record_size; /* at most 1,024; sizeof(your struct) */
} teltel_type_desc;
/* TELTEL_FIELD(struct body, pos, TELTEL_F64, "pos.x,pos.y,pos.z", "m"): offset and count come from the struct. */
#define TELTEL_KIND_SIZE_(k) ((k) == TELTEL_F64 || (k) == TELTEL_I64 || (k) == TELTEL_U64 ? 8u : \
  (k) == TELTEL_F32 || (k) == TELTEL_I32 || (k) == TELTEL_U32 ? 4u : (k) == TELTEL_I16 || (k) == TELTEL_U16 ? 2u : 1u)
#define TELTEL_FIELD_WITH(T, m, k, name, unit, labels, flags) \
  { name, unit, labels, k, TELTEL_CAST_(uint32_t, offsetof(T, m)), \
    TELTEL_CAST_(uint32_t, sizeof(TELTEL_CAST_(T *, TELTEL_NULL_)->m) / TELTEL_KIND_SIZE_(k)), flags }
#define TELTEL_FIELD(T, m, k, name, unit) TELTEL_FIELD_WITH(T, m, k, name, unit, TELTEL_NULL_, 0)
#define TELTEL_FIELD_KEY(T, m, k, name) TELTEL_FIELD_WITH(T, m, k, name, TELTEL_NULL_, TELTEL_NULL_, TELTEL_KEY)
#define TELTEL_FIELD_INPUT(T, m, k, name, unit) TELTEL_FIELD_WITH(T, m, k, name, unit, TELTEL_NULL_, TELTEL_INPUT)
#define TELTEL_FIELD_MEASURED(T, m, k, name, unit) TELTEL_FIELD_WITH(T, m, k, name, unit, TELTEL_NULL_, TELTEL_MEASURED)
#define TELTEL_FIELD_ENUM(T, m, k, name, labels) TELTEL_FIELD_WITH(T, m, k, name, TELTEL_NULL_, labels, 0)

/* Well-known types: use them as they are, or describe your own. Angles rad, lengths m, forces N, pressure Pa. */
typedef struct teltel_body_state { double pos[3], vel[3], rot[4], omega[3]; } teltel_body_state; /* rot: qx, qy, qz, qw */
typedef struct teltel_aero_state { double aoa, beta, q, cl, cd, lift, drag; } teltel_aero_state;
typedef struct teltel_wheel_force { int64_t wheel_id; double force[3], slip_ratio, normal_load; } teltel_wheel_force;
typedef struct teltel_frame_end_values { double dt; int64_t substeps; double cpu_time_ms; } teltel_frame_end_values;
enum { TELTEL_BODY_STATE = 1, TELTEL_AERO_STATE = 2, TELTEL_WHEEL_FORCE = 3 };

typedef struct teltel_drops { /* by reason; "full" and "overwritten" also count a run's own run.start and run.end */
  size_t struct_size;
  uint64_t full, overwritten /* accepted once, gone before a collector took them */, size, type, state, writer, fork;
} teltel_drops;

#if !defined(TELTEL_STUB)
/** Starts a run: its folder, its files, the calling thread's ring and `writers` more; emits `run.start`.
 *  options: NULL for all defaults; sizes in bytes. *run is always set: to the run, or to NULL with the reason returned.
 *  Errors: DISABLED, ARGUMENT, LIMIT (1,024 open runs), NO_SPACE, PERMISSION, SYSTEM, VERSION; nothing is left behind.
 *  Threads: any. Cost: 1 ms and about 0.8 ms per MiB of ring, once; system calls, allocates, takes the library's lock. */
TELTEL_API teltel_status teltel_run_start(const teltel_run_options *options, teltel_run **run) TELTEL_NOEXCEPT;
/** Emits `run.end` and ends the run for all threads. status: TELTEL_COMPLETED, TELTEL_FAILED or TELTEL_CANCELLED; reason: text
 *  of which 255 bytes are kept. Afterwards the handle is stale; teltel_dropped still answers.
 *  Errors: ENDED (second call, NULL, the parent's run after a fork: nothing happens), ARGUMENT (status: the run goes on).
 *  Threads: any, also while others emit: a record that is being emitted at this very moment may be lost, or be stored although it
 *  was refused, so stop them first.
 *  Cost: up to 1 ms; system calls, takes the lock. */
TELTEL_API teltel_status teltel_run_end(teltel_run *run, int32_t status, const char *reason) TELTEL_NOEXCEPT;
/** Copies the run's id into out, cut to size - 1 bytes and ended with NUL. Returns its whole length in bytes, as snprintf does.
 *  Errors: 0 and "" when there is no run. Threads: any. Cost: under 1 us; takes the lock. */
TELTEL_API size_t teltel_run_id(teltel_run *run, char *out, size_t size) TELTEL_NOEXCEPT;
/** The random number that names the run's folder (as 16 hex digits): unlike a run id, no two runs share it.
 *  Errors: 0 when there is no run. Threads: any. Cost: under 1 us; takes the lock. */
TELTEL_API uint64_t teltel_instance(teltel_run *run) TELTEL_NOEXCEPT TELTEL_USE_RESULT;

/** Defines an event type, or finds it: same channel, name and fields give the same handle. *type is always set; {0} on
 *  failure. Offsets and sizes in bytes.
 *  Errors: ARGUMENT (also: a field's name given twice, an unknown flag), MISMATCH (defined before with other fields or flags),
 *  LIMIT (16,384 types, 1,024 fields, 1 MiB a record), NO_SPACE, ENDED; REFUSED_STATE without a run. teltel_last_message says
 *  which field is wrong.
 *  Threads: any, any time. Cost: some us; allocates, takes the lock. */
TELTEL_API teltel_status teltel_define_desc(teltel_run *run, const teltel_type_desc *desc, teltel_type *type) TELTEL_NOEXCEPT;
/** The same for a well-known type: TELTEL_BODY_STATE, TELTEL_AERO_STATE or TELTEL_WHEEL_FORCE (units: see their structs).
 *  Errors, threads, cost: as teltel_define_desc; ARGUMENT for another number. */
TELTEL_API teltel_status teltel_define_known(teltel_run *run, const char *channel, uint32_t which,
                                             teltel_type *type) TELTEL_NOEXCEPT;

/** The handles of all types that were defined so far, in that order; at most `capacity` of them are written. Returns how many
 *  there are. Types of JSON text have no definition, and are not among them.
 *  Errors: 0 without a run. Threads: any. Cost: about 50 ns a type; takes the lock. */
TELTEL_API size_t teltel_types(teltel_run *run, teltel_type *types, size_t capacity) TELTEL_NOEXCEPT;
/** The definition of a type, asked back: fills memory of `size` bytes, aligned as malloc's, which then begins with a
 *  teltel_type_desc whose pointers lead into the same memory. Returns how many bytes it takes, and writes nothing if there are
 *  fewer; so ask with 0 first. The description may be given to teltel_define_desc, also of another run.
 *  Errors: 0 without a run, or for a type of another run. Threads: any. Cost: some us; allocates, takes the lock. */
TELTEL_API size_t teltel_describe(teltel_run *run, teltel_type type, void *memory, size_t size) TELTEL_NOEXCEPT;

/** Records one event. `record` is read for the type's record_size, with any alignment; frame (a number) and sim_time (seconds)
 *  are kept bit for bit. In SQL, the view telemetry_events shows frames up to 2^32 - 1, telemetry_events_64 all of them.
 *  Errors: REFUSED_FULL, _SIZE, _TYPE, _WRITER, _FORK, each counted by type and reason; REFUSED_STATE (no run, or ended);
 *  SKIPPED (the type is not wanted).
 *  Threads: any; each has a ring of its own, which its first emit attaches (see teltel_thread_attach).
 *  Cost: one copy, about 50 instructions besides; no lock, no allocation, no system call, no clock. Refused: no more. A full
 *  ring: TELTEL_OVERWRITE_OLDEST adds some 10 ns for each record overwritten, TELTEL_BLOCK sleeps (asking the clock). */
TELTEL_API teltel_status teltel_emit(teltel_run *run, teltel_type type, uint64_t frame, double sim_time,
                                     const void *record) TELTEL_NOEXCEPT;
/** For the odd event whose shape is not known: `length` bytes of JSON text, which the collector checks. The type is made on
 *  first use. sim_time in seconds.
 *  Errors: as teltel_emit; ARGUMENT (no text, bad name), MISMATCH (the name has fields).
 *  Threads: any. Cost: about 1 us; takes the lock. */
TELTEL_API teltel_status teltel_emit_json(teltel_run *run, const char *channel, const char *name, uint64_t frame,
                                          double sim_time, const char *text, size_t length) TELTEL_NOEXCEPT;
/** Emits `frame.start` {dt} on channel "frame"; sim_time and dt in seconds. It reads the clock: so the collector knows the
 *  wall time of all records of this thread up to the next mark (not with the option TELTEL_NO_CLOCK_MARKS).
 *  Errors, threads: as teltel_emit. Cost: an emit and about 40 ns. */
TELTEL_API teltel_status teltel_frame_start(teltel_run *run, uint64_t frame, double sim_time, double dt) TELTEL_NOEXCEPT;
/** Emits `frame.end` {dt, substeps, perf.cpu_time_ms} on channel "frame"; dt in seconds, cpu_time_ms in milliseconds.
 *  Errors: as teltel_emit; ARGUMENT without values; this and frame.start: MISMATCH if the engine has defined the name itself,
 *  which is teltel's, with other fields. Threads: any. Cost: an emit. */
TELTEL_API teltel_status teltel_frame_end(teltel_run *run, uint64_t frame, double sim_time,
                                          const teltel_frame_end_values *values) TELTEL_NOEXCEPT;
/** Defines a set of tags, or finds it; then it rides along for nothing: teltel_emit(run, teltel_with_tags(type, tags), ...).
 *  *out is always set; {0} on failure. Errors: ARGUMENT (none, more than 1,024 pairs, a key empty or twice),
 *  LIMIT (65,535 sets), NO_SPACE, ENDED; REFUSED_STATE without a run. Threads: any. Cost: some us; allocates, takes the lock. */
TELTEL_API teltel_status teltel_tags_define(teltel_run *run, const teltel_tag *tags, size_t count,
                                            teltel_tags *out) TELTEL_NOEXCEPT;

/** Optional: makes this thread's ring now, so that its first emit does not pay for it. A thread gives its ring back at its end
 *  or by detach; the next thread takes it.
 *  Errors: ENDED, REFUSED_WRITER (256 rings, or no space), REFUSED_STATE without a run.
 *  Threads: for the calling one. Cost: about 0.8 ms per MiB of ring; 1 us when a free ring is there. Takes the lock. */
TELTEL_API teltel_status teltel_thread_attach(teltel_run *run) TELTEL_NOEXCEPT;
/** Gives this thread's ring of the run back; a later emit attaches again. No run, not attached: nothing happens.
 *  Errors: none. Threads: for the calling one. Cost: under 1 us; takes the lock. */
TELTEL_API void teltel_thread_detach(teltel_run *run) TELTEL_NOEXCEPT;
/** A ring of one's own, for job systems and fibres. name: at most 63 bytes, shown with the ring; NULL = unnamed. A closed
 *  writer's ring goes to the next one of that name.
 *  Errors: NULL (no run, ended, 256 rings, no space, bad name), which all calls take. Threads: any; the writer is then used by
 *  one at a time, whichever it is. Cost: as teltel_thread_attach. */
TELTEL_API teltel_writer *teltel_writer_open(teltel_run *run, const char *name) TELTEL_NOEXCEPT TELTEL_USE_RESULT;
/** Gives the ring back; an open reservation is cancelled. The writer must not be used again. May come after the run's end.
 *  Errors: none. Threads: the one that uses the writer. Cost: under 1 us; takes the lock. */
TELTEL_API void teltel_writer_close(teltel_writer *writer) TELTEL_NOEXCEPT;
/** As teltel_emit, into this writer's ring. sim_time in seconds.
 *  Errors: as teltel_emit; REFUSED_STATE also without a writer, or with a reservation open (counted).
 *  Threads: the one that uses the writer. Cost: 2 instructions less than teltel_emit. */
TELTEL_API teltel_status teltel_writer_emit(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time,
                                            const void *record) TELTEL_NOEXCEPT;
/** Room for one record in the ring, to be filled in place: 8-byte aligned, record_size bytes, undefined at first. Until commit
 *  or cancel nothing is visible and other emits of this writer are refused. sim_time in seconds.
 *  Errors: NULL (refused and counted, or not wanted: skip the work). Threads: the one that uses the writer.
 *  Cost: with commit about 70 instructions; no copy. */
TELTEL_API void *teltel_reserve(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time) TELTEL_NOEXCEPT
    TELTEL_USE_RESULT;
/** Publishes the reserved record. Errors: REFUSED_STATE (no writer, nothing reserved, the run has ended: not published).
 *  Threads: the one that uses the writer. Cost: see teltel_reserve. */
TELTEL_API teltel_status teltel_commit(teltel_writer *writer) TELTEL_NOEXCEPT;
/** Takes the reservation back; nothing reserved: nothing happens.
 *  Errors: none. Threads: the one that uses the writer. Cost: a few instructions. */
TELTEL_API void teltel_cancel(teltel_writer *writer) TELTEL_NOEXCEPT;

/** Events refused, or overwritten, so far by all writers, as a total; by reason in details, which may be NULL. type {0}: all
 *  types; types beyond the first 1,024 are counted together. After the run's end: the last counts, of the 16 runs of this process
 *  that ended last. Errors: 0 without a run or for a type of another run.
 *  Threads: any, also while others emit. Cost: for all types some us a ring, for one under 1 us; takes the lock. */
TELTEL_API uint64_t teltel_dropped(teltel_run *run, teltel_type type, teltel_drops *details) TELTEL_NOEXCEPT;
/** The largest record_size that fits into this run's rings, in bytes: a quarter of a ring, at most 1 MiB, less 24.
 *  Errors: 0 without a run. Threads: any. Cost: under 1 us; takes the lock. */
TELTEL_API size_t teltel_max_record(teltel_run *run) TELTEL_NOEXCEPT TELTEL_USE_RESULT;

/** What a status means: static text, never NULL. Errors: none. Threads: any. Cost: a few instructions. */
TELTEL_API const char *teltel_strerror(teltel_status status) TELTEL_NOEXCEPT TELTEL_USE_RESULT;
/** One line on the newest failure in this process ("/dev/shm/x: No space left"), or on what a run starts without; cut to size - 1
 *  bytes and ended with NUL. Returns its whole length in bytes, as snprintf does. Errors: 0 when nothing has failed.
 *  Threads: any; the line may be another thread's. Cost: under 1 us; takes a lock. */
TELTEL_API size_t teltel_last_message(char *out, size_t size) TELTEL_NOEXCEPT;
/** Version of the library that runs, as TELTEL_VERSION_NUMBER is that of this header.
 *  Errors: none. Threads: any. Cost: a few instructions. */
TELTEL_API uint32_t teltel_version(void) TELTEL_NOEXCEPT TELTEL_USE_RESULT;
/** 1 if the library that runs has a feature: "tags", "json", "key", "labels", "marks", "overwrite", "block", "enable",
 *  "schema", "input", "measured".
 *  Errors: 0 for anything else, also NULL.
 *  Threads: any. Cost: under 100 ns. */
TELTEL_API int teltel_has(const char *feature) TELTEL_NOEXCEPT TELTEL_USE_RESULT;

#else /* TELTEL_STUB: no telemetry, no library */
static inline teltel_status teltel_run_start(const teltel_run_options *options, teltel_run **run) {
  (void)options;
  if (run) *run = TELTEL_NULL_;
  return TELTEL_ERROR_DISABLED;
}
static inline teltel_status teltel_run_end(teltel_run *run, int32_t status, const char *reason) {
  (void)run; (void)status; (void)reason;
  return TELTEL_ERROR_ENDED;
}
static inline size_t teltel_run_id(teltel_run *run, char *out, size_t size) {
  (void)run;
  if (out && size) *out = 0;
  return 0;
}
static inline uint64_t teltel_instance(teltel_run *run) { (void)run; return 0; }
static inline teltel_status teltel_define_desc(teltel_run *run, const teltel_type_desc *desc, teltel_type *type) {
  (void)run; (void)desc;
  if (type) type->word = 0;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_define_known(teltel_run *run, const char *channel, uint32_t which, teltel_type *type) {
  (void)run; (void)channel; (void)which;
  if (type) type->word = 0;
  return TELTEL_REFUSED_STATE;
}
static inline size_t teltel_types(teltel_run *run, teltel_type *types, size_t capacity) {
  (void)run; (void)types; (void)capacity;
  return 0;
}
static inline size_t teltel_describe(teltel_run *run, teltel_type type, void *memory, size_t size) {
  (void)run; (void)type; (void)memory; (void)size;
  return 0;
}
static inline teltel_status teltel_emit(teltel_run *run, teltel_type type, uint64_t frame, double sim_time,
                                        const void *record) {
  (void)run; (void)type; (void)frame; (void)sim_time; (void)record;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_emit_json(teltel_run *run, const char *channel, const char *name, uint64_t frame,
                                             double sim_time, const char *text, size_t length) {
  (void)run; (void)channel; (void)name; (void)frame; (void)sim_time; (void)text; (void)length;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_frame_start(teltel_run *run, uint64_t frame, double sim_time, double dt) {
  (void)run; (void)frame; (void)sim_time; (void)dt;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_frame_end(teltel_run *run, uint64_t frame, double sim_time,
                                             const teltel_frame_end_values *values) {
  (void)run; (void)frame; (void)sim_time; (void)values;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_tags_define(teltel_run *run, const teltel_tag *tags, size_t count, teltel_tags *out) {
  (void)run; (void)tags; (void)count;
  if (out) out->id = 0;
  return TELTEL_REFUSED_STATE;
}
static inline teltel_status teltel_thread_attach(teltel_run *run) { (void)run; return TELTEL_REFUSED_STATE; }
static inline void teltel_thread_detach(teltel_run *run) { (void)run; }
static inline teltel_writer *teltel_writer_open(teltel_run *run, const char *name) { (void)run; (void)name; return TELTEL_NULL_; }
static inline void teltel_writer_close(teltel_writer *writer) { (void)writer; }
static inline teltel_status teltel_writer_emit(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time,
                                               const void *record) {
  (void)writer; (void)type; (void)frame; (void)sim_time; (void)record;
  return TELTEL_REFUSED_STATE;
}
static inline void *teltel_reserve(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time) {
  (void)writer; (void)type; (void)frame; (void)sim_time;
  return TELTEL_NULL_;
}
static inline teltel_status teltel_commit(teltel_writer *writer) { (void)writer; return TELTEL_REFUSED_STATE; }
static inline void teltel_cancel(teltel_writer *writer) { (void)writer; }
static inline uint64_t teltel_dropped(teltel_run *run, teltel_type type, teltel_drops *details) {
  (void)run; (void)type; (void)details;
  return 0;
}
static inline size_t teltel_max_record(teltel_run *run) { (void)run; return 0; }
static inline const char *teltel_strerror(teltel_status status) { (void)status; return "built without telemetry"; }
static inline size_t teltel_last_message(char *out, size_t size) {
  if (out && size) *out = 0;
  return 0;
}
static inline uint32_t teltel_version(void) { return TELTEL_VERSION_NUMBER; }
static inline int teltel_has(const char *feature) { (void)feature; return 0; }
#endif

/* ---- inline helpers ------------------------------------------------------------------------------------------------- */
/** Options that are all default. Errors: none. Threads: any. Cost: clears the struct. */
static inline teltel_run_options teltel_run_options_default(void) {
  teltel_run_options options;
  unsigned char *bytes = TELTEL_BYTES_(&options);
  for (size_t i = 0; i < sizeof options; i++) bytes[i] = 0;
  options.struct_size = sizeof options;
  return options;
}
/** For teltel_dropped. Errors: none. Threads: any. Cost: clears the struct. */
static inline teltel_drops teltel_drops_default(void) {
  teltel_drops drops;
  unsigned char *bytes = TELTEL_BYTES_(&drops);
  for (size_t i = 0; i < sizeof drops; i++) bytes[i] = 0;
  drops.struct_size = sizeof drops;
  return drops;
}
/** teltel_define_desc with the description as arguments; sizes in bytes. Errors, threads, cost: as there. */
static inline teltel_status teltel_define(teltel_run *run, const char *channel, const char *name, const teltel_field *fields,
                                          size_t field_count, size_t record_size, teltel_type *type) {
  teltel_type_desc desc;
  desc.struct_size = sizeof desc; desc.field_size = sizeof *fields;
  desc.channel = channel; desc.name = name;
  desc.fields = fields; desc.field_count = field_count;
  desc.record_size = record_size;
  return teltel_define_desc(run, &desc, type);
}
/** A field's flags without those that the library that runs is too old for. For a program that may meet a library older than its
 *  header: fields[i].flags = teltel_known_flags(fields[i].flags) before the type is defined. Other unknown flags stay, and are
 *  refused. Errors: none. Threads: any. Cost: under 200 ns. */
static inline uint32_t teltel_known_flags(uint32_t flags) {
  if (!teltel_has("input")) flags &= ~TELTEL_CAST_(uint32_t, TELTEL_INPUT);
  if (!teltel_has("measured")) flags &= ~TELTEL_CAST_(uint32_t, TELTEL_MEASURED);
  return flags;
}
/** The handle of the type with these tags on each event; both of the same run.
 *  Errors: none. Threads: any. Cost: 3 instructions. */
static inline teltel_type teltel_with_tags(teltel_type type, teltel_tags tags) {
  type.word = (type.word & 0x0000FFFFFFFFFFFFu) | (TELTEL_CAST_(uint64_t, tags.id) << 48);
  return type;
}

#ifdef __cplusplus
}
#endif
#endif
