#pragma once

#include <atomic>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// A segment file that is used through its descriptor again and again, in a program that may close all descriptors it
/// does not know: then the file is opened again, by its name. Any thread.
class LastingFile {
 public:
  LastingFile(SegmentFile file, std::string name);
  LastingFile(const LastingFile&) = delete;
  LastingFile& operator=(const LastingFile&) = delete;
  ~LastingFile();

  /// The file, open. Where it can't be opened again, since the name leads elsewhere or we may not, the closed one:
  /// `is_open` tells. Lives as long as this object.
  SegmentFile& get() const noexcept;

 private:
  struct Opened {
    SegmentFile file;
    Opened* before;
  };

  std::string name_;
  mutable std::atomic<Opened*> last_;  // the others stay, for threads that still look at them
};

}  // namespace shmbus::platform
