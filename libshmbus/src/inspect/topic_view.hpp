#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/topic_name.hpp"
#include "inspect/event_copies.hpp"
#include "inspect/inspected_log.hpp"
#include "inspect/node_list.hpp"
#include "inspect/unread_stamps.hpp"
#include "log/log_end.hpp"
#include "registry/bus_clock.hpp"
#include "registry/registry.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// What all topics of one snapshot share.
struct SnapshotContext {
  NodeList& nodes;
  const std::map<std::uint64_t, SubscriptionSnapshot>& subscriptions;  ///< by id
  registry::BusClock& clock;
  double ns_per_stamp = 1;
  std::uint64_t monotonic_ns = 0;  ///< now
};

/// One topic's control segment, mapped read-only, kept from one snapshot to the next. It keeps no descriptor.
class TopicView {
 public:
  /// Returns null where there is no such topic. *Throws* Error.
  static std::unique_ptr<TopicView> open(const registry::Registry& registry, const base::TopicName& name,
                                         std::uint64_t id);
  ~TopicView();

  /// Returns the topic's state. *Throws* Error, `corrupt`, where another process cut the segment short.
  TopicSnapshot look(SnapshotContext& context);
  /// Returns the state of the ring. *Throws* likewise.
  RingSnapshot ring() const;
  /// Copies the last events; see EventCopies. *Throws* Error.
  std::vector<EventSnapshot> events(registry::BusClock& clock, std::size_t count, std::size_t max_payload);
  /// Returns the age of an event, or of the oldest one in the ring where it has left that. `place` numbers those that are
  /// asked for again and again, as UnreadStamps does. Returns nothing where it is not known. *Throws* Error.
  std::optional<std::chrono::nanoseconds> event_age(registry::BusClock& clock, std::uint64_t sequence, unsigned place);
  /// Whether the topic was removed.
  bool removed() const noexcept { return segment_->removed(); }

 private:
  struct SeenClaim {
    std::uint64_t where = log::kNone;
    std::uint64_t since_ns = 0;  // monotonic
  };

  explicit TopicView(std::unique_ptr<InspectedLog> segment);
  void read_extent(const log::End& end, TopicSnapshot& topic) const;
  void read_publishers(SnapshotContext& context, TopicSnapshot& topic);
  void read_journal(SnapshotContext& context, const log::End& end, TopicSnapshot& topic) const;
  void read_subscribers(SnapshotContext& context, const log::End& end, TopicSnapshot& topic);
  void read_reader(SnapshotContext& context, const log::End& end, const TopicSnapshot& topic, unsigned port,
                   SubscriberSnapshot& s);
  bool lapped(const layout::SubscriberPort& port) const noexcept;
  Latency latency(unsigned port, double ns_per_stamp);
  BlockSnapshot block_at(std::uint32_t physical) const;

  std::unique_ptr<InspectedLog> segment_;
  const log::BlockLog* log_;
  UnreadStamps times_;
  std::optional<EventCopies> copies_;  // once events are requested
  SeenClaim claims_[layout::kMaxPublishers];
};

}  // namespace shmbus::detail
