#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/topic_name.hpp"
#include "journal/description.hpp"
#include "journal/disk_storage.hpp"
#include "platform/locked_byte.hpp"
#include "registry/registry.hpp"
#include "shmbus/options.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/type_info.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// So many numbers of events are reserved on disk at one time; again when half of them are used.
inline constexpr std::uint64_t kNumbersAtOnce = std::uint64_t{1} << 40;

/// Where a bus's journals lie: `<journals>/<bus>/<topic>/`.
class JournalHome {
 public:
  explicit JournalHome(const registry::Registry& registry) : registry_(registry) {}

  /// The topics that have a folder there, sorted. Empty where there is none. *Throws* Error.
  std::vector<base::TopicName> topics() const;
  /// Opens a topic's folder. Returns null where there is none. *Throws* Error.
  std::unique_ptr<journal::DiskStorage> open(const base::TopicName& topic, unsigned mode = 0600,
                                             const std::string& group = {}) const;
  /// The same, and makes it where there is none. *Throws* Error, `invalid_option` where the bus has no folder for
  /// journals.
  std::unique_ptr<journal::DiskStorage> create(const base::TopicName& topic, unsigned mode,
                                               const std::string& group) const;
  /// What a message calls the folder of a topic's journal.
  std::string object(const base::TopicName& topic) const;

 private:
  const registry::Registry& registry_;
};

/// Takes the lock of a topic's journal: its holder alone writes there. Returns nothing where another process, or another
/// part of this one, has it. *Throws* Error.
std::optional<platform::LockedByte> lock_journal(journal::DiskStorage& storage, const std::string& object);

/// A topic's folder, and its lock.
struct LockedJournal {
  std::unique_ptr<journal::DiskStorage> storage;
  platform::LockedByte lock;
};
/// Opens the folder of a topic's journal, made where it is missing, and takes its lock. Returns nothing where another has it.
/// *Throws* Error.
std::optional<LockedJournal> lock_journal(const topic::TopicSegment& segment);

/// What a journal records of a topic.
journal::Description describe(const topic::TopicSegment& segment);
/// The same for a topic that is about to be created.
journal::Description describe(const registry::Registry& registry, const base::TopicName& name, std::uint64_t id,
                              const TopicOptions& options, const TypeInfo* type);
/// The options that make such a topic again.
TopicOptions options_of(const journal::Description& description);
/// Its type; nothing where it was not decided. Refers to the description.
std::optional<TypeInfo> type_of(const journal::Description& description);

}  // namespace shmbus::recording
