/* Pools of run and writer structs. They never shrink: what a stale handle points to stays a run or a writer.
 *
 * Writers lie on pages that a new process finds empty, also one made by _Fork or clone, of which no handler tells: an emit there
 * meets a writer that has no run and no room, and goes the slow way, where the first lock notices (hooks.c). While a fork goes
 * on that handlers do tell of, the pages are kept, so that the child can give up what they name. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "platform.h"
#include "writer_state.h"

static ctel_run *runs[CTEL_MAX_RUNS];
static ctel_writer *free_writers;
static uint64_t generation;

/* No two writers share a cache line: threads would wait for each other's. */
enum { PAGE_WRITERS = 64, WRITER_BYTES = (sizeof(ctel_writer) + 63) / 64 * 64, PAGE_BYTES = PAGE_WRITERS * WRITER_BYTES };
typedef struct writer_page { struct writer_page *next; uint8_t *writers; } writer_page;
static writer_page *pages;
static uint32_t unused; /* writers of the newest page that nobody has had yet */

void *ctel_wiped_on_fork(uint64_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  madvise(memory, bytes, MADV_WIPEONFORK); /* before Linux 4.14: an error, and no help after _Fork and clone */
  return memory;
}

static ctel_writer *fresh_writer(void) {
  if (unused == 0) {
    writer_page *page = ctel_zeroed(sizeof *page);
    if (page) page->writers = ctel_wiped_on_fork(PAGE_BYTES);
    if (!page || !page->writers) {
      ctel_free(page);
      return NULL;
    }
    page->next = pages;
    pages = page;
    unused = PAGE_WRITERS;
  }
  return (ctel_writer *)(pages->writers + --unused * (size_t)WRITER_BYTES);
}

void ctel_keep_writers_on_fork(int keep) {
  for (const writer_page *page = pages; page; page = page->next)
    madvise(page->writers, PAGE_BYTES, keep ? MADV_KEEPONFORK : MADV_WIPEONFORK);
}

void ctel_writers_wiped(void) {
  free_writers = NULL;
  unused = 0;
}

ctel_run *ctel_run_slot_if_made(uint32_t slot) { return slot < CTEL_MAX_RUNS ? runs[slot] : NULL; }

ctel_run *ctel_run_slot(uint32_t slot) {
  if (slot >= CTEL_MAX_RUNS) return NULL;
  if (!runs[slot]) runs[slot] = ctel_zeroed(sizeof(ctel_run));
  return runs[slot];
}

ctel_writer *ctel_writer_take(void) {
  ctel_writer *w = free_writers;
  if (!w) return fresh_writer();
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

static ctel_ended ended[CTEL_ENDED_RUNS];
static uint32_t next_ended;

ctel_ended *ctel_next_ended(void) {
  ctel_ended *place = &ended[next_ended++ % CTEL_ENDED_RUNS];
  ctel_free(place->rows);
  memset(place, 0, sizeof *place);
  return place;
}

ctel_ended *ctel_find_ended(uint64_t handle) {
  for (uint32_t i = 0; i < CTEL_ENDED_RUNS; i++)
    if (ended[i].handle == handle) return &ended[i];
  return NULL;
}
