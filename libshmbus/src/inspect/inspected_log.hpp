#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/topic_name.hpp"
#include "inspect/event_copy.hpp"
#include "log/block_log.hpp"
#include "platform/segment_name.hpp"
#include "platform/sparse_mapping.hpp"
#include "registry/registry.hpp"
#include "topic/control_segment.hpp"

namespace shmbus::detail {

/// One topic's control segment, mapped read-only, with the log over it: what can be known of a log without its blocks.
/// It keeps no descriptor.
class InspectedLog {
 public:
  /// Returns null where there is no such topic. *Throws* Error.
  static std::unique_ptr<InspectedLog> open(const registry::Registry& registry, const base::TopicName& name,
                                            std::uint64_t id);
  ~InspectedLog();

  /// *Throws* Error, `corrupt`, where another process cut the segment short: it must then not be accessed.
  void check_size() const;
  /// Whether the topic was removed.
  bool removed() const noexcept;

  /// The blocks have no memory here: everything else of the log may be read.
  const log::BlockLog& log() const noexcept { return *log_; }
  const topic::TopicRecord& recorded() const noexcept { return recorded_; }
  const platform::SparseMapping& mapping() const noexcept { return mapping_; }
  const CopySource& source() const noexcept { return source_; }
  /// What an error text calls the topic.
  const std::string& object() const noexcept { return object_; }
  /// The file name of its blocks.
  const std::string& log_name() const noexcept { return log_name_; }

 private:
  class Onlooker;

  InspectedLog(const registry::Registry& registry, const base::TopicName& name, platform::SegmentName file,
               platform::SparseMapping mapping, const topic::TopicRecord& recorded);

  std::string object_;
  std::string log_name_;
  CopySource source_;
  platform::SegmentName file_;
  platform::SparseMapping mapping_;
  topic::TopicRecord recorded_;
  std::unique_ptr<Onlooker> onlooker_;
  std::unique_ptr<log::BlockLog> log_;
};

}  // namespace shmbus::detail
