#pragma once

#include <cerrno>

namespace shmbus::platform {

/// Keeps descriptors 0 to 2 occupied for its lifetime: by the program's streams or, where the program closed one, by a
/// placeholder that can neither be read nor written. Preserves errno.
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

/// Moves a descriptor of this library above the standard streams. Where that fails, closes it, sets errno and returns
/// -1.
int move_above_standard_streams(int descriptor) noexcept;

/// Calls `open`, which opens one descriptor with close-on-exec and returns it, or sets errno and returns -1; this
/// function returns the same. The library opens every descriptor here, so that none is 0, 1 or 2: in a program that
/// closed its standard streams, the program's next message would be written into our file.
template <class Open>
int open_descriptor(Open open) noexcept {
  const StandardStreamsTaken taken;
  return move_above_standard_streams(open());  // another thread may have just closed a stream
}

}  // namespace shmbus::platform
