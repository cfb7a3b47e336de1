/* Counts events as they come over the WebSocket, one a message or in columns.
 *
 *   subscribe PORT SUBSCRIPTION EVENTS
 *
 * Ends when EVENTS events have come or were given up by the collector. Prints "ready" once the subscription is sent, then
 * "received R dropped D".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "subscribe: %s\n", what);
  exit(1);
}

static unsigned char buffer[1 << 24];
static size_t begin, end;
static int descriptor;

/* At least `count` bytes of what has come, at `buffer + begin`. */
static unsigned char *need(size_t count) {
  if (count > sizeof buffer) fail("a message is too long");
  if (begin + count > sizeof buffer) {
    memmove(buffer, buffer + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  while (end - begin < count) {
    ssize_t got = recv(descriptor, buffer + end, sizeof buffer - end, 0);
    if (got <= 0) fail("the connection ended");
    end += (size_t)got;
  }
  return buffer + begin;
}

static void send_frame(unsigned char kind, const char *text, size_t count) {
  unsigned char frame[1024] = {0x80 | kind, 0x80 | 126, (unsigned char)(count >> 8), (unsigned char)count}; /* a mask of zeros */
  if (count > sizeof frame - 8) fail("the subscription is too long");
  size_t head = 8;
  if (count < 126) {
    frame[1] = (unsigned char)(0x80 | count);
    frame[2] = frame[3] = 0;
    head = 6;
  }
  memcpy(frame + head, text, count);
  if (send(descriptor, frame, head + count, MSG_NOSIGNAL) < 0) fail("the connection ended");
}

/* Rows that the blocks of a binary message stand for: docs/live-protocol.md. */
static long rows(const unsigned char *message) {
  uint16_t cursor;
  uint32_t blocks, size, count;
  memcpy(&cursor, message + 2, sizeof cursor);
  memcpy(&blocks, message + 4, sizeof blocks);
  const unsigned char *block = message + 16 + ((cursor + 7u) & ~7u);
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
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect");
  const char *hello =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  send(descriptor, hello, strlen(hello), MSG_NOSIGNAL);
  size_t head = 4;
  while (memcmp(need(head) + head - 4, "\r\n\r\n", 4) != 0) head++;
  if (memcmp(buffer, "HTTP/1.1 101", 12) != 0) fail("no WebSocket");
  begin += head;
  send_frame(1, arguments[2], strlen(arguments[2]));
  puts("ready");
  fflush(stdout);

  long expected = atol(arguments[3]), received = 0, dropped = 0;
  while (received + dropped < expected) {
    unsigned char *frame = need(2);
    const int kind = frame[0] & 15;
    size_t header = 2, payload = frame[1];
    if (payload == 126) {
      frame = need(header = 4);
      payload = (size_t)frame[2] << 8 | frame[3];
    } else if (payload == 127) {
      frame = need(header = 10);
      payload = 0;
      for (int index = 2; index < 10; index++) payload = payload << 8 | frame[index];
    }
    frame = need(header + payload);
    const char *text = (const char *)frame + header;
    const char *notice = "{\"notice\":\"dropped\",\"count\":";
    if (kind == 8) fail("the collector closed");
    if (kind == 9) send_frame(10, text, payload);
    else if (payload > strlen(notice) && memcmp(text, notice, strlen(notice)) == 0) dropped += atol(text + strlen(notice));
    else if (kind == 2) received += rows((const unsigned char *)text);
    else if (payload > 5 && memcmp(text, "{\"v\":", 5) == 0) received++; /* not a schema */
    begin += header + payload;
  }
  printf("received %ld dropped %ld\n", received, dropped);
  return 0;
}
