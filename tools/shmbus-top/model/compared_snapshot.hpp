#pragma once

#include <vector>

#include "rates.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::top {

// What happened between two snapshots, per second. Each entry belongs to the snapshot's entry of the same index.
struct PublisherRates {
  double published = 0, bytes = 0, waits = 0;
};
struct SubscriberRates {
  double delivered = 0, lost = 0;
  Latency latency;  ///< of the events delivered between the snapshots
};
struct TopicRates {
  double published = 0, bytes = 0, lost = 0;
  std::vector<PublisherRates> publishers;
  std::vector<SubscriberRates> subscribers;
};

/// A snapshot of a bus, and what happened since the one before.
struct ComparedSnapshot {
  BusSnapshot bus;
  bool compared = false;  ///< false: there was no earlier snapshot, and no rate is known
  tool::Rates total;
  std::vector<TopicRates> topics;
  std::vector<double> processor;  ///< of each node's process, in cores
};

/// `before` may be null. New ports and topics count from 0.
ComparedSnapshot compare(const BusSnapshot* before, BusSnapshot after);

}  // namespace shmbus::top
