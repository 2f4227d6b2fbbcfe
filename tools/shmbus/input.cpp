#include "input.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace shmbus::tool {

bool Input::read(std::string& to) {
  std::array<char, std::size_t{64} * 1024> piece;
  for (;;) {
    // A plain read would miss a signal that arrives just before it.
    std::array<pollfd, 2> fds{pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                              pollfd{.fd = stop_, .events = POLLIN, .revents = 0}};
    const int ready = ::poll(fds.data(), fds.size(), -1);
    if (ready >= 0 && fds[1].revents != 0) return false;
    const ssize_t size = ready < 0 ? -1 : ::read(STDIN_FILENO, piece.data(), piece.size());
    if (size >= 0) {
      to.append(piece.data(), static_cast<std::size_t>(size));
      return size > 0;
    }
    if (errno != EINTR && errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "standard input");
  }
}

}  // namespace shmbus::tool
