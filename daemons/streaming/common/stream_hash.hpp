#pragma once

#include <cstdint>

#include "common/events.hpp"

namespace streaming {

/// A number that depends on every watch of a stream and on their order. Two services with the same number have seen the
/// same events.
class StreamHash {
 public:
  StreamHash() = default;
  explicit StreamHash(std::uint64_t value) : value_(value) {}

  void add(std::uint64_t sequence, const WatchStarted& watch) {
    mix(sequence);
    mix(watch.user);
    mix(watch.video);
    mix(static_cast<std::uint64_t>(watch.time));
  }

  std::uint64_t value() const { return value_; }

 private:
  // Each step is a bijection of the old value and none commutes with the next, so that order matters.
  void mix(std::uint64_t word) {
    value_ = (value_ ^ word) * 0x9e3779b97f4a7c15u;
    value_ ^= value_ >> 29;
  }

  std::uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace streaming
