/* Words for statuses, the newest failure's line, and the list of features. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "platform.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char message[512];

void ctel_message_lock(void) { pthread_mutex_lock(&lock); }
void ctel_message_unlock(void) { pthread_mutex_unlock(&lock); }
void ctel_message_lock_renew(void) { lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER; }

void ctel_message(const char *what, const char *subject, int error) {
  char buffer[128];
  const char *reason = error == EFBIG ? "larger than RLIMIT_FSIZE allows (ulimit -f)"
                       : error        ? strerror_r(error, buffer, sizeof buffer)
                                      : NULL;
  ctel_message_lock();
  snprintf(message, sizeof message, "%s%s%.256s%s%s", what, subject ? ": " : "", subject ? subject : "", reason ? ": " : "",
           reason ? reason : "");
  ctel_message_unlock();
}

size_t ctel_message_copy(char *out, size_t size) {
  ctel_message_lock();
  int length = snprintf(out, size, "%s", message);
  ctel_message_unlock();
  return length < 0 ? 0 : (size_t)length;
}

const char *teltel_strerror(teltel_status status) TELTEL_NOEXCEPT {
  switch (status) {
  case TELTEL_OK: return "done";
  case TELTEL_REFUSED_FULL: return "ring full: collector absent or too slow";
  case TELTEL_REFUSED_SIZE: return "record larger than the ring allows";
  case TELTEL_REFUSED_TYPE: return "type not defined, or of another run";
  case TELTEL_REFUSED_STATE: return "no run, run ended, writer closed or reservation open";
  case TELTEL_REFUSED_WRITER: return "no ring for this thread: limit of writers reached, or no space";
  case TELTEL_SKIPPED: return "left out by TELTEL_ENABLE";
  case TELTEL_REFUSED_FORK: return "run belongs to the parent process";
  case TELTEL_ERROR_DISABLED: return "telemetry switched off by TELTEL_DISABLED";
  case TELTEL_ERROR_ARGUMENT: return "wrong argument";
  case TELTEL_ERROR_MISMATCH: return "defined before with other fields";
  case TELTEL_ERROR_LIMIT: return "limit reached";
  case TELTEL_ERROR_NO_SPACE: return "no space: shared memory is full, or the limit on file sizes is too low";
  case TELTEL_ERROR_PERMISSION: return "no permission";
  case TELTEL_ERROR_SYSTEM: return "system call failed";
  case TELTEL_ERROR_ENDED: return "run has ended, or belongs to the parent process";
  case TELTEL_ERROR_VERSION: return "library too old for what was asked";
  default: return "unknown status";
  }
}

int teltel_has(const char *feature) TELTEL_NOEXCEPT {
  static const char *const features[] = {"tags",  "json",   "key",    "labels", "marks",   "overwrite",
                                         "block", "enable", "schema", "input",  "measured"};
  for (size_t i = 0; feature && i < sizeof features / sizeof *features; i++)
    if (!strcmp(feature, features[i])) return 1;
  return 0;
}
