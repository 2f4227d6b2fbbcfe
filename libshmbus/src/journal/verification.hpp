#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/recovery.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// What is wrong with a file.
struct FileRemark {
  std::string file{};
  std::string text{};
};

/// What a look at every byte of a journal found.
struct Verification {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0;
  std::uint64_t events = 0;
  std::uint64_t first = 0;       ///< the first number that it may hold; 0: it holds nothing
  std::uint64_t last = 0;        ///< the last number that a frame or damage names
  bool closed = false;           ///< the last file ends with a closing frame
  std::uint64_t tail_bytes = 0;  ///< behind the last frame: being written, or never synced; recovery cuts them
  std::vector<Damage> damage{};  ///< in the order of the journal
  std::vector<NumberRange> gaps{};
  std::vector<NumberRange> missing{};
  std::vector<FileRemark> remarks{};  ///< what is wrong and has cost no event

  /// Whether all that was recorded is there.
  bool whole() const noexcept { return damage.empty(); }
};

/// Reads and checks all files of a journal, and changes nothing. While a recorder is at work, a frame that it is writing
/// counts as tail. Returns 0 or an errno value.
int verify(Storage& storage, Verification& report);

}  // namespace shmbus::journal
