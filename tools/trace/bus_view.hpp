#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "shmbus/snapshot.hpp"
#include "trace.hpp"

namespace shmbus::tracing {

/// What a bus knows of events: the names of its topics, who publishes there, and why an event can't be read.
class BusView {
 public:
  BusView() = default;
  explicit BusView(const BusSnapshot& bus);

  /// The process that holds the publisher port now, where that is likely to be the one that published at `time`: a
  /// process that joined later did not. Else an unknown one.
  Process publisher(const EventId& event, unsigned port, Time time) const;

  /// The name of the topic that the event is of; empty where it is not listed.
  std::string topic_name(const EventId& event) const;

  /// False where it is known that the events of the topic have no times.
  bool has_times(const EventId& event) const;

  /// Why an event that something names is not among those that were read: "left the ring; the oldest retained is #7".
  std::string why_missing(const EventId& event) const;

 private:
  struct Publisher {
    Process process;
    Time joined{};
  };
  struct Topic {
    std::string name;
    std::uint64_t oldest = 0, newest = 0;  // in ring or journal
    bool journal = false;
    bool times = true;
    std::string problem;
    std::unordered_map<unsigned, Publisher> publishers;
  };
  const Topic* find(const EventId& event) const;

  std::string name_;
  std::uint64_t incarnation_ = 0;
  bool known_ = false;
  std::unordered_map<std::uint64_t, Topic> topics_;
};

}  // namespace shmbus::tracing
