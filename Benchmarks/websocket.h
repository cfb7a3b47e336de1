/* A WebSocket client as small as a benchmark needs: one connection, everything on the stack or static. */
#ifndef BENCHMARK_WEBSOCKET_H
#define BENCHMARK_WEBSOCKET_H
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static unsigned char buffer[1 << 24];
static size_t begin, end;
static int websocket;

/* At least `count` bytes of what has come, at `buffer + begin`. */
static unsigned char *need(size_t count) {
  if (count > sizeof buffer) fail("a message is too long");
  if (begin + count > sizeof buffer) {
    memmove(buffer, buffer + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  while (end - begin < count) {
    ssize_t got = recv(websocket, buffer + end, sizeof buffer - end, 0);
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
  if (send(websocket, frame, head + count, MSG_NOSIGNAL) < 0) fail("the connection ended");
}

static int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connection = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect");
  return connection;
}

static void subscribe(int port, const char *subscription) {
  websocket = connect_to(port);
  const char *hello =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  send(websocket, hello, strlen(hello), MSG_NOSIGNAL);
  size_t head = 4;
  while (memcmp(need(head) + head - 4, "\r\n\r\n", 4) != 0) head++;
  if (memcmp(buffer, "HTTP/1.1 101", 12) != 0) fail("no WebSocket");
  begin += head;
  send_frame(1, subscription, strlen(subscription));
}

typedef struct {
  int kind;
  const char *text; /* until the next message */
  size_t count;
} message;

/* The next text or binary message; pings are answered. */
static message next_message(void) {
  for (;;) {
    unsigned char *frame = need(2);
    message next = {.kind = frame[0] & 15, .count = frame[1]};
    size_t head = 2;
    if (next.count == 126) {
      frame = need(head = 4);
      next.count = (size_t)frame[2] << 8 | frame[3];
    } else if (next.count == 127) {
      frame = need(head = 10);
      next.count = 0;
      for (int index = 2; index < 10; index++) next.count = next.count << 8 | frame[index];
    }
    next.text = (const char *)need(head + next.count) + head;
    begin += head + next.count;
    if (next.kind == 8) fail("the collector closed");
    if (next.kind != 9) return next;
    send_frame(10, next.text, next.count);
  }
}
#endif
