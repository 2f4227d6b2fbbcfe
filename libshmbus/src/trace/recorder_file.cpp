#include "trace/recorder_file.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "platform/clock.hpp"
#include "platform/mapping.hpp"
#include "shmbus/error.hpp"

namespace shmbus::trace {

using layout::RecorderHeader;
using platform::Access;
using platform::SegmentFile;

namespace {

void check(const RecorderHeader& h, const SegmentFile& file, const std::vector<uid_t>& owners) {
  const std::string& object = file.object();
  const platform::FileState state = file.state();
  layout::check_owner(state, owners, object);
  layout::check_header({h.magic, layout::kRecorderMagic, h.version, h.header_size, sizeof(RecorderHeader),
                        h.incompatible_flags},
                       object);
  layout::check_mode(state, h.mode, object);
  const bool possible = h.capacity >= layout::kMinCalls && h.capacity <= layout::kMaxCalls &&
                        (h.capacity & (h.capacity - 1)) == 0 && h.lanes >= 1 && h.lanes <= layout::kMaxLanes;
  if (!possible) {
    throw Error(ErrorCode::corrupt, {object, "16 to 1048576 calls for each of 1 to 64 workers",
                                     std::to_string(h.capacity) + " for each of " + std::to_string(h.lanes),
                                     "somebody overwrote it: remove the file"});
  }
  layout::check_size(state.size, layout::recorder_size(h.capacity, h.lanes), object);  // F2
}

RecorderRecord record_of(const RecorderHeader& h) {
  RecorderRecord recorded;
  recorded.node = h.node;
  recorded.subscription = h.subscription;
  recorded.capacity = h.capacity;
  recorded.lanes = h.lanes;
  recorded.pid = h.pid;
  recorded.uid = h.uid;
  recorded.pid_namespace = h.pid_namespace;
  recorded.started_ns = h.started_ns;
  recorded.started_stamp = h.started_stamp;
  recorded.ended_ns = h.ended_ns.load(std::memory_order_relaxed);
  recorded.died = h.died.load(std::memory_order_relaxed) != 0;
  recorded.program = h.program.load();
  recorded.name = h.name.load();
  recorded.pattern = h.pattern.load();
  return recorded;
}

}  // namespace

std::optional<RecorderFile> RecorderFile::open(const registry::Registry& registry, const std::string& name,
                                               Access access) {
  auto file = SegmentFile::open(name, access, "flight recorder '" + name + "'");
  if (!file) return std::nullopt;
  layout::check_version(*file, layout::kRecorderMagic, file->object());
  const auto header = std::make_unique<RecorderHeader>();  // a copy: what is checked is what is used (I6)
  layout::check_size(file->read(0, header.get(), sizeof *header), sizeof *header, file->object());
  check(*header, *file, registry.owners());
  if (header->bus != registry.recorded().incarnation) return std::nullopt;
  RecorderRecord recorded = record_of(*header);
  return RecorderFile{std::move(*file), std::move(recorded)};
}

std::vector<std::string> expired_recorders(const registry::Registry& registry) {
  std::vector<std::string> expired;
  std::vector<std::pair<std::int64_t, std::string>> ended;
  const std::int64_t now = platform::system_ns();
  for (const std::string& name : SegmentFile::list(registry.bus().recorder_prefix())) {
    if (!registry.bus().parse_recorder_file(name)) continue;
    try {
      const auto recorder = RecorderFile::open(registry, name, Access::read_only);
      if (!recorder) {
        if (SegmentFile::state_of(name)) expired.push_back(name);  // of an earlier bus
        continue;
      }
      if (recorder->recorded.ended_ns == 0) continue;
      if (recorder->recorded.ended_ns < now - kKeptNs)
        expired.push_back(name);
      else
        ended.emplace_back(recorder->recorded.ended_ns, name);
    } catch (const Error&) {
      // It is not known whether it is still needed.
    }
  }
  if (ended.size() <= kKept) return expired;
  const auto first_kept = ended.end() - static_cast<std::ptrdiff_t>(kKept);
  std::nth_element(ended.begin(), first_kept, ended.end());
  for (auto recorder = ended.begin(); recorder != first_kept; ++recorder) expired.push_back(recorder->second);
  return expired;
}

unsigned unlink_expired(const registry::Registry& registry) noexcept {
  unsigned unlinked = 0;
  try {
    for (const std::string& name : expired_recorders(registry)) {
      try {
        unlinked += SegmentFile::unlink(name, "flight recorder '" + name + "'");
      } catch (const Error&) {
        // Another user's: that user's processes, or root's, unlink it.
      }
    }
  } catch (const std::exception&) {
    // No memory or no descriptor: the next call does it.
  }
  return unlinked;
}

unsigned note_deaths(const registry::Node& node) noexcept {
  const registry::Registry& registry = node.registry();
  unsigned noted = 0;
  try {
    for (const std::string& name : SegmentFile::list(registry.bus().recorder_prefix())) {
      const auto parts = registry.bus().parse_recorder_file(name);
      if (!parts || node.alive(parts->node)) continue;
      try {
        const auto recorder = RecorderFile::open(registry, name, Access::read_write);
        // The node in the name decides nothing: anybody may give a file that name.
        if (!recorder || recorder->recorded.ended_ns != 0 || node.alive(recorder->recorded.node)) continue;
        const platform::Mapping mapping(recorder->file, Access::read_write, 0, layout::kRecorderHeaderSize, name);
        auto& header = *reinterpret_cast<RecorderHeader*>(mapping.address());
        header.died.store(1, std::memory_order_relaxed);  // before `ended_ns`, which publishes it
        std::int64_t records = 0;
        noted += header.ended_ns.compare_exchange_strong(records, platform::system_ns(), std::memory_order_acq_rel);
      } catch (const Error&) {
        // Damaged, or without the right to write it: its owner's processes, or root's, note it.
      }
    }
  } catch (const std::exception&) {
    // No memory: the next call does it.
  }
  return noted;
}

}  // namespace shmbus::trace
