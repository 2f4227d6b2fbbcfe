#pragma once

#include <functional>
#include <string>

#include "shmbus/bus.hpp"
#include "topic/topic_segment.hpp"

namespace test {

/// Opens a bus without live members, reaps, and throws unless everything that dead nodes held is free: nodes, subscriptions,
/// ports, pins, claims, bits, blocks, unfinished topics, files. `visit` is called for each remaining topic. It may use the
/// topic, and must free all that it took.
using VisitTopic = std::function<void(shmbus::Bus& bus, shmbus::topic::TopicSegment& topic)>;
void check_nothing_is_left(const std::string& bus, const VisitTopic& visit);

/// A new member that writes and reads round a topic's ring. `publish` publishes event `number`, from 1, and returns whether
/// it did; `read` checks the events that came. Throws if an event is missing, or if a block is needed that should have been
/// free: without other readers, one block more than the ring has is enough.
struct Newcomer {
  std::function<bool(shmbus::Publisher& publisher, std::uint64_t number)> publish;
  std::function<void(const shmbus::Event& event, const shmbus::Subscriber& subscriber)> read;
  bool may_grow = false;  ///< memory was short before, so more blocks may be backed now
};
void go_round(shmbus::Bus& bus, shmbus::topic::TopicSegment& topic, const Newcomer& newcomer);

}  // namespace test
