#pragma once

#include <cstdint>
#include <memory>

#include "log/held_port.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::durable {

/// The place of a durable subscription in a topic's ring: a port that stands at its cursor. While it is there, the ring
/// drops nothing that was not acknowledged. When its holder ends or dies, it stays for `hold_for` (log/held_port.hpp). It
/// reads nothing: the subscriber has a port of its own for that. One thread at a time.
///
/// P1 Its pin is at most the block of the first event that is not acknowledged.
class HeldPlace {
 public:
  /// Takes over the place that an earlier holder of the name left. Null where there is none. *Requires* the name's lock.
  static std::unique_ptr<HeldPlace> take(std::shared_ptr<topic::TopicSegment> segment,
                                         const log::SubscriberPlace& place);
  /// Takes a new place, at event `sequence`. *Throws* Error, `limit`.
  static std::unique_ptr<HeldPlace> make(std::shared_ptr<topic::TopicSegment> segment,
                                         const log::SubscriberPlace& place, std::uint64_t sequence);
  HeldPlace(const HeldPlace&) = delete;
  HeldPlace& operator=(const HeldPlace&) = delete;
  ~HeldPlace() { leave(); }

  /// Leaves the place for the next holder. It does not move any more.
  void leave() noexcept;

  /// Moves up to event `sequence`, and wakes publishers that were held back.
  void move_to(std::uint64_t sequence) noexcept;
  /// Gives the place up: nothing stays.
  void give_up() noexcept;
  /// Whether publishers waited long enough to go on without it. Any thread.
  bool demoted() const noexcept;

 private:
  HeldPlace(std::shared_ptr<topic::TopicSegment> segment, unsigned port) : segment_(std::move(segment)), port_(port) {}
  bool usable() const noexcept { return there_ && !segment_->forked() && segment_->has_expected_sizes(); }

  std::shared_ptr<topic::TopicSegment> segment_;
  const unsigned port_;
  bool there_ = true;
};

}  // namespace shmbus::durable
