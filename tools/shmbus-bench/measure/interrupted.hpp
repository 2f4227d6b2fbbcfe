#pragma once

#include <exception>

namespace shmbus::measure {

/// SIGINT, SIGTERM or SIGHUP came. Nothing but `main` catches it: on the way there all that was made is cleaned up.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) noexcept : signal_(signal) {}
  int signal() const noexcept { return signal_; }
  const char* what() const noexcept override { return "interrupted by a signal"; }

 private:
  int signal_;
};

}  // namespace shmbus::measure
