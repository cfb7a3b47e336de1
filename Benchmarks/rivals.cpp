// What the same event costs with other ways to get it out of an engine, for comparison with emit.cpp.
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

#include "rival.h"

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
#define WITH_BOOST 1
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
#define WITH_MOODYCAMEL 1
#endif
#if __has_include(<spdlog/async.h>)
#define FMT_HEADER_ONLY 1
#include <spdlog/async.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#define WITH_SPDLOG 1
#endif

namespace {

#ifdef WITH_BOOST
using Queue = boost::lockfree::spsc_queue<Record, boost::lockfree::capacity<events + 4096>>;
std::unique_ptr<Queue> queue;
/// Its memory touched once, as that of a ring is.
void make_queue() {
  queue = std::make_unique<Queue>();
  while (queue->push(event)) {}
  queue->consume_all([](const Record &) {});
}
#endif

#ifdef WITH_MOODYCAMEL
std::unique_ptr<moodycamel::ReaderWriterQueue<Record>> other_queue;
void make_other_queue() {
  other_queue = std::make_unique<moodycamel::ReaderWriterQueue<Record>>(events + 4096);
  while (other_queue->try_enqueue(event)) {}
  while (other_queue->pop()) {}
}
#endif

#ifdef WITH_SPDLOG
std::shared_ptr<spdlog::logger> logger;
void start_logger() {
  spdlog::init_thread_pool(1 << 16, 1); // more than events
  logger = spdlog::create_async<spdlog::sinks::null_sink_mt>("bench");
}
void stop_logger() {
  logger.reset();
  spdlog::shutdown();
}
#endif

FILE *file;
void open_file() {
  const char *folder = std::getenv("TELTEL_SHM_DIR");
  char path[512];
  std::snprintf(path, sizeof path, "%s/rival", folder ? folder : "/dev/shm");
  file = std::fopen(path, "wb");
  if (!file) std::exit((std::perror(path), 1));
  unlink(path);
}
void close_file() { std::fclose(file); }

/// Datagrams to a thread that takes them.
int sockets[2];
std::thread taker;
void open_sockets() {
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets)) std::exit((std::perror("socketpair"), 1));
  taker = std::thread([] {
    std::vector<char> room(4096);
    while (recv(sockets[1], room.data(), room.size(), 0) > 0) {}
  });
}
void close_sockets() {
  shutdown(sockets[1], SHUT_RDWR);
  taker.join();
  close(sockets[0]);
  close(sockets[1]);
}

int print(char *text, std::size_t size, std::uint64_t i) {
  const double *v = event.sample.value;
  return std::snprintf(text, size,
                       "{\"frame\":%llu,\"time\":%.17g,\"a\":%.17g,\"b\":%.17g,\"c\":%.17g,\"d\":%.17g,\"e\":%.17g,\"f\":%.17g,"
                       "\"g\":%.17g,\"h\":%.17g,\"i\":%.17g,\"j\":%.17g,\"k\":%.17g,\"l\":%.17g}\n",
                       static_cast<unsigned long long>(i), 0.5, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10],
                       v[11]);
}

const Way ways[] = {
  {"loop", nothing, [](std::uint64_t n) { repeat(n, [](std::uint64_t) {}); }, nothing},
#ifdef WITH_BOOST
  {"boost", make_queue,
   [](std::uint64_t n) { repeat(n, [](std::uint64_t) { queue->push(event); }); }, [] { queue.reset(); }},
#endif
#ifdef WITH_MOODYCAMEL
  {"moodycamel", make_other_queue, [](std::uint64_t n) { repeat(n, [](std::uint64_t) { other_queue->try_enqueue(event); }); },
   [] { other_queue.reset(); }},
#endif
#ifdef WITH_SPDLOG
  {"spdlog", start_logger,
   [](std::uint64_t n) { repeat(n, [](std::uint64_t i) { logger->info("{} {} {}", i, 0.5, event.sample.value[0]); }); }, stop_logger},
#endif
  {"fwrite", open_file, [](std::uint64_t n) { repeat(n, [](std::uint64_t) { std::fwrite(&event, sizeof event, 1, file); }); },
   close_file},
  {"datagram", open_sockets,
   [](std::uint64_t n) { repeat(n, [](std::uint64_t) { (void)!send(sockets[0], &event, sizeof event, 0); }); }, close_sockets},
  {"print", nothing,
   [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i) {
       char text[1024];
       print(text, sizeof text, i);
     });
   },
   nothing},
  {"json", open_sockets,
   [](std::uint64_t n) {
     repeat(n, [](std::uint64_t i) {
       char text[1024];
       const int size = print(text, sizeof text, i);
       (void)!send(sockets[0], text, static_cast<std::size_t>(size), 0);
     });
   },
   close_sockets},
};

} // namespace

int main(int argc, char **argv) { return run_ways(ways, argc, argv); }
