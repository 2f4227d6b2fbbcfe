#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "shmbus/batch_result.hpp"
#include "shmbus/detail/claim.hpp"
#include "shmbus/detail/payloads.hpp"
#include "shmbus/detail/publish_path.hpp"
#include "shmbus/detail/saturated.hpp"
#include "shmbus/detail/thread_check.hpp"
#include "shmbus/journal.hpp"
#include "shmbus/loan.hpp"
#include "shmbus/publish_options.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/status.hpp"
#include "shmbus/timeout.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/type_info.hpp"
#include "shmbus/typed_loan.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Bus;

namespace detail {
class DeadLetters;
class PublisherCore;
}

/// Publishes to one topic. Movable; only one thread at a time may use it. Never throws after construction. A Publisher
/// that was moved from publishes nothing and returns `closed`.
class [[nodiscard]] Publisher {
 public:
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();

  /// Publishes a copy of the bytes. Waits while a reliable subscriber holds the ring back, without limit unless that
  /// subscriber has `demote_after`. Returns `back_pressured` if the bus is interrupted, or if a handler that runs on
  /// this same thread holds the ring back.
  PublishResult publish(std::span<const std::byte> payload) noexcept;
  PublishResult publish(std::string_view text) noexcept { return publish(bytes(text)); }

  /// The same with options: how long to wait at most, and what travels with the event beside its payload.
  PublishResult publish(std::span<const std::byte> payload, const PublishOptions& options) noexcept;
  PublishResult publish(std::string_view text, const PublishOptions& options) noexcept {
    return publish(bytes(text), options);
  }

  /// Publishes bytes or text, but waits at most `timeout`, any duration, then returns `back_pressured`.
  template <class Payload>
  PublishResult publish_for(Timeout timeout, const Payload& payload) noexcept {
    return publish(payload, PublishOptions{.timeout = timeout});
  }

  /// The same, but never waits.
  [[nodiscard]] PublishResult try_publish(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] PublishResult try_publish(std::string_view text) noexcept { return try_publish(bytes(text)); }

  /// Publishes copies of all payloads, in order. This is quicker than one by one: up to 256 events, or 64 KiB, get
  /// their place in the log at once, and share one time stamp, taken at that moment. Events of other publishers may
  /// come between such groups, and where a block ends. Subscribers see a group's first events while the last are being
  /// written. `sequences`, if not empty, receives the sequences of the first events, as many as it has room for.
  ///
  /// Stops at the first event that can't be published, for example one that is too large: the events before it stay
  /// published, and the result holds how many. Waits as `publish` does, also between two events.
  BatchResult publish_all(std::span<const std::span<const std::byte>> payloads,
                          std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(payloads), sequences, kForever);
  }
  BatchResult publish_all(std::span<const std::string_view> texts, std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(texts), sequences, kForever);
  }

  /// The same, but waits at most `timeout` in all, then returns `back_pressured`.
  template <class Rep, class Period>
  BatchResult publish_all_for(std::chrono::duration<Rep, Period> timeout,
                              std::span<const std::span<const std::byte>> payloads,
                              std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(payloads), sequences, detail::saturated(timeout));
  }
  template <class Rep, class Period>
  BatchResult publish_all_for(std::chrono::duration<Rep, Period> timeout, std::span<const std::string_view> texts,
                              std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(texts), sequences, detail::saturated(timeout));
  }

  /// The same, but never waits.
  [[nodiscard]] BatchResult try_publish_all(std::span<const std::span<const std::byte>> payloads,
                                            std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(payloads), sequences, kNever);
  }
  [[nodiscard]] BatchResult try_publish_all(std::span<const std::string_view> texts,
                                            std::span<std::uint64_t> sequences = {}) noexcept {
    return publish_all(detail::Payloads(texts), sequences, kNever);
  }

  /// Loans room for `size` bytes, to write in place. Waits as `publish` does. A publisher has one open loan at a time:
  /// until it is committed or aborted, publishing and loaning return `loan_open`. The Publisher must outlive the loan,
  /// so a temporary Publisher can't loan.
  Loan loan(std::size_t size) & noexcept { return loan(size, nullptr, Timeout::unlimited()); }
  Loan loan(std::size_t size) && = delete;
  /// The same with options; what travels with the event is copied before this returns.
  Loan loan(std::size_t size, const PublishOptions& options) & noexcept {
    return loan(size, &options, options.timeout);
  }
  Loan loan(std::size_t size, const PublishOptions& options) && = delete;
  /// The same, but never waits.
  Loan try_loan(std::size_t size) & noexcept { return loan(size, nullptr, std::chrono::nanoseconds::zero()); }
  Loan try_loan(std::size_t size) && = delete;

  /// Whether event `sequence` of the topic is durable: it survives what the topic's Journal promises. Any publisher of the
  /// topic may ask about any event.
  bool durable(std::uint64_t sequence) const noexcept;
  /// Waits for that. Returns `ok`; `timed_out`; `journal_failed` as soon as the journal can't be written, `not_recorded`
  /// where the event is missing there or the topic has no journal; `closed` once the bus or topic was removed, or the bus
  /// interrupted. Events are recorded in order, so all before it are durable, too, except missing ones.
  Status wait_durable(std::uint64_t sequence, Timeout timeout = Timeout::unlimited()) const noexcept;
  /// How far the journal is; zeros where the topic has none.
  JournalProgress journal() const noexcept;

  /// Returns the topic's description; without a name once this Publisher was moved from.
  const TopicInfo& topic() const noexcept;

 private:
  friend class Bus;
  friend class detail::DeadLetters;
  explicit Publisher(std::unique_ptr<detail::PublisherCore> core) noexcept;

  static std::span<const std::byte> bytes(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }
  /// Waits until there is room, then publishes.
  PublishResult publish_slowly(std::span<const std::byte> payload) noexcept;
  Loan loan(std::size_t size, const PublishOptions* options, Timeout timeout) noexcept;

  template <Publishable T>
  friend class TypedPublisher;
  static constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();
  static constexpr std::chrono::nanoseconds kNever = std::chrono::nanoseconds::min();
  BatchResult publish_all(const detail::Payloads& payloads, std::span<std::uint64_t> sequences,
                          std::chrono::nanoseconds timeout) noexcept;

  detail::PublishPath* path_;  // in the core; here so that the hot path is one step away
  std::unique_ptr<detail::PublisherCore> core_;
  detail::ThreadCheck check_;
};

inline PublishResult Publisher::try_publish(std::span<const std::byte> payload) noexcept {
  const auto use = check_.enter();
  return path_->publish(payload);
}

inline PublishResult Publisher::publish(std::span<const std::byte> payload) noexcept {
  const PublishResult result = try_publish(payload);
  if (result.status() != Status::back_pressured) [[likely]]
    return result;
  return publish_slowly(payload);
}

/// Publishes values of one type to a topic that carries that type. Otherwise like a Publisher.
template <Publishable T>
class [[nodiscard]] TypedPublisher {
 public:
  explicit TypedPublisher(Publisher publisher) noexcept : publisher_(std::move(publisher)) {}

  PublishResult publish(const T& value) noexcept { return publisher_.publish(bytes(value)); }
  PublishResult publish(const T& value, const PublishOptions& options) noexcept {
    return publisher_.publish(bytes(value), options);
  }
  PublishResult publish_for(Timeout timeout, const T& value) noexcept {
    return publisher_.publish_for(timeout, bytes(value));
  }
  [[nodiscard]] PublishResult try_publish(const T& value) noexcept { return publisher_.try_publish(bytes(value)); }

  /// Publishes all values, in order; see Publisher::publish_all.
  BatchResult publish_all(std::span<const T> values, std::span<std::uint64_t> sequences = {}) noexcept {
    return publisher_.publish_all(payloads(values), sequences, Publisher::kForever);
  }
  template <class Rep, class Period>
  BatchResult publish_all_for(std::chrono::duration<Rep, Period> timeout, std::span<const T> values,
                              std::span<std::uint64_t> sequences = {}) noexcept {
    return publisher_.publish_all(payloads(values), sequences, detail::saturated(timeout));
  }
  [[nodiscard]] BatchResult try_publish_all(std::span<const T> values,
                                            std::span<std::uint64_t> sequences = {}) noexcept {
    return publisher_.publish_all(payloads(values), sequences, Publisher::kNever);
  }

  /// Loans room for one value, to write in place: `if (auto loan = publisher.loan()) { loan->x = 1; loan.commit(); }`.
  /// Waits as `publish` does; see Publisher::loan.
  TypedLoan<T> loan() & noexcept { return TypedLoan<T>(publisher_.loan(sizeof(T))); }
  TypedLoan<T> loan() && = delete;
  TypedLoan<T> loan(const PublishOptions& options) & noexcept {
    return TypedLoan<T>(publisher_.loan(sizeof(T), options));
  }
  TypedLoan<T> loan(const PublishOptions& options) && = delete;
  /// The same, but never waits.
  TypedLoan<T> try_loan() & noexcept { return TypedLoan<T>(publisher_.try_loan(sizeof(T))); }
  TypedLoan<T> try_loan() && = delete;

  /// As those of Publisher.
  bool durable(std::uint64_t sequence) const noexcept { return publisher_.durable(sequence); }
  Status wait_durable(std::uint64_t sequence, Timeout timeout = Timeout::unlimited()) const noexcept {
    return publisher_.wait_durable(sequence, timeout);
  }
  JournalProgress journal() const noexcept { return publisher_.journal(); }

  const TopicInfo& topic() const noexcept { return publisher_.topic(); }

 private:
  static std::span<const std::byte> bytes(const T& value) noexcept { return std::as_bytes(std::span{&value, 1}); }
  static detail::Payloads payloads(std::span<const T> values) noexcept {
    return {values.data(), sizeof(T), values.size()};
  }
  Publisher publisher_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
