/* teltel.h - telemetry for real-time engines. C99, clean in C++11. Link with -lteltel.
 *
 * Rules that hold for every function
 *  - Nothing here aborts, throws, prints, installs signal handlers or needs an `if` around it:
 *    a NULL run (telemetry could not start) makes every call a cheap no-op.
 *  - Text is UTF-8, ends with NUL, and is copied before the call returns. NULL means "". Ids, channels, names, tags and
 *    units have at most 255 bytes; text that is longer or not UTF-8 is refused with TELTEL_ERROR_ARGUMENT.
 *  - Structs begin with struct_size; take them from their *_default function. A field left 0 means "default".
 *  - Every function may be called from any thread, except that one writer is used by one thread at a time.
 *  - Not for signal handlers. Not across fork: in a child every emit is refused and counted; a child may start its own run.
 *  - A run handle that is stale (run ended, ended twice) is recognised, never followed. Undefined are only: a pointer that
 *    points nowhere, one writer used by two threads at once, a writer after teltel_writer_close, and a ring file that
 *    another process of the same user truncates.
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
#else
#  define TELTEL_API
#endif
#if defined(__cplusplus)
#  define TELTEL_NOEXCEPT noexcept
extern "C" {
#else
#  define TELTEL_NOEXCEPT
#endif

/* ---- status --------------------------------------------------------------------------------------------------------- */
typedef int32_t teltel_status; /* 0 = done; > 0 = event refused and counted; < 0 = call failed. Values never change. */
enum {
  TELTEL_OK = 0,
  TELTEL_REFUSED_FULL = 1,      /* ring full: collector absent or too slow */
  TELTEL_REFUSED_SIZE = 2,      /* record larger than the ring allows (teltel_max_record) */
  TELTEL_REFUSED_TYPE = 3,      /* handle empty, or of another run */
  TELTEL_REFUSED_STATE = 4,     /* no run (not counted), run ended (not counted), writer closed, reservation open */
  TELTEL_REFUSED_WRITER = 5,    /* no ring for this thread: limit of writers reached, or no space */
  TELTEL_REFUSED_FORK = 6,      /* run belongs to the parent process */
  TELTEL_ERROR_DISABLED = -1,   /* TELTEL_DISABLED=1 in the environment, or built with TELTEL_STUB */
  TELTEL_ERROR_ARGUMENT = -2,
  TELTEL_ERROR_MISMATCH = -3,   /* same channel and name defined before with other fields */
  TELTEL_ERROR_LIMIT = -4,      /* too many types, fields, tag sets, runs */
  TELTEL_ERROR_NO_SPACE = -5,   /* shared memory full */
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
enum { TELTEL_DROP_NEWEST = 0, TELTEL_OVERWRITE_OLDEST = 1, TELTEL_BLOCK = 2 }; /* this version has only the first */
enum { TELTEL_COMPLETED = 0, TELTEL_FAILED = 1, TELTEL_CANCELLED = 2 };
enum { TELTEL_NO_CLOCK_MARKS = 1 }; /* option flag: teltel_frame_start reads no clock; records then have no wall time */
typedef struct teltel_tag { const char *key, *value; } teltel_tag;
typedef struct teltel_run_options {
  size_t struct_size;
  const char *run_id;         /* default: generated, unique */
  const char *source_id;      /* e.g. "flight-engine"; default: program name */
  const char *engine_version;
  const char *config_json;    /* a JSON object, at most 1 MiB; stored with the run */
  const teltel_tag *tags;     /* of the whole run */
  size_t tag_count;
  uint64_t seed;
  uint32_t has_seed;
  uint32_t policy;            /* when a ring is full: TELTEL_DROP_NEWEST */
  uint64_t ring_bytes;        /* per writer, rounded up to a power of two, 256 KiB ... 1 GiB; default: 8 MiB or a 64th of
                                 the free shared memory. Too little space: smaller rings, down to 256 KiB, then none. */
  uint32_t writers;           /* rings made at once besides the starting thread's, 0 ... 255: as many as worker threads */
  uint32_t flags;             /* TELTEL_NO_CLOCK_MARKS */
  const char *shm_dir;        /* default: $TELTEL_SHM_DIR, else /dev/shm/teltel-<uid>; must be the user's own, mode 0700 */
} teltel_run_options;

/* ---- event types: describe your own struct once --------------------------------------------------------------------- */
enum {
  TELTEL_I8 = 1, TELTEL_U8 = 2, TELTEL_I16 = 3, TELTEL_U16 = 4, TELTEL_I32 = 5, TELTEL_U32 = 6, TELTEL_I64 = 7,
  TELTEL_U64 = 8, TELTEL_F32 = 9, TELTEL_F64 = 10, TELTEL_BOOL = 11 /* 1 byte, 0 = false */,
  TELTEL_TEXT = 12 /* char[count], ends at NUL or at count */
};
enum { TELTEL_KEY = 1 /* tells several instances per frame apart: wheelId, bodyId */ };
typedef struct teltel_field {
  const char *name;   /* "pos.x" becomes {"pos":{"x":..}}; "pos.x,pos.y,pos.z" names the elements of an array */
  const char *unit;   /* "m/s"; NULL = none */
  const char *labels; /* integer kinds: "air,ground,crashed" for 0, 1, 2; NULL = plain number */
  uint32_t kind, offset, count, flags; /* count: elements (0 = 1); flags: TELTEL_KEY */
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
#define TELTEL_FIELD_(T, m, k, name, unit, labels, flags) \
  { name, unit, labels, k, (uint32_t)offsetof(T, m), (uint32_t)(sizeof(((T *)0)->m) / TELTEL_KIND_SIZE_(k)), flags }
#define TELTEL_FIELD(T, m, k, name, unit) TELTEL_FIELD_(T, m, k, name, unit, NULL, 0)
#define TELTEL_FIELD_KEY(T, m, k, name) TELTEL_FIELD_(T, m, k, name, NULL, NULL, TELTEL_KEY)
#define TELTEL_FIELD_ENUM(T, m, k, name, labels) TELTEL_FIELD_(T, m, k, name, NULL, labels, 0)

/* Well-known types: use them as they are, or describe your own. Angles rad, lengths m, forces N, pressure Pa. */
typedef struct teltel_body_state { double pos[3], vel[3], rot[4], omega[3]; } teltel_body_state; /* rot: qx, qy, qz, qw */
typedef struct teltel_aero_state { double aoa, beta, q, cl, cd, lift, drag; } teltel_aero_state;
typedef struct teltel_wheel_force { int64_t wheel_id; double force[3], slip_ratio, normal_load; } teltel_wheel_force;
typedef struct teltel_frame_end_values { double dt; int64_t substeps; double cpu_time_ms; } teltel_frame_end_values;
enum { TELTEL_BODY_STATE = 1, TELTEL_AERO_STATE = 2, TELTEL_WHEEL_FORCE = 3 };

typedef struct teltel_drops { /* events refused so far, by reason; "full" also counts a run's own run.start and run.end */
  size_t struct_size;
  uint64_t full, overwritten, size, type, state, writer, fork;
} teltel_drops;

#if !defined(TELTEL_STUB)
/* *run is always set: to the run, or to NULL with the reason returned. options may be NULL. Emits `run.start`. */
TELTEL_API teltel_status teltel_run_start(const teltel_run_options *options, teltel_run **run) TELTEL_NOEXCEPT;
/* Emits `run.end` and ends the run for all threads; status is TELTEL_COMPLETED ... A second call, or NULL, does nothing and
   returns TELTEL_ERROR_ENDED. A record that another thread is emitting at this very moment may be lost: stop them first. */
TELTEL_API teltel_status teltel_run_end(teltel_run *run, int32_t status, const char *reason) TELTEL_NOEXCEPT;
TELTEL_API size_t teltel_run_id(teltel_run *run, char *out, size_t size) TELTEL_NOEXCEPT; /* length, as snprintf; 0: no run */
TELTEL_API uint64_t teltel_instance(teltel_run *run) TELTEL_NOEXCEPT; /* names the run's folder in hex; 0: no run */

/* Same channel, name and fields: same handle. Other fields: TELTEL_ERROR_MISMATCH. Any thread, any time. *type is always
   set. */
TELTEL_API teltel_status teltel_define_desc(teltel_run *run, const teltel_type_desc *desc, teltel_type *type) TELTEL_NOEXCEPT;
TELTEL_API teltel_status teltel_define_known(teltel_run *run, const char *channel, uint32_t which, /* TELTEL_BODY_STATE ... */
                                             teltel_type *type) TELTEL_NOEXCEPT;

/* One copy, no lock, no allocation, no system call, no clock. A thread's first emit attaches it (see below). `record` is
   read for the type's record_size, with any alignment; frame and sim_time (seconds) are kept as they are. */
TELTEL_API teltel_status teltel_emit(teltel_run *run, teltel_type type, uint64_t frame, double sim_time,
                                     const void *record) TELTEL_NOEXCEPT;
/* For the odd event whose shape is not known: JSON text, checked by the collector. The type is made on first use. */
TELTEL_API teltel_status teltel_emit_json(teltel_run *run, const char *channel, const char *name, uint64_t frame,
                                          double sim_time, const char *text, size_t length) TELTEL_NOEXCEPT;
/* `frame.start` {dt} and `frame.end` {dt, substeps, perf.cpu_time_ms} on channel "frame". frame_start reads the clock once
   (about 40 ns): from these marks the collector knows the wall time of all records between them. dt in seconds. */
TELTEL_API teltel_status teltel_frame_start(teltel_run *run, uint64_t frame, double sim_time, double dt) TELTEL_NOEXCEPT;
TELTEL_API teltel_status teltel_frame_end(teltel_run *run, uint64_t frame, double sim_time,
                                          const teltel_frame_end_values *values) TELTEL_NOEXCEPT;
/* Tag sets: made once, then ride along for nothing: teltel_emit(run, teltel_with_tags(type, tags), ...). */
TELTEL_API teltel_status teltel_tags_define(teltel_run *run, const teltel_tag *tags, size_t count,
                                            teltel_tags *out) TELTEL_NOEXCEPT;

/* Optional: makes this thread's ring now (about 0.8 ms per MiB), so that its first emit does not pay for it. A thread gives
   its ring back at its end or by detach; the next thread takes it. */
TELTEL_API teltel_status teltel_thread_attach(teltel_run *run) TELTEL_NOEXCEPT;
TELTEL_API void teltel_thread_detach(teltel_run *run) TELTEL_NOEXCEPT;
/* Own rings, for job systems and fibres: used by one thread at a time, whichever it is. NULL when there is none; every call
   takes NULL. name: at most 63 bytes, shown with the ring; a closed writer's ring goes to the next one of that name. */
TELTEL_API teltel_writer *teltel_writer_open(teltel_run *run, const char *name) TELTEL_NOEXCEPT;
TELTEL_API void teltel_writer_close(teltel_writer *writer) TELTEL_NOEXCEPT;
TELTEL_API teltel_status teltel_writer_emit(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time,
                                            const void *record) TELTEL_NOEXCEPT;
/* Fill in place: 8-byte aligned room for the record, its bytes undefined, or NULL (refused and counted: skip the work).
   Until commit or cancel nothing is visible and other emits of this writer are refused. */
TELTEL_API void *teltel_reserve(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time) TELTEL_NOEXCEPT;
TELTEL_API teltel_status teltel_commit(teltel_writer *writer) TELTEL_NOEXCEPT;
TELTEL_API void teltel_cancel(teltel_writer *writer) TELTEL_NOEXCEPT;

/* Refused events of all writers. type {0} = all types; types beyond the first 1,024 are counted together. Returns the
   total; details may be NULL. */
TELTEL_API uint64_t teltel_dropped(teltel_run *run, teltel_type type, teltel_drops *details) TELTEL_NOEXCEPT;
TELTEL_API size_t teltel_max_record(teltel_run *run) TELTEL_NOEXCEPT; /* largest record_size that fits; 0: no run */

TELTEL_API const char *teltel_strerror(teltel_status status) TELTEL_NOEXCEPT; /* static text, never NULL */
/* One line on the newest failure in this process ("/dev/shm/x: No space left"); returns its length, as snprintf. */
TELTEL_API size_t teltel_last_message(char *out, size_t size) TELTEL_NOEXCEPT;
TELTEL_API uint32_t teltel_version(void) TELTEL_NOEXCEPT; /* of the library that runs; compare with TELTEL_VERSION_NUMBER */
TELTEL_API int teltel_has(const char *feature) TELTEL_NOEXCEPT; /* 1 if "tags", "json", "key", "labels", "marks" is there */

#else /* TELTEL_STUB: no telemetry, no library */
static inline teltel_status teltel_run_start(const teltel_run_options *options, teltel_run **run) {
  (void)options;
  if (run) *run = NULL;
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
static inline teltel_status teltel_emit(teltel_run *run, teltel_type type, uint64_t frame, double sim_time, const void *record) {
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
static inline teltel_writer *teltel_writer_open(teltel_run *run, const char *name) { (void)run; (void)name; return NULL; }
static inline void teltel_writer_close(teltel_writer *writer) { (void)writer; }
static inline teltel_status teltel_writer_emit(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time,
                                               const void *record) {
  (void)writer; (void)type; (void)frame; (void)sim_time; (void)record;
  return TELTEL_REFUSED_STATE;
}
static inline void *teltel_reserve(teltel_writer *writer, teltel_type type, uint64_t frame, double sim_time) {
  (void)writer; (void)type; (void)frame; (void)sim_time;
  return NULL;
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
static inline teltel_run_options teltel_run_options_default(void) {
  teltel_run_options options;
  unsigned char *bytes = (unsigned char *)&options;
  for (size_t i = 0; i < sizeof options; i++) bytes[i] = 0;
  options.struct_size = sizeof options;
  return options;
}
static inline teltel_drops teltel_drops_default(void) {
  teltel_drops drops;
  unsigned char *bytes = (unsigned char *)&drops;
  for (size_t i = 0; i < sizeof drops; i++) bytes[i] = 0;
  drops.struct_size = sizeof drops;
  return drops;
}
static inline teltel_status teltel_define(teltel_run *run, const char *channel, const char *name, const teltel_field *fields,
                                          size_t field_count, size_t record_size, teltel_type *type) {
  teltel_type_desc desc;
  desc.struct_size = sizeof desc; desc.field_size = sizeof *fields;
  desc.channel = channel; desc.name = name;
  desc.fields = fields; desc.field_count = field_count;
  desc.record_size = record_size;
  return teltel_define_desc(run, &desc, type);
}
static inline teltel_type teltel_with_tags(teltel_type type, teltel_tags tags) {
  type.word = (type.word & 0x0000FFFFFFFFFFFFu) | ((uint64_t)tags.id << 48);
  return type;
}

#ifdef __cplusplus
}
#endif
#endif
