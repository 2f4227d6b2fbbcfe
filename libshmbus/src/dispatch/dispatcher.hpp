#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "dispatch/handler_loop.hpp"

namespace shmbus::detail {

/// The worker threads of one subscription. Each subscription has threads of its own, so that a slow or hanging handler
/// delays no other.
class Dispatcher {
 public:
  /// Throws Error.
  Dispatcher(std::shared_ptr<HandlerLoop> loop, std::size_t workers);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Waits for the handlers that run. In a handler of this subscription, for those of its other workers alone: its own
  /// thread ends when that handler returns, and so does nothing where the handler called exit().
  ~Dispatcher();

  HandlerLoop& loop() const noexcept { return *loop_; }

 private:
  void end() noexcept;

  std::shared_ptr<HandlerLoop> loop_;
  std::vector<std::thread> threads_;
};

}  // namespace shmbus::detail
