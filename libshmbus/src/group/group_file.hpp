#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/group_name.hpp"
#include "layout/group.hpp"
#include "platform/mapping.hpp"
#include "platform/placed_file.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::group {

/// What the creator of a group chose. In nanoseconds and slots; checked by the caller.
struct Settings {
  std::uint32_t window = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t lease_ns = 0;
  std::uint64_t lease_most_ns = 0;
  std::uint64_t abandon_after_ns = 0;
  std::uint32_t max_deliveries = 0;
  layout::GroupOrder order = layout::GroupOrder::any;
  std::vector<std::uint64_t> back_off_ns{};
  std::string dead_letters{};  ///< name of a topic
};

/// The file of a group, mapped and checked: in shared memory, or beside the journal of its topic.
///
/// F1 It appears whole. Its sizes are copied when it is opened, and checked; later changes of the originals affect nobody
///    who has it open.
/// F2 A group beside a journal outlives the bus. The first member of a new bus takes it over, under a lock on the file:
///    all leases count as given back. Only then does it write the bus's incarnation, so a take-over that died is done
///    again.
class GroupFile {
 public:
  /// Opens a group. Returns null where there is none. *Throws* Error.
  static std::unique_ptr<GroupFile> open(const topic::TopicSegment& topic, const base::GroupName& name);
  /// Creates a group whose first event is `floor`. Returns null where another process created it first. *Throws* Error.
  static std::unique_ptr<GroupFile> create(const topic::TopicSegment& topic, const base::GroupName& name,
                                           const Settings& settings, std::uint64_t floor);
  /// Removes a group. Returns false where there is none. *Throws* Error.
  static bool unlink(const topic::TopicSegment& topic, const base::GroupName& name);

  layout::GroupHeader& shared() const noexcept { return *reinterpret_cast<layout::GroupHeader*>(mapping_.address()); }
  const Settings& settings() const noexcept { return settings_; }
  std::uint64_t id() const noexcept { return id_; }
  const std::string& object() const noexcept { return object_; }
  /// Returns false where another process cut the file short, or it has no name any more: the group was removed.
  bool intact() const noexcept;

 private:
  GroupFile(const topic::TopicSegment& topic, platform::PlacedFile file, const layout::GroupRecord& checked);
  void take_over(const platform::PlacedFile& file, std::uint64_t bus, std::uint64_t stall_limit_ns);
  void give_all_back() noexcept;

  std::string object_;
  platform::FilePlace place_;
  std::uint64_t inode_ = 0, device_ = 0, size_ = 0;
  Settings settings_{};
  std::uint64_t id_ = 0;
  platform::Mapping mapping_;
};

/// Returns where the file of a group lies.
platform::FilePlace group_place(const topic::TopicSegment& topic, const base::GroupName& name);

/// Returns the lowest number up to which every group beside the journal of a topic has settled all; nothing where there is
/// no group; 0 where one can't be read. Never throws.
std::optional<std::uint64_t> settled_by_groups(const registry::Registry& registry,
                                               const base::TopicName& topic) noexcept;

/// Copies the header of a group's file, and checks it: the copy is what is used. `topic_id` is 0 for a file beside a
/// journal. *Throws* Error.
layout::GroupRecord check_group(const platform::PlacedFile& file, const std::string& topic, std::uint64_t topic_id,
                                const std::string& group, const std::vector<uid_t>& owners);

}  // namespace shmbus::group
