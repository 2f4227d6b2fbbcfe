#pragma once

#include <chrono>
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
struct JournalRates {
  double recorded = 0, bytes = 0;         ///< events that were written; bytes of frames
  std::chrono::nanoseconds sync_time{0};  ///< of a sync between the snapshots, on average; 0: there was none
};
struct GroupRates {
  double leased = 0, acknowledged = 0, unpublished = 0, lost = 0;
};
struct TopicRates {
  double published = 0, bytes = 0, lost = 0;
  std::vector<PublisherRates> publishers;
  std::vector<SubscriberRates> subscribers;
  JournalRates journal;
};

/// A snapshot of a bus, and what happened since the one before.
struct ComparedSnapshot {
  BusSnapshot bus;
  bool compared = false;  ///< false: there was no earlier snapshot, and no rate is known
  tool::Rates total;
  std::vector<TopicRates> topics;
  std::vector<double> processor;  ///< of each node's process, in cores
  std::vector<DurableSnapshot> durables;
  std::vector<double> acknowledged;  ///< events of each durable name, per second
  std::vector<GroupSnapshot> groups;
  std::vector<GroupRates> group_rates;  ///< of each of them
};

/// `before` may be null. New ports and topics count from 0.
ComparedSnapshot compare(const BusSnapshot* before, BusSnapshot after);

/// Adds the durable names to a snapshot that was compared. `before` are those of the snapshot before.
void add_durables(ComparedSnapshot& look, const std::vector<DurableSnapshot>& before,
                  std::vector<DurableSnapshot> after);

/// The same for the groups.
void add_groups(ComparedSnapshot& look, const std::vector<GroupSnapshot>& before, std::vector<GroupSnapshot> after);

}  // namespace shmbus::top
