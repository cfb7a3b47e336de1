/* Pools of run and writer structs. They never shrink: what a stale handle points to stays a run or a writer. */
#include <string.h>

#include "platform.h"
#include "writer_state.h"

static ctel_run *runs[CTEL_MAX_RUNS];
static ctel_writer *free_writers;
static uint64_t generation;

ctel_run *ctel_run_slot_if_made(uint32_t slot) { return slot < CTEL_MAX_RUNS ? runs[slot] : NULL; }

ctel_run *ctel_run_slot(uint32_t slot) {
  if (slot >= CTEL_MAX_RUNS) return NULL;
  if (!runs[slot]) runs[slot] = ctel_zeroed(sizeof(ctel_run));
  return runs[slot];
}

ctel_writer *ctel_writer_take(void) {
  ctel_writer *w = free_writers;
  if (!w) return ctel_zeroed(sizeof *w);
  free_writers = w->next_free;
  memset(w, 0, sizeof *w);
  return w;
}

void ctel_writer_return(ctel_writer *w) {
  memset(w, 0, sizeof *w);
  w->closed = 1; /* for whoever still holds it */
  w->next_free = free_writers;
  free_writers = w;
}

/* From a random number on: a handle that belongs to another copy of the library in this process is none of ours. */
uint64_t ctel_next_generation(void) {
  if (!generation) generation = ctel_random() >> 24;
  return ++generation;
}
