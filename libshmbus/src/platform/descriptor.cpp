#include "platform/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace shmbus::platform {

namespace {

constexpr int kStandardStreams = 3;

void close_quietly(int descriptor) noexcept {
  const int error = errno;
  ::close(descriptor);
  errno = error;
}

}  // namespace

StandardStreamsTaken::StandardStreamsTaken() noexcept {
  const int error = errno;
  for (int stream = 0; stream < kStandardStreams; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // O_PATH: writes of the program to its closed stream still fail, as before.
    const int placeholder = ::open("/", O_PATH | O_CLOEXEC);
    if (placeholder < 0) break;
    if (placeholder >= kStandardStreams) {  // another thread opened 0 to 2 first
      ::close(placeholder);
      continue;
    }
    placeholders_[count_++] = placeholder;
  }
  errno = error;
}

StandardStreamsTaken::~StandardStreamsTaken() {
  while (count_ > 0) close_quietly(placeholders_[--count_]);
}

int move_above_standard_streams(int descriptor) noexcept {
  if (descriptor < 0 || descriptor >= kStandardStreams) return descriptor;
  const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kStandardStreams);
  close_quietly(descriptor);
  return moved;
}

}  // namespace shmbus::platform
