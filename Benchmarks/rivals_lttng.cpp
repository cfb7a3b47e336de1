// The event as a tracepoint of LTTng-UST: its numbers as one array, and each as a field. See rival.h. Without a session that records
// teltel_bench:* a tracepoint costs next to nothing: emit.py starts one.
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "rivals_lttng.h"

#include "rival.h"

namespace {

const Way ways[] = {
  {"lttng_array", nothing,
   [](std::uint64_t n) { repeat(n, [](std::uint64_t i) { lttng_ust_tracepoint(teltel_bench, array, i, 0.5, event.sample.value); }); },
   nothing},
  {"lttng_fields", nothing,
   [](std::uint64_t n) { repeat(n, [](std::uint64_t i) { lttng_ust_tracepoint(teltel_bench, fields, i, 0.5, event.sample.value); }); },
   nothing},
};

} // namespace

int main(int argc, char **argv) { return run_ways(ways, argc, argv); }
