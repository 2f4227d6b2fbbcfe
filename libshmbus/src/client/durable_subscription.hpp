#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/durable_name.hpp"
#include "base/pattern.hpp"
#include "client/bus_core.hpp"
#include "client/standby_watch.hpp"
#include "durable/durable_record.hpp"
#include "durable/name_lock.hpp"
#include "durable/topic_cursor.hpp"
#include "platform/once_per_second.hpp"

namespace shmbus::detail {

/// What a durable subscriber has besides: its name's lock and record, and its cursors.
///
/// D1 Only the holder of the name's lock writes the record and the cursors.
/// D2 A cursor is never ahead of what was acknowledged.
/// D3 Once the record is established, a topic without a cursor is newer than the name, and is read from its first event.
class DurableSubscription {
 public:
  /// Checks the pattern against the name's record. *Throws* Error, `invalid_option` where the name has another pattern.
  DurableSubscription(std::shared_ptr<BusCore> bus, const base::DurableName& name, const base::Pattern& pattern,
                      std::chrono::nanoseconds hold_for);
  ~DurableSubscription();

  const base::DurableName& name() const noexcept { return name_; }
  std::uint64_t lock_byte() const noexcept { return byte_; }

  /// Takes the name. Returns false where another subscriber holds it. *Throws* Error.
  bool take();
  bool held() const noexcept { return lock_.has_value(); }
  /// Returns the error for a name that another subscriber holds.
  Error busy_error() const { return busy_error(*bus_, name_); }
  static Error busy_error(BusCore& bus, const base::DurableName& name);

  /// Begins to watch for the end of the holder, and to ring this bell then. *Throws* Error.
  void stand_by(std::uint64_t bell) { watch_ = std::make_unique<StandbyWatch>(bus_->member().node, byte_, bell); }
  bool name_free() const noexcept { return watch_ && watch_->name_free(); }
  void end_standby() noexcept { watch_.reset(); }

  /// Whether the name existed before this subscriber took it, with a cursor in each topic of its first holder.
  bool resumed() const noexcept { return resumed_; }
  /// Notes that each topic that exists has a cursor. *Throws* Error.
  void establish();

  /// Opens the cursor of a topic. Returns nothing where there is none. `renewed` is set where there is one of an earlier
  /// topic of that name, which is reported and dropped. *Throws* Error where it is damaged.
  std::optional<durable::CursorFile> find_cursor(topic::TopicSegment& segment, bool& renewed);
  /// Creates the cursor of a topic. *Throws* Error.
  durable::CursorFile make_cursor(topic::TopicSegment& segment, std::uint64_t acknowledged);
  /// Takes over the place in a topic's ring that the last holder of the name left, so that it gates without a break. Null
  /// where there is none.
  std::unique_ptr<durable::HeldPlace> take_place(const std::shared_ptr<topic::TopicSegment>& segment,
                                                 const registry::StandingSubscription& subscription);
  /// Makes a cursor part of a subscription that reads the topic, with its place in the ring where that is to be held.
  /// *Throws* Error.
  std::unique_ptr<durable::TopicCursor> topic_cursor(durable::CursorFile file,
                                                     std::unique_ptr<durable::HeldPlace> place,
                                                     const std::shared_ptr<topic::TopicSegment>& segment,
                                                     const registry::StandingSubscription& subscription);
  bool holds_places() const noexcept { return hold_for_.count() != 0; }

  /// Reports a position that could not be written, on standard error, at most once per second. Any thread.
  void report(const Error& error, const char* what = "not acknowledged") noexcept;
  void acknowledged() noexcept {
    if (failed_.load(std::memory_order_relaxed)) failed_.store(false, std::memory_order_relaxed);
  }
  /// Whether the latest position could not be written. Any thread.
  bool failed() const noexcept { return failed_.load(std::memory_order_relaxed); }

  void in_child() noexcept;

 private:
  void check_pattern(const durable::DurableRecord& record) const;
  durable::CursorOwner owner_of(topic::TopicSegment& segment) const;
  platform::FilePlace place_of(topic::TopicSegment& segment) const;
  log::SubscriberPlace held_place(const registry::StandingSubscription& subscription) const;
  bool drop_earlier_cursors(topic::TopicSegment& segment);

  std::shared_ptr<BusCore> bus_;
  const base::DurableName name_;
  const base::Pattern pattern_;
  const std::uint64_t byte_;
  const std::chrono::nanoseconds hold_for_;
  std::optional<platform::LockedByte> lock_;
  std::optional<durable::DurableRecord> record_;
  std::vector<base::CursorName> found_;  // the cursors of the name when it was taken
  bool resumed_ = false;
  std::unique_ptr<StandbyWatch> watch_;
  std::atomic<bool> failed_{false};
  platform::OncePerSecond reports_{};
};

}  // namespace shmbus::detail
