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

namespace {

/// A flight recorder in the folder.
struct Listed {
  std::string file;
  std::optional<RecorderRecord> recorded;  ///< nothing: it is of an earlier bus
};

/// Those that can be read: of the others it is not known whether they are still needed.
std::vector<Listed> list_recorders(const registry::Registry& registry) {
  std::vector<Listed> listed;
  for (const std::string& name : SegmentFile::list(registry.bus().recorder_prefix())) {
    if (!registry.bus().parse_recorder_name(name)) continue;
    try {
      const auto recorder = RecorderFile::open(registry, name, Access::read_only);
      if (recorder)
        listed.push_back({name, recorder->recorded});
      else if (SegmentFile::state_of(name))
        listed.push_back({name, std::nullopt});
    } catch (const Error&) {
      // Damaged, or without the right to read it.
    }
  }
  return listed;
}

std::vector<std::string> expired_among(const std::vector<Listed>& recorders) {
  std::vector<std::string> expired;
  std::vector<std::pair<std::int64_t, std::string>> ended;
  const std::int64_t now = platform::system_ns();
  for (const Listed& recorder : recorders) {
    if (!recorder.recorded || (recorder.recorded->ended_ns != 0 && recorder.recorded->ended_ns < now - kKeptNs))
      expired.push_back(recorder.file);
    else if (recorder.recorded->ended_ns != 0)
      ended.emplace_back(recorder.recorded->ended_ns, recorder.file);
  }
  if (ended.size() <= kKept) return expired;
  const auto first_kept = ended.end() - static_cast<std::ptrdiff_t>(kKept);
  std::nth_element(ended.begin(), first_kept, ended.end());
  for (auto recorder = ended.begin(); recorder != first_kept; ++recorder) expired.push_back(recorder->second);
  return expired;
}

/// Notes the end of a recorder whose node is dead. Returns when it ended.
std::int64_t note_death(const registry::Registry& registry, const std::string& name) {
  const auto recorder = RecorderFile::open(registry, name, Access::read_write);
  if (!recorder) return 0;
  const platform::Mapping mapping(recorder->file, Access::read_write, 0, layout::kRecorderHeaderSize, name);
  auto& header = *reinterpret_cast<RecorderHeader*>(mapping.address());
  if (header.ended_ns.load(std::memory_order_acquire) == 0) {
    header.died.store(1, std::memory_order_relaxed);  // before `ended_ns`, which publishes it
    std::int64_t records = 0;
    header.ended_ns.compare_exchange_strong(records, platform::system_ns(), std::memory_order_acq_rel);  // F3
  }
  return header.ended_ns.load(std::memory_order_relaxed);
}

}  // namespace

std::vector<std::string> expired_recorders(const registry::Registry& registry) {
  return expired_among(list_recorders(registry));
}

unsigned tidy_recorders(const registry::Node& node) noexcept {
  const registry::Registry& registry = node.registry();
  unsigned unlinked = 0;
  try {
    std::vector<Listed> recorders = list_recorders(registry);
    for (Listed& recorder : recorders) {
      if (!recorder.recorded || recorder.recorded->ended_ns != 0 || node.alive(recorder.recorded->node)) continue;
      try {
        recorder.recorded->ended_ns = note_death(registry, recorder.file);
      } catch (const Error&) {
        // Without the right to write it: its owner's processes, or root's, note it.
      }
    }
    for (const std::string& name : expired_among(recorders)) {
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

}  // namespace shmbus::trace
