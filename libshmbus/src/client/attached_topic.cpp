#include "client/attached_topic.hpp"

#include <algorithm>
#include <utility>

#include "base/trace_ids.hpp"
#include "log/block_search.hpp"
#include "log/log_end.hpp"
#include "log/ports.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using topic::TopicSegment;

AttachedTopic::AttachedTopic(std::shared_ptr<TopicSegment> segment, unsigned port, std::uint64_t subscription, See see)
    : TopicReader({segment->name().text(),
                   {segment->bus(), segment->id(), base::call_base(segment->bus(), segment->id(), subscription)},
                   &segment->header().type_hash},
                  reader),
      reader(segment->log(), port),
      segment_(std::move(segment)),
      durable_only_(see == See::durable && segment_->journal() != nullptr) {
  if (segment_->journal() != nullptr) reader.look_elsewhere(this);
  if (durable_only_) reader.see_up_to(segment_->journal()->durable, segment_->journal()->missing_end);
  listen();
}

std::shared_ptr<AttachedTopic> AttachedTopic::attach(std::shared_ptr<TopicSegment> segment,
                                                     const registry::StandingSubscription& s, Start start, See see,
                                                     bool always_start) {
  log::BlockLog& log = segment->log();
  std::optional<unsigned> port;
  bool placed = false;
  for (unsigned i = 0; i < layout::kMaxSubscribers && !placed; ++i) {
    placed = log::adopt_subscriber(log, i, s.id);
    if (placed) port = i;
  }
  if (!port) {
    port = log::attach_subscriber(log, {s.node, s.bell, s.id, s.reliable, s.demote_after, s.name}, log::kNone, 0);
  }
  if (!port) {
    throw Error(ErrorCode::limit,
                {segment->name().object(), "at most " + std::to_string(layout::kMaxSubscribers) + " subscribers",
                 "all ports in use", "share a subscription within a process"});
  }
  std::shared_ptr<AttachedTopic> attached;
  try {
    attached.reset(new AttachedTopic(segment, *port, s.id, see));
  } catch (...) {
    log::detach_subscriber(log, *port);
    throw;
  }
  if (placed) attached->reader.adopt();
  if (!placed || always_start) attached->start(start);
  attached->withdraw_doubles(s.id);
  return attached;
}

/// The ring serves what it holds; for all before, the journal is asked first.
void AttachedTopic::start(Start start) {
  if (segment_->journal() != nullptr && start_in_journal(start)) return;
  reader.start(start);
}

bool AttachedTopic::start_in_journal(Start start) {
  log::BlockLog& log = segment_->log();
  const log::End end = log::end_of(log);
  if (start.kind() == Start::Kind::latest || end.number == log::kNone) return false;
  std::uint64_t sequence = 0;  // 0: the oldest
  std::uint64_t before = 0;    // events to go back before the first one in this memory
  switch (start.kind()) {
    case Start::Kind::sequence:
      sequence = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(start.value()));
      break;
    case Start::Kind::after:
      sequence = static_cast<std::uint64_t>(start.value()) + 1;
      break;
    case Start::Kind::last: {
      // Between the numbers of this memory there is no gap. Before them there may be one.
      const auto count = static_cast<std::uint64_t>(start.value());
      const std::uint64_t here = end.next_sequence - std::min(log.first_sequence(), end.next_sequence);
      if (here >= count)
        sequence = end.next_sequence - count;
      else if (log.first_sequence() == 1)
        sequence = 1;
      else
        before = count - here;
      break;
    }
    case Start::Kind::time: {
      const std::uint64_t oldest = log::oldest_block(log, end);
      log::Block block;
      // The ring holds all events of that time and later if its oldest block was opened before. A little earlier, since
      // the stamps of several publishers are not exactly in order.
      constexpr std::int64_t kDisorder = 1'000'000'000;  // ns
      if (oldest > 1 && log.find(oldest, block) == log::FindResult::found &&
          log.entry(block.physical).opened_ns.load(std::memory_order_relaxed) < start.value() - kDisorder)
        return false;
      break;
    }
    default:
      break;
  }
  if (sequence != 0 && sequence >= log.first_sequence() && reader.try_resume(sequence)) {
    log.subscriber(reader.port()).words.position.store(sequence, std::memory_order_release);
    return true;
  }
  if (!open_journal()) {
    throw Error(ErrorCode::permission,
                {segment_->name().object() + ", its journal", "the right to read it, to begin before the ring does",
                 journal_problem_, "give this user that right, or begin with Start::latest()"});
  }
  const bool exact = start.kind() == Start::Kind::sequence || start.kind() == Start::Kind::after;
  if (start.kind() == Start::Kind::time)
    journal_->start_at_time(start.value());
  else if (before != 0)
    journal_->start_at_last(log.first_sequence(), before);
  else if (sequence == 0)
    journal_->start_at_oldest();
  else
    journal_->start_at(sequence, exact);
  enter_journal();
  return true;
}

bool AttachedTopic::open_journal() noexcept {
  if (!journal_) {
    try {
      journal_ =
          recording::JournalPath::open(segment_, segment_->log().subscriber(reader.port()).words, *this, durable_only_);
    } catch (const std::exception& error) {
      journal_problem_ = error.what();
    }
  }
  journal_failed_.store(journal_ == nullptr, std::memory_order_release);
  return journal_ != nullptr;
}

void AttachedTopic::enter_journal() noexcept {
  in_journal_ = true;
  read_from(*journal_);
}

/// The reader was lapped.
bool AttachedTopic::go_on(std::uint64_t sequence) noexcept {
  if (!open_journal()) return false;
  journal_->take_lost(reader.lost());
  journal_->start_at(sequence, true);
  journal_->follow(reader);
  SHMBUS_CRASH_POINT("journal_path.entered");
  enter_journal();
  return true;
}

bool AttachedTopic::back_to_ring(std::uint64_t sequence, std::int64_t time) noexcept {
  if (!reader.try_resume(sequence, time)) return false;
  resumed_ = sequence;
  SHMBUS_CRASH_POINT("journal_path.left");
  reader.take_lost(journal_->lost());
  reader.follow(*journal_);
  in_journal_ = false;
  read_from(reader);
  return true;
}

/// The journal will never have this event: no process records, and the ring has moved past it. What lies between counts
/// as lost. But a recorder may have written it a moment ago, so that the ring moved on: it shows what it has written before
/// it moves the gate, so that is seen here, and the journal has the event.
bool AttachedTopic::skip_to_ring(std::uint64_t sequence, std::int64_t time) noexcept {
  reader.take_lost(journal_->lost());
  reader.look_elsewhere(nullptr);
  reader.start(time != 0 ? Start::time(Time{std::chrono::nanoseconds{time}}) : Start::sequence(sequence));
  reader.look_elsewhere(this);
  if (segment_->journal()->recorded.load(std::memory_order_seq_cst) >= sequence) {
    reader.leave_ring();
    return false;
  }
  reader.follow(*journal_);
  in_journal_ = false;
  read_from(reader);
  return true;
}

Status AttachedTopic::status() const noexcept {
  if (reader.status() != Status::ok) return reader.status();
  if (journal_failed_.load(std::memory_order_acquire)) return Status::journal_failed;
  if (in_journal_ && journal_->status() != Status::ok) return journal_->status();
  if (!durable_only_) return Status::ok;
  const std::uint64_t state = segment_->journal()->state.load(std::memory_order_acquire);
  return state > static_cast<std::uint64_t>(layout::RecorderState::recording) ? Status::journal_failed : Status::ok;
}

void AttachedTopic::stop() noexcept {
  reader.stop();
  if (journal_) journal_->stop(Status::closed);
}

void AttachedTopic::mark_corrupt() noexcept {
  reader.mark_corrupt();
  if (journal_) journal_->stop(Status::corrupt);
}

void AttachedTopic::in_child() noexcept {
  reader.in_child();
  if (journal_) journal_->in_child();
}

/// A subscriber of durable events sleeps until the recorder says that more are durable: publishers don't wake it. So does
/// one that waits for the recorder to write what has left the ring.
void AttachedTopic::announce_sleep() noexcept {
  if (durable_only_ || in_journal_)
    segment_->journal()->waiters.fetch_or(log::port_bit(reader.port()), std::memory_order_seq_cst);
  else
    log::announce_sleep(segment_->log(), reader.port());
}

void AttachedTopic::end_sleep() noexcept {
  if (durable_only_ || in_journal_)
    segment_->journal()->waiters.fetch_and(~log::port_bit(reader.port()), std::memory_order_relaxed);
  else
    log::end_sleep(segment_->log(), reader.port());
}

AttachedTopic::~AttachedTopic() {
  stop_listening();
  if (!forked() && segment_->has_expected_sizes()) log::detach_subscriber(segment_->log(), reader.port());
}

/// For a reliable subscriber's port. A port that retired is lossy, too, but was not demoted; so that is checked first.
bool AttachedTopic::demoted() const noexcept {
  if (cursor && cursor->place() != nullptr && cursor->place()->demoted() && !retired_.load(std::memory_order_acquire))
    return true;
  const auto mode = segment_->log().subscriber(reader.port()).mode.load(std::memory_order_acquire);
  return (mode & 1) == 0 && !retired_.load(std::memory_order_acquire);
}

void AttachedTopic::retire() noexcept {
  retired_.store(true, std::memory_order_release);
  if (cursor) cursor->leave_place();
  if (!segment_->has_expected_sizes()) return;
  log::retire_subscriber(segment_->log(), reader.port());
}

/// A poll for no event goes on to the start that is looked for by time. A start at a later sequence is in the port.
std::uint64_t AttachedTopic::begin_sequence() noexcept {
  if (in_journal_) {
    journal_->poll([](const EventRecord&) {}, 0);
    journal_->look();
  }
  if (in_journal_) return journal_->next_sequence();
  reader.poll([](const EventRecord&) {}, 0);
  const auto shown = segment_->log().subscriber(reader.port()).words.position.load(std::memory_order_relaxed);
  return std::max(next_sequence(), shown);
}

Time AttachedTopic::to_time(const EventRecord& record) noexcept {
  if (!segment_->log().timestamps()) return Time{};
  if (in_journal_) return Time{std::chrono::nanoseconds{static_cast<std::int64_t>(record.stamp)}};
  return Time{std::chrono::nanoseconds{segment_->to_ns(record.stamp, reader.block_opened())}};
}

void AttachedTopic::withdraw_doubles(std::uint64_t subscription) noexcept { withdraw_ports(*segment_, subscription); }

void withdraw_ports(TopicSegment& segment, std::uint64_t subscription) noexcept {
  if (!segment.has_expected_sizes()) return;
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
    log::withdraw_port(segment.log(), i, segment.node().id(), subscription);
  }
}

}  // namespace shmbus::detail
