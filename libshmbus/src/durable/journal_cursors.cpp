#include "durable/journal_cursors.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "journal/disk_storage.hpp"
#include "journal/failure.hpp"
#include "journal/folder_place.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

using journal::DiskStorage;

namespace {

constexpr const char* kFolder = "cursors";

std::vector<std::string> names_in(journal::Storage& folder, const std::string& object) {
  std::vector<std::string> names;
  if (const int error = folder.list(names); error != 0)
    throw journal::storage_error(error, object, "the names in its folder");
  return names;
}

std::unique_ptr<DiskStorage> open_folder(const registry::Registry& registry, std::vector<std::string> below) {
  below.insert(below.begin(), std::string(registry.bus().text()));
  if (registry.recorded().journals.empty()) return nullptr;
  return DiskStorage::open(registry.recorded().journals, below, {registry.recorded().mode, {}, registry.owners()});
}

}  // namespace

CursorOwner journal_cursor_owner(const base::TopicName& topic, const base::DurableName& name) {
  return {0, 0, name, topic};
}

platform::FilePlace journal_cursor_place(const registry::Registry& registry, const base::TopicName& topic,
                                         const base::DurableName& name) {
  return journal::folder_place(registry.recorded().journals,
                               {std::string(registry.bus().text()), topic.text(), kFolder},
                               {registry.recorded().mode, {}, registry.owners()}, name.text(),
                               name.object() + ", its cursor in topic '" + topic.text() + "'");
}

std::vector<base::DurableName> journal_cursors(const registry::Registry& registry, const base::TopicName& topic) {
  std::vector<base::DurableName> names;
  const auto folder = open_folder(registry, {topic.text(), kFolder});
  if (!folder) return names;
  for (const std::string& file : names_in(*folder, "cursors of " + topic.object())) {
    if (auto name = base::DurableName::parse(file)) names.push_back(std::move(*name));
  }
  return names;
}

namespace {

/// Calls `f(topic)` for each topic of the bus beside whose journal the name has a cursor.
template <class F>
void for_each_topic_of(const registry::Registry& registry, const base::DurableName& name, F f) {
  const auto folder = open_folder(registry, {});
  if (!folder) return;
  for (const std::string& file : names_in(*folder, "journals of " + registry.bus().object())) {
    const auto topic = base::TopicName::parse(file);
    if (!topic) continue;
    const auto names = journal_cursors(registry, *topic);
    if (std::any_of(names.begin(), names.end(), [&](const auto& n) { return n.text() == name.text(); })) f(*topic);
  }
}

}  // namespace

bool has_journal_cursor(const registry::Registry& registry, const base::DurableName& name) {
  bool found = false;
  for_each_topic_of(registry, name, [&](const base::TopicName&) { found = true; });
  return found;
}

bool remove_journal_cursors(const registry::Registry& registry, const base::DurableName& name) {
  bool removed = false;
  for_each_topic_of(registry, name, [&](const base::TopicName& topic) {
    removed = platform::PlacedFile::unlink(journal_cursor_place(registry, topic, name)) || removed;
  });
  return removed;
}

std::optional<std::uint64_t> CursorWatch::look() noexcept {
  std::optional<std::uint64_t> lowest;
  try {
    for (const base::DurableName& name : journal_cursors(registry_, topic_)) {
      std::uint64_t acknowledged = 0;
      try {
        auto cursor =
            CursorFile::open(journal_cursor_place(registry_, topic_, name), journal_cursor_owner(topic_, name),
                             platform::Access::read_write, registry_.owners());
        if (!cursor) continue;  // forgotten in the meantime
        acknowledged = cursor->acknowledged();
        auto seen =
            std::find_if(seen_.begin(), seen_.end(), [&](const Seen& s) { return s.name.text() == name.text(); });
        if (seen == seen_.end() || seen->synced != acknowledged) cursor->sync();
        if (seen == seen_.end())
          seen_.push_back({name, acknowledged});
        else
          seen->synced = acknowledged;
      } catch (const Error&) {
        acknowledged = 0;  // damaged: nothing may go that its subscription might want
      }
      lowest = std::min(lowest.value_or(std::numeric_limits<std::uint64_t>::max()), acknowledged);
    }
  } catch (const std::exception&) {
    return 0;
  }
  return lowest;
}

}  // namespace shmbus::durable
