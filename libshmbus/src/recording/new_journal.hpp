#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/topic_name.hpp"
#include "journal/description.hpp"
#include "journal/disk_storage.hpp"
#include "platform/locked_byte.hpp"
#include "registry/registry.hpp"
#include "shmbus/options.hpp"
#include "shmbus/type_info.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// The journal of a topic that is about to be created, locked, with its description and its numbers on stable storage.
struct NewJournal {
  /// Prepares it in the topic's folder, where an earlier topic of that name may have left events: the numbering goes on
  /// behind them. Returns nothing where another process has the lock: it creates the topic at this moment, or records it.
  /// *Throws* Error.
  static std::optional<NewJournal> prepare(const registry::Registry& registry, const base::TopicName& name,
                                           std::uint64_t id, const TopicOptions& options, const TypeInfo* type);

  std::unique_ptr<journal::DiskStorage> storage;
  platform::LockedByte lock;
  topic::ReservedNumbers numbers;
};

/// A topic whose journal was left in use: by a bus that ended with its machine's memory.
struct LeftTopic {
  std::uint64_t id = 0;
  TopicOptions options{};
  std::optional<TypeInfo> type{};  ///< refers to `description`
  std::unique_ptr<journal::Description> description{};
};

/// Returns what the journal of a topic says of it; nothing where it was closed, or never used. *Throws* Error.
std::optional<LeftTopic> left_topic(const registry::Registry& registry, const base::TopicName& name);

}  // namespace shmbus::recording
