#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bus_name.hpp"
#include "base/pattern.hpp"
#include "base/topic_name.hpp"
#include "recording/recording_service.hpp"
#include "registry/registry.hpp"
#include "registry/subscription_table.hpp"
#include "registry/topic_table.hpp"
#include "shmbus/bus.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::detail {

/// What a Bus and its publishers, subscribers and subscriptions share: the node, the tables, and the topics that this
/// process has open. Any thread.
class BusCore : private platform::ForkListener {
 public:
  /// *Throws* Error.
  BusCore(const base::BusName& name, const BusOptions& options);
  ~BusCore() override;

  const registry::Membership& member() const noexcept { return member_; }
  registry::Node& node() const noexcept { return *member_.node; }
  registry::Registry& registry() const noexcept { return member_.node->registry(); }
  registry::TopicTable& topics() noexcept { return topics_; }
  registry::SubscriptionTable& subscriptions() noexcept { return subscriptions_; }

  struct OpenedTopic {
    std::shared_ptr<topic::TopicSegment> segment;
    TopicInfo info;  ///< with the options that differ
  };
  /// Opens a topic for publishing, and creates it if there is none. `type` is the type to publish; null: none yet.
  /// *Throws* Error.
  OpenedTopic open_or_create(const base::TopicName& name, const TopicOptions& options, const TypeInfo* type);
  /// Checks that a topic of this name, if there is one, can carry the type. *Throws* Error, `type_mismatch`.
  void check_type(const base::Pattern& pattern, const TypeInfo& type);
  /// Opens an existing topic. Returns null where there is none. *Throws* Error.
  std::shared_ptr<topic::TopicSegment> find(const base::TopicName& name, platform::Access access);
  bool remove_topic(const base::TopicName& name);
  /// Looks at once whether a journaled topic has no recorder, and this process may record it.
  void seek_recorder() noexcept { recording_.rouse(); }

  /// Finishes or frees the table entries of creators that died.
  unsigned finish_topics() noexcept;
  ReapReport reap();

  /// *Throws* Error, `closed`.
  void check_open() const;
  /// Returns false in a forked child, after the bus's removal, and once the registry was cut short.
  bool open() const noexcept { return node().valid() && !registry().removed(); }

  void interrupt() noexcept;
  /// Whether events that its handlers publish name their cause.
  bool causes() const noexcept { return causes_; }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire); }

 private:
  void in_child() noexcept override { recording_.in_child(); }

  /// The topics that are open, by name. The names of closed topics are dropped.
  class Segments {
   public:
    /// Null where it is not open.
    std::shared_ptr<topic::TopicSegment> find(const base::TopicName& name);
    void add(const base::TopicName& name, const std::shared_ptr<topic::TopicSegment>& segment);

   private:
    std::map<base::TopicName, std::weak_ptr<topic::TopicSegment>> segments_;
    std::size_t look_at_ = 16;  // at this number of names, those of closed topics are dropped
  };
  std::shared_ptr<topic::TopicSegment> find_locked(const base::TopicName& name, platform::Access access);
  OpenedTopic open_or_create_locked(const base::TopicName& name, const TopicOptions& options, const TypeInfo* type,
                                    std::optional<std::uint64_t> id);
  void finish(topic::TopicSegment& segment, registry::TopicTable::Topic topic);
  void revive();
  void offer_all();
  unsigned unlink_earlier_topics();
  unsigned unlink_orphan_logs();
  unsigned unlink_useless_files();

  registry::Membership member_;
  registry::TopicTable topics_;
  registry::SubscriptionTable subscriptions_;
  std::mutex mutex_;
  Segments writable_;  // with the log mapped for writing
  Segments readable_;  // with the log mapped read-only
  const bool causes_;
  const Record record_;
  std::atomic<bool> interrupted_{false};
  recording::RecordingService recording_;  // last: its threads use the rest
};

}  // namespace shmbus::detail
