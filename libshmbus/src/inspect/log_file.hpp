#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/segment_file.hpp"

namespace shmbus::detail {

/// A topic's log file, opened for reading and checked.
class LogFile {
 public:
  /// The file must have `size` bytes, and its owner be accepted (layout::check_owner).
  LogFile(std::string name, std::string object, std::uint64_t size, std::vector<uid_t> owners);

  /// Returns the file, opened if it is not. Returns null where there is none. *Throws* Error where it is refused, or
  /// fails a check.
  const platform::SegmentFile* open();
  void close() noexcept { file_.reset(); }

 private:
  std::string name_;
  std::string object_;
  std::uint64_t size_;
  std::vector<uid_t> owners_;
  std::optional<platform::SegmentFile> file_;
};

}  // namespace shmbus::detail
