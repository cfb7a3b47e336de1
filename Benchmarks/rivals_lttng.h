// Tracepoints of rivals_lttng.cpp; included several times by LTTng's own headers.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER teltel_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "rivals_lttng.h"

#if !defined RIVALS_LTTNG_H || defined LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ
#define RIVALS_LTTNG_H

#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(
  teltel_bench, array, LTTNG_UST_TP_ARGS(uint64_t, frame, double, time, const double *, value),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(uint64_t, frame, frame)
    lttng_ust_field_float(double, time, time)
    lttng_ust_field_array(uint64_t, value, (const uint64_t *)value, 12)
  )
)
LTTNG_UST_TRACEPOINT_EVENT(
  teltel_bench, fields, LTTNG_UST_TP_ARGS(uint64_t, frame, double, time, const double *, value),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(uint64_t, frame, frame)
    lttng_ust_field_float(double, time, time)
    lttng_ust_field_float(double, a, value[0])
    lttng_ust_field_float(double, b, value[1])
    lttng_ust_field_float(double, c, value[2])
    lttng_ust_field_float(double, d, value[3])
    lttng_ust_field_float(double, e, value[4])
    lttng_ust_field_float(double, f, value[5])
    lttng_ust_field_float(double, g, value[6])
    lttng_ust_field_float(double, h, value[7])
    lttng_ust_field_float(double, i, value[8])
    lttng_ust_field_float(double, j, value[9])
    lttng_ust_field_float(double, k, value[10])
    lttng_ust_field_float(double, l, value[11])
  )
)

#endif
#include <lttng/tracepoint-event.h>
