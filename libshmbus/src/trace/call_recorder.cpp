#include "trace/call_recorder.hpp"

#include <unistd.h>

#include <bit>
#include <cstdio>
#include <exception>

#include "layout/segment_checks.hpp"
#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"
#include "trace/recorder_file.hpp"

namespace shmbus::trace {

using layout::RecorderHeader;
using platform::SegmentFile;

namespace {

std::string object_of(const registry::StandingSubscription& subscription) {
  return "the flight recorder of the subscription to '" + subscription.pattern.text() + "'";
}

/// A user that may read the bus may read it; only its process writes it.
unsigned mode_of(const registry::Registry& registry) noexcept { return (registry.recorded().mode & 0444) | 0600; }

/// The bus's group, where this process may give it away.
SegmentFile unnamed_file(const registry::Registry& registry, const std::string& object) {
  const unsigned mode = mode_of(registry);
  const gid_t group = registry.file().state().group;
  if (group != ::getegid()) {
    try {
      return SegmentFile::unnamed(object, mode, std::to_string(group));
    } catch (const Error&) {
      // Not a member of it: those who read the bus by its group can't read this.
    }
  }
  return SegmentFile::unnamed(object, mode, {});
}

}  // namespace

std::unique_ptr<CallRecorder> CallRecorder::create(const registry::Membership& member,
                                                   const registry::StandingSubscription& subscription,
                                                   std::size_t capacity, std::size_t lanes) noexcept {
  try {
    tidy_recorders(*member.node);  // also where nobody reaps
    return make(member, subscription, std::bit_ceil(capacity), static_cast<std::uint32_t>(lanes));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shmbus: %s; its calls are not recorded\n", error.what());
    return nullptr;
  }
}

std::unique_ptr<CallRecorder> CallRecorder::make(const registry::Membership& member,
                                                 const registry::StandingSubscription& subscription,
                                                 std::uint64_t capacity, std::uint32_t lanes) {
  const registry::Registry& registry = member.node->registry();
  const std::string object = object_of(subscription);
  const std::uint64_t size = layout::recorder_size(capacity, lanes);
  SegmentFile file = unnamed_file(registry, object);
  file.resize(size);
  if (!file.back(0, size)) {
    throw Error(ErrorCode::no_memory, {object, std::to_string(size) + " bytes of /dev/shm", "less is left",
                                           "make room there, or choose a smaller SubscriberOptions::record_calls"});
  }
  SHMBUS_CRASH_POINT("recorder.backed");
  platform::Mapping mapping(file, platform::Access::read_write, 0, size, object);
  auto& h = *reinterpret_cast<RecorderHeader*>(mapping.address());  // no other process sees it before it has a name
  h.magic = layout::kRecorderMagic;
  h.version = layout::kVersion;
  h.header_size = sizeof(RecorderHeader);
  h.size = size;
  h.bus = registry.recorded().incarnation;
  h.node = member.node->id();
  h.subscription = subscription.id;
  h.capacity = capacity;
  h.lanes = lanes;
  h.mode = mode_of(registry);
  h.pid = ::getpid();
  h.uid = ::geteuid();
  h.pid_namespace = platform::pid_namespace();
  const log::Moment now = member.clock->now();
  h.started_ns = now.ns;
  h.started_stamp = now.cycles;
  h.program.store(platform::program_name());
  h.name.store(subscription.name);
  h.pattern.store(subscription.pattern.text());
  const std::string name = registry.bus().recorder_file({member.node->id(), subscription.id});
  if (!file.link(name)) {
    throw Error(ErrorCode::busy, {object, "the file name '" + name + "' to be free", "a file of that name",
                                  "find out who put it into /dev/shm, and remove it"});
  }
  SHMBUS_CRASH_POINT("recorder.linked");
  return std::unique_ptr<CallRecorder>(
      new CallRecorder(member, std::move(mapping), platform::SegmentName(name, file)));
}

CallRecorder::CallRecorder(const registry::Membership& member, platform::Mapping mapping, platform::SegmentName name)
    : member_(member),
      mapping_(std::move(mapping)),
      name_(std::move(name)),
      header_(reinterpret_cast<RecorderHeader*>(mapping_.address())) {
  const std::uint64_t capacity = header_->capacity;
  for (std::uint32_t i = 0; i < header_->lanes; ++i) {
    std::byte* const at = mapping_.address() + layout::lane_offset(capacity, i);
    lanes_.push_back({CallLane(*reinterpret_cast<layout::CallLane*>(at),
                               reinterpret_cast<layout::CallEntry*>(at + sizeof(layout::CallLane)), capacity)});
  }
  listen();
}

CallRecorder::~CallRecorder() {
  stop_listening();
  check_size();
  if (stopped()) return;
  SHMBUS_CRASH_POINT("recorder.ending");
  std::int64_t records = 0;
  header_->ended_ns.compare_exchange_strong(records, platform::system_ns(), std::memory_order_acq_rel);  // F3
  SHMBUS_CRASH_POINT("recorder.ended");
}

void CallRecorder::begin(std::size_t lane, const detail::EventOrigin& origin,
                         const detail::EventRecord& event) noexcept {
  if (stopped()) [[unlikely]]
    return;
  Lane& at = lanes_[lane];
  // Where a handler has just returned, its end is the begin of the next call: one reading of the clock an event. Not
  // for an event that was published since.
  const std::uint64_t stamp = at.last_end != 0 && event.stamp <= at.last_end ? at.last_end : this->stamp();
  SHMBUS_CRASH_POINT("call.beginning");
  at.calls.begin(origin.topic, event.sequence, stamp);
  SHMBUS_CRASH_POINT("call.begun");
}

void CallRecorder::end(std::size_t lane, layout::CallEnd how) noexcept {
  if (stopped()) [[unlikely]]
    return;
  Lane& at = lanes_[lane];
  at.last_end = stamp();
  at.calls.end(how, at.last_end);
  SHMBUS_CRASH_POINT("call.ended");
}

void CallRecorder::keep_error(std::size_t lane, std::string_view text) noexcept {
  if (stopped()) [[unlikely]]
    return;
  lanes_[lane].calls.keep_error(text);
  SHMBUS_CRASH_POINT("call.error_kept");
}

void CallRecorder::check_size() noexcept {
  constexpr std::uint64_t kLookAgain = 1'000'000;  // ns
  const std::uint64_t now = platform::monotonic_ns();
  if (stopped() || now - looked_.load(std::memory_order_relaxed) < kLookAgain) return;
  looked_.store(now, std::memory_order_relaxed);
  if (!name_.has_size(mapping_.size())) stopped_.store(true, std::memory_order_relaxed);
}

}  // namespace shmbus::trace
