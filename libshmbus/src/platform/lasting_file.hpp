#pragma once

#include <atomic>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// A segment file whose descriptor is used again and again. A program may close all descriptors that it does not know;
/// the file is then opened again by its name. Any thread.
class LastingFile {
 public:
  LastingFile(SegmentFile file, std::string name);
  LastingFile(const LastingFile&) = delete;
  LastingFile& operator=(const LastingFile&) = delete;
  ~LastingFile();

  /// Returns the open file. Where it was closed and can't be opened again (its name leads to another file, or the right
  /// is missing), returns the closed one: check `is_open`. The reference is valid for as long as this object.
  SegmentFile& get() const noexcept;

 private:
  struct Opened {
    SegmentFile file;
    Opened* before;
  };

  std::string name_;
  mutable std::atomic<Opened*> last_;  // earlier ones stay: other threads may still use them
};

}  // namespace shmbus::platform
