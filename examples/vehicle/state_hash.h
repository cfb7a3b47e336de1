// A hash over the raw bits of every computed value, per event type: equal hashes mean equal runs, to the last bit.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "telemetry.h"

class StateHash {
 public:
  void add(const FrameState &state) {
    mix(body_, &state.body, sizeof state.body);
    for (const teltel_wheel_force &wheel : state.wheels) mix(wheel_, &wheel, sizeof wheel);
    frames_++;
  }
  void print() const {
    std::printf("body.state   events %" PRIu64 " hash %016" PRIx64 "\n", frames_, body_);
    std::printf("wheel.force  events %" PRIu64 " hash %016" PRIx64 "\n", frames_ * Car::wheel_count, wheel_);
    std::uint64_t all = body_;
    mix(all, &wheel_, sizeof wheel_);
    std::printf("state hash   %016" PRIx64 "\n", all);
  }

 private:
  /// FNV-1a. The structs have no padding, so their bytes are their values.
  static void mix(std::uint64_t &hash, const void *values, std::size_t size) {
    const unsigned char *bytes = static_cast<const unsigned char *>(values);
    for (std::size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  }
  static constexpr std::uint64_t start = 14695981039346656037u;
  std::uint64_t body_ = start, wheel_ = start, frames_ = 0;
};
