/* How long a line takes from its POST to a WebSocket client: both in this program, with one clock.
 *
 *   roundtrip PORT RUN POSTS RATE
 *
 * POSTS single lines over one connection, RATE a second. Prints one delay a line, in nanoseconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

#include "websocket.h"

static const char *run_id;
static int port;
static long posts, rate;

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void *post(void *unused) {
  const int connection = connect_to(port);
  const long start = now();
  for (long index = 0; index < posts; index++) {
    const long due = start + index * (1000000000L / rate);
    const struct timespec wake = {due / 1000000000L, due % 1000000000L};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0) continue;
    char line[512], request[1024], answer[4096];
    const int length = snprintf(
        line, sizeof line,
        "{\"v\":1,\"runId\":\"%s\",\"sourceId\":\"roundtrip\",\"channel\":\"bench\",\"type\":\"mark\",\"frameIndex\":%ld,"
        "\"simTime\":0,\"payload\":{\"posted\":%ld}}\n",
        run_id, index, now());
    const int count = snprintf(
        request, sizeof request, "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", length, line);
    if (send(connection, request, (size_t)count, MSG_NOSIGNAL) != count) fail("cannot post");
    size_t got = 0;
    for (answer[0] = 0; !strstr(answer, "\"rejected\":0}"); answer[got] = 0) {
      const ssize_t more = recv(connection, answer + got, sizeof answer - 1 - got, 0);
      if (more <= 0) fail("no answer that all is accepted");
      got += (size_t)more;
    }
  }
  close(connection);
  return unused;
}

int main(int count, char **arguments) {
  if (count != 5) fail("usage: roundtrip PORT RUN POSTS RATE");
  port = atoi(arguments[1]);
  run_id = arguments[2];
  posts = atol(arguments[3]);
  rate = atol(arguments[4]);
  char subscription[256];
  snprintf(subscription, sizeof subscription, "{\"runId\":\"%s\"}", run_id);
  subscribe(port, subscription);
  /* A ping behind the subscription: its pong says that the subscription holds. */
  send_frame(9, "", 0);
  while (next_message().kind != 10) continue;
  pthread_t poster;
  if (pthread_create(&poster, NULL, post, NULL) != 0) fail("no thread");
  for (long received = 0; received < posts; received++) {
    const message next = next_message();
    const char *posted = memmem(next.text, next.count, "\"posted\":", 9);
    if (!posted) fail("a message without its moment");
    printf("%ld\n", now() - atol(posted + 9));
  }
  return pthread_join(poster, NULL);
}
