#pragma once

#include <cstddef>
#include <cstdint>
#include <shmbus/bus.hpp>
#include <span>
#include <string>
#include <vector>

#include "bus_ends.hpp"
#include "measure/flow.hpp"
#include "measure/payload.hpp"
#include "measure/role_processes.hpp"

namespace shmbus::bench {

/// Publishes numbered events: copied, written in place, or several at once.
class EventWriter {
 public:
  EventWriter(Bus& bus, const std::string& topic, const BusEnds& ends)
      : publisher_(bus.publisher(topic, ends.options)), payload_(ends.size), touch_(ends.touch), loaned_(ends.loaned) {
    if (ends.together == 1) return;
    bytes_.resize(ends.together * ends.size);
    for (std::size_t i = 0; i < ends.together; ++i)
      together_.emplace_back(std::span(bytes_).subspan(i * ends.size, ends.size));
  }

  /// If several events are published at once, the last one of each group, or the last of all, publishes the group.
  void write(std::uint64_t number) {
    if (!together_.empty()) {
      measure::write_number(std::span(bytes_).subspan(waiting_ * payload_.size(), payload_.size()), number, copied());
      if (++waiting_ != together_.size() && number != measure::kLastEvent) return;
      const BatchResult result = publisher_.publish_all(std::span(together_).first(waiting_));
      if (!result) [[unlikely]]
        fail(result.status());
      waiting_ = 0;
    } else if (loaned_) {
      Loan loan = publisher_.loan(payload_.size());
      if (!loan) fail(loan.status());
      measure::write_number(loan.payload(), number, touch_);
      check(loan.commit());
    } else {
      measure::write_number(payload_, number, copied());
      check(publisher_.publish(payload_));
    }
  }

 private:
  /// The user's bytes are there already; an event that is copied is read whole from them.
  measure::Touch copied() const { return touch_ == measure::Touch::all ? measure::Touch::ends : touch_; }
  static void check(const PublishResult& result) {
    if (!result) [[unlikely]]
      fail(result.status());
  }
  [[noreturn]] static void fail(Status status) {
    throw measure::Failure(std::string("a publish failed: ") + to_string(status));
  }

  Publisher publisher_;
  std::vector<std::byte> payload_;
  std::vector<std::byte> bytes_;                      // of those that are published at once
  std::vector<std::span<const std::byte>> together_;  // each of them; empty: one by one
  std::size_t waiting_ = 0;                           // to be published
  measure::Touch touch_;
  bool loaned_;
};

}  // namespace shmbus::bench
