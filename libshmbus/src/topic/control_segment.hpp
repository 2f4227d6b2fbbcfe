#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "layout/geometry.hpp"
#include "layout/journal.hpp"
#include "layout/topic.hpp"
#include "platform/segment_file.hpp"
#include "platform/sparse_mapping.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::topic {

/// What the creator of a topic recorded. A process copies it when it attaches, and checks the copy. If the header is
/// overwritten later, no access leaves the mapping.
struct TopicRecord {
  layout::Geometry geometry{};
  std::uint64_t bus = 0;
  std::uint64_t id = 0;
  std::uint64_t log_node = 0;
  std::uint32_t mode = 0;
  gid_t group = 0;                 ///< of the log's file
  std::uint64_t control_size = 0;  ///< bytes of the control segment, extensions included
  std::uint64_t journal = 0;       ///< where its JournalWords lie; 0: it has no journal
};

/// A topic's control segment: open, checked and mapped. The mapping may be accessed up to the latency histograms; of
/// the block table, only the entries that have memory.
struct ControlSegment {
  /// Opens the segment that has a topic's file name. Returns nothing where there is none. Its owner must be accepted
  /// (layout::check_owner). *Throws* Error where the segment fails a check.
  static std::optional<ControlSegment> open(const base::BusName& bus, const base::TopicName& topic,
                                            platform::Access access, const std::vector<uid_t>& owners);

  platform::SegmentFile file;
  platform::SparseMapping mapping;
  TopicRecord recorded;
};

/// Returns the words of a journaled topic, in its mapped control segment; null where it has no journal.
inline layout::JournalWords* journal_words(std::byte* control, const TopicRecord& recorded) noexcept {
  return recorded.journal == 0 ? nullptr : reinterpret_cast<layout::JournalWords*>(control + recorded.journal);
}

/// Returns what a header records of its topic, the type included. `journal` is null where it has none.
TopicInfo topic_info(const layout::TopicHeader& header, const layout::Geometry& geometry,
                     const layout::JournalWords* journal);

/// Writes what a header records of the topic's type into `info`.
void describe_type(const layout::TopicHeader& header, TopicInfo& info);

}  // namespace shmbus::topic
