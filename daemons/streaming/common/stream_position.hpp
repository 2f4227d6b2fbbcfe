#pragma once

#include <cstdint>

#include <shmbus/event_id.hpp>

#include "common/state_database.hpp"
#include "common/stream_hash.hpp"

namespace streaming {

/// How far a service has come in the stream of watches.
struct StreamPosition {
  shmbus::EventId last{};   ///< the last event handled; its sequence is 0: none yet
  std::uint64_t first = 0;  ///< sequence of the first event handled; 0: none yet
  std::uint64_t handled = 0;
  std::uint64_t lost = 0;
  std::uint64_t unreadable = 0;  ///< events of the topic that hold no watch
  StreamHash hash{};             ///< over all that was handled
};

/// The position as it is in the database: a table of one row.
class PositionTable {
 public:
  explicit PositionTable(StateDatabase& state);

  /// Throws StateError.
  StreamPosition load();
  void save(const StreamPosition& position);

 private:
  StateDatabase& state_;
  Statement load_;
  Statement save_;
};

}  // namespace streaming
