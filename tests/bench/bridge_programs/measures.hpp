#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Job {
  std::string url;
  std::string stream;
  std::string bus, far_bus;
  std::vector<std::string> buses;
  std::uint64_t count = 0;
  std::size_t size = 64;
  unsigned rate = 1000;  ///< messages per second, where latency is measured
};

// Each but the third prints one line of JSON.

/// nats.c's own publisher sends `count` messages, each with the headers that the bridge gives an event, to a new stream.
void publish_by_nats(const Job& job);
/// The time from nats.c's publish to a push consumer's message.
void time_by_nats(const Job& job);

/// Creates the buses, prints a line, waits for the end of standard input, and removes them.
void hold_buses(const Job& job);
/// `count` events are published to a bus, whose bridge carries them to a stream.
void publish_by_bus(const Job& job);
/// The time from publishing on one bus to a subscriber of another.
void time_by_buses(const Job& job);
/// `count` events in all are published to many buses, in turn; bridge NAME of bus NAME carries them to shmbus_NAME.
void publish_by_many(const Job& job);

/// The middle and the end of measured times.
class Times {
 public:
  explicit Times(std::uint64_t count) { all_.reserve(count); }
  void add(std::int64_t ns) { all_.push_back(ns); }
  std::size_t count() const noexcept { return all_.size(); }
  void print();

 private:
  std::vector<std::int64_t> all_;
};

/// Nanoseconds of a clock that is the same in all processes.
std::int64_t now_ns();
/// A payload that begins with the time.
std::vector<char> stamped(std::size_t size);
void stamp(std::vector<char>& payload);
/// How old a payload is.
std::int64_t age(const char* payload);
void print_rate(std::uint64_t count, std::int64_t ns);

}  // namespace bench
