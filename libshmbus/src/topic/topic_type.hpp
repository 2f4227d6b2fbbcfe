#pragma once

#include <string>

#include "layout/topic.hpp"
#include "log/environment.hpp"
#include "shmbus/type_info.hpp"

namespace shmbus::topic {

/// What is recorded of the type of a topic's events. A topic carries raw bytes or one type: what its first publisher
/// brings. Whoever only creates or reads it decides nothing.
struct RecordedType {
  std::uint64_t hash = 0;  ///< 0: nobody decided yet; TypeInfo::kRawBytes: raw bytes
  std::string name{};
  std::size_t size = 0;
  std::size_t alignment = 0;
  std::uint64_t layout = 0;
  std::string fields{};

  /// What a message says of it.
  std::string text() const;
};

RecordedType recorded_type(const layout::TopicHeader& header);

/// "raw bytes", or the name, size and alignment.
std::string type_text(const TypeInfo& type);

/// Decides for a topic that has no name yet, so nobody else sees it.
void record_type(layout::TopicHeader& header, const TypeInfo& type, std::uint64_t node) noexcept;

/// A publisher's step: decides what the topic carries if nobody did, else checks that it carries this. Throws Error:
/// `type_mismatch` where it does not; `busy` where whoever decides stopped for longer than the stall limit. `alignment`
/// is that of the topic's records.
void adopt_type(layout::TopicHeader& header, std::uint32_t alignment, const TypeInfo& type,
                log::Environment& environment, const std::string& object);

/// A subscriber's check. Throws Error, `type_mismatch`, where the topic was decided to carry something else.
void check_type(const layout::TopicHeader& header, const TypeInfo& type, const std::string& object);

}  // namespace shmbus::topic
