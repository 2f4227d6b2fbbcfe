#pragma once

#include <cerrno>

namespace shmbus::platform {

/// While it lives, descriptors 0 to 2 are taken: by the program, or, where it closed them, by one of ours that can
/// neither be read nor written. Leaves errno as it is.
class StandardStreamsTaken {
 public:
  StandardStreamsTaken() noexcept;
  StandardStreamsTaken(const StandardStreamsTaken&) = delete;
  StandardStreamsTaken& operator=(const StandardStreamsTaken&) = delete;
  ~StandardStreamsTaken();

 private:
  int placeholders_[3];
  int count_ = 0;
};

/// Moves a descriptor of ours above the standard streams. -1 and errno where that fails; the old one is closed then.
int move_above_standard_streams(int descriptor) noexcept;

/// Calls `open`, which opens one descriptor with close-on-exec and returns it, or -1 and errno; the result likewise.
/// Every descriptor of this library is opened by this function, and so is never 0, 1 or 2. In a program that closed its
/// standard streams it would else be one of them, and the program's next message would be written into it.
template <class Open>
int open_descriptor(Open open) noexcept {
  const StandardStreamsTaken taken;
  return move_above_standard_streams(open());  // another thread may have closed a stream a moment ago
}

}  // namespace shmbus::platform
