#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/durable_name.hpp"
#include "base/pattern.hpp"
#include "layout/cursor.hpp"
#include "platform/placed_file.hpp"
#include "registry/registry.hpp"

namespace shmbus::durable {

/// The mode and group that the files of a bus's durable subscriptions have: those who may use the bus may hold its
/// names.
unsigned file_mode(const registry::Registry& registry) noexcept;
std::optional<gid_t> file_group(const registry::Registry& registry);

/// The file that says that a durable name exists in a bus, with which pattern, and whether its first holder has come so
/// far that each topic of that time has a cursor. Only the holder of the name's lock creates and changes it.
class DurableRecord {
 public:
  /// Opens the record of a name. Returns nothing where there is none, or it is of an earlier bus. *Throws* Error where
  /// it can't be read or is damaged.
  static std::optional<DurableRecord> open(const registry::Registry& registry, const base::DurableName& name,
                                           platform::Access access);
  /// Creates it. *Requires* that the caller holds the name's lock, and that there is none. *Throws* Error.
  static DurableRecord create(const registry::Registry& registry, const base::DurableName& name,
                              const base::Pattern& pattern);
  /// Unlinks the record, whatever it holds. Returns false where there is none. *Throws* Error.
  static bool unlink(const registry::Registry& registry, const base::DurableName& name);

  const std::string& pattern() const noexcept { return pattern_; }
  std::int64_t created_ns() const noexcept { return created_ns_; }
  layout::DurableState state() const noexcept { return state_; }
  /// *Throws* Error.
  void set_state(layout::DurableState state);

 private:
  explicit DurableRecord(platform::PlacedFile file) noexcept : file_(std::move(file)) {}

  platform::PlacedFile file_;
  std::string pattern_;
  std::int64_t created_ns_ = 0;
  layout::DurableState state_ = layout::DurableState::beginning;
};

}  // namespace shmbus::durable
