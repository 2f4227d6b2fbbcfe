#include "dispatch/dispatcher.hpp"

#include "platform/quiet_thread.hpp"

namespace shmbus::detail {

Dispatcher::Dispatcher(std::shared_ptr<WorkerLoop> loop, std::size_t workers) : loop_(std::move(loop)) {
  try {
    threads_.reserve(workers);
    while (threads_.size() < workers) {
      threads_.push_back(platform::start_quiet_thread("a subscription's worker", [shared = loop_] { shared->run(); }));
    }
  } catch (...) {
    for (std::size_t i = threads_.size(); i < workers; ++i) loop_->give_up();
    end();
    throw;
  }
}

Dispatcher::~Dispatcher() {
  if (loop_->forked()) {
    // The child has none of these threads, only their handles. The handles must not be destroyed.
    new std::vector<std::thread>(std::move(threads_));
    return;
  }
  end();
}

/// Ends the threads that were started.
void Dispatcher::end() noexcept {
  loop_->end();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
  }
}

}  // namespace shmbus::detail
