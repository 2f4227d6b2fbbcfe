#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace threads_log {

struct SeenEvent {
  std::uint64_t sequence;
  std::uint64_t publisher;
  std::uint64_t counter;
  std::uint64_t lost;  // the reader's total when the event was handed out
};

/// What one reader saw of the log, and what it counted as lost.
struct ReaderLedger {
  std::string who;
  bool reliable = false;
  bool finished = false;         // it read to the end
  std::uint64_t begin = 0;       // first sequence of its range
  std::uint64_t end = 0;         // sequence after the range
  std::uint64_t lost_first = 0;  // what it had counted as lost at its start
  std::uint64_t lost = 0;
  std::vector<SeenEvent> seen;
};

}  // namespace threads_log
