#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/detail/event_record.hpp"
#include "shmbus/detail/handler_scope.hpp"
#include "shmbus/event_headers.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/options.hpp"
#include "shmbus/publishable.hpp"
#include "shmbus/trace_context.hpp"
#include "shmbus/type_info.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Event;
class RetainedEvent;

namespace detail {

class GroupLoop;
class GroupTopic;
class HandlerLoop;
class TopicReader;
class WorkerLoop;
class WorkQueue;
void skip_mismatched(const Event& event, const TypeInfo& expected) noexcept;

/// What all events of one topic share, for one subscriber. Exists for as long as the subscriber or any retained event.
struct EventSource {
  std::string topic;
  EventOrigin origin{};
  const std::atomic<std::uint64_t>* type_hash = nullptr;  ///< in the control segment; set once. See TypeInfo::hash
};

}  // namespace detail

/// One event, read in place. Valid only inside the handler that gets it, on that thread; use `retain()` to keep it
/// longer.
class Event {
 public:
  /// Returns the topic's name, which is the event's type: "video.watch_started".
  std::string_view topic() const noexcept { return source_->topic; }

  /// Returns the topic-wide number, from 1; never reused.
  std::uint64_t sequence() const noexcept { return record_.sequence; }

  /// Returns when it was published, by the system clock, within 1 ms. Returns the epoch (1970) where the topic has no
  /// time stamps.
  Time time() const noexcept;

  /// Returns an id that is unique among all events of the machine.
  EventId id() const noexcept { return {source_->origin.bus, source_->origin.topic, record_.sequence}; }

  /// Returns the number of the publisher's port in the topic, 0 to 63. `Inspector` shows which process holds the port.
  unsigned publisher() const noexcept { return record_.port; }

  /// Returns the bytes as published, aligned to 8 bytes or to the topic's type.
  std::span<const std::byte> payload() const noexcept { return {record_.payload, record_.size}; }

  /// Returns the payload as characters.
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(record_.payload), record_.size}; }

  /// Returns the payload as a T; null where the topic's recorded type is not T, or size or alignment do not fit. A
  /// program that can't use events of another type should use `Bus::subscriber<T>` or `Bus::subscribe<T>`, which report
  /// them.
  template <Publishable T>
  const T* as() const noexcept {
    if (record_.size != sizeof(T) || source_->type_hash->load(std::memory_order_acquire) != type_hash<T>)
      return nullptr;
    // Payloads are always aligned to 8 bytes; a larger alignment depends on the topic's records.
    if constexpr (alignof(T) > 8) {
      if (reinterpret_cast<std::uintptr_t>(record_.payload) % alignof(T) != 0) return nullptr;
    }
    return reinterpret_cast<const T*>(record_.payload);
  }

  /// Returns whether the payload is a value of a type that is known only at run time: by its `TypeInfo::hash` and its size.
  bool is(std::uint64_t type_hash, std::size_t size) const noexcept {
    return record_.size == size && source_->type_hash->load(std::memory_order_acquire) == type_hash;
  }

  /// The publisher's trace context, or null if it gave none. As all that an event returns, it is valid for as long as
  /// the event.
  const TraceContext* trace() const noexcept;

  /// The event whose handler published this one: on that thread a handler ran, or a Scope was set. Nothing for an event
  /// that was published outside of handlers, or through a bus with `BusOptions::causes` off.
  std::optional<EventId> cause() const noexcept;

  /// The publisher's headers, in its order; see PublishOptions.
  EventHeaders headers() const noexcept;

  /// The value of the first header of that name.
  std::optional<std::string_view> header(std::string_view name) const noexcept;

  /// The publisher's key; empty if it gave none.
  std::string_view key() const noexcept;

  /// Returns an owner that keeps the event after the handler has returned, on any thread. It keeps the block pinned. It
  /// holds a copy instead when the subscriber's pins (eight blocks per topic) are used up, or the topic reserved its
  /// memory. An event that is retained, or of a Lease, may be retained again, on any thread; it is copied where it is a copy.
  /// May allocate.
  RetainedEvent retain() const;

 private:
  friend class RetainedEvent;
  friend class Scope;
  friend class Subscriber;
  friend class detail::GroupLoop;
  friend class detail::GroupTopic;
  friend class detail::HandlerLoop;
  friend class detail::WorkerLoop;
  friend class detail::WorkQueue;
  friend void detail::skip_mismatched(const Event& event, const TypeInfo& expected) noexcept;
  Event(const detail::EventSource* source, detail::TopicReader* reader, const detail::EventRecord& record) noexcept
      : source_(source), reader_(reader), record_(record) {}
  /// As `retain`, unless that needs a copy of more than `limit` bytes. `copied` is set to the bytes it copied.
  std::optional<RetainedEvent> retain_within(std::size_t limit, std::size_t& copied) const;
  static Event nothing() noexcept;

  const detail::EventSource* source_;
  detail::TopicReader* reader_;
  detail::EventRecord record_;
  static constexpr std::int8_t kInPlace = -2, kCopied = -1;
  bool retained() const noexcept { return kept_ != kInPlace; }

  // The slot that keeps the block of a RetainedEvent, or one of these. The record's stamp of a retained event is the time in
  // nanoseconds, since the reader may have left the block.
  std::int8_t kept_ = kInPlace;
};

/// Owns one event. Movable; may outlive the Subscriber and the Bus, and may be destroyed on any thread. A RetainedEvent
/// that was moved from holds an empty event: no topic, sequence 0, no bytes.
class [[nodiscard]] RetainedEvent {
 public:
  RetainedEvent(RetainedEvent&& other) noexcept;
  RetainedEvent& operator=(RetainedEvent&& other) noexcept;
  RetainedEvent(const RetainedEvent&) = delete;
  RetainedEvent& operator=(const RetainedEvent&) = delete;
  ~RetainedEvent();

  const Event& operator*() const noexcept { return event_; }
  const Event* operator->() const noexcept { return &event_; }

  /// Returns true where it holds a copy, false where it keeps the block pinned.
  bool copied() const noexcept { return slot_ < 0; }

 private:
  friend class Event;
  friend class detail::GroupTopic;
  RetainedEvent(std::shared_ptr<detail::TopicReader> reader, const Event& event, int slot);
  void release() noexcept;

  std::shared_ptr<detail::TopicReader> reader_;
  std::unique_ptr<std::byte[]> copy_;
  Event event_;
  int slot_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
