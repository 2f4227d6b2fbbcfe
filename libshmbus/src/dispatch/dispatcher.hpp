#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "dispatch/worker_loop.hpp"

namespace shmbus::detail {

/// The worker threads of one subscription. Each subscription has threads of its own, so that a slow or hanging handler
/// does not delay other subscriptions.
class Dispatcher {
 public:
  /// *Throws* Error.
  Dispatcher(std::shared_ptr<WorkerLoop> loop, std::size_t workers);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Waits for the handlers that run. When called inside a handler of this subscription, waits only for those of the
  /// other workers: the own thread ends when that handler returns. Where the handler called exit(), that thread does
  /// nothing more.
  ~Dispatcher();

  WorkerLoop& loop() const noexcept { return *loop_; }

 private:
  void end() noexcept;

  std::shared_ptr<WorkerLoop> loop_;
  std::vector<std::thread> threads_;
};

}  // namespace shmbus::detail
