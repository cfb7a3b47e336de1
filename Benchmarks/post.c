/* Posts NDJSON as fast as it is taken: one thread a connection, keep-alive, the next POST after the answer to the one before.
 *
 *   post PORT RUN CONNECTIONS POSTS LINES LINE_BYTES RATE
 *
 * POSTS of LINES lines on each connection; LINE_BYTES includes the newline; RATE lines a second over all connections, 0: as fast
 * as they are taken. Prints "seconds S cpu C accepted A": wall time from
 * the first byte to the last answer, this program's CPU time, lines that the answers call accepted. Any answer but
 * "202, all accepted" ends it with 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  int number, descriptor;
  long accepted;
} connection;

static int port, posts, lines, line_bytes;
static double seconds_per_post; /* on one connection; 0: no pause */
static const char *run_id;

static void fail(const char *what) {
  fprintf(stderr, "post: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Head and body of one POST, made once: only digits of the frame change. */
typedef struct {
  char *bytes;
  size_t count;
  char **frames; /* where each line's ten digits are */
} request;

static request make_request(int connection_number) {
  const char *begin =
      "{\"v\":1,\"runId\":\"%s\",\"sourceId\":\"post-%d\",\"channel\":\"physics\",\"type\":\"body.state\",\"frameIndex\":";
  const char *payload =
      ",\"simTime\":12.345678,\"wallTimeMs\":1760000000000,\"payload\":{\"pos\":{\"x\":1.5,\"y\":-0.25,\"z\":3.14159265},"
      "\"vel\":{\"x\":0.001,\"y\":22.75,\"z\":-9.81},\"rot\":{\"qx\":0.1,\"qy\":0.2,\"qz\":0.3,\"qw\":0.927},"
      "\"omega\":{\"x\":1e-3,\"y\":2.5,\"z\":-3.75},\"gear\":3,\"abs\":true,\"note\":\"";
  request made = {.frames = calloc((size_t)lines, sizeof(char *))};
  size_t body = (size_t)lines * (size_t)line_bytes;
  made.bytes = malloc(body + 512);
  made.count = (size_t)sprintf(
      made.bytes,
      "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n", body);
  for (int index = 0; index < lines; index++) {
    char *line = made.bytes + made.count;
    int used = sprintf(line, begin, run_id, connection_number);
    made.frames[index] = line + used;
    used += sprintf(line + used, "1000000000");
    used += sprintf(line + used, "%s", payload);
    int rest = line_bytes - used - 4; /* "}}\n and the quote */
    if (rest < 0) fail("LINE_BYTES is too small");
    memset(line + used, 'x', (size_t)rest);
    memcpy(line + used + rest, "\"}}\n", 4);
    made.count += (size_t)line_bytes;
  }
  return made;
}

static void write_frame(char *digits, unsigned frame) {
  for (int index = 9; index > 0; index--) {
    digits[index] = (char)('0' + frame % 10);
    frame /= 10;
  }
}

static void send_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) fail("the connection broke");
    bytes += sent;
    count -= (size_t)sent;
  }
}

/* Reads one answer; the lines that it calls accepted. */
static long read_answer(int descriptor) {
  char answer[4096];
  size_t count = 0;
  for (;;) {
    ssize_t got = recv(descriptor, answer + count, sizeof answer - 1 - count, 0);
    if (got <= 0) fail("no answer");
    count += (size_t)got;
    answer[count] = 0;
    char *end = strstr(answer, "\r\n\r\n");
    if (!end) continue;
    char *length = strcasestr(answer, "content-length:");
    if (!length) fail("an answer without a length");
    if (count < (size_t)(end + 4 - answer) + strtoul(length + 15, NULL, 10)) continue;
    char *accepted = strstr(end, "\"accepted\":");
    if (strncmp(answer, "HTTP/1.1 202", 12) != 0 || !accepted) fail(answer);
    return strtol(accepted + 11, NULL, 10);
  }
}

static void *work(void *context) {
  connection *mine = context;
  request each = make_request(mine->number);
  unsigned frame = 0;
  const double begin = now();
  for (int index = 0; index < posts; index++) {
    const double early = begin + index * seconds_per_post - now();
    if (early > 0) usleep((useconds_t)(early * 1e6));
    for (int line = 0; line < lines; line++) write_frame(each.frames[line], frame++);
    send_all(mine->descriptor, each.bytes, each.count);
    long accepted = read_answer(mine->descriptor);
    if (accepted != lines) fail("not all lines were accepted");
    mine->accepted += accepted;
  }
  close(mine->descriptor);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 8) fail("usage: post PORT RUN CONNECTIONS POSTS LINES LINE_BYTES RATE");
  port = atoi(arguments[1]);
  run_id = arguments[2];
  int connections = atoi(arguments[3]);
  posts = atoi(arguments[4]);
  lines = atoi(arguments[5]);
  line_bytes = atoi(arguments[6]);
  if (connections < 1 || connections > 64) fail("1 to 64 connections");
  const double rate = atof(arguments[7]);
  if (rate > 0) seconds_per_post = connections * lines / rate;
  connection all[64] = {0};
  pthread_t threads[64];
  for (int index = 0; index < connections; index++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect");
    all[index] = (connection){.number = index, .descriptor = descriptor};
  }
  double begin = now();
  for (int index = 0; index < connections; index++) pthread_create(&threads[index], NULL, work, &all[index]);
  long accepted = 0;
  for (int index = 0; index < connections; index++) {
    pthread_join(threads[index], NULL);
    accepted += all[index].accepted;
  }
  double seconds = now() - begin;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("seconds %.6f cpu %.6f accepted %ld\n", seconds, cpu, accepted);
  return 0;
}
