/* Counts events as they come over the WebSocket, one a message or in columns.
 *
 *   subscribe PORT SUBSCRIPTION EVENTS
 *
 * Ends when EVENTS events have come or were given up by the collector. Prints "ready" once the subscription is sent, then
 * "received R dropped D".
 */
#define _GNU_SOURCE
#include "websocket.h"

/* Rows that the blocks of a binary message stand for: docs/live-protocol.md. */
static long rows(const unsigned char *bytes) {
  uint16_t cursor;
  uint32_t blocks, size, count;
  memcpy(&cursor, bytes + 2, sizeof cursor);
  memcpy(&blocks, bytes + 4, sizeof blocks);
  const unsigned char *block = bytes + 16 + ((cursor + 7u) & ~7u);
  long sum = 0;
  for (; blocks > 0; blocks--, block += size) {
    memcpy(&size, block, sizeof size);
    memcpy(&count, block + 24, sizeof count);
    sum += count;
  }
  return sum;
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage: subscribe PORT SUBSCRIPTION EVENTS");
  subscribe(atoi(arguments[1]), arguments[2]);
  puts("ready");
  fflush(stdout);

  const char *notice = "{\"notice\":\"dropped\",\"count\":";
  long expected = atol(arguments[3]), received = 0, dropped = 0;
  while (received + dropped < expected) {
    const message next = next_message();
    if (next.count > strlen(notice) && memcmp(next.text, notice, strlen(notice)) == 0)
      dropped += atol(next.text + strlen(notice));
    else if (next.kind == 2) received += rows((const unsigned char *)next.text);
    else if (next.count > 5 && memcmp(next.text, "{\"v\":", 5) == 0) received++; /* not a schema */
  }
  printf("received %ld dropped %ld\n", received, dropped);
  return 0;
}
