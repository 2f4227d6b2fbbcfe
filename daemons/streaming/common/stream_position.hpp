#pragma once

#include <cstdint>

#include "common/stream_hash.hpp"

namespace streaming {

/// How far a service has come in the stream of watches. Sequences compare only within one incarnation of the bus and
/// the topic, so those belong to it.
struct StreamPosition {
  std::uint64_t bus = 0;       ///< incarnation
  std::uint64_t topic = 0;     ///< incarnation
  std::uint64_t first = 0;     ///< sequence of the first event handled; 0: none yet
  std::uint64_t sequence = 0;  ///< of the last event handled
  std::uint64_t handled = 0;
  std::uint64_t lost = 0;
  std::uint64_t unreadable = 0;  ///< events of the topic that hold no watch
  StreamHash hash{};             ///< over all that was handled
};

}  // namespace streaming
