#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layout/recorder.hpp"
#include "platform/fork_guard.hpp"
#include "platform/mapping.hpp"
#include "platform/segment_name.hpp"
#include "registry/membership.hpp"
#include "registry/subscription_table.hpp"
#include "shmbus/detail/event_record.hpp"
#include "shmbus/detail/handler_scope.hpp"
#include "trace/call_lane.hpp"

namespace shmbus::trace {

/// The flight recorder of a subscription: a segment that outlives the process, with a lane for each thread that calls
/// the handler.
class CallRecorder : private platform::ForkListener {
 public:
  /// Creates the segment. Where it can't be created, for example since memory is short, says so on standard error and
  /// returns null: the subscription works without. `capacity` is rounded up to a power of two.
  static std::unique_ptr<CallRecorder> create(const registry::Membership& member,
                                              const registry::StandingSubscription& subscription, std::size_t capacity,
                                              std::size_t lanes) noexcept;
  /// Notes the end of the subscription.
  ~CallRecorder() override;

  /// Begins and ends a call on a lane. Each lane belongs to one thread at a time. In a forked child they do nothing.
  void begin(std::size_t lane, const detail::EventOrigin& origin, const detail::EventRecord& event) noexcept;
  void end(std::size_t lane, layout::CallEnd how) noexcept;
  /// What the running call threw; before its end.
  void keep_error(std::size_t lane, std::string_view text) noexcept;
  /// Says that time passes between the last call of the lane and the next one.
  void pause(std::size_t lane) noexcept { lanes_[lane].last_end = 0; }

  /// Stops recording where another process cut the segment short, since writing to it would then kill this process.
  /// Looks at most once per millisecond. The lane's thread, between calls.
  void check_size() noexcept;

 private:
  /// The lanes of several threads lie in separate cache lines.
  struct alignas(layout::kLine) Lane {
    CallLane calls;
    std::uint64_t last_end = 0;  ///< stamp; 0: time has passed since
  };

  CallRecorder(const registry::Membership& member, platform::Mapping mapping, platform::SegmentName name);
  static std::unique_ptr<CallRecorder> make(const registry::Membership& member,
                                            const registry::StandingSubscription& subscription, std::uint64_t capacity,
                                            std::uint32_t lanes);
  void in_child() noexcept override { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }
  std::uint64_t stamp() const noexcept { return member_.clock->stamp(); }

  registry::Membership member_;
  platform::Mapping mapping_;
  platform::SegmentName name_;
  layout::RecorderHeader* header_;
  std::vector<Lane> lanes_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> looked_{0};  ///< monotonic ns of the last look at the segment's size
};

}  // namespace shmbus::trace
