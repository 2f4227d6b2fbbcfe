#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "out_topic.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/options.hpp"

namespace shmbus::bridge {

/// A message in the window: a copy of the event, for as long as JetStream has not acknowledged it.
struct Message {
  EventId event;             ///< on this bus
  Time time{};               ///< of the event
  const OutTopic* topic = nullptr;
  std::string bytes;         ///< the payload, then "name\0value\0" for each header
  std::size_t payload = 0;   ///< bytes of it
  std::size_t headers = 0;   ///< their number

  /// What the server counts against its max_payload: two bytes more for each header, and the expected place.
  std::size_t sent_bytes() const noexcept { return bytes.size() + 2 * headers + 128; }
};

/// The messages that were sent, and whose acknowledgements are missing, in the order of their places in the stream. No
/// thread but one at a time.
class Window {
 public:
  using Clock = std::chrono::steady_clock;

  bool empty() const noexcept { return messages_.empty(); }
  std::size_t size() const noexcept { return messages_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  /// The place of the first message; of the next one where there is none.
  std::uint64_t first() const noexcept { return first_; }
  std::uint64_t next() const noexcept { return first_ + messages_.size(); }
  const Message& front() const noexcept { return messages_.front().message; }
  const Message& at(std::uint64_t place) const noexcept { return messages_[place - first_].message; }

  /// Gives the first message, or the next one where there is none, this place, and those behind it the following places.
  void renumber(std::uint64_t first) noexcept;
  void push(Message message);
  /// Notes that a place is acknowledged. Returns false where it is not one of the window.
  bool acknowledge(std::uint64_t place) noexcept;
  /// Whether the first message is acknowledged, so that it may be taken out.
  bool front_acknowledged() const noexcept { return !messages_.empty() && messages_.front().acknowledged; }
  void pop_front() noexcept;
  /// Takes out all messages for which `stored(message)` is true. The acknowledgements of the others are forgotten: they
  /// get new places.
  template <class Stored>
  std::size_t take_out(Stored stored) {
    const std::size_t before = messages_.size();
    std::erase_if(messages_, [&](const Entry& entry) {
      const bool out = stored(entry.message);
      if (out) bytes_ -= entry.message.bytes.size();
      return out;
    });
    forget_acknowledgements();
    return before - messages_.size();
  }
  void forget_acknowledgements() noexcept {
    for (Entry& entry : messages_) entry.acknowledged = false;
  }

 private:
  struct Entry {
    Message message;
    bool acknowledged = false;
  };
  std::deque<Entry> messages_;
  std::uint64_t first_ = 1;
  std::size_t bytes_ = 0;
};

}  // namespace shmbus::bridge
