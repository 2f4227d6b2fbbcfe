// Reading a flight recorder of any bytes: validation, its lanes, what is expired, and the end of a dead one.

#include <cstdlib>
#include <string>

#include "base/bus_name.hpp"
#include "fuzz/segment_folder.hpp"
#include "layout/recorder.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "trace/recorder_file.hpp"

namespace {

using namespace shmbus;
using layout::CallEntry;
using layout::CallError;
using layout::CallLane;
using layout::RecorderHeader;

constexpr std::uint64_t kCalls = 16;

Bus& bus() {
  static Bus bus = Bus::open(fuzz::bus_name());
  return bus;
}

/// A recorder whose lane has gone round, as its process leaves it if it dies.
fuzz::SegmentCopy* make_segment() {
  bus().topic("work", {.block_size = 4096, .blocks = 2});
  Subscriber subscriber = bus().subscriber("work", {.record_calls = kCalls});
  Publisher publisher = bus().publisher("work");
  for (int i = 0; i < 20; ++i) {
    publisher.publish("work");
    try {
      subscriber.poll([i](const Event&) {
        if (i % 3 == 0) throw Error(ErrorCode::system, {"a", "b", "c", "d"});
      });
    } catch (const Error&) {
    }
  }
  const base::BusName name(fuzz::bus_name());
  for (const std::string& file : platform::SegmentFile::list(name.recorder_prefix())) {
    return new fuzz::SegmentCopy("/dev/shm/" + file, {{0, layout::kPage},
                                                      {layout::lane_offset(kCalls, 0), layout::lane_size(kCalls)}});
  }
  std::abort();
}

constexpr std::uint16_t kHeaderFields[] = {
    offsetof(RecorderHeader, magic),         offsetof(RecorderHeader, version),      offsetof(RecorderHeader, header_size),
    offsetof(RecorderHeader, size),          offsetof(RecorderHeader, bus),          offsetof(RecorderHeader, node),
    offsetof(RecorderHeader, subscription),  offsetof(RecorderHeader, capacity),     offsetof(RecorderHeader, lanes),
    offsetof(RecorderHeader, mode),          offsetof(RecorderHeader, started_ns),   offsetof(RecorderHeader, started_stamp),
    offsetof(RecorderHeader, program),       offsetof(RecorderHeader, pattern),      offsetof(RecorderHeader, ended_ns),
    offsetof(RecorderHeader, died)};
constexpr std::uint16_t kLaneFields[] = {0,
                                         offsetof(CallLane, errors),
                                         offsetof(CallLane, errors) + offsetof(CallError, text),
                                         offsetof(CallLane, errors) + sizeof(CallError),
                                         sizeof(CallLane),
                                         sizeof(CallLane) + offsetof(CallEntry, sequence),
                                         sizeof(CallLane) + offsetof(CallEntry, begin),
                                         sizeof(CallLane) + offsetof(CallEntry, end),
                                         sizeof(CallLane) + sizeof(CallEntry)};

void check(const RecorderSnapshot& recorder) {
  if (!recorder.problem.empty()) return;
  if (recorder.calls.size() > recorder.capacity * layout::kMaxLanes) std::abort();
  for (std::size_t i = 0; i < recorder.calls.size(); ++i) {
    const CallSnapshot& call = recorder.calls[i];
    if (call.ended.has_value() != (call.outcome != CallOutcome::running)) std::abort();
    if (call.ended && *call.ended < call.began) std::abort();
    if (i > 0 && call.began < recorder.calls[i - 1].began) std::abort();
    if (call.error.size() >= sizeof(CallError::text)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::SegmentCopy& segment = *make_segment();
  fuzz::Input input(data, size);
  segment.restore();
  const std::uint8_t how = input.take();
  if ((how & 15) == 15) segment.cut(input.take<std::uint16_t>() * std::uint64_t{3});
  if ((how & 15) == 14) fuzz::overwrite(segment.range(how >> 4 & 1), input);
  if ((how & 15) < 14) {
    for (int i = how & 7; i > 0; --i) {
      const bool header = input.chance();
      fuzz::damage(segment.range(header ? 0 : 1), header ? std::span<const std::uint16_t>(kHeaderFields) : kLaneFields,
                   input);
    }
  }
  try {
    Inspector inspector(fuzz::bus_name());
    for (const RecorderSnapshot& recorder : inspector.recorders()) check(recorder);
    inspector.leftovers();
    if ((how & 16) != 0) bus().reap();
    for (const RecorderSnapshot& recorder : inspector.recorders()) check(recorder);
  } catch (const Error&) {
  }
  return 0;
}
