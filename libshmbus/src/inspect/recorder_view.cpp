#include "inspect/recorder_view.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/trace_ids.hpp"
#include "layout/recorder.hpp"
#include "shmbus/error.hpp"
#include "trace/recorder_file.hpp"

namespace shmbus::detail {

using layout::CallEnd;
using trace::RecorderFile;
using trace::RecorderRecord;

namespace {

CallOutcome outcome_of(std::uint64_t end) noexcept {
  switch (static_cast<CallEnd>(end & layout::CallEntry::kHow)) {
    case CallEnd::returned:
      return CallOutcome::ok;
    case CallEnd::threw:
      return CallOutcome::threw;
    case CallEnd::ended_thread:
      return CallOutcome::ended_thread;
    case CallEnd::none:
      break;
  }
  return CallOutcome::running;
}

/// A call as it lies in its lane, copied.
struct CallWords {
  std::uint64_t topic, sequence, begin, end;
};
static_assert(sizeof(CallWords) == sizeof(layout::CallEntry));

/// A lane, copied while its thread may go on writing.
class LaneCopy {
 public:
  LaneCopy(const RecorderFile& recorder, std::uint32_t lane)
      : capacity_(recorder.recorded.capacity),
        bytes_(layout::lane_size(capacity_)) {
    const std::uint64_t at = layout::lane_offset(capacity_, lane);
    std::uint64_t begun = 0;
    complete_ = recorder.file.read(at, &begun_, sizeof begun_) == sizeof begun_;
    std::atomic_thread_fence(std::memory_order_acquire);  // SYNC call: the calls below `begun_` are seen
    complete_ = complete_ && recorder.file.read(at, bytes_.data(), bytes_.size()) == bytes_.size();
    // SYNC call: a call that was overwritten before or while it was copied is below what `begun` is afterwards.
    std::atomic_thread_fence(std::memory_order_acquire);
    complete_ = complete_ && recorder.file.read(at, &begun, sizeof begun) == sizeof begun;
    first_ = begun >= capacity_ ? begun - capacity_ + 1 : 0;  // F1
  }

  /// Returns false where the file was cut short.
  bool complete() const noexcept { return complete_; }
  /// The numbers of the calls that it holds: from `first` to before `end`.
  std::uint64_t first() const noexcept { return std::min(first_, begun_); }
  std::uint64_t end() const noexcept { return std::min(begun_, first() + capacity_); }

  CallWords call(std::uint64_t number) const noexcept {
    CallWords words;
    const std::size_t offset = sizeof(layout::CallLane) + (number & (capacity_ - 1)) * sizeof words;
    std::memcpy(&words, bytes_.data() + offset, sizeof words);
    return words;
  }

  /// What a call threw; empty where that was overwritten.
  std::string error(std::uint64_t number) const {
    for (unsigned i = 0; i < layout::kCallErrors; ++i) {
      const std::byte* const at =
          bytes_.data() + offsetof(layout::CallLane, errors) + i * sizeof(layout::CallError);
      std::uint64_t call = 0;
      std::memcpy(&call, at, sizeof call);
      if (call != number + 1) continue;
      const char* const text = reinterpret_cast<const char*>(at + offsetof(layout::CallError, text));
      return {text, ::strnlen(text, sizeof(layout::CallError::text) - 1)};
    }
    return {};
  }

 private:
  std::uint64_t capacity_;
  std::vector<std::byte> bytes_;
  std::uint64_t begun_ = 0, first_ = 0;
  bool complete_ = false;
};

class RecorderReader {
 public:
  RecorderReader(const registry::Registry& registry, NodeList& nodes, registry::BusClock& clock,
                 const std::map<std::uint64_t, std::string>& topics)
      : registry_(registry), nodes_(nodes), clock_(clock), topics_(topics) {}

  /// Returns nothing where the file is gone, or is of an earlier bus.
  std::optional<RecorderSnapshot> read(const std::string& file) {
    RecorderSnapshot snapshot;
    if (const auto parts = registry_.bus().parse_recorder_name(file)) {
      snapshot.node = parts->node;
      snapshot.subscription = parts->subscription;
    } else {
      return std::nullopt;  // a stray file: see Inspector::leftovers
    }
    try {
      const auto recorder = RecorderFile::open(registry_, file, platform::Access::read_only);
      if (!recorder) return std::nullopt;
      describe(recorder->recorded, snapshot);
      for (std::uint32_t i = 0; i < recorder->recorded.lanes; ++i) read_lane(*recorder, i, snapshot);
    } catch (const Error& error) {
      snapshot.problem = error.what();
    }
    std::stable_sort(snapshot.calls.begin(), snapshot.calls.end(),
                     [](const CallSnapshot& a, const CallSnapshot& b) { return a.began < b.began; });
    return snapshot;
  }

 private:
  void describe(const RecorderRecord& recorded, RecorderSnapshot& snapshot) {
    snapshot.node = recorded.node;
    snapshot.subscription = recorded.subscription;
    snapshot.pid = recorded.pid;
    snapshot.uid = recorded.uid;
    snapshot.program = recorded.program;
    snapshot.name = recorded.name;
    snapshot.pattern = recorded.pattern;
    snapshot.capacity = recorded.capacity;
    snapshot.started = Time{std::chrono::nanoseconds{recorded.started_ns}};
    snapshot.state = nodes_.at(recorded.node).state;
    snapshot.died = recorded.died || (recorded.ended_ns == 0 && snapshot.state == NodeState::dead);
    if (recorded.ended_ns != 0) snapshot.ended = Time{std::chrono::nanoseconds{recorded.ended_ns}};
    started_ = {recorded.started_stamp, recorded.started_ns};
  }

  void read_lane(const RecorderFile& recorder, std::uint32_t number, RecorderSnapshot& snapshot) {
    const LaneCopy lane(recorder, number);
    if (!lane.complete()) {
      throw Error(ErrorCode::corrupt, {recorder.file.object(), "as many bytes as its header says", "fewer",
                                       "somebody cut it short: remove the file"});
    }
    snapshot.overwritten += lane.first();
    for (std::uint64_t i = lane.first(); i < lane.end(); ++i) {
      const CallWords words = lane.call(i);
      CallSnapshot& call = snapshot.calls.emplace_back();
      call.event = {registry_.recorded().incarnation, words.topic, words.sequence};
      call.id = base::call_id_of(snapshot.subscription, call.event);
      if (const auto topic = topics_.find(words.topic); topic != topics_.end()) call.topic = topic->second;
      call.began = to_time(words.begin);
      call.outcome = outcome_of(words.end);
      call.worker = number;
      if (call.outcome != CallOutcome::running) call.ended = std::max(call.began, to_time(words.end));
      if (call.outcome == CallOutcome::threw) call.error = lane.error(i);
    }
  }

  Time to_time(std::uint64_t stamp) { return Time{std::chrono::nanoseconds{clock_.to_ns(stamp, started_)}}; }

  const registry::Registry& registry_;
  NodeList& nodes_;
  registry::BusClock& clock_;
  const std::map<std::uint64_t, std::string>& topics_;
  log::Moment started_{};  // of the recorder that is read
};

}  // namespace

std::vector<RecorderSnapshot> read_recorders(const registry::Registry& registry, NodeList& nodes,
                                             registry::BusClock& clock,
                                             const std::map<std::uint64_t, std::string>& topics) {
  std::vector<RecorderSnapshot> recorders;
  RecorderReader reader(registry, nodes, clock, topics);
  for (const std::string& file : platform::SegmentFile::list(registry.bus().recorder_prefix())) {
    if (auto recorder = reader.read(file)) recorders.push_back(std::move(*recorder));
  }
  std::stable_sort(recorders.begin(), recorders.end(),
                   [](const auto& a, const auto& b) { return a.started < b.started; });
  return recorders;
}

}  // namespace shmbus::detail
