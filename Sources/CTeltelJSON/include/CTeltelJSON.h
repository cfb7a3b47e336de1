/* CTeltelJSON.h - what teltel asks of a JSON reader, answered by simdjson.
 *
 * A parser is for one thread at a time. It copies the text into a buffer of its own (simdjson reads past the end) unless the
 * caller says that enough readable bytes follow. All pointers in its answers point into the text, that buffer or other memory of
 * the parser: they hold until its next call.
 *
 * Accepted is what the contract accepts, which is a little more than strict JSON: bytes in strings that are no UTF-8 and halves
 * of surrogate pairs become U+FFFD, and numbers may be longer than 64 bits, which makes them the nearest double, or larger than any double. Refused are comments, NaN, trailing commas, a
 * byte order mark, more than one value, and nesting deeper than 1,024.
 */
#ifndef CTELTEL_JSON_H
#define CTELTEL_JSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct teltel_json_parser teltel_json_parser;
/* NULL if there is no memory. */
teltel_json_parser *teltel_json_parser_create(void);
void teltel_json_parser_destroy(teltel_json_parser *);

typedef struct teltel_json_span {
  const char *bytes; /* no NUL at the end */
  size_t count;
} teltel_json_span;

/* 1 if the text is one JSON value, else 0. */
int teltel_json_valid(teltel_json_parser *, const char *text, size_t count);

/* ---- an object of strings --------------------------------------------------------------------------------------------- */
typedef struct teltel_json_pair {
  teltel_json_span key, value; /* without escapes */
} teltel_json_pair;

/* The members of a JSON object of strings, in their order, all of those with equal keys among them; keys are told apart by nobody.
 * NULL and 0 if the text is anything else. */
const teltel_json_pair *teltel_json_pairs(teltel_json_parser *, const char *text, size_t text_bytes, size_t *count);

/* ---- numbers of a payload -------------------------------------------------------------------------------------------- */
typedef struct teltel_json_number {
  uint32_t path_offset, path_count; /* in `paths`: "pos.x", "gear[0]" */
  double value;
} teltel_json_number;

typedef struct teltel_json_flat {
  const teltel_json_number *numbers; /* in order of the text; also "NaN", "Infinity" and "-Infinity" given as strings, and truth as 1 and 0 */
  size_t number_count;
  const char *paths;
  teltel_json_span text; /* the whole payload, repaired as said above */
  int exact;             /* 1: the numbers alone give the payload back, equal in value */
} teltel_json_flat;

enum { TELTEL_JSON_MAX_PATH_BYTES = 255, TELTEL_JSON_MAX_COLUMN_DEPTH = 32 };

/* Finds all numeric leaves that have a path: members of objects, up to 32 deep, and elements of arrays of up to `most_elements`
 * numbers. Keys may hold anything: a dot in one reads as nesting does. 1, or 0 if the text is no JSON. */
int teltel_json_flatten(teltel_json_parser *, const char *text, size_t count, size_t most_elements, teltel_json_flat *flat);

/* The same for texts: `numbers` are their places, without values. Those that mean numbers, and elements of arrays, are left out. */
int teltel_json_find_texts(teltel_json_parser *, const char *text, size_t count, teltel_json_flat *flat);

/* ---- one event of the line protocol ------------------------------------------------------------------------------------ */
typedef enum teltel_json_event_error {
  TELTEL_JSON_EVENT_OK = 0,
  TELTEL_JSON_EVENT_INVALID_JSON,
  TELTEL_JSON_EVENT_NOT_AN_OBJECT,
  TELTEL_JSON_EVENT_VERSION,         /* v: missing, 0 or no integer */
  TELTEL_JSON_EVENT_RUN_ID,          /* runId: missing, empty or no string */
  TELTEL_JSON_EVENT_SOURCE_ID,       /* sourceId: the same */
  TELTEL_JSON_EVENT_CHANNEL,         /* channel: no string */
  TELTEL_JSON_EVENT_TYPE,            /* type: no string */
  TELTEL_JSON_EVENT_FRAME_INDEX,     /* frameIndex: negative or no integer */
  TELTEL_JSON_EVENT_FRAME_TOO_LARGE, /* frameIndex: above 2^32 - 1 */
  TELTEL_JSON_EVENT_SIM_TIME,        /* simTime: negative or no number */
  TELTEL_JSON_EVENT_WALL_TIME,       /* wallTimeMs: no integer */
  TELTEL_JSON_EVENT_TAGS,            /* tags: no object of strings */
  TELTEL_JSON_EVENT_NO_MEMORY
} teltel_json_event_error;

typedef struct teltel_json_event {
  teltel_json_span run_id, source_id, channel, type; /* without escapes; channel and type may be empty */
  uint64_t frame_index;
  double sim_time; /* also NaN and Infinity, given as strings */
  int has_wall_time;
  int64_t wall_time_ms;
  teltel_json_span tags;    /* JSON text of an object of strings; empty if there are none */
  teltel_json_span payload; /* JSON text as it was written; "null" if missing */
} teltel_json_event;

/* Reads one line; `slack` bytes behind it may be read, whatever they are (64 spare a copy). Keys match in any case, the last duplicate wins, null is as good as missing, unknown keys are ignored, but the
 * whole line must be JSON. On an error only the answer's run_id means something: the line's, where it can be read, else empty. */
teltel_json_event_error teltel_json_read_event(
    teltel_json_parser *, const char *line, size_t count, size_t slack, teltel_json_event *event);

/* A number's text, not terminated; returns how many bytes were written. `out` has room for TELTEL_NUMBER_TEXT_MAX bytes. The
 * floating ones must be finite; they get the shortest text that reads back to the same bits, with a point or an exponent. */
#define TELTEL_NUMBER_TEXT_MAX 32
size_t teltel_text_f64(double value, char *out);
size_t teltel_text_f32(float value, char *out);
size_t teltel_text_i64(int64_t value, char *out);
size_t teltel_text_u64(uint64_t value, char *out);

#ifdef __cplusplus
}
#endif
#endif
