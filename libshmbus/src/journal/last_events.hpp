#pragma once

#include <cstdint>

#include "journal/journal_reader.hpp"

namespace shmbus::journal {

/// Finds where the last `count` events below number `before` begin: the numbers of aborted events count, those of gaps
/// and of missing or damaged events do not. `first` receives that number; where there are fewer events, the oldest one;
/// where there is none, `before`. Reads the newest segment files, as many as it takes, and moves the reader. Returns 0 or
/// an errno value.
int find_last_events(JournalReader& reader, std::uint64_t before, std::uint64_t count, std::uint64_t& first);

}  // namespace shmbus::journal
