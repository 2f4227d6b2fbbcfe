#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "shmbus/event.hpp"

#include "shmbus/header_begin.hpp"

namespace shmbus {

class Bus;

namespace detail {
class Dispatcher;
}

/// What `Bus::subscribe` calls for each event, on the subscription's own worker thread.
using Handler = std::function<void(const Event&)>;

/// A handler at work. Ends when destroyed: the handler call that runs is waited for, what is queued is not handled.
class Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

  /// Events handled so far, those whose handler threw included. Any thread.
  std::uint64_t handled() const noexcept;
  /// Handler calls that threw. Each is reported on standard error, at most once a second. Any thread.
  std::uint64_t handler_errors() const noexcept;
  /// Exactly how many events were missed so far. Any thread.
  std::uint64_t lost() const noexcept;

 private:
  friend class Bus;
  explicit Subscription(std::unique_ptr<detail::Dispatcher> dispatcher) noexcept;
  std::unique_ptr<detail::Dispatcher> dispatcher_;
};

}  // namespace shmbus

#include "shmbus/header_end.hpp"
