#pragma once

#include <functional>
#include <string>

#include "shmbus/bus.hpp"
#include "topic/topic_segment.hpp"

namespace test {

/// Opens a bus that nobody uses any more, reaps, and throws unless everything of the dead is free: nodes,
/// subscriptions, ports, pins, claims, bits, blocks, unfinished topics, files. `visit` is called for each topic that is
/// left; it may use it, and leaves it as free as it was.
using VisitTopic = std::function<void(shmbus::Bus& bus, shmbus::topic::TopicSegment& topic)>;
void check_nothing_is_left(const std::string& bus, const VisitTopic& visit);

/// A newcomer writes and reads round a topic's ring. `publish` gives event `number`, from 1, and says whether it was
/// published; `read` looks at what came. Throws where an event is missing, or a block is needed that should have been
/// free: with nobody else inside, one beside the ring's is all that it takes.
struct Newcomer {
  std::function<bool(shmbus::Publisher& publisher, std::uint64_t number)> publish;
  std::function<void(const shmbus::Event& event, const shmbus::Subscriber& subscriber)> read;
  bool may_grow = false;  ///< memory was short before: more blocks may be backed now
};
void go_round(shmbus::Bus& bus, shmbus::topic::TopicSegment& topic, const Newcomer& newcomer);

}  // namespace test
