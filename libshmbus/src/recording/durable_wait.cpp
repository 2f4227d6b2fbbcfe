#include "recording/durable_wait.hpp"

#include <algorithm>
#include <thread>

#include "journal/journal_reader.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "recording/journal_home.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using layout::JournalWords;
using layout::RecorderState;

namespace {

/// So soon a wait notices what does not ring the journal's bell: an interrupt, and the end of its topic or bus.
constexpr std::uint64_t kNotice = 100'000'000;  // ns

/// While a sync takes this time or longer, a thread sleeps.
constexpr std::uint64_t kLongSync = 1'000'000;  // ns

/// Asks the journal about a number at or below the end of the last missing stretch: most are there.
Status look_up(topic::TopicSegment& segment, std::uint64_t sequence) noexcept {
  try {
    const auto storage = JournalHome(segment.node().registry()).open(segment.name());
    if (!storage) return Status::journal_failed;
    const auto reader = journal::JournalReader::open(*storage);
    if (reader->seek_sequence(sequence) != 0) return Status::journal_failed;
    journal::FrameBuffer buffer;
    const journal::Piece piece = reader->next(journal::JournalReader::kNoLimit, buffer);
    if (piece.stretch == journal::Stretch::failed) return Status::journal_failed;
    const bool there = piece.first <= sequence && sequence <= piece.last;
    // What retention has removed was durable.
    const bool kept = piece.stretch == journal::Stretch::events || piece.stretch == journal::Stretch::removed;
    return there && kept ? Status::ok : Status::not_recorded;
  } catch (const std::exception&) {
    return Status::journal_failed;
  }
}

/// How long a thread looks before it sleeps: twice what a sync takes. Where many wait, or the disk is slow, to be woken
/// costs little beside the sync.
std::uint64_t spin_time(const JournalWords& words) noexcept {
  if (words.waiting.load(std::memory_order_relaxed) > 1) return 0;
  const std::uint64_t syncs = words.syncs.load(std::memory_order_relaxed);
  const std::uint64_t sync = syncs != 0 ? words.sync_ns.load(std::memory_order_relaxed) / syncs : kLongSync;
  return sync < kLongSync ? 2 * sync : 0;
}

bool failed(const JournalWords& words) noexcept {
  const std::uint64_t state = words.state.load(std::memory_order_seq_cst);
  return state == static_cast<std::uint64_t>(RecorderState::failed) ||
         state == static_cast<std::uint64_t>(RecorderState::low_space);
}

/// A thread that sleeps at the journal's bell, for the recorder to see. If it dies here, the recorder rings for nothing.
class Sleeper {
 public:
  explicit Sleeper(JournalWords& words) noexcept : words_(words) {
    words_.waiting.fetch_add(1, std::memory_order_seq_cst);
    SHMBUS_CRASH_POINT("durable_wait.shown");
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() { words_.waiting.fetch_sub(1, std::memory_order_seq_cst); }

 private:
  JournalWords& words_;
};

}  // namespace

JournalProgress progress_of(topic::TopicSegment& segment) noexcept {
  const JournalWords* const words = segment.journal();
  if (words == nullptr) return {};
  const std::uint64_t durable = words->durable.load(std::memory_order_acquire);
  return {std::max(words->recorded.load(std::memory_order_acquire), durable), durable};
}

Status durable(topic::TopicSegment& segment, std::uint64_t sequence) noexcept {
  const JournalWords* const words = segment.journal();
  if (words == nullptr) return Status::not_recorded;
  if (words->durable.load(std::memory_order_seq_cst) >= sequence) {
    // The stretch is noted before the watermark passes it.
    return sequence <= words->missing_end.load(std::memory_order_seq_cst) ? look_up(segment, sequence) : Status::ok;
  }
  return failed(*words) ? Status::journal_failed : Status::timed_out;
}

Status wait_durable(topic::TopicSegment& segment, std::uint64_t sequence, std::chrono::nanoseconds timeout,
                    const std::function<bool()>& given_up) noexcept {
  Status status = durable(segment, sequence);
  if (status != Status::timed_out || timeout.count() <= 0) return status;
  JournalWords& words = *segment.journal();
  const std::uint64_t start = platform::monotonic_ns();
  const auto limit = static_cast<std::uint64_t>(timeout.count());
  const std::uint64_t deadline = limit > ~start ? ~std::uint64_t{0} : start + limit;
  const Sleeper sleeper(words);
  segment.ring(words.recorder_bell.load(std::memory_order_acquire));  // it may be napping
  for (const std::uint64_t end = std::min(deadline, start + spin_time(words)); platform::monotonic_ns() < end;) {
    status = durable(segment, sequence);
    if (status != Status::timed_out) return status;
    std::this_thread::yield();
  }
  for (;;) {
    const std::uint32_t bell = words.bell.load(std::memory_order_seq_cst);
    status = durable(segment, sequence);
    if (status != Status::timed_out) return status;
    if (given_up() || segment.removed()) return Status::closed;
    const std::uint64_t now = platform::monotonic_ns();
    if (now >= deadline) return Status::timed_out;
    platform::futex_wait(words.bell, bell,
                         std::chrono::nanoseconds(std::min({deadline - now, segment.stall_limit_ns(), kNotice})));
  }
}

}  // namespace shmbus::recording
