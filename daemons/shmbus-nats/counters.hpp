#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace shmbus::bridge {

using Count = std::atomic<std::uint64_t>;

/// What happened on the way out, since the bridge started.
struct OutCounts {
  Count sent{0};        ///< messages given to NATS, again ones included
  Count acked{0};       ///< messages that JetStream acknowledged
  Count recovered{0};   ///< messages found in the stream after an interruption, so that they were not sent again
  Count refused{0};     ///< publishes that JetStream refused: another place was expected, or the stream was full
  Count recoveries{0};  ///< windows that were drained and numbered anew
  Count lost{0};        ///< sequence numbers that left the ring before they were read
  Count vanished{0};    ///< messages that JetStream acknowledged, and that its stream has not any more
  Count too_large{0};   ///< events that are larger than the server's max_payload
  Count came_in{0};     ///< events that a bridge brought, and that are not forwarded
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::int64_t> oldest_time{0};  ///< of the oldest event that is in flight, ns since 1970; 0: none
};

/// What happened with the stream of one origin.
struct InCounts {
  Count received{0};       ///< messages
  Count published{0};      ///< events published to the bus
  Count duplicates{0};     ///< messages that were taken before, or by another way
  Count looped{0};         ///< messages that passed this bridge before
  Count lost{0};           ///< messages that left the stream before they were received
  Count undecided{0};      ///< events that were published again, since it was not to be seen if they had been
  Count undeliverable{0};  ///< messages that can't become an event of this bus
  Count holes{0};          ///< times the consumer was made anew, since a message was missing
  std::atomic<std::uint64_t> pending{0};  ///< messages of the stream that are not received yet
  std::atomic<std::uint64_t> sequence{0};  ///< of the last message taken
};

/// A part of the bridge that can be kept from its work.
enum class Part : std::uint8_t { link, out, in };

/// The state of the bridge as metrics and the health page show it. Any thread.
class Counters {
 public:
  OutCounts out;
  Count connects{0};
  Count connect_failures{0};
  std::atomic<bool> connected{false};
  std::atomic<bool> standby{false};
  std::atomic<bool> bus_open{false};
  std::atomic<bool> held_back{false};          ///< a reliable subscriber of the bus holds the way in back
  std::atomic<std::int64_t> held_back_ns{0};   ///< in all

  InCounts& in(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<InCounts>& counts = in_[origin];
    if (!counts) counts = std::make_unique<InCounts>();
    return *counts;
  }
  template <class Use>
  void each_in(Use use) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [origin, counts] : in_) use(origin, *counts);
  }

  /// What keeps a part of the bridge from its work, in words; empty once it is over.
  void trouble(Part part, std::string text) {
    const std::lock_guard lock(mutex_);
    troubles_[static_cast<std::size_t>(part)] = std::move(text);
  }
  /// The first of them; empty: all is well.
  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    for (const std::string& text : troubles_)
      if (!text.empty()) return text;
    return {};
  }
  void server(std::string text) {
    const std::lock_guard lock(mutex_);
    server_ = std::move(text);
  }
  std::string server() const {
    const std::lock_guard lock(mutex_);
    return server_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<InCounts>> in_;  // never removed: references stay valid
  std::array<std::string, 3> troubles_;
  std::string server_;
};

}  // namespace shmbus::bridge
