#pragma once

#include <string>

#include "layout/topic.hpp"
#include "log/environment.hpp"
#include "shmbus/type_info.hpp"

namespace shmbus::topic {

/// What is recorded of the type of a topic's events. A topic carries raw bytes or one type; its first publisher
/// decides. Creating or reading the topic decides nothing.
struct RecordedType {
  std::uint64_t hash = 0;  ///< 0: not decided yet; TypeInfo::kRawBytes: raw bytes
  std::string name{};
  std::size_t size = 0;
  std::size_t alignment = 0;
  std::uint64_t layout = 0;
  std::string fields{};

  /// The text for error messages.
  std::string text() const;
};

RecordedType recorded_type(const layout::TopicHeader& header);

/// "raw bytes", or the name, size and alignment.
std::string type_text(const TypeInfo& type);

/// Decides for a topic that has no name yet, so no other process sees it.
void record_type(layout::TopicHeader& header, const TypeInfo& type, std::uint64_t node) noexcept;

/// A publisher's step: decides the topic's type if it is undecided, else checks that it is this one. `alignment` is
/// that of the topic's records. *Throws* Error: `type_mismatch` where it is another type; `busy` where the deciding
/// process is stopped for longer than the stall limit.
void adopt_type(layout::TopicHeader& header, std::uint32_t alignment, const TypeInfo& type,
                log::Environment& environment, const std::string& object);

/// A subscriber's check. *Throws* Error, `type_mismatch`, where the topic's type was decided to be another one.
void check_type(const layout::TopicHeader& header, const TypeInfo& type, const std::string& object);

}  // namespace shmbus::topic
