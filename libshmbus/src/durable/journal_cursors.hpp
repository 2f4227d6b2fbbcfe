#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/durable_name.hpp"
#include "base/topic_name.hpp"
#include "durable/cursor_file.hpp"
#include "platform/placed_file.hpp"
#include "registry/registry.hpp"

// The cursors of topics with a journal: they lie beside it, in `<journals>/<bus>/<topic>/cursors/<name>`, and outlive the
// machine's memory. They name no topic id: a topic that is made anew goes on with the numbering of its journal.
namespace shmbus::durable {

platform::FilePlace journal_cursor_place(const registry::Registry& registry, const base::TopicName& topic,
                                         const base::DurableName& name);
CursorOwner journal_cursor_owner(const base::TopicName& topic, const base::DurableName& name);

/// The names that have a cursor beside the journal of a topic. *Throws* Error.
std::vector<base::DurableName> journal_cursors(const registry::Registry& registry, const base::TopicName& topic);
/// Whether a name has a cursor beside any journal of the bus. *Throws* Error.
bool has_journal_cursor(const registry::Registry& registry, const base::DurableName& name);
/// Removes those of a name. Returns false where there are none. *Throws* Error.
bool remove_journal_cursors(const registry::Registry& registry, const base::DurableName& name);

/// Looks at the cursors of one topic now and then, for its recorder. One thread.
class CursorWatch {
 public:
  CursorWatch(const registry::Registry& registry, base::TopicName topic)
      : registry_(registry), topic_(std::move(topic)) {}

  /// Syncs the cursors that moved. Returns the lowest number up to which every durable subscription has acknowledged all;
  /// nothing where there is none; 0 where a cursor can't be read. Never throws.
  std::optional<std::uint64_t> look() noexcept;

 private:
  struct Seen {
    base::DurableName name;
    std::uint64_t synced;
  };

  const registry::Registry& registry_;
  base::TopicName topic_;
  std::vector<Seen> seen_;
};

}  // namespace shmbus::durable
