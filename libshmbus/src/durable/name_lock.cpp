#include "durable/name_lock.hpp"

#include <utility>

#include "layout/cursor.hpp"
#include "layout/registry.hpp"
#include "platform/fork_guard.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

std::uint64_t name_lock_byte(const base::DurableName& name) noexcept {
  const std::string& text = name.text();
  const std::uint64_t hash =
      layout::file_checksum(reinterpret_cast<const unsigned char*>(text.data()), text.size(), text.size());
  return layout::kDurableLocks + (hash & (layout::kDurableLocks / 2 - 1));
}

std::optional<platform::LockedByte> take_name_lock(const registry::Registry& registry, const base::DurableName& name) {
  const platform::NoFork no_fork;
  auto file = platform::SegmentFile::open(registry.bus().registry_file(), platform::Access::read_write, name.object());
  if (!file || !file->is_same(registry.file())) throw registry.removed_error();
  return platform::LockedByte::take(std::move(*file), name_lock_byte(name), name.object());
}

}  // namespace shmbus::durable
