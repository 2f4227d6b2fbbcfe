#include "durable/durable_files.hpp"

#include <utility>

#include "durable/journal_cursors.hpp"
#include "durable/name_lock.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

using platform::SegmentFile;

platform::FilePlace cursor_place(const base::BusName& bus, const base::CursorName& cursor) {
  return platform::shared_memory_place(bus.cursor_file(cursor),
                                       cursor.durable.object() + ", its cursor in topic '" + cursor.topic.text() + "'");
}

std::vector<base::DurableName> list_names(const base::BusName& bus) {
  std::vector<base::DurableName> names;
  for (const std::string& file : SegmentFile::list(bus.file_prefix())) {
    if (auto name = bus.durable_of_file(file)) names.push_back(std::move(*name));
  }
  return names;
}

std::vector<base::CursorName> list_cursors(const base::BusName& bus, const base::DurableName& name) {
  std::vector<base::CursorName> cursors;
  for (const std::string& file : SegmentFile::list(bus.file_prefix())) {
    auto cursor = bus.parse_cursor_file(file);
    if (cursor && cursor->durable == name) cursors.push_back(std::move(*cursor));
  }
  return cursors;
}

bool remove_files(const registry::Registry& registry, const base::DurableName& name) {
  const base::BusName& bus = registry.bus();
  bool existed = false;
  try {
    if (auto record = DurableRecord::open(registry, name, platform::Access::read_write)) {
      existed = true;
      record->set_state(layout::DurableState::forgotten);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::permission) throw;  // damaged: it is removed all the same
    existed = true;
  }
  for (const base::CursorName& cursor : list_cursors(bus, name)) {
    existed = platform::PlacedFile::unlink(cursor_place(bus, cursor)) || existed;
    SHMBUS_CRASH_POINT("forget.cursor_unlinked");
  }
  existed = remove_journal_cursors(registry, name) || existed;
  const bool unlinked = DurableRecord::unlink(registry, name);
  SHMBUS_CRASH_POINT("forget.unlinked");
  return unlinked || existed;
}

/// A cursor's file name bears the topic's id, so no other file ever has it. A record's name is that of the next one, too,
/// which only the holder of the lock makes.
bool unlink_useless(const registry::Registry& registry, const std::string& file) {
  const auto name = registry.bus().durable_of_file(file);
  if (!name) return SegmentFile::unlink(file, "segment '" + file + "'");
  const auto lock = take_name_lock(registry, *name);
  return lock && !DurableRecord::open(registry, *name, platform::Access::read_only) &&
         DurableRecord::unlink(registry, *name);
}

std::vector<std::string> useless_files(const registry::Registry& registry,
                                       const std::function<bool(const base::TopicName&, std::uint64_t)>& exists) {
  const base::BusName& bus = registry.bus();
  std::vector<std::string> useless;
  for (const std::string& file : SegmentFile::list(bus.file_prefix())) {
    if (const auto cursor = bus.parse_cursor_file(file)) {
      if (!exists(cursor->topic, cursor->id)) useless.push_back(file);
      continue;
    }
    const auto name = bus.durable_of_file(file);
    if (!name) continue;
    try {
      if (!DurableRecord::open(registry, *name, platform::Access::read_only) && SegmentFile::state_of(file))
        useless.push_back(file);
    } catch (const Error&) {
      // Damaged, or without the right to read it: the name's next holder gets the error.
    }
  }
  return useless;
}

}  // namespace shmbus::durable
