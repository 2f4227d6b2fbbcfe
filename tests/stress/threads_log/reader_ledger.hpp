#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace threads_log {

struct SeenEvent {
  std::uint64_t sequence;
  std::uint64_t publisher;
  std::uint64_t counter;
  std::uint64_t lost;  // in all, when it was handed out
};

/// What one reader saw of the log, and what it counted as lost.
struct ReaderLedger {
  std::string who;
  bool reliable = false;
  bool finished = false;         // it read to the end
  std::uint64_t begin = 0;       // sequence of its stretch
  std::uint64_t end = 0;         // sequence after it
  std::uint64_t lost_first = 0;  // when it took its place
  std::uint64_t lost = 0;
  std::vector<SeenEvent> seen;
};

}  // namespace threads_log
