#pragma once

#include <cstdint>

namespace test {

/// A port of the loopback address for a server that is restarted at the same port. No other test takes it for as long as
/// this object lives, and no client does: it is no ephemeral port. Unlike a port that the system chose, it can be free for
/// a while.
class FreePort {
 public:
  FreePort();
  FreePort(FreePort&& other) noexcept;
  FreePort& operator=(FreePort&&) = delete;
  ~FreePort();

  std::uint16_t number() const noexcept { return number_; }

 private:
  std::uint16_t number_ = 0;
  int reservation_ = -1;  ///< an abstract socket of the port's number: the kernel ends it with the process
};

}  // namespace test
