#include "durable/durable_record.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <utility>

#include "durable/file_checks.hpp"
#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

using layout::DurableHeader;
using layout::DurableState;
using platform::PlacedFile;

namespace {

platform::FilePlace place_of(const registry::Registry& registry, const base::DurableName& name) {
  return platform::shared_memory_place(registry.bus().durable_file(name), name.object() + ", its record");
}

void check(const DurableHeader& h, const platform::FileState& state, const registry::Registry& registry,
           const base::DurableName& name, const std::string& object) {
  layout::check_owner(state, registry.owners(), object);
  check_file(h, layout::kDurableMagic, layout::kDurableFileSize, state, object,
             "run `shmbus forget " + name.text() + "`, and begin anew where you want to (SubscriberOptions::start)");
  layout::check_name(layout::load_text(h.name), name.text(), object);
}

}  // namespace

unsigned file_mode(const registry::Registry& registry) noexcept { return registry.recorded().mode & 0666; }

std::optional<gid_t> file_group(const registry::Registry& registry) {
  const gid_t group = registry.file().state().group;
  return group == ::getegid() ? std::nullopt : std::optional(group);
}

std::optional<DurableRecord> DurableRecord::open(const registry::Registry& registry, const base::DurableName& name,
                                                 platform::Access access) {
  auto file = PlacedFile::open(place_of(registry, name), access);
  if (!file) return std::nullopt;
  DurableHeader h{};  // a copy: what is checked is what is used (I6)
  if (file->read(0, &h, sizeof h) != sizeof h) h = {};
  const std::string& object = file->place().object;
  check(h, file->state(), registry, name, object);
  if (h.bus != registry.recorded().incarnation) return std::nullopt;
  DurableRecord record(std::move(*file));
  record.pattern_ = layout::load_text(h.pattern);
  record.created_ns_ = h.created_ns;
  std::uint64_t state = 0;
  if (record.file_.read(layout::kDurableStateOffset, &state, sizeof state) != sizeof state ||
      state > static_cast<std::uint64_t>(DurableState::forgotten) || !base::Pattern::parse(record.pattern_)) {
    throw Error(ErrorCode::corrupt, {record.file_.place().object, "a state and a pattern", "other bytes",
                                     "somebody overwrote it: run `shmbus forget " + name.text() + "`"});
  }
  record.state_ = static_cast<DurableState>(state);
  return record;
}

DurableRecord DurableRecord::create(const registry::Registry& registry, const base::DurableName& name,
                                    const base::Pattern& pattern) {
  DurableHeader h{};
  h.magic = layout::kDurableMagic;
  h.version = layout::kDurableFileVersion;
  h.header_size = sizeof h;
  h.bus = registry.recorded().incarnation;
  h.created_ns = platform::system_ns();
  h.mode = file_mode(registry);
  layout::store_text(h.name, name.text());
  layout::store_text(h.pattern, pattern.text());
  h.checksum = layout::checksum_of(h, offsetof(DurableHeader, checksum), 0);
  std::byte content[layout::kDurableFileSize] = {};
  std::memcpy(content, &h, sizeof h);
  const platform::FilePlace place = place_of(registry, name);
  auto file = PlacedFile::create(place, content, sizeof content, h.mode, file_group(registry));
  if (!file) {  // of an earlier bus: only the lock's holder makes one
    PlacedFile::unlink(place);
    file = PlacedFile::create(place, content, sizeof content, h.mode, file_group(registry));
  }
  if (!file) {
    throw Error(ErrorCode::busy, {place.object, "to be made by the holder of its lock", "another process made it",
                                  "find out who put it into /dev/shm"});
  }
  DurableRecord record(std::move(*file));
  record.pattern_ = pattern.text();
  record.created_ns_ = h.created_ns;
  SHMBUS_CRASH_POINT("durable.recorded");
  return record;
}

bool DurableRecord::unlink(const registry::Registry& registry, const base::DurableName& name) {
  return PlacedFile::unlink(place_of(registry, name));
}

void DurableRecord::set_state(DurableState state) {
  const auto word = static_cast<std::uint64_t>(state);
  file_.write(layout::kDurableStateOffset, &word, sizeof word);
  state_ = state;
  SHMBUS_CRASH_POINT("durable.state_written");
}

}  // namespace shmbus::durable
