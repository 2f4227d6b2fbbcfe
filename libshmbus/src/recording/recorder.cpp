#include "recording/recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include "group/group_file.hpp"
#include "log/block_search.hpp"
#include "log/log_end.hpp"
#include "log/ports.hpp"
#include "log/sleep.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "platform/membarrier.hpp"
#include "recording/journal_home.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using layout::RecorderState;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kFrameBytes = std::size_t{1}
                                    << 20;  // a frame is written when it is this long, or nothing follows
constexpr std::chrono::nanoseconds kFirstPause = 100ms, kLongestPause = 10s;  // after a failure
constexpr auto kCareEvery = 1s;                                               // retention, space

std::uint64_t count(std::chrono::nanoseconds time) { return static_cast<std::uint64_t>(time.count()); }

}  // namespace

Recorder::Recorder(std::shared_ptr<topic::TopicSegment> segment, std::unique_ptr<journal::DiskStorage> storage,
                   platform::LockedByte lock, std::uint64_t low_space)
    : segment_(std::move(segment)),
      storage_(std::move(storage)),
      lock_(std::move(lock)),
      low_space_(low_space),
      words_(*segment_->journal()),
      gate_(segment_->log()),
      cursors_(segment_->node().registry(), segment_->name()),
      batch_(segment_->geometry(), segment_->log().timestamps(), sizeof(journal::FrameHeader)) {}

Recorder::~Recorder() {
  if (segment_->forked()) lock_.forget();
}

void Recorder::stop() noexcept {
  stopping_.store(true, std::memory_order_seq_cst);
  segment_->ring(segment_->bell());
}

void Recorder::run() noexcept {
  words_.recorder.store(segment_->self(), std::memory_order_seq_cst);
  while (!ended()) {
    if (Clock::now() < retry_) {
      pause(retry_ - Clock::now());
      continue;
    }
    if (!reader_ && !begin()) continue;
    step();
  }
  end();
}

void Recorder::run_once() noexcept {
  if (begin()) {
    stop();
    end();
  }
}

/// Records what is there, or waits for more.
void Recorder::step() noexcept {
  try {
    const bool found = collect();
    if (!batch_.empty()) {
      if (!describe_type() || !reserve_numbers() || !enough_space() || !write() || !sync_if_due(false)) return;
    }
    if (pause_.count() != 0) {  // it works again
      pause_ = {};
      words_.state.store(static_cast<std::uint64_t>(RecorderState::recording), std::memory_order_seq_cst);
    }
    const auto now = Clock::now();
    if (now - cared_ >= kCareEvery) take_care();
    if (found) {
      wrote_ = now;
      return;
    }
    // What a recorder that died had written and not shown was passed without a write. The ring may be full of it.
    if (gate_.shut()) gate_.move(reader_->block());
    if (!sync_if_due(true)) return;
    if (reader_->status() != Status::ok) {
      fail({EBADMSG, "reading the topic's ring"}, RecorderState::failed);
      return;
    }
    sleep();
  } catch (const std::exception& error) {
    fail({ENOMEM, error.what()}, RecorderState::failed);
  }
}

/// Reads from the ring until a frame is full, or nothing is there.
bool Recorder::collect() {
  const std::size_t at_once = std::clamp<std::size_t>((std::size_t{4} << 20) / segment_->log().block_size(), 1, 256);
  const bool stamped = segment_->log().timestamps();
  bool found = false;
  while (batch_.bytes() < kFrameBytes) {
    const std::size_t events = reader_->poll(
        [&](const detail::EventRecord& record) {
          std::uint64_t missing = 0;
          if (const std::uint64_t lost = reader_->lost(); lost != seen_lost_) {
            missing = record.sequence - expected_;
            seen_lost_ = lost;
          }
          batch_.add(record, stamped ? segment_->to_ns(record.stamp, reader_->block_opened()) : 0, missing);
          expected_ = record.sequence + 1;
        },
        at_once);
    if (events == 0) break;
    found = true;
  }
  return found;
}

/// R1, R2. The reader is inside the block whose events are not all written, or enters it next.
bool Recorder::write() {
  for (const FrameBatch::Piece& piece : batch_.pieces()) {
    if (piece.missing != 0) {
      if (writer_->append_missing(piece.first - piece.missing, piece.missing) != 0) break;
      words_.missing_end.store(piece.first - 1, std::memory_order_seq_cst);
      words_.missing.fetch_add(piece.missing, std::memory_order_relaxed);
    }
    const std::span<std::byte> frame = batch_.frame(piece);
    if (writer_->append(frame, {piece.events, piece.first, piece.last, piece.first_time, piece.last_time}) != 0) break;
    words_.frames.fetch_add(1, std::memory_order_relaxed);
    words_.bytes.fetch_add(frame.size(), std::memory_order_relaxed);
    SHMBUS_CRASH_POINT("recorder.written");
  }
  if (writer_->failure()) {
    fail(writer_->failure(), RecorderState::failed);
    return false;
  }
  batch_.clear();
  marked_ = false;
  show_progress();
  SHMBUS_CRASH_POINT("recorder.recorded");
  const std::uint64_t block = reader_->block();
  if (!gate_.shut()) {
    // Publishers opened it while we were behind. From here on the ring waits for us again.
    gate_.shut_at(block);
  } else {
    gate_.move(block);
  }
  return true;
}

bool Recorder::sync_if_due(bool idle) {
  if (writer_->durable() != writer_->recorded()) {
    switch (words_.sync) {
      case layout::JournalSync::page_cache:
        return true;
      case layout::JournalSync::interval:
        return Clock::now() - synced_ < std::chrono::nanoseconds(words_.interval_ns) || sync();
      case layout::JournalSync::batch:
        return sync();
    }
  }
  if (idle && !marked_ && words_.sync != layout::JournalSync::page_cache && Clock::now() - synced_ >= kMarkAfter) {
    if (writer_->note_synced() != 0) {
      fail(writer_->failure(), RecorderState::failed);
      return false;
    }
    marked_ = true;
  }
  return true;
}

bool Recorder::sync() {
  const auto began = Clock::now();
  if (writer_->sync() != 0) {
    fail(writer_->failure(), RecorderState::failed);
    return false;
  }
  SHMBUS_CRASH_POINT("recorder.synced");
  synced_ = Clock::now();
  const std::uint64_t took = count(synced_ - began);
  words_.syncs.fetch_add(1, std::memory_order_relaxed);
  words_.sync_ns.fetch_add(took, std::memory_order_relaxed);
  if (took > words_.longest_sync_ns.load(std::memory_order_relaxed))
    words_.longest_sync_ns.store(took, std::memory_order_relaxed);
  show_progress();
  return true;
}

/// The watermarks come before the look at who waits; who waits shows itself before it looks at them. All four are
/// sequentially consistent, so one of the two sees the other.
void Recorder::show_progress() noexcept {
  const std::uint64_t recorded = std::max(writer_->recorded(), segment_->log().first_sequence() - 1);
  const std::uint64_t durable =
      words_.sync == layout::JournalSync::page_cache ? recorded : std::max(writer_->durable(), words_.durable.load());
  words_.recorded.store(recorded, std::memory_order_seq_cst);
  words_.durable.store(std::min(durable, recorded), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("recorder.progress");
  if (words_.waiting.load(std::memory_order_seq_cst) != 0) {
    words_.bell.fetch_add(1, std::memory_order_seq_cst);
    platform::futex_wake_all(words_.bell);
  }
  if (words_.waiters.load(std::memory_order_seq_cst) != 0) {
    const std::uint64_t ports = words_.waiters.exchange(0, std::memory_order_seq_cst);
    log::for_each_port(
        ports, [&](unsigned i) { segment_->ring(segment_->log().subscriber(i).bell.load(std::memory_order_relaxed)); });
  }
}

/// The journal says what its events are, so that a topic that is brought back carries the same type. Its first publisher
/// decided that after we began, and before the first event.
bool Recorder::describe_type() {
  if (segment_->header().type_hash.load(std::memory_order_acquire) == described_type_) return true;
  writer_.reset();
  return open_files();
}

/// Reserves more numbers when half of them are used.
bool Recorder::reserve_numbers() {
  const std::uint64_t last = batch_.pieces().back().last;
  if (numbers_->end() > last && numbers_->end() - last > kNumbersAtOnce / 2) return true;
  if (const int error = numbers_->reserve(last + 1 + kNumbersAtOnce); error != 0) {
    fail({error, "reserving numbers"}, RecorderState::failed);
    return false;
  }
  words_.numbers_end.store(numbers_->end(), std::memory_order_release);
  return true;
}

bool Recorder::enough_space() {
  std::uint64_t free = 0;
  if (writer_->free_space(free) != 0 || free >= low_space_ + batch_.bytes()) return true;
  take_care();
  if (writer_->free_space(free) != 0 || free >= low_space_ + batch_.bytes()) return true;
  fail({ENOSPC, "writing: " + std::to_string(free >> 20) + " MiB are free, and " + std::to_string(low_space_ >> 20) +
                    " MiB are left to others (BusOptions::low_space)"},
       RecorderState::low_space);
  return false;
}

/// What is done now and then: retention, and figures for monitors.
void Recorder::take_care() {
  cared_ = Clock::now();
  std::optional<std::uint64_t> acknowledged = cursors_.look();
  const bool limited = words_.retain_bytes != 0 || words_.retain_age_ns != 0;
  if (limited) {
    journal::Removed removed;
    journal::RetainLimits limits{words_.retain_bytes, words_.retain_age_ns, {}};
    if (words_.retain_acknowledged != 0) {
      const auto settled = group::settled_by_groups(segment_->node().registry(), segment_->name());
      if (settled) acknowledged = std::min(acknowledged.value_or(*settled), *settled);
      limits.acknowledged = acknowledged;
    }
    if (writer_->retain(limits, platform::system_ns(), removed) != 0)
      words_.failures.fetch_add(1, std::memory_order_relaxed);
  }
  words_.files.store(writer_->files(), std::memory_order_relaxed);
  words_.files_bytes.store(writer_->bytes(), std::memory_order_relaxed);
  words_.first_held.store(writer_->first_held(), std::memory_order_relaxed);
  if (std::uint64_t free = 0; writer_->free_space(free) == 0) words_.free_bytes.store(free, std::memory_order_relaxed);
}

/// R3. Memory goes on: the gate opens, and who waits for the journal learns that it failed. After a pause a new file
/// begins with what the ring still holds.
void Recorder::fail(const journal::Failure& failure, RecorderState state) noexcept {
  if (writer_ && writer_->failed_seed() != 0)  // for the next recorder, should we die before the next file is there
    words_.distrusted.store(writer_->failed_seed(), std::memory_order_seq_cst);
  words_.error.store(static_cast<std::uint64_t>(failure.error), std::memory_order_relaxed);
  words_.failures.fetch_add(1, std::memory_order_relaxed);
  words_.state.store(static_cast<std::uint64_t>(state), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("recorder.failed");
  gate_.open();
  words_.bell.fetch_add(1, std::memory_order_seq_cst);
  platform::futex_wake_all(words_.bell);
  if (pause_.count() == 0) {  // once for each run of failures
    std::fprintf(stderr, "shmbus: %s: %s; events are not recorded until it works again\n",
                 JournalHome(segment_->node().registry()).object(segment_->name()).c_str(), failure.text().c_str());
  }
  pause_ = std::clamp<std::chrono::nanoseconds>(2 * pause_, kFirstPause, kLongestPause);
  retry_ = Clock::now() + pause_;
  if (reader_ && !segment_->forked()) reader_->leave_ring();
  reader_.reset();
  batch_.clear();
}

bool Recorder::ended() const noexcept {
  return stopping_.load(std::memory_order_seq_cst) || segment_->removed() || segment_->node().registry().removed() ||
         !segment_->intact();
}

/// Writes what is still in the ring, and hands the topic over. A removed topic's journal is closed: its numbering goes on
/// where it ended, and nothing brings the topic back.
void Recorder::end() noexcept {
  const bool removed = segment_->removed() || segment_->node().registry().removed();
  if (segment_->forked() || (!removed && !segment_->has_expected_sizes())) return;
  try {
    if (reader_ || begin()) {
      while (collect()) {
        if (!describe_type() || !reserve_numbers() || !write()) break;
      }
    }
    if (writer_ && !writer_->failure() && words_.sync != layout::JournalSync::page_cache) {
      if (sync() && writer_->note_synced() != 0) fail(writer_->failure(), RecorderState::failed);
    }
    if (removed && writer_ && writer_->close() == 0) numbers_->close(writer_->next_sequence());
  } catch (const std::exception& error) {
    fail({ENOMEM, error.what()}, RecorderState::failed);
  }
  reader_.reset();
  if (port_) log::detach_subscriber(segment_->log(), *port_);
  words_.state.store(static_cast<std::uint64_t>(RecorderState::none), std::memory_order_seq_cst);
  words_.recorder.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("recorder.left");
  words_.bell.fetch_add(1, std::memory_order_seq_cst);
  platform::futex_wake_all(words_.bell);
}

}  // namespace shmbus::recording
