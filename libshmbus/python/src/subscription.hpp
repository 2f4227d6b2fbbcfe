#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "event.hpp"
#include "python.hpp"
#include "shmbus/bus.hpp"
#include "type.hpp"

namespace shmbus::python {

/// A running handler of Python. Ends before the interpreter does: see stop_all.
class SubscriptionObject {
 public:
  static std::shared_ptr<SubscriptionObject> start(const std::shared_ptr<Bus>& bus, const std::string& pattern,
                                                   py::function handler, const DispatchOptions& options, Type type);
  explicit SubscriptionObject(Subscription subscription) : subscription_(std::move(subscription)) {}
  ~SubscriptionObject();

  bool stop(py::handle timeout);
  bool wait(py::handle timeout);
  const Subscription& get() const noexcept { return subscription_; }

 private:
  Subscription subscription_;
};

/// Ends all subscriptions of the process. Called when the interpreter ends: a worker could not return from a handler then.
void stop_all();

}  // namespace shmbus::python
