#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "shmbus/event.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/type_info.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// A handler of a typed subscriber: `handler(const T&)` or `handler(const T&, const Event&)`.
template <class Handler, class T>
concept TypedHandler = std::invocable<Handler&, const T&, const Event&> || std::invocable<Handler&, const T&>;

namespace detail {

/// Counts an event that is not a T in its subscriber's port, and reports it on standard error, at most once per second.
void skip_mismatched(const Event& event, const TypeInfo& expected) noexcept;

/// Hands an event to the handler as a T. Returns false for an event that is not a T: it is counted and not handed out.
template <class T, class Handler>
bool hand_out(Handler& handler, const Event& event) {
  const T* value = event.as<T>();
  if (value == nullptr) [[unlikely]] {
    skip_mismatched(event, type_info<T>);
    return false;
  }
  if constexpr (std::invocable<Handler&, const T&, const Event&>)
    handler(*value, event);
  else
    handler(*value);
  return true;
}

}  // namespace detail

/// Reads values of one type. Like a Subscriber, it is movable, and only one thread at a time may use it.
template <Publishable T>
class [[nodiscard]] TypedSubscriber {
 public:
  /// Takes a subscriber whose topics' types were not checked.
  explicit TypedSubscriber(Subscriber subscriber) noexcept : subscriber_(std::move(subscriber)) {}

  /// Takes up to `limit` events, hands each that is a T to the handler, in place and in sequence order within each
  /// topic, and returns how many it took. An event of another type is counted in `mismatched()`, reported on standard
  /// error at most once per second, and skipped. Never waits.
  template <TypedHandler<T> Handler>
  std::size_t poll(Handler&& handler, std::size_t limit = 256) {
    return subscriber_.poll([&](const Event& event) { mismatched_ += detail::hand_out<T>(handler, event) ? 0 : 1; },
                            limit);
  }

  /// Returns how many events were skipped because they are not a T. They count as delivered, not as lost.
  std::uint64_t mismatched() const noexcept { return mismatched_; }

  // The same as in Subscriber.
  bool acknowledge(const Event& event) { return subscriber_.acknowledge(event); }
  bool standing_by() const noexcept { return subscriber_.standing_by(); }
  bool wait() { return subscriber_.wait(); }
  template <class Rep, class Period>
  bool wait(std::chrono::duration<Rep, Period> timeout) {
    return subscriber_.wait(timeout);
  }
  void interrupt() noexcept { subscriber_.interrupt(); }
  std::uint64_t lost() const noexcept { return subscriber_.lost(); }
  std::uint64_t delivered() const noexcept { return subscriber_.delivered(); }
  std::size_t topics() const noexcept { return subscriber_.topics(); }
  Status status() const noexcept { return subscriber_.status(); }
  bool demoted() const noexcept { return subscriber_.demoted(); }
  int fd() { return subscriber_.fd(); }
  std::string_view pattern() const noexcept { return subscriber_.pattern(); }

 private:
  Subscriber subscriber_;
  std::uint64_t mismatched_ = 0;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
