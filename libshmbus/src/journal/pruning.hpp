#pragma once

#include <cstdint>
#include <optional>

#include "journal/journal_writer.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// What pruning removes. The oldest file goes while one of these holds for it.
struct Pruning {
  std::uint64_t before = 0;                ///< all its numbers are below this one; 0: no such limit
  std::optional<std::int64_t> older_than;  ///< all times of its events, and of those before, are below; nanoseconds
  std::optional<std::uint64_t> bytes;      ///< all files together are larger
};

/// Removes the oldest files of a journal, never the last one. *Requires* the journal's lock, unless it only looks. Returns
/// 0 or an errno value; `removed` then says what was done before.
int prune(Storage& storage, const Pruning& pruning, bool only_look, Removed& removed);

}  // namespace shmbus::journal
