#include "client/durable_subscription.hpp"

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "durable/durable_files.hpp"
#include "durable/journal_cursors.hpp"
#include "layout/claim_word.hpp"
#include "log/log_end.hpp"
#include "registry/bus_name_lock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using durable::CursorFile;
using durable::DurableRecord;
using layout::DurableState;
using platform::Access;

DurableSubscription::DurableSubscription(std::shared_ptr<BusCore> bus, const base::DurableName& name,
                                         const base::Pattern& pattern, std::chrono::nanoseconds hold_for)
    : bus_(std::move(bus)), name_(name), pattern_(pattern), byte_(durable::name_lock_byte(name)), hold_for_(hold_for) {
  const auto record = DurableRecord::open(bus_->registry(), name_, Access::read_only);
  if (record && record->state() != DurableState::forgotten) check_pattern(*record);
}

/// Drops the lock first, so that the subscriptions that are rung find it free.
DurableSubscription::~DurableSubscription() {
  watch_.reset();
  if (!lock_ || bus_->node().forked()) return;
  lock_.reset();
  SHMBUS_CRASH_POINT("durable.released");
  if (bus_->registry().intact()) bus_->subscriptions().ring_standbys(byte_);
}

void DurableSubscription::check_pattern(const DurableRecord& record) const {
  if (record.pattern() == pattern_.text()) return;
  throw Error(ErrorCode::invalid_option,
              {name_.object(), "its pattern '" + record.pattern() + "'", "'" + pattern_.text() + "'",
               "use that pattern or another name; or forget it first, with its positions (shmbus forget " +
                   name_.text() + ")"});
}

bool DurableSubscription::take() {
  registry::Registry& registry = bus_->registry();
  auto lock = durable::take_name_lock(registry, name_);
  if (!lock) return false;
  SHMBUS_CRASH_POINT("durable.locked");
  auto record = DurableRecord::open(registry, name_, Access::read_write);
  if (record && record->state() == DurableState::forgotten) {
    const auto bus_name = registry::lock_bus_name(registry, platform::Lock::shared);
    if (!bus_name) throw registry.removed_error();
    durable::remove_files(registry, name_);
    record.reset();
  }
  if (record) check_pattern(*record);
  // The record is in the machine's memory; cursors beside journals outlive it.
  resumed_ = record ? record->state() == DurableState::established : durable::has_journal_cursor(registry, name_);
  if (!record) record.emplace(DurableRecord::create(registry, name_, pattern_));
  found_ = durable::list_cursors(registry.bus(), name_);
  record_.emplace(std::move(*record));
  lock_.emplace(std::move(*lock));
  return true;
}

/// A holder takes the lock before it is listed, so it is looked for some times.
Error DurableSubscription::busy_error(BusCore& bus, const base::DurableName& name) {
  const std::uint64_t byte = durable::name_lock_byte(name);
  std::uint64_t node = 0;
  for (int i = 0; i < 20 && node == 0 && durable::name_held(bus.registry(), byte); ++i) {
    if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    node = bus.subscriptions().durable_holder(byte);
  }
  const std::string holder = node == 0 ? "another process" : bus.registry().node_object(node);
  return {ErrorCode::busy,
          {name.object(), "to be held by no other subscriber",
           node == bus.node().id() ? "this process, " + holder + ", holds it" : holder + " holds it",
           "end that one, or stand by for its end (SubscriberOptions::standby)"}};
}

void DurableSubscription::establish() {
  if (record_ && record_->state() == DurableState::beginning) record_->set_state(DurableState::established);
}

durable::CursorOwner DurableSubscription::owner_of(topic::TopicSegment& segment) const {
  if (segment.journal() != nullptr) return durable::journal_cursor_owner(segment.name(), name_);
  return {segment.bus(), segment.id(), name_, segment.name()};
}

platform::FilePlace DurableSubscription::place_of(topic::TopicSegment& segment) const {
  if (segment.journal() != nullptr) return durable::journal_cursor_place(bus_->registry(), segment.name(), name_);
  return durable::cursor_place(bus_->registry().bus(), {segment.name(), name_, segment.id()});
}

std::optional<CursorFile> DurableSubscription::find_cursor(topic::TopicSegment& segment, bool& renewed) {
  auto cursor = CursorFile::open(place_of(segment), owner_of(segment), Access::read_write, bus_->registry().owners());
  renewed = !cursor && segment.journal() == nullptr && drop_earlier_cursors(segment);
  if (!cursor) return std::nullopt;
  // An exclusive publisher stores the tail once a batch, and may have died before: so many events may lie beyond it.
  constexpr std::uint64_t kBeyondTail = layout::ClaimWord::kMaxEvents;
  const log::End end = log::end_of(segment.log());
  if (end.number != log::kNone && cursor->acknowledged() >= end.next_sequence + kBeyondTail) {
    throw Error(ErrorCode::corrupt,
                {cursor->place().object, "at most sequence " + std::to_string(end.next_sequence - 1) + ", the newest",
                 "sequence " + std::to_string(cursor->acknowledged()),
                 "somebody overwrote one of them: run `shmbus forget " + name_.text() + "`, and begin anew"});
  }
  return cursor;
}

bool DurableSubscription::drop_earlier_cursors(topic::TopicSegment& segment) {
  bool dropped = false;
  for (const base::CursorName& cursor : found_) {
    if (cursor.topic != segment.name() || cursor.id == segment.id()) continue;
    const platform::FilePlace place = durable::cursor_place(bus_->registry().bus(), cursor);
    try {
      const auto earlier = CursorFile::open(place, {segment.bus(), cursor.id, name_, cursor.topic}, Access::read_only,
                                            bus_->registry().owners());
      std::fprintf(stderr,
                   "shmbus: %s: topic '%s' was removed and made anew: it is read from its first event; of the one "
                   "before, the events after sequence %llu were not acknowledged\n",
                   name_.object().c_str(), cursor.topic.text().c_str(),
                   static_cast<unsigned long long>(earlier ? earlier->acknowledged() : 0));
      dropped = platform::PlacedFile::unlink(place) || dropped;
    } catch (const Error&) {
      // Damaged, or another user's: it is of no use, and no harm.
    }
  }
  return dropped;
}

CursorFile DurableSubscription::make_cursor(topic::TopicSegment& segment, std::uint64_t acknowledged) {
  const registry::Registry& registry = bus_->registry();
  const platform::FilePlace place = place_of(segment);
  auto made = CursorFile::create(place, owner_of(segment), acknowledged, durable::file_mode(registry),
                                 durable::file_group(registry));
  if (made) return std::move(*made);
  throw Error(ErrorCode::busy, {place.object, "to be made by the holder of the name", "another process made it",
                                "find out who put it into /dev/shm"});
}

log::SubscriberPlace DurableSubscription::held_place(const registry::StandingSubscription& s) const {
  return {s.node,         s.bell,       s.id,  true,
          s.demote_after, name_.text(), false, static_cast<std::uint64_t>(hold_for_.count())};
}

std::unique_ptr<durable::HeldPlace> DurableSubscription::take_place(
    const std::shared_ptr<topic::TopicSegment>& segment, const registry::StandingSubscription& subscription) {
  return durable::HeldPlace::take(segment, held_place(subscription));
}

/// A topic with a journal needs no place: what leaves its ring is in the journal.
std::unique_ptr<durable::TopicCursor> DurableSubscription::topic_cursor(
    CursorFile file, std::unique_ptr<durable::HeldPlace> place, const std::shared_ptr<topic::TopicSegment>& segment,
    const registry::StandingSubscription& subscription) {
  const std::uint64_t next = file.acknowledged() + 1;
  if (!holds_places() || segment->journal() != nullptr) {
    if (place) place->give_up();
    place.reset();
  } else if (place) {
    place->move_to(next);
  } else {
    place = durable::HeldPlace::make(segment, held_place(subscription), next);
  }
  SHMBUS_CRASH_POINT("durable.placed");
  return std::make_unique<durable::TopicCursor>(std::move(file), this, std::move(place));
}

void DurableSubscription::report(const Error& error, const char* what) noexcept {
  failed_.store(true, std::memory_order_relaxed);
  if (!reports_.due()) return;
  std::fprintf(stderr, "shmbus: %s: %s\n", what, error.what());
}

void DurableSubscription::in_child() noexcept {
  if (lock_) lock_->forget();
}

}  // namespace shmbus::detail
