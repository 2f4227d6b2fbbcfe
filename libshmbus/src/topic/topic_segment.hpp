#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/topic_name.hpp"
#include "log/block_log.hpp"
#include "platform/mapping.hpp"
#include "platform/segment_file.hpp"
#include "platform/segment_name.hpp"
#include "platform/sparse_mapping.hpp"
#include "registry/membership.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/type_info.hpp"
#include "topic/control_segment.hpp"
#include "topic/topic_type.hpp"

namespace shmbus::topic {

/// Numbers that were reserved on disk for a journaled topic (doc/journal.md).
struct ReservedNumbers {
  std::uint64_t first = 1;  ///< of its first event
  std::uint64_t end = 0;    ///< of the numbers from this one on, none is reserved
};

/// Refuses options that are out of range. `type` is that of the topic's first publisher; null: none yet. *Throws* Error,
/// `invalid_option`.
void check_options(const base::TopicName& topic, const TopicOptions& options, const TypeInfo* type);

/// One topic's control and log segments, mapped and checked, with the log over them. It keeps no descriptor: later
/// steps use the mapping, or open the segment once more by its name. Any thread.
class TopicSegment final : public log::Environment, public log::PortHolders {
 public:
  /// Opens a topic. Returns null where there is none. `access` is that of the log; the control segment is always opened
  /// for writing. *Throws* Error.
  static std::shared_ptr<TopicSegment> find(const registry::Membership& member, const base::TopicName& name,
                                            platform::Access access);
  /// Builds a topic without a name, and then gives it its name. Returns null where another process has taken the name
  /// in the meantime. `type` is that of its first publisher; null decides nothing. `numbers` are those of a journaled
  /// topic; else null. *Throws* Error.
  static std::shared_ptr<TopicSegment> create(const registry::Membership& member, const base::TopicName& name,
                                              std::uint64_t id, const TopicOptions& options, const TypeInfo* type,
                                              const ReservedNumbers* numbers = nullptr);

  ~TopicSegment() override;

  log::BlockLog& log() noexcept { return *log_; }
  layout::TopicHeader& header() const noexcept { return *header_; }
  const base::TopicName& name() const noexcept { return name_; }
  registry::Node& node() const noexcept { return *member_.node; }
  std::uint64_t id() const noexcept { return recorded_.id; }
  std::uint64_t bus() const noexcept { return recorded_.bus; }
  TopicInfo info() const;

  const platform::SegmentName& control_name() const noexcept { return control_name_; }
  const platform::SegmentName& log_name() const noexcept { return log_name_; }

  /// Decides the topic's type, or checks that it is this one. *Throws* Error, `type_mismatch`.
  void adopt_type(const TypeInfo& type) {
    topic::adopt_type(*header_, geometry_.alignment, type, *this, name_.object());
  }
  /// Checks that the topic's type is or can become this one. *Throws* Error, `type_mismatch`.
  void check_type(const TypeInfo& type) const { topic::check_type(*header_, type, name_.object()); }
  /// Writes what is recorded of the type into `info`.
  void describe_type(TopicInfo& info) const { topic::describe_type(*header_, info); }
  gid_t group() const noexcept { return recorded_.group; }
  const layout::Geometry& geometry() const noexcept { return geometry_; }
  /// Null where the topic has no journal.
  layout::JournalWords* journal() const noexcept { return log_->journal(); }

  /// Places a port for each standing subscription that covers the topic and has none; before the first event.
  void place_subscribers();
  /// Withdraws the ports that were placed for a subscription that is not listed any more.
  void withdraw_orphans();
  bool removed() const noexcept {
    return (header_->words.attention.load(std::memory_order_seq_cst) & layout::kTopicRemoved) != 0;
  }

  /// Returns false where another process changed the size of a segment of the topic or of the registry: its memory must
  /// then not be accessed. A removed topic has no names by which its size could be changed or checked.
  bool has_expected_sizes() const noexcept;

  // The log's environment.
  bool intact() noexcept override;
  bool forked() const noexcept override { return member_.node->forked(); }
  std::uint64_t self() const noexcept override { return member_.node->id(); }
  std::uint64_t bell() const noexcept override { return member_.node->entry(); }
  bool alive(std::uint64_t node) noexcept override { return member_.node->alive(node); }
  bool back_block(std::uint32_t physical) noexcept override;
  bool expose_blocks(std::uint32_t blocks) noexcept override;
  layout::LatencyHistogram* histogram(unsigned port) noexcept override;
  void ring(std::uint64_t bell) noexcept override { member_.node->registry().ring(bell); }
  std::byte* writable(std::uint32_t physical) noexcept override;
  log::Moment now() noexcept override { return member_.clock->now(); }
  std::int64_t to_ns(std::uint64_t stamp, const log::Moment& opened) noexcept override {
    return member_.clock->to_ns(stamp, opened);
  }
  std::uint64_t stall_limit_ns() const noexcept override { return member_.node->registry().recorded().stall_limit_ns; }
  std::uint64_t monotonic_ns() noexcept override;
  bool cycle_clock() const noexcept override { return member_.clock->cycle_clock(); }
  std::uint64_t slow_stamp() noexcept override { return member_.clock->stamp(); }

  // The holders of the log's placed ports: standing subscriptions.
  bool stands(std::uint64_t subscription) const noexcept override;
  bool cannot_attach(std::uint64_t subscription) noexcept override;

 private:
  TopicSegment(registry::Membership member, base::TopicName name, platform::SegmentName control_name,
               platform::SparseMapping control, const TopicRecord& recorded, platform::SegmentName log_name,
               platform::SparseMapping log, platform::Access access);
  bool back_control(std::uint64_t offset, std::uint64_t bytes) noexcept;

  registry::Membership member_;
  base::TopicName name_;
  platform::SegmentName control_name_;
  platform::SparseMapping control_;
  layout::TopicHeader* header_;
  TopicRecord recorded_;
  layout::Geometry geometry_;
  platform::SegmentName log_name_;
  platform::SparseMapping blocks_;
  platform::Access access_;
  std::unique_ptr<log::BlockLog> log_;
  std::atomic<std::uint64_t> found_intact_{0};  // monotonic ns
  std::atomic<std::uint32_t> table_page_{0};    // page of the block table that this process backed last, plus 1
  std::mutex asked_mutex_;
  std::map<std::uint64_t, std::uint64_t> asked_;  // topic generation made when a subscription was asked
  std::mutex repair_mutex_;
  std::map<std::uint32_t, platform::Mapping>
      repair_mappings_;  // blocks repaired so far, where the log is mapped read-only
};

}  // namespace shmbus::topic
