#include "shmbus/detail/thread_check.hpp"

#include <cstdio>
#include <cstdlib>

namespace shmbus {

void detail::two_threads_at_once() noexcept {
  std::fputs(
      "shmbus: a Publisher or Subscriber is used by two threads at once, or a Subscriber inside its own "
      "handler; give each thread its own\n",
      stderr);
  std::abort();
}

}  // namespace shmbus
