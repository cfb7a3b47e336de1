/* ring_abi.h - the files that libteltel writes and the collector reads. ABI version 1.
 *
 * WHO SHARES IT. An engine (the producer) makes one folder per run instance inside the shared-memory folder
 * ($TELTEL_SHM_DIR, default /dev/shm/teltel-<uid>, mode 0700):
 *
 *     <shm dir>/<instance: 16 hex digits>/run        one run file   (this header, counters, append-only table)
 *                                        /ring-<n>   one ring file per writer, n = 0, 1, 2 ... in decimal
 *
 * All files are 0600, made with posix_fallocate at their full size (a missing page of a full tmpfs is a SIGBUS).
 * The run file is made as `run.new` and renamed to `run` when complete. A ring is complete when its magic is set and
 * `ring_count` of the run file has passed its index. Both outlive the engine and the collector.
 *
 * RULES. Little-endian, natural alignment. Fields marked W are written by the producer, R by the collector, all others
 * once, before the file is complete. "release" fields are stored with release order after what they publish and loaded
 * with acquire. The reader copies before it checks and trusts nothing; the producer trusts only `released`, and that only
 * inside [head - data_bytes, head] (overwrite oldest: inside [low, head]). Readers follow the offsets in the headers, never
 * sizeof. Unknown entry kinds and field kinds are skipped by their length, unknown flags are ignored. The version changes only when
 * an old reader would misread.
 *
 * IDENTITY OF A ROW. (instance, writer, sequence): instance from the run file, writer = ring index, sequence = the record's
 * byte position in its ring (monotonic from 0, never reset, the same after any restart).
 *
 * PAIRS
 *   P1 commit   head: release in the producer    <-> acquire in the readers: header and payload are whole before head.
 *   P2 room     released: release in a reader    <-> acquire in the producer: bytes are copied before they are overwritten.
 *   P3 table    table_head, file_bytes: release  <-> acquire in the readers: entries are whole before they are named; a type
 *               is published before the first record that uses it.
 *   P4 rings    ring_count: release              <-> acquire in the readers: the ring file is complete before it is counted.
 *   P5 end      state: release                   <-> acquire in the readers: end_* and every head are final before ENDED.
 *   P6 oldest   policy overwrite oldest only. `released` is moved by compare-and-swap, by both sides: whoever moves it over a
 *               record owns that record. A reader copies [released, p), checks that `released` still is where it began, and
 *               swaps it to p: these records are its own, wherever the bytes go now. The producer swaps it over the oldest
 *               records and counts each of them as OVERWRITTEN; what a reader has taken, it passes without counting. Then it
 *               stores `low`, and after a release fence writes over what lies before `low`. low: store, release fence <->
 *               acquire fence, load after the copy in the readers: bytes from a position >= low were copied whole.
 *               Hence accepted = taken by a reader + OVERWRITTEN, for each type, exactly.
 */
#ifndef TELTEL_RING_ABI_H
#define TELTEL_RING_ABI_H

#include <stddef.h>
#include <stdint.h>

#define TELTEL_ABI_VERSION 1u
#define TELTEL_RUN_MAGIC 0x316E75724C544C54ull  /* "TLTLrun1" */
#define TELTEL_RING_MAGIC 0x31676E724C544C54ull /* "TLTLrng1" */
#define TELTEL_BYTE_ORDER_MARK 0x01020304u
#define TELTEL_HEADER_BYTES 4096u

/* ---- limits (part of the ABI: readers may rely on them) ------------------------------------------------------------ */
#define TELTEL_MAX_NAME_BYTES 255u            /* run id, source id, channel, type name, field name, tag key and value */
#define TELTEL_MAX_FIELDS 1024u               /* entries of one type definition */
#define TELTEL_MAX_TYPES 16384u               /* type ids 1 ... 16384 */
#define TELTEL_MAX_TAG_SETS 65535u            /* tag set ids 1 ... 65535; 0 = no tags */
#define TELTEL_MAX_WRITERS 256u               /* rings per instance */
#define TELTEL_MAX_RECORD_BYTES (1u << 20)    /* header + payload; and never more than a quarter of the ring */
#define TELTEL_MAX_CONFIG_BYTES (1u << 20)
#define TELTEL_MIN_RING_BYTES (256u << 10)
#define TELTEL_MAX_RING_BYTES (1ull << 30)
#define TELTEL_COUNTED_TYPES 1024u            /* refusals are counted per type up to this id, beyond it in one row */

/* ---- records -------------------------------------------------------------------------------------------------------- */
#define TELTEL_RECORD_HEADER_BYTES 24u
#define TELTEL_WRAP_TYPE 0xFFFFu /* a record of this type fills the ring to its end; only its first 8 bytes need exist */

typedef struct teltel_record {
  uint32_t bytes;   /* header + payload, without padding; the next record starts at the next multiple of 8 */
  uint16_t type;    /* id in the run file's table, 1 ... */
  uint16_t tag_set; /* id in the run file's table, 0 = none */
  uint64_t frame;
  double sim_time;  /* seconds; any bits */
} teltel_record;

/* Payload of every record of an ingest ring (kind TELTEL_KIND_INGEST), whose type is TELTEL_INGEST_TYPE: this head, then
 * tags_bytes of JSON text (an object, or nothing), then JSON text of the payload up to the record's end (never empty). */
#define TELTEL_INGEST_TYPE 1u
typedef struct teltel_ingest_head {
  uint32_t stream;      /* index of a STREAM entry of this instance's table, counted from 0 */
  uint32_t tags_bytes;
  int64_t wall_time_ms; /* milliseconds since 1970 */
} teltel_ingest_head;

/* ---- counters of refused events --------------------------------------------------------------------------------------- */
enum {
  TELTEL_REFUSAL_FULL = 0,        /* ring full, policy drop newest (or block ran out of time) */
  TELTEL_REFUSAL_OVERWRITTEN = 1, /* policy overwrite oldest: accepted once, overwritten before a reader had taken it (P6) */
  TELTEL_REFUSAL_SIZE = 2,        /* record larger than allowed */
  TELTEL_REFUSAL_TYPE = 3,        /* empty handle, or one of another run */
  TELTEL_REFUSAL_STATE = 4,       /* reservation open, writer closed, run ended */
  TELTEL_REFUSAL_WRITER = 5,      /* no ring for this thread: limit reached or no space */
  TELTEL_REFUSAL_FORK = 6,        /* emitted in a child of fork */
  TELTEL_REFUSAL_REASONS = 8      /* slots per row; the last is unused */
};
/* Row 0: unknown type. Rows 1 ... 1024: that type id. Row 1025: all higher ids. */
#define TELTEL_COUNTER_ROWS (TELTEL_COUNTED_TYPES + 2u)
typedef struct teltel_counter_row { uint64_t count[TELTEL_REFUSAL_REASONS]; } teltel_counter_row;

/* Events refused for lack of room (TELTEL_REFUSAL_FULL), one behind the other: nothing was accepted on this ring in between. */
typedef struct teltel_refused_stretch {
  uint64_t from, to; /* frame of its first event; the highest of all */
  uint64_t count;
} teltel_refused_stretch;
#define TELTEL_REFUSED_STRETCHES 64u /* the newest ones are kept */

/* ---- ring file ---------------------------------------------------------------------------------------------------------- */
enum { TELTEL_POLICY_DROP_NEWEST = 0, TELTEL_POLICY_OVERWRITE_OLDEST = 1, TELTEL_POLICY_BLOCK = 2 };
enum { TELTEL_WRITER_FREE = 0, TELTEL_WRITER_USED = 1, TELTEL_WRITER_ENDED = 2 };

typedef struct teltel_ring_header {
  uint64_t magic;           /* stored last, release */
  uint32_t abi_version, byte_order;
  uint64_t instance;        /* equals the run file's */
  uint64_t data_offset;     /* multiple of 4096 */
  uint64_t data_bytes;      /* power of two */
  uint64_t counters_offset; /* teltel_counter_row[counter_rows]; W relaxed, one writer */
  uint32_t counter_rows, writer;
  uint32_t policy, reserved0;
  char name[64];            /* of the writer; UTF-8, ends with NUL; "" = unnamed */
  /* 128: the producer's line */
  uint64_t head;            /* W release (P1): bytes ever written; position p lies at data_offset + p % data_bytes */
  uint64_t low;             /* W (P6), policy overwrite oldest: records before it are gone; a record begins here, or the head */
  uint8_t pad0[112];
  /* 256: the collector's line */
  uint64_t released;        /* R release (P2): the producer may overwrite everything before it. Overwrite oldest: see P6 */
  uint8_t pad1[120];
  /* 384: seldom written */
  uint32_t state, tid;      /* W release: TELTEL_WRITER_*; thread that uses it now */
  uint64_t users;           /* W: how many threads have used this ring so far */
  /* 400: where events were refused; 0 and nothing in rings of older libraries */
  uint64_t refused_stretches; /* W release: so many have begun; the n-th, from 0, lies at n % TELTEL_REFUSED_STRETCHES. A reader copies,
                                 then looks again how many there are: what may have been written over meanwhile is none */
  teltel_refused_stretch refused[TELTEL_REFUSED_STRETCHES]; /* W relaxed; the newest one grows */
  uint8_t pad2[TELTEL_HEADER_BYTES - 408 - TELTEL_REFUSED_STRETCHES * 24];
} teltel_ring_header;

/* ---- run file ----------------------------------------------------------------------------------------------------------- */
enum { TELTEL_KIND_ENGINE = 1, TELTEL_KIND_INGEST = 2 };
enum { TELTEL_STATE_RUNNING = 1, TELTEL_STATE_ENDED = 2 };
enum { TELTEL_END_COMPLETED = 0, TELTEL_END_FAILED = 1, TELTEL_END_CANCELLED = 2 };

/* The producer is alive while: same boot; and (in the reader's pid namespace) pid exists with this start time; and it holds
 * an F_SETLK write lock on byte 0 of the run file, through a close-on-exec descriptor. Never judged by silence. */
typedef struct teltel_run_header {
  uint64_t magic;           /* stored last, release */
  uint32_t abi_version, byte_order;
  uint32_t header_bytes;    /* TELTEL_HEADER_BYTES */
  uint32_t kind;            /* TELTEL_KIND_* */
  uint64_t instance;        /* random, not 0; the folder's name in lower-case hex */
  uint32_t pid, uid;
  uint64_t pid_start;       /* /proc/<pid>/stat field 22 */
  uint64_t pid_namespace;   /* inode of /proc/self/ns/pid */
  uint8_t boot_id[16];
  uint64_t wall_ns, mono_ns; /* CLOCK_REALTIME and CLOCK_MONOTONIC read together at start: the clock anchor */
  uint64_t seed;
  uint32_t has_seed, library_version;
  uint64_t counters_offset; /* teltel_counter_row[counter_rows]: refusals that met no ring (atomic adds) */
  uint32_t counter_rows, policy;
  uint64_t ring_bytes;
  uint64_t table_offset;    /* the table reaches to the end of the file, which may grow */
  char run_id[256], source_id[256], engine_version[256]; /* UTF-8, end with NUL; empty in ingest instances */
  uint8_t pad0[120];
  /* 1024: changes while running */
  uint64_t file_bytes;      /* W release (P3): size of this file; only grows */
  uint64_t table_head;      /* W release (P3): bytes of the table in use, multiple of 8 */
  uint32_t ring_count;      /* W release (P4): ring-0 ... ring-(n-1) are complete */
  uint32_t state;           /* W release (P5): TELTEL_STATE_* */
  int32_t end_status;       /* TELTEL_END_*, valid once ENDED, like the following */
  uint32_t reserved0;
  uint64_t end_wall_ns;
  char end_reason[256];
  uint8_t pad1[TELTEL_HEADER_BYTES - 1320];
} teltel_run_header;

/* ---- table entries: this head, then the body, padded to 8 -------------------------------------------------------------- */
enum {
  TELTEL_ENTRY_TYPE = 1,      /* id = type id. Body: text channel, text name, then count x {teltel_entry_field, text name,
                                 text unit, text labels} */
  TELTEL_ENTRY_JSON_TYPE = 2, /* id = type id; payload is JSON text. Body: text channel, text name */
  TELTEL_ENTRY_TAG_SET = 3,   /* id = tag set id. Body: count x {text key, text value} */
  TELTEL_ENTRY_RUN_TAGS = 4,  /* tags of the whole run. Body: count x {text key, text value} */
  TELTEL_ENTRY_CONFIG = 5,    /* Body: text (JSON object) */
  TELTEL_ENTRY_STREAM = 6     /* ingest only, in order of their index. Body: text run, text source, text channel, text type */
};
enum { TELTEL_TYPE_CLOCK_MARK = 1 }; /* entry flag: the payload's first 8 bytes are CLOCK_MONOTONIC ns, and no field */
typedef struct teltel_entry {
  uint32_t bytes;       /* head + body, without padding; the next entry starts at the next multiple of 8 */
  uint16_t kind, flags;
  uint32_t id;
  uint32_t record_size; /* types: bytes of payload of each record; JSON types: 0 */
  uint32_t count;       /* types: fields; tags: pairs */
  uint32_t every;       /* types: only events with frame % every == 0 are recorded; 0: all; 0xFFFFFFFF: none */
} teltel_entry;
/* A text is u32 length and that many bytes, padded to 4. Labels are names for 0, 1, 2 ..., separated by commas. */

enum {
  TELTEL_FIELD_I8 = 1, TELTEL_FIELD_U8 = 2, TELTEL_FIELD_I16 = 3, TELTEL_FIELD_U16 = 4, TELTEL_FIELD_I32 = 5, TELTEL_FIELD_U32 = 6,
  TELTEL_FIELD_I64 = 7, TELTEL_FIELD_U64 = 8, TELTEL_FIELD_F32 = 9, TELTEL_FIELD_F64 = 10,
  TELTEL_FIELD_BOOL = 11, /* 1 byte, 0 = false */
  TELTEL_FIELD_TEXT = 12  /* char[count], ends at NUL or at count */
};
enum {
  TELTEL_FIELD_FLAG_KEY = 1,     /* tells several instances of one type in one frame apart */
  TELTEL_FIELD_FLAG_INPUT = 2,   /* given to the engine, not computed by it */
  TELTEL_FIELD_FLAG_MEASURED = 4 /* of the machine, not of the simulation: never compared. Counts for nothing beside another flag */
}; /* Older libraries know KEY only. */
typedef struct teltel_entry_field {
  uint32_t kind, offset, count, flags; /* name: one per element, separated by commas, or a single one for the array */
} teltel_entry_field;

/* ---- the layout, pinned -------------------------------------------------------------------------------------------------- */
#if defined(__cplusplus)
#define TELTEL_ABI_ASSERT(condition, message) static_assert(condition, message)
#else
#define TELTEL_ABI_ASSERT(condition, message) _Static_assert(condition, message)
#endif
TELTEL_ABI_ASSERT(sizeof(teltel_record) == 24 && offsetof(teltel_record, sim_time) == 16, "record");
TELTEL_ABI_ASSERT(sizeof(teltel_ingest_head) == 16 && offsetof(teltel_ingest_head, wall_time_ms) == 8, "ingest head");
TELTEL_ABI_ASSERT(sizeof(teltel_counter_row) == 64, "counter row");
TELTEL_ABI_ASSERT(sizeof(teltel_ring_header) == 4096, "ring header");
TELTEL_ABI_ASSERT(offsetof(teltel_ring_header, name) == 64, "writer name");
TELTEL_ABI_ASSERT(offsetof(teltel_ring_header, head) == 128 && offsetof(teltel_ring_header, low) == 136, "head");
TELTEL_ABI_ASSERT(offsetof(teltel_ring_header, released) == 256, "released");
TELTEL_ABI_ASSERT(offsetof(teltel_ring_header, state) == 384 && offsetof(teltel_ring_header, users) == 392, "writer state");
TELTEL_ABI_ASSERT(offsetof(teltel_ring_header, refused_stretches) == 400 && offsetof(teltel_ring_header, refused) == 408, "refused");
TELTEL_ABI_ASSERT(sizeof(teltel_refused_stretch) == 24, "refused stretch");
TELTEL_ABI_ASSERT(sizeof(teltel_run_header) == 4096, "run header");
TELTEL_ABI_ASSERT(offsetof(teltel_run_header, instance) == 24 && offsetof(teltel_run_header, boot_id) == 56, "who");
TELTEL_ABI_ASSERT(offsetof(teltel_run_header, counters_offset) == 104 && offsetof(teltel_run_header, table_offset) == 128, "offsets");
TELTEL_ABI_ASSERT(offsetof(teltel_run_header, run_id) == 136 && offsetof(teltel_run_header, engine_version) == 648, "names");
TELTEL_ABI_ASSERT(offsetof(teltel_run_header, file_bytes) == 1024 && offsetof(teltel_run_header, ring_count) == 1040, "changing");
TELTEL_ABI_ASSERT(offsetof(teltel_run_header, end_wall_ns) == 1056 && offsetof(teltel_run_header, end_reason) == 1064, "end");
TELTEL_ABI_ASSERT(sizeof(teltel_entry) == 24 && sizeof(teltel_entry_field) == 16, "entries");

#endif
