#pragma once

#include <cstddef>
#include <cstdint>
#include <shmbus/bus.hpp>
#include <string>
#include <vector>

#include "bus_ends.hpp"
#include "measure/payload.hpp"
#include "measure/role_processes.hpp"

namespace shmbus::bench {

/// Publishes numbered events, copied or written in place.
class EventWriter {
 public:
  EventWriter(Bus& bus, const std::string& topic, const BusEnds& ends)
      : publisher_(bus.publisher(topic, ends.options)), payload_(ends.size), touch_(ends.touch), loaned_(ends.loaned) {}

  void write(std::uint64_t number) {
    if (loaned_) {
      Loan loan = publisher_.loan(payload_.size());
      if (!loan) fail(loan.status());
      measure::write_number(loan.payload(), number, touch_);
      check(loan.commit());
    } else {
      // The user's bytes are there already; an event that is copied is read whole from them.
      measure::write_number(payload_, number, touch_ == measure::Touch::all ? measure::Touch::ends : touch_);
      check(publisher_.publish(payload_));
    }
  }

 private:
  static void check(const PublishResult& result) {
    if (!result) [[unlikely]]
      fail(result.status());
  }
  [[noreturn]] static void fail(Status status) {
    throw measure::Failure(std::string("a publish failed: ") + to_string(status));
  }

  Publisher publisher_;
  std::vector<std::byte> payload_;
  measure::Touch touch_;
  bool loaned_;
};

}  // namespace shmbus::bench
