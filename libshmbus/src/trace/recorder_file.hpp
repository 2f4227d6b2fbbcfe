#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "layout/recorder.hpp"
#include "platform/segment_file.hpp"
#include "registry/node.hpp"
#include "registry/registry.hpp"

namespace shmbus::trace {

/// What the header of a flight recorder says, copied and checked.
struct RecorderRecord {
  std::uint64_t node = 0;
  std::uint64_t subscription = 0;
  std::uint64_t capacity = 0;
  std::uint32_t lanes = 0;
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  std::int64_t started_ns = 0;
  std::uint64_t started_stamp = 0;
  std::int64_t ended_ns = 0;  ///< 0: not noted
  bool died = false;
  std::string program, name, pattern;
};

/// A flight recorder's file, for reading without mapping it: a process that cuts it short does no harm.
struct RecorderFile {
  platform::SegmentFile file;
  RecorderRecord recorded;

  /// Opens a flight recorder of this bus by its file's name. Returns nothing where there is no such file, or it is of an
  /// earlier bus of this name. *Throws* Error where it can't be read, or fails a check.
  static std::optional<RecorderFile> open(const registry::Registry& registry, const std::string& name,
                                          platform::Access access);
};

/// How long a flight recorder is kept after its end, and how many at most.
inline constexpr std::int64_t kKeptNs = 600'000'000'000;
inline constexpr std::size_t kKept = 32;

/// The file names of flight recorders that are not kept any more: those of an earlier bus of this name, those that ended
/// ten minutes ago, and of the others that ended, all but the 32 that ended last. One that can't be read is not among
/// them.
std::vector<std::string> expired_recorders(const registry::Registry& registry);

/// Notes the end of the flight recorders whose nodes are dead, where this process may write them; then unlinks those
/// that are not kept any more. Returns how many it unlinked. One that this process may not unlink stays.
unsigned tidy_recorders(const registry::Node& node) noexcept;

}  // namespace shmbus::trace
